//! What SIGHUP asks of a running daemon: the log's filter from the file, and certificates that were replaced.
//!
//! What cannot change while it runs is named in the log. What has a problem changes nothing.

use std::path::PathBuf;

use actix_web::web::{Data, block};
use toml::Table;

use crate::config::{self, keys};
use crate::logging;
use crate::node::Node;
use crate::settings::{self, Environment, Problems};

#[derive(Clone)]
pub(super) struct Reload {
    pub(super) path: Option<PathBuf>,
    pub(super) environment: Environment,
    /// The file as the daemon was started with it.
    pub(super) at_start: Table,
}

impl Reload {
    pub(super) async fn run(&self, node: &Data<Node>) {
        let reload = self.clone();
        if let Ok(Err(problems)) = block(move || reload.settings()).await {
            tracing::error!(%problems, "the configuration was not reloaded, and the old one stays");
        }
        certificate(node).await;
    }

    fn settings(&self) -> Result<(), Problems> {
        let file = settings::read(self.path.as_deref())?;
        let settings = config::of(file.clone(), &self.environment)?;
        let waiting = keys::KEYS.waiting(&self.at_start, &file);
        if !waiting.is_empty() {
            tracing::warn!(
                settings = waiting.join(", "),
                "these settings were changed and wait for a restart"
            );
        }
        if let Err(error) = logging::change(&settings.log_filter) {
            tracing::error!(%error, "the filter of the log stays as it was");
        }
        tracing::info!(filter = settings.log_filter, "the configuration was reloaded");
        Ok(())
    }
}

async fn certificate(node: &Data<Node>) {
    let Some(certificate) = node.certificate.clone() else { return };
    match block(move || certificate.reload()).await {
        Ok(Ok(facts)) => {
            tracing::info!(serial = facts.serial, expires_at = %facts.not_after, "the certificate was reloaded");
        }
        Ok(Err(error)) => tracing::error!(%error, "the certificate was not reloaded, and the old one stays"),
        Err(_) => {}
    }
}
