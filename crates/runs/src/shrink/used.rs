//! A frozen module → the memory that its runs read and the functions that they execute.
//!
//! `trace` gives the loads; `freeze` leaves out everything else.
//!
//! Limits: of a run of more than [`EVENTS_MAX`] events everything counts as used.

use super::Case;
use super::freeze::{PIECE, Used};
use crate::trace::{Event, Level, Plan, Prepared, Record, Site, Watch, What};
use prova_core::Result;
use prova_module::ops::Opcode;
use prova_module::{Module, Operator};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most events of a run that are looked at.
const EVENTS_MAX: u64 = 1 << 20;

/// The functions and memory that a side uses; `None` if the run is too long.
///
/// # Errors
/// If the module cannot start.
pub(super) fn used(case: &Case<'_>, side: usize, record: &Arc<Record>) -> Result<Option<Used>> {
    let deep = BTreeSet::new();
    let plan = Plan {
        level: Level::Loads,
        deep: &deep,
        ids: None,
        state: None,
        mask: None,
        numbers: false,
    };
    let config = case.sides[side].config;
    let prepared = Prepared::new(config, record.module(), record, Some(&plan), case.fuel)?;
    let ran = prepared.run(Watch::window(1, EVENTS_MAX), &super::no_arguments)?;
    if ran.count >= EVENTS_MAX {
        return Ok(None);
    }
    let mut used = Used::default();
    let accesses = accesses(prepared.original(), prepared.sites());
    let mut copied = None;
    for event in &ran.watch.events {
        let Some(site) = prepared.sites().get(event.site as usize) else { continue };
        used.funcs.insert(site.func.0);
        let Some((memory, access)) = accesses.get(&event.site).copied() else { continue };
        match (access, site.what) {
            (Access::Load(width), _) => read(&mut used, memory, event.a, width),
            (Access::Copy, What::Effect(0)) => copied = Some(event.b),
            (Access::Copy, _) => {
                let from = copied.take().unwrap_or_default();
                read(&mut used, memory, from, event.a);
            }
        }
    }
    Ok(Some(used))
}

/// How an operator reads memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// This number of bytes at an address.
    Load(u64),
    /// Of a copy the second operand and the third one.
    Copy,
}

/// By the numbers of the sites that read memory, the memory.
fn accesses(module: &Module, sites: &[Site]) -> BTreeMap<u32, (u32, Access)> {
    let mut found = BTreeMap::new();
    let mut operators: BTreeMap<u32, (u32, Access)> = BTreeMap::new();
    let mut of = None;
    for (at, site) in (0..).zip(sites) {
        if of != Some(site.func) {
            of = Some(site.func);
            operators.clear();
            let Some(body) = module.body(site.func) else { continue };
            let mut reader = body.operators();
            while let Ok((op, offset)) = reader.read_with_offset() {
                let access = match op {
                    Operator::MemoryCopy { src_mem, .. } => Some((src_mem, Access::Copy)),
                    _ => {
                        let width = Opcode::of(&op).row().width;
                        let memory = Opcode::immediates(&op).memory();
                        memory.map(|memory| (memory, Access::Load(width.into())))
                    }
                };
                operators.extend(access.map(|access| (offset as u32, access)));
            }
        }
        let access = operators.get(&site.offset).copied();
        let reads = match (access, site.what) {
            (Some((_, Access::Load(_))), What::Load(_) | What::Update(_)) => access,
            (Some((_, Access::Copy)), What::Effect(_)) => access,
            _ => None,
        };
        found.extend(reads.map(|access| (at, access)));
    }
    found
}

/// Notes a stretch of memory; one that is longer than a run may have events was not read.
fn read(used: &mut Used, memory: u32, start: u64, count: u64) {
    let Some(end) = start.checked_add(count).filter(|_| count > 0 && count < EVENTS_MAX) else {
        return;
    };
    let pieces = start / PIECE..=(end - 1) / PIECE;
    used.pieces.extend(pieces.map(|piece| (memory, piece)));
}

/// By function and operator, the last number that it gave.
type Values = BTreeMap<(u32, u32), u64>;

/// The last number that each operator of a function gave in a run, where it is one word; and how
/// many events there were.
///
/// # Errors
/// If the module cannot start.
pub(super) fn values(case: &Case<'_>, record: &Arc<Record>) -> Result<(Values, u64)> {
    let deep = BTreeSet::new();
    let plan = Plan {
        level: Level::Values,
        deep: &deep,
        ids: None,
        state: None,
        mask: None,
        numbers: false,
    };
    let config = case.sides[0].config;
    let prepared = Prepared::new(config, record.module(), record, Some(&plan), case.fuel)?;
    let watch = Watch { window: Some((1, VALUES_MAX)), ..Watch::nothing() };
    let ran = prepared.run(watch, &super::no_arguments)?;
    let mut values = BTreeMap::new();
    for Event { site, a, b, .. } in ran.watch.events {
        let Some(site) = prepared.sites().get(site as usize) else { continue };
        let value = match site.what {
            What::Value(0) | What::Result(0) => a,
            What::Load(0) => b,
            _ => continue,
        };
        values.insert((site.func.0, site.offset), value);
    }
    Ok((values, ran.count))
}

/// Events of which the values are kept.
const VALUES_MAX: u64 = 1 << 16;
