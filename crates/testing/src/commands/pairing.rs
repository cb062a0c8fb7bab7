//! The command that judges pairs of builds. Arguments → a table.

use clap::Args;
use prova_testing::pairs::advice;
use prova_testing::pairs::draw::{Draws, Pair};
use prova_testing::pairs::recipe::Sides;
use prova_testing::pairs::table::{HEAD, Totals};
use prova_testing::pairs::{Row, SETS, Set};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Which pairs, and what of them is wanted.
#[derive(Args)]
pub(crate) struct PairsArgs {
    /// The set: `open`, or `held`, which is measured and not looked at
    #[arg(long, default_value = SETS[0].0)]
    set: String,
    /// Only pairs whose name has this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Only each Nth of these
    #[arg(long, value_name = "N", default_value_t = 1)]
    each: usize,
    /// How often each program is drawn with each noise
    #[arg(long, value_name = "N", default_value_t = Draws::default().honest)]
    honest: u64,
    /// How often each edit is drawn
    #[arg(long, value_name = "N", default_value_t = Draws::default().malicious)]
    malicious: u64,
    /// Prints the pairs' commands, and builds nothing
    #[arg(long)]
    list: bool,
    /// Prints totals alone
    #[arg(long)]
    totals: bool,
    /// Judges what `explain` says of builds with one difference, of both sets
    #[arg(long, conflicts_with_all = ["set", "honest", "malicious", "keep", "kept"])]
    advice: bool,
    /// Where the modules go: `NAME/a.wasm`, `NAME/b.wasm`
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Judges the modules that `--keep` left there, and builds nothing; what is absent is left out
    #[arg(long, value_name = "DIR", conflicts_with = "keep")]
    kept: Option<PathBuf>,
}

impl PairsArgs {
    /// Builds, runs and compares: 0 if all is as it must be, 1 if not, 2 if it could not be tried.
    pub(crate) fn run(&self) -> ExitCode {
        let judged = if self.advice { self.judge_advice() } else { self.judge() };
        match judged {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::from(2)
            }
        }
    }

    fn judge_advice(&self) -> Result<bool, String> {
        let cases = advice::cases()?;
        let known = advice::known(&cases)?;
        let named = cases.iter().filter(|case| case.recipe.name.contains(&self.only));
        let (mut missing, mut counts) = (BTreeMap::new(), BTreeMap::new());
        for case in named.step_by(self.each.max(1)) {
            if self.list {
                println!("{}", case.recipe.name);
                case.recipe.commands.iter().for_each(|command| println!("  {command}"));
                continue;
            }
            let needs = format!("{:?}", (&case.recipe.needs, &case.recipe.targets));
            let missing = missing.entry(needs).or_insert_with(|| case.recipe.missing());
            if missing.is_some() {
                continue;
            }
            let Some(faults) = case.faults()? else { continue };
            let is_known = known.contains(&case.recipe.name);
            let [count, wrong, surprises]: &mut [usize; 3] =
                counts.entry(case.difference).or_default();
            *count += 1;
            *wrong += usize::from(!faults.is_empty());
            if faults.is_empty() == is_known {
                *surprises += 1;
                if !self.totals {
                    let what = if is_known { "is listed".to_owned() } else { faults.join("\n  ") };
                    println!("{}\n  {what}", case.recipe.name);
                }
            }
        }
        for missing in missing.values().flatten() {
            println!("ignored: builds, as {missing}");
        }
        for (difference, [count, wrong, surprises]) in &counts {
            println!(
                "{difference:?}: {wrong} of {count} explained wrongly, {surprises} not as listed"
            );
        }
        Ok(counts.values().all(|[_, _, surprises]| *surprises == 0))
    }

    fn judge(&self) -> Result<bool, String> {
        let draws = Draws { honest: self.honest, malicious: self.malicious };
        let set = Set::read(&self.set, draws)?;
        let named = set.pairs.iter().filter(|pair| pair.name.contains(&self.only));
        let mut missing: BTreeMap<&str, Option<String>> = BTreeMap::new();
        let mut totals = Totals::default();
        if !self.totals && !self.list {
            println!("{HEAD}");
        }
        let mut count = |row: Row| {
            if !self.totals {
                println!("{row}");
            }
            totals.add(&row);
        };
        for pair in named.step_by(self.each.max(1)) {
            if self.list {
                println!("{}", pair.name);
                pair.recipe.commands.iter().for_each(|command| println!("  {command}"));
                continue;
            }
            if let Some(kept) = &self.kept {
                if let Some(sides) = read_kept(kept, pair)? {
                    count(set.judge(pair, sides)?);
                }
                continue;
            }
            let language = set.programs[pair.program].language.as_str();
            if missing.entry(language).or_insert_with(|| pair.recipe.missing()).is_some() {
                continue;
            }
            let sides = set.build(pair)?;
            if let Some(keep) = &self.keep {
                let folder = folder(keep, pair);
                fs::create_dir_all(&folder)
                    .and_then(|()| fs::write(folder.join("a.wasm"), &sides.0))
                    .and_then(|()| fs::write(folder.join("b.wasm"), &sides.1))
                    .map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            count(set.judge(pair, sides)?);
        }
        for (language, missing) in missing.iter().filter_map(|(l, m)| Some((l, m.as_ref()?))) {
            println!("ignored: pairs in {language}, as {missing}");
        }
        if !self.list {
            print!("{totals}");
        }
        Ok(totals.wrong().is_empty())
    }
}

/// Where the modules of a pair are kept.
fn folder(keep: &Path, pair: &Pair) -> PathBuf {
    keep.join(pair.name.replace('/', "-"))
}

/// The modules of a pair that an earlier run kept, if it did.
fn read_kept(keep: &Path, pair: &Pair) -> Result<Option<Sides>, String> {
    let folder = folder(keep, pair);
    if !folder.is_dir() {
        return Ok(None);
    }
    let side = |name: &str| {
        fs::read(folder.join(name)).map_err(|error| format!("{}: {error}", folder.display()))
    };
    Ok(Some((side("a.wasm")?, side("b.wasm")?)))
}
