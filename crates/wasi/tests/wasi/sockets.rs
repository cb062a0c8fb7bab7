//! A granted listener and its connections, over the loopback device of the host.
//!
//! Peers are threads or the test itself; a call that would wait for ever is interrupted by the
//! guest, so that no test looks at a clock. Green does not show other networks than the loopback.

use crate::world::*;
use prova_wasi::{Captured, Errno, Exit, Perms, WasiCtxBuilder, WasiLimits};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

const NONBLOCK: u64 = 4;
const PEEK: u64 = 1;
const WAITALL: u64 = 2;
const SHUT_READ: u64 = 1;
const SHUT_WRITE: u64 = 2;
/// The granted listener, behind the directory.
pub(crate) const LISTENER: u64 = 4;
/// Where `roflags` go.
pub(crate) const FLAGS_OUT: u64 = OUT + 8;

/// A world whose guest listens, and where.
pub(crate) fn listening(limits: WasiLimits) -> (World, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut w = World::new();
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(Box::new(Captured::new(1 << 20))).limits(limits);
    builder.preopen_path(w.temp.inside(), "/", Perms::default()).unwrap();
    builder.tcp_listener(listener).unwrap();
    w.ctx = builder.build();
    (w, address)
}

/// The guest's connection, and its peer.
pub(crate) fn connected() -> (World, u64, TcpStream) {
    let (mut w, address) = listening(WasiLimits::default());
    let peer = TcpStream::connect(address).unwrap();
    w.ok("sock_accept", &[LISTENER, 0, OUT]);
    let fd = u64::from(w.u32_at(OUT));
    (w, fd, peer)
}

fn flags_of(w: &mut World, fd: u64) -> (u8, u16) {
    w.ok("fd_fdstat_get", &[fd, DATA + 0x100]);
    let stat = w.bytes(DATA + 0x100, 4);
    (stat[0], u16::from_le_bytes([stat[2], stat[3]]))
}

#[test]
fn an_echo_goes_through_either_pair_of_calls() {
    let (mut w, fd, mut peer) = connected();
    for (read, write) in [("sock_recv", "sock_send"), ("fd_read", "fd_write")] {
        peer.write_all(b"hello, guest").unwrap();
        let [iovs, count] = w.vectors(&[0, 5, 100]);
        let mut args = vec![fd, iovs, count, OUT];
        if read == "sock_recv" {
            args = vec![fd, iovs, count, 0, OUT, FLAGS_OUT];
        }
        w.put(FLAGS_OUT, &[9; 2]);
        w.ok(read, &args);
        let len = u64::from(w.u32_at(OUT));
        assert_eq!(w.bytes(DATA, 12), b"hello, guest", "{read}");
        assert_eq!(
            (len, w.bytes(FLAGS_OUT, 2)),
            (12, &[if args.len() == 6 { 0 } else { 9 }; 2][..])
        );
        let [iovs, count] = w.vectors(&[5, 0, 7]);
        let mut args = vec![fd, iovs, count, OUT];
        if write == "sock_send" {
            args.insert(3, 0);
        }
        w.ok(write, &args);
        assert_eq!(w.u32_at(OUT), 12);
        let mut echo = [0; 12];
        peer.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"hello, guest", "{write}");
        w.put(DATA, &[0; 12]);
    }
}

