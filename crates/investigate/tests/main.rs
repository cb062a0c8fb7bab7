//! The tests of this crate as one program, which links once: a file is a module.

mod diff_binaries;
mod diff_cases;
mod diff_debug;
mod diff_edits;
mod diff_hostile;
mod diff_layout;
mod diff_pairs;
mod diff_paths;
mod diff_screens;
mod diff_sweep;
mod diff_verdicts;
mod diverge;
mod engine;
mod explain;
mod foreign;
mod isolate;
mod live;
mod outputs;
mod shrink;
mod support;
mod trace;
mod trace_hostile;
mod watch;
mod xref;
