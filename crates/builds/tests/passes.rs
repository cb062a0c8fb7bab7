//! Logs of passes: the case of two loops, each format, and logs that are not what they should be.
//!
//! `README.md` says what green does not show.

use prova_builds::passes::{self, Comparison, Fate, Log, Part, Side};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;

fn case(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/irreducible").join(name)
}

fn open(name: &str) -> Log {
    Log::open(&case(name)).expect("the case is carried")
}

fn text_of(name: &str) -> String {
    let mut text = String::new();
    open(name).read_to_string(&mut text).expect("the case is text");
    text
}

fn compare(a: &str, b: &str) -> Comparison {
    passes::compare(&mut a.as_bytes(), &mut b.as_bytes()).expect("the logs can be read")
}

fn text(comparison: &Comparison) -> String {
    passes::report(comparison, &[], ["a", "b"]).to_text()
}

fn parts(log: &str) -> (Vec<Part>, passes::Names) {
    let mut parts = Vec::new();
    let (names, _) = passes::record(&mut log.as_bytes(), &mut |part| {
        parts.push(part);
        ControlFlow::Continue(())
    })
    .expect("the log can be read");
    (parts, names)
}

/// One dump of a function as a legacy pass manager prints it.
fn dump(pass: &str, function: &str, body: &str) -> String {
    format!("*** IR Dump After {pass} ***\ndefine i32 @{function}(i32 %0) {{\n{body}\n}}\n")
}

#[test]
fn the_case_of_two_loops() {
    let (mut a, mut b) = (open("a.log.gz"), open("b.log.gz"));
    let comparison = passes::compare(&mut a, &mut b).expect("the logs can be read");
    assert_eq!(comparison.endings.map(|ending| ending.dumps), [171, 171]);
    assert_eq!(comparison.differences.len(), 1);
    let first = comparison.first().expect("they differ");
    assert_eq!(first.function, "run");
    assert_eq!(first.fate, Fate::Stays);
    for divergence in [&first.textual, &first.structural] {
        let divergence = divergence.as_ref().expect("in text and in structure");
        assert_eq!(divergence.pass, "WebAssembly Fix Irreducible Control Flow");
        assert_eq!((divergence.a.place.dump, divergence.b.place.dump), (153, 153));
        assert_eq!((divergence.a.place.line, divergence.b.place.line), (9184, 9184));
    }
    let evidence = passes::evidence(&comparison, &mut a, &mut b);
    let line = evidence[0].textual.as_ref().expect("the line is found");
    let (a_line, b_line) = (line.a.as_ref().expect("in A"), line.b.as_ref().expect("in B"));
    assert_eq!((a_line.0, b_line.0), (9208, 9208));
    assert!(
        a_line.1.trim_start().starts_with("successors: %bb.3(0x20000000), %bb.21("),
        "{a_line:?}"
    );
    assert!(
        b_line.1.trim_start().starts_with("successors: %bb.3(0x20000000), %bb.17("),
        "{b_line:?}"
    );
    let report = passes::report(&comparison, &evidence, ["a", "b"]).to_text();
    let expected = "first: dump 153, WebAssembly Fix Irreducible Control Flow, function `run`";
    assert!(report.contains(expected), "{report}");
    let json = serde_json::json!(passes::report(&comparison, &evidence, ["a", "b"]));
    assert_eq!(json["children"][0]["children"][0]["textual"]["dump_a"], 153);
}

#[test]
fn equal_logs_are_equal() {
    let (mut a, mut b) = (open("a.log.gz"), open("a.log.gz"));
    let comparison = passes::compare(&mut a, &mut b).expect("the logs can be read");
    assert!(comparison.equal() && !comparison.partial());
    // 15 dumps of modules give a part for the function and one for the rest.
    assert!(comparison.equal > 171, "{}", comparison.equal);
    assert!(passes::report(&comparison, &[], ["a", "a"]).to_text().contains("equal: every dump"));
}

