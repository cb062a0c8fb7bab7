//! Questions about values of the body.

use prova_equal::Core;
use prova_ssa::{Def, Value};
use std::collections::BTreeSet;

/// Whether a value is no operator without effects.
pub(super) fn is_leaf(core: &Core<'_>, value: Value) -> bool {
    !core.is_computed(value)
}

/// Whether a value is a number by what it is.
pub(super) fn is_constant(core: &Core<'_>, value: Value) -> bool {
    let Def::Result(inst, _) = core.body.value(value).def else { return false };
    core.body.operands(core.body.inst(inst).args).is_empty() && !is_leaf(core, value)
}

/// Whether a value is computed from one of some.
pub(super) fn needs(core: &Core<'_>, value: Value, of: &[Value]) -> bool {
    let mut open = vec![value];
    let mut seen = BTreeSet::new();
    while let Some(value) = open.pop() {
        if of.contains(&value) {
            return true;
        }
        if let Def::Result(inst, _) = core.body.value(value).def
            && !is_leaf(core, value)
            && seen.insert(value.as_u32())
        {
            open.extend(core.body.operands(core.body.inst(inst).args));
        }
    }
    false
}

/// Whether a value is an operator of another one alone.
pub(super) fn is_operator_of(core: &Core<'_>, value: Value, of: Value) -> bool {
    if is_leaf(core, value) {
        return false;
    }
    let Def::Result(inst, _) = core.body.value(value).def else { return false };
    core.body.operands(core.body.inst(inst).args) == [of]
}
