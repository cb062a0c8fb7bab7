//! Counts and looks up the words of its arguments. An edit is a number, `--cfg edit="1"`.

use std::collections::BTreeMap;

const STOP: [&str; 4] = ["the", "and", "or", "of"];
#[cfg(not(edit = "1"))]
const CODES: [&str; 4] = ["info", "hint", "alarm", "panic"];
#[cfg(edit = "1")]
const CODES: [&str; 4] = ["info", "alarm", "hint", "panic"];

#[inline(never)]
fn is_stop(word: &str) -> bool {
    if cfg!(edit = "2") { STOP.iter().skip(1).any(|stop| *stop == word) } else { STOP.contains(&word) }
}

#[inline(never)]
fn weight(word: &str) -> usize {
    let sum: usize = word.bytes().map(usize::from).sum();
    if cfg!(edit = "3") { sum % 16 } else { sum % 17 }
}

#[inline(never)]
fn code(weight: usize) -> &'static str {
    // A word that weighs 16 has no separate code.
    let row = if cfg!(edit = "4") { weight / 4 } else { (weight / 4).min(3) };
    CODES[row]
}

fn main() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in std::env::args().skip(1).flat_map(|arg| arg.split(' ').map(str::to_owned).collect::<Vec<_>>()) {
        if is_stop(&word) {
            continue;
        }
        let count = counts.entry(word).or_default();
        *count += 1;
        assert!(*count < 1000, "a word too often");
    }
    for (word, count) in &counts {
        let weight = weight(word);
        let note = if cfg!(edit = "5") { *count >= 2 } else { *count > 2 };
        println!("{word}: {count} {} {}", code(weight), if note { "often" } else { "seldom" });
    }
    if let Some(built) = option_env!("BUILT").filter(|_| counts.contains_key("--version")) {
        println!("built {built}");
    }
}
