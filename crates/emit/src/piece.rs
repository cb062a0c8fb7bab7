//! Structured code with named labels → the bytes of a body: unused blocks go, depths are computed.
//!
//! Here a label is a number; whether a block is emitted is known once all branches are.
//!
//! * P1. A block, `if` or `loop` without parameters and results whose label no branch names is left
//!   out (an `if` stays an `if`).
//! * P2. A block that ends where another one ends gives its branches to the outer one, if the style
//!   is short.
//! * P3. A [`Piece::Guard`] becomes `unreachable` only where the validator takes the place for
//!   reachable, which control never reaches.
//!
//! Time: linear.

use prova_ssa::flow::NONE;
use wasm_encoder::{BlockType, Catch, Encode, Instruction};

/// The kind of block that a label belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Block,
    Loop,
    If,
}

/// A piece of structured code.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// A run of finished bytes, and where its last operator begins, if that is known.
    Bytes(u32, u32, Option<u32>),
    /// A piece that is gone.
    Gone,
    /// Opens a label.
    Open(Kind, u32, BlockType),
    /// A `try_table` without results: for each clause the tag (`None` for all), whether with a
    /// reference, and the label.
    Try(Box<[(Option<u32>, bool, u32)]>),
    Else,
    End,
    Br(u32),
    BrIf(u32),
    BrOnNull(u32),
    /// Labels, the default last.
    Table(Box<[u32]>),
    /// Ends the code: a return, throw, trap.
    Stop,
    /// The end of a way that control does not reach.
    Guard,
}

/// An open label on the way.
struct Open {
    is_emitted: bool,
    reach: bool,
}

/// Writes pieces behind `out`, with the label that takes the branches of each.
pub(super) fn write(pieces: &[Piece], alias: &[u32], code: &[u8], out: &mut Vec<u8>) {
    let used = used(pieces, alias);
    let mut open: Vec<Open> = Vec::new();
    let mut height = vec![0; alias.len()];
    let (mut depth, mut reach) = (0_u32, true);
    for piece in pieces {
        let at = |label: u32| depth - height[alias[label as usize] as usize];
        match piece {
            Piece::Bytes(start, end, _) => {
                out.extend_from_slice(&code[*start as usize..*end as usize]);
            }
            Piece::Open(kind, label, ty) => {
                let is_emitted = *kind == Kind::If || used[*label as usize];
                open.push(Open { is_emitted, reach });
                if is_emitted {
                    depth += 1;
                    height[*label as usize] = depth;
                    match kind {
                        Kind::Block => Instruction::Block(*ty).encode(out),
                        Kind::Loop => Instruction::Loop(*ty).encode(out),
                        Kind::If => Instruction::If(*ty).encode(out),
                    }
                }
            }
            Piece::Try(clauses) => {
                let catches: Vec<Catch> = clauses
                    .iter()
                    .map(|&(tag, with_ref, label)| catch(tag, with_ref, at(label)))
                    .collect();
                Instruction::TryTable(BlockType::Empty, catches.into()).encode(out);
                depth += 1;
                open.push(Open { is_emitted: true, reach });
            }
            Piece::Else => {
                Instruction::Else.encode(out);
                reach = open.last().is_none_or(|open| open.reach);
            }
            Piece::End => {
                let Some(closed) = open.pop() else { continue };
                if closed.is_emitted {
                    Instruction::End.encode(out);
                    depth -= 1;
                    reach = closed.reach;
                }
            }
            Piece::Br(label) => Instruction::Br(at(*label)).encode(out),
            Piece::BrIf(label) => Instruction::BrIf(at(*label)).encode(out),
            Piece::BrOnNull(label) => Instruction::BrOnNull(at(*label)).encode(out),
            Piece::Table(labels) => {
                let labels: Vec<u32> = labels.iter().map(|&label| at(label)).collect();
                if let Some((&last, labels)) = labels.split_last() {
                    Instruction::BrTable(labels.into(), last).encode(out);
                }
            }
            Piece::Stop | Piece::Gone => {}
            Piece::Guard if reach => Instruction::Unreachable.encode(out),
            Piece::Guard => {}
        }
        match piece {
            Piece::Br(_) | Piece::Table(_) | Piece::Stop | Piece::Guard => reach = false,
            Piece::Bytes(..) | Piece::Open(..) | Piece::Try(..) | Piece::Else => {}
            Piece::End | Piece::BrIf(_) | Piece::BrOnNull(_) | Piece::Gone => {}
        }
    }
    Instruction::End.encode(out);
}

/// A clause of a `try_table`: without a tag it takes all.
fn catch(tag: Option<u32>, with_ref: bool, label: u32) -> Catch {
    match (tag, with_ref) {
        (Some(tag), false) => Catch::One { tag, label },
        (Some(tag), true) => Catch::OneRef { tag, label },
        (None, false) => Catch::All { label },
        (None, true) => Catch::AllRef { label },
    }
}

/// Which labels take branches, with those of their aliases.
pub(super) fn used(pieces: &[Piece], alias: &[u32]) -> Vec<bool> {
    let mut used = vec![false; alias.len()];
    let mut mark = |label: u32| used[alias[label as usize] as usize] = true;
    for piece in pieces {
        match piece {
            Piece::Br(label) | Piece::BrIf(label) | Piece::BrOnNull(label) => mark(*label),
            Piece::Table(labels) => labels.iter().for_each(|&label| mark(label)),
            Piece::Try(clauses) => clauses.iter().for_each(|&(_, _, label)| mark(label)),
            Piece::Bytes(..) | Piece::Open(..) | Piece::Else | Piece::End => {}
            Piece::Stop | Piece::Guard | Piece::Gone => {}
        }
    }
    used
}

/// Labels that take their own branches; the body's is the last one.
pub(super) fn own_labels(labels: u32) -> Vec<u32> {
    (0..=labels).collect()
}

/// The label that takes the branches of each (P2); a block that ends where a body without results
/// ends gives its branches to the body itself.
pub(super) fn aliases(pieces: &[Piece], labels: u32, is_void: bool) -> Vec<u32> {
    let mut alias = own_labels(labels);
    // The block that each end closes, in order.
    let (mut closed, mut open) = (Vec::with_capacity(pieces.len() / 4), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Open(kind, label, ty) => open.push((*label, Some(*kind), *ty)),
            Piece::Try(_) => open.push((NONE, None, BlockType::Empty)),
            Piece::End => closed.push(open.pop().unwrap_or((NONE, None, BlockType::Empty))),
            _ => {}
        }
    }
    // The labels of the ends that follow each other, found backward.
    let mut ends: Vec<u32> = is_void.then_some(labels).into_iter().collect();
    for piece in pieces.iter().rev() {
        if !matches!(piece, Piece::End) {
            ends.clear();
            continue;
        }
        let Some((label, kind, ty)) = closed.pop() else { continue };
        let empty = matches!(ty, BlockType::Empty);
        match (kind, ends.last()) {
            (Some(Kind::Block | Kind::If), Some(&outer)) if empty && outer != NONE => {
                alias[label as usize] = outer;
                ends.push(outer);
            }
            (Some(Kind::Block | Kind::If), _) if empty => ends.push(label),
            (Some(Kind::Loop), Some(&outer)) => ends.push(outer),
            (..) => ends.push(NONE),
        }
    }
    alias
}
