//! Bulk and scheduled operations as an administrator, the agents and a browser see them.

use super::agents::registered_as;
use super::*;
use crate::audit::Actor;
use crate::events::EventKind;
use crate::fleet::operations::{Order, TagChange, Task};
use crate::limits::OPERATION_STEP;

/// A daemon with some collectors, their agents, and an administrator.
struct Many {
    daemon: Daemon,
    ada: String,
    /// Ids and tokens.
    agents: Vec<(String, String)>,
}

impl Many {
    async fn start(count: usize) -> Self {
        let daemon = Daemon::with_admin();
        let ada = daemon.token("ada").await;
        let agent = |number: usize| {
            let registered = registered_as(&daemon, &format!("db-{number}"));
            (registered.collector.id.to_string(), registered.token.token.expose().to_owned())
        };
        let agents = (0..count).map(agent).collect();
        Self { daemon, ada, agents }
    }

    fn ids(&self) -> Vec<&str> {
        self.agents.iter().map(|(id, _)| id.as_str()).collect()
    }

    async fn ask(&self, body: Value) -> Reply {
        self.daemon.post("/collectors/bulk-action", &self.ada, body).await
    }

    /// The id of an operation that is accepted.
    async fn asked(&self, action: &str, more: Value) -> String {
        let mut body = json!({"action": action, "collector_ids": self.ids()});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = self.ask(body).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
        reply.text("operation_id").to_owned()
    }

    async fn operation(&self, id: &str) -> Value {
        self.daemon.get(&format!("/operations/{id}"), &self.ada).await.body
    }

    async fn cancel(&self, id: &str) -> Reply {
        self.daemon.delete(&format!("/operations/{id}"), &self.ada).await
    }

    /// What became of each collector.
    async fn statuses(&self, id: &str) -> Vec<String> {
        let operation = self.operation(id).await;
        let results = operation["results"].as_array().unwrap();
        results.iter().map(|result| result["status"].as_str().unwrap().to_owned()).collect()
    }

