//! The daemon's own figures at `/metrics`, as Prometheus' own checker reads them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::appliance::{Appliance, now};

/// With collectors, answers, jobs and a mirror, so that every family has a sample.
#[test]
fn promtool_finds_nothing_wrong_with_the_figures() {
    let mut appliance = Appliance::prepare();
    let mirror =
        "[mirror]\nurl = \"postgresql://watch@127.0.0.1:9/fleet?sslmode=disable\"\nsite_id = \"here\"\n";
    appliance.set_config(Some(mirror));
    appliance.restart();
    appliance.set_up();
    let ada = appliance.login(crate::support::appliance::ADMIN);
    let (_, token) = appliance.collector(&ada, "db-1");
    let document = json!({"type": "probe", "timestamp": now(), "n": 1});
    assert_eq!(appliance.client.push(&token, "one", &[document]).status, 200);
    assert_eq!(appliance.client.get("/api/v1/nothing", Some(&ada)).status, 404);

    let figures = appliance.client.get("/metrics", None);
    assert_eq!(figures.status, 200);
    assert!(figures.header("content-type").starts_with("text/plain; version=0.0.4"));
    for family in [
        "pganalytics_build_info{version=\"",
        "pganalytics_http_answers_total{class=\"4xx\"} ",
        "pganalytics_http_answer_duration_seconds_bucket{le=\"+Inf\"} ",
        "pganalytics_collectors{status=\"online\"} 1",
        "pganalytics_documents_stored 1",
        "pganalytics_storage_bytes{store=\"hot\"} ",
        "pganalytics_segments_missing 0",
        "pganalytics_job_failures_total{job=\"mirror\"} ",
        "pganalytics_mirror_lag_seconds ",
    ] {
        assert!(figures.text.contains(family), "{family} is not in:\n{}", figures.text);
    }
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(figures.text.as_bytes()).unwrap();
    let checked = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success() && said.is_empty(), "{said}\n{}", figures.text);
}
