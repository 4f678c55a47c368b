//! Two collectors that push documents, and a Prometheus that holds the same samples.

use pganalytics::promql::{Labels, NAME, Sample};
use serde_json::{Value, json};

use crate::promql::data::{Memory, open_metrics};
use crate::support::appliance::Appliance;
use crate::support::client::{Client, Reply};
use crate::support::prometheus::{Prometheus, form_of};

const STEPS: i64 = 90;
const INTERVAL_MS: i64 = 60_000;

pub(super) struct Fleet {
    pub(super) appliance: Appliance,
    pub(super) admin: String,
    /// An API token of a viewer.
    pub(super) token: String,
    /// The moment of the first document, in milliseconds.
    pub(super) start: i64,
    ids: Vec<String>,
}

impl Fleet {
    pub(super) fn start() -> Self {
        let (appliance, admin) = Appliance::with_admin();
        let made = json!({"name": "grafana", "role": "viewer"});
        let token = appliance.client.post("/api/v1/api-tokens", Some(&admin), &made).string("token");
        let now = pganalytics::clock::Clock::System.now().as_millis();
        let start = (now - (STEPS + 20) * INTERVAL_MS) / INTERVAL_MS * INTERVAL_MS;
        let mut fleet = Self { appliance, admin, token, start, ids: Vec::new() };
        for (place, name) in ["db-1", "db-2"].into_iter().enumerate() {
            let (id, token) = fleet.appliance.collector(&fleet.admin, name);
            fleet.ids.push(id);
            let documents: Vec<_> = (0..STEPS)
                .filter_map(|step| document(place, step).map(|parts| fleet.dated(step, parts)))
                .collect();
            let pushed = fleet.appliance.client.push(&token, "all", &documents.concat());
            assert_eq!(pushed.status, 200, "{}", pushed.text);
            assert!(pushed.body.get("rejected").is_none(), "{}", pushed.text);
        }
        fleet
    }

    fn dated(&self, step: i64, parts: Vec<Value>) -> Vec<Value> {
        let at = pganalytics::clock::Timestamp::from_millis(self.start + step * INTERVAL_MS).to_string();
        let dated = |mut part: Value| {
            part["timestamp"] = at.clone().into();
            part
        };
        parts.into_iter().map(dated).collect()
    }

    /// The end of what was pushed.
    pub(super) fn end(&self) -> i64 {
        self.start + STEPS * INTERVAL_MS
    }

    /// What the documents say, under the names that they are to be found by.
    pub(super) fn prometheus(&self) -> Prometheus {
        let mut series = std::collections::BTreeMap::<Labels, Vec<Sample>>::new();
        for (place, id) in self.ids.iter().enumerate() {
            let name = format!("db-{}", place + 1);
            for step in 0..STEPS {
                for (labels, value) in samples(place, step) {
                    let of_registry =
                        [("collector", name.as_str()), ("collector_id", id), ("environment", "production")];
                    let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    let labels = Labels::of(&[&of_registry[..], &labels].concat());
                    let at = self.start + step * INTERVAL_MS;
                    series.entry(labels).or_default().push(Sample { at, value });
                }
            }
        }
        Prometheus::with(&open_metrics(&Memory(series.into_iter().collect())))
    }

    pub(super) fn call(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        call(&self.appliance.client, path, form, &format!("Bearer {}", self.token))
    }

    pub(super) fn get(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let path = format!("/prometheus/api/v1/{path}?{}", form_of(form));
        self.appliance.client.get(&path, Some(&self.token))
    }
}

pub(super) fn call(client: &Client, path: &str, form: &[(&str, &str)], authorization: &str) -> Reply {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization)];
    let path = format!("/prometheus/api/v1/{path}");
    client.send(reqwest::Method::POST, &path, &headers, form_of(form).into_bytes())
}

/// How far a counter has come; it begins again in the middle.
fn count(place: usize, step: i64, speed: i64) -> i64 {
    let place = i64::try_from(place).unwrap();
    (step % 50) * speed * (place + 3) + (step * 7919 + place * 31) % 17
}

/// What a collector sends at once; the second one is silent for a while.
fn document(place: usize, step: i64) -> Option<Vec<Value>> {
    if place == 1 && (40..55).contains(&step) {
        return None;
    }
    let tables = ["orders", "items"].into_iter().enumerate().map(|(number, name)| {
        let number = i64::try_from(number).unwrap();
        json!({"schema": "public", "name": name, "live_tuples": 1000 + step * (number + 1), "last_vacuum": ""})
    });
    let buckets = ["0.1", "1", "+Inf"].into_iter().enumerate().map(|(number, bound)| {
        json!({"le": bound, "bucket": count(place, step, 2) * i64::try_from(number + 1).unwrap()})
    });
    Some(vec![
        json!({
            "type": "pg_stats", "database": "app", "size_bytes": 5_000_000 + step * 1000,
            "transactions_committed": count(place, step, 11), "tables": tables.collect::<Vec<_>>(),
        }),
        json!({"type": "sysstat", "memory": {"total_mb": 512, "free_mb": 100 + step % 9}}),
        json!({"type": "demo.latency", "rows": buckets.collect::<Vec<_>>()}),
        json!({"type": "demo", "load": f64::from(i32::try_from(step % 13).unwrap()) / 7.0, "zone": "eu-1"}),
    ])
}

type Named = (Vec<(&'static str, String)>, f64);

/// The same by names and labels.
fn samples(place: usize, step: i64) -> Vec<Named> {
    let Some(documents) = document(place, step) else { return Vec::new() };
    let own = |name: &str, labels: &[(&'static str, &str)], value: &Value| {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned()));
        (labels.chain([(NAME, name.to_owned())]).collect::<Vec<_>>(), value.as_f64().unwrap())
    };
    let mut all = Vec::new();
    let [stats, sysstat, latency, demo] = &documents[..] else { unreachable!() };
    for (ours, theirs, member) in [
        ("pg_stats_size_bytes", "pg_database_size_bytes", "size_bytes"),
        ("pg_stats_transactions_committed", "pg_stat_database_xact_commit", "transactions_committed"),
    ] {
        all.push(own(ours, &[("database", "app")], &stats[member]));
        all.push(own(theirs, &[("datname", "app")], &stats[member]));
    }
    all.push(own("pg_up", &[], &json!(1)));
    for table in stats["tables"].as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        let labels = [("database", "app"), ("schema", "public"), ("name", name)];
        all.push(own("pg_stats_tables_live_tuples", &labels, &table["live_tuples"]));
        let labels = [("datname", "app"), ("schemaname", "public"), ("relname", name)];
        all.push(own("pg_stat_user_tables_n_live_tup", &labels, &table["live_tuples"]));
    }
    for (ours, theirs, member) in [
        ("sysstat_memory_total_mb", "node_memory_MemTotal_bytes", "total_mb"),
        ("sysstat_memory_free_mb", "node_memory_MemFree_bytes", "free_mb"),
    ] {
        let value = &sysstat["memory"][member];
        all.push(own(ours, &[], value));
        all.push(own(theirs, &[], &json!(value.as_f64().unwrap() * 1_048_576.0)));
    }
    for row in latency["rows"].as_array().unwrap() {
        all.push(own("demo_latency_rows_bucket", &[("le", row["le"].as_str().unwrap())], &row["bucket"]));
    }
    all.push(own("demo_load", &[("zone", "eu-1")], &demo["load"]));
    all
}
