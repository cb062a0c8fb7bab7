//! Runs a shard of the mutants of the trusted code and compares what survives with the list of
//! explained ones. `.ci/mutants` calls it.
//!
//! `mutants LIST.json EXPLAINED.tsv SHARD/N [PART]`: the list is what `cargo mutants --list --json`
//! writes, shards count from 1, and `PART` keeps only mutants whose key (fields between tabs)
//! contains it. Exit codes: 0 nothing to do, 1 something to do, 2 it could not run.

use prova_tidy::mutants::build::Bench;
use prova_tidy::mutants::{Mutant, Verdict, Verdicts, explained, list, run};
use prova_tidy::{Tree, root};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (list, explained, shard, part) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        [list, explained, shard] => (list, explained, shard, ""),
        [list, explained, shard, part] => (list, explained, shard, part),
        _ => {
            eprintln!("usage: mutants LIST.json EXPLAINED.tsv SHARD/N [PART]");
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
    let (shard, shards) = parse_shard(shard).ok_or_else(|| format!("no shard: {shard}"))?;
    let read =
        |path: &str| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let tree = Tree::read(&root()).map_err(|error| error.to_string())?;
    let all = list::parse(&read(list)?, &tree)?;
    let explained = explained::parse(&read(explained)?)?;
    let chosen = all.iter().filter(|x| x.shard(shards) == shard - 1);
    let chosen: Vec<&Mutant> = chosen.filter(|x| x.key().join("\t").contains(part)).collect();

    let start = Instant::now();
    let bench = Bench::new(&root(), &root().join("target/mutants"), &tree, &all)?;
    let built = bench.build(&tree, &all)?;
    let programs = run::baseline(&built.programs)?;
    println!("built in {} s; without a mutant the tests take", start.elapsed().as_secs());
    for timed in &programs {
        let run::Timed { program, took, .. } = timed;
        println!("{:>8.2} s  {} {}", took.as_secs_f64(), program.package, program.name);
    }
    let start = Instant::now();
    let tell = |mutant: &Mutant, verdict: &Verdict| match verdict {
        Verdict::Missed => println!("missed\t{}", mutant.key().join("\t")),
        Verdict::Timeout(test) => println!("timeout in {test}\t{}", mutant.key().join("\t")),
        Verdict::Caught(_) | Verdict::Unviable => {}
    };
    let together: Vec<&Mutant> =
        chosen.iter().copied().filter(|mutant| built.woven.contains(&mutant.number)).collect();
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut verdicts = run::verdicts(&programs, &together, jobs, tell)?;
    for mutant in &chosen {
        if built.unviable.contains(&mutant.number) {
            verdicts.insert(mutant.number, Verdict::Unviable);
        } else if !built.woven.contains(&mutant.number) {
            let Some(alone) = bench.build_alone(&tree, &all, mutant)? else {
                verdicts.insert(mutant.number, Verdict::Unviable);
                continue;
            };
            let alone = programs
                .iter()
                .zip(alone)
                .map(|(timed, program)| run::Timed { program, ..timed.clone() });
            verdicts.extend(run::verdicts(&alone.collect::<Vec<_>>(), &[mutant], 1, tell)?);
        }
    }
    report(&chosen, &verdicts, start)?;
    let todo = explained::compare(&explained, &all, &chosen, &verdicts);
    todo.iter().for_each(|what| println!("{what}"));
    Ok(todo.len())
}

/// `K/N` with K from 1 to N.
fn parse_shard(text: &str) -> Option<(u64, u64)> {
    let (shard, shards) = text.split_once('/')?;
    let (shard, shards) = (shard.parse().ok()?, shards.parse().ok()?);
    (1 <= shard && shard <= shards).then_some((shard, shards))
}

/// Prints how many mutants of each file came to which end; what decided each is written to
/// `target/mutants/verdicts.tsv`.
fn report(mutants: &[&Mutant], verdicts: &Verdicts, start: Instant) -> Result<(), String> {
    let words = ["caught", "timeout", "missed", "unviable"];
    let mut files: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut rows = String::new();
    for mutant in mutants {
        let Some(verdict) = verdicts.get(&mutant.number) else { continue };
        let word = words.iter().position(|&word| word == verdict.word()).unwrap_or(0);
        files.entry(&mutant.file).or_default()[word] += 1;
        files.entry("all").or_default()[word] += 1;
        let (Verdict::Caught(by) | Verdict::Timeout(by)) = verdict else {
            writeln!(rows, "{}\t-\t{}", verdict.word(), mutant.key().join("\t")).ok();
            continue;
        };
        writeln!(rows, "{}\t{by}\t{}", verdict.word(), mutant.key().join("\t")).ok();
    }
    println!("{:>8}{:>8}{:>8}{:>9}", words[0], words[1], words[2], words[3]);
    for (file, [caught, timeout, missed, unviable]) in files {
        println!("{caught:>8}{timeout:>8}{missed:>8}{unviable:>9}  {file}");
    }
    println!("{} mutants in {} s", verdicts.len(), start.elapsed().as_secs());
    let path = root().join("target/mutants/verdicts.tsv");
    std::fs::write(&path, rows).map_err(|error| format!("{}: {error}", path.display()))
}
