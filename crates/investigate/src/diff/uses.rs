//! A module → what its code does with numbers: which are used as addresses, and which as slots of a
//! table.
//!
//! ```text
//! each body ─ walk ─► Uses (constants, parameters, words loaded) ─ propagate over calls ─► Roles
//! ```
//!
//! This is a forward may-analysis on the structured walk: a value is the set of places it may come
//! from (a constant, a parameter, a word of data, the stack pointer), with a displacement where that
//! is known. Where a set reaches the address of a load or store, its members are addresses; what is
//! passed to a parameter is what the callee makes of the parameter. `number` judges pairs of numbers
//! by the roles found here.
//!
//! 1. *Evidence only*: a role is given if some path from the place to the use exists; without one
//!    the role is unknown, and nothing that moved is called proved. What is forgotten (memory, calls
//!    through tables, loops after the first round, sums of two candidates) costs verdicts, not truth.
//! 2. An address that is calculated with otherwise than by sums, masks and comparisons, or that an
//!    exported function returns, is *mixed*: its number matters, too.
//! 3. An access is exact only if no index was added: then `lo..hi` are the bytes it touches, relative
//!    to the number. A local that a loop writes is indexed inside the loop.
//!
//! Limits: [`REFS_MAX`] sources of a value, [`LOCALS_MAX`] locals with sources at a time,
//! [`UPDATES_MAX`] widenings of a parameter. Time is linear in the code with these constants.

use super::relocs::Relocs;
use super::side::Side;
use super::token::Item;
use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site, walk};
use prova_module::{BlockKind, FuncIdx, MemArgTarget, Operator};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;

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
struct Value([Option<Ref>; REFS_MAX]);

impl Value {
    fn one(source: Source) -> Value {
        Value([Some(Ref { source, by: Some(0) }), None, None])
    }

