//! Rows of refused operators: a module that is valid with the row's proposal and not without it is
//! refused under its name.
//!
//! Such a module is searched for: the operator stands in unreachable code, where any operands are
//! there, and its immediates are tried out in a module that has something of each kind.

use prova_module::ops::{Immediate, Opcode, Row};
use prova_module::{ErrorKind, Features, Limits, Module, RefusedProposal};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// Modules with something of each kind, the smaller first: what is before the function, then the
/// numbers of types.
const SURROUNDINGS: [(&str, u32); 4] = [
    ("(memory 1) (tag (type 0)) (type (func))", 1),
    (
        "(type (func)) (type (cont 0)) (type (func (param (ref null 1)))) (type (cont 2))
        (tag (type 0)) (tag (type 2))",
        4,
    ),
    (
        "(type (struct (field (mut i32)) (field (mut i8)))) (type (array (mut i32))) (type (array (mut i8)))
        (type (array (mut funcref))) (type (array i8))
        (data \"abc\") (elem funcref (ref.null func)) (table 1 funcref) (global (mut i32) (i32.const 0))",
        5,
    ),
    (
        "(type (shared (struct (field (mut i32)) (field (mut i8))))) (type (shared (array (mut i32))))
        (type (shared (array (mut i8))))
        (type (shared (struct (field (mut (ref null (shared any))))))) (type (shared (array (mut (ref null (shared any))))))
        (table shared 1 (ref null (shared any))) (table shared 1 (ref null (shared eq))) (global (shared mut i32) (i32.const 0))
        (global (shared mut (ref null (shared any))) (ref.null (shared any)))",
        5,
    ),
];

/// Types with descriptors.
const DESCRIBED: (&str, u32) =
    ("(rec (type (descriptor 1) (struct)) (type (describes 0) (struct)))", 2);

/// Functions around the operator.
const BODIES: [&str; 7] = [
    "unreachable {op} unreachable",
    "block (result anyref) unreachable {op} unreachable end drop",
    "block (result (ref 0)) unreachable {op} unreachable end drop",
    "try {op}",
    "try {op} end",
    "try catch_all {op} end",
    "{op} end",
];

/// The texts for an immediate.
fn texts(kind: Immediate, types: u32) -> Vec<String> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    match kind {
        Immediate::type_ => (0..types).map(|index| index.to_string()).collect(),
        Immediate::field | Immediate::global | Immediate::tag | Immediate::table => {
            texts(&["0", "1"])
        }
        Immediate::mem | Immediate::elem | Immediate::data => texts(&["0"]),
        Immediate::size => texts(&["2"]),
        Immediate::label => texts(&["0"]),
        Immediate::heap => {
            texts(&["(ref func)", "(ref any)", "(ref null any)", "(ref 0)", "(ref null 0)"])
        }
        Immediate::ref_type => {
            texts(&["funcref", "anyref", "(ref any)", "(ref 0)", "(ref null 0)"])
        }
        Immediate::ordering => texts(&["seqcst", ""]),
        Immediate::vals => texts(&["(result i32 i32)"]),
        Immediate::block | Immediate::resume => texts(&[""]),
        Immediate::i32
        | Immediate::i64
        | Immediate::f32
        | Immediate::f64
        | Immediate::v128
        | Immediate::local
        | Immediate::func
        | Immediate::labels
        | Immediate::try_table
        | Immediate::memarg
        | Immediate::lane2
        | Immediate::lane4
        | Immediate::lane8
        | Immediate::lane16
        | Immediate::lanes
        | Immediate::val => texts(&["0"]),
    }
}

/// All lists of immediates that are tried.
fn lists(row: &Row, types: u32) -> Vec<String> {
    let mut lists = vec![String::new()];
    for &kind in row.immediates {
        let texts = texts(kind, types);
        lists = lists
            .iter()
            .flat_map(|list| texts.iter().map(move |text| format!("{list} {text}")))
            .collect();
    }
    lists
}