#[test]
fn the_bodies_can_be_printed() {
    let (mut a, mut b) = (open("a.log.gz"), open("b.log.gz"));
    let comparison = passes::compare(&mut a, &mut b).expect("the logs can be read");
    let divergence = comparison.differences[0].textual.as_ref().expect("they differ");
    let body_a = passes::body(&mut a, &divergence.a).expect("it is there");
    let body_b = passes::body(&mut b, &divergence.b).expect("it is there");
    assert!(
        body_a.lines.iter().any(|(_, line)| line.starts_with("# Machine code for function run:"))
    );
    assert!(body_a.lines.last().is_some_and(|(_, line)| line.starts_with("# End machine code")));
    let unified = passes::unified(&body_a, &body_b, 3);
    assert!(unified.contains("\n-  BR_TABLE_I32 %11:i32, %bb.3, %bb.21, %bb.17,"), "{unified}");
    assert!(unified.contains("\n+  BR_TABLE_I32 %11:i32, %bb.3, %bb.17, %bb.20,"), "{unified}");
    // Taking the `-` lines away and the signs off gives B, where nothing is left out.
    let whole = passes::unified(&body_a, &body_b, usize::MAX / 2);
    let of = |sign: char| -> Vec<String> {
        whole
            .lines()
            .filter(|line| !line.starts_with(sign))
            .map(|line| line[1..].to_owned())
            .collect()
    };
    let lines =
        |body: &passes::Body| body.lines.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>();
    assert_eq!(of('-'), lines(&body_b));
    assert_eq!(of('+'), lines(&body_a));
}

/// Headers of one pass sequence as different versions of LLVM print them, with the bodies that
/// belong to them.
fn formats() -> Vec<(&'static str, String)> {
    let function = "define i32 @run(i32 %0) {\n  ret i32 %0\n}\n";
    let module = format!(
        "; ModuleID = 'x.c'\nsource_filename = \"x.c\"\n\n{function}\ndeclare i32 @step(i32)\n"
    );
    let machine = "# Machine code for function run: IsSSA\n\nbb.0:\n  RETURN %0:i32\n\n# End machine code for function run.\n\n";
    let sequence = |ir: &str, of_module: &str, mir: &str| {
        format!("{of_module}\n{module}{ir}\n{function}{mir}\n{machine}")
    };
    vec![
        (
            "9",
            sequence(
                "*** IR Dump After CFG ***",
                "*** IR Dump After Module ***",
                "# *** IR Dump After Isel ***:",
            ),
        ),
        (
            "11",
            sequence(
                "*** IR Dump After CFG ***; Function Attrs: nounwind",
                "*** IR Dump After Module ***; ModuleID = 'x.c'",
                "# *** IR Dump After Isel ***:",
            ),
        ),
        (
            "12",
            sequence(
                "*** IR Dump After CFG *** (function: run)",
                "*** IR Dump After Module ***",
                "# *** IR Dump After Isel ***:",
            ),
        ),
        (
            "14",
            sequence(
                "*** IR Dump After CFG on run ***",
                "*** IR Dump After Module on [module] ***",
                "# *** IR Dump After Isel (isel) ***:",
            ),
        ),
        (
            "16",
            sequence(
                "*** IR Dump After CFG on (run) ***",
                "*** IR Dump After Module on [module] ***",
                "# *** IR Dump After Isel (isel) ***:",
            ),
        ),
        (
            "19",
            sequence(
                "; *** IR Dump After CFG on run ***",
                "; *** IR Dump After Module on [module] ***",
                "# *** IR Dump After Isel (isel) ***:",
            ),
        ),
        (
            "22",
            sequence(
                "*** IR Dump After CFG (cfg) ***:",
                "; *** IR Dump After Module on [module] ***",
                "# *** IR Dump After Isel (isel) ***:",
            ),
        ),
    ]
}

