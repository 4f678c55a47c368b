//! What several tests need: real servers that clean up after themselves, and waiting with a deadline.

pub(crate) mod agent;
pub(crate) mod appliance;
pub(crate) mod client;
pub(crate) mod daemon;
pub(crate) mod mirrored;
pub(crate) mod peer;
pub(crate) mod postgres;
pub(crate) mod prometheus;
pub(crate) mod random;
pub(crate) mod raw;
pub(crate) mod recorded;
pub(crate) mod shim;
pub(crate) mod simulated;
pub(crate) mod small_disk;
pub(crate) mod tls;

use std::time::{Duration, Instant};

/// This program, also when another build has taken its place on the disk.
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";

/// Waits until `condition` gives something, and fails the test when it does not within 20 seconds.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited 20 s in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
