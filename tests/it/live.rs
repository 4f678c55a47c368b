//! The WebSocket of browsers: who gets in, what comes, and how a client that was away catches up.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, now};
use crate::support::client::Socket;
use crate::support::wait_for;

fn open_by_token(appliance: &Appliance, token: &str) -> Socket {
    let bearer = format!("Bearer {token}");
    Socket::open(appliance.client.address(), "/api/v1/ws", &[("authorization", &bearer)]).unwrap()
}

fn ticket(appliance: &Appliance, token: &str) -> String {
    let reply = appliance.client.post("/api/v1/ws/ticket", Some(token), &json!({}));
    assert_eq!(reply.status, 200, "{}", reply.text);
    format!("/api/v1/ws?ticket={}", reply.string("ticket"))
}

fn push(appliance: &Appliance, token: &str, key: &str) {
    let document = json!({"type": "probe", "timestamp": now(), "value": 1});
    assert_eq!(appliance.client.push(token, key, &[document]).status, 200);
}

fn subscribe(socket: &mut Socket, message: Value) {
    let mut message = message;
    message["action"] = "subscribe".into();
    socket.say(&message);
    // a pong says that the subscription before it was read
    socket.say(&json!({"action": "ping"}));
}

#[test]
fn a_socket_opens_for_who_is_signed_in_and_for_our_own_pages_only() {
    let (appliance, ada) = Appliance::with_admin();
    let address = appliance.client.address();
    assert_eq!(Socket::open(address, "/api/v1/ws", &[]).err(), Some(401));
    assert_eq!(Socket::open(address, "/api/v1/ws", &[("authorization", "Bearer x")]).err(), Some(401));
    open_by_token(&appliance, &ada);

    let with_ticket = ticket(&appliance, &ada);
    Socket::open(address, &with_ticket, &[]).unwrap();
    assert_eq!(Socket::open(address, &with_ticket, &[]).err(), Some(401), "a ticket opens one socket");
    let also = ticket(&appliance, &ada).replace("/api/v1/ws", "/ws");
    Socket::open(address, &also, &[]).unwrap();

    let login = appliance.try_login(ADMIN, crate::support::appliance::PASSWORD);
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    let (own, other) = (format!("http://{address}"), "http://evil.example");
    let by_cookie = |origin: Option<&str>| {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        Socket::open(address, "/api/v1/ws", &headers)
    };
    by_cookie(Some(&own)).unwrap();
    assert_eq!(by_cookie(Some(other)).err(), Some(403));
    assert_eq!(by_cookie(None).err(), Some(403));

    let (_, collector) = appliance.collector(&ada, "db-1");
    let bearer = format!("Bearer {collector}");
    assert_eq!(Socket::open(address, "/api/v1/ws", &[("authorization", &bearer)]).err(), Some(403));
}

#[test]
fn events_come_for_the_collectors_that_were_asked_for_and_in_order() {
    let (appliance, ada) = Appliance::with_admin();
    let (one, one_token) = appliance.collector(&ada, "one");
    let (_, other_token) = appliance.collector(&ada, "other");
    let mut socket = open_by_token(&appliance, &ada);
    subscribe(&mut socket, json!({"collector_id": one}));
    socket.hear_until("a pong", |message| message["type"] == "pong");
    push(&appliance, &other_token, "k1");
    push(&appliance, &one_token, "k2");
    let beat = json!({"timestamp": now(), "status": "active", "cpu_usage": 12.5});
    let path = format!("/api/v1/collectors/{one}/heartbeat");
    assert_eq!(appliance.client.post(&path, Some(&one_token), &beat).status, 200);
    let mut last = 0;
    let mut missing =
        BTreeSet::from(["collector:metrics", "collector:heartbeat", "collector:status-changed"]);
    while !missing.is_empty() {
        let event = socket.hear().unwrap();
        assert_eq!(event["collector_id"], one, "{event}");
        let seq = event["seq"].as_u64().unwrap();
        assert!(seq > last && event["timestamp"].is_string() && event["data"].is_object(), "{event}");
        last = seq;
        missing.remove(event["type"].as_str().unwrap());
    }
}

