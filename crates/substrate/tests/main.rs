//! The tests of this crate as one program, which links once: a file is a module.

mod allocator;
mod blobs;
mod blocks;
mod hostile_runtimes;
mod memories;
mod metering;
mod migration;
mod proofs;
mod scale;
mod signatures;
mod state_files;
mod storage;
mod trie;
mod upgrade;