    async fn told(&self, agent: usize) -> Vec<Value> {
        let (id, token) = &self.agents[agent];
        let body = json!({"timestamp": self.daemon.clock.now(), "status": "active"});
        let reply = self.daemon.post(&format!("/collectors/{id}/heartbeat"), token, body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body["commands"].as_array().unwrap().clone()
    }

    /// An agent answers the one command that it is told.
    async fn answers(&self, agent: usize, status: &str) {
        let command = self.told(agent).await.remove(0);
        let (id, token) = &self.agents[agent];
        let path = format!("/collectors/{id}/commands/{}/result", command["id"].as_str().unwrap());
        let body = json!({"status": status, "detail": "said"});
        assert_eq!(self.daemon.post(&path, token, body).await.status, 200);
    }

    async fn collector(&self, agent: usize) -> Value {
        self.daemon.get(&format!("/collectors/{}", self.agents[agent].0), &self.ada).await.body
    }

    /// Action, result, actor and reason of the newest entries about something.
    async fn audited(&self, target: &str) -> Vec<[String; 4]> {
        let entries = self.daemon.get(&format!("/audit?target={target}"), &self.ada).await.body;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = entries["entries"].as_array().unwrap().clone();
        let entry = |e: &Value| [&e["action"], &e["result"], &e["actor"]["name"], &e["reason"]].map(text);
        entries.iter().map(entry).collect()
    }
}

fn entry(entry: [&str; 4]) -> [String; 4] {
    entry.map(str::to_owned)
}

const NOBODY: &str = "col_01939b3c-5a00-7000-8000-00000000000f";

#[actix_web::test]
async fn a_restart_of_many_is_accepted_for_each_that_can_and_ends_when_the_agents_have_answered() {
    let many = Many::start(4).await;
    let mut events = many.daemon.node.events.listen(None).coming;
    let busy = many.agents[3].0.clone();
    assert_eq!(many.daemon.post(&format!("/collectors/{busy}/stop"), &many.ada, json!({})).await.status, 202);
    let mut ids = many.ids();
    ids.extend([NOBODY, "rubbish", ids[0]]);
    let reply = many.ask(json!({"action": "restart", "collector_ids": ids, "reason": "new disks"})).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    let id = reply.text("operation_id");
    assert_eq!(reply.headers["location"], format!("/api/v1/operations/{id}"));
    assert_eq!((reply.text("action"), reply.text("state")), ("restart", "running"));
    assert_eq!(
        [&reply.body["total"], &reply.body["succeeded"], &reply.body["failed"], &reply.body["success"]],
        [&json!(6), &json!(3), &json!(3), &json!(false)]
    );
    let results = reply.body["results"].as_array().unwrap();
    assert_eq!(
        (&results[0]["collector_id"], &results[0]["name"], &results[0]["success"]),
        (&json!(ids[0]), &json!("db-0"), &json!(true))
    );
    let action = results[0]["action_id"].as_str().unwrap();
    let of_action = many.daemon.get(&format!("/actions/{action}"), &many.ada).await;
    assert_eq!((of_action.text("operation_id"), of_action.text("reason")), (id, "new disks"));
    assert!(results[3]["error"].as_str().unwrap().contains("a stop of this collector is under way"));
    assert!(results[4]["error"].as_str().unwrap().contains("there is no collector"));
    assert_eq!((&results[5]["collector_id"], &results[5]["name"]), (&json!("rubbish"), &Value::Null));

    for (agent, status) in ["completed", "failed", "in_progress"].iter().enumerate() {
        many.answers(agent, status).await;
    }
    let running = many.operation(id).await;
    assert_eq!((&running["state"], &running["completed_at"]), (&json!("running"), &Value::Null));
    assert_eq!(many.statuses(id).await, ["completed", "failed", "in_progress", "failed", "failed", "failed"]);
    many.answers(2, "completed").await;
    let over = many.operation(id).await;
    assert_eq!(
        [&over["state"], &over["total"], &over["done"], &over["failed"], &over["started_by"]],
        [&json!("completed"), &json!(6), &json!(2), &json!(4), &json!("ada")]
    );
    assert_eq!(over["completed_at"], "2026-11-20T14:00:00.000Z");
    assert_eq!(
        (&over["results"][1]["error"], &over["results"][1]["success"]),
        (&json!("said"), &json!(false))
    );
    assert_eq!(many.collector(0).await["restart_count"], 1);

    let mut progress = Vec::new();
    while let Ok(event) = events.try_recv() {
        if event.kind == EventKind::OperationProgress {
            progress.push((event.collector, event.data.clone()));
        }
    }
    let (collector, last) = progress.last().unwrap();
    assert_eq!(
        *last,
        json!({"operation_id": id, "state": "completed", "total": 6, "done": 2, "failed": 4, "cancelled": 0})
    );
    assert_eq!(*collector, None);
    assert_eq!(many.audited(id).await, [entry(["operation.create", "success", "ada", "new disks"])]);
    let own = many.audited(&many.agents[0].0).await;
    assert_eq!(own[1], entry(["collector.restart", "success", "ada", "new disks"]));
}

#[actix_web::test]
async fn everything_that_is_wrong_with_a_request_is_told_at_once() {
    let many = Many::start(1).await;
    let refused = many.ask(json!({})).await;
    assert_eq!(
        (refused.problem(), refused.fields()),
        ((400, "validation_failed"), vec!["action", "collector_ids"])
    );
    let body = json!({
        "action": "stop", "collector_ids": [], "reason": "x".repeat(501), "schedule_at": "2026-11-20T13:58:00Z",
        "params": {"estimated_duration_minutes": 0, "expires_in_seconds": 0, "notes": "x"}, "more": 1,
    });
    assert_eq!(
        many.ask(body).await.fields(),
        [
            "collector_ids",
            "reason",
            "schedule_at",
            "params.estimated_duration_minutes",
            "params.expires_in_seconds",
            "params.notes",
            "more"
        ]
    );
    let ids = many.ids();
    let fields = |action: &str, params: Value| {
        many.ask(json!({"action": action, "collector_ids": ids, "params": params}))
    };
    assert_eq!(fields("dance", json!({"x": 1})).await.fields(), ["action"]);
    assert_eq!(fields("restart", json!("x")).await.fields(), ["params"]);
    assert_eq!(
        fields("unregister", json!({"retention_days": 0, "archive_metrics": false})).await.fields(),
        ["params.retention_days", "confirm"]
    );
    assert_eq!(fields("update-group", json!({})).await.fields(), ["params.group_id"]);
    assert_eq!(fields("update-group", json!({"group_id": "nobody"})).await.fields(), ["params.group_id"]);
    assert_eq!(fields("update-tags", json!({})).await.fields(), ["params.add"]);
    let both = json!({"add": ["a"], "remove": ["a"], "set": ["b"]});
    assert_eq!(fields("update-tags", both).await.fields(), ["params.set", "params.remove"]);
    assert_eq!(fields("update-config", json!({})).await.fields(), ["params.collection_interval"]);
    let config = json!({"collection_interval": 9, "log_level": "loud"});
    assert_eq!(
        fields("update-config", config).await.fields(),
        ["params.collection_interval", "params.log_level"]
    );
    let many_ids: Vec<String> = (0..5001).map(|number| format!("col_{number}")).collect();
    let refused = many.ask(json!({"action": "restart", "collector_ids": many_ids})).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (400, vec!["collector_ids"]));
    for at in ["2027-11-22T14:00:00Z", "tomorrow"] {
        let body = json!({"action": "restart", "collector_ids": ids, "schedule_at": at});
        assert_eq!(many.ask(body).await.fields(), ["schedule_at"]);
    }
    many.daemon.add_user("bob", Role::Operator);
    let bob = many.daemon.token("bob").await;
    let body = json!({"action": "restart", "collector_ids": ids});
    assert_eq!(many.daemon.post("/collectors/bulk-action", &bob, body).await.problem(), (403, "forbidden"));
    assert_eq!(many.daemon.get("/operations", &bob).await.body["total"], 0, "nothing happened");
    assert_eq!(many.audited(ids[0]).await.len(), 1);
}

