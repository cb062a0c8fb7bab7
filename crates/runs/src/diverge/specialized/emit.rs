//! An operator of one of both functions → the same operator with the code that reports its events.
//!
//! ```text
//! i64.store offset=8   keep p, v   old := i64.load p + 8   i64.store offset=8
//!                      told(p + 8, v, old)
//! call push.stack      keep p, v   old := i64.load p   i64.store p, v
//!                      cell(p)   told(p, 0, v, old)
//! ```
//!
//! 1. The operand stack is unchanged: values that are taken off are put back at once, with no label
//!    between.
//! 2. Generic and specialised functions report loads, stores and effects after they were done.
//!    They report calls, tail calls, returns, throws and changes of globals before.
//! 3. The body stands in a block of the function's results, so that branches to its outermost label
//!    end at the code that reports `Return`.

mod cells;
mod outer;

use super::meaning::Intrinsics;
use super::site::{Site, WORDS, What};
use crate::trace::{Temps, Word, address_type, operand_type, words};
use prova_module::ops::{Class, Immediate, Immediates, Row};
use prova_module::{FuncIdx, FuncType, MemoryIdx, Module, Opcode, Operator, TagIdx, ValType};
use prova_rewrite::{Code, Error};
use wasm_encoder::{BlockType, Encode, InstructionSink};
use wasmparser::{HeapType, RefType, UnpackedIndex};

/// Functions and globals that were added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    /// The first of the imported functions: `told`, `enter`, `falls_back`, `read_reg`, `write_reg`
    /// and `global`.
    pub(super) imports: u32,
    /// The function that notes where cells are, and the globals of the least and the greatest
    /// address.
    pub(super) cell: u32,
    pub(super) bounds: [u32; 2],
}

/// Number of imported functions that are added.
pub(super) const ADDED: u32 = 6;

/// The part of a function in the comparison.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// The generic function in the place of a specialised one. `number` is the index of the
    /// specialised function in the list of all; `fallback` is the generic function in the
    /// specialised module.
    Generic { number: u32, fallback: u32 },
    /// A specialised function, with its index in the list of all.
    Specialized { number: u32 },
    /// Another function, on the side of the generic ones.
    Outer,
}

impl Role {
    /// The number of the specialised function.
    pub(super) fn number(self) -> Option<u32> {
        match self {
            Role::Generic { number, .. } | Role::Specialized { number } => Some(number),
            Role::Outer => None,
        }
    }
}

/// How the functions that a body names are numbered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers<'m> {
    /// The intrinsics, for code of the generic module; `None` for the specialised one.
    pub(super) intrinsics: Option<&'m Intrinsics>,
    /// How many functions the specialised module imports.
    pub(super) imported: u32,
}

impl Numbers<'_> {
    /// A function in the specialised module.
    pub(super) fn specialized(&self, func: u32) -> u32 {
        self.intrinsics.map_or(func, |all| all.renumbered(FuncIdx(func)))
    }

    /// A function of the specialised module in what is written.
    pub(super) fn written(&self, func: u32) -> u32 {
        if func < self.imported { func } else { func + ADDED }
    }
}

/// The body of a function as it is written.
pub(super) struct Body<'m, 's> {
    /// The module of the code.
    pub(super) module: &'m Module,
    pub(super) func: FuncIdx,
    pub(super) role: Role,
    pub(super) own: Own,
    pub(super) numbers: Numbers<'m>,
    /// Whether the results of operators that compute are reported.
    pub(super) values: bool,
    pub(super) sites: &'s mut Vec<Site>,
    pub(super) out: Code,
    /// The local that has the number of the activation.
    pub(super) id: u32,
    /// The locals behind it.
    temps: Temps,
    offset: u32,
    opcode: Opcode,
}

impl<'m, 's> Body<'m, 's> {
    pub(super) fn new(
        module: &'m Module,
        (func, role): (FuncIdx, Role),
        (own, numbers, values): (Own, Numbers<'m>, bool),
        sites: &'s mut Vec<Site>,
        (out, id): (Code, u32),
    ) -> Body<'m, 's> {
        let (temps, opcode, offset) = (Temps::new(id + 1), Opcode::Nop, 0);
        Body { module, func, role, own, numbers, values, sites, out, id, temps, offset, opcode }
    }

    fn to(&mut self) -> InstructionSink<'_> {
        self.out.to()
    }

