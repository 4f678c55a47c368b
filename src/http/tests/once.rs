//! Idempotency keys as clients use them: one effect, one answer, however often a request is sent.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::*;
use crate::access::Need;
use crate::http::{once, routes};

impl Daemon {
    async fn keyed(&self, method: &Method, path: &str, token: &str, key: &str, body: &Value) -> Reply {
        let request = self.client.request(method.clone(), format!("http://{}/api/v1{path}", self.address));
        let request = request.bearer_auth(token).header("idempotency-key", key).json(body);
        Reply::of(request.send().await.unwrap()).await
    }

    pub(super) async fn post_keyed(&self, path: &str, token: &str, key: &str, body: &Value) -> Reply {
        self.keyed(&Method::POST, path, token, key, body).await
    }

    async fn groups(&self, token: &str) -> Vec<String> {
        let list = self.get("/groups", token).await.body;
        let groups = list["groups"].as_array().unwrap().clone();
        groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether a text stands anywhere in the files of the data directory.
    fn is_on_disk(&self, text: &str) -> bool {
        std::fs::read_dir(self.folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }
}

fn is_replayed(reply: &Reply) -> bool {
    reply.headers.contains_key("idempotent-replayed")
}

fn registration(name: &str) -> Value {
    json!({
        "name": name, "type": "postgresql", "environment": "staging", "host": "db.example", "port": 5432,
        "database": "app", "username": "watcher", "password": "canary-of-a-registration",
        "ssl_mode": "prefer", "test_connection": false,
    })
}

#[actix_web::test]
async fn a_registration_that_is_sent_again_has_one_effect_and_the_first_answer_with_its_token() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let mut listener = daemon.node.events.listen(None);
    let first = daemon.post_keyed("/collectors/register", &ada, "k1", &registration("db-1")).await;
    assert_eq!((first.status.as_u16(), is_replayed(&first)), (201, false), "{}", first.body);
    let again = daemon.post_keyed("/collectors/register", &ada, "k1", &registration("db-1")).await;
    assert_eq!((again.status.as_u16(), is_replayed(&again)), (201, true), "{}", again.body);
    assert_eq!(first.body, again.body);
    assert_ne!(first.headers["x-request-id"], again.headers["x-request-id"]);
    let registered = |daemon: &Daemon| daemon.node.collectors.list().unwrap().len();
    assert_eq!(registered(&daemon), 1);
    let mut told = 0;
    while let Ok(event) = listener.coming.try_recv() {
        told += usize::from(event.kind == crate::events::EventKind::Registered);
    }
    assert_eq!(told, 1);
    let token = again.text("jwt_token");
    assert_eq!(daemon.post("/collectors/refresh-token", token, json!({})).await.status, 200);
    for secret in [token, "canary-of-a-registration", "BEGIN PRIVATE KEY"] {
        assert!(!daemon.is_on_disk(secret), "{secret} stands in clear in a file");
    }

    for (path, body) in [
        ("/collectors/register", registration("db-2")),
        ("/collectors/register?x=1", registration("db-1")),
        ("/groups", registration("db-1")),
    ] {
        let other = daemon.post_keyed(path, &ada, "k1", &body).await;
        assert_eq!(other.problem(), (422, "idempotency_mismatch"), "{path}");
    }
    let put = daemon.keyed(&Method::PUT, "/groups/x", &ada, "k1", &registration("db-1")).await;
    assert_eq!(put.problem(), (422, "idempotency_mismatch"));
    assert_eq!(registered(&daemon), 1);
}

#[actix_web::test]
async fn a_key_is_its_callers_own_and_is_forgotten_after_a_day() {
    let daemon = Daemon::with_admin();
    daemon.add_user("eve", Role::Admin);
    let (ada, eve) = (daemon.token("ada").await, daemon.token("eve").await);
    let group = |name: &str| json!({"name": name, "color": "#112233"});
    let of_ada = daemon.post_keyed("/groups", &ada, "k", &group("a")).await;
    let of_eve = daemon.post_keyed("/groups", &eve, "k", &group("b")).await;
    assert_eq!((of_ada.status.as_u16(), of_eve.status.as_u16()), (201, 201));
    assert_ne!(of_ada.body["id"], of_eve.body["id"]);
    let api_token = daemon.post("/api-tokens", &ada, json!({"name": "script"})).await;
    let again = daemon.post_keyed("/groups", api_token.text("token"), "k", &group("a")).await;
    assert_eq!((again.body["id"].clone(), is_replayed(&again)), (of_ada.body["id"].clone(), true));

    daemon.clock.advance(Duration::from_secs(24 * 3600));
    let ada = daemon.token("ada").await;
    let late = daemon.post_keyed("/groups", &ada, "k", &group("a")).await;
    assert_eq!(late.problem(), (409, "name_taken"));
    let other = daemon.post_keyed("/groups", &ada, "k", &group("c")).await;
    assert_eq!(other.status, 201, "{}", other.body);
}

#[actix_web::test]
async fn what_was_refused_may_be_sent_again_and_stays_in_the_audit_log() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let bad = daemon.post_keyed("/groups", &ada, "k", &json!({"name": "a", "color": "red"})).await;
    assert_eq!(bad.problem(), (400, "validation_failed"));
    let good = daemon.post_keyed("/groups", &ada, "k", &json!({"name": "a", "color": "#112233"})).await;
    assert_eq!((good.status.as_u16(), is_replayed(&good)), (201, false));
    for bad in ["", &"x".repeat(256)] {
        let reply = daemon.post_keyed("/groups", &ada, bad, &json!({})).await;
        assert_eq!((reply.problem(), reply.fields()), ((400, "validation_failed"), vec!["Idempotency-Key"]));
    }

