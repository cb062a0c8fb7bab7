//! Code that wants a certificate, and why there is none.

use prova_check::{CallRow, CodeKind, Fault, Layout, Machine, Rule, TrapRow};
use std::fmt;

/// Code that wants a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Which code it is.
    pub kind: CodeKind,
    /// The final bytes.
    pub bytes: &'a [u8],
    /// The trap map.
    pub traps: &'a [TrapRow],
    /// The call map.
    pub calls: &'a [CallRow],
}

/// Why there is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertifyError {
    /// Offset in the code, in bytes.
    pub offset: u32,
    /// The rule that would be broken.
    pub rule: Rule,
    /// The fault.
    pub what: &'static str,
}

impl CertifyError {
    pub(crate) fn at(offset: u32, Fault { rule, what }: Fault) -> CertifyError {
        CertifyError { offset, rule, what }
    }
}

impl fmt::Display for CertifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no certificate: at {:#x}: {:?}: {}", self.offset, self.rule, self.what)
    }
}

impl std::error::Error for CertifyError {}

/// The machine of a draft: all bytes may be data until it is known which are code.
pub(crate) fn machine<'a>(
    layout: &'a Layout,
    draft: &Draft<'a>,
) -> Result<Machine<'a>, CertifyError> {
    let len = u32::try_from(draft.bytes.len()).unwrap_or(u32::MAX);
    let machine = Machine::new(layout, draft.kind, draft.bytes, vec![(0, len)]);
    machine.map_err(|fault| CertifyError::at(0, fault))
}
