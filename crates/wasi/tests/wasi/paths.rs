//! Calls that name files by path, inside the sandbox.

use crate::world::*;
use prova_wasi::Errno;

#[test]
fn opening_follows_its_flags() {
    let mut w = World::new();
    assert_eq!(w.open("file", 0, 0, READ), Err(Errno::NoEnt.into()));
    w.create("file", b"abc");
    assert_eq!(w.open("file", 0, CREAT | EXCL, READ), Err(Errno::Exist.into()));
    assert_eq!(w.open("file", 0, DIRECTORY, READ), Err(Errno::NotDir.into()));
    assert_eq!(w.open("file/", 0, 0, READ), Err(Errno::NotDir.into()));
    assert_eq!(w.open("new/", 0, CREAT, READ), Err(Errno::IsDir.into()));
    assert_eq!(w.open("new", 0, CREAT | DIRECTORY, READ), Err(Errno::Inval.into()));
    assert_eq!(w.open("", 0, 0, READ), Err(Errno::NoEnt.into()));
    assert_eq!(w.open("a\0b", 0, 0, READ), Err(Errno::Inval.into()));
    let limit = prova_wasi::limits::PATH_BYTES_MAX as usize;
    let longest = format!("{}.//file", "./".repeat((limit - 7) / 2));
    assert_eq!(longest.len(), limit);
    #[cfg(target_os = "linux")]
    w.open(&longest, FOLLOW, 0, READ).unwrap();
    assert_eq!(w.open(&format!("/{longest}"), 0, 0, READ), Err(Errno::NameTooLong.into()));
    assert_eq!(w.open_with("file", 0, 0, READ, 32), Err(Errno::Inval.into()));
    assert_eq!(w.open("file", 0, 16, READ), Err(Errno::Inval.into()));
    // Reading alone creates, and cuts.
    w.open("made", 0, CREAT | EXCL, READ).unwrap();
    assert!(w.temp.inside().join("made").exists());
    w.open("file", FOLLOW, TRUNC, READ).unwrap();
    assert_eq!(std::fs::read(w.temp.inside().join("file")).unwrap(), b"");
    // Directories.
    assert_eq!(w.at("path_create_directory", 3, "dir/", &[]), Errno::Success);
    for (path, how) in
        [("dir", 0), ("dir", DIRECTORY), ("dir/", 0), (".", 0), ("dir/..", DIRECTORY)]
    {
        let fd = w.open(path, 0, how, READ).unwrap();
        w.ok("fd_fdstat_get", &[fd, OUT]);
        assert_eq!(w.bytes(OUT, 1), [3], "{path}");
        w.ok("fd_close", &[fd]);
    }
    for (path, how, rights, errno) in [
        ("dir", 0, WRITE, Errno::IsDir),
        ("dir", DIRECTORY, WRITE, Errno::IsDir),
        ("dir", CREAT, READ, Errno::IsDir),
        ("dir/", TRUNC, READ, Errno::IsDir),
        ("dir", DIRECTORY | TRUNC, READ, Errno::Inval),
        ("dir", DIRECTORY | EXCL, READ, Errno::Inval),
        (".", CREAT, READ, Errno::IsDir),
        (".", CREAT | EXCL, READ, Errno::Exist),
    ] {
        assert_eq!(w.open(path, 0, how, rights), Err(errno.into()), "{path} {how}");
    }
    let [ptr, len] = w.path("x");
    let file = w.open("file", 0, 0, READ).unwrap();
    w.fails("path_open", &[file, 0, ptr, len, 0, READ, 0, 0, OUT], Errno::NotDir);
    w.traps("path_open", &[3, 0, ptr, len, 0, READ, 0, 0, MEMORY_BYTES as u64], BEYOND);
}

