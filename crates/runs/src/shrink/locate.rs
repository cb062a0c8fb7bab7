//! A divergence and a function that was active → the entries of that function before it, and the
//! program's state at one of them.
//!
//! ```text
//! entries of the function, the place that differs ─ ids ─► both sides, few events ─ search ─► event n
//! entries before n ─► activations, the last first ─ run up to one ─► memories, globals, arguments
//! ```
//!
//! `freeze` writes the state as a module.
//!
//! 1. Only some of the events that `diverge` compared are kept, so the first that differs is still
//!    the one that it named.
//! 2. Both sides have the same events before it; so the number of an entry is the same on both.
//!
//! Limits: the last entry need not be the activation that is under way, where a function calls
//! itself; the caller tries several ([`ENTRIES_MAX`]). Tables are not read.

use super::Case;
use crate::diverge::{Divergence, align, search};
use crate::trace::{Level, OWN, Plan, Prepared, Site, Watch, What, instrument};
use prova_core::{Result, Val, bail};
use prova_module::{FuncIdx, Module, ValType};
use std::collections::BTreeSet;
use std::ops::Range;

/// Entries of a function that are tried.
pub(super) const ENTRIES_MAX: usize = 3;

/// The state of a program when a function is entered.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) func: u32,
    pub(super) memories: Vec<Vec<u8>>,
    pub(super) globals: Vec<Val>,
    /// The arguments, as cells.
    pub(super) args: Vec<u64>,
    /// The calls of the host from here to the divergence, by their positions in the record.
    pub(super) calls: Range<u64>,
}

/// Operators that a report names, by function and offset, of each side.
pub(super) type Places = [BTreeSet<(u32, u32)>; 2];

/// The operators at which the sides differ.
pub(super) fn places(found: &Divergence) -> Places {
    let mut places = Places::default();
    let Some(first) = &found.first else { return places };
    for (side, spot) in [&first.a, &first.b].into_iter().enumerate() {
        let event = spot.as_ref().map(|spot| (spot.event.func, spot.event.offset));
        places[side].extend(event);
    }
    if let Some(fork) = first.before.last().filter(|_| first.ways) {
        places[0].insert((fork.func, fork.offset));
    }
    places
}

/// Both sides, that tell entries of one function and what differs.
pub(super) struct Entries {
    prepared: [Prepared; 2],
    funcs: [u32; 2],
    /// Events of one entry.
    width: u64,
    /// The first events of entries, the last first.
    pub(super) numbers: Vec<u64>,
    /// Calls of the host up to the divergence, on each side.
    calls: [u64; 2],
}

/// Finds the entries of a function (of A and of B) before the place that differs.
///
/// # Errors
/// If a side cannot be prepared or run.
pub(super) fn entries(case: &Case<'_>, funcs: [u32; 2], places: &Places) -> Result<Entries> {
    let told = Told::new(case, funcs, places)?;
    let prepared = [told.prepare(case, 0)?, told.prepare(case, 1)?];
    let run = |side: usize| {
        let prepared: &Prepared = &prepared[side];
        move |watch| prepared.run(watch, case.args)
    };
    let found = search::first_difference(&run(0), &run(1))?;
    let last = found.number.unwrap_or(found.a.count.saturating_add(1));
    let watch = Watch { only: Some(told.entries.clone()), ..Watch::window(1, last) };
    let a = prepared[0].run(watch, case.args)?;
    let b = prepared[1].run(Watch { last: Some(last), ..Watch::nothing() }, case.args)?;
    let first = told.entries.first().copied();
    let entered = a.watch.events.iter().rev().filter(|event| Some(event.site) == first);
    let numbers = entered.map(|event| event.number).take(ENTRIES_MAX).collect();
    let (width, calls) = (told.entries.len() as u64, [a.calls, b.calls]);
    Ok(Entries { prepared, funcs, width, numbers, calls })
}

/// The sites whose events are kept, by side.
struct Told {
    deep: [BTreeSet<u32>; 2],
    ids: [Vec<Option<u32>>; 2],
    /// The numbers of the sites of entries.
    entries: BTreeSet<u32>,
}

