//! The generic function as the specialiser reads it: its body, and which values are live where.
//!
//! ```text
//! Module, function ─ build ─ CheckedBody ─ passes ─► body ─ liveness ─► Generic
//! ```
//!
//! Passes run first (each is proved), so that what does not depend on the request is simplified
//! once for all requests.
//!
//! Limits: a function that catches exceptions is refused.

use crate::ask::error::{Fault, Refused};
use prova_module::ops::Class;
use prova_module::{Digest, FuncIdx, Module, ValType};
use prova_optimize::{Pass, optimize};
use prova_ssa::{ArgKind, Block, Body, CheckedBody, Edge, Metering, Op, Terminator, Value, build};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The passes over a generic function.
const PASSES: [Pass; 6] =
    [Pass::Params, Pass::Fold, Pass::Thread, Pass::Forward, Pass::Dead, Pass::Params];

/// The most values that are live at the starts of all blocks together.
const LIVE_MAX: usize = 10_000_000;

/// A function to be specialised.
#[derive(Clone, Debug)]
pub(crate) struct Generic {
    body: CheckedBody,
    /// By block, rising: the values live at its start, its parameters included.
    live: Vec<Vec<Value>>,
    /// The same for places in blocks at which a part may start, once it is asked for.
    cuts: BTreeMap<(Block, u32), OnceLock<Vec<Value>>>,
    results: Vec<ValType>,
    /// Its digest, once it is asked for.
    digest: OnceLock<Digest>,
}

impl Generic {
    /// Reads a function.
    ///
    /// # Errors
    /// If it has no proved body, or catches exceptions.
    pub(crate) fn new(module: &Module, func: FuncIdx) -> Result<Generic, Refused> {
        let refused = |fault, what: String| Refused::new(fault, what).at(func, 0);
        if module.has_shared_memory() {
            let what = "programs with a shared memory are not specialised";
            return Err(refused(Fault::Unsupported, what.to_owned()));
        }
        let body = build(module, func, Metering::NONE)
            .map_err(|error| refused(Fault::Unsupported, error.to_string()))?;
        let body = CheckedBody::check(module, body)
            .map_err(|error| refused(Fault::Bug, error.to_string()))?;
        let (body, _) = optimize(body, &PASSES);
        for (_, data) in body.body().blocks() {
            let catches = matches!(
                data.terminator,
                Terminator::Catch { .. }
                    | Terminator::Invoke { .. }
                    | Terminator::Throw { handler: Some(_), .. }
            );
            if catches {
                let what = "functions that catch exceptions are not specialised";
                return Err(refused(Fault::Unsupported, what.to_owned()).at(func, data.end));
            }
        }
        let live = live(body.body());
        let what = || refused(Fault::Limit, format!("more than {LIVE_MAX} live values"));
        let live = live.ok_or_else(what)?;
        let results = module.func_type(func).results.to_vec();
        let cuts = cuts(body.body());
        Ok(Generic { body, live, cuts, results, digest: OnceLock::new() })
    }

    pub(crate) fn body(&self) -> &Body {
        self.body.body()
    }

    pub(crate) fn func(&self) -> FuncIdx {
        self.body.func()
    }

    /// Its digest, which is computed once: a part of the key of a cache.
    pub(crate) fn digest(&self, of: impl FnOnce(&Body) -> Digest) -> Digest {
        *self.digest.get_or_init(|| of(self.body()))
    }

    /// The types of its results.
    pub(crate) fn results(&self) -> &[ValType] {
        &self.results
    }

    /// The values that are live before an instruction of a block at which a part may start,
    /// rising.
    pub(crate) fn live_at(&self, block: Block, start: u32) -> &[Value] {
        if start == 0 {
            return &self.live[block.as_u32() as usize];
        }
        let cut = self.cuts.get(&(block, start));
        let cut = cut.unwrap_or_else(|| unreachable!("a part starts at a load or behind a call"));
        cut.get_or_init(|| {
            let mut live = live_out(self.body(), block, &self.live);
            backward(self.body(), block, start, &mut live);
            live.into_iter().collect()
        })
    }
}

/// Where a part may start but at the start of a block: at a load, which may be of constant memory,
/// and behind a call, which may be a `specialize.value`.
fn cuts(body: &Body) -> BTreeMap<(Block, u32), OnceLock<Vec<Value>>> {
    let mut cuts = BTreeMap::new();
    for (block, data) in body.blocks() {
        for (number, inst) in (0..).zip(data.insts()) {
            let class = opcode(body.inst(inst).op).class();
            if matches!(class, Class::load | Class::call) {
                let start = number + u32::from(class == Class::call);
                cuts.insert((block, start), OnceLock::new());
            }
        }
    }
    cuts
}

/// The values that are live at the start of each block; `None` if those are too many.
fn live(body: &Body) -> Option<Vec<Vec<Value>>> {
    let mut total = 0;
    let mut sets: Vec<Vec<Value>> = vec![Vec::new(); body.block_count()];
    let mut preds: Vec<Vec<Block>> = vec![Vec::new(); body.block_count()];
    for (block, _) in body.blocks() {
        for edge in body.successors(block) {
            preds[edge.block.as_u32() as usize].push(block);
        }
    }
    let mut open: BTreeSet<Block> = body.blocks().map(|(block, _)| block).collect();
    while let Some(block) = open.pop_last() {
        let mut live = live_out(body, block, &sets);
        backward(body, block, 0, &mut live);
        let at = block.as_u32() as usize;
        if live.len() != sets[at].len() {
            total += live.len() - sets[at].len();
            if total > LIVE_MAX {
                return None;
            }
            sets[at] = live.into_iter().collect();
            open.extend(&preds[at]);
        }
    }
    Some(sets)
}

/// The values that are live behind the last instruction of a block, the terminator's operands
/// included.
fn live_out(body: &Body, block: Block, sets: &[Vec<Value>]) -> BTreeSet<Value> {
    let mut live = BTreeSet::new();
    let mut edge = |edge: &Edge| {
        let target = &sets[edge.block.as_u32() as usize];
        let params: Vec<Value> = body.block(edge.block).params().collect();
        for &value in target {
            match params.binary_search(&value) {
                Ok(number) => {
                    if let ArgKind::Value(arg) = body.args(edge)[number].kind() {
                        live.insert(arg);
                    }
                }
                Err(_) => {
                    live.insert(value);
                }
            }
        }
    };
    body.successors(block).for_each(|to| edge(&to));
    if !planted!(OperandsAreDead) {
        live.extend(body.terminator_operands(&body.block(block).terminator));
    }
    live
}

/// Goes back over the instructions of a block, down to the one of a number.
fn backward(body: &Body, block: Block, start: u32, live: &mut BTreeSet<Value>) {
    let insts: Vec<_> = body.block(block).insts().skip(start as usize).collect();
    for &inst in insts.iter().rev() {
        let data = body.inst(inst);
        let mut is_read = !data.op.effects().is_pure();
        for result in data.results() {
            is_read |= live.remove(&result);
        }
        if is_read {
            live.extend(body.operands(data.args));
        }
    }
}

/// The Wasm operator of an instruction; bodies here have no metering.
pub(crate) fn opcode(op: Op) -> prova_module::Opcode {
    match op {
        Op::Wasm(opcode) => opcode,
        Op::Charge | Op::Poll => prova_module::Opcode::Nop,
    }
}
