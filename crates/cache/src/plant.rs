//! Planted faults: what a rule about the key, an entry or the guard forgets, one at a time, so that
//! a test can show that something gets through which is refused without the fault.
//!
//! Compiled into this crate's own tests alone; each place that can go wrong asks `planted!`, which
//! is the right expression elsewhere. Owners of files have no faults here: only another user could
//! make such files (`cli/tests/cache.rs` says the rest).

macro_rules! planted {
    ($name:ident, $right:expr, $wrong:expr) => {{
        #[cfg(all(test, unix))]
        let planted = crate::plant::is(crate::plant::Plant::$name);
        #[cfg(not(all(test, unix)))]
        let planted = false;
        if planted { $wrong } else { $right }
    }};
}
pub(crate) use planted;

#[cfg(all(test, unix))]
pub(crate) use faults::{Plant, is};

#[cfg(all(test, unix))]
mod faults {
    use crate::{Cache, Guard, Name};
    use std::cell::Cell;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    /// A fault; the names say what is wrong, the places how.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Plant {
        OthersEnter,
        FolderByLink,
        OthersReadTheKey,
        KeyHasNames,
        KeyOfAnyLength,
        KeyOfAll,
        EntryByLink,
        OthersWriteEntries,
        AnyForm,
        AnyName,
        AnyBytes,
        GuardStopsAtLinks,
        MissingNamesAreFree,
    }

    thread_local! {
        static PLANTED: Cell<Option<Plant>> = const { Cell::new(None) };
    }

    /// Whether this fault is planted in this thread.
    pub(crate) fn is(plant: Plant) -> bool {
        PLANTED.get() == Some(plant)
    }

    /// A folder with a cache that has one entry, removed at the end.
    struct World(PathBuf);

    impl World {
        fn new(number: usize) -> World {
            let name = format!("prova-cache-plants-{}-{number}", std::process::id());
            let world = World(std::env::temp_dir().join(name));
            fs::create_dir_all(&world.0).expect("it can be written");
            world.open().expect("it is made").store(&name_of("a"), b"bytes").expect("room");
            world
        }

        fn folder(&self) -> PathBuf {
            self.0.join("cache")
        }

        fn open(&self) -> Option<Cache> {
            Cache::open(&self.folder(), 1 << 20).ok()
        }

        fn file(&self, name: &str) -> PathBuf {
            self.folder().join(name_of(name).file())
        }

        /// Whether a file is loaded under a name.
        fn loads(&self, name: &str) -> bool {
            self.open().is_some_and(|cache| matches!(cache.load(&name_of(name)), Ok(Some(_))))
        }

        fn change(&self, at: usize) {
            let mut bytes = fs::read(self.file("a")).expect("it is ours");
            bytes[at] ^= 1;
            fs::write(self.file("a"), bytes).expect("it is ours");
        }

        fn guards(&self, way: &Path, name: &str) -> bool {
            Guard::of(way).names.iter().any(|(_, guarded)| guarded == name)
        }
    }

    impl Drop for World {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    fn name_of(text: &str) -> Name {
        Name::of(&[text.as_bytes()])
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    }

    /// Does what a rule is there to refuse, and says whether it got through.
    type Attack = fn(&World) -> bool;

    const ATTACKS: &[(Plant, Attack)] = &[
        (Plant::OthersEnter, |world| {
            mode(&world.folder(), 0o755);
            world.open().is_some()
        }),
        (Plant::FolderByLink, |world| {
            symlink("cache", world.0.join("link")).expect("it can be made");
            Cache::open(&world.0.join("link"), 1 << 20).is_ok()
        }),
        (Plant::OthersReadTheKey, |world| {
            mode(&world.folder().join("key"), 0o604);
            world.open().is_some()
        }),
        (Plant::KeyHasNames, |world| {
            fs::hard_link(world.folder().join("key"), world.0.join("second")).expect("one disk");
            world.open().is_some()
        }),
        (Plant::KeyOfAnyLength, |world| {
            fs::write(world.folder().join("key"), b"").expect("it is ours");
            world.open().is_some()
        }),
        (Plant::KeyOfAll, |world| {
            fs::remove_file(world.folder().join("key")).expect("it is there");
            world.loads("a")
        }),
        (Plant::EntryByLink, |world| {
            fs::rename(world.file("a"), world.0.join("elsewhere")).expect("it is there");
            symlink(world.0.join("elsewhere"), world.file("a")).expect("it can be made");
            world.loads("a")
        }),
        (Plant::OthersWriteEntries, |world| {
            mode(&world.file("a"), 0o622);
            world.loads("a")
        }),
        (Plant::AnyForm, |world| {
            world.change(7);
            world.loads("a")
        }),
        (Plant::AnyName, |world| {
            fs::copy(world.file("a"), world.file("b")).expect("it is there");
            world.loads("b")
        }),
        (Plant::AnyBytes, |world| {
            world.change(40);
            world.loads("a")
        }),
        (Plant::GuardStopsAtLinks, |world| {
            symlink("cache", world.0.join("link")).expect("it can be made");
            !world.guards(&world.0.join("link"), "cache")
        }),
        (Plant::MissingNamesAreFree, |world| !world.guards(&world.0.join("later/own"), "later")),
    ];

    #[test]
    fn every_fault_lets_an_attack_through() {
        for (number, &(plant, attack)) in ATTACKS.iter().enumerate() {
            assert!(!attack(&World::new(2 * number)), "{plant:?}: without the fault");
            PLANTED.set(Some(plant));
            let passes = attack(&World::new(2 * number + 1));
            PLANTED.set(None);
            assert!(passes, "{plant:?}: the attack does not see it");
        }
    }
}
