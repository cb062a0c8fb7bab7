//! The shrunk module → text and JSON.
//!
//! `diverge` has the report of the small module itself.

use super::{ENTRY, Shrunk};
use prova_builds::names::counted;
use serde_json::json;
use std::fmt::Write;

impl Shrunk {
    /// The text of a module, after lines that say how it came to be.
    ///
    /// # Errors
    /// If the printer cannot print a valid module; none is known.
    pub fn wat(&self, of_second: bool, reproduce: &str) -> anyhow::Result<String> {
        let second = self.against.as_ref().filter(|_| of_second);
        let module = second.unwrap_or(&self.module);
        let text = wasmprinter::print_bytes(module.bytes())?;
        let class = prova_builds::names::printable(&self.class.to_string());
        Ok(format!(";; {class}\n;; {reproduce}\n{text}"))
    }

    /// Where the small module differs.
    fn place(found: &crate::diverge::Divergence) -> String {
        let first = found.first.as_ref();
        let fork = first.and_then(|first| first.before.last().filter(|_| first.ways));
        let spot = first.and_then(|first| first.a.as_ref().or(first.b.as_ref()));
        match fork.or(spot.map(|spot| &spot.event)) {
            Some(event) => format!("{}, at {:#08x}", event.place(), event.offset),
            None => "behind the last event".to_owned(),
        }
    }

    /// The result of shrinking, as text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        writeln!(out, "{}", self.class).ok();
        writeln!(out, "the program: in {}", Shrunk::place(&self.before)).ok();
        writeln!(out, "made small:  in {}", Shrunk::place(&self.after)).ok();
        let funcs = self.module.func_count();
        match &self.against {
            None => writeln!(
                out,
                "bytes {} → {}, functions {funcs}, export {ENTRY}",
                self.bytes[0],
                self.module.bytes().len(),
            ),
            Some(against) => writeln!(
                out,
                "bytes {} → {}, and {} → {}; functions {funcs}, export {ENTRY}",
                self.bytes[0],
                self.module.bytes().len(),
                self.bytes[1],
                against.bytes().len(),
            ),
        }
        .ok();
        let ended = if self.exhausted { "; the budget ended the search" } else { "" };
        let tries = counted(self.tries, "module");
        writeln!(out, "verified: `prova diverge` finds the same class ({tries} tried{ended})").ok();
        prova_builds::names::printable_lines(&out)
    }

    /// The result of shrinking, as JSON.
    ///
    /// # Errors
    /// The serialiser's; none is known.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let value = json!({
            "class": self.class,
            "bytes": { "before": self.bytes, "after": [
                Some(self.module.bytes().len()),
                self.against.as_ref().map(|module| module.bytes().len()),
            ] },
            "functions": self.module.func_count(),
            "export": ENTRY,
            "tries": self.tries,
            "exhausted": self.exhausted,
            "fuel": self.fuel,
            "before": self.before,
            "after": self.after,
        });
        serde_json::to_string_pretty(&value)
    }
}
