//! The terms of Wasm's numeric operators: what a [`Vn`] stands for, and the table of those that
//! have arguments.

use crate::hash::Key;
use crate::number::{CONST, EFFECT, HALF, PARAM, PHI, TAG};
use crate::table::{self, Table};
use crate::{Prim, Vn};

/// The kind of a node; the meaning of its arguments follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head(u32);

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
    pub(crate) const PAIR: Head = Head(8);
    const OPAQUE: Head = Head(9);
    /// The head of the first numeric operator.
    const PURE: u32 = 16;

    #[inline]
    pub(crate) const fn pure(prim: Prim) -> Head {
        Head(Head::PURE + prim as u32)
    }

    /// The numeric operator whose head it is.
    #[inline]
    fn prim(self) -> Option<Prim> {
        Prim::ALL.get(self.0.checked_sub(Head::PURE)? as usize).copied()
    }
}

/// The term that a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// No value.
    Undef,
    /// A constant of 64 bits (a 32-bit one zero-extended).
    Const(u64),
    /// A constant of 128 bits.
    Const128(u128),
    /// A place of the parameters.
    Param(u32),
    /// A result of an effect: number and index.
    Effect(u32, u32),
    /// A place at a join: label and place.
    Phi(u32, u32),
    /// The high half of a v128.
    High(Vn),
    /// A v128 made of two halves, the low one first.
    Join(Vn, Vn),
    /// `select`: the value of a condition that is not zero, the other value, the condition.
    Select(Vn, Vn, Vn),
    /// `ref.is_null`.
    IsNull(Vn),
    /// The high result of a numeric operator with two; the low one.
    Second(Vn),
    /// A numeric operator with up to four operands, then [`Vn::UNDEF`]; of one with two results,
    /// the low one.
    Pure(Prim, [Vn; 4]),
    /// A value that equals no other.
    Opaque,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    head: Head,
    args: [Vn; 3],
}

impl table::Node for Node {
    #[inline(always)]
    fn hash(&self, key: Key) -> u64 {
        let Node { head: Head(head), args: [a, b, c] } = *self;
        let x = fold(a.0 ^ u64::from(head).rotate_left(48), key.0);
        fold(x ^ b.0, key.0.rotate_left(32) | 1) ^ c.0.wrapping_mul(key.0)
    }
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x2545_f491_4f6c_dd1d) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A table of terms.
pub struct Terms {
    table: Table<Node>,
}

/// The first node of each table, so that no term has the number of [`Vn::UNDEF`].
const NO_NODE: Node = Node { args: [Vn::UNDEF; 3], head: Head::UNDEF };

impl Default for Terms {
    fn default() -> Terms {
        Terms::new()
    }
}

impl Terms {
    /// An empty table.
    pub fn new() -> Terms {
        let mut this = Terms { table: Table::default() };
        this.table.intern(NO_NODE);
        this
    }

    /// Empties the table and makes room for about `capacity` terms; keeps what is allocated.
    /// Numbers from before mean nothing.
    pub fn reset(&mut self, capacity: usize) {
        self.table.reset(capacity);
        self.table.intern(NO_NODE);
    }

    /// How many numbers have a place in the table.
    pub fn count(&self) -> usize {
        self.table.count()
    }

    /// The bytes that the table keeps.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// The term that a number of this table stands for. A number of another table stands for some
    /// term, or for none.
    pub fn term(&self, vn: Vn) -> Term {
        let (first, second) = ((vn.0 >> HALF) as u32, vn.0 as u32 & ((1 << HALF) - 1));
        match vn.0 >> TAG {
            CONST => return Term::Const(vn.0 & ((1 << TAG) - 1)),
            PHI => return Term::Phi(first, second),
            EFFECT => return Term::Effect(first, second),
            PARAM => return Term::Param(second),
            _ => {}
        }
        if let Some((prim, [a, b, c])) = self.numeric(vn) {
            let [c, d] = match self.node(c) {
                Some(&Node { head: Head::PAIR, args: [c, d, _] }) => [c, d],
                _ => [c, Vn::UNDEF],
            };
            return Term::Pure(prim, [a, b, c, d]);
        }
        let Some(&Node { head, args: [a, b, c] }) = self.node(vn) else { return Term::Undef };
        match head {
            Head::CONST => Term::Const(a.0),
            Head::CONST128 => Term::Const128(u128::from(a.0) | u128::from(b.0) << 64),
            Head::HIGH => Term::High(a),
            Head::JOIN => Term::Join(a, b),
            Head::SELECT => Term::Select(a, b, c),
            Head::IS_NULL => Term::IsNull(a),
            Head::SECOND => Term::Second(a),
            Head::OPAQUE => Term::Opaque,
            _ => Term::Undef,
        }
    }