    let wrong = json!({"current_password": "not the password", "new_password": "another long password"});
    let refused = daemon.post_keyed("/auth/change-password", &ada, "p", &wrong).await;
    assert_eq!(refused.problem(), (401, "invalid_credentials"));
    let right = json!({"current_password": PASSWORD, "new_password": "another long password"});
    assert_eq!(daemon.post_keyed("/auth/change-password", &ada, "p", &right).await.status, 204);
    let again = daemon.post_keyed("/auth/change-password", &ada, "p", &right).await;
    assert_eq!((again.status.as_u16(), is_replayed(&again)), (204, true));
    let entries = daemon.get("/audit?action=auth.change-password", &ada).await.body;
    let results: Vec<_> =
        entries["entries"].as_array().unwrap().iter().map(|e| e["result"].clone()).collect();
    assert_eq!(results, ["success", "denied"]);
}

#[actix_web::test]
async fn of_many_at_once_one_has_the_effect_and_the_others_its_answer() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let body = json!({"name": "once", "color": "#112233"});
    let all = join_all((0..12).map(|_| daemon.post_keyed("/groups", &ada, "k", &body))).await;
    let (mut ids, mut first) = (BTreeSet::new(), 0);
    for reply in &all {
        assert_eq!(reply.status, 201, "{}", reply.body);
        first += usize::from(!is_replayed(reply));
        ids.insert(reply.text("id").to_owned());
    }
    assert_eq!((ids.len(), first), (1, 1));
    assert_eq!(daemon.groups(&ada).await.iter().filter(|name| *name == "once").count(), 1);
    let later = daemon.post_keyed("/groups", &ada, "k", &body).await;
    assert!(is_replayed(&later) && ids.contains(later.text("id")));
}

#[actix_web::test]
async fn an_import_is_answered_again_with_its_tokens() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let rows: Vec<Value> = (0..70)
        .map(|n| {
            let mut row = registration(&format!("db-{n}"));
            row["port"] = json!(if n == 60 { 0 } else { 5432 });
            row
        })
        .collect();
    let path = "/collectors/bulk-import";
    let dry = daemon.post_keyed(path, &ada, "k", &json!({"collectors": rows, "dry_run": true})).await;
    assert_eq!(dry.body["successful"], 69, "{}", dry.body);
    let body = json!({"collectors": rows});
    let first = daemon.post_keyed(path, &ada, "k", &body).await;
    let again = daemon.post_keyed(path, &ada, "k", &body).await;
    assert_eq!((first.status.as_u16(), &first.body), (200, &again.body));
    assert_eq!((&first.body["successful"], &first.body["failed"]), (&json!(69), &json!(1)));
    let entries = daemon.get("/audit?action=collector.import", &ada).await.body;
    assert_eq!(entries["entries"].as_array().unwrap().len(), 1);
    let token = again.body["results"][69]["jwt_token"].as_str().unwrap();
    assert!(!daemon.is_on_disk(token));
    let other = daemon.post_keyed(path, &ada, "k", &json!({"collectors": [registration("x")]})).await;
    assert_eq!(other.problem(), (422, "idempotency_mismatch"));
}

