//! The claims of a certificate at the entry of a block, and their meaning.
//!
//! A block's claims speak of *its own* symbols, named after locations: "register 3 is the base of
//! memory 0 plus the symbol of word 5". Symbols are universally quantified at the block, so an edge
//! must give a substitution: the first claim that names a symbol says which value it has on the
//! edge, every further one must agree. So several locations may share one symbol, and a relation
//! among them survives a merge.
//!
//! - C1. [`Machine::instantiate`] makes a state that holds exactly what the claims say.
//! - C2. [`Machine::implies`] accepts an edge only if every claim holds under one substitution.
//! - C3. A value without a claim is unknown behind the edge: leaving a claim out is always sound.
//! - C4. A symbol that no location holds is defined by a sum, or as the low half of another: which
//!   value it gets does not matter, since that claim and all others on it then have to hold.

use crate::abi::regs::RSP;
use crate::error::{Fault, Rule, fault};
use crate::facts::{Fact, Node, Path, Reading};
use crate::machine::Machine;
use crate::rules::{numeric, order, sums};
use crate::state::{Answers, Flags, Loc, State};
use crate::symbols::{Def, Extent, Kind, Record, RefType};
use crate::value::{Base, Sym, Value};
use alloc::vec::Vec;

/// The symbol that a claim speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// One that is the same in the whole function (below [`Sym::FIRST`]).
    Fixed(Sym),
    /// The block's own symbol of this location.
    Of(Loc),
}

/// One claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// The location holds a number of at most `hi`, with a symbol that belongs to the location.
    Number {
        /// The location.
        at: Loc,
        /// The bound.
        hi: u64,
    },
    /// The location holds `base + (name << shift) + add` modulo 2^64.
    Holds {
        /// The location.
        at: Loc,
        /// The base.
        base: Base,
        /// The symbol.
        name: Name,
        /// The shift.
        shift: u8,
        /// The constant.
        add: u64,
    },
    /// The symbol lies between these bounds.
    Range {
        /// The symbol.
        name: Name,
        /// The least.
        lo: u64,
        /// The most.
        hi: u64,
    },
    /// The symbol is a length that was read, so it lies between the extent's least and most.
    Length {
        /// The symbol.
        of: Loc,
        /// Whose.
        extent: Extent,
    },
    /// The symbol is a pointer that a conditional move made: the bytes `[0, bytes)` from it on lie
    /// in the extent's object, or nowhere.
    Masked {
        /// The symbol.
        of: Loc,
        /// Whose object.
        extent: Extent,
        /// How many bytes.
        bytes: u32,
    },
    /// The symbol is a reference.
    Ref {
        /// The symbol.
        of: Loc,
        /// Its type.
        ty: RefType,
    },
    /// `name + d ≤ extent`.
    Below {
        /// The symbol.
        name: Name,
        /// The distance.
        d: i64,
        /// The extent.
        extent: Extent,
    },
    /// The symbol is the canonical id of a type.
    TypeId {
        /// The symbol.
        of: Loc,
        /// The type.
        ty: u32,
    },
    /// The symbol is the sum of two, shifted, which does not wrap ([`Kind::Sum`]).
    Sum {
        /// The symbol.
        of: Loc,
        /// The one, and how far it is shifted.
        a: (Loc, u8),
        /// The other.
        b: (Loc, u8),
    },
    /// The symbol is the low half of another.
    Half {
        /// The symbol.
        of: Loc,
        /// The other.
        whole: Loc,
    },
    /// The symbol is a masked pointer to an element of a table that has this index, or leads
    /// nowhere.
    Selects {
        /// The symbol.
        of: Loc,
        /// The index.
        index: Loc,
    },
    /// The function that the symbol names has a type.
    Type {
        /// The symbol.
        of: Loc,
        /// The type.
        ty: u32,
    },
}

