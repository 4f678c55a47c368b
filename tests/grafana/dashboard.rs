//! A whole dashboard, as a file that Grafana takes.

use serde_json::{Value, json};

use super::description::{Dashboard, Form};
use super::panels::panels;
use super::variables::{fleet, variables};

/// Of Grafana 12; older ones read it, and newer ones bring it up to date.
const SCHEMA_VERSION: u32 = 41;

const ACTIONS: &str = "\
SELECT coalesce(a.completed_at, a.requested_at) AS \"time\", c.name || ': ' || a.action || ' by ' || a.initiated_by AS text,
       a.status AS tags
  FROM collector_actions a JOIN collectors c ON c.site_id = a.site_id AND c.id = a.collector_id
 WHERE a.site_id = ANY (ARRAY[${site:sqlstring}]::text[]) AND c.name = ANY (ARRAY[${collector:sqlstring}]::text[])
   AND $__timeFilter(a.requested_at)
 ORDER BY 1";

pub(crate) fn json_of(dashboard: &Dashboard, form: Form) -> String {
    let title = match form {
        Form::Prometheus => format!("pgAnalytics: {}", dashboard.title),
        Form::Postgresql => format!("pgAnalytics mirror: {}", dashboard.title),
    };
    let whole = json!({
        "id": null, "uid": format!("{}-{}", form.tag(), dashboard.name), "title": title,
        "description": dashboard.description, "tags": [form.tag(), "postgresql"],
        "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": true, "graphTooltip": 1, "liveNow": false,
        "fiscalYearStartMonth": 0, "weekStart": "", "timezone": "browser", "refresh": "1m",
        "time": {"from": dashboard.from, "to": "now"}, "timepicker": {},
        "annotations": {"list": annotations(dashboard, form)},
        "links": [links(form)],
        "templating": {"list": variables(dashboard, form)},
        "panels": panels(dashboard, form),
    });
    serde_json::to_string_pretty(&whole).unwrap() + "\n"
}

/// From each dashboard to the others, with what is chosen.
fn links(form: Form) -> Value {
    json!({
        "type": "dashboards", "title": "pgAnalytics", "tags": [form.tag()], "asDropdown": true, "includeVars": true,
        "keepTime": true, "targetBlank": false, "icon": "external link", "tooltip": "", "url": "",
    })
}

/// What happened that may explain a chart.
fn annotations(dashboard: &Dashboard, form: Form) -> Vec<Value> {
    let annotation = |name: &str, color: &str| {
        json!({
            "name": name, "enable": true, "hide": false, "iconColor": color,
            "datasource": {"type": form.plugin(), "uid": "${datasource}"},
        })
    };
    match form {
        Form::Prometheus => {
            let of = |name: &str, color: &str, series: &str, title: &str, labels: &str| {
                let mut annotation = annotation(name, color);
                let expr = format!("resets({series}{{{}}}[3m]) > 0", fleet(dashboard));
                let more = json!({"expr": expr, "step": "60s", "titleFormat": title, "textFormat": labels});
                annotation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                annotation
            };
            vec![
                of("Agent started", "blue", "agent_uptime_seconds", "Agent started", "{{collector}}"),
                of(
                    "Statistics began again",
                    "orange",
                    "pg_stat_database_xact_commit",
                    "Statistics began again: a crash, or a reset",
                    "{{collector}} {{datname}}",
                ),
            ]
        }
        Form::Postgresql => {
            let mut annotation = annotation("Stops, restarts, resumes", "blue");
            annotation["target"] = json!({
                "refId": "Anno", "rawSql": ACTIONS, "format": "table", "rawQuery": true, "editorMode": "code",
            });
            vec![annotation]
        }
    }
}
