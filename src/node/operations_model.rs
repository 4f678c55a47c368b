//! Operations on several collectors against a model that is a few lines long: whatever is asked for, now or later, legal
//! or not, interrupted, cancelled, answered or left waiting, each item ends once, and as the model says.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::{Node, Options};
use crate::access::{HashCost, NewPassword, Role, Username};
use crate::audit::{Actor, Origin};
use crate::clock::Clock;
use crate::crypto::Secret;
use crate::fleet::operations::{Order, Page, Task, Timing};
use crate::fleet::{OperationError, Progress};
use crate::ids::{CollectorId, IdSource, OperationId};
use crate::registry::{ActionKind, NewCollector, State};
use crate::wire::CommandStatus;

const COLLECTORS: usize = 3;
/// In its place among them stands an id that is nobody's.
const NOBODY: usize = COLLECTORS;
const LIFE_S: u64 = 60;

struct Fixture {
    _folder: tempfile::TempDir,
    clock: Clock,
    node: Node,
    ada: Origin,
    collectors: Vec<CollectorId>,
}

impl Fixture {
    /// Without background work: the steps are the test's.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2026-11-20T14:00:00Z".parse().unwrap());
        let options =
            Options { hash_cost: HashCost { memory_kib: 8, passes: 1 }, ..Options::on(folder.path()) };
        let node = Node::open(&options, clock.clone(), IdSource::seeded(1)).unwrap();
        node.jobs.stop();
        let (name, password) = (Username::new("ada").unwrap(), Secret::new("correct horse battery"));
        let password = NewPassword::new(password, &name).unwrap();
        let user = node.access.create_user(&Origin::system(), &name, &password, Role::Admin).unwrap();
        let actor = Actor { id: user.id.to_string(), name: "ada".to_owned(), role: "admin".to_owned() };
        let register = |number: usize| {
            let new = NewCollector::named(&format!("db-{number}"));
            node.registrar.register(&Origin::system(), new).unwrap().collector.id
        };
        let collectors = (0..COLLECTORS).map(register).collect();
        Self { _folder: folder, clock, node, ada: Origin::local(actor), collectors }
    }

    fn name(&self, collector: usize) -> String {
        self.collectors.get(collector).map_or("nobody".to_owned(), CollectorId::to_string)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Ask {
        kind: ActionKind,
        chosen: BTreeSet<usize>,
        in_s: Option<u64>,
        is_interrupted: bool,
    },
    /// One of the operations, the newest being 0.
    Cancel(usize),
    /// An agent hears of what it is to do.
    Tell(usize),
    Answer(usize, bool),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop::sample::select(ActionKind::ALL);
    let chosen = prop::collection::btree_set(0..=NOBODY, 1..=COLLECTORS + 1);
    let in_s = prop::option::weighted(0.3, 1_u64..40);
    let ask = (kind, chosen, in_s, prop::bool::weighted(0.2))
        .prop_map(|(kind, chosen, in_s, is_interrupted)| Step::Ask { kind, chosen, in_s, is_interrupted });
    let step = prop_oneof![
        4 => ask,
        2 => (0_usize..3).prop_map(Step::Cancel),
        1 => (0..COLLECTORS).prop_map(Step::Tell),
        5 => (0..COLLECTORS, any::<bool>()).prop_map(|(agent, done)| Step::Answer(agent, done)),
        2 => prop::sample::select(&[5_u64, 30, 60, 300]).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..30)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// It was not begun.
    Waits,
    /// Its agent is asked, and may have been told, until then.
    Asked {
        is_told: bool,
        until_s: u64,
    },
    Over(Progress),
}

struct Asked {
    id: OperationId,
    kind: ActionKind,
    /// Which collectors, and how each stands.
    items: Vec<(usize, Stands)>,
    /// When it is to begin, until it does.
    at_s: Option<u64>,
    is_cancelled: bool,
}

impl Asked {
    fn is_over(&self) -> bool {
        self.items.iter().all(|(_, stands)| matches!(stands, Stands::Over(_)))
    }
}

