//! Calls that name files by path: guest path below a directory descriptor → host call inside the
//! sandbox.
//!
//! Everything but `path_open`, which is in `fs_open`. `fs_walk` finds the place that a path names;
//! the call then acts on that one name without following symbolic links. Invariants:
//! 1. Every change asks [`changeable`] first: nothing below a read-only directory changes, and
//!    nothing without the right that the witx file names.
//! 2. Rights are asked for before the host is; the work of the host is paid before it is done.
//!
//! The escape tests in `tests/wasi/sandbox.rs` would notice a hole, `tests/wasi/rights.rs` a right
//! that is not asked for.

use crate::call::Call;
use crate::ctx::State;
use crate::fd_table::Descriptor;
use crate::fs_fd::times;
use crate::fs_walk::{GuestPath, Place, resolve, resolve_to_change};
use crate::guest::{Outcome, index, low, probe, write, write_u32};
use crate::price;
use crate::sys;
use crate::types::{Errno, Filestat, Filetype, Rights, SYMLINK_FOLLOW};
use cap_std::fs::Dir;
use std::ffi::OsStr;

/// The error for a name with a trailing slash that a call cannot make or take. A slash follows a
/// link, so the place is what it points to.
fn refuse_slash(place: &Place<'_>, name: &OsStr) -> Outcome {
    if !place.slash {
        return Ok(());
    }
    Err(match place.kind(name)? {
        Some(Filetype::Directory) => Errno::Exist,
        Some(_) => Errno::NotDir,
        None => Errno::NoEnt,
    }
    .into())
}

/// Whether `lookupflags` say that a link at the end of a path is followed.
pub(crate) fn follows(flags: u32) -> Result<bool, Errno> {
    if flags & !SYMLINK_FOLLOW != 0 {
        return Err(Errno::Inval);
    }
    Ok(flags == SYMLINK_FOLLOW)
}

/// The descriptor `fd` of a directory, which must have `rights`.
pub(crate) fn held(ctx: &State, fd: u32, rights: Rights) -> Result<Descriptor, Errno> {
    let descriptor = ctx.fds.get(fd)?;
    descriptor.directory()?;
    descriptor.need(rights)?;
    Ok(descriptor)
}

/// The same, where something in the directory is to be changed (invariant 1), and paid for.
fn changeable(call: &mut Call<'_>, ctx: &State, fd: u32, rights: Rights) -> Outcome<Descriptor> {
    let descriptor = held(ctx, fd, rights)?;
    if !descriptor.directory()?.writable {
        return Err(Errno::RoFs.into());
    }
    call.pay(price::CHANGE)?;
    Ok(descriptor)
}

/// The name that a call acts on; `otherwise` is its error for a path that ends in `.` or `..`.
fn name<'p>(place: &'p Place<'_>, otherwise: Errno) -> Result<&'p OsStr, Errno> {
    place.name.as_deref().ok_or(otherwise)
}

/// `path_create_directory(fd, path, path_len)`.
pub(crate) fn path_create_directory(ctx: &State, call: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [fd, ptr, len] = args.map(low);
    let path = GuestPath::read(call, ptr, len)?;
    let dir = changeable(call, ctx, fd, Rights::PATH_CREATE_DIRECTORY)?;
    let dir = &dir.directory()?.dir;
    call.pay(price::DIRECTORY)?;
    let place = resolve_to_change(call, dir, &path, false)?;
    let name = name(&place, Errno::Exist)?;
    Ok(place.parent.create_dir(name)?)
}

