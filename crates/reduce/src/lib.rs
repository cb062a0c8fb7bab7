//! Two modules and a question that they answer with yes → two smaller ones that still do.
//!
//! ```text
//! Module ─ parts ─► Plan ─ needs ─► what the kept items need ─ cut ─► small Module
//! Pair ─ units, labels ─► pieces ─ delta ─► Plans ─► small Pair ─ judge ─► yes, or the piece stays
//! ```
//!
//! The search is delta debugging (Zeller, Hildebrandt 2002) over nested statements; the caller
//! gives the judge. Readers: `isolate` of `prova-investigate` asks whether a difference is still
//! there, `shrink` of `prova-runs` whether both sides still diverge. Nothing here knows what is
//! compared.
//!
//! 1. What is returned was judged: both modules are valid, and the answer was yes.
//! 2. A difference of the small pair is one of the large pair: the bodies are aligned once, and
//!    only aligned operators and whole edits are left out (module `labels`). If one side needs a
//!    callee, a table or a memory, the other keeps it too where it has the like: else the small
//!    pair would differ by what was left out (module `needs`).
//! 3. The search is bounded by work, not by time ([`Search::left`]); the result depends on the two
//!    modules, the judge and the bound alone.
//!
//! Worst case: `left` bytes judged. `tests/judge.rs` reduces a pair with a judge that looks for one
//! operator; the tests of both readers judge by comparing and running.

mod cut;
mod delta;
pub mod find;
mod labels;
mod needs;
mod parts;
mod units;

pub use cut::IMPORTS;
pub use delta::{OPERATORS_MAX, smallest, statements};
pub use parts::Parts;

use anyhow::Result;
use prova_module::Module;
use std::collections::BTreeSet;

/// The items of a small module.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The function.
    pub func: u32,
    /// The function that is exported, if it is another.
    pub root: Option<u32>,
    /// Other functions that keep their bodies if they are needed.
    pub bodies: BTreeSet<u32>,
    /// Data segments that are kept.
    pub data: BTreeSet<u32>,
    /// Element segments that are kept.
    pub elements: BTreeSet<u32>,
    /// The function's body, if it is another than in the module.
    pub body: Option<Vec<u8>>,
    /// Items that are kept because the other side needs their like.
    pub also: Also,
}

/// Functions (without their bodies), tables and memories.
#[derive(Clone, Debug, Default)]
pub struct Also {
    /// Functions.
    pub funcs: BTreeSet<u32>,
    /// Tables.
    pub tables: BTreeSet<u32>,
    /// Memories.
    pub memories: BTreeSet<u32>,
}

/// Two modules and the function in both.
#[derive(Clone)]
pub struct Pair {
    /// The first module.
    pub a: Module,
    /// The second one.
    pub b: Module,
    /// The function in each.
    pub funcs: (u32, u32),
    /// The functions that are exported, if they are others.
    pub roots: Option<(u32, u32)>,
}

/// A search for a smaller pair.
pub struct Search<'o> {
    /// Whether a pair still shows the wanted difference.
    pub judge: &'o dyn Fn(&Pair) -> bool,
    /// The bytes that may still be compared.
    pub left: u64,
    /// Pairs that were tried.
    pub tries: u64,
}

impl Search<'_> {
    /// Cuts both modules down and asks the judge; `None` if the answer is no, the modules are not
    /// valid, or the bound is reached.
    ///
    /// # Errors
    /// If a section cannot be read or written.
    pub fn attempt(
        &mut self,
        from: &Pair,
        parts: (&Parts<'_>, &Parts<'_>),
        plans: (&Plan, &Plan),
    ) -> Result<Option<Pair>> {
        let rooted = |plan: &Plan, root| Plan { root, ..plan.clone() };
        let roots = from.roots.unzip();
        let plans = (&rooted(plans.0, roots.0), &rooted(plans.1, roots.1));
        let both = match needs::alike((&from.a, &from.b), parts, plans) {
            Err(_) if plans.0.body.is_some() => return Ok(None),
            both => both?,
        };
        let plans = (&both.0, &both.1);
        let cut = |from: &Module, parts: &Parts<'_>, plan: &Plan| match cut::cut(from, parts, plan)
        {
            // A body that something was taken out of need not even be balanced.
            Err(_) if plan.body.is_some() => Ok(None),
            cut => cut.map(Some),
        };
        let (Some((a, of_a)), Some((b, of_b))) =
            (cut(&from.a, parts.0, plans.0)?, cut(&from.b, parts.1, plans.1)?)
        else {
            return Ok(None);
        };
        let cost = 1000 + (a.len() + b.len()) as u64;
        if self.left < cost {
            self.left = 0;
            return Ok(None);
        }
        self.left -= cost;
        self.tries += 1;
        let decode = |bytes, of: &Module| {
            Module::decode(bytes, of.features(), &prova_module::Limits::default())
        };
        // A piece without which the module does not validate was no statement after all.
        let (Ok(a), Ok(b)) = (decode(a, &from.a), decode(b, &from.b)) else { return Ok(None) };
        let roots = from.roots.and(of_a.root.zip(of_b.root));
        let pair = Pair { a, b, funcs: (of_a.func, of_b.func), roots };
        Ok((self.judge)(&pair).then_some(pair))
    }

    /// The function with as few callees, data and elements as show the difference.
    ///
    /// # Errors
    /// If a section cannot be read or written.
    pub fn items(&mut self, whole: &Pair) -> Result<Option<Pair>> {
        let parts = (Parts::read(&whole.a)?, Parts::read(&whole.b)?);
        let items = find::items((&whole.a, &parts.0), (&whole.b, &parts.1), whole.funcs)?;
        let mut attempt = |kept: &[bool]| {
            let chosen = items.iter().zip(kept).filter(|(_, kept)| **kept).map(|(item, _)| item);
            let plans = find::plans(whole.funcs, chosen);
            self.attempt(whole, (&parts.0, &parts.1), (&plans.0, &plans.1))
        };
        smallest(items.len(), &mut attempt)
    }
}
