//! Options and commands that users of other engines type: they work, or say what there is instead.

use crate::common::{DEMO, Scratch};
use std::path::Path;
use std::process::Command;

/// Exit code, standard output and standard error of the program, run in a folder.
fn prova(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let program = env!("CARGO_BIN_EXE_prova");
    let output = Command::new(program).args(args).current_dir(folder).env("SEEN", "yes").output();
    let output = output.expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn with_demo(test: &str) -> Scratch {
    let folder = Scratch::new(test);
    std::fs::write(folder.0.join("demo.wat"), DEMO).expect("it can be written");
    folder
}

#[test]
fn arguments_stand_in_parentheses_or_behind_the_module() {
    let folder = with_demo("habits-invoke");
    for args in
        [&["--invoke", "add(3, -5)", "demo.wat"][..], &["--invoke", "add", "demo.wat", "3", "-5"]]
    {
        assert_eq!(prova(&folder.0, args), (0, "-2\n0.5\n".into(), String::new()), "{args:?}");
    }
    assert_eq!(prova(&folder.0, &["--invoke", "outer()", "demo.wat"]).0, 134);
    let (code, _, error) = prova(&folder.0, &["--invoke", "add(1, 2)", "demo.wat", "3"]);
    assert!(code == 2 && error.contains("behind the module as well"), "{error}");
    let (code, _, error) = prova(&folder.0, &["--invoke", "add(1)", "demo.wat"]);
    assert!(code == 1 && error.contains("it takes 2, got 1"), "{error}");
}

#[test]
fn options_come_from_a_file_and_the_command_line_goes_first() {
    let folder = with_demo("habits-config");
    let write = |text: &str| std::fs::write(folder.0.join("c.toml"), text).expect("written");
    let spin = |more: &[&str]| {
        let args = [&["--config", "c.toml"][..], more, &["--invoke", "spin", "demo.wat"]].concat();
        prova(&folder.0, &args)
    };
    write(
        "[wasm]\nfuel = 100\nsimd = true\n[codegen]\ncache = false\n[debug]\n[wasi]\n[optimize]\ndispatch = \"match\"\n",
    );
    let (code, _, error) = spin(&[]);
    assert!(code == 134 && error.contains("all fuel consumed"), "{error}");
    // The command line has another limit, and the file's fuel does not stop it.
    let fuel = ["-W", "fuel=10000000000", "-W", "timeout=200ms"];
    let (code, _, error) = spin(&fuel);
    assert!(code == 134 && error.contains("interrupt"), "{error}");
    for (text, words) in [
        ("[wasm]\nfule = 1\n", "there is no such key; `fuel` is near"),
        ("[wsam]\nfuel = 1\n", "there is no group `wsam`"),
        ("wasm = 3\n", "`wasm` is to be a table"),
        ("[wasm]\nfuel = [1]\n", "`wasm.fuel` is to be a string, a number, or true or false"),
        ("[wasm]\nfuel = \"1,timeout=1\"\n", "`wasm.fuel` is to be"),
        ("[wasm\n", "--config c.toml"),
    ] {
        write(text);
        let (code, _, error) = spin(&[]);
        assert!(code == 2 && error.contains(words), "{text}: {error}");
    }
    std::fs::write(folder.0.join("c.toml"), vec![b'#'; (1 << 20) + 1]).expect("written");
    let (code, _, error) = spin(&[]);
    assert!(code == 2 && error.contains("more than 1048576 bytes"), "{error}");
}

#[test]
fn keys_and_commands_of_others_say_what_there_is_instead() {
    let folder = with_demo("habits-keys");
    for (args, code, words) in [
        (&["-g", "demo.wat"][..], 2, "it must be a port such as 1234"),
        (&["-D", "debug-info", "demo.wat"], 2, "there is nothing to choose"),
        (&["-O", "opt-level=2", "demo.wat"], 2, "`prova settings` lists them"),
        (&["-C", "pcc", "demo.wat"], 2, "all machine code is checked"),
        (&["-C", "compiler=winch", "demo.wat"], 2, "`--tier` chooses"),
        (&["-C", "cache=n", "--cache", "x", "demo.wat"], 2, "say different things"),
        (&["-S", "tcp=y", "demo.wat"], 2, "a guest gets no network"),
        (&["-D", "coredump", "demo.wat"], 2, "it needs the name of a file"),
        (&["-W", "component-model", "demo.wat"], 2, "components do not run here"),
        (&["--profile", "guest", "--tier", "native", "demo.wat"], 2, "machine code is not sampled"),
        (&["--profile", "guest,p.json,1ns", "demo.wat"], 2, "at least `10us`"),
        (&["--profile", "guest,p.json,often", "demo.wat"], 2, "a duration such as `10ms`"),
        (&["--profile", "guest,", "demo.wat"], 2, "it must be guest[,FILE[,INTERVAL]]"),
        (&["--profile", "guest,demo.wat", "demo.wat"], 2, "name another file"),
        (&["--profile=jitdump", "-O", "perf-map", "demo.wat"], 2, "`perf` reads one of them"),
        (&["--profile", "gues", "demo.wat"], 2, "the strategy is `guest`, `perfmap` or `jitdump`"),
        (&["--profile", "perfmap", "-O", "perf-map", "demo.wat"], 2, "more than once"),
        (&["serve", "demo.wat"], 1, "there is no command `serve`: it answers HTTP by components"),
    ] {
        let (found, _, error) = prova(&folder.0, args);
        assert!(found == code && error.contains(words), "{args:?}: {found} {error}");
    }
    for group in ["-W", "-O", "-S", "-C", "-D"] {
        let (code, text, _) = prova(&folder.0, &[group, "help"]);
        let line = |line: &str| line.starts_with(&format!("{group} "));
        assert!(code == 0 && text.lines().count() > 1 && text.lines().all(line), "{text}");
    }
}

#[test]
fn what_is_missing_is_listed_at_once() {
    let folder = Scratch::new("habits-missing");
    let text = r#"(module (import "a" "f" (func (param i32) (result i64))) (import "a" "m" (memory 1))
        (import "b" "g" (global (mut i32))) (import "b" "t" (table 1 2 funcref)) (import "b" "e" (tag (param i32))))"#;
    std::fs::write(folder.0.join("m.wat"), text).expect("it can be written");
    let (code, _, error) = prova(&folder.0, &["m.wat"]);
    let list = "    unknown import: `a::f` has not been defined
    all that are not defined:
      `a::f`: func(i32) -> (i64)
      `a::m`: memory 1..
      `b::g`: global (mut i32)
      `b::t`: table 1..2 funcref
      `b::e`: tag(i32)
";
    assert!(code == 1 && error.contains(list), "{error}");
    let long = "x".repeat(100_000);
    let text =
        format!("(module (import \"a\" \"{long}\" (func)) (import \"{long}\" \"b\" (func)))");
    std::fs::write(folder.0.join("m.wat"), text).expect("written");
    let (_, _, error) = prova(&folder.0, &["m.wat"]);
    let cut = "xxx… (100000 characters)`: func() -> ()";
    assert!(error.len() < 2000 && error.contains(cut), "{}", error.len());
    let many: String = (0..30).map(|i| format!("(import \"a\" \"f{i}\" (func))")).collect();
    std::fs::write(folder.0.join("m.wat"), format!("(module {many})")).expect("written");
    let (_, _, error) = prova(&folder.0, &["m.wat"]);
    assert!(error.contains("`a::f20`: func() -> ()\n      and 9 more\n"), "{error}");
}

