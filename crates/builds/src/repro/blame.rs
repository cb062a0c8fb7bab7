//! The dependency graph that Cargo resolved → which crates bring chance or the clock into the
//! build, and which feature lets them in.
//!
//! [`build`](mod@super::build) shows by bytes that something is random; this names the crate. Input
//! is the output of `cargo metadata --format-version 1`.
//!
//! A *source* is a crate that is known to look at a clock, a random number or the repository while
//! the program is compiled: by its nature ([`ALWAYS`]), or because a build script or procedural
//! macro uses it ([`IN_BUILDS`]). From a source the path goes back to the workspace: over an
//! optional dependency to the features that switch it on, from these to the package that asked for
//! them, by default features or by name, and so on. Other packages that asked for the same
//! dependency without them are named too: Cargo unites what all ask for.
//!
//! Limits: what a crate not on the lists does is not seen, nor `HashMap` order in a macro. Each
//! package is on a path once, so a path is no longer than the graph. `tests/blame.rs` has the case
//! of a seed drawn at compile time.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates whose use makes a build depend on its moment, and how.
pub const ALWAYS: [(&str, &str); 8] = [
    ("const-random", "draws random numbers at compile time"),
    ("build-time", "writes the time of the build into the program"),
    ("compile-time", "writes the time of the build into the program"),
    ("built", "writes the time and place of the build into the program"),
    ("vergen", "writes the time and revision of the build into the program"),
    ("vergen-lib", "writes the time and revision of the build into the program"),
    ("shadow-rs", "writes the time and place of the build into the program"),
    ("build-info", "writes the time and revision of the build into the program"),
];

/// Crates that do so only in a build script or a procedural macro, and how.
pub const IN_BUILDS: [(&str, &str); 8] = [
    ("getrandom", "asks the system for random bytes in a build script or macro"),
    ("rand", "draws random numbers in a build script or macro"),
    ("fastrand", "draws random numbers in a build script or macro"),
    ("uuid", "may make random identifiers in a build script or macro"),
    ("chrono", "may read the clock in a build script or macro"),
    ("time", "may read the clock in a build script or macro"),
    ("git2", "reads the repository in a build script or macro"),
    ("gix", "reads the repository in a build script or macro"),
];

/// A way by which chance comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// The crate, with its version.
    pub source: String,
    /// Its effect on the build.
    pub does: &'static str,
    /// The path from the workspace to it.
    pub steps: Vec<Step>,
}

/// A package on the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name and version.
    pub package: String,
    /// How the package before it asks for the features that matter; empty if none do.
    pub asked: String,
    /// The feature of this package that lets the next one in.
    pub feature: Option<String>,
    /// Packages that asked for this one without that feature.
    pub declined: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Option<Resolve>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    features: BTreeMap<String, Vec<String>>,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
    manifest_path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    uses_default_features: bool,
    features: Vec<String>,
    optional: bool,
    kind: Option<String>,
    rename: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    features: Vec<String>,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    kind: Option<String>,
}

/// The place where the feature of a leak is asked for, and what could be asked for instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The package that asks.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its manifest.
    pub manifest: PathBuf,
    /// The dependency's name in that manifest.
    pub dependency: String,
    /// The feature that lets chance in.
    pub feature: String,
    /// All that is asked for now but that feature, and what leads to it.
    pub instead: Vec<String>,
}

/// The request that lets a leak in: the last on its path.
///
/// # Errors
/// If the metadata are not those of the leak, or the path has no feature: then the source is wanted
/// as it is.
pub fn request(metadata: &str, leak: &Leak) -> Result<Request> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("this is not what cargo metadata prints")?;
    let pair = leak.steps.windows(2).rev().find(|pair| !pair[1].asked.is_empty());
    let Some([asking, asked]) = pair else {
        let own = leak.steps.first().and_then(|step| Some((&step.package, step.feature.as_ref()?)));
        if let Some((package, feature)) = own {
            bail!(
                "feature `{feature}` of {package}, which is what is built, lets {} in, and no package asks for it: build without it, or search with `repro bisect --features all`",
                leak.source
            );
        }
        bail!("no feature lets {} in: it is asked for by name", leak.source);
    };
    let find = |label: &str| {
        let named = |package: &&Package| format!("{} {}", package.name, package.version) == *label;
        metadata
            .packages
            .iter()
            .find(named)
            .with_context(|| format!("cargo metadata lacks `{label}`"))
    };
    let (parent, child) = (find(&asking.package)?, find(&asked.package)?);
    let feature = asked.feature.clone().context("the path names no feature")?;
    let mut declared = parent.dependencies.iter().filter(|dependency| {
        dependency.name == child.name && dependency.kind.as_deref() != Some("dev")
    });
    let dependency = declared
        .next()
        .with_context(|| format!("`{}` does not ask for `{}`", parent.name, child.name))?;
    let defaults = child.features.get("default").into_iter().flatten();
    let defaults = defaults.filter(|_| dependency.uses_default_features);
    let mut instead: Vec<String> = dependency.features.iter().chain(defaults).cloned().collect();
    instead.retain(|name| {
        child.features.contains_key(name)
            && !leads(&child.features, name, &BTreeSet::from([feature.as_str()]))
    });
    instead.sort();
    instead.dedup();
    Ok(Request {
        package: parent.name.clone(),
        version: parent.version.clone(),
        manifest: parent
            .manifest_path
            .clone()
            .with_context(|| format!("cargo metadata has no manifest of `{}`", parent.name))?,
        dependency: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
        feature,
        instead,
    })
}

