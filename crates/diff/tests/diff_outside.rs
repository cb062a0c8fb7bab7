//! Tests that need more than the repository: pages in a browser, and the pair of chain runtimes.
//!
//! Without Chromium in `PATH` (or in `PROVA_CHROMIUM`), and without the folder that `PROVA_CASES`
//! names, the tests are *ignored* with the reason, never ok. Green does not show that other
//! browsers render the page, nor how it looks; time is not asked for, as tests run on loaded
//! machines (`benches/runs` has times).

use libtest_mimic::{Arguments, Failed, Trial};
use prova_diff::{DiffOptions, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let named = std::env::var_os("PROVA_CHROMIUM").map(PathBuf::from);
    let browser = named.unwrap_or_else(|| PathBuf::from("chromium"));
    let absent = Command::new(&browser).arg("--version").output().err();
    let page = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
        let reason = absent.as_ref().map(|error| format!(" (no browser: {error})"));
        let (browser, ignored) = (browser.clone(), reason.is_some());
        Trial::test(format!("{name}{}", reason.unwrap_or_default()), move || test(&browser))
            .with_ignored_flag(ignored)
    };
    let cases = std::env::var_os("PROVA_CASES").map(PathBuf::from);
    let reason = if cases.is_some() { "" } else { " (PROVA_CASES is not set)" };
    let ignored = cases.is_none();
    let run = move || siblings(&cases.unwrap_or_default());
    let trials = vec![
        page("pages of the cases load and show their cause", pages_load),
        page("search and filters hide and show", filters_work),
        page("the page opens with the causes and works with keys", keys_work),
        page("a page with an error in it is found out", errors_are_seen),
        page("hostile names run nothing", hostile_names),
        Trial::test(format!("siblings are told within a screen{reason}"), run)
            .with_ignored_flag(ignored),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn module(path: &Path) -> Result<Module, Failed> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Module::decode(bytes, &Features::default(), &Limits::default())?)
}

fn case(a: &str, b: &str) -> Result<Report, Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let options = DiffOptions { runs: 8, ..DiffOptions::default() };
    Ok(diff(&module(&folder.join(a))?, &module(&folder.join(b))?, &options))
}

/// Loads a page; gives the document as it stands at the end, and what was written to the console.
fn load(browser: &Path, name: &str, html: &str) -> Result<(String, Vec<String>), Failed> {
    let folder = std::env::temp_dir().join(format!("prova-page-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let page = folder.join("page.html");
    std::fs::write(&page, html)?;
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000"])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output()?;
    std::fs::remove_dir_all(&folder).ok();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = errors.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned);
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), console.collect()))
}

fn expect(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(what().into()) }
}

fn pages_load(browser: &Path) -> Result<(), Failed> {
    for (name, a, b, cause) in [
        ("states", "irreducible/a.wasm", "irreducible/b.wasm", "dispatcher states permuted"),
        (
            "seed",
            "feature-leak/leaky1.wasm",
            "feature-leak/leaky2.wasm",
            "random-looking bytes in .data",
        ),
        ("path", "path-shift/a.wasm", "path-shift/b.wasm", "path string grew by 25 bytes"),
    ] {
        let (document, console) = load(browser, name, &case(a, b)?.to_html())?;
        expect(console.is_empty(), || format!("{name}: {}", console.join("\n")))?;
        let visible = document.contains(cause) && document.contains("id=\"search\"");
        expect(visible, || format!("{name}: {document}"))?;
    }
    Ok(())
}

/// The page with a script that uses it as a reader does, and says what is to be seen.
fn driven(report: &Report, script: &str) -> String {
    let tell = "const seen=()=>[...document.querySelectorAll('details[data-verdict]:not(.hidden)')]
        .filter(e=>!e.closest('.cluster').classList.contains('hidden')).length;
        const type=t=>{search.value=t;search.dispatchEvent(new Event('input'))};
        const tick=(v,on)=>{const b=document.querySelector(`input[data-verdict=${v}]`);b.checked=on;b.dispatchEvent(new Event('change'))};
        const said=[];const say=()=>said.push(seen());";
    let script = format!("<script>{tell}{script};document.title=said.join(' ')</script></body>");
    report.to_html().replace("</body>", &script)
}

