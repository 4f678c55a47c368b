//! The files of one log, and the place in them up to which they were read.
//!
//! A file is known by device and inode, and by its first bytes: an inode is used again, and some tools copy a log and
//! truncate it instead of renaming it. Files follow each other by the time of their last change.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::format::Format;
use crate::limits::{LOG_CHUNK_BYTES, LOG_FIRST_BYTES, LOG_RECORD_BYTES};

/// How much of a file's beginning is compared.
const HEAD_BYTES: u64 = 256;
const COMPRESSED: [&str; 5] = ["gz", "bz2", "xz", "zst", "lz4"];

/// Where reading goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    file: String,
    device: u64,
    inode: u64,
    offset: u64,
    /// Checksum of the beginning, as far as it was there when the place was noted.
    head: u32,
    head_bytes: u64,
    /// The last change of the file, in nanoseconds, as it was then.
    changed_ns: i64,
    /// Device and inode of the file that was finished before this one.
    before: Option<(u64, u64)>,
}

#[derive(Clone, Debug)]
struct LogFile {
    path: PathBuf,
    name: String,
    device: u64,
    inode: u64,
    bytes: u64,
    changed_ns: i64,
}

/// The next entries after `place`, and where they end; `None` when there is nothing new.
pub(super) fn next(directory: &Path, place: Option<&Place>) -> io::Result<Option<(Vec<Entry>, Place)>> {
    let files = list(directory, place)?;
    let Some((mut at, mut offset)) = start(&files, place)? else { return Ok(None) };
    let mut before = place.and_then(|place| place.before);
    while let Some(file) = files.get(at) {
        let is_finished = at + 1 < files.len();
        if let Some((entries, end)) = read(file, offset, is_finished)? {
            return Ok(Some((entries, Place { before, ..end })));
        }
        before = Some((file.device, file.inode));
        (at, offset) = (at + 1, 0);
    }
    Ok(None)
}

/// The files of the format that is being read, the oldest first. Without a place, it is that of the newest file, and
/// of several that are as new, the one that says most.
fn list(directory: &Path, place: Option<&Place>) -> io::Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let (path, metadata) = (entry.path(), entry.metadata()?);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if metadata.is_file() && !COMPRESSED.contains(&extension) {
            files.push(LogFile {
                name: entry.file_name().to_string_lossy().into_owned(),
                path,
                device: metadata.dev(),
                inode: metadata.ino(),
                bytes: metadata.len(),
                changed_ns: metadata
                    .mtime()
                    .saturating_mul(1_000_000_000)
                    .saturating_add(metadata.mtime_nsec()),
            });
        }
    }
    // two writes may bear the same time: the clock of files ticks a few hundred times a second
    let rank = |file: &LogFile| match place {
        Some(place) if place.before == Some((file.device, file.inode)) => 0,
        Some(place) if (place.device, place.inode) == (file.device, file.inode) => 1,
        _ => 2,
    };
    files.sort_by(|a, b| (a.changed_ns, rank(a), &a.name).cmp(&(b.changed_ns, rank(b), &b.name)));
    let newest = files.last().map_or(0, |file| file.changed_ns);
    let is_alive = |file: &&LogFile| newest - file.changed_ns < 60_000_000_000;
    let format = match place {
        Some(place) => Some(Format::of(&place.file)),
        None => files.iter().filter(is_alive).map(|file| Format::of(&file.name)).max(),
    };
    files.retain(|file| Some(Format::of(&file.name)) == format);
    Ok(files)
}

/// The file and the offset in it to go on from.
fn start(files: &[LogFile], place: Option<&Place>) -> io::Result<Option<(usize, u64)>> {
    let Some(place) = place else {
        let Some(newest) = files.last() else { return Ok(None) };
        return Ok(Some((files.len() - 1, first_offset(newest)?)));
    };
    let is_same = |file: &LogFile| file.device == place.device && file.inode == place.inode;
    let ours = files.iter().position(is_same);
    if let Some(at) = ours
        && continues(&files[at], place)?
    {
        return Ok(Some((at, place.offset)));
    }
    // copied to another name before it was truncated
    for (at, file) in files.iter().enumerate() {
        if place.head_bytes > 0 && !is_same(file) && continues(file, place)? {
            return Ok(Some((at, place.offset)));
        }
    }
    // truncated, or gone with what was not read of it: all that came later is new
    let later = files.iter().position(|file| file.changed_ns > place.changed_ns);
    Ok(ours.or(later).map(|at| (at, 0)))
}

/// Whether the file begins as the one that the place is in, and reaches as far.
fn continues(file: &LogFile, place: &Place) -> io::Result<bool> {
    Ok(file.bytes >= place.offset && head(&file.path, place.head_bytes)? == place.head)
}

fn head(path: &Path, bytes: u64) -> io::Result<u32> {
    let mut beginning = Vec::new();
    File::open(path)?.take(bytes).read_to_end(&mut beginning)?;
    Ok(crc32fast::hash(&beginning))
}

