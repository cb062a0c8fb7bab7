//! A line → the header of a dump, in every form that LLVM 9 to 22 prints.
//!
//! ```text
//! *** IR Dump After NAME ***                          legacy pass manager, 9 to 22 (the newest with a colon)
//! *** IR Dump After NAME (argument) ***               legacy, from 13
//! *** IR Dump After NAME *** (function: f)            12; with -print-module-scope others, too
//! *** IR Dump After NAME *** (loop: %20)              legacy with -print-module-scope; likewise `(scc: f)`
//! *** IR Dump After NAME on f ***                     new pass manager, 13 to 18; `; ***` from 19
//! *** IR Dump After NAME ***; Function Attrs: …       11: the body's first line is glued to the header
//! # *** IR Dump After NAME (argument) ***:            machine code; the function is named in the body
//! *** IR Dump After NAME on f omitted because no change ***       -print-changed; likewise `filtered out`, `ignored`
//! ```
//!
//! [`scan`](super::scan) asks for each line. Names come from the log, hostile as any input; the
//! printer cleans them. A header is at most [`HEADER_BYTES_MAX`] long. The tests below have each
//! form, and lines that only look alike.

use memchr::memmem::find;

/// No longer line is taken for a header, bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// When a dump was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// After the pass.
    After,
    /// Before the pass.
    Before,
    /// Before all passes.
    Start,
    /// Not a dump, but a word about the pass.
    Note,
    /// The pass deleted the function.
    Deleted,
}

/// Why a header has no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It has one.
    Body,
    /// The pass changed nothing.
    Omitted,
    /// A filter of the compiler left the function or the pass out.
    Filtered,
    /// A pass that prints never concern.
    Ignored,
    /// The pass has made its unit another, which is printed elsewhere.
    Invalidated,
}

/// The fields of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// When the dump was made.
    pub kind: Kind,
    /// The pass, without its command line argument; empty at the start.
    pub pass: &'a [u8],
    /// The unit that the header names: a function, a list of functions, or `[module]`.
    pub unit: Option<&'a [u8]>,
    /// Whether a body follows.
    pub mark: Mark,
    /// The body's first line, if it is glued to the header.
    pub rest: &'a [u8],
    /// The header of machine code.
    pub machine: bool,
}

const STARS: &[u8] = b"*** IR ";

/// The header that a line is.
pub fn parse(line: &[u8]) -> Option<Header<'_>> {
    if line.len() > HEADER_BYTES_MAX || line.len() < STARS.len() {
        return None;
    }
    let machine = line[0] == b'#';
    let line = line.strip_prefix(b"# ").or(line.strip_prefix(b"; ")).unwrap_or(line);
    let line = line.strip_prefix(STARS)?;
    let (kind, line) = kind(line)?;
    let end = find(line, b" ***")?;
    let (inner, after) = (&line[..end], &line[end + 4..]);
    let after = after.strip_prefix(b":").unwrap_or(after);
    // Of a loop or of a component of the call graph `-print-module-scope` prints the module.
    let around = [b" (loop: ".as_slice(), b" (scc: "];
    let around = around.into_iter().find_map(|start| after.strip_prefix(start));
    let (function, rest) = match (after.strip_prefix(b" (function: "), around) {
        (Some(named), _) => {
            let close = named.iter().position(|&byte| byte == b')')?;
            (Some(&named[..close]), &named[close + 1..])
        }
        (None, Some(named)) => {
            let close = named.iter().rposition(|&byte| byte == b')')?;
            (None, &named[close + 1..])
        }
        (None, None) => (None, after),
    };
    let rest = rest.trim_ascii_end();
    if !rest.is_empty() && rest[0] != b';' {
        return None;
    }
    let (inner, mark) = mark(inner);
    let (inner, gone) = match inner.strip_suffix(b" (invalidated)") {
        // The unit is no more; the whole module is printed.
        Some(inner) => (inner, true),
        None => (inner, false),
    };
    let (pass, unit) = match find(inner, b" on ") {
        Some(at) if gone => (&inner[..at], None),
        Some(at) => (&inner[..at], unit(&inner[at + 4..])),
        None => (inner, function),
    };
    Some(Header { kind, pass: without_argument(pass), unit, mark, rest, machine })
}

