//! `fd_readdir`: a directory's entries → guest `dirent`s.
//!
//! Invariants:
//! 1. Cookie 0 takes a new listing; every other cookie continues the last one, so that an entry is
//!    neither missed nor given twice when the directory changes meanwhile. Entry `n` has cookie
//!    `n`; `.` and `..` come first, then names by bytes.
//! 2. Listings together hold at most [`crate::WasiLimits::max_listing_size`] bytes, for host
//!    directories of any size.
//! 3. An entry that does not fit is cut, and the buffer is then full: the sign for the guest to ask
//!    again.
//! 4. Each entry is paid when it is listed and when it is given; a listing that is interrupted, or
//!    too large, is not kept.

use crate::call::Call;
use crate::ctx::State;
use crate::fd_table::{Descriptor, Directory, Held, Listing, lock};
use crate::fs_guard::refuse_inside;
use crate::guest::{Outcome, index, low, probe, write_u32};
use crate::price;
use crate::sys::{self, HostEntry};
use crate::types::{DIRENT_SIZE_BYTES, Dirent, Errno, Filetype, Rights};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `fd_readdir(fd, buf, buf_len, cookie, bufused)`.
pub(crate) fn fd_readdir(ctx: &State, call: &mut Call<'_>, args: [u64; 5]) -> Outcome {
    let [fd, buffer, buffer_len, cookie, out] = args;
    let (fd, buffer, buffer_len, out) = (low(fd), low(buffer), low(buffer_len), low(out));
    let descriptor = ctx.fds.get(fd)?;
    let directory = listable(&descriptor)?;
    probe(call, out, 4)?;
    probe(call, buffer, buffer_len)?;
    let last = match cookie {
        0 => lock(&directory.listing).take().and(None),
        _ => lock(&directory.listing).clone(),
    };
    let listing = match last {
        Some(listing) => listing,
        None => {
            if let Some(guard) = call.guarded() {
                refuse_inside(guard, &directory.dir)?;
            }
            let listing = Arc::new(list(directory, call, Held::none(&ctx.listing_bytes))?);
            *lock(&directory.listing) = Some(Arc::clone(&listing));
            listing
        }
    };
    let at = usize::try_from(cookie).unwrap_or(usize::MAX);
    let (mut used, mut next) = (0, cookie);
    for entry in listing.entries.get(at..).unwrap_or_default() {
        next = next.saturating_add(1);
        let fits = (index(buffer_len) - used).min(DIRENT_SIZE_BYTES + entry.name.len());
        if fits == 0 {
            break;
        }
        call.pay(fits as u64)?;
        // `used` is at most `buffer_len`.
        let place = buffer.checked_add(used as u32).ok_or(Errno::Fault)?;
        put(call, place, fits, entry, next)?;
        used += fits;
    }
    // `used` is at most `buffer_len`.
    write_u32(call, out, used as u32)?;
    Ok(())
}

/// The directory behind a descriptor, if it may be listed.
fn listable(descriptor: &Descriptor) -> Result<&Directory, Errno> {
    let directory = descriptor.directory()?;
    if descriptor.base.contains(Rights::FD_READDIR) {
        Ok(directory)
    } else {
        Err(Errno::NotCapable)
    }
}

/// Writes the first `fits` bytes of an entry.
fn put(
    call: &mut Call<'_>,
    place: u32,
    fits: usize,
    entry: &HostEntry,
    next: u64,
) -> Result<(), Errno> {
    let head = Dirent {
        next,
        ino: entry.ino,
        name_len: u32::try_from(entry.name.len()).unwrap_or(u32::MAX),
        filetype: entry.filetype,
    };
    let head = head.encode();
    let whole = [&head[..], &entry.name].concat();
    call.write(place, whole.get(..fits).unwrap_or(&whole))
}

/// Takes a listing, whose bytes are counted as they come.
fn list(directory: &Directory, call: &mut Call<'_>, mut held: Held) -> Outcome<Listing> {
    let own = sys::filestat_of_dir(&directory.dir)?;
    let special =
        |name: &[u8], ino| HostEntry { name: name.into(), ino, filetype: Filetype::Directory };
    let limit_bytes = call.limits().max_listing_size;
    // Sorted as they come: sorting at the end could not be interrupted.
    let mut found = BTreeMap::new();
    sys::list(&directory.dir, &mut |entry| {
        call.pay(price::LISTED + entry.name.len() as u64)?;
        let bytes = entry.name.len() + size_of::<HostEntry>() + DIRENT_SIZE_BYTES;
        held.more(bytes, limit_bytes)?;
        found.insert(entry.name, (entry.ino, entry.filetype));
        Ok(())
    })?;
    // The parent may be outside the sandbox: its number is hidden.
    let mut entries = vec![special(b".", own.ino), special(b"..", 0)];
    let names = found.into_iter();
    entries.extend(names.map(|(name, (ino, filetype))| HostEntry { name, ino, filetype }));
    Ok(Listing { entries, _held: held })
}
