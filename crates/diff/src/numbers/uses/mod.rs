//! A module → what its code does with numbers: which are used as addresses, and which as slots of a
//! table.
//!
//! ```text
//! each body ─ walk ─► Uses (constants, parameters, words loaded) ─ propagate over calls ─► Roles
//! ```
//!
//! This is a forward may-analysis on the structured walk. A value is the set of places it may come
//! from (a constant, a parameter, a word of data, the stack pointer), with a displacement where
//! that is known. Where a set reaches the address of a load or store, its members are addresses. An
//! argument has the uses of the callee's parameter.
//!
//! 1. *Evidence only*: a role is given if some path from the place to the use exists. Without one
//!    the role is unknown, and nothing that moved is called proved. Paths that the walk forgets
//!    (memory, calls through tables, loops after the first round, sums of two candidates) cost
//!    verdicts, not truth.
//! 2. *All uses*: an address is *mixed* (its number may matter, too) unless every use that the walk
//!    comes to is a use of an address: the base of an access, a sum that is an address, a
//!    comparison with an address where order is kept (`compared`), an argument of a function that
//!    does no more with it. An address is mixed if it is calculated with in another way, a slot of
//!    a table, stored, thrown, put in a global, or given to the host (except pointers of WASI) or
//!    to an unknown function. It is mixed if it is brought across zero or the sign before it is
//!    compared, stepped until it meets a number, or returned to a caller who uses it as a number.
//!    It is mixed if it is no longer followed (a local from the second round of a loop on, too many
//!    at a time). If low bits of an address are looked at, `low` counts them: they stay if it moves
//!    by a multiple. The same holds for globals that are addresses (the stack pointer, a linker's).
//!    Two addresses are subtracted only if one was made of the other. A load of unknown place may
//!    read any word of an object whose address is kept, given away, or stands in a word of data.
//! 3. An access is exact only if no index was added: then `lo..hi` are the bytes it touches,
//!    relative to the number; for a bulk operator that writes, its constant length. Addresses made
//!    of the number and compared widen it. A local that a loop writes is indexed inside the loop.
//!    Bytes touched above the stack pointer are at addresses that no number of the code is.
//!
//! Limits: [`REFS_MAX`] sources of a value, [`LOCALS_MAX`] locals with sources at a time,
//! [`UPDATES_MAX`] widenings of a parameter. Time is linear in the code with these constants.

mod compared;
mod displaced;
mod doubt;
mod flow;
mod known;
mod loads;
mod marks;
mod shared;
mod sums;
mod value;
mod variable;
mod wasi;

use crate::numbers::globals::is_linkers;
use crate::numbers::image::{self, Piece};
use crate::numbers::relocs::Relocs;
use crate::pair::side::Side;
use crate::pair::token::Item;
pub(crate) use displaced::displaced;
pub(crate) use doubt::Doubt;
use flow::Around;
use known::{END, Field, Marks, Offset, Passed, Use};
use prova_module::{ExternKind, GlobalIdx};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
pub(crate) use shared::Base;
use shared::Shared;
use std::collections::{BTreeMap, HashMap, HashSet};
use value::Source;

const REFS_MAX: usize = 3;
const LOCALS_MAX: usize = 64;
const UPDATES_MAX: u8 = 8;
/// Fields of a parameter that are known to hold addresses.
const FIELDS_MAX: usize = 16;
/// Functions that are looked at together.
const CHUNK: u32 = 256;
/// Bytes of an address that data holds.
const WORD: u64 = 4;

/// How a number is used as an address: the bytes touched, relative to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Access {
    pub(crate) lo: i64,
    pub(crate) hi: i64,
    /// Whether some access adds an index, so that more may be touched.
    pub(crate) indexed: bool,
    /// How it is used as a number too, or leaves the part of the code that is followed.
    pub(crate) mixed: Doubt,
    /// How many of its low bits are looked at alone.
    pub(crate) low: u8,
}

impl Access {
    /// An access at an unknown distance.
    pub(crate) const INDEXED: Access =
        Access { lo: 0, hi: 0, indexed: true, mixed: Doubt::NONE, low: 0 };

