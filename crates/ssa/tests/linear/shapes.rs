//! Shapes of functions that grow, each with what makes it hard: read by `tests/linear.rs` and by
//! `examples/linear.rs`.

use prova_ssa::Body;

/// A family of functions, each the only one of its module.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// Sizes from the smallest to the greatest, each four times the one before.
    pub(crate) sizes: [usize; 4],
    pub(crate) make: fn(usize) -> String,
}

pub(crate) const SHAPES: &[Shape] = &[
    Shape { name: "straight line", sizes: [500, 2_000, 8_000, 32_000], make: straight },
    Shape { name: "loops one after another", sizes: [250, 1_000, 4_000, 16_000], make: loops },
    Shape { name: "nested blocks", sizes: [100, 400, 1_600, 6_400], make: blocks },
    Shape { name: "nested loops that read locals", sizes: [100, 400, 1_600, 6_400], make: nest },
    Shape { name: "loops that share a bit", sizes: [50, 200, 800, 3_200], make: masks },
    Shape { name: "one-armed ifs that branch", sizes: [250, 1_000, 4_000, 16_000], make: chain },
    Shape { name: "ifs in elses that branch", sizes: [100, 400, 1_600, 6_400], make: elses },
    Shape { name: "ifs in ifs that write", sizes: [100, 400, 1_600, 6_400], make: ifs },
    Shape { name: "locals × blocks", sizes: [100, 400, 1_600, 6_400], make: locals },
    Shape { name: "locals × blocks in a loop", sizes: [100, 400, 1_600, 6_400], make: looped },
    Shape { name: "edges that turn out equal", sizes: [100, 400, 1_600, 6_400], make: equal },
    Shape { name: "br_table × labels", sizes: [16, 64, 256, 1_024], make: table },
    Shape { name: "calls under try_tables", sizes: [100, 400, 1_600, 6_400], make: calls },
    Shape { name: "a high stack × blocks", sizes: [100, 400, 1_600, 6_400], make: stack },
    Shape { name: "loads, then stores elsewhere", sizes: [500, 2_000, 8_000, 32_000], make: roots },
    Shape {
        name: "reads of globals, then writes",
        sizes: [250, 1_000, 4_000, 16_000],
        make: globals,
    },
];

/// How large a body is: its values, blocks, instructions and arguments.
pub(crate) fn size(body: &Body) -> usize {
    let args = |block| body.successors(block).map(|edge| body.args(&edge).len()).sum::<usize>();
    let args: usize = body.blocks().map(|(block, _)| args(block)).sum();
    args + body.value_count() + body.block_count() + body.inst_count()
}

fn module(params: &str, locals: usize, body: &str) -> String {
    format!("(module (memory 1) (func {params} (local {}) {body}))", "i32 ".repeat(locals))
}

fn each(n: usize, of: impl Fn(usize) -> String) -> String {
    (0..n).map(of).collect()
}

fn straight(n: usize) -> String {
    let step = "(local.set 0 (i32.load (i32.add (local.get 0) (local.get 1))))";
    module("(param i32 i32)", 0, &step.repeat(n))
}

fn loops(n: usize) -> String {
    let step = "(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))";
    module("(param i32)", 0, &step.repeat(n))
}

fn blocks(n: usize) -> String {
    let body = format!("{} nop {}", "block (br_if 0 (local.get 0))".repeat(n), "end ".repeat(n));
    module("(param i32)", 0, &body)
}

/// Each loop reads a different local and writes the one that all count down.
fn nest(n: usize) -> String {
    let open = each(n, |i| format!("loop (i32.store (i32.const 0) (local.get {}))", i + 1));
    let close = "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))) end ".repeat(n);
    module("(param i32)", n, &(open + &close))
}

/// Every loop writes some local of each bit of the facts' masks, and reads others.
fn masks(n: usize) -> String {
    let one = |i: usize| {
        let sets = each(64, |j| format!("(local.set {} (i32.const 1))", 64 * (i % 8) + j + 1));
        let get = 64 * ((i + 1) % 8) + 1;
        format!("(loop {sets} (br_if 0 (local.get {get})))")
    };
    module("(param i32)", 512, &each(n, one))
}