#[test]
fn the_end_of_one_side_is_seen_on_the_other() {
    let (mut w, fd, mut peer) = connected();
    let [iovs, count] = w.vectors(&[4]);
    w.ok("sock_shutdown", &[fd, SHUT_WRITE]);
    assert_eq!(peer.read(&mut [0; 4]).unwrap(), 0);
    peer.write_all(b"late").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    w.ok("sock_recv", &[fd, iovs, count, WAITALL, OUT, FLAGS_OUT]);
    assert_eq!((w.u32_at(OUT), w.bytes(DATA, 4)), (4, &b"late"[..]));
    w.ok("sock_recv", &[fd, iovs, count, WAITALL, OUT, FLAGS_OUT]);
    assert_eq!(w.u32_at(OUT), 0);
    // Sending to nobody is an error, and no signal.
    w.fails("sock_send", &[fd, iovs, count, 0, OUT], Errno::Pipe);
    w.fails("fd_write", &[fd, iovs, count, OUT], Errno::Pipe);
    w.ok("fd_close", &[fd]);
    w.fails("sock_recv", &[fd, iovs, count, 0, OUT, FLAGS_OUT], Errno::Badf);
    let (mut w, fd, peer) = connected();
    w.ok("sock_shutdown", &[fd, SHUT_READ | SHUT_WRITE]);
    let [iovs, count] = w.vectors(&[4]);
    w.ok("sock_recv", &[fd, iovs, count, 0, OUT, FLAGS_OUT]);
    assert_eq!(w.u32_at(OUT), 0);
    drop(peer);
}

#[test]
fn bytes_can_be_looked_at_and_waited_for() {
    let (mut w, fd, mut peer) = connected();
    peer.write_all(b"ab").unwrap();
    let [iovs, count] = w.vectors(&[2, 2]);
    for _ in 0..2 {
        w.ok("sock_recv", &[fd, iovs, count, PEEK, OUT, FLAGS_OUT]);
        assert_eq!((w.u32_at(OUT), w.bytes(DATA, 2)), (2, &b"ab"[..]));
    }
    // The rest comes while the guest waits for it.
    let sender = std::thread::spawn(move || {
        peer.write_all(b"cd").unwrap();
        peer
    });
    w.ok("sock_recv", &[fd, iovs, count, WAITALL, OUT, FLAGS_OUT]);
    assert_eq!((w.u32_at(OUT), w.bytes(DATA, 4)), (4, &b"abcd"[..]));
    drop(sender.join().unwrap());
}

#[test]
fn a_guest_that_does_not_wait_is_told_so() {
    let (mut w, address) = listening(WasiLimits::default());
    w.ok("fd_fdstat_set_flags", &[LISTENER, NONBLOCK]);
    assert_eq!(flags_of(&mut w, LISTENER), (6, 4));
    w.fails("sock_accept", &[LISTENER, NONBLOCK, OUT], Errno::Again);
    let mut peer = TcpStream::connect(address).unwrap();
    w.ok("sock_accept", &[LISTENER, NONBLOCK, OUT]);
    let fd = u64::from(w.u32_at(OUT));
    assert_eq!(flags_of(&mut w, fd), (6, 4));
    let [iovs, count] = w.vectors(&[4]);
    for flags in [0, PEEK, WAITALL] {
        w.fails("sock_recv", &[fd, iovs, count, flags, OUT, FLAGS_OUT], Errno::Again);
    }
    w.fails("fd_read", &[fd, iovs, count, OUT], Errno::Again);
    // The peer does not read: at some time nothing more is taken.
    let [many, many_count] = w.vectors(&[0x10000]);
    let sent = (0..100_000).find(|_| {
        let code = w.call("sock_send", &[fd, many, many_count, 0, OUT]).unwrap();
        Code(code) == Errno::Again
    });
    assert!(sent.is_some());
    peer.write_all(b"abcd").unwrap();
    w.ok("fd_fdstat_set_flags", &[fd, 0]);
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    assert_eq!(w.bytes(DATA, 4), b"abcd");
    for fd in [LISTENER, fd] {
        w.fails("fd_fdstat_set_flags", &[fd, 1], Errno::Inval);
    }
}

