//! Functions that differ, cut out of their modules: the small pair is compared again here, apart
//! from the search.
//!
//! A green run does not show that the pair is the smallest there is, nor that it explains the
//! difference better than the large one.

use prova_diff::{DiffOptions, Kind, Origin, Verdict, diff};
use prova_investigate::isolate::{Isolated, NotShown, Options, isolate, symbol};
use prova_module::{Features, FuncIdx, Limits, Module, Operator};
use prova_random::Rng;
use std::collections::BTreeSet;
use std::path::Path;

fn decode(bytes: Vec<u8>) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn case(name: &str) -> Module {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases").join(name);
    decode(std::fs::read(path).expect("a case's file"))
}

fn text(text: &str) -> Module {
    decode(wat::parse_str(text).expect("text format"))
}

/// Isolates, and compares the small pair once more.
fn isolated(a: &Module, b: &Module, function: Option<&str>) -> Isolated {
    let isolated = isolate(a, b, function, &Options::default()).expect("it differs");
    let [small_a, small_b] =
        [&isolated.a, &isolated.b].map(|module| decode(module.bytes().to_vec()));
    let report = diff(&small_a, &small_b, &DiffOptions::default());
    let of_it = report
        .differences
        .iter()
        .find(|one| one.kind == Kind::Function && one.a == Some(isolated.funcs.0.into()));
    assert_eq!(of_it.map(|one| one.verdict), Some(isolated.verdict), "{}", report.to_text());
    assert!(
        report.clusters.iter().any(|cluster| cluster.cause == isolated.cause),
        "{}",
        report.to_text()
    );
    isolated
}

#[test]
fn the_dispatcher_is_cut_down_to_its_states() {
    let (a, b) = (case("irreducible/a.wasm"), case("irreducible/b.wasm"));
    let small = isolated(&a, &b, Some("run"));
    assert_eq!((small.verdict, small.function.as_str()), (Verdict::LayoutOnly, "run"));
    assert!(small.after.0.operators < small.before.0.operators / 2, "{small:?}");
    // The table, a state and a branch still change together.
    let report = diff(&small.a, &small.b, &DiffOptions::default());
    let code = report.differences.iter().flat_map(|one| &one.code);
    let changed: Vec<&str> =
        code.filter(|line| line.origin != Origin::Both).map(|line| line.text.as_str()).collect();
    for operator in ["br_table ", "i32.const ", "br "] {
        assert!(changed.iter().any(|line| line.starts_with(operator)), "{operator}: {changed:?}");
    }
    assert!(!small.exhausted);
    let again = isolated(&a, &b, None);
    assert_eq!(small.a.bytes(), again.a.bytes(), "the search depends on the modules alone");
}

#[test]
fn a_moved_address_keeps_the_data_that_moved() {
    let small = isolated(&case("path-shift/a.wasm"), &case("path-shift/b.wasm"), Some("f"));
    assert_eq!(
        (small.verdict, small.cause.as_str()),
        (Verdict::AssumedMoved, "path string grew by 25 bytes; later addresses moved")
    );
    assert!(
        small.after.0.bytes < small.before.0.bytes / 10 && !small.a.data().is_empty(),
        "{small:?}"
    );
}

/// A function that uses something of every index space, with one constant.
fn everything(constant: u32) -> Module {
    text(&format!(
        r#"(module
        (import "env" "unused" (func $unused)) (import "env" "log" (func $log (param i32))) (import "env" "base" (global $base i32))
        (type $unary (func (param i32) (result i32)))
        (memory 1) (table $t 4 funcref) (table $extra 1 externref) (global $counter (mut i32) (i32.const 7)) (global $dead i64 (i64.const 1)) (tag $failed (param i32))
        (data $words (i32.const 64) "abcdefgh") (data $passive "xyz") (elem $e (table $t) (i32.const 0) func $leaf $other)
        (func $leaf (type $unary) local.get 0 i32.const 3 i32.mul)
        (func $other (type $unary) local.get 0 i32.const 5 i32.add call $leaf)
        (func $bystander (export "bystander") call $unused)
        (func $differs (export "differs") (param $x i32) (result i32) (local $r i32) (local $f funcref)
          local.get $x call $log
          local.get $x global.get $base i32.add local.set $r
          i32.const 64 i32.load local.get $r i32.add)
        (func $wide (export "wide") (param $x i32) (result i32) (local $r i32) (local $f funcref)
          block $caught (result i32)
            try_table (catch $failed $caught)
              local.get $x call $log
              local.get $x i32.eqz if local.get $x throw $failed end
              ref.func $bystander local.set $f
              global.get $counter local.get $x i32.add global.set $counter
              i32.const 0 i32.const 0 i32.const 3 memory.init $passive
              i32.const {constant} local.set $r
              local.get $x local.get $x i32.const 1 i32.and call_indirect $t (type $unary) local.get $r i32.add local.set $r
            end
            local.get $r
          end))"#
    ))
}

