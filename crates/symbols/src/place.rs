//! A location of DWARF → where a variable is, in words of the module.
//!
//! An expression is a program for a stack machine (DWARF 5, 2.5). Compilers to WebAssembly need few
//! of its operations; a program of others is [`Place::Computed`].

use crate::find::{Entry, Info, Slice, Unit};
use gimli::{AttributeValue, Encoding, Expression, Operation};
use std::fmt;

/// Something of the machine that holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A local of the function, by its index.
    Local(u32),
    /// A global of the module, by its index.
    Global(u32),
    /// An operand of the function, by its position from the bottom.
    Operand(u32),
}

/// Where a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At an address of memory 0.
    Memory(u64),
    /// In memory 0, at the address that something holds and a number of bytes.
    Behind(Holder, i64),
    /// Its value is the sum of what something holds and a number.
    Held(Holder, i64),
    /// Nowhere: it always has this value.
    Constant(u64),
    /// Nowhere: the compiler has removed it here.
    Gone,
    /// In pieces, or where a longer computation says.
    Computed,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Local(index) => write!(f, "local{index}"),
            Holder::Global(index) => write!(f, "global{index}"),
            Holder::Operand(index) => write!(f, "operand{index}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Memory(address) => write!(f, "memory at {address:#x}"),
            Place::Behind(holder, 0) => write!(f, "memory at {holder}"),
            Place::Behind(holder, by) => write!(f, "memory at {holder}{by:+}"),
            Place::Held(holder, 0) => holder.fmt(f),
            Place::Held(holder, by) => write!(f, "{holder}{by:+}"),
            Place::Constant(value) => write!(f, "always {value}"),
            Place::Gone => f.write_str("removed here"),
            Place::Computed => f.write_str("in pieces, or computed"),
        }
    }
}

/// A value while an expression is evaluated.
#[derive(Clone, Copy)]
enum Value {
    Number(u64),
    Sum(Holder, i64),
}

/// The place of a variable at an address of code; `frame` is what its function has for a base.
/// `None` if the entry has neither location nor value.
pub(crate) fn of<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    entry: &Entry<'m>,
    address: u64,
    frame: Option<&Expression<Slice<'m>>>,
) -> Option<Place> {
    let Some(location) = entry.attr_value(gimli::DW_AT_location) else {
        let value = entry.attr_value(gimli::DW_AT_const_value)?;
        let number = value.sdata_value().map(|value| value as u64).or(value.udata_value());
        return Some(number.map_or(Place::Computed, Place::Constant));
    };
    let expression = match location {
        AttributeValue::Exprloc(expression) => Some(expression),
        list => in_list(info, unit, list, address),
    };
    let Some(expression) = expression else { return Some(Place::Gone) };
    Some(evaluated(info, unit, expression, frame).unwrap_or(Place::Computed))
}

/// The expression of a list for an address.
fn in_list<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    list: AttributeValue<Slice<'m>>,
    address: u64,
) -> Option<Expression<Slice<'m>>> {
    let mut list = info.dwarf.attr_locations(unit, list).ok()??;
    while let Some(item) = list.next_raw().ok()? {
        info.work.take(1)?;
        if let Some(item) = list.convert_raw(item).ok()?
            && (item.range.begin..item.range.end).contains(&address)
        {
            return Some(item.data);
        }
    }
    None
}

/// The place that an expression says; `None` if it says more.
fn evaluated<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    expression: Expression<Slice<'m>>,
    frame: Option<&Expression<Slice<'m>>>,
) -> Option<Place> {
    if expression.0.is_empty() {
        return Some(Place::Gone);
    }
    let (value, is_value) = run(info, unit, expression, frame)?;
    Some(match (value, is_value) {
        (Value::Number(address), false) => Place::Memory(address),
        (Value::Number(value), true) => Place::Constant(value),
        (Value::Sum(holder, by), false) => Place::Behind(holder, by),
        (Value::Sum(holder, by), true) => Place::Held(holder, by),
    })
}

/// The value on top at the end, and whether it is the variable's own rather than its address.
fn run<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    expression: Expression<Slice<'m>>,
    frame: Option<&Expression<Slice<'m>>>,
) -> Option<(Value, bool)> {
    let encoding: Encoding = unit.encoding();
    let mut operations = expression.operations(encoding);
    let mut stack: Vec<Value> = Vec::new();
    let mut is_value = false;
    while let Some(operation) = operations.next().ok()? {
        info.work.take(1)?;
        if is_value {
            // Only a piece could come behind the value.
            return None;
        }
        match operation {
            Operation::Address { address } => stack.push(Value::Number(address)),
            Operation::AddressIndex { index } => {
                stack.push(Value::Number(info.dwarf.address(unit, index).ok()?));
            }
            Operation::UnsignedConstant { value } => stack.push(Value::Number(value)),
            Operation::SignedConstant { value } => stack.push(Value::Number(value as u64)),
            Operation::WasmLocal { index } => stack.push(Value::Sum(Holder::Local(index), 0)),
            Operation::WasmGlobal { index } => stack.push(Value::Sum(Holder::Global(index), 0)),
            Operation::WasmStack { index } => stack.push(Value::Sum(Holder::Operand(index), 0)),
            Operation::FrameOffset { offset } => {
                let (base, _) = run(info, unit, *frame?, None)?;
                stack.push(sum(base, Value::Number(offset as u64))?);
            }
            Operation::PlusConstant { value } => {
                let top = stack.pop()?;
                stack.push(sum(top, Value::Number(value))?);
            }
            Operation::Plus => {
                let (one, other) = (stack.pop()?, stack.pop()?);
                stack.push(sum(one, other)?);
            }
            Operation::StackValue => is_value = true,
            Operation::Nop => {}
            _ => return None,
        }
    }
    Some((stack.pop()?, is_value))
}

fn sum(one: Value, other: Value) -> Option<Value> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Some(Value::Number(one.wrapping_add(other))),
        (Value::Sum(holder, by), Value::Number(more))
        | (Value::Number(more), Value::Sum(holder, by)) => {
            Some(Value::Sum(holder, by.wrapping_add(more as i64)))
        }
        (Value::Sum(..), Value::Sum(..)) => None,
    }
}