/// `path_remove_directory(fd, path, path_len)`.
pub(crate) fn path_remove_directory(ctx: &State, call: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [fd, ptr, len] = args.map(low);
    let path = GuestPath::read(call, ptr, len)?;
    let dir = changeable(call, ctx, fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let dir = &dir.directory()?.dir;
    call.pay(price::DIRECTORY)?;
    let place = resolve_to_change(call, dir, &path, false)?;
    let name = name(&place, Errno::Inval)?;
    Ok(place.parent.remove_dir(name)?)
}

/// `path_unlink_file(fd, path, path_len)`.
pub(crate) fn path_unlink_file(ctx: &State, call: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [fd, ptr, len] = args.map(low);
    let path = GuestPath::read(call, ptr, len)?;
    let dir = changeable(call, ctx, fd, Rights::PATH_UNLINK_FILE)?;
    let dir = &dir.directory()?.dir;
    let (_, slash) = path.trimmed()?;
    let place = resolve_to_change(call, dir, &path, slash)?;
    let name = name(&place, Errno::IsDir)?;
    if place.slash {
        return Err(match place.kind(name)? {
            Some(Filetype::Directory) => Errno::IsDir,
            Some(_) => Errno::NotDir,
            None => Errno::NoEnt,
        }
        .into());
    }
    Ok(sys::unlink(&place.parent, name)?)
}

/// `path_rename(fd, old_path, old_path_len, new_fd, new_path, new_path_len)`.
pub(crate) fn path_rename(ctx: &State, call: &mut Call<'_>, args: [u64; 6]) -> Outcome {
    let [old_fd, old_ptr, old_len, new_fd, new_ptr, new_len] = args.map(low);
    let old_path = GuestPath::read(call, old_ptr, old_len)?;
    let new_path = GuestPath::read(call, new_ptr, new_len)?;
    let old_dir = changeable(call, ctx, old_fd, Rights::PATH_RENAME_SOURCE)?;
    let old_dir = &old_dir.directory()?.dir;
    let new_dir = changeable(call, ctx, new_fd, Rights::PATH_RENAME_TARGET)?;
    let new_dir = &new_dir.directory()?.dir;
    let old = resolve_to_change(call, old_dir, &old_path, false)?;
    let new = resolve_to_change(call, new_dir, &new_path, false)?;
    let old_name = name(&old, Errno::Busy)?;
    let new_name = name(&new, Errno::Busy)?;
    if old.slash || new.slash {
        // A link is not a directory here, even if it points to one.
        match old.kind(old_name)? {
            Some(Filetype::Directory) => {}
            Some(_) => return Err(Errno::NotDir.into()),
            None => return Err(Errno::NoEnt.into()),
        }
    }
    Ok(old.parent.rename(old_name, &new.parent, new_name)?)
}

/// `path_link(old_fd, old_flags, old_path, old_path_len, new_fd, new_path, new_path_len)`.
///
/// Links to what a symbolic link points to cannot be made.
pub(crate) fn path_link(ctx: &State, call: &mut Call<'_>, args: [u64; 7]) -> Outcome {
    let [old_fd, flags, old_ptr, old_len, new_fd, new_ptr, new_len] = args.map(low);
    let old_path = GuestPath::read(call, old_ptr, old_len)?;
    let new_path = GuestPath::read(call, new_ptr, new_len)?;
    let old_dir = changeable(call, ctx, old_fd, Rights::PATH_LINK_SOURCE)?;
    let old_dir = &old_dir.directory()?.dir;
    let new_dir = changeable(call, ctx, new_fd, Rights::PATH_LINK_TARGET)?;
    let new_dir = &new_dir.directory()?.dir;
    if flags != 0 {
        return Err(Errno::Inval.into());
    }
    let (_, old_slash) = old_path.trimmed()?;
    let (_, new_slash) = new_path.trimmed()?;
    let old = resolve(call, old_dir, &old_path, old_slash)?;
    let new = resolve_to_change(call, new_dir, &new_path, new_slash)?;
    let old_name = name(&old, Errno::Perm)?;
    let kind = old.kind(old_name)?.ok_or(Errno::NoEnt)?;
    if old.slash && kind != Filetype::Directory {
        return Err(Errno::NotDir.into());
    }
    let new_name = name(&new, Errno::Exist)?;
    refuse_slash(&new, new_name)?;
    if kind == Filetype::Directory {
        // A name that is taken comes before a file that cannot be linked, as on Linux.
        let taken = new.kind(new_name)?.is_some();
        return Err(if taken { Errno::Exist } else { Errno::Perm }.into());
    }
    Ok(old.parent.hard_link(old_name, &new.parent, new_name)?)
}

/// `path_symlink(old_path, old_path_len, fd, new_path, new_path_len)`.
///
/// The target may be anything relative: what lies outside is refused when the link is followed.
pub(crate) fn path_symlink(ctx: &State, call: &mut Call<'_>, args: [u64; 5]) -> Outcome {
    let [old_ptr, old_len, fd, new_ptr, new_len] = args.map(low);
    let target = GuestPath::read(call, old_ptr, old_len)?;
    let path = GuestPath::read(call, new_ptr, new_len)?;
    let dir = changeable(call, ctx, fd, Rights::PATH_SYMLINK)?;
    let dir = &dir.directory()?.dir;
    target.trimmed()?;
    let (_, slash) = path.trimmed()?;
    let place = resolve_to_change(call, dir, &path, slash)?;
    let name = name(&place, Errno::Exist)?;
    refuse_slash(&place, name)?;
    let target = sys::os_str(target.bytes()).ok_or(Errno::Ilseq)?;
    Ok(sys::symlink(&place.parent, target.as_ref(), name)?)
}

/// `path_readlink(fd, path, path_len, buf, buf_len, bufused)`. A target that does not fit is cut.
pub(crate) fn path_readlink(ctx: &State, call: &mut Call<'_>, args: [u64; 6]) -> Outcome {
    let [fd, ptr, len, buffer, buffer_len, out] = args.map(low);
    let path = GuestPath::read(call, ptr, len)?;
    let dir = held(ctx, fd, Rights::PATH_READLINK)?;
    let dir = &dir.directory()?.dir;
    probe(call, buffer, buffer_len)?;
    probe(call, out, 4)?;
    let (_, slash) = path.trimmed()?;
    let place = resolve(call, dir, &path, slash)?;
    let name = name(&place, Errno::Inval)?;
    if place.slash {
        return Err(match place.kind(name)? {
            Some(Filetype::Directory) => Errno::Inval,
            Some(_) => Errno::NotDir,
            None => Errno::NoEnt,
        }
        .into());
    }
    call.pay(price::LINK)?;
    let target = place.parent.read_link(name)?;
    let target = sys::os_bytes(target.as_os_str());
    call.hold(target.len() as u64)?;
    let used = target.len().min(index(buffer_len));
    call.pay(used as u64)?;
    call.write(buffer, target.get(..used).unwrap_or_default())?;
    // `used` is at most `buffer_len`.
    write_u32(call, out, used as u32)?;
    Ok(())
}

/// `path_filestat_get(fd, flags, path, path_len, stat)`.
pub(crate) fn path_filestat_get(ctx: &State, call: &mut Call<'_>, args: [u64; 5]) -> Outcome {
    let [fd, flags, ptr, len, out] = args.map(low);
    let path = GuestPath::read(call, ptr, len)?;
    let dir = held(ctx, fd, Rights::PATH_FILESTAT_GET)?;
    let dir = &dir.directory()?.dir;
    let stat = stat(call, dir, &path, follows(flags)?)?;
    Ok(write(call, out, &stat.encode())?)
}

fn stat(call: &mut Call<'_>, dir: &Dir, path: &GuestPath, follow: bool) -> Outcome<Filestat> {
    call.pay(price::OPEN)?;
    let (_, slash) = path.trimmed()?;
    let place = resolve(call, dir, path, follow || slash)?;
    let Some(name) = &place.name else {
        return Ok(sys::filestat_of_dir(&place.parent)?);
    };
    let stat = place.look(name)?.ok_or(Errno::NoEnt)?;
    if place.slash && stat.filetype != Filetype::Directory {
        return Err(Errno::NotDir.into());
    }
    Ok(stat)
}

/// `path_filestat_set_times(fd, flags, path, path_len, atim, mtim, fst_flags)`.
pub(crate) fn path_filestat_set_times(ctx: &State, call: &mut Call<'_>, args: [u64; 7]) -> Outcome {
    let [fd, flags, ptr, len, atim, mtim, fst_flags] = args;
    let path = GuestPath::read(call, low(ptr), low(len))?;
    let dir = changeable(call, ctx, low(fd), Rights::PATH_FILESTAT_SET_TIMES)?;
    let dir = &dir.directory()?.dir;
    let (access, modification) = times(atim, mtim, low(fst_flags))?;
    let follow = follows(low(flags))?;
    let (_, slash) = path.trimmed()?;
    let place = resolve(call, dir, &path, slash || follow)?;
    let Some(name) = &place.name else {
        return Ok(sys::set_times_dir(&place.parent, access, modification)?);
    };
    match place.kind(name)? {
        None => Err(Errno::NoEnt.into()),
        Some(kind) if place.slash && kind != Filetype::Directory => Err(Errno::NotDir.into()),
        Some(_) => Ok(sys::set_times_entry(&place.parent, name, access, modification)?),
    }
}
