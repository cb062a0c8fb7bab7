//! The allocator of runtimes' heaps: sizes → addresses, exactly as every client of a chain.
//!
//! It is a *freeing bump* allocator (`sc-allocator`, `freeing_bump.rs`; Polkadot specification
//! B.9): a size is rounded up to a power of two, its *order*; each order has a list of free blocks,
//! and where that is empty the block is cut from the end of the heap. Space goes back to its
//! order's list and never further. Where a heap is exhausted is part of consensus, so every client
//! needs the same one.
//!
//! Each block has a header of 8 bytes before it, little endian: bit 32 says that it is occupied.
//! The low half is then its order, otherwise the header's address of the next free block of its
//! order, or `u32::MAX` at the end.
//!
//! # Invariants
//! * A1. The heap begins at `__heap_base` rounded up to 8; every header is at a multiple of 8.
//! * A2. After an error the allocator answers nothing any more (it is *poisoned*): headers lie in
//!   the runtime's own memory, and it may have overwritten them.
//! * A3. Nothing outside of the memory is read or written, for any headers.
//!
//! The memory is one that does not grow (the *static* strategy, which chains use): the bound of the
//! heap is its size. `tests/allocator.rs` compares with a plain model.

use std::fmt;

/// The number of orders: blocks of 8 bytes to 32 MiB.
pub const ORDERS: usize = 23;

const ALIGNMENT: u32 = 8;
const HEADER_BYTES: u32 = 8;
const BLOCK_BYTES_MIN: u32 = 8;
const BLOCK_BYTES_MAX: u32 = 32 << 20;
const NIL: u32 = u32::MAX;
const OCCUPIED: u64 = 1 << 32;

/// Why the allocator refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocatorError {
    /// An earlier call failed.
    Poisoned,
    /// More than 32 MiB are asked for at once.
    TooLarge(u32),
    /// The heap is exhausted.
    OutOfSpace,
    /// A header in a list is not of a free block, or not inside the memory.
    BadHeader(u32),
    /// The freed address is no block.
    NoBlock(u32),
    /// More is freed than was allocated.
    Underflow,
}

impl fmt::Display for AllocatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllocatorError::Poisoned => f.write_str("the allocator failed before"),
            AllocatorError::TooLarge(size) => {
                write!(f, "{size} bytes are more than the allocator gives at once (33554432)")
            }
            AllocatorError::OutOfSpace => f.write_str("Allocator ran out of space"),
            AllocatorError::BadHeader(at) => {
                write!(f, "the allocator's header at {at:#x} was overwritten")
            }
            AllocatorError::NoBlock(at) => write!(f, "{at:#x} is no allocated block"),
            AllocatorError::Underflow => f.write_str("more is freed than was allocated"),
        }
    }
}

impl std::error::Error for AllocatorError {}

/// The size class of a block: it has `8 << order` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(u32);

impl Order {
    /// The smallest order of at least `size` bytes.
    ///
    /// # Errors
    /// [`AllocatorError::TooLarge`] above 32 MiB.
    pub fn of_size(size: u32) -> Result<Order, AllocatorError> {
        if size > BLOCK_BYTES_MAX {
            return Err(AllocatorError::TooLarge(size));
        }
        let power = size.max(BLOCK_BYTES_MIN).next_power_of_two();
        Ok(Order(power.trailing_zeros() - BLOCK_BYTES_MIN.trailing_zeros()))
    }

    /// The bytes of its blocks, headers aside.
    pub fn size_bytes(self) -> u32 {
        BLOCK_BYTES_MIN << self.0
    }
}

/// The content of a header.
enum Header {
    Free { next: u32 },
    Occupied(Order),
}

/// A heap's allocator; the memory is given to each call.
#[derive(Clone, Debug)]
pub struct Allocator {
    /// The end of what was ever allocated.
    bumper: u32,
    heap_base: u32,
    /// The header of the first free block of each order, or [`NIL`].
    free: [u32; ORDERS],
    poisoned: bool,
    in_use_bytes: u64,
    peak_bytes: u64,
}

impl Allocator {
    /// The allocator of a heap that begins at `heap_base`, rounded up to 8.
    pub fn new(heap_base: u32) -> Allocator {
        let base = heap_base.checked_next_multiple_of(ALIGNMENT).unwrap_or(u32::MAX);
        Allocator {
            bumper: base,
            heap_base: base,
            free: [NIL; ORDERS],
            poisoned: false,
            in_use_bytes: 0,
            peak_bytes: 0,
        }
    }

