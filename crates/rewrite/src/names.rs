//! Custom sections: which stay, and the `name` section with new indices.

use crate::edit::Customs;
use crate::edit::Edit;
use crate::error::Error;
use crate::numbers::{Renumber, Space};
use std::collections::BTreeMap;
use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{IndirectNameMap, NameMap, NameSection};
use wasmparser::{Name, NameSectionReader};

/// Whether a custom section holds offsets of code, or what a linker does with them.
fn holds_offsets(name: &str) -> bool {
    let prefixes = [".debug_", "reloc.", "metadata.code.", "sourceMappingURL", "linking"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a custom section stays.
pub(crate) fn stays(customs: Customs, name: &str) -> bool {
    match customs {
        Customs::Drop => false,
        Customs::Standing => !holds_offsets(name),
        Customs::All => true,
    }
}

/// The `name` section with new indices (R6), in their order. Names of functions that are not there
/// are left out.
pub(crate) fn names(edit: &Edit<'_>, section: NameSectionReader<'_>) -> Result<NameSection, Error> {
    let mut out = NameSection::new();
    let func = |index: u32| edit.numbers.get(Space::Func, index).ok();
    for subsection in section {
        match subsection? {
            Name::Function(map) => {
                let mut kept: BTreeMap<u32, &str> = BTreeMap::new();
                for naming in map {
                    let naming = naming?;
                    kept.extend(func(naming.index).map(|index| (index, naming.name)));
                }
                kept.extend(edit.func_names.iter().map(|(index, name)| (*index, &**name)));
                let mut sorted = NameMap::new();
                kept.iter().for_each(|(index, name)| sorted.append(*index, name));
                out.functions(&sorted);
            }
            Name::Label(_) if edit.customs == Customs::Standing => {}
            Name::Local(map) => {
                let mut kept = BTreeMap::new();
                for naming in map {
                    let naming = naming?;
                    if let Some(index) = func(naming.index) {
                        kept.insert(index, utils::name_map(naming.names, Ok)?);
                    }
                }
                let mut sorted = IndirectNameMap::new();
                kept.iter().for_each(|(index, names)| sorted.append(*index, names));
                out.locals(&sorted);
            }
            other => Renumber(&edit.numbers).parse_custom_name_subsection(&mut out, other)?,
        }
    }
    Ok(out)
}
