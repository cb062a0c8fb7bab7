//! Modules written with their machine code and loaded again, by an engine without a compiler; files
//! changed by who wants out of the sandbox, or wants the process to end.
//!
//! `common::same` does the first for every module of this crate's tests.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common::{Way, engine};
use prova_artifact::{Artifact, Piece, Settings, Writer};
use prova_check::certificate::VERSION;
use prova_check::{CodeKind, CpuLevel, MemoryShape, Metering, TrapRow};
use prova_core::{
    Config, Engine, ErrorKind, Instance, InvalidArtifact, Module, RefusalReason, Store, Val,
};
use prova_random::Rng;

/// Calls, a table, a memory, a global, a division and a loop.
const PROGRAM: &str = r#"(module
    (memory 1) (table 2 funcref) (elem (i32.const 0) $add $sub) (global $g (mut i32) (i32.const 5))
    (type $two (func (param i32 i32) (result i32)))
    (func $add (type $two) (i32.add (local.get 0) (local.get 1)))
    (func $sub (type $two) (i32.sub (local.get 0) (local.get 1)))
    (func $div (type $two) (i32.div_u (local.get 0) (local.get 1)))
    (func (export "call") (param i32 i32 i32) (result i32)
        (call_indirect (type $two) (local.get 1) (local.get 2) (local.get 0)))
    (func (export "sum") (param i32 i32) (result i32) (local i32)
        (loop $l
            (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (local.get 1)))
            (local.set 2 (i32.add (local.get 2) (i32.load (local.get 0))))
            (local.set 0 (i32.add (local.get 0) (i32.const 4)))
            (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (global.set $g (local.get 2))
        (call $add (local.get 2) (global.get $g)))
    (func (export "div") (param i32 i32) (result i32) (call $div (local.get 0) (local.get 1))))"#;

/// The calls that are made, with their arguments.
const CALLS: [(&str, &[i32]); 8] = [
    ("call", &[0, 7, 3]),
    ("call", &[1, 7, 3]),
    ("call", &[2, 7, 3]),
    ("sum", &[0, 9]),
    ("sum", &[65_520, 9]),
    ("sum", &[-4, 1]),
    ("div", &[9, 2]),
    ("div", &[9, 0]),
];

fn metered(config: &mut Config) {
    config.consume_fuel(true).precompiled(MemoryShape::GUARD);
}

/// A program's file, made for fuel.
fn file(text: &str) -> Vec<u8> {
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let engine = engine(Way::Guard, metered);
    Module::new(&engine, wasm).and_then(|module| module.serialize()).expect("there is code")
}

/// The outcome of every call, in an instance that lives on.
fn outcomes(engine: &Engine, module: &Module) -> Vec<String> {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).expect("it has no imports");
    CALLS
        .iter()
        .map(|(name, args)| {
            store.set_fuel(10_000).expect("it is metered");
            let func = instance.get_func(&mut store, name).expect("it is exported");
            let args: Vec<Val> = args.iter().map(|&arg| Val::I32(arg)).collect();
            let mut results = [Val::I32(0)];
            match func.call(&mut store, &args, &mut results) {
                Ok(()) => format!("{results:?} {:?}", store.get_fuel().ok()),
                Err(error) => format!("{:?}", error.downcast_ref::<prova_core::Trap>()),
            }
        })
        .collect()
}

/// The outcomes as bytecode.
fn expected() -> Vec<String> {
    let engine = engine(Way::Bytecode, metered);
    let wasm = wat::parse_str(PROGRAM).expect("the text is well-formed");
    outcomes(&engine, &Module::new(&engine, wasm).expect("it is valid"))
}

/// The parts of a file, to be put together otherwise.
fn taken_apart(file: &[u8]) -> (Settings, Vec<u8>, Vec<Piece<'_>>) {
    // The artifact borrows the file, so its pieces do as well.
    let artifact = Box::leak(Box::new(Artifact::read(file).expect("it is what was written")));
    let pieces = artifact.kinds().map(|kind| {
        artifact.piece(kind).expect("it is not damaged").expect("it is one of its kinds")
    });
    (artifact.settings().clone(), artifact.module().to_vec(), pieces.collect())
}

