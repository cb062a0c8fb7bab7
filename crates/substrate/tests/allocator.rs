//! The allocator against a plain model, under random sequences.
//!
//! The model keeps lists of free blocks as vectors and looks at no header; it is written from the
//! specification's words (B.9) and shares no code. 2,000 sequences of 50 steps run by default (10^5
//! steps); `PROVA_CASES_MAX` multiplies the sequences. Green does not show what happens when a
//! runtime overwrites headers: `headers_that_were_overwritten_are_noticed` has some such cases.

use prova_random::Rng;
use prova_substrate::{Allocator, AllocatorError, Order};
use std::collections::BTreeMap;

/// How often as many cases as by default.
fn factor() -> u64 {
    std::env::var("PROVA_CASES_MAX").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

struct Model {
    end: u64,
    size: u64,
    free: BTreeMap<u64, Vec<u64>>,
    used: BTreeMap<u64, u64>,
}

impl Model {
    fn new(heap_base: u64, size: u64) -> Model {
        let end = heap_base.div_ceil(8) * 8;
        Model { end, size, free: BTreeMap::new(), used: BTreeMap::new() }
    }

    fn allocate(&mut self, size: u64) -> Option<u64> {
        if size > 32 * 1024 * 1024 {
            return None;
        }
        let mut block = 8;
        while block < size {
            block *= 2;
        }
        let at = match self.free.entry(block).or_default().pop() {
            Some(at) => at,
            None => {
                let at = self.end + 8;
                if at + block > self.size {
                    return None;
                }
                self.end = at + block;
                at
            }
        };
        self.used.insert(at, block);
        Some(at)
    }

    fn free(&mut self, at: u64) -> bool {
        match self.used.remove(&at) {
            Some(block) => {
                self.free.entry(block).or_default().push(at);
                true
            }
            None => false,
        }
    }
}

#[test]
fn random_sequences_agree_with_the_model() {
    let mut errors = 0;
    for case in 0..2_000 * factor() {
        let mut random = Rng::of(14, case);
        let size = 1 << random.between(8, 18);
        let base = random.below(size / 2);
        let mut memory = vec![0xa5; size];
        let (mut allocator, mut model) =
            (Allocator::new(base as u32), Model::new(base as u64, size as u64));
        for _ in 0..50 {
            let used: Vec<u64> = model.used.keys().copied().collect();
            if used.is_empty() || random.percent(60) {
                let largest = 1 << random.between(0, 14);
                let wanted = random.below(largest + 1) as u32;
                let (got, expected) =
                    (allocator.allocate(&mut memory, wanted), model.allocate(wanted.into()));
                assert_eq!(got.ok().map(u64::from), expected, "case {case}");
                match expected {
                    // The runtime writes into its blocks, and no header lies in one.
                    Some(at) => {
                        let bytes = at as usize..at as usize + wanted as usize;
                        memory[bytes].fill(random.below(256) as u8);
                    }
                    None => {
                        errors += 1;
                        let after = allocator.allocate(&mut memory, 0);
                        assert_eq!(after, Err(AllocatorError::Poisoned));
                        break;
                    }
                }
            } else {
                let at = *random.pick(&used);
                assert!(model.free(at));
                assert_eq!(allocator.deallocate(&mut memory, at as u32), Ok(()), "case {case}");
            }
            let in_use: u64 = model.used.values().map(|block| block + 8).sum();
            assert_eq!(allocator.in_use_bytes(), in_use);
        }
    }
    assert!(errors > 50, "heaps are exhausted too: {errors}");
}

#[test]
fn orders_are_powers_of_two_with_a_limit() {
    for (size, bytes) in [(0, 8), (1, 8), (8, 8), (9, 16), (16, 16), (17, 32), (4097, 8192)] {
        assert_eq!(Order::of_size(size).unwrap().size_bytes(), bytes);
    }
    assert_eq!(Order::of_size(32 << 20).unwrap().size_bytes(), 32 << 20);
    assert_eq!(Order::of_size((32 << 20) + 1), Err(AllocatorError::TooLarge((32 << 20) + 1)));
    assert_eq!(Order::of_size(u32::MAX), Err(AllocatorError::TooLarge(u32::MAX)));
}

/// The header's layout, byte by byte: it lies in the runtime's memory, where code could hash it.
#[test]
fn headers_have_the_layout_of_every_client() {
    let mut memory = vec![0; 256];
    let mut allocator = Allocator::new(13);
    assert_eq!(allocator.allocate(&mut memory, 9), Ok(24));
    assert_eq!(memory[16..24], [1, 0, 0, 0, 1, 0, 0, 0], "order 1, occupied");
    assert_eq!(allocator.allocate(&mut memory, 16), Ok(48));
    allocator.deallocate(&mut memory, 24).unwrap();
    assert_eq!(memory[16..24], [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], "the end of the list");
    allocator.deallocate(&mut memory, 48).unwrap();
    assert_eq!(memory[40..48], [16, 0, 0, 0, 0, 0, 0, 0], "the header of the next free block");
    assert_eq!(allocator.allocate(&mut memory, 16), Ok(48), "the last one freed is the first");
}

#[test]
fn a_heap_may_be_used_up_to_its_last_byte() {
    let mut memory = vec![0; 64];
    let mut allocator = Allocator::new(0);
    assert_eq!(allocator.allocate(&mut memory, 16), Ok(8));
    assert_eq!(allocator.allocate(&mut memory, 32), Ok(32));
    assert_eq!(allocator.allocate(&mut memory, 1), Err(AllocatorError::OutOfSpace));
    let mut allocator = Allocator::new(1);
    assert_eq!(allocator.allocate(&mut memory, 32), Ok(16));
    assert_eq!(allocator.allocate(&mut memory, 16), Err(AllocatorError::OutOfSpace));
    let mut allocator = Allocator::new(u32::MAX);
    assert_eq!(allocator.allocate(&mut memory, 1), Err(AllocatorError::OutOfSpace));
}

#[test]
fn headers_that_were_overwritten_are_noticed() {
    let fresh = || {
        let mut memory = vec![0; 4096];
        let mut allocator = Allocator::new(64);
        let blocks: Vec<u32> =
            (0..4).map(|_| allocator.allocate(&mut memory, 8).unwrap()).collect();
        (memory, allocator, blocks)
    };
    let (mut memory, mut allocator, blocks) = fresh();
    allocator.deallocate(&mut memory, blocks[0]).unwrap();
    let twice = allocator.deallocate(&mut memory, blocks[0]);
    assert_eq!(twice, Err(AllocatorError::NoBlock(blocks[0])));
    assert_eq!(allocator.deallocate(&mut memory, blocks[1]), Err(AllocatorError::Poisoned));

    let (mut memory, mut allocator, _) = fresh();
    assert_eq!(allocator.deallocate(&mut memory, 7), Err(AllocatorError::NoBlock(7)));
    let (mut memory, mut allocator, _) = fresh();
    let beyond = allocator.deallocate(&mut memory, 8192);
    assert_eq!(beyond, Err(AllocatorError::BadHeader(8184)));

    let (mut memory, mut allocator, blocks) = fresh();
    memory[blocks[2] as usize - 8] = 23;
    let order = allocator.deallocate(&mut memory, blocks[2]);
    assert_eq!(order, Err(AllocatorError::BadHeader(blocks[2] - 8)), "there are 23 orders");

    // A free block whose header was made to point outside of the memory, and to a used block.
    for (next, refused) in [(u32::MAX - 1, u32::MAX - 1), (4092, 4092), (64 + 16, 64 + 16)] {
        let (mut memory, mut allocator, blocks) = fresh();
        allocator.deallocate(&mut memory, blocks[3]).unwrap();
        let header = blocks[3] as usize - 8;
        memory[header..header + 4].copy_from_slice(&next.to_le_bytes());
        assert_eq!(allocator.allocate(&mut memory, 8), Ok(blocks[3]));
        let got = allocator.allocate(&mut memory, 8);
        assert_eq!(got, Err(AllocatorError::BadHeader(refused)), "{next:#x}");
    }

    // A used block that claims a greater order: more is freed than was ever allocated.
    let (mut memory, mut allocator, blocks) = fresh();
    memory[blocks[0] as usize - 8] = 20;
    assert_eq!(allocator.deallocate(&mut memory, blocks[0]), Err(AllocatorError::Underflow));
}
