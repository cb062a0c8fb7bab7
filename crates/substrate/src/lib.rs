//! A host for the runtimes of Substrate chains: a chain's code and state → the result of a call.
//!
//! A chain's state transition is a WebAssembly module that lies in its own state, under `:code`.
//! This crate unpacks it, gives each call a fresh instance, and serves the host functions that
//! runtimes import: storage, tries, hashes, signatures, an allocator.
//!
//! ```text
//! blob ─► Code ─► Runtime ── call(Storage, entry, input) ─► Outcome
//!                    │ instance, FreeingBump ◄── host functions ─► Storage (backend, changes)
//! block + parent state ─► execute_block ─► Storage after it, state root accepted
//! ```
//!
//! The protocol follows the Polkadot specification (chapters 2 and 8, appendix B). A runtime's
//! observations are the same in every tier of Prova, fuel included.
//!
//! # Invariants
//! * S1. A call that fails leaves its [`Storage`] as it was.
//! * S2. Every call has a new instance: no global, table or byte of a memory survives one.
//! * S3. Nothing here depends on time, on addresses, or on the order of a hash table.
//!
//! # Limits
//! Each thing that comes from outside has a named bound: [`CODE_BYTES_MAX`], [`HEAP_PAGES_MAX`],
//! [`CHANGES_BYTES_MAX`], [`STATE_BYTES_MAX`], [`LOG_BYTES_MAX`], [`PROOF_NODES_MAX`],
//! [`METERED_BYTES_MAX`]. Fuel bounds the rest; host functions pay it too.
//!
//! This crate knows neither the tiers nor argument parsing: it takes a [`prova_core::Engine`].

mod allocator;
mod blob;
mod block;
mod block_file;
mod changes;
mod error;
mod functions;
mod hash;
mod host;
mod imports;
mod json;
mod memory;
mod merged;
mod metering;
mod proof;
mod runtime;
mod signature;
mod state_file;
mod storage;
mod trie;
mod version;
mod written;
mod zstd;

pub use allocator::{Allocator, AllocatorError, ORDERS, Order};
pub use blob::{CODE_BYTES_MAX, Code};
pub use block::{Block, Executed, Header, check_parent_state, execute_block};
pub use block_file::parse_block_file;
pub use changes::{CHANGES_BYTES_MAX, Changes};
pub use error::{Fault, Rule, SubstrateError};
pub use functions::names as host_functions;
pub use hash::{Hasher, blake2_128, blake2_256, keccak_256, keccak_512, sha2_256, twox};
pub use host::LOG_BYTES_MAX;
pub use host::LogLine;
pub use imports::MissingImports;
pub use metering::{METERED_BYTES_MAX, STACK_VALUES_DEFAULT, meter_stack};
pub use proof::{PROOF_NODES_MAX, verify_proof};
pub use runtime::{
    CallOptions, HEAP_PAGES_DEFAULT, HEAP_PAGES_MAX, Outcome, Runtime, RuntimeOptions, configure,
};
pub use signature::{
    RecoverError, ecdsa_recover, ecdsa_recover_lax, ed25519_verify, sr25519_verify,
    sr25519_verify_lax,
};
pub use state_file::{STATE_BYTES_MAX, parse_state};
pub use storage::{CHILD_PREFIX, CODE_KEY, HEAP_PAGES_KEY, Removal, Storage, Trie};
pub use trie::{StateVersion, ordered_root, root};
pub use version::{ApiVersion, RuntimeVersion};
