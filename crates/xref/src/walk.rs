//! A function body → what it does with constants: a domain of the structured walk.
//!
//! `xref` gives a [`Sink`] that keeps the findings in its range.
//!
//! The domain is {constant, unknown}. Constants flow through the operand stack,
//! `local.set`/`get`/`tee`, globals that never change, and `i32.add`/`sub`/`and`/`or`/`shl`/`mul`
//! of constants.
//!
//! 1. A constant is reported only if every path to that place gives this value: where paths join
//!    (an `end`, an `else`, a loop's start), locals that the block writes are unknown, by the masks
//!    of the function's facts.
//! 2. What takes a constant in a way not listed makes it escape; nothing is dropped in silence
//!    but `drop` itself.
//! 3. A local that is unknown because paths joined lets the constants that it may hold escape where
//!    it is read first.
//!
//! Linear: constant work for each operator and 64 steps for each block.

use crate::flow::{Act, FOLDS, Fold, act, fold};
use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, Site, walk as walk_body};
use prova_module::{BlockKind, FuncIdx, Module, Operator};
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;

/// A constant of 32 bits, or anything.
pub(crate) type Value = Option<u32>;

/// The constants that are known before a walk.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known<'k> {
    /// Parameters to which all callers pass this constant; those beyond the slice are unknown.
    pub(crate) params: &'k [Value],
    /// Globals that have one value for ever; those beyond the slice are unknown.
    pub(crate) globals: &'k [Value],
    /// The memory whose addresses are followed.
    pub(crate) memory: u32,
}

