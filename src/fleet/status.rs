//! The one status of a collector, and why. Everything that shows a status asks here.
//!
//! Precedence: restarting and stopping while an action is under way, stopped, error, pending, offline, slow,
//! online.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::names::named;
use crate::registry::{ActionKind, Collector, Control, State};
use crate::wire::AgentStatus;

use super::seen::Seen;

named!(Status, "a collector status", {
    Online = "online",
    Slow = "slow",
    Offline = "offline",
    Stopped = "stopped",
    Pending = "pending",
    Error = "error",
    Restarting = "restarting",
    Stopping = "stopping",
    Archived = "archived",
});

/// A status with its reason, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: Status,
    pub reason: String,
}

/// No sign of life for this many intervals: offline.
const OFFLINE_INTERVALS: u32 = 3;

/// Decides from what the registry knows and what was last seen. `slow_collection_ms` is the mean collection
/// time from which on a collector counts as slow.
pub fn decide(
    collector: &Collector,
    seen: Option<&Seen>,
    now: Timestamp,
    slow_collection_ms: f64,
) -> Verdict {
    let verdict = |status, reason: String| Verdict { status, reason };
    match collector.control.under_way {
        _ if collector.state == State::Archived => condition(collector, seen, now, slow_collection_ms),
        Some(ActionKind::Stop) => {
            let reason = "a stop was asked for, and the agent has not confirmed it yet";
            verdict(Status::Stopping, reason.to_owned())
        }
        Some(ActionKind::Restart) => {
            let reason = "a restart was asked for, and the agent has not confirmed it yet";
            verdict(Status::Restarting, reason.to_owned())
        }
        // it stays stopped until it runs again
        Some(ActionKind::Resume) | None => condition(collector, seen, now, slow_collection_ms),
    }
}

/// The same without regard to what is asked of the agent at the moment.
pub(super) fn condition(
    collector: &Collector,
    seen: Option<&Seen>,
    now: Timestamp,
    slow_collection_ms: f64,
) -> Verdict {
    let verdict = |status, reason: String| Verdict { status, reason };
    let said = seen.and_then(|seen| seen.said.as_ref());
    match collector.state {
        State::Archived => return verdict(Status::Archived, "unregistered".to_owned()),
        State::Stopped => return verdict(Status::Stopped, stopped(&collector.control, now)),
        State::Error => return verdict(Status::Error, last_error(said)),
        State::Registered | State::Running => {}
    }
    match said.map(|said| said.status) {
        Some(AgentStatus::Stopped) => {
            return verdict(Status::Stopped, "the agent says that it is stopped".to_owned());
        }
        Some(AgentStatus::Error) => return verdict(Status::Error, last_error(said)),
        Some(AgentStatus::Active) | None => {}
    }
    let Some(seen) = seen else {
        return verdict(Status::Pending, "no heartbeat yet".to_owned());
    };
    let interval = interval(collector);
    let silence = now.since(seen.seen_at);
    if silence > longest_silence(collector) {
        return verdict(Status::Offline, format!("no heartbeat for {}", in_words(silence)));
    }
    if silence > interval * 3 / 2 {
        return verdict(Status::Slow, format!("the last heartbeat is {} old", in_words(silence)));
    }
    match seen.mean_collection_ms() {
        Some(mean) if mean > slow_collection_ms => verdict(
            Status::Slow,
            format!("a collection takes {mean:.0} ms on average, more than {slow_collection_ms:.0} ms"),
        ),
        _ => verdict(Status::Online, "heartbeats arrive on time".to_owned()),
    }
}

/// After this without a sign of life a collector is offline.
pub(super) fn longest_silence(collector: &Collector) -> Duration {
    interval(collector) * OFFLINE_INTERVALS
}

fn interval(collector: &Collector) -> Duration {
    Duration::from_secs(u64::from(collector.collection_interval))
}

fn stopped(control: &Control, now: Timestamp) -> String {
    let reason = control.stop_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let until = match control.stopped_until {
        Some(until) if until <= now => format!("; it was expected to last until {until}, which has passed"),
        Some(until) => format!("; it is expected to last until {until}"),
        None => String::new(),
    };
    format!("stopped by an administrator{reason}{until}")
}

fn last_error(said: Option<&crate::wire::Heartbeat>) -> String {
    let error = said.and_then(|said| said.last_error.clone());
    error.unwrap_or_else(|| "the agent reports an error".to_owned())
}

