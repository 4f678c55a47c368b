//! Reading the log of one collector: filtered, counted by level, page by page.

use super::entry::Entry;
use super::{Logs, LogsError, rows};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::wire::LogLevel;

/// Which entries are asked for. Everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these; all, where there are none.
    pub levels: Vec<LogLevel>,
    /// What the message holds, in whatever case.
    pub search: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Only entries that came after this one.
    pub after: Option<i64>,
}

/// How many entries there are of each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; LogLevel::ALL.len()]);

impl Counts {
    pub fn of(&self, level: LogLevel) -> u64 {
        self.0[level as usize]
    }
}

/// Entries, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// Entries that match, on all pages.
    pub total: u64,
    /// What would match if every level was asked for.
    pub levels: Counts,
    /// The newest arrival, whatever the filter: whoever follows asks for what comes after it.
    pub last_id: Option<i64>,
}

/// Where a reading goes on: behind an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub time: Timestamp,
    pub id: i64,
}

impl Filter {
    fn has_level(&self, entry: &Entry) -> bool {
        self.levels.is_empty() || self.levels.contains(&entry.level)
    }
}

/// What a message has to hold, in lower case.
struct Needle(Option<String>);

impl Needle {
    fn of(filter: &Filter) -> Self {
        let search = filter.search.as_ref().filter(|search| !search.is_empty());
        Self(search.map(|search| search.to_lowercase()))
    }

    fn is_in(&self, entry: &Entry) -> bool {
        self.0.as_ref().is_none_or(|needle| entry.message.to_lowercase().contains(needle))
    }
}

impl Logs {
    /// One page, and the counts over all of them. A collector's log is small enough to be read through.
    pub fn page(
        &self,
        collector: CollectorId,
        filter: &Filter,
        limit: usize,
        offset: usize,
    ) -> Result<Page, LogsError> {
        let needle = Needle::of(filter);
        self.db.read(|tx| {
            let mut page = Page::default();
            let Some(number) = rows::number(tx, collector)? else { return Ok(page) };
            page.last_id = rows::last_id(tx, number)?;
            let mut to_skip = offset;
            rows::scan(tx, number, filter, None, |entry| {
                if !needle.is_in(&entry) {
                    return true;
                }
                page.levels.0[entry.level as usize] += 1;
                if filter.has_level(&entry) {
                    page.total += 1;
                    if to_skip > 0 {
                        to_skip -= 1;
                    } else if page.entries.len() < limit {
                        page.entries.push(entry);
                    }
                }
                true
            })?;
            Ok(page)
        })
    }

    /// The next entries behind a place, newest first: an export goes on where it was.
    pub fn next(
        &self,
        collector: CollectorId,
        filter: &Filter,
        behind: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Entry>, LogsError> {
        let needle = Needle::of(filter);
        self.db.read(|tx| {
            let mut entries = Vec::new();
            let Some(number) = rows::number(tx, collector)? else { return Ok(entries) };
            rows::scan(tx, number, filter, behind, |entry| {
                if needle.is_in(&entry) && filter.has_level(&entry) {
                    entries.push(entry);
                }
                entries.len() < limit
            })?;
            Ok(entries)
        })
    }
}
