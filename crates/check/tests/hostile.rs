//! Hostile code as data (`hostile.tsv`, and forged certificates): the check by itself, with the
//! least certificate, judges each row as its rule says; and every rule of the check refuses some.
//!
//! A rule that no row and no forgery breaks fails the test, and so does a rejection (a rule with
//! what is wrong, as the sources have it) that is neither seen here nor listed in `unseen.tsv`.

#[path = "hostile/claims.rs"]
mod claims;
#[path = "hostile/contexts.rs"]
mod contexts;
#[path = "hostile/forged.rs"]
mod forged;
#[path = "../../certify/tests/common/hostile.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod table;

use forged::{forgeries, judged, twins};
use prova_check::{Bases, Config, CpuLevel, Layout, MemoryShape, Metering, Rule};
use std::collections::BTreeSet;
use std::path::Path;

/// The check's verdict on each row with the least certificate: there are no merges in most.
fn verdicts() -> Vec<(table::Row, Option<(Rule, &'static str)>)> {
    let rows = table::rows().into_iter();
    rows.map(|row| {
        let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
        let verdict = layout.check(row.code(&row.least())).err().map(|e| (e.rule, e.what));
        let verdict = row.verdict(verdict);
        (row, verdict)
    })
    .collect()
}

/// The check's verdict on each row of `claims.tsv`, with the row's certificate.
fn of_claims() -> Vec<(table::Row, Option<(Rule, &'static str)>)> {
    let rows = claims::claimed().into_iter();
    rows.map(|claims::Claimed { row, certificate }| {
        let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
        let verdict = layout.check(row.code(&certificate)).err().map(|e| (e.rule, e.what));
        let verdict = row.verdict(verdict);
        (row, verdict)
    })
    .collect()
}

#[test]
fn rows_are_judged_alike_without_a_certifier() {
    let mut rows = contexts::judged();
    rows.extend(verdicts().into_iter().chain(of_claims()).map(|(row, verdict)| contexts::Judged {
        name: row.name,
        rule: row.rule,
        verdict,
    }));
    let other = rows.iter().filter(|row| row.verdict.map(|v| v.0) != row.rule);
    let other: Vec<String> = other
        .map(|row| format!("{}: {:?}, the check says {:?}", row.name, row.rule, row.verdict))
        .collect();
    assert!(other.is_empty(), "{}", other.join("\n"));
    for (name, rule, code) in forgeries() {
        assert_eq!(judged(&code).map(|(rule, _)| rule), Some(rule), "{name}");
    }
    for (name, code) in twins() {
        assert_eq!(judged(&code), None, "{name}");
    }
}

/// The row of this name.
fn found(name: &str) -> table::Row {
    table::rows().into_iter().find(|row| row.name == name).expect("a row")
}

/// The witness answers the runtime's questions: digest, sizes, rows.
#[test]
fn a_witness_says_what_was_checked() {
    let row = found("thunks: an operator performed");
    let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
    let certificate = row.least();
    let code = row.code(&certificate);
    let checked = layout.check(code).expect("it is accepted");
    assert_eq!((checked.kind(), checked.len()), (row.kind, row.bytes.len() as u32));
    assert!(!checked.is_empty());
    assert_eq!(*checked.layout_digest(), layout.digest());
    // Return address and frame pointer; bytes taken off the height.
    assert_eq!((checked.frame_bytes(), checked.charge()), (16, Some(80)));
    assert_eq!(checked.arg_cells(), 0);
    assert_eq!((checked.traps(), checked.calls()), (&row.traps[..], &row.calls[..]));
    let [trap] = row.traps[..] else { panic!("one trap") };
    let [call] = row.calls[..] else { panic!("one call") };
    assert_eq!(checked.trap_at(trap.code_offset), Some(trap));
    assert_eq!(checked.trap_at(trap.code_offset - 1), None);
    assert_eq!(checked.call_at(call.return_offset), [call]);
    assert_eq!(checked.call_at(call.return_offset - 1), []);
    let (work, most) = layout.work(&code);
    assert_eq!(most, (row.bytes.len() as u64 * 32 + (1 << 16)) * 64);
    assert!(0 < work && work < most, "{work}");
}

/// The argument cells up to the last one that is accessed, as a whole or in part.
#[test]
fn a_witness_says_which_argument_cells_it_may_write() {
    for (name, cells) in [
        ("argument cells: a reference to fill a table with", 2),
        ("argument cells: 4 bytes behind it", 3),
        ("argument cells: 16 bytes behind it", 4),
        ("argument cells: the last 16 bytes", 2048),
        ("argument cells: a byte of one as an index", 1),
    ] {
        let row = found(name);
        let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
        let certificate = row.least();
        let checked = layout.check(row.code(&certificate)).expect("it is accepted");
        assert_eq!(checked.arg_cells(), cells, "{name}");
    }
}

/// Another module or other settings are another layout.
#[test]
fn a_layout_is_of_its_module_and_settings() {
    let layout = |name: &str| {
        let row = found(name);
        Layout::derive(&row.wasm, &row.config).expect("a layout")
    };
    let guard = layout("numbers: two halves, cut");
    let explicit = layout("numbers: a negative constant of 32 bits");
    let other = layout("tail calls: to itself");
    assert_ne!(guard.module_digest(), explicit.module_digest());
    assert_ne!(guard.digest(), explicit.digest());
    assert_ne!(guard.digest(), other.digest());
    assert_ne!(guard.module_digest(), other.module_digest());
    // Two imports, a memory; a memory, two tables, three globals.
    let imports = layout("contexts: its own");
    let words = [imports.imported_func(1), imports.memory(0), imports.memory_base(0)];
    assert_eq!((words, imports.vmctx_bytes()), ([0x28, 0x30, 0x38], 0x68));
    let words = [guard.memory(0), guard.table(1), guard.global(2), guard.memory_base(0)];
    assert_eq!(words, [0x20, 0x30, 0x48, 0x50]);
    assert_eq!(
        (guard.table_base(1), guard.memory_len(0), guard.defined_func(1)),
        (0x60, 0x68, 0x90)
    );
    assert_eq!(guard.vmctx_bytes(), 0xb0);
}

/// Each setting changes the layout's digest, so code checked under one is not taken for another.
#[test]
fn each_setting_is_part_of_the_layout() {
    let wasm = found("tail calls: to itself").wasm;
    let config = Config::default();
    let guard =
        |reservation_bytes, guard_bytes| MemoryShape::Guard { reservation_bytes, guard_bytes };
    let (fuel, epoch) = (true, true);
    let settings = [
        config,
        Config { memory: MemoryShape::Explicit, ..config },
        Config { memory: MemoryShape::Masked, ..config },
        // As wide as the words of the other shapes.
        Config { memory: guard(0, 0), ..config },
        Config { memory: guard(8 << 30, 32 << 20), ..config },
        Config { memory: guard(4 << 30, 64 << 20), ..config },
        Config { metering: Metering { fuel, epoch: false }, ..config },
        Config { metering: Metering { fuel: false, epoch }, ..config },
        Config { metering: Metering { fuel, epoch }, ..config },
        Config { cpu: CpuLevel::V2, ..config },
        Config { signals: false, ..config },
        Config { bases: Bases::MayMove, ..config },
    ];
    let digest = |config: &Config| Layout::derive(&wasm, config).expect("a layout").digest();
    let digests: BTreeSet<[u8; 32]> = settings.iter().map(digest).collect();
    assert_eq!(digests.len(), settings.len());
}

/// Each entry of a jump table counts as work, as much as a claim.
#[test]
fn entries_of_jump_tables_are_work() {
    let work = |name: &str| {
        let row = found(name);
        let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
        layout.work(&row.code(&row.least())).0
    };
    let (few, many) = ("entries by their number", "seventy entries of one kind");
    let [few, many] = [few, many].map(|name| work(&format!("jump tables: {name}")));
    assert!(many - few >= (70 - 2) * 64, "{few} and {many}");
}

/// The rejections of all rows and forgeries: rules, each with its words.
fn seen() -> BTreeSet<(Rule, &'static str)> {
    let rows = verdicts().into_iter().chain(of_claims()).filter_map(|(_, verdict)| verdict);
    let rows = rows.chain(contexts::judged().into_iter().filter_map(|judged| judged.verdict));
    rows.chain(forgeries().iter().filter_map(|(_, _, code)| judged(code))).collect()
}

#[test]
fn every_rule_refuses_something() {
    let rules: BTreeSet<Rule> = seen().into_iter().map(|(rule, _)| rule).collect();
    let missing: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| !rules.contains(rule)).collect();
    assert!(missing.is_empty(), "no row of hostile.tsv breaks {missing:?}: add one for each");
}

/// The rejections that the sources have: `fault(Rule::…, "…")`.
fn named() -> BTreeSet<(String, String)> {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder");
            files.extend(entries.map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        for part in text.split("fault(").skip(1) {
            let Some(rest) = part.trim_start().strip_prefix("Rule::") else { continue };
            let Some((rule, rest)) = rest.split_once(',') else { continue };
            let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
            let Some((what, _)) = rest.split_once('"') else { continue };
            found.insert((rule.to_owned(), what.to_owned()));
        }
    }
    found
}

#[test]
fn rejections_are_seen_or_listed() {
    let seen: BTreeSet<(String, String)> =
        seen().into_iter().map(|(rule, what)| (format!("{rule:?}"), what.to_owned())).collect();
    let listed: BTreeSet<(String, String)> = include_str!("hostile/unseen.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            let row = columns.next().zip(columns.next());
            assert!(columns.next().is_some_and(|reason| !reason.is_empty()), "{line}");
            row.expect("a rule and what is wrong")
        })
        .collect();
    let named = named();
    let wanted: BTreeSet<(String, String)> = named.difference(&seen).cloned().collect();
    let missing: Vec<_> = wanted.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "no row of hostile.tsv, row of hostile/claims.tsv or forgery of hostile/forged.rs breaks \
         these: add one, and an accepted twin, or, if no code can show it, a row of \
         hostile/unseen.tsv with the reason: {missing:#?}"
    );
    let stale: Vec<_> = listed.difference(&wanted).collect();
    assert!(
        stale.is_empty(),
        "hostile/unseen.tsv lists what a row shows now, or the sources no longer say: remove its \
         rows: {stale:#?}"
    );
    assert!(named.len() > 120, "{}", named.len());
}
