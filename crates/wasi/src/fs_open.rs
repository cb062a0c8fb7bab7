//! `path_open`: guest path, flags and rights → a new descriptor.
//!
//! Resolution is that of `fs_path`. Invariants:
//! 1. The rights asked for only decide whether the host file is opened for reading or writing;
//!    every other right is what the directory hands on and the kind of file can have, never more.
//!    (Rights asked for beyond that are left out silently: C libraries ask for all of them.)
//! 2. Below a read-only directory the host is only ever asked to read.
//! 3. Opening never waits: a FIFO without a writer is empty, without a reader refused.
//!
//! `tests/wasi/sandbox.rs` and the read-only test would notice a fault.

use crate::ctx::WasiCtx;
use crate::fd_table::{Descriptor, Directory, Object};
use crate::fs_path::{GuestPath, directory};
use crate::guest::{Guest, Outcome, Stop, low, probe, write_u32};
use crate::sys::{self, Open};
use crate::types::{Errno, Filetype, Rights, SYMLINK_FOLLOW, fdflags, oflags};
use cap_std::fs::Dir;
use std::path::Path;

/// What `path_open` was asked for.
struct Request {
    follow: bool,
    directory: bool,
    open: Open,
    /// What the directory hands on.
    granted: Rights,
    inheriting: Rights,
}

/// `path_open(fd, dirflags, path, path_len, oflags, rights_base, rights_inheriting, fdflags,
/// opened_fd)`.
pub(crate) fn path_open(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 9]) -> Outcome {
    let [fd, lookup, ptr, len, how, base, inheriting, flags, out] = args;
    let path = GuestPath::read(guest, low(ptr), low(len))?;
    probe(guest, low(out), 4)?;
    let flags = u16::try_from(low(flags)).map_err(|_| Errno::Inval)?;
    let how = u16::try_from(low(how)).map_err(|_| Errno::Inval)?;
    if flags & !fdflags::ALL != 0 || how & !oflags::ALL != 0 {
        return Err(Errno::Inval.into());
    }
    let directory = directory(ctx, low(fd), Rights::PATH_OPEN)?;
    let granted = ctx.fds.get(low(fd))?.inheriting;
    let base = Rights(base).intersection(granted);
    let request = Request {
        follow: low(lookup) & SYMLINK_FOLLOW != 0,
        directory: how & oflags::DIRECTORY != 0,
        open: Open {
            read: base.intersects(Rights::FD_READ.union(Rights::FD_READDIR)),
            write: base.contains(Rights::FD_WRITE),
            create: how & oflags::CREAT != 0,
            exclusive: how & oflags::EXCL != 0,
            truncate: how & oflags::TRUNC != 0,
            fdflags: flags,
        },
        granted,
        inheriting: Rights(inheriting).intersection(granted),
    };
    if !ctx.fds.has_room() {
        return Err(Errno::MFile.into());
    }
    let descriptor = open(directory, &path, &request)?;
    let opened = ctx.fds.insert(descriptor)?;
    write_u32(guest, low(out), opened)?;
    Ok(())
}

fn open(directory: &Directory, path: &GuestPath, request: &Request) -> Outcome<Descriptor> {
    let Open { write, create, exclusive, truncate, .. } = request.open;
    if request.directory && (create || exclusive || truncate) {
        return Err(Errno::Inval.into());
    }
    let (whole, must_be_dir) = path.whole()?;
    if create && path.ends_in_slash() {
        // A name with a trailing slash cannot be made a file.
        return Err(Errno::IsDir.into());
    }
    if request.directory || must_be_dir {
        let opened = open_directory(directory, path, whole, request.follow || must_be_dir, request);
        return match opened {
            Ok(_) if create && exclusive => Err(Errno::Exist.into()),
            Ok(_) if write || create || truncate => Err(Errno::IsDir.into()),
            other => other,
        };
    }
    if directory.writable {
        return open_file(directory, path, whole, &request.open, request);
    }
    open_unchangeable(directory, path, whole, request)
}

fn open_directory(
    directory: &Directory,
    path: &GuestPath,
    whole: &Path,
    follow: bool,
    request: &Request,
) -> Outcome<Descriptor> {
    if follow {
        let dir = sys::open_dir(&directory.dir, whole)?;
        return Ok(directory_descriptor(dir, directory.writable, request));
    }
    let place = path.place(&directory.dir)?;
    let dir = match place.name {
        Some(name) => match sys::open_dir_entry(&place.parent, name) {
            // Hosts call a link that is not to be followed either; one answer for all.
            Err(_) if place.look(name)? == Some(Filetype::SymbolicLink) => {
                return Err(Errno::Loop.into());
            }
            other => other?,
        },
        None => sys::open_dir(&directory.dir, whole)?,
    };
    Ok(directory_descriptor(dir, directory.writable, request))
}

fn directory_descriptor(dir: Dir, writable: bool, request: &Request) -> Descriptor {
    Descriptor {
        object: Object::Dir(Directory { dir, writable, preopen: None, listing: None }),
        filetype: Filetype::Directory,
        base: request.granted.intersection(Rights::DIR),
        inheriting: request.inheriting,
        flags: request.open.fdflags,
    }
}

fn open_file(
    directory: &Directory,
    path: &GuestPath,
    whole: &Path,
    open: &Open,
    request: &Request,
) -> Outcome<Descriptor> {
    let file = if request.follow {
        sys::open_follow(&directory.dir, whole, open)?
    } else {
        let place = path.place(&directory.dir)?;
        match place.name {
            Some(name) => sys::open_entry(&place.parent, name, open)?,
            None => sys::open_follow(&directory.dir, whole, open)?,
        }
    };
    let filetype = sys::filestat_of_file(&file)?.filetype;
    if filetype == Filetype::Directory {
        let dir = Dir::from_std_file(file);
        return Ok(directory_descriptor(dir, directory.writable, request));
    }
    let mut base = request.granted.intersection(Rights::FILE);
    if !request.open.read {
        base = base.without(Rights::FD_READ);
    }
    if !open.write {
        base = base.without(Rights::FILE_CONTENT);
    }
    if !directory.writable {
        base = base.without(Rights::FD_FILESTAT_SET_TIMES);
    }
    let seekable = matches!(filetype, Filetype::RegularFile | Filetype::BlockDevice);
    let object = if seekable {
        Object::File(file)
    } else {
        sys::set_blocking(&file)?;
        base = base.without(Rights::FD_SEEK.union(Rights::FD_TELL));
        Object::Stream(file)
    };
    Ok(Descriptor { object, filetype, base, inheriting: Rights::NONE, flags: open.fdflags })
}

/// Opens a file below a read-only directory: the host is only asked to read (invariant 2), and what
/// was wanted beyond that decides the error, as on a file system mounted read-only.
fn open_unchangeable(
    directory: &Directory,
    path: &GuestPath,
    whole: &Path,
    request: &Request,
) -> Outcome<Descriptor> {
    let wanted = request.open;
    let open = Open { read: true, fdflags: wanted.fdflags & !fdflags::APPEND, ..Open::default() };
    let found = match open_file(directory, path, whole, &open, request) {
        Err(Stop::Errno(Errno::NoEnt)) if wanted.create => return Err(Errno::RoFs.into()),
        other => other?,
    };
    if wanted.create && wanted.exclusive {
        return Err(Errno::Exist.into());
    }
    if wanted.write || wanted.truncate {
        let is_dir = found.filetype == Filetype::Directory;
        return Err(if is_dir { Errno::IsDir } else { Errno::RoFs }.into());
    }
    Ok(found)
}
