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
    let missing = !std::process::Command::new(INSTALLED)
        .arg("--version")
        .stdout(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let reason = if missing { " (ignored: it is not installed)" } else { "" };
    let installed = [
        Trial::test(format!("{INSTALLED} shows modules around functions{reason}"), module_scope),
        Trial::test(format!("{INSTALLED} tells its errors{reason}"), errors),
    ];
    let installed = installed.map(|trial| trial.with_ignored_flag(missing));
    let trials = trials.into_iter().chain(installed).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A compiler of the system's.
const INSTALLED: &str = "clang-22";

/// Compiles a source with the system's compiler; the log, and what was said.
fn installed(source: &str, flags: &[&str]) -> Result<(PathBuf, bool, Vec<String>), Failed> {
    let name = format!("prova-installed-{}-{}", std::process::id(), flags.len() + source.len());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder)?;
    let (file, log) = (folder.join("x.c"), folder.join("x.log.gz"));
    std::fs::write(&file, source)?;
    let mut command: Vec<OsString> = vec![INSTALLED.into(), file.into(), "-o".into()];
    command.push(folder.join("x.o").into());
    command.extend(["--target=wasm32-wasip1", "-O2", "-c"].map(OsString::from));
    command.extend(flags.iter().map(OsString::from));
    let mut said = Vec::new();
    let mut say = |line: &str| said.push(line.to_owned());
    let recorded = passes::record_tool(&command, None, &log, &mut say)?;
    Ok((log, recorded.status.success(), said))
}

fn module_scope() -> Result<(), Failed> {
    let source = |step: u32| {
        format!(
            "int g(int x) {{ int s = 0; for (int i = 0; i < x; i++) s += i * x + s / {step}; return s; }}\nint f(int x) {{ return g(x) + 1; }}\nint h(int x) {{ return x * 3; }}\n"
        )
    };
    let scope = ["-mllvm", "-print-module-scope"];
    let (plain, ..) = installed(&source(7), &[])?;
    let (scoped, worked, said) = installed(&source(7), &scope)?;
    assert!(worked && said.is_empty(), "{said:?}");
    let (other, ..) = installed(&source(70), &scope)?;
    // The dumps of functions are the same parts as without the modules around them.
    let of_functions = |path: &Path| -> Result<Vec<(u64, u64, u64)>, Failed> {
        let mut parts = Vec::new();
        passes::record(&mut Log::open(path)?, &mut |part| {
            parts.push((part.pass, part.function, part.structure));
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(parts)
    };
    let (parts, in_scope) = (of_functions(&plain)?, of_functions(&scoped)?);
    let missing = parts.iter().filter(|part| !in_scope.contains(part)).count();
    assert!(missing * 20 < parts.len(), "{missing} of {} parts are not there", parts.len());
    let (mut a, mut b) = (Log::open(&scoped)?, Log::open(&other)?);
    let comparison = passes::compare(&mut a, &mut b)?;
    let names: Vec<&str> = comparison.differences.iter().map(|one| one.function.as_str()).collect();
    assert!(names.contains(&"g") && !names.contains(&"h"), "{names:?}");
    for log in [plain, scoped, other] {
        std::fs::remove_dir_all(log.parent().ok_or("it lies in a folder")?).ok();
    }
    Ok(())
}

fn errors() -> Result<(), Failed> {
    let source = "int g(void);\nint f(int x) { return y; }\n";
    let (log, worked, said) = installed(source, &["-Wall"])?;
    std::fs::remove_dir_all(log.parent().ok_or("it lies in a folder")?)?;
    assert!(!worked);
    let undeclared = "error: use of undeclared identifier 'y'";
    assert!(said.iter().any(|line| line.contains(undeclared)), "{said:?}");
    // A warning is kept although dumps follow, and no line of the dumps is.
    let source = "int f(int x) { int unused; return x; }\n";
    let (log, worked, said) = installed(source, &["-Wall", "-g"])?;
    std::fs::remove_dir_all(log.parent().ok_or("it lies in a folder")?)?;
    assert!(
        worked && said.iter().any(|line| line.contains("warning: unused variable")),
        "{said:?}"
    );
    let foreign = said.iter().find(|line| line.starts_with("define") || line.contains("IR Dump"));
    assert!(foreign.is_none() && said.len() < 10, "{said:?}");
    Ok(())
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
        let recorded = passes::record_tool(&command, None, &log, &mut |_| {})?;
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
