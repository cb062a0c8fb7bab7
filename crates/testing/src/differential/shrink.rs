//! A failing case → a smaller one that still fails: fewer calls, emptier bodies, fewer operators.
//!
//! Neighbours: `report` calls it; the bytes of a module are taken apart by what [`Module`] says of its sections and
//! bodies, so this works for every generator. A candidate that is no valid module, or fails in another way, is not
//! taken; the caller says what counts as failing.
//!
//! Worst case: `ATTEMPTS_MAX` runs.

use crate::generate::{Call, Case};
use prova_module::{Features, FuncIdx, Limits, Module};
use std::ops::Range;
use wasm_encoder::{CodeSection, RawSection};

/// Candidates that are tried at most.
pub(super) const ATTEMPTS_MAX: usize = 6_000;

/// The smallest failing case that was found.
pub fn shrink(case: &Case, fails: &dyn Fn(&Case) -> bool) -> Case {
    let mut shrinker = Shrinker { best: case.clone(), fails, left: ATTEMPTS_MAX };
    shrinker.calls();
    shrinker.functions();
    loop {
        let before = shrinker.best.wasm.len();
        shrinker.operators();
        shrinker.calls();
        if shrinker.best.wasm.len() == before {
            return shrinker.best;
        }
    }
}

struct Shrinker<'f> {
    best: Case,
    fails: &'f dyn Fn(&Case) -> bool,
    left: usize,
}

impl Shrinker<'_> {
    /// Takes a case if it fails too.
    fn offer(&mut self, case: Case) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let fails = (self.fails)(&case);
        if fails {
            self.best = case;
        }
        fails
    }

    fn with_calls(&self, calls: Vec<Call>) -> Case {
        Case { calls, ..self.best.clone() }
    }

    fn calls(&mut self) {
        for call in self.best.calls.clone() {
            if self.best.calls.len() > 1 && self.offer(self.with_calls(vec![call])) {
                return;
            }
        }
        let mut size = self.best.calls.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < self.best.calls.len() {
                let mut calls = self.best.calls.clone();
                calls.drain(at..(at + size).min(calls.len()));
                if !self.offer(self.with_calls(calls)) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    /// Empties the bodies that nothing needs.
    fn functions(&mut self) {
        let Some(bodies) = Bodies::of(&self.best.wasm) else { return };
        for i in 0..bodies.list.len() {
            let Some(mut bodies) = Bodies::of(&self.best.wasm) else { return };
            // No locals, `unreachable end`.
            bodies.list[i] = vec![0, 0x00, 0x0b];
            let wasm = bodies.encode();
            self.offer(Case { wasm, ..self.best.clone() });
        }
    }

    /// Takes runs of operators out of every body, long ones first.
    fn operators(&mut self) {
        let Some(module) = decode(&self.best.wasm) else { return };
        for func in module.defined_funcs() {
            let mut size = operator_ranges(&module, func).len() / 2;
            while size > 0 {
                self.operators_of(func, size);
                size /= 2;
            }
        }
    }

    fn operators_of(&mut self, func: FuncIdx, size: usize) {
        let mut at = 0;
        while self.left > 0 {
            let Some(module) = decode(&self.best.wasm) else { return };
            let ranges = operator_ranges(&module, func);
            // The last operator is the body's `end`.
            if at + size >= ranges.len() {
                return;
            }
            let removed = ranges[at].start..ranges[at + size - 1].end;
            let smaller = self.without(&module, func, &[removed])
                || size == 1 && self.without_pair(&module, func, at);
            if !smaller {
                at += 1;
            }
        }
    }

    /// Takes an operator out together with one of the few after it: an opening and its `end`, a value and its `drop`.
    fn without_pair(&mut self, module: &Module, func: FuncIdx, at: usize) -> bool {
        let ranges = operator_ranges(module, func);
        let last = ranges.len().saturating_sub(1).min(at + 12);
        (at + 1..last)
            .any(|other| self.without(module, func, &[ranges[at].clone(), ranges[other].clone()]))
    }

    fn without(&mut self, module: &Module, func: FuncIdx, removed: &[Range<usize>]) -> bool {
        let (Some(mut bodies), Some(body)) = (Bodies::of(&self.best.wasm), module.body(func))
        else {
            return false;
        };
        let (start, bytes) = (body.range().start, body.bytes());
        let kept = |i: &usize| !removed.iter().any(|range| range.contains(&(start + i)));
        let rest = (0..bytes.len()).filter(kept).map(|i| bytes[i]).collect();
        bodies.list[func.index() - module.imported_func_count()] = rest;
        let wasm = bodies.encode();
        decode(&wasm).is_some() && self.offer(Case { wasm, ..self.best.clone() })
    }
}

fn decode(wasm: &[u8]) -> Option<Module> {
    Module::decode(wasm, &Features::default(), &Limits::default()).ok()
}

/// Where each operator of a body is in the module.
fn operator_ranges(module: &Module, func: FuncIdx) -> Vec<Range<usize>> {
    let Some(body) = module.body(func) else { return Vec::new() };
    let mut reader = body.operators();
    let mut ranges = Vec::new();
    while !reader.eof() {
        let start = reader.original_position() as usize;
        if reader.read().is_err() {
            break;
        }
        ranges.push(start..reader.original_position() as usize);
    }
    ranges
}

/// A module whose bodies can be replaced.
struct Bodies {
    module: Module,
    list: Vec<Vec<u8>>,
}

impl Bodies {
    fn of(wasm: &[u8]) -> Option<Bodies> {
        let module = decode(wasm)?;
        let bodies = module.defined_funcs().filter_map(|func| module.body(func));
        let list = bodies.map(|body| body.bytes().to_vec()).collect();
        Some(Bodies { module, list })
    }

    /// The module with the bodies of the list, without custom sections.
    fn encode(&self) -> Vec<u8> {
        let mut encoded = wasm_encoder::Module::new();
        for section in self.module.sections() {
            match section.id {
                0 => {}
                10 => {
                    let mut code = CodeSection::new();
                    for body in &self.list {
                        code.raw(body);
                    }
                    encoded.section(&code);
                }
                id => {
                    let data = &self.module.bytes()[section.range.clone()];
                    encoded.section(&RawSection { id, data });
                }
            }
        }
        encoded.finish()
    }
}
