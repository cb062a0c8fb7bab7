//! Control operators: branches unwind to the labels of blocks, calls push frames (specification
//! 4.6.8, "Control Instructions", and 4.6.10, "Function Calls").
//!
//! [`machine`](crate::machine) executes operators that only open, divide or end blocks;
//! [`decode`](crate::decode) has found the block of each label.
//!
//! A loop's label goes on at the `loop` operator itself, as in the specification. The epoch is
//! polled there, as at the operator behind `loop`.
//!
//! Time: constant, apart from the values that a branch takes along. Noticed by: `tests/control.rs`,
//! `tests/calls.rs`.

use crate::aggregate;
use crate::decode::Code;
use crate::machine::{Machine, Next, Stop};
use prova_module::{FuncIdx, Group, Operator, TableIdx, TypeId, TypeIdx};
use prova_runtime::{FuncAddr, NULL_REF, TrapKind};

/// Executes a control operator other than `br_table`; `block` is the one that it opens or branches
/// to.
pub(crate) fn execute(
    m: &mut Machine<'_>,
    operator: &Operator<'_>,
    code: &Code,
    block: u32,
) -> Result<Next, Stop> {
    match *operator {
        Operator::Unreachable => Err(TrapKind::Unreachable.into()),
        Operator::If { .. } => if_(m, code, block),
        Operator::Br { .. } => m.branch(block),
        Operator::BrIf { .. } => {
            if m.stack.pop_number::<u32>()? != 0 {
                m.branch(block)
            } else {
                Ok(Next::Operator)
            }
        }
        Operator::Return => m.leave(),
        Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. } => {
            let func = callee(m, operator)?;
            m.call(func)
        }
        Operator::ReturnCall { .. }
        | Operator::ReturnCallIndirect { .. }
        | Operator::ReturnCallRef { .. } => {
            let func = callee(m, operator)?;
            m.tail_call(func)
        }
        Operator::BrOnNull { .. } => {
            if pop_null(m)? {
                m.branch(block)
            } else {
                Ok(Next::Operator)
            }
        }
        Operator::BrOnNonNull { .. } => {
            if pop_null(m)? {
                Ok(Next::Operator)
            } else {
                m.branch(block)
            }
        }
        Operator::BrOnCast { to_ref_type, .. } => aggregate::branch(m, to_ref_type, false, block),
        Operator::BrOnCastFail { to_ref_type, .. } => {
            aggregate::branch(m, to_ref_type, true, block)
        }
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no control operator")),
    }
}

/// The function that a call operator calls.
fn callee(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<FuncAddr, Stop> {
    match *operator {
        Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
            Ok(m.instance().func_addr(FuncIdx(function_index)))
        }
        Operator::CallIndirect { type_index, table_index }
        | Operator::ReturnCallIndirect { type_index, table_index } => {
            resolve(m, TypeIdx(type_index), TableIdx(table_index))
        }
        Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
            referenced(m, TypeIdx(type_index))
        }
        // `execute` sends no other operator here.
        _ => Err(Stop::Bug("no call")),
    }
}

/// `br_table`: branches to the block whose label the operand numbers, or to the last.
pub(crate) fn br_table(m: &mut Machine<'_>, labels: &[u32]) -> Result<Next, Stop> {
    let index = m.stack.pop_number::<u32>()?;
    let label = labels.get(index as usize).or(labels.last());
    m.branch(*label.ok_or(Stop::Bug("a `br_table` without labels"))?)
}

/// `if`: enters the block with its first arm or its second; without `else` the second is empty.
fn if_(m: &mut Machine<'_>, code: &Code, block: u32) -> Result<Next, Stop> {
    let condition = m.stack.pop_number::<u32>()?;
    let block = code.blocks.get(block as usize).ok_or(Stop::Bug("an `if` without block"))?;
    m.enter_block(block)?;
    Ok(match (condition != 0, block.else_()) {
        (true, _) => Next::Operator,
        (false, Some(else_)) => Next::Jump(else_ as usize + 1),
        (false, None) => Next::Jump(block.end as usize),
    })
}

/// The function of type `ty` that the operand numbers in a table.
///
fn resolve(m: &mut Machine<'_>, ty: TypeIdx, table: TableIdx) -> Result<FuncAddr, Stop> {
    let table = m.instance().table_addr(table);
    let wide = m.store.table(table).ty().table64;
    let index = m.stack.pop_address(wide)?;
    let elements = m.store.table(table).elements();
    let element = usize::try_from(index).ok().and_then(|index| elements.get(index));
    let reference = *element.ok_or(TrapKind::UndefinedElement)?;
    if reference == NULL_REF {
        return Err(TrapKind::UninitializedElement.into());
    }
    let address = u32::try_from(reference - 1).map_err(|_| Stop::Bug("no reference"))?;
    let func = FuncAddr::from_index(address);
    if !has_type(m, func, ty)? {
        return Err(TrapKind::IndirectCallTypeMismatch.into());
    }
    Ok(func)
}

/// Whether a function is of a type of the current module, or of a subtype of it.
///
/// Types that name no other and have no supertype are compared by structure, and the store's
/// identities, which the executors compare, stand for that; for the others identities are followed
/// from the function's type up.
fn has_type(m: &Machine<'_>, func: FuncAddr, ty: TypeIdx) -> Result<bool, Stop> {
    let types = m.module().types();
    let (expected, def) =
        types.get(ty.index()).zip(types.def(ty)).ok_or(Stop::Bug("no such type"))?;
    let own = m.store.func_type_id(func);
    let alone = |group: Group<'_>| group.defs.len() == 1 && group.defs[0].is_plain();
    if types.names_none(ty) && m.store.types().group_of(own).is_some_and(alone) {
        return Ok(m.store.func_type(func) == expected);
    }
    if def.is_final {
        return Ok(own == m.instance().type_id(ty));
    }
    let wanted = m.instance().type_id(ty);
    let mut next = Some(own);
    while let Some(id) = next.filter(|&id| id != wanted) {
        let def = m.store.types().def(id).ok_or(Stop::Bug("no such type"))?;
        next = def.supertype.map(|ty| TypeId(ty.0));
    }
    Ok(next.is_some())
}

/// The function that the operand refers to, which validation has shown to be of type `ty`.
fn referenced(m: &mut Machine<'_>, ty: TypeIdx) -> Result<FuncAddr, Stop> {
    let reference = m.stack.pop_ref()?;
    if reference == NULL_REF {
        return Err(TrapKind::NullReference.into());
    }
    let address = u32::try_from(reference - 1).map_err(|_| Stop::Bug("no reference"))?;
    let func = FuncAddr::from_index(address);
    if !has_type(m, func, ty)? {
        return Err(Stop::Bug("a reference to a function of another type"));
    }
    Ok(func)
}

/// Pops the reference on top if it is null; says whether it was.
fn pop_null(m: &mut Machine<'_>) -> Result<bool, Stop> {
    let reference = m.stack.pop()?;
    let cell = reference.ref_cell().ok_or(Stop::Bug("an operand is no reference"))?;
    if cell != NULL_REF {
        m.stack.push(reference);
    }
    Ok(cell == NULL_REF)
}
