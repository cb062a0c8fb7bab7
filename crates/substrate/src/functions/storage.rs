//! `ext_storage_*`, `ext_trie_*`: the main trie, transactions, roots of lists.

use super::{Row, row};
use crate::error::Rule;
use crate::hash::Hasher;
use crate::host::Call;
use crate::storage::{Removal, Trie};
use crate::trie::{self, StateVersion};
use parity_scale_codec::{Compact, Decode, Encode};
use prova_core::Result;

pub(crate) const ROWS: &[Row] = &[
    row("ext_storage_set_version_1", "II", "", |c, a| set(c, &Trie::Main, a[0], a[1])),
    row("ext_storage_get_version_1", "I", "I", |c, a| get(c, &Trie::Main, a[0])),
    row("ext_storage_read_version_1", "IIi", "I", |c, a| read(c, &Trie::Main, a)),
    row("ext_storage_clear_version_1", "I", "", |c, a| clear(c, &Trie::Main, a[0])),
    row("ext_storage_exists_version_1", "I", "i", |c, a| exists(c, &Trie::Main, a[0])),
    row("ext_storage_clear_prefix_version_1", "I", "", |c, a| {
        clear_prefix(c, &Trie::Main, a[0], None)?;
        Ok(0)
    }),
    row("ext_storage_clear_prefix_version_2", "II", "I", |c, a| {
        let limit = optional_u32(c, a[1])?;
        let removal = clear_prefix(c, &Trie::Main, a[0], limit)?;
        give_removal(c, removal)
    }),
    row("ext_storage_append_version_1", "II", "", append),
    row("ext_storage_root_version_1", "", "I", |c, _| root(c, StateVersion::V0)),
    row("ext_storage_root_version_2", "i", "I", |c, a| {
        let version = state_version(c, a[0])?;
        root(c, version)
    }),
    row("ext_storage_changes_root_version_1", "I", "I", |c, _| c.give(&[0])),
    row("ext_storage_next_key_version_1", "I", "I", |c, a| next_key(c, &Trie::Main, a[0])),
    row("ext_storage_start_transaction_version_1", "", "", |c, _| {
        let done = c.host.storage.start_transaction();
        c.ok(done).map(|()| 0)
    }),
    row("ext_storage_rollback_transaction_version_1", "", "", |c, _| {
        c.pay(c.host.storage.top_entries())?;
        let done = c.host.storage.rollback_transaction();
        c.ok(done).map(|()| 0)
    }),
    row("ext_storage_commit_transaction_version_1", "", "", |c, _| {
        c.pay(c.host.storage.top_entries())?;
        let done = c.host.storage.commit_transaction();
        c.ok(done).map(|()| 0)
    }),
    // No proof is recorded.
    row("ext_storage_proof_size_storage_proof_size_version_1", "", "I", |_, _| Ok(u64::MAX)),
    row("ext_trie_blake2_256_root_version_1", "I", "i", |c, a| {
        pairs_root(c, Hasher::Blake2, a[0], StateVersion::V0)
    }),
    row("ext_trie_blake2_256_root_version_2", "Ii", "i", |c, a| {
        let version = state_version(c, a[1])?;
        pairs_root(c, Hasher::Blake2, a[0], version)
    }),
    row("ext_trie_blake2_256_ordered_root_version_1", "I", "i", |c, a| {
        ordered_root(c, Hasher::Blake2, a[0], StateVersion::V0)
    }),
    row("ext_trie_blake2_256_ordered_root_version_2", "Ii", "i", |c, a| {
        let version = state_version(c, a[1])?;
        ordered_root(c, Hasher::Blake2, a[0], version)
    }),
    row("ext_trie_keccak_256_root_version_1", "I", "i", |c, a| {
        pairs_root(c, Hasher::Keccak, a[0], StateVersion::V0)
    }),
    row("ext_trie_keccak_256_root_version_2", "Ii", "i", |c, a| {
        let version = state_version(c, a[1])?;
        pairs_root(c, Hasher::Keccak, a[0], version)
    }),
    row("ext_trie_keccak_256_ordered_root_version_1", "I", "i", |c, a| {
        ordered_root(c, Hasher::Keccak, a[0], StateVersion::V0)
    }),
    row("ext_trie_keccak_256_ordered_root_version_2", "Ii", "i", |c, a| {
        let version = state_version(c, a[1])?;
        ordered_root(c, Hasher::Keccak, a[0], version)
    }),
    row("ext_trie_blake2_256_verify_proof_version_1", "iIII", "i", |c, a| {
        verify_proof(c, Hasher::Blake2, a, StateVersion::V0)
    }),
    row("ext_trie_blake2_256_verify_proof_version_2", "iIIIi", "i", |c, a| {
        let version = state_version(c, a[4])?;
        verify_proof(c, Hasher::Blake2, a, version)
    }),
    row("ext_trie_keccak_256_verify_proof_version_1", "iIII", "i", |c, a| {
        verify_proof(c, Hasher::Keccak, a, StateVersion::V0)
    }),
    row("ext_trie_keccak_256_verify_proof_version_2", "iIIIi", "i", |c, a| {
        let version = state_version(c, a[4])?;
        verify_proof(c, Hasher::Keccak, a, version)
    }),
];

