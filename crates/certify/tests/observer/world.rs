//! A store for one run: what lies where in the observed process, of what size, with what right.
//!
//! Built from the documents (`docs/trust/claims.md`, `prova_check::offsets`) and the module alone,
//! with what the documents leave open chosen at random: lengths, elements, functions of other
//! instances, canonical ids.
//!
//! * W1. Regions do not touch: at least [`GAP`] bytes lie between any two.
//! * W2. Every word that is a reference is one of its type, before each step.

use super::Subject;
use super::module::{Module, Names, RefTy, Signature, Ty, Which};
use prova_check::{Bases, CodeKind, MemoryShape};
use prova_random::Rng;

/// Where the code lies.
pub(crate) const CODE: u64 = 0x1000_0000_0000;
/// Bytes for code.
pub(crate) const CODE_BYTES: u64 = 4 << 20;
/// Where functions and builtins seem to be; nothing is mapped there.
pub(crate) const LANDING: u64 = 0x1100_0000_0000;
/// Where the code returns to; nothing is mapped there.
pub(crate) const RETURN: u64 = 0x1180_0000_0040;
/// Where structures lie.
pub(crate) const DATA: u64 = 0x1200_0000_0000;
/// Bytes for structures.
pub(crate) const DATA_BYTES: u64 = 8 << 20;
/// Where the stack begins.
pub(crate) const STACK: u64 = 0x1300_0000_0000;
/// Its bytes.
pub(crate) const STACK_BYTES: u64 = 1 << 20;
/// Where nothing is ever mapped, in the masked shape.
pub(crate) const NOWHERE: u64 = 0x1400_0000_0000;
/// Its bytes.
pub(crate) const NOWHERE_BYTES: u64 = 1 << 20;
/// Where memories lie.
pub(crate) const MEMORIES: u64 = 0x2000_0000_0000;
/// How many places for memories there are before the second one of each.
pub(crate) const SECOND: usize = 16;
/// From one memory to the next.
pub(crate) const MEMORY_STRIDE: u64 = 16 << 30;
/// Bytes between structures.
const GAP: u64 = 64;
/// Elements that a table may gain in a run.
const TABLE_ROOM: u64 = 16;
/// The store's argument cells.
pub(crate) const CELLS: u64 = 2_048;

/// The content of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Fields that are only read, in records: the bytes from one record to the next; the offset and
    /// width of each field.
    Words(u64, &'static [(u64, u64)]),
    /// The word for the fuel.
    Fuel,
    /// The epoch.
    Epoch,
    /// A global.
    Global(Ty, bool),
    /// A table's elements.
    Elements(usize),
    /// The argument cells.
    Args,
}

/// A place: `[start, end)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) what: What,
}

const RECORD: &[(u64, u64)] = &[(0, 8), (8, 8), (16, 4), (20, 4)];
const OBJECT: &[(u64, u64)] = &[(0, 8), (8, 8)];
const WORD: &[(u64, u64)] = &[(0, 8)];
const HALF: &[(u64, u64)] = &[(0, 4)];

/// A function of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Func {
    /// Where its record is.
    pub(crate) record: u64,
    /// Its type, a number in [`World::types`].
    pub(crate) ty: usize,
}

/// The store.
pub(crate) struct World {
    /// The module's types, and those of other modules behind them.
    pub(crate) types: Vec<Signature>,
    /// Functions by address.
    pub(crate) funcs: Vec<Func>,
    /// The addresses of the module's functions.
    pub(crate) own: Vec<usize>,
    /// References that name no function.
    others: [Vec<u64>; 2],
    /// Places, ascending.
    pub(crate) regions: Vec<Region>,
    /// Bytes of [`DATA`].
    pub(crate) image: Vec<u8>,
    pub(crate) context: u64,
    pub(crate) foreign: u64,
    pub(crate) store: u64,
    /// Where the list of functions was and will be.
    lists: [u64; 3],
    pub(crate) args: u64,
    /// Records of memories, base, length, and the zone behind the base (0: compared).
    pub(crate) memories: Vec<(u64, u64, u64, u64)>,
    /// Where the context's copies of their lengths begin.
    pub(crate) lens: u64,
    /// Records of tables, base, length.
    pub(crate) tables: Vec<(u64, u64, u64)>,
    /// Where each table goes when it moves.
    spare_tables: Vec<u64>,
    pub(crate) epoch: u64,
    pub(crate) module: Module,
    /// Whether most numbers are addresses inside of the least memory, so that a run goes far.
    calm: bool,
}

