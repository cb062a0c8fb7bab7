//! One function → a separate module, in which calls, indirect calls and globals are the host's.
//!
//! Imports are `call.N` for canonical function N and `indirect.T` for interned type T (with the
//! table index as last argument); exports are `run`, `memory` and `global.N`. Operators that need
//! more of the module (tables, segments, references to functions, exceptions, a second memory) are
//! refused with their name.

use crate::pair::side::Side;
use crate::pair::token::{Operators, Tok};
use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::{BlockType, FuncIdx, FuncType, GlobalIdx, Operator, RefType, TypeIdx, ValType};
use prova_xref::constant;
use prova_xref::op::mnemonic;
use std::collections::{BTreeMap, HashMap};

/// Most pages of memory that an extracted function gets.
const PAGES_MAX: u64 = 48;

/// A function alone.
pub(crate) struct Extracted {
    pub(crate) wasm: Vec<u8>,
    /// Name and type of each import, in order.
    pub(crate) imports: Vec<(String, FuncType)>,
    pub(crate) has_memory: bool,
    /// Canonical indices of the globals used.
    pub(crate) globals: Vec<u32>,
}

/// Why a function cannot be run alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    Import,
    /// It uses this operator.
    Operator(String),
    SecondMemory,
    /// Its memory is 64-bit.
    Wide,
    TypedReferences,
    /// The module has no such thing.
    Absent(&'static str),
    /// The engine's words.
    Engine(String),
}

impl Obstacle {
    pub(super) fn engine(error: prova_core::Error) -> Obstacle {
        Obstacle::Engine(format!("{error:#}"))
    }
}

struct Extractor<'s, 'm> {
    side: &'s Side<'m>,
    patches: &'s HashMap<u32, u64>,
    types: Vec<FuncType>,
    imports: BTreeMap<String, (u32, FuncType)>,
    globals: BTreeMap<u32, GlobalIdx>,
    has_memory: bool,
}

/// Extracts a defined function.
///
/// # Errors
/// Why it cannot be run alone.
pub(crate) fn extract(
    side: &Side<'_>,
    func: u32,
    patches: &HashMap<u32, u64>,
) -> Result<Extracted, Obstacle> {
    let mut extractor = Extractor {
        side,
        patches,
        types: Vec::new(),
        imports: BTreeMap::new(),
        globals: BTreeMap::new(),
        has_memory: false,
    };
    extractor.collect(func)?;
    extractor.encode(func)
}

impl Extractor<'_, '_> {
    /// Finds what the body uses, so that indices are known before the body is written.
    fn collect(&mut self, func: u32) -> Result<(), Obstacle> {
        let module = self.side.module;
        let operators = Operators::new(self.side, func).ok_or(Obstacle::Import)?;
        for (op, item) in operators {
            match item.tok {
                Tok::Func(0x10 | 0x12, canonical) => {
                    let ty = module.func_type(FuncIdx(item.index)).clone();
                    self.imports.entry(format!("call.{canonical}")).or_insert((0, ty));
                }
                Tok::Indirect(0x11 | 0x13, id, _) => {
                    let ty = module
                        .types()
                        .get(TypeIdx(item.index).index())
                        .ok_or(Obstacle::Absent("such type"))?;
                    let params = ty.params.iter().copied().chain([ValType::I32]);
                    let ty = FuncType::new(params, ty.results.iter().copied());
                    self.imports.entry(format!("indirect.{id}")).or_insert((0, ty));
                }
                Tok::Func(..) | Tok::Indirect(..) | Tok::Typed { .. } | Tok::Try(..) => {
                    return Err(refused(&op));
                }
                Tok::Global(_, canonical) => {
                    self.globals.insert(canonical, GlobalIdx(item.index));
                }
                Tok::Mem { memory: 0, .. } => self.has_memory = true,
                Tok::Mem { .. } => return Err(Obstacle::SecondMemory),
                Tok::Raw(_) => self.raw(&op)?,
                Tok::Block(..) | Tok::Local(..) | Tok::I32(_) | Tok::I64(_) => {}
            }
        }
        if self.has_memory && module.memories().first().is_some_and(|memory| memory.memory64) {
            return Err(Obstacle::Wide);
        }
        for (at, (index, _)) in self.imports.values_mut().enumerate() {
            *index = at as u32;
        }
        Ok(())
    }

    /// An operator without an index that the tokens know.
    fn raw(&mut self, op: &Operator<'_>) -> Result<(), Obstacle> {
        let (row, immediates) = (Opcode::of(op).row(), Opcode::immediates(op));
        // An immediate may not name anything outside the body, except memory 0.
        let names = |kind| immediates.indices(kind).next().is_some();
        let outside = [Immediate::table, Immediate::data, Immediate::elem, Immediate::tag];
        let branches = [Class::br_on_null, Class::br_on_non_null, Class::try_table];
        let wanting = outside.into_iter().any(names)
            || branches.contains(&row.class)
            || matches!(row.class, Class::refused | Class::throw_ref);
        let mut memories = immediates.indices(Immediate::mem).peekable();
        self.has_memory |= memories.peek().is_some();
        if wanting || memories.any(|memory| memory != 0) {
            return Err(refused(op));
        }
        Ok(())
    }

