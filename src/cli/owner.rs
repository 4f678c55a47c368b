//! Who works on the data directory: its owner, also where an administrator runs a command as root. Otherwise the command
//! would leave files there that the service cannot open.

use std::ffi::CString;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setgroups, setuid};

/// Root becomes the owner of the directory, with the groups that this user has. Nothing is done where root owns it, where
/// it is not there yet, and for anybody else.
pub(super) fn become_owner(data_dir: &Path) -> Result<(), String> {
    let Ok(folder) = std::fs::metadata(data_dir) else { return Ok(()) };
    let (user, group) = (Uid::from_raw(folder.uid()), Gid::from_raw(folder.gid()));
    if !geteuid().is_root() || user.is_root() {
        return Ok(());
    }
    let name = User::from_uid(user).ok().flatten().and_then(|user| CString::new(user.name).ok());
    let groups = name.map_or_else(|| setgroups(&[group]), |name| initgroups(&name, group));
    groups.and_then(|()| setgid(group)).and_then(|()| setuid(user)).map_err(|cause| {
        let folder = data_dir.display();
        format!("cannot work as the owner of {folder} (user {user}): {cause}; run the command as this user")
    })
}
