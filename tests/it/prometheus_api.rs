//! The HTTP API of Prometheus: documents that collectors pushed give the answers that a real Prometheus 2.42 gives
//! over the same samples; clients of Prometheus can sign in; what would cost too much is refused at once.

mod fleet;
mod grafana;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::promql::is_close;
use crate::support::prometheus::form_of;
use crate::support::wait_for;
use fleet::{Fleet, call};

const EXPRESSIONS: [&str; 36] = [
    "1+1",
    "\"text\"",
    "pg_up",
    "sum by (environment) (pg_up)",
    "pg_stat_database_xact_commit",
    "rate(pg_stat_database_xact_commit[5m])",
    "sum by (collector) (rate(pg_stats_transactions_committed{collector=~\"db-.*\"}[10m]))",
    "increase(pg_stat_database_xact_commit{datname=\"app\"}[1h])",
    "irate(pg_stat_database_xact_commit[3m]) > 1",
    "pg_database_size_bytes",
    "pg_database_size_bytes{collector!=\"db-1\"}",
    "pg_database_size_bytes{group=\"\"}",
    "pg_database_size_bytes{group!=\"\"}",
    "delta(pg_stats_size_bytes[30m])",
    "topk(1, pg_stat_user_tables_n_live_tup) by (collector)",
    "pg_stats_tables_live_tuples{name=\"orders\"} - ignoring(name) pg_stats_tables_live_tuples{name=\"items\"}",
    "node_memory_MemFree_bytes / node_memory_MemTotal_bytes * 100",
    "1 - node_memory_MemFree_bytes / ignoring(zone) group_left node_memory_MemTotal_bytes",
    "avg_over_time(node_memory_MemFree_bytes[15m])",
    "histogram_quantile(0.9, sum by (le) (rate(demo_latency_rows_bucket[5m])))",
    "demo_load{zone=~\"eu.*\"}",
    "quantile_over_time(0.9, demo_load[20m])",
    "max_over_time(demo_load[20m:90s])",
    "demo_load offset 10m",
    "demo_load @ end()",
    "demo_load[3m]",
    "{__name__=~\"pg_.+|demo_load\",collector=\"db-2\"}",
    "count by (__name__) ({collector=\"db-1\"})",
    "absent(pg_up{collector=\"nobody\"})",
    "count({__name__=~\".+\"})",
    "label_replace(demo_load, \"place\", \"$1\", \"zone\", \"(.*)-.*\")",
    "timestamp(pg_up)",
    "pg_up{collector=~\"(\"}",
    "sum(",
    "pg_up + on(environment) pg_up",
    "nothing",
];

fn seconds(milliseconds: i64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Sorts series, and takes numbers for equal that are close.
fn assert_same(what: &str, ours: &Value, theirs: &Value) {
    let sorted = |value: &Value| {
        let mut all = value.as_array().unwrap().clone();
        all.sort_by_key(|series| series["metric"].to_string());
        all
    };
    let are_series = |value: &Value| value[0]["metric"].is_object();
    if are_series(ours) && are_series(theirs) {
        let (ours, theirs) = (sorted(ours), sorted(theirs));
        assert_eq!(ours.len(), theirs.len(), "{what}: {ours:?} and {theirs:?}");
        for (one, other) in ours.iter().zip(&theirs) {
            assert_eq!(one["metric"], other["metric"], "{what}");
            for values in ["value", "values"] {
                assert_close(what, &one[values], &other[values]);
            }
        }
    } else {
        assert_close(what, ours, theirs);
    }
}

fn assert_close(what: &str, ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{what}: {ours} and {theirs}");
            one.iter().zip(other).for_each(|(one, other)| assert_close(what, one, other));
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let (one, other): (f64, f64) = (one.parse().unwrap(), other.parse().unwrap());
            assert!(is_close(one, other), "{what}: {one} and {other}");
        }
        _ => assert_eq!(ours, theirs, "{what}"),
    }
}

