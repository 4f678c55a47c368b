//! Stop, resume and restart as an administrator and an agent see them over HTTP.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::agents::registered;
use super::*;

/// A daemon with one collector, its administrator and its agent.
pub(super) struct Fleet {
    pub daemon: Daemon,
    pub ada: String,
    pub agent: String,
    pub id: String,
}

impl Fleet {
    pub(super) async fn start() -> Self {
        let daemon = Daemon::with_admin();
        let registered = registered(&daemon);
        let ada = daemon.token("ada").await;
        let agent = registered.token.token.expose().to_owned();
        Self { daemon, ada, agent, id: registered.collector.id.to_string() }
    }

    pub(super) async fn beat(&self, status: &str) -> Reply {
        let path = format!("/collectors/{}/heartbeat", self.id);
        let body = json!({"timestamp": self.daemon.clock.now(), "status": status});
        let reply = self.daemon.post(&path, &self.agent, body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply
    }

    /// The commands that a heartbeat brings.
    pub(super) async fn told(&self) -> Vec<Value> {
        self.beat("active").await.body["commands"].as_array().unwrap().clone()
    }

    pub(super) async fn ask(&self, what: &str, body: Value) -> Reply {
        self.daemon.post(&format!("/collectors/{}/{what}", self.id), &self.ada, body).await
    }

    pub(super) async fn answer(&self, command: &str, body: Value) -> Reply {
        let path = format!("/collectors/{}/commands/{command}/result", self.id);
        self.daemon.post(&path, &self.agent, body).await
    }

    /// Asks for an action and lets the agent do it.
    async fn done(&self, what: &str, body: Value) -> Value {
        let asked = self.ask(what, body).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        let command = self.told().await.remove(0);
        assert_eq!(
            self.answer(command["id"].as_str().unwrap(), json!({"status": "completed"})).await.status,
            200
        );
        self.action(asked.text("action_id")).await
    }

    async fn action(&self, id: &str) -> Value {
        self.daemon.get(&format!("/actions/{id}"), &self.ada).await.body
    }

    pub(super) async fn collector(&self) -> Value {
        self.daemon.get(&format!("/collectors/{}", self.id), &self.ada).await.body
    }

    async fn audited(&self) -> Vec<(String, String, String)> {
        let page = self.daemon.get(&format!("/collectors/{}/audit", self.id), &self.ada).await.body;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = page["entries"].as_array().unwrap().clone();
        entries.iter().map(|e| (text(&e["action"]), text(&e["result"]), text(&e["actor"]["role"]))).collect()
    }
}

fn entry(action: &str, result: &str, role: &str) -> (String, String, String) {
    (action.to_owned(), result.to_owned(), role.to_owned())
}

#[actix_web::test]
async fn a_stop_is_told_until_it_is_answered_and_shows_at_every_step() {
    let fleet = Fleet::start().await;
    fleet.beat("active").await;
    let asked = fleet.ask("stop", json!({"reason": "new disks", "estimated_duration_minutes": 30})).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    assert_eq!(
        (asked.body["success"].as_bool(), asked.text("stopped_at")),
        (Some(true), "2026-11-20T14:00:00.000Z")
    );
    let action = asked.text("action_id");
    assert_eq!(asked.headers["location"], format!("/api/v1/actions/{action}"));
    assert_eq!(fleet.collector().await["status"], "stopping");
    assert_eq!(fleet.action(action).await["status"], "pending");
    for what in ["stop", "restart", "resume"] {
        let refused = fleet.ask(what, json!({})).await;
        assert_eq!(refused.problem(), (409, "conflict"));
        assert!(refused.text("detail").contains("a stop of this collector is under way"), "{}", refused.body);
    }

    let told = fleet.told().await;
    assert_eq!(told, fleet.told().await, "told again until it is answered");
    let command = told[0]["id"].as_str().unwrap();
    assert_eq!(
        (&told[0]["kind"], &told[0]["expires_at"]),
        (&json!("stop"), &json!("2026-11-20T15:00:00.000Z"))
    );
    let begun = fleet.answer(command, json!({"status": "in_progress", "detail": "SIGTERM sent"})).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    assert_eq!(fleet.action(action).await["detail"], "SIGTERM sent");
    assert_eq!(fleet.collector().await["status"], "stopping");
    fleet.daemon.clock.advance(Duration::from_secs(2));
    assert_eq!(fleet.answer(command, json!({"status": "completed"})).await.status, 200);
    let again = fleet.answer(command, json!({"status": "completed"})).await;
    assert_eq!(again.problem(), (409, "conflict"));
    assert!(fleet.told().await.is_empty());

    let ended = fleet.action(action).await;
    assert_eq!((&ended["status"], &ended["initiated_by"]), (&json!("completed"), &json!("ada")));
    assert_eq!(
        (&ended["started_at"], &ended["completed_at"]),
        (&json!("2026-11-20T14:00:00.000Z"), &json!("2026-11-20T14:00:02.000Z"))
    );
    let collector = fleet.collector().await;
    assert_eq!((&collector["state"], &collector["status"]), (&json!("stopped"), &json!("stopped")));
    assert_eq!(collector["stop_reason"], "new disks");
    assert_eq!(collector["stopped_until"], "2026-11-20T14:30:00.000Z");
    assert_eq!(
        fleet.audited().await[..2],
        [entry("collector.stop", "success", "collector"), entry("collector.stop", "success", "admin")]
    );
}

#[actix_web::test]
async fn a_stopped_collector_resumes_and_a_running_one_restarts() {
    let fleet = Fleet::start().await;
    fleet.beat("active").await;
    assert_eq!(fleet.ask("resume", json!({})).await.problem(), (409, "conflict"));
    fleet.done("stop", json!({})).await;
    fleet.beat("stopped").await;
    for what in ["stop", "restart"] {
        assert_eq!(fleet.ask(what, json!({})).await.problem(), (409, "conflict"));
    }
    assert_eq!(fleet.done("resume", json!({"reason": "done"})).await["status"], "completed");
    let collector = fleet.collector().await;
    assert_eq!((&collector["state"], &collector["status"]), (&json!("running"), &json!("online")));
    assert_eq!((&collector["stop_reason"], &collector["stopped_until"]), (&Value::Null, &Value::Null));

    let asked = fleet.ask("restart", json!({})).await;
    assert_eq!(asked.text("restart_started_at"), "2026-11-20T14:00:00.000Z");
    assert_eq!(fleet.collector().await["status"], "restarting");
    let command = fleet.told().await.remove(0);
    fleet.answer(command["id"].as_str().unwrap(), json!({"status": "completed"})).await;
    let collector = fleet.collector().await;
    assert_eq!((&collector["restart_count"], &collector["status"]), (&json!(1), &json!("online")));
    assert_eq!(collector["last_restart_at"], "2026-11-20T14:00:00.000Z");
    let path = format!("/collectors/{}/actions", fleet.id);
    let actions = fleet.daemon.get(&path, &fleet.ada).await.body;
    let kinds: Vec<_> =
        actions["actions"].as_array().unwrap().iter().map(|action| &action["action"]).collect();
    assert_eq!(kinds, ["restart", "resume", "stop"]);
}

#[actix_web::test]
async fn an_agent_that_stays_away_or_falls_silent_leaves_nothing_open() {
    let fleet = Fleet::start().await;
    let away = fleet.ask("stop", json!({"expires_in_seconds": 5})).await;
    fleet.daemon.clock.advance(Duration::from_secs(5));
    assert!(fleet.told().await.is_empty(), "what has expired is not told any more");
    fleet.daemon.node.actions.settle_overdue().unwrap();
    let action = fleet.action(away.text("action_id")).await;
    assert_eq!(action["status"], "expired");
    assert!(action["error_message"].as_str().unwrap().contains("did not begin"), "{action}");
    assert_eq!(fleet.collector().await["state"], "running");
    assert_eq!(fleet.audited().await[0], entry("collector.stop", "failure", "system"));

    let silent = fleet.ask("restart", json!({"expires_in_seconds": 5})).await;
    let command = fleet.told().await.remove(0);
    fleet.answer(command["id"].as_str().unwrap(), json!({"status": "in_progress"})).await;
    fleet.daemon.clock.advance(Duration::from_secs(60));
    fleet.daemon.node.actions.settle_overdue().unwrap();
    assert_eq!(fleet.told().await[0]["id"], command["id"], "an agent that lost it is told again");
    fleet.daemon.clock.advance(Duration::from_secs(300));
    fleet.daemon.node.actions.settle_overdue().unwrap();
    let action = fleet.action(silent.text("action_id")).await;
    assert_eq!(action["status"], "failed", "{action}");
    assert_eq!(fleet.collector().await["restart_count"], 0);
    fleet.done("stop", json!({})).await;
}

#[actix_web::test]
async fn an_agent_answers_only_for_what_it_was_told() {
    let fleet = Fleet::start().await;
    for command in ["cmd_01939b3c-5a00-7000-8000-000000000001", "nonsense"] {
        let reply = fleet.answer(command, json!({"status": "completed"})).await;
        assert_eq!(reply.problem(), (409, "conflict"));
    }
    fleet.ask("stop", json!({})).await;
    let command = fleet.told().await.remove(0);
    let command = command["id"].as_str().unwrap();
    assert_eq!(fleet.answer(command, json!({"status": "done"})).await.fields(), ["status"]);
    let path = format!("/collectors/{}/commands/{command}/result", fleet.id);
    let body = json!({"status": "completed"});
    assert_eq!(fleet.daemon.post(&path, &fleet.ada, body).await.problem(), (403, "forbidden"));
    let refused = fleet.answer(command, json!({"status": "failed", "detail": "no worker"})).await;
    assert_eq!(refused.status, 200);
    let path = format!("/collectors/{}/actions?limit=1", fleet.id);
    let action = fleet.daemon.get(&path, &fleet.ada).await.body["actions"][0].clone();
    assert_eq!((&action["status"], &action["error_message"]), (&json!("failed"), &json!("no worker")));
}

#[actix_web::test]
async fn bad_requests_name_their_fields_and_only_administrators_act() {
    let fleet = Fleet::start().await;
    let body = json!({"reason": "x".repeat(501), "estimated_duration_minutes": 0, "expires_in_seconds": 0});
    let refused = fleet.ask("stop", body).await;
    assert_eq!(refused.fields(), ["reason", "estimated_duration_minutes", "expires_in_seconds"]);
    let refused = fleet.ask("restart", json!({"estimated_duration_minutes": 5})).await;
    assert_eq!(refused.fields(), ["estimated_duration_minutes"]);
    fleet.daemon.add_user("bob", Role::Operator);
    let bob = fleet.daemon.token("bob").await;
    let path = format!("/collectors/{}/stop", fleet.id);
    assert_eq!(fleet.daemon.post(&path, &bob, json!({})).await.problem(), (403, "forbidden"));
    let nobody = "/collectors/col_01939b3c-5a00-7000-8000-000000000009/stop";
    assert_eq!(fleet.daemon.post(nobody, &fleet.ada, json!({})).await.problem(), (404, "not_found"));
    let action = "/actions/act_01939b3c-5a00-7000-8000-000000000009";
    assert_eq!(fleet.daemon.get(action, &fleet.ada).await.problem(), (404, "not_found"));
    // everything may be left out, the body too
    let empty = fleet.daemon.call(Method::POST, &path, By::Token(&fleet.ada), None).await;
    assert_eq!(empty.status, 202);
}

#[actix_web::test]
async fn the_channel_brings_commands_at_once_and_takes_results_and_heartbeats() {
    let fleet = Fleet::start().await;
    let url = format!("ws://{}/api/v1/collectors/{}/channel", fleet.daemon.address, fleet.id);
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", fleet.agent);
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let heartbeat = json!({"timestamp": fleet.daemon.clock.now(), "status": "active"});
    socket.send(Message::text(heartbeat.to_string())).await.unwrap();
    let asked = fleet.ask("stop", json!({"reason": "x"})).await;
    let command = next(&mut socket).await;
    assert_eq!((&command["kind"], &command["params"]["reason"]), (&json!("stop"), &json!("x")));
    let result = json!({"id": command["id"], "status": "completed", "detail": "SIGTERM"});
    socket.send(Message::text(result.to_string())).await.unwrap();
    // the complaint about the second one tells that the first one is durable
    socket.send(Message::text(result.to_string())).await.unwrap();
    assert_eq!(next(&mut socket).await["status"], 409);
    assert_eq!(fleet.action(asked.text("action_id")).await["status"], "completed");
    let collector = fleet.collector().await;
    assert_eq!(
        (&collector["state"], &collector["last_heartbeat"]),
        (&json!("stopped"), &json!("2026-11-20T14:00:00.000Z"))
    );
}

async fn next(
    socket: &mut tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// A count opens the list of those that it counts.
#[actix_web::test]
async fn the_summary_counts_what_a_filter_by_status_finds() {
    let fleet = Fleet::start().await;
    fleet.beat("active").await;
    assert_eq!(fleet.ask("stop", json!({})).await.status, 202);
    let told = async || {
        let all = fleet.daemon.get("/collectors", &fleet.ada).await.body["summary"].clone();
        let stopped = fleet.daemon.get("/collectors?status=stopped", &fleet.ada).await.body["total"].clone();
        (all["total"].clone(), all["stopped"].clone(), stopped)
    };
    assert_eq!(told().await, (json!(1), json!(0), json!(0)), "it is stopping");
    let command = fleet.told().await.remove(0);
    fleet.answer(command["id"].as_str().unwrap(), json!({"status": "completed"})).await;
    assert_eq!(told().await, (json!(1), json!(1), json!(1)));
}
