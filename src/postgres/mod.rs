//! Reaching a PostgreSQL server, with the meaning that libpq gives to the words of `ssl_mode`. Both programs
//! connect through here; what they ask the server is theirs.

mod tls;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as Negotiation;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::crypto::Secret;
use crate::names::named;

pub use tls::TlsError;

/// A connection that has nothing to wait for is closed in no time.
const GOODBYE_TIME: Duration = Duration::from_millis(500);

named!(
    /// How a connection is protected.
    SslMode, "an SSL mode", {
    /// Never TLS.
    Disable = "disable",
    /// Without TLS, and with it where the server insists.
    Allow = "allow",
    /// With TLS, and without where the server has none.
    Prefer = "prefer",
    /// TLS, but whoever answers is believed.
    Require = "require",
    /// TLS, and the certificate comes from a trusted authority.
    RequireCa = "requireCA",
    /// TLS, a trusted authority, and the certificate bears the host's name.
    RequireFull = "requireFull",
});

/// One way to reach a server, ready for connections.
#[derive(Clone)]
pub struct Route {
    pub host: String,
    /// Where to connect instead of looking the name up again; the name still counts for TLS.
    pub address: Option<IpAddr>,
    pub port: u16,
    pub connect_time: Duration,
    /// What the server shows of us in its list of connections.
    pub application_name: &'static str,
    mode: SslMode,
    tls: Option<Arc<ClientConfig>>,
}

impl Route {
    /// `authorities` are those that `requireCA` and `requireFull` trust; without any, the machine's own.
    pub fn new(
        host: &str,
        port: u16,
        mode: SslMode,
        authorities: Option<&[CertificateDer<'static>]>,
        application_name: &'static str,
        connect_time: Duration,
    ) -> Result<Self, TlsError> {
        let is_socket = host.starts_with('/');
        let tls = match mode {
            SslMode::Disable => None,
            _ if is_socket => None,
            mode => Some(Arc::new(tls::client_config(mode, authorities)?)),
        };
        Ok(Self { host: host.to_owned(), address: None, port, connect_time, application_name, mode, tls })
    }

    /// Opens a connection, with or without TLS as the mode has it. `allow` and `prefer` have a second try, as
    /// libpq has it: when the server's rules refused the first way, or TLS failed where it was only preferred.
    pub async fn connect(
        &self,
        user: &str,
        password: Option<&Secret>,
        database: &str,
    ) -> Result<Connected, Error> {
        let open = |negotiation, tls| self.open(user, password, database, negotiation, tls);
        let Some(tls) = &self.tls else { return open(Negotiation::Disable, None).await };
        let refused = |error: &Error| error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
        match self.mode {
            SslMode::Allow => match open(Negotiation::Disable, None).await {
                Err(error) if refused(&error) => open(Negotiation::Require, Some(tls)).await,
                other => other,
            },
            SslMode::Prefer => match open(Negotiation::Prefer, Some(tls)).await {
                Err(error) if refused(&error) || is_tls(&error) => open(Negotiation::Disable, None).await,
                other => other,
            },
            _ => open(Negotiation::Require, Some(tls)).await,
        }
    }

    async fn open(
        &self,
        user: &str,
        password: Option<&Secret>,
        database: &str,
        negotiation: Negotiation,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Connected, Error> {
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .user(user)
            .dbname(database)
            .application_name(self.application_name)
            .connect_timeout(self.connect_time)
            .ssl_mode(negotiation);
        if let Some(address) = self.address {
            config.hostaddr(address);
        }
        if let Some(password) = password {
            config.password(password.expose());
        }
        match tls {
            None => Connected::open(&config, NoTls).await,
            Some(tls) => Connected::open(&config, MakeRustlsConnect::new((**tls).clone())).await,
        }
    }
}

/// An open connection. A dropped one ends with its last statement.
pub struct Connected {
    pub client: Client,
    /// As the server says it: `15.14 (Debian 15.14-1)`.
    pub server_version: String,
    /// Carries the bytes until the client is dropped, and says goodbye to the server then.
    connection: JoinHandle<()>,
}

impl Connected {
    async fn open<T>(config: &Config, tls: T) -> Result<Self, Error>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (client, connection) = config.connect(tls).await?;
        let server_version = connection.parameter("server_version").unwrap_or_default().to_owned();
        // its error comes out of the client as well, at the statement that met it
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { client, server_version, connection })
    }

    /// Says goodbye to the server. One that does not listen any more is left without.
    pub async fn close(self) {
        drop(self.client);
        let abort = self.connection.abort_handle();
        if tokio::time::timeout(GOODBYE_TIME, self.connection).await.is_err() {
            abort.abort();
        }
    }
}

/// Whether it was TLS that failed. The library keeps the kind to itself, but not its words.
pub fn is_tls(error: &Error) -> bool {
    error.as_db_error().is_none() && error.to_string().contains("TLS")
}

/// The server's own words where there are some; else the whole chain of causes.
pub fn in_words(error: &Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        let detail = refusal.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail} [{}]", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} ({})", self.host, self.port, self.mode)
    }
}
