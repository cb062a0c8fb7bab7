//! JSON files → states.
//!
//! Three forms of a state are read: a chain specification with `genesis.raw.top` (and
//! `childrenDefault`), an object with `mainTrie` and `childTries`, and that object under
//! `parentStorage`. Keys and values are hexadecimal with `0x`.
//!
//! Beside `mainTrie` the state version of the values may stand (`stateVersion`, 0 or 1). A value of
//! the other version, as a chain has them that has gone from 0 to 1, is an object with `value` and
//! `stateVersion`.
//!
//! # Invariants
//! * F1. An object that holds a state has no member that is not read: a misspelt one is refused by
//!   its name. Elsewhere (specifications have many) other members are passed over.
//! * F2. The parts kept of a file are counted as the memory that they take, and bounded
//!   ([`STATE_BYTES_MAX`]). Nothing else of it is kept.

use crate::block_file::set;
use crate::changes::{ENTRY_BYTES, TRIE_BYTES};
use crate::json::{Reader, refuse};
use crate::storage::{CHILD_PREFIX, Storage, Trie};
use crate::trie::StateVersion;
use crate::written::Written;
use prova_core::Result;
use std::collections::BTreeMap;

/// The bytes of memory that a state or block of a file may take (2 GiB): keys and values, and what
/// maps take for each.
pub const STATE_BYTES_MAX: u64 = 2 << 30;

/// The state in a file's text. `code`, if given, becomes the value of `:code`.
///
/// # Errors
/// [`Rule::File`](crate::Rule::File), [`Rule::StateBytes`](crate::Rule::StateBytes),
/// [`Rule::ChildRoot`](crate::Rule::ChildRoot).
pub fn parse_state(json: &[u8], code: Option<&[u8]>) -> Result<Storage> {
    state_within(json, code, STATE_BYTES_MAX)
}

fn state_within(json: &[u8], code: Option<&[u8]>, max: u64) -> Result<Storage> {
    let (mut own, mut parent, mut genesis, mut of_rpc) =
        (State::default(), State::default(), Genesis::default(), false);
    Reader::read(json, max, |reader, name| match name {
        "genesis" => reader.object(name, |reader, name| genesis.member(reader, name)),
        "parentStorage" => reader.object(name, |reader, name| parent.member(reader, name)),
        "block" | "header" | "body" => reader.skip(),
        "jsonrpc" => {
            of_rpc = true;
            reader.skip()
        }
        _ => own.member(reader, name),
    })?;
    let why = genesis.no_state(of_rpc);
    let states = [genesis.raw, parent, own];
    let mut states = states.into_iter().filter(|state| state.main.is_some());
    let Some(state) = states.next() else { return Err(refuse("state file", why)) };
    if states.next().is_some() {
        return Err(refuse("state file", "it has more than one state"));
    }
    if let Some(name) = state.unknown {
        let known = "`mainTrie`, `childTries` and `stateVersion`, or `top` and `childrenDefault`";
        return Err(refuse(&name, &format!("a state has no such member: it has {known}")));
    }
    let common = state.version;
    let mut written = Written::default();
    if let Some(version) = common {
        written.fix(&Trie::Main, version);
    }
    let mut main = state.main.unwrap_or_default().pairs(&Trie::Main, common, &mut written)?;
    let mut children = BTreeMap::new();
    for (key, values) in state.children.unwrap_or_default() {
        let trie = Trie::Child(key);
        let pairs = values.pairs(&trie, common, &mut written)?;
        if let Trie::Child(key) = trie {
            children.insert(key, pairs);
        }
    }
    if let Some(code) = code {
        main.insert(crate::storage::CODE_KEY.to_vec(), code.to_vec());
    }
    Storage::with_versions(main, children, written)
}

/// The parts read of a specification's `genesis`.
#[derive(Default)]
struct Genesis {
    raw: State,
    /// It has the state in another form.
    not_raw: bool,
    /// It has the state's root.
    root_only: bool,
}

/// An object that holds a state.
#[derive(Default)]
struct State {
    main: Option<Values>,
    children: Option<BTreeMap<Vec<u8>, Values>>,
    version: Option<StateVersion>,
    /// The first member that is none of a state's.
    unknown: Option<String>,
}

/// The entries of a map as they come. Programs write the keys in their order: a map of them is made
/// at once, which takes a fraction of the time of inserting each.
struct Entries<V> {
    list: Vec<(Vec<u8>, V)>,
    /// Whether each key is greater than the one before.
    rises: bool,
}

impl<V> Entries<V> {
    fn new() -> Entries<V> {
        Entries { list: Vec::new(), rises: true }
    }

    fn push(&mut self, key: Vec<u8>, value: V) {
        self.rises &= self.list.last().is_none_or(|(last, _)| *last < key);
        self.list.push((key, value));
    }

    /// The map; `twice` is why there is none if a key stands there twice.
    fn map(mut self, twice: &str) -> Result<BTreeMap<Vec<u8>, V>> {
        if !self.rises {
            self.list.sort_by(|a, b| a.0.cmp(&b.0));
            if let Some(pair) = self.list.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(refuse(&crate::storage::hex(&pair[0].0), twice));
            }
        }
        Ok(self.list.into_iter().collect())
    }
}

/// Keys and values of a trie.
#[derive(Default)]
struct Values {
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The keys of values with an explicit state version.
    versions: Vec<(Vec<u8>, StateVersion)>,
}

