//! A tiny runtime of a chain, for the tests of `prova substrate`: two versions of one source.
//!
//! An extrinsic is a byte and its arguments: 0 sets a key (of one byte's length before it) to the
//! rest, 1 sets `:code` to the rest. Version 2 (`--cfg v2`) writes values backwards, so a block
//! shows which version executed it. `build.sh` builds both.
//!
//! It is a guest: `unsafe` here is a call of a host function, which takes and gives addresses of
//! this memory, or a slice of bytes that such a function or the caller has just placed there. A
//! sandbox holds it, whatever it does.

#![no_std]
#![no_builtins]
#![no_main]

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    #[cfg(v2)]
    fn ext_allocator_malloc_version_1(size: u32) -> u32;
    fn ext_logging_log_version_1(level: u32, target: u64, message: u64);
    fn ext_storage_get_version_1(key: u64) -> u64;
    fn ext_storage_set_version_1(key: u64, value: u64);
    fn ext_storage_root_version_2(version: u32) -> u64;
    fn ext_trie_blake2_256_ordered_root_version_2(values: u64, version: u32) -> u32;
}

#[cfg(not(v2))]
const VERSION: u8 = 1;
#[cfg(v2)]
const VERSION: u8 = 2;

/// The interface `Core`, version 4.
const CORE: [u8; 12] = [0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b, 4, 0, 0, 0];

/// Names, versions, no interfaces, version of transactions, version of the state.
#[used]
#[unsafe(link_section = "runtime_version")]
static SECTION: [u8; 28] = [
    16, b't', b'i', b'n', b'y', 16, b't', b'i', b'n', b'y', 1, 0, 0, 0, VERSION, 0, 0, 0, 1, 0, 0,
    0, 0, 1, 0, 0, 0, 1,
];

#[used]
#[unsafe(link_section = "runtime_apis")]
static APIS: [u8; 12] = CORE;

/// The same with the interface, as `Core_version` gives it.
static ENCODED: [u8; 40] = {
    let head = [
        16, b't', b'i', b'n', b'y', 16, b't', b'i', b'n', b'y', 1, 0, 0, 0, VERSION, 0, 0, 0, 1, 0,
        0, 0, 4,
    ];
    let mut all = [0; 40];
    let mut i = 0;
    while i < 23 {
        all[i] = head[i];
        i += 1;
    }
    let mut j = 0;
    while j < 12 {
        all[i + j] = CORE[j];
        j += 1;
    }
    all[35] = 1;
    all[39] = 1;
    all
};

static METADATA: [u8; 10] = [36, b'm', b'e', b't', b'a', VERSION, 0, 0, 0, 0];

fn packed(bytes: &[u8]) -> u64 {
    bytes.as_ptr() as u64 | (bytes.len() as u64) << 32
}

/// Stops with a message, as the panic handlers of runtimes do.
fn stop(message: &str) -> ! {
    unsafe { ext_logging_log_version_1(0, packed(b"tiny"), packed(message.as_bytes())) };
    core::arch::wasm32::unreachable()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// What is not read yet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        match self.0.split_at_checked(len) {
            Some((taken, rest)) => {
                self.0 = rest;
                taken
            }
            None => stop("the block ends too early"),
        }
    }

    fn compact(&mut self) -> usize {
        let first = self.take(1)[0] as usize;
        match first & 3 {
            0 => first >> 2,
            1 => (first | (self.take(1)[0] as usize) << 8) >> 2,
            2 => {
                let rest = self.take(3);
                (first | (rest[0] as usize) << 8 | (rest[1] as usize) << 16
                    | (rest[2] as usize) << 24) >> 2
            }
            _ => stop("a number is too large"),
        }
    }
}

fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

#[cfg(not(v2))]
fn set(key: &[u8], value: &[u8]) {
    unsafe { ext_storage_set_version_1(packed(key), packed(value)) };
}

#[cfg(v2)]
fn set(key: &[u8], value: &[u8]) {
    unsafe {
        let place = ext_allocator_malloc_version_1(value.len() as u32) as *mut u8;
        for (i, byte) in value.iter().rev().enumerate() {
            place.add(i).write(*byte);
        }
        let value = place as u64 | (value.len() as u64) << 32;
        ext_storage_set_version_1(packed(key), value);
    }
}

#[unsafe(no_mangle)]
extern "C" fn Core_version(_: u32, _: u32) -> u64 {
    packed(&ENCODED)
}

#[unsafe(no_mangle)]
extern "C" fn Metadata_metadata(_: u32, _: u32) -> u64 {
    packed(&METADATA)
}

/// The value of the key that is the input, as `Option<Vec<u8>>`.
#[unsafe(no_mangle)]
extern "C" fn Tiny_get(at: u32, len: u32) -> u64 {
    unsafe { ext_storage_get_version_1(u64::from(at) | u64::from(len) << 32) }
}

#[unsafe(no_mangle)]
extern "C" fn Core_execute_block(at: u32, len: u32) -> u64 {
    let mut input = Input(unsafe { core::slice::from_raw_parts(at as *const u8, len as usize) });
    let parent = input.take(32);
    let number = input.compact();
    let state_root = input.take(32);
    let extrinsics_root = input.take(32);
    if input.compact() != 0 {
        stop("a digest is not expected");
    }
    // The list of extrinsics as it stands is what the root is of.
    let root = unsafe { ext_trie_blake2_256_ordered_root_version_2(packed(input.0), 1) };
    let root = unsafe { core::slice::from_raw_parts(root as *const u8, 32) };
    if !equal(root, extrinsics_root) {
        stop("Transaction trie root must be valid.");
    }
    for _ in 0..input.compact() {
        let len = input.compact();
        let mut extrinsic = Input(input.take(len));
        match extrinsic.take(1)[0] {
            0 => {
                let len = extrinsic.take(1)[0] as usize;
                set(extrinsic.take(len), extrinsic.0);
            }
            1 => unsafe { ext_storage_set_version_1(packed(b":code"), packed(extrinsic.0)) },
            _ => stop("there is no such extrinsic"),
        }
    }
    let number = [number as u8];
    unsafe { ext_storage_set_version_1(packed(b"number"), packed(&number)) };
    unsafe { ext_storage_set_version_1(packed(b"parent"), packed(parent)) };
    let root = unsafe { ext_storage_root_version_2(1) };
    let root = unsafe { core::slice::from_raw_parts(root as u32 as *const u8, (root >> 32) as usize) };
    if !equal(root, state_root) {
        stop("Storage root must match that calculated.");
    }
    0
}
