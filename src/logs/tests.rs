//! The store of logs on a real file: bounds, counts, search, and bytes that are not what was written.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::*;
use crate::ids::IdSource;
use crate::limits::{LOG_BATCHES_REMEMBERED, LOG_BURST, LOG_PAGE};
use crate::wire::LogLevel;

struct Fixture {
    folder: tempfile::TempDir,
    clock: Clock,
    logs: Logs,
    collector: CollectorId,
    other: CollectorId,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2026-11-20T14:00:00Z".parse().unwrap());
        let ids = IdSource::seeded(1);
        let logs = Logs::open(&folder.path().join("logs"), Poison::default(), clock.clone()).unwrap();
        let (collector, other) = (ids.next(clock.now()), ids.next(clock.now()));
        Self { folder, clock, logs, collector, other }
    }

    fn entry(&self, level: LogLevel, message: &str) -> NewEntry {
        NewEntry { time: self.clock.now(), level, message: message.to_owned(), fields: "{}".to_owned() }
    }

    /// One entry a second, when a minute's allowance is there again.
    fn log(&self, level: LogLevel, messages: &[&str]) {
        let of = |message: &&str| {
            self.clock.advance(SECOND);
            self.entry(level, message)
        };
        let entries: Vec<NewEntry> = messages.iter().map(of).collect();
        assert_eq!(self.logs.append(self.collector, None, &entries).unwrap(), entries.len());
    }

    /// As many as there may be at once, and the time after which there may be as many again.
    fn log_much(&self, message: &str, count: usize) {
        let entries = vec![self.entry(LogLevel::Info, message); 1000];
        for _ in 0..count / entries.len() {
            self.logs.append(self.collector, None, &entries).unwrap();
            self.clock.advance(MINUTE * 2);
        }
    }

    fn page(&self, filter: &Filter) -> Page {
        self.logs.page(self.collector, filter, 100, 0).unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("logs")
    }
}

fn messages(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.message.as_str()).collect()
}

#[test]
fn a_page_has_the_newest_first_and_counts_every_level_that_the_rest_of_the_filter_finds() {
    let fixture = Fixture::new();
    fixture.log(LogLevel::Info, &["started", "Äpfel collected", "collected 7 documents"]);
    fixture.log(LogLevel::Error, &["cannot collect: timeout", "CANNOT push"]);
    assert_eq!(fixture.logs.page(fixture.other, &Filter::default(), 100, 0).unwrap(), Page::default());
    let all = fixture.page(&Filter::default());
    assert_eq!(messages(&all.entries)[0], "CANNOT push");
    assert_eq!((all.total, all.last_id), (5, Some(5)));

    let search =
        Filter { search: Some("COLLECT".to_owned()), levels: vec![LogLevel::Info], ..Filter::default() };
    let found = fixture.page(&search);
    assert_eq!(messages(&found.entries), ["collected 7 documents", "Äpfel collected"]);
    assert_eq!((found.total, found.levels.of(LogLevel::Error), found.levels.of(LogLevel::Info)), (2, 1, 2));
    let umlaut = Filter { search: Some("äPFEL".to_owned()), ..Filter::default() };
    assert_eq!(fixture.page(&umlaut).total, 1);

    let second = fixture.logs.page(fixture.collector, &Filter::default(), 2, 2).unwrap();
    assert_eq!(messages(&second.entries), ["collected 7 documents", "Äpfel collected"]);
    assert_eq!(second.total, 5);
    let (from, to) = (Some(all.entries[3].time), Some(all.entries[1].time));
    assert_eq!(fixture.page(&Filter { from, to, ..Filter::default() }).total, 3);
    let after = Filter { after: Some(4), ..Filter::default() };
    assert_eq!(messages(&fixture.page(&after).entries), ["CANNOT push"]);
}

#[test]
fn an_export_goes_on_behind_the_last_entry_also_where_times_are_equal() {
    let fixture = Fixture::new();
    let entries: Vec<NewEntry> =
        (0..25).map(|number| fixture.entry(LogLevel::Info, &format!("m{number}"))).collect();
    fixture.logs.append(fixture.collector, None, &entries).unwrap();
    let (mut read, mut behind) = (Vec::new(), None);
    loop {
        let next = fixture.logs.next(fixture.collector, &Filter::default(), behind, 10).unwrap();
        let Some(last) = next.last() else { break };
        behind = Some(Place { time: last.time, id: last.id });
        read.extend(next);
        // what comes meanwhile is newer
        fixture.clock.advance(SECOND);
        fixture.logs.append(fixture.collector, None, &entries[..1]).unwrap();
    }
    let expected: Vec<String> = (0..25).rev().map(|number| format!("m{number}")).collect();
    assert_eq!(messages(&read), expected);
}

