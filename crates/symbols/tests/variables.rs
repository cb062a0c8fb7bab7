//! The variables at every operator, and the static ones, are those that `llvm-dwarfdump` lists,
//! with their types and places.

use crate::beside::{bytes, decoded, operators};
use prova_module::Module;
use prova_symbols::{Place, Variable, variables_at, variables_in, variables_named};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

/// The modules of the folder with a dump.
const DUMPED: [&str; 5] = ["cpp4", "cpp5", "rust", "total", "vm"];

/// An entry of a dump.
#[derive(Default)]
struct Entry {
    depth: usize,
    tag: String,
    /// Without parentheses.
    attributes: HashMap<String, String>,
}

/// The entries of a dump, and where each is.
struct Dump {
    entries: Vec<Entry>,
    at: HashMap<String, usize>,
}

impl Dump {
    fn read(name: &str) -> Dump {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules").join(name);
        let text = std::fs::read_to_string(file.with_extension("dump")).expect(name);
        let mut dump = Dump { entries: Vec::new(), at: HashMap::new() };
        let mut last = String::new();
        for line in text.lines() {
            let words = line.trim_start();
            if let Some((offset, rest)) = line.split_once(':').filter(|_| line.starts_with("0x")) {
                let tag = rest.trim_start();
                let depth = (rest.len() - tag.len()) / 2;
                dump.at.insert(offset.to_owned(), dump.entries.len());
                dump.entries.push(Entry { depth, tag: tag.into(), ..Entry::default() });
            } else if let Some(entry) = dump.entries.last_mut() {
                if let Some((name, value)) = words.split_once('\t') {
                    last = name.to_owned();
                    let value = value.trim_start_matches('(').to_owned();
                    entry.attributes.insert(last.clone(), value);
                } else if let Some(value) = entry.attributes.get_mut(&last) {
                    value.push_str(words);
                }
            }
        }
        for value in dump.entries.iter_mut().flat_map(|entry| entry.attributes.values_mut()) {
            value.pop();
        }
        dump
    }

    /// The text of an attribute, of the entry or of one that it is an instance of.
    fn said<'d>(&'d self, entry: &'d Entry, name: &str) -> Option<&'d str> {
        if let Some(value) = entry.attributes.get(name) {
            return Some(value);
        }
        let origin = entry.attributes.get("DW_AT_abstract_origin");
        let origin = origin.or(entry.attributes.get("DW_AT_specification"))?;
        self.said(&self.entries[*self.at.get(origin.split(' ').next()?)?], name)
    }

    /// The type's name. Pointers of Rust have one that the dump does not use.
    fn type_name(&self, entry: &Entry) -> Option<String> {
        let (offset, quoted) = self.said(entry, "DW_AT_type")?.split_once(' ')?;
        let to = &self.entries[self.at[offset]];
        let own = to.attributes.get("DW_AT_name").filter(|_| to.tag == "DW_TAG_pointer_type");
        Some(own.map_or(quoted, String::as_str).trim_matches('"').to_owned())
    }
}

fn number(text: &str) -> u64 {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).expect(text),
        None => text.parse().expect(text),
    }
}

/// The ranges of a list, with what stands behind each.
fn listed(list: &str) -> Vec<(Range<u64>, &str)> {
    let items = list.split('[').skip(1).filter_map(|item| {
        let (range, rest) = item.split_once(')').or(Some((item, "")))?;
        let (start, end) = range.split_once(", ")?;
        Some((number(start)..number(end), rest.trim_start_matches(": ")))
    });
    items.collect()
}

fn ranges(entry: &Entry) -> Vec<Range<u64>> {
    let value = |name: &str| entry.attributes.get(name);
    match (value("DW_AT_low_pc"), value("DW_AT_high_pc"), value("DW_AT_ranges")) {
        (_, _, Some(list)) => listed(list).into_iter().map(|(range, _)| range).collect(),
        (Some(low), Some(high), None) if low != "dead code" => {
            std::iter::once(number(low)..number(high)).collect()
        }
        _ => Vec::new(),
    }
}