/// The version of the values in tries that a number stands for.
pub(super) fn state_version(call: &Call<'_>, number: u64) -> Result<StateVersion> {
    let version = StateVersion::of_number(number);
    version.ok_or_else(|| call.broken(Rule::Number("state version", number)))
}

/// SCALE's `Option<u32>` at a range.
pub(super) fn optional_u32(call: &mut Call<'_>, packed: u64) -> Result<Option<u32>> {
    let bytes = call.bytes(packed)?;
    let decoded = Option::<u32>::decode(&mut bytes.as_slice());
    decoded.map_err(|_| call.broken(Rule::Encoding("an optional u32")))
}

pub(super) fn set(call: &mut Call<'_>, trie: &Trie, key: u64, value: u64) -> Result<u64> {
    let (key, value) = (call.bytes(key)?, call.bytes(value)?);
    call.change(|storage| storage.set(trie, &key, Some(value)))?;
    Ok(0)
}

/// `Option<Vec<u8>>`.
pub(super) fn get(call: &mut Call<'_>, trie: &Trie, key: u64) -> Result<u64> {
    let key = call.bytes(key)?;
    let value = call.host.storage.get(trie, &key).encode();
    call.give(&value)
}

/// Copies from an offset on as much as fits, and gives the length from there as `Option<u32>`.
pub(super) fn read(call: &mut Call<'_>, trie: &Trie, args: &[u64]) -> Result<u64> {
    let key = call.bytes(args[0])?;
    let (at, room) = (args[1] as u32, (args[1] >> 32) as usize);
    let value = call.host.storage.get(trie, &key);
    let rest = value.map(|value| {
        let rest = value.get(args[2] as usize..).unwrap_or_default();
        (rest.len() as u32, rest[..rest.len().min(room)].to_vec())
    });
    if let Some((_, copied)) = &rest {
        call.write(at, copied)?;
    }
    call.give(&rest.map(|(len, _)| len).encode())
}

pub(super) fn clear(call: &mut Call<'_>, trie: &Trie, key: u64) -> Result<u64> {
    let key = call.bytes(key)?;
    call.change(|storage| storage.set(trie, &key, None))?;
    Ok(0)
}

pub(super) fn exists(call: &mut Call<'_>, trie: &Trie, key: u64) -> Result<u64> {
    let key = call.bytes(key)?;
    Ok(u64::from(call.host.storage.get(trie, &key).is_some()))
}

pub(super) fn next_key(call: &mut Call<'_>, trie: &Trie, key: u64) -> Result<u64> {
    let key = call.bytes(key)?;
    let (next, deleted) = call.host.storage.next_key(trie, &key);
    let next = next.encode();
    call.work += deleted * 8;
    call.give(&next)
}

pub(super) fn clear_prefix(
    call: &mut Call<'_>,
    trie: &Trie,
    prefix: u64,
    limit: Option<u32>,
) -> Result<Removal> {
    let prefix = call.bytes(prefix)?;
    let removal = call.change(|storage| storage.clear_prefix(trie, &prefix, limit))?;
    call.work += (u64::from(removal.looked_at) + removal.deleted) * 8;
    Ok(removal)
}

/// `KillStorageResult`: whether all are gone, and how many of the backend were looked at.
pub(super) fn give_removal(call: &mut Call<'_>, removal: Removal) -> Result<u64> {
    call.give(&(u8::from(!removal.all), removal.looked_at).encode())
}

/// Adds an element to a SCALE vector; what is no vector becomes one of this element alone.
fn append(call: &mut Call<'_>, args: &[u64]) -> Result<u64> {
    let (key, element) = (call.bytes(args[0])?, call.bytes(args[1])?);
    let len = call.host.storage.get(&Trie::Main, &key).map_or(0, <[u8]>::len) as u64;
    call.pay(len / 8)?;
    call.change(|storage| {
        let old = storage.get(&Trie::Main, &key).unwrap_or_default();
        let new = appended(old, &element);
        storage.set(&Trie::Main, &key, Some(new))
    })?;
    Ok(0)
}

