//! A module → the same module with one more global, in which its code counts what it costs.
//!
//! Before each operator that costs something the code adds its price to the global, before a bulk
//! operator what its length costs, after growth what has grown. A branch's price depends on its
//! label, a throw's on its tag, a body's on its cells: all from the module's types, by this file's
//! own reading.
//!
//! # Exceptions
//! The cost of a throw depends on where it is caught, which no operator tells. So each `try_table`
//! becomes one that catches all exceptions and asks its clauses one after the other, each in a
//! separate `try_table` around a `throw_ref`, and each body becomes one that catches the exceptions
//! that leave it, counts a frame and throws them again. Labels in between shift:
//!
//! ```text
//! block $after                                   (P → R)
//!   block $handler                               (P → exnref)
//!     try_table (catch_all_ref $handler) … end   (P → R), the original's label
//!     br $after
//!   end
//!   local.set $exn
//!   for each clause:  count 1
//!     block $next                                (→ exnref)
//!       block $got                               (→ the clause's values)
//!         try_table (catch… $got) (catch_all_ref $next)  local.get $exn  throw_ref  end
//!       end
//!       count the values' cells
//!       br the clause's label
//!     end
//!     local.set $exn
//!   local.get $exn  throw_ref
//! end
//! ```

use super::Prices;
use prova_module::{
    BlockType, Catch, FuncIdx, MemoryIdx, Module, Operator, RefType, TableIdx, TagIdx, TryTable,
    ValType,
};
use prova_rewrite::{Code, Edit, Numbers, apply};
use wasm_encoder::{ConstExpr, FuncType, GlobalType, Instruction};

/// The cost of a call of the host besides an eighth of its cells.
pub(super) const HOST_CALL: u64 = 32;

/// The cost of a throw besides its unit and its search.
const THROW: i64 = 16;

/// The cost of a throw for each frame that it leaves.
const FRAME_LEFT: i64 = 8;

/// The cost of a throw for each clause that it asks.
const CLAUSE_ASKED: i64 = 1;

/// Cells that cost a unit where they are counted.
const CELLS: i64 = 8;

/// The cells of values.
pub(super) fn cells(types: &[ValType]) -> i64 {
    types.iter().map(|&ty| if ty == ValType::V128 { 2 } else { 1 }).sum()
}

const EXNREF: ValType = ValType::Ref(RefType::EXNREF);

/// The same module with one more global, the counter, which its code raises.
pub fn instrument(module: &Module, prices: Prices) -> Vec<u8> {
    let edited = edit(module, prices).and_then(|edit| apply(module.bytes(), &edit));
    edited.unwrap_or_else(|error| crate::cannot(&error.to_string())).bytes
}

fn edit(module: &Module, prices: Prices) -> Result<Edit<'static>, prova_rewrite::Error> {
    let (mut edit, mut types) = (Edit::default(), Types { module, more: Vec::new() });
    let ty = GlobalType { val_type: wasm_encoder::ValType::I64, mutable: true, shared: false };
    edit.globals.push((ty, ConstExpr::i64_const(0)));
    for func in module.defined_funcs() {
        let counting = Counting::new(module, func, prices, &mut types)?;
        edit.bodies.insert(func.0, counting.body(func));
    }
    let all = |types: &[ValType]| types.iter().map(|&ty| encoded(ty)).collect::<Vec<_>>();
    let more = types.more.iter().map(|[params, results]| FuncType::new(all(params), all(results)));
    edit.types = more.collect();
    Ok(edit)
}

/// The module's types and more behind them.
struct Types<'m> {
    module: &'m Module,
    more: Vec<[Vec<ValType>; 2]>,
}

impl Types<'_> {
    /// Parameters and results of a block's type.
    fn signature(&self, ty: BlockType) -> [Vec<ValType>; 2] {
        match ty {
            BlockType::Empty => [Vec::new(), Vec::new()],
            BlockType::Type(ty) => [Vec::new(), vec![ty]],
            BlockType::FuncType(ty) => {
                let ty = &self.module.types()[ty as usize];
                [ty.params.to_vec(), ty.results.to_vec()]
            }
        }
    }

    /// The type of a block with these parameters and results.
    fn block(&mut self, params: &[ValType], results: &[ValType]) -> wasm_encoder::BlockType {
        match (params, results) {
            ([], []) => wasm_encoder::BlockType::Empty,
            ([], [one]) => wasm_encoder::BlockType::Result(encoded(*one)),
            _ => {
                let ty = [params.to_vec(), results.to_vec()];
                let known = self.more.iter().position(|other| *other == ty);
                let index = known.unwrap_or_else(|| {
                    self.more.push(ty);
                    self.more.len() - 1
                });
                let index = self.module.types().len() + index;
                wasm_encoder::BlockType::FunctionType(index as u32)
            }
        }
    }
}

