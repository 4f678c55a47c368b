//! How often configurations are asked for. A collector of release 3 that is refused its own asks again without a
//! pause, and a fleet of them must not keep the daemon from its work.
//!
//! It guarantees: one collector, and one address whose tokens are refused, is let through so often and no more, and
//! memory is bounded; when too many addresses are refused, they share what one of them has.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::problem::Problem;
use crate::ids::CollectorId;
use crate::limits::{CONFIG_PULLERS, CONFIG_PULLS_A_MINUTE};

/// Who asks for a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Puller {
    Collector(CollectorId),
    /// Nobody whom we know, at this address.
    Stranger(String),
}

pub(super) struct Pulls(DefaultKeyedRateLimiter<Puller>);

impl Default for Pulls {
    fn default() -> Self {
        let a_minute = NonZeroU32::new(CONFIG_PULLS_A_MINUTE).unwrap_or(NonZeroU32::MIN);
        Self(RateLimiter::keyed(Quota::per_minute(a_minute)))
    }
}

impl Pulls {
    /// Counts one request.
    pub(super) fn admit(&self, puller: Puller) -> Result<(), Problem> {
        self.0.check_key(&self.counted(puller)).map_err(|refused| {
            let pause = refused.wait_time_from(DefaultClock::default().now());
            Problem::too_many("the configuration is asked for too often", pause)
        })
    }

    fn counted(&self, puller: Puller) -> Puller {
        if self.0.len() >= CONFIG_PULLERS {
            self.0.retain_recent();
        }
        match puller {
            Puller::Stranger(_) if self.0.len() >= CONFIG_PULLERS => Puller::Stranger(String::new()),
            known => known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_new_addresses_get_no_more_than_there_is_room_for() {
        let pulls = Pulls::default();
        let ask = |number: usize| pulls.admit(Puller::Stranger(format!("address {number}")));
        let refused = (0..100 * CONFIG_PULLERS).find(|number| ask(*number).is_err());
        assert!(refused.is_some_and(|number| number > CONFIG_PULLERS), "{refused:?}");
        assert!(pulls.0.len() <= CONFIG_PULLERS + 1, "{} are kept", pulls.0.len());
        let known = "col_01939b3c-5a00-7000-8000-00000000000f".parse().unwrap();
        assert!(pulls.admit(Puller::Collector(known)).is_ok());
    }
}
