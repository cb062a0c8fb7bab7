//! Two modules and a function that differs → two small modules in which it still differs in the
//! same way; or a small crate.
//!
//! ```text
//! A, B ─ diff ─► the pair of functions, its verdict and cause
//!   ├─ reduce: callees, data, elements left out ──────────────┐
//!   └─ reduce: edits and statements left out on both sides ───┴─► two modules ─ diff ─► same verdict and cause?
//! v0 symbol ─ crate_source ─► a crate that asks for that instance alone
//! ```
//!
//! [`diff`](mod@prova_diff) is the judge, [`prova_reduce`] the search.
//!
//! 1. What is returned was compared: both modules are valid, and the function has the verdict and
//!    the cause that it had in A and B; where only order differs, in the same operators. So
//!    reduction cannot slip to another difference of the same pair.
//! 2. What differs in the small pair differs in A and B ([`prova_reduce`], 2).
//! 3. The search is bounded by work, not by time ([`Options::work`]); the result depends on the two
//!    modules and the options alone.
//!
//! Worst case: one comparison of the whole modules, then `work` bytes compared. `tests/isolate.rs`
//! isolates the cases and planted edits.

pub mod crate_source;
pub mod proof;

pub use prova_reduce::{IMPORTS, OPERATORS_MAX};

use anyhow::{Context, Result, bail};
use prova_diff::{DiffOptions, Difference, Kind, Origin, Report, Verdict, diff, linked};
use prova_module::{FuncIdx, Module};
use prova_reduce::{Pair, Search, find, statements};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::{NameMap, NameSection, Section};

/// How long may be searched.
#[derive(Clone, Debug)]
pub struct Options {
    /// Maximum number of bytes of modules that are compared, both sides and all tries together; a
    /// try counts 1,000 bytes more.
    pub work: u64,
    /// Executions that back `layout-only` in a try; the result is held to [`DiffOptions::runs`].
    pub runs: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options { work: 30_000_000, runs: 20 }
    }
}

/// How large a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Bytes.
    pub bytes: usize,
    /// Functions, imports included.
    pub functions: usize,
    /// Operators of the function.
    pub operators: usize,
}

/// A pair of small modules.
#[derive(Clone, Debug)]
pub struct Isolated {
    /// The small module from A.
    pub a: Module,
    /// The small module from B.
    pub b: Module,
    /// The function's name, printable.
    pub function: String,
    /// Its index in both.
    pub funcs: (u32, u32),
    /// Its verdict, in both pairs.
    pub verdict: Verdict,
    /// The cause of its cluster in the whole pair; in the small one types may have other names.
    pub cause: String,
    /// Sizes in A and B, before.
    pub before: (Size, Size),
    /// Sizes of the small ones.
    pub after: (Size, Size),
    /// How many pairs were tried.
    pub tries: u64,
    /// The budget ended before the search did.
    pub exhausted: bool,
}

/// The difference is there, but not in less than the whole modules.
#[derive(Clone, Debug)]
pub struct NotShown(String);

impl std::fmt::Display for NotShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotShown {}

/// The symbol of the function that is wanted, as it is in A.
///
/// # Errors
/// As [`isolate`]; or if it has none.
pub fn symbol(a: &Module, b: &Module, function: Option<&str>) -> Result<String> {
    let (a, b) = (&*named(a), &*named(b));
    let func = match function {
        Some(name) => find::function(a, name)?,
        None => {
            let report = diff(a, b, &DiffOptions::default());
            let func = wanted(a, &report, None)?.a.context("no function differs")?;
            FuncIdx(u32::try_from(func)?)
        }
    };
    let symbol = a.func_name(func).with_context(|| format!("{func} has no name"))?;
    Ok(symbol.to_owned())
}

/// Isolates a function that differs; without a name, the first of the gravest cluster.
///
/// # Errors
/// If there is no such function, it does not differ, or not in both modules; [`NotShown`] if the
/// difference does not show in less than the whole modules.
pub fn isolate(
    a: &Module,
    b: &Module,
    function: Option<&str>,
    options: &Options,
) -> Result<Isolated> {
    let given = (a, b);
    let (a, b) = (&*named(a), &*named(b));
    let report = diff(a, b, &DiffOptions::default());
    let difference = wanted(a, &report, function)?;
    let (Some(func_a), Some(func_b)) = (difference.a, difference.b) else {
        let side = if difference.a.is_some() { "A" } else { "B" };
        bail!("`{}` is only in {side}: there is nothing to compare it with", difference.name);
    };
    let funcs = (u32::try_from(func_a)?, u32::try_from(func_b)?);
    if funcs.0 < a.imported_func_count() as u32 || funcs.1 < b.imported_func_count() as u32 {
        bail!("`{}` is imported: its code is elsewhere", difference.name);
    }
    let sign = Sign::of(&report, difference);
    let judge = |pair: &Pair| {
        let options = DiffOptions { runs: options.runs, ..DiffOptions::default() };
        sign.is_of(&diff(&pair.a, &pair.b, &options), pair.funcs)
    };
    let mut search = Search { judge: &judge, left: options.work, tries: 0 };
    let whole = Pair { a: a.clone(), b: b.clone(), funcs, roots: None };
    let Some(small) = search.items(&whole)? else {
        let Sign { verdict, cause, .. } = &sign;
        bail!(NotShown(format!(
            "`{}` ({verdict}: {cause}) does not differ in this way without the rest of the modules",
            difference.name
        )));
    };
    let small = statements(&mut search, small)?;
    // Without those statements less is needed beside the function.
    let small = search.items(&small)?.unwrap_or(small);
    let final_options = DiffOptions::default();
    if !sign.is_of(&diff(&small.a, &small.b, &final_options), small.funcs) {
        bail!(NotShown(format!(
            "the small pair of `{}` does not hold in more executions",
            difference.name
        )));
    }
    Ok(Isolated {
        function: difference.name.clone(),
        verdict: sign.verdict,
        cause: sign.cause.clone(),
        before: (size(given.0, funcs.0), size(given.1, funcs.1)),
        after: (size(&small.a, small.funcs.0), size(&small.b, small.funcs.1)),
        tries: search.tries,
        exhausted: search.left == 0,
        funcs: small.funcs,
        a: small.a,
        b: small.b,
    })
}