/// Cargo's metadata of the package at `manifest`; `target` leaves out dependencies of other
/// platforms.
///
/// # Errors
/// If cargo fails.
pub fn metadata(manifest: &Path, target: Option<&str>) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(manifest);
    if let Some(target) = target {
        command.args(["--filter-platform", target]);
    }
    let output = command.output().context("failed to start cargo")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("cargo metadata is not text")
}

/// Finds the sources and their paths in what Cargo says.
///
/// # Errors
/// If the text is not Cargo's.
pub fn blame(metadata: &str) -> Result<Vec<Leak>> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("this is not what cargo metadata prints")?;
    let resolve =
        metadata.resolve.context("cargo metadata has no resolved graph (`--no-deps`?)")?;
    let graph = Graph::new(&metadata.packages, &resolve, &metadata.workspace_members)?;
    let mut leaks = Vec::new();
    for (at, package) in graph.packages.iter().enumerate() {
        let known = |list: &[(&str, &'static str)]| {
            list.iter().find(|(name, _)| *name == package.name).map(|(_, does)| *does)
        };
        let in_build = known(&IN_BUILDS).filter(|_| graph.in_build[at] && !graph.behind_always[at]);
        let Some(does) = known(&ALWAYS).or(in_build) else { continue };
        if graph.distance[at].is_some() {
            leaks.push(Leak { source: graph.label(at), does, steps: graph.path(at) });
        }
    }
    leaks.sort_by(|a, b| (a.steps.len(), &a.source).cmp(&(b.steps.len(), &b.source)));
    Ok(leaks)
}

struct Graph<'m> {
    packages: Vec<&'m Package>,
    enabled: Vec<BTreeSet<&'m str>>,
    /// Dependents that are no development dependencies.
    parents: Vec<Vec<usize>>,
    /// Steps from the workspace; none if it is not reached.
    distance: Vec<Option<usize>>,
    /// Used by a build script or a procedural macro, however far.
    in_build: Vec<bool>,
    /// Reached through one of [`ALWAYS`] only.
    behind_always: Vec<bool>,
}

impl<'m> Graph<'m> {
    fn new(packages: &'m [Package], resolve: &'m Resolve, roots: &[String]) -> Result<Self> {
        let ids: BTreeMap<&str, usize> =
            packages.iter().enumerate().map(|(at, package)| (package.id.as_str(), at)).collect();
        let count = packages.len();
        let place = |id: &str| {
            ids.get(id).copied().with_context(|| format!("cargo metadata lacks the package `{id}`"))
        };
        let mut children: Vec<Vec<(usize, bool)>> = vec![Vec::new(); count];
        let mut enabled = vec![BTreeSet::new(); count];
        let mut parents = vec![Vec::new(); count];
        for node in &resolve.nodes {
            let from = place(&node.id)?;
            enabled[from] = node.features.iter().map(String::as_str).collect();
            for edge in &node.deps {
                let to = place(&edge.pkg)?;
                let of = |kind: Option<&str>| {
                    edge.dep_kinds.iter().any(|dep| dep.kind.as_deref() == kind)
                };
                if of(None) || of(Some("build")) {
                    children[from].push((to, !of(None)));
                    parents[to].push(from);
                }
            }
        }
        let roots = roots.iter().map(|id| place(id)).collect::<Result<Vec<_>>>()?;
        ensure!(!roots.is_empty(), "cargo metadata names no workspace member");
        // A member that another member uses is on the way, not where it begins.
        let top: Vec<usize> = roots
            .iter()
            .copied()
            .filter(|root| !parents[*root].iter().any(|parent| roots.contains(parent)))
            .collect();
        let roots = if top.is_empty() { roots } else { top };
        let packages: Vec<&Package> = packages.iter().collect();
        let reach = |stop: &dyn Fn(usize) -> bool| {
            let mut distance = vec![None; count];
            let mut queue: VecDeque<usize> = roots.iter().copied().collect();
            roots.iter().for_each(|&root| distance[root] = Some(0));
            while let Some(at) = queue.pop_front() {
                for &(to, _) in children[at].iter().filter(|_| !stop(at)) {
                    if distance[to].is_none() {
                        distance[to] = distance[at].map(|steps| steps + 1);
                        queue.push_back(to);
                    }
                }
            }
            distance
        };
        let distance = reach(&|_| false);
        let without = reach(&|at| ALWAYS.iter().any(|(name, _)| *name == packages[at].name));
        let reached: Vec<bool> = distance.iter().map(Option::is_some).collect();
        let in_build = in_build(&packages, &children, &reached);
        let behind_always = without.iter().map(Option::is_none).collect();
        Ok(Self { packages, enabled, parents, distance, in_build, behind_always })
    }