fn filters_work(browser: &Path) -> Result<(), Failed> {
    let report = case("path-shift/a.wasm", "path-shift/b.wasm")?;
    let all = report.differences.len();
    let of = |verdict| report.differences.iter().filter(|d| d.verdict == verdict).count();
    let (moved, path) = (of(Verdict::Moved), of(Verdict::Path));
    let script = "say();type('nothing has this in it');say();type('LENGTH of a string');say();type('');say();
        tick('moved',false);say();tick('path',false);say();tick('moved',true);say()";
    let (document, console) = load(browser, "filters", &driven(&report, script))?;
    expect(console.is_empty(), || console.join("\n"))?;
    let (no_moved, neither, no_path) = (all - moved, all - moved - path, all - path);
    let expected = format!("<title>{all} 0 1 {all} {no_moved} {neither} {no_path}</title>");
    let title = document.lines().find(|line| line.contains("<title>")).unwrap_or_default();
    expect(document.contains(&expected), || format!("{title}, and not {expected}"))?;
    // Code stands side by side: a row has a cell of each side.
    let (document, _) =
        load(browser, "sides", &case("irreducible/a.wasm", "irreducible/b.wasm")?.to_html())?;
    let row = document
        .lines()
        .any(|line| line.contains("</td><td class=\"a\"") && line.contains("</td><td class=\"b\""));
    expect(row, || document)
}

fn keys_work(browser: &Path) -> Result<(), Failed> {
    let report = case("path-shift/a.wasm", "path-shift/b.wasm")?;
    let script = "const press=(key,at=document.body)=>at.dispatchEvent(new KeyboardEvent('keydown',{key,bubbles:true}));
        said.push(document.querySelector('h1').nextElementSibling.id);
        said.push(document.querySelectorAll('#causes a').length);
        said.push([...document.querySelectorAll('details.follows')].filter(d=>d.open).length);
        press('j');said.push(document.activeElement.id);press('e',document.activeElement);
        said.push([...document.querySelectorAll('details')].filter(d=>!d.open).length);
        press('/');said.push(document.activeElement.id);type('nothing has this');press('Escape',search);say();
        const paper=()=>getComputedStyle(document.body).backgroundColor;const before=paper();press('t');
        said.push(before!==paper());press('t');said.push(before===paper());press('q');";
    let (document, console) = load(browser, "keys", &driven(&report, script))?;
    expect(console.is_empty(), || console.join("\n"))?;
    let (causes, all) = (report.clusters.len(), report.differences.len());
    let expected = format!("<title>causes {causes} 0 c1 0 search {all} true true</title>");
    let title = document.lines().find(|line| line.contains("<title>")).unwrap_or_default();
    expect(document.contains(&expected), || format!("{title}, and not {expected}"))
}

/// The rejecting twin: the console is heard.
fn errors_are_seen(browser: &Path) -> Result<(), Failed> {
    let report = case("path-shift/a.wasm", "path-shift/b.wasm")?;
    let (_, console) = load(browser, "error", &driven(&report, "undefined.planted()"))?;
    expect(console.len() == 1, || format!("{} lines of a planted error", console.len()))
}

fn hostile_names(browser: &Path) -> Result<(), Failed> {
    let name = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
    let text = |value: u32| {
        let name: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        format!(
            "(module $\"{name}\" (memory 1) (func $\"{name}\" (export \"{name}\") (result i32) i32.const {value} i32.load)
             (data $\"{name}\" (i32.const 64) \"/{name}/{value}\"))"
        )
    };
    let module = |value| -> Result<Module, Failed> {
        Ok(Module::decode(wat::parse_str(text(value))?, &Features::default(), &Limits::default())?)
    };
    let options = DiffOptions { names: (name.into(), name.into()), ..DiffOptions::default() };
    let report = diff(&module(7)?, &module(8)?, &options);
    let (document, console) = load(browser, "hostile", &report.to_html())?;
    expect(console.is_empty(), || console.join("\n"))?;
    let owned = document.contains("<title>owned") || document.contains("<img");
    expect(!owned && document.contains("constant changed"), || document)
}

fn siblings(folder: &Path) -> Result<(), Failed> {
    let folder = folder.join("siblings");
    let (a, b) = (
        module(&folder.join("polkadot-coretime.wasm"))?,
        module(&folder.join("kusama-coretime.wasm"))?,
    );
    let report = diff(&a, &b, &DiffOptions::default());
    let text = report.to_text();
    let head: Vec<&str> = text.lines().take(40).collect();
    for word in ["verdict", "changed", "moved", "functions only in A", "contents of .rodata differ"]
    {
        expect(head.iter().any(|line| line.contains(word)), || {
            format!("{word}: {}", head.join("\n"))
        })?;
    }
    expect(text.lines().count() < 2000, || format!("{} lines", text.lines().count()))?;
    expect(report.clusters.len() <= 40, || format!("{} clusters", report.clusters.len()))?;
    expect(report.to_html().len() < 5_000_000, || "a page of 5 MB".into())
}
