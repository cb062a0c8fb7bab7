//! A function body → tokens: operators with each index replaced by what it names, so that bodies of two modules can be compared.
//!
//! Neighbours: `side` gives the interned ids; `lockstep`, `cfg`, `matching` compare tokens.
//!
//! 1. Two tokens of one module are equal exactly if the operators are, up to duplicate types.
//! 2. `index` of an item is the operator's index as written; the token has the interned or canonical one.

use super::side::Side;
use crate::op::memarg;
use prova_module::{BlockType, FuncIdx, MemArg, MemArgTarget, Operator, ValType};

/// The type of a block with function types interned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BlockKey {
    Empty,
    Value(ValType),
    Func(u32),
}

/// An operator without indices of its own module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tok<'m> {
    /// Operators whose bytes say everything.
    Raw(&'m [u8]),
    /// `call`, `return_call`, `ref.func`: opcode and function.
    Func(u8, u32),
    /// `call_indirect`, `return_call_indirect`, `call_ref`, `return_call_ref`: opcode, interned type, table.
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
    /// Module offset.
    pub(crate) offset: u32,
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
        let end = self.reader.original_position() as usize;
        let raw = &self.side.module.bytes()[offset as usize..end];
        let (tok, index) = token(self.side, &op, raw);
        Some((op, Item { tok, index, offset: offset as u32 }))
    }
}

impl<'m> Iterator for Tokens<'m> {
    type Item = Item<'m>;

    fn next(&mut self) -> Option<Item<'m>> {
        Some(self.next_op()?.1)
    }
}

fn token<'m>(side: &Side<'_>, op: &Operator<'_>, raw: &'m [u8]) -> (Tok<'m>, u32) {
    let code = raw[0];
    match *op {
        Operator::Call { function_index }
        | Operator::ReturnCall { function_index }
        | Operator::RefFunc { function_index } => {
            (Tok::Func(code, side.canonical_func(function_index)), function_index)
        }
        Operator::CallIndirect { type_index, table_index }
        | Operator::ReturnCallIndirect { type_index, table_index } => {
            (Tok::Indirect(code, side.type_id(type_index), table_index), type_index)
        }
        Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
            (Tok::Indirect(code, side.type_id(type_index), 0), type_index)
        }
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            match blockty {
                BlockType::Empty => (Tok::Block(code, BlockKey::Empty), 0),
                BlockType::Type(ty) => (Tok::Block(code, BlockKey::Value(ty)), 0),
                BlockType::FuncType(ty) => (Tok::Block(code, BlockKey::Func(side.type_id(ty))), ty),
            }
        }
        Operator::LocalGet { local_index }
        | Operator::LocalSet { local_index }
        | Operator::LocalTee { local_index } => (Tok::Local(code, local_index), local_index),
        Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
            (Tok::Global(code, side.canonical_global(global_index)), global_index)
        }
        Operator::I32Const { value } => (Tok::I32(value), 0),
        Operator::I64Const { value } => (Tok::I64(value), 0),
        ref op => match memarg(op) {
            Some(MemArg {
                align,
                offset,
                target: MemArgTarget::Memory(memory),
                ordering: None,
                ..
            }) => {
                let (code, lane) = prefixed(raw);
                (Tok::Mem { code, align, memory, lane, offset }, 0)
            }
            // What the tokens of memory operators do not hold is in the bytes.
            Some(_) | None => (Tok::Raw(raw), 0),
        },
    }
}

/// The opcode of a memory operator with its prefix in the high half, and its lane (SIMD operators 84 to 91).
fn prefixed(raw: &[u8]) -> (u32, u8) {
    if !matches!(raw[0], 0xfd | 0xfe) {
        return (raw[0].into(), 0);
    }
    let mut sub = 0u32;
    for (i, byte) in raw[1..].iter().take(5).enumerate() {
        sub |= u32::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let lane = match (raw[0], sub) {
        (0xfd, 84..=91) => *raw.last().unwrap_or(&0),
        _ => 0,
    };
    (u32::from(raw[0]) << 16 | sub, lane)
}
