//! Why a body was refused: which function, where in its Wasm, in which block, which rule.

use crate::refused::Refused;

rules! {
    /// A rule of the check; the text of each is in [`crate::check`].
    Rule: "the SSA form is not proved", is_bug: true;
    /// C1: the module defines the function, and the body has an entry with its parameters.
    Function = "function";
    /// C2: the instructions are the operators, in their order, each once.
    Operators = "operators";
    /// C3: operands are the values that the Wasm's operands are.
    Operands = "operands";
    /// C4: an instruction has as many results as its operator, of its types.
    Results = "results";
    /// C5: offsets are those of the operators.
    Offsets = "offsets";
    /// C6: charges and polls stand where the facts have segments, the entry and loops.
    Metering = "metering";
    /// C7: the blocks stand in the order of the Wasm, each once.
    Blocks = "blocks";
    /// C8: a block ends as its last operator does.
    Control = "control";
    /// C9: an edge leads to the block of its label.
    Targets = "targets";
    /// C10: a block's parameters are its label's values, then locals.
    Parameters = "parameters";
    /// C11: arguments are the values of the edge, and of the locals along it.
    Arguments = "arguments";
    /// C12: a local that is read has one value on all ways to the read.
    Locals = "locals";
    /// C13: the handlers are the `try_table`s, their clauses in order.
    Handlers = "handlers";
    /// C14: the proof takes no more than a limited number of steps.
    Size = "size";
}

/// A body that is not proved equal to its Wasm. The fault is never the module's: it is a bug of
/// what made the body, or of the check.
pub type Rejection = Refused<Rule>;

/// A rule that is broken, while the place is known to the caller.
pub(super) type Fault = crate::fault::Fault<Rule>;

pub(super) type Verdict<T = ()> = Result<T, Fault>;
