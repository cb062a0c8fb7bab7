//! SSA → CLIF: operators one by one, by the table of Wasm operators.
//!
//! ```text
//! Body ─ Lowering ─ control, exception: edges, calls ┐
//!           │      memory, atomic: accesses          ├─ Emit ─► CLIF
//!           │      state: globals, tables, store     │
//!           │      inside: what is in its memory     │
//!           │      fuel: what is left of it          │
//!           └ meaning of a row ─ numeric, vector     ┘
//! ```
//!
//! The expression of a row resolves here to functions of the names that `prova-num` has, which
//! append CLIF instead of computing ([`meaning`]); so there is a lowering for each name, and a row
//! without one does not compile. The code of each class is in the files of the families; a class
//! that has no inline code goes through the builtin `perform` or makes the function stay bytecode
//! ([`Declined`](crate::Declined)).
//!
//! # Invariants
//! 1. An instruction of the CLIF belongs to the module offset of its operator.
//! 2. The instructions for an operator that traps do so with its code before any change that the
//!    operator or a later one makes.

mod aggregate;
pub(crate) mod atomic;
pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod exception;
pub(crate) mod fuel;
pub(crate) mod inside;
mod make;
pub(crate) mod memory;
pub(crate) mod numeric;
pub(crate) mod state;
mod uses;
pub(crate) mod vector;

use crate::Declined;
use crate::abi::{self, Abi};
use crate::emit::{Emit, Region, V};
use crate::lower::exception::Catches;
use crate::reach::Reaches;
use crate::stop::Stops;
use crate::{room, thunk};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self, Function, InstBuilder, StackSlot, Value};
use numeric::*;
use prova_check::{CpuLevel, Layout, offsets, traps};
use prova_module::ops::Class;
use prova_module::{FuncIdx, Module, Opcode, ValType, for_each_wasm_op, wasm_immediate};
use prova_ssa as ssa;
use prova_ssa::{Body, Held, Imm, InstData, Op};
use std::cell::Cell;
use std::collections::BTreeMap;
use vector::*;

/// A function while it is lowered.
pub(crate) struct Lowering<'a> {
    pub(crate) emit: &'a Emit,
    pub(crate) module: &'a Module,
    pub(crate) layout: &'a Layout,
    pub(crate) abi: &'a Abi,
    pub(crate) body: &'a Body,
    pub(crate) deterministic: bool,
    values: Vec<Option<Value>>,
    pub(crate) blocks: Vec<ir::Block>,
    /// The vmctx of the function's instance.
    pub(crate) vmctx: Value,
    /// The stack limit left before the function, and the limit that it passes to its callees.
    pub(crate) height: Value,
    pub(crate) left: Value,
    /// The word for the fuel.
    pub(crate) fuel: fuel::Fuel,
    /// The accesses that are known to be in their memory.
    pub(crate) inside: inside::Inside,
    /// The cells in which results are left; `None`: they are returned.
    pub(crate) result_cells: Option<Value>,
    /// The exceptional ways.
    pub(crate) catches: Catches<'a>,
    /// Arguments of edges so far.
    edge_args: Cell<usize>,
    /// By value: whether it is a number that only calls use, as the function that they call (A5 of
    /// `aggregate`).
    callees: Vec<bool>,
}

/// The CLIF of a function, and what its calls say beside it.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) func: Function,
    pub(crate) said: Said,
}

/// The parts of a function's call map that its CLIF does not have.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The clauses by number: the tag, and whether there is a reference.
    pub(crate) clauses: Vec<(Option<u32>, bool)>,
    /// By the offset of an operator that calls: the slots of the references that its frame holds.
    pub(crate) roots: BTreeMap<u32, Vec<StackSlot>>,
    /// The accesses whose memory's length is compared, or needs no comparison.
    pub(crate) reaches: Reaches,
}

impl From<Function> for Lowered {
    fn from(func: Function) -> Lowered {
        Lowered { func, said: Said::default() }
    }
}

/// Where a body begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    /// The function: its parameters are the entry's.
    Function,
    /// A round of a loop: the cell of each parameter of the entry, among those of the frame; and
    /// the references that the frame holds.
    Round { cells: &'a [u32], held: &'a Held },
}