/// A held value, or one that is some bytes behind it, in our words.
fn held(text: &str) -> Option<String> {
    let (kind, index) = text.strip_prefix("DW_OP_WASM_location ")?.split_once(' ')?;
    let kind = ["local", "global", "operand", "global"][number(kind) as usize];
    match index.split_once(", DW_OP_plus_uconst ") {
        Some((_, by)) if by.contains(',') => None,
        Some((index, by)) => Some(format!("{kind}{}+{}", number(index), number(by))),
        None if index.contains(',') => None,
        None => Some(format!("{kind}{}", number(index))),
    }
}

/// An expression of the dump in our words.
fn place(expression: &str, frame: Option<&str>) -> String {
    let whole = || {
        if expression.is_empty() {
            return Some("removed here".to_owned());
        }
        if let Some(value) = expression.strip_suffix(", DW_OP_stack_value") {
            if let Some(value) = value.strip_prefix("DW_OP_consts ") {
                return value.parse().ok().map(|value: i64| format!("always {}", value as u64));
            }
            let number_of = value.strip_prefix("DW_OP_lit").or(value.strip_prefix("DW_OP_constu "));
            return match number_of.filter(|value| !value.contains(',')) {
                Some(value) => Some(format!("always {}", number(value))),
                None => held(value),
            };
        }
        let addressed = |prefix| expression.strip_prefix(prefix).filter(|at| !at.contains(','));
        if let Some(address) = addressed("DW_OP_addr ") {
            return Some(format!("memory at {:#x}", number(address)));
        }
        if let Some(by) = addressed("DW_OP_fbreg ") {
            let base =
                frame.and_then(|frame| held(frame.trim_end_matches(", DW_OP_stack_value")))?;
            let by = if by == "+0" { "" } else { by };
            return Some(format!("memory at {base}{by}"));
        }
        Some(format!("memory at {}", held(expression)?))
    };
    whole().unwrap_or_else(|| "in pieces, or computed".into())
}

/// A variable in the dump, while an address of code runs: name, type, place.
fn told(dump: &Dump, entry: &Entry, address: u64, frame: Option<&str>) -> [String; 3] {
    let location = entry.attributes.get("DW_AT_location");
    let constant = entry.attributes.get("DW_AT_const_value");
    let place = match (location, constant) {
        (Some(list), _) if list.contains('[') => listed(list)
            .into_iter()
            .find(|(range, _)| range.contains(&address))
            .map_or("removed here".to_owned(), |(_, expression)| place(expression, frame)),
        (Some(expression), _) => place(expression, frame),
        (None, Some(value)) => {
            let value = value.parse::<i64>().map_or_else(|_| number(value), |value| value as u64);
            format!("always {value}")
        }
        (None, None) => "removed here".to_owned(),
    };
    let name = dump.said(entry, "DW_AT_name").unwrap_or_default().trim_matches('"').to_owned();
    [name, dump.type_name(entry).unwrap_or_default(), place]
}

/// The variables of the dump around an address.
fn around(dump: &Dump, address: u64, body: &Range<u64>) -> Vec<[String; 3]> {
    let mut found = Vec::new();
    let mut scopes: Vec<usize> = Vec::new();
    let mut frame = None;
    for entry in &dump.entries {
        while scopes.last().is_some_and(|depth| *depth >= entry.depth) {
            scopes.pop();
        }
        let in_scope = scopes.last().is_some_and(|depth| depth + 1 == entry.depth);
        match entry.tag.as_str() {
            "DW_TAG_subprogram" | "DW_TAG_inlined_subroutine" | "DW_TAG_lexical_block" => {
                let inside = |range: &Range<u64>| {
                    range.contains(&address) && range.start >= body.start && range.end <= body.end
                };
                if ranges(entry).iter().any(inside) && (in_scope || scopes.is_empty()) {
                    let base = entry.attributes.get("DW_AT_frame_base").map(String::as_str);
                    frame = base.or(frame);
                    scopes.push(entry.depth);
                }
            }
            "DW_TAG_variable" | "DW_TAG_formal_parameter" if in_scope => {
                found.push(told(dump, entry, address, frame));
            }
            _ => {}
        }
    }
    found
}

