//! Series chosen by somebody else's rule.

use super::*;
use crate::metrics::{QueryError, Wanted};

/// The series of one name in one zone.
#[derive(Debug)]
struct InEurope;

impl Wanted for InEurope {
    fn concerns(&self, kind: &str) -> bool {
        kind == "weather"
    }

    fn wants(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        name == "weather.warmth" && labels.contains(&("zone", "eu"))
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
    let wanted: Arc<dyn Wanted> = Arc::new(InEurope);
    let range = (START.minus(Duration::from_secs(7200)), START);
    let selected = store.metrics.select(id(1), range, &wanted, &|| true).unwrap();
    let [only] = &selected[..] else { panic!("{selected:?}") };
    assert_eq!((only.series.name.as_str(), only.series.labels["zone"].as_str()), ("weather.warmth", "eu"));
    let numbers: Vec<_> =
        only.numbers.iter().map(|(at, number)| (at.as_millis() % 60_000, *number)).collect();
    assert_eq!(numbers, [(3000, 7.0), (5000, 2.0)]);
    assert!(store.metrics.select(id(2), range, &wanted, &|| true).unwrap().is_empty());
    let listed = store.metrics.series_between(id(1), &[Matcher::by(wanted)], range.0, range.1).unwrap();
    assert_eq!(listed.len(), 1);
    let later = (START.plus(Duration::from_secs(7200)), START.plus(Duration::from_secs(9000)));
    let matchers = [Matcher::by(Arc::new(InEurope))];
    assert!(store.metrics.series_between(id(1), &matchers, later.0, later.1).unwrap().is_empty());
}

#[test]
fn a_selection_ends_when_nobody_waits_for_it() {
    let store = Store::new();
    let count = u32::try_from(limits::SELECTED_UNTIL_ASKED).unwrap();
    let documents: Vec<_> = (0..=count).map(|number| weather("eu", number % 60, i64::from(number))).collect();
    store.push(1, None, &documents).unwrap();
    let wanted: Arc<dyn Wanted> = Arc::new(InEurope);
    let range = (START.minus(Duration::from_secs(7200)), START);
    let selected = store.metrics.select(id(1), range, &wanted, &|| false);
    assert!(matches!(selected, Err(QueryError::GivenUp)), "{selected:?}");
}
