//! Code of one function in a module and settings, judged by certificate and check; accepted code is
//! executed under the observer. For suites that write instructions one by one (`asm`).

use crate::common::asm::{Item, assemble, at, rm};
use crate::common::hostile;
use crate::common::pages::of_bytes;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use crate::observer;
use iced_x86::Code as C;
use iced_x86::Register::{R10, R11, RAX, RDI};
use prova_certify::CertifyError;
use prova_check::{
    CallRow, Code, CodeKind, Config, Layout, MemoryShape, Rejection, Rule, TrapRow, offsets,
};

/// The module of suites of rules.
pub(crate) const FUNC: &str = "(module (memory 1) (table 4 funcref) (table 2 8 externref) \
    (global (mut i64) (i64.const 0)) (global i32 (i32.const 0)) \
    (global (mut externref) (ref.null extern)) \
    (func (param i32 i32 i64 externref) (result i64) i64.const 0) \
    (func (param i32) i32.const 0 drop))";

/// Code with its rows.
pub(crate) type Parts = (Vec<u8>, Vec<TrapRow>, Vec<CallRow>);

/// The surroundings of judged code. At entry rdi is the record, rsi the height, then the
/// parameters.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) wat: &'static str,
    pub(crate) config: Config,
    pub(crate) kind: CodeKind,
}

/// The first function of [`FUNC`], in the guard shape: edx, ecx, r8, and r9 (an externref).
pub(crate) fn guard() -> Case {
    Case::guard(FUNC)
}

/// The same in the explicit shape.
pub(crate) fn explicit() -> Case {
    Case::explicit(FUNC)
}

impl Case {
    /// The first function of a module, in the guard shape.
    pub(crate) fn guard(wat: &'static str) -> Case {
        Case { wat, config: Config::default(), kind: CodeKind::Func(0) }
    }

    /// The first function of a module, in the explicit shape.
    pub(crate) fn explicit(wat: &'static str) -> Case {
        let config = Config { memory: MemoryShape::Explicit, ..Config::default() };
        Case { config, ..Case::guard(wat) }
    }

    pub(crate) fn layout(&self) -> Layout {
        // What lies behind a length has separate rows (*behind* of `hostile.tsv`).
        let wat = of_bytes(self.wat, self.config.memory != MemoryShape::GUARD);
        let wasm = wat::parse_str(wat).expect("a module");
        Layout::derive(&wasm, &self.config).expect("a layout")
    }

    /// The check's verdict, with the place and the words of a refusal, apart from P10: registers
    /// hold here what they may.
    fn verdict(&self, parts: &Parts) -> Result<(), Rejection> {
        match self.whole_verdict(parts) {
            Err(Rejection { rule: Rule::Unwritten, .. }) => Ok(()),
            verdict => verdict,
        }
    }

    fn whole_verdict(&self, (bytes, traps, calls): &Parts) -> Result<(), Rejection> {
        let layout = self.layout();
        let draft = prova_certify::Draft { kind: self.kind, bytes, traps, calls };
        let refused = |CertifyError { offset, rule, what }| {
            let kind = self.kind;
            Rejection { kind, offset, rule, what }
        };
        let certificate = prova_certify::certify(&layout, &draft).map_err(refused)?;
        let code = Code { kind: self.kind, bytes, certificate: &certificate, traps, calls };
        layout.check(code).map(|_| ())
    }

    pub(crate) fn judge_parts(&self, parts: &Parts) -> Result<(), Rule> {
        self.verdict(parts).map_err(|e| e.rule)
    }

    pub(crate) fn judge(&self, items: &[Item]) -> Result<(), Rule> {
        self.judge_parts(&assemble(items))
    }

    /// With a certificate made by hand.
    pub(crate) fn judge_forged(
        &self,
        bytes: &[u8],
        certificate: &[u8],
        traps: &[TrapRow],
    ) -> Result<(), Rule> {
        let code = Code { kind: self.kind, bytes, certificate, traps, calls: &[] };
        let verdict = self.layout().check(code).err().map(|e| (e.rule, ()));
        hostile::apart(verdict).map_or(Ok(()), |(rule, ())| Err(rule))
    }

    #[track_caller]
    pub(crate) fn accepts(&self, items: &[Item]) {
        let parts = assemble(items);
        if let Err(why) = self.verdict(&parts) {
            panic!("honest code is refused: {why}; code {:02x?}", parts.0);
        }
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        assert_eq!(self.observed(items), Ok(()));
    }

    /// The observer's verdict on code: nothing, or the first rule that a run breaks.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(crate) fn observed(&self, items: &[Item]) -> Result<(), String> {
        let (bytes, traps, calls) = &assemble(items);
        let wasm = wat::parse_str(self.wat).expect("a module");
        observer::keeps_inside(&wasm, &self.config, (self.kind, bytes, traps, calls), 12)
    }

    #[track_caller]
    pub(crate) fn rejects(&self, rule: Rule, items: &[Item]) {
        let parts = assemble(items);
        match self.verdict(&parts) {
            Err(why) => assert_eq!(why.rule, rule, "{why}; code {:02x?}", parts.0),
            Ok(()) => panic!("{rule:?} must refuse this code, which is accepted: {:02x?}", parts.0),
        }
    }
}

/// rax := the first byte of memory 0, r10 := its record, r11 := the context.
pub(crate) fn base() -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST))),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
    ]
}

/// Instructions behind others.
pub(crate) fn with(head: impl AsRef<[Item]>, tail: &[Item]) -> Vec<Item> {
    [head.as_ref(), tail].concat()
}
