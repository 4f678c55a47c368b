//! Closing a node in the reverse order of opening, and how long each step took.

use std::time::Instant;

use super::Node;

impl Node {
    /// Ends the background work, saves what is only in memory, and says that everything was closed. What
    /// fails is logged, and the next start recovers as after a crash.
    pub fn close(&self) {
        let mut in_order = true;
        let mut step = |name: &str, done: Result<(), String>, started: Instant| match done {
            Ok(()) => tracing::debug!(step = name, duration_ms = started.elapsed().as_millis(), "closed"),
            Err(error) => {
                tracing::error!(step = name, error, "cannot close in order");
                in_order = false;
            }
        };
        let started = Instant::now();
        self.jobs.stop();
        step("jobs", Ok(()), started);
        let started = Instant::now();
        step("presence", self.presence.save().map(drop).map_err(|error| error.to_string()), started);
        let started = Instant::now();
        self.metrics.close();
        step("metrics", Ok(()), started);
        let started = Instant::now();
        let signed = self.audit.sign_head(&*self.access.signer());
        step("audit", signed.map(drop).map_err(|error| error.to_string()), started);
        if in_order && self.poison.check().is_ok() {
            let started = Instant::now();
            step("data directory", self.data_dir.close().map_err(|error| error.to_string()), started);
        }
    }
}
