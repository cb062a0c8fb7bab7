//! Symbols beside those of `addr2line`, of known places, and of hostile modules.

mod beside;
mod hostile;
mod places;
