//! The classes of operators: what readers must tell apart, and how control goes on after each.
//!
//! A class is a token of a row. Where a class has several operators, they differ in what the other
//! columns say; where it has one, it is that operator.

use crate::facts::BlockKind;

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident => $flow:expr;)*) => {
        /// How an operator takes part in computing, in effects and in control.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(non_camel_case_types, reason = "the names are the tokens of the rows")]
        pub enum Class { $($(#[$doc])* $name),* }

        impl Class {
            /// All classes.
            pub const ALL: &[Class] = &[$(Class::$name),*];

            /// Where control goes after an operator of this class.
            #[inline]
            pub const fn flow(self) -> Flow {
                use Flow::{Call, Else, End, Fork, Next, Open, Stop};
                match self { $(Class::$name => $flow),* }
            }
        }
    };
}

/// Where control goes after an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// To the next operator, or to a trap or a handler.
    Next,
    /// To the next operator, in a new block of this kind; from an `if` also to its `else` or `end`.
    Open(BlockKind),
    /// It is `else`.
    Else,
    /// It is `end`.
    End,
    /// To the next operator, or to a label.
    Fork,
    /// To the next operator, once a function has returned.
    Call,
    /// Never to the next operator.
    Stop,
}

classes! {
    /// One result, a function of operands and immediates; no effect.
    pure => Next;
    /// Two results, a function of the operands; no effect.
    pure2 => Next;
    /// One result, or a numeric trap.
    trap => Next;
    /// Its result is its immediate.
    constant => Next;
    /// `ref.null`
    null => Next;
    /// `select`
    select => Next;
    /// `drop`
    drop_ => Next;
    /// `nop`
    nop => Next;
    /// `local.get`
    local_get => Next;
    /// `local.set`
    local_set => Next;
    /// `local.tee`
    local_tee => Next;
    /// `global.get`
    global_get => Next;
    /// `global.set`
    global_set => Next;
    /// A load.
    load => Next;
    /// A store.
    store => Next;
    /// A load into a lane of its operand.
    load_lane => Next;
    /// A store of a lane of its operand.
    store_lane => Next;
    /// An atomic load: the address must be aligned.
    atomic_load => Next;
    /// An atomic store.
    atomic_store => Next;
    /// An atomic read-modify-write.
    atomic_rmw => Next;
    /// An atomic compare-exchange.
    atomic_cmpxchg => Next;
    /// `memory.atomic.wait32`, `memory.atomic.wait64`
    atomic_wait => Next;
    /// `memory.atomic.notify`
    atomic_notify => Next;
    /// `atomic.fence`
    fence => Next;
    /// An operation of the store that gives a result, never traps and changes nothing.
    quick => Next;
    /// An operation of the store that may trap or change the store.
    effect => Next;
    /// An operator on structures, arrays, small integers and their types that makes none.
    aggregate => Next;
    /// An operator that makes a structure or array.
    allocate => Next;
    /// `unreachable`
    unreachable => Stop;
    /// `block`
    block => Open(BlockKind::Block);
    /// `loop`
    loop_ => Open(BlockKind::Loop);
    /// `if`
    if_ => Open(BlockKind::If);
    /// `try_table`
    try_table => Open(BlockKind::TryTable);
    /// `else`
    else_ => Else;
    /// `end`
    end => End;
    /// `br`
    br => Stop;
    /// `br_if`
    br_if => Fork;
    /// `br_table`
    br_table => Stop;
    /// `br_on_null`
    br_on_null => Fork;
    /// `br_on_non_null`
    br_on_non_null => Fork;
    /// `br_on_cast`, `br_on_cast_fail`
    br_on_cast => Fork;
    /// `return`
    return_ => Stop;
    /// `call`
    call => Call;
    /// `call_indirect`
    call_indirect => Call;
    /// `call_ref`
    call_ref => Call;
    /// `return_call`
    return_call => Stop;
    /// `return_call_indirect`
    return_call_indirect => Stop;
    /// `return_call_ref`
    return_call_ref => Stop;
    /// `throw`
    throw => Stop;
    /// `throw_ref`
    throw_ref => Stop;
    /// An operator that no module may have: there is nothing to say of it.
    refused => Next;
}

/// The effect of an access on the bytes at its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether it reads them.
    pub reads: bool,
    /// Whether it writes them.
    pub writes: bool,
}

impl Class {
    /// The effect of operators of this class on the bytes at an address in a memory;
    /// `memory.atomic.notify` has an address and does nothing there.
    pub const fn access(self) -> Option<Access> {
        use Class as C;
        let update = matches!(self, C::atomic_rmw | C::atomic_cmpxchg);
        let reads = matches!(self, C::load | C::load_lane | C::atomic_load | C::atomic_wait);
        let writes = matches!(self, C::store | C::store_lane | C::atomic_store);
        if update || reads || writes {
            Some(Access { reads: update || reads, writes: update || writes })
        } else {
            None
        }
    }
}