/// The events that a poll of descriptors finds at once: descriptor, error, bytes.
fn polled(w: &mut World, subscriptions: &[(u8, u64)]) -> Vec<(u64, u16, u64)> {
    let (at, events) = (DATA + 0x1000, DATA + 0x2000);
    // A clock that has passed, so that nothing is waited for.
    let clock = (0, 1);
    let all: Vec<(u8, u64)> = subscriptions.iter().copied().chain([clock]).collect();
    for (n, (kind, fd)) in all.iter().enumerate() {
        let at = at + 48 * n as u64;
        w.put(at, &[0; 48]);
        w.put(at, &fd.to_le_bytes());
        w.put(at + 8, &[*kind]);
        w.put(at + 16, &(*fd as u32).to_le_bytes());
    }
    w.ok("poll_oneoff", &[at, events, all.len() as u64, OUT]);
    let found = (0..u64::from(w.u32_at(OUT))).map(|n| events + 32 * n);
    found
        .filter(|event| w.bytes(event + 10, 1) != [0])
        .map(|event| {
            let error = w.bytes(event + 8, 2);
            let error = u16::from_le_bytes([error[0], error[1]]);
            (w.u64_at(event), error, w.u64_at(event + 16))
        })
        .collect()
}

#[test]
fn polls_see_connections_and_bytes() {
    let (mut w, address) = listening(WasiLimits::default());
    assert_eq!(polled(&mut w, &[(1, LISTENER)]), []);
    let mut peer = TcpStream::connect(address).unwrap();
    assert_eq!(polled(&mut w, &[(1, LISTENER)]), [(LISTENER, 0, 0)]);
    w.ok("sock_accept", &[LISTENER, 0, OUT]);
    let fd = u64::from(w.u32_at(OUT));
    assert_eq!(polled(&mut w, &[(1, LISTENER), (1, fd), (2, fd)]), [(fd, 0, 0)]);
    peer.write_all(b"abc").unwrap();
    assert_eq!(polled(&mut w, &[(1, fd)]), [(fd, 0, 3)]);
    // A listener is nothing to write to.
    assert_eq!(polled(&mut w, &[(2, LISTENER)]), [(LISTENER, Errno::Badf as u16, 0)]);
}

#[test]
fn waiting_ends_where_the_guest_is_interrupted() {
    let (mut w, fd, peer) = connected();
    w.guest.patience = Some(Duration::from_millis(1));
    let [iovs, count] = w.vectors(&[4]);
    let calls: [(&str, &[u64]); 4] = [
        ("sock_accept", &[LISTENER, 0, OUT]),
        ("sock_recv", &[fd, iovs, count, 0, OUT, FLAGS_OUT]),
        ("sock_recv", &[fd, iovs, count, WAITALL, OUT, FLAGS_OUT]),
        ("fd_read", &[fd, iovs, count, OUT]),
    ];
    for (name, args) in calls {
        w.guest.interrupt_after(9);
        assert_eq!(w.call(name, args), Err(Exit::Interrupt), "{name}");
    }
    // Sending waits once the peer's buffers are full.
    let [iovs, count] = w.vectors(&[0x10000]);
    w.guest.interrupt_after(1_000);
    let sent = loop {
        if let Err(exit) = w.call("sock_send", &[fd, iovs, count, 0, OUT]) {
            break exit;
        }
    };
    assert_eq!(sent, Exit::Interrupt);
    drop(peer);
}

#[test]
fn much_is_sent_whole() {
    let (mut w, fd, mut peer) = connected();
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        peer.read_to_end(&mut all).unwrap();
        all
    });
    w.guest.memory.resize(0x40_0000, 7);
    w.put(IOVS, &0x10_0000u32.to_le_bytes());
    w.put(IOVS + 4, &0x30_0000u32.to_le_bytes());
    w.ok("sock_send", &[fd, IOVS, 1, 0, OUT]);
    assert_eq!(w.u32_at(OUT), 0x30_0000);
    w.ok("fd_close", &[fd]);
    assert!(reader.join().unwrap() == vec![7; 0x30_0000]);
}

