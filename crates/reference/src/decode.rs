//! A function body → [`Code`]: its operators in order, each with its segment's fuel, the blocks with
//! the places where branches to them go on, and the `try_table`s with their clauses.
//!
//! `prova_module` decodes operators and gives [`FuncFacts`]; [`op`](crate::op) puts operators under
//! their families; [`Cache`] keeps the code, so that each body is decoded once.
//!
//! The labels of the specification's stack are those of the blocks around an operator, so none is
//! pushed: a branch names its block, and a block's height is what the operand stack had where it
//! was first entered. Operators that only open, divide or end blocks (*free* ones, and `nop`) then
//! do nothing, and a *run* of them is one step, however long it is.
//!
//! 1. `instrs` are the body's operators in order; the last is the `end` of the body.
//! 2. The decoder matches `block`, `loop`, `if`, `try_table`, `else`, `end` with its own stack and
//!    compares the result with the facts.
//! 3. An operator at whose offset a segment starts has the segment's cost; every other has 0. All
//!    segments are placed.
//! 4. A run is free operators that follow each other, the first of which alone may have a cost.
//! 5. The blocks that a run opens are measured from its first one on: if that has a height, so have
//!    the others.
//! 6. `late` says where locals without a default value are initialised, found here by blocks and
//!    not read from the facts: what a frame holds elsewhere is nothing that a store keeps.
//!
//! If 2 or 3 cannot be had, the facts and the operators disagree: that is a bug, and an error.
//!
//! Time: linear in the body. Memory: at most [`CODE_BYTES_PER_BYTE_MAX`] for each byte of the body,
//! and 4 for each local. Noticed by: the tests here, those of the control family, and
//! `tests/metering.rs`.

use crate::op::Op;
use prova_module::{
    BlockKind, BlockType, Catch, FuncFacts, FuncIdx, FuncType, Module, Operator, ValType,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The greatest number of bytes that the decoded form of a function takes for each byte of its
/// body, its locals apart, which take 4 each.
pub const CODE_BYTES_PER_BYTE_MAX: usize = 32;

/// No block; of a block, no height.
const NONE: u32 = u32::MAX;

/// A decoded function.
pub(crate) struct Code {
    /// The module it is from.
    pub(crate) module: Module,
    /// Which function it is.
    pub(crate) func: FuncIdx,
    /// The types of parameters, then of the other locals, marked.
    pub(crate) locals: Box<[ValType]>,
    /// The operators in order.
    pub(crate) instrs: Box<[Instr]>,
    /// The operators that are steps, those that are written alike once.
    pub(crate) ops: Box<[Op]>,
    /// The blocks in order of their opening operators; the first is the body.
    pub(crate) blocks: Box<[Block]>,
    tries: Box<[Try]>,
    /// Where locals without a default value are initialised.
    late: Box<[Late]>,
    /// The logical stack charge of a frame, in bytes.
    pub(crate) charge_bytes: u64,
}

/// An operator in its place.
pub(crate) struct Instr {
    /// Module offset.
    pub(crate) offset: u32,
    /// The cost of the metering segment that starts here; 0 where none does.
    pub(crate) cost: u32,
    /// The block that an `if` opens or a branch goes to; of a call or throw, the innermost
    /// `try_table` with clauses around it; of a free operator, the first block that its run opens.
    pub(crate) block: u32,
    /// The content of the place.
    pub(crate) what: What,
}

/// The content of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The operator of this index.
    Step(u32),
    /// A free operator.
    Free {
        /// Whether its run has a `loop`.
        loops: bool,
        /// Where its run ends.
        end: u32,
    },
}

/// A block: arities and the positions in `instrs` where it goes on.
#[derive(Debug)]
pub(crate) struct Block {
    /// How many values its parameters are.
    pub(crate) params: u32,
    /// How many values its results are.
    pub(crate) results: u32,
    /// Position of the opening operator; 0 for the body.
    pub(crate) start: u32,
    /// Position of the `else`, or `NONE`.
    else_: u32,
    /// Position of the `end`.
    pub(crate) end: u32,
    /// The height of the operand stack below the parameters, from the frame's on, or `NONE` while
    /// nothing has entered it.
    height: AtomicU32,
    /// Whether a branch goes on at its start.
    pub(crate) is_loop: bool,
}

