//! Where a value of a body may come from: a small set of sources, each with its displacement.
//!
//! Invariants stand in the module above.

/// Maximum number of sources of a value.
const REFS_MAX: usize = 3;

/// Where a value may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A constant: its operator's module offset and its value.
    Const(u32, u64),
    Param(u32),
    /// The word of data at this address.
    Word(u64),
    /// The word at this offset from a parameter; at [`ANY`], some word of its object.
    Field(u32, i64),
    /// Some word of the object at this address, which is read by an index.
    Any(u64),
    /// A global that is an address: the stack pointer, or one that a linker names.
    Global(u32),
    /// A result that is computed from constants.
    Folded(u64),
    /// A float of 64 bits.
    Float(u64),
    /// A result of this call, counted in the body.
    Call(u32),
}

/// The offset of words that are read by an index.
pub(super) const ANY: i64 = i64::MIN;

impl Source {
    /// Whether it is a word of memory that is read by an index: beside an address, an index.
    pub(super) fn is_any(self) -> bool {
        matches!(self, Source::Any(_) | Source::Field(_, ANY))
    }
}

/// A source and what was added; `None` for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ref {
    pub(super) source: Source,
    pub(super) by: Option<i64>,
    /// Whether it is one part of a sum whose other part may be the address. Then an access does not
    /// show that it is an address, and a use as a number counts all the same.
    pub(super) part: bool,
}

impl Ref {
    /// The source alone.
    pub(super) fn new(source: Source) -> Ref {
        Ref { source, by: Some(0), part: false }
    }
}

/// The sources of a value; none if nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    refs: [Option<Ref>; REFS_MAX],
    /// Whether it may come from elsewhere too.
    pub(super) partial: bool,
    /// Whether it may be the result of an operator, which is no address.
    pub(super) number: bool,
    /// For a local that a loop writes, its place in the list of such locals. The value in the next
    /// round has the same sources only if that list says so.
    pub(super) round: Option<u32>,
}

impl Value {
    pub(super) fn one(source: Source) -> Value {
        Value::of(Ref::new(source))
    }

    pub(super) fn of(one: Ref) -> Value {
        Value { refs: [Some(one), None, None], ..Value::default() }
    }

    /// A word that is read by an index: of it not all is known.
    pub(super) fn any(source: Source) -> Value {
        Value { partial: true, ..Value::one(source) }
    }

    /// A result of an operator.
    pub(super) fn number() -> Value {
        Value { number: true, ..Value::default() }
    }

    /// The same, and no address.
    pub(super) fn numbered(self) -> Value {
        Value { number: true, ..self }
    }

    pub(super) fn refs(&self) -> impl Iterator<Item = Ref> + '_ {
        self.refs.iter().flatten().copied()
    }

    pub(super) fn is_known(&self) -> bool {
        self.refs[0].is_some()
    }

    /// The only source: it comes from nowhere else.
    pub(super) fn single(&self) -> Option<Ref> {
        self.refs[0].filter(|one| self.refs[1].is_none() && !self.partial && !one.part)
    }

    /// Either of two values. What there is no room for goes to `dropped`.
    pub(super) fn with(mut self, other: Value, dropped: &mut Vec<Source>) -> Value {
        let unknown = !self.is_known() || !other.is_known();
        self.partial |= other.partial | unknown;
        self.number |= other.number
            || self.round.is_some_and(|round| other.round.is_some_and(|other| other != round));
        self.round = self.round.or(other.round);
        for one in other.refs() {
            let known = self.refs.iter_mut().flatten().find(|known| known.source == one.source);
            if let Some(known) = known {
                if known.by != one.by {
                    known.by = None;
                }
                known.part &= one.part;
            } else if let Some(free) = self.refs.iter_mut().find(|slot| slot.is_none()) {
                *free = Some(one);
            } else {
                self.partial = true;
                dropped.push(one.source);
            }
        }
        self
    }

    pub(super) fn shifted(mut self, by: Option<i64>) -> Value {
        for one in self.refs.iter_mut().flatten() {
            one.by = one.by.zip(by).map(|(a, b)| a.wrapping_add(b));
        }
        self
    }

    /// The same as one part of a sum.
    pub(super) fn part(mut self) -> Value {
        for one in self.refs.iter_mut().flatten() {
            (one.by, one.part) = (None, true);
        }
        self
    }
}
