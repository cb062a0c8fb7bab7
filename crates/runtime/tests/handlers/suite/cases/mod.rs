//! Op → Wasm functions whose translation has it: a table of our own, by the op's mnemonic and its
//! operands' kinds.
//!
//! A file per instruction family. A function's text uses Wasm's operators, so validation shows that
//! the kinds of a row are the operator's types, and the reference tier says what the result is; the
//! expression of the row is not read here.

mod aggregate;
mod atomic;
mod control;
mod exception;
mod memory;
mod numeric;
mod parametric;
mod reference;
mod shared;
mod table;
mod variable;
mod vector;

use super::form::{Feed, Form, Unit};
use super::values::{Ty, edges};
use prova_bytecode::{Class, Kind, Op, Role};

/// The families of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Control(Group),
    Parametric,
    Variable,
    Table,
    Memory,
    Numeric,
    Reference,
    Exception,
    Vector,
    Atomic,
    Aggregate,
    Shared,
}

/// Parts of [`Family::Control`], which takes longest under Miri.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Branches that a comparison decides.
    Branch,
    /// Other branches, and returns.
    Jump,
    Call,
    TailCall,
    Meter,
}

/// The family of an op; none for an op that stands in no checked code.
pub(crate) fn family(op: Op) -> Option<Family> {
    if matches!(op, Op::RefEq | Op::RefI31 | Op::RefTest | Op::RefCast) {
        return Some(Family::Aggregate);
    }
    let prefix = op.mnemonic().split('.').next().unwrap_or_default();
    Some(match op.class() {
        Class::stub_attach | Class::stub_host => return None,
        Class::branch | Class::pure_branch => Family::Control(Group::Branch),
        Class::unreachable
        | Class::br
        | Class::pure_br
        | Class::br_table
        | Class::return_
        | Class::return1
        | Class::return2 => Family::Control(Group::Jump),
        Class::call | Class::call_import | Class::call_indirect | Class::call_ref => {
            Family::Control(Group::Call)
        }
        Class::return_call
        | Class::return_call_import
        | Class::return_call_indirect
        | Class::return_call_ref => Family::Control(Group::TailCall),
        Class::charge | Class::poll | Class::heat => Family::Control(Group::Meter),
        Class::throw | Class::throw_ref => Family::Exception,
        Class::aggregate
        | Class::allocate
        | Class::object_load
        | Class::object_store
        | Class::array_load
        | Class::array_store => Family::Aggregate,
        Class::load | Class::load_idx | Class::store | Class::load_far | Class::store_far => {
            Family::Memory
        }
        Class::shared => Family::Shared,
        Class::atomic_load | Class::atomic_store | Class::atomic_rmw | Class::atomic_cmpxchg => {
            Family::Atomic
        }
        Class::pure
        | Class::pure2
        | Class::trap
        | Class::quick
        | Class::quick0
        | Class::guard
        | Class::effect
        | Class::effect0 => match prefix {
            "global" => Family::Variable,
            "table" | "elem" => Family::Table,
            "ref" => Family::Reference,
            "memory" if op.mnemonic().contains("atomic") => Family::Atomic,
            "atomic" => Family::Atomic,
            "memory" | "data" => Family::Memory,
            "i32" | "i64" | "f32" | "f64" => Family::Numeric,
            "imm_select" | "imm32_select" => Family::Parametric,
            prefix if prefix.starts_with(['i', 'f', 'v']) => Family::Vector,
            _ => Family::Parametric,
        },
    })
}

/// The modules of an op; none for an op that stands in no checked code.
pub(crate) fn of(op: Op) -> Vec<Unit> {
    let Some(family) = family(op) else { return Vec::new() };
    match family {
        Family::Control(_) => control::of(op),
        Family::Parametric => vec![Unit::new("", parametric::forms(op))],
        Family::Variable => variable::of(op),
        Family::Table => table::of(op),
        Family::Memory => memory::of(op),
        Family::Numeric => vec![Unit::new("", numeric::forms(op))],
        Family::Reference => reference::of(op),
        Family::Exception => exception::of(op),
        Family::Vector => vec![Unit::new("", vector::forms(op))],
        Family::Atomic => atomic::of(op),
        Family::Aggregate => aggregate::of(op),
        Family::Shared => shared::of(),
    }
}

/// The types of the slots of a row in one role. The caller gives the type that stands for `any`.
fn types(op: Op, role: Role, any: Ty) -> Vec<Ty> {
    let slots = op.operands().iter().filter(|o| o.role == role && o.kind.cells() > 0);
    slots.map(|o| ty(o.kind, any)).collect()
}

fn ty(kind: Kind, any: Ty) -> Ty {
    match kind {
        Kind::i64 => Ty::I64,
        Kind::f32 => Ty::F32,
        Kind::f64 => Ty::F64,
        Kind::v128 => Ty::V128,
        Kind::ref_ => Ty::Func,
        Kind::any => any,
        _ => Ty::I32,
    }
}

/// `local.get` of each.
fn get(names: &[String]) -> String {
    names.iter().map(|name| format!("(local.get {name})")).collect::<Vec<_>>().join(" ")
}

/// `local.set` of each, the last one first: from the top of the stack.
fn set(names: &[String]) -> String {
    names.iter().rev().map(|name| format!(" (local.set {name})")).collect()
}

/// An operator on sources of these types with all their edges, into fresh results; where the
/// sources are of one type, also with the same source everywhere.
fn compute(name: &str, sources: &[Ty], results: &[Ty]) -> Vec<Form> {
    let mut forms = vec![operator(name, sources, results, false)];
    let alike = sources.len() > 1 && sources.iter().all(|ty| *ty == sources[0]);
    if alike && !cfg!(miri) {
        forms.push(operator(name, sources, results, true));
    }
    forms
}

fn operator(name: &str, sources: &[Ty], results: &[Ty], same: bool) -> Form {
    let mut form = Form::new();
    let mut names = Vec::new();
    for &ty in sources {
        let known = names.first().filter(|_| same).cloned();
        names.push(known.unwrap_or_else(|| form.source(ty, Feed::List(edges(ty)))));
    }
    let dests: Vec<String> = results.iter().map(|&ty| form.dest(ty)).collect();
    let body = format!("{} {name}{}", get(&names), set(&dests));
    form.with_body(body)
}

/// The list; under Miri, where even the text of a case takes long, the first of it.
fn some<T>(list: &[T]) -> &[T] {
    if cfg!(miri) { &list[..1] } else { list }
}

/// Immediates that fit 16 bits with their sign, and those that only just do not.
const SHORT: [i64; 22] = [
    -32_768, -32_767, -256, -129, -128, -64, -33, -2, -1, 0, 1, 2, 5, 31, 32, 33, 63, 64, 127, 128,
    255, 32_767,
];

/// Immediates that need 64 bits.
const WIDE: [i64; 7] = [
    0x8000_0000,
    -0x8000_0001,
    0xffff_ffff,
    0x0123_4567_89ab_cdef,
    i64::MIN,
    i64::MAX,
    -0x1234_5678_9abc,
];

/// Immediates that fit 32 bits with their sign.
const LONG: [i64; 12] = [
    -32_769,
    32_768,
    65_535,
    65_536,
    100_000,
    0x5555_5555,
    -65_537,
    -0x7fff_ffff,
    -0x8000_0000,
    0x7fff_ffff,
    0x1234_5678,
    -0x1234_5678,
];
