//! Uses of one constant, parameter or word, and the values that are passed to callees.
//!
//! The module above has the invariants.

use super::doubt::Doubt;
use super::role::{Access, Role};
use super::value::{ANY, Ref, Source};

/// Maximum number of widenings of a parameter.
const UPDATES_MAX: u8 = 8;
/// Fields of a parameter that are known to hold addresses.
const FIELDS_MAX: usize = 16;

/// Uses of one number, parameter or word.
#[derive(Clone, Debug, Default)]
pub(super) struct Use {
    pub(super) access: Option<Access>,
    more: Option<Box<More>>,
    pub(super) mixed: Doubt,
    /// Whether it is compared.
    pub(super) compared: bool,
    /// Of a parameter: whether it is a result.
    pub(super) returned: bool,
    /// How many of its low bits are looked at.
    pub(super) low: u8,
    updates: u8,
}

/// Uses that few numbers have. There are many [`Use`]s, so these stand apart from them.
#[derive(Clone, Debug, Default)]
pub(super) struct More {
    pub(super) slot: Option<u32>,
    /// Whether it counts elements of an object, or numbers one, and nothing else uses it.
    pub(super) counts: bool,
    /// The address from which on it counts bytes.
    pub(super) span: Option<u64>,
    /// The bytes, relative to it, up to the addresses that are made of it and compared.
    reach: Option<(i64, i64)>,
    /// Words at offsets from it.
    fields: Vec<Field>,
    /// The bytes, relative to it, that loads read whose values are not followed; up to [`END`]
    /// where the place is unknown.
    read: Option<(i64, i64)>,
}

/// Uses of the word at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) at: i64,
    /// It is used as an address.
    pub(super) address: bool,
    /// It is used as a number.
    pub(super) mixed: Doubt,
    /// The memory where it points is read, and nobody sees what becomes of that.
    pub(super) read: bool,
}

/// Maximum displacement, in bytes, of an address that is passed to a callee that compares it. It is
/// not below zero, except on the stack. Beyond it the address counts as compared with a number.
const NEAR: i64 = 4096;

/// Some place in the object.
pub(super) const END: i64 = i64::MAX;

impl Use {
    /// The use of a value that the host gets.
    pub(super) fn given() -> Use {
        Use { mixed: Doubt::GIVEN, ..Use::default() }
    }

    /// The rare uses, to add to them.
    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Notes that the address at this distance is compared with an address.
    pub(super) fn reach(&mut self, by: i64) {
        let (lo, hi) = self.reached().unwrap_or((0, 0));
        self.more().reach = Some((lo.min(by), hi.max(by)));
    }

    fn reached(&self) -> Option<(i64, i64)> {
        self.more.as_ref()?.reach
    }

    fn slot(&self) -> Option<u32> {
        self.more.as_ref()?.slot
    }

    /// Words at offsets from it.
    pub(super) fn fields(&self) -> &[Field] {
        self.more.as_ref().map_or(&[], |more| &more.fields)
    }

    /// The bytes, relative to it, that loads read whose values are not followed.
    pub(super) fn read(&self) -> Option<(i64, i64)> {
        self.more.as_ref()?.read
    }

    /// The role of the number, if its use shows one. `ordered`: objects stand in the same order on
    /// both sides, so that comparisons of addresses show nothing new.
    pub(super) fn role(&self, ordered: bool) -> Option<Role> {
        // A slot is a number.
        let mixed = self.doubt(ordered);
        let span = self.more.as_ref().and_then(|more| more.span);
        match (self.access, self.slot(), span) {
            (Some(access), ..) => {
                let reached = self.reached().map(|(lo, hi)| Access { lo, hi, ..access });
                let access = reached.map_or(access, |reached| access.and(reached));
                Some(Role::Address(Access { mixed, low: self.low, ..access }))
            }
            (None, Some(table), _) => Some(Role::Slot(table)),
            (None, None, Some(at)) => Some(Role::Span(at)),
            (None, None, None) if self.more.as_ref().is_some_and(|more| more.counts) => {
                Some(Role::Number)
            }
            (None, None, None) => None,
        }
    }

    /// How it is used as a number, where it is not known by how much it moves.
    pub(super) fn as_word(&self, ordered: bool) -> Doubt {
        self.doubt(ordered) | Doubt::of_low(self.low).when(self.low > 0)
    }

    /// The reasons for which it counts as a number, except its low bits.
    pub(super) fn doubt(&self, ordered: bool) -> Doubt {
        self.mixed
            | Doubt::COMPARED.when(self.compared && !ordered)
            | Doubt::CALCULATED.when(self.slot().is_some())
    }

