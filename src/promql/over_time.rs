//! The functions over the samples of a series in a range of time.

use super::float::{self, Sum};
use super::series::Sample;

/// The samples of one series that a range selector shows at one moment, both ends included.
#[derive(Debug)]
pub struct Window<'a> {
    pub samples: &'a [Sample],
    /// Where the range begins and ends, in milliseconds since 1970.
    pub from: i64,
    pub to: i64,
    /// The moment of the evaluation.
    pub at: i64,
    /// The other arguments.
    pub args: [f64; 2],
}

/// What is computed from a window, which has at least one sample.
#[derive(Clone, Copy, Debug)]
pub enum OverTime {
    OfAny(fn(&Window<'_>) -> f64),
    /// Nothing where one sample is not enough.
    OfTwo(fn(&Window<'_>) -> Option<f64>),
}

impl OverTime {
    pub fn of(self, window: &Window<'_>) -> Option<f64> {
        match self {
            Self::OfAny(of) => Some(of(window)),
            Self::OfTwo(of) => of(window),
        }
    }
}

impl Window<'_> {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().map(|sample| sample.value)
    }

    /// The first and the last one, where there are two.
    fn ends(&self) -> Option<(Sample, Sample)> {
        match self.samples {
            [first, .., last] => Some((*first, *last)),
            _ => None,
        }
    }

    /// How often two neighbours are so.
    fn count_pairs(&self, are_so: impl Fn(f64, f64) -> bool) -> f64 {
        let pairs = self.samples.windows(2).filter(|pair| are_so(pair[0].value, pair[1].value));
        float::count(pairs.count())
    }
}

pub fn rate(window: &Window<'_>) -> Option<f64> {
    Some(extrapolated(window, true)? / float::seconds(window.to - window.from))
}

pub fn increase(window: &Window<'_>) -> Option<f64> {
    extrapolated(window, true)
}

pub fn delta(window: &Window<'_>) -> Option<f64> {
    extrapolated(window, false)
}

/// The growth over the whole range, from that between the first and the last sample. As in
/// `extrapolatedRate` of Prometheus: where the samples end near the end of the range, they are taken to go on up
/// to it, and otherwise by half the distance between two; a counter does not go on below zero.
fn extrapolated(window: &Window<'_>, is_counter: bool) -> Option<f64> {
    let (first, last) = window.ends()?;
    let mut growth = last.value - first.value;
    if is_counter {
        let resets = window.samples.windows(2).filter(|pair| pair[1].value < pair[0].value);
        resets.for_each(|pair| growth += pair[0].value);
    }
    let sampled = float::seconds(last.at - first.at);
    let distance = sampled / float::count(window.samples.len() - 1);
    let mut before = float::seconds(first.at - window.from);
    let after = float::seconds(window.to - last.at);
    if is_counter && growth > 0.0 && first.value >= 0.0 {
        before = before.min(sampled * (first.value / growth));
    }
    let extended = |to_end: f64| if to_end < distance * 1.1 { to_end } else { distance / 2.0 };
    Some(growth * ((sampled + extended(before) + extended(after)) / sampled))
}

/// The last two samples.
fn last_two(window: &Window<'_>) -> Option<(Sample, Sample)> {
    match window.samples {
        [.., before, last] if last.at != before.at => Some((*before, *last)),
        _ => None,
    }
}

pub fn irate(window: &Window<'_>) -> Option<f64> {
    let (before, last) = last_two(window)?;
    let growth = if last.value < before.value { last.value } else { last.value - before.value };
    Some(growth / float::seconds(last.at - before.at))
}

pub fn idelta(window: &Window<'_>) -> Option<f64> {
    last_two(window).map(|(before, last)| last.value - before.value)
}

pub fn changes(window: &Window<'_>) -> f64 {
    window.count_pairs(|before, after| !(float::equal(before, after) || before.is_nan() && after.is_nan()))
}

pub fn resets(window: &Window<'_>) -> f64 {
    window.count_pairs(|before, after| after < before)
}

pub fn sum(window: &Window<'_>) -> f64 {
    let mut sum = Sum::default();
    window.values().for_each(|value| sum.add(value));
    sum.finite_or_rough()
}

pub fn avg(window: &Window<'_>) -> f64 {
    let mut mean = Sum::default();
    for (number, value) in window.values().enumerate() {
        if !float::mean_stays(mean.rough(), value) {
            let count = float::count(number + 1);
            mean.add(value / count - mean.rough() / count);
        }
    }
    mean.finite_or_rough()
}

pub fn min(window: &Window<'_>) -> f64 {
    window.values().fold(f64::NAN, |least, value| if value < least || least.is_nan() { value } else { least })
}

pub fn max(window: &Window<'_>) -> f64 {
    window.values().fold(f64::NAN, |most, value| if value > most || most.is_nan() { value } else { most })
}

pub fn count(window: &Window<'_>) -> f64 {
    float::count(window.samples.len())
}

pub fn last(window: &Window<'_>) -> f64 {
    window.samples.last().map_or(f64::NAN, |sample| sample.value)
}

pub fn present(_: &Window<'_>) -> f64 {
    1.0
}

pub fn stdvar(window: &Window<'_>) -> f64 {
    let (mut mean, mut squares) = (Sum::default(), Sum::default());
    for (number, value) in window.values().enumerate() {
        let difference = value - mean.exact();
        mean.add(difference / float::count(number + 1));
        squares.add(difference * (value - mean.exact()));
    }
    squares.exact() / float::count(window.samples.len())
}

pub fn stddev(window: &Window<'_>) -> f64 {
    stdvar(window).sqrt()
}

pub fn quantile(window: &Window<'_>) -> f64 {
    float::quantile(window.args[0], &mut window.values().collect::<Vec<_>>())
}

pub fn deriv(window: &Window<'_>) -> Option<f64> {
    let (first, _) = window.ends()?;
    Some(line(window.samples, first.at).0)
}

pub fn predict_linear(window: &Window<'_>) -> Option<f64> {
    window.ends()?;
    let (slope, now) = line(window.samples, window.at);
    Some(slope * window.args[0] + now)
}

/// The line of least squares: its slope in a second, and its value at a moment.
fn line(samples: &[Sample], moment: i64) -> (f64, f64) {
    let first = samples[0].value;
    if samples.iter().all(|sample| float::equal(sample.value, first)) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let [mut xs, mut ys, mut products, mut squares] = [Sum::default(); 4];
    for Sample { at, value } in samples {
        let x = float::seconds(at - moment);
        xs.add(x);
        ys.add(*value);
        products.add(x * value);
        squares.add(x * x);
    }
    let (count, sum_x, sum_y) = (float::count(samples.len()), xs.exact(), ys.exact());
    let covariance = products.exact() - sum_x * sum_y / count;
    let variance = squares.exact() - sum_x * sum_x / count;
    let slope = covariance / variance;
    (slope, sum_y / count - slope * sum_x / count)
}

/// Double exponential smoothing; the factors were checked before.
pub fn holt_winters(window: &Window<'_>) -> Option<f64> {
    let [of_values, of_trend] = window.args;
    let [first, second, ..] = window.samples else { return None };
    let (mut before, mut smooth, mut trend) = (0.0, first.value, second.value - first.value);
    for (number, sample) in window.samples.iter().skip(1).enumerate() {
        if number > 0 {
            trend = of_trend * (smooth - before) + (1.0 - of_trend) * trend;
        }
        let next = of_values * sample.value + (1.0 - of_values) * (smooth + trend);
        (before, smooth) = (smooth, next);
    }
    Some(smooth)
}
