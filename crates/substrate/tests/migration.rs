//! States whose values were written with different state versions.
//!
//! `migration.tsv` has histories of tries as `sp-trie` 41.1.1 keeps them: each field is a step, the
//! state version, the root after it, and what was written (`key=value`, or `key=-` for deleted).
//! Another file of that form can be given with `PROVA_MIGRATIONS`. Green does not show what a
//! client does that writes unchanged values again on its own.

use prova_substrate::{
    Rule, StateVersion, Storage, SubstrateError, Trie, check_parent_state, parse_state,
};

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn version(text: &str) -> StateVersion {
    if text == "1" { StateVersion::V1 } else { StateVersion::V0 }
}

#[test]
fn roots_are_those_of_sp_trie() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/migration.tsv");
    let path = std::env::var("PROVA_MIGRATIONS").unwrap_or_else(|_| own.to_owned());
    let (mut steps, mut uniform) = (0, 0);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let mut storage = Storage::default();
        let mut child = Storage::default();
        for step in line.split('\t') {
            let fields: Vec<&str> = step.split(' ').collect();
            let [number, root, writes] = fields[..] else { panic!("{step}") };
            let version = version(number);
            for write in writes.split(',') {
                let (key, value) = write.split_once('=').unwrap();
                let value = (value != "-").then(|| unhex(value));
                storage.set(&Trie::Main, &unhex(key), value.clone()).unwrap();
                child.set(&Trie::Child(b"kid".to_vec()), &unhex(key), value).unwrap();
            }
            assert_eq!(hex(&storage.root(version)), root, "{line}");
            storage.apply(version);
            for asked in [StateVersion::V0, StateVersion::V1] {
                assert_eq!(hex(&storage.root(asked)), root, "it depends on what is asked: {line}");
            }
            // A child trie has the same root for the same history.
            child.root(version);
            assert_eq!(hex(&child.child_root(b"kid", version).unwrap()), root, "{line}");
            child.apply(version);
            assert_eq!(hex(&child.child_root(b"kid", version).unwrap()), root, "{line}");
            let pairs = storage.pairs(&Trie::Main);
            uniform += usize::from(
                hex(&prova_substrate::root(prova_substrate::Hasher::Blake2, version, pairs))
                    == root,
            );
            steps += 1;
        }
    }
    println!("{steps} steps, {uniform} of one version");
    assert!(uniform < steps, "some have values of both versions");
}

/// The file of the first history, whose values say their versions, has the last root.
#[test]
fn a_state_file_says_the_versions() {
    let long = hex(&[7; 40]);
    let mut storage = Storage::default();
    let mut set = |key: &[u8], value: &[u8], version| {
        storage.set(&Trie::Main, key, Some(value.to_vec())).unwrap();
        storage.apply(version);
        storage.root(version)
    };
    set(&[1], &[7; 40], StateVersion::V0);
    let expected = set(&[2], &[7; 40], StateVersion::V1);
    let file = |first: &str| {
        format!(
            "{{\"stateVersion\": 0, \"mainTrie\": {{\"0x01\": {first}, \"0x02\": {{\"value\": \
             \"0x{long}\", \"stateVersion\": 1}}}}}}"
        )
    };
    let plain = format!("\"0x{long}\"");
    let good = parse_state(file(&plain).as_bytes(), None).unwrap();
    for asked in [StateVersion::V0, StateVersion::V1] {
        assert_eq!(good.root(asked), expected);
        check_parent_state(&good, asked, &expected).unwrap();
    }
    let other = file(&format!("{{\"value\": \"0x{long}\", \"stateVersion\": 1}}"));
    let other = parse_state(other.as_bytes(), None).unwrap();
    assert_ne!(other.root(StateVersion::V1), expected);
    assert!(check_parent_state(&other, StateVersion::V1, &expected).is_err());
    let refused = |json: &str, why: &str| {
        let error = parse_state(json.as_bytes(), None).unwrap_err();
        let error = error.downcast::<SubstrateError>().unwrap();
        assert!(matches!(error.rule(), Rule::File(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(&file(&plain).replace("\"stateVersion\": 0, ", ""), "and the state has none");
    refused(&file(&plain).replace(": 1}", ": 2}"), "it is neither 0 nor 1");
    refused(&file(&plain).replace(": 0,", ": \"0\","), "it is neither 0 nor 1");
    refused(&file("{\"stateVersion\": 1}"), "it has no `value`");
    refused(&file("7"), "it is no string");
}
