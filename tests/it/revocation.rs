//! How soon a right that was taken away is gone: within a second over HTTP, within five on what is open.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::support::appliance::Appliance;
use crate::support::client::{Reply, Socket};
use crate::support::wait_for;

const ON_HTTP: Duration = Duration::from_secs(1);
const ON_OPEN_SOCKETS: Duration = Duration::from_secs(5);

/// What holds of a user and of a collector, and the ways to end it.
struct Held {
    appliance: Appliance,
    ada: String,
}

impl Held {
    fn start() -> Self {
        let (appliance, ada) = Appliance::with_admin();
        Self { appliance, ada }
    }

    fn do_as_admin(&self, method: Method, path: &str, body: &serde_json::Value) -> Reply {
        let reply = self.appliance.client.call(method, path, Some(&self.ada), Some(body));
        assert!((200..300).contains(&reply.status), "{path}: {} {}", reply.status, reply.text);
        reply
    }

    fn socket(&self, path: &str, token: &str) -> Socket {
        let bearer = format!("Bearer {token}");
        Socket::open(self.appliance.client.address(), path, &[("authorization", &bearer)]).unwrap()
    }

    /// The rights of the token end with `end`: the next call is refused and the socket is closed in time.
    fn assert_ends(&self, call: &(Method, &str), token: &str, mut socket: Socket, end: impl FnOnce()) {
        let call = || self.appliance.client.call(call.0.clone(), call.1, Some(token), Some(&json!({})));
        assert_eq!(call().status, 200);
        end();
        let ended = Instant::now();
        assert_eq!(call().problem(), (401, "token_revoked"));
        assert!(ended.elapsed() < ON_HTTP, "HTTP took {:?}", ended.elapsed());
        wait_for("the socket to end", || socket.hear().is_none().then_some(()));
        assert!(ended.elapsed() < ON_OPEN_SOCKETS, "the socket took {:?}", ended.elapsed());
    }
}

#[test]
fn a_user_who_is_disabled_deleted_or_given_another_password_is_out_at_once() {
    let held = Held::start();
    let me = (Method::GET, "/api/v1/auth/me");
    for (number, (method, more, body)) in [
        (Method::PUT, "", json!({"disabled": true})),
        (Method::DELETE, "", json!({})),
        (Method::POST, "/reset-password", json!({"password": "another long password"})),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, token) = held.appliance.user(&held.ada, &format!("user-{number}"), "operator");
        let socket = held.socket("/api/v1/ws", &token);
        let path = format!("/api/v1/users/{id}{more}");
        held.assert_ends(&me, &token, socket, || drop(held.do_as_admin(method, &path, &body)));
    }
}

#[test]
fn an_api_token_that_is_revoked_is_dead_at_once() {
    let held = Held::start();
    let made = held.do_as_admin(Method::POST, "/api/v1/api-tokens", &json!({"name": "script"}));
    let (id, token) = (made.string("id"), made.string("token"));
    let socket = held.socket("/api/v1/ws", &token);
    let path = format!("/api/v1/api-tokens/{id}");
    held.assert_ends(&(Method::GET, "/api/v1/auth/me"), &token, socket, || {
        drop(held.do_as_admin(Method::DELETE, &path, &json!({})));
    });
}

/// The long token and the short one that was exchanged for it, the call and the open channel.
#[test]
fn a_collector_whose_token_is_rotated_or_that_is_unregistered_is_out_at_once() {
    let held = Held::start();
    for (number, (method, more, body)) in
        [(Method::POST, "/restart-jwt", json!({})), (Method::DELETE, "", json!({"reason": "Other"}))]
            .into_iter()
            .enumerate()
    {
        let (id, long) = held.appliance.collector(&held.ada, &format!("db-{number}"));
        let refresh = "/api/v1/collectors/refresh-token";
        let short = held.appliance.client.post(refresh, Some(&long), &json!({})).string("token");
        let channel = held.socket(&format!("/api/v1/collectors/{id}/channel"), &short);
        let path = format!("/api/v1/collectors/{id}{more}");
        held.assert_ends(&(Method::POST, refresh), &short, channel, || {
            drop(held.do_as_admin(method, &path, &body));
        });
        let with_long = held.appliance.client.post(refresh, Some(&long), &json!({}));
        assert_eq!(with_long.problem(), (401, "token_revoked"));
        let push = held.appliance.client.push(&short, "k", &[]);
        assert_eq!(push.problem(), (401, "token_revoked"));
    }
}