/// A header in the midst of a line, outside quotes: the trace of several threads that print at
/// once.
pub(crate) fn torn(line: &[u8]) -> bool {
    const DUMP: &[u8] = b"*** IR Dump ";
    let Some(at) = find(line, DUMP) else {
        return false;
    };
    let quotes = line[..at].iter().filter(|&&byte| byte == b'"').count();
    quotes % 2 == 0 && parse(line).is_none()
}

fn kind(line: &[u8]) -> Option<(Kind, &[u8])> {
    const KINDS: [(&[u8], Kind); 5] = [
        (b"Dump After", Kind::After),
        (b"Dump Before", Kind::Before),
        (b"Dump At Start", Kind::Start),
        (b"Pass", Kind::Note),
        (b"Deleted", Kind::Deleted),
    ];
    let (kind, rest) =
        KINDS.into_iter().find_map(|(word, kind)| Some((kind, line.strip_prefix(word)?)))?;
    match rest.strip_prefix(b" ") {
        Some(named) if !named.starts_with(b"***") => Some((kind, named)),
        // The rest is ` ***`, and no name.
        Some(_) => Some((kind, rest)),
        None => None,
    }
}

fn mark(inner: &[u8]) -> (&[u8], Mark) {
    const MARKS: [(&[u8], Mark); 4] = [
        (b" invalidated", Mark::Invalidated),
        (b" omitted because no change", Mark::Omitted),
        (b" filtered out", Mark::Filtered),
        (b" ignored", Mark::Ignored),
    ];
    MARKS
        .into_iter()
        .find_map(|(word, mark)| Some((inner.strip_suffix(word)?, mark)))
        .unwrap_or((inner, Mark::Body))
}

/// `(run)` of a strongly connected component of one function, `loop %x in function run`: the
/// function. `Loop at depth 1 containing: …` and `<unnamed loop>` name none.
fn unit(unit: &[u8]) -> Option<&[u8]> {
    const IN: &[u8] = b" in function ";
    if let Some(at) = find(unit, IN) {
        return Some(&unit[at + IN.len()..]);
    }
    let nameless: [&[u8]; 2] = [b"Loop at depth ", b"<unnamed loop>"];
    if nameless.iter().any(|start| unit.starts_with(start)) {
        return None;
    }
    match unit.strip_prefix(b"(").and_then(|unit| unit.strip_suffix(b")")) {
        Some(inside) if find(inside, b", ").is_none() => Some(inside),
        _ => Some(unit),
    }
}