#[test]
fn a_client_that_asks_for_batches_gets_many_events_in_one_message() {
    let (appliance, ada) = Appliance::with_admin();
    let (_, token) = appliance.collector(&ada, "one");
    let mut socket = open_by_token(&appliance, &ada);
    subscribe(&mut socket, json!({"collector_id": "*", "batch": true}));
    socket.hear_until("a pong", |message| message["type"] == "pong");
    let started = Instant::now();
    let mut messages = 0;
    let mut pushes = 0;
    for key in 0..30 {
        push(&appliance, &token, &format!("k{key}"));
    }
    while pushes < 30 {
        let message = socket.hear().unwrap();
        assert_eq!(message["type"], "batch", "{message}");
        let events = message["events"].as_array().unwrap();
        messages += 1;
        pushes += events.iter().filter(|event| event["type"] == "collector:metrics").count();
    }
    assert_eq!(pushes, 30);
    let most = started.elapsed().as_millis() / 200 + 1;
    assert!(messages <= most, "{messages} messages in {:?}", started.elapsed());
}

#[test]
fn a_client_that_was_away_catches_up_by_number_or_is_told_to_fetch_again() {
    let (mut appliance, ada) = Appliance::with_admin();
    let (_, token) = appliance.collector(&ada, "one");
    let is_push = |event: &Value| event["type"] == "collector:metrics";
    let mut socket = open_by_token(&appliance, &ada);
    subscribe(&mut socket, json!({"collector_id": "*"}));
    socket.hear_until("a pong", |message| message["type"] == "pong");
    push(&appliance, &token, "k1");
    let first = socket.hear_until("the first push", is_push)["seq"].as_u64().unwrap();
    drop(socket);
    push(&appliance, &token, "k2");
    push(&appliance, &token, "k3");

    let mut socket = open_by_token(&appliance, &ada);
    subscribe(&mut socket, json!({"collector_id": "*", "since_seq": first}));
    let second = socket.hear_until("the second push", is_push)["seq"].as_u64().unwrap();
    let third = socket.hear_until("the third push", is_push)["seq"].as_u64().unwrap();
    assert!(first < second && second < third);
    push(&appliance, &token, "k4");
    let fourth = socket.hear_until("the fourth push", is_push)["seq"].as_u64().unwrap();
    assert!(fourth > third, "nothing comes twice");

    let mut late = open_by_token(&appliance, &ada);
    subscribe(&mut late, json!({"collector_id": "*", "since_seq": 1}));
    assert_eq!(late.hear().unwrap()["type"], "resync");
    appliance.kill();
    appliance.restart();
    let mut restarted = open_by_token(&appliance, &ada);
    subscribe(&mut restarted, json!({"collector_id": "*", "since_seq": fourth}));
    let resync = restarted.hear().unwrap();
    assert_eq!(resync["type"], "resync", "what a killed daemon told last is not known: {resync}");
    assert!(resync["seq"].as_u64() >= Some(fourth), "numbers never go back: {resync}");
}

#[test]
fn a_message_that_makes_no_sense_is_told_so_and_the_socket_goes_on() {
    let (appliance, ada) = Appliance::with_admin();
    let mut socket = open_by_token(&appliance, &ada);
    for message in [json!("{"), json!(["x"]), json!({"action": "fly"}), json!({"action": "subscribe"})] {
        socket.say(&message);
        assert_eq!(socket.hear().unwrap()["type"], "error", "{message}");
    }
    subscribe(&mut socket, json!({"collector_id": "col_nobody"}));
    assert_eq!(socket.hear().unwrap()["type"], "error");
    assert_eq!(socket.hear().unwrap()["type"], "pong");
}

/// A stolen token must not keep listening after it was revoked.
#[test]
fn a_socket_ends_with_its_session() {
    let (appliance, _) = Appliance::with_admin();
    let token = appliance.login(ADMIN);
    let mut socket = open_by_token(&appliance, &token);
    assert_eq!(appliance.client.post("/api/v1/auth/logout", Some(&token), &json!({})).status, 204);
    let revoked = Instant::now();
    wait_for("the socket to end", || socket.hear().is_none().then_some(()));
    assert!(revoked.elapsed() < Duration::from_secs(5), "took {:?}", revoked.elapsed());
}
