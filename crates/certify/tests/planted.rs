//! Code that nobody checked and that breaks one rule of the observer each, beside code that breaks
//! none: what the observer would not see here, it would not see in a mutant.

use crate::common::asm::{
    I, Item, J, L, Raw, Row, Trap, assemble, at, faults, idx, mr, r, ret, ri, rm, rr,
};
use crate::common::pages::of_bytes;
use crate::observer::rule::Rule;
use crate::observer::{Broken, Stage, Subject};
use iced_x86::{Code as C, Instruction, Register, Register::*};
use prova_check::{Bases, CodeKind, CpuLevel, MemoryShape, Metering};
use std::collections::BTreeSet;

/// The words of its context are: 0x20 the import's record, 0x28 the memory's, 0x30 the table's,
/// 0x38, 0x40 and 0x48 the globals, 0x50 the memory's base, 0x58 the table's.
const MODULE: &str = r#"(module
    (import "a" "f" (func (param externref) (result externref)))
    (memory 1 4) (table 4 8 externref)
    (global (mut i32) (i32.const 0)) (global i64 (i64.const 1))
    (global (mut externref) (ref.null extern))
    (func (param i32 externref) (result i64)) (func (param i32)) (func (result externref)))"#;

/// How a plant is made.
#[derive(Clone, Copy)]
struct Way {
    memory: MemoryShape,
    fuel: bool,
    cpu: CpuLevel,
    signals: bool,
    bases: Bases,
    func: u32,
}

const GUARD: Way = Way {
    memory: MemoryShape::GUARD,
    fuel: false,
    cpu: CpuLevel::V3,
    signals: true,
    bases: Bases::Fixed,
    func: 1,
};
const MOVING: Way = Way { bases: Bases::MayMove, ..GUARD };
const EXPLICIT: Way = Way { memory: MemoryShape::Explicit, ..GUARD };
const MASKED: Way = Way { memory: MemoryShape::Masked, ..GUARD };
const QUIET: Way = Way { signals: false, ..EXPLICIT };
const FUEL: Way = Way { fuel: true, ..GUARD };
const V2: Way = Way { cpu: CpuLevel::V2, ..GUARD };

fn run(stage: &mut Stage, way: Way, items: &[Item], rows: bool) -> Result<(), Broken> {
    let wat = of_bytes(MODULE, way.memory != MemoryShape::GUARD);
    let wasm = wat::parse_str(wat).expect("a module");
    let (bytes, traps, calls) = assemble(items);
    let subject = Subject {
        wasm: &wasm,
        memory: way.memory,
        metering: Metering { fuel: way.fuel, epoch: false },
        cpu: way.cpu,
        signals: way.signals,
        bases: way.bases,
        kind: CodeKind::Func(way.func),
        bytes: &bytes,
        // One kind of rows is missing at a time.
        traps: if rows || !calls.is_empty() { &traps } else { &[] },
        calls: if rows { &calls } else { &[] },
    };
    (0..60).try_for_each(|seed| stage.run(&subject, seed).map(|_| ()))
}

/// `rax` becomes the word of the context at an offset.
fn context(at_offset: i64) -> Vec<Item> {
    vec![rm(C::Mov_r64_rm64, RAX, at(RDI, 8)), rm(C::Mov_r64_rm64, RAX, at(RAX, at_offset))]
}

/// `rax` becomes what the context's word at an offset leads to.
fn object(at_offset: i64) -> Vec<Item> {
    [context(at_offset), vec![rm(C::Mov_r64_rm64, RAX, at(RAX, 0))]].concat()
}

/// A load of linear memory at the first parameter, with a row.
fn load(extended: bool) -> Vec<Item> {
    let mut items = object(0x28);
    items.extend(extended.then(|| rr(C::Mov_r32_rm32, EDX, EDX)));
    let load = Instruction::with2(C::Mov_r32_rm32, EAX, idx(RAX, RDX, 1, 0));
    items.extend([Row(load.expect("a load"), 5), ret()]);
    items
}

