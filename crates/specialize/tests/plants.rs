//! Faults planted in specialised functions and their certificates: each must be refused, by the
//! rule that it is a fault against.
//!
//! `plants/table.txt` has edits of bodies; edits of certificates stand here. A green run does not
//! show that every wrong function is refused: it shows that none of these passes.

use prova_module::{Features, Limits, Module};
use prova_specialize::check::Rule;
use prova_specialize::{Assume, Certified, Compared, Known, Range, Role, Row};
use prova_ssa::{Block, Value};
use std::collections::BTreeSet;

const CASES: &[(&str, &str)] = &[
    ("values", include_str!("cases/values.wat")),
    ("loop", include_str!("cases/loop.wat")),
    ("sp", include_str!("cases/sp.wat")),
    ("irreducible", include_str!("cases/irreducible.wat")),
    ("text", include_str!("cases/text.wat")),
    ("globals", include_str!("cases/globals.wat")),
];

/// The program is trusted with its text, but in the case that is about that.
fn assumed(name: &str) -> Assume {
    if name == "text" { Assume::Check } else { Assume::Trust }
}

/// The function for a request, as it is made, or with a row for each block.
fn certified(name: &str, slot: u32, rows: bool) -> Certified {
    let (_, text) = CASES.iter().find(|(other, _)| *other == name).expect("a case of this name");
    let wasm = wat::parse_str(text).expect("a module");
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    let made = if rows { Certified::with_rows } else { Certified::new };
    made(&module, slot, assumed(name)).expect("it can be specialised")
}

#[test]
fn what_is_made_is_proved() {
    for (name, slot, count) in [
        ("values", 256, 0),
        ("values", 260, 0),
        ("values", 264, 0),
        ("values", 268, 1),
        ("loop", 256, 2),
        ("sp", 256, 2),
        ("irreducible", 256, 1),
        ("text", 256, 0),
        ("globals", 256, 1),
    ] {
        for rows in [false, true] {
            let assumed = certified(name, slot, rows).prove();
            assert_eq!(assumed.map(|all| all.len()), Ok(count), "{name} {slot}");
        }
    }
}

/// With cells that are memory like any other, and text that is compared, nothing is assumed.
#[test]
fn what_is_made_of_programs_that_promise_nothing_is_proved() {
    for (name, text) in CASES {
        let wasm = wat::parse_str(text).expect("a module");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        for made in [Certified::new, Certified::with_rows] {
            let case = made(&module, 256, Assume::Nothing).expect("it can be specialised");
            assert_eq!(case.prove().map(|all| all.len()), Ok(0), "{name}");
        }
    }
}

#[test]
fn a_case_is_irreducible() {
    let made = certified("irreducible", 256, false);
    assert!(!prova_emit::reducify::is_reducible(&made.body));
}

#[test]
fn planted_faults_are_refused() {
    let mut seen = BTreeSet::new();
    let table = include_str!("plants/table.txt");
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let parts: Vec<&str> = line.splitn(3, '|').collect();
        let head: Vec<&str> = parts[0].split_whitespace().collect();
        let part = |at: usize| {
            let text = parts[at];
            let text = text.strip_prefix(' ').unwrap_or(text);
            text.strip_suffix(' ').unwrap_or(text).replace("\\n", "\n")
        };
        let slot = head[1].parse().expect("a slot");
        let mut case = certified(head[0], slot, head.get(3) != Some(&"inner"));
        let text = prova_ssa::print(&case.body);
        let (old, new) = (part(1), part(2));
        assert!(text.contains(&old), "{line}\n{text}");
        let edited = text.replacen(&old, &new, 1);
        let edited = prova_ssa::renumber(&edited);
        case.body = prova_ssa::parse(&edited).unwrap_or_else(|error| panic!("{line}: {error}"));
        let rejection = case.prove().expect_err(line);
        assert_eq!(rejection.rule.to_string(), head[2], "{line}: {rejection}");
        seen.insert(rejection.rule);
    }
    for rule in [
        Rule::Entry,
        Rule::Memory,
        Rule::Effects,
        Rule::Operands,
        Rule::Control,
        Rule::Targets,
        Rule::State,
    ] {
        assert!(seen.contains(&rule), "no fault against {rule}");
    }
}

fn row(case: &mut Certified, block: usize) -> &mut Row {
    match &mut case.certificate.roles[block] {
        Role::Copy(row) => row,
        other => panic!("block{block} is {other:?}"),
    }
}

/// An edit of a certificate.
type Edit = fn(&mut Certified);

