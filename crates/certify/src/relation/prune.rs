//! A relation → one with fewer claims, by which the same code is proved.
//!
//! ```text
//! code ─ live places at each leader (places) ─► claims on others go
//! claims on values, conditions, accesses: none ─ walk: ways that fail, begin at leaders that need theirs ─┐
//!                                           ▲                                                      │
//!                                           └── they and those before them, again ◄────────────────┘
//!                                 ─ halves of those that are needed are tried without ─► the rest
//! ```
//!
//! The check's walk is local: from each leader, with its claims, to the next ones, whose claims are
//! shown. So that a leader may be without a claim is seen by the ways from it alone, all leaders
//! are tried in one walk, and none is walked again that did not change. Delta debugging of Zeller
//! and Hildebrandt (2002), bounded.
//!
//! Limits: [`WALKS_MAX`]; claims are tried without only while the search has work left (`work`).

use super::places::{Lives, results};
use super::related::Related;
use super::work::{Work, units};
use prova_check::Layout;
use prova_equal::{Cause, Claim, Core, Guide, Leader, Refusal, Relation, State, Told, walk};
use prova_module::Module;
use prova_ssa::Body;
use std::collections::{BTreeMap, BTreeSet};

/// Walks at most, of which each goes from some leaders.
const WALKS_MAX: u32 = 64;

/// The claims of a leader.
#[derive(Clone, Debug)]
struct Lean {
    /// Place, and claims of places and flags.
    base: Leader,
    /// Claims on values, conditions and accesses, and which of them it has.
    values: Vec<Claim>,
    has: BTreeSet<usize>,
    /// Those that it is tried without now, and sets of them that are still to be tried.
    tried: BTreeSet<usize>,
    open: Vec<Vec<usize>>,
}

impl Lean {
    /// The leader with its claims; at its beginning without those that are tried.
    fn leader(&self, begins: bool) -> Leader {
        let values = self
            .values
            .iter()
            .enumerate()
            .filter(|(i, _)| self.has.contains(i) && !(begins && self.tried.contains(i)));
        let mut leader = self.base.clone();
        leader.claims.extend(values.map(|(_, claim)| claim.clone()));
        leader
    }

    /// Both halves of claims are to be tried, since it needs some of these.
    fn halves(&mut self, of: Vec<usize>) {
        if of.len() > 1 {
            let (first, second) = of.split_at(of.len() / 2);
            self.open.extend([second.to_vec(), first.to_vec()]);
        }
    }
}

/// The claims that are left, and what a walk from some of the leaders showed of them.
struct Pruner {
    leaders: BTreeMap<u32, Lean>,
    /// Leaders from which ways go to a leader, or the entry.
    before: BTreeMap<u32, BTreeSet<Option<u32>>>,
    /// Leaders from which is walked.
    from: BTreeSet<u32>,
    /// Leaders from which a way failed, and whether one from the entry did.
    failed: BTreeSet<u32>,
    lost: bool,
    /// Whether no work is left.
    is_over: bool,
}

/// A relation with fewer claims that proves what this one does; nothing if this one does not.
pub fn pruned(
    relation: &Relation,
    (module, body): (&Module, &Body),
    layout: &Layout,
    code: &Related<'_>,
    told: Told<'_>,
    work: &mut Work<'_>,
) -> Option<Relation> {
    work.begins(code.bytes.len(), layout);
    let told = Told { stop: work.stop(), ..told };
    let lives = Lives::of(code, results(layout, body), told.calls);
    let mut fewer = relation.clone();
    for (&at, leader) in &mut fewer.leaders {
        leader.claims.retain(|claim| lives.has_claim(at, claim));
    }
    let mut walks = |pruner: &mut Pruner| {
        let core = Core::new((module, body), layout, (code.bytes, code.traps))?;
        let mut core = core.with(told);
        (pruner.failed, pruner.lost) = (BTreeSet::new(), false);
        let walked = walk(&mut core, pruner, code.data, (&mut 0, &mut None));
        work.prunes(units(&core).saturating_add(code.bytes.len() as u64 >> 2));
        pruner.is_over = work.left() == 0;
        walked.ok()?;
        (!pruner.lost).then_some(())
    };
    let found = Pruner::new(fewer).found(&mut walks);
    found.or_else(|| Pruner::new(relation.clone()).found(&mut walks))
}

