//! WASI reactors under `-w`: `_initialize` runs first, once, and is no longer exported. The
//! initialiser's name and whether it stays do not matter.
//!
//! [`ROWS`] are cases by hand; the product of names, further exports and options is held to the
//! rules of Wizer as [`expected`] writes them down.
//!
//! A green run does not show that a reactor of many constructors is initialised (`forth.c` is a
//! command): only a program of that kind would.

use super::{Place, prova, text};

/// A reactor: its constructor adds 4,096 to a global, its initialiser notes that, and `get` tells
/// both. `OTHER` stands for more exports of the constructor, `MORE` for what else there is.
const REACTOR: &str = r#"(module
    (global $sp (mut i32) (i32.const 0))
    (memory (export "memory") 1)
    (data (i32.const 0) "x")
    (func $constructor OTHER
        (global.set $sp (i32.add (global.get $sp) (i32.const 4096))))
    (func (export "wizer-initialize")
        (i32.store (i32.const 512) (i32.add (i32.load (i32.const 512)) (global.get $sp))))
    MORE
    (func (export "get") (result i32)
        (i32.add (i32.mul (i32.const 100000) (i32.load (i32.const 512))) (global.get $sp))))"#;

const IS: &str = r#"(export "_initialize")"#;

/// The name of an initialiser, further exports of the constructor, further fields, the options;
/// then the later result of `get` and the exported functions, or words of the refusal.
type Row =
    (&'static str, &'static str, &'static [&'static str], Result<[&'static str; 2], &'static str>);

