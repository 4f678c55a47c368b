//! The interface as it is written down: `docs/openapi.json` is what the daemon serves, and it names every route;
//! `docs/metric-names.md` names every series that has a name of its own.
//!
//! The dashboard's types are made from the file, so a file that lags behind is a dashboard that is wrong.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails its test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// With it, as `make openapi` sets it, the files are written anew and not compared.
const REFRESH: &str = "PGANALYTICS_WRITE_OPENAPI";

#[test]
fn the_file_is_what_the_daemon_serves() {
    compare("docs/openapi.json", &pganalytics::http::openapi_document());
}

#[test]
fn the_file_is_what_the_names_of_metrics_are() {
    compare("docs/metric-names.md", &pganalytics::prometheus::table());
}

fn compare(name: &str, served: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os(REFRESH).is_some() {
        write(&path, served);
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let first = kept.lines().zip(served.lines()).position(|(kept, served)| kept != served);
    let line = first.unwrap_or_else(|| kept.lines().count().min(served.lines().count())) + 1;
    assert!(
        kept == served,
        "{name} is not what the daemon serves, from line {line} on:\n  kept:   {}\n  served: {}\n\
         write it anew with `make openapi`, and commit it",
        kept.lines().nth(line - 1).unwrap_or("(the end)"),
        served.lines().nth(line - 1).unwrap_or("(the end)"),
    );
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document: Value = serde_json::from_str(&pganalytics::http::openapi_document()).unwrap();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let served: BTreeSet<(String, String)> = pganalytics::http::routes::all()
        .into_iter()
        // another name of /api/v1/ws, for addresses that people type
        .filter(|route| route.path != "/ws")
        .map(|route| (route.path.to_owned(), route.method.to_string()))
        .collect();
    let missing: Vec<_> = served.difference(&described).collect();
    let surplus: Vec<_> = described.difference(&served).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "served but not described: {missing:?}; described but not served: {surplus:?}"
    );
}

/// A generator of types names functions by it.
#[test]
fn every_operation_has_a_name_of_its_own() {
    let document: Value = serde_json::from_str(&pganalytics::http::openapi_document()).unwrap();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(!name.is_empty(), "{method} {path} has no operationId");
            assert!(names.insert(name.to_owned()), "{method} {path}: operationId {name} is used twice");
        }
    }
}

/// Version 3.1 asks for a description of every answer, and tools refuse a document without them; a client that is
/// made from it knows each refusal.
#[test]
fn every_answer_has_a_description_and_every_refusal_its_document() {
    let document: Value = serde_json::from_str(&pganalytics::http::openapi_document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.contains_key("default"), "{method} {path} names no other refusals");
            for (status, answer) in answers {
                let answer = shared(&document, answer);
                let place = format!("{method} {path} {status}");
                assert!(!answer["description"].as_str().unwrap_or_default().is_empty(), "{place}");
                if status.starts_with(['4', '5', 'd']) {
                    let content = answer["content"].as_object().unwrap_or_else(|| panic!("{place}"));
                    let kind = content.keys().next().unwrap();
                    let is_query = path.starts_with("/prometheus/");
                    let expected = if is_query { "application/json" } else { "application/problem+json" };
                    assert_eq!(kind, expected, "{place}");
                }
            }
        }
    }
    let users = &document["paths"]["/api/v1/users"]["get"]["responses"];
    assert!(users["401"].is_object() && users["403"].is_object(), "{users}");
    let config = &document["paths"]["/api/v1/config/{collector_id}"]["get"]["responses"];
    assert!(config["401"].is_null() && config["403"].is_object(), "{config}");
}

/// An answer, or the one that it refers to.
fn shared<'a>(document: &'a Value, answer: &'a Value) -> &'a Value {
    match answer["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
        None => answer,
    }
}

#[expect(clippy::disallowed_methods, reason = "a file of the source tree needs to survive nothing")]
fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}
