//! Symbolic words: terms of one lemma, and the paths on which a rule decides about them.
//!
//! A [`Term`] is a place in a table of hash-consed nodes, so that it can be copied as a word is. A
//! comparison of two terms is a *decision*: [`explore`] runs a lemma once for each way to decide
//! (depth first), and keeps of each way what was decided. What is executed is the rule that the
//! check runs, on another type of words.
//!
//! Limits: at most [`PATHS_MAX`] ways; nothing is pruned, an impossible way is for the solver.

use prova_check::rules::float::Floats as _;
use prova_check::word::{Int, Word};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

/// Ways through one lemma at most.
pub const PATHS_MAX: usize = 16_384;

/// A word of 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Term(pub u32);

/// An integer.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub u32);

/// A node; numbers are places of other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A word of which nothing is known: a place among the names.
    Var(u32),
    /// A word that is a constant.
    Const(u64),
    /// Sum, modulo 2^64.
    Add(u32, u32),
    /// Difference, modulo 2^64.
    Sub(u32, u32),
    /// Shifted left.
    Shl(u32, u32),
    /// Shifted right.
    Shr(u32, u32),
    /// Bitwise.
    And(u32, u32),
    /// Bitwise.
    Or(u32, u32),
    /// Bitwise.
    Xor(u32, u32),
    /// The lowest bits.
    Lowest(u32, u32),
    /// Product, modulo 2^64.
    Mul(u32, u32),
    /// The float of 4 bytes that is nearest to one of 8 bytes.
    Short(u32),
    /// The float of 8 bytes that one of 4 bytes is.
    Wide(u32),
    /// The difference of two floats of 8 bytes.
    FloatDifference(u32, u32),
    /// The difference of two floats of 4 bytes.
    ShortDifference(u32, u32),
    /// A float of 8 bytes, rounded towards 0.
    Towards0(u32),
    /// The integer of that many bits that a float of 8 bytes becomes.
    IntegerOf(u32, u32),
    /// The word that an integer is.
    Of(u32),
    /// An integer of which nothing is known.
    IntVar(u32),
    /// An integer that is a constant.
    IntConst(i128),
    /// A word read as unsigned.
    Unsigned(u32),
    /// A word read as signed.
    Signed(u32),
    /// A word read as unsigned, shifted left.
    Scaled(u32, u8),
    /// Sum.
    Plus(u32, u32),
    /// Difference.
    Minus(u32, u32),
    /// Divided by a power of two, rounded down.
    Floor(u32, u32),
    /// The smaller one.
    Lesser(u32, u32),
    /// The larger one.
    Greater(u32, u32),
}

/// A comparison of two nodes of one sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atom {
    /// Equal; the smaller place first.
    Equal(u32, u32),
    /// At most, unsigned for words.
    AtMost(u32, u32),
    /// One float of 8 bytes below another one.
    FloatBelow(u32, u32),
    /// The same, or equal: not of NaNs.
    FloatAtMost(u32, u32),
}

/// One way through a lemma: what was decided, and what came of it; none where a hypothesis does not
/// hold, or the rule says nothing.
#[derive(Clone, Debug)]
pub struct Way {
    /// The decisions.
    pub decided: Vec<(Atom, bool)>,
    /// Whether the claim holds.
    pub outcome: Option<bool>,
}

/// The terms and ways of one lemma.
#[derive(Debug, Default)]
pub struct Ways {
    /// The nodes, each behind those that it names.
    pub nodes: Vec<Node>,
    /// The names of variables.
    pub names: Vec<String>,
    /// The ways.
    pub ways: Vec<Way>,
}

#[derive(Default)]
struct Table {
    nodes: Vec<Node>,
    places: HashMap<Node, u32>,
    names: Vec<String>,
    prefix: Vec<bool>,
    decided: Vec<(Atom, bool)>,
    known: BTreeMap<Atom, bool>,
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::new(Table::default());
}