#[test]
fn each_format_gives_the_same_parts() {
    for (version, log) in formats() {
        let (parts, names) = parts(&log);
        let said: Vec<(u64, String, String)> = parts
            .iter()
            .map(|part| (part.place.dump, names.of(part.pass), names.of(part.function)))
            .collect();
        let expected = [
            (0, "Module", "run"),
            (0, "Module", "[module]"),
            (1, "CFG", "run"),
            (2, "Isel", "run"),
        ];
        let expected =
            expected.map(|(dump, pass, function)| (dump, pass.to_owned(), function.to_owned()));
        assert_eq!(said, expected, "LLVM {version}");
    }
}

#[test]
fn each_format_shows_the_difference() {
    for (version, log) in formats() {
        for (edit, pass, function) in [
            (("ret i32 %0\n}\n#", "ret i32 7\n}\n#"), "CFG", "run"),
            (("RETURN %0", "RETURN %1"), "Isel", "run"),
            (("declare i32 @step(i32)", "declare i32 @stop(i32)"), "Module", "[module]"),
        ] {
            let other = log.replace(edit.0, edit.1);
            assert_ne!(other, log, "LLVM {version}: {edit:?}");
            let comparison = compare(&log, &other);
            assert_eq!(comparison.differences.len(), 1, "LLVM {version}: {edit:?}");
            let first = comparison.first().expect("they differ");
            let textual = first.textual.as_ref().expect("in text");
            assert_eq!(
                (textual.pass.as_str(), first.function.as_str()),
                (pass, function),
                "LLVM {version}"
            );
        }
    }
}

#[test]
fn names_of_functions_are_demangled() {
    let one = dump("X", "_ZN4core3fmt5write17h0123456789abcdefE", "  ret i32 0");
    let comparison = compare(&one, &one.replace("ret i32 0", "ret i32 1"));
    let text = passes::report(&comparison, &[], ["a", "b"]).to_text();
    assert!(text.contains("function `core::fmt::write`"), "{text}");
    let json = serde_json::json!(passes::report(&comparison, &[], ["a", "b"]));
    let function = &json["children"][0]["children"][0];
    assert_eq!(function["demangled"], "core::fmt::write");
    assert_eq!(function["function"], "_ZN4core3fmt5write17h0123456789abcdefE");
}

#[test]
fn a_renumbering_is_textual_only() {
    let one = dump("X", "f", "  %2 = add i32 %0, 1\n  ret i32 %2");
    let other = one.replace("%2", "%sum");
    let comparison = compare(&one, &other);
    let first = comparison.first().expect("the texts differ");
    assert!(first.textual.is_some() && first.structural.is_none());
    assert_eq!(first.fate, Fate::StaysInText);
    assert!(passes::report(&comparison, &[], ["a", "b"]).to_text().contains("names only"));
}

#[test]
fn addresses_of_the_compiler_are_no_difference() {
    let one = dump("X", "f", "  load (s32), !range <0x7fb243e3ac60>)");
    assert!(compare(&one, &one.replace("7fb243e3ac60", "7f097003ac60")).equal());
    assert!(!compare(&one, &one.replace("7fb243e3ac60", "x")).equal());
    assert!(!compare(&one, &one.replace("s32", "s64")).equal());
}

#[test]
fn a_difference_that_heals_says_where() {
    let log = |middle: &str| {
        let same = "  ret i32 %0";
        [
            dump("One", "f", same),
            dump("Two", "f", middle),
            dump("Three", "f", middle),
            dump("Four", "f", same),
            dump("Five", "f", same),
        ]
        .concat()
    };
    let comparison = compare(&log("  ret i32 1"), &log("  ret i32 2"));
    let first = comparison.first().expect("they differ");
    assert_eq!(first.textual.as_ref().map(|at| at.pass.as_str()), Some("Two"));
    assert_eq!(first.fate, Fate::Healed("Four".into()));
    let stays = compare(
        &[log("  ret i32 1"), dump("Six", "f", "x")].concat(),
        &[log("  ret i32 2"), dump("Six", "f", "y")].concat(),
    );
    assert_eq!(stays.first().map(|first| first.fate.clone()), Some(Fate::Stays));
}