/// A load of linear memory at the first parameter, which is compared with the length: by a branch,
/// or by a conditional move that leads nowhere.
fn compared(masks: bool) -> Vec<Item> {
    let mut items = vec![
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, 0x28)),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        rm(C::Mov_r64_rm64, R11, at(R11, 0)),
        rm(C::Mov_r64_rm64, R11, at(R11, 40)),
        rr(C::Mov_r32_rm32, EDX, EDX),
        rm(C::Lea_r64_m, RCX, at(RDX, 4)),
        rm(C::Lea_r64_m, RAX, idx(RAX, RDX, 1, 0)),
        rm(C::Cmp_r64_rm64, RCX, at(R10, 8)),
    ];
    let load = Instruction::with2(C::Mov_r32_rm32, EAX, at(RAX, 0)).expect("a load");
    if masks {
        items.extend([rr(C::Cmova_r64_rm64, RAX, R11), Row(load, 5), ret()]);
    } else {
        items.extend([J(C::Ja_rel32_64, 1), I(load), ret(), L(1), Trap(5)]);
    }
    items
}

/// `rax` becomes the memory's base, `rcx` its length; then this, and a return.
fn at_length(more: Item) -> Vec<Item> {
    let mut items = context(0x28);
    items.extend([
        rm(C::Mov_r64_rm64, RCX, at(RAX, 8)),
        rm(C::Mov_r64_rm64, RAX, at(RAX, 0)),
        more,
        ret(),
    ]);
    items
}

/// A call of the function with the record at an offset from the first one's, with `charge` taken
/// off the height (which is compared with 100), and a frame of `frame` bytes.
fn call(record: i8, charge: i64, frame: i32) -> Vec<Item> {
    vec![
        r(C::Push_r64, RBP),
        rr(C::Mov_r64_rm64, RBP, RSP),
        ri(C::Cmp_rm64_imm8, RSI, 100),
        J(C::Jb_rel32_64, 1),
        ri(C::Sub_rm64_imm32, RSP, frame),
        rm(C::Lea_r64_m, RSI, at(RSI, -charge)),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RDI, at(RAX, 0x18)),
        ri(C::Add_rm64_imm8, RDI, record.into()),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
        r(C::Call_rm64, RAX),
        ri(C::Add_rm64_imm32, RSP, frame),
        r(C::Pop_r64, RBP),
        ret(),
        L(1),
        Trap(10),
    ]
}

/// A call between the read of a memory's base and a load there.
fn call_between() -> Vec<Item> {
    let mut all = call(32, 100, 16);
    all.splice(11..11, [rm(C::Mov_r64_rm64, RAX, at(RSP, 0)), faults(word(RAX, RAX, 0))]);
    all.splice(5..5, [object(0x28), vec![mr(C::Mov_rm64_r64, at(RSP, 0), RAX)]].concat());
    all
}

/// The same with items before the call.
fn call_with(items: &[Item]) -> Vec<Item> {
    let mut all = call(32, 100, 0);
    all.splice(10..10, items.iter().copied());
    all
}

/// A charge of fuel and a jump back to before it, or behind.
fn charged(within: bool) -> Vec<Item> {
    let (before, behind) = if within { (1, 2) } else { (3, 1) };
    vec![
        rm(C::Mov_r64_rm64, RAX, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RAX, at(RAX, 0)),
        L(before),
        rm(C::Mov_r64_rm64, RCX, at(RAX, 0)),
        ri(C::Add_rm64_imm8, RCX, 7),
        J(C::Jb_rel32_64, 4),
        mr(C::Mov_rm64_r64, at(RAX, 0), RCX),
        L(behind),
        ri(C::Sub_rm32_imm8, EDX, 1),
        J(C::Jne_rel32_64, 1),
        ret(),
        L(4),
        Trap(11),
    ]
}

/// `tail`: the frame is empty, the callee's record in rdi; then a jump.
fn tail(record: i8) -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, RAX, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RDI, at(RAX, 0x18)),
        ri(C::Add_rm64_imm8, RDI, record.into()),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
        r(C::Jmp_rm64, RAX),
    ]
}

