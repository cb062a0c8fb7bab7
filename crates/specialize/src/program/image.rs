//! The bytes that memories start with: whether two modules give the same, and segments without runs
//! of zeroes.
//!
//! * T6. Every segment is active, at a constant place in a memory that the module defines, and in
//!   bounds of its least size: nothing traps at instantiation, and nothing is left for
//!   `memory.init`. No body names a segment.
//! * T7. Segments are written in their order, over zeroes; what is compared is the whole.
//!
//! [`same`] is trusted, [`packed`] is not. Limits: [`BYTES_MAX`] bytes of all memories together.

use super::plant::misjudged;
use super::uses::Uses;
use prova_module::{ConstOp, DataIdx, DataMode, MemoryIdx, Module};
use std::collections::BTreeMap;
use wasm_encoder::ConstExpr;

/// The most bytes of all memories, up to the last that a segment writes.
const BYTES_MAX: u64 = 1 << 26;

/// Zeroes in a row that are worth a segment: its header takes this many bytes, or fewer.
const RUN_MIN: usize = 10;

/// The most segments that are made.
const SEGMENTS_MAX: usize = 10_000;

/// Bytes, and where they stand.
type Run<'m> = (u64, &'m [u8]);

/// The bytes that memories start with, by memory.
type Image = BTreeMap<MemoryIdx, Vec<u8>>;

/// The place of a segment (T6).
fn place(module: &Module, mode: &DataMode, len: u64) -> Option<(MemoryIdx, u64)> {
    let DataMode::Active { memory, offset } = mode else { return None };
    let ty = module.memory(*memory)?;
    let is_own = memory.index() >= module.imported_memory_count() || misjudged!(ForeignMemories);
    let at = match offset.ops() {
        [ConstOp::I32Const(at)] => u64::from(*at as u32),
        [ConstOp::I64Const(at)] => *at as u64,
        _more => return None,
    };
    let size = ty.min.checked_shl(ty.page_size_log2).filter(|_| ty.min < 1 << 40)?;
    let fits = at
        .checked_add(len)
        .is_some_and(|end| (end <= size || misjudged!(BeyondMemory)) && end <= BYTES_MAX);
    (is_own && fits && !ty.shared).then_some((*memory, at))
}

/// The bytes that a module's memories start with; `None` where T6 does not hold.
fn image(module: &Module) -> Option<Image> {
    let (mut image, mut all) = (Image::new(), 0);
    for (index, data) in (0..).zip(module.data()) {
        let contents = module.data_bytes(DataIdx(index));
        let (memory, at) = place(module, &data.mode, contents.len() as u64)?;
        let bytes = image.entry(memory).or_default();
        let end = at as usize + contents.len();
        if bytes.len() < end {
            all += (end - bytes.len()) as u64;
            if all > BYTES_MAX {
                return None;
            }
            bytes.resize(end, 0);
        }
        if misjudged!(FirstStays) && bytes[at as usize..end].iter().any(|&byte| byte != 0) {
            continue;
        }
        bytes[at as usize..end].copy_from_slice(contents);
    }
    for bytes in image.values_mut() {
        let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(end);
    }
    image.retain(|_, bytes| !bytes.is_empty());
    Some(image)
}

/// Whether memories of both modules start with the same bytes, and segments are nothing else.
pub(super) fn same(old: &Module, new: &Module) -> bool {
    let is_free = |module: &Module| !Uses::of(module).names_data;
    let (Some(a), Some(b)) = (image(old), image(new)) else { return false };
    a == b && is_free(old) && is_free(new)
}

/// Adds to an edit that segments give way to shorter ones, if that makes a module smaller.
pub(super) fn packed<'m>(module: &'m Module, edit: &mut prova_rewrite::Edit<'m>) {
    let mut pieces: Vec<(usize, Vec<Run<'_>>)> = Vec::new();
    let (mut written, mut saved) = (Vec::new(), 0_i64);
    for (index, data) in module.data().iter().enumerate() {
        let contents = module.data_bytes(DataIdx(index as u32));
        let Some((memory, at)) = place(module, &data.mode, contents.len() as u64) else { return };
        written.push((memory, at, at + contents.len() as u64));
        let runs = runs(contents);
        let kept: usize = runs.iter().map(|(_, bytes)| bytes.len()).sum();
        let headers = RUN_MIN as i64 * (runs.len() as i64 - 1);
        saved += contents.len() as i64 - kept as i64 - headers;
        pieces.push((index, runs.into_iter().map(|(from, bytes)| (at + from, bytes)).collect()));
    }
    // What another segment has written is not zero.
    written.sort_unstable();
    let overlap = written.windows(2).any(|two| two[0].0 == two[1].0 && two[0].2 > two[1].1);
    let count: usize = pieces.iter().map(|(_, runs)| runs.len()).sum();
    if overlap || saved <= 0 || count > SEGMENTS_MAX || Uses::of(module).names_data {
        return;
    }
    let (mut numbers, mut next) = (Vec::new(), 0);
    for (index, runs) in pieces {
        let DataMode::Active { memory, .. } = module.data()[index].mode else { return };
        let is_long = module.memory(memory).is_some_and(|ty| ty.memory64);
        let mut runs = runs.into_iter().map(|(at, bytes)| {
            let at = match is_long {
                true => ConstExpr::i64_const(at as i64),
                false => ConstExpr::i32_const(at as u32 as i32),
            };
            prova_rewrite::Segment::active(memory.0, at, bytes)
        });
        numbers.push(runs.next().map(|first| {
            edit.data_changed.insert(index as u32, first);
            next += 1;
            next - 1
        }));
        edit.data.extend(runs);
    }
    let all = std::mem::take(&mut edit.numbers);
    edit.numbers = all.with(prova_rewrite::Space::Data, numbers);
}

/// The rest of a segment without runs of zeroes, by where each piece begins.
fn runs(contents: &[u8]) -> Vec<Run<'_>> {
    let mut found = Vec::new();
    // Where the present piece begins, and the end of its last byte that is not zero.
    let mut piece: Option<(usize, usize)> = None;
    for (at, &byte) in contents.iter().enumerate() {
        if byte == 0 {
            continue;
        }
        piece = match piece {
            Some((from, end)) if at - end < RUN_MIN => Some((from, at + 1)),
            Some((from, end)) => {
                found.push((from as u64, &contents[from..end]));
                Some((at, at + 1))
            }
            None => Some((at, at + 1)),
        };
    }
    found.extend(piece.map(|(from, end)| (from as u64, &contents[from..end])));
    found
}