/// Takes what a walk finds. All methods get the operator and its module offset.
pub(crate) trait Sink {
    /// A load, store or atomic operator at `base + offset`.
    fn access(&mut self, at: (u32, &Operator<'_>), base: Value, offset: u64);
    /// A bulk operator writes or reads `len` bytes from `start`.
    fn bulk(&mut self, at: (u32, &Operator<'_>), start: Value, len: Value, writes: bool);
    /// A constant leaves the domain.
    fn escape(&mut self, at: (u32, &Operator<'_>), value: u32);
    /// A call of a function of the module.
    fn call(&mut self, at: (u32, &Operator<'_>), callee: FuncIdx, args: &[Value]);
    /// A global is written.
    fn global_set(&mut self, _global: u32) {}
}

/// A local's value and when it was set.
#[derive(Clone, Copy)]
struct Local {
    value: Value,
    set: u64,
}

/// Constants for values.
struct Constants<'k, S> {
    sink: S,
    known: Known<'k>,
    locals: Vec<Local>,
    /// When each of 64 classes of locals was last made unknown.
    killed: [u64; 64],
    clock: u64,
    /// How many blocks are open.
    depth: u32,
    /// By local, constants that were overwritten inside a block: where paths join, it may still
    /// hold them.
    lost: HashMap<u32, BTreeSet<u32>>,
}

/// Walks a defined function. Gives the sink back.
pub(crate) fn walk<S: Sink>(module: &Module, func: FuncIdx, known: Known<'_>, sink: S) -> S {
    let Some(body) = module.body(func) else { return sink };
    let count = body.locals().map(|(count, _)| count as usize).sum::<usize>();
    let own = module.func_type(func);
    let mut locals: Vec<Local> = (0..own.params.len())
        .map(|i| Local { value: known.params.get(i).copied().flatten(), set: 1 })
        .collect();
    locals.resize(locals.len() + count, Local { value: Some(0), set: 1 });
    let (killed, lost) = ([0; 64], HashMap::new());
    let mut constants = Constants { sink, known, locals, killed, clock: 2, depth: 0, lost };
    // The body is valid: the walk does not end before it.
    let _ = walk_body(body, &mut constants);
    constants.sink
}

/// Operators that give a constant for constants.
const FOLDED: &[(Opcode, Fold)] = FOLDS.first_chunk::<6>().expect("there are six").as_slice();

impl<S: Sink> Constants<'_, S> {
    /// Lets values escape, the topmost first.
    fn escape(&mut self, site: &Site<'_>, values: &[Value]) {
        for value in values.iter().rev().flatten() {
            self.sink.escape((site.offset, &site.operator), *value);
        }
    }

    /// Makes the locals that a block writes unknown.
    fn kill<L>(&mut self, block: &Frame<'_, L>) {
        let written = block.facts.map_or(u64::MAX, |facts| facts.written);
        for (class, killed) in self.killed.iter_mut().enumerate() {
            if written >> class & 1 == 1 {
                *killed = self.clock;
            }
        }
        self.clock += 1;
    }

    fn local(&self, index: u32) -> Value {
        let local = self.locals.get(index as usize)?;
        (local.set > self.killed[index as usize % 64]).then_some(local.value)?
    }

    /// An operator on a local: what it gives.
    fn variable(&mut self, site: &Site<'_>, index: u32, args: &[Value]) -> Value {
        let Some(&value) = args.first() else {
            let known = self.local(index);
            self.lose(site, index);
            return known;
        };
        if let Some(local) = self.locals.get_mut(index as usize) {
            match local.value {
                Some(old) if self.depth > 0 => {
                    self.lost.entry(index).or_default().insert(old);
                }
                _ if self.depth == 0 => {
                    self.lost.remove(&index);
                }
                _ => {}
            }
            *local = Local { value, set: self.clock };
            self.clock += 1;
        }
        value
    }

    /// Lets the constants escape that a local may hold where paths joined (3).
    fn lose(&mut self, site: &Site<'_>, index: u32) {
        let Some(local) = self.locals.get_mut(index as usize) else { return };
        if local.set > self.killed[index as usize % 64] {
            return;
        }
        let mut all = self.lost.remove(&index).unwrap_or_default();
        all.extend(local.value.take());
        for value in all {
            self.sink.escape((site.offset, &site.operator), value);
        }
    }

    /// Reports a bulk operator on the memory that is followed; the value of `memory.fill` escapes.
    /// Returns whether it is such an operator.
    fn bulk(&mut self, site: &Site<'_>, act: Act, args: &[Value]) -> bool {
        let (at, own) = ((site.offset, &site.operator), self.known.memory);
        match (act, args) {
            (Act::Fill(memory), &[to, value, len]) if memory == own => {
                self.escape(site, &[value]);
                self.sink.bulk(at, to, len, true);
            }
            (Act::Init(memory), &[to, _, len]) if memory == own => {
                self.sink.bulk(at, to, len, true);
            }
            (Act::Copy(into, of), &[to, from, len]) => {
                if into == own {
                    self.sink.bulk(at, to, len, true);
                }
                if of == own {
                    self.sink.bulk(at, from, len, false);
                }
            }
            (..) => return false,
        }
        true
    }

    /// An operator on a global: what it gives.
    fn global(&mut self, site: &Site<'_>, index: u32, args: &[Value]) -> Value {
        if !args.is_empty() {
            self.escape(site, args);
            self.sink.global_set(index);
            return None;
        }
        self.known.globals.get(index as usize).copied().flatten()
    }

    fn fold(&self, site: &Site<'_>, args: &[Value]) -> Value {
        let &[Some(a), Some(b)] = args else { return None };
        fold(FOLDED, site.row.opcode, a, b)
    }
}

impl<'m, S: Sink> Domain<'m> for Constants<'_, S> {
    type Value = Value;
    type Label = ();
    type Error = Infallible;

    fn operator(
        &mut self,
        site: &Site<'m>,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        let at = (site.offset, &site.operator);
        let mut given = None;
        match act(site) {
            Act::I32(value) => given = Some(value as u32),
            Act::Get(local) | Act::Set(local) => given = self.variable(site, local, args),
            Act::Global(global) | Act::SetGlobal(global) => {
                given = self.global(site, global, args);
            }
            Act::Access(memory, offset) => {
                self.escape(site, args.get(1..).unwrap_or_default());
                if memory == Some(self.known.memory) {
                    self.sink.access(at, args.first().copied().flatten(), offset);
                }
            }
            Act::Call(callee) => self.sink.call(at, FuncIdx(callee), args),
            Act::Drop => {}
            act => {
                given = self.fold(site, args);
                if given.is_none() && !self.bulk(site, act, args) {
                    self.escape(site, args);
                }
            }
        }
        results.resize(site.result_count(), given);
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        block: &Frame<'m, ()>,
        condition: Option<&Value>,
        params: &mut [Value],
    ) -> Result<(), Infallible> {
        if let Some(site) = site.filter(|_| block.kind != BlockKind::Block) {
            self.escape(site, condition.map_or(&[], std::slice::from_ref));
            self.escape(site, params);
            params.fill(None);
        }
        self.depth += u32::from(block.kind != BlockKind::Func);
        if block.kind == BlockKind::Loop {
            self.kill(block);
        }
        Ok(())
    }

    fn edge(
        &mut self,
        site: &Site<'m>,
        edge: Edge<'_, Value>,
        _: &mut Frame<'m, ()>,
    ) -> Result<(), Infallible> {
        match edge.how {
            // The operands that the label takes stay where they are.
            How::BrIf(condition) => self.escape(site, &[*condition]),
            How::BrTable(index, 0) => {
                self.escape(site, &[*index]);
                self.escape(site, edge.values);
                self.escape(site, &edge.below[edge.inner..]);
            }
            How::Br | How::Return | How::Fall => {
                self.escape(site, edge.values);
                self.escape(site, &edge.below[edge.inner..]);
            }
            // The other targets take the same; the parameters of an `if` are unknown, references no
            // constants.
            How::BrTable(..) | How::OnNull(_) | How::OnNonNull | How::OnCast(_) | How::Skip => {}
        }
        Ok(())
    }

    fn otherwise(
        &mut self,
        _: &Site<'m>,
        frame: &mut Frame<'m, ()>,
        _: &mut [Value],
    ) -> Result<(), Infallible> {
        self.kill(frame);
        Ok(())
    }

    fn close(
        &mut self,
        site: &Site<'m>,
        frame: Frame<'m, ()>,
        exit: Exit,
        results: &mut Vec<Value>,
    ) -> Result<(), Infallible> {
        self.depth -= u32::from(frame.kind != BlockKind::Func);
        // Nothing but the code before comes to the end of a block or loop that no branch leaves.
        let falls = matches!(frame.kind, BlockKind::Block | BlockKind::Loop);
        if exit == Exit::Joined || exit == Exit::Fallen && !falls {
            self.escape(site, results);
            results.clear();
            results.resize(frame.types.results().len(), None);
            self.kill(&frame);
        }
        Ok(())
    }

    fn leave(
        &mut self,
        site: &Site<'m>,
        args: &[Value],
        below: &[Value],
    ) -> Result<(), Infallible> {
        let at = (site.offset, &site.operator);
        if let Some(callee) = site.immediates().index(Immediate::func) {
            self.sink.call(at, FuncIdx(callee), args);
            return Ok(());
        }
        self.escape(site, args);
        if matches!(site.row.class, Class::throw | Class::throw_ref) {
            self.escape(site, below);
        }
        Ok(())
    }
}
