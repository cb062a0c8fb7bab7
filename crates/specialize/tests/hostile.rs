//! Bytes of modules and of their requests are changed at random: nothing panics, and what is made
//! is made twice alike.
//!
//! A green run does not show that a module is specialised rightly. `PROVA_CASES` sets how many are
//! tried; the example `changed` runs long campaigns.

use crate::changed;
#[test]
fn changed_modules_make_no_panic() {
    let cases: usize =
        std::env::var("PROVA_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(600);
    let counts = changed::campaign(0x9e37_79b9_7f4a_7c15, cases);
    println!("{cases} modules: {counts:?}");
    assert!(counts.valid * 4 > cases && counts.made > 0 && !counts.refused.is_empty());
}
