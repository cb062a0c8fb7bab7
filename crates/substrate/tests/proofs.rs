//! Compact proofs: those of a generator of this file, verdicts of `sp-trie`, and hostile ones.
//!
//! The generator is written from the format's description and shares no code with the crate but
//! the hash and the root. `proofs.tsv` has proofs that `sp-trie` 41.1.1 made, some of them changed,
//! each with its verdict: hasher and version, root, key, value, nodes, 1 or 0. Another file of that
//! form can be given with `PROVA_PROOFS`. Green does not show what clients say of a key of more
//! than half a MiB.

use prova_random::Rng;
use prova_substrate::{Hasher, PROOF_NODES_MAX, StateVersion, blake2_256, root, verify_proof};
use std::collections::BTreeMap;

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn verify(version: StateVersion, root: &[u8; 32], proof: &[Vec<u8>], k: &[u8], v: &[u8]) -> bool {
    verify_proof(Hasher::Blake2, version, root, proof.iter().map(Vec::as_slice), k, v)
}

fn root_of(version: StateVersion, pairs: &Pairs) -> [u8; 32] {
    let pairs = pairs.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    root(Hasher::Blake2, version, pairs)
}

#[test]
fn verdicts_are_those_of_sp_trie() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proofs.tsv");
    let path = std::env::var("PROVA_PROOFS").unwrap_or_else(|_| own.to_owned());
    let text = std::fs::read_to_string(path).unwrap();
    let mut verdicts = [0, 0];
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, root, key, value, nodes, verdict] = fields[..] else { panic!("{line}") };
        let hasher = if kind.starts_with("blake2") { Hasher::Blake2 } else { Hasher::Keccak };
        let version = if kind.ends_with('1') { StateVersion::V1 } else { StateVersion::V0 };
        let nodes: Vec<Vec<u8>> = match nodes {
            "-" => Vec::new(),
            nodes => nodes.split(',').map(unhex).collect(),
        };
        let root = unhex(root).try_into().unwrap();
        let nodes = nodes.iter().map(Vec::as_slice);
        let good = verify_proof(hasher, version, &root, nodes, &unhex(key), &unhex(value));
        assert_eq!(good, verdict == "1", "line {}: {line}", number + 1);
        verdicts[usize::from(good)] += 1;
    }
    println!("{} refused, {} accepted", verdicts[0], verdicts[1]);
    assert!(verdicts.iter().all(|&count| count > 50), "{verdicts:?}");
}

fn compact(number: usize) -> Vec<u8> {
    match number {
        0..64 => vec![(number * 4) as u8],
        _ => ((number * 4 + 1) as u16).to_le_bytes().to_vec(),
    }
}

fn vector(bytes: &[u8]) -> Vec<u8> {
    [compact(bytes.len()), bytes.to_vec()].concat()
}

fn header(first: u8, room: usize, nibbles: &[u8]) -> Vec<u8> {
    let mut out = match nibbles.len() {
        len if len < room => vec![first + len as u8],
        len => vec![first + room as u8, (len - room) as u8],
    };
    let odd = nibbles.len() % 2;
    out.extend(&nibbles[..odd]);
    out.extend(nibbles[odd..].chunks(2).map(|pair| pair[0] * 16 + pair[1]));
    out
}

/// A node of a trie, and as the proof of a key has it; and the proof's nodes below it.
struct Made {
    node: Vec<u8>,
    proof: Vec<u8>,
    below: Vec<Vec<u8>>,
}

/// The trie of these keys (as nibbles); `wanted` is the key to be proved, if it lies here.
fn make(v1: bool, pairs: &[(Vec<u8>, Vec<u8>)], wanted: Option<&[u8]>) -> Made {
    let held = |value: &[u8]| match v1 && value.len() > 32 {
        true => blake2_256(value).to_vec(),
        false => vector(value),
    };
    let hashed = |value: &[u8]| v1 && value.len() > 32;
    if let [(key, value)] = pairs {
        let first = if hashed(value) { (0x20, 31) } else { (0x40, 63) };
        let node = [header(first.0, first.1, key), held(value)].concat();
        let mine = wanted == Some(key.as_slice());
        let proof = if mine { [header(0x40, 63, key), vec![0]].concat() } else { node.clone() };
        return Made { node, proof, below: Vec::new() };
    }
    let (low, high) = (&pairs[0].0, &pairs[pairs.len() - 1].0);
    let shared = low.iter().zip(high).take_while(|(a, b)| a == b).count();
    let (path, value) = (&low[..shared], pairs.iter().find(|pair| pair.0.len() == shared));
    let plain = header(0x80, 63, path);
    let with_value = match value {
        None => plain.clone(),
        Some((_, value)) if hashed(value) => header(0x10, 15, path),
        Some(_) => header(0xc0, 63, path),
    };
    let value = value.map(|(_, value)| held(value)).unwrap_or_default();
    let mine = wanted == Some(path);
    let (mut bitmap, mut children, mut proved) = (0u16, Vec::new(), Vec::new());
    let mut below = Vec::new();
    for nibble in 0..16 {
        let part: Vec<(Vec<u8>, Vec<u8>)> = pairs
            .iter()
            .filter(|(key, _)| key.get(shared) == Some(&nibble))
            .map(|(key, value)| (key[shared + 1..].to_vec(), value.clone()))
            .collect();
        if part.is_empty() {
            continue;
        }
        bitmap |= 1 << nibble;
        let rest = wanted.and_then(|key| key.strip_prefix(path));
        let rest = rest.and_then(|key| key.strip_prefix(&[nibble]));
        let child = make(v1, &part, rest);
        let inline = child.node.len() < 32;
        let name = if inline { child.node } else { blake2_256(&child.node).to_vec() };
        children.extend(vector(&name));
        match (rest, inline) {
            (None, _) => proved.extend(vector(&name)),
            (Some(_), true) => proved.extend(vector(&child.proof)),
            (Some(_), false) => {
                proved.push(0);
                below.push(child.proof);
            }
        }
        below.extend(child.below);
    }
    let bitmap = bitmap.to_le_bytes().to_vec();
    let node = [with_value.clone(), bitmap.clone(), value.clone(), children].concat();
    let proof = match mine {
        true => [plain, bitmap, proved].concat(),
        false => [with_value, bitmap, value, proved].concat(),
    };
    Made { node, proof, below }
}

