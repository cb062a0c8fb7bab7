//! The value types of preview 1: error codes, rights, flags, and the exact bytes of guest
//! structures.
//!
//! Guest values → these types → guest bytes. Every other module of the crate uses them; this one
//! uses nothing. Source: `wasi_snapshot_preview1.witx`. Invariants:
//! 1. A structure is encoded field by field into a zeroed array, so that padding bytes are always 0
//!    and no host memory reaches the guest.
//! 2. Multi-byte fields are little-endian on every host.
//!
//! The layout tests at the end of this file would notice a wrong offset.

use std::io;

/// Error codes of preview 1, with their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[allow(missing_docs, reason = "the names are the POSIX names, listed in the specification")]
pub enum Errno {
    Success = 0,
    TooBig = 1,
    Acces = 2,
    AddrInUse = 3,
    AddrNotAvail = 4,
    AfNoSupport = 5,
    Again = 6,
    Already = 7,
    Badf = 8,
    BadMsg = 9,
    Busy = 10,
    Canceled = 11,
    Child = 12,
    ConnAborted = 13,
    ConnRefused = 14,
    ConnReset = 15,
    Deadlk = 16,
    DestAddrReq = 17,
    Dom = 18,
    Dquot = 19,
    Exist = 20,
    Fault = 21,
    FBig = 22,
    HostUnreach = 23,
    Idrm = 24,
    Ilseq = 25,
    InProgress = 26,
    Intr = 27,
    Inval = 28,
    Io = 29,
    IsConn = 30,
    IsDir = 31,
    Loop = 32,
    MFile = 33,
    MLink = 34,
    MsgSize = 35,
    MultiHop = 36,
    NameTooLong = 37,
    NetDown = 38,
    NetReset = 39,
    NetUnreach = 40,
    NFile = 41,
    NoBufs = 42,
    NoDev = 43,
    NoEnt = 44,
    NoExec = 45,
    NoLck = 46,
    NoLink = 47,
    NoMem = 48,
    NoMsg = 49,
    NoProtoOpt = 50,
    NoSpc = 51,
    NoSys = 52,
    NotConn = 53,
    NotDir = 54,
    NotEmpty = 55,
    NotRecoverable = 56,
    NotSock = 57,
    NotSup = 58,
    NoTty = 59,
    Nxio = 60,
    Overflow = 61,
    OwnerDead = 62,
    Perm = 63,
    Pipe = 64,
    Proto = 65,
    ProtoNoSupport = 66,
    ProtoType = 67,
    Range = 68,
    RoFs = 69,
    SPipe = 70,
    Srch = 71,
    Stale = 72,
    TimedOut = 73,
    TxtBsy = 74,
    XDev = 75,
    NotCapable = 76,
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        if let Some(errno) = crate::sys::errno_of(&error) {
            return errno;
        }
        match error.kind() {
            io::ErrorKind::NotFound => Errno::NoEnt,
            // cap-std reports an attempt to leave the sandbox this way, without a system error
            // number.
            io::ErrorKind::PermissionDenied => Errno::Perm,
            io::ErrorKind::AlreadyExists => Errno::Exist,
            io::ErrorKind::WouldBlock => Errno::Again,
            io::ErrorKind::NotADirectory => Errno::NotDir,
            io::ErrorKind::IsADirectory => Errno::IsDir,
            io::ErrorKind::DirectoryNotEmpty => Errno::NotEmpty,
            io::ErrorKind::ReadOnlyFilesystem => Errno::RoFs,
            io::ErrorKind::StorageFull => Errno::NoSpc,
            io::ErrorKind::NotSeekable => Errno::SPipe,
            io::ErrorKind::FileTooLarge => Errno::FBig,
            io::ErrorKind::ResourceBusy => Errno::Busy,
            io::ErrorKind::CrossesDevices => Errno::XDev,
            io::ErrorKind::TooManyLinks => Errno::MLink,
            io::ErrorKind::InvalidFilename => Errno::Ilseq,
            io::ErrorKind::InvalidInput => Errno::Inval,
            io::ErrorKind::InvalidData => Errno::Ilseq,
            io::ErrorKind::TimedOut => Errno::TimedOut,
            io::ErrorKind::WriteZero => Errno::Pipe,
            io::ErrorKind::BrokenPipe => Errno::Pipe,
            io::ErrorKind::Interrupted => Errno::Intr,
            io::ErrorKind::Unsupported => Errno::NotSup,
            io::ErrorKind::OutOfMemory => Errno::NoMem,
            _ => Errno::Io,
        }
    }
}

/// A set of preview 1 rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights(pub(crate) u64);

