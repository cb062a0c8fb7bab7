//! Records of the walk: an accepted function, the same with a copy missing, and each kind of
//! refusal in words; then changes by chance.
//!
//! Green shows that the record says what these walks did; that a record belongs to the walk that
//! decides is by construction.

use prova_bytecode::check::Reason;
use prova_bytecode::{
    Candidate, CheckedBytecode, ControlHint, Handler, MapEntry, Rule, Settings, text,
};
use prova_module::{Features, Limits, Module, Proposal, TagIdx};
use prova_random::Rng;
use prova_wording::{
    Component, Entry, Event, Explanation, Place, Site, Step, explain, reason, refused,
};

fn module(wat: &str) -> Module {
    let bytes = wat::parse_str(wat).expect("the module is well-formed");
    let features = Features::default().with(Proposal::Exceptions);
    Module::decode(bytes, &features, &Limits::default()).expect("the module is valid")
}

/// A candidate for the last function, from code with a map column and lines `!hint OFFSET WORD` and
/// `!catch START END TAG WITH_REF TARGET SLOT`. Offsets count from the first operator.
fn candidate(module: &Module, script: &str) -> (Settings, Candidate) {
    let func = module.defined_funcs().last().expect("the module defines a function");
    let facts = module.facts(func).expect("a defined function has facts");
    let start = facts.blocks[0].start;
    let (mut controls, mut handlers, mut code) = (Vec::new(), Vec::new(), String::new());
    for line in script.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        let directive = words.next().filter(|word| word.starts_with('!'));
        let numbers: Vec<u32> = words.filter_map(|word| word.parse().ok()).collect();
        match (directive, &numbers[..]) {
            (Some("!hint"), &[offset, word]) => {
                controls.push(ControlHint { offset: start + offset, word });
            }
            (Some("!catch"), &[from, end, tag, with_ref, target, slot]) => handlers.push(Handler {
                start: from,
                end,
                tag: (tag != u32::MAX).then_some(TagIdx(tag)),
                with_ref: with_ref != 0,
                target,
                slot: slot as u16,
            }),
            (Some(other), _) => panic!("no directive {other}"),
            (None, _) => code += &format!("{line}\n"),
        }
    }
    let (words, mut map) = text::parse_with_map(&code).expect("the script is code");
    if map.is_empty() {
        map.push(MapEntry { word: 0, offset: 0 });
    }
    map.iter_mut().for_each(|entry| entry.offset += start);
    let frame_cells = facts.local_cells + facts.max_height_cells;
    (Settings::default(), Candidate { func, words, frame_cells, map, controls, handlers })
}

/// `local.get 0` lies below a block that overwrites local 0 on one path.
const OVERWRITTEN: &str = "(module (func (param i32 i32) (result i32)
    local.get 0 block local.get 1 br_if 0 i32.const 10 local.set 0 end))";
/// The right code: the position goes home before the branch.
const RIGHT: &str = "!hint 2 2
    !hint 6 4
    !hint 12 6
    !hint 13 6
    0x0 copy s2 <- s0
    0x6 br_if s1 -> @6
    0xa const32 s0 <- 10
    0xd return1 s2";

