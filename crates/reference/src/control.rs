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

use crate::decode::Code;
use crate::machine::{Machine, Next, Stop};
use prova_module::{FuncIdx, HeapType, Operator, TableIdx, TypeIdx, ValType};
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
/// Types are compared by structure, which for function types is what their identity in the store
/// stands for; the executors compare the identities.
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

/// Whether a function has a type of the current module: compared by structure where the type names
/// no other, which the store's identities stand for elsewhere.
fn has_type(m: &Machine<'_>, func: FuncAddr, ty: TypeIdx) -> Result<bool, Stop> {
    let expected = m.module().types().get(ty.index()).ok_or(Stop::Bug("no such type"))?;
    let names = |ty: &ValType| matches!(ty, ValType::Ref(ty) if matches!(ty.heap_type(), HeapType::Concrete(_)));
    if expected.params.iter().chain(&expected.results).any(names) {
        return Ok(m.store.func_type_id(func) == m.instance().type_id(ty));
    }
    Ok(m.store.func_type(func) == expected)
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
