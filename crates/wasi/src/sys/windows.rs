//! The operating system layer for Windows: what the standard library and cap-std offer. Untested;
//! what they lack is reported as not supported.

use super::{Advice, HostEntry, Open, SetTime, Waiting};
use crate::guest::Outcome;
use crate::types::{Errno, Filestat, Filetype, fdflags};
use cap_std::fs::{Dir, OpenOptions};
use std::ffi::OsStr;
use std::fs::{File, FileTimes};
use std::io;
use std::marker::PhantomData;
use std::os::windows::fs::FileExt;
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Most bytes of one write to a stream.
pub(crate) const STREAM_CHUNK_BYTES_MAX: usize = 4096;

/// System error numbers are left to [`io::ErrorKind`].
pub(crate) fn errno_of(error: &io::Error) -> Option<Errno> {
    let denied = error.raw_os_error().is_some();
    (denied && error.kind() == io::ErrorKind::PermissionDenied).then_some(Errno::Acces)
}

/// A guest's bytes as a host name; `None` for what would mean more to Windows than to the guest.
pub(crate) fn os_str(bytes: &[u8]) -> Option<&OsStr> {
    let name = std::str::from_utf8(bytes).ok()?;
    (!name.contains(['\\', ':'])).then_some(OsStr::new(name))
}

/// A host name as bytes; names that are not Unicode show as empty.
pub(crate) fn os_bytes(name: &OsStr) -> &[u8] {
    name.to_str().unwrap_or("").as_bytes()
}

fn time_ns(time: io::Result<SystemTime>) -> u64 {
    let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        super::timestamp_ns(seconds, i64::from(since.subsec_nanos()))
    })
}

fn filestat(kind: Filetype, size_bytes: u64, times: [u64; 3]) -> Filestat {
    let [atim_ns, mtim_ns, ctim_ns] = times;
    Filestat { dev: 0, ino: 0, filetype: kind, nlink: 1, size_bytes, atim_ns, mtim_ns, ctim_ns }
}

macro_rules! kind {
    ($metadata:expr) => {
        if $metadata.is_dir() {
            Filetype::Directory
        } else if $metadata.is_file() {
            Filetype::RegularFile
        } else if $metadata.is_symlink() {
            Filetype::SymbolicLink
        } else {
            Filetype::Unknown
        }
    };
}

/// The host's attributes of an open file.
pub(crate) fn filestat_of_file(file: &File) -> io::Result<Filestat> {
    let Ok(metadata) = file.metadata() else {
        return Ok(filestat(Filetype::CharacterDevice, 0, [0; 3]));
    };
    let times = [metadata.accessed(), metadata.modified(), metadata.created()].map(time_ns);
    Ok(filestat(kind!(metadata), metadata.len(), times))
}

fn filestat_of(metadata: &cap_std::fs::Metadata) -> Filestat {
    let times = [metadata.accessed(), metadata.modified(), metadata.created()]
        .map(|time| time_ns(time.map(cap_std::time::SystemTime::into_std)));
    filestat(kind!(metadata), metadata.len(), times)
}

/// The host's attributes of an open directory.
pub(crate) fn filestat_of_dir(dir: &Dir) -> io::Result<Filestat> {
    Ok(filestat_of(&dir.dir_metadata()?))
}

