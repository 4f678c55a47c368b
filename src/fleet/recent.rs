//! The last hour of each collector: what its agent said of its host, from moment to moment.
//!
//! It guarantees that what is kept stays bounded, and that a collector that was away at a moment has nothing there.
//! It lives in memory, fed by the pulse of the fleet, and begins with the daemon.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::seen::Seen;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits::{RECENT_MOMENTS, RECENT_SECONDS};

/// Percent of the processors and of the memory of an agent's host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
}

/// The moments, oldest first, and of each collector what it said at each of them.
#[derive(Debug, Default)]
pub struct RecentHour {
    pub times: Vec<Timestamp>,
    pub collectors: HashMap<CollectorId, Vec<Usage>>,
}

#[derive(Default)]
pub(super) struct Recent {
    moments: VecDeque<(Timestamp, HashMap<CollectorId, Usage>)>,
}

impl Recent {
    /// Notes what was said, unless the last moment was just now. A clock that was set back begins anew.
    pub fn note(&mut self, now: Timestamp, there: &[(CollectorId, Seen)]) {
        if self.moments.back().is_some_and(|(last, _)| now < *last) {
            self.moments.clear();
        }
        let step = Duration::from_secs(RECENT_SECONDS);
        if self.moments.back().is_some_and(|(last, _)| now.since(*last) < step) {
            return;
        }
        let usage = |seen: &Seen| {
            let said = seen.said.as_ref();
            Usage {
                cpu: said.and_then(|said| said.cpu_usage),
                memory: said.and_then(|said| said.memory_usage),
            }
        };
        self.moments.push_back((now, there.iter().map(|(id, seen)| (*id, usage(seen))).collect()));
        while self.moments.len() > RECENT_MOMENTS {
            self.moments.pop_front();
        }
    }

    pub fn hour(&self) -> RecentHour {
        let mut hour = RecentHour::default();
        for (place, (at, said)) in self.moments.iter().enumerate() {
            hour.times.push(*at);
            for (id, usage) in said {
                let line =
                    hour.collectors.entry(*id).or_insert_with(|| vec![Usage::default(); self.moments.len()]);
                line[place] = *usage;
            }
        }
        hour
    }
}
