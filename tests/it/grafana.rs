//! The dashboards for Grafana over real servers: each question of each panel has an answer, whichever form it has.
//!
//! A primary with a standby, their agents, the daemon and its mirror. What Grafana does between a dashboard and its
//! data source is in `page`.

mod page;
mod watched;

use reqwest::Method;
use serde_json::Value;

use crate::support::client::{Client, Reply};
use crate::support::mirrored::wait_until_mirrored;
use crate::support::postgres::Postgres;
use crate::support::prometheus::form_of;
use page::{INTERVAL_SECONDS, Page, Source, dashboards};
use watched::Watched;

/// The data source of the Prometheus form: it posts forms, with an API token as its password.
struct Api<'a> {
    client: &'a Client,
    authorization: String,
}

impl<'a> Api<'a> {
    fn of(watched: &'a Watched) -> Self {
        use base64::Engine as _;
        let login = format!("grafana:{}", watched.token);
        let authorization = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login));
        Self { client: &watched.appliance.client, authorization }
    }

    fn call(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Reply {
        let what = format!("{path} {form:?}");
        let path = format!("/prometheus/api/v1/{path}");
        let mut headers = vec![("authorization", self.authorization.as_str())];
        let reply = if method == Method::GET {
            self.client.send(method, &format!("{path}?{}", form_of(form)), &headers, Vec::new())
        } else {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            self.client.send(method, &path, &headers, form_of(form).into_bytes())
        };
        assert_eq!(reply.status, 200, "{what}: {}", reply.text);
        reply
    }

    /// The series that answer a target, with the moments that Grafana asks for.
    fn series(&self, page: &Page, target: &Value) -> Vec<Value> {
        let expr = page.filled(target["expr"].as_str().unwrap());
        let (start, end) = (page.start().to_string(), page.end().to_string());
        let reply = if target["instant"] == true {
            self.call(Method::POST, "query", &[("query", &expr), ("time", &end)])
        } else {
            let step = INTERVAL_SECONDS.to_string();
            let form = [("query", expr.as_str()), ("start", &start), ("end", &end), ("step", &step)];
            self.call(Method::POST, "query_range", &form)
        };
        reply.body["data"]["result"].as_array().unwrap().clone()
    }
}

impl Source for Api<'_> {
    /// `label_values(series, label)`.
    fn values(&self, page: &Page, query: &Value) -> Vec<String> {
        let text = query["query"].as_str().unwrap();
        let inner = text.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).unwrap();
        let (series, label) = inner.rsplit_once(", ").unwrap();
        let (series, start, end) = (page.filled(series), page.start().to_string(), page.end().to_string());
        let form = [("match[]", series.as_str()), ("start", &start), ("end", &end)];
        let reply = self.call(Method::GET, &format!("label/{label}/values"), &form);
        serde_json::from_value(reply.body["data"].clone()).unwrap()
    }
}

/// The data source of the PostgreSQL form, over the mirror.
impl Source for Postgres {
    fn values(&self, page: &Page, query: &Value) -> Vec<String> {
        rows(self, page, query.as_str().unwrap())
    }
}

/// Rows that say something.
fn rows(mirror: &Postgres, page: &Page, sql: &str) -> Vec<String> {
    let answer = mirror.value("postgres", &page.filled(sql));
    answer.lines().filter(|row| !row.trim_matches('|').is_empty()).map(str::to_owned).collect()
}

#[test]
fn each_panel_has_an_answer_over_the_daemon() {
    let watched = Watched::start();
    let api = Api::of(&watched);
    let mut silent = Vec::new();
    for dashboard in dashboards("prometheus") {
        let page = Page::open(&dashboard, &api);
        for (title, panel) in page.panels() {
            for target in panel["targets"].as_array().unwrap() {
                let series = api.series(&page, target);
                if series.is_empty() {
                    silent.push(format!("{title} {}: {}", target["refId"], target["expr"]));
                }
                assert_named(&title, target, &series);
            }
            assert_columns(&title, panel, &api, &page);
        }
        for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
            api.series(&page, annotation);
        }
    }
    assert!(silent.is_empty(), "no answer for\n{}", silent.join("\n"));

    let mirror = &watched.mirror;
    wait_until_mirrored(&watched.appliance, &watched.admin);
    for dashboard in dashboards("postgresql") {
        let page = Page::open(&dashboard, mirror);
        for (title, panel) in page.panels() {
            for target in panel["targets"].as_array().unwrap() {
                let sql = target["rawSql"].as_str().unwrap();
                if rows(mirror, &page, sql).is_empty() {
                    silent.push(format!("{title} {}: {}", target["refId"], page.filled(sql)));
                }
            }
        }
        for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
            rows(mirror, &page, annotation["target"]["rawSql"].as_str().unwrap());
        }
    }
    assert!(silent.is_empty(), "no rows in the mirror for\n{}", silent.join("\n"));
}

/// Each label in a legend is one that a series has.
fn assert_named(title: &str, target: &Value, series: &[Value]) {
    let legend = target["legendFormat"].as_str().unwrap();
    for label in legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap()) {
        let has_it = |series: &Value| series["metric"][label].is_string();
        let is_known = series.is_empty() || series.iter().any(has_it);
        assert!(is_known, "{title}: no series has the label {label} of its legend");
    }
}

/// What a table renames is there: a value for each query, and labels that the series have.
fn assert_columns(title: &str, panel: &Value, api: &Api<'_>, page: &Page) {
    let organize = panel["transformations"].as_array().unwrap().iter().find(|one| one["id"] == "organize");
    let Some(renamed) = organize.and_then(|one| one["options"]["renameByName"].as_object()) else { return };
    let targets = panel["targets"].as_array().unwrap();
    let values = targets.iter().map(|target| format!("Value #{}", target["refId"].as_str().unwrap()));
    let values: Vec<_> = values.collect();
    assert!(values.iter().all(|value| renamed.contains_key(value)), "{title}: {renamed:?}");
    let series = api.series(page, &targets[0]);
    for label in renamed.keys().filter(|name| !values.contains(name)) {
        let has_it = |series: &Value| series["metric"][label].is_string();
        let is_known = series.is_empty() || series.iter().any(has_it);
        assert!(is_known, "{title}: no series has the label {label}");
    }
}
