//! `HOST[::GUEST[::ro|rw]]`, as command lines write it → a directory that a guest is granted.
//!
//! 1. All text is read or refused: an unknown mode and a fourth part are errors, never a part of
//!    the guest's name, because a mode that is misread would grant writing.
//! 2. Without a mode the guest may write, as with Wasmtime's `HOST[::GUEST]`.
//!
//! [`Grant::likely_mode`] finds names in which another separator or a missing part hides what was
//! probably meant as a mode: they are granted as they stand, and a command line should warn.

use crate::builder::Perms;
use std::fmt;
use std::str::FromStr;

/// The form of a grant, for usage texts.
pub const GRANT_FORM: &str = "HOST[::GUEST[::ro|rw]]";

/// Separates the parts.
const SEPARATOR: &str = "::";

/// A directory of the host that a guest is granted, as `HOST[::GUEST[::ro|rw]]` says it.
///
/// ```
/// use prova_wasi::Grant;
///
/// let grant: Grant = "data::/srv::ro".parse()?;
/// assert_eq!((grant.host(), grant.guest(), grant.perms().read_only), ("data", "/srv", true));
/// assert_eq!("data".parse::<Grant>()?.guest(), "data");
/// assert!("data::/srv::RO".parse::<Grant>().is_err());
/// # Ok::<(), prova_wasi::GrantError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    host: String,
    guest: String,
    /// None: nothing was said, so the guest may write.
    mode: Option<Perms>,
}

/// Why a text is no [`Grant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantError {
    /// A part is empty.
    Empty,
    /// The third part is neither `ro` nor `rw`.
    Mode(String),
    /// There are more than three parts.
    Parts(usize),
    /// The name for the guest, which was given apart, has the separator of the parts.
    Separator,
}

impl Grant {
    /// The directory of the host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name that the guest sees: the host's where no other was given.
    pub fn guest(&self) -> &str {
        &self.guest
    }

    /// The guest's permissions there: to write too, where no mode was given.
    pub fn perms(&self) -> Perms {
        self.mode.unwrap_or_default()
    }

    /// The mode, `ro` or `rw`, that stands in the guest's name, where no mode was given: `::` was
    /// probably meant in `HOST::GUEST:ro`, and a name for the guest was forgotten in `HOST::ro`.
    pub fn likely_mode(&self) -> Option<&'static str> {
        self.hidden_mode().map(|(_, mode)| mode)
    }

    /// The guest's name before that mode, empty where nothing stands before it.
    pub fn likely_name(&self) -> Option<&str> {
        let (at, _) = self.hidden_mode()?;
        Some(self.guest[..at].trim_end_matches(BETWEEN))
    }

    /// The place of a mode in the guest's name, and which one it is.
    fn hidden_mode(&self) -> Option<(usize, &'static str)> {
        if self.mode.is_some() {
            return None;
        }
        // A directory that is called `ro`, or `my ro`, keeps its name.
        let is_own_name = self.guest == self.host;
        let between: &[char] = if is_own_name { &[':'] } else { &BETWEEN };
        let mut at = 0;
        for (number, word) in self.guest.split(between).enumerate() {
            let is_word = |(name, _): &&(&str, _)| word.eq_ignore_ascii_case(name);
            match WORDS.iter().find(is_word) {
                Some((_, mode)) if number > 0 || !is_own_name => return Some((at, mode)),
                // Each of them has one byte.
                _ => at += word.len() + 1,
            }
        }
        None
    }
}

/// Characters that users write between a name and a mode, here and for other programs
/// (`docker -v A:B:ro,z`).
const BETWEEN: [char; 11] = [':', ',', ';', '=', '|', '+', '"', '\'', ' ', '\t', '\n'];

/// Words that are meant as a mode, with that mode.
const WORDS: [(&str, &str); 6] = [
    ("ro", "ro"),
    ("readonly", "ro"),
    ("read-only", "ro"),
    ("read_only", "ro"),
    ("rw", "rw"),
    ("wr", "rw"),
];

/// Refuses a guest's name that contains `::`: text in the form of a [`Grant`] would otherwise be
/// taken for a name where both names are given apart, and its mode would be lost.
///
/// # Errors
/// [`GrantError::Separator`].
pub fn guest_name(name: &[u8]) -> Result<&[u8], GrantError> {
    let separator = SEPARATOR.as_bytes();
    match name.windows(separator.len()).any(|part| part == separator) {
        true => Err(GrantError::Separator),
        false => Ok(name),
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Grant, GrantError> {
        let parts: Vec<&str> = text.splitn(4, SEPARATOR).collect();
        let (host, guest, mode) = match parts[..] {
            [host] => (host, host, None),
            [host, guest] => (host, guest, None),
            [host, guest, "ro"] => (host, guest, Some(Perms { read_only: true })),
            [host, guest, "rw"] => (host, guest, Some(Perms { read_only: false })),
            [_, _, mode] => return Err(GrantError::Mode(mode.to_owned())),
            _ => return Err(GrantError::Parts(text.split(SEPARATOR).count())),
        };
        match host.is_empty() || guest.is_empty() {
            true => Err(GrantError::Empty),
            false => Ok(Grant { host: host.to_owned(), guest: guest.to_owned(), mode }),
        }
    }
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantError::Empty => write!(f, "a part is empty")?,
            GrantError::Mode(mode) => {
                write!(f, "`{}` is no mode, only `ro` and `rw` are", mode.escape_debug())?;
            }
            GrantError::Parts(count) => write!(f, "it has {count} parts, at most 3 are possible")?,
            GrantError::Separator => return f.write_str("a guest's name cannot contain `::`"),
        }
        write!(f, "; the form is {GRANT_FORM}")
    }
}

impl std::error::Error for GrantError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command line is tested with the same table.
    const TABLE: &str = include_str!("../tests/wasi/grants.tsv");

    #[test]
    fn forms_are_read_or_refused() {
        let (mut read, mut refused) = (0, 0);
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let [text, wanted, mode, likely] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("four columns: {line}")
            };
            match text.parse::<Grant>() {
                Ok(grant) => {
                    let (host, guest) = wanted.split_once(" as ").expect(line);
                    assert_eq!((grant.host(), grant.guest()), (host, guest), "{line}");
                    assert_eq!(if grant.perms().read_only { "ro" } else { "rw" }, mode, "{line}");
                    assert_eq!(grant.likely_mode().unwrap_or("-"), likely, "{line}");
                    read += 1;
                }
                Err(error) => {
                    assert_eq!((mode, likely), ("refused", "-"), "{line}");
                    assert!(error.to_string().contains(wanted), "{line}: {error}");
                    refused += 1;
                }
            }
        }
        assert!(read > 10 && refused > 10, "{read} read, {refused} refused");
    }

    #[test]
    fn a_name_that_is_given_apart_has_no_mode() {
        assert_eq!(guest_name(b"/data:ro"), Ok(&b"/data:ro"[..]));
        for name in [&b"/data::ro"[..], b"::", b"real::/a::RO"] {
            assert_eq!(guest_name(name), Err(GrantError::Separator));
        }
    }
}
