//! Terms → text: the definition of each value that a record mentions.
//!
//! A definition names other values by their numbers (`v12 = i32.add(v3, 5)`); those are defined
//! too. Terms are read through [`Terms::term`] alone.
//!
//! Limits: the definitions are at most all terms of the function, each once.

use super::record::Numbers;
use super::{Definition, Effect, ValueId, Values};
use prova_bytecode::RegClass;
use prova_bytecode::check::{accumulator_cell, operands};
use prova_terms::{Term, Terms, Vn};
use std::collections::BTreeMap;

/// The names that the terms alone do not have.
pub(super) struct Names<'a> {
    /// The first cell of each local.
    pub(super) locals: &'a [u32],
    /// The offset of the operator behind which a label's values begin.
    pub(super) labels: &'a BTreeMap<u32, u32>,
    /// The mnemonic of the instruction that performed an effect.
    pub(super) effects: BTreeMap<u32, &'static str>,
}

/// The meaning of all values that have a number, and of those behind them, which get one.
pub(super) fn values(terms: &Terms, names: &Names<'_>, numbers: &mut Numbers) -> Values {
    let mut values = Values::default();
    let mut at = 0;
    while let Some(vn) = numbers.listed(at) {
        let term = terms.term(vn);
        let value = ValueId(at as u32 + 1);
        match constant(term) {
            Some(bits) => values.constants.push((value, bits)),
            None => {
                let definition = definition(terms, names, term, |vn| numbers.number(vn));
                values.definitions.push((value, definition));
            }
        }
        at += 1;
    }
    values
}

/// Small numbers in decimal, others by their bits: a cell does not know its type.
fn constant(term: Term) -> Option<String> {
    match term {
        Term::Undef => Some("nothing".to_owned()),
        Term::Const(bits) if bits <= 0xffff => Some(bits.to_string()),
        Term::Const(bits) => Some(format!("{bits:#x}")),
        Term::Const128(bits) => Some(format!("{bits:#034x}")),
        Term::Param(_)
        | Term::Effect(..)
        | Term::Phi(..)
        | Term::High(_)
        | Term::Join(..)
        | Term::Select(..)
        | Term::IsNull(_)
        | Term::Second(_)
        | Term::Pure(..)
        | Term::Opaque => None,
    }
}

/// The high half of a v128 in a place is the cell behind it, so a cell in `locals` is its local's
/// first or high one.
fn local(names: &Names<'_>, cell: u32) -> String {
    match names.locals.binary_search(&cell) {
        Ok(local) => format!("param {local}"),
        Err(above) => format!("param {} high", above.saturating_sub(1)),
    }
}

fn definition(
    terms: &Terms,
    names: &Names<'_>,
    term: Term,
    number: impl FnMut(Vn) -> ValueId,
) -> Definition {
    let operator = match term {
        Term::Undef | Term::Const(_) | Term::Const128(_) => constant(term).unwrap_or_default(),
        Term::Param(cell) => local(names, cell),
        Term::Effect(n, k) => {
            let effect = names.effects.get(&n).copied().unwrap_or("effect");
            let index = if k == 0 { String::new() } else { format!(".{k}") };
            format!("{effect}#{n}{index}")
        }
        Term::Phi(epoch, cell) => match names.labels.get(&epoch) {
            Some(offset) => format!("phi({offset:#x}, s{cell})"),
            None => format!("phi(?, s{cell})"),
        },
        Term::High(_) => "high".to_owned(),
        Term::Join(..) => "join".to_owned(),
        Term::Select(..) => "select".to_owned(),
        Term::IsNull(_) => "ref.is_null".to_owned(),
        Term::Second(_) => "second".to_owned(),
        Term::Opaque => "opaque".to_owned(),
        Term::Pure(prim, _) => format!("{prim:?}").replacen('_', ".", 1),
    };
    let mut args = operands(term);
    if let (Term::Pure(prim, _), [a, _]) = (term, &args[..])
        // R1 has ordered the operands; a constant is read better as the second.
        && prim.commutes()
        && matches!(terms.term(*a), Term::Const(_))
    {
        args.reverse();
    }
    Definition { operator, args: args.into_iter().map(number).collect() }
}

