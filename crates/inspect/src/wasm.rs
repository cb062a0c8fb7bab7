//! One function of a module → its operators as text with their offsets, and a small module that has
//! its body.
//!
//! wasmprinter prints whole modules, so it is given one in which every other body is a stub
//! ([`reduce`]), and lines of other functions are not kept: the time follows the number of
//! functions, not the size of the module.
//!
//! 1. The reduced module has the index spaces of the original, so the body's bytes mean the same in
//!    both.
//! 2. It is valid, so it can stand for the module in a report: other bodies trap, data segments are
//!    empty and passive, and there is neither a start function nor a custom section. (Test
//!    `a_reduced_module_is_valid_and_keeps_the_body`.)

use prova_builds::names::demangle;
use prova_core::Result;
use prova_module::ops::{Immediate, Opcode};
use prova_module::{
    FuncIdx, GlobalIdx, HeapType, LocalIdx, Module, Operator, TagIdx, TypeIdx, UnpackedIndex,
};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

/// The ids of the sections that are not copied as they are.
const CUSTOM: u8 = 0;
const START: u8 = 8;
const CODE: u8 = 10;
const DATA: u8 = 11;

/// A module with one body.
pub(super) struct Reduced {
    pub(super) bytes: Vec<u8>,
    /// Where the body is in it.
    pub(super) body: Range<usize>,
}

/// The module with the body of `func` alone; none if it is an import.
pub(super) fn reduce(module: &Module, func: FuncIdx) -> Option<Reduced> {
    let range = module.body(func)?.range();
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    let mut body = 0..0;
    for section in module.sections() {
        match section.id {
            CUSTOM | START => {}
            CODE => {
                let mut content = Vec::new();
                let defined = module.func_count() - module.imported_func_count();
                leb(&mut content, defined);
                for other in module.defined_funcs() {
                    if other == func {
                        leb(&mut content, range.len());
                        body = content.len()..content.len() + range.len();
                        content.extend_from_slice(&module.bytes()[range.clone()]);
                    } else {
                        // No locals; `unreachable`; `end`.
                        content.extend_from_slice(&[3, 0, 0x00, 0x0b]);
                    }
                }
                let end = push_section(&mut bytes, CODE, &content);
                let start = end - content.len();
                body = start + body.start..start + body.end;
            }
            DATA => {
                let mut content = Vec::new();
                leb(&mut content, module.data().len());
                // Passive, no bytes.
                content.extend(module.data().iter().flat_map(|_| [1, 0]));
                push_section(&mut bytes, DATA, &content);
            }
            id => {
                push_section(&mut bytes, id, &module.bytes()[section.range.clone()]);
            }
        }
    }
    Some(Reduced { bytes, body })
}

/// Appends a section; gives its end.
fn push_section(bytes: &mut Vec<u8>, id: u8, content: &[u8]) -> usize {
    bytes.push(id);
    leb(bytes, content.len());
    bytes.extend_from_slice(content);
    bytes.len()
}

/// Unsigned LEB128.
fn leb(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// An operator of a body.
pub struct Line {
    /// Its offset in the module.
    pub offset: u32,
    /// The blocks around it, besides the body.
    pub depth: usize,
    /// Its text.
    pub text: String,
    /// The name of what its index names.
    pub name: Option<String>,
}

/// The operators of a function.
///
/// # Errors
/// If the printer does not know an operator.
pub fn operators(module: &Module, func: FuncIdx) -> Result<Vec<Line>> {
    let (Some(reduced), Some(body)) = (reduce(module, func), module.body(func)) else {
        return Ok(Vec::new());
    };
    let start = reduced.body.start
        + module
            .facts(func)
            .map_or(0, |facts| (facts.blocks[0].start as usize).saturating_sub(body.range().start));
    let range = start..reduced.body.end;
    let mut kept = Kept { range, open: false, lines: BTreeMap::new() };
    wasmprinter::Config::new().print(&reduced.bytes, &mut kept)?;
    let first = kept.lines.values().next().map_or(0, |line| indent(line));
    let moved = body.range().start as u64;
    let mut lines = Vec::new();
    let mut operators = body.operators();
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        let there = offset - moved + reduced.body.start as u64;
        let (depth, text) = match kept.lines.get(&there) {
            Some(line) if !operators.eof() => {
                (indent(line).saturating_sub(first) / INDENT, line.trim().to_owned())
            }
            // The end of the body is printed as the function's parenthesis.
            _ => (0, "end".to_owned()),
        };
        let name = named(module, func, &operator);
        lines.push(Line { offset: offset as u32, depth, text, name });
    }
    Ok(lines)
}

