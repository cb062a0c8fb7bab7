//! Attempts to reach or replace a directory that the embedder keeps out of every grant, with twins
//! beside it that are allowed.
//!
//! Green does not prove anything of directories below it, or of second names of its files.

use crate::world::*;
use prova_wasi::{Errno, FileId, Guard, Guarded, Perms, WasiCtxBuilder};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

fn id(path: &Path) -> FileId {
    let about = std::fs::metadata(path).unwrap();
    FileId { device: about.dev(), number: about.ino() }
}

/// `home/caches/own` is guarded, `home/caches/other` is not; links lead to both.
fn world() -> World {
    let mut w = World::new();
    let inside = w.temp.inside();
    for name in ["own", "other"] {
        let folder = inside.join("home/caches").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("key"), b"secret").unwrap();
        symlink(format!("home/caches/{name}"), inside.join(format!("to-{name}"))).unwrap();
    }
    std::fs::write(inside.join("file"), b"content").unwrap();
    std::fs::create_dir(inside.join("empty")).unwrap();
    let guarded = Guarded {
        inside: vec![id(&inside.join("home/caches/own"))],
        names: vec![
            (id(&inside), "home".into()),
            (id(&inside.join("home")), "caches".into()),
            (id(&inside.join("home/caches")), "own".into()),
            (id(&inside), "to-own".into()),
            (id(&inside), "later".into()),
        ],
    };
    let mut builder = WasiCtxBuilder::new();
    builder.preopen_path(&inside, "/", Perms::default()).unwrap().guard(guarded);
    w.ctx = builder.build();
    w
}

/// The ways to a folder's content.
fn ways(name: &str) -> [String; 5] {
    [
        format!("home/caches/{name}/key"),
        format!("to-{name}/key"),
        format!("home/../home/caches/./{name}/key"),
        format!("home/caches/other/../{name}/key"),
        format!("to-{name}/../{name}/key"),
    ]
}

#[test]
fn content_is_out_of_reach_by_every_way() {
    for (name, allowed) in [("own", false), ("other", true)] {
        for way in ways(name) {
            let mut w = world();
            assert_eq!(w.open(&way, FOLLOW, 0, READ).is_ok(), allowed, "{way}");
            let [ptr, len] = w.path(&way);
            let stat = w.call("path_filestat_get", &[3, FOLLOW, ptr, len, OUT]);
            assert_eq!(stat, Ok(if allowed { 0 } else { Errno::Acces as u32 }), "{way}");
            let [old, old_len] = w.path(&way);
            let [new, new_len] = w.path_2("out");
            let linked = w.call("path_link", &[3, 0, old, old_len, 3, new, new_len]);
            assert_eq!(linked == Ok(0), allowed, "{way}");
            let moved = w.call("path_rename", &[3, old, old_len, 3, new, new_len]);
            assert_eq!(moved == Ok(0), allowed, "{way}");
            let [old, old_len] = w.path("file");
            let [new, new_len] = w.path_2(&way);
            let moved = w.call("path_rename", &[3, old, old_len, 3, new, new_len]);
            assert_eq!(moved == Ok(0), allowed, "{way}");
            let removed = w.at("path_unlink_file", 3, &way, &[]);
            assert_eq!(removed == Errno::Success, allowed, "{way}");
            assert_eq!(w.open(&way, FOLLOW, CREAT, READ | WRITE).is_ok(), allowed, "{way}");
        }
        let mut w = world();
        for way in [format!("home/caches/{name}"), format!("to-{name}"), format!("to-{name}/.")] {
            let opened = w.open(&way, FOLLOW, DIRECTORY, DIR_RIGHTS);
            assert_eq!(opened.is_ok(), allowed, "{way}");
        }
    }
    let key = world();
    let key = std::fs::read(key.temp.inside().join("home/caches/own/key")).unwrap();
    assert_eq!(key, b"secret");
}

