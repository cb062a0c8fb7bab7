//! Attempts to leave the preopened directory. Each would reach `secret` beside it if it worked.
//!
//! Green does not prove that no race between guest and host opens a way; that rests on cap-std and
//! `openat2`.

use crate::world::*;
use prova_wasi::Errno;

/// A sandbox with links that point out of it, and what must not be touched outside.
fn world() -> World {
    let w = World::new();
    let inside = w.temp.inside();
    std::fs::create_dir(w.temp.outside().join("secret")).unwrap();
    std::fs::write(w.temp.outside().join("secret/file"), b"secret").unwrap();
    std::fs::write(w.temp.outside().join("top"), b"secret").unwrap();
    std::fs::create_dir(inside.join("dir")).unwrap();
    std::fs::write(inside.join("own"), b"own").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        let secret = w.temp.outside().join("secret");
        symlink("../secret", inside.join("out")).unwrap();
        symlink(&secret, inside.join("abs")).unwrap();
        symlink("../top", inside.join("out-file")).unwrap();
        symlink("../../secret", inside.join("dir/deep")).unwrap();
        symlink("out", inside.join("twice")).unwrap();
        symlink("dir/../../secret", inside.join("wander")).unwrap();
    }
    w
}

/// Asserts that the files outside are unchanged.
#[track_caller]
fn untouched(w: &World, case: &str) {
    let secret = w.temp.outside().join("secret");
    let names: Vec<_> =
        std::fs::read_dir(&secret).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["file"], "{case}");
    assert_eq!(std::fs::read(secret.join("file")).unwrap(), b"secret", "{case}");
    assert_eq!(std::fs::read(w.temp.outside().join("top")).unwrap(), b"secret", "{case}");
    assert_eq!(std::fs::read_dir(w.temp.outside()).unwrap().count(), 3, "{case}");
}

/// Paths whose target lies outside, with and without links.
const DOTS: &[&str] = &[
    "..",
    "../",
    "../top",
    "../secret/file",
    "dir/../../top",
    "./../top",
    "dir/../..",
    "/",
    "//",
    "/etc/passwd",
    "/../top",
    "../inside/../top",
    "dir/./../../secret/",
];
#[cfg(unix)]
const LINKS: &[&str] = &[
    "out/",
    "out/file",
    "out/.",
    "out/..",
    "abs/",
    "abs/file",
    "out-file/",
    "dir/deep/",
    "dir/deep/file",
    "twice/",
    "twice/file",
    "wander/",
    "wander/file",
    "out//",
    "out/new",
    "abs/new",
];
#[cfg(not(unix))]
const LINKS: &[&str] = &[];
/// Links themselves, which only a following call leaves by.
#[cfg(unix)]
const FOLLOWED: &[&str] = &["out", "abs", "out-file", "dir/deep", "twice", "wander"];
#[cfg(not(unix))]
const FOLLOWED: &[&str] = &[];

/// Every path that leaves whether or not links are followed.
fn leaving() -> impl Iterator<Item = &'static str> {
    DOTS.iter().chain(LINKS).copied()
}

#[test]
fn opening_stays_inside() {
    let mut w = world();
    for follow in [0, FOLLOW] {
        for how in [0, CREAT, CREAT | EXCL, TRUNC, DIRECTORY] {
            for rights in [READ, READ | WRITE, ALL_RIGHTS] {
                let paths = leaving().chain(FOLLOWED.iter().copied());
                for path in paths {
                    let opened = w.open(path, follow, how, rights);
                    assert!(opened.is_err(), "{path} {follow} {how} {rights:#x}: {opened:?}");
                    untouched(&w, path);
                }
            }
        }
    }
    w.open("dir/../own", 0, 0, READ).unwrap();
    w.open("./dir/.././own", FOLLOW, 0, READ).unwrap();
}

#[test]
fn attributes_stay_inside() {
    let mut w = world();
    for path in leaving() {
        for flags in [0, FOLLOW] {
            let [ptr, len] = w.path(path);
            assert_ne!(
                w.call("path_filestat_get", &[3, flags, ptr, len, OUT]),
                Ok(0),
                "{path} {flags}"
            );
            let times = [3, flags, ptr, len, 0, 1, 5];
            assert_ne!(w.call("path_filestat_set_times", &times), Ok(0), "{path}");
        }
    }
    for path in FOLLOWED {
        let [ptr, len] = w.path(path);
        assert_ne!(w.call("path_filestat_get", &[3, FOLLOW, ptr, len, OUT]), Ok(0), "{path}");
        assert_ne!(
            w.call("path_filestat_set_times", &[3, FOLLOW, ptr, len, 0, 1, 5]),
            Ok(0),
            "{path}"
        );
        // The link itself is inside.
        w.ok("path_filestat_set_times", &[3, 0, ptr, len, 0, 1, 5]);
    }
    for path in ["secret", "secret/file", "top"] {
        let modified = std::fs::metadata(w.temp.outside().join(path)).unwrap().modified().unwrap();
        let age = modified.duration_since(std::time::UNIX_EPOCH).unwrap();
        assert!(age.as_secs() > 1, "{path} was touched");
    }
}

#[test]
fn making_and_removing_stay_inside() {
    let mut w = world();
    for path in leaving() {
        for name in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
            let code = w.at(name, 3, path, &[]);
            assert_ne!(code, Code(0), "{name} {path}");
            untouched(&w, path);
        }
        let code = w.at("path_readlink", 3, path, &[DATA, 100, OUT]);
        assert_ne!(code, Code(0), "path_readlink {path}");
    }
    assert_eq!(w.at("path_create_directory", 3, "dir/../new", &[]), Errno::Success);
}

