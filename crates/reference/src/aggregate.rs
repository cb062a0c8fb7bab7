//! Operators on structures, arrays, small integers and casts (specification 4.6.5 to 4.6.8; Wasm
//! 3.0).
//!
//! The store keeps objects and executes the operators; which operands they have and what comes back
//! is said here, and checked: a value of another type is a bug. Small integers and the equality of
//! references are this tier's own.
//!
//! Where the store is to collect first, it gets every reference that a frame of this activation
//! holds; the operands of the operator are still on the stack then.
//!
//! Time: linear in the operands and in the elements of a bulk operator, apart from collections.
//! Noticed by: `tests/run/aggregate.wast`, the specification suite.

use crate::machine::{Machine, Next, Stop};
use crate::value::Value;
use prova_module::{
    FieldType, HeapType, Operator, RefType, StorageType, TypeIdx, ValType, heap_code,
};
use prova_runtime::{Cell, NULL_REF, Refused, TrapKind};

/// The operands of an operator, the type of its result, and its immediates.
struct Form {
    operands: Vec<ValType>,
    result: Option<ValType>,
    immediates: (u32, u32),
}

const ANY: ValType = ValType::Ref(RefType::ANYREF);
const I32: ValType = ValType::I32;

/// Executes an operator that is no branch.
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<(), Stop> {
    if of_references(m, operator)? {
        return Ok(());
    }
    let form = form(m, operator).ok_or(Stop::Bug("no operator on objects"))?;
    perform(m, operator, &form)
}

