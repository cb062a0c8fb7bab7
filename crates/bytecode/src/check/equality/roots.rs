//! Q13: where a frame is while exceptions may be made, the references to exceptions that the Wasm has there are in their slots.
//!
//! A store asks each frame for them (`prova_runtime`, `exec::roots`), in the slots that the Wasm alone names
//! ([`ExceptionRoots`](prova_module::ExceptionRoots)): what a slot holds beside that may be stale, and must not count. So at a call
//! and at a throw every local is in its slot, and so is every position up to the highest such operand below the arguments. It is
//! asked of the other locals and positions there, too, for which it holds in any code worth writing: then the mismatch set answers at
//! once, and the walk needs no types.
//!
//! A constant of a hint need not be in its slot. Of references only null is a constant, so in a function with such operands 0 is none.
//!
//! Cost: the logarithm of the function's calls for each; a position is compared once after its push.

use super::{Fault, Observer, Proof, Rule, Verdict};

impl<O: Observer> Proof<'_, '_, O> {
    /// A call or throw has been performed, its arguments are popped.
    pub(super) fn rooted(&mut self) -> Verdict {
        let Some(roots) = &self.facts.exception_roots else { return Ok(()) };
        let highest = roots.operands(self.offset).next();
        if highest.is_none() && !roots.has_locals() {
            return Ok(());
        }
        let below = highest.map_or(self.state.local_cells, |cell| cell + 1);
        if below > self.state.top() {
            return Err(Fault::new(Rule::Operators, "an operand that the stack has not"));
        }
        self.state.track(below);
        match self.state.mismatch_below(below) {
            Some(cell) => Err(self.mismatch(Rule::Roots, cell, None)),
            None => Ok(()),
        }
    }

    /// A hint names a constant for a cell of the stack.
    pub(super) fn no_root(&self, slot: u32, cells: [u64; 2]) -> Verdict {
        let roots = self.facts.exception_roots.as_ref();
        if cells == [0; 2] && roots.is_some_and(|roots| roots.has_operands()) {
            let what =
                format!("s{slot} may be a reference to an exception, and is not in its slot");
            return Err(Fault::new(Rule::Roots, what));
        }
        Ok(())
    }
}
