//! A fake guest, a temporary directory, and short ways to call.

use prova_wasi::{
    Captured, Clocks, Errno, Exit, Guest, GuestMemory, Perms, SharedBytes, WasiCtx, WasiCtxBuilder,
    WasiLimits, function,
};
use std::cell::RefCell;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The words of a trap at a pointer.
pub(crate) const BEYOND: &str = "beyond the guest's memory";
/// Where calls leave small results.
pub(crate) const OUT: u64 = 0x100;
/// Where vectors are.
pub(crate) const IOVS: u64 = 0x200;
/// Where first and second paths are.
pub(crate) const PATH: u64 = 0x1000;
pub(crate) const PATH_2: u64 = 0x3000;
/// Where data is.
pub(crate) const DATA: u64 = 0x6000;
pub(crate) const MEMORY_BYTES: usize = 0x20000;

/// All rights of preview 1.
pub(crate) const ALL_RIGHTS: u64 = (1 << 30) - 1;
/// All rights that opening a directory may ask for.
pub(crate) const DIR_RIGHTS: u64 = ALL_RIGHTS & !WRITE;
pub(crate) const READ: u64 = 1 << 1;
pub(crate) const WRITE: u64 = 1 << 6;
pub(crate) const CREAT: u64 = 1;
pub(crate) const DIRECTORY: u64 = 2;
pub(crate) const EXCL: u64 = 4;
pub(crate) const TRUNC: u64 = 8;
pub(crate) const FOLLOW: u64 = 1;

pub(crate) struct Fake {
    pub(crate) memory: Vec<u8>,
    pub(crate) fuel: u64,
    /// How often the guest was asked whether it may go on.
    pub(crate) polls: u64,
    /// How often it says yes.
    pub(crate) polls_max: u64,
    pub(crate) patience: Option<Duration>,
    /// The memory while a call runs, where another thread is to spoil what the call has read.
    spoiled: Option<Spoiled>,
}

/// Bytes that change once they are read.
#[derive(Default)]
pub(crate) struct Spoiled {
    bytes: RefCell<Vec<u8>>,
    /// The bytes that were read, and their places.
    seen: RefCell<Vec<(usize, Vec<u8>)>>,
}

impl SharedBytes for Spoiled {
    fn size(&self) -> usize {
        self.bytes.borrow().len()
    }
    fn read(&self, at: usize, buffer: &mut [u8]) -> bool {
        let mut bytes = self.bytes.borrow_mut();
        let Some(from) = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..buffer.len())) else {
            return false;
        };
        buffer.copy_from_slice(from);
        from.iter_mut().for_each(|byte| *byte = !*byte);
        self.seen.borrow_mut().push((at, buffer.to_vec()));
        true
    }
    fn write(&self, at: usize, from: &[u8]) -> bool {
        // What stood there is not put back.
        for (seen, old) in self.seen.borrow_mut().iter_mut() {
            for (n, byte) in from.iter().enumerate() {
                if let Some(old) = (at + n).checked_sub(*seen).and_then(|n| old.get_mut(n)) {
                    *old = *byte;
                }
            }
        }
        let mut bytes = self.bytes.borrow_mut();
        let to = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..from.len()));
        to.map(|to| to.copy_from_slice(from)).is_some()
    }
}

impl Fake {
    /// A guest that nothing interrupts.
    pub(crate) fn new(memory_bytes: usize) -> Self {
        let memory = vec![0; memory_bytes];
        Fake {
            memory,
            fuel: u64::MAX,
            polls: 0,
            polls_max: u64::MAX,
            patience: None,
            spoiled: None,
        }
    }

    /// Interrupts the guest after `polls` more polls.
    pub(crate) fn interrupt_after(&mut self, polls: u64) {
        self.polls_max = self.polls + polls;
    }
}

