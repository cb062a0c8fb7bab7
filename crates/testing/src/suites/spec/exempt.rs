//! A script → whether it is exempt: a module that must be accepted needs a proposal that Prova does
//! not execute yet, or has an instruction of garbage collection, whose types alone are executed.
//!
//! Judged by wasmparser alone, with every feature but the older exceptions (and what builds on
//! these), and accepted by it with all of them; its list of operators says which are of garbage
//! collection. Prova's own opinion is not asked, so that refusing too much cannot make a file
//! exempt.
//!
//! Limit: a module that wasmparser would accept without the feature, and that means something else
//! with it, does not count.

use wasmparser::{
    BinaryReaderError, DataKind, ElementItems, ElementKind, Operator, OperatorsReader, Parser,
    Payload, TableInit, Validator, WasmFeatures,
};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute};

/// All features but those that Prova does not execute yet.
fn features() -> WasmFeatures {
    WasmFeatures::all()
        .difference(WasmFeatures::LEGACY_EXCEPTIONS)
        .difference(WasmFeatures::SHARED_EVERYTHING_THREADS)
        .difference(WasmFeatures::STACK_SWITCHING)
        .difference(WasmFeatures::CUSTOM_DESCRIPTORS)
}

/// The first module that must be accepted and cannot be without the features above, or has an
/// instruction of garbage collection: its line, and why.
pub fn exempt(text: &str) -> Option<String> {
    modules(text).into_iter().find_map(|(line, bytes)| {
        let why = match Validator::new_with_features(features()).validate_all(&bytes) {
            Ok(_) => format!("`{}`", collecting(&bytes).ok().flatten()?),
            Err(error) => error.message().to_owned(),
        };
        // A module that is refused with every feature is no matter of a proposal.
        Validator::new_with_features(WasmFeatures::all()).validate_all(&bytes).ok()?;
        Some(format!("line {line}: {why}"))
    })
}

macro_rules! define_name_of_collecting {
    ($(@$proposal:ident $op:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The name of an operator of garbage collection, as wasmparser has it.
        fn name_of_collecting(operator: &Operator<'_>) -> Option<&'static str> {
            match operator {
                $(Operator::$op { .. } => {
                    (stringify!($proposal) == "gc").then_some(stringify!($op))
                })*
                _ => None,
            }
        }
    };
}

wasmparser::for_each_operator!(define_name_of_collecting);

/// The first instruction of garbage collection of a module: in a body, or in an expression.
fn collecting(bytes: &[u8]) -> Result<Option<&'static str>, BinaryReaderError> {
    let mut found = None;
    let mut read = |reader: OperatorsReader<'_>| -> Result<(), BinaryReaderError> {
        for operator in reader {
            found = found.or(name_of_collecting(&operator?));
        }
        Ok(())
    };
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::CodeSectionEntry(body) => read(body.get_operators_reader()?)?,
            Payload::GlobalSection(reader) => {
                for global in reader {
                    read(global?.init_expr.get_operators_reader())?;
                }
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    if let TableInit::Expr(init) = table?.init {
                        read(init.get_operators_reader())?;
                    }
                }
            }
            Payload::ElementSection(reader) => {
                for element in reader {
                    let element = element?;
                    if let ElementKind::Active { offset_expr, .. } = element.kind {
                        read(offset_expr.get_operators_reader())?;
                    }
                    if let ElementItems::Expressions(_, items) = element.items {
                        for item in items {
                            read(item?.get_operators_reader())?;
                        }
                    }
                }
            }
            Payload::DataSection(reader) => {
                for data in reader {
                    if let DataKind::Active { offset_expr, .. } = data?.kind {
                        read(offset_expr.get_operators_reader())?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
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
            "(module (type (struct)) (func (drop (struct.new 0))))",
            "\n(module definition (type (array i8)) (global (ref 0) (array.new_fixed 0 0)))",
            "(module (table 1 i31ref (ref.i31 (i32.const 0))))",
            "(module (table 1 anyref) (elem (i32.const 0) anyref (ref.i31 (i32.const 0))))",
            "(assert_unlinkable (module (import \"a\" \"b\" (func)) (func (drop (ref.test anyref
                (ref.null any))))) \"unknown\")",
            "(module (func (drop (ref.eq (ref.null eq) (ref.null eq)))))",
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
            "(module (rec (type $a (sub (struct (field i8)))) (type (sub $a (struct (field i8))))))",
            "(module (table 1 i31ref) (func (param anyref) (result (ref null array)) (ref.null none)))",
            "(assert_unlinkable (module (import \"a\" \"b\" (func (param (ref i31))))) \"unknown\")",
            "(assert_trap (module (func $f (throw_ref (ref.null exn))) (start $f)) \"x\")",
        ] {
            assert_eq!(exempt(text), None, "{text}");
        }
    }
}