/// The largest unit that fits, rounded down: `40 s`, `5 min`, `3 h`, `2 d`.
fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::SslMode;
    use crate::registry::{Environment, Kind};
    use crate::wire::Heartbeat;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn collector(state: State) -> Collector {
        Collector {
            id: "col_00000000-0000-7000-8000-000000000001".parse().unwrap(),
            name: "orders".to_owned(),
            kind: Kind::Postgresql,
            environment: Environment::Production,
            group: None,
            description: String::new(),
            host: "localhost".to_owned(),
            port: 5432,
            database: "orders".to_owned(),
            username: "monitor".to_owned(),
            ssl_mode: SslMode::Prefer,
            tags: Vec::new(),
            collection_interval: 10,
            query_limit: 100,
            state,
            control: Control::default(),
            enabled_types: None,
            log_level: None,
            config_version: 1,
            config_error: None,
            registered_by: "admin".to_owned(),
            registered_at: NOW,
            last_modified_at: NOW,
            token_expires_at: None,
        }
    }

    fn seen(seconds_ago: u64, status: AgentStatus, collection_ms: f64) -> Seen {
        let mut heartbeat: Heartbeat =
            serde_json::from_value(serde_json::json!({"timestamp": NOW, "status": "active"})).unwrap();
        heartbeat.status = status;
        heartbeat.collection_time_ms = Some(collection_ms);
        let mut seen = Seen::at(NOW.minus(Duration::from_secs(seconds_ago)));
        seen.hear(heartbeat);
        seen
    }

    fn status(state: State, seen: Option<&Seen>) -> Status {
        decide(&collector(state), seen, NOW, 400.0).status
    }

    #[test]
    fn each_status_has_its_facts_and_the_graver_one_wins() {
        let active = AgentStatus::Active;
        assert_eq!(status(State::Registered, None), Status::Pending);
        assert_eq!(status(State::Running, Some(&seen(3, active, 20.0))), Status::Online);
        assert_eq!(status(State::Running, Some(&seen(15, active, 20.0))), Status::Online);
        assert_eq!(status(State::Running, Some(&seen(16, active, 20.0))), Status::Slow);
        assert_eq!(status(State::Running, Some(&seen(3, active, 401.0))), Status::Slow);
        assert_eq!(status(State::Running, Some(&seen(30, active, 20.0))), Status::Slow);
        assert_eq!(status(State::Running, Some(&seen(31, active, 401.0))), Status::Offline);
        assert_eq!(status(State::Running, Some(&seen(31, AgentStatus::Error, 20.0))), Status::Error);
        assert_eq!(status(State::Stopped, Some(&seen(31, AgentStatus::Error, 20.0))), Status::Stopped);
    }

    #[test]
    fn an_action_that_is_under_way_shows_and_a_stop_says_why_and_until_when() {
        let mut collector = collector(State::Running);
        let shown =
            |collector: &Collector| decide(collector, Some(&seen(3, AgentStatus::Active, 20.0)), NOW, 400.0);
        collector.control.under_way = Some(ActionKind::Stop);
        assert_eq!(shown(&collector).status, Status::Stopping);
        collector.control.under_way = Some(ActionKind::Restart);
        assert_eq!(shown(&collector).status, Status::Restarting);
        collector.state = State::Stopped;
        collector.control = Control {
            under_way: Some(ActionKind::Resume),
            stop_reason: Some("new disks".to_owned()),
            stopped_until: Some(NOW.plus(Duration::from_secs(1))),
            ..Control::default()
        };
        let until = "until 1970-01-12T13:46:41.000Z";
        let reason = format!("stopped by an administrator: new disks; it is expected to last {until}");
        assert_eq!(shown(&collector), Verdict { status: Status::Stopped, reason });
        collector.control.stopped_until = Some(NOW);
        assert!(shown(&collector).reason.ends_with("13:46:40.000Z, which has passed"));
    }

    #[test]
    fn the_reason_says_how_long() {
        let verdict =
            decide(&collector(State::Running), Some(&seen(300, AgentStatus::Active, 1.0)), NOW, 400.0);
        assert_eq!(verdict.reason, "no heartbeat for 5 min");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_offline() {
        let ahead = Seen::at(NOW.plus(Duration::from_secs(3600)));
        assert_eq!(status(State::Running, Some(&ahead)), Status::Online);
    }
}
