//! Two runs of a program → the first place at which they differ.
//!
//! ```text
//! Record + two sides ─ plain runs ─► how they end, memory          (do they differ at all?)
//!                    └ traced runs ─ search ─► event n ─ look ─► places, calls, values of both
//!                                      ▲              │
//!                                      └─ all values ─┘ of the functions around n
//! ```
//!
//! A *side* is a tier or an executor, or another build of the program; the second one may be the
//! second run in one instance, or an engine of somebody else ([`Second`]). Both sides replay the
//! same record, so what the host answers is no difference. `trace` makes both count and hash their
//! events; `search` finds the first one that differs; then the functions around it are traced
//! with the results of all their operators, which brings the search from the store that shows a
//! fault to the operator whose operands agree and whose result does not. Where no event differs and
//! the ends do, all functions are traced so.
//!
//! 1. The report names the first event that differs among the compared ones: sites that only one of
//!    two builds has give no events (`align`).
//! 2. Tracing changes the code, so a fault of a compiler may vanish under it. Runs without tracing
//!    are compared too. If they differ where traced ones do not, functions are traced from around
//!    them, and where that shows nothing either, [`Verdict::Vanishes`] says so.
//! 3. A run that never ends is the caller's to bound, by fuel.
//!
//! Limits: of two builds, addresses that moved are differences; records of one build are replayed
//! to the other at the recorded addresses. `tests/diverge.rs` plants differences in programs and
//! wants each one named.

pub(crate) mod align;
mod html;
mod report;
pub(crate) mod search;
mod source;
mod specialized;
mod state;
mod translation;

pub use report::{Divergence, First, SideReport, Spot, StateValue, Verdict};
pub use source::line as source_line;
pub use specialized::{
    Agreement, Compiled, Finding, Lockstep, LockstepReport, Place, SharedArguments, lockstep,
};
pub use translation::{Code, Row, Translate, Translation};

use crate::trace::{
    Arguments, End, Event, ForeignEngine, Level, Plan, Prepared, Ran, Record, Request, Site, Watch,
    What, instrument, probe, run_elsewhere,
};
use crate::{Partners, by_name};
use align::Ids;
use prova_core::{Config, Result, bail};
use prova_module::{FuncIdx, Module};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Number of events before the first difference that are shown.
const BEFORE: u64 = 10;
/// How often the functions around the difference are traced more closely.
const ROUNDS_MAX: u32 = 4;
/// Most functions that are traced closely.
const DEEP_MAX: usize = 64;
/// Events before the difference whose functions are traced closely.
const AROUND: u64 = 50;
/// Linkers leave the first bytes of a memory unused.
const ADDRESS_MIN: u64 = 1024;
/// Heaps grow at least so far before numbers above are taken for numbers.
const HEAP_MIN: u64 = 64 << 20;
/// The level that a search begins with.
pub const LEVEL: Level = Level::Stores;

/// One of two runs.
#[derive(Clone, Debug)]
pub struct Side<'s> {
    /// Its name in the report.
    pub name: String,
    /// The engine's settings.
    pub config: &'s Config,
    /// The module, if it is not the recorded one.
    pub module: Option<&'s [u8]>,
}

/// How the second side runs.
#[derive(Clone, Copy, Debug, Default)]
pub enum Second<'s> {
    /// As the first one does, in a separate instance.
    #[default]
    Fresh,
    /// In an instance in which the program has run once, with the same answers of the host.
    Reused,
    /// In another engine, as a module that stands alone; the side's settings are for the module.
    Elsewhere(&'s dyn ForeignEngine),
}

/// The options of a search.
#[derive(Clone, Copy, Debug)]
pub struct Options<'s> {
    /// How the second side runs.
    pub second: Second<'s>,
    /// Which events are compared; without one [`LEVEL`], and then all values around the
    /// difference.
    pub level: Option<Level>,
    /// The units of fuel after which a run is stopped.
    pub fuel: Option<u64>,
    /// Numbers that may be addresses of memory are not compared, nor numbers as large as these: for
    /// two builds whose data lies at other addresses.
    pub ignore_addresses: bool,
    /// Which functions of two builds belong together.
    pub partners: Partners,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            second: Second::default(),
            level: None,
            fuel: None,
            ignore_addresses: false,
            partners: by_name,
        }
    }
}

/// Two sides that are about to run.
struct Pair<'p> {
    record: &'p Arc<Record>,
    sides: &'p [Side<'p>; 2],
    args: Arguments<'p>,
    fuel: Option<u64>,
    second: Second<'p>,
    /// For each function of A its partner; `None` of one module.
    partners: Option<Vec<Option<u32>>>,
    /// The range of numbers that may be addresses, and are not compared.
    mask: Option<(u64, u64)>,
}