    fn temp(&mut self, ty: ValType) -> u32 {
        self.temps.one(ty)
    }

    /// Takes the values on top of the stack, of these types.
    fn take(&mut self, types: &[ValType]) -> Vec<u32> {
        let locals = self.temps.each(types);
        for local in locals.iter().rev() {
            self.to().local_set(*local);
        }
        locals
    }

    /// Keeps the values on top of the stack, of these types, which stay there.
    fn keep(&mut self, types: &[ValType]) -> Vec<u32> {
        let locals = self.take(types);
        self.get(&locals);
        locals
    }

    fn get(&mut self, locals: &[u32]) {
        for local in locals {
            self.to().local_get(*local);
        }
    }

    /// Reports all words, [`WORDS`] in each event; at least one event.
    fn tell(&mut self, what: What, of: u64, width: u8, all: &[Word]) {
        let mut chunks: Vec<&[Word]> = all.chunks(WORDS).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        for (nth, chunk) in (0..).zip(chunks) {
            let is_generic = self.numbers.intrinsics.is_some();
            let (func, offset, opcode) = (self.func, self.offset, self.opcode);
            let count = chunk.len() as u8;
            let site = self.sites.len() as i32;
            self.sites.push(Site { func, is_generic, offset, opcode, what, nth, of, count, width });
            let (id, told, outer) = (self.id, self.own.imports, matches!(self.role, Role::Outer));
            let mut to = self.to();
            to.i32_const(site);
            match outer {
                true => to.i64_const(0),
                false => to.local_get(id),
            };
            for at in 0..WORDS {
                chunk.get(at).copied().unwrap_or(Word::Number(0)).push(&mut self.to());
            }
            self.to().call(told);
        }
    }

    /// Reports the entry of a function and opens its block. A generic function asks whether the
    /// specialised one calls the generic function here; if so, it makes the same call and returns.
    pub(super) fn begin(&mut self, offset: u32, results: BlockType) {
        self.offset = offset;
        let Own { imports, .. } = self.own;
        let ty = self.module.func_type(self.func).clone();
        let params: Vec<u32> = (0..ty.params.len() as u32).collect();
        let id = self.id;
        self.to().call(imports + 1).local_set(id);
        self.tell(What::Enter, 0, 0, &words(&params, &ty.params));
        if let Role::Generic { fallback, .. } = self.role {
            self.to().local_get(id).call(imports + 2).if_(BlockType::Empty);
            self.get(&params);
            self.tell(What::Call, fallback.into(), 0, &words(&params, &ty.params));
            let callee = self.numbers.written(fallback);
            self.to().call(callee);
            self.told_results(What::Called, &ty.results);
            self.told_results(What::Return, &ty.results);
            self.to().return_().end();
            self.free();
        }
        self.to().block(results);
    }

    /// Ends the block of the body, reports `Return`, and declares the added locals: first the one
    /// for the number of the activation.
    pub(super) fn finish(mut self) -> Result<Code, Error> {
        if self.role.number().is_some() {
            let results = self.module.func_type(self.func).results.clone();
            self.opcode = Opcode::End;
            self.told_results(What::Return, &results);
            self.to().end();
        }
        self.out.declare(1, ValType::I64)?;
        for ty in self.temps.types() {
            self.out.declare(1, ty)?;
        }
        Ok(self.out)
    }

    fn told_results(&mut self, what: What, types: &[ValType]) {
        let locals = self.keep(types);
        self.tell(what, 0, 0, &words(&locals, types));
    }

    fn free(&mut self) {
        self.temps.free();
    }

    /// Writes an operator with the code that reports its events; `instruction` is the operator with
    /// new indices.
    pub(super) fn step(&mut self, op: &Operator<'_>, instruction: &impl Encode, offset: u32) {
        self.offset = offset;
        self.opcode = Opcode::of(op);
        let (row, immediates) = (self.opcode.row(), Opcode::immediates(op));
        if matches!(self.role, Role::Outer) {
            self.outer(row, &immediates);
            instruction.encode(&mut self.out.bytes);
        } else {
            self.inner(row, &immediates, instruction);
        }
        self.free();
    }

