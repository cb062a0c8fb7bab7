//! The pages of the book, `docs/book`: their commands run as those of `docs.rs` (of `make.md` by
//! `make.rs`), and each page is reachable, short of breath and true to the code it shows.
//!
//! A green run does not show that a page teaches: nobody has been asked.

use crate::docs::{check, root};
use std::fs;

/// The pages with commands, in the order in which `README.md` offers them.
const PAGES: [&str; 11] = [
    "run.md",
    "make.md",
    "embed.md",
    "moving.md",
    "wasmtime.md",
    "two-builds.md",
    "two-runs.md",
    "specialize.md",
    "native.md",
    "chains.md",
    "containers.md",
];

/// Words of a paragraph, a list's item or a table's cell.
const WORDS_MAX: usize = 60;

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn run() {
    check("book/run.md");
}

#[test]
fn moving() {
    check("book/moving.md");
}

#[test]
fn two_builds() {
    check("book/two-builds.md");
}

#[test]
fn two_runs() {
    check("book/two-runs.md");
}

#[test]
fn specialize() {
    check("book/specialize.md");
}

/// The code that a program gets depends on the platform.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn native() {
    check("book/native.md");
}

#[test]
fn chains() {
    check("book/chains.md");
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_first_page_leads_to_all_others_in_their_order() {
    let mut files: Vec<String> = fs::read_dir(root().join("docs/book"))
        .expect("the book is there")
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "README.md")
        .collect();
    files.sort();
    let mut pages = PAGES.map(str::to_owned).to_vec();
    pages.sort();
    assert_eq!(files, pages, "each page has a test here");
    let first = read("docs/book/README.md");
    let places = PAGES.map(|page| first.find(&format!("]({page})")));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
}

/// The paragraphs, items and cells of a page that have too many words.
fn long(page: &str) -> Vec<String> {
    let (mut long, mut paragraph, mut code) = (Vec::new(), String::new(), false);
    let mut end = |text: &mut String| {
        if text.split_whitespace().count() > WORDS_MAX {
            long.push(text.clone());
        }
        text.clear();
    };
    for line in page.lines().chain([""]) {
        if line.starts_with("```") {
            code = !code;
        }
        let starts = ["- ", "#", "```"].iter().any(|sign| line.starts_with(sign));
        if code || starts || line.is_empty() || line.starts_with('|') {
            end(&mut paragraph);
        }
        if code || line.starts_with("```") {
            continue;
        }
        if line.starts_with('|') {
            line.split('|').for_each(|cell| end(&mut cell.to_owned()));
        } else {
            paragraph.push_str(line.strip_prefix("- ").unwrap_or(line));
            paragraph.push(' ');
        }
    }
    long
}

#[test]
fn paragraphs_are_short() {
    for page in PAGES.iter().chain(&["README.md"]) {
        let long = long(&read(&format!("docs/book/{page}")));
        assert!(long.is_empty(), "{page}: more than {WORDS_MAX} words:\n{}", long.join("\n"));
    }
    let words = "word ".repeat(WORDS_MAX);
    let split = format!("{words}\n\n{words}\n- {words}\n```c\n{words}{words}\n```\n| {words} |");
    assert!(long(&split).is_empty());
    assert_eq!(long(&format!("{words}\nword")).len(), 1);
    assert_eq!(long(&format!("| a | {words} word |\n- {words} word")).len(), 2);
}

/// C without comments and white space.
fn bare(code: &str) -> String {
    let mut bare = String::new();
    for (number, part) in code.split("/*").enumerate() {
        let behind = part.split_once("*/").map(|(_, behind)| behind);
        let kept = if number == 0 { part } else { behind.unwrap_or("") };
        bare.extend(kept.chars().filter(|sign| !sign.is_whitespace()));
    }
    bare
}

/// The code that the tutorial shows of its example, from the first step on, stands in the example
/// in this order, so that a reader who copies it has tested code; `…` stands for any code. A block
/// leaves out no statement before it in its function, unless it is a case of a `switch`.
#[test]
fn the_tutorials_code_is_its_examples() {
    let (page, example) = (read("docs/book/specialize.md"), read("programs/specialize/first.c"));
    let example = bare(&example);
    let steps = page.split_once("## Six steps").expect("steps").1;
    let steps = steps.split("\n## ").next().unwrap_or(steps);
    let blocks: Vec<&str> =
        steps.split("```c\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert!(blocks.len() >= 5, "{} blocks", blocks.len());
    let mut wrong = Vec::new();
    for block in &blocks {
        let bare = bare(block);
        let (mut rest, mut first) = (example.as_str(), None);
        let found = bare.split('…').all(|part| {
            let found = rest.find(part);
            first = first.or(found);
            rest = found.map_or("", |found| &rest[found..]);
            found.is_some()
        });
        let before = &example[..first.unwrap_or_default()];
        let depth = before.matches('{').count() - before.matches('}').count();
        if !found {
            wrong.push(format!("not in the example:\n{block}"));
        } else if depth > 0 && !before.ends_with('{') && !bare.starts_with("case") {
            wrong.push(format!("the example has more before it:\n{block}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Without it a module whose initialiser has not run runs for ever.
    let runs = bare("if (!request.generic) initialize(); Run f = compiled ? compiled : run;");
    assert!(blocks.iter().any(|block| bare(block).contains(&runs)));
}

/// The Rust that the page about Wasmtime's files shows stands in the example, which is compiled and
/// run with Wasmtime by hand (`tests/api/README.md`).
#[test]
fn the_code_that_loads_files_of_wasmtimes_is_the_examples() {
    let example = read("tests/api/wasmtime/examples/verified.rs");
    let page = read("docs/book/wasmtime.md");
    let blocks = page.split("```rust\n").skip(1).filter_map(|block| block.split("```").next());
    let blocks: Vec<&str> = blocks.collect();
    assert!(blocks.len() == 2 && blocks[1].contains("unsafe"), "{blocks:?}");
    for block in blocks {
        assert!(example.contains(block), "not in the example:\n{block}");
    }
}
