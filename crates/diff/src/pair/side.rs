//! One of the two modules, with its indices mapped into ids that both share.
//!
//! 1. Type ids are interned over both modules ([`TypeRegistry`]): equal ids are equal types,
//!    with all types that they name, at any numbers.
//! 2. Canonical function ids of side B are its own indices. Those of side A are the indices of
//!    their partners, and `ALONE | index` without one. So equal ids are partners.

use crate::pair::relocs::{Meaning, Relocs};
use crate::pair::table::{Entry, Table, tables};
use crate::pair::token::{Item, Tok, Tokens};
use crate::pair::types::Types;
use prova_builds::names::{demangle, printable};
use prova_module::ops::Immediate;
use prova_module::{
    BinaryReader, ConstExpr, ConstOp, DataIdx, ExternKind, ExternType, FuncIdx, GlobalIdx,
    HeapType, Module, TypeRegistry, UnpackedIndex, ValType,
};
use prova_xref::MemoryMap;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bit of a canonical id that has no partner.
pub(crate) const ALONE: u32 = 1 << 31;

/// A module and its maps.
pub(crate) struct Side<'m> {
    pub(crate) module: &'m Module,
    pub(crate) map: MemoryMap,
    /// Constants in this range may be addresses.
    pub(crate) addresses: Range<u64>,
    type_ids: Vec<u32>,
    funcs: Vec<u32>,
    globals: Vec<u32>,
    /// The initial images of tables, from active segments at constant offsets.
    pub(crate) tables: Vec<Table>,
    /// Names from the symbol table of an object file.
    linked: HashMap<u32, &'m str>,
    /// The first export of each function that has one.
    exports: HashMap<u32, &'m str>,
    pub(crate) relocs: Relocs,
    /// Of side A, the types that became others in B.
    pub(crate) types: Types,
    /// Whether its linker writes addresses in five bytes, once that is asked for.
    pads: OnceLock<bool>,
    /// Steps of work spent on this side: bytes decoded, places compared. For the test of growth.
    work: AtomicU64,
}

