//! Structured code → the same with fewer bytes: values that several ways leave in one local are
//! the result of a block, and a block that one branch leaves is an `if`.
//!
//! ```text
//! if … set x else … set x end       ─►  if (result) … else … end  set x
//! block … set x  br … set x end     ─►  block (result) … br … end  set x
//! set x  get x                      ─►  tee x, or nothing if nobody else reads x
//! block … c  br_if … end            ─►  … not c  if … end
//! ```
//!
//! It works on pieces, whose labels are symbols, and looks at the last operator of a run of bytes
//! and at a `local.get` that begins one. A block goes first if it is inside of another one, so what
//! it leaves behind its end may be what the outer one takes.
//!
//! * T1. A block has a result only if each way to its end writes the same local last, or does not
//!   come to the end. No branch to it is conditional.
//! * T2. A branch that becomes an `if` is the only one to its block, and its condition is a
//!   comparison whose negation is one.
//!
//! Like all of emission this is not believed. Time: linear, except that runs of bytes before a
//! negated comparison are copied.

use crate::align::negated;
use crate::code::{self, Use};
use crate::piece::{Kind, Piece};
use crate::shape::Shape;
use prova_module::{Opcode, ValType};
use prova_ssa::Imm;
use prova_ssa::flow::NONE;
use std::sync::LazyLock;
use wasm_encoder::BlockType;

/// A block that is open.
struct Frame {
    /// Its piece; `None` if the block has no bytes.
    open: Option<usize>,
    label: u32,
    kind: Option<Kind>,
    is_plain: bool,
    /// Its `else`.
    middle: Option<usize>,
}

/// The branches to a label.
#[derive(Clone, Default)]
struct Ways {
    /// Pieces that are plain branches.
    plain: Vec<usize>,
    /// The only conditional branch, with how many blocks were open.
    condition: Option<(usize, usize)>,
    /// How many branches are not plain.
    others: u32,
}

struct Tightener<'t> {
    code: &'t mut Vec<u8>,
    /// Where parameters are read that nothing else reads, in ascending order.
    only: &'t [u32],
    types: &'t [ValType],
    out: Vec<Piece>,
    frames: Vec<Frame>,
    ways: Vec<Ways>,
    /// The piece that writes a local behind a block with a result, if it is the last one.
    fresh: Option<(usize, u32)>,
}

/// Rewrites a body's pieces; `alias` has the label that takes the branches of each.
pub(super) fn tighten(shape: &mut Shape<'_>, types: &[ValType], alias: &[u32]) {
    let used = crate::piece::used(&shape.pieces, alias);
    let pieces = std::mem::take(&mut shape.pieces);
    let mut all = Tightener {
        code: &mut shape.code,
        only: &shape.only,
        types,
        out: Vec::with_capacity(pieces.len()),
        frames: Vec::new(),
        ways: vec![Ways::default(); alias.len()],
        fresh: None,
    };
    let at = |label: u32| alias.get(label as usize).copied().unwrap_or(label);
    for piece in pieces {
        match piece {
            Piece::Open(kind, label, ty) => {
                let is_there = kind == Kind::If || used.get(label as usize) == Some(&true);
                let open = is_there.then_some(all.out.len());
                let is_plain = matches!(ty, BlockType::Empty);
                all.frames.push(Frame { open, label, kind: Some(kind), is_plain, middle: None });
                if is_there {
                    all.push(Piece::Open(kind, label, ty));
                }
            }
            Piece::Try(clauses) => {
                clauses.iter().for_each(|&(_, _, label)| all.other(at(label)));
                let (open, kind) = (Some(all.out.len()), None);
                all.frames.push(Frame { open, label: NONE, kind, is_plain: false, middle: None });
                all.push(Piece::Try(clauses));
            }
            Piece::Else => {
                let at = all.out.len();
                if let Some(frame) = all.frames.last_mut() {
                    frame.middle = Some(at);
                }
                all.push(Piece::Else);
            }
            Piece::End => all.end(),
            Piece::Bytes(start, end, last) => all.bytes(start, end, last),
            Piece::Br(label) => {
                let place = all.out.len();
                if let Some(ways) = all.ways.get_mut(at(label) as usize) {
                    ways.plain.push(place);
                }
                all.push(Piece::Br(label));
            }
            Piece::BrIf(label) => {
                let place = (all.out.len(), all.frames.len());
                if let Some(ways) = all.ways.get_mut(at(label) as usize) {
                    ways.condition = Some(place);
                }
                all.other(at(label));
                all.push(Piece::BrIf(label));
            }
            Piece::BrOnNull(label) => {
                all.other(at(label));
                all.push(Piece::BrOnNull(label));
            }
            Piece::Table(labels) => {
                labels.iter().for_each(|&label| all.other(at(label)));
                all.push(Piece::Table(labels));
            }
            piece @ (Piece::Stop | Piece::Guard) => all.push(piece),
            Piece::Gone => {}
        }
    }
    shape.pieces = all.out;
}

