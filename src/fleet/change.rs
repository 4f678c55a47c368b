//! Changing registered collectors: their connection, their agent's configuration, their token.

use std::time::Duration;

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::commands::NewCommand;
use super::{RegisterError, Registrar};
use crate::access::Issued;
use crate::audit::{Action, Change, Origin};
use crate::ids::CollectorId;
use crate::limits::COMMAND_LIFE;
use crate::registry::{Changed, Collector, CollectorChange, ConfigChange};
use crate::wire::CommandKind;

impl Registrar {
    /// Changes a collector. With `expected`, only if it still has that revision.
    pub fn update(
        &self,
        origin: &Origin,
        id: CollectorId,
        change: CollectorChange,
        expected: Option<&str>,
    ) -> Result<Collector, RegisterError> {
        let has_secret = change.password.is_some();
        self.db.write(|tx| {
            let Changed { before, after } = self.collectors.update(tx, id, change, expected)?;
            let mut old = before.audited();
            if has_secret && let Some(old) = old.as_object_mut() {
                // so that it stands among what is different
                old.insert("password".to_owned(), Value::Null);
            }
            let entry = Change::new(Action::CollectorUpdate, after.target()).from_to(&old, &after.audited());
            self.audit.append(tx, origin, entry)?;
            Ok(after)
        })
    }

    /// Gives an agent another configuration. A version that it has not taken yet is not told any more. What asks for
    /// what there is already changes nothing, and stands nowhere.
    pub fn configure(
        &self,
        origin: &Origin,
        id: CollectorId,
        change: ConfigChange,
    ) -> Result<Collector, RegisterError> {
        let collector = self.db.write(|tx| self.configure_in(tx, origin, id, change, None))?;
        self.configured(id);
        Ok(collector)
    }

    /// The same in the caller's transaction, after whose commit it calls [`Registrar::configured`].
    pub(super) fn configure_in(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        id: CollectorId,
        change: ConfigChange,
        reason: Option<&str>,
    ) -> Result<Collector, RegisterError> {
        let Changed { before, after } = self.collectors.configure(tx, id, change, &origin.actor.name)?;
        if after.config_version == before.config_version {
            return Ok(after);
        }
        self.commands.replace(
            tx,
            &NewCommand {
                collector: id,
                action: None,
                kind: CommandKind::UpdateConfig,
                params: json!({ "config_version": after.config_version }),
                expires_at: after.last_modified_at.plus(COMMAND_LIFE),
            },
        )?;
        let entry = Change::new(Action::CollectorUpdateConfig, after.target())
            .because(reason.map(str::to_owned))
            .from_to(&versioned(&before), &versioned(&after));
        self.audit.append(tx, origin, entry)?;
        Ok(after)
    }

    /// Tells the agent, after the commit.
    pub(super) fn configured(&self, id: CollectorId) {
        self.commands.channels.wake(id);
    }

    /// Gives a collector another token. The old ones work for `grace` longer, in which the agent is told the
    /// new one; without it, a person has to bring it there.
    pub fn rotate_token(
        &self,
        origin: &Origin,
        id: CollectorId,
        grace: Duration,
    ) -> Result<Issued, RegisterError> {
        let issued = self.db.write(|tx| {
            let collector = self.collectors.get_in(tx, id)?;
            let until = self.clock.now().plus(grace);
            self.access.revoke_of_collector(tx, id, until)?;
            let issued = self.access.issue_enrolment(tx, id)?;
            if !grace.is_zero() {
                let params = json!({ "token": issued.token.expose() });
                let kind = CommandKind::RotateToken;
                let command = NewCommand { collector: id, action: None, kind, params, expires_at: until };
                self.commands.replace(tx, &command)?;
            }
            let after = json!({ "token": "changed", "grace_seconds": grace.as_secs() });
            let entry =
                Change::new(Action::CollectorRotateToken, collector.target()).from_to(&json!({}), &after);
            self.audit.append(tx, origin, entry)?;
            Ok::<_, RegisterError>(issued)
        })?;
        self.commands.channels.wake(id);
        Ok(issued)
    }
}

fn versioned(collector: &Collector) -> Value {
    let mut config = collector.config();
    config["config_version"] = json!(collector.config_version);
    config
}
