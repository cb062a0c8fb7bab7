//! Every section that Wasmtime's loader knows, and what is done with it here.
//!
//! The list is the loader's own (source: `wasmtime` 48.0.8, module `runtime::code_memory`); it
//! refuses a file with any other, and so does this crate.

use crate::error::Error;
use crate::file::{File, Section};
use crate::translation::PAGE;
use crate::{Unchecked, engine, frames, made, maps, tools};
use prova_wasmtime_layout::Artifact;
use wasmtime_environ::FilePos;

/// The section of code.
const TEXT: &str = ".text";

/// The treatment of a section.
#[derive(Clone, Copy)]
enum Rule {
    /// The loader gives it no meaning.
    Ignored,
    /// It is compared elsewhere, byte for byte: with the settings, or as made of the Wasm.
    Compared,
    /// It has a form.
    Formed(Form),
    /// It has a form, beyond which nobody checks what the text names. That can only confuse.
    Partly(Form, &'static str),
    /// Wasmtime writes it for debuggers of guests alone, whose code is refused.
    Empty,
    /// Nobody checks it, unless it is empty: the reason, and whether it can only confuse.
    Unchecked(&'static str, bool),
}

type Form = fn(&All<'_>, Section<'_>) -> Result<(), Error>;

/// The things that rules may look at.
struct All<'a> {
    artifact: &'a Artifact<'a>,
    file: &'a File<'a>,
    has_image: bool,
    code: Option<FilePos>,
}

const RULES: [(&str, Rule); 21] = [
    ("", Rule::Ignored),
    // This crate reads the symbols; the loader does not.
    (".symtab", Rule::Ignored),
    (".strtab", Rule::Ignored),
    (".shstrtab", Rule::Ignored),
    (engine::SECTION, Rule::Compared),
    (made::INFO, Rule::Compared),
    (made::COPIED[0], Rule::Formed(image)),
    (made::COPIED[1], Rule::Compared),
    (made::COPIED[2], Rule::Compared),
    (TEXT, Rule::Formed(text)),
    (".wasmtime.bti", Rule::Formed(branch_protection)),
    (maps::TRAPS, Rule::Formed(|all, section| maps::traps(all.artifact, section.data))),
    (maps::EXCEPTIONS, Rule::Formed(|all, section| maps::exceptions(all.artifact, section.data))),
    (
        frames::SECTION,
        Rule::Partly(
            unwinding,
            "when a function has made its frame: a walk of the host's stack may read a wrong place",
        ),
    ),
    (".wasmtime.frames", Rule::Empty),
    (".wasmtime.wasm_bytecode", Rule::Empty),
    (".wasmtime.wasm_bytecode_ends", Rule::Empty),
    (
        maps::ADDRESSES,
        Rule::Partly(
            |all, section| maps::addresses(all.artifact, section.data, all.code),
            "positions in the Wasm, which backtraces show",
        ),
    ),
    (maps::STACK_MAPS, Rule::Formed(|all, _| maps::stack_maps(all.artifact))),
    (".xdata", Rule::Unchecked("descriptions of frames for Windows", false)),
    (".pdata", Rule::Unchecked("descriptions of frames for Windows", false)),
];

/// Sections for debuggers of the host; which files have them, and that relocations stay inside, is
/// checked elsewhere (`tools`).
const DEBUG: Rule = Rule::Unchecked("what the host hands to a debugger, in a copy", true);

/// Checks every section, of a module with memory images or none, whose first function's code has
/// this place in the Wasm; gives those that nobody checks.
pub(crate) fn check(
    artifact: &Artifact<'_>,
    file: &File<'_>,
    (has_image, code): (bool, Option<FilePos>),
) -> Result<Vec<Unchecked>, Error> {
    for needed in [TEXT, ".wasmtime.bti", maps::EXCEPTIONS] {
        if file.section(needed).is_none() {
            return Err(Error::new(needed, "no such section"));
        }
    }
    let all = All { artifact, file, has_image, code };
    let mut unchecked = Vec::new();
    for (name, section) in file.sections() {
        let rule = RULES.iter().find(|(of, _)| *of == name).map(|(_, rule)| *rule);
        let rule = rule.or(tools::is_for_debuggers(name).then_some(DEBUG)).ok_or_else(|| {
            Error::new(&name.escape_debug().to_string(), "a section that Wasmtime does not know")
        })?;
        let (why, only_confuses) = match rule {
            Rule::Ignored | Rule::Compared => continue,
            Rule::Empty if section.data.is_empty() => continue,
            Rule::Empty => return Err(Error::new(name, "only debuggers of guests have it")),
            Rule::Formed(check) => {
                check(&all, section)?;
                continue;
            }
            Rule::Partly(check, why) => {
                check(&all, section)?;
                (why, true)
            }
            Rule::Unchecked(why, only_confuses) => (why, only_confuses),
        };
        if section.data.is_empty() {
            continue;
        }
        unchecked.push(Unchecked { section: name.escape_debug().to_string(), why, only_confuses });
    }
    Ok(unchecked)
}

/// Code begins at a page, as the loader asserts, and is executed: the flag that says that it is not
/// (`SH_WASMTIME_NOT_EXECUTED`) is not set.
fn text(all: &All<'_>, section: Section<'_>) -> Result<(), Error> {
    if section.data != all.artifact.text {
        return Err(Error::new(TEXT, "not the code that was checked"));
    }
    if !section.data.is_empty() && (!section.at.is_multiple_of(PAGE) || section.flags & 1 != 0) {
        return Err(Error::new(TEXT, "not at a page's beginning, or not executed"));
    }
    Ok(())
}

/// An image begins at a page, as the loader asserts when a memory maps it.
fn image(all: &All<'_>, section: Section<'_>) -> Result<(), Error> {
    if all.has_image && !section.data.is_empty() && !section.at.is_multiple_of(PAGE) {
        return Err(Error::new(made::COPIED[0], "not at a page's beginning"));
    }
    Ok(())
}

/// Branches are protected on AArch64 only.
fn branch_protection(_: &All<'_>, section: Section<'_>) -> Result<(), Error> {
    if section.data != [0] {
        return Err(Error::new(".wasmtime.bti", "not one zero, as for x86-64"));
    }
    Ok(())
}

fn unwinding(all: &All<'_>, section: Section<'_>) -> Result<(), Error> {
    let text = all.file.section(TEXT).ok_or_else(|| Error::new(TEXT, "no such section"))?;
    frames::check(section, text, &all.artifact.symbols)
}