const ROWS: &[Row] = &[
    (IS, "", &[], Ok(["409604096", "get"])),
    (IS, "", &["--init-only"], Ok(["409604096", "get"])),
    (IS, "", &["--keep-init-func"], Ok(["409604096", "get wizer-initialize"])),
    (IS, "", &["--keep-init-func", "--init-only"], Ok(["409604096", "get wizer-initialize"])),
    // `_initialize` is the initialiser: it runs once, and goes even if it is to stay.
    (IS, "", &["--init-func", "_initialize"], Ok(["4096", "get wizer-initialize"])),
    (
        IS,
        "",
        &["--init-func", "_initialize", "--keep-init-func"],
        Ok(["4096", "get wizer-initialize"]),
    ),
    // Another one.
    (
        IS,
        r#"(func (export "other") (i32.store (i32.const 512) (i32.const 7)))"#,
        &["--init-func", "other"],
        Ok(["704096", "get wizer-initialize"]),
    ),
    // Another name of the constructor is the program's own, and stays; one by which it is the
    // initialiser too does not make it run twice.
    (r#"(export "_initialize") (export "again")"#, "", &[], Ok(["409604096", "again get"])),
    (
        r#"(export "_initialize") (export "again")"#,
        "",
        &["--init-func", "again"],
        Ok(["4096", "get wizer-initialize"]),
    ),
    (
        r#"(export "_initialize") (export "again")"#,
        "",
        &["--init-func", "again", "--keep-init-func"],
        Ok(["4096", "again get wizer-initialize"]),
    ),
    // No reactor: nothing runs but the initialiser.
    (r#"(export "initialize")"#, "", &[], Ok(["0", "get initialize"])),
    ("", r#"(global (export "_initialize") i32 (i32.const 0))"#, &[], Ok(["0", "get"])),
    // A command keeps its start, or resumes elsewhere; a module may be both.
    (r#"(export "_start")"#, "", &[], Ok(["0", "_start get"])),
    (r#"(export "_start")"#, r#"(func (export "wizer.resume"))"#, &[], Ok(["0", "_start get"])),
    (IS, r#"(func (export "wizer.resume"))"#, &[], Ok(["409604096", "_start get"])),
    (IS, r#"(func (export "_start"))"#, &[], Ok(["409604096", "_start get"])),
    // Constructors that cannot be run.
    (
        "",
        r#"(func (export "_initialize") (param i32))"#,
        &[],
        Err("`_initialize` has parameters or results"),
    ),
    (
        "",
        r#"(func (export "_initialize") (result i32) (i32.const 0))"#,
        &["--init-func", "wizer-initialize"],
        Err("`_initialize` has parameters or results"),
    ),
    ("", r#"(func (export "_initialize") unreachable)"#, &[], Err("`_initialize` failed")),
    (
        "",
        r#"(func (export "_initialize") (loop $l (br $l)))"#,
        &["--fuel", "1000"],
        Err("`_initialize` and `wizer-initialize` have used up 1000 units"),
    ),
    // A start function runs before both, and is gone too.
    (IS, "(start $constructor)", &[], Ok(["819208192", "get"])),
    ("", "(start $constructor)", &[], Ok(["409604096", "get"])),
    (IS, "", &["--init-func", "none"], Err("there is no exported function `none`")),
];

/// The names of a module's exported functions, sorted.
fn exports(file: &str) -> String {
    let listed = text(&prova(&["inspect", "--json", file]).stdout);
    let json: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let functions = json["functions"].as_array().into_iter().flatten();
    let names = functions.filter_map(|one| one["exports"].as_array()).flatten();
    let mut names: Vec<&str> = names.filter_map(|name| name.as_str()).collect();
    names.sort_unstable();
    names.join(" ")
}

#[test]
fn reactors_are_initialised_once() {
    let place = Place::new("reactors");
    let (from, to) = (place.file("reactor.wat"), place.file("reactor.wasm"));
    for (names, more, options, expected) in ROWS {
        let module = REACTOR.replace("OTHER", names).replace("MORE", more);
        std::fs::write(&from, module).expect("a file");
        std::fs::remove_file(&to).ok();
        let made = prova(&[&["specialize", "-w", &from, "-o", &to], *options].concat());
        let (code, said) = (made.status.code(), text(&made.stderr));
        let row = format!("{names} {more} {options:?}: {said}");
        match expected {
            Ok([got, exported]) => {
                assert_eq!(code, Some(0), "{row}");
                assert_eq!(exports(&to), *exported, "{row}");
                // Each time, as nothing runs before it any more.
                for _ in 0..2 {
                    let out = prova(&["run", "--invoke", "get", &to]);
                    assert_eq!(text(&out.stdout).trim(), *got, "{row}");
                }
            }
            Err(words) => {
                assert_eq!(code, Some(1), "{row}");
                assert!(said.contains(words), "{row}");
                assert!(!std::path::Path::new(&to).exists(), "{row}");
            }
        }
    }
}

/// Every one in this number of the product runs, if `PROVA_EACH` does not say: a prime, so that all
/// values of each factor come up.
const EACH: usize = 7;

/// The names of the constructor in the product.
const NAMES: [&[&str]; 5] =
    [&[], &["_initialize"], &["_initialize", "again"], &["again"], &["initialize"]];
/// Further exported functions in the product: the name, and the body.
const MORE: [(&str, &str); 3] = [
    ("other", "(i32.store (i32.const 512) (i32.const 7))"),
    ("wizer.resume", ""),
    ("_start", "(global.set $sp (i32.const 1))"),
];
const INITIALISERS: [&str; 4] = ["wizer-initialize", "_initialize", "again", "other"];

/// The later result of `get` and the exported functions, or none if there is no such initialiser.
///
/// 1. `_initialize` runs first, then the initialiser, if that is another function.
/// 2. `_initialize` is exported no longer, nor is the initialiser, unless it is to stay.
/// 3. `wizer.resume` becomes `_start`, in the place of any other.
fn expected(
    names: &[&str],
    more: &[&str],
    initialiser: &str,
    keep: bool,
) -> Option<(String, String)> {
    let mut exports = [names, more, &["get", "wizer-initialize"]].concat();
    exports.contains(&initialiser).then_some(())?;
    let (mut sp, mut stored) = (0, 0);
    let first = exports.contains(&"_initialize").then_some("_initialize");
    if first.is_some() {
        sp += 4096;
    }
    match initialiser {
        "wizer-initialize" => stored += sp,
        "other" => stored = 7,
        _ if first.is_none() => sp += 4096,
        _ => {}
    }
    exports.retain(|name| *name != "_initialize" && (keep || *name != initialiser));
    if exports.contains(&"wizer.resume") {
        exports.retain(|name| *name != "_start");
    }
    let renamed = |name: &&str| if *name == "wizer.resume" { "_start" } else { *name }.to_owned();
    let mut exports: Vec<String> = exports.iter().map(renamed).collect();
    exports.sort_unstable();
    Some(((100_000 * stored + sp).to_string(), exports.join(" ")))
}

#[test]
fn any_reactor_is_initialised_as_wizer_does() {
    let place = Place::new("product");
    let (from, to) = (place.file("reactor.wat"), place.file("reactor.wasm"));
    let each = std::env::var("PROVA_EACH").ok().and_then(|each| each.parse().ok());
    let (mut wrong, mut count) = (Vec::new(), 0);
    for place in (0..NAMES.len() * 8 * INITIALISERS.len() * 4).step_by(each.unwrap_or(EACH)) {
        let (names, rest) = (NAMES[place % NAMES.len()], place / NAMES.len());
        let (chosen, rest) = (rest % 8, rest / 8);
        let (initialiser, rest) = (INITIALISERS[rest % 4], rest / 4);
        let (keep, init_only) = (rest % 2 == 1, rest / 2 == 1);
        let more = MORE.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
        let more: Vec<(&str, &str)> = more.map(|(_, more)| *more).collect();
        let exported = |name: &&str| format!("(export \"{name}\")");
        let funcs = more.iter().map(|(name, body)| format!("(func {} {body})", exported(name)));
        let module = REACTOR
            .replace("OTHER", &names.iter().map(exported).collect::<String>())
            .replace("MORE", &funcs.collect::<String>());
        std::fs::write(&from, module).expect("a file");
        std::fs::remove_file(&to).ok();
        let mut options = vec!["specialize", "-w", &from, "-o", &to, "--init-func", initialiser];
        options.extend(keep.then_some("--keep-init-func"));
        options.extend(init_only.then_some("--init-only"));
        let made = prova(&options);
        let more: Vec<&str> = more.iter().map(|(name, _)| *name).collect();
        let found = made.status.success().then(|| {
            let out = prova(&["run", "--invoke", "get", &to]);
            (text(&out.stdout).trim().to_owned(), exports(&to))
        });
        let right = expected(names, &more, initialiser, keep);
        count += 1;
        if found != right {
            wrong.push(format!("{names:?} {more:?} {:?}: {found:?}, not {right:?}", &options[5..]));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
