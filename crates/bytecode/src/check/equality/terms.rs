//! Value numbers: hash-consed terms over parameters, constants, effects' results and joins.
//!
//! Two values with the same [`Vn`] are equal in every run (value numbering, Alpern, Wegman and Zadeck, 1988). Both sides
//! of the proof build their terms here, so equality of values is equality of ids. The table compares whole nodes; the
//! hash only finds candidates.
//!
//! # Rewriting
//! A term is brought to one form when it is made; each rule is an identity on all inputs:
//!
//! * R1. `op(a, b) = op(b, a)` for the commutative integer operators (never for floats: the bits of a NaN depend on the order).
//! * R2. `a > b = b < a`, `a ≥ b = b ≤ a`, for integers and for floats.
//! * R3. `a − c = a + (−c)` for an integer constant `c`.
//! * R4. `eqz(a) = (a == 0)`.
//!
//! [`Terms::truth`] brings a condition to a term and a polarity by the exact integer negations (`≠` of `=`, `≤` of `<` with
//! operands swapped); of the float comparisons only `≠` is the negation of another, `=`.
//!
//! # Invariants
//! * N1. A node's arguments are older than the node.
//! * N2. The nodes of pure terms, constants, parameters and joins are pairwise different.
//!
//! Limits: 2³² nodes; time amortised constant for a node. The hash is keyed by a number drawn once per process, so no
//! module can aim at collisions; no output depends on it.

use super::prims::Prim;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// A value number: the index of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Vn(pub(super) u32);

impl Vn {
    /// No value: of a cell that nothing has written on every path.
    pub(super) const UNDEF: Vn = Vn(0);
}

/// What a term is; the meaning of the arguments follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No value.
    Undef,
    /// A constant of 64 bits (a 32-bit one zero-extended): low and high half in the arguments.
    Const,
    /// A constant of 128 bits in four arguments.
    Const128,
    /// A cell of the parameters.
    Param,
    /// A result of an effect: number and index.
    Effect,
    /// A cell at a join: epoch and cell.
    Phi,
    /// The high half of a v128.
    High,
    /// A v128 made of two cells.
    Join,
    /// `select`.
    Select,
    /// `ref.is_null`.
    IsNull,
    /// A numeric operator; of one with two results, the low one.
    Pure(Prim),
    /// The high result of a numeric operator with two.
    Second(Prim),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) args: [u32; 4],
}

/// The table of one function's terms.
pub(super) struct Terms {
    key: u64,
    nodes: Vec<Node>,
    /// Open addressing: node index + 1, or 0.
    index: Vec<u32>,
    interned: usize,
}

impl Terms {
    /// An empty table with room for about `capacity` terms.
    pub(super) fn new(capacity: usize) -> Terms {
        let slots = (2 * capacity).next_power_of_two().max(64);
        let undef = Node { kind: Kind::Undef, args: [0; 4] };
        let mut nodes = Vec::with_capacity(capacity);
        nodes.push(undef);
        static KEY: OnceLock<u64> = OnceLock::new();
        let key = *KEY.get_or_init(|| RandomState::new().hash_one(0u8) | 1);
        Terms { key, nodes, index: vec![0; slots], interned: 0 }
    }

    pub(super) fn node(&self, vn: Vn) -> Node {
        self.nodes[vn.0 as usize]
    }

    pub(super) fn constant(&mut self, bits: u64) -> Vn {
        self.intern(Kind::Const, [bits as u32, (bits >> 32) as u32, 0, 0])
    }

    pub(super) fn constant128(&mut self, bits: u128) -> Vn {
        let part = |i: u32| (bits >> (32 * i)) as u32;
        self.intern(Kind::Const128, [part(0), part(1), part(2), part(3)])
    }

    pub(super) fn param(&mut self, cell: u32) -> Vn {
        self.intern(Kind::Param, [cell, 0, 0, 0])
    }

    pub(super) fn phi(&mut self, epoch: u32, cell: u32) -> Vn {
        self.intern(Kind::Phi, [epoch, cell, 0, 0])
    }

    /// A fresh term: result `k` of effect `n`. Asked for once per result.
    pub(super) fn effect(&mut self, n: u32, k: u32) -> Vn {
        self.push(Node { kind: Kind::Effect, args: [n, k, 0, 0] })
    }

    /// The high cell of a v128.
    pub(super) fn high(&mut self, value: Vn) -> Vn {
        self.intern(Kind::High, [value.0, 0, 0, 0])
    }

    /// The v128 in two cells.
    pub(super) fn join(&mut self, low: Vn, high: Vn) -> Vn {
        let node = self.node(high);
        if node.kind == Kind::High && node.args[0] == low.0 {
            return low;
        }
        self.intern(Kind::Join, [low.0, high.0, 0, 0])
    }

    pub(super) fn select(&mut self, a: Vn, b: Vn, condition: Vn) -> Vn {
        self.intern(Kind::Select, [a.0, b.0, condition.0, 0])
    }

