//! The transport: HTTP and WebSockets over the node.
//!
//! A request passes `answer` (request id, headers, the body of a problem), `admit` (who calls, may they),
//! `answer_once` (was it answered before), and reaches a handler: body into a checked value, one crossing into the
//! synchronous domain, view or problem.
//! It knows no database and no path on disk.

mod actions;
mod agents;
mod answer;
mod api_docs;
mod api_tokens;
mod archive;
mod audit;
mod auth;
mod availability;
mod body;
mod budget;
mod bulk;
mod caller;
mod certificates;
mod channel;
mod collector_changes;
mod collector_view;
mod collectors;
mod config_versions;
mod csv;
mod dashboard;
mod dashboards;
mod decode;
mod downloads;
mod fields;
mod figures;
mod fleet;
mod gaps;
mod groups;
mod health;
mod import;
mod ingest;
mod live;
mod log_entries;
mod logs;
mod metrics;
mod once;
mod openapi;
mod operations;
mod problem;
mod prometheus;
mod pulls;
mod query;
mod register;
mod registration_secrets;
pub mod routes;
mod setup;
mod system;
#[cfg(test)]
mod tests;
mod tls;
mod turns;
mod users;

use std::any::Any;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpMessage, HttpRequest, HttpServer, web};

use crate::access::Proof;
use crate::crypto::sha256;
use crate::ids::RequestId;
use crate::limits;
use crate::node::Node;
use problem::Problem;

pub use openapi::document_text as openapi_document;
pub use tls::TlsVersion;

/// How the node is served.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub workers: usize,
    /// The oldest version of TLS that the listener speaks, where the node shows a certificate.
    pub oldest_tls: TlsVersion,
}

/// Serves until `stop` is done; then lets running requests end within the drain bound.
pub async fn serve(
    listener: TcpListener,
    node: web::Data<Node>,
    options: Options,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let config = tls::server_config(&node, options.oldest_tls)?;
    let tls = config.is_some();
    let needs = web::Data::new(caller::Needs::from_routes());
    let pushes = web::Data::new(ingest::Admission::default());
    let imports = web::Data::new(import::Turns::default());
    let pulls = web::Data::new(pulls::Pulls::default());
    let answered = web::Data::new(figures::Answered::default());
    let queries = web::Data::new(prometheus::Turns::new(&node.collectors));

    let keys = web::Data::new(once::InFlight::default());
    let app_node = node.clone();
    let server = HttpServer::new(move || {
        let app = App::new()
            .app_data(app_node.clone())
            .app_data(needs.clone())
            .app_data(pushes.clone())
            .app_data(imports.clone())
            .app_data(pulls.clone())
            .app_data(answered.clone())
            .app_data(queries.clone())
            .app_data(keys.clone())
            .app_data(web::PayloadConfig::new(limits::BODY_BYTES))
            .wrap(from_fn(once::answer_once))
            .wrap(from_fn(caller::admit))
            .wrap(from_fn(move |request, next| answer::answer(tls, request, next)));
        routes::resources().into_iter().fold(app, App::service).default_service(web::to(dashboard::serve))
    })
    .on_connect(|connection, of| {
        prove(connection, of);
        prometheus::note_connection(connection, of);
    })
    .workers(options.workers)
    .max_connections(limits::CONNECTIONS)
    .client_request_timeout(limits::REQUEST_HEAD_TIME)
    .keep_alive(limits::IDLE_CONNECTION_TIME)
    .shutdown_timeout(limits::DRAIN_TIME.as_secs())
    .disable_signals();
    let server = match config {
        Some(config) => server.listen_rustls_0_23(listener, config)?.run(),
        None => server.listen(listener)?.run(),
    };
    let handle = server.handle();
    let running = tokio::spawn(server);
    stop.await;
    node.stopping.set();
    handle.stop(true).await;
    running.await.map_err(io::Error::other)?
}

/// Keeps which certificate a connection has proved to hold, for the requests on it.
fn prove(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let (_, session) = stream.get_ref();
    if let Some(certificate) = session.peer_certificates().and_then(<[_]>::first) {
        data.insert(Proof(sha256(certificate)));
    }
}

/// What the outermost middleware knows of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestContext {
    pub(crate) id: RequestId,
    pub(crate) tls: bool,
}

impl RequestContext {
    fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().copied();
        known.unwrap_or(Self::none())
    }

    /// Where there is no request, as in a message on a socket.
    fn none() -> Self {
        Self { id: RequestId::from(uuid::Uuid::nil()), tls: false }
    }
}

/// The one crossing from async into the synchronous domain.
pub(crate) async fn on_disk<T, E>(
    node: &web::Data<Node>,
    operation: impl FnOnce(&Node) -> Result<T, E> + Send + 'static,
) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Send + 'static,
    Problem: From<E>,
{
    let node = node.clone();
    if let Some(session) = once::Session::current() {
        return session.run(move || operation(&node)).await?.map_err(Problem::from);
    }
    let done = web::block(move || operation(&node)).await;
    match done {
        Ok(result) => result.map_err(Problem::from),
        Err(_) => Err(Problem::unavailable("the daemon is stopping", Duration::from_secs(5))),
    }
}
