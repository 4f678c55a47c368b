//! The metric store on the recording in `../shared/data`: what a durable push, a chart and a start cost.
//!
//! A push of the recording has 92.8 KB of JSON and about 2,900 numbers. `accept/alone` is one push after the
//! other, each waiting for its own commit; `accept/together` is sixteen at once, which share commits. `day` and `churn`
//! take half a minute each and print figures of their own, so they are asked for by name:
//! `cargo bench --bench store -- day`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has nothing to say, and says what it found"
)]

use std::hint::black_box;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pganalytics::archive::Segments;
use pganalytics::audit::MIGRATIONS;
use pganalytics::clock::{Clock, Timestamp};
use pganalytics::ids::{CollectorId, IdSource};
use pganalytics::jobs::Job;
use pganalytics::metrics::{Batch, Folding, Matcher, Metrics, Options, PointsQuery, Seal, StepFunction};
use pganalytics::storage::{Poison, Sqlite};
use pganalytics::wire::Push;
use serde_json::json;

/// A little after the recording's last push, so that nothing of it is out of range.
const NOW: &str = "2026-01-02T00:00:00Z";
const PUSHES: usize = 360;

fn recording() -> Vec<Push> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/pushes.jsonl.zst");
    let file = std::fs::File::open(path).expect("the recording lies in ../shared/data");
    let lines = std::io::BufReader::new(zstd::Decoder::new(file).unwrap()).lines();
    lines.take(PUSHES).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn open(path: &Path) -> Metrics {
    open_at(path, Clock::manual(now()))
}

fn open_at(path: &Path, clock: Clock) -> Metrics {
    open_both(path, clock).0
}

fn open_both(path: &Path, clock: Clock) -> (Metrics, Arc<Segments>) {
    let poison = Poison::default();
    let db = Sqlite::open(&path.with_extension("sqlite"), MIGRATIONS, poison.clone()).unwrap();
    let folder = path.with_extension("segments");
    let segments = Arc::new(Segments::open(Arc::new(db), &folder, poison.clone(), clock.clone()).unwrap());
    (Metrics::open(path, Arc::clone(&segments), poison, clock, Options::default()).unwrap(), segments)
}

fn accept(metrics: &Metrics, collector: CollectorId, push: &Push) {
    let documents = push.metrics.iter().map(|document| &**document).collect();
    let batch = Batch { collector, idempotency_key: None, timestamp: push.timestamp, documents };
    assert!(metrics.accept(&batch).unwrap().inserted > 0, "a push of the bench was taken for a repeat");
}

fn new_collector(ids: &IdSource) -> CollectorId {
    ids.next(now())
}

/// A store that holds the recording for one collector.
fn filled() -> (tempfile::TempDir, PathBuf, CollectorId) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hot.redb");
    let collector = new_collector(&IdSource::Random);
    let metrics = open(&path);
    for push in recording() {
        accept(&metrics, collector, &push);
    }
    metrics.stop().unwrap();
    (folder, path, collector)
}

fn accepting(criterion: &mut Criterion) {
    let pushes = recording();
    let folder = tempfile::tempdir().unwrap();
    let metrics = open(&folder.path().join("hot.redb"));
    let ids = IdSource::Random;
    let next = AtomicU64::new(0);
    let mut group = criterion.benchmark_group("accept");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    let push = || &pushes[usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap() % pushes.len()];
    group.throughput(Throughput::Elements(1));
    group.bench_function("alone", |bench| {
        bench.iter_batched(
            || (new_collector(&ids), push()),
            |(collector, push)| accept(&metrics, collector, push),
            BatchSize::SmallInput,
        );
    });
    group.throughput(Throughput::Elements(16));
    group.bench_function("together", |bench| {
        bench.iter(|| {
            thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| accept(&metrics, new_collector(&ids), push()));
                }
            });
        });
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let (_folder, path, collector) = filled();
    let metrics = open(&path);
    let mut group = criterion.benchmark_group("read");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    let series = metrics.series(collector, &[]).unwrap();
    let name = &series.iter().find(|listed| listed.series.name.contains("n_tup_ins")).unwrap().series.name;
    let whole = || PointsQuery {
        collector,
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
        to: now(),
        step: None,
        function: StepFunction::Last,
        matchers: vec![Matcher::named(name)],
    };
    let hour = || PointsQuery { from: "2026-01-01T05:00:00Z".parse().unwrap(), ..whole() };
    group.bench_function("points of six hours", |bench| {
        bench.iter(|| black_box(metrics.points(&whole()).unwrap()));
    });
    group.bench_function("points of the last hour", |bench| {
        bench.iter(|| black_box(metrics.points(&hour()).unwrap()));
    });
    group.bench_function("list of series", |bench| {
        bench.iter(|| black_box(metrics.series(collector, &[]).unwrap()));
    });
    group.finish();
}

