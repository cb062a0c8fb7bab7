//! The input and the output of a walk: the subject, the places that code is copied for, and the two
//! kinds of sink.
//!
//! One sink asks what is known and writes nothing ([`super::causes`]), one counts
//! ([`super::tally`]); a third one writes the specialised function ([`crate::write::residual`]).

use super::context::{Context, Fresh};
use super::generic::{Generic, opcode};
use super::state::{Late, Slot, State};
use crate::ask::certificate::{Range, Window, Word};
use crate::ask::intrinsic::{Intrinsic, Intrinsics};
use crate::ask::places::Places;
use crate::ask::promise::Promises;
use crate::ask::question::Question;
use crate::ask::request::{Argument, Request};
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode};
use prova_ssa::{Access, Block, Body, Imm, Inst, Value};

/// The immediate of a cell's load or store, at an address of its memory.
pub(crate) const LONG: Imm = Imm::Access(Access { offset: 0, memory: 0, align_log2: 0, lane: 0 });

/// A part of a generic block in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) context: Context,
    pub(crate) block: Block,
    /// How many of the block's instructions are done.
    pub(crate) start: u32,
    /// The known bytes of constant memory.
    pub(crate) fresh: Fresh,
}

/// Where the instructions go that a run must do.
pub(crate) trait Sink {
    type V: Copy;
    /// An instruction of the generic function; gives one value for each result.
    fn op(&mut self, inst: Inst, args: &[Slot<Self::V>]) -> Vec<Self::V>;
    /// An i64 load at an address, in the place of an instruction.
    fn load(&mut self, inst: Inst, address: Slot<Self::V>) -> Self::V;
    /// An i64 store that was put off until a place.
    fn store(&mut self, offset: u32, late: &Late<Self::V>);
    /// The read of an intrinsic: the added global of this number.
    fn read_global(&mut self, inst: Inst, number: u32) -> Self::V;
    /// The write of an intrinsic to such a global.
    fn write_global(&mut self, inst: Inst, number: u32, value: Slot<Self::V>);
    /// A payload of an edge out of a block.
    fn payload(&mut self, block: Block, number: u32) -> Self::V;
    /// Whether a root has a value here.
    fn has_root(&self, root: u32) -> bool;
    /// Sets the value of a root from now on.
    fn set_root(&mut self, root: u32, value: Self::V);
    /// The values in a part's state, rising.
    fn live(&self, key: Key) -> &[Value];
    /// Constant memory is taken to be what was compared: this word at the entry, or another one
    /// later.
    fn folded(&mut self, word: Option<Word>);
    /// A range of constant memory is compared here.
    fn refreshed(&mut self, range: Range);
    /// Constant memory is taken to be apart from a store.
    fn apart(&mut self, window: Window);
    /// Why a value is not known.
    fn why(&self, value: Self::V) -> String;
    /// Why a root is not known.
    fn why_root(&self, root: u32) -> String;
}

/// How a part ends.
#[derive(Clone, Debug)]
pub(crate) enum Kind<V> {
    /// Always along its one edge.
    Jump,
    /// The first edge if it is not zero, else the second.
    Branch(Slot<V>),
    /// As the generic block's table.
    Table(Slot<V>),
    /// The first edge if it is null, else the second.
    Null(Slot<V>),
    /// The edge of a value, counted from the first one; out of range it traps.
    Cases(Slot<V>, u32),
    /// The one edge if a range of constant memory is the request's; else it traps.
    Refreshed(Range),
    /// Out of the function, as the generic block, with these operands.
    Out(Vec<Slot<V>>),
}

/// The end of a part.
#[derive(Clone, Debug)]
pub(crate) struct Leave<V> {
    pub(crate) kind: Kind<V>,
    pub(crate) edges: Vec<(Key, State<V>)>,
    /// The number of the instruction that ends it, if that is not the block's end.
    pub(crate) cut: Option<u32>,
    /// The offset of what ends it.
    pub(crate) offset: u32,
}

/// The input of a walk.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'m> {
    pub(crate) generic: &'m Generic,
    pub(crate) intrinsics: &'m Intrinsics,
    pub(crate) request: &'m Request,
    pub(crate) promises: Promises,
    /// The least size of memory 0, in bytes; 0 if its pages are not those of 64 KiB.
    pub(crate) memory_bytes: u64,
    pub(crate) places: &'m Places,
    /// Whether the generic function has a virtual stack or virtual locals.
    pub(crate) has_cells: bool,
}

