//! Registering many collectors from one list, a bounded number in each transaction.
//!
//! It guarantees: a row is registered whole, as by a registration of its own, or not at all; a row that is there
//! already stays as it is, so the same list may come again; a dry run decides as the real one and writes nothing.
//! It does not know where the rows come from.

use std::collections::HashMap;

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{RegisterError, Registered, Registrar};
use crate::audit::{Action, Change, Origin, Target};
use crate::events::EventKind;
use crate::ids::CollectorId;
use crate::registry::{CollectorsError, NewCollector};

/// A row of the list.
#[derive(Debug)]
pub struct Candidate {
    /// Its number, as whoever wrote the list counts.
    pub row: usize,
    /// As it was written; it names the row in the answer, also of a row that is refused.
    pub name: String,
    pub new: Result<NewCollector, Fault>,
    /// What is wrong with its connection, where that was tried. A row that exists already is not refused for it.
    pub unreachable: Option<Fault>,
}

/// Why a row is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The column, where one is at fault.
    pub field: Option<String>,
    /// Stable, for programs.
    pub code: String,
    /// For people. It repeats no value but names.
    pub message: String,
}

impl Fault {
    pub fn at(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), code: code.to_owned(), message: message.into() }
    }

    pub fn of_row(code: &str, message: impl Into<String>) -> Self {
        Self { field: None, code: code.to_owned(), message: message.into() }
    }
}

/// What became of a row.
#[derive(Debug)]
pub struct Outcome {
    pub row: usize,
    pub name: String,
    pub imported: Imported,
}

#[derive(Debug)]
pub enum Imported {
    Registered(Box<Registered>),
    /// A real run would register it.
    WouldBe,
    /// It was there before, or an earlier row of the list says the same. Where a real run would have made it, it
    /// has no id in a dry one.
    Exists {
        id: Option<CollectorId>,
        message: String,
    },
    Refused(Fault),
}

/// One list on its way in, chunk by chunk.
#[derive(Debug)]
pub struct Import {
    pub total: usize,
    pub dry_run: bool,
    /// What the rows so far have taken, by name in lower case.
    taken: HashMap<String, Taken>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub successful: usize,
    pub existing: usize,
    pub failed: usize,
}

#[derive(Debug)]
struct Taken {
    row: usize,
    destination: Destination,
    id: Option<CollectorId>,
}

/// What tells two collectors of one name apart.
#[derive(Debug, PartialEq, Eq)]
struct Destination {
    /// In lower case.
    host: String,
    port: u16,
    database: String,
}

enum Decision {
    Register(Box<NewCollector>),
    Not(Imported),
}

