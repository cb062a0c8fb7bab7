//! The columns that a class fixes, and the cost of an operator: an opinion beside the table.
//!
//! The costs are those of docs/semantics.md. The form of a class with one operator is that
//! operator's in the specification.

use prova_module::ops::{Class, Row};

/// The operators that cost two.
const DEAR: &[&str] = &["f32x4.div", "f32x4.sqrt", "f64x2.div", "f64x2.sqrt"];

/// The cost of an operator by itself.
fn cost(mnemonic: &str) -> u64 {
    if DEAR.contains(&mnemonic) { 2 } else { u64::from(!FREE.contains(&mnemonic)) }
}

/// The operators without cost.
const FREE: [&str; 9] =
    ["nop", "drop", "block", "loop", "try_table", "else", "end", "unreachable", "return"];

/// Patterns of operands, results and immediates: names of kinds, or of sets of kinds (`num`, `int`,
/// `value`, `lane`, `number`, `object`), with `?` for at most one, `*` for any number, `+` for one
/// or more.
const fn patterns(class: Class) -> [&'static str; 3] {
    use Class as C;
    match class {
        C::pure => ["value+", "value", "lane?"],
        C::pure2 => ["num+", "num num", ""],
        C::trap => ["num+", "num", ""],
        C::constant => ["", "num", "number"],
        C::null => ["", "ref_", "heap"],
        C::select => ["same same i32", "same", "val?"],
        C::drop_ => ["same", "", ""],
        C::nop | C::unreachable => ["", "", ""],
        C::local_get => ["", "local", "local"],
        C::local_set => ["local", "", "local"],
        C::local_tee => ["local", "local", "local"],
        C::global_get => ["", "global", "global"],
        C::global_set => ["global", "", "global"],
        C::load => ["addr", "num", "memarg"],
        C::store => ["addr num", "", "memarg"],
        C::load_lane => ["addr v128", "v128", "memarg lane"],
        C::store_lane => ["addr v128", "", "memarg lane"],
        C::atomic_load => ["addr", "int", "memarg"],
        C::atomic_store => ["addr int", "", "memarg"],
        C::atomic_rmw => ["addr int", "int", "memarg"],
        C::atomic_cmpxchg => ["addr int int", "int", "memarg"],
        C::atomic_wait => ["addr int i64", "i32", "memarg"],
        C::atomic_notify => ["addr i32", "i32", "memarg"],
        C::fence => ["", "", "ordering"],
        C::quick => ["", "value", "object"],
        C::effect => ["value*", "value?", "object*"],
        C::block | C::loop_ => ["block_params", "block_params", "block"],
        C::if_ => ["block_params i32", "block_params", "block"],
        C::try_table => ["block_params", "block_params", "try_table"],
        C::else_ => ["block_results", "block_params", ""],
        C::end => ["block_results", "block_results", ""],
        C::br => ["label", "", "label"],
        C::br_if => ["label i32", "label", "label"],
        C::br_table => ["label i32", "", "labels"],
        C::br_on_null => ["label ref_", "label non_null", "label"],
        C::br_on_non_null => ["label_init ref_", "label_init", "label"],
        C::return_ => ["func_results", "", ""],
        C::call => ["params", "results", "func"],
        C::call_indirect => ["params index", "results", "type_ table"],
        C::call_ref => ["params ref_", "results", "type_"],
        C::return_call => ["params", "", "func"],
        C::return_call_indirect => ["params index", "", "type_ table"],
        C::return_call_ref => ["params ref_", "", "type_"],
        C::throw => ["params", "", "tag"],
        C::throw_ref => ["exn", "", ""],
        // `objects` says it of each.
        C::aggregate | C::allocate | C::br_on_cast => ["anything*", "anything*", "anything*"],
        C::refused => ["anything*", "anything*", "anything*"],
    }
}

