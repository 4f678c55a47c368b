//! How long a collector was there and how long it was away, day by day in UTC.
//!
//! Up is a collector whose signs of life come in time, down one that is offline or reports an error. Nothing is
//! counted while it is stopped or archived, before its first sign of life, and while no daemon ran. A silence
//! that turns out too long was down from its first moment, one that ends in time was up.

use std::collections::VecDeque;

use super::status::Status;
use crate::clock::Timestamp;
use crate::limits::AVAILABILITY_DAYS;
use crate::names::named;
use crate::storage::stored_as_text;

named!(
    /// What a moment counts as.
    Standing, "a standing", {
    Up = "up",
    Down = "down",
    Unknown = "unknown",
});

stored_as_text!(Standing);

impl From<Status> for Standing {
    fn from(status: Status) -> Self {
        match status {
            Status::Online | Status::Slow => Self::Up,
            Status::Offline | Status::Error => Self::Down,
            Status::Stopped | Status::Pending | Status::Restarting | Status::Stopping | Status::Archived => {
                Self::Unknown
            }
        }
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A day as it is stored: its number since 1970, milliseconds up, milliseconds down.
const DAY_BYTES: usize = 12;

/// What is known of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01.
    pub number: u32,
    pub up_ms: u32,
    pub down_ms: u32,
}

impl Day {
    /// In UTC, as `2026-11-20`.
    pub fn date(&self) -> String {
        let mut text = Timestamp::from_millis(i64::from(self.number) * DAY_MS).to_string();
        text.truncate("2026-11-20".len());
        text
    }
}

/// A range of days, of which some may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub up_ms: u64,
    pub down_ms: u64,
}

impl Total {
    pub fn of(days: impl IntoIterator<Item = Day>) -> Self {
        days.into_iter().fold(Self::default(), |total, day| Self {
            up_ms: total.up_ms + u64::from(day.up_ms),
            down_ms: total.down_ms + u64::from(day.down_ms),
        })
    }

    /// How much of the known time it was up; nothing where no time is known.
    #[expect(clippy::cast_precision_loss, reason = "a percentage does not need 53 bits")]
    pub fn percentage(&self) -> Option<f64> {
        let known_ms = self.up_ms + self.down_ms;
        (known_ms > 0).then(|| self.up_ms as f64 * 100.0 / known_ms as f64)
    }

    pub fn down_seconds(&self) -> Option<u64> {
        (self.up_ms + self.down_ms > 0).then_some(self.down_ms / 1000)
    }
}

/// The account of one collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) standing: Standing,
    /// Until when its time is in the days.
    pub(super) settled_at: Timestamp,
    /// Oldest first; days of which nothing is known are left out.
    days: VecDeque<Day>,
}

