//! How a specialised function begins: constant arguments and constant memory → comparisons, and the
//! call of the generic function where one fails.
//!
//! ```text
//! entry: constant arguments, where buffers lie ─┬─► memory: their words ─┬─► the first part
//!                                               └─► fallback ◄───────────┘
//! ```
//!
//! * E1. Nothing here has an effect: what is read is in memory, since the entry compares each
//!   pointer with the memory's size first.
//! * E2. A window is apart from the words of a buffer if, on the circle of 2³² addresses, the two
//!   arcs have nothing in common: if `window - buffer + bytes - 1`, modulo 2³², is not below
//!   `bytes + end - 1`, where the buffer has `end` bytes.

use super::ends::renumbered;
use super::residual::Writer;
use crate::ask::certificate::{Compared, Word};
use crate::ask::error::Refused;
use crate::ask::request::{Argument, Request};
use crate::search::causes::Cause;
use crate::search::state::{Slot, State};
use prova_module::{Opcode, ValType};
use prova_ssa::{Access, Arg, Block, Edge, Imm, Op, Origin, Place, Terminator, Value};

/// The constant arguments: their numbers, types and bits.
pub(crate) fn guards(request: &Request) -> Vec<(usize, ValType, u64)> {
    let constant = |(number, argument): (usize, &Argument)| match argument {
        Argument::Constant(ty, bits) => Some((number, *ty, *bits)),
        Argument::Runtime | Argument::Buffer(_) => None,
    };
    request.params.iter().enumerate().filter_map(constant).collect()
}

const I32: ValType = ValType::I32;
const I64: ValType = ValType::I64;

