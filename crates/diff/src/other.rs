//! Two binaries → a report, also where no tier runs them: components, and modules with proposals
//! that `prova_module` refuses.
//!
//! ```text
//! bytes ─┬─ both decode ─────────► diff
//!        ├─ both are components ─► diff of their core modules, in order, and the bytes around them
//!        └─ else ────────────────► section by section and body by body, byte for byte
//! ```
//!
//! 1. What is compared byte for byte is `identical` or `changed`, nothing between.
//! 2. A component's core modules are paired by their position; everything else of it (types,
//!    imports, adapters, nesting) is compared byte for byte with the modules cut out.
//! 3. Both binaries are validated with every proposal that wasmparser knows.
//!
//! Limits: modules of all nesting levels count, at most [`MODULES_MAX`] of a component.

use crate::compare::{DiffOptions, diff};
use crate::foreign::Foreign;
use crate::tell::report::{Cluster, Count, Difference, Input, Kind, Line, Origin, Report, Verdict};
use prova_builds::names::{printable, printable_message};
use prova_module::{Limits, Module};
use similar::{Algorithm, DiffTag, capture_diff_slices};
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
        |bytes: &Arc<[u8]>| Module::decode(bytes.clone(), &options.features, &Limits::default());
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
            let error = printable_message(&format!("{ours:#} ({error})"));
            return Err(anyhow::anyhow!("failed to load `{name}`: {error}"));
        }
    }
    let (parts_a, parts_b) = (parts(a)?, parts(b)?);
    let mut shown = Bodies::new((a, b), (&parts_a, &parts_b), options);
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
            shown.show(&mut report, name);
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

/// Most bodies whose code is shown, and most lines of a gap that are aligned.
const SHOWN_MAX: usize = 40;
const GAP_MAX: usize = 3000;
/// Lines around what differs.
const AROUND: usize = 3;

/// The bodies of two modules that no tier runs, as text.
struct Bodies<'m> {
    modules: Option<(Foreign<'m>, Foreign<'m>)>,
    lines: (BTreeMap<u64, String>, BTreeMap<u64, String>),
    code_lines: usize,
    left: usize,
}

impl<'m> Bodies<'m> {
    /// The lines of the first bodies that differ; none of a component, whose modules are compared
    /// by themselves.
    fn new((a, b): (&'m [u8], &'m [u8]), parts: (&Parts, &Parts), options: &DiffOptions) -> Self {
        let none = (BTreeMap::new(), BTreeMap::new());
        let (code_lines, left) = (options.code_lines, SHOWN_MAX);
        let mut found = Bodies { modules: None, lines: none, code_lines, left };
        let (Ok(x), Ok(y)) = (Foreign::read(a), Foreign::read(b)) else { return found };
        let differ = |body: &usize| {
            let name = format!("body {body}");
            parts.0.rest.get(&name) != parts.1.rest.get(&name)
        };
        let count = parts.0.functions.max(parts.1.functions) as usize;
        let all: Vec<usize> = (0..count).filter(differ).collect();
        let lines = |module: &Foreign<'_>| {
            let bodies: Vec<_> =
                module.functions.iter().filter_map(|func| func.body.clone()).collect();
            let ranges = all.iter().filter_map(|body| bodies.get(*body).cloned());
            let ranges: Vec<Range<usize>> = ranges.take(SHOWN_MAX).collect();
            module.lines(&ranges).unwrap_or_default()
        };
        found.lines = (lines(&x), lines(&y));
        found.modules = Some((x, y));
        found
    }

    /// Adds name, place and code to the difference of a body that was told last.
    fn show(&mut self, report: &mut Report, part: &str) {
        let body = part.strip_prefix("body ").and_then(|body| body.parse::<usize>().ok());
        let (Some(body), Some((a, b))) = (body, &self.modules) else { return };
        let Some(difference) = report.differences.last_mut() else { return };
        let place = |module: &Foreign<'_>| {
            let imports = module.functions.iter().take_while(|func| func.body.is_none()).count();
            let func = imports + body;
            Some((func, module.functions.get(func)?.body.clone()?))
        };
        let (x, y) = (place(a), place(b));
        (difference.a, difference.b) =
            (x.as_ref().map(|x| x.0 as u64), y.as_ref().map(|y| y.0 as u64));
        difference.name = match (&x, &y) {
            (Some((func, _)), _) => a.name(*func),
            (None, Some((func, _))) => b.name(*func),
            (None, None) => part.to_owned(),
        };
        let alone = if x.is_some() { "A" } else { "B" };
        let (Some((_, x)), Some((_, y))) = (x, y) else {
            difference.summary = format!("only in {alone}");
            return;
        };
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let lines = |all: &BTreeMap<u64, String>, range: &Range<usize>| -> Vec<Printed> {
            let range = range.start as u64..range.end as u64;
            all.range(range).map(|(at, line)| (*at as u32, printable(line))).collect()
        };
        let (x, y) = (lines(&self.lines.0, &x), lines(&self.lines.1, &y));
        let before = x.iter().zip(&y).take_while(|(x, y)| x.1 == y.1).count();
        match (x.get(before), y.get(before)) {
            (None, None) => {
                difference.evidence.push("the text is the same: the encoding differs".to_owned());
            }
            (a, b) => {
                let words = |line: Option<&Printed>| match line {
                    Some((at, text)) => format!("`{}` at {at:#x}", text.trim()),
                    None => "its end".to_owned(),
                };
                difference.evidence.push(format!(
                    "the first line that differs: A has {}, B has {}",
                    words(a),
                    words(b)
                ));
                difference.code = code((&x, &y), before, self.code_lines);
            }
        }
    }
}

