//! Atomic operators: on unshared memories the plain access behind an alignment test, on shared ones
//! one step that all threads see (threads proposal).
//!
//! On an unshared memory no wait can succeed and a notification wakes nobody.
//!
//! Order of the checks: alignment, bounds, and for a wait the memory's being shared. Time:
//! constant; a wait takes at most its timeout. Noticed by: `tests/memory.rs`, `tests/spec.rs`.

use crate::machine::{Machine, Stop};
use crate::memory::{Access, Bits};
use crate::value::Number;
use prova_module::MemArg;
use prova_module::Operator::{self, *};
use prova_num::*;
use prova_runtime::{MemoryAddr, TrapKind};
use std::sync::atomic::{Ordering, fence};

/// Executes an atomic operator.
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        I32AtomicLoad { memarg } => load(m, memarg, i32_load),
        I64AtomicLoad { memarg } => load(m, memarg, i64_load),
        I32AtomicLoad8U { memarg } => load(m, memarg, i32_load8_u),
        I32AtomicLoad16U { memarg } => load(m, memarg, i32_load16_u),
        I64AtomicLoad8U { memarg } => load(m, memarg, i64_load8_u),
        I64AtomicLoad16U { memarg } => load(m, memarg, i64_load16_u),
        I64AtomicLoad32U { memarg } => load(m, memarg, i64_load32_u),
        I32AtomicStore { memarg } => store(m, memarg, i32_store),
        I64AtomicStore { memarg } => store(m, memarg, i64_store),
        I32AtomicStore8 { memarg } => store(m, memarg, i32_store8),
        I32AtomicStore16 { memarg } => store(m, memarg, i32_store16),
        I64AtomicStore8 { memarg } => store(m, memarg, i64_store8),
        I64AtomicStore16 { memarg } => store(m, memarg, i64_store16),
        I64AtomicStore32 { memarg } => store(m, memarg, i64_store32),
        I32AtomicRmwAdd { memarg } => modify(m, memarg, i32_load, i32_add, i32_store),
        I64AtomicRmwAdd { memarg } => modify(m, memarg, i64_load, i64_add, i64_store),
        I32AtomicRmw8AddU { memarg } => modify(m, memarg, i32_load8_u, i32_add, i32_store8),
        I32AtomicRmw16AddU { memarg } => modify(m, memarg, i32_load16_u, i32_add, i32_store16),
        I64AtomicRmw8AddU { memarg } => modify(m, memarg, i64_load8_u, i64_add, i64_store8),
        I64AtomicRmw16AddU { memarg } => modify(m, memarg, i64_load16_u, i64_add, i64_store16),
        I64AtomicRmw32AddU { memarg } => modify(m, memarg, i64_load32_u, i64_add, i64_store32),
        I32AtomicRmwSub { memarg } => modify(m, memarg, i32_load, i32_sub, i32_store),
        I64AtomicRmwSub { memarg } => modify(m, memarg, i64_load, i64_sub, i64_store),
        I32AtomicRmw8SubU { memarg } => modify(m, memarg, i32_load8_u, i32_sub, i32_store8),
        I32AtomicRmw16SubU { memarg } => modify(m, memarg, i32_load16_u, i32_sub, i32_store16),
        I64AtomicRmw8SubU { memarg } => modify(m, memarg, i64_load8_u, i64_sub, i64_store8),
        I64AtomicRmw16SubU { memarg } => modify(m, memarg, i64_load16_u, i64_sub, i64_store16),
        I64AtomicRmw32SubU { memarg } => modify(m, memarg, i64_load32_u, i64_sub, i64_store32),
        I32AtomicRmwAnd { memarg } => modify(m, memarg, i32_load, i32_and, i32_store),
        I64AtomicRmwAnd { memarg } => modify(m, memarg, i64_load, i64_and, i64_store),
        I32AtomicRmw8AndU { memarg } => modify(m, memarg, i32_load8_u, i32_and, i32_store8),
        I32AtomicRmw16AndU { memarg } => modify(m, memarg, i32_load16_u, i32_and, i32_store16),
        I64AtomicRmw8AndU { memarg } => modify(m, memarg, i64_load8_u, i64_and, i64_store8),
        I64AtomicRmw16AndU { memarg } => modify(m, memarg, i64_load16_u, i64_and, i64_store16),
        I64AtomicRmw32AndU { memarg } => modify(m, memarg, i64_load32_u, i64_and, i64_store32),
        I32AtomicRmwOr { memarg } => modify(m, memarg, i32_load, i32_or, i32_store),
        I64AtomicRmwOr { memarg } => modify(m, memarg, i64_load, i64_or, i64_store),
        I32AtomicRmw8OrU { memarg } => modify(m, memarg, i32_load8_u, i32_or, i32_store8),
        I32AtomicRmw16OrU { memarg } => modify(m, memarg, i32_load16_u, i32_or, i32_store16),
        I64AtomicRmw8OrU { memarg } => modify(m, memarg, i64_load8_u, i64_or, i64_store8),
        I64AtomicRmw16OrU { memarg } => modify(m, memarg, i64_load16_u, i64_or, i64_store16),
        I64AtomicRmw32OrU { memarg } => modify(m, memarg, i64_load32_u, i64_or, i64_store32),
        I32AtomicRmwXor { memarg } => modify(m, memarg, i32_load, i32_xor, i32_store),
        I64AtomicRmwXor { memarg } => modify(m, memarg, i64_load, i64_xor, i64_store),
        I32AtomicRmw8XorU { memarg } => modify(m, memarg, i32_load8_u, i32_xor, i32_store8),
        I32AtomicRmw16XorU { memarg } => modify(m, memarg, i32_load16_u, i32_xor, i32_store16),
        I64AtomicRmw8XorU { memarg } => modify(m, memarg, i64_load8_u, i64_xor, i64_store8),
        I64AtomicRmw16XorU { memarg } => modify(m, memarg, i64_load16_u, i64_xor, i64_store16),
        I64AtomicRmw32XorU { memarg } => modify(m, memarg, i64_load32_u, i64_xor, i64_store32),
        I32AtomicRmwXchg { memarg } => modify(m, memarg, i32_load, exchange, i32_store),
        I64AtomicRmwXchg { memarg } => modify(m, memarg, i64_load, exchange, i64_store),
        I32AtomicRmw8XchgU { memarg } => modify(m, memarg, i32_load8_u, exchange, i32_store8),
        I32AtomicRmw16XchgU { memarg } => modify(m, memarg, i32_load16_u, exchange, i32_store16),
        I64AtomicRmw8XchgU { memarg } => modify(m, memarg, i64_load8_u, exchange, i64_store8),
        I64AtomicRmw16XchgU { memarg } => modify(m, memarg, i64_load16_u, exchange, i64_store16),
        I64AtomicRmw32XchgU { memarg } => modify(m, memarg, i64_load32_u, exchange, i64_store32),
        I32AtomicRmwCmpxchg { memarg } => compare_exchange(m, memarg, i32_load, i32_store),
        I64AtomicRmwCmpxchg { memarg } => compare_exchange(m, memarg, i64_load, i64_store),
        I32AtomicRmw8CmpxchgU { memarg } => compare_exchange(m, memarg, i32_load8_u, i32_store8),
        I32AtomicRmw16CmpxchgU { memarg } => compare_exchange(m, memarg, i32_load16_u, i32_store16),
        I64AtomicRmw8CmpxchgU { memarg } => compare_exchange(m, memarg, i64_load8_u, i64_store8),
        I64AtomicRmw16CmpxchgU { memarg } => compare_exchange(m, memarg, i64_load16_u, i64_store16),
        I64AtomicRmw32CmpxchgU { memarg } => compare_exchange(m, memarg, i64_load32_u, i64_store32),
        AtomicFence { .. } => {
            fence(Ordering::SeqCst);
            Ok(())
        }
        MemoryAtomicNotify { memarg } => {
            let count = m.stack.pop_number::<u32>()?;
            let (memory, at) = probe::<u32>(m, memarg)?;
            m.stack.push_number(m.store.atomic_notify(memory, at, 0, count)?);
            Ok(())
        }
        MemoryAtomicWait32 { memarg } => wait::<u32>(m, memarg),
        MemoryAtomicWait64 { memarg } => wait::<u64>(m, memarg),
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no atomic operator")),
    }
}

