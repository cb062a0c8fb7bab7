//! Programs that try to buy much work with little fuel, in the text format.
//!
//! Each is an endless loop in the export `f` unless it says otherwise. Their targets are cells that
//! a call clears or a branch moves, the search for a handler, calls that leave the executor,
//! growth, bulk operators, caches.

use super::Program;

/// The instance behind imports of `other`.
pub(super) const OTHER: &str = r#"(module
    (type $back (func (param funcref)))
    (table 1 funcref)
    (func (export "nothing"))
    (func (export "bounce") (type $back)
        (table.set (i32.const 0) (local.get 0))
        (return_call_indirect (type $back) (local.get 0) (i32.const 0))))"#;

/// The program with which a unit is compared.
pub(super) fn plain() -> Program {
    let body = "(local.set $i (i32.add (local.get $i) (i32.const 1)))";
    endless("a plain loop", "", &format!("(local $i i32) (loop {body} (br 0))"))
}

/// All others.
pub(super) fn all() -> Vec<Program> {
    let mut list = Vec::new();
    loops(&mut list);
    free(&mut list);
    calls(&mut list);
    values(&mut list);
    throws(&mut list);
    exceptions(&mut list);
    bulk(&mut list);
    growth(&mut list);
    memory(&mut list);
    list
}

/// A module of `head` and a function `f` with this body.
fn endless(name: &str, head: &str, body: &str) -> Program {
    let text = format!("(module {head} (func $f (export \"f\") {body}))");
    Program { name: name.to_owned(), text }
}

fn loop_of(name: &str, head: &str, body: &str) -> Program {
    endless(name, head, &format!("(loop $again {body} (br $again))"))
}

fn loops(list: &mut Vec<Program>) {
    list.push(loop_of("an empty loop", "", ""));
    let (labels, blocks) = (" 0".repeat(999), "(block ".repeat(2));
    let table = format!(
        "(local $i i32) (loop $again (local.set $i (i32.add (local.get $i) (i32.const 7919)))
         {blocks} (br_table{labels} 1 (i32.rem_u (local.get $i) (i32.const 1000)))) ) (br $again))"
    );
    list.push(endless("br_table, 1,000 labels", "", &table));
    let nest = format!("{}{}", "(block (loop ".repeat(200), "))".repeat(200));
    list.push(loop_of("200 blocks and loops", "", &nest));
}