/// A printed line of a body with its offset.
type Printed = (u32, String);

/// Aligned lines of two bodies, from a little before the first that differs to a little behind the
/// last.
fn code((a, b): (&[Printed], &[Printed]), before: usize, most: usize) -> Vec<Line> {
    let (rest_a, rest_b) = (&a[before..], &b[before..]);
    let behind = rest_a.iter().rev().zip(rest_b.iter().rev());
    let behind = behind.take_while(|(x, y)| x.1 == y.1).count();
    let (middle_a, middle_b) = (&rest_a[..rest_a.len() - behind], &rest_b[..rest_b.len() - behind]);
    let both = |x: &Printed, y: &Printed| Line {
        origin: Origin::Both,
        offset: x.0,
        offset_b: Some(y.0),
        text: x.1.clone(),
    };
    let own = |origin: Origin, line: &Printed| Line {
        origin,
        offset: line.0,
        offset_b: None,
        text: line.1.clone(),
    };
    let first = before.saturating_sub(AROUND);
    let mut found: Vec<Line> =
        a[first..before].iter().zip(&b[first..before]).map(|(x, y)| both(x, y)).collect();
    if middle_a.len() + middle_b.len() <= GAP_MAX {
        let text = |lines: &[Printed]| -> Vec<String> {
            lines.iter().map(|line| line.1.clone()).collect()
        };
        let (x, y) = (text(middle_a), text(middle_b));
        for op in capture_diff_slices(Algorithm::Myers, &x, &y) {
            let (range_a, range_b) = (op.old_range(), op.new_range());
            if op.tag() == DiffTag::Equal {
                let pairs = middle_a[range_a].iter().zip(&middle_b[range_b]);
                found.extend(pairs.map(|(x, y)| both(x, y)));
            } else {
                found.extend(middle_a[range_a].iter().map(|line| own(Origin::A, line)));
                found.extend(middle_b[range_b].iter().map(|line| own(Origin::B, line)));
            }
            if found.len() > most {
                break;
            }
        }
    } else {
        found.extend(middle_a.iter().take(most / 2).map(|line| own(Origin::A, line)));
        found.extend(middle_b.iter().take(most / 2).map(|line| own(Origin::B, line)));
    }
    let (end_a, end_b) = (&a[a.len() - behind..], &b[b.len() - behind..]);
    found.extend(end_a.iter().zip(end_b).take(AROUND).map(|(x, y)| both(x, y)));
    found.truncate(most);
    found
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
        assumed: Vec::new(),
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
