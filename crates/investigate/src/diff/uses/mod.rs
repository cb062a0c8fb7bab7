//! A module → what its code does with numbers: which are used as addresses, and which as slots of a
//! table.
//!
//! ```text
//! each body ─ walk ─► Uses (constants, parameters, words loaded) ─ propagate over calls ─► Roles
//! ```
//!
//! This is a forward may-analysis on the structured walk: a value is the set of places it may come
//! from (a constant, a parameter, a word of data, the stack pointer), with a displacement where
//! that is known. Where a set reaches the address of a load or store, its members are addresses;
//! what is passed to a parameter is what the callee makes of the parameter. `number` judges pairs
//! of numbers by the roles found here.
//!
//! 1. *Evidence only*: a role is given if some path from the place to the use exists; without one
//!    the role is unknown, and nothing that moved is called proved. What is forgotten (memory,
//!    calls through tables, loops after the first round, sums of two candidates) costs verdicts,
//!    not truth.
//! 2. An address that is calculated with otherwise than by sums, masks and comparisons, or that an
//!    exported function returns, is *mixed*: its number matters, too.
//! 3. An access is exact only if no index was added: then `lo..hi` are the bytes it touches,
//!    relative to the number. A local that a loop writes is indexed inside the loop.
//!
//! Limits: [`REFS_MAX`] sources of a value, [`LOCALS_MAX`] locals with sources at a time,
//! [`UPDATES_MAX`] widenings of a parameter. Time is linear in the code with these constants.

mod flow;
mod locals;

use super::relocs::Relocs;
use super::side::Side;
use super::token::Item;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::collections::{HashMap, HashSet};

const REFS_MAX: usize = 3;
const LOCALS_MAX: usize = 64;
const UPDATES_MAX: u8 = 8;
/// Fields of a parameter that are known to hold addresses.
const FIELDS_MAX: usize = 16;

/// How a number is used as an address: the bytes touched, relative to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) lo: i64,
    pub(crate) hi: i64,
    /// Whether some access adds an index, so that more may be touched.
    pub(crate) indexed: bool,
    /// Whether it is calculated with, or given to the host, as a number too.
    pub(crate) mixed: bool,
}

impl Access {
    /// An access nobody knows more of.
    pub(crate) const INDEXED: Access = Access { lo: 0, hi: 0, indexed: true, mixed: false };

    fn shifted(self, by: Option<i64>) -> Access {
        let Some(by) = by else { return Access::INDEXED };
        if self.lo == self.hi {
            return self;
        }
        let (lo, hi) = (self.lo.saturating_add(by), self.hi.saturating_add(by));
        Access { lo, hi, ..self }
    }

    fn and(self, other: Access) -> Access {
        let indexed = self.indexed || other.indexed;
        if self.lo == self.hi || other.lo == other.hi {
            let known = if self.lo == self.hi { other } else { self };
            return Access { indexed, ..known };
        }
        Access { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), indexed, mixed: false }
    }
}

/// What a number is, as far as the code shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing shows it.
    #[default]
    Unknown,
    /// No address: the offset of a field.
    Number,
    /// An address, by an access.
    Address(Access),
    /// A slot of this table.
    Slot(u32),
    /// The number of bytes that are copied, filled or written from this address on.
    Span(u64),
    /// Nothing shows that it is an address, and it is compared or calculated with.
    Mixed,
}

/// Where a value may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    /// A constant: its operator's module offset and its value.
    Const(u32, u64),
    Param(u32),
    /// The word of data at this address.
    Word(u64),
    /// The word at this offset from a parameter.
    Field(u32, i64),
    Stack,
    /// What is computed from constants.
    Folded(u64),
}

/// A source and what was added; `None` for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ref {
    source: Source,
    by: Option<i64>,
}

/// The sources of a value; none if nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Value {
    refs: [Option<Ref>; REFS_MAX],
    /// Whether it may come from elsewhere too.
    partial: bool,
}

impl Value {
    fn one(source: Source) -> Value {
        Value::of(Ref { source, by: Some(0) })
    }

    fn of(one: Ref) -> Value {
        Value { refs: [Some(one), None, None], partial: false }
    }