#[test]
fn a_component_says_what_it_is() {
    let folder = Scratch::new("habits-component");
    for (text, words) in [
        (
            "(component)",
            "`c.wat` is a component, and components do not run here, only core modules with WASI preview 1: it has 0 core modules",
        ),
        (
            "(component (core module (func)))",
            "`prova opt --passes none c.wat -o core.wasm` takes out",
        ),
        (
            "(component (core module) (core module))",
            "it has 2 core modules (`prova inspect c.wat` lists them)",
        ),
    ] {
        std::fs::write(folder.0.join("c.wat"), text).expect("it can be written");
        let (code, _, error) = prova(&folder.0, &["c.wat"]);
        assert!(code == 1 && error.contains(words) && error.contains("wasm32-wasip1"), "{error}");
    }
    std::fs::write(folder.0.join("c.wat"), "(component (core module (func (export \"f\"))))")
        .expect("written");
    let taken = ["opt", "--passes", "none", "c.wat", "-o", "core.wasm"];
    assert_eq!(prova(&folder.0, &taken).0, 0);
    assert_eq!(prova(&folder.0, &["--invoke", "f()", "core.wasm"]).0, 0);
}

#[test]
fn a_coredump_is_written_at_a_trap_and_at_nothing_else() {
    let folder = with_demo("habits-coredump");
    let (code, _, error) =
        prova(&folder.0, &["-D", "coredump=core", "--invoke", "outer", "demo.wat"]);
    assert!(code == 134 && error.contains("note: the state at the trap is in `core`"), "{error}");
    let dump = std::fs::read(folder.0.join("core")).expect("it was written");
    assert!(dump.starts_with(b"\0asm"));
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&dump) {
        if let wasmparser::Payload::CustomSection(section) = payload.expect("a module") {
            match section.as_known() {
                wasmparser::KnownCustom::CoreDump(core) => assert_eq!(core.name, "demo.wat"),
                wasmparser::KnownCustom::CoreDumpStack(stack) => {
                    let frames: Vec<u32> = stack.frames.iter().map(|frame| frame.funcidx).collect();
                    assert_eq!(frames, [12, 11, 10]);
                }
                wasmparser::KnownCustom::CoreDumpModules(modules) => {
                    assert_eq!(modules.modules.len(), 1);
                }
                wasmparser::KnownCustom::CoreDumpInstances(instances) => {
                    assert_eq!(instances.instances.len(), 1);
                }
                _ => continue,
            }
            names.push(section.name());
        }
    }
    assert_eq!(names.len(), 4, "{names:?}");
    std::fs::remove_file(folder.0.join("core")).expect("it is there");
    let over = prova(&folder.0, &["-D", "coredump=demo.wat", "--invoke", "outer", "demo.wat"]);
    assert!(over.0 == 2 && over.2.contains("name another file"), "{}", over.2);
    let full = prova(&folder.0, &["-D", "coredump=/dev/full", "--invoke", "outer", "demo.wat"]);
    let said = full.2.contains("warning: failed to write `/dev/full`");
    assert!(cfg!(not(target_os = "linux")) || said, "{}", full.2);
    assert!(full.0 == 134 && full.2.contains("wasm `unreachable`"), "{}", full.2);
    for args in [&["--invoke", "add(1, 2)"][..], &["--invoke", "exit(3)"]] {
        prova(&folder.0, &[&["-D", "coredump=core"], args, &["demo.wat"]].concat());
        assert!(!folder.0.join("core").exists(), "{args:?}");
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn a_folder_can_be_granted_for_reading_alone() {
    let folder = Scratch::new("habits-ro");
    std::fs::write(folder.0.join("opens.wat"), crate::common::OPENS).expect("written");
    std::fs::create_dir_all(folder.0.join("d")).expect("it can be made");
    std::fs::write(folder.0.join("d/a"), "x").expect("written");
    let run = |dir: &str, names: &[&str]| {
        prova(&folder.0, &[&["--dir", dir, "opens.wat"], names].concat()).0
    };
    // 69 is EROFS.
    assert_eq!(run("d::/d::ro", &["a"]), 0);
    assert_eq!(run("d::/d::ro", &["a", "b"]), 69);
    assert!(folder.0.join("d/a").exists());
    assert_eq!(run("d::/d", &["a", "b"]), 0);
    assert!(folder.0.join("d/b").exists());
}

#[test]
fn variables_are_passed_on_when_that_is_asked_for() {
    let folder = Scratch::new("habits-env");
    let text = r#"(module
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "count") (result i32)
            (drop (call $sizes (i32.const 0) (i32.const 4))) (i32.load (i32.const 0))))"#;
    std::fs::write(folder.0.join("env.wat"), text).expect("written");
    let count = |more: &[&str]| {
        let args = [more, &["--invoke", "count", "env.wat"]].concat();
        prova(&folder.0, &args).1.trim().parse::<usize>().expect("a number")
    };
    let all = std::env::vars_os().filter(|(name, _)| name != "SEEN").count() + 1;
    assert_eq!(
        (count(&[]), count(&["-S", "inherit-env"]), count(&["-S", "inherit-env=n"])),
        (0, all, 0)
    );
    let (code, _, error) = prova(&folder.0, &["trace", "-S", "inherit-env", "env.wat"]);
    assert!(code == 2 && error.contains("by `--env` alone"), "{error}");
}

