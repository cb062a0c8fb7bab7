//! A function body → tokens: operators with each index replaced by what it names, so that bodies of
//! two modules can be compared.
//!
//! 1. Two tokens of one module are equal exactly if the operators are, up to duplicate types.
//!    Noticed by: `tests`, for each operator beside each other one.
//! 2. `index` of an item is the operator's index as written; the token has the interned or
//!    canonical one.
//! 3. [`Tokens`] and [`Operators`] give the same items. Noticed by: `tests` here.

use crate::pair::side::Side;
use prova_module::ops::{Class, Immediate, Immediates, Opcode, Value};
use prova_module::{
    BinaryReader, BlockType, FuncIdx, HeapType, MemArg, MemArgTarget, Module, Operator,
    OperatorsReader, RefType, UnpackedIndex, ValType,
};
use std::ops::Range;

/// The type of a block with function types interned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BlockKey {
    Empty,
    Value(u32),
    Func(u32),
}

/// An operator whose indices are those of both modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tok<'m> {
    /// Operators whose bytes say everything.
    Raw(&'m [u8]),
    /// `call`, `return_call`, `ref.func`: opcode and function.
    Func(u8, u32),
    /// `call_indirect`, `return_call_indirect`, `call_ref`, `return_call_ref`: opcode, interned
    /// type, table.
    Indirect(u8, u32, u32),
    /// Operators behind the prefix of objects, and `select` with a type: opcode with its prefix,
    /// ids of the types that it names in order, and its other numbers.
    Typed { code: u32, types: [u32; 2], rest: [u32; 2] },
    /// `block`, `loop`, `if`.
    Block(u8, BlockKey),
    /// `try_table`: its type, and the bytes of its clauses, which name tags and labels.
    Try(BlockKey, &'m [u8]),
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
    /// Module offset, and the offset of the next operator.
    pub(crate) offset: u32,
    pub(crate) end: u32,
}

/// Reads the tokens of a body one by one.
///
/// Most operators of a body are one byte, or a byte and a number: their tokens are made of that
/// alone. All others are read by the decoder ([`Operators`] says what each token is).
pub(crate) struct Tokens<'m> {
    side: &'m Side<'m>,
    reader: BinaryReader<'m>,
}

impl<'m> Tokens<'m> {
    /// The tokens of a defined function; none for an import.
    pub(crate) fn new(side: &'m Side<'m>, func: u32) -> Option<Tokens<'m>> {
        let body = side.module.body(FuncIdx(func))?;
        side.spend(body.bytes().len());
        Some(Tokens { side, reader: body.operators_binary() })
    }

    /// The token of a frequent operator, and its index; `None` for any other operator, which is not
    /// read.
    #[inline]
    fn frequent(&mut self) -> Option<(Tok<'m>, u32)> {
        let start = self.reader.original_position() as usize;
        let bytes = self.side.module.bytes();
        let code = *bytes.get(start)?;
        let second = bytes.get(start + 1).copied().unwrap_or_default();
        let mut at = self.reader.clone();
        at.read_u8().ok()?;
        let mut index = 0;
        let tok = match code {
            // Without immediates.
            0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {
                Tok::Raw(bytes.get(start..start + 1)?)
            }
            // `block`, `loop`, `if` without a type.
            0x02..=0x04 if second == 0x40 => {
                at.read_u8().ok()?;
                Tok::Block(code, BlockKey::Empty)
            }
            // `br`, `br_if`
            0x0c | 0x0d => {
                at.read_var_u32().ok()?;
                Tok::Raw(bytes.get(start..at.original_position() as usize)?)
            }
            0x10 => {
                index = at.read_var_u32().ok()?;
                Tok::Func(code, self.side.canonical_func(index))
            }
            0x20..=0x22 => {
                index = at.read_var_u32().ok()?;
                Tok::Local(code, index)
            }
            0x23 | 0x24 => {
                index = at.read_var_u32().ok()?;
                Tok::Global(code, self.side.canonical_global(index))
            }
            // Loads and stores of memory 0: the alignment is all that the second byte says.
            0x28..=0x3e if second < 8 => {
                at.read_u8().ok()?;
                let offset = at.read_var_u64().ok()?;
                Tok::Mem { code: code.into(), align: second, memory: 0, lane: 0, offset }
            }
            0x41 => Tok::I32(at.read_var_i32().ok()?),
            0x42 => Tok::I64(at.read_var_i64().ok()?),
            _ => return None,
        };
        self.reader = at;
        Some((tok, index))
    }

    /// The same for every operator.
    fn any(&mut self) -> Option<(Tok<'m>, u32)> {
        let start = self.reader.original_position() as usize;
        // No operator that depends on the block around it comes here, but those that end one.
        let mut operators = OperatorsReader::new(self.reader.clone());
        // The body is valid: an error would end it like its end.
        let op = operators.read().ok()?;
        self.reader = operators.get_binary_reader();
        let end = self.reader.original_position() as usize;
        let raw = self.side.module.bytes().get(start..end).unwrap_or_default();
        Some(token(self.side, &op, raw))
    }
}