/// Of a log that was never read, the beginning of an entry shortly before its end.
fn first_offset(file: &LogFile) -> io::Result<u64> {
    let from = file.bytes.saturating_sub(LOG_FIRST_BYTES);
    if from == 0 {
        return Ok(0);
    }
    let text = bytes_of(file, from, LOG_FIRST_BYTES)?;
    let is_csv = Format::of(&file.name) == Format::Csv;
    // a line within a message of CSV hardly ever begins with a year
    let begins = |rest: &[u8]| !is_csv || rest.starts_with(b"20");
    let start = (1..text.len()).find(|at| text[at - 1] == b'\n' && begins(&text[*at..]));
    Ok(from + start.unwrap_or(text.len()) as u64)
}

fn bytes_of(file: &LogFile, offset: u64, limit: u64) -> io::Result<Vec<u8>> {
    let mut open = File::open(&file.path)?;
    let metadata = open.metadata()?;
    if (metadata.dev(), metadata.ino()) != (file.device, file.inode) {
        return Err(io::Error::other(format!("{} has been replaced meanwhile", file.name)));
    }
    open.seek(SeekFrom::Start(offset))?;
    let mut text = Vec::new();
    open.take(limit).read_to_end(&mut text)?;
    Ok(text)
}

/// The whole entries after the offset. Of a file that will not grow any more, the unfinished rest is one too.
fn read(file: &LogFile, offset: u64, is_finished: bool) -> io::Result<Option<(Vec<Entry>, Place)>> {
    if file.bytes <= offset {
        return Ok(None);
    }
    let format = Format::of(&file.name);
    for limit in [LOG_CHUNK_BYTES, LOG_RECORD_BYTES] {
        let text = bytes_of(file, offset, limit)?;
        let is_cut = text.len() as u64 == limit;
        let mut whole = format.whole(&text, is_cut);
        if whole == 0 && (limit == LOG_RECORD_BYTES && is_cut || is_finished && !is_cut) {
            whole = text.len();
        }
        if whole > 0 {
            let entries = format.entries(&String::from_utf8_lossy(&text[..whole]));
            return Ok(Some((entries, place(file, offset + whole as u64)?)));
        }
        if !is_cut {
            break;
        }
    }
    Ok(None)
}

fn place(file: &LogFile, offset: u64) -> io::Result<Place> {
    let head_bytes = offset.min(HEAD_BYTES);
    Ok(Place {
        file: file.name.clone(),
        device: file.device,
        inode: file.inode,
        offset,
        head: head(&file.path, head_bytes)?,
        head_bytes,
        changed_ns: file.changed_ns,
        before: None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn append(path: &Path, text: &str) {
        let mut file = File::options().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Everything that is new, as messages.
    fn all(directory: &Path, place: &mut Option<Place>) -> Vec<String> {
        let mut messages = Vec::new();
        while let Some((entries, next_place)) = next(directory, place.as_ref()).unwrap() {
            messages.extend(entries.into_iter().map(|entry| entry.message));
            *place = Some(next_place);
        }
        messages
    }

    fn line(number: u32) -> String {
        format!("2026-11-20 15:00:31.719 UTC [{number}] LOG:  message {number}\n")
    }

    #[test]
    fn a_log_is_followed_across_every_kind_of_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let (log, old) = (folder.path().join("pg.log"), folder.path().join("pg.log.1"));
        let mut place = None;
        append(&log, &line(1));
        assert_eq!(all(folder.path(), &mut place), ["message 1"]);
        assert!(all(folder.path(), &mut place).is_empty(), "nothing is read twice");
        append(&log, &line(2)[..20]);
        assert!(all(folder.path(), &mut place).is_empty(), "half an entry waits");
        append(&log, &line(2)[20..]);
        assert_eq!(all(folder.path(), &mut place), ["message 2"]);

        // renamed, with more written to it before
        append(&log, &line(3));
        #[expect(clippy::disallowed_methods, reason = "a test's file needs to survive nothing")]
        std::fs::rename(&log, &old).unwrap();
        append(&log, &line(4));
        assert_eq!(all(folder.path(), &mut place), ["message 3", "message 4"]);

        // copied and truncated
        append(&log, &line(5));
        std::fs::copy(&log, folder.path().join("pg.log.2")).unwrap();
        File::create(&log).unwrap();
        append(&log, &line(6));
        assert_eq!(all(folder.path(), &mut place), ["message 5", "message 6"]);

        // a new name, and the one before is deleted
        std::fs::remove_file(&log).unwrap();
        append(&folder.path().join("pg-next.log"), &line(7));
        assert_eq!(all(folder.path(), &mut place), ["message 7"]);
    }

    #[test]
    fn a_large_log_is_read_in_parts_and_from_shortly_before_its_end_at_first() {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = (0..20_000).map(line).collect();
        append(&folder.path().join("a.log"), &lines);
        let mut place = None;
        let first = all(folder.path(), &mut place);
        assert!(first.len() < 20_000 && first.last().unwrap() == "message 19999", "{}", first.len());
        append(&folder.path().join("b.log"), &lines);
        let rest = all(folder.path(), &mut place);
        assert_eq!((rest.len(), rest[0].as_str()), (20_000, "message 0"));
        assert!(next(folder.path(), place.as_ref()).unwrap().is_none());
    }
}