/// The proof of a key.
fn prove(version: StateVersion, pairs: &Pairs, key: &[u8]) -> Vec<Vec<u8>> {
    let nibbles = |key: &[u8]| -> Vec<u8> { key.iter().flat_map(|b| [b / 16, b % 16]).collect() };
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| (nibbles(key), value.clone())).collect();
    let made = make(version == StateVersion::V1, &pairs, Some(&nibbles(key)));
    [vec![made.proof], made.below].concat()
}

fn random_pairs(random: &mut Rng) -> Pairs {
    let count = random.between(1, 20);
    let bytes = [0, 1, 0x10, 0x11, 0xff];
    (0..count)
        .map(|_| {
            let len = *random.pick(&[0, 1, 1, 2, 2, 3, 20, 40]);
            let key = (0..len).map(|_| *random.pick(&bytes)).collect();
            let len = *random.pick(&[0, 1, 3, 5, 20, 31, 32, 33, 34, 60]);
            (key, random.bytes(len))
        })
        .collect()
}

/// 2,000 tries by default, 10^5 with `PROVA_CASES_MAX=50`; each with a proof of one of its keys,
/// which is accepted, and the proof changed in one of many ways, which is refused unless the change
/// is one of bytes that nobody reads (behind a node).
#[test]
fn proofs_of_the_generator() {
    let factor: u64 =
        std::env::var("PROVA_CASES_MAX").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for case in 0..2_000 * factor {
        let mut random = Rng::of(1404, case);
        let pairs = random_pairs(&mut random);
        let version = *random.pick(&[StateVersion::V0, StateVersion::V1]);
        let root = root_of(version, &pairs);
        let keys: Vec<&Vec<u8>> = pairs.keys().collect();
        let key = *random.pick(&keys);
        let (value, proof) = (&pairs[key], prove(version, &pairs, key));
        assert!(verify(version, &root, &proof, key, value), "case {case}: {pairs:x?} {key:x?}");

        let mut other = value.clone();
        other.push(0);
        assert!(!verify(version, &root, &proof, key, &other), "case {case}: another value");
        let mut other = key.clone();
        other.push(7);
        assert!(!verify(version, &root, &proof, &other, value), "case {case}: another key");
        let mut other = root;
        other[random.below(32)] ^= 1 << random.below(8);
        assert!(!verify(version, &other, &proof, key, value), "case {case}: another root");
        assert!(!verify(version, &root, &proof[1..], key, value), "case {case}: no root");
        let more = [proof.clone(), vec![vec![0x40, 0]]].concat();
        assert!(!verify(version, &root, &more, key, value), "case {case}: one too many");
        let mut changed = proof.clone();
        let node = random.below(changed.len());
        let at = random.below(changed[node].len());
        changed[node][at] ^= 1 << random.below(8);
        assert!(!verify(version, &root, &changed, key, value), "case {case}: {changed:x?}");
        let mut cut = proof.clone();
        cut[node].truncate(at);
        assert!(!verify(version, &root, &cut, key, value), "case {case}: {cut:x?}");
    }
}

/// A proof of depth: each node leads to the next, which nobody can have hashed. And its neighbours:
/// nodes that lead in a circle cannot be written down, since each is used once.
#[test]
fn hostile_proofs_are_refused_in_time() {
    let refused = |proof: &[Vec<u8>], key: &[u8]| {
        assert!(!verify(StateVersion::V1, &[0; 32], proof, key, b"value"));
    };
    refused(&[], b"");
    refused(&[vec![]], b"");
    refused(&[vec![0]], b"");
    // A branch at each nibble, whose child is left out.
    let branch = vec![0x80, 1, 0, 0];
    let deep = PROOF_NODES_MAX / 2 + 8;
    refused(&vec![branch.clone(); 2 * deep], &vec![0; deep]);
    // The same, the nodes in each other.
    let mut nested = vec![0x40, 0];
    for _ in 0..10_000 {
        nested = [vec![0x80, 1, 0], vector_of(&nested)].concat();
    }
    refused(&[nested], &[0; 5_000]);
    // Counts that lie: of nibbles, of bytes, of a value.
    refused(&[vec![0x7f; 40]], &[0; 100]);
    refused(&[[vec![0x7f], vec![0xff; 100_000]].concat()], &[0; 100]);
    refused(&[vec![0x40, 0xfe, 0xff, 0xff, 0xff]], b"");
    refused(&[vec![0xc0, 1, 0, 3, 0xff, 0xff, 0xff, 0xff]], &[0]);
    refused(&[vec![0x80, 0, 0]], b"");
    // A child that lies in its parent and is longer than a hash.
    let long = [vec![0x40], vector(&[7; 40])].concat();
    refused(&[[vec![0x80, 3, 0], vector(&long), vec![0]].concat(), vec![0x40, 0]], &[0x10]);
}

fn vector_of(bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len() as u32;
    let count = match len {
        0..0x4000 => compact(len as usize),
        _ => (len * 4 + 2).to_le_bytes().to_vec(),
    };
    [count, bytes.to_vec()].concat()
}
