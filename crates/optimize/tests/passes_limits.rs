//! The limits of the check of passes, on both sides: steps (Q14), and what is known of memory
//! (tables of it have limits, beyond which the passes propose no more than the check knows).
//!
//! Green shows that honest work below the limit is accepted and that more is refused or not done.
//! It does not show how long a step takes.

use prova_module::{Features, FuncIdx, Limits, Module, ValType};
use prova_optimize::{Pass, optimize};
use prova_ssa::replace::{PassRule, Witness};
use prova_ssa::{
    Assembler, Block, Body, CheckedBody, Edge, Metering, Origin, Place, Terminator, Value, build,
};
use std::fmt::Write;

/// `branches` branches to the first of `chain` blocks that only jump, each to the next one.
fn chained(branches: usize, chain: usize) -> Module {
    let mut text = "(module (func (param i32) ".to_owned();
    (0..=chain).for_each(|at| write!(text, "block $b{at} ").expect("a string"));
    (0..branches).for_each(|_| write!(text, "local.get 0 br_if $b{chain} ").expect("a string"));
    (0..chain).rev().for_each(|at| write!(text, "end br $b{at} ").expect("a string"));
    let bytes = wat::parse_str(text + "end))").expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// Whether a block only jumps on from a label.
fn is_chained(body: &Body, block: Block) -> bool {
    let data = body.block(block);
    matches!((data.origin, data.terminator), (Origin::Label(_), Terminator::Jump(_)))
}

/// The body without its chain: every edge leads to where the chain does.
fn threaded(body: &Body, func: FuncIdx) -> (Body, Witness) {
    let all = || body.blocks().map(|(block, _)| block);
    let kept: Vec<Block> = all().filter(|&block| !is_chained(body, block)).collect();
    let last = Block::from_u32(kept.len() as u32 - 1);
    let mut out = Assembler::new(func, Metering::NONE);
    for &block in &kept {
        let data = body.block(block);
        out.block(data.origin, data.offset);
        if block == body.entry() {
            out.param(ValType::I32, Place::Local(0));
        }
        let mut to = |edge: Edge| match is_chained(body, edge.block) {
            true => out.edge(last, &[]),
            false => {
                let at = kept.iter().position(|&other| other == edge.block).expect("it is kept");
                out.edge(Block::from_u32(at as u32), &[])
            }
        };
        let terminator = match data.terminator {
            Terminator::Branch { condition, then, otherwise } => {
                Terminator::Branch { condition, then: to(then), otherwise: to(otherwise) }
            }
            Terminator::Jump(edge) => Terminator::Jump(to(edge)),
            other => other,
        };
        out.end(terminator, data.end);
    }
    let mut witness = Witness::identity(body);
    witness.blocks = kept;
    witness.params = vec![Value::from_u32(0)];
    witness.threaded = all().filter(|&block| is_chained(body, block)).collect();
    (out.finish(), witness)
}

#[test]
fn steps_over_threaded_blocks_are_limited() {
    for (branches, chain, refused) in [(10, 10, false), (150, 150, false), (400, 400, true)] {
        let module = chained(branches, chain);
        let func = module.defined_funcs().next().expect("a function");
        let body = build(&module, func, Metering::NONE).expect("a body");
        let before = CheckedBody::check(&module, body).expect("the builder's bodies are proved");
        let (after, witness) = threaded(before.body(), func);
        assert_eq!(witness.threaded.len(), chain);
        let given = before.replace(after, &witness).err().map(|rejection| rejection.rule);
        assert_eq!(given, refused.then_some(PassRule::Size), "{branches} over {chain}");
    }
}

/// `count` stores by one base, then in a block with one way in a load of the bytes that the last
/// one wrote.
fn stores(count: usize) -> Module {
    let mut text = "(module (memory 1) (func (param i32 i64 i32) ".to_owned();
    for at in 0..count {
        let value = format!("(i64.add (local.get 1) (i64.const {at}))");
        write!(text, "(i64.store offset={} (local.get 0) {value})", 8 * at).expect("a string");
    }
    let last = 8 * (count - 1);
    let load = format!("(i64.load offset={last} (local.get 0))");
    text += &format!("(if (local.get 2) (then (i64.store offset=8000 (local.get 0) {load})))))");
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// The facts of a block are passed on as long as they are few, and a load is forwarded that far:
/// each store adds a value and, except the last one, an end that was reached.
#[test]
fn a_load_is_forwarded_as_far_as_the_check_knows() {
    for (count, is_known) in [(1, true), (63, true), (64, false), (200, false)] {
        let module = stores(count);
        let body = build(&module, FuncIdx(0), Metering::NONE).expect("a body");
        let before = CheckedBody::check(&module, body).expect("the builder's bodies are proved");
        let insts = before.body().inst_count();
        for passes in [&[Pass::Forward][..], &Pass::DEFAULT] {
            let (after, refused) = optimize(before.clone(), passes);
            assert_eq!(refused, [], "{count} stores");
            if passes.len() == 1 {
                assert_eq!(after.body().inst_count() < insts, is_known, "{count} stores");
            }
        }
    }
}
