//! The pass that measures frames, and later facts, against the one pass that finds the facts while
//! it validates: the same modules accepted, the same errors, the same facts.
//!
//! Green shows that the two ways agree on random modules, whole and broken, under default and low
//! limits, on one thread and on several. A fault in the part that both take from the validator
//! reaches both; what the facts should be, `facts.rs` and `oracle.rs` say.

use arbtest::arbitrary::Unstructured;
use prova_module::{Error, Features, Limits, Module};
use std::fmt::Write;
use wasm_smith::{Config, Module as Generated};

fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn config() -> Config {
    Config {
        simd_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        bulk_memory_enabled: true,
        tail_call_enabled: true,
        wide_arithmetic_enabled: true,
        exceptions_enabled: true,
        gc_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        min_funcs: 1,
        max_instructions: 300,
        ..Config::default()
    }
}

/// Decodes both ways and compares what comes out; the error of both, if there is one.
#[track_caller]
fn alike(bytes: &[u8], limits: &Limits) -> Result<Module, Error> {
    let features = Features::default();
    let frames = Module::decode(bytes, &features, limits);
    let facts = Module::decode_with_facts(bytes, &features, limits);
    let (frames, facts) = match (frames, facts) {
        (Ok(frames), Ok(facts)) => (frames, facts),
        (frames, facts) => {
            let (frames, facts) = (frames.map(drop), facts.map(drop));
            assert_eq!(frames, facts);
            return Err(frames.expect_err("one of both is an error"));
        }
    };
    for func in facts.defined_funcs() {
        let found = facts.facts(func).expect("they were made");
        assert_eq!(frames.frame(func), Some(found.frame()), "{func}");
        assert_eq!(frames.facts(func), Some(found), "{func}");
        let start = |module: &Module| {
            module.body(func).expect("it is defined").operators_binary().original_position()
        };
        assert_eq!(start(&frames), start(&facts), "{func}");
        assert_eq!(start(&frames), u64::from(found.blocks[0].start), "{func}");
    }
    Ok(frames)
}

/// Default limits, except for one low limit.
fn low(u: &mut Unstructured<'_>) -> arbtest::arbitrary::Result<Limits> {
    let mut limits = Limits::default();
    let fields: [&mut u64; 6] = [
        &mut limits.body_bytes,
        &mut limits.locals_per_function,
        &mut limits.control_depth,
        &mut limits.br_table_targets,
        &mut limits.operand_height,
        &mut limits.function_cells,
    ];
    let at = u.choose_index(fields.len())?;
    for (index, field) in fields.into_iter().enumerate() {
        if index == at {
            *field = u.int_in_range(0..=40)?;
        }
    }
    Ok(limits)
}

#[test]
fn generated_modules_whole_and_broken() {
    let (mut whole, mut over, mut broken) = (0, 0, 0);
    arbtest::arbtest(|u: &mut Unstructured<'_>| {
        let mut bytes = Generated::new(config(), u)?.to_bytes();
        let module = alike(&bytes, &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
        whole += 1;
        for _ in 0..8 {
            over += usize::from(alike(&bytes, &low(u)?).is_err());
        }
        let bodies: Vec<_> =
            module.defined_funcs().filter_map(|func| Some(module.body(func)?.range())).collect();
        for _ in 0..8 {
            let body = u.choose(&bodies)?.clone();
            let at = u.int_in_range(body.start..=body.end - 1)?;
            let old = std::mem::replace(&mut bytes[at], u.arbitrary()?);
            broken += usize::from(alike(&bytes, &Limits::default()).is_err());
            bytes[at] = old;
        }
        Ok(())
    })
    .budget_ms(3_000)
    .size_min(1 << 10)
    .size_max(1 << 16);
    println!("{whole} modules, {over} over a limit, {broken} broken");
    assert!(whole > 5 && over > 5 && broken > 20, "{whole} {over} {broken}");
}

/// Functions of some 3,000 bytes, the ones of these indices with another body.
fn large(count: usize, others: &[(usize, &str)]) -> Vec<u8> {
    let mut text = String::from("(module (memory 1)");
    let plain = "(local.set 0 (i32.load (i32.add (local.get 0) (i32.const 4))))".repeat(300);
    for func in 0..count {
        let other = others.iter().find(|&&(index, _)| index == func);
        let body = other.map_or(plain.as_str(), |&(_, body)| body);
        write!(text, "(func (param i32) (result i32) {body} (local.get 0))").expect("it fits");
    }
    assemble(&(text + ")"))
}

