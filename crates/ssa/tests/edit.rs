//! Edits of the text of a body: `A => B` (all of A is B), `drop A` (the line with A), `twice A`
//! (that line once more), `swap A` (that line and the next one), `after A => B` (lines B, between
//! them ` / `, behind that line), several with ` ; ` between them.

use prova_ssa::renumber;

/// A text with edits one after the other, its names numbered anew.
pub(crate) fn edited(text: &str, edits: &str) -> String {
    renumber(&edits.split(" ; ").fold(text.to_owned(), |text, one| edit(&text, one)))
}

/// One edit of a text.
pub(crate) fn edit(text: &str, edit: &str) -> String {
    let edit = edit.strip_prefix(' ').unwrap_or(edit);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = |part: &str| {
        let at = text.lines().position(|line| line.contains(part));
        at.unwrap_or_else(|| panic!("no line with {part:?} in\n{text}"))
    };
    if let Some(part) = edit.strip_prefix("drop ") {
        lines.remove(line(part));
    } else if let Some(part) = edit.strip_prefix("twice ") {
        let at = line(part);
        // The results of the second one have other names.
        let copy = lines[at].split_once(": ").map(|(_, rest)| format!("  v91: {rest}"));
        let copy = copy.unwrap_or_else(|| lines[at].clone());
        lines.insert(at + 1, copy);
    } else if let Some(part) = edit.strip_prefix("swap ") {
        let at = line(part);
        lines.swap(at, at + 1);
    } else {
        let (from, to) = edit.split_once(" =>").expect("an edit");
        let to = to.strip_prefix(' ').unwrap_or(to);
        if let Some(part) = from.strip_prefix("after ") {
            let at = line(part);
            let new = to.split(" / ").map(str::to_owned);
            lines.splice(at + 1..at + 1, new);
        } else {
            assert!(text.contains(from), "no {from:?} in\n{text}");
            return replaced(text, from, to);
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// All of `from` that are whole words at both ends.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut new = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = is_word(from.chars().last()) && is_word(after.chars().next());
        new += before;
        new += if inside { from } else { to };
        rest = after;
    }
    new + rest
}
