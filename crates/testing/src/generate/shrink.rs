//! A failing case → a smaller one that still fails: fewer calls, emptier bodies, fewer operators
//! and clauses.
//!
//! The bytes of a module are taken apart by [`Module`]'s ranges of sections and bodies, so this
//! works for every generator. A candidate that is no valid module, or fails in another way, is not
//! taken; the caller decides what counts as failing.
//!
//! Worst case: `ATTEMPTS_MAX` runs.

use super::{Call, Case};
use prova_module::{BinaryReader, Features, FuncIdx, Limits, Module};
use prova_rewrite::{Code, Edit, apply};
use std::ops::Range;
use wasm_encoder::Encode;

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
        shrinker.clauses();
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

    /// Takes clauses out of every `try_table`.
    fn clauses(&mut self) {
        let Some(module) = decode(&self.best.wasm) else { return };
        for func in module.defined_funcs() {
            let (mut at, mut clause) = (0, 0);
            while self.left > 0 {
                let Some(module) = decode(&self.best.wasm) else { return };
                let ranges = operator_ranges(&module, func);
                let Some(range) = ranges.get(at) else { break };
                match without_clause(&module.bytes()[range.clone()], clause) {
                    Some(bytes) if self.replace(&module, func, range, &bytes) => {}
                    Some(_) => clause += 1,
                    None => (at, clause) = (at + 1, 0),
                }
            }
        }
    }

    /// Puts other bytes in the place of an operator.
    fn replace(
        &mut self,
        module: &Module,
        func: FuncIdx,
        range: &Range<usize>,
        bytes: &[u8],
    ) -> bool {
        let (Some(mut bodies), Some(body)) = (Bodies::of(&self.best.wasm), module.body(func))
        else {
            return false;
        };
        let (start, old) = (body.range().start, body.bytes());
        let (before, after) = (&old[..range.start - start], &old[range.end - start..]);
        bodies.list[func.index() - module.imported_func_count()] = [before, bytes, after].concat();
        let wasm = bodies.encode();
        decode(&wasm).is_some() && self.offer(Case { wasm, ..self.best.clone() })
    }

    /// Takes an operator out together with one of the few after it: an opening and its `end`, a
    /// value and its `drop`.
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

/// A `try_table` without one of its clauses; `None` if it has no such clause, or is another
/// operator.
fn without_clause(bytes: &[u8], clause: usize) -> Option<Vec<u8>> {
    let mut reader = BinaryReader::new(bytes, 0);
    if reader.read_u8().ok()? != 0x1f {
        return None;
    }
    // The block type, a byte or a type index, is one LEB.
    reader.read_var_s33().ok()?;
    let head = reader.original_position() as usize;
    let count = reader.read_var_u32().ok()?;
    let mut clauses = Vec::new();
    for _ in 0..count {
        let start = reader.original_position() as usize;
        // One and OneRef have a tag before the label.
        let numbers = if reader.read_u8().ok()? < 2 { 2 } else { 1 };
        for _ in 0..numbers {
            reader.read_var_u32().ok()?;
        }
        clauses.push(&bytes[start..reader.original_position() as usize]);
    }
    if clause >= clauses.len() {
        return None;
    }
    clauses.remove(clause);
    let mut smaller = bytes[..head].to_vec();
    (clauses.len() as u32).encode(&mut smaller);
    smaller.extend(clauses.concat());
    Some(smaller)
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
        let mut edit = Edit::default();
        for (func, body) in self.module.defined_funcs().zip(&self.list) {
            edit.bodies.insert(func.0, Code::from(body.clone()));
        }
        let edited = apply(self.module.bytes(), &edit);
        edited.unwrap_or_else(|error| crate::cannot(&error.to_string())).bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_go_one_by_one() {
        // try_table (type 1) (catch 3 0) (catch_all_ref 200)
        let both = [0x1f, 1, 2, 0, 3, 0, 3, 0xc8, 1];
        assert_eq!(without_clause(&both, 0), Some(vec![0x1f, 1, 1, 3, 0xc8, 1]));
        assert_eq!(without_clause(&both, 1), Some(vec![0x1f, 1, 1, 0, 3, 0]));
        assert_eq!(without_clause(&both, 2), None);
        assert_eq!(without_clause(&[0x02, 0x40], 0), None);
    }
}
