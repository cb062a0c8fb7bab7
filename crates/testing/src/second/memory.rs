//! Loads, stores, growth and bulk operators of memories.
//!
//! An access is an effect on memory, address and offset. The effect of a load gives the bits of its
//! width, and the operator's result is computed from them; the value of a store is computed before.
//! Both follow from the operator's name.

use super::numeric::name;
use super::rows::{Effect, access_bytes, named};
use super::state::State;
use super::terms::{Id, Term};
use super::{Fault, Walk};
use prova_bytecode::Rule;
use prova_module::{MemArg, MemArgTarget, Operator};

/// The computation on the loaded bits, or before a store, where it is not the numeric operator of
/// the access's own name.
const CONVERSIONS: [(&str, &[&str]); 22] = [
    ("i32_load", &[]),
    ("i64_load", &[]),
    ("f32_load", &[]),
    ("f64_load", &[]),
    ("v128_load", &[]),
    ("i32_store", &[]),
    ("i64_store", &[]),
    ("f32_store", &[]),
    ("f64_store", &[]),
    ("v128_store", &[]),
    ("v128_load8_splat", &["i32_load8_u", "i8x16_splat"]),
    ("v128_load16_splat", &["i32_load16_u", "i16x8_splat"]),
    ("v128_load32_splat", &["i32x4_splat"]),
    ("v128_load64_splat", &["i64x2_splat"]),
    ("v128_load8_lane", &["i32_load8_u"]),
    ("v128_load16_lane", &["i32_load16_u"]),
    ("v128_load32_lane", &[]),
    ("v128_load64_lane", &[]),
    ("v128_store8_lane", &["i32_store8"]),
    ("v128_store16_lane", &["i32_store16"]),
    ("v128_store32_lane", &[]),
    ("v128_store64_lane", &[]),
];

/// Of an access with a lane: what takes the lane out of a vector, or puts it in.
const LANES: [(&str, &str); 8] = [
    ("v128_load8_lane", "i8x16_replace_lane"),
    ("v128_load16_lane", "i16x8_replace_lane"),
    ("v128_load32_lane", "i32x4_replace_lane"),
    ("v128_load64_lane", "i64x2_replace_lane"),
    ("v128_store8_lane", "i8x16_extract_lane_u"),
    ("v128_store16_lane", "i16x8_extract_lane_u"),
    ("v128_store32_lane", "i32x4_extract_lane"),
    ("v128_store64_lane", "i64x2_extract_lane"),
];

