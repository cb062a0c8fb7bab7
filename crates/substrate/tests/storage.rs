//! Storage with transactions against a plain model, under random sequences.
//!
//! The model copies both whole maps (backend and overlay) when a transaction begins; a limit counts
//! keys of the backend alone, as in every client. 2,000 sequences of 50 operations of seed 1401 by
//! default; `PROVA_CASES_MAX=50 cargo test --workspace --test substrate random_sequences` runs 10^5
//! in some 20 seconds of processor time. Roots are compared with those of the model's own maps, by
//! the same trie code: `trie.rs` is about roots.

use prova_random::Rng;
use prova_substrate::{
    CHILD_PREFIX, Hasher, Removal, Rule, StateVersion, Storage, SubstrateError, Trie, root,
};
use std::collections::BTreeMap;

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Default)]
struct Model {
    backend: [Pairs; 2],
    overlay: [BTreeMap<Vec<u8>, Option<Vec<u8>>>; 2],
}

impl Model {
    fn now(&self, trie: usize) -> Pairs {
        let mut now = self.backend[trie].clone();
        for (key, value) in &self.overlay[trie] {
            match value {
                Some(value) => drop(now.insert(key.clone(), value.clone())),
                None => drop(now.remove(key)),
            }
        }
        now
    }

    fn clear_prefix(&mut self, trie: usize, prefix: &[u8], limit: Option<u32>) -> Removal {
        let mut deleted = 0;
        for (key, value) in &mut self.overlay[trie] {
            if key.starts_with(prefix) {
                deleted += u64::from(value.is_none());
                *value = None;
            }
        }
        let mut looked_at = 0;
        for key in self.backend[trie].keys().filter(|key| key.starts_with(prefix)) {
            if limit == Some(looked_at) {
                return Removal { all: false, looked_at, deleted };
            }
            self.overlay[trie].insert(key.clone(), None);
            looked_at += 1;
        }
        Removal { all: true, looked_at, deleted }
    }
}

fn random_key(random: &mut Rng) -> Vec<u8> {
    let len = 1 + random.below(3);
    (0..len).map(|_| 1 + random.below(3) as u8).collect()
}

fn root_of<'a>(pairs: impl IntoIterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>) -> [u8; 32] {
    let pairs = pairs.into_iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    root(Hasher::Blake2, StateVersion::V1, pairs)
}

fn child() -> Trie {
    Trie::Child(b"kid".to_vec())
}

fn child_place() -> Vec<u8> {
    [CHILD_PREFIX, b"kid"].concat()
}

/// The root of the model's state: a child trie without keys has no root in the main trie.
fn model_root(model: &Model) -> [u8; 32] {
    let (mut main, kid) = (model.now(0), model.now(1));
    if !kid.is_empty() {
        main.insert(child_place(), root_of(&kid).to_vec());
    }
    root_of(&main)
}

fn start(random: &mut Rng) -> (Storage, Model) {
    let mut model = Model::default();
    for trie in 0..2 {
        for _ in 0..random.below(12) {
            let (key, len) = (random_key(random), random.below(40));
            let value = random.bytes(len);
            model.backend[trie].insert(key, value);
        }
    }
    let mut main = model.backend[0].clone();
    let mut children = BTreeMap::new();
    if !model.backend[1].is_empty() {
        main.insert(child_place(), root_of(&model.backend[1]).to_vec());
        children.insert(b"kid".to_vec(), model.backend[1].clone());
    }
    (Storage::new(main, children).unwrap(), model)
}

