//! A module → one row, and one member, for each of its functions; and for each type that is no
//! plain function type, since functions name those by number.

use super::find::display;
use prova_builds::names::{counted, demangle, printable};
use prova_core::Module;
use prova_module::{ExternKind, FuncIdx, TypeIdx, type_text};
use prova_report::{Node, Table};
use serde::Serialize;
use serde_json::json;

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

/// A type that functions name by number.
#[derive(Serialize)]
struct Type {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// As in the text format.
    text: String,
}

/// The types that are no plain function types.
fn types(module: &prova_module::Module) -> Vec<Type> {
    let all = module.types();
    let indices = (0..all.len() as u32).map(TypeIdx);
    let listed = indices.filter(|ty| all.def(*ty).is_some_and(|def| !def.is_plain()));
    let one = |ty: TypeIdx| Type {
        index: ty.0,
        name: module.names().ty(ty).map(str::to_owned),
        text: type_text(all, ty, &|ty| ty.to_string()),
    };
    listed.map(one).collect()
}

/// The functions of a module, as a tree: a row for each.
pub fn listing(module: &Module) -> Node {
    let wasm = module.wasm();
    let is_func = |kind: ExternKind| kind == ExternKind::Func;
    let mut imports = wasm.imports().iter().filter(|import| is_func(import.kind.kind()));
    let mut functions = Vec::new();
    let columns = [">index", ">bytes", ">at", "name", "type, import, exports"];
    let mut table = Table::new("", &columns);
    for (index, exports) in (0..).zip(exports(wasm)) {
        let func = FuncIdx(index);
        let entry = Entry {
            index,
            name: Name::new(wasm, func),
            ty: wasm.func_type(func).to_string(),
            import: imports.next().map(|it| [it.module.to_string(), it.name.to_string()]),
            body: wasm.body(func).map(|body| {
                let range = body.range();
                Body { start: range.start, end: range.end }
            }),
            exports,
        };
        table.push(entry.cells(display(wasm, func)), false);
        functions.push(entry);
    }
    let title = counted(functions.len() as u64, "function");
    let types = types(wasm);
    let mut listed = Table::new("", &[">index", "name", "type"]);
    for Type { index, name, text } in &types {
        let name = name.as_deref().map_or("-".to_owned(), printable);
        listed.push([index.to_string(), name, text.clone()], false);
    }
    let title_of_types =
        format!("{} besides plain function types", counted(types.len() as u64, "type"));
    let node = Node::of("functions", title).with_table(table);
    match types.is_empty() {
        true => node.with(json!({ "functions": functions })),
        false => {
            let below = Node::of("types", title_of_types).with_table(listed);
            node.with(json!({ "functions": functions, "types": types })).with_children([below])
        }
    }
}

impl Entry {
    /// The type is of any length, so it comes last.
    fn cells(&self, shown: String) -> [String; 5] {
        let name = if self.name.name.is_some() { shown } else { "-".to_owned() };
        let (bytes, at) = match self.body {
            Some(Body { start, end }) => ((end - start).to_string(), format!("{start:#x}")),
            None => Default::default(),
        };
        let mut last = self.ty.clone();
        if let Some([module, name]) = &self.import {
            last += &format!("  import {}::{}", printable(module), printable(name));
        }
        for name in &self.exports {
            last += &format!("  export \"{}\"", printable(name));
        }
        [self.index.to_string(), bytes, at, name, last]
    }
}
