//! `containerd-shim-prova-v1`: containerd asks for a container, a process of it runs its module
//! under Prova.
//!
//! ```text
//! containerd ─ ttrpc ─► service, records ────────────► Container: a process that makes containers
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

mod bundle;
mod cgroup;
mod compile;
mod container;
mod guest;
mod layers;
mod limits;
mod mode;
mod program;
mod record;
mod refusal;
mod service;
mod shim;
mod store;
mod streams;

use containerd_shim::Flags;
use containerd_shim::protos::protobuf::{Message as _, MessageField};
use containerd_shim::protos::types::introspection::{RuntimeInfo, RuntimeVersion};
use std::io::Write as _;
use zygote::Zygote;

const NAME: &str = "io.containerd.prova.v1";

fn main() {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    match containerd_shim::parse(&args) {
        Ok(Flags { version: true, .. }) => println!("{NAME} {}", env!("CARGO_PKG_VERSION")),
        Ok(Flags { info: true, .. }) => print_info(),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
        Ok(flags) => {
            // Before there are threads.
            Zygote::init();
            if flags.action.is_empty() {
                shim::close_listener();
            }
            containerd_shim::run::<shim::Shim>(NAME, None);
        }
    }
}

/// What containerd asks a runtime about itself.
fn print_info() {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let info = RuntimeInfo {
        name: NAME.to_owned(),
        version: MessageField::some(RuntimeVersion { version, ..RuntimeVersion::default() }),
        ..RuntimeInfo::default()
    };
    if let Ok(bytes) = info.write_to_bytes() {
        let _ = std::io::stdout().write_all(&bytes);
    }
}
