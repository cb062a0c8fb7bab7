//! Table operators: elements read and written, growth, bulk operators, element segments
//! (specification 4.6.6).
//!
//! The store performs bulk operators: it checks their bounds, then charges fuel, then acts. Reading
//! and writing one element is done here, on the table's slice and with this tier's own bounds
//! check. Time: linear in the elements of a bulk operator. Noticed by: `tests/state.rs`.

use crate::machine::{Machine, Stop};
use crate::value::Value;
use prova_module::{ElemIdx, Operator, TableIdx};
use prova_runtime::{TableAddr, TrapKind};

/// Executes a table operator.
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        Operator::TableGet { table } => get(m, table),
        Operator::TableSet { table } => {
            let (table, wide) = find(m, table);
            let reference = m.stack.pop_ref()?;
            let index = m.stack.pop_address(wide)?;
            Ok(m.store.table_set(table, index, reference)?)
        }
        Operator::TableSize { table } => {
            let (table, wide) = find(m, table);
            m.stack.push_address(wide, m.store.table_size(table));
            Ok(())
        }
        Operator::TableGrow { table } => {
            let (table, wide) = find(m, table);
            let delta = m.stack.pop_address(wide)?;
            let reference = m.stack.pop_ref()?;
            let size = m
                .store
                .with_data(m.data, |store| store.table_grow_cell(table, reference, delta))?;
            m.stack.push_address(wide, size);
            Ok(())
        }
        Operator::TableFill { table } => {
            let (table, wide) = find(m, table);
            let count = m.stack.pop_address(wide)?;
            let reference = m.stack.pop_ref()?;
            let index = m.stack.pop_address(wide)?;
            Ok(m.store.table_fill(table, index, reference, count)?)
        }
        Operator::TableCopy { dst_table, src_table } => copy(m, dst_table, src_table),
        Operator::TableInit { elem_index, table } => {
            let (table, wide) = find(m, table);
            let count = m.stack.pop_address(false)?;
            let source = m.stack.pop_address(false)?;
            let target = m.stack.pop_address(wide)?;
            let (instance, elem) = (m.frame.instance, ElemIdx(elem_index));
            Ok(m.store.table_init(instance, table, elem, target, source, count)?)
        }
        Operator::ElemDrop { elem_index } => {
            m.store.elem_drop(m.frame.instance, ElemIdx(elem_index));
            Ok(())
        }
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no table operator")),
    }
}

fn get(m: &mut Machine<'_>, table: u32) -> Result<(), Stop> {
    let (table, wide) = find(m, table);
    let index = m.stack.pop_address(wide)?;
    let table = m.store.table(table);
    let element = usize::try_from(index).ok().and_then(|index| table.elements().get(index));
    let reference = *element.ok_or(TrapKind::TableOutOfBounds)?;
    m.stack.push(Value::reference(table.ty().ref_type, reference));
    Ok(())
}

/// The count has the smaller index type of the two tables.
fn copy(m: &mut Machine<'_>, to: u32, from: u32) -> Result<(), Stop> {
    let (to, to_wide) = find(m, to);
    let (from, from_wide) = find(m, from);
    let count = m.stack.pop_address(to_wide && from_wide)?;
    let source = m.stack.pop_address(from_wide)?;
    let target = m.stack.pop_address(to_wide)?;
    Ok(m.store.table_copy(to, from, target, source, count)?)
}

/// A table of the current instance, and whether its indices are 64-bit.
fn find(m: &Machine<'_>, table: u32) -> (TableAddr, bool) {
    let table = m.instance().table_addr(TableIdx(table));
    (table, m.store.table(table).ty().table64)
}