#[test]
fn what_was_pushed_is_answered_as_prometheus_answers_it() {
    let fleet = Fleet::start();
    let prometheus = fleet.prometheus();
    let (start, end) = (seconds(fleet.start), seconds(fleet.end()));
    let (at, later) = (seconds(fleet.start + 2_500_123), seconds(fleet.end() - 30_000));
    let range = [("start", start.as_str()), ("end", end.as_str()), ("step", "70")];
    let mut asked = Vec::new();
    for text in EXPRESSIONS {
        asked.push(("query", vec![("query", text), ("time", &at)]));
        asked.push(("query", vec![("query", text), ("time", &later)]));
        asked.push(("query_range", [&[("query", text)][..], &range].concat()));
    }
    for (path, form) in asked {
        let what = format!("{path} {form:?}");
        let (ours, theirs) = (fleet.call(path, &form), prometheus.call(path, &form));
        assert_eq!(ours.status, theirs.status, "{what}: {} and {}", ours.text, theirs.text);
        for member in ["status", "errorType"] {
            assert_eq!(ours.body[member], theirs.body[member], "{what}: {}", ours.text);
        }
        let data = |body: &Value| body["data"]["resultType"].clone();
        assert_eq!(data(&ours.body), data(&theirs.body), "{what}");
        assert_same(&what, &ours.body["data"]["result"], &theirs.body["data"]["result"]);
    }
    let range = [("start", start.as_str()), ("end", end.as_str())];
    let some = [("match[]", "{collector=\"db-2\",__name__=~\"pg_.*\"}"), ("match[]", "demo_load")];
    let some = [&some[..], &range].concat();
    for (path, form) in [
        ("labels", &range[..]),
        ("labels", &some),
        ("series", &some),
        ("series", &range),
        ("labels", &[("start", "yesterday")]),
        ("format_query", &[("query", "sum by(a) (b{c=\"d\"})+1")]),
        ("format_query", &[("query", "sum(")]),
        ("query_exemplars", &[("query", "pg_up"), ("start", &start), ("end", &end)]),
    ] {
        let (ours, theirs) = (fleet.call(path, form), prometheus.call(path, form));
        assert_eq!(ours.status, theirs.status, "{path} {form:?}: {} and {}", ours.text, theirs.text);
        assert_eq!(in_order(&ours.body["data"]), in_order(&theirs.body["data"]), "{path} {form:?}");
        assert_eq!(ours.body["errorType"], theirs.body["errorType"], "{path} {form:?}");
    }
    for name in ["__name__", "collector", "le", "nothing"] {
        let path = format!("label/{name}/values");
        let theirs = prometheus.get(&format!("{path}?{}", form_of(&range)));
        for ours in [fleet.get(&path, &range), fleet.call(&path, &range)] {
            assert_eq!(ours.body["data"], theirs["data"], "{name}");
        }
    }
}

fn in_order(data: &Value) -> Value {
    let Value::Array(all) = data else { return data.clone() };
    let mut all = all.clone();
    all.sort_by_key(Value::to_string);
    all.into()
}