fn encoded(ty: ValType) -> wasm_encoder::ValType {
    let ty = Numbers::default().val_type(ty);
    ty.unwrap_or_else(|error| crate::cannot(&error.to_string()))
}

/// An open block.
struct Block {
    /// The cells of the values that a branch to its label takes.
    label_cells: i64,
    /// How many labels stand for its own.
    labels: u32,
    /// Of a `try_table`: what it catches.
    catches: Option<Vec<Catch>>,
}

/// A body in the making.
struct Counting<'m, 't> {
    module: &'m Module,
    prices: Prices,
    types: &'t mut Types<'m>,
    /// The counter's index.
    global: u32,
    /// More locals: an i32, two i64, an exnref.
    locals: [u32; 4],
    blocks: Vec<Block>,
    code: Code,
}

impl<'m, 't> Counting<'m, 't> {
    fn new(
        module: &'m Module,
        func: FuncIdx,
        prices: Prices,
        types: &'t mut Types<'m>,
    ) -> Result<Counting<'m, 't>, prova_rewrite::Error> {
        let first = module.body(func).map_or(0, |body| body.local_types().len() as u32);
        let groups = module.body(func).map(|body| body.locals());
        let mut code = Numbers::default().code(groups.into_iter().flatten())?;
        for (count, ty) in [(1, ValType::I32), (2, ValType::I64), (1, EXNREF)] {
            code.declare(count, ty)?;
        }
        Ok(Counting {
            module,
            prices,
            types,
            global: module.globals().len() as u32,
            locals: [first, first + 1, first + 2, first + 3],
            blocks: Vec::new(),
            code,
        })
    }

    fn body(mut self, func: FuncIdx) -> Code {
        let Some(body) = self.module.body(func) else { return self.code };
        let results = &self.module.func_type(func).results;
        if self.counts_frames() {
            let ty = self.types.block(&[], results);
            let all = [wasm_encoder::Catch::AllRef { label: 0 }];
            self.emit(&[
                Instruction::Block(wasm_encoder::BlockType::Result(encoded(EXNREF))),
                Instruction::TryTable(ty, (&all[..]).into()),
            ]);
        }
        self.add((cells(&body.local_types()) + cells(results)) / CELLS);
        self.blocks.push(Block { label_cells: cells(results), labels: 1, catches: None });
        let mut reader = body.operators();
        while !reader.eof() {
            let at = reader.original_position() as usize;
            let Ok(operator) = reader.read() else { break };
            let bytes = &self.module.bytes()[at..reader.original_position() as usize];
            self.operator(&operator, bytes);
        }
        if self.counts_frames() {
            self.emit(&[Instruction::Return, Instruction::End]);
            self.add(FRAME_LEFT);
            self.emit(&[Instruction::ThrowRef, Instruction::End]);
        }
        self.code
    }

    /// Whether anything can be thrown through this module's functions.
    fn counts_frames(&self) -> bool {
        !self.module.tags().is_empty()
    }