fn load<B: Bits, R: Number>(
    m: &mut Machine<'_>,
    memarg: MemArg,
    value: impl FnOnce(B) -> R,
) -> Result<(), Stop> {
    let bits = Access::pop(m, memarg)?.aligned(B::SIZE)?.update(m, |_| None)?;
    m.stack.push_number(value(bits));
    Ok(())
}

fn store<B: Bits, A: Number>(
    m: &mut Machine<'_>,
    memarg: MemArg,
    bits: impl FnOnce(A) -> B,
) -> Result<(), Stop> {
    let bits = bits(m.stack.pop_number()?);
    Access::pop(m, memarg)?.aligned(B::SIZE)?.update(m, |_| Some(bits)).map(drop)
}

/// Read-modify-write: stores `operator(old, operand)` and pushes the old value.
fn modify<B: Bits, N: Number>(
    m: &mut Machine<'_>,
    memarg: MemArg,
    value: fn(B) -> N,
    operator: fn(N, N) -> N,
    bits: fn(N) -> B,
) -> Result<(), Stop> {
    let operand = m.stack.pop_number()?;
    let access = Access::pop(m, memarg)?.aligned(B::SIZE)?;
    let old = access.update(m, |old| Some(bits(operator(value(old), operand))))?;
    m.stack.push_number(value(old));
    Ok(())
}

