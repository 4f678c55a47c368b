//! Logs of both programs: text for people, JSON for machines, journald under systemd.
//!
//! Everything goes to standard error or to the journal; standard output belongs to the command line.

use std::sync::OnceLock;

use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// The filter of this process, once logging has started.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    /// Structured entries in the journal; text where this build has no systemd.
    Journal,
}

/// The text was not a filter such as `info` or `info,pganalytics::http=debug`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadFilter(String);

/// Checks a filter without starting anything.
pub fn check(filter: &str) -> Result<EnvFilter, BadFilter> {
    EnvFilter::try_new(filter).map_err(|error| BadFilter(error.to_string()))
}

/// What passes the filter of this process.
type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
/// Somebody who is told what passes.
type Listener = Box<dyn Layer<Filtered> + Send + Sync>;

/// Starts logging for the whole process. A second start keeps the first.
pub fn start(filter: &str, format: Format) -> Result<(), BadFilter> {
    start_with(filter, format, None)
}

/// The same, with somebody else who listens.
pub fn start_with(filter: &str, format: Format, other: Option<Listener>) -> Result<(), BadFilter> {
    let filter = check(filter)?;
    let text = || fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let layer: Listener = match format {
        Format::Text => text().boxed(),
        Format::Json => text().json().flatten_event(true).boxed(),
        #[cfg(feature = "systemd")]
        Format::Journal => journal::Journal.boxed(),
        #[cfg(not(feature = "systemd"))]
        Format::Journal => text().boxed(),
    };
    let listeners: Vec<Listener> = [layer].into_iter().chain(other).collect();
    let (filter, handle) = reload::Layer::new(filter);
    if tracing_subscriber::registry().with(filter).with(listeners).try_init().is_ok() {
        let _ = FILTER.set(handle);
    }
    Ok(())
}

/// Changes the filter of the running process; without a start there is nothing to change.
pub fn change(filter: &str) -> Result<(), BadFilter> {
    let filter = check(filter)?;
    match FILTER.get() {
        Some(handle) => handle.reload(filter).map_err(|error| BadFilter(error.to_string())),
        None => Ok(()),
    }
}

#[cfg(feature = "systemd")]
mod journal {
    use std::fmt::{Debug, Write};

    use tracing::field::{Field, Visit};
    use tracing::{Event, Level, Subscriber};
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::Context;

    /// Sends each event to journald with its fields as journal fields, under the name of the program.
    pub(super) struct Journal;

    impl<S: Subscriber> Layer<S> for Journal {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let priority = match *event.metadata().level() {
                Level::ERROR => 3,
                Level::WARN => 4,
                Level::INFO => 6,
                _ => 7,
            };
            let mut entry = Entry::default();
            event.record(&mut entry);
            let Entry { message, mut fields } = entry;
            fields.push(format!("MESSAGE={message}"));
            fields.push(format!("PRIORITY={priority}"));
            fields.push(format!("TARGET={}", event.metadata().target()));
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            // a full or absent journal must not stop the program that logs
            let _ = systemd::journal::send(&fields);
        }
    }

    /// What a person reads names the fields as well, for `journalctl` shows the message alone.
    #[derive(Default)]
    struct Entry {
        message: String,
        fields: Vec<String>,
    }

    impl Visit for Entry {
        fn record_str(&mut self, field: &Field, value: &str) {
            self.push(field, &value);
        }

        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.push(field, &format_args!("{value:?}"));
        }
    }

    impl Entry {
        fn push(&mut self, field: &Field, value: &dyn std::fmt::Display) {
            if field.name() == "message" {
                self.message = format!("{value}{}", self.message);
                return;
            }
            // writing to a String cannot fail
            let _ = write!(self.message, " {}={value}", field.name());
            let letters = field.name().chars();
            let letters = letters.map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
            let name: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
            self.fields.push(format!("{name}={value}"));
        }
    }

    #[cfg(test)]
    mod tests {
        use std::sync::{Arc, Mutex};

        use super::*;
        use tracing_subscriber::layer::SubscriberExt;

        struct Kept(Arc<Mutex<Entry>>);

        impl<S: Subscriber> Layer<S> for Kept {
            fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
                event.record(&mut *self.0.lock().unwrap());
            }
        }

        /// Whoever looks for the setup code reads the message, and no field of the journal.
        #[test]
        fn a_message_says_its_fields_as_well() {
            let kept = Arc::new(Mutex::new(Entry::default()));
            let listener = tracing_subscriber::registry().with(Kept(Arc::clone(&kept)));
            tracing::subscriber::with_default(listener, || {
                tracing::warn!(code = "abc", attempts = 2, http.status = 200, "no user exists");
            });
            let kept = kept.lock().unwrap();
            assert_eq!(kept.message, "no user exists code=abc attempts=2 http.status=200");
            assert_eq!(kept.fields, ["CODE=abc", "ATTEMPTS=2", "HTTP_STATUS=200"]);
        }
    }
}
