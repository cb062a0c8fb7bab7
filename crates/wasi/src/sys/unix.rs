//! The operating system layer for Linux, macOS and the BSDs.
//!
//! Invariant 1: a function that takes `(&Dir, name)` is only called with a name of one component
//! that is neither `.` nor `..` and has no slash (`fs_walk::Place`), and never follows a symbolic
//! link there. Following is left to `fs_walk`.
//!
//! Invariant 2: no file of Linux's procfs is opened, in any directory. `/proc/self/mem` is this
//! process's memory: a guest that could write it would leave every sandbox.

use super::{Advice, HostEntry, Open, SetTime, Waiting, timestamp_ns};
use crate::guest::Outcome;
use crate::types::{Errno, Filestat, Filetype, fdflags};
use cap_std::fs::Dir;
use rustix::event::{PollFd, PollFlags};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno as Sys;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// Most bytes that a write to a stream can take without waiting once `poll` called it writable.
pub(crate) const STREAM_CHUNK_BYTES_MAX: usize = 4096;

/// The preview 1 code of a system error.
pub(crate) fn errno_of(error: &io::Error) -> Option<Errno> {
    let raw = Sys::from_io_error(error)?;
    Some(match raw {
        Sys::TOOBIG => Errno::TooBig,
        Sys::ACCESS => Errno::Acces,
        Sys::AGAIN => Errno::Again,
        Sys::BADF => Errno::Badf,
        Sys::BUSY => Errno::Busy,
        Sys::CONNABORTED => Errno::ConnAborted,
        Sys::CONNRESET => Errno::ConnReset,
        Sys::DEADLK => Errno::Deadlk,
        Sys::DQUOT => Errno::Dquot,
        Sys::EXIST => Errno::Exist,
        Sys::FBIG => Errno::FBig,
        Sys::HOSTUNREACH => Errno::HostUnreach,
        Sys::ILSEQ => Errno::Ilseq,
        Sys::INTR => Errno::Intr,
        Sys::INVAL => Errno::Inval,
        Sys::IO => Errno::Io,
        Sys::ISDIR => Errno::IsDir,
        Sys::LOOP => Errno::Loop,
        Sys::MFILE => Errno::MFile,
        Sys::MLINK => Errno::MLink,
        Sys::NAMETOOLONG => Errno::NameTooLong,
        Sys::NFILE => Errno::NFile,
        Sys::NODEV => Errno::NoDev,
        Sys::NOBUFS => Errno::NoBufs,
        Sys::NOENT => Errno::NoEnt,
        Sys::NOLCK => Errno::NoLck,
        Sys::NOMEM => Errno::NoMem,
        Sys::NOSPC => Errno::NoSpc,
        Sys::NOSYS => Errno::NoSys,
        Sys::NOTCONN => Errno::NotConn,
        Sys::NOTDIR => Errno::NotDir,
        Sys::NOTEMPTY => Errno::NotEmpty,
        Sys::NOTSUP => Errno::NotSup,
        Sys::NOTTY => Errno::NoTty,
        Sys::NXIO => Errno::Nxio,
        Sys::OVERFLOW => Errno::Overflow,
        Sys::PERM => Errno::Perm,
        Sys::PIPE => Errno::Pipe,
        Sys::RANGE => Errno::Range,
        Sys::ROFS => Errno::RoFs,
        Sys::SPIPE => Errno::SPipe,
        Sys::SRCH => Errno::Srch,
        Sys::STALE => Errno::Stale,
        Sys::TIMEDOUT => Errno::TimedOut,
        Sys::TXTBSY => Errno::TxtBsy,
        // With BENEATH, the answer to a path that leaves the directory.
        Sys::XDEV => Errno::XDev,
        _ => return None,
    })
}

/// A guest's bytes as a host name; Unix names are bytes, so every guest name is one.
pub(crate) fn os_str(bytes: &[u8]) -> Option<&OsStr> {
    Some(OsStr::from_bytes(bytes))
}

