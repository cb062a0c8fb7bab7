//! JSON files → states and blocks.
//!
//! Three forms of a state are read: a chain specification with `genesis.raw.top` (and
//! `childrenDefault`), an object with `mainTrie` and `childTries`, and that object under
//! `parentStorage`. Keys and values are hexadecimal with `0x`. A block is an object with `header`
//! and `body`, or that object under `block`.

use crate::block::Block;
use crate::error::{Rule, broken};
use crate::storage::Storage;
use prova::Result;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// The state in a file's text. `code`, if given, becomes the value of `:code`.
///
/// # Errors
/// [`Rule::File`], [`Rule::ChildRoot`].
pub fn parse_state(json: &[u8], code: Option<&[u8]>) -> Result<Storage> {
    let file = parse(json)?;
    let (main, children) = tries(&file).ok_or_else(|| {
        bad(
            "state file",
            "it has neither `genesis.raw.top` nor `mainTrie` nor `parentStorage.mainTrie`",
        )
    })?;
    let mut main = pairs("main trie", main)?;
    let mut child_tries = BTreeMap::new();
    if let Some(children) = children {
        for (key, values) in object("child tries", children)? {
            let values = object(key, values)?;
            child_tries.insert(bytes("child tries", key)?, pairs(key, values)?);
        }
    }
    if let Some(code) = code {
        main.insert(crate::storage::CODE_KEY.to_vec(), code.to_vec());
    }
    Storage::new(main, child_tries)
}

/// The block in a file's text; `None` if it has none.
///
/// # Errors
/// [`Rule::File`].
pub fn parse_block_file(json: &[u8]) -> Result<Option<Block>> {
    let file = parse(json)?;
    let block = file.get("block").unwrap_or(&file);
    let Some(header) = block.get("header") else { return Ok(None) };
    let text = |at: &str, value: &Value| match value.as_str() {
        Some(text) => bytes(at, text),
        None => Err(bad(at, "it is no string")),
    };
    let header = text("block.header", header)?;
    let Some(body) = block.get("body").and_then(Value::as_array) else {
        return Err(bad("block.body", "it is no list"));
    };
    let body = body.iter().map(|extrinsic| text("block.body", extrinsic)).collect::<Result<_>>()?;
    Ok(Some(Block { header, body }))
}

/// The main trie and the child tries.
fn tries(file: &Value) -> Option<(&Map<String, Value>, Option<&Value>)> {
    if let Some(raw) = file.pointer("/genesis/raw") {
        return Some((raw.get("top")?.as_object()?, raw.get("childrenDefault")));
    }
    let state = file.get("parentStorage").unwrap_or(file);
    Some((state.get("mainTrie")?.as_object()?, state.get("childTries")))
}

fn parse(json: &[u8]) -> Result<Value> {
    serde_json::from_slice(json).map_err(|error| bad("file", &format!("it is no JSON: {error}")))
}

fn object<'a>(at: &str, value: &'a Value) -> Result<&'a Map<String, Value>> {
    value.as_object().ok_or_else(|| bad(at, "it is no object"))
}

fn pairs(at: &str, map: &Map<String, Value>) -> Result<Pairs> {
    let pair = |(key, value): (&String, &Value)| {
        let text = value.as_str().ok_or_else(|| bad(key, "its value is no string"))?;
        Ok((bytes(at, key)?, bytes(key, text)?))
    };
    map.iter().map(pair).collect()
}

/// Hexadecimal digits after `0x`.
fn bytes(at: &str, text: &str) -> Result<Vec<u8>> {
    let refuse = || {
        let shown: String = text.chars().take(40).collect();
        bad(at, &format!("`{shown}` is not hexadecimal with `0x` before it"))
    };
    let digits = text.strip_prefix("0x").ok_or_else(refuse)?.as_bytes();
    if digits.len() % 2 != 0 {
        return Err(refuse());
    }
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8);
    digits.chunks(2).map(|pair| byte(pair).ok_or_else(refuse)).collect()
}

fn bad(at: &str, why: &str) -> prova::Error {
    let at: String = at.chars().take(200).collect();
    broken(at, Rule::File(why.to_owned()))
}
