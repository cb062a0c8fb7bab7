//! Whether the check is there: a function that is known to be bad goes the way of all code.
//!
//! Before the first layout of the process [`NativeCode::load`] is given a good and a bad function
//! (`prova_check::canary`). If it takes the bad one, or refuses the good one, there is no native
//! code in this process.

use super::code::{LoadError, NativeCode};
use prova_bytecode::Settings;
use prova_check::{Code, Rule, canary};
use std::sync::OnceLock;

/// Whether the check tells good code from bad; decided once in a process.
pub(super) fn is_alive() -> bool {
    static ALIVE: OnceLock<bool> = OnceLock::new();
    *ALIVE.get_or_init(|| tells(canary::code(false), canary::code(true)))
}

/// Whether the first code is loaded and the second one refused by the rule that it breaks. False
/// without memory for code: then no native code would run.
fn tells(good: Code<'_>, bad: Code<'_>) -> bool {
    let Ok(layout) = canary::layout() else { return false };
    let load = |code| NativeCode::load(&layout, Settings::default(), code);
    let refused = matches!(
        load(bad),
        Err(LoadError::Rejected(rejection)) if rejection.rule == Rule::Field
    );
    load(good).is_ok() && refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    fn the_check_is_alive_and_the_canary_can_die() {
        assert!(is_alive());
        let (good, bad) = (canary::code(false), canary::code(true));
        assert!(!tells(good, good), "bad code that is accepted is seen");
        assert!(!tells(bad, bad), "good code that is refused is seen");
    }
}
