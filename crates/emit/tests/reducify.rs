//! Irreducible bodies become reducible ones, and what is not the same body is refused by its rule.
//!
//! The body comes from a state machine whose loop is dissolved: states 1 and 2 are entries of one
//! loop. Green does not show that every irreducible body has a reducible one: the project's random
//! graphs do.

use prova_emit::reducify::{Irreducible, dissolve, is_reducible, propose, reducify};
use prova_emit::trip::{self, Options, Outcome};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::replace::{PassRule, Witness};
use prova_ssa::{Body, CheckedBody, Metering, Terminator, build, parse, print, renumber};

const STATES: &str = "(module (global $g (mut i32) (i32.const 0))
  (func (export \"f\") (param $a i32) (result i32)
    (local $b i32) (local $c i32) (local $n i32) (local $s i32)
    (local.set $n (i32.const 9))
    (loop $d (block $n2 (block $n1 (block $n0 (br_table $n0 $n1 $n2 (local.get $s)))
      (local.set $c (i32.mul (local.get $a) (i32.const 5)))
      (if (local.get $a)
        (then (local.set $s (i32.const 1)) (br $d)) (else (local.set $s (i32.const 2)) (br $d))))
      (global.set $g (i32.add (global.get $g) (local.get $b)))
      (local.set $b (i32.add (local.get $b) (local.get $c)))
      (local.set $s (i32.const 2)) (br $d))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (if (local.get $n)
        (then (local.set $s (i32.const 1)) (br $d)) (else (return (local.get $b)))))
    (unreachable)))";

fn module() -> Module {
    let bytes = wat::parse_str(STATES).expect("a text");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a module")
}

/// The graph of the states.
fn states(body: &CheckedBody) -> CheckedBody {
    let mut blocks = body.body().blocks();
    let is_table =
        |data: &prova_ssa::BlockData| matches!(data.terminator, Terminator::Table { .. });
    let (block, _) = blocks.find(|(_, data)| is_table(data)).expect("a table");
    let graph = dissolve(body, block).expect("proved").expect("a state machine");
    let (graph, refused) = optimize(graph, &[Pass::Params]);
    assert!(refused.is_empty());
    graph
}

fn graph() -> CheckedBody {
    let module = module();
    let body = build(&module, FuncIdx(0), Metering::NONE).expect("a body");
    states(&CheckedBody::check(&module, body).expect("a proved body"))
}

#[test]
fn an_irreducible_body_is_made_reducible_and_emitted() {
    let graph = graph();
    assert!(!is_reducible(graph.body()));
    let made = reducify(&graph).expect("a proof").expect("another body");
    assert!(is_reducible(made.body()));
    assert!(reducify(&made).expect("nothing to do").is_none());
    let limits = Limits::default();
    let transform = |body: CheckedBody| Some(states(&body));
    let options = Options { transform: &transform, threads: 1, limits: &limits };
    let trip = trip::module(&module(), &options).expect("a trip");
    assert_eq!(trip.outcomes[0].1, Outcome::Replaced, "{}", trip.outcomes[0].1);
}

/// The rule by which the reducible body is refused where its text is edited.
fn edited(edit: impl Fn(String) -> String, change: impl Fn(&mut Witness)) -> Option<PassRule> {
    let graph = graph();
    let (last, mut witness) = propose(graph.body()).expect("a body").expect("another body");
    let text = print(&last);
    let new = edit(text.clone());
    change(&mut witness);
    let body: Body = parse(&renumber(&new)).expect("a body");
    graph.undo(body, &witness).err().map(|rejection| rejection.rule)
}

/// The text of the dispatch, from its head to its end.
fn dispatch(text: &str) -> (usize, usize) {
    let from = text.find(" none @").expect("a dispatch");
    let from = text[..from].rfind('\n').map_or(0, |at| at + 1);
    let to = text[from + 1..].find("\nblock").map_or(text.len(), |at| from + 2 + at);
    (from, to)
}

#[test]
fn twins_of_the_dispatch_are_refused() {
    let same = |_: &mut Witness| {};
    assert_eq!(edited(|text| text, same), None);
    let swapped = |text: String| {
        let (from, to) = dispatch(&text);
        let block = &text[from..to];
        let at = from + block.find("branch ").expect("two entries");
        let line = text[at..].lines().next().expect("a line");
        let (head, rest) = line.split_once(" block").expect("edges");
        let (one, rest) = rest.split_once(" block").expect("two edges");
        let (other, end) = rest.split_once(" @").expect("an offset");
        text.replace(line, &format!("{head} block{other} block{one} @{end}"))
    };
    assert_eq!(edited(swapped, same), Some(PassRule::Targets));
    // Selectors are the last constants of the entry: both are the same now.
    let selector = |text: String| {
        let end = text.find("\nblock1 ").expect("another block");
        let at = text[..end].rfind("i32.const bits=0x1 ").expect("a selector");
        text[..at].to_owned() + &text[at..].replacen("bits=0x1", "bits=0x0", 1)
    };
    assert_eq!(edited(selector, same), Some(PassRule::Targets));
    let unsaid = |witness: &mut Witness| witness.threaded.clear();
    assert_eq!(edited(|text| text, unsaid), Some(PassRule::Arguments));
    let effect = |text: String| {
        let (from, _) = dispatch(&text);
        let end = from + text[from..].find('\n').expect("a line");
        let selector = text[from..].split_once('(').expect("parameters").1;
        let selector = selector.split_once(':').expect("a selector").0;
        format!("{}\n  global.set global=0 {selector} @0x1{}", &text[..end], &text[end..])
    };
    assert_eq!(edited(effect, same), Some(PassRule::Threaded));
    let untyped = |text: String| text.replacen("(v0: i32 local0)", "(v0: i64 local0)", 1);
    assert_eq!(edited(untyped, same), Some(PassRule::Form));
    let foreign = |witness: &mut Witness| witness.blocks.swap(1, 2);
    assert!(edited(|text| text, foreign).is_some());
}

#[test]
fn twins_of_slots_are_refused() {
    // An entry that gets the slots of the dispatch in another order.
    let mixed = |text: String| {
        let (from, to) = dispatch(&text);
        let at = from + text[from..to].find("branch ").expect("two entries");
        let line = text[at..].lines().next().expect("a line").to_owned();
        let (head, rest) = line.split_once('(').expect("arguments");
        let (args, end) = rest.split_once(')').expect("arguments");
        let mut args: Vec<&str> = args.split(", ").collect();
        args.swap(0, 1);
        text.replace(&line, &format!("{head}({}){end}", args.join(", ")))
    };
    assert_eq!(edited(mixed, |_| {}), Some(PassRule::Arguments));
}

#[test]
fn what_is_beyond_the_limits_says_so() {
    assert_eq!(Irreducible::Limit.to_string(), "its flow is irreducible, and is left so");
}
