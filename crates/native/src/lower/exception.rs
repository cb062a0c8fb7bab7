//! Calls that may throw to a handler, throws, and the landings of clauses.
//!
//! ```text
//! Invoke, Throw ─ edge to a handler ─► Catch ─ outer ─► Catch …     the clauses in the order in which they are asked
//!      └ try_call_indirect: a landing for each clause ─► what the clause gets, from `args` ─► its edge
//! ```
//!
//! A handler has no code: its clauses, and those of the handlers around, become landings of each
//! call that leads to it, up to the first clause that catches everything. So the way from a call to
//! a clause is one edge of the CLIF, and what is alive at the clause is known to the register
//! allocator. Nothing survives a throw in a register.
//!
//! - X1. The number of a clause in [`Catches::clauses`] is its tag in Cranelift's table, so that
//!   what is emitted can be told apart.
//! - X2. A parameter of a handler is what the call's edge says, so it has a value for each landing.
//!   One that is used beyond this handler's edges lies in a stack slot, written by each landing of
//!   that handler: its uses come after the newest of them.
//! - X3. References are put into cells behind numbers: what computes a number may branch, and the
//!   check forgets behind a branch what a cell holds.
//! - X4. Before a call, what the frame holds of references to exceptions and objects (`Held`) is
//!   stored to slots, which the rows of the call name: dead values too, since what a store keeps
//!   must not depend on the code.
//! - X5. A reference that a clause gets is another value than what was loaded from its cell:
//!   Cranelift leaves out the store of a value to where it was loaded from, and the check forgets
//!   at a merge what cells hold.
//!
//! Cost: landings can be the product of calls and clauses, which [`LANDINGS_MAX`] bounds; compilers
//! end most lists with a clause that catches everything. Noticed by: `tests/exceptions.rs`.

use crate::Declined;
use crate::abi;
use crate::emit::Region;
use crate::lower::Lowering;
use crate::lower::state::{cells, put_cell};
use crate::lower::uses::uses;
use crate::thunk;
use cranelift_codegen::ir::types::{I8X16, I64};
use cranelift_codegen::ir::{
    self, AbiParam, BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem, ExceptionTag,
    InstBuilder, SigRef, Signature, StackSlot, StackSlotData, StackSlotKind, Value,
};
use cranelift_codegen::isa::CallConv;
use prova_check::{offsets, traps};
use prova_module::ops::Immediate;
use prova_module::{Opcode, TagIdx, ValType};
use prova_ssa as ssa;
use prova_ssa::{Edge, Held, Imm, List, Terminator};
use std::collections::BTreeMap;

/// The greatest number of landings of a function, all calls together.
pub const LANDINGS_MAX: usize = 1 << 14;

/// The greatest number of references to exceptions and objects that the frame of a function holds
/// at all its calls together.
pub const ROOTS_MAX: usize = 1 << 16;

/// The exceptional ways of a function.
#[derive(Debug, Default)]
pub(crate) struct Catches<'a> {
    held: Option<&'a Held>,
    /// By the offset of an operator that calls: the slots of what its frame holds (X4).
    pub(crate) roots: BTreeMap<u32, Vec<StackSlot>>,
    /// Slots for what frames hold: a call takes as many as it needs, from the first.
    root_slots: Vec<StackSlot>,
    /// How many all calls need.
    root_count: usize,
    /// The clauses of all landings: the tag, and whether there is a reference (X1).
    pub(crate) clauses: Vec<(Option<u32>, bool)>,
    /// By value: its slot, if it is a parameter of a handler that is used beyond it (X2).
    slots: Vec<Option<StackSlot>>,
}

/// A clause that a call leads to.
struct Landing {
    clause: ssa::Clause,
    /// How many of the bindings belong to its handler and those inside.
    bound: usize,
    block: ir::Block,
}

/// Values of handlers' parameters on the way from a call.
type Bindings = Vec<(ssa::Value, Value)>;

/// Whether a block is a handler.
pub(crate) fn is_handler(block: &ssa::BlockData) -> bool {
    matches!(block.terminator, Terminator::Catch { .. })
}

impl<'a> Catches<'a> {
    /// Nothing yet, of a function whose frame holds these references.
    pub(crate) fn new(held: &'a Held) -> Catches<'a> {
        Catches { held: Some(held), ..Catches::default() }
    }
}

impl Lowering<'_> {
    /// Finds the parameters of handlers that need a slot.
    pub(crate) fn handler_parameters(&mut self) {
        let mut handler_of = vec![None; self.body.value_count()];
        for (block, data) in self.body.blocks().filter(|(_, data)| is_handler(data)) {
            data.params().for_each(|value| handler_of[value.as_u32() as usize] = Some(block));
        }
        if handler_of.iter().all(Option::is_none) {
            return;
        }
        let mut slots = vec![None; self.body.value_count()];
        let mut used = |user: Option<ssa::Block>, value: ssa::Value| {
            let at = value.as_u32() as usize;
            let foreign = handler_of[at].is_some_and(|handler| user != Some(handler));
            if foreign && slots[at].is_none() {
                slots[at] = Some(self.slot(abi::clif(self.body.value(value).ty)));
            }
        };
        let held = self.catches.held.into_iter().flat_map(Held::values);
        held.for_each(|value| used(None, value));
        uses(self.body, |user, value, _| used(Some(user), value));
        self.catches.slots = slots;
    }

