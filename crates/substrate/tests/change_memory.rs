//! The count of a call's changes is no less than the memory that they take.
//!
//! Each shape is held while the next one is made, and the resident memory of the process is
//! compared with the count. One test, since it is the process that is measured; on Linux alone. A
//! green run does not show that the count is not lavish: at the end, it is within six times.

#![cfg(target_os = "linux")]

use prova_substrate::{Storage, Trie};

/// The memory that this process has, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<u64>().expect("a number") << 10
}

fn key(i: u32) -> Vec<u8> {
    // Out of order, as hashed keys are.
    i.wrapping_mul(0x9e37_79b1).to_be_bytes().to_vec()
}

/// A shape of changes: its name, and what makes it.
type Shape = (&'static str, fn(&mut Storage));

const COUNT: u32 = 40_000;

const SHAPES: &[Shape] = &[
    ("empty values in order", |storage| {
        (0..COUNT).for_each(|i| storage.set(&Trie::Main, &i.to_be_bytes(), Some(vec![])).unwrap());
    }),
    ("values of a byte out of order", |storage| {
        (0..COUNT).for_each(|i| storage.set(&Trie::Main, &key(i), Some(vec![1])).unwrap());
    }),
    ("deleted keys", |storage| {
        (0..COUNT).for_each(|i| storage.set(&Trie::Main, &key(i), None).unwrap());
    }),
    ("values of 100 bytes, remembered", |storage| {
        (0..COUNT).for_each(|i| storage.set(&Trie::Main, &key(i), Some(vec![1; 100])).unwrap());
        storage.start_transaction().unwrap();
        (0..COUNT).for_each(|i| storage.set(&Trie::Main, &key(i), Some(vec![2; 100])).unwrap());
    }),
    ("keys that four transactions remember", |storage| {
        for _ in 0..4 {
            storage.start_transaction().unwrap();
            (0..COUNT / 4).for_each(|i| storage.set(&Trie::Main, &key(i), None).unwrap());
        }
    }),
    ("child tries of a key", |storage| {
        (0..COUNT).for_each(|i| {
            storage.set(&Trie::Child(key(i)), b"a", Some(vec![1])).unwrap();
        });
    }),
    ("child tries of a key, remembered", |storage| {
        storage.start_transaction().unwrap();
        (0..COUNT).for_each(|i| {
            storage.set(&Trie::Child(key(i)), b"a", Some(vec![1])).unwrap();
        });
    }),
];

#[test]
fn changes_count_the_memory_that_they_take() {
    let mut held = Vec::new();
    for (name, make) in SHAPES {
        let before = resident();
        let mut storage = Storage::default();
        make(&mut storage);
        let (taken, counted) = (resident() - before, storage.change_bytes());
        println!("{name}: {taken} bytes taken, {counted} counted");
        assert!(taken <= counted, "{name}: {taken} bytes taken, {counted} counted");
        assert!(counted <= 6 * taken, "{name}: {taken} bytes taken, {counted} counted");
        held.push(storage);
    }
}
