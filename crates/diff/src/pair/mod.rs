//! Two modules → which function of B is which one of A.

pub(crate) mod align;
pub(crate) mod matching;
pub(crate) mod side;
pub(crate) mod token;
