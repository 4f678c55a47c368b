//! Pushes as agents of all ages send them, and reading back what they brought.

use std::io::{Read, Write};
use std::net::TcpStream;

use pganalytics::access::Role;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::daemon::Daemon;

const MIB: usize = 1024 * 1024;

/// Held by tests that move large bodies, as one of them watches the memory of the whole process.
pub(crate) static LARGE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn now() -> String {
    pganalytics::clock::Clock::System.now().to_string()
}

fn document(value: i64) -> Value {
    json!({"type": "pg_stats", "timestamp": now(), "database": "app",
        "tables": [{"schema": "public", "name": "orders", "live_tuples": value, "last_vacuum": ""}]})
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 1).unwrap()
}

struct Setting {
    daemon: Daemon,
    client: Client,
    id: String,
    token: String,
    viewer: String,
}

impl Setting {
    fn new() -> Self {
        let daemon = Daemon::start();
        let (id, token) = daemon.collector("first");
        let viewer = daemon.user("viewer", Role::Viewer);
        Self { client: Client::new(), id: id.to_string(), token, viewer, daemon }
    }

    fn request(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.client.post(format!("{}/api/v1/metrics/push", self.daemon.url));
        request.bearer_auth(&self.token).header("Content-Type", "application/json").body(body)
    }

    async fn push(&self, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        told(self.request(body).send().await.unwrap()).await
    }

    async fn read(&self, path: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}/api/v1/collectors/{}/{path}", self.daemon.url, self.id));
        told(request.bearer_auth(&self.viewer).send().await.unwrap()).await
    }

    async fn documents(&self) -> Vec<Value> {
        let (_, page) = self.read("documents?limit=1000").await;
        page["documents"].as_array().unwrap().iter().map(|found| found["document"].clone()).collect()
    }
}

