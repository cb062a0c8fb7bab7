//! The text of a body → tokens, line by line.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Letters, digits, `.` and `_`.
    Word(&'t str),
    /// Any other character but blanks.
    Sign(char),
}

/// The tokens of a line.
pub(super) struct Tokens<'t> {
    rest: &'t str,
}

pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '_'
}

impl<'t> Tokens<'t> {
    pub(super) fn new(line: &'t str) -> Tokens<'t> {
        Tokens { rest: line.trim_start_matches(' ') }
    }

    /// The next token, which stays.
    pub(super) fn peek(&self) -> Option<Token<'t>> {
        let first = self.rest.chars().next()?;
        if !is_word(first) {
            return Some(Token::Sign(first));
        }
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        Some(Token::Word(&self.rest[..end]))
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek()?;
        let len = match token {
            Token::Word(word) => word.len(),
            Token::Sign(sign) => sign.len_utf8(),
        };
        self.rest = self.rest[len..].trim_start_matches(' ');
        Some(token)
    }

    /// Takes a sign if it is next.
    pub(super) fn take(&mut self, sign: char) -> bool {
        let is = self.peek() == Some(Token::Sign(sign));
        if is {
            self.next();
        }
        is
    }

    /// Takes a word if it is next.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is = self.peek() == Some(Token::Word(word));
        if is {
            self.next();
        }
        is
    }

    /// The number behind a prefix, if the next token is such; it stays otherwise.
    pub(super) fn take_numbered(&mut self, prefix: &str) -> Option<u32> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let number = decimal(word.strip_prefix(prefix)?)?;
        self.next();
        Some(number)
    }
}

/// A decimal number as it is printed, below 2³¹.
fn decimal(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    let leading = digits.len() > 1 && digits.starts_with('0');
    digits.parse().ok().filter(|&number: &u32| plain && !leading && number < 1 << 31)
}
