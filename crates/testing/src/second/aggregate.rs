//! Structures, arrays, small integers and casts: W7 for a window of operands, W1 for what has
//! slots.
//!
//! How many cells operands and results have is derived here from the types once more, by the
//! specification's rules for each instruction; so is where a field lies: behind a header of 8 bytes
//! each field at the next multiple of its size, vectors at one of 8.

use super::code::Demand;
use super::rows::{Effect, named};
use super::state::State;
use super::terms::{Id, Num};
use super::{Fault, Verdict, Walk};
use prova_bytecode::Rule;
use prova_module::{
    Composite, FieldType, HeapType, Module, Opcode, Operator, RefKind, StorageType, TypeIdx,
    ValType, heap_code,
};

/// The operands and results of an operator: how many operands, whether its result has two cells,
/// its immediates, and whether it makes an object.
struct Shape {
    operands: usize,
    cells: u32,
    result: Option<bool>,
    immediates: Vec<u32>,
    makes: bool,
}

fn is_wide(field: FieldType) -> bool {
    field.element_type == StorageType::Val(ValType::V128)
}

/// The operator is none on objects, or names what is not there.
struct Absent;

fn fields(module: &Module, ty: u32) -> Result<&[FieldType], Absent> {
    match &module.types().def(TypeIdx(ty)).ok_or(Absent)?.composite {
        Composite::Struct(fields) => Ok(fields),
        _ => Err(Absent),
    }
}

fn field(module: &Module, ty: u32, index: u32) -> Result<bool, Absent> {
    Ok(is_wide(*fields(module, ty)?.get(index as usize).ok_or(Absent)?))
}

fn item(module: &Module, ty: u32) -> Result<FieldType, Absent> {
    match &module.types().def(TypeIdx(ty)).ok_or(Absent)?.composite {
        Composite::Array(element) => Ok(*element),
        _ => Err(Absent),
    }
}

fn element(module: &Module, ty: u32) -> Result<bool, Absent> {
    item(module, ty).map(is_wide)
}

/// The bytes of a value in an object, and again, or 0 where it stays with the runtime: its type is
/// compared when it is read, or it has two cells.
fn bytes_of(module: &Module, field: FieldType) -> (u32, u32) {
    let ty = match field.element_type {
        StorageType::I8 => return (1, 1),
        StorageType::I16 => return (2, 2),
        StorageType::Val(ty) => ty,
    };
    match ty {
        ValType::I32 | ValType::F32 => (4, 4),
        ValType::I64 | ValType::F64 => (8, 8),
        ValType::V128 => (16, 0),
        ValType::Ref(ty) => match module.ref_kind(ty) {
            RefKind::Any => (4, 4),
            RefKind::Func => (4, 0),
            RefKind::Exn | RefKind::Extern => (8, 0),
        },
    }
}

/// Where a field lies, and its type.
fn lies(module: &Module, ty: u32, index: u32) -> Result<(u64, FieldType), Absent> {
    let fields = fields(module, ty)?;
    let index = index as usize;
    let mut at = 8u64;
    for (i, &field) in fields.iter().enumerate() {
        let size = u64::from(bytes_of(module, field).0);
        let unit = if size > 8 { 8 } else { size };
        at = at.div_ceil(unit) * unit;
        if i == index {
            return Ok((at, field));
        }
        at += size;
    }
    Err(Absent)
}

/// A value in an object: its place there (`None`: the operand's index says it), its bytes, and what
/// is done to it.
struct Access {
    at: Option<u64>,
    bytes: u8,
    name: &'static str,
    /// The numeric operator between the bits and the value.
    conversion: Option<&'static str>,
}

