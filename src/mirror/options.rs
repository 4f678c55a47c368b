//! What the mirror is told by the settings.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::names::named;
use crate::postgres::SslMode;

/// Where the mirror is and how it is filled.
#[derive(Clone, Debug)]
pub struct Options {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    /// Read at every connection, so that a new password needs no restart.
    pub password_file: Option<PathBuf>,
    pub ssl_mode: SslMode,
    /// The authorities that the server's certificate is checked against; the machine's own without it. Read at every
    /// connection, too.
    pub ca_file: Option<PathBuf>,
    /// What this appliance is called in the mirror.
    pub site_id: String,
    /// Bytes of metrics that one transaction takes, but for one push that is larger.
    pub batch_bytes: usize,
    /// How long it rests when nothing waits.
    pub interval: Duration,
    pub partition: Span,
}

named!(
    /// How long the partitions of metrics are. Without any, the tables are as an extension wants them.
    Span, "a length of partitions", { Day = "day", Month = "month", None = "none" });

impl Span {
    /// The first day of the span around a moment, and that of the next one, in UTC.
    pub(super) fn around(self, moment: Timestamp) -> (String, String) {
        let time = jiff::Timestamp::from_millisecond(moment.as_millis()).unwrap_or_default();
        let day = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (begin, next) = match self {
            Self::Month => {
                let first = day.first_of_month();
                (first, first.saturating_add(jiff::Span::new().months(1)))
            }
            Self::Day | Self::None => (day, day.saturating_add(jiff::Span::new().days(1))),
        };
        (begin.to_string(), next.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_goes_from_its_first_day_to_that_of_the_next() {
        let moment = Timestamp::from_millis(1_767_225_599_999);
        assert_eq!(Span::Day.around(moment), ("2025-12-31".to_owned(), "2026-01-01".to_owned()));
        assert_eq!(Span::Month.around(moment), ("2025-12-01".to_owned(), "2026-01-01".to_owned()));
    }
}
