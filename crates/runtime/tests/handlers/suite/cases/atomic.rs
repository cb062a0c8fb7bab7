//! Atomics on unshared memories: the accesses of `memory`, aligned and not, what wakes nobody, and
//! the fence.

use super::memory::{Access, far_units};
use super::{get, set, types};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::Ty;
use prova_bytecode::{Op, Role};

pub(crate) fn of(op: Op) -> Vec<Unit> {
    if op == Op::AtomicFence {
        return vec![Unit::new("", vec![fence()])];
    }
    let values: Vec<Ty> = types(op, Role::Source, Ty::I64).split_off(1);
    let result = types(op, Role::Result, Ty::I64).first().copied();
    let access = Access { name: op.mnemonic(), lane: String::new(), values: &values, result };
    far_units(&access, 8)
}

/// A fence between an addition and its result.
fn fence() -> Form {
    let mut form = Form::new();
    let a = form.source(Ty::I64, Feed::List(vec![0, 1, u64::MAX.into()]));
    let dest = form.dest(Ty::I64);
    form.with_body(format!("{} i64.const 5 i64.add atomic.fence{}", get(&[a]), set(&[dest])))
}
