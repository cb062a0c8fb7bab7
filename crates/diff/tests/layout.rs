//! Functions whose blocks stand in another order are `layout-only`; with one fault planted beside
//! the permutation they never are.
//!
//! Each fault is one replacement in the permuted text. Most show on few inputs or on none that a
//! random run would try: the answer has to come from the structure. Green does not show faults of
//! other kinds; that every permutation is recognised (a block that one side has twice is
//! `changed`); and moved addresses, which are matched by their shift, not proved.

use prova_diff::{DiffOptions, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};

/// The part of the module before the functions that are compared.
const SHELL: &str = "
    (type $unary (func (param i32) (result i32)))
    (type $other (func (param i32) (result i32 i32)))
    (import \"host\" \"p\" (func $p (type $unary)))
    (import \"host\" \"q\" (func $q (type $unary)))
    (tag $e (param i32)) (tag $e2 (param i32))
    (memory 1) (table 4 funcref) (elem (i32.const 0) func $p $q)
    (global $g (mut i32) (i32.const 0)) (global $g2 (mut i32) (i32.const 0))";

const ARMS: [&str; 3] = [
    "i32.const 16 local.get $y i32.store offset=4
     i32.const 24 local.get $x i32.store8
     local.get $y call $p drop
     local.get $x call $q local.set $n
     global.get $g i32.const 1 i32.add global.set $g",
    "loop $again
       local.get $n i32.const 1 i32.add local.tee $n
       i32.const 10 i32.lt_s br_if $again
     end
     local.get $y i32.const 305419896 i32.eq
     if i32.const 40 i32.const 7 i32.store end",
    "local.get $d f64.const nan:0x8000000000001 f64.add local.set $d
     local.get $d f64.const 0 f64.mul local.set $d
     local.get $y i32.const -1 i32.gt_u if unreachable end
     local.get $x local.get $y i32.const 1 i32.or i32.div_s local.set $n
     local.get $n local.get $x i32.const 3 i32.and call_indirect (type $unary) local.set $n
     i32.const 8 i32.load16_s local.get $n local.get $y select local.set $n",
];

const TAIL: &str = "
    i32.const 5 block $k (result i32) i32.const 1 i32.const 2 br $k end
    i32.add local.get $n i32.add memory.size i32.add
    local.get $y i32.eqz br_if $out (;after;) local.get $d i32.trunc_sat_f64_s i32.xor return";

/// A switch whose arms stand in this order.
fn switch(order: [usize; 3]) -> String {
    let labels = ["$a", "$b", "$c"];
    let mut text = String::from(
        "(func $f (export \"f\") (param $x i32) (param $y i32) (result i32) (local $n i32) (local $d f64)
         block $out (result i32) block $end ",
    );
    for arm in order.iter().rev() {
        text.push_str(&format!("block {} ", labels[*arm]));
    }
    text.push_str("local.get $x br_table $a $b $c $end ");
    for arm in order {
        text.push_str(&format!("end {} br $end ", ARMS[arm]));
    }
    format!("{text} end {TAIL} end)")
}

/// A loop that dispatches on a state; `states` number what is done.
fn dispatcher(states: [usize; 3]) -> String {
    let [zero, one, two] = states;
    let work = [
        format!(
            "local.get $n i32.const 3 i32.add local.tee $n i32.const 50 i32.gt_s
             if i32.const {two} local.set $s else i32.const {one} local.set $s end br $again"
        ),
        format!(
            "local.get $n i32.const 2 i32.mul local.set $n (;w1;) i32.const {zero} local.set $s br $again"
        ),
        "local.get $n (;end;) return".to_owned(),
    ];
    let mut at = [0; 3];
    for (what, state) in states.into_iter().enumerate() {
        at[state] = what;
    }
    format!(
        "(func $f (export \"f\") (param $x i32) (result i32) (local $s i32) (local $n i32)
         local.get $x i32.const 1 i32.and
         if i32.const {one} local.set $s else i32.const {zero} local.set $s end
         loop $again (result i32)
           block $2 block $1 block $0 local.get $s br_table $0 $1 $2 end {} end {} end {}
           unreachable
         end)",
        work[at[0]], work[at[1]], work[at[2]]
    )
}

/// Two handlers, the one or the other first in the text.
fn handlers(swapped: bool) -> String {
    let body = "try_table (catch $e $ha) (catch_all $hb)
          local.get $x call $p (;in;) drop
          local.get $x i32.const 3 i32.gt_s if local.get $x (;first;) throw $e end
          try_table (catch $e2 $ha) local.get $x (;second;) throw $e2 end
        end br $end";
    let blocks = if swapped {
        format!(
            "block $hb block $ha (result i32) {body} end local.set $n br $end end i32.const 100 local.set $n"
        )
    } else {
        format!(
            "block $ha (result i32) block $hb {body} end i32.const 100 local.set $n br $end end local.set $n"
        )
    };
    format!(
        "(func $f (export \"f\") (param $x i32) (result i32) (local $n i32)
         block $end {blocks} end (;after;) local.get $n)"
    )
}

