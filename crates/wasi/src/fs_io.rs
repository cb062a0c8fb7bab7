//! Moving bytes: `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`.
//!
//! Guest vectors ⇄ descriptor, without a copy and without allocation. Invariants:
//! 1. The descriptor and all guest pointers are checked before the first byte moves. Vectors are
//!    checked again when they are used, because a read may overwrite them.
//! 2. After some bytes have moved, an error ends the call with success and their number, as on
//!    POSIX.
//! 3. A stream is asked once per read, so that a call never waits with data in hand.
//! 4. With a deadline, a host stream is only read or written after `poll` called it ready, a write
//!    then in pieces of at most [`sys::STREAM_CHUNK_BYTES_MAX`].
//!
//! Work is charged before a write, after a read (by bytes moved). Limit: a descriptor that appends
//! also appends on `fd_pwrite` where the host does so (Linux).

use crate::ctx::WasiCtx;
use crate::fd_table::{Descriptor, Object};
use crate::guest::{
    Exit, Guest, Iovec, Iovecs, Outcome, Stop, bytes, bytes_mut, index, low, probe, write_u32,
};
use crate::sys;
use crate::types::{Errno, Filetype, Rights, fdflags};
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::time::Instant;

/// Vectors handed to the host at a time.
const BATCH_VECTORS: usize = 16;

/// `fd_read(fd, iovs, iovs_len, nread)`.
pub(crate) fn fd_read(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 4]) -> Outcome {
    let [fd, iovs, count, out] = args.map(low);
    let descriptor = ctx.fds.get_mut(fd)?;
    let vectors = start(descriptor, Rights::FD_READ, guest, iovs, count, out)?;
    let nonblocking = descriptor.flags & fdflags::NONBLOCK != 0;
    let deadline = guest.deadline();
    let memory = guest.memory();
    let moved = match &mut descriptor.object {
        Object::File(file) => read_file(memory, vectors, file)?,
        Object::Stream(file) => read(memory, vectors, true, &mut |buffer, _| {
            read_stream(file, buffer, nonblocking, deadline)
        })?,
        Object::Reader(source) => {
            read(memory, vectors, true, &mut |buffer, _| Ok(source.read(buffer)?))?
        }
        Object::Dir(_) | Object::Writer(_) => return Err(Errno::Badf.into()),
    };
    guest.charge(moved)?;
    finish(guest, out, moved)
}

/// `fd_pread(fd, iovs, iovs_len, offset, nread)`.
pub(crate) fn fd_pread(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 5]) -> Outcome {
    let [fd, iovs, count, offset, out] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    let vectors = start(descriptor, Rights::FD_READ, guest, low(iovs), low(count), low(out))?;
    let file = positioned(descriptor)?;
    let moved = read(guest.memory(), vectors, false, &mut |buffer, done| {
        Ok(sys::read_at(file, buffer, position(offset, done)?)?)
    })?;
    guest.charge(moved)?;
    finish(guest, low(out), moved)
}

/// `fd_write(fd, iovs, iovs_len, nwritten)`.
pub(crate) fn fd_write(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 4]) -> Outcome {
    let [fd, iovs, count, out] = args.map(low);
    let descriptor = ctx.fds.get_mut(fd)?;
    let vectors = start(descriptor, Rights::FD_WRITE, guest, iovs, count, out)?;
    // A file that was granted as a stream never waits.
    let waits = descriptor.filetype != Filetype::RegularFile;
    let nonblocking = waits && descriptor.flags & fdflags::NONBLOCK != 0;
    let deadline = guest.deadline().filter(|_| waits);
    let memory = guest.memory();
    let moved = match &mut descriptor.object {
        Object::File(file) => {
            write(memory, vectors, &mut |slices, _| Ok(write_slices(file, slices)?))?
        }
        Object::Stream(file) => write(memory, vectors, &mut |slices, _| {
            write_stream(file, slices, nonblocking, deadline)
        })?,
        Object::Writer(sink) => {
            write(memory, vectors, &mut |slices, _| write_sink(sink.as_mut(), slices))?
        }
        Object::Dir(_) | Object::Reader(_) => return Err(Errno::Badf.into()),
    };
    finish(guest, out, moved)
}