    /// The uses that only grow, and have few values: a change of them is news.
    fn marks(&self) -> impl PartialEq + use<> {
        let flags = |one: &Field| {
            let mixed = one.mixed.bits().count_ones() as usize;
            [usize::from(one.address), mixed, usize::from(one.read)]
        };
        let fields = self.fields().iter().flat_map(flags).sum::<usize>();
        (self.mixed, self.compared, self.returned, self.low, self.slot(), fields)
    }

    /// Adds a callee's uses of it; says whether that is news.
    pub(super) fn join(&mut self, does: &Use, passed: &Passed) -> bool {
        let (marks, access, read) = (self.marks(), self.access, self.read());
        let reached = self.reached();
        let by = passed.from().by;
        if let (Some((lo, hi)), Some(by)) = (does.reached(), by) {
            self.reach(lo.saturating_add(by));
            self.reach(hi.saturating_add(by));
        }
        // Near zero, the callee's own comparisons show where it is.
        let least = if let Source::Global(_) = passed.from().source { -NEAR } else { 0 };
        let far = does.compared && by.is_some_and(|by| !(least..=NEAR).contains(&by));
        self.mixed |= Doubt::COMPARED.when(far);
        if let Some((lo, hi)) = does.read() {
            match by.filter(|_| hi != END) {
                Some(by) => self.reads(lo.saturating_add(by), hi.saturating_add(by)),
                None => self.reads(0, END),
            }
        }
        self.mixed |= does.mixed;
        if does.returned {
            self.mixed |= Doubt::of_bits(passed.flags >> RESULT);
        }
        self.compared |= does.compared;
        self.low = self.low.max(does.low);
        if !passed.is_part() {
            if let Some(access) = does.access {
                let access = access.shifted(by);
                self.access = Some(self.access.map_or(access, |known| known.and(access)));
            }
            match (does.slot(), by) {
                (Some(slot), Some(0)) => {
                    self.more().slot.get_or_insert(slot);
                }
                (Some(_), _) => self.mixed |= Doubt::CALCULATED,
                (None, _) => {}
            }
            for field in does.fields() {
                match by {
                    _ if field.at == ANY => self.field(*field),
                    Some(by) => self.field(Field { at: field.at.saturating_add(by), ..*field }),
                    None => {}
                }
            }
        }
        let news = marks != self.marks();
        if (access, read, reached) == (self.access, self.read(), self.reached()) {
            return news;
        }
        self.updates = self.updates.saturating_add(1);
        if self.updates > UPDATES_MAX {
            if reached != self.reached() {
                self.mixed |= Doubt::KEPT;
                self.more().reach = reached;
            }
            let news = marks != self.marks();
            self.access = self.access.map(|_| Access::INDEXED);
            if self.read().is_some() {
                self.more().read = Some((0, END));
            }
            return news || (access, read) != (self.access, self.read());
        }
        true
    }

    /// Adds bytes that are read.
    pub(super) fn reads(&mut self, lo: i64, hi: i64) {
        let (from, to) = self.read().unwrap_or((lo, hi));
        let all = if hi == END || to == END { (0, END) } else { (lo.min(from), hi.max(to)) };
        self.more().read = Some(all);
    }

    /// Adds what is done with a word; says whether that is news.
    pub(super) fn news(&mut self, one: Field) -> bool {
        let marks = self.marks();
        self.field(one);
        marks != self.marks()
    }

    /// Adds the uses of a word. Beyond [`FIELDS_MAX`] words nothing is known: a word is not shown
    /// to be an address, and counts as read by a load whose value is not followed.
    pub(super) fn field(&mut self, one: Field) {
        let fields = &mut self.more().fields;
        if let Some(known) = fields.iter_mut().find(|known| known.at == one.at) {
            known.address |= one.address;
            known.mixed |= one.mixed;
            known.read |= one.read;
        } else if fields.len() < FIELDS_MAX {
            fields.push(one);
        } else {
            self.reads(0, END);
        }
    }
}

/// A value passed to a parameter. There are many of them, so they are small: a displacement beyond
/// 32 bits is kept as an index, and only sources are kept that matter to a callee.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    /// The value of a constant, the address of a word, or the offset of a field.
    number: u64,
    /// The operator's offset of a constant, or the parameter.
    at: u32,
    by: i32,
    pub(super) callee: u32,
    pub(super) param: u16,
    kind: Kind,
    /// [`INDEXED`], [`PART`], and above [`RESULT`] a [`Doubt`].
    flags: u8,
}

/// An index was added.
const INDEXED: u8 = 1;
/// It is a part of a sum.
const PART: u8 = 2;
/// From this bit on, how the callee's result is used as a number.
const RESULT: u32 = 2;

/// The source of what is passed.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Const,
    Param,
    Word,
    Any,
    Field,
    Global,
}

