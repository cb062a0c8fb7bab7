//! Code by hand, judged by the check with the certifier's certificate; what is accepted is executed
//! under the observer, which has to see nothing in it.

use crate::asm::{Item, assemble, at, rm};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use crate::observer;
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_check::{CallRow, Code, CodeKind, Config, Layout, MemoryShape, Rule, TrapRow, offsets};

pub(crate) const FUNC: &str = "(module (memory 1) (table 4 funcref) (table 2 8 externref) \
    (global (mut i64) (i64.const 0)) (global i32 (i32.const 0)) \
    (global (mut externref) (ref.null extern)) \
    (func (param i32 i32 i64 externref) (result i64) i64.const 0) \
    (func (param i32) i32.const 0 drop))";

/// A module with code of one of its functions.
///
/// At entry rdi is the record, rsi the height, then come edx, ecx, r8, and r9 (an externref).
pub(crate) struct Case {
    pub(crate) wat: &'static str,
    pub(crate) config: Config,
    pub(crate) kind: CodeKind,
}

pub(crate) fn guard() -> Case {
    Case { wat: FUNC, config: Config::default(), kind: CodeKind::Func(0) }
}

pub(crate) fn explicit() -> Case {
    let config = Config { memory: MemoryShape::Explicit, ..Config::default() };
    Case { config, ..guard() }
}

pub(crate) type Parts = (Vec<u8>, Vec<TrapRow>, Vec<CallRow>);

impl Case {
    pub(crate) fn judge_parts(&self, (bytes, traps, calls): &Parts) -> Result<(), Rule> {
        let wasm = wat::parse_str(self.wat).expect("a module");
        let layout = Layout::derive(&wasm, &self.config).expect("a layout");
        let draft = prova_certify::Draft { kind: self.kind, bytes, traps, calls };
        let certificate = prova_certify::certify(&layout, &draft).map_err(|e| e.rule)?;
        let code = Code { kind: self.kind, bytes, certificate: &certificate, traps, calls };
        layout.check(code).map(|_| ()).map_err(|e| e.rule)
    }

    pub(crate) fn judge(&self, items: &[Item]) -> Result<(), Rule> {
        self.judge_parts(&assemble(items))
    }

    #[track_caller]
    pub(crate) fn accepts(&self, items: &[Item]) {
        assert_eq!(self.judge(items), Ok(()));
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        assert_eq!(self.observed(items), Ok(()));
    }

    /// What the observer says of code: nothing, or the first rule that a run breaks.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(crate) fn observed(&self, items: &[Item]) -> Result<(), String> {
        let (bytes, traps, calls) = &assemble(items);
        let wasm = wat::parse_str(self.wat).expect("a module");
        observer::keeps_inside(&wasm, &self.config, (self.kind, bytes, traps, calls), 12)
    }

    #[track_caller]
    pub(crate) fn rejects(&self, rule: Rule, items: &[Item]) {
        assert_eq!(self.judge(items), Err(rule));
    }
}

/// rax := the first byte of memory 0, rcx's record: context in r11.
pub(crate) fn base() -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST))),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
    ]
}

pub(crate) fn with(mut head: Vec<Item>, tail: &[Item]) -> Vec<Item> {
    head.extend_from_slice(tail);
    head
}
