//! Reference operators: null references, the test for them, references to functions
//! (specification 4.6.3).
//!
//! The store defines a reference as a cell. Time: constant. Noticed by: `tests/state.rs`.

use crate::machine::{Machine, Stop};
use crate::value::Value;
use prova_module::{FuncIdx, Operator, RefType, ValType};
use prova_runtime::{NULL_REF, TrapKind, func_ref};

/// Executes a reference operator.
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        Operator::RefNull { hty } => {
            let ty = RefType::new(true, hty).ok_or(Stop::Bug("no such type"))?;
            let null = Value::default_of(m.module().types().marked(ValType::Ref(ty)));
            m.stack.push(null);
        }
        Operator::RefIsNull => {
            let reference = m.stack.pop_ref()?;
            m.stack.push_number(u32::from(reference == NULL_REF));
        }
        Operator::RefFunc { function_index } => {
            let func = m.instance().func_addr(FuncIdx(function_index));
            m.stack.push(Value::FuncRef(func_ref(func)));
        }
        Operator::RefAsNonNull => {
            let reference = m.stack.pop()?;
            if reference.ref_cell().ok_or(Stop::Bug("an operand is no reference"))? == NULL_REF {
                return Err(TrapKind::NullReference.into());
            }
            m.stack.push(reference);
        }
        // `Op::new` sends no other operator here.
        _ => return Err(Stop::Bug("no reference operator")),
    }
    Ok(())
}
