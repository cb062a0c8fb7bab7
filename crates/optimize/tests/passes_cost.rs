//! The cost of stores that are overwritten unseen: a large witness for a small body is refused
//! (Q14), and the pass writes little for each of many short blocks.
//!
//! A green run does not show how long a comparison takes.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::Pass;
use prova_ssa::replace::{Dying, PassRule, Witness};
use prova_ssa::{Block, CheckedBody, Metering, Value, build};

fn proved(text: &str) -> CheckedBody {
    let bytes = wat::parse_str(text).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    let body = build(&module, FuncIdx(0), Metering::NONE).expect("a body");
    CheckedBody::check(&module, body).unwrap_or_else(|why| panic!("{why}"))
}

/// A store that dies, `count` branches, and `stores` stores behind them all.
fn branches(count: usize, stores: usize) -> CheckedBody {
    let store = |at| format!("(i32.store offset={at} (local.get 0) (i32.const 0))");
    let all: String = (0..stores).map(|at| store(4 * at)).collect();
    let first = store(4 * stores) + &store(4 * stores - 4);
    let many = "(br_if 0 (local.get 1))".repeat(count);
    proved(&format!("(module (memory 1) (func (param i32 i32) {first} (block {many}) {all}))"))
}

#[test]
fn what_is_said_of_short_blocks_is_limited() {
    for (count, ranges, refused) in [(4, 32, false), (2_000, 2, false), (2_000, 100, true)] {
        let body = branches(count, 128);
        let old = body.body();
        let mut witness = Witness::identity(old);
        witness.overwritten.extend(old.blocks().next().and_then(|(_, data)| data.insts().last()));
        for block in (1..old.block_count() as u32).map(Block::from_u32) {
            let dying = (128 - ranges..128).map(|at| Dying {
                block,
                memory: 0,
                root: Some(Value::from_u32(0)),
                at: 4 * at,
                to: 4 * at + 4,
            });
            witness.dying.extend(dying);
        }
        let given = body.replace(old.clone(), &witness).err().map(|rejection| rejection.rule);
        assert_eq!(given, refused.then_some(PassRule::Size), "{count} branches, {ranges} ranges");
    }
}

#[test]
fn the_pass_keeps_to_the_limit() {
    for count in [4, 100, 5_000] {
        let body = branches(count, 128);
        let (after, witness) = Pass::Stores.run(&body).expect("a store goes");
        assert_eq!(body.replace(after, &witness).err(), None, "{count} branches");
        let blocks = body.body().block_count();
        assert!(witness.dying.len() <= 256 + 8 * blocks, "{} of {blocks}", witness.dying.len());
    }
}
