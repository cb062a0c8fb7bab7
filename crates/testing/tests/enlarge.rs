//! Merged modules at small sizes: they validate, they are functions of the seed, and the twin
//! differs by the listed edits alone.
//!
//! The comparison here prints both functions and looks at their lines; it shares nothing with
//! `prova diff`. A green run does not show that the modules run: copies are varied, and their
//! results mean nothing.

use prova_testing::enlarge::{Edit, Enlarged, Kind, Options, carried, enlarge};
use std::collections::BTreeMap;
use wasmparser::{KnownCustom, Name, Operator, Parser, Payload, Validator};

/// The small carried programs.
fn programs() -> Vec<(String, Vec<u8>)> {
    let mut programs = carried().expect("the repository's programs");
    programs.retain(|(_, bytes)| bytes.len() < 400_000);
    assert_eq!(programs.len(), 3);
    programs
}

fn made(seed: u64) -> Enlarged {
    enlarge(&programs(), &Options { size: 1_200_000, seed, edit_percent: 2.0, names: true })
        .expect("a module")
}

/// A function, apart from its index: name and operators, callees by name.
#[derive(Debug, PartialEq)]
struct Printed {
    name: String,
    ops: Vec<String>,
}

/// The defined functions of a module.
fn printed(bytes: &[u8]) -> Vec<Printed> {
    let (mut imports, mut bodies) = (0, Vec::new());
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("well-formed") {
            Payload::ImportSection(section) => imports = section.into_imports().count() as u32,
            Payload::CodeSectionEntry(body) => bodies.push(body),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(subsections) = section.as_known() else { continue };
                for subsection in subsections {
                    if let Name::Function(map) = subsection.expect("names") {
                        names.extend(map.into_iter().map(|naming| {
                            let naming = naming.expect("a name");
                            (naming.index, naming.name.to_owned())
                        }));
                    }
                }
            }
            _ => {}
        }
    }
    let of = |body: &wasmparser::FunctionBody<'_>| -> Vec<String> {
        let ops = body.get_operators_reader().expect("operators");
        ops.into_iter()
            .map(|op| match op.expect("an operator") {
                Operator::Call { function_index } => format!("Call {}", names[&function_index]),
                op => format!("{op:?}"),
            })
            .collect()
    };
    let name = |at: usize| names[&(imports + at as u32)].clone();
    bodies.iter().enumerate().map(|(at, body)| Printed { name: name(at), ops: of(body) }).collect()
}

/// The edits that a comparison by names finds.
fn found(a: &[Printed], b: &[Printed]) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    let (mut x, mut y) = (a.iter().peekable(), b.iter());
    for new in &mut y {
        if new.name.starts_with("added.") {
            found.push((Kind::Added, new.name.clone()));
            continue;
        }
        let old = x.next().expect("a function of A");
        let renamed_callee = |op: &str| op.starts_with("Call renamed.");
        let differing: Vec<usize> = (0..old.ops.len().min(new.ops.len()))
            .filter(|&i| old.ops[i] != new.ops[i] && !renamed_callee(&new.ops[i]))
            .collect();
        let kind = match (old.ops.len().abs_diff(new.ops.len()), differing.as_slice()) {
            (0, []) if old.name == new.name => continue,
            (0, []) => Kind::Renamed,
            (0, [at]) if old.ops[*at].starts_with("Call") => Kind::Callee,
            (0, [at]) if old.ops[*at].starts_with("I32Const") => Kind::Constant,
            (0, [_]) => Kind::Operator,
            (2, _) if old.ops.len() < new.ops.len() => {
                let rest = old.ops.iter().zip(&new.ops[2..]);
                assert!(rest.into_iter().all(|(a, b)| a == b || renamed_callee(b)), "{}", old.name);
                Kind::Inserted
            }
            _ => panic!("{} differs by more than one edit", old.name),
        };
        found.push((kind, old.name.clone()));
    }
    assert_eq!(x.next(), None);
    found
}

#[test]
fn both_validate_and_differ_by_the_listed_edits_alone() {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for seed in 0..3 {
        let made = made(seed);
        let (b, edits) = made.b.expect("a twin");
        assert!(made.a.len() > 1_000_000, "{}", made.a.len());
        Validator::new().validate_all(&made.a).expect("A is valid");
        Validator::new().validate_all(&b).expect("B is valid");
        let (x, y) = (printed(&made.a), printed(&b));
        let listed: Vec<(Kind, String)> =
            edits.iter().map(|edit: &Edit| (edit.kind, edit.name.clone())).collect();
        assert_eq!(found(&x, &y), listed, "seed {seed}");
        // Two of a hundred.
        assert_eq!(listed.len(), (x.len() as f64 * 0.02).round() as usize);
        listed.iter().for_each(|(kind, _)| *kinds.entry(*kind).or_default() += 1);
    }
    // Every kind was there, so that none is green for want of a case.
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}

#[test]
fn copies_differ_from_each_other() {
    let functions = printed(&made(0).a);
    let mut names: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() * 100 > functions.len() * 99, "{} of {}", names.len(), functions.len());
    let mut bodies: Vec<String> =
        functions.iter().filter(|f| f.ops.len() > 40).map(|f| f.ops.join(" ")).collect();
    let all = bodies.len();
    bodies.sort_unstable();
    bodies.dedup();
    assert!(bodies.len() * 2 > all, "{} of {all} bodies are different", bodies.len());
}

#[test]
fn one_seed_is_one_module_and_another_seed_another() {
    let (once, twice, other) = (made(7), made(7), made(8));
    assert!(once.a == twice.a && once.b == twice.b);
    assert!(once.a != other.a && once.b != other.b);
}

#[test]
fn what_cannot_be_merged_is_refused_by_name() {
    let options = Options { size: 1000, seed: 0, edit_percent: 0.0, names: true };
    let of = |text: &str| {
        let bytes = wat::parse_str(text).expect("text format");
        enlarge(&[("it".to_owned(), bytes)], &options).map(|_| ())
    };
    for (text, word) in [
        ("(module (import \"m\" \"g\" (global i32)) (func))", "an import that is no function"),
        ("(module (func) (start 0))", "a start function"),
        ("(module (func) (memory 1) (memory 1))", "a memory"),
        ("(module (func) (tag))", "exceptions"),
        ("(module (func) (table 1 funcref) (elem func 0))", "at no constant place"),
        ("(module)", "there is no program"),
    ] {
        let error = of(text).expect_err(word);
        assert!(error.contains(word), "{error}");
    }
    assert!(enlarge(&[], &options).is_err());
    assert!(enlarge(&[("it".to_owned(), b"no module".to_vec())], &options).is_err());
}
