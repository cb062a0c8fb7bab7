//! The table of operators against the decoder's own list: what wasmparser says of an operator
//! (proposal, fields, arity) is what its row says.
//!
//! A green run does not show that a row means the right thing: `crates/testing/tests/wasm_ops.rs`
//! holds the rows against the reference tier.

use prova_module::ops::{Class, Flow, Immediate, Kind, Opcode, Row};
use prova_module::{BlockKind, RefusedProposal, for_each_operator};
use std::collections::HashMap;

/// An operator of wasmparser.
struct Upstream {
    opcode: Opcode,
    proposal: &'static str,
    /// Names and types.
    fields: &'static [(&'static str, &'static str)],
    arity: &'static str,
}

macro_rules! list {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        &[$(Upstream {
            opcode: Opcode::$op,
            proposal: stringify!($proposal),
            fields: &[$($((stringify!($arg), stringify!($ty))),*)?],
            arity: stringify!($($ann)*),
        }),*]
    };
}
const UPSTREAM: &[Upstream] = for_each_operator!(list);

/// The differences between a row and an operator of wasmparser.
fn faults(row: &Row, upstream: &Upstream) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |what: &str| faults.push(format!("{:?}: {what}", row.opcode));
    let refused = row.class == Class::refused;
    match proposal(upstream.proposal) {
        Some(proposal) if row.proposal != Some(proposal) || !refused => fault("its proposal"),
        // Valid in no module, though its proposal is executed.
        None if refused => {
            if row.proposal.is_some() || row.opcode != Opcode::TypedSelectMulti {
                fault("it is executed");
            }
        }
        None if row.proposal.is_some() => fault("a proposal, though it is executed"),
        Some(_) | None => {}
    }
    if row.immediates.len() != upstream.fields.len() {
        fault("the number of its immediates");
    }
    for (kind, field) in row.immediates.iter().zip(upstream.fields) {
        if !field_fits(*kind, field.0) || !type_fits(*kind, field.1) {
            fault(&format!("{kind:?}, which wasmparser calls {}", field.0));
        }
    }
    match (upstream.arity.trim_start_matches("arity ").trim_start_matches("memarg "), row.arity()) {
        ("custom", None) => {}
        ("custom", Some(_)) => fault("a fixed arity"),
        (_, None) => fault("an arity that depends on types"),
        (text, Some((takes, gives))) if text != format!("{takes} -> {gives}") => fault("its arity"),
        (_, Some(_)) => {}
    }
    faults
}

fn proposal(name: &str) -> Option<RefusedProposal> {
    Some(match name {
        "custom_descriptors" => RefusedProposal::CustomDescriptors,
        "memory_control" => RefusedProposal::MemoryControl,
        "legacy_exceptions" => RefusedProposal::LegacyExceptions,
        "shared_everything_threads" => RefusedProposal::SharedEverythingThreads,
        "stack_switching" => RefusedProposal::StackSwitching,
        "acquire_release_atomics" => RefusedProposal::AcquireReleaseAtomics,
        _ => return None,
    })
}

/// Whether a kind is what the name of a field says.
fn field_fits(kind: Immediate, field: &str) -> bool {
    let says = |part: &str| field.split('_').any(|word| word == part);
    match kind {
        Immediate::local => says("local"),
        Immediate::global => says("global"),
        Immediate::func => says("function"),
        Immediate::type_ => says("type") || matches!(field, "argument_index" | "result_index"),
        Immediate::table => says("table"),
        Immediate::mem => says("mem"),
        Immediate::elem => says("elem"),
        Immediate::data => says("data"),
        Immediate::tag => says("tag"),
        Immediate::field => says("field"),
        Immediate::size => says("size"),
        Immediate::label => says("depth"),
        Immediate::lane2 | Immediate::lane4 | Immediate::lane8 | Immediate::lane16 => says("lane"),
        Immediate::lanes => says("lanes"),
        // Their types say it.
        Immediate::i32
        | Immediate::i64
        | Immediate::f32
        | Immediate::f64
        | Immediate::v128
        | Immediate::labels
        | Immediate::block
        | Immediate::try_table
        | Immediate::memarg
        | Immediate::val
        | Immediate::vals
        | Immediate::heap
        | Immediate::ref_type
        | Immediate::ordering
        | Immediate::resume => true,
    }
}

/// Whether a kind is of a type of wasmparser.
fn type_fits(kind: Immediate, ty: &str) -> bool {
    // How a type prints is the compiler's choice of spaces.
    let ty = ty.replace(' ', "");
    let name = ty.rsplit("::").next().unwrap_or_default();
    let wanted = match kind {
        Immediate::i32 => "i32",
        Immediate::i64 => "i64",
        Immediate::f32 => "Ieee32",
        Immediate::f64 => "Ieee64",
        Immediate::v128 => "V128",
        Immediate::local
        | Immediate::global
        | Immediate::func
        | Immediate::type_
        | Immediate::table
        | Immediate::mem
        | Immediate::elem
        | Immediate::data
        | Immediate::tag
        | Immediate::field
        | Immediate::size
        | Immediate::label => "u32",
        Immediate::labels => "BrTable<'a>",
        Immediate::block => "BlockType",
        Immediate::try_table => "TryTable",
        Immediate::memarg => "MemArg",
        Immediate::lane2 | Immediate::lane4 | Immediate::lane8 | Immediate::lane16 => "u8",
        Immediate::lanes => "[u8;16]",
        Immediate::val => "ValType",
        Immediate::vals => "ValType>",
        Immediate::heap => "HeapType",
        Immediate::ref_type => "RefType",
        Immediate::ordering => "Ordering",
        Immediate::resume => "ResumeTable",
    };
    name == wanted
}