    pub(super) fn is_null(&mut self, a: Vn) -> Vn {
        self.intern(Kind::IsNull, [a.0, 0, 0, 0])
    }

    /// The high result of a numeric operator with two.
    pub(super) fn second(&mut self, prim: Prim, args: [u32; 4]) -> Vn {
        self.intern(Kind::Second(prim), args)
    }

    /// A numeric operator, by R1 to R4.
    pub(super) fn pure(&mut self, prim: Prim, args: &[Vn]) -> Vn {
        use Prim as P;
        let [a, b] = [args.first(), args.get(1)].map(|vn| vn.copied().unwrap_or(Vn::UNDEF));
        let (prim, args) = match prim {
            // R1.
            P::i32_add
            | P::i32_mul
            | P::i32_and
            | P::i32_or
            | P::i32_xor
            | P::i32_eq
            | P::i32_ne
            | P::i64_add
            | P::i64_mul
            | P::i64_and
            | P::i64_or
            | P::i64_xor
            | P::i64_eq
            | P::i64_ne => (prim, [a.0.min(b.0), a.0.max(b.0), 0, 0]),
            // R2.
            P::i32_gt_s => (P::i32_lt_s, [b.0, a.0, 0, 0]),
            P::i32_gt_u => (P::i32_lt_u, [b.0, a.0, 0, 0]),
            P::i32_ge_s => (P::i32_le_s, [b.0, a.0, 0, 0]),
            P::i32_ge_u => (P::i32_le_u, [b.0, a.0, 0, 0]),
            P::i64_gt_s => (P::i64_lt_s, [b.0, a.0, 0, 0]),
            P::i64_gt_u => (P::i64_lt_u, [b.0, a.0, 0, 0]),
            P::i64_ge_s => (P::i64_le_s, [b.0, a.0, 0, 0]),
            P::i64_ge_u => (P::i64_le_u, [b.0, a.0, 0, 0]),
            P::f32_gt => (P::f32_lt, [b.0, a.0, 0, 0]),
            P::f32_ge => (P::f32_le, [b.0, a.0, 0, 0]),
            P::f64_gt => (P::f64_lt, [b.0, a.0, 0, 0]),
            P::f64_ge => (P::f64_le, [b.0, a.0, 0, 0]),
            // R3.
            P::i32_sub if let Some(c) = self.as_const(b) => {
                let negated = self.constant(u64::from((c as u32).wrapping_neg()));
                return self.pure(P::i32_add, &[a, negated]);
            }
            P::i64_sub if let Some(c) = self.as_const(b) => {
                let negated = self.constant(c.wrapping_neg());
                return self.pure(P::i64_add, &[a, negated]);
            }
            // R4.
            P::i32_eqz => {
                let zero = self.constant(0);
                return self.pure(P::i32_eq, &[a, zero]);
            }
            P::i64_eqz => {
                let zero = self.constant(0);
                return self.pure(P::i64_eq, &[a, zero]);
            }
            other => {
                let mut all = [0; 4];
                for (to, from) in all.iter_mut().zip(args) {
                    *to = from.0;
                }
                (other, all)
            }
        };
        self.intern(Kind::Pure(prim), args)
    }

    /// The bits of a 64-bit constant.
    pub(super) fn as_const(&self, vn: Vn) -> Option<u64> {
        let node = self.node(vn);
        (node.kind == Kind::Const).then(|| u64::from(node.args[0]) | u64::from(node.args[1]) << 32)
    }

    /// A condition as a term and a polarity: the condition is not zero exactly if the term is not zero (`true`), or exactly
    /// if it is zero (`false`).
    pub(super) fn truth(&mut self, mut vn: Vn) -> (Vn, bool) {
        let mut polarity = true;
        loop {
            let Node { kind, args: [a, b, ..] } = self.node(vn);
            let Kind::Pure(prim) = kind else { return (vn, polarity) };
            let (a, b) = (Vn(a), Vn(b));
            vn = match prim {
                // x == 0 is the negation of the condition x; R1 may have put the zero on either side.
                Prim::i32_eq if self.as_const(b) == Some(0) => a,
                Prim::i32_eq if self.as_const(a) == Some(0) => b,
                Prim::i32_ne => self.pure(Prim::i32_eq, &[a, b]),
                Prim::i64_ne => self.pure(Prim::i64_eq, &[a, b]),
                // Exact for floats too: with a NaN `≠` is true and `=` is false.
                Prim::f32_ne => self.pure(Prim::f32_eq, &[a, b]),
                Prim::f64_ne => self.pure(Prim::f64_eq, &[a, b]),
                Prim::i32_le_s => self.pure(Prim::i32_lt_s, &[b, a]),
                Prim::i32_le_u => self.pure(Prim::i32_lt_u, &[b, a]),
                Prim::i64_le_s => self.pure(Prim::i64_lt_s, &[b, a]),
                Prim::i64_le_u => self.pure(Prim::i64_lt_u, &[b, a]),
                _ => return (vn, polarity),
            };
            polarity = !polarity;
        }
    }

