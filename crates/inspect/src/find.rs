//! The user's name for a function → its index.
//!
//! In this order, the first that there is: an index (`12`, `func12`); an export; a name of the name
//! section; an offset in the function's body, as backtraces have it (`0x3c56`); a demangled name;
//! the end of a demangled name (`write` of `core::fmt::write`); a part of one. A name that several
//! functions have is refused with their list, one that none has with those of [`near`] names.
//!
//! Limits: the list has at most [`LISTED_MAX`] functions. Demangled names are made only if none of
//! the first three is there.

use super::near::near;
use prova_builds::names::{demangle, printable};
use prova_module::{FuncIdx, Module};
use std::fmt::{self, Write};

/// The most functions in a list of candidates.
const LISTED_MAX: usize = 20;

/// The user names no function, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfound(String);

impl fmt::Display for Unfound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfound {}

/// The function that the user names.
///
/// # Errors
/// If there is none, or several: these are listed.
pub fn find(module: &Module, name: &str) -> Result<FuncIdx, Unfound> {
    let count = module.func_count() as u32;
    let index = name.strip_prefix("func").unwrap_or(name).parse::<u32>();
    if let Some(index) = index.ok().filter(|&index| index < count) {
        return Ok(FuncIdx(index));
    }
    if let Some(func) = module.export(name).and_then(|export| export.func()) {
        return Ok(func);
    }
    let named = || (0..count).map(FuncIdx).filter_map(|f| Some((f, module.func_name(f)?)));
    if let Some(func) = one(module, name, named().filter(|(_, raw)| *raw == name))? {
        return Ok(func);
    }
    if let Some(func) = offset(name).and_then(|offset| around(module, offset)) {
        return Ok(func);
    }
    let demangled: Vec<(FuncIdx, String)> =
        named().map(|(func, raw)| (func, demangle(raw))).collect();
    let matching = |wanted: &dyn Fn(&str) -> bool| {
        let all = demangled.iter().filter(|(_, text)| wanted(text));
        one(module, name, all.map(|(func, text)| (*func, text.as_str())))
    };
    let part = |text: &str| without_arguments(text) == name;
    let end = |text: &str| ends(without_arguments(text), name) || ends(text, name);
    for wanted in [&|text: &str| text == name, &part, &end, &|text: &str| text.contains(name)]
        as [&dyn Fn(&str) -> bool; 4]
    {
        if let Some(func) = matching(wanted)? {
            return Ok(func);
        }
    }
    Err(unfound(module, name, &demangled))
}