impl Pruner {
    fn new(relation: Relation) -> Pruner {
        let lean = |mut base: Leader| {
            let claims = std::mem::take(&mut base.claims);
            let of_value = |claim: &Claim| {
                matches!(claim, Claim::Is { .. } | Claim::Known(..) | Claim::Reached { .. })
            };
            let (values, claims) = claims.into_iter().partition(of_value);
            base.claims = claims;
            let (has, tried, open) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
            Lean { base, values, has, tried, open }
        };
        let leaders = relation.leaders.into_iter().map(|(at, leader)| (at, lean(leader)));
        let leaders: BTreeMap<u32, Lean> = leaders.collect();
        let from = leaders.keys().copied().collect();
        let (before, failed) = (BTreeMap::new(), BTreeSet::new());
        Pruner { leaders, before, from, failed, lost: false, is_over: false }
    }

    /// The claims that are left; nothing if all are too few.
    fn found(mut self, mut walks: impl FnMut(&mut Pruner) -> Option<()>) -> Option<Relation> {
        let mut left = WALKS_MAX;
        // Leaders get their claims where ways from them fail. The way from the entry is walked also
        // where there is no leader.
        loop {
            left = left.checked_sub(1)?;
            walks(&mut self)?;
            self.from.clear();
            for at in std::mem::take(&mut self.failed) {
                let lean = self.leaders.get_mut(&at)?;
                if lean.has.len() == lean.values.len() {
                    return None;
                }
                lean.has = (0..lean.values.len()).collect();
                lean.halves((0..lean.values.len()).collect());
                self.from.insert(at);
                self.from.extend(self.before.get(&at).into_iter().flatten().flatten());
            }
            if self.from.is_empty() {
                break;
            }
        }
        // Of these, halves are tried without.
        while left > 0 && !self.is_over && self.tries() {
            left -= 1;
            let goes_on = walks(&mut self).is_some();
            for &at in &self.from {
                let Some(lean) = self.leaders.get_mut(&at) else { continue };
                let tried = std::mem::take(&mut lean.tried);
                if goes_on && !self.failed.contains(&at) {
                    lean.has.retain(|i| !tried.contains(i));
                } else {
                    lean.halves(tried.into_iter().collect());
                }
            }
        }
        let leaders = self.leaders.iter().map(|(&at, lean)| (at, lean.leader(false)));
        Some(Relation { leaders: leaders.collect() })
    }

    /// Takes what is tried next; whether there is something.
    fn tries(&mut self) -> bool {
        self.from.clear();
        for (&at, lean) in &mut self.leaders {
            if let Some(open) = lean.open.pop() {
                lean.tried = open.into_iter().collect();
                self.from.insert(at);
            }
        }
        !self.from.is_empty()
    }

    fn fails(&mut self, from: Option<u32>) {
        match from {
            Some(at) => {
                self.failed.insert(at);
            }
            None => self.lost = true,
        }
    }
}

impl Guide for Pruner {
    fn is_leader(&self, at: u32) -> bool {
        self.leaders.contains_key(&at)
    }

    fn begin(&mut self, core: &mut Core<'_>, at: u32) -> Result<Option<State>, Refusal> {
        match self.leaders.get(&at).filter(|_| self.from.contains(&at)) {
            Some(lean) => core.begin(&lean.leader(true)).map(Some),
            None => Ok(None),
        }
    }

    fn edge(
        &mut self,
        core: &mut Core<'_>,
        state: State,
        (at, back): (u32, bool),
    ) -> Result<bool, Refusal> {
        let from = state.from;
        self.before.entry(at).or_default().insert(from);
        let Some(lean) = self.leaders.get(&at) else { return Ok(true) };
        let leader = lean.leader(false);
        let comes = core.comes(state, &leader, back);
        if comes.is_err() {
            self.fails(from);
        }
        Ok(comes.unwrap_or(true))
    }

    fn refused(&mut self, _: &Core<'_>, refusal: &Refusal, (_, from): (u32, Option<u32>)) -> bool {
        self.fails(from);
        !matches!(refusal.cause, Cause::Limit | Cause::Stopped)
    }
}