/// A host name as bytes.
pub(crate) fn os_bytes(name: &OsStr) -> &[u8] {
    name.as_bytes()
}

const fn filetype(kind: FileType) -> Filetype {
    match kind {
        FileType::RegularFile => Filetype::RegularFile,
        FileType::Directory => Filetype::Directory,
        FileType::Symlink => Filetype::SymbolicLink,
        FileType::CharacterDevice => Filetype::CharacterDevice,
        FileType::BlockDevice => Filetype::BlockDevice,
        FileType::Socket => Filetype::SocketStream,
        FileType::Fifo | FileType::Unknown => Filetype::Unknown,
    }
}

/// Both metadata types have the same methods under different traits.
macro_rules! filestat {
    ($metadata:expr) => {{
        let metadata = $metadata;
        Filestat {
            dev: metadata.dev(),
            ino: metadata.ino(),
            filetype: filetype(FileType::from_raw_mode(metadata.mode() as _)),
            nlink: metadata.nlink(),
            size_bytes: metadata.size(),
            atim_ns: timestamp_ns(metadata.atime(), metadata.atime_nsec()),
            mtim_ns: timestamp_ns(metadata.mtime(), metadata.mtime_nsec()),
            ctim_ns: timestamp_ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }};
}

/// The host's attributes of an open file.
pub(crate) fn filestat_of_file(file: &File) -> io::Result<Filestat> {
    use std::os::unix::fs::MetadataExt;
    Ok(filestat!(file.metadata()?))
}

/// The host's attributes of an open directory.
pub(crate) fn filestat_of_dir(dir: &Dir) -> io::Result<Filestat> {
    use cap_std::fs::MetadataExt;
    Ok(filestat!(dir.dir_metadata()?))
}

/// The attributes of the entry `name` of `dir`, `None` if there is none (invariant 1).
pub(crate) fn look(dir: &Dir, name: &OsStr) -> io::Result<Option<Filestat>> {
    let stat = match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Sys::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Filestat {
        dev: stat.st_dev as _,
        ino: stat.st_ino as _,
        filetype: filetype(FileType::from_raw_mode(stat.st_mode)),
        nlink: stat.st_nlink as _,
        size_bytes: stat.st_size as _,
        atim_ns: timestamp_ns(stat.st_atime as _, stat.st_atime_nsec as _),
        mtim_ns: timestamp_ns(stat.st_mtime as _, stat.st_mtime_nsec as _),
        ctim_ns: timestamp_ns(stat.st_ctime as _, stat.st_ctime_nsec as _),
    }))
}

/// The flags of `open` besides the access mode.
///
/// NONBLOCK so that opening a FIFO never waits; NOCTTY so that a terminal never becomes ours.
/// CREATE and TRUNC go this way because cap-std refuses them on files opened for reading only.
fn open_flags(open: &Open) -> OFlags {
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    flags.set(OFlags::CREATE, open.create);
    flags.set(OFlags::EXCL, open.create && open.exclusive);
    flags.set(OFlags::TRUNC, open.truncate);
    flags.set(OFlags::APPEND, open.fdflags & fdflags::APPEND != 0);
    #[cfg(not(target_os = "freebsd"))]
    flags.set(OFlags::DSYNC, open.fdflags & fdflags::DSYNC != 0);
    flags.set(OFlags::SYNC, open.fdflags & (fdflags::SYNC | fdflags::RSYNC) != 0);
    flags
}

/// Opens the entry `name` of `dir`; a symbolic link there fails with ELOOP (invariant 1), a file of
/// procfs with EACCES (invariant 2).
pub(crate) fn open_entry(dir: &Dir, name: &OsStr, open: &Open) -> io::Result<File> {
    let access = match (open.read, open.write) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        (_, false) => OFlags::RDONLY,
    };
    let flags = access | OFlags::NOFOLLOW | open_flags(open);
    let mode = if open.create { Mode::from_raw_mode(0o666) } else { Mode::empty() };
    let file = File::from(rustix::fs::openat(dir, name, flags, mode)?);
    if shows_processes(&file)? { Err(Sys::ACCESS.into()) } else { Ok(file) }
}

