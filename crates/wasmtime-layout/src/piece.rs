//! One function of a compiled module, as the check gets it; for tools that look at its code.

use crate::artifact::Artifact;
use crate::error::Error;
use crate::layout;
use crate::verify::{Compare, Subject};
use prova_certify::certify;
use prova_check::{CallRow, CodeKind, Layout, TrapRow};

/// The code of a function with what it is checked under.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The layout.
    pub layout: Layout,
    /// Which function it is.
    pub kind: CodeKind,
    /// Where it begins in the text.
    pub start: u32,
    /// The final bytes.
    pub bytes: Vec<u8>,
    /// The trap map, by offset in the code.
    pub traps: Vec<TrapRow>,
    /// The call map, in the same way.
    pub calls: Vec<CallRow>,
    /// The certificate that the check accepts; empty if there is none.
    pub certificate: Vec<u8>,
}

/// The code of a function of the index space; none if the file names none.
///
/// # Errors
///
/// As of [`crate::verify_on`].
pub fn piece(
    compiled: &[u8],
    wasm: &[u8],
    func: u32,
    compare: Compare,
) -> Result<Option<Piece>, Error> {
    let artifact = Artifact::read(compiled)?;
    let layout = layout::derive(&artifact, wasm, compare(&artifact, compiled, wasm)?.counts)?;
    let Some(symbol) = artifact.symbols.iter().find(|it| it.func() == Some(func)) else {
        return Ok(None);
    };
    let subject = Subject::of(&artifact, symbol, CodeKind::Func(func));
    // Whether it is accepted is for the check to say; here it helps to find all instructions.
    let certificate = certify(&layout, &subject.draft()).unwrap_or_default();
    let Subject { kind, bytes, traps, calls } = subject;
    let (start, bytes) = (symbol.start, bytes.to_vec());
    Ok(Some(Piece { layout, kind, start, bytes, traps, calls, certificate }))
}