/// The memory immediate and the lane of an access that is not atomic.
fn access(operator: &Operator<'_>) -> Option<(MemArg, Option<u8>)> {
    match *operator {
        Operator::I32Load { memarg }
        | Operator::I64Load { memarg }
        | Operator::F32Load { memarg }
        | Operator::F64Load { memarg }
        | Operator::I32Load8S { memarg }
        | Operator::I32Load8U { memarg }
        | Operator::I32Load16S { memarg }
        | Operator::I32Load16U { memarg }
        | Operator::I64Load8S { memarg }
        | Operator::I64Load8U { memarg }
        | Operator::I64Load16S { memarg }
        | Operator::I64Load16U { memarg }
        | Operator::I64Load32S { memarg }
        | Operator::I64Load32U { memarg }
        | Operator::V128Load { memarg }
        | Operator::V128Load8x8S { memarg }
        | Operator::V128Load8x8U { memarg }
        | Operator::V128Load16x4S { memarg }
        | Operator::V128Load16x4U { memarg }
        | Operator::V128Load32x2S { memarg }
        | Operator::V128Load32x2U { memarg }
        | Operator::V128Load8Splat { memarg }
        | Operator::V128Load16Splat { memarg }
        | Operator::V128Load32Splat { memarg }
        | Operator::V128Load64Splat { memarg }
        | Operator::V128Load32Zero { memarg }
        | Operator::V128Load64Zero { memarg }
        | Operator::I32Store { memarg }
        | Operator::I64Store { memarg }
        | Operator::F32Store { memarg }
        | Operator::F64Store { memarg }
        | Operator::I32Store8 { memarg }
        | Operator::I32Store16 { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::I64Store32 { memarg }
        | Operator::V128Store { memarg } => Some((memarg, None)),
        Operator::V128Load8Lane { memarg, lane }
        | Operator::V128Load16Lane { memarg, lane }
        | Operator::V128Load32Lane { memarg, lane }
        | Operator::V128Load64Lane { memarg, lane }
        | Operator::V128Store8Lane { memarg, lane }
        | Operator::V128Store16Lane { memarg, lane }
        | Operator::V128Store32Lane { memarg, lane }
        | Operator::V128Store64Lane { memarg, lane } => Some((memarg, Some(lane))),
        _ => None,
    }
}

impl Walk<'_> {
    /// An operator of this family; says whether it is one.
    pub(super) fn memory(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        if let Some((memarg, lane)) = access(operator) {
            let name = name(operator);
            match name.contains("store") {
                true => self.store(state, name, memarg, lane)?,
                false => self.load(state, name, memarg, lane)?,
            }
            return Ok(true);
        }
        match *operator {
            Operator::MemorySize { mem } => self.act_on(state, "memory_size", &[mem], 0, true),
            Operator::MemoryGrow { mem } => self.act_on(state, "memory_grow", &[mem], 1, true),
            Operator::MemoryFill { mem } => self.act_on(state, "memory_fill", &[mem], 3, false),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.act_on(state, "memory_copy", &[dst_mem, src_mem], 3, false)
            }
            Operator::MemoryInit { data_index, mem } => {
                self.act_on(state, "memory_init", &[mem, data_index], 3, false)
            }
            Operator::DataDrop { data_index } => {
                self.act_on(state, "data_drop", &[data_index], 0, false)
            }
            _ => Ok(false),
        }
    }

    /// Memory, address and offset of an access, whose address is on the stack.
    pub(super) fn address(&mut self, state: &mut State, memarg: MemArg) -> Result<Vec<Id>, Fault> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(self.fault(Rule::Operators, "an access to something that is no memory"));
        };
        let address = self.pop(state)?;
        let [memory, offset] = [memory.into(), memarg.offset].map(|bits| self.terms.constant(bits));
        Ok(vec![memory, address, offset])
    }

    /// The result of the computation on a loaded value, or before it is stored, by the operator's
    /// name.
    pub(super) fn converted(&mut self, name: &str, value: Id) -> Id {
        let own = [name];
        let steps = CONVERSIONS.iter().find(|row| row.0 == name).map_or(&own[..], |row| row.1);
        steps.iter().fold(value, |value, step| match named(step) {
            Some(num) => self.terms.num(num, &[value]),
            None => value,
        })
    }

    fn load(
        &mut self,
        state: &mut State,
        name: &str,
        memarg: MemArg,
        lane: Option<u8>,
    ) -> Result<(), Fault> {
        let vector = if lane.is_some() { Some(self.pop(state)?) } else { None };
        let address = self.address(state, memarg)?;
        let effect = Effect::access("load", access_bytes(name));
        let bits = self.act(state, effect, address)?;
        let mut value = self.converted(name, bits);
        if let (Some(vector), Some(lane)) = (vector, lane) {
            value = self.on_lane(name, vec![vector, value], lane);
        }
        state.push(value, name.starts_with("v128"));
        Ok(())
    }

    fn store(
        &mut self,
        state: &mut State,
        name: &str,
        memarg: MemArg,
        lane: Option<u8>,
    ) -> Result<(), Fault> {
        let mut value = self.pop(state)?;
        if let Some(lane) = lane {
            value = self.on_lane(name, vec![value], lane);
        }
        let value = self.converted(name, value);
        let mut args = self.address(state, memarg)?;
        args.push(value);
        self.act(state, Effect::access("store", access_bytes(name)), args)?;
        Ok(())
    }

    fn on_lane(&mut self, name: &str, mut args: Vec<Id>, lane: u8) -> Id {
        args.push(self.terms.of(Term::Const(lane.into())));
        let lanes = LANES.iter().find(|row| row.0 == name).and_then(|row| named(row.1));
        self.terms.num(lanes.unwrap_or_else(|| crate::cannot(name)), &args)
    }
}