fn without_argument(pass: &[u8]) -> &[u8] {
    let Some(open) = pass.iter().rposition(|&byte| byte == b'(') else {
        return pass;
    };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    match pass[open + 1..].strip_suffix(b")") {
        Some(argument) if !argument.is_empty() && argument.iter().all(word) => {
            pass[..open].strip_suffix(b" ").unwrap_or(pass)
        }
        _ => pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Option<(Kind, String, String, Mark, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let header = parse(line.as_bytes())?;
        Some((
            header.kind,
            text(header.pass),
            header.unit.map(text).unwrap_or_default(),
            header.mark,
            text(header.rest),
        ))
    }

    /// A line, and what it says: kind, pass, unit, mark, the rest of the line.
    type Form = (&'static str, Kind, &'static str, &'static str, Mark, &'static str);

    const FORMS: &[Form] = &[
        (
            "*** IR Dump After Simplify the CFG ***",
            Kind::After,
            "Simplify the CFG",
            "",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After Early CSE (early-cse) ***",
            Kind::After,
            "Early CSE",
            "",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After Early CSE (early-cse) ***:",
            Kind::After,
            "Early CSE",
            "",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After mcount() (pre inlining) ***",
            Kind::After,
            "mcount() (pre inlining)",
            "",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After Early CSE *** (function: g)",
            Kind::After,
            "Early CSE",
            "g",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After Loop Strength Reduction (loop-reduce) *** (loop: %20)",
            Kind::After,
            "Loop Strength Reduction",
            "",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After Function Integration/Inlining *** (scc: f, g)",
            Kind::After,
            "Function Integration/Inlining",
            "",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After Early CSE ***; Function Attrs: nounwind",
            Kind::After,
            "Early CSE",
            "",
            Mark::Body,
            "; Function Attrs: nounwind",
        ),
        ("*** IR Dump After SROAPass on run ***", Kind::After, "SROAPass", "run", Mark::Body, ""),
        ("; *** IR Dump After SROAPass on run ***", Kind::After, "SROAPass", "run", Mark::Body, ""),
        (
            "; *** IR Dump Before SROAPass on run ***",
            Kind::Before,
            "SROAPass",
            "run",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After InlinerPass on (run) ***",
            Kind::After,
            "InlinerPass",
            "run",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After InlinerPass on (a, b) ***",
            Kind::After,
            "InlinerPass",
            "(a, b)",
            Mark::Body,
            "",
        ),
        (
            "; *** IR Dump After LICMPass on loop %bb3 in function run ***",
            Kind::After,
            "LICMPass",
            "run",
            Mark::Body,
            "",
        ),
        (
            "*** IR Dump After LICMPass on Loop at depth 1 containing: %3<header>,%9<latch> omitted because no change ***",
            Kind::After,
            "LICMPass",
            "",
            Mark::Omitted,
            "",
        ),
        (
            "; *** IR Dump After InlinerPass on other (invalidated) ***",
            Kind::After,
            "InlinerPass",
            "",
            Mark::Body,
            "",
        ),
        (
            "*** IR Pass LoopFullUnrollPass invalidated ***",
            Kind::Note,
            "LoopFullUnrollPass",
            "",
            Mark::Invalidated,
            "",
        ),
        ("*** IR Dump At Start ***", Kind::Start, "", "", Mark::Body, ""),
        ("; *** IR Dump At Start ***", Kind::Start, "", "", Mark::Body, ""),
        (
            "*** IR Dump After SROAPass on run omitted because no change ***",
            Kind::After,
            "SROAPass",
            "run",
            Mark::Omitted,
            "",
        ),
        (
            "*** IR Dump After SROAPass on run filtered out ***",
            Kind::After,
            "SROAPass",
            "run",
            Mark::Filtered,
            "",
        ),
        (
            "*** IR Pass PassManager<Function> on run ignored ***",
            Kind::Note,
            "PassManager<Function>",
            "run",
            Mark::Ignored,
            "",
        ),
        (
            "*** IR Deleted After InlinerPass on (run) ***",
            Kind::Deleted,
            "After InlinerPass",
            "run",
            Mark::Body,
            "",
        ),
        (
            "# *** IR Dump After Finalize ISel (finalize-isel) ***:",
            Kind::After,
            "Finalize ISel",
            "",
            Mark::Body,
            "",
        ),
    ];

    #[test]
    fn each_form_is_read() {
        let require =
            "RequireAnalysisPass<llvm::GlobalsAA, llvm::Module, llvm::AnalysisManager<Module>>";
        let required = format!("; *** IR Dump After {require} on [module] ***");
        let long = (required.as_str(), Kind::After, require, "[module]", Mark::Body, "");
        for &(line, kind, pass, unit, mark, rest) in FORMS.iter().chain([&long]) {
            let expected = (kind, pass.to_owned(), unit.to_owned(), mark, rest.to_owned());
            assert_eq!(said(line), Some(expected), "{line}");
            assert!(!torn(line.as_bytes()), "{line}");
        }
        assert!(parse(b"# *** IR Dump After X ***:").is_some_and(|header| header.machine));
    }

    #[test]
    fn what_only_looks_alike_is_no_header() {
        for line in [
            "*** IR Dump After X",
            "*** IR Dumping ***",
            "**** IR Dump After X ***",
            "",
            "*** IR ",
            "*** IR Dump After X *** and",
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
        let long = format!("*** IR Dump After {} ***", "x".repeat(HEADER_BYTES_MAX));
        assert_eq!(parse(long.as_bytes()), None);
        assert!(torn(b"  %3 = add i32*** IR Dump After X on f ***"));
        assert!(!torn(br#"@s = constant [21 x i8] c"*** IR Dump After X ***""#));
    }
}