#[test]
fn sockets_refuse_what_they_are_not() {
    let (mut w, fd, _peer) = connected();
    let [iovs, count] = w.vectors(&[4]);
    let calls = |fd: u64| -> [(&'static str, Vec<u64>); 4] {
        [
            ("sock_accept", vec![fd, 0, OUT]),
            ("sock_recv", vec![fd, iovs, count, 0, OUT, FLAGS_OUT]),
            ("sock_send", vec![fd, iovs, count, 0, OUT]),
            ("sock_shutdown", vec![fd, SHUT_WRITE]),
        ]
    };
    let file = w.create("file", b"abc");
    for other in [0, 1, 3, file] {
        for (name, args) in calls(other) {
            w.fails(name, &args, Errno::NotSock);
        }
    }
    for (name, args) in calls(50) {
        w.fails(name, &args, Errno::Badf);
    }
    for (name, args) in calls(LISTENER).into_iter().skip(1) {
        w.fails(name, &args, Errno::NotConn);
    }
    w.fails("fd_read", &[LISTENER, iovs, count, OUT], Errno::NotConn);
    w.fails("sock_accept", &[fd, 0, OUT], Errno::Inval);
    // Flags that there are not, and pointers beyond the memory.
    let end = MEMORY_BYTES as u64;
    for (name, args, errno) in [
        ("sock_accept", vec![LISTENER, 1, OUT], Errno::Inval),
        ("sock_recv", vec![fd, iovs, count, 4, OUT, FLAGS_OUT], Errno::Inval),
        ("sock_send", vec![fd, iovs, count, 1, OUT], Errno::Inval),
        ("sock_shutdown", vec![fd, 0], Errno::Inval),
        ("sock_shutdown", vec![fd, 4], Errno::Inval),
        ("fd_seek", vec![fd, 0, 0, OUT], Errno::SPipe),
        ("fd_prestat_get", vec![LISTENER, OUT], Errno::Badf),
    ] {
        w.fails(name, &args, errno);
    }
    w.traps("sock_accept", &[LISTENER, 0, end], BEYOND);
    w.traps("sock_recv", &[fd, iovs, count, 0, OUT, end], BEYOND);
    w.traps("sock_recv", &[fd, end, count, 0, OUT, FLAGS_OUT], BEYOND);
    w.traps("sock_send", &[fd, iovs, count, 0, end], BEYOND);
    w.ok("fd_filestat_get", &[fd, OUT]);
    assert_eq!(w.bytes(OUT + 16, 1), [6]);
}

#[test]
fn connections_have_rights_and_numbers_like_other_descriptors() {
    let limits = WasiLimits { max_resources: 6, ..WasiLimits::default() };
    let (mut w, address) = listening(limits);
    let _peers = [0; 2].map(|_| TcpStream::connect(address).unwrap());
    w.ok("sock_accept", &[LISTENER, 0, OUT]);
    let fd = u64::from(w.u32_at(OUT));
    w.fails("sock_accept", &[LISTENER, 0, OUT], Errno::MFile);
    w.ok("fd_close", &[fd]);
    // The connection that found no number is still there.
    let (accept, shutdown) = (1 << 29, 1 << 28);
    w.ok("fd_fdstat_set_rights", &[LISTENER, accept, READ | WRITE]);
    w.ok("sock_accept", &[LISTENER, 0, OUT]);
    let fd = u64::from(w.u32_at(OUT));
    w.ok("fd_fdstat_get", &[fd, OUT]);
    assert_eq!(w.u64_at(OUT + 8) & (READ | WRITE | shutdown), READ | WRITE);
    w.fails("sock_shutdown", &[fd, SHUT_WRITE], Errno::NotCapable);
    w.ok("fd_fdstat_set_rights", &[fd, 0, 0]);
    let [iovs, count] = w.vectors(&[4]);
    w.fails("sock_recv", &[fd, iovs, count, 0, OUT, FLAGS_OUT], Errno::Badf);
    w.fails("sock_send", &[fd, iovs, count, 0, OUT], Errno::Badf);
    w.ok("fd_fdstat_set_rights", &[LISTENER, 0, 0]);
    w.fails("sock_accept", &[LISTENER, 0, OUT], Errno::NotCapable);
}
