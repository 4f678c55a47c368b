//! Reads an import in JSON: `{"collectors": [...], "dry_run": false}`. The first row has number 1.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::row::Row;
use crate::fleet::Fault;
use crate::http::problem::Problem;
use crate::limits::{IMPORT_ROW_BYTES, IMPORT_ROWS};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List<'a> {
    #[serde(borrow)]
    collectors: RawRows<'a>,
    dry_run: Option<bool>,
}

/// The texts of the rows. Each is parsed on its own, so that a bad one spoils no other.
struct RawRows<'a>(Vec<&'a RawValue>);

/// How the message of one error begins; the others are of the parser.
const TOO_MANY: &str = "too many rows";

impl<'de: 'a, 'a> Deserialize<'de> for RawRows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = RawRows<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = items.next_element()? {
                    if rows.len() == IMPORT_ROWS {
                        return Err(serde::de::Error::custom(TOO_MANY));
                    }
                    rows.push(row);
                }
                Ok(RawRows(rows))
            }
        }
        deserializer.deserialize_seq(Rows)
    }
}

/// The rows, and whether this is a dry run.
pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Row>, bool), Problem> {
    let List { collectors, dry_run } = serde_json::from_slice(bytes).map_err(|error| problem(&error))?;
    if collectors.0.is_empty() {
        return Err(Problem::invalid_field("collectors", "required", "holds no collector"));
    }
    let rows = collectors.0.iter().enumerate();
    let rows = rows.map(|(index, text)| Row { number: index + 1, members: members(text) }).collect();
    Ok((rows, dry_run.unwrap_or(false)))
}

fn members(text: &RawValue) -> Result<Map<String, Value>, Fault> {
    if text.get().len() > IMPORT_ROW_BYTES {
        return Err(Fault::of_row("length", format!("the row has more than {IMPORT_ROW_BYTES} bytes")));
    }
    match serde_json::from_str(text.get()) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Fault::of_row("type", "the row must be a JSON object")),
    }
}

/// What the parser says may repeat what it read, so it is put in our words.
fn problem(error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    if message.starts_with(TOO_MANY) {
        let most = format!("must have at most {IMPORT_ROWS} rows");
        return Problem::invalid_field("collectors", "too_many", most);
    }
    if message.starts_with("missing field `collectors`") {
        return Problem::invalid_field("collectors", "required", "is required");
    }
    let (code, what) = if error.is_data() {
        ("format", "is not {\"collectors\": [...], \"dry_run\": true or false}")
    } else {
        ("json", "is not valid JSON")
    };
    let place = format!("line {}, column {}", error.line(), error.column());
    Problem::invalid_field("body", code, format!("{what}: see {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        read(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_bad_row_spoils_no_other_and_rows_count_from_one() {
        let body = format!(
            r#"{{"collectors": [{{"name": "a"}}, 7, {{"x": "{}"}}, {{"name": "b"}}]}}"#,
            "y".repeat(600_000)
        );
        let (rows, dry_run) = read(body.as_bytes()).unwrap();
        assert!(!dry_run);
        let numbers: Vec<_> = rows.iter().map(|row| (row.number, row.members.is_ok())).collect();
        assert_eq!(numbers, [(1, true), (2, false), (3, false), (4, true)]);
    }

    #[test]
    fn what_is_no_list_of_rows_is_refused_without_repeating_it() {
        assert!(refusal("{}").contains("collectors is required"));
        assert!(refusal(r#"{"collectors": []}"#).contains("collectors holds no collector"));
        assert!(refusal(r#"{"collectors": "hunter2"}"#).contains("line 1"));
        assert!(refusal(r#"{"collectors": [], "password": "hunter2"}"#).contains("line 1"));
        for body in [r#"{"collectors": "hunter2"}"#, r#"{"collectors": ["hunter2"#, "hunter2"] {
            assert!(!refusal(body).contains("hunter2"), "{body}");
        }
        let many = format!(r#"{{"collectors": [{}]}}"#, vec!["0"; IMPORT_ROWS + 1].join(","));
        assert!(refusal(&many).contains("at most 10000 rows"));
    }
}
