//! Accesses of memories: which are compared with the length, and why others are not.

use cranelift_codegen::ir::Value;

/// The reason why an access has no comparison, or that it has one; accesses that fault where they
/// are not in their memory are none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// It has one.
    Compared,
    /// Its index is a constant, and the memory has the bytes from the beginning.
    Constant,
    /// Its index is at most so much that the memory has the bytes from the beginning.
    Bounded,
    /// An access before it by the same index had no smaller end, or what is behind faults.
    Earlier,
}

impl std::fmt::Display for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Reach::Compared => "compared",
            Reach::Constant => "not compared: a constant below the least length",
            Reach::Bounded => "not compared: bounded below the least length",
            Reach::Earlier => "not compared: an access before it by the same index was",
        })
    }
}

/// Accesses by the offsets of their operators, in the order of the code.
pub type Reaches = Vec<(u32, Reach)>;

/// Whether an access needs a comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reached {
    /// It needs one.
    Not,
    /// It needs none; the index with 64 bits as it was compared, if it was compared at all.
    Inside(Option<Value>),
}
