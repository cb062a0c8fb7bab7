//! A tree → JSON, in the shape of the tree.
//!
//! `{ "schema": 2, "kind", "verdict", "title", …members, "evidence": […], "tables": [{ "caption",
//! "columns", "rows": [{ "cells", "mark" }] }], "notes": […], "children": […] }`. A field that is
//! empty is left out, except the title. Only the root has `schema`.

use crate::tree::Node;
use prova_demangle::obeyed;
use serde::Serialize;
use std::fmt::Write as _;

/// The version of the shape; it rises when a field changes its meaning or goes.
pub const SCHEMA: u32 = 2;

#[derive(Serialize)]
struct Root<'n> {
    schema: u32,
    #[serde(flatten)]
    node: &'n Node,
}

impl Node {
    /// The tree as JSON, indented.
    ///
    /// # Errors
    /// The serialiser's; none is known.
    pub fn to_json(&self) -> serde_json::Result<String> {
        json(&Root { schema: SCHEMA, node: self })
    }
}

/// JSON, indented, with what a terminal obeys as escapes: strings may come from outside.
///
/// # Errors
/// The serialiser's.
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !obeyed(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    Ok(escaped)
}
