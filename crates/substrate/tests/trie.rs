//! Roots of tries: against a recursive model, and against published roots.
//!
//! The model splits the keys by nibble and writes nodes as the specification defines them (2.4), on
//! vectors of single nibbles; it shares no code with the crate but the hash. 10^5 random tries run
//! in shards of 10^4 by default (`PROVA_CASES_MAX=10` runs all of them). Green does not show that
//! the definition is understood: the published roots and `tests/blocks.rs` do.

use prova_random::Rng;
use prova_substrate::{Hasher, StateVersion, blake2_256, keccak_256, ordered_root, root, twox};
use std::collections::BTreeMap;

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

fn model_compact(number: usize) -> Vec<u8> {
    match number {
        0..64 => vec![(number << 2) as u8],
        64..0x4000 => ((number << 2 | 1) as u16).to_le_bytes().to_vec(),
        _ => ((number << 2 | 2) as u32).to_le_bytes().to_vec(),
    }
}

fn model_header(first: u8, room: usize, nibbles: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = nibbles.len();
    if left < room {
        out.push(first + left as u8);
    } else {
        out.push(first + room as u8);
        left -= room;
        loop {
            if left < 255 {
                out.push(left as u8);
                break;
            }
            out.push(255);
            left -= 255;
        }
    }
    let odd = nibbles.len() % 2;
    out.extend(&nibbles[..odd]);
    out.extend(nibbles[odd..].chunks(2).map(|pair| pair[0] * 16 + pair[1]));
    out
}

fn model_value(v1: bool, value: &[u8]) -> Vec<u8> {
    if v1 && value.len() > 32 {
        return blake2_256(value).to_vec();
    }
    [model_compact(value.len()), value.to_vec()].concat()
}

fn model_node(v1: bool, pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let hashed = |value: &[u8]| v1 && value.len() > 32;
    if let [(key, value)] = pairs {
        let header = match hashed(value) {
            true => model_header(0x20, 31, key),
            false => model_header(0x40, 63, key),
        };
        return [header, model_value(v1, value)].concat();
    }
    let (first, last) = (&pairs[0].0, &pairs[pairs.len() - 1].0);
    let shared = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    let value = pairs.iter().find(|(key, _)| key.len() == shared).map(|(_, value)| value);
    let mut node = match value {
        None => model_header(0x80, 63, &first[..shared]),
        Some(value) if hashed(value) => model_header(0x10, 15, &first[..shared]),
        Some(_) => model_header(0xc0, 63, &first[..shared]),
    };
    let (mut bitmap, mut children) = (0u16, Vec::new());
    for nibble in 0..16 {
        let below: Vec<(Vec<u8>, Vec<u8>)> = pairs
            .iter()
            .filter(|(key, _)| key.get(shared) == Some(&nibble))
            .map(|(key, value)| (key[shared + 1..].to_vec(), value.clone()))
            .collect();
        if !below.is_empty() {
            bitmap |= 1 << nibble;
            let child = model_node(v1, &below);
            let child = if child.len() < 32 { child } else { blake2_256(&child).to_vec() };
            children.extend(model_compact(child.len()));
            children.extend(child);
        }
    }
    node.extend(bitmap.to_le_bytes());
    node.extend(value.map(|value| model_value(v1, value)).unwrap_or_default());
    [node, children].concat()
}

fn model_root(v1: bool, pairs: &Pairs) -> [u8; 32] {
    if pairs.is_empty() {
        return blake2_256(&[0]);
    }
    let nibbles = |key: &Vec<u8>| key.iter().flat_map(|byte| [byte / 16, byte % 16]).collect();
    let pairs: Vec<(Vec<u8>, Vec<u8>)> =
        pairs.iter().map(|(key, value)| (nibbles(key), value.clone())).collect();
    blake2_256(&model_node(v1, &pairs))
}

fn root_of(version: StateVersion, pairs: &Pairs) -> [u8; 32] {
    let pairs = pairs.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    root(Hasher::Blake2, version, pairs)
}