/// Compares all that can be read.
fn compare(storage: &Storage, model: &Model, what: &str) {
    for (place, trie) in [Trie::Main, child()].iter().enumerate() {
        let expected = model.now(place);
        let pairs = storage.pairs(trie).filter(|(key, _)| !key.starts_with(CHILD_PREFIX));
        let found: Pairs = pairs.map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(storage.root(StateVersion::V1), model_root(model), "{what}");
}

fn step(random: &mut Rng, storage: &mut Storage, model: &mut Model, saved: &mut Vec<Model>) {
    let place = random.below(2);
    let trie = if place == 0 { Trie::Main } else { child() };
    let key = random_key(random);
    match random.below(10) {
        0 => {
            storage.start_transaction().unwrap();
            saved.push(model.clone());
        }
        1 => match saved.pop() {
            Some(before) => {
                storage.rollback_transaction().unwrap();
                *model = before;
            }
            None => assert_eq!(storage.rollback_transaction(), Err(Rule::NoTransaction)),
        },
        2 => match saved.pop() {
            Some(_) => storage.commit_transaction().unwrap(),
            None => assert_eq!(storage.commit_transaction(), Err(Rule::NoTransaction)),
        },
        3 => {
            let limit = random.percent(50).then(|| random.below(4) as u32);
            let prefix = &key[..1];
            let found = storage.clear_prefix(&trie, prefix, limit).unwrap();
            assert_eq!(found, model.clear_prefix(place, prefix, limit));
        }
        4 => {
            storage.set(&trie, &key, None).unwrap();
            model.overlay[place].insert(key, None);
        }
        5 => {
            let expected = model.now(place).keys().find(|other| **other > key).cloned();
            let found = storage.next_key(&trie, &key).0.map(<[u8]>::to_vec);
            let found = found.filter(|found| !found.starts_with(CHILD_PREFIX));
            assert_eq!(found, expected);
        }
        _ => {
            let len = random.below(40);
            let value = random.bytes(len);
            storage.set(&trie, &key, Some(value.clone())).unwrap();
            model.overlay[place].insert(key, Some(value));
        }
    }
    assert_eq!(storage.transactions(), saved.len());
}

#[test]
fn random_sequences_agree_with_the_model() {
    let factor: u64 =
        std::env::var("PROVA_CASES_MAX").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for case in 0..2_000 * factor {
        let mut random = Rng::of(1401, case);
        let (mut storage, mut model) = start(&mut random);
        let mut saved = Vec::new();
        for at in 0..50 {
            step(&mut random, &mut storage, &mut model, &mut saved);
            if at % 10 == 9 {
                compare(&storage, &model, &format!("case {case}, step {at}"));
            }
        }
        let before = storage.root(StateVersion::V1);
        storage.apply(StateVersion::V1);
        assert_eq!(storage.root(StateVersion::V1), before, "case {case}: applied");
        assert_eq!(storage.change_bytes(), 0);
    }
}

#[test]
fn a_child_whose_keys_were_changed_is_refused() {
    let kid: Pairs = [(vec![1], vec![2])].into();
    let children: BTreeMap<Vec<u8>, Pairs> = [(b"kid".to_vec(), kid.clone())].into();
    let main: Pairs = [(child_place(), root_of(&kid).to_vec())].into();
    assert!(Storage::new(main.clone(), children.clone()).is_ok());
    let mut wrong = children.clone();
    wrong.insert(b"kid".to_vec(), [(vec![1], vec![3])].into());
    let rule = |result: prova_core::Result<Storage>| match result {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.downcast::<SubstrateError>().unwrap().rule().clone(),
    };
    for children in [wrong, BTreeMap::new()] {
        let found = rule(Storage::new(main.clone(), children));
        assert!(matches!(found, Rule::ChildRoot { .. }), "{found:?}");
    }
}

#[test]
fn the_roots_of_children_are_not_for_the_runtime_to_write() {
    let mut storage = Storage::default();
    storage.set(&Trie::Main, &child_place(), Some(vec![1])).unwrap();
    assert_eq!(storage.get(&Trie::Main, &child_place()), None);
    storage.set(&Trie::Main, b"a", Some(vec![1])).unwrap();
    for prefix in [&b""[..], b":", b":child_storage:", b":child_storage:default:k"] {
        let removal = storage.clear_prefix(&Trie::Main, prefix, None).unwrap();
        assert_eq!(removal, Removal { all: true, looked_at: 0, deleted: 0 });
    }
    assert!(storage.get(&Trie::Main, b"a").is_some());
    storage.set(&child(), b"x", Some(vec![1])).unwrap();
    let root = storage.child_root(b"kid", StateVersion::V1).unwrap();
    assert_eq!(storage.get(&Trie::Main, &child_place()), Some(root.as_slice()));
    storage.set(&child(), b"x", None).unwrap();
    storage.child_root(b"kid", StateVersion::V1).unwrap();
    assert_eq!(storage.get(&Trie::Main, &child_place()), None, "an empty child has no root");
}
