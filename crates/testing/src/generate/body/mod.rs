//! Choices → the body of one structured function: operators on a typed operand stack, locals
//! overwritten under way.
//!
//! `biased` makes the module around it. This file has the state and the operand stack; `control`
//! the structured operators, `exception` throws and catches, `reference` null tests and calls
//! through references, `object` structures, arrays and casts, `plain` the ones that compute, load
//! and store.
//!
//! # Invariants
//! * B1. `stack` is the operand stack's types at the current position, whether control gets there
//!   or not: in dead code the generator goes on with a separate stack, which any dead code may
//!   have.
//! * B2. A branch never goes backwards unless the local `counter` has been counted down since, so
//!   every function ends.
//! * B3. No operator pops below the base of the innermost frame.
//!
//! Fault: the module is refused by validation, which `differential` reports as its own fault.

mod control;
mod exception;
mod object;
mod plain;
mod reference;

use super::biased::{APPLY, HELPERS, IMPORTED, REF_HELPERS, interesting};
use super::operators::{OPERATORS, Ty};
use super::{Rng, Types};
use control::{Frame, FrameKind};
use wasm_encoder::{Encode, Instruction};

/// The types of a function.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) params: Vec<Ty>,
    pub(super) results: Vec<Ty>,
}

/// A function that bodies may call.
#[derive(Clone, Debug)]
pub(super) struct Callee {
    pub(super) func: u32,
    pub(super) signature: Signature,
}

/// A memory of the module.
#[derive(Clone, Debug)]
pub(super) struct MemoryShape {
    pub(super) memory64: bool,
    pub(super) bytes: u64,
}

/// The parts of the module that bodies see.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// The host's functions first, then the helpers; none in a helper.
    pub(super) callees: Vec<Callee>,
    pub(super) globals: Vec<Ty>,
    pub(super) memories: Vec<MemoryShape>,
    /// Whether to leave out float arithmetic.
    pub(super) nan_free: bool,
    pub(super) table_elements: u32,
    /// The values of each tag.
    pub(super) tags: Vec<Vec<Ty>>,
    /// Whether there are objects.
    pub(super) objects: bool,
}

/// A body in the making.
pub(super) struct Body<'a> {
    shape: &'a Shape,
    types: &'a mut Types,
    rng: &'a mut Rng,
    code: Vec<u8>,
    stack: Vec<Ty>,
    frames: Vec<Frame>,
    locals: Vec<Ty>,
    params: usize,
    /// The local that loops count down; no other code names it.
    counter: u32,
    /// The types that this body works with, as a set.
    palette: u16,
    /// Positions in [`OPERATORS`] of the operators on these types.
    operators: Vec<u16>,
    results: Vec<Ty>,
    /// Values below this height stay, even above the frame's base.
    barrier: usize,
}

