//! A witness that is not of this module, function and settings does not attach.

use super::{Attach, AttachError};
use crate::func::STUB_ATTACH;
use crate::store::{Store, StoreConfig};
use crate::trap::TrapKind;
use crate::value::{FuncAddr, InstanceAddr};
use prova_bytecode::{Candidate, CheckedBytecode, MapEntry, Op, Settings};
use prova_module::{Features, FuncIdx, Limits, Module};
use std::sync::Arc;

/// Attaches the bytecode of a fixed function of a fixed module.
struct Fixed {
    module: Module,
    func: FuncIdx,
    settings: Settings,
}

impl Attach for Fixed {
    fn attach(&self, _: &Module, _: FuncIdx) -> Result<Arc<CheckedBytecode>, AttachError> {
        let offset = self.module.facts(self.func).unwrap().blocks[0].start;
        let candidate = Candidate {
            func: self.func,
            words: vec![Op::Unreachable as u64],
            frame_cells: 0,
            map: vec![MapEntry { word: 0, offset }],
            controls: Vec::new(),
            handlers: Vec::new(),
            constants: Vec::new(),
        };
        Ok(Arc::new(CheckedBytecode::check(&self.module, &self.settings, candidate)?))
    }
}

/// Two functions that are `unreachable`, and a data segment to tell modules apart.
fn module(tag: &str) -> Module {
    let text = format!("(module (func unreachable) (func unreachable) (data \"{tag}\"))");
    let wasm = wat::parse_str(text).unwrap();
    Module::decode(wasm, &Features::default(), &Limits::default()).unwrap()
}

/// Attaches function 1 of module `a`.
fn attach(with: Fixed) -> (Store, Result<(), TrapKind>) {
    let mut store = Store::new(StoreConfig { stack_bytes: 1 << 12, ..StoreConfig::default() });
    let instance = store.instantiate(&mut (), &module("a"), &[], Arc::new(with)).unwrap();
    assert_eq!(instance, InstanceAddr::from_index(0));
    let outcome = store.attach(FuncAddr::from_index(1)).map_err(|trap| trap.kind);
    (store, outcome)
}

#[test]
fn a_witness_of_this_function_attaches_and_stays() {
    let good = || Fixed { module: module("a"), func: FuncIdx(1), settings: Settings::default() };
    let (mut store, outcome) = attach(good());
    assert_eq!(outcome, Ok(()));
    let func = FuncAddr::from_index(1);
    let code = Arc::clone(store.bytecode(func).unwrap());
    assert_eq!(store.entries[1].code, code.words().as_ptr());
    assert_eq!(store.entries[0].code, STUB_ATTACH.as_ptr(), "the other one has none yet");
    assert!(store.attach(func).is_ok());
    assert!(Arc::ptr_eq(&code, store.bytecode(func).unwrap()), "attached once");
    let frame = store.trace_frame_at(func, 0).unwrap();
    assert_eq!(frame.offset, Some(module("a").facts(FuncIdx(1)).unwrap().blocks[0].start));
}

#[test]
fn a_witness_of_something_else_does_not() {
    let other = Settings { deterministic: true, ..Settings::default() };
    let bad = [
        Fixed { module: module("b"), func: FuncIdx(1), settings: Settings::default() },
        Fixed { module: module("a"), func: FuncIdx(0), settings: Settings::default() },
        Fixed { module: module("a"), func: FuncIdx(1), settings: other },
    ];
    for with in bad {
        let (store, outcome) = attach(with);
        assert_eq!(outcome, Err(TrapKind::Attach));
        assert!(store.bytecode(FuncAddr::from_index(1)).is_none());
        assert_eq!(store.entries[1].code, STUB_ATTACH.as_ptr());
    }
}
