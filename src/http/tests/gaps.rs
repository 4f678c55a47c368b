//! What is lost for good is on record: as agents declare it, and as the daemon refuses it.

use std::sync::Arc;

use super::agents::registered_as;
use super::*;
use crate::files::{Access, write_whole};
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::metrics::{Batch, Seal};

const GAP: &str = "01939b3c-5a00-7000-8000-0000000000aa";

struct Told {
    daemon: Daemon,
    ada: String,
    /// Id and token.
    agent: (String, String),
}

impl Told {
    async fn start() -> Self {
        let daemon = Daemon::with_admin();
        let ada = daemon.token("ada").await;
        let agent = agent(&daemon, "db-1");
        Self { daemon, ada, agent }
    }

    async fn beat(&self, (id, token): &(String, String), gaps: Value) -> Reply {
        let body = json!({"timestamp": self.daemon.clock.now(), "status": "active", "gaps": gaps});
        self.daemon.post(&format!("/collectors/{id}/heartbeat"), token, body).await
    }

    async fn gaps(&self, query: &str) -> Value {
        let reply = self.daemon.get(&format!("/collectors/{}/gaps{query}", self.agent.0), &self.ada).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body
    }
}

fn agent(daemon: &Daemon, name: &str) -> (String, String) {
    let registered = registered_as(daemon, name);
    (registered.collector.id.to_string(), registered.token.token.expose().to_owned())
}

fn gap(id: &str, minutes: [u32; 2], batches: u64) -> Value {
    let [first_at, last_at] = minutes.map(|minute| format!("2026-11-20T13:{minute:02}:00.000Z"));
    json!({
        "id": id, "reason": "spool_full", "first_at": first_at, "last_at": last_at, "batches": batches,
        "documents": 3 * batches,
    })
}