impl<'m> Side<'m> {
    /// `types` are those of both modules. Should they be more than a registry holds, then no type
    /// of the second module equals one of the first.
    pub(crate) fn new(module: &'m Module, types: &mut TypeRegistry) -> Side<'m> {
        let type_ids = match types.intern_all(module.types()) {
            Some(ids) => ids.into_iter().map(|id| id.0).collect(),
            None => (TypeRegistry::TYPES_MAX..).take(module.types().len()).collect(),
        };
        let map = MemoryMap::new(module);
        let addresses = map.addresses().unwrap_or(0..0);
        let exports = module.exports().iter().rev();
        let exports = exports.filter_map(|one| Some((one.func()?.0, &*one.name)));
        Side {
            module,
            addresses,
            map,
            type_ids,
            funcs: (0..module.func_count() as u32).collect(),
            globals: (0..module.globals().len() as u32).collect(),
            tables: tables(module),
            linked: linked(module).unwrap_or_default(),
            exports: exports.collect(),
            relocs: Relocs::new(module),
            types: Types::default(),
            pads: OnceLock::new(),
            work: AtomicU64::new(0),
        }
    }

    /// Whether some number of the code is written in more bytes than it takes, as linkers leave
    /// room for addresses.
    pub(crate) fn pads(&self) -> bool {
        let padded = |item: Item<'_>| matches!(item.tok, Tok::I32(_)) && item.is_padded();
        *self.pads.get_or_init(|| {
            let funcs = self.module.defined_funcs();
            let mut bodies = funcs.filter_map(|func| Tokens::new(self, func.0));
            bodies.any(|mut tokens| tokens.any(padded))
        })
    }

    /// Counts steps of work.
    pub(crate) fn spend(&self, steps: usize) {
        self.work.fetch_add(steps as u64, Ordering::Relaxed);
    }

    /// Steps of work so far.
    pub(crate) fn spent(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    pub(crate) fn type_id(&self, ty: u32) -> u32 {
        self.type_ids.get(ty as usize).copied().unwrap_or(u32::MAX)
    }

    /// The id of a type of values, equal for equal types: of a reference to a type, that type's.
    pub(crate) fn val_id(&self, ty: ValType) -> u32 {
        match ty {
            ValType::Ref(ty) => match ty.heap_type() {
                HeapType::Concrete(UnpackedIndex::Module(index)) => {
                    let null = u32::from(ty.is_nullable());
                    ALONE | self.type_id(index) << 1 | null
                }
                _ => val_hash(ValType::Ref(ty)),
            },
            ty => val_hash(ty),
        }
    }

    pub(crate) fn type_id_of(&self, func: u32) -> u32 {
        self.type_id(self.module.func_type_idx(FuncIdx(func)).0)
    }

    pub(crate) fn canonical_func(&self, func: u32) -> u32 {
        self.funcs.get(func as usize).copied().unwrap_or(ALONE | func)
    }

    pub(crate) fn canonical_global(&self, global: u32) -> u32 {
        self.globals.get(global as usize).copied().unwrap_or(ALONE | global)
    }

    /// Replaces own indices by partners' (side A).
    pub(crate) fn set_partners(&mut self, funcs: &[Option<u32>], globals: &[Option<u32>]) {
        let ids = |partners: &[Option<u32>]| {
            partners
                .iter()
                .enumerate()
                .map(|(i, partner)| partner.unwrap_or(ALONE | i as u32))
                .collect()
        };
        self.funcs = ids(funcs);
        self.globals = ids(globals);
    }

    pub(crate) fn is_import(&self, func: u32) -> bool {
        (func as usize) < self.module.imported_func_count()
    }

    /// The symbol as it stands in the name section, or the import or export it is known by.
    pub(crate) fn symbol(&self, func: u32) -> Option<&'m str> {
        let module: &'m Module = self.module;
        module.func_name(FuncIdx(func)).or_else(|| self.linked.get(&func).copied())
    }

    /// A printable name: the demangled symbol, else the name of an export, else `func12`.
    pub(crate) fn func_name(&self, func: u32) -> String {
        let exported = || self.exports.get(&func).copied();
        match self.symbol(func).or_else(exported) {
            Some(symbol) => printable(&demangle(symbol)),
            None => FuncIdx(func).to_string(),
        }
    }

    pub(crate) fn global_name(&self, global: u32) -> String {
        match self.module.names().global(GlobalIdx(global)) {
            Some(name) => printable(name),
            None => GlobalIdx(global).to_string(),
        }
    }

    /// A global's name in the name section or as an export, as it stands; empty without one.
    pub(crate) fn global_symbol(&self, global: u32) -> &'m str {
        let module: &'m Module = self.module;
        let exported = || {
            let mut exports = module.exports().iter();
            exports.find(|one| one.kind == ExternKind::Global && one.index == global)
        };
        let name = module.names().global(GlobalIdx(global));
        name.or_else(|| exported().map(|export| &*export.name)).unwrap_or_default()
    }

    /// Whether a constant may be an address.
    pub(crate) fn may_be_address(&self, value: u64) -> bool {
        self.addresses.contains(&value)
    }

    /// Whether relocations say that the number in these bytes of code is no address. Then no text
    /// for a reader may call it one.
    pub(crate) fn is_plain(&self, bytes: Range<u32>) -> bool {
        matches!(self.relocs.number(bytes), Some(Meaning::Number))
    }

    /// Whether a constant may be a slot of some table that holds something.
    pub(crate) fn may_be_slot(&self, value: u64) -> bool {
        let holds = |entry| !matches!(entry, Entry::Null);
        self.tables.iter().any(|table| table.entry(value).is_some_and(holds))
    }

    /// Whether addresses of memory 0 are 64-bit.
    pub(crate) fn wide(&self) -> bool {
        self.module.memories().first().is_some_and(|memory| memory.memory64)
    }