impl Access {
    fn of(module: &Module, operator: &Operator<'_>) -> Result<Access, Absent> {
        use Operator as O;
        let (at, field, how) = match *operator {
            O::ArrayLen => {
                // The upper half of the header.
                let name = "object_load";
                return Ok(Access { at: Some(4), bytes: 4, name, conversion: None });
            }
            O::StructGet { struct_type_index: y, field_index: i }
            | O::StructGetU { struct_type_index: y, field_index: i } => {
                let (at, field) = lies(module, y, i)?;
                (Some(at), field, "u")
            }
            O::StructGetS { struct_type_index: y, field_index: i } => {
                let (at, field) = lies(module, y, i)?;
                (Some(at), field, "s")
            }
            O::StructSet { struct_type_index: y, field_index: i } => {
                let (at, field) = lies(module, y, i)?;
                (Some(at), field, "")
            }
            O::ArrayGet { array_type_index: y } | O::ArrayGetU { array_type_index: y } => {
                (None, item(module, y)?, "u")
            }
            O::ArrayGetS { array_type_index: y } => (None, item(module, y)?, "s"),
            O::ArraySet { array_type_index: y } => (None, item(module, y)?, ""),
            _ => return Err(Absent),
        };
        let bytes = bytes_of(module, field).1;
        let conversion = match (bytes, how) {
            (0, _) => return Err(Absent),
            (1, "s") => Some("i32_load8_s"),
            (1, "u") => Some("i32_load8_u"),
            (1, _) => Some("i32_store8"),
            (2, "s") => Some("i32_load16_s"),
            (2, "u") => Some("i32_load16_u"),
            (2, _) => Some("i32_store16"),
            _ => None,
        };
        let name = match (at, how) {
            (Some(_), "") => "object_store",
            (None, "") => "array_store",
            (Some(_), _) => "object_load",
            (None, _) => "array_load",
        };
        Ok(Access { at, bytes: bytes as u8, name, conversion })
    }
}

impl Shape {
    fn of(module: &Module, operator: &Operator<'_>) -> Result<Shape, Absent> {
        use Operator as O;
        let plain = |operands: usize, result, immediates: &[u32]| Shape {
            operands,
            cells: operands as u32,
            result,
            immediates: immediates.to_vec(),
            makes: false,
        };
        let made = |operands, immediates: &[u32]| Shape {
            makes: true,
            ..plain(operands, Some(false), immediates)
        };
        let wider =
            |wide: bool, shape: Shape| Shape { cells: shape.cells + u32::from(wide), ..shape };
        Ok(match *operator {
            O::StructNew { struct_type_index: y } => {
                let fields = fields(module, y)?;
                let wide = fields.iter().filter(|field| is_wide(**field)).count() as u32;
                let shape = made(fields.len(), &[y]);
                Shape { cells: shape.cells + wide, ..shape }
            }
            O::StructNewDefault { struct_type_index: y } => made(0, &[y]),
            O::StructGet { struct_type_index: y, field_index: i } => {
                let wide = field(module, y, i)?;
                plain(1, Some(wide), &[y, i])
            }
            O::StructSet { struct_type_index: y, field_index: i } => {
                let wide = field(module, y, i)?;
                wider(wide, plain(2, None, &[y, i]))
            }
            O::ArrayNew { array_type_index: y } => wider(element(module, y)?, made(2, &[y])),
            O::ArrayNewDefault { array_type_index: y } => made(1, &[y]),
            O::ArrayNewFixed { array_type_index: y, array_size: n } => {
                let each = 1 + u32::from(element(module, y)?);
                Shape { cells: n * each, ..made(n as usize, &[y, n]) }
            }
            O::ArrayNewData { array_type_index: y, array_data_index: x } => made(2, &[y, x]),
            O::ArrayNewElem { array_type_index: y, array_elem_index: x } => made(2, &[y, x]),
            O::ArrayGet { array_type_index: y } => plain(2, Some(element(module, y)?), &[y]),
            O::ArraySet { array_type_index: y } => wider(element(module, y)?, plain(3, None, &[y])),
            O::ArrayFill { array_type_index: y } => {
                wider(element(module, y)?, plain(4, None, &[y]))
            }
            O::ArrayCopy { array_type_index_dst: y, array_type_index_src: z } => {
                plain(5, None, &[y, z])
            }
            O::ArrayInitData { array_type_index: y, array_data_index: x } => {
                plain(4, None, &[y, x])
            }
            O::ArrayInitElem { array_type_index: y, array_elem_index: x } => {
                plain(4, None, &[y, x])
            }
            O::AnyConvertExtern | O::ExternConvertAny => plain(1, Some(false), &[]),
            _ => return Err(Absent),
        })
    }
}