impl Block {
    /// The position of the `else`.
    pub(crate) fn else_(&self) -> Option<u32> {
        (self.else_ != NONE).then_some(self.else_)
    }

    /// The height of the operand stack below it, in values from the frame's height on.
    pub(crate) fn height(&self) -> Option<usize> {
        let height = self.height.load(Ordering::Acquire);
        (height != NONE).then_some(height as usize)
    }

    /// Notes the height at which it is entered; false: it was entered at another before.
    pub(crate) fn enter_at(&self, height: usize) -> bool {
        match self.height() {
            Some(known) => known == height,
            None => {
                // Another thread that enters it first notes the same height.
                self.height.store(height as u32, Ordering::Release);
                true
            }
        }
    }
}

/// A local without a default value, from the operator behind a write that initialises it to the end
/// of the block or arm around the write.
#[derive(Clone, Copy)]
struct Late {
    local: u32,
    /// The position of the write.
    from: u32,
    /// The position of the `end` or `else`.
    to: u32,
}

/// A `try_table` with clauses.
pub(crate) struct Try {
    /// Its block.
    pub(crate) block: u32,
    /// The next one around it.
    outer: u32,
    /// Its clauses in order.
    pub(crate) clauses: Box<[Clause]>,
}

/// A clause of a `try_table`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clause {
    /// The exceptions that it catches, and how.
    pub(crate) catch: Catch,
    /// The block that it branches to.
    pub(crate) target: u32,
}

impl Code {
    /// The function's type.
    pub(crate) fn ty(&self) -> &FuncType {
        self.module.func_type(self.func)
    }

    /// The locals that have a value at a position: parameters and those with a default value, then
    /// the others that are initialised there.
    pub(crate) fn locals_at(&self, at: usize) -> impl Iterator<Item = usize> {
        let params = self.ty().params.len();
        let all = self.locals.iter().enumerate();
        let early = all.filter(move |(local, ty)| *local < params || ty.is_defaultable());
        let late =
            self.late.iter().filter(move |it| (it.from as usize) < at && at <= it.to as usize);
        early.map(|(local, _)| local).chain(late.map(|it| it.local as usize))
    }

    /// The `try_table`s with clauses around the call or throw at a position, the innermost first.
    pub(crate) fn tries_around(&self, at: usize) -> impl Iterator<Item = &Try> {
        let innermost = self.instrs.get(at).map_or(NONE, |instr| instr.block);
        let around = |index: u32| self.tries.get(index as usize);
        std::iter::successors(around(innermost), move |inner| around(inner.outer))
    }

    /// The blocks that a run opens, from the first one on.
    pub(crate) fn opened(&self, first: u32) -> impl Iterator<Item = &Block> {
        let block = |index: u32| self.blocks.get(index as usize);
        std::iter::successors(block(first), move |opened| {
            match self.instrs.get(opened.start as usize + 1) {
                Some(Instr { what: What::Free { .. }, cost: 0, block: next, .. }) => block(*next),
                _ => None,
            }
        })
    }

    /// The bytes that it takes.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let labels =
            |op: &Op| if let Op::BrTable(labels) = op { size_of_val(&**labels) } else { 0 };
        size_of_val(&*self.instrs)
            + size_of_val(&*self.ops)
            + size_of_val(&*self.blocks)
            + size_of_val(&*self.tries)
            + size_of_val(&*self.late)
            + self.ops.iter().map(labels).sum::<usize>()
            + self.tries.iter().map(|it| size_of_val(&*it.clauses)).sum::<usize>()
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
        ops: Vec::new(),
        known: HashMap::new(),
        blocks: Vec::new(),
        tries: Vec::new(),
        open: Vec::new(),
        late: Vec::new(),
        live: Vec::new(),
        is_unset: Vec::new(),
        segments: 0,
    };
    let (locals, params) = (body.local_types(), module.func_type(func).params.len());
    decoder.is_unset.extend(std::iter::repeat_n(false, params));
    decoder.is_unset.extend(locals.iter().skip(params).map(|ty| !ty.is_defaultable()));
    let ty = BlockType::FuncType(module.func_type_idx(func).0);
    decoder.open(ty, 0, false)?;
    let mut operators = body.operators();
    while !operators.eof() {
        let (operator, offset) =
            operators.read_with_offset().map_err(|_| "a valid body cannot be decoded")?;
        let bytes = module.bytes().get(offset as usize..operators.original_position() as usize);
        decoder.take(operator, offset as u32, bytes.ok_or("an operator beyond its module")?)?;
    }
    decoder.finish(func, locals)
}

