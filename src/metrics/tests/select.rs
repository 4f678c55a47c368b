//! Series chosen by somebody else's rule.

use super::*;
use crate::jobs::Job;
use crate::metrics::catalog::Any;
use crate::metrics::{QueryError, Seal, SeriesLabels, Wanted};

/// The series of one name in one zone.
struct InEurope;

impl Wanted for InEurope {
    fn concerns(&self, kind: &str) -> bool {
        kind == "weather"
    }

    fn can_want(&self, name: &str) -> bool {
        name == "weather.warmth"
    }

    fn can_have(&self, is_value: &dyn Fn(&str) -> bool) -> bool {
        is_value("eu")
    }

    fn wants(&mut self, _: &Arc<str>, labels: &Arc<SeriesLabels>) -> bool {
        labels.get("zone").is_some_and(|zone| zone == "eu")
    }
}

fn weather(zone: &str, second: u32, warmth: i64) -> Value {
    let timestamp = format!("2026-11-20T14:00:{second:02}Z");
    json!({"type": "weather", "timestamp": timestamp, "zone": zone, "warmth": warmth, "wind": 3})
}

#[test]
fn what_a_rule_wants_is_given_in_order_and_once_for_each_moment() {
    let store = Store::new();
    // two measurements of one second, and one that comes late
    let documents = [weather("eu", 5, 1), weather("eu", 5, 2), weather("us", 5, 9), weather("eu", 3, 7)];
    store.push(1, None, &documents).unwrap();
    let range = (START.minus(Duration::from_secs(7200)), START);
    let selected = store.metrics.select(id(1), range, &mut InEurope, &|| true).unwrap();
    let [only] = &selected[..] else { panic!("{selected:?}") };
    assert_eq!((&*only.series.name, only.series.labels["zone"].as_str()), ("weather.warmth", "eu"));
    let numbers: Vec<_> =
        only.numbers.iter().map(|(at, number)| (at.as_millis() % 60_000, *number)).collect();
    assert_eq!(numbers, [(3000, 7.0), (5000, 2.0)]);
    assert!(store.metrics.select(id(2), range, &mut InEurope, &|| true).unwrap().is_empty());
    let listed = store.metrics.series_between(id(1), range, &mut InEurope).unwrap();
    assert_eq!(listed.len(), 1);
    let later = (START.plus(Duration::from_secs(7200)), START.plus(Duration::from_secs(9000)));
    assert!(store.metrics.series_between(id(1), later, &mut InEurope).unwrap().is_empty());
}

#[test]
fn a_selection_ends_when_nobody_waits_for_it() {
    let store = Store::new();
    let count = u32::try_from(limits::SELECTED_UNTIL_ASKED).unwrap();
    let documents: Vec<_> = (0..=count).map(|number| weather("eu", number % 60, i64::from(number))).collect();
    store.push(1, None, &documents).unwrap();
    let range = (START.minus(Duration::from_secs(7200)), START);
    let selected = store.metrics.select(id(1), range, &mut InEurope, &|| false);
    assert!(matches!(selected, Err(QueryError::GivenUp)), "{selected:?}");
}

/// A document with so many numbers, which are in one of two shapes.
fn wide(number: u32) -> Value {
    let columns = u32::try_from(3 * limits::COLUMNS_AT_ONCE).unwrap();
    let values = (0..columns).map(|column| (format!("c{column}"), json!(column * 1000 + number)));
    let mut document: serde_json::Map<_, _> = values.collect();
    if number.is_multiple_of(3) {
        document.insert("besides".to_owned(), json!(true));
    }
    document.insert("type".to_owned(), json!("wide"));
    let at = START.minus(Duration::from_secs(40 * 3600)).plus(Duration::from_secs(u64::from(number)));
    document.insert("timestamp".to_owned(), json!(at));
    Value::Object(document)
}

#[test]
fn columns_that_several_threads_read_are_as_they_were_pushed() {
    let store = Store::new();
    for number in 0..20 {
        store.push(1, None, &[wide(number)]).unwrap();
    }
    let range = (START.minus(Duration::from_secs(48 * 3600)), START);
    let selected = |go_on: &(dyn Fn() -> bool + Sync)| {
        let selected = store.metrics.select(id(1), range, &mut Any, go_on)?;
        let mut selected: Vec<_> = selected.into_iter().map(|one| (one.series, one.numbers)).collect();
        selected.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok::<_, QueryError>(selected)
    };
    let before = selected(&|| true).unwrap();
    assert_eq!(before.len(), 3 * limits::COLUMNS_AT_ONCE);
    assert!(before.iter().all(|(_, numbers)| numbers.len() == 20));
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    assert!(store.metrics.hot_collectors().unwrap().is_empty());
    for _ in 0..5 {
        assert_eq!(selected(&|| true).unwrap(), before);
    }
    let given_up = selected(&|| false);
    assert!(matches!(given_up, Err(QueryError::GivenUp)), "{given_up:?}");
}