async fn told(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

fn body(documents: &[Value]) -> Vec<u8> {
    json!({ "metrics": documents }).to_string().into_bytes()
}

#[tokio::test]
async fn a_push_is_taken_in_every_compression_whatever_its_header_claims() {
    let setting = Setting::new();
    let plain = |value| body(&[document(value)]);
    for (value, bytes) in [(1, plain(1)), (2, gzip(&plain(2))), (3, zstd(&plain(3)))] {
        let (status, reply) = setting.push(bytes.clone()).await;
        assert_eq!((status, reply["status"].as_str()), (StatusCode::OK, Some("success")), "{reply}");
        assert_eq!((&reply["metrics_inserted"], &reply["duplicates"]), (&json!(1), &json!(0)));
        assert_eq!(
            (&reply["collector_id"], &reply["bytes_received"]),
            (&json!(setting.id), &json!(bytes.len()))
        );
        assert!(reply.get("rejected").is_none());
        let values: Vec<_> =
            setting.documents().await.iter().map(|found| found["tables"][0]["live_tuples"].clone()).collect();
        assert_eq!(values, (1..=value).map(Value::from).collect::<Vec<_>>());
    }
    // the second attempt of an old agent
    let lying = setting.request(plain(4)).header("Content-Encoding", "gzip").send().await.unwrap();
    assert_eq!(lying.status(), StatusCode::OK);
    assert_eq!(setting.documents().await.len(), 4);
}

#[tokio::test]
async fn what_is_no_push_is_told_by_field() {
    let setting = Setting::new();
    let broken = &gzip(&body(&[document(1)]))[..20];
    for (bytes, field, code) in [
        (b"{".to_vec(), "body", "json"),
        (b"[]".to_vec(), "body", "format"),
        (b"{}".to_vec(), "metrics", "required"),
        (br#"{"metrics":{}}"#.to_vec(), "metrics", "format"),
        (broken.to_vec(), "body", "compression"),
        (b"".to_vec(), "body", "json"),
    ] {
        let (status, problem) = setting.push(bytes).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        assert_eq!(
            (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
            (&json!(field), &json!(code))
        );
    }
    let mixed =
        body(&[document(1), json!({"type": 7}), json!({"type": "x", "timestamp": "2001-01-01T00:00:00Z"})]);
    let (status, reply) = setting.push(mixed).await;
    assert_eq!((status, &reply["metrics_inserted"]), (StatusCode::OK, &json!(1)));
    let rejected: Vec<_> = reply["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bad| (&bad["index"], &bad["field"], &bad["code"]))
        .collect();
    let (invalid, old) =
        ((json!(1), json!("type"), json!("invalid")), (json!(2), json!("timestamp"), json!("out_of_range")));
    assert_eq!(rejected, [(&invalid.0, &invalid.1, &invalid.2), (&old.0, &old.1, &old.2)]);
}

#[tokio::test]
async fn an_idempotency_key_stands_for_one_push() {
    let setting = Setting::new();
    let keyed = async |bytes: Vec<u8>| {
        told(setting.request(bytes).header("Idempotency-Key", "batch-1").send().await.unwrap()).await
    };
    let plain = body(&[document(1), document(2)]);
    let (_, first) = keyed(plain.clone()).await;
    assert_eq!((&first["metrics_inserted"], &first["duplicates"]), (&json!(2), &json!(0)));
    let (status, again) = keyed(zstd(&plain)).await;
    assert_eq!(
        (status, &again["metrics_inserted"], &again["duplicates"]),
        (StatusCode::OK, &json!(0), &json!(2))
    );
    let (status, other) = keyed(body(&[document(3)])).await;
    assert_eq!((status, &other["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_mismatch")));
    assert_eq!(setting.documents().await.len(), 2);
}

#[tokio::test]
async fn only_the_collector_itself_may_push() {
    let setting = Setting::new();
    let (other, _) = setting.daemon.collector("second");
    let url = format!("{}/api/v1/metrics/push", setting.daemon.url);
    // the token is looked at before the body
    let (status, problem) = told(setting.client.post(&url).body("not read").send().await.unwrap()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")));
    let by_user =
        setting.client.post(&url).bearer_auth(&setting.viewer).body(body(&[])).send().await.unwrap();
    assert_eq!(by_user.status(), StatusCode::FORBIDDEN);
    let named = json!({"collector_id": other.to_string(), "metrics": [document(1)]}).to_string();
    assert_eq!(setting.push(named).await.0, StatusCode::FORBIDDEN);
    let own = json!({"collector_id": setting.id, "metrics": [document(1)]}).to_string();
    assert_eq!(setting.push(own).await.0, StatusCode::OK);
    let header = setting.request(body(&[])).header("X-Collector-ID", other.to_string()).send().await.unwrap();
    assert_eq!(header.status(), StatusCode::FORBIDDEN);
    let own_name = setting.request(body(&[])).header("X-Collector-ID", "collector-001").send().await.unwrap();
    assert_eq!(own_name.status(), StatusCode::OK);
}

/// Resident memory of this process, which holds the daemon.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_bombs_are_refused_in_bounded_memory_while_others_are_served() {
    let _alone = LARGE.lock().await;
    let setting = Setting::new();
    let blanks = vec![b' '; 512 * MIB];
    let (gzip, zstd) = (gzip(&blanks), zstd(&blanks));
    drop(blanks);
    assert_eq!(setting.push(body(&[document(0)])).await.0, StatusCode::OK);
    let before = resident_bytes();
    let mut bombs = tokio::task::JoinSet::new();
    for number in 0..100 {
        bombs.spawn(setting.request(if number % 2 == 0 { gzip.clone() } else { zstd.clone() }).send());
    }
    let mut most = before;
    for value in 1..=3 {
        assert_eq!(setting.push(body(&[document(value)])).await.0, StatusCode::OK);
        most = most.max(resident_bytes());
    }
    while let Some(answer) = bombs.join_next().await {
        assert_eq!(answer.unwrap().unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
        most = most.max(resident_bytes());
    }
    assert!(most - before < 256 * MIB, "memory grew by {} MiB", (most - before) / MIB);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_told_so_and_the_largest_is_taken() {
    let _alone = LARGE.lock().await;
    let setting = Setting::new();
    let mut large = body(&[document(1)]);
    large.resize(64 * MIB, b' ');
    assert_eq!(setting.push(large.clone()).await.0, StatusCode::OK);
    large.push(b' ');
    let (status, problem) = setting.push(large).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_told_to_come_back_before_it_is_read() {
    let _alone = LARGE.lock().await;
    let setting = Setting::new();
    let head = |length: usize| {
        format!(
            "POST /api/v1/metrics/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n",
            setting.token
        )
    };
    let answer = |mut stream: TcpStream| {
        let mut text = [0; 4096];
        let length = stream.read(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let open = |length: usize| {
        let mut stream = TcpStream::connect(&setting.daemon.address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        stream.write_all(head(length).as_bytes()).unwrap();
        stream
    };
    // two that announce the most hold the memory; a byte has arrived, so both were admitted
    let holding = [open(64 * MIB), open(64 * MIB)];
    let refused = crate::support::wait_for("a push that does not fit", || {
        let mut stream = open(60 * MIB);
        // admitted ones wait for their body; the end of it makes them answer, too
        stream.shutdown(std::net::Shutdown::Write).ok()?;
        let text = answer(stream.try_clone().unwrap());
        let _ = stream.flush();
        text.starts_with("HTTP/1.1 503").then_some(text)
    });
    assert!(refused.to_lowercase().contains("retry-after: "), "{refused}");
    assert_eq!(setting.push(body(&[document(1)])).await.0, StatusCode::OK);
    drop(holding);
    let mut stream = open(2);
    stream.write_all(b"{}").unwrap();
    assert!(answer(stream).starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn an_old_agent_that_expects_to_be_told_to_go_on_is_served() {
    let setting = Setting::new();
    let mut stream = TcpStream::connect(&setting.daemon.address).unwrap();
    let plain = String::from_utf8(body(&[document(1)])).unwrap();
    let head = format!(
        "POST /api/v1/metrics/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        setting.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(format!("{:x}\r\n{plain}\r\n0\r\n\r\n", plain.len()).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_push_is_charted_listed_and_read_back() {
    let setting = Setting::new();
    let pushed = document(4286);
    setting.push(body(std::slice::from_ref(&pushed))).await;
    let selector = "pg_stats.tables.live_tuples%7Bdatabase%3D%22app%22%2Cname%3D~%22ord.*%22%7D";
    let (status, chart) = setting.read(&format!("metrics?match={selector}")).await;
    assert_eq!(status, StatusCode::OK, "{chart}");
    let series = &chart["series"][0];
    assert_eq!(series["name"], "pg_stats.tables.live_tuples");
    assert_eq!(series["labels"], json!({"database": "app", "schema": "public", "name": "orders"}));
    assert_eq!(series["points"][0][1], 4286);
    assert_eq!(series["points"].as_array().unwrap().len(), 1);
    let (_, own) = setting.read("metrics").await;
    let names: Vec<_> =
        own["series"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, pganalytics::metrics::AGENT_SERIES);
    assert_eq!(own["summary"]["cpu"], Value::Null);
    let (_, listed) = setting.read("series").await;
    assert_eq!(listed["series"][0]["name"], "pg_stats.tables.live_tuples");
    assert_eq!(listed["series"][0]["first"], pushed["timestamp"]);
    let (_, page) = setting.read("documents?type=pg_stats").await;
    let found = &page["documents"][0];
    assert_eq!((&found["document"], &found["type"], &found["seq"]), (&pushed, &json!("pg_stats"), &json!(1)));
    assert_eq!(page["next_cursor"], Value::Null);
    for (path, field) in [
        ("metrics?step=0", "step"),
        ("metrics?step=fast", "step"),
        ("metrics?step=0.001", "step"),
        ("metrics?from=yesterday", "from"),
        ("metrics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("metrics?match=%7B", "match"),
        ("series?match=a%7Bb%7D", "match"),
        ("documents?limit=0", "limit"),
        ("documents?cursor=x", "cursor"),
    ] {
        let (status, problem) = setting.read(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(problem["errors"][0]["field"], field, "{path}");
    }
    let unknown = format!("{}/api/v1/collectors/col_{}/series", setting.daemon.url, uuid::Uuid::nil());
    let unknown = setting.client.get(unknown).bearer_auth(&setting.viewer).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_push_is_a_sign_of_life_and_is_told_once_it_is_durable() {
    let setting = Setting::new();
    let mut listener = setting.daemon.node.events.listen(None);
    setting.push(body(&[document(1), document(2)])).await;
    let events: Vec<_> = std::iter::from_fn(|| listener.coming.try_recv().ok()).collect();
    let told = events.iter().find(|event| event.kind.as_str() == "collector:metrics").unwrap();
    assert_eq!(told.data["documents"], 2);
    let collector = format!("{}/api/v1/collectors/{}", setting.daemon.url, setting.id);
    let (_, view) =
        self::told(setting.client.get(collector).bearer_auth(&setting.viewer).send().await.unwrap()).await;
    assert_eq!((&view["status"], &view["metrics_collected"]), (&json!("online"), &json!(2)));
}
