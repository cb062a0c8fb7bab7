//! The SSA interpreter against what the other tiers are held to.
//!
//! What green does not show: that a body is equal to its Wasm where no script or program looks.

use prova::Config;
use prova_testing::spec::{Status, run_with, scripts};
use prova_testing::ssa::Ssa;

/// Scripts whose every directive the SSA interpreter does as demanded, at least.
const SCRIPTS_MIN: usize = 196;

#[test]
fn the_specification_holds() {
    let filter = std::env::var("PROVA_SSA_FILTER").unwrap_or_default();
    let mut failed = Vec::new();
    let mut passed = 0;
    for script in scripts() {
        let name = format!("{}/{}", script.folder, script.name);
        if !script.counts || !name.contains(&filter) {
            continue;
        }
        let mut config = Config::new();
        config.executor(Ssa::executor());
        let ssa = run_with(&script.folder, script.text, config);
        let interp = run_with(&script.folder, script.text, Config::new());
        match (&ssa, &interp) {
            (Status::Passed(_), _) => passed += 1,
            _ if ssa == interp => {}
            _ => failed.push(format!("{name}: {ssa:?}, in the interpreter {interp}")),
        }
    }
    assert!(failed.is_empty(), "{} failed, {passed} passed\n{}", failed.len(), failed.join("\n"));
    assert!(passed >= SCRIPTS_MIN || !filter.is_empty(), "only {passed} scripts");
}