/// Whether a file is one of procfs.
#[cfg(target_os = "linux")]
fn shows_processes(file: &File) -> io::Result<bool> {
    Ok(rustix::fs::fstatfs(file)?.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

/// The systems other than Linux have no files that are a process's memory.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
fn shows_processes(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Opens a directory, perhaps for searching only, following symbolic links inside the sandbox.
pub(crate) fn open_dir(dir: &Dir, path: &Path) -> io::Result<Dir> {
    dir.open_dir(path)
}

/// Opens the directory entry `name` of `dir`, for searching where the host has that; a symbolic
/// link there fails (invariant 1).
pub(crate) fn enter(dir: &Dir, name: &OsStr) -> io::Result<Dir> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let access = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let access = OFlags::RDONLY;
    let flags = access | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(Dir::from_std_file(File::from(rustix::fs::openat(dir, name, flags, Mode::empty())?)))
}

/// Opens a directory for searching, of whose path no component is a symbolic link and none leaves
/// `dir`, by the host's own rule. `None` where a component is or does, and where the host has no
/// such rule.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn open_beneath(dir: &Dir, path: &Path) -> io::Result<Option<Dir>> {
    use rustix::fs::ResolveFlags;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let rule = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match rustix::fs::openat2(dir, path, flags, Mode::empty(), rule) {
        Ok(opened) => Ok(Some(Dir::from_std_file(File::from(opened)))),
        // LOOP: a link. XDEV: a way out. The others: no such call, or none that may be used.
        Err(Sys::LOOP | Sys::XDEV | Sys::NOSYS | Sys::AGAIN | Sys::PERM | Sys::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// This host has no such rule.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn open_beneath(_: &Dir, _: &Path) -> io::Result<Option<Dir>> {
    Ok(None)
}

/// Opens the directory entry `name` of `dir`; a symbolic link there fails (invariant 1).
pub(crate) fn open_dir_entry(dir: &Dir, name: &OsStr) -> io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(Dir::from_std_file(File::from(rustix::fs::openat(dir, name, flags, Mode::empty())?)))
}

/// Lists `dir` from its beginning, without `.` and `..`, calling `each` until it fails.
pub(crate) fn list(dir: &Dir, each: &mut dyn FnMut(HostEntry) -> Outcome) -> Outcome {
    // A new descriptor, because `dir` may be open for searching only, and its position is shared.
    let readable = readable_dir(dir)?;
    for entry in rustix::fs::Dir::new(readable).map_err(io::Error::from)? {
        let entry = entry.map_err(io::Error::from)?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        let filetype = match entry.file_type() {
            FileType::Unknown => match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => filetype(FileType::from_raw_mode(stat.st_mode)),
                Err(_) => Filetype::Unknown,
            },
            kind => filetype(kind),
        };
        each(HostEntry { name: name.into(), ino: entry.ino(), filetype })?;
    }
    Ok(())
}

fn timestamps(access: SetTime, modification: SetTime) -> Timestamps {
    let spec = |time| match time {
        SetTime::Omit => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT as _ },
        SetTime::Now => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW as _ },
        SetTime::At(ns) => {
            Timespec { tv_sec: (ns / 1_000_000_000) as _, tv_nsec: (ns % 1_000_000_000) as _ }
        }
    };
    Timestamps { last_access: spec(access), last_modification: spec(modification) }
}

/// Sets the times of an open file.
pub(crate) fn set_times(file: &File, access: SetTime, modification: SetTime) -> io::Result<()> {
    Ok(rustix::fs::futimens(file, &timestamps(access, modification))?)
}

/// Sets the times of an open directory, which may be open for searching only.
pub(crate) fn set_times_dir(dir: &Dir, access: SetTime, modification: SetTime) -> io::Result<()> {
    let times = timestamps(access, modification);
    Ok(rustix::fs::utimensat(dir, ".", &times, AtFlags::empty())?)
}

