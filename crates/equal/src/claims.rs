//! E4 and E5: the relation, and what holds at a leader.
//!
//! A leader is an offset in the code with a place in the body and claims: that a register or stack
//! word holds what an expression over the body's values is, or that a value of the body is what an
//! expression over others is. Control comes to a leader only along edges that show the claims; then
//! the state is what they say, and nothing else: all else is unknown, and each value of the body is
//! a leaf.
//!
//! *Meaning* (E5). At a leader `v` of an operator without effects is that operator of its operands
//! as they were made last, down to leaves; a leaf (a parameter, or what an effect gave) is as it
//! was made last, or any word if it never was; one that a load of fewer bytes than its type gives,
//! any extension of them. That is a word in every execution, so a claim has a meaning wherever it
//! stands; and on an edge it is evaluated by the same rule. No dominance is needed for claims; it
//! is for operands of the body (`Core::value`).

use crate::core_::Core;
use crate::demand::REGIONS;
use crate::error::{Cause, Refusal, differ, refuse};
use crate::format::HEADS;
use crate::state::{Flags, KNOWN_MAX, REACHED_MAX, State};
use crate::words::{Fixed, Head, Prim, Word, Words};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use prova_check::abi::regs::{RDI, RSI, RSP};
use prova_check::abi::{self, Place as ArgPlace};
use prova_ssa::{Block, Value};
use smallvec::SmallVec;

/// A place of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A general register.
    Register(u8),
    /// A vector register.
    Vector(u8),
    /// A stack word this far from the stack pointer at entry.
    Stack(i64),
}

/// An expression over values of the body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// A value.
    Value(u32),
    /// A term: operator, width, number, operands.
    Term(Head, u8, u128, Box<[Expr]>),
}

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// A place holds an expression in its low bits; above them anything, or zeros.
    Holds {
        /// The place.
        place: Place,
        /// Its width in bits.
        bits: u8,
        /// Whether the bits above are zero.
        extended: bool,
        /// The expression.
        expr: Expr,
    },
    /// A value of the body is an expression over others.
    Is {
        /// The value.
        value: u32,
        /// The expression.
        expr: Expr,
    },
    /// A condition holds, or does not.
    Known(Expr, bool),
    /// The flags are those of a comparison of two words; of floats or not.
    Compared {
        /// Whether they are floats.
        floats: bool,
        /// The words.
        words: Box<(Expr, Expr)>,
    },
    /// An access of these bytes from an address on was made before, and did not fault.
    Reached {
        /// How many bytes, at most 16.
        bytes: u8,
        /// The address.
        address: Expr,
    },
}

/// A leader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leader {
    /// The block of the body.
    pub block: u32,
    /// The number of the next instruction in it.
    pub at: u32,
    /// Traps of it that are passed.
    pub passed: u32,
    /// The claims.
    pub claims: Vec<Claim>,
}

/// The leaders by their offsets in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// The leaders.
    pub leaders: BTreeMap<u32, Leader>,
}

/// Steps of the body on an edge at most (E8).
const ARRIVES_MAX: u32 = 256;
/// Bytes of an access at most.
const ACCESS_MAX: u8 = 16;
/// Depth of an expression at most.
const EXPR_DEPTH_MAX: u32 = 16;