    fn operator(&mut self, operator: &Operator<'_>, bytes: &[u8]) {
        self.add((self.prices)(bytes[0]) + self.carried(operator));
        let memory64 = |i: u32| self.module.memory(MemoryIdx(i)).is_some_and(|ty| ty.memory64);
        let table64 = |i: u32| self.module.table(TableIdx(i)).is_some_and(|ty| ty.table64);
        match *operator {
            Operator::MemoryFill { mem } => self.length(memory64(mem), 3),
            Operator::MemoryInit { .. } => self.length(false, 3),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.length(memory64(dst_mem) && memory64(src_mem), 3);
            }
            Operator::TableFill { table } => self.length(table64(table), 0),
            Operator::TableInit { .. } => self.length(false, 0),
            Operator::TableCopy { dst_table, src_table } => {
                self.length(table64(dst_table) && table64(src_table), 0);
            }
            Operator::TableGrow { table } => return self.growth(table64(table), None, bytes),
            Operator::MemoryGrow { mem } => {
                let log2 = self.module.memory(MemoryIdx(mem)).map_or(16, |ty| ty.page_size_log2);
                return self.growth(memory64(mem), Some(log2), bytes);
            }
            _ => {}
        }
        self.control(operator, bytes);
    }

    /// The cost of an operator for the cells that it takes along, or for its slow lanes.
    fn carried(&self, operator: &Operator<'_>) -> i64 {
        let label = |depth: u32| self.blocks[self.blocks.len() - 1 - depth as usize].label_cells;
        let cells = match *operator {
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth } => label(relative_depth),
            Operator::BrTable { ref targets } => label(targets.default()),
            Operator::Throw { tag_index } => cells(&self.tag_values(tag_index)),
            Operator::F32x4Sqrt | Operator::F32x4Div | Operator::F64x2Sqrt | Operator::F64x2Div => {
                CELLS
            }
            _ => 0,
        };
        cells / CELLS
    }

    /// The types of the values of a tag's exceptions.
    fn tag_values(&self, tag: u32) -> Vec<ValType> {
        self.module.tag(TagIdx(tag)).map_or(Vec::new(), |ty| ty.params.to_vec())
    }

    /// An operator itself, with the blocks that it opens and ends, and its labels as they are now.
    fn control(&mut self, operator: &Operator<'_>, bytes: &[u8]) {
        match *operator {
            Operator::Block { blockty } | Operator::If { blockty } => {
                let [_, results] = self.types.signature(blockty);
                self.open(&results, bytes);
            }
            Operator::Loop { blockty } => {
                let [params, _] = self.types.signature(blockty);
                self.open(&params, bytes);
            }
            Operator::TryTable { ref try_table } => self.try_table(try_table),
            Operator::End => match self.blocks.pop().and_then(|block| block.catches) {
                Some(catches) => self.end_try(&catches),
                None => self.code.bytes.extend_from_slice(bytes),
            },
            Operator::Br { relative_depth } => {
                self.emit(&[Instruction::Br(self.depth(relative_depth))]);
            }
            Operator::BrIf { relative_depth } => {
                self.emit(&[Instruction::BrIf(self.depth(relative_depth))]);
            }
            Operator::BrOnNull { relative_depth } => {
                self.emit(&[Instruction::BrOnNull(self.depth(relative_depth))]);
            }
            Operator::BrOnNonNull { relative_depth } => {
                self.emit(&[Instruction::BrOnNonNull(self.depth(relative_depth))]);
            }
            Operator::BrTable { ref targets } => {
                let labels = targets.targets().map_while(Result::ok);
                let labels: Vec<u32> = labels.map(|depth| self.depth(depth)).collect();
                let default = self.depth(targets.default());
                self.emit(&[Instruction::BrTable(labels.into(), default)]);
            }
            Operator::Throw { .. } | Operator::ThrowRef => {
                self.add(THROW);
                self.code.bytes.extend_from_slice(bytes);
            }
            _ => self.code.bytes.extend_from_slice(bytes),
        }
    }

    fn open(&mut self, label: &[ValType], bytes: &[u8]) {
        self.blocks.push(Block { label_cells: cells(label), labels: 1, catches: None });
        self.code.bytes.extend_from_slice(bytes);
    }

    /// How deep a label lies now.
    fn depth(&self, depth: u32) -> u32 {
        self.blocks.iter().rev().take(depth as usize).map(|block| block.labels).sum()
    }

    /// See the head of this file.
    fn try_table(&mut self, try_table: &TryTable) {
        let [params, results] = self.types.signature(try_table.ty);
        let ty = self.types.block(&params, &results);
        let handler = self.types.block(&params, &[EXNREF]);
        let all = [wasm_encoder::Catch::AllRef { label: 0 }];
        self.emit(&[
            Instruction::Block(ty),
            Instruction::Block(handler),
            Instruction::TryTable(ty, (&all[..]).into()),
        ]);
        let catches = Some(try_table.catches.clone());
        self.blocks.push(Block { label_cells: cells(&results), labels: 3, catches });
    }

    fn end_try(&mut self, catches: &[Catch]) {
        let [.., exn] = self.locals;
        let end = Instruction::End;
        self.emit(&[end.clone(), Instruction::Br(1), end.clone(), Instruction::LocalSet(exn)]);
        for catch in catches {
            self.clause(catch);
        }
        self.emit(&[Instruction::LocalGet(exn), Instruction::ThrowRef, end]);
    }

    fn clause(&mut self, catch: &Catch) {
        let [.., exn] = self.locals;
        let (tag, with_ref, label) = match *catch {
            Catch::One { tag, label } => (Some(tag), false, label),
            Catch::OneRef { tag, label } => (Some(tag), true, label),
            Catch::All { label } => (None, false, label),
            Catch::AllRef { label } => (None, true, label),
        };
        let mut values = tag.map_or(Vec::new(), |tag| self.tag_values(tag));
        let value_cells = cells(&values);
        values.extend(with_ref.then_some(EXNREF));
        let got = self.types.block(&[], &values);
        let this = match (tag, with_ref) {
            (Some(tag), false) => wasm_encoder::Catch::One { tag, label: 0 },
            (Some(tag), true) => wasm_encoder::Catch::OneRef { tag, label: 0 },
            (None, false) => wasm_encoder::Catch::All { label: 0 },
            (None, true) => wasm_encoder::Catch::AllRef { label: 0 },
        };
        let catches = [this, wasm_encoder::Catch::AllRef { label: 1 }];
        self.add(CLAUSE_ASKED);
        self.emit(&[
            Instruction::Block(wasm_encoder::BlockType::Result(encoded(EXNREF))),
            Instruction::Block(got),
            Instruction::TryTable(wasm_encoder::BlockType::Empty, (&catches[..]).into()),
            Instruction::LocalGet(exn),
            Instruction::ThrowRef,
            Instruction::End,
            Instruction::Unreachable,
            Instruction::End,
        ]);
        self.add(value_cells / CELLS);
        // Out of `$next` and `$after`.
        let label = 2 + self.depth(label);
        self.emit(&[Instruction::Br(label), Instruction::End, Instruction::LocalSet(exn)]);
    }

    /// Counts what the length on top of the stack costs: a unit for each `1 << log2` begun.
    fn length(&mut self, wide: bool, log2: u32) {
        self.top_as_i64(wide);
        self.begun(log2);
        self.count();
    }

    /// The i64 on top divided by `1 << log2`, rounded up, without overflow.
    fn begun(&mut self, log2: u32) {
        let long = self.locals[1];
        if log2 > 0 {
            self.emit(&[
                Instruction::LocalTee(long),
                Instruction::I64Const(i64::from(log2)),
                Instruction::I64ShrU,
                Instruction::LocalGet(long),
                Instruction::I64Const((1 << log2) - 1),
                Instruction::I64And,
                Instruction::I64Const(0),
                Instruction::I64Ne,
                Instruction::I64ExtendI32U,
                Instruction::I64Add,
            ]);
        }
    }

    /// Growth costs by its length where it succeeds: a unit for an element, or for 64 bytes begun
    /// of pages of `1 << log2`.
    fn growth(&mut self, wide: bool, page_log2: Option<u32>, bytes: &[u8]) {
        let [short, long, result, _] = self.locals;
        self.top_as_i64(wide);
        if let Some(log2) = page_log2 {
            self.emit(&[Instruction::I64Const(log2.into()), Instruction::I64Shl]);
            self.begun(6);
        }
        self.emit(&[Instruction::LocalSet(long)]);
        self.code.bytes.extend_from_slice(bytes);
        if wide {
            self.emit(&[
                Instruction::LocalTee(result),
                Instruction::LocalGet(result),
                Instruction::I64Const(-1),
                Instruction::I64Ne,
            ]);
        } else {
            self.emit(&[
                Instruction::LocalTee(short),
                Instruction::LocalGet(short),
                Instruction::I32Const(-1),
                Instruction::I32Ne,
            ]);
        }
        let length = Instruction::LocalGet(long);
        self.emit(&[Instruction::I64ExtendI32U, length, Instruction::I64Mul]);
        self.count();
    }

    /// Leaves the top of the stack and pushes it as an i64.
    fn top_as_i64(&mut self, wide: bool) {
        let [short, long, ..] = self.locals;
        if wide {
            self.emit(&[Instruction::LocalTee(long), Instruction::LocalGet(long)]);
        } else {
            self.emit(&[
                Instruction::LocalTee(short),
                Instruction::LocalGet(short),
                Instruction::I64ExtendI32U,
            ]);
        }
    }

    /// Adds a price to the counter.
    fn add(&mut self, price: i64) {
        if price != 0 {
            self.emit(&[Instruction::I64Const(price)]);
            self.count();
        }
    }

    /// Pops an i64 and adds it to the counter.
    fn count(&mut self) {
        let global = self.global;
        self.emit(&[
            Instruction::GlobalGet(global),
            Instruction::I64Add,
            Instruction::GlobalSet(global),
        ]);
    }

    fn emit(&mut self, instructions: &[Instruction<'_>]) {
        for instruction in instructions {
            self.code.instruction(instruction);
        }
    }
}