impl Rights {
    pub(crate) const NONE: Rights = Rights(0);
    pub(crate) const FD_DATASYNC: Rights = Rights(1 << 0);
    pub(crate) const FD_READ: Rights = Rights(1 << 1);
    pub(crate) const FD_SEEK: Rights = Rights(1 << 2);
    pub(crate) const FD_FDSTAT_SET_FLAGS: Rights = Rights(1 << 3);
    pub(crate) const FD_SYNC: Rights = Rights(1 << 4);
    pub(crate) const FD_TELL: Rights = Rights(1 << 5);
    pub(crate) const FD_WRITE: Rights = Rights(1 << 6);
    pub(crate) const FD_ADVISE: Rights = Rights(1 << 7);
    pub(crate) const FD_ALLOCATE: Rights = Rights(1 << 8);
    pub(crate) const PATH_CREATE_DIRECTORY: Rights = Rights(1 << 9);
    pub(crate) const PATH_CREATE_FILE: Rights = Rights(1 << 10);
    pub(crate) const PATH_LINK_SOURCE: Rights = Rights(1 << 11);
    pub(crate) const PATH_LINK_TARGET: Rights = Rights(1 << 12);
    pub(crate) const PATH_OPEN: Rights = Rights(1 << 13);
    pub(crate) const FD_READDIR: Rights = Rights(1 << 14);
    pub(crate) const PATH_READLINK: Rights = Rights(1 << 15);
    pub(crate) const PATH_RENAME_SOURCE: Rights = Rights(1 << 16);
    pub(crate) const PATH_RENAME_TARGET: Rights = Rights(1 << 17);
    pub(crate) const PATH_FILESTAT_GET: Rights = Rights(1 << 18);
    pub(crate) const PATH_FILESTAT_SET_SIZE: Rights = Rights(1 << 19);
    pub(crate) const PATH_FILESTAT_SET_TIMES: Rights = Rights(1 << 20);
    pub(crate) const FD_FILESTAT_GET: Rights = Rights(1 << 21);
    pub(crate) const FD_FILESTAT_SET_SIZE: Rights = Rights(1 << 22);
    pub(crate) const FD_FILESTAT_SET_TIMES: Rights = Rights(1 << 23);
    pub(crate) const PATH_SYMLINK: Rights = Rights(1 << 24);
    pub(crate) const PATH_REMOVE_DIRECTORY: Rights = Rights(1 << 25);
    pub(crate) const PATH_UNLINK_FILE: Rights = Rights(1 << 26);
    pub(crate) const POLL_FD_READWRITE: Rights = Rights(1 << 27);
    pub(crate) const SOCK_SHUTDOWN: Rights = Rights(1 << 28);
    pub(crate) const SOCK_ACCEPT: Rights = Rights(1 << 29);

    /// Everything that means something on a regular file.
    pub(crate) const FILE: Rights = Rights(
        Self::FD_DATASYNC.0
            | Self::FD_READ.0
            | Self::FD_SEEK.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_SYNC.0
            | Self::FD_TELL.0
            | Self::FD_WRITE.0
            | Self::FD_ADVISE.0
            | Self::FD_ALLOCATE.0
            | Self::FD_FILESTAT_GET.0
            | Self::FD_FILESTAT_SET_SIZE.0
            | Self::FD_FILESTAT_SET_TIMES.0
            | Self::POLL_FD_READWRITE.0,
    );
    /// The rights of [`Rights::FILE`] that change the file's content and need a descriptor open for
    /// writing.
    pub(crate) const FILE_CONTENT: Rights =
        Rights(Self::FD_WRITE.0 | Self::FD_ALLOCATE.0 | Self::FD_FILESTAT_SET_SIZE.0);
    /// Everything that means something on a directory.
    pub(crate) const DIR: Rights = Rights(
        Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_DATASYNC.0
            | Self::FD_SYNC.0
            | Self::PATH_CREATE_DIRECTORY.0
            | Self::PATH_CREATE_FILE.0
            | Self::PATH_LINK_SOURCE.0
            | Self::PATH_LINK_TARGET.0
            | Self::PATH_OPEN.0
            | Self::FD_READDIR.0
            | Self::PATH_READLINK.0
            | Self::PATH_RENAME_SOURCE.0
            | Self::PATH_RENAME_TARGET.0
            | Self::PATH_FILESTAT_GET.0
            | Self::PATH_FILESTAT_SET_SIZE.0
            | Self::PATH_FILESTAT_SET_TIMES.0
            | Self::FD_FILESTAT_GET.0
            | Self::FD_FILESTAT_SET_TIMES.0
            | Self::PATH_SYMLINK.0
            | Self::PATH_REMOVE_DIRECTORY.0
            | Self::PATH_UNLINK_FILE.0,
    );
    /// Everything that means something on a connection.
    pub(crate) const CONNECTION: Rights = Rights(
        Self::FD_READ.0
            | Self::FD_WRITE.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_FILESTAT_GET.0
            | Self::POLL_FD_READWRITE.0
            | Self::SOCK_SHUTDOWN.0,
    );
    /// Everything that means something on a listener: a connection that waits is there to be read.
    pub(crate) const LISTENER: Rights = Rights(
        Self::FD_READ.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_FILESTAT_GET.0
            | Self::POLL_FD_READWRITE.0
            | Self::SOCK_ACCEPT.0,
    );
    /// The greatest set of rights of a descriptor opened below a preopened directory.
    pub(crate) const INHERITING: Rights = Rights(Self::DIR.0 | Self::FILE.0);