impl<'m> Iterator for Tokens<'m> {
    type Item = Item<'m>;

    #[inline]
    fn next(&mut self) -> Option<Item<'m>> {
        if self.reader.eof() {
            return None;
        }
        let offset = self.reader.original_position() as u32;
        let (tok, index) = match self.frequent() {
            Some(found) => found,
            None => self.any()?,
        };
        Some(Item { tok, index, offset, end: self.reader.original_position() as u32 })
    }
}

/// Reads the operators of a body one by one, with their tokens.
pub(crate) struct Operators<'m> {
    side: &'m Side<'m>,
    reader: OperatorsReader<'m>,
}

impl<'m> Operators<'m> {
    /// The operators of a defined function; none for an import.
    pub(crate) fn new(side: &'m Side<'m>, func: u32) -> Option<Operators<'m>> {
        let body = side.module.body(FuncIdx(func))?;
        side.spend(body.bytes().len());
        Some(Operators { side, reader: body.operators() })
    }
}

impl<'m> Iterator for Operators<'m> {
    type Item = (Operator<'m>, Item<'m>);

    fn next(&mut self) -> Option<(Operator<'m>, Item<'m>)> {
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
    /// Whether the number is written in five bytes though fewer are enough.
    pub(crate) fn is_padded(&self) -> bool {
        let large = match self.tok {
            Tok::I32(value) => !(-(1 << 27)..1 << 27).contains(&value),
            Tok::Mem { offset, .. } => offset >= 1 << 28,
            _ => true,
        };
        self.end - self.offset >= 6 && !large
    }

    /// The token of an operator at these offsets of a body.
    pub(crate) fn of(side: &Side<'m>, op: &Operator<'_>, at: Range<u32>) -> Item<'m> {
        let module: &'m Module = side.module;
        let raw = module.bytes().get(at.start as usize..at.end as usize).unwrap_or_default();
        let (tok, index) = token(side, op, raw);
        Item { tok, index, offset: at.start, end: at.end }
    }
}

