//! Paired modules → what each number of the code and of the data is.

pub(crate) mod data;
pub(crate) mod dwarf;
pub(crate) mod globals;
pub(crate) mod image;
pub(crate) mod relocs;
pub(crate) mod shift;
pub(crate) mod strings;
pub(crate) mod table;
pub(crate) mod uses;
