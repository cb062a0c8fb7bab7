//! `path_open`: guest path, flags and rights → a new descriptor.
//!
//! `fs_walk` finds the place. Invariants:
//! 1. Each action that the flags ask for needs its right ([`needed`]): to create, to cut, to
//!    synchronise.
//! 2. The rights asked for only decide whether the host file is opened for reading or writing;
//!    every other right is what the directory hands on and the kind of file can have, never more.
//!    (Rights asked for beyond that are left out silently: C libraries ask for all of them.)
//! 3. Below a read-only directory the host is only ever asked to read.
//! 4. Opening never waits: a FIFO without a writer is empty, without a reader refused.
//! 5. The content that is cut off is paid for before.
//!
//! `tests/wasi/sandbox.rs`, `tests/wasi/rights.rs` and the read-only test would notice a fault.

use crate::call::Call;
use crate::ctx::State;
use crate::fd_table::{Descriptor, Directory, Object};
use crate::fs_fd::cut;
use crate::fs_guard::refuse_inside;
use crate::fs_path::{follows, held};
use crate::fs_walk::{GuestPath, Place, resolve, resolve_to_change};
use crate::guest::{Outcome, Stop, low, probe, write_u32};
use crate::price::{self, CUT_PIECE_BYTES};
use crate::sys::{self, Open};
use crate::types::{Errno, Filetype, Rights, fdflags, oflags};
use cap_std::fs::Dir;
use std::ffi::OsStr;
use std::sync::Arc;

/// The rights that count where a guest asks for them; others are handed on in any case, as by
/// engines that know no rights.
const ASKED: Rights = Rights::FD_READ.union(Rights::FD_READDIR).union(Rights::FD_WRITE);

/// The parameters of a `path_open`.
struct Request {
    follow: bool,
    directory: bool,
    open: Open,
    /// The rights that the directory hands on.
    granted: Rights,
    inheriting: Rights,
}

/// `path_open(fd, dirflags, path, path_len, oflags, rights_base, rights_inheriting, fdflags,
/// opened_fd)`.
pub(crate) fn path_open(ctx: &State, call: &mut Call<'_>, args: [u64; 9]) -> Outcome {
    let [fd, lookup, ptr, len, how, base, inheriting, flags, out] = args;
    let path = GuestPath::read(call, low(ptr), low(len))?;
    probe(call, low(out), 4)?;
    let flags = u16::try_from(low(flags)).map_err(|_| Errno::Inval)?;
    let how = u16::try_from(low(how)).map_err(|_| Errno::Inval)?;
    if flags & !fdflags::ALL != 0 || how & !oflags::ALL != 0 {
        return Err(Errno::Inval.into());
    }
    let follow = follows(low(lookup))?;
    let parent = held(ctx, low(fd), Rights::PATH_OPEN)?;
    let directory = parent.directory()?;
    needed(&parent, how, flags)?;
    let granted = parent.inheriting;
    let base = Rights(base).intersection(granted);
    let request = Request {
        follow,
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
        inheriting: granted.without(ASKED).union(Rights(inheriting).intersection(granted)),
    };
    let descriptors_max = call.limits().max_resources;
    if !ctx.fds.has_room(descriptors_max) {
        return Err(Errno::MFile.into());
    }
    call.pay(if request.open.create { price::OPEN + price::CHANGE } else { price::OPEN })?;
    let descriptor = open(call, directory, &path, &request)?;
    let opened = ctx.fds.insert(descriptor, descriptors_max)?;
    write_u32(call, low(out), opened)?;
    Ok(())
}

/// The rights that the flags need besides `PATH_OPEN` (invariant 1).
///
/// The witx file names those of the directory itself. Cutting a file off is also writing to it,
/// which the directory must hand on.
fn needed(directory: &Descriptor, how: u16, flags: u16) -> Result<(), Errno> {
    let mut base = Rights::NONE;
    if how & oflags::CREAT != 0 {
        base = base.union(Rights::PATH_CREATE_FILE);
    }
    if how & oflags::TRUNC != 0 {
        base = base.union(Rights::PATH_FILESTAT_SET_SIZE);
        if !directory.inheriting.contains(Rights::FD_WRITE) {
            return Err(Errno::NotCapable);
        }
    }
    if flags & (fdflags::SYNC | fdflags::RSYNC) != 0 {
        base = base.union(Rights::FD_SYNC);
    }
    let dsync = Rights::FD_DATASYNC.union(Rights::FD_SYNC);
    if !directory.base.contains(base)
        || flags & fdflags::DSYNC != 0 && !directory.base.intersects(dsync)
    {
        return Err(Errno::NotCapable);
    }
    Ok(())
}