/// Lowers a body to CLIF.
///
/// # Errors
/// Why it stays bytecode.
pub(crate) fn lower(
    module: &Module,
    layout: &Layout,
    abi: &Abi,
    (body, held): (&Body, &Held),
    start: Start<'_>,
    deterministic: bool,
) -> Result<Lowered, Declined> {
    let func = body.func();
    let facts = module.facts(func).ok_or(Declined::Bug("no facts"))?;
    let ty = module.func_type(func);
    let signature = match (abi.function(ty)?, start) {
        (signature, Start::Function) => signature,
        (_, Start::Round { .. }) => abi.thunk_in(),
    };
    let emit = Emit::new(room::function(ir::UserFuncName::user(0, func.0), signature));
    emit.at(body.block(body.entry()).offset);
    let record = emit.block_param(emit.block(), I64);
    let height = emit.block_param(emit.block(), I64);
    let vmctx = own_vmctx(&emit, layout, func, record);
    let (params, result_cells): (Vec<Value>, _) = match start {
        Start::Function => {
            let param = |&ty| emit.block_param(emit.block(), abi::clif(ty));
            (ty.params.iter().map(param).collect(), None)
        }
        Start::Round { cells, .. } => {
            let at = thunk::cells_of(&emit, vmctx);
            (values_of_round(&emit, (module, body), at, cells)?, Some(at))
        }
    };
    let charge = facts.charge_bytes();
    let charge = emit.ins(|i| i.iconst(I64, i64::try_from(charge).unwrap_or(i64::MAX)));
    let over = emit.ins(|i| i.icmp(ir::condcodes::IntCC::UnsignedLessThan, height, charge));
    if !layout.config().signals {
        let signature = emit.func.borrow_mut().import_signature(abi.builtin(1));
        emit.stops.set(Some(Stops { vmctx, height, signature }));
    }
    emit.trap_if(over, traps::STACK_OVERFLOW);
    // A value by itself: Cranelift would subtract again in each block that calls.
    let left = emit.whole(emit.ins(|i| i.isub(height, charge)));
    emit.stops.set(emit.stops.get().map(|stops| Stops { height: left, ..stops }));

    let blocks = body.blocks().map(|_| emit.new_block()).collect();
    let mut lowering = Lowering {
        emit: &emit,
        module,
        layout,
        abi,
        body,
        deterministic,
        values: vec![None; body.value_count()],
        blocks,
        vmctx,
        height,
        left,
        fuel: fuel::Fuel::default(),
        inside: inside::Inside::new(body),
        result_cells,
        catches: Catches::new(held),
        edge_args: Cell::new(0),
        callees: uses::callees(module, body),
    };
    lowering.parameters();
    lowering.enter(&params);
    lowering.all_blocks()?;
    let Catches { clauses, roots, .. } = std::mem::take(&mut lowering.catches);
    let said = Said { clauses, roots, reaches: std::mem::take(&mut lowering.inside.reaches) };
    Ok(Lowered { func: emit.func.into_inner(), said })
}

/// The values with which a round begins, from their cells behind `at`.
fn values_of_round(
    emit: &Emit,
    (module, body): (&Module, &Body),
    at: Value,
    cells: &[u32],
) -> Result<Vec<Value>, Declined> {
    let types = body.block(body.entry()).params().map(|value| body.value(value).ty);
    let flags = emit.flags(Region::Store).with_notrap();
    let mut values = Vec::with_capacity(cells.len());
    for (ty, &cell) in types.zip(cells) {
        // References to exceptions and objects are numbers to the check and to the store.
        if matches!(ty, ValType::Ref(_)) && !module.types().is_traced(ty) {
            return Err(Declined::Round(
                "a reference to a function or of the host is alive where it begins",
            ));
        }
        if cell >= offsets::ARGS_CELLS - 1 {
            return Err(Declined::Round("too many cells are alive where it begins"));
        }
        values.push(emit.ins(|i| i.load(abi::clif(ty), flags, at, 8 * cell as i32)));
    }
    Ok(values)
}

/// The vmctx of a defined function whose record is given: the record is a part of it.
fn own_vmctx(emit: &Emit, layout: &Layout, func: FuncIdx, record: Value) -> Value {
    let at = layout.defined_func(func.0.saturating_sub(layout.imported_funcs()));
    let back = emit.ins(|i| i.iconst(I64, -i64::from(at)));
    emit.ins(|i| i.iadd(record, back))
}

impl<'a> Lowering<'a> {
    fn all_blocks(&mut self) -> Result<(), Declined> {
        for (block, data) in self.body.blocks() {
            self.emit.switch_to(self.blocks[block.as_u32() as usize]);
            if exception::is_handler(data) {
                // Nothing leads here.
                self.emit.ins(|i| i.trap(abi::trap(traps::BUG)));
                continue;
            }
            self.fuel_begins(block);
            self.inside.begins(block);
            for inst in data.insts() {
                self.inst(inst)?;
            }
            self.emit.at(data.end);
            self.fuel_ends(block);
            self.terminator(data)?;
        }
        Ok(())
    }