    /// How many bytes are touched of the object at `a` from an address in it on; 0 if that is not
    /// known, as it gets an index, or is kept.
    pub(crate) fn touched(&self, a: u64, from: u64) -> u64 {
        let exact = self.lo < self.hi && !self.indexed && !self.mixed.any();
        if exact { a.wrapping_add_signed(self.hi).wrapping_sub(from) } else { 0 }
    }

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
        let (lo, hi) = (self.lo.min(other.lo), self.hi.max(other.hi));
        Access { lo, hi, indexed, ..self }
    }
}

/// The role of a number, as far as the code shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
    /// Nothing shows that it is an address, and it is kept, compared or calculated with.
    Mixed(Doubt),
}

/// The uses of one body.
#[derive(Default)]
struct Uses {
    /// Constants that are used as addresses or slots by the offset of their operator, in order;
    /// with their marks.
    consts: Box<[(u32, (u64, Use))]>,
    marks: Marks,
    /// Offsets of memory operators in the range of addresses.
    offsets: Box<[Offset]>,
    params: Box<[Use]>,
    passed: Box<[Passed]>,
    /// Sources compared with a parameter, or with a word of data.
    against: Box<[(Source, Source)]>,
    /// Accesses at addresses that no number of the code is: first address and width.
    folded: Box<[(u64, u64)]>,
}

/// The uses of all bodies, in lists of [`CHUNK`] functions each. The lists are never joined, which
/// would take the memory twice.
struct Bodies(Vec<Vec<Uses>>);