    fn inner(&mut self, row: &Row, immediates: &Immediates<'_>, instruction: &impl Encode) {
        match sort(row.class) {
            Sort::Call => {
                let ty = self.callee(immediates);
                self.operands(What::Call, row, immediates, &ty);
                instruction.encode(&mut self.out.bytes);
                self.told_results(What::Called, &ty.results);
            }
            Sort::TailCall => {
                let ty = self.callee(immediates);
                self.operands(What::TailCall, row, immediates, &ty);
                instruction.encode(&mut self.out.bytes);
            }
            Sort::Return => {
                let results = self.module.func_type(self.func).results.clone();
                self.told_results(What::Return, &results);
                instruction.encode(&mut self.out.bytes);
            }
            Sort::Throw => {
                let tag = immediates.index(Immediate::tag);
                let params = tag.and_then(|tag| self.module.tag(TagIdx(tag)));
                let params = params.map(|ty| ty.params.to_vec()).unwrap_or_default();
                let locals = self.keep(&params);
                self.tell(What::Throw, of(immediates), 0, &words(&locals, &params));
                instruction.encode(&mut self.out.bytes);
            }
            Sort::Load => self.load(row, immediates, instruction),
            Sort::Store => self.store(row, immediates, instruction),
            Sort::GlobalSet => {
                let ty = operand_type(self.module, prova_module::ops::Kind::global, immediates);
                let types = [ty.unwrap_or(ValType::I32)];
                let locals = self.keep(&types);
                self.tell(What::GlobalSet, of(immediates), 0, &words(&locals, &types));
                instruction.encode(&mut self.out.bytes);
            }
            Sort::Effect => self.effect(row, immediates, instruction),
            Sort::Value if self.values => {
                instruction.encode(&mut self.out.bytes);
                let types = row.results.iter();
                let types = types.map(|kind| operand_type(self.module, *kind, immediates));
                if let Some(types) = types.collect::<Option<Vec<ValType>>>() {
                    self.told_results(What::Value, &types);
                }
            }
            Sort::Value | Sort::Silent => instruction.encode(&mut self.out.bytes),
        }
    }

    /// The type of the callee.
    fn callee(&self, immediates: &Immediates<'_>) -> FuncType {
        if let Some(func) = immediates.index(Immediate::func) {
            return self.module.func_type(FuncIdx(func)).clone();
        }
        let ty = immediates.index(Immediate::type_);
        let ty = ty.and_then(|ty| self.module.types().get(ty as usize));
        ty.cloned().unwrap_or_else(|| FuncType::new([], []))
    }

    /// Reports the operands of a call, with the index or the reference of the callee last.
    fn operands(&mut self, what: What, row: &Row, immediates: &Immediates<'_>, ty: &FuncType) {
        let mut types = ty.params.to_vec();
        let func = immediates.index(Immediate::func);
        let of = func.map_or_else(|| of(immediates), |func| self.numbers.specialized(func).into());
        let indirect = matches!(row.class, Class::call_indirect | Class::return_call_indirect);
        let reference = func.is_none() && !indirect;
        let last = match (indirect, reference) {
            (true, _) => operand_type(self.module, prova_module::ops::Kind::index, immediates),
            (_, true) => {
                let index = immediates.index(Immediate::type_).unwrap_or_default();
                let heap = HeapType::Concrete(UnpackedIndex::Module(index));
                RefType::new(true, heap).map(ValType::Ref)
            }
            (false, false) => None,
        };
        types.extend(last);
        let locals = self.keep(&types);
        self.tell(what, of, 0, &words(&locals, &types));
    }

    fn load(&mut self, row: &Row, immediates: &Immediates<'_>, instruction: &impl Encode) {
        let types = self.types(row, immediates);
        let memory = immediates.memory().unwrap_or_default();
        if memory != 0 {
            return instruction.encode(&mut self.out.bytes);
        }
        let kept = self.keep(&types);
        instruction.encode(&mut self.out.bytes);
        let (Some(&local), Some(memarg)) = (kept.first(), immediates.memarg()) else { return };
        let near = matches!(self.role, Role::Generic { .. });
        let kind = row.results.first().and_then(|kind| kind.val_type());
        let ty = kind.unwrap_or(ValType::I32);
        let value = self.keep(&[ty]);
        let (of, offset) = (0, memarg.offset);
        let mut all = vec![Word::Address { local, ty: ValType::I32, offset: Some(offset) }];
        all.extend(words(&value, &[ty]));
        if near && !self.values {
            self.is_near(local, offset);
            self.to().if_(BlockType::Empty);
            self.tell(What::Load, of, row.width, &all);
            self.to().end();
        } else {
            self.tell(What::Load, of, row.width, &all);
        }
    }