/// The printer's step of indentation.
const INDENT: usize = 2;

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name of what an operator's index names, a function's demangled.
fn named(module: &Module, func: FuncIdx, operator: &Operator<'_>) -> Option<String> {
    let (names, immediates) = (module.names(), Opcode::immediates(operator));
    let callee = || module.func_name(FuncIdx(immediates.index(Immediate::func)?)).map(demangle);
    let local = || names.local(func, LocalIdx(immediates.index(Immediate::local)?));
    let global = || names.global(GlobalIdx(immediates.index(Immediate::global)?));
    let tag = || names.tag(TagIdx(immediates.index(Immediate::tag)?));
    // A function type says itself what it is.
    let of_objects = Opcode::of(operator).is_of_objects();
    let ty = || names.ty(TypeIdx(immediates.index(Immediate::type_).filter(|_| of_objects)?));
    let cast = || match immediates.heap()? {
        HeapType::Concrete(UnpackedIndex::Module(ty)) => names.ty(TypeIdx(ty)),
        HeapType::Concrete(_) | HeapType::Abstract { .. } | HeapType::Exact(_) => None,
    };
    let other = || local().or_else(global).or_else(tag).or_else(ty).or_else(cast);
    callee().or_else(|| other().map(str::to_owned))
}

/// Keeps the lines of one range of offsets.
struct Kept {
    range: Range<usize>,
    /// Whether the current line is kept.
    open: bool,
    lines: BTreeMap<u64, String>,
}

impl Kept {
    fn has(&self, offset: u64) -> bool {
        usize::try_from(offset).is_ok_and(|offset| self.range.contains(&offset))
    }
}

impl wasmprinter::Print for Kept {
    fn write_str(&mut self, text: &str) -> io::Result<()> {
        if self.open
            && let Some(mut line) = self.lines.last_entry()
        {
            line.get_mut().push_str(text);
        }
        Ok(())
    }

    fn start_line(&mut self, offset: Option<u64>) {
        let offset = offset.filter(|&offset| self.has(offset));
        self.open = offset.is_some();
        if let Some(offset) = offset {
            self.lines.insert(offset, String::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits};

    fn decode(bytes: &[u8]) -> Module {
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("it is valid")
    }

    #[test]
    fn a_reduced_module_is_valid_and_keeps_the_body() {
        let bytes = wat::parse_str(
            r#"(module (import "m" "f" (func $f (param i32)))
                (memory 1) (table 1 funcref) (global $g (mut i32) (i32.const 0))
                (data (i32.const 0) "abc") (data "passive") (elem declare func $h)
                (func $s) (start $s)
                (func $h (param $x i32) (result i32) (local $y v128)
                    ref.func $h drop i32.const 0 i32.const 0 i32.const 1 memory.init 1
                    block local.get $x br_if 0 local.get $x call $f end global.get $g)
                (func (result i64) i64.const 5))"#,
        );
        let module = decode(&bytes.expect("the module is well-formed"));
        for func in module.defined_funcs() {
            let reduced = reduce(&module, func).expect("a defined function has a body");
            let small = decode(&reduced.bytes);
            let body = module.body(func).expect("a body").bytes();
            assert_eq!(small.body(func).expect("a body").bytes(), body);
            assert_eq!(&reduced.bytes[reduced.body.clone()], body);
            assert_eq!(
                small.facts(func).map(|f| f.local_cells),
                module.facts(func).map(|f| f.local_cells)
            );
            assert!(small.start().is_none() && small.custom_sections().is_empty());
        }
        assert!(reduce(&module, FuncIdx(0)).is_none(), "an import has no body");
        let lines = operators(&module, FuncIdx(2)).expect("the printer knows all");
        let text: Vec<String> = lines
            .iter()
            .map(|line| {
                let indent = "  ".repeat(line.depth);
                let name = line.name.as_ref().map_or(String::new(), |name| format!(" ;; {name}"));
                format!("{indent}{}{name}", line.text)
            })
            .collect();
        let expected = "ref.func 2 ;; h\ndrop\ni32.const 0\ni32.const 0\ni32.const 1\nmemory.init 1\nblock ;; label = @1\n  local.get 0 ;; x\n  br_if 0 (;@1;)\n  local.get 0 ;; x\n  call 0 ;; f\nend\nglobal.get 0 ;; g\nend";
        assert_eq!(text.join("\n"), expected);
    }
}
