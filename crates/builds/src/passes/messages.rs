//! The output of a compiler, dumps of its passes among it → its messages to its user.
//!
//! [`tool`](super::tool) packs the same bytes. Lines before the first dump, and after the end of
//! machine code, are messages. The end of other dumps is not marked: outside of functions a line
//! that has the form of a diagnostic (`error: …`, `x.c:3:5: warning: …`, `error[E0425]: …`) ends
//! one.
//!
//! Limits: lines are cut at [`LINE_BYTES_MAX`], and no more than [`LINES_MAX`] are kept. If the
//! compiler fails without a message, [`Messages::last_words`] gives its last [`LAST_LINES`] lines.
//! The tests below, and `crates/cli/tests/passes.rs`, have a compiler that fails.

use super::header::{self, Mark};
use std::collections::VecDeque;

/// Maximum number of bytes of a line that are looked at and kept.
const LINE_BYTES_MAX: usize = 4096;

/// Maximum number of lines that are kept.
const LINES_MAX: usize = 1000;

/// Number of last lines that are shown of a compiler that fails without a message.
const LAST_LINES: usize = 12;

/// Where in the log a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    /// In no dump.
    #[default]
    Nothing,
    /// In a dump, between functions.
    Dump,
    /// In a function of LLVM's intermediate representation.
    Function,
    /// In machine code.
    Machine,
}

/// Reads what a compiler prints, in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Messages {
    line: Vec<u8>,
    inside: Inside,
    dumps: u64,
    said: usize,
    last: VecDeque<String>,
}

impl Messages {
    /// How many dumps there were.
    pub(super) fn dumps(&self) -> u64 {
        self.dumps
    }

    /// Reads on.
    pub(super) fn add(&mut self, bytes: &[u8], say: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES_MAX - self.line.len();
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            self.line.extend(&text[..text.len().min(room)]);
            if ends {
                self.ends(say);
            }
        }
    }

    /// Reads what is left.
    pub(super) fn end(&mut self, say: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            self.ends(say);
        }
    }

    /// If nothing was said, the last lines of all.
    pub(super) fn last_words(&self, say: &mut dyn FnMut(&str)) {
        if self.said == 0 {
            self.last.iter().for_each(|line| say(line));
        }
    }

    fn ends(&mut self, say: &mut dyn FnMut(&str)) {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let text = String::from_utf8_lossy(line);
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(text.clone().into_owned());
        if let Some(header) = header::parse(line) {
            self.dumps += 1;
            self.inside = match (header.mark, header.machine) {
                (Mark::Body, true) => Inside::Machine,
                (Mark::Body, false) => Inside::Dump,
                _ => Inside::Nothing,
            };
            return;
        }
        match self.inside {
            Inside::Machine => {
                if line.starts_with(b"# End machine code for function") {
                    self.inside = Inside::Nothing;
                }
            }
            Inside::Function => {
                if line.starts_with(b"}") {
                    self.inside = Inside::Dump;
                }
            }
            Inside::Dump if line.starts_with(b"define ") => self.inside = Inside::Function,
            Inside::Dump if !is_diagnostic(&text) => {}
            Inside::Dump | Inside::Nothing => {
                self.inside = Inside::Nothing;
                self.say(&text, say);
            }
        }
    }

    fn say(&mut self, text: &str, say: &mut dyn FnMut(&str)) {
        // Compilers print empty lines between dumps.
        if text.trim().is_empty() && (self.said == 0 || self.dumps > 0) {
            return;
        }
        self.said += 1;
        match self.said {
            0..LINES_MAX => say(text),
            LINES_MAX => say("… more is in the log"),
            _ => {}
        }
    }
}

/// Whether a line outside of functions has the form of a diagnostic. Lines of a module begin with
/// `@`, `%`, `!`, `;`, `$`, `^`, or with a word that is none of these.
fn is_diagnostic(line: &str) -> bool {
    const WORDS: [&str; 5] = ["error", "warning", "note", "fatal error", "remark"];
    let begins = |text: &str| {
        WORDS.iter().any(|word| {
            text.strip_prefix(word)
                .is_some_and(|rest| rest.starts_with(": ") || rest.starts_with('['))
        })
    };
    let of_module = ["@", "%", "!", ";", "$", "^", " ", "\t", "#", "module asm"];
    if of_module.iter().any(|start| line.starts_with(start)) {
        return false;
    }
    begins(line) || line.match_indices(": ").any(|(at, _)| begins(&line[at + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(log: &str, size: usize) -> (Vec<String>, u64) {
        let (mut messages, mut lines) = (Messages::default(), Vec::new());
        let mut say = |line: &str| lines.push(line.to_owned());
        for piece in log.as_bytes().chunks(size) {
            messages.add(piece, &mut say);
        }
        messages.end(&mut say);
        messages.last_words(&mut say);
        (lines, messages.dumps())
    }

    #[test]
    fn what_is_for_the_user_is_said_and_no_dump() {
        let log = "x.c:1:1: warning: first\n; *** IR Dump After A on f ***\n@s = constant [7 x i8] c\"error: \"\ndefine i32 @f() {\nerror:  ; preds = %0\n  ret i32 1\n}\n# *** IR Dump After B ***:\n# Machine code for function f:\nerror: no\n# End machine code for function f.\nwasm-ld: error: undefined symbol: g\n>>> referenced by f.c\n; *** IR Dump After C on [module] ***\n!0 = !{}\nerror[E0425]: last\n --> x.rs\n";
        let expected = [
            "x.c:1:1: warning: first",
            "wasm-ld: error: undefined symbol: g",
            ">>> referenced by f.c",
            "error[E0425]: last",
            " --> x.rs",
        ];
        for size in [1, 7, 4096] {
            let (lines, dumps) = said(log, size);
            assert_eq!((lines, dumps), (expected.map(str::to_owned).to_vec(), 3), "{size}");
        }
    }

    #[test]
    fn little_is_kept_and_a_silent_failure_has_last_words() {
        let dump = "; *** IR Dump After A on f ***\ndefine i32 @f() {\n";
        let (lines, _) = said(&format!("{dump}{}", "  nop\n".repeat(100)), 64);
        assert_eq!(lines, vec!["  nop".to_owned(); LAST_LINES]);
        let (lines, _) = said(&"word\n".repeat(5 * LINES_MAX), 4096);
        assert_eq!(
            (lines.len(), lines.last().map(String::as_str)),
            (LINES_MAX, Some("… more is in the log"))
        );
        let (lines, _) = said(&"x".repeat(1 << 20), 1000);
        assert_eq!((lines.len(), lines[0].len()), (1, LINE_BYTES_MAX));
    }
}