#[test]
fn large_modules_on_several_threads() {
    let module = alike(&large(400, &[]), &Limits::default()).expect("it is valid");
    assert!(module.bytes().len() > 1 << 20, "{} bytes", module.bytes().len());
    // Of several errors the first, wherever a thread finds one.
    for others in [&[7, 390][..], &[200, 201], &[399], &[0, 100, 300]] {
        let others: Vec<_> = others.iter().map(|&func| (func, "(i64.const 0)")).collect();
        let error = alike(&large(400, &others), &Limits::default()).expect_err("it is invalid");
        assert_eq!(error.func.map(|func| func.index()), others.first().map(|&(func, _)| func));
    }
}

#[test]
fn an_error_behind_the_code_is_behind_those_of_bodies() {
    let text = |body: &str| {
        format!(
            "(module (func {body}) (memory 1) (data (i32.const 0) \"a\") (data 7 (i32.const 0) \"b\"))"
        )
    };
    let error = alike(&assemble(&text("")), &Limits::default()).expect_err("there is no memory 7");
    assert_eq!(error.func, None);
    let error = alike(&assemble(&text("i32.const 0")), &Limits::default());
    assert!(error.expect_err("a value is left").func.is_some());
}

#[test]
fn the_work_of_all_bodies_is_limited_on_several_threads() {
    // Each body keeps within what it has for itself; all together need more than there is.
    let (values, drops) = ("i32 ".repeat(5), "drop ".repeat(5));
    let table = format!("unreachable br_table {}", "0 ".repeat(120_000));
    let one = format!("(func block (result {values}) {table} end {drops})");
    let limits = Limits { work_per_byte: 1, ..Limits::default() };
    let accepted = alike(&assemble(&format!("(module {one})")), &limits);
    let many = assemble(&format!("(module {})", one.repeat(12)));
    let error = alike(&many, &limits).expect_err("it needs more work than it may");
    assert!(accepted.is_ok(), "{accepted:?}");
    assert!(error.to_string().contains("units of work"), "{error}");
    assert!(error.func.is_some_and(|func| func.index() > 0), "{error}");
}

/// Operators with extra work, each in code that takes five values and gives five.
const WORKS: [&str; 20] = [
    "nop",
    "block (type $many) end",
    "loop (type $many) i32.const 0 br_if 0 end",
    "i32.const 0 if (type $many) end",
    "i32.const 0 if (type $many) else end",
    "try_table (type $many) (catch_all $out) (catch $tag $three) (catch_ref $tag $four) end",
    "block (type $many) br 0 end",
    "loop (type $many) br 0 end",
    "block (type $many) i32.const 0 br_if 0 end",
    "block (type $many) ref.null func br_on_null 0 drop end",
    "block (type $last) drop ref.func $same br_on_non_null 0 ref.func $same end drop i32.const 0",
    "block (type $many) i32.const 0 br_table 0 0 0 end",
    "block (type $many) unreachable br_table 0 0 0 0 end",
    "block (type $many) return end",
    "call $same",
    "i32.const 0 call_indirect (type $many)",
    "ref.null $many call_ref $many",
    "block (type $many) return_call $same end block (type $many) i32.const 0 return_call_indirect (type $many) end",
    "block (type $many) ref.null $many return_call_ref $many end",
    "block (type $many) drop drop throw $tag end",
];

/// A function with one of `WORKS` and `nops` `nop`s, which works up to the last 5,000 units.
fn working(code: &str, nops: usize) -> Vec<u8> {
    let [many, three, four] = ["i32 ".repeat(5), "i32 ".repeat(3), "i32 ".repeat(4)];
    let (wide, targets, drops) = ("i32 ".repeat(1000), "0 ".repeat(1031), "drop ".repeat(1000));
    let nops = "nop ".repeat(nops);
    assemble(&format!(
        "(module (type $many (func (param {many}) (result {many})))
            (type $last (func (param {many}) (result {four} (ref func))))
            (tag $tag (param {three})) (table 1 funcref) (elem declare func $same)
            (func $same (type $many) unreachable)
            (func (type $many) (local i64 v128)
                block (result {wide}) unreachable br_table {targets} end {drops}
                block $out block $three (result {three})
                block $four (result {three} exnref)
                {consts} {code} {nops} return
                end unreachable end unreachable end unreachable))",
        consts = "i32.const 0 ".repeat(5)
    ))
}

#[test]
fn each_operator_is_the_same_work_in_both_passes() {
    let limits = Limits { work_per_byte: 0, ..Limits::default() };
    let accepted = |code: &str, nops: usize| {
        Module::decode_with_facts(&*working(code, nops), &Features::default(), &limits).is_ok()
    };
    for code in WORKS {
        let (mut most, mut over) = (0, 8_000);
        assert!(accepted(code, most) && !accepted(code, over), "{code}");
        while most + 1 < over {
            let middle = (most + over) / 2;
            if accepted(code, middle) { most = middle } else { over = middle }
        }
        assert!(alike(&working(code, most), &limits).is_ok(), "{code}");
        assert!(alike(&working(code, over), &limits).is_err(), "{code}");
    }
}