fn ours(variable: &Variable) -> [String; 3] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [text(&variable.name), text(&variable.type_name), variable.place.to_string()]
}

/// The bodies of a module, as DWARF counts, with up to five bytes of their lengths.
fn body(module: &Module, offset: u32, start: u64) -> Range<u64> {
    let func = module.func_at(offset as usize).expect("a function");
    let range = module.body(func).expect("a body").range();
    (range.start as u64 - start).saturating_sub(5)..range.end as u64 - start
}

#[test]
fn operators_have_the_variables_of_the_dump() {
    for name in DUMPED {
        let (dump, module) = (Dump::read(name), decoded(bytes(&format!("{name}.wasm"))));
        let code = module.sections().iter().find(|section| section.id == 10).expect("code");
        let start = code.range.start as u64;
        let offsets = operators(&module);
        let (mut seen, step) = (0, offsets.len().div_ceil(800));
        for offset in offsets.into_iter().step_by(step) {
            let address = u64::from(offset) - start;
            let theirs = around(&dump, address, &body(&module, offset, start));
            let ours: Vec<_> = variables_at(&module, offset).iter().map(ours).collect();
            assert_eq!(ours, theirs, "{name} at {offset:#x}");
            seen += ours.len();
        }
        assert!(seen > 100, "{name}: {seen}");
    }
}

#[test]
fn static_variables_are_those_of_the_dump() {
    for name in DUMPED.into_iter().filter(|name| *name != "cpp5") {
        let (dump, module) = (Dump::read(name), decoded(bytes(&format!("{name}.wasm"))));
        let statics = dump.entries.iter().filter(|entry| {
            let place = entry.attributes.get("DW_AT_location");
            let is_live = place.is_some_and(|place| {
                let address = place.strip_prefix("DW_OP_addr ").filter(|at| !at.contains(','));
                address.is_some_and(|at| ![0, 0xffff_ffff].contains(&number(at)))
            });
            entry.tag == "DW_TAG_variable" && is_live
        });
        let theirs: Vec<_> = statics.map(|entry| told(&dump, entry, 0, None)).collect();
        let found: Vec<_> =
            variables_in(&module, 1..u64::from(u32::MAX) - 16).iter().map(ours).collect();
        assert_eq!(found, theirs, "{name}");
        for [variable, _, _] in theirs {
            let named = variables_named(&module, |name| name == variable);
            assert!(named.iter().any(|one| one.name.as_deref() == Some(&*variable)), "{variable}");
        }
    }
}

/// A table of three pairs, and a byte on each side of it.
#[test]
fn a_variable_has_its_bytes_and_no_more() {
    for name in ["cpp4.wasm", "cpp5.wasm"] {
        let module = decoded(bytes(name));
        let table = variables_named(&module, |name| name == "table");
        let [table] = &table[..] else { panic!("{table:?}") };
        assert_eq!(table.type_name.as_deref(), Some("geometry::Pair<int>[3]"));
        assert_eq!((table.bytes, table.line), (Some(24), Some(29)));
        assert_eq!(table.file.as_deref(), Some("/src/shapes.cpp"));
        assert_eq!(table.linkage.as_deref(), Some("_ZL5table"));
        let Place::Memory(start) = table.place else { panic!("{table:?}") };
        let found = |range| variables_in(&module, range).len();
        assert_eq!([found(start..start + 1), found(start + 23..start + 24)], [1, 1]);
        assert_eq!([found(start - 1..start), found(start + 24..start + 25)], [0, 0]);
        assert!(variables_named(&module, |name| name == "tabl").is_empty());
        assert!(variables_at(&module, 8).is_empty());
    }
}
