//! The same module with pages of one byte: what lies behind such a memory's length is not said to
//! fault, so every access of it is compared up to its end.

/// The text of a module with `(pagesize 1)` in each memory with 64-bit addresses, or in all, as
/// large as before; the minimum, and the maximum if there is one, come last in a memory.
pub(crate) fn of_bytes(wat: &str, all: bool) -> String {
    let parts: Vec<&str> = wat.split("(memory").collect();
    let (first, memories) = parts.split_first().expect("text");
    let memory = |text: &&str| {
        let (inside, rest) = text.split_once(')').expect("an end");
        let words: Vec<String> = inside
            .split(' ')
            .map(|word| word.parse::<u64>().map_or(word.to_owned(), |n| (n << 16).to_string()))
            .collect();
        let words = words.join(" ");
        let is_type =
            text.starts_with(' ') && !inside.contains('(') && (all || inside.contains("i64"));
        match is_type && words.ends_with(|c: char| c.is_ascii_digit()) {
            true => format!("(memory{words} (pagesize 1)){rest}"),
            false => format!("(memory{text}"),
        }
    };
    let memories: Vec<String> = memories.iter().map(memory).collect();
    format!("{first}{}", memories.concat())
}
