//! A function's body → the stretches that compute one number, each of which a constant could stand
//! for.
//!
//! The walker of `prova_module` gives the operands.
//!
//! 1. An expression is a stretch of operators after which the stack has one value more than before
//!    it, of a known type of numbers. A constant of the type in its place keeps the body valid,
//!    unless a local that must be set is set there; the caller validates.

use prova_module::ops::Kind;
use prova_module::walk::{Domain, Edge, Exit, Frame, Site, walk};
use prova_module::{FuncBody, FuncIdx, Module, Operator, ValType};
use std::ops::Range;
use wasm_encoder::{Encode, Ieee32, Ieee64, Instruction};

/// A stretch that computes one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    /// Its operators, as offsets in the module.
    pub(super) range: Range<u32>,
    /// The offset of its last operator.
    pub(super) last: u32,
    pub(super) ty: ValType,
}

impl Expression {
    /// The constant that stands for it.
    pub(super) fn constant(&self, value: u64) -> Option<Vec<u8>> {
        let constant = match self.ty {
            ValType::I32 => Instruction::I32Const(value as u32 as i32),
            ValType::I64 => Instruction::I64Const(value as i64),
            ValType::F32 => Instruction::F32Const(Ieee32::new(value as u32)),
            ValType::F64 => Instruction::F64Const(Ieee64::new(value)),
            ValType::V128 | ValType::Ref(_) => return None,
        };
        let mut bytes = Vec::new();
        constant.encode(&mut bytes);
        Some(bytes)
    }
}

/// The expressions of a function of more than one operator, the longest first.
pub(super) fn expressions(module: &Module, func: u32) -> Vec<Expression> {
    let Some(body) = module.body(FuncIdx(func)) else { return Vec::new() };
    let mut find = Find { body: body.clone(), found: Vec::new() };
    if walk(body, &mut find).is_err() {
        return Vec::new();
    }
    let mut found = find.found;
    found.sort_by_key(|one| (std::cmp::Reverse(one.range.len()), one.range.start));
    found
}

/// A value: where what computes it begins, and its type.
type Value = (u32, Option<ValType>);

struct Find<'m> {
    body: FuncBody<'m>,
    found: Vec<Expression>,
}

impl Find<'_> {
    fn found(&mut self, start: u32, site: &Site<'_>, ty: Option<ValType>) {
        let number = ty.filter(|ty| !matches!(ty, ValType::Ref(_) | ValType::V128));
        let several = start != site.offset || site.callee.is_some();
        if let Some(ty) = number.filter(|_| several) {
            self.found.push(Expression { range: start..site.end, last: site.offset, ty });
        }
    }
}

/// A walk does not end before its end.
enum Never {}

impl<'m> Domain<'m> for Find<'m> {
    type Value = Value;
    /// Where the block began.
    type Label = u32;
    type Error = Never;

    fn operator(
        &mut self,
        site: &Site<'m>,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Result<(), Never> {
        let start = args.first().map_or(site.offset, |first| first.0);
        for &kind in site.row.results {
            if kind == Kind::results {
                let types = site.callee.map(|callee| &callee.results[..]).unwrap_or_default();
                results.extend(types.iter().map(|ty| (start, Some(*ty))));
                continue;
            }
            let chosen = match site.operator {
                Operator::TypedSelect { ty } => Some(ty),
                _ => None,
            };
            let own = || site.result_type(kind, &self.body);
            let of_operand =
                || args.first().and_then(|first| first.1).filter(|_| kind == Kind::same);
            results.push((start, chosen.or_else(own).or_else(of_operand)));
        }
        if let [(start, ty)] = results[..] {
            self.found(start, site, ty);
        }
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        _: &Frame<'m, ()>,
        condition: Option<&Value>,
        params: &mut [Value],
    ) -> Result<u32, Never> {
        let own = site.map_or(0, |site| site.offset);
        let first = params.first().or(condition).map_or(own, |first| first.0);
        params.iter_mut().for_each(|param| param.0 = own);
        Ok(first)
    }

    fn edge(
        &mut self,
        _: &Site<'m>,
        _: Edge<'_, Value>,
        _: &mut Frame<'m, u32>,
    ) -> Result<(), Never> {
        Ok(())
    }

    fn otherwise(
        &mut self,
        _: &Site<'m>,
        _: &mut Frame<'m, u32>,
        _: &mut [Value],
    ) -> Result<(), Never> {
        Ok(())
    }

    fn close(
        &mut self,
        site: &Site<'m>,
        frame: Frame<'m, u32>,
        exit: Exit,
        results: &mut Vec<Value>,
    ) -> Result<(), Never> {
        if exit != Exit::Never {
            let types = frame.types.results().iter();
            let start = frame.label;
            results.clear();
            results.extend(types.map(|ty| (start, Some(*ty))));
            // The body's block opened without an operator.
            if let &[(start, ty)] = &results[..]
                && start != 0
            {
                self.found(start, site, ty);
            }
        }
        Ok(())
    }

    fn leave(&mut self, _: &Site<'m>, _: &[Value], _: &[Value]) -> Result<(), Never> {
        Ok(())
    }
}