/// The offset in a module that a text is: hexadecimal, with `0x`.
fn offset(text: &str) -> Option<usize> {
    usize::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// The function whose body has this offset.
fn around(module: &Module, offset: usize) -> Option<FuncIdx> {
    let has =
        |&func: &FuncIdx| module.body(func).is_some_and(|body| body.range().contains(&offset));
    module.defined_funcs().find(has)
}

/// That there is no such function, and the functions that may have been meant.
fn unfound(module: &Module, name: &str, demangled: &[(FuncIdx, String)]) -> Unfound {
    let exports = module.exports().iter();
    let exports = exports.filter_map(|export| Some((&*export.name, export.func()?)));
    let last = |text: &'_ str| text.rfind("::").map_or(0, |at| at + 2);
    let paths = demangled.iter().map(|(func, text)| (without_arguments(text), *func));
    let paths = paths.flat_map(|(path, func)| [(&path[last(path)..], func), (path, func)]);
    let mut funcs: Vec<FuncIdx> = Vec::new();
    for func in near(name, exports.chain(paths)) {
        if !funcs.contains(&func) {
            funcs.push(func);
        }
    }
    let mut text = format!("there is no function `{}`", printable(name));
    if !funcs.is_empty() {
        text.push_str("; near names:");
    }
    for func in funcs {
        let export = module.exports().iter().find(|export| export.func() == Some(func));
        write!(text, "\n{:>8}  {}", func.0, display(module, func)).ok();
        if let Some(export) = export {
            write!(text, " (export `{}`)", printable(&export.name)).ok();
        }
    }
    let has_dwarf = || module.custom_sections().iter().any(|s| &*s.name == ".debug_info");
    if offset(name).is_none() && has_dwarf() {
        text.push_str(
            "\nnote: a frame of a backtrace may name inlined functions; its offset, such as 0x3c56, is a name too",
        );
    }
    Unfound(text)
}

/// Whether a path ends with these components.
fn ends(text: &str, name: &str) -> bool {
    text.strip_suffix(name).is_some_and(|rest| !name.is_empty() && rest.ends_with("::"))
}

/// A demangled C++ name without its arguments.
fn without_arguments(text: &str) -> &str {
    text.split_once('(').map_or(text, |(name, _)| name)
}

/// The only function among these; an error if there are several.
fn one<'m>(
    module: &Module,
    name: &str,
    mut all: impl Iterator<Item = (FuncIdx, &'m str)>,
) -> Result<Option<FuncIdx>, Unfound> {
    let Some(first) = all.next() else { return Ok(None) };
    let rest: Vec<_> = all.collect();
    if rest.is_empty() {
        return Ok(Some(first.0));
    }
    let count = rest.len() + 1;
    let mut text = format!("`{}` may be one of {count} functions:", printable(name));
    for (func, _) in std::iter::once(first).chain(rest).take(LISTED_MAX) {
        write!(text, "\n{:>8}  {}", func.0, display(module, func)).ok();
    }
    if count > LISTED_MAX {
        write!(text, "\n          and {} more", count - LISTED_MAX).ok();
    }
    Err(Unfound(text))
}

/// A function's name as a reader wants it; its index if it has none.
pub(super) fn display(module: &Module, func: FuncIdx) -> String {
    match module.func_name(func) {
        Some(name) => printable(&demangle(name)),
        None => func.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits};

    fn module() -> Module {
        let text = r#"(module
            (func $plain)
            (func $_ZN4core3fmt5write17h0123456789abcdefE)
            (func $_ZN5alloc3fmt5write17h0123456789abcdefE)
            (func $_ZN4core3fmt6Writer3new17h0123456789abcdefE)
            (func $_ZN3foo3barEi (export "5"))
            (func $_ZN3foo3barEf (export "exported"))
            (func (export "plain_export")))"#;
        let bytes = wat::parse_str(text).expect("the module is well-formed");
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("it is valid")
    }

    #[test]
    fn the_first_way_that_there_is() {
        let module = module();
        for (name, func) in [
            ("3", 3),
            ("func3", 3),
            ("5", 5),
            ("exported", 5),
            ("plain", 0),
            ("_ZN3foo3barEi", 4),
            ("core::fmt::write", 1),
            ("foo::bar(float)", 5),
            ("Writer::new", 3),
            ("new", 3),
            ("fmt::Wri", 3),
            ("plain_export", 6),
        ] {
            assert_eq!(find(&module, name).expect(name), FuncIdx(func), "{name}");
        }
    }

    /// From the first byte of a body to its last one, and nowhere else; a name comes first.
    #[test]
    fn an_offset_is_the_function_around_it() {
        let module = module();
        let body = module.body(FuncIdx(2)).expect("a body").range();
        for (offset, func) in [(body.start, 2), (body.end - 1, 2), (body.end + 1, 3)] {
            assert_eq!(find(&module, &format!("{offset:#x}")), Ok(FuncIdx(func)), "{offset:#x}");
        }
        for offset in [0, body.end, usize::MAX] {
            let error = find(&module, &format!("{offset:#x}")).expect_err("it is in no body");
            assert_eq!(error.to_string(), format!("there is no function `{offset:#x}`"));
        }
        let text = r#"(module (func $f) (func (export "0x1a") nop nop nop)
            (@custom ".debug_info" "x"))"#;
        let bytes = wat::parse_str(text).expect("the module is well-formed");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        assert_eq!(find(&module, "0x1a"), Ok(FuncIdx(1)), "an export");
        let error = find(&module, "inlined").expect_err("there is none").to_string();
        assert!(error.contains("\nnote: a frame of a backtrace"), "{error}");
    }

    #[test]
    fn what_is_not_there_or_not_unique_is_misuse() {
        let module = module();
        for (name, message) in [
            ("", "may be one of 6 functions"),
            ("write", "1  core::fmt::write\n       2  alloc::fmt::write"),
            ("foo::bar", "4  foo::bar(int)\n       5  foo::bar(float)"),
            ("nothing", "there is no function `nothing`"),
            ("plian", "there is no function `plian`; near names:\n       0  plain"),
            ("baz", "near names:\n       4  foo::bar(int) (export `5`)\n       5  foo::bar(float)"),
            ("wriet", "near names:\n       1  core::fmt::write\n       2  alloc::fmt::write"),
            ("plain_exprot", "near names:\n       6  func6 (export `plain_export`)"),
            ("7", "there is no function `7`"),
            ("a\u{1b}[31m", "there is no function `a\\u{1b}[31m`"),
        ] {
            let error = find(&module, name).expect_err(name);
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}