/// `fd_pwrite(fd, iovs, iovs_len, offset, nwritten)`.
pub(crate) fn fd_pwrite(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 5]) -> Outcome {
    let [fd, iovs, count, offset, out] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    let vectors = start(descriptor, Rights::FD_WRITE, guest, low(iovs), low(count), low(out))?;
    let file = positioned(descriptor)?;
    let moved = write(guest.memory(), vectors, &mut |slices, done| {
        let mut moved: u64 = 0;
        for slice in slices {
            let at = position(offset, done.saturating_add(moved))?;
            match sys::write_at(file, slice, at) {
                Ok(count) => {
                    moved += count as u64;
                    if count < slice.len() {
                        break;
                    }
                }
                Err(_) if moved > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(moved as usize)
    })?;
    finish(guest, low(out), moved)
}

/// The checks and charges that come before any byte moves (invariant 1).
fn start(
    descriptor: &Descriptor,
    rights: Rights,
    guest: &mut dyn Guest,
    iovs: u32,
    count: u32,
    out: u32,
) -> Outcome<Iovecs> {
    descriptor.need(rights)?;
    probe(guest, out, 4)?;
    let (vectors, total) = Iovecs::check(guest.memory(), iovs, count)?;
    let writes = rights.intersects(Rights::FD_WRITE);
    guest.charge(1 + u64::from(count) + if writes { total } else { 0 })?;
    Ok(vectors)
}

/// Writes the number of bytes moved; a read that overwrote its own vectors may have moved more than
/// fits.
fn finish(guest: &mut dyn Guest, out: u32, moved: u64) -> Outcome {
    write_u32(guest, out, u32::try_from(moved).unwrap_or(u32::MAX))?;
    Ok(())
}

/// The file of a descriptor that can be read and written at any position.
fn positioned(descriptor: &Descriptor) -> Result<&File, Errno> {
    match &descriptor.object {
        Object::File(file) => descriptor.need(Rights::FD_SEEK).map(|()| file),
        Object::Stream(_) | Object::Reader(_) | Object::Writer(_) => Err(Errno::SPipe),
        Object::Dir(_) => Err(Errno::Badf),
    }
}

/// The position `done` bytes after `offset`, which must be inside the host's signed range.
fn position(offset: u64, done: u64) -> Result<u64, Errno> {
    let at = offset.checked_add(done).ok_or(Errno::Inval)?;
    if i64::try_from(at).is_ok() { Ok(at) } else { Err(Errno::Inval) }
}

/// Repeats a host call while signals interrupt it.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Fills the vectors in order through `source(buffer, bytes moved before)` until one comes back
/// short, or after the first if `once`.
fn read(
    memory: &mut [u8],
    vectors: Iovecs,
    once: bool,
    source: &mut dyn FnMut(&mut [u8], u64) -> Outcome<usize>,
) -> Outcome<u64> {
    let mut moved: u64 = 0;
    for n in 0..vectors.count() {
        let vector = vectors.get(memory, n)?;
        if vector.len == 0 {
            continue;
        }
        let buffer = bytes_mut(memory, vector.ptr, vector.len)?;
        let count = loop {
            match source(buffer, moved) {
                Ok(count) => break count,
                Err(Stop::Errno(Errno::Intr)) => {}
                Err(Stop::Errno(_)) if moved > 0 => return Ok(moved),
                Err(stop) => return Err(stop),
            }
        };
        moved += count as u64;
        if once || count < index(vector.len) {
            break;
        }
    }
    Ok(moved)
}

/// Fills the vectors from a file; the usual case of one or two disjoint vectors is one system call.
fn read_file(memory: &mut [u8], vectors: Iovecs, mut file: &File) -> Outcome<u64> {
    if vectors.count() == 2 {
        let range = |v: Iovec| index(v.ptr)..index(v.ptr).saturating_add(index(v.len));
        let ranges = [range(vectors.get(memory, 0)?), range(vectors.get(memory, 1)?)];
        if let Ok([first, second]) = memory.get_disjoint_mut(ranges) {
            let mut slices = [IoSliceMut::new(first), IoSliceMut::new(second)];
            return Ok(retry(|| file.read_vectored(&mut slices))? as u64);
        }
    }
    read(memory, vectors, false, &mut |buffer, _| Ok(file.read(buffer)?))
}

/// Hands the vectors to `sink(slices, bytes moved before)` in batches until one comes back short.
fn write(
    memory: &[u8],
    vectors: Iovecs,
    sink: &mut dyn FnMut(&[IoSlice<'_>], u64) -> Outcome<usize>,
) -> Outcome<u64> {
    let mut moved: u64 = 0;
    let mut next = 0;
    while next < vectors.count() {
        let mut slices = [IoSlice::new(&[]); BATCH_VECTORS];
        let (mut used, mut wanted) = (0, 0);
        for slot in &mut slices {
            if next == vectors.count() {
                break;
            }
            let vector = vectors.get(memory, next)?;
            *slot = IoSlice::new(bytes(memory, vector.ptr, vector.len)?);
            (next, used, wanted) = (next + 1, used + 1, wanted + slot.len());
        }
        if wanted == 0 {
            continue;
        }
        let batch = slices.get(..used).unwrap_or_default();
        let count = loop {
            match sink(batch, moved) {
                Ok(count) => break count,
                Err(Stop::Errno(Errno::Intr)) => {}
                Err(Stop::Errno(_)) if moved > 0 => return Ok(moved),
                Err(stop) => return Err(stop),
            }
        };
        moved += count as u64;
        if count < wanted {
            break;
        }
    }
    Ok(moved)
}

fn write_slices(mut file: &File, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    match slices {
        [only] => file.write(only),
        several => file.write_vectored(several),
    }
}

/// Writes all slices to a sink of the embedder and flushes it, so that the user sees them at once.
fn write_sink(sink: &mut dyn Write, slices: &[IoSlice<'_>]) -> Outcome<usize> {
    let mut moved = 0;
    for slice in slices {
        match sink.write_all(slice) {
            Ok(()) => moved += slice.len(),
            Err(_) if moved > 0 => break,
            Err(error) => return Err(error.into()),
        }
    }
    sink.flush()?;
    Ok(moved)
}

/// Waits until the stream is ready; fails at once if it is not and the guest does not want to wait.
fn wait(file: &File, write: bool, nonblocking: bool, deadline: Option<Instant>) -> Outcome {
    loop {
        let timeout = match (nonblocking, deadline) {
            (true, _) => Some(std::time::Duration::ZERO),
            (false, Some(deadline)) => Some(deadline.saturating_duration_since(Instant::now())),
            (false, None) => None,
        };
        if sys::wait_one(file, write, timeout)? {
            return Ok(());
        }
        if nonblocking {
            return Err(Errno::Again.into());
        }
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(Exit::Timeout.into());
        }
    }
}

fn read_stream(
    mut file: &File,
    buffer: &mut [u8],
    nonblocking: bool,
    deadline: Option<Instant>,
) -> Outcome<usize> {
    if nonblocking || deadline.is_some() {
        wait(file, false, nonblocking, deadline)?;
    }
    loop {
        match retry(|| file.read(buffer)) {
            Ok(count) => return Ok(count),
            // The host's side of the stream does not wait, although the guest's does.
            Err(error) if error.kind() == ErrorKind::WouldBlock && !nonblocking => {
                wait(file, false, false, deadline)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn write_stream(
    mut file: &File,
    slices: &[IoSlice<'_>],
    nonblocking: bool,
    deadline: Option<Instant>,
) -> Outcome<usize> {
    if !nonblocking && deadline.is_none() {
        loop {
            match retry(|| write_slices(file, slices)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    wait(file, true, false, None)?
                }
                other => return Ok(other?),
            }
        }
    }
    let mut moved = 0;
    for chunk in slices.iter().flat_map(|slice| slice.chunks(sys::STREAM_CHUNK_BYTES_MAX)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let result = wait(file, true, nonblocking, deadline)
                .and_then(|()| Ok(retry(|| file.write(rest))?));
            match result {
                Ok(count) => {
                    moved += count;
                    rest = rest.get(count..).unwrap_or_default();
                }
                Err(Stop::Errno(Errno::Again)) if !nonblocking => {}
                Err(Stop::Errno(_)) if moved > 0 => return Ok(moved),
                Err(stop) => return Err(stop),
            }
        }
    }
    Ok(moved)
}
