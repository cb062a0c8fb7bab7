//! The claim about one specialised function, which the search makes true and the check proves.

use super::intrinsic::Intrinsics;
use super::promise::Promises;
use super::request::Request;
use prova_module::{MemoryIdx, Module, ValType};
use prova_ssa::Body;

/// The claim to prove of a specialised function: its generic function, request and promises.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// The generic function, of the original module.
    pub generic: &'q Body,
    /// The types of its results.
    pub results: &'q [ValType],
    /// The original module's intrinsics.
    pub intrinsics: &'q Intrinsics,
    /// The constants.
    pub request: &'q Request,
    /// The promises of the program that the proof may take for granted.
    pub promises: Promises,
    /// The least size of memory 0, in bytes; 0 if its pages are not those of 64 KiB.
    pub memory_bytes: u64,
}

/// The least size of memory 0, in bytes; 0 if its pages are not those of 64 KiB.
pub(crate) fn memory_bytes(module: &Module) -> u64 {
    let memory = module.memory(MemoryIdx(0));
    let plain = memory.filter(|memory| memory.page_size_log2 == 16 && !memory.memory64);
    plain.map_or(0, |memory| memory.min << 16)
}