/// An object file with its symbols of functions as names: static functions have neither a name nor
/// an export there, and the small module has no `linking` section any more.
fn named(module: &Module) -> Cow<'_, Module> {
    let funcs = 0..module.func_count() as u32;
    let has_names = funcs.clone().any(|func| module.func_name(FuncIdx(func)).is_some());
    let symbols: BTreeMap<u32, &str> = linked(module).unwrap_or_default().into_iter().collect();
    if has_names || symbols.is_empty() {
        return Cow::Borrowed(module);
    }
    let mut names = NameMap::new();
    symbols.range(funcs).for_each(|(func, symbol)| names.append(*func, symbol));
    let mut section = NameSection::new();
    section.functions(&names);
    let mut bytes = module.bytes().to_vec();
    section.append_to(&mut bytes);
    let decoded = Module::decode(bytes, module.features(), &prova_module::Limits::default());
    decoded.map_or(Cow::Borrowed(module), Cow::Owned)
}

fn wanted<'r>(a: &Module, report: &'r Report, function: Option<&str>) -> Result<&'r Difference> {
    let mut differing = report.differences.iter().filter(|one| one.kind == Kind::Function);
    match function {
        None => {
            let in_order = report.clusters.iter().flat_map(|cluster| &cluster.differences);
            let mut functions = in_order.map(|i| &report.differences[*i]);
            let found = functions
                .find(|one| one.kind == Kind::Function && one.a.is_some() && one.b.is_some())
                .context("no function differs")?;
            let first = &report.clusters[0];
            if !is_layout(first.verdict) && is_layout(found.verdict) {
                bail!(
                    "the first cause is of no function that both modules have ({}: {}); functions are the same but for indices and addresses: `--function NAME` isolates one of them",
                    first.verdict,
                    first.cause
                );
            }
            Ok(found)
        }
        Some(name) => {
            let func = find::function(a, name)?;
            // A function may have differences of name besides the difference of its code.
            let of_it = differing.by_ref().filter(|one| one.a == Some(func.0.into()));
            of_it.max_by_key(|one| one.verdict).with_context(|| {
                format!("`{}` does not differ", prova_builds::names::printable(name))
            })
        }
    }
}

/// Whether only indices and addresses differ.
fn is_layout(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Renumbered | Verdict::Moved | Verdict::AssumedMoved)
}

/// By what a difference is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sign {
    verdict: Verdict,
    cause: String,
    /// The operators, without immediates, that differ; asked for only where order alone differs:
    /// else a dispatcher would be cut down to one constant that nothing reads.
    operators: BTreeSet<String>,
}

impl Sign {
    fn of(report: &Report, difference: &Difference) -> Sign {
        let cause = report.clusters.get(difference.cluster).map(|cluster| cluster.cause.clone());
        let differing = difference.code.iter().filter(|line| {
            line.origin != Origin::Both && difference.verdict == Verdict::LayoutOnly
        });
        let operators = differing.filter_map(|line| line.text.split(' ').next()).map(str::to_owned);
        Sign {
            verdict: difference.verdict,
            cause: cause.unwrap_or_default(),
            operators: operators.collect(),
        }
    }

    fn is_of(&self, report: &Report, (a, b): (u32, u32)) -> bool {
        let mut of_it = report.differences.iter().filter(|one| {
            one.kind == Kind::Function && one.a == Some(a.into()) && one.b == Some(b.into())
        });
        of_it.any(|one| {
            let Sign { verdict, cause, operators } = Sign::of(report, one);
            (verdict, &operators) == (self.verdict, &self.operators)
                && without_types(&cause) == without_types(&self.cause)
        })
    }
}

/// A cause that names two operators without their immediates: types have other numbers in a small
/// module, and no names.
fn without_types(cause: &str) -> String {
    let operators =
        cause.strip_prefix("operator changed: ").and_then(|both| both.split_once(" → "));
    let first = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    match operators {
        Some((a, b)) => format!("operator changed: {} → {}", first(a), first(b)),
        None => cause.to_owned(),
    }
}

fn size(module: &Module, func: u32) -> Size {
    Size {
        bytes: module.bytes().len(),
        functions: module.func_count(),
        operators: operators(module, func),
    }
}

fn operators(module: &Module, func: u32) -> usize {
    let Some(body) = module.body(FuncIdx(func)) else { return 0 };
    let (mut reader, mut count) = (body.operators(), 0);
    while !reader.eof() && reader.read().is_ok() {
        count += 1;
    }
    count
}
