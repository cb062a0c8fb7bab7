//! The witness of a check, and what is checked.

use crate::contract::CodeKind;
use crate::error::Rejection;
use crate::layout::Layout;
use crate::metadata::{CallRow, TrapRow};
use crate::pass::{pass, work_max};
use alloc::boxed::Box;

/// Code as it is mapped, with what its maker says of it.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a> {
    /// Which code it is.
    pub kind: CodeKind,
    /// The bytes, position-independent, without relocations.
    pub bytes: &'a [u8],
    /// The certificate.
    pub certificate: &'a [u8],
    /// The trap map, sorted.
    pub traps: &'a [TrapRow],
    /// The call map, sorted.
    pub calls: &'a [CallRow],
}

/// Code that was checked: a witness for exactly these bytes under one layout.
#[derive(Clone, Debug)]
pub struct CheckedCode {
    kind: CodeKind,
    layout_digest: [u8; 32],
    len: u32,
    frame_bytes: u32,
    charge: Option<u64>,
    arg_cells: u32,
    traps: Box<[TrapRow]>,
    calls: Box<[CallRow]>,
}

impl Layout {
    /// Checks code.
    ///
    /// # Errors
    ///
    /// [`Rejection`] with the first rule that is broken, in address order.
    pub fn check(&self, code: Code<'_>) -> Result<CheckedCode, Rejection> {
        let found = pass(self, &code, &mut 0)?;
        Ok(CheckedCode {
            kind: code.kind,
            layout_digest: self.digest(),
            len: u32::try_from(code.bytes.len()).unwrap_or(u32::MAX),
            frame_bytes: found.frame_bytes,
            charge: found.charge,
            arg_cells: found.arg_cells,
            traps: code.traps.into(),
            calls: code.calls.into(),
        })
    }

    /// The work that checking code takes, accepted or not, and the work behind which it is
    /// refused: in facts that lookups walk, 64 of which count as one claim.
    pub fn work(&self, code: &Code<'_>) -> (u64, u64) {
        let mut work = 0;
        // Only the work is wanted, so the verdict is dropped.
        let _ = pass(self, code, &mut work);
        (work, work_max(code.bytes.len()))
    }
}

impl CheckedCode {
    /// Which code it is.
    pub fn kind(&self) -> CodeKind {
        self.kind
    }

    /// The digest of the layout that they were checked under.
    pub fn layout_digest(&self) -> &[u8; 32] {
        &self.layout_digest
    }

    /// How many bytes there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of native stack that a call takes at most: arguments, return address, frame.
    pub fn frame_bytes(&self) -> u32 {
        self.frame_bytes
    }

    /// Bytes that it takes off the height before its calls; none if it calls nothing.
    pub fn charge(&self) -> Option<u64> {
        self.charge
    }

    /// The argument cells up to the last one that it reads or writes: it leaves all others as they
    /// are.
    pub fn arg_cells(&self) -> u32 {
        self.arg_cells
    }

    /// The row of an instruction that may stop the code.
    pub fn trap_at(&self, code_offset: u32) -> Option<TrapRow> {
        let i = self.traps.binary_search_by_key(&code_offset, |row| row.code_offset).ok()?;
        self.traps.get(i).copied()
    }

    /// The rows of the call that returns to an offset; the first one names its operator.
    pub fn call_at(&self, return_offset: u32) -> &[CallRow] {
        let start = self.calls.partition_point(|row| row.return_offset < return_offset);
        let rows = self.calls.get(start..).unwrap_or(&[]);
        let count = rows.iter().take_while(|row| row.return_offset == return_offset).count();
        rows.get(..count).unwrap_or(&[])
    }

    /// The trap map.
    pub fn traps(&self) -> &[TrapRow] {
        &self.traps
    }

    /// The call map.
    pub fn calls(&self) -> &[CallRow] {
        &self.calls
    }
}
