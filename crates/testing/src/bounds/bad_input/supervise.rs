//! The campaign in separate processes: a crash, an endless loop or an abort is a finding like any
//! other.
//!
//! ```text
//! campaign ─ spawn ─► worker ─ "at N" before each input ─► campaign: the last N of a worker that died is the culprit
//! ```
//!
//! The worker runs with an allocator that gives blocks of 64 KiB and more back at once (glibc's
//! `MALLOC_MMAP_THRESHOLD_`), so that the memory of each input is counted separately.

use super::mutate::Mutants;
use super::shapes::SHAPES;
use super::{Report, answer, measure, settings};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs inputs `first .. first + count` with a command of `program`, which is `prova-testing`, as
/// its worker. Gives the findings, and the worker's report.
///
/// # Errors
///
/// If the worker cannot be started.
pub fn campaign(
    (program, command): (&Path, &str),
    seed: u64,
    first: u64,
    count: u64,
) -> std::io::Result<(Vec<String>, String)> {
    let mut findings = Vec::new();
    let mut next = first;
    loop {
        let worker = Command::new(program)
            .args([command, "--worker", "--seed", &seed.to_string()])
            .args(["--first", &next.to_string(), "--count", &(first + count - next).to_string()])
            .env("MALLOC_MMAP_THRESHOLD_", "65536")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut worker = worker?;
        let mut last = next;
        let mut summary = None;
        if let Some(output) = worker.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line?;
                match line.split_once(' ') {
                    Some(("at", number)) => last = number.parse().unwrap_or(last),
                    Some(("finding", text)) => {
                        findings.push(format!("input {last} of seed {seed}: {text}"))
                    }
                    Some(("report", text)) => summary = Some(text.to_owned()),
                    _ => {}
                }
            }
        }
        let status = worker.wait()?;
        if let Some(summary) = summary {
            return Ok((findings, summary));
        }
        findings.push(format!("input {last} of seed {seed}: the process ended: {status}"));
        next = last + 1;
        if next >= first + count || findings.len() > 20 {
            return Ok((findings, "no report: the worker died".to_owned()));
        }
    }
}

/// The worker: answers each input, says where it is, and reports.
///
/// # Errors
///
/// If its output is gone.
pub fn worker(seed: u64, first: u64, count: u64) -> std::io::Result<()> {
    // Findings are reported in one line; a panic's own words would be a second place.
    std::panic::set_hook(Box::new(|_| {}));
    let mut out = std::io::stdout().lock();
    let mut report = Report::default();
    let mut mutants = Mutants::default();
    for index in first..first + count {
        let bytes = input(&mut mutants, seed, index);
        writeln!(out, "at {index}")?;
        out.flush()?;
        match measure(&bytes, |bytes| answer(bytes, settings(index))) {
            Ok((answer, cost)) => {
                report.add(answer, &cost, bytes.len());
                if let Some((name, expected, _)) = SHAPES.get(index as usize)
                    && answer != *expected
                {
                    writeln!(out, "finding {name}: {answer:?}, not {expected:?}")?;
                }
            }
            Err(complaint) => {
                let name = SHAPES.get(index as usize).map_or("mutant", |shape| shape.0);
                writeln!(out, "finding {name}: {}", complaint.replace('\n', " "))?;
            }
        }
    }
    writeln!(out, "report {}", describe(&report))
}

/// Input `index`: a shape, or a mutant.
pub fn input(mutants: &mut Mutants, seed: u64, index: u64) -> Vec<u8> {
    match SHAPES.get(index as usize) {
        Some((_, _, make)) => make(),
        None => mutants.input(seed, index),
    }
}

fn describe(report: &Report) -> String {
    let [accepted, untranslated, invalid, unsupported, limit] = report.answers;
    let memory = match report.memory_measured {
        true => format!("{:.0} % of the memory allowed at most", 100.0 * report.memory_part),
        false => "memory not measured on this system".to_owned(),
    };
    format!(
        "{accepted} accepted, {untranslated} beyond a limit of the bytecode, {invalid} invalid, {unsupported} unsupported, \
         {limit} beyond a limit; {:.0} % of the time allowed at most, {memory}",
        100.0 * report.time_part
    )
}
