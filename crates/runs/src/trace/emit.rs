//! An operator of a function → the same operator with the code that reports its events.
//!
//! ```text
//! i32.store offset=8   … local.tee p …  i32.store offset=8   event(site, p + 8, bytes at p + 8)
//! br_if 0              local.set c  event(site, c ≠ 0, 0)  local.get c  br_if 0
//! i32.add              i32.add  local.tee v  event(site, v, 0)
//! ```
//!
//! The level of a function comes from `instrument`. The types on the stack come from the rows of
//! the table of operators.
//!
//! 1. The operand stack is unchanged: values that are taken off are put back at once. No label
//!    stands between, so a local of a type without default is set wherever it is read.
//! 2. Sites come in the order of operators. They depend on the levels of functions, and not on
//!    which sites are reported (`Sites::ids`).

use super::numbers::Ask;
use super::site::{Level, Site, What};
use super::words::{Temps, Word, push_bits, words};
use prova_module::objects::{Shape, operand_types, two_indices, unpacked};
use prova_module::ops::{Class, Immediate, Immediates, Kind, Opcode, Row};
use prova_module::{
    FuncIdx, HeapType, MemoryIdx, Module, Operator, RefKind, RefType, TableIdx, TypeIdx,
    UnpackedIndex, ValType,
};
use prova_rewrite::{Code, Error};
use wasm_encoder::{Encode, InstructionSink};

/// The greatest number of operands of an operator on objects that has events.
const OPERANDS_MAX: u32 = 16;

/// The sites of a module, and which of them are reported.
pub(super) struct Sites<'p> {
    pub(super) list: Vec<Site>,
    /// By site, the number that its events are reported with; `None` if it is not reported. Without
    /// a list each site is reported with its index.
    pub(super) ids: Option<&'p [Option<u32>]>,
}

impl Sites<'_> {
    /// Adds a site, and returns the number that its events are reported with, if any.
    fn add(&mut self, site: Site) -> Option<u32> {
        let own = self.list.len();
        self.list.push(site);
        self.ids.map_or(Some(own as u32), |ids| ids.get(own).copied().flatten())
    }

    /// Whether the site that is added next is reported.
    fn next_is_told(&self) -> bool {
        self.ids.is_none_or(|ids| ids.get(self.list.len()).copied().flatten().is_some())
    }
}

/// Functions and globals that were added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) event: u32,
    pub(super) dump: u32,
    /// The function that numbers objects, if they have numbers.
    pub(super) object: Option<u32>,
    pub(super) count: u32,
}

/// The body of a function as it is written.
pub(super) struct Body<'m, 's, 'p> {
    module: &'m Module,
    func: FuncIdx,
    level: Level,
    own: Own,
    sites: &'s mut Sites<'p>,
    pub(super) out: Code,
    temps: Temps,
    /// Module offset of the operator.
    offset: u32,
    /// The state that is wanted behind a call: number of events before, stack, locals.
    behind: Option<(u64, Vec<ValType>, Vec<ValType>)>,
}

