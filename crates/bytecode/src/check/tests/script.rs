//! Text → candidates, and the form of cases: what the tests of this check read, and those of the
//! second one (`crates/testing/tests/second.rs` includes this file and the cases).
//!
//! A script is text of code with a map column. A line `!end 6` in it says that the code of the
//! operator at offset 6 ends here; what else a line with `!` says stands in [`candidate`]. Offsets
//! count from the first operator.

use crate::candidate::{Candidate, ControlHint, Handler, MapEntry, Metering, Settings};
use crate::{Rule, decode, text};
use prova_module::{Features, FuncIdx, Limits, Module, Proposal, TagIdx};

/// Replacements of text, each of what must occur.
pub(crate) type Edit = &'static [(&'static str, &'static str)];

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) code: &'static str,
    /// Edits after which the code is still right.
    pub(crate) right: &'static [Edit],
    /// Edits after which it is wrong.
    pub(crate) wrong: &'static [(Rule, Edit)],
}

impl Case {
    /// The script after an edit, each part of which must fit.
    pub(crate) fn edited(&self, edit: Edit) -> String {
        let lines = self.code.lines().map(|line| format!("{}\n", line.trim()));
        let mut script: String = lines.collect();
        for (from, to) in edit {
            assert!(script.contains(from), "{}: no {from:?} in\n{script}", self.name);
            script = script.replacen(from, to, 1);
        }
        script
    }
}

/// The module of a text.
pub(crate) fn module(wat: &str) -> Module {
    let bytes = wat::parse_str(wat).expect("the module is well-formed");
    let features = Features::default().with(Proposal::SharedMemory);
    Module::decode(bytes, &features, &Limits::default()).expect("the module is valid")
}

/// A candidate from a script: text of code with map column, after lines that start with `!`.
/// Offsets count from the first operator of the body. Without `!`: the first defined function, a
/// frame as large as locals and stack, one map entry, no metering.
pub(crate) fn candidate(module: &Module, script: &str) -> (Settings, Candidate) {
    let mut func = module.defined_funcs().next().expect("the module defines a function");
    let (mut settings, mut frame, mut map_base) = (Settings::default(), None, 0);
    let (mut controls, mut handlers) = (Vec::new(), Vec::new());
    let mut code = String::new();
    for line in script.lines().map(str::trim) {
        let Some(directive) = line.strip_prefix('!') else {
            code.push_str(line);
            code.push('\n');
            continue;
        };
        let words: Vec<&str> = directive.split_whitespace().collect();
        let numbers: Vec<u32> = words[1..].iter().map(|n| n.parse().expect("a number")).collect();
        match (words[0], &numbers[..]) {
            ("func", &[index]) => func = FuncIdx(index),
            ("frame", &[cells]) => frame = Some(cells),
            ("epoch", []) => settings.metering = Metering::Epoch,
            ("fuel", []) => settings.metering = Metering::Fuel,
            ("both", []) => settings.metering = Metering::Both,
            ("deterministic", []) => settings.deterministic = true,
            ("map-base", &[base]) => map_base = base,
            ("hint", &[offset, word]) => controls.push(ControlHint { offset, word }),
            ("catch", &[start, end, tag, with_ref, target, slot]) => handlers.push(Handler {
                start,
                end,
                tag: (tag != u32::MAX).then_some(TagIdx(tag)),
                with_ref: with_ref != 0,
                target,
                slot: slot as u16,
            }),
            other => panic!("no directive {other:?}"),
        }
    }
    let facts = module.facts(func);
    let start = facts.map_or(0, |facts| facts.blocks[0].start);
    let frame_cells = facts.map_or(0, |facts| facts.local_cells + facts.max_height_cells);
    let (words, mut map) = text::parse_with_map(&code).expect("the script is code");
    if map.is_empty() {
        map.push(MapEntry { word: 0, offset: 0 });
    }
    map.iter_mut().for_each(|entry| entry.offset = (entry.offset + start).saturating_sub(map_base));
    controls.iter_mut().for_each(|hint| hint.offset += start);
    let frame_cells = frame.unwrap_or(frame_cells);
    (settings, Candidate { func, words, frame_cells, map, controls, handlers })
}

/// A candidate from a script with `!end` lines.
pub(crate) fn scripted(module: &Module, script: &str) -> (Settings, Candidate) {
    let (mut rest, mut ends, mut count) = (String::new(), Vec::new(), 0);
    for line in script.lines().map(str::trim) {
        if let Some(end) = line.strip_prefix("!end ") {
            ends.push((count, end));
            continue;
        }
        if !line.is_empty() && !line.starts_with(['!', '@']) {
            count += 1;
        }
        rest.push_str(line);
        rest.push('\n');
    }
    let (settings, mut candidate) = candidate(module, &rest);
    let facts = module.facts(candidate.func).expect("the function is defined");
    let start = facts.blocks[0].start;
    if candidate.map[0].word != 0 {
        candidate.map.insert(0, MapEntry { word: 0, offset: start });
    }
    let mut words = vec![0];
    while let Ok(inst) = decode(&candidate.words, *words.last().expect("not empty")) {
        words.push(inst.next);
    }
    for (count, end) in ends {
        let offset: u32 = end.parse().expect("an offset");
        candidate.controls.push(ControlHint { offset: start + offset, word: words[count] });
    }
    (settings, candidate)
}