#[test]
fn wrong_certificates_are_refused() {
    let edits: &[(Rule, &str, Edit)] = &[
        (Rule::Form, "a role too few", |case| {
            case.certificate.roles.pop();
        }),
        (Rule::Form, "no entry", |case| case.certificate.roles[0] = Role::Broken),
        (Rule::Form, "a second entry", |case| case.certificate.roles[1] = Role::Entry),
        (Rule::Form, "a row of no block", |case| row(case, 4).block = None),
        (Rule::Form, "a row behind its block", |case| row(case, 4).start = 1000),
        (Rule::Form, "a parameter that is none", |case| {
            row(case, 4).regs[0].1 = Known::Param(7);
        }),
        (Rule::Form, "a pointer without its base", |case| row(case, 4).bases.clear()),
        (Rule::Targets, "a trap in the place of a copy", |case| {
            case.certificate.roles[4] = Role::Broken;
        }),
        (Rule::Targets, "another block", |case| row(case, 4).block = row(case, 6).block),
        (Rule::Targets, "a block that is begun", |case| row(case, 4).start = 1),
        // B11
        (Rule::State, "a pointer that is ahead", |case| {
            let at = row(case, 6).values.iter().position(|(_, known)| *known == Known::Bits(2));
            let at = at.expect("the program counter");
            row(case, 6).values[at].1 = Known::Bits(3);
        }),
        (Rule::State, "a constant that is another", |case| {
            for (_, known) in &mut row(case, 4).values {
                if *known == Known::Bits(3) {
                    *known = Known::Bits(4);
                }
            }
        }),
        (Rule::State, "a value that is left out", |case| row(case, 4).values.clear()),
        (Rule::State, "a register that nobody wrote", |case| {
            row(case, 4).regs.push((9, Known::Bits(0)));
        }),
        (Rule::Intrinsics, "a register that is left out", |case| row(case, 4).regs.clear()),
        (Rule::Cells, "a cell that nobody pushed", |case| {
            let cell = row(case, 8).stack[0];
            row(case, 5).stack.push(cell);
        }),
        (Rule::Cells, "a cell that is left out", |case| row(case, 8).stack.clear()),
        (Rule::Cells, "a cell at another address", |case| {
            row(case, 8).stack[0].address = Known::Pointer { root: 1, offset: 8 };
        }),
        (Rule::Cells, "a local that is left out", |case| row(case, 9).locals.clear()),
        (Rule::Cells, "a local of another value", |case| {
            row(case, 10).locals[0].1.value = Known::Param(2);
        }),
    ];
    for (rule, what, edit) in edits {
        let mut case = certified("loop", 256, true);
        edit(&mut case);
        let rejection = case.prove().expect_err(what);
        assert_eq!(rejection.rule, *rule, "{what}: {rejection}");
    }
}

#[test]
fn rows_out_of_order_are_refused() {
    let edits: &[(Rule, &str, Edit)] = &[
        (Rule::Form, "a value twice", |case| {
            let first = row(case, 4).values[0];
            row(case, 4).values.push(first);
        }),
        (Rule::Form, "values that fall", |case| row(case, 4).values.reverse()),
        (Rule::Form, "a base twice", |case| {
            let first = row(case, 4).bases[0];
            row(case, 4).bases.insert(0, first);
        }),
        (Rule::Form, "a register twice", |case| {
            let first = row(case, 4).regs[0];
            row(case, 4).regs.insert(0, first);
        }),
        (Rule::Form, "a local twice", |case| {
            let first = row(case, 10).locals[0];
            row(case, 10).locals.insert(0, first);
        }),
    ];
    for (rule, what, edit) in edits {
        let mut case = certified("loop", 256, true);
        edit(&mut case);
        let rejection = case.prove().expect_err(what);
        assert_eq!(rejection.rule, *rule, "{what}: {rejection}");
    }
}

#[test]
fn wrong_first_rows_are_refused() {
    let edits: &[(Rule, &str, Edit)] = &[
        (Rule::Targets, "a first row of another block", |case| {
            row(case, 2).block = row(case, 4).block;
        }),
        (Rule::Targets, "a first row behind an instruction", |case| row(case, 2).start = 1),
        (Rule::State, "a register at the entry", |case| {
            row(case, 2).regs.push((9, Known::Bits(0)));
        }),
        (Rule::State, "a cell at the entry", |case| {
            let cell = row(case, 8).stack[0];
            row(case, 2).stack.push(cell);
        }),
        (Rule::State, "a local at the entry", |case| {
            let cell = row(case, 8).stack[0];
            row(case, 2).locals.push((0, cell));
        }),
        (Rule::Form, "a row of a block that there is not", |case| {
            let blocks = case.generic_blocks() as u32;
            row(case, 4).block = Some(Block::from_u32(blocks));
        }),
        (Rule::State, "a value that there is not", |case| {
            let known = row(case, 4).values[0].1;
            row(case, 4).values.push((Value::from_u32(u32::MAX - 1), known));
        }),
    ];
    for (rule, what, edit) in edits {
        let mut case = certified("loop", 256, true);
        edit(&mut case);
        let rejection = case.prove().expect_err(what);
        assert_eq!(rejection.rule, *rule, "{what}: {rejection}");
    }
}

