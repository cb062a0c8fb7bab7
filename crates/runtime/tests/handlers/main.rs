//! Handlers against the table: every op, every executor, on edge and random values. See README.md
//! here.

mod suite;

use prova_bytecode::{Class, Kind, OPS, Op, Role};
use prova_module::SharedAccess;
use prova_module::ops::Opcode;
use suite::cases::{self, Family, Group, family};
use suite::{Effort, Reach, run};

fn fail(failures: &[String]) {
    let shown: Vec<&str> = failures.iter().take(12).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), shown.join("\n"));
}

/// The ops of a family in all executors, and everything that their operands should have been.
fn check(wanted: Family) {
    let effort = if cfg!(miri) { Effort::reduced() } else { Effort::full() };
    let report = run(&effort, |op| family(op) == Some(wanted));
    let Reach { funcs, placed, calls, traps, .. } = report.total();
    println!(
        "{} ops, {funcs} functions with the op ({placed} with its slots moved), {calls} calls ({traps} trapped) in each of {} executors",
        report.ops.len(),
        effort.executors.len()
    );
    fail(&report.failures);
    for (op, reach) in &report.ops {
        assert!(reach.funcs > 0, "no translation of the case has {op:?}");
        assert!(reach.calls > 0, "no call of {op:?}");
    }
    if !cfg!(miri) {
        let missing: Vec<String> =
            report.ops.iter().flat_map(|(&op, reach)| missing(op, reach)).collect();
        assert!(missing.is_empty(), "operands that never were:\n{}", missing.join("\n"));
    }
}

macro_rules! families {
    ($($test:ident $family:expr;)*) => {
        /// The families that have a test.
        const FAMILIES: &[Family] = &[$($family),*];

        $(#[test]
        fn $test() {
            check($family);
        })*
    };
}

families! {
    control_branch Family::Control(Group::Branch);
    control_jump Family::Control(Group::Jump);
    control_call Family::Control(Group::Call);
    control_tail_call Family::Control(Group::TailCall);
    control_meter Family::Control(Group::Meter);
    parametric Family::Parametric;
    variable Family::Variable;
    table Family::Table;
    memory Family::Memory;
    numeric Family::Numeric;
    reference Family::Reference;
    exception Family::Exception;
    vector Family::Vector;
    atomic Family::Atomic;
    aggregate Family::Aggregate;
    shared Family::Shared;
}

#[test]
fn every_op_but_the_stubs_has_a_case() {
    for &op in OPS {
        let stub = matches!(op.class(), Class::stub_attach | Class::stub_host);
        assert_eq!(cases::of(op).iter().all(|unit| unit.forms.is_empty()), stub, "{op:?}");
        assert_eq!(family(op).is_none_or(|family| !FAMILIES.contains(&family)), stub, "{op:?}");
    }
}

/// The ends of an immediate of 32 bits; of those that choose, others are shorter.
fn long_ends(op: Op) -> [i64; 2] {
    let chooses = op.class() == Class::pure && op.mnemonic().contains("select");
    [0x8000_0000, if chooses { 0xffff_ffff } else { 0x7fff_ffff }]
}

/// The number of each access, in its last lane.
fn accesses() -> Vec<i64> {
    let last = |&opcode: &Opcode| (0..16).rev().find_map(|lane| SharedAccess::new(opcode, lane));
    Opcode::ALL.iter().filter_map(last).map(|access| access.code().into()).collect()
}

/// Whether the immediates of an op are numbers and places of fields, elements and types, or the one
/// of `ref.i31`.
fn is_of_objects(op: Op) -> bool {
    family(op) == Some(Family::Aggregate)
}

/// Where a branch should have led once, and whether it did.
fn ways(op: Op, targets: &[i64]) -> Vec<(&'static str, bool)> {
    let any = |test: fn(i64) -> bool| targets.iter().any(|&target| test(target));
    // A loop is left, not gone on with, where a float's comparison does not hold.
    let leaves = op.mnemonic().contains(".not_") && op.mnemonic().ends_with("_imm");
    let mut ways = vec![("forward", any(|to| to > 0)), ("backward", leaves || any(|to| to < 0))];
    if matches!(op.mnemonic(), "br" | "br_if") {
        ways.push(("far forward", any(|to| to > 1 << 16)));
        ways.push(("far backward", any(|to| to < -(1 << 16))));
    }
    ways
}

/// The operand values of an op that were required once and never occurred: the ends of every
/// immediate, except those of objects, the greatest slots, targets on both sides, several indices.
fn missing(op: Op, reach: &Reach) -> Vec<String> {
    let mut missing = Vec::new();
    let (mut value, mut slots, mut last) = (0, 0, 0);
    if op == Op::CopyF32 {
        return missing; // Its slots stay where they are (`is_narrow_copy` of `tiers`).
    }
    // Such a result stays where it is (`moved_results` of `place`).
    let stays = matches!(op.class(), Class::pure_branch | Class::pure_br);
    for operand in op.operands() {
        let seen = &reach.operands[value];
        value += if operand.kind == Kind::v128c { 2 } else { 1 };
        let mut want = |what: &str, there: bool| {
            if !there {
                missing.push(format!("{} {}: {what}", op.mnemonic(), operand.name));
            }
        };
        let mut all = |list: &[i64]| {
            for n in list {
                want(&n.to_string(), seen.contains(&(*n as u64)));
            }
        };
        match operand.kind {
            Kind::i32s | Kind::i32c | Kind::off32 if is_of_objects(op) => {}
            Kind::i32c if op == Op::SharedAccess => all(&accesses()),
            Kind::i32s | Kind::i64s => all(&[-32_768, -1, 32_767]),
            Kind::i32c => all(&long_ends(op)),
            Kind::i64w => all(&[-0x8000_0000, 0x7fff_ffff]),
            Kind::off16 => all(&[0, 1, 0x8000, 0xffff]),
            Kind::off32 => all(&[0, 1, 0x8000, 0xffff, 0x1_0000, 0xffff_ffff]),
            Kind::off64 => all(&[0, 8, 0xffff_ffff, 1 << 32, -1]),
            Kind::lane => want("several lanes", seen.len() > 1),
            Kind::rel => {
                let targets: Vec<i64> = seen.iter().map(|&target| target as i64).collect();
                ways(op, &targets).into_iter().for_each(|(what, there)| want(what, there));
            }
            Kind::mem | Kind::table | Kind::func | Kind::global => {
                want("several indices", seen.len() > 1);
            }
            Kind::i32
            | Kind::i64
            | Kind::f32
            | Kind::f64
            | Kind::v128
            | Kind::ref_
            | Kind::addr
            | Kind::any => {
                if operand.role == Role::Result && stays {
                    continue;
                }
                let greatest = seen.last().copied().unwrap_or_default();
                want("a great slot", greatest > 65_500);
                slots += 1;
                last = last.max(greatest + u64::from(operand.kind.cells()));
            }
            Kind::i64c
            | Kind::f64c
            | Kind::v128c
            | Kind::win
            | Kind::count
            | Kind::type_
            | Kind::elem
            | Kind::data
            | Kind::tag => {}
        }
    }
    if slots > 0 && last != 1 << 16 {
        missing.push(format!("{}: the last cell of the greatest frame", op.mnemonic()));
    }
    missing
}