    fn refs(&self) -> impl Iterator<Item = Ref> + '_ {
        self.0.iter().flatten().copied()
    }

    fn is_known(&self) -> bool {
        self.0[0].is_some()
    }

    /// The only source.
    fn single(&self) -> Option<Ref> {
        self.0[0].filter(|_| self.0[1].is_none())
    }

    fn with(mut self, other: Value) -> Value {
        for one in other.refs() {
            let known = self.0.iter_mut().flatten().find(|known| known.source == one.source);
            if let Some(known) = known {
                if known.by != one.by {
                    known.by = None;
                }
            } else if let Some(free) = self.0.iter_mut().find(|slot| slot.is_none()) {
                *free = Some(one);
            }
        }
        self
    }

    fn shifted(mut self, by: Option<i64>) -> Value {
        for one in self.0.iter_mut().flatten() {
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
    mixed: bool,
    /// Offsets from it at which addresses are stored.
    fields: Vec<i64>,
    updates: u8,
}

impl Use {
    /// Adds what a callee does with it; says whether that is news.
    fn join(&mut self, other: &Use, by: Option<i64>) -> bool {
        let before = (self.access, self.slot, self.mixed, self.fields.len());
        self.mixed |= other.mixed;
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
        if before == (self.access, self.slot, self.mixed, self.fields.len()) {
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

/// A value passed to a parameter.
#[derive(Clone, Copy, Debug)]
struct Passed {
    from: Ref,
    callee: u32,
    param: u32,
}

/// What one body does.
#[derive(Default)]
struct Uses {
    consts: HashMap<u32, (u64, Use)>,
    /// Offsets of memory operators in the range of addresses.
    offsets: HashMap<u32, Role>,
    params: Vec<Use>,
    words: Vec<u64>,
    passed: Vec<Passed>,
    /// Tables that are used otherwise than by a call through a constant slot.
    open_tables: Vec<u32>,
    /// Accesses at addresses that no number of the code is: first address and width.
    folded: Vec<(u64, u64)>,
}

/// The roles of a module's numbers.
#[derive(Default)]
pub(crate) struct Roles {
    code: Vec<HashMap<u32, Role>>,
    words: HashSet<u64>,
    open_tables: HashSet<u32>,
    folded: HashMap<u32, Vec<(u64, u64)>>,
    /// What the linkers of A and of B say where the code does not.
    relocs: (Relocs, Relocs),
}

impl Roles {
    /// Analyses all bodies of side A.
    pub(crate) fn new((side, other): (&Side<'_>, &Side<'_>)) -> Roles {
        let count = side.module.func_count() as u32;
        let exports = side.module.exports().iter().filter_map(|export| export.func());
        let exported: HashSet<u32> = exports.map(|func| func.0).collect();
        let funcs = (0..count).into_par_iter();
        let mut all: Vec<Uses> = funcs.map(|func| uses(side, func, &exported)).collect();
        propagate(&mut all);
        let relocs = (Relocs::new(side.module), Relocs::new(other.module));
        let mut roles = Roles { relocs, ..Roles::default() };
        let params: Vec<Vec<Use>> =
            all.iter_mut().map(|uses| std::mem::take(&mut uses.params)).collect();
        for mut uses in all {
            for passed in &uses.passed {
                let Some(callee) = params.get(passed.callee as usize) else { continue };
                let Some(does) = callee.get(passed.param as usize) else { continue };
                match passed.from.source {
                    Source::Const(at, value) => {
                        let known = uses.consts.entry(at).or_insert((value, Use::default()));
                        known.1.join(does, passed.from.by);
                    }
                    Source::Word(at) if does.access.is_some() => uses.words.push(at),
                    Source::Word(_)
                    | Source::Param(_)
                    | Source::Field(..)
                    | Source::Stack
                    | Source::Folded(_) => {}
                }
            }
            for (value, does) in uses.consts.values() {
                let fields = does.fields.iter();
                roles.words.extend(fields.map(|field| value.wrapping_add_signed(*field)));
            }
            roles.words.extend(&uses.words);
            roles.open_tables.extend(&uses.open_tables);
            if !uses.folded.is_empty() {
                roles.folded.insert(roles.code.len() as u32, std::mem::take(&mut uses.folded));
            }
            let consts = uses.consts.iter().filter_map(|(at, (_, does))| {
                let role = match (does.access, does.slot) {
                    (Some(access), _) => Role::Address(Access { mixed: does.mixed, ..access }),
                    (None, Some(table)) => Role::Slot(table),
                    (None, None) => return None,
                };
                Some((*at, role))
            });
            let mut code: HashMap<u32, Role> = consts.collect();
            code.extend(uses.offsets);
            roles.code.push(code);
        }
        roles
    }

    /// What the numbers of two operators in the same place are.
    pub(crate) fn of(&self, func: u32, a: &Item<'_>, b: &Item<'_>) -> Role {
        let known = self.code.get(func as usize).and_then(|code| code.get(&a.offset));
        known.copied().unwrap_or_else(|| {
            let relocs = (&self.relocs.0, &self.relocs.1);
            let (x, y) = (relocs.0.number(a.offset..a.end), relocs.1.number(b.offset..b.end));
            x.filter(|_| x == y).unwrap_or_default()
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
    let mut into: HashMap<(u32, u32), Vec<(u32, Ref)>> = HashMap::new();
    for (caller, uses) in all.iter().enumerate() {
        for passed in &uses.passed {
            if matches!(passed.from.source, Source::Param(_) | Source::Field(..)) {
                let key = (passed.callee, passed.param);
                into.entry(key).or_default().push((caller as u32, passed.from));
            }
        }
    }
    let mut work: Vec<(u32, u32)> = into.keys().copied().collect();
    work.sort_unstable();
    while let Some(key) = work.pop() {
        let Some(callers) = into.get(&key) else { continue };
        let params = &all[key.0 as usize].params;
        let Some(does) = params.get(key.1 as usize).cloned() else { continue };
        for (caller, from) in callers {
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

fn uses(side: &Side<'_>, func: u32, exported: &HashSet<u32>) -> Uses {
    let Some(body) = side.module.body(FuncIdx(func)) else {
        let params = side.module.func_type(FuncIdx(func)).params.len();
        return Uses { params: vec![Use::default(); params], ..Uses::default() };
    };
    side.spend(body.bytes().len());
    let params = side.module.func_type(FuncIdx(func)).params.len();
    let locals = (0..params.min(LOCALS_MAX) as u32).map(|i| (i, Value::one(Source::Param(i))));
    let found = Uses { params: vec![Use::default(); params], ..Uses::default() };
    let exported = exported.contains(&func);
    let mut flow = Flow { side, found, locals: locals.collect(), exported };
    // The body is valid: the walk does not end before it.
    let _ = walk(body, &mut flow);
    flow.found
}

type Locals = BTreeMap<u32, Value>;

struct Flow<'s, 'm> {
    side: &'s Side<'m>,
    found: Uses,
    /// Locals with known sources.
    locals: Locals,
    /// Whether the host gets the results.
    exported: bool,
}

/// What comes to a label.
#[derive(Default)]
struct Label {
    joined: Option<(Locals, Vec<Value>)>,
    /// The locals where an `if` opened.
    entry: Locals,
}

impl Label {
    fn join(&mut self, locals: &Locals, values: &[Value]) {
        match &mut self.joined {
            None => self.joined = Some((locals.clone(), values.to_vec())),
            Some((known, results)) => {
                for (local, value) in locals {
                    if known.len() < LOCALS_MAX || known.contains_key(local) {
                        let known = known.entry(*local).or_default();
                        *known = known.with(*value);
                    }
                }
                for (known, value) in results.iter_mut().zip(values) {
                    *known = known.with(*value);
                }
            }
        }
    }
}

impl Flow<'_, '_> {
    fn in_zone(&self, value: u64) -> bool {
        self.side.may_be_address(value)
    }

    /// A constant that is no address and added by nothing: an offset.
    fn offset(&self, value: &Value) -> Option<i64> {
        match value.single()? {
            Ref { source: Source::Const(_, value) | Source::Folded(value), by: Some(0) }
                if !self.in_zone(value) =>
            {
                Some(i64::from(value as u32 as i32))
            }
            _ => None,
        }
    }

    /// The value without constants that are no addresses.
    fn bases(&self, value: &Value) -> Value {
        let mut bases = Value::default();
        for one in value.refs() {
            let is_base = match one.source {
                Source::Const(_, value) | Source::Folded(value) => self.in_zone(value),
                Source::Param(_) | Source::Word(_) | Source::Field(..) | Source::Stack => true,
            };
            if is_base {
                let mut only = Value::default();
                only.0[0] = Some(one);
                bases = bases.with(only);
            }
        }
        bases
    }

    fn sum(&self, a: &Value, b: &Value, sign: i64) -> Value {
        let (x, y) = (self.bases(a), self.bases(b));
        match (x.is_known(), y.is_known()) {
            (true, false) => x.shifted(self.offset(b).map(|by| by.wrapping_mul(sign))),
            (false, true) if sign == 1 => y.shifted(self.offset(a)),
            _ => Value::default(),
        }
    }

    /// The use of a source in this body.
    fn used(&mut self, source: Source) -> Option<&mut Use> {
        match source {
            Source::Const(at, value) => {
                Some(&mut self.found.consts.entry(at).or_insert((value, Use::default())).1)
            }
            Source::Param(param) => self.found.params.get_mut(param as usize),
            Source::Word(_) | Source::Field(..) | Source::Stack | Source::Folded(_) => None,
        }
    }

    /// `width` bytes at `base + offset` are touched; 0 bytes if nobody knows how many.
    fn access(&mut self, base: &Value, offset: u64, width: u64) {
        for one in self.bases(base).refs() {
            let exact = one.by.map(|by| by.wrapping_add(offset as i64));
            let access = match exact {
                Some(lo) if width > 0 => {
                    Access { lo, hi: lo.saturating_add(width as i64), indexed: false, mixed: false }
                }
                _ => Access::INDEXED,
            };
            match one.source {
                Source::Word(at) if one.by.is_some() => self.found.words.push(at),
                Source::Field(param, at) => {
                    if let Some(param) = self.found.params.get_mut(param as usize) {
                        param.field(at);
                    }
                }
                source => {
                    if let Some(known) = self.used(source) {
                        known.access = Some(known.access.map_or(access, |all| all.and(access)));
                    }
                }
            }
        }
    }

    /// A load, store or atomic operator on memory 0; gives what a load may give.
    fn memory(&mut self, site: &Site<'_>, base: &Value, offset: u64) -> Value {
        let width = u64::from(site.row.width);
        if let Some(Ref { source: Source::Const(_, value) | Source::Folded(value), by: Some(by) }) =
            base.single()
        {
            // Neither the constant nor the offset is like an address, and their sum may be one.
            let at = value.wrapping_add_signed(by).wrapping_add(offset);
            let folded = matches!(base.single(), Some(Ref { source: Source::Folded(_), .. }));
            let plain = !self.in_zone(value) && !self.in_zone(offset);
            if (folded || plain) && self.in_zone(at) {
                self.found.folded.push((at, width));
            }
        }
        if self.in_zone(offset) {
            let role = match base.single() {
                Some(Ref { source: Source::Const(_, value), by: Some(by) })
                    if !self.in_zone(value) =>
                {
                    let lo = (value as i64).saturating_add(by);
                    let hi = lo.saturating_add(width as i64);
                    Role::Address(Access { lo, hi, indexed: false, mixed: false })
                }
                Some(Ref { source: Source::Stack | Source::Const(..), .. }) => Role::Number,
                _ => Role::Unknown,
            };
            self.found.offsets.insert(site.offset, role);
            if role != Role::Number {
                return Value::default();
            }
        }
        self.access(base, offset, width);
        let word = match site.row.opcode {
            Opcode::I32Load => !self.side.wide(),
            Opcode::I64Load => self.side.wide(),
            _ => false,
        };
        match base.single() {
            Some(Ref { source, by: Some(by) }) if word => {
                let at = by.wrapping_add(offset as i64);
                match source {
                    Source::Const(_, value) => {
                        Value::one(Source::Word(value.wrapping_add_signed(at)))
                    }
                    Source::Param(param) => Value::one(Source::Field(param, at)),
                    Source::Word(_) | Source::Field(..) | Source::Stack | Source::Folded(_) => {
                        Value::default()
                    }
                }
            }
            _ => Value::default(),
        }
    }

    fn pass(&mut self, callee: u32, args: &[Value]) {
        for (param, value) in args.iter().enumerate() {
            for from in value.refs() {
                // A number that is no address may still be a slot.
                let passes = match from.source {
                    Source::Const(_, value) => self.in_zone(value) || self.side.may_be_slot(value),
                    Source::Param(_) | Source::Word(_) | Source::Field(..) => true,
                    Source::Stack | Source::Folded(_) => false,
                };
                if passes {
                    let param = param as u32;
                    self.found.passed.push(Passed { from, callee, param });
                }
            }
        }
    }

    /// A call through a table, or another operator on it.
    fn table(&mut self, table: u32, index: Option<&Value>) {
        match index.and_then(Value::single) {
            Some(Ref { source: source @ Source::Const(..), by: Some(0) }) => {
                if let Some(known) = self.used(source) {
                    known.slot.get_or_insert(table);
                }
            }
            Some(Ref { source: source @ Source::Param(_), by: Some(0) }) => {
                self.found.open_tables.push(table);
                if let Some(known) = self.used(source) {
                    known.slot.get_or_insert(table);
                }
            }
            _ => self.found.open_tables.push(table),
        }
    }

    fn bulk(&mut self, site: &Site<'_>, args: &[Value]) {
        let memories: Vec<u32> = site.immediates().indices(Immediate::mem).collect();
        match (site.row.opcode, args, &memories[..]) {
            (Opcode::MemoryFill | Opcode::MemoryInit, [to, ..], [0]) => self.access(to, 0, 0),
            (Opcode::MemoryCopy, [to, from, _], &[into, of]) => {
                if into == 0 {
                    self.access(to, 0, 0);
                }
                if of == 0 {
                    self.access(from, 0, 0);
                }
            }
            (..) => {
                let tables: Vec<u32> = site.immediates().indices(Immediate::table).collect();
                tables.into_iter().for_each(|table| self.table(table, None));
            }
        }
    }

    /// What an operator gives.
    fn given(&mut self, site: &Site<'_>, args: &[Value]) -> Value {
        let (class, immediates) = (site.row.class, site.immediates());
        if let Some(folded) = self.fold(site, args) {
            return Value::one(Source::Folded(folded));
        }
        match (&site.operator, args) {
            (Operator::I32Const { value }, _) => {
                return Value::one(Source::Const(site.offset, u64::from(*value as u32)));
            }
            (Operator::I64Const { value }, _) => {
                return Value::one(Source::Const(site.offset, *value as u64));
            }
            (Operator::I32Add | Operator::I64Add, [a, b]) => return self.sum(a, b, 1),
            (Operator::I32Sub | Operator::I64Sub, [a, b]) => return self.sum(a, b, -1),
            // A mask of low bits makes an index, one of high bits aligns.
            (Operator::I32And | Operator::I64And, [a, mask]) => {
                let aligns = self.offset(mask).is_some_and(|mask| mask < 0);
                return if aligns { self.bases(a).shifted(None) } else { Value::default() };
            }
            (Operator::Select | Operator::TypedSelect { .. }, [a, b, _]) => return a.with(*b),
            (Operator::GlobalGet { global_index }, _) => {
                let stack = self.side.map.stack_pointer.map(|(global, _)| global);
                return match stack == Some(*global_index) {
                    true => Value::one(Source::Stack),
                    false => Value::default(),
                };
            }
            _ => {}
        }
        if matches!(class, Class::local_get | Class::local_set | Class::local_tee) {
            let local = immediates.index(Immediate::local).unwrap_or(u32::MAX);
            let Some(value) = args.first() else {
                return self.locals.get(&local).copied().unwrap_or_default();
            };
            if value.is_known()
                && (self.locals.len() < LOCALS_MAX || self.locals.contains_key(&local))
            {
                self.locals.insert(local, *value);
            } else {
                self.locals.remove(&local);
            }
            return *value;
        }
        if let (Some(memarg), [base, ..]) = (immediates.memarg(), args) {
            if memarg.target == MemArgTarget::Memory(0) {
                return self.memory(site, base, memarg.offset);
            }
        } else if let (Class::call, Some(callee)) = (class, immediates.index(Immediate::func)) {
            self.pass(callee, args);
        } else if let (Class::call_indirect, Some(table)) =
            (class, immediates.index(Immediate::table))
        {
            self.table(table, args.last());
        } else if class == Class::pure && !compares(site) {
            args.iter().for_each(|value| self.mix(value));
        } else {
            self.bulk(site, args);
        }
        Value::default()
    }

    /// What an operator on two constants gives, of which none is like an address.
    fn fold(&self, site: &Site<'_>, args: &[Value]) -> Option<u64> {
        let [a, b] = args else { return None };
        let (a, b) = (self.offset(a)? as u32, self.offset(b)? as u32);
        Some(u64::from(match site.row.opcode {
            Opcode::I32Add => a.wrapping_add(b),
            Opcode::I32Sub => a.wrapping_sub(b),
            Opcode::I32Mul => a.wrapping_mul(b),
            Opcode::I32Shl => a.wrapping_shl(b),
            Opcode::I32Or => a | b,
            Opcode::I32Xor => a ^ b,
            _ => return None,
        }))
    }

    /// The value is used as a number.
    fn mix(&mut self, value: &Value) {
        for one in value.refs() {
            if let Some(known) = self.used(one.source) {
                known.mixed = true;
            }
        }
    }
}

/// Whether an operator compares: two pointers may well be compared.
fn compares(site: &Site<'_>) -> bool {
    let name = Opcode::of(&site.operator).mnemonic();
    let verb = name.split('.').next_back().unwrap_or_default();
    ["eq", "ne", "eqz"].contains(&verb)
        || ["lt", "gt", "le", "ge"].contains(&verb.split('_').next().unwrap_or_default())
}

impl<'m> Domain<'m> for Flow<'_, 'm> {
    type Value = Value;
    type Label = Label;
    type Error = Infallible;

    fn operator(
        &mut self,
        site: &Site<'m>,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        let given = self.given(site, args);
        let gives = match site.callee {
            Some(callee) => callee.results.len(),
            None => site.row.results.len(),
        };
        results.resize(gives, given);
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        block: &Frame<'m, ()>,
        _: Option<&Value>,
        params: &mut [Value],
    ) -> Result<Label, Infallible> {
        let mut label = Label::default();
        match block.kind {
            BlockKind::Loop => {
                params.fill(Value::default());
                // Invariant 3.
                let written = block.facts.map_or(u64::MAX, |facts| facts.written);
                for (local, value) in &mut self.locals {
                    if written >> (local % 64) & 1 == 1 {
                        *value = value.shifted(None);
                    }
                }
            }
            BlockKind::If => label.entry = self.locals.clone(),
            BlockKind::Func | BlockKind::Block | BlockKind::TryTable => {}
        }
        debug_assert!(site.is_some() || block.kind == BlockKind::Func);
        Ok(label)
    }

    fn edge(
        &mut self,
        _: &Site<'m>,
        edge: Edge<'_, Value>,
        to: &mut Frame<'m, Label>,
    ) -> Result<(), Infallible> {
        match (to.kind, edge.how) {
            (BlockKind::Func, _) if self.exported => {
                edge.values.iter().for_each(|value| self.mix(value));
            }
            (BlockKind::Func | BlockKind::Loop, _) => {}
            (_, How::Skip) => {
                let entry = std::mem::take(&mut to.label.entry);
                to.label.join(&entry, edge.values);
            }
            (..) => to.label.join(&self.locals, edge.values),
        }
        Ok(())
    }

    fn otherwise(
        &mut self,
        _: &Site<'m>,
        frame: &mut Frame<'m, Label>,
        _: &mut [Value],
    ) -> Result<(), Infallible> {
        self.locals = std::mem::take(&mut frame.label.entry);
        Ok(())
    }

    fn close(
        &mut self,
        _: &Site<'m>,
        frame: Frame<'m, Label>,
        exit: Exit,
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        if exit == Exit::Joined {
            let count = frame.types.results().len();
            let (locals, values) = frame.label.joined.unwrap_or_default();
            self.locals = locals;
            results.clear();
            results.extend(values);
            results.resize(count, Value::default());
        }
        Ok(())
    }

    fn leave(&mut self, site: &Site<'m>, args: &[Value], _: &[Value]) -> Result<(), Infallible> {
        let immediates = site.immediates();
        if let Some(callee) = immediates.index(Immediate::func) {
            self.pass(callee, args);
        } else if let Some(table) = immediates.index(Immediate::table) {
            self.table(table, args.last());
        }
        Ok(())
    }
}
