//! A cache's folder: things that others put there, faults while it is used, and how much stays.
//!
//! Green does not show that the system keeps its part: owners and modes of files, atomic renames.

#![cfg(unix)]

use prova_cache::{Cache, ENTRY_BYTES_MAX, FileId, Guard, Name, default_folder, program};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const MAX: u64 = 1 << 20;

/// A folder of one test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Scratch {
        let name = format!("cache-{test}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("it can be written");
        Scratch(path)
    }

    fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    fn open(&self) -> Cache {
        Cache::open(&self.cache(), MAX).expect("it is good")
    }

    fn file(&self, name: &Name) -> PathBuf {
        self.cache().join(name.file())
    }

    fn refused(&self) -> String {
        Cache::open(&self.cache(), MAX).expect_err("it is bad").to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn name(text: &str) -> Name {
    Name::of(&[text.as_bytes()])
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn bytes_come_back_under_their_name_alone() {
    let scratch = Scratch::new("names");
    let cache = scratch.open();
    assert_eq!(cache.load(&name("a")).expect("nothing is wrong"), None);
    for bytes in [&b""[..], b"one", &[7; 100_000]] {
        cache.store(&name("a"), bytes).expect("there is room");
        assert_eq!(scratch.open().load(&name("a")).expect("good").as_deref(), Some(bytes));
    }
    // Under another name it is somebody else's.
    fs::copy(scratch.file(&name("a")), scratch.file(&name("b"))).expect("it is there");
    let bad = cache.load(&name("b")).expect_err("it is of another name").to_string();
    assert!(bad.contains(&name("b").file()) && bad.contains("not what was written"), "{bad}");
    assert_eq!(Name::of_file(&name("a").file()), Some(name("a")));
    for file in ["", ".entry", "key", &name("a").file()[1..], &name("a").file().to_uppercase()] {
        assert_eq!(Name::of_file(file), None, "{file}");
    }
    // Parts are told apart.
    assert_ne!(Name::of(&[b"ab", b""]), Name::of(&[b"a", b"b"]));
}

#[test]
fn the_folder_and_the_key_are_the_users_alone() {
    let scratch = Scratch::new("rights");
    let cache = scratch.open();
    let about = |path: &Path| fs::metadata(path).expect("it is there").mode() & 0o777;
    let key = scratch.cache().join("key");
    assert_eq!((about(&scratch.cache()), about(&key)), (0o700, 0o600));
    assert_eq!(fs::read(&key).expect("it is ours").len(), 32);
    assert!(!format!("{cache:?}").contains("key"));
    for rights in [0o701, 0o710, 0o770, 0o755] {
        mode(&scratch.cache(), rights);
        let refused = scratch.refused();
        assert!(refused.contains("others can enter it (`chmod 700`"), "{refused}");
    }
    mode(&scratch.cache(), 0o700);
    for rights in [0o604, 0o640, 0o622] {
        mode(&key, rights);
        assert!(scratch.refused().contains("key`: others can read or write it"), "{rights:o}");
    }
    mode(&key, 0o600);
    scratch.open();
}

#[test]
fn a_key_is_one_file_of_32_bytes() {
    let scratch = Scratch::new("key");
    let cache = scratch.open();
    cache.store(&name("a"), b"bytes").expect("there is room");
    let key = scratch.cache().join("key");
    // A second name of it may be in reach of a guest.
    fs::hard_link(&key, scratch.0.join("second")).expect("one file system");
    assert!(scratch.refused().contains("it has another name, too"));
    fs::remove_file(scratch.0.join("second")).expect("it is there");
    scratch.open();
    for bytes in [&b""[..], &[1; 31], &[1; 33], &[1; 4096]] {
        fs::write(&key, bytes).expect("it is ours");
        assert!(scratch.refused().contains("it is no key of 32 bytes"));
    }
    for (make, what) in [
        (&(|| fs::create_dir(&key)) as &dyn Fn() -> std::io::Result<()>, "no regular file"),
        (&|| symlink("elsewhere", &key), "it is a link"),
        (&|| fifo(&key), "no regular file"),
    ] {
        fs::remove_file(&key).or_else(|_| fs::remove_dir(&key)).expect("it is there");
        make().expect("it can be made");
        let refused = scratch.refused();
        assert!(refused.contains(what), "{refused}");
    }
    // Another key: what was written under the old one is nobody's.
    fs::remove_file(&key).expect("it is there");
    assert!(scratch.open().load(&name("a")).is_err());
    // All goes, and a new key comes.
    fs::write(&key, b"bad").expect("it is ours");
    assert_eq!(Cache::clear(&scratch.cache()).expect("it can").entries, 1);
    assert_eq!(scratch.open().entries().expect("it can be read"), []);
}

fn fifo(path: &Path) -> std::io::Result<()> {
    let made = std::process::Command::new("mkfifo").arg(path).status()?;
    if made.success() { Ok(()) } else { Err(std::io::Error::other("mkfifo")) }
}

#[test]
fn a_folder_that_is_none() {
    let scratch = Scratch::new("folder");
    fs::write(scratch.cache(), b"").expect("it can be written");
    assert!(scratch.refused().contains("it is no directory"));
    fs::remove_file(scratch.cache()).expect("it is there");
    // A link to a good folder is a link.
    let good = scratch.0.join("good");
    Cache::open(&good, MAX).expect("it is made");
    symlink(&good, scratch.cache()).expect("it can be made");
    assert!(scratch.refused().contains("it is no directory"));
    for behind in ["/", "/.", "//./"] {
        let way = |name: &str| PathBuf::from(scratch.0.join(name).display().to_string() + behind);
        assert!(Cache::open(&way("cache"), MAX).is_err(), "{behind}");
        assert!(Cache::open(&way("good"), MAX).is_ok(), "{behind}");
    }
    // Nothing can be made below a file: that is no fault of the folder.
    let refused = Cache::open(&good.join("key/cache"), MAX).expect_err("no directory");
    assert!(!refused.why.is_empty());
}

/// Everything that can stand in the place of an entry: it is refused, without waiting, and replaced
/// by the next store.
#[test]
fn evil_entries() {
    let scratch = Scratch::new("evil");
    let cache = scratch.open();
    let a = name("a");
    let file = scratch.file(&a);
    let good = {
        cache.store(&a, b"the bytes").expect("there is room");
        fs::read(&file).expect("it is there")
    };
    let changed: Vec<Vec<u8>> = (0..good.len())
        .map(|at| {
            let mut changed = good.clone();
            changed[at] ^= 1;
            changed
        })
        .chain((0..good.len()).map(|length| good[..length].to_vec()))
        .chain([[&good[..], b"\0"].concat()])
        .collect();
    for bytes in changed {
        fs::write(&file, bytes).expect("it is ours");
        assert!(cache.load(&a).is_err());
    }
    fs::write(&file, &good).expect("it is ours");
    assert!(cache.load(&a).is_ok());
    mode(&file, 0o620);
    assert!(cache.load(&a).expect_err("evil").why.contains("others can write it"));
    let other = scratch.0.join("other");
    fs::write(&other, &good).expect("it can be written");
    for (make, what) in [
        (&(|| symlink(&other, &file)) as &dyn Fn() -> std::io::Result<()>, "it is a link"),
        (&|| fs::create_dir(&file), "no regular file"),
        (&|| fifo(&file), "no regular file"),
        (&|| File::create(&file)?.set_len(ENTRY_BYTES_MAX + 41), "longer than an entry may be"),
    ] {
        fs::remove_file(&file).or_else(|_| fs::remove_dir(&file)).expect("it is there");
        make().expect("it can be made");
        let bad = cache.load(&a).expect_err("evil").why;
        assert!(bad.contains(what), "{bad}");
    }
    // A length that fits, and nothing in it.
    File::create(&file).and_then(|file| file.set_len(1 << 20)).expect("it is ours");
    assert!(cache.load(&a).is_err());
    fs::remove_file(&file).expect("it is there");
    symlink(&other, &file).expect("it can be made");
    cache.store(&a, b"new").expect("the link is replaced");
    assert_eq!(cache.load(&a).expect("good").as_deref(), Some(&b"new"[..]));
    assert_eq!(fs::read(&other).expect("it is there"), good, "what the link named is as it was");
}

#[test]
fn the_oldest_use_goes_first() {
    let scratch = Scratch::new("prune");
    let cache = scratch.open();
    let names: Vec<Name> = (0..8).map(|number| name(&number.to_string())).collect();
    let now = SystemTime::now();
    let used = |at: usize, hours: u64| {
        let file = File::open(scratch.file(&names[at])).expect("it is there");
        file.set_modified(now - Duration::from_secs(3600 * hours)).expect("it is ours");
    };
    for (at, name) in names.iter().enumerate() {
        cache.store(name, &[0; 1000]).expect("there is room");
        used(at, 10 + at as u64);
    }
    // A use of the oldest makes it the newest.
    assert!(cache.load(&names[7]).expect("good").is_some());
    let left = |cache: &Cache| -> Vec<String> {
        cache.entries().expect("it can be read").into_iter().map(|entry| entry.file).collect()
    };
    let files = |at: &[usize]| -> Vec<String> { at.iter().map(|&at| names[at].file()).collect() };
    assert_eq!(left(&cache), files(&[7, 0, 1, 2, 3, 4, 5, 6]));
    let removed = cache.prune(3 * 1040).expect("they can be removed");
    assert_eq!((removed.entries, removed.bytes), (5, 5 * 1040));
    assert_eq!(left(&cache), files(&[7, 0, 1]));
    // A store keeps the bound of the cache.
    let small = Cache::open(&scratch.cache(), 2 * 1040).expect("it is good");
    small.store(&names[4], &[0; 1000]).expect("there is room");
    assert_eq!(left(&small).len(), 2);
    assert!(left(&small).contains(&names[4].file()));
    // What an ended process left goes after a time; what is not ours stays.
    for file in ["tmp-1-0123456789abcdef", "tmp-2-0123456789abcdef", "notes"] {
        fs::write(scratch.cache().join(file), b"").expect("it can be written");
    }
    let old = File::open(scratch.cache().join("tmp-1-0123456789abcdef")).expect("it is there");
    old.set_modified(now - Duration::from_secs(7200)).expect("it is ours");
    cache.prune(MAX).expect("it can");
    let there = |file: &str| scratch.cache().join(file).exists();
    assert!(!there("tmp-1-0123456789abcdef") && there("tmp-2-0123456789abcdef") && there("notes"));
    assert!(there("key"));
}

#[test]
fn too_much_is_not_stored() {
    let scratch = Scratch::new("much");
    let cache = scratch.open();
    let most = vec![0; ENTRY_BYTES_MAX as usize];
    // It is stored, and goes at once: the bound of the cache is lower.
    cache.store(&name("a"), &most).expect("there is room");
    assert_eq!(cache.load(&name("a")).expect("nothing is wrong"), None);
    let more = [&most[..], b"\0"].concat();
    assert!(cache.store(&name("a"), &more).is_err());
    assert_eq!(fs::read_dir(scratch.cache()).expect("it can be read").count(), 1, "the key");
}

/// Processes that open a new folder at once have one key.
#[test]
fn many_make_one_key() {
    let scratch = Scratch::new("many");
    std::thread::scope(|scope| {
        for number in 0..16 {
            let scratch = &scratch;
            scope.spawn(move || {
                let cache = scratch.open();
                let name = name(&number.to_string());
                cache.store(&name, &[number]).expect("there is room");
                assert_eq!(cache.load(&name).expect("good"), Some(vec![number]));
            });
        }
    });
    let cache = scratch.open();
    for number in 0..16 {
        let name = name(&number.to_string());
        assert_eq!(cache.load(&name).expect("of one key"), Some(vec![number]));
    }
}

#[test]
fn a_guard_names_the_way() {
    let scratch = Scratch::new("guard");
    let root = fs::canonicalize(&scratch.0).expect("it is there");
    let id = |path: &Path| {
        let about = fs::metadata(path).expect("it is there");
        FileId { device: about.dev(), number: about.ino() }
    };
    let within =
        |guard: &Guard, dir: &Path, name: &str| guard.names.contains(&(id(dir), name.into()));
    // Not there yet: the first name that is missing is guarded, so that nobody else makes it.
    let guard = Guard::of(&root.join("caches/own"));
    assert!(guard.folder.is_none() && within(&guard, &root, "caches"));
    fs::create_dir_all(root.join("real/own")).expect("it can be made");
    symlink("real", root.join("caches")).expect("it can be made");
    let guard = Guard::of(&root.join("caches/../caches/own"));
    assert_eq!(guard.folder, Some(id(&root.join("real/own"))));
    for (dir, name) in [("", "caches"), ("", "real"), ("real", "own")] {
        assert!(within(&guard, &root.join(dir), name), "{dir} {name}");
    }
    assert!(within(&guard, Path::new("/"), root.iter().nth(1).unwrap().to_str().unwrap()));
    assert!(!within(&guard, &root, "own"));
    symlink("round", root.join("round")).expect("it can be made");
    assert_eq!(Guard::of(&root.join("round/own")).folder, None);
}

#[test]
fn a_program_knows_itself_and_its_home() {
    assert_eq!(program(), program());
    assert!(!program().is_empty());
    assert!(default_folder().is_none_or(|folder| folder.is_absolute()));
}