/// The attributes of the entry `name` of `dir`, `None` if there is none.
pub(crate) fn look(dir: &Dir, name: &OsStr) -> io::Result<Option<Filestat>> {
    match dir.symlink_metadata(name) {
        Ok(metadata) => Ok(Some(filestat_of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens the directory entry `name` of `dir`; a symbolic link there is refused.
pub(crate) fn enter(dir: &Dir, name: &OsStr) -> io::Result<Dir> {
    open_dir_entry(dir, name)
}

fn options(open: &Open) -> io::Result<OpenOptions> {
    if open.fdflags & (fdflags::DSYNC | fdflags::RSYNC | fdflags::SYNC) != 0 {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut options = OpenOptions::new();
    let append = open.fdflags & fdflags::APPEND != 0;
    options.read(open.read || !open.write).append(append);
    options.write(open.write || open.create || open.truncate);
    options.truncate(open.truncate).create(open.create).create_new(open.create && open.exclusive);
    Ok(options)
}

/// Opens the entry `name` of `dir`; a symbolic link there is refused.
pub(crate) fn open_entry(dir: &Dir, name: &OsStr, open: &Open) -> io::Result<File> {
    if dir.symlink_metadata(name).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a symbolic link"));
    }
    dir.open_with(name, &options(open)?).map(cap_std::fs::File::into_std)
}

/// Opens a directory, following symbolic links inside the sandbox.
pub(crate) fn open_dir(dir: &Dir, path: &Path) -> io::Result<Dir> {
    dir.open_dir(path)
}

/// This host has no rule that keeps a path below a directory.
pub(crate) fn open_beneath(_: &Dir, _: &Path) -> io::Result<Option<Dir>> {
    Ok(None)
}

/// Opens the directory entry `name` of `dir`; a symbolic link there is refused.
pub(crate) fn open_dir_entry(dir: &Dir, name: &OsStr) -> io::Result<Dir> {
    if dir.symlink_metadata(name)?.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "a symbolic link"));
    }
    dir.open_dir(name)
}

/// Lists `dir`, calling `each` until it fails.
pub(crate) fn list(dir: &Dir, each: &mut dyn FnMut(HostEntry) -> Outcome) -> Outcome {
    for entry in dir.entries()? {
        let entry = entry?;
        let filetype = entry.file_type().map_or(Filetype::Unknown, |kind| kind!(kind));
        let name = entry.file_name();
        each(HostEntry { name: os_bytes(&name).into(), ino: 0, filetype })?;
    }
    Ok(())
}

/// Sets the times of an open file.
pub(crate) fn set_times(file: &File, access: SetTime, modification: SetTime) -> io::Result<()> {
    let time = |time| match time {
        SetTime::Omit => None,
        SetTime::Now => Some(SystemTime::now()),
        SetTime::At(ns) => UNIX_EPOCH.checked_add(Duration::from_nanos(ns)),
    };
    let mut times = FileTimes::new();
    if let Some(access) = time(access) {
        times = times.set_accessed(access);
    }
    if let Some(modification) = time(modification) {
        times = times.set_modified(modification);
    }
    file.set_times(times)
}

/// Not supported.
pub(crate) fn set_times_dir(_: &Dir, _: SetTime, _: SetTime) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the times of the entry `name` of `dir`.
pub(crate) fn set_times_entry(
    dir: &Dir,
    name: &OsStr,
    access: SetTime,
    modification: SetTime,
) -> io::Result<()> {
    let open = Open { write: true, ..Open::default() };
    set_times(&open_entry(dir, name, &open)?, access, modification)
}

/// Makes `link` in `dir` a symbolic link to `target`.
pub(crate) fn symlink(dir: &Dir, target: &Path, link: &OsStr) -> io::Result<()> {
    if dir.metadata(target).is_ok_and(|metadata| metadata.is_dir()) {
        dir.symlink_dir(target, link)
    } else {
        dir.symlink_file(target, link)
    }
}

/// Removes the file entry `name`.
pub(crate) fn unlink(dir: &Dir, name: &OsStr) -> io::Result<()> {
    if dir.symlink_metadata(name)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    dir.remove_file(name)
}

/// Not supported.
pub(crate) fn set_append(_: &File, _: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Files are never opened without waiting here.
pub(crate) fn set_blocking(_: &File) -> io::Result<()> {
    Ok(())
}

/// Nothing to do.
pub(crate) fn sync_dir(_: &Dir) -> io::Result<()> {
    Ok(())
}

/// Nothing to do.
pub(crate) fn advise(_: &File, _: u64, _: u64, _: Advice) -> io::Result<()> {
    Ok(())
}

/// Not known.
pub(crate) fn free_bytes(_: &File) -> Option<u64> {
    None
}

/// Not supported.
pub(crate) fn allocate(_: &File, _: u64, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Reads at an absolute position; the file's own position moves too.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

/// Writes at an absolute position; the file's own position moves too.
pub(crate) fn write_at(file: &File, buffer: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(buffer, offset)
}

/// Another handle of the program's own standard stream (0, 1 or 2).
pub(crate) fn standard_stream(number: u32) -> io::Result<File> {
    let owned = match number {
        0 => io::stdin().as_handle().try_clone_to_owned()?,
        1 => io::stdout().as_handle().try_clone_to_owned()?,
        _ => io::stderr().as_handle().try_clone_to_owned()?,
    };
    Ok(File::from(owned))
}

/// A stream, listener or connection, to be waited for.
#[derive(Clone, Copy)]
pub(crate) struct Handle<'a>(PhantomData<&'a ()>);

/// The handle of a stream, listener or connection.
pub(crate) fn handle<T>(_: &T) -> Handle<'_> {
    Handle(PhantomData)
}

/// Streams count as ready; a socket that is not is asked again after a while.
pub(crate) fn wait_one(_: Handle<'_>, _: bool, timeout: Option<Duration>) -> io::Result<bool> {
    const WHILE: Duration = Duration::from_millis(1);
    std::thread::sleep(timeout.unwrap_or(WHILE).min(WHILE));
    Ok(true)
}

/// Streams count as ready; without streams, sleeps.
pub(crate) fn wait(streams: &mut [Waiting<'_>], timeout: Option<Duration>) -> io::Result<()> {
    if streams.is_empty() {
        std::thread::sleep(timeout.unwrap_or_default());
    }
    for stream in streams {
        (stream.ready, stream.hangup) = (true, false);
        let _ = (stream.handle, stream.write);
    }
    Ok(())
}

/// Not known.
pub(crate) fn available_bytes(_: Handle<'_>) -> u64 {
    0
}

/// Not supported: use a seeded source.
pub(crate) fn random(_: &mut [u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A clock of the host.
#[derive(Clone, Copy)]
pub(crate) enum HostClock {
    Realtime,
    Monotonic,
    Process,
    Thread,
}

/// The time of the clock, in nanoseconds; `None` where the standard library has no such clock.
pub(crate) fn clock_ns(clock: HostClock) -> Option<u64> {
    match clock {
        HostClock::Realtime | HostClock::Monotonic => Some(time_ns(Ok(SystemTime::now()))),
        HostClock::Process | HostClock::Thread => None,
    }
}

/// The clock's resolution in nanoseconds.
pub(crate) fn clock_resolution_ns(clock: HostClock) -> Option<u64> {
    clock_ns(clock).map(|_| 100)
}