impl Account {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { standing: Standing::Unknown, settled_at: now, days: VecDeque::new() }
    }

    /// A sign of life came: until now it stood as it did.
    pub(super) fn heard(&mut self, now: Timestamp, standing: Standing) {
        self.settle(now, self.standing);
        self.standing = standing;
    }

    /// Somebody looked, and nothing had come. Whether a silence is an absence shows when it has lasted.
    pub(super) fn looked(&mut self, now: Timestamp, standing: Standing) {
        match (self.standing, standing) {
            (Standing::Up, Standing::Up) => return,
            (Standing::Up, Standing::Down) => self.settle(now, Standing::Down),
            (before, _) => self.settle(now, before),
        }
        self.standing = standing;
    }

    /// The clock was set: durations stay what they were.
    pub(super) fn shift(&mut self, by_ms: i64) {
        self.settled_at = self.settled_at.shifted(by_ms);
    }

    /// The daemon that wrote this last looked at `last_look`; what was since then is unknown.
    pub(super) fn resume(&mut self, last_look: Timestamp, now: Timestamp) {
        self.settle(last_look, self.standing);
        self.standing = Standing::Unknown;
        self.settled_at = now;
    }

    fn settle(&mut self, until: Timestamp, standing: Standing) {
        let oldest_ms = until.as_millis() - most_days() * DAY_MS;
        let mut from_ms = self.settled_at.as_millis().max(oldest_ms).max(0);
        let until_ms = until.as_millis();
        self.settled_at = until;
        while from_ms < until_ms && standing != Standing::Unknown {
            let number = from_ms / DAY_MS;
            let end_ms = until_ms.min((number + 1) * DAY_MS);
            self.add(small(number), small(end_ms - from_ms), standing);
            from_ms = end_ms;
        }
    }

    fn add(&mut self, number: u32, duration_ms: u32, standing: Standing) {
        let place = self.days.partition_point(|day| day.number < number);
        if self.days.get(place).is_none_or(|day| day.number != number) {
            self.days.insert(place, Day { number, up_ms: 0, down_ms: 0 });
        }
        let Some(day) = self.days.get_mut(place) else { return };
        // a day has no more than a day, also when the clock went over it twice
        let left_ms = small(DAY_MS) - day.up_ms - day.down_ms;
        match standing {
            Standing::Up => day.up_ms += duration_ms.min(left_ms),
            Standing::Down => day.down_ms += duration_ms.min(left_ms),
            Standing::Unknown => {}
        }
        while self.days.len() > AVAILABILITY_DAYS {
            self.days.pop_front();
        }
    }

    /// So many days up to and with today, oldest first.
    pub(super) fn days(&self, now: Timestamp, count: usize) -> impl Iterator<Item = Day> {
        let mut known = self.clone();
        known.settle(now, known.standing);
        let today = small(now.as_millis() / DAY_MS);
        let first = (today + 1).saturating_sub(small(i64::try_from(count).unwrap_or(0)));
        (first..=today).map(move |number| {
            let unknown = Day { number, up_ms: 0, down_ms: 0 };
            known.days.iter().find(|day| day.number == number).copied().unwrap_or(unknown)
        })
    }

    /// The days that a range touches, in one sum.
    pub(super) fn between(&self, now: Timestamp, from: Timestamp, to: Timestamp) -> Total {
        let (first, last) = (from.as_millis() / DAY_MS, to.as_millis() / DAY_MS);
        let touched = |day: &Day| (first..=last).contains(&i64::from(day.number));
        Total::of(self.days(now, AVAILABILITY_DAYS).filter(touched))
    }

    /// So many days up to and with today, in one sum.
    pub(super) fn total(&self, now: Timestamp, count: usize) -> Total {
        let first = now.as_millis() / DAY_MS + 1 - i64::try_from(count).unwrap_or(0);
        let mut total = Total::of(self.days.iter().filter(|day| i64::from(day.number) >= first).copied());
        let open_ms = u64::try_from(now.since(self.settled_at).as_millis()).unwrap_or(0);
        match self.standing {
            Standing::Up => total.up_ms += open_ms,
            Standing::Down => total.down_ms += open_ms,
            Standing::Unknown => {}
        }
        total
    }

    // -- bytes

    pub(super) fn encode(&self) -> Vec<u8> {
        let numbers = self.days.iter().flat_map(|day| [day.number, day.up_ms, day.down_ms]);
        numbers.flat_map(u32::to_le_bytes).collect()
    }

    /// Days that can't be days are left out: a figure that nobody acts on is no reason not to start.
    pub(super) fn decode(standing: Standing, settled_at: Timestamp, days: &[u8]) -> Self {
        let mut account = Self { standing, settled_at, days: VecDeque::new() };
        for bytes in days.as_chunks::<DAY_BYTES>().0 {
            let number =
                |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            let day = Day { number: number(0), up_ms: number(4), down_ms: number(8) };
            let is_later = account.days.back().is_none_or(|before| before.number < day.number);
            let fits = u64::from(day.up_ms) + u64::from(day.down_ms) <= u64::from(small(DAY_MS));
            if is_later && fits && account.days.len() < AVAILABILITY_DAYS {
                account.days.push_back(day);
            }
        }
        account
    }
}

fn most_days() -> i64 {
    i64::try_from(AVAILABILITY_DAYS).unwrap_or(i64::MAX)
}