impl Table {
    fn node(&mut self, node: Node) -> u32 {
        if let Some(&place) = self.places.get(&node) {
            return place;
        }
        let place = self.nodes.len() as u32;
        self.nodes.push(node);
        self.places.insert(node, place);
        place
    }

    fn named(&mut self, name: &str) -> u32 {
        let at = self.names.iter().position(|known| known == name);
        at.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }) as u32
    }

    /// The value of a node of constants, computed by the check's own words.
    fn folded(&self, node: Node) -> Option<Node> {
        let word = |at: u32| match self.nodes[at as usize] {
            Node::Const(n) => Some(n),
            _ => None,
        };
        let int = |at: u32| match self.nodes[at as usize] {
            Node::IntConst(n) => Some(n),
            _ => None,
        };
        let number = |n: Option<u64>| n.map(Node::Const);
        let whole = |n: Option<i128>| n.map(Node::IntConst);
        match node {
            Node::Add(a, b) => number(word(a).zip(word(b)).map(|(a, b)| a.wrapping_add(b))),
            Node::Sub(a, b) => number(word(a).zip(word(b)).map(|(a, b)| a.wrapping_sub(b))),
            Node::Shl(a, by) => number(word(a).map(|a| a.shl(by))),
            Node::Shr(a, by) => number(word(a).map(|a| a.shr(by))),
            Node::And(a, b) => number(word(a).zip(word(b)).map(|(a, b)| a & b)),
            Node::Or(a, b) => number(word(a).zip(word(b)).map(|(a, b)| a | b)),
            Node::Xor(a, b) => number(word(a).zip(word(b)).map(|(a, b)| a ^ b)),
            Node::Lowest(a, by) => number(word(a).map(|a| a.lowest(by))),
            Node::Of(a) => number(int(a).and_then(u64::of)),
            Node::Unsigned(a) => whole(word(a).map(Word::unsigned)),
            Node::Signed(a) => whole(word(a).map(Word::signed)),
            Node::Scaled(a, by) => whole(word(a).map(|a| a.scaled(by))),
            Node::Plus(a, b) => whole(int(a).zip(int(b)).map(|(a, b)| a.plus(b))),
            Node::Minus(a, b) => whole(int(a).zip(int(b)).map(|(a, b)| a.minus(b))),
            Node::Floor(a, by) => whole(int(a).map(|a| a.floor(by))),
            Node::Lesser(a, b) => whole(int(a).zip(int(b)).map(|(a, b)| a.min(b))),
            Node::Greater(a, b) => whole(int(a).zip(int(b)).map(|(a, b)| a.max(b))),
            Node::Mul(a, b) => number(word(a).zip(word(b)).map(|(a, b)| a.wrapping_mul(b))),
            Node::Var(_)
            | Node::Const(_)
            | Node::IntVar(_)
            | Node::IntConst(_)
            | Node::Short(_)
            | Node::Wide(_)
            | Node::FloatDifference(..)
            | Node::ShortDifference(..)
            | Node::Towards0(_)
            | Node::IntegerOf(..) => None,
        }
    }

    fn constants(&self, a: u32, b: u32) -> Option<Ordering> {
        match (self.nodes[a as usize], self.nodes[b as usize]) {
            (Node::Const(a), Node::Const(b)) => Some(a.cmp(&b)),
            (Node::IntConst(a), Node::IntConst(b)) => Some(a.cmp(&b)),
            _ => (a == b).then_some(Ordering::Equal),
        }
    }

    /// Decides: as the constants say, as it was decided before on this way, as the prefix says, or
    /// *yes* first.
    fn decide(&mut self, atom: Atom) -> bool {
        let known = match atom {
            Atom::Equal(a, b) => self.constants(a, b).map(Ordering::is_eq),
            Atom::AtMost(a, b) => self.constants(a, b).map(Ordering::is_le),
            Atom::FloatBelow(..) | Atom::FloatAtMost(..) => None,
        };
        if let Some(known) = known {
            return known;
        }
        if let Some(&known) = self.known.get(&atom) {
            return known;
        }
        let yes = self.prefix.get(self.decided.len()).copied().unwrap_or(true);
        self.decided.push((atom, yes));
        self.known.insert(atom, yes);
        yes
    }
}