#[test]
fn rights_are_handed_down_and_only_shrink() {
    let mut w = World::new();
    w.create("file", b"abc");
    w.at("path_create_directory", 3, "dir", &[]);
    let dir = w.open("dir", 0, DIRECTORY, DIR_RIGHTS).unwrap();
    let path_open = 1 << 13;
    w.ok("fd_fdstat_set_rights", &[dir, path_open, READ]);
    assert_eq!(w.at("path_create_directory", dir, "x", &[]), Errno::NotCapable);
    std::fs::write(w.temp.inside().join("dir/f"), b"abc").unwrap();
    let [ptr, len] = w.path("f");
    w.ok("path_open", &[dir, 0, ptr, len, 0, ALL_RIGHTS, ALL_RIGHTS, 0, OUT]);
    let fd = u64::from(w.u32_at(OUT));
    w.ok("fd_fdstat_get", &[fd, OUT]);
    assert_eq!((w.u64_at(OUT + 8), w.u64_at(OUT + 16)), (READ, 0));
    let [iovs, count] = w.vectors(&[1]);
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    w.fails("fd_write", &[fd, iovs, count, OUT], Errno::Badf);
    w.fails("fd_sync", &[fd], Errno::NotCapable);
    // A right that is not handed down cannot be asked for.
    let sub = w.open("dir", 0, DIRECTORY, DIR_RIGHTS).unwrap();
    w.ok("fd_fdstat_set_rights", &[sub, path_open, READ | 1 << 4 | WRITE]);
    let [ptr, len] = w.path("f");
    w.ok("path_open", &[sub, 0, ptr, len, 0, ALL_RIGHTS, ALL_RIGHTS, 0, OUT]);
    let fd = u64::from(w.u32_at(OUT));
    w.ok("fd_sync", &[fd]);
    w.fails("fd_filestat_set_size", &[fd, 0], Errno::NotCapable);
    w.fails("fd_tell", &[fd, OUT], Errno::NotCapable);
}

#[test]
fn directories_are_made_and_removed() {
    let mut w = World::new();
    for (name, path, errno) in [
        ("path_create_directory", "d", Errno::Success),
        ("path_create_directory", "d", Errno::Exist),
        ("path_create_directory", ".", Errno::Exist),
        ("path_create_directory", "d/e/", Errno::Success),
        ("path_create_directory", "n/e", Errno::NoEnt),
        ("path_remove_directory", "d", Errno::NotEmpty),
        ("path_remove_directory", "d/.", Errno::Inval),
        ("path_remove_directory", "d/e/", Errno::Success),
        ("path_remove_directory", "d", Errno::Success),
        ("path_remove_directory", "d", Errno::NoEnt),
    ] {
        assert_eq!(w.at(name, 3, path, &[]), errno, "{name} {path}");
    }
    w.create("f", b"");
    assert_eq!(w.at("path_remove_directory", 3, "f", &[]), Errno::NotDir);
    assert_eq!(w.at("path_create_directory", 3, "f/x", &[]), Errno::NotDir);
    assert_eq!(w.at("path_create_directory", 1, "x", &[]), Errno::NotDir);
}

#[test]
fn files_are_unlinked() {
    let mut w = World::new();
    w.create("f", b"");
    w.at("path_create_directory", 3, "d", &[]);
    for (path, errno) in [
        ("f/", Errno::NotDir),
        ("d", Errno::IsDir),
        ("d/", Errno::IsDir),
        (".", Errno::IsDir),
        ("none/", Errno::NoEnt),
        ("d/../f", Errno::Success),
        ("f", Errno::NoEnt),
    ] {
        assert_eq!(w.at("path_unlink_file", 3, path, &[]), errno, "{path}");
    }
    assert!(!w.temp.inside().join("f").exists());
}

fn rename(w: &mut World, old: &str, new: &str) -> Code {
    let [old, old_len] = w.path(old);
    let [new, new_len] = w.path_2(new);
    Code(w.call("path_rename", &[3, old, old_len, 3, new, new_len]).unwrap())
}