impl Bodies {
    fn iter(&self) -> impl Iterator<Item = &Uses> {
        self.0.iter().flatten()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Uses> {
        self.0.iter_mut().flatten()
    }

    fn get(&self, func: u32) -> Option<&Uses> {
        self.0.get((func / CHUNK) as usize)?.get((func % CHUNK) as usize)
    }

    fn get_mut(&mut self, func: u32) -> Option<&mut Uses> {
        self.0.get_mut((func / CHUNK) as usize)?.get_mut((func % CHUNK) as usize)
    }
}

/// Roles, each once: there are few, and many operators.
#[derive(Default)]
struct Kinds {
    ids: HashMap<Role, u32>,
    all: Vec<Role>,
}

impl Kinds {
    fn id(&mut self, role: Role) -> u32 {
        let next = self.all.len() as u32;
        let id = *self.ids.entry(role).or_insert(next);
        if id == next {
            self.all.push(role);
        }
        id
    }
}

impl Uses {
    /// Adds the callees' uses of its constants; words of data and globals go to `shared`.
    fn through(
        &mut self,
        (params, ordered): (&[Box<[Use]>], bool),
        stack: Option<(u32, u64)>,
        shared: &mut Shared,
    ) -> HashMap<u32, (u64, Use)> {
        let mut consts: HashMap<u32, (u64, Use)> =
            std::mem::take(&mut self.consts).into_vec().into_iter().collect();
        let mut folded = std::mem::take(&mut self.folded).into_vec();
        for passed in &*self.passed {
            let Some(callee) = params.get(passed.callee as usize) else { continue };
            let Some(does) = callee.get(passed.param as usize) else { continue };
            match passed.from().source {
                Source::Const(at, value) => {
                    let known = consts.entry(at).or_insert_with(|| {
                        let mut known = Use::default();
                        self.marks.put(at, &mut known);
                        (value, known)
                    });
                    known.1.join(does, passed);
                }
                Source::Word(at) => {
                    let mut known = Use::default();
                    known.join(does, passed);
                    shared.words.extend(known.access.map(|_| at));
                    let mixed = known.as_word(ordered);
                    shared.mixed_words.extend(mixed.any().then_some((at, mixed)));
                    shared.through.extend(known.read().map(|_| at));
                }
                Source::Global(global) => {
                    let mut known = Use::default();
                    known.join(does, passed);
                    let mixed = known.mixed | Doubt::COMPARED.when(known.compared && !ordered);
                    // As in `flow`: the bytes above the stack pointer belong to another function's
                    // frame.
                    let above =
                        known.access.filter(|access| access.lo < access.hi && access.hi > 0);
                    if let (Some(access), Some((sp, start))) = (above, stack)
                        && sp == global
                    {
                        let at = start.wrapping_add_signed(access.lo);
                        folded.push((at, access.lo.abs_diff(access.hi)));
                    }
                    let used = known.access.is_some();
                    shared.global(global).and(Base { used, mixed, low: known.low, told: false });
                }
                Source::Any(at) => shared.table(at, (does, passed), ordered),
                Source::Param(_) | Source::Field(..) | Source::Call(_) => {}
                Source::Folded(_) | Source::Float(_) => {}
            }
        }
        self.folded = folded.into();
        for (value, does) in consts.values() {
            if let Some((lo, hi)) = does.read() {
                let whole = hi == END;
                let width = if whole { u64::MAX } else { lo.abs_diff(hi) };
                shared.loads.push((value.wrapping_add_signed(lo), width));
            }
            does.fields().iter().for_each(|field| shared.field(*value, field));
            if does.mixed.any() {
                shared.exposed.push(*value);
            }
        }
        consts
    }
}

/// Uses of a word of data by code.
#[derive(Clone, Copy, Default)]
struct Word {
    address: bool,
    mixed: Doubt,
}

/// The roles of a module's numbers.
#[derive(Default)]
pub(crate) struct Roles {
    /// By function, the roles of operators in order of their offsets, as places in `kinds`.
    code: Vec<Box<[(u32, u32)]>>,
    /// The roles that there are, each once.
    kinds: Vec<Role>,
    /// By function, operators that have no other role and are [`Role::Mixed`], in order.
    mixed: Vec<Box<[(u32, Doubt)]>>,
    words: HashMap<u64, Word>,
    /// By address of an object whose words are read by an index: its end, and how these words are
    /// used as numbers.
    tables: BTreeMap<u64, (u64, Doubt)>,
    /// By address of an object that is only read in parts of words: its end.
    halves: BTreeMap<u64, u64>,
    open_tables: HashSet<u32>,
    folded: HashMap<u32, Box<[(u64, u64)]>>,
    /// Addresses that code names, in order.
    named: Vec<u64>,
    /// Whether some code makes integers of floats.
    truncates: bool,
    /// As [`Roles::last`].
    last: u64,
    /// Uses of globals that are addresses, by all code.
    globals: HashMap<u32, Base>,
    /// Relocations of A and of B, for numbers whose role the code does not show.
    relocs: (Relocs, Relocs),
}

impl Roles {
    /// Analyses all bodies of side A. `ordered`: objects that moved stand in their former order;
    /// without it, a comparison of an address uses it as a number.
    pub(crate) fn new((side, other): (&Side<'_>, &Side<'_>), ordered: bool) -> Roles {
        let count = side.module.func_count() as u32;
        let around = around(side, ordered);
        let chunk = |first: u32| {
            let mut shared = Shared::default();
            let funcs = CHUNK * first..(CHUNK * (first + 1)).min(count);
            let uses = funcs.map(|func| flow::uses(side, func, &around, &mut shared));
            let uses: Vec<Uses> = uses.collect();
            shared.tidy();
            (uses, shared)
        };
        let chunks = (0..count.div_ceil(CHUNK)).into_par_iter().map(chunk);
        let (all, found): (Vec<Vec<Uses>>, Vec<Shared>) = chunks.unzip();
        let mut shared = Shared::default();
        found.into_iter().for_each(|found| shared.extend(found));
        let mut all = Bodies(all);
        compared::settle(side, &mut all, &mut shared);
        propagate(&mut all, ordered);
        let relocs = (Relocs::new(side.module), Relocs::new(other.module));
        let mut roles = Roles { relocs, ..Roles::default() };
        let params: Vec<Box<[Use]>> =
            all.iter_mut().map(|uses| std::mem::take(&mut uses.params)).collect();
        let mut kinds = Kinds::default();
        for mut uses in all.0.into_iter().flatten() {
            let consts = uses.through((&params, ordered), side.map.stack_pointer, &mut shared);
            if !uses.folded.is_empty() {
                roles.folded.insert(roles.code.len() as u32, std::mem::take(&mut uses.folded));
            }
            let known =
                consts.iter().filter_map(|(at, (_, does))| Some((*at, does.role(ordered)?)));
            let offsets = uses.offsets.iter().map(|offset| (offset.at, offset.role()));
            let known = known.chain(offsets).map(|(at, role)| (at, kinds.id(role)));
            let mut code: Vec<(u32, u32)> = known.collect();
            code.sort_unstable_by_key(|(at, _)| *at);
            roles.code.push(code.into());
            // Comparisons and calculations of callees, and of this body.
            let passed = consts.iter().filter(|(_, (_, does))| does.mixed.any() || does.compared);
            let passed = passed.map(|(at, (_, does))| (*at, does.doubt(ordered)));
            let marked = uses.marks.0.iter().map(|mark| (mark.at, mark.doubt(ordered)));
            let mut mixed: Vec<(u32, Doubt)> = passed.chain(marked).collect();
            mixed.sort_unstable();
            mixed.dedup_by(|one, kept| {
                let same = one.0 == kept.0;
                kept.1 |= one.1.when(same);
                same
            });
            roles.mixed.push(mixed.into());
        }
        roles.kinds = kinds.all;
        roles.share(side, shared);
        roles
    }

