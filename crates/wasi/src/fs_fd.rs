//! Calls on open descriptors that neither move bytes nor list: attributes, positions, rights,
//! closing.
//!
//! Descriptor number → host call → guest structure. Invariants:
//! 1. Each call asks [`Descriptor::need`] for its right before it acts.
//! 2. Every change of a file besides its content (its times) also asks for the right, which a
//!    read-only directory never hands on; content is protected by the host's access mode as well.
//! 3. Work that grows with a length (to allocate, to cut off, advice) is paid before, and done in
//!    pieces between which the guest's deadline is tested; an interrupt leaves some pieces done.
//!
//! Limit: `fd_sync` and `fd_datasync` are one call of the host, which may take its time.

use crate::call::Call;
use crate::ctx::State;
use crate::fd_table::{Descriptor, Object};
use crate::guest::{Outcome, low, probe, write, write_u64};
use crate::price::{self, ALLOCATE_PIECE_BYTES, CUT_PIECE_BYTES};
use crate::sys::{self, Advice, SetTime};
use crate::types::{Errno, Fdstat, Filestat, Rights, fdflags, fstflags};
use std::fs::File;
use std::io::{Seek, SeekFrom};

/// The file behind a descriptor that has a position.
fn file(descriptor: &Descriptor) -> Result<&File, Errno> {
    match &*descriptor.object {
        Object::File(file) => Ok(file),
        Object::Stream(_)
        | Object::Reader(_)
        | Object::Writer(_)
        | Object::Listener(_)
        | Object::Connection(_) => Err(Errno::SPipe),
        Object::Dir(_) => Err(Errno::Badf),
    }
}

/// `fd_advise(fd, offset, len, advice)`.
pub(crate) fn fd_advise(ctx: &State, call: &mut Call<'_>, args: [u64; 4]) -> Outcome {
    let [fd, offset, len, advice] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    let file = file(&descriptor)?;
    descriptor.need(Rights::FD_ADVISE)?;
    let advice = match low(advice) {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::Inval.into()),
    };
    let end = range_end(offset, len)?.cast_unsigned();
    if !matches!(advice, Advice::WillNeed | Advice::DontNeed) {
        return Ok(sys::advise(file, offset, len, advice)?);
    }
    // Only these two are work, on the part of the range that the file has; no length is its rest.
    let size_bytes = file.metadata()?.len();
    let end = if len == 0 { size_bytes } else { end.min(size_bytes) };
    call.pay(price::advised(end.saturating_sub(offset)))?;
    let mut at = offset;
    while at < end {
        let piece = CUT_PIECE_BYTES.min(end - at);
        sys::advise(file, at, piece, advice)?;
        at += piece;
        call.poll()?;
    }
    Ok(())
}

/// `fd_allocate(fd, offset, len)`.
pub(crate) fn fd_allocate(ctx: &State, call: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [fd, offset, len] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    let file = file(&descriptor)?;
    needs_writing(&descriptor, Rights::FD_ALLOCATE, Errno::Badf)?;
    range_end(offset, len)?;
    if len == 0 {
        return Err(Errno::Inval.into());
    }
    call.pay(price::ATTRIBUTES + price::allocated(len))?;
    if len > ALLOCATE_PIECE_BYTES {
        // A length that cannot be had fails before any of it is taken.
        let known_bytes = offset.max(file.metadata()?.len());
        let new_bytes = (offset + len).saturating_sub(known_bytes);
        if sys::free_bytes(file).is_some_and(|free_bytes| free_bytes < new_bytes) {
            return Err(Errno::NoSpc.into());
        }
    }
    let mut done = 0;
    while done < len {
        let piece = ALLOCATE_PIECE_BYTES.min(len - done);
        sys::allocate(file, offset + done, piece)?;
        done += piece;
        call.poll()?;
    }
    Ok(())
}

/// Fails unless the descriptor has `rights`, for a change of a file's content: with POSIX's error
/// where it is not open for writing at all.
fn needs_writing(descriptor: &Descriptor, rights: Rights, unwritable: Errno) -> Result<(), Errno> {
    if descriptor.base.intersects(Rights::FD_WRITE) {
        return descriptor.need(rights);
    }
    descriptor.need(rights).map_err(|_| unwritable)
}

/// The end of a range, which must be inside the host's signed range.
fn range_end(offset: u64, len: u64) -> Result<i64, Errno> {
    offset.checked_add(len).and_then(|end| i64::try_from(end).ok()).ok_or(Errno::Inval)
}

/// `fd_close(fd)`.
pub(crate) fn fd_close(ctx: &State, _: &mut Call<'_>, args: [u64; 1]) -> Outcome {
    Ok(ctx.fds.close(low(args[0]))?)
}

/// `fd_renumber(fd, to)`.
pub(crate) fn fd_renumber(ctx: &State, _: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [from, to] = args.map(low);
    Ok(ctx.fds.renumber(from, to)?)
}

