//! Types of memories, and their builder.

use crate::error::{Result, bail};
use prova_module as module;

/// The type of a memory.
///
/// ```
/// use prova_core::*;
///
/// let ty = MemoryType::new(1, Some(2));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.page_size()), (1, Some(2), 65536));
/// assert!(MemoryType::new64(1, None).is_64());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType(module::MemoryType);

impl MemoryType {
    /// A memory of `min` pages of 64 KiB that may grow to `max`.
    pub fn new(min: u32, max: Option<u32>) -> MemoryType {
        MemoryType(module::MemoryType {
            min: min.into(),
            max: max.map(u64::from),
            memory64: false,
            shared: false,
            page_size_log2: 16,
        })
    }

    /// A memory with 64-bit addresses.
    pub fn new64(min: u64, max: Option<u64>) -> MemoryType {
        let ty = MemoryType::new(0, None).0;
        MemoryType(module::MemoryType { min, max, memory64: true, ..ty })
    }

    /// A memory that threads share, with 32-bit addresses.
    pub fn shared(min: u32, max: u32) -> MemoryType {
        let ty = MemoryType::new(min, Some(max)).0;
        MemoryType(module::MemoryType { shared: true, ..ty })
    }

    /// Whether threads share it.
    pub fn is_shared(&self) -> bool {
        self.0.shared
    }

    /// Least size in pages.
    pub fn minimum(&self) -> u64 {
        self.0.min
    }

    /// Greatest size in pages.
    pub fn maximum(&self) -> Option<u64> {
        self.0.max
    }

    /// Whether addresses are 64-bit.
    pub fn is_64(&self) -> bool {
        self.0.memory64
    }

    /// Size of a page in bytes.
    pub fn page_size(&self) -> u64 {
        1 << self.page_size_log2()
    }

    /// log2 of the size of a page in bytes.
    pub fn page_size_log2(&self) -> u8 {
        // 0 or 16 in every valid type.
        self.0.page_size_log2 as u8
    }

    /// Begins a type of which more than limits is chosen.
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }

    pub(crate) fn of_module(ty: &module::MemoryType) -> MemoryType {
        MemoryType(*ty)
    }

    pub(crate) fn to_module(&self) -> module::MemoryType {
        self.0
    }
}

/// Builds a [`MemoryType`]: pages of one byte, or 64-bit addresses.
///
/// ```
/// use prova_core::*;
///
/// let bytes = MemoryType::builder().min(100).max(Some(200)).page_size_log2(0).build()?;
/// assert_eq!((bytes.page_size(), bytes.maximum()), (1, Some(200)));
/// assert!(MemoryType::builder().page_size_log2(1).build().is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryTypeBuilder(module::MemoryType);

impl MemoryTypeBuilder {
    /// A memory with 32-bit addresses and no page, of 64 KiB each, that may grow.
    pub fn new() -> MemoryTypeBuilder {
        MemoryTypeBuilder(MemoryType::new(0, None).0)
    }

    /// Least size in pages; 0 by default.
    pub fn min(&mut self, pages: u64) -> &mut MemoryTypeBuilder {
        self.0.min = pages;
        self
    }

    /// Greatest size in pages; none by default.
    pub fn max(&mut self, pages: Option<u64>) -> &mut MemoryTypeBuilder {
        self.0.max = pages;
        self
    }

    /// Whether addresses are 64-bit; off by default.
    pub fn memory64(&mut self, on: bool) -> &mut MemoryTypeBuilder {
        self.0.memory64 = on;
        self
    }

    /// Whether threads share it, which needs a greatest size; off by default.
    pub fn shared(&mut self, on: bool) -> &mut MemoryTypeBuilder {
        self.0.shared = on;
        self
    }

    /// log2 of the size of a page in bytes: 16, or 0.
    pub fn page_size_log2(&mut self, log2: u8) -> &mut MemoryTypeBuilder {
        self.0.page_size_log2 = log2.into();
        self
    }

    /// The type.
    ///
    /// # Errors
    /// If it is shared and has no greatest size, has pages of another size than the two that there
    /// are, or is one that no module could declare.
    pub fn build(&self) -> Result<MemoryType> {
        let module::MemoryType { min, max, memory64, shared, page_size_log2 } = self.0;
        if shared && max.is_none() {
            bail!("a shared memory has a greatest size");
        }
        if !matches!(page_size_log2, 0 | 16) {
            bail!("a page has 2^16 bytes or 2^0, not 2^{page_size_log2}");
        }
        let bits = if memory64 { 64 } else { 32 };
        // 2^64 pages of a byte are more than a number of pages can say.
        let greatest = 1u64.checked_shl(bits - page_size_log2).unwrap_or(u64::MAX);
        if max.is_some_and(|max| max < min) {
            bail!("the greatest size is below the least");
        }
        if max.unwrap_or(min) > greatest {
            bail!("a memory with {bits}-bit addresses has at most {greatest} pages of this size");
        }
        Ok(MemoryType(self.0))
    }
}

impl Default for MemoryTypeBuilder {
    fn default() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }
}
