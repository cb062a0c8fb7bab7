//! A set of Cargo features with which builds differ → a smallest subset with which they still do.
//!
//! [`build`](mod@super::build) judges a set. The search is delta debugging (Zeller, Hildebrandt
//! 2002): a set is *bad* if its builds differ, and a set that does not build is not bad. Feature
//! sets go into the command by `--no-default-features --features LIST`, or in place of
//! `{features}`.
//!
//! 1. The result is bad, and 1-minimal by the builds: without any one of its features they agree,
//!    or fail. Agreement may be luck, so each set that is called good was built `runs` times.
//!
//! Worst case n² sets for n features, for each at most `runs` builds. `tests/repro/search.rs` has
//! scripts in place of Cargo.

use super::bisect::Sight;
use super::split::Split;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Maximum number of features.
pub const FEATURES_MAX: usize = 1000;

/// The placeholder in the command for the list of features.
pub const PLACE: &str = "{features}";

/// The result of the search.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The smallest set found.
    pub features: Vec<String>,
    /// How its builds split.
    pub split: Split,
    /// How many sets were built.
    pub sets: usize,
    /// How many of them could not be built.
    pub failed: usize,
}

/// Finds a smallest set of features with which builds differ.
///
/// # Errors
/// If they do not differ with all of them, or `look` fails.
pub fn smallest(
    features: &[String],
    look: &mut dyn FnMut(&[String]) -> Result<Sight>,
) -> Result<Found> {
    ensure!(features.len() <= FEATURES_MAX, "more than {FEATURES_MAX} features");
    let mut search = Search { look, known: BTreeMap::new(), failed: 0 };
    let Some(mut split) = search.bad(features)? else {
        bail!("with all features together the builds do not differ, or fail");
    };
    if let Some(split) = search.bad(&[])? {
        return Ok(Found {
            features: Vec::new(),
            split,
            sets: search.known.len(),
            failed: search.failed,
        });
    }
    let mut kept = features.to_vec();
    let mut parts = 2;
    while kept.len() > 1 {
        let size = kept.len().div_ceil(parts);
        let chunks: Vec<Vec<String>> = kept.chunks(size).map(<[String]>::to_vec).collect();
        let without =
            |chunk: &Vec<String>| kept.iter().filter(|one| !chunk.contains(one)).cloned().collect();
        let rests: Vec<Vec<String>> = chunks.iter().map(without).collect();
        let mut smaller = None;
        for (set, next) in
            chunks.iter().map(|set| (set, 2)).chain(rests.iter().map(|set| (set, parts - 1)))
        {
            if set.len() < kept.len()
                && let Some(seen) = search.bad(set)?
            {
                smaller = Some((set.clone(), next.max(2), seen));
                break;
            }
        }
        match smaller {
            Some((set, next, seen)) => (kept, parts, split) = (set, next, seen),
            None if parts >= kept.len() => break,
            None => parts = (2 * parts).min(kept.len()),
        }
    }
    Ok(Found { features: kept, split, sets: search.known.len(), failed: search.failed })
}

struct Search<'l> {
    look: &'l mut dyn FnMut(&[String]) -> Result<Sight>,
    known: BTreeMap<Vec<String>, Option<Split>>,
    failed: usize,
}

impl Search<'_> {
    fn bad(&mut self, set: &[String]) -> Result<Option<Split>> {
        if let Some(known) = self.known.get(set) {
            return Ok(known.clone());
        }
        let seen = match (self.look)(set)? {
            Sight::Differ(split) => Some(split),
            Sight::Agree => None,
            Sight::Skip => {
                self.failed += 1;
                None
            }
        };
        self.known.insert(set.to_vec(), seen.clone());
        Ok(seen)
    }
}

/// The command with these features and no others.
///
/// # Errors
/// If it is neither Cargo's nor says where the features go.
pub fn command(command: &[OsString], features: &[String]) -> Result<Vec<OsString>> {
    let list = features.join(",");
    let has_place = command.iter().any(|argument| argument.to_string_lossy().contains(PLACE));
    if has_place {
        let fill = |argument: &OsString| match argument.to_str() {
            Some(text) => text.replace(PLACE, &list).into(),
            None => argument.clone(),
        };
        return Ok(command.iter().map(fill).collect());
    }
    let program = command.first().context("a command is needed")?.to_string_lossy().into_owned();
    ensure!(
        program == "cargo" || program.ends_with("/cargo"),
        "put `{PLACE}` into the command where its features go"
    );
    let end = command.iter().position(|argument| argument == "--").unwrap_or(command.len());
    let mut new = command[..end].to_vec();
    new.push("--no-default-features".into());
    if !list.is_empty() {
        new.extend(["--features".into(), OsString::from(list)]);
    }
    new.extend_from_slice(&command[end..]);
    Ok(new)
}

/// The features that the packages of a workspace have, `default` excepted, as `cargo metadata`
/// says.
///
/// # Errors
/// If the text is not Cargo's, or there are none.
pub fn features(metadata: &str) -> Result<Vec<String>> {
    let value: serde_json::Value =
        serde_json::from_str(metadata).context("this is not what cargo metadata prints")?;
    let members = value["workspace_members"].as_array().cloned().unwrap_or_default();
    let packages = value["packages"].as_array().cloned().unwrap_or_default();
    let own: Vec<&serde_json::Value> =
        packages.iter().filter(|package| members.contains(&package["id"])).collect();
    let mut found = Vec::new();
    for package in &own {
        let names = package["features"]
            .as_object()
            .into_iter()
            .flat_map(|table| table.keys())
            .filter(|name| *name != "default");
        // In a workspace of several packages a feature is named with its package.
        let named = |name: &String| match (own.len(), package["name"].as_str()) {
            (2.., Some(package)) => format!("{package}/{name}"),
            _ => name.clone(),
        };
        found.extend(names.map(named));
    }
    found.sort();
    ensure!(!found.is_empty(), "the package has no features");
    Ok(found)
}
