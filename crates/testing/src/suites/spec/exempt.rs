//! A script → whether it is exempt: a module that must be accepted needs a proposal that Prova does
//! not execute yet.
//!
//! Judged by wasmparser alone, with every feature but garbage collection, the older exceptions (and
//! what builds on these), and accepted by it with all of them: Prova's own opinion is not asked, so
//! that refusing too much cannot make a file exempt.
//!
//! Limit: a module that wasmparser would accept without the feature, and that means something else
//! with it, does not count.

use wasmparser::{Validator, WasmFeatures};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute};

/// All features but those that Prova does not execute yet.
fn features() -> WasmFeatures {
    WasmFeatures::all()
        .difference(WasmFeatures::LEGACY_EXCEPTIONS)
        .difference(WasmFeatures::GC)
        .difference(WasmFeatures::SHARED_EVERYTHING_THREADS)
        .difference(WasmFeatures::STACK_SWITCHING)
        .difference(WasmFeatures::CUSTOM_DESCRIPTORS)
}

/// The first module that must be accepted and cannot be without the features above: its line, and
/// why.
pub fn exempt(text: &str) -> Option<String> {
    modules(text).into_iter().find_map(|(line, bytes)| {
        let error = Validator::new_with_features(features()).validate_all(&bytes).err()?;
        // A module that is refused with every feature is no matter of a proposal.
        Validator::new_with_features(WasmFeatures::all()).validate_all(&bytes).ok()?;
        Some(format!("line {line}: {}", error.message()))
    })
}

/// The modules of a script that must be accepted: the line and the bytes of each. None if the
/// script cannot be read.
pub fn modules(text: &str) -> Vec<(usize, Vec<u8>)> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else { return Vec::new() };
    let Ok(script) = parser::parse::<Wast<'_>>(&buffer) else { return Vec::new() };
    let encoded = script.directives.into_iter().filter_map(|directive| {
        let line = directive.span().linecol_in(text).0 + 1;
        Some((line, accepted(directive)?.encode().ok()?))
    });
    encoded.collect()
}

/// The module of a directive that must be accepted, even if its instantiation must not succeed.
fn accepted(directive: WastDirective<'_>) -> Option<QuoteWat<'_>> {
    let executed = |exec| match exec {
        WastExecute::Wat(module) => Some(QuoteWat::Wat(module)),
        WastExecute::Invoke(_) | WastExecute::Get { .. } => None,
    };
    match directive {
        WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => Some(module),
        WastDirective::AssertUnlinkable { module, .. } => Some(QuoteWat::Wat(module)),
        WastDirective::AssertTrap { exec, .. }
        | WastDirective::AssertReturn { exec, .. }
        | WastDirective::AssertException { exec, .. }
        | WastDirective::AssertSuspension { exec, .. } => executed(exec),
        WastDirective::AssertInvalidCustom { module, .. } => Some(module),
        WastDirective::AssertMalformed { .. }
        | WastDirective::AssertMalformedCustom { .. }
        | WastDirective::AssertInvalid { .. }
        | WastDirective::AssertExhaustion { .. }
        | WastDirective::ModuleInstance { .. }
        | WastDirective::Register { .. }
        | WastDirective::Invoke(_)
        | WastDirective::Thread(_)
        | WastDirective::Wait { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_must_be_accepted_exempts() {
        for text in [
            "(module (type (struct)))",
            "\n(module definition (type (array i8)))",
            "(assert_unlinkable (module (import \"a\" \"b\" (func (param (ref i31))))) \"unknown\")",
            "(assert_trap (module (func $f (drop (ref.i31 (i32.const 0)))) (start $f)) \"x\")",
        ] {
            assert!(exempt(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_must_be_refused_or_is_supported_does_not() {
        for text in [
            "(module (func (result v128) (v128.const i64x2 0 0)))",
            "(module (memory i64 1) (memory 1) (table 1 funcref) (func return_call 0))",
            "(assert_invalid (module (type (struct)) (func (result i32))) \"type mismatch\")",
            "(assert_malformed (module quote \"(type (struct\") \"x\")",
            "(module (func (result i32)))",
            "(module definition (tag))",
            "(assert_trap (module (func $f (throw_ref (ref.null exn))) (start $f)) \"x\")",
        ] {
            assert_eq!(exempt(text), None, "{text}");
        }
    }
}