impl Guest for Fake {
    fn memory(&mut self) -> GuestMemory<'_> {
        match &self.spoiled {
            Some(spoiled) => GuestMemory::Shared(spoiled),
            None => GuestMemory::Own(&mut self.memory),
        }
    }
    fn charge(&mut self, units: u64) -> Result<(), Exit> {
        self.fuel = self.fuel.checked_sub(units).ok_or(Exit::OutOfFuel)?;
        Ok(())
    }
    fn poll(&mut self) -> Result<(), Exit> {
        if self.polls >= self.polls_max {
            return Err(Exit::Interrupt);
        }
        self.polls += 1;
        Ok(())
    }
    fn patience(&self) -> Option<Duration> {
        self.patience
    }
}

/// A private directory that is removed at the end.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("prova-wasi-{}-{unique}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("inside")).unwrap();
        TempDir(path)
    }
    /// The directory that the guest gets.
    pub(crate) fn inside(&self) -> PathBuf {
        self.0.join("inside")
    }
    /// Its parent, which the guest must not reach.
    pub(crate) fn outside(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A context with one preopened directory (descriptor 3) and its guest.
pub(crate) struct World {
    pub(crate) ctx: WasiCtx,
    pub(crate) guest: Fake,
    pub(crate) temp: TempDir,
    pub(crate) stdout: Captured,
    /// The other ends of connections, which stay open.
    pub(crate) peers: Vec<TcpStream>,
}

impl World {
    pub(crate) fn new() -> Self {
        World::with(Perms::default())
    }

    pub(crate) fn with(perms: Perms) -> Self {
        World::granted(perms, WasiLimits::default())
    }

    fn granted(perms: Perms, limits: WasiLimits) -> Self {
        let temp = TempDir::new();
        let stdout = Captured::new(1 << 20);
        let mut builder = WasiCtxBuilder::new();
        builder
            .args(["prog", "one"])
            .env("KEY", "value")
            .stdin(Box::new(&b"input"[..]))
            .stdout(Box::new(stdout.clone()))
            .stderr(Box::new(std::io::sink()))
            .clocks(Clocks::Virtual { realtime_ns: 1_000_000_000, step_ns: 10 })
            .randomness(prova_wasi::Randomness::Seeded(1))
            .limits(limits);
        builder.preopen_path(temp.inside(), "/", perms).unwrap();
        World {
            ctx: builder.build(),
            guest: Fake::new(MEMORY_BYTES),
            temp,
            stdout,
            peers: Vec::new(),
        }
    }

    /// A world with these limits.
    pub(crate) fn limited(limits: WasiLimits) -> Self {
        World::granted(Perms::default(), limits)
    }

    pub(crate) fn call(&mut self, name: &str, args: &[u64]) -> Result<u32, Exit> {
        (function(name).unwrap().call)(&mut self.ctx, &mut self.guest, args)
    }

    /// The same while another thread spoils all that the call has read.
    pub(crate) fn call_spoiled(&mut self, name: &str, args: &[u64]) -> Result<u32, Exit> {
        let bytes = RefCell::new(std::mem::take(&mut self.guest.memory));
        self.guest.spoiled = Some(Spoiled { bytes, ..Spoiled::default() });
        let result = self.call(name, args);
        let Spoiled { bytes, seen } = self.guest.spoiled.take().unwrap();
        self.guest.memory = bytes.into_inner();
        // What was read first stood there before.
        for (at, old) in seen.into_inner().iter().rev() {
            self.guest.memory[*at..at + old.len()].copy_from_slice(old);
        }
        result
    }

    /// Calls and wants success.
    #[track_caller]
    pub(crate) fn ok(&mut self, name: &str, args: &[u64]) {
        assert_eq!(self.call(name, args), Ok(0), "{name}{args:?}");
    }

    /// Calls and wants this error.
    #[track_caller]
    pub(crate) fn fails(&mut self, name: &str, args: &[u64], errno: Errno) {
        assert_eq!(self.call(name, args), Ok(errno as u32), "{name}{args:?} should be {errno:?}");
    }

    /// Calls and wants a trap with these words.
    #[track_caller]
    pub(crate) fn traps(&mut self, name: &str, args: &[u64], words: &str) {
        let Err(Exit::Trap(reason)) = self.call(name, args) else {
            panic!("{name}{args:?} should trap");
        };
        assert!(reason.starts_with(name) && reason.contains(words), "{name}{args:?}: {reason}");
    }

    pub(crate) fn put(&mut self, at: u64, bytes: &[u8]) {
        let at = at as usize;
        self.guest.memory[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Stores a path for the next call; returns pointer and length.
    pub(crate) fn path(&mut self, path: &str) -> [u64; 2] {
        self.put(PATH, path.as_bytes());
        [PATH, path.len() as u64]
    }

    pub(crate) fn path_2(&mut self, path: &str) -> [u64; 2] {
        self.put(PATH_2, path.as_bytes());
        [PATH_2, path.len() as u64]
    }

    /// Stores vectors of these lengths over consecutive data; returns pointer and count.
    pub(crate) fn vectors(&mut self, lengths: &[u64]) -> [u64; 2] {
        let mut at = DATA;
        for (n, length) in lengths.iter().enumerate() {
            self.put(IOVS + n as u64 * 8, &(at as u32).to_le_bytes());
            self.put(IOVS + n as u64 * 8 + 4, &(*length as u32).to_le_bytes());
            at += length;
        }
        [IOVS, lengths.len() as u64]
    }

    pub(crate) fn bytes(&self, at: u64, len: usize) -> &[u8] {
        &self.guest.memory[at as usize..at as usize + len]
    }

    pub(crate) fn u32_at(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.bytes(at, 4).try_into().unwrap())
    }

    pub(crate) fn u64_at(&self, at: u64) -> u64 {
        u64::from_le_bytes(self.bytes(at, 8).try_into().unwrap())
    }

    /// A call below descriptor `fd` with one path and further arguments.
    pub(crate) fn at(&mut self, name: &str, fd: u64, path: &str, rest: &[u64]) -> Code {
        let [ptr, len] = self.path(path);
        let args = [&[fd, ptr, len], rest].concat();
        Code(self.call(name, &args).unwrap())
    }

    /// `path_open` below descriptor 3; the new descriptor or the error.
    pub(crate) fn open(
        &mut self,
        path: &str,
        lookup: u64,
        how: u64,
        rights: u64,
    ) -> Result<u64, Code> {
        self.open_with(path, lookup, how, rights, 0)
    }

    pub(crate) fn open_with(
        &mut self,
        path: &str,
        lookup: u64,
        how: u64,
        rights: u64,
        flags: u64,
    ) -> Result<u64, Code> {
        let [ptr, len] = self.path(path);
        let args = [3, lookup, ptr, len, how, rights, ALL_RIGHTS, flags, OUT];
        match self.call("path_open", &args).unwrap() {
            0 => Ok(u64::from(self.u32_at(OUT))),
            errno => Err(Code(errno)),
        }
    }

    /// Writes a file through the guest's calls and leaves it open.
    pub(crate) fn create(&mut self, path: &str, content: &[u8]) -> u64 {
        let fd = self.open(path, 0, CREAT, ALL_RIGHTS).unwrap();
        self.put(DATA, content);
        let [iovs, count] = self.vectors(&[content.len() as u64]);
        self.ok("fd_write", &[fd, iovs, count, OUT]);
        assert_eq!(self.u32_at(OUT) as usize, content.len());
        fd
    }
}

/// An error code as a call returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) u32);

impl PartialEq<Errno> for Code {
    fn eq(&self, other: &Errno) -> bool {
        self.0 == *other as u32
    }
}

impl From<Errno> for Code {
    fn from(errno: Errno) -> Self {
        Code(errno as u32)
    }
}