#[derive(Default)]
struct Model {
    now_s: u64,
    stopped: [bool; COLLECTORS],
    operations: Vec<Asked>,
}

impl Model {
    /// The item that a collector is busy with.
    fn open(&self, collector: usize) -> Option<(usize, usize)> {
        let is_open =
            |(of, stands): &(usize, Stands)| *of == collector && matches!(stands, Stands::Asked { .. });
        let found = |(at, operation): (usize, &Asked)| Some((at, operation.items.iter().position(is_open)?));
        self.operations.iter().enumerate().find_map(found)
    }

    fn begin(&mut self, operation: usize) {
        self.operations[operation].at_s = None;
        let kind = self.operations[operation].kind;
        for item in 0..self.operations[operation].items.len() {
            let (collector, stands) = self.operations[operation].items[item];
            if stands != Stands::Waits {
                continue;
            }
            let is_legal =
                self.open(collector).is_none() && self.stopped[collector] == (kind == ActionKind::Resume);
            let asked = Stands::Asked { is_told: false, until_s: self.now_s + LIFE_S };
            let stands = if is_legal { asked } else { Stands::Over(Progress::Failed) };
            self.operations[operation].items[item].1 = stands;
        }
    }

    fn step(&mut self, fixture: &Fixture, step: &Step) {
        match step {
            Step::Ask { kind, chosen, in_s, is_interrupted } => {
                self.ask(fixture, *kind, chosen, *in_s, *is_interrupted);
            }
            Step::Cancel(newest) => self.cancel(fixture, *newest),
            Step::Tell(agent) => self.tell(fixture, *agent),
            Step::Answer(agent, done) => self.answer(fixture, *agent, *done),
            Step::Wait(seconds) => self.wait(fixture, *seconds),
        }
    }

    fn ask(
        &mut self,
        fixture: &Fixture,
        kind: ActionKind,
        chosen: &BTreeSet<usize>,
        in_s: Option<u64>,
        is_interrupted: bool,
    ) {
        let timing = Timing { expires_in_seconds: LIFE_S, estimated_duration_minutes: None };
        let task = match kind {
            ActionKind::Stop => Task::Stop(timing),
            ActionKind::Restart => Task::Restart(timing),
            ActionKind::Resume => Task::Resume(timing),
        };
        let schedule_at = in_s.map(|seconds| fixture.clock.now().plus(Duration::from_secs(seconds)));
        let collectors = chosen.iter().map(|collector| fixture.name(*collector)).collect();
        let order = Order { task, reason: None, collectors, schedule_at };
        let id = fixture.node.operations.create(&fixture.ada, order).unwrap();
        let stands = |collector: usize| match collector {
            NOBODY => Stands::Over(Progress::Failed),
            _ => Stands::Waits,
        };
        let items = chosen.iter().map(|collector| (*collector, stands(*collector))).collect();
        let at_s = in_s.map(|seconds| self.now_s + seconds);
        self.operations.push(Asked { id, kind, items, at_s, is_cancelled: false });
        if !is_interrupted {
            fixture.node.operations.begin(id, || true).unwrap();
            if in_s.is_none() {
                self.begin(self.operations.len() - 1);
            }
        }
    }

    fn cancel(&mut self, fixture: &Fixture, newest: usize) {
        let Some(operation) = self.operations.iter_mut().rev().nth(newest) else { return };
        let can_end = |(_, stands): &(usize, Stands)| {
            matches!(stands, Stands::Waits | Stands::Asked { is_told: false, .. })
        };
        let is_legal = !operation.is_over() && !operation.is_cancelled && operation.items.iter().any(can_end);
        let cancelled = fixture.node.operations.cancel(&fixture.ada, operation.id);
        assert_eq!(cancelled.is_ok(), is_legal, "{cancelled:?}");
        if let Err(error) = cancelled {
            let is_known = matches!(
                error,
                OperationError::Over { .. }
                    | OperationError::CancelledAlready(_)
                    | OperationError::AllBegun(_)
            );
            assert!(is_known, "{error}");
            return;
        }
        fixture.node.operations.take_back(operation.id, || true).unwrap();
        operation.is_cancelled = true;
        operation.at_s = None;
        for item in operation.items.iter_mut().filter(|item| can_end(item)) {
            item.1 = Stands::Over(Progress::Cancelled);
        }
    }