    fn type_index(&mut self, ty: &FuncType) -> u32 {
        match self.types.iter().position(|known| known == ty) {
            Some(at) => at as u32,
            None => {
                self.types.push(ty.clone());
                self.types.len() as u32 - 1
            }
        }
    }

    fn encode(mut self, func: u32) -> Result<Extracted, Obstacle> {
        let module = self.side.module;
        let imports: Vec<(String, FuncType)> =
            self.imports.iter().map(|(name, (_, ty))| (name.clone(), ty.clone())).collect();
        let import_types: Vec<u32> = imports.iter().map(|(_, ty)| self.type_index(ty)).collect();
        let own_type = self.type_index(module.func_type(FuncIdx(func)));
        let code = self.body(func)?;

        let mut import_section = Bytes::vector(imports.len());
        for ((name, _), ty) in imports.iter().zip(&import_types) {
            import_section.name("host").name(name).byte(0).leb((*ty).into());
        }
        let mut type_section = Bytes::vector(self.types.len());
        for ty in &self.types {
            type_section.byte(0x60).types(&ty.params)?.types(&ty.results)?;
        }
        let mut functions = Bytes::vector(1);
        functions.leb(own_type.into());
        let mut memories = Bytes::vector(usize::from(self.has_memory));
        if self.has_memory {
            let pages = memory_pages(self.side);
            memories.byte(1).leb(pages).leb(pages + 2);
        }
        let mut globals = Bytes::vector(self.globals.len());
        for &index in self.globals.values() {
            self.global(&mut globals, index)?;
        }
        let mut exports = Bytes::vector(1 + usize::from(self.has_memory) + self.globals.len());
        exports.name("run").byte(0).leb(imports.len() as u64);
        if self.has_memory {
            exports.name("memory").byte(2).leb(0);
        }
        for (at, canonical) in self.globals.keys().enumerate() {
            exports.name(&format!("global.{canonical}")).byte(3).leb(at as u64);
        }
        let mut codes = Bytes::vector(1);
        codes.leb(code.0.len() as u64).0.extend_from_slice(&code.0);

        let mut wasm = Bytes(b"\0asm\x01\0\0\0".to_vec());
        let sections = [
            (1, type_section),
            (2, import_section),
            (3, functions),
            (5, memories),
            (6, globals),
            (7, exports),
            (10, codes),
        ];
        for (id, section) in sections {
            if section.0 != [0] {
                wasm.byte(id).leb(section.0.len() as u64).0.extend_from_slice(&section.0);
            }
        }
        let (has_memory, globals) = (self.has_memory, self.globals.into_keys().collect());
        Ok(Extracted { wasm: wasm.0, imports, has_memory, globals })
    }

    /// A global of the same type that can be set and exported; it starts as a zero or null, `exec`
    /// sets it.
    fn global(&self, out: &mut Bytes, index: GlobalIdx) -> Result<(), Obstacle> {
        let ty = self.side.module.global(index).ok_or(Obstacle::Absent("such global"))?.val;
        out.val_type(ty)?.byte(1);
        match ty {
            ValType::I32 => out.byte(0x41).byte(0),
            ValType::I64 => out.byte(0x42).byte(0),
            ValType::F32 => out.byte(0x43).bytes(&[0; 4]),
            ValType::F64 => out.byte(0x44).bytes(&[0; 8]),
            ValType::V128 => out.bytes(&[0xfd, 0x0c]).bytes(&[0; 16]),
            ValType::Ref(ty) if ty == RefType::FUNCREF => out.byte(0xd0).byte(0x70),
            ValType::Ref(_) => out.byte(0xd0).byte(0x6f),
        };
        out.byte(0x0b);
        Ok(())
    }

