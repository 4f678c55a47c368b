//! A daemon inside the test's own process, on a folder and a port of its own.

use std::net::TcpListener;
use std::thread::JoinHandle;

use actix_web::web::Data;
use pganalytics::access::{HashCost, NewPassword, Role, Username};
use pganalytics::audit::Origin;
use pganalytics::clock::Clock;
use pganalytics::crypto::Secret;
use pganalytics::fleet::Registered;
use pganalytics::http;
use pganalytics::ids::{CollectorId, IdSource};
use pganalytics::node::{Node, Options};
use pganalytics::postgres::SslMode;
use pganalytics::registry::{Credentials, Environment, Kind, NewCollector};

const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Daemon {
    pub(crate) node: Data<Node>,
    /// `http://127.0.0.1:port`
    pub(crate) url: String,
    /// `127.0.0.1:port`
    pub(crate) address: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Daemon {
    pub(crate) fn start() -> Self {
        Self::start_with(Clock::System, |_| {})
    }

    /// With a clock of the test's, and other options.
    pub(crate) fn start_with(clock: Clock, change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options =
            Options { hash_cost: HashCost { memory_kib: 64, passes: 1 }, ..Options::on(folder.path()) };
        change(&mut options);
        let node = Data::new(Node::open(&options, clock, IdSource::Random).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = node.clone();
        let thread = std::thread::spawn(move || {
            let options = http::Options { workers: 2, oldest_tls: http::TlsVersion::V1_3 };
            let until = async {
                let _ = stopped.await;
            };
            actix_web::rt::System::new().block_on(http::serve(listener, served, options, until)).unwrap();
        });
        let scheme = if node.certificate.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        Self { node, url, address, stop: Some(stop), thread: Some(thread), _folder: folder }
    }

    /// Registers a collector and gives its id and token.
    pub(crate) fn collector(&self, name: &str) -> (CollectorId, String) {
        let registered = self.register(name);
        (registered.collector.id, registered.token.token.expose().to_owned())
    }

    /// Registers a collector, with everything that it is given.
    pub(crate) fn register(&self, name: &str) -> Registered {
        self.node.registrar.register(&Origin::system(), new_collector(name)).unwrap()
    }

    /// A user with a role, signed in.
    pub(crate) fn user(&self, name: &str, role: Role) -> String {
        let username = Username::new(name).unwrap();
        let password = NewPassword::new(Secret::new(PASSWORD), name).unwrap();
        let access = &self.node.access;
        access.create_user(&Origin::system(), &username, &password, role).unwrap();
        let signed_in = access.login(&Origin::system(), name, &Secret::new(PASSWORD)).unwrap();
        signed_in.token.expose().to_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            let _ = stop.send(());
            thread.join().unwrap();
        }
        self.node.close();
    }
}

/// A collector whose database nobody looks at.
pub(crate) fn new_collector(name: &str) -> NewCollector {
    NewCollector {
        name: name.to_owned(),
        kind: Kind::Postgresql,
        environment: Environment::Development,
        group: None,
        description: String::new(),
        host: "localhost".to_owned(),
        port: 5432,
        database: "postgres".to_owned(),
        username: "pganalytics".to_owned(),
        credentials: Credentials { password: Secret::new("secret"), ssl_certificate: None },
        ssl_mode: SslMode::Prefer,
        tags: Vec::new(),
        collection_interval: 60,
        query_limit: 100,
    }
}
