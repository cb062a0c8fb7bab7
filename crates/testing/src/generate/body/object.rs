//! Structures, arrays and small integers of a generated body: made, read, written, compared, and
//! told apart by casts with and without branches.
//!
//! Objects are fresh half of the time, so that few functions end at a null reference. A structure
//! of the subtype counts as one of the supertype as soon as it is made.

use super::{Body, Ty};
use crate::generate::types::{PAIR_FIELDS, REFS, TRIPLE, TRIPLE_FIELDS, WORDS};
use wasm_encoder::{HeapType, Instruction, RefType};

/// Elements of arrays that are made here, and the greatest index plus one that is used: one read
/// in four is out of bounds at most.
const ELEMENTS: usize = 4;

impl Body<'_> {
    /// An operator on objects.
    pub(super) fn object(&mut self) {
        match self.rng.below(20) {
            0 | 1 => self.new_structure(),
            2..=4 => self.field_get(),
            5 | 6 => self.field_set(),
            7 => self.new_array(),
            8 | 9 => self.element_get(),
            10 => self.element_set(),
            11 => self.array_bulk(),
            12 => self.other_arrays(),
            13 => self.small_integer(),
            14 => self.upcast(),
            15 => self.test(),
            16 => self.cast(),
            17 => self.compare(),
            18 => self.br_on_cast(),
            _ => self.br_on_cast_fail(),
        }
    }

    /// Pushes a new object of a type, or null.
    pub(super) fn new_object(&mut self, ty: Ty) {
        let new = self.rng.percent(70);
        match ty {
            Ty::Pair if new => {
                let ty = if self.rng.percent(30) { TRIPLE } else { Ty::PAIR };
                self.emit(&Instruction::StructNewDefault(ty));
            }
            Ty::Bytes if new => {
                self.emit(&Instruction::I32Const(ELEMENTS as i32));
                self.emit(&Instruction::ArrayNewDefault(Ty::BYTES));
            }
            Ty::Any if new => {
                let number = self.rng.bits() as i32 >> self.rng.below(32);
                self.emit(&Instruction::I32Const(number));
                self.emit(&Instruction::RefI31);
            }
            _ => self.emit(&Instruction::RefNull(ty.heap_type())),
        }
        self.stack.push(ty);
    }

    /// Pushes an object, which is new half of the time.
    fn some(&mut self, ty: Ty) {
        if self.rng.percent(50) { self.new_object(ty) } else { self.push(ty) }
    }

    /// An operator that takes these values and gives this one.
    fn taking(&mut self, takes: usize, instruction: &Instruction<'_>, gives: Option<Ty>) {
        self.emit(instruction);
        let below = self.stack.len() - takes;
        self.stack.truncate(below);
        self.stack.extend(gives);
    }

    fn small_index(&mut self) {
        let index = self.rng.below(ELEMENTS + 1);
        self.emit(&Instruction::I32Const(index as i32));
        self.stack.push(Ty::I32);
    }

    fn new_structure(&mut self) {
        let triple = self.rng.percent(40);
        let mut fields = PAIR_FIELDS.to_vec();
        let ty = if triple { TRIPLE } else { Ty::PAIR };
        if triple {
            fields.extend(TRIPLE_FIELDS);
        }
        self.need(&fields);
        self.taking(fields.len(), &Instruction::StructNew(ty), Some(Ty::Pair));
    }

    fn field_get(&mut self) {
        let field = self.rng.below(PAIR_FIELDS.len() + TRIPLE_FIELDS.len());
        let Some(&ty) = PAIR_FIELDS.get(field) else {
            // Only a fresh one is known to have it.
            self.emit(&Instruction::StructNewDefault(TRIPLE));
            self.stack.push(Ty::Pair);
            let field_index = field as u32;
            let get = Instruction::StructGet { struct_type_index: TRIPLE, field_index };
            return self.taking(1, &get, Some(TRIPLE_FIELDS[field - PAIR_FIELDS.len()]));
        };
        self.some(Ty::Pair);
        let (struct_type_index, field_index) = (Ty::PAIR, field as u32);
        let packed = field + 1 == PAIR_FIELDS.len();
        let get = match (packed, self.rng.percent(50)) {
            (false, _) => Instruction::StructGet { struct_type_index, field_index },
            (true, true) => Instruction::StructGetS { struct_type_index, field_index },
            (true, false) => Instruction::StructGetU { struct_type_index, field_index },
        };
        self.taking(1, &get, Some(ty));
    }

    fn field_set(&mut self) {
        let field = self.rng.below(PAIR_FIELDS.len());
        self.push(Ty::Pair);
        self.push(PAIR_FIELDS[field]);
        let (struct_type_index, field_index) = (Ty::PAIR, field as u32);
        self.taking(2, &Instruction::StructSet { struct_type_index, field_index }, None);
    }

    fn new_array(&mut self) {
        let (array_type_index, bytes) = (Ty::BYTES, Some(Ty::Bytes));
        match self.rng.below(3) {
            0 => {
                self.push(Ty::I32);
                self.small_index();
                self.taking(2, &Instruction::ArrayNew(array_type_index), bytes);
            }
            1 => {
                let array_size = self.rng.below(ELEMENTS) as u32;
                (0..array_size).for_each(|_| self.push(Ty::I32));
                let new = Instruction::ArrayNewFixed { array_type_index, array_size };
                self.taking(array_size as usize, &new, bytes);
            }
            _ => {
                self.small_index();
                self.small_index();
                let new = Instruction::ArrayNewData { array_type_index, array_data_index: 0 };
                self.taking(2, &new, bytes);
            }
        }
    }

    fn element_get(&mut self) {
        self.some(Ty::Bytes);
        if self.rng.percent(30) {
            return self.taking(1, &Instruction::ArrayLen, Some(Ty::I32));
        }
        self.small_index();
        let get = match self.rng.percent(50) {
            true => Instruction::ArrayGetS(Ty::BYTES),
            false => Instruction::ArrayGetU(Ty::BYTES),
        };
        self.taking(2, &get, Some(Ty::I32));
    }

    fn element_set(&mut self) {
        self.push(Ty::Bytes);
        self.small_index();
        self.push(Ty::I32);
        self.taking(3, &Instruction::ArraySet(Ty::BYTES), None);
    }

    fn array_bulk(&mut self) {
        self.push(Ty::Bytes);
        self.small_index();
        match self.rng.below(3) {
            0 => {
                self.push(Ty::I32);
                self.small_index();
                self.taking(4, &Instruction::ArrayFill(Ty::BYTES), None);
            }
            1 => {
                self.some(Ty::Bytes);
                self.small_index();
                self.small_index();
                let copy = Instruction::ArrayCopy {
                    array_type_index_dst: Ty::BYTES,
                    array_type_index_src: Ty::BYTES,
                };
                self.taking(5, &copy, None);
            }
            _ => {
                self.small_index();
                self.small_index();
                let init =
                    Instruction::ArrayInitData { array_type_index: Ty::BYTES, array_data_index: 0 };
                self.taking(4, &init, None);
            }
        }
    }

    /// An array of words or references that no local holds.
    fn other_arrays(&mut self) {
        let (array_type_index, element) =
            if self.rng.percent(50) { (WORDS, Ty::I64) } else { (REFS, Ty::Any) };
        let array_size = self.rng.between(1, ELEMENTS) as u32;
        (0..array_size).for_each(|_| self.push(element));
        let new = Instruction::ArrayNewFixed { array_type_index, array_size };
        self.taking(array_size as usize, &new, Some(Ty::Any));
        self.small_index();
        self.taking(2, &Instruction::ArrayGet(array_type_index), Some(element));
    }

    fn small_integer(&mut self) {
        self.need(&[Ty::I32]);
        self.taking(1, &Instruction::RefI31, Some(Ty::Any));
        if self.rng.percent(60) {
            let get =
                if self.rng.percent(50) { Instruction::I31GetS } else { Instruction::I31GetU };
            self.taking(1, &get, Some(Ty::I32));
        }
    }

    /// A reference counts as one to anything, or goes to the host's references and back.
    fn upcast(&mut self) {
        match self.top() {
            Some(Ty::Pair | Ty::Bytes) => {
                self.stack.pop();
                self.stack.push(Ty::Any);
            }
            _ => {
                self.push(Ty::Any);
                self.emit(&Instruction::ExternConvertAny);
                self.emit(&Instruction::AnyConvertExtern);
            }
        }
    }

    /// A type to ask for, and what a value of it counts as.
    fn target(&mut self) -> (HeapType, Ty) {
        match self.rng.below(5) {
            0 | 1 => (HeapType::Concrete(Ty::PAIR), Ty::Pair),
            2 => (HeapType::Concrete(TRIPLE), Ty::Pair),
            3 => (HeapType::Concrete(Ty::BYTES), Ty::Bytes),
            _ => (HeapType::I31, Ty::Any),
        }
    }

    /// Pushes a reference to anything; often it is one of a type.
    fn anything(&mut self) {
        if self.rng.percent(50) {
            return self.push(Ty::Any);
        }
        let ty = if self.rng.percent(60) { Ty::Pair } else { Ty::Bytes };
        self.some(ty);
        self.stack.pop();
        self.stack.push(Ty::Any);
    }

    fn test(&mut self) {
        self.anything();
        let (heap, _) = self.target();
        let test = match self.rng.percent(50) {
            true => Instruction::RefTestNonNull(heap),
            false => Instruction::RefTestNullable(heap),
        };
        self.taking(1, &test, Some(Ty::I32));
    }

    /// A cast, mostly of what is of the type.
    fn cast(&mut self) {
        let (heap, ty) = self.target();
        if self.rng.percent(15) || heap == HeapType::I31 {
            self.anything();
        } else if heap == HeapType::Concrete(TRIPLE) {
            self.emit(&Instruction::StructNewDefault(TRIPLE));
            self.stack.push(Ty::Any);
        } else {
            self.some(ty);
        }
        self.taking(1, &Instruction::RefCastNullable(heap), Some(ty));
    }

    fn compare(&mut self) {
        let pick = |body: &mut Self| {
            let ty = if body.rng.percent(70) { Ty::Pair } else { Ty::Bytes };
            body.some(ty);
        };
        pick(self);
        pick(self);
        self.taking(2, &Instruction::RefEq, Some(Ty::I32));
    }

    /// To the end of a block that gives a reference of the type, or to a label around that takes
    /// one, which does not count (B2).
    fn br_on_cast(&mut self) {
        let (heap_type, ty) = self.target();
        let to_ref_type = RefType { nullable: self.rng.percent(50), heap_type };
        let from_ref_type = RefType { nullable: true, heap_type: HeapType::ANY };
        let depth = self.frames.len();
        let fits = |&relative: &usize| {
            let frame = &self.frames[depth - 1 - relative];
            frame.label().last() == Some(&ty) && !frame.must_count()
        };
        let fitting: Vec<usize> = (0..depth).filter(fits).collect();
        if let Some(&relative) = fitting.first() {
            let (types, _) = self.label(relative);
            self.need(&types[..types.len() - 1]);
            self.anything();
            let relative_depth = relative as u32;
            self.emit(&Instruction::BrOnCast { relative_depth, from_ref_type, to_ref_type });
            return;
        }
        self.in_block(ty, |body| {
            body.anything();
            body.emit(&Instruction::BrOnCast { relative_depth: 0, from_ref_type, to_ref_type });
        });
    }

    fn br_on_cast_fail(&mut self) {
        let (heap_type, ty) = self.target();
        let nullable = self.rng.percent(50);
        let to_ref_type = RefType { nullable, heap_type };
        let from_ref_type = RefType { nullable: true, heap_type: HeapType::ANY };
        self.in_block(Ty::Any, |body| {
            body.anything();
            body.emit(&Instruction::BrOnCastFail { relative_depth: 0, from_ref_type, to_ref_type });
            body.stack.pop();
            body.stack.push(ty);
        });
    }

    /// A block that gives a value of a type, by a branch in it and at its end; what lies on the
    /// stack after the branch is used or dropped.
    fn in_block(&mut self, ty: Ty, inside: impl FnOnce(&mut Self)) {
        let block = self.types.block(&[], &[ty]);
        self.emit(&Instruction::Block(block));
        let value = self.stack.len();
        let before = std::mem::replace(&mut self.barrier, value);
        inside(self);
        while self.stack.len() > value {
            self.observe();
        }
        self.constant(ty);
        self.emit(&Instruction::End);
        self.barrier = before;
    }
}
