//! How code is entered and what it calls: what runtimes differ in beside their structures.

/// How code is entered and what it calls: the part of a runtime's conventions that is not in its
/// structures. Arguments and results lie where `abi` says in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Contract {
    /// Prova's: the first argument is the callee's record, the second the height that is left, in
    /// bytes; each call goes through a record; a reference is a store address and 1.
    #[default]
    Records,
    /// Wasmtime's: the first argument is the callee's context, the second the caller's; functions
    /// of the module are called where they lie in its text; the stack pointer is compared with a
    /// limit that the store has; a reference to a function points to its record. Null is the
    /// address of [`crate::offsets::NULL_BYTES`] bytes that are never mapped.
    Contexts,
}

/// An entry in the text of a whole module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// The entry of a defined function, by its index in the module's index space.
    Func(u32),
    /// The entry of the caller of a builtin.
    Builtin(u32),
}
