//! Terms: what a cell holds, as a number; equal numbers are equal values in every run.
//!
//! The operators (`numeric`, `memory`, …) build terms for the Wasm, `code` for the instructions;
//! `state` keeps them in cells. A term is a plain value in a list, found again in a standard map;
//! it is brought to one form by the tables below when it is made, and nowhere else.
//!
//! A cell has 64 bits. A v128 goes by the term of its low cell, and its high cell is
//! [`Terms::high`] of that one: a scalar of the Wasm never has the term of a v128, so no
//! instruction can take one for the other.
//!
//! # Rules
//! * R1. Operands of a commutative integer operator stand in the order of their numbers.
//! * R2. `a > b` is `b < a`, and `a ≥ b` is `b ≤ a`, of integers and floats.
//! * R3. `a − c` is `a + (−c)` for an integer constant `c`.
//! * R4. `eqz(a)` is `a = 0`.
//! * R5. The high cell of what a place holds (a parameter, a cell at a label) is what the next
//!   place holds, and a v128 that is read from its own two cells is itself.
//!
//! Limits: a map entry for each term, so this is slower than the check by far.

use super::Plant;
use std::collections::HashMap;

/// A term by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term {
    /// 64 bits; a narrower constant is zero-extended.
    Const(u64),
    Const128(u128),
    /// A cell of the parameters.
    Param(u32),
    /// A cell at a label that has been passed.
    Label {
        label: u32,
        cell: u32,
    },
    /// A result of an effect.
    Result {
        effect: u32,
        index: u32,
    },
    High(Id),
    /// A v128 in two cells that are not its own.
    Cells(Id, Id),
    /// A numeric operator; of one with two results, the first.
    Num(Num, Vec<Id>),
    /// The second result of the numeric operator of this term.
    Second(Id),
    Select(Id, Id, Id),
    IsNull(Id),
}

macro_rules! nums {
    ($(($name:ident ($($arg:ident : $ty:ty),*) -> $($ret:tt)*))*) => {
        /// A numeric operator of `prova_num`, or another function of its list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(non_camel_case_types, reason = "the names are those of the operators")]
        pub(super) enum Num { $($name),* }

        /// Each with its name, the number of its operands and its result's type.
        pub(super) const NUMS: &[(Num, &str, usize, &str)] =
            &[$((Num::$name, stringify!($name), [$(stringify!($arg)),*].len(), stringify!($($ret)*))),*];
    };
}
prova_num::for_each_num!(nums);

/// R1.
const COMMUTATIVE: [Num; 14] = [
    Num::i32_add,
    Num::i32_mul,
    Num::i32_and,
    Num::i32_or,
    Num::i32_xor,
    Num::i32_eq,
    Num::i32_ne,
    Num::i64_add,
    Num::i64_mul,
    Num::i64_and,
    Num::i64_or,
    Num::i64_xor,
    Num::i64_eq,
    Num::i64_ne,
];

/// R2: an operator, and the one on exchanged operands that it is.
const MIRRORED: [(Num, Num); 12] = [
    (Num::i32_gt_s, Num::i32_lt_s),
    (Num::i32_gt_u, Num::i32_lt_u),
    (Num::i32_ge_s, Num::i32_le_s),
    (Num::i32_ge_u, Num::i32_le_u),
    (Num::i64_gt_s, Num::i64_lt_s),
    (Num::i64_gt_u, Num::i64_lt_u),
    (Num::i64_ge_s, Num::i64_le_s),
    (Num::i64_ge_u, Num::i64_le_u),
    (Num::f32_gt, Num::f32_lt),
    (Num::f32_ge, Num::f32_le),
    (Num::f64_gt, Num::f64_lt),
    (Num::f64_ge, Num::f64_le),
];

/// Comparisons and their exact negations: of floats only `≠`, since a NaN makes all others false.
const NEGATED: [(Num, Num); 4] = [
    (Num::i32_ne, Num::i32_eq),
    (Num::i64_ne, Num::i64_eq),
    (Num::f32_ne, Num::f32_eq),
    (Num::f64_ne, Num::f64_eq),
];

/// `a ≤ b` is the negation of `b < a`.
const NEGATED_MIRRORED: [(Num, Num); 4] = [
    (Num::i32_le_s, Num::i32_lt_s),
    (Num::i32_le_u, Num::i32_lt_u),
    (Num::i64_le_s, Num::i64_lt_s),
    (Num::i64_le_u, Num::i64_lt_u),
];

/// Negations that a NaN makes wrong, for [`Plant::FloatsNegate`].
const FLOATS_NEGATED: [(Num, Num); 2] = [(Num::f32_le, Num::f32_lt), (Num::f64_le, Num::f64_lt)];

fn find(list: &[(Num, Num)], num: Num) -> Option<Num> {
    list.iter().find(|(from, _)| *from == num).map(|(_, to)| *to)
}

/// All terms of one function.
pub(super) struct Terms {
    plant: Option<Plant>,
    list: Vec<Term>,
    known: HashMap<Term, Id>,
}

