//! Kinds of faults × sites × ways to make machine code: code of real programs with one fault in it,
//! refused by the check, or executed under the observer of `crates/certify/tests/observer`.
//!
//! ```text
//! programs ─ functions in an order of the seed ─ code ─ honest runs ─► offsets that runs reach
//!     for each kind, sites among those ─ mutant ─ check ─► refused | executed, inside or not
//! ```
//!
//! A *site* is an instruction, a row or an entry of a table of one function. Sites of a kind are
//! spread over functions: each gives a few. An instruction that honest runs do not reach is no
//! site. The first run of a survivor is one that reached the site, so that all survivors are
//! executed where they were changed.
//!
//! `PROVA_SITES` is the number of sites of each kind in each way (the README of the observer says
//! how); `PROVA_SEED` gives others (1), `PROVA_WAY` takes one way alone, `PROVA_RUNS` says how many
//! runs a survivor has (8), `PROVA_FUNCTIONS` how many functions a way looks at (3,000).
//! `PROVA_PART=3/20` takes part 3 (of 0 to 19): a twentieth of the sites, in functions that no
//! other part of this seed has, so that a campaign runs in pieces; their tables add up. Without it
//! a sample runs. A green run does not show faults that the observer does not see.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "../../certify/tests/mutation/mod.rs"]
mod mutation;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/observer/mod.rs"]
mod observer;
mod ways;

use observer::Stage;
use ways::{Judge, Quota, WAYS, check, way};

/// Runs a campaign with `quota` sites of each kind, in each way, and prints the table.
fn campaign(quota: Quota) -> Vec<String> {
    const NAMES: [&str; 3] = ["coremark-rs-1.0.0.wasm", "lua-5.4.7.wasm", "sqlite3-3.46.1.wasm"];
    let (mut stage, mut broken) = (Stage::new(), Vec::new());
    let only = std::env::var("PROVA_WAY").ok();
    for (n, (name, ..)) in WAYS.into_iter().enumerate() {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let (tally, sites) = way(&mut stage, (n, &NAMES, quota), &check);
        println!("{name}, seed {}, part {:?}\n{tally}", quota.seed, quota.part);
        let full = sites.values().filter(|&&sites| sites >= quota.of_part()).count();
        println!("{full} of {} kinds have {} sites:\n{sites:?}", sites.len(), quota.of_part());
        println!("unreached:\n{}\n", tally.unreached.join("\n"));
        broken.extend(tally.broken);
        broken.extend(tally.unreached);
    }
    broken
}

/// Which part of how many `PROVA_PART` names.
fn part() -> (usize, usize) {
    let Ok(text) = std::env::var("PROVA_PART") else { return (0, 1) };
    let (part, parts) = text.split_once('/').expect("PROVA_PART=part/parts");
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let (part, parts) = (number(part), number(parts));
    assert!(part < parts, "PROVA_PART: parts are counted from 0");
    (part, parts)
}

/// A sample; with `PROVA_SITES` that number of sites of each kind in each way.
#[test]
fn kinds_keep_inside() {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    if let Some(sites) = variable("PROVA_SITES") {
        let broken = campaign(Quota {
            sites: sites as usize,
            of_function: 4,
            functions: variable("PROVA_FUNCTIONS").unwrap_or(3_000) as usize,
            honest: 24,
            runs: variable("PROVA_RUNS").unwrap_or(8),
            seed: variable("PROVA_SEED").unwrap_or(1),
            part: part(),
        });
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        return;
    }
    let quota = Quota {
        sites: 2,
        of_function: 1,
        functions: 16,
        honest: 10,
        runs: 4,
        seed: 1,
        part: (0, 1),
    };
    let mut stage = Stage::new();
    for (n, (name, ..)) in WAYS.into_iter().enumerate() {
        let (tally, _) = way(&mut stage, (n, &["coremark-rs-1.0.0.wasm"], quota), &check);
        assert!(tally.broken.is_empty(), "{name}: {tally}");
        let total = tally.total();
        assert!(total.refused > 10 && total.executed > 5, "{name}: {tally}");
        assert!(tally.unreached.is_empty(), "{name}: {}", tally.unreached.join("\n"));
    }
}

/// Mutants that a check without some kinds would accept are seen.
#[test]
fn what_is_let_through_is_seen() {
    let quota = Quota {
        sites: 40,
        of_function: 8,
        functions: 12,
        honest: 10,
        runs: 6,
        seed: 1,
        part: (0, 1),
    };
    let kinds =
        ["displacement - 128", "row of a trap dropped", "store dropped", "jump one byte further"];
    let blind: Judge<'_> = &|_, _, mutant| !kinds.contains(&mutant.kind);
    let (tally, _) = way(&mut Stage::new(), (1, &["coremark-rs-1.0.0.wasm"], quota), blind);
    for kind in kinds {
        let count = tally.kinds.get(kind).expect("it has sites");
        assert!(count.broken > 0 && count.refused == 0, "{kind}: {tally}");
    }
}
