//! Operators of a body → text; two bodies and their edit script → aligned lines.

use crate::judge::edit::{Edit, Single, Stretch};
use crate::pair::side::Side;
use crate::pair::token::{Item, Operators, Tokens};
use crate::tell::report::{Line, Origin};
use prova_builds::names::printable;
use prova_module::ops::{Immediate, Opcode, Value};
use prova_module::{
    BlockType, HeapType, MemArgTarget, Operator, RefType, TypeIdx, UnpackedIndex, ValType, Written,
};
use prova_xref::op::mnemonic;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The changed lines with some context.
pub(crate) fn code(
    (a, b): (&Side<'_>, &Side<'_>),
    funcs: (u32, u32),
    edit: &Edit,
    most: usize,
) -> Vec<Line> {
    if most == 0 {
        return Vec::new();
    }
    let Some(first) = edit.stretches.iter().position(|stretch| !stretch.equal) else {
        return Vec::new();
    };
    let start = edit.stretches[first].a.start.saturating_sub(CONTEXT);
    // Lines are decoded from the start of the body: as far as the cap can need.
    let lines_a =
        lines(a, funcs.0, 0..reach(&edit.stretches[first..], most, |stretch| stretch.a.clone()));
    let lines_b =
        lines(b, funcs.1, 0..reach(&edit.stretches[first..], most, |stretch| stretch.b.clone()));
    let mut out = Vec::new();
    let line = |origin, lines: &[(u32, String)], at: usize| -> Option<Line> {
        let (offset, text) = lines.get(at)?.clone();
        Some(Line { origin, offset, offset_b: None, text })
    };
    let both = |at_a: usize, at_b: usize| {
        let offset_b = lines_b.get(at_b).map(|(offset, _)| *offset);
        Some(Line { offset_b, ..line(Origin::Both, &lines_a, at_a)? })
    };
    let (end_a, end_b) = (edit.stretches[first].a.start, edit.stretches[first].b.start);
    out.extend((start..end_a).filter_map(|at| both(at, (end_b + at).checked_sub(end_a)?)));
    for stretch in &edit.stretches[first..] {
        if out.len() >= most {
            break;
        }
        if stretch.equal {
            let (low, high) = (stretch.a.start, stretch.a.end);
            let near = |at: &usize| *at < low + CONTEXT || *at + CONTEXT >= high;
            let in_b = stretch.b.start;
            out.extend((low..high).filter(near).filter_map(|at| both(at, in_b + (at - low))));
        } else {
            out.extend(stretch.a.clone().take(most).filter_map(|at| line(Origin::A, &lines_a, at)));
            out.extend(stretch.b.clone().take(most).filter_map(|at| line(Origin::B, &lines_b, at)));
        }
    }
    out.truncate(most);
    out
}

/// How far into a body `most` shown lines can reach.
fn reach(
    stretches: &[Stretch],
    most: usize,
    range: impl Fn(&Stretch) -> std::ops::Range<usize>,
) -> usize {
    let mut shown = 0;
    let mut end = 0;
    for stretch in stretches {
        let range = range(stretch);
        let len = if stretch.equal { range.len().min(2 * CONTEXT) } else { range.len() };
        end = if stretch.equal { range.end } else { range.start + range.len().min(most) };
        shown += len;
        if shown > most {
            break;
        }
    }
    end
}

/// The one operator that was replaced, as text on both sides.
pub(crate) fn single(
    sides: (&Side<'_>, &Side<'_>),
    funcs: (u32, u32),
    Single { at, .. }: Single,
) -> (String, String) {
    let text = |side, func, at: usize| {
        lines(side, func, at..at + 1).pop().map(|(_, text)| text).unwrap_or_default()
    };
    let (mut a, mut b) = (text(sides.0, funcs.0, at.0), text(sides.1, funcs.1, at.1));
    if a == b {
        // What the text leaves out: an alignment, a type, an order of accesses.
        let item = |side, func, at| Tokens::new(side, func).and_then(|mut all| all.nth(at));
        let bytes = |side, item: Option<Item<'_>>| {
            item.map(|item| immediates(side, &item)).unwrap_or_default()
        };
        a.push_str(&bytes(sides.0, item(sides.0, funcs.0, at.0)));
        b.push_str(&bytes(sides.1, item(sides.1, funcs.1, at.1)));
    }
    (a, b)
}

/// An operator's bytes, in hexadecimal.
fn immediates(side: &Side<'_>, item: &Item<'_>) -> String {
    let bytes = side.module.bytes().get(item.offset as usize..item.end as usize);
    let shown = bytes.unwrap_or_default().iter().take(BYTES_MAX);
    shown.fold(" ;; bytes".to_owned(), |text, byte| format!("{text} {byte:02x}"))
}

