//! What an operation does to each of its collectors, and how that stands in its row.

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fleet::{Farewell, Keep, Wish};
use crate::limits::TAGS;
use crate::names::named;
use crate::registry::{ActionKind, ConfigChange, LogLevel};
use crate::storage::{self, StoreError, stored_as_text};

const DAY_S: u64 = 24 * 60 * 60;

named!(
    /// What can be asked for on many collectors at once.
    TaskKind, "a bulk action", {
    Restart = "restart",
    Stop = "stop",
    Resume = "resume",
    Unregister = "unregister",
    UpdateGroup = "update-group",
    UpdateTags = "update-tags",
    UpdateConfig = "update-config",
});

stored_as_text!(TaskKind);

/// A bulk action with its checked parameters. Its serialized form stands in rows of operations for as long as
/// those are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "params", rename_all = "kebab-case")]
pub enum Task {
    Restart(Timing),
    Stop(Timing),
    Resume(Timing),
    Unregister(Leaving),
    /// Without an id the collectors leave their groups.
    UpdateGroup {
        group_id: Option<String>,
    },
    UpdateTags(TagChange),
    UpdateConfig(Configuration),
}

/// How long agents may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// How long an agent may take to begin, from when the operation runs.
    pub expires_in_seconds: u64,
    /// How long a stop is expected to last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_duration_minutes: Option<u64>,
}

/// How collectors are unregistered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    pub archive_metrics: bool,
    pub retention_days: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// What becomes of a collector's tags: they are set, or some are added and some removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagChange {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Vec<String>>,
}

/// What agents do from then on; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection_interval: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Empty: the collectors leave their groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<String>,
}

impl Task {
    pub const fn kind(&self) -> TaskKind {
        match self {
            Self::Restart(_) => TaskKind::Restart,
            Self::Stop(_) => TaskKind::Stop,
            Self::Resume(_) => TaskKind::Resume,
            Self::Unregister(_) => TaskKind::Unregister,
            Self::UpdateGroup { .. } => TaskKind::UpdateGroup,
            Self::UpdateTags(_) => TaskKind::UpdateTags,
            Self::UpdateConfig(_) => TaskKind::UpdateConfig,
        }
    }

    /// The parameters, as they are kept and shown.
    pub fn params(&self) -> Value {
        let mut whole = serde_json::to_value(self).unwrap_or_default();
        whole["params"].take()
    }

    /// The task of a row.
    pub(super) fn stored(kind: TaskKind, params: &str) -> storage::Result<Self> {
        let damaged = |error| StoreError::Damaged(format!("the parameters of an operation: {error}"));
        let params: Value = serde_json::from_str(params).map_err(damaged)?;
        serde_json::from_value(json!({ "kind": kind.as_str(), "params": params })).map_err(damaged)
    }

    /// The id or name of the group that collectors are put into.
    pub(super) const fn group(&mut self) -> Option<&mut String> {
        match self {
            Self::UpdateGroup { group_id } => group_id.as_mut(),
            Self::UpdateConfig(configuration) => configuration.group_id.as_mut(),
            _ => None,
        }
    }
}

impl Timing {
    pub(super) fn wish(&self, kind: ActionKind, reason: Option<String>) -> Wish {
        let minutes = self.estimated_duration_minutes;
        Wish {
            kind,
            reason,
            duration: minutes.map(|minutes| Duration::from_secs(minutes * 60)),
            expires_in: Duration::from_secs(self.expires_in_seconds),
        }
    }
}

impl Leaving {
    pub(super) fn farewell(&self, reason: Option<String>) -> Farewell {
        let keep = if self.archive_metrics {
            Keep::For(Duration::from_secs(self.retention_days * DAY_S))
        } else {
            Keep::NothingOfMany
        };
        Farewell { reason: reason.unwrap_or_default(), notes: self.notes.clone(), keep }
    }
}

impl TagChange {
    /// The tags of a collector afterwards; nothing when they would be too many.
    pub(super) fn of(&self, tags: Vec<String>) -> Option<Vec<String>> {
        let mut seen = HashSet::new();
        let kept = self.set.clone().unwrap_or(tags).into_iter();
        let mut tags: Vec<String> = kept.chain(self.add.iter().cloned()).collect();
        tags.retain(|tag| !self.remove.contains(tag) && seen.insert(tag.clone()));
        (tags.len() <= TAGS).then_some(tags)
    }
}

impl Configuration {
    pub(super) fn change(&self) -> storage::Result<ConfigChange> {
        let damaged = |error| StoreError::Damaged(format!("the parameters of an operation: {error}"));
        let log_level = self.log_level.as_ref().map(|level| level.parse::<LogLevel>()).transpose();
        let group = self.group_id.clone();
        Ok(ConfigChange {
            collection_interval: self.collection_interval,
            query_limit: self.query_limit,
            tags: self.tags.clone(),
            group: group.map(|group| Some(group).filter(|group| !group.is_empty())),
            enabled_types: self.enabled_types.clone(),
            log_level: log_level.map_err(damaged)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_task_reads_back_from_its_row_as_it_was() {
        let tasks = [
            Task::Restart(Timing { expires_in_seconds: 60, estimated_duration_minutes: None }),
            Task::Stop(Timing { expires_in_seconds: 60, estimated_duration_minutes: Some(5) }),
            Task::Resume(Timing { expires_in_seconds: 1, estimated_duration_minutes: None }),
            Task::Unregister(Leaving { archive_metrics: false, retention_days: 90, notes: None }),
            Task::UpdateGroup { group_id: None },
            Task::UpdateTags(TagChange { add: texts(&["a"]), ..TagChange::default() }),
            Task::UpdateConfig(Configuration { query_limit: Some(7), ..Configuration::default() }),
        ];
        for (task, kind) in tasks.iter().zip(TaskKind::ALL) {
            assert_eq!(task.kind(), *kind, "there is a task of every kind");
            assert_eq!(Task::stored(task.kind(), &task.params().to_string()).unwrap(), *task);
        }
    }

    #[test]
    fn tags_are_set_or_added_and_removed_and_each_stands_once() {
        let of = |change: &TagChange| change.of(texts(&["a", "b"]));
        let add = TagChange { add: texts(&["b", "c"]), remove: texts(&["a"]), set: None };
        assert_eq!(of(&add), Some(texts(&["b", "c"])));
        let set = TagChange { set: Some(texts(&["x", "x"])), ..TagChange::default() };
        assert_eq!(of(&set), Some(texts(&["x"])));
        let many: Vec<String> = (0..TAGS).map(|number| number.to_string()).collect();
        assert_eq!(of(&TagChange { add: many.clone(), ..TagChange::default() }), None);
        assert!(of(&TagChange { add: many, remove: texts(&["a", "b"]), set: None }).is_some());
    }
}
