//! The tables of limits in `docs/semantics.md` say what the code says: every limit has a row with
//! its default, and every row is a limit.
//!
//! Fields are listed by patterns without `..`, so that a limit that is added does not compile here
//! before it has a row. A green run does not show that a limit is enforced:
//! `crates/module/tests/limits.rs`, `crates/runtime/tests/store/limits.rs`, `exceptions.rs` and
//! `bench_fuel.rs` beside this, `crates/wasi/tests/wasi/limits.rs` and
//! `crates/native/tests/limits.rs` stand on both sides of each.

use prova_module::{Limits as ModuleLimits, TypeRegistry};
use prova_runtime::{Limits as StoreLimits, StoreConfig, Trap};
use prova_wasi::WasiLimits;
use std::collections::BTreeMap;

/// Name and default of each limit.
type Limits = BTreeMap<String, u64>;

fn limits<N: Into<String>>(limits: impl IntoIterator<Item = (N, u64)>) -> Limits {
    limits.into_iter().map(|(name, default)| (name.into(), default)).collect()
}

/// Name and default of each field.
macro_rules! fields {
    ($($path:ident)::+ { $($field:ident),* $(,)? }) => {{
        let $($path)::+ { $($field),* } = $($path)::+::default();
        limits([$((stringify!($field), u64::try_from($field).expect("a number of 64 bits"))),*])
    }};
}

fn of_modules() -> Limits {
    fields!(ModuleLimits {
        module_bytes,
        sections,
        types,
        params,
        results,
        imports,
        functions,
        tables,
        memories,
        globals,
        tags,
        exports,
        element_segments,
        element_items,
        data_segments,
        const_expr_ops,
        name_bytes,
        body_bytes,
        locals_per_function,
        control_depth,
        br_table_targets,
        operand_height,
        function_cells,
        work_per_byte,
    })
}

fn of_stores() -> Limits {
    let mut limits = fields!(StoreLimits {
        memory_bytes_max,
        table_elements_max,
        store_bytes_max,
        heap_bytes_max,
        instances_max,
        memories_max,
        tables_max,
        globals_max,
        tags_max,
        funcs_max,
    });
    limits.insert("types_max".into(), TypeRegistry::TYPES_MAX.into());
    limits
}

fn of_running_code() -> Limits {
    let StoreConfig { stack_bytes, host_depth_max, .. } = StoreConfig::default();
    limits([
        ("stack_bytes", stack_bytes),
        ("host_depth_max", host_depth_max.into()),
        ("exception cells", prova_runtime::EXCEPTION_CELLS_MAX as u64),
        ("frames of a backtrace", Trap::FRAMES_MAX as u64),
        ("bytes between tests", prova_runtime::CHUNK_BYTES as u64),
        ("steps between tests", prova_runtime::SEARCH_CHUNK.into()),
        ("references between tests", prova_runtime::MARK_CHUNK as u64),
        ("steps of a unit", prova_reference::STEPS_PER_UNIT_MAX),
        ("decoded bytes", prova_reference::CODE_BYTES_PER_BYTE_MAX as u64),
        ("bytecode words", prova_bytecode::encode::WORDS_MAX as u64),
    ])
}

fn of_machine_code() -> Limits {
    limits([
        ("values of a function", prova_native::BODY_VALUES_MAX as u64),
        ("bytes of code", prova_native::MODULE_CODE_BYTES_MAX as u64),
        ("units of work for each instruction", prova_native::WORK_PER_INST),
        ("instructions without estimate", prova_native::INSTS_FREE as u64),
        ("targets of a `br_table`", prova_native::TABLE_MAX as u64),
        ("charges in a row", prova_native::CHARGES_MAX.into()),
        ("values of edges", prova_native::EDGE_ARGS_MAX as u64),
        ("landings of exceptions", prova_native::LANDINGS_MAX as u64),
        ("references held at calls", prova_native::ROOTS_MAX as u64),
        ("walks of a search", prova_native::SEARCH_WALKS),
        ("units of a walk for each byte", prova_native::WALK_PER_BYTE_MAX),
        ("units of a walk without measure", prova_native::WALK_PER_BYTE),
    ])
}

fn of_wasi() -> Limits {
    let options = fields!(WasiLimits {
        hostcall_fuel,
        max_random_size,
        max_resources,
        max_args_size,
        max_listing_size,
    });
    let options =
        options.into_iter().map(|(name, n)| (format!("-S {}", name.replace('_', "-")), n));
    let fixed = limits([
        ("-S max-threads", prova_core::wasi_threads::THREADS_MAX_DEFAULT as u64),
        ("vectors of one read or write", prova_wasi::limits::IOVECS_MAX.into()),
        ("bytes of a path", prova_wasi::limits::PATH_BYTES_MAX.into()),
        ("links that a path leads through", prova_wasi::limits::LINKS_MAX.into()),
        ("directories that a walk is in", prova_wasi::limits::WALK_DEPTH_MAX as u64),
        ("subscriptions of one `poll_oneoff`", prova_wasi::limits::SUBSCRIPTIONS_MAX.into()),
    ]);
    options.chain(fixed).collect()
}

/// Name and default of each row of the table under a heading, whose first column is `limit`.
fn table(page: &str, heading: &str) -> Limits {
    let lines = page.lines().skip_while(|line| *line != heading).skip(1);
    let section = lines.take_while(|line| !line.starts_with('#'));
    let mut rows = section.skip_while(|line| !line.starts_with("| limit | default |")).skip(2);
    let rows = rows.by_ref().take_while(|line| line.starts_with('|'));
    limits(rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let (name, default) = (cells.next(), cells.next());
        let (Some(name), Some(default)) = (name, default) else { panic!("{row}") };
        // A name alone is code; a sentence may have code in it. Behind the number may stand another
        // form of it.
        let alone = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        let name = alone.filter(|name| !name.contains('`')).unwrap_or(name);
        let digits = default.split(' ').next().unwrap_or_default();
        (name, digits.parse().unwrap_or_else(|_| panic!("no number in {row}")))
    }))
}

#[test]
fn the_page_names_every_limit_with_its_default() {
    let page = include_str!("../../../docs/semantics.md");
    for (heading, expected) in [
        ("### Of a module", of_modules()),
        ("### Of a store", of_stores()),
        ("### Of running code", of_running_code()),
        ("### Of machine code", of_machine_code()),
        ("### Limits", of_wasi()),
    ] {
        assert_eq!(table(page, heading), expected, "{heading}");
    }
}

#[test]
fn a_table_is_read_as_it_stands() {
    let page = "### A\n\ntext\n\n| limit | default | x |\n|---|---|---|\n| `a_b` | 12 (a dozen) | |\n\
                | c of `d` | 3 |\n\n| limit | default |\n|---|---|\n| e | 4 |\n### B\n";
    assert_eq!(table(page, "### A"), limits([("a_b", 12), ("c of `d`", 3)]));
    assert_eq!(table(page, "### B"), limits::<&str>([]));
}
