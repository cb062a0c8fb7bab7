//! A shard of the matrix: each module of the specification's suite in one of the 32 cells.
//!
//! A green run does not show that a module is accepted in the other 31: `prova-testing matrix`
//! looks at all.

use prova_testing::suites::matrix::{Part, Tally, suite};

/// Modules of the suite that are decoded, at least.
const MODULES_MIN: usize = 1_000;

/// With `PROVA_PART=P/N` another part.
#[test]
fn modules_of_the_suite_are_accepted_in_a_cell_each() {
    let part = std::env::var("PROVA_PART").unwrap_or_else(|_| "0/32".to_owned());
    let part = Part::of(&part).expect("PROVA_PART=P/N, where P is less than N");
    let tally = Tally::of(suite(""), part, 1, &mut |_, _| {});
    assert!(tally.findings.is_empty(), "{tally}");
    assert!(tally.modules >= MODULES_MIN, "{} modules", tally.modules);
    for row in &tally.cells {
        assert!(row.native > 0 && row.modules as usize >= tally.modules / part.parts, "{tally}");
    }
}

/// Parts have each pair of a module and a cell once, and what is no module counts nowhere.
#[test]
fn parts_add_up() {
    let module = |text: &str| (text.to_owned(), wat::parse_str(text).expect("a module"));
    let some = || {
        let texts = [
            "(module (memory 1) (func (param i32) (result i32) (i32.load (local.get 0))))",
            "(module (import \"m\" \"g\" (global i32)) (memory 1) (data (global.get 0) \"a\"))",
            "(module (func) (func))",
        ];
        texts.map(module).into_iter().chain([("no module".to_owned(), vec![0; 8])])
    };
    let all = Tally::of(some(), Part::WHOLE, 1, &mut |_, _| {});
    assert_eq!((all.modules, all.total().modules), (3, 96));
    assert_eq!(all.total().functions, 32 * 3);
    assert_eq!((all.without.len(), all.total().without), (1, 16), "{all}");
    let mut sums = vec![[0; 2]; all.cells.len()];
    for part in 0..5 {
        let tally = Tally::of(some(), Part { part, parts: 5 }, 1, &mut |_, _| {});
        for (sum, row) in sums.iter_mut().zip(&tally.cells) {
            *sum = [sum[0] + row.modules, sum[1] + row.native];
        }
    }
    let counts: Vec<[u64; 2]> = all.cells.iter().map(|row| [row.modules, row.native]).collect();
    assert_eq!(sums, counts);
    assert!(
        [Part::of("5/5"), Part::of("0/0"), Part::of("1"), Part::of("")].iter().all(Option::is_none)
    );
}
