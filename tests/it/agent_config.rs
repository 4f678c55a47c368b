//! A configuration from the administrator to the agent and back: what it applies, what it refuses and why, and that
//! what it refused is not brought to it again.

use serde_json::{Value, json};

use crate::support::agent::{Configured, Running, write};
use crate::support::appliance::Appliance;
use crate::support::wait_for;

struct Fleet {
    appliance: Appliance,
    ada: String,
    id: String,
    configured: Configured,
}

impl Fleet {
    fn start() -> Self {
        let (appliance, ada) = Appliance::with_admin();
        let (id, token) = appliance.collector(&ada, "orders");
        let configured = Configured::with("");
        let folder = configured.folder.path().display().to_string();
        write(&configured.folder.path().join("token"), &token);
        let url = appliance.client.url();
        write(
            &configured.file,
            &format!(
                "[collector]\nid = \"{id}\"\ntoken_file = \"{folder}/token\"\nheartbeat_interval = 1\n\
                 [backend]\nurl = \"{url}\"\n[spool]\ndirectory = \"{folder}/spool\"\n"
            ),
        );
        Self { appliance, ada, id, configured }
    }

    fn configure(&self, body: &Value) {
        let path = format!("/api/v1/collectors/{}/update-config", self.id);
        let changed = self.appliance.client.post(&path, Some(&self.ada), body);
        assert_eq!(changed.status, 200, "{}", changed.text);
    }

    fn read(&self, what: &str) -> Value {
        self.appliance.client.get(&format!("/api/v1/collectors/{}{what}", self.id), Some(&self.ada)).body
    }

    /// Waits until the agent says that it applies a version.
    #[track_caller]
    fn applied(&self, version: u64) {
        wait_for("the version to be applied", || {
            (self.read("")["applied_config_version"] == version).then_some(())
        });
    }

    fn version(&self, version: u64) -> Value {
        let versions = self.read("/config-versions")["versions"].as_array().unwrap().clone();
        versions.into_iter().find(|one| one["version"] == version).unwrap()
    }

    fn refusals(&self) -> usize {
        let log = std::fs::read_to_string(self.configured.folder.path().join("log")).unwrap();
        log.matches("a configuration is refused").count()
    }
}

#[test]
fn a_refused_version_is_told_with_its_reason_and_never_brought_again() {
    let fleet = Fleet::start();
    let agent = Running::start(&fleet.configured);
    fleet.applied(1);
    fleet.configure(&json!({"collection_interval": 20}));
    fleet.applied(2);
    fleet.configure(&json!({"enabled_types": ["nonsense"]}));
    let refused =
        wait_for("the refusal", || Some(fleet.version(3)).filter(|one| !one["refused_at"].is_null()));
    let reason = refused["refused_because"].as_str().unwrap();
    assert!(reason.contains("names nothing that this agent can collect"), "{reason}");
    assert_eq!((&refused["applied_at"], &fleet.read("")["config_error"]), (&Value::Null, &json!(reason)));
    assert!(fleet.refusals() >= 1);
    agent.kill();

    // an agent that starts anew does not know what it refused; the daemon does
    let agent = Running::start(&fleet.configured);
    let before = fleet.read("")["last_heartbeat"].clone();
    wait_for("heartbeats of the new agent", || (fleet.read("")["last_heartbeat"] != before).then_some(()));
    fleet.applied(2);
    wait_for("a look at the configuration", || {
        let lines = fleet.read("/logs?search=started");
        (lines["total"].as_u64()? > 1).then_some(())
    });
    assert_eq!(fleet.refusals(), 0, "it is not offered again");
    fleet.configure(&json!({"enabled_types": ["sysstat"], "collection_interval": 30}));
    fleet.applied(4);
    assert_eq!(fleet.read("")["config_error"], Value::Null);
    assert!(!fleet.version(4)["applied_at"].is_null() && !fleet.version(3)["refused_at"].is_null());
    assert_eq!(agent.stop(), Some(0));
}