    /// Functions by slot of table 0.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let entries = self.tables.first().into_iter().flat_map(Table::entries);
        entries.filter_map(|(slot, entry)| match entry {
            Entry::Func(func) => Some((slot, func)),
            Entry::Null | Entry::Global(_) | Entry::Other => None,
        })
    }

    /// A constant expression with indices of the other side's partners and ids of types: equal
    /// texts are equal values.
    pub(crate) fn const_expr(&self, expr: &ConstExpr) -> String {
        let one = |op: &ConstOp| match op {
            ConstOp::GlobalGet(global) => format!("global {}", self.canonical_global(global.0)),
            ConstOp::RefFunc(func) => format!("func {}", self.canonical_func(func.0)),
            ConstOp::RefNull(ty) => format!("null {}", self.val_id(ValType::Ref(*ty))),
            ConstOp::Aggregate { opcode, first, second }
                if opcode.row().immediates.first() == Some(&Immediate::type_) =>
            {
                format!("{opcode:?} {} {second}", self.type_id(*first))
            }
            op => format!("{op:?}"),
        };
        expr.ops().iter().map(one).collect::<Vec<String>>().join(" ")
    }

    /// The imports of functions as `(module, name)`, in order of function indices.
    pub(crate) fn func_imports(&self) -> Vec<(&'m str, &'m str)> {
        let module: &'m Module = self.module;
        let funcs =
            module.imports().iter().filter(|import| matches!(import.kind, ExternType::Func(_)));
        funcs.map(|import| (&*import.module, &*import.name)).collect()
    }

    /// The imports of globals as `(module, name)`.
    pub(crate) fn global_imports(&self) -> Vec<(&'m str, &'m str)> {
        let module: &'m Module = self.module;
        let globals =
            module.imports().iter().filter(|import| matches!(import.kind, ExternType::Global(_)));
        globals.map(|import| (&*import.module, &*import.name)).collect()
    }
}

/// An id of a type that names no other, below [`ALONE`].
fn val_hash(ty: ValType) -> u32 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    ty.hash(&mut hasher);
    hasher.finish() as u32 & !ALONE
}

/// Bytes of the initial memory that one segment writes.
pub(crate) fn bytes<'m>(side: &Side<'m>, at: u64, count: u64) -> Option<&'m [u8]> {
    let span = side.map.span_at(at)?;
    let module: &'m Module = side.module;
    let from = at.checked_sub(span.start)?;
    let data = module.data_bytes(DataIdx(span.segment));
    data.get(from as usize..from.checked_add(count)? as usize)
}

/// Names of functions from the `linking` section of an object file (tool-conventions, Linking);
/// what is malformed ends the reading, as names are decoration.
pub fn linked(module: &Module) -> Option<HashMap<u32, &str>> {
    const SYMBOL_TABLE: u8 = 8;
    let section = module.custom_sections().iter().find(|section| &*section.name == "linking")?;
    let mut reader = BinaryReader::new(&module.bytes()[section.range.clone()], 0);
    let _version = reader.read_var_u32().ok()?;
    let mut names = HashMap::new();
    while !reader.eof() {
        let kind = reader.read_u8().ok()?;
        let len = reader.read_var_u32().ok()?;
        let bytes = reader.read_bytes(len as usize).ok()?;
        if kind == SYMBOL_TABLE {
            symbols(&mut BinaryReader::new(bytes, 0), &mut names);
        }
    }
    Some(names)
}

fn symbols<'m>(reader: &mut BinaryReader<'m>, names: &mut HashMap<u32, &'m str>) -> Option<()> {
    const FUNCTION: u8 = 0;
    const DATA: u8 = 1;
    const SECTION: u8 = 3;
    const UNDEFINED: u32 = 0x10;
    const EXPLICIT_NAME: u32 = 0x40;
    for _ in 0..reader.read_var_u32().ok()? {
        let kind = reader.read_u8().ok()?;
        let flags = reader.read_var_u32().ok()?;
        if kind == DATA {
            reader.read_string().ok()?;
            for _ in 0..if flags & UNDEFINED == 0 { 3 } else { 0 } {
                reader.read_var_u64().ok()?;
            }
            continue;
        }
        let index = reader.read_var_u32().ok()?;
        if kind != SECTION && (flags & UNDEFINED == 0 || flags & EXPLICIT_NAME != 0) {
            let name = reader.read_string().ok()?;
            if kind == FUNCTION {
                names.insert(index, name);
            }
        }
    }
    Some(())
}
