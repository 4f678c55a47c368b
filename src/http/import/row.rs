//! One row of an import, checked as a registration is, with what an import takes for granted.

use serde_json::{Map, Value};

use crate::fleet::{Candidate, ConnectionTest, Fault};
use crate::http::fields::Fields;
use crate::http::problem::Problem;
use crate::http::register::{Registration, registration};
use crate::limits::{IMPORT_FIELD_CHARS, IMPORT_MESSAGE_CHARS};

/// A row as it was read: its members by name, or why it cannot be read.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) number: usize,
    pub(super) members: Result<Map<String, Value>, Fault>,
}

/// A row that was checked, and the connection that it asks to be tried.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) candidate: Candidate,
    pub(super) test: Option<ConnectionTest>,
}

impl Row {
    pub(super) fn check(self) -> Checked {
        let name = self.members.as_ref().map_or_else(|_| String::new(), name_of);
        let (new, test) = match self.members.and_then(registration_of) {
            Ok(Registration { new, test }) => (Ok(new), test),
            Err(fault) => (Err(fault), None),
        };
        Checked { candidate: Candidate { row: self.number, name, new, unreachable: None }, test }
    }
}

/// What the row calls itself, also where that is no good name.
fn name_of(members: &Map<String, Value>) -> String {
    let name = members.get("name").and_then(Value::as_str).unwrap_or_default();
    shortened(name.trim(), IMPORT_FIELD_CHARS)
}

fn shortened(text: &str, chars: usize) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(chars).collect()
}

fn registration_of(mut members: Map<String, Value>) -> Result<Registration, Fault> {
    let environment = if members.contains_key("env") { "env" } else { "environment" };
    if let Some(value) = members.remove("env")
        && members.insert("environment".to_owned(), value).is_some()
    {
        return Err(Fault::at("env", "duplicate", "env stands beside environment: one is enough"));
    }
    members.retain(|_, value| !value.is_null());
    for (field, value) in [
        ("type", Value::from("postgresql")),
        ("ssl_mode", Value::from("prefer")),
        ("test_connection", Value::from(false)),
    ] {
        members.entry(field).or_insert(value);
    }
    registration(Fields::new(members)).map_err(|problem| fault(&problem, environment))
}

/// The first field at fault, and in words all of them, by the names that the row uses.
fn fault(problem: &Problem, environment: &str) -> Fault {
    let name = |field: &str| {
        let field = if field == "environment" { environment } else { field };
        shortened(field, IMPORT_FIELD_CHARS)
    };
    let told: Vec<String> =
        problem.errors().iter().map(|error| format!("{} {}", name(&error.field), error.message)).collect();
    let first = problem.errors().first();
    Fault {
        field: first.map(|error| name(&error.field)),
        code: first.map_or_else(|| problem.code().to_owned(), |error| error.code.clone()),
        message: shortened(&told.join("; "), IMPORT_MESSAGE_CHARS),
    }
}
