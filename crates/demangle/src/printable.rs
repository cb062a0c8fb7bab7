//! Text from outside → text that is safe to print. All crates print what a module says by these
//! functions.
//!
//! 1. No result has a character that a terminal or a page obeys ([`obeyed`]): controls, marks that
//!    turn the text's direction, separators of lines and paragraphs, characters without width. They
//!    stand as escapes, so a name cannot pretend to be a line of the tool.
//! 2. Each result is bounded: a name by [`NAME_CHARS_MAX`], a message by [`MESSAGE_CHARS_MAX`], a
//!    line by [`LINE_CHARS_MAX`] characters of the text, behind which its length stands. An escaped
//!    character has up to ten.
//!
//! Callers print a name by [`printable`] when they put it into a sentence. That alone keeps a line
//! feed of a name apart from one of the tool's; [`printable_lines`] at the end of a program cannot.

/// Most characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Most characters of a message that quotes what somebody else's reader says of a module.
pub const MESSAGE_CHARS_MAX: usize = 1_000;
/// Most characters of a line of a report.
pub const LINE_CHARS_MAX: usize = 10_000;

/// Whether a terminal or a page does something with this character instead of showing it.
pub fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{fff9}'..='\u{fffb}')
        || is_ignorable(c)
}

/// Whether a reader is to show nothing for this character: Unicode's
/// `Default_Ignorable_Code_Point`, of which names that look equal are made.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}')
        || matches!(c, '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}')
        || matches!(c, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// A name: of a function, an import, a section, a file in debug information.
pub fn printable(name: &str) -> String {
    bounded(name, NAME_CHARS_MAX, obeyed)
}

/// A message that quotes a module, in one line.
pub fn printable_message(message: &str) -> String {
    bounded(message, MESSAGE_CHARS_MAX, obeyed)
}

/// A line of a report, in which tabs stay.
pub fn printable_line(text: &str) -> String {
    bounded(text, LINE_CHARS_MAX, |c| obeyed(c) && c != '\t')
}

/// The text of several lines, each a [`printable_line`]. What a module says stands in it as
/// [`printable`] already: its line feeds would be lines here.
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable_line).collect::<Vec<_>>().join("\n")
}

/// The first `max` characters, escaped, and the number of all where there are more.
fn bounded(text: &str, max: usize, escapes: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut chars = text.chars();
    for c in chars.by_ref().take(max) {
        if escapes(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    match chars.count() {
        0 => out,
        more => format!("{out}… ({} characters)", max + more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        assert_eq!(printable("a\u{1b}[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\n");
        let all = [
            '\0',
            '\n',
            '\r',
            '\t',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{e0041}',
            '\u{ad}',
            '\u{34f}',
            '\u{115f}',
            '\u{17b4}',
            '\u{180e}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0100}',
        ];
        for c in all {
            assert!(obeyed(c), "{c:?}");
            for shown in [printable(&c.to_string()), printable_message(&c.to_string())] {
                assert!(shown.starts_with('\\') && !shown.contains(obeyed), "{c:?}: {shown}");
            }
        }
        for c in ['a', ' ', 'é', '漢', '\u{301}', '…', '\\', '한', '\u{1161}', '\u{fe10}'] {
            assert_eq!(printable(&c.to_string()), c.to_string());
        }
        assert_eq!(printable_lines("a\tb\r\nc"), "a\tb\\r\nc");
    }

    #[test]
    fn what_is_long_is_cut_and_its_length_told() {
        let short = "é".repeat(NAME_CHARS_MAX);
        assert_eq!(printable(&short), short);
        assert_eq!(printable(&(short.clone() + "x")), short + "… (201 characters)");
        for (max, cut) in [
            (NAME_CHARS_MAX, printable as fn(&str) -> String),
            (MESSAGE_CHARS_MAX, printable_message),
            (LINE_CHARS_MAX, printable_line),
        ] {
            let text = cut(&"x".repeat(1 << 20));
            assert_eq!(text, "x".repeat(max) + "… (1048576 characters)");
        }
    }
}
