//! An agent that is cut off for a day: what it collected meanwhile arrives, once, or is declared as lost. The balance is
//! zero: collected = stored + declared, while the agent and the daemon are killed on the way.
//!
//! The day is simulated: its batches are put into the agent's spool as its supervisor puts them there. The agent's
//! program then sends them to the daemon.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use pganalytics::clock::{Clock, Timestamp};
use pganalytics::collector::spool::{Batch, Header, Spool};
use pganalytics::ids::{CollectorId, IdSource};
use serde_json::{Value, json};

use crate::support::agent::{Configured, Running, write};
use crate::support::appliance::Appliance;
use crate::support::wait_for;

/// Collections of the day, five minutes apart.
const COLLECTIONS: u64 = 24 * 12;
const INTERVAL_S: u64 = 300;
/// Documents of one collection.
const DOCUMENTS: u64 = 5;
/// After so many of them the agent is restarted.
const RESTART_AFTER: u64 = 19;

struct CutOff {
    appliance: Appliance,
    ada: String,
    id: String,
    configured: Configured,
    began: Timestamp,
}

impl CutOff {
    /// The daemon is down for a day, and a spool of so many MiB has room for a part of it or for all.
    fn a_day(spool_mib: u64) -> Self {
        let (mut appliance, ada) = Appliance::with_admin();
        let (id, token) = appliance.collector(&ada, "orders");
        let address = appliance.client.address().to_owned();
        appliance.set_environment(&[("PGANALYTICS_LISTEN", &address)]);
        assert_eq!(appliance.stop(), Some(0));
        let configured = Configured::with("");
        let folder = configured.folder.path().display();
        write(&configured.folder.path().join("token"), &token);
        let url = appliance.client.url();
        let text = format!(
            "[collector]\nid = \"{id}\"\ntoken_file = \"{folder}/token\"\ninterval = 10\nheartbeat_interval = 1\n\
             [backend]\nurl = \"{url}\"\n[spool]\ndirectory = \"{folder}/spool\"\nmax_bytes = \"{spool_mib}MiB\"\n"
        );
        write(&configured.file, &text);
        let began = Clock::System.now().minus(Duration::from_secs(INTERVAL_S * (COLLECTIONS + 1)));
        let cut_off = Self { appliance, ada, id, configured, began };
        cut_off.collect(spool_mib * 1024 * 1024);
        cut_off
    }

    /// When a collection was made.
    fn at(&self, number: u64) -> Timestamp {
        self.began.plus(Duration::from_secs(INTERVAL_S * number))
    }

    fn collect(&self, spool_bytes: u64) {
        let folder = self.configured.folder.path().join("spool");
        let mut spool = Spool::open(&folder, spool_bytes).unwrap();
        for number in 0..COLLECTIONS {
            if number % RESTART_AFTER == 0 {
                drop(spool);
                spool = Spool::open(&folder, spool_bytes).unwrap();
            }
            spool.add(&self.batch(number)).unwrap();
        }
    }

    fn batch(&self, number: u64) -> Batch {
        let at = self.at(number);
        let document = |one| json!({"type": "load", "timestamp": at, "n": number * DOCUMENTS + one});
        let documents: Vec<Value> = (0..DOCUMENTS).map(document).collect();
        let push = json!({"collector_id": self.id, "metrics": documents}).to_string();
        let collector_id: CollectorId = self.id.parse().unwrap();
        let header = Header {
            id: IdSource::Random.next(at),
            collector_id,
            collected_at: at,
            documents: DOCUMENTS,
            encoding: "zstd".to_owned(),
            log_position: None,
        };
        Batch { header, body: zstd::encode_all(push.as_bytes(), 3).unwrap() }
    }

    /// The daemon is back, and the agent empties its spool, through a kill of each of them.
    fn return_to_life(&mut self) {
        let all = self.spooled();
        self.appliance.restart();
        for left in [all * 2 / 3, all / 3] {
            let agent = Running::start(&self.configured);
            self.drain(left);
            if left < all / 2 {
                self.appliance.kill();
                self.appliance.restart();
            }
            agent.kill();
        }
        let agent = Running::start(&self.configured);
        self.drain(0);
        // the last that was lost is told by the next heartbeat
        wait_for("the balance", || {
            let declared = self.gaps()["documents"].as_u64()?;
            (self.stored().len() as u64 + declared == COLLECTIONS * DOCUMENTS).then_some(())
        });
        assert_eq!(agent.stop(), Some(0));
    }

    fn spooled(&self) -> usize {
        let entries = std::fs::read_dir(self.configured.folder.path().join("spool")).unwrap();
        let is_batch = |path: &Path| path.extension().is_some_and(|kind| kind == "batch");
        entries.filter(|entry| is_batch(&entry.as_ref().unwrap().path())).count()
    }

    /// Waits until so many batches are left, for as long as they become fewer.
    fn drain(&self, left: usize) {
        let mut before = self.spooled();
        while before > left {
            before = wait_for("the backlog to shrink", || {
                Some(self.spooled()).filter(|spooled| *spooled < before || *spooled <= left)
            });
        }
    }

    /// How often each number is stored.
    fn stored(&self) -> BTreeMap<u64, usize> {
        let mut stored = BTreeMap::new();
        for document in self.appliance.documents(&self.ada, &self.id, "load") {
            *stored.entry(document["document"]["n"].as_u64().unwrap()).or_default() += 1;
        }
        stored
    }

    fn gaps(&self) -> Value {
        self.appliance.client.get(&format!("/api/v1/collectors/{}/gaps", self.id), Some(&self.ada)).body
    }
}

#[test]
fn a_day_without_a_daemon_arrives_whole_and_once() {
    let mut cut_off = CutOff::a_day(64);
    cut_off.return_to_life();
    let stored = cut_off.stored();
    assert_eq!(stored.len() as u64, COLLECTIONS * DOCUMENTS);
    assert!(stored.values().all(|times| *times == 1), "something is doubled: {stored:?}");
    assert_eq!(cut_off.gaps()["documents"], 0);
}

#[test]
fn what_a_small_spool_could_not_hold_is_declared_and_the_balance_is_zero() {
    let mut cut_off = CutOff::a_day(1);
    cut_off.return_to_life();
    let stored = cut_off.stored();
    let declared = cut_off.gaps();
    let lost = declared["documents"].as_u64().unwrap();
    assert!(stored.values().all(|times| *times == 1), "something is doubled: {stored:?}");
    assert_eq!(stored.len() as u64 + lost, COLLECTIONS * DOCUMENTS, "{declared}");
    assert!(lost > 0 && !stored.is_empty());
    let gap = &declared["gaps"][0];
    assert_eq!((&declared["total"], &gap["reason"]), (&json!(1), &json!("spool_full")), "{declared}");
    assert_eq!(gap["first_at"], json!(cut_off.at(0)));
    assert_eq!(gap["last_at"], json!(cut_off.at(lost / DOCUMENTS - 1)), "the oldest went");
    assert_eq!(stored.first_key_value().map(|(n, _)| *n), Some(lost), "the newest are there");
}
