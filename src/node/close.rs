//! Closing a node in the reverse order of opening, and how long each step took.

use std::fmt::Display;
use std::time::Instant;

use super::Node;
use super::marks::Marks;

impl Node {
    /// Ends the background work, saves what is only in memory, and says that everything was closed. What
    /// fails is logged, and the next start recovers as after a crash.
    pub fn close(&self) {
        let started = Instant::now();
        if let Some(mirror) = &self.mirror {
            mirror.stop();
        }
        self.jobs.stop();
        let mut in_order = closed("jobs", started, &Ok::<_, String>(()));
        let started = Instant::now();
        in_order &= closed("presence", started, &self.presence.close());
        let started = Instant::now();
        let marks = Marks::new(&self.db, &self.audit, &self.metrics, &self.clock);
        in_order &= closed("marks", started, &marks.note());
        let started = Instant::now();
        in_order &= closed("metrics", started, &self.metrics.stop());
        let started = Instant::now();
        in_order &= closed("audit", started, &self.audit.sign_head(&*self.access.signing_keys()));
        if in_order && self.poison.check().is_ok() {
            let started = Instant::now();
            closed("data directory", started, &self.data_dir.close());
        }
    }
}

fn closed<T>(step: &str, started: Instant, done: &Result<T, impl Display>) -> bool {
    let duration_ms = started.elapsed().as_millis();
    match done {
        Ok(_) => tracing::debug!(step, duration_ms, "closed"),
        Err(error) => tracing::error!(step, duration_ms, %error, "cannot close in order"),
    }
    done.is_ok()
}