    /// Makes the parameters of all blocks.
    fn parameters(&mut self) {
        self.handler_parameters();
        let blocks = self.body.blocks().filter(|(_, data)| !exception::is_handler(data));
        for (block, data) in blocks {
            for value in data.params() {
                let ty = abi::clif(self.body.value(value).ty);
                let param = self.emit.block_param(self.blocks[block.as_u32() as usize], ty);
                self.values[value.as_u32() as usize] = Some(param);
            }
        }
        self.fuel_parameters();
    }

    /// Jumps to the body's entry with the function's parameters.
    fn enter(&mut self, params: &[Value]) {
        let entry = self.blocks[self.body.entry().as_u32() as usize];
        let args: Vec<ir::BlockArg> = params.iter().map(|&value| value.into()).collect();
        self.emit.ins(|i| i.jump(entry, &args));
    }

    /// A value of the body.
    pub(crate) fn get(&self, value: ssa::Value) -> Result<Value, Declined> {
        let found = self.values.get(value.as_u32() as usize).copied().flatten();
        found
            .or_else(|| self.escaped(value))
            .ok_or(Declined::Bug("a value is used before it is made"))
    }

    pub(crate) fn set(&mut self, value: ssa::Value, to: Value) {
        self.values[value.as_u32() as usize] = Some(to);
    }

    /// A constant of 64 bits.
    pub(crate) fn word(&self, value: u64) -> Value {
        self.emit.ins(|i| i.iconst(I64, value as i64))
    }

    /// An immutable word of the instance.
    pub(crate) fn field(&self, offset: u32) -> Value {
        self.emit.ins(|i| i.load(I64, abi::immutable(), self.vmctx, offset as i32))
    }

    /// The base of a memory or a table, by its word of the instance: read again behind each call
    /// where it may move.
    pub(crate) fn base(&self, offset: u32) -> Value {
        if !self.layout.moves() {
            return self.field(offset);
        }
        let flags = self.word_flags(Region::Fixed);
        self.emit.ins(|i| i.load(I64, flags, self.vmctx, offset as i32))
    }

    fn inst(&mut self, inst: ssa::Inst) -> Result<(), Declined> {
        let data = self.body.inst(inst);
        self.inside.at = Some(inst);
        self.emit.at(data.offset);
        let opcode = match (data.op, data.imm) {
            (Op::Wasm(opcode), _) => opcode,
            (Op::Charge, Imm::Bits(units)) => {
                self.charge(units)?;
                return Ok(());
            }
            (Op::Charge, _) => return Err(Declined::Bug("a charge without price")),
            (Op::Poll, _) => return self.poll(),
        };
        let args = self.body.operands(data.args).iter().map(|&value| self.get(value));
        let args = args.collect::<Result<Vec<Value>, Declined>>()?;
        let results = self.operator(opcode, data, &args)?;
        for (value, result) in data.results().zip(results) {
            self.set(value, result);
        }
        Ok(())
    }

    /// The results of an operator.
    fn operator(
        &mut self,
        opcode: Opcode,
        data: &InstData,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        match opcode.class() {
            Class::pure | Class::pure2 | Class::trap | Class::select => {
                let operands = args.iter().map(|&value| self.emit.v(value)).collect();
                self.expression(opcode, data.imm, operands)
            }
            Class::constant => self.constant(opcode, data.imm).map(|value| vec![value]),
            Class::null => Ok(vec![self.word(0)]),
            Class::global_get | Class::global_set => self.global(data, args),
            Class::load | Class::load_lane | Class::store | Class::store_lane => {
                self.access(opcode, data.imm, args)
            }
            Class::atomic_load
            | Class::atomic_store
            | Class::atomic_rmw
            | Class::atomic_cmpxchg
            | Class::atomic_wait
            | Class::atomic_notify
            | Class::fence => self.atomic(opcode, data.imm, args),
            Class::quick | Class::effect => self.store_operation(opcode, data, args),
            Class::call | Class::call_indirect | Class::call_ref => {
                let call = ssa::Call { opcode, imm: data.imm, args: data.args };
                self.call(&call, data.offset)
            }
            Class::aggregate | Class::allocate => self.aggregate(opcode, data, args),
            Class::drop_
            | Class::nop
            | Class::local_get
            | Class::local_set
            | Class::local_tee
            | Class::unreachable
            | Class::block
            | Class::loop_
            | Class::if_
            | Class::try_table
            | Class::else_
            | Class::end
            | Class::br
            | Class::br_if
            | Class::br_table
            | Class::br_on_null
            | Class::br_on_non_null
            | Class::br_on_cast
            | Class::return_
            | Class::return_call
            | Class::return_call_indirect
            | Class::return_call_ref
            | Class::throw
            | Class::throw_ref
            | Class::refused => Err(Declined::Bug("an operator that is no instruction")),
        }
    }