#[test]
fn rows_say_what_the_decoder_says() {
    assert_eq!(UPSTREAM.len(), Opcode::ALL.len());
    for upstream in UPSTREAM {
        let row = upstream.opcode.row();
        assert_eq!(row.opcode, upstream.opcode, "rows stand in the order of the enum");
        assert_eq!(faults(row, upstream), [""; 0]);
    }
}

#[test]
fn a_wrong_row_is_noticed() {
    let upstream =
        |opcode| UPSTREAM.iter().find(|u| u.opcode == opcode).expect("a listed operator");
    let planted = |opcode: Opcode, plant: fn(&mut Row)| {
        let mut row = *opcode.row();
        plant(&mut row);
        assert_ne!(faults(&row, upstream(opcode)), [""; 0], "{row:?}");
    };
    planted(Opcode::I32Add, |row| row.class = Class::refused);
    planted(Opcode::I32Add, |row| row.proposal = Some(RefusedProposal::CustomDescriptors));
    planted(Opcode::ContNew, |row| row.class = Class::pure);
    planted(Opcode::ContNew, |row| row.proposal = Some(RefusedProposal::LegacyExceptions));
    planted(Opcode::MemoryInit, |row| row.immediates = &[Immediate::mem, Immediate::data]);
    planted(Opcode::I32Const, |row| row.immediates = &[Immediate::i64]);
    planted(Opcode::I32Const, |row| row.immediates = &[]);
    planted(Opcode::I32Add, |row| row.params = &[Kind::i32]);
    planted(Opcode::I32Add, |row| row.results = &[]);
    planted(Opcode::Throw, |row| row.params = &[Kind::i32]);
    planted(Opcode::LocalGet, |row| row.results = &[Kind::results]);
}

#[test]
fn mnemonics_are_those_of_the_text_format() {
    let mut named: HashMap<&str, Vec<Opcode>> = HashMap::new();
    for &opcode in Opcode::ALL {
        named.entry(opcode.mnemonic()).or_default().push(opcode);
    }
    let mut twice: Vec<&str> =
        named.iter().filter(|(_, all)| all.len() > 1).map(|(name, _)| *name).collect();
    twice.sort_unstable();
    assert_eq!(twice, ["ref.cast", "ref.cast_desc_eq", "ref.test", "select"]);
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '_';
    assert!(named.keys().all(|name| name.chars().all(lower)));
}

#[test]
fn classes_are_used_and_say_how_control_goes() {
    for &class in Class::ALL {
        assert!(Opcode::ALL.iter().any(|opcode| opcode.class() == class), "{class:?}");
    }
    let of = |flow| -> Vec<Opcode> {
        Opcode::ALL.iter().copied().filter(|opcode| opcode.class().flow() == flow).collect()
    };
    use Opcode as O;
    assert_eq!(of(Flow::Open(BlockKind::Loop)), [O::Loop]);
    assert_eq!(of(Flow::Open(BlockKind::TryTable)), [O::TryTable]);
    assert_eq!(of(Flow::Open(BlockKind::Func)), []);
    assert_eq!((of(Flow::Else), of(Flow::End)), (vec![O::Else], vec![O::End]));
    assert_eq!(
        of(Flow::Fork),
        [O::BrIf, O::BrOnNull, O::BrOnNonNull, O::BrOnCast, O::BrOnCastFail]
    );
    assert_eq!(of(Flow::Call), [O::Call, O::CallIndirect, O::CallRef]);
    let stop = [
        O::Unreachable,
        O::Br,
        O::BrTable,
        O::Return,
        O::ReturnCall,
        O::ReturnCallIndirect,
        O::ReturnCallRef,
        O::Throw,
        O::ThrowRef,
    ];
    assert_eq!(of(Flow::Stop), stop);
    // The walk takes and gives one value for each of these kinds, except of allocations.
    for row in of(Flow::Next).into_iter().map(Opcode::row) {
        let lists = row.params.iter().chain(row.results).any(|kind| kind.is_many());
        assert!(matches!(row.class, Class::refused | Class::allocate) || !lists, "{row:?}");
    }
}

#[test]
fn accesses_have_a_width_and_a_memory_argument() {
    for &opcode in Opcode::ALL {
        let row = opcode.row();
        let memarg = row.immediates.contains(&Immediate::memarg);
        assert_eq!(row.width > 0, memarg, "{row:?}");
        assert_eq!(row.params.first() == Some(&Kind::addr) && memarg, memarg, "{row:?}");
        // A lane access has a lane for each unit of its width.
        let lanes = row.immediates.iter().find_map(|kind| kind.lanes());
        if let (true, Some(lanes)) = (memarg, lanes) {
            assert_eq!(lanes * row.width, 16, "{row:?}");
        }
    }
}