/// Operators that cost nothing, many for each that does.
fn free(list: &mut Vec<Program>) {
    let nested = |open: &str, body: &str, n: usize| {
        format!("{} {body} {}", format!("{open} ").repeat(n), "end ".repeat(n))
    };
    let turn = "(drop (i32.const 1))";
    list.push(loop_of("20,000 nops", "", &"nop ".repeat(20_000)));
    list.push(loop_of("20,000 blocks in a row", "", &"block end ".repeat(20_000)));
    list.push(loop_of("20,000 loops in a row", "", &"loop end ".repeat(20_000)));
    list.push(loop_of("10,000 blocks nested", "", &nested("block", turn, 10_000)));
    list.push(loop_of("10,000 loops nested", "", &nested("loop", turn, 10_000)));
    list.push(loop_of("10,000 try_tables nested", "", &nested("try_table", turn, 10_000)));
    let deep = format!("(func $g (param i32) {})", nested("block", "local.get 0 br_if 0", 10_000));
    list.push(loop_of("br_if out of 10,000 blocks", &deep, "(call $g (i32.const 1))"));
    let far =
        format!("(func $g (param i32) {})", nested("block", "local.get 0 br_if 9999", 10_000));
    list.push(loop_of("br_if over 10,000 blocks", &far, "(call $g (i32.const 1))"));
    // Each way out of the nest comes to another place of the same run of ends.
    let ways = |n: usize| (0..n).map(|depth| format!(" {depth}")).collect::<String>();
    let places = format!(
        "(global $i (mut i32) (i32.const 0)) (func $g (param i32) {})",
        nested("block", &format!("local.get 0 br_table{} 0", ways(10_000)), 10_000)
    );
    let next =
        "(global.set $i (i32.rem_u (i32.add (global.get $i) (i32.const 1)) (i32.const 10000)))";
    list.push(loop_of(
        "each place in 10,000 ends",
        &places,
        &format!("{next} (call $g (global.get $i))"),
    ));
    let arms = "i32.const 1 if nop else nop nop end ".repeat(2_000);
    list.push(loop_of("ifs with empty arms", "", &arms));
    let arm = format!("i32.const 1 if {} else {} end", "nop ".repeat(9_000), "nop ".repeat(9_000));
    list.push(loop_of("an if with long arms", "", &arm));
    let types: String = (1..=200)
        .map(|n| format!("(type (func (param{}) (result{})))", " i64".repeat(n), " i64".repeat(n)))
        .collect();
    let taking: String = (0..200).rev().map(|ty| format!("block (type {ty}) ")).collect();
    let values = "i64.const 1 ".repeat(200);
    let taken = format!("{taking} {} ", "end ".repeat(200)).repeat(20);
    let body = format!("{values} (loop (param{0}) (result{0}) {taken} br 0)", " i64".repeat(200));
    list.push(endless("blocks that take values, nested", &types, &format!("{body} unreachable")));
    let tag = "(tag $t)";
    let tries = "block try_table (catch $t 0) end end ".repeat(1_000);
    let thrown = "(block $l (try_table (catch $t $l) (throw $t)))";
    list.push(loop_of("1,000 try_tables in a row", tag, &format!("{tries} {thrown}")));
    let inner = format!("block {} end", nested("block", "throw $t", 10_000));
    let thrown = format!("(block $l (try_table (catch $t $l) {inner}))");
    list.push(loop_of("a throw out of 10,000 blocks", tag, &thrown));
    let inner = nested("try_table", "throw $t", 10_000);
    let thrown = format!("(block $l (try_table (catch $t $l) {inner}))");
    list.push(loop_of("a throw out of 10,000 try_tables without clauses", tag, &thrown));
    let results = format!("(func $g (result{}) {})", " i64".repeat(7), "local.get 0 ".repeat(7));
    let results = results.replace("(result", "(param i64) (result");
    let drops = format!("i64.const 1 call $g {}", "nop drop block end ".repeat(7));
    list.push(loop_of("results dropped one by one", &results, &drops));
    let inside = format!("(func $g {})", nested("block", "call $g", 2_000));
    let from = "(func $h (param i32) (block $out (br_if $out (i32.eqz (local.get 0)))
        BLOCKS (call $h (i32.sub (local.get 0) (i32.const 1))) ENDS))";
    let from = from.replace("BLOCKS", &"(block ".repeat(2_000)).replace("ENDS", &")".repeat(2_000));
    list.push(loop_of("recursion inside 2,000 blocks", &from, "(call $h (i32.const 10000))"));
    list.push(endless("endless recursion inside 2,000 blocks", &inside, "(call $g)"));
}

fn calls(list: &mut Vec<Program>) {
    for (locals, name) in [(0, "no"), (7, "7"), (15, "15"), (1_000, "1,000"), (50_000, "50,000")] {
        let callee = format!("(func $g (local{}))", " i64".repeat(locals));
        list.push(loop_of(&format!("calls, {name} locals"), &callee, "(call $g)"));
    }
    let vectors = format!("(func $g (local{}))", " v128".repeat(20_000));
    list.push(loop_of("calls, 20,000 vectors as locals", &vectors, "(call $g)"));
    let names = || (0..900).map(|i| format!("(local.get {i})")).collect::<String>();
    let params = " i64".repeat(900);
    let tail = format!("(func $g (param{params}) (return_call $g {}))", names());
    let arguments = "(i64.const 1)".repeat(900);
    list.push(endless("return_call, 900 parameters", &tail, &format!("(call $g {arguments})")));
    let table = "(type $t (func)) (table 1 funcref) (elem (i32.const 0) func $g) (func $g)";
    let indirect = "(call_indirect (type $t) (i32.const 0))";
    list.push(loop_of("call_indirect", table, indirect));
    list.push(loop_of("call_ref", table, "(call_ref $t (ref.func $g))"));
    let host = r#"(import "host" "nothing" (func $h))"#;
    list.push(loop_of("calls of the host", host, "(call $h)"));
    let tail = format!("{host} (func $g (return_call $h))");
    list.push(loop_of("tail calls of the host", &tail, "(call $g)"));
    let wide = format!(r#"(import "host" "wide" (func $h (param{params}) (result{params})))"#);
    let body = format!("{arguments} (loop (param{params}) (call $h) (br 0))");
    list.push(endless("calls of the host, 900 values there and back", &wide, &body));
    let other = r#"(import "other" "nothing" (func $h))"#;
    list.push(loop_of("calls of another instance", other, "(call $h)"));
    let bounce = r#"(type $back (func (param funcref)))
        (import "other" "bounce" (func $bounce (type $back)))
        (func $self (export "self") (type $back) (return_call $bounce (ref.func $self)))"#;
    list.push(endless("tail calls between instances", bounce, "(call $self (ref.null func))"));
    recursion(list);
}

fn recursion(list: &mut Vec<Program>) {
    let small = "(func $g (param i32) (if (local.get 0)
        (then (call $g (i32.sub (local.get 0) (i32.const 1))))))";
    list.push(loop_of("recursion 50,000 deep", small, "(call $g (i32.const 50000))"));
    let locals = " i64".repeat(1_000);
    let big = format!(
        "(func $g (param i32) (local{locals}) (if (local.get 0)
            (then (call $g (i32.sub (local.get 0) (i32.const 1))))))"
    );
    list.push(loop_of("recursion, 1,000 locals a frame", &big, "(call $g (i32.const 1000))"));
    let once = "(call $g (i32.const 1000))";
    list.push(endless("recursion, 1,000 locals a frame, once", &big, once));
}

