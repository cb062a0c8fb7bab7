//! `containerd-shim-prova-v1`: containerd asks for a container, a process of it runs its module
//! under Prova.
//!
//! ```text
//! containerd ─ ttrpc ─► shim (containerd-shimkit) ─► Container: a process that makes containers
//!     ▲                  │ layers: an image's module     │ libcontainer: namespaces, cgroups, rootfs
//!     └───── store ──────┤ compile: its machine code     ▼
//!                        └───────── a pipe ─────────► Program::exec ─► guest: engine, WASI, limits
//! ```
//!
//! 1. Engine, threads and signal handlers are made behind the last fork, in the container.
//! 2. Nothing that an image holds is trusted: modules are proved, artifacts of `prova compile` are
//!    checked, and the process has the container's namespaces, cgroups and root folder alone.
//! 3. What the container's annotations ask for is obeyed or refused by name before it runs.
//!
//! Programs of the system (scripts, ELF) run as usual: the pause container of a pod is one.
//!
//! Limits: Linux. Modules with WASI preview 1, as files in the image or as a layer of its own.

mod compile;
mod container;
mod guest;
mod instance;
mod layers;
mod limits;
mod program;
mod store;

use containerd_shimkit::sandbox::InstanceConfig;
use containerd_shimkit::sandbox::cli::shim_main;
use containerd_shimkit::shim_version;

fn main() {
    clean_up();
    shim_main::<instance::Instance>(container::RUNTIME, shim_version!(), None);
}

/// Removes what a shim left that was killed: containerd calls for `delete` then, and shimkit alone
/// leaves the container running.
fn clean_up() {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let Ok(flags) = containerd_shim::parse(&args) else { return };
    let is_name = !flags.id.is_empty() && !flags.id.contains('/') && flags.id != "..";
    let bundle = std::env::current_dir();
    if let ("delete", true, Ok(bundle)) = (&*flags.action, is_name, bundle) {
        let config =
            InstanceConfig { namespace: flags.namespace, bundle, ..InstanceConfig::default() };
        if let Err(why) = container::remove(&flags.id, &config) {
            eprintln!("{}: {why}", flags.id);
        }
    }
}
