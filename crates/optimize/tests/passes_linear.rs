//! The bodies and witnesses of passes grow as the function does, for shapes that grow; and the
//! steps of their check have a limit (Q14), which is tested on both sides.
//!
//! A green run does not show how long passes take: `examples/linear.rs` measures that over the same
//! shapes. The check counts its steps, so that a body that it accepts was walked within the limit.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::Pass;
use prova_ssa::replace::{PassRule, Witness};
use prova_ssa::{
    Assembler, Body, CheckedBody, Def, Metering, Origin, Place, Terminator, Value, build,
};

use crate::shapes;

/// The body of the only function of a text, and how many bytes the function has.
fn proved(text: &str, metering: Metering) -> (CheckedBody, usize) {
    let bytes = wat::parse_str(text).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    let wasm = module.body(FuncIdx(0)).map_or(0, |body| body.bytes().len());
    let body = build(&module, FuncIdx(0), metering).expect("a body");
    (CheckedBody::check(&module, body).unwrap_or_else(|why| panic!("{why}")), wasm)
}

/// How many words a witness has.
fn words(witness: &Witness) -> usize {
    let Witness { blocks, params, claims, threaded, covers, overwritten, dying } = witness;
    let stores = overwritten.len() + dying.len();
    blocks.len() + params.len() + claims.len() + threaded.len() + covers.len() + stores
}

/// The sum of what all passes in a row make of a text's function and say of it, for each byte of
/// the function.
fn rate(name: &str, text: &str) -> f64 {
    let (mut body, wasm) = proved(text, Metering::BOTH);
    let mut made = 0;
    for pass in Pass::DEFAULT {
        let Some((after, witness)) = pass.run(&body) else { continue };
        made += shapes::size(&after) + words(&witness);
        body = body.replace(after, &witness).unwrap_or_else(|why| panic!("{name}, {pass}: {why}"));
    }
    made as f64 / wasm as f64
}

#[test]
fn what_passes_make_grows_as_the_function() {
    for shape in shapes::SHAPES {
        // The greatest size takes long without optimisation.
        let [first, _, last, _] = shape.sizes;
        let [before, after] = [first, last].map(|size| rate(shape.name, &(shape.make)(size)));
        assert!(after <= before * 1.5 + 0.1, "{}: {before:.2} then {after:.2}", shape.name);
    }
}

/// A body in which `length` edges lead into a chain of `length` empty blocks, the same with edges
/// that lead to its end at once, and the witness. To follow them takes the square of the number.
fn over_a_chain(length: usize) -> (CheckedBody, Body, Witness) {
    let branches: String = (0..length).map(|at| format!("(br_if {at} (local.get 0))")).collect();
    let (open, close) = ("block ".repeat(length), "end ".repeat(length));
    let text = format!("(module (func (param i32) {open} {branches} {close}))");
    let (before, _) = proved(&text, Metering::NONE);
    let old = before.body();
    let is_link = |block| {
        let data = old.block(block);
        let is_label = matches!(data.origin, Origin::Label(_));
        is_label && data.insts().len() == 0 && matches!(data.terminator, Terminator::Jump(_))
    };
    let (links, kept): (Vec<_>, Vec<_>) =
        old.blocks().map(|(block, _)| block).partition(|&block| is_link(block));
    assert_eq!(links.len(), length - 1);
    let end = kept.len() - 1;
    let number = |block| kept.iter().position(|&kept| kept == block).unwrap_or(end) as u32;
    let mut new = Assembler::new(old.func(), old.metering());
    for &block in &kept {
        let data = old.block(block);
        new.block(data.origin, data.offset);
        for param in data.params() {
            let value = old.value(param);
            let Def::Param(_, _, place) = value.def else { panic!("{param} is no parameter") };
            assert!(matches!(place, Place::Local(0)));
            new.param(value.ty, place);
        }
        let mut edge = |to| new.edge(prova_ssa::Block::from_u32(number(to)), &[]);
        let terminator = match data.terminator {
            Terminator::Jump(to) => Terminator::Jump(edge(to.block)),
            Terminator::Branch { condition, then, otherwise } => Terminator::Branch {
                condition,
                then: edge(then.block),
                otherwise: edge(otherwise.block),
            },
            other => other,
        };
        new.end(terminator, data.end);
    }
    let params = vec![Value::from_u32(0)];
    let witness = Witness { blocks: kept, params, threaded: links, ..Witness::default() };
    let new = new.finish();
    (before, new, witness)
}

/// By which rule a chain of a length is refused.
fn refused(length: usize) -> Option<PassRule> {
    let (before, after, witness) = over_a_chain(length);
    before.replace(after, &witness).err().map(|rejection| rejection.rule)
}

#[test]
fn steps_have_a_limit() {
    let (mut accepted, mut over) = (50, 1_000);
    assert_eq!((refused(accepted), refused(over)), (None, Some(PassRule::Size)));
    while over - accepted > 1 {
        let middle = (accepted + over) / 2;
        match refused(middle) {
            None => accepted = middle,
            Some(rule) => {
                assert_eq!(rule, PassRule::Size);
                over = middle;
            }
        }
    }
    // Some 192 steps for each block of the chain and 4096 besides are allowed; the edges take half
    // the square of its length.
    let allowed = |length: usize| 4096 + 192 * length;
    assert!(accepted * accepted / 2 <= allowed(accepted) + 64 * 8, "{accepted}");
    assert!(over * over / 2 + 8 * over >= allowed(over), "{over}");
}
