//! The one clock of the process, and the times that it tells.
//!
//! A [`Clock`] is a value that is handed down from the binary, so that a test can set the time.
//! A [`Timestamp`] is UTC with milliseconds: RFC 3339 on the wire, an integer in storage.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where the time comes from: the machine, or a test.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    Manual(Arc<Hands>),
}

/// What a manual clock shows, in milliseconds.
#[derive(Debug)]
pub struct Hands {
    now: AtomicI64,
    steady: AtomicI64,
}

/// Where the steady time of this process begins.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock {
    /// A clock that stands still until [`Clock::set`] or [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(Hands { now: AtomicI64::new(start.0), steady: AtomicI64::new(0) }))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(jiff::Timestamp::now().as_millisecond()),
            Self::Manual(hands) => Timestamp(hands.now.load(Ordering::SeqCst)),
        }
    }

    /// How much time has passed since some moment of this process, whatever is done to the clock.
    pub fn steady(&self) -> Duration {
        match self {
            Self::System => STARTED.elapsed(),
            Self::Manual(hands) => Timestamp(hands.steady.load(Ordering::SeqCst)).since(Timestamp(0)),
        }
    }

    /// Sets a manual clock, as if somebody had set the machine's. The system's clock is not ours to set, so
    /// there it does nothing.
    pub fn set(&self, now: Timestamp) {
        if let Self::Manual(hands) = self {
            hands.now.store(now.0, Ordering::SeqCst);
        }
    }

    /// Lets time pass on a manual clock.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(hands) = self {
            hands.now.store(self.now().plus(by).0, Ordering::SeqCst);
            hands.steady.fetch_add(Timestamp(0).plus(by).0, Ordering::SeqCst);
        }
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down: what JWT claims hold.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Later by so many milliseconds, or earlier, where they are negative.
    pub const fn shifted(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// How long ago `earlier` was; zero when it lies in the future, as after a jump of the clock.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms since 1970", self.0),
        }
    }
}

/// The text was not an RFC 3339 time with a zone.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an RFC 3339 time with a zone, such as 2026-11-20T14:02:11.000Z")]
pub struct NotATime;

impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_millisecond())).map_err(|_| NotATime)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_milliseconds_and_read_back() {
        let time = Timestamp::from_millis(1_763_647_331_007);
        assert_eq!(time.to_string(), "2025-11-20T14:02:11.007Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!("2025-11-20T15:02:11+01:00".parse(), Ok(Timestamp::from_millis(1_763_647_331_000)));
        assert_eq!("2025-11-20 14:02".parse::<Timestamp>(), Err(NotATime));
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::from_millis(5));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), Timestamp::from_millis(1005));
        assert_eq!(clock.now().since(Timestamp::from_millis(9000)), Duration::ZERO);
    }
}
