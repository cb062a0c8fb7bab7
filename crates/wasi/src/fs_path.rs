//! Calls that name files by path: guest path below a directory descriptor → host call inside the
//! sandbox.
//!
//! Everything but `path_open`, which is in `fs_open`. A path is split into its parent, which
//! cap-std resolves inside the sandbox, and its last name, on which the call acts without following
//! symbolic links; where a link is to be followed, cap-std resolves the whole path. Invariants:
//! 1. [`Place::name`] is one component: not empty, not `.` or `..`, no slash, no NUL. Trailing
//!    slashes are taken off before the host sees the path and answered for here (`Place::slash`),
//!    because some hosts follow a link named with one.
//! 2. Every change asks [`changeable`] first: nothing below a read-only directory changes.
//! 3. A path is at most [`PATH_BYTES_MAX`] bytes.
//!
//! The escape tests in `tests/wasi/sandbox.rs` would notice a hole.

use crate::ctx::WasiCtx;
use crate::fd_table::Directory;
use crate::fs_fd::times;
use crate::guest::{Guest, Outcome, Stop, bytes, bytes_mut, index, low, probe, write, write_u32};
use crate::sys;
use crate::types::{Errno, Filestat, Filetype, Rights, SYMLINK_FOLLOW};
use cap_std::fs::Dir;
use std::ffi::OsStr;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// Longest path in bytes; with its NUL, what Linux takes.
pub(crate) const PATH_BYTES_MAX: u32 = 4095;
/// Most symbolic links followed for the last component of a path whose times are set.
const LINKS_MAX: usize = 32;

/// A path as the guest gave it, without NUL, relative, not empty.
pub(crate) struct GuestPath(Vec<u8>);

impl GuestPath {
    /// Copies a path out of guest memory and charges for it.
    pub(crate) fn read(guest: &mut dyn Guest, ptr: u32, len: u32) -> Outcome<Self> {
        guest.charge(1 + u64::from(len.min(PATH_BYTES_MAX)))?;
        let path = bytes(guest.memory(), ptr, len)?;
        if len > PATH_BYTES_MAX {
            return Err(Errno::NameTooLong.into());
        }
        if path.contains(&0) {
            return Err(Errno::Inval.into());
        }
        Ok(GuestPath(path.to_vec()))
    }

    /// The path without its trailing slashes, and whether there were any.
    fn trimmed(&self) -> Result<(&[u8], bool), Errno> {
        let path = self.0.as_slice();
        match path.first() {
            None => return Err(Errno::NoEnt),
            Some(b'/') => return Err(Errno::Perm),
            Some(_) => {}
        }
        let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
        let trimmed = path.get(..end).unwrap_or_default();
        Ok((trimmed, trimmed.len() < path.len()))
    }

    pub(crate) fn ends_in_slash(&self) -> bool {
        self.0.last() == Some(&b'/')
    }

    /// The path for cap-std, which follows links inside the sandbox, and whether it must name a
    /// directory: then its last component is followed in any case.
    pub(crate) fn whole(&self) -> Result<(&Path, bool), Errno> {
        let (trimmed, slash) = self.trimmed()?;
        let dots = matches!(trimmed.rsplit(|byte| *byte == b'/').next(), Some(b"." | b".."));
        Ok((sys::os_str(trimmed).ok_or(Errno::Ilseq)?.as_ref(), slash || dots))
    }

    /// The place that the path names below `dir`.
    pub(crate) fn place<'a>(&'a self, dir: &'a Dir) -> Outcome<Place<'a>> {
        let (trimmed, slash) = self.trimmed()?;
        let (parent, name) = match trimmed.iter().rposition(|byte| *byte == b'/') {
            Some(at) => trimmed.split_at(at + 1),
            None => (&[][..], trimmed),
        };
        let name = if name == b"." || name == b".." {
            None
        } else {
            Some(sys::os_str(name).ok_or(Errno::Ilseq)?)
        };
        let parent = if parent.is_empty() {
            Parent::Given(dir)
        } else {
            Parent::Opened(dir.open_dir(sys::os_str(parent).ok_or(Errno::Ilseq)?)?)
        };
        Ok(Place { parent, name, slash })
    }
}