#[actix_web::test]
async fn many_are_unregistered_and_their_tokens_are_dead_at_once() {
    let many = Many::start(3).await;
    let restart = many.asked("restart", json!({})).await;
    let wrong = json!({"action": "unregister", "collector_ids": many.ids(), "confirm": "unregister 2"});
    assert_eq!(many.ask(wrong).await.fields(), ["confirm"], "somebody counts other collectors");
    let reply = many
        .ask(json!({
            "action": "unregister", "collector_ids": many.ids(), "reason": "Database retired",
            "params": {"retention_days": 7, "notes": "moved"},
        }))
        .await;
    assert_eq!((reply.status.as_u16(), reply.text("state")), (202, "completed"), "{}", reply.body);
    assert_eq!(reply.body["succeeded"], 3);
    let (id, token) = &many.agents[0];
    let body = json!({"timestamp": many.daemon.clock.now(), "status": "active"});
    let beat = many.daemon.post(&format!("/collectors/{id}/heartbeat"), token, body).await;
    assert_eq!(beat.problem(), (401, "token_revoked"));
    let archived = many.daemon.get("/collectors/archived", &many.ada).await.body;
    assert_eq!(
        (&archived["total"], &archived["archived_collectors"][0]["archive_reason"]),
        (&json!(3), &json!("Database retired"))
    );
    assert_eq!(archived["archived_collectors"][0]["expires_at"], "2026-11-27T14:00:00.000Z");
    assert_eq!(
        many.audited(id).await[0],
        entry(["collector.unregister", "success", "ada", "Database retired"])
    );
    let ended = many.operation(&restart).await;
    assert_eq!((&ended["state"], &ended["cancelled"]), (&json!("completed"), &json!(3)));
    assert!(ended["results"][0]["error"].as_str().unwrap().contains("unregistered"), "{ended}");

    let gone = many.asked("stop", json!({})).await;
    assert_eq!(many.statuses(&gone).await, ["failed"; 3]);
}