impl Claim {
    /// The location that the claim fills, if it fills one.
    #[inline]
    pub fn fills(&self) -> Option<Loc> {
        match *self {
            Claim::Number { at, .. } | Claim::Holds { at, .. } => Some(at),
            Claim::Range { .. }
            | Claim::Length { .. }
            | Claim::Masked { .. }
            | Claim::Ref { .. }
            | Claim::Below { .. }
            | Claim::TypeId { .. }
            | Claim::Sum { .. }
            | Claim::Half { .. }
            | Claim::Selects { .. }
            | Claim::Type { .. } => None,
        }
    }
}

/// The values of a block's own symbols, by location. It is emptied by counting on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    round: u64,
    slots: Vec<(u64, Value)>,
}

const FACT: &str = "a fact does not hold that the block claims";

/// Locations that have names at most.
const NAMES_MAX: usize = 1 << 15;

impl Names {
    fn clear(&mut self) {
        self.round = self.round.saturating_add(1);
    }

    #[inline]
    fn get(&self, loc: Loc) -> Option<Value> {
        let &(round, value) = self.slots.get(loc.number() as usize)?;
        (round == self.round).then_some(value)
    }

    /// Names beyond [`NAMES_MAX`] are not kept.
    #[inline]
    fn set(&mut self, loc: Loc, value: Value) {
        match self.slots.get_mut(loc.number() as usize) {
            Some(slot) => *slot = (self.round, value),
            None => self.add(loc.number() as usize, value),
        }
    }

    #[inline(never)]
    fn add(&mut self, at: usize, value: Value) {
        if at < NAMES_MAX {
            self.slots.resize(at.saturating_add(1).max(32), (0, Value::constant(0)));
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (self.round, value);
        }
    }
}