/// Whether the name of a kind is in a set.
fn is(name: &str, set: &str) -> bool {
    let int = matches!(name, "i32" | "i64");
    let num = int || matches!(name, "f32" | "f64" | "v128");
    match set {
        "anything" => true,
        "int" => int,
        "num" | "number" => num,
        "value" => {
            num || matches!(name, "addr" | "addr2" | "addr_min" | "index" | "index2" | "index_min")
                || matches!(name, "elem" | "ref_" | "non_null" | "func_ref")
        }
        "lane" => name.starts_with("lane"),
        "object" => matches!(name, "mem" | "table" | "func" | "data" | "elem"),
        set => name == set,
    }
}

/// Whether names match a pattern.
fn matches(mut names: &[String], pattern: &str) -> bool {
    for part in pattern.split_whitespace() {
        let set = part.trim_end_matches(['?', '*', '+']);
        let count = names.iter().take_while(|name| is(name, set)).count();
        let (least, most) = match part.strip_prefix(set) {
            Some("?") => (0, 1),
            Some("*") => (0, usize::MAX),
            Some("+") => (1, usize::MAX),
            _ => (1, 1),
        };
        if count < least {
            return false;
        }
        names = &names[count.min(most)..];
    }
    names.is_empty()
}

fn names<T: std::fmt::Debug>(kinds: &[T]) -> Vec<String> {
    kinds.iter().map(|kind| format!("{kind:?}")).collect()
}

/// The fault in the form of a row.
pub(super) fn fault(row: &Row) -> Option<String> {
    let class = row.class;
    let [params, results, immediates] = patterns(class);
    let all = [
        (names(row.params), params, "operands"),
        (names(row.results), results, "results"),
        (names(row.immediates), immediates, "immediates"),
    ];
    for (names, pattern, what) in &all {
        if !matches(names, pattern) {
            return Some(format!("{what} {names:?}, of class {class:?} `{pattern}`"));
        }
    }
    let names_of = |of: &str| all[2].0.iter().filter(|name| *name == of).count();
    let (memories, tables) = (names_of("mem") + names_of("memarg"), names_of("table"));
    let needs = |kind: &str| match kind {
        "addr" => memories > 0,
        "addr2" | "addr_min" => memories == 2,
        "index" | "elem" => tables > 0,
        "index2" | "index_min" => tables == 2,
        _ => true,
    };
    if let Some(kind) = all[..2].iter().flat_map(|(names, ..)| names).find(|kind| !needs(kind)) {
        return Some(format!("{kind} of nothing"));
    }
    let (prefix, name) = row.mnemonic.split_once('.').unwrap_or(("", row.mnemonic));
    let float = all[1].0.iter().all(|name| name == prefix || name == "v128");
    let store = row.meaning.trim_start().starts_with("cx");
    let atomic = format!("{class:?}").starts_with("atomic");
    let (width, lanes) = (row.width, row.immediates.iter().find_map(|kind| kind.lanes()));
    let accesses = row.immediates.iter().any(|kind| format!("{kind:?}") == "memarg");
    let wrong = [
        (row.cost != cost(row.mnemonic), "cost"),
        (accesses != matches!(width, 1 | 2 | 4 | 8 | 16), "width"),
        (!accesses && width != 0, "width"),
        (
            accesses && lanes.is_some_and(|lanes| u16::from(lanes) * u16::from(width) != 16),
            "width or lanes",
        ),
        (class == Class::atomic_notify && width != 4, "width"),
        (class == Class::constant && all[1].0 != all[2].0, "type"),
        (class == Class::atomic_wait && all[0].0[1] != format!("i{}", 8 * width), "width"),
        (row.canonical.is_some() && class != Class::pure, "NaN of no numeric operator"),
        // The bits of a NaN are open only in a float that an operator of floats has computed.
        (row.canonical.is_some_and(|f| f.strip_suffix("_canonicalize") != Some(prefix)), "NaN"),
        (row.canonical.is_some() && name.starts_with("convert"), "NaN of an integer"),
        (row.canonical.is_some() && !float, "NaN of no float"),
        (row.proposal.is_some() && class != Class::refused, "proposal, though it is executed"),
        (store != matches!(class, Class::quick | Class::effect), "operation of the store"),
        (atomic != (accesses && row.mnemonic.contains("atomic")), "atomicity"),
    ];
    wrong.iter().find(|(wrong, _)| *wrong).map(|(_, what)| format!("its {what}"))
}
