//! The command that runs programs of package registries: rows → a line a case, and an exit code.

use clap::Args;
use prova_testing::suites::corpus::Outcome;
use prova_testing::suites::program;
use prova_testing::suites::registry::{self, Row};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Which programs, and where they are kept.
#[derive(Args)]
pub(crate) struct RegistryArgs {
    /// Rows of the table; by default all
    ids: Vec<String>,
    /// The folder into which packages are fetched, unless they are there
    #[arg(long, value_name = "DIR", default_value = "target/registry")]
    dir: PathBuf,
    /// The table; by default `programs/registry.tsv`
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// The program; by default `prova`, built for the purpose
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Only this tier of those that a row runs in
    #[arg(long, value_name = "TIER")]
    tier: Option<String>,
    /// Seconds after which a case is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    limit: u64,
}

impl RegistryArgs {
    /// Runs it: 0 if all print what they must, 1 if something does not, 2 if it could not be tried.
    pub(crate) fn run(&self) -> ExitCode {
        match self.tried() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::from(2)
            }
        }
    }

    /// Whether all rows print what they must. A package that cannot be fetched is a failure of its
    /// row.
    ///
    /// # Errors
    /// If the table cannot be read, has no such row, or there is no program.
    fn tried(&self) -> Result<bool, String> {
        let table = || prova_testing::root().join("programs/registry.tsv");
        let rows = registry::read(&self.table.clone().unwrap_or_else(table))?;
        let absent = self.ids.iter().find(|id| !rows.iter().any(|row| row.id == **id));
        if let Some(id) = absent {
            return Err(format!("the table has no row `{id}`"));
        }
        let absolute = |path: &Path| std::path::absolute(path).map_err(|error| error.to_string());
        let program = absolute(&self.program.clone().map_or_else(program::built, Ok)?)?;
        let dir = absolute(&self.dir)?;
        println!("{:20} {:10} {:7} {:>8}", "id", "tier", "result", "seconds");
        let (mut passed, mut failed) = (0, 0);
        for row in rows.iter().filter(|row| self.ids.is_empty() || self.ids.contains(&row.id)) {
            for (tier, outcome) in self.outcomes(row, &program, &dir) {
                match outcome {
                    Outcome::Passed { .. } => passed += 1,
                    Outcome::Failed(_) | Outcome::Ignored(_) => failed += 1,
                }
                println!("{}", line(&row.id, tier.unwrap_or("-"), &outcome));
            }
        }
        println!("{passed} ok, {failed} failed");
        Ok(failed == 0)
    }

    fn outcomes<'r>(
        &self,
        row: &'r Row,
        program: &Path,
        dir: &Path,
    ) -> Vec<(Option<&'r str>, Outcome)> {
        let file = registry::fetched(row, dir).and_then(|file| row.check(&file).map(|()| file));
        let file = match file {
            Ok(file) => file,
            Err(why) => return vec![(None, Outcome::Failed(why))],
        };
        let tiers = row.tiers.names().iter().copied();
        let wanted = |tier: &Option<&str>| self.tier.is_none() || *tier == self.tier.as_deref();
        let limit = Duration::from_secs(self.limit);
        tiers.filter(wanted).map(|tier| (tier, row.run(program, &file, tier, limit))).collect()
    }
}

fn line(id: &str, tier: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed { wall } => {
            format!("{id:20} {tier:10} {:7} {:8.2}", "ok", wall.as_secs_f64())
        }
        Outcome::Failed(why) | Outcome::Ignored(why) => {
            format!("{id:20} {tier:10} {:7} {why}", "FAIL")
        }
    }
}
