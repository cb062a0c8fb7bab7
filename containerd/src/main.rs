//! `containerd-shim-prova-v1`: containerd asks for a container, a process of it runs its module
//! under Prova.
//!
//! ```text
//! containerd ─ ttrpc ─► shim (containerd-shimkit) ─► Container: a process that makes containers
//!                                                        │ libcontainer: namespaces, cgroups, rootfs
//!                                                        ▼
//!                                                     Program::exec ─► guest: engine, WASI, limits
//! ```
//!
//! 1. Engine, threads and signal handlers are made behind the last fork, in the container.
//! 2. Nothing that an image holds is trusted: modules are proved, artifacts of `prova compile` are
//!    checked, and the process has the container's namespaces, cgroups and root folder alone.
//! 3. What the container's annotations ask for is obeyed or refused by name before it runs.
//!
//! Programs of the system (scripts, ELF) run as usual: the pause container of a pod is one.
//!
//! Limits: Linux. Modules with WASI preview 1, as files in the image; layers of media types of
//! their own are not read.

mod container;
mod guest;
mod instance;
mod limits;
mod program;

use containerd_shimkit::sandbox::cli::shim_main;
use containerd_shimkit::shim_version;

fn main() {
    shim_main::<instance::Instance>("prova", shim_version!(), None);
}
