//! What Grafana calls, in its order: when a data source is saved and tested, when a dashboard opens and moves on, and
//! while somebody types in Explore.

use serde_json::{Value, json};

use super::fleet::Fleet;
use super::seconds;
use crate::support::client::Reply;

/// The names in a list.
fn names(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["data"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

fn series(reply: &Reply) -> &[Value] {
    assert_eq!((reply.status, reply.string("status").as_str()), (200, "success"), "{}", reply.text);
    reply.body["data"]["result"].as_array().unwrap()
}

#[test]
fn a_data_source_is_saved_and_tested() {
    let fleet = Fleet::start();
    let health = fleet.call("query", &[("query", "1+1"), ("time", "4")]);
    assert_eq!(
        (health.status, health.text.as_str()),
        (200, r#"{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}"#)
    );
    assert_eq!(fleet.get("query", &[("query", "1+1"), ("time", "4")]).text, health.text);
    assert_eq!(health.header("content-type"), "application/json");
    let info = fleet.get("status/buildinfo", &[]);
    assert!(info.string("status") == "success" && info.body["data"]["version"] == "2.42.0", "{}", info.text);
    assert!(info.body["data"].get("features").is_none(), "it would be taken for another product");
    // it looks whether the method is what is refused, and asks again with GET
    let posted = fleet.call("status/buildinfo", &[]);
    assert_eq!((posted.status, posted.header("allow")), (405, "GET, HEAD"));
    assert_eq!(fleet.get("rules", &[]).body, json!({"status": "success", "data": {"groups": []}}));
    let (start, end) = (seconds(fleet.start), seconds(fleet.end()));
    let known = fleet.get("label/__name__/values", &[("start", &start), ("end", &end)]);
    assert!(names(&known).contains(&"pg_up"), "{}", known.text);
}

#[test]
fn a_dashboard_opens_and_moves_on() {
    let fleet = Fleet::start();
    let (start, end) = (seconds(fleet.start), seconds(fleet.end()));
    let range = [("start", start.as_str()), ("end", end.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [more, &range[..]].concat();

    // variables: each depends on the ones before
    let environments =
        fleet.get("label/environment/values", &with(&[("match[]", "{__name__=~\"pg_up|node_load1\"}")]));
    assert_eq!(names(&environments), ["production"]);
    let chosen = "{__name__=~\"pg_up|node_load1\",environment=~\"production\",group=~\".*\"}";
    assert_eq!(names(&fleet.get("label/collector/values", &with(&[("match[]", chosen)]))), ["db-1", "db-2"]);
    let databases = fleet
        .get("label/datname/values", &with(&[("match[]", "pg_database_size_bytes{collector=\"db-2\"}")]));
    assert_eq!(names(&databases), ["app"]);
    let two = [("match[]", "pg_up{collector=\"db-1\"}"), ("match[]", "demo_load{collector=\"db-2\"}")];
    assert_eq!(names(&fleet.get("label/__name__/values", &with(&two))), ["demo_load", "pg_up"]);
    assert_eq!(names(&fleet.get("label/collector/values", &with(&[("match[]", "nothing")]))), [""; 0]);
    // an older one asks for series instead
    let known = fleet.get("series", &with(&[("match[]", "pg_up{collector=\"db-1\"}")]));
    assert_eq!(known.body["data"][0]["environment"], "production", "{}", known.text);
    assert_eq!(fleet.call("series", &with(&[("match[]", "pg_up{collector=\"db-1\"}")])).body, known.body);

    // panels: of a range in steps since 1970, and of the end alone
    let panel = "sum by (collector) (rate(pg_stat_database_xact_commit{collector=~\"(db-1|db-2)\"}[4m0s]))";
    let of_range = |from: i64, to: i64| {
        let (from, to) = (seconds(from / 60_000 * 60_000), seconds(to / 60_000 * 60_000));
        let form = [("query", panel), ("start", &from), ("end", &to), ("step", "60")];
        let (posted, got) = (fleet.call("query_range", &form), fleet.get("query_range", &form));
        assert_eq!(posted.body, got.body);
        series(&posted).to_vec()
    };
    let shown = of_range(fleet.start, fleet.end() - 600_000);
    assert_eq!(shown.len(), 2, "{shown:?}");
    for one in &shown {
        let moments = one["values"].as_array().unwrap().iter().map(|point| point[0].as_i64().unwrap());
        assert!(moments.clone().all(|moment| moment % 60 == 0), "{one}");
        assert!(moments.count() > 60, "{one}");
    }
    // a minute later all points but the new one are the same
    let later = of_range(fleet.start + 60_000, fleet.end() - 540_000);
    for (before, after) in shown.iter().zip(&later) {
        let (before, after) = (before["values"].as_array().unwrap(), after["values"].as_array().unwrap());
        let last = before.last().unwrap();
        assert!(after.contains(last) && after.last() != Some(last), "{last} and {after:?}");
        let kept = before.iter().filter(|point| after.contains(point)).count();
        assert!(kept + 1 >= before.len(), "{kept} of {} points are the same", before.len());
    }
    let tile = fleet.call("query", &[("query", "count(pg_up)"), ("time", &seconds(fleet.end() - 60_000))]);
    assert_eq!(series(&tile)[0]["value"][1], "2", "{}", tile.text);
    // a panel asks for exemplars where they are switched on, and for annotations
    for exemplars in [fleet.get("query_exemplars", &range), fleet.call("query_exemplars", &range)] {
        assert_eq!(exemplars.body, json!({"status": "success", "data": []}));
    }
    for wrong in [&[("query", "{")][..], &[("query", "1"), ("start", "x")], &[("start", "2"), ("end", "1")]] {
        let refused = fleet.get("query_exemplars", wrong);
        assert_eq!((refused.status, refused.string("errorType")), (400, "bad_data".to_owned()), "{wrong:?}");
    }
    let starts = [("query", "resets(pg_stat_database_xact_commit[2m]) > 0"), ("step", "60")];
    // the other one was silent when its counters began again
    let began = fleet.call("query_range", &[&starts[..], &range].concat());
    let collectors: Vec<_> = series(&began).iter().map(|one| &one["metric"]["collector"]).collect();
    assert_eq!(collectors, ["db-1"]);
}

#[test]
fn somebody_types_in_explore() {
    let fleet = Fleet::start();
    let (start, end) = (seconds(fleet.start), seconds(fleet.end()));
    let range = [("start", start.as_str()), ("end", end.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [more, &range[..]].concat();

    let all = fleet.get("label/__name__/values", &with(&[("limit", "40000")]));
    assert!(names(&all).contains(&"pg_stat_database_xact_commit"), "{}", all.text);
    let some = fleet.get("label/__name__/values", &with(&[("match[]", "{__name__=~\"(?i).*XACT_c.*\"}")]));
    assert_eq!(names(&some), ["pg_stat_database_xact_commit"]);
    let metadata = fleet.get("metadata", &[("limit", "40000"), ("limit_per_metric", "1")]);
    assert_eq!(metadata.body["data"]["pg_stat_database_xact_commit"][0]["type"], "counter");
    let one = fleet.get("metadata", &[("metric", "pg_up")]);
    assert_eq!(one.body["data"].as_object().unwrap().len(), 1, "{}", one.text);
    assert_eq!(fleet.get("metadata", &[("limit", "3")]).body["data"].as_object().unwrap().len(), 3);

    let of_up = [("match[]", "pg_up")];
    for labels in [fleet.call("labels", &with(&of_up)), fleet.get("labels", &with(&of_up))] {
        assert_eq!(names(&labels), ["__name__", "collector", "collector_id", "environment"]);
    }
    let limited = fleet.get("labels", &with(&[("limit", "2")]));
    assert_eq!(names(&limited).len(), 2);
    assert!(limited.body["warnings"].is_array());
    let tables = "pg_stat_user_tables_n_live_tup{collector=\"db-1\",relname=~\"it.*\"}";
    assert_eq!(names(&fleet.get("label/relname/values", &with(&[("match[]", tables)]))), ["items"]);

    let neat = fleet.call("format_query", &[("query", "sum by(a)(b{c=\"d\"}) + 1")]);
    assert_eq!(neat.body["data"], "sum by (a) (b{c=\"d\"}) + 1");
    let tree = fleet.get("parse_query", &[("query", "rate(pg_up{a=\"b\"}[5m])")]);
    assert_eq!(tree.body["data"]["args"][0]["range"], 300_000, "{}", tree.text);
    assert_eq!(fleet.call("parse_query", &[("query", "rate(pg_up{a=\"b\"}[5m])")]).body, tree.body);
    for path in ["format_query", "parse_query", "query"] {
        let half = fleet.call(path, &[("query", "rate(pg_up{a=\"b\"}[")]);
        assert_eq!(
            (half.status, half.string("errorType").as_str()),
            (400, "bad_data"),
            "{path}: {}",
            half.text
        );
    }
    // both views of a query at once: a table of now and a chart
    let (query, now) = ("demo_load{zone=\"eu-1\"}", seconds(fleet.end() - 60_000));
    let table = fleet.call("query", &[("query", query), ("time", &now)]);
    let chart = fleet.call("query_range", &[&[("query", query), ("step", "15")][..], &range].concat());
    assert_eq!((series(&table).len(), series(&chart).len()), (2, 2));
}
