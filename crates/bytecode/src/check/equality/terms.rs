//! Value numbers: hash-consed terms over parameters, constants, effects' results and joins.
//!
//! Two values with the same [`Vn`] are equal in every run (value numbering, Alpern, Wegman and Zadeck, 1988). Both sides
//! of the proof build their terms here, so equality of values is equality of ids. The table compares whole nodes; the
//! hash only finds candidates.
//!
//! A term without arguments (parameter, result of an effect, cell at a join, small constant) *is* its number and takes no
//! place in the table. The code mostly builds the terms that the Wasm side has built before it, in the same order, so its side
//! looks at the place after its last find before it asks the table.
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
//! * N1. A node's arguments are older than the node, or have no node.
//! * N2. The nodes are pairwise different, and no node is a term that has a number without one.
//!
//! Limits: 2³² nodes; time amortised constant for a node. The hash is keyed by a number drawn once per process, so no
//! module can aim at collisions; no output depends on it.

use super::prims::Prim;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// A value number: three bits of what it is, then the index of a node or the term's own content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Vn(u64);

const CONST: u64 = 1;
const PHI: u64 = 2;
const EFFECT: u64 = 3;
const PARAM: u64 = 4;
/// Where the three bits start.
const TAG: u32 = 61;
/// Bits of the second of two contents.
const HALF: u32 = 29;

impl Vn {
    /// No value: of a cell that nothing has written on every path.
    pub(super) const UNDEF: Vn = Vn(0);

    const fn pair(tag: u64, first: u32, second: u32) -> Vn {
        Vn(tag << TAG | (first as u64) << HALF | second as u64 & ((1 << HALF) - 1))
    }

    /// Cell `cell` at the label of time `epoch`.
    pub(super) const fn phi(epoch: u32, cell: u32) -> Vn {
        Vn::pair(PHI, epoch, cell)
    }

    /// Cell `cell` of the parameters.
    pub(super) const fn param(cell: u32) -> Vn {
        Vn::pair(PARAM, 0, cell)
    }

    /// Result `k` (fewer than 2²⁹) of effect `n`.
    pub(super) const fn effect(n: u32, k: u32) -> Vn {
        Vn::pair(EFFECT, n, k)
    }

    /// A constant of 64 bits, if it is small: every one of 32 bits is.
    const fn small(bits: u64) -> Option<Vn> {
        if bits >> TAG == 0 { Some(Vn(CONST << TAG | bits)) } else { None }
    }

    /// The number of a constant that is at most 32 bits wide.
    pub(super) const fn index(bits: u32) -> Vn {
        Vn(CONST << TAG | bits as u64)
    }

    /// The index of its node, if it has one.
    fn node(self) -> Option<usize> {
        (self.0 >> TAG == 0).then_some(self.0 as usize)
    }
}

/// What a node is; the meaning of its arguments follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head(u32);

impl Head {
    const UNDEF: Head = Head(0);
    const CONST: Head = Head(1);
    const CONST128: Head = Head(2);
    const HIGH: Head = Head(3);
    const JOIN: Head = Head(4);
    const SELECT: Head = Head(5);
    const IS_NULL: Head = Head(6);
    const SECOND: Head = Head(7);
    /// Two arguments in one.
    const PAIR: Head = Head(8);

    const fn pure(prim: Prim) -> Head {
        Head(16 + prim as u32)
    }
}

/// A term, for those who read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// No value.
    Undef,
    /// A constant of 64 bits (a 32-bit one zero-extended).
    Const(u64),
    /// A constant of 128 bits.
    Const128(u128),
    /// A cell of the parameters.
    Param(u32),
    /// A result of an effect: number and index.
    Effect(u32, u32),
    /// A cell at a join: epoch and cell.
    Phi(u32, u32),
    /// The high half of a v128.
    High(Vn),
    /// A v128 made of two cells.
    Join(Vn, Vn),
    /// `select`.
    Select(Vn, Vn, Vn),
    /// `ref.is_null`.
    IsNull(Vn),
    /// The high result of a numeric operator with two; the low one.
    Second(Vn),
    /// A numeric operator with up to four operands; of one with two results, the low one.
    Pure(Prim, [Vn; 4]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    args: [Vn; 3],
    head: Head,
    /// The operator, of a numeric operator.
    prim: Option<Prim>,
}