#[actix_web::test]
async fn a_gap_that_is_told_twice_and_grows_is_one_gap() {
    let told = Told::start().await;
    let other = agent(&told.daemon, "db-2");
    let reply = told.beat(&told.agent, json!([gap(GAP, [0, 9], 10)])).await;
    assert_eq!((reply.status.as_u16(), &reply.body["recorded_gaps"]), (200, &json!([GAP])), "{}", reply.body);
    told.beat(&told.agent, json!([gap(GAP, [0, 11], 12)])).await;
    told.beat(&told.agent, json!([gap(GAP, [0, 9], 10)])).await;
    told.beat(&other, json!([gap(GAP, [0, 59], 60)])).await;
    let listed = told.gaps("").await;
    assert_eq!((&listed["total"], &listed["documents"]), (&json!(1), &json!(36)), "{listed}");
    let recorded = &listed["gaps"][0];
    assert_eq!(
        [&recorded["reason"], &recorded["first_at"], &recorded["last_at"], &recorded["recorded_at"]],
        ["spool_full", "2026-11-20T13:00:00.000Z", "2026-11-20T13:11:00.000Z", "2026-11-20T14:00:00.000Z"]
    );
    let mut strange = gap("01939b3c-5a00-7000-8000-0000000000ab", [30, 40], 1);
    strange["reason"] = json!("eaten_by_the_dog");
    told.beat(&told.agent, json!([strange])).await;
    assert_eq!(told.gaps("").await["gaps"][0]["reason"], "other");
    assert_eq!(told.gaps("?to=2026-11-20T13:20:00Z").await["total"], 1);
    assert_eq!(told.gaps("?from=2026-11-20T13:12:00Z&to=2026-11-20T13:29:00Z").await["total"], 0);
    assert_eq!(told.gaps("?limit=1").await["documents"], 39, "the sums are over all of them");
    let nobody =
        told.daemon.get("/collectors/col_01939b3c-5a00-7000-8000-00000000000f/gaps", &told.ada).await;
    assert_eq!(nobody.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn a_heartbeat_whose_gaps_make_no_sense_is_refused_as_a_whole() {
    let told = Told::start().await;
    let backwards = json!([gap(GAP, [9, 0], 1)]);
    let endless = json!([gap(GAP, [0, 9], 1 << 50)]);
    let many = Value::Array(vec![gap(GAP, [0, 9], 1); 17]);
    for gaps in [backwards, endless, many] {
        let refused = told.beat(&told.agent, gaps).await;
        assert_eq!((refused.problem(), refused.fields()), ((400, "validation_failed"), vec!["gaps"]));
    }
    assert_eq!(told.gaps("").await["total"], 0);
}

#[actix_web::test]
async fn documents_that_are_refused_while_others_are_kept_are_one_gap_a_day_also_when_the_push_comes_again() {
    let told = Told::start().await;
    let (id, token) = &told.agent;
    let good = json!({"type": "load", "timestamp": told.daemon.clock.now(), "n": 1});
    let push = |key: &str, metrics: Value| {
        let url = format!("http://{}/api/v1/metrics/push", told.daemon.address);
        let request = told.daemon.client.post(url).bearer_auth(token).header("idempotency-key", key);
        request.json(&json!({"collector_id": id, "metrics": metrics})).send()
    };
    for key in ["a", "a", "b"] {
        let reply = Reply::of(push(key, json!([good, {"type": "load"}, {"n": 1}, 7])).await.unwrap()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.body["rejected"].as_array().unwrap().len()),
            (200, 2),
            "{}",
            reply.body
        );
    }
    let listed = told.gaps("").await;
    assert_eq!((&listed["total"], &listed["gaps"][0]["reason"]), (&json!(1), &json!("rejected")), "{listed}");
    assert_eq!((&listed["gaps"][0]["batches"], &listed["documents"]), (&json!(2), &json!(4)), "{listed}");
    told.daemon.clock.advance(Duration::from_secs(24 * 3600));
    push("c", json!([good, {"n": 1}])).await.unwrap();
    let ada = told.daemon.token("ada").await;
    let listed = told.daemon.get(&format!("/collectors/{id}/gaps"), &ada).await.body;
    assert_eq!((&listed["total"], &listed["documents"]), (&json!(2), &json!(5)), "{listed}");
}

impl Told {
    /// Two segments with a document each, from days before.
    fn seal(&self) -> [std::path::PathBuf; 2] {
        let node = &self.daemon.node;
        node.jobs.stop();
        let (collector, now) = (self.agent.0.parse::<CollectorId>().unwrap(), self.daemon.clock.now());
        for hours in [80, 50] {
            let at = now.minus(Duration::from_secs(3600) * hours);
            let text =
                serde_json::value::to_raw_value(&json!({"type": "x", "timestamp": at, "n": hours})).unwrap();
            let batch = Batch { collector, idempotency_key: None, timestamp: None, documents: vec![&text] };
            node.metrics.accept(&batch).unwrap();
        }
        Seal::new(Arc::clone(&node.metrics)).step(now).unwrap();
        let segments = node.segments.of(collector).unwrap();
        [0, 1].map(|number| node.segments.path(&segments[number]))
    }

    async fn documents(&self) -> usize {
        let path = format!("/collectors/{}/documents?from=2026-11-01T00:00:00Z", self.agent.0);
        let reply = self.daemon.get(&path, &self.ada).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body["documents"].as_array().unwrap().len()
    }

    /// What the audit log says of sealed metrics, the oldest first.
    async fn told_of_metrics(&self) -> Vec<Value> {
        let path = format!("/collectors/{}/audit?limit=100", self.agent.0);
        let entries = self.daemon.get(&path, &self.ada).await.body["entries"].take();
        let entries = entries.as_array().unwrap().iter().rev();
        entries.filter(|entry| entry["action"].as_str().unwrap().starts_with("metrics.")).cloned().collect()
    }
}

#[actix_web::test]
async fn sealed_metrics_that_cannot_be_read_are_a_gap_and_on_record_until_they_can() {
    let told = Told::start().await;
    let [first, second] = told.seal();
    let whole = std::fs::read(&first).unwrap();
    std::fs::remove_file(&first).unwrap();
    write_whole(&second, &std::fs::read(&second).unwrap()[..60], Access::Group).unwrap();
    assert_eq!((told.documents().await, told.documents().await), (0, 0));
    let listed = told.gaps("").await;
    assert_eq!((&listed["total"], &listed["documents"]), (&json!(2), &json!(2)), "{listed}");
    let of = |number: usize, field: &str| listed["gaps"][number][field].clone();
    assert_eq!([of(0, "reason"), of(1, "reason")], ["segment_damaged", "segment_missing"]);
    assert_eq!(
        [of(1, "first_at"), of(1, "last_at"), of(1, "recorded_at")],
        ["2026-11-17T06:00:00.000Z", "2026-11-17T06:00:00.000Z", "2026-11-20T14:00:00.000Z"]
    );
    let system = told.daemon.get("/system", &told.ada).await.body;
    let segments = &system["storage"]["segments"];
    assert_eq!((&segments["missing"], &segments["damaged"]), (&json!(1), &json!(1)));

    write_whole(&first, &whole, Access::Group).unwrap();
    assert_eq!(told.documents().await, 1);
    assert_eq!(told.gaps("").await["total"], 1);
    assert_eq!(told.daemon.get("/system", &told.ada).await.body["storage"]["segments"]["missing"], 0);
    let entries = told.told_of_metrics().await;
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let mut sorted = actions.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["metrics.damaged", "metrics.found", "metrics.missing"], "each once");
    assert_eq!(actions.last(), Some(&"metrics.found"));
    for entry in &entries {
        assert_eq!((&entry["actor"]["name"], &entry["target"]["name"]), (&json!("system"), &json!("db-1")));
        assert_eq!(entry["new_values"]["documents"], 1, "{entry}");
        assert_eq!(entry["reason"].is_string(), entry["action"] == "metrics.damaged", "{entry}");
    }
}
