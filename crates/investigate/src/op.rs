//! Operators as text and as memory accesses, for all operators of the decoder at once.
//!
//! Neighbours: `diff` prints and compares with it, `xref` asks for widths. Everything is derived from the decoder's own table
//! of operators, so a new operator has a mnemonic and its memory argument is found without a change here.

use prova_module::{MemArg, Operator, for_each_operator};

/// A field of an operator that may be its memory argument: method lookup prefers [`IsMemArg`].
struct Field<'a, T>(&'a T);

trait IsMemArg {
    fn memarg(&self) -> Option<MemArg>;
}

impl IsMemArg for Field<'_, MemArg> {
    fn memarg(&self) -> Option<MemArg> {
        Some(*self.0)
    }
}

trait AnyField {
    fn memarg(&self) -> Option<MemArg>;
}

impl<T> AnyField for &Field<'_, T> {
    fn memarg(&self) -> Option<MemArg> {
        let Field(_) = self;
        None
    }
}

/// What an operator takes and gives, from the decoder's annotation; `None` where it depends on types.
macro_rules! fixed {
    (arity custom) => {
        None
    };
    (arity memarg $takes:literal -> $gives:literal) => {
        Some(($takes, $gives))
    };
    (arity $takes:literal -> $gives:literal) => {
        Some(($takes, $gives))
    };
}

macro_rules! define {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        fn visit_name(op: &Operator<'_>) -> &'static str {
            match op {
                $(Operator::$op { .. } => stringify!($visit),)*
                _ => "visit_unknown",
            }
        }

        /// How many operands an operator takes and gives, if that does not depend on types.
        pub(crate) fn fixed_arity(op: &Operator<'_>) -> Option<(u32, u32)> {
            match op {
                $(Operator::$op { .. } => fixed!($($ann)*),)*
                _ => None,
            }
        }

        /// The memory argument of a load, store or atomic operator.
        pub(crate) fn memarg(op: &Operator<'_>) -> Option<MemArg> {
            match op {
                $(Operator::$op $({ $($arg),* })? => {
                    let found = None;
                    $($(let found = found.or((&Field($arg)).memarg());)*)?
                    found
                })*
                _ => None,
            }
        }
    };
}

for_each_operator!(define);

/// The operator's name in the text format.
pub(crate) fn mnemonic(op: &Operator<'_>) -> String {
    let name = visit_name(op).trim_start_matches("visit_");
    match op {
        Operator::TypedSelect { .. } => return "select".to_owned(),
        Operator::TryTable { .. } => return "try_table".to_owned(),
        Operator::AtomicFence { .. } => return "atomic.fence".to_owned(),
        _ => {}
    }
    const PREFIXES: [&str; 20] = [
        "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
        "local", "global", "memory", "table", "data", "elem", "ref", "struct", "array",
    ];
    match name.split_once('_') {
        Some((prefix, rest)) if PREFIXES.contains(&prefix) => {
            let rest = match rest.strip_prefix("atomic_") {
                // `rmw8_add_u` is `rmw8.add_u`.
                Some(atomic) if atomic.starts_with("rmw") => {
                    format!("atomic.{}", atomic.replacen('_', ".", 1))
                }
                Some(atomic) => format!("atomic.{atomic}"),
                None => rest.to_owned(),
            };
            format!("{prefix}.{rest}")
        }
        _ => name.to_owned(),
    }
}

/// What a memory operator does to the bytes at its effective address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) reads: bool,
    pub(crate) writes: bool,
    pub(crate) bytes: u64,
}

/// The most bytes that one access touches.
pub(crate) const ACCESS_BYTES_MAX: u64 = 16;

/// How a memory operator accesses memory, from its mnemonic (`i64.load16_s` reads 2 bytes).
pub(crate) fn access(op: &Operator<'_>) -> Option<Access> {
    memarg(op)?;
    let name = mnemonic(op);
    let (reads, writes, rest) = match (name.split_once("load"), name.split_once("store")) {
        (Some((_, rest)), _) => (true, false, rest),
        (None, Some((_, rest))) => (false, true, rest),
        (None, None) => match (name.split_once("rmw"), name.split_once("atomic.wait")) {
            (Some((_, rest)), _) => (true, true, rest),
            (None, Some((_, rest))) => (true, false, rest),
            // `memory.atomic.notify` has an address and reads nothing there.
            (None, None) => return None,
        },
    };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let whole = || match name.get(..3) {
        Some("i32" | "f32") => 4,
        Some("v12") => 16,
        _ => 8,
    };
    let bytes = match digits.parse::<u64>() {
        Ok(bits) if rest[digits.len()..].starts_with('x') => bits.min(1) * 8,
        Ok(bits) => bits / 8,
        Err(_) => whole(),
    };
    Some(Access { reads, writes, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_and_widths_follow_the_text_format() {
        let target = prova_module::MemArgTarget::Memory(0);
        let memarg = MemArg { align: 0, max_align: 3, offset: 0, target, ordering: None };
        let cases = [
            (Operator::I64Load16S { memarg }, "i64.load16_s", (true, false, 2)),
            (Operator::I32Store { memarg }, "i32.store", (false, true, 4)),
            (Operator::V128Load8x8S { memarg }, "v128.load8x8_s", (true, false, 8)),
            (Operator::F64Load { memarg }, "f64.load", (true, false, 8)),
            (Operator::V128Store32Lane { memarg, lane: 1 }, "v128.store32_lane", (false, true, 4)),
            (Operator::I64AtomicLoad8U { memarg }, "i64.atomic.load8_u", (true, false, 1)),
            (Operator::I32AtomicStore { memarg }, "i32.atomic.store", (false, true, 4)),
            (Operator::I64AtomicRmw16AddU { memarg }, "i64.atomic.rmw16.add_u", (true, true, 2)),
            (Operator::I32AtomicRmwCmpxchg { memarg }, "i32.atomic.rmw.cmpxchg", (true, true, 4)),
            (Operator::MemoryAtomicWait64 { memarg }, "memory.atomic.wait64", (true, false, 8)),
        ];
        for (op, name, (reads, writes, bytes)) in cases {
            assert_eq!(mnemonic(&op), name);
            assert_eq!(access(&op), Some(Access { reads, writes, bytes }), "{name}");
        }
        assert_eq!(access(&Operator::I32Add), None);
        assert_eq!(access(&Operator::MemoryAtomicNotify { memarg }), None);
        assert_eq!(mnemonic(&Operator::LocalGet { local_index: 0 }), "local.get");
        assert_eq!(mnemonic(&Operator::BrIf { relative_depth: 0 }), "br_if");
        assert_eq!(mnemonic(&Operator::I32WrapI64), "i32.wrap_i64");
    }
}