fn node(node: Node) -> u32 {
    TABLE.with_borrow_mut(|table| {
        let node = table.folded(node).unwrap_or(node);
        table.node(node)
    })
}

fn decide(atom: Atom) -> bool {
    TABLE.with_borrow_mut(|table| table.decide(atom))
}

/// The word of this name.
pub fn word(name: &str) -> Term {
    TABLE.with_borrow_mut(|table| {
        let name = table.named(name);
        Term(table.node(Node::Var(name)))
    })
}

/// The integer of this name.
pub fn integer(name: &str) -> Number {
    TABLE.with_borrow_mut(|table| {
        let name = table.named(name);
        Number(table.node(Node::IntVar(name)))
    })
}

/// All ways through a lemma, which may be one of floats.
pub fn explore(floats: bool, lemma: impl Fn() -> Option<bool>) -> Ways {
    TABLE.with_borrow_mut(|table| {
        *table = Table::default();
        // The places of `Term::ZERO`, `Term::MAX` and `Term::LOW_MAX`.
        for constant in [0, u64::MAX, u64::from(u32::MAX)] {
            table.node(Node::Const(constant));
        }
        // Those of floats, where a lemma is of floats.
        if floats {
            for constant in [u64::ONE, u64::INFINITY, u64::SHORT_SIGN] {
                table.node(Node::Const(constant));
            }
        }
    });
    let mut ways = Vec::new();
    loop {
        let outcome = lemma();
        let next = TABLE.with_borrow_mut(|table| {
            let decided = std::mem::take(&mut table.decided);
            table.known.clear();
            table.prefix = decided.iter().map(|&(_, yes)| yes).collect();
            while table.prefix.last() == Some(&false) {
                table.prefix.pop();
            }
            ways.push(Way { decided, outcome });
            match table.prefix.last_mut() {
                Some(last) => {
                    *last = false;
                    true
                }
                None => false,
            }
        });
        assert!(ways.len() <= PATHS_MAX, "a lemma with too many ways");
        if !next {
            break;
        }
    }
    TABLE.with_borrow_mut(|table| Ways {
        nodes: std::mem::take(&mut table.nodes),
        names: std::mem::take(&mut table.names),
        ways,
    })
}

/// Bitwise operations that only processors do.
pub fn or(a: Term, b: Term) -> Term {
    Term(node(Node::Or(a.0, b.0)))
}

/// As [`or`].
pub fn xor(a: Term, b: Term) -> Term {
    Term(node(Node::Xor(a.0, b.0)))
}

/// The product, modulo 2^64.
pub fn product(a: Term, b: Term) -> Term {
    Term(node(Node::Mul(a.0, b.0)))
}

/// The places of constants of floats.
pub const ONE: Term = Term(3);
pub const INFINITY: Term = Term(4);
pub const SHORT_SIGN: Term = Term(5);

/// The float of 4 bytes that is nearest.
pub fn short(a: Term) -> Term {
    Term(node(Node::Short(a.0)))
}

/// The float of 8 bytes that one of 4 bytes is.
pub fn wide(a: Term) -> Term {
    Term(node(Node::Wide(a.0)))
}

/// Differences of floats, of 8 bytes.
pub fn float_difference(a: Term, b: Term) -> Term {
    Term(node(Node::FloatDifference(a.0, b.0)))
}

/// As [`float_difference`], of 4 bytes.
pub fn short_difference(a: Term, b: Term) -> Term {
    Term(node(Node::ShortDifference(a.0, b.0)))
}

/// Rounded towards 0.
pub fn towards_0(a: Term) -> Term {
    Term(node(Node::Towards0(a.0)))
}

/// The integer of `bits` bits that a float becomes.
pub fn integer_of_float(a: Term, bits: u32) -> Term {
    Term(node(Node::IntegerOf(a.0, bits)))
}