impl<'a> Body<'a> {
    /// An empty body of a function with this signature.
    pub(super) fn new(
        shape: &'a Shape,
        types: &'a mut Types,
        rng: &'a mut Rng,
        signature: &Signature,
    ) -> Body<'a> {
        let mut locals = signature.params.clone();
        let mut palette = Ty::I32.bit();
        let second = *rng.pick(&Ty::NUMBERS);
        while locals.len() < 5 && (locals.len() < 2 || rng.percent(50)) {
            locals.push(if rng.percent(60) { Ty::I32 } else { second });
        }
        for (ty, percent) in [(Ty::Ref, 35), (Ty::Exn, 35), (Ty::Func, 12)] {
            if rng.percent(percent) {
                locals.push(ty);
            }
        }
        for ty in Ty::OBJECTS.into_iter().filter(|_| shape.objects) {
            if rng.percent(60) {
                locals.push(ty);
            }
        }
        for ty in locals.iter().chain(&signature.results) {
            palette |= ty.bit();
        }
        let counter = locals.len() as u32;
        let results = signature.results.clone();
        let body =
            Frame { kind: FrameKind::Func, base: 0, params: Vec::new(), results: results.clone() };
        let fits = |op: &super::operators::Plain| {
            op.types & !palette == 0 && !(shape.nan_free && op.makes_nan) && !op.is_memory()
        };
        let all = OPERATORS.iter().enumerate();
        let operators = all.filter(|(_, op)| fits(op)).map(|(i, _)| i as u16).collect();
        Body {
            shape,
            types,
            rng,
            code: Vec::new(),
            stack: Vec::new(),
            frames: vec![body],
            params: signature.params.len(),
            locals,
            counter,
            palette,
            operators,
            results,
            barrier: 0,
        }
    }

    /// Writes about `size` operators and gives the code entry without its size.
    pub(super) fn write(mut self, size: usize) -> Vec<u8> {
        let declared = &self.locals[self.params..];
        (declared.len() as u32 + 1).encode(&mut self.code);
        for ty in declared {
            1u32.encode(&mut self.code);
            ty.encoder().encode(&mut self.code);
        }
        1u32.encode(&mut self.code);
        Ty::I32.encoder().encode(&mut self.code);
        let iterations = self.rng.between(1, 12) as i32;
        self.emit(&Instruction::I32Const(iterations));
        self.emit(&Instruction::LocalSet(self.counter));
        for _ in 0..size {
            self.step();
        }
        while self.frames.len() > 1 {
            self.close();
        }
        let results = self.results.clone();
        self.fit(&results);
        self.emit(&Instruction::End);
        self.code
    }

    fn step(&mut self) {
        let calls = if self.shape.callees.is_empty() { 0 } else { 5 };
        let depth = self.frames.len();
        let open = if depth < 7 { 24 } else { 0 };
        let close = if depth > 1 { 6 + 2 * depth } else { 0 };
        let tries = if depth < 6 { 5 } else { 0 };
        // Inside a `try_table` something should throw.
        let inside = self.frames.iter().any(|frame| frame.kind == FrameKind::Try);
        let throws = if inside { 8 } else { 1 };
        let objects = if self.shape.objects { 30 } else { 0 };
        let weights =
            [24, 16, 8, 14, open, close, 16, calls, 6, 5, 4, 2, tries, throws, 6, objects];
        match self.rng.weighted(&weights) {
            0 => self.local_get(),
            1 => self.local_set(),
            2 => self.constant_or_global(),
            3 => self.compute(),
            4 => self.open(),
            5 => self.close(),
            6 => self.branch(),
            7 => self.call(),
            8 => self.access(),
            9 => self.select(),
            10 => self.global_set_or_drop(),
            11 => self.bulk(),
            12 => self.open_try(),
            13 => self.throw(),
            14 => self.reference(),
            _ => self.object(),
        }
    }

    fn emit(&mut self, instruction: &Instruction<'_>) {
        instruction.encode(&mut self.code);
    }

    /// The number of values that may be popped (B3).
    fn available(&self) -> usize {
        self.stack.len() - self.base()
    }

    fn base(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.base).max(self.barrier)
    }

    /// The type on top, if it may be popped.
    fn top(&self) -> Option<Ty> {
        if self.available() == 0 { None } else { self.stack.last().copied() }
    }

    fn ty(&mut self) -> Ty {
        let all = Ty::NUMBERS.into_iter().chain(Ty::REFERENCES).chain(Ty::OBJECTS);
        let types: Vec<Ty> = all.filter(|ty| ty.bit() & self.palette != 0).collect();
        if self.rng.percent(40) { Ty::I32 } else { *self.rng.pick(&types) }
    }

    /// A list of up to `max` types.
    fn type_list(&mut self, max: usize) -> Vec<Ty> {
        let len = self.rng.below(max + 1);
        (0..len).map(|_| self.ty()).collect()
    }

    fn local_of(&mut self, ty: Ty) -> Option<u32> {
        let all = self.locals.iter().enumerate();
        let fitting: Vec<u32> = all.filter(|(_, t)| **t == ty).map(|(i, _)| i as u32).collect();
        if fitting.is_empty() { None } else { Some(*self.rng.pick(&fitting)) }
    }

    fn local_get(&mut self) {
        let local = self.rng.below(self.locals.len());
        self.emit(&Instruction::LocalGet(local as u32));
        self.stack.push(self.locals[local]);
    }

    /// Overwrites a local, with what is on top if some local has its type.
    fn local_set(&mut self) {
        let on_top = self.top().and_then(|ty| self.local_of(ty));
        let local = match on_top {
            Some(local) if self.rng.percent(60) => local,
            _ => {
                let local = self.rng.below(self.locals.len()) as u32;
                if self.rng.percent(50) && self.palette_op_giving(self.locals[local as usize]) {
                    // The producer's result is on top: a destination to be renamed.
                } else {
                    self.push(self.locals[local as usize]);
                }
                local
            }
        };
        if self.rng.percent(70) {
            self.stack.pop();
            self.emit(&Instruction::LocalSet(local));
        } else {
            self.emit(&Instruction::LocalTee(local));
        }
    }

    fn constant_or_global(&mut self) {
        if self.rng.percent(70) {
            let ty = self.ty();
            self.constant(ty);
        } else {
            let global = self.rng.below(self.shape.globals.len());
            self.emit(&Instruction::GlobalGet(global as u32));
            self.stack.push(self.shape.globals[global]);
        }
    }

    fn global_set_or_drop(&mut self) {
        if self.top().is_some() && self.rng.percent(40) {
            self.stack.pop();
            return self.emit(&Instruction::Drop);
        }
        let global = self.rng.below(self.shape.globals.len());
        self.need(&[self.shape.globals[global]]);
        self.stack.pop();
        self.emit(&Instruction::GlobalSet(global as u32));
    }

    /// Takes the top of the stack, mostly into a global, where a wrong value is seen at the end.
    fn observe(&mut self) {
        let mut ty = self.stack.pop();
        if ty.is_some_and(Ty::is_reference) && self.rng.percent(60) {
            self.emit(&Instruction::RefIsNull);
            ty = Some(Ty::I32);
        }
        let global = self.shape.globals.iter().position(|t| Some(*t) == ty);
        let Some(global) = global.filter(|_| self.rng.percent(75)) else {
            return self.emit(&Instruction::Drop);
        };
        let sum = match ty {
            Some(Ty::I32) => Some(Instruction::I32Add),
            Some(Ty::I64) => Some(Instruction::I64Add),
            _ => None,
        };
        if let Some(sum) = sum {
            self.emit(&Instruction::GlobalGet(global as u32));
            self.emit(&sum);
        }
        self.emit(&Instruction::GlobalSet(global as u32));
    }

    fn constant(&mut self, ty: Ty) {
        if Ty::OBJECTS.contains(&ty) {
            return self.new_object(ty);
        }
        let bits = interesting(self.rng, ty);
        let instruction = match ty {
            Ty::I32 => Instruction::I32Const(bits as i32),
            Ty::I64 => Instruction::I64Const(bits as i64),
            Ty::F32 => Instruction::F32Const(f32::from_bits(bits as u32).into()),
            Ty::F64 => Instruction::F64Const(f64::from_bits(bits).into()),
            Ty::V128 => {
                Instruction::V128Const(i128::from(bits) << 64 | i128::from(self.rng.bits() >> 8))
            }
            Ty::Func if self.rng.percent(50) => {
                Instruction::RefFunc(IMPORTED + self.rng.below(HELPERS as usize) as u32)
            }
            Ty::Ref if self.rng.percent(85) => {
                Instruction::RefFunc(IMPORTED + self.rng.below(REF_HELPERS as usize) as u32)
            }
            Ty::Func | Ty::Exn | Ty::Ref | Ty::Any | Ty::Pair | Ty::Bytes => {
                Instruction::RefNull(ty.heap_type())
            }
        };
        self.emit(&instruction);
        self.stack.push(ty);
    }

    /// Pushes a value of a type: a local if it can.
    fn push(&mut self, ty: Ty) {
        match self.local_of(ty) {
            Some(local) if self.rng.percent(80) => {
                self.emit(&Instruction::LocalGet(local));
                self.stack.push(ty);
            }
            _ => self.constant(ty),
        }
    }

    /// Makes the top of the stack have these types, bottom first: what is there already may stay.
    fn need(&mut self, types: &[Ty]) {
        let n = types.len();
        let there = self.available() >= n && self.stack[self.stack.len() - n..] == *types;
        if there && self.rng.percent(75) {
            return;
        }
        for &ty in types {
            self.push(ty);
        }
    }

    /// Makes the values of the innermost frame exactly these.
    fn fit(&mut self, types: &[Ty]) {
        let values = &self.stack[self.base()..];
        let same = values.iter().zip(types).take_while(|(a, b)| a == b).count();
        for _ in same..values.len() {
            self.observe();
        }
        for &ty in &types[same..] {
            self.push(ty);
        }
    }
}
