//! How series are named: by the type, the keys on the way to a number, and the labels of the objects around it.

use serde_json::value::to_raw_value;

use super::lossless::{checked, numbered};
use super::*;
use crate::metrics::pack;
use crate::metrics::senders::Senders;
use crate::metrics::text::{self, Step};
use crate::storage::bytes::Reader;

fn taken(kind: &str, text: &str) -> (crate::metrics::piece::Hash, Vec<String>) {
    let text = text.replacen('{', &format!(r#"{{"type":"{kind}","#), 1);
    let document = Senders::default()
        .with(id(1), |sender, common| checked(&text, sender, common))
        .unwrap_or_else(|refusal| panic!("{text}: {:?}", refusal.at(0)));
    let (shape, layouts) = numbered(&document.shape);
    let mut values = Reader(&document.values);
    let mut points = Vec::new();
    let walked = text::walk(
        &shape,
        |piece| Ok::<_, ()>(Arc::clone(&layouts[piece as usize])),
        |step| {
            if let Step::Slot { piece, slot } = step {
                let number = pack::read(&mut values)?.number();
                layouts[piece as usize].each_group(|group| {
                    for (_, key) in group.keys.iter().filter(|(own, _)| *own == slot) {
                        let (mut name, labels) = (String::new(), group.labels());
                        group.put_name(key, &mut name);
                        points.push(format!("{name}{labels:?} {}", number.unwrap().to_json()));
                    }
                });
            }
            Some(())
        },
    );
    assert_eq!(walked, Ok(Some(())));
    (document.shape.hash, points)
}

fn points(kind: &str, text: &str) -> Vec<String> {
    taken(kind, text).1
}

#[test]
fn a_table_of_pg_stats_is_named_by_database_schema_and_name() {
    let text = r#"{"database":"app","size_bytes":9,
        "tables":[{"schema":"public","name":"orders","live_tuples":4286,"last_vacuum":""}]}"#;
    assert_eq!(
        points("pg_stats", text),
        [
            r#"pg_stats.size_bytes{"database": "app"} 9"#,
            r#"pg_stats.tables.live_tuples{"database": "app", "name": "orders", "schema": "public"} 4286"#
        ]
    );
}

#[test]
fn rows_have_their_strings_and_those_around_them_as_labels() {
    let text = r#"{"source":"pg_stat_database","timestamp":"2026-11-20T00:00:00Z",
        "rows":[{"database":"app_1","numbackends":3,"blk_read_time":7.147}]}"#;
    let labels = r#"{"database": "app_1", "source": "pg_stat_database"}"#;
    assert_eq!(
        points("pg_stats", text),
        [
            format!("pg_stats.rows.numbackends{labels} 3"),
            format!("pg_stats.rows.blk_read_time{labels} 7.147")
        ]
    );
}

#[test]
fn an_object_keyed_by_database_gives_the_label_and_another_database_inside_is_told_apart() {
    let text = r#"{"hostname":"h","databases":{"appdb":{"connection_stats":
        {"total_connections":2,"by_state":[{"database":"postgres","state":"active","count":3}]}}}}"#;
    assert_eq!(
        points("pg_connections", text),
        [
            r#"pg_connections.databases.connection_stats.total_connections{"database": "appdb"} 2"#,
            concat!(
                r#"pg_connections.databases.connection_stats.by_state.count{"by_state_database": "postgres", "#,
                r#""database": "appdb", "state": "active"} 3"#
            )
        ]
    );
}

#[test]
fn what_only_its_place_tells_apart_is_labelled_with_it() {
    let text = r#"{"load":[0.5,0.25],"queues":[{"length":1},{"length":2}],"empty":[]}"#;
    assert_eq!(
        points("x", text),
        [
            r#"x.load{"index": "0"} 0.5"#,
            r#"x.load{"index": "1"} 0.25"#,
            r#"x.queues.length{"index": "0"} 1"#,
            r#"x.queues.length{"index": "1"} 2"#
        ]
    );
}

#[test]
fn the_shape_stays_when_only_numbers_and_moments_change() {
    let first = taken("x", r#"{"zone":"eu","at":"2026-01-01","n":1}"#);
    let second = taken("x", r#"{"zone":"eu","at":"2026-01-02","n":2}"#);
    let other = taken("x", r#"{"zone":"us","at":"2026-01-02","n":2}"#);
    assert_eq!(first.0, second.0);
    assert_ne!(first.0, other.0);
}

#[test]
fn what_is_no_number_is_no_series() {
    let text =
        to_raw_value(&json!({"name": "n", "ok": true, "none": null, "text": "", "list": ["a"]})).unwrap();
    assert!(points("x", text.get()).is_empty());
}
