//! Changed entries of the cache → refused by the key, or by the check behind it, or run inside the
//! sandbox; and the next run has a good entry.
//!
//! ```text
//! a module ─ run, save ─► entry ─ change bytes ──────────────────► run: as bytecode does, and says why
//!                           └ change the parts, with the key ─► run: confined
//! ```
//!
//! `artifacts` makes the changes; `bad_input::supervise` runs the inputs in a separate process, so
//! a crash is a finding.
//!
//! # Demands
//! * M1. No panic, no crash; time and memory as `bad_input` has them.
//! * M2. Without the key: outcomes are those of bytecode, and a note names the entry.
//! * M3. With the key: an entry that is not changed is used. Where no function or way of it is
//!   used, outcomes are those of bytecode.
//! * M4. After M2, a run that saves leaves an entry that the next one uses, with the same outcomes.
//!
//! A green run does not show that accepted code stays in the sandbox where no access leaves it by
//! chance, nor anything about the system's files (`cache/tests`, `cli/tests/cache.rs`).

use crate::bounds::artifacts::{PROGRAM, changed, damaged, differ, outcomes};
use crate::bounds::bad_input::{self, Answer, Report};
use crate::generate::{Generator, Rng};
use prova_core::{
    CACHE_BYTES_DEFAULT, Cache, CacheName, Config, Engine, Error, Module, Translate, format_err,
};
use prova_native::NativeCompiler;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Inputs that are made of one program.
const CHANGES: u64 = 64;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A program, its entry, and what its calls do.
struct Base {
    number: u64,
    wasm: Vec<u8>,
    name: CacheName,
    /// The file of the entry, and the bytes that were stored in it.
    file: Vec<u8>,
    stored: Vec<u8>,
    expected: Vec<String>,
}

impl Base {
    fn new(folder: &Path, seed: u64, number: u64) -> Result<Base, Error> {
        let wasm = match number % 4 {
            0 => wat::parse_str(PROGRAM)?,
            _ => Generator::Smith.alone(seed, number, 6).wasm,
        };
        fs::remove_dir_all(folder).ok();
        let bytecode = engine(None)?;
        let wasm = match Module::new(&bytecode, &wasm) {
            Ok(_) => wasm,
            // Some of wasm-smith's modules use what no tier executes.
            Err(_) => wat::parse_str(PROGRAM)?,
        };
        let expected = outcomes(&bytecode, &Module::new(&bytecode, &wasm)?);
        let made = Module::new(&engine(Some(folder))?, &wasm)?.save_code()?;
        if !made {
            return Err(format_err!("nothing was saved"));
        }
        let cache = open(folder)?;
        let entries = cache.entries()?;
        let file = &entries.first().ok_or_else(|| format_err!("no entry"))?.file;
        let name = CacheName::of_file(file).ok_or_else(|| format_err!("no name: {file}"))?;
        let stored = cache.load(&name)?.ok_or_else(|| format_err!("no entry"))?;
        let file = fs::read(folder.join(file))?;
        Ok(Base { number, wasm, name, file, stored, expected })
    }
}

fn open(folder: &Path) -> Result<Cache, Error> {
    Ok(Cache::open(folder, CACHE_BYTES_DEFAULT)?)
}

/// An engine with a cache, or one without machine code.
fn engine(folder: Option<&Path>) -> Result<Engine, Error> {
    let mut config = Config::new();
    config.consume_fuel(true).deterministic(true).translate(Translate::Eager);
    config.max_wasm_stack(64 << 10);
    if let Some(folder) = folder {
        config.native(NativeCompiler::new()).cache(open(folder)?);
    }
    Engine::new(&config)
}

/// The outcomes of a run with the cache, the functions that had code of it, and its notes.
fn run(folder: &Path, base: &Base) -> Result<(Module, Vec<String>), String> {
    let engine = engine(Some(folder)).map_err(|error| error.to_string())?;
    let module = Module::new(&engine, &base.wasm).map_err(|error| error.to_string())?;
    let found = outcomes(&engine, &module);
    Ok((module, found))
}

/// Changes the entry's file, and runs (M2, M4).
fn without_key(folder: &Path, base: &Base, file: &[u8]) -> Result<Answer, String> {
    let path = folder.join(base.name.file());
    fs::write(&path, file).map_err(|error| error.to_string())?;
    let is_same = file == base.file;
    let (module, found) = run(folder, base)?;
    if found != base.expected {
        return Err(format!("without the key: {}", differ(&found, &base.expected)));
    }
    if is_same {
        return Ok(Answer::Accepted);
    }
    let tiers = module.tiers();
    if module.cache_notes().is_empty() || tiers.cached + tiers.cached_ways > 0 {
        return Err("a changed entry is used, or nothing is said".to_owned());
    }
    let is_saved = module.save_code().map_err(|error| format!("{error:#}"))?;
    let (module, found) = run(folder, base)?;
    let is_used = module.tiers().cached > 0 && module.cache_notes().is_empty();
    match is_saved && is_used && found == base.expected {
        true => Ok(Answer::Invalid),
        false => Err("the entry that was saved then is not used, or wrong".to_owned()),
    }
}

