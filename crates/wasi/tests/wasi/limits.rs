//! Each limit on both sides: what is just within it succeeds, one more is answered as documented.

use crate::world::*;
use prova_wasi::limits::{IOVECS_MAX, LINKS_MAX, PATH_BYTES_MAX, SUBSCRIPTIONS_MAX};
use prova_wasi::{Errno, Exit, Perms, WasiCtxBuilder, WasiLimits};

fn hostcall_fuel(hostcall_fuel: u64) -> WasiLimits {
    WasiLimits { hostcall_fuel, ..WasiLimits::default() }
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let text = include_str!("../../../../docs/semantics.md");
    let limits = WasiLimits::default();
    for (name, value) in [
        ("hostcall-fuel", limits.hostcall_fuel),
        ("max-random-size", limits.max_random_size),
        ("max-resources", limits.max_resources as u64),
        ("max-args-size", limits.max_args_size),
        ("max-listing-size", limits.max_listing_size as u64),
    ] {
        let row = format!("| `-S {name}` | {value} ");
        assert!(text.contains(&row), "docs/semantics.md has no row that begins {row:?}");
    }
    for (name, value) in [
        ("vectors of one read or write", IOVECS_MAX),
        ("bytes of a path", PATH_BYTES_MAX),
        ("links that a path leads through", LINKS_MAX),
        ("directories that a walk is in", prova_wasi::limits::WALK_DEPTH_MAX as u32),
        ("subscriptions of one `poll_oneoff`", SUBSCRIPTIONS_MAX),
    ] {
        let row = format!("| {name} | {value} ");
        assert!(text.contains(&row), "docs/semantics.md has no row that begins {row:?}");
    }
}

#[test]
fn a_read_or_write_moves_what_it_may() {
    // Two vectors take 16 bytes to list.
    let mut w = World::limited(hostcall_fuel(16 + 10));
    let fd = w.create("f", b"0123456");
    w.put(DATA, b"abcdefghijkl");
    for (lengths, moved) in [([4, 6], 10), ([4, 7], 10), ([10, 0], 10), ([12, 0], 10), ([0, 3], 3)]
    {
        let [iovs, count] = w.vectors(&lengths);
        w.ok("fd_pwrite", &[fd, iovs, count, 0, OUT]);
        assert_eq!(w.u32_at(OUT), moved, "{lengths:?}");
        w.ok("fd_pread", &[fd, iovs, count, 0, OUT]);
        assert_eq!(w.u32_at(OUT), moved, "{lengths:?}");
        w.ok("fd_seek", &[fd, 0, 0, OUT]);
        w.ok("fd_read", &[fd, iovs, count, OUT]);
        assert_eq!(w.u32_at(OUT), moved, "{lengths:?}");
        w.ok("fd_write", &[1, iovs, count, OUT]);
        assert_eq!(w.u32_at(OUT), moved, "{lengths:?}");
    }
    assert_eq!(std::fs::read(w.temp.inside().join("f")).unwrap(), b"abcdefghij");
    // Nothing is never the answer to a wish for something: that would be the end of the file.
    let mut w = World::limited(hostcall_fuel(8));
    let [iovs, count] = w.vectors(&[1]);
    w.fails("fd_read", &[0, iovs, count, OUT], Errno::NoMem);
    w.fails("fd_write", &[1, iovs, count, OUT], Errno::NoMem);
    let [iovs, count] = w.vectors(&[0]);
    w.ok("fd_read", &[0, iovs, count, OUT]);
    let [iovs, count] = w.vectors(&[0, 0]);
    w.fails("fd_read", &[0, iovs, count, OUT], Errno::NoMem);
}

#[test]
fn paths_count_with_the_links_they_lead_through() {
    let mut w = World::limited(hostcall_fuel(10));
    for (path, errno) in [("0123456789", Errno::NoEnt), ("0123456789a", Errno::NoMem)] {
        assert_eq!(w.open(path, 0, 0, READ), Err(errno.into()), "{path}");
    }
    #[cfg(unix)]
    {
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(target, w.temp.inside().join(name)).unwrap();
        };
        link("0123456", "l7");
        link("01234567", "l8");
        link("01234567890", "l11");
        assert_eq!(w.open("l7", FOLLOW, 0, READ), Err(Errno::NoEnt.into()));
        assert_eq!(w.open("l8", FOLLOW, 0, READ), Err(Errno::NoEnt.into()));
        assert_eq!(w.open("./l8", FOLLOW, 0, READ), Err(Errno::NoMem.into()));
        assert_eq!(w.at("path_readlink", 3, "l8", &[DATA, 100, OUT]), Errno::Success);
        assert_eq!(w.at("path_readlink", 3, "l11", &[DATA, 100, OUT]), Errno::NoMem);
    }
    // Two paths of one call count together.
    w.fails("path_rename", &[3, PATH, 5, 3, PATH_2, 6], Errno::NoMem);
}

#[test]
fn subscriptions_count_with_their_events() {
    let mut w = World::limited(hostcall_fuel(80));
    w.put(DATA, &[0; 96]);
    w.put(DATA + 16, &1u32.to_le_bytes());
    w.put(DATA + 64, &1u32.to_le_bytes());
    w.ok("poll_oneoff", &[DATA, DATA + 0x1000, 1, OUT]);
    w.fails("poll_oneoff", &[DATA, DATA + 0x1000, 2, OUT], Errno::NoMem);
}

