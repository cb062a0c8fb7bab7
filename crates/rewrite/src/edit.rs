//! An edit as data: the items that a module gains, changes and loses.

use crate::code::Code;
use crate::numbers::Numbers;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::{
    ConstExpr, EntityType, ExportKind, FuncType, GlobalType, MemoryType, SectionId, TableType,
};

/// An edit of a module. The default drops custom sections and encodes numbers anew (R5); it changes
/// nothing else.
///
/// Keys are indices in the module before the edit. All other indices (types of functions, indices
/// of exports, indices in bodies) are written unchanged, so they are new numbers.
#[derive(Clone, Debug, Default)]
pub struct Edit<'e> {
    /// The new numbers of the module's things.
    pub numbers: Numbers,
    /// Added types.
    pub types: Vec<FuncType>,
    /// Added imports: module, name, type.
    pub imports: Vec<(Cow<'e, str>, Cow<'e, str>, EntityType)>,
    /// Added functions.
    pub functions: Vec<NewFunction>,
    /// Names of added functions, by their indices, for a `name` section that names functions.
    pub func_names: Vec<(u32, Cow<'e, str>)>,
    /// New bodies, by function. An imported function with a body becomes a defined one (R4).
    pub bodies: BTreeMap<u32, Code>,
    /// Defined functions that lose their bodies: an added import stands for each.
    pub bodiless: BTreeSet<u32>,
    /// Added tables of null references.
    pub tables: Vec<TableType>,
    /// New sizes of defined tables, in elements.
    pub table_sizes: BTreeMap<u32, Size>,
    /// Added memories.
    pub memories: Vec<MemoryType>,
    /// New sizes of defined memories, in pages.
    pub memory_sizes: BTreeMap<u32, Size>,
    /// Added globals.
    pub globals: Vec<(GlobalType, ConstExpr)>,
    /// New first values of defined globals.
    pub global_values: BTreeMap<u32, ConstExpr>,
    /// Added exports: name, kind, index.
    pub exports: Vec<(String, ExportKind, u32)>,
    /// New names of exports; `None` takes one out.
    pub export_names: BTreeMap<String, Option<String>>,
    /// Added element segments.
    pub elements: Vec<Elements>,
    /// Added data segments. If one is passive, there is a data count section.
    pub data: Vec<Segment<'e>>,
    /// Segments that stand in the place of others.
    pub data_changed: BTreeMap<u32, Segment<'e>>,
    /// Which custom sections stay.
    pub customs: Customs,
    /// Added custom sections, at the end: name, contents.
    pub added_customs: Vec<(Cow<'e, str>, Cow<'e, [u8]>)>,
    /// Sections that are not written, even if they have items.
    pub without: Vec<SectionId>,
    /// Sections that are written even if they are empty.
    pub always: Vec<SectionId>,
    /// Whether the map of code offsets has the operators of bodies that are not the edit's, too; it
    /// takes 8 bytes for each.
    pub map: bool,
}

impl<'e> Edit<'e> {
    /// Adds imported functions of a module, with types from an index on.
    pub fn import_funcs(&mut self, module: &'e str, first_type: u32, names: &[&'e str]) {
        for (ty, name) in (first_type..).zip(names) {
            self.imports.push((module.into(), (*name).into(), EntityType::Function(ty)));
        }
    }
}

/// A function that is added.
#[derive(Clone, Debug)]
pub struct NewFunction {
    /// Its type, as a new index.
    pub ty: u32,
    /// Its body.
    pub code: Code,
}

impl NewFunction {
    /// A function of this type.
    pub fn new(ty: u32, code: impl Into<Code>) -> NewFunction {
        NewFunction { ty, code: code.into() }
    }
}

/// The least and the greatest size of a table or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The size at the start.
    pub min: u64,
    /// The size that it may grow to.
    pub max: Option<u64>,
}

/// An element segment of functions, as new indices.
#[derive(Clone, Debug)]
pub struct Elements {
    /// Where in table 0 it is written; `None` for a segment that only declares references.
    pub offset: Option<ConstExpr>,
    /// The functions.
    pub funcs: Vec<u32>,
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct Segment<'e> {
    /// The memory and the address that it is written to; `None` for a passive one.
    pub active: Option<(u32, ConstExpr)>,
    /// Its contents.
    pub bytes: Cow<'e, [u8]>,
}

impl<'e> Segment<'e> {
    /// A segment that code writes.
    pub fn passive(bytes: impl Into<Cow<'e, [u8]>>) -> Segment<'e> {
        Segment { active: None, bytes: bytes.into() }
    }

    /// A segment that is written to a memory as the module is instantiated.
    pub fn active(memory: u32, offset: ConstExpr, bytes: impl Into<Cow<'e, [u8]>>) -> Segment<'e> {
        Segment { active: Some((memory, offset)), bytes: bytes.into() }
    }
}

/// Which custom sections stay. Names of functions follow their functions. To keep the name of
/// another thing that is taken out is a fault ([`Fault::Used`](crate::Fault::Used)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Customs {
    /// None stays.
    #[default]
    Drop,
    /// Those stay that hold no offsets of code. Of names, those of labels go.
    Standing,
    /// All stay, so that offsets of code in them may no longer hold.
    All,
}
