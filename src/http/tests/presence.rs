//! How collectors are doing, as it is shown: availability day by day, and what a returning agent changes.

use super::control::Fleet;
use super::*;

const MINUTE: Duration = Duration::from_secs(60);

impl Fleet {
    /// Time passes, with a heartbeat each minute or without, and the presence is looked at.
    async fn pass(&self, minutes: u32, beats: bool) {
        for _ in 0..minutes {
            self.daemon.clock.advance(MINUTE);
            if beats {
                self.beat("active").await;
            }
            self.daemon.node.presence.sweep().unwrap();
        }
    }

    async fn of(&self, what: &str) -> Reply {
        self.daemon.get(&format!("/collectors/{}/{what}", self.id), &self.ada).await
    }

    async fn push_body(&self, body: &Value) -> Reply {
        self.daemon.post("/metrics/push", &self.agent, body.clone()).await
    }
}

#[actix_web::test]
async fn availability_is_told_by_day_and_what_is_not_known_is_null() {
    let fleet = Fleet::start().await;
    let unknown = fleet.of("availability").await;
    assert_eq!(unknown.status, 200, "{}", unknown.body);
    assert_eq!(unknown.body["days"].as_array().unwrap().len(), 90);
    assert_eq!(unknown.body["days"][89]["date"], "2026-11-20");
    assert_eq!(
        (&unknown.body["uptime_percentage"], &unknown.body["days"][89]["down_seconds"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(fleet.collector().await["uptime_percentage"], Value::Null);

    fleet.beat("active").await;
    fleet.pass(33, true).await;
    fleet.pass(11, false).await;
    fleet.beat("active").await;
    let known = fleet.of("availability?days=2").await.body;
    let today = json!({"date": "2026-11-20", "percentage": 75.0, "down_seconds": 660, "known_seconds": 2640});
    let yesterday =
        json!({"date": "2026-11-19", "percentage": null, "down_seconds": null, "known_seconds": 0});
    assert_eq!(known, json!({"uptime_percentage": 75.0, "down_seconds": 660, "days": [yesterday, today]}));
    assert_eq!(fleet.collector().await["uptime_percentage"], 75.0);
    assert_eq!(fleet.of("metrics").await.body["summary"]["uptime"], 75.0);
    let listed = fleet.daemon.get("/collectors", &fleet.ada).await.body;
    assert_eq!(listed["collectors"][0]["uptime_percentage"], 75.0);

    for (query, field) in [("days=0", "days"), ("days=91", "days"), ("day=1", "day")] {
        assert_eq!(fleet.of(&format!("availability?{query}")).await.fields(), [field]);
    }
    let nobody = "/collectors/col_01939b3c-5a00-7000-8000-00000000000f/availability";
    assert_eq!(fleet.daemon.get(nobody, &fleet.ada).await.problem(), (404, "not_found"));
}

/// An agent that was cut off sends what it collected meanwhile. That is history: the figures of now stay.
#[actix_web::test]
async fn a_spool_full_of_history_leaves_the_present_as_it_is() {
    let fleet = Fleet::start().await;
    let present = [
        "status",
        "cpu_usage",
        "memory_usage",
        "avg_collection_time_ms",
        "success_count",
        "last_error",
        "last_heartbeat",
        "last_collection_count",
        "agent_version",
        "uptime_percentage",
    ];
    let path = format!("/collectors/{}/heartbeat", fleet.id);
    let beat = json!({"timestamp": fleet.daemon.clock.now(), "status": "active", "cpu_usage": 7.5,
        "memory_usage": 40.0, "collections_ok": 12, "collection_time_ms": 20.0, "last_collection_count": 3,
        "agent_version": "4.0.0"});
    assert_eq!(fleet.daemon.post(&path, &fleet.agent, beat).await.status, 200);
    let before = fleet.collector().await;
    for hour in 1..24 {
        let then = fleet.daemon.clock.now().minus(MINUTE * 60 * hour);
        let document = json!({"type": "sysstat", "timestamp": then, "cpu": {"user": 99.0}});
        let pushed = fleet.push_body(&json!({"timestamp": then, "metrics": [document]})).await;
        assert_eq!((pushed.status.as_u16(), &pushed.body["metrics_inserted"]), (200, &json!(1)));
    }
    let after = fleet.collector().await;
    for field in present {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["metrics_collected"], 23);
    let from = fleet.daemon.clock.now().minus(MINUTE * 60 * 24);
    let charted = fleet.of(&format!("metrics?match=sysstat.cpu.user&from={from}")).await.body;
    assert_eq!(charted["series"][0]["points"].as_array().unwrap().len(), 23);

    // nor does it undo what an administrator decided
    let asked = fleet.ask("stop", json!({"reason": "new disks"})).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let command = fleet.told().await.remove(0);
    fleet.answer(command["id"].as_str().unwrap(), json!({"status": "completed"})).await;
    let document = json!({"type": "sysstat", "timestamp": fleet.daemon.clock.now(), "cpu": {"user": 1.0}});
    assert_eq!(fleet.push_body(&json!({"metrics": [document]})).await.status, 200);
    assert_eq!(fleet.collector().await["status"], "stopped");
}

/// Only the time and the status are required. A heartbeat that says no more changes nothing else.
#[actix_web::test]
async fn what_a_heartbeat_leaves_out_stays_as_it_was_said_and_is_counted_once() {
    let fleet = Fleet::start().await;
    let beat = async |more: Value| {
        let mut body = json!({"timestamp": fleet.daemon.clock.now(), "status": "active"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = format!("/collectors/{}/heartbeat", fleet.id);
        let reply = fleet.daemon.post(&path, &fleet.agent, body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        fleet.collector().await
    };
    let said = json!({"collections_ok": 3, "collections_failed": 1, "collection_time_ms": 100.0, "config_version": 1,
        "agent_version": "4.0.0", "hostname": "db-1", "database_version": "PostgreSQL 17.2"});
    let first = beat(said.clone()).await;
    assert_eq!((&first["success_count"], &first["error_count"]), (&json!(3), &json!(1)));
    let fields = [
        "success_count",
        "error_count",
        "agent_version",
        "hostname",
        "database_version",
        "applied_config_version",
    ];
    for more in [json!({}), said, json!({}), json!({"collections_ok": 3})] {
        let now = beat(more).await;
        for field in fields {
            assert_eq!(now[field], first[field], "{field}");
        }
    }
    assert_eq!(beat(json!({"collections_ok": 5})).await["success_count"], 5);

    // an agent that does not count its collections is slow as well as one that does
    for _ in 0..3 {
        beat(json!({"collection_time_ms": 900.0})).await;
    }
    let slow = fleet.collector().await;
    assert_eq!((&slow["avg_collection_time_ms"], &slow["status"]), (&json!(700.0), &json!("slow")));
}

/// Collectors of release 3 send no heartbeats. Of others their heartbeats know better than a push that has waited.
#[actix_web::test]
async fn a_push_tells_where_it_comes_from_until_a_heartbeat_does() {
    let fleet = Fleet::start().await;
    let who = async |body: Value| {
        let pushed = fleet.push_body(&body).await;
        assert_eq!(pushed.status, 200, "{}", pushed.body);
        let collector = fleet.collector().await;
        (collector["hostname"].clone(), collector["agent_version"].clone())
    };
    let document = json!({"type": "sysstat", "timestamp": fleet.daemon.clock.now(), "cpu": {"user": 1.0}});
    assert_eq!(who(json!({"metrics": [document]})).await, (Value::Null, Value::Null));
    let v3 = json!({"hostname": "db-1", "version": "3.2", "metrics": [document]});
    assert_eq!(who(v3.clone()).await, (json!("db-1"), json!("3.2")));
    assert_eq!(who(json!({"metrics": []})).await, (json!("db-1"), json!("3.2")));
    // a member that no push has keeps it from being recognized: it is parsed
    let parsed = json!({"hostname": "x".repeat(100_000), "version": "3.3", "more": 1, "metrics": []});
    let (hostname, version) = who(parsed).await;
    assert_eq!((hostname.as_str().unwrap().len(), version), (crate::limits::AGENT_TEXT_CHARS, json!("3.3")));
    let beat = json!({"timestamp": fleet.daemon.clock.now(), "status": "active", "hostname": "db-1.example",
        "agent_version": "4.0.0"});
    let path = format!("/collectors/{}/heartbeat", fleet.id);
    assert_eq!(fleet.daemon.post(&path, &fleet.agent, beat).await.status, 200);
    assert_eq!(who(v3).await, (json!("db-1.example"), json!("4.0.0")));
}

/// A member of the body that is not as it should be is named, as are those of every other request.
#[actix_web::test]
async fn a_push_with_a_bad_member_names_it() {
    let fleet = Fleet::start().await;
    let bad = [
        ("timestamp", json!("yesterday")),
        ("hostname", json!(5)),
        ("version", json!([])),
        ("metrics_count", json!("many")),
        ("collector_id", json!({})),
        ("metrics", json!({})),
    ];
    for (field, value) in bad {
        let mut body = json!({"metrics": []});
        body[field] = value;
        let refused = fleet.push_body(&body).await;
        assert_eq!((refused.problem(), refused.fields()), ((400, "validation_failed"), vec![field]));
    }
    assert_eq!(fleet.push_body(&json!([])).await.fields(), ["body"]);
}
