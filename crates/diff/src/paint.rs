//! Text for a terminal, with or without colour.
//!
//! 1. Without colour nothing is added. With colour only the sequences of [`Paint::style`] are
//!    added: without them the text is the same.

use super::report::Verdict;

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
pub(super) enum Style {
    Heading,
    Quiet,
    OnlyA,
    OnlyB,
    Verdict(Verdict),
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Style::Heading => "1",
            Style::Quiet => "2",
            Style::OnlyA => "31",
            Style::OnlyB => "32",
            Style::Verdict(verdict) => match verdict {
                Verdict::Changed => "1;31",
                Verdict::RandomLooking | Verdict::Url | Verdict::Text => "1;33",
                Verdict::Path | Verdict::Timestamp | Verdict::Producers | Verdict::AssumedMoved => {
                    "33"
                }
                Verdict::LayoutOnly | Verdict::Moved | Verdict::Renumbered => "36",
                Verdict::Identical => "32",
            },
        }
    }
}

impl Paint {
    /// The text in a style.
    pub(super) fn style(self, style: Style, text: &str) -> String {
        match self {
            Paint::Plain => text.to_owned(),
            Paint::Colour => format!("\u{1b}[{}m{text}\u{1b}[0m", style.code()),
        }
    }

    /// The verdict's name in its colour.
    pub(super) fn verdict(self, verdict: Verdict) -> String {
        self.style(Style::Verdict(verdict), verdict.name())
    }
}