    /// Gives the address of a new block of at least `size` bytes; what is in it is not defined.
    ///
    /// # Errors
    /// Those of [`AllocatorError`]; after one, always [`AllocatorError::Poisoned`].
    pub fn allocate(&mut self, memory: &mut [u8], size: u32) -> Result<u32, AllocatorError> {
        self.guarded(|this| this.allocate_block(memory, size))
    }

    /// Takes a block back.
    ///
    /// # Errors
    /// As [`Allocator::allocate`].
    pub fn deallocate(&mut self, memory: &mut [u8], at: u32) -> Result<(), AllocatorError> {
        self.guarded(|this| this.free_block(memory, at))
    }

    /// The bytes of all blocks in use, headers included.
    pub fn in_use_bytes(&self) -> u64 {
        self.in_use_bytes
    }

    /// The greatest value that [`Allocator::in_use_bytes`] ever had.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// The bytes that were ever cut from the heap.
    pub fn extent_bytes(&self) -> u32 {
        self.bumper - self.heap_base
    }

    /// A2.
    fn guarded<R>(
        &mut self,
        act: impl FnOnce(&mut Allocator) -> Result<R, AllocatorError>,
    ) -> Result<R, AllocatorError> {
        if self.poisoned {
            return Err(AllocatorError::Poisoned);
        }
        let result = act(self);
        self.poisoned = result.is_err();
        result
    }

    fn allocate_block(&mut self, memory: &mut [u8], size: u32) -> Result<u32, AllocatorError> {
        let order = Order::of_size(size)?;
        let first = self.free[order.0 as usize];
        let header = if first == NIL {
            self.bump(memory, order)?
        } else {
            let end = u64::from(first) + u64::from(order.size_bytes()) + u64::from(HEADER_BYTES);
            if end > memory.len() as u64 {
                return Err(AllocatorError::BadHeader(first));
            }
            match read_header(memory, first)? {
                Header::Free { next } => self.free[order.0 as usize] = next,
                Header::Occupied(_) => return Err(AllocatorError::BadHeader(first)),
            }
            first
        };
        write_word(memory, header, OCCUPIED | u64::from(order.0))?;
        self.in_use_bytes += u64::from(order.size_bytes() + HEADER_BYTES);
        self.peak_bytes = self.peak_bytes.max(self.in_use_bytes);
        Ok(header + HEADER_BYTES)
    }

    fn free_block(&mut self, memory: &mut [u8], at: u32) -> Result<(), AllocatorError> {
        let header = at.checked_sub(HEADER_BYTES).ok_or(AllocatorError::NoBlock(at))?;
        let order = match read_header(memory, header)? {
            Header::Occupied(order) => order,
            Header::Free { .. } => return Err(AllocatorError::NoBlock(at)),
        };
        let next = std::mem::replace(&mut self.free[order.0 as usize], header);
        write_word(memory, header, u64::from(next))?;
        let bytes = u64::from(order.size_bytes() + HEADER_BYTES);
        self.in_use_bytes =
            self.in_use_bytes.checked_sub(bytes).ok_or(AllocatorError::Underflow)?;
        Ok(())
    }

    /// Cuts a block from the end.
    fn bump(&mut self, memory: &[u8], order: Order) -> Result<u32, AllocatorError> {
        let header = self.bumper;
        let bytes = order.size_bytes() + HEADER_BYTES;
        if u64::from(header) + u64::from(bytes) > memory.len() as u64 {
            return Err(AllocatorError::OutOfSpace);
        }
        // A memory of 4 GiB ends at 2^32, which no later block can reach.
        self.bumper = header.saturating_add(bytes);
        Ok(header)
    }
}

/// The eight bytes at an address (A3).
fn read_header(memory: &[u8], at: u32) -> Result<Header, AllocatorError> {
    let bytes = memory.get(at as usize..).and_then(|rest| rest.first_chunk::<8>());
    let word = u64::from_le_bytes(*bytes.ok_or(AllocatorError::BadHeader(at))?);
    let low = word as u32;
    if word & OCCUPIED == 0 {
        return Ok(Header::Free { next: low });
    }
    if low as usize >= ORDERS {
        return Err(AllocatorError::BadHeader(at));
    }
    Ok(Header::Occupied(Order(low)))
}

fn write_word(memory: &mut [u8], at: u32, word: u64) -> Result<(), AllocatorError> {
    let bytes = memory.get_mut(at as usize..).and_then(|rest| rest.first_chunk_mut::<8>());
    *bytes.ok_or(AllocatorError::BadHeader(at))? = word.to_le_bytes();
    Ok(())
}
