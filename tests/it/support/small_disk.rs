//! A file system of its own, small and in memory: full or read-only as a test wants it.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;

pub(crate) const MIB: u64 = 1024 * 1024;

/// A file system in memory, unmounted at the end.
pub(crate) struct Small(PathBuf);

impl Small {
    /// `None` where it is not allowed.
    pub(crate) fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=128m,mode=750", "pganalytics-test"];
        let mounted = Command::new("mount").args(options).arg(&at).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(at))
    }

    pub(crate) fn resize(&self, bytes: u64) {
        let size = format!("remount,size={bytes}");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap().success());
    }

    /// From now on nobody can write to it.
    pub(crate) fn set_read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap().success());
    }

    pub(crate) fn used(&self) -> u64 {
        let room = nix::sys::statvfs::statvfs(&self.0).unwrap();
        (room.blocks() - room.blocks_available()) * room.fragment_size()
    }

    /// Leaves so many bytes free.
    pub(crate) fn fill(&self, free: u64) {
        let ballast = fs::File::create(self.0.join("ballast")).unwrap();
        let room = nix::sys::statvfs::statvfs(&self.0).unwrap();
        let room = room.blocks_available() * room.fragment_size();
        let zeros = vec![0; 1 << 20];
        let (mut at, end) = (0, room.saturating_sub(free));
        while at < end {
            let bytes = usize::try_from((end - at).min(MIB)).unwrap();
            // somebody else may write meanwhile
            let Ok(()) = ballast.write_all_at(&zeros[..bytes], at) else { return };
            at += MIB;
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