fn open(
    call: &mut Call<'_>,
    directory: &Directory,
    path: &GuestPath,
    request: &Request,
) -> Outcome<Descriptor> {
    let Open { create, exclusive, truncate, .. } = request.open;
    if request.directory && (create || exclusive || truncate) {
        return Err(Errno::Inval.into());
    }
    let (_, slash) = path.trimmed()?;
    if create && slash {
        // A name with a trailing slash cannot be made a file.
        return Err(Errno::IsDir.into());
    }
    // A file that must be new is not looked for behind a link.
    let follow = slash || request.follow && !(create && exclusive);
    let place = match create {
        true => resolve_to_change(call, &directory.dir, path, follow)?,
        false => resolve(call, &directory.dir, path, follow)?,
    };
    if create && place.slash {
        // The slash is one behind the target of a link.
        return Err(Errno::IsDir.into());
    }
    let opened = match place.name.clone() {
        None => as_directory(directory, request, place.parent.into_dir()?),
        Some(name) if request.directory || place.slash => {
            as_directory(directory, request, open_directory(&place, &name, follow)?)
        }
        Some(name) if directory.writable => open_file(call, directory, &place, &name, request),
        Some(name) => open_unchangeable(directory, &place, &name, request),
    }?;
    if let (Some(guarded), Object::Dir(opened)) = (call.guarded(), &*opened.object) {
        refuse_inside(guarded, &opened.dir)?;
    }
    Ok(opened)
}

/// A directory that was found, unless a file was asked for.
fn as_directory(directory: &Directory, request: &Request, dir: Dir) -> Outcome<Descriptor> {
    let Open { write, create, exclusive, truncate, .. } = request.open;
    if create && exclusive {
        return Err(Errno::Exist.into());
    }
    if write || create || truncate {
        return Err(Errno::IsDir.into());
    }
    Ok(directory_descriptor(dir, directory.writable, request))
}

fn open_directory(place: &Place<'_>, name: &OsStr, followed: bool) -> Outcome<Dir> {
    if followed {
        return Ok(sys::open_dir(&place.parent, name.as_ref())?);
    }
    match sys::open_dir_entry(&place.parent, name) {
        // Hosts call a link that is not to be followed either; one answer for all.
        Err(_) if place.kind(name)? == Some(Filetype::SymbolicLink) => Err(Errno::Loop.into()),
        other => Ok(other?),
    }
}

fn directory_descriptor(dir: Dir, writable: bool, request: &Request) -> Descriptor {
    Descriptor {
        object: Arc::new(Object::Dir(Directory::new(dir, writable, None))),
        filetype: Filetype::Directory,
        base: request.granted.intersection(Rights::DIR),
        inheriting: request.inheriting,
        flags: request.open.fdflags,
    }
}

fn open_file(
    call: &mut Call<'_>,
    directory: &Directory,
    place: &Place<'_>,
    name: &OsStr,
    request: &Request,
) -> Outcome<Descriptor> {
    if request.open.truncate {
        cut_content(call, place, name)?;
    }
    let file = sys::open_entry(&place.parent, name, &request.open)?;
    file_descriptor(directory, file, &request.open, request)
}

/// Pays for the content that opening is about to cut off, and cuts off most of it if it is much.
fn cut_content(call: &mut Call<'_>, place: &Place<'_>, name: &OsStr) -> Outcome {
    match place.look(name)? {
        Some(stat) if stat.filetype == Filetype::RegularFile => {
            if stat.size_bytes <= CUT_PIECE_BYTES {
                return Ok(call.pay(price::ATTRIBUTES + price::cut(stat.size_bytes))?);
            }
            let open = Open { write: true, ..Open::default() };
            cut(call, &sys::open_entry(&place.parent, name, &open)?, 0)
        }
        Some(_) | None => Ok(()),
    }
}

fn file_descriptor(
    directory: &Directory,
    file: std::fs::File,
    open: &Open,
    request: &Request,
) -> Outcome<Descriptor> {
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
    Ok(Descriptor {
        object: Arc::new(object),
        filetype,
        base,
        inheriting: Rights::NONE,
        flags: open.fdflags,
    })
}

/// Opens a file below a read-only directory: the host is only asked to read (invariant 3), and what
/// was wanted beyond that decides the error, as on a file system mounted read-only.
fn open_unchangeable(
    directory: &Directory,
    place: &Place<'_>,
    name: &OsStr,
    request: &Request,
) -> Outcome<Descriptor> {
    let wanted = request.open;
    let open = Open { read: true, fdflags: wanted.fdflags & !fdflags::APPEND, ..Open::default() };
    let found = match sys::open_entry(&place.parent, name, &open).map_err(Stop::from) {
        Err(Stop::Errno(Errno::NoEnt)) if wanted.create => return Err(Errno::RoFs.into()),
        other => file_descriptor(directory, other?, &open, request)?,
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