fn flag(proposal: RefusedProposal) -> WasmFeatures {
    match proposal {
        RefusedProposal::SharedEverythingThreads => WasmFeatures::SHARED_EVERYTHING_THREADS,
        RefusedProposal::StackSwitching => WasmFeatures::STACK_SWITCHING,
        RefusedProposal::CompactImports => WasmFeatures::COMPACT_IMPORTS,
        RefusedProposal::CustomDescriptors => WasmFeatures::CUSTOM_DESCRIPTORS,
        RefusedProposal::MemoryControl => WasmFeatures::MEMORY_CONTROL,
        RefusedProposal::AcquireReleaseAtomics => WasmFeatures::ACQUIRE_RELEASE_ATOMICS,
        RefusedProposal::MultibyteArrayAccess => WasmFeatures::MULTIBYTE_ARRAY_ACCESS,
        RefusedProposal::LegacyExceptions => WasmFeatures::LEGACY_EXCEPTIONS,
    }
}

fn is_valid(bytes: &[u8], features: WasmFeatures) -> bool {
    Validator::new_with_features(features).validate_all(bytes).is_ok()
}

/// Whether the code has the operator.
fn has(bytes: &[u8], opcode: Opcode) -> bool {
    Parser::new(0).parse_all(bytes).any(|payload| {
        let Ok(Payload::CodeSectionEntry(body)) = payload else { return false };
        let operators = body.get_operators_reader().into_iter().flatten();
        operators.map_while(Result::ok).any(|operator| Opcode::of(&operator) == opcode)
    })
}

/// The name under which a module is refused; none if it is not.
fn refusal(bytes: Vec<u8>) -> Result<Option<&'static str>, String> {
    match Module::decode(bytes, &Features::default(), &Limits::default()) {
        Ok(_) => Ok(None),
        Err(error) => match error.kind {
            ErrorKind::Unsupported { proposal, .. } => Ok(Some(proposal)),
            _ => Err(format!("it is refused for another reason: {error}")),
        },
    }
}

/// The fault in the row of a refused operator.
pub(super) fn fault(row: &Row) -> Option<String> {
    let mut written = false;
    for (around, types) in SURROUNDINGS.into_iter().chain([DESCRIBED]) {
        for list in lists(row, types) {
            for body in BODIES {
                let body = body.replace("{op}", &format!("{}{list}", row.mnemonic));
                let text = |body: &str| format!("(module {around} (func {body}))");
                let Ok(bytes) = wat::parse_str(text(&body)) else { continue };
                if !has(&bytes, row.opcode) {
                    continue;
                }
                written = true;
                if is_valid(&bytes, WasmFeatures::all()) {
                    let plain = wat::parse_str(text("")).ok()?;
                    return refused(row, bytes, plain).err();
                }
            }
        }
    }
    // Several types are syntax for something that is not decided yet.
    let nowhere = row.proposal.is_none() && *row.immediates == [Immediate::vals];
    match (written, nowhere) {
        (false, _) => Some("no module has it".to_owned()),
        (true, true) => None,
        (true, false) => Some("no module with it is valid".to_owned()),
    }
}

/// The module `bytes` is valid with all proposals; `plain` is the same without the operator.
fn refused(row: &Row, bytes: Vec<u8>, plain: Vec<u8>) -> Result<(), String> {
    let proposal = row.proposal.ok_or("it is valid with a proposal")?;
    if is_valid(&bytes, WasmFeatures::all().difference(flag(proposal))) {
        return Err(format!("it is valid without {proposal}"));
    }
    is_of(row, proposal)?;
    // The text around the operator may need a proposal too, and is refused first.
    let expected = refusal(plain)?.unwrap_or(proposal.name());
    let name = refusal(bytes)?;
    if name != Some(expected) {
        return Err(format!("it is refused for {name:?}, should be for {expected}"));
    }
    Ok(())
}

/// The operator alone, in an empty module, is refused for the lack of the proposal before anything
/// else is looked at.
fn is_of(row: &Row, proposal: RefusedProposal) -> Result<(), String> {
    let lists = lists(row, 1);
    let bodies = BODIES.iter().flat_map(|body| {
        lists.iter().map(move |list| body.replace("{op}", &format!("{}{list}", row.mnemonic)))
    });
    let mut texts = bodies.map(|body| format!("(module (func {body}))"));
    let bytes = texts.find_map(|text| wat::parse_str(text).ok().filter(|b| has(b, row.opcode)));
    let bytes = bytes.ok_or("no module has it")?;
    let reason = |features| {
        let outcome = Validator::new_with_features(features).validate_all(&bytes);
        outcome.err().map(|error| error.message().to_owned())
    };
    let lacking = reason(WasmFeatures::all().difference(flag(proposal)));
    if lacking == reason(WasmFeatures::all()) {
        return Err(format!("it is of another proposal than {proposal}"));
    }
    Ok(())
}