    pub(crate) const fn contains(self, other: Rights) -> bool {
        self.0 & other.0 == other.0
    }
    pub(crate) const fn intersects(self, other: Rights) -> bool {
        self.0 & other.0 != 0
    }
    pub(crate) const fn union(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }
    pub(crate) const fn intersection(self, other: Rights) -> Rights {
        Rights(self.0 & other.0)
    }
    pub(crate) const fn without(self, other: Rights) -> Rights {
        Rights(self.0 & !other.0)
    }
}

/// `filetype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(windows, expect(dead_code, reason = "Windows reports no block devices"))]
#[repr(u8)]
pub(crate) enum Filetype {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketStream = 6,
    SymbolicLink = 7,
}

/// `fdflags`, a 16-bit set.
pub(crate) mod fdflags {
    pub(crate) const APPEND: u16 = 1;
    pub(crate) const DSYNC: u16 = 2;
    pub(crate) const NONBLOCK: u16 = 4;
    pub(crate) const RSYNC: u16 = 8;
    pub(crate) const SYNC: u16 = 16;
    pub(crate) const ALL: u16 = 31;
}

/// `oflags`, a 16-bit set.
pub(crate) mod oflags {
    pub(crate) const CREAT: u16 = 1;
    pub(crate) const DIRECTORY: u16 = 2;
    pub(crate) const EXCL: u16 = 4;
    pub(crate) const TRUNC: u16 = 8;
    pub(crate) const ALL: u16 = 15;
}

/// `fstflags`, a 16-bit set.
pub(crate) mod fstflags {
    pub(crate) const ATIM: u16 = 1;
    pub(crate) const ATIM_NOW: u16 = 2;
    pub(crate) const MTIM: u16 = 4;
    pub(crate) const MTIM_NOW: u16 = 8;
    pub(crate) const ALL: u16 = 15;
}

/// `riflags`, a 16-bit set.
pub(crate) mod riflags {
    pub(crate) const PEEK: u32 = 1;
    pub(crate) const WAITALL: u32 = 2;
    pub(crate) const ALL: u32 = 3;
}

/// `sdflags`, of which at least one is wanted.
pub(crate) mod sdflags {
    pub(crate) const READ: u32 = 1;
    pub(crate) const WRITE: u32 = 2;
    pub(crate) const BOTH: u32 = 3;
}

/// `lookupflags::symlink_follow`.
pub(crate) const SYMLINK_FOLLOW: u32 = 1;

/// Size in bytes of a guest `dirent`.
pub(crate) const DIRENT_SIZE_BYTES: usize = 24;
/// Size in bytes of a guest `subscription`.
pub(crate) const SUBSCRIPTION_SIZE_BYTES: usize = 48;
/// Size in bytes of a guest `event`.
pub(crate) const EVENT_SIZE_BYTES: usize = 32;

/// `filestat`. Times are nanoseconds since 1970, held inside 0..=u64::MAX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filestat {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) filetype: Filetype,
    pub(crate) nlink: u64,
    pub(crate) size_bytes: u64,
    pub(crate) atim_ns: u64,
    pub(crate) mtim_ns: u64,
    pub(crate) ctim_ns: u64,
}

impl Filestat {
    pub(crate) fn encode(&self) -> [u8; 64] {
        let mut out = [0; 64];
        put(&mut out, 0, &self.dev.to_le_bytes());
        put(&mut out, 8, &self.ino.to_le_bytes());
        put(&mut out, 16, &[self.filetype as u8]);
        put(&mut out, 24, &self.nlink.to_le_bytes());
        put(&mut out, 32, &self.size_bytes.to_le_bytes());
        put(&mut out, 40, &self.atim_ns.to_le_bytes());
        put(&mut out, 48, &self.mtim_ns.to_le_bytes());
        put(&mut out, 56, &self.ctim_ns.to_le_bytes());
        out
    }
}