    fn label(&self, at: usize) -> String {
        format!("{} {}", self.packages[at].name, self.packages[at].version)
    }

    /// The path to a package, from the workspace.
    fn path(&self, source: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        let (mut at, mut wanted, mut feature) = (source, BTreeSet::<&str>::new(), None);
        let mut seen = BTreeSet::new();
        while seen.insert(at) {
            let near = |list: &[usize]| {
                let open = list
                    .iter()
                    .copied()
                    .filter(|parent| self.distance[*parent].is_some() && !seen.contains(parent));
                open.min_by_key(|&parent| (self.distance[parent], self.label(parent)))
            };
            let (asking, other): (Vec<usize>, Vec<usize>) =
                self.parents[at].iter().partition(|&&parent| {
                    wanted.is_empty() || !self.asks(parent, at, &wanted).is_empty()
                });
            let parent = if self.distance[at] == Some(0) {
                None
            } else {
                near(&asking).or_else(|| near(&self.parents[at]))
            };
            let declined = if wanted.is_empty() { Vec::new() } else { self.refusals(&other, at) };
            let asked = parent.map(|parent| self.asks(parent, at, &wanted)).unwrap_or_default();
            steps.push(Step { package: self.label(at), asked, feature: feature.take(), declined });
            let Some(parent) = parent else { break };
            // The features of the parent that let this package, or its features, in.
            let key = |dependency: &&Dependency| {
                dependency.name == self.packages[at].name
                    && dependency.kind.as_deref() != Some("dev")
            };
            let declared: Vec<&Dependency> =
                self.packages[parent].dependencies.iter().filter(key).collect();
            let by_table = self.by_table(parent, at, &wanted);
            let optional =
                declared.iter().all(|dependency| dependency.optional) && !declared.is_empty();
            wanted = if optional || !by_table.is_empty() { by_table } else { BTreeSet::new() };
            feature = self.named(parent, &wanted);
            at = parent;
        }
        steps.reverse();
        steps
    }

    /// How `parent` asks for one of the wanted features of `at`; empty if it does not.
    fn asks(&self, parent: usize, at: usize, wanted: &BTreeSet<&str>) -> String {
        if wanted.is_empty() {
            return String::new();
        }
        for dependency in self.declarations(parent, at) {
            let defaults = dependency.uses_default_features && self.leads(at, "default", wanted);
            if defaults {
                return format!(
                    "`{} = \"{}\"`, with default features",
                    dependency.name, dependency.req
                );
            }
            if let Some(feature) =
                dependency.features.iter().find(|feature| self.leads(at, feature, wanted))
            {
                return format!(
                    "`{} = \"{}\"` with feature `{feature}`",
                    dependency.name, dependency.req
                );
            }
        }
        match self.by_table(parent, at, wanted).iter().next() {
            Some(feature) => format!("its feature `{feature}`"),
            None => String::new(),
        }
    }

    fn refusals(&self, parents: &[usize], at: usize) -> Vec<String> {
        let refuses = |parent: &&usize| {
            self.declarations(**parent, at).any(|dependency| !dependency.uses_default_features)
        };
        let mut refusals: Vec<String> =
            parents.iter().filter(refuses).map(|&parent| self.label(parent)).collect();
        refusals.sort();
        refusals
    }