impl Machine<'_> {
    /// C4: defines symbols that no location holds by the sums that name them. Such a sum may be one
    /// of another one, so they are gone through twice.
    fn find_counts<'c>(&mut self, claims: impl Iterator<Item = &'c Claim> + Clone) {
        for _ in 0..2 {
            for claim in claims.clone() {
                if let Claim::Sum { of, a: (a, 3), b: (b, 3) } = *claim
                    && a == b
                    && self.names.get(a).is_none()
                    && let Some(part) = self.names.get(of).and_then(|sum| self.sixteenth(sum))
                {
                    self.names.set(a, part);
                }
                let Claim::Sum { of, a: (a, 0), b: (b, 0) } = *claim else { continue };
                let found = match (self.names.get(of), self.names.get(a), self.names.get(b)) {
                    (None, Some(x), Some(y)) => (of, self.known_sum(x, y)),
                    (Some(sum), None, Some(y)) => (a, self.rest(sum, y)),
                    (Some(sum), Some(x), None) => (b, self.rest(sum, x)),
                    _ => continue,
                };
                if let (name, Some(value)) = found {
                    self.names.set(name, value);
                }
            }
        }
    }

    /// C4: defines symbols that no location holds as low halves of others.
    fn find_halves<'c>(&mut self, path: Path, claims: impl Iterator<Item = &'c Claim>) {
        for claim in claims {
            if let Claim::Half { of, whole } = *claim
                && self.names.get(of).is_none()
                && let Some(whole) = self.names.get(whole)
                && let Some(half) = self.half_of(path, whole)
            {
                self.names.set(of, half);
            }
        }
    }

    /// The stack pointer that claims state; each block must state it.
    ///
    /// # Errors
    ///
    /// [`Rule::Claim`] if they do not.
    pub(crate) fn claimed_rsp<'c>(claims: impl Iterator<Item = &'c Claim>) -> Result<Value, Fault> {
        let mut claims = claims;
        let rsp = claims.find_map(|claim| match *claim {
            Claim::Holds {
                at: Loc::Register(RSP),
                base: Base::Stack,
                name: Name::Fixed(Sym::ZERO),
                add,
                ..
            } => Some(Value::pointer(Base::Stack, add)),
            _ => None,
        });
        match rsp {
            Some(rsp) => Ok(rsp),
            None => fault(Rule::Claim, "a block does not state the stack pointer"),
        }
    }

    /// Makes a state the one at a block with these claims (C1).
    ///
    /// # Errors
    ///
    /// [`Rule::Claim`] for claims that contradict the form.
    pub fn instantiate<'c>(
        &mut self,
        state: &mut State,
        claims: impl Iterator<Item = &'c Claim> + Clone,
        jumps: u8,
    ) -> Result<(), Fault> {
        self.renew(state, jumps);
        let rsp = Self::claimed_rsp(claims.clone())?;
        self.begin_rsp(state, Some(rsp))?;
        self.hold(state, claims)
    }

    /// Makes a state one in which nothing is known.
    pub(crate) fn renew(&self, state: &mut State, jumps: u8) {
        state.words.clear();
        state.cells.clear();
        state.vectors.clear();
        (state.regs, state.fuel, state.answers) = ([None; 16], None, Answers::Unknown);
        (state.flags, state.path) = (Flags::Unknown, Path::default());
        (state.calls, state.jumps, state.fresh, state.length) = (0, jumps, false, None);
        state.object = None;
        (state.keeps_words, state.kept_words) = (false, 0);
    }

    /// Makes a state one in which nothing is known but what is kept, among it the stack pointer, if
    /// that is known otherwise or kept.
    pub(crate) fn keep(
        &mut self,
        state: &mut State,
        kept: &[(Loc, Value)],
        rsp: Option<Value>,
    ) -> Result<(), Fault> {
        self.renew(state, 0);
        let kept_rsp = kept.iter().find(|(at, _)| *at == Loc::Register(RSP)).map(|&(_, rsp)| rsp);
        self.begin_rsp(state, rsp.or(kept_rsp))?;
        for &(at, value) in kept {
            state.set(at, Some(value));
        }
        Ok(())
    }

    /// Puts into such a state what is claimed (C1).
    pub(crate) fn hold<'c>(
        &mut self,
        state: &mut State,
        claims: impl Iterator<Item = &'c Claim> + Clone,
    ) -> Result<(), Fault> {
        self.names.clear();
        let rsp = state.get(Loc::Register(RSP));
        let (mut facts, mut sums) = (false, false);
        for claim in claims.clone() {
            let (at, value) = match *claim {
                Claim::Number { at, hi } => {
                    let sym = self.own_of(at, Def::at_most(hi));
                    (at, Value::symbol(sym))
                }
                Claim::Holds { at, base, name, shift, add } => {
                    let sym = match name {
                        Name::Fixed(sym) => sym,
                        Name::Of(loc) => self.own(loc),
                    };
                    (at, Value { base, sym, shift, add })
                }
                Claim::Range { .. }
                | Claim::Length { .. }
                | Claim::Masked { .. }
                | Claim::Ref { .. }
                | Claim::Below { .. }
                | Claim::TypeId { .. }
                | Claim::Half { .. }
                | Claim::Selects { .. }
                | Claim::Type { .. } => {
                    facts = true;
                    continue;
                }
                Claim::Sum { .. } => {
                    (facts, sums) = (true, true);
                    continue;
                }
            };
            if at == Loc::Register(RSP) && rsp != Some(value) {
                return fault(Rule::Claim, "the stack pointer is claimed twice");
            }
            state.set(at, Some(value));
        }
        // Sums last: their bounds come from those of what they are sums of.
        let is_sum = |claim: &Claim| matches!(claim, Claim::Sum { .. });
        let is_fact = |claim: &Claim| claim.fills().is_none() && !is_sum(claim);
        for claim in claims.clone().filter(|claim| facts && is_fact(claim)) {
            self.state_fact(state, *claim);
        }
        for claim in claims.filter(|claim| sums && is_sum(claim)) {
            self.state_fact(state, *claim);
        }
        Ok(())
    }

    /// The block's own symbol of a location.
    fn own(&mut self, loc: Loc) -> Sym {
        if let Some(own) = self.names.get(loc) {
            return own.sym;
        }
        let sym = self.symbols.fresh(Def::ANY);
        self.names.set(loc, Value::symbol(sym));
        sym
    }

    /// The block's own symbol of a location, which gets this definition.
    #[inline]
    fn own_of(&mut self, loc: Loc, def: Def) -> Sym {
        if let Some(own) = self.names.get(loc) {
            self.symbols.define(own.sym, def);
            return own.sym;
        }
        let sym = self.symbols.fresh(def);
        self.names.set(loc, Value::symbol(sym));
        sym
    }

    /// Bounds of the block's own symbol of a location; what is then known of it.
    fn narrow(&mut self, loc: Loc, (lo, hi): (u64, u64)) -> (Sym, Def) {
        let sym = self.own(loc);
        let def = self.symbols.def(sym);
        let def = Def { lo: def.lo.max(lo), hi: def.hi.min(hi), ..def };
        self.symbols.define(sym, def);
        (sym, def)
    }

    /// Applies a claim about a symbol. Of two claims on the kind of one symbol, the last one
    /// counts.
    fn state_fact(&mut self, state: &mut State, claim: Claim) {
        match claim {
            Claim::Number { .. } | Claim::Holds { .. } => {}
            Claim::Range { name: Name::Fixed(sym), lo, hi } => {
                state.path = self.bounded(state.path, sym, (lo, hi));
            }
            Claim::Range { name: Name::Of(loc), lo, hi } => {
                self.narrow(loc, (lo, hi));
            }
            Claim::Length { of, extent } => {
                let (sym, def) = self.narrow(of, self.lengths(extent));
                self.symbols.define(sym, Def { kind: Kind::Length(extent), ..def });
            }
            Claim::Masked { of, extent, bytes } => {
                let sym = self.own(of);
                let def = self.symbols.def(sym);
                self.symbols.define(sym, Def { kind: Kind::Masked { extent, bytes }, ..def });
            }
            Claim::Ref { of, ty } => {
                let sym = self.own(of);
                let def = self.symbols.def(sym);
                self.symbols.define(sym, Def { kind: Kind::Ref(ty), ..def });
            }
            Claim::TypeId { of, ty } => {
                let sym = self.own(of);
                let def = self.symbols.def(sym);
                self.symbols.define(sym, Def { kind: Kind::TypeId(ty), ..def });
            }
            Claim::Below { name, d, extent } => {
                let a = match name {
                    Name::Fixed(sym) => sym,
                    Name::Of(loc) => self.own(loc),
                };
                let fact = Fact::Le { a, shift: 0, d: i128::from(d), b: Node::Extent(extent) };
                state.path = self.facts.push(state.path, &self.symbols, fact);
            }
            Claim::Sum { of, a, b } => {
                let (a, b) = ((self.own(a.0), a.1), (self.own(b.0), b.1));
                let sum = self.own(of);
                state.path = self.is_sum(state.path, sum, a, b);
            }
            Claim::Half { of, whole } => {
                let (half, _) = self.narrow(of, (0, u64::from(u32::MAX)));
                let whole = Value::symbol(self.own(whole));
                self.symbols.halves_to(whole, half);
            }
            Claim::Selects { of, index } => {
                let (pointer, index) = (self.own(of), self.own(index));
                if let Some(element) = self.element_of(pointer, Value::symbol(index)) {
                    self.symbols.selects(pointer, element);
                }
            }
            Claim::Type { of, ty } => {
                let record = Record::Ref(self.own(of));
                state.path = self.facts.push(state.path, &self.symbols, Fact::Type { record, ty });
            }
        }
    }

    /// Whether every claim holds in `state` (C2). Locations that `state` does not know get symbols.
    ///
    /// # Errors
    ///
    /// [`Rule::Claim`] with the kind of claim that does not hold.
    pub fn implies<'c>(
        &mut self,
        state: &mut State,
        claims: impl Iterator<Item = &'c Claim> + Clone,
    ) -> Result<(), Fault> {
        self.names.clear();
        let (mut facts, mut sums, mut halves) = (false, false, false);
        for claim in claims.clone() {
            // A location that holds the claimed value exists, so existence is not tested apart.
            let holds = match *claim {
                Claim::Number { at, hi } => match self.content(state, at) {
                    Some(value) if self.is_own(at, value, (Base::None, 0, 0)) => {
                        if !self.lies_in(self.sure(state.path), value, (0, hi)) {
                            return fault(Rule::Claim, FACT);
                        }
                        true
                    }
                    _ => false,
                },
                Claim::Holds { at, base, name: Name::Fixed(sym), shift, add } => {
                    state.get(at) == Some(Value { base, sym, shift, add })
                }
                Claim::Holds { at, base, name: Name::Of(of), shift, add } => {
                    let value = self.content(state, at);
                    value.is_some_and(|value| self.is_own(of, value, (base, shift, add)))
                }
                Claim::Range { .. }
                | Claim::Length { .. }
                | Claim::Masked { .. }
                | Claim::Ref { .. }
                | Claim::Below { .. }
                | Claim::TypeId { .. }
                | Claim::Selects { .. }
                | Claim::Type { .. } => {
                    facts = true;
                    continue;
                }
                Claim::Sum { .. } => {
                    (facts, sums) = (true, true);
                    continue;
                }
                Claim::Half { .. } => {
                    (facts, halves) = (true, true);
                    continue;
                }
            };
            if !holds {
                return fault(Rule::Claim, "a location does not hold what the block claims");
            }
        }
        if sums {
            self.find_counts(claims.clone());
        }
        if halves {
            self.find_halves(state.path, claims.clone());
        }
        for claim in claims.filter(|claim| facts && claim.fills().is_none()) {
            if !self.fact_holds(state.path, *claim) {
                return fault(Rule::Claim, FACT);
            }
        }
        Ok(())
    }

    /// The value that a location holds, if there is one.
    #[inline]
    fn content(&mut self, state: &mut State, at: Loc) -> Option<Value> {
        match state.get(at) {
            Some(value) => Some(value),
            None => exists(state, at).then(|| self.read_loc(state, at)),
        }
    }

    /// Whether a value is `base + (own << shift) + add`, where `own` is the value of the block's
    /// own symbol of a location: what it was found to be before, or is now.
    #[inline(always)]
    fn is_own(&mut self, of: Loc, value: Value, (base, shift, add): (Base, u8, u64)) -> bool {
        match self.names.get(of) {
            Some(own) if shift == 4 => sums::passive_element(own, base, add) == Some(value),
            None if shift == 4 => match sums::passive_number(value, base, add) {
                Some(own) => {
                    self.names.set(of, own);
                    true
                }
                None => false,
            },
            Some(own) => {
                let same = own.substituted(base, shift, add) == Some(value);
                planted!(OwnIsAnything, same, true)
            }
            None => match value.solved(base, shift, add) {
                Some(own) => {
                    self.names.set(of, sums::least_shifted(own, shift));
                    true
                }
                None => false,
            },
        }
    }

    fn fact_holds(&self, path: Path, claim: Claim) -> bool {
        let own = |name| match name {
            Name::Fixed(sym) => Some(Value::symbol(sym)),
            Name::Of(loc) => self.names.get(loc),
        };
        match claim {
            Claim::Number { .. } | Claim::Holds { .. } => true,
            Claim::Range { name: Name::Fixed(sym), lo, hi } => {
                // What is claimed of a symbol of the function is a fact, which bounds nothing more.
                let def = self.symbols.def(sym);
                let known = def.lo >= lo && def.hi <= hi;
                known || self.lies_in(path, Value::symbol(sym), (lo, hi))
            }
            Claim::Range { name: Name::Of(of), lo, hi } => {
                let path = self.sure(path);
                self.names.get(of).is_some_and(|v| self.lies_in(path, v, (lo, hi)))
            }
            Claim::Length { of, extent } => own(Name::Of(of)).is_some_and(|v| {
                let read = v.as_symbol().map(|sym| self.symbols.def(sym).kind);
                read == Some(Kind::Length(extent)) || v.as_constant() == Some(self.least(extent))
            }),
            Claim::Masked { of, extent, bytes } => own(Name::Of(of))
                .and_then(Value::as_symbol)
                .is_some_and(|sym| match self.symbols.def(sym).kind {
                    Kind::Masked { extent: of, bytes: most } => of == extent && bytes <= most,
                    _ => false,
                }),
            Claim::Ref { of, ty } => own(Name::Of(of)).is_some_and(|v| self.is_ref(path, v, ty)),
            Claim::Below { name, d, extent } => own(name).is_some_and(|v| {
                let within = |r: Reading| {
                    let add = r.add.saturating_add(i128::from(d));
                    self.within(path, Reading { add, ..r }, extent)
                };
                self.facts.reading(path, &self.symbols, v).is_some_and(within)
                    || self.readings_by_words(path, v).any(|(r, _)| within(r))
            }),
            Claim::TypeId { of, ty } => own(Name::Of(of))
                .and_then(Value::as_symbol)
                .is_some_and(|sym| self.symbols.def(sym).kind == Kind::TypeId(ty)),
            Claim::Sum { of, a, b } => {
                let part = |(loc, shift): (Loc, u8)| own(Name::Of(loc))?.shifted(shift.into());
                let sum = part(a).zip(part(b)).and_then(|(a, b)| self.known_sum(a, b));
                let is = sum.is_some() && sum == own(Name::Of(of));
                self.layout.contexts() && planted!(SumOfAnything, is, true)
            }
            Claim::Half { of, whole } => {
                let half = own(Name::Of(whole)).and_then(|v| self.half_of(path, v));
                let is = half.is_some() && half == own(Name::Of(of));
                planted!(HalfOfAnything, is, true)
            }
            Claim::Selects { of, index } => {
                let pointer = own(Name::Of(of)).and_then(Value::as_symbol);
                let pair = pointer.zip(own(Name::Of(index)));
                let element = pair.and_then(|(pointer, index)| self.element_of(pointer, index));
                let selected = pointer.and_then(|pointer| self.symbols.selected(pointer));
                planted!(SelectsAnything, element.is_some() && element == selected, true)
            }
            Claim::Type { of, ty } => own(Name::Of(of))
                .and_then(Value::as_symbol)
                .is_some_and(|sym| self.facts.has_type(path, Record::Ref(sym), ty)),
        }
    }

    /// The low half of a number, if it is known which value that is.
    fn half_of(&self, path: Path, value: Value) -> Option<Value> {
        let range = || self.facts.range(self.sure(path), &self.symbols, value);
        let number = value.base == Base::None;
        numeric::low(value, range)
            .or_else(|| self.symbols.known_half(value).filter(|_| number).map(Value::symbol))
    }

    fn lies_in(&self, path: Path, value: Value, bounds: (u64, u64)) -> bool {
        // The bounds of the symbol's definition decide most cases, so that no facts are walked. Of
        // those only the ones count that are sure: the block's own symbol is bound by data (F4).
        if let Some(sym) = value.as_symbol() {
            let (lo, hi) = self.facts.ends(&self.symbols, sym);
            if planted!(BoundsAreBelieved, lo >= bounds.0 && hi <= bounds.1, true) {
                return true;
            }
        }
        order::lies_in(bounds, || self.facts.range(path, &self.symbols, value))
            || self
                .readings_by_words(path, value)
                .any(|(_, range)| order::lies_in(bounds, || Some(range)))
    }

    /// A number by each word that its symbol has, with its range.
    fn readings_by_words(
        &self,
        path: Path,
        value: Value,
    ) -> impl Iterator<Item = (Reading, (i128, i128))> + '_ {
        self.facts.wholes_by_words(path, &self.symbols, value)
    }
}

/// Whether a state has a location.
fn exists(state: &State, at: Loc) -> bool {
    match at {
        Loc::Register(r) => r < 16,
        Loc::Fuel => true,
        Loc::Word(i) => (i as usize) < state.words.len(),
    }
}
