//! The functions of Prometheus 2.42, each with what it takes and gives.
//!
//! Those of native histograms are here and give nothing, as there are none in the store.

use std::f64::consts::PI;

use super::calendar::Moment;
use super::expr::Kind;
use super::over_time::{self as over, OverTime};

#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub takes: &'static [Kind],
    /// Arguments at the end that may be missing; `None` when the last one may be repeated, or left out.
    pub optional: Option<usize>,
    pub gives: Kind,
    pub body: Body,
}

#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Of each value by itself.
    Each(fn(f64) -> f64),
    /// Of each value as a time in seconds, or of the moment of the evaluation.
    Date(fn(Moment) -> f64),
    /// Of each series over a range of time.
    OverTime(OverTime),
    Special(Special),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    Absent,
    AbsentOverTime,
    Clamp,
    ClampMax,
    ClampMin,
    HistogramQuantile,
    LabelJoin,
    LabelReplace,
    /// Of native histograms.
    Nothing,
    Pi,
    Round,
    Scalar,
    Sort,
    SortDesc,
    Time,
    Timestamp,
    Vector,
}

use Kind::{Matrix, Scalar, Text, Vector};

const fn each(name: &'static str, of: fn(f64) -> f64) -> Function {
    Function { name, takes: &[Vector], optional: Some(0), gives: Vector, body: Body::Each(of) }
}

const fn date(name: &'static str, of: fn(Moment) -> f64) -> Function {
    Function { name, takes: &[Vector], optional: Some(1), gives: Vector, body: Body::Date(of) }
}

const fn over_time(name: &'static str, takes: &'static [Kind], of: OverTime) -> Function {
    Function { name, takes, optional: Some(0), gives: Vector, body: Body::OverTime(of) }
}

const fn special(name: &'static str, takes: &'static [Kind], of: Special) -> Function {
    Function { name, takes, optional: Some(0), gives: Vector, body: Body::Special(of) }
}

const RANGE: &[Kind] = &[Matrix];

pub static FUNCTIONS: [Function; 70] = [
    each("abs", f64::abs),
    special("absent", &[Vector], Special::Absent),
    special("absent_over_time", RANGE, Special::AbsentOverTime),
    each("acos", f64::acos),
    each("acosh", f64::acosh),
    each("asin", f64::asin),
    each("asinh", f64::asinh),
    each("atan", f64::atan),
    each("atanh", f64::atanh),
    over_time("avg_over_time", RANGE, OverTime::OfAny(over::avg)),
    each("ceil", f64::ceil),
    over_time("changes", RANGE, OverTime::OfAny(over::changes)),
    special("clamp", &[Vector, Scalar, Scalar], Special::Clamp),
    special("clamp_max", &[Vector, Scalar], Special::ClampMax),
    special("clamp_min", &[Vector, Scalar], Special::ClampMin),
    each("cos", f64::cos),
    each("cosh", f64::cosh),
    over_time("count_over_time", RANGE, OverTime::OfAny(over::count)),
    date("day_of_month", Moment::day_of_month),
    date("day_of_week", Moment::day_of_week),
    date("day_of_year", Moment::day_of_year),
    date("days_in_month", Moment::days_in_month),
    each("deg", |value| value * 180.0 / PI),
    over_time("delta", RANGE, OverTime::OfTwo(over::delta)),
    over_time("deriv", RANGE, OverTime::OfTwo(over::deriv)),
    each("exp", f64::exp),
    each("floor", f64::floor),
    special("histogram_count", &[Vector], Special::Nothing),
    special("histogram_fraction", &[Scalar, Scalar, Vector], Special::Nothing),
    special("histogram_quantile", &[Scalar, Vector], Special::HistogramQuantile),
    special("histogram_sum", &[Vector], Special::Nothing),
    over_time("holt_winters", &[Matrix, Scalar, Scalar], OverTime::OfTwo(over::holt_winters)),
    date("hour", Moment::hour),
    over_time("idelta", RANGE, OverTime::OfTwo(over::idelta)),
    over_time("increase", RANGE, OverTime::OfTwo(over::increase)),
    over_time("irate", RANGE, OverTime::OfTwo(over::irate)),
    Function { optional: None, ..special("label_join", &[Vector, Text, Text, Text], Special::LabelJoin) },
    special("label_replace", &[Vector, Text, Text, Text, Text], Special::LabelReplace),
    over_time("last_over_time", RANGE, OverTime::OfAny(over::last)),
    each("ln", f64::ln),
    each("log10", f64::log10),
    each("log2", f64::log2),
    over_time("max_over_time", RANGE, OverTime::OfAny(over::max)),
    over_time("min_over_time", RANGE, OverTime::OfAny(over::min)),
    date("minute", Moment::minute),
    date("month", Moment::month),
    Function { gives: Scalar, ..special("pi", &[], Special::Pi) },
    over_time("predict_linear", &[Matrix, Scalar], OverTime::OfTwo(over::predict_linear)),
    over_time("present_over_time", RANGE, OverTime::OfAny(over::present)),
    over_time("quantile_over_time", &[Scalar, Matrix], OverTime::OfAny(over::quantile)),
    each("rad", |value| value * PI / 180.0),
    over_time("rate", RANGE, OverTime::OfTwo(over::rate)),
    over_time("resets", RANGE, OverTime::OfAny(over::resets)),
    Function { optional: Some(1), ..special("round", &[Vector, Scalar], Special::Round) },
    Function { gives: Scalar, ..special("scalar", &[Vector], Special::Scalar) },
    each("sgn", sign),
    each("sin", f64::sin),
    each("sinh", f64::sinh),
    special("sort", &[Vector], Special::Sort),
    special("sort_desc", &[Vector], Special::SortDesc),
    each("sqrt", f64::sqrt),
    over_time("stddev_over_time", RANGE, OverTime::OfAny(over::stddev)),
    over_time("stdvar_over_time", RANGE, OverTime::OfAny(over::stdvar)),
    over_time("sum_over_time", RANGE, OverTime::OfAny(over::sum)),
    each("tan", f64::tan),
    each("tanh", f64::tanh),
    Function { gives: Scalar, ..special("time", &[], Special::Time) },
    special("timestamp", &[Vector], Special::Timestamp),
    special("vector", &[Scalar], Special::Vector),
    date("year", Moment::year),
];

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        value
    }
}

pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_once() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