impl Values {
    /// The pairs; `written` gets the versions of values that have one.
    fn pairs(
        self,
        trie: &Trie,
        common: Option<StateVersion>,
        written: &mut Written,
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
        if let Some((key, _)) = self.versions.first() {
            let Some(common) = common else {
                let name = crate::storage::hex(key);
                return Err(refuse(&name, "it has a `stateVersion`, and the state has none"));
            };
            written.fix(trie, common);
            let lens = |(key, version): (Vec<u8>, _)| {
                let len = self.pairs.get(&key).map_or(0, Vec::len);
                (key, len, version)
            };
            written.set_all(trie, self.versions.into_iter().map(lens));
        }
        Ok(self.pairs)
    }
}

impl Genesis {
    fn member(&mut self, reader: &mut Reader<'_>, name: &str) -> Result<()> {
        match name {
            "raw" => {
                return reader.object("genesis.raw", |reader, name| match name {
                    "top" => self.raw.member(reader, "mainTrie"),
                    "childrenDefault" => self.raw.member(reader, "childTries"),
                    // Of older specifications, in which it is empty.
                    "children" => reader.object(name, |_, _| {
                        let why = "child tries in this old form are not read: give them as \
                                   `childrenDefault`";
                        Err(refuse("children", why))
                    }),
                    _ => self.raw.other(reader, name),
                });
            }
            "stateRootHash" => self.root_only = true,
            _ => self.not_raw = true,
        }
        reader.skip()
    }

    /// Why a file has no state, and what to do.
    fn no_state(&self, of_rpc: bool) -> &'static str {
        if self.root_only {
            "it is a chain specification with the state's root alone: a raw one has the state"
        } else if self.not_raw {
            "it is a chain specification that is not raw: the chain's own program makes it raw \
             (`build-spec --raw --chain FILE`, or `export-chain-spec --raw`)"
        } else if of_rpc {
            "it is the answer of a node (JSON-RPC): give an object whose `mainTrie` has all keys \
             with their values (those that `state_getKeysPaged` and `state_getStorage` tell)"
        } else {
            "it has neither `genesis.raw.top` nor `mainTrie` nor `parentStorage.mainTrie`"
        }
    }
}

impl State {
    fn member(&mut self, reader: &mut Reader<'_>, name: &str) -> Result<()> {
        match name {
            "mainTrie" => {
                let values = Values::read(reader, "main trie")?;
                set(&mut self.main, name, values)
            }
            "childTries" => {
                let mut children = Entries::new();
                reader.object("child tries", |reader, name| {
                    let key = reader.bytes("child tries", name)?;
                    // Its root stands in the main trie.
                    let place = (CHILD_PREFIX.len() + key.len() + 32) as u64;
                    reader.keep(TRIE_BYTES + ENTRY_BYTES + place)?;
                    children.push(key, Values::read(reader, name)?);
                    Ok(())
                })?;
                set(&mut self.children, name, children.map("this child trie stands there twice")?)
            }
            "stateVersion" => set(&mut self.version, name, state_version(reader)?),
            _ => self.other(reader, name),
        }
    }

    /// Passes over a member, and remembers its name (F1).
    fn other(&mut self, reader: &mut Reader<'_>, name: &str) -> Result<()> {
        self.unknown.get_or_insert_with(|| name.chars().take(100).collect());
        reader.skip()
    }
}

impl Values {
    fn read(reader: &mut Reader<'_>, at: &str) -> Result<Values> {
        let (mut pairs, mut versions) = (Entries::new(), Vec::new());
        reader.object(at, |reader, name| {
            let key = reader.bytes("key", name)?;
            reader.keep(ENTRY_BYTES)?;
            let (value, version) = value(reader, name)?;
            if let Some(version) = version {
                reader.keep(2 * (ENTRY_BYTES + key.len() as u64))?;
                versions.push((key.clone(), version));
            }
            pairs.push(key, value);
            Ok(())
        })?;
        Ok(Values { pairs: pairs.map("this key stands there twice")?, versions })
    }
}

/// A value: digits, or an object of them and a state version.
fn value(reader: &mut Reader<'_>, at: &str) -> Result<(Vec<u8>, Option<StateVersion>)> {
    if !reader.is_object() {
        return Ok((reader.hex(at)?, None));
    }
    let (mut value, mut version) = (None, None);
    reader.object(at, |reader, name| match name {
        "value" => set(&mut value, name, reader.hex(at)?),
        "stateVersion" => set(&mut version, name, state_version(reader)?),
        _ => Err(refuse(name, "a value has `value` and `stateVersion` alone")),
    })?;
    Ok((value.ok_or_else(|| refuse(at, "it has no `value`"))?, version))
}

fn state_version(reader: &mut Reader<'_>) -> Result<StateVersion> {
    let version = reader.small().and_then(StateVersion::of_number);
    version.ok_or_else(|| refuse("stateVersion", "it is neither 0 nor 1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Rule, SubstrateError};

    /// Both sides of the limit, of a main trie and of a child trie.
    #[test]
    fn what_is_kept_is_counted() {
        let json = br#"{"mainTrie": {"0x01": "0x0203"}, "childTries": {"0x04": {"0x05": "0x"}}}"#;
        let child = TRIE_BYTES + 2 * ENTRY_BYTES + CHILD_PREFIX.len() as u64 + 1 + 1 + 32 + 1;
        let all = ENTRY_BYTES + 3 + child;
        assert!(state_within(json, None, all).is_ok());
        let error = state_within(json, None, all - 1).unwrap_err();
        let rule = error.downcast_ref::<SubstrateError>().map(SubstrateError::rule);
        assert_eq!(rule, Some(&Rule::StateBytes(all - 1)));
        // Members that are passed over count nothing.
        let spec = br#"{"name": ["of", {"much": 1e99}], "genesis": {"raw": {"top": {}}}}"#;
        assert!(state_within(spec, None, 0).is_ok());
    }
}
