//! `ext_default_child_storage_*`: child tries, whose key stands before the other arguments.

use super::storage::{
    clear, clear_prefix, exists, get, give_removal, next_key, optional_u32, read, set,
    state_version,
};
use super::{Row, row};
use crate::host::Call;
use crate::storage::{Removal, Trie};
use crate::trie::StateVersion;
use prova_core::Result;

pub(crate) const ROWS: &[Row] = &[
    row("ext_default_child_storage_get_version_1", "II", "I", |c, a| {
        let child = child(c, a[0])?;
        get(c, &child, a[1])
    }),
    row("ext_default_child_storage_read_version_1", "IIIi", "I", |c, a| {
        let child = child(c, a[0])?;
        read(c, &child, &a[1..])
    }),
    row("ext_default_child_storage_set_version_1", "III", "", |c, a| {
        let child = child(c, a[0])?;
        set(c, &child, a[1], a[2])
    }),
    row("ext_default_child_storage_clear_version_1", "II", "", |c, a| {
        let child = child(c, a[0])?;
        clear(c, &child, a[1])
    }),
    row("ext_default_child_storage_exists_version_1", "II", "i", |c, a| {
        let child = child(c, a[0])?;
        exists(c, &child, a[1])
    }),
    row("ext_default_child_storage_next_key_version_1", "II", "I", |c, a| {
        let child = child(c, a[0])?;
        next_key(c, &child, a[1])
    }),
    row("ext_default_child_storage_storage_kill_version_1", "I", "", |c, a| {
        kill(c, a[0], None)?;
        Ok(0)
    }),
    row("ext_default_child_storage_storage_kill_version_2", "II", "i", |c, a| {
        let limit = optional_u32(c, a[1])?;
        Ok(u64::from(kill(c, a[0], limit)?.all))
    }),
    row("ext_default_child_storage_storage_kill_version_3", "II", "I", |c, a| {
        let limit = optional_u32(c, a[1])?;
        let removal = kill(c, a[0], limit)?;
        give_removal(c, removal)
    }),
    row("ext_default_child_storage_clear_prefix_version_1", "II", "", |c, a| {
        let child = child(c, a[0])?;
        clear_prefix(c, &child, a[1], None)?;
        Ok(0)
    }),
    row("ext_default_child_storage_clear_prefix_version_2", "III", "I", |c, a| {
        let (child, limit) = (child(c, a[0])?, optional_u32(c, a[2])?);
        let removal = clear_prefix(c, &child, a[1], limit)?;
        give_removal(c, removal)
    }),
    row("ext_default_child_storage_root_version_1", "I", "I", |c, a| {
        root(c, a[0], StateVersion::V0)
    }),
    row("ext_default_child_storage_root_version_2", "Ii", "I", |c, a| {
        let version = state_version(c, a[1])?;
        root(c, a[0], version)
    }),
];

fn child(call: &mut Call<'_>, key: u64) -> Result<Trie> {
    Ok(Trie::Child(call.bytes(key)?))
}

/// Removes all keys of a child trie: those with the empty prefix, which no range in memory names.
fn kill(call: &mut Call<'_>, key: u64, limit: Option<u32>) -> Result<Removal> {
    let child = child(call, key)?;
    clear_prefix(call, &child, 0, limit)
}

fn root(call: &mut Call<'_>, key: u64, version: StateVersion) -> Result<u64> {
    let key = call.bytes(key)?;
    call.pay(call.host.storage.bytes())?;
    let root = call.change(|storage| storage.child_root(&key, version))?;
    call.give(&root)
}