impl Writer<'_> {
    /// A block with the parameters of the generic function.
    fn with_params(&mut self) -> Vec<Value> {
        let body = self.subject.body();
        self.assembler.block(Origin::None, 0);
        let types = body.block(body.entry()).params().map(|value| body.value(value).ty);
        types.map(|ty| self.assembler.param(ty, Place::None)).collect()
    }

    fn int(&mut self, bits: u32) -> Value {
        self.value(Opcode::I32Const, Imm::Bits(bits.into()), &[], I32, 0)
    }

    fn pure(&mut self, code: Opcode, args: &[Value], ty: ValType) -> Value {
        self.value(code, Imm::None, args, ty, 0)
    }

    /// Whether a value is not these bits.
    pub(crate) fn differs(&mut self, found: Value, ty: ValType, bits: u64, offset: u32) -> Value {
        let (cast, ty) = match ty {
            ValType::F32 => (Some(Opcode::I32ReinterpretF32), I32),
            ValType::F64 => (Some(Opcode::I64ReinterpretF64), I64),
            other => (None, other),
        };
        let found = match cast {
            Some(code) => self.value(code, Imm::None, &[found], ty, offset),
            None => found,
        };
        let (constant, differ) = match ty {
            ValType::I32 => (Opcode::I32Const, Opcode::I32Ne),
            _long if planted!(GuardTurned) => (Opcode::I64Const, Opcode::I64Eq),
            _long => (Opcode::I64Const, Opcode::I64Ne),
        };
        let wanted = self.value(constant, Imm::Bits(bits), &[], ty, offset);
        self.value(differ, Imm::None, &[found, wanted], I32, offset)
    }

    /// The entry.
    pub(crate) fn entry(
        &mut self,
        state: &State<Cause>,
        guards: &[(usize, ValType, u64)],
        compared: &Compared,
        first: Block,
    ) {
        let params = self.with_params();
        let mut all = Vec::new();
        for &(number, ty, bits) in guards {
            all.push(self.differs(params[number], ty, bits, 0));
        }
        for (arg, end) in self.buffers(compared) {
            all.push(self.is_outside(params[arg], end));
        }
        for window in &compared.apart {
            for (arg, end) in self.buffers(compared) {
                let (at, buffer) = (params[window.arg as usize], params[arg]);
                let pair = if planted!(WindowTurned) { [buffer, at] } else { [at, buffer] };
                let apart = self.pure(Opcode::I32Sub, &pair, I32);
                let by = self.int((window.from as u32).wrapping_add(window.bytes - 1));
                let apart = self.pure(Opcode::I32Add, &[apart, by], I32);
                let both = self.int(window.bytes + end - 1);
                all.push(self.pure(Opcode::I32LtU, &[apart, both], I32));
            }
        }
        let count = if planted!(FirstGuardOnly) { 1 } else { all.len() };
        let any = all.into_iter().take(count).reduce(|a, b| self.pure(Opcode::I32Or, &[a, b], I32));
        let on = match compared.words.is_empty() {
            true => self.begin(state, &params, first),
            false => {
                let args: Vec<Arg> = params.iter().map(|&param| param.into()).collect();
                self.assembler.edge(Block::from_u32(2), &args)
            }
        };
        self.or_fall_back(any, &params, on);
    }

    /// The buffers of which bytes are compared, each with the end of its bytes.
    fn buffers(&self, compared: &Compared) -> Vec<(usize, u32)> {
        let count = self.subject.request.params.len();
        let all =
            (0..count).map(|arg| (arg, compared.end(arg as u32, self.subject.request) as u32));
        all.filter(|(_, end)| *end > 0).collect()
    }

    /// Whether fewer bytes than a number lie in memory from an address on (E1).
    fn is_outside(&mut self, at: Value, bytes: u32) -> Value {
        let size = self.value(Opcode::MemorySize, Imm::Index(0), &[], I32, 0);
        let log2 = self.int(16);
        let size = self.pure(Opcode::I32Shl, &[size, log2], I32);
        let bytes = self.int(bytes - u32::from(planted!(OutsideByOne)));
        let last = self.pure(Opcode::I32Sub, &[size, bytes], I32);
        self.pure(Opcode::I32GtU, &[at, last], I32)
    }

    /// Whether any of words behind values is not the request's; `None` if there are none.
    pub(crate) fn any_differs(&mut self, words: &[(Word, Value)], at: u32) -> Option<Value> {
        let (mut any, single) = (None, words.len() == 1);
        for &(word, base) in words {
            let code = match word.bytes {
                8 => Opcode::I64Load,
                4 if planted!(WordHasSign) => Opcode::I64Load32S,
                4 => Opcode::I64Load32U,
                2 => Opcode::I64Load16U,
                _one => Opcode::I64Load8U,
            };
            let offset = u64::from(word.offset);
            let imm = Imm::Access(Access { offset, memory: 0, align_log2: 0, lane: 0 });
            let found = self.value(code, imm, &[base], I64, at);
            let bits = word.bits(self.subject.request);
            if single {
                return Some(self.differs(found, I64, bits, at));
            }
            let wanted = self.value(Opcode::I64Const, Imm::Bits(bits), &[], I64, at);
            let differs = self.value(Opcode::I64Xor, Imm::None, &[found, wanted], I64, at);
            any = Some(match any {
                None => differs,
                Some(any) => self.value(Opcode::I64Or, Imm::None, &[any, differs], I64, at),
            });
        }
        any.map(|any| self.differs(any, I64, 0, at))
    }

    /// The block that compares constant memory.
    pub(crate) fn memory(&mut self, state: &State<Cause>, compared: &Compared, first: Block) {
        let params = self.with_params();
        let mut all = Vec::new();
        for word in &compared.words {
            all.push((*word, params[word.arg as usize]));
        }
        let any = self.any_differs(&all, 0);
        let on = self.begin(state, &params, first);
        self.or_fall_back(any, &params, on);
    }

    /// Ends a block: to the fallback if a condition holds, else on.
    fn or_fall_back(&mut self, condition: Option<Value>, params: &[Value], on: Edge) {
        let terminator = match condition {
            None => Terminator::Jump(on),
            Some(condition) => {
                let all: Vec<Arg> = params.iter().map(|&param| param.into()).collect();
                let then = self.assembler.edge(Block::from_u32(1), &all);
                Terminator::Branch { condition, then, otherwise: on }
            }
        };
        self.assembler.end(terminator, 0);
    }

    /// The edge to the first part: the values live at the generic entry, then the bases.
    fn begin(&mut self, state: &State<Cause>, params: &[Value], first: Block) -> Edge {
        let body = self.subject.body();
        let live = &self.needed[0];
        let old: Vec<Value> = body.block(body.entry()).params().collect();
        let mut args: Vec<Arg> = Vec::new();
        for (value, slot) in live.iter().zip(&state.values) {
            if let (Slot::Run(_), Ok(number)) = (slot, old.binary_search(value)) {
                args.push(params[number].into());
            }
        }
        args.extend(state.roots().into_iter().map(|root| Arg::from(params[root as usize])));
        self.assembler.edge(first, &args)
    }

    /// The block that calls the generic function.
    pub(crate) fn fallback(&mut self) -> Result<(), Refused> {
        let params = self.with_params();
        let func = renumbered(self.subject.intrinsics, self.subject.generic.func())?;
        let results = self.subject.generic.results().to_vec();
        let func = if planted!(FallsToNext) { prova_module::FuncIdx(func.0 + 1) } else { func };
        let call = Op::Wasm(Opcode::Call);
        let inst = self.assembler.inst(call, Imm::Index(func.0), &params, results, 0);
        let results: Vec<Value> = self.assembler.body().inst(inst).results().collect();
        let list = self.assembler.operands(&results);
        self.assembler.end(Terminator::Return(list), 0);
        Ok(())
    }
}
