//! What the calendar says of a moment, in UTC.

/// Seconds since 1970 taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    days: i64,
    second_of_day: i64,
}

const DAY: i64 = 86_400;

impl Moment {
    /// Parts of seconds do not count. Beyond all calendars it stays at their ends.
    #[expect(clippy::cast_possible_truncation, reason = "a conversion that stops at the ends is meant")]
    pub fn of(seconds: f64) -> Self {
        let seconds = (seconds as i64).clamp(-DAY * 100_000_000, DAY * 100_000_000);
        Self { days: seconds.div_euclid(DAY), second_of_day: seconds.rem_euclid(DAY) }
    }

    pub fn minute(self) -> f64 {
        small(self.second_of_day / 60 % 60)
    }

    pub fn hour(self) -> f64 {
        small(self.second_of_day / 3600)
    }

    /// Sunday is 0.
    pub fn day_of_week(self) -> f64 {
        small((self.days + 4).rem_euclid(7))
    }

    pub fn day_of_month(self) -> f64 {
        small(self.date().2)
    }

    pub fn day_of_year(self) -> f64 {
        small(self.days - days_until(self.date().0, 1) + 1)
    }

    pub fn days_in_month(self) -> f64 {
        let (year, month, _) = self.date();
        let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        small(days_until(next_year, next) - days_until(year, month))
    }

    pub fn month(self) -> f64 {
        small(self.date().1)
    }

    pub fn year(self) -> f64 {
        small(self.date().0)
    }

    /// Year, month and day of the Gregorian calendar, counted from the first of March of year 0, as leap days come
    /// last then (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    fn date(self) -> (i64, i64, i64) {
        let days = self.days + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

/// Days from 1970 to the first of a month.
fn days_until(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

#[expect(clippy::cast_precision_loss, reason = "parts of dates are small")]
fn small(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(seconds: f64) -> Vec<f64> {
        let of = [
            Moment::year,
            Moment::month,
            Moment::day_of_month,
            Moment::hour,
            Moment::minute,
            Moment::day_of_week,
            Moment::day_of_year,
            Moment::days_in_month,
        ];
        of.into_iter().map(|part| part(Moment::of(seconds))).collect()
    }

    #[test]
    fn moments_are_taken_apart() {
        assert_eq!(parts(0.0), [1970.0, 1.0, 1.0, 0.0, 0.0, 4.0, 1.0, 31.0]);
        // 2024-02-29T23:59:59Z and a second before 1970
        assert_eq!(parts(1_709_251_199.9), [2024.0, 2.0, 29.0, 23.0, 59.0, 4.0, 60.0, 29.0]);
        assert_eq!(parts(-1.0), [1969.0, 12.0, 31.0, 23.0, 59.0, 3.0, 365.0, 31.0]);
        assert!(parts(f64::INFINITY)[0] > 9999.0 && !parts(f64::NAN)[0].is_nan());
    }
}
