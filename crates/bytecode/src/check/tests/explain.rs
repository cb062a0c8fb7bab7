//! Records of the walk: an accepted function, and the same with a copy missing.
//!
//! Green shows that the record says what these walks did; that a record belongs to the walk that decides is by construction.

use super::{candidate, module};
use crate::Rule;
use crate::check::explain::{Component, Explanation, Place, Step, explain};

/// `local.get 0` lies below a block that overwrites local 0 on one path.
const OVERWRITTEN: &str = "(module (func (param i32 i32) (result i32)
    local.get 0 block local.get 1 br_if 0 i32.const 10 local.set 0 end))";
/// The right code: the position goes home before the branch.
const RIGHT: &str = "!hint 2 1 0 0
    !hint 6 2 0 0
    !hint 12 3 0 0
    !hint 13 3 0 0
    0x0 copy s2 <- s0
    0x6 br_if s1 -> @3
    0xa const32 s0 <- 10
    0xd return1 s2";

fn record(explanation: &Explanation, start: u32) -> String {
    let name = |value| explanation.values.name(value);
    let mut text = String::new();
    for step in &explanation.steps {
        match step {
            Step::Operator { offset, stack, .. } => {
                let entry = |entry: &crate::check::explain::Entry| match entry.place {
                    Place::Home => format!(" {}@s{}", name(entry.value), entry.slot),
                    Place::Local(local) => format!(" {}@local{local}", name(entry.value)),
                    Place::Constant => format!(" {}", name(entry.value)),
                    Place::Fused => format!(" {}@-", name(entry.value)),
                };
                let stack = stack.as_ref().map(|it| it.top.iter().map(entry).collect::<String>());
                text += &format!("+{}:{}\n", offset - start, stack.as_deref().unwrap_or(" -"));
            }
            Step::Instruction { word, writes, effect, .. } => {
                let writes = writes.iter().map(|it| format!(" s{}={}", it.slot, name(it.value)));
                let effect = effect.map_or(String::new(), |n| format!(" #{n}"));
                text += &format!("  @{word}{}{effect}\n", writes.collect::<String>());
            }
        }
    }
    for (value, definition) in explanation.values.definitions() {
        text += &format!("v{} = {definition}\n", value.0);
    }
    text
}

fn explained(wat: &str, script: &str) -> (Explanation, u32) {
    let module = module(wat);
    let (settings, candidate) = candidate(&module, script);
    let start = module.facts(candidate.func).map_or(0, |facts| facts.blocks[0].start);
    (explain(&module, &settings, &candidate), start)
}

#[test]
fn an_accepted_walk() {
    let (explanation, start) = explained(OVERWRITTEN, RIGHT);
    explanation.verdict.as_ref().expect("the code is right");
    let expected = "+0: v1@local0
+2: v1@s2
  @0 s2=v1
+4: v1@s2 v2@local1
+6: v1@s2
  @1
+8: v1@s2 10
+10: v1@s2
+12: v1@s2
  @2 s0=10
+13: -
  @3
v1 = param 0
v2 = param 1
";
    assert_eq!(record(&explanation, start), expected);
}

#[test]
fn a_refused_walk() {
    let code = RIGHT.replace("copy s2 <- s0", "copy s2 <- s1");
    let (explanation, _) = explained(OVERWRITTEN, &code);
    let error = explanation.verdict.expect_err("s2 is not local 0");
    assert_eq!(error.rule, Rule::Frozen);
    let difference = explanation.difference.expect("two values differ");
    assert!(matches!(difference.component, Component::Cell { cell: 2, .. }));
    assert_eq!(explanation.values.definition(difference.wasm), Some("param 0"));
    assert_eq!(explanation.values.definition(difference.code), Some("param 1"));
}
