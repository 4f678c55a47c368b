//! What makes no sense is refused with its field, by the real daemon, which goes on.

use std::time::Duration;

use pganalytics::http::routes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::appliance::{Appliance, now, registration};
use crate::support::client::Reply;
use crate::support::raw::Raw;

const REGISTER: &str = "/api/v1/collectors/register";

fn with(member: &str, value: Value) -> Value {
    let mut body = registration("db-1");
    body[member] = value;
    body
}

fn codes(reply: &Reply) -> Vec<String> {
    let errors = reply.body["errors"].as_array().unwrap();
    let said = |error: &Value| {
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        format!("{} {}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap())
    };
    errors.iter().map(said).collect()
}

#[test]
fn every_field_at_fault_is_named_and_all_of_them_at_once() {
    let (appliance, ada) = Appliance::with_admin();
    let register = |body: &Value| appliance.client.post(REGISTER, Some(&ada), body);
    let long = "x".repeat(300);
    for (member, value, said) in [
        ("name", json!(long), "name length"),
        ("name", json!(""), "name length"),
        ("name", json!(7), "name type"),
        ("name", json!("a\u{0}b"), "name characters"),
        ("port", json!(70000), "port range"),
        ("port", json!(0), "port range"),
        ("port", json!("5432"), "port range"),
        ("port", json!(54.5), "port range"),
        ("type", json!("sybase"), "type choice"),
        ("environment", json!("prod"), "environment choice"),
        ("ssl_mode", json!("verify-full"), "ssl_mode choice"),
        ("collection_interval", json!(9), "collection_interval range"),
        ("query_limit", json!(10_001), "query_limit range"),
        ("description", json!("x".repeat(1001)), "description length"),
        ("tags", json!("a"), "tags type"),
        ("tags", json!(["x".repeat(51)]), "tags length"),
        ("host", json!("/tmp"), "host format"),
        ("host", json!("a b"), "host format"),
        ("database", json!("x".repeat(256)), "database length"),
        ("ssl_certificate", json!("not base64!"), "ssl_certificate format"),
        ("group", json!("No such group"), "group unknown"),
        ("test_connection", json!("yes"), "test_connection type"),
        ("nmae", json!("a"), "nmae unknown"),
    ] {
        let reply = register(&with(member, value));
        assert_eq!((reply.problem(), codes(&reply)), ((400, "validation_failed"), vec![said.to_owned()]));
    }
    let all = register(&json!({
        "name": long, "type": "x", "environment": "x", "host": "", "port": 70000, "database": "", "username": "",
        "password": 5, "ssl_mode": "x", "surplus": null, "another": 1,
    }));
    assert_eq!(all.problem(), (400, "validation_failed"));
    for field in [
        "name",
        "type",
        "environment",
        "host",
        "port",
        "database",
        "username",
        "password",
        "ssl_mode",
        "another",
    ] {
        assert!(all.fields().contains(&field), "{field} is not in {}", all.text);
    }
    assert_eq!(register(&json!({})).fields().len(), 9, "what is missing is told at once");
    let user = json!({"username": "bob", "password": crate::support::appliance::PASSWORD, "role": "owner"});
    let user = appliance.client.post("/api/v1/users", Some(&ada), &user);
    assert_eq!((user.problem().0, user.fields()), (400, vec!["role"]));
    assert_eq!(appliance.client.get("/api/v1/collectors", Some(&ada)).body["total"], 0, "nothing was stored");
}

#[test]
fn a_name_is_taken_once_however_it_is_written() {
    let (appliance, ada) = Appliance::with_admin();
    appliance.collector(&ada, "db-1");
    for name in ["db-1", "DB-1", " db-1 "] {
        let again = appliance.client.post(REGISTER, Some(&ada), &registration(name));
        assert_eq!(again.problem(), (409, "name_taken"), "{name:?}");
    }
}

#[test]
fn a_body_that_is_no_json_is_told_where_and_never_repeated() {
    let (appliance, ada) = Appliance::with_admin();
    let bearer = format!("Bearer {ada}");
    let send = |kind: &str, body: &[u8]| {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        appliance.client.send(Method::POST, REGISTER, &headers, body.to_vec())
    };
    let deep = "[".repeat(100_000);
    for body in
        [&b"{\"password\": \"canary"[..], b"[1]", b"7", b"\xff\xfe", deep.as_bytes(), b"{\"port\": 1e999}"]
    {
        let reply = send("application/json", body);
        assert_eq!(reply.problem(), (400, "validation_failed"));
        assert!(!reply.text.contains("canary"), "{}", reply.text);
        assert_eq!(reply.fields(), ["body"], "{}", reply.text);
    }
    assert_eq!(send("text/xml", b"<a/>").problem().0, 415);
    assert_eq!(send("application/json", &vec![b' '; 2 << 20]).problem(), (413, "too_large"));
}

/// Ids, names and queries that break parsers, on every route, with the rights to get past the door.
#[test]
fn no_input_on_any_route_is_answered_with_a_server_error() {
    let (mut appliance, ada) = Appliance::with_admin();
    let api_token = appliance.client.post("/api/v1/api-tokens", Some(&ada), &json!({"name": "fuzz"}));
    let admin = api_token.string("token");
    let (id, agent) = appliance.collector(&ada, "db-1");
    let deep = format!("{}1{}", "{\"a\":".repeat(120), "}".repeat(120));
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"\":1}",
        "{\"metrics\":null}",
        "{\"metrics\":[[],{},null,1,\"\"]}",
        "{\"username\":\"\\u0000\",\"password\":\"\\ud800\"}",
        "{\"name\":{\"a\":[]},\"role\":[]}",
        "{\"timestamp\":\"9999-99-99T00:00:00Z\",\"status\":\"active\"}",
        "{\"timestamp\":\"2026-01-01T00:00:00Z\",\"status\":\"active\",\"cpu_usage\":1e308,\"metrics_count\":-1}",
        "{\"expires_in_days\":9223372036854775807,\"max_uses\":1e30,\"name\":\"x\"}",
        "{\"color\":\"#\u{e9}\u{e9}\u{e9}\",\"name\":\"\u{202e}x\",\"display_order\":-9223372036854775808}",
        deep.as_str(),
    ];
    let ids = [
        "x",
        "col_",
        "col_\u{e9}",
        "%00",
        "%2e%2e%2fetc",
        "'; DROP TABLE users; --",
        id.as_str(),
        &"9".repeat(5000),
    ];
    let queries = [
        "",
        "?limit=-1",
        "?limit=99999999999999999999",
        "?cursor=%ff",
        "?from=now&to=then",
        "?match=%7B%7B%7B",
        "?page=0",
        "?match=a%7Bb%3D~%22(((((((((%22%7D",
        "?step=1e-300",
        "?sort='&order=up",
        "?search=%25%5F%00",
        "?%ff=%ff",
        "?ticket=",
        "?from=-262144-01-01T00:00:00Z&to=%2B262143-12-31T23:59:59Z",
        "?format=xml",
        "?a&b&&=&",
    ];
    for route in routes::all() {
        let method = Method::from_bytes(route.method.as_str().as_bytes()).unwrap();
        let token =
            if route.path.contains("/heartbeat") || route.path.contains("push") { &agent } else { &admin };
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let call = |path: &str, body: &str| {
            let reply = appliance.client.send(method.clone(), path, &headers, body.as_bytes().to_vec());
            assert!(reply.status < 500, "{method} {path} {body:?}: {} {}", reply.status, reply.text);
        };
        let has_id = route.path.contains('{');
        let place = |id: &str| route.path.replace("{id}", id).replace("{collector_id}", id);
        if has_id {
            for id in ids {
                call(&place(id), "{}");
            }
        }
        if method == Method::GET {
            for query in queries {
                call(&format!("{}{query}", place(&id)), "");
            }
        } else {
            for body in bodies {
                call(&place(&id), body);
            }
        }
    }
    assert!(!appliance.has_ended());
    assert!(!appliance.said().contains("panicked"), "{}", appliance.said());
    assert_eq!(appliance.client.get("/api/v1/audit/verify", Some(&ada)).body["verified"], true);
}

