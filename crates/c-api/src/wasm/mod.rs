//! The functions of `wasm.h`: handles that keep their store.

pub(crate) mod frame;
pub(crate) mod func;
mod global;
pub(crate) mod import_types;
mod instance;
mod memory;
pub(crate) mod module;
pub(crate) mod reference;
pub(crate) mod store;
mod table;
pub(crate) mod trap;
pub(crate) mod types;
pub(crate) mod val;
pub(crate) mod value_types;
