//! `fd_readdir`: a directory's entries → guest `dirent`s.
//!
//! Invariants:
//! 1. Cookie 0 takes a new listing; every other cookie continues the last one, so that an entry is
//!    neither missed nor given twice whatever changes meanwhile. Entry `n` has cookie `n`; `.` and
//!    `..` come first, then names by bytes.
//! 2. Listings together hold at most [`LISTING_BYTES_MAX`] bytes, whatever the host's directories
//!    hold.
//! 3. An entry that does not fit is cut, and the buffer is then full: the sign for the guest to ask
//!    again.

use crate::ctx::WasiCtx;
use crate::fd_table::{Directory, LISTING_BYTES_MAX, Listing, Object};
use crate::guest::{Guest, Outcome, bytes_mut, low, probe, write_u32};
use crate::sys::{self, HostEntry};
use crate::types::{DIRENT_SIZE_BYTES, Dirent, Errno, Filetype, Rights};

/// `fd_readdir(fd, buf, buf_len, cookie, bufused)`.
pub(crate) fn fd_readdir(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 5]) -> Outcome {
    let [fd, buffer, buffer_len, cookie, out] = args;
    let (buffer, buffer_len, out) = (low(buffer), low(buffer_len), low(out));
    guest.charge(1)?;
    let held_bytes = ctx.fds.listing_bytes();
    let descriptor = ctx.fds.get_mut(low(fd))?;
    let Object::Dir(directory) = &mut descriptor.object else {
        return Err(Errno::NotDir.into());
    };
    if !descriptor.base.contains(Rights::FD_READDIR) {
        return Err(Errno::NotCapable.into());
    }
    probe(guest, out, 4)?;
    probe(guest, buffer, buffer_len)?;
    if cookie == 0 || directory.listing.is_none() {
        let own_bytes = directory.listing.take().map_or(0, |listing| listing.size_bytes);
        directory.listing = Some(list(directory, guest, held_bytes.saturating_sub(own_bytes))?);
    }
    let entries = directory.listing.as_ref().map_or(&[][..], |listing| &listing.entries);
    let at = usize::try_from(cookie).unwrap_or(usize::MAX);
    let (mut used, mut next) = (0, cookie);
    for entry in entries.get(at..).unwrap_or_default() {
        next = next.saturating_add(1);
        let room = bytes_mut(guest.memory(), buffer, buffer_len)?;
        let Some(room) = room.get_mut(used..).filter(|room| !room.is_empty()) else { break };
        let written = put(room, entry, next);
        used += written;
        guest.charge(1 + written as u64)?;
    }
    // `used` is at most `buffer_len`.
    write_u32(guest, out, used as u32)?;
    Ok(())
}

/// Writes one entry as far as it fits; returns the bytes written.
fn put(room: &mut [u8], entry: &HostEntry, next: u64) -> usize {
    let head = Dirent {
        next,
        ino: entry.ino,
        name_len: u32::try_from(entry.name.len()).unwrap_or(u32::MAX),
        filetype: entry.filetype,
    };
    let head = head.encode();
    let whole = head.iter().chain(entry.name.iter());
    room.iter_mut().zip(whole).map(|(to, from)| *to = *from).count()
}

/// Takes a listing; `held_bytes` are held by others.
fn list(directory: &Directory, guest: &mut dyn Guest, held_bytes: usize) -> Outcome<Listing> {
    let own = sys::filestat_of(&directory.dir.dir_metadata()?);
    let special =
        |name: &[u8], ino| HostEntry { name: name.into(), ino, filetype: Filetype::Directory };
    let mut entries = Vec::new();
    let mut size_bytes = 0;
    sys::list(&directory.dir, &mut |entry| {
        guest.charge(1)?;
        size_bytes += entry.name.len() + size_of::<HostEntry>() + DIRENT_SIZE_BYTES;
        if held_bytes.saturating_add(size_bytes) > LISTING_BYTES_MAX {
            return Err(Errno::NoMem.into());
        }
        entries.push(entry);
        Ok(())
    })?;
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    // The parent may be outside the sandbox: its number is not told.
    entries.splice(0..0, [special(b".", own.ino), special(b"..", 0)]);
    Ok(Listing { entries, size_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{Exit, Stop};

    struct NoGuest;
    impl Guest for NoGuest {
        fn memory(&mut self) -> &mut [u8] {
            &mut []
        }
        fn charge(&mut self, _: u64) -> Result<(), Exit> {
            Ok(())
        }
        fn deadline(&self) -> Option<std::time::Instant> {
            None
        }
    }

    #[test]
    fn listings_are_bounded_together() {
        let path = std::env::temp_dir().join(format!("prova-wasi-list-{}", std::process::id()));
        std::fs::create_dir_all(path.join("one")).unwrap();
        let dir = cap_std::fs::Dir::open_ambient_dir(&path, cap_std::ambient_authority()).unwrap();
        let directory = Directory { dir, writable: false, preopen: None, listing: None };
        let alone = list(&directory, &mut NoGuest, 0).unwrap();
        assert_eq!(alone.entries.len(), 3);
        let room_bytes = LISTING_BYTES_MAX - alone.size_bytes;
        assert!(list(&directory, &mut NoGuest, room_bytes).is_ok());
        let full = list(&directory, &mut NoGuest, room_bytes + 1);
        assert!(matches!(full, Err(Stop::Errno(Errno::NoMem))));
        std::fs::remove_dir_all(&path).unwrap();
    }
}