#[actix_web::test]
async fn groups_tags_and_configurations_change_for_many() {
    let many = Many::start(2).await;
    let groups = many.daemon.get("/groups", &many.ada).await.body;
    let staging =
        groups["groups"].as_array().unwrap().iter().find(|g| g["name"] == "Staging").unwrap().clone();
    many.asked("update-group", json!({"params": {"group_id": "staging"}})).await;
    assert_eq!(many.collector(1).await["group"]["id"], staging["id"]);
    many.asked("update-tags", json!({"params": {"add": ["a", "b"]}, "reason": "sorted"})).await;
    many.asked("update-tags", json!({"params": {"add": ["c"], "remove": ["a"]}})).await;
    assert_eq!(many.collector(0).await["tags"], json!(["b", "c"]));
    assert_eq!(
        many.audited(&many.agents[0].0).await[1],
        entry(["collector.update-config", "success", "ada", "sorted"])
    );
    let config = json!({"params": {"collection_interval": 30, "enabled_types": ["sysstat"], "group_id": ""}});
    let id = many.asked("update-config", config).await;
    let operation = many.operation(&id).await;
    assert_eq!((&operation["state"], &operation["done"]), (&json!("completed"), &json!(2)));
    assert_eq!(operation["params"]["collection_interval"], 30);
    let collector = many.collector(1).await;
    assert_eq!((&collector["collection_interval"], &collector["group"]), (&json!(30), &Value::Null));
    assert_eq!(collector["config_version"], 5);
    let told = many.told(1).await;
    assert_eq!((told.len(), &told[0]["params"]["config_version"]), (1, &json!(5)));
    many.asked("update-group", json!({"params": {"group_id": null}})).await;

    let tags: Vec<String> = (0..49).map(|number| format!("t{number}")).collect();
    let id = many.asked("update-tags", json!({"params": {"add": tags}})).await;
    assert_eq!(many.statuses(&id).await, ["failed"; 2]);
    assert_eq!(many.collector(0).await["tags"], json!(["b", "c"]), "and nothing of it was done");
}

