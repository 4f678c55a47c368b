//! `disk_usage`: how full the file systems of this machine are, as `df` counts it.
//!
//! A file system that hangs (a lost NFS server) holds one thread of ours until it answers, and never more
//! than one: until then the probe says so and gives nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::statvfs::{Statvfs, statvfs};
use procfs::process::{MountInfo, Process};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::collector::collection::to_document;
use crate::collector::host::as_f64;
use crate::limits::FILE_SYSTEM_TIME;

const GIB: f64 = as_f64(1 << 30);

/// File systems that hold data without a device file as their source.
const WITHOUT_DEVICE: [&str; 9] =
    ["zfs", "btrfs", "overlay", "nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.glusterfs"];
/// Read-only images: always full, never interesting.
const IMAGES: [&str; 3] = ["squashfs", "iso9660", "erofs"];

#[derive(Default)]
pub(crate) struct DiskUsage {
    /// A question to the file systems that has not been answered.
    is_asking: Arc<AtomicBool>,
}

#[derive(Serialize)]
struct Document {
    r#type: &'static str,
    timestamp: Timestamp,
    filesystems: Vec<FileSystem>,
}

#[derive(Debug, Serialize)]
struct FileSystem {
    device: String,
    mount: String,
    total_gb: f64,
    used_gb: f64,
    free_gb: f64,
    /// Of what unprivileged users can have, as `df` shows it.
    percent_used: f64,
    total_bytes: u64,
    used_bytes: u64,
    free_bytes: u64,
    inodes_total: u64,
    inodes_used: u64,
    inodes_free: u64,
}

impl DiskUsage {
    pub(crate) async fn document(&mut self, now: Timestamp) -> Result<Box<RawValue>, String> {
        if self.is_asking.swap(true, Ordering::SeqCst) {
            return Err("a file system has not answered since the last collection".to_owned());
        }
        let is_asking = Arc::clone(&self.is_asking);
        let asked = tokio::task::spawn_blocking(move || {
            let answer = file_systems();
            is_asking.store(false, Ordering::SeqCst);
            answer
        });
        let filesystems = match tokio::time::timeout(FILE_SYSTEM_TIME, asked).await {
            Ok(Ok(answer)) => answer.map_err(|error| format!("cannot read the mounts: {error}"))?,
            Ok(Err(error)) => return Err(format!("cannot ask the file systems: {error}")),
            Err(_) => {
                let seconds = FILE_SYSTEM_TIME.as_secs();
                return Err(format!("a file system has not answered within {seconds} s"));
            }
        };
        let document = Document { r#type: "disk_usage", timestamp: now, filesystems };
        to_document(&document).map_err(|error| error.to_string())
    }
}

fn file_systems() -> procfs::ProcResult<Vec<FileSystem>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for mount in Process::myself()?.mountinfo()? {
        // the same file system at another place, or something mounted over it
        if !holds_data(&mount) || !seen.insert(mount.majmin.clone()) {
            continue;
        }
        // a mount that may not be looked at (a FUSE mount of another user) is not ours to report
        if let Ok(usage) = statvfs(&mount.mount_point) {
            found.extend(file_system(&mount, &usage));
        }
    }
    Ok(found)
}

fn holds_data(mount: &MountInfo) -> bool {
    let has_device = mount.mount_source.as_ref().is_some_and(|source| source.starts_with('/'));
    let kind = mount.fs_type.as_str();
    (has_device || WITHOUT_DEVICE.contains(&kind)) && !IMAGES.contains(&kind)
}

fn file_system(mount: &MountInfo, usage: &Statvfs) -> Option<FileSystem> {
    let block_bytes = usage.fragment_size();
    let total_bytes = usage.blocks() * block_bytes;
    if total_bytes == 0 {
        return None;
    }
    let free_bytes = usage.blocks_available() * block_bytes;
    let used_bytes = total_bytes.saturating_sub(usage.blocks_free() * block_bytes);
    let reachable_bytes = (used_bytes + free_bytes).max(1);
    Some(FileSystem {
        device: mount.mount_source.clone().unwrap_or_default(),
        mount: mount.mount_point.display().to_string(),
        total_gb: gigabytes(total_bytes),
        used_gb: gigabytes(used_bytes),
        free_gb: gigabytes(free_bytes),
        percent_used: as_f64(used_bytes) * 100.0 / as_f64(reachable_bytes),
        total_bytes,
        used_bytes,
        free_bytes,
        inodes_total: usage.files(),
        inodes_used: usage.files().saturating_sub(usage.files_free()),
        inodes_free: usage.files_free(),
    })
}

/// In units of 2^30 bytes, with two digits.
fn gigabytes(bytes: u64) -> f64 {
    (as_f64(bytes) / GIB * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_file_system_is_reported_as_the_kernel_knows_it() {
        let systems = file_systems().unwrap();
        let root = systems.iter().find(|system| system.mount == "/").expect("a root file system");
        let kernel = statvfs("/").unwrap();
        assert_eq!(root.total_bytes, kernel.blocks() * kernel.fragment_size());
        assert_eq!(root.inodes_total, kernel.files());
        assert!(root.percent_used > 0.0 && root.percent_used <= 100.0);
    }

    #[tokio::test]
    async fn a_question_that_was_not_answered_is_not_asked_again() {
        let mut probe = DiskUsage::default();
        probe.is_asking.store(true, Ordering::SeqCst);
        let error = probe.document(Timestamp::from_millis(0)).await.unwrap_err();
        assert!(error.contains("has not answered"), "{error}");
    }
}
