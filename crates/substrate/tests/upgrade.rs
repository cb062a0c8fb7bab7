//! A chain of our own: two blocks on a tiny runtime; the first one replaces `:code`.
//!
//! The runtimes are `programs/substrate/runtime.rs` in two versions; `state.json`, `block-1.json`
//! and `block-2.json` beside it are made here and compared (`PROVA_BLESS=1` writes them), with the
//! roots of a plain computation. Green does not show that real runtimes work: `blocks.rs` does.

use prova_core::{Config, Engine, Tier};
use prova_substrate::{
    Block, CODE_KEY, CallOptions, Hasher, Rule, Runtime, StateVersion, Storage, SubstrateError,
    check_parent_state, configure, execute_block, ordered_root, parse_block_file, parse_state,
    root,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/substrate")
}

fn code(version: u32) -> Vec<u8> {
    std::fs::read(folder().join(format!("runtime-{version}.wasm"))).unwrap()
}

fn engine(tier: Tier) -> Engine {
    let mut config = Config::new();
    configure(&mut config).tier(tier).consume_fuel(true);
    Engine::new(&config).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A length in SCALE's compact form, below 2^14.
fn compact(len: usize) -> Vec<u8> {
    if len < 64 { vec![(len << 2) as u8] } else { ((len << 2 | 1) as u16).to_le_bytes().to_vec() }
}

fn block(number: u8, extrinsics: &[Vec<u8>], after: &Pairs) -> Block {
    let pairs = after.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    let state_root = root(Hasher::Blake2, StateVersion::V1, pairs);
    let values = extrinsics.iter().map(Vec::as_slice);
    let extrinsics_root = ordered_root(Hasher::Blake2, StateVersion::V1, values);
    let header =
        [&[number - 1; 32][..], &[number << 2], &state_root, &extrinsics_root, &[0]].concat();
    let body = extrinsics.iter().map(|item| [compact(item.len()), item.clone()].concat());
    Block { header, body: body.collect() }
}

fn set(key: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0, key.len() as u8], key, value].concat()
}

/// The state, and the two blocks.
fn chain() -> (Pairs, [Block; 2]) {
    let start = Pairs::from([(CODE_KEY.to_vec(), code(1)), (b"name".to_vec(), b"tiny".to_vec())]);
    let mut state = start.clone();
    state.insert(b"word".to_vec(), b"abc".to_vec());
    state.insert(CODE_KEY.to_vec(), code(2));
    state.insert(b"number".to_vec(), vec![1]);
    state.insert(b"parent".to_vec(), vec![0; 32]);
    let set_code = [vec![1], code(2)].concat();
    let first = block(1, &[set(b"word", b"abc"), set_code], &state);
    state.insert(b"word".to_vec(), b"fed".to_vec());
    state.insert(b"number".to_vec(), vec![2]);
    state.insert(b"parent".to_vec(), vec![1; 32]);
    let second = block(2, &[set(b"word", b"def")], &state);
    (start, [first, second])
}

fn block_json(block: &Block) -> String {
    let body: Vec<String> = block.body.iter().map(|item| format!("\"{}\"", hex(item))).collect();
    format!(
        "{{\n  \"header\": \"{}\",\n  \"body\": [\n    {}\n  ]\n}}\n",
        hex(&block.header),
        body.join(",\n    ")
    )
}