    #[inline]
    fn node(&self, vn: Vn) -> Option<&Node> {
        self.table.get(vn.node()?)
    }

    /// The numeric operator that made a value, and what stands for its operands: those from the
    /// third on in one if there are four.
    #[inline]
    pub(crate) fn numeric(&self, vn: Vn) -> Option<(Prim, [Vn; 3])> {
        let node = self.node(vn)?;
        Some((node.head.prim()?, node.args))
    }

    /// The operands of a value that a numeric operator with two of them makes.
    #[inline]
    pub fn pair(&self, prim: Prim, vn: Vn) -> Option<[Vn; 2]> {
        match self.numeric(vn) {
            Some((found, [a, b, _])) if found == prim => Some([a, b]),
            _ => None,
        }
    }

    /// A constant of at most 64 bits.
    #[inline]
    pub fn constant(&mut self, bits: u64) -> Vn {
        match Vn::small(bits) {
            Some(vn) => vn,
            None => self.intern::<false>(Head::CONST, [Vn(bits), Vn(0), Vn(0)]),
        }
    }

    /// A constant of 128 bits.
    pub fn constant128(&mut self, bits: u128) -> Vn {
        let halves = [Vn(bits as u64), Vn((bits >> 64) as u64), Vn(0)];
        self.intern::<false>(Head::CONST128, halves)
    }

    /// The bits of a constant of at most 64 bits.
    #[inline]
    pub fn as_const(&self, vn: Vn) -> Option<u64> {
        match vn.0 >> TAG {
            CONST => Some(vn.0 & ((1 << TAG) - 1)),
            0 => match self.node(vn) {
                Some(&Node { head: Head::CONST, args: [bits, ..] }) => Some(bits.0),
                _ => None,
            },
            _ => None,
        }
    }

    /// The high half of a v128 (N4); of one that a place holds, the next place.
    #[inline]
    pub fn high(&mut self, value: Vn) -> Vn {
        if matches!(value.0 >> TAG, PHI | PARAM) {
            return Vn(value.0 + 1);
        }
        self.intern::<false>(Head::HIGH, [value, Vn(0), Vn(0)])
    }

    /// The v128 made of two halves; if they are the halves of one v128, that v128.
    #[inline]
    pub fn join(&mut self, low: Vn, high: Vn) -> Vn {
        let one = match low.0 >> TAG {
            PHI | PARAM => high.0 == low.0 + 1,
            _ => self.term(high) == Term::High(low),
        };
        if one {
            return low;
        }
        self.intern::<false>(Head::JOIN, [low, high, Vn(0)])
    }

    /// `select`: `a` where the condition is not zero, else `b`.
    pub fn select(&mut self, a: Vn, b: Vn, condition: Vn) -> Vn {
        self.intern::<false>(Head::SELECT, [a, b, condition])
    }

    /// `ref.is_null`.
    pub fn is_null(&mut self, a: Vn) -> Vn {
        self.intern::<false>(Head::IS_NULL, [a, Vn(0), Vn(0)])
    }

    /// The high result of a numeric operator with two, from the low one.
    pub fn second(&mut self, low: Vn) -> Vn {
        self.intern::<false>(Head::SECOND, [low, Vn(0), Vn(0)])
    }

    /// A value that equals no other (N3).
    #[cold]
    pub fn opaque(&mut self) -> Vn {
        let itself = Vn(self.table.count() as u64);
        self.intern::<false>(Head::OPAQUE, [itself, Vn(0), Vn(0)])
    }

    /// The number of a node; `AGAIN`: on the second side.
    #[inline]
    pub(crate) fn intern<const AGAIN: bool>(&mut self, head: Head, args: [Vn; 3]) -> Vn {
        let node = Node { head, args };
        Vn(if AGAIN { self.table.intern_again(node) } else { self.table.intern(node) } as u64)
    }
}
