//! A CLIF function while it is written: places to append to, and values that know where they are.
//!
//! A [`V`] is an operand of a lowering: a value of the function, or what a load would give
//! ([`V::pending`]), so that an extension around a load becomes the load that extends. A lowering
//! takes and gives [`V`]s and appends what it needs; so the expressions of the table of Wasm
//! operators read as lowerings (see [`crate::lower`]).

use crate::stop::Stops;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{
    self, AliasRegion, AliasRegionData, DataFlowGraph, Function, InsertBuilder, InstBuilder,
    MemFlagsData, SourceLoc, Type, Value,
};
use std::cell::{Cell, RefCell};

/// The builder that appends an instruction.
pub(crate) type Ins<'c, 'f> = InsertBuilder<'c, &'c mut FuncCursor<'f>>;

/// A function while it is written.
pub(crate) struct Emit {
    pub(crate) func: RefCell<Function>,
    block: Cell<ir::Block>,
    offset: Cell<SourceLoc>,
    regions: [AliasRegion; 6],
    /// How it stops, if not by faults.
    pub(crate) stops: Cell<Option<Stops>>,
    /// The number of stores that may trap.
    pub(crate) stores: Cell<usize>,
}

/// Parts of the memory that never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    /// Linear memories.
    Heap,
    /// Tables.
    Table,
    /// Globals.
    Global,
    /// Words of the store and of instances.
    Store,
    /// Words of instances that no code writes, and callees at most.
    Fixed,
    /// Objects.
    Object,
}

impl Region {
    /// Its number in the function.
    pub(crate) const fn id(self) -> u32 {
        self as u32 + 1
    }
}

impl Emit {
    /// Appends to the entry of a function.
    pub(crate) fn new(mut func: Function) -> Emit {
        let mut region = |user_id, description: &'static str| {
            let description = description.into();
            func.dfg.alias_regions.insert(AliasRegionData { user_id, description })
        };
        let regions = [
            region(Region::Heap.id(), "memory"),
            region(Region::Table.id(), "table"),
            region(Region::Global.id(), "global"),
            region(Region::Store.id(), "store"),
            region(Region::Fixed.id(), "fixed"),
            region(Region::Object.id(), "object"),
        ];
        let block = func.dfg.make_block();
        func.layout.append_block(block);
        let (block, offset) = (Cell::new(block), Cell::new(SourceLoc::default()));
        let (stops, stores) = (Cell::new(None), Cell::new(0));
        Emit { func: RefCell::new(func), block, offset, regions, stops, stores }
    }

    /// A new block at the end of the function.
    pub(crate) fn new_block(&self) -> ir::Block {
        let mut func = self.func.borrow_mut();
        let block = func.dfg.make_block();
        func.layout.append_block(block);
        block
    }

    /// The block that instructions are appended to.
    pub(crate) fn block(&self) -> ir::Block {
        self.block.get()
    }

    /// Appends to a block from now on.
    pub(crate) fn switch_to(&self, block: ir::Block) {
        self.block.set(block);
    }

    /// A new parameter of a block.
    pub(crate) fn block_param(&self, block: ir::Block, ty: Type) -> Value {
        self.func.borrow_mut().dfg.append_block_param(block, ty)
    }

    /// Sets the operator, by its offset in the module, that instructions belong to from now on.
    pub(crate) fn at(&self, offset: u32) {
        self.offset.set(SourceLoc::new(offset));
    }

    /// Appends an instruction.
    pub(crate) fn ins<R>(&self, append: impl FnOnce(Ins<'_, '_>) -> R) -> R {
        let mut func = self.func.borrow_mut();
        let mut cursor = FuncCursor::new(&mut func).at_bottom(self.block.get());
        cursor.set_srcloc(self.offset.get());
        append(cursor.ins())
    }

    /// The results of an instruction.
    pub(crate) fn results(&self, inst: ir::Inst) -> Vec<Value> {
        self.func.borrow().dfg.inst_results(inst).to_vec()
    }

    /// The type of a value.
    pub(crate) fn type_of(&self, value: Value) -> Type {
        self.func.borrow().dfg.value_type(value)
    }

    /// A word as a separate value, which is in a register by itself at each use. Sums with it are
    /// not merged with its computation, so that a compared sum and an address have the same number
    /// for the check too.
    pub(crate) fn whole(&self, value: Value) -> Value {
        let pair = self.ins(|i| i.iconcat(value, value));
        self.ins(|i| i.isplit(pair)).0
    }

    /// A word that is compared and is a part of an address, so that both use one computation of it.
    /// Cranelift computes cheap values anew in each block that uses them
    /// (`cranelift-codegen/src/opts/remat.isle`), and a sum with them may stand before a loop in
    /// which they are compared.
    pub(crate) fn computed_once(&self, value: Value) -> Value {
        if self.is_cheap(value) { self.whole(value) } else { value }
    }

    /// Whether a value is an operator of bits, a sum or a difference, with a constant.
    fn is_cheap(&self, value: Value) -> bool {
        let inst = {
            let func = self.func.borrow();
            let Some(inst) = func.dfg.value_def(value).inst() else { return false };
            func.dfg.insts[inst]
        };
        match inst {
            ir::InstructionData::Unary { opcode, .. } => opcode == ir::Opcode::Bnot,
            ir::InstructionData::Binary { opcode, args } => {
                use ir::Opcode::{Band, Bor, Bxor, Iadd, Isub};
                let cheap = matches!(opcode, Band | Bor | Bxor | Iadd | Isub);
                cheap && args.iter().any(|&arg| self.is_constant(arg))
            }
            _ => false,
        }
    }

    /// Whether a value is a constant.
    pub(crate) fn is_constant(&self, value: Value) -> bool {
        self.constant(value).is_some()
    }

    /// The constant of 64 bits that a value is, zero-extended or not.
    pub(crate) fn constant(&self, value: Value) -> Option<u64> {
        let func = self.func.borrow();
        let constant = |value| {
            let inst = func.dfg.insts[func.dfg.value_def(value).inst()?];
            let ir::InstructionData::UnaryImm { opcode, imm } = inst else { return None };
            (opcode == ir::Opcode::Iconst).then_some(imm.bits() as u64)
        };
        let inst = func.dfg.value_def(value).inst()?;
        if let ir::InstructionData::Unary { opcode, arg } = func.dfg.insts[inst]
            && opcode == ir::Opcode::Uextend
            && func.dfg.value_type(arg) == ir::types::I32
        {
            return constant(arg).map(|word| u64::from(word as u32));
        }
        constant(value)
    }

    /// The most that a value of 32 or 64 bits is, as the check of machine code finds it too: by a
    /// mask, a narrow load, a shift by a constant.
    pub(crate) fn most(&self, value: Value) -> u64 {
        most(&self.func.borrow().dfg, value, MOST_DEPTH)
    }

    /// The flags of an access of a part of the memory, which may trap.
    pub(crate) fn flags(&self, region: Region) -> MemFlagsData {
        MemFlagsData::new().with_alias_region(Some(self.regions[region as usize]))
    }

    /// A value as an operand.
    pub(crate) fn v(&self, value: Value) -> V<'_> {
        V { emit: self, what: What::Value(value) }
    }
}