/// The table of one function's terms.
pub(super) struct Terms {
    key: u64,
    nodes: Vec<Node>,
    /// Open addressing: the node's index, which is never 0.
    index: Vec<u32>,
    /// The first of the `index` in use is 0; this many, a power of two, less one.
    mask: usize,
    /// Where the code's next term probably is.
    guess: usize,
}

const NO_NODE: Node = Node { args: [Vn::UNDEF; 3], head: Head::UNDEF, prim: None };

impl Terms {
    /// An empty table.
    pub(super) fn new() -> Terms {
        static KEY: OnceLock<u64> = OnceLock::new();
        let key = *KEY.get_or_init(|| RandomState::new().hash_one(0u8) | 1);
        let mut this = Terms { key, nodes: Vec::new(), index: Vec::new(), mask: 0, guess: 1 };
        this.reset(0);
        this
    }

    /// Empties the table and makes room for about `capacity` terms; keeps what is allocated.
    pub(super) fn reset(&mut self, capacity: usize) {
        self.nodes.clear();
        self.nodes.push(NO_NODE);
        self.guess = 1;
        let slots = (2 * capacity).next_power_of_two().max(64);
        self.mask = slots - 1;
        let used = slots.min(self.index.len());
        self.index[..used].fill(0);
        if slots > used {
            self.index.resize(slots, 0);
        }
    }

