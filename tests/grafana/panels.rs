//! Panels as Grafana reads them.

use serde_json::{Map, Value, json};

use super::description::{Column, Dashboard, Form, Link, Panel};
use super::sql::statement;
use super::variables::fleet;

/// A page is this wide.
const PAGE: u64 = 24;
const USUAL_WIDTH: u64 = 12;
const USUAL_HEIGHT: u64 = 8;

/// All panels of one form, from left to right and from top to bottom.
pub(crate) fn panels(dashboard: &Dashboard, form: Form) -> Vec<Value> {
    let (mut x, mut y, mut height) = (0, 0, 0);
    let mut all = Vec::new();
    for (number, panel) in dashboard.panel.iter().filter(|panel| panel.is_in(form)).enumerate() {
        let is_row = panel.row.is_some();
        let (wide, high) = if is_row {
            (PAGE, 1)
        } else {
            (panel.width.unwrap_or(USUAL_WIDTH), panel.height.unwrap_or(USUAL_HEIGHT))
        };
        if x + wide > PAGE || is_row {
            (x, y, height) = (0, y + height, 0);
        }
        let mut made = if is_row { row(panel) } else { filled(dashboard, panel, form) };
        // a panel keeps its number in both forms, as links name it
        made["id"] = (number + 1).into();
        made["gridPos"] = json!({"x": x, "y": y, "w": wide, "h": high});
        all.push(made);
        x += wide;
        height = height.max(high);
    }
    all
}

fn row(panel: &Panel) -> Value {
    json!({"type": "row", "title": panel.row, "collapsed": false, "panels": []})
}

fn filled(dashboard: &Dashboard, panel: &Panel, form: Form) -> Value {
    let mut made = json!({
        "type": panel.kind(), "title": panel.title, "description": panel.description,
        "datasource": source(form), "targets": targets(dashboard, panel, form),
        "fieldConfig": {"defaults": defaults(panel, form), "overrides": overrides(panel, form)},
        "options": options(panel), "transformations": transformations(panel, form),
    });
    // what agents send comes once a minute; finer steps have nothing to show
    made["interval"] = "1m".into();
    made
}

fn source(form: Form) -> Value {
    json!({"type": form.plugin(), "uid": "${datasource}"})
}

fn targets(dashboard: &Dashboard, panel: &Panel, form: Form) -> Value {
    let mut all: Vec<Value> = match form {
        Form::Prometheus => {
            let charts = panel.prometheus.iter().map(|query| {
                let is_instant = query.instant || !is_over_time(panel);
                (query.expr.as_str(), query.legend.as_str(), is_instant, "time_series")
            });
            let cells =
                panel.column.iter().filter_map(|column| Some((column.expr.as_deref()?, "", true, "table")));
            charts.chain(cells).map(|query| prometheus(dashboard, query)).collect()
        }
        Form::Postgresql => {
            let statements = panel.postgresql.iter().map(|sql| statement(dashboard, sql));
            let target = |(text, format): (String, String)| json!({"rawSql": text, "format": format, "rawQuery": true, "editorMode": "code"});
            statements.map(target).collect()
        }
    };
    for (target, letter) in all.iter_mut().zip('A'..) {
        target["refId"] = letter.to_string().into();
        target["datasource"] = source(form);
    }
    all.into()
}

fn is_over_time(panel: &Panel) -> bool {
    panel.kind() == "timeseries"
}

fn prometheus(dashboard: &Dashboard, (expr, legend, is_instant, format): (&str, &str, bool, &str)) -> Value {
    json!({
        "expr": expr.trim().replace("FLEET", fleet(dashboard)), "legendFormat": legend, "instant": is_instant,
        "range": !is_instant, "format": format, "editorMode": "code",
    })
}

