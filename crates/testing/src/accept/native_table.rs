//! The outcome for a module's functions as machine code, and its cost.
//!
//! ```text
//! module, Way, metering ─ prova_native::survey ─► Survey ─► a table
//! generated modules ──────────────────────────────► Survey, and what is refused
//! ```
//!
//! Nothing runs. The table of `programs/` is kept in `tests/native/programs.tsv`, and any
//! difference from it is a finding, in both directions (`prova-testing native-table --bless`).
//!
//! A green run does not show that the code does what it should (`native`, `spec`, `corpus`).

use crate::generate::Generator;
use crate::sides::native::Way;
use prova_check::Metering;
use prova_module::Module;
pub use prova_native::Survey;
use prova_native::survey;
use std::path::PathBuf;

/// Compiles and checks everything of a module, on `jobs` threads.
///
/// # Errors
/// If there can be no code of the module at all.
pub fn module(
    module: &Module,
    way: Way,
    metering: Metering,
    jobs: usize,
) -> Result<Survey, String> {
    survey(module, (&way.config(metering), false), jobs)
}

/// Compiles and checks everything of generated modules, each in a way and a metering by its number;
/// what is refused or declined says in which case.
///
/// # Errors
/// If there can be no code of a module at all.
pub fn generated(
    generator: Generator,
    seed: u64,
    cases: std::ops::Range<u64>,
    funcs: usize,
) -> Result<Survey, String> {
    let mut total = Survey::default();
    for index in cases {
        let case = generator.case(seed, index, funcs);
        let Some(decoded) = case.module() else { continue };
        let ways = Way::ALL.len() as u64;
        let way = Way::ALL[(index % ways) as usize];
        let metering = METERINGS[(index / ways % 4) as usize];
        let named = format!("seed {seed}, case {index}, {way}, {}", metering_name(metering));
        let row = module(&decoded, way, metering, 1).map_err(|what| format!("{named}: {what}"))?;
        let name = |finding: &String| format!("{named}: {finding}");
        let declined = row.declined.iter().map(name).collect();
        let refused = row.refused.iter().map(name).collect();
        total.add(&Survey { declined, refused, ..row });
    }
    Ok(total)
}

/// The programs of the repository that the table has, and a name for each.
///
/// # Errors
/// If they cannot be read.
pub fn programs() -> Result<Vec<(String, Vec<u8>)>, String> {
    let folder = crate::root().join("programs/bin");
    let entries = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

/// A file with its name.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &std::path::Path) -> Result<(String, Vec<u8>), String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
    Ok((name.unwrap_or_default(), bytes))
}

/// Where the table of the programs is kept.
pub fn table_path() -> PathBuf {
    crate::root().join("tests/native/programs.tsv")
}

/// The head of a table.
pub const HEAD: &str = "module\tway\tmetering\tfunctions\tnative\tcaps\tdeclined\trefused";

/// A line of a table.
pub fn line(name: &str, way: Way, metering: Metering, row: &Survey) -> String {
    format!("{name}\t{way}\t{}\t{}", metering_name(metering), row.counts())
}

/// The lines in which a table of programs differs from the stored one, of the meterings that it
/// has: `-` for the stored one's, `+` for the new one's.
///
/// # Errors
/// If the stored table cannot be read.
pub fn differences(new: &str) -> Result<Vec<String>, String> {
    let path = table_path();
    let stored =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(crate::suites::spec::differences(&stored, new))
}

/// Where what became of the specification's suite as machine code is kept.
pub fn suite_path() -> PathBuf {
    crate::root().join("tests/native/suite.tsv")
}

/// The outcome for the specification's suite: a line of the table, and one for each function that
/// is refused or declined, which should be none. Offsets in code are left out: they change with
/// every change of the compiler.
pub fn suite_lines(way: Way, row: &Survey) -> Vec<String> {
    let mut lines = vec![line("suite", way, Metering::default(), row)];
    let findings = row.declined.iter().chain(&row.refused).map(|finding| {
        let words = finding.split(' ').filter(|word| !word.starts_with("0x"));
        format!("{way}\t{}", words.collect::<Vec<&str>>().join(" "))
    });
    lines.extend(findings);
    lines[1..].sort();
    lines
}

/// The meterings, by name.
pub const METERINGS: [Metering; 4] = [
    Metering { fuel: false, epoch: false },
    Metering { fuel: true, epoch: false },
    Metering { fuel: false, epoch: true },
    Metering { fuel: true, epoch: true },
];

/// The name of a metering.
pub fn metering_name(metering: Metering) -> &'static str {
    match (metering.fuel, metering.epoch) {
        (false, false) => "none",
        (true, false) => "fuel",
        (false, true) => "epochs",
        (true, true) => "both",
    }
}