#[test]
fn the_files_are_those_of_the_sources() {
    let (start, [first, second]) = chain();
    let pairs: Vec<String> =
        start.iter().map(|(key, value)| format!("\"{}\": \"{}\"", hex(key), hex(value))).collect();
    let state = format!("{{\n  \"mainTrie\": {{\n    {}\n  }}\n}}\n", pairs.join(",\n    "));
    let files = [
        ("state.json", state),
        ("block-1.json", block_json(&first)),
        ("block-2.json", block_json(&second)),
    ];
    for (name, text) in files {
        let path = folder().join(name);
        if std::env::var_os("PROVA_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&path).ok() == Some(text), "{name} (PROVA_BLESS=1)");
    }
}

fn files() -> (Storage, Vec<Block>) {
    let read = |name: &str| std::fs::read(folder().join(name)).unwrap();
    let blocks = ["block-1.json", "block-2.json"]
        .map(|name| parse_block_file(&read(name)).unwrap().unwrap())
        .to_vec();
    (parse_state(&read("state.json"), None).unwrap(), blocks)
}

/// Executes with the runtime that the state has.
fn execute(tier: Tier, storage: &mut Storage, block: &Block) -> prova_core::Result<u64> {
    let code = storage.before(CODE_KEY).unwrap().to_vec();
    let runtime = Runtime::new(&engine(tier), &code)?;
    let options = CallOptions { fuel: Some(10_000_000), ..CallOptions::default() };
    let executed = execute_block(&runtime, StateVersion::V1, storage, block, &options)?;
    storage.apply(StateVersion::V1);
    Ok(executed.outcome.fuel)
}

#[test]
fn a_block_replaces_the_code_and_the_next_runs_the_new_one() {
    let mut fuels = Vec::new();
    for tier in Tier::ALL {
        let (mut storage, blocks) = files();
        let mut used = Vec::new();
        for (block, (number, word)) in blocks.iter().zip([(1, b"abc"), (2, b"fed")]) {
            used.push(execute(tier, &mut storage, block).unwrap());
            assert_eq!(storage.before(b"number"), Some(&[number][..]));
            assert_eq!(storage.before(b"word"), Some(&word[..]));
        }
        assert_eq!(storage.before(CODE_KEY), Some(code(2).as_slice()));
        fuels.push(used);
    }
    assert!(fuels.windows(2).all(|pair| pair[0] == pair[1]), "{fuels:?}");
}

#[test]
fn versions_come_from_sections_and_from_the_call() {
    for version in [1, 2] {
        let runtime = Runtime::new(&engine(Tier::default()), &code(version)).unwrap();
        let from_sections = runtime.version().unwrap();
        assert_eq!(
            (from_sections.spec_name.as_str(), from_sections.spec_version),
            ("tiny", version)
        );
        assert_eq!(from_sections.trie(), Some(StateVersion::V1));
        let options = CallOptions::default();
        let called = runtime.call(&mut Storage::default(), "Core_version", &[], &options).unwrap();
        assert_eq!(called.output, from_sections.encode());
    }
}

/// The second block on the first's state needs the new code; every other order is refused.
#[test]
fn blocks_out_of_order_are_refused() {
    let (mut storage, blocks) = files();
    let before = storage.root(StateVersion::V1);
    execute(Tier::default(), &mut storage, &blocks[1]).unwrap_err();
    assert_eq!(storage.root(StateVersion::V1), before, "the state is as it was");
    execute(Tier::default(), &mut storage, &blocks[0]).unwrap();
    execute(Tier::default(), &mut storage, &blocks[0]).unwrap_err();
    execute(Tier::default(), &mut storage, &blocks[1]).unwrap();
}

#[test]
fn one_flipped_bit_is_refused_with_the_expected_root() {
    let (storage, blocks) = files();
    let expected = |block: &Block| hex(&block.header().unwrap().state_root);
    // The state root in the header, the root of extrinsics, a value in an extrinsic.
    let mut flipped = Vec::new();
    for at in [33, 64, 65, 96] {
        let mut block = blocks[0].clone();
        block.header[at] ^= 1;
        flipped.push((storage.clone(), block));
    }
    let mut block = blocks[0].clone();
    *block.body[0].last_mut().unwrap() ^= 1;
    flipped.push((storage.clone(), block));
    // A value of the state.
    let mut changed = storage.clone();
    let trie = prova_substrate::Trie::Main;
    changed.set(&trie, b"name", Some(b"tinx".to_vec())).unwrap();
    changed.apply(StateVersion::V1);
    flipped.push((changed, blocks[0].clone()));
    for (mut storage, block) in flipped {
        let error = execute(Tier::default(), &mut storage, &block).unwrap_err();
        let refused = error.downcast_ref::<SubstrateError>().unwrap();
        assert!(matches!(refused.rule(), Rule::Block(_)), "{refused}");
        assert!(refused.to_string().contains(&expected(&block)), "{refused}");
        assert!(refused.to_string().starts_with("`block 1`"), "{refused}");
    }
}

/// A bit of every byte of the first block is flipped, and with `PROVA_CASES_MAX` every bit.
#[test]
fn a_flipped_bit_in_any_byte_of_the_block_is_refused() {
    let (storage, blocks) = files();
    let runtime = Runtime::new(&engine(Tier::default()), &code(1)).unwrap();
    let options = CallOptions { fuel: Some(10_000_000), ..CallOptions::default() };
    let all = std::env::var_os("PROVA_CASES_MAX").is_some();
    let parts = 1 + blocks[0].body.len();
    let (mut named, mut total) = (0, 0);
    for part in 0..parts {
        let len = if part == 0 { blocks[0].header.len() } else { blocks[0].body[part - 1].len() };
        for (at, bit) in (0..len).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            if !all && bit != (at * 5 + part) % 8 {
                continue;
            }
            let mut block = blocks[0].clone();
            let bytes = if part == 0 { &mut block.header } else { &mut block.body[part - 1] };
            bytes[at] ^= 1 << bit;
            let mut after = storage.clone();
            let done = execute_block(&runtime, StateVersion::V1, &mut after, &block, &options);
            let error = done.err().unwrap_or_else(|| panic!("part {part}, byte {at}, bit {bit}"));
            // A number that takes more bytes leaves too few for a header; else the root is named.
            let refused = error.downcast_ref::<SubstrateError>().unwrap();
            match block.header() {
                Ok(header) => {
                    let expected = hex(&header.state_root);
                    assert!(refused.to_string().contains(&expected), "{refused}");
                    named += 1;
                }
                Err(_) => assert_eq!(*refused.rule(), Rule::Encoding("a header")),
            }
            total += 1;
        }
    }
    assert!(total > 1_500 && named + 8 > total, "{named} of {total}");
}