#[test]
fn shells_and_man_get_what_they_want() {
    let folder = Scratch::new("habits-shells");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, text, _) = prova(&folder.0, &["completions", shell]);
        assert!(
            code == 0 && text.contains("check-code") && text.contains("deterministic"),
            "{shell}"
        );
    }
    assert_eq!(prova(&folder.0, &["man", "pages"]).0, 0);
    let (_, help, _) = prova(&folder.0, &["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let mut count = 0;
    for command in
        commands.filter_map(|line| line.split_whitespace().next()).filter(|c| *c != "help")
    {
        let page = std::fs::read_to_string(folder.0.join(format!("pages/prova-{command}.1")));
        assert!(page.is_ok_and(|page| page.contains(".SH NAME")), "{command}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}

/// Names of a module are data on its page: none is an element, and none turns the text around.
#[test]
fn names_on_a_page_are_data() {
    let folder = Scratch::new("habits-explore-hostile");
    let hostile = include_str!("explore/hostile.wat");
    std::fs::write(folder.0.join("hostile.wat"), hostile).expect("it can be written");
    let (code, _, error) = prova(&folder.0, &["explore", "hostile.wat", "-o", "page.html"]);
    assert_eq!(code, 0, "{error}");
    let page = std::fs::read_to_string(folder.0.join("page.html")).expect("it was written");
    assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\r']));
    for part in
        ["&lt;/script&gt;&lt;script&gt;", "&quot;&lt;b&gt;&amp;", "\\u{202e}", "default-src"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let elements: std::collections::BTreeSet<&str> = page
        .split('<')
        .skip(1)
        .map(|element| element.split([' ', '>']).next().unwrap_or_default())
        .map(|element| element.trim_start_matches('/'))
        // A function that lacks a column says so in a paragraph.
        .filter(|element| *element != "p")
        .collect();
    let known = [
        "!DOCTYPE", "body", "h1", "h2", "head", "html", "meta", "section", "style", "table",
        "tbody", "td", "th", "thead", "title", "tr",
    ];
    assert_eq!(elements.into_iter().collect::<Vec<_>>(), known);
}

/// The rows that have something in each column.
#[test]
fn a_page_has_source_bytecode_and_machine_code_side_by_side() {
    let folder = Scratch::new("habits-explore");
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../symbols/tests/modules/cpp5.wasm");
    let out = folder.0.join("page.html");
    let page = out.to_str().expect("it is text");
    let (code, _, error) = prova(&folder.0, &["explore", module, "-o", page]);
    assert!(code == 0 && error.contains("page written"), "{error}");
    let text = std::fs::read_to_string(&out).expect("it was written");
    for part in ["geometry::worst", "shapes.cpp:9", "i32.div_s", "stop"] {
        assert!(text.contains(part), "{part}");
    }
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    assert!(text.contains("idiv"));
    assert_eq!(text.matches("<h2>").count(), 3);
    assert!(text.contains("<body class=\"wide\">"));
    let (code, _, error) = prova(&folder.0, &["explore", module, "--function", "none"]);
    assert_eq!(code, 2, "{error}");
    let (code, _, error) = prova(&folder.0, &["explore", module, "-o", module]);
    assert!(code == 2 && error.contains("name another file"), "{error}");
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn machine_code_is_shown_from_modules_and_files() {
    let folder = with_demo("habits-objdump");
    assert_eq!(prova(&folder.0, &["compile", "demo.wat", "-o", "demo.prova"]).0, 0);
    let (code, of_module, _) = prova(&folder.0, &["objdump", "demo.wat"]);
    let (also, of_file, _) = prova(&folder.0, &["objdump", "demo.prova"]);
    assert_eq!((code, also), (0, 0));
    // A file has the operators of instructions that may trap alone.
    let code = |text: &str| {
        let line = |line: &str| match line.strip_prefix("0x") {
            Some(rest) => rest.split_once(' ').map_or("", |(_, code)| code).trim_start().to_owned(),
            None => line.trim_start().to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>()
    };
    assert_eq!(code(&of_module), code(&of_file));
    assert_eq!(of_module.matches("accepted: func").count(), 14);
    // A byte of the code is another: the file has no such code any more, or it is refused.
    let mut bytes = std::fs::read(folder.0.join("demo.prova")).expect("it was written");
    let prologue = [0x55, 0x48, 0x89, 0xe5];
    let at = bytes.windows(4).position(|window| window == prologue).expect("a function");
    bytes[at + 3] ^= 1;
    std::fs::write(folder.0.join("demo.prova"), bytes).expect("written");
    let (code, text, error) = prova(&folder.0, &["objdump", "demo.prova"]);
    assert!(
        code == 1 && error.contains("func4 _start: the code in the file is damaged"),
        "{error}"
    );
    assert_eq!(text.matches("accepted: func").count(), 13);
    let (_, text, _) = prova(&folder.0, &["settings"]);
    assert!(text.contains("has_avx2") && text.contains("opt_level"), "{text}");
}

/// A run that a timeout ends is sampled up to there; its profile is written before its error.
#[test]
fn a_run_is_sampled_for_the_firefox_profiler() {
    let folder = with_demo("habits-profile");
    let limits = ["-W", "timeout=300ms", "--invoke", "spin", "demo.wat"];
    for tier in ["auto", "interp", "reference"] {
        let args = [&["--tier", tier, "--profile", "guest,p.json,1ms"][..], &limits].concat();
        let (code, _, told) = prova(&folder.0, &args);
        assert!(code == 134 && told.contains("note: the profile is in `p.json`"), "{tier}: {told}");
        let text = std::fs::read(folder.0.join("p.json")).expect("the profile");
        let profile: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let thread = &profile["threads"][0];
        let samples = thread["samples"]["stack"].as_array().expect("samples").len();
        let names = thread["stringArray"].as_array().expect("names");
        let spins =
            names.iter().filter_map(|name| name.as_str()).any(|name| name.starts_with("spin"));
        assert!(samples > 10 && spins, "{tier}: {samples} samples of {names:?}");
    }
    let (code, _, told) =
        prova(&folder.0, &["--profile", "guest,/dev/full", "--invoke", "add(1, 2)", "demo.wat"]);
    assert!(
        cfg!(not(target_os = "linux")) || code == 1 && told.contains("failed to write"),
        "{told}"
    );
    // A file that cannot be made is known before the run.
    let nowhere = ["--profile", "guest,none/p.json", "--invoke", "add(1, 2)", "demo.wat"];
    let (code, printed, told) = prova(&folder.0, &nowhere);
    assert!(code == 1 && printed.is_empty() && told.contains("failed to write"), "{printed}{told}");
}

/// The dump that `perf inject --jit` reads: a header, and a record with name and bytes for each
/// piece of code, one behind the other up to the end.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn machine_code_is_dumped_for_perf() {
    let folder = with_demo("habits-jitdump");
    let args = ["--tier", "native", "--profile", "jitdump", "--no-cache", "--invoke", "add(1, 2)"];
    let (code, _, told) = prova(&folder.0, &[&args[..], &["demo.wat"]].concat());
    assert_eq!(code, 0, "{told}");
    let files =
        std::fs::read_dir(&folder.0).expect("the folder").map(|entry| entry.expect("one").path());
    let dump = files.into_iter().find(|file| file.extension().is_some_and(|end| end == "dump"));
    let bytes = std::fs::read(dump.expect("a dump")).expect("it is read");
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four")) as usize;
    assert_eq!((&bytes[..4], word(8)), (&b"DTiJ"[..], 40));
    let (mut at, mut names) = (40, Vec::new());
    while at < bytes.len() {
        let (kind, length, code_bytes) = (word(at), word(at + 4), word(at + 40));
        let name = bytes[at + 56..].split(|byte| *byte == 0).next().expect("a name");
        assert_eq!((kind, length), (0, 57 + name.len() + code_bytes));
        names.push(String::from_utf8_lossy(name).into_owned());
        at += length;
    }
    assert_eq!(at, bytes.len());
    assert!(names.iter().any(|name| name.ends_with("!add")), "{names:?}");
}
