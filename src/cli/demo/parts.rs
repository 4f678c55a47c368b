//! The processes of a demo: what is watched, and the agent that watches.

use std::time::Duration;

use actix_web::rt::task::JoinHandle;
use actix_web::web::{self, Data};
use nix::sys::signal::Signal;

use super::folder::Folder;
use super::postgres::{DATABASE, Installed, Postgres};
use super::process::Process;
use super::{agent, load};
use crate::node::Node;

/// The agent hands in what it has, and ends.
const AGENT_STOP_TIME: Duration = Duration::from_secs(5);

/// Ended in this order: the agent, its database with its load. Dropping it kills them.
pub(super) struct Parts {
    agent: Process,
    database: Option<Database>,
    /// A sentence about what the agent watches.
    pub(super) watched: String,
}

struct Database {
    postgres: Postgres,
    load: JoinHandle<()>,
}

impl Parts {
    pub(super) async fn start(node: &Data<Node>, url: &str, folder: &Folder) -> Result<Self, String> {
        let (database, watched) = match Installed::find() {
            None => (
                None,
                "PostgreSQL's server programs are not installed: this machine alone is watched.".to_owned(),
            ),
            Some(installed) => match Database::start(&installed).await {
                Ok(database) => {
                    let port = database.postgres.connection().port;
                    let version = installed.version;
                    let watched = format!(
                        "One agent watches this machine and a throwaway PostgreSQL {version} on port {port}."
                    );
                    (Some(database), watched)
                }
                Err(error) => {
                    (None, format!("PostgreSQL did not start: {error}. This machine alone is watched."))
                }
            },
        };
        let postgres = database.as_ref().map(|database| &database.postgres);
        let registered = {
            let node = node.clone();
            let wanted = agent::wanted(postgres);
            let registered = web::block(move || agent::register(&node, wanted)).await;
            registered.map_err(|_| "the daemon is stopping".to_owned())??
        };
        let agent = agent::start(&folder.agent()?, url, &registered, postgres)?;
        Ok(Self { agent, database, watched })
    }

    /// Waits until one of the processes ends by itself, and tells which and how.
    pub(super) async fn ended(&mut self) -> String {
        match &mut self.database {
            None => self.agent.ended().await,
            Some(database) => tokio::select! {
                ended = self.agent.ended() => ended,
                ended = database.postgres.ended() => ended,
            },
        }
    }

    pub(super) async fn stop(&mut self) {
        self.agent.stop(Signal::SIGTERM, AGENT_STOP_TIME).await;
        if let Some(database) = &mut self.database {
            database.load.abort();
            database.postgres.stop().await;
        }
    }
}

impl Database {
    async fn start(installed: &Installed) -> Result<Self, String> {
        let postgres = installed.start().await?;
        let shop = postgres.session(DATABASE);
        load::create(&shop)
            .await
            .map_err(|error| format!("cannot create the tables of the shop: {error}"))?;
        let load = actix_web::rt::spawn(load::run(shop));
        Ok(Self { postgres, load })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.load.abort();
    }
}
