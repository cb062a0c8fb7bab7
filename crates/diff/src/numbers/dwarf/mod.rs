//! The debug sections of both sides → pairs of values in the same places, and the addresses of data
//! that belong to variables.
//!
//! ```text
//! .debug_* of A and B ─ read (lockstep) ─► Pairs ─► `judge` (`debug`): a verdict for each section
//!                                            └─► variables: `shift` asks what a number is
//! ```
//!
//! The format: DWARF 4 (2010) and 5 (2017), decoded with gimli, and *DWARF for WebAssembly*:
//! addresses of code are offsets from the start of the code section's contents.
//!
//! 1. *A variable* is a pair of addresses that the same entry gives on both sides. A number of the
//!    code is taken for the address of a variable by its value alone, on both sides, and only where
//!    the code does not compare it or calculate with it. The map of addresses has to say the same.
//!    Debug information never overrules an access.

mod abbreviation;
mod arrays;
mod indexed;
mod lines;
mod pairs;
mod read;

pub(crate) use pairs::{Pairs, Part, Unread, What};
use prova_module::Module;
use read::Sections;

/// Reads the debug sections of both sides; `None` if they are equal or absent.
pub(crate) fn pairs<'m>(a: &'m Module, b: &'m Module) -> Option<Result<Pairs<'m>, Unread>> {
    let differ = Part::ALL.iter().any(|part| section(a, part.name()) != section(b, part.name()));
    if !differ {
        return None;
    }
    Some(sections(a).and_then(|a| read::pairs(&a, &sections(b)?)))
}

/// The contents of a section; empty if it is absent.
pub(crate) fn section<'m>(module: &'m Module, name: &str) -> Result<&'m [u8], Unread> {
    let mut found = module.custom_sections().iter().filter(|section| &*section.name == name);
    match (found.next(), found.next()) {
        (None, _) => Ok(&[]),
        (Some(one), None) => Ok(&module.bytes()[one.range.clone()]),
        (Some(_), Some(_)) => Err("two sections of one name"),
    }
}

fn sections(module: &Module) -> Result<Sections<'_>, Unread> {
    Ok(Sections {
        info: section(module, ".debug_info")?,
        abbrev: section(module, ".debug_abbrev")?,
        strings: section(module, ".debug_str")?,
        line: section(module, ".debug_line")?,
        loc: section(module, ".debug_loc")?,
        ranges: section(module, ".debug_ranges")?,
        string_offsets: section(module, ".debug_str_offsets")?,
        addresses: section(module, ".debug_addr")?,
        line_strings: section(module, ".debug_line_str")?,
        loc_lists: section(module, ".debug_loclists")?,
        range_lists: section(module, ".debug_rnglists")?,
    })
}
