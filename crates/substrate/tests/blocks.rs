//! Real blocks of a real chain: blocks with their parents' whole states are executed, and the
//! runtime accepts the state root. Flipped bits are refused, with the expected root.
//!
//! The chain's data is not ours to carry. Without the folder that `PROVA_CASES` names (its
//! subfolder `chain`), each test prints that it is skipped. Every `*.json` there is a block with
//! its parent's state; a state without `:code` gets `runtime.wasm.zst`. The tests of `cli`
//! (`substrate.rs`) run native code.

use prova_core::{Config, Engine, Tier};
use prova_substrate::{
    Block, CHILD_PREFIX, CODE_KEY, CallOptions, Executed, Rule, Runtime, RuntimeVersion,
    StateVersion, Storage, SubstrateError, Trie, check_parent_state, configure, execute_block,
    parse_block_file, parse_state,
};
use std::path::PathBuf;

/// The block that the tests of single things use.
const FIRST: &str = "child-trie-create-one.json";

/// The names of all blocks.
fn fixtures() -> Vec<String> {
    let Some(folder) = folder() else { return Vec::new() };
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    names
}

fn folder() -> Option<PathBuf> {
    let cases = std::env::var_os("PROVA_CASES").map(PathBuf::from);
    if cases.is_none() {
        println!("skipped (PROVA_CASES is not set)");
    }
    cases.map(|cases| cases.join("chain"))
}

fn engine(tier: Tier) -> Engine {
    let mut config = Config::new();
    configure(&mut config).tier(tier).consume_fuel(true);
    Engine::new(&config).unwrap()
}

fn load(name: &str) -> Option<(Vec<u8>, Storage, Block)> {
    let folder = folder()?;
    let json = std::fs::read(folder.join(name)).unwrap();
    let mut storage = parse_state(&json, None).unwrap();
    if storage.before(CODE_KEY).is_none() {
        let code = std::fs::read(folder.join("runtime.wasm.zst")).unwrap();
        storage = parse_state(&json, Some(&code)).unwrap();
    }
    let code = storage.before(CODE_KEY).unwrap().to_vec();
    let block = parse_block_file(&json).unwrap().unwrap();
    Some((code, storage, block))
}

fn run(
    engine: &Engine,
    code: &[u8],
    storage: &mut Storage,
    block: &Block,
) -> prova_core::Result<Executed> {
    let runtime = Runtime::new(engine, code)?;
    let version = runtime.version()?.trie().unwrap();
    execute_block(&runtime, version, storage, block, &CallOptions::default())
}

#[test]
fn blocks_execute_and_their_state_roots_are_accepted() {
    for name in &fixtures() {
        let Some((code, storage, block)) = load(name) else { return };
        let mut seen = Vec::new();
        for tier in Tier::ALL {
            let mut storage = storage.clone();
            let executed = run(&engine(tier), &code, &mut storage, &block)
                .unwrap_or_else(|error| panic!("{name}, {tier}: {error:?}"));
            assert_eq!(executed.state_root, executed.header.state_root);
            storage.apply(StateVersion::V1);
            assert_eq!(storage.root(StateVersion::V1), executed.header.state_root);
            seen.push((executed.outcome.fuel, executed.outcome.calls));
        }
        println!("{name}: fuel {}, calls {:?}", seen[0].0, seen[0].1);
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{name}: {seen:?}");
    }
}

#[test]
fn version_and_metadata() {
    let Some((code, mut storage, _)) = load(FIRST) else { return };
    let runtime = Runtime::new(&engine(Tier::default()), &code).unwrap();
    assert!(runtime.code().is_compressed());
    let version = runtime.version().unwrap();
    assert_eq!((version.spec_name.as_str(), version.spec_version), ("swanky-node", 3));
    let options = CallOptions::default();
    let called = runtime.call(&mut storage, "Core_version", &[], &options).unwrap();
    assert_eq!(RuntimeVersion::of_encoding(&called.output), Some(version));
    let metadata = runtime.call(&mut storage, "Metadata_metadata", &[], &options).unwrap();
    // A SCALE vector around bytes that begin with the magic number `meta`.
    assert_eq!(&metadata.output[4..8], b"meta");
    println!("metadata: {} bytes, fuel {}", metadata.output.len(), metadata.fuel);
}

