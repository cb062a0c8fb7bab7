//! The embedder's grants → a [`WasiCtx`].
//!
//! Invariants:
//! 1. A context has nothing that was not asked for: no stream, directory, variable, listener.
//! 2. Descriptors 0, 1, 2 are the standard streams; one that was not granted is empty or swallows,
//!    so that no file of the guest ever takes its number and the output meant for it. Preopened
//!    directories follow from 3 in the order given, and behind them listeners; listeners that the
//!    guest counts by number come before both.
//! 3. The program's own standard streams are handed on without the rights to move, truncate or
//!    reconfigure them.

use crate::clock::Clocks;
use crate::ctx::{State, WasiCtx};
use crate::fd_table::{Descriptor, Directory, Object};
use crate::fs_guard::Guard;
use crate::grant::Grant;
use crate::limits::WasiLimits;
use crate::random::Randomness;
use crate::sys;
use crate::types::{Filetype, Rights};
use cap_std::fs::Dir;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The permissions of a guest below a preopened directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Perms {
    /// Every change fails with `EROFS`, as on a file system mounted read-only.
    pub read_only: bool,
}

/// The permissions of a guest below a preopened directory, for
/// [`WasiCtxBuilder::preopened_dir`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FsPerms {
    /// To read; every change fails with `EROFS`.
    ReadOnly,
    /// To read and change.
    ReadWrite,
}

/// Collects what a guest is granted.
#[derive(Default)]
pub struct WasiCtxBuilder {
    ctx: State,
    preopens: Vec<Descriptor>,
    listeners: Vec<Descriptor>,
    numbered: Vec<Descriptor>,
}

impl WasiCtxBuilder {
    /// A builder that grants nothing yet, with the host's clocks and randomness.
    pub fn new() -> Self {
        WasiCtxBuilder::default()
    }

    /// Adds an argument; the first is the program's name. Cut at a NUL byte.
    pub fn arg(&mut self, arg: impl AsRef<[u8]>) -> &mut Self {
        self.ctx.args.push(until_nul(arg.as_ref()));
        self
    }

    /// Adds several arguments.
    pub fn args<A: AsRef<[u8]>>(&mut self, args: impl IntoIterator<Item = A>) -> &mut Self {
        for arg in args {
            self.arg(arg);
        }
        self
    }

    /// Adds an environment variable. Cut at a NUL byte.
    pub fn env(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        let mut variable = until_nul(key.as_ref());
        variable.push(b'=');
        variable.extend_from_slice(&until_nul(value.as_ref()));
        self.ctx.env.push(variable);
        self
    }

    /// Adds several environment variables.
    pub fn envs(&mut self, variables: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> &mut Self {
        for (key, value) in variables {
            self.env(key, value);
        }
        self
    }

    /// Grants the program's own arguments, its name included.
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args(std::env::args_os().map(|arg| arg.as_encoded_bytes().to_vec()))
    }

    /// Grants the program's own environment variables.
    pub fn inherit_env(&mut self) -> &mut Self {
        for (key, value) in std::env::vars_os() {
            self.env(key.as_encoded_bytes(), value.as_encoded_bytes());
        }
        self
    }

    /// Grants the program's own standard input, output and error. One that the program has not got,
    /// because it was closed before, is empty or swallows, as it is for the program itself.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Grants the program's own standard input; see [`WasiCtxBuilder::inherit_stdio`].
    pub fn inherit_stdin(&mut self) -> &mut Self {
        if self.inherit(0).is_err() {
            self.stdin(Box::new(io::stdin()));
        }
        self
    }

    /// Grants the program's own standard output; see [`WasiCtxBuilder::inherit_stdio`].
    pub fn inherit_stdout(&mut self) -> &mut Self {
        if self.inherit(1).is_err() {
            self.stdout(Box::new(io::stdout()));
        }
        self
    }

    /// Grants the program's own standard error; see [`WasiCtxBuilder::inherit_stdio`].
    pub fn inherit_stderr(&mut self) -> &mut Self {
        if self.inherit(2).is_err() {
            self.stderr(Box::new(io::stderr()));
        }
        self
    }