fn module(func: &str) -> Module {
    let bytes = wat::parse_str(format!("(module {SHELL} {func})")).expect("text format");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn compare(a: &str, b: &str) -> Report {
    diff(&module(a), &module(b), &DiffOptions { runs: 20, ..DiffOptions::default() })
}

/// A pair that is equal up to the order of blocks, and one replacement for each fault.
struct Pair {
    a: String,
    b: String,
    faults: &'static [(&'static str, &'static str, &'static str)],
}

const SWITCH_FAULTS: &[(&str, &str, &str)] = &[
    ("cases swapped", "br_table $a $b $c $end", "br_table $b $a $c $end"),
    ("another default", "br_table $a $b $c $end", "br_table $a $b $c $a"),
    ("a case more", "br_table $a $b $c $end", "br_table $a $b $c $c $end"),
    ("a trap more", "call $p drop", "call $p drop unreachable"),
    ("another trap", "if unreachable end", "if i32.const -1 i32.load drop end"),
    ("a return for a trap", "if unreachable end", "if i32.const 0 return end"),
    (
        "stores in another order",
        "i32.const 16 local.get $y i32.store offset=4\n     i32.const 24 local.get $x i32.store8",
        "i32.const 24 local.get $x i32.store8 i32.const 16 local.get $y i32.store offset=4",
    ),
    (
        "calls in another order",
        "local.get $y call $p drop\n     local.get $x call $q local.set $n",
        "local.get $x call $q local.set $n local.get $y call $p drop",
    ),
    ("a callee of the same type", "call $p drop", "call $q drop"),
    ("an argument", "local.get $y call $p", "local.get $x call $p"),
    ("the payload of a NaN", "nan:0x8000000000001", "nan:0x8000000000002"),
    ("the sign of a zero", "f64.const 0 ", "f64.const -0 "),
    ("a narrower store", "i32.store8", "i32.store16"),
    ("a store elsewhere", "i32.store offset=4", "i32.store offset=8"),
    ("a store left out", "i32.const 40 i32.const 7 i32.store", "nop"),
    ("the sign of a load", "i32.load16_s", "i32.load16_u"),
    ("a rare comparison", "i32.const 305419896", "i32.const 305419897"),
    ("how often a loop runs", "i32.const 10 i32.lt_s", "i32.const 11 i32.lt_s"),
    ("the sign of a comparison", "i32.lt_s br_if", "i32.lt_u br_if"),
    ("another end of a loop", "i32.lt_s br_if", "i32.le_s br_if"),
    ("a condition inverted", "i32.eq\n     if", "i32.eq i32.eqz\n     if"),
    ("a condition that is rarely true", "i32.const -1 i32.gt_u", "i32.const -2 i32.gt_u"),
    ("the sign of a division", "i32.div_s", "i32.div_u"),
    ("a guard of a division", "i32.const 1 i32.or", "i32.const 1 i32.and"),
    (
        "another type of an indirect call",
        "call_indirect (type $unary)",
        "call_indirect (type $other) drop",
    ),
    (
        "operands of a select",
        "local.get $n local.get $y select",
        "local.get $n local.get $x select",
    ),
    ("another local", "call $q local.set $n", "call $q local.set $y"),
    ("another global", "global.set $g", "global.set $g2"),
    ("growth for size", "memory.size", "i32.const 0 memory.grow"),
    ("an arm runs into the next", "global.set $g br $end", "global.set $g"),
    (
        "other operands are dropped",
        "i32.const 5 block $k (result i32) i32.const 1 i32.const 2 br $k end",
        "i32.const 5 i32.const 1 block $k (result i32) i32.const 2 br $k end",
    ),
    (
        "one of two is dropped",
        "block $k (result i32) i32.const 1 i32.const 2 br $k end",
        "block $k (result i32) i32.const 2 i32.const 1 br $k end",
    ),
    ("another result", "br_if $out (;after;)", "br_if $out drop i32.const 5"),
    ("out where it goes on", "i32.eqz br_if $out", "br_if $out"),
];