/// An agent that registers itself has no name but its secret.
#[actix_web::test]
async fn an_agent_that_registers_itself_twice_under_one_key_is_one_collector() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let secret = daemon.post("/registration-secrets", &ada, json!({"name": "s", "max_uses": 1})).await;
    let secret = secret.text("secret").to_owned();
    let register = || async {
        let url = format!("http://{}/api/v1/collectors/register", daemon.address);
        let request = daemon.client.post(url).header("x-registration-secret", &secret);
        let body = json!({"name": "db-1", "hostname": "h", "version": "4"});
        Reply::of(request.header("idempotency-key", "k").json(&body).send().await.unwrap()).await
    };
    let (first, again) = (register().await, register().await);
    assert_eq!((first.status.as_u16(), &first.body), (200, &again.body));
    assert!(is_replayed(&again));
}

/// Every change that the table of routes has, called twice under one key. A new route is missed here until it says
/// how it is called.
#[actix_web::test]
async fn every_change_is_answered_once() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let collector = daemon.post("/collectors/register", &ada, registration("db-1")).await;
    let id = collector.text("id").to_owned();
    let agent = collector.text("jwt_token").to_owned();
    let new =
        daemon.post("/users", &ada, json!({"username": "bob", "password": PASSWORD, "role": "viewer"})).await;
    let user = new.text("id").to_owned();
    let secret = daemon.post("/registration-secrets", &ada, json!({"name": "s"})).await;
    let token = daemon.post("/api-tokens", &ada, json!({"name": "t"})).await;
    let group = daemon.post("/groups", &ada, json!({"name": "g", "color": "#112233"})).await;
    let [secret, token, group] = [secret, token, group].map(|reply| reply.text("id").to_owned());
    let some_group = json!({"name": "h", "color": "#112233"});
    let tags = json!({"action": "update-tags", "collector_ids": [id], "params": {"add": ["t"]}});
    let later = json!({"action": "stop", "collector_ids": [id], "schedule_at": "2026-11-20T15:00:00Z"});
    let scheduled = daemon.post("/collectors/bulk-action", &ada, later).await;
    let operation = scheduled.text("operation_id").to_owned();
    let beat = format!("/collectors/{id}/heartbeat");
    let certificates = daemon.get(&format!("/collectors/{id}/certificates"), &ada).await.body;
    let serial = certificates["certificates"][0]["serial"].as_str().unwrap().to_owned();
    let csr = rcgen::CertificateParams::default().serialize_request(&rcgen::KeyPair::generate().unwrap());
    let csr = csr.unwrap().pem().unwrap();
    let mut called = BTreeSet::new();
    // for as long as nobody looked, the clock stood still
    let now = daemon.clock.now();
    daemon.node.metrics.look_at_clock(now.minus(Duration::from_secs(3 * 24 * 3600))).unwrap();
    assert_eq!(daemon.node.metrics.look_at_clock(now).unwrap(), Some(now));
    for (method, route, path, body) in [
        (
            Method::POST,
            "/users",
            String::new(),
            json!({"username": "cy", "password": PASSWORD, "role": "viewer"}),
        ),
        (Method::PUT, "/users/{id}", format!("/users/{user}"), json!({"role": "operator"})),
        (
            Method::POST,
            "/users/{id}/reset-password",
            format!("/users/{user}/reset-password"),
            json!({"password": "a long new password"}),
        ),
        (Method::DELETE, "/users/{id}", format!("/users/{user}"), json!({})),
        (Method::POST, "/api-tokens", String::new(), json!({"name": "u"})),
        (Method::DELETE, "/api-tokens/{id}", format!("/api-tokens/{token}"), json!({})),
        (Method::POST, "/registration-secrets", String::new(), json!({"name": "u"})),
        (Method::DELETE, "/registration-secrets/{id}", format!("/registration-secrets/{secret}"), json!({})),
        (Method::POST, "/groups", String::new(), some_group.clone()),
        (Method::PUT, "/groups/{id}", format!("/groups/{group}"), json!({"name": "i", "color": "#112233"})),
        (Method::DELETE, "/groups/{id}", format!("/groups/{group}"), json!({})),
        (Method::POST, "/collectors/register", String::new(), registration("db-2")),
        (Method::PUT, "/collectors/{id}", format!("/collectors/{id}"), json!({"description": "new"})),
        (
            Method::POST,
            "/collectors/{id}/update-config",
            format!("/collectors/{id}/update-config"),
            json!({"query_limit": 7}),
        ),
        (Method::POST, "/collectors/bulk-action", String::new(), tags),
        (
            Method::PUT,
            "/collectors/{id}/dashboards",
            format!("/collectors/{id}/dashboards"),
            json!([{"dashboard_id": "d1", "dashboard_name": "Overview", "auto_assign": true}]),
        ),
        (
            Method::POST,
            "/collectors/{id}/assign-dashboards",
            format!("/collectors/{id}/assign-dashboards"),
            json!([]),
        ),
        (Method::DELETE, "/operations/{id}", format!("/operations/{operation}"), json!({})),
        (Method::POST, "/collectors/{id}/restart", format!("/collectors/{id}/restart"), json!({})),
        (
            Method::POST,
            "/collectors/{id}/commands/{command_id}/result",
            "told".to_owned(),
            json!({"status": "completed"}),
        ),
        (Method::POST, "/collectors/{id}/stop", format!("/collectors/{id}/stop"), json!({})),
        (
            Method::POST,
            "/collectors/{id}/commands/{command_id}/result",
            "told".to_owned(),
            json!({"status": "completed"}),
        ),
        (Method::POST, "/collectors/{id}/resume", format!("/collectors/{id}/resume"), json!({})),
        (Method::POST, "/collectors/{id}/certificates", format!("/collectors/{id}/certificates"), json!({})),
        (
            Method::DELETE,
            "/collectors/{id}/certificates/{serial}",
            format!("/collectors/{id}/certificates/{serial}"),
            json!({}),
        ),
        (
            Method::POST,
            "/collectors/{id}/certificate",
            format!("/collectors/{id}/certificate"),
            json!({"csr": csr}),
        ),
        (Method::POST, "/collectors/{id}/restart-jwt", format!("/collectors/{id}/restart-jwt"), json!({})),
        (Method::DELETE, "/collectors/{id}", format!("/collectors/{id}"), json!({"reason": "Other"})),
        (Method::POST, "/collectors/re-register", String::new(), json!({"archived_collector_id": id})),
        (Method::POST, "/system/confirm-clock", String::new(), json!({})),
        (
            Method::POST,
            "/auth/change-password",
            String::new(),
            json!({"current_password": PASSWORD, "new_password": "a long new password"}),
        ),
    ] {
        called.insert((method.to_string(), format!("/api/v1{route}")));
        let mut path = if path.is_empty() { route.to_owned() } else { path };
        let mut by = &ada;
        if route.ends_with("/certificate") {
            by = &agent;
        }
        if path == "told" {
            let said = daemon
                .post(&beat, &agent, json!({"timestamp": daemon.clock.now(), "status": "active"}))
                .await;
            let command =
                said.body["commands"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
            path = format!("/collectors/{id}/commands/{command}/result");
            by = &agent;
        }
        let key = format!("{method} {path}");
        let first = daemon.keyed(&method, &path, by, &key, &body).await;
        assert!(first.status.is_success() && !is_replayed(&first), "{key}: {} {}", first.status, first.body);
        let entries = daemon.node.audit.verify(&*daemon.node.access.signing_keys()).unwrap().entries;
        let again = daemon.keyed(&method, &path, by, &key, &body).await;
        assert!(is_replayed(&again), "{key}: {} {}", again.status, again.body);
        assert_eq!((first.status, &first.body), (again.status, &again.body), "{key}");
        for header in ["location", "etag", "content-type"] {
            assert_eq!(first.headers.get(header), again.headers.get(header), "{key}: {header}");
        }
        let after = daemon.node.audit.verify(&*daemon.node.access.signing_keys()).unwrap().entries;
        assert_eq!(entries, after, "{key} was done twice");
    }
    let kept = routes::all().into_iter().filter(|route| once::is_kept(&route.method, route.path));
    let changes: BTreeSet<_> = kept.map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(changes, called, "each change is called here");
    let public =
        routes::all().into_iter().filter(|route| route.need == Need::Public && !route.method.is_safe());
    assert!(public.into_iter().all(|route| !once::is_kept(&route.method, route.path)), "nobody has no keys");
}