    /// Grants a standard stream of the program, by its own descriptor.
    ///
    /// # Errors
    /// When the host cannot duplicate it.
    fn inherit(&mut self, fd: u32) -> io::Result<()> {
        let file = sys::standard_stream(fd)?;
        let filetype = sys::filestat_of_file(&file)?.filetype;
        let mut base = Rights::FD_FILESTAT_GET.union(Rights::POLL_FD_READWRITE);
        let regular = filetype == Filetype::RegularFile;
        let object = if fd == 0 && regular {
            base = base.union(Rights::FD_READ).union(Rights::FD_SEEK).union(Rights::FD_TELL);
            Object::File(file)
        } else {
            // Output to a file is a stream too: it has no position that the guest could move.
            let direction = if fd == 0 { Rights::FD_READ } else { Rights::FD_WRITE };
            base = base.union(direction).union(Rights::FD_FDSTAT_SET_FLAGS);
            base = base.union(Rights::FD_SYNC).union(Rights::FD_DATASYNC);
            Object::Stream(file)
        };
        self.ctx.fds.set(fd, stream(object, filetype, base));
        Ok(())
    }

    /// Grants standard input from `source`. Reads wait for as long as `source` does.
    pub fn stdin(&mut self, source: Box<dyn Read + Send>) -> &mut Self {
        self.ctx.fds.set(0, embedder_stream(Object::Reader(Mutex::new(source)), Rights::FD_READ));
        self
    }

    /// Grants standard output to `sink`, which is flushed after every call.
    pub fn stdout(&mut self, sink: Box<dyn Write + Send>) -> &mut Self {
        self.ctx.fds.set(1, embedder_stream(Object::Writer(Mutex::new(sink)), Rights::FD_WRITE));
        self
    }

    /// Grants standard error to `sink`, which is flushed after every call.
    pub fn stderr(&mut self, sink: Box<dyn Write + Send>) -> &mut Self {
        self.ctx.fds.set(2, embedder_stream(Object::Writer(Mutex::new(sink)), Rights::FD_WRITE));
        self
    }

    /// Grants a directory as a command line names it.
    ///
    /// # Errors
    /// When it cannot be opened as a directory.
    pub fn grant(&mut self, grant: &Grant) -> io::Result<&mut Self> {
        self.preopen_path(grant.host(), grant.guest(), grant.perms())
    }

    /// Grants the host directory at `host` under the name `guest`, which has no mode in it
    /// ([`Grant`] reads one).
    ///
    /// # Errors
    /// When it cannot be opened as a directory.
    pub fn preopen_path(
        &mut self,
        host: impl AsRef<Path>,
        guest: impl AsRef<[u8]>,
        perms: Perms,
    ) -> io::Result<&mut Self> {
        let dir = Dir::open_ambient_dir(host, cap_std::ambient_authority())?;
        Ok(self.preopen_dir(dir, guest, perms))
    }

    /// Grants the host directory at `host` under the name `guest`.
    ///
    /// # Errors
    /// When it cannot be opened as a directory.
    pub fn preopened_dir(
        &mut self,
        host: impl AsRef<Path>,
        guest: impl AsRef<[u8]>,
        perms: FsPerms,
    ) -> io::Result<&mut Self> {
        self.preopen_path(host, guest, Perms { read_only: perms == FsPerms::ReadOnly })
    }

    /// Grants an open directory under the name `guest`. Cut at a NUL byte.
    pub fn preopen_dir(&mut self, dir: Dir, guest: impl AsRef<[u8]>, perms: Perms) -> &mut Self {
        let name = until_nul(guest.as_ref()).into_boxed_slice();
        let writable = !perms.read_only;
        let directory = Directory::new(dir, writable, Some(name));
        self.preopens.push(Descriptor {
            object: Arc::new(Object::Dir(directory)),
            filetype: Filetype::Directory,
            base: Rights::DIR,
            inheriting: Rights::INHERITING,
            flags: 0,
        });
        self
    }

    /// Grants a TCP listener, whose connections the guest accepts. Listeners follow the
    /// directories: C libraries stop looking for directories at the first descriptor that is none.
    ///
    /// # Errors
    /// When the host cannot make it one that does not wait.
    pub fn tcp_listener(&mut self, listener: TcpListener) -> io::Result<&mut Self> {
        self.listeners.push(listening(listener)?);
        Ok(self)
    }

