//! Machine code against the reference tier: a few cases of the biased generator.
//!
//! The long form is `prova-testing native`. What green does not show: see `prova_testing::native`.

use prova_testing::generate::Generator;
use prova_testing::native::campaign;

#[test]
fn machine_code_does_what_the_reference_tier_does() {
    let tally = campaign(Generator::Biased, 1, 0, 40, 20).expect("they agree");
    assert!(tally.native > 100, "{tally:?}");
}
