//! The tests of this crate as one program, which links once: a file is a module.

mod check;
mod check_more;
mod edit;
mod entered;
mod files;
mod golden;
mod held;
mod hostile;
mod linear;
mod plants;
mod twins;
mod verify;
