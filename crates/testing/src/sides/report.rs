//! A finding of a case → everything needed to understand it: its calls, its module, its bytecode.

use super::run::Setup;
use crate::generate::Case;
use prova_bytecode::{Candidate, Handler, text};
use prova_module::ExternKind;
use prova_runtime::Settings;
use prova_translate::Translator;
use std::fmt::Write as _;

/// A finding with its module, its calls and the bytecode of what is called: in a setup, or in
/// settings in which nothing ran.
pub fn describe(case: &Case, how: Result<Setup, Settings>, what: &str) -> String {
    let mut text = String::new();
    let setup = how.map_or("no run".to_owned(), |setup| setup.to_string());
    // Writing to a string does not fail.
    let _ = writeln!(text, "{setup}: {what}");
    text.push_str(&shown(case));
    let settings = how.map_or_else(|settings| settings, |setup| setup.settings);
    let _ = writeln!(text, "{}", bytecode(case, settings));
    text
}

/// The calls of a case, and its module.
pub fn shown(case: &Case) -> String {
    let mut text = String::new();
    for call in &case.calls {
        let _ = writeln!(text, "call {} {:x?}", call.export, call.args);
    }
    match wasmprinter::print_bytes(&case.wasm) {
        Ok(wat) => text.push_str(&short(&wat)),
        Err(error) => _ = writeln!(text, "(no text: {error})"),
    }
    text
}

/// A module's text without its lists of types and exports and without functions that were emptied.
fn short(wat: &str) -> String {
    let lines: Vec<&str> = wat.lines().collect();
    let mut kept = String::new();
    let mut i = 0;
    while i < lines.len() {
        let emptied = lines[i].starts_with("  (func")
            && lines.get(i + 1).is_some_and(|line| line.trim() == "unreachable")
            && lines.get(i + 2).is_some_and(|line| line.trim() == ")");
        if emptied {
            i += 3;
            continue;
        }
        if !["  (type", "  (export"].iter().any(|list| lines[i].starts_with(list)) {
            kept.push_str(lines[i]);
            kept.push('\n');
        }
        i += 1;
    }
    kept
}

/// The bytecode of the functions that are called, in these settings.
fn bytecode(case: &Case, settings: Settings) -> String {
    let mut listing = String::new();
    let Some(module) = case.module() else { return listing };
    let called = |name: &str| case.calls.iter().any(|call| call.export == name);
    for export in module.exports() {
        if export.kind != ExternKind::Func || !called(&export.name) {
            continue;
        }
        let Some(func) = export.func() else { continue };
        let _ = writeln!(listing, "{func} ({}):", export.name);
        match Translator::new().translate(&module, func, &settings) {
            Ok(candidate) => {
                let code = text::display(&candidate.words).with_map(&candidate.map);
                let _ = write!(listing, "{}{code}", handlers(&candidate));
            }
            Err(error) => _ = writeln!(listing, "{error}"),
        }
    }
    listing
}

/// The handlers of a candidate, a line each: the words of the range, what is caught, where it goes.
pub fn handlers(candidate: &Candidate) -> String {
    let mut lines = String::new();
    for Handler { start, end, tag, with_ref, target, slot } in &candidate.handlers {
        let tag = tag.map_or("all".to_owned(), |tag| tag.to_string());
        let with_ref = if *with_ref { " with its reference" } else { "" };
        let to = match *target {
            Handler::RETURN => "return".to_owned(),
            word => format!("@{word}, values at s{slot}"),
        };
        let _ = writeln!(lines, "@{start} to @{end}: {tag}{with_ref} -> {to}");
    }
    lines
}
