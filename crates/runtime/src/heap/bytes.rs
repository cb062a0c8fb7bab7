//! The bytes of the region: numbers and ranges, in what is committed.

use super::{Bits, Heap};
use std::ops::Range;

/// Accesses.
impl Heap {
    /// The committed bytes.
    #[inline]
    pub(super) fn all(&self) -> &[u8] {
        match &self.region {
            // SAFETY: S2 of `sys`: the first `committed` bytes are initialised and ours alone; they
            // are borrowed from the heap as long as the slice is.
            Some(region) => unsafe {
                std::slice::from_raw_parts(region.base().as_ptr(), region.committed())
            },
            None => &[],
        }
    }

    #[inline]
    fn all_mut(&mut self) -> &mut [u8] {
        match &mut self.region {
            // SAFETY: S2 of `sys`, as above; the heap is borrowed as a whole.
            Some(region) => unsafe {
                std::slice::from_raw_parts_mut(region.base().as_ptr(), region.committed())
            },
            None => &mut [],
        }
    }

    /// Bytes, to write; `None` outside of what is committed.
    pub(crate) fn get_mut(&mut self, range: Range<u64>) -> Option<&mut [u8]> {
        let range = index(range)?;
        self.all_mut().get_mut(range)
    }

    /// Copies bytes to another place, which may overlap them.
    pub(crate) fn copy_within(&mut self, from: Range<u64>, to: u64) -> Option<()> {
        let (from, to) = (index(from)?, usize::try_from(to).ok()?);
        let all = self.all_mut();
        let end = to.checked_add(from.end.checked_sub(from.start)?)?;
        if from.end > all.len() || end > all.len() {
            return None;
        }
        all.copy_within(from, to);
        Some(())
    }
}

fn index(range: Range<u64>) -> Option<Range<usize>> {
    Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

macro_rules! accesses {
    ($($ty:ident $read:ident $write:ident;)*) => {
        impl Heap {
            $(
                /// A number at an offset, little endian; `None` outside of what is committed.
                #[inline]
                pub(crate) fn $read(&self, at: u64) -> Option<$ty> {
                    let bytes = self.all().get(usize::try_from(at).ok()?..)?.first_chunk()?;
                    Some($ty::from_le_bytes(*bytes))
                }

                /// Writes a number to an offset.
                #[inline]
                pub(crate) fn $write(&mut self, at: u64, value: $ty) -> Option<()> {
                    let at = usize::try_from(at).ok()?;
                    *self.all_mut().get_mut(at..)?.first_chunk_mut()? = value.to_le_bytes();
                    Some(())
                }
            )*
        }
        $(impl Bits for $ty {
            #[inline(always)]
            fn read(heap: &Heap, at: u64) -> Option<$ty> {
                heap.$read(at)
            }

            #[inline(always)]
            fn write(self, heap: &mut Heap, at: u64) -> Option<()> {
                heap.$write(at, self)
            }
        })*
    };
}
accesses! {
    u64 read_u64 write_u64;
    u32 read_u32 write_u32;
    u16 read_u16 write_u16;
    u8 read_u8 write_u8;
}
