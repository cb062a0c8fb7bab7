//! The bytes of a body: [`write()`] and [`read`], inverse to each other.
//!
//! ```text
//! blocks: origin, offset, parameters, instructions, terminator, offset
//! ```
//!
//! * B1. A value is written as its distance from the next one that is to be made, an offset as its
//!   distance from the offset before; the first is counted from the function's start. So the bytes
//!   are short, and the bytes of one function in two places of a module are the same.
//! * B2. Functions have the numbers that the caller's closure gives them.
//! * B3. Numbers that a body cannot have are refused here; the other rules of a body are for
//!   [`prova_ssa::replace::LooseBody`] to check.
//!
//! Limits: bodies that catch exceptions or have metering have no bytes. Time and memory are linear.

use super::bytes::{Reader, put, put_signed};
use super::types;
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode, ValType};
use prova_ssa::{
    Access, Arg, ArgKind, Assembler, Block, Body, Call, Def, Edge, Imm, InstData, List, Metering,
    Op, Origin, Place, Terminator, Value,
};

/// Writes a body whose function starts at an offset; `None` if it has no bytes.
pub(super) fn write(
    out: &mut Vec<u8>,
    body: &Body,
    start: u32,
    func: impl Fn(FuncIdx) -> FuncIdx,
) -> Option<()> {
    if body.metering() != Metering::NONE {
        return None;
    }
    let mut writer = Writer { out, body, last: start, next: 0, func };
    put(writer.out, body.block_count() as u64);
    for (block, data) in body.blocks() {
        writer.head(block)?;
        put(writer.out, data.insts().len() as u64);
        for inst in data.insts() {
            writer.inst(body.inst(inst))?;
        }
        writer.terminator(&data.terminator)?;
        writer.offset(data.end);
    }
    Some(())
}

struct Writer<'w, F> {
    out: &'w mut Vec<u8>,
    body: &'w Body,
    /// The last offset.
    last: u32,
    /// The next value.
    next: u32,
    func: F,
}

