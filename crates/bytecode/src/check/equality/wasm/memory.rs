//! Loads, stores, growth and bulk operators of the Wasm side.
//!
//! A load is an effect whose result is the bits of its width; what follows (extension, splat) is a term over them. A
//! store's value is the term of the bits that it writes. f32 and f64 are bits.

use super::super::effects::Effect;
use super::super::{Fault, Observer, Proof, Rule, Verdict};
use prova_module::{MemArg, MemArgTarget, Operator};
use prova_terms::{Prim, Vn};

macro_rules! memory {
    ($d:tt loads { $($l:ident $lw:literal [$($lp:ident)*];)* }
     stores { $($s:ident $sw:literal [$($sp:ident)*];)* }
     load_lanes { $($ll:ident $llw:literal [$($llp:ident)*] $replace:ident;)* }
     store_lanes { $($sl:ident $slw:literal $extract:ident [$($slp:ident)*];)* }) => {
        /// The method of `visit` for a load or store.
        macro_rules! memory_method {
            $(($l $d visit:ident { $d memarg:ident : $d ty:ty }) => {
                fn $d visit(&mut self, $d memarg: $d ty) -> Verdict { self.wasm_load($lw, $d memarg, &[$(Prim::$lp),*]) }
            };)*
            $(($s $d visit:ident { $d memarg:ident : $d ty:ty }) => {
                fn $d visit(&mut self, $d memarg: $d ty) -> Verdict { self.wasm_store($sw, $d memarg, &[$(Prim::$sp),*]) }
            };)*
            ($d($d other:tt)*) => { numeric_method! { $d($d other)* } };
        }

        impl<O: Observer> Proof<'_, '_, O> {
            /// Walks over an operator of this family that has no method of its own; says whether it is one.
            pub(super) fn memory(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
                match *operator {
                    $(Operator::$ll { memarg, lane } => {
                        let vector = self.pop()?;
                        let bits = self.wasm_loaded($llw, memarg)?;
                        let bits = self.chain(bits, &[$(Prim::$llp),*]);
                        let lane = Vn::index(lane.into());
                        let vn = self.terms.borrow_mut().operator(Prim::$replace, &[vector, bits, lane]);
                        self.push(vn, true)?;
                    })*
                    $(Operator::$sl { memarg, lane } => {
                        let vector = self.pop()?;
                        let lane = Vn::index(lane.into());
                        let value = self.terms.borrow_mut().operator(Prim::$extract, &[vector, lane]);
                        let value = self.chain(value, &[$(Prim::$slp),*]);
                        self.wasm_stored($slw, memarg, value)?;
                    })*
                    Operator::MemorySize { mem } => self.indexed(Effect::MemorySize, &[mem], 0, true)?,
                    Operator::MemoryGrow { mem } => self.indexed(Effect::MemoryGrow, &[mem], 1, true)?,
                    Operator::MemoryFill { mem } => self.indexed(Effect::MemoryFill, &[mem], 3, false)?,
                    Operator::MemoryCopy { dst_mem, src_mem } => {
                        self.indexed(Effect::MemoryCopy, &[dst_mem, src_mem], 3, false)?;
                    }
                    Operator::MemoryInit { data_index, mem } => {
                        self.indexed(Effect::MemoryInit, &[mem, data_index], 3, false)?;
                    }
                    Operator::DataDrop { data_index } => {
                        self.indexed(Effect::DataDrop, &[data_index], 0, false)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

impl<O: Observer> Proof<'_, '_, O> {
    /// The address operand with its memory and offset: the arguments of an access.
    #[inline]
    pub(super) fn address(&mut self, memarg: MemArg) -> Result<[Vn; 3], Fault> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(Fault::new(Rule::Operators, "an access to something that is no memory"));
        };
        let address = self.pop()?;
        Ok([Vn::index(memory), address, self.constant(memarg.offset)])
    }

    /// Applies operators of one operand, one after the other.
    #[inline]
    pub(super) fn chain(&mut self, value: Vn, prims: &[Prim]) -> Vn {
        let mut terms = self.terms.borrow_mut();
        prims.iter().fold(value, |value, &prim| terms.operator(prim, &[value]))
    }

    #[inline]
    fn wasm_loaded(&mut self, width: u8, memarg: MemArg) -> Result<Vn, Fault> {
        let args = self.address(memarg)?;
        self.demand(Effect::Load(width), args)
    }

    pub(super) fn wasm_load(&mut self, width: u8, memarg: MemArg, prims: &[Prim]) -> Verdict {
        let bits = self.wasm_loaded(width, memarg)?;
        let value = self.chain(bits, prims);
        let wide = match prims.last() {
            Some(prim) => prim.wide(),
            None => width == 16,
        };
        self.push(value, wide)
    }

    #[inline]
    fn wasm_stored(&mut self, width: u8, memarg: MemArg, value: Vn) -> Verdict {
        let [memory, address, offset] = self.address(memarg)?;
        self.demand(Effect::Store(width), [memory, address, offset, value]).map(drop)
    }

    pub(super) fn wasm_store(&mut self, width: u8, memarg: MemArg, prims: &[Prim]) -> Verdict {
        let value = self.pop()?;
        let value = self.chain(value, prims);
        self.wasm_stored(width, memarg, value)
    }
}

memory! {
    $ loads {
        F32Load 4 [];
        F64Load 8 [];
        I32Load 4 [];
        I64Load 8 [];
        I32Load8S 1 [i32_load8_s];
        I32Load8U 1 [i32_load8_u];
        I32Load16S 2 [i32_load16_s];
        I32Load16U 2 [i32_load16_u];
        I64Load8S 1 [i64_load8_s];
        I64Load8U 1 [i64_load8_u];
        I64Load16S 2 [i64_load16_s];
        I64Load16U 2 [i64_load16_u];
        I64Load32S 4 [i64_load32_s];
        I64Load32U 4 [i64_load32_u];
        V128Load 16 [];
        V128Load8x8S 8 [v128_load8x8_s];
        V128Load8x8U 8 [v128_load8x8_u];
        V128Load16x4S 8 [v128_load16x4_s];
        V128Load16x4U 8 [v128_load16x4_u];
        V128Load32x2S 8 [v128_load32x2_s];
        V128Load32x2U 8 [v128_load32x2_u];
        V128Load8Splat 1 [i32_load8_u i8x16_splat];
        V128Load16Splat 2 [i32_load16_u i16x8_splat];
        V128Load32Splat 4 [i32x4_splat];
        V128Load64Splat 8 [i64x2_splat];
        V128Load32Zero 4 [v128_load32_zero];
        V128Load64Zero 8 [v128_load64_zero];
    }
    stores {
        F32Store 4 [];
        F64Store 8 [];
        I32Store 4 [];
        I64Store 8 [];
        I32Store8 1 [i32_store8];
        I32Store16 2 [i32_store16];
        I64Store8 1 [i64_store8];
        I64Store16 2 [i64_store16];
        I64Store32 4 [i64_store32];
        V128Store 16 [];
    }
    load_lanes {
        V128Load8Lane 1 [i32_load8_u] i8x16_replace_lane;
        V128Load16Lane 2 [i32_load16_u] i16x8_replace_lane;
        V128Load32Lane 4 [] i32x4_replace_lane;
        V128Load64Lane 8 [] i64x2_replace_lane;
    }
    store_lanes {
        V128Store8Lane 1 i8x16_extract_lane_u [i32_store8];
        V128Store16Lane 2 i16x8_extract_lane_u [i32_store16];
        V128Store32Lane 4 i32x4_extract_lane [];
        V128Store64Lane 8 i64x2_extract_lane [];
    }
}
