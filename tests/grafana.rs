//! The dashboards for Grafana: each file is what its description in `assets/grafana/sources` makes of it, and whole.
//!
//! That their queries answer is held by `tests/it/grafana.rs`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot go on fails its test")]

// beside this file they would be test programs of their own
#[path = "grafana/dashboard.rs"]
mod dashboard;
#[path = "grafana/description.rs"]
mod description;
#[path = "grafana/panels.rs"]
mod panels;
#[path = "grafana/sql.rs"]
mod sql;
#[path = "grafana/variables.rs"]
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use description::{Form, dashboards, folder};

/// With it, as `make grafana` sets it, the files are written anew and not compared.
const REFRESH: &str = "PGANALYTICS_WRITE_GRAFANA";

/// Every file there is, by its path, with what it should hold.
fn made() -> BTreeMap<PathBuf, String> {
    let mut made = BTreeMap::new();
    for dashboard in dashboards() {
        for form in Form::ALL {
            let path = folder().join(form.name()).join(format!("{}.json", dashboard.name));
            made.insert(path, dashboard::json_of(&dashboard, form));
        }
    }
    made
}

fn kept(form: Form) -> BTreeMap<PathBuf, Value> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, value)
    };
    let files = fs::read_dir(folder().join(form.name())).unwrap();
    files.map(|entry| read(entry.unwrap().path())).collect()
}

fn all_kept() -> BTreeMap<PathBuf, Value> {
    Form::ALL.into_iter().flat_map(kept).collect()
}

#[test]
fn the_files_are_what_their_descriptions_say() {
    let made = made();
    assert_eq!(made.len(), 16);
    if std::env::var_os(REFRESH).is_some() {
        for (path, text) in &made {
            write(path, text);
        }
    }
    assert_eq!(all_kept().into_keys().collect::<Vec<_>>(), made.keys().cloned().collect::<Vec<_>>());
    for (path, text) in &made {
        let kept = fs::read_to_string(path).unwrap();
        assert!(
            kept == *text,
            "{} is not what its description says: write it anew with `make grafana`",
            path.display()
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a developer's file; a broken one is seen at once")]
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

#[test]
fn dashboards_can_be_told_apart_and_lead_to_each_other() {
    let all = all_kept();
    let uids: BTreeSet<_> = all.values().map(|dashboard| text(dashboard, "uid")).collect();
    let titles: BTreeSet<_> = all.values().map(|dashboard| text(dashboard, "title")).collect();
    assert_eq!((uids.len(), titles.len()), (all.len(), all.len()), "{uids:?} {titles:?}");
    for (path, dashboard) in &all {
        assert!(text(dashboard, "uid").len() <= 40, "Grafana takes no longer ids: {}", path.display());
        assert!(dashboard["id"].is_null() && !list(dashboard, "tags").is_empty(), "{}", path.display());
        let json = dashboard.to_string();
        for link in json.split("/d/").skip(1) {
            let (uid, rest) = link.split_once('?').unwrap();
            assert!(uids.contains(uid), "{} leads to {uid}, which is not there", path.display());
            let target = all.values().find(|other| text(other, "uid") == uid).unwrap();
            let variables: Vec<_> =
                list(&target["templating"], "list").iter().map(|one| text(one, "name")).collect();
            for part in rest.split('"').next().unwrap().split('&') {
                let name = part.split_once('=').and_then(|(name, _)| name.strip_prefix("var-"));
                assert!(
                    name.is_none_or(|name| variables.contains(&name)),
                    "{uid} has no variable for {part}"
                );
            }
        }
    }
    let of_fleet: Vec<_> = all.values().filter(|one| text(one, "uid").ends_with("-fleet")).collect();
    assert!(of_fleet.len() == 2 && of_fleet.iter().all(|one| one.to_string().contains("-collector?")));
}

#[test]
fn panels_have_their_places_numbers_words_and_questions() {
    for (path, dashboard) in all_kept() {
        let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for panel in list(&dashboard, "panels") {
            let what = format!("{}: {}", path.display(), text(panel, "title"));
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{what}: its number is another's");
            assert!(!text(panel, "title").is_empty(), "{what}");
            let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
            assert!(place("x") + place("w") <= 24, "{what}: beyond the page");
            for (x, y) in (0..place("w")).flat_map(|x| (0..place("h")).map(move |y| (x, y))) {
                assert!(cells.insert((place("x") + x, place("y") + y)), "{what}: upon another one");
            }
            if text(panel, "type") == "row" {
                continue;
            }
            assert!(text(panel, "description").ends_with('.'), "{what}: says in a sentence what it shows");
            assert!(!text(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "{what}");
            assert!(!list(panel, "targets").is_empty(), "{what}");
            let mut letters = BTreeSet::new();
            for target in list(panel, "targets") {
                assert!(letters.insert(text(target, "refId")), "{what}");
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{what}");
                assert!(!text(target, "expr").is_empty() || !text(target, "rawSql").is_empty(), "{what}");
                let is_series = text(panel, "type") == "timeseries" && target["expr"].is_string();
                assert!(
                    !is_series || !text(target, "legendFormat").is_empty(),
                    "{what}: its series have no names"
                );
            }
        }
    }
}

/// The names behind each `$`, but those that Grafana itself knows.
fn used(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| -> String {
        rest.trim_start_matches('{').chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let names = text.split('$').skip(1).map(name);
    names.filter(|name| !name.is_empty() && !name.starts_with("__")).collect()
}

#[test]
fn variables_are_defined_before_they_are_used_and_all_are_used() {
    for (path, dashboard) in all_kept() {
        let mut defined = BTreeSet::new();
        let mut needed = used(&dashboard["panels"].to_string());
        needed.extend(used(&dashboard["annotations"].to_string()));
        for variable in list(&dashboard["templating"], "list") {
            let here = used(&variable.to_string());
            assert!(
                here.is_subset(&defined),
                "{}: {} asks for {here:?}",
                path.display(),
                text(variable, "name")
            );
            needed.extend(here);
            assert!(defined.insert(text(variable, "name").to_owned()), "{}: {variable}", path.display());
        }
        assert_eq!(needed, defined, "{}", path.display());
    }
}

#[test]
fn provisioning_names_folders_and_kinds_of_data_sources_that_there_are() {
    let read = |name: &str| fs::read_to_string(folder().join("provisioning").join(name)).unwrap();
    let (sources, dashboards) = (read("datasources/pganalytics.yaml"), read("dashboards/pganalytics.yaml"));
    for form in Form::ALL {
        assert!(sources.contains(&format!("type: {}\n", form.plugin())), "{sources}");
        let path = format!("path: /usr/share/pganalytics/grafana/{}\n", form.name());
        assert!(dashboards.contains(&path), "{dashboards}");
    }
}
