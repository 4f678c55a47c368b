//! The life of one collector on a real registry, against a model that is a few lines long: whatever is asked,
//! answered, killed or left waiting, both stand at the same place, and nothing stays open.

mod presence;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::audit::{AuditLog, Filter, MIGRATIONS, Origin};
use crate::clock::Clock;
use crate::crypto::KeyRing;
use crate::events::Events;
use crate::ids::{ActionId, CollectorId, IdSource};
use crate::limits::COMMAND_TIME;
use crate::registry::{ActionKind, Collectors, NewCollector, State};
use crate::storage::{Poison, Sqlite};
use crate::wire::CommandStatus;

const LIFE: Duration = Duration::from_secs(60);

struct Fixture {
    folder: tempfile::TempDir,
    ring: Arc<KeyRing>,
    clock: Clock,
    ids: IdSource,
    collector: CollectorId,
    actions: Actions,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ring = Arc::new(KeyRing::generate());
        let clock = Clock::manual("2026-11-20T14:00:00Z".parse().unwrap());
        let ids = IdSource::seeded(1);
        let actions = open(folder.path(), &ring, &clock, &ids);
        let inserted = actions
            .db
            .write(|tx| actions.collectors.insert(tx, NewCollector::named("orders"), "ada"))
            .unwrap();
        Self { folder, ring, clock, ids, collector: inserted.id, actions }
    }

    /// A daemon that was killed comes back on the same file.
    fn reopen(&mut self) {
        self.actions = open(self.folder.path(), &self.ring, &self.clock, &self.ids);
        self.actions.settle_overdue().unwrap();
    }

    fn ask(&self, kind: ActionKind) -> Result<ActionId, Refusal> {
        let wish = Wish { kind, reason: Some("because".to_owned()), duration: None, expires_in: LIFE };
        match self.actions.ask(&Origin::system(), self.collector, wish) {
            Ok(action) => Ok(action.id),
            Err(ActionError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    /// The agent answers the command that it is told, if there is one.
    fn answer(&self, status: CommandStatus) -> bool {
        let told = self.actions.commands_for(self.collector).unwrap();
        let Some(command) = told.first() else { return false };
        self.actions.answer(&Origin::system(), self.collector, &command.id, status, None).unwrap();
        true
    }

    fn audited(&self) -> usize {
        self.actions.audit.page(&Filter::default(), 1000).unwrap().entries.len()
    }
}

fn open(folder: &std::path::Path, ring: &Arc<KeyRing>, clock: &Clock, ids: &IdSource) -> Actions {
    let db = Arc::new(Sqlite::open(&folder.join("registry"), MIGRATIONS, Poison::default()).unwrap());
    let audit = AuditLog::new(Arc::clone(&db), clock.clone(), ids.clone());
    let collectors = Collectors::new(Arc::clone(&db), Arc::clone(ring), clock.clone(), ids.clone());
    let events = Events::new(clock.clone());
    let presence =
        Presence::open(Arc::clone(&db), collectors.clone(), events.clone(), clock.clone(), 400.0).unwrap();
    Actions {
        commands: Commands::new(Arc::clone(&db), Arc::clone(ring), clock.clone(), ids.clone()),
        db,
        audit,
        events,
        clock: clock.clone(),
        ids: ids.clone(),
        collectors,
        presence: Arc::new(presence),
        news: operations::News::new(Events::new(clock.clone()), clock.clone()),
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(ActionKind),
    Answer(CommandStatus),
    Wait(u64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop::sample::select(ActionKind::ALL);
    let status = prop::sample::select(CommandStatus::ALL);
    let step = prop_oneof![
        4 => kind.prop_map(Step::Ask),
        4 => status.prop_map(Step::Answer),
        2 => prop::sample::select(&[1_u64, 30, 60, 300]).prop_map(Step::Wait),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

/// What must be true of the collector.
#[derive(Default)]
struct Model {
    is_stopped: bool,
    restarts: u32,
    /// The action that is open: its id, its kind, whether it has begun, and when nobody waits any more.
    open: Option<(ActionId, ActionKind, bool, Duration)>,
    now: Duration,
    entries: usize,
}

impl Model {
    fn may(&self, kind: ActionKind) -> bool {
        self.open.is_none() && self.is_stopped == (kind == ActionKind::Resume)
    }

    fn end(&mut self, done: bool) {
        let Some((_, kind, ..)) = self.open.take() else { return };
        self.entries += 1;
        match kind {
            _ if !done => {}
            ActionKind::Stop => self.is_stopped = true,
            ActionKind::Resume => self.is_stopped = false,
            ActionKind::Restart => self.restarts += 1,
        }
    }

    fn step(&mut self, fixture: &mut Fixture, step: Step) {
        match step {
            Step::Ask(kind) => {
                let asked = fixture.ask(kind);
                assert_eq!(asked.is_ok(), self.may(kind), "{kind}: {asked:?}");
                if let Ok(id) = asked {
                    self.open = Some((id, kind, false, self.now + LIFE));
                    self.entries += 1;
                }
            }
            Step::Answer(status) => {
                assert_eq!(fixture.answer(status), self.open.is_some());
                match (&mut self.open, status) {
                    (Some((_, _, has_begun, due)), CommandStatus::InProgress) => {
                        if !*has_begun {
                            *due = self.now + COMMAND_TIME;
                        }
                        *has_begun = true;
                    }
                    _ => self.end(status == CommandStatus::Completed),
                }
            }
            Step::Wait(seconds) => {
                fixture.clock.advance(Duration::from_secs(seconds));
                self.now += Duration::from_secs(seconds);
                fixture.actions.settle_overdue().unwrap();
                self.settle(fixture);
            }
            Step::Reopen => fixture.reopen(),
        }
    }

    fn settle(&mut self, fixture: &Fixture) {
        let Some((id, _, has_begun, due)) = self.open else { return };
        if due <= self.now {
            let expected = if has_begun { Progress::Failed } else { Progress::Expired };
            assert_eq!(fixture.actions.get(id).unwrap().progress, expected);
            self.end(false);
        }
    }

    fn check(&self, fixture: &Fixture) {
        let collector = fixture.actions.collectors.get(fixture.collector).unwrap();
        assert_eq!(collector.state == State::Stopped, self.is_stopped);
        assert_eq!(collector.control.under_way, self.open.map(|(_, kind, ..)| kind));
        assert_eq!(collector.control.restart_count, self.restarts);
        assert_eq!(collector.control.stop_reason.is_some(), self.is_stopped);
        let actions = fixture.actions.of_collector(fixture.collector, 1000).unwrap();
        let open: Vec<_> = actions.iter().filter(|action| action.completed_at.is_none()).collect();
        assert_eq!(
            open.iter().map(|action| action.id).collect::<Vec<_>>(),
            self.open.map_or(vec![], |open| vec![open.0])
        );
        assert_eq!(fixture.audited(), self.entries, "each wish and each end has its entry");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_registry_stands_where_the_model_stands_and_nothing_stays_open(steps in steps()) {
        let mut fixture = Fixture::new();
        let mut model = Model::default();
        for step in steps {
            model.step(&mut fixture, step);
            model.check(&fixture);
        }
        model.step(&mut fixture, Step::Wait(600));
        prop_assert!(model.open.is_none());
        model.check(&fixture);
    }
}

#[test]
fn of_two_requests_at_once_one_is_taken() {
    let fixture = Fixture::new();
    let asked: Vec<bool> = std::thread::scope(|scope| {
        let ask = || fixture.ask(ActionKind::Restart).is_ok();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(asked.iter().filter(|taken| **taken).count(), 1);
}

/// An agent did what it was told while the daemon was down, and the command expired meanwhile.
#[test]
fn what_an_agent_did_too_late_stays_expired_and_the_collector_stands_where_its_agent_does() {
    let fixture = Fixture::new();
    let told = |kind| {
        let id = fixture.ask(kind).unwrap();
        let command = fixture.actions.commands_for(fixture.collector).unwrap().remove(0).id;
        fixture.clock.advance(LIFE);
        fixture.actions.settle_overdue().unwrap();
        assert_eq!(fixture.actions.get(id).unwrap().progress, Progress::Expired);
        (id, command)
    };
    let answer = |command: &str, status| {
        let answered = fixture.actions.answer(&Origin::system(), fixture.collector, command, status, None);
        assert!(matches!(answered, Err(ActionError::Over { progress: Progress::Expired, .. })));
    };
    let collector = || fixture.actions.collectors.get(fixture.collector).unwrap();

    let (id, command) = told(ActionKind::Stop);
    answer(&command, CommandStatus::Failed);
    assert_eq!(collector().state, State::Registered);
    answer(&command, CommandStatus::Completed);
    assert_eq!(
        (collector().state, collector().control.stop_reason),
        (State::Stopped, Some("because".to_owned()))
    );
    let action = fixture.actions.get(id).unwrap();
    assert_eq!(
        (action.progress, action.detail.unwrap()),
        (Progress::Expired, "the agent said later that it is done".to_owned())
    );
    let entries = fixture.audited();
    answer(&command, CommandStatus::Completed);
    assert_eq!(fixture.audited(), entries, "it is noted once");

    // a resume under way stays under way, and what was done after it counts more
    let (_, late) = told(ActionKind::Resume);
    fixture.ask(ActionKind::Resume).unwrap();
    answer(&late, CommandStatus::Completed);
    assert_eq!(
        (collector().state, collector().control.under_way),
        (State::Running, Some(ActionKind::Resume))
    );
    assert!(fixture.answer(CommandStatus::Completed));
    let (_, late) = told(ActionKind::Stop);
    fixture.ask(ActionKind::Restart).unwrap();
    assert!(fixture.answer(CommandStatus::Completed));
    answer(&late, CommandStatus::Completed);
    assert_eq!(collector().state, State::Running);
}

/// The agent's word is final, whatever it says later.
#[test]
fn what_failed_by_the_agents_own_word_does_not_come_about() {
    let fixture = Fixture::new();
    fixture.ask(ActionKind::Stop).unwrap();
    let command = fixture.actions.commands_for(fixture.collector).unwrap().remove(0).id;
    assert!(fixture.answer(CommandStatus::Failed));
    let again = fixture.actions.answer(
        &Origin::system(),
        fixture.collector,
        &command,
        CommandStatus::Completed,
        None,
    );
    assert!(matches!(again, Err(ActionError::Over { progress: Progress::Failed, .. })));
    assert_eq!(fixture.actions.collectors.get(fixture.collector).unwrap().state, State::Registered);
}

#[test]
fn an_agent_that_stopped_too_late_can_be_resumed() {
    let fixture = Fixture::new();
    assert_eq!(fixture.ask(ActionKind::Resume), Err(Refusal::NotStopped));
    let collector = fixture.actions.collectors.get(fixture.collector).unwrap();
    let beat = json!({"timestamp": fixture.clock.now(), "status": "stopped"});
    fixture.actions.presence.heartbeat(&collector, &serde_json::from_value(beat).unwrap()).unwrap();
    fixture.ask(ActionKind::Resume).unwrap();
    assert!(fixture.answer(CommandStatus::Completed));
    let seen = fixture.actions.presence.seen(fixture.collector);
    let collector = fixture.actions.collectors.get(fixture.collector).unwrap();
    assert_eq!(fixture.actions.presence.verdict(&collector, seen.as_ref()).status, Status::Online);
}
