//! The case of two loops from its source, with the compilers that `compilers/clang.sh` fetches: 20
//! runs, two objects, the pass.
//!
//! Looked for in `PROVA_COMPILERS`, or where the script puts them; what is not there is reported
//! ignored, never ok. Green does not show that a compiler is deterministic: 20 runs of a split of
//! 26 : 14 are alike once in 5,000 times, and then this test fails.

use libtest_mimic::{Arguments, Failed, Trial};
use prova_builds::passes::{self, Log};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const RUNS: usize = 20;

/// Versions of clang, and how many objects they make of one source.
const COMPILERS: [(u32, usize); 3] = [(9, 2), (11, 1), (22, 1)];

fn main() {
    let trials = COMPILERS.map(|(version, outputs)| {
        let compiler = root().join(format!("clang-{version}/run/clang"));
        let missing = !compiler.exists();
        let reason = if missing { " (ignored: not fetched by compilers/clang.sh)" } else { "" };
        let name = format!("clang {version} makes {outputs} of two loops{reason}");
        Trial::test(name, move || two_loops(&compiler, version, outputs)).with_ignored_flag(missing)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn root() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = || std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let given = std::env::var_os("PROVA_COMPILERS").map(PathBuf::from);
    given.unwrap_or_else(|| cache().unwrap_or_default().join("prova-compilers"))
}

fn two_loops(compiler: &Path, version: u32, outputs: usize) -> Result<(), Failed> {
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/irreducible/two-loops.c");
    let folder = format!("prova-compilers-{version}-{}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    std::fs::create_dir_all(&folder)?;
    // Each object that came out, and the log of the first run that gave it.
    let mut objects: BTreeMap<Vec<u8>, PathBuf> = BTreeMap::new();
    for run in 0..RUNS {
        let (object, log) = (folder.join("two-loops.o"), folder.join(format!("{run}.log.gz")));
        let flags = ["--target=wasm32-unknown-unknown", "-O2", "-c"];
        let mut command: Vec<OsString> = vec![compiler.into()];
        command.extend(flags.map(OsString::from));
        command.extend([source.clone().into(), "-o".into(), object.clone().into()]);
        let recorded = passes::record_tool(&command, None, &log)?;
        assert!(recorded.known && recorded.status.success(), "{recorded:?}");
        objects.entry(std::fs::read(&object)?).or_insert(log);
    }
    assert_eq!(objects.len(), outputs, "outputs of {RUNS} runs");
    let logs: Vec<PathBuf> = objects.into_values().collect();
    let pair = [&logs[0], &logs[logs.len() - 1]];
    let (mut a, mut b) = (Log::open(pair[0])?, Log::open(pair[1])?);
    let comparison = passes::compare(&mut a, &mut b)?;
    if outputs == 1 {
        assert!(comparison.equal(), "{:?}", comparison.first());
    } else {
        let first = comparison.first().ok_or("the objects differ, and the logs do not")?;
        let textual = first.textual.as_ref().ok_or("no text differs")?;
        assert_eq!(first.function, "run");
        assert_eq!(textual.pass, "WebAssembly Fix Irreducible Control Flow");
        let evidence = passes::evidence(&comparison, &mut a, &mut b);
        let line = evidence[0].textual.as_ref().and_then(|line| line.a.as_ref());
        let (_, text) = line.ok_or("no line is shown")?;
        assert!(text.trim_start().starts_with("successors: "), "{text}");
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
