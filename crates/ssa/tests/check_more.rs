//! Metering and zeros at the start of a function, as the check accepts and refuses them (C1, C6).
//!
//! Green shows that each charge and poll of these bodies is asked for, whichever of both a body
//! has. It does not show that their places are right: the facts say them.

use crate::edit::edited;
use prova_module::{Features, FuncIdx, Limits, Module, ValType};
use prova_ssa::check::Rule;
use prova_ssa::{Assembler, Block, CheckedBody, Metering, Place, Terminator, build, parse, print};

const MODULES: &[&str] = &[
    include_str!("check/straight.wat"),
    include_str!("check/flow.wat"),
    include_str!("check/table.wat"),
    include_str!("check/except.wat"),
    include_str!("check/refs.wat"),
    include_str!("check/more.wat"),
    // Loops that nothing is charged for, behind all that something is charged for.
    "(module (func (param i32) local.get 0 drop loop unreachable end)
        (func (param i32) local.get 0 drop loop loop nop return end end))",
    MORE,
];

/// Locals on ways by handlers and by second arms, nested handlers, values below a reference.
const MORE: &str = "(module (tag $t) (func $f)
    (func (param i32) (result i32) (local i32 i32 i32 i32 i32 i32)
        block $a
            block $b
                try_table (catch $t $a) (catch_all $b)
                    i32.const 9 local.set 6
                    call $f
                    i32.const 1 local.set 1 i32.const 2 local.set 2 i32.const 3 local.set 4
                    call $f
                    i32.const 4 local.set 1 i32.const 5 local.set 2 i32.const 6 local.set 4
                    call $f
                end
                i32.const 7 local.set 6
            end
            local.get 6 return
        end
        local.get 1 local.get 2 i32.sub local.get 4 i32.sub local.get 6 i32.sub local.get 3 i32.sub)
    (func (param i32) (result i32) (local i32)
        i32.const 1 local.set 1
        local.get 0 if (result i32) i32.const 2 local.set 1 i32.const 3 else local.get 1 local.get 1 i32.sub end
        i32.const 4 local.set 1
        local.get 0 if (result i32) i32.const 5 local.set 1 i32.const 6 else local.get 1 local.get 1 i32.sub end
        i32.sub)
    (func
        block try_table (catch $t 0) try_table (catch_all 1) call $f end end end)
    (func (param funcref) (result i32) i32.const 1
        block (result i32) i32.const 5 local.get 0 br_on_null 0 drop end
        i32.sub))";

const METERINGS: [Metering; 4] = [
    Metering::NONE,
    Metering::BOTH,
    Metering { fuel: true, epoch: false },
    Metering { fuel: false, epoch: true },
];

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// The text of a function's honest body.
fn honest(module: &Module, func: FuncIdx, metering: Metering) -> String {
    print(&build(module, func, metering).expect("a body"))
}

/// The rule that refuses a text, if one does.
fn judge(module: &Module, text: &str) -> Option<Rule> {
    let body = parse(text).expect("a body");
    CheckedBody::check(module, body).err().map(|rejection| rejection.rule)
}

#[test]
fn each_metering_is_accepted() {
    for module in MODULES.iter().map(|text| module(text)) {
        for metering in METERINGS {
            for func in module.defined_funcs() {
                let text = honest(&module, func, metering);
                assert_eq!(judge(&module, &text), None, "{metering:?}\n{text}");
            }
        }
    }
}

#[test]
fn each_charge_and_poll_is_missed() {
    let mut count = 0;
    for module in MODULES.iter().map(|text| module(text)) {
        for func in module.defined_funcs() {
            for metering in METERINGS {
                let text = honest(&module, func, metering);
                let lines: Vec<&str> = text.lines().collect();
                for (at, line) in lines.iter().enumerate() {
                    let word = line.trim_start().split(' ').next();
                    if word == Some("charge") || word == Some("poll") {
                        let less: Vec<&str> = [&lines[..at], &lines[at + 1..]].concat();
                        let less = less.join("\n") + "\n";
                        // Between two zeros it says whose the second one is, and the next one of
                        // a kind has another offset.
                        let rule = judge(&module, &less);
                        let right = match rule {
                            Some(Rule::Operators) => lines[at - 1].contains("const bits=0x0"),
                            Some(Rule::Offsets) => {
                                lines[at + 1].trim_start().split(' ').next() == word
                            }
                            rule => rule == Some(Rule::Metering),
                        };
                        assert!(right, "{rule:?}: {line}\n{text}");
                        count += 1;
                    }
                }
            }
        }
    }
    assert!(count > 100, "{count}");
}