    /// The bytes that the table keeps.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.index.capacity() * size_of::<u32>()
    }

    /// What a number stands for.
    pub(super) fn term(&self, vn: Vn) -> Term {
        let (first, second) = ((vn.0 >> HALF) as u32, vn.0 as u32 & ((1 << HALF) - 1));
        match vn.0 >> TAG {
            CONST => return Term::Const(vn.0 & ((1 << TAG) - 1)),
            PHI => return Term::Phi(first, second),
            EFFECT => return Term::Effect(first, second),
            PARAM => return Term::Param(second),
            _ => {}
        }
        let Node { head, args: [a, b, c], prim } = self.nodes[vn.0 as usize];
        if let Some(prim) = prim {
            let [c, d] = match c.node().map(|c| self.nodes[c]) {
                Some(Node { head: Head::PAIR, args: [c, d, _], .. }) => [c, d],
                _ => [c, Vn::UNDEF],
            };
            return Term::Pure(prim, [a, b, c, d]);
        }
        match head {
            Head::CONST => Term::Const(a.0),
            Head::CONST128 => Term::Const128(u128::from(a.0) | u128::from(b.0) << 64),
            Head::HIGH => Term::High(a),
            Head::JOIN => Term::Join(a, b),
            Head::SELECT => Term::Select(a, b, c),
            Head::IS_NULL => Term::IsNull(a),
            Head::SECOND => Term::Second(a),
            _ => Term::Undef,
        }
    }

    #[inline]
    pub(super) fn constant(&mut self, bits: u64) -> Vn {
        match Vn::small(bits) {
            Some(vn) => vn,
            None => self.intern::<false>(Head::CONST, [Vn(bits), Vn(0), Vn(0)], None),
        }
    }

    pub(super) fn constant128(&mut self, bits: u128) -> Vn {
        let halves = [Vn(bits as u64), Vn((bits >> 64) as u64), Vn(0)];
        self.intern::<false>(Head::CONST128, halves, None)
    }

    /// The high cell of a v128: of one that a place holds, the next cell.
    pub(super) fn high(&mut self, value: Vn) -> Vn {
        if matches!(value.0 >> TAG, PHI | PARAM) {
            return Vn(value.0 + 1);
        }
        self.intern::<false>(Head::HIGH, [value, Vn(0), Vn(0)], None)
    }

    /// The v128 in two cells.
    pub(super) fn join(&mut self, low: Vn, high: Vn) -> Vn {
        let one = match low.0 >> TAG {
            PHI | PARAM => high.0 == low.0 + 1,
            _ => self.term(high) == Term::High(low),
        };
        if one {
            return low;
        }
        self.intern::<false>(Head::JOIN, [low, high, Vn(0)], None)
    }

    pub(super) fn select(&mut self, a: Vn, b: Vn, condition: Vn) -> Vn {
        self.intern::<false>(Head::SELECT, [a, b, condition], None)
    }

    pub(super) fn is_null(&mut self, a: Vn) -> Vn {
        self.intern::<false>(Head::IS_NULL, [a, Vn(0), Vn(0)], None)
    }

    /// The high result of a numeric operator with two, from the low one.
    pub(super) fn second(&mut self, low: Vn) -> Vn {
        self.intern::<false>(Head::SECOND, [low, Vn(0), Vn(0)], None)
    }

    /// A numeric operator, by R1 to R4. `CODE`: on the code's side.
    ///
    /// Where `prim` is known at compile time, so is the rule.
    #[inline(always)]
    pub(super) fn pure<const CODE: bool>(&mut self, prim: Prim, args: &[Vn]) -> Vn {
        use Prim as P;
        let (prim, args) = match (prim, args) {
            // R1.
            (
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
                | P::i64_ne,
                &[a, b],
            ) => (prim, [a.min(b), a.max(b), Vn(0)]),
            // R2.
            (P::i32_gt_s, &[a, b]) => (P::i32_lt_s, [b, a, Vn(0)]),
            (P::i32_gt_u, &[a, b]) => (P::i32_lt_u, [b, a, Vn(0)]),
            (P::i32_ge_s, &[a, b]) => (P::i32_le_s, [b, a, Vn(0)]),
            (P::i32_ge_u, &[a, b]) => (P::i32_le_u, [b, a, Vn(0)]),
            (P::i64_gt_s, &[a, b]) => (P::i64_lt_s, [b, a, Vn(0)]),
            (P::i64_gt_u, &[a, b]) => (P::i64_lt_u, [b, a, Vn(0)]),
            (P::i64_ge_s, &[a, b]) => (P::i64_le_s, [b, a, Vn(0)]),
            (P::i64_ge_u, &[a, b]) => (P::i64_le_u, [b, a, Vn(0)]),
            (P::f32_gt, &[a, b]) => (P::f32_lt, [b, a, Vn(0)]),
            (P::f32_ge, &[a, b]) => (P::f32_le, [b, a, Vn(0)]),
            (P::f64_gt, &[a, b]) => (P::f64_lt, [b, a, Vn(0)]),
            (P::f64_ge, &[a, b]) => (P::f64_le, [b, a, Vn(0)]),
            // R3.
            (P::i32_sub, &[a, b]) => match self.as_const(b) {
                Some(c) => {
                    let negated = Vn::index((c as u32).wrapping_neg());
                    (P::i32_add, [a.min(negated), a.max(negated), Vn(0)])
                }
                None => (prim, [a, b, Vn(0)]),
            },
            (P::i64_sub, &[a, b]) => match self.as_const(b) {
                Some(c) => {
                    let negated = self.constant(c.wrapping_neg());
                    (P::i64_add, [a.min(negated), a.max(negated), Vn(0)])
                }
                None => (prim, [a, b, Vn(0)]),
            },
            // R4; a small constant is greater than a node, and less than the other terms without one.
            (P::i32_eqz, &[a]) => {
                let zero = Vn::index(0);
                (P::i32_eq, [a.min(zero), a.max(zero), Vn(0)])
            }
            (P::i64_eqz, &[a]) => {
                let zero = Vn::index(0);
                (P::i64_eq, [a.min(zero), a.max(zero), Vn(0)])
            }
            (_, &[a]) => (prim, [a, Vn(0), Vn(0)]),
            (_, &[a, b]) => (prim, [a, b, Vn(0)]),
            (_, &[a, b, c]) => (prim, [a, b, c]),
            (_, &[a, b, c, d]) => {
                let pair = self.intern::<false>(Head::PAIR, [c, d, Vn(0)], None);
                (prim, [a, b, pair])
            }
            // No operator has other numbers of operands (`prims`).
            (_, _) => (prim, [Vn::UNDEF; 3]),
        };
        self.intern::<CODE>(Head::pure(prim), args, Some(prim))
    }

    /// [`Terms::pure`] of an operator that is known at run time only.
    pub(super) fn operator(&mut self, prim: Prim, args: &[Vn]) -> Vn {
        self.pure::<false>(prim, args)
    }

    /// The bits of a 64-bit constant.
    #[inline]
    pub(super) fn as_const(&self, vn: Vn) -> Option<u64> {
        match vn.0 >> TAG {
            CONST => Some(vn.0 & ((1 << TAG) - 1)),
            0 => match self.nodes[vn.0 as usize] {
                Node { head: Head::CONST, args: [bits, ..], .. } => Some(bits.0),
                _ => None,
            },
            _ => None,
        }
    }

    /// A condition as a term and a polarity: the condition is not zero exactly if the term is not zero (`true`), or exactly
    /// if it is zero (`false`).
    pub(super) fn truth(&mut self, mut vn: Vn) -> (Vn, bool) {
        let mut polarity = true;
        loop {
            let Some(Node { prim: Some(prim), args: [a, b, _], .. }) =
                vn.node().map(|i| self.nodes[i])
            else {
                return (vn, polarity);
            };
            vn = match prim {
                // x == 0 is the negation of the condition x; R1 may have put the zero on either side.
                Prim::i32_eq if b == Vn::index(0) => a,
                Prim::i32_eq if a == Vn::index(0) => b,
                Prim::i32_ne => self.pure::<false>(Prim::i32_eq, &[a, b]),
                Prim::i64_ne => self.pure::<false>(Prim::i64_eq, &[a, b]),
                // Exact for floats too: with a NaN `≠` is true and `=` is false.
                Prim::f32_ne => self.pure::<false>(Prim::f32_eq, &[a, b]),
                Prim::f64_ne => self.pure::<false>(Prim::f64_eq, &[a, b]),
                Prim::i32_le_s => self.pure::<false>(Prim::i32_lt_s, &[b, a]),
                Prim::i32_le_u => self.pure::<false>(Prim::i32_lt_u, &[b, a]),
                Prim::i64_le_s => self.pure::<false>(Prim::i64_lt_s, &[b, a]),
                Prim::i64_le_u => self.pure::<false>(Prim::i64_lt_u, &[b, a]),
                _ => return (vn, polarity),
            };
            polarity = !polarity;
        }
    }

    #[inline]
    fn intern<const CODE: bool>(&mut self, head: Head, args: [Vn; 3], prim: Option<Prim>) -> Vn {
        if CODE
            && let Some(node) = self.nodes.get(self.guess)
            && node.head == head
            && node.args == args
        {
            self.guess += 1;
            return Vn(self.guess as u64 - 1);
        }
        let vn = self.find(head, args, prim);
        if CODE {
            self.guess = vn.0 as usize + 1;
        }
        vn
    }

    #[inline(never)]
    fn find(&mut self, head: Head, args: [Vn; 3], prim: Option<Prim>) -> Vn {
        let hash = hash(head, args, self.key);
        let mask = self.mask;
        let mut slot = hash as usize & mask;
        loop {
            let i = self.index[slot];
            if i == 0 {
                break;
            }
            let node = &self.nodes[i as usize];
            if node.head == head && node.args == args {
                return Vn(i.into());
            }
            slot = (slot + 1) & mask;
        }
        let i = self.nodes.len();
        self.nodes.push(Node { args, head, prim });
        self.index[slot] = i as u32;
        if 2 * i > mask {
            self.grow();
        }
        Vn(i as u64)
    }

    #[cold]
    fn grow(&mut self) {
        let slots = 2 * (self.mask + 1);
        self.mask = slots - 1;
        self.index.clear();
        self.index.resize(slots, 0);
        for (i, node) in self.nodes.iter().enumerate().skip(1) {
            let hash = hash(node.head, node.args, self.key);
            let mut slot = hash as usize & self.mask;
            while self.index[slot] != 0 {
                slot = (slot + 1) & self.mask;
            }
            self.index[slot] = i as u32;
        }
    }
}

