//! A log and a [`Part`] → the text of that part; two texts → where they differ.
//!
//! [`source`](super::source) goes back to the offset of a part, and [`scan`](super::scan) reads its
//! dump again. At most [`BODY_BYTES_MAX`] of a body are kept; a difference behind that is reported,
//! not shown. Bodies are without addresses, lossy UTF-8, with control characters escaped: logs are
//! hostile text.
//!
//! `tests/passes.rs` finds the line of the case, and a line behind the limit.

use super::hash;
use super::record::{MODULE, Part};
use super::scan::{Event, Visitor, scan};
use super::source::Log;
use super::structure::{Structure, without_addresses};
use crate::names::printable_line;
use anyhow::{Result, bail};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};

/// Maximum number of bytes of a body that are kept.
pub const BODY_BYTES_MAX: usize = 8 << 20;

/// Bodies of more lines are compared line by line, without aligning them.
pub const ALIGNED_LINES_MAX: usize = 20_000;

/// The text of a part.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The lines with their numbers in the log, from 1.
    pub lines: Vec<(u64, String)>,
    /// There is more than was kept.
    pub cut: bool,
    bytes: usize,
}

/// Two lines that should be equal; one is absent where a body ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineDifference {
    /// The line of A and its number.
    pub a: Option<(u64, String)>,
    /// The line of B and its number.
    pub b: Option<(u64, String)>,
}

/// Reads a part of a log again.
///
/// # Errors
/// If the log has changed, or cannot be read a second time.
pub fn body(log: &mut Log, part: &Part) -> Result<Body> {
    log.reach(part.place.at)?;
    let mut fetch = Fetch {
        wanted: part.function,
        split: false,
        take: false,
        named: false,
        functions: 0,
        open: false,
        body: Body::default(),
    };
    scan(log, part.place, &mut fetch)?;
    if !fetch.open {
        bail!(
            "`{}` has changed: there is no dump at offset {} any more",
            log.path().display(),
            part.place.at
        );
    }
    Ok(fetch.body)
}

struct Fetch {
    wanted: u64,
    split: bool,
    /// The following lines are wanted.
    take: bool,
    /// The header has named the function.
    named: bool,
    functions: usize,
    open: bool,
    body: Body,
}

impl Fetch {
    fn module(&self) -> bool {
        self.wanted == hash::of_name(MODULE.as_bytes())
    }
}

