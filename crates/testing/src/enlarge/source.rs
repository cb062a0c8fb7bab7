//! A program's bytes → the parts that a merger needs.
//!
//! `merge` numbers the parts anew. Parts that a merger could not put beside another program are
//! refused by name: imports other than functions, more than one memory or table, a start function,
//! types other than functions, exceptions.

use wasmparser::{
    Data, DataKind, Element, ElementKind, Export, FunctionBody, Global, KnownCustom, Name,
    Operator, Parser, Payload, TypeRef,
};

/// A program in parts.
#[derive(Default)]
pub(super) struct Source<'a> {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) types: Vec<wasmparser::FuncType>,
    /// Module, name and type of each imported function.
    pub(super) imports: Vec<(&'a str, &'a str, u32)>,
    /// The type of each defined function.
    pub(super) funcs: Vec<u32>,
    pub(super) bodies: Vec<FunctionBody<'a>>,
    pub(super) globals: Vec<Global<'a>>,
    pub(super) pages: u64,
    /// Elements of the table; `None` without one.
    pub(super) table: Option<u64>,
    pub(super) elements: Vec<Element<'a>>,
    pub(super) data: Vec<Data<'a>>,
    pub(super) exports: Vec<Export<'a>>,
    /// Names by function index.
    pub(super) names: Vec<Option<&'a str>>,
    /// Constants in this range are taken for addresses.
    pub(super) addresses: std::ops::Range<u32>,
}

/// Takes a program apart.
///
/// # Errors
/// The fault of a malformed program, or the part that does not go beside another program.
pub(super) fn read<'a>(name: &str, bytes: &'a [u8]) -> Result<Source<'a>, String> {
    let malformed = |error: wasmparser::Error| format!("`{name}`: {error}");
    wasmparser::Validator::new().validate_all(bytes).map_err(malformed)?;
    let mut source =
        Source { name: name.to_owned(), bytes: bytes.len() as u64, ..Source::default() };
    for payload in Parser::new(0).parse_all(bytes) {
        let refused = section(&mut source, payload.map_err(malformed)?).map_err(malformed)?;
        if let Some(what) = refused {
            return Err(format!("`{name}` has {what}, which cannot be merged"));
        }
    }
    source.addresses = addresses(&source);
    Ok(source)
}

/// Takes one section; what of it cannot be merged.
fn section<'a>(
    source: &mut Source<'a>,
    payload: Payload<'a>,
) -> Result<Option<&'static str>, wasmparser::Error> {
    match payload {
        Payload::TypeSection(section) => {
            source.types = section.into_iter_err_on_gc_types().collect::<Result<_, _>>()?;
        }
        Payload::ImportSection(section) => {
            for import in section.into_imports() {
                let import = import?;
                let TypeRef::Func(ty) = import.ty else {
                    return Ok(Some("an import that is no function"));
                };
                source.imports.push((import.module, import.name, ty));
            }
        }
        Payload::FunctionSection(section) => {
            source.funcs = section.into_iter().collect::<Result<_, _>>()?;
        }
        Payload::TableSection(section) => {
            for table in section {
                if source.table.replace(table?.ty.initial).is_some() {
                    return Ok(Some("several tables"));
                }
            }
        }
        Payload::MemorySection(section) => {
            for memory in section {
                let memory = memory?;
                if source.pages > 0 || memory.memory64 || memory.shared {
                    return Ok(Some("a memory beside the usual one"));
                }
                source.pages = memory.initial;
            }
        }
        Payload::GlobalSection(section) => {
            source.globals = section.into_iter().collect::<Result<_, _>>()?;
        }
        Payload::ExportSection(section) => {
            source.exports = section.into_iter().collect::<Result<_, _>>()?;
        }
        Payload::ElementSection(section) => {
            source.elements = section.into_iter().collect::<Result<_, _>>()?;
            if !source.elements.iter().all(placed) {
                return Ok(Some("table elements at no constant place"));
            }
        }
        Payload::DataSection(section) => {
            source.data = section.into_iter().collect::<Result<_, _>>()?;
        }
        Payload::CodeSectionEntry(body) => source.bodies.push(body),
        Payload::StartSection { .. } => return Ok(Some("a start function")),
        Payload::TagSection(_) => return Ok(Some("exceptions")),
        Payload::CustomSection(section) => function_names(source, &section),
        _ => {}
    }
    Ok(None)
}

/// Whether the place of table elements is known.
fn placed(element: &Element<'_>) -> bool {
    match &element.kind {
        ElementKind::Active { offset_expr, .. } => constant(offset_expr).is_some(),
        ElementKind::Declared => true,
        ElementKind::Passive => false,
    }
}

/// Names are decoration: what is malformed ends the reading.
fn function_names<'a>(source: &mut Source<'a>, section: &wasmparser::CustomSectionReader<'a>) {
    let KnownCustom::Name(names) = section.as_known() else { return };
    for name in names.into_iter().map_while(Result::ok) {
        let Name::Function(map) = name else { continue };
        for naming in map.into_iter().map_while(Result::ok) {
            let index = naming.index as usize;
            if index < source.imports.len() + source.funcs.len() {
                source.names.resize(source.names.len().max(index + 1), None);
                source.names[index] = Some(naming.name);
            }
        }
    }
}

/// From the first byte of data to the last address that a segment or a global of the program names.
fn addresses(source: &Source<'_>) -> std::ops::Range<u32> {
    let spans = source.data.iter().filter_map(|data| {
        let DataKind::Active { offset_expr, .. } = &data.kind else { return None };
        Some((constant(offset_expr)?, data.data.len() as u32))
    });
    let spans: Vec<(u32, u32)> = spans.collect();
    let Some(start) = spans.iter().map(|(start, _)| *start).min() else { return 0..0 };
    let data_end = spans.iter().map(|(start, len)| start.saturating_add(*len)).max();
    let globals = source.globals.iter().filter_map(|global| constant(&global.init_expr));
    let memory_end = u32::try_from(source.pages * 65_536).unwrap_or(u32::MAX);
    let globals_end = globals.filter(|value| *value <= memory_end).max();
    start..data_end.max(globals_end).unwrap_or(start).saturating_add(1)
}

/// The value of a constant expression that is one `i32.const`.
pub(super) fn constant(expr: &wasmparser::ConstExpr<'_>) -> Option<u32> {
    match expr.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => Some(value as u32),
        _ => None,
    }
}

/// The offset of an active element segment.
pub(super) fn slot(element: &Element<'_>) -> Option<u32> {
    match &element.kind {
        ElementKind::Active { offset_expr, .. } => constant(offset_expr),
        ElementKind::Passive | ElementKind::Declared => None,
    }
}
