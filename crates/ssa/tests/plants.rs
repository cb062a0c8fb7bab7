//! Faults of a builder, planted as edits of what the honest one makes: the check refuses each, by
//! the rule that `plants/table.tsv` names. Among them are the kinds of faults that were reported of
//! weval and waffle.
//!
//! `check/twins.txt` has a twin for each thing that a rule asks; here is a row for each thing that
//! a builder may get wrong, and an edit may be several lines. Green does not show that a fault of
//! this kind is refused in every function: `prova-testing ssa-edits` tries random edits of many.

use prova_module::{Features, Limits, Module};
use prova_ssa::{CheckedBody, Metering, build, parse, print};
use std::collections::BTreeSet;
use std::fmt::Write;

use crate::edit;

const MODULES: &[(&str, &str)] = &[
    ("state", include_str!("plants/state.wat")),
    ("merge", include_str!("plants/merge.wat")),
    ("flow", include_str!("check/flow.wat")),
    ("table", include_str!("check/table.wat")),
    ("except", include_str!("check/except.wat")),
    ("refs", include_str!("check/refs.wat")),
];

/// The check's verdict on the last function of a module after edits.
fn verdict(name: &str, edits: &str) -> String {
    let found = MODULES.iter().find(|(other, _)| *other == name).expect("a module of this name");
    let bytes = wat::parse_str(found.1).expect("a module");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    let func = module.defined_funcs().last().expect("a function");
    let honest = build(&module, func, Metering::BOTH).expect("a body");
    let text = print(&honest);
    CheckedBody::check(&module, honest).expect("the honest body");
    match parse(&edit::edited(&text, edits)).map(|body| CheckedBody::check(&module, body)) {
        Ok(Err(rejection)) => rejection.rule.to_string(),
        Ok(Ok(_)) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_fault_is_refused_by_its_rule() {
    let (mut wrong, mut faults) = (String::new(), BTreeSet::new());
    for row in include_str!("plants/table.tsv").lines().filter(|row| !row.starts_with('#')) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [fault, _, rule, module, edits] = fields[..] else {
            panic!("{} fields: {row}", fields.len())
        };
        assert!(faults.insert(fault), "{fault} is there twice");
        let given = verdict(module, edits);
        if given != rule {
            writeln!(wrong, "{fault}: {given}, not {rule}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(faults.len() >= 40, "{}", faults.len());
}