/// Values that branches, returns and calls carry along.
fn values(list: &mut Vec<Program>) {
    let (results, constants) = (" i64".repeat(1_000), "(i64.const 1)".repeat(1_000));
    let ty = format!("(type $r (func (result{results})))");
    let drops = " drop".repeat(1_000);
    let lower = |branch: &str| {
        let head = "(block (type $r) (i64.const 7) ".repeat(60);
        format!("{head} {constants} {} {drops}", format!("{branch} ) ").repeat(60))
    };
    list.push(loop_of("br with 1,000 values", &ty, &lower("(br 0)")));
    list.push(loop_of(
        "br_if with 1,000 values",
        &ty,
        &lower("(br_if 0 (i32.const 1)) unreachable"),
    ));
    list.push(loop_of("br_table with 1,000 values", &ty, &lower("(br_table 0 0 0 (i32.const 1))")));
    let returns = |how: &str| {
        format!(
            "(func $g (param i32) (result{results}) (if (local.get 0) (then
                (call $g (i32.sub (local.get 0) (i32.const 1))) {how})) {constants})"
        )
    };
    let body = format!("(call $g (i32.const 500)) {drops}");
    list.push(loop_of("return of 1,000 results", &returns("(return)"), &body));
    list.push(loop_of("br out of the body with 1,000 results", &returns("(br 1)"), &body));
    let gets = "(local.get 0)".repeat(1_000);
    let aliases = format!(
        "(local i64) (loop $again {gets} (loop (local.set 0 (i64.const 1))) {drops} (br $again))"
    );
    list.push(endless("1,000 copies of a local overwritten", "", &aliases));
}

fn throws(list: &mut Vec<Program>) {
    let tags = "(tag $t) (tag $o)";
    for (tries, clauses) in [(10, 10_000), (1_000, 100), (5_000, 1)] {
        let clauses_text = "(catch $o $out)".repeat(clauses);
        let body = format!(
            "(block $out (try_table (catch $t $out) {} (throw $t) {}))",
            format!("(try_table {clauses_text} ").repeat(tries),
            ")".repeat(tries)
        );
        let name = format!("throw past {tries} try_tables of {clauses} clauses");
        list.push(loop_of(&name, tags, &body));
    }
    // A `try_table` behind the throw's place is not around it.
    let beside = "(try_table (catch $o $out) (call $n))".repeat(5_000);
    let behind =
        format!("{}(call $n){}", "(try_table (catch $o $out) ".repeat(4_000), ")".repeat(4_000));
    for (name, other) in [("5,000 try_tables beside", beside), ("4,000 try_tables behind", behind)]
    {
        let head = format!(
            "{tags} (func $n) (func $g (param i32)
            (block $out (if (local.get 0) (then (throw $t))) {other}))"
        );
        let body = "(block $out (try_table (catch $t $out) (call $g (i32.const 1))))";
        list.push(loop_of(&format!("throw, {name}"), &head, body));
    }
    let down = |inner: &str| format!("{tags} (func $g (param i32) (block $out {inner}))");
    let body = |depth: u32| {
        format!("(block $out (try_table (catch $t $out) (call $g (i32.const {depth}))))")
    };
    let call = "(if (local.get 0) (then (call $g (i32.sub (local.get 0) (i32.const 1))) (return)))
        (throw $t)";
    list.push(loop_of("throw past 50,000 frames", &down(call), &body(50_000)));
    let caught = format!("(try_table (catch $o $out) {call})");
    list.push(loop_of(
        "throw past 20,000 frames, each with a clause",
        &down(&caught),
        &body(20_000),
    ));
    let many = format!("{} {call}", "(try_table (catch $o $out) (call $n))".repeat(1_000));
    let head = format!(
        "(func $n) {}",
        down(&format!(
            "{} {many}",
            "(if (local.get 0) (then (call $g (i32.sub (local.get 0) (i32.const 1)))))"
        ))
    );
    list.push(loop_of("throw past frames of functions with 1,000 clauses", &head, &body(20_000)));
    let big = " i64".repeat(1_000);
    let throw = format!("(tag $t (param{big}))");
    let body = format!(
        "{} (loop (param{big}) (block $out (param{big}) (result{big})
            (try_table (param{big}) (catch $t $out) (throw $t)) unreachable) (br 0))",
        "(i64.const 1)".repeat(1_000)
    );
    list.push(endless("throw of 1,000 values", &throw, &body));
}

