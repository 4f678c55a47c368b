//! An open node with its listener: what `serve` and `demo` have in common.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use actix_web::web::Data;

use super::FAILED;
use crate::clock::Clock;
use crate::config::Settings;
use crate::http;
use crate::ids::IdSource;
use crate::node::Node;
use crate::service;

pub(super) struct Daemon {
    pub(super) node: Data<Node>,
    address: SocketAddr,
    listener: TcpListener,
    options: http::Options,
}

impl Daemon {
    pub(super) fn open(listener: TcpListener, settings: &Settings) -> Result<Self, String> {
        let address = listener.local_addr().map_err(|error| format!("cannot tell the address: {error}"))?;
        let node = Node::open(&settings.node, Clock::System, IdSource::Random);
        let node = Data::new(node.map_err(|error| error.to_string())?);
        let options = http::Options { workers: settings.workers, oldest_tls: settings.oldest_tls };
        Ok(Self { node, address, listener, options })
    }

    /// Where it is reached.
    pub(super) fn url(&self) -> String {
        let scheme = if self.node.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `stop` is done, and closes the node.
    pub(super) async fn run(self, stop: impl Future<Output = ()>) -> Result<ExitCode, String> {
        let served = http::serve(self.listener, self.node.clone(), self.options, stop).await;
        service::stopping();
        let poisoned = self.node.poison.check().err();
        // closing blocks on threads and disks; nothing else runs here any more
        let _ = actix_web::web::block(move || self.node.close()).await;
        served.map_err(|error| format!("cannot serve: {error}"))?;
        match poisoned {
            None => Ok(ExitCode::SUCCESS),
            Some(poisoned) => {
                tracing::error!(%poisoned, "ended, so that the next start recovers");
                Ok(ExitCode::from(FAILED))
            }
        }
    }
}

/// Takes the address before anything is opened, so that a second daemon fails early.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => " (end what listens there, or choose another port)",
            ErrorKind::AddrNotAvailable => " (choose an address of this machine)",
            ErrorKind::PermissionDenied => " (let systemd open the port: pganalytics-listen.socket)",
            _ => "",
        };
        format!("cannot listen on {address}: {error}{advice}")
    })
}
