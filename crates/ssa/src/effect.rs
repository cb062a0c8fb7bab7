//! The state that an instruction reads and changes, and its traps: the order that every pass has to
//! keep.
//!
//! The effects of an operator follow from its class in the table of Wasm operators
//! ([`Effects::of`]); a new class does not compile until its effects are stated. They
//! over-approximate: an effect that is missing here is a fault of every pass.

use crate::body::Op;
use prova_module::Opcode;
use prova_module::ops::{Class, Immediate};
use std::ops::BitOr;

/// Parts of the state that instructions share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State(u8);

impl State {
    /// Nothing.
    pub const NONE: State = State(0);
    /// Contents and sizes of memories.
    pub const MEMORY: State = State(1);
    /// Contents and sizes of tables.
    pub const TABLE: State = State(2);
    /// Globals.
    pub const GLOBAL: State = State(4);
    /// Which segments are dropped.
    pub const SEGMENT: State = State(8);
    /// Fuel and epoch.
    pub const METER: State = State(16);
    /// All of it, and what only other functions see.
    pub const ALL: State = State(0xff);

    /// Whether both have a part in common.
    pub const fn meets(self, other: State) -> bool {
        self.0 & other.0 != 0
    }

    const fn and(self, other: State) -> State {
        State(self.0 | other.0)
    }

    /// Whether it is nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for State {
    type Output = State;

    fn bitor(self, other: State) -> State {
        self.and(other)
    }
}

/// The effects of an instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Effects {
    /// The state that it reads.
    pub reads: State,
    /// The state that it may change.
    pub writes: State,
    /// Whether it may end the function: by a trap, an interrupt, lack of fuel, or an exception.
    pub leaves: bool,
}

impl Effects {
    /// None.
    pub const NONE: Effects = Effects { reads: State::NONE, writes: State::NONE, leaves: false };
    /// Those of a call.
    pub const ALL: Effects = Effects { reads: State::ALL, writes: State::ALL, leaves: true };

    const fn new(reads: State, writes: State, leaves: bool) -> Effects {
        Effects { reads, writes, leaves }
    }

    /// Whether it has none: its results depend on operands and immediates alone, and nothing
    /// notices if it is removed, repeated or moved.
    pub const fn is_pure(self) -> bool {
        self.reads.is_none() && self.writes.is_none() && !self.leaves
    }

    /// Whether two instructions with these effects may change places: no trap passes a change or
    /// another trap, and no read or change passes a change of the same.
    pub const fn commutes(self, other: Effects) -> bool {
        let left = self.leaves && (other.leaves || !other.writes.is_none());
        let right = other.leaves && !self.writes.is_none();
        let clash = self.writes.meets(other.writes)
            || self.writes.meets(other.reads)
            || self.reads.meets(other.writes);
        !left && !right && !clash
    }

    /// The effects of an instruction.
    #[inline]
    pub fn of(op: Op) -> Effects {
        match op {
            Op::Wasm(opcode) => OPERATORS[opcode as usize],
            Op::Charge => Effects::new(State::METER, State::METER, true),
            Op::Poll => Effects::new(State::METER, State::NONE, true),
        }
    }

    /// Those of an operation on a memory.
    const fn memory(reads: bool, writes: bool) -> Effects {
        let reads = if reads { State::MEMORY } else { State::NONE };
        let writes = if writes { State::MEMORY } else { State::NONE };
        Effects::new(reads, writes, true)
    }

    /// Those of an operator, for tables; [`Effects::of`] looks them up.
    pub const fn of_operator(opcode: Opcode) -> Effects {
        let row = opcode.row();
        // The immediates of an operation of the store name the objects that it works on.
        let named = named(row.immediates);
        match row.class {
            Class::pure | Class::pure2 | Class::constant | Class::null | Class::select => {
                Effects::NONE
            }
            Class::trap => Effects::new(State::NONE, State::NONE, true),
            Class::global_get => Effects::new(State::GLOBAL, State::NONE, false),
            Class::global_set => Effects::new(State::NONE, State::GLOBAL, false),
            Class::load | Class::load_lane | Class::atomic_load => Effects::memory(true, false),
            Class::store | Class::store_lane | Class::atomic_store => Effects::memory(false, true),
            Class::atomic_rmw | Class::atomic_cmpxchg | Class::atomic_wait => {
                Effects::memory(true, true)
            }
            Class::atomic_notify => Effects::memory(true, true),
            Class::fence => Effects::new(State::MEMORY, State::MEMORY, false),
            // A reference to a function of the module reads nothing.
            Class::quick => Effects::new(named, State::NONE, false),
            Class::effect if matches!(opcode, Opcode::RefAsNonNull) => {
                Effects::new(State::NONE, State::NONE, true)
            }
            Class::effect if matches!(opcode, Opcode::TableGet) => {
                Effects::new(State::TABLE, State::NONE, true)
            }
            // Bulk operators and growth pay for what they do.
            Class::effect => Effects::new(named.and(State::METER), named.and(State::METER), true),
            Class::call | Class::call_indirect | Class::call_ref => Effects::ALL,
            // Objects have no part of the state here, and what makes one may collect.
            Class::aggregate | Class::allocate | Class::br_on_cast => Effects::ALL,
            // They are no instructions: terminators, or nothing at all.
            Class::drop_
            | Class::nop
            | Class::local_get
            | Class::local_set
            | Class::local_tee
            | Class::unreachable
            | Class::block
            | Class::loop_
            | Class::if_
            | Class::try_table
            | Class::else_
            | Class::end
            | Class::br
            | Class::br_if
            | Class::br_table
            | Class::br_on_null
            | Class::br_on_non_null
            | Class::return_
            | Class::return_call
            | Class::return_call_indirect
            | Class::return_call_ref
            | Class::throw
            | Class::throw_ref
            | Class::refused => Effects::ALL,
        }
    }
}

/// The parts that immediates name.
const fn named(immediates: &[Immediate]) -> State {
    let (mut named, mut at) = (State::NONE, 0);
    while at < immediates.len() {
        named = named.and(match immediates[at] {
            Immediate::mem => State::MEMORY,
            Immediate::table => State::TABLE,
            Immediate::data | Immediate::elem => State::SEGMENT,
            _ => State::NONE,
        });
        at += 1;
    }
    named
}

/// The effects of all operators: every pass asks for them several times for each instruction.
static OPERATORS: [Effects; Opcode::ALL.len()] = {
    let (mut all, mut at) = ([Effects::NONE; Opcode::ALL.len()], 0);
    while at < all.len() {
        all[at] = Effects::of_operator(Opcode::ALL[at]);
        at += 1;
    }
    all
};