impl<F: Fn(FuncIdx) -> FuncIdx> Writer<'_, F> {
    fn offset(&mut self, offset: u32) {
        put_signed(self.out, offset.wrapping_sub(self.last) as i32);
        self.last = offset;
    }

    fn head(&mut self, block: Block) -> Option<()> {
        let data = self.body.block(block);
        let (tag, index) = match data.origin {
            Origin::None => (0, None),
            Origin::Entry => (1, None),
            Origin::After => (2, None),
            Origin::Label(index) => (3, Some(index)),
            Origin::Then(index) => (4, Some(index)),
            Origin::Else(index) => (5, Some(index)),
            Origin::Handler(index) => (6, Some(index)),
        };
        self.out.push(tag);
        index.into_iter().for_each(|index| put(self.out, index));
        self.offset(data.offset);
        put(self.out, data.params().len() as u64);
        for param in data.params() {
            let value = self.body.value(param);
            types::write(self.out, value.ty)?;
            let (tag, index) = match value.def {
                Def::Param(.., Place::None) | Def::Result(..) => (0, None),
                Def::Param(.., Place::Local(local)) => (1, Some(local)),
                Def::Param(.., Place::Stack(position)) => (2, Some(position)),
            };
            self.out.push(tag);
            index.into_iter().for_each(|index| put(self.out, index));
            self.next += 1;
        }
        Some(())
    }

    fn inst(&mut self, data: &InstData) -> Option<()> {
        let Op::Wasm(opcode) = data.op else { return None };
        self.operator(opcode, data.imm)?;
        self.values(data.args);
        put(self.out, data.results().len() as u64);
        for result in data.results() {
            types::write(self.out, self.body.value(result).ty)?;
            self.next += 1;
        }
        self.offset(data.offset);
        Some(())
    }

    fn operator(&mut self, opcode: Opcode, imm: Imm) -> Option<()> {
        put(self.out, opcode as u16);
        let names_func = imm.index(opcode, Immediate::func).is_some();
        let (tag, numbers): (u8, [Option<u64>; 2]) = match imm {
            Imm::None => (0, [None, None]),
            Imm::Bits(bits) => (1, [Some(bits), None]),
            Imm::Wide([low, high]) => (2, [Some(low), Some(high)]),
            Imm::Index(index) if names_func => {
                (3, [Some((self.func)(FuncIdx(index)).0.into()), None])
            }
            Imm::Index(index) => (3, [Some(index.into()), None]),
            Imm::Indices(..) if names_func => return None,
            Imm::Indices(first, second) => (4, [Some(first.into()), Some(second.into())]),
            Imm::Access(Access { offset, memory, align_log2, lane }) => {
                self.out.extend([5, align_log2, lane]);
                put(self.out, offset);
                put(self.out, memory);
                return Some(());
            }
            Imm::Lane(lane) => (6, [Some(lane.into()), None]),
            Imm::Type(ty) => {
                self.out.push(7);
                return types::write(self.out, ty);
            }
            Imm::Heap(heap) => {
                self.out.push(8);
                return types::write_heap(self.out, heap);
            }
        };
        self.out.push(tag);
        numbers.into_iter().flatten().for_each(|number| put(self.out, number));
        Some(())
    }

    fn value(&mut self, value: Value) {
        put(self.out, self.next.wrapping_sub(value.as_u32()));
    }

    fn values(&mut self, list: List<Value>) {
        let values = self.body.operands(list);
        put(self.out, values.len() as u64);
        values.iter().for_each(|value| self.value(*value));
    }

    fn edge(&mut self, edge: &Edge) {
        put(self.out, edge.block.as_u32());
        let args = self.body.args(edge);
        put(self.out, args.len() as u64);
        for arg in args {
            let number = match arg.kind() {
                ArgKind::Value(value) => u64::from(self.next.wrapping_sub(value.as_u32())) << 1,
                ArgKind::Payload(number) => u64::from(number) << 1 | 1,
            };
            put(self.out, number);
        }
    }

    fn terminator(&mut self, terminator: &Terminator) -> Option<()> {
        match terminator {
            Terminator::Jump(edge) => {
                self.out.push(b'j');
                self.edge(edge);
            }
            Terminator::Branch { condition, then, otherwise } => {
                self.out.push(b'b');
                self.value(*condition);
                self.edge(then);
                self.edge(otherwise);
            }
            Terminator::Table { index, edges, targets } => {
                self.out.push(b't');
                self.value(*index);
                let (edges, targets) = (self.body.edges(*edges), self.body.targets(*targets));
                put(self.out, edges.len() as u64);
                edges.iter().for_each(|edge| self.edge(edge));
                put(self.out, targets.len() as u64);
                targets.iter().for_each(|target| put(self.out, *target));
            }
            Terminator::Null { reference, null, non_null } => {
                self.out.push(b'n');
                self.value(*reference);
                self.edge(null);
                self.edge(non_null);
            }
            Terminator::Throw { opcode, imm, args, handler: None } => {
                self.out.push(b'h');
                self.operator(*opcode, *imm)?;
                self.values(*args);
            }
            Terminator::Return(list) => {
                self.out.push(b'r');
                self.values(*list);
            }
            Terminator::TailCall(call) => {
                self.out.push(b'c');
                self.operator(call.opcode, call.imm)?;
                self.values(call.args);
            }
            Terminator::Unreachable => self.out.push(b'u'),
            Terminator::Invoke { .. }
            | Terminator::Cast { .. }
            | Terminator::Catch { .. }
            | Terminator::Throw { handler: Some(_), .. } => return None,
        }
        Some(())
    }
}

/// Reads a body of a function that starts at an offset; `None` if the bytes are not of this form.
pub(super) fn read(from: &mut Reader<'_>, func: FuncIdx, start: u32) -> Option<Body> {
    let out = Assembler::new(func, Metering::NONE);
    let (values, kinds) = (Vec::new(), Vec::new());
    let mut parser = Parser { from, out, last: start, next: 0, values, kinds };
    for _ in 0..parser.from.number()? {
        parser.head()?;
        for _ in 0..parser.from.number()? {
            parser.inst()?;
        }
        let terminator = parser.terminator()?;
        let end = parser.offset()?;
        parser.out.end(terminator, end);
    }
    Some(parser.out.finish()).filter(|body| body.block_count() > 0)
}

struct Parser<'p, 'b> {
    from: &'p mut Reader<'b>,
    out: Assembler,
    last: u32,
    next: u32,
    /// Operands of an instruction, and the types of its results.
    values: Vec<Value>,
    kinds: Vec<ValType>,
}

impl Parser<'_, '_> {
    fn offset(&mut self) -> Option<u32> {
        self.last = self.last.wrapping_add(self.from.signed()? as u32);
        Some(self.last)
    }

