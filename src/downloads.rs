//! The agents' packages that the daemon hands out: files of one folder, listed and opened by their exact names.
//!
//! A name that is not that of a package is not there, whatever lies in the folder; so nobody climbs out of it. It does
//! not know who asks.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::limits::{DOWNLOAD_NAME_CHARS, DOWNLOADS};

/// Where the daemon's package puts those that fit it.
pub const FOLDER: &str = "/usr/share/pganalytics/downloads";

const HASHED_AT_ONCE: usize = 64 * 1024;

/// What a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Deb,
    Rpm,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    pub name: String,
    pub format: Format,
    pub bytes: u64,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What a hash was taken of: a file that was replaced is another one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Seen {
    name: String,
    bytes: u64,
    modified: SystemTime,
}

pub struct Downloads {
    folder: PathBuf,
    /// A hash is taken once: anybody may ask for the list, and a file has megabytes.
    hashes: Mutex<HashMap<Seen, String>>,
}

impl Format {
    /// `None` for a name that no package has.
    pub fn of(name: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+~-".contains(&byte);
        if name.len() > DOWNLOAD_NAME_CHARS || name.starts_with('.') || !name.bytes().all(is_plain) {
            return None;
        }
        match name.rsplit_once('.')?.1 {
            "deb" => Some(Self::Deb),
            "rpm" => Some(Self::Rpm),
            _ => None,
        }
    }
}

impl Downloads {
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), hashes: Mutex::default() }
    }

    /// All packages by name; none where the folder is not there.
    pub fn list(&self) -> io::Result<Vec<Download>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            if let Some(format) = Format::of(&name).filter(|_| found.len() < DOWNLOADS) {
                found.push((name, format));
            }
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        // one at a time takes hashes; who asks meanwhile waits for them instead of taking the same
        let mut known = self.hashes.lock();
        let mut seen = HashMap::new();
        let mut listed = Vec::new();
        for (name, format) in found {
            let Some(file) = self.open(&name)? else { continue };
            let about = file.metadata()?;
            let key = Seen { name: name.clone(), bytes: about.len(), modified: about.modified()? };
            let sha256 = match known.get(&key) {
                Some(hash) => hash.clone(),
                None => sha256(file)?,
            };
            seen.insert(key, sha256.clone());
            listed.push(Download { name, format, bytes: about.len(), sha256 });
        }
        *known = seen;
        Ok(listed)
    }

    /// The package of this name; `None` where there is none.
    pub fn open(&self, name: &str) -> io::Result<Option<File>> {
        if Format::of(name).is_none() {
            return Ok(None);
        }
        let file = match File::open(self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let is_file = file.metadata()?.is_file();
        Ok(is_file.then_some(file))
    }
}

fn sha256(mut file: File) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut part = vec![0; HASHED_AT_ONCE];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&part[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Access, write_whole};

    const NAME: &str = "pganalytics-collector_4.0.0-1_amd64.deb";

    fn listed(downloads: &Downloads) -> Vec<(String, String)> {
        let list = downloads.list().unwrap();
        list.into_iter().map(|download| (download.name, download.sha256)).collect()
    }

    #[test]
    fn packages_are_listed_with_their_hashes_and_a_replaced_one_with_its_new_hash() {
        let folder = tempfile::tempdir().unwrap();
        let downloads = Downloads::of(folder.path());
        for (name, text) in [("b.rpm", "rpm"), (NAME, "deb"), ("notes.txt", "no"), (".hidden.deb", "no")] {
            write_whole(&folder.path().join(name), text.as_bytes(), Access::Group).unwrap();
        }
        fs::create_dir(folder.path().join("folder.deb")).unwrap();
        let hash = |text: &str| hex::encode(Sha256::digest(text));
        assert_eq!(listed(&downloads), [("b.rpm".to_owned(), hash("rpm")), (NAME.to_owned(), hash("deb"))]);
        write_whole(&folder.path().join(NAME), b"longer", Access::Group).unwrap();
        assert_eq!(listed(&downloads)[1].1, hash("longer"));
    }

    #[test]
    fn nothing_but_a_package_of_the_folder_is_opened() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("downloads");
        fs::create_dir(&folder).unwrap();
        for path in [outer.path().join("secret.deb"), folder.join(NAME), folder.join("root.key")] {
            write_whole(&path, b"x", Access::Group).unwrap();
        }
        let downloads = Downloads::of(&folder);
        assert!(downloads.open(NAME).unwrap().is_some());
        let absolute = outer.path().join("secret.deb").display().to_string();
        for name in
            ["../secret.deb", &absolute, "root.key", "..", "", "a.deb", "a\0.deb", "%2e%2e/secret.deb"]
        {
            assert!(downloads.open(name).unwrap().is_none(), "{name:?}");
        }
        assert!(Downloads::of(&outer.path().join("nowhere")).list().unwrap().is_empty());
    }
}
