//! The decoded and validated module: a witness that the bytes are a valid module within the limits,
//! with every section at hand.
//!
//! `decode` is its one constructor; everything after this crate takes a [`Module`].
//!
//! 1. The bytes are valid under the features it was decoded with.
//! 2. Index spaces hold imports first; every index stored in a module is in range.
//! 3. Every defined function has facts, and `frame(f)`, `facts(f)` and `body(f)` are `Some` for the
//!    same `f`. Facts are made when they are first asked for.
//!
//! A [`Module`] is a shared handle: cloning is cheap.

use crate::const_expr::ConstExpr;
use crate::digest::Digest;
use crate::error::Result;
use crate::facts::{BodyContext, FrameFacts, FuncFacts};
use crate::features::Features;
use crate::func_type::{FuncType, RefKind};
use crate::groups::Types;
use crate::index::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
use crate::limits::Limits;
use crate::names::Names;
use crate::objects::ObjectLayout;
use crate::types::{
    CustomSection, Data, Element, Export, GlobalType, Import, MemoryType, Section, TableType,
};
use crate::validate::{Checked, Later, Pass};
use crate::visit::Operators;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use wasmparser::{BinaryReader, FunctionBody, OperatorsReader, RefType, ValType};

/// A valid WebAssembly module.
#[derive(Clone)]
pub struct Module(pub(crate) Arc<Inner>);

/// The contents of a module, in the order of the sections.
pub(crate) struct Inner {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) features: Features,
    pub(crate) sections: Vec<Section>,
    pub(crate) types: Types,
    pub(crate) imports: Vec<Import>,
    pub(crate) imported: Imported,
    pub(crate) funcs: Vec<TypeIdx>,
    pub(crate) tables: Vec<TableType>,
    pub(crate) table_inits: Vec<Option<ConstExpr>>,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) tags: Vec<TypeIdx>,
    pub(crate) globals: Vec<GlobalType>,
    pub(crate) global_inits: Vec<ConstExpr>,
    pub(crate) exports: Vec<Export>,
    /// Positions in `exports` in order of names.
    pub(crate) exports_by_name: Vec<u32>,
    pub(crate) start: Option<FuncIdx>,
    pub(crate) elements: Vec<Element>,
    pub(crate) data_count: Option<u32>,
    pub(crate) bodies: Vec<Checked>,
    pub(crate) later: Option<Later>,
    pub(crate) data: Vec<Data>,
    pub(crate) custom_sections: Vec<CustomSection>,
    pub(crate) names: Names,
    /// See [`Module::digest`].
    pub(crate) digest: OnceLock<Digest>,
    /// See [`Module::layout`].
    pub(crate) layouts: OnceLock<Box<[Option<ObjectLayout>]>>,
    /// See [`Module::sha256`].
    pub(crate) sha256: OnceLock<[u8; 32]>,
}

/// How many of each index space are imports.
#[derive(Clone, Copy, Default)]
pub(crate) struct Imported {
    pub(crate) funcs: u32,
    pub(crate) tables: u32,
    pub(crate) memories: u32,
    pub(crate) globals: u32,
    pub(crate) tags: u32,
}

impl Module {
    /// Decodes and validates a whole module, all bodies included.
    ///
    /// # Errors
    ///
    /// If the bytes are no valid module, need a proposal that is not in `features` or that no tier
    /// executes, or exceed one of `limits`.
    pub fn decode(
        bytes: impl Into<Arc<[u8]>>,
        features: &Features,
        limits: &Limits,
    ) -> Result<Module> {
        let inner = crate::decode::decode(bytes.into(), features, limits, Pass::Frames)?;
        Ok(Module(Arc::new(inner)))
    }

    /// The same, for callers that need the [facts](Module::facts) of all functions: they are made
    /// while the bodies are validated, which takes less time together.
    ///
    /// # Errors
    ///
    /// Those of [`Module::decode`].
    pub fn decode_with_facts(
        bytes: impl Into<Arc<[u8]>>,
        features: &Features,
        limits: &Limits,
    ) -> Result<Module> {
        let inner = crate::decode::decode(bytes.into(), features, limits, Pass::Facts)?;
        Ok(Module(Arc::new(inner)))
    }

    /// The module's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The features it was decoded with.
    pub fn features(&self) -> &Features {
        &self.0.features
    }

    /// All sections in order, custom sections included.
    pub fn sections(&self) -> &[Section] {
        &self.0.sections
    }

    /// All types, by [`TypeIdx`].
    pub fn types(&self) -> &Types {
        &self.0.types
    }

    /// Where the fields of a structure or array type are; all types are laid out when the first one
    /// is asked for.
    pub fn layout(&self, ty: TypeIdx) -> Option<&ObjectLayout> {
        let types = &self.0.types;
        let laid_out = || (0..types.len() as u32).map(|ty| types.layout(TypeIdx(ty))).collect();
        self.0.layouts.get_or_init(laid_out).get(ty.index())?.as_ref()
    }

    /// The kind of a reference type's referents.
    pub fn ref_kind(&self, ty: RefType) -> RefKind {
        self.0.types.ref_kind(ty)
    }