    /// The results of the row's expression.
    pub(crate) fn expression(
        &self,
        opcode: Opcode,
        imm: Imm,
        operands: Vec<V<'a>>,
    ) -> Result<Vec<Value>, Declined> {
        let immediate = match imm {
            Imm::Wide([low, high]) => u128::from(low) | u128::from(high) << 64,
            Imm::Lane(lane) => lane.into(),
            Imm::Access(access) => access.lane.into(),
            Imm::Bits(bits) => bits.into(),
            Imm::None | Imm::Index(_) | Imm::Indices(..) | Imm::Type(_) | Imm::Heap(_) => 0,
        };
        if opcode == Opcode::I8x16ShrU
            && self.layout.config().cpu == CpuLevel::V2
            && let &[x, count] = operands.as_slice()
            && let count = count.value()
            && self.emit.constant(count).is_none()
        {
            return Ok(vec![vector::bytes_shifted(x, count)]);
        }
        let mut args = Args { operands: operands.into_iter(), immediate };
        let values = meaning(planted!(operator opcode), &mut args, self.deterministic);
        values.ok_or(Declined::Bug("an operator without meaning"))
    }

    fn constant(&self, opcode: Opcode, imm: Imm) -> Result<Value, Declined> {
        let ty = opcode.row().fixed.ok_or(Declined::Bug("a constant without type"))?;
        Ok(match (ty, imm) {
            (ValType::I32, Imm::Bits(bits)) => {
                let bits = planted!(WrongConstant, bits, bits ^ 1);
                self.emit.ins(|i| i.iconst(I32, i64::from(bits as u32)))
            }
            (ValType::I64, Imm::Bits(bits)) => self.word(bits),
            (ValType::F32, Imm::Bits(bits)) => {
                self.emit.ins(|i| i.f32const(ir::immediates::Ieee32::with_bits(bits as u32)))
            }
            (ValType::F64, Imm::Bits(bits)) => {
                self.emit.ins(|i| i.f64const(ir::immediates::Ieee64::with_bits(bits)))
            }
            (ValType::V128, Imm::Wide([low, high])) => {
                vector::constant(self.emit, u128::from(low) | u128::from(high) << 64).value()
            }
            (_, _) => return Err(Declined::Bug("a constant of another type")),
        })
    }
}

/// The operands of an expression in order, and its immediate.
struct Args<'e> {
    operands: std::vec::IntoIter<V<'e>>,
    immediate: u128,
}

/// The type of an immediate.
trait Number {
    fn from_bits(bits: u128) -> Self;
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(impl Number for $ty {
        fn from_bits(bits: u128) -> $ty { bits as $ty }
    })*};
}
numbers! { u8 u32 u64 u128 }

/// The result of an expression.
trait Expression {
    fn values(self) -> Vec<Value>;
}

impl Expression for V<'_> {
    fn values(self) -> Vec<Value> {
        vec![self.value()]
    }
}

impl Expression for (V<'_>, V<'_>) {
    fn values(self) -> Vec<Value> {
        vec![self.0.value(), self.1.value()]
    }
}

macro_rules! meaning {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($s:ident : $sk:ident)* -> $($d:ident)* $(/ $canonical:ident)?] ($($i:ident : $ik:ident)*)
        $($binder:ident $(: $bits:ident)?)? { $($e:tt)* })*) => {
        /// The values of a row's expression; `None` where the class says what it does.
        fn meaning(opcode: Opcode, args: &mut Args<'_>, deterministic: bool) -> Option<Vec<Value>> {
            match opcode {
                $(Opcode::$name => expression! {
                    $class args deterministic [$($s)*] ($($i : $ik)*) [$($canonical)?]
                    ($($binder $(: $bits)?)?) { $($e)* }
                }),*
            }
        }
    };
}

macro_rules! expression {
    (constant $($rest:tt)*) => { None };
    (atomic_rmw $($rest:tt)*) => { None };
    (atomic_cmpxchg $($rest:tt)*) => { None };
    (effect $($rest:tt)*) => { None };
    (quick $($rest:tt)*) => { None };
    ($class:ident $args:ident $det:ident $s:tt $i:tt $c:tt $b:tt {}) => { None };
    ($class:ident $args:ident $det:ident [$($s:ident)*] ($($i:ident : $ik:ident)*) [$($canonical:ident)?]
        ($($m:ident : $bits:ident)?) { $e:expr }) => {{
        $(let $s = $args.operands.next()?;)*
        $(let $i: wasm_immediate!($ik) = Number::from_bits($args.immediate);)*
        $(let $m = $args.operands.next()?;)?
        // An expression need not use all names of its row.
        let _ = ($(&$s,)* $(&$i,)* $(&$m,)?);
        let value = $e;
        $(let value = if $det { $canonical(value) } else { value };)?
        Some(value.values())
    }};
}
for_each_wasm_op!(meaning);
