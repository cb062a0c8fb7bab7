//! Atomic operators of the Wasm side, on unshared memories.
//!
//! A read-modify-write is one effect: its arguments hold the term of the new bits over the old ones, which are its result.

use super::super::effects::Effect;
use super::super::{Fault, Observer, Proof, Verdict};
use prova_module::{MemArg, Operator};
use prova_terms::Prim;

macro_rules! atomic {
    (loads { $($l:ident $lw:literal [$($lp:ident)*];)* }
     stores { $($s:ident $sw:literal [$($sp:ident)*];)* }
     rmw { $($r:ident $rw:literal [$($rl:ident)*] [$($ro:ident)*] [$($rs:ident)*];)* }
     cmpxchg { $($c:ident $cw:literal [$($cl:ident)*] [$($cs:ident)*];)* }) => {
        impl<O: Observer> Proof<'_, '_, O> {
            /// Walks over an operator of this family; says whether it is one.
            pub(super) fn atomic(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
                match *operator {
                    $(Operator::$l { memarg } => {
                        let args = self.address(memarg)?;
                        let bits = self.demand(Effect::AtomicLoad($lw), args)?;
                        let value = self.chain(bits, &[$(Prim::$lp),*]);
                        self.push(value, false)?;
                    })*
                    $(Operator::$s { memarg } => {
                        let value = self.pop()?;
                        let value = self.chain(value, &[$(Prim::$sp),*]);
                        let [memory, address, offset] = self.address(memarg)?;
                        self.demand(Effect::AtomicStore($sw), [memory, address, offset, value])?;
                    })*
                    $(Operator::$r { memarg } => {
                        self.wasm_rmw($rw, memarg, &[$(Prim::$rl),*], &[$(Prim::$ro),*], &[$(Prim::$rs),*])?;
                    })*
                    $(Operator::$c { memarg } => {
                        self.wasm_cmpxchg($cw, memarg, &[$(Prim::$cl),*], &[$(Prim::$cs),*])?;
                    })*
                    Operator::AtomicFence { .. } => {}
                    Operator::MemoryAtomicNotify { memarg } => {
                        let count = self.pop()?;
                        let [memory, address, offset] = self.address(memarg)?;
                        let value = self.demand(Effect::AtomicNotify, [memory, address, offset, count])?;
                        self.push(value, false)?;
                    }
                    Operator::MemoryAtomicWait32 { memarg } => self.wasm_wait(Effect::AtomicWait32, memarg)?,
                    Operator::MemoryAtomicWait64 { memarg } => self.wasm_wait(Effect::AtomicWait64, memarg)?,
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

impl<O: Observer> Proof<'_, '_, O> {
    fn wasm_rmw(
        &mut self,
        width: u8,
        memarg: MemArg,
        load: &[Prim],
        op: &[Prim],
        store: &[Prim],
    ) -> Verdict {
        let operand = self.pop()?;
        let [memory, address, offset] = self.address(memarg)?;
        let bits = self.next_result();
        let old = self.chain(bits, load);
        let new = match op {
            [op] => self.terms.borrow_mut().operator(*op, &[old, operand]),
            _ => operand,
        };
        let new = self.chain(new, store);
        self.demand_with(Effect::AtomicRmw(width), [memory, address, offset, new], bits)?;
        self.push(old, false)
    }

    fn wasm_cmpxchg(
        &mut self,
        width: u8,
        memarg: MemArg,
        load: &[Prim],
        store: &[Prim],
    ) -> Verdict {
        let replacement = self.pop()?;
        let replacement = self.chain(replacement, store);
        let expected = self.pop()?;
        let expected = self.chain(expected, store);
        let [memory, address, offset] = self.address(memarg)?;
        let bits = self.next_result();
        let old = self.chain(bits, load);
        let args = [memory, address, offset, expected, replacement];
        self.demand_with(Effect::AtomicCmpxchg(width), args, bits)?;
        self.push(old, false)
    }

    fn wasm_wait(&mut self, effect: Effect, memarg: MemArg) -> Verdict {
        let (timeout, expected) = (self.pop()?, self.pop()?);
        let [memory, address, offset] = self.address(memarg)?;
        let value = self.demand(effect, [memory, address, offset, expected, timeout])?;
        self.push(value, false)
    }
}

atomic! {
    loads {
        I32AtomicLoad 4 [];
        I64AtomicLoad 8 [];
        I32AtomicLoad8U 1 [i32_load8_u];
        I32AtomicLoad16U 2 [i32_load16_u];
        I64AtomicLoad8U 1 [i64_load8_u];
        I64AtomicLoad16U 2 [i64_load16_u];
        I64AtomicLoad32U 4 [i64_load32_u];
    }
    stores {
        I32AtomicStore 4 [];
        I64AtomicStore 8 [];
        I32AtomicStore8 1 [i32_store8];
        I32AtomicStore16 2 [i32_store16];
        I64AtomicStore8 1 [i64_store8];
        I64AtomicStore16 2 [i64_store16];
        I64AtomicStore32 4 [i64_store32];
    }
    rmw {
        I32AtomicRmwAdd 4 [] [i32_add] [];
        I64AtomicRmwAdd 8 [] [i64_add] [];
        I32AtomicRmw8AddU 1 [i32_load8_u] [i32_add] [i32_store8];
        I32AtomicRmw16AddU 2 [i32_load16_u] [i32_add] [i32_store16];
        I64AtomicRmw8AddU 1 [i64_load8_u] [i64_add] [i64_store8];
        I64AtomicRmw16AddU 2 [i64_load16_u] [i64_add] [i64_store16];
        I64AtomicRmw32AddU 4 [i64_load32_u] [i64_add] [i64_store32];
        I32AtomicRmwSub 4 [] [i32_sub] [];
        I64AtomicRmwSub 8 [] [i64_sub] [];
        I32AtomicRmw8SubU 1 [i32_load8_u] [i32_sub] [i32_store8];
        I32AtomicRmw16SubU 2 [i32_load16_u] [i32_sub] [i32_store16];
        I64AtomicRmw8SubU 1 [i64_load8_u] [i64_sub] [i64_store8];
        I64AtomicRmw16SubU 2 [i64_load16_u] [i64_sub] [i64_store16];
        I64AtomicRmw32SubU 4 [i64_load32_u] [i64_sub] [i64_store32];
        I32AtomicRmwAnd 4 [] [i32_and] [];
        I64AtomicRmwAnd 8 [] [i64_and] [];
        I32AtomicRmw8AndU 1 [i32_load8_u] [i32_and] [i32_store8];
        I32AtomicRmw16AndU 2 [i32_load16_u] [i32_and] [i32_store16];
        I64AtomicRmw8AndU 1 [i64_load8_u] [i64_and] [i64_store8];
        I64AtomicRmw16AndU 2 [i64_load16_u] [i64_and] [i64_store16];
        I64AtomicRmw32AndU 4 [i64_load32_u] [i64_and] [i64_store32];
        I32AtomicRmwOr 4 [] [i32_or] [];
        I64AtomicRmwOr 8 [] [i64_or] [];
        I32AtomicRmw8OrU 1 [i32_load8_u] [i32_or] [i32_store8];
        I32AtomicRmw16OrU 2 [i32_load16_u] [i32_or] [i32_store16];
        I64AtomicRmw8OrU 1 [i64_load8_u] [i64_or] [i64_store8];
        I64AtomicRmw16OrU 2 [i64_load16_u] [i64_or] [i64_store16];
        I64AtomicRmw32OrU 4 [i64_load32_u] [i64_or] [i64_store32];
        I32AtomicRmwXor 4 [] [i32_xor] [];
        I64AtomicRmwXor 8 [] [i64_xor] [];
        I32AtomicRmw8XorU 1 [i32_load8_u] [i32_xor] [i32_store8];
        I32AtomicRmw16XorU 2 [i32_load16_u] [i32_xor] [i32_store16];
        I64AtomicRmw8XorU 1 [i64_load8_u] [i64_xor] [i64_store8];
        I64AtomicRmw16XorU 2 [i64_load16_u] [i64_xor] [i64_store16];
        I64AtomicRmw32XorU 4 [i64_load32_u] [i64_xor] [i64_store32];
        I32AtomicRmwXchg 4 [] [] [];
        I64AtomicRmwXchg 8 [] [] [];
        I32AtomicRmw8XchgU 1 [i32_load8_u] [] [i32_store8];
        I32AtomicRmw16XchgU 2 [i32_load16_u] [] [i32_store16];
        I64AtomicRmw8XchgU 1 [i64_load8_u] [] [i64_store8];
        I64AtomicRmw16XchgU 2 [i64_load16_u] [] [i64_store16];
        I64AtomicRmw32XchgU 4 [i64_load32_u] [] [i64_store32];
    }
    cmpxchg {
        I32AtomicRmwCmpxchg 4 [] [];
        I64AtomicRmwCmpxchg 8 [] [];
        I32AtomicRmw8CmpxchgU 1 [i32_load8_u] [i32_store8];
        I32AtomicRmw16CmpxchgU 2 [i32_load16_u] [i32_store16];
        I64AtomicRmw8CmpxchgU 1 [i64_load8_u] [i64_store8];
        I64AtomicRmw16CmpxchgU 2 [i64_load16_u] [i64_store16];
        I64AtomicRmw32CmpxchgU 4 [i64_load32_u] [i64_store32];
    }
}
