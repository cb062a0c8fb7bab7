//! Variable operators: locals of the current frame, globals of the store (specification 4.6.5).
//!
//! The store has the globals, as cells. Setting a variable checks that the type stays. Time:
//! constant. Noticed by: `tests/state.rs`.

use crate::machine::{Machine, Stop};
use crate::value::Value;
use prova_module::{GlobalIdx, Operator};

/// Executes a variable operator.
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        Operator::LocalGet { local_index } => {
            let value = *local(m, local_index)?;
            m.stack.push(value);
            Ok(())
        }
        Operator::LocalSet { local_index } => {
            let value = m.stack.pop()?;
            set_local(m, local_index, value)
        }
        Operator::LocalTee { local_index } => {
            let value = m.stack.pop()?;
            m.stack.push(value);
            set_local(m, local_index, value)
        }
        Operator::GlobalGet { global_index } => {
            let global = m.instance().global_addr(GlobalIdx(global_index));
            let ty = m.store.global_type(global).val;
            let value = Value::read(ty, &mut m.store.global_get(global).into_iter());
            m.stack.push(value);
            Ok(())
        }
        Operator::GlobalSet { global_index } => {
            let global = m.instance().global_addr(GlobalIdx(global_index));
            let value = m.stack.pop()?;
            if !value.same_type(Value::default_of(m.store.global_type(global).val)) {
                return Err(Stop::Bug("a global is set to another type"));
            }
            let mut cells = Vec::with_capacity(2);
            value.write(&mut cells);
            cells.resize(2, 0);
            Ok(m.store.global_set(global, [cells[0], cells[1]])?)
        }
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no variable operator")),
    }
}

fn local<'m>(m: &'m mut Machine<'_>, index: u32) -> Result<&'m mut Value, Stop> {
    m.frame.locals.get_mut(index as usize).ok_or(Stop::Bug("no such local"))
}

fn set_local(m: &mut Machine<'_>, index: u32, value: Value) -> Result<(), Stop> {
    let local = local(m, index)?;
    if !local.same_type(value) {
        return Err(Stop::Bug("a local is set to another type"));
    }
    *local = value;
    Ok(())
}