    /// All imports in order.
    pub fn imports(&self) -> &[Import] {
        &self.0.imports
    }

    /// All exports in order.
    pub fn exports(&self) -> &[Export] {
        &self.0.exports
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        let exports = &self.0.exports;
        let order = &self.0.exports_by_name;
        let at = order.binary_search_by(|&i| (*exports[i as usize].name).cmp(name)).ok()?;
        Some(&exports[order[at] as usize])
    }

    /// How many functions there are, imports included.
    pub fn func_count(&self) -> usize {
        self.0.funcs.len()
    }

    /// How many functions are imported.
    pub fn imported_func_count(&self) -> usize {
        self.0.imported.funcs as usize
    }

    /// The functions with a body, in order.
    pub fn defined_funcs(&self) -> impl ExactSizeIterator<Item = FuncIdx> + use<> {
        (self.0.imported.funcs..self.0.funcs.len() as u32).map(FuncIdx)
    }

    /// The type index of a function.
    ///
    /// # Panics
    ///
    /// If there is no such function.
    pub fn func_type_idx(&self, func: FuncIdx) -> TypeIdx {
        self.0.funcs[func.index()]
    }

    /// The type of a function.
    ///
    /// # Panics
    ///
    /// If there is no such function.
    pub fn func_type(&self, func: FuncIdx) -> &FuncType {
        &self.0.types[self.func_type_idx(func).index()]
    }

    /// All tables by [`TableIdx`], imports first.
    pub fn tables(&self) -> &[TableType] {
        &self.0.tables
    }

    /// The type of a table, if there is such a table.
    pub fn table(&self, table: TableIdx) -> Option<&TableType> {
        self.0.tables.get(table.index())
    }

    /// How many tables are imported.
    pub fn imported_table_count(&self) -> usize {
        self.0.imported.tables as usize
    }

    /// The initial value of a table's elements; `None` for null and for an imported table.
    pub fn table_init(&self, table: TableIdx) -> Option<&ConstExpr> {
        let defined = table.index().checked_sub(self.imported_table_count())?;
        self.0.table_inits.get(defined)?.as_ref()
    }

    /// All memories by [`MemoryIdx`], imports first.
    pub fn memories(&self) -> &[MemoryType] {
        &self.0.memories
    }

    /// The type of a memory, if there is such a memory.
    pub fn memory(&self, memory: MemoryIdx) -> Option<&MemoryType> {
        self.0.memories.get(memory.index())
    }

    /// Whether a memory is shared between threads.
    pub fn is_shared(&self, memory: MemoryIdx) -> bool {
        self.memory(memory).is_some_and(|ty| ty.shared)
    }

    /// Whether any of its memories is.
    pub fn has_shared_memory(&self) -> bool {
        self.0.memories.iter().any(|ty| ty.shared)
    }

    /// How many memories are imported.
    pub fn imported_memory_count(&self) -> usize {
        self.0.imported.memories as usize
    }

    /// All globals by [`GlobalIdx`], imports first.
    pub fn globals(&self) -> &[GlobalType] {
        &self.0.globals
    }

    /// The type of a global, if there is such a global.
    pub fn global(&self, global: GlobalIdx) -> Option<&GlobalType> {
        self.0.globals.get(global.index())
    }

    /// How many globals are imported.
    pub fn imported_global_count(&self) -> usize {
        self.0.imported.globals as usize
    }

    /// The initial value of a global; `None` for an imported one.
    pub fn global_init(&self, global: GlobalIdx) -> Option<&ConstExpr> {
        let defined = global.index().checked_sub(self.imported_global_count())?;
        self.0.global_inits.get(defined)
    }

    /// The types of all tags by [`TagIdx`], imports first.
    pub fn tags(&self) -> &[TypeIdx] {
        &self.0.tags
    }

    /// The type of a tag, if there is such a tag.
    pub fn tag(&self, tag: TagIdx) -> Option<&FuncType> {
        self.0.types.get(self.0.tags.get(tag.index())?.index())
    }

    /// How many tags there are.
    pub fn tag_count(&self) -> usize {
        self.0.tags.len()
    }

    /// The function that instantiation calls last.
    pub fn start(&self) -> Option<FuncIdx> {
        self.0.start
    }

    /// All element segments by [`ElemIdx`](crate::ElemIdx).
    pub fn elements(&self) -> &[Element] {
        &self.0.elements
    }

    /// All data segments by [`DataIdx`](crate::DataIdx).
    pub fn data(&self) -> &[Data] {
        &self.0.data
    }

    /// The bytes of a data segment.
    ///
    /// # Panics
    ///
    /// If there is no such segment.
    pub fn data_bytes(&self, data: crate::DataIdx) -> &[u8] {
        &self.0.bytes[self.0.data[data.index()].range.clone()]
    }

    /// The number in the data count section, if there is one.
    pub fn data_count(&self) -> Option<u32> {
        self.0.data_count
    }

    /// All custom sections in order.
    pub fn custom_sections(&self) -> &[CustomSection] {
        &self.0.custom_sections
    }

