//! Pairs of modules, made smaller under a judge that looks at operators alone: what it asks for
//! stays, everything else goes, on both sides alike.
//!
//! Green does not show that the smallest pair is found, nor how judges behave that compare or run:
//! the tests of `isolate` (`prova-investigate`) and of `shrink` (`prova-runs`) do.

use prova_module::{Features, FuncIdx, Limits, Module, Operator};
use prova_reduce::{IMPORTS, Pair, Search, find, smallest, statements};

fn module(wat: &str) -> Module {
    let bytes = wat::parse_str(wat).expect("the module is well-formed");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("it is valid")
}

/// A module whose function `f` ends with the operator.
fn program(operator: &str) -> Module {
    module(&format!(
        r#"(module
          (import "host" "tick" (func $tick))
          (memory (export "memory") 1) (global $state (mut i32) (i32.const 7))
          (data $used (i32.const 8) "abcd") (data $other (i32.const 64) "efgh")
          (func $helper (param i32) (result i32) local.get 0 i32.const 3 i32.mul)
          (func $f (export "f") (param i32) (result i32)
            call $tick
            (block (br_if 0 (i32.eqz (local.get 0))) (global.set $state (i32.const 5)))
            (drop (call $helper (i32.load (i32.const 8))))
            (if (local.get 0) (then (drop (i32.load8_u (i32.const 64)))))
            local.get 0 i32.const 2 {operator})
          (func $unused (export "unused")))"#
    ))
}

fn has(module: &Module, func: u32, wanted: impl Fn(&Operator<'_>) -> bool) -> bool {
    let Some(body) = module.body(FuncIdx(func)) else { return false };
    let mut operators = body.operators();
    let mut found = false;
    while !operators.eof() {
        found |= wanted(&operators.read().expect("the body is valid"));
    }
    found
}

fn pair() -> Pair {
    let (a, b) = (program("i32.add"), program("i32.sub"));
    let func = |module: &Module| find::function(module, "f").expect("the export is there").0;
    Pair { funcs: (func(&a), func(&b)), a, b, roots: None }
}

/// The pair as small as the judge allows, with the number of tries.
fn reduced(judge: &dyn Fn(&Pair) -> bool, left: u64) -> (Option<Pair>, u64) {
    let mut search = Search { judge, left, tries: 0 };
    let small = search.items(&pair()).expect("the sections can be read");
    let small = small.map(|small| statements(&mut search, small).expect("they can be written"));
    let less = small.map(|small| search.items(&small).expect("as before").unwrap_or(small));
    (less, search.tries)
}

fn adds_and_subtracts(pair: &Pair) -> bool {
    has(&pair.a, pair.funcs.0, |op| matches!(op, Operator::I32Add))
        && has(&pair.b, pair.funcs.1, |op| matches!(op, Operator::I32Sub))
}

#[test]
fn only_what_the_judge_asks_for_stays() {
    let (small, tries) = reduced(&adds_and_subtracts, 1_000_000);
    let small = small.expect("the pair shows it");
    assert!(adds_and_subtracts(&small) && tries > 1, "{tries} tries");
    for (module, func) in [(&small.a, small.funcs.0), (&small.b, small.funcs.1)] {
        assert!(module.data().is_empty() && module.imports().is_empty(), "{tries} tries");
        assert_eq!(module.func_count(), 1);
        assert!(!has(module, func, |op| matches!(op, Operator::Call { .. })));
    }
}

#[test]
fn a_callee_whose_body_is_not_asked_for_is_imported() {
    let judge = |pair: &Pair| {
        let calls = |module, func| has(module, func, |op| matches!(op, Operator::Call { .. }));
        adds_and_subtracts(pair) && calls(&pair.a, pair.funcs.0) && calls(&pair.b, pair.funcs.1)
    };
    let (small, _) = reduced(&judge, 1_000_000);
    let small = small.expect("the pair shows it");
    let from = |module: &Module| {
        module.imports().iter().map(|import| import.module.to_string()).collect::<Vec<_>>()
    };
    assert!(from(&small.a).iter().all(|module| module == IMPORTS || module == "host"));
    assert_eq!(from(&small.a), from(&small.b));
    assert!(!from(&small.a).is_empty());
}

#[test]
fn a_judge_that_says_no_gets_nothing_and_work_is_bounded() {
    assert!(reduced(&|_| false, 1_000_000).0.is_none());
    let (small, tries) = reduced(&adds_and_subtracts, 10);
    assert!(small.is_none() && tries == 0);
}

#[test]
fn the_smallest_choice_keeps_what_is_needed() {
    let mut asked = 0;
    let found = smallest(20, &mut |kept| {
        asked += 1;
        Ok((kept[3] && kept[17]).then(|| kept.to_vec()))
    });
    let kept = found.expect("no error").expect("all of them do");
    let kept: Vec<usize> = (0..20).filter(|at| kept[*at]).collect();
    assert_eq!(kept, [3, 17]);
    assert!(asked < 60, "{asked}");
}

#[test]
fn names_are_looked_for_as_written_then_as_parts() {
    let module = program("i32.add");
    for (name, func) in [("helper", 1), ("f", 2), ("func3", 3), ("help", 1)] {
        assert_eq!(find::function(&module, name).expect(name), FuncIdx(func), "{name}");
    }
    let error = find::function(&module, "nothing").expect_err("there is none");
    assert_eq!(error.to_string(), "there is no function `nothing`");
}
