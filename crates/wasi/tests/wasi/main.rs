//! The calls of preview 1 on a guest that is a vector of bytes, with directories of the host's
//! temporary space.
//!
//! Green does not prove that another engine, or a C library, sees the same: no guest program runs
//! here.

mod fds;
#[cfg(unix)]
mod guarded;
mod hostile;
mod interrupts;
mod limits;
mod paths;
mod prices;
mod process;
mod rights;
mod sandbox;
mod shared;
mod sockets;
mod world;