/// A set of keys of one of several kinds: dense, sparse, prefixes of each other, long.
fn random_pairs(random: &mut Rng) -> Pairs {
    let largest = 1 << random.between(0, 6);
    let count = random.below(largest);
    let kind = random.below(4);
    let mut pairs = Pairs::new();
    let mut key = Vec::new();
    for _ in 0..count {
        match kind {
            0 => {
                let len = random.below(3);
                key = (0..len).map(|_| *random.pick(&[0, 1, 0x10, 0x11, 0xff])).collect();
            }
            1 => {
                let len = random.below(34);
                key = random.bytes(len);
            }
            2 => key.push(random.below(2) as u8 * 0x21),
            _ => {
                key = vec![0x77; random.below(300)];
                key.push(random.below(4) as u8);
            }
        }
        let len = *random.pick(&[0, 1, 5, 30, 31, 32, 33, 40, 70]);
        let value = random.bytes(len);
        pairs.insert(key.clone(), value);
    }
    pairs
}

#[test]
fn random_tries_agree_with_the_model() {
    let factor: u64 =
        std::env::var("PROVA_CASES_MAX").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut sizes = [0; 65];
    for case in 0..10_000 * factor {
        let pairs = random_pairs(&mut Rng::of(1400, case));
        sizes[pairs.len()] += 1;
        for version in [StateVersion::V0, StateVersion::V1] {
            let v1 = version == StateVersion::V1;
            assert_eq!(root_of(version, &pairs), model_root(v1, &pairs), "case {case}: {pairs:?}");
        }
    }
    assert!(sizes[0] > 0 && sizes[1] > 0 && sizes[40..].iter().sum::<u32>() > 100, "{sizes:?}");
}

/// A model with one thing wrong does not agree: the comparison can fail.
#[test]
fn a_planted_fault_shows() {
    let pairs: Pairs = [(vec![1], vec![7; 33]), (vec![1, 2], vec![8; 32])].into();
    assert_ne!(root_of(StateVersion::V1, &pairs), model_root(false, &pairs));
    assert_ne!(root_of(StateVersion::V0, &pairs), model_root(true, &pairs));
    let mut other = pairs.clone();
    other.insert(vec![1, 2], vec![9; 32]);
    assert_ne!(root_of(StateVersion::V1, &pairs), model_root(true, &other));
}

#[test]
fn lists_are_tries_of_their_places() {
    for count in [0, 1, 2, 63, 64, 65, 300] {
        let values: Vec<Vec<u8>> = (0..count).map(|i| vec![i as u8; i % 40]).collect();
        let pairs: Pairs =
            values.iter().enumerate().map(|(i, value)| (model_compact(i), value.clone())).collect();
        let values = values.iter().map(Vec::as_slice);
        let found = ordered_root(Hasher::Blake2, StateVersion::V1, values);
        assert_eq!(found, model_root(true, &pairs), "{count}");
    }
}

/// A chain of keys, each a prefix of the next, costs no native stack.
#[test]
fn a_deep_trie_needs_no_stack() {
    let pairs: Pairs = (0..3000).map(|len| (vec![0x55; len], vec![1])).collect();
    let thread = std::thread::Builder::new().stack_size(64 << 10);
    let deep = thread.spawn(move || root_of(StateVersion::V1, &pairs)).unwrap().join().unwrap();
    assert_ne!(deep, [0; 32]);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Published values: the empty trie's root, and hashes of well-known inputs.
#[test]
fn published_values() {
    let empty = "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314";
    assert_eq!(hex(&root_of(StateVersion::V0, &Pairs::new())), empty);
    assert_eq!(hex(&root_of(StateVersion::V1, &Pairs::new())), empty);
    let keccak = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    assert_eq!(hex(&keccak_256(b"")), keccak);
    assert_eq!(hex(&twox::<16>(b"System")), "26aa394eea5630e07c48ae0c9558cef7");
    assert_eq!(hex(&twox::<16>(b"Account")), "b99d880ec681799c0cf30e8886371da9");
}
