//! The tests of this crate as one program, which links once: a file is a module.

mod advisories;
mod attack;
mod attack_runtime;
mod canary;
mod certificates;
mod codes;
mod common;
mod corpus;
mod decoder;
mod equal;
mod frame;
mod hostile;
mod hostile_cases;
mod mutants;
mod mutation;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod observed;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod observer;
mod performed;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod planted;
mod proposed;
mod rules;
mod rules_generated;
mod rules_more;
