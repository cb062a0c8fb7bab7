//! Operators that go on to the next one: each is the next instruction of the block (C2 to C5).

use super::error::{Fault, Rule, Verdict};
use super::{Check, nothing};
use crate::body::{Imm, InstData, Op};
use crate::entity::{List, Value};
use prova_module::ops::{Class, Kind};
use prova_module::walk::Site;
use prova_module::{Opcode, Operator, RefType, ValType};

/// The type whose zero an operator with its immediates is, if it is one.
fn zero(opcode: Opcode, imm: Imm) -> Option<ValType> {
    match (opcode, imm) {
        (Opcode::I32Const, Imm::Bits(0)) => Some(ValType::I32),
        (Opcode::I64Const, Imm::Bits(0)) => Some(ValType::I64),
        (Opcode::F32Const, Imm::Bits(0)) => Some(ValType::F32),
        (Opcode::F64Const, Imm::Bits(0)) => Some(ValType::F64),
        (Opcode::V128Const, Imm::Wide([0, 0])) => Some(ValType::V128),
        (Opcode::RefNull, Imm::Heap(heap)) => RefType::new(true, heap).map(ValType::Ref),
        (_, _) => None,
    }
}

/// The type whose zero an instruction is, if it is one.
pub(super) fn zero_of(inst: &InstData) -> Option<ValType> {
    match inst.op {
        Op::Wasm(opcode) => zero(opcode, inst.imm),
        Op::Charge | Op::Poll => None,
    }
}

/// Whether an operator is the zero of a type.
pub(super) fn is_zero(operator: &Operator<'_>) -> bool {
    let imm = Imm::of(operator);
    imm.is_some_and(|imm| zero(Opcode::of(operator), imm).is_some())
}

/// The type of references of a type that are not null.
pub(super) fn non_null(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(ty.as_non_null()),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty,
    }
}

/// The type of a conversion's result, whose nullable form is `to`: null where the operand may be.
fn converted(from: ValType, to: RefType) -> Option<ValType> {
    let ValType::Ref(from) = from else { return None };
    Some(ValType::Ref(if from.is_nullable() { to } else { to.as_non_null() }))
}

/// The immediates of an operator that is an instruction.
pub(super) fn immediates(site: &Site<'_>) -> Verdict<Imm> {
    Imm::at(site).ok_or_else(no_immediates)
}

fn no_immediates() -> Fault {
    Fault::new(Rule::Function, "an operator without immediates")
}

impl<'m> Check<'m, '_> {
    /// An operator where control cannot come by gives results that are nothing.
    pub(super) fn no_results(&self, site: &Site<'m>, results: &mut Vec<Value>) {
        let many = site.callee.map_or(0, |ty| ty.results.len());
        for kind in site.row.results {
            let count = if *kind == Kind::results { many } else { 1 };
            results.extend(std::iter::repeat_n(nothing(), count));
        }
    }

    /// An operator.
    pub(super) fn straight(
        &mut self,
        site: &Site<'m>,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Verdict {
        if let Operator::LocalGet { local_index: local }
        | Operator::LocalSet { local_index: local }
        | Operator::LocalTee { local_index: local } = site.operator
        {
            return self.local(site, local, args, results);
        }
        let class = site.row.class;
        if matches!(class, Class::drop_ | Class::nop) {
            return Ok(());
        }
        // Not copied: what was written in parts is slow to read as a whole.
        let Some(imm) = &Imm::at(site) else { return Err(no_immediates()) };
        if !self.around.is_empty()
            && matches!(class, Class::call | Class::call_indirect | Class::call_ref)
        {
            self.result_types(site, imm, args)?;
            return self.invoke(site, *imm, args, results);
        }
        let inst = self.next_inst()?;
        let opcode = site.row.opcode;
        demand!(
            inst.op == Op::Wasm(opcode) && inst.imm == *imm,
            Operators,
            "{} {:?}, not {} {imm:?}",
            inst.op.mnemonic(),
            inst.imm,
            opcode.mnemonic()
        );
        self.offset_of(inst.offset)?;
        self.operands(inst.args, args)?;
        if let Some(ty) = site.row.fixed {
            let value = inst.result().ok_or_else(|| {
                Fault::new(Rule::Results, format!("{} results, not 1", inst.results().len()))
            })?;
            let given = self.body.values.get(value).map(|data| data.ty);
            demand!(given == Some(ty), Results, "{value} is of type {given:?}, not {ty}");
            results.push(value);
            return Ok(());
        }
        self.result_types(site, imm, args)?;
        let (given, expected) = (inst.results().len(), self.types.len());
        demand!(given == expected, Results, "{given} results, not {expected}");
        for (value, &ty) in inst.results().zip(&self.types) {
            let given = self.body.values.get(value).map(|data| data.ty);
            demand!(given == Some(ty), Results, "{value} is of type {given:?}, not {ty}");
            results.push(value);
        }
        Ok(())
    }

    /// An operator that reads or writes a local.
    fn local(
        &mut self,
        site: &Site<'m>,
        local: u32,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Verdict {
        match (site.row.class, args) {
            (Class::local_get, _) => results.push(self.locals.get(local, site.offset)?),
            (class, &[value]) => {
                let exists = (local as usize) < self.locals.types.len();
                demand!(exists, Function, "a local that is not there");
                self.locals.set(local, site.offset, value);
                results.extend((class == Class::local_tee).then_some(value));
            }
            (_, _) => return Err(Fault::new(Rule::Function, "a local without its value")),
        }
        Ok(())
    }

    /// The types of an operator's results, in `types`.
    fn result_types(&mut self, site: &Site<'m>, imm: &Imm, args: &[Value]) -> Verdict {
        self.types.clear();
        for &kind in site.row.results {
            if let Some(ty) = kind.val_type() {
                self.types.push(ty);
                continue;
            }
            if kind == Kind::results {
                self.types.extend(site.callee.iter().flat_map(|ty| ty.results.iter().copied()));
                continue;
            }
            let first = args.first().and_then(|&arg| self.body.values.get(arg));
            let first = first.map(|data| data.ty);
            let ty = match (kind, imm) {
                (Kind::same, &Imm::Type(ty)) => Some(ty),
                (Kind::same, _) => first,
                (Kind::non_null, _) => first.map(non_null),
                (Kind::anyref, _) => first.and_then(|ty| converted(ty, RefType::ANYREF)),
                (Kind::externref, _) => first.and_then(|ty| converted(ty, RefType::EXTERNREF)),
                (..) => site.result_type(kind, &self.wasm),
            };
            self.types.push(ty.ok_or_else(|| Fault::new(Rule::Function, "a result without type"))?);
        }
        Ok(())
    }

    /// A list of operands is what the Wasm's operands are (C3).
    #[inline]
    pub(super) fn operands(&self, list: List<Value>, args: &[Value]) -> Verdict {
        let given = self.body.operands.get(list.range());
        let same = given.is_some_and(|given| given.len() == args.len() && given.iter().eq(args));
        demand!(same, Operands, "{given:?}, not {args:?}");
        Ok(())
    }

    /// A single operand is what the Wasm's is (C3).
    pub(super) fn operand(given: Value, arg: Value) -> Verdict {
        demand!(given == arg, Operands, "{given}, not {arg}");
        Ok(())
    }
}