/// `fd_datasync(fd)`.
pub(crate) fn fd_datasync(ctx: &State, call: &mut Call<'_>, args: [u64; 1]) -> Outcome {
    synchronize(ctx, call, low(args[0]), Rights::FD_DATASYNC, File::sync_data)
}

/// `fd_sync(fd)`.
pub(crate) fn fd_sync(ctx: &State, call: &mut Call<'_>, args: [u64; 1]) -> Outcome {
    synchronize(ctx, call, low(args[0]), Rights::FD_SYNC, File::sync_all)
}

fn synchronize(
    ctx: &State,
    call: &mut Call<'_>,
    fd: u32,
    rights: Rights,
    sync: fn(&File) -> std::io::Result<()>,
) -> Outcome {
    let descriptor = ctx.fds.get(fd)?;
    descriptor.need(rights)?;
    call.pay(price::SYNC)?;
    match &*descriptor.object {
        Object::File(file) => Ok(sync(file)?),
        Object::Dir(directory) => Ok(sys::sync_dir(&directory.dir)?),
        // Nothing is held back from a stream.
        Object::Stream(_)
        | Object::Reader(_)
        | Object::Writer(_)
        | Object::Listener(_)
        | Object::Connection(_) => Ok(()),
    }
}

/// `fd_fdstat_get(fd, stat)`.
pub(crate) fn fd_fdstat_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [fd, out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let stat = Fdstat {
        filetype: descriptor.filetype,
        flags: descriptor.flags,
        base: descriptor.base,
        inheriting: descriptor.inheriting,
    };
    Ok(write(call, out, &stat.encode())?)
}

/// `fd_fdstat_set_flags(fd, flags)`. Only appending and not waiting can be changed after opening.
pub(crate) fn fd_fdstat_set_flags(ctx: &State, _: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [fd, flags] = args.map(low);
    ctx.fds.change(fd, |descriptor| set_flags(descriptor, flags))
}

fn set_flags(descriptor: &mut Descriptor, flags: u32) -> Outcome {
    descriptor.need(Rights::FD_FDSTAT_SET_FLAGS)?;
    let flags = u16::try_from(flags).map_err(|_| Errno::Inval)?;
    if flags & !fdflags::ALL != 0 {
        return Err(Errno::Inval.into());
    }
    let changed = flags ^ descriptor.flags;
    if changed & !(fdflags::APPEND | fdflags::NONBLOCK) != 0 {
        return Err(Errno::NotSup.into());
    }
    if flags & fdflags::APPEND != 0
        && matches!(*descriptor.object, Object::Listener(_) | Object::Connection(_))
    {
        return Err(Errno::Inval.into());
    }
    if changed & fdflags::APPEND != 0
        && let Object::File(file) = &*descriptor.object
    {
        sys::set_append(file, flags & fdflags::APPEND != 0)?;
    }
    descriptor.flags = flags;
    Ok(())
}

/// `fd_fdstat_set_rights(fd, base, inheriting)`. Rights only shrink.
pub(crate) fn fd_fdstat_set_rights(ctx: &State, _: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [fd, base, inheriting] = args;
    let (base, inheriting) = (Rights(base), Rights(inheriting));
    ctx.fds.change(low(fd), |descriptor| {
        if !descriptor.base.contains(base) || !descriptor.inheriting.contains(inheriting) {
            return Err(Errno::NotCapable.into());
        }
        (descriptor.base, descriptor.inheriting) = (base, inheriting);
        Ok(())
    })
}

/// `fd_filestat_get(fd, stat)`.
pub(crate) fn fd_filestat_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [fd, out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    descriptor.need(Rights::FD_FILESTAT_GET)?;
    let stat = match &*descriptor.object {
        Object::File(file) | Object::Stream(file) => sys::filestat_of_file(file)?,
        Object::Dir(directory) => sys::filestat_of_dir(&directory.dir)?,
        Object::Reader(_) | Object::Writer(_) | Object::Listener(_) | Object::Connection(_) => {
            Filestat {
                dev: 0,
                ino: 0,
                filetype: descriptor.filetype,
                nlink: 1,
                size_bytes: 0,
                atim_ns: 0,
                mtim_ns: 0,
                ctim_ns: 0,
            }
        }
    };
    Ok(write(call, out, &stat.encode())?)
}

/// `fd_filestat_set_size(fd, size)`.
pub(crate) fn fd_filestat_set_size(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [fd, size_bytes] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    let unwritable = match *descriptor.object {
        Object::File(_) => Errno::Inval,
        Object::Stream(_)
        | Object::Dir(_)
        | Object::Reader(_)
        | Object::Writer(_)
        | Object::Listener(_)
        | Object::Connection(_) => Errno::Badf,
    };
    needs_writing(&descriptor, Rights::FD_FILESTAT_SET_SIZE, unwritable)?;
    range_end(size_bytes, 0)?;
    let file = file(&descriptor)?;
    cut(call, file, size_bytes)?;
    Ok(file.set_len(size_bytes)?)
}