fn token<'m>(side: &Side<'_>, op: &Operator<'_>, raw: &'m [u8]) -> (Tok<'m>, u32) {
    let code = raw.first().copied().unwrap_or_default();
    // Half of all operators are one byte and so have no immediates. Most others name a local or are
    // a constant.
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
    if matches!(code, OBJECTS | SELECT) {
        // What the token has no room for is in the bytes.
        return typed(side, &immediates, raw).unwrap_or((Tok::Raw(raw), 0));
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
    if let Some(ty) = immediates.block() {
        let (key, index) = match ty {
            BlockType::Empty => (BlockKey::Empty, 0),
            BlockType::Type(ty) => (BlockKey::Value(side.val_id(ty)), 0),
            BlockType::FuncType(ty) => (BlockKey::Func(side.type_id(ty)), ty),
        };
        if class == Class::try_table {
            return (Tok::Try(key, clauses(raw)), index);
        }
        return (Tok::Block(code, key), index);
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

/// The bytes of a `try_table` behind its type.
fn clauses(raw: &[u8]) -> &[u8] {
    // A type is a number (specification 5.4.1), behind a byte where it is a reference's.
    let reference = matches!(raw.get(1), Some(0x63 | 0x64));
    let number = raw.get(1 + usize::from(reference)..).unwrap_or_default();
    let last = number.iter().position(|byte| *byte < 0x80);
    // The body is valid: it ends.
    last.and_then(|last| number.get(last + 1..)).unwrap_or(raw)
}

/// The prefix of operators on objects.
pub(crate) const OBJECTS: u8 = 0xfb;
/// The opcode of a `select` with a type.
const SELECT: u8 = 0x1c;

/// The token of such an operator, and the first number of a type that it names; `None` for one
/// that names no type, or has more immediates than the token holds.
fn typed<'m>(side: &Side<'_>, immediates: &Immediates<'_>, raw: &[u8]) -> Option<(Tok<'m>, u32)> {
    let (mut types, mut rest, mut index) = (Vec::new(), Vec::new(), None);
    let named = |ty: ValType| match ty {
        ValType::Ref(ty) => ty.type_index().and_then(|index| index.unpack().as_module_index()),
        _ => None,
    };
    for (kind, value) in immediates.iter() {
        match value {
            Value::Index(ty) if kind == Immediate::type_ => {
                types.push(side.type_id(*ty));
                index = index.or(Some(*ty));
            }
            Value::Index(other) => rest.push(*other),
            Value::Heap(heap) => {
                let ty = ValType::Ref(RefType::new(true, *heap)?);
                types.push(side.val_id(ty));
                index = index.or(named(ty));
            }
            Value::Ref(ty) => {
                types.push(side.val_id(ValType::Ref(*ty)));
                index = index.or(named(ValType::Ref(*ty)));
            }
            Value::Val(ty) => {
                types.push(side.val_id(*ty));
                index = index.or(named(*ty));
            }
            _ => return None,
        }
    }
    // Only what has types differs from its bytes.
    let first = *types.first()?;
    if types.len() > 2 || rest.len() > 2 {
        return None;
    }
    let at = |list: &[u32], at: usize| list.get(at).copied().unwrap_or_default();
    let types = [first, at(&types, 1)];
    let rest = [at(&rest, 0), at(&rest, 1)];
    Some((Tok::Typed { code: prefixed(raw), types, rest }, index.unwrap_or_default()))
}

/// The opcode of an operator with its prefix in the high half, if it has one.
pub(crate) fn prefixed(raw: &[u8]) -> u32 {
    let first = raw.first().copied().unwrap_or_default();
    if !matches!(first, OBJECTS | 0xfd | 0xfe) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits, TypeRegistry};

    const OBJECTS: &str = "(module
        (type $p (sub (struct (field (mut i32)) (field (mut i32)))))
        (type $q (sub $p (struct (field (mut i32)) (field (mut i32)) (field i32))))
        (type $a (array (mut i32))) (type $b (array (mut i64))) (type $f (func (result i32)))
        (table 1 funcref) (table 1 funcref)
        (data $d \"12345678\") (data $e \"12345678\")
        (elem $x func $one) (elem $y func $one)
        (type $r (array (mut funcref)))
        (func $one (type $f) (i32.const 1))
        (func (param $p (ref $p)) (param $q (ref $q)) (param $a (ref $a)) (param $b (ref $b))
          (param $r (ref $r)) (param $any anyref) (param $ext externref) (param $i (ref i31))
          (param $c (ref null $f))";

    /// Any two operators that differ have tokens that do (1).
    #[test]
    fn operators_that_differ_have_other_tokens() {
        let all = "
          struct.get $p 0 (local.get $p) | struct.get $p 1 (local.get $p) | struct.get $q 0 (local.get $q)
          | struct.get $q 1 (local.get $q) | struct.get $q 2 (local.get $q) | struct.new_default $p
          | struct.new_default $q | array.new_default $a (i32.const 1) | array.new_default $b (i32.const 1)
          | struct.new $p (i32.const 0) (i32.const 0) | array.new $a (i32.const 0) (i32.const 0)
          | array.new_fixed $a 1 (i32.const 0) | array.new_fixed $a 2 (i32.const 0) (i32.const 0)
          | array.new_data $a $d (i32.const 0) (i32.const 0) | array.new_data $a $e (i32.const 0) (i32.const 0)
          | array.new_elem $r $x (i32.const 0) (i32.const 0) | array.new_elem $r $y (i32.const 0) (i32.const 0)
          | array.get $a (local.get $a) (i32.const 0) | array.get $b (local.get $b) (i32.const 0)
          | array.len (local.get $a) | any.convert_extern (local.get $ext) | extern.convert_any (local.get $any)
          | ref.i31 (i32.const 0) | i31.get_s (local.get $i) | i31.get_u (local.get $i)
          | ref.eq (local.get $p) (local.get $q)
          | ref.test (ref $p) (local.get $any) | ref.test (ref null $p) (local.get $any)
          | ref.test (ref $q) (local.get $any) | ref.test (ref eq) (local.get $any)
          | ref.test (ref null eq) (local.get $any) | ref.test (ref struct) (local.get $any)
          | ref.cast (ref $p) (local.get $any) | ref.cast (ref null $p) (local.get $any)
          | ref.cast (ref $q) (local.get $any) | ref.cast (ref eq) (local.get $any)
          | ref.null $p | ref.null $q | ref.null any | ref.null struct
          | select (result anyref) (local.get $p) (local.get $q) (i32.const 0)
          | select (result (ref $p)) (local.get $p) (local.get $q) (i32.const 0)
          | select (result (ref null $p)) (local.get $p) (local.get $q) (i32.const 0)
          | call_ref $f (local.get $c) | call_indirect 0 (type $f) (i32.const 0)
          | call_indirect 1 (type $f) (i32.const 0)";
        let set = "
          struct.set $p 0 (local.get $p) (i32.const 0) | struct.set $p 1 (local.get $p) (i32.const 0)
          | struct.set $q 1 (local.get $q) (i32.const 0)
          | array.set $a (local.get $a) (i32.const 0) (i32.const 0)
          | array.set $b (local.get $b) (i32.const 0) (i64.const 0)
          | array.fill $a (local.get $a) (i32.const 0) (i32.const 0) (i32.const 0)
          | array.copy $a $a (local.get $a) (i32.const 0) (local.get $a) (i32.const 0) (i32.const 0)
          | array.copy $b $b (local.get $b) (i32.const 0) (local.get $b) (i32.const 0) (i32.const 0)
          | array.init_data $a $d (local.get $a) (i32.const 0) (i32.const 0) (i32.const 0)
          | array.init_data $a $e (local.get $a) (i32.const 0) (i32.const 0) (i32.const 0)
          | array.init_elem $r $x (local.get $r) (i32.const 0) (i32.const 0) (i32.const 0)
          | array.init_elem $r $y (local.get $r) (i32.const 0) (i32.const 0) (i32.const 0)";
        let casts = "
          br_on_cast 0 anyref (ref $p) | br_on_cast 1 anyref (ref $p) | br_on_cast 0 anyref (ref null $p)
          | br_on_cast 0 anyref (ref $q) | br_on_cast 0 (ref null $p) (ref $q)
          | br_on_cast 0 anyref (ref eq) | br_on_cast_fail 0 anyref (ref $p)
          | br_on_cast_fail 1 anyref (ref $p) | br_on_cast_fail 0 anyref (ref null $q)";
        let mut body = String::new();
        let each = |list: &'static str| list.split('|').map(str::trim);
        each(all).for_each(|one| body += &format!("(drop ({one}))\n"));
        each(set).for_each(|one| body += &format!("({one})\n"));
        for one in each(casts) {
            let value = if one.contains("0 (ref null $p)") { "$p" } else { "$any" };
            body += &format!(
                "(drop (block (result anyref) (block (result anyref) ({one} (local.get {value})))))\n"
            );
        }
        let wasm = wat::parse_str(format!("{OBJECTS}\n{body}))"));
        let wasm = wasm.unwrap_or_else(|error| panic!("{error}"));
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        let side = Side::new(&module, &mut TypeRegistry::new());
        let mut known: Vec<(String, Tok<'_>)> = Vec::new();
        for (op, item) in Operators::new(&side, 1).expect("a body") {
            let text = format!("{op:?}");
            match known.iter().find(|(_, tok)| *tok == item.tok) {
                Some((other, tok)) => assert_eq!(*other, text, "both are {tok:?}"),
                None => known.push((text, item.tok)),
            }
        }
        assert!(known.len() > 80, "{}", known.len());
    }

    /// Tokens that are made of bytes alone are those that are made of operators (3).
    #[test]
    fn tokens_are_those_of_the_operators() {
        let all = "(module (memory 1) (memory 1) (table 1 funcref) (tag $e (param i32))
            (global $g (mut i32) (i32.const 0)) (type $t (func (param i32)))
            (func $f (param i32) (result i64) (local v128) (local i32)
              (drop (block $out (result i32)
                (try_table (catch $e $out) (drop (call $f (i32.const -70000))))
                (br_table $out $out (local.get 0) (i32.load8_u offset=900 (local.get 0)))))
              (local.set 1 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
                (v128.const i64x2 3 -4) (v128.load32_lane offset=4 2 (i32.const 1) (local.get 1))))
              (call_indirect (type $t) (i32.const 7) (i32.const 0))
              (if (i32.eqz (local.tee 2 (i32.const 5))) (then (nop)) (else (br 0)))
              (drop (if (result i32) (local.get 2) (then (i32.const 64)) (else (i32.const -65))))
              (loop $l (br_if $l (i64.eq (i64.const -9000000000) (i64.const 64))))
              (global.set $g (i32.load 1 offset=4 (global.get $g)))
              (i64.store offset=70000 align=2 (i32.const 8) (i64.load (i32.const 8)))
              (drop (memory.grow 1 (memory.size)))
              (memory.fill (i32.const 1) (i32.const 2) (i32.const 3))
              (drop (ref.is_null (ref.null extern))) (drop (ref.func $f))
              (drop (f64.const nan:0x7)) (drop (f32.const 1))
              (if (i32.atomic.load offset=8 (i32.const 0)) (then (return (i64.const 1))))
              (select (result i64) (i64.const -1) (i64.const 1) (i32.const 1)))
            (elem declare func $f))";
        let wide = "(module (memory i64 1) (func (param i64)
            (i32.store8 offset=0x1_0000_0000 (local.get 0) (select (i32.const 1) (i32.const 2)
              (i32.load16_s offset=3 (i64.const 5)))) unreachable))";
        for (text, count) in [(all, 76), (wide, 9)] {
            let wasm = wat::parse_str(text).expect("a module");
            let module = Module::decode(wasm, &Features::default(), &Limits::default());
            let module = module.expect("a valid module");
            let side = Side::new(&module, &mut TypeRegistry::new());
            let parts = |item: Item<'_>| format!("{item:?}");
            let tokens: Vec<String> = Tokens::new(&side, 0).unwrap().map(parts).collect();
            let whole = Operators::new(&side, 0).unwrap();
            let whole: Vec<String> = whole.map(|(_, item)| parts(item)).collect();
            assert_eq!(tokens, whole);
            assert!(tokens.len() >= count, "{} operators", tokens.len());
        }
    }
}
