//! The daemon as a service of systemd: the socket that it is handed, and what a reload applies.

use std::net::{TcpListener, TcpStream, UdpSocket};

use nix::sys::signal::Signal;
use rustls::version::TLS13;

use crate::support::appliance::Appliance;
use crate::support::client::{Client, Tls};
use crate::support::wait_for;

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// Connections that come while the daemon is away wait in the socket, which stays open.
#[test]
fn a_socket_that_systemd_opened_goes_before_the_settings_and_outlives_the_daemon() {
    let socket = listener();
    let address = socket.local_addr().unwrap();
    let mut appliance = Appliance::prepare();
    // without TLS that address would be refused: whether TLS is needed is decided by the socket
    appliance.set_environment(&[("PGANALYTICS_LISTEN", "192.0.2.1:1"), ("PGANALYTICS_TLS", "off")]);
    let early = TcpStream::connect(address).unwrap();
    for _ in 0..2 {
        assert!(appliance.serve_on(socket.try_clone().unwrap().into(), 1, &[]), "{}", appliance.said());
        assert_eq!(appliance.client.address(), address.to_string());
        assert_eq!(appliance.client.get("/readyz", None).status, 200);
        assert_eq!(appliance.stop(), Some(0));
        drop(TcpStream::connect(address).unwrap());
    }
    drop(early);
}

#[test]
fn a_socket_that_systemd_opened_speaks_tls_as_configured() {
    let socket = listener();
    let mut appliance = Appliance::prepare();
    appliance.set_environment(&[("PGANALYTICS_TLS", "internal")]);
    assert!(appliance.serve_on(socket.into(), 1, &[]), "{}", appliance.said());
    assert!(appliance.said().contains("listening on https://"), "{}", appliance.said());
    let ca = crate::support::tls::shown(appliance.client.address(), &[&TLS13]).unwrap().pop().unwrap();
    let client = Client::with(appliance.client.url(), Some(Tls { ca, own: None }));
    assert_eq!(client.get("/readyz", None).status, 200);
}

/// Nothing is opened for a socket that cannot be served, and it is said what to do about it.
#[test]
fn a_socket_that_cannot_be_served_is_refused_before_anything_is_opened() {
    let connected = || TcpStream::connect(listener().local_addr().unwrap()).unwrap();
    let udp = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let file = || std::fs::File::open("/dev/null").unwrap();
    let cases: [(std::os::fd::OwnedFd, usize, &str); 5] = [
        (
            listener().into(),
            2,
            "handed over 2 sockets, and the daemon listens on one: leave one ListenStream=",
        ),
        (udp().into(), 1, "is no TCP socket that listens: pganalytics-listen.socket needs a ListenStream="),
        (connected().into(), 1, "is no TCP socket that listens"),
        (file().into(), 1, "is no TCP socket that listens"),
        (listener().into(), 0, "cannot take the socket of systemd: "),
    ];
    for (socket, count, said) in cases {
        let mut appliance = Appliance::prepare();
        assert!(!appliance.serve_on(socket, count, &[]), "{said}: it listens");
        assert_eq!(appliance.wait(), Some(1), "{said}");
        assert!(appliance.said().contains(said), "{said} is not in: {}", appliance.said());
        assert!(!appliance.data_dir().exists(), "{said}");
    }
}

#[test]
fn a_reload_applies_the_filter_of_the_log_and_names_what_waits_for_a_restart() {
    let mut appliance = Appliance::prepare();
    let config =
        |filter: &str, workers: u32| format!("[server]\nworkers = {workers}\n[log]\nfilter = '{filter}'\n");
    appliance.set_config(Some(&config("info", 2)));
    appliance.restart();
    let mut reload = |text: &str, said: &str| {
        appliance.set_config(Some(text));
        let before = appliance.said().len();
        appliance.signal(Signal::SIGHUP);
        wait_for(said, || appliance.said()[before..].contains(said).then_some(()));
        appliance.said()[before..].to_owned()
    };
    let applied = reload(&config("info,pganalytics::cli=debug", 2), "the configuration was reloaded");
    assert!(!applied.contains("wait for a restart"), "{applied}");
    reload(
        &config("warn", 3),
        "these settings were changed and wait for a restart settings=\"server.workers\"",
    );
    // what says that all is well does not pass the filter any more
    reload("[server]\nworkers = 0\n", "the configuration was not reloaded, and the old one stays");
    reload("[server]\nlisten = \"127.", "is not TOML at line");
    let again = reload(&config("info", 2), "the configuration was reloaded");
    assert!(!again.contains("wait for a restart"), "{again}");
    assert_eq!(appliance.stop(), Some(0));
}

/// A shell gives a thousand, which are too few for the segments and connections of a large fleet.
#[test]
fn a_daemon_may_open_as_many_files_as_its_unit_would_give_it() {
    let appliance = Appliance::start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", appliance.id())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut given = line.split_whitespace().map(|number| number.parse().unwrap_or(u64::MAX));
    let (soft, hard) = (given.next().unwrap(), given.next().unwrap());
    assert!(soft >= hard.min(65_536), "{line}");
}
