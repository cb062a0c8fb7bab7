//! A function body → tokens: operators with each index replaced by what it names, so that bodies of
//! two modules can be compared.
//!
//! Neighbours: `side` gives the interned ids; `lockstep`, `cfg`, `matching` compare tokens.
//!
//! 1. Two tokens of one module are equal exactly if the operators are, up to duplicate types.
//! 2. `index` of an item is the operator's index as written; the token has the interned or
//!    canonical one.

use super::side::Side;
use prova_module::ops::{Class, Immediate, Opcode, Value};
use prova_module::{
    BlockType, FuncIdx, HeapType, MemArg, MemArgTarget, Module, Operator, UnpackedIndex,
};
use std::ops::Range;

/// The type of a block with function types interned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BlockKey {
    Empty,
    Value(u32),
    Func(u32),
}

/// An operator without indices of its own module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tok<'m> {
    /// Operators whose bytes say everything.
    Raw(&'m [u8]),
    /// `call`, `return_call`, `ref.func`: opcode and function.
    Func(u8, u32),
    /// `call_indirect`, `return_call_indirect`, `call_ref`, `return_call_ref`: opcode, interned
    /// type, table.
    Indirect(u8, u32, u32),
    /// `block`, `loop`, `if`, `try_table`.
    Block(u8, BlockKey),
    /// `local.get`, `local.set`, `local.tee`.
    Local(u8, u32),
    /// `global.get`, `global.set`.
    Global(u8, u32),
    /// `i32.const`
    I32(i32),
    /// `i64.const`
    I64(i64),
    /// A memory operator.
    Mem { code: u32, align: u8, memory: u32, lane: u8, offset: u64 },
}

/// A token with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'m> {
    pub(crate) tok: Tok<'m>,
    /// The index as written, of tokens that have one.
    pub(crate) index: u32,
    /// Module offset, and that of the next operator.
    pub(crate) offset: u32,
    pub(crate) end: u32,
}

/// Reads the tokens of a body one by one, with their operators.
pub(crate) struct Tokens<'m> {
    side: &'m Side<'m>,
    reader: prova_module::OperatorsReader<'m>,
}

impl<'m> Tokens<'m> {
    /// The tokens of a defined function; none for an import.
    pub(crate) fn new(side: &'m Side<'m>, func: u32) -> Option<Tokens<'m>> {
        let body = side.module.body(FuncIdx(func))?;
        side.spend(body.bytes().len());
        Some(Tokens { side, reader: body.operators() })
    }

    /// The next operator and its item.
    pub(crate) fn next_op(&mut self) -> Option<(Operator<'m>, Item<'m>)> {
        if self.reader.eof() {
            return None;
        }
        // The body is valid: an error would end it like its end.
        let (op, offset) = self.reader.read_with_offset().ok()?;
        let end = self.reader.original_position() as u32;
        let item = Item::of(self.side, &op, offset as u32..end);
        Some((op, item))
    }
}

impl<'m> Item<'m> {
    /// The token of an operator at these offsets of a body.
    pub(crate) fn of(side: &Side<'m>, op: &Operator<'_>, at: Range<u32>) -> Item<'m> {
        let module: &'m Module = side.module;
        let raw = module.bytes().get(at.start as usize..at.end as usize).unwrap_or_default();
        let (tok, index) = token(side, op, raw);
        Item { tok, index, offset: at.start, end: at.end }
    }
}

impl<'m> Iterator for Tokens<'m> {
    type Item = Item<'m>;

    fn next(&mut self) -> Option<Item<'m>> {
        Some(self.next_op()?.1)
    }
}

fn token<'m>(side: &Side<'_>, op: &Operator<'_>, raw: &'m [u8]) -> (Tok<'m>, u32) {
    let code = raw.first().copied().unwrap_or_default();
    // Half of all operators are one byte and so have no immediates, most others name a local or
    // are a constant.
    if raw.len() == 1 {
        return (Tok::Raw(raw), 0);
    }
    if let Operator::LocalGet { local_index: local }
    | Operator::LocalSet { local_index: local }
    | Operator::LocalTee { local_index: local } = op
    {
        return (Tok::Local(code, *local), *local);
    }
    if let Operator::I32Const { value } = op {
        return (Tok::I32(*value), 0);
    }
    let immediates = Opcode::immediates(op);
    if immediates.iter().next().is_none() {
        return (Tok::Raw(raw), 0);
    }
    let class = Opcode::of(op).class();
    if let Some(func) = immediates.index(Immediate::func) {
        return (Tok::Func(code, side.canonical_func(func)), func);
    }
    if let Some(ty) = immediates.index(Immediate::type_) {
        let table = immediates.index(Immediate::table).unwrap_or(0);
        return (Tok::Indirect(code, side.type_id(ty), table), ty);
    }
    if let Some(global) = immediates.index(Immediate::global) {
        return (Tok::Global(code, side.canonical_global(global)), global);
    }
    if let Some(HeapType::Concrete(UnpackedIndex::Module(ty))) = immediates.heap() {
        return (Tok::Indirect(code, side.type_id(ty), u32::MAX), ty);
    }
    // The clauses of a `try_table` are in its bytes.
    if let Some(ty) = immediates.block().filter(|_| class != Class::try_table) {
        return match ty {
            BlockType::Empty => (Tok::Block(code, BlockKey::Empty), 0),
            BlockType::Type(ty) => (Tok::Block(code, BlockKey::Value(side.val_id(ty))), 0),
            BlockType::FuncType(ty) => (Tok::Block(code, BlockKey::Func(side.type_id(ty))), ty),
        };
    }
    // What the tokens of memory operators do not hold is in the bytes.
    if let Some(MemArg { align, offset, target, ordering: None, .. }) = immediates.memarg()
        && let MemArgTarget::Memory(memory) = target
    {
        let lane = immediates.lane().unwrap_or(0);
        return (Tok::Mem { code: prefixed(raw), align, memory, lane, offset }, 0);
    }
    let constant = immediates.iter().find_map(|(_, value)| match value {
        Value::I32(value) => Some(Tok::I32(*value)),
        Value::I64(value) => Some(Tok::I64(*value)),
        _ => None,
    });
    (constant.unwrap_or(Tok::Raw(raw)), 0)
}

/// The opcode of a memory operator with its prefix in the high half.
pub(crate) fn prefixed(raw: &[u8]) -> u32 {
    let first = raw.first().copied().unwrap_or_default();
    if !matches!(first, 0xfd | 0xfe) {
        return first.into();
    }
    let mut sub = 0u32;
    for (i, byte) in raw[1..].iter().take(5).enumerate() {
        sub |= u32::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            break;
        }
    }
    u32::from(first) << 16 | sub
}