impl Terms {
    pub(super) fn new(plant: Option<Plant>) -> Terms {
        Terms { plant, list: Vec::new(), known: HashMap::new() }
    }

    pub(super) fn of(&mut self, term: Term) -> Id {
        if let Some(&id) = self.known.get(&term) {
            return id;
        }
        let id = Id(self.list.len() as u32);
        self.list.push(term.clone());
        self.known.insert(term, id);
        id
    }

    pub(super) fn get(&self, id: Id) -> &Term {
        &self.list[id.0 as usize]
    }

    pub(super) fn constant(&mut self, bits: u64) -> Id {
        let narrow = self.plant == Some(Plant::NarrowConstants);
        self.of(Term::Const(if narrow { bits & 0xffff_ffff } else { bits }))
    }

    /// R5.
    pub(super) fn high(&mut self, low: Id) -> Id {
        let high = match *self.get(low) {
            Term::Param(cell) => Term::Param(cell + 1),
            Term::Label { label, cell } => Term::Label { label, cell: cell + 1 },
            _ => Term::High(low),
        };
        self.of(high)
    }

    /// The v128 in two cells: R5.
    pub(super) fn cells(&mut self, low: Id, high: Id) -> Id {
        let own = self.high(low) == high || self.plant == Some(Plant::HighCells);
        if own { low } else { self.of(Term::Cells(low, high)) }
    }

    /// R1 to R4.
    pub(super) fn num(&mut self, num: Num, args: &[Id]) -> Id {
        let (num, mut args) = match (num, args) {
            (Num::i32_sub, &[a, b]) => match *self.get(b) {
                Term::Const(c) => {
                    let negated = self.constant(u64::from((c as u32).wrapping_neg()));
                    (Num::i32_add, vec![a, negated])
                }
                _ => (num, vec![a, b]),
            },
            (Num::i64_sub, &[a, b]) => match *self.get(b) {
                Term::Const(c) => {
                    let negated = self.constant(c.wrapping_neg());
                    (Num::i64_add, vec![a, negated])
                }
                _ => (num, vec![a, b]),
            },
            (Num::i32_eqz, &[a]) => (Num::i32_eq, vec![a, self.constant(0)]),
            (Num::i64_eqz, &[a]) => (Num::i64_eq, vec![a, self.constant(0)]),
            _ => (num, args.to_vec()),
        };
        let subtracts = matches!(num, Num::i32_sub | Num::i64_sub);
        if COMMUTATIVE.contains(&num) || subtracts && self.plant == Some(Plant::Commutes) {
            args.sort_unstable();
        }
        let num = match find(&MIRRORED, num) {
            Some(mirrored) => {
                args.reverse();
                mirrored
            }
            None => num,
        };
        self.of(Term::Num(num, args))
    }

    /// A condition without its negations: the term that it asks about, and whether it holds where
    /// that one is not zero.
    pub(super) fn truth(&mut self, condition: Id) -> (Id, bool) {
        let Term::Num(num, args) = self.get(condition).clone() else { return (condition, true) };
        let zero = self.constant(0);
        let of = match args[..] {
            [a, b] if num == Num::i32_eq && b == zero => a,
            [a, b] if num == Num::i32_eq && a == zero => b,
            [a, b] => {
                let negates = self.plant == Some(Plant::FloatsNegate);
                let float = find(&FLOATS_NEGATED, num).filter(|_| negates);
                if let Some(num) = float {
                    self.num(num, &[b, a])
                } else if let Some(num) = find(&NEGATED, num) {
                    self.num(num, &[a, b])
                } else if let Some(num) = find(&NEGATED_MIRRORED, num) {
                    self.num(num, &[b, a])
                } else {
                    return (condition, true);
                }
            }
            _ => return (condition, true),
        };
        let (term, holds) = self.truth(of);
        (term, !holds)
    }

    /// A term in words, to a depth.
    pub(super) fn show(&self, id: Id, depth: u32) -> String {
        let args = |ids: &[Id]| -> String {
            let shown = ids.iter().map(|&id| match depth {
                0 => "…".to_owned(),
                _ => self.show(id, depth - 1),
            });
            shown.collect::<Vec<_>>().join(", ")
        };
        match self.get(id) {
            Term::Const(bits) => format!("{bits:#x}"),
            Term::Const128(bits) => format!("{bits:#034x}"),
            Term::Param(cell) => format!("parameter cell {cell}"),
            Term::Label { label, cell } => format!("cell {cell} at label {label}"),
            Term::Result { effect, index } => format!("result {index} of effect {effect}"),
            Term::High(low) => format!("high({})", args(&[*low])),
            Term::Cells(low, high) => format!("cells({})", args(&[*low, *high])),
            Term::Num(num, operands) => format!("{num:?}({})", args(operands)),
            Term::Second(first) => format!("second({})", args(&[*first])),
            Term::Select(a, b, c) => format!("select({})", args(&[*a, *b, *c])),
            Term::IsNull(a) => format!("is_null({})", args(&[*a])),
        }
    }
}
