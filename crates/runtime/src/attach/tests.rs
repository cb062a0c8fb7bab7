//! A witness that is not of this module, function and settings does not attach.

use super::{Attach, AttachError, Attached};
use crate::exec::STUB_ATTACH;
use crate::store::{Store, StoreConfig};
use crate::trap::TrapKind;
use crate::value::{FuncAddr, InstanceAddr};
use prova_bytecode::{Candidate, CheckedBytecode, MapEntry, Metering, Op, Settings};
use prova_module::{Features, FuncIdx, Limits, Module, Proposal};
use std::sync::Arc;

/// Attaches the bytecode of a fixed function of a fixed module.
struct Fixed {
    module: Module,
    func: FuncIdx,
    settings: Settings,
    /// Whether something of another type is kept with the code.
    taken: bool,
}

impl Attach for Fixed {
    fn attach(&self, _: &Module, _: FuncIdx) -> Result<Attached, AttachError> {
        let offset = self.module.facts(self.func).unwrap().blocks[0].start;
        let candidate = Candidate {
            func: self.func,
            words: vec![Op::Unreachable as u64],
            frame_cells: 1,
            map: vec![MapEntry { word: 0, offset }],
            controls: Vec::new(),
            handlers: Vec::new(),
        };
        let code = CheckedBytecode::check(&self.module, &self.settings, candidate)?;
        if self.taken {
            assert_eq!(code.kept(|_| 7), Some(&7));
        }
        Ok(code.into())
    }
}

/// Two functions that are `unreachable`, and a data segment to tell modules apart.
fn module(tag: &str) -> Module {
    let text = format!("(module (func unreachable) (func unreachable) (data \"{tag}\"))");
    let wasm = wat::parse_str(text).unwrap();
    Module::decode(wasm, &Features::default(), &Limits::default()).unwrap()
}

/// The same bytes without a proposal that they do not need.
fn module_of_fewer_features(tag: &str) -> Module {
    let features = Features::default().without(Proposal::Threads);
    Module::decode(module(tag).bytes(), &features, &Limits::default()).unwrap()
}

/// A store with an instance of module `a`, whose functions ask `with` for code.
fn store(with: Fixed) -> Store {
    let mut store = Store::new(StoreConfig { stack_bytes: 1 << 12, ..StoreConfig::default() });
    let instance = store.instantiate(&mut (), &module("a"), &[], Arc::new(with)).unwrap();
    assert_eq!(instance, InstanceAddr::from_index(0));
    store
}

/// The function that the tests attach code to.
const FUNC: FuncAddr = FuncAddr::from_index(1);

/// Code that fits [`FUNC`].
fn good() -> Fixed {
    let settings = Settings::default();
    Fixed { module: module("a"), func: FuncIdx(1), settings, taken: false }
}

#[test]
fn a_witness_of_this_function_attaches_and_stays() {
    let mut store = store(good());
    assert!(store.attach(FUNC).is_ok());
    let code = Arc::clone(store.bytecode(FUNC).unwrap());
    assert_eq!(store.entries[1].code.get(), store.running_words(&code).unwrap().as_ptr());
    assert_eq!(
        store.entries[0].code.get(),
        STUB_ATTACH.word(store.runs_linked()),
        "the other one has none yet"
    );
    assert!(store.attach(FUNC).is_ok());
    assert!(Arc::ptr_eq(&code, store.bytecode(FUNC).unwrap()), "attached once");
    let frame = store.trace_frame_at(FUNC, Some(0)).unwrap();
    assert_eq!(frame.offset, Some(module("a").facts(FuncIdx(1)).unwrap().blocks[0].start));
}

#[test]
fn a_witness_of_something_else_does_not() {
    let plain = Settings::default();
    let bad = [
        (Fixed { module: module("b"), ..good() }, "another module"),
        (Fixed { module: module_of_fewer_features("a"), ..good() }, "another module"),
        (Fixed { func: FuncIdx(0), ..good() }, "func0"),
        (
            Fixed { settings: Settings { deterministic: true, ..plain }, ..good() },
            "another determinism",
        ),
    ];
    for (with, why) in bad {
        let mut store = store(with);
        refused(&mut store, why);
    }
}

#[test]
fn a_witness_for_other_metering_does_not() {
    // Metered bodies are longer: the fixed code is for none.
    let settings = Settings { metering: Metering::Fuel, ..Settings::default() };
    let mut store = Store::new(StoreConfig { settings, ..StoreConfig::default() });
    assert!(store.instantiate(&mut (), &module("a"), &[], Arc::new(good())).is_ok());
    refused(&mut store, "another metering");
}

#[test]
fn a_frame_beyond_the_charge_does_not() {
    // No module has such an entry: C4 says that a frame is no larger than its function's charge.
    let mut store = store(good());
    store.entries[1].charge_bytes = 7;
    refused(&mut store, "another frame");
}

#[test]
fn a_witness_with_which_something_else_is_kept_does_not() {
    let mut store = store(Fixed { taken: true, ..good() });
    if !store.runs_linked() {
        assert!(store.attach(FUNC).is_ok(), "nothing of ours is kept with it");
        return;
    }
    for _ in 0..2 {
        refused(&mut store, "something else that is kept with it");
    }
}

/// Attaching fails for this reason, and calls of the function lead where they led.
#[track_caller]
fn refused(store: &mut Store, why: &str) {
    let trap = store.attach(FUNC).unwrap_err();
    let message = format!("the code given for func1 is of {why}");
    assert_eq!(trap.kind, TrapKind::Attach);
    assert_eq!(trap.host.map(|error| error.to_string()), Some(message));
    assert!(store.bytecode(FUNC).is_none());
    assert_eq!(store.entries[1].code.get(), STUB_ATTACH.word(store.runs_linked()));
}
