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
mod equal_exits;
mod equal_forged;
mod equal_forms;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod equal_processor;
mod frame;
mod hostile;
mod hostile_cases;
mod miscompiled;
mod mutants;
mod mutation;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod observed;
#[allow(dead_code, reason = "results of runs are compared by the tests of prova-native")]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod observer;
mod performed;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod planted;
mod proposed;
mod rules;
mod rules_generated;
mod rules_memory;
mod rules_meter;
mod rules_more;
mod slice;
mod texts;
