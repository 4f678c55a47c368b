//! Listens to what this process logs, beside standard error or the journal.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use serde_json::Map;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::Lines;
use crate::clock::Clock;
use crate::limits::LOG_MESSAGE_CHARS;
use crate::wire::{LogEntry, LogLevel};

/// What this program says of itself; other libraries may say what they send.
const OURS: &str = "pganalytics";
/// The sending of lines, which must not make more of them.
const SENDING: &str = "pganalytics::collector::log";

pub(in crate::collector) struct Tap {
    /// Which of the two processes this is.
    pub(in crate::collector) process: &'static str,
    pub(in crate::collector) lines: Arc<Lines>,
    pub(in crate::collector) clock: Clock,
}

impl<S: Subscriber> Layer<S> for Tap {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target();
        if !target.starts_with(OURS) || target.starts_with(SENDING) {
            return;
        }
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warning,
            Level::INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        let mut text = Text::default();
        event.record(&mut text);
        let fields = Map::from_iter([("process".to_owned(), self.process.into())]);
        self.lines.push(LogEntry { timestamp: self.clock.now(), level, message: text.whole(), fields });
    }
}

/// The message, and the fields behind it as `name=value`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn add(&mut self, field: &Field, value: std::fmt::Arguments<'_>) {
        // writing to a String cannot fail
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name => write!(self.fields, " {name}={value}"),
        };
    }

    fn whole(mut self) -> String {
        self.message.push_str(&self.fields);
        if let Some((end, _)) = self.message.char_indices().nth(LOG_MESSAGE_CHARS) {
            self.message.truncate(end);
        }
        self.message
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn own_lines_are_heard_and_those_of_the_sending_and_of_others_are_not() {
        let lines = Arc::new(Lines::default());
        let clock = Clock::manual(Timestamp::from_millis(7));
        let tap = Tap { process: "worker", lines: Arc::clone(&lines), clock };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(tap), || {
            tracing::warn!(target: "pganalytics::collector::worker", source = "disk", left = 3, "nothing collected");
            tracing::error!(target: "pganalytics::collector::log::sender", "cannot send");
            tracing::error!(target: "hyper::client", "connected");
            let long = "x".repeat(LOG_MESSAGE_CHARS * 2);
            tracing::debug!(target: "pganalytics::collector", "{long}");
        });
        let heard = lines.take(10, 100_000);
        assert_eq!(heard.len(), 2);
        assert_eq!(
            (heard[0].level, heard[0].message.as_str(), heard[0].timestamp.as_millis()),
            (LogLevel::Warning, "nothing collected source=disk left=3", 7)
        );
        assert_eq!(heard[0].fields["process"], "worker");
        assert_eq!((heard[1].level, heard[1].message.len()), (LogLevel::Debug, LOG_MESSAGE_CHARS));
    }
}
