//! Machine code that has to be proved: what is runs, what is not runs as bytecode, and a compiler
//! or file that lies gives no other result.
//!
//! Green says nothing of how much is proved (`prova check-code --require proved`).

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common::{Way, engine};
use prova_artifact::{Artifact, Piece, Writer};
use prova_check::{CodeKind, Layout, MemoryShape};
use prova_core::{
    CACHE_BYTES_DEFAULT, Cache, CodeRefusal, CompileError, Config, Engine, Instance, MachineCode,
    MachineCompiler, Module, Refusal, RefusalReason, Settings, Store, Val,
};
use prova_equal::{Ended, Relation};
use prova_module::FuncIdx;
use prova_native::{NativeCompiler, has_relations};
use prova_random::Rng;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Functions of one type; each is code that is proved.
const PROGRAM: &str = r#"(module
    (memory 1) (global $g (mut i32) (i32.const 5)) (table 1 funcref) (elem (i32.const 0) $add)
    (type $two (func (param i32 i32) (result i32)))
    (func $add (export "add") (type $two) (i32.add (local.get 0) (local.get 1)))
    (func $sub (export "sub") (type $two) (i32.sub (local.get 0) (local.get 1)))
    (func (export "load") (type $two)
        (i32.store (local.get 0) (local.get 1)) (i32.load offset=4 (local.get 0)))
    (func (export "sum") (type $two) (local i32)
        (loop $l
            (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (local.get 1)))
            (local.set 2 (i32.add (local.get 2) (i32.load (local.get 0))))
            (local.set 0 (i32.add (local.get 0) (i32.const 4)))
            (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (global.set $g (local.get 2))
        (call $add (local.get 2) (global.get $g)))
    (func (export "div") (type $two) (i32.div_u (local.get 0) (local.get 1)))
    (func (export "call") (type $two)
        (call_indirect (type $two) (local.get 0) (local.get 1) (i32.const 0))))"#;

const NAMES: [&str; 6] = ["add", "sub", "load", "sum", "div", "call"];
const ARGS: [[i32; 2]; 4] = [[7, 3], [64, 9], [65_532, 1], [5, 0]];

fn wasm() -> Vec<u8> {
    wat::parse_str(PROGRAM).expect("the text is well-formed")
}

/// The outcome of every call, each in a new instance.
fn outcomes(engine: &Engine, module: &Module) -> Vec<String> {
    let mut all = Vec::new();
    for name in NAMES {
        for args in ARGS {
            if (name, args[1]) == ("sum", 0) {
                // It goes through the whole memory.
                continue;
            }
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, module, &[]).expect("it has no imports");
            let func = instance.get_func(&mut store, name).expect("it is exported");
            let mut results = [Val::I32(0)];
            all.push(match func.call(&mut store, &args.map(Val::I32), &mut results) {
                Ok(()) => format!("{results:?}"),
                Err(error) => format!("{:?}", error.downcast_ref::<prova_core::Trap>()),
            });
        }
    }
    all
}

fn expected() -> Vec<String> {
    let engine = engine(Way::Bytecode, |_| {});
    outcomes(&engine, &Module::new(&engine, wasm()).expect("it is valid"))
}

/// An engine that requires a proof, with a compiler.
fn proving(compiler: impl MachineCompiler + 'static) -> Engine {
    let mut config = Config::new();
    config.native(compiler).require_proved(true);
    Engine::new(&config).expect("a configuration")
}

/// How many functions are refused as unproved; nothing else is refused.
fn unproved(module: &Module) -> usize {
    let refusals = module.refusals();
    for Refusal { reason, .. } in &refusals {
        assert!(matches!(reason, RefusalReason::Rejected(CodeRefusal::Unproved(_))), "{reason}");
    }
    refusals.len()
}

#[test]
fn what_is_proved_runs() {
    let engine = proving(NativeCompiler::new());
    let module = Module::new(&engine, wasm()).expect("it is valid");
    assert_eq!(outcomes(&engine, &module), expected());
    assert_eq!(unproved(&module), 0, "{:?}", module.refusals());
    assert_eq!(module.tiers().functions.len(), NAMES.len());
}

/// A compiler that gives the code of `sub` for `add`: confined, and wrong. It counts the relations
/// that it is asked for.
#[derive(Default)]
struct Wrong(NativeCompiler, Arc<AtomicUsize>);

