//! A dashboard that somebody looks at: what Grafana chooses and fills in before it asks a data source.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use pganalytics::clock::{Clock, Timestamp};

/// A quarter of an hour is shown, so that a step is what the panels have as the least.
const SHOWN_SECONDS: i64 = 900;
pub(super) const INTERVAL_SECONDS: i64 = 60;
/// As the provisioning files say.
const COLLECTION_SECONDS: i64 = 60;

/// Who knows the values of variables.
pub(super) trait Source {
    fn values(&self, page: &Page, query: &Value) -> Vec<String>;
}

pub(super) struct Page {
    dashboard: Value,
    /// In seconds.
    now: i64,
    /// What is chosen: each value of a variable, or what stands for all of them.
    chosen: BTreeMap<String, Vec<String>>,
}

/// The dashboards of one form.
pub(super) fn dashboards(form: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/grafana").join(form);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    files.iter().map(read).collect()
}

impl Page {
    /// Chooses what Grafana chooses first: all, or the first value.
    pub(super) fn open(dashboard: &Value, source: &dyn Source) -> Self {
        // as if it were opened at the next full minute: the last step of each chart has what was just measured
        let now = (Clock::System.now().as_millis() / 1000 / INTERVAL_SECONDS + 1) * INTERVAL_SECONDS;
        let mut page = Self { dashboard: dashboard.clone(), now, chosen: BTreeMap::new() };
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            if variable["type"] != "query" {
                continue;
            }
            let name = variable["name"].as_str().unwrap();
            let values = source.values(&page, &variable["query"]);
            assert!(!values.is_empty(), "{}: nothing to choose for {name}", dashboard["title"]);
            let chosen = match (&variable["includeAll"], &variable["allValue"]) {
                (Value::Bool(true), Value::String(all)) => vec![all.clone()],
                (Value::Bool(true), _) => values,
                _ => values[..1].to_vec(),
            };
            page.chosen.insert(name.to_owned(), chosen);
        }
        page
    }

    /// Panels with a question, by a name to be told by.
    pub(super) fn panels(&self) -> Vec<(String, &Value)> {
        let panels = self.dashboard["panels"].as_array().unwrap().iter();
        let name = |panel: &Value| format!("{} / {}", self.dashboard["title"], panel["title"]);
        panels.filter(|panel| panel["type"] != "row").map(|panel| (name(panel), panel)).collect()
    }

    /// A whole number of steps since 1970, so that a chart that moves asks for the same points.
    pub(super) fn start(&self) -> i64 {
        (self.now - SHOWN_SECONDS) / INTERVAL_SECONDS * INTERVAL_SECONDS
    }

    pub(super) fn end(&self) -> i64 {
        self.now
    }

    /// With every variable and macro in its place.
    pub(super) fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            filled.push_str(before);
            if let Some(inner) = behind.strip_prefix('{') {
                let (inside, after) = inner.split_once('}').unwrap();
                let name = inside.strip_suffix(":sqlstring").expect("the only form that a list has in SQL");
                let quoted = |value: &String| format!("'{}'", value.replace('\'', "''"));
                filled += &self.chosen[name].iter().map(quoted).collect::<Vec<_>>().join(",");
                rest = after;
            } else {
                let word = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
                let name: String = behind.chars().take_while(word).collect();
                rest = &behind[name.len()..];
                rest = self.fill(&name, rest, &mut filled);
            }
        }
        filled + rest
    }

    /// Puts what a name stands for, and returns what follows its arguments.
    fn fill<'a>(&self, name: &str, rest: &'a str, filled: &mut String) -> &'a str {
        let of = |seconds: i64| format!("'{}'", Timestamp::from_millis(seconds * 1000));
        // as Grafana does, up to the next bracket
        let arguments = || rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (from, to) = (of(self.start()), of(self.end()));
        let rate_seconds = (INTERVAL_SECONDS + COLLECTION_SECONDS).max(4 * COLLECTION_SECONDS);
        match name {
            "" => filled.push('$'),
            "__interval_ms" => write!(filled, "{}", INTERVAL_SECONDS * 1000).unwrap(),
            "__interval" => write!(filled, "{}m", INTERVAL_SECONDS / 60).unwrap(),
            "__rate_interval" => write!(filled, "{}m0s", rate_seconds / 60).unwrap(),
            "__range" => write!(filled, "{SHOWN_SECONDS}s").unwrap(),
            "__timeFrom" => *filled += &from,
            "__timeTo" => *filled += &to,
            "__timeFilter" => {
                write!(filled, "{} BETWEEN {from} AND {to}", arguments().unwrap().0).unwrap();
            }
            "__timeGroupAlias" => {
                let (column, _) = arguments().unwrap().0.split_once(',').unwrap();
                let step = INTERVAL_SECONDS;
                write!(filled, "floor(extract(epoch from {column})/{step})*{step} AS \"time\"").unwrap();
            }
            name => {
                let chosen = self.chosen.get(name).unwrap_or_else(|| panic!("nobody defines ${name}"));
                *filled += &chosen.join("|");
            }
        }
        if matches!(name, "__timeFrom" | "__timeTo" | "__timeFilter" | "__timeGroupAlias") {
            arguments().unwrap().1
        } else {
            rest
        }
    }
}
