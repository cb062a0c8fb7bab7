//! The limit of the check of passes (Q14), on both sides.
//!
//! Green shows that honest work below the limit is accepted and that more is refused. It does not
//! show how long a step takes.

use prova_module::{Features, FuncIdx, Limits, Module, ValType};
use prova_ssa::passes::{PassRule, Witness};
use prova_ssa::{
    Assembler, Block, Body, CheckedBody, Edge, Metering, Origin, Place, Terminator, Value, build,
};
use std::fmt::Write;

/// So many branches to the first of `chain` blocks that only jump, each to the next one.
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
