//! The command that makes big modules. Arguments → files.

use clap::Args;
use prova_testing::enlarge::{Options, carried, enlarge};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The programs to merge, and the modules to write.
#[derive(Args)]
pub(crate) struct EnlargeArgs {
    /// Programs to merge; by default those of `programs/bin`
    #[arg(value_name = "FILE")]
    programs: Vec<PathBuf>,
    /// Where the module goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Bytes that it has at least
    #[arg(long, value_name = "BYTES", default_value_t = 20_000_000)]
    size: u64,
    /// Seed of the random choices
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Where its twin goes, in which some functions are edited
    #[arg(long, value_name = "FILE")]
    out_edited: Option<PathBuf>,
    /// Functions out of a hundred that are edited in the twin
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0, requires = "out_edited")]
    edit_percent: f64,
    /// Leaves out the names of functions
    #[arg(long)]
    no_names: bool,
    /// Where the list of edits goes: a line each, of kind, indices in both, name, change; `-` is
    /// standard output
    #[arg(long, value_name = "FILE", requires = "out_edited")]
    edits: Option<PathBuf>,
}

impl EnlargeArgs {
    /// Writes the files: 0 if they are written, 2 if not.
    pub(crate) fn run(&self) -> ExitCode {
        match self.write() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::from(2)
            }
        }
    }

    fn write(&self) -> Result<(), String> {
        let mut programs = Vec::new();
        for path in &self.programs {
            let bytes =
                std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            programs.push((name, bytes));
        }
        if programs.is_empty() {
            programs = carried()?;
        }
        let edit_percent = if self.out_edited.is_some() { self.edit_percent } else { 0.0 };
        if !(0.0..=100.0).contains(&edit_percent) {
            return Err(format!("{edit_percent} is no percentage"));
        }
        let names = !self.no_names;
        let options = Options { size: self.size, seed: self.seed, edit_percent, names };
        let made = enlarge(&programs, &options)?;
        save(&self.out, &made.a)?;
        let Some((b, edits)) = made.b else { return Ok(()) };
        if let Some(path) = &self.out_edited {
            save(path, &b)?;
        }
        let Some(path) = &self.edits else { return Ok(()) };
        let mut list = String::new();
        for edit in &edits {
            writeln!(list, "{edit}").map_err(|error| error.to_string())?;
        }
        if path.as_os_str() == "-" {
            print!("{list}");
            return Ok(());
        }
        save(path, list.as_bytes())
    }
}

fn save(path: &PathBuf, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
