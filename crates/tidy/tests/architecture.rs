//! The crates depend on each other as `docs/ARCHITECTURE.md` says, and not otherwise.
//!
//! A green run does not show that a crate ignores the inside of what it may use, beyond the words
//! that must not stand in it.

use prova_tidy::architecture::{
    ABSENCES, UNSAID, differences, graph, metadata, reached, table, uses,
};
use prova_tidy::{Tree, source::words};

#[test]
fn the_table_says_what_is() {
    let root = prova_tidy::root();
    let text =
        std::fs::read_to_string(root.join("docs/ARCHITECTURE.md")).expect("the page is there");
    let table = table(&text);
    let metadata = metadata(&root).expect("cargo can say what it builds");
    let uses = uses(&metadata);
    assert!(uses.len() >= 11 && table.len() >= 11, "{} crates, {} rows", uses.len(), table.len());
    let found = differences(&table, &uses);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn absences_hold_however_far() {
    let metadata = metadata(&prova_tidy::root()).expect("cargo can say what it builds");
    let graph = graph(&metadata);
    assert!(
        graph.get("prova-cli").is_some_and(|uses| uses.contains("clap")),
        "the graph has edges"
    );
    let found = reached(&graph, ABSENCES);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn absences_hold_by_name() {
    let tree = Tree::read(&prova_tidy::root()).expect("the repository can be read");
    let mut found = Vec::new();
    for (name, forbidden) in UNSAID {
        let src = format!("crates/{name}/src/");
        for file in tree.rust().filter(|file| file.path.starts_with(&src)) {
            for word in *forbidden {
                let places = words(&file.code, word).map(|at| file.line_of(at));
                found
                    .extend(places.map(|line| {
                        format!("{}:{line}: `{name}` must not know {word}", file.path)
                    }));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