impl MachineCompiler for Wrong {
    fn name(&self) -> &str {
        "wrong"
    }

    fn config(&self, settings: &Settings) -> prova_check::Config {
        self.0.config(settings)
    }

    fn function(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError> {
        let code = self.0.function(module, layout, settings, FuncIdx(func.0.max(1)))?;
        Ok(MachineCode { kind: CodeKind::Func(func.0), ..code })
    }

    fn thunk(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        self.0.thunk(module, layout, kind)
    }

    /// With the relation by which the code is proved, as what it is.
    fn related(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        settings: &Settings,
        code: MachineCode,
        stop: &AtomicBool,
    ) -> (MachineCode, Option<Ended>) {
        self.1.fetch_add(1, Ordering::Relaxed);
        let kind = code.kind;
        let own = match kind {
            CodeKind::Func(0) => MachineCode { kind: CodeKind::Func(1), ..code },
            _ => code,
        };
        let (code, ended) = self.0.related(module, layout, settings, own, stop);
        (MachineCode { kind, ..code }, ended)
    }
}

#[test]
fn a_miscompilation_is_refused_where_a_proof_is_required() {
    let engine = proving(Wrong::default());
    let module = Module::new(&engine, wasm()).expect("it is valid");
    assert_eq!(outcomes(&engine, &module), expected());
    let refusals = module.refusals();
    assert_eq!(refusals.iter().map(|refusal| refusal.func.0).collect::<Vec<_>>(), [0]);
    assert_eq!(unproved(&module), 1);
    // Without, the check takes it, and it runs.
    let mut config = Config::new();
    config.native(Wrong::default());
    let engine = Engine::new(&config).expect("a configuration");
    let module = Module::new(&engine, wasm()).expect("it is valid");
    assert_ne!(outcomes(&engine, &module), expected());
    assert!(module.refusals().is_empty(), "{:?}", module.refusals());
}

/// Searches until it is stopped.
struct Endless(NativeCompiler);

impl MachineCompiler for Endless {
    fn name(&self) -> &str {
        "endless"
    }

    fn config(&self, settings: &Settings) -> prova_check::Config {
        self.0.config(settings)
    }

    fn function(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError> {
        self.0.function(module, layout, settings, func)
    }

    fn thunk(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        self.0.thunk(module, layout, kind)
    }

    fn related(
        &self,
        _: &prova_module::Module,
        _: &Layout,
        _: &Settings,
        code: MachineCode,
        stop: &AtomicBool,
    ) -> (MachineCode, Option<Ended>) {
        while !stop.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        (code, Some(Ended::Stopped))
    }
}

/// A search that another thread stops ends, and the function runs as bytecode.
#[test]
fn a_search_ends_when_its_engine_is_stopped() {
    let engine = proving(Endless(NativeCompiler::new()));
    let module = Module::new(&engine, wasm()).expect("it is valid");
    let stopping = engine.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        stopping.stop_compiling();
    });
    assert_eq!(outcomes(&engine, &module), expected());
    thread.join().expect("it only sets a flag");
    let reasons: Vec<String> =
        module.refusals().iter().map(|refusal| refusal.reason.to_string()).collect();
    assert_eq!(reasons.iter().filter(|why| *why == "not proved: search stopped").count(), 1);
    assert_eq!(reasons.len(), NAMES.len(), "{reasons:?}");
}

/// An engine that was stopped makes no machine code; another one of the same compiler does.
#[test]
fn an_engine_that_is_stopped_makes_no_code() {
    for is_stopped in [false, true] {
        let engine = proving(NativeCompiler::new());
        if is_stopped {
            engine.stop_compiling();
        }
        let module = Module::new(&engine, wasm()).expect("it is valid");
        assert_eq!(outcomes(&engine, &module), expected());
        let refusals = module.refusals();
        let stopped = RefusalReason::Declined("compiling was stopped".to_owned());
        let count = refusals.iter().filter(|refusal| refusal.reason == stopped).count();
        assert_eq!(count, if is_stopped { NAMES.len() } else { 0 }, "{refusals:?}");
    }
}