fn opening(criterion: &mut Criterion) {
    let (_folder, path, _) = filled();
    let mut group = criterion.benchmark_group("open");
    group.sample_size(10);
    group.bench_function("a store of 360 pushes", |bench| bench.iter(|| open(&path).stop().unwrap()));
    group.finish();
}

/// How many steps a job has work for.
fn work_off(job: &mut impl Job, now: Timestamp, nothing: &str) -> usize {
    let mut steps = 0;
    while job.step(now).unwrap() != nothing {
        steps += 1;
    }
    steps
}

/// Folding and sealing: six hours of one collector, from a copy of the same store each time.
fn turning(criterion: &mut Criterion) {
    let (_folder, path, _) = filled();
    let mut group = criterion.benchmark_group("columns");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    let copy = || {
        let folder = tempfile::tempdir().unwrap();
        let copied = folder.path().join("hot.redb");
        std::fs::copy(&path, &copied).unwrap();
        (Arc::new(open(&copied)), folder)
    };
    group.bench_function("fold six hours", |bench| {
        bench.iter_batched(
            copy,
            |(metrics, folder)| {
                assert!(work_off(&mut Folding::new(Arc::clone(&metrics)), now(), "folded 0 hours") > 0);
                (metrics, folder)
            },
            BatchSize::PerIteration,
        );
    });
    let later = now().plus(2 * Options::default().hot_window);
    group.bench_function("seal six folded hours", |bench| {
        bench.iter_batched(
            || {
                let (metrics, folder) = copy();
                work_off(&mut Folding::new(Arc::clone(&metrics)), now(), "folded 0 hours");
                (metrics, folder)
            },
            |(metrics, folder)| {
                let nothing = "sealed 0 documents in 0 slices";
                assert!(work_off(&mut Seal::new(Arc::clone(&metrics)), later, nothing) > 0);
                (metrics, folder)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

const DAY_COLLECTORS: usize = 4;
const DAY_HOURS: u64 = 48;

fn is_asked_for(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}

/// Two days that arrive minute by minute, are folded hour by hour, and leave the hot store after a day.
fn day(_: &mut Criterion) {
    if !is_asked_for("day") {
        return;
    }
    let pushes = recording();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hot.redb");
    let clock = Clock::manual(now());
    let metrics = Arc::new(open_at(&path, clock.clone()));
    let collectors: Vec<CollectorId> =
        (0..DAY_COLLECTORS).map(|_| new_collector(&IdSource::Random)).collect();
    let mut slowest = Duration::ZERO;
    let settle = |metrics: &Arc<Metrics>| {
        work_off(&mut Folding::new(Arc::clone(metrics)), clock.now(), "folded 0 hours");
        work_off(&mut Seal::new(Arc::clone(metrics)), clock.now(), "sealed 0 documents in 0 slices");
    };
    for hour in 0..DAY_HOURS {
        settle(&metrics);
        for minute in 0..60 {
            clock.advance(Duration::from_secs(60));
            for (place, collector) in collectors.iter().enumerate() {
                let at = usize::try_from(hour * 60 + minute).unwrap() + place * 18;
                let push = &pushes[at % pushes.len()];
                let started = Instant::now();
                accept(&metrics, *collector, &Push { timestamp: Some(clock.now()), ..copy_of(push) });
                slowest = slowest.max(started.elapsed());
            }
        }
    }
    let full = room(metrics, &path);
    let metrics = Arc::new(open_at(&path, clock.clone()));
    settle(&metrics);
    println!(
        "day: before an hour is folded {full}; after it {}; slowest push {slowest:?}",
        room(metrics, &path)
    );
}

/// What the hot store takes on the disk, and how much of it is stored.
fn room(metrics: Arc<Metrics>, path: &Path) -> String {
    metrics.stop().unwrap();
    let bytes = metrics.bytes().unwrap();
    drop(metrics);
    let stats = redb::Database::open(path).unwrap().begin_write().unwrap().stats().unwrap();
    let live = stats.stored_bytes();
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let ratio = bytes as f64 / live as f64;
    format!("{bytes} bytes on the disk for {live}, {ratio:.2} times")
}

/// Documents with statements that no other has: a million series that come and go within two days.
const CHURN_DOCUMENTS: u64 = 2_500;
const CHURN_STATEMENTS: u64 = 100;

fn statements(document: u64, at: Timestamp) -> Push {
    let statement = |number: u64| {
        let id = document * CHURN_STATEMENTS + number;
        json!({"hash": id, "text": format!("select {id}"), "calls": id % 97, "total_time": 1.5, "rows": number,
            "mean_time": 0.5})
    };
    let queries: Vec<_> = (0..CHURN_STATEMENTS).map(statement).collect();
    let metric = json!({"type": "pg_query_stats", "timestamp": at, "database": "app", "queries": queries});
    serde_json::from_value(json!({"timestamp": at, "metrics": [metric]})).unwrap()
}

/// What series cost that were seen once, while they are taken in, folded and sealed, and when others are asked for.
fn churn(_: &mut Criterion) {
    if !is_asked_for("churn") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(now());
    let (metrics, segments) = open_both(&folder.path().join("hot.redb"), clock.clone());
    let metrics = Arc::new(metrics);
    let collector = new_collector(&IdSource::Random);
    let (mut fold, mut seal) = (Folding::new(Arc::clone(&metrics)), Seal::new(Arc::clone(&metrics)));
    let (before, started) = (resident(), Instant::now());
    for document in 0..CHURN_DOCUMENTS {
        clock.advance(Duration::from_secs(60));
        accept(&metrics, collector, &statements(document, clock.now()));
        if document % 60 == 59 {
            work_off(&mut fold, clock.now(), "folded 0 hours");
            work_off(&mut seal, clock.now(), "sealed 0 documents in 0 slices");
        }
    }
    let (taken, grown) = (started.elapsed(), resident().saturating_sub(before));
    let ask = |minutes: u64| {
        let from = clock.now().minus(Duration::from_secs(minutes * 60 - 1));
        let matchers = vec![Matcher::named("pg_query_stats.queries.calls")];
        let function = StepFunction::Last;
        let query = PointsQuery { collector, from, to: clock.now(), step: None, function, matchers };
        let started = Instant::now();
        (metrics.points(&query).unwrap().len(), started.elapsed())
    };
    let ((series, recent), (_, again)) = (ask(10), ask(10));
    let all = CHURN_DOCUMENTS * CHURN_STATEMENTS * 4;
    let bytes = metrics.bytes().unwrap() + segments.totals().unwrap().bytes;
    println!(
        "churn: {all} series in {taken:?}, {} MiB more in memory, {} bytes on the disk each",
        grown >> 20,
        bytes / all
    );
    println!("churn: {series} series of the last ten minutes read in {recent:?}, and again in {again:?}");
}

/// Bytes of this process in memory.
fn resident() -> u64 {
    let process = procfs::process::Process::myself().unwrap();
    process.stat().unwrap().rss * procfs::page_size()
}

fn copy_of(push: &Push) -> Push {
    Push {
        collector_id: push.collector_id.clone(),
        hostname: push.hostname.clone(),
        timestamp: push.timestamp,
        version: push.version.clone(),
        metrics_count: push.metrics_count,
        metrics: push.metrics.clone(),
    }
}

criterion_group!(store, accepting, turning, reading, opening, day, churn);
criterion_main!(store);