/// Exceptions that become objects.
fn exceptions(list: &mut Vec<Program>) {
    let tag = "(tag $t)";
    let catch = "(drop (block $out (result exnref)
        (try_table (catch_all_ref $out) (throw $t)) unreachable))";
    list.push(loop_of("catch_all_ref", tag, catch));
    let again = "(block $out (try_table (catch_all $out) (throw_ref (local.get $e))))";
    let body = format!(
        "(local $e exnref)
         (local.set $e (block $out (result exnref)
            (try_table (catch_all_ref $out) (throw $t)) unreachable))
         (loop $again {again} (br $again))"
    );
    list.push(endless("throw_ref", tag, &body));
    let deep = format!(
        "{tag} (func $g (param i32) (if (local.get 0)
        (then (call $g (i32.sub (local.get 0) (i32.const 1)))))
        (loop $again {catch} (br $again)))"
    );
    list.push(endless("catch_all_ref above 80,000 frames", &deep, "(call $g (i32.const 80000))"));
    let table = format!("{tag} (table 5000000 exnref)");
    list.push(loop_of("catch_all_ref beside a table of 5,000,000", &table, catch));
    let big = " i64".repeat(1_000);
    let head = format!("(tag $t (param{big}))");
    big_exceptions(list, &head);
    let body = format!(
        "(local $e exnref)
         (local.set $e (block $out (result exnref)
            (try_table (catch_all_ref $out) (throw $t {})) unreachable))
         (loop $again (block $out (result{big}) (try_table (catch $t $out) (throw_ref (local.get $e))) unreachable) {} (br $again))",
        "(i64.const 1)".repeat(1_000),
        " drop".repeat(1_000)
    );
    list.push(endless("throw_ref of 1,000 values", &head, &body));
}

/// Exceptions so large that the store forgets some again and again, beside much that it looks at
/// before.
fn big_exceptions(list: &mut Vec<Program>, head: &str) {
    let make = format!(
        "(func $make (result exnref) (block $out (result exnref)
            (try_table (catch_all_ref $out) (throw $t {})) unreachable))",
        "(i64.const 1)".repeat(1_000)
    );
    let again = "(loop $again (drop (call $make)) (br $again))";
    list.push(endless("exceptions of 1,000 values", &format!("{head} {make}"), again));
    let tables = "(table 10000000 exnref)".repeat(40);
    let beside = format!("{head} {make} {tables}");
    list.push(endless("the same beside 40 tables of 10,000,000", &beside, again));
    for (depth, locals, name) in [
        (80_000, "", "the same above 80,000 frames"),
        (60_000, "(local exnref exnref exnref)", "the same above 60,000 frames of references"),
    ] {
        let deep = format!(
            "{head} {make} (func $g (param i32) {locals} (if (local.get 0)
            (then (call $g (i32.sub (local.get 0) (i32.const 1)))))
            {again})"
        );
        list.push(endless(name, &deep, &format!("(call $g (i32.const {depth}))")));
    }
}