#[test]
fn the_way_there_stays_as_it_is() {
    for (name, allowed) in [
        ("home", false),
        ("home/caches", false),
        ("home/caches/own", false),
        ("to-own", false),
        ("home/caches/other", true),
        ("to-other", true),
    ] {
        let mut w = world();
        let [old, old_len] = w.path(name);
        let [new, new_len] = w.path_2("elsewhere");
        let moved = w.call("path_rename", &[3, old, old_len, 3, new, new_len]);
        assert_eq!(moved == Ok(0), allowed, "{name}");
    }
    // What is not there yet is not made, nor is a link removed.
    for (name, allowed) in [("later", false), ("sooner", true)] {
        let mut w = world();
        let made = w.at("path_create_directory", 3, name, &[]);
        assert_eq!(made == Errno::Success, allowed, "{name}");
        let opened = w.open(name, 0, CREAT | EXCL, WRITE);
        assert!(opened.is_err(), "{name}");
        let [old, old_len] = w.path("empty");
        let [new, new_len] = w.path_2(name);
        let moved = w.call("path_rename", &[3, old, old_len, 3, new, new_len]);
        assert_eq!(moved == Ok(0), allowed, "{name}");
        let mut w = world();
        let [old, old_len] = w.path("file");
        let [new, new_len] = w.path_2(name);
        let made = w.call("path_symlink", &[old, old_len, 3, new, new_len]);
        assert_eq!(made == Ok(0), allowed, "{name}");
        let mut w = world();
        let [old, old_len] = w.path("file");
        let [new, new_len] = w.path_2(name);
        let made = w.call("path_link", &[3, 0, old, old_len, 3, new, new_len]);
        assert_eq!(made == Ok(0), allowed, "{name}");
        let mut w = world();
        let made = w.open(name, 0, CREAT | EXCL, WRITE);
        assert_eq!(made.is_ok(), allowed, "{name}");
    }
    for (name, allowed) in [("to-own", false), ("to-other", true)] {
        let removed = world().at("path_unlink_file", 3, name, &[]);
        assert_eq!(removed == Errno::Success, allowed, "{name}");
    }
}

/// A guard whose folder is another one as soon as the guest runs.
#[derive(Clone)]
struct Moving(std::sync::Arc<std::sync::Mutex<Guarded>>);

impl Guard for Moving {
    fn inside(&self) -> Vec<FileId> {
        self.0.lock().unwrap().inside.clone()
    }

    fn names(&self) -> Vec<(FileId, std::ffi::OsString)> {
        self.0.lock().unwrap().names.clone()
    }
}

#[test]
fn a_guard_is_asked_at_each_call() {
    let mut w = world();
    let inside = w.temp.inside();
    let moving = Moving(std::sync::Arc::default());
    let mut builder = WasiCtxBuilder::new();
    builder.preopen_path(&inside, "/", Perms::default()).unwrap().guard(moving.clone());
    w.ctx = builder.build();
    let other = w.open("home/caches/other", 0, DIRECTORY, DIR_RIGHTS).unwrap();
    assert!(w.open("home/caches/other/key", 0, 0, READ).is_ok());
    let list = [other, DATA, 4096, 0, OUT];
    assert_eq!(w.call("fd_readdir", &list), Ok(0));
    assert_eq!(w.at("path_create_directory", 3, "sooner", &[]), Errno::Success);
    let folder = inside.join("home/caches/other");
    let names = vec![(id(&inside), "sooner".into())];
    *moving.0.lock().unwrap() = Guarded { inside: vec![id(&folder)], names };
    assert!(w.open("home/caches/other/key", 0, 0, READ).is_err());
    assert_eq!(w.call("fd_readdir", &list), Ok(Errno::Acces as u32));
    let [ptr, len] = w.path("key");
    let stat = w.call("path_filestat_get", &[other, 0, ptr, len, OUT]);
    assert_eq!(stat, Ok(Errno::Acces as u32));
    assert_eq!(w.at("path_remove_directory", 3, "sooner", &[]), Errno::Acces);
}
