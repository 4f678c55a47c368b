//! The PostgreSQL server that the agent watches: how it is reached, and what goes wrong on the way.
//!
//! Every session is short, named, read-only and bounded in time on both sides. It knows no document.

mod error;
mod session;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::config::{Databases, Postgres};
use crate::limits::{DATABASES, POSTGRES_CONNECT_TIME};
use crate::postgres::Route;

pub(super) use error::{PostgresError, quoted};
pub(super) use session::Session;

/// Databases that are tried, one after the other, where only the list of all is wanted.
const MAINTENANCE_DATABASES: [&str; 2] = ["postgres", "template1"];

/// One server with its settings, ready for connections.
pub(super) struct Server {
    settings: Postgres,
    route: Route,
}

impl Server {
    pub(super) fn new(settings: &Postgres) -> Result<Self, PostgresError> {
        let authorities = match &settings.ca_file {
            None => None,
            Some(path) => {
                let read =
                    CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
                Some(
                    read.map_err(|error| PostgresError::Authorities(format!("{}: {error}", path.display())))?,
                )
            }
        };
        let route = Route::new(
            &settings.host,
            settings.port,
            settings.ssl_mode,
            authorities.as_deref(),
            super::NAME,
            POSTGRES_CONNECT_TIME,
        )?;
        Ok(Self { settings: settings.clone(), route })
    }

    pub(super) fn user(&self) -> &str {
        &self.settings.user
    }

    /// `host:port`, for messages.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    /// The databases to watch: those that were named, or all that the user may connect to.
    pub(super) async fn databases(&self) -> Result<Vec<String>, PostgresError> {
        match &self.settings.databases {
            Databases::Named(names) => Ok(names.clone()),
            Databases::All => self.all_databases().await,
        }
    }

    async fn all_databases(&self) -> Result<Vec<String>, PostgresError> {
        let mut result = Err(PostgresError::TooSlow);
        for database in MAINTENANCE_DATABASES.into_iter().chain([self.user()]) {
            result = self.connect(database).await;
            if !matches!(&result, Err(error) if !error.concerns_the_server()) {
                break;
            }
        }
        let mut session = result?;
        let databases = session.databases(DATABASES).await;
        session.close().await;
        databases
    }

    /// Opens a session, within the time that a connection may take.
    pub(super) async fn connect(&self, database: &str) -> Result<Session, PostgresError> {
        let Postgres { host, port, user, password, .. } = &self.settings;
        let password = password.read(host, *port, database, user)?;
        let connecting = self.route.connect(user, password.as_ref(), database);
        match tokio::time::timeout(POSTGRES_CONNECT_TIME, connecting).await {
            Ok(Ok(connected)) => Ok(Session::new(connected)),
            Ok(Err(cause)) => Err(PostgresError::connecting(cause, user, database, self.address())),
            Err(_) => {
                let seconds = POSTGRES_CONNECT_TIME.as_secs();
                Err(PostgresError::NoAnswer { address: self.address(), seconds })
            }
        }
    }
}