#[test]
fn everything_a_function_needs_comes_along_and_the_rest_goes() {
    let small = isolated(&everything(1000), &everything(1001), Some("wide"));
    assert_eq!(small.cause, "constant changed: i32.const 1000 → i32.const 1001");
    assert_eq!(small.verdict, Verdict::Changed);
    // `i32.const 1000 local.set $r` and what gives the result.
    assert!(small.after.0.operators <= 12, "{small:?}");
    assert!(
        small.a.imports().is_empty() && small.a.data().is_empty() && small.a.tables().is_empty(),
        "{:?}",
        small.a.imports()
    );
    // With no budget for statements nothing is taken out, so all needs must be there.
    let options = Options { work: 2_000, ..Options::default() };
    let whole =
        isolate(&everything(1000), &everything(1001), Some("wide"), &options).expect("it differs");
    assert!(whole.exhausted && whole.after.0.operators == whole.before.0.operators, "{whole:?}");
    assert!(
        whole.a.tables().len() == 1
            && whole.a.globals().len() == 1
            && whole.a.tag_count() == 1
            && whole.a.memories().len() == 1
    );
    assert_eq!(whole.a.types().len(), 3, "those of the function, of `log` and of `bystander`");
}

#[test]
fn what_cannot_be_isolated_is_refused_with_the_reason() {
    let (a, b) = (everything(1000), everything(1001));
    for (function, words) in [
        ("nothing", "there is no function"),
        ("differs", "does not differ"),
        ("e", "may be one of"),
        ("func1", "does not differ"),
    ] {
        let error = isolate(&a, &b, Some(function), &Options::default()).expect_err("it cannot be");
        assert!(
            error.to_string().contains(words) && !error.is::<NotShown>(),
            "{function}: {error}"
        );
    }
    let error = isolate(&a, &a, None, &Options::default()).expect_err("equal");
    assert!(error.to_string().contains("no function differs"), "{error}");
    let alone =
        text("(module (func $f (export \"f\")) (func $g (export \"g\") (result i32) i32.const 1))");
    let other = text("(module (func $f (export \"f\")))");
    let error = isolate(&alone, &other, Some("g"), &Options::default()).expect_err("only in A");
    assert!(error.to_string().contains("only in A"), "{error}");
    // Where data comes first and code differs only in indices, nothing is taken by chance.
    let data = |bytes: &str, order: &str| {
        text(&format!(
            "(module (memory 1) (data (i32.const 1024) \"{bytes}\") {order} (func (export \"m\") (param i32) (result i32) (call $f) (call $g) (i32.load8_u (local.get 0))))"
        ))
    };
    let (f, g) = ("(func $f (export \"f\"))", "(func $g (export \"g\") (nop))");
    let (one, two) = (data("\\01\\02", &format!("{f} {g}")), data("\\01\\03", &format!("{g} {f}")));
    let error = isolate(&one, &two, None, &Options::default()).expect_err("it is no function");
    assert!(error.to_string().contains("the first cause is of no function"), "{error}");
    // Without a name, the symbol is the one of the first cause's function.
    assert_eq!(symbol(&a, &b, None).expect("one differs"), "wide");
}

#[test]
fn each_of_many_planted_constants_is_isolated() {
    for seed in 0..40u32 {
        let module = |constant: u32| {
            let mut funcs = String::new();
            for f in 0..6u32 {
                let value = if f == seed % 6 { constant } else { 50_000 + f };
                let depth = 1 + (seed + f) % 3;
                let (open, close) =
                    ("block ".repeat(depth as usize), "end ".repeat(depth as usize));
                funcs += &format!(
                    "(func $f{f} (param i32) (result i32) (local i32) local.get 0 i32.const {} i32.xor local.set 1 {open} local.get 0 br_if 0 local.get 1 i32.const {value} i32.add local.set 1 {close} local.get 1 call $f{} local.get 1 i32.sub)",
                    70_000 + f * seed,
                    (f + 1) % 6
                );
            }
            text(&format!("(module {funcs} (export \"run\" (func $f0)))"))
        };
        let name = format!("f{}", seed % 6);
        let small = isolated(&module(1_000_000 + seed), &module(2_000_000 + seed), Some(&name));
        assert!(small.after.0.operators <= 16, "seed {seed}: {small:?}");
        assert!(small.after.0.functions <= 2, "seed {seed}: {small:?}");
    }
}

