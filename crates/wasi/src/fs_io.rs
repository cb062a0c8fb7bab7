//! Moving bytes: `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`.
//!
//! Guest vectors ⇄ descriptor, without a copy and without allocation where no other thread has the
//! memory. Invariants:
//! 1. The descriptor and all guest pointers are checked before the first byte moves. Vectors are
//!    read once: threads may overwrite them, and so may the read itself.
//! 2. After some bytes have moved, an error ends the call with success and their number, as on
//!    POSIX. An interrupt or the end of the fuel ends the guest; what has moved stays moved.
//! 3. The host gets at most [`PIECE_BYTES`] at a time, and between two pieces the guest's deadline
//!    is tested. A stream is asked once per read, so that a call never waits with data in hand.
//! 4. A guest that can be interrupted only reads or writes a host stream after `poll` called it
//!    ready, a write then in pieces of at most [`sys::STREAM_CHUNK_BYTES_MAX`].
//!    Threads of one guest take turns for a ready stream.
//! 5. A call moves at most what [`crate::WasiLimits::hostcall_fuel`] leaves it.
//!
//! A write is paid before it begins, a read piece by piece. Limits: a descriptor that appends also
//! appends on `fd_pwrite` where the host does so (Linux); what another process writes to a file at
//! the same time may come between two pieces.

use crate::call::Call;
use crate::ctx::State;
use crate::fd_table::{Descriptor, Object, lock};
use crate::guest::{Iovec, Iovecs, Outcome, Stop, index, low, probe, write_u32};
use crate::price::{self, PIECE_BYTES};
use crate::sock::{Receive, receive, send};
use crate::sys;
use crate::types::{Errno, Filetype, Rights, fdflags};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// The job of a call: its vectors, and the greatest number of bytes to move.
pub(crate) struct Transfer {
    pub(crate) vectors: Iovecs,
    pub(crate) bytes_max: u64,
}

