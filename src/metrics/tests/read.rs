//! Reading back: documents whole, series named, points exact and bounded.

use super::*;
use crate::metrics::{AgentFigures, Number, QueryError, StepFunction};

fn query(matcher: &str, step: Option<u64>) -> PointsQuery {
    PointsQuery {
        collector: id(1),
        from: START,
        to: at(59),
        step: step.map(Duration::from_secs),
        function: StepFunction::Last,
        matchers: vec![matcher.parse().unwrap()],
    }
}

#[test]
fn documents_keep_every_digit_and_every_string() {
    let store = Store::new();
    let text = r#"{"type":"x","timestamp":"2026-11-20T15:00:00Z","big":12345678901234567890123.10,"max":9223372036854775807,
        "hash":-622534093777688784,"e":1e400,"empty":"","list":[],"null":null,"é":"\u00e9\n","again":1,"again":2}"#;
    store.push_texts(1, None, &[RawValue::from_string(text.to_owned()).unwrap()]).unwrap();
    let found = store.documents(1);
    // all but the space between its members
    let text = text.replace("\n        ", "");
    assert_eq!((&found[0].text, found[0].kind.as_str(), found[0].seq), (&text, "x", 1));
    assert_eq!(store.points(1, "x.max")[0].points, [(START, Some(Number::Whole(i64::MAX)))]);
    assert_eq!(store.points(1, "x.e")[0].points[0].1.unwrap().to_json(), Value::Null);
}

#[test]
fn documents_are_paged_in_the_order_of_time_over_all_types() {
    let store = Store::new();
    let mut expected = Vec::new();
    for seconds in 0..30 {
        for kind in ["a", "a.b", "b"] {
            expected.push(json!({"type": kind, "timestamp": at(seconds), "n": seconds}));
        }
    }
    // what comes late stands where it belongs
    let (late, early): (Vec<_>, Vec<_>) =
        expected.iter().cloned().partition(|one| one["n"].as_u64() < Some(10));
    store.push(1, None, &early).unwrap();
    store.push(1, None, &late).unwrap();
    assert_eq!(store.values(1), expected);
    let page = DocumentsQuery {
        collector: id(1),
        kind: Some("a.b".to_owned()),
        from: at(5),
        to: at(6),
        limit: 100,
        after: None,
    };
    let page = store.metrics.documents(&page).unwrap();
    assert_eq!(page.documents.iter().map(|found| found.timestamp).collect::<Vec<_>>(), [at(5), at(6)]);
    assert!(page.next.is_none());
}

#[test]
fn every_document_of_one_second_is_a_point_in_the_order_of_the_push() {
    let store = Store::new();
    let documents: Vec<_> = (0..4).map(|value| document(1, value)).collect();
    store.push(1, None, &documents).unwrap();
    let points = &store.points(1, "x.n")[0].points;
    assert_eq!(*points, (0..4).map(|value| (at(1), Some(Number::Whole(value)))).collect::<Vec<_>>());
}

#[test]
fn a_step_has_its_last_value_and_a_gap_stays_a_gap() {
    let store = Store::new();
    let documents: Vec<_> = [0, 5, 9, 30].into_iter().map(|seconds| document(seconds, 100)).collect();
    store.push(1, None, &documents).unwrap();
    store.push(1, None, &[document(7, 8), document(9, 9)]).unwrap();
    let found = store.metrics.points(&query("x.n", Some(10))).unwrap();
    let points: Vec<_> =
        found[0].points.iter().map(|(time, value)| (*time, value.map(Number::as_f64))).collect();
    let expected = [
        (at(0), Some(9.0)),
        (at(10), None),
        (at(20), None),
        (at(30), Some(100.0)),
        (at(40), None),
        (at(50), None),
    ];
    assert_eq!(points, expected);
    assert!(store.metrics.points(&query("x.other", Some(10))).unwrap().is_empty());
}

/// Late documents come behind others of their hour, and a rate needs the order of time.
#[test]
fn a_function_of_a_step_takes_its_numbers_in_the_order_of_time() {
    let store = Store::new();
    let documents: Vec<_> = [(0, 10), (40, 130)].map(|(seconds, n)| document(seconds, n)).into();
    store.push(1, None, &documents).unwrap();
    store.push(1, None, &[document(20, 30)]).unwrap();
    let values = |function| {
        let found = store.metrics.points(&PointsQuery { function, ..query("x.n", Some(30)) }).unwrap();
        found[0].points.iter().map(|(_, value)| value.map(Number::as_f64)).collect::<Vec<_>>()
    };
    assert_eq!(values(StepFunction::Rate), [Some(1.0), Some(5.0)]);
    assert_eq!(values(StepFunction::Avg), [Some(20.0), Some(130.0)]);
    assert_eq!(values(StepFunction::Min), [Some(10.0), Some(130.0)]);
}

