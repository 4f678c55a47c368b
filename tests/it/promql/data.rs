//! Series with all that makes reading them hard: counters that begin again, gaps, series that end or begin late,
//! histograms, labels that come and go, values that are no numbers.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "numbers of samples are small"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pganalytics::promql::{Budget, Labels, NAME, Result, Sample, See, Selector, Source};

/// 2026-11-20T15:00:00Z, in milliseconds.
pub(crate) const START: i64 = 1_795_186_800_000;
pub(crate) const HOUR: i64 = 3_600_000;
const INTERVAL: i64 = 15_000;

/// Series in the order of their labels.
pub(crate) struct Memory(pub(crate) Vec<(Labels, Vec<Sample>)>);

impl Source for Memory {
    fn select(&self, selector: &Selector, from: i64, to: i64, budget: &Budget, see: See<'_>) -> Result<()> {
        for (labels, samples) in self.0.iter().filter(|(labels, _)| selector.fits(labels)) {
            let begin = samples.partition_point(|sample| sample.at < from);
            let end = samples.partition_point(|sample| sample.at <= to);
            budget.find()?;
            budget.read(end - begin)?;
            see(labels.clone(), &samples[begin..end])?;
        }
        Ok(())
    }
}

/// Numbers without a pattern that are the same in each run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 40).unwrap()) / 16_777_216.0
    }
}

/// The moments of a series, not quite evenly apart.
fn moments(noise: &mut Noise, from: i64, to: i64) -> Vec<i64> {
    let mut moments = Vec::new();
    let mut at = from;
    while at <= to {
        moments.push(at + (noise.next() * 20.0).round() as i64);
        at += INTERVAL;
    }
    moments
}

pub(crate) fn memory() -> Memory {
    let mut series = Vec::new();
    let mut noise = Noise(7);
    gauges(&mut series, &mut noise);
    counters(&mut series, &mut noise);
    histograms(&mut series, &mut noise);
    oddities(&mut series, &mut noise);
    series.sort_by(|(one, _): &(Labels, _), (other, _)| one.cmp(other));
    Memory(series)
}

type All = Vec<(Labels, Vec<Sample>)>;

fn add(all: &mut All, labels: &[(&str, &str)], moments: &[i64], mut value: impl FnMut(usize) -> f64) {
    let samples = moments.iter().enumerate().map(|(number, at)| Sample { at: *at, value: value(number) });
    all.push((Labels::of(labels), samples.collect()));
}

const INSTANCES: [&str; 3] = ["db:10000", "db:10001", "db:10002"];

fn gauges(all: &mut All, noise: &mut Noise) {
    for (place, instance) in INSTANCES.iter().enumerate() {
        for (kind, size) in [("buffers", 1e8), ("cached", 2e9), ("free", 3e8), ("used", 5.5e9)] {
            let times = moments(noise, START, START + 2 * HOUR);
            let labels = [(NAME, "memory_bytes"), ("instance", *instance), ("job", "demo"), ("type", kind)];
            add(all, &labels, &times, |_| (size * (1.0 + noise.next() / 4.0)).round());
        }
        let times = moments(noise, START, START + 2 * HOUR);
        let labels = [(NAME, "cpus"), ("instance", *instance), ("job", "demo")];
        add(all, &labels, &times, |_| 2.0_f64.powi(i32::try_from(place).unwrap() + 1));
        let labels = [(NAME, "disk_bytes"), ("instance", *instance), ("job", "demo")];
        add(all, &labels, &times, |number| number as f64 * 1e6 + (noise.next() * 1e6).round());
        let labels = [(NAME, "last_success_timestamp_seconds"), ("instance", *instance), ("job", "demo")];
        add(all, &labels, &times, |number| (START / 1000) as f64 + (number / 9 * 135) as f64);
    }
}

/// Whether a series is there at a moment.
type Part = Box<dyn Fn(i64) -> bool>;