impl Core<'_> {
    /// A state in which nothing is known of the code, and all values of the body are leaves.
    fn blank(&mut self, block: u32) -> State {
        let regs = [(); 16].map(|()| {
            planted!(RegistersAreZero, self.words.unknown(64), self.words.constant(64, 0))
        });
        let vectors = [(); 16].map(|()| {
            planted!(VectorsAreZero, self.words.unknown(128), self.words.constant(128, 0))
        });
        let versions = [(); REGIONS].map(|()| self.words.memory());
        State {
            regs,
            vectors,
            stack: BTreeMap::new(),
            flags: Flags::None,
            from: None,
            block,
            at: 0,
            passed: 0,
            entered: true,
            over: BTreeMap::new(),
            env: 0,
            versions,
            known: Vec::new(),
            reached: Vec::new(),
            moved: planted!(MovedAtOnce, false, true),
            polled: None,
            moving: Vec::new(),
            making: None,
            lent: false,
        }
    }

    /// The state at the function's entry: the convention's.
    ///
    /// # Errors
    /// If the function has no convention.
    pub fn entry(&mut self) -> Result<State, Refusal> {
        let mut state = self.blank(0);
        state.entered = planted!(EnteredAtOnce, false, true);
        let func = self.body.func().0;
        let signature = self.layout.func_type(func).and_then(|ty| self.layout.signature(ty));
        let Some(signature) = signature else {
            return refuse(Cause::Call, "the function has no signature");
        };
        let stack = self.words.fixed(64, Fixed::Stack);
        state.set_reg(RSP, stack);
        for r in abi::CALLEE_SAVED {
            let saved = self.words.fixed(64, Fixed::Register(r));
            state.set_reg(r, saved);
        }
        let record = self.maker(&state).record(func);
        state.set_reg(RDI, record);
        let height = self.words.fixed(64, Fixed::Height);
        state.set_reg(RSI, height);
        let params: Vec<Value> = self.body.block(Block::from_u32(0)).params().collect();
        if let Some(cells) = self.told.round {
            self.enters(&mut state, &params, cells)?;
            return Ok(state);
        }
        let places = abi::arguments(signature).places;
        if params.len() != places.len() {
            return refuse(Cause::Call, "another number of parameters");
        }
        for (value, (_, place)) in params.into_iter().zip(places) {
            let word = self.value(&state, value)?;
            let bits = self.words.bits(word);
            let width = if matches!(place, ArgPlace::Vector(_)) { 128 } else { 64 };
            let above = u8::saturating_sub(width, bits);
            let above =
                planted!(AboveParameter, self.words.unknown(above), self.words.constant(above, 0));
            let wide = if bits < width { self.words.cat(above, word) } else { word };
            match place {
                ArgPlace::Register(r) => state.set_reg(r, wide),
                ArgPlace::Vector(r) => state.set_vector(r, wide),
                ArgPlace::Stack(at) => {
                    state.put(&self.words, i64::from(at).saturating_add(8), wide);
                }
            }
        }
        Ok(state)
    }

    /// Code that is entered in a loop finds the parameters of its body in cells.
    fn enters(
        &mut self,
        state: &mut State,
        params: &[Value],
        cells: &[u32],
    ) -> Result<(), Refusal> {
        if params.len() != cells.len() {
            return refuse(Cause::Call, "another number of parameters");
        }
        for (&value, &cell) in params.iter().zip(cells) {
            let bits = self.bits_of(value);
            let word = self.maker(state).read_cell(cell, bits);
            self.make(state, value, word);
        }
        Ok(())
    }

    /// The term of an expression in a state.
    ///
    /// # Errors
    /// If it is too deep, or of operators that no claim has.
    pub fn evaluate(&mut self, state: &State, expr: &Expr) -> Result<Word, Refusal> {
        self.evaluate_at(state, expr, 0)
    }

    fn evaluate_at(&mut self, state: &State, expr: &Expr, depth: u32) -> Result<Word, Refusal> {
        self.spend(1)?;
        if depth > EXPR_DEPTH_MAX {
            return refuse(Cause::Limit, "an expression that is too deep");
        }
        match expr {
            Expr::Value(value) => {
                if !self.is_value(*value) {
                    return refuse(Cause::Claim, "a value that the body does not have");
                }
                self.value(state, Value::from_u32(*value))
            }
            Expr::Term(op, bits, n, operands) => {
                let mut args: SmallVec<[Word; 3]> = SmallVec::new();
                for operand in operands {
                    args.push(self.evaluate_at(state, operand, depth.saturating_add(1))?);
                }
                match rebuild(&mut self.words, (*op, *bits, *n), &args, &state.versions) {
                    Some(word) => Ok(word),
                    None => refuse(Cause::Claim, "an expression that is none"),
                }
            }
        }
    }

    /// The low bits of a place, and all of it.
    pub fn held(&mut self, state: &State, place: Place, bits: u8) -> (Word, Word) {
        let whole = match place {
            Place::Register(r) => state.reg(r),
            Place::Vector(r) => state.vector(r),
            Place::Stack(at) => {
                let word = state.take(&mut self.words, at, bits);
                return (word, word);
            }
        };
        (self.words.slice(whole, 0, bits), whole)
    }

    /// E4: whether a state stands in the body where a leader does; on a way back, behind a step.
    ///
    /// # Errors
    /// If it does not.
    pub fn arrives(
        &mut self,
        state: &mut State,
        leader: &Leader,
        back: bool,
    ) -> Result<(), Refusal> {
        for _ in 0..ARRIVES_MAX {
            let here = (state.block, state.at, state.passed, state.entered);
            let passed = planted!(PassedIsAny, leader.passed, state.passed);
            let there = here
                == (
                    leader.block,
                    leader.at,
                    passed,
                    planted!(LeaderBeforeEntry, true, state.entered),
                );
            let moved = planted!(StandsStill, state.moved || !back, true);
            if planted!(PositionIsAny, there, true)
                && planted!(LeaderInMove, state.moving.is_empty(), true)
                && planted!(LeaderInMake, !state.lent, true)
                && moved
            {
                return Ok(());
            }
            if !self.skip(state)? {
                return refuse(Cause::Position, "at a leader");
            }
        }
        refuse(Cause::Cycle, "the body goes on without code")
    }

    /// E4: whether a state stands where a leader does and shows its claims; then, whether the body
    /// has made a step on the way.
    ///
    /// # Errors
    /// If it does not.
    pub fn comes(
        &mut self,
        mut state: State,
        leader: &Leader,
        back: bool,
    ) -> Result<bool, Refusal> {
        self.arrives(&mut state, leader, back)?;
        for claim in &leader.claims {
            self.shows(&state, claim)?;
        }
        Ok(state.moved)
    }

    /// E4: whether a claim holds in a state.
    ///
    /// # Errors
    /// With the terms, if it does not.
    pub fn shows(&mut self, state: &State, claim: &Claim) -> Result<(), Refusal> {
        match claim {
            Claim::Holds { place, bits, extended, expr } => {
                self.shows_held(state, (*place, *bits, *extended), expr)
            }
            Claim::Is { value, expr } => {
                let wanted = self.evaluate(state, expr)?;
                let found = self.evaluate(state, &Expr::Value(*value))?;
                let same = self.words.bits(wanted) == self.words.bits(found)
                    && self.same(state, wanted, found);
                if planted!(ValueIsAny, same, true) {
                    return Ok(());
                }
                differ(Cause::Claim, "of a value", wanted, found)
            }
            Claim::Known(expr, holds) => self.shows_known(state, expr, *holds),
            Claim::Compared { floats, words } => {
                let (a, b) = (self.evaluate(state, &words.0)?, self.evaluate(state, &words.1)?);
                let (found, other) = match (state.flags, floats) {
                    (Flags::Float(x, y), true) | (Flags::Sub(x, y), false) => (x, y),
                    _ => return refuse(Cause::Claim, "of flags"),
                };
                let same = self.same(state, a, found) && self.same(state, b, other);
                if planted!(FlagsAreAny, same, true) {
                    return Ok(());
                }
                differ(Cause::Claim, "of flags", a, found)
            }
            Claim::Reached { bytes, address } => {
                let word = self.evaluate(state, address)?;
                let reached = self.is_reached(state, word, bytes.saturating_mul(8));
                if self.words.bits(word) == 64 && planted!(ReachedIsAny, reached, true) {
                    return Ok(());
                }
                refuse(Cause::Claim, "of an access that was made before")
            }
        }
    }

    /// E4: whether a condition is known to hold, or not to.
    ///
    /// # Errors
    /// With the terms, if it is not.
    pub fn shows_known(&mut self, state: &State, expr: &Expr, holds: bool) -> Result<(), Refusal> {
        let word = self.evaluate(state, expr)?;
        let known = self.words.decide(&state.known, word) == Some(holds);
        if self.words.bits(word) == 1 && planted!(ConditionIsAny, known, true) {
            return Ok(());
        }
        let wanted = self.words.truth(holds);
        differ(Cause::Claim, "of a condition", wanted, word)
    }

    /// E4: whether a place holds an expression in its low bits, and above them zeros if it is
    /// extended.
    ///
    /// # Errors
    /// With the terms, if it does not.
    pub fn shows_held(
        &mut self,
        state: &State,
        (place, bits, extended): (Place, u8, bool),
        expr: &Expr,
    ) -> Result<(), Refusal> {
        let wanted = self.evaluate(state, expr)?;
        let (found, whole) = self.held(state, place, bits);
        let same = self.words.bits(wanted) == bits && self.same(state, wanted, found);
        if !planted!(PlaceIsAny, same, true) {
            return differ(Cause::Claim, "of a place", wanted, found);
        }
        if planted!(VectorAboveIsAny, extended, extended && !matches!(place, Place::Vector(_))) {
            let wide = self.words.zext(found, self.words.bits(whole));
            if !planted!(UpperHalfIsAny, self.same(state, wide, whole), true) {
                return differ(Cause::Claim, "of an upper half", wide, whole);
            }
        }
        Ok(())
    }

    /// E4: the state at a leader.
    ///
    /// # Errors
    /// If the relation claims what has no meaning.
    pub fn begin(&mut self, leader: &Leader) -> Result<State, Refusal> {
        if (leader.block as usize) >= self.body.block_count() {
            return refuse(Cause::Claim, "a block that the body does not have");
        }
        let mut state = self.blank(leader.block);
        (state.at, state.passed) = (leader.at, leader.passed);
        // What values are comes first, in the order of the claims, and all else is said over that:
        // words that are equal, so the order has no part in what is claimed.
        for claim in &leader.claims {
            if let Claim::Is { value, expr } = claim {
                if !self.is_value(*value) {
                    return refuse(Cause::Claim, "a value that the body does not have");
                }
                let (value, word) = (Value::from_u32(*value), self.evaluate(&state, expr)?);
                // It would stay what it is said to be when its operands are made again.
                if self.is_computed(value) {
                    return refuse(Cause::Claim, "what a computed value is");
                }
                if self.words.bits(word) != self.bits_of(value) {
                    return refuse(Cause::Claim, "an expression of another width");
                }
                self.make(&mut state, value, word);
            }
        }
        for claim in &leader.claims {
            match claim {
                Claim::Holds { place, bits, extended, expr } => {
                    let word = self.evaluate(&state, expr)?;
                    if self.words.bits(word) != *bits || !is_whole(*place, *bits) {
                        return refuse(Cause::Claim, "an expression of another width");
                    }
                    self.put_claimed(&mut state, *place, *extended, word);
                }
                Claim::Known(expr, holds) => {
                    let word = self.evaluate(&state, expr)?;
                    if self.words.bits(word) != 1 {
                        return refuse(Cause::Claim, "a condition of another width");
                    }
                    if state.known.len() >= KNOWN_MAX {
                        return refuse(Cause::Limit, "conditions of a leader");
                    }
                    self.assume(&mut state, word, planted!(ClaimTurned, *holds, !*holds));
                }
                Claim::Compared { floats, words } => {
                    let a = self.evaluate(&state, &words.0)?;
                    let b = self.evaluate(&state, &words.1)?;
                    if self.words.bits(a) != self.words.bits(b) {
                        return refuse(Cause::Claim, "words of two widths");
                    }
                    state.flags = if *floats { Flags::Float(a, b) } else { Flags::Sub(a, b) };
                }
                Claim::Reached { bytes, address } => {
                    let word = self.evaluate(&state, address)?;
                    if self.words.bits(word) != 64 || *bytes > ACCESS_MAX {
                        return refuse(Cause::Claim, "an access of another width");
                    }
                    if state.reached.len() >= REACHED_MAX {
                        return refuse(Cause::Limit, "accesses of a leader");
                    }
                    state.reached.push((word, planted!(ReachedIsMore, *bytes, 16)));
                }
                Claim::Is { .. } => {}
            }
        }
        Ok(state)
    }

    fn put_claimed(&mut self, state: &mut State, place: Place, extended: bool, word: Word) {
        let width = match place {
            Place::Register(_) => 64,
            Place::Vector(_) => 128,
            Place::Stack(at) => return state.put(&self.words, at, word),
        };
        let bits = self.words.bits(word);
        let wide = if bits >= width {
            word
        } else if planted!(
            extended;
            ZerosAnyhow: true,
            VectorAboveIsZero: extended || width == 128
        ) {
            self.words.zext(word, width)
        } else {
            let above = self.words.unknown(width.saturating_sub(bits));
            self.words.cat(above, word)
        };
        match place {
            Place::Register(r) => state.set_reg(r, wide),
            Place::Vector(r) => state.set_vector(r, wide),
            Place::Stack(_) => {}
        }
    }
}

