//! What the daemon decides for an agent: pulled as TOML, kept beside the spool, laid over the agent's own file.
//!
//! A key that this release does not know is passed over, as a later daemon may say more; a value that makes no
//! sense refuses the whole version.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Probe, ProbeKind, ProbeOptions, Settings};
use crate::files::{self, Access};
use crate::limits;

const FILE: &str = "pulled.json";

/// The first version is what the registration said.
const FIRST_VERSION: u64 = 1;

/// A version of the configuration, as it was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pulled {
    pub(crate) version: u64,
    pub(crate) toml: String,
}

/// The settings that the daemon may change, as they are in use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tuned {
    pub(crate) probes: Vec<Probe>,
    pub(crate) probe_options: ProbeOptions,
    /// Never longer than the collection interval.
    pub(crate) heartbeat_interval: Duration,
    pub(crate) log_filter: String,
}

impl Pulled {
    /// What an earlier run kept in `folder`.
    pub(crate) fn read(folder: &Path) -> io::Result<Option<Self>> {
        match super::read_bounded(&folder.join(FILE), limits::CONFIG_BYTES) {
            Ok(text) => Ok(Some(serde_json::from_str(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn keep(&self, folder: &Path) -> io::Result<()> {
        files::write_whole(&folder.join(FILE), &serde_json::to_vec(self)?, Access::Group)
    }
}

impl Settings {
    /// The agent's own file alone.
    pub(crate) fn untuned(&self) -> Tuned {
        Tuned {
            probes: self.probes.clone(),
            probe_options: self.probe_options.clone(),
            heartbeat_interval: self.heartbeat_interval,
            log_filter: self.log.filter.clone(),
        }
    }

    /// Lays a pulled version over the agent's own file. What the file switches off stays off.
    ///
    /// # Errors
    /// Why the version is refused.
    pub(crate) fn tuned(&self, pulled: &Pulled) -> Result<Tuned, String> {
        let table: toml::Table =
            pulled.toml.parse().map_err(|error: toml::de::Error| format!("not TOML: {}", error.message()))?;
        let value = |section: &str, key: &str| table.get(section).and_then(|section| section.get(key));
        let mut tuned = self.untuned();
        // what was said at registration does not overrule what stands in the file
        let is_asked_for = pulled.version > FIRST_VERSION || !self.has_own_interval;
        if let Some(interval) = value("collector", "interval").filter(|_| is_asked_for) {
            let seconds = number(interval, &limits::COLLECTION_INTERVAL_S).ok_or_else(|| {
                let (least, most) = limits::COLLECTION_INTERVAL_S.into_inner();
                format!("collector.interval must be {least} to {most} seconds")
            })?;
            self.set_interval(&mut tuned, Duration::from_secs(seconds));
        }
        if let Some(limit) = value("pg_query_stats", "limit").filter(|_| is_asked_for) {
            let limit = number(limit, &limits::QUERY_LIMIT).and_then(|limit| i64::try_from(limit).ok());
            tuned.probe_options.query_limit = limit.ok_or_else(|| {
                let (least, most) = limits::QUERY_LIMIT.into_inner();
                format!("pg_query_stats.limit must be {least} to {most}")
            })?;
        }
        if let Some(types) = value("collector", "enabled_types") {
            let types = types.as_array().ok_or("collector.enabled_types must be a list")?;
            let is_enabled = |kind: ProbeKind| types.iter().any(|name| name.as_str() == Some(kind.name()));
            tuned.probes.retain(|probe| is_enabled(probe.kind));
            if tuned.probes.is_empty() {
                return Err("collector.enabled_types names nothing that this agent can collect".to_owned());
            }
        }
        if let Some(level) = value("log", "level") {
            let level = level.as_str().ok_or("log.level must be a text")?;
            crate::logging::check(level).map_err(|error| format!("log.level: {error}"))?;
            level.clone_into(&mut tuned.log_filter);
        }
        Ok(tuned)
    }

    /// Probes that have no interval of their own follow the collection interval.
    fn set_interval(&self, tuned: &mut Tuned, interval: Duration) {
        for probe in tuned.probes.iter_mut().filter(|probe| probe.interval == self.collection_interval) {
            probe.interval = interval;
        }
        tuned.heartbeat_interval = self.own_heartbeat_interval.min(interval);
    }

    /// Takes a tuning over.
    pub(crate) fn tune(&mut self, tuned: Tuned) {
        self.probes = tuned.probes;
        self.probe_options = tuned.probe_options;
        self.heartbeat_interval = tuned.heartbeat_interval;
        self.log.filter = tuned.log_filter;
    }
}

fn number(value: &toml::Value, range: &std::ops::RangeInclusive<u64>) -> Option<u64> {
    value.as_integer().and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::config::{Need, load};
    use crate::settings::Environment;

    fn own(text: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.toml");
        files::write_whole(&path, text.as_bytes(), Access::Owner).unwrap();
        load(Some(&path), &Environment::default(), Need::Sources).unwrap()
    }

    fn pulled(version: u64, toml: &str) -> Pulled {
        Pulled { version, toml: toml.to_owned() }
    }

    fn interval_of(tuned: &Tuned, kind: ProbeKind) -> u64 {
        tuned.probes.iter().find(|probe| probe.kind == kind).unwrap().interval.as_secs()
    }

    #[test]
    fn a_pulled_version_overrules_the_file_but_not_what_it_sets_for_one_probe_or_switches_off() {
        let settings =
            own("[collector]\ninterval = 20\n[pg_stats]\ninterval = 300\n[pg_locks]\nenabled = false\n");
        let text = "[collector]\nid = \"x\"\ninterval = 30\nfuture = 1\n[pg_query_stats]\nlimit = 7\n[log]\nlevel = \"debug\"\n";
        let tuned = settings.tuned(&pulled(2, text)).unwrap();
        assert_eq!(
            (interval_of(&tuned, ProbeKind::Sysstat), interval_of(&tuned, ProbeKind::PgStats)),
            (30, 300)
        );
        assert_eq!((tuned.probe_options.query_limit, tuned.log_filter.as_str()), (7, "debug"));
        assert_eq!(tuned.heartbeat_interval.as_secs(), 30);
        assert!(tuned.probes.iter().all(|probe| probe.kind != ProbeKind::PgLocks));
        let only = "[collector]\nenabled_types = [\"sysstat\", \"pg_locks\", \"pg_log\"]\n";
        let tuned = settings.tuned(&pulled(3, only)).unwrap();
        assert_eq!(tuned.probes.iter().map(|probe| probe.kind).collect::<Vec<_>>(), [ProbeKind::Sysstat]);
    }

    #[test]
    fn the_first_version_gives_way_to_the_file() {
        let first = pulled(1, "[collector]\ninterval = 30\n");
        let stated = own("[collector]\ninterval = 20\n").tuned(&first).unwrap();
        assert_eq!(interval_of(&stated, ProbeKind::Sysstat), 20);
        let silent = own("").tuned(&first).unwrap();
        assert_eq!(interval_of(&silent, ProbeKind::Sysstat), 30);
    }

    #[test]
    fn a_version_that_makes_no_sense_is_refused_whole() {
        let settings = own("");
        for (toml, reason) in [
            ("[", "not TOML"),
            ("[collector]\ninterval = 5\n", "10 to 3600"),
            ("[collector]\nenabled_types = []\n", "names nothing"),
            ("[pg_query_stats]\nlimit = 0\n", "1 to 10000"),
            ("[log]\nlevel = \"=x=\"\n", "log.level"),
        ] {
            let refused = settings.tuned(&pulled(2, toml)).unwrap_err();
            assert!(refused.contains(reason), "{toml}: {refused}");
        }
    }

    #[test]
    fn a_kept_version_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Pulled::read(folder.path()).unwrap(), None);
        let kept = pulled(7, "[collector]\n");
        kept.keep(folder.path()).unwrap();
        assert_eq!(Pulled::read(folder.path()).unwrap(), Some(kept));
    }
}