impl Walk<'_> {
    /// An operator of this family; says whether it is one. Branches are among those of `control`.
    pub(super) fn aggregate(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        if let Ok(access) = Access::of(self.module, operator) {
            self.in_object(state, &access)?;
            return Ok(true);
        }
        if let Ok(shape) = Shape::of(self.module, operator) {
            self.in_window(state, operator, shape)?;
            return Ok(true);
        }
        match *operator {
            Operator::RefEq => {
                let operands = self.operands(state, 2)?;
                let equal = self.terms.num(Num::i64_eq, &operands);
                state.push(equal, false);
            }
            Operator::RefI31 => {
                let value = self.pop(state)?;
                let one = self.terms.constant(1);
                let twice = self.terms.num(Num::i32_shl, &[value, one]);
                let narrow = self.terms.num(Num::i32_or, &[twice, one]);
                let reference = self.terms.num(Num::i64_extend_i32_u, &[narrow]);
                state.push(reference, false);
            }
            Operator::RefTestNonNull { hty } => self.push_test(state, false, hty)?,
            Operator::RefTestNullable { hty } => self.push_test(state, true, hty)?,
            Operator::RefCastNonNull { hty } => self.cast(state, false, hty)?,
            Operator::RefCastNullable { hty } => self.cast(state, true, hty)?,
            Operator::I31GetS => self.small_value(state, Num::i32_shr_s)?,
            Operator::I31GetU => self.small_value(state, Num::i32_shr_u)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn push_test(&mut self, state: &mut State, nullable: bool, ty: HeapType) -> Verdict {
        let reference = self.pop(state)?;
        let test = self.ref_test(state, reference, (nullable, ty))?;
        state.push(test, false);
        Ok(())
    }

    /// A cast gives the reference that it takes.
    fn cast(&mut self, state: &mut State, nullable: bool, ty: HeapType) -> Verdict {
        let reference = self.pop(state)?;
        let code = self.code(nullable, ty)?;
        self.act(state, Effect::new("ref_cast"), vec![reference, code])?;
        state.push(reference, false);
        Ok(())
    }

    /// A small integer is what is left of its cell without the lowest bit.
    fn small_value(&mut self, state: &mut State, shift: Num) -> Verdict {
        let reference = self.pop(state)?;
        self.act(state, Effect::new("ref_as_non_null"), vec![reference])?;
        let one = self.terms.constant(1);
        let value = self.terms.num(shift, &[reference, one]);
        state.push(value, false);
        Ok(())
    }

    /// A value is read or written in an object.
    fn in_object(&mut self, state: &mut State, access: &Access) -> Verdict {
        let &Access { at, bytes, name, conversion } = access;
        let convert = |walk: &mut Self, value: Id| match conversion {
            Some(name) => {
                let num = named(name).unwrap_or_else(|| crate::cannot(name));
                walk.terms.num(num, &[value])
            }
            None => value,
        };
        let effect = Effect::access(name, bytes);
        let written = match name.ends_with("store") {
            true => {
                let value = self.pop(state)?;
                Some(convert(self, value))
            }
            false => None,
        };
        let place = match at {
            Some(at) => self.terms.constant(at),
            None => self.pop(state)?,
        };
        let mut args = vec![self.pop(state)?, place];
        args.extend(written);
        let bits = self.act(state, effect, args)?;
        if written.is_none() {
            let value = convert(self, bits);
            state.push(value, false);
        }
        Ok(())
    }

    fn code(&mut self, nullable: bool, ty: HeapType) -> Result<Id, Fault> {
        let code = heap_code(nullable, ty);
        let code = code.ok_or_else(|| self.fault(Rule::Operators, "a type without a code"))?;
        Ok(self.terms.constant(code.into()))
    }

    /// The outcome of a test of a reference's type.
    pub(super) fn ref_test(
        &mut self,
        state: &mut State,
        reference: Id,
        (nullable, ty): (bool, HeapType),
    ) -> Result<Id, Fault> {
        let code = self.code(nullable, ty)?;
        self.act(state, Effect::new("ref_test"), vec![reference, code])
    }

    fn in_window(&mut self, state: &mut State, operator: &Operator<'_>, shape: Shape) -> Verdict {
        let first = self.below_top(state, shape.operands)?;
        let passed = state.cells_from(&mut self.terms, first);
        if passed.len() != shape.cells as usize {
            return Err(self.fault(Rule::Operators, "operands of another size"));
        }
        for _ in first..state.stack.len() {
            self.pop(state)?;
        }
        let mut results = Vec::new();
        let value = self.coming(0);
        if let Some(wide) = shape.result {
            results.push(value);
            if wide {
                results.push(self.terms.high(value));
            }
        }
        let args = shape.immediates.iter().map(|&index| self.terms.constant(index.into()));
        let args = args.collect();
        let effect = Effect::new(Opcode::of(operator).mnemonic());
        self.demand(state, &Demand { effect, args, call: Some((passed, results)) })?;
        if shape.makes {
            self.rooted(state)?;
        }
        if let Some(wide) = shape.result {
            state.push(value, wide);
        }
        Ok(())
    }
}