/// `fdstat`.
pub(crate) struct Fdstat {
    pub(crate) filetype: Filetype,
    pub(crate) flags: u16,
    pub(crate) base: Rights,
    pub(crate) inheriting: Rights,
}

impl Fdstat {
    pub(crate) fn encode(&self) -> [u8; 24] {
        let mut out = [0; 24];
        put(&mut out, 0, &[self.filetype as u8]);
        put(&mut out, 2, &self.flags.to_le_bytes());
        put(&mut out, 8, &self.base.0.to_le_bytes());
        put(&mut out, 16, &self.inheriting.0.to_le_bytes());
        out
    }
}

/// The fixed part of a `dirent`.
pub(crate) struct Dirent {
    pub(crate) next: u64,
    pub(crate) ino: u64,
    pub(crate) name_len: u32,
    pub(crate) filetype: Filetype,
}

impl Dirent {
    pub(crate) fn encode(&self) -> [u8; DIRENT_SIZE_BYTES] {
        let mut out = [0; DIRENT_SIZE_BYTES];
        put(&mut out, 0, &self.next.to_le_bytes());
        put(&mut out, 8, &self.ino.to_le_bytes());
        put(&mut out, 16, &self.name_len.to_le_bytes());
        put(&mut out, 20, &[self.filetype as u8]);
        out
    }
}

/// `eventtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum EventType {
    Clock = 0,
    FdRead = 1,
    FdWrite = 2,
}

/// `event`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) userdata: u64,
    pub(crate) error: Errno,
    pub(crate) kind: EventType,
    /// Bytes that can be moved without waiting, 0 when unknown.
    pub(crate) nbytes: u64,
    /// The peer of a stream has closed it.
    pub(crate) hangup: bool,
}

impl Event {
    pub(crate) fn encode(&self) -> [u8; EVENT_SIZE_BYTES] {
        let mut out = [0; EVENT_SIZE_BYTES];
        put(&mut out, 0, &self.userdata.to_le_bytes());
        put(&mut out, 8, &(self.error as u16).to_le_bytes());
        put(&mut out, 10, &[self.kind as u8]);
        put(&mut out, 16, &self.nbytes.to_le_bytes());
        put(&mut out, 24, &u16::from(self.hangup).to_le_bytes());
        out
    }
}

/// Copies `bytes` to `out[offset..]`; the offsets are the constants of this file, checked by its
/// tests.
fn put(out: &mut [u8], offset: usize, bytes: &[u8]) {
    for (to, from) in out.iter_mut().skip(offset).zip(bytes) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_layout_of_the_witx_file() {
        let stat = Filestat {
            dev: 1,
            ino: 2,
            filetype: Filetype::RegularFile,
            nlink: 3,
            size_bytes: 4,
            atim_ns: 5,
            mtim_ns: 6,
            ctim_ns: u64::MAX,
        };
        let bytes = stat.encode();
        let field = |n: usize| u64::from_le_bytes(bytes[n * 8..n * 8 + 8].try_into().unwrap());
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(field), [1, 2, 4, 3, 4, 5, 6, u64::MAX]);

        let fdstat = Fdstat {
            filetype: Filetype::Directory,
            flags: 0x1234,
            base: Rights(5),
            inheriting: Rights(6),
        };
        let bytes = fdstat.encode();
        assert_eq!(bytes[..8], [3, 0, 0x34, 0x12, 0, 0, 0, 0]);
        assert_eq!((bytes[8], bytes[16]), (5, 6));

        let dirent = Dirent { next: 1, ino: 2, name_len: 3, filetype: Filetype::SymbolicLink };
        let bytes = dirent.encode();
        assert_eq!((bytes[0], bytes[8], bytes[16], bytes[20]), (1, 2, 3, 7));

        let event = Event {
            userdata: 7,
            error: Errno::NotCapable,
            kind: EventType::FdWrite,
            nbytes: 9,
            hangup: true,
        };
        let bytes = event.encode();
        assert_eq!((bytes[0], bytes[8], bytes[10], bytes[16], bytes[24]), (7, 76, 2, 9, 1));
    }

    #[test]
    fn an_escape_reported_by_the_sandbox_is_not_permitted() {
        let escape = io::Error::new(io::ErrorKind::PermissionDenied, "outside");
        assert_eq!(Errno::from(escape), Errno::Perm);
        assert_eq!(Errno::from(io::Error::other("what")), Errno::Io);
    }
}