impl<'m, 's, 'p> Body<'m, 's, 'p> {
    pub(super) fn new(
        module: &'m Module,
        func: FuncIdx,
        (level, own): (Level, Own),
        sites: &'s mut Sites<'p>,
        (out, base): (Code, u32),
    ) -> Body<'m, 's, 'p> {
        let temps = Temps::new(base);
        Body { module, func, level, own, sites, out, temps, offset: 0, behind: None }
    }

    /// The body, with the added locals.
    pub(super) fn finish(mut self) -> Result<Code, Error> {
        for ty in self.temps.types() {
            self.out.declare(1, ty)?;
        }
        Ok(self.out)
    }

    pub(super) fn to(&mut self) -> InstructionSink<'_> {
        self.out.to()
    }

    /// A local of the type that the operator does not use yet.
    pub(super) fn temp(&mut self, ty: ValType) -> u32 {
        self.temps.one(ty)
    }

    /// Keeps the values on top of the stack, of these types, which stay there.
    fn keep(&mut self, types: &[ValType]) -> Vec<u32> {
        let locals = self.temps.each(types);
        if let [first, above @ ..] = locals.as_slice() {
            for local in above.iter().rev() {
                self.to().local_set(*local);
            }
            self.to().local_tee(*first);
            for local in above {
                self.to().local_get(*local);
            }
        }
        locals
    }

    /// Reports an event, if its site is reported.
    pub(super) fn event(&mut self, what: What, a: Word, b: Word) {
        let numbers = self.own.object.is_some();
        let site = Site { func: self.func, offset: self.offset, what, numbers };
        let Some(id) = self.sites.add(site) else { return };
        let event = self.own.event;
        self.to().i32_const(id as i32);
        a.push(&mut self.to());
        b.push(&mut self.to());
        self.to().call(event);
    }

    /// Reports all words, two in each event; at least one event.
    fn events(&mut self, what: impl Fn(u32) -> What, all: &[Word]) {
        let mut pairs = all.chunks(2);
        let mut pair = pairs.next().unwrap_or_default();
        let mut nth = 0;
        loop {
            let word = |at: usize| pair.get(at).copied().unwrap_or(Word::Number(0));
            self.event(what(nth), word(0), word(1));
            let Some(next) = pairs.next() else { return };
            (pair, nth) = (next, nth + 1);
        }
    }

    /// Reports the parameters at the entry of the function.
    pub(super) fn entered(&mut self, offset: u32, params: &[ValType]) {
        self.offset = offset;
        if self.level >= Level::Calls {
            self.of_locals(What::Enter, params, 0);
        }
    }

    /// Reports the values of consecutive locals of these types, beginning at local `first`.
    pub(super) fn of_locals(&mut self, what: fn(u32) -> What, types: &[ValType], first: u32) {
        let locals: Vec<u32> = (first..).take(types.len()).collect();
        let all = self.words(&locals, types);
        self.events(what, &all);
    }

    /// Reports results, which stay on the stack.
    pub(super) fn results(&mut self, what: fn(u32) -> What, types: &[ValType]) {
        let locals = self.keep(types);
        let all = self.words(&locals, types);
        self.events(what, &all);
    }

    /// Reports the state before the operator if exactly `after` events have been counted: the
    /// operand stack, bottom first, and the locals.
    pub(super) fn state(&mut self, after: u64, stack: &[ValType], locals: &[ValType]) {
        let kept = self.keep(stack);
        let Own { count, dump, .. } = self.own;
        let mut to = self.to();
        to.global_get(count).i64_const(after as i64).i64_eq().if_(wasm_encoder::BlockType::Empty);
        let of_stack = kept.iter().copied().zip(stack).map(|(local, ty)| (1, local, *ty));
        let of_locals = (0..).zip(locals).map(|(local, ty)| (0, local, *ty));
        let mut index = [0, 0];
        for (kind, local, ty) in of_stack.chain(of_locals) {
            let at = index[kind as usize];
            index[kind as usize] += 1;
            if matches!(ty, ValType::Ref(ty) if !ty.is_nullable()) && kind == 0 {
                // It may not have a value yet.
                continue;
            }
            let (own, module) = (self.own, self.module);
            let mut to = self.to();
            to.i32_const(kind).i32_const(at);
            match own.object.filter(|_| is_any(module, ty)) {
                Some(func) => Word::Object { local, func }.push(&mut to),
                None => push_bits(&mut to, local, ty, false),
            }
            match ty {
                ValType::V128 => push_bits(&mut to, local, ty, true),
                _ => {
                    to.i64_const(0);
                }
            }
            to.call(dump);
        }
        self.to().end();
        self.free();
    }

    /// Reports the state behind the next operator, which is a call, as [`Body::state`] does.
    pub(super) fn behind(&mut self, after: u64, stack: &[ValType], locals: &[ValType]) {
        self.behind = Some((after, stack.to_vec(), locals.to_vec()));
    }

    /// Sets the module offset of the operator that reports the next events.
    pub(super) fn at(&mut self, offset: u32) {
        self.offset = offset;
    }

    /// Frees the added locals for the next operator.
    pub(super) fn free(&mut self) {
        self.temps.free();
    }

    /// Writes an operator with the code that reports its events.
    pub(super) fn step(&mut self, op: &Operator<'_>, instruction: &impl Encode, offset: u32) {
        self.offset = offset;
        let (row, immediates) = (Opcode::of(op).row(), Opcode::immediates(op));
        match sort(row) {
            Sort::Call => {
                instruction.encode(&mut self.out.bytes);
                if let Some((after, stack, locals)) = self.behind.take() {
                    self.state(after, &stack, &locals);
                }
                self.after_call(&immediates);
            }
            Sort::Access(what, level) if self.has(level) => {
                self.access(what, row, &immediates, instruction);
            }
            Sort::GlobalSet if self.has(Level::Stores) => {
                self.global_set(&immediates, instruction);
            }
            Sort::Effect(level) if self.has(level) => self.effect(row, &immediates, instruction),
            Sort::Object(what, level) if self.has(level) => {
                self.object((what, row), &immediates, instruction);
            }
            Sort::Cast if self.has(Level::Branches) => self.cast(op, instruction),
            Sort::Condition if self.has(Level::Branches) => {
                let local = self.temp(ValType::I32);
                self.to().local_set(local);
                let index = row.class == Class::br_table;
                let word = match index {
                    true => Word::Local { local, ty: ValType::I32, high: false },
                    false => Word::IsTrue(local),
                };
                self.event(What::Branch, word, Word::Number(0));
                self.to().local_get(local);
                instruction.encode(&mut self.out.bytes);
            }
            Sort::Value if self.has(Level::Values) => {
                instruction.encode(&mut self.out.bytes);
                self.value(op, row, &immediates);
            }
            Sort::Access(..)
            | Sort::GlobalSet
            | Sort::Effect(_)
            | Sort::Object(..)
            | Sort::Cast
            | Sort::Condition
            | Sort::Value
            | Sort::Silent => instruction.encode(&mut self.out.bytes),
        }
        self.free();
    }

    fn has(&self, level: Level) -> bool {
        self.level >= level
    }

    /// Reports the results of a call. Results of an imported function are reported by its wrapper.
    fn after_call(&mut self, immediates: &Immediates<'_>) {
        let module = self.module;
        let callee = immediates.index(Immediate::func);
        let imported = callee.is_some_and(|func| func < module.imported_func_count() as u32);
        if !self.has(Level::Calls) || imported {
            return;
        }
        let ty = match (callee, immediates.index(Immediate::type_)) {
            (Some(func), _) => Some(module.func_type(FuncIdx(func))),
            (None, ty) => ty.and_then(|ty| module.types().get(ty as usize)),
        };
        let results: Vec<ValType> = ty.map(|ty| ty.results.to_vec()).unwrap_or_default();
        self.results(What::Result, &results);
    }

    /// A load, a store, or both.
    fn access(
        &mut self,
        what: fn(u32) -> What,
        row: &Row,
        immediates: &Immediates<'_>,
        instruction: &impl Encode,
    ) {
        let memory = MemoryIdx(immediates.memory().unwrap_or_default());
        let types: Vec<ValType> =
            row.params.iter().filter_map(|kind| self.operand(*kind, immediates)).collect();
        let kept = self.keep(&types);
        instruction.encode(&mut self.out.bytes);
        let (Some(&local), Some(memarg)) = (kept.first(), immediates.memarg()) else { return };
        let offset = memarg.offset;
        let ty = self.address(memory);
        let mut all = vec![Word::Address { local, ty, offset: Some(offset).filter(|at| *at != 0) }];
        match row.results.first() {
            None => {
                let (memory, bytes) = (memory.0, row.width.min(8));
                all.push(Word::Memory { local, memory, offset, bytes });
                if row.width == 16 {
                    // An access whose upper half has no offset is outside of every memory.
                    let wide = self.address(MemoryIdx(memory)) == ValType::I64;
                    let end = if wide { u64::MAX } else { u64::from(u32::MAX) };
                    all.push(match offset.checked_add(8).filter(|offset| *offset <= end) {
                        Some(offset) => Word::Memory { local, memory, offset, bytes },
                        None => Word::Number(0),
                    });
                }
            }
            Some(kind) => {
                let ty = kind.val_type().unwrap_or(ValType::I32);
                let local = self.temp(ty);
                self.to().local_tee(local);
                all.extend(self.words(&[local], &[ty]));
            }
        }
        self.events(what, &all);
    }

    fn global_set(&mut self, immediates: &Immediates<'_>, instruction: &impl Encode) {
        let global = immediates.index(Immediate::global).unwrap_or_default();
        let ty = self.module.globals().get(global as usize).map_or(ValType::I32, |ty| ty.val);
        let kept = self.keep(&[ty]);
        instruction.encode(&mut self.out.bytes);
        let all = self.words(&kept, &[ty]);
        self.events(What::GlobalSet, &all);
    }

    /// An operator of memories or tables: its operands and its result.
    fn effect(&mut self, row: &Row, immediates: &Immediates<'_>, instruction: &impl Encode) {
        let operands = row.params.iter().map(|kind| self.operand(*kind, immediates));
        let Some(types) = operands.collect::<Option<Vec<ValType>>>() else {
            return instruction.encode(&mut self.out.bytes);
        };
        let kept = self.keep(&types);
        instruction.encode(&mut self.out.bytes);
        let mut all = self.words(&kept, &types);
        let result = row.results.first().and_then(|kind| self.operand(*kind, immediates));
        if let Some(ty) = result {
            let local = self.temp(ty);
            self.to().local_tee(local);
            all.extend(self.words(&[local], &[ty]));
        }
        if !all.is_empty() {
            self.events(What::Effect, &all);
        }
    }

    /// An operator that reads or writes an object, or makes one: the number of the new object, its
    /// operands, and what it has read. If objects have no numbers, references to what it looks into
    /// are left out, as it shows that they are not null.
    fn object(
        &mut self,
        (what, row): (fn(u32) -> What, &Row),
        immediates: &Immediates<'_>,
        instruction: &impl Encode,
    ) {
        let (module, two) = (self.module, two_indices(immediates));
        let makes = row.class == Class::allocate;
        let types = operands_of_object(module, row.opcode, two);
        let Some(types) = types else {
            instruction.encode(&mut self.out.bytes);
            if makes {
                self.made(two.0, Ask::Untold);
            }
            return;
        };
        let kept = self.keep(&types);
        instruction.encode(&mut self.out.bytes);
        // Of an object that no event tells of nobody may know the number.
        let told = self.sites.next_is_told();
        let made = makes.then(|| self.made(two.0, if told { Ask::Made } else { Ask::Untold }));
        let mut all: Vec<Word> = made.flatten().into_iter().collect();
        let numbers = self.own.object.is_some();
        let told = kept.iter().zip(&types).enumerate();
        for (_, (&local, &ty)) in told.filter(|&(at, _)| numbers || has_words(row, at)) {
            all.extend(self.words(&[local], &[ty]));
        }
        if let Some(ty) = read_of_object(module, row, immediates) {
            let local = self.temp(ty);
            self.to().local_tee(local);
            all.extend(self.words(&[local], &[ty]));
        }
        if !all.is_empty() {
            self.events(what, &all);
        }
    }

    /// Asks for the number of the object of a type that was just made, which is on the stack and
    /// stays there; `None` if objects have no numbers.
    fn made(&mut self, ty: u32, ask: Ask) -> Option<Word> {
        let func = self.own.object?;
        let heap = HeapType::Concrete(UnpackedIndex::Module(ty));
        let local = self.temp(ValType::Ref(RefType::new(false, heap)?));
        let number = self.temp(ValType::I64);
        self.to().local_tee(local).local_get(local).i32_const(ask as i32).call(func);
        self.to().local_set(number);
        Some(Word::Local { local: number, ty: ValType::I64, high: false })
    }

    /// The words of locals; objects by their numbers, if they have any.
    fn words(&self, locals: &[u32], types: &[ValType]) -> Vec<Word> {
        let all = locals.iter().zip(types).flat_map(|(&local, &ty)| {
            match self.own.object.filter(|_| is_any(self.module, ty)) {
                Some(func) => vec![Word::Object { local, func }],
                None => words(&[local], &[ty]),
            }
        });
        all.collect()
    }

    /// A branch by the type of a reference: whether it is of the type.
    fn cast(&mut self, op: &Operator<'_>, instruction: &impl Encode) {
        let types = match *op {
            Operator::BrOnCast { from_ref_type, to_ref_type, .. }
            | Operator::BrOnCastFail { from_ref_type, to_ref_type, .. } => {
                Some((from_ref_type, to_ref_type))
            }
            _ => None,
        };
        if let Some((from, to)) = types {
            let local = self.temp(ValType::Ref(from));
            self.to().local_tee(local);
            self.event(What::Branch, Word::IsOf { local, ty: to }, Word::Number(0));
        }
        instruction.encode(&mut self.out.bytes);
    }

    /// The results of an operator that computes, where their types are known.
    fn value(&mut self, op: &Operator<'_>, row: &Row, immediates: &Immediates<'_>) {
        let chosen = match op {
            Operator::TypedSelect { ty } => Some(*ty),
            _ => None,
        };
        let results = row.results.iter();
        let types = results.map(|kind| chosen.or_else(|| self.operand(*kind, immediates)));
        if let Some(types) = types.collect::<Option<Vec<ValType>>>() {
            self.results(What::Value, &types);
        }
    }

    /// The type of an operand or result.
    fn operand(&self, kind: Kind, immediates: &Immediates<'_>) -> Option<ValType> {
        operand_type(self.module, kind, immediates)
    }

    /// The type of addresses of a memory.
    fn address(&self, memory: MemoryIdx) -> ValType {
        address_type(self.module, memory)
    }
}

