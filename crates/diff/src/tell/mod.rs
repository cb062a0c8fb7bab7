//! Findings → the report.

pub(crate) mod cluster;
pub(crate) mod html;
pub(crate) mod notes;
pub(crate) mod rank;
pub(crate) mod report;
pub(crate) mod tree;
