//! Structures, arrays, small integers and casts: W7 for a window of operands.
//!
//! How many cells operands and results have is derived here from the types once more, by the
//! specification's rules for each instruction.

use super::code::Demand;
use super::rows::Effect;
use super::state::State;
use super::terms::{Id, Num};
use super::{Fault, Verdict, Walk};
use prova_bytecode::Rule;
use prova_module::{
    Composite, FieldType, HeapType, Module, Opcode, Operator, StorageType, TypeIdx, ValType,
    heap_code,
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

fn element(module: &Module, ty: u32) -> Result<bool, Absent> {
    match &module.types().def(TypeIdx(ty)).ok_or(Absent)?.composite {
        Composite::Array(element) => Ok(is_wide(*element)),
        _ => Err(Absent),
    }
}

fn code_of(nullable: bool, ty: HeapType) -> Result<u32, Absent> {
    heap_code(nullable, ty).ok_or(Absent)
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
            O::StructGet { struct_type_index: y, field_index: i }
            | O::StructGetS { struct_type_index: y, field_index: i }
            | O::StructGetU { struct_type_index: y, field_index: i } => {
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
            O::ArrayGet { array_type_index: y }
            | O::ArrayGetS { array_type_index: y }
            | O::ArrayGetU { array_type_index: y } => plain(2, Some(element(module, y)?), &[y]),
            O::ArraySet { array_type_index: y } => wider(element(module, y)?, plain(3, None, &[y])),
            O::ArrayLen => plain(1, Some(false), &[]),
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
            O::RefCastNonNull { hty } => plain(1, Some(false), &[code_of(false, hty)?]),
            O::RefCastNullable { hty } => plain(1, Some(false), &[code_of(true, hty)?]),
            O::AnyConvertExtern | O::ExternConvertAny | O::I31GetS | O::I31GetU => {
                plain(1, Some(false), &[])
            }
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

    /// The outcome of a test of a reference's type.
    pub(super) fn ref_test(
        &mut self,
        state: &mut State,
        reference: Id,
        (nullable, ty): (bool, HeapType),
    ) -> Result<Id, Fault> {
        let code = heap_code(nullable, ty);
        let code = code.ok_or_else(|| self.fault(Rule::Operators, "a type without a code"))?;
        let code = self.terms.constant(code.into());
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
        let effect = Effect::new(name(operator));
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

/// The name that the effect has on the code's side.
fn name(operator: &Operator<'_>) -> &'static str {
    if matches!(operator, Operator::RefCastNullable { .. }) {
        return "ref.cast_null";
    }
    Opcode::of(operator).mnemonic()
}