fn put_together(settings: &Settings, module: &[u8], pieces: &[Piece<'_>]) -> Vec<u8> {
    let mut writer = Writer::new(settings.clone());
    pieces.iter().for_each(|piece| writer.piece("a piece", piece));
    writer.finish(module).expect("it can be named").bytes
}

#[test]
fn the_same_bytes_each_time() {
    let first = file(PROGRAM);
    assert_eq!(first, file(PROGRAM));
    let engine = engine(Way::Guard, metered);
    let module = Module::deserialize(&engine, &first).expect("it is what was written");
    let again = Module::new(&engine, module.wasm().bytes()).expect("it is valid");
    again.translate().expect("it is translated");
    assert_eq!(first, again.serialize().expect("there is code"));
}

#[test]
fn an_engine_without_a_compiler_runs_it() {
    let engine = engine(Way::Bytecode, metered);
    let module = Module::deserialize(&engine, file(PROGRAM)).expect("it is what was written");
    assert_eq!(outcomes(&engine, &module), expected());
    assert_eq!(module.refusals(), []);
}

#[test]
fn code_for_other_settings_is_not_tried() {
    let file = file(PROGRAM);
    type Configure = fn(&mut Config);
    let others: [Configure; 5] = [
        |config| {
            config.precompiled(MemoryShape::GUARD).epoch_interruption(true);
        },
        |config| {
            config.precompiled(MemoryShape::GUARD).deterministic(true);
        },
        |config| {
            config.precompiled(MemoryShape::GUARD).signals_based_traps(false);
        },
        |config| {
            config.native(NotAsked);
        },
        |config| {
            config.precompiled(MemoryShape::Explicit);
        },
    ];
    let not_told = engine(Way::Bytecode, |config| {
        config.consume_fuel(true);
    });
    let module = Module::deserialize(&not_told, &file).expect("the module inside is valid");
    let RefusalReason::OfModule(why) = &module.refusals()[0].reason else { panic!("no reason") };
    assert!(why.contains("Config::precompiled"), "{why}");
    for (at, configure) in others.into_iter().enumerate() {
        let engine = engine(Way::Bytecode, |config| {
            config.consume_fuel(true);
            configure(config);
        });
        let module = Module::deserialize(&engine, &file).expect("the module inside is valid");
        let refusals = module.refusals();
        if at == 3 {
            assert_eq!(refusals, [], "the engine's own compiler does not matter");
            continue;
        }
        assert_eq!(refusals.len(), 6, "{refusals:?}");
        for refusal in refusals {
            let RefusalReason::OfModule(why) = refusal.reason else { panic!("{refusal}") };
            let start = match at {
                0 => "that code ends at a deadline is not proved",
                2 => "that divisions do not overflow is not proved",
                _ => "the artifact was made for guarded memories, fuel,",
            };
            assert!(why.starts_with(start), "{why}");
        }
    }
}

/// A compiler that is never asked.
struct NotAsked;

impl prova_core::MachineCompiler for NotAsked {
    fn name(&self) -> &str {
        "not asked"
    }

    fn config(&self, settings: &prova_core::Settings) -> prova_check::Config {
        prova_native::NativeCompiler::new().config(settings)
    }

    fn function(
        &self,
        _: &prova_module::Module,
        _: &prova_check::Layout,
        _: &prova_core::Settings,
        _: prova_module::FuncIdx,
    ) -> Result<prova_core::MachineCode, prova_core::CompileError> {
        panic!("it is not asked")
    }

    fn thunk(
        &self,
        _: &prova_module::Module,
        _: &prova_check::Layout,
        _: CodeKind,
    ) -> Result<prova_core::MachineCode, prova_core::CompileError> {
        panic!("it is not asked")
    }
}

/// The check proves neither that code ends at a deadline nor, without signals, that its divisions
/// do not overflow: no file has such code, and none is taken.
#[test]
fn where_a_host_relies_on_more_than_is_proved_there_is_no_file() {
    let wasm = wat::parse_str(PROGRAM).expect("the text is well-formed");
    for (way, epochs) in [(Way::Guard, true), (Way::NoSignals, false)] {
        let engine = engine(way, |config| {
            config.epoch_interruption(epochs);
        });
        let module = Module::new(&engine, &wasm).expect("it is valid");
        let error = module.serialize().expect_err("there is none");
        assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
    }
}

#[test]
fn what_is_no_artifact_is_told() {
    let engine = engine(Way::Bytecode, metered);
    let whole = file(PROGRAM);
    for file in [&b""[..], b"\0asm\x01\0\0\0", b"\x7fELF", &whole[..whole.len() / 2]] {
        let error = Module::deserialize(&engine, file).expect_err("it is none");
        assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Invalid), "{error:?}");
        assert!(error.is::<InvalidArtifact>(), "{error:?}");
    }
    let (settings, _, pieces) = taken_apart(&whole);
    let bad = put_together(&settings, b"\0asm\x02\0\0\0", &pieces);
    let error = Module::deserialize(&engine, bad).expect_err("the module inside is invalid");
    assert!(error.is::<prova_core::InvalidModule>(), "{error:?}");
}

