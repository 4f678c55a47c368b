//! Whether the clock may be trusted with removing what is old.
//!
//! It guarantees: a clock that jumps ahead by more than a day removes nothing; removal goes on when the jump was
//! confirmed, or when the clock has gone steadily for a day since.

use std::time::Duration;

use super::Metrics;
use super::hot;
use crate::clock::Timestamp;
use crate::storage::RedbError;

/// In `META`: when somebody last looked at the clock.
const LAST_LOOK: &[u8] = b"retention_last_look";
/// In `META`: when the clock was found to have jumped.
const JUMPED_AT: &[u8] = b"retention_jumped_at";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Metrics {
    /// Lets removal go on after the clock jumped ahead and is right.
    pub fn confirm_clock(&self) -> Result<(), RedbError> {
        self.hot.file.write(|tx| {
            tx.open_table(hot::META)?.remove(JUMPED_AT)?;
            Ok(())
        })
    }

    /// Whether the clock jumped ahead and nobody has confirmed it: other retentions wait as well.
    pub fn doubts_clock(&self, now: Timestamp) -> Result<bool, RedbError> {
        self.hot.file.read(|tx| {
            let meta = tx.open_table(hot::META)?;
            let last_look = hot::get(&meta, LAST_LOOK, open_moment)?;
            let jumped_at = hot::get(&meta, JUMPED_AT, open_moment)?;
            Ok(jumped_at.is_some() || last_look.is_none_or(|last_look| now.since(last_look) > DAY))
        })
    }

    /// Notes the time. When the clock has jumped ahead and nobody has confirmed it, says to when.
    pub fn look_at_clock(&self, now: Timestamp) -> Result<Option<Timestamp>, RedbError> {
        self.hot.file.write(|tx| {
            let mut meta = tx.open_table(hot::META)?;
            let last_look = hot::get(&meta, LAST_LOOK, open_moment)?;
            let mut jumped_at = hot::get(&meta, JUMPED_AT, open_moment)?;
            if last_look.is_some_and(|last_look| now.since(last_look) > DAY) {
                tracing::warn!(%now, "the clock jumped ahead by more than a day; nothing is removed until that is confirmed");
                jumped_at = Some(now);
                hot::put(&mut meta, JUMPED_AT, &now.as_millis().to_le_bytes())?;
            } else if jumped_at.is_some_and(|jumped_at| now < jumped_at || now.since(jumped_at) > DAY) {
                jumped_at = None;
                meta.remove(JUMPED_AT)?;
            }
            hot::put(&mut meta, LAST_LOOK, &now.as_millis().to_le_bytes())?;
            Ok(jumped_at)
        })
    }

    /// To when the clock jumped, where nobody has confirmed it.
    pub fn jumped_to(&self) -> Result<Option<Timestamp>, RedbError> {
        self.hot.file.read(|tx| hot::get(&tx.open_table(hot::META)?, JUMPED_AT, open_moment))
    }
}

fn open_moment(key: &[u8], sealed: &[u8]) -> Result<Timestamp, RedbError> {
    hot::words("moment", key, sealed).map(|[moment]| Timestamp::from_millis(moment.cast_signed()))
}
