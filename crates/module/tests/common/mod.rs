//! Helpers that the tests of this crate share: text in, module out.

pub(crate) mod oracle;

use prova_module::{Features, Limits, Module};

/// Assembles text that must be well-formed.
pub(crate) fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Decodes a module that must be valid under the defaults.
pub(crate) fn decode(text: &str) -> Module {
    Module::decode(assemble(text), &Features::default(), &Limits::default())
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}