    /// Adds the uses that are kept for all functions together.
    fn share(&mut self, side: &Side<'_>, mut shared: Shared) {
        shared.tidy();
        for at in &shared.words {
            self.words.entry(*at).or_default().address = true;
        }
        self.named = shared.named;
        self.globals = shared.globals.into_iter().collect();
        self.open_tables = shared.open_tables.into_iter().collect();
        // The initial target of a word of data.
        let (pieces, mut loads) = (image::pieces(side.module), shared.loads);
        let pointed = |at: &u64| Some((pointed(&pieces, *at)?, u64::MAX));
        loads.extend(shared.through.iter().filter_map(pointed));
        loads.extend(shared.exposed.iter().map(|at| (*at, u64::MAX)));
        // A pointer in data that code does not follow by its address, it may follow otherwise.
        for piece in &pieces {
            let first = piece.start.next_multiple_of(WORD);
            let bytes = piece.bytes.get((first - piece.start) as usize..).unwrap_or_default();
            let words = bytes.chunks_exact(WORD as usize).zip((first..).step_by(WORD as usize));
            for (bytes, at) in words {
                let value = bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
                if side.may_be_address(value) && !self.words.contains_key(&at) {
                    loads.push((value, u64::MAX));
                }
            }
        }
        self.truncates = shared.truncates;
        let linkers =
            self.globals.keys().filter_map(|global| side.module.global_init(GlobalIdx(*global)));
        let linkers = linkers.filter_map(|init| prova_xref::constant(init.ops()));
        let last = self.named.iter().copied().chain(linkers);
        self.last = last.filter(|at| *at <= side.map.memory_bytes).max().unwrap_or(0);
        let exposed = shared.exposed.iter().copied();
        let mut wholes: Vec<u64> = shared.wholes.iter().copied().chain(exposed).collect();
        wholes.sort_unstable();
        for at in &shared.halves {
            let end = self.object_end(*at);
            let whole = wholes.partition_point(|whole| whole < at);
            if wholes.get(whole).is_none_or(|whole| *whole >= end) && end != u64::MAX {
                self.halves.insert(*at, end);
            }
        }
        self.mix_words(&shared.mixed_words, loads);
        for (at, how) in &shared.mixed_tables {
            let end = self.object_end(*at);
            let known = self.tables.entry(*at).or_insert((end, Doubt::NONE));
            known.1 |= *how;
        }
        // The host sees the value of an exported global; by a linker's name, it knows that it is an
        // address.
        let exports = side.module.exports().iter();
        let exports = exports.filter(|export| export.kind == ExternKind::Global);
        for export in exports.filter(|export| !is_linkers(&export.name)) {
            let told = Base { mixed: Doubt::GIVEN, told: true, ..Base::default() };
            self.globals.entry(export.index).or_default().and(told);
        }
    }

    /// The uses of a global that is an address.
    pub(crate) fn global(&self, global: u32) -> Base {
        self.globals.get(&global).copied().unwrap_or_default()
    }

