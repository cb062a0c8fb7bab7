//! The command line: arguments → what a campaign or suite prints, and an exit code.

pub(crate) mod campaigns;
pub(crate) mod enlarging;
mod outcomes;
pub(crate) mod pairing;
pub(crate) mod profiling;
pub(crate) mod registry;
pub(crate) mod suites;
