//! Answers as Prometheus writes them: values are strings, times are seconds.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use serde::Serialize;

use crate::promql::{Answer, Labels, Point};

/// Before the data of an answer, which is closed behind it.
const SUCCESS: &str = "{\"status\":\"success\",\"data\":";

/// `{"status": "success", "data": ...}`, with the data in JSON already.
pub(super) fn success(data: &str) -> HttpResponse {
    whole(format!("{SUCCESS}{data}}}"))
}

/// A body that was written before.
pub(super) fn whole(body: String) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(body)
}

/// The same of what fits into memory twice; when it was cut, with a warning.
pub(super) fn list(data: &impl Serialize, is_cut: bool) -> HttpResponse {
    let data = serde_json::to_string(data).unwrap_or_default();
    let warnings = if is_cut { ",\"warnings\":[\"results truncated due to limit\"]" } else { "" };
    success(&format!("{data}{warnings}"))
}

/// The whole body of the answer to a query, which may be large.
pub(super) fn answer(answer: &Answer) -> String {
    let mut text = SUCCESS.to_owned();
    match answer {
        Answer::Scalar(point) => {
            text.push_str("{\"resultType\":\"scalar\",\"result\":");
            put_point(&mut text, *point);
        }
        Answer::Text(at, string) => {
            text.push_str("{\"resultType\":\"string\",\"result\":[");
            put_time(&mut text, *at);
            text.push(',');
            put_text(&mut text, string);
            text.push(']');
        }
        Answer::Vector(series) => {
            text.push_str("{\"resultType\":\"vector\",\"result\":[");
            for (number, (labels, point)) in series.iter().enumerate() {
                put_series(&mut text, number, labels, "value");
                put_point(&mut text, *point);
                text.push('}');
            }
            text.push(']');
        }
        Answer::Matrix(series) => {
            text.push_str("{\"resultType\":\"matrix\",\"result\":[");
            for (number, (labels, points)) in series.iter().enumerate() {
                put_series(&mut text, number, labels, "values");
                put_points(&mut text, points);
                text.push('}');
            }
            text.push(']');
        }
    }
    text.push_str("}}");
    text
}

fn put_points(text: &mut String, points: &[Point]) {
    text.push('[');
    for (number, point) in points.iter().enumerate() {
        text.push_str(if number == 0 { "" } else { "," });
        put_point(text, *point);
    }
    text.push(']');
}

/// Up to the values.
fn put_series(text: &mut String, number: usize, labels: &Labels, values: &str) {
    text.push_str(if number == 0 { "{\"metric\":" } else { ",{\"metric\":" });
    put_labels(text, labels);
    text.push_str(",\"");
    text.push_str(values);
    text.push_str("\":");
}

pub(super) fn put_labels(text: &mut String, labels: &Labels) {
    text.push('{');
    for (number, (name, value)) in labels.iter().enumerate() {
        text.push_str(if number == 0 { "" } else { "," });
        put_text(text, name);
        text.push(':');
        put_text(text, value);
    }
    text.push('}');
}

fn put_text(text: &mut String, value: &str) {
    let escaped = value.bytes().filter(|byte| matches!(byte, ..b' ' | b'"' | b'\\'));
    // counted to the end, several are looked at together
    if escaped.count() > 0 {
        text.push_str(&serde_json::to_string(value).unwrap_or_default());
        return;
    }
    text.reserve(value.len() + 2);
    text.push('"');
    text.push_str(value);
    text.push('"');
}

fn put_point(text: &mut String, (at, value): Point) {
    text.push('[');
    put_time(text, at);
    text.push_str(",\"");
    put_number(text, value);
    text.push_str("\"]");
}

/// Seconds, with milliseconds where there are any.
fn put_time(text: &mut String, at: i64) {
    let (seconds, rest) = ((at / 1000).unsigned_abs(), (at % 1000).unsigned_abs());
    text.push_str(if at < 0 { "-" } else { "" });
    text.push_str(itoa::Buffer::new().format(seconds));
    if rest > 0 {
        // writing to a string does not fail
        let _ = write!(text, ".{}", format!("{rest:03}").trim_end_matches('0'));
    }
}

/// All digits, and powers of ten only where there would be many zeros.
fn put_number(text: &mut String, value: f64) {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || (1e-6..1e21).contains(&size) {
        return crate::promql::put_number(text, value);
    }
    let written = format!("{value:e}");
    let (digits, power) = written.split_once('e').unwrap_or((&written, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    let _ = write!(text, "{digits}e{sign}{power:0>2}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(point: Point) -> String {
        let mut text = String::new();
        put_point(&mut text, point);
        text
    }

    #[test]
    fn times_are_seconds_and_values_are_strings() {
        for (point, text) in [
            ((4000, 2.0), r#"[4,"2"]"#),
            ((1_435_781_451_780, f64::INFINITY), r#"[1435781451.78,"+Inf"]"#),
            ((-500, f64::NAN), r#"[-0.5,"NaN"]"#),
            ((0, 1e21), r#"[0,"1e+21"]"#),
            ((0, -1.5e-7), r#"[0,"-1.5e-07"]"#),
            ((0, 1e-300), r#"[0,"1e-300"]"#),
            ((1, 123_456_789_012_345_680_000.0), r#"[0.001,"123456789012345680000"]"#),
        ] {
            assert_eq!(written(point), text);
        }
    }

    #[test]
    fn labels_are_escaped() {
        let answered = answer(&Answer::Vector(vec![(Labels::of(&[("a", "b\"\n")]), (0, 1.0))]));
        let data = r#"{"resultType":"vector","result":[{"metric":{"a":"b\"\n"},"value":[0,"1"]}]}"#;
        assert_eq!(answered, format!(r#"{{"status":"success","data":{data}}}"#));
    }
}