/// The directory that a place is in.
pub(crate) enum Parent<'a> {
    Given(&'a Dir),
    Opened(Dir),
}

impl Deref for Parent<'_> {
    type Target = Dir;
    fn deref(&self) -> &Dir {
        match self {
            Parent::Given(dir) => dir,
            Parent::Opened(dir) => dir,
        }
    }
}

/// A resolved directory and a name in it.
pub(crate) struct Place<'a> {
    pub(crate) parent: Parent<'a>,
    /// `None` when the path ends in `.` or `..`.
    pub(crate) name: Option<&'a OsStr>,
    /// The path ended in a slash, so it must name a directory.
    slash: bool,
}

impl Place<'_> {
    /// What is at the place, without following a link; `None` when there is nothing.
    pub(crate) fn look(&self, name: &OsStr) -> io::Result<Option<Filetype>> {
        match self.parent.symlink_metadata(name) {
            Ok(metadata) => Ok(Some(sys::filestat_of(&metadata).filetype)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The error for a name with a trailing slash that a call cannot make or take.
    fn refuse_slash(&self, name: &OsStr) -> Outcome {
        if !self.slash {
            return Ok(());
        }
        Err(match self.look(name)? {
            Some(Filetype::Directory) => Errno::Exist,
            Some(_) => Errno::NotDir,
            None => Errno::NoEnt,
        }
        .into())
    }
}

/// Why a call cannot act on a path that ends in `.` or `..`: it may not resolve at all, or lead
/// outside.
fn unnamed(dir: &Dir, path: &GuestPath, otherwise: Errno) -> Stop {
    match path.whole().map(|(whole, _)| sys::open_dir(dir, whole)) {
        Ok(Ok(_)) => otherwise.into(),
        Ok(Err(error)) => error.into(),
        Err(errno) => errno.into(),
    }
}

/// The directory behind `fd`, which must have `rights`.
pub(crate) fn directory(ctx: &WasiCtx, fd: u32, rights: Rights) -> Result<&Directory, Errno> {
    let descriptor = ctx.fds.get(fd)?;
    let directory = descriptor.directory()?;
    descriptor.need(rights)?;
    Ok(directory)
}

/// The directory behind `fd`, in which something is to be changed (invariant 2).
fn changeable(ctx: &WasiCtx, fd: u32, rights: Rights) -> Result<&Dir, Errno> {
    let directory = directory(ctx, fd, rights)?;
    if directory.writable { Ok(&directory.dir) } else { Err(Errno::RoFs) }
}

/// `path_create_directory(fd, path, path_len)`.
pub(crate) fn path_create_directory(
    ctx: &mut WasiCtx,
    guest: &mut dyn Guest,
    args: [u64; 3],
) -> Outcome {
    let [fd, ptr, len] = args.map(low);
    let path = GuestPath::read(guest, ptr, len)?;
    let dir = changeable(ctx, fd, Rights::PATH_CREATE_DIRECTORY)?;
    let place = path.place(dir)?;
    let name = place.name.ok_or_else(|| unnamed(dir, &path, Errno::Exist))?;
    Ok(place.parent.create_dir(name)?)
}

/// `path_remove_directory(fd, path, path_len)`.
pub(crate) fn path_remove_directory(
    ctx: &mut WasiCtx,
    guest: &mut dyn Guest,
    args: [u64; 3],
) -> Outcome {
    let [fd, ptr, len] = args.map(low);
    let path = GuestPath::read(guest, ptr, len)?;
    let dir = changeable(ctx, fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let place = path.place(dir)?;
    let name = place.name.ok_or_else(|| unnamed(dir, &path, Errno::Inval))?;
    Ok(place.parent.remove_dir(name)?)
}

/// `path_unlink_file(fd, path, path_len)`.
pub(crate) fn path_unlink_file(
    ctx: &mut WasiCtx,
    guest: &mut dyn Guest,
    args: [u64; 3],
) -> Outcome {
    let [fd, ptr, len] = args.map(low);
    let path = GuestPath::read(guest, ptr, len)?;
    let dir = changeable(ctx, fd, Rights::PATH_UNLINK_FILE)?;
    let place = path.place(dir)?;
    let name = place.name.ok_or_else(|| unnamed(dir, &path, Errno::IsDir))?;
    if place.slash {
        return Err(match place.look(name)? {
            Some(Filetype::Directory) => Errno::IsDir,
            Some(_) => Errno::NotDir,
            None => Errno::NoEnt,
        }
        .into());
    }
    Ok(sys::unlink(&place.parent, name)?)
}

/// `path_rename(fd, old_path, old_path_len, new_fd, new_path, new_path_len)`.
pub(crate) fn path_rename(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 6]) -> Outcome {
    let [old_fd, old_ptr, old_len, new_fd, new_ptr, new_len] = args.map(low);
    let old_path = GuestPath::read(guest, old_ptr, old_len)?;
    let new_path = GuestPath::read(guest, new_ptr, new_len)?;
    let old_dir = changeable(ctx, old_fd, Rights::PATH_RENAME_SOURCE)?;
    let new_dir = changeable(ctx, new_fd, Rights::PATH_RENAME_TARGET)?;
    let (old, new) = (old_path.place(old_dir)?, new_path.place(new_dir)?);
    let old_name = old.name.ok_or_else(|| unnamed(old_dir, &old_path, Errno::Busy))?;
    let new_name = new.name.ok_or_else(|| unnamed(new_dir, &new_path, Errno::Busy))?;
    if old.slash || new.slash {
        // A link is not a directory here, whatever it points to.
        match old.look(old_name)? {
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
pub(crate) fn path_link(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 7]) -> Outcome {
    let [old_fd, flags, old_ptr, old_len, new_fd, new_ptr, new_len] = args.map(low);
    let old_path = GuestPath::read(guest, old_ptr, old_len)?;
    let new_path = GuestPath::read(guest, new_ptr, new_len)?;
    let old_dir = changeable(ctx, old_fd, Rights::PATH_LINK_SOURCE)?;
    let new_dir = changeable(ctx, new_fd, Rights::PATH_LINK_TARGET)?;
    if flags != 0 {
        return Err(Errno::Inval.into());
    }
    let (old, new) = (old_path.place(old_dir)?, new_path.place(new_dir)?);
    let old_name = old.name.ok_or_else(|| unnamed(old_dir, &old_path, Errno::Perm))?;
    let new_name = new.name.ok_or_else(|| unnamed(new_dir, &new_path, Errno::Exist))?;
    match old.look(old_name)? {
        Some(Filetype::Directory) => return Err(Errno::Perm.into()),
        Some(_) if old.slash => return Err(Errno::NotDir.into()),
        Some(_) => {}
        None => return Err(Errno::NoEnt.into()),
    }
    new.refuse_slash(new_name)?;
    Ok(old.parent.hard_link(old_name, &new.parent, new_name)?)
}

/// `path_symlink(old_path, old_path_len, fd, new_path, new_path_len)`.
///
/// The target may be anything relative: what lies outside is refused when the link is followed.
pub(crate) fn path_symlink(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 5]) -> Outcome {
    let [old_ptr, old_len, fd, new_ptr, new_len] = args.map(low);
    let target = GuestPath::read(guest, old_ptr, old_len)?;
    let path = GuestPath::read(guest, new_ptr, new_len)?;
    let dir = changeable(ctx, fd, Rights::PATH_SYMLINK)?;
    target.trimmed()?;
    let place = path.place(dir)?;
    let name = place.name.ok_or_else(|| unnamed(dir, &path, Errno::Exist))?;
    place.refuse_slash(name)?;
    let target = sys::os_str(&target.0).ok_or(Errno::Ilseq)?;
    Ok(sys::symlink(&place.parent, target.as_ref(), name)?)
}

/// `path_readlink(fd, path, path_len, buf, buf_len, bufused)`. A target that does not fit is cut.
pub(crate) fn path_readlink(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 6]) -> Outcome {
    let [fd, ptr, len, buffer, buffer_len, out] = args.map(low);
    let path = GuestPath::read(guest, ptr, len)?;
    let dir = &directory(ctx, fd, Rights::PATH_READLINK)?.dir;
    probe(guest, buffer, buffer_len)?;
    probe(guest, out, 4)?;
    let place = path.place(dir)?;
    let name = place.name.ok_or_else(|| unnamed(dir, &path, Errno::Inval))?;
    if place.slash {
        return Err(match place.look(name)? {
            Some(Filetype::Directory | Filetype::SymbolicLink) => Errno::Inval,
            Some(_) => Errno::NotDir,
            None => Errno::NoEnt,
        }
        .into());
    }
    let target = place.parent.read_link(name)?;
    let target = sys::os_bytes(target.as_os_str());
    let used = target.len().min(index(buffer_len));
    guest.charge(used as u64)?;
    let room = bytes_mut(guest.memory(), buffer, buffer_len)?;
    for (to, from) in room.iter_mut().zip(target) {
        *to = *from;
    }
    // `used` is at most `buffer_len`.
    write_u32(guest, out, used as u32)?;
    Ok(())
}

/// `path_filestat_get(fd, flags, path, path_len, stat)`.
pub(crate) fn path_filestat_get(
    ctx: &mut WasiCtx,
    guest: &mut dyn Guest,
    args: [u64; 5],
) -> Outcome {
    let [fd, flags, ptr, len, out] = args.map(low);
    let path = GuestPath::read(guest, ptr, len)?;
    let dir = &directory(ctx, fd, Rights::PATH_FILESTAT_GET)?.dir;
    let stat = stat(dir, &path, flags & SYMLINK_FOLLOW != 0)?;
    Ok(write(guest, out, &stat.encode())?)
}

fn stat(dir: &Dir, path: &GuestPath, follow: bool) -> Outcome<Filestat> {
    let (whole, slash) = path.whole()?;
    let metadata =
        if follow || slash { dir.metadata(whole)? } else { dir.symlink_metadata(whole)? };
    let stat = sys::filestat_of(&metadata);
    if slash && stat.filetype != Filetype::Directory {
        return Err(Errno::NotDir.into());
    }
    Ok(stat)
}

/// `path_filestat_set_times(fd, flags, path, path_len, atim, mtim, fst_flags)`.
pub(crate) fn path_filestat_set_times(
    ctx: &mut WasiCtx,
    guest: &mut dyn Guest,
    args: [u64; 7],
) -> Outcome {
    let [fd, flags, ptr, len, atim, mtim, fst_flags] = args;
    let path = GuestPath::read(guest, low(ptr), low(len))?;
    let dir = changeable(ctx, low(fd), Rights::PATH_FILESTAT_SET_TIMES)?;
    let (access, modification) = times(atim, mtim, low(fst_flags))?;
    let follow = low(flags) & SYMLINK_FOLLOW != 0;
    let mut path = path;
    for _ in 0..=LINKS_MAX {
        let place = path.place(dir)?;
        let Some(name) = place.name else {
            let found = sys::open_dir(dir, path.whole()?.0)?;
            return Ok(sys::set_times_dir(&found, access, modification)?);
        };
        match place.look(name)? {
            None => return Err(Errno::NoEnt.into()),
            Some(Filetype::SymbolicLink) if follow || place.slash => {
                let target = place.parent.read_link(name)?;
                path = path.beside(sys::os_bytes(target.as_os_str()))?;
            }
            Some(kind) if place.slash && kind != Filetype::Directory => {
                return Err(Errno::NotDir.into());
            }
            Some(_) => {
                return Ok(sys::set_times_entry(&place.parent, name, access, modification)?);
            }
        }
    }
    Err(Errno::Loop.into())
}

impl GuestPath {
    /// The path with its last name, a link, replaced by what the link says; a trailing slash stays.
    fn beside(&self, target: &[u8]) -> Result<GuestPath, Errno> {
        let (trimmed, slash) = self.trimmed()?;
        let at = trimmed.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let mut path = trimmed.get(..at).unwrap_or_default().to_vec();
        path.extend_from_slice(target);
        if slash {
            path.push(b'/');
        }
        if path.len() > index(PATH_BYTES_MAX) || target.first() == Some(&b'/') {
            return Err(Errno::Perm);
        }
        Ok(GuestPath(path))
    }
}