/// A statement of a made-up function, and the constant that it has in A and in B, if it is there.
enum Planted {
    Set([Option<u32>; 2]),
    Block([bool; 2], Vec<Planted>),
}

impl Planted {
    /// Statements of which no two edits are neighbours, so that it is plain what is edited.
    fn list(rng: &mut Rng, next: &mut u32, depth: usize) -> Vec<Planted> {
        let fresh = |next: &mut u32| {
            *next += 1;
            Some(1_000_000 + 1000 * *next)
        };
        let mut list = vec![Planted::Set([fresh(next); 2])];
        for _ in 0..rng.between(1, 4) {
            list.push(match rng.below(8) {
                0 => Planted::Set([fresh(next), fresh(next)]),
                1 => Planted::Set([fresh(next), None]),
                2 => Planted::Set([None, fresh(next)]),
                3 => {
                    let side = rng.percent(50);
                    let set = |constant| Planted::Set([constant; 2]);
                    Planted::Block([side, !side], vec![set(fresh(next)), set(fresh(next))])
                }
                4 | 5 if depth < 3 => {
                    Planted::Block([true; 2], Planted::list(rng, next, depth + 1))
                }
                _ => Planted::Set([fresh(next); 2]),
            });
            list.push(Planted::Set([fresh(next); 2]));
        }
        list
    }

    /// The statements of a side, as text. There are only two locals, so operators repeat.
    fn text(list: &[Planted], side: usize, out: &mut String) {
        for one in list {
            match one {
                Planted::Set(constants) => {
                    let Some(constant) = constants[side] else { continue };
                    let local = constant / 1000 % 2;
                    *out += &format!(
                        "i32.const {constant} local.get {local} i32.add call $g local.set {local}\n"
                    );
                }
                Planted::Block(there, inside) if there[side] => {
                    *out += "block local.get 0 br_if 0\n";
                    Planted::text(inside, side, out);
                    *out += "end\n";
                }
                Planted::Block(..) => {}
            }
        }
    }

    /// The faults of the small pair, whose constants are `left`.
    fn faults(list: &[Planted], left: &[BTreeSet<u32>; 2], faults: &mut Vec<String>) {
        for one in list {
            let has = |side: usize, constant: Option<u32>| {
                constant.is_some_and(|constant| left[side].contains(&constant))
            };
            match one {
                Planted::Set([Some(a), Some(b)]) => {
                    if has(0, Some(*a)) != has(1, Some(*b)) {
                        faults.push(format!("{a} in A and {b} in B are parted"));
                    }
                }
                Planted::Set(_) => {}
                Planted::Block([true, true], inside) => Planted::faults(inside, left, faults),
                Planted::Block(there, inside) => {
                    let side = usize::from(there[1]);
                    let kept = inside.iter().filter(
                        |one| matches!(one, Planted::Set(constants) if has(side, constants[side])),
                    );
                    if ![0, inside.len()].contains(&kept.count()) {
                        faults.push(format!("a block of side {side} is cut in two"));
                    }
                }
            }
        }
    }
}

/// The large constants of a function.
fn constants(module: &Module, func: u32) -> BTreeSet<u32> {
    let mut operators = module.body(FuncIdx(func)).expect("it has a body").operators();
    let mut found = BTreeSet::new();
    while !operators.eof() {
        if let Operator::I32Const { value } = operators.read().expect("it is valid") {
            found.insert(value as u32);
        }
    }
    found
}