/// The operators of a range of a body as text, with their offsets.
pub(crate) fn lines(
    side: &Side<'_>,
    func: u32,
    range: std::ops::Range<usize>,
) -> Vec<(u32, String)> {
    let Some(mut operators) = Operators::new(side, func) else { return Vec::new() };
    let mut lines = Vec::new();
    let mut at = 0;
    while at < range.end {
        let Some((op, item)) = operators.next() else { break };
        if at >= range.start {
            lines.push((item.offset, show(side, &op, item.offset..item.end)));
        }
        at += 1;
    }
    lines
}

/// A type by its name, or as `type 3`.
pub(crate) fn type_name(side: &Side<'_>, ty: u32) -> String {
    match side.module.names().ty(TypeIdx(ty)) {
        Some(name) => printable(name),
        None => format!("type {ty}"),
    }
}

/// Bytes of an operator that are shown.
const BYTES_MAX: usize = 24;
/// Labels of a `br_table` that are shown.
const LABELS_MAX: usize = 64;

/// An operator in the text format, with names in place of indices; its bytes say what relocations
/// know of its number.
fn show(side: &Side<'_>, op: &Operator<'_>, bytes: std::ops::Range<u32>) -> String {
    let mut text = mnemonic(op);
    let plain = side.is_plain(bytes);
    let address = |value: u64| match side.map.span_at(value) {
        Some(_) if !plain => format!(" ;; {}", side.map.describe(value)),
        Some(_) | None => String::new(),
    };
    // What is no function's stands by its name or number.
    let type_at = |ty: u32| match side.module.types().func(TypeIdx(ty)) {
        Some(ty) => format!(" {ty}"),
        None => format!(" {}", type_name(side, ty)),
    };
    for (kind, value) in Opcode::immediates(op).iter() {
        let shown = match value {
            Value::Index(index) if kind == Immediate::func => {
                format!(" {}", side.func_name(*index))
            }
            Value::Index(index) if kind == Immediate::global => {
                format!(" {}", side.global_name(*index))
            }
            Value::Index(index) if kind == Immediate::type_ => type_at(*index),
            Value::Index(index) if matches!(kind, Immediate::local | Immediate::label) => {
                format!(" {index}")
            }
            Value::I32(value) => format!(" {value}{}", address(u64::from(*value as u32))),
            Value::I64(value) => format!(" {value}"),
            Value::F32(value) => match f32::from_bits(value.bits()) {
                float if float.is_nan() => format!(" nan with bits {:#010x}", value.bits()),
                float => format!(" {float}"),
            },
            Value::F64(value) => match f64::from_bits(value.bits()) {
                float if float.is_nan() => format!(" nan with bits {:#018x}", value.bits()),
                float => format!(" {float}"),
            },
            Value::V128(value) => format!(" {:#034x}", u128::from_le_bytes(*value.bytes())),
            Value::Index(index) => match kind {
                // The only memory or table has no number in the text either.
                Immediate::mem | Immediate::table if *index == 0 => String::new(),
                kind => format!(" {kind:?} {index}"),
            },
            Value::Lane(lane) => format!(" lane {lane}"),
            Value::Labels(targets) => {
                let depths = targets.targets().take(LABELS_MAX).filter_map(Result::ok);
                let depths: Vec<String> = depths.map(|depth| depth.to_string()).collect();
                format!(" {} default {}", depths.join(" "), targets.default())
            }
            Value::Block(BlockType::Type(ty)) | Value::Val(ty) => format!(" {}", Written(*ty)),
            Value::Heap(HeapType::Concrete(UnpackedIndex::Module(ty))) => type_at(*ty),
            Value::Heap(heap) => RefType::new(true, *heap)
                .map_or(String::new(), |ty| format!(" {}", Written(ValType::Ref(ty)))),
            Value::Ref(ty) => format!(" {}", Written(ValType::Ref(*ty))),
            Value::Block(BlockType::FuncType(ty)) => type_at(*ty),
            Value::MemArg(memarg) => {
                let memory = match memarg.target {
                    MemArgTarget::Memory(0) | MemArgTarget::Array(_) => String::new(),
                    MemArgTarget::Memory(memory) => format!(" mem {memory}"),
                };
                match memarg.offset {
                    0 => memory,
                    offset => format!("{memory} offset={offset}{}", address(offset)),
                }
            }
            // The others say little without the module.
            _ => String::new(),
        };
        text.push_str(&shown);
    }
    text
}