fn record(explanation: &Explanation, start: u32) -> String {
    let name = |value| explanation.values.name(value);
    let mut text = String::new();
    for step in &explanation.steps {
        match step {
            Step::Operator { offset, stack, .. } => {
                let entry = |entry: &Entry| match entry.place {
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
    for (value, _) in explanation.values.definitions() {
        text += &format!("{}\n", explanation.values.describe(value));
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
  @2
+8: v1@s2 10
+10: v1@s2
+12: v1@s2
  @4 s0=10
+13: -
  @6
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
    assert_eq!(explanation.values.describe(difference.wasm), "v1 = param 0");
    assert_eq!(explanation.values.describe(difference.code), "v2 = param 1");
}

/// Refusals in words: module, code, text.
const REFUSALS: &[(&str, &str, &str, &str)] = &[
    (
        "a position that is not at home on one path",
        OVERWRITTEN,
        "!hint 2 0
            !hint 6 2
            !hint 12 6
            !hint 13 6
            0x6 br_if s1 -> @6
            0x0 copy s2 <- s0
            0xa const32 s0 <- 10
            0xd return1 s2",
        "Q6 (frozen) position 0 of the Wasm stack (v1 = param 0) is not in s2 on the edge from `BrIf` at 0x20 to the end (at 0x26) of the block at 0x1c: s2 has no value on this path
Wasm: v1 = param 0
  +0: pushes v1 = param 0: position 0 of the Wasm stack
code: nothing
  nothing before here writes s2
  @2: the first instruction behind it that writes s2",
    ),
    (
        "a local with another value",
        "(module (func (param i32) (local i32)
            local.get 0 i32.const 5 i32.sub local.set 1 loop end))",
        "!hint 7 2
            !hint 9 2
            !hint 10 2
            0x4 i32.add_imm s1 <- s0 5
            0xa return",
        "Q6 (frozen) local 1 (v3 = i32.add(v1, 0xfffffffb)) is not in s1 on the edge from `Loop` at 0x21 to the loop at 0x21: s1 holds v4 = i32.add(v1, 5); they differ in operand 1 of i32.add: in Wasm 0xfffffffb, in the code 5
Wasm: v3 = i32.add(v1, 0xfffffffb)
  +0: gives v1 = param 0
  +4: gives v3 = i32.add(v1, 0xfffffffb)
  +5: sets local 1
code: v4 = i32.add(v1, 5)
  @0: writes v4 = i32.add(v1, 5) to s1",
    ),
    (
        "operands exchanged",
        "(module (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.sub))",
        "!hint 5 2
            0x4 i32.sub s2 <- s1 s0
            0x5 return1 s2",
        "Q9 (results) result cell 0 is v3 = i32.sub(v1, v2) at `End` at 0x1f; instruction @2 returns v4 = i32.sub(v2, v1); operands 0 and 1 of i32.sub are exchanged
Wasm: v3 = i32.sub(v1, v2)
  +0: gives v1 = param 0
  +2: gives v2 = param 1
  +4: gives v3 = i32.sub(v1, v2)
code: v4 = i32.sub(v2, v1)
  @0: writes v4 = i32.sub(v2, v1) to s2
  @2: uses v4",
    ),
    (
        "another operator",
        "(module (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.lt_s))",
        "!hint 5 2
            0x4 i32.lt_u s2 <- s0 s1
            0x5 return1 s2",
        "Q9 (results) result cell 0 is v3 = i32.lt_s(v1, v2) at `End` at 0x1f; instruction @2 returns v4 = i32.lt_u(v1, v2); the operands are the same, the operators are not
Wasm: v3 = i32.lt_s(v1, v2)
  +0: gives v1 = param 0
  +2: gives v2 = param 1
  +4: gives v3 = i32.lt_s(v1, v2)
code: v4 = i32.lt_u(v1, v2)
  @0: writes v4 = i32.lt_u(v1, v2) to s2
  @2: uses v4",
    ),
    (
        "the address of a load",
        "(module (memory 1) (func (param i32 i32) (result i32) local.get 0 i32.load offset=4))",
        "!hint 5 2
            0x2 i32.load s2 <- s1 +4
            0x5 return1 s2",
        "Q2 (effects) the address of `I32Load` at 0x21 is v1 = param 0; instruction @0 has v2 = param 1
Wasm: v1 = param 0
  +0: gives v1 = param 0
code: v2 = param 1
  s1 is the slot of local 1, and nothing before here writes it
  @0: uses v2",
    ),
    (
        "the offset of a load",
        "(module (memory 1) (func (param i32 i32) (result i32) local.get 0 i32.load offset=4))",
        "!hint 5 2
            0x2 i32.load s2 <- s0 +8
            0x5 return1 s2",
        "Q2 (effects) the offset of `I32Load` at 0x21 is 4; instruction @0 has 8
Wasm: 4
code: 8
  @0: uses 8",
    ),
    (
        "a slot without value",
        "(module (func (param i32) (result i32) local.get 0 i32.const 3 i32.add))",
        "!hint 5 2
            0x4 i32.add s1 <- s0 s2
            0x5 return1 s1",
        "Q4 (initialised) instruction @0 reads s2 (position 1 of the Wasm stack, 3), which has no value on every path to it
Wasm: 3
  +2: pushes 3: position 1 of the Wasm stack
code: nothing
  nothing before here writes s2",
    ),
    (
        "a value of a label",
        "(module (func (param i32) (result i32)
            block (result i32) i32.const 1 local.get 0 br_if 0 drop i32.const 2 end))",
        "!hint 0 0
            !hint 6 4
            !hint 11 6
            !hint 12 6
            0x2 const32 s1 <- 3
            0x6 br_if s0 -> @6
            0x9 const32 s1 <- 2
            0xc return1 s1",
        "Q5 (values) a value of the label (1) is not in s1 on the edge from `BrIf` at 0x1f to the end (at 0x24) of the block at 0x19: s1 holds 3
Wasm: 1
  +2: gives 1
code: 3
  @0: writes 3 to s1
  @4: the first instruction behind it that writes s1",
    ),
    (
        "the condition of a branch",
        OVERWRITTEN,
        "!hint 2 2
            !hint 6 4
            !hint 12 6
            !hint 13 6
            0x0 copy s2 <- s0
            0x6 br_if_not s1 -> @6
            0xa const32 s0 <- 10
            0xd return1 s2",
        "Q8 (conditions) `BrIf` at 0x20 branches on v2 = param 1; instruction @2 has to branch on it and branches on v3 = i32.eq(v2, 0)
Wasm: v2 = param 1
  +4: gives v2 = param 1
code: v3 = i32.eq(v2, 0)
  s1 is the slot of local 1, and nothing before here writes it
  @2: uses v3",
    ),
    (
        "an argument of a call, below values that are kept",
        "(module (func $f (param i32) (result i32)
            local.get 0 i32.const 4 local.get 0 call $f i32.add i32.add))",
        "!hint 10 10
            0x6 copy s1 <- s0
            0x2 const32 s2 <- 4
            0x6 copy s3 <- s2
            0x6 call s3.. func0
            0xa return1 s1",
        "Q2 (effects) argument cell 0 of `Call` at 0x1f (v1 = param 0) is not in s3: s3 holds 4
Wasm: v1 = param 0
  +0: gives v1 = param 0
code: 4
  @4: writes 4 to s3",
    ),
    (
        "a catch clause relies on a local",
        "(module (tag) (func (local i32)
            block try_table (catch_all 0) i32.const 7 local.set 0 throw 0 end end))",
        "!hint 0 0
            !hint 2 0
            !hint 13 2
            !hint 14 2
            !hint 15 2
            !catch 0 2 4294967295 0 1 1
            0xb throw s1.. tag0
            0xf return",
        "Q6 (frozen) local 0 (7) is not in s0 where `Throw` at 0x29 may throw to a clause around it: s0 holds 0
