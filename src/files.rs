//! Files that are either whole or absent, whatever happens in between.
//!
//! One recipe: write beside the target, fsync, rename over it, fsync the folder. Nothing else in the
//! product creates or replaces a file that must survive a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use zeroize::Zeroizing;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// 0600: keys, tokens, setup codes.
    Owner,
    /// 0640: everything else.
    Group,
}

impl Access {
    const fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o640,
        }
    }
}

/// Writes `bytes` to `path` so that a reader, also after a crash, finds the old content or the new one.
pub fn write_whole(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    publish(&write_beside(path, bytes, access)?, path)
}

/// The first half of that: writes and syncs the file under the name that it is prepared under, and says which.
pub fn write_beside(path: &Path, bytes: &[u8], access: Access) -> io::Result<PathBuf> {
    let beside = beside(path);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(access.mode()).open(&beside)?;
    file.set_permissions(fs::Permissions::from_mode(access.mode()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(beside)
}

/// Gives a written and synced file its final name, durably.
#[expect(clippy::disallowed_methods, reason = "this is the one place where a rename is made durable")]
pub fn publish(written: &Path, path: &Path) -> io::Result<()> {
    fs::rename(written, path)?;
    sync_folder_of(path)
}

/// The content of a small file.
pub fn read_bounded(path: &Path, limit_bytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    read_up_to(limit_bytes, File::open(path)?)
}

fn read_up_to(limit_bytes: u64, file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = file.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if read as u64 > limit_bytes {
        return Err(io::Error::other(format!("it is longer than {limit_bytes} bytes")));
    }
    Ok(bytes)
}

/// The same of a secret.
pub fn read_secret(path: &Path, limit_bytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    read_up_to(limit_bytes, open_secret(path)?)
}

/// Opens a file that nobody but its owner may read; of root's files, the group may, as that is how a machine gives a
/// service its key. A pipe belongs to whoever holds its ends.
pub fn open_secret(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    refuse_loose(path, &file)?;
    Ok(file)
}

/// The content of a password or token. Sites hand those out with modes of their own, and a fleet that stops collecting
/// would be the greater harm: where others may read it, the log says so.
pub fn read_password(path: &Path, limit_bytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    if let Err(rule) = refuse_loose(path, &file) {
        tracing::warn!(path = %path.display(), "others may read a password or token: {rule}");
    }
    read_up_to(limit_bytes, file)
}

fn refuse_loose(path: &Path, file: &File) -> io::Result<()> {
    let about = file.metadata()?;
    let mode = about.permissions().mode() & 0o777;
    let of_others = if about.uid() == 0 { 0o037 } else { 0o077 };
    if about.is_file() && mode & of_others != 0 {
        return Err(io::Error::other(format!(
            "its mode is {mode:04o}, and a secret is for its owner alone: chmod 600 {}",
            path.display()
        )));
    }
    Ok(())
}

/// What to do about an error that a person can mend, in brackets; nothing for the others.
pub fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            " (it must belong to the user that the program runs as: see chown)"
        }
        io::ErrorKind::ReadOnlyFilesystem => " (mount its file system so that it can be written)",
        io::ErrorKind::StorageFull => " (make room on its disk)",
        _ => "",
    }
}

/// Makes creations, renames and deletions in the folder of `path` durable.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The name under which a file is prepared, in the same folder so that the rename is atomic.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Creates a folder and its parents, readable by owner and group only.
pub fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o750))
}

/// How many files this process may have open at once.
pub fn most_open() -> usize {
    // nobody refuses to tell; the least that any system gives
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((256, 256));
    usize::try_from(soft).unwrap_or(usize::MAX)
}

/// Asks for so many, where it has fewer: what a shell gives is meant for programs that select(2).
pub fn ask_for_open(wanted: u64) -> io::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = wanted.min(hard);
    if soft < wanted { Ok(setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?) } else { Ok(()) }
}

/// A lock on a file, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

impl Lock {
    /// Takes the lock without waiting; `None` when another process holds it.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        match Flock::lock(Self::file(path)?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(Self(lock))),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, error)) => Err(error.into()),
        }
    }

    /// Takes the lock, and tries again for `longest` while another process holds it.
    pub fn take_within(path: &Path, longest: Duration) -> io::Result<Option<Self>> {
        let deadline = Instant::now() + longest;
        loop {
            let lock = Self::take(path)?;
            if lock.is_some() || Instant::now() >= deadline {
                return Ok(lock);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn file(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o640).open(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_whole(&path, b"first", Access::Owner).unwrap();
        write_whole(&path, b"second", Access::Owner).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn as_many_files_as_the_system_gives_are_asked_for_and_never_fewer_than_before() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        ask_for_open(1).unwrap();
        assert!(most_open() as u64 >= soft);
        ask_for_open(soft + 1).unwrap();
        assert!(most_open() as u64 >= (soft + 1).min(hard));
    }

    #[test]
    fn a_lock_is_held_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path).unwrap();
        assert!(held.is_some());
        assert!(Lock::take(&path).unwrap().is_none());
        assert!(Lock::take_within(&path, Duration::from_millis(30)).unwrap().is_none());
        drop(held);
        assert!(Lock::take_within(&path, Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused_with_the_way_to_mend_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_whole(&path, b"secret", Access::Owner).unwrap();
        let is_roots = fs::metadata(&path).unwrap().uid() == 0;
        for (mode, is_read) in
            [(0o600, true), (0o400, true), (0o640, is_roots), (0o660, false), (0o644, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = read_secret(&path, 100);
            assert_eq!(read.is_ok(), is_read, "{mode:o}");
            if let Err(error) = read {
                assert!(error.to_string().ends_with(&format!("chmod 600 {}", path.display())), "{error}");
            }
        }
        assert!(
            open_secret(Path::new("/dev/null")).is_ok(),
            "what is no file has no content that lies there"
        );
    }
}
