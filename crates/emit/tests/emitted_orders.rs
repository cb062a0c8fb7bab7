//! The proof of emission over bodies whose handlers stand in another order than Wasm gives them:
//! those around others come first.
//!
//! An emission is proved against its body and refused for another function, also where the outer
//! handler has a parameter for values that begin at the inner one. A green run does not show that
//! bodies in any order are proved: with that parameter this one is not, and neither the builder nor
//! passes make it.

use prova_emit::emitted::{EmittedBody, Homes, Rule, Twin};
use prova_emit::{Style, Types, assemble, emit_with};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::replace::Witness;
use prova_ssa::{Block, CheckedBody, Metering, Value, build, parse, print, renumber};

/// Two calls with a handler each, both inside two others, of which the inner one has a call too; a
/// local differs at them.
const NESTED: &str = "(module
  (import \"m\" \"see\" (func $see (param i32)))
  (tag $e) (tag $o) (tag $p)
  (func (export \"f\") (param $a i32) (result i32) (local $x i32)
    (block $l
      (try_table (catch $e $l)
        (block $m
          (try_table (catch $o $m)
            (call $see (i32.const 0))
            (local.set $x (i32.const 5))
            (block $n
              (try_table (catch $p $n) (call $see (i32.const 1)))
              (local.set $x (i32.const 7))
              (block $k (try_table (catch $p $k) (call $see (i32.const 2))) (return (i32.const 100)))
              (return (i32.const 101)))
            (return (i32.const 102)))
          (unreachable))
        (return (i32.const 103)))
      (unreachable))
    (call $see (local.get $x))
    (local.get $x)))";

/// A handler around two others has a call too, at which a local is another one.
const DIRECT: &str = "(module
  (import \"m\" \"see\" (func $see (param i32)))
  (tag $e) (tag $o) (tag $p)
  (func (export \"f\") (param $a i32) (result i32) (local $x i32)
    (block $l
      (try_table (catch $e $l)
        (local.set $x (i32.const 3))
        (call $see (i32.const 0))
        (block $m
          (try_table (catch $o $m)
            (block $n
              (try_table (catch $p $n)
                (local.set $x (i32.const 5))
                (call $see (i32.const 1)))
              (return (i32.const 100)))
            (return (i32.const 101)))
          (unreachable))
        (return (i32.const 102)))
      (unreachable))
    (call $see (local.get $x))
    (local.get $x)))";

const FUNC: FuncIdx = FuncIdx(1);

fn proved(text: &str) -> (Module, CheckedBody) {
    let bytes = wat::parse_str(text).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a module");
    let body = build(&module, FUNC, Metering::NONE).expect("a body");
    let body = CheckedBody::check(&module, body).expect("a proved body");
    (module, body)
}

/// The body with the two handlers around behind its first block; if the outer one is to have its
/// `own`, with a parameter for the local in it too, which is read behind it.
fn outside_in(body: &CheckedBody, own: bool) -> CheckedBody {
    let text = print(body.body());
    let (head, blocks) = text.split_once("\nblock").expect("blocks");
    let blocks: Vec<&str> = blocks.trim_end().split("\nblock").collect();
    let tag = |block: &str| ["catch tag1", "catch tag0"].map(|clause| block.contains(clause));
    let is_around = |block: &&&str| tag(block) != [false; 2];
    let around: Vec<&&str> = blocks.iter().filter(is_around).collect();
    let inside = blocks[1..].iter().filter(|block| !is_around(block));
    let local = around[0].split_once('(').and_then(|(_, rest)| rest.split_once(':'));
    let local = local.expect("a parameter").0;
    let (mut order, mut new) = (Vec::new(), format!("{head}\n"));
    for block in blocks[..1].iter().chain(around.iter().copied()).chain(inside) {
        order.push(Block::from_u32(number(block.split_once(' ').expect("a name").0)));
        let block = match tag(block) {
            _ if !own => (*block).to_owned(),
            [true, _] => {
                let (clauses, outer) = block.split_once(" outer ").expect("a handler around");
                let outer = outer.replacen("()", &format!("({local})"), 1);
                format!("{clauses} outer {outer}")
            }
            [_, true] => block.replacen("()\n", "(v99: i32 local1)\n", 1),
            _ => block.replace(local, "v99"),
        };
        new += &format!("block{block}\n");
    }
    let new = parse(&renumber(&new)).unwrap_or_else(|error| panic!("{error}: {new}"));
    let local = Value::from_u32(number(&local[1..]));
    let mut params = vec![Value::from_u32(0), local];
    params.extend(own.then_some(local));
    let witness = Witness { blocks: order, params, ..Witness::default() };
    body.replace(new, &witness).unwrap_or_else(|refused| panic!("{refused}"))
}

fn number(digits: &str) -> u32 {
    digits.parse().expect("a number")
}

/// The rules by which the function is refused as what `other` was emitted as.
fn judge((module, body): (Module, CheckedBody), other: &str) -> [Option<Rule>; 2] {
    let (types, other) = (Types::new(&module), proved(other).1);
    [Style::Short, Style::Plain].map(|style| {
        let homes = emit_with(style, &module, &types, body.body()).expect("bytes").1;
        let emitted = emit_with(style, &module, &types, other.body()).expect("bytes").0;
        let new = assemble(&module, &types, &[Some(&emitted)]).bytes;
        let new = Module::decode(new, &Features::default(), &Limits::default());
        let twin = Twin::check(&module, &new.expect("a module")).expect("the same but for bodies");
        EmittedBody::check(&twin, &body, &Homes(&homes)).err().map(|rejection| rejection.rule)
    })
}

fn nested(own: bool) -> (Module, CheckedBody) {
    let (module, body) = proved(NESTED);
    (module, outside_in(&body, own))
}

/// The text with a constant where the local is read.
fn constant(text: &str, number: u32) -> String {
    text.replace("(local.get $x)", &format!("(i32.const {number})"))
}

#[test]
fn handlers_may_stand_before_those_inside_them() {
    assert_eq!(judge(nested(false), NESTED), [None; 2]);
    assert_eq!(judge(proved(DIRECT), DIRECT), [None; 2]);
}

/// The outer handler is reached by one edge, but from all calls; or by two edges.
#[test]
fn what_a_handler_around_has_is_not_what_it_was_at_one_call() {
    for number in [0, 5, 7] {
        for own in [false, true] {
            let rules = judge(nested(own), &constant(NESTED, number));
            assert!(rules.iter().all(Option::is_some), "{number} {own}");
        }
    }
    for number in [3, 5] {
        let rules = judge(proved(DIRECT), &constant(DIRECT, number));
        assert!(rules.iter().all(Option::is_some), "{number}");
    }
}
