//! Twins: files of bodies before and after, with what is claimed of both and the verdict.
//!
//! ```text
//! tests/twins/*.txt ─ read ─► groups (module, body, twins) ─ edits ─► the body after, its claims ─ judge ─► a verdict
//! ```
//!
//! The files know nothing of how a checker works: they have bodies, a claim of how both correspond
//! (by default what has the same name), and *accepted* or *refused* by a rule. Their format is in
//! `twins/README.md`. Each file is judged by the checker of its kind; where two checkers become
//! one, the files stay.
//!
//! A green run does not show that every wrong body is refused: a twin is one wrong body, and beside
//! it a right one.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::check::Rule;
use prova_ssa::replace::{Claim, Dying, LooseBody, PassRule, Witness};
use prova_ssa::{Block, Body, CheckedBody, Def, Inst, Op, Value, build, parse, print, renumber};
use read::{Group, Kind, Twin};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

mod read;

const ACCEPTED: &str = "accepted";

fn module(text: &str) -> Result<Module, String> {
    let bytes = wat::parse_str(text).map_err(|error| error.to_string())?;
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    module.map_err(|error| error.to_string())
}

/// The number of a name: `block3`, `v3`.
fn number(name: &str) -> u32 {
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    digits.parse().unwrap_or_else(|_| panic!("no number: {name}"))
}

/// The names of blocks of a text, and of their parameters, in order.
fn names(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut blocks, mut params) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| line.starts_with("block")) {
        blocks.extend(line.split(' ').next());
        for (at, _) in line.match_indices(": ") {
            let start = line[..at].rfind([' ', '(']).map_or(0, |at| at + 1);
            params.push(&line[start..at]);
        }
    }
    (blocks, params)
}

/// The instruction that makes a value, or the one at an offset.
fn inst(body: &Body, name: &str) -> Inst {
    if let Some(offset) = name.strip_prefix("@0x") {
        let offset = u32::from_str_radix(offset, 16).expect("an offset");
        let is_it = |inst: &Inst| {
            let data = body.inst(*inst);
            data.offset == offset && matches!(data.op, Op::Wasm(_))
        };
        return body.insts().find(is_it).unwrap_or_else(|| panic!("nothing at {name}"));
    }
    match body.values().nth(number(name) as usize).map(|(_, data)| data.def) {
        Some(Def::Result(inst, _)) => inst,
        Some(Def::Param(..)) | None => panic!("{name} is no instruction's"),
    }
}

/// How both bodies correspond: what a twin says, else by equal names.
fn witness(before: &Body, after: &str, claims: &[&str]) -> Witness {
    let mut is: HashMap<&str, &str> = HashMap::new();
    let mut witness = Witness::default();
    let value = |name: &str| Value::from_u32(number(name));
    let block = |name: &str| Block::from_u32(number(name));
    for claim in claims {
        match claim.split(' ').collect::<Vec<_>>()[..] {
            [new, "is", old] => drop(is.insert(new, old)),
            [param, "always", is] => {
                let claim = match is.starts_with('v') {
                    true => Claim::Value(value(is)),
                    false => Claim::Constant(is.parse().expect("a constant")),
                };
                witness.claims.push((value(param), claim));
            }
            ["over", of] => witness.threaded.push(block(of)),
            [it, "covered", by] => witness.covers.push((inst(before, it), inst(before, by))),
            [it, "overwritten"] => witness.overwritten.push(inst(before, it)),
            ["dying", of, memory, root, at, to] => witness.dying.push(Dying {
                block: block(of),
                memory: number(memory),
                root: root.starts_with('v').then(|| value(root)),
                at: at.parse().expect("a distance"),
                to: to.parse().expect("a distance"),
            }),
            _ => panic!("no claim: {claim}"),
        }
    }
    witness.covers.sort();
    witness.overwritten.sort();
    let (blocks, params) = names(after);
    let of = |name: &&str| number(is.get(name).unwrap_or(name));
    witness.blocks = blocks.iter().map(|name| Block::from_u32(of(name))).collect();
    witness.params = params.iter().map(|name| Value::from_u32(of(name))).collect();
    witness
}

