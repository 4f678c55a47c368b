//! Where the daemon may connect to on somebody's word. A name is looked up once, every address that it has is
//! checked, and only a checked address is connected to: a name that changes its address in between gains
//! nothing, and neither does an unusual spelling, as it is the address that counts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

/// Time to look a name up.
const LOOKUP_TIME: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OutboundError {
    #[error("the host {0} is not known")]
    Unknown(String),
    #[error("the host {0} could not be looked up in time")]
    TooSlow(String),
    #[error("the address {0} may not be connected to: it is link-local, multicast or unspecified")]
    Refused(IpAddr),
}

/// The addresses of a host, all of them allowed.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<IpAddr>, OutboundError> {
    let unknown = || OutboundError::Unknown(host.to_owned());
    // brackets around an IPv6 address belong to URLs
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let addresses = timeout(LOOKUP_TIME, lookup_host((bare, port)))
        .await
        .map_err(|_| OutboundError::TooSlow(host.to_owned()))?
        .map_err(|_| unknown())?;
    let addresses: Vec<IpAddr> = addresses.map(|address| address.ip()).collect();
    if let Some(refused) = addresses.iter().find(|address| !is_allowed(**address)) {
        return Err(OutboundError::Refused(*refused));
    }
    if addresses.is_empty() { Err(unknown()) } else { Ok(addresses) }
}

/// Whether an address may be connected to. Metadata services of clouds stand at link-local ones.
pub fn is_allowed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_allowed_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => is_allowed_v4(inner),
            None => !address.is_unspecified() && !address.is_multicast() && !address.is_unicast_link_local(),
        },
    }
}

fn is_allowed_v4(address: Ipv4Addr) -> bool {
    // all of 0.0.0.0/8 means "this host" to some systems
    !(address.octets()[0] == 0 || address.is_multicast() || address.is_link_local() || address.is_broadcast())
}

/// The IPv4 address inside of mapped, compatible, translated (NAT64) and 6to4 addresses. The two special
/// addresses `::` and `::1` have none.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let low = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0xffff | 0, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x2002, a, b, ..] => {
            Some(low(a, b))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_address_is_refused_however_it_is_spelled() {
        for spelling in [
            "169.254.169.254",
            "169.254.43518",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "0.0.0.0",
            "0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "::",
            "[::]",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "::ffff:a9fe:a9fe",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "::ffff:0.0.0.0",
        ] {
            let refused = resolve(spelling, 5432).await;
            assert!(matches!(refused, Err(OutboundError::Refused(_))), "{spelling}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn loopback_and_private_addresses_are_where_databases_are() {
        for spelling in ["127.0.0.1", "localhost", "::1", "10.1.2.3", "192.168.0.7", "fd00::7"] {
            assert!(resolve(spelling, 5432).await.is_ok(), "{spelling}");
        }
        let unknown = resolve("no-such-host.invalid", 5432).await;
        assert_eq!(unknown, Err(OutboundError::Unknown("no-such-host.invalid".to_owned())));
    }
}