/// Whether a function calls an intrinsic that puts stores off.
pub(crate) fn has_cells(generic: &Generic, intrinsics: &Intrinsics) -> bool {
    use Intrinsic::{PushStack, WriteLocal};
    let body = generic.body();
    let mut insts = body.blocks().flat_map(|(_, data)| data.insts());
    insts.any(|inst| matches!(intrinsic(body, intrinsics, inst), Some(PushStack | WriteLocal)))
}

/// The intrinsic that an instruction calls.
fn intrinsic(body: &Body, intrinsics: &Intrinsics, inst: Inst) -> Option<Intrinsic> {
    let data = body.inst(inst);
    let func = data.imm.index(Opcode::Call, Immediate::func);
    let func = func.filter(|_| opcode(data.op) == Opcode::Call)?;
    intrinsics.of(FuncIdx(func))
}

impl<'m> Subject<'m> {
    /// The claim to prove of what is made for it.
    pub(crate) fn question(&self) -> Question<'m> {
        Question {
            generic: self.generic.body(),
            results: self.generic.results(),
            intrinsics: self.intrinsics,
            request: self.request,
            promises: self.promises,
            memory_bytes: self.memory_bytes,
        }
    }

    /// An offset of the generic function, in words.
    pub(crate) fn place(&self, offset: u32) -> String {
        self.places.name(self.generic.func(), offset)
    }

    pub(crate) fn body(&self) -> &'m Body {
        self.generic.body()
    }

    /// The intrinsic that an instruction calls.
    pub(crate) fn intrinsic(&self, inst: Inst) -> Option<Intrinsic> {
        intrinsic(self.body(), self.intrinsics, inst)
    }

    /// Whether the generic function calls others, and no intrinsic.
    pub(crate) fn only_calls(&self) -> bool {
        let insts = || self.body().blocks().flat_map(|(_, data)| data.insts());
        let calls = |inst: Inst| {
            let class = opcode(self.body().inst(inst).op).class();
            matches!(class, Class::call | Class::call_indirect | Class::call_ref)
        };
        insts().any(calls) && insts().all(|inst| self.intrinsic(inst).is_none())
    }

    /// Whether constant memory can be compared: it lies in memory, or looking at it might trap.
    pub(crate) fn is_compared(&self) -> bool {
        let in_memory = |argument: &Argument| match argument {
            Argument::Buffer(bytes) => bytes.len() as u64 <= self.memory_bytes,
            Argument::Runtime | Argument::Constant(..) => true,
        };
        self.promises.memory_is_compared && self.request.params.iter().all(in_memory)
    }

    /// Whether code is copied for its knowledge of constant memory. If the program is trusted with
    /// constant memory, the search need not know; but at a call the knowledge is forgotten where
    /// stores that were put off are done, and comes back as text is read: so the copies keep ways
    /// that have cells apart from ways that have none. (Without them a call on a rare way would
    /// make all others store and load. A store of the program changes nothing then.)
    pub(crate) fn is_copied(&self) -> bool {
        let has_cells = self.has_cells && self.promises.cells_are_private;
        self.is_compared() || !self.promises.memory_is_compared && has_cells
    }

    /// Whether a root is an argument of the function.
    pub(crate) fn is_argument(&self, root: u32) -> bool {
        (root as usize) < self.request.params.len()
    }
}

/// The slot of each value of the generic function, used by one walk after another: an entry counts
/// if it is of this walk.
pub(crate) struct Scratch<V> {
    walk: u32,
    slots: Vec<(u32, Slot<V>)>,
    /// The operands of an instruction, kept between instructions.
    pub(crate) operands: Vec<Slot<V>>,
    /// The values in a part's state, kept between parts and edges.
    pub(crate) live: Vec<Value>,
}

impl<V> Default for Scratch<V> {
    fn default() -> Scratch<V> {
        Scratch { walk: 0, slots: Vec::new(), operands: Vec::new(), live: Vec::new() }
    }
}

impl<V: Copy> Scratch<V> {
    /// Forgets all for a walk over a body of `values` values.
    pub(crate) fn begin(&mut self, values: usize) {
        self.walk = self.walk.wrapping_add(1);
        if self.walk == 0 || self.slots.len() != values {
            self.walk = 1;
            self.slots.clear();
            self.slots.resize(values, (0, Slot::Bits(0)));
        }
    }

    pub(crate) fn get(&self, value: Value) -> Option<Slot<V>> {
        let (walk, slot) = self.slots[value.as_u32() as usize];
        (walk == self.walk).then_some(slot)
    }

    pub(crate) fn set(&mut self, value: Value, slot: Slot<V>) {
        self.slots[value.as_u32() as usize] = (self.walk, slot);
    }
}