/// The verdict on a twin, and the text of what was judged.
fn judge(group: &Group, twin: &Twin) -> (String, String) {
    let module = module(&group.module).unwrap_or_else(|e| panic!("{}: {e}", group.at));
    let body = parse(&group.body).unwrap_or_else(|e| panic!("{}: {e}", group.at));
    let text = twin.after(&group.body);
    let verdict = match parse(&renumber(&text)) {
        Err(error) => Err(format!("text: {error}")),
        Ok(after) => judge_body(group, &module, body, (after, &text), &twin.claims()),
    };
    (verdict.map_or_else(|rule| format!("refused {rule}"), |()| ACCEPTED.to_owned()), text)
}

fn judge_body(
    group: &Group,
    module: &Module,
    before: Body,
    (after, text): (Body, &str),
    claims: &[&str],
) -> Result<(), String> {
    let loose = |body| LooseBody::check(module, body).unwrap_or_else(|why| panic!("{why}"));
    let judged = match group.kind {
        Kind::Wasm => {
            let checked = CheckedBody::check(module, after);
            return checked.map(|_| ()).map_err(|rejection| rejection.rule.to_string());
        }
        Kind::Copies => {
            let witness = witness(&before, text, claims);
            loose(before).copied(after, &witness.blocks)
        }
        Kind::Passes => {
            let witness = witness(&before, text, claims);
            loose(before).replace(after, &witness)
        }
        Kind::Emission => panic!("{}: the tests of `prova-emit` judge emissions", group.at),
    };
    judged.map(|_| ()).map_err(|rejection| rejection.rule.to_string())
}

/// The body of a group whose text is only its head, as the builder makes it.
fn built(group: &Group) -> Option<String> {
    let head = group.body.trim_end();
    let is_head = head.starts_with("ssa ") && !head.contains('\n');
    let stub = format!("{head}\nblock0 none @0x0 ()\n  unreachable @0x0\n");
    is_head.then(|| {
        let stub = parse(&stub).unwrap_or_else(|e| panic!("{}: {e}", group.at));
        let module = module(&group.module).unwrap_or_else(|e| panic!("{}: {e}", group.at));
        print(&build(&module, FuncIdx(stub.func().0), stub.metering()).expect("a body"))
    })
}

#[test]
fn twins_have_their_verdicts() {
    let (mut wrong, mut rules) = (String::new(), BTreeMap::<Kind, BTreeSet<String>>::new());
    let only = std::env::var("PROVA_TWINS").unwrap_or_default();
    for group in read::groups(built).iter().filter(|group| group.at.contains(&only)) {
        let is_accepted = |twin: &Twin| twin.verdict == ACCEPTED;
        assert!(group.twins.iter().any(is_accepted), "{}: all are refused", group.at);
        for twin in &group.twins {
            let (given, text) = judge(group, twin);
            if given != twin.verdict {
                let Twin { at, title, verdict, .. } = twin;
                writeln!(wrong, "{at}: {title}\n  {given}, not {verdict}\n{text}")
                    .expect("it fits");
            }
            rules.entry(group.kind).or_default().insert(given);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    if only.is_empty() {
        every_rule_has_a_twin(&rules);
    }
}

fn every_rule_has_a_twin(rules: &BTreeMap<Kind, BTreeSet<String>>) {
    let refused = |names: Vec<String>| -> BTreeSet<String> {
        names.iter().map(|name| format!("refused {name}")).collect()
    };
    let passes = refused(PassRule::ALL.iter().map(PassRule::to_string).collect());
    let wasm = refused(Rule::ALL.iter().map(Rule::to_string).collect());
    for (kind, all) in [(Kind::Wasm, wasm), (Kind::Passes, passes)] {
        let missing: Vec<_> = all.difference(&rules[&kind]).collect();
        // Bodies that are too large for a text.
        assert!(missing.iter().all(|rule| *rule == "refused size"), "{kind:?}: {missing:?}");
    }
    let accepting = |rules: &BTreeSet<String>| rules.contains(ACCEPTED) && rules.len() > 1;
    assert!(rules.len() == 3 && rules.values().all(accepting), "{rules:?}");
}