/// The outcomes of a run with a cache, how many relations were searched, how many functions had
/// code from the cache, and why the others have none.
fn kept(folder: &Path, is_proved: bool) -> (Vec<String>, [usize; 2], Vec<RefusalReason>) {
    let (searched, mut config) = (Arc::default(), Config::new());
    let cache = Cache::open(folder, CACHE_BYTES_DEFAULT).expect("a folder");
    let compiler = Wrong(NativeCompiler::new(), Arc::clone(&searched));
    config.native(compiler).require_proved(is_proved).cache(cache);
    let engine = Engine::new(&config).expect("a configuration");
    let module = Module::new(&engine, wasm()).expect("it is valid");
    let outcomes = outcomes(&engine, &module);
    module.save_code().expect("it can be written");
    assert_eq!(module.cache_notes(), Vec::<String>::new());
    let reasons = module.refusals().into_iter().map(|refusal| refusal.reason).collect();
    (outcomes, [searched.load(Ordering::Relaxed), module.tiers().cached], reasons)
}

/// A search that finds nothing takes longest, so a cache keeps that too.
#[test]
fn what_an_earlier_run_found_no_proof_of_is_not_searched_again() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("unproved");
    std::fs::remove_dir_all(&folder).ok();
    let (first, counts, reasons) = kept(&folder, true);
    assert_eq!((first, counts), (expected(), [NAMES.len(), 0]));
    assert!(
        matches!(reasons[..], [RefusalReason::Rejected(CodeRefusal::Unproved(_))]),
        "{reasons:?}"
    );
    let (second, counts, reasons) = kept(&folder, true);
    assert_eq!((second, counts), (expected(), [0, NAMES.len() - 1]));
    let [RefusalReason::Declined(why)] = &reasons[..] else { panic!("{reasons:?}") };
    assert!(why.starts_with("not proved"), "{why}");
    // Where no proof is required, the same cache knows of no such function.
    for cached in [0, NAMES.len()] {
        let (third, counts, reasons) = kept(&folder, false);
        assert_ne!(third, expected());
        assert_eq!((counts, reasons.len()), ([0, cached], 0));
    }
    std::fs::remove_dir_all(&folder).expect("it can be removed");
}

#[test]
fn a_file_keeps_its_proofs() {
    let maker = proving(NativeCompiler::new());
    let file = Module::new(&maker, wasm()).and_then(|module| module.serialize()).expect("code");
    assert!(has_relations(&Artifact::read(&file[..]).expect("an artifact")));
    // The compiler of another engine makes the ways, and is not asked for functions.
    let searched = Arc::default();
    let engine = proving(Wrong(NativeCompiler::new(), Arc::clone(&searched)));
    let module = Module::deserialize(&engine, &file).expect("it is whole");
    assert_eq!(outcomes(&engine, &module), expected());
    assert_eq!(module.tiers().functions.len(), NAMES.len());
    assert_eq!((searched.load(Ordering::Relaxed), module.unused_code()), (0, None));
    // Without a compiler there is nobody to make ways.
    let mut config = Config::new();
    config.precompiled(MemoryShape::GUARD).require_proved(true);
    let taking = Engine::new(&config).expect("a configuration");
    let module = Module::deserialize(&taking, &file).expect("it is whole");
    assert_eq!(outcomes(&taking, &module), expected());
    assert_eq!(module.tiers().functions.len(), 0);
    // Code without relations is confined, and does not run.
    let other = engine_confined();
    let plain = Module::new(&other, wasm()).and_then(|module| module.serialize()).expect("code");
    assert!(!has_relations(&Artifact::read(&plain[..]).expect("an artifact")));
    let module = Module::deserialize(&taking, &plain).expect("it is whole");
    assert_eq!(outcomes(&taking, &module), expected());
    for Refusal { reason, .. } in module.refusals() {
        assert!(matches!(reason, RefusalReason::OfModule(_)), "{reason}");
    }
    assert_eq!(module.tiers().functions.len(), 0);
    // A compiler makes code that has proofs.
    let module = Module::deserialize(&maker, &plain).expect("it is whole");
    assert_eq!(outcomes(&maker, &module), expected());
    assert_eq!(module.tiers().functions.len(), NAMES.len());
    // The relation of another function, or of other code, proves nothing.
    let artifact = Artifact::read(&file[..]).expect("an artifact");
    let piece = |func| artifact.piece(CodeKind::Func(func)).expect("whole").expect("there");
    let mut writer = Writer::new(artifact.settings().clone());
    for kind in artifact.kinds() {
        writer.piece("", &artifact.piece(kind).expect("whole").expect("there"));
    }
    let sub = piece(1);
    writer.piece("", &Piece { kind: CodeKind::Func(0), ..sub });
    let swapped = writer.finish(artifact.module()).expect("it can be named").bytes;
    let module = Module::deserialize(&engine, &swapped).expect("it is whole");
    assert_eq!(outcomes(&engine, &module), expected());
    assert_eq!(unproved(&module), 1);
}