/// A bit of every byte of every value of the state, which the parent's root notices; and what the
/// block reads, the block notices too.
#[test]
fn a_flipped_bit_in_any_byte_of_the_state_is_refused() {
    let (storage, blocks) = files();
    let parent = storage.root(StateVersion::V1);
    let trie = prova_substrate::Trie::Main;
    let pairs: Vec<(Vec<u8>, Vec<u8>)> =
        storage.pairs(&trie).map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
    for (key, value) in pairs {
        for at in 0..value.len() {
            let mut flipped = value.clone();
            flipped[at] ^= 1 << (at % 8);
            let mut changed = storage.clone();
            changed.set(&trie, &key, Some(flipped)).unwrap();
            changed.apply(StateVersion::V1);
            let checked = check_parent_state(&changed, StateVersion::V1, &parent).unwrap_err();
            assert!(checked.to_string().contains(&hex(&parent)), "{checked}");
            if key != CODE_KEY {
                execute(Tier::default(), &mut changed, &blocks[0]).unwrap_err();
            }
        }
    }
}

/// A block that ends before its extrinsics do, and one with more than it says.
#[test]
fn malformed_blocks_are_refused() {
    let (storage, blocks) = files();
    let mut short = blocks[0].clone();
    short.header.truncate(40);
    let error = execute(Tier::default(), &mut storage.clone(), &short).unwrap_err();
    let rule = error.downcast_ref::<SubstrateError>().map(|error| error.rule().clone());
    let what = "its bytes are no SCALE encoding of a header";
    assert_eq!(rule, Some(Rule::File(what.into())));
    let mut cut = blocks[0].clone();
    cut.body[1].truncate(100);
    execute(Tier::default(), &mut storage.clone(), &cut).unwrap_err();
}

