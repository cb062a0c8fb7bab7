//! Instantiation: module and external values → an instance (specification 4.7.2, in its order).
//!
//! ```text
//! match imports ─► memories, tables ─► functions ─► globals ─► segment values ─► the instance
//!       │                │                                                           │
//!       ▼                ▼  table starts ─► element segments ─► data segments ─► start ◄────┘
//!   LinkError       CreateError                 Trap { instance, … }
//! ```
//!
//! Up to the instance an error leaves the store as it was. After it, effects stay: a trap in a
//! segment or in the start function leaves the writes before it, and the instance in the store,
//! since others may already refer to its functions. In a store metered by epoch the epoch is tested
//! again and again from there on ([`Pace`]); an interrupt while tables get their start values
//! leaves them shorter than declared, so that no element is of another type than its table's.
//!
//! Fuel is charged by the start function alone: everything else is bounded by the module's size and
//! the store's limits, and asked for by the embedder.

mod constant;
mod segments;

use crate::attach::Attach;
use crate::fixed::Fixed;
use crate::global::{self, Context};
use crate::image::MemoryImage;
use crate::instance::{Instance, Spaces};
use crate::limits::{self, LimitExceeded, Limits};
use crate::link::{self, LinkError};
use crate::memory::{AllocError, Memory, Room};
use crate::prototype::Prototype;
use crate::store::Store;
use crate::table::Table;
use crate::trap::Trap;
use crate::value::{Extern, InstanceAddr, MemoryAddr, NULL_REF};
use crate::vm::{Cell, GlobalVm};
use prova_module::{
    ElemIdx, ElementItems, ExternKind, ExternType, FuncIdx, GlobalIdx, GlobalType, MemoryIdx,
    Module, ObjectLayout, Storage, TableType, TypeId, TypeRegistry, ValType,
};
use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Why there is no instance, or none that is ready.
#[derive(Debug)]
pub enum InstantiateError {
    /// An import is missing or has another type.
    Link(LinkError),
    /// More external values were given than the module has imports.
    ImportCount {
        /// The module's imports.
        expected: usize,
        /// The values given.
        actual: usize,
    },
    /// A memory, table, or anything else could not be made.
    Create(CreateError),
    /// The module uses a proposal that no executor has.
    Unsupported(&'static str),
    /// A segment or the start function trapped. The instance exists, with everything that was
    /// written before.
    Trap {
        /// The instance.
        instance: InstanceAddr,
        /// Where it trapped.
        part: Part,
        /// The trap.
        trap: Trap,
    },
}

/// The steps of an instantiation after the instance exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Start values of tables, element and data segments.
    Segments,
    /// The start function.
    Start,
}

/// Why an object of a store could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateError {
    /// One of [`Limits`].
    Limit {
        /// The field of [`Limits`].
        name: &'static str,
        /// The greatest value allowed.
        max: u64,
        /// The value needed.
        actual: u64,
    },
    /// The system has no more memory or address space.
    OutOfMemory,
    /// The store's [`GrowthHook`](crate::GrowthHook) refuses a memory or table.
    Refused,
    /// A type or value of the host that no module could have.
    Misuse(&'static str),
}

impl From<LimitExceeded> for CreateError {
    fn from(LimitExceeded { name, max, actual }: LimitExceeded) -> CreateError {
        CreateError::Limit { name, max, actual }
    }
}

impl From<AllocError> for CreateError {
    fn from(error: AllocError) -> CreateError {
        match error {
            AllocError::Limit(limit) => limit.into(),
            AllocError::OutOfMemory => CreateError::OutOfMemory,
            AllocError::NoSuchType => CreateError::Misuse("no module could have such a memory"),
        }
    }
}

impl From<LinkError> for InstantiateError {
    fn from(error: LinkError) -> InstantiateError {
        InstantiateError::Link(error)
    }
}

impl From<CreateError> for InstantiateError {
    fn from(error: CreateError) -> InstantiateError {
        InstantiateError::Create(error)
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CreateError::Limit { name, max, actual } => {
                let counted = limits::counted(name);
                write!(f, "limit {name} exceeded: {actual} {counted}, at most {max}")
            }
            CreateError::OutOfMemory => f.write_str("out of memory"),
            CreateError::Refused => f.write_str("the store's limiter refuses a memory or table"),
            CreateError::Misuse(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for CreateError {}

impl fmt::Display for InstantiateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstantiateError::Link(error) => error.fmt(f),
            InstantiateError::ImportCount { expected, actual } => {
                write!(f, "expected {expected} imports, found {actual}")
            }
            InstantiateError::Create(error) => error.fmt(f),
            InstantiateError::Unsupported(proposal) => write!(f, "unsupported: {proposal}"),
            InstantiateError::Trap { trap, .. } => trap.fmt(f),
        }
    }
}

