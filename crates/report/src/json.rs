//! A tree → JSON, in the shape of the tree.
//!
//! `{ "schema": 1, "title", "verdict"?, "evidence": […], "tables": [{ "caption", "columns",
//! "rows": [{ "cells", "marked" }] }], "notes": […], "children": […] }`

use crate::tree::Node;
use serde::Serialize;

/// The version of the shape; it rises when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

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
        serde_json::to_string_pretty(&Root { schema: SCHEMA, node: self })
    }
}