    /// An object ends where code names the next one.
    fn object_end(&self, at: u64) -> u64 {
        let next = self.named.partition_point(|named| *named <= at);
        self.named.get(next).copied().unwrap_or(u64::MAX)
    }

    /// Marks words that are used as numbers, and words that a load reaches whose value is not
    /// followed.
    fn mix_words(&mut self, numbers: &[(u64, Doubt)], mut loads: Vec<(u64, u64)>) {
        for (at, how) in numbers {
            self.words.entry(*at).or_default().mixed |= *how;
        }
        loads.sort_unstable();
        let mut known: Vec<u64> = self.words.keys().copied().collect();
        known.sort_unstable();
        // Loads overlap: each word is looked at once.
        let mut from = 0;
        for (at, width) in loads {
            // An object ends where code names the next one.
            let next = self.named.partition_point(|named| *named <= at);
            let end = match width {
                u64::MAX => self.named.get(next).copied().unwrap_or(u64::MAX),
                width => at.saturating_add(width),
            };
            let first = known.partition_point(|word| *word < at.saturating_sub(WORD - 1));
            from = from.max(first);
            while let Some(at) = known.get(from).filter(|word| **word < end) {
                self.words.entry(*at).and_modify(|word| word.mixed |= Doubt::KEPT);
                from += 1;
            }
        }
    }

    /// The role of the numbers of two operators in the same place.
    pub(crate) fn of(&self, func: u32, a: &Item<'_>, b: &Item<'_>) -> Role {
        let code = self.code.get(func as usize).map_or(&[][..], |code| code);
        let known = code.binary_search_by_key(&a.offset, |(at, _)| *at).ok();
        let known = known.map(|at| self.kinds[code[at].1 as usize]);
        known.unwrap_or_else(|| {
            let relocs = (&self.relocs.0, &self.relocs.1);
            let (x, y) = (relocs.0.number(a.offset..a.end), relocs.1.number(b.offset..b.end));
            let marked = self.mixed.get(func as usize).map_or(&[][..], |marked| marked);
            let mixed = marked.binary_search_by_key(&a.offset, |(at, _)| *at);
            let mixed = mixed.ok().map(|at| marked[at].1);
            match (x.filter(|_| x == y), mixed) {
                (Some(Role::Address(access)), Some(mixed)) => {
                    Role::Address(Access { mixed: mixed | Doubt::KEPT, ..access })
                }
                (known, mixed) => known.or(mixed.map(Role::Mixed)).unwrap_or_default(),
            }
        })
    }

    /// The role of the words of data at an address of A and at one of B.
    pub(crate) fn word(&self, a: u64, b: u64) -> Role {
        let known = self.words.get(&a).copied().unwrap_or_default();
        let Word { address, mixed } = known;
        if address {
            return Role::Address(Access { mixed, ..Access::INDEXED });
        }
        let (x, y) = (self.relocs.0.word(a), self.relocs.1.word(b));
        let table = self.tables.range(..=a).next_back().filter(|(_, (end, _))| a < *end);
        let table = table.map_or(Doubt::NONE, |(_, (_, how))| *how | Doubt::KEPT);
        match x.filter(|_| x == y) {
            Some(Role::Address(access)) => Role::Address(Access { mixed, ..access }),
            None if mixed.any() || table.any() => Role::Mixed(mixed | table),
            None if self.is_in_halves(a) => Role::Mixed(Doubt::CALCULATED),
            known => known.unwrap_or_default(),
        }
    }

    /// Whether an object with this address is read in parts of words alone.
    fn is_in_halves(&self, a: u64) -> bool {
        self.halves.range(..=a).next_back().is_some_and(|(_, end)| a < *end)
    }

    /// Addresses of words of data that code loads and uses as addresses.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.words.iter().filter(|(_, word)| word.address).map(|(at, _)| *at)
    }

    /// Whether some code makes integers of floats.
    pub(crate) fn truncates(&self) -> bool {
        self.truncates
    }

    /// The last address that code names, or a linker's global; 0 without one.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Whether a number of the code is this address.
    pub(crate) fn names(&self, address: u64) -> bool {
        self.named.binary_search(&address).is_ok()
    }