/// Code that breaks nothing.
fn clean() -> Vec<(&'static str, Way, Vec<Item>)> {
    let element = |disp| rm(C::Mov_r64_rm64, RAX, at(RAX, disp));
    vec![
        ("a load in the guard shape", GUARD, load(true)),
        ("a masked load", MASKED, compared(true)),
        ("a call", GUARD, call(32, 100, 0)),
        ("a base of before a call", GUARD, call_between()),
        ("a call that moves", MOVING, call(32, 100, 0)),
        ("a tail call", GUARD, tail(0)),
        ("a charge in a loop", FUEL, charged(true)),
        (
            "32 bytes that end at the length",
            EXPLICIT,
            at_length(rm(C::VEX_Vmovdqu_ymm_ymmm256, YMM0, idx(RAX, RCX, 1, -32))),
        ),
        ("an element", GUARD, [object(0x30), vec![element(24), ret()]].concat()),
        (
            "a reference kept",
            GUARD,
            [context(0x48), vec![mr(C::Mov_rm64_r64, at(RAX, 0), RCX), ret()]].concat(),
        ),
        ("`ud2` with a row", GUARD, vec![Trap(1)]),
        ("a quotient that does not fit, without signals", QUIET, divided(1)),
    ]
}

/// Code that breaks a rule, and how it is made.
type Broke = (Rule, &'static str, Way, Vec<Item>);

fn with(first: Vec<Item>, more: &[Item]) -> Vec<Item> {
    [first, more.to_vec(), vec![ret()]].concat()
}

fn word(a: Register, b: Register, disp: i64) -> Item {
    rm(C::Mov_r64_rm64, a, at(b, disp))
}

/// A store of rdx.
fn store(a: Register, disp: i64) -> Item {
    mr(C::Mov_rm64_r64, at(a, disp), RDX)
}

/// Execution and the stack.
fn fetches() -> Vec<Broke> {
    vec![
        (Rule::Fetch, "off its end", GUARD, vec![Raw(&[0x90])]),
        (Rule::Fetch, "far away", GUARD, vec![Raw(&[0xe9, 0, 0, 1, 0])]),
        (Rule::Fetch, "no instruction", GUARD, vec![Raw(&[0x06])]),
        (
            Rule::Overlap,
            "into a constant",
            GUARD,
            vec![Raw(&[0xb8, 0x90, 0x90, 0x90, 0xc3, 0xeb, 0xfa])],
        ),
        (
            Rule::Overlap,
            "around another",
            GUARD,
            vec![Raw(&[
                // jmp +1; (5 bytes that begin with b8) nops; jmp to the b8
                0xeb, 0x01, 0xb8, 0x90, 0x90, 0x90, 0x90, 0xeb, 0xf9,
            ])],
        ),
        (Rule::Frame, "below the stack pointer", GUARD, with(vec![], &[word(RAX, RSP, -8)])),
        (Rule::Frame, "above the arguments", GUARD, with(vec![], &[store(RSP, 8)])),
        (
            Rule::StackPointer,
            "no multiple of 8",
            GUARD,
            with(vec![], &[ri(C::Sub_rm64_imm8, RSP, 4)]),
        ),
        (
            Rule::StackPointer,
            "too far down",
            GUARD,
            with(vec![], &[ri(C::Sub_rm64_imm32, RSP, 0x1_0008)]),
        ),
        (
            Rule::System,
            "a processor of level v2",
            V2,
            with(vec![], &[rr(C::VEX_Vmovdqu_ymm_ymmm256, YMM0, YMM1)]),
        ),
    ]
}

/// Memories, tables, and no place at all.
fn objects() -> Vec<Broke> {
    vec![
        (Rule::Place, "nowhere", GUARD, with(vec![], &[word(RAX, R10, 0)])),
        (Rule::Place, "before a table", GUARD, with(object(0x30), &[word(RAX, RAX, -8)])),
        (Rule::Place, "where a memory was before a call", MOVING, call_between()),
        (Rule::Memory, "nothing compared", EXPLICIT, load(true)),
        (Rule::Memory, "compared by a branch that is mispredicted", MASKED, compared(false)),
        (
            Rule::Memory,
            "32 bytes across the length",
            EXPLICIT,
            at_length(rm(C::VEX_Vmovdqu_ymm_ymmm256, YMM0, idx(RAX, RCX, 1, -31))),
        ),
        (
            Rule::Memory,
            "beyond the guard",
            GUARD,
            with(
                object(0x28),
                &[
                    rr(C::Mov_r32_rm32, EDX, EDX),
                    faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 2, 0x200_0000))),
                ],
            ),
        ),
        (
            Rule::Table,
            "at the length",
            GUARD,
            with(
                context(0x30),
                &[
                    word(RCX, RAX, 8),
                    word(RAX, RAX, 0),
                    rm(C::Mov_r64_rm64, RAX, idx(RAX, RCX, 8, 0)),
                ],
            ),
        ),
        (
            Rule::Table,
            "half an element",
            GUARD,
            with(object(0x30), &[rm(C::Mov_r32_rm32, EAX, at(RAX, 0))]),
        ),
    ]
}

