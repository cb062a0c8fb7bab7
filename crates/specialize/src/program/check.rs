//! The check of an edit of bodies: two modules → the second is the first, and where a body differs
//! the edit says how, and that is right; or what is wrong.
//!
//! It shares no code with `write`: both bodies are read operator by operator.
//!
//! # Rules
//! * F1. All but bodies is the same ([`same`]); each body has the operators of the old one, in
//!   order, except for F3 and F4. Its locals are the old ones, and behind them those of F4.
//! * F2. A parameter that the edit names is a number, and known to be those bits (`uses`, T10).
//! * F3. For each of them a constant of these bits, written to the parameter, stands before the
//!   first operator: what the parameter is anyway.
//! * F4. In the place of a call that the edit inlines stand, in this order: the arguments, written
//!   to new locals from the last to the first; for each local that the callee declares a zero of
//!   its type, written to a new local; a block with the callee's result; in it the operators of the
//!   callee's old body, with these locals, where `return` is a branch to the end of the block. The
//!   callee has at most one result, numbers alone for locals, and no tail call.
//!
//! # Soundness
//! F3 writes what is there (T10). For F4: a call pushes a frame with the arguments and zeroes, runs
//! the body to its end or a `return`, and gives the results; the block does the same with locals
//! that nothing else names, and a branch to the end of a function's body is one to the end of the
//! block. Traps and exceptions leave both ways alike; the frame itself is seen by nothing but
//! backtraces, and by the depth at which the stack overflows, which no proof here keeps
//! (`prova_emit::emitted`). Handlers around the call are around the block.
//!
//! The body that stands for a call is the old module's: known parameters of the callee are
//! not written there, and its calls are not inlined. Time: linear in both modules.

use super::edit::Edit;
use super::plant::misjudged;
use super::same;
use super::uses::Passed;
use prova_module::{FuncIdx, Module, Opcode, ValType};
use wasmparser::{BlockType, Operator, OperatorsReader};

/// Compares two modules. `passed` is what the first one's calls pass (`uses`).
///
/// # Errors
/// What is wrong, and is a fault of the plan or the writer.
pub(super) fn check(
    old: &Module,
    new: &Module,
    edit: &Edit,
    passed: &[Vec<Passed>],
) -> Result<(), String> {
    let known = |(func, params): (&FuncIdx, &Vec<(u32, u64)>)| {
        let types = old.body(*func).map(|_| &old.func_type(*func).params);
        let all = types.zip(passed.get(func.index()));
        all.is_some_and(|(types, passed)| {
            params.iter().all(|&(param, bits)| {
                let ty = types.get(param as usize);
                ty.is_some_and(|&ty| super::edit::is_number(ty))
                    && passed.get(param as usize) == Some(&Passed::Constant(bits))
            })
        })
    };
    if !edit.known.iter().all(known) && !misjudged!(KnownAnyway) {
        return Err("a parameter is not known (F2)".to_owned());
    }
    let may_stand = |&(_, callee): &(FuncIdx, FuncIdx)| super::edit::may_stand(old, callee);
    if !edit.inlined.iter().all(may_stand) {
        return Err("a body may not stand for a call (F4)".to_owned());
    }
    let kept: Vec<Option<FuncIdx>> =
        (0..old.func_count() as u32).map(|func| Some(FuncIdx(func))).collect();
    if !misjudged!(OutsideUnread) {
        same::outside(old, new, &kept)?;
    }
    for func in old.defined_funcs() {
        let pair = Pair { old, new, edit, func };
        if pair.is_right() != Some(true) {
            return Err(format!("{func} is not what the edit says"));
        }
    }
    Ok(())
}

/// Whether an operator opens a block, or ends one; `None` for all others.
pub(super) fn opens(operator: &Operator<'_>) -> Option<bool> {
    use prova_module::ops::Flow;
    match Opcode::of(operator).class().flow() {
        Flow::Open(_) => Some(true),
        Flow::End => Some(false),
        Flow::Else | Flow::Stop | Flow::Next | Flow::Fork | Flow::Call => None,
    }
}

struct Pair<'p> {
    old: &'p Module,
    new: &'p Module,
    edit: &'p Edit,
    func: FuncIdx,
}