#[test]
fn files_that_are_not_of_their_form_are_refused() {
    let rule = |json: &str| match parse_state(json.as_bytes(), None) {
        Ok(_) => panic!("{json} was accepted"),
        Err(error) => error.downcast_ref::<SubstrateError>().unwrap().to_string(),
    };
    for (json, part) in [
        ("{", "it is no JSON"),
        ("[]", "it is no object"),
        (r#"{"mainTrie": {"0x1": "0x"}}"#, "`0x1` is not hexadecimal"),
        (r#"{"mainTrie": {"0x00": "00"}}"#, "`00` is not hexadecimal"),
        (r#"{"mainTrie": {"0x00": 7}}"#, "it is no string"),
        (r#"{"mainTrie": {}, "childTries": []}"#, "it is no object"),
    ] {
        assert!(rule(json).contains(part), "{json}: {}", rule(json));
    }
    let spec =
        r#"{"genesis": {"raw": {"top": {"0x3A636f6465": "0x0102"}, "childrenDefault": {}}}}"#;
    let storage = parse_state(spec.as_bytes(), None).unwrap();
    assert_eq!(storage.before(CODE_KEY), Some(&[1, 2][..]));
    assert_eq!(parse_block_file(b"{}").unwrap(), None);
    assert!(parse_block_file(br#"{"header": "0x", "body": [1]}"#).is_err());
    assert!(parse_block_file(br#"{"header": "0x"}"#).is_err());
}

/// Bytes as the text format's strings have them.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A runtime asks for the version of another one, as it does before it stores its code: one with
/// sections, one that has to be called, one that does not end, and bytes that are no runtime.
#[test]
fn a_runtime_can_ask_for_the_version_of_another() {
    let encoded = Runtime::new(&engine(Tier::default()), &code(1)).unwrap().version().unwrap();
    let encoded = encoded.encode();
    let without_sections = |body: &str| {
        let text = format!(
            r#"(module (import "env" "memory" (memory 1))
            (global (export "__heap_base") i32 (i32.const 1024))
            (data (i32.const 0) "{}")
            (func (export "Core_version") (param i32 i32) (result i64)
              {body} (i64.const {})))"#,
            escaped(&encoded),
            (encoded.len() as u64) << 32
        );
        wat::parse_str(text).unwrap()
    };
    let asked = |blob: &[u8]| {
        let text = format!(
            r#"(module (import "env" "memory" (memory 1))
            (import "env" "ext_misc_runtime_version_version_1" (func $v (param i64) (result i64)))
            (global (export "__heap_base") i32 (i32.const 32768))
            (data (i32.const 0) "{}")
            (func (export "ask") (param i32 i32) (result i64) (call $v (i64.const {}))))"#,
            escaped(blob),
            (blob.len() as u64) << 32
        );
        let runtime =
            Runtime::new(&engine(Tier::default()), &wat::parse_str(text).unwrap()).unwrap();
        let options = CallOptions { fuel: Some(1_000_000), ..CallOptions::default() };
        runtime.call(&mut Storage::default(), "ask", &[], &options)
    };
    let some = [vec![1], compact(encoded.len()), encoded.clone()].concat();
    assert_eq!(asked(&code(1)).unwrap().output, some);
    let called = asked(&without_sections("")).unwrap();
    assert_eq!(called.output, some);
    assert!(called.fuel > 40, "the other's fuel is charged");
    assert_eq!(asked(b"no runtime").unwrap().output, [0]);
    assert_eq!(asked(&without_sections("unreachable")).unwrap().output, [0]);
    // A runtime that is asked and asks in turn gets no answer, so the chain ends there.
    let asks = |blob: &[u8]| {
        let text = format!(
            r#"(module (import "env" "memory" (memory 1))
            (import "env" "ext_misc_runtime_version_version_1" (func $v (param i64) (result i64)))
            (global (export "__heap_base") i32 (i32.const 32768))
            (data (i32.const 0) "{}")
            (func (export "Core_version") (param i32 i32) (result i64) (call $v (i64.const {}))))"#,
            escaped(blob),
            (blob.len() as u64) << 32
        );
        wat::parse_str(text).unwrap()
    };
    assert_eq!(asked(&asks(&asks(&code(1)))).unwrap().output, [0]);
    // A bomb of 2 KB is charged as what it unpacks to, so a loop of them ends.
    let mut bomb = vec![0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05];
    bomb.extend([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
    (0..500).for_each(|_| bomb.extend([2, 0, 0x10, 0]));
    assert_eq!(asked(&bomb).unwrap_err().downcast_ref(), Some(&prova_core::Trap::OutOfFuel));
    let endless = asked(&without_sections("(loop (br 0))")).unwrap_err();
    assert_eq!(endless.downcast_ref(), Some(&prova_core::Trap::OutOfFuel));
}
