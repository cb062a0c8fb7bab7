//! Revisions × toolchains → which cells have builds that differ, and what that says of the cause.
//!
//! [`bisect`](mod@super::bisect) has revisions, [`toolchain`](super::toolchain) toolchains;
//! [`build`](mod@super::build) judges a cell.
//!
//! 1. The verdict is read from the pattern of cells alone; a cell that cannot be built makes it
//!    inconclusive unless every way to fill it in gives the same verdict.
//! 2. A difference is there if it was seen; agreement may be luck, with the probability that is
//!    printed.
//!
//! Worst case: `runs` builds for each cell. `tests/repro/search.rs` has each pattern.

use super::bisect::Sight;
use super::split::Split;
use anyhow::{Result, ensure};
use prova_report::{Node, Table};
use serde_json::{Value, json};

/// Maximum number of cells of a table.
pub const CELLS_MAX: usize = 1024;

/// With more cells that could not be built there is no verdict.
const SKIPPED_MAX: usize = 12;

/// The table of what was seen.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Its rows: revisions.
    pub revisions: Vec<String>,
    /// Its columns: toolchains.
    pub toolchains: Vec<String>,
    /// Row by row.
    pub cells: Vec<Vec<Sight>>,
    /// How often each cell was built at most.
    pub runs: usize,
}

/// The conclusion from the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// No cell differs.
    None,
    /// It depends on the revision alone.
    Source,
    /// It depends on the toolchain alone.
    Compiler,
    /// Certain revisions differ, but only with certain toolchains.
    Both,
    /// Every cell differs: neither changed it.
    Neither,
    /// Too many cells could not be built.
    Inconclusive,
}

impl Blame {
    /// Its name, and what it means.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Blame::None => ("equal", "no cell differs"),
            Blame::Source => ("source", "whether builds differ depends on the revision alone"),
            Blame::Compiler => ("compiler", "whether builds differ depends on the toolchain alone"),
            Blame::Both => ("both needed", "some revisions differ, but only with some toolchains"),
            Blame::Neither => ("neither", "every cell differs, so the cause is older than both"),
            Blame::Inconclusive => ("inconclusive", "cells that cannot be built could decide"),
        }
    }
}

/// Builds each cell.
///
/// # Errors
/// If the table is empty or too large, or `look` fails.
pub fn matrix(
    revisions: &[String],
    toolchains: &[String],
    runs: usize,
    look: &mut dyn FnMut(&str, &str) -> Result<Sight>,
) -> Result<Matrix> {
    let cells = revisions.len().saturating_mul(toolchains.len());
    ensure!(cells >= 2, "two revisions or two toolchains are needed");
    ensure!(cells <= CELLS_MAX, "more than {CELLS_MAX} cells");
    let mut rows = Vec::new();
    for revision in revisions {
        rows.push(
            toolchains
                .iter()
                .map(|toolchain| look(revision, toolchain))
                .collect::<Result<Vec<Sight>>>()?,
        );
    }
    Ok(Matrix { revisions: revisions.to_vec(), toolchains: toolchains.to_vec(), cells: rows, runs })
}

impl Matrix {
    /// The conclusion from the pattern of cells.
    pub fn blame(&self) -> Blame {
        let skipped = self.cells.iter().flatten().filter(|sight| **sight == Sight::Skip).count();
        if skipped > SKIPPED_MAX {
            return Blame::Inconclusive;
        }
        // Every way to fill in the cells that could not be built.
        let mut patterns = (0..1u32 << skipped).map(|fill| {
            let mut next = 0;
            let mut of = |sight: &Sight| match sight {
                Sight::Agree => false,
                Sight::Differ(_) => true,
                Sight::Skip => {
                    next += 1;
                    fill >> (next - 1) & 1 == 1
                }
            };
            pattern(
                &self
                    .cells
                    .iter()
                    .map(|row| row.iter().map(&mut of).collect())
                    .collect::<Vec<Vec<bool>>>(),
            )
        });
        let first = patterns.next().unwrap_or(Blame::Inconclusive);
        if patterns.all(|other| other == first) { first } else { Blame::Inconclusive }
    }

    /// The probability, at most, that a cell that agrees would have differed in more builds; by the
    /// splits of those that differ.
    pub fn doubt(&self) -> Option<f64> {
        let splits = self.cells.iter().flatten().filter_map(|sight| match sight {
            Sight::Differ(split) => Some(split.miss(self.runs)),
            Sight::Agree | Sight::Skip => None,
        });
        let agree = self.cells.iter().flatten().filter(|sight| **sight == Sight::Agree).count();
        let worst = splits.fold(None, |worst: Option<f64>, miss| {
            Some(worst.map_or(miss, |worst| worst.max(miss)))
        })?;
        Some((worst * agree as f64).min(1.0))
    }

    /// The table with the verdict.
    pub fn report(&self) -> Node {
        let columns = std::iter::once("").chain(self.toolchains.iter().map(String::as_str));
        let mut table = Table::new("", &columns.collect::<Vec<_>>());
        let mut cells: Vec<Value> = Vec::new();
        for (revision, row) in self.revisions.iter().zip(&self.cells) {
            table.push(std::iter::once(revision.clone()).chain(row.iter().map(cell)), false);
            cells.extend(self.toolchains.iter().zip(row).map(|(toolchain, sight)| {
                let (verdict, split) = match sight {
                    Sight::Agree => ("agree", None),
                    Sight::Differ(split) => ("differ", Some(split.counts())),
                    Sight::Skip => ("skip", None),
                };
                json!({ "revision": revision, "toolchain": toolchain, "verdict": verdict, "split": split })
            }));
        }
        let (verdict, meaning) = self.blame().words();
        let note = self.doubt().map(|doubt| Split::doubt("cell", doubt));
        let node = Node::of("matrix", meaning)
            .with_verdict(verdict)
            .with(json!({ "cells": cells, "runs": self.runs, "doubt": self.doubt() }))
            .with_table(table);
        Node { notes: note.into_iter().collect(), ..node }
    }
}

fn cell(sight: &Sight) -> String {
    match sight {
        Sight::Agree => "agree".into(),
        Sight::Differ(split) => format!("differ {split}"),
        Sight::Skip => "not built".into(),
    }
}

fn pattern(cells: &[Vec<bool>]) -> Blame {
    let all: Vec<bool> = cells.iter().flatten().copied().collect();
    let rows_constant = cells.iter().all(|row| row.iter().all(|cell| *cell == row[0]));
    let columns_constant = cells.iter().all(|row| *row == cells[0]);
    match (all.contains(&true), all.contains(&false)) {
        (false, _) => Blame::None,
        (true, false) => Blame::Neither,
        (true, true) if rows_constant => Blame::Source,
        (true, true) if columns_constant => Blame::Compiler,
        (true, true) => Blame::Both,
    }
}
