//! What is chosen at the top of a dashboard: each list depends on the choices before it.

use serde_json::{Value, json};

use super::description::{Dashboard, Form};

/// Series that every collector has one of, whatever it watches.
const SIGNS_OF_LIFE: &str = "__name__=~\"pg_up|node_load1\"";

const COLLECTORS: &str = "\
  FROM collectors c LEFT JOIN collector_groups g ON g.site_id = c.site_id AND g.id = c.group_id
 WHERE c.archived_at IS NULL AND c.site_id = ANY (ARRAY[${site:sqlstring}]::text[])";
const IN_ENVIRONMENT: &str = "\n   AND c.environment = ANY (ARRAY[${environment:sqlstring}]::text[])";
const IN_GROUP: &str = "\n   AND coalesce(g.name, 'none') = ANY (ARRAY[${group:sqlstring}]::text[])";

/// The newest documents name the databases that there are.
const DATABASES: &str = "\
SELECT DISTINCT d->>'database' AS database
  FROM collectors c
 CROSS JOIN LATERAL (
       SELECT metric_data FROM collector_metrics m
        WHERE m.site_id = c.site_id AND m.collector_id = c.id AND $__timeFilter(m.received_at)
        ORDER BY m.received_at DESC LIMIT 20) AS m
 CROSS JOIN LATERAL jsonb_path_query(m.metric_data, '$.metrics[*] ? (@.type == \"pg_stats\")') AS d
 WHERE c.archived_at IS NULL AND c.site_id = ANY (ARRAY[${site:sqlstring}]::text[])
   AND c.name = ANY (ARRAY[${collector:sqlstring}]::text[])
 ORDER BY 1";

/// How much of a list is chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    One,
    Many,
}

pub(crate) fn variables(dashboard: &Dashboard, form: Form) -> Vec<Value> {
    let mut all = vec![json!({
        "name": "datasource", "label": "Data source", "type": "datasource", "query": form.plugin(), "regex": "",
        "refresh": 1, "multi": false, "includeAll": false, "current": {}, "options": [], "hide": 0,
        "skipUrlSync": false,
    })];
    if form == Form::Postgresql {
        let sites = "SELECT site_id FROM mirror_sites ORDER BY 1";
        all.push(variable(form, "site", "Site", sites, Choice::One));
    }
    let collectors = if dashboard.many { Choice::Many } else { Choice::One };
    for (name, label, choice) in [
        ("environment", "Environment", Choice::Many),
        ("group", "Group", Choice::Many),
        ("collector", "Collector", collectors),
        ("database", "Database", Choice::Many),
    ] {
        if name != "database" || dashboard.databases {
            all.push(variable(form, name, label, &values(dashboard, form, name), choice));
        }
    }
    all
}

/// The query for the values of a variable.
fn values(dashboard: &Dashboard, form: Form, name: &str) -> String {
    match (form, name) {
        (Form::Prometheus, "environment") => format!("label_values({{{SIGNS_OF_LIFE}}}, environment)"),
        (Form::Prometheus, "group") => {
            format!("label_values({{{SIGNS_OF_LIFE},environment=~\"$environment\"}}, group)")
        }
        (Form::Prometheus, "collector") => format!(
            "label_values({{{SIGNS_OF_LIFE},environment=~\"$environment\",group=~\"$group\"}}, collector)"
        ),
        (Form::Prometheus, _) => {
            format!("label_values(pg_database_size_bytes{{{}}}, datname)", fleet(dashboard))
        }
        (Form::Postgresql, "environment") => {
            format!("SELECT DISTINCT c.environment\n{COLLECTORS}\n ORDER BY 1")
        }
        (Form::Postgresql, "group") => {
            format!(
                "SELECT DISTINCT coalesce(g.name, 'none') AS \"group\"\n{COLLECTORS}{IN_ENVIRONMENT}\n ORDER BY 1"
            )
        }
        (Form::Postgresql, "collector") => {
            format!("SELECT DISTINCT c.name\n{COLLECTORS}{IN_ENVIRONMENT}{IN_GROUP}\n ORDER BY 1")
        }
        (Form::Postgresql, _) => DATABASES.to_owned(),
    }
}

/// The conditions on the chosen collectors, which `FLEET` stands for.
pub(crate) fn fleet(dashboard: &Dashboard) -> &'static str {
    if dashboard.many {
        "environment=~\"$environment\",group=~\"$group\",collector=~\"$collector\""
    } else {
        // one alone is written as it is, and not as a pattern
        "collector=\"$collector\""
    }
}

fn variable(form: Form, name: &str, label: &str, query: &str, choice: Choice) -> Value {
    let is_many = choice == Choice::Many;
    let mut variable = json!({
        "name": name, "label": label, "type": "query", "definition": query, "query": query,
        "datasource": {"type": form.plugin(), "uid": "${datasource}"},
        // the lists follow the span of time
        "refresh": 2, "regex": "", "sort": 1, "multi": is_many, "includeAll": is_many,
        "current": {}, "options": [], "hide": 0, "skipUrlSync": false,
    });
    if form == Form::Prometheus {
        let reference = "PrometheusVariableQueryEditor-VariableQuery";
        variable["query"] = json!({"qryType": 1, "query": query, "refId": reference});
    }
    if is_many {
        variable["current"] = json!({"selected": true, "text": ["All"], "value": ["$__all"]});
        if form == Form::Prometheus {
            // also what has no such label, and short however many there are
            variable["allValue"] = ".*".into();
        }
    }
    variable
}