#[test]
fn more_points_than_a_chart_can_show_are_an_error_that_names_the_series() {
    let store = Store::new();
    let documents: Vec<_> = (0..=11_000).map(|value| document(1, value)).collect();
    store.push(1, None, &documents[1..]).unwrap();
    assert_eq!(store.metrics.points(&query("x.n", None)).unwrap()[0].points.len(), limits::SERIES_POINTS);
    store.push(1, None, &documents[..1]).unwrap();
    let error = store.metrics.points(&query("x.n", None)).unwrap_err();
    assert!(matches!(&error, QueryError::TooManySeriesPoints { name } if name == "x.n"), "{error}");
    assert!(error.to_string().contains("11000"), "{error}");
    let mut fine = query("x.n", None);
    fine.step = Some(Duration::from_millis(5));
    assert!(matches!(store.metrics.points(&fine), Err(QueryError::TooManySeriesPoints { .. })));
    fine.step = Some(Duration::ZERO);
    assert!(matches!(store.metrics.points(&fine), Err(QueryError::BadStep)));
    std::mem::swap(&mut fine.from, &mut fine.to);
    assert!(matches!(store.metrics.points(&fine), Err(QueryError::BadRange { .. })));
    fine.matchers = (0..=limits::QUERY_MATCHERS).map(|_| Matcher::named("x.n")).collect();
    std::mem::swap(&mut fine.from, &mut fine.to);
    assert!(matches!(store.metrics.points(&fine), Err(QueryError::TooManyMatchers(_))));
}

#[test]
fn series_are_listed_with_their_first_and_last_document() {
    let store = Store::new();
    let table = |seconds, name| {
        json!({"type": "pg_stats", "timestamp": at(seconds), "database": "app",
            "tables": [{"schema": "public", "name": name, "live_tuples": 1, "dead_tuples": 2}]})
    };
    store.push(1, None, &[table(5, "orders"), table(9, "orders"), table(7, "lines")]).unwrap();
    let matchers = [r#"pg_stats.tables.live_tuples{database="app",schema=~"pub.*"}"#.parse().unwrap()];
    let listed = store.metrics.series(id(1), &matchers).unwrap();
    let listed: Vec<_> =
        listed.iter().map(|one| (one.series.labels["name"].as_str(), one.first, one.last)).collect();
    assert_eq!(listed, [("lines", at(7), at(7)), ("orders", at(5), at(9))]);
    assert_eq!(store.metrics.series(id(1), &[]).unwrap().len(), 4);
    assert!(store.metrics.series(id(2), &[]).unwrap().is_empty());
}

#[test]
fn the_agents_own_figures_stand_apart_from_what_it_collects() {
    let store = Store::new();
    store.push(1, None, &[document(0, 1)]).unwrap();
    for (seconds, sent) in [(0, 100_u32), (10, 150), (20, 30)] {
        let figures = AgentFigures {
            cpu_usage: Some(f64::from(sent)),
            network_sent_bytes: Some(u64::from(sent)),
            uptime_seconds: Some(seconds),
            ..AgentFigures::default()
        };
        store.metrics.record_agent(id(1), at(seconds), &figures).unwrap();
    }
    assert_eq!(store.values(1), [document(0, 1)]);
    let own = store.metrics.agent_points(id(1), START, at(60), None).unwrap();
    assert_eq!(
        own.series.iter().map(|one| &*one.series.name).collect::<Vec<_>>(),
        crate::metrics::AGENT_SERIES
    );
    assert_eq!(
        own.series[2].points.iter().map(|(time, _)| *time).collect::<Vec<_>>(),
        [at(0), at(10), at(20)]
    );
    assert!(own.series[1].points.is_empty());
    let cpu = own.summary.cpu.unwrap();
    assert_eq!((cpu.last, cpu.max), (30.0, 150.0));
    // 50 more, and 30 after the counter began again
    assert_eq!(own.summary.sent_bytes, Some(80.0));
    assert_eq!(own.summary.uptime, Some(Duration::from_secs(20)));
    assert_eq!(own.summary.memory, None);
}

#[test]
fn the_twelve_types_of_the_field_are_all_kept_and_charted() {
    let store = Store::new();
    let databases = |inner: Value| json!({"appdb": inner});
    let documents = [
        json!({"type": "pg_log", "database": "app", "entries": []}),
        json!({"type": "sysstat", "cpu": {"user": 4.5}, "disk_io": [{"device": "vda", "read_ops": 1}]}),
        json!({"type": "disk_usage", "filesystems": [{"device": "/dev/vda", "mount": "", "used_gb": 15}]}),
        json!({"type": "pg_replication", "wal_status": {"total_segments": 3}, "replication_slots": []}),
        json!({"type": "pg_query_stats", "database": "app", "queries": [{"hash": -5, "text": "select", "calls": 1}]}),
        json!({"type": "pg_cache", "hostname": "h", "collector_id": "c",
            "databases": databases(json!({"table_cache_hit": [{"schema": "s", "table": "t", "total": 1}]}))}),
    ];
    store.push(1, None, &documents).unwrap();
    assert_eq!(store.values(1), documents);
    for matcher in [
        "sysstat.cpu.user{}",
        r#"sysstat.disk_io.read_ops{device="vda"}"#,
        r#"disk_usage.filesystems.used_gb{device="/dev/vda",mount=""}"#,
        "pg_replication.wal_status.total_segments",
        r#"pg_query_stats.queries.calls{database="app",hash="-5",text=""}"#,
        r#"pg_cache.databases.table_cache_hit.total{database="appdb",schema="s",table="t",hostname=""}"#,
    ] {
        assert_eq!(store.points(1, matcher).len(), 1, "{matcher}");
    }
}
