//! Runs mutants of the trusted code and compares what survives with the list of explained ones.
//! `.ci/mutants` calls it.
//!
//! `mutants LIST.json EXPLAINED.tsv SHARD/N|rest|missed [PART]`: the list is what `cargo mutants
//! --list --json` writes. Shards count from 1. `rest` and `missed` go on with the last run: they
//! run what it has not come to, or what it missed, and report its verdicts with their own. `PART`
//! keeps only mutants whose key (fields between tabs) contains it, `PART,PART` those that contain
//! one of them, `!PART` only the others, and `!PART,!PART` those that contain neither. Exit codes:
//! 0 nothing to do, 1 something to do, 2 it could not run.
//!
//! Where the list is called `operands`, the mutants are those of `prova_tidy::mutants::operands` in
//! the files whose paths contain `PART`. Their verdicts have a separate log, and only rows of
//! such mutants are compared.
//!
//! What the test programs of the mutated crates miss, those of other crates are asked about; a
//! shard that is not the whole asks them only about what no row explains.

use prova_tidy::mutants::build::{Bench, Built};
use prova_tidy::mutants::tally::Tally;
use prova_tidy::mutants::{
    FAR, Judge, Mutant, NEAR, Verdict, Verdicts, explained, list, operands, run,
};
use prova_tidy::{Tree, root};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (list, explained, shard, part) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        [list, explained, shard] => (list, explained, shard, ""),
        [list, explained, shard, part] => (list, explained, shard, part),
        _ => {
            eprintln!("usage: mutants LIST.json EXPLAINED.tsv SHARD/N|rest|missed [PART]");
            return ExitCode::from(2);
        }
    };
    match campaign(list, explained, shard, part) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs it, and gives how many things there are to do.
fn campaign(list: &str, explained: &str, shard: &str, part: &str) -> Result<usize, String> {
    let shard = Shard::parse(shard).ok_or_else(|| format!("no shard: {shard}"))?;
    let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let tree = Tree::read(&root()).map_err(|error| error.to_string())?;
    let exchanged = list == "operands";
    let has_one = |text: &str| part.split(',').any(|part| text.contains(part));
    let all = match exchanged {
        true => list::operands(&tree, has_one),
        false => list::parse(&read(list)?, &tree)?,
    };
    let explained = explained::parse(&read(explained)?)?;
    let is_wanted = |key: &str| match part.strip_prefix('!') {
        Some(open) => !open.split(",!").any(|open| key.contains(open)),
        None => has_one(key),
    };
    let within = all.iter().filter(|x| is_wanted(&x.key().join("\t")));
    let chosen: Vec<&Mutant> = within.filter(|x| shard.has(x)).collect();
    let before = if shard.goes_on() { Log::read(&all, exchanged)? } else { Verdicts::new() };
    let mut due = chosen.clone();
    due.retain(|x| shard.is_due(before.get(&x.number)));

    let start = Instant::now();
    // Only what is run is woven: the rest of the tree builds as fast as it does without mutants.
    let woven: Vec<Mutant> = due.iter().map(|&mutant| mutant.clone()).collect();
    let bench = Bench::new(&root(), &root().join("target/mutants"), &tree, &woven)?;
    let built = bench.build(&tree, &woven)?;
    let log = Log::new(&shard, exchanged)?;
    let asked = |mutant: &Mutant| {
        shard.is_whole() || !explained.contains_key(&mutant.key().map(str::to_owned))
    };
    let run = Run { bench: &bench, tree: &tree, all: &woven, built: &built, log: &log };
    let mut verdicts = run.unviable(&due);
    run.together(&due, &asked, &mut verdicts)?;
    run.alone(&due, &asked, &mut verdicts)?;
    let verdicts: Verdicts = before.into_iter().chain(verdicts).collect();
    let tally = Tally::new(&chosen, &verdicts, &explained);
    println!("{tally}\n{} s", start.elapsed().as_secs());
    let mut explained = explained;
    explained.retain(|[file, _, mutation, _], _| match exchanged {
        true => operands::is_one(mutation) && has_one(file),
        false => !operands::is_one(mutation),
    });
    let todo = explained::compare(&explained, &all, &chosen, &verdicts);
    todo.iter().for_each(|what| println!("{what}"));
    Ok(todo.len())
}

/// Which mutants are run.
enum Shard {
    /// One part of several: its number, from 0, and how many parts there are.
    Of(u64, u64),
    /// The mutants that the last run has not reached.
    Rest,
    /// The mutants that the last run missed.
    Missed,
}

impl Shard {
    /// `K/N` with K from 1 to N, or a word.
    fn parse(text: &str) -> Option<Shard> {
        match text {
            "rest" => return Some(Shard::Rest),
            "missed" => return Some(Shard::Missed),
            _ => {}
        }
        let (shard, shards) = text.split_once('/')?;
        let (shard, shards): (u64, u64) = (shard.parse().ok()?, shards.parse().ok()?);
        (1 <= shard && shard <= shards).then_some(Shard::Of(shard - 1, shards))
    }

    fn is_whole(&self) -> bool {
        !matches!(self, Shard::Of(_, 2..))
    }

    /// Whether it goes on with the last run.
    fn goes_on(&self) -> bool {
        !matches!(self, Shard::Of(..))
    }

    fn has(&self, mutant: &Mutant) -> bool {
        match self {
            Shard::Of(shard, shards) => mutant.shard(*shards) == *shard,
            Shard::Rest | Shard::Missed => true,
        }
    }

    /// Whether a mutant is run on which the last run has this verdict.
    fn is_due(&self, before: Option<&Verdict>) -> bool {
        match self {
            Shard::Of(..) => true,
            Shard::Rest => before.is_none(),
            Shard::Missed => before == Some(&Verdict::Missed),
        }
    }
}