impl Pair<'_> {
    /// Whether the new body is the old one, edited; `None` if one ends too early.
    fn is_right(&self) -> Option<bool> {
        let (old, new) = (self.old.body(self.func)?, self.new.body(self.func)?);
        if !self.edit.changes(self.func) && old.bytes() == new.bytes() {
            return Some(true);
        }
        let mut locals = old.local_types();
        let types = self.old.func_type(self.func);
        let mut found = new.operators();
        for &(param, bits) in self.edit.known.get(&self.func).into_iter().flatten() {
            let ty = *types.params.get(param as usize)?;
            if !is_constant(&found.read().ok()?, ty, bits) || !is_set(&mut found, param) {
                return Some(false);
            }
        }
        let mut operators = old.operators();
        while !operators.eof() {
            let operator = operators.read().ok()?;
            let is_right = match self.callee(&operator) {
                Some(callee) => self.stands(callee, &mut locals, &mut found)?,
                None => {
                    let other = found.read().ok()?;
                    let is_alike =
                        misjudged!(ImmediatesAlike) && Opcode::of(&other) == Opcode::of(&operator);
                    other == operator || is_alike
                }
            };
            if !is_right {
                return Some(false);
            }
        }
        Some(found.eof() && new.local_types() == locals)
    }

    /// The function whose body stands for an operator.
    fn callee(&self, operator: &Operator<'_>) -> Option<FuncIdx> {
        let Operator::Call { function_index } = operator else { return None };
        let callee = FuncIdx(*function_index);
        self.edit.inlined.contains(&(self.func, callee)).then_some(callee)
    }

    /// Whether a callee's body stands where the new body is read (F4); its locals are added.
    fn stands(
        &self,
        callee: FuncIdx,
        locals: &mut Vec<ValType>,
        found: &mut OperatorsReader<'_>,
    ) -> Option<bool> {
        let body = self.old.body(callee)?;
        let ty = self.old.func_type(callee);
        let (own, params) = (body.local_types(), ty.params.len());
        let first = if misjudged!(LocalsShared) { 0 } else { locals.len() as u32 };
        locals.extend(&own);
        if !(0..params as u32).rev().all(|at| is_set(found, first + at)) {
            return Some(false);
        }
        let zeroes = if misjudged!(ZeroesLeftOut) { 0 } else { own.len() };
        for (at, &ty) in (first..).zip(&own).take(zeroes).skip(params) {
            if !is_constant(&found.read().ok()?, ty, 0) || !is_set(found, at) {
                return Some(false);
            }
        }
        let is_block = match (found.read().ok()?, &*ty.results) {
            (Operator::Block { blockty: BlockType::Empty }, []) => true,
            (Operator::Block { blockty: BlockType::Type(found) }, &[ty]) => found == ty,
            (_, _) => false,
        };
        let (mut operators, mut depth) = (body.operators(), 0_u32);
        while is_block && !operators.eof() {
            let wanted = match operators.read().ok()? {
                Operator::LocalGet { local_index } => {
                    Operator::LocalGet { local_index: first.checked_add(local_index)? }
                }
                Operator::LocalSet { local_index } => {
                    Operator::LocalSet { local_index: first.checked_add(local_index)? }
                }
                Operator::LocalTee { local_index } => {
                    Operator::LocalTee { local_index: first.checked_add(local_index)? }
                }
                Operator::Return if misjudged!(ReturnLeaves) => Operator::Return,
                Operator::Return if misjudged!(DepthLost) => Operator::Br { relative_depth: 0 },
                Operator::Return => Operator::Br { relative_depth: depth },
                other => {
                    match opens(&other) {
                        Some(true) => depth += 1,
                        // The last one ends the block.
                        Some(false) => depth = depth.saturating_sub(1),
                        None => {}
                    }
                    other
                }
            };
            if found.read().ok()? != wanted {
                return Some(false);
            }
        }
        Some(is_block)
    }
}

/// Whether an operator is a constant of a type.
fn is_constant(operator: &Operator<'_>, ty: ValType, bits: u64) -> bool {
    match (operator, ty) {
        (Operator::I32Const { .. }, ValType::I32) if misjudged!(OtherNumber) => true,
        (Operator::F64Const { value }, ValType::F64) if misjudged!(SignLost) => {
            value.bits() << 1 == bits << 1
        }
        (Operator::I32Const { value }, ValType::I32) => u64::from(*value as u32) == bits,
        (Operator::I64Const { value }, ValType::I64) => *value as u64 == bits,
        (Operator::F32Const { value }, ValType::F32) => u64::from(value.bits()) == bits,
        (Operator::F64Const { value }, ValType::F64) => value.bits() == bits,
        (_, _) => false,
    }
}

/// Whether the next operator writes a local.
fn is_set(found: &mut OperatorsReader<'_>, local: u32) -> bool {
    let found = found.read();
    matches!(found, Ok(Operator::LocalSet { local_index })
        if local_index == local || misjudged!(SetAnywhere))
}
