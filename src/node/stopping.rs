//! The wish that the daemon ends, known to everything that waits.

use tokio::sync::watch;

#[derive(Debug)]
pub struct Stopping(watch::Sender<bool>);

impl Default for Stopping {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stopping {
    pub fn set(&self) {
        self.0.send_replace(true);
    }

    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    pub async fn wait(&self) {
        // the sender lives as long as this borrow, so waiting cannot fail
        let _ = self.0.subscribe().wait_for(|set| *set).await;
    }
}
