//! A module with other bodies → its bytes: what is not replaced is copied.
//!
//! * N1. A body that is not replaced, and every section but those named here, is copied byte for
//!   byte.
//! * N2. If a body is replaced, custom sections that hold offsets of code are dropped and named:
//!   `.debug_*`, `metadata.code.*`, `sourceMappingURL`. In `name`, the names of labels go, and of
//!   replaced functions those of declared locals.
//! * N3. A module whose offsets of code decide what it does is refused ([`linked`]): a linker
//!   writes numbers at the offsets that `reloc.*` names, and without them the numbers of symbols
//!   stay those of the object file. `dylink.0` of a shared library has sizes, names and flags, and
//!   nothing of the code's places.

use crate::{Emitted, Types};
use prova_module::{FuncIdx, Module};
use std::fmt;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Encode, IndirectNameMap, NameMap, TypeSection};
use wasmparser::{BinaryReader, Name, NameSectionReader};

/// A module's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The custom sections that no longer hold, by name.
    pub dropped: Vec<String>,
}

/// A module that is still to be linked, or could be once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocatable {
    /// The custom section that says so.
    pub section: String,
}

impl fmt::Display for Relocatable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = &self.section;
        write!(f, "it is relocatable (custom section `{section}`), and its relocations would be ")?;
        f.write_str("lost: link it first, without `--relocatable` and `--emit-relocs`")
    }
}

impl std::error::Error for Relocatable {}

/// Accepts modules whose bodies may be others (N3): what every command asks that replaces some.
///
/// # Errors
/// If a linker is still to read the module.
pub fn linked(module: &Module) -> Result<(), Relocatable> {
    let mut names = module.custom_sections().iter().map(|custom| &*custom.name);
    match names.find(|name| *name == "linking" || name.starts_with("reloc.")) {
        Some(section) => Err(Relocatable { section: section.to_owned() }),
        None => Ok(()),
    }
}

const TYPE: u8 = 1;
const CODE: u8 = 10;

/// Puts bodies into a module; a function for which there is none keeps its own.
pub fn assemble(module: &Module, types: &Types, bodies: &[Option<&Emitted>]) -> Assembled {
    assemble_over(module, types, bodies, &[])
}

/// The same, with other bytes for the functions whose body is not replaced, if there are any;
/// statements about those functions in custom sections stay.
pub fn assemble_over(
    module: &Module,
    types: &Types,
    bodies: &[Option<&Emitted>],
    others: &[&[u8]],
) -> Assembled {
    let wasm = module.bytes();
    let mut result = Assembled { bytes: wasm[..8].to_vec(), dropped: Vec::new() };
    let is_changed = bodies.iter().any(Option::is_some);
    let extra = bodies.iter().flatten().any(|body| body.extra_types);
    for (at, section) in module.sections().iter().enumerate() {
        let contents = &wasm[section.range.clone()];
        let customs = module.custom_sections();
        let custom = customs.binary_search_by_key(&at, |custom| custom.placement).ok();
        let custom = custom.map(|custom| &customs[custom]);
        let contents = match (section.id, custom) {
            (0, Some(custom)) if is_changed && is_stale(&custom.name) => {
                result.dropped.push(custom.name.to_string());
                continue;
            }
            (0, Some(custom)) if is_changed && &*custom.name == "name" => {
                names(module, &wasm[custom.range.clone()], bodies)
            }
            (TYPE, _) if extra => with_types(contents, types),
            (CODE, _) if is_changed || !others.is_empty() => code(module, bodies, others),
            _ => contents.to_vec(),
        };
        result.bytes.push(section.id);
        contents.encode(&mut result.bytes);
    }
    result
}

/// Whether a custom section holds offsets of code.
fn is_stale(name: &str) -> bool {
    let prefixes = [".debug_", "metadata.code."];
    prefixes.iter().any(|prefix| name.starts_with(prefix)) || name == "sourceMappingURL"
}

/// The type section's contents with more types behind.
fn with_types(contents: &[u8], types: &Types) -> Vec<u8> {
    let mut reader = BinaryReader::new(contents, 0);
    let count = reader.read_var_u32().unwrap_or(0);
    let rest = &contents[reader.original_position() as usize..];
    let mut out = Vec::new();
    (count + types.extra.len() as u32).encode(&mut out);
    out.extend(rest);
    for ty in &types.extra {
        let mut section = TypeSection::new();
        let results = ty.results.iter().filter_map(|&ty| RoundtripReencoder.val_type(ty).ok());
        section.ty().function([], results.collect::<Vec<_>>());
        // A section of one type: its size, the count 1, the type.
        let mut bytes = Vec::new();
        section.encode(&mut bytes);
        let mut reader = BinaryReader::new(&bytes, 0);
        let header = reader.read_var_u32().and_then(|_| reader.read_var_u32());
        if header.is_ok() {
            out.extend(&bytes[reader.original_position() as usize..]);
        }
    }
    out
}

fn code(module: &Module, bodies: &[Option<&Emitted>], others: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let defined = module.defined_funcs();
    (defined.len() as u32).encode(&mut out);
    for (at, func) in defined.enumerate() {
        match (bodies.get(at).copied().flatten(), module.body(func)) {
            (Some(body), _) => body.bytes.encode(&mut out),
            (None, Some(body)) => {
                others.get(at).copied().unwrap_or(body.bytes()).encode(&mut out);
            }
            (None, None) => {}
        }
    }
    out
}

/// The contents of the `name` section, with what still holds.
fn names(module: &Module, data: &[u8], bodies: &[Option<&Emitted>]) -> Vec<u8> {
    let first = module.imported_func_count();
    let is_replaced = |func: u32| {
        let at = (func as usize).checked_sub(first);
        at.and_then(|at| bodies.get(at)).is_some_and(Option::is_some)
    };
    let mut out = Vec::new();
    "name".encode(&mut out);
    let mut at = 0;
    // A subsection: its id, its size, its contents.
    while at < data.len() {
        let mut reader = BinaryReader::new(&data[at..], 0);
        let size = reader.read_u8().and_then(|_| reader.read_var_u32());
        let Ok(size) = size else { break };
        let end = at + reader.original_position() as usize + size as usize;
        let Some(subsection) = data.get(at..end) else { break };
        at = end;
        let name = NameSectionReader::new(BinaryReader::new(subsection, 0)).next();
        let Some(Ok(name)) = name else { continue };
        match name {
            Name::Label(_) => {}
            Name::Local(map) => {
                let mut kept = IndirectNameMap::new();
                for naming in map.into_iter().map_while(Result::ok) {
                    let params = (naming.index as usize) < module.func_count();
                    let params = if params {
                        module.func_type(FuncIdx(naming.index)).params.len() as u32
                    } else {
                        0
                    };
                    let limit = if is_replaced(naming.index) { params } else { u32::MAX };
                    let mut names = NameMap::new();
                    for name in naming.names.map_while(Result::ok) {
                        if name.index < limit {
                            names.append(name.index, name.name);
                        }
                    }
                    kept.append(naming.index, &names);
                }
                let mut section = wasm_encoder::NameSection::new();
                section.locals(&kept);
                let mut bytes = Vec::new();
                section.encode(&mut bytes);
                // Behind the size, and "name" with its length, stands the subsection.
                let mut reader = BinaryReader::new(&bytes, 0);
                if reader.read_var_u32().and_then(|_| reader.read_string()).is_ok() {
                    out.extend(&bytes[reader.original_position() as usize..]);
                }
            }
            _ => out.extend(subsection),
        }
    }
    out
}
