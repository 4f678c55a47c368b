//! What a disk may hold after a power cut, made of what `recordio.c` has recorded.
//!
//! The disk keeps what was synced, and no more is sure: of what was written to a file since its last sync, each write
//! may be there or not, or in part by sectors; of the names in a folder, those up to some moment since its last sync.
//! A sync of a file does not keep its name. That is less than any file system of today keeps.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use super::appliance::write;
use super::random::Random;

const SECTOR_BYTES: usize = 512;

/// One recorded call.
pub(crate) enum Call {
    Create { file: u64, name: String },
    Write { file: u64, offset: usize, bytes: Vec<u8> },
    Length { file: u64, length: usize },
    Sync { file: u64 },
    Rename { from: String, to: String },
    Unlink { name: String },
    MakeFolder { name: String },
    SyncFolder { name: String },
}

/// Reads the log of a program that may have been killed in the middle of a record.
pub(crate) fn calls(log: &Path) -> Vec<Call> {
    let log = fs::read(log).unwrap();
    let (mut rest, mut calls) = (log.as_slice(), Vec::new());
    while let Some((call, behind)) = next_call(rest) {
        calls.push(call);
        rest = behind;
    }
    calls
}

fn next_call(mut rest: &[u8]) -> Option<(Call, &[u8])> {
    let mut word = || {
        let (word, behind) = rest.split_first_chunk::<8>()?;
        rest = behind;
        Some(u64::from_le_bytes(*word))
    };
    let (what, file, offset, length, first, second) = (word()?, word()?, word()?, word()?, word()?, word()?);
    let number = |word: u64| usize::try_from(word).unwrap();
    let (first, behind) = rest.split_at_checked(number(first))?;
    let (second, behind) = behind.split_at_checked(number(second))?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let call = match what {
        1 => Call::Create { file, name: text(first) },
        2 => Call::Write { file, offset: number(offset), bytes: first.to_vec() },
        3 => Call::Length { file, length: number(length) },
        4 => Call::Sync { file },
        5 => Call::Rename { from: text(first), to: text(second) },
        6 => Call::Unlink { name: text(first) },
        7 => Call::MakeFolder { name: text(first) },
        8 => Call::SyncFolder { name: text(first) },
        what => panic!("a record of kind {what}"),
    };
    Some((call, behind))
}

enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Default)]
struct FileState {
    durable: Vec<u8>,
    /// Since its last sync.
    since: Vec<Change>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Entry {
    File(usize),
    Folder,
}

/// A rename is one change: no cut falls between its halves.
#[derive(Clone, Default)]
struct NameChange {
    gone: Option<String>,
    new: Option<(String, Entry)>,
}

/// A disk to which recorded calls are done.
#[derive(Default)]
pub(crate) struct Disk {
    files: Vec<FileState>,
    /// Inodes are used again, files are not.
    by_inode: HashMap<u64, usize>,
    live: BTreeMap<String, Entry>,
    durable: BTreeMap<String, Entry>,
    /// What was renamed in a folder since its last sync.
    folders: BTreeMap<String, Vec<NameChange>>,
    lies_about: Option<&'static str>,
}

fn folder_of(name: &str) -> String {
    name.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned())
}

impl Disk {
    /// One with nothing but an empty folder.
    pub(crate) fn with_folder(name: &str) -> Self {
        let entries = BTreeMap::from([(name.to_owned(), Entry::Folder)]);
        Self { live: entries.clone(), durable: entries, ..Self::default() }
    }

    /// From now on, syncs of files and folders whose path contains this text say that they were done, and are not.
    pub(crate) fn lie_about(&mut self, text: &'static str) {
        self.lies_about = Some(text);
    }

    fn is_lie(&self, name: &str) -> bool {
        self.lies_about.is_some_and(|text| name.contains(text))
    }