impl World {
    /// A store for a subject.
    pub(crate) fn new(subject: &Subject<'_>, rng: &mut Rng) -> World {
        let module = Module::read(subject.wasm);
        let mut world = World {
            types: module.types.clone(),
            funcs: Vec::new(),
            own: Vec::new(),
            others: [[1_000_003, 1_000_004, 7_000_000], [9_000_001, 9_000_002, 9_900_000]]
                .map(Vec::from),
            regions: Vec::new(),
            image: Vec::new(),
            context: 0,
            foreign: 0,
            store: 0,
            lists: [0; 3],
            args: 0,
            memories: Vec::new(),
            lens: 0,
            tables: Vec::new(),
            spare_tables: Vec::new(),
            epoch: 0,
            module,
            calm: rng.percent(50),
        };
        world.lay_out(subject, rng);
        world.regions.sort_by_key(|region| region.start);
        world
    }

    /// Room for a structure, and its region.
    fn place(&mut self, bytes: u64, what: What) -> u64 {
        let at = DATA + (self.image.len() as u64 + GAP).next_multiple_of(16);
        let end = at + bytes;
        self.image.resize(usize::try_from(end - DATA).expect("little"), 0x5a);
        self.regions.push(Region { start: at, end, what });
        at
    }

    /// Sets a word of the image.
    fn set(&mut self, at: u64, value: u64) {
        let at = usize::try_from(at - DATA).expect("little");
        self.image[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    fn set_half(&mut self, at: u64, value: u32) {
        let at = usize::try_from(at - DATA).expect("little");
        self.image[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn lay_out(&mut self, subject: &Subject<'_>, rng: &mut Rng) {
        let module = self.module.clone();
        // Of a memory the record, the base and the length, of a table the record and the base.
        let words = module.imported + 3 * module.memories.len() + 2 * module.tables.len();
        let words = 8 * (4 + words + module.globals.len()) as u64;
        let records = 32 * (module.funcs.len() - module.imported) as u64;
        self.context = self.place(words + records, What::Words(8, WORD));
        // The records are the end of the context.
        let context = self.regions.last_mut().expect("the context's region");
        context.end -= records;
        let (start, what) = (context.end, What::Words(32, RECORD));
        self.regions.push(Region { start, end: start + records, what });
        self.foreign = self.place(16, What::Words(8, WORD));
        let masks = subject.memory == MemoryShape::Masked;
        let bytes = if masks { 48 } else { 40 };
        let fuel = self.place(56, What::Words(8, WORD));
        self.store = fuel;
        if masks {
            self.set(fuel + 40, NOWHERE);
        }
        let last = self.regions.last_mut().expect("the store's region");
        (last.start, last.end) = (fuel + 8, fuel + bytes);
        self.regions.push(Region { start: fuel, end: fuel + 8, what: What::Fuel });
        // How many functions there are.
        let (start, end) = (fuel + 48, fuel + 56);
        self.regions.push(Region { start, end, what: What::Words(8, WORD) });
        let builtins = self.place(32, What::Words(8, WORD));
        let ids = self.place(4 * module.types.len() as u64, What::Words(4, HALF));
        self.epoch = self.place(8, What::Epoch);
        self.args = self.place(8 * CELLS, What::Args);
        let defined = self.context + words;
        self.functions(&module, (subject, defined), rng);
        for context in [self.context, self.foreign] {
            self.set(context, self.store);
            self.set(context + 8, builtins);
        }
        self.set(self.context + 16, ids);
        self.set(self.context + 24, defined);
        for n in 0..4 {
            self.set(builtins + 8 * n, builtin(n));
        }
        for (n, &first) in module.canonical.iter().enumerate() {
            self.set_half(ids + 4 * n as u64, type_id(first as usize));
        }
        let (now, deadline) = *rng.pick(&[(0, 1), (5, 5), (0, u64::MAX), (7, 100), (9, 3)]);
        self.set(self.epoch, now);
        self.set(self.store + 8, self.epoch);
        self.set(self.store + 16, deadline);
        self.set(self.store + 32, self.args);
        self.set(self.store + 48, self.funcs.len() as u64);
        let fuel = *rng.pick(&[1 << 40, 1 << 40, 1 << 40, 1000, 64, 20, 8, 7, 6, 1, 0]);
        self.set(self.store, !fuel);
        let mut at = self.context + 32;
        for n in 0..module.imported {
            let record = self.funcs[self.own[n]].record;
            self.set(at + 8 * n as u64, record);
        }
        at += 8 * module.imported as u64;
        self.objects(subject, at, rng);
    }

    /// Functions of the store, their records and lists of records.
    fn functions(
        &mut self,
        module: &Module,
        (subject, defined): (&Subject<'_>, u64),
        rng: &mut Rng,
    ) {
        // Types of other modules: many references, and stack arguments.
        let any = Ty::Ref(RefTy { names: Names::Extern, which: Which::Any, nullable: false });
        let alien = Signature { params: vec![any; 7], results: vec![any] };
        self.types.extend([alien, Signature { params: vec![Ty::I64; 11], results: vec![Ty::F64] }]);
        let mut foreign: Vec<usize> = (0..2).map(|n| module.types.len() + n).collect();
        let firsts = module.canonical.iter().filter(|&&first| module.is_func(first));
        foreign.extend(firsts.map(|&first| first as usize));
        foreign.sort_unstable();
        foreign.dedup();
        // Modules of many types would make stores of many functions.
        foreign.truncate(40);
        if let CodeKind::ThunkIn(ty) | CodeKind::ThunkOut(ty) = subject.kind {
            foreign.push(module.canonical[ty as usize] as usize);
        }
        for ty in foreign {
            let record = self.place(32, What::Words(32, RECORD));
            self.funcs.push(Func { record, ty });
        }
        let count = module.funcs.len() - module.imported;
        for n in 0..module.imported {
            let record = self.place(32, What::Words(32, RECORD));
            self.own.push(self.funcs.len());
            self.funcs.push(Func { record, ty: module.funcs[n] as usize });
        }
        let others = self.funcs.len();
        for n in 0..count {
            self.own.push(self.funcs.len());
            let ty = module.funcs[module.imported + n] as usize;
            self.funcs.push(Func { record: defined + 32 * n as u64, ty });
        }
        for (address, func) in self.funcs.clone().into_iter().enumerate() {
            let context = if address < others { self.foreign } else { self.context };
            self.set(func.record, landing(address));
            self.set(func.record + 8, context);
            self.set_half(func.record + 16, type_id(func.ty));
            self.set_half(func.record + 20, u32::try_from(address).expect("few functions"));
            self.set(func.record + 24, rng.bits());
        }
        for n in 0..3 {
            self.lists[n] = self.place(8 * self.funcs.len() as u64, What::Words(8, WORD));
        }
        self.move_list(None);
    }

    /// Memories, tables and globals, whose words stand in the context from `at` on.
    fn objects(&mut self, subject: &Subject<'_>, mut at: u64, rng: &mut Rng) {
        let module = self.module.clone();
        for (n, memory) in module.memories.iter().enumerate() {
            let zone = match subject.memory {
                MemoryShape::Guard { reservation_bytes, guard_bytes } if memory.plain => {
                    reservation_bytes + guard_bytes
                }
                MemoryShape::Guard { .. } | MemoryShape::Explicit | MemoryShape::Masked => 0,
            };
            let more = *rng.pick(&[0_u64, 0, 0, 1, 5, 514, 600, 65_535]);
            let len = (memory.min + (more << 16)).min(memory.max.max(memory.min));
            let base = MEMORIES + MEMORY_STRIDE * n as u64;
            let record = self.place(16, What::Words(16, OBJECT));
            self.set(record, base);
            self.set(record + 8, len);
            self.set(at, record);
            self.memories.push((record, base, len, zone));
            at += 8;
        }
        for (n, table) in module.tables.iter().enumerate() {
            let record = self.place(16, What::Words(16, OBJECT));
            let len = (table.min + *rng.pick(&[0, 0, 1, 3])).min(table.max);
            if subject.bases == Bases::MayMove {
                let spare = self.place(8 * (len + TABLE_ROOM), What::Elements(n));
                self.spare_tables.push(spare);
                self.regions.pop();
            }
            let base = self.place(8 * (len + TABLE_ROOM), What::Elements(n));
            for element in 0..len {
                let value = self.reference(table.ty, rng);
                self.set(base + 8 * element, value);
            }
            self.set(record, base);
            self.set(record + 8, len);
            self.set(at, record);
            self.tables.push((record, base, len));
            at += 8;
        }
        for &(ty, mutable) in &module.globals {
            let cell = self.place(16, What::Global(ty, mutable));
            let value = self.value(ty, rng);
            self.set(cell, value);
            self.set(cell + 8, rng.bits());
            self.set(at, cell);
            at += 8;
        }
        let memories = self.memories.iter().map(|&(_, base, ..)| base);
        let bases: Vec<u64> =
            memories.chain(self.tables.iter().map(|&(_, base, _)| base)).collect();
        let lens: Vec<u64> = self.memories.iter().map(|&(_, _, len, _)| len).collect();
        self.lens = at + 8 * bases.len() as u64;
        for word in bases.into_iter().chain(lens) {
            self.set(at, word);
            at += 8;
        }
    }

    /// Whether a word is a reference of a type.
    pub(crate) fn is_ref(&self, value: u64, ty: RefTy) -> bool {
        if value == 0 {
            return ty.nullable || ty.names == Names::Any;
        }
        let func = usize::try_from(value - 1).ok().and_then(|address| self.funcs.get(address));
        match (ty.names, ty.which) {
            (_, Which::Nothing) => false,
            (Names::Func, Which::Type(ty)) => {
                func.is_some_and(|func| self.module.is_subtype(func.ty, ty))
            }
            (Names::Func, _) => func.is_some(),
            (Names::Extern, _) => self.others[0].contains(&value),
            (Names::Exn, _) => self.others[1].contains(&value),
            // A reference to an object is a number.
            (Names::Any, _) => true,
        }
    }

    /// A reference of a type.
    pub(crate) fn reference(&self, ty: RefTy, rng: &mut Rng) -> u64 {
        if ty.which == Which::Nothing || (ty.nullable && rng.percent(20)) {
            return 0;
        }
        match (ty.names, ty.which) {
            (Names::Func, Which::Type(ty)) => {
                let fit = |(_, func): &(usize, &Func)| self.module.is_subtype(func.ty, ty);
                let all: Vec<usize> =
                    self.funcs.iter().enumerate().filter(fit).map(|f| f.0).collect();
                if all.is_empty() { 0 } else { *rng.pick(&all) as u64 + 1 }
            }
            (Names::Func, _) => rng.below(self.funcs.len()) as u64 + 1,
            (Names::Extern, _) => *rng.pick(&self.others[0]),
            (Names::Exn, _) => *rng.pick(&self.others[1]),
            (Names::Any, _) => 0,
        }
    }

    /// A word of a type, with what is open at random: numbers at the edges of what there is.
    pub(crate) fn value(&self, ty: Ty, rng: &mut Rng) -> u64 {
        let word = match ty {
            Ty::Ref(ty) => return self.reference(ty, rng),
            Ty::I32 | Ty::I64 | Ty::F32 | Ty::F64 | Ty::V128 => self.number(rng),
        };
        match ty {
            // The upper half of an `i32` is unknown.
            Ty::I32 if rng.percent(50) => word & 0xffff_ffff | rng.bits() << 32,
            _ => word,
        }
    }

    /// A number that may be an edge of something.
    pub(crate) fn number(&self, rng: &mut Rng) -> u64 {
        let near = |rng: &mut Rng, x: u64| x.wrapping_add(rng.below(41) as u64).wrapping_sub(32);
        if self.calm && rng.percent(90) {
            return rng.below(60_000) as u64 & if rng.percent(50) { !7 } else { u64::MAX };
        }
        match rng.below(14) {
            12 | 13 => rng.below(60_000) as u64,
            0 => 0,
            1 => near(rng, 0),
            2 => rng.below(100) as u64,
            3 if !self.memories.is_empty() => {
                let len = rng.pick(&self.memories).2;
                near(rng, len)
            }
            4 if !self.tables.is_empty() => {
                let len = rng.pick(&self.tables).2;
                len.wrapping_add(rng.below(4) as u64).wrapping_sub(2)
            }
            5 => near(rng, 1 << 31),
            6 => near(rng, 1 << 32),
            7 => near(rng, (4 << 30) + (32 << 20)),
            8 => near(rng, 32 << 20),
            9 => 1_u64.rotate_left(rng.below(64) as u32).wrapping_sub(rng.below(2) as u64),
            10 => rng.bits() & 0xffff_ffff,
            _ => rng.bits(),
        }
    }

    /// Whether an address is where the list of functions would have a record for null: whether a
    /// reference is null is a branch's to say.
    pub(crate) fn is_of_null(&self, at: u64) -> bool {
        self.lists.iter().any(|list| at.wrapping_add(8) == *list)
    }

    /// Moves a memory to its other place; gives the two places' numbers, the former one first, and
    /// the words that hold its base.
    pub(crate) fn move_memory(&mut self, n: usize) -> (usize, usize, [u64; 2]) {
        let (record, base, ..) = self.memories[n];
        let from = usize::try_from((base - MEMORIES) / MEMORY_STRIDE).expect("few places");
        let to = if from == n { n + SECOND } else { n };
        self.memories[n].1 = MEMORIES + MEMORY_STRIDE * to as u64;
        (from, to, [record, self.bases() + 8 * n as u64])
    }

    /// Moves a table to its other place; gives the words that hold its base.
    pub(crate) fn move_table(&mut self, n: usize) -> [u64; 2] {
        let (record, base, _) = self.tables[n];
        let to = std::mem::replace(&mut self.spare_tables[n], base);
        self.tables[n].1 = to;
        for region in self.regions.iter_mut().filter(|region| region.start == base) {
            (region.start, region.end) = (to, to + (region.end - base));
        }
        self.regions.sort_by_key(|region| region.start);
        [record, self.bases() + 8 * (self.memories.len() + n) as u64]
    }

    /// Where the context's words for bases begin.
    fn bases(&self) -> u64 {
        self.lens - 8 * (self.memories.len() + self.tables.len()) as u64
    }

    /// Moves the list of functions, and says what is to be written where.
    pub(crate) fn move_list(&mut self, rng: Option<&mut Rng>) -> Vec<(u64, Vec<u8>)> {
        let to = rng.map_or(0, |rng| rng.below(3));
        let bytes = 8 * self.funcs.len() as u64;
        let list: Vec<u8> = self.funcs.iter().flat_map(|func| func.record.to_le_bytes()).collect();
        let lists = self.lists;
        self.regions.retain(|region| !lists.contains(&region.start));
        let place = Region { start: lists[to], end: lists[to] + bytes, what: What::Words(8, WORD) };
        self.regions.push(place);
        self.regions.sort_by_key(|region| region.start);
        let from = usize::try_from(lists[to] - DATA).expect("little");
        self.image[from..from + list.len()].copy_from_slice(&list);
        self.set(self.store + 24, lists[to]);
        let mut writes = vec![(self.store + 24, lists[to].to_le_bytes().to_vec())];
        writes.push((lists[to], list));
        let gone = (0..3).filter(|&n| n != to).map(|n| (lists[n], vec![0xa5; bytes as usize]));
        writes.extend(gone);
        writes
    }

    /// A function that a way into, or out to, functions of a type may be entered for.
    pub(crate) fn some_of(&self, kind: CodeKind, rng: &mut Rng) -> usize {
        match kind {
            CodeKind::Func(func) | CodeKind::Loop { func, .. } => self.own[func as usize],
            CodeKind::ThunkIn(ty) | CodeKind::ThunkOut(ty) => {
                let first = self.module.canonical[ty as usize] as usize;
                let all: Vec<usize> =
                    (0..self.funcs.len()).filter(|&n| self.funcs[n].ty == first).collect();
                *rng.pick(&all)
            }
            CodeKind::Way(_) => panic!("no way is observed"),
        }
    }
}

/// The code of a function of the store.
pub(crate) fn landing(address: usize) -> u64 {
    LANDING + 0x1_0000 + 64 * address as u64
}

/// A builtin's entry.
pub(crate) fn builtin(n: u64) -> u64 {
    LANDING + 64 * n
}

/// The canonical id of a type: none is a small number.
fn type_id(ty: usize) -> u32 {
    0x4000_0001 + 3 * u32::try_from(ty).expect("few types")
}

/// The target of a landing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Func(usize),
    Builtin(u64),
}

/// The function or builtin that begins there. A function has two entries: its code may be
/// replaced, and what was read before stays code.
pub(crate) fn target(world: &World, at: u64) -> Option<Target> {
    if let Some(n) = (0..4).find(|&n| at == builtin(n)) {
        return Some(Target::Builtin(n));
    }
    let from = at.checked_sub(landing(0)).filter(|from| from.is_multiple_of(32))?;
    let address = usize::try_from(from / 64).ok()?;
    (address < world.funcs.len()).then_some(Target::Func(address))
}
