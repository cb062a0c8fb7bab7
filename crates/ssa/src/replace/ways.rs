//! Ways into blocks: a body → for each block the one other block from which all edges lead there.
//!
//! Facts at the end of that block hold at the start of this one, if nothing happens on the edges. A
//! call that may throw, a throw and a handler do something: where they lead is entered in another
//! way.
//!
//! The check of passes trusts it (X6 of `memory`); `forward` plans by it. Noticed by: `tests`
//! here, and the twins of the check.

use crate::body::Body;
use crate::entity::Block;
use crate::terminator::Terminator;
use cranelift_entity::EntityRef;

/// How a block is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Not at all, as known so far.
    None,
    /// From one block, whose end does nothing else.
    One(Block),
    /// From several, or in another way.
    Many,
}

/// By block: how it is entered.
pub(super) struct Ways(Vec<Way>);

impl Ways {
    pub(super) fn new(body: &Body) -> Ways {
        let mut ways = vec![Way::None; body.block_count()];
        ways[body.entry().index()] = Way::Many;
        for (block, data) in body.blocks() {
            let plain = is_plain(&data.terminator);
            for edge in body.successors(block) {
                let way = &mut ways[edge.block.index()];
                *way = match *way {
                    Way::None if plain => Way::One(block),
                    Way::One(from) if plain && from == block => Way::One(from),
                    Way::None | Way::One(_) | Way::Many => Way::Many,
                };
            }
        }
        Ways(ways)
    }

    /// The blocks that only this one leads to and that stand behind it, each as often as edges lead
    /// there.
    pub(super) fn from<'b>(
        &self,
        body: &'b Body,
        block: Block,
    ) -> impl Iterator<Item = Block> + use<'_, 'b> {
        let all = body.successors(block).map(|edge| edge.block);
        all.filter(move |&to| to > block && self.0[to.index()] == Way::One(block))
    }
}

/// Whether a block's end does nothing but decide where to go on.
fn is_plain(terminator: &Terminator) -> bool {
    match terminator {
        Terminator::Jump(_)
        | Terminator::Branch { .. }
        | Terminator::Table { .. }
        | Terminator::Null { .. }
        | Terminator::Cast { .. } => true,
        Terminator::Invoke { .. }
        | Terminator::Throw { .. }
        | Terminator::Catch { .. }
        | Terminator::Return(_)
        | Terminator::TailCall(_)
        | Terminator::Unreachable => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Ways;
    use crate::{Metering, build};
    use prova_module::{Features, Limits, Module};

    /// A loop's header, a join and what a call that throws leads to are entered in other ways.
    #[test]
    fn blocks_with_one_way_in() {
        let text = "(module (tag $t) (func $f)
            (func (param i32) (if (local.get 0) (then (call $f)) (else (call $f))))
            (func (param i32) (loop (br_if 0 (local.get 0))))
            (func (block (try_table (catch $t 0) (call $f)))))";
        let bytes = wat::parse_str(text).expect("a module");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        let found: Vec<Vec<(u32, u32)>> = module
            .defined_funcs()
            .map(|func| {
                let body = build(&module, func, Metering::NONE).expect("a body");
                let ways = Ways::new(&body);
                let all = body.blocks().flat_map(|(block, _)| {
                    ways.from(&body, block).map(move |to| (block.as_u32(), to.as_u32()))
                });
                all.collect()
            })
            .collect();
        assert_eq!(found, [vec![], vec![(0, 1), (0, 2)], vec![(1, 2)], vec![]]);
    }
}