/// The type of an operand or result of an operator with these immediates, where they say it.
pub(crate) fn operand_type(
    module: &Module,
    kind: Kind,
    immediates: &Immediates<'_>,
) -> Option<ValType> {
    let nth = |immediate, nth: usize| immediates.indices(immediate).nth(nth);
    let memory = |at| nth(Immediate::mem, at).or(immediates.memory()).map(MemoryIdx);
    let table = |at| module.table(TableIdx(nth(Immediate::table, at)?));
    let index = |at| Some(if table(at)?.table64 { ValType::I64 } else { ValType::I32 });
    let address = |at| Some(address_type(module, memory(at)?));
    let smaller = |a: ValType, b: ValType| if a == b { a } else { ValType::I32 };
    match kind {
        Kind::addr => address(0),
        Kind::addr2 => address(1),
        Kind::addr_min => Some(smaller(address(0)?, address(1)?)),
        Kind::index => index(0),
        Kind::index2 => index(1),
        Kind::index_min => Some(smaller(index(0)?, index(1)?)),
        Kind::elem => Some(ValType::Ref(table(0)?.ref_type)),
        Kind::global => {
            let global = immediates.index(Immediate::global)?;
            module.globals().get(global as usize).map(|ty| ty.val)
        }
        Kind::field | Kind::element => {
            let (ty, field) = two_indices(immediates);
            let types = module.types();
            let field = match kind {
                Kind::field => *types.fields(TypeIdx(ty))?.get(field as usize)?,
                _ => types.element(TypeIdx(ty))?,
            };
            Some(unpacked(field.element_type))
        }
        Kind::i31 => Some(ValType::Ref(RefType::I31)),
        other => other.val_type(),
    }
}

