//! An error of the check → its text: a difference with both values, by their terms.
//!
//! The error has the terms to a depth; what lies deeper is `…`.

use super::show::place;
use prova_bytecode::check::{CheckError, Component, Excerpt, Reason};
use prova_terms::{Term, Vn};

/// A refusal in words: the function, the place, the rule and the reason.
pub fn refused(error: &CheckError) -> String {
    error.text(reason(&error.what)).to_string()
}

/// How a rule is broken, in words.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Text(text) => text.to_string(),
        Reason::Differs { component, local_cells, wasm, code } => {
            difference(*component, *local_cells, &text(wasm), &text(code))
        }
    }
}

/// A difference in words; `locals` is the number of local cells.
fn difference(component: Component, locals: u32, want: &str, have: &str) -> String {
    match component {
        Component::Cell { cell, .. } => {
            let place = match cell.checked_sub(locals) {
                None => format!("local cell {cell}"),
                Some(position) => format!("operand-stack cell {position}"),
            };
            format!("{place} in s{cell}: {have}, in Wasm {want}")
        }
        Component::Value { slot, .. } => {
            format!("value of a label in s{slot}: {have}, in Wasm {want}")
        }
        Component::Argument { effect, index } => {
            format!("argument {index} of {effect:?} is {have}, in Wasm {want}")
        }
        Component::CallArgument { index, slot } => {
            format!("argument cell {index} in s{slot} is {have}, in Wasm {want}")
        }
        Component::Result { index } => format!("result cell {index} is {have}, in Wasm {want}"),
        Component::Condition { when } => {
            let not = if when { "" } else { "the negation of " };
            format!("branches on {have}, should on {not}{want}")
        }
        Component::TableIndex => format!("a table's index is {have}, in Wasm {want}"),
        Component::Read { slot } => {
            format!("{} is read, but not written on every path to here", place(slot))
        }
    }
}

/// A term as text.
fn text(excerpt: &Excerpt) -> String {
    let arg = |at: usize| excerpt.operands.get(at).map_or_else(|| "…".to_owned(), text);
    match excerpt.term {
        Term::Undef => "nothing".to_owned(),
        Term::Opaque => "an opaque value".to_owned(),
        Term::Const(bits) => format!("{bits:#x}"),
        Term::Const128(bits) => format!("{bits:#034x}"),
        Term::Param(cell) => format!("parameter cell {cell}"),
        Term::Effect(n, k) => format!("result {k} of effect {n}"),
        Term::Phi(label, cell) => format!("cell {cell} at label {label}"),
        Term::High(_) => format!("high({})", arg(0)),
        Term::Join(..) => format!("join({}, {})", arg(0), arg(1)),
        Term::Select(..) => format!("select({}, {}, {})", arg(0), arg(1), arg(2)),
        Term::IsNull(_) => format!("ref_is_null({})", arg(0)),
        Term::Second(_) => format!("the second result of {}", arg(0)),
        Term::Pure(prim, args) => {
            let count = args.iter().take_while(|&&vn| vn != Vn::UNDEF).count();
            let args: Vec<String> = (0..count).map(arg).collect();
            format!("{prim:?}({})", args.join(", "))
        }
    }
}
