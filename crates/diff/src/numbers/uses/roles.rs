//! The uses of all bodies → the roles of a module's numbers.
//!
//! The module above has the invariants.

use super::body::{Bodies, CHUNK, Uses, propagate};
use super::compared;
use super::displaced::addresses;
use super::doubt::Doubt;
use super::flow::{self, Around};
use super::known::Use;
use super::role::{Access, Role};
use super::shared::{Base, Shared};
use crate::numbers::image::{self, WORD, pointed};
use crate::pair::globals::is_linkers;
use crate::pair::relocs::{Meaning, Relocs};
use crate::pair::side::Side;
use crate::pair::token::Item;
use prova_module::{ExternKind, GlobalIdx};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::collections::{BTreeMap, HashMap, HashSet};

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
    /// Addresses that the code computes, in order; `None` if it was not analysed.
    displaced: Option<Vec<u64>>,
    /// Relocations of A and of B, for numbers whose role the code does not show.
    relocs: (Relocs, Relocs),
}

impl Roles {
    /// Analyses all bodies of side A. `ordered`: objects that moved stand in their former order;
    /// without it, a comparison of an address uses it as a number.
    pub(crate) fn new((side, other): (&Side<'_>, &Side<'_>), ordered: bool) -> Roles {
        let count = side.module.func_count() as u32;
        let around = Around::new(side, ordered);
        let chunk = |first: u32| {
            let mut shared = Shared { displaced: Some(Vec::new()), ..Shared::default() };
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
        let computed = (shared.displaced.unwrap_or_default(), shared.stepped);
        self.displaced = Some(addresses(side, computed));
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
            let (x, y) = (x.map(by_relocation), y.map(by_relocation));
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
        let (x, y) = (x.map(by_relocation), y.map(by_relocation));
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

    /// Addresses that A's code computes, in order; `None` if it was not analysed.
    pub(crate) fn displaced(&self) -> Option<&[u64]> {
        self.displaced.as_deref()
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

/// The role that a relocation gives.
fn by_relocation(meaning: Meaning) -> Role {
    match meaning {
        Meaning::Number => Role::Number,
        Meaning::Address => Role::Address(Access::INDEXED),
        Meaning::Slot => Role::Slot(0),
    }
}
