//! A module → one line, or one JSON object, for each of its functions.

use super::find::display;
use prova::Module;
use prova_builds::names::{demangle, printable};
use prova_module::{ExternKind, FuncIdx};
use serde::Serialize;
use std::fmt::Write;

/// The functions of a module.
#[derive(Serialize)]
pub struct Listing {
    format: u32,
    functions: Vec<Entry>,
}

/// A function.
#[derive(Serialize)]
struct Entry {
    index: u32,
    #[serde(flatten)]
    name: Name,
    #[serde(rename = "type")]
    ty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<[String; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Body>,
    exports: Vec<String>,
    #[serde(skip)]
    shown: String,
}

/// A function's name as the name section has it, and demangled where that says more.
#[derive(Serialize)]
pub(super) struct Name {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) demangled: Option<String>,
}

/// Where a body is, in bytes from the module's start: locals and operators, without the size.
#[derive(Serialize)]
pub(super) struct Body {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Name {
    pub(super) fn new(module: &prova_module::Module, func: FuncIdx) -> Name {
        let name = module.func_name(func).map(str::to_owned);
        let demangled =
            name.as_ref().map(|name| demangle(name)).filter(|it| Some(it) != name.as_ref());
        Name { name, demangled }
    }
}

/// The names under which each function is exported, by index.
fn exports(module: &prova_module::Module) -> Vec<Vec<String>> {
    let mut exports = vec![Vec::new(); module.func_count()];
    for export in module.exports() {
        if let Some(func) = export.func() {
            exports[func.index()].push(export.name.to_string());
        }
    }
    exports
}

impl Listing {
    /// The functions of a module.
    pub fn new(module: &Module) -> Listing {
        let wasm = module.wasm();
        let is_func = |kind: ExternKind| kind == ExternKind::Func;
        let mut imports = wasm.imports().iter().filter(|import| is_func(import.kind.kind()));
        let mut functions = Vec::new();
        for (index, exports) in (0..).zip(exports(wasm)) {
            let func = FuncIdx(index);
            let import = imports.next();
            functions.push(Entry {
                index,
                name: Name::new(wasm, func),
                ty: wasm.func_type(func).to_string(),
                import: import.map(|it| [it.module.to_string(), it.name.to_string()]),
                body: wasm.body(func).map(|body| {
                    let range = body.range();
                    Body { start: range.start, end: range.end }
                }),
                exports,
                shown: display(wasm, func),
            });
        }
        Listing { format: super::view::FORMAT, functions }
    }

    /// A line for each function. The newlines are the only characters that a terminal obeys.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for entry in &self.functions {
            let name = if entry.name.name.is_some() { &entry.shown } else { "-" };
            write!(text, "{:>6}  {name}  {}", entry.index, entry.ty).ok();
            if let Some(Body { start, end }) = entry.body {
                write!(text, "  {} bytes at {start:#x}", end - start).ok();
            }
            if let Some([module, name]) = &entry.import {
                write!(text, "  import {}::{}", printable(module), printable(name)).ok();
            }
            for export in &entry.exports {
                write!(text, " export \"{}\"", printable(export)).ok();
            }
            text.push('\n');
        }
        text
    }
}
