//! What a dashboard shows, written once for both forms: the files of `assets/grafana/sources`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Prometheus,
    Postgresql,
}

impl Form {
    pub(crate) const ALL: [Self; 2] = [Self::Prometheus, Self::Postgresql];

    /// The folder of its dashboards, and what a panel says in `only`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Postgresql => "postgresql",
        }
    }

    /// What Grafana calls data sources of this form.
    pub(crate) fn plugin(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Postgresql => "grafana-postgresql-datasource",
        }
    }

    /// The tag of its dashboards, and the beginning of their ids.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Prometheus => "pganalytics",
            Self::Postgresql => "pganalytics-mirror",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dashboard {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// The span of time that it opens with, as in `now-6h`.
    pub(crate) from: String,
    /// Whether it shows several collectors at once.
    #[serde(default)]
    pub(crate) many: bool,
    /// Whether databases can be chosen.
    #[serde(default)]
    pub(crate) databases: bool,
    pub(crate) panel: Vec<Panel>,
}

/// A panel, or the heading of the panels that follow.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Panel {
    /// The text of a heading.
    pub(crate) row: Option<String>,
    pub(crate) title: String,
    pub(crate) description: String,
    /// As Grafana calls it; `timeseries` where nothing is said.
    pub(crate) kind: Option<String>,
    /// In 24ths of the page.
    pub(crate) width: Option<u64>,
    pub(crate) height: Option<u64>,
    pub(crate) unit: Option<String>,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    /// `green, 70 orange, 85 red`: a colour, and from where on others follow.
    pub(crate) thresholds: Option<String>,
    /// Series stand on each other.
    pub(crate) stack: bool,
    /// What stands there when there is nothing to show.
    pub(crate) none: Option<String>,
    /// What values mean.
    pub(crate) words: BTreeMap<String, String>,
    /// The dashboard that a series leads to by its name.
    pub(crate) opens: Option<String>,
    /// The column by which a table is sorted, the largest first.
    pub(crate) sort: Option<String>,
    /// Labels that are columns of a table, and what they are called there.
    pub(crate) labels: BTreeMap<String, String>,
    /// The column of a table that leads elsewhere.
    pub(crate) link: Option<Link>,
    pub(crate) column: Vec<Column>,
    /// The one form that has this panel.
    pub(crate) only: Option<String>,
    pub(crate) prometheus: Vec<Query>,
    pub(crate) postgresql: Vec<Sql>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    pub(crate) column: String,
    /// The name of a dashboard.
    pub(crate) to: String,
    /// What the cell is there.
    pub(crate) variable: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) unit: Option<String>,
    pub(crate) thresholds: Option<String>,
    /// Its values by labels; those of SQL come by their names.
    pub(crate) expr: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// `FLEET` in it stands for the conditions on the chosen collectors.
    pub(crate) expr: String,
    #[serde(default)]
    pub(crate) legend: String,
    #[serde(default)]
    pub(crate) instant: bool,
}

/// Either the whole statement, or what is one sample of a chart.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sql {
    /// The type of the documents.
    pub(crate) r#type: Option<String>,
    /// A statement over `documents`, `newest` or `fleet`; one that begins with a comma goes on with what `WITH` names.
    pub(crate) statement: Option<String>,
    /// `table` for a statement where nothing is said.
    pub(crate) format: Option<String>,
    /// What each document is joined with.
    pub(crate) from: Option<String>,
    /// The name of the series.
    pub(crate) series: String,
    /// What tells apart the counters that make up one series.
    pub(crate) key: Option<String>,
    pub(crate) value: String,
    /// The growth of the value in a second.
    pub(crate) rate: bool,
    /// The growth of the value for each of this.
    pub(crate) of: Option<String>,
    /// How the keys of a series become one: `sum` where nothing is said.
    pub(crate) together: Option<String>,
    /// Only so many series, those with the highest values.
    pub(crate) top: Option<u64>,
}

impl Panel {
    pub(crate) fn is_in(&self, form: Form) -> bool {
        self.only.as_deref().is_none_or(|only| only == form.name())
    }

    pub(crate) fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("timeseries")
    }
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/grafana")
}

/// All of them, by their names.
pub(crate) fn dashboards() -> Vec<Dashboard> {
    let files = fs::read_dir(folder().join("sources")).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| -> Dashboard {
        let text = fs::read_to_string(&path).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut all: Vec<_> = files.map(read).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}