#[actix_web::test]
async fn what_no_agent_was_told_is_taken_back_and_what_one_was_told_goes_on() {
    let many = Many::start(3).await;
    let id = many.asked("stop", json!({"reason": "x"})).await;
    let told = many.told(1).await;
    assert_eq!(told.len(), 1);
    let cancelled = many.cancel(&id).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    assert_eq!((cancelled.text("state"), &cancelled.body["cancelled"]), ("running", &json!(2)));
    assert_eq!(cancelled.body["results"][1]["name"], "db-2");
    assert_eq!(many.statuses(&id).await, ["cancelled", "pending", "cancelled"]);
    assert_eq!(many.cancel(&id).await.problem(), (409, "conflict"));
    let collector = many.collector(0).await;
    assert_eq!((&collector["status"], &collector["state"]), (&json!("pending"), &json!("registered")));
    assert!(many.told(0).await.is_empty(), "it is never told");
    assert_eq!(many.audited(&many.agents[0].0).await[0], entry(["collector.stop", "failure", "ada", "x"]));
    assert_eq!(many.audited(&id).await[0], entry(["operation.cancel", "success", "ada", "x"]));

    many.answers(1, "completed").await;
    let over = many.operation(&id).await;
    assert_eq!(
        [&over["state"], &over["done"], &over["cancelled"]],
        [&json!("cancelled"), &json!(1), &json!(2)]
    );
    assert_eq!(many.collector(1).await["state"], "stopped");
    assert_eq!(many.cancel(&id).await.problem(), (409, "conflict"));

    let id = many.asked("restart", json!({})).await;
    for agent in [0, 2] {
        many.told(agent).await;
    }
    let refused = many.cancel(&id).await;
    assert_eq!(refused.problem(), (409, "conflict"));
    assert!(refused.text("detail").contains("nothing left to cancel"), "{}", refused.body);
    assert_eq!(many.operation(&id).await["cancelled_at"], Value::Null);
    let nobody = "op_01939b3c-5a00-7000-8000-00000000000f";
    assert_eq!(many.cancel(nobody).await.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn a_scheduled_operation_begins_at_its_time_or_is_cancelled_before() {
    let many = Many::start(2).await;
    let at = json!({"schedule_at": "2026-11-20T15:00:00+00:00", "reason": "at night"});
    let id = many.asked("restart", at.clone()).await;
    let dropped = many.asked("stop", at).await;
    let begin = || many.daemon.node.operations.begin_due().unwrap();
    assert_eq!(begin(), 0);
    let waiting = many.operation(&id).await;
    assert_eq!(
        [&waiting["state"], &waiting["schedule_at"], &waiting["started_at"]],
        [&json!("scheduled"), &json!("2026-11-20T15:00:00.000Z"), &Value::Null]
    );
    assert!(many.told(0).await.is_empty());
    let cancelled = many.cancel(&dropped).await;
    assert_eq!((cancelled.text("state"), &cancelled.body["cancelled"]), ("cancelled", &json!(2)));

    many.daemon.clock.advance(Duration::from_secs(3600));
    // the daemon's own job may be first
    begin();
    many.daemon.node.operations.go_on().unwrap();
    let running = many.operation(&id).await;
    assert_eq!(
        (&running["state"], &running["started_at"]),
        (&json!("running"), &json!("2026-11-20T15:00:00.000Z"))
    );
    assert_eq!(many.told(0).await[0]["expires_at"], "2026-11-20T16:00:00.000Z");
    assert_eq!(
        many.audited(&many.agents[0].0).await[0],
        entry(["collector.restart", "success", "ada", "at night"])
    );
    assert_eq!(many.audited(&id).await[0], entry(["operation.start", "success", "system", "at night"]));
    let list = many.daemon.get("/operations?state=running&state=cancelled&limit=1", &many.ada).await.body;
    assert_eq!((&list["total"], &list["operations"][0]["id"]), (&json!(2), &json!(dropped)));
    let page = many.daemon.get("/operations?page=2&limit=1", &many.ada).await.body;
    assert_eq!(page["operations"][0]["id"], json!(id));
    let part = many.daemon.get(&format!("/operations/{id}?page=2&limit=1"), &many.ada).await.body;
    assert_eq!((&part["results"][0]["name"], &part["results"][1]), (&json!("db-1"), &Value::Null));
}

#[actix_web::test]
async fn a_schedule_that_was_missed_or_whose_author_is_no_administrator_any_more_is_not_run() {
    let many = Many::start(2).await;
    many.daemon.add_user("bob", Role::Admin);
    let bob = many.daemon.token("bob").await;
    let body = json!({"action": "stop", "collector_ids": many.ids(), "schedule_at": "2026-11-20T14:30:00Z"});
    let of_bob =
        many.daemon.post("/collectors/bulk-action", &bob, body).await.text("operation_id").to_owned();
    let users = many.daemon.get("/users", &many.ada).await.body;
    let bob =
        users["users"].as_array().unwrap().iter().find(|user| user["username"] == "bob").unwrap().clone();
    let path = format!("/users/{}", bob["id"].as_str().unwrap());
    assert_eq!(many.daemon.put(&path, &many.ada, json!({"role": "operator"})).await.status, 200);
    let missed = many.asked("stop", json!({"schedule_at": "2026-11-20T14:29:59Z"})).await;

    many.daemon.clock.advance(Duration::from_secs(5400));
    many.daemon.node.operations.begin_due().unwrap();
    let refused = many.operation(&of_bob).await;
    assert_eq!([&refused["state"], &refused["cancelled"]], [&json!("cancelled"), &json!(2)]);
    assert!(
        refused["error_message"].as_str().unwrap().contains("bob is not an active administrator"),
        "{refused}"
    );
    assert_eq!(
        many.audited(&of_bob).await[0][..3],
        entry(["operation.refuse", "failure", "system", ""])[..3]
    );
    let expired = many.operation(&missed).await;
    assert_eq!([&expired["state"], &expired["failed"]], [&json!("expired"), &json!(2)]);
    assert_eq!(many.statuses(&missed).await, ["expired"; 2]);
    assert!(expired["error_message"].as_str().unwrap().contains("3601 s later"), "{expired}");
    assert_eq!(
        many.audited(&missed).await[0][..3],
        entry(["operation.expire", "failure", "system", ""])[..3]
    );
    assert_eq!(many.collector(0).await["state"], "registered");
}

/// It is more than one transaction, so it has more than one with a key, too.
#[actix_web::test]
async fn a_large_operation_with_an_idempotency_key_is_begun_on_all_and_answered_once() {
    let count = 2 * OPERATION_STEP + 3;
    let many = Many::start(count).await;
    let body = json!({"action": "restart", "collector_ids": many.ids()});
    let path = "/collectors/bulk-action";
    let reply = many.daemon.post_keyed(path, &many.ada, "k", &body).await;
    assert_eq!((reply.status.as_u16(), &reply.body["succeeded"]), (202, &json!(count)), "{}", reply.body);
    let results = reply.body["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["action_id"].is_string()), "{}", reply.body);
    assert_eq!(many.daemon.post_keyed(path, &many.ada, "k", &body).await.body, reply.body);
    assert_eq!(many.daemon.get("/operations", &many.ada).await.body["total"], 1);
    assert_eq!(many.told(count - 1).await.len(), 1);
}

/// The daemon was killed when the operation was cancelled and none of its commands was taken back.
#[actix_web::test]
async fn what_is_taken_back_after_a_crash_comes_from_the_one_who_cancelled() {
    let many = Many::start(1).await;
    let id = many.asked("stop", json!({})).await;
    let origin = Origin::local(Actor::command_line());
    many.daemon.node.operations.cancel(&origin, id.parse().unwrap()).unwrap();
    many.daemon.clock.advance(Duration::from_secs(4));
    many.daemon.node.operations.go_on().unwrap();
    assert_eq!(many.operation(&id).await["state"], "cancelled");
    assert_eq!(
        many.audited(&many.agents[0].0).await[0],
        entry(["collector.stop", "failure", "command line", ""])
    );
}

/// The daemon was killed when the operation was taken and nothing of it had begun.
#[actix_web::test]
async fn what_was_interrupted_goes_on_within_the_hour_and_not_days_later() {
    let many = Many::start(2).await;
    let interrupted = || {
        let collectors = many.ids().iter().map(|id| (*id).to_owned()).collect();
        let add = vec![many.daemon.clock.now().to_string()];
        let task = Task::UpdateTags(TagChange { add, ..TagChange::default() });
        let order = Order { task, reason: None, collectors, schedule_at: None };
        many.daemon.node.operations.create(&Origin::system(), order).unwrap().to_string()
    };
    let first = interrupted();
    assert_eq!(many.daemon.node.operations.go_on().unwrap(), 0, "the call that asked is at it");
    many.daemon.clock.advance(Duration::from_secs(3600));
    many.daemon.node.operations.go_on().unwrap();
    assert_eq!(many.operation(&first).await["done"], 2);
    let second = interrupted();
    many.daemon.clock.advance(Duration::from_secs(3601));
    many.daemon.node.operations.go_on().unwrap();
    let expired = many.operation(&second).await;
    assert_eq!([&expired["state"], &expired["failed"]], [&json!("completed"), &json!(2)]);
    assert!(expired["error_message"].as_str().unwrap().contains("3601 s later"), "{expired}");
    assert_eq!(many.statuses(&second).await, ["expired"; 2]);
    assert_eq!(
        many.audited(&second).await[0][..3],
        entry(["operation.expire", "failure", "system", ""])[..3]
    );
    assert_eq!(many.collector(0).await["config_version"], 2);
}

#[actix_web::test]
async fn what_was_over_three_months_ago_is_deleted_and_nothing_else() {
    let mut many = Many::start(1).await;
    let over = many.asked("restart", json!({})).await;
    many.answers(0, "completed").await;
    many.daemon.clock.advance(Duration::from_secs(100 * 24 * 3600));
    many.ada = many.daemon.token("ada").await;
    let open = many.asked("restart", json!({})).await;
    let cutoff = many.daemon.clock.now().minus(Duration::from_secs(90 * 24 * 3600));
    assert_eq!(many.daemon.node.operations.delete_old(cutoff).unwrap(), 3);
    assert_eq!(many.daemon.node.operations.delete_old(cutoff).unwrap(), 0);
    let path = format!("/operations/{over}");
    assert_eq!(many.daemon.get(&path, &many.ada).await.problem(), (404, "not_found"));
    many.answers(0, "completed").await;
    assert_eq!(many.operation(&open).await["state"], "completed");
}
