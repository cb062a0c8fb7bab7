//! The worked examples of `docs/reference/{passes,xref,diff,substrate}.md`: every command of a
//! `console` block is run, and prints what the page says.
//!
//! A line `…` stands for any lines. A green run does not show that the text between the examples is
//! true.

use std::path::Path;
use std::process::Command;

/// Commands and what they print, from the `console` blocks of a page.
fn examples(page: &str) -> Vec<(String, Vec<String>)> {
    let mut examples: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            examples.push((command.to_owned(), Vec::new()));
        } else if let Some((_, output)) = examples.last_mut().filter(|_| inside) {
            output.push(line.to_owned());
        }
    }
    examples
}

/// Whether the lines are those of the page, where `…` stands for any lines.
fn matches(expected: &[String], lines: &[&str]) -> bool {
    match expected.split_first() {
        None => lines.is_empty(),
        Some((any, rest)) if any == "…" => {
            (0..=lines.len()).any(|at| matches(rest, &lines[at..]))
        }
        Some((line, rest)) => lines.first() == Some(&line.as_str()) && matches(rest, &lines[1..]),
    }
}

#[test]
fn the_examples_of_the_pages_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, least) in [("passes", 3), ("xref", 2), ("diff", 3), ("substrate", 4)] {
        let page = std::fs::read_to_string(root.join(format!("docs/reference/{name}.md")))
            .expect("the page is there");
        let examples = examples(&page);
        assert!(examples.len() >= least, "{name} has {} examples", examples.len());
        for (command, expected) in examples {
            let words: Vec<&str> = command.split_whitespace().collect();
            let Some((&"prova", args)) = words.split_first() else { continue };
            let output = Command::new(env!("CARGO_BIN_EXE_prova"))
                .args(args)
                .current_dir(&root)
                .output()
                .expect("the program runs");
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let lines: Vec<&str> = printed.lines().collect();
            assert!(matches(&expected, &lines), "{name}.md: `{command}` prints\n{printed}");
        }
    }
}

#[test]
fn dots_stand_for_lines_and_nothing_else() {
    let page = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    assert!(matches(&page(&["a", "…", "d"]), &["a", "b", "c", "d"]));
    assert!(matches(&page(&["a", "…"]), &["a"]));
    assert!(!matches(&page(&["a", "d"]), &["a", "b", "d"]));
    assert!(!matches(&page(&["a"]), &["a", "b"]));
}