/// Whether a place can hold a word of a width: a register at most its own, the stack whole bytes.
fn is_whole(place: Place, bits: u8) -> bool {
    match place {
        Place::Register(_) => bits <= 64,
        Place::Vector(_) => bits <= 128,
        Place::Stack(_) => planted!(PartOfByte, bits.is_multiple_of(8), true) && bits <= 128,
    }
}

/// Whether operands have the widths for which an operator has identities. Of operators without
/// identities that look at widths each is a function of its operands, of any widths.
fn fits(w: &Words, prim: Prim, bits: u8, args: &[Word]) -> bool {
    let halves = matches!(
        prim,
        Prim::DivU | Prim::DivS | Prim::RemU | Prim::RemS | Prim::HighU | Prim::HighS
    );
    !halves || (args.len() == 2 && args.iter().all(|&a| w.bits(a) == bits))
}

/// The term of an operator on operands, by the constructors, whose identities hold for words of 1
/// to 128 bits, and for operands of the operator's widths. Bytes of memory are whole.
fn rebuild(
    w: &mut Words,
    (op, bits, n): (Head, u8, u128),
    args: &[Word],
    versions: &[Word; REGIONS],
) -> Option<Word> {
    let same = |w: &Words, list: &[Word]| list.iter().all(|&a| w.bits(a) == bits);
    let bytes = bits.is_multiple_of(8);
    if !planted!(AnyWidth, (1..=128).contains(&bits), true) || !HEADS.contains(&op) {
        return None;
    }
    let word = match (op, args) {
        (Head::Const, []) => w.constant(bits, n),
        (Head::Fixed, []) => w.fixed_again(bits, n),
        (Head::Sum, &[a, b]) if same(w, args) => {
            let a = w.scale(n, a);
            w.add(a, b)
        }
        (Head::Mul, &[a, b]) if same(w, args) => w.mul(a, b),
        (Head::And, &[a, b]) if same(w, args) => w.and(a, b),
        (Head::Or, &[a, b]) if same(w, args) => w.or(a, b),
        (Head::Xor, &[a, b]) if same(w, args) => w.xor(a, b),
        (Head::Shl, &[a, b]) if w.bits(a) == bits => w.shl(a, b),
        (Head::Shr, &[a, b]) if w.bits(a) == bits => w.shr(a, b),
        (Head::Sar, &[a, b]) if w.bits(a) == bits => w.sar(a, b),
        (Head::Rotl, &[a, b]) if w.bits(a) == bits => w.rotl(a, b),
        (Head::Cat, &[a, b]) if w.bits(a).checked_add(w.bits(b)) == Some(bits) => w.cat(a, b),
        (Head::Slice, &[a]) => w.slice(a, u8::try_from(n).ok()?, bits),
        (Head::Zext, &[a]) if w.bits(a) < bits => w.zext(a, bits),
        (Head::Sext, &[a]) if w.bits(a) < bits => w.sext(a, bits),
        (Head::Ite, &[c, a, b]) if w.bits(c) == 1 && same(w, &[a, b]) => w.ite(c, a, b),
        (Head::Zero, &[a]) => w.zero(a),
        (Head::Ult, &[a, b]) if w.bits(a) == w.bits(b) => w.ult(a, b),
        (Head::Slt, &[a, b]) if w.bits(a) == w.bits(b) => w.slt(a, b),
        (Head::Read, &[a]) if w.bits(a) == 64 && bytes => w.read(a, bits),
        (Head::Load, &[a]) if w.bits(a) == 64 && bytes => {
            let version = *versions.get(usize::try_from(n).ok()?)?;
            w.load(version, a, bits)
        }
        (Head::Prim, _) if args.len() <= 3 => {
            let prim = Prim::numbered(n).filter(|&prim| fits(w, prim, bits, args))?;
            w.prim(prim, bits, args)
        }
        _ => return None,
    };
    Some(word)
}
