//! The price of the work of a call for its guest, in units of fuel.
//!
//! Work that a call does for its guest → units. Every call reads its prices here; the table in
//! `docs/semantics.md` (WASI) says which call pays what. Invariants:
//! 1. A price depends on the arguments, the guest's memory and what is found, never on the host's
//!    kind: the same run costs the same everywhere.
//! 2. Work that is bounded by the arguments is paid before it is done. Other work is done in pieces
//!    of at most [`PIECE_BYTES`] or one entry, each paid at once.
//!
//! A unit stands for 25 ns of the host's work at most, on an ordinary disk: as long as 50 units of
//! a plain loop. (The 32 units of any call of a host function count with those of [`CALL`].) Not so
//! where the host waits for its device: in `fd_sync` and synchronised writes on a slow one, and
//! where its file system waits when it gives blocks back. `tests/wasi/prices.rs` holds each call
//! against the table, and `examples/prices.rs` measures a unit of each call.

/// Every call.
pub(crate) const CALL: u64 = 16;
/// A vector of a read or write, besides its bytes.
pub(crate) const VECTOR: u64 = 32;
/// An argument or variable, besides its bytes.
pub(crate) const STRING: u64 = 8;
/// A component of a path, besides its bytes.
pub(crate) const COMPONENT: u64 = 64;
/// A symbolic link that is followed, besides the bytes and components of its target.
pub(crate) const LINK: u64 = 64;
/// The host's work for a path call beyond finding the file: to open it, to read its attributes.
pub(crate) const OPEN: u64 = 64;
/// A file's times or size that are set.
pub(crate) const ATTRIBUTES: u64 = 128;
/// A directory in which an entry is made, moved, removed or changed.
pub(crate) const CHANGE: u64 = 512;
/// An entry of a directory that is listed, besides the bytes of its name.
pub(crate) const LISTED: u64 = 32;
/// A subscription of `poll_oneoff`.
pub(crate) const SUBSCRIPTION: u64 = 64;
/// A directory that is made or removed, besides [`CHANGE`].
pub(crate) const DIRECTORY: u64 = 4_096;
/// Making data safe on the device: 5 ms.
pub(crate) const SYNC: u64 = 200_000;

/// Bytes that are filled, read or written between two questions whether the guest may go on.
pub(crate) const PIECE_BYTES: usize = 256 << 10;
/// Bytes of a file that are allocated between two such questions.
pub(crate) const ALLOCATE_PIECE_BYTES: u64 = 64 << 20;
/// Bytes of a file that are cut off, or advice is given for, between two such questions; more of
/// them where a file is so long that most of it must be holes.
pub(crate) const CUT_PIECE_BYTES: u64 = 1 << 30;

/// The price of allocating `bytes` of a file: one unit for each 32 bytes begun.
pub(crate) const fn allocated(bytes: u64) -> u64 {
    bytes.div_ceil(32)
}

/// The price of cutting off the last `bytes` of a file: one unit for each 1,024 bytes begun.
pub(crate) const fn cut(bytes: u64) -> u64 {
    bytes.div_ceil(1024)
}

/// The price of advice on `bytes` of a file: one unit for each 4,096 bytes begun.
pub(crate) const fn advised(bytes: u64) -> u64 {
    bytes.div_ceil(4096)
}

/// The price of a path, without the links that are followed.
pub(crate) fn path(path: &[u8]) -> u64 {
    let components = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).count();
    path.len() as u64 + COMPONENT * components as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_costs_its_bytes_and_its_components() {
        for (text, components) in [("", 0), ("a", 1), ("a/", 1), ("a//b", 2), ("./../a/", 3)] {
            assert_eq!(path(text.as_bytes()), text.len() as u64 + 64 * components, "{text}");
        }
    }

    #[test]
    fn prices_by_size_round_up_and_do_not_overflow() {
        assert_eq!([allocated(0), allocated(1), allocated(32), allocated(33)], [0, 1, 1, 2]);
        assert_eq!([cut(0), cut(1024), cut(1025), advised(4097)], [0, 1, 2, 2]);
        assert!(allocated(u64::MAX) < u64::MAX / 31);
    }
}
