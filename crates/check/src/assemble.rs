//! Layouts of other runtimes: what their derivations hand over.
//!
//! A derivation is trusted as [`Layout::derive`] is: the check believes all that it says.

use crate::contract::{CodeKind, Contract};
use crate::equal_types::EqualTypes;
use crate::layout::{Config, Global, Layout, LayoutError, Memory, Signature, Table, Ty};
use crate::structures::{Hosted, Structures};
use crate::symbols::{Heap, RefKind, RefType};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A layout of another runtime, as its derivation hands it over. The check believes all of it.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// SHA-256 of the module's bytes.
    pub module: [u8; 32],
    /// A digest of these and of all settings, the runtime's name and version among them.
    pub digest: [u8; 32],
    /// The settings.
    pub config: Config,
    /// The types that records and structures name by index, each once; none for types that are no
    /// function's.
    pub types: Vec<Option<Signature>>,
    /// The type of each function of the index space.
    pub funcs: Vec<u32>,
    /// How many of them are imported.
    pub imported_funcs: u32,
    /// The memories.
    pub memories: Vec<Memory>,
    /// The tables.
    pub tables: Vec<Table>,
    /// Whether indices of a memory or a table have 64 bits, however long that may be.
    pub wide: bool,
    /// The globals.
    pub globals: Vec<Global>,
    /// The type of each tag, whose parameters are the values of its exceptions.
    pub tags: Vec<u32>,
    /// The structures around the code.
    pub structures: Structures,
    /// The entries in the text, sorted by offset.
    pub text: Vec<(u32, CodeKind)>,
    /// The builtins whose callers lie there, by their numbers.
    pub hosted: Vec<Hosted>,
    /// The type and number of elements of each element segment that the host keeps, by its index
    /// for builtins; none for those whose elements have no rule.
    pub elements: Vec<(RefType, u32)>,
    /// The memory into which code writes nothing but the values of objects that it has just got: no
    /// code of the store does (H7 of `hosted`).
    pub kept: Option<u32>,
    /// Bytes below the stack's limit that functions may take without a comparison: those that call
    /// nothing, and those that are about to compare.
    pub free_bytes: u32,
    /// Whether the processor has of AVX-512 the parts F, VL, DQ, BITALG, VBMI and VNNI, beside
    /// those that all of x86-64-v3 have.
    pub avx512: bool,
}

impl Layout {
    /// The layout of a module in another runtime, whose functions are called as
    /// [`Contract::Contexts`] says.
    ///
    /// # Errors
    ///
    /// [`LayoutError`] if there are more than [`ITEMS_MAX`](crate::ITEMS_MAX) types.
    pub fn assemble(parts: Parts) -> Result<Layout, LayoutError> {
        let mut layout = Layout {
            wide: parts.wide,
            collects: !parts.tags.is_empty() || parts.types.iter().flatten().any(has_collected),
            config: parts.config,
            module: parts.module,
            digest: parts.digest,
            types: Vec::new(),
            conventions: Vec::new(),
            forms: Vec::new(),
            equals: EqualTypes::default(),
            funcs: parts.funcs,
            imported_funcs: parts.imported_funcs,
            memories: parts.memories,
            heap: None,
            objects: Vec::new(),
            tables: parts.tables,
            globals: parts.globals,
            tags: parts.tags,
            structures: parts.structures,
            contract: Contract::Contexts,
            starts: parts.text.iter().map(|&(at, kind)| (kind, at)).collect(),
            text: parts.text,
            hosted: parts.hosted,
            elements: parts.elements,
            kept: parts.kept,
            free_bytes: parts.free_bytes,
            avx512: parts.avx512,
        };
        // What names itself or a later one is equal to no other.
        let mut firsts: BTreeMap<Signature, u32> = BTreeMap::new();
        for ty in parts.types {
            let own = layout.equals.push_alone(ty.as_ref().and_then(|ty| firsts.get(ty).copied()));
            if let Some(ty) = &ty
                && !names_from(ty, own)
            {
                firsts.entry(ty.clone()).or_insert(own);
            }
            layout.push_type(ty).map_err(|what| LayoutError { offset: 0, what })?;
        }
        Ok(layout)
    }
}

/// Whether a function of a type gets or gives values that a collection looks for.
fn has_collected(signature: &Signature) -> bool {
    let is_collected = |ty: &Ty| matches!(ty, Ty::Ref(ty) if ty.kind != RefKind::Func);
    signature.params.iter().chain(&signature.results).any(is_collected)
}

/// Whether a type names types from `index` on.
fn names_from(signature: &Signature, index: u32) -> bool {
    signature.params.iter().chain(&signature.results).any(|ty| match ty {
        Ty::Ref(RefType { heap: Heap::Type(ty), .. }) => *ty >= index,
        _ => false,
    })
}
