//! `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`: the connections of a TCP listener that
//! the embedder granted.
//!
//! Listener → connections → bytes. `fs_io` comes here for reads and writes of connections, `poll`
//! asks the host about both. Preview 1 has no call that opens, binds or connects a socket.
//! Invariants:
//! 1. A socket of the host never waits by itself. A guest that wants to wait does so in
//!    [`wait`], where its deadline is tested.
//! 2. Bytes are sent by the standard library's `write`, one vector at a time: other calls of the
//!    host would raise a signal where the peer has gone.
//! 3. A connection has at most the rights that its listener hands on.
//!
//! `tests/wasi/sockets.rs` would notice a fault.

use crate::call::Call;
use crate::ctx::State;
use crate::fd_table::{Descriptor, Object};
use crate::fs_io::{
    Cursor, Transfer, finish, part, pay_write, piece, retry, start, wait, write_piece,
};
use crate::guest::{Outcome, Stop, low, probe, write_u32};
use crate::price::{self, PIECE_BYTES};
use crate::sys;
use crate::types::{Errno, Filetype, Rights, fdflags, riflags, sdflags};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

/// The error of a descriptor that is not the wanted kind of socket.
fn other_socket(descriptor: &Descriptor) -> Errno {
    match (&*descriptor.object, descriptor.filetype) {
        // It is not connected; a connection does not listen.
        (Object::Listener(_), _) => Errno::NotConn,
        (Object::Connection(_), _) => Errno::Inval,
        // A standard stream of the program that is a socket can be read and written alone.
        (_, Filetype::SocketStream) => Errno::NotSup,
        _ => Errno::NotSock,
    }
}

fn connection(descriptor: &Descriptor, rights: Rights) -> Result<&TcpStream, Errno> {
    match &*descriptor.object {
        Object::Connection(stream) => descriptor.need(rights).map(|()| stream),
        _ => Err(other_socket(descriptor)),
    }
}

const fn is_nonblocking(descriptor: &Descriptor) -> bool {
    descriptor.flags & fdflags::NONBLOCK != 0
}