/// The error of a block that is refused, and the root that it expects.
fn refusal(error: &prova_core::Error) -> String {
    let refused = error.downcast_ref::<SubstrateError>().unwrap_or_else(|| panic!("{error:?}"));
    assert!(matches!(refused.rule(), Rule::Block(_)), "{refused}");
    refused.to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn one_flipped_bit_is_refused_with_the_expected_root() {
    let mut random = prova_random::Rng::new(14);
    for name in &fixtures() {
        let Some((code, storage, block)) = load(name) else { return };
        let engine = engine(Tier::default());
        let keys: Vec<Vec<u8>> = storage
            .pairs(&Trie::Main)
            .map(|(key, _)| key.to_vec())
            .filter(|key| !key.starts_with(CHILD_PREFIX) && key != CODE_KEY)
            .collect();
        let parent = storage.root(StateVersion::V1);
        check_parent_state(&storage, StateVersion::V1, &parent).unwrap();
        let mut refused = 0;
        for _ in 0..8 {
            let key = random.pick(&keys);
            let mut value = storage.before(key).unwrap().to_vec();
            if value.is_empty() {
                continue;
            }
            let at = random.below(value.len());
            value[at] ^= 1 << random.below(8);
            let mut changed = storage.clone();
            changed.set(&Trie::Main, key, Some(value)).unwrap();
            changed.apply(StateVersion::V1);
            let before = changed.root(StateVersion::V1);
            let checked = check_parent_state(&changed, StateVersion::V1, &parent).unwrap_err();
            assert!(format!("{checked}").contains(&hex(&parent)), "{checked}");
            match run(&engine, &code, &mut changed, &block) {
                Err(error) => {
                    let expected = hex(&block.header().unwrap().state_root);
                    assert!(refusal(&error).contains(&expected), "{name}: {error:?}");
                    assert_eq!(changed.root(StateVersion::V1), before, "it is as it was");
                    refused += 1;
                }
                // The block overwrites the value unread, so the state after it is the right one.
                Ok(_) => assert_ne!(changed.get(&Trie::Main, key), changed.before(key)),
            }
        }
        assert!(refused > 0, "{name}");
        for _ in 0..8 {
            let mut flipped = block.clone();
            let (part, at) = match random.below(2) {
                0 => (&mut flipped.header, random.below(block.header.len())),
                _ => {
                    let body = random.below(block.body.len());
                    (&mut flipped.body[body], random.below(block.body[body].len()))
                }
            };
            part[at] ^= 1 << random.below(8);
            let done = run(&engine, &code, &mut storage.clone(), &flipped);
            let error = done.expect_err("a block with a flipped bit was accepted");
            match flipped.header() {
                Ok(header) => {
                    assert!(refusal(&error).contains(&hex(&header.state_root)), "{error:?}");
                }
                Err(_) => assert!(error.is::<SubstrateError>()),
            }
        }
    }
}

/// A child trie that the block does not touch is still part of the state.
#[test]
fn a_flipped_bit_in_a_child_trie_is_refused_when_the_state_is_read() {
    let Some(folder) = folder() else { return };
    let json = std::fs::read_to_string(folder.join("child-trie-read-basic.json")).unwrap();
    assert!(parse_state(json.as_bytes(), None).is_ok());
    let value = "0x38466972737420636f6e7472616374";
    let json = json.replacen(value, &value.replace("466", "467"), 1);
    let error = parse_state(json.as_bytes(), None).unwrap_err();
    let rule = error.downcast_ref::<SubstrateError>().map(SubstrateError::rule);
    assert!(matches!(rule, Some(Rule::ChildRoot { .. })), "{error:?}");
}
