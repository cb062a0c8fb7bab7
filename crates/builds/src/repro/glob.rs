//! A pattern and a relative path → whether they match.
//!
//! `*` and `?` stay within one component; `**` stands for any number of components, none included.
//! There are no classes and no escapes. [`tree`](super::tree) collects artifacts with it. Worst
//! case: the product of the two lengths, for components and, in one component, for characters.

/// Whether the path, with `/` between components, matches.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> =
        pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    wild(&pattern, &path, |pattern| *pattern == "**", |pattern, part| component(pattern, part))
}

fn component(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    wild(&pattern, &text, |c| *c == '*', |pattern, c| *pattern == '?' || pattern == c)
}

/// Greedy matching with one point to go back to: the last star.
fn wild<P, T>(
    pattern: &[P],
    text: &[T],
    star: impl Fn(&P) -> bool,
    one: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back = None;
    while t < text.len() {
        if p < pattern.len() && star(&pattern[p]) {
            back = Some((p, t));
            p += 1;
        } else if p < pattern.len() && one(&pattern[p], &text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = back {
            back = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(star)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_within_their_component() {
        for (pattern, path) in [
            ("a.wasm", "a.wasm"),
            ("./out/*.wasm", "out/a.wasm"),
            ("**/*.wasm", "a.wasm"),
            ("**/*.wasm", "x/y/a.wasm"),
            ("target/**/release/?.o", "target/wasm32/x/release/b.o"),
            ("**", "x/y"),
            ("a*b*c", "aXbbYc"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*.wasm", "x/a.wasm"),
            ("a", "b"),
            ("**/x", "x/y"),
            ("a*b", "abc"),
            ("?", ""),
            ("", "a"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