/// `sock_accept(fd, flags, fd_out)`. The connection has the flags given, not the listener's.
pub(crate) fn sock_accept(ctx: &State, call: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [fd, flags, out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let Object::Listener(listener) = &*descriptor.object else {
        return Err(other_socket(&descriptor).into());
    };
    descriptor.need(Rights::SOCK_ACCEPT)?;
    if flags & !u32::from(fdflags::NONBLOCK) != 0 {
        return Err(Errno::Inval.into());
    }
    probe(call, out, 4)?;
    let descriptors_max = call.limits().max_resources;
    if !ctx.fds.has_room(descriptors_max) {
        return Err(Errno::MFile.into());
    }
    call.pay(price::OPEN)?;
    let stream = accept(call, listener, is_nonblocking(&descriptor))?;
    stream.set_nonblocking(true)?;
    let accepted = Descriptor {
        object: Arc::new(Object::Connection(stream)),
        filetype: Filetype::SocketStream,
        base: Rights::CONNECTION.intersection(descriptor.inheriting),
        inheriting: Rights::NONE,
        // Nothing but NONBLOCK.
        flags: flags as u16,
    };
    let opened = ctx.fds.insert(accepted, descriptors_max)?;
    write_u32(call, out, opened)?;
    Ok(())
}

fn accept(call: &mut Call<'_>, listener: &TcpListener, nonblocking: bool) -> Outcome<TcpStream> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock && !nonblocking => {
                wait(call, sys::handle(listener), false, false)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// `sock_recv(fd, iovs, iovs_len, flags, nread, roflags)`.
pub(crate) fn sock_recv(ctx: &State, call: &mut Call<'_>, args: [u64; 6]) -> Outcome {
    let [fd, iovs, count, flags, out, flags_out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let stream = connection(&descriptor, Rights::FD_READ)?;
    if flags & !riflags::ALL != 0 {
        return Err(Errno::Inval.into());
    }
    probe(call, flags_out, 2)?;
    let transfer = &start(&descriptor, Rights::FD_READ, call, iovs, count, out)?;
    let how = Receive {
        nonblocking: is_nonblocking(&descriptor),
        peek: flags & riflags::PEEK != 0,
        all: flags & riflags::WAITALL != 0,
    };
    let moved = receive(call, transfer, stream, how)?;
    // Nothing is cut off a stream.
    crate::guest::write(call, flags_out, &[0; 2])?;
    finish(call, out, moved)
}

/// How bytes are received.
#[derive(Clone, Copy, Default)]
pub(crate) struct Receive {
    pub(crate) nonblocking: bool,
    /// They stay to be received again; one piece at most.
    pub(crate) peek: bool,
    /// All that is wanted, unless the peer has ended.
    pub(crate) all: bool,
}

/// Fills the vectors in order with what has come, waiting for the first byte.
pub(crate) fn receive(
    call: &mut Call<'_>,
    transfer: &Transfer,
    mut stream: &TcpStream,
    how: Receive,
) -> Outcome<u64> {
    let Transfer { vectors, bytes_max } = transfer;
    let mut moved: u64 = 0;
    for vector in vectors.all() {
        let mut done = 0;
        while done < vector.len && moved < *bytes_max {
            let wanted = piece(vector.len - done, *bytes_max - moved);
            let count = part(call, *vector, done, wanted, |room| {
                retry(|| Ok(if how.peek { stream.peek(room)? } else { stream.read(room)? }))
            });
            let waits = !how.nonblocking && (moved == 0 || how.all);
            let count = match count {
                Err(Stop::Errno(Errno::Again)) if waits => {
                    wait(call, sys::handle(stream), false, false)?;
                    continue;
                }
                Err(Stop::Errno(_)) if moved > 0 => return Ok(moved),
                // At most `wanted`.
                other => other? as u32,
            };
            call.pay(u64::from(count))?;
            moved += u64::from(count);
            done += count;
            if how.peek || count == 0 || count < wanted && !how.all {
                return Ok(moved);
            }
        }
    }
    Ok(moved)
}

/// `sock_send(fd, iovs, iovs_len, flags, nwritten)`. There are no flags.
pub(crate) fn sock_send(ctx: &State, call: &mut Call<'_>, args: [u64; 5]) -> Outcome {
    let [fd, iovs, count, flags, out] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let stream = connection(&descriptor, Rights::FD_WRITE)?;
    if flags != 0 {
        return Err(Errno::Inval.into());
    }
    let transfer = &start(&descriptor, Rights::FD_WRITE, call, iovs, count, out)?;
    pay_write(call, &descriptor, transfer)?;
    let moved = send(call, transfer, stream, is_nonblocking(&descriptor))?;
    finish(call, out, moved)
}

/// Sends the vectors, all of them where the guest waits.
pub(crate) fn send(
    call: &mut Call<'_>,
    transfer: &Transfer,
    mut stream: &TcpStream,
    nonblocking: bool,
) -> Outcome<u64> {
    let mut moved: u64 = 0;
    let mut cursor = Cursor::default();
    while moved < transfer.bytes_max {
        call.poll()?;
        let count =
            write_piece(call, transfer, &mut cursor, moved, PIECE_BYTES, &mut |slices, _| {
                let filled = slices.iter().find(|slice| !slice.is_empty());
                Ok(filled.map_or(Ok(0), |slice| stream.write(slice))?)
            });
        match count {
            Ok(0) => break,
            Ok(count) => moved += count,
            Err(Stop::Errno(Errno::Again)) if !nonblocking => {
                wait(call, sys::handle(stream), true, false)?;
            }
            Err(Stop::Errno(_)) if moved > 0 => break,
            Err(stop) => return Err(stop),
        }
    }
    Ok(moved)
}

/// `sock_shutdown(fd, how)`.
pub(crate) fn sock_shutdown(ctx: &State, _: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [fd, how] = args.map(low);
    let descriptor = ctx.fds.get(fd)?;
    let stream = connection(&descriptor, Rights::SOCK_SHUTDOWN)?;
    let how = match how {
        sdflags::READ => Shutdown::Read,
        sdflags::WRITE => Shutdown::Write,
        sdflags::BOTH => Shutdown::Both,
        _ => return Err(Errno::Inval.into()),
    };
    Ok(stream.shutdown(how)?)
}
