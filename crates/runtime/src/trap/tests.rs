//! The words and the layout that Wasmtime's users know.

use super::{MemoryFault, TraceFrame, Trap, TrapKind};
use crate::value::InstanceAddr;
use prova_module::{Features, FuncIdx, Limits, Module};
use std::error::Error;

fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap();
    Module::decode(wasm, &Features::default(), &Limits::default()).unwrap()
}

fn frame(module: &Module, func: u32, offset: Option<u32>) -> TraceFrame {
    let (module, func) = (module.clone(), FuncIdx(func));
    TraceFrame { instance: InstanceAddr::from_index(0), module, func, offset }
}

#[test]
fn a_trap_prints_backtrace_fault_and_reason() {
    let named = module("(module $shop (func $sell) (func))");
    let fault = MemoryFault { address: 0x10000, size_bytes: 0x10000 };
    let mut trap = Trap::new(TrapKind::MemoryOutOfBounds).with_fault(fault);
    trap.push_frame(frame(&named, 0, Some(0x1a2)));
    trap.push_frame(frame(&named, 1, None));
    trap.push_frame(frame(&module("(module (func))"), 0, Some(0x123_4567)));
    let expected = "error while executing at wasm backtrace:
    0:    0x1a2 - shop!sell
    1: shop!<wasm function 1>
    2: 0x1234567 - <unknown>!<wasm function 0>
memory fault at wasm address 0x10000 in linear memory of size 0x10000
wasm trap: out of bounds memory access";
    assert_eq!(trap.to_string(), expected);
}

#[test]
fn a_trap_without_frames_is_its_reason_alone() {
    let trap = Trap::from(TrapKind::from(prova_num::NumError::DivisionByZero));
    assert_eq!(trap.to_string(), "wasm trap: integer divide by zero");
    assert_eq!(trap.display_backtrace().to_string(), "");
    assert!(trap.source().is_none());
}

#[test]
fn a_host_error_speaks_for_itself_and_can_be_had_back() {
    let trap = Trap::host(std::fmt::Error);
    assert_eq!(trap.to_string(), std::fmt::Error.to_string());
    assert!(trap.downcast_ref::<std::fmt::Error>().is_some());
    assert!(trap.downcast_ref::<std::io::Error>().is_none());
    assert!(trap.source().is_some());
    let bug = Trap::bug("the map is empty");
    assert_eq!(bug.to_string(), "bug in Prova: the map is empty");
    assert!(bug.kind.is_bug() && !trap.kind.is_bug());
}

#[test]
fn a_backtrace_keeps_the_newest_frames() {
    let module = module("(module (func))");
    let mut trap = Trap::new(TrapKind::StackOverflow);
    for offset in 0..Trap::FRAMES_MAX as u32 {
        trap.push_frame(frame(&module, 0, Some(offset)));
    }
    assert_eq!(trap.frames_omitted, 0);
    trap.push_frame(frame(&module, 0, None));
    assert_eq!((trap.backtrace.len(), trap.frames_omitted), (Trap::FRAMES_MAX, 1));
    assert_eq!(trap.backtrace[0].offset, Some(0));
    assert!(trap.to_string().ends_with("\n  ... 1 more\nwasm trap: call stack exhausted"));
}

/// The specification's suite compares with these words, by prefix or part.
#[test]
fn reasons_contain_the_specification_s_words() {
    let words = [
        (TrapKind::Unreachable, "unreachable"),
        (TrapKind::IntegerOverflow, "integer overflow"),
        (TrapKind::BadConversionToInteger, "invalid conversion to integer"),
        (TrapKind::MemoryOutOfBounds, "out of bounds memory access"),
        (TrapKind::TableOutOfBounds, "out of bounds table access"),
        (TrapKind::UndefinedElement, "undefined element"),
        (TrapKind::UninitializedElement, "uninitialized element"),
        (TrapKind::IndirectCallTypeMismatch, "indirect call type mismatch"),
        (TrapKind::StackOverflow, "call stack exhausted"),
        (TrapKind::OutOfFuel, "all fuel consumed"),
        (TrapKind::Interrupt, "interrupt"),
        (TrapKind::HeapMisaligned, "unaligned atomic"),
    ];
    for (kind, words) in words {
        assert!(kind.to_string().contains(words), "{kind:?}: {kind}");
    }
}
