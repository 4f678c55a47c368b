//! A body that is read in one go is what parsing it gives; of what parsing refuses nothing is taken.

use proptest::prelude::*;

use super::*;
use crate::wire::Push;

fn body(n: i64, words: &str) -> String {
    let documents = [
        json!({"type": "x", "timestamp": at(1), "host": "h", "n": n, "list": [{"name": "a", "v": n}, {"name": "b", "v": 0.5}]}),
        json!({"type": "y", "text": words, "deep": {"n": [n, 2], "none": null}}),
    ];
    json!({"collector_id": id(1).to_string(), "hostname": "db", "timestamp": at(2), "version": "4", "metrics_count": 2,
        "metrics": documents})
    .to_string()
}

/// What the store makes of a body, both ways. `None` where it has to be parsed.
fn both_ways(metrics: &Metrics, body: &str) -> (Option<CheckedPush>, Option<CheckedPush>) {
    let recognized = metrics.recognize(id(1), Some("k"), body.as_bytes()).unwrap();
    let parsed = serde_json::from_str::<Push<&RawValue>>(body).ok().map(|push| {
        let Push { timestamp, metrics: documents, .. } = push;
        metrics.check(&Batch { collector: id(1), idempotency_key: Some("k"), timestamp, documents }).unwrap()
    });
    (recognized.map(|recognized| recognized.push), parsed)
}

fn assert_same(recognized: &CheckedPush, parsed: &CheckedPush, body: &str) {
    assert_eq!(format!("{recognized:?}"), format!("{parsed:?}"), "{body}");
}

#[test]
fn the_usual_body_is_read_in_one_go() {
    let store = Store::new();
    for (n, words) in [(1, "a"), (2, "b\"\\ é"), (-3, "")] {
        let body = body(n, words);
        let (recognized, parsed) = both_ways(&store.metrics, &body);
        assert_same(&recognized.unwrap(), &parsed.unwrap(), &body);
    }
    let named = store.metrics.recognize(id(1), None, body(1, "").as_bytes()).unwrap().unwrap();
    assert_eq!(named.collector_id, Some(id(1).to_string()));
    for empty in [r#"{"metrics":[]}"#, " { \"metrics\" : [ ] }\n"] {
        let (recognized, parsed) = both_ways(&store.metrics, empty);
        assert_same(&recognized.unwrap(), &parsed.unwrap(), empty);
    }
}

#[test]
fn what_is_wrong_or_unusual_is_left_to_the_parser() {
    let store = Store::new();
    for body in [
        "",
        "[]",
        "{}",
        r#"{"metrics":[]} x"#,
        r#"{"metrics":[],"metrics":[]}"#,
        r#"{"metrics":[],}"#,
        r#"{"metrics":[{"type":"x"},]}"#,
        r#"{"metrics":[{"type":"x"}"#,
        r#"{"metrics":{}}"#,
        r#"{"metrics":[],"version":5}"#,
        r#"{"metrics":[],"metrics_count":-1}"#,
        r#"{"metrics":[],"metrics_count":"2"}"#,
        r#"{"metrics":[],"timestamp":"yesterday"}"#,
        r#"{"metrics":[],"collector_id":7}"#,
        r#"{"metrics":[],"collector_id":null}"#,
        r#"{"metrics":[],"more":true}"#,
        r#"{"metr\u0069cs":[]}"#,
    ] {
        assert!(both_ways(&store.metrics, body).0.is_none(), "{body}");
    }
    assert!(
        store.metrics.recognize(id(1), None, b"{\"metrics\":[],\"version\":\"\xff\"}").unwrap().is_none()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_changed_body_is_what_parsing_it_gives(
        changes in prop::collection::vec((0_usize..600, prop::sample::select(br#" {}[]",:\09a.-etn"#.to_vec())), 1..4),
        cuts in prop::collection::vec((0_usize..600, 0_usize..6), 0..2),
    ) {
        let store = Store::new();
        both_ways(&store.metrics, &body(1, "usual"));
        let mut changed = body(2, "usual").into_bytes();
        for (place, byte) in changes {
            let place = place % changed.len();
            changed[place] = byte;
        }
        for (place, length) in cuts {
            let place = place % changed.len();
            let end = (place + length).min(changed.len());
            changed.drain(place..end);
        }
        let Ok(changed) = String::from_utf8(changed) else { return Ok(()) };
        if let (Some(recognized), parsed) = both_ways(&store.metrics, &changed) {
            let parsed = parsed.unwrap_or_else(|| panic!("nothing parses {changed}"));
            assert_same(&recognized, &parsed, &changed);
        }
    }
}