    fn store(&mut self, row: &Row, immediates: &Immediates<'_>, instruction: &impl Encode) {
        let types = self.types(row, immediates);
        let memory = immediates.memory().unwrap_or_default();
        let kept = self.keep(&types);
        let (Some(&local), Some(memarg)) = (kept.first(), immediates.memarg()) else {
            return instruction.encode(&mut self.out.bytes);
        };
        let ty = address_type(self.module, MemoryIdx(memory));
        let mut parts = vec![(memarg.offset, row.width.min(8))];
        if row.width == 16 {
            parts.push((memarg.offset.saturating_add(8), 8));
        }
        let mut olds = Vec::new();
        for &(offset, bytes) in &parts {
            Word::Memory { local, memory, offset, bytes }.push(&mut self.to());
            olds.extend(self.take(&[ValType::I64]));
        }
        instruction.encode(&mut self.out.bytes);
        for ((offset, bytes), old) in parts.into_iter().zip(olds) {
            let all = [
                Word::Address { local, ty, offset: Some(offset) },
                Word::Memory { local, memory, offset, bytes },
                Word::Local { local: old, ty: ValType::I64, high: false },
            ];
            self.tell(What::Store, memory.into(), bytes, &all);
        }
    }

    fn effect(&mut self, row: &Row, immediates: &Immediates<'_>, instruction: &impl Encode) {
        let types = self.types(row, immediates);
        if types.len() != row.params.len() {
            return instruction.encode(&mut self.out.bytes);
        }
        let kept = self.keep(&types);
        instruction.encode(&mut self.out.bytes);
        let mut all = words(&kept, &types);
        let result = row.results.first();
        if let Some(ty) = result.and_then(|kind| operand_type(self.module, *kind, immediates)) {
            let value = self.keep(&[ty]);
            all.extend(words(&value, &[ty]));
        }
        self.tell(What::Effect, of(immediates), 0, &all);
    }

    /// The types of operands; fewer, if they are not known.
    fn types(&self, row: &Row, immediates: &Immediates<'_>) -> Vec<ValType> {
        let types = row.params.iter().map(|kind| operand_type(self.module, *kind, immediates));
        types.map_while(|ty| ty).collect()
    }
}

/// Kinds of events of operators.
#[derive(Clone, Copy)]
enum Sort {
    Call,
    TailCall,
    Return,
    Throw,
    Load,
    Store,
    GlobalSet,
    Effect,
    Value,
    Silent,
}

fn sort(class: Class) -> Sort {
    use Class as C;
    match class {
        C::call | C::call_indirect | C::call_ref => Sort::Call,
        C::return_call | C::return_call_indirect | C::return_call_ref => Sort::TailCall,
        C::return_ => Sort::Return,
        C::throw | C::throw_ref => Sort::Throw,
        C::load | C::load_lane | C::atomic_load => Sort::Load,
        C::store | C::store_lane | C::atomic_store => Sort::Store,
        C::global_set => Sort::GlobalSet,
        C::effect | C::atomic_rmw | C::atomic_cmpxchg | C::atomic_wait | C::atomic_notify => {
            Sort::Effect
        }
        C::pure | C::pure2 | C::trap | C::global_get | C::quick => Sort::Value,
        C::select
        | C::constant
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
        | C::if_
        | C::try_table
        | C::else_
        | C::end
        | C::br
        | C::br_if
        | C::br_table
        | C::br_on_null
        | C::br_on_non_null
        | C::br_on_cast
        | C::aggregate
        | C::allocate
        | C::refused => Sort::Silent,
    }
}

/// The indices that an operator names, as one number.
fn of(immediates: &Immediates<'_>) -> u64 {
    let kinds = [
        Immediate::global,
        Immediate::mem,
        Immediate::table,
        Immediate::elem,
        Immediate::data,
        Immediate::tag,
        Immediate::type_,
    ];
    let memory = immediates.memory().map(u64::from);
    let all = kinds.into_iter().flat_map(|kind| immediates.indices(kind)).map(u64::from);
    all.chain(memory).fold(0, |all, index| all.wrapping_mul(1 << 20).wrapping_add(index + 1))
}
