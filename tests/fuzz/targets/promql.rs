//! A query of a Prometheus client with its moments: read and evaluated, or refused, and never for long.
//!
//! The first line may say `start end step` in milliseconds, what is below is the query; without it, it is asked at one
//! moment.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use pganalytics::promql::{
    Answer, Budget, Labels, NAME, Query, Result, Sample, See, Selector, Source, parse_selector, tree,
};
use store::NOW;

/// What a query may take before it is told that it takes too long, and how long it may take to notice.
const TIME: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(10);
const INTERVAL_MS: i64 = 15_000;
const SAMPLES: i64 = 120;

struct Series(Vec<(Labels, Vec<Sample>)>);

static SERIES: LazyLock<Series> = LazyLock::new(|| {
    let series = |name: &str, kind: &str, value: fn(i64) -> f64| {
        let labels = Labels::of(&[(NAME, name), ("instance", "db-1"), ("kind", kind), ("le", kind)]);
        let sample = |number: i64| {
            let at = NOW.as_millis() - (SAMPLES - number) * INTERVAL_MS;
            Sample { at, value: value(number) }
        };
        (labels, (0..SAMPLES).map(sample).collect())
    };
    Series(vec![
        series("a", "1", |number| number as f64),
        series("a", "+Inf", |number| (number % 7) as f64),
        series("b", "x", |number| if number % 5 == 0 { f64::NAN } else { -1e300 * number as f64 }),
        series("b", "y", |number| if number % 3 == 0 { f64::INFINITY } else { 0.0 }),
    ])
});

impl Source for Series {
    fn select(&self, selector: &Selector, from: i64, to: i64, budget: &Budget, see: See<'_>) -> Result<()> {
        for (labels, samples) in self.0.iter().filter(|(labels, _)| selector.fits(labels)) {
            let begin = samples.partition_point(|sample| sample.at < from);
            let end = samples.partition_point(|sample| sample.at <= to).max(begin);
            budget.find()?;
            budget.read(end - begin)?;
            see(labels.clone(), &samples[begin..end])?;
        }
        Ok(())
    }
}

fn moments(line: &str) -> Option<[i64; 3]> {
    let mut numbers = line.split(' ').map(str::parse);
    let moments = [numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?];
    numbers.next().is_none().then_some(moments)
}

fuzz_target!(|text: &str| {
    let asked = text.split_once('\n').and_then(|(line, query)| Some((moments(line)?, query)));
    let (query, read) = match asked {
        Some(([start, end, step], query)) => (query, Query::between(query, start, end, step)),
        None => (text, Query::at(text, NOW.as_millis())),
    };
    let _ = parse_selector(query);
    let is_read = tree(query).is_ok();
    let Ok(read) = read else { return };
    assert!(is_read, "{query:?} has a tree");
    let started = Instant::now();
    let answer = read.evaluate(&*SERIES, &Budget::new(TIME, Arc::default()));
    assert!(started.elapsed() < MOST, "{query:?} took {:?}", started.elapsed());
    if let Ok(Answer::Matrix(series)) = answer {
        for (labels, points) in series {
            assert!(points.is_sorted_by(|one, next| one.0 < next.0), "{labels:?}: {points:?}");
        }
    }
});
