//! Commands of the debugger's user (`monitor`, in LLDB `process plugin packet monitor`) → text: a
//! value with what an object holds, which the protocol's own packets have no room for.
//!
//! ```text
//! local N [FRAME]      operand N [FRAME]      global N [FRAME]
//! ```

use prova_reference::Paused;

/// The usage, for any other command.
pub(crate) const USAGE: &str = "local N [FRAME], operand N [FRAME] or global N [FRAME]: a value, \
    an object with its type and what it holds; frame 0 is the innermost\n";

/// A value that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    what: What,
    index: usize,
    frame: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Local,
    Operand,
    Global,
}

impl Command {
    /// Reads a command; `None` for anything else.
    pub(crate) fn read(text: &[u8]) -> Option<Command> {
        let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
        let what = match words.next()? {
            "local" => What::Local,
            "operand" => What::Operand,
            "global" => What::Global,
            _ => return None,
        };
        let index = words.next()?.parse().ok()?;
        let frame = words.next().map_or(Some(0), |frame| frame.parse().ok())?;
        words.next().is_none().then_some(Command { what, index, frame })
    }

    /// The text of the value; `None` if there is none.
    pub(crate) fn answer(self, paused: &Paused<'_, '_>) -> Option<String> {
        let Command { what, index, frame } = self;
        match what {
            What::Local => paused.local_text(frame, index),
            What::Operand => paused.operand_text(frame, index),
            What::Global => paused.global_text(frame, index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_an_index_and_may_have_a_frame() {
        let command = |what, index, frame| Some(Command { what, index, frame });
        assert_eq!(Command::read(b"local 3"), command(What::Local, 3, 0));
        assert_eq!(Command::read(b" global  1 2 "), command(What::Global, 1, 2));
        assert_eq!(Command::read(b"operand 0 1"), command(What::Operand, 0, 1));
        for other in ["", "local", "local -1", "local x", "locals 1", "local 1 2 3", "\u{e9} 1"] {
            assert_eq!(Command::read(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Command::read(&[0xff]), None);
    }
}