#[test]
fn passes_of_one_side_are_aligned_around() {
    let a = [dump("One", "f", "x"), dump("Two", "f", "x"), dump("Three", "f", "x")].concat();
    let b = [
        dump("One", "f", "x"),
        dump("Extra", "f", "y"),
        dump("Two", "f", "x"),
        dump("Three", "f", "x"),
    ]
    .concat();
    let comparison = compare(&a, &b);
    let first = comparison.first().expect("they differ");
    assert_eq!(first.textual.as_ref().map(|at| at.pass.clone()), None);
    assert_eq!(
        (first.unpaired, first.first_unpaired.clone()),
        ([0, 1], Some((Side::B, "Extra".into())))
    );
    let text = text(&comparison);
    for words in ["on one side only: 0 in A, 1 in B;", "`f`: no dump differs, but the passes do"] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn functions_are_clustered_by_pass_whatever_their_order() {
    let log = |value: &str, order: [&str; 3]| -> String {
        let one: String = order.iter().map(|f| dump("One", f, "same")).collect();
        let two: String = order.iter().map(|f| dump("Two", f, value)).collect();
        one + &two + &dump("Late", "d", value)
    };
    let comparison = compare(&log("  1", ["a", "b", "c"]), &log("  2", ["c", "a", "b"]));
    let clusters: Vec<(&str, usize)> = comparison
        .clusters
        .iter()
        .map(|cluster| (cluster.pass.as_str(), cluster.members.len()))
        .collect();
    assert_eq!(clusters, [("Two", 3), ("Late", 1)]);
    // The first of each cluster is described in detail.
    let report = text(&comparison);
    assert_eq!(report.matches("first in text").count(), 2, "{report}");
    assert_eq!(report.matches("  function `").count(), 4, "{report}");
    assert!(compare(&log("  1", ["a", "b", "c"]), &log("  1", ["c", "b", "a"])).equal());
}

#[test]
fn functions_of_one_side_are_named() {
    let a = dump("One", "f", "x") + &dump("One", "only_a", "x");
    let b = dump("One", "f", "x") + &dump("One", "only_b", "x");
    let comparison = compare(&a, &b);
    assert_eq!(comparison.only, [vec!["only_a".to_owned()], vec!["only_b".to_owned()]]);
    assert!(!comparison.equal());
}

#[test]
fn interleaved_logs_are_refused() {
    let whole = dump("One", "f", "  ret i32 %0");
    let inside = whole.replace("  ret i32 %0\n", "*** IR Dump After Two ***\n  ret i32 %0\n");
    let midline = whole.replace("  ret", "  r*** IR Dump After Two on g ***et");
    let machine = "# *** IR Dump After X ***:\n# Machine code for function f: IsSSA\n# *** IR Dump After Y ***:\n";
    for log in [inside.as_str(), midline.as_str(), machine] {
        let error = passes::compare(&mut log.as_bytes(), &mut whole.as_bytes())
            .expect_err("it cannot be read");
        let message = format!("{error:#}");
        assert!(message.contains("log A") && message.contains("-Ccodegen-units=1"), "{message}");
        assert!(message.contains("line 3"), "{message}");
    }
    // A string that only looks like a header is none.
    let quoted = whole.replace("  ret", "  c\"*** IR Dump After Two on g ***\"\n  ret");
    assert!(compare(&quoted, &quoted).equal());
}

#[test]
fn a_cut_log_is_compared_up_to_the_cut() {
    let whole = text_of("a.log.gz");
    let other = text_of("b.log.gz");
    for cut in (0..whole.len()).step_by(whole.len() / 97) {
        let comparison = compare(&whole[..cut], &whole);
        let inside_line = cut > 0 && !whole[..cut].ends_with('\n');
        if inside_line {
            assert!(comparison.endings[0].cut, "at {cut}");
            assert!(comparison.equal(), "at {cut}: {:?}", comparison.first());
            assert!(
                passes::report(&comparison, &[], ["a", "b"]).to_text().contains("inconclusive"),
                "at {cut}"
            );
        }
        let comparison = compare(&whole[..cut], &other);
        if let Some(first) = comparison.first() {
            assert_eq!(first.function, "run");
            assert!(!inside_line || first.fate == Fate::Unknown);
        }
    }
}

#[test]
fn hostile_logs_do_no_harm() {
    let mut state = 0x5eed_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let pieces: [&[u8]; 14] = [
        b"*** IR Dump After ",
        b" ***",
        b" on ",
        b"\n",
        b"define @",
        b"\"",
        b"}",
        b"# *** IR Dump After X ***:\n",
        b"# Machine code for function ",
        b"\xff\xfe\0",
        b"\\zz",
        b"%",
        b"!9",
        b"; *** IR Dump At Start ***\n",
    ];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..3000 {
        let mut log = Vec::new();
        for _ in 0..random(40) {
            log.extend_from_slice(pieces[random(pieces.len())]);
        }
        match passes::compare(&mut log.as_slice(), &mut log.as_slice()) {
            Ok(comparison) => {
                assert!(comparison.equal());
                read += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(read > 300 && refused > 300, "{read} read, {refused} refused");
    let named = dump("X\u{1b}[31m", "f\u{202e}", "x");
    let report =
        passes::report(&compare(&named, &named.replace("\nx", "\ny")), &[], ["a\u{7}", "b"])
            .to_text();
    assert!(
        report.contains("\\u{1b}[31m") && !report.contains(['\u{1b}', '\u{202e}', '\u{7}']),
        "{report}"
    );
}

#[test]
fn of_long_lines_the_differing_part_is_printed() {
    let directory = std::env::temp_dir().join(format!("prova-passes-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    let write = |name: &str, end: &str| {
        let path = directory.join(name);
        std::fs::write(&path, dump("X", "f", &format!("  {}{end}", "x".repeat(5000))))
            .expect("a file can be written");
        Log::open(&path).expect("it is there")
    };
    let (mut a, mut b) = (write("a", "here"), write("b", "there"));
    let comparison = passes::compare(&mut a, &mut b).expect("the logs can be read");
    let evidence = passes::evidence(&comparison, &mut a, &mut b);
    let text = passes::report(&comparison, &evidence, ["a", "b"]).to_text();
    assert!(text.contains("xxhere\n") && text.contains("xxthere\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 300), "{text}");
    std::fs::remove_dir_all(&directory).ok();
}

/// A text repeated, without keeping it.
struct Repeat<'t> {
    head: &'t [u8],
    text: &'t [u8],
    times: usize,
    tail: &'t [u8],
}

impl Read for Repeat<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.head.is_empty() {
            if self.times > 0 {
                self.times -= 1;
                self.head = self.text;
            } else {
                self.head = std::mem::take(&mut self.tail);
            }
        }
        let length = self.head.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.head[..length]);
        self.head = &self.head[length..];
        Ok(length)
    }
}

#[test]
fn very_long_lines_are_hashed_as_they_come() {
    let text = "%value, ".repeat(1 << 14);
    let line = |tail| Repeat {
        head: b"*** IR Dump After X on f ***\n",
        text: text.as_bytes(),
        times: 256,
        tail,
    };
    let compare = |tail: &'static [u8]| {
        passes::compare(&mut line(b"%end\n"), &mut line(tail)).expect("it can be read")
    };
    assert!(compare(b"%end\n").equal());
    let renamed = compare(b"%fin\n");
    assert!(
        renamed.differences[0].textual.is_some() && renamed.differences[0].structural.is_none()
    );
    assert!(compare(b"call\n").differences[0].structural.is_some());
}

#[test]
fn the_limit_of_parts_has_two_sides() {
    let log = |value: &str| (0..10).map(|i| dump(&format!("P{i}"), "f", value)).collect::<String>();
    let compare = |most| {
        passes::compare_up_to(&mut log("1").as_bytes(), &mut log("2").as_bytes(), most)
            .expect("they can be read")
    };
    let (within, beyond) = (compare(11), compare(5));
    assert!(!within.limited && beyond.limited);
    assert_eq!(within.differences[0].fate, Fate::Stays);
    assert_eq!(beyond.differences[0].fate, Fate::Unknown);
    assert_eq!(beyond.differences[0].textual.as_ref().map(|at| at.pass.as_str()), Some("P0"));
}

/// A dump of one function as `-print-module-scope` prints it: with the whole module around it.
fn in_module(pass: &str, function: &str, bodies: [(&str, &str); 3]) -> String {
    let defined: String = bodies
        .iter()
        .map(|(name, body)| {
            format!("; Function Attrs: nounwind\ndefine i32 @{name}(i32 %0) {{\n{body}\n}}\n\n")
        })
        .collect();
    format!(
        "; *** IR Dump After {pass} on {function} ***\n; ModuleID = 'x.c'\nsource_filename = \"x.c\"\n\n{defined}attributes #0 = {{ nounwind }}\n!0 = !{{i32 1}}\n"
    )
}

#[test]
fn a_dump_of_a_function_that_shows_its_module_is_one_of_that_function() {
    let log = |f: &str| {
        let dump = |function: &str, f: &str| {
            let bodies = [("e", "  ret i32 1"), ("f", f), ("g", "  ret i32 3")];
            in_module("First", function, bodies)
        };
        dump("e", "  ret i32 2") + &dump("f", f) + &dump("g", f)
    };
    let (a, b) = (log("  ret i32 2"), log("  ret i32 7"));
    // One part for each dump, of the function that its header names.
    let (found, names) = parts(&a);
    let functions: Vec<String> = found.iter().map(|part| names.of(part.function)).collect();
    assert_eq!(functions, ["e", "f", "g"]);
    let comparison = compare(&a, &b);
    let differing: Vec<&str> =
        comparison.differences.iter().map(|one| one.function.as_str()).collect();
    assert_eq!(differing, ["f"], "{}", text(&comparison));
    assert_eq!(comparison.differences[0].main().map(|one| one.a.place.dump), Some(1));
    // The same as a log of functions alone.
    let alone: String = ["e", "f", "g"]
        .iter()
        .zip([1, 2, 3])
        .map(|(name, value)| {
            format!("; *** IR Dump After First on {name} ***\ndefine i32 @{name}(i32 %0) {{\n  ret i32 {value}\n}}\n")
        })
        .collect();
    assert!(compare(&a, &alone).equal(), "{}", text(&compare(&a, &alone)));
    // The text shown is that function's, too.
    let path = std::env::temp_dir().join(format!("prova-scope-{}", std::process::id()));
    std::fs::write(&path, &b).expect("a file can be written");
    let mut log = Log::open(&path).expect("it is there");
    let body = passes::body(&mut log, &parts(&b).0[1]).expect("it can be read again");
    std::fs::remove_file(&path).ok();
    let lines: Vec<&str> = body.lines.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(lines, ["define i32 @f(i32 %0) {", "  ret i32 7", "}"]);
}

#[test]
fn hostile_logs_of_modules_end() {
    let whole =
        in_module("P", "f", [("e", "  ret i32 1"), ("f", "  ret i32 2"), ("f", "  ret i32 3")]);
    // Cut anywhere, the function absent, there twice, or a header inside another function.
    for length in 0..whole.len() {
        let cut = &whole[..length];
        let outcome = passes::record(&mut cut.as_bytes(), &mut |_| ControlFlow::Continue(()));
        assert!(outcome.is_ok(), "{length}");
    }
    let (found, _) = parts(&whole);
    assert_eq!(found.len(), 1);
    let absent = in_module("P", "nobody", [("e", "  ret"), ("f", "  ret"), ("g", "  ret")]);
    let (found, names) = parts(&absent);
    assert_eq!((found.len(), names.of(found[0].function).as_str()), (1, "nobody"));
    let torn = whole.replacen("  ret i32 1", "; *** IR Dump After Q on g ***", 1);
    let error = passes::record(&mut torn.as_bytes(), &mut |_| ControlFlow::Continue(()))
        .expect_err("two threads have written it");
    assert!(error.to_string().contains("several threads"), "{error}");
}
