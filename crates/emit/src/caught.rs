//! The inputs of a handler: the parameters of all handlers on an exception's way, with their values
//! where it leaves a block.
//!
//! A call or a throw leads to its handler, and the handler to the one around it. No code stands on
//! these edges: what a parameter is to hold lies in its local before the call. Mostly it does so
//! anyway, since the parameter shares the local of its argument. A parameter for which that fails
//! is *apart*: it lives from each such call on, and is written just before it.
//!
//! * X9. A parameter that is not apart has the local of its argument at each call and throw.
//!
//! Time: linear in calls times the handlers around them, for each round of allocation.

use crate::trees::Trees;
use crate::variable::Locals;
use prova_ssa::{Block, Body, Def, Edge, Terminator, Value};

/// The handler's edge out of a block.
fn handler(body: &Body, block: Block) -> Option<Edge> {
    match body.block(block).terminator {
        Terminator::Invoke { handler, .. } => Some(handler),
        Terminator::Throw { handler, .. } => handler,
        _ => None,
    }
}

/// Calls back with each live parameter of the handlers around the end of a block, and the value
/// that it gets there.
pub(super) fn given(body: &Body, trees: &Trees, block: Block, mut found: impl FnMut(Value, Value)) {
    let mut next = handler(body, block);
    // The parameters of the handler before, and what they got.
    let (mut of, mut got): (Option<Block>, Vec<Option<Value>>) = (None, Vec::new());
    while let Some(edge) = next {
        let source = |value: Value| match body.value(value).def {
            Def::Param(from, number, _) if Some(from) == of => {
                got.get(number as usize).copied().flatten()
            }
            Def::Param(..) | Def::Result(..) => Some(value),
        };
        let args: Vec<Option<Value>> =
            body.args(&edge).iter().map(|arg| arg.value().and_then(source)).collect();
        for (param, arg) in body.block(edge.block).params().zip(&args) {
            if let Some(arg) = arg.filter(|_| trees.is_live(param)) {
                found(param, arg);
            }
        }
        next = match body.block(edge.block).terminator {
            Terminator::Catch { outer, .. } => outer,
            _ => None,
        };
        (of, got) = (Some(edge.block), args);
    }
}

/// Whether a parameter of a handler needs a move to get a value.
pub(super) fn differs(trees: &Trees, locals: &Locals, param: Value, arg: Value) -> bool {
    trees.is_remat(arg) || locals.of(arg) != locals.of(param)
}

/// Marks the parameters that have to be apart, of those that are not, or `all`; whether there are
/// any (X9).
pub(super) fn mark(
    body: &Body,
    trees: &Trees,
    locals: &Locals,
    all: bool,
    apart: &mut [bool],
) -> bool {
    let mut any = false;
    for (block, _) in body.blocks() {
        given(body, trees, block, |param, arg| {
            let apart = &mut apart[param.as_u32() as usize];
            if !*apart && (all || differs(trees, locals, param, arg)) {
                *apart = true;
                any = true;
            }
        });
    }
    any
}
