//! The lines that wait to be sent: bounded, the oldest goes first, and what is said again and again stands once.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

use crate::limits::{LOG_LINES_BYTES, LOG_LINES_WAITING};
use crate::wire::{LogEntry, LogLevel};

/// How far back a line is looked for that says the same.
const LOOKED_BACK: usize = 16;
/// How often a line was said, where that is more than once.
const REPEATED: &str = "repeated";

#[derive(Default)]
pub(in crate::collector) struct Lines {
    queue: Mutex<Queue>,
    has_more: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<LogEntry>,
    bytes: usize,
    /// Lines that were dropped since that was last told.
    dropped: u64,
}

impl Lines {
    pub(in crate::collector) fn push(&self, entry: LogEntry) {
        self.queue.lock().push(entry);
        self.has_more.notify_one();
    }

    /// Puts lines before those that wait: they were said earlier.
    pub(super) fn put_back(&self, entries: Vec<LogEntry>) {
        let mut queue = self.queue.lock();
        let later = std::mem::take(&mut queue.waiting);
        queue.bytes = 0;
        entries.into_iter().chain(later).for_each(|entry| queue.push(entry));
        self.has_more.notify_one();
    }

    /// Returns when there is a line.
    pub(super) async fn some(&self) {
        while self.queue.lock().waiting.is_empty() {
            self.has_more.notified().await;
        }
    }

    /// The oldest lines, up to a number and to bytes. What was dropped is told first.
    pub(in crate::collector) fn take(&self, most: usize, bytes: usize) -> Vec<LogEntry> {
        let mut queue = self.queue.lock();
        let mut taken: Vec<LogEntry> = queue.told_of_drops().into_iter().collect();
        let mut left = bytes;
        while taken.len() < most
            && let Some(entry) = queue.waiting.pop_front()
        {
            let size = size_of(&entry);
            if size > left && !taken.is_empty() {
                queue.waiting.push_front(entry);
                break;
            }
            left = left.saturating_sub(size);
            queue.bytes -= size;
            taken.push(entry);
        }
        taken
    }

    /// A copy of what waits.
    pub(super) fn copy(&self) -> Vec<LogEntry> {
        self.queue.lock().waiting.iter().cloned().collect()
    }
}

impl Queue {
    fn push(&mut self, entry: LogEntry) {
        if let Some(same) = self.said_lately(&entry) {
            let times = same.fields.get(REPEATED).and_then(Value::as_u64).unwrap_or(1);
            let before = size_of(same);
            same.fields.insert(REPEATED.to_owned(), (times + 1).into());
            let after = size_of(same);
            self.bytes = self.bytes + after - before;
            return;
        }
        self.bytes += size_of(&entry);
        self.waiting.push_back(entry);
        while self.waiting.len() > LOG_LINES_WAITING || self.bytes > LOG_LINES_BYTES {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.bytes -= size_of(&oldest);
            self.dropped += 1;
        }
    }

    fn said_lately(&mut self, entry: &LogEntry) -> Option<&mut LogEntry> {
        let lately = self.waiting.iter_mut().rev().take(LOOKED_BACK);
        lately.into_iter().find(|other| other.level == entry.level && other.message == entry.message)
    }

    fn told_of_drops(&mut self) -> Option<LogEntry> {
        let dropped = std::mem::take(&mut self.dropped);
        let timestamp = self.waiting.front().filter(|_| dropped > 0)?.timestamp;
        let message = format!("{dropped} lines of this log were dropped: more came than could be sent");
        Some(LogEntry { timestamp, level: LogLevel::Warning, message, fields: serde_json::Map::new() })
    }
}

/// What a line takes in JSON, about.
fn size_of(entry: &LogEntry) -> usize {
    const AROUND: usize = 80;
    let fields: usize = entry.fields.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    entry.message.len() + fields + AROUND
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn line(number: i64, message: &str) -> LogEntry {
        LogEntry {
            timestamp: Timestamp::from_millis(number),
            level: LogLevel::Info,
            message: message.to_owned(),
            fields: serde_json::Map::new(),
        }
    }

    fn messages(lines: &[LogEntry]) -> Vec<&str> {
        lines.iter().map(|line| line.message.as_str()).collect()
    }

    #[test]
    fn what_is_said_again_stands_once_with_a_count() {
        let lines = Lines::default();
        for number in 0..1000 {
            lines.push(line(number, if number % 2 == 0 { "the daemon is away" } else { "trying again" }));
        }
        let taken = lines.take(10, 1000);
        assert_eq!(messages(&taken), ["the daemon is away", "trying again"]);
        assert_eq!((taken[0].timestamp.as_millis(), &taken[0].fields[REPEATED]), (0, &Value::from(500)));
        assert!(lines.take(10, 1000).is_empty());
    }

    #[test]
    fn a_flood_drops_the_oldest_and_says_how_many() {
        let lines = Lines::default();
        let count = i64::try_from(LOG_LINES_WAITING).unwrap() + 7;
        for number in 0..count {
            lines.push(line(number, &number.to_string()));
        }
        let taken = lines.take(3, 10_000);
        let told = "7 lines of this log were dropped: more came than could be sent";
        assert_eq!(messages(&taken), [told, "7", "8"]);
        assert_eq!(messages(&lines.take(1, 10_000)), ["9"], "it is told once");

        let large = Lines::default();
        for number in 0..100 {
            large.push(line(number, &format!("{number} {}", "x".repeat(LOG_LINES_BYTES / 10))));
        }
        assert_eq!(large.copy().len(), 9);
        assert_eq!(large.take(10, 1).len(), 1, "one goes, whatever its size");
    }

    #[test]
    fn what_comes_back_stands_before_what_came_since() {
        let lines = Lines::default();
        lines.push(line(2, "later"));
        lines.put_back(vec![line(1, "earlier")]);
        assert_eq!(messages(&lines.take(10, 10_000)), ["earlier", "later"]);
    }
}