/// The types of the operands of an operator on objects, if it has few enough for an event.
fn operands_of_object(module: &Module, opcode: Opcode, two: (u32, u32)) -> Option<Vec<ValType>> {
    Shape::of(module.types(), opcode, two).filter(|shape| shape.operands <= OPERANDS_MAX)?;
    operand_types(module.types(), opcode, two)
}

/// Whether an operand of an operator on objects has words: not a reference that it looks into.
fn has_words(row: &Row, at: usize) -> bool {
    row.params.get(at) != Some(&Kind::ref_)
}

/// The type of what an operator reads out of an object.
fn read_of_object(module: &Module, row: &Row, immediates: &Immediates<'_>) -> Option<ValType> {
    let result = row.results.first().filter(|_| row.class == Class::aggregate);
    operand_type(module, *result?, immediates)
}

/// The words that an operator on objects tells: whether each is of a reference. `numbers`: objects
/// have numbers.
pub(super) fn words_of_object(
    module: &Module,
    row: &Row,
    immediates: &Immediates<'_>,
    numbers: bool,
) -> Vec<bool> {
    let Some(types) = operands_of_object(module, row.opcode, two_indices(immediates)) else {
        return Vec::new();
    };
    let types = types.into_iter().enumerate();
    let told = types.filter(|&(at, _)| numbers || has_words(row, at)).map(|(_, ty)| ty);
    let made = (numbers && row.class == Class::allocate).then_some(ValType::Ref(RefType::ANY));
    let all = made.into_iter().chain(told).chain(read_of_object(module, row, immediates));
    are_references(&all.collect::<Vec<ValType>>())
}

