//! Answers that are put together of what was kept, against evaluations that know of nothing before; and what several
//! threads read, against what one reads.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use serde_json::value::to_raw_value;

use super::answers::Answers;
use super::members::Member;
use super::store::Store;
use crate::archive::Segments;
use crate::audit::MIGRATIONS;
use crate::clock::{Clock, Timestamp};
use crate::ids::CollectorId;
use crate::metrics::{Batch, Metrics, Options};
use crate::promql::{Answer, Budget, Error, Labels, Query};
use crate::storage::{FreeSpace, Poison, Sqlite};

/// 2026-11-20T15:00:00Z
const START: Timestamp = Timestamp::from_millis(1_795_186_800_000);
const QUERIES: [&str; 6] = [
    "weather_warmth",
    "sum by (collector) (rate(weather_warmth[3m]))",
    "max_over_time(weather_warmth[5m:1m])",
    "weather_warmth - weather_warmth offset 4m",
    "weather_warmth offset -2m",
    "weather_warmth @ end()",
];

#[derive(Clone, Debug)]
enum Step {
    /// A document of a collector, so many seconds after the start.
    Push(u128, u64, i64),
    Discard(u128),
    Rename(u128),
    /// A query over a range that begins so many minutes after the start and has so many of them.
    Ask(usize, u64, u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..2_u128, 0..3600_u64, 0..100_i64).prop_map(|(of, at, value)| Step::Push(of, at, value)),
        1 => (0..2_u128).prop_map(Step::Discard),
        1 => (0..2_u128).prop_map(Step::Rename),
        6 => (0..QUERIES.len(), 0..6_u64, 1..50_u64).prop_map(|(which, from, count)| Step::Ask(which, from, count)),
    ]
}

fn member(of: u128, name: &str) -> Member {
    let id = CollectorId::from(uuid::Uuid::from_u128(of));
    Member { id, labels: Labels::of(&[("collector", name), ("collector_id", &id.to_string())]) }
}

fn metrics(folder: &std::path::Path) -> Metrics {
    let (poison, clock) = (Poison::default(), Clock::manual(START.plus(Duration::from_secs(7200))));
    let db = Sqlite::open(&folder.join("registry.sqlite"), MIGRATIONS, poison.clone()).unwrap();
    let segments = Segments::open(Arc::new(db), &folder.join("segments"), poison.clone(), clock.clone());
    let free_space = Some(FreeSpace::Manual(Arc::new((1 << 40).into())));
    let options = Options { free_space, ..Options::default() };
    Metrics::open(&folder.join("hot"), Arc::new(segments.unwrap()), poison, clock, options).unwrap()
}

fn push(metrics: &Metrics, of: CollectorId, second: u64, value: i64) {
    let timestamp = START.plus(Duration::from_secs(second));
    let document =
        to_raw_value(&json!({"type": "weather", "timestamp": timestamp, "warmth": value})).unwrap();
    let batch =
        Batch { collector: of, idempotency_key: None, timestamp: None, documents: vec![document.as_ref()] };
    metrics.accept(&batch).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_was_kept_never_tells_in_an_answer(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let metrics = metrics(folder.path());
        let answers = Answers::new(Duration::ZERO);
        let mut members = [member(0, "a"), member(1, "b")];
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(of, second, value) => push(&metrics, member(of, "").id, second, value),
                Step::Discard(of) => drop(metrics.discard(member(of, "").id).unwrap()),
                Step::Rename(of) => members[usize::try_from(of).unwrap()] = member(of, &format!("c{number}")),
                Step::Ask(which, from, count) => {
                    let moment = |minute: u64| START.plus(Duration::from_secs(60 * minute)).as_millis();
                    let text = QUERIES[which];
                    let query = Query::between(text, moment(from), moment(from + count), 60_000).unwrap();
                    let store = Store::of(&metrics, members.to_vec());
                    let budget = || Budget::new(Duration::from_secs(60), Arc::default());
                    let anew = format!("{:?}", query.evaluate(&store, &budget()).unwrap());
                    let answered = answers.answer(text, &query, &store, &budget()).unwrap();
                    prop_assert_eq!(format!("{:?}", answered), anew, "{}", text);
                }
            }
        }
    }
}

#[test]
fn many_collectors_are_read_as_one_after_the_other_is() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = metrics(folder.path());
    let members: Vec<_> = (0..24).map(|of| member(of, &format!("c{of:02}"))).collect();
    for (number, of) in members.iter().enumerate() {
        for minute in 0..30 {
            push(
                &metrics,
                of.id,
                minute * 60,
                i64::try_from(minute * 7 % 5).unwrap() + i64::try_from(number).unwrap(),
            );
        }
    }
    let answer = |text: &str, members: &[Member], budget: &Budget| {
        let query = Query::between(text, START.as_millis(), START.as_millis() + 1_800_000, 60_000).unwrap();
        query.evaluate(&Store::of(&metrics, members.to_vec()), budget)
    };
    let budget = || Budget::new(Duration::from_secs(60), Arc::default());
    for text in &QUERIES[..3] {
        let together = || format!("{:?}", answer(text, &members, &budget()).unwrap());
        let mut apart = Vec::new();
        for member in &members {
            let Ok(Answer::Matrix(series)) = answer(text, std::slice::from_ref(member), &budget()) else {
                panic!()
            };
            assert_eq!(series.len(), 1);
            apart.extend(series);
        }
        assert_eq!(together(), format!("{:?}", Answer::Matrix(apart)), "{text}");
        assert_eq!(together(), together(), "{text}");
    }
    let gone = Budget::new(Duration::from_secs(60), Arc::new(AtomicBool::new(true)));
    assert!(matches!(answer(QUERIES[0], &members, &gone), Err(Error::Canceled)));
    let late = Budget::new(Duration::ZERO, Arc::default());
    assert!(matches!(answer(QUERIES[0], &members, &late), Err(Error::Timeout(_))));
}
