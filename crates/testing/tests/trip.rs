//! The specification's suite behind a round trip through SSA: nearly everything is proved, and
//! every file passes as it did.

use prova_testing::{spec, trip};
use std::fmt::Write;

#[test]
fn the_suite_passes_behind_its_trip() {
    let mut wrong = String::new();
    let (mut replaced, mut refused, mut funcs) = (0, 0, 0);
    for script in spec::scripts().iter().filter(|script| script.counts) {
        let (status, tally) = trip::script(script);
        if !status.is_ok() && spec::exempt(script.text).is_none() {
            let _ = writeln!(wrong, "{}/{}: {status}", script.folder, script.name);
        }
        for failure in &tally.failures {
            let _ = writeln!(wrong, "{}/{}: {failure}", script.folder, script.name);
        }
        replaced += tally.replaced;
        refused += tally.refused;
        funcs += tally.funcs;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(replaced + refused, funcs);
    assert!(funcs > 5_000 && refused * 50 <= funcs, "{refused} of {funcs} refused");
}