/// An open block.
struct Open {
    block: u32,
    /// The innermost `try_table` with clauses inside it: itself or one around it, or `NONE`.
    try_: u32,
    /// How many locals without a default value were initialised before it.
    live: u32,
}

/// A body being decoded.
struct Decoder<'m> {
    module: &'m Module,
    facts: &'m FuncFacts,
    instrs: Vec<Instr>,
    ops: Vec<Op>,
    /// The operators by how they are written.
    known: HashMap<&'m [u8], u32>,
    blocks: Vec<Block>,
    tries: Vec<Try>,
    /// The open blocks, the innermost last.
    open: Vec<Open>,
    late: Vec<Late>,
    /// Those of `late` that have not ended, by their places.
    live: Vec<u32>,
    /// By local: whether it has no default value and is not initialised.
    is_unset: Vec<bool>,
    /// How many segments have been placed.
    segments: usize,
}

impl<'m> Decoder<'m> {
    fn take(
        &mut self,
        operator: Operator<'_>,
        offset: u32,
        bytes: &'m [u8],
    ) -> Result<(), &'static str> {
        let position = self.instrs.len() as u32;
        let free = What::Free { loops: false, end: position + 1 };
        let (block, what) = match operator {
            Operator::Nop => (NONE, free),
            Operator::Block { blockty } => (self.open(blockty, position, false)?, free),
            Operator::Loop { blockty } => {
                let what = What::Free { loops: true, end: position + 1 };
                (self.open(blockty, position, true)?, what)
            }
            Operator::TryTable { ref try_table } => {
                (self.open_try(try_table.ty, &try_table.catches, position)?, free)
            }
            Operator::Else => {
                let &Open { block, live, .. } =
                    self.open.last().ok_or("`else` outside all blocks")?;
                self.forget(live, position);
                self.blocks[block as usize].else_ = position;
                (NONE, free)
            }
            Operator::End => {
                let Open { block, live, .. } = self.open.pop().ok_or("`end` outside all blocks")?;
                self.forget(live, position);
                self.end(block, position);
                (NONE, free)
            }
            Operator::If { blockty } => {
                (self.open(blockty, position, false)?, self.step(operator, bytes))
            }
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                (self.target(relative_depth)?, self.step(operator, bytes))
            }
            Operator::BrTable { ref targets } => {
                let labels = targets.targets().chain([Ok(targets.default())]);
                let labels = labels.map(|label| {
                    self.target(label.map_err(|_| "a valid `br_table` cannot be decoded")?)
                });
                let labels = labels.collect::<Result<_, _>>()?;
                self.ops.push(Op::BrTable(labels));
                (NONE, What::Step(self.ops.len() as u32 - 1))
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                self.write(local_index, position);
                (NONE, self.step(operator, bytes))
            }
            // Calls and throws look here; of others nobody asks.
            _ => (self.open.last().map_or(NONE, |open| open.try_), self.step(operator, bytes)),
        };
        let cost = match self.facts.segments.get(self.segments) {
            Some(segment) if segment.offset == offset => {
                self.segments += 1;
                segment.cost
            }
            _ => 0,
        };
        self.instrs.push(Instr { offset, cost, block, what });
        Ok(())
    }

    /// An operator that is a step.
    fn step(&mut self, operator: Operator<'_>, bytes: &'m [u8]) -> What {
        let next = self.ops.len() as u32;
        let index = *self.known.entry(bytes).or_insert(next);
        if index == next {
            self.ops.push(Op::new(operator));
        }
        What::Step(index)
    }

    /// Opens a block and gives its position in `blocks`.
    fn open(&mut self, ty: BlockType, start: u32, is_loop: bool) -> Result<u32, &'static str> {
        let (params, results) = match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(ty) => {
                let ty = self.module.types().get(ty as usize).ok_or("a block without a type")?;
                (ty.params.len() as u32, ty.results.len() as u32)
            }
        };
        let block = self.blocks.len() as u32;
        // The body takes its parameters as locals.
        let (params, height) = if block == 0 { (0, 0) } else { (params, NONE) };
        let (else_, end, height) = (NONE, start, AtomicU32::new(height));
        self.blocks.push(Block { params, results, start, else_, end, height, is_loop });
        let try_ = self.open.last().map_or(NONE, |open| open.try_);
        self.open.push(Open { block, try_, live: self.live.len() as u32 });
        Ok(block)
    }

    /// Opens a `try_table`, whose clauses name labels around it.
    fn open_try(
        &mut self,
        ty: BlockType,
        catches: &[Catch],
        start: u32,
    ) -> Result<u32, &'static str> {
        let clause = |&catch: &Catch| {
            let (Catch::One { label, .. }
            | Catch::OneRef { label, .. }
            | Catch::All { label }
            | Catch::AllRef { label }) = catch;
            Ok::<_, &'static str>(Clause { catch, target: self.target(label)? })
        };
        let clauses: Box<[Clause]> = catches.iter().map(clause).collect::<Result<_, _>>()?;
        let outer = self.open.last().map_or(NONE, |open| open.try_);
        let block = self.open(ty, start, false)?;
        if !clauses.is_empty() {
            let try_ = self.tries.len() as u32;
            self.tries.push(Try { block, outer, clauses });
            if let Some(open) = self.open.last_mut() {
                open.try_ = try_;
            }
        }
        Ok(block)
    }

    /// A local is written.
    fn write(&mut self, local: u32, position: u32) {
        if let Some(is_unset) = self.is_unset.get_mut(local as usize)
            && std::mem::take(is_unset)
        {
            self.live.push(self.late.len() as u32);
            self.late.push(Late { local, from: position, to: NONE });
        }
    }

    /// A block or arm ends: locals are initialised no longer that were not before it.
    fn forget(&mut self, live: u32, position: u32) {
        for at in self.live.drain(live as usize..) {
            let late = &mut self.late[at as usize];
            late.to = position;
            self.is_unset[late.local as usize] = true;
        }
    }

    /// The block of the label `depth` labels out.
    fn target(&self, depth: u32) -> Result<u32, &'static str> {
        let open = self.open.len().checked_sub(1 + depth as usize).map(|at| &self.open[at]);
        Ok(open.ok_or("a branch to no label")?.block)
    }

    /// Ends a block. Its first arm goes on behind the `end` too.
    fn end(&mut self, block: u32, position: u32) {
        let block = &mut self.blocks[block as usize];
        block.end = position;
        if let Some(else_) = block.else_()
            && let What::Free { end, .. } = &mut self.instrs[else_ as usize].what
        {
            *end = position + 1;
        }
    }

    /// Makes runs of the free operators (4): until then, each ends at the operator after it.
    fn join_runs(&mut self) {
        for at in (0..self.instrs.len()).rev() {
            let What::Free { loops, end } = self.instrs[at].what else { continue };
            if let Some(&Instr { what: What::Free { loops: more, end }, cost: 0, block, .. }) =
                self.instrs.get(end as usize)
            {
                let instr = &mut self.instrs[at];
                instr.what = What::Free { loops: loops || more, end };
                if instr.block == NONE {
                    instr.block = block;
                }
            }
        }
    }

    /// Compares with the facts (invariants 2 and 3).
    fn finish(mut self, func: FuncIdx, locals: Vec<ValType>) -> Result<Code, &'static str> {
        if !self.open.is_empty() || self.blocks.len() != self.facts.blocks.len() {
            return Err("blocks and facts differ in number");
        }
        if self.segments != self.facts.segments.len() {
            return Err("a segment starts at no operator");
        }
        let offset = |at: u32| self.instrs.get(at as usize).map(|instr| instr.offset);
        for (block, facts) in self.blocks.iter().zip(&self.facts.blocks) {
            let same = offset(block.start) == Some(facts.start)
                && block.else_().and_then(offset) == facts.else_
                && offset(block.end) == Some(facts.end);
            if !same {
                return Err("a block and its facts differ");
            }
        }
        debug_assert!(self.facts.blocks[0].kind == BlockKind::Func, "the body comes first");
        self.join_runs();
        Ok(Code {
            module: self.module.clone(),
            func,
            locals: locals.into_iter().map(|ty| self.module.types().marked(ty)).collect(),
            instrs: self.instrs.into(),
            ops: self.ops.into(),
            blocks: self.blocks.into(),
            tries: self.tries.into(),
            late: self.late.into(),
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
        let places: Vec<_> = code.blocks.iter().map(|b| (b.start, b.else_(), b.end)).collect();
        assert_eq!(places, [(0, None, 12), (0, None, 5), (1, None, 4), (7, Some(9), 11)]);
        assert_eq!(code.blocks[3].results, 1);
    }

    #[test]
    fn costs_stand_where_segments_start() {
        let module =
            module("(module (func (loop (br_if 0 (i32.const 0)) (nop) (drop (i32.const 1)))))");
        let code = decode(&module, FuncIdx(0)).expect("it can be decoded");
        let costs: Vec<u32> = code.instrs.iter().map(|instr| instr.cost).collect();
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
        assert!(code.ops.iter().all(|op| !matches!(op, Op::Refused)));
        let tables: Vec<_> = code
            .ops
            .iter()
            .filter_map(|op| match op {
                Op::BrTable(labels) => Some(labels.to_vec()),
                _ => None,
            })
            .collect();
        assert_eq!(tables, [[1, 1]], "the first block behind the body");
    }

    #[test]
    fn free_operators_are_runs_up_to_what_costs() {
        let module = module(
            "(module (func (param i32)
                nop block loop local.get 0
                if nop else block end end
                end end nop))",
        );
        let code = decode(&module, FuncIdx(0)).expect("it can be decoded");
        let runs: Vec<_> = code.instrs.iter().map(|it| (it.what, it.block)).collect();
        let free = |loops, end, block| (What::Free { loops, end }, block);
        let (step, none) = (|op| What::Step(op), NONE);
        // The `local.get` behind the loop and the `nop` behind the `if` begin segments; what is
        // free and not paid does not end a run.
        assert_eq!(runs[..3], [free(true, 3, 1), free(true, 3, 1), free(true, 3, 2)]);
        assert_eq!(runs[3..5], [(step(0), none), (step(1), 3)]);
        assert_eq!(runs[5..7], [free(false, 14, none), free(false, 14, none)], "else is passed by");
        assert_eq!(runs[7..10], [free(false, 14, 4), free(false, 14, none), free(false, 14, none)]);
        assert!(runs[10..].iter().all(|&run| run == free(false, 14, none)) && runs.len() == 14);
    }

    /// Bodies that are small for what they say, of each kind.
    #[test]
    fn code_takes_no_more_than_a_factor_of_its_body() {
        let mut known = String::new();
        (0..3_000).for_each(|n| known += &format!("i32.const {} drop ", 64 + 97 * n));
        let tags = "(catch_all 0)".repeat(500);
        for body in [
            "nop ".repeat(5_000),
            "block end ".repeat(5_000),
            "loop end ".repeat(5_000),
            "block ".repeat(5_000) + &"end ".repeat(5_000),
            "i32.const 0 if else end ".repeat(3_000),
            "try_table end ".repeat(3_000),
            "try_table (catch_all 0) end ".repeat(3_000),
            format!("try_table {tags} end "),
            format!("i32.const 0 br_table {} ", "0 ".repeat(5_000)),
            "i32.const 0 br_table 0 ".repeat(2_000),
            known,
            "memory.size drop ".repeat(3_000),
            "v128.const i64x2 1 2 drop ".repeat(100),
            "call 0 ".repeat(3_000),
            String::new(),
        ] {
            let module = module(&format!("(module (memory 1) (func {body}))"));
            let code = decode(&module, FuncIdx(0)).expect("it can be decoded");
            let bytes = module.body(FuncIdx(0)).expect("a body").bytes().len();
            // The body itself is a block.
            let most = CODE_BYTES_PER_BYTE_MAX * bytes + size_of::<Block>();
            assert!(code.bytes() <= most, "{} of {bytes}: {:.60}", code.bytes(), body);
        }
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
