//! The PostgreSQL server that the agent watches: how it is reached, and what goes wrong on the way.
//!
//! Every session is short, named, read-only and bounded in time on both sides. It knows no document.

mod error;
mod session;
mod tls;

use std::sync::Arc;

use tokio_postgres::config::SslMode as Negotiation;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::{Databases, Postgres, SslMode};
use crate::limits::{DATABASES, POSTGRES_CONNECT_TIME};

pub(super) use error::PostgresError;
pub(super) use session::Session;

/// Databases that are tried, one after the other, where only the list of all is wanted.
const MAINTENANCE_DATABASES: [&str; 2] = ["postgres", "template1"];

/// One server with its settings, ready for connections.
pub(super) struct Server {
    settings: Postgres,
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Server {
    pub(super) fn new(settings: &Postgres) -> Result<Self, PostgresError> {
        let is_socket = settings.host.starts_with('/');
        let tls = match settings.ssl_mode {
            SslMode::Disable => None,
            _ if is_socket => None,
            mode => Some(Arc::new(tls::client_config(mode, settings.ca_file.as_deref())?)),
        };
        Ok(Self { settings: settings.clone(), tls })
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

    /// Opens a session, with or without TLS as the mode has it.
    pub(super) async fn connect(&self, database: &str) -> Result<Session, PostgresError> {
        let connecting = self.connect_by_mode(database);
        tokio::time::timeout(POSTGRES_CONNECT_TIME, connecting).await.unwrap_or_else(|_| {
            Err(PostgresError::NoAnswer { address: self.address(), seconds: POSTGRES_CONNECT_TIME.as_secs() })
        })
    }

    /// `allow` and `prefer` have a second try, as libpq has it: when the server's rules refused the first
    /// way, or TLS failed where it was only preferred.
    async fn connect_by_mode(&self, database: &str) -> Result<Session, PostgresError> {
        let Some(tls) = &self.tls else { return self.open(database, Negotiation::Disable, None).await };
        let refused = |error: &tokio_postgres::Error| {
            error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
        };
        match self.settings.ssl_mode {
            SslMode::Allow => match self.open(database, Negotiation::Disable, None).await {
                Err(PostgresError::Database { cause, .. }) if refused(&cause) => {
                    self.open(database, Negotiation::Require, Some(tls)).await
                }
                other => other,
            },
            SslMode::Prefer => match self.open(database, Negotiation::Prefer, Some(tls)).await {
                Err(PostgresError::Database { cause, .. }) if refused(&cause) => {
                    self.open(database, Negotiation::Disable, None).await
                }
                Err(PostgresError::Tls { .. }) => self.open(database, Negotiation::Disable, None).await,
                other => other,
            },
            _ => self.open(database, Negotiation::Require, Some(tls)).await,
        }
    }

    async fn open(
        &self,
        database: &str,
        negotiation: Negotiation,
        tls: Option<&Arc<rustls::ClientConfig>>,
    ) -> Result<Session, PostgresError> {
        let settings = &self.settings;
        let mut config = tokio_postgres::Config::new();
        config
            .host(&settings.host)
            .port(settings.port)
            .user(&settings.user)
            .dbname(database)
            .application_name(super::NAME)
            .connect_timeout(POSTGRES_CONNECT_TIME)
            .ssl_mode(negotiation);
        if let Some(password) =
            settings.password.read(&settings.host, settings.port, database, &settings.user)?
        {
            config.password(password.expose());
        }
        let opened = match tls {
            None => Session::open(&config, tokio_postgres::NoTls).await,
            Some(tls) => Session::open(&config, MakeRustlsConnect::new((**tls).clone())).await,
        };
        opened.map_err(|cause| PostgresError::connecting(cause, &settings.user, database, self.address()))
    }
}