fn counters(all: &mut All, noise: &mut Noise) {
    for (place, instance) in INSTANCES.iter().enumerate() {
        for mode in ["idle", "system", "user"] {
            let times = moments(noise, START, START + 2 * HOUR);
            let labels =
                [(NAME, "cpu_seconds_total"), ("instance", *instance), ("job", "demo"), ("mode", mode)];
            let mut count = noise.next() * 1000.0;
            let reset_every = 90 + 40 * place;
            add(all, &labels, &times, |number| {
                if number > 0 && number % reset_every == 0 {
                    count = 0.0;
                }
                count += noise.next() * 15.0;
                count
            });
        }
    }
    // a gap of eleven minutes, one that ends, one that begins late, one that comes and goes
    let whole = moments(noise, START, START + 2 * HOUR);
    let parts: [(&str, Part); 4] = [
        ("gap", Box::new(|at| !(START + 2_400_000..START + 3_060_000).contains(&at))),
        ("ends", Box::new(|at| at < START + HOUR + 7000)),
        ("late", Box::new(|at| at > START + HOUR - 7000)),
        ("sometimes", Box::new(|at| (at - START) / 420_000 % 3 == 0)),
    ];
    for (name, is_there) in parts {
        let times: Vec<_> = whole.iter().copied().filter(|at| is_there(*at)).collect();
        let mut count = 0.0;
        add(all, &[(NAME, "requests_total"), ("job", "demo"), ("kind", name)], &times, |_| {
            count += (noise.next() * 9.0).floor();
            count
        });
    }
}

fn histograms(all: &mut All, noise: &mut Noise) {
    for instance in INSTANCES {
        for path in ["/a", "/b"] {
            let times = moments(noise, START, START + 2 * HOUR);
            let mut lower: Vec<f64> = vec![0.0; times.len()];
            for bound in ["0.1", "0.25", "0.5", "1", "2.5", "+Inf"] {
                let mut count = 0.0;
                let base = lower.clone();
                let labels = [
                    (NAME, "duration_seconds_bucket"),
                    ("instance", instance),
                    ("le", bound),
                    ("path", path),
                ];
                add(all, &labels, &times, |number| {
                    count += (noise.next() * 7.0).floor();
                    lower[number] = base[number] + count;
                    lower[number]
                });
            }
            let total = lower.clone();
            let labels = [(NAME, "duration_seconds_count"), ("instance", instance), ("path", path)];
            add(all, &labels, &times, |number| total[number]);
            let labels = [(NAME, "duration_seconds_sum"), ("instance", instance), ("path", path)];
            add(all, &labels, &times, |number| total[number] * 0.6);
        }
    }
}

fn oddities(all: &mut All, noise: &mut Noise) {
    let times = moments(noise, START, START + 2 * HOUR);
    let odd = [f64::NAN, f64::INFINITY, 1.0, f64::NEG_INFINITY, 0.0, -0.0, -3.5, 1e300, -1e300, 1e-300];
    for (place, name) in ["a", "b", "c"].into_iter().enumerate() {
        add(all, &[(NAME, "odd"), ("name", name)], &times, |number| odd[(number / (place + 1)) % odd.len()]);
    }
    for (name, value) in [("a", 1.0), ("b", 1.0), ("c", 2.0), ("d", f64::NAN)] {
        add(all, &[(NAME, "ties"), ("name", name)], &times, |_| value);
    }
    add(all, &[(NAME, "negative")], &times, |number| 50.0 - number as f64);
    add(all, &[(NAME, "flat"), ("quote", "a \"b\"\\\nc")], &times, |_| 7.25);
    add(all, &[(NAME, "alone")], &times[100..101], |_| 1.0);
    let every = |distance: usize| times.iter().copied().step_by(distance).collect::<Vec<_>>();
    add(all, &[(NAME, "sparse"), ("every", "5m")], &every(20), |number| number as f64);
    add(all, &[(NAME, "sparse"), ("every", "6m")], &every(24), |number| number as f64);
}

/// As `promtool` reads it.
pub(crate) fn open_metrics(memory: &Memory) -> String {
    let mut text = String::new();
    let mut by_name = BTreeMap::<&str, Vec<&(Labels, Vec<Sample>)>>::new();
    for series in &memory.0 {
        by_name.entry(series.0.get(NAME)).or_default().push(series);
    }
    for (name, all) in by_name {
        for (labels, samples) in all {
            let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let pair = |(name, value): (&str, &str)| format!("{name}=\"{}\"", escaped(value));
            let pairs: Vec<_> = labels.iter().filter(|(name, _)| *name != NAME).map(pair).collect();
            for Sample { at, value } in samples {
                let value = pganalytics::promql::write_number(*value);
                let (seconds, millis) = (at / 1000, at % 1000);
                writeln!(text, "{name}{{{}}} {value} {seconds}.{millis:03}", pairs.join(",")).unwrap();
            }
        }
    }
    text + "# EOF\n"
}
