//! `prova check-code --matrix`: code of a module and its twins, made and checked for each kind of
//! memory, processor and setting.
//!
//! A row for each cell of `prova_native::cells`. The module itself is the twin with none of the
//! kinds that it is not of.

use super::CheckCodeArgs;
use crate::progress;
use crate::report::{Exit, Shown as _, present};
use prova_builds::names::printable;
use prova_core::{Features, Limits, Result};
use prova_module::Module;
use prova_native::{AXES, Cell, Effort, IMPOSSIBLE, Survey, cells, survey_with};
use prova_report::{Node, Table};
use prova_rewrite::{Twin, twin};
use std::collections::BTreeMap;

/// Refusals that are shown of all cells.
const REFUSED_SHOWN: usize = 40;

/// The table of a module.
pub(super) fn matrix(args: &CheckCodeArgs, module: &Module, deterministic: bool) -> Result<Exit> {
    let mut twins: BTreeMap<Twin, std::result::Result<Module, String>> = BTreeMap::new();
    let columns: Vec<&str> =
        AXES.iter().copied().chain([">functions", ">native", ">bytecode", ">refused"]).collect();
    let mut table = Table::new("cells", &columns);
    let (mut all, mut refused, mut without) = (0_u64, Vec::new(), Vec::new());
    for (i, cell) in cells().iter().enumerate() {
        let values = cell.values();
        let _work = progress::start(&format!("checking code of cell {}", i + 1), &args.file, false);
        let Cell { wide, imported, several, .. } = *cell;
        let made = twins.entry(Twin { wide, imported, several }).or_insert_with_key(|&kind| {
            let bytes = twin(module.bytes(), kind).map_err(|error| error.to_string())?;
            let (features, limits) = (Features::default(), Limits::default());
            Module::decode(bytes, &features, &limits).map_err(|error| error.to_string())
        });
        let found = match made {
            Ok(module) => {
                let effort = if cell.plain { Effort::None } else { Effort::Speed };
                survey_with(module, (&cell.config, deterministic), effort, args.jobs())
            }
            Err(error) => Err(error.clone()),
        };
        let names = values.map(str::to_owned).into_iter();
        match found {
            Ok(found) => {
                let Survey { functions, native, .. } = found;
                let cells = [functions, native, functions - native, found.refused.len() as u64];
                table.push(names.chain(cells.map(|n| n.to_string())), !found.refused.is_empty());
                all += native;
                let place = values.join(", ");
                let why = found.refused.iter().chain(&found.declined);
                refused.extend(why.map(|why| format!("{place}: {}", printable(why))));
            }
            Err(error) => {
                table.push(names.chain(["-", "-", "-", "-"].map(str::to_owned)), true);
                without.push(format!("{}: {}", values.join(", "), printable(&error)));
            }
        }
    }
    let (rows, count) = (table.rows.len(), refused.len());
    let title = format!(
        "{}: {rows} cells, {all} functions are machine code, {count} refused",
        args.file.shown()
    );
    let impossible = IMPOSSIBLE.iter().map(|(a, b, why)| format!("no cell: {a} with {b}: {why}"));
    let more = count.saturating_sub(REFUSED_SHOWN);
    let is_bad = !(refused.is_empty() && without.is_empty());
    let node = Node::of("matrix", title)
        .with_evidence(impossible)
        .with_evidence(without.into_iter().map(|why| format!("not checked: {why}")))
        .with_evidence(refused.into_iter().take(REFUSED_SHOWN).map(|why| format!("refused: {why}")))
        .with_evidence((more > 0).then(|| format!("refused: {more} more")))
        .with_table(table);
    present(&node, false)?;
    Ok(if is_bad { Exit::Bad } else { Exit::Done })
}
