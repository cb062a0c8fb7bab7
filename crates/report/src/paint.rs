//! Text for a terminal, with or without colour.
//!
//! 1. Without colour nothing is added. With colour only the sequences of [`Paint::style`] are
//!    added: without them the text is the same.

use crate::tree::{Mark, Tone};

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// Text alone.
    #[default]
    Plain,
    /// With the colours of a terminal (SGR).
    Colour,
}

/// The role of a piece of text, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Heading,
    Quiet,
    Row(Mark, Tone),
}

impl Style {
    /// The parameters of the sequence; none if the text stays as it is.
    const fn code(self) -> Option<&'static str> {
        match self {
            Style::Heading => Some("1"),
            Style::Quiet => Some("2"),
            Style::Row(Mark::Here, Tone::Plain) => Some("1"),
            Style::Row(Mark::A, Tone::Plain) => Some("31"),
            Style::Row(Mark::B, Tone::Plain) | Style::Row(_, Tone::Good) => Some("32"),
            Style::Row(_, Tone::Calm) => Some("36"),
            Style::Row(_, Tone::Notice) => Some("33"),
            Style::Row(_, Tone::Warning) => Some("1;33"),
            Style::Row(_, Tone::Grave) => Some("1;31"),
            Style::Row(Mark::None, Tone::Plain) => None,
        }
    }
}

impl Paint {
    /// A word in a tone.
    #[must_use]
    pub fn toned(self, tone: Tone, word: &str) -> String {
        self.style(Style::Row(Mark::None, tone), word)
    }

    /// The text in a style.
    pub(crate) fn style(self, style: Style, text: &str) -> String {
        match (self, style.code()) {
            (Paint::Colour, Some(code)) if !text.is_empty() => {
                format!("\u{1b}[{code}m{text}\u{1b}[0m")
            }
            (Paint::Colour | Paint::Plain, _) => text.to_owned(),
        }
    }
}
