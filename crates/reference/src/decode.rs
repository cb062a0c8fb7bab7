//! A function body → [`Code`]: its operators in a vector, each with its family and its segment's
//! fuel, and the blocks with the positions of their `else` and `end`.
//!
//! Neighbours: `prova_module` decodes operators and gives [`FuncFacts`];
//! [`machine`](crate::machine) executes the code; [`Cache`] keeps it, so that each body is decoded
//! once.
//!
//! 1. `instrs` are the body's operators in order; the last is the `end` of the body.
//! 2. Each `block`, `loop`, `if`, `else`, `end` names its block in [`Instr::block`]; the decoder
//!    matches them with its own stack and compares the result with the facts.
//! 3. An operator at whose offset a segment starts has the segment's cost; every other has 0. All
//!    segments are placed.
//!
//! If 2 or 3 cannot be had, the facts and the operators disagree: that is a bug, and an error.
//!
//! Time and memory: linear in the body; about 80 bytes per operator. Noticed by: the tests of the
//! control family, and `tests/metering.rs`.

use prova_module::{
    BlockKind, BlockType, FuncFacts, FuncIdx, FuncType, Module, Operator, ValType,
    for_each_operator,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A decoded function.
pub(crate) struct Code {
    /// The module it is from.
    pub(crate) module: Module,
    /// Which function it is.
    pub(crate) func: FuncIdx,
    /// The types of parameters, then of the other locals.
    pub(crate) locals: Box<[ValType]>,
    /// The operators.
    pub(crate) instrs: Box<[Instr]>,
    /// The blocks in order of their opening operators; the first is the body.
    pub(crate) blocks: Box<[Block]>,
    /// The logical stack charge of a frame, in bytes.
    pub(crate) charge_bytes: u64,
}

impl Code {
    /// The function's type.
    pub(crate) fn ty(&self) -> &FuncType {
        self.module.func_type(self.func)
    }
}

/// An operator in its place.
pub(crate) struct Instr {
    /// Module offset.
    pub(crate) offset: u32,
    /// The operator.
    pub(crate) op: Op,
    /// The block that the operator opens, divides or ends; 0 for other operators.
    pub(crate) block: u32,
    /// The cost of the metering segment that starts here; 0 where none does.
    pub(crate) cost: u64,
}

/// A block: arities and the positions in `instrs` where it goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// How many values its parameters are.
    pub(crate) params: usize,
    /// How many values its results are.
    pub(crate) results: usize,
    /// Position of the opening operator; 0 for the body.
    pub(crate) start: usize,
    /// Position of the `else`.
    pub(crate) else_: Option<usize>,
    /// Position of the `end`.
    pub(crate) end: usize,
}