impl Visitor for Fetch {
    fn event(&mut self, event: Event<'_>) -> Result<ControlFlow<()>> {
        let mut done = false;
        match event {
            Event::Dump { header, split, .. } => {
                self.open = true;
                self.split = split;
                self.named = header.unit.is_some_and(|unit| !unit.starts_with(b"("));
                self.take = !split || self.module();
            }
            Event::Split => {
                self.split = true;
                self.take = self.module();
            }
            Event::Enter(name) => {
                self.functions += 1;
                let wanted = hash::of_name(&name) == self.wanted;
                if self.split {
                    self.take = wanted;
                } else if self.functions == 1 {
                    // Until a second function comes, this is the part; a wrong one is thrown away
                    // then.
                    self.named |= wanted;
                } else {
                    done = self.named;
                    if !done {
                        self.body = Body::default();
                        self.named = wanted;
                    }
                }
            }
            Event::Leave => {
                done = self.take && !self.module();
                self.take = self.module();
            }
            Event::Line { bytes, starts, number } if self.take => {
                self.body.add(bytes, starts, number)
            }
            Event::Line { .. } => {}
            Event::End => done = true,
        }
        Ok(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

impl Body {
    fn add(&mut self, bytes: &[u8], starts: bool, number: u64) {
        if self.bytes + bytes.len() > BODY_BYTES_MAX {
            self.cut = true;
            return;
        }
        self.bytes += bytes.len() + 1;
        let text = printable_line(&String::from_utf8_lossy(&without_addresses(bytes)));
        match self.lines.last_mut() {
            Some((_, line)) if !starts => line.push_str(&text),
            _ => self.lines.push((number, text)),
        }
    }
}

/// The first lines that differ in text.
pub fn first_line(a: &Body, b: &Body) -> Option<LineDifference> {
    let most = a.lines.len().max(b.lines.len());
    let text = |body: &Body, at: usize| body.lines.get(at).map(|(_, line)| line.clone());
    let at = (0..most).find(|&at| text(a, at) != text(b, at))?;
    Some(LineDifference { a: a.lines.get(at).cloned(), b: b.lines.get(at).cloned() })
}

/// The first lines that differ in structure: the n-th lines of either that are not only comment.
pub fn first_structural_line(a: &Body, b: &Body) -> Option<LineDifference> {
    let (steps_a, steps_b) = (steps(a), steps(b));
    let most = steps_a.len().max(steps_b.len());
    let at = (0..most)
        .find(|&at| steps_a.get(at).map(|step| step.1) != steps_b.get(at).map(|step| step.1))?;
    let line =
        |body: &Body, steps: &[(usize, hash::Digest)]| body.lines.get(steps.get(at)?.0).cloned();
    Some(LineDifference { a: line(a, &steps_a), b: line(b, &steps_b) })
}

/// The lines that add to the structure, each with the digest up to it.
fn steps(body: &Body) -> Vec<(usize, hash::Digest)> {
    let mut structure = Structure::new();
    let mut last = structure.digest();
    let mut steps = Vec::new();
    for (at, (_, line)) in body.lines.iter().enumerate() {
        structure.add(line.as_bytes(), true);
        let digest = structure.digest();
        if digest != last {
            steps.push((at, digest));
            last = digest;
        }
    }
    steps
}

/// The two bodies as one text in the manner of `diff -u`, with `context` equal lines around each
/// difference.
pub fn unified(a: &Body, b: &Body, context: usize) -> String {
    let mut text = String::new();
    let number = |body: &Body, at: usize| body.lines.get(at).map_or(0, |(number, _)| *number);
    for piece in pieces(a, b, context) {
        match piece {
            Piece::Equal(old) => {
                for (_, line) in &a.lines[old] {
                    writeln!(text, " {line}").ok();
                }
            }
            Piece::Differ(old, new) => {
                for (_, line) in &a.lines[old] {
                    writeln!(text, "-{line}").ok();
                }
                for (_, line) in &b.lines[new] {
                    writeln!(text, "+{line}").ok();
                }
            }
            Piece::Gap(old, new) => {
                let (old, new) = (number(a, old), number(b, new));
                writeln!(text, "@@ line {old} of A, line {new} of B @@").ok();
            }
        }
    }
    for (body, name) in [(a, 'A'), (b, 'B')] {
        if body.cut {
            writeln!(text, "(the body in {name} goes on behind the {BODY_BYTES_MAX} bytes that are compared here)").ok();
        }
    }
    text
}

/// A piece of a unified text, as lines of A and of B.
enum Piece {
    /// Equal lines, of A.
    Equal(Range<usize>),
    /// Lines of A, and of B in their place.
    Differ(Range<usize>, Range<usize>),
    /// Equal lines are left out up to this line of either.
    Gap(usize, usize),
}

fn pieces(a: &Body, b: &Body, context: usize) -> Vec<Piece> {
    let lines = |body: &Body| body.lines.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>();
    let (lines_a, lines_b) = (lines(a), lines(b));
    let ops = if lines_a.len().max(lines_b.len()) <= ALIGNED_LINES_MAX {
        capture_diff_slices(Algorithm::Patience, &lines_a, &lines_b)
    } else {
        let head = lines_a.iter().zip(&lines_b).take_while(|(a, b)| a == b).count();
        let rest = |lines: &[String]| (lines.len() - head).min(ALIGNED_LINES_MAX);
        let equal = DiffOp::Equal { old_index: 0, new_index: 0, len: head };
        let (old_len, new_len) = (rest(&lines_a), rest(&lines_b));
        vec![equal, DiffOp::Replace { old_index: head, old_len, new_index: head, new_len }]
    };
    let last = ops.len().saturating_sub(1);
    let mut pieces = Vec::new();
    for (at, op) in ops.into_iter().enumerate() {
        let (old, new) = (op.old_range(), op.new_range());
        if !matches!(op, DiffOp::Equal { .. }) {
            pieces.push(Piece::Differ(old, new));
            continue;
        }
        // Of a stretch of equal lines only what is near a difference stays.
        let after = if at == 0 { 0 } else { context.min(old.len()) };
        let before = if at == last { 0 } else { context.min(old.len()) };
        if after + before >= old.len() {
            pieces.push(Piece::Equal(old));
            continue;
        }
        pieces.push(Piece::Equal(old.start..old.start + after));
        if at != last {
            pieces.push(Piece::Gap(old.end - before, new.end - before));
            pieces.push(Piece::Equal(old.end - before..old.end));
        }
    }
    pieces
}