/// Where the function begins with a zero, the last of the body's zeros is its own; so one that is
/// missing there is the operator that is missing.
#[test]
fn a_zero_that_a_function_begins_with_is_its_own() {
    for (locals, kept) in [("", 0), ("(local i32)", 1)] {
        let module = module(&format!(
            "(module (func (result i32) {locals} i32.const 0 {} i32.add))",
            if kept == 0 { "i32.const 0" } else { "local.get 0" }
        ));
        let func = module.defined_funcs().next().expect("a function");
        let text = honest(&module, func, Metering::NONE);
        assert_eq!(judge(&module, &text), None, "{text}");
        let other = edited(&text, "bits=0x0 => bits=0x1");
        assert_eq!(judge(&module, &other), Some(Rule::Operators), "{other}");
    }
}

/// A wrong body of the last function of a module, by edits of the text of the honest one.
fn wrong(text: &str, edits: &str) -> (Option<Rule>, String) {
    let module = module(text);
    let func = module.defined_funcs().last().expect("a function");
    let honest = honest(&module, func, Metering::NONE);
    let text = edited(&honest, edits);
    (judge(&module, &text), text)
}

#[test]
fn locals_without_their_parameter_are_refused() {
    let mut wrong_ones = String::new();
    for (rule, text, edits) in [
        // Written ahead of a block that nothing branches to, inside one that is.
        (
            Rule::Operands,
            "(module (func (param i32) (result i32) (local i32)
                block $o i32.const 1 local.set 1 local.get 0 br_if $o
                    i32.const 2 local.set 1 block nop end
                end
                local.get 1))",
            "v0 block2(v1) => v0 block2() ; block2(v2) => block2() ; (v3: i32 local1) => () ; return v3 => return v2",
        ),
        // Written in a loop that writes others, but not local 0.
        (
            Rule::Locals,
            "(module (func (param i32) (result i32) (local i32 i32 i32)
                loop
                    local.get 1 local.set 3
                    i32.const 1 local.set 1 i32.const 2 local.set 2
                    local.get 0 br_if 0
                end
                local.get 3 local.get 2 i32.sub))",
            "block1(v1) => block1() ; (v2: i32 local1) => () ; block1(v3) => block1() ; i32.sub v2 v4 => i32.sub v1 v4",
        ),
    ] {
        let (given, text) = wrong(text, edits);
        if given != Some(rule) {
            wrong_ones += &format!("{given:?}, not {rule:?}:\n{text}");
        }
    }
    assert!(wrong_ones.is_empty(), "{wrong_ones}");
}

#[test]
fn an_edge_to_the_block_behind_the_last_is_refused() {
    let module = module("(module (func (param i32) block local.get 0 br_if 0 end))");
    let func = module.defined_funcs().next().expect("a function");
    let honest = build(&module, func, Metering::NONE).expect("a body");
    let copy = |behind: bool| {
        let mut out = Assembler::new(func, Metering::NONE);
        for (block, data) in honest.blocks() {
            out.block(data.origin, data.offset);
            if block == honest.entry() {
                out.param(ValType::I32, Place::Local(0));
            }
            let mut terminator = data.terminator;
            if let (true, Terminator::Branch { then, .. }) = (behind, &mut terminator) {
                then.block = Block::from_u32(honest.block_count() as u32);
            }
            out.end(terminator, data.end);
        }
        CheckedBody::check(&module, out.finish()).err().map(|rejection| rejection.rule)
    };
    assert_eq!([copy(false), copy(true)], [None, Some(Rule::Targets)]);
}