/// Orders of floats.
pub fn float_below(a: Term, b: Term) -> bool {
    decide(Atom::FloatBelow(a.0, b.0))
}

/// As [`float_below`], or equal.
pub fn float_at_most(a: Term, b: Term) -> bool {
    decide(Atom::FloatAtMost(a.0, b.0))
}

impl Word for Term {
    type Int = Number;
    const BITS: u32 = 64;
    const ZERO: Term = Term(0);
    const MAX: Term = Term(1);
    const LOW_MAX: Term = Term(2);

    fn number(n: u64) -> Term {
        Term(node(Node::Const(n)))
    }
    fn wrapping_add(self, other: Term) -> Term {
        Term(node(Node::Add(self.0, other.0)))
    }
    fn wrapping_sub(self, other: Term) -> Term {
        Term(node(Node::Sub(self.0, other.0)))
    }
    fn shl(self, by: u32) -> Term {
        Term(node(Node::Shl(self.0, by)))
    }
    fn shr(self, by: u32) -> Term {
        Term(node(Node::Shr(self.0, by)))
    }
    fn and(self, other: Term) -> Term {
        Term(node(Node::And(self.0, other.0)))
    }
    fn lowest(self, by: u32) -> Term {
        Term(node(Node::Lowest(self.0, by)))
    }
    /// Counts are constants in lemmas.
    fn count(self, mask: u32) -> u32 {
        TABLE.with_borrow(|table| match table.nodes[self.0 as usize] {
            Node::Const(n) => (n & u64::from(mask)) as u32,
            other => panic!("a count that is no constant: {other:?}"),
        })
    }
    fn unsigned(self) -> Number {
        Number(node(Node::Unsigned(self.0)))
    }
    fn signed(self) -> Number {
        Number(node(Node::Signed(self.0)))
    }
    /// The word that was read as unsigned is itself; of every other integer it is decided.
    fn of(n: Number) -> Option<Term> {
        let read = TABLE.with_borrow(|table| match table.nodes[n.0 as usize] {
            Node::Unsigned(word) => Some(Term(word)),
            _ => None,
        });
        if read.is_some() {
            return read;
        }
        let zero = Number::number(0);
        (n >= zero && n <= Term::MAX.unsigned()).then(|| Term(node(Node::Of(n.0))))
    }
    fn scaled(self, shift: u8) -> Number {
        Number(node(Node::Scaled(self.0, shift.min(3))))
    }
}

impl Int for Number {
    fn number(n: i64) -> Number {
        Number(node(Node::IntConst(i128::from(n))))
    }
    fn plus(self, other: Number) -> Number {
        Number(node(Node::Plus(self.0, other.0)))
    }
    fn minus(self, other: Number) -> Number {
        Number(node(Node::Minus(self.0, other.0)))
    }
    fn floor(self, by: u32) -> Number {
        Number(node(Node::Floor(self.0, by.min(63))))
    }
    fn lesser(self, other: Number) -> Number {
        Number(node(Node::Lesser(self.0, other.0)))
    }
    fn greater(self, other: Number) -> Number {
        Number(node(Node::Greater(self.0, other.0)))
    }
}

macro_rules! decisions {
    ($($ty:ident)*) => {$(
        impl PartialEq for $ty {
            fn eq(&self, other: &$ty) -> bool {
                decide(Atom::Equal(self.0.min(other.0), self.0.max(other.0)))
            }
        }

        impl PartialOrd for $ty {
            fn partial_cmp(&self, _: &$ty) -> Option<Ordering> {
                panic!("a comparison with three answers")
            }
            fn lt(&self, other: &$ty) -> bool {
                !decide(Atom::AtMost(other.0, self.0))
            }
            fn le(&self, other: &$ty) -> bool {
                decide(Atom::AtMost(self.0, other.0))
            }
            fn gt(&self, other: &$ty) -> bool {
                other < self
            }
            fn ge(&self, other: &$ty) -> bool {
                other <= self
            }
        }
    )*};
}

decisions! { Term Number }
