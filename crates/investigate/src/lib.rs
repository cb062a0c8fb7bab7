//! Two builds of a module → the compiler pass or feature behind what differs, and the smallest
//! modules that show it.
//!
//! `prova-diff` compares modules, `prova-xref` finds who uses an address, `prova-builds` builds
//! again and reads pass logs; this crate joins what they find. It knows neither runs (`prova-runs`)
//! nor the checkers' inside.

pub mod explain;
pub mod isolate;
pub mod outputs;