/// Executes an operator that looks into no object; says whether it is one.
fn of_references(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<bool, Stop> {
    match *operator {
        Operator::RefEq => {
            let (b, a) = (m.stack.pop_ref()?, m.stack.pop_ref()?);
            m.stack.push_number(u32::from(a == b));
        }
        Operator::RefI31 => {
            let value: u32 = m.stack.pop_number()?;
            m.stack.push(Value::AnyRef(Cell::from(value.wrapping_mul(2) | 1)));
        }
        Operator::I31GetS => small_integer(m, |cell| (cell as i32 >> 1) as u32)?,
        Operator::I31GetU => small_integer(m, |cell| cell >> 1)?,
        Operator::RefTestNonNull { hty } => test(m, false, hty)?,
        Operator::RefTestNullable { hty } => test(m, true, hty)?,
        Operator::RefCastNonNull { hty } => cast(m, false, hty)?,
        Operator::RefCastNullable { hty } => cast(m, true, hty)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// `br_on_cast` and `br_on_cast_fail`: the reference stays, whichever way it goes.
pub(crate) fn branch(
    m: &mut Machine<'_>,
    to: RefType,
    fails: bool,
    block: u32,
) -> Result<Next, Stop> {
    let reference = m.stack.pop()?;
    m.stack.push(reference);
    let cell = reference.ref_cell().ok_or(Stop::Bug("an operand is no reference"))?;
    let is = is_of(m, to.is_nullable(), to.heap_type(), cell)?;
    if is == fails { Ok(Next::Operator) } else { m.branch(block) }
}

fn small_integer(m: &mut Machine<'_>, of: fn(u32) -> u32) -> Result<(), Stop> {
    let cell = m.stack.pop_ref()?;
    if cell == NULL_REF {
        return Err(TrapKind::NullReference.into());
    }
    let cell = u32::try_from(cell).map_err(|_| Stop::Bug("no small integer"))?;
    m.stack.push_number(of(cell));
    Ok(())
}

fn is_of(m: &Machine<'_>, nullable: bool, ty: HeapType, cell: Cell) -> Result<bool, Stop> {
    let code = heap_code(nullable, ty).ok_or(Stop::Bug("a type that no module has"))?;
    Ok(m.store.ref_test(m.frame.instance, cell, code)?)
}

fn test(m: &mut Machine<'_>, nullable: bool, ty: HeapType) -> Result<(), Stop> {
    let cell = m.stack.pop_ref()?;
    let is = is_of(m, nullable, ty, cell)?;
    m.stack.push_number(u32::from(is));
    Ok(())
}

fn cast(m: &mut Machine<'_>, nullable: bool, ty: HeapType) -> Result<(), Stop> {
    let reference = m.stack.pop()?;
    let cell = reference.ref_cell().ok_or(Stop::Bug("an operand is no reference"))?;
    if !is_of(m, nullable, ty, cell)? {
        return Err(TrapKind::CastFailure.into());
    }
    m.stack.push(reference);
    Ok(())
}

/// Executes an operator of the store, and again once it has collected.
fn perform(m: &mut Machine<'_>, operator: &Operator<'_>, form: &Form) -> Result<(), Stop> {
    let base = m.stack.base_of(form.operands.len())?;
    let mut window = Vec::new();
    for (value, &ty) in m.stack.values()[base..].iter().zip(&form.operands) {
        if !value.same_type(Value::default_of(ty)) {
            return Err(Stop::Bug("an operand of another type"));
        }
        value.write(&mut window);
    }
    // The result may have two cells.
    window.resize(window.len().max(2), 0);
    let opcode = prova_module::Opcode::of(operator);
    loop {
        let outcome = m.store.with_data(m.data, |store| {
            store.aggregate(m.frame.instance, opcode, form.immediates, &mut window)
        });
        match outcome {
            Ok(()) => break,
            Err(Refused::Trap(kind)) => return Err(kind.into()),
            Err(Refused::Collect) => {
                let holds = m.traced_references();
                m.store.collect_for_external(&holds)?;
            }
        }
    }
    m.stack.pop_values(form.operands.len())?;
    let mut cells = window.into_iter();
    m.stack.push_values(form.result.map(|ty| Value::read(ty, &mut cells)));
    Ok(())
}

/// The operands and result of an operator of the store.
fn form(m: &Machine<'_>, operator: &Operator<'_>) -> Option<Form> {
    use Operator as O;
    let types = m.module().types();
    let marked = |field: FieldType| types.marked(unpacked(field));
    let fields = |ty: u32| types.fields(TypeIdx(ty));
    let field = |ty: u32, at: u32| fields(ty)?.get(at as usize).map(|field| marked(*field));
    let element = |ty: u32| types.element(TypeIdx(ty)).map(marked);
    let form = |operands: &[ValType], result: Option<ValType>, immediates| {
        Some(Form { operands: operands.to_vec(), result, immediates })
    };
    match *operator {
        O::StructNew { struct_type_index: y } => {
            let operands = fields(y)?.iter().map(|field| marked(*field)).collect();
            Some(Form { operands, result: Some(ANY), immediates: (y, 0) })
        }
        O::StructNewDefault { struct_type_index: y } => form(&[], Some(ANY), (y, 0)),
        O::StructGet { struct_type_index: y, field_index: i }
        | O::StructGetS { struct_type_index: y, field_index: i }
        | O::StructGetU { struct_type_index: y, field_index: i } => {
            form(&[ANY], Some(field(y, i)?), (y, i))
        }
        O::StructSet { struct_type_index: y, field_index: i } => {
            form(&[ANY, field(y, i)?], None, (y, i))
        }
        O::ArrayNew { array_type_index: y } => form(&[element(y)?, I32], Some(ANY), (y, 0)),
        O::ArrayNewDefault { array_type_index: y } => form(&[I32], Some(ANY), (y, 0)),
        O::ArrayNewFixed { array_type_index: y, array_size: n } => {
            form(&vec![element(y)?; n as usize], Some(ANY), (y, n))
        }
        O::ArrayNewData { array_type_index: y, array_data_index: x } => {
            form(&[I32, I32], Some(ANY), (y, x))
        }
        O::ArrayNewElem { array_type_index: y, array_elem_index: x } => {
            form(&[I32, I32], Some(ANY), (y, x))
        }
        O::ArrayGet { array_type_index: y }
        | O::ArrayGetS { array_type_index: y }
        | O::ArrayGetU { array_type_index: y } => form(&[ANY, I32], Some(element(y)?), (y, 0)),
        O::ArraySet { array_type_index: y } => form(&[ANY, I32, element(y)?], None, (y, 0)),
        O::ArrayLen => form(&[ANY], Some(I32), (0, 0)),
        O::ArrayFill { array_type_index: y } => form(&[ANY, I32, element(y)?, I32], None, (y, 0)),
        O::ArrayCopy { array_type_index_dst: y, array_type_index_src: z } => {
            form(&[ANY, I32, ANY, I32, I32], None, (y, z))
        }
        O::ArrayInitData { array_type_index: y, array_data_index: x } => {
            form(&[ANY, I32, I32, I32], None, (y, x))
        }
        O::ArrayInitElem { array_type_index: y, array_elem_index: x } => {
            form(&[ANY, I32, I32, I32], None, (y, x))
        }
        O::AnyConvertExtern => form(&[ValType::EXTERNREF], Some(ANY), (0, 0)),
        O::ExternConvertAny => form(&[ANY], Some(ValType::EXTERNREF), (0, 0)),
        _ => None,
    }
}

/// The type of a field on the operand stack.
fn unpacked(field: FieldType) -> ValType {
    match field.element_type {
        StorageType::I8 | StorageType::I16 => I32,
        StorageType::Val(ty) => ty,
    }
}
