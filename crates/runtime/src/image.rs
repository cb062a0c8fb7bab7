//! Memory images: the active data segments of a module → what its memories hold once they are all
//! written, to be mapped instead of written (specification 4.7.2, step *init*).
//!
//! Images are mapped into memories that nobody has written to; `sys::image` keeps the bytes.
//!
//! # Invariants
//! * G1. A module has images only if every active data segment has a constant offset and fits the
//!   least size of its memory: writing them cannot trap and depends on nothing.
//! * G2. The image of a memory and zeros around it are what writing all its active segments in
//!   order gives to a memory of zeros.
//!
//! Limits: an image spans at most twice the bytes of its segments and [`HOLES_BYTES_MAX`] more,
//! since what is read of it takes memory; a module has at most [`IMAGES_MAX`]. Making them takes
//! time in proportion to the segments.
//!
//! Noticed by: the tests here, `tests/store/images.rs`, and `crates/testing/tests/images.rs`, which
//! instantiates the modules of the specification suite both ways.

use crate::global::{self, Context};
use crate::memory::Memory;
use crate::sys::{Image, ImageId, page_bytes};
use prova_module::{ConstExpr, ConstOp, DataIdx, DataMode, MemoryIdx, Module};
use std::ops::Range;

/// The memories with segments that a module with images has at most: each image takes a file.
const IMAGES_MAX: usize = 4;

/// The bytes that an image may span beyond twice those of its segments.
const HOLES_BYTES_MAX: usize = 1 << 20;

/// The initial contents of a range of a memory.
#[derive(Debug)]
pub(crate) struct MemoryImage {
    /// Where it lies in the memory; whole pages of the system.
    start: usize,
    image: Image,
}

impl MemoryImage {
    /// The name of its bytes.
    pub(crate) fn id(&self) -> ImageId {
        self.image.id()
    }

    /// Puts it into a memory that is untouched; says whether it is there.
    pub(crate) fn map(&self, memory: &mut Memory) -> bool {
        memory.map_image(self.start, &self.image)
    }
}

/// A segment's place in its memory.
struct Place {
    segment: DataIdx,
    at: Range<usize>,
}

/// The images of a module, by memory; `None` for a memory without segments, or where there can be
/// no images at all.
///
/// There are none if the segments have fewer bytes than `from` together.
pub(crate) fn images(module: &Module, from: u64) -> Option<Box<[Option<MemoryImage>]>> {
    let mut places: Vec<Vec<Place>> = module.memories().iter().map(|_| Vec::new()).collect();
    let mut bytes = 0u64;
    for (data, index) in module.data().iter().zip(0..) {
        let DataMode::Active { memory, offset } = &data.mode else { continue };
        let at = place(module, *memory, offset, data.range.len())?;
        if !at.is_empty() {
            bytes = bytes.saturating_add(at.len() as u64);
            places.get_mut(memory.index())?.push(Place { segment: DataIdx(index), at });
        }
    }
    let memories = places.iter().filter(|places| !places.is_empty()).count();
    if bytes < from || memories > IMAGES_MAX {
        return None;
    }
    let image = |places: &Vec<Place>| match places.is_empty() {
        true => Some(None),
        false => Some(Some(image(module, places)?)),
    };
    places.iter().map(image).collect()
}

/// Where `len` bytes of an active segment go (G1); `None` if that is not known, or outside.
fn place(
    module: &Module,
    memory: MemoryIdx,
    offset: &ConstExpr,
    len: usize,
) -> Option<Range<usize>> {
    let depends = |op: &ConstOp| matches!(op, ConstOp::GlobalGet(_) | ConstOp::RefFunc(_));
    if offset.ops().iter().any(depends) {
        return None;
    }
    let nothing = Context { funcs: &[], globals: &[], store_globals: &[] };
    let [start, _] = global::evaluate(offset, &nothing);
    let ty = module.memory(memory)?;
    let end = start.checked_add(len as u64)?;
    let at = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
    (u128::from(end) <= u128::from(ty.min) << ty.page_size_log2).then_some(at)
}

/// The image of a memory by its segments in order (G2).
fn image(module: &Module, places: &[Place]) -> Option<MemoryImage> {
    let bytes: usize = places.iter().map(|place| place.at.len()).sum();
    let start = places.iter().map(|place| place.at.start).min()?;
    let end = places.iter().map(|place| place.at.end).max()?;
    let start = start - start % page_bytes();
    if end - start > bytes.saturating_mul(2).saturating_add(HOLES_BYTES_MAX) {
        return None;
    }
    let pieces =
        places.iter().map(|place| (place.at.start - start, module.data_bytes(place.segment)));
    Some(MemoryImage { start, image: Image::new(end - start, pieces)? })
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests;