#[test]
fn what_is_left_of_many_planted_edits_are_edits_of_the_pair() {
    let mut edited = 0;
    for seed in 0..120 {
        let mut rng = Rng::of(0x150, seed);
        let list = Planted::list(&mut rng, &mut 0, 0);
        let module = |side: usize| {
            let mut body = String::new();
            Planted::text(&list, side, &mut body);
            // In B the callee has another index.
            let more =
                if side == 1 && seed % 2 == 0 { "(func $more (export \"more\"))" } else { "" };
            text(&format!(
                "(module {more} (func $g (export \"g\") (param i32) (result i32) local.get 0) (func $f (export \"f\") (param i32) (result i32) (local i32) {body} local.get 1))"
            ))
        };
        let (a, b) = (module(0), module(1));
        let small = match isolate(&a, &b, Some("f"), &Options::default()) {
            Ok(small) => small,
            // No edit was planted, or it shows in no smaller pair.
            Err(error) if error.is::<NotShown>() || error.to_string().contains("not differ") => {
                continue;
            }
            Err(error) => panic!("seed {seed}: {error:#}"),
        };
        edited += 1;
        let left = [constants(&small.a, small.funcs.0), constants(&small.b, small.funcs.1)];
        let mut faults = Vec::new();
        Planted::faults(&list, &left, &mut faults);
        let mut texts = [String::new(), String::new()];
        texts.iter_mut().zip(0..).for_each(|(text, side)| Planted::text(&list, side, text));
        let [text_a, text_b] = texts;
        assert!(faults.is_empty(), "seed {seed}: {faults:?}\n{left:?}\n{text_a}\n{text_b}");
        assert_ne!(left[0], left[1], "seed {seed}: no edit is left");
    }
    assert!(edited >= 40, "{edited} pairs were isolated");
}

#[test]
fn a_statement_is_removed_with_its_like_and_not_with_the_next_one() {
    // A has a statement more; by the operators' names alone B's could be the like of either.
    let module = |first: &str| {
        text(&format!(
            "(module (func $f (export \"f\") (result i32) (local i32 i32) {first} i32.const 2000 local.set 1 i32.const 3000 local.set 0 local.get 0 local.get 1 i32.add))"
        ))
    };
    let small = isolated(&module("i32.const 1000 local.set 0"), &module(""), Some("f"));
    let left = [constants(&small.a, small.funcs.0), constants(&small.b, small.funcs.1)];
    assert!(left[0].contains(&1000) && !left[1].contains(&1000), "{left:?}");
    assert_eq!(left[0].contains(&2000), left[1].contains(&2000), "{left:?}");
    assert_eq!(left[0].contains(&3000), left[1].contains(&3000), "{left:?}");
}

/// An item that one side alone needs is no difference of the small pair: the other keeps it as
/// well.
#[test]
fn what_one_side_needs_the_other_keeps() {
    let calls = |callee: &str| {
        text(&format!(
            "(module (import \"env\" \"a\" (func $a (param i32) (result i32)))
               (import \"env\" \"b\" (func $b (param i32) (result i32)))
               (func (export \"f\") (param i32) (result i32)
                 (i32.add (call ${callee} (local.get 0)) (i32.const 5)))
               (func (export \"g\") (result i32) (call $b (i32.const 1))))"
        ))
    };
    let stores = |traps: &str, divides: &str| {
        text(&format!(
            "(module (memory 1) (func $f (export \"f\") (param i32) (result i32)
               (if (i32.eqz (local.get 0)) (then {traps}))
               ({divides} (i32.const 100) (local.get 0))))"
        ))
    };
    let store = "(i32.store (i32.const 4) (i32.const 1))";
    for (a, b, function) in [
        (calls("a"), calls("b"), None),
        (stores("unreachable", "i32.div_u"), stores(store, "i32.div_s"), Some("f")),
    ] {
        let small = isolated(&a, &b, function);
        let report = diff(&small.a, &small.b, &DiffOptions::default());
        let others = report.differences.iter().filter(|one| one.kind != Kind::Function);
        let others: Vec<&str> = others.map(|one| one.summary.as_str()).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

/// Types have names in what operators say, and other numbers in the small modules.
#[test]
fn an_operator_on_an_object_is_isolated() {
    let of_field = |field: u32| {
        format!(
            r#"(module (type $z (array i8)) (type $p (struct (field (mut i32)) (field (mut i32))))
            (func $k (export "k") (result i32) (i32.const 77))
            (func $h (export "h") (result i32)
              (struct.get $p {field} (struct.new $p (i32.const 1) (i32.const 2)))))"#
        )
    };
    let (a, b) = (text(&of_field(0)), text(&of_field(1)));
    let isolated = isolate(&a, &b, Some("h"), &Options::default()).expect("it differs");
    assert_eq!((isolated.a.func_count(), isolated.a.types().len()), (1, 2));
}
