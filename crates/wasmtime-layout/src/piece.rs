//! One piece of code of a compiled module, as the check gets it; for tools that look at its code.

use crate::artifact::{Artifact, Symbol, SymbolKind};
use crate::error::Error;
use crate::layout;
use crate::verify::{Compare, Subject};
use prova_certify::certify;
use prova_check::{CallRow, CodeKind, Layout, TrapRow};

/// Code with what it is checked under.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The layout.
    pub layout: Layout,
    /// Which code it is.
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

/// A piece of code, by what it is or by its name in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// A function of the index space.
    Func(u32),
    /// The code of a symbol: of a function, a trampoline, a builtin's caller.
    Named(&'a str),
}

impl Which<'_> {
    fn is(self, symbol: &Symbol) -> bool {
        match self {
            Which::Func(func) => symbol.func() == Some(func),
            Which::Named(name) => symbol.name == name,
        }
    }
}

/// The piece of code; none if the file has none, or none that is checked.
///
/// # Errors
///
/// As of [`crate::verify_on`].
pub fn piece(
    compiled: &[u8],
    wasm: &[u8],
    which: Which<'_>,
    compare: Compare,
) -> Result<Option<Piece>, Error> {
    let artifact = Artifact::read(compiled)?;
    let layout = layout::derive(&artifact, wasm, compare(&artifact, compiled, wasm)?.counts)?;
    let symbol = artifact.symbols.iter().find(|symbol| which.is(symbol));
    let known = symbol.filter(|symbol| symbol.kind != SymbolKind::Other);
    let Some((symbol, kind)) = known.and_then(|it| Some((it, layout.code_at(it.start)?))) else {
        return Ok(None);
    };
    let subject = Subject::of(&artifact, symbol, kind);
    // Whether it is accepted is for the check to say; here it helps to find all instructions.
    let certificate = certify(&layout, &subject.draft()).unwrap_or_default();
    let Subject { kind, bytes, traps, calls } = subject;
    let (start, bytes) = (symbol.start, bytes.to_vec());
    Ok(Some(Piece { layout, kind, start, bytes, traps, calls, certificate }))
}
