//! Edits as text, one command a line: what a case says → [`Edit`].

use prova_rewrite::{Code, Customs, Edit, Elements, NewFunction, Numbers, Segment, Size, Space};
use wasm_encoder::{
    ConstExpr, EntityType, ExportKind, FuncType, GlobalType, MemoryType, RefType, SectionId,
    TableType, ValType,
};
use wasmparser::{Parser, Payload};

/// Reads an edit.
pub(crate) fn edit(text: &str) -> Edit<'static> {
    let mut edit = Edit::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (command, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        if !items(&mut edit, command, rest, &words) && !changes(&mut edit, command, rest, &words) {
            panic!("there is no command `{command}`");
        }
    }
    edit
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("`{word}` is no number"))
}

/// Commands that add items.
fn items(edit: &mut Edit<'static>, command: &str, rest: &str, words: &[&str]) -> bool {
    let int = |at: usize| number::<u32>(words[at]);
    let long = ValType::I64;
    match command {
        "type" => {
            let (params, results) = rest.split_once("->").expect("a type has an arrow");
            edit.types.push(FuncType::new(types(params), types(results)));
        }
        "import" => {
            let (module, name) = (words[0].to_owned(), words[1].to_owned());
            edit.imports.push((module.into(), name.into(), EntityType::Function(int(2))));
        }
        "function" => {
            edit.functions.push(NewFunction::new(int(0), code(rest.split_once(' ').unwrap().1)));
        }
        "name" => edit.func_names.push((int(0), words[1].to_owned().into())),
        "table" => edit.tables.push(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: number(words[0]),
            maximum: None,
            shared: false,
        }),
        "memory" => edit.memories.push(MemoryType {
            minimum: number(words[0]),
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        }),
        "global" => {
            let ty = GlobalType { val_type: long, mutable: true, shared: false };
            edit.globals.push((ty, ConstExpr::i64_const(number(words[0]))));
        }
        "export" => {
            let kind = match words[1] {
                "func" => ExportKind::Func,
                "memory" => ExportKind::Memory,
                _ => ExportKind::Global,
            };
            edit.exports.push((words[0].to_owned(), kind, int(2)));
        }
        "elements" | "declare" => {
            let funcs = words.iter().map(|word| number::<u32>(word));
            let mut funcs: Vec<u32> = funcs.collect();
            let offset =
                (command == "elements").then(|| ConstExpr::i32_const(funcs.remove(0) as i32));
            edit.elements.push(Elements { offset, funcs });
        }
        "data" => edit.data.push(segment(words)),
        "custom" => edit
            .added_customs
            .push((words[0].to_owned().into(), words[1].as_bytes().to_vec().into())),
        _ => return false,
    }
    true
}

/// Commands that change or take out what is there.
fn changes(edit: &mut Edit<'static>, command: &str, rest: &str, words: &[&str]) -> bool {
    let int = |at: usize| number::<u32>(words[at]);
    let max = || words.get(2).map(|word| number(word));
    match command {
        "numbers" => {
            let new = words[1..].iter().map(|word| word.parse().ok());
            let numbers = std::mem::take(&mut edit.numbers);
            edit.numbers = numbers.with(space(words[0]), new);
        }
        "body" => {
            edit.bodies.insert(int(0), code(rest.split_once(' ').unwrap().1));
        }
        "bodiless" => {
            edit.bodiless.insert(int(0));
        }
        "table-size" => {
            edit.table_sizes.insert(int(0), Size { min: number(words[1]), max: max() });
        }
        "memory-size" => {
            edit.memory_sizes.insert(int(0), Size { min: number(words[1]), max: max() });
        }
        "global-value" => {
            edit.global_values.insert(int(0), ConstExpr::i32_const(number(words[1])));
        }
        "rename" => {
            edit.export_names.insert(words[0].to_owned(), Some(words[1].to_owned()));
        }
        "unexport" => {
            edit.export_names.insert(words[0].to_owned(), None);
        }
        "data-changed" => {
            edit.data_changed.insert(int(0), segment(&words[1..]));
        }
        "customs" => {
            edit.customs = match words[0] {
                "all" => Customs::All,
                "standing" => Customs::Standing,
                _ => Customs::Drop,
            }
        }
        "without" => edit.without.push(section(words[0])),
        "always" => edit.always.push(section(words[0])),
        _ => return false,
    }
    true
}

fn types(text: &str) -> Vec<ValType> {
    let ty = |word| match word {
        "i32" => ValType::I32,
        "i64" => ValType::I64,
        _ => panic!("there is no type `{word}` here"),
    };
    text.split_whitespace().map(ty).collect()
}

fn segment(words: &[&str]) -> Segment<'static> {
    match words {
        ["passive", bytes] => Segment::passive(bytes.as_bytes().to_vec()),
        [at, bytes] => {
            Segment::active(0, ConstExpr::i32_const(number(at)), bytes.as_bytes().to_vec())
        }
        _ => panic!("a segment has a place and bytes"),
    }
}

fn space(word: &str) -> Space {
    match word {
        "type" => Space::Type,
        "func" => Space::Func,
        "table" => Space::Table,
        "memory" => Space::Memory,
        "global" => Space::Global,
        "tag" => Space::Tag,
        "element" => Space::Element,
        _ => Space::Data,
    }
}

fn section(word: &str) -> SectionId {
    match word {
        "import" => SectionId::Import,
        "start" => SectionId::Start,
        "table" => SectionId::Table,
        _ => SectionId::Element,
    }
}

/// The body of a function as text, whose indices are written as they are.
fn code(text: &str) -> Code {
    let wasm = wat::parse_str(format!("(module {text})")).expect("a function");
    let body = Parser::new(0).parse_all(&wasm).find_map(|payload| match payload {
        Ok(Payload::CodeSectionEntry(body)) => Some(body),
        _ => None,
    });
    Numbers::default().copied(&body.expect("a body"), false).expect("a body that can be copied")
}