    fn push(&mut self, node: Node) -> Vn {
        let vn = Vn(self.nodes.len() as u32);
        self.nodes.push(node);
        vn
    }

    #[inline]
    fn intern(&mut self, kind: Kind, args: [u32; 4]) -> Vn {
        let node = Node { kind, args };
        let mask = self.index.len() - 1;
        let mut slot = hash(&node, self.key) as usize & mask;
        while let Some(i) = self.index[slot].checked_sub(1) {
            if self.nodes[i as usize] == node {
                return Vn(i);
            }
            slot = (slot + 1) & mask;
        }
        let vn = self.push(node);
        self.index[slot] = vn.0 + 1;
        self.interned += 1;
        if 2 * self.interned > self.index.len() {
            self.grow();
        }
        vn
    }

    #[cold]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.index);
        self.index = vec![0; 2 * old.len()];
        let mask = self.index.len() - 1;
        for entry in old.into_iter().filter(|&entry| entry != 0) {
            let mut slot = hash(&self.nodes[entry as usize - 1], self.key) as usize & mask;
            while self.index[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.index[slot] = entry;
        }
    }
}

#[inline]
fn hash(node: &Node, key: u64) -> u64 {
    let kind = match node.kind {
        Kind::Undef => 0,
        Kind::Const => 1,
        Kind::Const128 => 2,
        Kind::Param => 3,
        Kind::Effect => 4,
        Kind::Phi => 5,
        Kind::High => 6,
        Kind::Join => 7,
        Kind::Select => 8,
        Kind::IsNull => 9,
        Kind::Pure(prim) => 16 + 2 * prim as u64,
        Kind::Second(prim) => 17 + 2 * prim as u64,
    };
    let [a, b, c, d] = node.args.map(u64::from);
    let x = fold((a | b << 32) ^ kind.rotate_left(48), key);
    if c | d == 0 {
        return x;
    }
    fold(x ^ (c | d << 32), key.rotate_left(32) | 1)
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x2545_f491_4f6c_dd1d) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_terms_have_one_number() {
        let mut t = Terms::new(4);
        let (a, b) = (t.param(0), t.param(1));
        for i in 0..200 {
            t.constant(i);
        }
        assert_eq!(t.pure(Prim::i32_add, &[a, b]), t.pure(Prim::i32_add, &[b, a]));
        assert_ne!(t.pure(Prim::i32_sub, &[a, b]), t.pure(Prim::i32_sub, &[b, a]));
        assert_eq!(t.pure(Prim::f64_gt, &[a, b]), t.pure(Prim::f64_lt, &[b, a]));
        assert_ne!(t.pure(Prim::f64_add, &[a, b]), t.pure(Prim::f64_add, &[b, a]));
        let (five, minus) = (t.constant(5), t.constant(u64::from(-5i32 as u32)));
        assert_eq!(t.pure(Prim::i32_sub, &[a, five]), t.pure(Prim::i32_add, &[a, minus]));
        assert_eq!(t.constant(7), t.constant(7));
        assert_ne!(t.effect(0, 0), t.effect(1, 0));
    }

    #[test]
    fn halves_of_a_vector_join_again() {
        let mut t = Terms::new(4);
        let (a, b) = (t.param(0), t.param(1));
        let (high_a, high_b) = (t.high(a), t.high(b));
        assert_eq!(t.join(a, high_a), a);
        assert_ne!(t.join(a, high_b), a);
    }

    #[test]
    fn conditions_are_negated_where_that_is_exact() {
        let mut t = Terms::new(4);
        let (a, b) = (t.param(0), t.param(1));
        let lt = t.pure(Prim::i32_lt_s, &[a, b]);
        let ge = t.pure(Prim::i32_ge_s, &[a, b]);
        let not_lt = t.pure(Prim::i32_eqz, &[lt]);
        assert_eq!(t.truth(ge), t.truth(not_lt));
        assert_eq!(t.truth(lt).0, t.truth(ge).0);
        assert_ne!(t.truth(lt).1, t.truth(ge).1);
        let float_lt = t.pure(Prim::f32_lt, &[a, b]);
        let float_ge = t.pure(Prim::f32_ge, &[a, b]);
        assert_ne!(t.truth(float_lt).0, t.truth(float_ge).0);
        let float_eq = t.pure(Prim::f32_eq, &[a, b]);
        let float_ne = t.pure(Prim::f32_ne, &[a, b]);
        assert_eq!(t.truth(float_ne), (t.truth(float_eq).0, !t.truth(float_eq).1));
        let (zero, one) = (t.constant(0), t.constant(1));
        let wide_zero = t.pure(Prim::i64_eq, &[a, zero]);
        assert_eq!(t.truth(wide_zero), (wide_zero, true), "an i64 is no condition");
        let is_one = t.pure(Prim::i32_eq, &[a, one]);
        assert_eq!(t.truth(is_one), (is_one, true));
    }
}