/// Both sides, instrumented.
struct Traced {
    both: [Prepared; 2],
    ids: Option<Ids>,
}

/// The first event that differs.
struct Hit {
    number: u64,
    level: Level,
    deep: [BTreeSet<u32>; 2],
    /// The runs up to it, with the events before.
    ran: [Ran; 2],
    /// Their sites of it, if they have it.
    sites: [Option<Site>; 2],
}

/// Finds the first place at which two sides differ.
///
/// # Errors
/// If a side cannot start: its module is refused or cannot be instantiated, or the export or its
/// arguments do not fit; and if a run does not repeat.
pub fn diverge(
    record: &Arc<Record>,
    sides: &[Side<'_>; 2],
    options: Options<'_>,
    args: Arguments<'_>,
) -> Result<Divergence> {
    let Options { fuel, second, .. } = options;
    let mut pair = Pair { record, sides, args, fuel, second, partners: None, mask: None };
    if let Second::Elsewhere(engine) = second {
        probe(engine).map_err(|error| error.context(format!("side {}", sides[1].name)))?;
    }
    let plain = pair.plain()?;
    if pair.bytes(0) != pair.bytes(1) {
        let modules = [plain[0].0.original(), plain[1].0.original()];
        pair.partners = Some((options.partners)(modules[0], modules[1]));
        pair.mask = options.ignore_addresses.then(|| addresses(modules));
    }
    let mut level = options.level.unwrap_or(LEVEL);
    let nothing = || [BTreeSet::new(), BTreeSet::new()];
    let mut runs = 2;
    let mut traced = pair.traced(level, &nothing(), [None, None])?;
    let mut found = pair.search(&traced, &mut runs)?;
    let ends = [found.a.clone(), found.b.clone()];
    if options.level.is_none()
        && let Some(all) = pair.all_values(&found, &mut runs)
    {
        (traced, found, level) = (all.0, all.1, Level::Values);
    }
    let Some(number) = found.number else {
        if options.level.is_none() && report::vanishes(&ends, &plain) {
            return pair.search_around(&plain, ends, runs);
        }
        return Ok(report::same(&pair, &plain, level, ends, runs));
    };
    let mut hit = pair.look(&traced, level, nothing(), number, &mut runs)?;
    if options.level.is_none() && level != Level::Values {
        for _ in 0..ROUNDS_MAX {
            let deep = pair.closer(&hit, &traced);
            if deep == hit.deep {
                break;
            }
            // A body may become larger than a module may have.
            let Ok(closer) = pair.traced(level, &deep, [None, None]) else { break };
            let found = pair.search(&closer, &mut runs)?;
            // A difference that closer tracing hides is reported as it was found.
            let Some(number) = found.number else { break };
            hit = pair.look(&closer, level, deep, number, &mut runs)?;
            traced = closer;
        }
    }
    let states = pair.states(&traced, &hit, &mut runs)?;
    Ok(report::differs(&pair, &plain, (&traced, &hit), states, runs))
}

impl<'p> Pair<'p> {
    /// The module of a side.
    fn bytes(&self, side: usize) -> &[u8] {
        self.sides[side].module.unwrap_or_else(|| self.record.module())
    }

    fn prepare(&self, side: usize, plan: Option<&Plan<'_>>) -> Result<Prepared> {
        let Side { name, config, .. } = &self.sides[side];
        Prepared::new(config, self.bytes(side), self.record, plan, self.fuel)
            .map_err(|error| error.context(format!("side {name}")))
    }

    /// Runs a side.
    fn ran(&self, side: usize, prepared: &Prepared, watch: Watch) -> Result<Ran> {
        match self.second {
            Second::Reused if side == 1 => prepared.run_again(watch, self.args),
            Second::Elsewhere(engine) if side == 1 => {
                run_elsewhere(prepared, engine, watch, self.args)
                    .map_err(|error| error.context(format!("side {}", self.sides[1].name)))
            }
            Second::Fresh | Second::Reused | Second::Elsewhere(_) => prepared.run(watch, self.args),
        }
    }

    /// Searches again with the values of all functions, where ends differ and no event does.
    fn all_values(&self, found: &search::Found, runs: &mut u32) -> Option<(Traced, search::Found)> {
        if found.number.is_some() || !plainly_differ(&found.a, &found.b) {
            return None;
        }
        // The module may become larger than it may be, or need more fuel than there is.
        let nothing = [BTreeSet::new(), BTreeSet::new()];
        let all = self.traced(Level::Values, &nothing, [None, None]).ok()?;
        let again = self.search(&all, runs).ok()?;
        (again.number.is_some() && again.a.end == found.a.end).then_some((all, again))
    }

    /// Searches again without touching the code of functions: the difference was gone when the
    /// functions had events of their operators. `ends` are those runs.
    fn search_around(
        &self,
        plain: &[(Prepared, Ran); 2],
        ends: [Ran; 2],
        mut runs: u32,
    ) -> Result<Divergence> {
        let nothing = || [BTreeSet::new(), BTreeSet::new()];
        let traced = self.traced(Level::Around, &nothing(), [None, None])?;
        let found = self.search(&traced, &mut runs)?;
        let Some(number) = found.number else {
            return Ok(report::same(self, plain, LEVEL, ends, runs));
        };
        let hit = self.look(&traced, Level::Around, nothing(), number, &mut runs)?;
        let mut report = report::differs(self, plain, (&traced, &hit), Default::default(), runs);
        let gone = "it is gone when functions tell what they do: they were traced from around them";
        report.notes.push(gone.to_owned());
        Ok(report)
    }

    /// Both sides without tracing.
    fn plain(&self) -> Result<[(Prepared, Ran); 2]> {
        let run = |side| {
            let prepared = self.prepare(side, None)?;
            let ran = self.ran(side, &prepared, Watch::nothing())?;
            Ok::<_, prova_core::Error>((prepared, ran))
        };
        let both = [run(0)?, run(1)?];
        let starts = |at: usize| both[at].0.original().export("_start").is_some();
        if self.record.export().is_none() && starts(0) != starts(1) {
            let without = &self.sides[usize::from(starts(0))].name;
            bail!("side {without} exports no `_start`, and the other side does");
        }
        Ok(both)
    }

    /// Instruments both sides.
    fn traced(
        &self,
        level: Level,
        deep: &[BTreeSet<u32>; 2],
        states: [Option<&Request>; 2],
    ) -> Result<Traced> {
        let plan = |side: usize| Plan {
            level,
            deep: &deep[side],
            ids: None,
            state: states[side],
            mask: self.mask,
            // Another engine has no function that numbers objects.
            numbers: !matches!(self.second, Second::Elsewhere(_)),
        };
        let Some(partners) = &self.partners else {
            let both = [self.prepare(0, Some(&plan(0)))?, self.prepare(1, Some(&plan(1)))?];
            return Ok(Traced { both, ids: None });
        };
        let modules = [self.decoded(0)?, self.decoded(1)?];
        let sites = |side: usize| {
            let told = instrument(&modules[side], &plan(side)).map_err(prova_core::Error::msg)?;
            Ok::<_, prova_core::Error>(told.sites)
        };
        let (sites_a, sites_b) = (sites(0)?, sites(1)?);
        let ids = align::align(partners, (&modules[0], &sites_a), (&modules[1], &sites_b));
        let a = Plan { ids: Some(&ids.a), ..plan(0) };
        let b = Plan { ids: Some(&ids.b), ..plan(1) };
        let both = [self.prepare(0, Some(&a))?, self.prepare(1, Some(&b))?];
        Ok(Traced { both, ids: Some(ids) })
    }

    fn decoded(&self, side: usize) -> Result<Module> {
        let engine = prova_core::Engine::new(self.sides[side].config)?;
        Ok(prova_core::Module::new(&engine, self.bytes(side))?.wasm().clone())
    }

    /// Searches in what both sides tell.
    fn search(&self, traced: &Traced, runs: &mut u32) -> Result<search::Found> {
        let run = |side: usize| {
            let prepared = &traced.both[side];
            move |watch| self.ran(side, prepared, watch)
        };
        let found = search::first_difference(&run(0), &run(1))?;
        *runs += found.runs;
        Ok(found)
    }

    /// Runs both sides up to an event, and keeps those before it.
    fn look(
        &self,
        traced: &Traced,
        level: Level,
        deep: [BTreeSet<u32>; 2],
        number: u64,
        runs: &mut u32,
    ) -> Result<Hit> {
        let window = || Watch::window(number.saturating_sub(AROUND).max(1), number);
        let run = |side: usize| self.ran(side, &traced.both[side], window());
        let ran = [run(0)?, run(1)?];
        *runs += 2;
        let last = |side: usize| ran[side].watch.events.iter().find(|one| one.number == number);
        let sites = [0, 1].map(|side| traced.site(side, last(side)?));
        if last(0).is_some() && last(0) == last(1) {
            bail!("a run does not repeat: event {number} differed, and now it does not");
        }
        Ok(Hit { number, level, deep, ran, sites })
    }

    /// The functions that are worth tracing closely: those of the event, of the calls around it and
    /// of the events before.
    fn closer(&self, hit: &Hit, traced: &Traced) -> [BTreeSet<u32>; 2] {
        let mut deep = hit.deep.clone();
        for side in [0, 1] {
            let frames = hit.ran[side].frames.iter().take(3).map(|(func, _)| *func);
            let sites = hit.ran[side].watch.events.iter().rev();
            let sites = sites.filter_map(|event| Some(traced.site(side, event)?.func.0));
            let imported = traced.both[side].original().imported_func_count() as u32;
            let own = hit.sites[side].map(|site| site.func.0).into_iter();
            for func in own.chain(frames).chain(sites).filter(|func| *func >= imported) {
                let (a, b) = match (&self.partners, side) {
                    (None, _) => (Some(func), Some(func)),
                    (Some(all), 0) => (Some(func), all.get(func as usize).copied().flatten()),
                    (Some(all), _) => {
                        let a = all.iter().position(|partner| *partner == Some(func));
                        (a.map(|a| a as u32), Some(func))
                    }
                };
                if let (Some(a), Some(b)) = (a, b)
                    && deep[0].len() < DEEP_MAX
                {
                    deep[0].insert(a);
                    deep[1].insert(b);
                }
            }
        }
        deep
    }

    /// The values of both sides at the first event that differs.
    fn states(&self, traced: &Traced, hit: &Hit, runs: &mut u32) -> Result<[States; 2]> {
        let request = |side: usize| {
            let site = hit.sites[side]?;
            let module = traced.both[side].original();
            let caller = hit.ran[side].frames.first().copied();
            state::request(module, site, hit.number, caller)
        };
        let requests = [request(0), request(1)];
        if requests.iter().all(Option::is_none) {
            return Ok(Default::default());
        }
        let wanted = [requests[0].as_ref(), requests[1].as_ref()];
        let traced = self.traced(hit.level, &hit.deep, wanted)?;
        *runs += 2;
        let run = |side: usize| {
            let window = Watch::window(hit.number, hit.number);
            Ok::<_, prova_core::Error>(self.ran(side, &traced.both[side], window)?.state)
        };
        let [a, b] = requests;
        Ok([States { request: a, values: run(0)? }, States { request: b, values: run(1)? }])
    }
}

impl Traced {
    /// The site of an event, in the side's own module.
    fn site(&self, side: usize, event: &Event) -> Option<Site> {
        let at = match (&self.ids, side) {
            (Some(ids), 1) => *ids.b_of.get(&event.site)?,
            _ => event.site,
        };
        self.both[side].sites().get(at as usize).copied()
    }
}

/// The state of a side.
#[derive(Clone, Debug, Default)]
struct States {
    request: Option<Request>,
    values: Vec<crate::trace::Value>,
}

/// The range of numbers that may be addresses in either module: from [`ADDRESS_MIN`], below which
/// no data lies, to the greatest end of a memory, or to [`HEAP_MIN`] if that is further.
pub(crate) fn addresses(modules: [&Module; 2]) -> (u64, u64) {
    let memories = modules.iter().flat_map(|module| module.memories());
    let ends = memories.map(|memory| memory.min.saturating_mul(1 << memory.page_size_log2));
    (ADDRESS_MIN, ends.max().unwrap_or_default().max(HEAP_MIN))
}

/// Whether two plain runs differ in what can be seen from outside.
fn plainly_differ(a: &Ran, b: &Ran) -> bool {
    let same_place = a.end == b.end
        || matches!((&a.end, &b.end), (End::Trapped(x, _), End::Trapped(y, _)) if x == y);
    let results = a.results.as_ref().zip(b.results.as_ref()).is_some_and(|(a, b)| a != b);
    !same_place || results || (a.exact && b.exact && a.calls != b.calls)
}

/// Whether tracing ended a run earlier than it ends by itself: by fuel or stack, of which it takes
/// more. Another engine's words for a trap may differ each time.
fn is_cut(traced: &Ran, plain: &Ran, elsewhere: bool) -> bool {
    let trapped = |ran: &Ran| match &ran.end {
        End::Trapped(why, _) => Some(why.clone()),
        _ => None,
    };
    let same = trapped(traced) == trapped(plain) || elsewhere && trapped(plain).is_some();
    trapped(traced).is_some() && !same
}

/// The function that an event's site names, for the report: of a call of the host the caller.
fn func_of(site: Site, frames: &[(u32, u32)]) -> Option<(FuncIdx, u32)> {
    match site.what {
        What::HostCall(_) | What::HostBytes(_) | What::HostResult(_) => {
            frames.first().map(|&(func, offset)| (FuncIdx(func), offset))
        }
        What::Enter(_)
        | What::Result(_)
        | What::Load(_)
        | What::Store(_)
        | What::Update(_)
        | What::GlobalSet(_)
        | What::Effect(_)
        | What::Branch
        | What::Value(_) => Some((site.func, site.offset)),
    }
}