/// An operator under its family, which executes it.
#[derive(Debug)]
pub(crate) enum Op {
    /// `br_table` with its labels, the default last.
    BrTable(Box<[u32]>),
    /// Blocks, branches, calls.
    Control(Operator<'static>),
    /// `drop`, `select`.
    Parametric(Operator<'static>),
    /// Locals and globals.
    Variable(Operator<'static>),
    /// Tables and element segments.
    Table(Operator<'static>),
    /// Memories and data segments.
    Memory(Operator<'static>),
    /// Constants, arithmetic, comparisons, conversions.
    Numeric(Operator<'static>),
    /// `ref.null` and its like.
    Reference(Operator<'static>),
    /// `try_table`, `throw`, `throw_ref`.
    Exception(Operator<'static>),
    /// `v128`, with its loads and stores.
    Vector(Operator<'static>),
    /// Atomic accesses.
    Atomic(Operator<'static>),
    /// An operator of a proposal that no [`Features`](prova_module::Features) allow.
    Refused,
}

/// Copies an operator without its tie to the module's bytes; `None` for `br_table`.
fn detach(operator: Operator<'_>) -> Option<Operator<'static>> {
    macro_rules! rebuild {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op $({ $($arg),* })? => rebuild!(@one $op $($($arg)*)?),)*
                // wasmparser's enum may grow.
                _ => None,
            }
        };
        (@one BrTable $($arg:ident)*) => {{
            let _ = ($($arg,)*);
            None
        }};
        (@one $op:ident $($arg:ident)*) => { Some(Operator::$op { $($arg),* }) };
    }
    for_each_operator!(rebuild)
}

impl Op {
    /// Puts an operator under its family: by its proposal, and Wasm 1.0's by name.
    fn new(operator: Operator<'_>) -> Op {
        use Operator as O;
        if let O::BrTable { targets } = &operator {
            let labels = targets.targets().map_while(Result::ok);
            return Op::BrTable(labels.chain([targets.default()]).collect());
        }
        let Some(operator) = detach(operator) else { return Op::Refused };
        match operator {
            O::Unreachable | O::Nop | O::Block { .. } | O::Loop { .. } | O::If { .. } => {
                Op::Control(operator)
            }
            O::Else | O::End | O::Br { .. } | O::BrIf { .. } | O::Return => Op::Control(operator),
            O::Call { .. } | O::CallIndirect { .. } => Op::Control(operator),
            O::ReturnCall { .. } | O::ReturnCallIndirect { .. } => Op::Control(operator),
            O::CallRef { .. } | O::ReturnCallRef { .. } => Op::Control(operator),
            O::BrOnNull { .. } | O::BrOnNonNull { .. } => Op::Control(operator),
            O::TryTable { .. } | O::Throw { .. } | O::ThrowRef => Op::Exception(operator),
            O::Drop | O::Select | O::TypedSelect { .. } => Op::Parametric(operator),
            O::LocalGet { .. } | O::LocalSet { .. } | O::LocalTee { .. } => Op::Variable(operator),
            O::GlobalGet { .. } | O::GlobalSet { .. } => Op::Variable(operator),
            O::TableGet { .. } | O::TableSet { .. } | O::TableSize { .. } => Op::Table(operator),
            O::TableGrow { .. } | O::TableFill { .. } | O::TableCopy { .. } => Op::Table(operator),
            O::TableInit { .. } | O::ElemDrop { .. } => Op::Table(operator),
            O::MemorySize { .. } | O::MemoryGrow { .. } | O::MemoryFill { .. } => {
                Op::Memory(operator)
            }
            O::MemoryCopy { .. } | O::MemoryInit { .. } | O::DataDrop { .. } => {
                Op::Memory(operator)
            }
            O::RefNull { .. } | O::RefIsNull | O::RefFunc { .. } | O::RefAsNonNull => {
                Op::Reference(operator)
            }
            other => Op::by_proposal(other),
        }
    }

    /// The rest: accesses and numeric operators of Wasm 1.0, and the proposals of one family.
    fn by_proposal(operator: Operator<'static>) -> Op {
        macro_rules! families {
            ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
                match &operator {
                    $(Operator::$op { .. } => families!(@$proposal $($($arg)*)?),)*
                    _ => Op::Refused,
                }
            };
            (@mvp memarg) => { Op::Memory(operator) };
            (@mvp $($arg:ident)*) => { Op::Numeric(operator) };
            (@sign_extension) => { Op::Numeric(operator) };
            (@saturating_float_to_int) => { Op::Numeric(operator) };
            (@wide_arithmetic) => { Op::Numeric(operator) };
            (@simd $($arg:ident)*) => { Op::Vector(operator) };
            (@relaxed_simd) => { Op::Vector(operator) };
            (@threads $($arg:ident)*) => { Op::Atomic(operator) };
            (@$proposal:ident $($arg:ident)*) => { Op::Refused };
        }
        for_each_operator!(families)
    }
}

/// Decodes function `func` of `module`.
///
/// # Errors
///
/// A message, if the module's facts do not fit its body, or there is no such body: a bug.
pub(crate) fn decode(module: &Module, func: FuncIdx) -> Result<Code, &'static str> {
    let (Some(body), Some(facts)) = (module.body(func), module.facts(func)) else {
        return Err("a function without a body is executed");
    };
    let mut decoder = Decoder {
        module,
        facts,
        instrs: Vec::new(),
        blocks: Vec::new(),
        open: Vec::new(),
        segments: 0,
    };
    let ty = BlockType::FuncType(module.func_type_idx(func).0);
    decoder.open(ty, 0)?;
    let mut operators = body.operators();
    while !operators.eof() {
        let (operator, offset) =
            operators.read_with_offset().map_err(|_| "a valid body cannot be decoded")?;
        decoder.take(operator, offset as u32)?;
    }
    decoder.finish(func, body.local_types())
}

/// A body being decoded.
struct Decoder<'m> {
    module: &'m Module,
    facts: &'m FuncFacts,
    instrs: Vec<Instr>,
    blocks: Vec<Block>,
    /// Positions in `blocks` of the open ones, the innermost last.
    open: Vec<usize>,
    /// How many segments have been placed.
    segments: usize,
}

impl Decoder<'_> {
    fn take(&mut self, operator: Operator<'_>, offset: u32) -> Result<(), &'static str> {
        let position = self.instrs.len();
        let block = match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                self.open(blockty, position)?
            }
            Operator::TryTable { ref try_table } => self.open(try_table.ty, position)?,
            Operator::Else => {
                let block = *self.open.last().ok_or("`else` outside all blocks")?;
                self.blocks[block].else_ = Some(position);
                block
            }
            Operator::End => {
                let block = self.open.pop().ok_or("`end` outside all blocks")?;
                self.blocks[block].end = position;
                block
            }
            _ => 0,
        };
        let cost = match self.facts.segments.get(self.segments) {
            Some(segment) if segment.offset == offset => {
                self.segments += 1;
                segment.cost.into()
            }
            _ => 0,
        };
        self.instrs.push(Instr { offset, op: Op::new(operator), block: block as u32, cost });
        Ok(())
    }

    /// Opens a block and gives its position in `blocks`.
    fn open(&mut self, ty: BlockType, start: usize) -> Result<usize, &'static str> {
        let (params, results) = match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(ty) => {
                let ty = self.module.types().get(ty as usize).ok_or("a block without a type")?;
                (ty.params.len(), ty.results.len())
            }
        };
        let block = self.blocks.len();
        self.blocks.push(Block { params, results, start, else_: None, end: start });
        self.open.push(block);
        Ok(block)
    }

    /// Compares with the facts (invariants 2 and 3).
    fn finish(self, func: FuncIdx, locals: Vec<ValType>) -> Result<Code, &'static str> {
        if !self.open.is_empty() || self.blocks.len() != self.facts.blocks.len() {
            return Err("blocks and facts differ in number");
        }
        if self.segments != self.facts.segments.len() {
            return Err("a metering segment starts at no operator");
        }
        let offset = |position: usize| self.instrs.get(position).map(|instr| instr.offset);
        for (block, facts) in self.blocks.iter().zip(&self.facts.blocks) {
            let same = offset(block.start) == Some(facts.start)
                && block.else_.and_then(offset) == facts.else_
                && offset(block.end) == Some(facts.end);
            if !same {
                return Err("a block and its facts differ");
            }
        }
        debug_assert!(self.facts.blocks[0].kind == BlockKind::Func, "the body comes first");
        Ok(Code {
            module: self.module.clone(),
            func,
            locals: locals.into(),
            instrs: self.instrs.into(),
            blocks: self.blocks.into(),
            charge_bytes: self.facts.charge_bytes(),
        })
    }
}

