//! The user's cache of machine code: opened for `prova run`, kept from guests, and `prova cache`.
//!
//! Exit codes: 0; 1 if the folder is not the user's alone, or a file cannot be read or removed; 2
//! misuse. `tests/cache.rs` has outputs, and what others may put into the folder.

use crate::args::RunArgs;
use crate::report::{Exit, Misuse, Shown as _, present, print, printable, warn};
use clap::{Args, ValueEnum};
use prova_core::wasi::{FileId, Grant, Guard};
use prova_core::{
    CACHE_BYTES_DEFAULT, Cache, CacheGuard, CacheRemoved, Error, Module, Result, bail,
    default_cache_folder,
};
use prova_report::{Node, Table};
use serde_json::json;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Shows, prunes or clears the machine code that runs keep for later ones
#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// The folder, instead of the user's
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// With `prune`: how many bytes may stay
    #[arg(long, value_name = "BYTES", default_value_t = CACHE_BYTES_DEFAULT)]
    max_size: u64,
    /// Prints JSON, with `list`
    #[arg(long)]
    json: bool,
    /// The action
    #[arg(value_name = "ACTION")]
    action: Action,
}

/// The things to do with the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Prints the folder
    Dir,
    /// Lists the entries, the one that was used last first
    List,
    /// Removes entries, those that were not used for longest first, and what ended runs left
    Prune,
    /// Removes all entries and the key
    Clear,
}

/// Runs the command.
pub(crate) fn run(args: &CacheArgs) -> Result<Exit> {
    let folder = args.cache.clone().or_else(default_cache_folder);
    let Some(folder) = folder else {
        bail!(Misuse("there is no home folder: name a folder (`--cache DIR`)".into()));
    };
    if args.json && args.action != Action::List {
        bail!(Misuse("`--json` is for `prova cache list`".into()));
    }
    let open = || Cache::open(&folder, args.max_size).map_err(Error::new);
    match args.action {
        Action::Dir => print(&format!("{}\n", printable(&folder.display().to_string())))?,
        Action::List if !folder.exists() => present(&report(&folder, &[]), args.json)?,
        Action::List => present(&report(&folder, &entries(&open()?)?), args.json)?,
        Action::Prune if !folder.exists() => removed(CacheRemoved::default())?,
        Action::Prune => removed(open()?.prune(args.max_size)?)?,
        Action::Clear if !folder.exists() => removed(CacheRemoved::default())?,
        Action::Clear => removed(Cache::clear(&folder).map_err(Error::new)?)?,
    }
    Ok(Exit::Done)
}

/// Files and their bytes.
fn entries(cache: &Cache) -> Result<Vec<(String, u64)>> {
    Ok(cache.entries()?.into_iter().map(|entry| (entry.file, entry.bytes)).collect())
}

/// The most rows that are shown.
const ROWS: usize = 40;

fn report(folder: &Path, entries: &[(String, u64)]) -> Node {
    let bytes: u64 = entries.iter().map(|(_, bytes)| bytes).sum();
    let count = entries.len();
    let word = if count == 1 { "entry" } else { "entries" };
    let title = format!("{}: {count} {word}, {bytes} bytes", folder.shown());
    let mut table = Table { shown: Some(ROWS), ..Table::new("entries", &[">", ""]) };
    for (file, bytes) in entries {
        table.push([bytes.to_string(), file.clone()], false);
    }
    let members =
        json!({ "folder": folder.display().to_string(), "entries": entries.len(), "bytes": bytes });
    let node = Node::of("cache", title).with(members);
    if entries.is_empty() { node } else { node.with_table(table) }
}

fn removed(removed: CacheRemoved) -> Result<()> {
    let CacheRemoved { entries, bytes } = removed;
    print(&format!("removed: {entries} of the cache's entries, {bytes} bytes\n"))
}

/// The cache of a run, if it is to have one.
pub(crate) fn of_run(args: &RunArgs) -> Option<Cache> {
    if args.no_cache || !args.engine.takes_machine_code() {
        return None;
    }
    let folder = folder(args)?;
    match Cache::open(&folder, CACHE_BYTES_DEFAULT) {
        Ok(cache) => Some(cache),
        // A home that cannot be written is no news, where nobody asked for a cache.
        Err(refused) if refused.is_absent && args.cache.is_none() => None,
        Err(refused) => {
            warn(&printable(&format!("warning: the cache is not used: {refused}")));
            None
        }
    }
}

/// The folder of a run's cache, whether it is used or not.
fn folder(args: &RunArgs) -> Option<PathBuf> {
    args.cache.clone().or_else(default_cache_folder)
}

/// Writes what is new, and says what was wrong with what was there.
pub(crate) fn save(modules: &[Module]) {
    for module in modules {
        let saved = module.save_code().err();
        let saved = saved.map(|error| format!("warning: {error:#}"));
        let notes = module.cache_notes();
        let notes =
            notes.iter().map(|note| format!("warning: an entry of the cache is not used: {note}"));
        for line in notes.chain(saved) {
            warn(&printable(&line));
        }
    }
}

/// Folders of caches, and which directories they were when the run began. Another program may
/// remove one and make it anew while a guest runs.
pub(crate) struct Kept {
    folders: Vec<PathBuf>,
    at_start: Vec<FileId>,
}

impl Guard for Kept {
    fn inside(&self) -> Vec<FileId> {
        let now = self.folders.iter().filter_map(|folder| CacheGuard::of_file(folder));
        self.at_start.iter().copied().chain(now.map(id)).collect()
    }

    fn names(&self) -> Vec<(FileId, OsString)> {
        let guards = self.folders.iter().map(|folder| CacheGuard::of(folder));
        guards.flat_map(|guard| guard.names).map(|(at, name)| (id(at), name)).collect()
    }
}

fn id(id: prova_core::CacheFileId) -> FileId {
    FileId { device: id.device, number: id.number }
}

/// The places that no guest reaches, with any grant: the user's cache and the run's.
///
/// # Errors
/// [`Misuse`] if a granted directory is one of them.
pub(crate) fn kept_from_guests(own: Option<&Path>, dirs: &[Grant]) -> Result<Kept> {
    let own = own.and_then(|own| std::path::absolute(own).ok());
    let folders: Vec<PathBuf> = [own, default_cache_folder()].into_iter().flatten().collect();
    let mut at_start = Vec::new();
    for folder in &folders {
        let Some(found) = CacheGuard::of_file(folder) else { continue };
        for dir in dirs {
            let host = dir.host();
            if CacheGuard::of_file(Path::new(host)) == Some(found) {
                bail!(Misuse(format!(
                    "`--dir {host}`: that is the folder of the cache, which no guest gets"
                )));
            }
        }
        at_start.push(id(found));
    }
    Ok(Kept { folders, at_start })
}