/// Operators that [`Emit::most`] looks through, one inside the other.
const MOST_DEPTH: u32 = 8;

fn most(dfg: &DataFlowGraph, value: Value, depth: u32) -> u64 {
    use ir::InstructionData as Data;
    let ty = dfg.value_type(value);
    let all = if ty.is_int() && ty.bits() < 64 { (1_u64 << ty.bits()) - 1 } else { u64::MAX };
    let (Some(depth), Some(inst)) = (depth.checked_sub(1), dfg.value_def(value).inst()) else {
        return all;
    };
    let most = |value| most(dfg, value, depth);
    let constant = |value| {
        let Data::UnaryImm { opcode: ir::Opcode::Iconst, imm } =
            dfg.insts[dfg.value_def(value).inst()?]
        else {
            return None;
        };
        Some(imm.bits() as u64 & all)
    };
    let data = dfg.insts[inst];
    let is = |opcode| data.opcode() == opcode;
    if let Some(constant) = constant(value) {
        return constant;
    } else if let Data::Unary { opcode: ir::Opcode::Uextend, arg } = data {
        return most(arg);
    } else if let Data::Binary { args: [a, b], .. } = data {
        let by = constant(b);
        let shift = by.map(|by| (by % u64::from(ty.bits())) as u32);
        let known = if is(ir::Opcode::Band) {
            Some(most(a).min(most(b)))
        } else if is(ir::Opcode::Ushr) {
            shift.map(|by| most(a) >> by)
        } else if is(ir::Opcode::Ishl) {
            shift.filter(|by| most(a) <= all >> by).map(|by| most(a) << by)
        } else if is(ir::Opcode::Iadd) {
            by.and_then(|more| most(a).checked_add(more)).filter(|sum| *sum <= all)
        } else {
            None
        };
        return known.unwrap_or(all);
    }
    let loads = [
        (ir::Opcode::Uload8, u64::from(u8::MAX)),
        (ir::Opcode::Uload16, u16::MAX.into()),
        (ir::Opcode::Uload32, u32::MAX.into()),
    ];
    loads.into_iter().find(|&(opcode, _)| is(opcode)).map_or(all, |(_, most)| most)
}

/// An operand: a value of the function that is written.
#[derive(Clone, Copy)]
pub(crate) struct V<'e> {
    pub(crate) emit: &'e Emit,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Value(Value),
    Load(Load),
}

/// A load that is not written yet.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// The loaded type.
    pub(crate) ty: Type,
    /// The base address.
    pub(crate) address: Value,
    /// The offset, in bytes.
    pub(crate) offset: i32,
    /// The flags of the access.
    pub(crate) flags: MemFlagsData,
}

impl<'e> V<'e> {
    /// The value of a load that is written where it is used; it must be used exactly once.
    pub(crate) fn pending(emit: &'e Emit, load: Load) -> V<'e> {
        V { emit, what: What::Load(load) }
    }

    /// The load, if it is not written.
    pub(crate) fn load(self) -> Option<Load> {
        match self.what {
            What::Value(_) => None,
            What::Load(load) => Some(load),
        }
    }

    /// The value.
    pub(crate) fn value(self) -> Value {
        match self.what {
            What::Value(value) => value,
            What::Load(Load { ty, address, offset, flags }) => {
                self.emit.ins(|i| i.load(ty, flags, address, offset))
            }
        }
    }

    /// The value of an instruction that is appended now.
    pub(crate) fn put(self, append: impl FnOnce(Ins<'_, '_>) -> Value) -> V<'e> {
        let value = self.emit.ins(append);
        self.emit.v(value)
    }
}