    fn tell(&mut self, fixture: &Fixture, agent: usize) {
        let told = fixture.node.actions.commands_for(fixture.collectors[agent]).unwrap();
        let open = self.open(agent);
        assert_eq!(told.len(), usize::from(open.is_some()), "one at a time: {told:?}");
        let Some((operation, item)) = open else { return };
        if let Stands::Asked { is_told, .. } = &mut self.operations[operation].items[item].1 {
            *is_told = true;
        }
    }

    fn answer(&mut self, fixture: &Fixture, agent: usize, done: bool) {
        self.tell(fixture, agent);
        let Some((operation, item)) = self.open(agent) else { return };
        let id = fixture.collectors[agent];
        let command = fixture.node.actions.commands_for(id).unwrap().remove(0).id;
        let status = if done { CommandStatus::Completed } else { CommandStatus::Failed };
        fixture.node.actions.answer(&Origin::system(), id, &command, status, None).unwrap();
        let progress = if done { Progress::Completed } else { Progress::Failed };
        self.operations[operation].items[item].1 = Stands::Over(progress);
        match self.operations[operation].kind {
            ActionKind::Stop if done => self.stopped[agent] = true,
            ActionKind::Resume if done => self.stopped[agent] = false,
            _ => {}
        }
    }

    fn wait(&mut self, fixture: &Fixture, seconds: u64) {
        fixture.clock.advance(Duration::from_secs(seconds));
        self.now_s += seconds;
        fixture.node.actions.settle_overdue().unwrap();
        for (_, stands) in self.operations.iter_mut().flat_map(|operation| &mut operation.items) {
            if matches!(stands, Stands::Asked { until_s, .. } if *until_s <= self.now_s) {
                *stands = Stands::Over(Progress::Expired);
            }
        }
        fixture.node.operations.begin_due().unwrap();
        fixture.node.operations.go_on().unwrap();
        for operation in 0..self.operations.len() {
            if self.operations[operation].at_s.is_none_or(|at| at <= self.now_s) {
                self.begin(operation);
            }
        }
    }

    fn check(&self, fixture: &Fixture) {
        for operation in &self.operations {
            let page = Page { skip: 0, limit: 100 };
            let (found, items) = fixture.node.operations.get(operation.id, page).unwrap();
            let expected: Vec<Progress> = operation
                .items
                .iter()
                .map(|(_, stands)| match stands {
                    Stands::Waits | Stands::Asked { .. } => Progress::Pending,
                    Stands::Over(progress) => *progress,
                })
                .collect();
            assert_eq!(items.iter().map(|item| item.status).collect::<Vec<_>>(), expected, "{found:?}");
            assert_eq!(found.state.is_over(), operation.is_over(), "{found:?}");
            assert_eq!(found.completed_at.is_some(), operation.is_over(), "{found:?}");
            let over = expected.iter().filter(|progress| progress.is_over()).count();
            assert_eq!(found.counts.over(), over, "each counts once: {found:?}");
        }
        for (collector, id) in fixture.collectors.iter().enumerate() {
            let row = fixture.node.collectors.get(*id).unwrap();
            assert_eq!(row.state == State::Stopped, self.stopped[collector]);
            let open = self.open(collector).map(|(operation, _)| self.operations[operation].kind);
            assert_eq!(row.control.under_way, open);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operations_stand_where_the_model_stands_and_none_stays_open(steps in steps()) {
        let fixture = Fixture::new();
        let mut model = Model::default();
        for step in &steps {
            model.step(&fixture, step);
            model.check(&fixture);
        }
        // schedules come due, and what they ask for expires
        model.step(&fixture, &Step::Wait(60));
        model.step(&fixture, &Step::Wait(60));
        prop_assert!(model.operations.iter().all(Asked::is_over));
        model.check(&fixture);
        fixture.node.close();
    }
}
