//! Atomics on unshared memories: the accesses of `memory`, aligned and not, and what wakes nobody.

use super::memory::{Access, far_units};
use super::types;
use crate::suite::form::Unit;
use crate::suite::values::Ty;
use prova_bytecode::{Op, Role};

pub(crate) fn of(op: Op) -> Vec<Unit> {
    let values: Vec<Ty> = types(op, Role::Source, Ty::I64).split_off(1);
    let result = types(op, Role::Result, Ty::I64).first().copied();
    let access = Access { name: op.mnemonic(), lane: String::new(), values: &values, result };
    far_units(&access, 8)
}