/// A way that hands arguments over in another order is confined, and no proof covers ways: so where
/// a proof is required, those of a file do not run.
#[test]
fn ways_of_a_file_are_not_believed() {
    let proving = proving(NativeCompiler::new());
    let file = Module::new(&proving, wasm()).and_then(|module| module.serialize()).expect("code");
    let artifact = Artifact::read(&file[..]).expect("an artifact");
    let confined = engine_confined();
    let with = |bytes: &[u8]| {
        let mut writer = Writer::new(artifact.settings().clone());
        for kind in artifact.kinds() {
            let piece = artifact.piece(kind).expect("whole").expect("there");
            let is_way = kind == CodeKind::ThunkIn(0);
            writer.piece("", &Piece { bytes: if is_way { bytes } else { piece.bytes }, ..piece });
        }
        writer.finish(artifact.module()).expect("it can be named").bytes
    };
    let module = prova_module::Module::decode(wasm(), &Default::default(), &Default::default());
    let module = module.expect("it is valid");
    let layout = prova_native::layout(&artifact, &module).expect("a layout");
    let own = artifact.piece(CodeKind::ThunkIn(0)).expect("whole").expect("there");
    // Two instructions that load arguments into `edx` and `ecx` differ in these bits.
    let pairs = (0..own.bytes.len()).flat_map(|at| (0..at).map(move |before| (before, at)));
    let lies = pairs.filter_map(|(one, other)| {
        let mut bytes = own.bytes.to_vec();
        bytes[one] ^= 0x18;
        bytes[other] ^= 0x18;
        let changed = with(&bytes);
        let read = Artifact::read(&changed[..]).expect("an artifact");
        prova_native::judge(&read, &layout, CodeKind::ThunkIn(0)).ok()?;
        let module = Module::deserialize(&confined, &changed).expect("it is whole");
        (outcomes(&confined, &module) != expected()).then_some(changed)
    });
    let lies: Vec<Vec<u8>> = lies.collect();
    assert!(!lies.is_empty(), "no way hands arguments over in another order");
    for lie in lies {
        let module = Module::deserialize(&proving, &lie).expect("it is whole");
        assert_eq!(outcomes(&proving, &module), expected());
        assert_eq!(module.tiers().functions.len(), NAMES.len());
    }
}

fn engine_confined() -> Engine {
    let mut config = Config::new();
    config.native(NativeCompiler::new());
    Engine::new(&config).expect("a configuration")
}

/// A relation reads as it was written, and changed ones are refused or read.
#[test]
fn relations_are_read_as_they_were_written() {
    let engine = proving(NativeCompiler::new());
    let file = Module::new(&engine, wasm()).and_then(|module| module.serialize()).expect("code");
    let artifact = Artifact::read(&file[..]).expect("an artifact");
    let mut rng = Rng::new(32);
    let (mut claims, mut refused) = (0, 0);
    for func in 0..NAMES.len() as u32 {
        let piece = artifact.piece(CodeKind::Func(func)).expect("whole").expect("there");
        let relation = Relation::read(piece.relation, piece.bytes.len()).expect("a relation");
        let again = prova_certify::relation::encode(&relation).expect("it can be written");
        assert_eq!(again, piece.relation);
        claims += relation.leaders.values().map(|leader| leader.claims.len()).sum::<usize>();
        for _ in 0..2_000 {
            let mut bytes = piece.relation.to_vec();
            for _ in 0..rng.between(1, 3) {
                match rng.below(3) {
                    0 if bytes.len() > 1 => bytes.truncate(rng.below(bytes.len())),
                    1 => bytes.push(rng.bits() as u8),
                    _ if bytes.is_empty() => {}
                    _ => {
                        let at = rng.below(bytes.len());
                        bytes[at] ^= 1 << rng.below(8);
                    }
                }
            }
            refused += u32::from(Relation::read(&bytes, piece.bytes.len()).is_err());
        }
    }
    assert!(claims > 4 && refused > 1_000, "{claims} claims, {refused} refused");
}