    pub(crate) fn apply(&mut self, call: &Call) {
        match call {
            Call::Create { file, name } => {
                self.by_inode.insert(*file, self.files.len());
                self.rename(None, Some((name.clone(), Entry::File(self.files.len()))));
                self.files.push(FileState::default());
            }
            Call::Write { file, offset, bytes } => self.change(*file, Change::Write(*offset, bytes.clone())),
            Call::Length { file, length } => self.change(*file, Change::Length(*length)),
            Call::Sync { file } => {
                let index = self.by_inode[file];
                let is_it = |entry: &Entry| matches!(entry, Entry::File(file) if *file == index);
                let is_lie = self.live.iter().any(|(name, entry)| is_it(entry) && self.is_lie(name));
                let file = &mut self.files[index];
                if !is_lie {
                    let since = std::mem::take(&mut file.since);
                    for change in &since {
                        apply(&mut file.durable, change);
                    }
                }
            }
            Call::Rename { from, to } => {
                let entry = self.live[from];
                self.rename(Some(from.clone()), Some((to.clone(), entry)));
            }
            Call::Unlink { name } => self.rename(Some(name.clone()), None),
            Call::MakeFolder { name } => self.rename(None, Some((name.clone(), Entry::Folder))),
            Call::SyncFolder { name } => {
                if !self.is_lie(name) {
                    let since = self.folders.remove(name).unwrap_or_default();
                    for change in &since {
                        rename_in(&mut self.durable, change);
                    }
                }
            }
        }
    }

    fn change(&mut self, inode: u64, change: Change) {
        let file = self.by_inode[&inode];
        self.files[file].since.push(change);
    }

    fn rename(&mut self, gone: Option<String>, new: Option<(String, Entry)>) {
        let name = new.as_ref().map(|(name, _)| name).or(gone.as_ref());
        let folder = folder_of(name.map_or("", String::as_str));
        let change = NameChange { gone, new };
        rename_in(&mut self.live, &change);
        self.folders.entry(folder).or_default().push(change);
    }

    /// Puts into a folder what a disk may hold when the power goes now.
    pub(crate) fn write_image(&self, random: &mut Random, to: &Path) {
        let mut names = self.durable.clone();
        for folder in self.folders.values() {
            let kept = below(random, folder.len() + 1);
            for change in &folder[..kept] {
                rename_in(&mut names, change);
            }
        }
        for (name, entry) in &names {
            let path = to.join(name);
            // a name in a folder whose own name is not there
            if path.parent().is_some_and(|folder| !folder.is_dir()) {
                continue;
            }
            match entry {
                Entry::Folder => fs::create_dir(path).unwrap(),
                Entry::File(file) => write(&path, &self.files[*file].after_a_cut(random)),
            }
        }
    }
}

fn rename_in(names: &mut BTreeMap<String, Entry>, change: &NameChange) {
    if let Some(gone) = &change.gone {
        names.remove(gone);
    }
    if let Some((name, entry)) = &change.new {
        names.insert(name.clone(), *entry);
    }
}

fn below(random: &mut Random, most: usize) -> usize {
    usize::try_from(random.below(most as u64)).unwrap()
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => content.resize(*length, 0),
        Change::Write(offset, bytes) => {
            let end = offset + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(bytes);
        }
    }
}

impl FileState {
    /// All of what was not synced, nothing of it, or some.
    fn after_a_cut(&self, random: &mut Random) -> Vec<u8> {
        let mut content = self.durable.clone();
        let how = random.below(4);
        for change in &self.since {
            match how {
                0 => {}
                1 => apply(&mut content, change),
                _ => tear(&mut content, change, random),
            }
        }
        content
    }
}

/// Does a change, or not, or a write in part.
fn tear(content: &mut Vec<u8>, change: &Change, random: &mut Random) {
    match (random.below(3), change) {
        (0, _) => {}
        (1, _) | (_, Change::Length(_)) => apply(content, change),
        (_, Change::Write(offset, bytes)) => {
            let mut at = 0;
            while at < bytes.len() {
                // sectors lie on the disk as they lie in the file
                let end = ((offset + at) / SECTOR_BYTES + 1) * SECTOR_BYTES - offset;
                let end = end.min(bytes.len());
                if random.below(2) == 0 {
                    apply(content, &Change::Write(offset + at, bytes[at..end].to_vec()));
                }
                at = end;
            }
        }
    }
}