#[test]
fn random_bytes_are_so_many() {
    let mut w = World::limited(WasiLimits { max_random_size: 100, ..WasiLimits::default() });
    w.ok("random_get", &[DATA, 100]);
    assert!(w.bytes(DATA, 100).iter().any(|byte| *byte != 0));
    let Err(Exit::Trap(reason)) = w.call("random_get", &[DATA, 101]) else {
        panic!("101 bytes are too many");
    };
    assert!(reason.contains("101") && reason.contains("max-random-size (100)"), "{reason}");
    // A buffer that is not there is not asked how long it is.
    w.traps("random_get", &[DATA, u64::from(u32::MAX)], BEYOND);
}

#[test]
fn descriptors_are_so_many() {
    let mut w = World::limited(WasiLimits { max_resources: 6, ..WasiLimits::default() });
    // Three streams and the directory are open already.
    let first = w.create("a", b"");
    w.create("b", b"");
    assert_eq!(w.open("a", 0, 0, READ), Err(Errno::MFile.into()));
    assert_eq!(w.open(".", 0, DIRECTORY, READ), Err(Errno::MFile.into()));
    assert_eq!(w.open("new", 0, CREAT, READ), Err(Errno::MFile.into()));
    assert!(!w.temp.inside().join("new").exists());
    w.ok("fd_close", &[first]);
    assert_eq!(w.open("a", 0, 0, READ), Ok(first));
    w.ok("fd_close", &[0]);
    assert_eq!(w.open("a", 0, 0, READ), Ok(0));
    // The embedder's grants are not limited in number.
    let mut builder = WasiCtxBuilder::new();
    builder.limits(WasiLimits { max_resources: 2, ..WasiLimits::default() });
    for _ in 0..3 {
        builder.preopen_path(w.temp.inside(), "/", Perms::default()).unwrap();
    }
    w.ctx = builder.build();
    w.ok("fd_prestat_get", &[5, OUT]);
    assert_eq!(w.open("a", 0, 0, READ), Err(Errno::MFile.into()));
}

#[test]
fn arguments_and_variables_are_so_long() {
    let mut w = World::new();
    for (limit, args, env) in [(6, true, true), (5, false, true), (4, false, false)] {
        let mut builder = WasiCtxBuilder::new();
        builder.limits(WasiLimits { max_args_size: limit, ..WasiLimits::default() });
        // With their NULs 6 bytes and 5.
        w.ctx = builder.args(["ab", "cd"]).env("k", "va").build();
        for (names, fits) in
            [(["args_sizes_get", "args_get"], args), (["environ_sizes_get", "environ_get"], env)]
        {
            for name in names {
                let errno = if fits { Errno::Success } else { Errno::TooBig };
                assert_eq!(Code(w.call(name, &[OUT, DATA]).unwrap()), errno, "{name} {limit}");
            }
        }
    }
}

#[test]
fn listings_are_so_large_together() {
    // An entry with a name of one byte, in one listing and in two.
    let mut sizes = World::new();
    sizes.create("a", b"");
    let mut smallest = |directories: u64| {
        (1..1000).find(|max_listing_size| {
            let mut builder = WasiCtxBuilder::new();
            builder.limits(WasiLimits {
                max_listing_size: *max_listing_size,
                ..WasiLimits::default()
            });
            for _ in 0..directories {
                builder.preopen_path(sizes.temp.inside(), "/", Perms::default()).unwrap();
            }
            sizes.ctx = builder.build();
            (3..3 + directories)
                .all(|fd| sizes.call("fd_readdir", &[fd, DATA, 100, 0, OUT]) == Ok(0))
        })
    };
    let one = smallest(1).expect("an entry takes less than 1,000 bytes");
    assert_eq!(smallest(2), Some(2 * one));
    assert!(one > 24);
    let mut w = World::limited(WasiLimits { max_listing_size: 2 * one, ..WasiLimits::default() });
    w.create("a", b"");
    let list = |w: &mut World, fd| Code(w.call("fd_readdir", &[fd, DATA, 100, 0, OUT]).unwrap());
    let other = w.open(".", 0, DIRECTORY, READ).unwrap();
    let third = w.open(".", 0, DIRECTORY, READ).unwrap();
    assert_eq!(list(&mut w, 3), Errno::Success);
    assert_eq!(list(&mut w, other), Errno::Success);
    assert_eq!(list(&mut w, 3), Errno::Success, "a new listing takes the place of the old one");
    assert_eq!(list(&mut w, third), Errno::NoMem);
    w.ok("fd_close", &[other]);
    assert_eq!(list(&mut w, third), Errno::Success);
}

#[test]
fn a_reads_vectors_are_so_many() {
    let mut w = World::new();
    w.ok("fd_read", &[0, DATA, u64::from(IOVECS_MAX), OUT]);
    let fuel = w.guest.fuel;
    w.fails("fd_read", &[0, DATA, u64::from(IOVECS_MAX) + 1, OUT], Errno::Inval);
    w.fails("fd_read", &[0, DATA, u64::from(u32::MAX), OUT], Errno::Inval);
    assert!(fuel - w.guest.fuel < 100_000, "what is refused is not paid");
}