    /// Leaves the references that the frame holds at a call in its slots (X4).
    pub(crate) fn hold(&mut self, offset: u32) -> Result<(), Declined> {
        let held = self.catches.held.map_or(&[][..], |held| held.at(offset));
        self.catches.root_count += held.len();
        if self.catches.root_count > ROOTS_MAX {
            return Err(Declined::Limit("references held at calls", ROOTS_MAX));
        }
        for (at, &value) in held.iter().enumerate() {
            if at == self.catches.root_slots.len() {
                let slot = self.slot(I64);
                self.catches.root_slots.push(slot);
            }
            let (value, slot) = (self.get(value)?, self.catches.root_slots[at]);
            self.emit.ins(|i| i.stack_store(I64, value, slot, 0));
        }
        if !held.is_empty() {
            let slots = self.catches.root_slots[..held.len()].to_vec();
            self.catches.roots.insert(offset, slots);
        }
        Ok(())
    }

    /// A new slot for a value of a type.
    pub(crate) fn slot(&self, ty: ir::Type) -> StackSlot {
        let (bytes, shift) = if ty == I8X16 { (16, 4) } else { (8, 3) };
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, shift);
        self.emit.func.borrow_mut().create_sized_stack_slot(slot)
    }

    /// The value of a handler's parameter, used beyond the handler.
    pub(crate) fn escaped(&self, value: ssa::Value) -> Option<Value> {
        let slot = self.catches.slots.get(value.as_u32() as usize).copied().flatten()?;
        let ty = abi::clif(self.body.value(value).ty);
        Some(self.emit.ins(|i| i.stack_load(I64, ty, slot, 0)))
    }

    /// A call in a `try_table`.
    pub(crate) fn invoke(
        &mut self,
        (call, offset): (&ssa::Call, u32),
        normal: &Edge,
        handler: &Edge,
    ) -> Result<(), Declined> {
        let (signature, code, args) = self.callee(call, self.left)?;
        self.hold(offset)?;
        let results = self.try_call((signature, code), &args, handler)?;
        self.jump(normal, &results)
    }

    /// `throw`, `throw_ref`.
    pub(crate) fn throw(
        &mut self,
        (opcode, imm, offset): (Opcode, Imm, u32),
        args: List<ssa::Value>,
        handler: Option<&Edge>,
    ) -> Result<(), Declined> {
        let tag = imm.index(opcode, Immediate::tag).map(TagIdx);
        let types: Vec<ValType> = match tag {
            Some(tag) => self.tag_values(tag)?.to_vec(),
            None => self.body.operands(args).iter().map(|&arg| self.body.value(arg).ty).collect(),
        };
        let args = self.body.operands(args).iter().map(|&value| self.get(value));
        let args = args.collect::<Result<Vec<Value>, Declined>>()?;
        self.hold(offset)?;
        let (emit, flags) = (self.emit, self.word_flags(Region::Store));
        let at = self.cells_at();
        // X3.
        for references in [false, true] {
            let mut cell = 0;
            for (&value, ty) in args.iter().zip(&types) {
                if matches!(ty, ValType::Ref(_)) == references {
                    put_cell(emit, flags, at, cell, value);
                }
                cell += cells(emit.type_of(value));
            }
        }
        let table = self.field(offsets::BUILTINS);
        let entry = 8 * offsets::BUILTIN_THROW as i32;
        let code = emit.ins(|i| i.load(I64, abi::immutable(), table, entry));
        let tag = self.word(tag.map_or(offsets::THROW_REF, |tag| tag.0.into()));
        // In this convention nothing is taken to survive a throw in a register.
        let mut signature = Signature::new(CallConv::Tail);
        signature.params.extend([AbiParam::new(I64); 3]);
        let signature = emit.func.borrow_mut().import_signature(signature);
        let args = [self.vmctx, self.left, tag];
        match handler {
            Some(handler) => {
                self.try_call((signature, code), &args, handler)?;
            }
            None => {
                emit.ins(|i| i.call_indirect(signature, code, &args));
            }
        }
        // Nothing comes back here.
        self.emit.ins(|i| i.trap(abi::trap(traps::BUG)));
        Ok(())
    }

    /// A call with the landings of the handlers that an edge leads to; its results, where it
    /// returns.
    fn try_call(
        &mut self,
        (signature, code): (SigRef, Value),
        args: &[Value],
        handler: &Edge,
    ) -> Result<Vec<Value>, Declined> {
        let (landings, bindings) = self.landings(handler)?;
        let emit = self.emit;
        let types = emit.func.borrow().dfg.signatures[signature].returns.clone();
        let returned = emit.new_block();
        let results: Vec<Value> =
            types.iter().map(|ty| emit.block_param(returned, ty.value_type)).collect();
        let table = {
            let pool = &mut emit.func.borrow_mut().dfg.value_lists;
            let payloads = (0..types.len() as u32).map(BlockArg::TryCallRet);
            let normal = BlockCall::new(returned, payloads, pool);
            let first = self.catches.clauses.len() as u32;
            let items = (first..).zip(&landings).map(|(number, landing)| {
                let to = BlockCall::new(landing.block, [], pool);
                ExceptionTableItem::Tag(ExceptionTag::from_u32(number), to)
            });
            ExceptionTableData::new(signature, normal, items.collect::<Vec<_>>())
        };
        let clause = |clause: &ssa::Clause| (clause.tag.map(|tag| tag.0), clause.with_ref);
        self.catches.clauses.extend(landings.iter().map(|landing| clause(&landing.clause)));
        if self.catches.clauses.len() > LANDINGS_MAX {
            return Err(Declined::Limit("landings of exceptions", LANDINGS_MAX));
        }
        let table = emit.func.borrow_mut().dfg.exception_tables.push(table);
        emit.ins(|i| i.try_call_indirect(code, args, table));
        for landing in &landings {
            emit.switch_to(landing.block);
            self.land(landing, &bindings)?;
        }
        emit.switch_to(returned);
        self.fuel_changes();
        Ok(results)
    }

    /// The clauses behind an edge to a handler, in the order in which they are asked, and what the
    /// handlers' parameters are.
    fn landings(&self, handler: &Edge) -> Result<(Vec<Landing>, Bindings), Declined> {
        let (mut landings, mut bindings) = (Vec::new(), Bindings::new());
        let mut next = Some(*handler);
        while let Some(edge) = next {
            let data = self.body.block(edge.block);
            let Terminator::Catch { clauses, outer } = &data.terminator else {
                return Err(Declined::Bug("a handler that does not catch"));
            };
            let args = self.body.args(&edge).iter().map(|arg| {
                let value = arg.value().ok_or(Declined::Bug("a payload for a handler"))?;
                self.bound(&bindings, value)
            });
            let args = args.collect::<Result<Vec<Value>, Declined>>()?;
            bindings.extend(data.params().zip(args));
            for clause in self.body.clauses(*clauses) {
                let block = self.emit.new_block();
                // Cold blocks come last, and a jump back from there would look like a loop's: the
                // check then asks for a charge or a poll on the way (P12).
                if !self.layout.config().metering.fuel && !self.layout.config().metering.epoch {
                    self.emit.func.borrow_mut().layout.set_cold(block);
                }
                landings.push(Landing { clause: *clause, bound: bindings.len(), block });
                if clause.tag.is_none() {
                    return Ok((landings, bindings));
                }
            }
            next = *outer;
        }
        Ok((landings, bindings))
    }

    /// A value on the way from a call to a clause.
    fn bound(&self, bindings: &Bindings, value: ssa::Value) -> Result<Value, Declined> {
        match bindings.iter().rev().find(|(param, _)| *param == value) {
            Some(&(_, bound)) => Ok(bound),
            None => self.get(value),
        }
    }

    /// Emits the landing of a clause.
    fn land(&mut self, landing: &Landing, bindings: &Bindings) -> Result<(), Declined> {
        let ssa::Clause { tag, with_ref, edge } = landing.clause;
        self.fuel_changes();
        let mut types = match tag {
            Some(tag) => self.tag_values(tag)?.to_vec(),
            None => Vec::new(),
        };
        if with_ref {
            types.push(ValType::Ref(prova_module::RefType::EXN));
        }
        let payloads = if types.is_empty() {
            Vec::new()
        } else {
            let payloads = thunk::get_cells(self.emit, self.cells_at(), &types);
            // X5.
            let whole = |(ty, value): (&ValType, Value)| match ty {
                ValType::Ref(_) => self.emit.whole(value),
                ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => value,
            };
            types.iter().zip(payloads).map(whole).collect()
        };
        let bindings = bindings.get(..landing.bound).unwrap_or(bindings).to_vec();
        // X2.
        for &(param, value) in &bindings {
            let slot = self.catches.slots.get(param.as_u32() as usize).copied().flatten();
            if let Some(slot) = slot {
                self.emit.ins(|i| i.stack_store(I64, value, slot, 0));
            }
        }
        let args = self.body.args(&edge).iter().map(|arg| match arg.kind() {
            ssa::ArgKind::Value(value) => self.bound(&bindings, value),
            ssa::ArgKind::Payload(number) => {
                payloads.get(number as usize).copied().ok_or(Declined::Bug("no such payload"))
            }
        });
        let args = args.collect::<Result<Vec<Value>, Declined>>()?;
        self.jump_with(edge.block, args)
    }

    /// The cells for values.
    pub(crate) fn cells_at(&self) -> Value {
        let (store, at) = (self.store_words(), offsets::STORE_ARGS as i32);
        self.emit.ins(|i| i.load(I64, abi::immutable(), store, at))
    }

    fn tag_values(&self, tag: TagIdx) -> Result<&[ValType], Declined> {
        let ty = self.module.tag(tag).ok_or(Declined::Bug("no such tag"))?;
        Ok(&ty.params)
    }
}