    /// The same of a listener that is to have the next number from 3 on, before all directories: a
    /// guest that learns from `LISTEN_FDS` how many listeners it has counts them from there. Where
    /// there are such, C libraries find no directories (they stop looking at descriptor 3).
    ///
    /// # Errors
    /// When the host cannot make it one that does not wait.
    pub fn numbered_listener(&mut self, listener: TcpListener) -> io::Result<&mut Self> {
        self.numbered.push(listening(listener)?);
        Ok(self)
    }

    /// Keeps a part of the host's tree out of every granted directory, by every way that leads
    /// there. Every call that names a file asks where it is.
    pub fn guard(&mut self, guard: impl Guard + 'static) -> &mut Self {
        self.ctx.guarded = Some(Arc::new(guard));
        self
    }

    /// Sets the clocks; the host's unless told otherwise.
    pub fn clocks(&mut self, clocks: Clocks) -> &mut Self {
        self.ctx.clock = clocks.into();
        self
    }

    /// Sets the source of randomness; the host's unless told otherwise.
    pub fn randomness(&mut self, randomness: Randomness) -> &mut Self {
        self.ctx.random = randomness.into();
        self
    }

    /// Sets what the guest's calls may make the host do at most; [`WasiLimits::default`] unless
    /// told otherwise. The builder's own grants are never cut by a limit.
    pub fn limits(&mut self, limits: WasiLimits) -> &mut Self {
        self.ctx.limits = limits;
        self
    }

    /// The context. The builder is empty again afterwards.
    pub fn build(&mut self) -> WasiCtx {
        for fd in 0..3 {
            if self.ctx.fds.get(fd).is_err() {
                match fd {
                    0 => self.stdin(Box::new(io::empty())),
                    1 => self.stdout(Box::new(io::sink())),
                    _ => self.stderr(Box::new(io::sink())),
                };
            }
        }
        let WasiCtxBuilder { ctx, preopens, listeners, numbered } = std::mem::take(self);
        let granted = numbered.into_iter().chain(preopens).chain(listeners);
        for (fd, granted) in (3..).zip(granted) {
            ctx.fds.set(fd, granted);
        }
        WasiCtx(Arc::new(ctx))
    }
}

impl WasiCtxBuilder {
    /// [`WasiCtxBuilder::build`], under the name that says preview 1.
    pub fn build_p1(&mut self) -> WasiCtx {
        self.build()
    }
}

impl WasiCtx {
    /// A builder that grants nothing yet.
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::new()
    }
}

impl std::fmt::Debug for WasiCtxBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WasiCtxBuilder")
            .field("args", &self.ctx.args.count())
            .finish_non_exhaustive()
    }
}

/// A listener as a guest has it.
fn listening(listener: TcpListener) -> io::Result<Descriptor> {
    listener.set_nonblocking(true)?;
    Ok(Descriptor {
        object: Arc::new(Object::Listener(listener)),
        filetype: Filetype::SocketStream,
        base: Rights::LISTENER,
        inheriting: Rights::CONNECTION,
        flags: 0,
    })
}

fn until_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take_while(|byte| *byte != 0).collect()
}

fn embedder_stream(object: Object, direction: Rights) -> Descriptor {
    let base = direction
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::POLL_FD_READWRITE);
    stream(object, Filetype::Unknown, base)
}

fn stream(object: Object, filetype: Filetype, base: Rights) -> Descriptor {
    Descriptor { object: Arc::new(object), filetype, base, inheriting: Rights::NONE, flags: 0 }
}

/// A sink that keeps what is written to it, for tests and embedders; clones share the content.
///
/// Limit: after `limit` bytes, further writes fail with [`io::ErrorKind::StorageFull`] (`ENOSPC`
/// for the guest) instead of growing.
#[derive(Clone, Debug)]
pub struct Captured {
    content: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl Captured {
    /// An empty sink that holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Captured { content: Arc::default(), limit }
    }

    /// The bytes written so far.
    pub fn content(&self) -> Vec<u8> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit.saturating_sub(content.len());
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        if taken.is_empty() && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        content.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