#[test]
fn bad_documents_are_told_by_place_and_the_good_ones_of_their_push_are_kept() {
    let (appliance, ada) = Appliance::with_admin();
    let (id, token) = appliance.collector(&ada, "db-1");
    let mut deep = json!(1);
    (0..70).for_each(|_| deep = json!([deep]));
    let good = |n: u32| json!({"type": "probe", "timestamp": now(), "n": n});
    let documents = [
        good(0),
        json!({"timestamp": now()}),
        json!([1]),
        json!({"type": "probe", "timestamp": "yesterday"}),
        json!({"type": "probe", "timestamp": "2001-01-01T00:00:00Z"}),
        json!({"type": "probe", "timestamp": "2999-01-01T00:00:00Z"}),
        json!({"type": "x".repeat(101), "timestamp": now()}),
        json!({"type": "probe", "timestamp": now(), "deep": deep}),
        good(1),
    ];
    let reply = appliance.client.push(&token, "mixed", &documents);
    assert_eq!((reply.status, &reply.body["metrics_inserted"]), (200, &json!(2)), "{}", reply.text);
    let rejected: Vec<_> = reply.body["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bad| (bad["index"].as_u64().unwrap(), bad["field"].as_str().unwrap()))
        .collect();
    let expected =
        [(1, "type"), (2, ""), (3, "timestamp"), (4, "timestamp"), (5, "timestamp"), (6, "type"), (7, "")];
    assert_eq!(rejected, expected, "{}", reply.text);
    let codes: Vec<_> =
        reply.body["rejected"].as_array().unwrap().iter().map(|bad| bad["code"].clone()).collect();
    assert_eq!((&codes[3], &codes[4]), (&json!("out_of_range"), &json!("out_of_range")), "{codes:?}");
    let kept: Vec<_> =
        appliance.documents(&ada, &id, "probe").iter().map(|kept| kept["document"].clone()).collect();
    assert_eq!(kept, [documents[0].clone(), documents[8].clone()]);
}

/// The values come back as they were pushed: 64-bit numbers, empty texts, odd keys.
#[test]
fn a_document_is_read_back_as_it_was_pushed() {
    let (appliance, ada) = Appliance::with_admin();
    let (id, token) = appliance.collector(&ada, "db-1");
    let text = format!(
        r#"{{"metrics":[{{"type":"odd","timestamp":"{}","min":-9223372036854775808,"max":18446744073709551615,
        "tiny":5e-324,"tenth":0.1,"e":1E2,"":"","a.b":{{"c d":[[],{{}},null,true]}},"text":"\u0000\ud83d\ude00\"\\"}}]}}"#,
        now()
    );
    let bearer = format!("Bearer {token}");
    let reply = appliance.client.send(
        Method::POST,
        "/api/v1/metrics/push",
        &[("authorization", &bearer)],
        text.clone().into_bytes(),
    );
    assert_eq!((reply.status, &reply.body["metrics_inserted"]), (200, &json!(1)), "{}", reply.text);
    let pushed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(appliance.documents(&ada, &id, "odd")[0]["document"], pushed["metrics"][0]);
}

