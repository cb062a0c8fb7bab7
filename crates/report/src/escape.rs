//! Text from outside in a page: characters that a browser would interpret are escaped.

use prova_demangle::printable_line;

/// Text that is safe in elements and quoted attributes, and printable.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
