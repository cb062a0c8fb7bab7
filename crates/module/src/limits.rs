//! Named limits on everything a module brings along: counts, sizes, depths, work.
//!
//! `decode` and `validate` compare before they allocate or loop. A refusal is
//! [`ErrorKind::Limit`](crate::ErrorKind::Limit) with the field's name. The tests of
//! `tests/limits.rs` stand on both sides of each.
//!
//! wasmparser has separate limits behind these, equal to the defaults here wherever both exist: a
//! field raised above its default does not let more through there. Where wasmparser reads first
//! (`params`, `results`, `name_bytes`, `body_bytes`), a module over its limit is refused as
//! invalid.

/// Maximum numbers and sizes of the parts of a module. Counts of index spaces include imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the module. At most 2^31; this keeps every module offset inside a `u32`.
    pub module_bytes: u64,
    /// Sections, custom sections included.
    pub sections: u64,
    /// Types, recursion groups flattened.
    pub types: u64,
    /// Parameters of one function type.
    pub params: u64,
    /// Results of one function type.
    pub results: u64,
    /// Imports.
    pub imports: u64,
    /// Functions.
    pub functions: u64,
    /// Tables.
    pub tables: u64,
    /// Memories.
    pub memories: u64,
    /// Globals.
    pub globals: u64,
    /// Tags.
    pub tags: u64,
    /// Exports.
    pub exports: u64,
    /// Element segments.
    pub element_segments: u64,
    /// Items of one element segment.
    pub element_items: u64,
    /// Data segments.
    pub data_segments: u64,
    /// Operators of one constant expression.
    pub const_expr_ops: u64,
    /// Bytes of one name of an import, export or custom section.
    pub name_bytes: u64,
    /// Bytes of one function body, locals included.
    pub body_bytes: u64,
    /// Locals of one function, parameters included.
    pub locals_per_function: u64,
    /// Blocks inside each other in one function, its body included.
    pub control_depth: u64,
    /// Targets of all `br_table`s of one function together.
    pub br_table_targets: u64,
    /// Values on the operand stack of one function, in reachable code or not.
    pub operand_height: u64,
    /// Cells of one function: parameters, locals and the greatest operand stack in reachable code.
    /// A `v128` has two, everything else one. At most [`Limits::FUNCTION_CELLS_MAX`].
    pub function_cells: u64,
    /// Work of validating, translating and checking, for each byte of a function's body and for
    /// each byte of the code section (on top of [`Limits::WORK_BASE`] each): one unit for an
    /// operator, for a parameter or local, and for each value that a call, a throw or a block has
    /// as parameter or result; [`Limits::WORK_OF_MOVE`] for each value that a branch or return
    /// takes along, since the edge may have to move it. A `br_table` counts the values of each
    /// target, and an edge for each that can have its own. At most [`Limits::WORK_PER_BYTE_MAX`].
    ///
    /// Real programs need about half a unit for a byte, and at most four in one function.
    pub work_per_byte: u64,
}

impl Limits {
    /// Units of work that every function and every module has, however small.
    pub const WORK_BASE: u64 = 1 << 20;

    /// Units of work of a value on an edge. It is at most two words of bytecode there.
    pub const WORK_OF_MOVE: u64 = 4;

    /// The greatest work for a byte. A greater [`Limits::work_per_byte`] has no effect: no accepted
    /// function has more bytecode than bytecode can have.
    pub const WORK_PER_BYTE_MAX: u64 = 32;

    /// The greatest number of cells of a function. A greater [`Limits::function_cells`] has no
    /// effect, so that each cell has a 16-bit index.
    pub const FUNCTION_CELLS_MAX: u64 = 65_535;

    /// The greatest module size. A greater [`Limits::module_bytes`] has no effect.
    pub const MODULE_BYTES_MAX: u64 = 1 << 31;
}

impl Default for Limits {
    /// The limits that browsers agreed on (JavaScript API, *implementation-defined limits*), and
    /// generous ones where there is no agreement.
    fn default() -> Limits {
        Limits {
            module_bytes: 1 << 30,
            sections: 1_000_000,
            types: 1_000_000,
            params: 1_000,
            results: 1_000,
            imports: 1_000_000,
            functions: 1_000_000,
            tables: 100_000,
            memories: 100,
            globals: 1_000_000,
            tags: 1_000_000,
            exports: 1_000_000,
            element_segments: 100_000,
            element_items: 10_000_000,
            data_segments: 100_000,
            const_expr_ops: 100_000,
            name_bytes: 100_000,
            body_bytes: 7_654_321,
            locals_per_function: 50_000,
            control_depth: 50_000,
            br_table_targets: 1_000_000,
            operand_height: 1_000_000,
            function_cells: Limits::FUNCTION_CELLS_MAX,
            work_per_byte: 8,
        }
    }
}

/// The noun that each limit counts, as its message says it.
const COUNTED: [(&str, &str); 24] = [
    ("module_bytes", "bytes"),
    ("sections", "sections"),
    ("types", "types"),
    ("params", "parameters of one type"),
    ("results", "results of one type"),
    ("imports", "imports"),
    ("functions", "functions"),
    ("tables", "tables"),
    ("memories", "memories"),
    ("globals", "globals"),
    ("tags", "tags"),
    ("exports", "exports"),
    ("element_segments", "element segments"),
    ("element_items", "items of one element segment"),
    ("data_segments", "data segments"),
    ("const_expr_ops", "operators of one constant expression"),
    ("name_bytes", "bytes of one name"),
    ("body_bytes", "bytes of one body"),
    ("locals_per_function", "parameters and locals"),
    ("control_depth", "blocks inside each other"),
    ("br_table_targets", "targets of br_table in one function"),
    ("operand_height", "values on the operand stack"),
    ("function_cells", "cells of one function"),
    ("work_per_byte", "units of work"),
];

/// The noun that the limit of this name counts.
pub(crate) fn counted(name: &str) -> &'static str {
    COUNTED.iter().find(|(known, _)| *known == name).map_or("units", |(_, counted)| counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field of [`Limits`] stands in the table: its names are those of the structure.
    #[test]
    fn every_limit_says_what_it_counts() {
        let debug = format!("{:?}", Limits::default());
        let fields: Vec<&str> =
            debug.split([' ', '{', '}']).filter_map(|word| word.strip_suffix(':')).collect();
        let named: Vec<&str> = COUNTED.iter().map(|(name, _)| *name).collect();
        assert_eq!(named, fields);
        assert_eq!(counted("body_bytes"), "bytes of one body");
    }
}
