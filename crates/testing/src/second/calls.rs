//! Calls: W7.

use super::code::Demand;
use super::control::wide;
use super::rows::Effect;
use super::state::State;
use super::terms::Id;
use super::{Fault, Verdict, Walk};
use prova_bytecode::Rule;
use prova_module::{FuncIdx, Operator, TypeIdx};

impl<'m> Walk<'m> {
    /// A call, tail calls among them; gives the state behind it, or `None` if it does not come
    /// back.
    pub(super) fn call_operator(
        &mut self,
        mut state: State,
        operator: &Operator<'m>,
    ) -> Result<Option<State>, Fault> {
        let (name, ty, ends) = match *operator {
            Operator::Call { function_index: func } => ("call", Callee::Func(func), false),
            Operator::ReturnCall { function_index: func } => {
                ("return_call", Callee::Func(func), true)
            }
            Operator::CallIndirect { type_index, table_index } => {
                ("call_indirect", Callee::Table(type_index, table_index), false)
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                ("return_call_indirect", Callee::Table(type_index, table_index), true)
            }
            Operator::CallRef { type_index } => ("call_ref", Callee::Ref(type_index), false),
            Operator::ReturnCallRef { type_index } => {
                ("return_call_ref", Callee::Ref(type_index), true)
            }
            _ => {
                let offset = self.offset;
                return Err(self.fault(Rule::Operators, format!("the operator at {offset:#x}")));
            }
        };
        let here = &mut state;
        let (args, ty) = match ty {
            Callee::Func(func) => {
                (vec![self.terms.constant(func.into())], self.module.func_type_idx(FuncIdx(func)))
            }
            Callee::Table(ty, table) => {
                let index = self.pop(here)?;
                let [y, t] = [ty, table].map(|index| self.terms.constant(index.into()));
                (vec![index, y, t], TypeIdx(ty))
            }
            Callee::Ref(ty) => {
                let reference = self.pop(here)?;
                (vec![reference, self.terms.constant(ty.into())], TypeIdx(ty))
            }
        };
        self.call_of(here, Effect::new(name), args, ty, ends)?;
        Ok((!ends).then_some(state))
    }

    /// W7 for a call, or a throw, of values of this type.
    pub(super) fn call_of(
        &mut self,
        state: &mut State,
        effect: Effect,
        args: Vec<Id>,
        ty: TypeIdx,
        ends: bool,
    ) -> Verdict {
        let ty = &self.module.types()[ty.index()];
        let first = self.below_top(state, ty.params.len())?;
        let passed = state.cells_from(&mut self.terms, first);
        for _ in first..state.stack.len() {
            self.pop(state)?;
        }
        let (mut results, mut pushed) = (Vec::new(), Vec::new());
        if !ends {
            for (index, wide) in wide(&ty.results).into_iter().enumerate() {
                let value = self.coming(index as u32);
                results.push(value);
                if wide {
                    results.push(self.terms.high(value));
                }
                pushed.push((value, wide));
            }
        }
        self.demand(state, &Demand { effect, args, call: Some((passed, results)) })?;
        if !ends {
            self.may_throw(state)?;
            self.rooted(state)?;
        }
        for (value, wide) in pushed {
            state.push(value, wide);
        }
        Ok(())
    }
}

/// The function that a call names.
enum Callee {
    Func(u32),
    /// A type and a table.
    Table(u32, u32),
    /// A type.
    Ref(u32),
}
