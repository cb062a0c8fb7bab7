//! Which code there is, how it is entered and what it calls: what runtimes differ in beside their
//! structures.

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
    /// address of [`crate::offsets::NULL_BYTES`] bytes that are never mapped. What leads from the
    /// host into functions and out of them lies in the text too ([`Way`]).
    Contexts,
}

/// Which code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeKind {
    /// A function of the module's index space, a defined one.
    Func(u32),
    /// The way into functions of a type: the arguments lie in the argument cells.
    ThunkIn(u32),
    /// The way out of native code, to functions of a type.
    ThunkOut(u32),
    /// A defined function from a round of one of its loops on. The runtime enters it as a way in:
    /// what it begins with lies in the argument cells, and there it leaves its results.
    Loop {
        /// The function, in the module's index space.
        func: u32,
        /// The offset of the `loop` in the module.
        offset: u32,
    },
    /// Code beside the functions of a text.
    Way(Way),
}

impl CodeKind {
    /// Whether it is a way in or out, which charges nothing and meters nothing.
    pub(crate) fn is_thunk(self) -> bool {
        match self {
            CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_) => true,
            CodeKind::Loop { .. } => planted!(LoopIsThunk, false, true),
            CodeKind::Func(_) => false,
        }
    }

    /// Whether the runtime enters it, so that no frame of code lies below its own, and its results
    /// go to the argument cells.
    pub(crate) fn is_entered(self) -> bool {
        match self {
            CodeKind::ThunkIn(_) | CodeKind::Way(Way::In(_)) => true,
            CodeKind::Loop { .. } => planted!(LoopHasCaller, true, false),
            CodeKind::Func(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_) => false,
        }
    }
}

/// Code in the text of a whole module beside its functions: what leads in and out (`ways`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From the host into a defined function of the index space, or, without one, into
    /// [`Way::Start`]: the arguments lie in an array of the host's, which gets the results.
    In(Option<u32>),
    /// Out of Wasm to a host's function of this type, by such an array in the frame.
    Out(u32),
    /// The caller of the builtin with this number.
    Builtin(u32),
    /// The function without parameters that initialises an instance.
    Start,
}

/// A word of the store by which the host finds frames of Wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activation {
    /// The frame pointer of the code that calls the host.
    ExitFrame,
    /// The return address of that code.
    ExitAddress,
    /// The stack pointer at the call into Wasm.
    EntryStack,
    /// The frame pointer of the code that calls into Wasm.
    EntryFrame,
    /// Where that code goes on if what it called does not return.
    EntryHandler,
}

/// The callee of a call, as the call's rule found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Callee {
    /// Nothing that has arguments or results.
    #[default]
    Nothing,
    /// A function of this type.
    Function(u32),
    /// The builtin at this place of the rows.
    Hosted(u32),
    /// One of our own builtins, with operands in this number of registers.
    Builtin(u8),
    /// A function of the host, of this type, whose array begins here in the frame.
    Array(u32, i64),
}
