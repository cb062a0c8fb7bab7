//! The structures of Prova's own runtime, for a layout (`docs/certificate.md` has the tables).

use crate::layout::{Layout, offsets};
use crate::structures::{Area, Field, Holds, Structure, Structures};
use crate::value::Base;

/// The fields of a function's record.
const RECORD: [Field; 4] = [
    Field { at: offsets::RECORD_CODE, bytes: 8, holds: Holds::Code },
    Field { at: offsets::RECORD_VMCTX, bytes: 8, holds: Holds::Context },
    Field { at: offsets::RECORD_TYPE, bytes: 4, holds: Holds::Type },
    Field { at: offsets::RECORD_ADDRESS, bytes: 4, holds: Holds::Address },
];

impl Structures {
    /// The structures around the code of a module in Prova's runtime.
    pub(crate) fn own(layout: &Layout) -> Structures {
        const WORD: u32 = 8;
        let word = |at: u32, holds: Holds| (at, WORD, holds);
        let store = word(offsets::STORE, Holds::Pointer(Base::Store));
        let builtins = word(offsets::BUILTINS, Holds::Pointer(Base::Builtins));
        let nowhere = Holds::Pointer(Base::Nowhere);
        let mut words = alloc::vec![
            word(offsets::STORE_FUEL, Holds::Fuel),
            word(offsets::STORE_EPOCH, Holds::Pointer(Base::Epoch)),
            word(offsets::STORE_DEADLINE, Holds::Number),
            word(offsets::STORE_FUNCS, Holds::Funcs),
            word(offsets::STORE_ARGS, Holds::Pointer(Base::Args)),
        ];
        if layout.masks() {
            words.push(word(offsets::STORE_NOWHERE, nowhere));
        }
        words.push(word(offsets::STORE_FUNCS_LEN, Holds::FuncsLength));
        let record = RECORD.map(|Field { at, bytes, holds }| (at, bytes, holds));
        let object = |base, length| {
            Structure::of(&[word(offsets::OBJECT_BASE, base), word(offsets::OBJECT_LEN, length)])
        };
        let list = |stride, count, holds| {
            let fields = alloc::vec![Field { at: 0, bytes: stride, holds }];
            Structure::new(alloc::vec![Area { at: 0, stride, count, first: 0, fields }])
        };
        Structures {
            context: context(layout),
            other: Structure::of(&[store, builtins]),
            store: Structure::of(&words),
            epoch: Structure::of(&[word(0, Holds::Epoch)]),
            builtins: list(WORD, offsets::BUILTIN_THROW.saturating_add(1), Holds::Builtin),
            types: list(4, length(&layout.types), Holds::TypeId),
            memory: object(Holds::MemoryBase, Holds::MemoryLength),
            table: object(Holds::TableBase, Holds::TableLength),
            func: Structure::of(&record),
            // Ways are another contract's.
            caller: Structure::default(),
            host: Structure::default(),
        }
    }
}

/// The context: words that all have, words by index, and the records of the defined functions (L5).
fn context(layout: &Layout) -> Structure {
    let fixed = |at, holds| {
        let fields = alloc::vec![Field { at: 0, bytes: 8, holds }];
        Area { at: u64::from(at), stride: 8, count: 1, first: 0, fields }
    };
    let records = u64::from(layout.defined_func(0));
    let mut areas = alloc::vec![
        fixed(offsets::STORE, Holds::Pointer(Base::Store)),
        fixed(offsets::BUILTINS, Holds::Pointer(Base::Builtins)),
        fixed(offsets::TYPES, Holds::Pointer(Base::Types)),
        fixed(offsets::DEFINED, Holds::Own(records)),
    ];
    let (memories, tables) = (length(&layout.memories), length(&layout.tables));
    let by_index = [
        (layout.imported_func(0), layout.imported_funcs, Holds::Import),
        (layout.memory(0), memories, Holds::MemoryRecord),
        (layout.table(0), tables, Holds::TableRecord),
        (layout.global(0), length(&layout.globals), Holds::GlobalRecord),
        (layout.memory_base(0), memories, Holds::MemoryBase),
        (layout.table_base(0), tables, Holds::TableBase),
        (layout.memory_len(0), memories, Holds::MemoryLength),
    ];
    let there = by_index.into_iter().filter(|&(_, count, _)| count > 0);
    areas.extend(there.map(|(at, count, holds)| Area { count, ..fixed(at, holds) }));
    let defined = length(&layout.funcs).saturating_sub(layout.imported_funcs);
    areas.push(Area {
        at: records,
        stride: offsets::RECORD_BYTES,
        count: defined,
        first: layout.imported_funcs,
        fields: RECORD.to_vec(),
    });
    Structure::new(areas)
}

fn length<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Config;

    /// G1, for a module that has some of everything.
    #[test]
    fn areas_are_sorted_and_apart() {
        let wasm = wat::parse_str(
            r#"(module
                (import "m" "f" (func)) (import "m" "g" (global i32))
                (import "m" "t" (table 1 funcref)) (import "m" "m" (memory 1))
                (memory 2) (table 3 externref) (global (mut i64) (i64.const 0))
                (func) (func (param i32)))"#,
        )
        .unwrap();
        let layout = Layout::derive(&wasm, &Config::default()).unwrap();
        let areas = &layout.structures.context.areas;
        assert_eq!(areas.len(), 12);
        for (area, next) in areas.iter().zip(&areas[1..]) {
            assert!(area.end() <= next.at, "{area:?} {next:?}");
        }
    }
}