/// A slot's name, or the name of the accumulator that the number stands for.
pub(super) fn place(slot: u32) -> String {
    let accumulator = RegClass::ALL.into_iter().find(|&class| accumulator_cell(class) == slot);
    match accumulator {
        None => format!("s{slot}"),
        Some(RegClass::Int) => "the accumulator".into(),
        Some(RegClass::F32) => "the f32 accumulator".into(),
        Some(RegClass::F64) => "the f64 accumulator".into(),
    }
}

/// The name of argument `index` of an effect.
pub(super) fn argument(effect: Effect, index: u32) -> &'static str {
    let names: &[&str] = match effect {
        Effect::Trap => &["the value whose computation may trap"],
        Effect::Load(_) | Effect::AtomicLoad(_) => &["the memory", "the address", "the offset"],
        Effect::Store(_) | Effect::AtomicStore(_) | Effect::AtomicRmw(_) => {
            &["the memory", "the address", "the offset", "the value stored"]
        }
        Effect::AtomicCmpxchg(_) => {
            &["the memory", "the address", "the offset", "the value expected", "the value stored"]
        }
        Effect::GlobalGet | Effect::GlobalGetV128 => &["the global"],
        Effect::GlobalSet | Effect::GlobalSetV128 => &["the global", "the value"],
        Effect::RefFunc => &["the function"],
        Effect::RefAsNonNull => &["the reference"],
        Effect::RefTest | Effect::RefCast => &["the reference", "the type"],
        Effect::ObjectLoad(_) => &["the object", "the place in it"],
        Effect::ObjectStore(_) => &["the object", "the place in it", "the value stored"],
        Effect::ArrayLoad(_) => &["the array", "the index"],
        Effect::ArrayStore(_) => &["the array", "the index", "the value stored"],
        Effect::Objects(_) => &["the first immediate", "the second immediate"],
        Effect::TableGet => &["the table", "the index"],
        Effect::TableSet => &["the table", "the index", "the reference"],
        Effect::TableSize => &["the table"],
        Effect::TableGrow => &["the table", "the reference", "the number of elements"],
        Effect::TableFill => &["the table", "the index", "the reference", "the number of elements"],
        Effect::TableCopy => &[
            "the table copied to",
            "the table copied from",
            "the target",
            "the source",
            "the length",
        ],
        Effect::TableInit => {
            &["the table", "the segment", "the target", "the source", "the length"]
        }
        Effect::ElemDrop | Effect::DataDrop => &["the segment"],
        Effect::MemorySize => &["the memory"],
        Effect::MemoryGrow => &["the memory", "the number of pages"],
        Effect::MemoryFill => &["the memory", "the address", "the byte", "the length"],
        Effect::MemoryCopy => &[
            "the memory copied to",
            "the memory copied from",
            "the target",
            "the source",
            "the length",
        ],
        Effect::MemoryInit => {
            &["the memory", "the segment", "the target", "the source", "the length"]
        }
        Effect::Shared => &["the memory", "the offset", "the access"],
        Effect::AtomicFence => &[],
        Effect::AtomicNotify => &["the memory", "the address", "the offset", "the count"],
        Effect::AtomicWait32 | Effect::AtomicWait64 => {
            &["the memory", "the address", "the offset", "the value expected", "the timeout"]
        }
        Effect::Call | Effect::ReturnCall => &["the callee"],
        Effect::CallIndirect | Effect::ReturnCallIndirect => {
            &["the index in the table", "the type", "the table"]
        }
        Effect::CallRef | Effect::ReturnCallRef => &["the reference", "the type"],
        Effect::Throw => &["the tag"],
        Effect::ThrowRef => &["the exception"],
        Effect::Charge => &["the fuel charged"],
        Effect::Poll | Effect::Unreachable => &[],
    };
    names.get(index as usize).copied().unwrap_or("an argument")
}
