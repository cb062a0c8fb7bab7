//! Two binaries → a report, also where no tier runs them: components, and modules with proposals
//! that `prova_module` refuses.
//!
//! ```text
//! bytes ─┬─ both decode ─────────► diff
//!        ├─ both are components ─► diff of their core modules, in order, and the bytes around them
//!        └─ else ────────────────► section by section and body by body, byte for byte
//! ```
//!
//! Neighbours: the command line calls it in place of [`diff`](super::diff()).
//!
//! 1. What is compared byte for byte is `identical` or `changed`, nothing between.
//! 2. A component's core modules are paired by their position; everything else of it (types,
//!    imports, adapters, nesting) is compared byte for byte with the modules cut out.
//! 3. Both binaries are validated with every proposal that wasmparser knows.
//!
//! Limits: modules of all nesting levels count, at most [`MODULES_MAX`] of a component.

use super::report::{Cluster, Count, Difference, Input, Kind, Report, Verdict};
use super::{DiffOptions, diff};
use prova_builds::names::printable;
use prova_module::{Features, Limits, Module};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// Most core modules of a component.
const MODULES_MAX: usize = 1000;

/// Compares two binaries.
///
/// # Errors
/// If one is neither a valid module nor a valid component.
pub fn diff_binaries(
    a: impl Into<Arc<[u8]>>,
    b: impl Into<Arc<[u8]>>,
    options: &DiffOptions,
) -> anyhow::Result<Report> {
    compare(a.into(), b.into(), options)
}

fn compare(a: Arc<[u8]>, b: Arc<[u8]>, options: &DiffOptions) -> anyhow::Result<Report> {
    let decode =
        |bytes: &Arc<[u8]>| Module::decode(bytes.clone(), &Features::default(), &Limits::default());
    let both = (decode(&a), decode(&b));
    if let (Ok(a), Ok(b)) = &both {
        return Ok(diff(a, b, options));
    }
    let (a, b) = (&*a, &*b);
    let (name_a, name_b) = (printable(&options.names.0), printable(&options.names.1));
    for (bytes, name, decoded) in [(a, &name_a, both.0), (b, &name_b, both.1)] {
        let checked = Validator::new_with_features(WasmFeatures::all()).validate_all(bytes);
        // What our decoder says of an invalid binary has the place and the rule.
        if let (Err(error), Err(ours)) = (checked, decoded) {
            let error = format!("{ours:#} ({error})");
            return Err(anyhow::anyhow!("failed to load `{name}`: {error}"));
        }
    }
    let (parts_a, parts_b) = (parts(a)?, parts(b)?);
    let mut report = Report {
        a: Input { name: name_a, bytes: a.len() as u64, functions: parts_a.functions },
        b: Input { name: name_b, bytes: b.len() as u64, functions: parts_b.functions },
        equal: a == b,
        counts: Vec::new(),
        clusters: Vec::new(),
        differences: Vec::new(),
    };
    if report.equal {
        return Ok(report);
    }
    let modules = parts_a.modules.iter().zip(&parts_b.modules).enumerate();
    for (index, (x, y)) in modules {
        let (x, y) = (&a[x.clone()], &b[y.clone()]);
        if x != y {
            add(&mut report, &format!("module {index}: "), compare(x.into(), y.into(), options)?);
        }
    }
    let counts = (parts_a.modules.len(), parts_b.modules.len());
    if counts.0 != counts.1 {
        told(&mut report, "core modules", format!("{} in A, {} in B", counts.0, counts.1));
    }
    for name in parts_a
        .rest
        .keys()
        .chain(parts_b.rest.keys().filter(|name| !parts_a.rest.contains_key(*name)))
    {
        let (x, y) = (parts_a.rest.get(name), parts_b.rest.get(name));
        if x != y {
            let sizes = [x, y].map(|list| list.map_or(0, |list| list.iter().map(Vec::len).sum()));
            told(
                &mut report,
                name,
                format!("{} → {} bytes, compared byte for byte", sizes[0], sizes[1]),
            );
        }
    }
    if report.differences.is_empty() {
        told(&mut report, "encoding", "the same sections in other bytes or another order".into());
    }
    counted(&mut report);
    Ok(report)
}

/// The core modules of a component, of all nesting levels, as ranges of its bytes; `None` for what
/// is no component.
///
/// # Errors
/// If it is no valid component, or has more than 1,000 core modules.
pub fn core_modules(bytes: &[u8]) -> anyhow::Result<Option<Vec<Range<usize>>>> {
    if !Parser::is_component(bytes) {
        return Ok(None);
    }
    Validator::new_with_features(WasmFeatures::all()).validate_all(bytes)?;
    Ok(Some(parts(bytes)?.modules))
}