impl Passed {
    /// `None` for a source that says nothing of a callee's parameter, or for a parameter that no
    /// function has.
    pub(super) fn new(from: Ref, callee: u32, param: usize) -> Option<Passed> {
        let (kind, at, number) = match from.source {
            Source::Const(at, value) => (Kind::Const, at, value),
            Source::Param(param) => (Kind::Param, param, 0),
            Source::Word(at) => (Kind::Word, 0, at),
            Source::Any(at) => (Kind::Any, 0, at),
            Source::Field(param, at) => (Kind::Field, param, at as u64),
            Source::Global(global) => (Kind::Global, global, 0),
            Source::Folded(_) | Source::Float(_) | Source::Call(_) => return None,
        };
        let by = from.by.and_then(|by| i32::try_from(by).ok());
        let (by, indexed, param) = (by.unwrap_or(0), by.is_none(), param.try_into().ok()?);
        let flags = if indexed { INDEXED } else { 0 } | if from.part { PART } else { 0 };
        Some(Passed { number, at, by, callee, param, kind, flags })
    }

    pub(super) fn from(&self) -> Ref {
        let source = match self.kind {
            Kind::Const => Source::Const(self.at, self.number),
            Kind::Param => Source::Param(self.at),
            Kind::Word => Source::Word(self.number),
            Kind::Any => Source::Any(self.number),
            Kind::Field => Source::Field(self.at, self.number as i64),
            Kind::Global => Source::Global(self.at),
        };
        let by = (self.flags & INDEXED == 0).then_some(self.by.into());
        Ref { source, by, part: self.is_part() }
    }

    fn is_part(&self) -> bool {
        self.flags & PART != 0
    }

    /// Notes that the callee's result is used as a number.
    pub(super) fn use_result(&mut self, how: Doubt) {
        self.flags |= how.bits() << RESULT;
    }

    /// Whether its source is a parameter of the caller, or a word at a parameter.
    pub(super) fn is_given(&self) -> bool {
        matches!(self.kind, Kind::Param | Kind::Field)
    }
}

/// The offset of a memory operator, with its role. There are many of them, and few bytes are
/// accessed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offset {
    /// The operator's offset.
    pub(super) at: u32,
    /// The role; of an address, the bytes touched start `lo` behind it.
    pub(super) kind: OffsetKind,
    pub(super) width: u8,
    pub(super) lo: i64,
}

/// The roles that an offset may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetKind {
    Unknown,
    Number,
    Address,
}

impl Offset {
    pub(super) fn role(&self) -> Role {
        match self.kind {
            OffsetKind::Unknown => Role::Unknown,
            OffsetKind::Number => Role::Number,
            OffsetKind::Address => {
                let (lo, hi) = (self.lo, self.lo.saturating_add(self.width.into()));
                Role::Address(Access { lo, hi, indexed: false, mixed: Doubt::NONE, low: 0 })
            }
        }
    }
}

/// That a constant is calculated with or compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// The offset of its operator.
    pub(super) at: u32,
    pub(super) mixed: Doubt,
    pub(super) compared: bool,
    pub(super) low: u8,
}

impl Mark {
    pub(super) fn mixed(mixed: Doubt) -> Mark {
        Mark { at: 0, mixed, compared: false, low: 0 }
    }

    pub(super) fn compared() -> Mark {
        Mark { at: 0, mixed: Doubt::NONE, compared: true, low: 0 }
    }

    /// Why it counts as a number, where nothing shows that it is an address.
    pub(super) fn doubt(&self, ordered: bool) -> Doubt {
        let low = Doubt::of_low(self.low).when(self.low > 0);
        self.mixed | low | Doubt::COMPARED.when(self.compared && !ordered)
    }

    pub(super) fn low(low: u8) -> Mark {
        Mark { at: 0, mixed: Doubt::NONE, compared: false, low }
    }
}

/// One mark for each operator, in order. Most constants have only a mark, which takes a tenth of
/// the memory of a [`Use`].
#[derive(Default)]
pub(super) struct Marks(pub(super) Box<[Mark]>);

impl Marks {
    /// One mark for each operator, in order.
    pub(super) fn new(mut all: Vec<Mark>) -> Marks {
        all.sort_unstable_by_key(|mark| mark.at);
        all.dedup_by(|mark, kept| {
            let same = mark.at == kept.at;
            if same {
                kept.mixed |= mark.mixed;
                kept.compared |= mark.compared;
                kept.low = kept.low.max(mark.low);
            }
            same
        });
        Marks(all.into())
    }

    /// Adds what is marked at an operator to its use.
    pub(super) fn put(&self, at: u32, known: &mut Use) {
        if let Ok(found) = self.0.binary_search_by_key(&at, |mark| mark.at) {
            let mark = &self.0[found];
            known.mixed |= mark.mixed;
            known.compared |= mark.compared;
            known.low = known.low.max(mark.low);
        }
    }
}