impl std::error::Error for InstantiateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            InstantiateError::Link(_)
            | InstantiateError::ImportCount { .. }
            | InstantiateError::Unsupported(_) => None,
            InstantiateError::Create(_) => None,
            InstantiateError::Trap { trap, .. } => trap.source(),
        }
    }
}

impl Store {
    /// Instantiates a module with one external value per import, runs its segments and its start
    /// function.
    ///
    /// # Errors
    ///
    /// If an import does not match, an object cannot be made, or a segment or the start function
    /// traps.
    pub fn instantiate(
        &mut self,
        data: &mut dyn Any,
        module: &Module,
        imports: &[Extern],
        attach: Arc<dyn Attach>,
    ) -> Result<InstanceAddr, InstantiateError> {
        self.instantiate_prototype(data, &Prototype::new(module, attach, None), imports)
    }

    /// The same of a module whose instances have their common parts already.
    ///
    /// # Errors
    ///
    /// Those of [`Store::instantiate`].
    pub fn instantiate_prototype(
        &mut self,
        data: &mut dyn Any,
        prototype: &Prototype,
        imports: &[Extern],
    ) -> Result<InstanceAddr, InstantiateError> {
        let instance = self.instantiate_unstarted(data, prototype, imports)?;
        if let Some(start) = prototype.module.start() {
            let start = self.instance(instance).func_addr(start);
            let trapped = |trap| InstantiateError::Trap { instance, part: Part::Start, trap };
            self.call(data, start, &[], &mut []).map_err(trapped)?;
        }
        Ok(instance)
    }

    /// The same up to the start function, which the caller runs.
    ///
    /// # Errors
    ///
    /// Those of [`Store::instantiate`].
    pub fn instantiate_unstarted(
        &mut self,
        data: &mut dyn Any,
        prototype: &Prototype,
        imports: &[Extern],
    ) -> Result<InstanceAddr, InstantiateError> {
        let images = prototype.images();
        let instance = self.with_data(data, |store| store.allocate(prototype, imports, images))?;
        let images = self.images(prototype, instance, images);
        let initialised = self.initialise(&prototype.module, instance, &images);
        self.settle_memories(prototype, instance);
        let trapped = |trap| InstantiateError::Trap { instance, part: Part::Segments, trap };
        initialised.map_err(trapped)?;
        Ok(instance)
    }

    /// Lets a store without types begin with those of a module that it is to instantiate: they
    /// need not be compared then.
    pub fn begin_with_types(&mut self, prototype: &Prototype) {
        if self.types.is_empty()
            && let Some((types, _)) = prototype.types()
        {
            self.types = types.clone();
        }
    }

    /// The identity of the type of a function that a module imports, by number of the import, in a
    /// store that begins with the module's types and has got no others yet.
    pub fn imported_type(&self, prototype: &Prototype, import: usize) -> Option<TypeId> {
        let (types, ids) = prototype.types().filter(|(types, _)| types.shares(&self.types))?;
        debug_assert!(types.len() >= ids.iter().map(|id| id.0 as usize + 1).max().unwrap_or(0));
        match prototype.module.imports().get(import)?.kind {
            ExternType::Func(ty) => ids.get(ty.index()).copied(),
            ExternType::Table(_)
            | ExternType::Memory(_)
            | ExternType::Global(_)
            | ExternType::Tag(_) => None,
        }
    }

