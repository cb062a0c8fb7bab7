//! One function of a compiled module, as the check gets it; for tools that look at its code.

use crate::artifact::Artifact;
use crate::error::Error;
use crate::layout;
use crate::verify::Compare;
use prova_certify::{Draft, certify};
use prova_check::{CodeKind, Layout, TrapRow};

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
    let (kind, start, bytes) = (CodeKind::Func(func), symbol.start, artifact.bytes(symbol));
    let traps = artifact.traps_of(symbol);
    let draft = Draft { kind, bytes, traps: &traps, calls: &[] };
    // Whether it is accepted is for the check to say; here it helps to find all instructions.
    let certificate = certify(&layout, &draft).unwrap_or_default();
    Ok(Some(Piece { layout, kind, start, bytes: bytes.to_vec(), traps, certificate }))
}