impl Import {
    pub fn new(total: usize, dry_run: bool) -> Self {
        Self { total, dry_run, taken: HashMap::new(), counts: Counts::default() }
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Counts rows that were imported before this run, which did not come to its end.
    pub fn go_on_after(&mut self, counts: Counts) {
        self.counts.successful += counts.successful;
        self.counts.existing += counts.existing;
        self.counts.failed += counts.failed;
    }

    /// Refuses rows that were not looked at, for a reason that is not theirs.
    pub fn give_up(&mut self, rows: Vec<(usize, String)>, fault: &Fault) -> Vec<Outcome> {
        self.counts.failed += rows.len();
        let refused = |(row, name)| Outcome { row, name, imported: Imported::Refused(fault.clone()) };
        rows.into_iter().map(refused).collect()
    }

    fn count(&mut self, imported: &Imported) {
        match imported {
            Imported::Registered(_) | Imported::WouldBe => self.counts.successful += 1,
            Imported::Exists { .. } => self.counts.existing += 1,
            Imported::Refused(_) => self.counts.failed += 1,
        }
    }

    fn done(&self) -> usize {
        self.counts.successful + self.counts.existing + self.counts.failed
    }

    fn progress(&self) -> Value {
        let Counts { successful, existing, failed } = self.counts;
        json!({ "total": self.total, "successful": successful, "existing": existing, "failed": failed })
    }
}

impl Registrar {
    /// Imports the next rows of a list in one transaction, with the last of them the entry that the list is
    /// through. When it fails, none of them is imported, and the list must not go on.
    pub fn import(
        &self,
        origin: &Origin,
        import: &mut Import,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Outcome>, RegisterError> {
        let outcomes = if import.dry_run {
            self.db.read(|tx| self.import_rows(tx, origin, import, candidates))?
        } else {
            self.db.write(|tx| {
                let outcomes = self.import_rows(tx, origin, import, candidates)?;
                if import.done() == import.total {
                    self.audit.append(tx, origin, import_ended(origin, import))?;
                }
                Ok::<_, RegisterError>(outcomes)
            })?
        };
        for outcome in &outcomes {
            if let Imported::Registered(registered) = &outcome.imported {
                self.tell_registered(&registered.collector);
            }
        }
        self.tell_progress(origin, import);
        Ok(outcomes)
    }

    fn import_rows(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        import: &mut Import,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Outcome>, RegisterError> {
        let mut outcomes = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let (row, name) = (candidate.row, candidate.name.clone());
            let imported = match self.decide(tx, import, candidate)? {
                Decision::Not(imported) => imported,
                Decision::Register(new) => self.take(tx, origin, import, row, *new)?,
            };
            import.count(&imported);
            outcomes.push(Outcome { row, name, imported });
        }
        Ok(outcomes)
    }

    fn take(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        import: &mut Import,
        row: usize,
        new: NewCollector,
    ) -> Result<Imported, RegisterError> {
        let mut taken = Taken { row, destination: Destination::of_new(&new), id: None };
        let name = new.name.to_ascii_lowercase();
        let imported = if import.dry_run {
            Imported::WouldBe
        } else {
            let registered = self.register_in(tx, origin, new, None)?;
            taken.id = Some(registered.collector.id);
            Imported::Registered(Box::new(registered))
        };
        import.taken.insert(name, taken);
        Ok(imported)
    }

    fn decide(
        &self,
        tx: &Transaction<'_>,
        import: &Import,
        candidate: Candidate,
    ) -> Result<Decision, RegisterError> {
        let refused = |fault| Ok(Decision::Not(Imported::Refused(fault)));
        let new = match candidate.new {
            Ok(new) => new,
            Err(fault) => return refused(fault),
        };
        if let Some(there) = self.already_there(tx, import, &new)? {
            return Ok(Decision::Not(there));
        }
        match self.collectors.group_of(tx, &new) {
            Err(error @ CollectorsError::NoSuchGroup(_)) => {
                return refused(Fault::at("group", "unknown", error.to_string()));
            }
            found => found?,
        };
        match candidate.unreachable {
            Some(fault) => refused(fault),
            None => Ok(Decision::Register(Box::new(new))),
        }
    }

    /// What a row is answered whose name is taken.
    fn already_there(
        &self,
        tx: &Transaction<'_>,
        import: &Import,
        new: &NewCollector,
    ) -> Result<Option<Imported>, RegisterError> {
        let wanted = Destination::of_new(new);
        let (id, same, whose) = if let Some(taken) = import.taken.get(&new.name.to_ascii_lowercase()) {
            (taken.id, taken.destination == wanted, format!("row {}", taken.row))
        } else if let Some(known) = self.collectors.named(tx, &new.name)? {
            let destination = Destination::new(&known.host, known.port, &known.database);
            (Some(known.id), destination == wanted, format!("collector {}", known.id))
        } else {
            return Ok(None);
        };
        if same {
            let message = format!("{whose} has this name, host, port and database already");
            return Ok(Some(Imported::Exists { id, message }));
        }
        let message = format!("{whose} has this name already, with another host, port or database");
        Ok(Some(Imported::Refused(Fault::at("name", "name_taken", message))))
    }

    fn tell_progress(&self, origin: &Origin, import: &Import) {
        let mut data = import.progress();
        data["done"] = json!(import.done());
        data["dry_run"] = json!(import.dry_run);
        data["started_by"] = json!(origin.actor.name);
        data["request_id"] = json!(origin.request_id);
        self.events.publish(EventKind::ImportProgress, None, data);
    }
}

fn import_ended(origin: &Origin, import: &Import) -> Change {
    let rows = format!("{} rows", import.total);
    let target = Target::new("import", &origin.request_id, &rows);
    Change::new(Action::CollectorImport, target).from_to(&json!({}), &import.progress())
}

impl Destination {
    fn new(host: &str, port: u16, database: &str) -> Self {
        Self { host: host.to_ascii_lowercase(), port, database: database.to_owned() }
    }

    fn of_new(new: &NewCollector) -> Self {
        Self::new(&new.host, new.port, &new.database)
    }
}