/// Day numbers and milliseconds of a day fit until the year 11 million.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T00:00:00Z.
    const MIDNIGHT_MS: i64 = 20_777 * DAY_MS;
    const TODAY: u32 = 20_777;
    const MINUTE_MS: i64 = 60_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(MIDNIGHT_MS + minutes * MINUTE_MS)
    }

    fn minutes(up: u32, down: u32, number: u32) -> Day {
        Day { number, up_ms: up * 60_000, down_ms: down * 60_000 }
    }

    fn today(account: &Account, now: Timestamp) -> Day {
        account.days(now, 1).next().unwrap()
    }

    #[test]
    fn a_silence_that_ends_in_time_was_up_and_one_that_lasts_was_down_from_its_beginning() {
        let mut account = Account::new(at(0));
        account.heard(at(10), Standing::Up);
        account.heard(at(12), Standing::Up);
        account.looked(at(13), Standing::Up);
        assert_eq!(
            today(&account, at(13)),
            minutes(3, 0, TODAY),
            "what is not settled yet counts as it stands"
        );
        account.looked(at(15), Standing::Down);
        assert_eq!(today(&account, at(15)), minutes(2, 3, TODAY));
        account.looked(at(20), Standing::Down);
        account.heard(at(21), Standing::Up);
        account.heard(at(22), Standing::Up);
        assert_eq!(today(&account, at(22)), minutes(3, 9, TODAY));
        let total = account.total(at(22), 30);
        assert_eq!((total.percentage(), total.down_seconds()), (Some(25.0), Some(540)));
    }

    #[test]
    fn what_was_wanted_and_what_nobody_saw_is_neither_up_nor_down() {
        let mut account = Account::new(at(0));
        assert_eq!(account.total(at(60), 90).percentage(), None);
        account.heard(at(1), Standing::Up);
        account.looked(at(2), Standing::Unknown);
        account.looked(at(500), Standing::Unknown);
        account.heard(at(501), Standing::Up);
        account.resume(at(502), at(700));
        assert_eq!(account.total(at(800), 90), Total { up_ms: 120_000, down_ms: 0 });
        account.shift(1_000_000_000);
        assert_eq!(account.total(at(800), 90).down_ms, 0);
    }

    #[test]
    fn days_end_at_midnight_utc_and_only_the_newest_are_kept() {
        let mut account = Account::new(at(0));
        account.heard(at(-10), Standing::Down);
        account.heard(at(5), Standing::Up);
        let days: Vec<Day> = account.days(at(5), 3).collect();
        assert_eq!(days, [minutes(0, 0, TODAY - 2), minutes(0, 10, TODAY - 1), minutes(0, 5, TODAY)]);
        for day in 1..200 {
            account.heard(at(day * 24 * 60), Standing::Up);
        }
        assert_eq!(account.encode().len(), AVAILABILITY_DAYS * DAY_BYTES);
        account.settle(at(10_000 * 24 * 60), Standing::Down);
        assert_eq!(account.encode().len(), AVAILABILITY_DAYS * DAY_BYTES);
    }

    #[test]
    fn what_was_written_reads_back_and_nonsense_is_left_out() {
        let mut account = Account::new(at(0));
        account.heard(at(-3000), Standing::Up);
        account.heard(at(7), Standing::Down);
        let bytes = account.encode();
        assert_eq!(Account::decode(Standing::Down, at(7), &bytes), account);
        let mut bad = bytes.clone();
        bad.extend([0xff; DAY_BYTES + 5]);
        assert_eq!(Account::decode(Standing::Down, at(7), &bad), account);
    }

    #[test]
    fn a_clock_that_goes_over_a_day_twice_makes_no_day_of_more_than_a_day() {
        let mut account = Account::new(at(0));
        for _ in 0..3 {
            account.resume(at(0), at(0));
            account.heard(at(0), Standing::Up);
            account.heard(at(20 * 60), Standing::Up);
        }
        assert_eq!(today(&account, at(20 * 60)).up_ms, small(DAY_MS));
    }
}
