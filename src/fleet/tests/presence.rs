//! Presence over time on a real registry: what counts as up and down, what a killed daemon knows of it, and what
//! a clock that is set does to it.

use super::*;
use crate::events::Events;
use crate::registry::Collector;

const MINUTE: Duration = Duration::from_secs(60);

impl Fixture {
    fn presence(&self) -> &Arc<Presence> {
        &self.actions.presence
    }

    fn row(&self) -> Collector {
        self.actions.collectors.get(self.collector).unwrap()
    }

    fn beat(&self) {
        let beat = json!({"timestamp": self.clock.now(), "status": "active"});
        self.presence().heartbeat(&self.row(), &serde_json::from_value(beat).unwrap()).unwrap();
    }

    /// Time passes, and the job looks and writes as it does.
    fn pass(&self, minutes: u32, beats: bool) {
        for _ in 0..minutes {
            for _ in 0..6 {
                self.clock.advance(Duration::from_secs(10));
                self.presence().sweep().unwrap();
                self.presence().save().unwrap();
            }
            if beats {
                self.beat();
            }
        }
    }

    fn status(&self) -> Status {
        let seen = self.presence().seen(self.collector);
        self.presence().verdict(&self.row(), seen.as_ref()).status
    }

    /// Minutes up and down in all days.
    fn minutes(&self) -> (u64, u64) {
        let total = self.presence().total(self.collector, 90);
        (total.up_ms / 60_000, total.down_ms / 60_000)
    }
}

#[test]
fn an_absence_counts_from_the_last_sign_of_life_and_a_wanted_stop_does_not() {
    let fixture = Fixture::new();
    fixture.pass(30, false);
    assert_eq!((fixture.status(), fixture.minutes()), (Status::Pending, (0, 0)));
    fixture.beat();
    fixture.pass(20, true);
    fixture.pass(11, false);
    assert_eq!((fixture.status(), fixture.minutes()), (Status::Offline, (20, 11)));
    fixture.beat();
    fixture.pass(9, true);
    assert_eq!((fixture.status(), fixture.minutes()), (Status::Online, (29, 11)));

    fixture.ask(ActionKind::Stop).unwrap();
    assert!(fixture.answer(CommandStatus::Completed));
    fixture.pass(100, true);
    fixture.pass(100, false);
    assert_eq!((fixture.status(), fixture.minutes()), (Status::Stopped, (29, 11)));
}

#[test]
fn an_agent_that_is_away_is_down_whatever_it_is_asked() {
    let fixture = Fixture::new();
    fixture.beat();
    fixture.pass(10, true);
    fixture.ask(ActionKind::Restart).unwrap();
    fixture.pass(30, false);
    assert_eq!((fixture.status(), fixture.minutes()), (Status::Restarting, (10, 30)));
}

#[test]
fn a_killed_daemon_knows_what_was_up_to_its_last_seconds_and_nothing_of_its_own_absence() {
    for beats in [true, false] {
        let mut fixture = Fixture::new();
        fixture.beat();
        fixture.pass(10, true);
        fixture.pass(20, beats);
        let (up, down) = fixture.minutes();
        fixture.reopen();
        assert_eq!(fixture.minutes(), (up, down));
        fixture.clock.advance(MINUTE * 500);
        fixture.reopen();
        assert_eq!(fixture.minutes(), (up, down), "no daemon ran for 500 minutes");
        fixture.pass(3, false);
        assert_eq!(fixture.minutes(), (up, down), "nobody could be heard before");
        fixture.pass(3, false);
        // the first of the looks at these three minutes finds it away, the others count it
        assert_eq!(fixture.minutes().1, down + 2, "since it could be heard, it was not");
        fixture.beat();
        fixture.pass(3, true);
        assert_eq!(fixture.minutes(), (up + 3, down + 2));
    }
}

#[test]
fn a_clock_that_is_set_makes_nobody_offline_and_no_downtime() {
    let hour = MINUTE * 60;
    for jump in [hour, hour * 24 * 40] {
        for forward in [true, false] {
            let fixture = Fixture::new();
            fixture.beat();
            fixture.pass(10, true);
            let now = fixture.clock.now();
            fixture.clock.set(if forward { now.plus(jump) } else { now.minus(jump) });
            fixture.presence().sweep().unwrap();
            assert_eq!(fixture.status(), Status::Online);
            fixture.pass(2, false);
            fixture.beat();
            let total = fixture.presence().total(fixture.collector, 90);
            assert_eq!(total.down_ms, 0);
            fixture.pass(5, false);
            assert_eq!(fixture.status(), Status::Offline, "a clock that was set hides no absence either");
        }
    }
}

#[test]
fn an_unregistered_collector_takes_its_account_along_and_returns_with_it() {
    let mut fixture = Fixture::new();
    fixture.beat();
    fixture.pass(10, true);
    let archived = "UPDATE collectors SET state = 'archived'";
    let registered = "UPDATE collectors SET state = 'registered'";
    let set = |fixture: &Fixture, sql: &str| {
        fixture.actions.db.write(|tx| tx.execute(sql, []).map_err(crate::storage::StoreError::from)).unwrap()
    };
    set(&fixture, archived);
    fixture.presence().left(fixture.collector);
    fixture.pass(100, false);
    fixture.reopen();
    fixture.pass(100, false);
    set(&fixture, registered);
    assert_eq!((fixture.status(), fixture.minutes()), (Status::Pending, (10, 0)));
    fixture.beat();
    fixture.pass(1, true);
    assert_eq!(fixture.minutes(), (11, 0));
    fixture.presence().forget(fixture.collector);
    assert_eq!(fixture.minutes(), (0, 0));
}

#[test]
fn browsers_are_told_once_when_somebody_goes_and_once_when_somebody_comes() {
    let fixture = Fixture::new();
    let events: &Events = &fixture.actions.events;
    let mut listener = events.listen(None).coming;
    fixture.beat();
    fixture.pass(1, true);
    fixture.pass(10, false);
    fixture.beat();
    let mut told = Vec::new();
    while let Ok(event) = listener.try_recv() {
        told.push(event.kind.as_str());
    }
    told.retain(|kind| ["collector:connected", "collector:disconnected"].contains(kind));
    assert_eq!(told, ["collector:connected", "collector:disconnected", "collector:connected"]);
}