/// Stores other bytes under the entry's name, and runs (M3).
fn with_key(folder: &Path, base: &Base, stored: &[u8]) -> Result<Answer, String> {
    let cache = open(folder).map_err(|error| error.to_string())?;
    cache.store(&base.name, stored).map_err(|error| error.to_string())?;
    let (module, found) = run(folder, base)?;
    let tiers = module.tiers();
    // A way that is changed makes another program, too.
    let cached = tiers.cached + tiers.cached_ways;
    let is_same = stored == base.stored;
    if is_same && (tiers.cached == 0 || !module.cache_notes().is_empty()) {
        return Err("an entry that is as it was is not used".to_owned());
    }
    if (is_same || cached == 0) && found != base.expected {
        return Err(format!("{cached} pieces: {}", differ(&found, &base.expected)));
    }
    Ok(match (cached, found == base.expected) {
        (0, _) => Answer::Unsupported,
        (_, true) => Answer::Accepted,
        (_, false) => Answer::Limit,
    })
}

/// The worker: answers each input, says where it is, and reports.
///
/// # Errors
/// If its output is gone.
pub fn worker(seed: u64, first: u64, count: u64) -> std::io::Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut out = std::io::stdout().lock();
    let name = format!("prova-testing-cache-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    let (mut report, mut now, mut before) = (Report::default(), None::<Base>, Vec::new());
    for index in first..first + count {
        writeln!(out, "at {index}")?;
        out.flush()?;
        let number = index / CHANGES;
        if now.as_ref().is_none_or(|base| base.number != number) {
            before = now.take().map_or(Vec::new(), |base| base.stored);
            match Base::new(&folder.0, seed, number) {
                Ok(base) => now = Some(base),
                // A program without functions, or none that are machine code.
                Err(_) => continue,
            }
        }
        let Some(base) = &now else { continue };
        let mut rng = Rng::of(!seed, index);
        let is_keyed = rng.percent(50);
        let bytes = match is_keyed {
            true if rng.percent(5) => base.stored.clone(),
            true if before.is_empty() => changed(&mut rng, &base.stored, &base.stored),
            true => changed(&mut rng, &base.stored, &before),
            false => damaged(&mut rng, &base.file),
        };
        let answered = bad_input::measure(&bytes, |bytes| match is_keyed {
            true => with_key(&folder.0, base, bytes),
            false => without_key(&folder.0, base, bytes),
        });
        match answered {
            Ok((answer, cost)) => report.add(answer, &cost, bytes.len()),
            Err(complaint) => writeln!(out, "finding {}", complaint.replace('\n', " "))?,
        }
    }
    let [alike, _, keyed, none, other] = report.answers;
    let (time, memory) = (100.0 * report.time_part, 100.0 * report.memory_part);
    writeln!(
        out,
        "report {keyed} refused by the key, {alike} run alike, {none} with nothing of the \
         entry, {other} confined with other outcomes; at most {time:.0} % of the time allowed and \
         {memory:.0} % of the memory"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outcomes that are not those of bytecode are seen, whichever way the entry goes.
    #[test]
    fn each_demand_is_seen_to_be_broken() {
        let name = format!("prova-testing-cache-demands-{}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        let mut base = Base::new(&folder.0, 1, 0).expect("there is machine code");
        let (file, stored) = (base.file.clone(), base.stored.clone());
        assert_eq!(without_key(&folder.0, &base, &file), Ok(Answer::Accepted));
        assert_eq!(without_key(&folder.0, &base, &file[1..]), Ok(Answer::Invalid));
        assert_eq!(with_key(&folder.0, &base, &stored), Ok(Answer::Accepted));
        assert_eq!(with_key(&folder.0, &base, b"none"), Ok(Answer::Unsupported));
        base.expected[1] = "planted".to_owned();
        for complaint in [
            without_key(&folder.0, &base, &file[1..]).expect_err("other outcomes"),
            with_key(&folder.0, &base, &stored).expect_err("other outcomes"),
            with_key(&folder.0, &base, b"none").expect_err("other outcomes"),
        ] {
            assert!(complaint.contains("planted"), "{complaint}");
        }
    }
}