/// The vector with the element behind it.
fn appended(mut old: &[u8], element: &[u8]) -> Vec<u8> {
    let decoded = match old.is_empty() {
        true => Ok(Compact(0)),
        false => Compact::<u32>::decode(&mut old),
    };
    let (count, elements) = match decoded.map(|Compact(count)| count.checked_add(1)) {
        Ok(Some(count)) => (count, old),
        Ok(None) | Err(_) => (1, &[][..]),
    };
    let count = Compact(count).encode();
    let mut new = Vec::with_capacity(count.len() + elements.len() + element.len());
    new.extend(count);
    new.extend(elements);
    new.extend(element);
    new
}

fn root(call: &mut Call<'_>, version: StateVersion) -> Result<u64> {
    call.pay(call.host.storage.bytes())?;
    let root = call.host.storage.root(version);
    call.host.last_root = Some(root);
    call.give(&root)
}

/// The greatest number of elements of a list whose root is asked for. An element of a byte in the
/// runtime's memory takes a hundred of the host's.
const LIST_MAX: u32 = 1 << 20;

/// The bytes of a list whose root is asked for.
fn list(call: &mut Call<'_>, packed: u64) -> Result<Vec<u8>> {
    let bytes = call.bytes(packed)?;
    call.pay(2 * bytes.len() as u64)?;
    match Compact::<u32>::decode(&mut bytes.as_slice()) {
        Ok(Compact(count)) if count > LIST_MAX => Err(call.broken(Rule::ListLen(LIST_MAX))),
        Ok(_) | Err(_) => Ok(bytes),
    }
}

fn pairs_root(
    call: &mut Call<'_>,
    hasher: Hasher,
    packed: u64,
    version: StateVersion,
) -> Result<u64> {
    let bytes = list(call, packed)?;
    let decoded = Vec::<(Vec<u8>, Vec<u8>)>::decode(&mut bytes.as_slice());
    let pairs = decoded.map_err(|_| call.broken(Rule::Encoding("a list of keys and values")))?;
    // Of equal keys the last value counts.
    let sorted: std::collections::BTreeMap<Vec<u8>, Vec<u8>> = pairs.into_iter().collect();
    let pairs = sorted.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    call.give_at(&trie::root(hasher, version, pairs))
}

fn ordered_root(
    call: &mut Call<'_>,
    hasher: Hasher,
    packed: u64,
    version: StateVersion,
) -> Result<u64> {
    let bytes = list(call, packed)?;
    let decoded = Vec::<Vec<u8>>::decode(&mut bytes.as_slice());
    let values = decoded.map_err(|_| call.broken(Rule::Encoding("a list of values")))?;
    let root = trie::ordered_root(hasher, version, values.iter().map(Vec::as_slice));
    call.give_at(&root)
}

/// Whether a list of nodes proves that the trie with a root holds a key with a value. An argument
/// that is no list of nodes is the runtime's fault; a proof that is wrong is 0.
fn verify_proof(
    call: &mut Call<'_>,
    hasher: Hasher,
    args: &[u64],
    version: StateVersion,
) -> Result<u64> {
    let (root, proof) = (call.array(args[0])?, call.bytes(args[1])?);
    let (key, value) = (call.bytes(args[2])?, call.bytes(args[3])?);
    call.pay(2 * (proof.len() + key.len() + value.len()) as u64)?;
    let nodes = nodes(&proof).ok_or_else(|| call.broken(Rule::Encoding("a list of nodes")))?;
    Ok(u64::from(crate::proof::verify_proof(hasher, version, &root, nodes, &key, &value)))
}

/// The elements of a SCALE vector of byte vectors; all must be there. None is copied: an empty one
/// takes a byte of the runtime's memory, and would take 24 of the host's.
fn nodes(mut bytes: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let Compact(count) = Compact::<u32>::decode(&mut bytes).ok()?;
    let mut rest = bytes;
    for _ in 0..count {
        crate::proof::vector(&mut rest)?;
    }
    Some((0..count).map_while(move |_| crate::proof::vector(&mut bytes)))
}

#[cfg(test)]
mod tests {
    use super::appended;

    #[test]
    fn elements_are_appended_and_what_is_no_vector_is_replaced() {
        assert_eq!(appended(&[], &[7]), [4, 7]);
        assert_eq!(appended(&[4, 7], &[8]), [8, 7, 8]);
        let many = appended(&[63 << 2], &[9]);
        assert_eq!(many, [1, 1, 9], "the count takes two bytes from 64 on");
        assert_eq!(appended(&[3], &[9]), [4, 9], "a count that ends too early");
        let most = [3, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(appended(&most, &[9]), [4, 9], "a count that cannot rise");
    }
}