    fn refs(&self) -> impl Iterator<Item = Ref> + '_ {
        self.refs.iter().flatten().copied()
    }

    fn is_known(&self) -> bool {
        self.refs[0].is_some()
    }

    /// The only source: it comes from nowhere else.
    fn single(&self) -> Option<Ref> {
        self.refs[0].filter(|_| self.refs[1].is_none() && !self.partial)
    }

    fn with(mut self, other: Value) -> Value {
        let unknown = !self.is_known() || !other.is_known();
        self.partial |= other.partial | unknown;
        for one in other.refs() {
            let known = self.refs.iter_mut().flatten().find(|known| known.source == one.source);
            if let Some(known) = known {
                if known.by != one.by {
                    known.by = None;
                }
            } else if let Some(free) = self.refs.iter_mut().find(|slot| slot.is_none()) {
                *free = Some(one);
            } else {
                self.partial = true;
            }
        }
        self
    }

    fn shifted(mut self, by: Option<i64>) -> Value {
        for one in self.refs.iter_mut().flatten() {
            one.by = one.by.zip(by).map(|(a, b)| a.wrapping_add(b));
        }
        self
    }
}

/// What is known of one number, parameter or word.
#[derive(Clone, Debug, Default)]
struct Use {
    access: Option<Access>,
    slot: Option<u32>,
    /// The address from which on it counts bytes.
    span: Option<u64>,
    mixed: bool,
    /// Whether it is compared.
    compared: bool,
    /// Offsets from it at which addresses are stored.
    fields: Vec<i64>,
    updates: u8,
}

impl Use {
    /// What the number is, if its use tells. `ordered`: objects stand in the same order on both
    /// sides, so that comparisons of addresses show nothing new.
    fn role(&self, ordered: bool) -> Option<Role> {
        let mixed = self.mixed || self.compared && !ordered;
        match (self.access, self.slot, self.span) {
            (Some(access), ..) => Some(Role::Address(Access { mixed, ..access })),
            (None, Some(table), _) => Some(Role::Slot(table)),
            (None, None, Some(at)) => Some(Role::Span(at)),
            (None, None, None) => None,
        }
    }

    fn known(&self) -> impl PartialEq + use<> {
        (self.access, self.slot, self.mixed, self.compared, self.fields.len())
    }

    /// Adds what a callee does with it; says whether that is news.
    fn join(&mut self, other: &Use, by: Option<i64>) -> bool {
        let before = self.known();
        self.mixed |= other.mixed;
        self.compared |= other.compared;
        if let Some(access) = other.access {
            let access = access.shifted(by);
            self.access = Some(self.access.map_or(access, |known| known.and(access)));
        }
        if by == Some(0) && self.slot.is_none() {
            self.slot = other.slot;
        }
        if let Some(by) = by {
            for field in &other.fields {
                self.field(field.saturating_add(by));
            }
        }
        if before == self.known() {
            return false;
        }
        self.updates = self.updates.saturating_add(1);
        if self.updates > UPDATES_MAX {
            let widened = self.access != Some(Access::INDEXED);
            self.access = self.access.map(|_| Access::INDEXED);
            return widened && self.updates == UPDATES_MAX + 1;
        }
        true
    }

    fn field(&mut self, at: i64) {
        if self.fields.len() < FIELDS_MAX && !self.fields.contains(&at) {
            self.fields.push(at);
        }
    }
}

/// A value passed to a parameter. There are many of them: a displacement beyond 32 bits is an index
/// (which is all that is said of it then), and only sources that matter to a callee are kept.
#[derive(Clone, Copy, Debug)]
struct Passed {
    /// The value of a constant, the address of a word, or the offset of a field.
    number: u64,
    /// The operator's offset of a constant, or the parameter.
    at: u32,
    by: i32,
    callee: u32,
    param: u16,
    kind: Kind,
    indexed: bool,
}

/// The source of what is passed.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Const,
    Param,
    Word,
    Field,
}

impl Passed {
    /// `None` for a source that says nothing of a callee's parameter, or for a parameter that no
    /// function has.
    fn new(from: Ref, callee: u32, param: usize) -> Option<Passed> {
        let (kind, at, number) = match from.source {
            Source::Const(at, value) => (Kind::Const, at, value),
            Source::Param(param) => (Kind::Param, param, 0),
            Source::Word(at) => (Kind::Word, 0, at),
            Source::Field(param, at) => (Kind::Field, param, at as u64),
            Source::Stack | Source::Folded(_) => return None,
        };
        let by = from.by.and_then(|by| i32::try_from(by).ok());
        let (by, indexed, param) = (by.unwrap_or(0), by.is_none(), param.try_into().ok()?);
        Some(Passed { number, at, by, callee, param, kind, indexed })
    }

    fn from(&self) -> Ref {
        let source = match self.kind {
            Kind::Const => Source::Const(self.at, self.number),
            Kind::Param => Source::Param(self.at),
            Kind::Word => Source::Word(self.number),
            Kind::Field => Source::Field(self.at, self.number as i64),
        };
        Ref { source, by: (!self.indexed).then_some(self.by.into()) }
    }
}