/// `fd_read(fd, iovs, iovs_len, nread)`.
pub(crate) fn fd_read(ctx: &State, call: &mut Call<'_>, args: [u64; 4]) -> Outcome {
    let [fd, iovs, count, out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let transfer = &start(&descriptor, Rights::FD_READ, call, iovs, count, out)?;
    let nonblocking = descriptor.flags & fdflags::NONBLOCK != 0;
    let moved = match &*descriptor.object {
        Object::File(file) => read_file(call, transfer, file)?,
        Object::Stream(file) => read_stream(call, transfer, (file, &ctx.turns), nonblocking)?,
        Object::Reader(source) => read_source(call, transfer, lock(source).as_mut())?,
        Object::Connection(stream) => {
            receive(call, transfer, stream, Receive { nonblocking, ..Receive::default() })?
        }
        Object::Listener(_) => return Err(Errno::NotConn.into()),
        Object::Dir(_) | Object::Writer(_) => return Err(Errno::Badf.into()),
    };
    finish(call, out, moved)
}

/// `fd_pread(fd, iovs, iovs_len, offset, nread)`.
pub(crate) fn fd_pread(ctx: &State, call: &mut Call<'_>, args: [u64; 5]) -> Outcome {
    let [fd, iovs, count, offset, out] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    if matches!(*descriptor.object, Object::File(_)) {
        position(offset, 0)?;
    }
    let transfer = &start(&descriptor, Rights::FD_READ, call, low(iovs), low(count), low(out))?;
    let file = positioned(&descriptor)?;
    let moved = read(call, transfer, &mut |buffer, done| {
        Ok(sys::read_at(file, buffer, position(offset, done)?)?)
    })?;
    finish(call, low(out), moved)
}

/// `fd_write(fd, iovs, iovs_len, nwritten)`.
pub(crate) fn fd_write(ctx: &State, call: &mut Call<'_>, args: [u64; 4]) -> Outcome {
    let [fd, iovs, count, out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let transfer = &start(&descriptor, Rights::FD_WRITE, call, iovs, count, out)?;
    pay_write(call, &descriptor, transfer)?;
    let nonblocking = descriptor.flags & fdflags::NONBLOCK != 0;
    // A file that was granted as a stream never waits.
    let waits = descriptor.filetype != Filetype::RegularFile;
    let moved = match &*descriptor.object {
        Object::Stream(file) if waits => {
            write_stream(call, transfer, (file, &ctx.turns), nonblocking)?
        }
        Object::File(file) | Object::Stream(file) => {
            write(call, transfer, &mut |slices, _| Ok(write_slices(file, slices)?))?
        }
        Object::Writer(sink) => {
            write(call, transfer, &mut |slices, _| write_sink(lock(sink).as_mut(), slices))?
        }
        Object::Connection(stream) => send(call, transfer, stream, nonblocking)?,
        Object::Listener(_) => return Err(Errno::NotConn.into()),
        Object::Dir(_) | Object::Reader(_) => return Err(Errno::Badf.into()),
    };
    finish(call, out, moved)
}

/// `fd_pwrite(fd, iovs, iovs_len, offset, nwritten)`.
pub(crate) fn fd_pwrite(ctx: &State, call: &mut Call<'_>, args: [u64; 5]) -> Outcome {
    let [fd, iovs, count, offset, out] = args;
    let descriptor = ctx.fds.get(low(fd))?;
    if matches!(*descriptor.object, Object::File(_)) {
        position(offset, 0)?;
    }
    let transfer = &start(&descriptor, Rights::FD_WRITE, call, low(iovs), low(count), low(out))?;
    pay_write(call, &descriptor, transfer)?;
    let file = positioned(&descriptor)?;
    let moved = write(call, transfer, &mut |slices, done| {
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
    finish(call, low(out), moved)
}

/// The checks that come before any byte moves (invariant 1), and the price of the vectors.
pub(crate) fn start(
    descriptor: &Descriptor,
    rights: Rights,
    call: &mut Call<'_>,
    iovs: u32,
    count: u32,
    out: u32,
) -> Outcome<Transfer> {
    descriptor.need(rights)?;
    probe(call, out, 4)?;
    call.pay(price::VECTOR * u64::from(count.min(crate::limits::IOVECS_MAX)))?;
    let (vectors, total) = Iovecs::read(call, iovs, count)?;
    call.hold(vectors.array_bytes())?;
    Ok(Transfer { vectors, bytes_max: call.hold_part(total)? })
}

/// The price of what is to be written, and of waiting for the device where each write does that.
pub(crate) fn pay_write(
    call: &mut Call<'_>,
    descriptor: &Descriptor,
    transfer: &Transfer,
) -> Outcome {
    let waits = descriptor.flags & (fdflags::SYNC | fdflags::DSYNC | fdflags::RSYNC) != 0;
    let sync = if waits && transfer.bytes_max > 0 { price::SYNC } else { 0 };
    Ok(call.pay(transfer.bytes_max + sync)?)
}

/// Writes the number of bytes moved, which is at most the sum that [`Iovecs::read`] found.
pub(crate) fn finish(call: &mut Call<'_>, out: u32, moved: u64) -> Outcome {
    write_u32(call, out, u32::try_from(moved).unwrap_or(u32::MAX))?;
    Ok(())
}

/// The file of a descriptor that can be read and written at any position.
fn positioned(descriptor: &Descriptor) -> Result<&File, Errno> {
    match &*descriptor.object {
        Object::File(file) => descriptor.need(Rights::FD_SEEK).map(|()| file),
        Object::Stream(_)
        | Object::Reader(_)
        | Object::Writer(_)
        | Object::Listener(_)
        | Object::Connection(_) => Err(Errno::SPipe),
        Object::Dir(_) => Err(Errno::Badf),
    }
}

/// The position `done` bytes after `offset`, which must be inside the host's signed range.
fn position(offset: u64, done: u64) -> Result<u64, Errno> {
    let at = offset.checked_add(done).ok_or(Errno::Inval)?;
    if i64::try_from(at).is_ok() { Ok(at) } else { Err(Errno::Inval) }
}

/// Repeats a host call while signals interrupt it.
pub(crate) fn retry<T>(mut call: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    loop {
        match call() {
            Err(Stop::Errno(Errno::Intr)) => {}
            other => return other,
        }
    }
}

/// The smaller of what is left of a vector, of the transfer, and of a piece.
pub(crate) fn piece(vector_left: u32, transfer_left: u64) -> u32 {
    let left = transfer_left.min(PIECE_BYTES as u64);
    // At most `vector_left`.
    left.min(u64::from(vector_left)) as u32
}

/// Fills the vectors in order through `source(buffer, bytes moved before)`, piece by piece, until
/// one comes back short.
fn read(
    call: &mut Call<'_>,
    transfer: &Transfer,
    source: &mut dyn FnMut(&mut [u8], u64) -> Outcome<usize>,
) -> Outcome<u64> {
    let Transfer { vectors, bytes_max } = transfer;
    let mut moved: u64 = 0;
    for vector in vectors.all() {
        let mut done = 0;
        while done < vector.len && moved < *bytes_max {
            let wanted = piece(vector.len - done, *bytes_max - moved);
            let count = part(call, *vector, done, wanted, |room| retry(|| source(room, moved)));
            let count = match count {
                Err(Stop::Errno(_)) if moved > 0 => return Ok(moved),
                other => other?,
            };
            moved += count as u64;
            call.pay(count as u64)?;
            if count < index(wanted) {
                return Ok(moved);
            }
            done += wanted;
        }
    }
    Ok(moved)
}

/// Lets `source` fill the part `done..done + wanted` of a vector, and gives how much it filled.
pub(crate) fn part(
    call: &mut Call<'_>,
    vector: Iovec,
    done: u32,
    wanted: u32,
    source: impl FnMut(&mut [u8]) -> Outcome<usize>,
) -> Outcome<usize> {
    call.fill(vector.ptr.checked_add(done).ok_or(Errno::Fault)?, wanted, source)
}

/// Fills the vectors from a file; the usual case of two disjoint vectors is one system call.
fn read_file(call: &mut Call<'_>, transfer: &Transfer, mut file: &File) -> Outcome<u64> {
    let Transfer { vectors, bytes_max } = transfer;
    if let &[first, second] = vectors.all()
        && *bytes_max <= PIECE_BYTES as u64
        && u64::from(first.len) + u64::from(second.len) == *bytes_max
        && let Some([first, second]) = call.two_mut([first, second].map(|v| (v.ptr, v.len)))
    {
        let mut slices = [IoSliceMut::new(first), IoSliceMut::new(second)];
        let moved = retry(|| Ok(file.read_vectored(&mut slices)?))? as u64;
        call.pay(moved)?;
        return Ok(moved);
    }
    read(call, transfer, &mut |buffer, _| Ok(file.read(buffer)?))
}

/// One piece of the first vector that is not empty; `None` where all are.
fn first_piece(transfer: &Transfer) -> Option<(Iovec, u32)> {
    let vector = transfer.vectors.all().iter().find(|vector| vector.len > 0)?;
    Some((*vector, piece(vector.len, transfer.bytes_max)))
}

fn read_source(
    call: &mut Call<'_>,
    transfer: &Transfer,
    source: &mut (dyn Read + Send),
) -> Outcome<u64> {
    let Some((vector, wanted)) = first_piece(transfer) else { return Ok(0) };
    let moved = part(call, vector, 0, wanted, |room| retry(|| Ok(source.read(room)?)))? as u64;
    call.pay(moved)?;
    Ok(moved)
}

fn read_stream(
    call: &mut Call<'_>,
    transfer: &Transfer,
    (mut file, turns): (&File, &Mutex<()>),
    nonblocking: bool,
) -> Outcome<u64> {
    let Some((vector, wanted)) = first_piece(transfer) else { return Ok(0) };
    let mut ask = nonblocking || call.patience().is_some();
    loop {
        let asked = ask.then(|| turn(call, turns, sys::handle(file), false, nonblocking));
        let _turn = asked.transpose()?;
        match part(call, vector, 0, wanted, |room| retry(|| Ok(file.read(room)?))) {
            // The host's side of the stream does not wait, although the guest's does.
            Err(Stop::Errno(Errno::Again)) if !nonblocking => ask = true,
            other => {
                let moved = other? as u64;
                call.pay(moved)?;
                return Ok(moved);
            }
        }
    }
}

/// Where a write stands in its vectors.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor {
    vector: u32,
    done: u32,
}

impl Cursor {
    /// The vectors from this place on.
    fn rest(self, vectors: &Iovecs) -> &[Iovec] {
        vectors.all().get(index(self.vector)..).unwrap_or_default()
    }

    /// The place `count` bytes further.
    fn advance(mut self, vectors: &Iovecs, mut count: usize) -> Self {
        for vector in self.rest(vectors) {
            let left = index(vector.len.saturating_sub(self.done));
            if count < left {
                // Less than the rest of a 32-bit length.
                self.done += count as u32;
                break;
            }
            count -= left;
            self = Cursor { vector: self.vector + 1, done: 0 };
        }
        self
    }
}

/// Hands the vectors to `sink(slices, bytes moved before)` piece by piece, until nothing is left or
/// it takes nothing.
fn write(
    call: &mut Call<'_>,
    transfer: &Transfer,
    sink: &mut dyn FnMut(&[IoSlice<'_>], u64) -> Outcome<usize>,
) -> Outcome<u64> {
    let mut moved: u64 = 0;
    let mut cursor = Cursor::default();
    while moved < transfer.bytes_max {
        if moved > 0 {
            call.poll()?;
        }
        let count = match write_piece(call, transfer, &mut cursor, moved, PIECE_BYTES, sink) {
            Err(Stop::Errno(_)) if moved > 0 => break,
            other => other?,
        };
        moved += count;
        if count == 0 {
            break;
        }
    }
    Ok(moved)
}

/// Hands one piece of at most `bytes_max` bytes to `sink`; returns the bytes that it took.
pub(crate) fn write_piece(
    call: &mut Call<'_>,
    transfer: &Transfer,
    cursor: &mut Cursor,
    moved: u64,
    bytes_max: usize,
    sink: &mut dyn FnMut(&[IoSlice<'_>], u64) -> Outcome<usize>,
) -> Outcome<u64> {
    // Vectors without bytes are behind it.
    *cursor = cursor.advance(&transfer.vectors, 0);
    let left = usize::try_from(transfer.bytes_max - moved).unwrap_or(usize::MAX);
    let rest = cursor.rest(&transfer.vectors);
    let count = call
        .gather(rest, cursor.done, left.min(bytes_max), |slices| retry(|| sink(slices, moved)))?;
    *cursor = cursor.advance(&transfer.vectors, count);
    Ok(count as u64)
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

/// Writes to a stream of the host, which may have no room for a while.
fn write_stream(
    call: &mut Call<'_>,
    transfer: &Transfer,
    (file, turns): (&File, &Mutex<()>),
    nonblocking: bool,
) -> Outcome<u64> {
    let mut moved: u64 = 0;
    let mut cursor = Cursor::default();
    let mut ask = nonblocking || call.patience().is_some();
    while moved < transfer.bytes_max {
        let piece_bytes = if ask { sys::STREAM_CHUNK_BYTES_MAX } else { PIECE_BYTES };
        let asked = ask.then(|| turn(call, turns, sys::handle(file), true, nonblocking));
        let count = asked.transpose().and_then(|_turn| {
            write_piece(call, transfer, &mut cursor, moved, piece_bytes, &mut |slices, _| {
                Ok(write_slices(file, slices)?)
            })
        });
        match count {
            Ok(0) => break,
            Ok(count) => moved += count,
            Err(Stop::Errno(Errno::Again)) if !nonblocking => ask = true,
            Err(Stop::Errno(_)) if moved > 0 => break,
            Err(stop) => return Err(stop),
        }
    }
    Ok(moved)
}

/// Waits until the stream is ready, and keeps the guest's other threads from its streams: they
/// could take what is there, or the room; fails at once if it is not ready and the guest does not
/// want to wait.
fn turn<'t>(
    call: &mut Call<'_>,
    turns: &'t Mutex<()>,
    handle: sys::Handle<'_>,
    write: bool,
    nonblocking: bool,
) -> Outcome<MutexGuard<'t, ()>> {
    loop {
        call.poll()?;
        let turn = lock(turns);
        if sys::wait_one(handle, write, Some(Duration::ZERO))? {
            return Ok(turn);
        }
        drop(turn);
        if nonblocking {
            return Err(Errno::Again.into());
        }
        sys::wait_one(handle, write, call.patience())?;
    }
}

/// Waits until the stream is ready; fails at once if it is not and the guest does not want to wait.
pub(crate) fn wait(
    call: &mut Call<'_>,
    handle: sys::Handle<'_>,
    write: bool,
    nonblocking: bool,
) -> Outcome {
    loop {
        call.poll()?;
        let timeout = if nonblocking { Some(Duration::ZERO) } else { call.patience() };
        if sys::wait_one(handle, write, timeout)? {
            return Ok(());
        }
        if nonblocking {
            return Err(Errno::Again.into());
        }
    }
}