/// Accesses to the runtime's words, and forbidden writes to them.
fn words() -> Vec<Broke> {
    vec![
        (Rule::Field, "half a word", GUARD, with(vec![], &[rm(C::Mov_r32_rm32, EAX, at(RDI, 8))])),
        (Rule::Field, "between fields", GUARD, with(vec![], &[word(RAX, RDI, 24)])),
        (Rule::Field, "a global and more", GUARD, with(context(0x38), &[word(RAX, RAX, 8)])),
        (
            Rule::Field,
            "half the fuel",
            GUARD,
            with(context(0), &[rm(C::Mov_r32_rm32, EAX, at(RAX, 0))]),
        ),
        (Rule::Written, "a record", GUARD, with(vec![], &[store(RDI, 0)])),
        (Rule::Written, "a base", GUARD, with(context(0x28), &[store(RAX, 0)])),
        (Rule::Written, "a length", GUARD, with(context(0x30), &[store(RAX, 8)])),
        (Rule::Written, "an immutable global", GUARD, with(context(0x40), &[store(RAX, 0)])),
        (Rule::Written, "the epoch", GUARD, with(context(0), &[word(RAX, RAX, 8), store(RAX, 0)])),
        (
            Rule::Written,
            "the code",
            GUARD,
            vec![
                // mov [rip - 6], eax
                Raw(&[0x89, 0x05, 0xfa, 0xff, 0xff, 0xff]),
                ret(),
            ],
        ),
    ]
}

/// Forbidden writes to places of references and to the fuel.
fn values() -> Vec<Broke> {
    vec![
        (
            Rule::Reference,
            "a number for a global",
            GUARD,
            with(context(0x48), &[rm(C::Lea_r64_m, RDX, at(RCX, 1)), store(RAX, 0)]),
        ),
        (
            Rule::Reference,
            "a number for an element",
            GUARD,
            with(object(0x30), &[rm(C::Lea_r64_m, RDX, at(RCX, 1)), store(RAX, 0)]),
        ),
        (Rule::Reference, "a number as a result", Way { func: 3, ..GUARD }, with(vec![], &[])),
        (
            Rule::Fuel,
            "more of it",
            GUARD,
            with(
                context(0),
                &[I(Instruction::with2(C::Sub_rm64_imm8, at(RAX, 0), 1).expect("an instruction"))],
            ),
        ),
    ]
}

/// Calls, jumps, returns, faults.
fn exits() -> Vec<Broke> {
    vec![
        (Rule::Jump, "anywhere", GUARD, vec![rr(C::Mov_r32_rm32, EAX, R10D), r(C::Jmp_rm64, RAX)]),
        (Rule::Jump, "to the return address", GUARD, vec![r(C::Pop_r64, RAX), r(C::Jmp_rm64, RAX)]),
        (Rule::Call, "anywhere", GUARD, call_with(&[rr(C::Mov_r32_rm32, EAX, R10D)])),
        (Rule::Call, "inside of a function", GUARD, call_with(&[ri(C::Add_rm64_imm8, RAX, 4)])),
        (Rule::Call, "with another record", GUARD, call_with(&[ri(C::Add_rm64_imm8, RDI, 32)])),
        (Rule::Call, "on an odd stack", GUARD, call(32, 100, 8)),
        (Rule::Height, "more than there was", GUARD, call(32, -1, 0)),
        (Rule::FrameSize, "little was charged", GUARD, call(32, 1, 16)),
        (Rule::Metering, "a loop behind the charge", FUEL, charged(false)),
        (Rule::Metering, "a call before it", FUEL, call(32, 100, 0)),
        (Rule::Chain, "a call", GUARD, call_with(&[rr(C::Mov_r64_rm64, RBP, RDX)])),
        (
            Rule::Chain,
            "a call beside the frame",
            GUARD,
            call_with(&[rm(C::Lea_r64_m, RBP, at(RBP, 8))]),
        ),
        (Rule::Chain, "`ud2`", GUARD, vec![rr(C::Mov_r64_rm64, RBP, RDX), Trap(1)]),
        (Rule::Return, "a register", GUARD, with(vec![], &[rr(C::Mov_r64_rm64, RBX, RDX)])),
        (
            Rule::Return,
            "another address",
            GUARD,
            with(vec![rr(C::Mov_r32_rm32, EDX, EDX)], &[store(RSP, 0)]),
        ),
        (
            Rule::Return,
            "more taken off",
            GUARD,
            vec![I(Instruction::with1(C::Retnq_imm16, 8).expect("an instruction"))],
        ),
        (
            Rule::Return,
            "before a tail call",
            GUARD,
            [vec![rr(C::Mov_r64_rm64, R12, RDX)], tail(0)].concat(),
        ),
        (Rule::Fault, "`ud2` without signals", QUIET, vec![Trap(1)]),
        (Rule::Fault, "a division by zero without signals", QUIET, divided(0)),
        (Rule::Call, "another's results", GUARD, tail(32)),
        (
            Rule::Fault,
            "an odd address of `movaps`",
            GUARD,
            with(
                vec![],
                &[ri(C::Sub_rm64_imm8, RSP, 32), rm(C::Movaps_xmm_xmmm128, XMM0, at(RSP, 0))],
            ),
        ),
    ]
}

