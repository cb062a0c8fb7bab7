//! The table of terms: a node for each term with arguments, found again by its content.
//!
//! The table compares whole nodes (N2); the hash only finds candidates. The second of two sides
//! mostly builds the terms that the first has built before it, in the same order, so it looks at
//! the place after its last find before it asks the table.

use crate::number::{CONST, EFFECT, HALF, PARAM, PHI, TAG};
use crate::{Prim, Vn};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

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
    args: [Vn; 3],
    head: Head,
}

/// A table of terms.
pub struct Terms {
    key: u64,
    nodes: Vec<Node>,
    /// Open addressing: the node's index, which is never 0.
    index: Vec<u32>,
    /// One less than the length in use of `index`, a power of two.
    mask: usize,
    /// Where the second side's next term probably is.
    guess: usize,
}

const NO_NODE: Node = Node { args: [Vn::UNDEF; 3], head: Head::UNDEF };

impl Default for Terms {
    fn default() -> Terms {
        Terms::new()
    }
}

impl Terms {
    /// An empty table.
    pub fn new() -> Terms {
        static KEY: OnceLock<u64> = OnceLock::new();
        let key = *KEY.get_or_init(|| RandomState::new().hash_one(0u8) | 1);
        let mut this = Terms { key, nodes: Vec::new(), index: Vec::new(), mask: 0, guess: 1 };
        this.reset(0);
        this
    }

    /// Empties the table and makes room for about `capacity` terms; keeps what is allocated.
    /// Numbers from before mean nothing.
    pub fn reset(&mut self, capacity: usize) {
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
    pub fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.index.capacity() * size_of::<u32>()
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
        self.nodes.get(vn.node()?)
    }

    /// The numeric operator that made a value, and what stands for its operands: those from the
    /// third on in one if there are four.
    #[inline]
    pub(crate) fn numeric(&self, vn: Vn) -> Option<(Prim, [Vn; 3])> {
        let node = self.node(vn)?;
        Some((node.head.prim()?, node.args))
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
        let itself = Vn(self.nodes.len() as u64);
        self.intern::<false>(Head::OPAQUE, [itself, Vn(0), Vn(0)])
    }

    /// The number of a node: a new one if the table has none of the same content. `AGAIN`: on the
    /// second side.
    #[inline]
    pub(crate) fn intern<const AGAIN: bool>(&mut self, head: Head, args: [Vn; 3]) -> Vn {
        if AGAIN
            && let Some(node) = self.nodes.get(self.guess)
            && node.head == head
            && node.args == args
        {
            self.guess += 1;
            return Vn(self.guess as u64 - 1);
        }
        let vn = self.find(head, args);
        if AGAIN {
            self.guess = vn.0 as usize + 1;
        }
        vn
    }

    #[inline(never)]
    fn find(&mut self, head: Head, args: [Vn; 3]) -> Vn {
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
        self.nodes.push(Node { args, head });
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