/// Decoded functions by module and index.
///
/// A module is known by the address of its bytes, which [`Code::module`] keeps from being used
/// again; so instances of one module share code, and one cache serves any number of stores.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<(usize, FuncIdx), Arc<Code>>>);

impl Cache {
    /// The code of a function, decoded if this is the first time.
    ///
    /// # Errors
    ///
    /// As [`decode`].
    pub(crate) fn code(&self, module: &Module, func: FuncIdx) -> Result<Arc<Code>, &'static str> {
        let key = (module.bytes().as_ptr().addr(), func);
        // An entry is complete before it is put in, so a poisoned map is a good map.
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = codes.get(&key) {
            return Ok(Arc::clone(code));
        }
        let code = Arc::new(decode(module, func)?);
        codes.insert(key, Arc::clone(&code));
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits};

    fn module(wat: &str) -> Module {
        let bytes = wat::parse_str(wat).expect("the test's text is well-formed");
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("it is valid")
    }

    #[test]
    fn blocks_know_their_else_and_end() {
        let module = module(
            "(module (func (param i32) (result i32)
                (block (loop (br_if 1 (local.get 0))))
                (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))",
        );
        let code = decode(&module, FuncIdx(0)).expect("it can be decoded");
        let places: Vec<_> = code.blocks.iter().map(|b| (b.start, b.else_, b.end)).collect();
        assert_eq!(places, [(0, None, 12), (0, None, 5), (1, None, 4), (7, Some(9), 11)]);
        assert_eq!(code.blocks[3].results, 1);
    }

    #[test]
    fn costs_stand_where_segments_start() {
        let module =
            module("(module (func (loop (br_if 0 (i32.const 0)) (nop) (drop (i32.const 1)))))");
        let code = decode(&module, FuncIdx(0)).expect("it can be decoded");
        let costs: Vec<u64> = code.instrs.iter().map(|instr| instr.cost).collect();
        // loop | i32.const br_if | nop i32.const drop end | end
        assert_eq!(costs, [0, 2, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn no_operator_of_a_valid_body_is_refused() {
        let module = module(
            "(module (memory 1) (table 1 funcref) (global (mut i32) (i32.const 0)) (elem declare func 0)
              (func (param i32) (result v128)
                (global.set 0 (i32.load (local.get 0)))
                (drop (table.size)) (drop (ref.func 0)) (drop (ref.is_null (ref.null func)))
                (drop (i32.atomic.load (i32.const 0)))
                (drop (i32.extend8_s (i32.trunc_sat_f32_s (f32.const 1))))
                (drop (drop (i64.mul_wide_s (i64.const 1) (i64.const 2))))
                (block (br_table 0 0 (local.get 0)))
                (i8x16.relaxed_swizzle (v128.load (i32.const 0)) (v128.const i64x2 0 0))))",
        );
        let code = decode(&module, FuncIdx(0)).expect("it can be decoded");
        assert!(code.instrs.iter().all(|instr| !matches!(instr.op, Op::Refused)));
        let tables: Vec<_> = code
            .instrs
            .iter()
            .filter_map(|i| match &i.op {
                Op::BrTable(labels) => Some(labels.len()),
                _ => None,
            })
            .collect();
        assert_eq!(tables, [2]);
    }

    #[test]
    fn a_cache_decodes_once_and_knows_modules_apart() {
        let (one, two) = (module("(module (func nop))"), module("(module (func unreachable))"));
        let same = one.clone();
        let cache = Cache::default();
        let code = |module| cache.code(module, FuncIdx(0)).expect("it can be decoded");
        assert!(Arc::ptr_eq(&code(&one), &code(&same)));
        assert!(!Arc::ptr_eq(&code(&one), &code(&two)));
        assert!(cache.code(&one, FuncIdx(1)).is_err());
    }
}