/// The verdicts as they are found, in `target/mutants/verdicts.tsv` or `operands.tsv`: a word, what
/// decided, the key. A later row counts more than an earlier one.
struct Log(Mutex<File>);

impl Log {
    fn path(operands: bool) -> PathBuf {
        let name = if operands { "operands.tsv" } else { "verdicts.tsv" };
        root().join("target/mutants").join(name)
    }

    /// Opens the log: emptied, except for a run that goes on with the last one.
    fn new(shard: &Shard, operands: bool) -> Result<Log, String> {
        let append = shard.goes_on();
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).append(append).truncate(!append);
        let file = file.open(Log::path(operands));
        file.map(|file| Log(Mutex::new(file))).map_err(Log::failed)
    }

    /// The verdicts of the last run on these mutants, which are known by their keys.
    fn read(all: &[Mutant], operands: bool) -> Result<Verdicts, String> {
        let text = fs::read_to_string(Log::path(operands)).map_err(Log::failed)?;
        let rows = text.lines().filter_map(|row| {
            let mut fields = row.splitn(3, '\t');
            let (word, by, key) = (fields.next()?, fields.next()?, fields.next()?);
            Some((key, Verdict::parse(word, by)?))
        });
        let mut last: BTreeMap<&str, Verdict> = rows.collect();
        let verdicts = all.iter().map(|x| (x.number, last.remove(x.key().join("\t").as_str())));
        Ok(verdicts.filter_map(|(number, verdict)| Some((number, verdict?))).collect())
    }

    fn failed(error: std::io::Error) -> String {
        format!("target/mutants: {error}")
    }

    fn tell(&self, mutant: &Mutant, verdict: &Verdict) {
        let (word, key) = (verdict.word(), mutant.key().join("\t"));
        let by = match verdict {
            Verdict::Caught(by) | Verdict::Timeout(by) => by,
            Verdict::Missed | Verdict::Unviable => "-",
        };
        if let Verdict::Missed | Verdict::Timeout(_) = verdict {
            println!("{word}\t{by}\t{key}");
        }
        if let Ok(mut file) = self.0.lock() {
            // A verdict that cannot be written is printed at the end all the same.
            drop(writeln!(file, "{word}\t{by}\t{key}"));
        }
    }
}

/// The inputs of a run.
struct Run<'a> {
    bench: &'a Bench,
    tree: &'a Tree,
    all: &'a [Mutant],
    built: &'a Built,
    log: &'a Log,
}

impl Run<'_> {
    fn unviable(&self, chosen: &[&Mutant]) -> Verdicts {
        let unviable = chosen.iter().filter(|x| self.built.unviable.contains(&x.number));
        let told = unviable.inspect(|mutant| self.log.tell(mutant, &Verdict::Unviable));
        told.map(|mutant| (mutant.number, Verdict::Unviable)).collect()
    }

    /// Those that can be switched, in one build.
    fn together(
        &self,
        chosen: &[&Mutant],
        asked: &dyn Fn(&Mutant) -> bool,
        verdicts: &mut Verdicts,
    ) -> Result<(), String> {
        let mut left: Vec<&Mutant> = chosen.to_vec();
        left.retain(|mutant| self.built.woven.contains(&mutant.number));
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        for judges in [NEAR, FAR] {
            let judges = seeing(judges, &left);
            let start = Instant::now();
            let programs = run::baseline(&self.bench.programs(&judges)?)?;
            if !programs.is_empty() {
                println!("built in {} s; without a mutant", start.elapsed().as_secs());
            }
            for run::Timed { program, took, .. } in &programs {
                println!("{:>8.2} s  {} {}", took.as_secs_f64(), program.package, program.name);
            }
            let tell = |mutant: &Mutant, verdict: &Verdict| self.log.tell(mutant, verdict);
            verdicts.extend(run::verdicts(&programs, &left, jobs, tell)?);
            left.retain(|x| verdicts.get(&x.number) == Some(&Verdict::Missed) && asked(x));
        }
        Ok(())
    }

    /// Runs the other mutants, each in a separate build.
    fn alone(
        &self,
        chosen: &[&Mutant],
        asked: &dyn Fn(&Mutant) -> bool,
        verdicts: &mut Verdicts,
    ) -> Result<(), String> {
        let Built { woven, unviable } = self.built;
        let others = chosen.iter().copied();
        for mutant in others.filter(|x| !woven.contains(&x.number) && !unviable.contains(&x.number))
        {
            for judges in [NEAR, FAR] {
                let judges = seeing(judges, &[mutant]);
                let built = self.bench.build_alone(self.tree, self.all, mutant, &judges)?;
                let Some(programs) = built else {
                    verdicts.insert(mutant.number, Verdict::Unviable);
                    break;
                };
                let (took, limit) = (run::LEAST, 10 * run::LEAST);
                let time = |program| run::Timed { program, took, limit };
                let programs: Vec<_> = programs.into_iter().map(time).collect();
                let tell = |mutant: &Mutant, verdict: &Verdict| self.log.tell(mutant, verdict);
                verdicts.extend(run::verdicts(&programs, &[mutant], 1, tell)?);
                if verdicts.get(&mutant.number) != Some(&Verdict::Missed) || !asked(mutant) {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The programs that run code of one of these mutants.
fn seeing(judges: &[Judge], mutants: &[&Mutant]) -> Vec<Judge> {
    let sees = |judge: &&Judge| mutants.iter().any(|mutant| mutant.is_seen_by(judge.sees));
    judges.iter().filter(sees).copied().collect()
}
