//! The functions of preview 1 as they are imported, and the names of its error codes.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    pub safe fn args_get(argv: u32, buf: u32) -> u32;
    pub safe fn args_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn environ_get(environ: u32, buf: u32) -> u32;
    pub safe fn environ_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn clock_res_get(id: u32, out: u32) -> u32;
    pub safe fn clock_time_get(id: u32, precision: u64, out: u32) -> u32;
    pub safe fn fd_advise(fd: u32, offset: u64, len: u64, advice: u32) -> u32;
    pub safe fn fd_allocate(fd: u32, offset: u64, len: u64) -> u32;
    pub safe fn fd_close(fd: u32) -> u32;
    pub safe fn fd_datasync(fd: u32) -> u32;
    pub safe fn fd_fdstat_get(fd: u32, out: u32) -> u32;
    pub safe fn fd_fdstat_set_flags(fd: u32, flags: u32) -> u32;
    pub safe fn fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> u32;
    pub safe fn fd_filestat_get(fd: u32, out: u32) -> u32;
    pub safe fn fd_filestat_set_size(fd: u32, size: u64) -> u32;
    pub safe fn fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> u32;
    pub safe fn fd_pread(fd: u32, iovs: u32, count: u32, offset: u64, out: u32) -> u32;
    pub safe fn fd_prestat_dir_name(fd: u32, path: u32, len: u32) -> u32;
    pub safe fn fd_prestat_get(fd: u32, out: u32) -> u32;
    pub safe fn fd_pwrite(fd: u32, iovs: u32, count: u32, offset: u64, out: u32) -> u32;
    pub safe fn fd_read(fd: u32, iovs: u32, count: u32, out: u32) -> u32;
    pub safe fn fd_readdir(fd: u32, buf: u32, len: u32, cookie: u64, out: u32) -> u32;
    pub safe fn fd_renumber(fd: u32, to: u32) -> u32;
    pub safe fn fd_seek(fd: u32, offset: u64, whence: u32, out: u32) -> u32;
    pub safe fn fd_sync(fd: u32) -> u32;
    pub safe fn fd_tell(fd: u32, out: u32) -> u32;
    pub safe fn fd_write(fd: u32, iovs: u32, count: u32, out: u32) -> u32;
    pub safe fn path_create_directory(fd: u32, path: u32, len: u32) -> u32;
    pub safe fn path_filestat_get(fd: u32, flags: u32, path: u32, len: u32, out: u32) -> u32;
    pub safe fn path_filestat_set_times(
        fd: u32,
        flags: u32,
        path: u32,
        len: u32,
        atim: u64,
        mtim: u64,
        how: u32,
    ) -> u32;
    pub safe fn path_link(
        old_fd: u32,
        flags: u32,
        old: u32,
        old_len: u32,
        new_fd: u32,
        new: u32,
        new_len: u32,
    ) -> u32;
    pub safe fn path_open(
        fd: u32,
        lookup: u32,
        path: u32,
        len: u32,
        oflags: u32,
        base: u64,
        inheriting: u64,
        fdflags: u32,
        out: u32,
    ) -> u32;
    pub safe fn path_readlink(fd: u32, path: u32, len: u32, buf: u32, size: u32, out: u32) -> u32;
    pub safe fn path_remove_directory(fd: u32, path: u32, len: u32) -> u32;
    pub safe fn path_rename(
        old_fd: u32,
        old: u32,
        old_len: u32,
        new_fd: u32,
        new: u32,
        new_len: u32,
    ) -> u32;
    pub safe fn path_symlink(old: u32, old_len: u32, fd: u32, new: u32, new_len: u32) -> u32;
    pub safe fn path_unlink_file(fd: u32, path: u32, len: u32) -> u32;
    pub safe fn poll_oneoff(subscriptions: u32, events: u32, count: u32, out: u32) -> u32;
    pub safe fn proc_exit(code: u32);
    pub safe fn proc_raise(signal: u32) -> u32;
    pub safe fn random_get(buf: u32, len: u32) -> u32;
    pub safe fn sched_yield() -> u32;
    pub safe fn sock_accept(fd: u32, flags: u32, out: u32) -> u32;
    pub safe fn sock_recv(
        fd: u32,
        iovs: u32,
        count: u32,
        flags: u32,
        out: u32,
        roflags: u32,
    ) -> u32;
    pub safe fn sock_send(fd: u32, iovs: u32, count: u32, flags: u32, out: u32) -> u32;
    pub safe fn sock_shutdown(fd: u32, how: u32) -> u32;
}

/// All rights, as C libraries ask for them.
pub const ALL: u64 = (1 << 29) - 1;
pub const READ: u64 = 1 << 1;
pub const WRITE: u64 = 1 << 6;
pub const READDIR: u64 = 1 << 14;
pub const CREAT: u32 = 1;
pub const DIRECTORY: u32 = 2;
pub const TRUNC: u32 = 8;

const NAMES: [&str; 77] = [
    "ok",
    "2big",
    "acces",
    "addrinuse",
    "addrnotavail",
    "afnosupport",
    "again",
    "already",
    "badf",
    "badmsg",
    "busy",
    "canceled",
    "child",
    "connaborted",
    "connrefused",
    "connreset",
    "deadlk",
    "destaddrreq",
    "dom",
    "dquot",
    "exist",
    "fault",
    "fbig",
    "hostunreach",
    "idrm",
    "ilseq",
    "inprogress",
    "intr",
    "inval",
    "io",
    "isconn",
    "isdir",
    "loop",
    "mfile",
    "mlink",
    "msgsize",
    "multihop",
    "nametoolong",
    "netdown",
    "netreset",
    "netunreach",
    "nfile",
    "nobufs",
    "nodev",
    "noent",
    "noexec",
    "nolck",
    "nolink",
    "nomem",
    "nomsg",
    "noprotoopt",
    "nospc",
    "nosys",
    "notconn",
    "notdir",
    "notempty",
    "notrecoverable",
    "notsock",
    "notsup",
    "notty",
    "nxio",
    "overflow",
    "ownerdead",
    "perm",
    "pipe",
    "proto",
    "protonosupport",
    "prototype",
    "range",
    "rofs",
    "spipe",
    "srch",
    "stale",
    "timedout",
    "txtbsy",
    "xdev",
    "notcapable",
];

/// The name of an error code.
pub fn name(errno: u32) -> &'static str {
    NAMES.get(errno as usize).copied().unwrap_or("unknown")
}