/// Pays for what setting the size cuts off, and brings the file down to the last piece of that.
pub(crate) fn cut(call: &mut Call<'_>, file: &File, size_bytes: u64) -> Outcome {
    let mut now_bytes = file.metadata()?.len();
    call.pay(price::ATTRIBUTES + price::cut(now_bytes.saturating_sub(size_bytes)))?;
    while now_bytes.saturating_sub(size_bytes) > CUT_PIECE_BYTES {
        now_bytes -= CUT_PIECE_BYTES.max((now_bytes - size_bytes) / 1024);
        file.set_len(now_bytes)?;
        call.poll()?;
    }
    Ok(())
}

/// `fd_filestat_set_times(fd, atim, mtim, fst_flags)`.
pub(crate) fn fd_filestat_set_times(ctx: &State, call: &mut Call<'_>, args: [u64; 4]) -> Outcome {
    let [fd, atim, mtim, flags] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    descriptor.need(Rights::FD_FILESTAT_SET_TIMES)?;
    let (access, modification) = times(atim, mtim, low(flags))?;
    call.pay(price::ATTRIBUTES)?;
    match &*descriptor.object {
        Object::File(file) => Ok(sys::set_times(file, access, modification)?),
        Object::Dir(directory) if directory.writable => {
            Ok(sys::set_times_dir(&directory.dir, access, modification)?)
        }
        Object::Dir(_) => Err(Errno::RoFs.into()),
        Object::Stream(_)
        | Object::Reader(_)
        | Object::Writer(_)
        | Object::Listener(_)
        | Object::Connection(_) => Err(Errno::Badf.into()),
    }
}

/// The settings of the two times of a file, by preview 1 flags.
pub(crate) fn times(atim: u64, mtim: u64, flags: u32) -> Result<(SetTime, SetTime), Errno> {
    let flags = u16::try_from(flags).map_err(|_| Errno::Inval)?;
    if flags & !fstflags::ALL != 0 {
        return Err(Errno::Inval);
    }
    let one = |given, now, ns| match (flags & given != 0, flags & now != 0) {
        (false, false) => Ok(SetTime::Omit),
        (true, false) => Ok(SetTime::At(ns)),
        (false, true) => Ok(SetTime::Now),
        (true, true) => Err(Errno::Inval),
    };
    let access = one(fstflags::ATIM, fstflags::ATIM_NOW, atim)?;
    Ok((access, one(fstflags::MTIM, fstflags::MTIM_NOW, mtim)?))
}

/// `fd_prestat_get(fd, prestat)`.
pub(crate) fn fd_prestat_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [fd, out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let name = preopen_name(&descriptor)?;
    let len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
    probe(call, out, 8)?;
    // The tag of a directory is 0.
    write_u64(call, out, u64::from(len) << 32)?;
    Ok(())
}

/// `fd_prestat_dir_name(fd, path, path_len)`.
pub(crate) fn fd_prestat_dir_name(ctx: &State, call: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [fd, out, len] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let name = preopen_name(&descriptor).map_err(|_| Errno::NotDir)?;
    call.pay(name.len() as u64)?;
    if name.len() > crate::guest::index(len) {
        return Err(Errno::NameTooLong.into());
    }
    Ok(write(call, out, name)?)
}

/// C libraries take the first `EBADF` as the end of the preopened directories.
fn preopen_name(descriptor: &Descriptor) -> Result<&[u8], Errno> {
    match descriptor.directory() {
        Ok(directory) => directory.preopen.as_deref().ok_or(Errno::Badf),
        Err(_) => Err(Errno::Badf),
    }
}

/// `fd_seek(fd, offset, whence, newoffset)`.
pub(crate) fn fd_seek(ctx: &State, call: &mut Call<'_>, args: [u64; 4]) -> Outcome {
    let [fd, offset, whence, out] = args;
    probe(call, low(out), 8)?;
    let descriptor = ctx.fds.get(low(fd))?;
    let mut file = file(&descriptor)?;
    let offset = offset.cast_signed();
    let target = match low(whence) {
        0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        _ => return Err(Errno::Inval.into()),
    };
    if target == SeekFrom::Current(0) {
        may_tell(&descriptor)?;
    } else {
        descriptor.need(Rights::FD_SEEK)?;
    }
    let position = file.seek(target)?;
    write_u64(call, low(out), position)?;
    Ok(())
}

/// Asking for the position needs less than moving it: one right or the other.
fn may_tell(descriptor: &Descriptor) -> Result<(), Errno> {
    descriptor.need(Rights::FD_SEEK).or_else(|_| descriptor.need(Rights::FD_TELL))
}

/// `fd_tell(fd, offset)`.
pub(crate) fn fd_tell(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [fd, out] = args.map(low);
    probe(call, out, 8)?;
    let descriptor = ctx.fds.get(fd)?;
    let mut file = file(&descriptor)?;
    may_tell(&descriptor)?;
    let position = file.stream_position()?;
    write_u64(call, out, position)?;
    Ok(())
}