#[test]
fn files_and_directories_are_renamed() {
    let mut w = World::new();
    w.create("f", b"f");
    w.create("g", b"g");
    w.at("path_create_directory", 3, "d", &[]);
    for (old, new, errno) in [
        ("f", "h", Errno::Success),
        ("f", "h", Errno::NoEnt),
        ("h/", "x", Errno::NotDir),
        ("h", "x/", Errno::NotDir),
        ("h", "d", Errno::IsDir),
        ("d", "h", Errno::NotDir),
        ("d/", "e/", Errno::Success),
        ("h", "e/h", Errno::Success),
        ("e/h", "g", Errno::Success),
        (".", "x", Errno::Busy),
        ("e", "d/..", Errno::NoEnt),
        ("e", "e/..", Errno::Busy),
        ("e", "..", Errno::Perm),
        ("e", "e/sub", Errno::Inval),
        ("none/", "x", Errno::NoEnt),
    ] {
        assert_eq!(rename(&mut w, old, new), errno, "{old} {new}");
    }
    assert_eq!(std::fs::read(w.temp.inside().join("g")).unwrap(), b"f");
}

fn link(w: &mut World, flags: u64, old: &str, new: &str) -> Code {
    let [old, old_len] = w.path(old);
    let [new, new_len] = w.path_2(new);
    Code(w.call("path_link", &[3, flags, old, old_len, 3, new, new_len]).unwrap())
}

#[test]
fn hard_links_share_a_file() {
    let mut w = World::new();
    w.create("f", b"f");
    w.at("path_create_directory", 3, "d", &[]);
    for (flags, old, new, errno) in [
        (0, "f", "g", Errno::Success),
        (0, "f", "g", Errno::Exist),
        (0, "f", "d", Errno::Exist),
        (0, "f", "d/", Errno::Exist),
        (0, "f", "n/", Errno::NoEnt),
        (0, "f/", "n", Errno::NotDir),
        (0, "d", "n", Errno::Perm),
        (0, "d", "f", Errno::Exist),
        (0, "d", "n/", Errno::NoEnt),
        (0, "none", "d/.", Errno::NoEnt),
        (0, "none", "n", Errno::NoEnt),
        (FOLLOW, "f", "n", Errno::Inval),
    ] {
        assert_eq!(link(&mut w, flags, old, new), errno, "{old} {new}");
    }
    assert_eq!(stat(&mut w, 0, "g").0, Errno::Success);
    assert_eq!(w.u64_at(OUT + 24), 2);
}