    fn body(&mut self, func: u32) -> Result<Bytes, Obstacle> {
        let side = self.side;
        let body = side.module.body(FuncIdx(func)).ok_or(Obstacle::Import)?;
        let groups: Vec<(u32, ValType)> = body.locals().collect();
        let mut out = Bytes::vector(groups.len());
        for (count, ty) in groups {
            out.leb(count.into()).val_type(ty)?;
        }
        let global_at: HashMap<u32, u64> =
            self.globals.keys().enumerate().map(|(at, key)| (*key, at as u64)).collect();
        let operators = Operators::new(side, func).ok_or(Obstacle::Import)?;
        for (op, item) in operators {
            let patch = self.patches.get(&item.offset).copied();
            match item.tok {
                Tok::Raw(raw) => {
                    out.bytes(raw);
                }
                Tok::Func(code, canonical) => {
                    self.call(&mut out, code, &format!("call.{canonical}"))
                }
                Tok::Indirect(code, id, _) => {
                    self.call(&mut out, code - 1, &format!("indirect.{id}"))
                }
                Tok::Typed { .. } | Tok::Try(..) => return Err(refused(&op)),
                Tok::Block(code, _) => self.block(&mut out, code, &op)?,
                Tok::Local(code, local) => {
                    out.byte(code).leb(local.into());
                }
                Tok::Global(code, canonical) => {
                    out.byte(code).leb(global_at.get(&canonical).copied().unwrap_or(u64::MAX));
                }
                Tok::I32(value) => {
                    out.byte(0x41).sleb(patch.map_or(value, |patch| patch as u32 as i32).into());
                }
                Tok::I64(value) => {
                    out.byte(0x42).sleb(patch.map_or(value, |patch| patch as i64));
                }
                Tok::Mem { code, align, lane, offset, .. } => {
                    if code > 0xff {
                        out.byte((code >> 16) as u8).leb(u64::from(code & 0xffff));
                    } else {
                        out.byte(code as u8);
                    }
                    out.leb(align.into()).leb(patch.unwrap_or(offset));
                    if Opcode::immediates(&op).lane().is_some() {
                        out.byte(lane);
                    }
                }
            }
        }
        Ok(out)
    }

    fn call(&self, out: &mut Bytes, code: u8, import: &str) {
        // `collect` saw the same operators.
        let index = self.imports.get(import).map_or(u32::MAX, |(index, _)| *index);
        out.byte(code).leb(index.into());
    }

    fn block(&mut self, out: &mut Bytes, code: u8, op: &Operator<'_>) -> Result<(), Obstacle> {
        let Some(ty) = Opcode::immediates(op).block() else { return Err(refused(op)) };
        out.byte(code);
        match ty {
            BlockType::Empty => {
                out.byte(0x40);
            }
            BlockType::Type(ty) => {
                out.val_type(ty)?;
            }
            BlockType::FuncType(ty) => {
                let ty = self
                    .side
                    .module
                    .types()
                    .get(ty as usize)
                    .ok_or(Obstacle::Absent("such type"))?
                    .clone();
                let index = self.type_index(&ty);
                out.sleb(index.into());
            }
        }
        Ok(())
    }
}

fn refused(op: &Operator<'_>) -> Obstacle {
    Obstacle::Operator(mnemonic(op))
}

/// Pages of the memory of an extracted function.
pub(crate) fn memory_pages(side: &Side<'_>) -> u64 {
    side.module.memories().first().map_or(1, |memory| memory.min).clamp(1, PAGES_MAX)
}

/// The initial value of a global, if it is a constant of 32 or 64 bits.
pub(crate) fn global_value(side: &Side<'_>, index: u32) -> Option<u64> {
    constant(side.module.global_init(GlobalIdx(index))?.ops())
}

/// Bytes of the binary format.
struct Bytes(Vec<u8>);

impl Bytes {
    fn vector(count: usize) -> Bytes {
        let mut bytes = Bytes(Vec::new());
        bytes.leb(count as u64);
        bytes
    }

    fn byte(&mut self, byte: u8) -> &mut Bytes {
        self.0.push(byte);
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Bytes {
        self.0.extend_from_slice(bytes);
        self
    }

    fn leb(&mut self, mut value: u64) -> &mut Bytes {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8)
    }

    fn sleb(&mut self, mut value: i64) -> &mut Bytes {
        loop {
            let byte = value as u8 & 0x7f;
            value >>= 7;
            let done = value == 0 && byte & 0x40 == 0 || value == -1 && byte & 0x40 != 0;
            if done {
                return self.byte(byte);
            }
            self.0.push(byte | 0x80);
        }
    }

    fn name(&mut self, name: &str) -> &mut Bytes {
        self.leb(name.len() as u64).bytes(name.as_bytes())
    }

    fn val_type(&mut self, ty: ValType) -> Result<&mut Bytes, Obstacle> {
        Ok(self.byte(match ty {
            ValType::I32 => 0x7f,
            ValType::I64 => 0x7e,
            ValType::F32 => 0x7d,
            ValType::F64 => 0x7c,
            ValType::V128 => 0x7b,
            ValType::Ref(ty) if ty == RefType::FUNCREF => 0x70,
            ValType::Ref(ty) if ty == RefType::EXTERNREF => 0x6f,
            ValType::Ref(_) => return Err(Obstacle::TypedReferences),
        }))
    }

    fn types(&mut self, types: &[ValType]) -> Result<&mut Bytes, Obstacle> {
        self.leb(types.len() as u64);
        for ty in types {
            self.val_type(*ty)?;
        }
        Ok(self)
    }
}