/// Sets the times of the entry `name` of `dir`, of the link itself if it is one (invariant 1).
pub(crate) fn set_times_entry(
    dir: &Dir,
    name: &OsStr,
    access: SetTime,
    modification: SetTime,
) -> io::Result<()> {
    let times = timestamps(access, modification);
    Ok(rustix::fs::utimensat(dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Makes `link` in `dir` a symbolic link to `target` (invariant 1).
pub(crate) fn symlink(dir: &Dir, target: &Path, link: &OsStr) -> io::Result<()> {
    dir.symlink(target, link)
}

/// Removes the file entry `name`; a directory fails with EISDIR on every host (invariant 1).
pub(crate) fn unlink(dir: &Dir, name: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        // POSIX lets hosts say EPERM for a directory.
        Err(Sys::PERM) if is_dir_entry(dir, name) => Err(Sys::ISDIR.into()),
        other => Ok(other?),
    }
}

fn is_dir_entry(dir: &Dir, name: &OsStr) -> bool {
    rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// Switches appending on or off.
pub(crate) fn set_append(file: &File, append: bool) -> io::Result<()> {
    let mut flags = rustix::fs::fcntl_getfl(file)?;
    flags.set(OFlags::APPEND, append);
    Ok(rustix::fs::fcntl_setfl(file, flags)?)
}

/// Makes reads and writes of a stream wait again after it was opened without waiting.
pub(crate) fn set_blocking(file: &File) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    Ok(rustix::fs::fcntl_setfl(file, flags.difference(OFlags::NONBLOCK))?)
}

/// Writes data and metadata of a directory to the device.
pub(crate) fn sync_dir(dir: &Dir) -> io::Result<()> {
    Ok(rustix::fs::fsync(readable_dir(dir)?)?)
}

/// Another descriptor of the same directory, open for listing.
fn readable_dir(dir: &Dir) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, ".", flags, Mode::empty())?)
}

/// Tells the host how the file will be used; hosts without such a call ignore it.
pub(crate) fn advise(file: &File, offset: u64, len: u64, advice: Advice) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        let advice = match advice {
            Advice::Normal => rustix::fs::Advice::Normal,
            Advice::Sequential => rustix::fs::Advice::Sequential,
            Advice::Random => rustix::fs::Advice::Random,
            Advice::WillNeed => rustix::fs::Advice::WillNeed,
            Advice::DontNeed => rustix::fs::Advice::DontNeed,
            Advice::NoReuse => rustix::fs::Advice::NoReuse,
        };
        Ok(rustix::fs::fadvise(file, offset, std::num::NonZeroU64::new(len), advice)?)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let _ = (file, offset, len, advice);
        Ok(())
    }
}

/// Bytes that the file's device has free, where it tells.
pub(crate) fn free_bytes(file: &File) -> Option<u64> {
    let device = rustix::fs::fstatvfs(file).ok()?;
    // A device without an end says that it has no blocks.
    (device.f_blocks > 0).then(|| device.f_bavail.saturating_mul(device.f_frsize))
}

/// Makes sure that `offset..offset + len` of the file exists.
pub(crate) fn allocate(file: &File, offset: u64, len: u64) -> io::Result<()> {
    // The system call that stands in for it there cuts off what lies behind.
    #[cfg(target_os = "macos")]
    if offset.saturating_add(len) <= file.metadata()?.len() {
        return Ok(());
    }
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    {
        Ok(rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), offset, len)?)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
    {
        let _ = (file, offset, len);
        Err(Sys::NOTSUP.into())
    }
}

/// Reads at an absolute position without moving the file's own.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Writes at an absolute position without moving the file's own.
pub(crate) fn write_at(file: &File, buffer: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(buffer, offset)
}