/// A binary cut into what is compared.
#[derive(Default)]
struct Parts {
    /// Core modules of a component, where they stand.
    modules: Vec<Range<usize>>,
    /// Everything else: contents by name, in order.
    rest: BTreeMap<String, Vec<Vec<u8>>>,
    functions: u64,
}

fn parts(bytes: &[u8]) -> anyhow::Result<Parts> {
    let mut found = Parts::default();
    // Inside a core module of a component nothing is read.
    let mut inside = 0..0;
    let mut body = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let mut add = |name: String, range: Range<usize>| {
            let contents = bytes.get(range).unwrap_or_default().to_vec();
            found.rest.entry(name).or_default().push(contents);
        };
        match &payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                let range = unchecked_range.start as usize..unchecked_range.end as usize;
                anyhow::ensure!(found.modules.len() < MODULES_MAX, "too many core modules");
                if !inside.contains(&range.start) {
                    found.modules.push(range.clone());
                    inside = range;
                }
                continue;
            }
            Payload::CustomSection(section)
                if !inside.contains(&(section.data_offset() as usize)) =>
            {
                let start = section.data_offset() as usize;
                let name = format!("custom section {}", printable(section.name()));
                add(name, start..start + section.data().len());
                continue;
            }
            Payload::CodeSectionEntry(code) if !inside.contains(&(code.range().start as usize)) => {
                let range = code.range().start as usize..code.range().end as usize;
                add(format!("body {body}"), range);
                (body, found.functions) = (body + 1, found.functions + 1);
                continue;
            }
            Payload::CodeSectionStart { .. } => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            let range = range.start as usize..range.end as usize;
            if !inside.contains(&range.start) && range.end > range.start {
                add(format!("section {id}"), range);
                // In a component, the order of sections numbers what they define.
                found.rest.entry("order of sections".into()).or_default().push(vec![id]);
            }
        }
    }
    Ok(found)
}

/// Adds a difference that is `changed`.
fn told(report: &mut Report, name: &str, summary: String) {
    let (kind, cluster) = match name {
        name if name.starts_with("body ") => (Kind::Function, "bodies differ"),
        name if name.starts_with("custom ") => (Kind::Custom, "custom sections differ"),
        _ => (Kind::Encoding, "sections differ"),
    };
    let known = report.clusters.iter().position(|known| known.cause == cluster);
    let at = known.unwrap_or(report.clusters.len());
    if known.is_none() {
        report.clusters.push(Cluster {
            verdict: Verdict::Changed,
            cause: cluster.to_owned(),
            differences: Vec::new(),
            causes: 0,
            sites: 0,
            notes: Vec::new(),
        });
    }
    let name = match kind {
        Kind::Custom => name.trim_start_matches("custom section "),
        _ => name,
    };
    let target = &mut report.clusters[at];
    target.differences.push(report.differences.len());
    (target.causes, target.sites) = (target.causes + 1, target.sites + 1);
    report.differences.push(Difference {
        verdict: Verdict::Changed,
        kind,
        name: name.to_owned(),
        a: None,
        b: None,
        summary,
        evidence: Vec::new(),
        code: Vec::new(),
        sites: 1,
        cluster: at,
    });
}

/// Adds the report of a part.
fn add(report: &mut Report, prefix: &str, part: Report) {
    let (clusters, differences) = (report.clusters.len(), report.differences.len());
    for mut cluster in part.clusters {
        cluster.cause.insert_str(0, prefix);
        cluster.differences.iter_mut().for_each(|at| *at += differences);
        report.clusters.push(cluster);
    }
    for mut difference in part.differences {
        difference.name.insert_str(0, prefix);
        difference.cluster += clusters;
        report.differences.push(difference);
    }
    for count in part.counts {
        match report.counts.iter_mut().find(|known| known.verdict == count.verdict) {
            Some(known) => {
                known.functions += count.functions;
                known.others += count.others;
            }
            None => report.counts.push(count),
        }
    }
    report.a.functions += part.a.functions;
    report.b.functions += part.b.functions;
}

/// Counts what was told here, beside the parts.
fn counted(report: &mut Report) {
    for cluster in ["bodies differ", "custom sections differ", "sections differ"] {
        let Some(found) = report.clusters.iter().find(|one| one.cause == cluster) else { continue };
        let many = found.differences.len() as u64;
        let (functions, others) = if cluster == "bodies differ" { (many, 0) } else { (0, many) };
        let known = report.counts.iter_mut().find(|known| known.verdict == Verdict::Changed);
        match known {
            Some(known) => {
                (known.functions, known.others) =
                    (known.functions + functions, known.others + others)
            }
            None => report.counts.push(Count { verdict: Verdict::Changed, functions, others }),
        }
    }
    report.counts.sort_by_key(|count| count.verdict);
}
