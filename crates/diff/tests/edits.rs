//! 275 pairs of generated modules with one known edit each: the edit is reported in its class, and
//! nothing else is. And pairs whose blocks look permuted but whose behaviour differs: never
//! `layout-only`.
//!
//! Green does not show edits of other kinds, several at once, or modules without names.

use prova_diff::{DiffOptions, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use prova_random::Rng;
use std::fmt::Write;

const FUNCS: usize = 12;
const SEEDS: u64 = 25;

/// A module to be written as text.
#[derive(Clone)]
struct Spec {
    funcs: Vec<Func>,
    base: u32,
    /// The number that is added to one byte of data.
    byte: u32,
}

#[derive(Clone)]
struct Func {
    name: String,
    /// Constants of the body.
    constants: [u32; 3],
    operator: &'static str,
    /// The function called.
    callee: String,
    /// Whether the callee's body stands in place of the call.
    inlined: Option<[u32; 3]>,
    /// The order of the arms in the text, and of the targets.
    arms: [usize; 3],
    targets: [usize; 3],
    address: u32,
    leaf: bool,
}

struct Random(Rng);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0.below(n as usize) as u64
    }
}

fn spec(seed: u64) -> Spec {
    let mut random = Random(Rng::new(seed));
    let operators = ["i32.add", "i32.xor", "i32.or", "i32.mul"];
    let funcs = (0..FUNCS)
        .map(|i| Func {
            name: format!("f{i}"),
            // Beyond the memory: no address can be meant.
            constants: std::array::from_fn(|_| 100_000 + random.below(1_000_000) as u32),
            operator: operators[random.below(4) as usize],
            // The leaf `f11` has one caller, `f0`.
            callee: if i == 0 {
                "f11".into()
            } else {
                format!("f{}", 1 + random.below(FUNCS as u64 - 2))
            },
            inlined: None,
            arms: [0, 1, 2],
            targets: [0, 1, 2],
            address: 4 * random.below(16) as u32,
            leaf: i == FUNCS - 1,
        })
        .collect();
    Spec { funcs, base: 4096, byte: 0 }
}

fn leaf_body(constants: [u32; 3]) -> String {
    let [a, b, c] = constants;
    format!(
        "local.get 0 i32.const {a} i32.mul i32.const {b} i32.xor i32.const 5 i32.rotl i32.const {c} i32.add i32.const 3 i32.shr_u"
    )
}

fn body(func: &Func, base: u32) -> String {
    if func.leaf {
        return leaf_body(func.constants);
    }
    let [a, b, c] = func.constants;
    // Three arms, each left by a branch to the end; the place in the text decides the depth.
    let mut text = String::from("block block block block local.get 0 br_table");
    for target in func.targets {
        let place = func.arms.iter().position(|arm| *arm == target).expect("a permutation");
        write!(text, " {place}").expect("text");
    }
    text.push_str(" 3 end ");
    for (place, arm) in func.arms.iter().enumerate() {
        let constant = [a, b, c][*arm];
        write!(text, "local.get 1 i32.const {constant} {} local.set 1 ", func.operator)
            .expect("text");
        text.push_str(&format!("br {} end ", 2 - place));
    }
    let address = base + func.address;
    write!(text, "i32.const {address} i32.load local.get 1 i32.add local.set 1 i32.const 0 i32.const {a} i32.store offset={address} ").expect("text");
    match func.inlined {
        Some(constants) => text.push_str(&leaf_body(constants)),
        None => write!(text, "local.get 0 call ${}", func.callee).expect("text"),
    }
    text.push_str(" local.get 1 i32.sub");
    text
}

