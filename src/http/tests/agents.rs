//! Tokens of collectors, and WebSocket tickets.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::fleet::Registered;
use crate::postgres::SslMode;
use crate::registry::{Credentials, Environment, Kind, NewCollector};

pub(super) fn registered(daemon: &Daemon) -> Registered {
    registered_as(daemon, "db-1")
}

pub(super) fn registered_as(daemon: &Daemon, name: &str) -> Registered {
    let new = NewCollector {
        name: name.to_owned(),
        kind: Kind::Postgresql,
        environment: Environment::Production,
        group: None,
        description: String::new(),
        host: "db-1.example".to_owned(),
        port: 5432,
        database: "app".to_owned(),
        username: "watcher".to_owned(),
        credentials: Credentials { password: Secret::new(PASSWORD), ssl_certificate: None },
        ssl_mode: SslMode::Prefer,
        tags: Vec::new(),
        collection_interval: 60,
        query_limit: 100,
    };
    daemon.node.registrar.register(&Origin::system(), new).unwrap()
}

#[actix_web::test]
async fn both_tokens_of_a_collector_get_an_access_token_of_an_hour() {
    let daemon = Daemon::with_admin();
    let registered = registered(&daemon);
    let first = daemon.post("/collectors/refresh-token", registered.token.token.expose(), json!({})).await;
    assert_eq!((first.status.as_u16(), first.text("expires_at")), (200, "2026-11-20T15:00:00.000Z"));
    daemon.clock.advance(Duration::from_secs(3000));
    let second = daemon.post("/collectors/refresh-token", first.text("token"), json!([1])).await;
    assert_eq!(second.text("expires_at"), "2026-11-20T15:50:00.000Z");
    daemon.clock.advance(Duration::from_secs(600));
    let late = daemon.post("/collectors/refresh-token", first.text("token"), json!({})).await;
    assert_eq!(late.problem(), (401, "token_expired"));
    let ada = daemon.token("ada").await;
    assert_eq!(daemon.post("/collectors/refresh-token", &ada, json!({})).await.problem(), (403, "forbidden"));
    let users = daemon.get("/users", second.text("token")).await;
    assert_eq!(users.problem(), (403, "forbidden"));
}

/// Collectors of version 3 send no body, in chunks, and wait to be told to go on.
#[actix_web::test]
async fn an_empty_chunked_body_with_expect_is_taken() {
    let daemon = Daemon::with_admin();
    let registered = registered(&daemon);
    let mut socket = tokio::net::TcpStream::connect(&daemon.address).await.unwrap();
    let head = format!(
        "POST /api/v1/collectors/refresh-token HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        daemon.address,
        registered.token.token.expose()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.ends_with("\r\n\r\n") {
        heard.push(char::from(socket.read_u8().await.unwrap()));
    }
    assert_eq!(heard, "HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"0\r\n\r\n").await.unwrap();
    heard.clear();
    while !heard.ends_with("\r\n\r\n") {
        heard.push(char::from(socket.read_u8().await.unwrap()));
    }
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
}

#[actix_web::test]
async fn a_body_that_is_no_json_is_taken_too() {
    let daemon = Daemon::with_admin();
    let registered = registered(&daemon);
    let url = format!("http://{}/api/v1/collectors/refresh-token", daemon.address);
    for body in [vec![], vec![0xff; 10], vec![b'x'; 3 << 20]] {
        let sent = daemon.client.post(&url).bearer_auth(registered.token.token.expose()).body(body).send();
        assert_eq!(sent.await.unwrap().status(), 200);
    }
}

#[actix_web::test]
async fn a_ticket_opens_one_socket() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let ticket = daemon.call(Method::POST, "/ws/ticket", By::Token(&ada), None).await;
    assert_eq!(ticket.text("expires_at"), "2026-11-20T14:00:30.000Z");
    let ticket = ticket.text("ticket");
    assert_eq!(daemon.get("/auth/me", ticket).await.problem(), (401, "token_invalid"));
    let url = format!("ws://{}/api/v1/ws?ticket={ticket}", daemon.address);
    tokio_tungstenite::connect_async(&url).await.unwrap();
    let again = tokio_tungstenite::connect_async(&url).await;
    assert!(again.unwrap_err().to_string().contains("401"));
}