/// Another handle of the program's own standard stream (0, 1 or 2).
pub(crate) fn standard_stream(number: u32) -> io::Result<File> {
    let owned = match number {
        0 => io::stdin().as_fd().try_clone_to_owned()?,
        1 => io::stdout().as_fd().try_clone_to_owned()?,
        _ => io::stderr().as_fd().try_clone_to_owned()?,
    };
    Ok(File::from(owned))
}

/// A stream, listener or connection, to be waited for.
pub(crate) type Handle<'a> = BorrowedFd<'a>;

/// The handle of a stream, listener or connection.
pub(crate) fn handle(stream: &impl AsFd) -> Handle<'_> {
    stream.as_fd()
}

fn timespec(timeout: Duration) -> rustix::event::Timespec {
    // A year is as good as for ever, and every host's time type holds it.
    let timeout = timeout.min(Duration::from_secs(365 * 24 * 3600));
    rustix::event::Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ }
}

const fn interest(write: bool) -> PollFlags {
    if write { PollFlags::OUT } else { PollFlags::IN }
}

/// Waits until one stream can be read or written; false when `timeout` passed before. May return
/// early.
pub(crate) fn wait_one(
    handle: Handle<'_>,
    write: bool,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    let mut fds = [PollFd::from_borrowed_fd(handle, interest(write))];
    match rustix::event::poll(&mut fds, timeout.map(timespec).as_ref()) {
        Ok(count) => Ok(count > 0),
        Err(Sys::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits until one of the streams is ready or `timeout` passed; may return early with none ready.
pub(crate) fn wait(streams: &mut [Waiting<'_>], timeout: Option<Duration>) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = streams
        .iter()
        .map(|stream| PollFd::from_borrowed_fd(stream.handle, interest(stream.write)))
        .collect();
    match rustix::event::poll(&mut fds, timeout.map(timespec).as_ref()) {
        Ok(_) | Err(Sys::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let found: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
    for (stream, flags) in streams.iter_mut().zip(found) {
        stream.ready = !flags.is_empty();
        stream.hangup = flags.intersects(PollFlags::HUP | PollFlags::ERR);
    }
    Ok(())
}

/// Bytes that a stream can give without waiting, 0 when the host does not say.
pub(crate) fn available_bytes(handle: Handle<'_>) -> u64 {
    rustix::io::ioctl_fionread(handle).unwrap_or(0)
}

/// Fills `buffer` with random bytes of the operating system.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn random(buffer: &mut [u8]) -> io::Result<()> {
    let mut rest = buffer;
    while !rest.is_empty() {
        match rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty()) {
            Ok(count) => rest = rest.get_mut(count..).unwrap_or_default(),
            Err(Sys::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Fills `buffer` with random bytes of the operating system.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn random(buffer: &mut [u8]) -> io::Result<()> {
    io::Read::read_exact(&mut File::open("/dev/urandom")?, buffer)
}

/// A clock that the standard library does not have.
#[derive(Clone, Copy)]
pub(crate) enum HostClock {
    Realtime,
    Monotonic,
    Process,
    Thread,
}

impl HostClock {
    const fn id(self) -> rustix::time::ClockId {
        match self {
            HostClock::Realtime => rustix::time::ClockId::Realtime,
            HostClock::Monotonic => rustix::time::ClockId::Monotonic,
            HostClock::Process => rustix::time::ClockId::ProcessCPUTime,
            HostClock::Thread => rustix::time::ClockId::ThreadCPUTime,
        }
    }
}

/// The time of the clock, in nanoseconds.
pub(crate) fn clock_ns(clock: HostClock) -> Option<u64> {
    let time = rustix::time::clock_gettime(clock.id());
    Some(timestamp_ns(time.tv_sec as _, time.tv_nsec as _))
}

/// The clock's resolution in nanoseconds.
pub(crate) fn clock_resolution_ns(clock: HostClock) -> Option<u64> {
    let time = rustix::time::clock_getres(clock.id());
    Some(timestamp_ns(time.tv_sec as _, time.tv_nsec as _).max(1))
}