#[test]
fn a_batch_that_is_sent_again_is_kept_once() {
    let fixture = Fixture::new();
    let entries = [fixture.entry(LogLevel::Info, "once")];
    let send = |collector, name: &str| fixture.logs.append(collector, Some(name), &entries).unwrap();
    assert_eq!((send(fixture.collector, "a"), send(fixture.collector, "a")), (1, 0));
    assert_eq!((send(fixture.other, "a"), send(fixture.collector, "b")), (1, 1));
    for number in 0..LOG_BATCHES_REMEMBERED {
        send(fixture.collector, &number.to_string());
    }
    let names = "SELECT count(*) FROM batches WHERE collector = 1";
    let kept = fixture.logs.db.read(|tx| Ok::<usize, StoreError>(tx.query_row(names, [], |row| row.get(0))?));
    assert_eq!(kept.unwrap(), LOG_BATCHES_REMEMBERED);
}

#[test]
fn who_logs_too_much_is_told_when_to_come_again_and_others_are_not_held_up() {
    let fixture = Fixture::new();
    let entries = vec![fixture.entry(LogLevel::Info, "much"); 1000];
    for _ in 0..LOG_BURST / 1000 {
        fixture.logs.append(fixture.collector, None, &entries).unwrap();
    }
    let refused = fixture.logs.append(fixture.collector, None, &entries[..10]);
    let Err(LogsError::TooMany { retry_after }) = refused else { panic!("{refused:?}") };
    assert_eq!(retry_after, SECOND);
    fixture.logs.append(fixture.other, None, &entries).unwrap();
    fixture.clock.advance(retry_after);
    fixture.logs.append(fixture.collector, None, &entries[..10]).unwrap();
}

#[test]
fn a_collector_keeps_its_share_in_entries_and_in_bytes_and_the_oldest_goes_first() {
    let fixture = Fixture::new();
    fixture.log(LogLevel::Error, &["the first"]);
    fixture.logs.append(fixture.other, None, &[fixture.entry(LogLevel::Info, "of another")]).unwrap();
    fixture.log_much("short", LOG_ENTRIES_KEPT + 2000);
    assert_eq!(fixture.logs.prune(false).unwrap(), 2001);
    let left = fixture.page(&Filter::default());
    assert_eq!((left.total, left.levels.of(LogLevel::Error)), (LOG_ENTRIES_KEPT as u64, 0));

    fixture.log_much(&"long ".repeat(200), 5000);
    while fixture.logs.prune(false).unwrap() > 0 {}
    let bytes = |entry: &Entry| entry::bytes_of(&entry.message, &entry.fields);
    let kept = fixture.logs.next(fixture.collector, &Filter::default(), None, 100_000).unwrap();
    let bytes: usize = kept.iter().map(bytes).sum();
    assert!(bytes <= LOG_BYTES_KEPT && bytes > LOG_BYTES_KEPT - 2000, "{bytes}");
    assert_eq!(fixture.logs.page(fixture.other, &Filter::default(), 1, 0).unwrap().total, 1);
    assert_eq!(fixture.logs.verify().unwrap(), Ok(kept.len() as u64 + 1));
}

#[test]
fn what_is_old_goes_unless_the_clock_is_in_doubt_and_all_goes_with_the_collector() {
    let fixture = Fixture::new();
    fixture.log(LogLevel::Info, &["old", "older"]);
    fixture.clock.advance(LOG_RETENTION);
    fixture.log(LogLevel::Info, &["new"]);
    assert_eq!(fixture.logs.prune(false).unwrap(), 0);
    assert_eq!(fixture.logs.prune(true).unwrap(), 2);
    assert_eq!(messages(&fixture.page(&Filter::default()).entries), ["new"]);
    assert_eq!(fixture.logs.remove(fixture.collector).unwrap(), 1);
    assert_eq!(fixture.page(&Filter::default()), Page::default());
    fixture.log(LogLevel::Info, &["again"]);
    assert_eq!(fixture.page(&Filter::default()).last_id, Some(4), "numbers are not given twice");
}

#[test]
fn a_damaged_entry_is_neither_served_nor_found_whole() {
    let fixture = Fixture::new();
    fixture.log(LogLevel::Info, &["sound", "damaged", "sound too"]);
    let edit = |sql: &str| {
        let file = rusqlite::Connection::open(fixture.path()).unwrap();
        file.execute(sql, []).unwrap();
    };
    edit("UPDATE entries SET message = 'damageD' WHERE id = 2");
    assert_eq!(messages(&fixture.page(&Filter::default()).entries), ["sound too", "sound"]);
    assert_eq!(fixture.logs.verify().unwrap(), Err("log entry 2 is damaged".to_owned()));
    edit("DELETE FROM entries WHERE id = 2");
    assert_eq!(fixture.logs.verify().unwrap(), Err("there are 2 log entries, and 3 are counted".to_owned()));
}

#[test]
fn a_full_disk_takes_no_logs_and_serves_what_is_there() {
    let fixture = Fixture::new();
    fixture.log(LogLevel::Info, &["before"]);
    let free = FreeSpace::Manual(Arc::new(AtomicU64::new(FREE_BYTES - 1)));
    let path = fixture.path();
    let logs = Logs::open_with(&path, Poison::default(), fixture.clock.clone(), free).unwrap();
    let refused = logs.append(fixture.collector, None, &[fixture.entry(LogLevel::Info, "after")]);
    assert!(refused.unwrap_err().to_string().starts_with("no space left for logs"));
    assert_eq!(logs.page(fixture.collector, &Filter::default(), LOG_PAGE.0, 0).unwrap().total, 1);
}