/// Loads a file with any content, and calls everything.
///
/// The calls end in results or traps: what is accepted is confined, and out of fuel at last.
fn loaded(file: &[u8]) -> Option<(Vec<String>, usize)> {
    let engine = engine(Way::Bytecode, metered);
    let module = Module::deserialize(&engine, file).ok()?;
    let outcomes = outcomes(&engine, &module);
    Some((outcomes, module.refusals().len()))
}

#[test]
fn pieces_in_the_place_of_others() {
    let (whole_file, expected) = (file(PROGRAM), expected());
    let (settings, module, pieces) = taken_apart(&whole_file);
    // A program with the same types whose functions do something else, to a larger memory.
    let other = PROGRAM.replace("(memory 1)", "(memory 3)").replace("i32.sub", "i32.mul");
    let other = other.replace("$two) (i32.add", "$two) (i32.or").replace("div_u", "rem_u");
    let other = file(&other);
    let (_, _, others) = taken_apart(&other);
    let (mut refused, mut wrong) = (0, 0);
    let from = pieces.iter().chain(&others);
    for (to, from) in (0..pieces.len()).flat_map(|to| from.clone().map(move |from| (to, from))) {
        let own = &pieces[to];
        let whole = Piece { kind: own.kind, ..from.clone() };
        let certificate = Piece { certificate: from.certificate, ..own.clone() };
        let traps = Piece { traps: from.traps.clone(), ..own.clone() };
        let calls = Piece { calls: from.calls.clone(), ..own.clone() };
        for changed in [whole, certificate, traps, calls] {
            let mut pieces = pieces.clone();
            pieces[to] = changed;
            let file = put_together(&settings, &module, &pieces);
            let (outcomes, refusals) = loaded(&file).expect("the module inside is valid");
            if refusals > 0 {
                refused += 1;
                assert_eq!(outcomes, expected, "what is refused runs as bytecode");
            } else if outcomes != expected {
                // Code of the same type that stays in the sandbox: another program, as if the
                // module had been replaced. A rebuild tells it from what belongs there.
                wrong += 1;
                assert_ne!(file, whole_file, "a rebuild tells");
            }
        }
    }
    // Code of another function is refused where it finds its context by another distance.
    assert!(refused > 100 && wrong > 3, "{refused} refused, {wrong} others");
}

/// A call of a function whose type has no way out would go to address 0.
#[test]
fn a_way_that_is_missing_or_refused_leaves_all_as_bytecode() {
    let (file, expected) = (file(PROGRAM), expected());
    let (settings, module, pieces) = taken_apart(&file);
    for (at, piece) in pieces.iter().enumerate() {
        let kept: Vec<Piece<'_>> = pieces
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != at)
            .map(|(_, one)| one.clone())
            .collect();
        let engine = engine(Way::Bytecode, metered);
        let module = Module::deserialize(&engine, put_together(&settings, &module, &kept));
        let module = module.expect("the module inside is valid");
        assert_eq!(outcomes(&engine, &module), expected, "without {:?}", piece.kind);
        let refusals = module.refusals();
        match piece.kind {
            CodeKind::Func(_) => assert_eq!(refusals.len(), 1),
            CodeKind::Loop { .. } => panic!("a file with the code of a loop"),
            CodeKind::ThunkIn(ty) | CodeKind::ThunkOut(ty) => {
                assert_eq!(refusals.len(), 6);
                let RefusalReason::OfModule(why) = &refusals[0].reason else { panic!("no reason") };
                assert!(why.starts_with(&format!("there is no way to functions of type {ty}: ")));
            }
            CodeKind::Way(_) => unreachable!("ways are the code of other runtimes"),
        }
    }
}

#[test]
fn settings_that_are_not_the_codes() {
    let (file, expected) = (file(PROGRAM), expected());
    let (settings, module, pieces) = taken_apart(&file);
    let with = |change: &dyn Fn(&mut Settings)| {
        let mut changed = settings.clone();
        change(&mut changed);
        put_together(&changed, &module, &pieces)
    };
    let changes: [&dyn Fn(&mut Settings); 5] = [
        &|settings| settings.config.cpu = CpuLevel::V2,
        &|settings| settings.config.memory = MemoryShape::Explicit,
        &|settings| settings.config.signals = false,
        &|settings| settings.deterministic = true,
        &|settings| settings.config.metering = Metering { fuel: false, epoch: true },
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let (outcomes, _) = loaded(&with(change)).expect("the module inside is valid");
        assert_eq!(outcomes, expected, "change {at}");
    }
}

