//! Whether text on a stream has colours.

use prova_report::Paint;
use std::ffi::OsStr;
use std::io::IsTerminal;

/// Colour for a terminal whose user does not object (`NO_COLOR`), and that can show it.
pub(crate) fn paint(stream: &impl IsTerminal) -> Paint {
    let (no_color, term) = (std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
    paint_for(stream.is_terminal(), no_color.as_deref(), term.as_deref())
}

fn paint_for(terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> Paint {
    let objects = no_color.is_some_and(|value| !value.is_empty());
    let able = term.is_none_or(|term| term != "dumb");
    if terminal && able && !objects { Paint::Colour } else { Paint::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_of_those_who_want_it() {
        let of = |terminal, no_color: Option<&str>, term: Option<&str>| {
            paint_for(terminal, no_color.map(OsStr::new), term.map(OsStr::new))
        };
        for term in [None, Some("xterm")] {
            assert_eq!(of(true, None, term), Paint::Colour);
            assert_eq!(of(true, Some(""), term), Paint::Colour);
            assert_eq!(of(true, Some("1"), term), Paint::Plain);
            assert_eq!(of(false, None, term), Paint::Plain);
        }
        assert_eq!(of(true, None, Some("dumb")), Paint::Plain);
    }
}