impl Tightener<'_> {
    fn push(&mut self, piece: Piece) {
        self.fresh = None;
        self.out.push(piece);
    }

    /// A branch to a label that is not a plain one.
    fn other(&mut self, label: u32) {
        if let Some(ways) = self.ways.get_mut(label as usize) {
            ways.others += 1;
        }
    }

    /// A run of bytes; behind a block's result one that begins with a read of it needs no write.
    fn bytes(&mut self, start: u32, end: u32, last: Option<u32>) {
        let fresh = self.fresh.take();
        let read = fresh.filter(|&(_, local)| self.operator(start, Use::Get) == Some(local));
        let Some((at, local)) = read else {
            self.out.push(Piece::Bytes(start, end, last));
            return;
        };
        let rest = start + self.size(local);
        self.out[at] = match self.only.binary_search(&start) {
            Ok(_) => Piece::Gone,
            Err(_) => self.access(Use::Tee, local),
        };
        if rest < end {
            self.out.push(Piece::Bytes(rest, end, last.filter(|&last| last >= rest)));
        }
    }

    /// The local that an operator at a place uses, if it does.
    fn operator(&self, at: u32, how: Use) -> Option<u32> {
        let mut bytes = self.code.get(at as usize..)?.iter();
        if *bytes.next()? != code::opcode(how) {
            return None;
        }
        let (mut local, mut shift) = (0_u32, 0);
        loop {
            let byte = *bytes.next()?;
            local |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(local);
            }
            shift += 7;
        }
    }

    /// The bytes of a use of a local.
    fn size(&self, local: u32) -> u32 {
        let mut bytes = Vec::new();
        code::local(Use::Get, local, &mut bytes);
        bytes.len() as u32
    }

    /// A use of a local in a separate run.
    fn access(&mut self, how: Use, local: u32) -> Piece {
        let start = self.code.len() as u32;
        code::local(how, local, self.code);
        Piece::Bytes(start, self.code.len() as u32, Some(start))
    }

    /// The last piece before a place that is not gone.
    fn before(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|&at| !matches!(self.out[at], Piece::Gone))
    }

    /// The piece before a place that ends in a write of a local, and the local.
    fn written(&self, at: usize) -> Option<(usize, u32)> {
        let before = self.before(at)?;
        let Piece::Bytes(_, _, Some(last)) = self.out[before] else { return None };
        Some((before, self.operator(last, Use::Set)?))
    }

    /// Whether control does not come to a place.
    fn is_left(&self, at: usize) -> bool {
        let before = self.before(at).map(|before| &self.out[before]);
        matches!(before, Some(Piece::Br(_) | Piece::Table(_) | Piece::Stop | Piece::Guard))
    }

    fn end(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let Some(open) = frame.open else { return };
        if frame.is_plain && frame.kind != Some(Kind::Loop) {
            if let Some(local) = self.result(&frame, open) {
                self.push(Piece::End);
                let write = self.access(Use::Set, local);
                self.fresh = Some((self.out.len(), local));
                self.out.push(write);
                return;
            }
            if frame.kind == Some(Kind::Block) {
                self.turn(&frame, open);
            }
        }
        self.push(Piece::End);
    }

    /// The local that all ways to the end of a block write last, where they do no longer (T1).
    fn result(&mut self, frame: &Frame, open: usize) -> Option<u32> {
        let ways = self.ways.get(frame.label as usize)?;
        if ways.others > 0 {
            return None;
        }
        let mut ends = ways.plain.clone();
        match (frame.kind?, frame.middle) {
            (Kind::If, None) | (Kind::Loop, _) => return None,
            (Kind::If, Some(middle)) => ends.push(middle),
            (Kind::Block, _) => {}
        }
        ends.push(self.out.len());
        let count = ends.len();
        ends.retain(|&at| matches!(self.out.get(at), Some(Piece::Br(_))) || !self.is_left(at));
        let found: Vec<(usize, u32)> =
            ends.iter().map(|&at| self.written(at)).collect::<Option<_>>()?;
        let &(_, local) = found.first()?;
        let ty = crate::val_type(*self.types.get(local as usize)?)?;
        let is_number = !matches!(self.types.get(local as usize), Some(ValType::Ref(_)));
        if found.len() < 2 || count < 2 || !is_number || found.iter().any(|it| it.1 != local) {
            return None;
        }
        for (at, _) in found {
            if let Piece::Bytes(start, _, Some(last)) = self.out[at] {
                self.out[at] = match start < last {
                    true => Piece::Bytes(start, last, None),
                    false => Piece::Gone,
                };
            }
        }
        self.out[open] = Piece::Open(frame.kind?, frame.label, BlockType::Result(ty));
        Some(local)
    }

    /// Makes an `if` of a block that one branch leaves, if its condition has a negation (T2).
    fn turn(&mut self, frame: &Frame, open: usize) {
        let Some(ways) = self.ways.get(frame.label as usize) else { return };
        let Some((at, depth)) = ways.condition else { return };
        let is_only = ways.plain.is_empty() && ways.others == 1;
        if !is_only || depth != self.frames.len() + 1 || at + 1 == self.out.len() {
            return;
        }
        let Some(before) = self.before(at) else { return };
        let Piece::Bytes(start, end, Some(last)) = self.out[before] else { return };
        let &[byte] = &self.code[last as usize..end as usize] else { return };
        let Some(negated) = NEGATED[usize::from(byte)] else { return };
        self.out[before] = match negated {
            // The condition was a negation.
            None if start == last => Piece::Gone,
            None => Piece::Bytes(start, last, None),
            Some(negated) => {
                self.code[last as usize] = negated;
                Piece::Bytes(start, end, Some(last))
            }
        };
        self.out[open] = Piece::Gone;
        self.out[at] = Piece::Open(Kind::If, frame.label, BlockType::Empty);
    }
}

/// By opcode of one byte, of conditions: their negations; `Some(None)` where the condition is a
/// negation itself.
static NEGATED: LazyLock<[Option<Option<u8>>; 256]> = LazyLock::new(|| {
    let byte = |opcode: Opcode| {
        let mut bytes = Vec::new();
        code::write(opcode, Imm::None, &mut bytes)?;
        (bytes.len() == 1).then(|| usize::from(bytes[0]))
    };
    let mut all = [None; 256];
    if let Some(at) = byte(Opcode::I32Eqz) {
        all[at] = Some(None);
    }
    for &opcode in Opcode::ALL {
        let other = negated(opcode).and_then(byte);
        if let (Some(at), Some(other)) = (byte(opcode), other) {
            all[at] = Some(Some(other as u8));
        }
    }
    all
});