Wasm: 7
  +9: sets local 0
code: 0
  s0 is the slot of local 0, and nothing before here writes it",
    ),
    (
        "an effect that is missing",
        "(module (memory 1) (func (param i32) local.get 0 i32.load drop))",
        "!hint 6 0
            0x6 return",
        "Q2 (effects) control leaves before Load(4) of the operator at 0x1f, at `I32Load` at 0x1f",
    ),
];

/// The words of a refusal, with offsets from the first operator.
fn words(wat: &str, script: &str) -> String {
    let module = module(wat);
    let (settings, candidate) = candidate(&module, script);
    let start = module.facts(candidate.func).map_or(0, |facts| facts.blocks[0].start);
    let text = |offset: u32| {
        let mut operators = module.body(candidate.func).expect("a body").operators();
        loop {
            let (operator, at) = operators.read_with_offset().expect("the body is valid");
            if at as u32 == offset {
                let text = format!("{operator:?}");
                return text.split(' ').next().unwrap_or_default().to_owned();
            }
        }
    };
    let explanation = explain(&module, &settings, &candidate);
    let refusal = explanation.refusal(&module, &candidate, &text).expect("the code is wrong");
    let mut out = format!("{} {}\n", refusal.error.rule, refusal.sentence);
    for (name, side) in [("Wasm", refusal.wasm), ("code", refusal.code)] {
        let Some(side) = side else { continue };
        out += &format!("{name}: {}\n", side.value);
        for Event { site, what } in side.history {
            out += &match site {
                Site::Operator(offset) => format!("  +{}: {what}\n", offset - start),
                Site::Instruction(word) => format!("  @{word}: {what}\n"),
                Site::None => format!("  {what}\n"),
            };
        }
    }
    out
}

