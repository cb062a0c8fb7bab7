//! JSON text → a [`Value`], for what cargo prints about packages.
//!
//! Neighbours: `architecture`. RFC 8259 without its numbers' values and without surrogate pairs, which cargo's output does
//! not need: a number is kept as text. Recursion is as deep as the input; the input is cargo's, not a stranger's.

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `true`, `false` or a number, as written.
    Plain(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object, in order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads a whole text.
    ///
    /// # Errors
    /// The offset at which the text is no JSON.
    pub fn parse(text: &str) -> Result<Value, usize> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value()?;
        reader.space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.at) }
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => {
                members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            Value::Plain(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// The elements of an array; none of anything else.
    pub fn list(&self) -> &[Value] {
        match self {
            Value::List(list) => list,
            Value::Plain(_) | Value::Text(_) | Value::Object(_) => &[],
        }
    }

    /// A member that is a string; empty if there is none.
    pub fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `token` if it is next.
    fn take(&mut self, token: char) -> bool {
        self.space();
        let is_next = self.rest().starts_with(token);
        self.at += if is_next { token.len_utf8() } else { 0 };
        is_next
    }

    fn expect(&mut self, token: char) -> Result<(), usize> {
        if self.take(token) { Ok(()) } else { Err(self.at) }
    }

    fn value(&mut self) -> Result<Value, usize> {
        self.space();
        match self.rest().chars().next() {
            Some('"') => self.string().map(Value::Text),
            Some('[') => self.list().map(Value::List),
            Some('{') => self.object().map(Value::Object),
            _ => {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
                let plain: String = self.rest().chars().take_while(|&c| is_plain(c)).collect();
                self.at += plain.len();
                if plain.is_empty() { Err(self.at) } else { Ok(Value::Plain(plain)) }
            }
        }
    }

    fn list(&mut self) -> Result<Vec<Value>, usize> {
        let mut list = Vec::new();
        self.expect('[')?;
        if self.take(']') {
            return Ok(list);
        }
        loop {
            list.push(self.value()?);
            if self.take(']') {
                return Ok(list);
            }
            self.expect(',')?;
        }
    }

    fn object(&mut self) -> Result<Vec<(String, Value)>, usize> {
        let mut members = Vec::new();
        self.expect('{')?;
        if self.take('}') {
            return Ok(members);
        }
        loop {
            self.space();
            let name = self.string()?;
            self.expect(':')?;
            members.push((name, self.value()?));
            if self.take('}') {
                return Ok(members);
            }
            self.expect(',')?;
        }
    }

    fn string(&mut self) -> Result<String, usize> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            let c = self.rest().chars().next().ok_or(self.at)?;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, usize> {
        let c = self.rest().chars().next().ok_or(self.at)?;
        self.at += c.len_utf8();
        Ok(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let digits = self.text.get(self.at..self.at + 4).ok_or(self.at)?;
                let code = u32::from_str_radix(digits, 16).map_err(|_| self.at)?;
                self.at += 4;
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            c => c,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let value = Value::parse(r#" {"a": [1, -2.5e3, null, "x\n\"\u00e9"], "b": {}, "c": []} "#);
        let value = value.expect("it is JSON");
        let plain = |text: &str| Value::Plain(text.to_owned());
        let list = [plain("1"), plain("-2.5e3"), plain("null"), Value::Text("x\n\"é".to_owned())];
        assert_eq!(value.get("a").map(Value::list), Some(&list[..]));
        assert_eq!(value.get("b"), Some(&Value::Object(Vec::new())));
        assert_eq!(value.get("d"), None);
    }

    #[test]
    fn what_is_no_json_is_refused_at_its_offset() {
        for (text, at) in
            [("", 0), ("[1", 2), ("[1,]", 3), ("{\"a\" 1}", 5), ("1 2", 2), ("\"a", 2)]
        {
            assert_eq!(Value::parse(text), Err(at), "{text}");
        }
    }
}
