//! The logs of agents: what is taken, what is refused with its place, and how they are read.

use super::control::Fleet;
use super::*;
use crate::limits::{LOG_BURST, LOG_MESSAGE_CHARS, LOG_PAGE};

impl Fleet {
    fn line(&self, level: &str, message: &str) -> Value {
        json!({"timestamp": self.daemon.clock.now(), "level": level, "message": message})
    }

    async fn send_logs(&self, entries: Vec<Value>) -> Reply {
        self.daemon
            .post(&format!("/collectors/{}/logs", self.id), &self.agent, json!({"entries": entries}))
            .await
    }

    async fn read_logs(&self, query: &str) -> Reply {
        self.daemon.get(&format!("/collectors/{}/logs{query}", self.id), &self.ada).await
    }

    async fn exported(&self, query: &str) -> (String, String) {
        let url = format!("http://{}/api/v1/collectors/{}/logs{query}", self.daemon.address, self.id);
        let response = self.daemon.client.get(url).bearer_auth(&self.ada).send().await.unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, response.text().await.unwrap())
    }
}

#[actix_web::test]
async fn lines_are_kept_searched_and_counted_by_level() {
    let fleet = Fleet::start().await;
    let mut first = fleet.line("WARNING", "cannot push: the daemon is away");
    first["fields"] = json!({"process": "supervisor", "attempts": 3});
    let sent =
        fleet.send_logs(vec![first, fleet.line("INFO", "Pushing again"), fleet.line("DEBUG", "x")]).await;
    assert_eq!((sent.status.as_u16(), &sent.body), (200, &json!({"accepted": 3})));

    let all = fleet.read_logs("").await.body;
    assert_eq!((&all["total"], &all["limit"], &all["offset"]), (&json!(3), &json!(100), &json!(0)));
    assert_eq!(all["levels"], json!({"DEBUG": 1, "INFO": 1, "WARNING": 1, "ERROR": 0}));
    let oldest = &all["entries"][2];
    assert_eq!(
        (&oldest["level"], &oldest["timestamp"]),
        (&json!("WARNING"), &json!("2026-11-20T14:00:00.000Z"))
    );
    assert_eq!(oldest["fields"], json!({"process": "supervisor", "attempts": 3}));

    let found = fleet.read_logs("?search=PUSH&level=WARNING&level=ERROR").await.body;
    assert_eq!((&found["total"], &found["entries"][0]["id"]), (&json!(1), &json!(1)));
    assert_eq!(found["levels"], json!({"DEBUG": 0, "INFO": 1, "WARNING": 1, "ERROR": 0}));
    let page = fleet.read_logs("?limit=1&offset=1").await.body;
    assert_eq!((&page["entries"][0]["message"], &page["total"]), (&json!("Pushing again"), &json!(3)));

    let last = all["last_id"].as_i64().unwrap();
    fleet.send_logs(vec![fleet.line("ERROR", "late")]).await;
    let news = fleet.read_logs(&format!("?after={last}")).await.body;
    assert_eq!((&news["total"], &news["entries"][0]["message"]), (&json!(1), &json!("late")));

    for (query, field) in [
        ("level=LOUD", "level"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("from=today", "from"),
        ("after=-1", "after"),
        ("format=xml", "format"),
        ("page=1", "page"),
    ] {
        assert_eq!(fleet.read_logs(&format!("?{query}")).await.fields(), [field]);
    }
    let nobody = "/collectors/col_01939b3c-5a00-7000-8000-00000000000f/logs";
    assert_eq!(fleet.daemon.get(nobody, &fleet.ada).await.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn a_bad_line_is_named_and_the_good_ones_are_kept() {
    let fleet = Fleet::start().await;
    let (good, now) = (fleet.line("INFO", "good"), fleet.daemon.clock.now());
    let long = "x".repeat(LOG_MESSAGE_CHARS + 1);
    let bad = [
        (json!("a line"), "entry", "type"),
        (json!({"timestamp": now, "message": "m"}), "level", "required"),
        (fleet.line("FATAL", "m"), "level", "choice"),
        (json!({"timestamp": now, "level": "INFO"}), "message", "required"),
        (fleet.line("INFO", &long), "message", "length"),
        (json!({"timestamp": "now", "level": "INFO", "message": "m"}), "timestamp", "format"),
        (
            json!({"timestamp": now.plus(Duration::from_secs(90_000)), "level": "INFO", "message": "m"}),
            "timestamp",
            "out_of_range",
        ),
        (json!({"timestamp": now, "level": "INFO", "message": "m", "fields": [1]}), "fields", "type"),
        (
            json!({"timestamp": now, "level": "INFO", "message": "m", "fields": {"x": long, "y": long}}),
            "fields",
            "length",
        ),
    ];
    let entries = bad.iter().map(|(entry, ..)| entry.clone()).chain([good]).collect();
    let sent = fleet.send_logs(entries).await;
    assert_eq!((sent.status.as_u16(), &sent.body["accepted"]), (200, &json!(1)), "{}", sent.body);
    let rejected = sent.body["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), bad.len());
    for (index, ((_, field, code), rejected)) in bad.iter().zip(rejected).enumerate() {
        let told = (&rejected["index"], &rejected["field"], &rejected["code"]);
        assert_eq!(told, (&json!(index), &json!(field), &json!(code)));
    }
    assert_eq!(fleet.read_logs("").await.body["total"], 1);

    let none = fleet.send_logs(vec![fleet.line("LOUD", "m")]).await;
    assert_eq!((none.problem(), none.fields()), ((400, "validation_failed"), vec!["entries[0].level"]));
    let many = fleet.send_logs(vec![fleet.line("INFO", "m"); 1001]).await;
    assert_eq!((many.problem(), many.fields()), ((400, "validation_failed"), vec!["entries"]));
    let path = format!("/collectors/{}/logs", fleet.id);
    for body in [json!({}), json!([]), json!({"entries": 1})] {
        assert_eq!(fleet.daemon.post(&path, &fleet.agent, body).await.fields(), ["entries"]);
    }
    let large = fleet.send_logs(vec![fleet.line("INFO", &"x".repeat(2 << 20))]).await;
    assert_eq!(large.problem(), (413, "too_large"));
    assert_eq!(
        fleet.daemon.post(&path, &fleet.ada, json!({"entries": []})).await.problem(),
        (403, "forbidden")
    );
}

#[actix_web::test]
async fn who_logs_too_much_is_told_to_come_later_and_a_batch_that_comes_again_counts_once() {
    let fleet = Fleet::start().await;
    let url = format!("http://{}/api/v1/collectors/{}/logs", fleet.daemon.address, fleet.id);
    for accepted in [1, 0] {
        let request =
            fleet.daemon.client.post(&url).bearer_auth(&fleet.agent).header("idempotency-key", "one");
        let sent = request.json(&json!({"entries": [fleet.line("INFO", "m")]})).send().await.unwrap();
        assert_eq!(sent.json::<Value>().await.unwrap()["accepted"], accepted);
    }
    let much = || fleet.send_logs(vec![fleet.line("INFO", "much"); 1000]);
    for _ in 1..LOG_BURST / 1000 {
        assert_eq!(much().await.status, 200);
    }
    let refused = much().await;
    assert_eq!(refused.problem(), (429, "rate_limited"));
    fleet.daemon.clock.advance(retry_after(&refused));
    assert_eq!(much().await.status, 200);
}

#[actix_web::test]
async fn an_export_has_every_line_and_no_formula() {
    let fleet = Fleet::start().await;
    let count = LOG_PAGE.1 + 5;
    let lines: Vec<Value> = (0..count).map(|number| fleet.line("INFO", &format!("line {number}"))).collect();
    for lines in lines.chunks(1000) {
        assert_eq!(fleet.send_logs(lines.to_vec()).await.status, 200);
    }
    fleet.daemon.clock.advance(Duration::from_secs(1));
    fleet.send_logs(vec![fleet.line("ERROR", "=cmd|' /C calc'!A0\n\"quoted\"")]).await;
    let (kind, csv) = fleet.exported("?format=csv").await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    let mut lines = csv.split("\r\n");
    assert_eq!(lines.next(), Some("timestamp,level,message,fields"));
    let formula = "2026-11-20T14:00:01.000Z,ERROR,\"'=cmd|' /C calc'!A0\n\"\"quoted\"\"\",{}";
    assert_eq!(lines.next(), Some(formula));
    assert_eq!(lines.next(), Some(format!("2026-11-20T14:00:00.000Z,INFO,line {},{{}}", count - 1).as_str()));
    assert_eq!(csv.matches("\r\n").count(), count + 2);
    let (_, some) = fleet.exported("?format=csv&search=LINE&limit=3&offset=1000").await;
    let numbers: Vec<&str> = some.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(numbers, ["line 4", "line 3", "line 2"]);
    assert_eq!(fleet.exported("?format=csv&level=WARNING").await.1, "timestamp,level,message,fields\r\n");
}

#[actix_web::test]
async fn logs_stay_with_an_archive_and_go_with_its_end() {
    let fleet = Fleet::start().await;
    fleet.send_logs(vec![fleet.line("INFO", "kept")]).await;
    let path = format!("/collectors/{}", fleet.id);
    let leave = |days| format!("{path}?reason=Other&retention_days={days}");
    assert_eq!(fleet.daemon.delete(&leave(5), &fleet.ada).await.status, 200);
    let back = json!({"archived_collector_id": fleet.id});
    let back = fleet.daemon.post("/collectors/re-register", &fleet.ada, back).await;
    assert_eq!(back.status, 200, "{}", back.body);
    assert_eq!(fleet.read_logs("").await.body["total"], 1);

    assert_eq!(fleet.daemon.delete(&leave(1), &fleet.ada).await.status, 200);
    fleet.daemon.clock.advance(Duration::from_secs(2 * 24 * 3600));
    fleet.daemon.node.archive.purge().unwrap();
    let id = fleet.id.parse().unwrap();
    let left = fleet.daemon.node.logs.page(id, &crate::logs::Filter::default(), 1, 0).unwrap();
    assert_eq!((left.total, left.last_id), (0, None));
}