    /// The identities of a module's types in this store.
    fn types_of<'p>(&mut self, prototype: &'p Prototype) -> Result<Cow<'p, [TypeId]>, CreateError> {
        self.begin_with_types(prototype);
        if let Some((types, ids)) = prototype.types()
            && types.shares(&self.types)
        {
            return Ok(ids.into());
        }
        let ids = self.types.intern_all(prototype.module.types());
        ids.map(Cow::Owned).ok_or(CreateError::Limit {
            name: "types_max",
            max: TypeRegistry::TYPES_MAX.into(),
            actual: u64::from(TypeRegistry::TYPES_MAX) + 1,
        })
    }

    /// Finds where the fields of objects of these types are.
    pub(crate) fn lay_out(&mut self, type_ids: &[TypeId]) {
        for id in type_ids {
            let at = id.0 as usize;
            if self.layouts.len() <= at {
                self.layouts.resize(at + 1, None);
            }
            if self.layouts[at].is_none()
                && let Some(def) = self.types.def(*id)
            {
                let layout = ObjectLayout::of(&def.composite, Storage::of_marked);
                self.layouts[at] = layout.map(Arc::new);
            }
        }
    }

    /// The images that may stand for data segments of an instance that was just made, by memory:
    /// those of memories that nobody had before it (M3), where no two of its memories are the same.
    fn images<'p>(
        &mut self,
        prototype: &'p Prototype,
        instance: InstanceAddr,
        images: Option<&'p [Option<MemoryImage>]>,
    ) -> Vec<Option<&'p MemoryImage>> {
        let memories = prototype.module.memories().len() as u32;
        let memories = (0..memories).map(|at| self.instance(instance).memory_addr(MemoryIdx(at)));
        let memories: Vec<MemoryAddr> = memories.collect();
        let untouched = |memory: &MemoryAddr| self.memories[memory.index()].touch();
        let untouched: Vec<bool> = memories.iter().map(untouched).collect();
        let distinct = memories.iter().collect::<BTreeSet<_>>().len() == memories.len();
        match images {
            Some(images) if distinct => {
                let pairs = images.iter().zip(untouched);
                pairs.map(|(image, untouched)| image.as_ref().filter(|_| untouched)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Clears the memories of an instance that came with an image and have not got it (M3): its
    /// data segments were not reached, or may not be mapped.
    fn settle_memories(&mut self, prototype: &Prototype, instance: InstanceAddr) {
        for at in prototype.module.imported_memory_count()..prototype.module.memories().len() {
            let memory = self.instance(instance).memory_addr(MemoryIdx(at as u32));
            self.memories[memory.index()].settle();
        }
    }

    /// Everything up to the instance.
    fn allocate(
        &mut self,
        prototype: &Prototype,
        imports: &[Extern],
        images: Option<&[Option<MemoryImage>]>,
    ) -> Result<InstanceAddr, InstantiateError> {
        let module = &prototype.module;
        let type_ids = self.types_of(prototype)?;
        let own_types = matches!(type_ids, Cow::Borrowed(_));
        self.lay_out(&type_ids);
        link::check_imports(self, module.imports(), imports, &type_ids)?;
        if imports.len() > module.imports().len() {
            let (expected, actual) = (module.imports().len(), imports.len());
            return Err(InstantiateError::ImportCount { expected, actual });
        }
        self.check_counts(module).map_err(CreateError::from)?;
        let (memories, tables) = self.new_memories_and_tables(module, &type_ids, images)?;

        // From here on nothing fails.
        let address = InstanceAddr(self.instances.len() as u32);
        let mut spaces = imported(imports);
        for memory in memories {
            spaces.memories.push(self.push_memory(memory).as_u32());
        }
        for table in tables {
            spaces.tables.push(self.push_table(table).as_u32());
        }
        let first_defined = self.entries.len() as u32;
        let found = self.push_funcs(prototype, address, &type_ids, own_types);
        spaces.funcs.extend(first_defined..self.entries.len() as u32);
        self.define_globals(module, &type_ids, &spaces.funcs, &mut spaces.globals);
        for ty in &module.tags()[spaces.tags.len()..] {
            spaces.tags.push(self.push_tag(type_ids[ty.index()]).as_u32());
        }
        let elems = element_values(module, &self.context(&spaces));
        let spaces = Spaces {
            funcs: Fixed::new(spaces.funcs),
            tables: Fixed::new(spaces.tables),
            memories: Fixed::new(spaces.memories),
            globals: Fixed::new(spaces.globals),
            tags: Fixed::new(spaces.tags),
            types: Fixed::new(type_ids.iter().map(|id| id.0).collect::<Vec<u32>>()),
        };
        let attach = Arc::clone(&prototype.attach);
        let instance = Instance::new(address, module.clone(), attach, spaces, elems, first_defined);
        self.instances.push(instance);
        self.push_native_instance(address, found);
        let elems = module.elements().iter().zip(0..).map(|(elem, i)| (elem, ElemIdx(i)));
        let elems =
            elems.filter(|(elem, _)| module.types().is_traced(ValType::Ref(elem.ref_type())));
        self.traced_elems.extend(elems.map(|(_, i)| (address, i)));
        self.publish();
        Ok(address)
    }

    fn check_counts(&self, module: &Module) -> Result<(), LimitExceeded> {
        let count = |held: usize, all: usize, imported: usize| (held + all - imported) as u64;
        let Limits {
            instances_max,
            memories_max,
            tables_max,
            globals_max,
            tags_max,
            funcs_max,
            ..
        } = *self.limits();
        let funcs = module.func_count();
        let funcs = count(self.entries.len(), funcs, module.imported_func_count());
        let memories = module.memories().len();
        let memories = count(self.memories.len(), memories, module.imported_memory_count());
        let tables = module.tables().len();
        let tables = count(self.tables.len(), tables, module.imported_table_count());
        let globals = module.globals().len();
        let globals = count(self.globals.len(), globals, module.imported_global_count());
        limits::check("instances_max", instances_max, self.instances.len() as u64 + 1)?;
        limits::check("memories_max", memories_max, memories)?;
        limits::check("tables_max", tables_max, tables)?;
        limits::check("globals_max", globals_max, globals)?;
        let tags = module.imports().iter().filter(|i| i.kind.kind() == ExternKind::Tag).count();
        let tags = count(self.tags.len(), module.tag_count(), tags);
        limits::check("tags_max", tags_max, tags)?;
        limits::check("funcs_max", funcs_max.min(Limits::FUNCS_MAX), funcs)
    }

    fn new_memories_and_tables(
        &mut self,
        module: &Module,
        type_ids: &[TypeId],
        images: Option<&[Option<MemoryImage>]>,
    ) -> Result<(Vec<Memory>, Vec<Table>), CreateError> {
        let imported = module.imported_memory_count();
        let memories = &module.memories()[imported..];
        let tables = &module.tables()[module.imported_table_count()..];
        self.check_new(memories, tables)?;
        self.may_make(memories, tables)?;
        let limits = self.limits();
        let globals = module.globals().len() - module.imported_global_count();
        if !self.native_room(memories.len(), tables.len(), globals) {
            return Err(CreateError::OutOfMemory);
        }
        let image_of = |at: usize| Some(images?.get(imported + at)?.as_ref()?.id());
        let memories = memories.iter().enumerate().map(|(at, &ty)| {
            Memory::within(ty, limits, Room { image: image_of(at), ..self.room() })
        });
        let memories = memories.collect::<Result<_, _>>()?;
        let types = &self.types;
        let tables = tables.iter().map(|&ty| {
            let ref_type = types.resolve_ref(ty.ref_type, type_ids);
            let ty = TableType { ref_type, ..ty };
            Table::within(ty, NULL_REF, limits, self.spare.as_ref())
        });
        let tables = tables.collect::<Result<_, _>>()?;
        Ok((memories, tables))
    }

    /// Evaluates the globals in order: each may read the ones before it.
    fn define_globals(
        &mut self,
        module: &Module,
        type_ids: &[TypeId],
        funcs: &[u32],
        globals: &mut Vec<u32>,
    ) {
        for (index, &ty) in module.globals().iter().enumerate().skip(globals.len()) {
            let context = Context { funcs, globals, store_globals: &self.global_vms };
            let init = module.global_init(GlobalIdx(index as u32));
            let cells = init.map_or([0; 2], |init| global::evaluate(init, &context));
            let ty = GlobalType { val: self.types.resolve(ty.val, type_ids), ..ty };
            globals.push(self.push_global(ty, GlobalVm { cells }).as_u32());
        }
    }

    fn context<'a>(&'a self, spaces: &'a Imported) -> Context<'a> {
        let Imported { funcs, globals, .. } = spaces;
        Context { funcs, globals, store_globals: &self.global_vms }
    }

    /// The first cell of a constant expression of an instance.
    fn evaluate(&self, instance: InstanceAddr, expr: &prova_module::ConstExpr) -> Cell {
        let (funcs, globals) = self.instance(instance).funcs_and_globals();
        let context = Context { funcs, globals, store_globals: &self.global_vms };
        global::evaluate(expr, &context)[0]
    }
}

/// The index spaces while they grow.
struct Imported {
    funcs: Vec<u32>,
    tables: Vec<u32>,
    memories: Vec<u32>,
    globals: Vec<u32>,
    tags: Vec<u32>,
}

/// The index spaces with the imports alone.
fn imported(imports: &[Extern]) -> Imported {
    let mut spaces = Imported {
        funcs: Vec::new(),
        tables: Vec::new(),
        memories: Vec::new(),
        globals: Vec::new(),
        tags: Vec::new(),
    };
    for import in imports {
        match import {
            Extern::Func(addr) => spaces.funcs.push(addr.as_u32()),
            Extern::Table(addr) => spaces.tables.push(addr.as_u32()),
            Extern::Memory(addr) => spaces.memories.push(addr.as_u32()),
            Extern::Global(addr) => spaces.globals.push(addr.as_u32()),
            Extern::Tag(addr) => spaces.tags.push(addr.as_u32()),
        }
    }
    spaces
}

/// The values of all element segments.
fn element_values(module: &Module, context: &Context<'_>) -> Vec<Option<Box<[Cell]>>> {
    let values = |items: &ElementItems| -> Box<[Cell]> {
        match items {
            ElementItems::Funcs(funcs) => {
                funcs.iter().map(|&func: &FuncIdx| context.func(func)).collect()
            }
            ElementItems::Exprs(_, exprs) => {
                exprs.iter().map(|expr| global::evaluate(expr, context)[0]).collect()
            }
        }
    };
    module.elements().iter().map(|element| Some(values(&element.items))).collect()
}