/// The operator of `xchg`.
fn exchange<N>(_old: N, operand: N) -> N {
    operand
}

/// Stores the replacement if the old bits are those of the expected value, wrapped to their width;
/// pushes the old value.
fn compare_exchange<B: Bits + PartialEq, N: Number>(
    m: &mut Machine<'_>,
    memarg: MemArg,
    value: fn(B) -> N,
    bits: fn(N) -> B,
) -> Result<(), Stop> {
    let replacement = bits(m.stack.pop_number()?);
    let expected = bits(m.stack.pop_number()?);
    let access = Access::pop(m, memarg)?.aligned(B::SIZE)?;
    let old = access.update(m, |old| (old == expected).then_some(replacement))?;
    m.stack.push_number(value(old));
    Ok(())
}

/// Waits, which on an unshared memory is a trap.
fn wait<B: Bits + Number + Into<u64>>(m: &mut Machine<'_>, memarg: MemArg) -> Result<(), Stop> {
    let timeout = m.stack.pop_number::<u64>()? as i64;
    let expected = m.stack.pop_number::<B>()?.into();
    let (memory, at) = probe::<B>(m, memarg)?;
    let waited = m.store.atomic_wait(memory, (at, 0), B::SIZE, expected, timeout)?;
    m.stack.push_number(waited);
    Ok(())
}

/// Checks an access that is not done. Since it is neither load nor store, its trap names no
/// address.
fn probe<B: Bits>(m: &mut Machine<'_>, memarg: MemArg) -> Result<(MemoryAddr, u64), Stop> {
    let access = Access::pop(m, memarg)?.aligned(B::SIZE)?;
    match access.read::<B>(m) {
        Ok(_) => access.place(),
        Err(Stop::Fault(_)) => Err(TrapKind::MemoryOutOfBounds.into()),
        Err(stop) => Err(stop),
    }
}