    /// Accesses of a function at addresses that are computed from constants.
    pub(crate) fn folded(&self, func: u32) -> &[(u64, u64)] {
        self.folded.get(&func).map_or(&[], |folded| folded)
    }

    /// Whether all uses of a table by code are calls through constant slots.
    pub(crate) fn closed(&self, table: u32) -> bool {
        !self.open_tables.contains(&table)
    }
}

/// The facts about all bodies of a module.
fn around(side: &Side<'_>, ordered: bool) -> Around {
    let exports = side.module.exports().iter().filter_map(|export| export.func());
    let exported: HashSet<u32> = exports.map(|func| func.0).collect();
    Around { exported, ordered, globals: globals(side) }
}

/// Globals that are addresses, in order.
fn globals(side: &Side<'_>) -> Vec<u32> {
    let stack = side.map.stack_pointer.map(|(global, _)| global);
    let all = 0..side.module.globals().len() as u32;
    let own = |global: &u32| stack == Some(*global) || is_linkers(side.global_symbol(*global));
    all.filter(own).collect()
}

/// The word of an image that starts at an address.
fn pointed(pieces: &[Piece<'_>], at: u64) -> Option<u64> {
    let after = pieces.partition_point(|piece| piece.start <= at);
    let piece = &pieces[after.checked_sub(1)?];
    let from = usize::try_from(at - piece.start).ok()?;
    let bytes = piece.bytes.get(from..from.checked_add(WORD as usize)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?).into())
}

/// Carries what callees do with parameters to their callers' parameters, until nothing is new.
fn propagate(all: &mut Bodies, ordered: bool) {
    // Values passed on to a parameter, as the caller and the place in its list; by callee and
    // parameter.
    let on = |passed: &&Passed| passed.is_given();
    let count = all.iter().map(|uses| uses.passed.iter().filter(on).count()).sum();
    let mut into: Vec<(u32, u32)> = Vec::with_capacity(count);
    for (caller, uses) in all.iter().enumerate() {
        let on = uses.passed.iter().enumerate().filter(|(_, passed)| on(passed));
        into.extend(on.map(|(at, _)| (caller as u32, at as u32)));
    }
    let goes = |all: &Bodies, &(caller, at): &(u32, u32)| {
        let passed = all.get(caller).and_then(|uses| uses.passed.get(at as usize));
        passed.map_or((u32::MAX, u32::MAX), |passed| (passed.callee, passed.param.into()))
    };
    into.sort_unstable_by_key(|on| (goes(all, on), *on));
    let mut work: Vec<(u32, u32)> = Vec::new();
    for on in &into {
        let key = goes(all, on);
        if work.last() != Some(&key) {
            work.push(key);
        }
    }
    while let Some(key) = work.pop() {
        let params = all.get(key.0).map_or(&[][..], |uses| &uses.params);
        let Some(does) = params.get(key.1 as usize).cloned() else { continue };
        let first = into.partition_point(|on| goes(all, on) < key);
        for on in &into[first..] {
            if goes(all, on) != key {
                break;
            }
            let (caller, at) = on;
            let Some(uses) = all.get_mut(*caller) else { continue };
            let passed = uses.passed[*at as usize];
            let mut does = does.clone();
            // How often a function calls itself until it meets a number says where it began.
            let steps = *caller == key.0 && does.compared && passed.from().by != Some(0);
            does.mixed |= Doubt::COMPARED.when(steps);
            let (param, field) = match passed.from().source {
                Source::Param(param) => (param, None),
                Source::Field(param, at) => (param, Some(at)),
                Source::Const(..) | Source::Word(_) | Source::Global(_) => continue,
                Source::Call(_) | Source::Any(_) => continue,
                Source::Folded(_) | Source::Float(_) => continue,
            };
            let known = uses.params.get_mut(param as usize);
            let Some(known) = known else { continue };
            let news = match field {
                None => known.join(&does, &passed),
                Some(at) => {
                    let mut word = Use::default();
                    word.join(&does, &passed);
                    let (address, read) = (word.access.is_some(), word.read().is_some());
                    known.news(Field { at, address, mixed: word.as_word(ordered), read })
                }
            };
            if news {
                work.push((*caller, param));
            }
        }
    }
}