    fn head(&mut self) -> Option<()> {
        let origin = match self.from.byte()? {
            0 => Origin::None,
            1 => Origin::Entry,
            2 => Origin::After,
            3 => Origin::Label(self.from.number32()?),
            4 => Origin::Then(self.from.number32()?),
            5 => Origin::Else(self.from.number32()?),
            6 => Origin::Handler(self.from.number32()?),
            _other => return None,
        };
        let offset = self.offset()?;
        self.out.block(origin, offset);
        for _ in 0..self.from.number()? {
            let ty = types::read(self.from)?;
            let place = match self.from.byte()? {
                0 => Place::None,
                1 => Place::Local(self.from.number32()?),
                2 => Place::Stack(self.from.number32()?),
                _other => return None,
            };
            self.out.param(ty, place);
            self.next += 1;
        }
        Some(())
    }

    fn inst(&mut self) -> Option<()> {
        let (opcode, imm) = self.operator()?;
        self.operands()?;
        self.kinds.clear();
        for _ in 0..self.from.number()? {
            self.kinds.push(types::read(self.from)?);
        }
        let offset = self.offset()?;
        self.next += self.kinds.len() as u32;
        let kinds = self.kinds.iter().copied();
        self.out.inst(Op::Wasm(opcode), imm, &self.values, kinds, offset);
        Some(())
    }

    fn operator(&mut self) -> Option<(Opcode, Imm)> {
        let number = self.from.number32()? as usize;
        let opcode = *Opcode::ALL.get(number).filter(|opcode| opcode.class() != Class::refused)?;
        let from = &mut *self.from;
        let imm = match from.byte()? {
            0 => Imm::None,
            1 => Imm::Bits(from.number()?),
            2 => Imm::Wide([from.number()?, from.number()?]),
            3 => Imm::Index(from.number32()?),
            4 => Imm::Indices(from.number32()?, from.number32()?),
            5 => {
                let (align_log2, lane) = (from.byte()?, from.byte()?);
                let (offset, memory) = (from.number()?, from.number32()?);
                Imm::Access(Access { offset, memory, align_log2, lane })
            }
            6 => Imm::Lane(u8::try_from(from.number()?).ok()?),
            7 => Imm::Type(types::read(from)?),
            8 => Imm::Heap(types::read_heap(from)?),
            _other => return None,
        };
        imm.fits(opcode).then_some((opcode, imm))
    }

    fn value_at(&self, distance: u32) -> Option<Value> {
        // Those above are payloads.
        let number = self.next.wrapping_sub(distance);
        (number <= i32::MAX as u32).then(|| Value::from_u32(number))
    }

    fn value(&mut self) -> Option<Value> {
        let distance = self.from.number32()?;
        self.value_at(distance)
    }

    /// Reads operands to `values`.
    fn operands(&mut self) -> Option<()> {
        self.values.clear();
        for _ in 0..self.from.number()? {
            let value = self.value()?;
            self.values.push(value);
        }
        Some(())
    }

    fn list(&mut self) -> Option<List<Value>> {
        self.operands()?;
        Some(self.out.operands(&self.values))
    }

    fn edge(&mut self) -> Option<Edge> {
        let block = Block::from_u32(self.from.index()?);
        let mut args = Vec::new();
        for _ in 0..self.from.number()? {
            let number = self.from.number()?;
            let half = u32::try_from(number >> 1).ok()?;
            args.push(match number & 1 {
                0 => Arg::from(self.value_at(half)?),
                _ => Arg::payload(Some(half).filter(|half| *half <= i32::MAX as u32)?),
            });
        }
        Some(self.out.edge(block, &args))
    }

    fn terminator(&mut self) -> Option<Terminator> {
        Some(match self.from.byte()? {
            b'j' => Terminator::Jump(self.edge()?),
            b'b' => {
                let condition = self.value()?;
                let (then, otherwise) = (self.edge()?, self.edge()?);
                Terminator::Branch { condition, then, otherwise }
            }
            b't' => {
                let (index, mut edges, mut targets) = (self.value()?, Vec::new(), Vec::new());
                for _ in 0..self.from.number()? {
                    edges.push(self.edge()?);
                }
                for _ in 0..self.from.number()? {
                    targets.push(self.from.number32()?);
                }
                let (edges, targets) = (self.out.edges(&edges), self.out.targets(&targets));
                Terminator::Table { index, edges, targets }
            }
            b'n' => {
                let reference = self.value()?;
                let (null, non_null) = (self.edge()?, self.edge()?);
                Terminator::Null { reference, null, non_null }
            }
            b'h' => {
                let (opcode, imm) = self.operator()?;
                Terminator::Throw { opcode, imm, args: self.list()?, handler: None }
            }
            b'r' => Terminator::Return(self.list()?),
            b'c' => {
                let (opcode, imm) = self.operator()?;
                Terminator::TailCall(Call { opcode, imm, args: self.list()? })
            }
            b'u' => Terminator::Unreachable,
            _other => return None,
        })
    }
}
