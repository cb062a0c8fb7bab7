//! *Does everything stay within its bounds?* Hostile bytes, operators and programs → an answer in
//! bounded time, memory and native stack, and work that was paid for.
//!
//! ```text
//! bad_input: modules; artifacts: files; cached: entries ─► answered, refused or confined
//! torture: every operator in a loop ────────────────────► no growth of the native stack
//! bench_fuel: programs that want much for little fuel ──► what a unit buys
//! ```
//!
//! In: a seed and numbers, or programs by hand. Out: findings; a table of nanoseconds. The inputs
//! run in a separate process, so a crash is a finding. Limits: the shapes that are written here.
//! Noticed by: planted recursion (`tests/torture.rs`), known shapes (`tests/bad_input.rs`).

pub mod artifacts;
pub mod bad_input;
pub mod bench_fuel;
pub mod cached;
pub mod torture;
