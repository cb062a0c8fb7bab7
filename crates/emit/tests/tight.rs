//! Emission with values as results of blocks, `if`s for blocks, zeroes that are not written: what
//! is written, that it is proved, and that what is nearly the same is refused.
//!
//! A green run does not show that all code becomes as short as it could be.

use prova_emit::emitted::{EmittedBody, Homes, Rule, Twin};
use prova_emit::{Style, Types, assemble, emit_with};
use prova_module::{Features, FuncIdx, Limits, Module, Operator};
use prova_ssa::{CheckedBody, Metering, build};
use wasmparser::BlockType;

const HEAD: &str = "(module (memory 1) (func $see (param i32)) (func (export \"f\")
    (param $a i32) (param $b i32) (result i32) (local $x i32) (local $y i32) (local $z f64)";

fn proved(text: &str) -> (Module, CheckedBody) {
    let bytes = wat::parse_str(format!("{HEAD}{text}))")).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a module");
    let body = build(&module, FuncIdx(1), Metering::NONE).expect("a body");
    let body = CheckedBody::check(&module, body).expect("a proved body");
    (module, body)
}

/// The operators that are emitted for `other`, and the rule by which they are refused as `text`.
fn judged(style: Style, text: &str, other: &str) -> (Vec<&'static str>, Option<Rule>) {
    let ((module, body), (_, other)) = (proved(text), proved(other));
    let types = Types::new(&module);
    let homes = emit_with(style, &module, &types, body.body()).expect("bytes").1;
    let emitted = emit_with(style, &module, &types, other.body()).expect("bytes").0;
    let new = assemble(&module, &types, &[None, Some(&emitted)]).bytes;
    let new = Module::decode(new, &Features::default(), &Limits::default()).expect("a module");
    let twin = Twin::check(&module, &new).expect("the same but for bodies");
    let rule = EmittedBody::check(&twin, &body, &Homes(&homes)).err().map(|refused| refused.rule);
    let operators = new.body(FuncIdx(1)).expect("a body").operators();
    let named = |operator: Operator<'_>| match operator {
        Operator::Block { blockty: BlockType::Type(_) } => Some("block result"),
        Operator::Block { .. } => Some("block"),
        Operator::If { blockty: BlockType::Type(_) } => Some("if result"),
        Operator::If { .. } => Some("if"),
        Operator::LocalSet { .. } => Some("set"),
        Operator::LocalTee { .. } => Some("tee"),
        Operator::Br { .. } => Some("br"),
        Operator::BrIf { .. } => Some("br_if"),
        _other => None,
    };
    (operators.into_iter().map_while(Result::ok).filter_map(named).collect(), rule)
}

const ARMS: &str = "(if (local.get $a)
        (then (local.set $x (i32.mul (local.get $b) (i32.const 3))))
        (else (local.set $x (i32.div_u (local.get $b) (i32.const 5)))))
    (i32.add (local.get $x) (i32.const 1))";

const AGAIN: &str = "(if (local.get $a)
        (then (local.set $x (i32.mul (local.get $b) (i32.const 3))))
        (else (local.set $x (i32.div_u (local.get $b) (i32.const 5)))))
    (i32.add (local.get $x) (local.get $x))";

const WAYS: &str = "(block $out
        (block $more (br_if $more (i32.eqz (local.get $a)))
            (br_if $more (i32.eqz (i32.load (local.get $a))))
            (local.set $x (i32.mul (local.get $b) (i32.const 3)))
            (br $out))
        (call $see (local.get $b))
        (local.set $x (i32.div_u (local.get $b) (i32.const 5))))
    (i32.add (local.get $x) (local.get $x))";

const NESTED: &str = "(if (local.get $a)
        (then (if (local.get $b)
            (then (local.set $x (i32.load (local.get $a))))
            (else (local.set $x (i32.load (local.get $b))))))
        (else (local.set $x (i32.clz (local.get $b)))))
    (i32.add (local.get $x) (i32.const 1))";

