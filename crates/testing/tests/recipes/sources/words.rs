//! Counts the words of its arguments.

use std::collections::BTreeMap;

fn main() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in std::env::args().flat_map(|arg| arg.split(' ').map(str::to_owned).collect::<Vec<_>>()) {
        *counts.entry(word).or_default() += 1;
    }
    for (word, count) in &counts {
        println!("{word}: {count}");
    }
}
