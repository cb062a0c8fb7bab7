//! Paired modules and what their numbers are → findings, each with a verdict.

pub(crate) mod cfg;
pub(crate) mod compare;
pub(crate) mod edit;
pub(crate) mod exec;
pub(crate) mod extract;
pub(crate) mod harmless;
pub(crate) mod lengths;
pub(crate) mod lockstep;
pub(crate) mod one_to_one;
pub(crate) mod sections;
pub(crate) mod texts;
pub(crate) mod whole;
