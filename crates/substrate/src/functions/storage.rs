//! `ext_storage_*`, `ext_trie_*`: the main trie, transactions, roots of lists.

use super::{Row, row};
use crate::error::Rule;
use crate::hash::Hasher;
use crate::host::Call;
use crate::storage::{Removal, Trie};
use crate::trie::{self, StateVersion};
use parity_scale_codec::{Compact, Decode, Encode};
use prova::Result;

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
        c.work += c.host.storage.top_entries();
        let done = c.host.storage.rollback_transaction();
        c.ok(done).map(|()| 0)
    }),
    row("ext_storage_commit_transaction_version_1", "", "", |c, _| {
        c.work += c.host.storage.top_entries();
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
    row("ext_trie_blake2_256_verify_proof_version_1", "iIII", "i", verify_proof),
    row("ext_trie_blake2_256_verify_proof_version_2", "iIIIi", "i", verify_proof),
    row("ext_trie_keccak_256_verify_proof_version_1", "iIII", "i", verify_proof),
    row("ext_trie_keccak_256_verify_proof_version_2", "iIIIi", "i", verify_proof),
];

/// What a number says about values in tries.
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
    let done = call.host.storage.set(trie, &key, Some(value));
    call.ok(done).map(|()| 0)
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
    let done = call.host.storage.set(trie, &key, None);
    call.ok(done).map(|()| 0)
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
    let before = call.host.storage.change_bytes();
    let removal = call.host.storage.clear_prefix(trie, &prefix, limit);
    call.work += call.host.storage.change_bytes().saturating_sub(before);
    let removal = call.ok(removal)?;
    call.work += u64::from(removal.looked_at) * 8;
    Ok(removal)
}

/// `KillStorageResult`: whether all are gone, and how many of the backend were looked at.
pub(super) fn give_removal(call: &mut Call<'_>, removal: Removal) -> Result<u64> {
    call.give(&(u8::from(!removal.all), removal.looked_at).encode())
}

/// Adds an element to a SCALE vector; what is no vector becomes one of this element alone.
fn append(call: &mut Call<'_>, args: &[u64]) -> Result<u64> {
    let (key, element) = (call.bytes(args[0])?, call.bytes(args[1])?);
    let old = call.host.storage.get(&Trie::Main, &key).unwrap_or_default().to_vec();
    call.work += old.len() as u64 / 8;
    let done = call.host.storage.set(&Trie::Main, &key, Some(appended(&old, &element)));
    call.ok(done).map(|()| 0)
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
    let mut new = Compact(count).encode();
    new.extend(elements);
    new.extend(element);
    new
}

fn root(call: &mut Call<'_>, version: StateVersion) -> Result<u64> {
    call.work += call.host.storage.bytes();
    let root = call.host.storage.root(version);
    call.host.last_root = Some(root);
    call.give(&root)
}

fn pairs_root(
    call: &mut Call<'_>,
    hasher: Hasher,
    packed: u64,
    version: StateVersion,
) -> Result<u64> {
    let bytes = call.bytes(packed)?;
    let decoded = Vec::<(Vec<u8>, Vec<u8>)>::decode(&mut bytes.as_slice());
    let pairs = decoded.map_err(|_| call.broken(Rule::Encoding("a list of keys and values")))?;
    call.work += 2 * bytes.len() as u64;
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
    let bytes = call.bytes(packed)?;
    let decoded = Vec::<Vec<u8>>::decode(&mut bytes.as_slice());
    let values = decoded.map_err(|_| call.broken(Rule::Encoding("a list of values")))?;
    call.work += 2 * bytes.len() as u64;
    let root = trie::ordered_root(hasher, version, values.iter().map(Vec::as_slice));
    call.give_at(&root)
}

fn verify_proof(call: &mut Call<'_>, _: &[u64]) -> Result<u64> {
    Err(call.broken(Rule::NotBuilt("the verification of trie proofs")))
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
