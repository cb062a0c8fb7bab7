//! The canary of the check: the good function is accepted with the certificate that it has, the bad
//! one refused for what it writes.

use prova_certify::Draft;
use prova_check::{Rule, canary};

#[test]
fn the_canary_is_as_it_says() {
    let layout = canary::layout().expect("a layout");
    let good = canary::code(false);
    let draft = Draft { kind: good.kind, bytes: good.bytes, traps: good.traps, calls: good.calls };
    let certificate = prova_certify::certify(&layout, &draft).expect("a good function");
    assert_eq!(certificate, good.certificate, "the certificate");
    layout.check(good).expect("a good function");
    let rejection = layout.check(canary::code(true)).expect_err("a bad function");
    assert_eq!((rejection.offset, rejection.rule), (0, Rule::Field));
}
