//! Twins of emission: bodies, modules with their functions, and the verdict of the proof.
//!
//! ```text
//! tests/twins/*.txt ─ read ─► groups (module, body, twins) ─ edits of the module ─ judge ─► a verdict
//! ```
//!
//! `crates/ssa/tests/twins/README.md` says the format. What is edited is the module: the body
//! stands for its own emission.
//!
//! A green run does not show that every wrong emission is refused: a twin is one wrong module, and
//! beside it a right one.

use prova_emit::emitted::{self, EmittedBody, Homes, Rule};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::{Body, CheckedBody, Def, Place, build, parse, print};
use read::{Group, Kind, Twin};
use std::collections::BTreeSet;
use std::fmt::Write;

#[path = "../../ssa/tests/twins/read.rs"]
mod read;

const ACCEPTED: &str = "accepted";

fn module(text: &str) -> Result<Module, String> {
    let bytes = wat::parse_str(text).map_err(|error| error.to_string())?;
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    module.map_err(|error| error.to_string())
}

/// The homes of a function that stands for its own emission.
fn homes(body: &Body) -> Vec<u32> {
    let home = |def| match def {
        Def::Param(_, _, Place::Local(local)) => local,
        Def::Param(..) | Def::Result(..) => u32::MAX,
    };
    body.values().map(|(_, data)| home(data.def)).collect()
}

/// The verdict on a twin, and the text of what was judged.
fn judge(group: &Group, twin: &Twin) -> (String, String) {
    assert_eq!((group.kind, twin.claims()), (Kind::Emission, Vec::new()), "{}", twin.at);
    let module = module(&group.module).unwrap_or_else(|e| panic!("{}: {e}", group.at));
    let body = parse(&group.body).unwrap_or_else(|e| panic!("{}: {e}", group.at));
    let text = twin.after(&group.module);
    let verdict = emission(&module, body, &text);
    (verdict.map_or_else(|rule| format!("refused {rule}"), |()| ACCEPTED.to_owned()), text)
}

fn emission(old: &Module, body: Body, text: &str) -> Result<(), String> {
    let homes = homes(&body);
    let body = CheckedBody::check(old, body).unwrap_or_else(|why| panic!("{why}"));
    let new = module(text).map_err(|error| format!("text: {error}"))?;
    let twin = emitted::Twin::check(old, &new).map_err(|why| why.rule.to_string())?;
    let judged = EmittedBody::check(&twin, &body, &Homes(&homes));
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
    let (mut wrong, mut rules) = (String::new(), BTreeSet::<String>::new());
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
            rules.insert(given);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    if only.is_empty() {
        let all = Rule::ALL.iter().map(|rule| format!("refused {rule}"));
        let missing: Vec<String> = all.filter(|rule| !rules.contains(rule)).collect();
        // Bodies that are too large for a text.
        let large = ["refused size", "refused image"];
        assert!(missing.iter().all(|rule| large.contains(&&**rule)), "{missing:?}");
        assert!(rules.contains(ACCEPTED));
    }
}
