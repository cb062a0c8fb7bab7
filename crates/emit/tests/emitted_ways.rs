//! Functions whose right emission was refused once (`emitted/ways.wat`): each is proved on its
//! trip, without passes and behind all, and what an edited one is emitted as is refused, with each
//! join as a place too.
//!
//! A green run does not show that all such functions are proved: the project's campaign of
//! generated modules does (`prova-testing ssa-trips`).

use prova_emit::emitted::{EmittedBody, Homes, Rule, Twin};
use prova_emit::trip::{self, Options};
use prova_emit::{Style, Types, assemble, emit_with};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::{CheckedBody, Metering, build};

const WAYS: &str = include_str!("emitted/ways.wat");

/// Of each edit the function, by number, and the rule that refuses what is emitted then: the one of
/// the first walk, which refuses the first three functions and the sixth as they are, too.
const TWINS: &[(u32, &str, &str, Rule)] = &[
    (0, "local.get 0 local.set 1", "nop", Rule::Arguments),
    (0, "i32.le_u drop i32.const 0", "i32.le_u drop local.get 0", Rule::Arguments),
    (1, "local.get 0 local.set 2", "local.get 3 local.set 2", Rule::Arguments),
    (1, "local.get 2 global.set", "local.get 0 global.set", Rule::Arguments),
    (2, "br_table 1 3 1", "br_table 1 3 4", Rule::Targets),
    (2, "local.get 4 local.set 2", "local.get 0 local.set 2", Rule::Targets),
    (3, "local.get 3 local.set 2", "local.get 1 local.set 2", Rule::Arguments),
    (3, "local.tee 0", "local.tee 1", Rule::Arguments),
    (4, "drop i32.const 0", "drop i32.const 1", Rule::Arguments),
    (5, "local.get 1 local.set 0", "local.get 2 local.set 0", Rule::Arguments),
    (5, "local.get 0 local.get 1 i32.and", "local.get 0 local.get 0 i32.and", Rule::Arguments),
    (6, "local.get 3 local.set 0", "i64.const 5 local.set 0", Rule::Arguments),
    (6, "local.get 3 local.set 1", "i64.const 5 local.set 1", Rule::Arguments),
    (6, "local.get 3 local.set 1", "local.get 0 local.set 1", Rule::Arguments),
];

/// From this one on functions are refused behind all passes as well.
const BEHIND: u32 = 5;

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a text");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a module")
}

fn proved(module: &Module, func: FuncIdx) -> CheckedBody {
    let body = build(module, func, Metering::NONE).expect("a body");
    CheckedBody::check(module, body).expect("a proved body")
}

/// The rule by which a function is refused, behind passes, as what `other` was emitted as.
fn judge(func: FuncIdx, passes: &[Pass], other: &str) -> Option<Rule> {
    let (module, other) = (module(WAYS), module(other));
    let proved = |module: &Module, func| optimize(proved(module, func), passes).0;
    let (types, body) = (Types::new(&module), proved(&module, func));
    let emit = |body: &CheckedBody| emit_with(Style::Plain, &module, &types, body.body());
    let homes = emit(&body).expect("bytes").1;
    let emitted = emit(&proved(&other, func)).expect("bytes").0;
    let bodies: Vec<_> =
        module.defined_funcs().map(|at| (at == func).then_some(&emitted)).collect();
    let new = assemble(&module, &types, &bodies).bytes;
    let new = Module::decode(new, &Features::default(), &Limits::default()).expect("a module");
    let twin = Twin::check(&module, &new).expect("the same but for bodies");
    EmittedBody::check(&twin, &body, &Homes(&homes)).err().map(|rejection| rejection.rule)
}

#[test]
fn each_twin_is_refused_by_its_rule() {
    let mut wrong = Vec::new();
    for &(func, from, to, rule) in TWINS {
        assert!(WAYS.contains(from), "no {from}");
        for passes in [&[][..], if func < BEHIND { &[][..] } else { &Pass::DEFAULT }] {
            assert_eq!(judge(FuncIdx(func), passes, WAYS), None, "{func}");
            let given = judge(FuncIdx(func), passes, &WAYS.replace(from, to));
            if given != Some(rule) {
                wrong.push(format!("{given:?}, not {rule:?}: {func}: {from} => {to} {passes:?}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn each_function_is_proved_on_its_trip() {
    let (module, limits) = (module(WAYS), Limits::default());
    for passes in [&[][..], &Pass::DEFAULT] {
        let transform = |body: CheckedBody| Some(optimize(body, passes).0);
        let options = Options { transform: &transform, threads: 1, limits: &limits };
        let trip = trip::module(&module, &options).expect("a trip");
        for (func, outcome) in trip.outcomes {
            assert!(!outcome.is_failure(), "{func} behind {passes:?}: {outcome}");
        }
    }
}