/// Of each word of values of these types, whether it is of a reference.
pub(super) fn are_references(types: &[ValType]) -> Vec<bool> {
    let words = |ty: &ValType| {
        vec![matches!(ty, ValType::Ref(_)); if *ty == ValType::V128 { 2 } else { 1 }]
    };
    types.iter().flat_map(words).collect()
}

/// Whether values of a type may be objects.
fn is_any(module: &Module, ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if module.ref_kind(ty) == RefKind::Any)
}

/// The level at which an operator that makes no object tells of one; `None` if it does not.
fn of_object(opcode: Opcode) -> Option<Level> {
    use Opcode as O;
    match opcode {
        O::StructGet
        | O::StructGetS
        | O::StructGetU
        | O::ArrayGet
        | O::ArrayGetS
        | O::ArrayGetU => Some(Level::Loads),
        O::StructSet
        | O::ArraySet
        | O::ArrayFill
        | O::ArrayCopy
        | O::ArrayInitData
        | O::ArrayInitElem => Some(Level::Stores),
        _ => None,
    }
}

/// The type of addresses of a memory.
pub(crate) fn address_type(module: &Module, memory: MemoryIdx) -> ValType {
    let wide = module.memory(memory).is_some_and(|ty| ty.memory64);
    if wide { ValType::I64 } else { ValType::I32 }
}

