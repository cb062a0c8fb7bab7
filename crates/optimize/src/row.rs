//! Passes in a row under one proof: what each has made of the body before it → what all have made
//! of the first one, with one witness.
//!
//! ```text
//! body ─ pass ─► Made ─ pass ─► Made … ─ after ─► Made: the last body, a witness over the first
//! ```
//!
//! A witness names blocks, values and instructions of the old body. A pass says by its [`Trace`]
//! which of them each of the new body was, so the next pass's statements about its old body are
//! restated for the one before, where that is possible: a block of the middle body is its head, and
//! what is claimed of a middle value is claimed of the value that it was.
//!
//! Nothing here is trusted: the check proves the row as it proves one pass, or refuses it, and then
//! each pass is proved by itself ([`super::optimize`]). So that few are refused, a row ends where a
//! pass relies on what the check knows of the middle body alone ([`is_apart`]).

use crate::Pass;
use cranelift_entity::EntityRef;
use prova_ssa::replace::{Claim, Dying, Witness};
use prova_ssa::{Body, Inst, Value};

/// The old values and instructions that those of the new body come from.
#[derive(Default)]
pub(super) struct Trace {
    /// By value: of a constant that a parameter became, the parameter.
    pub(super) values: Vec<Value>,
    /// By instruction: `None` of such a constant.
    pub(super) insts: Vec<Option<Inst>>,
    /// Whether the new body names something that is not there: a fault of the pass, behind which
    /// no other may run.
    pub(super) is_broken: bool,
}

/// The result of a pass, or of a row of them.
pub(super) struct Made {
    pub(super) body: Body,
    pub(super) witness: Witness,
    pub(super) trace: Trace,
}

/// Whether a pass that changes something begins another row than passes that have:
///
/// * `thread`: an edge may pass over a block if nothing outside names its values and nothing is
///   claimed of them (Q4, Q5 of the check), so parameters that are one value must be gone before,
///   and such a block may be appended to another one only behind it.
/// * `forward` behind `merge`: the check knows of loads inside one block of the old body alone.
/// * `params` or `merge` behind `fold`: what is claimed is made in a block that dominates the
///   parameter's, perhaps since edges are gone.
/// * `stores`: what is overwritten unseen is judged by all loads of the old body.
pub(super) fn is_apart(pass: Pass, row: &[Pass]) -> bool {
    match pass {
        _ if row.contains(&Pass::Thread) => true,
        Pass::Thread | Pass::Stores => !row.is_empty(),
        Pass::Forward => row.contains(&Pass::Merge),
        Pass::Params | Pass::Merge => row.contains(&Pass::Fold),
        Pass::Fold | Pass::Hoist | Pass::Gvn | Pass::Near | Pass::Dead => false,
    }
}

/// The result of both passes, stated for the first one's old body.
pub(super) fn after(first: &Made, next: Made) -> Made {
    let (was, trace) = (&first.witness, &first.trace);
    let value = |value: Value| trace.values[value.index()];
    let inst = |inst: Inst| trace.insts[inst.index()];
    let Made { body, witness, trace: latest } = next;
    let mut claims = was.claims.clone();
    claims.extend(witness.claims.iter().map(|&(param, claim)| match claim {
        Claim::Value(other) => (value(param), Claim::Value(value(other))),
        Claim::Constant(_) => (value(param), claim),
    }));
    claims.sort_by_key(|&(param, _)| param);
    let mut threaded = was.threaded.clone();
    threaded.extend(witness.threaded.iter().map(|block| was.blocks[block.index()]));
    threaded.sort();
    let mut covers = was.covers.clone();
    covers.extend(witness.covers.iter().filter_map(|&(it, by)| Some((inst(it)?, inst(by)?))));
    covers.sort();
    let mut overwritten = was.overwritten.clone();
    overwritten.extend(witness.overwritten.iter().filter_map(|&it| inst(it)));
    overwritten.sort();
    let mut dying = was.dying.clone();
    dying.extend(witness.dying.iter().map(|it| Dying {
        block: was.blocks[it.block.index()],
        root: it.root.map(value),
        ..*it
    }));
    let witness = Witness {
        blocks: witness.blocks.iter().map(|block| was.blocks[block.index()]).collect(),
        params: witness.params.iter().map(|&param| value(param)).collect(),
        claims,
        threaded,
        covers,
        overwritten,
        dying,
    };
    let trace = Trace {
        values: latest.values.into_iter().map(value).collect(),
        insts: latest.insts.into_iter().map(|it| it.and_then(inst)).collect(),
        is_broken: latest.is_broken,
    };
    Made { body, witness, trace }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, FuncIdx, Limits, Module};
    use prova_ssa::{CheckedBody, Metering, build};

    const MODULES: &[&str] = &[
        include_str!("../tests/passes/fold.wat"),
        include_str!("../tests/passes/trap.wat"),
        include_str!("../tests/passes/memory.wat"),
        include_str!("../tests/passes/near.wat"),
        include_str!("../tests/passes/stores.wat"),
        include_str!("../tests/passes/hoist.wat"),
        include_str!("../tests/passes/flow.wat"),
        include_str!("../tests/passes/merge.wat"),
        include_str!("../tests/passes/plants.wat"),
        include_str!("../../ssa/tests/check/except.wat"),
        include_str!("../../ssa/tests/check/table.wat"),
    ];

    /// The functions of all modules.
    fn bodies() -> Vec<CheckedBody> {
        let mut bodies = Vec::new();
        for text in MODULES {
            let bytes = wat::parse_str(text).expect("a module");
            let module = Module::decode(bytes, &Features::default(), &Limits::default());
            let module = module.expect("a valid module");
            let proved = |func: FuncIdx| {
                let body = build(&module, func, Metering::NONE).expect("a body");
                CheckedBody::check(&module, body).expect("it is proved")
            };
            bodies.extend(module.defined_funcs().map(proved));
        }
        bodies
    }

    /// Two passes under one proof, for each two that may be in a row; and no proof of theirs where
    /// the witness of one of them is forgotten, but where it says nothing.
    #[test]
    fn two_passes_are_proved_at_once() {
        let (mut pairs, mut refused) = (0, 0);
        for body in bodies() {
            let (module, old) = (body.module(), body.body());
            for (first, next) in Pass::ALL.into_iter().flat_map(|it| Pass::ALL.map(|n| (it, n))) {
                let one = |body: &Body, pass: Pass| pass.propose(module, body);
                let Some(made) = one(old, first) else { continue };
                let Some(then) = one(&made.body, next).filter(|_| !is_apart(next, &[first])) else {
                    continue;
                };
                let alone = then.witness.clone();
                let both = after(&made, then);
                let given = body.replace(both.body.clone(), &both.witness);
                assert_eq!(given.err(), None, "{first}, {next} in {}", body.func());
                pairs += 1;
                refused += usize::from(body.replace(both.body, &alone).is_err());
            }
        }
        assert!(pairs >= 12 && refused >= 8, "{pairs} pairs, {refused} refused");
    }
}