fn symlink(w: &mut World, old: &str, new: &str) -> Code {
    let [old, old_len] = w.path(old);
    let [new, new_len] = w.path_2(new);
    Code(w.call("path_symlink", &[old, old_len, 3, new, new_len]).unwrap())
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_made_read_and_followed() {
    let mut w = World::new();
    w.create("f", b"content");
    w.at("path_create_directory", 3, "d", &[]);
    for (old, new, errno) in [
        ("f", "to-f", Errno::Success),
        ("d", "to-d", Errno::Success),
        ("none", "dangling", Errno::Success),
        ("loop", "loop", Errno::Success),
        ("f", "to-f", Errno::Exist),
        ("f", "d/", Errno::Exist),
        ("f", "to-f/", Errno::NotDir),
        ("f", "n/", Errno::NoEnt),
        ("/etc", "abs", Errno::Perm),
        ("", "empty", Errno::NoEnt),
    ] {
        assert_eq!(symlink(&mut w, old, new), errno, "{old} {new}");
    }
    for (path, buffer_len, errno, target) in [
        ("to-f", 100, Errno::Success, "f"),
        ("dangling", 3, Errno::Success, "non"),
        ("dangling", 0, Errno::Success, ""),
        ("f", 100, Errno::Inval, ""),
        ("to-f/", 100, Errno::NotDir, ""),
        ("f/", 100, Errno::NotDir, ""),
        ("gone", 100, Errno::NoEnt, ""),
    ] {
        w.put(OUT, &[0; 4]);
        assert_eq!(w.at("path_readlink", 3, path, &[DATA, buffer_len, OUT]), errno, "{path}");
        assert_eq!(w.bytes(DATA, target.len()), target.as_bytes());
        assert_eq!(w.u32_at(OUT) as usize, target.len());
    }
    assert_eq!(w.open("to-f", 0, 0, READ), Err(Errno::Loop.into()));
    assert_eq!(w.open("loop", FOLLOW, 0, READ), Err(Errno::Loop.into()));
    assert_eq!(w.open("dangling", FOLLOW, 0, READ), Err(Errno::NoEnt.into()));
    // A slash behind a link's target is one behind the link, if nothing follows.
    for (target, link) in [("f/", "f-slash"), ("d/", "d-slash"), ("f-slash", "twice")] {
        std::os::unix::fs::symlink(target, w.temp.inside().join(link)).unwrap();
    }
    for link in ["f-slash", "twice"] {
        assert_eq!(w.open(link, FOLLOW, 0, READ), Err(Errno::NotDir.into()), "{link}");
        assert_eq!(w.open(link, FOLLOW, CREAT, READ), Err(Errno::IsDir.into()), "{link}");
        assert_eq!(stat(&mut w, FOLLOW, link).0, Errno::NotDir, "{link}");
    }
    w.open("d-slash", FOLLOW, 0, READ).unwrap();
    w.open("d-slash/../f", 0, 0, READ).unwrap();
    // A file that must be new is not made behind a link; otherwise it is.
    assert_eq!(w.open("dangling", FOLLOW, CREAT | EXCL, READ), Err(Errno::Exist.into()));
    assert!(!w.temp.inside().join("none").exists());
    w.open("dangling", FOLLOW, CREAT, READ).unwrap();
    std::fs::remove_file(w.temp.inside().join("none")).unwrap();
    assert_eq!(w.open("to-d", 0, DIRECTORY, READ), Err(Errno::Loop.into()));
    let fd = w.open("to-f", FOLLOW, 0, READ).unwrap();
    let [iovs, count] = w.vectors(&[7]);
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    assert_eq!(w.bytes(DATA, 7), b"content");
    w.open("to-d/", 0, 0, READ).unwrap();
    w.open("to-d", FOLLOW, DIRECTORY, READ).unwrap();
    assert_eq!(w.at("path_remove_directory", 3, "to-d/", &[]), Errno::NotDir);
    assert_eq!(rename(&mut w, "to-d/", "x"), Errno::NotDir);
    assert_eq!(link(&mut w, 0, "to-f/", "x"), Errno::NotDir);
    assert_eq!(link(&mut w, 0, "dangling", "y"), Errno::Success);
    assert_eq!(w.at("path_unlink_file", 3, "to-d", &[]), Errno::Success);
    assert!(w.temp.inside().join("d").exists());
}

/// Each call with a path that ends in a slash behind a link.
#[cfg(unix)]
#[test]
fn a_slash_follows_a_link() {
    let mut w = World::new();
    w.create("f", b"content");
    w.at("path_create_directory", 3, "d", &[]);
    for (target, link) in [("f", "to-f"), ("d", "to-d"), ("none", "dangling"), ("loop", "loop")] {
        assert_eq!(symlink(&mut w, target, link), Errno::Success);
    }
    for (path, readlink, unlink, make) in [
        ("to-d/", Errno::Inval, Errno::IsDir, Errno::Exist),
        ("to-f/", Errno::NotDir, Errno::NotDir, Errno::NotDir),
        ("dangling/", Errno::NoEnt, Errno::NoEnt, Errno::NoEnt),
        ("loop/", Errno::Loop, Errno::Loop, Errno::Loop),
    ] {
        assert_eq!(w.at("path_readlink", 3, path, &[DATA, 100, OUT]), readlink, "{path}");
        assert_eq!(w.at("path_unlink_file", 3, path, &[]), unlink, "{path}");
        assert_eq!(symlink(&mut w, "f", path), make, "{path}");
        assert_eq!(link(&mut w, 0, "f", path), make, "{path}");
    }
}

#[test]
fn lookup_flags_are_known_ones() {
    let mut w = World::new();
    w.create("f", b"content");
    let [ptr, len] = w.path("f");
    for (flags, errno) in [
        (0, Errno::Success),
        (FOLLOW, Errno::Success),
        (2, Errno::Inval),
        (FOLLOW | 2, Errno::Inval),
        (1 << 31, Errno::Inval),
    ] {
        assert_eq!(stat(&mut w, flags, "f").0, errno, "{flags}");
        assert_eq!(w.open("f", flags, 0, READ).err().map_or(Code(0), |code| code), errno);
        let args = [3, flags, ptr, len, 0, 0, 0];
        assert_eq!(w.call("path_filestat_set_times", &args), Ok(errno as u32), "{flags}");
    }
}

/// `path_filestat_get`: error, type and size.
fn stat(w: &mut World, flags: u64, path: &str) -> (Code, u8, u64) {
    let [ptr, len] = w.path(path);
    w.put(OUT, &[0; 64]);
    let code = Code(w.call("path_filestat_get", &[3, flags, ptr, len, OUT]).unwrap());
    (code, w.bytes(OUT + 16, 1)[0], w.u64_at(OUT + 32))
}

#[cfg(unix)]
#[test]
fn attributes_are_told_and_times_set() {
    let mut w = World::new();
    w.create("f", b"four");
    w.at("path_create_directory", 3, "d", &[]);
    symlink(&mut w, "f", "l");
    symlink(&mut w, "../d/../l", "d/m");
    symlink(&mut w, "d", "to-d");
    let ok = Code(0);
    assert_eq!(stat(&mut w, 0, "f"), (ok, 4, 4));
    assert_eq!(stat(&mut w, FOLLOW, "l"), (ok, 4, 4));
    assert_eq!(stat(&mut w, 0, "l"), (ok, 7, 1));
    assert_eq!(stat(&mut w, 0, "d/").1, 3);
    assert_eq!(stat(&mut w, 0, "to-d/").1, 3);
    assert_eq!(stat(&mut w, 0, "d/m").1, 7);
    assert_eq!(stat(&mut w, FOLLOW, "d/m"), (ok, 4, 4));
    assert_eq!(stat(&mut w, 0, ".").1, 3);
    assert_eq!(stat(&mut w, 0, "f/").0, Errno::NotDir);
    assert_eq!(stat(&mut w, 0, "l/").0, Errno::NotDir);
    assert_eq!(stat(&mut w, 0, "none").0, Errno::NoEnt);

    let modified = |w: &mut World, flags, path: &str| {
        stat(w, flags, path);
        w.u64_at(OUT + 48)
    };
    for (flags, path, changed, changed_flags) in [
        (0, "f", "f", 0),
        (FOLLOW, "d/m", "f", 0),
        (0, "l", "l", 0),
        (0, "to-d/", "d", 0),
        (0, "d/.", "d", 0),
    ] {
        let time = 1_000 + path.len() as u64;
        let [ptr, len] = w.path(path);
        w.ok("path_filestat_set_times", &[3, flags, ptr, len, 0, time, 4]);
        assert_eq!(modified(&mut w, changed_flags, changed), time, "{path}");
    }
    let [ptr, len] = w.path("f/");
    w.fails("path_filestat_set_times", &[3, 0, ptr, len, 0, 0, 4], Errno::NotDir);
    w.fails("path_filestat_set_times", &[3, 0, ptr, len - 1, 0, 0, 12], Errno::Inval);
    let [ptr, len] = w.path("none");
    w.fails("path_filestat_set_times", &[3, 0, ptr, len, 0, 0, 4], Errno::NoEnt);
    symlink(&mut w, "loop", "loop");
    let [ptr, len] = w.path("loop");
    w.fails("path_filestat_set_times", &[3, FOLLOW, ptr, len, 0, 0, 4], Errno::Loop);
}

#[cfg(unix)]
#[test]
fn only_so_many_links_are_followed() {
    let mut w = World::new();
    w.create("link0", b"");
    for n in 1..=41 {
        symlink(&mut w, &format!("link{}", n - 1), &format!("link{n}"));
    }
    let [ptr, len] = w.path("link40");
    w.ok("path_filestat_set_times", &[3, FOLLOW, ptr, len, 0, 5, 4]);
    w.open("link40", FOLLOW, 0, READ).unwrap();
    let [ptr, len] = w.path("link41");
    w.fails("path_filestat_set_times", &[3, FOLLOW, ptr, len, 0, 5, 4], Errno::Loop);
    assert_eq!(w.open("link41", FOLLOW, 0, READ), Err(Errno::Loop.into()));
}
