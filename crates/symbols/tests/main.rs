//! Symbols and variables beside those of other readers, of known places, and of hostile modules.

mod beside;
mod hostile;
mod places;
mod variables;
