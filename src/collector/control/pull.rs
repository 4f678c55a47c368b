//! Pulling the configuration: in its interval, and at once when the daemon says that there is another one. A
//! new version is tried, kept and applied by a new worker; one that makes no sense changes nothing.

use tokio::time::sleep;

use super::Control;
use crate::collector::config::{Pulled, Settings};
use crate::collector::schedule::random_fraction;
use crate::collector::stop::Stop;
use crate::collector::uplink::{Backoff, Client};
use crate::limits::REQUEST_TIME;
use crate::logging;

/// Pulls until the order to stop.
pub(super) async fn run(control: &Control, settings: &Settings, client: &Client, ordered: &Stop) {
    let mut backoff = Backoff::default();
    loop {
        let Some(pulled) = ordered.or(control.pull(settings, client)).await else { return };
        let pause = match pulled {
            Ok(_) => {
                backoff.succeeded();
                settings.config_pull_interval
            }
            Err(reason) => {
                tracing::debug!(reason, "no configuration was pulled");
                backoff.pause(None, random_fraction())
            }
        };
        let pause_or_news = async {
            tokio::select! {
                () = sleep(pause) => {}
                () = control.another_version.notified() => {}
            }
        };
        if ordered.or(pause_or_news).await.is_none() {
            return;
        }
    }
}

impl Control {
    /// The daemon holds this version: pulls it, unless it is applied or was refused.
    pub(super) fn daemon_holds(&self, version: u64) {
        let is_refused = self.refused.borrow().as_ref().is_some_and(|(refused, _)| *refused == version);
        if self.applied_version.get() != Some(version) && !is_refused {
            self.another_version.notify_one();
        }
    }

    /// Pulls and applies what the daemon holds. One at a time: a command may ask for it meanwhile.
    pub(super) async fn pull(&self, settings: &Settings, client: &Client) -> Result<String, String> {
        let _alone = self.pulling.lock().await;
        let path = format!("config/{}", client.id);
        let reply = client.get(&path, REQUEST_TIME).await.map_err(|error| error.to_string())?;
        let version = reply.config_version.ok_or("the daemon's answer names no version")?;
        if self.applied_version.get() == Some(version) {
            return Ok(format!("version {version} is applied already"));
        }
        let toml = String::from_utf8(reply.body).map_err(|_| "the configuration is no text".to_owned())?;
        let applied = self.apply(settings, Pulled { version, toml }).await;
        if let Err(reason) = &applied {
            tracing::warn!(version, reason, "a configuration is refused");
            self.refused.replace(Some((version, reason.clone())));
            self.beat.notify_one();
        }
        applied
    }

    async fn apply(&self, settings: &Settings, pulled: Pulled) -> Result<String, String> {
        let tuned = settings.tuned(&pulled)?;
        pulled.keep(&settings.spool.directory).map_err(|error| format!("cannot be kept: {error}"))?;
        let is_other = *self.tuned.borrow() != tuned;
        if is_other {
            logging::change(&tuned.log_filter).map_err(|error| error.to_string())?;
            self.tuned.replace(tuned);
            let wish = *self.wish.borrow();
            if wish.run {
                self.wish_for(true, settings.stop_grace + crate::limits::WORKER_START).await?;
            }
        }
        let version = pulled.version;
        tracing::info!(version, is_other, "a configuration is applied");
        self.applied_version.set(Some(version));
        self.refused.replace(None);
        self.beat.notify_one();
        Ok(format!("version {version} is applied"))
    }
}
