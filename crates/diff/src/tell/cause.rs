//! The causes that name clusters.

/// The cause that names a cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Nothing of this function: indices changed elsewhere.
    Renumbered,
    /// Its locals have other numbers.
    Locals,
    /// An address or slot is as it was, and names another thing.
    Stayed,
    /// Slots of a table that nothing shows to be slots.
    Slots,
    /// An address moved: A's address and the delta.
    Moved(u64, i64),
    /// Text of data grew by this, and numbers are its length.
    Length(i64),
    /// The order of blocks, or of dispatcher states.
    Layout { states: bool },
    /// One operator replaced another.
    Operator(String, String),
    /// One constant replaced another.
    Constant(String, String),
    /// A callee's body stands in place of calls (named), or the other way round.
    Inlined(String, bool),
    /// The operators are the same, but operands differ: the most telling kind of operands.
    Operands(&'static str),
    /// The definition of a type changed: its place among those.
    Type(u32),
    /// The signature differs.
    Signature,
    /// Other differences; whether they are less than a tenth of the operators.
    Body { slight: bool },
}