/// Each `if` may write the local and may leave; behind it the local is read.
fn chain(n: usize) -> String {
    let one = "(if (local.get 0) (then (local.set 1 (i32.const 1)) (br_if 1 (local.get 1))))";
    let body = format!("block {} end (i32.store (i32.const 0) (local.get 1))", one.repeat(n));
    module("(param i32)", 1, &body)
}

/// The first arms write, the second ones branch out of all of them, where the local is read.
fn elses(n: usize) -> String {
    let open = "(local.get 0) if (local.set 1 (i32.const 1)) else (br_if $out (local.get 0)) ";
    let (open, close) = (open.repeat(n), "end ".repeat(n));
    let body = format!("block $out {open} {close} end (i32.store (i32.const 0) (local.get 1))");
    module("(param i32)", 1, &body)
}

fn ifs(n: usize) -> String {
    let open = "(local.get 0) if (local.set 1 (i32.add (local.get 1) (i32.const 1))) ";
    let close = "else (local.set 1 (i32.const 7)) end ";
    module("(param i32)", 1, &(open.repeat(n) + &close.repeat(n)))
}

/// Each block may write one local; all are read behind them.
fn locals(n: usize) -> String {
    module("(param i32)", n + 1, &(writes(n) + &reads(n)))
}

fn looped(n: usize) -> String {
    let body = format!("loop {} {} (br_if 0 (local.get 0)) end", writes(n), reads(n));
    module("(param i32)", n + 1, &body)
}

fn writes(n: usize) -> String {
    each(n, |i| format!("(block (br_if 0 (local.get 0)) (local.set {} (i32.const 1)))", i + 1))
}

fn reads(n: usize) -> String {
    each(n, |i| format!("(i32.store (i32.const 0) (local.get {}))", i + 1))
}

/// Many edges to a label along which the local is the same after all: each of its writes writes
/// what it was.
fn equal(n: usize) -> String {
    let same = "(block (br_if 0 (local.get 0)) (local.set 1 (local.get 1)))";
    let body = format!("{same} (br_if $out (local.get 0)) ").repeat(n);
    let read = "(i32.store (i32.const 0) (local.get 1))";
    let inside = format!("block $out {body} (local.set 1 (i32.const 3)) end {read}");
    module("(param i32)", 1, &inside)
}

fn table(n: usize) -> String {
    let targets = each(n, |i| format!("{i} "));
    let body =
        format!("{} local.get 0 br_table {targets} {}", "block ".repeat(n), "end ".repeat(n));
    module("(param i32)", 0, &body)
}

fn calls(n: usize) -> String {
    let one =
        "(block (try_table (catch_all 0) (call 0 (i32.const 0)) (local.set 1 (local.get 0))))";
    let read = "(i32.store (i32.const 0) (local.get 1))";
    module("(param i32)", 1, &format!("{} {read}", one.repeat(n)))
}

fn stack(n: usize) -> String {
    let push = "(i32.clz (local.get 0))".repeat(n);
    let body = "block (br_if 0 (local.get 0)) end ".repeat(n);
    module("(param i32)", 0, &format!("{push} {body} {}", "drop ".repeat(n)))
}

/// Loads by as many roots, then stores by two of them in turn, each of which ends the known facts.
fn roots(n: usize) -> String {
    // One of two equal products goes, so there is something to prove.
    let twice = "(i32.store (i32.mul (local.get 1) (local.get 2)) (i32.const 7))".repeat(2);
    let load = "(local.set 0 (i32.load (local.get 0)))";
    let store = each(2, |i| format!("(i32.store (local.get {}) (i32.const 7))", i + 1));
    module("(param i32 i32 i32)", 0, &(twice + &load.repeat(n) + &store.repeat(n)))
}

/// Reads of as many globals, imported ones and others, then writes of imported ones; and reads in
/// as many blocks.
fn globals(n: usize) -> String {
    let imports = "(import \"\" \"\" (global (mut i32)))".repeat(n);
    let own = "(global (mut i32) (i32.const 0))".repeat(n);
    let reads = each(2 * n, |i| format!("(i32.store (i32.const 0) (global.get {i}))"));
    let writes = each(n, |i| format!("(global.set {} (i32.const 1))", i % 2));
    let block =
        format!("(i32.store (i32.const 0) (global.get {n})) (block (br_if 0 (local.get 0)))");
    let blocks = block.repeat(n);
    format!("(module {imports} (memory 1) {own} (func (param i32) {reads} {writes} {blocks}))")
}