fn bulk(list: &mut Vec<Program>) {
    let head = r#"(memory $m 1024) (memory $n 1024) (data $d "0123456789abcdef") (func $g)
        (table $t 100000 funcref) (table $u 100000 funcref) (elem $e func $g $g $g $g)"#;
    for n in [0, 1, 9, 1_000, 60_000_000] {
        for (name, body) in [
            (
                "memory.fill",
                format!("(memory.fill $m (i32.const 1) (i32.const 1) (i32.const {n}))"),
            ),
            (
                "memory.copy",
                format!("(memory.copy $m $n (i32.const 1) (i32.const 0) (i32.const {n}))"),
            ),
            (
                "memory.copy, overlapping",
                format!("(memory.copy $m $m (i32.const 1) (i32.const 0) (i32.const {n}))"),
            ),
        ] {
            list.push(loop_of(&format!("{name} of {n}"), head, &body.repeat(16)));
        }
    }
    for n in [0, 1, 9, 1_000, 90_000] {
        for (name, body) in [
            ("table.fill", format!("(table.fill $t (i32.const 1) (ref.func $g) (i32.const {n}))")),
            (
                "table.copy",
                format!("(table.copy $t $u (i32.const 1) (i32.const 0) (i32.const {n}))"),
            ),
        ] {
            list.push(loop_of(&format!("{name} of {n}"), head, &body.repeat(16)));
        }
    }
    for n in [0, 4] {
        let init = format!(
            "(memory.init $d (i32.const 0) (i32.const 1) (i32.const {n}))
            (table.init $t $e (i32.const 0) (i32.const 0) (i32.const {n}))"
        );
        list.push(loop_of(&format!("memory.init, table.init of {n}"), head, &init.repeat(16)));
    }
}

/// Growth, which ends by itself.
fn growth(list: &mut Vec<Program>) {
    let until = |grow: &str| format!("(loop (br_if 0 (i32.ne {grow} (i32.const -1))))");
    let memory = |page: &str, n: u32| {
        let head = format!("(memory 0 {} {page})", if page.is_empty() { 16384 } else { 1 << 30 });
        (head, until(&format!("(memory.grow (i32.const {n}))")))
    };
    let touch = "(i32.store (i32.mul (local.get $i) (i32.const 4096)) (i32.const 1))";
    let touch = |pages: u32| {
        format!(
            "(loop {touch} (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {}))))",
            pages * 16
        )
    };
    for n in [1, 100] {
        let (head, body) = memory("", n);
        list.push(endless(&format!("memory.grow by {n} pages"), &head, &body));
        let body = format!("(local $i i32) {body} {}", touch(16_000));
        list.push(endless(&format!("memory.grow by {n} pages, then touched"), &head, &body));
    }
    let once = format!("(local $i i32) (drop (memory.grow (i32.const 16000))) {}", touch(16_000));
    list.push(endless("memory.grow by 16,000 pages, then touched", "(memory 0 16384)", &once));
    let start = format!("(local $i i32) {}", touch(16_000));
    list.push(endless("16,000 pages of the start, touched", "(memory 16000 16384)", &start));
    for n in [1, 4096, 65536] {
        let (head, body) = memory("(pagesize 1)", n);
        list.push(endless(&format!("memory.grow by {n} pages of a byte"), &head, &body));
    }
    list.push(loop_of(
        "memory.grow that fails",
        "(memory 1 1)",
        "(drop (memory.grow (i32.const 1)))",
    ));
    for n in [1, 100_000] {
        let body = until(&format!("(table.grow (ref.func $f) (i32.const {n}))"));
        let head = "(table 0 10000000 funcref) (elem declare func $f)";
        list.push(endless(&format!("table.grow by {n}"), head, &body));
        let body = until(&format!("(table.grow (ref.null func) (i32.const {n}))"));
        list.push(endless(&format!("table.grow by {n} nulls"), head, &body));
    }
    let fails = "(drop (table.grow (ref.null func) (i32.const 1)))";
    list.push(loop_of("table.grow that fails", "(table 1 1 funcref)", fails));
}

/// Accesses that the machine's caches do not hold.
fn memory(list: &mut Vec<Program>) {
    let step = "(local.set $p (i32.and (i32.add (i32.mul (local.get $p) (i32.const 1664525))
            (i32.add (i32.const 1013904223) (i32.load (local.get $p)))) (i32.const 0x0ffffff8)))";
    let body = format!(
        "(local $p i32) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0x10000000))
        (loop {step} (br 0))"
    );
    list.push(endless("loads all over 256 MiB, each waits for the last", "(memory 4097)", &body));
    let step = "(local.set $p (i32.and (i32.add (i32.mul (local.get $p) (i32.const 1664525))
            (i32.const 1013904223)) (i32.const 0x0ffffff8)))";
    let body = format!(
        "(local $p i32) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0x10000000))
        (loop {step} (i32.store (local.get $p) (local.get $p)) (br 0))"
    );
    list.push(endless("stores all over 256 MiB", "(memory 4097)", &body));
}