#[inline(always)]
fn hash(head: Head, [a, b, c]: [Vn; 3], key: u64) -> u64 {
    let x = fold(a.0 ^ u64::from(head.0).rotate_left(48), key);
    fold(x ^ b.0, key.rotate_left(32) | 1) ^ c.0.wrapping_mul(key)
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x2545_f491_4f6c_dd1d) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pure(t: &mut Terms, prim: Prim, args: &[Vn]) -> Vn {
        let vn = t.operator(prim, args);
        assert_eq!(t.pure::<true>(prim, args), vn, "both sides build one term");
        vn
    }

    #[test]
    fn equal_terms_have_one_number() {
        let mut t = Terms::new();
        let (a, b) = (Vn::param(0), Vn::param(1));
        for i in 0..200 {
            let i = t.constant(i << 56);
            pure(&mut t, Prim::i64_add, &[a, i]);
        }
        assert_eq!(pure(&mut t, Prim::i32_add, &[a, b]), pure(&mut t, Prim::i32_add, &[b, a]));
        assert_ne!(pure(&mut t, Prim::i32_sub, &[a, b]), pure(&mut t, Prim::i32_sub, &[b, a]));
        assert_eq!(pure(&mut t, Prim::f64_gt, &[a, b]), pure(&mut t, Prim::f64_lt, &[b, a]));
        assert_ne!(pure(&mut t, Prim::f64_add, &[a, b]), pure(&mut t, Prim::f64_add, &[b, a]));
        let (five, minus) = (t.constant(5), t.constant(u64::from(-5i32 as u32)));
        assert_eq!(
            pure(&mut t, Prim::i32_sub, &[a, five]),
            pure(&mut t, Prim::i32_add, &[a, minus])
        );
        let (one, minus) = (t.constant(1), t.constant(u64::MAX));
        assert_eq!(
            pure(&mut t, Prim::i64_sub, &[a, one]),
            pure(&mut t, Prim::i64_add, &[minus, a])
        );
        for bits in [0, 7, u64::from(u32::MAX), 1 << 60, 1 << 61, u64::MAX] {
            let vn = t.constant(bits);
            assert_eq!((vn, t.as_const(vn)), (t.constant(bits), Some(bits)));
            assert_eq!(t.term(vn), Term::Const(bits));
        }
        let (wide, other) = (t.constant128(1 << 64), t.constant128(1));
        assert_ne!(wide, other);
        assert_eq!(t.term(wide), Term::Const128(1 << 64));
    }

    #[test]
    fn terms_without_node_are_told_apart() {
        let t = Terms::new();
        let all = [
            (Vn::UNDEF, Term::Undef),
            (Vn::index(3), Term::Const(3)),
            (Vn::param(3), Term::Param(3)),
            (Vn::phi(3, 1), Term::Phi(3, 1)),
            (Vn::phi(1, 3), Term::Phi(1, 3)),
            (Vn::phi(u32::MAX, (1 << HALF) - 1), Term::Phi(u32::MAX, (1 << HALF) - 1)),
            (Vn::effect(3, 1), Term::Effect(3, 1)),
            (Vn::effect(1, 3), Term::Effect(1, 3)),
        ];
        for (vn, term) in all {
            assert_eq!(t.term(vn), term);
            assert_eq!(all.iter().filter(|(other, _)| *other == vn).count(), 1);
        }
    }

    #[test]
    fn four_operands_are_all_compared() {
        let mut t = Terms::new();
        let [a, b, c, d] = [0, 1, 2, 3].map(Vn::param);
        let sum = pure(&mut t, Prim::i64_add128, &[a, b, c, d]);
        assert_eq!(t.term(sum), Term::Pure(Prim::i64_add128, [a, b, c, d]));
        assert_ne!(pure(&mut t, Prim::i64_add128, &[a, b, d, c]), sum);
        let (high, other) = (t.second(sum), pure(&mut t, Prim::i64_sub128, &[a, b, c, d]));
        assert_ne!(t.second(other), high);
    }

    #[test]
    fn a_table_is_used_again() {
        let mut t = Terms::new();
        let (a, b) = (Vn::param(0), Vn::param(1));
        for _ in 0..2 {
            let sum = pure(&mut t, Prim::i32_add, &[a, b]);
            assert_eq!(t.term(sum), Term::Pure(Prim::i32_add, [a, b, Vn::UNDEF, Vn::UNDEF]));
            (0..500).for_each(|i| _ = pure(&mut t, Prim::i32_shl, &[a, Vn::index(i)]));
            assert_eq!(pure(&mut t, Prim::i32_add, &[b, a]), sum);
            t.reset(100);
            assert_ne!(pure(&mut t, Prim::i32_sub, &[a, b]), pure(&mut t, Prim::i32_add, &[a, b]));
            t.reset(1000);
        }
    }

    #[test]
    fn halves_of_a_vector_join_again() {
        let mut t = Terms::new();
        let (a, b) = (Vn::param(0), Vn::param(2));
        let (high_a, high_b) = (t.high(a), t.high(b));
        assert_eq!(t.join(a, high_a), a);
        assert_ne!(t.join(a, high_b), a);
        let bits = t.constant128(1 << 64);
        let high = t.high(bits);
        assert_eq!(t.join(bits, high), bits);
        assert_ne!(t.join(bits, high_a), bits);
    }

    #[test]
    fn conditions_are_negated_where_that_is_exact() {
        let mut t = Terms::new();
        let (a, b) = (Vn::param(0), Vn::param(1));
        let lt = pure(&mut t, Prim::i32_lt_s, &[a, b]);
        let ge = pure(&mut t, Prim::i32_ge_s, &[a, b]);
        let not_lt = pure(&mut t, Prim::i32_eqz, &[lt]);
        assert_eq!(t.truth(ge), t.truth(not_lt));
        assert_eq!(t.truth(lt).0, t.truth(ge).0);
        assert_ne!(t.truth(lt).1, t.truth(ge).1);
        let float_lt = pure(&mut t, Prim::f32_lt, &[a, b]);
        let float_ge = pure(&mut t, Prim::f32_ge, &[a, b]);
        assert_ne!(t.truth(float_lt).0, t.truth(float_ge).0);
        let float_eq = pure(&mut t, Prim::f32_eq, &[a, b]);
        let float_ne = pure(&mut t, Prim::f32_ne, &[a, b]);
        assert_eq!(t.truth(float_ne), (t.truth(float_eq).0, !t.truth(float_eq).1));
        let (zero, one) = (t.constant(0), t.constant(1));
        let not_a = pure(&mut t, Prim::i32_eq, &[a, zero]);
        assert_eq!(t.truth(not_a), (a, false));
        let wide_zero = pure(&mut t, Prim::i64_eq, &[a, zero]);
        assert_eq!(t.truth(wide_zero), (wide_zero, true), "an i64 is no condition");
        let is_one = pure(&mut t, Prim::i32_eq, &[a, one]);
        assert_eq!(t.truth(is_one), (is_one, true));
    }
}