fn defaults(panel: &Panel, form: Form) -> Value {
    let mut defaults = Map::new();
    let is_chart = is_over_time(panel);
    defaults.insert("unit".to_owned(), panel.unit.as_deref().unwrap_or("short").into());
    defaults
        .insert("color".to_owned(), json!({"mode": if is_chart { "palette-classic" } else { "thresholds" }}));
    defaults.insert("thresholds".to_owned(), thresholds(panel.thresholds.as_deref().unwrap_or("green")));
    for (name, bound) in [("min", panel.min), ("max", panel.max)] {
        if let Some(bound) = bound {
            defaults.insert(name.to_owned(), bound.into());
        }
    }
    if let Some(none) = &panel.none {
        defaults.insert("noValue".to_owned(), none.as_str().into());
    }
    if !panel.words.is_empty() {
        let words = panel.words.iter().map(|(value, text)| (value.clone(), json!({"text": text})));
        let words: Map<String, Value> = words.collect();
        defaults.insert("mappings".to_owned(), json!([{"type": "value", "options": words}]));
    }
    if let Some(opens) = &panel.opens {
        let variable = if opens == "database" { "database" } else { "collector" };
        let link = leads_to(form, opens, variable, "${__field.displayName}");
        defaults.insert("links".to_owned(), json!([link]));
    }
    if is_chart {
        let style = if panel.thresholds.is_some() { "dashed" } else { "off" };
        defaults.insert(
            "custom".to_owned(),
            json!({
                "drawStyle": "line", "lineWidth": 1, "fillOpacity": if panel.stack { 40 } else { 8 },
                "showPoints": "auto", "spanNulls": false, "thresholdsStyle": {"mode": style},
                "stacking": {"mode": if panel.stack { "normal" } else { "none" }, "group": "A"},
            }),
        );
    }
    defaults.into()
}

/// `green, 70 orange, 85 red`.
fn thresholds(text: &str) -> Value {
    let step = |step: &str| match step.trim().split_once(' ') {
        Some((from, color)) => json!({"value": from.parse::<f64>().unwrap(), "color": color}),
        None => json!({"value": null, "color": step.trim()}),
    };
    json!({"mode": "absolute", "steps": text.split(',').map(step).collect::<Vec<_>>()})
}

/// Where a name leads, with what was chosen on the way.
fn leads_to(form: Form, dashboard: &str, variable: &str, value: &str) -> Value {
    let mut url = format!("/d/{}-{dashboard}?var-{variable}={value}&${{datasource:queryparam}}", form.tag());
    if variable != "collector" {
        url.push_str("&${collector:queryparam}");
    }
    if form == Form::Postgresql {
        url.push_str("&${site:queryparam}");
    }
    json!({"title": format!("Open in {dashboard}"), "url": url + "&${__url_time_range}"})
}

fn overrides(panel: &Panel, form: Form) -> Vec<Value> {
    let of_column = |column: &Column| {
        let mut properties = vec![json!({"id": "unit", "value": column.unit.as_deref().unwrap_or("short")})];
        if let Some(text) = &column.thresholds {
            properties.push(json!({"id": "thresholds", "value": thresholds(text)}));
            properties.push(json!({"id": "custom.cellOptions", "value": {"type": "color-text"}}));
        }
        json!({"matcher": {"id": "byName", "options": column.name}, "properties": properties})
    };
    let of_link = |link: &Link| {
        let leads = leads_to(form, &link.to, &link.variable, "${__value.text}");
        json!({
            "matcher": {"id": "byName", "options": link.column},
            "properties": [{"id": "links", "value": [leads]}],
        })
    };
    panel.column.iter().map(of_column).chain(panel.link.iter().map(of_link)).collect()
}

fn options(panel: &Panel) -> Value {
    // one bar or needle for each row
    let is_of_many = matches!(panel.kind(), "bargauge" | "gauge");
    let reduced = json!({"calcs": ["lastNotNull"], "fields": "", "values": is_of_many});
    match panel.kind() {
        "timeseries" => json!({
            "legend": {"displayMode": "table", "placement": "bottom", "showLegend": true,
                       "calcs": ["mean", "max", "lastNotNull"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }),
        "table" => {
            let sort = panel.sort.as_ref().map(|column| json!({"displayName": column, "desc": true}));
            json!({"showHeader": true, "cellHeight": "sm", "sortBy": sort.into_iter().collect::<Vec<_>>(),
                   "footer": {"show": false, "reducer": ["sum"], "fields": ""}})
        }
        "bargauge" => json!({
            "displayMode": "gradient", "orientation": "horizontal", "reduceOptions": reduced, "showUnfilled": true,
            "valueMode": "color",
        }),
        "gauge" => {
            json!({"reduceOptions": reduced, "showThresholdLabels": false, "showThresholdMarkers": true})
        }
        _ => json!({
            "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto",
            "reduceOptions": reduced, "textMode": "value",
        }),
    }
}

/// The answers of a table's queries become one row for each set of labels.
fn transformations(panel: &Panel, form: Form) -> Value {
    if form != Form::Prometheus || panel.kind() != "table" {
        return json!([]);
    }
    let values =
        panel.column.iter().zip('A'..).map(|(column, letter)| (format!("Value #{letter}"), &column.name));
    let labels = panel.labels.iter().map(|(label, name)| (label.clone(), name));
    let names: Map<String, Value> =
        values.chain(labels).map(|(from, to)| (from, to.as_str().into())).collect();
    json!([
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": true}, "renameByName": names}},
    ])
}