const DISPATCHER_FAULTS: &[(&str, &str, &str)] = &[
    ("a state leads elsewhere", "(;w1;) i32.const 2", "(;w1;) i32.const 1"),
    ("a state leads back", "(;w1;) i32.const 2", "(;w1;) i32.const 0"),
    ("the state is seen", "local.get $n (;end;)", "local.get $n local.get $s i32.add"),
    (
        "the state is seen by a callee",
        "local.get $n (;end;)",
        "local.get $s call $p drop local.get $n",
    ),
    ("another way in", "i32.const 1 i32.and", "i32.const 2 i32.and"),
    ("another dispatcher", "br_table $0 $1 $2", "br_table $1 $0 $2"),
];

const HANDLER_FAULTS: &[(&str, &str, &str)] = &[
    (
        "handlers in another order",
        "(catch $e $ha) (catch_all $hb)",
        "(catch_all $hb) (catch $e $ha)",
    ),
    ("another tag is caught", "(catch $e $ha)", "(catch $e2 $ha)"),
    ("a handler less", "(catch $e $ha) (catch_all $hb)", "(catch $e $ha)"),
    ("a handler more", "try_table (catch $e2 $ha)", "try_table (catch $e2 $ha) (catch_all $hb)"),
    ("another tag is thrown", "(;first;) throw $e", "(;first;) throw $e2"),
    ("thrown where nothing catches", "(;after;)", "local.get $x call $q drop"),
    (
        "a call that is not guarded",
        "try_table (catch $e $ha) (catch_all $hb)\n          local.get $x call $p",
        "local.get $x call $p local.set $x try_table (catch $e $ha) (catch_all $hb) local.get $x",
    ),
    ("the inner handler less", "try_table (catch $e2 $ha)", "block"),
];

fn pairs() -> [Pair; 3] {
    [
        Pair { a: switch([0, 1, 2]), b: switch([2, 0, 1]), faults: SWITCH_FAULTS },
        Pair { a: dispatcher([0, 1, 2]), b: dispatcher([2, 0, 1]), faults: DISPATCHER_FAULTS },
        Pair { a: handlers(false), b: handlers(true), faults: HANDLER_FAULTS },
    ]
}

#[test]
fn permuted_blocks_are_layout_only() {
    for (Pair { a, b, .. }, execution) in pairs().iter().zip([
        "20 executions on random inputs agree",
        "20 executions on random inputs agree",
        "not executed: it uses `try_table`",
    ]) {
        let report = compare(a, b);
        let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
        assert_eq!(difference.verdict, Verdict::LayoutOnly, "{}", report.to_text());
        let said = |line: &String| line.starts_with(execution);
        assert!(difference.evidence.iter().any(said), "{}", report.to_text());
    }
}

#[test]
fn a_fault_beside_the_permutation_is_never_layout_only() {
    let mut planted = 0;
    for Pair { a, b, faults } in pairs() {
        for (name, from, to) in faults {
            assert_eq!(b.matches(from).count(), 1, "{name}: `{from}` stands once");
            let report = compare(&a, &b.replace(from, to));
            let verdicts: Vec<Verdict> = report.differences.iter().map(|d| d.verdict).collect();
            assert_eq!(verdicts, [Verdict::Changed], "{name}\n{}", report.to_text());
            // Execution is the second judge: the first has to know by itself, also where no run
            // could.
            let said = |line: &String| line.contains("execution differs");
            assert!(!report.differences[0].evidence.iter().any(said), "{name}");
            planted += 1;
        }
    }
    assert_eq!(planted, SWITCH_FAULTS.len() + DISPATCHER_FAULTS.len() + HANDLER_FAULTS.len());
    assert!(planted >= 40, "{planted}");
}

/// The same faults without the permutation: then operators that differ are named, not blocks.
#[test]
fn a_fault_alone_is_changed() {
    for Pair { a, faults, .. } in pairs() {
        for (name, from, to) in faults {
            if a.matches(from).count() == 1 {
                let report = compare(&a, &a.replace(from, to));
                assert_eq!(report.differences.len(), 1, "{name}\n{}", report.to_text());
                assert_eq!(report.differences[0].verdict, Verdict::Changed, "{name}");
            }
        }
    }
}