fn module(spec: &Spec) -> Module {
    let mut text = String::from("(module (memory 1) ");
    for func in &spec.funcs {
        let locals = if func.leaf { "" } else { "(local i32)" };
        write!(
            text,
            "(func ${} (param i32) (result i32) {locals} {})",
            func.name,
            body(func, spec.base)
        )
        .expect("text");
    }
    let byte = |i: u32| (i * 37 + 11 + if i == 21 { spec.byte } else { 0 }) % 251;
    let data: String = (0..64u32).map(|i| format!("\\{:02x}", byte(i))).collect();
    write!(text, "(export \"run\" (func $f0)) (data $table (i32.const {}) \"{data}\"))", spec.base)
        .expect("text");
    let bytes = wat::parse_str(&text).expect("text format");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// The edit number `edit` of a module: what changed, and the cause and verdict of the one cluster.
fn edited(spec: &Spec, edit: usize, random: &mut Random) -> (Spec, String, Verdict) {
    let mut b = spec.clone();
    let at = 1 + random.below(FUNCS as u64 - 2) as usize;
    match edit {
        0 => {
            let mut new = b.funcs[at].clone();
            new.name = "added".into();
            new.constants = [1_999_999, 1_888_888, 1_777_777];
            b.funcs.insert(at, new);
            (b, "functions only in B; later indices renumbered".into(), Verdict::Changed)
        }
        1 => {
            let other = 1 + at % (FUNCS - 2);
            b.funcs.swap(at, other);
            (b, "functions in another order; indices renumbered".into(), Verdict::Renumbered)
        }
        2 => {
            let old = b.funcs[at].name.clone();
            for func in &mut b.funcs {
                for name in [&mut func.name, &mut func.callee] {
                    if *name == old {
                        *name = "renamed".into();
                    }
                }
            }
            (b, "functions renamed".into(), Verdict::Renumbered)
        }
        3 => {
            let leaf = b.funcs.pop().expect("the leaf");
            b.funcs[0].inlined = Some(leaf.constants);
            (b, "`f11` inlined into its callers".into(), Verdict::Changed)
        }
        4 => {
            let old = b.funcs[at].constants[1];
            b.funcs[at].constants[1] = old + 1;
            (
                b,
                format!("constant changed: i32.const {old} → i32.const {}", old + 1),
                Verdict::Changed,
            )
        }
        5 => {
            let by = 16 * (1 + random.below(8) as u32);
            b.base += by;
            (b, format!("data moved by +{by} bytes"), Verdict::Moved)
        }
        6 => {
            b.funcs[at].arms = [[1, 0, 2], [2, 1, 0], [1, 2, 0]][random.below(3) as usize];
            (b, "blocks in another order".into(), Verdict::LayoutOnly)
        }
        8..=10 => edited_else(spec, edit, at, random),
        _ => {
            // The leaf has each operator once.
            b.funcs[FUNCS - 1].leaf = true;
            (b, "operator changed: i32.xor → i32.or".into(), Verdict::Changed)
        }
    }
}

/// The edits that need no other function than the one at `at`.
fn edited_else(
    spec: &Spec,
    edit: usize,
    at: usize,
    random: &mut Random,
) -> (Spec, String, Verdict) {
    let mut b = spec.clone();
    match edit {
        // The same as 0 with the sides swapped.
        8 => (
            edited(spec, 0, random).0,
            "functions only in A; later indices renumbered".into(),
            Verdict::Changed,
        ),
        9 => {
            // The next one, so that it is another.
            let callee: usize = b.funcs[at].callee[1..].parse().expect("a number");
            b.funcs[at].callee = format!("f{}", 1 + callee % (FUNCS - 2));
            let cause = "same operators, other operands: functions called";
            (b, cause.into(), Verdict::Changed)
        }
        _ => {
            b.byte = 1 + random.below(200) as u32;
            (b, "bytes of table changed".into(), Verdict::Changed)
        }
    }
}

fn compare(a: &Module, b: &Module) -> Report {
    diff(a, b, &DiffOptions { runs: 20, ..DiffOptions::default() })
}

/// One operator of the leaf in place of another, in the binary: `i32.xor` (0x73) becomes `i32.or`
/// (0x72).
fn operator_changed(module: &Module) -> Module {
    let func = module.defined_funcs().last().expect("the leaf");
    let body = module.body(func).expect("a body");
    let mut operators = body.operators();
    let mut bytes = module.bytes().to_vec();
    while !operators.eof() {
        let (op, offset) = operators.read_with_offset().expect("valid");
        if matches!(op, prova_module::Operator::I32Xor) {
            bytes[offset as usize] = 0x72;
        }
    }
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

#[test]
fn each_of_275_edits_is_reported_in_its_class_and_nothing_else() {
    for seed in 0..SEEDS {
        let a = spec(seed);
        for edit in 0..11 {
            let mut random = Random(Rng::of(seed, edit as u64));
            let (b, cause, verdict) = edited(&a, edit, &mut random);
            let module_a = module(&a);
            let module_b = if edit == 7 { operator_changed(&module_a) } else { module(&b) };
            let report = match edit {
                8 => compare(&module_b, &module_a),
                _ => compare(&module_a, &module_b),
            };
            let context = format!("seed {seed}, edit {edit}\n{}", report.to_text());
            assert_eq!(report.clusters.len(), 1, "{context}");
            assert_eq!(
                (report.clusters[0].cause.as_str(), report.clusters[0].verdict),
                (cause.as_str(), verdict),
                "{context}"
            );
            let [first, rest @ ..] = report.clusters[0].differences.as_slice() else {
                panic!("{context}")
            };
            assert_eq!(report.differences[*first].verdict, verdict, "{context}");
            // What follows from the edit is harmless by itself, unless it is a cause too (a callee
            // that went).
            for i in rest.iter().skip(report.clusters[0].causes - 1) {
                assert!(report.differences[*i].verdict <= Verdict::Moved, "{context}");
            }
        }
    }
}

#[test]
fn blocks_that_only_look_permuted_are_never_layout_only() {
    for seed in 0..SEEDS {
        let a = spec(seed);
        for targets in [[1, 0, 2], [0, 2, 1], [2, 1, 0], [1, 2, 0]] {
            let at = 1 + seed as usize % (FUNCS - 2);
            let mut b = a.clone();
            // The arms change places, and so do cases that do not belong to them.
            b.funcs[at].arms = [2, 0, 1];
            b.funcs[at].targets = targets;
            let report = compare(&module(&a), &module(&b));
            assert!(
                report
                    .differences
                    .iter()
                    .all(|difference| difference.verdict != Verdict::LayoutOnly),
                "seed {seed}\n{}",
                report.to_text()
            );
            assert!(report.clusters.iter().any(|cluster| cluster.verdict == Verdict::Changed));
        }
    }
}