    fn declarations(&self, parent: usize, at: usize) -> impl Iterator<Item = &'m Dependency> {
        let name = &self.packages[at].name;
        let all = self.packages[parent].dependencies.iter();
        all.filter(move |dependency| {
            dependency.name == *name && dependency.kind.as_deref() != Some("dev")
        })
    }

    /// The enabled features of `parent` whose own entry switches on the dependency, or a wanted
    /// feature of it.
    fn by_table(&self, parent: usize, at: usize, wanted: &BTreeSet<&str>) -> BTreeSet<&'m str> {
        let names: BTreeSet<&str> = self
            .declarations(parent, at)
            .map(|dependency| dependency.rename.as_deref().unwrap_or(&dependency.name))
            .collect();
        let table = self.packages[parent].features.iter();
        let lets_in = |entry: &String| match entry.split_once('/') {
            Some((name, feature)) => {
                names.contains(name.trim_end_matches('?'))
                    && (wanted.is_empty() || self.leads(at, feature, wanted))
            }
            None => {
                wanted.is_empty()
                    && entry.strip_prefix("dep:").is_some_and(|name| names.contains(name))
            }
        };
        table
            .filter(|(feature, entries)| {
                self.enabled[parent].contains(feature.as_str()) && entries.iter().any(lets_in)
            })
            .map(|(feature, _)| feature.as_str())
            .collect()
    }

    fn leads(&self, at: usize, feature: &str, wanted: &BTreeSet<&str>) -> bool {
        leads(&self.packages[at].features, feature, wanted)
    }

    /// The name for the wanted features: the feature that leads to them and is enabled only by its
    /// name.
    fn named(&self, at: usize, wanted: &BTreeSet<&'m str>) -> Option<String> {
        let first = wanted.iter().next()?;
        // An optional dependency's own feature says nothing: the one that switches it on does.
        let outer = self.packages[at].features.iter().find(|(feature, entries)| {
            *feature != "default"
                && self.enabled[at].contains(feature.as_str())
                && entries.iter().any(|entry| wanted.contains(entry.as_str()))
        });
        Some(outer.map_or_else(|| (*first).to_owned(), |(feature, _)| feature.clone()))
    }
}

/// The packages that build scripts and procedural macros use, however far.
fn in_build(packages: &[&Package], children: &[Vec<(usize, bool)>], reached: &[bool]) -> Vec<bool> {
    let is_macro = |at: usize| {
        packages[at]
            .targets
            .iter()
            .any(|target| target.kind.iter().any(|kind| kind == "proc-macro"))
    };
    let mut found = vec![false; packages.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, list) in children.iter().enumerate().filter(|&(at, _)| reached[at]) {
        open.extend(list.iter().filter(|&&(_, build)| build || is_macro(at)).map(|&(to, _)| to));
    }
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut found[at], true) {
            open.extend(children[at].iter().map(|&(to, _)| to));
        }
    }
    found
}

/// Whether a feature of a package's table is, or switches on, one of the wanted ones.
fn leads(table: &BTreeMap<String, Vec<String>>, feature: &str, wanted: &BTreeSet<&str>) -> bool {
    let (mut open, mut seen) = (vec![feature], BTreeSet::new());
    while let Some(feature) = open.pop() {
        if wanted.contains(feature) {
            return true;
        }
        if let Some(entries) = table.get(feature).filter(|_| seen.insert(feature)) {
            open.extend(entries.iter().map(String::as_str));
        }
    }
    false
}

/// The leaks, each a node.
pub fn report(leaks: &[Leak]) -> prova_report::Node {
    let title = match leaks.len() {
        0 => "no crate that is known to bring chance or the clock into a build".to_owned(),
        1 => "a crate brings chance or the clock into the build".to_owned(),
        count => format!("{count} crates bring chance or the clock into the build"),
    };
    prova_report::Node::of("leaks", title).with_children(leaks.iter().map(Leak::report))
}

/// The leaks as text, without the title.
pub fn text(leaks: &[Leak]) -> String {
    let text = report(leaks).to_text();
    text.split_once("\n\n").map(|(_, leaks)| leaks.to_owned()).unwrap_or(text)
}

impl Leak {
    fn report(&self) -> prova_report::Node {
        let step = |step: &Step| match &step.feature {
            Some(feature) => format!("{} (feature `{feature}`)", step.package),
            None => step.package.clone(),
        };
        let path: Vec<String> = self.steps.iter().map(step).collect();
        let mut evidence = vec![format!("path: {}", path.join(" → "))];
        let pairs = self.steps.iter().zip(self.steps.iter().skip(1));
        for (before, step) in pairs.filter(|(_, step)| !step.asked.is_empty()) {
            evidence.push(format!("{} asks for it: {}", before.package, step.asked));
            evidence.extend(step.declined.iter().map(|declined| {
                format!(
                    "{declined} asked for {} with `default-features = false`; {} undid it",
                    step.package, before.package
                )
            }));
        }
        prova_report::Node::of("leak", format!("{}: {}", self.source, self.does))
            .with_evidence(evidence)
    }
}