#[test]
fn renaming_and_linking_stay_inside() {
    let mut w = world();
    for path in leaving() {
        for (old, new) in [(path, "new"), ("own", path), ("dir", path), (path, path)] {
            let [old, old_len] = w.path(old);
            let [new, new_len] = w.path_2(new);
            let code = w.call("path_rename", &[3, old, old_len, 3, new, new_len]);
            assert_ne!(code, Ok(0), "rename {path}");
            for flags in [0, FOLLOW] {
                let code = w.call("path_link", &[3, flags, old, old_len, 3, new, new_len]);
                assert_ne!(code, Ok(0), "link {path}");
            }
            untouched(&w, path);
        }
        let [old, old_len] = w.path("own");
        let [new, new_len] = w.path_2(path);
        let code = w.call("path_symlink", &[old, old_len, 3, new, new_len]);
        assert_ne!(code, Ok(0), "symlink {path}");
        untouched(&w, path);
    }
    // Links may be moved: what moves is the link.
    #[cfg(unix)]
    for path in FOLLOWED {
        let [old, old_len] = w.path(path);
        let [new, new_len] = w.path_2("moved");
        w.ok("path_rename", &[3, old, old_len, 3, new, new_len]);
        assert!(w.temp.inside().join("moved").is_symlink());
        untouched(&w, path);
    }
}

/// A slash behind a link's name, which some hosts follow: every call that makes, moves or removes a
/// name answers it before the host is asked, and the link stays what it was.
#[cfg(unix)]
#[test]
fn a_slash_behind_a_link_is_not_followed() {
    let mut w = world();
    std::os::unix::fs::symlink("dir", w.temp.inside().join("inner")).unwrap();
    for name in ["out", "abs", "out-file", "dir/deep", "twice", "inner"] {
        let target = std::fs::read_link(w.temp.inside().join(name)).unwrap();
        for path in ["/", "//", "/.", "/./"].map(|slash| format!("{name}{slash}")) {
            for (call, old, new) in [
                ("path_rename", path.as_str(), "new"),
                ("path_rename", "dir", &path),
                ("path_rename", "own", &path),
                ("path_link", &path, "new"),
                ("path_link", "own", &path),
                ("path_symlink", "own", &path),
                ("path_create_directory", &path, ""),
                ("path_remove_directory", &path, ""),
                ("path_unlink_file", &path, ""),
            ] {
                let ([old_at, old_len], [new_at, new_len]) = (w.path(old), w.path_2(new));
                let args = match call {
                    "path_rename" => vec![3, old_at, old_len, 3, new_at, new_len],
                    "path_link" => vec![3, 0, old_at, old_len, 3, new_at, new_len],
                    "path_symlink" => vec![old_at, old_len, 3, new_at, new_len],
                    _ => vec![3, old_at, old_len],
                };
                assert_ne!(w.call(call, &args), Ok(0), "{call} {old} {new}");
                let now = std::fs::read_link(w.temp.inside().join(name)).unwrap();
                assert_eq!(now, target, "{call} {old} {new}");
                assert!(!w.temp.inside().join("new").exists(), "{call} {old} {new}");
                assert!(w.temp.inside().join("dir").is_dir(), "{call} {old} {new}");
                untouched(&w, &path);
            }
        }
    }
    // Its twin: a directory may be named with a slash.
    for (old, new) in [("dir/", "moved"), ("moved", "dir//")] {
        let ([old_at, old_len], [new_at, new_len]) = (w.path(old), w.path_2(new));
        w.ok("path_rename", &[3, old_at, old_len, 3, new_at, new_len]);
    }
}

#[cfg(unix)]
#[test]
fn links_made_by_the_guest_do_not_lead_out() {
    let mut w = world();
    for (n, target) in ["../secret/file", "../top", "dir/../../top", "out/file"].iter().enumerate()
    {
        let link = format!("mine{n}");
        let [old, old_len] = w.path(target);
        let [new, new_len] = w.path_2(&link);
        w.ok("path_symlink", &[old, old_len, 3, new, new_len]);
        assert_eq!(w.open(&link, FOLLOW, 0, READ), Err(Errno::Perm.into()), "{target}");
        assert_eq!(
            w.open(&link, FOLLOW, CREAT | TRUNC, WRITE),
            Err(Errno::Perm.into()),
            "{target}"
        );
        untouched(&w, target);
    }
}

/// `/proc/self/mem` is the memory of the process that runs the guest.
#[test]
#[cfg(target_os = "linux")]
fn no_grant_leads_to_the_memory_of_a_process() {
    use prova_wasi::{Perms, WasiCtxBuilder};
    for (granted, prefix) in [("/", "proc/self/"), ("/proc", "self/"), ("/proc/self", "")] {
        for name in ["mem", "maps", "environ", "task/../mem"] {
            let name = format!("{prefix}{name}");
            for rights in [READ, READ | WRITE] {
                let mut w = world();
                let mut builder = WasiCtxBuilder::new();
                builder.preopen_path(granted, "/", Perms::default()).unwrap();
                w.ctx = builder.build();
                let opened = w.open(&name, FOLLOW, 0, rights);
                assert_eq!(opened, Err(Errno::Acces.into()), "{granted}: {name}");
            }
        }
    }
    // The same grant of the root, and another file.
    let mut w = world();
    let own = w.temp.inside().join("own");
    let mut builder = WasiCtxBuilder::new();
    builder.preopen_path("/", "/", Perms::default()).unwrap();
    w.ctx = builder.build();
    let own = own.to_str().unwrap().trim_start_matches('/').to_owned();
    assert!(w.open(&own, FOLLOW, 0, READ).is_ok());
}
