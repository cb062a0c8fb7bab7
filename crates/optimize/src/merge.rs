//! Merging: a block to which a single jump leads becomes the end of the block that jumps.
//!
//! Its parameters are the arguments of that jump, where the types are the same. Blocks grow longer,
//! so what is known inside one block (`forward`) reaches further. Linear in the body.

use crate::dead::reached;
use crate::plant::planted;
use crate::rebuild::Plan;
use cranelift_entity::EntityRef;
use prova_ssa::{Body, Terminator};

/// Plans which blocks are appended.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let reached = reached(body);
    let mut entries = vec![0u32; body.block_count()];
    for (block, _) in body.blocks().filter(|(block, _)| reached[block.index()]) {
        body.successors(block).for_each(|edge| entries[edge.block.index()] += 1);
    }
    let mut plan = Plan::new(body);
    for (block, data) in body.blocks().filter(|(block, _)| reached[block.index()]) {
        let Terminator::Jump(edge) = data.terminator else { continue };
        let many = entries[edge.block.index()] != 1 && !planted!(ManyEntries);
        if many || edge.block == block {
            continue;
        }
        let params = || body.block(edge.block).params();
        let args: Option<Vec<_>> = body.args(&edge).iter().map(|arg| arg.value()).collect();
        let Some(args) = args else { continue };
        let same = |(param, &arg)| body.value(param).ty == body.value(arg).ty;
        if params().zip(&args).all(same) {
            params().zip(args).for_each(|(param, arg)| {
                let stand = plan.resolve(arg);
                plan.stand(param, stand);
            });
            plan.appended[edge.block.index()] = true;
            plan.changes = true;
        }
    }
    plan
}
