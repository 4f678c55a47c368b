//! The times that documents write in one of two usual forms. Such a text need not be kept: the time gives it back.

use crate::clock::Timestamp;

/// How a time is written: with milliseconds, or in whole seconds; both end with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Form {
    Milliseconds,
    Seconds,
}

impl Form {
    /// The form of a text that the time itself gives back.
    pub(super) fn of(text: &str) -> Option<Self> {
        [Self::Milliseconds, Self::Seconds].into_iter().find(|form| {
            form.read(text.as_bytes(), 0)
                .is_some_and(|(time, end)| end == text.len() && form.text(time) == text)
        })
    }

    /// Reads a time that begins at `at`, and gives the place behind it.
    pub(super) fn read(self, bytes: &[u8], at: usize) -> Option<(Timestamp, usize)> {
        let number = |from: usize, digits: usize| -> Option<i64> {
            let digits = bytes.get(at + from..at + from + digits)?;
            digits.iter().try_fold(0, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
            })
        };
        let is = |from: usize, expected: u8| bytes.get(at + from) == Some(&expected);
        let separated = is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':');
        let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
        let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
        let (milliseconds, end) = match self {
            Self::Milliseconds if is(19, b'.') && is(23, b'Z') => (number(20, 3)?, 24),
            Self::Seconds if is(19, b'Z') => (0, 20),
            _ => return None,
        };
        let is_time = hour < 24 && minute < 60 && second < 60;
        if !separated || !is_time || !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
            return None;
        }
        let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Some((Timestamp::from_millis(seconds * 1000 + milliseconds), at + end))
    }

    /// The time in this form.
    pub(super) fn text(self, time: Timestamp) -> String {
        let text = time.to_string();
        match self {
            Self::Milliseconds => text,
            Self::Seconds => text.split_once('.').map_or(text.clone(), |(whole, _)| format!("{whole}Z")),
        }
    }
}

fn days(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_reads_what_the_calendar_reads(milliseconds in -62_000_000_000_000_i64..250_000_000_000_000) {
            let time = Timestamp::from_millis(milliseconds);
            let whole = Timestamp::from_millis(milliseconds.div_euclid(1000) * 1000);
            for (form, time) in [(Form::Milliseconds, time), (Form::Seconds, whole)] {
                let text = form.text(time);
                prop_assert_eq!(form.read(text.as_bytes(), 0), Some((time, text.len())));
                prop_assert_eq!(text.parse(), Ok(time));
                prop_assert_eq!(Form::of(&text), Some(form));
            }
        }

        #[test]
        fn a_date_that_is_none_is_not_taken(month in 0..14, day in 0..33, hour in 0..26, second in 0..62) {
            let text = format!("2026-{month:02}-{day:02}T{hour:02}:00:{second:02}Z");
            let read = Form::Seconds.read(text.as_bytes(), 0).map(|(time, _)| time);
            // a leap second is the calendar's, and no form of ours
            prop_assert_eq!(read, text.parse().ok().filter(|_| second < 60));
        }
    }

    #[test]
    fn other_forms_are_texts() {
        for text in
            ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.5Z", "2026-01-01 00:00:00Z", "", "2026"]
        {
            assert_eq!(Form::of(text), None);
        }
    }
}
