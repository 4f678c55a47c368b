//! Trying the connection to a database before or after its collector is registered, and naming the field at
//! fault. Nothing of it is kept, and the password appears in no message.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::error::SqlState;

use crate::crypto::Secret;
use crate::ids::UserId;
use crate::limits::{CONNECTION_TEST_TIME, CONNECTION_TESTS_A_MINUTE};
use crate::outbound::{self, OutboundError};
use crate::postgres::{self, Route, SslMode, TlsError};
use crate::registry::Kind;

/// Where to connect and as whom.
#[derive(Clone, Debug)]
pub struct ConnectionTest {
    pub kind: Kind,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub username: String,
    pub password: Secret,
    pub ssl_mode: SslMode,
    /// Authorities in PEM form that `requireCA` and `requireFull` trust.
    pub ssl_certificate: Option<String>,
}

/// A database that let us in.
#[derive(Clone, Debug)]
pub struct Connection {
    /// As the server says it, without what the packager added: `15.14`.
    pub database_version: String,
    /// From the first packet to the first answer to a query.
    pub latency: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectionTestError {
    #[error("too many connection tests: at most {CONNECTION_TESTS_A_MINUTE} a minute")]
    TooMany { retry_after: Duration },
    #[error("collectors of type {0} cannot be tested yet; postgresql can")]
    TypeNotSupported(Kind),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{host}:{port} gave no answer within {} s", CONNECTION_TEST_TIME.as_secs())]
    NoAnswer { host: String, port: u16 },
    #[error("{0}")]
    Failed(FailedAt),
}

/// A connection that failed, with the field that has to be looked at.
#[derive(Debug)]
pub struct FailedAt {
    pub field: &'static str,
    pub message: String,
}

impl std::fmt::Display for FailedAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl ConnectionTestError {
    /// The field at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::TypeNotSupported(_) => "type",
            Self::Outbound(_) => "host",
            Self::Tls(_) => "ssl_certificate",
            Self::NoAnswer { .. } | Self::TooMany { .. } => "port",
            Self::Failed(failed) => failed.field,
        }
    }
}

/// Who may test how often.
pub struct ConnectionTests(DefaultKeyedRateLimiter<UserId>);

impl Default for ConnectionTests {
    fn default() -> Self {
        let a_minute = NonZeroU32::new(CONNECTION_TESTS_A_MINUTE).unwrap_or(NonZeroU32::MIN);
        Self(RateLimiter::keyed(Quota::per_minute(a_minute)))
    }
}

impl ConnectionTests {
    /// Counts one test of a user.
    pub fn admit(&self, user: UserId) -> Result<(), ConnectionTestError> {
        self.0.check_key(&user).map_err(|refused| ConnectionTestError::TooMany {
            retry_after: refused.wait_time_from(DefaultClock::default().now()),
        })
    }
}

impl ConnectionTest {
    pub async fn run(&self) -> Result<Connection, ConnectionTestError> {
        if self.kind != Kind::Postgresql {
            return Err(ConnectionTestError::TypeNotSupported(self.kind));
        }
        let no_answer = |_| ConnectionTestError::NoAnswer { host: self.host.clone(), port: self.port };
        tokio::time::timeout(CONNECTION_TEST_TIME, self.connect()).await.map_err(no_answer)?
    }

    async fn connect(&self) -> Result<Connection, ConnectionTestError> {
        let addresses = outbound::resolve(&self.host, self.port).await?;
        let authorities = match &self.ssl_certificate {
            None => None,
            Some(pem) => Some(authorities(pem).ok_or_else(|| {
                ConnectionTestError::Failed(FailedAt {
                    field: "ssl_certificate",
                    message: "the certificate is not in PEM form".to_owned(),
                })
            })?),
        };
        let mut route = Route::new(
            &self.host,
            self.port,
            self.ssl_mode,
            authorities.as_deref(),
            "pganalytics connection test",
            CONNECTION_TEST_TIME,
        )?;
        let started = Instant::now();
        let mut result = Err(ConnectionTestError::Outbound(OutboundError::Unknown(self.host.clone())));
        for address in addresses {
            route.address = Some(address);
            result = self.ask(&route, started).await;
            // another address is worth a try only when this one did not answer at all
            if !matches!(&result, Err(error) if error.field() == "port") {
                break;
            }
        }
        result
    }

    async fn ask(&self, route: &Route, started: Instant) -> Result<Connection, ConnectionTestError> {
        let failed = |error| ConnectionTestError::Failed(self.field_at_fault(&error));
        let connected =
            route.connect(&self.username, Some(&self.password), &self.database).await.map_err(failed)?;
        connected.client.simple_query("SELECT 1").await.map_err(failed)?;
        let version = connected.server_version.split_whitespace().next().unwrap_or_default();
        Ok(Connection { database_version: version.to_owned(), latency: started.elapsed() })
    }

    fn field_at_fault(&self, error: &tokio_postgres::Error) -> FailedAt {
        let at = |field, message| FailedAt { field, message };
        let words = postgres::in_words(error);
        let place = format!("{}:{}", self.host, self.port);
        match error.code() {
            Some(&SqlState::INVALID_PASSWORD) => at("password", words),
            Some(&SqlState::INVALID_CATALOG_NAME | &SqlState::INSUFFICIENT_PRIVILEGE) => {
                at("database", words)
            }
            Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
                if words.contains("no encryption") || words.contains("SSL") =>
            {
                at("ssl_mode", words)
            }
            Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => at("username", words),
            Some(_) => at("host", words),
            None if postgres::is_tls(error) => at("ssl_mode", format!("TLS with {place} failed: {words}")),
            None if words.contains("authentication") || words.contains("password") => at("password", words),
            None => at("port", format!("cannot reach {place}: {words}")),
        }
    }
}

fn authorities(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    certificates.ok().filter(|certificates| !certificates.is_empty())
}
