//! Q13: where a frame is while exceptions or objects may be made, the references to exceptions and
//! objects that the Wasm has there are in their slots.
//!
//! A store asks each frame for them (`prova_runtime`, `exec::roots`), in the slots that the Wasm
//! alone names ([`ExceptionRoots`](prova_module::ExceptionRoots)): what a slot holds beside that
//! may be stale, and must not count. So at a call, at a throw and
//! where an object is made every local is in its slot, and so
//! is every position up to the highest such operand below the arguments. It is asked of the other
//! locals and positions there, too, for which it holds in any code worth writing: then the mismatch
//! set answers at once, and the walk needs no types.
//!
//! Cost: the logarithm of the function's calls for each; a position is compared once after its
//! push.

use super::{Fault, Observer, Proof, Rule, Verdict};

impl<O: Observer> Proof<'_, '_, O> {
    /// A call, throw or allocation has been performed, its arguments are popped.
    pub(super) fn rooted(&mut self) -> Verdict {
        let Some(roots) = &self.facts.exception_roots else { return Ok(()) };
        let highest = roots.operands(self.offset).next();
        if highest.is_none() && !roots.has_locals(self.offset) {
            return Ok(());
        }
        let below = highest.map_or(self.state.local_cells, |cell| cell + 1);
        if below > self.state.top() {
            return Err(Fault::new(Rule::Operators, "an operand that the stack has not"));
        }
        self.state.track(below);
        if self.state.agrees_below(below) {
            return Ok(());
        }
        Err(self.mismatch(Rule::Roots, self.state.mismatch_below(below), None))
    }
}
