//! Control operators: blocks push labels, branches unwind to them, calls push frames
//! (specification 4.6.8, "Control Instructions", and 4.6.10, "Function Calls").
//!
//! Neighbours: [`machine`](crate::machine) has the labels and frames; [`decode`](crate::decode) has
//! found each block's `else` and `end`.
//!
//! A loop's label goes on at the `loop` operator itself, which pushes the label again, as in the
//! specification. The epoch is polled after that, as at the operator behind `loop`.
//!
//! Time: constant, apart from the values that a branch takes along. Noticed by: `tests/control.rs`,
//! `tests/calls.rs`.

use crate::decode::Block;
use crate::machine::{Machine, Next, Stop};
use prova_module::{FuncIdx, Operator, TableIdx, TypeIdx};
use prova_runtime::{FuncAddr, NULL_REF, TrapKind};

/// Executes a control operator other than `br_table`; `block` is the one it opens, divides or ends.
pub(crate) fn execute(
    m: &mut Machine<'_>,
    operator: &Operator<'_>,
    block: &Block,
) -> Result<Next, Stop> {
    match *operator {
        Operator::Unreachable => Err(TrapKind::Unreachable.into()),
        Operator::Nop => Ok(Next::Operator),
        Operator::Block { .. } => {
            m.push_label(block.results, block.params, block.end + 1)?;
            Ok(Next::Operator)
        }
        Operator::Loop { .. } => {
            m.push_label(block.params, block.params, block.start)?;
            m.frame.at += 1;
            m.poll()?;
            Ok(Next::Jump(m.frame.at))
        }
        Operator::If { .. } => if_(m, block),
        // The first arm has come to its end.
        Operator::Else => {
            m.pop_label()?;
            Ok(Next::Jump(block.end + 1))
        }
        Operator::End => {
            m.pop_label()?;
            Ok(Next::Operator)
        }
        Operator::Br { relative_depth } => m.branch(relative_depth),
        Operator::BrIf { relative_depth } => {
            if m.stack.pop_number::<u32>()? != 0 {
                m.branch(relative_depth)
            } else {
                Ok(Next::Operator)
            }
        }
        Operator::Return => m.leave(),
        Operator::Call { function_index } => {
            let func = m.instance().func_addr(FuncIdx(function_index));
            m.call(func)
        }
        Operator::CallIndirect { type_index, table_index } => {
            let func = resolve(m, TypeIdx(type_index), TableIdx(table_index))?;
            m.call(func)
        }
        Operator::ReturnCall { function_index } => {
            let func = m.instance().func_addr(FuncIdx(function_index));
            m.tail_call(func)
        }
        Operator::ReturnCallIndirect { type_index, table_index } => {
            let func = resolve(m, TypeIdx(type_index), TableIdx(table_index))?;
            m.tail_call(func)
        }
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no control operator")),
    }
}

/// `br_table`: branches to the label that the operand numbers, or to the last.
pub(crate) fn br_table(m: &mut Machine<'_>, labels: &[u32]) -> Result<Next, Stop> {
    let index = m.stack.pop_number::<u32>()?;
    let label = labels.get(index as usize).or(labels.last());
    m.branch(*label.ok_or(Stop::Bug("a `br_table` without labels"))?)
}

/// `if`: enters the block with its first arm or its second; without `else` the second is empty.
fn if_(m: &mut Machine<'_>, block: &Block) -> Result<Next, Stop> {
    let condition = m.stack.pop_number::<u32>()?;
    let arm = match (condition != 0, block.else_) {
        (true, _) => Next::Operator,
        (false, Some(else_)) => Next::Jump(else_ + 1),
        (false, None) => Next::Jump(block.end),
    };
    m.push_label(block.results, block.params, block.end + 1)?;
    Ok(arm)
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
    let expected = m.module().types().get(ty.index()).ok_or(Stop::Bug("no such type"))?;
    if m.store.func_type(func) != expected {
        return Err(TrapKind::IndirectCallTypeMismatch.into());
    }
    Ok(func)
}
