//! Real programs → one valid module of any size, and a twin in which some functions are edited in
//! known ways.
//!
//! ```text
//! programs ─ source ─► parts ─ merge ─► copies beside each other, each varied ─┬─► A
//!                                                      edits of some functions ─┴─► B, and the list of edits
//! ```
//!
//! For tools that must hold at twenty megabytes: translation, comparison, serving. Copies share
//! imports, memory and table; each has its functions, globals, segments under new numbers and its
//! addresses moved, as a linker would. So that no copy is the same as another, all but the first
//! have constants and operators varied; what a copy computes is therefore not what the program
//! computes.
//!
//! 1. A function of the programs and the options: the same on every machine.
//! 2. Both modules validate: what varies keeps types.
//! 3. B differs from A by the listed edits, by the renumbering that they bring, and by nothing
//!    else.
//!
//! Limits: see `source`; sizes to 4 GiB are not looked at. Memory a few times the size.
//! `tests/enlarge.rs` holds all three at small sizes.

mod edits;
mod merge;
mod source;

pub use edits::{Edit, Kind};

/// The options of a merge.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes that A has at least; it has at most one program more.
    pub size: u64,
    /// The seed of all choices.
    pub seed: u64,
    /// Functions out of a hundred that B has edited; 0 for no B.
    pub edit_percent: f64,
    /// Whether functions have names in the module; the list of edits has them in any case.
    pub names: bool,
}

/// The result of a merge.
#[derive(Clone, Debug)]
pub struct Enlarged {
    /// The module.
    pub a: Vec<u8>,
    /// Its twin, if edits were asked for, and all edits in order of B's functions.
    pub b: Option<(Vec<u8>, Vec<Edit>)>,
}

/// Merges programs, given with their names, to a module of the size asked for.
///
/// # Errors
/// If there is no program, or one cannot be merged.
pub fn enlarge(programs: &[(String, Vec<u8>)], options: &Options) -> Result<Enlarged, String> {
    let sources: Vec<source::Source<'_>> =
        programs.iter().map(|(name, bytes)| source::read(name, bytes)).collect::<Result<_, _>>()?;
    let merged = merge::Merged::new(&sources, options)?;
    let a = merged.encode(&edits::Plan::default())?;
    if options.edit_percent <= 0.0 {
        return Ok(Enlarged { a, b: None });
    }
    let plan = edits::plan(&merged, options.seed, options.edit_percent)?;
    let b = merged.encode(&plan)?;
    Ok(Enlarged { a, b: Some((b, plan.listed(&merged))) })
}

/// The programs that the repository carries, by name.
///
/// # Errors
/// If the folder or a program cannot be read.
pub fn carried() -> Result<Vec<(String, Vec<u8>)>, String> {
    let folder = crate::root().join("programs/bin");
    let text = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(text)? {
        let path = entry.map_err(text)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            programs.push((name, std::fs::read(&path).map_err(text)?));
        }
    }
    programs.sort();
    Ok(programs)
}