#[test]
fn wrong_inner_blocks_are_refused() {
    let edits: &[(Rule, &str, Edit)] = &[
        (Rule::Targets, "a place that is further", |case| {
            case.certificate.roles[4] = Role::Inner(1)
        }),
        (Rule::Targets, "a trap", |case| case.certificate.roles[4] = Role::Broken),
        (Rule::Form, "one that two edges lead to", |case| {
            case.certificate.roles[3] = Role::Inner(0);
        }),
        (Rule::Form, "one with parameters", |case| case.certificate.roles[2] = Role::Inner(0)),
        (Rule::Targets, "a row of another place", |case| {
            case.certificate.roles[4] = case.certificate.roles[3].clone();
        }),
    ];
    for (rule, what, edit) in edits {
        let mut case = certified("loop", 256, false);
        edit(&mut case);
        let rejection = case.prove().expect_err(what);
        assert_eq!(rejection.rule, *rule, "{what}: {rejection}");
    }
    // The entry leads to a row.
    let mut case = certified("sp", 256, false);
    case.certificate.roles[1] = Role::Inner(0);
    assert_eq!(case.prove().map_err(|it| it.rule), Err(Rule::Form));
}

/// The words and windows of the text.
fn compared(case: &mut Certified) -> &mut Compared {
    match &mut case.certificate.roles[2] {
        Role::Memory(compared) => compared,
        other => panic!("block2 is {other:?}"),
    }
}

#[test]
fn wrong_comparisons_are_refused() {
    let edits: &[(Rule, &str, Edit)] = &[
        (Rule::Memory, "a word too few", |case| {
            compared(case).words.remove(0);
        }),
        (Rule::Memory, "a word less deep", |case| {
            compared(case).words[1].offset = 3;
        }),
        (Rule::Memory, "a word of no width", |case| compared(case).words[0].bytes = 3),
        (Rule::Memory, "a word behind the text", |case| compared(case).words[1].offset = 5),
        (Rule::Memory, "a word of no text", |case| compared(case).words[0].arg = 1),
        (Rule::Memory, "a word of no argument", |case| compared(case).words[0].arg = 2),
        (Rule::Entry, "no window", |case| compared(case).apart.clear()),
        (Rule::Entry, "a window that is wider", |case| compared(case).apart[0].bytes = 41),
        (Rule::Entry, "a window elsewhere", |case| compared(case).apart[0].from = 9),
        (Rule::Memory, "a window of the text", |case| compared(case).apart[0].arg = 0),
        (Rule::Memory, "a memory that is smaller", |case| case.memory_bytes = 4),
        (Rule::Memory, "a window of nothing", |case| compared(case).apart[0].bytes = 0),
        (Rule::Memory, "a window of all", |case| compared(case).apart[0].bytes = u32::MAX),
        (Rule::Form, "a second comparison", |case| {
            case.certificate.roles[3] = case.certificate.roles[2].clone();
        }),
        (Rule::Entry, "none", |case| case.certificate.roles[2] = Role::Fallback),
        (Rule::State, "text that may have changed", |case| row(case, 4).fresh = true),
        (Rule::State, "text that was not compared", |case| row(case, 4).known[0].to = 6),
        (Rule::Form, "text of no byte", |case| {
            row(case, 4).known[0].to = row(case, 4).known[0].from;
        }),
        (Rule::Form, "text in two ranges that touch", |case| {
            let first = row(case, 4).known[0];
            row(case, 4).known[0].to = first.from + 1;
            row(case, 4).known.insert(1, Range { from: first.from + 1, ..first });
        }),
        (Rule::Memory, "text of another argument", |case| row(case, 4).known[0].arg = 1),
        (Rule::Memory, "text that is forgotten", |case| row(case, 4).known.clear()),
        (Rule::Memory, "text that is known too early", |case| {
            row(case, 3).known = row(case, 4).known.clone();
        }),
        (Rule::Memory, "text of which nothing is known", |case| row(case, 3).fresh = false),
    ];
    for (rule, what, edit) in edits {
        let mut case = certified("text", 256, true);
        edit(&mut case);
        let rejection = case.prove().expect_err(what);
        assert_eq!(rejection.rule, *rule, "{what}: {rejection}");
    }
    // With cells that are memory like any other the same function is proved; trust needs no words.
    for assume in [Assume::Nothing, Assume::Trust] {
        let wasm = wat::parse_str(CASES[4].1).expect("a module");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let case = Certified::new(&module.expect("a valid module"), 256, assume);
        assert!(case.expect("it can be specialised").prove().is_ok(), "{assume:?}");
    }
}