/// A division of 2^63 by a number, whose low half does not fit for 1.
fn divided(by: i32) -> Vec<Item> {
    let Ok(division) = Instruction::with1(C::Div_rm64, RCX) else { return Vec::new() };
    let numbers = [ri(C::Mov_rm64_imm32, RCX, by), ri(C::Mov_rm64_imm32, RDX, 1)];
    vec![numbers[0], numbers[1], Row(division, 2), ret()]
}

/// Instructions of the system.
fn system() -> Vec<Broke> {
    const SYSTEM: [(&str, &[u8]); 9] = [
        ("`syscall`", &[0x0f, 0x05]),
        ("`std`", &[0xfd]),
        ("`rep movsb`", &[0xf3, 0xa4]),
        ("a load by fs", &[0x64, 0x48, 0x8b, 0x00]),
        ("`wrfsbase`", &[0xf3, 0x48, 0x0f, 0xae, 0xd0]),
        ("`ldmxcsr`", &[0x0f, 0xae, 0x14, 0x24]),
        ("`vpgatherdd`", &[0xc4, 0xe2, 0x75, 0x90, 0x04, 0x10]),
        ("`popfq`", &[0x9d]),
        ("`int3`", &[0xcc]),
    ];
    SYSTEM.map(|(name, bytes)| (Rule::System, name, GUARD, vec![Raw(bytes), ret()])).into()
}

/// Code that breaks a rule.
fn broken() -> Vec<Broke> {
    [fetches(), objects(), words(), values(), exits(), system()].concat()
}

/// Code without the rows that it needs.
fn without_rows() -> Vec<(Rule, &'static str, Vec<Item>)> {
    vec![
        (Rule::Fault, "`ud2`", vec![Trap(1)]),
        (Rule::Fault, "a load", load(true)),
        (
            Rule::Fault,
            "a division",
            vec![
                rr(C::Xor_r32_rm32, ECX, ECX),
                rr(C::Xor_r32_rm32, EDX, EDX),
                r(C::Div_rm32, ECX),
                ret(),
            ],
        ),
        (Rule::Row, "a call", call(32, 100, 0)),
    ]
}

#[test]
fn clean_code_is_clean() {
    let mut stage = Stage::new();
    for (name, way, items) in clean() {
        let ran = run(&mut stage, way, &items, true);
        assert!(ran.is_ok(), "{name}: {ran:?}");
    }
}

#[test]
fn every_rule_sees_what_is_planted() {
    let mut stage = Stage::new();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    let with = broken().into_iter().map(|(rule, name, way, items)| (rule, name, way, items, true));
    let without =
        without_rows().into_iter().map(|(rule, name, items)| (rule, name, GUARD, items, false));
    for (rule, name, way, items, rows) in with.chain(without) {
        match run(&mut stage, way, &items, rows) {
            Err(broken) if broken.rule == rule => drop(seen.insert(rule)),
            other => wrong.push(format!("{rule:?}, {name}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| !seen.contains(rule)).collect();
    assert!(missing.is_empty(), "nothing is planted for {missing:?}");
}