/// That a constant is calculated with or compared.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// The offset of its operator.
    at: u32,
    mixed: bool,
    compared: bool,
}

/// One mark for each operator, in order. Most constants have no more than that, and it takes a
/// tenth of the memory of a [`Use`].
#[derive(Default)]
struct Marks(Box<[Mark]>);

impl Marks {
    /// Adds what is marked at an operator to its use.
    fn put(&self, at: u32, known: &mut Use) {
        if let Ok(found) = self.0.binary_search_by_key(&at, |mark| mark.at) {
            known.mixed |= self.0[found].mixed;
            known.compared |= self.0[found].compared;
        }
    }
}

/// What one body does.
#[derive(Default)]
struct Uses {
    /// Constants that are used as addresses or slots by the offset of their operator, in order;
    /// with their marks.
    consts: Vec<(u32, (u64, Use))>,
    marks: Marks,
    /// Offsets of memory operators in the range of addresses.
    offsets: Vec<(u32, Role)>,
    params: Vec<Use>,
    words: Vec<u64>,
    passed: Vec<Passed>,
    /// Tables that are used otherwise than by a call through a constant slot.
    open_tables: Vec<u32>,
    /// Accesses at addresses that no number of the code is: first address and width.
    folded: Vec<(u64, u64)>,
    /// Numbers of the body that may be addresses.
    named: Vec<u64>,
    /// Whether an access is relative to the stack pointer, and whether that is calculated with.
    stack: (bool, bool),
}

/// The roles of a module's numbers.
#[derive(Default)]
pub(crate) struct Roles {
    /// By function, the roles of operators in order of their offsets.
    code: Vec<Box<[(u32, Role)]>>,
    /// By function, operators that have no other role and are [`Role::Mixed`], in order.
    mixed: Vec<Box<[u32]>>,
    words: HashSet<u64>,
    open_tables: HashSet<u32>,
    folded: HashMap<u32, Vec<(u64, u64)>>,
    /// Addresses that code names, in order.
    named: Vec<u64>,
    /// Whether the code uses what is taken for the stack pointer as an address, and as no number.
    pub(crate) stack: bool,
    /// What the linkers of A and of B say where the code does not.
    relocs: (Relocs, Relocs),
}

impl Roles {
    /// Analyses all bodies of side A. `ordered` says that what moved stands in the order in which
    /// it stood: else who compares an address uses it as a number.
    pub(crate) fn new((side, other): (&Side<'_>, &Side<'_>), ordered: bool) -> Roles {
        let count = side.module.func_count() as u32;
        let exports = side.module.exports().iter().filter_map(|export| export.func());
        let exported: HashSet<u32> = exports.map(|func| func.0).collect();
        let funcs = (0..count).into_par_iter();
        let mut all: Vec<Uses> = funcs.map(|func| flow::uses(side, func, &exported)).collect();
        propagate(&mut all);
        let relocs = (Relocs::new(side.module), Relocs::new(other.module));
        let mut roles = Roles { relocs, ..Roles::default() };
        roles.named = all.iter().flat_map(|uses| uses.named.iter().copied()).collect();
        roles.named.sort_unstable();
        roles.named.dedup();
        let stack = all.iter().map(|uses| uses.stack);
        let (based, mixed) = stack.fold((false, false), |all, one| (all.0 | one.0, all.1 | one.1));
        roles.stack = based && !mixed;
        let params: Vec<Vec<Use>> =
            all.iter_mut().map(|uses| std::mem::take(&mut uses.params)).collect();
        for mut uses in all {
            let mut consts: HashMap<u32, (u64, Use)> = uses.consts.into_iter().collect();
            for passed in &uses.passed {
                let Some(callee) = params.get(passed.callee as usize) else { continue };
                let Some(does) = callee.get(passed.param as usize) else { continue };
                let from = passed.from();
                match from.source {
                    Source::Const(at, value) => {
                        let known = consts.entry(at).or_insert_with(|| {
                            let mut known = Use::default();
                            uses.marks.put(at, &mut known);
                            (value, known)
                        });
                        known.1.join(does, from.by);
                    }
                    Source::Word(at) if does.access.is_some() => uses.words.push(at),
                    Source::Word(_)
                    | Source::Param(_)
                    | Source::Field(..)
                    | Source::Stack
                    | Source::Folded(_) => {}
                }
            }
            for (value, does) in consts.values() {
                let fields = does.fields.iter();
                roles.words.extend(fields.map(|field| value.wrapping_add_signed(*field)));
            }
            roles.words.extend(&uses.words);
            roles.open_tables.extend(&uses.open_tables);
            if !uses.folded.is_empty() {
                roles.folded.insert(roles.code.len() as u32, std::mem::take(&mut uses.folded));
            }
            let known =
                consts.iter().filter_map(|(at, (_, does))| Some((*at, does.role(ordered)?)));
            let mut code: Vec<(u32, Role)> = known.chain(uses.offsets).collect();
            code.sort_unstable_by_key(|(at, _)| *at);
            roles.code.push(code.into());
            // What callees compare or calculate with, and what this body does.
            let passed = consts.iter().filter(|(_, (_, does))| does.mixed || does.compared);
            let marked = uses.marks.0.iter().map(|mark| mark.at);
            let mut mixed: Vec<u32> = passed.map(|(at, _)| *at).chain(marked).collect();
            mixed.sort_unstable();
            mixed.dedup();
            roles.mixed.push(mixed.into());
        }
        roles
    }