#[test]
fn a_collector_speaks_for_itself_only() {
    let (appliance, ada) = Appliance::with_admin();
    let (own, token) = appliance.collector(&ada, "own");
    let (other, _) = appliance.collector(&ada, "other");
    let body = json!({"collector_id": other, "metrics": [{"type": "probe", "timestamp": now()}]});
    assert_eq!(
        appliance.client.post("/api/v1/metrics/push", Some(&token), &body).problem(),
        (403, "forbidden")
    );
    let beat = json!({"timestamp": now(), "status": "active"});
    let path = format!("/api/v1/collectors/{other}/heartbeat");
    assert_eq!(appliance.client.post(&path, Some(&token), &beat).problem(), (403, "forbidden"));
    let config = |id: &str, token: Option<&str>| appliance.client.get(&format!("/api/v1/config/{id}"), token);
    assert_eq!(config(&other, Some(&token)).problem(), (403, "forbidden"));
    for id in [own.as_str(), "collector-001"] {
        let reply = config(id, Some(&token));
        assert_eq!((reply.status, reply.header("x-config-version")), (200, "1"), "{}", reply.text);
        assert!(reply.text.contains(&own) && reply.header("content-type").starts_with("text/plain"));
        let again = appliance.client.send(
            Method::GET,
            &format!("/api/v1/config/{id}"),
            &[("authorization", &format!("Bearer {token}")), ("if-none-match", reply.header("etag"))],
            Vec::new(),
        );
        assert_eq!(again.status, 304);
    }
    // a v3 collector that is answered 401 there asks again without end, and does not listen to SIGTERM
    for dead in [None, Some("rubbish"), Some(""), Some(ada.as_str())] {
        assert_eq!(config(&own, dead).problem().0, 403, "{dead:?}");
    }
    assert!(appliance.documents(&ada, &other, "probe").is_empty());
}

#[test]
fn heads_that_are_too_large_or_make_no_sense_cost_one_connection() {
    let (mut appliance, ada) = Appliance::with_admin();
    let address = appliance.client.address().to_owned();
    let huge = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "a".repeat(300_000));
    let many = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(5000));
    for head in [
        huge.as_str(),
        &many,
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /livez HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}",
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let mut raw = Raw::connect(&address);
        raw.say(head);
        let status = raw.status_line();
        let refused =
            status.is_empty() || status.starts_with("HTTP/1.1 4") || status.starts_with("HTTP/1.0 4");
        assert!(refused, "{:?} is answered {status}", &head[..head.len().min(60)]);
    }
    assert!(!appliance.has_ended());
    assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&ada)).status, 200);
}

/// Whoever opens connections and says little holds no place for long, and nobody else waits for it.
#[test]
fn those_who_dawdle_are_sent_away_and_others_are_served_meanwhile() {
    let (appliance, ada) = Appliance::with_admin();
    let address = appliance.client.address();
    let started = std::time::Instant::now();
    let mut heads: Vec<Raw> = (0..50).map(|_| Raw::connect(address)).collect();
    for raw in &mut heads {
        raw.say("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    }
    let (_, agent) = appliance.collector(&ada, "db-1");
    let mut bodies: Vec<Raw> = (0..60).map(|_| Raw::connect(address)).collect();
    for (number, raw) in bodies.iter_mut().enumerate() {
        let (path, token) = match number % 3 {
            0 => ("auth/login", "none"),
            1 => ("collectors/refresh-token", agent.as_str()),
            _ => ("users", "dead"),
        };
        raw.say(format!(
            "POST /api/v1/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        ));
    }
    for _ in 0..20 {
        let asked = std::time::Instant::now();
        assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&ada)).status, 200);
        assert!(asked.elapsed() < Duration::from_secs(2), "took {:?}", asked.elapsed());
    }
    for raw in heads.iter_mut().chain(&mut bodies) {
        raw.rest();
    }
    assert!(started.elapsed() < Duration::from_secs(30), "took {:?}", started.elapsed());
}