impl Told {
    fn new(case: &Case<'_>, funcs: [u32; 2], places: &Places) -> Result<Told> {
        let both: BTreeSet<(u32, u32)> = places[0].union(&places[1]).copied().collect();
        let of = |side: usize| if case.against { &places[side] } else { &both };
        let defined = |side: usize| case.modules[side].imported_func_count() as u32;
        let deep = [0, 1].map(|side: usize| {
            let named = of(side).iter().map(|(func, _)| *func);
            let named = named.filter(|func| *func >= defined(side));
            named.chain([funcs[side]]).collect::<BTreeSet<u32>>()
        });
        let sites = |side: usize| {
            let plan = plan(&deep[side], None);
            let told = instrument(&case.modules[side], &plan).map_err(prova_core::Error::msg)?;
            Ok::<Vec<Site>, prova_core::Error>(told.sites)
        };
        let sites = [sites(0)?, sites(1)?];
        let enters = |side: usize, site: &Site| {
            site.func.0 == funcs[side] && matches!(site.what, What::Enter(_))
        };
        let named = |side: usize, site: &Site| of(side).contains(&(site.func.0, site.offset));
        let own = |side: usize| {
            let all = (0..).zip(&sites[side]);
            let wanted = move |site: &Site| enters(side, site) || named(side, site);
            all.map(|(at, site)| wanted(site).then_some(at)).collect::<Vec<Option<u32>>>()
        };
        let [mut a, mut b] = [own(0), own(1)];
        if let Some(partners) = &case.partners {
            let (modules, [sites_a, sites_b]) = (&case.modules, &sites);
            let ids = align::align(partners, (&modules[0], sites_a), (&modules[1], sites_b));
            // A pair of sites has events if either side wants it.
            let wanted: BTreeSet<u32> = ids
                .b_of
                .iter()
                .filter(|(x, y)| a[**x as usize].is_some() || b[**y as usize].is_some())
                .map(|(x, _)| *x)
                .collect();
            let kept = |ids: &[Option<u32>]| -> Vec<Option<u32>> {
                ids.iter().map(|id| id.filter(|id| wanted.contains(id))).collect()
            };
            (a, b) = (kept(&ids.a), kept(&ids.b));
        }
        let entered = (0..).zip(&sites[0]).filter(|(_, site)| enters(0, site));
        let entries = entered.map(|(at, _)| at).collect();
        Ok(Told { deep, ids: [a, b], entries })
    }

    fn prepare(&self, case: &Case<'_>, side: usize) -> Result<Prepared> {
        let plan = plan(&self.deep[side], Some(&self.ids[side]));
        case.prepare(side, Some(&Plan { mask: case.mask, ..plan }))
    }
}

fn plan<'p>(deep: &'p BTreeSet<u32>, ids: Option<&'p [Option<u32>]>) -> Plan<'p> {
    Plan { level: Level::Calls, deep, ids, state: None, mask: None, numbers: false }
}

impl Entries {
    /// The state of a side at an entry.
    ///
    /// # Errors
    /// If the run does not come there, or a memory cannot be read.
    pub(super) fn state(&self, case: &Case<'_>, side: usize, number: u64) -> Result<State> {
        let prepared = &self.prepared[side];
        let module = prepared.original();
        let (mut memories, mut globals) = (Vec::new(), Vec::new());
        let last = number + self.width - 1;
        let watch = Watch::window(number, last);
        let ran = prepared.run_and_look(watch, case.args, &mut |store, instance| {
            for at in 0..module.memories().len() {
                let memory = instance.get_memory(store, &format!("{OWN} memory {at}"));
                memories.extend(memory.map(|memory| memory.data(store).to_vec()));
            }
            for at in 0..module.globals().len() {
                let global = instance.get_global(store, &format!("{OWN} global {at}"));
                globals.extend(global.map(|global| global.get(store)));
            }
        })?;
        let there = ran.watch.seen.0 == last;
        let whole =
            (memories.len(), globals.len()) == (module.memories().len(), module.globals().len());
        if !there || !whole {
            bail!("the state at the entry of a function cannot be read");
        }
        let func = self.funcs[side];
        let words = ran.watch.events.iter().flat_map(|event| [event.a, event.b]);
        let args = words.take(cells(module, func)).collect();
        let calls = ran.calls..self.calls[side].max(ran.calls);
        Ok(State { func, memories, globals, args, calls })
    }
}

/// The cells of a function's parameters.
fn cells(module: &Module, func: u32) -> usize {
    let params = module.func_type(FuncIdx(func)).params.iter();
    params.map(|ty| 1 + usize::from(*ty == ValType::V128)).sum()
}