    /// What the numbers of two operators in the same place are.
    pub(crate) fn of(&self, func: u32, a: &Item<'_>, b: &Item<'_>) -> Role {
        let code = self.code.get(func as usize).map_or(&[][..], |code| code);
        let known = code.binary_search_by_key(&a.offset, |(at, _)| *at).ok().map(|at| code[at].1);
        known.unwrap_or_else(|| {
            let relocs = (&self.relocs.0, &self.relocs.1);
            let (x, y) = (relocs.0.number(a.offset..a.end), relocs.1.number(b.offset..b.end));
            let marked = self.mixed.get(func as usize).map_or(&[][..], |marked| marked);
            let mixed = || marked.binary_search(&a.offset).is_ok().then_some(Role::Mixed);
            x.filter(|_| x == y).or_else(mixed).unwrap_or_default()
        })
    }

    /// What the words of data at an address of A and at one of B are.
    pub(crate) fn word(&self, a: u64, b: u64) -> Role {
        if self.words.contains(&a) {
            return Role::Address(Access::INDEXED);
        }
        let (x, y) = (self.relocs.0.word(a), self.relocs.1.word(b));
        x.filter(|_| x == y).unwrap_or_default()
    }

    /// Addresses of words of data that code loads and uses as addresses.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.words.iter().copied()
    }

    /// Whether a number of the code is this address.
    pub(crate) fn names(&self, address: u64) -> bool {
        self.named.binary_search(&address).is_ok()
    }

    /// Accesses of a function at addresses that are computed from constants.
    pub(crate) fn folded(&self, func: u32) -> &[(u64, u64)] {
        self.folded.get(&func).map_or(&[], Vec::as_slice)
    }

    /// Whether all uses of a table by code are calls through constant slots.
    pub(crate) fn closed(&self, table: u32) -> bool {
        !self.open_tables.contains(&table)
    }
}

/// Carries what callees do with parameters to their callers' parameters, until nothing is new.
fn propagate(all: &mut [Uses]) {
    // What is passed on to a parameter: callee, parameter, caller, and the place in its list.
    let on = |passed: &&Passed| matches!(passed.kind, Kind::Param | Kind::Field);
    let count = all.iter().map(|uses| uses.passed.iter().filter(on).count()).sum();
    let mut into: Vec<[u32; 4]> = Vec::with_capacity(count);
    for (caller, uses) in all.iter().enumerate() {
        for (at, passed) in uses.passed.iter().enumerate() {
            if on(&passed) {
                into.push([passed.callee, passed.param.into(), caller as u32, at as u32]);
            }
        }
    }
    into.sort_unstable();
    let mut work: Vec<(u32, u32)> =
        into.iter().map(|[callee, param, ..]| (*callee, *param)).collect();
    work.dedup();
    while let Some(key) = work.pop() {
        let params = &all[key.0 as usize].params;
        let Some(does) = params.get(key.1 as usize).cloned() else { continue };
        let first = into.partition_point(|[callee, param, ..]| (*callee, *param) < key);
        let callers = into[first..].iter().take_while(|passed| (passed[0], passed[1]) == key);
        let callers = callers.map(|[_, _, caller, at]| (caller, *at as usize));
        for (caller, at) in callers {
            let from = all[*caller as usize].passed[at].from();
            let (param, news) = match from.source {
                Source::Param(param) => {
                    let Some(known) = all[*caller as usize].params.get_mut(param as usize) else {
                        continue;
                    };
                    (param, known.join(&does, from.by))
                }
                Source::Field(param, at) if does.access.is_some() => {
                    let Some(known) = all[*caller as usize].params.get_mut(param as usize) else {
                        continue;
                    };
                    let before = known.fields.len();
                    known.field(at);
                    (param, known.fields.len() > before)
                }
                _ => continue,
            };
            if news {
                work.push((*caller, param));
            }
        }
    }
}
