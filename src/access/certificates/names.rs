//! The names and addresses by which this machine is reached.

use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;

use crate::limits::SERVER_NAMES;

/// Where the names come from. They may change while the daemon runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The address that the daemon listens on.
    pub listen: IpAddr,
    /// Further names that the site gives.
    pub more: Vec<String>,
}

impl Names {
    /// What a certificate has to bear now: the site's own names first, as the list is bounded.
    pub fn now(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let hostname = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        let usual = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let addresses =
            if self.listen.is_unspecified() { addresses() } else { vec![self.listen.to_string()] };
        for name in self.more.iter().cloned().chain(usual).chain(hostname).chain(addresses) {
            if !name.is_empty() && !names.contains(&name) && names.len() < SERVER_NAMES {
                names.push(name);
            }
        }
        names
    }
}

/// The addresses of the machine that others may use, in a stable order.
fn addresses() -> Vec<String> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let mut addresses: Vec<IpAddr> = interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let four = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
            four.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
        })
        .filter(|address| !address.is_loopback() && !is_link_local(*address))
        .collect();
    addresses.sort_unstable();
    addresses.iter().map(ToString::to_string).collect()
}

/// It means nothing without the name of an interface.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sites_names_the_usual_ones_and_the_address_are_there_once() {
        let names = Names {
            listen: "192.0.2.7".parse().unwrap(),
            more: vec!["db.example".into(), "localhost".into()],
        };
        let now = names.now();
        assert_eq!(now[..4], ["db.example", "localhost", "127.0.0.1", "::1"]);
        assert!(now.contains(&"192.0.2.7".to_owned()), "{now:?}");
        assert_eq!(now.iter().filter(|name| *name == "localhost").count(), 1);
    }

    #[test]
    fn a_machine_with_many_addresses_gets_a_bounded_list() {
        let more = (0..500).map(|number| format!("host-{number}.example")).collect();
        assert_eq!(Names { listen: "::".parse().unwrap(), more }.now().len(), SERVER_NAMES);
    }
}
