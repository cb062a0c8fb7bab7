//! The tests of this crate as one program, which links once: a file is a module.

mod api;
mod awaiting;
mod common;
mod compiler;
mod dispatches;
mod exceptions;
mod hooks;
mod instances;
mod limits;
mod names;
mod native_stack;
mod objects;
mod objects_kept;
mod objects_waiting;
mod pooling;
mod printed;
mod profile;
mod references;
mod resumable;
mod shared;
mod shared_attack;
mod slices;
mod sources;
mod stops;
mod ticker;
#[cfg(unix)]
mod torture;
mod wasi;
mod wasi_threads;

use prova_core::{Config, Dispatch, Engine, Tier};

/// The engines that run code, without those of the reference.
fn engines() -> Vec<(&'static str, Engine)> {
    let of = |name, dispatch| {
        let engine = Engine::new(Config::new().tier(Tier::Interpreter(dispatch)));
        (name, engine.expect("a possible configuration"))
    };
    vec![of("tail", Dispatch::Tail), of("match", Dispatch::Match)]
}

/// All engines that run code.
fn all_engines() -> Vec<(&'static str, Engine)> {
    let mut all = engines();
    let reference = Engine::new(Config::new().tier(Tier::Reference));
    all.push(("reference", reference.expect("a possible configuration")));
    all
}
