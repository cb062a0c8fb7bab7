//! Accesses of shared memories, each one effect on a window.
//!
//! How many operands there are, and which are vectors, follows from the operator's name; the number
//! of the access is the one that the code has to name.

use super::numeric::name;
use super::rows::Effect;
use super::state::State;
use super::{Demand, Fault, Walk};
use prova_bytecode::Rule;
use prova_module::{MemoryIdx, Operator, shared_access};

impl Walk<'_> {
    /// An access of a shared memory; says whether the operator is one.
    pub(super) fn shared(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        let Some((access, memory, offset)) = shared_access(operator) else { return Ok(false) };
        if !self.module.memory(MemoryIdx(memory)).is_some_and(|ty| ty.shared) {
            return Ok(false);
        }
        let name = name(operator);
        let vector = name.starts_with("v128");
        let stores = name.contains("store");
        let operands = match name {
            _ if name.contains("cmpxchg") => 3,
            _ if stores || name.contains("rmw") || name.ends_with("_lane") => 2,
            _ => 1,
        };
        let first = self.below_top(state, operands)?;
        let passed = state.cells_from(&mut self.terms, first);
        if passed.len() != operands + usize::from(vector && operands == 2) {
            return Err(self.fault(Rule::Operators, "operands of another size"));
        }
        for _ in first..state.stack.len() {
            self.pop(state)?;
        }
        let value = self.coming(0);
        let mut results = Vec::new();
        if !stores {
            results.push(value);
            if vector {
                results.push(self.terms.high(value));
            }
        }
        let args = [u64::from(access.code()), offset, memory.into()];
        let args = args.map(|number| self.terms.constant(number)).to_vec();
        let effect = Effect::new("shared");
        self.demand(state, &Demand { effect, args, call: Some((passed, results)) })?;
        if !stores {
            state.push(value, vector);
        }
        Ok(true)
    }
}