    /// The names of the first `name` section; empty if there is none.
    pub fn names(&self) -> &Names {
        &self.0.names
    }

    /// A function's name from the `name` section.
    pub fn func_name(&self, func: FuncIdx) -> Option<&str> {
        self.0.names.func(func)
    }

    /// A function's name from the `name` section, or else the name of its first export. Linear in
    /// the number of exports.
    pub fn func_name_or_export(&self, func: FuncIdx) -> Option<&str> {
        let export = || self.exports().iter().find(|export| export.func() == Some(func));
        self.func_name(func).or_else(|| export().map(|export| &*export.name))
    }

    /// The body of a function; `None` for an import, or if there is no such function.
    pub fn body(&self, func: FuncIdx) -> Option<FuncBody<'_>> {
        let defined = func.index().checked_sub(self.imported_func_count())?;
        let checked = self.0.bodies.get(defined)?;
        let range = checked.range.start as usize..checked.range.end as usize;
        Some(FuncBody { module: self, func, range, start: checked.start as usize })
    }

    /// The function whose body has the byte at a module offset.
    pub fn func_at(&self, offset: usize) -> Option<FuncIdx> {
        let after = self.0.bodies.partition_point(|body| body.range.start as usize <= offset);
        let defined = after.checked_sub(1)?;
        let inside = offset < self.0.bodies[defined].range.end as usize;
        inside.then_some(FuncIdx(self.0.imported.funcs + defined as u32))
    }

    /// The size of a function's frames; `None` for an import, or if there is no such function.
    pub fn frame(&self, func: FuncIdx) -> Option<FrameFacts> {
        self.checked(func).map(|checked| checked.frame)
    }

    /// The facts of a function; `None` for an import, or if there is no such function.
    ///
    /// Who asks first waits until they are made, unless the module was
    /// [decoded with them](Module::decode_with_facts); then they stay.
    pub fn facts(&self, func: FuncIdx) -> Option<&FuncFacts> {
        self.checked(func)?.facts(|| {
            let (inner, later) = (&*self.0, self.0.later.as_ref()?);
            let cx = BodyContext {
                bytes: &inner.bytes,
                limits: &later.limits,
                types: &inner.types,
                funcs: &inner.funcs,
                tags: &inner.tags,
                wide: later.wide,
                exceptions: later.exceptions,
                probe: false,
            };
            let body = FunctionBody::new(self.body(func)?.reader());
            later.facts((func.0, self.func_type_idx(func)), &body, cx)
        })
    }

    fn checked(&self, func: FuncIdx) -> Option<&Checked> {
        let defined = func.index().checked_sub(self.imported_func_count())?;
        self.0.bodies.get(defined)
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.0.names.module())
            .field("bytes", &self.0.bytes.len())
            .field("funcs", &self.0.funcs.len())
            .finish_non_exhaustive()
    }
}

/// The body of a defined function.
#[derive(Clone, Debug)]
pub struct FuncBody<'m> {
    module: &'m Module,
    func: FuncIdx,
    range: Range<usize>,
    /// Where its operators start.
    start: usize,
}

impl<'m> FuncBody<'m> {
    /// The module.
    pub fn module(&self) -> &'m Module {
        self.module
    }

    /// The function.
    pub fn func(&self) -> FuncIdx {
        self.func
    }

    /// Where the body is in the module: local declarations and operators, without the size.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The body's bytes.
    pub fn bytes(&self) -> &'m [u8] {
        &self.module.bytes()[self.range.clone()]
    }

    /// The declared locals in groups of `(count, type)`, without parameters. A count may be 0.
    pub fn locals(&self) -> impl Iterator<Item = (u32, ValType)> + use<'m> {
        let reader = FunctionBody::new(self.reader()).get_locals_reader();
        // The body is valid: no item is an error.
        reader.into_iter().flat_map(|locals| locals.into_iter().map_while(Result::ok))
    }

    /// The types of parameters and locals, one by one.
    pub fn local_types(&self) -> Vec<ValType> {
        let mut types = self.module.func_type(self.func).params.to_vec();
        for (count, ty) in self.locals() {
            types.extend(std::iter::repeat_n(ty, count as usize));
        }
        types
    }

    /// A reader of the body's operators; offsets are those of the module.
    pub fn operators(&self) -> OperatorsReader<'m> {
        OperatorsReader::new(self.operators_binary())
    }

    /// A reader of the bytes of the body's operators, for a visitor with its own control stack.
    pub fn operators_binary(&self) -> BinaryReader<'m> {
        self.reader_at(self.start)
    }

    /// The same, with a fast path for frequent operators.
    pub fn operators_quick(&self) -> Operators<'m> {
        let bytes = &self.module.bytes()[self.start..self.range.end];
        Operators::new(bytes, self.start as u64, self.module.features().wasm())
    }

    fn reader(&self) -> BinaryReader<'m> {
        self.reader_at(self.range.start)
    }

    fn reader_at(&self, start: usize) -> BinaryReader<'m> {
        let bytes = &self.module.bytes()[start..self.range.end];
        BinaryReader::new_features(bytes, start as u64, self.module.features().wasm())
    }
}