/// Kinds of events of operators, some with the lowest level that reports them.
#[derive(Clone, Copy)]
enum Sort {
    Call,
    Access(fn(u32) -> What, Level),
    GlobalSet,
    Effect(Level),
    Object(fn(u32) -> What, Level),
    Cast,
    Condition,
    Value,
    Silent,
}

fn sort(row: &Row) -> Sort {
    use Class as C;
    match row.class {
        C::call | C::call_indirect | C::call_ref => Sort::Call,
        C::load | C::load_lane | C::atomic_load => Sort::Access(What::Load, Level::Loads),
        C::store | C::store_lane | C::atomic_store => Sort::Access(What::Store, Level::Stores),
        C::atomic_rmw | C::atomic_cmpxchg => Sort::Access(What::Update, Level::Stores),
        C::global_set => Sort::GlobalSet,
        // Reading a table is a load, anything else a change.
        C::effect if row.opcode == Opcode::TableGet => Sort::Effect(Level::Loads),
        C::effect => Sort::Effect(Level::Stores),
        C::br_if | C::if_ | C::br_table => Sort::Condition,
        C::aggregate => match of_object(row.opcode) {
            Some(level) => {
                let what = if level == Level::Loads { What::Load } else { What::Effect };
                Sort::Object(what, level)
            }
            None => Sort::Value,
        },
        C::allocate => Sort::Object(What::Effect, Level::Stores),
        C::br_on_cast => Sort::Cast,
        C::pure
        | C::pure2
        | C::trap
        | C::select
        | C::quick
        | C::global_get
        | C::atomic_wait
        | C::atomic_notify => Sort::Value,
        C::constant
        | C::null
        | C::drop_
        | C::nop
        | C::local_get
        | C::local_set
        | C::local_tee
        | C::fence
        | C::unreachable
        | C::block
        | C::loop_
        | C::try_table
        | C::else_
        | C::end
        | C::br
        | C::br_on_null
        | C::br_on_non_null
        | C::return_
        | C::return_call
        | C::return_call_indirect
        | C::return_call_ref
        | C::throw
        | C::throw_ref
        | C::refused => Sort::Silent,
    }
}