#[test]
fn refusals_in_words() {
    let mut wrong = String::new();
    for (name, wat, script, expected) in REFUSALS {
        let words = words(wat, script);
        if words.trim_end() != *expected {
            wrong += &format!("{name}:\n{words}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Code with a bit of a word changed: the record decides as the check does, and every refusal has
/// words, a difference with both values.
#[test]
fn every_refusal_of_changed_code_has_words() {
    let mut random = Rng::new(5);
    let (mut accepted, mut told, mut differences) = (0, 0, 0);
    let right = ("right", OVERWRITTEN, RIGHT, "");
    for (_, wat, script, _) in REFUSALS.iter().chain([&right]) {
        let module = module(wat);
        let (settings, honest) = candidate(&module, script);
        for change in 0..300 {
            let mut candidate = honest.clone();
            let at = random.below(candidate.words.len());
            if change > 0 {
                candidate.words[at] ^= 1 << random.below(64);
            }
            let explanation = explain(&module, &settings, &candidate);
            let refusal = explanation.refusal(&module, &candidate, &|offset| offset.to_string());
            let verdict = CheckedBytecode::check(&module, &settings, candidate).map(drop);
            assert_eq!(explanation.verdict, verdict);
            assert_eq!(refusal.is_some(), verdict.is_err());
            let Some(refusal) = refusal else {
                accepted += 1;
                continue;
            };
            told += 1;
            assert!(!refusal.sentence.is_empty());
            let differs = matches!(refusal.error.what, Reason::Differs { .. });
            assert_eq!(differs, refusal.code.is_some());
            differences += u32::from(differs);
            let text = refused(&refusal.error);
            assert!(
                text.ends_with(&reason(&refusal.error.what)) && text.contains("refused at word")
            );
        }
    }
    let counts = format!("{accepted} accepted, {told} told, {differences} differences");
    assert!(accepted > 0 && told > 2_000 && differences > 1_000, "{counts}");
}

/// The text of an error says both values, three terms deep.
#[test]
fn an_error_says_both_values() {
    let module = module(
        "(module (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.sub i32.popcnt
            i32.clz i32.ctz i32.popcnt))",
    );
    let code = |first: &str| {
        format!(
            "!hint 9 10
            0x4 {first} s2 <- s0 s1
            0x5 i32.popcnt s2 <- s2
            0x6 i32.clz s2 <- s2
            0x7 i32.ctz s2 <- s2
            0x8 i32.popcnt s2 <- s2
            0x9 return1 s2"
        )
    };
    let verdict = |first| {
        let (settings, candidate) = candidate(&module, &code(first));
        CheckedBytecode::check(&module, &settings, candidate).map(drop)
    };
    assert_eq!(verdict("i32.sub"), Ok(()));
    let error = verdict("i32.add").expect_err("another operator");
    let value = "i32_popcnt(i32_ctz(i32_clz(i32_popcnt(…))))";
    assert_eq!(reason(&error.what), format!("result cell 0 is {value}, in Wasm {value}"));
    let text = refused(&error);
    let start = "bytecode of func0 refused at word 10 (Wasm offset 0x";
    assert!(text.starts_with(start) && text.ends_with(&reason(&error.what)), "{text}");
    assert_eq!(error.to_string().find(", rule"), text.find(", rule"));
}