#[test]
fn data_sources_sign_in_by_token_password_or_cookie() {
    let fleet = Fleet::start();
    let client = &fleet.appliance.client;
    let form = [("query", "1"), ("time", "0")];
    let basic = |text: &str| {
        use base64::Engine as _;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    let token = &fleet.token;
    for (authorization, status) in [
        (format!("Bearer {token}"), 200),
        (basic(&format!("anybody:{token}")), 200),
        (basic(&format!(":{token}")), 200),
        (basic("ada:correct horse battery staple"), 401),
        (basic(token), 401),
        ("Basic !".to_owned(), 401),
        ("Bearer rubbish".to_owned(), 401),
    ] {
        let reply = call(client, "query", &form, &authorization);
        assert_eq!(reply.status, status, "{authorization}: {}", reply.text);
        if status == 401 {
            assert_eq!(
                (reply.string("status"), reply.string("errorType")),
                ("error".into(), "unauthorized".into())
            );
        }
    }
    // elsewhere a password is none
    let headers = [("authorization", basic(&format!("anybody:{token}")))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(client.send(Method::GET, "/api/v1/auth/me", &headers, Vec::new()).status, 401);
    let login = fleet.appliance.try_login("ada", "correct horse battery staple");
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let reply = client.send(Method::POST, "/prometheus/api/v1/query", &headers, form_of(&form).into_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text);
    let (_, agent) = fleet.appliance.collector(&fleet.admin, "db-3");
    let refused = call(client, "query", &form, &format!("Bearer {agent}"));
    assert_eq!((refused.status, refused.string("errorType")), (403, "forbidden".into()));
}

/// Queries that nobody waits for would keep the others from their turns.
#[test]
fn a_query_ends_when_its_client_is_gone() {
    let fleet = Fleet::start();
    let end = seconds(fleet.end());
    let start = seconds(fleet.end() - 1_000_000);
    // half a minute of work for each of those that may run at once
    let text = "quantile_over_time(0.5, vector(time())[20d:20s])";
    let form = form_of(&[("query", text), ("start", &start), ("end", &end), ("step", "1")]);
    let head = format!(
        "GET /prometheus/api/v1/query_range?{form} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        fleet.token
    );
    let ask = || {
        let mut stream = TcpStream::connect(fleet.appliance.client.address()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let asked: Vec<_> = (0..pganalytics::limits::PROMQL_RUNNING).map(|_| ask()).collect();
    let quick = |timeout: &str| fleet.call("query", &[("query", "1"), ("timeout", timeout)]).status;
    let (_, agent) = fleet.appliance.collector(&fleet.admin, "db-3");
    wait_for("all turns to be taken", || (quick("0.1") == 503).then_some(()));
    // agents need no turn
    let document = json!({"type": "demo", "timestamp": crate::support::appliance::now(), "load": 1});
    assert_eq!(fleet.appliance.client.push(&agent, "meanwhile", &[document]).status, 200);
    drop(asked);
    let began = Instant::now();
    assert_eq!(quick("20"), 200);
    assert!(began.elapsed() < Duration::from_secs(5), "the turns came back after {:?}", began.elapsed());
}

/// Each is refused in Prometheus's form, and soon.
#[test]
fn what_would_cost_too_much_is_refused_at_once() {
    let fleet = Fleet::start();
    let (start, end) = (seconds(fleet.start), seconds(fleet.end()));
    let explosion = format!("demo_load{{zone=~\"{}a{{1000}}{}\"}}", "(".repeat(20), "){1000}".repeat(20));
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let chain = format!("1{}", "+1".repeat(10_000));
    let long = "a".repeat(100_000);
    let year = seconds(fleet.end() - 365 * 86_400_000);
    let at = |text: &'static str| vec![("query", text)];
    let between = |text: &'static str, start: &str, step: &'static str| {
        [("query", text), ("start", start), ("end", &end), ("step", step)]
            .map(|(name, value)| (name, value.to_owned()))
    };
    let form = |pairs: Vec<(&'static str, &str)>| -> Vec<(&'static str, String)> {
        pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
    };
    let cases = [
        ("query", form(vec![("query", &explosion)]), 400, "bad_data"),
        ("query", form(vec![("query", &deep)]), 400, "bad_data"),
        ("query", form(vec![("query", &chain)]), 400, "bad_data"),
        ("query", form(vec![("query", &long)]), 400, "bad_data"),
        (
            "query",
            form(at("label_replace(demo_load, \"a\", \"b\", \"zone\", \"((x{500}){500}){500}\")")),
            422,
            "execution",
        ),
        ("query", form(at("max_over_time(demo_load[10y:1ms])")), 422, "execution"),
        ("query", form(at("demo_load[Inf]")), 400, "bad_data"),
        ("query", form(at("demo_load offset NaN")), 400, "bad_data"),
        ("query", form(at("topk(Inf, demo_load)")), 422, "execution"),
        ("query", form(at("topk(NaN, pg_up @ end())")), 422, "execution"),
        ("query", form(vec![]), 400, "bad_data"),
        ("query", form(vec![("query", "1"), ("time", "NaN")]), 400, "bad_data"),
        ("query", form(vec![("query", "1"), ("time", "1e300")]), 400, "bad_data"),
        ("query", form(vec![("query", "1"), ("time", "Inf")]), 400, "bad_data"),
        ("query", form(vec![("query", "1"), ("time", "-Inf")]), 400, "bad_data"),
        ("query", form(at("demo_load @ Inf")), 400, "bad_data"),
        ("query", form(at("demo_load[5m:NaN]")), 400, "bad_data"),
        ("query", form(at("bottomk(-Inf, demo_load)")), 422, "execution"),
        ("query", form(vec![("query", "pg_up"), ("timeout", "0")]), 503, "timeout"),
        ("query", form(vec![("query", "1"), ("timeout", "Inf")]), 400, "bad_data"),
        ("query", form(vec![("query", "1"), ("timeout", "soon")]), 400, "bad_data"),
        ("query_range", between("demo_load", &year, "0.001").to_vec(), 400, "bad_data"),
        ("query_range", between("demo_load", &start, "0").to_vec(), 400, "bad_data"),
        ("query_range", between("demo_load", &start, "-5").to_vec(), 400, "bad_data"),
        ("query_range", between("demo_load", &start, "NaN").to_vec(), 400, "bad_data"),
        ("query_range", between("demo_load", &start, "Inf").to_vec(), 400, "bad_data"),
        ("query_range", between("demo_load", "NaN", "60").to_vec(), 400, "bad_data"),
        ("query_range", between("demo_load", "-Inf", "60").to_vec(), 400, "bad_data"),
        ("query_range", between("demo_load[5m]", &start, "60").to_vec(), 400, "bad_data"),
        ("series", form(vec![]), 400, "bad_data"),
        ("series", form(vec![("match[]", "{}")]), 400, "bad_data"),
        ("series", form(vec![("match[]", "rate(pg_up[5m])")]), 400, "bad_data"),
        ("label/a-b/values", form(vec![]), 400, "bad_data"),
    ];
    for (path, form, status, kind) in cases {
        let began = Instant::now();
        let pairs: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = fleet.call(path, &pairs);
        let what: String = format!("{path} {pairs:?}").chars().take(120).collect();
        assert_eq!(reply.status, status, "{what}: {}", reply.text);
        assert!(began.elapsed() < Duration::from_secs(5), "{what} took {:?}", began.elapsed());
        if status != 200 {
            assert_eq!(reply.string("status"), "error", "{what}");
            assert_eq!(reply.string("errorType"), kind, "{what}: {}", reply.text);
            assert!(!reply.string("error").is_empty(), "{what}");
        }
    }
    let nothing = fleet.call("nothing", &[]);
    assert_eq!((nothing.status, nothing.string("errorType")), (404, "not_found".into()));
}

/// A collector may have sent a label that is another one each time; who asks for all of it waits for an error only.
#[test]
fn more_series_than_a_query_may_find_are_refused() {
    const DOCUMENTS: usize = 21;
    const ROWS: usize = pganalytics::limits::PROMQL_SERIES / (DOCUMENTS - 1);
    let fleet = Fleet::start();
    let (_, agent) = fleet.appliance.collector(&fleet.admin, "db-3");
    let document = |number: usize| {
        let rows = (0..ROWS).map(|row| json!({"n": format!("{number}-{row}"), "v": row})).collect::<Vec<_>>();
        json!({"type": "many", "timestamp": crate::support::appliance::now(), "rows": rows})
    };
    for number in 0..DOCUMENTS {
        let pushed = fleet.appliance.client.push(&agent, &number.to_string(), &[document(number)]);
        assert_eq!(pushed.status, 200, "{}", pushed.text);
    }
    let (start, end) = (seconds(fleet.start), seconds(fleet.end() + 86_400_000));
    let range = [("start", start.as_str()), ("end", end.as_str())];
    for (path, form) in [
        ("query", vec![("query", "count(many_rows_v)")]),
        ("query", vec![("query", "{__name__=~\".+\"}")]),
        ("query_range", [&[("query", "sum(many_rows_v)"), ("step", "3600")][..], &range].concat()),
        ("series", [&[("match[]", "many_rows_v")][..], &range].concat()),
        ("label/n/values", range.to_vec()),
    ] {
        let reply = fleet.call(path, &form);
        assert_eq!(
            (reply.status, reply.string("errorType")),
            (422, "execution".into()),
            "{path}: {}",
            reply.text
        );
        assert!(reply.string("error").contains("series"), "{}", reply.text);
    }
    // the others are found as before
    assert_eq!(
        fleet.call("query", &[("query", "count(pg_up)"), ("time", &seconds(fleet.end() - 60_000))]).status,
        200
    );
}
