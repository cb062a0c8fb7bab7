//! Objects that code makes: in the next slot that is lent to it for the object's size, else the
//! store makes it and lends the slots behind.
//!
//! ```text
//! next < end ─ yes ─► next + the slot's bytes; header, fields
//!            └ no ──► the store, which may collect
//! ```
//!
//! The two numbers lie in the first page of the heap (`slots` of the module), so code reads and
//! writes them as it does objects. What is lent is such that no collection is due before it is used
//! up, and is all 0; so the place of a collection does not depend on this.
//!
//! An object is paid for in code, as the store has it paid for: before it is made.
//!
//! Limits: structures and arrays of a constant number of elements, of few values and small slots,
//! where the heap is near.

use super::aggregate::At;
use crate::Declined;
use crate::emit::Region;
use crate::lower::Lowering;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, Value};
use prova_check::offsets;
use prova_module::objects::{HEADER_BYTES, Storage};
use prova_module::slots::{LENT_BYTES, class_of, lent_at, slot_bytes};
use prova_module::{ObjectLayout, Opcode, TypeIdx, memory_cost};
use prova_ssa::InstData;

/// The greatest number of values that are written one by one.
const VALUES_MAX: usize = 24;

/// An object that code makes.
pub(super) struct Plan {
    /// Where the two numbers of its slots are in the heap.
    lent_at: i32,
    slot_bytes: u32,
    /// The fuel that it costs.
    cost: u64,
    /// The upper half of its header.
    len: u32,
    /// Where its values lie, and their forms; none, where all are 0.
    values: Vec<(i32, Storage)>,
}

impl Lowering<'_> {
    /// The object that an operator makes, if code may make it.
    pub(super) fn plan(&self, opcode: Opcode, (ty, count): (u32, u32)) -> Option<Plan> {
        use Opcode as O;
        if !self.is_near() {
            return None;
        }
        let layout = self.module.layout(TypeIdx(ty))?;
        let (len, bytes, values) = match (opcode, layout) {
            (O::StructNew, ObjectLayout::Struct { bytes, fields }) => {
                let places = fields.iter().map(|place| (place.at, place.storage));
                (0, u64::from(*bytes), places.take(VALUES_MAX + 1).collect())
            }
            (O::StructNewDefault, ObjectLayout::Struct { bytes, .. }) => {
                (0, u64::from(*bytes), Vec::new())
            }
            (O::ArrayNewFixed, ObjectLayout::Array(storage)) if count <= VALUES_MAX as u32 => {
                let places = (0..count).map(|at| (HEADER_BYTES + at * storage.bytes(), *storage));
                let bytes = u64::from(HEADER_BYTES + count * storage.bytes());
                (count, bytes, places.collect::<Vec<_>>())
            }
            _ => return None,
        };
        let class = class_of(bytes)?;
        let slot_bytes = slot_bytes(class);
        if values.len() > VALUES_MAX || 2 * slot_bytes > LENT_BYTES {
            return None;
        }
        let place = |(at, storage): (u32, Storage)| Some((i32::try_from(at).ok()?, storage));
        let values = values.into_iter().map(place).collect::<Option<_>>()?;
        let lent_at = i32::try_from(lent_at(class)).ok()?;
        Some(Plan { lent_at, slot_bytes, cost: memory_cost(bytes), len, values })
    }

    /// The object that an operator makes of these values.
    pub(super) fn made(
        &mut self,
        opcode: Opcode,
        plan: &Plan,
        immediates: (u32, u32),
        (data, args): (&InstData, &[Value]),
    ) -> Result<Vec<Value>, Declined> {
        let emit = self.emit;
        let zero = emit.ins(|i| i.iconst(I32, 0));
        let lent = self.place_in_heap(zero).address;
        let flags = self.object_flags();
        let next = emit.ins(|i| i.load(I32, flags, lent, plan.lent_at));
        let end = emit.ins(|i| i.load(I32, flags, lent, plan.lent_at + 4));
        let there = emit.ins(|i| i.icmp(IntCC::UnsignedLessThan, next, end));
        let (here, ask, done) = (emit.new_block(), emit.new_block(), emit.new_block());
        let object = emit.block_param(done, I64);
        // A jump back from a cold block would look like a loop's (P12).
        let metering = self.layout.config().metering;
        if !metering.fuel && !metering.epoch {
            emit.func.borrow_mut().layout.set_cold(ask);
        }
        emit.ins(|i| i.brif(there, here, &[], ask, &[]));

        emit.switch_to(here);
        if self.layout.config().metering.fuel {
            self.charge(plan.cost)?;
            // What is left stands in the store's word, which either way has changed.
            self.fuel_changes();
        }
        let bytes = emit.ins(|i| i.iconst(I32, i64::from(plan.slot_bytes)));
        let behind = emit.ins(|i| i.iadd(next, bytes));
        emit.ins(|i| i.store(flags, behind, lent, plan.lent_at));
        let at = self.place_in_heap(next);
        self.fill(at, plan, immediates.0, args);
        let made = emit.ins(|i| i.uextend(I64, next));
        emit.ins(|i| i.jump(done, &[made.into()]));

        emit.switch_to(ask);
        self.hold(data.offset)?;
        let made = self.performed(opcode, immediates, data, args)?;
        let made = *made.first().ok_or(Declined::Bug("no object is made"))?;
        emit.ins(|i| i.jump(done, &[made.into()]));
        emit.switch_to(done);
        self.fuel_changes();
        Ok(vec![object])
    }

    /// Writes the header and the values of an object.
    fn fill(&self, at: At, plan: &Plan, ty: u32, args: &[Value]) {
        let (emit, flags) = (self.emit, self.object_flags());
        let types = self.field(offsets::TYPES);
        let fixed = self.word_flags(Region::Store);
        let id = emit.ins(|i| i.load(I32, fixed, types, 4 * ty as i32));
        emit.ins(|i| i.store(flags, id, at.address, 0));
        if plan.len > 0 {
            let len = emit.ins(|i| i.iconst(I32, i64::from(plan.len)));
            emit.ins(|i| i.store(flags, len, at.address, 4));
        }
        for (&(offset, storage), &value) in plan.values.iter().zip(args) {
            self.write(&At { offset, ..at }, storage, value);
        }
    }
}