/// The check of code in a layout with other room would accept accesses that no engine catches.
#[test]
fn memories_of_another_shape_are_refused() {
    let file = file(PROGRAM);
    let (mut settings, module, pieces) = taken_apart(&file);
    for (reservation_bytes, guard_bytes) in [(1 << 40, 1 << 31), (u64::MAX, u64::MAX), (1, 0)] {
        settings.config.memory = MemoryShape::Guard { reservation_bytes, guard_bytes };
        let error = Artifact::read(put_together(&settings, &module, &pieces));
        let error = error.expect_err("no engine has such memories").to_string();
        assert!(error.contains("an unknown shape of memories"), "{error}");
    }
}

/// Reading a certificate takes many times its bytes, so it is no longer than code can need.
#[test]
fn a_certificate_that_is_too_long_is_not_read() {
    let (file, expected) = (file(PROGRAM), expected());
    let (settings, module, pieces) = taken_apart(&file);
    let func = pieces.iter().position(|piece| piece.kind == CodeKind::Func(0)).expect("its code");
    for (more, read) in [(0, true), (1, false)] {
        let most = pieces[func].bytes.len() / 2 + prova_artifact::CERTIFICATE_BYTES_FREE;
        let certificate = vec![0xff; most + more];
        let mut pieces = pieces.clone();
        pieces[func] = Piece { certificate: &certificate, ..pieces[func].clone() };
        let file = put_together(&settings, &module, &pieces);
        let artifact = Artifact::read(&file[..]).expect("it is whole");
        assert_eq!(artifact.piece(CodeKind::Func(0)).is_ok(), read);
        let (outcomes, refusals) = loaded(&file).expect("the module inside is valid");
        assert_eq!((outcomes, refusals), (expected.clone(), 1));
    }
}

/// Code that an earlier version made, for contexts with other offsets, is refused piece by piece.
#[test]
fn certificates_of_an_earlier_version_leave_bytecode() {
    let (file, expected) = (file(PROGRAM), expected());
    let (settings, module, pieces) = taken_apart(&file);
    for (version, refused) in [(VERSION, 0), (VERSION - 1, 6)] {
        let certificate = |piece: &Piece<'_>| [&[version], &piece.certificate[1..]].concat();
        let certificates: Vec<Vec<u8>> = pieces.iter().map(certificate).collect();
        let pieces = pieces.iter().zip(&certificates);
        let pieces = pieces.map(|(piece, certificate)| Piece { certificate, ..piece.clone() });
        let pieces: Vec<Piece<'_>> = pieces.collect();
        let (outcomes, refusals) =
            loaded(&put_together(&settings, &module, &pieces)).expect("the module is valid");
        assert_eq!((outcomes, refusals), (expected.clone(), refused), "version {version}");
    }
}

#[test]
fn a_module_in_the_place_of_the_codes_own() {
    // The code of a program with three pages, and a module of one: the check reads the module.
    let large = PROGRAM.replace("(memory 1)", "(memory 3)");
    let (file, other) = (file(&large), file(PROGRAM));
    let (settings, _, pieces) = taken_apart(&file);
    let (_, module, _) = taken_apart(&other);
    let (outcomes, _) = loaded(&put_together(&settings, &module, &pieces)).expect("it is valid");
    assert_eq!(outcomes, expected());
}

#[test]
fn changed_pieces_are_refused_or_confined() {
    let (file, expected) = (file(PROGRAM), expected());
    let (settings, module, pieces) = taken_apart(&file);
    let mut random = Rng::new(0x30);
    let (mut refused, mut same) = (0, 0);
    for _ in 0..600 {
        let mut pieces = pieces.clone();
        let at = random.below(pieces.len());
        let mut bytes = pieces[at].bytes.to_vec();
        let mut certificate = pieces[at].certificate.to_vec();
        match random.below(4) {
            0 if !certificate.is_empty() => {
                let byte = random.below(certificate.len());
                certificate[byte] = random.bits() as u8;
            }
            1 => pieces[at].traps.push(TrapRow {
                code_offset: random.below(bytes.len() + 9) as u32,
                kind: random.bits() as u8,
                wasm_offset: random.bits() as u32,
            }),
            2 => {
                pieces[at].traps.pop();
                pieces[at].calls.pop();
            }
            _ => {
                let byte = random.below(bytes.len());
                bytes[byte] = random.bits() as u8;
            }
        }
        pieces[at] = Piece { bytes: &bytes, certificate: &certificate, ..pieces[at].clone() };
        let (outcomes, refusals) =
            loaded(&put_together(&settings, &module, &pieces)).expect("the module is valid");
        refused += usize::from(refusals > 0);
        same += usize::from(outcomes == expected);
        assert!(refusals == 0 || outcomes == expected, "what is refused runs as bytecode");
    }
    assert!(refused > 300 && same > 300, "{refused} refused, {same} with the same outcomes");
}