const ZERO: &str = "(block (br_if 0 (i32.eqz (local.get $a)))
        (loop (local.set $x (i32.add (local.get $x) (i32.load (local.get $a))))
            (br_if 0 (local.tee $a (i32.load offset=4 (local.get $a))))))
    (i32.add (local.get $x) (local.get $b))";

const ZERO_AGAIN: &str = "(loop $outer
        (local.set $x (i32.const 0))
        (loop (local.set $x (i32.add (local.get $x) (i32.load (local.get $a))))
            (br_if 0 (local.tee $a (i32.load offset=4 (local.get $a)))))
        (call $see (local.get $x))
        (br_if $outer (local.tee $a (i32.load (local.get $b)))))
    (i32.const 7)";

fn guarded(condition: &str) -> String {
    format!(
        "(local.set $z (f64.load (local.get $b)))
        (block $skip (br_if $skip ({condition}))
            (call $see (i32.load (local.get $a)))
            (call $see (i32.load offset=8 (local.get $a))))
        (i32.load offset=16 (local.get $a))"
    )
}

const NEGATED: [(&str, &str); 4] = [
    ("i32.lt_u (local.get $a) (local.get $b)", "i32.le_u (local.get $a) (local.get $b)"),
    ("i32.eqz (local.get $a)", "i32.eqz (local.get $b)"),
    ("i32.ne (local.get $a) (local.get $b)", "i32.eq (local.get $a) (local.get $b)"),
    ("f64.eq (local.get $z) (local.get $z)", "f64.ne (local.get $z) (local.get $z)"),
];

#[test]
fn code_is_short_and_proved() {
    let kept = guarded("f64.lt (local.get $z) (f64.const 2)");
    let cases: [(&str, &[&str]); 7] = [
        // One read: no local. Several: one write.
        (ARMS, &["if result"]),
        (AGAIN, &["if result", "tee"]),
        (WAYS, &["block result", "block", "br_if", "br_if", "br", "tee"]),
        // What the inner one leaves is what the outer one takes.
        (NESTED, &["if result", "if result"]),
        (ZERO, &["if", "set", "tee", "br_if"]),
        (ZERO_AGAIN, &["set", "set", "tee", "br_if", "tee", "br_if"]),
        (&kept, &["block", "br_if"]),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let (found, rule) = judged(Style::Short, text, text);
        if found != expected || rule.is_some() {
            wrong.push(format!("{found:?} {rule:?} of {text}"));
        }
        assert_eq!(judged(Style::Loose, text, text).1, None, "{text}");
    }
    for (condition, _) in NEGATED {
        let text = guarded(condition);
        let (found, rule) = judged(Style::Short, &text, &text);
        if !found.contains(&"if") || found.contains(&"br_if") || rule.is_some() {
            wrong.push(format!("{found:?} {rule:?} of {text}"));
        }
        let (found, rule) = judged(Style::Loose, &text, &text);
        assert!(found.contains(&"br_if") && rule.is_none(), "{found:?} {rule:?} of {text}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Code of nearly the same text is refused, with the same shape.
#[test]
fn what_is_nearly_the_same_is_refused() {
    let edits = [
        (ARMS, "(i32.const 3)", "(i32.const 4)", Rule::Operands),
        (AGAIN, "(i32.const 5)", "(i32.const 6)", Rule::Operands),
        (NESTED, "(i32.clz (local.get $b))", "(i32.clz (local.get $a))", Rule::Operands),
        (ZERO, "(block (br_if", "(local.set $x (i32.const 1)) (block (br_if", Rule::Operands),
    ];
    let mut wrong = Vec::new();
    for (text, from, to, rule) in edits {
        assert!(text.contains(from), "{text}");
        let found = judged(Style::Short, text, &text.replacen(from, to, 1)).1;
        if found != Some(rule) {
            wrong.push(format!("{found:?}, not {rule:?}: {from} to {to} in {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (condition, other) in NEGATED {
        let (found, rule) = judged(Style::Short, &guarded(condition), &guarded(other));
        // The opposite condition is a negation, by which the edges lead elsewhere.
        let refused = matches!(rule, Some(Rule::Operands | Rule::Effects));
        assert!(found.contains(&"if") && refused, "{condition}: {rule:?}");
    }
}
