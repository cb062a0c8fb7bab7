//! The fixpoint: blocks of the bytes, and what holds at each merge.
//!
//! - F1. A *leader* is the target of a jump that is no `ud2`. One with a single way to it, from
//!   before it and not through a jump table, inherits that way's state; every other one has claims.
//! - F2. Claims only weaken, so the work ends.

use crate::join::{self, Claims};
use crate::{CertifyError, Draft};
use prova_check::x64::{Class, Insn};
use prova_check::{Fault, Flow as To, Layout, Machine, Rule, State};
use std::collections::{BTreeMap, BTreeSet};

/// How often the facts of a block may change before they are dropped.
pub const CHANGES_MAX: u32 = 6;

const OFF: Fault = Fault { rule: Rule::Target, what: "the code runs off its end" };

/// What holds where a leader begins.
#[derive(Clone, Debug)]
enum Entry {
    Nothing,
    Inherited(Box<State>),
    Claimed(Claims),
}

#[derive(Clone, Debug)]
struct Leader {
    /// The instructions that lead here, and whether by a jump.
    ways: BTreeSet<(u32, bool)>,
    table: bool,
    entry: Entry,
    changes: u32,
}

impl Leader {
    fn inherits(&self, at: u32) -> bool {
        !self.table && self.ways.len() == 1 && self.ways.iter().all(|&(from, _)| from < at)
    }

    fn is_header(&self, at: u32) -> bool {
        self.ways.iter().any(|&(from, _)| from >= at)
    }
}

/// What one instruction touches, as `need` wants it.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) insn: Insn,
    /// The state before it.
    pub(crate) before: Box<State>,
}

/// The finished analysis.
pub(crate) struct Analysis<'a> {
    pub(crate) machine: Machine<'a>,
    insns: BTreeMap<u32, Insn>,
    leaders: BTreeMap<u32, Leader>,
    len: u32,
}

struct Run<'a> {
    machine: Machine<'a>,
    bytes: &'a [u8],
    insns: BTreeMap<u32, Insn>,
    leaders: BTreeMap<u32, Leader>,
    tables: BTreeSet<u32>,
    work: BTreeSet<u32>,
    /// Whether the code is to be executed from its entry.
    again: bool,
}

/// Runs the analysis.
pub(crate) fn run<'a>(layout: &'a Layout, draft: &Draft<'a>) -> Result<Analysis<'a>, CertifyError> {
    let len = u32::try_from(draft.bytes.len()).unwrap_or(u32::MAX);
    // All bytes may be data until it is known which are code.
    let machine = Machine::new(layout, draft.kind, draft.bytes, vec![(0, len)])
        .map_err(|fault| CertifyError::at(0, fault))?;
    let mut run = Run {
        machine,
        bytes: draft.bytes,
        insns: BTreeMap::new(),
        leaders: BTreeMap::new(),
        tables: BTreeSet::new(),
        work: BTreeSet::new(),
        again: true,
    };
    run.discover(vec![0])?;
    // A `ud2` with a row is code, even where no way leads to it.
    for row in draft.traps {
        match Insn::decode(draft.bytes, row.code_offset) {
            Ok(insn) if insn.class == Class::Trap => run.insns.entry(insn.offset).or_insert(insn),
            Ok(_) | Err(_) => continue,
        };
    }
    loop {
        if std::mem::take(&mut run.again) {
            let entry = run.machine.entry();
            run.block(0, entry)?;
        }
        let Some(at) = run.work.pop_first() else { break };
        let state = match run.leaders.get(&at).map(|leader| &leader.entry) {
            Some(Entry::Inherited(state)) => (**state).clone(),
            Some(Entry::Claimed(claims)) => {
                let claims = claims.clone();
                run.machine
                    .instantiate(&claims.list, claims.metered)
                    .map_err(|fault| CertifyError::at(at, fault))?
            }
            Some(Entry::Nothing) | None => continue,
        };
        run.block(at, state)?;
    }
    Ok(Analysis { machine: run.machine, insns: run.insns, leaders: run.leaders, len })
}

/// Where an instruction jumps to, and whether control may go on behind it.
fn ways(insn: &Insn) -> (Option<u32>, bool) {
    let branch = matches!(insn.class, Class::Branch(_));
    let jump = insn.class == Class::Jump;
    let ends = matches!(insn.class, Class::Return | Class::Trap | Class::JumpTo);
    ((jump || branch).then(|| insn.target()), !(jump || ends))
}

impl Run<'_> {
    /// Finds the instructions that direct control reaches from these places, and the leaders.
    fn discover(&mut self, mut todo: Vec<u32>) -> Result<(), CertifyError> {
        while let Some(start) = todo.pop() {
            let mut at = start;
            while !self.insns.contains_key(&at) {
                if at as usize >= self.bytes.len() {
                    return Err(CertifyError::at(at, OFF));
                }
                let insn =
                    Insn::decode(self.bytes, at).map_err(|fault| CertifyError::at(at, fault))?;
                self.insns.insert(at, insn);
                let (jump, falls) = ways(&insn);
                todo.extend(jump);
                if !falls {
                    break;
                }
                at = insn.end();
            }
        }
        let mut targets = self.tables.clone();
        for insn in self.insns.values() {
            if matches!(insn.class, Class::Jump | Class::Branch(_)) {
                targets.insert(insn.target());
            }
        }
        targets.retain(|t| self.insns.get(t).is_some_and(|i| i.class != Class::Trap));
        for &at in &targets {
            let table = self.tables.contains(&at);
            let leader = self.leaders.entry(at).or_insert_with(|| Leader {
                ways: BTreeSet::new(),
                table,
                entry: Entry::Nothing,
                changes: 0,
            });
            leader.table |= table;
        }
        for insn in self.insns.values() {
            let (jump, falls) = ways(insn);
            let falls = falls.then(|| (insn.end(), false));
            for (to, jump) in jump.map(|to| (to, true)).into_iter().chain(falls) {
                if let Some(leader) = self.leaders.get_mut(&to) {
                    leader.ways.insert((insn.offset, jump));
                }
            }
        }
        Ok(())
    }

    /// Executes from `at` to the block's end.
    fn block(&mut self, at: u32, mut state: State) -> Result<(), CertifyError> {
        let mut at = at;
        loop {
            let Some(insn) = self.insns.get(&at).copied() else {
                return Err(CertifyError::at(at, OFF));
            };
            let fail = |fault| CertifyError::at(at, fault);
            let effect = self.machine.step(&mut state, &insn).map_err(fail)?;
            match effect.flow {
                To::Next => {}
                To::Stop => return Ok(()),
                To::Jump(target) if insn.class == Class::JumpTo => {
                    return self.targets(state, at, BTreeSet::from([target]));
                }
                To::Jump(target) => return self.edge(state, target, at, false),
                To::Branch(target, condition) => {
                    let taken = self.machine.assume(&state, condition, true);
                    let other = self.machine.assume(&state, condition, false);
                    if let Some(path) = taken {
                        self.edge(State { path, ..state.clone() }, target, at, false)?;
                    }
                    let Some(path) = other else { return Ok(()) };
                    state.path = path;
                }
                To::Table { table, count } => return self.table(state, at, (table, count)),
            }
            at = insn.end();
            if self.leaders.contains_key(&at) {
                return self.edge(state, at, insn.offset, false);
            }
        }
    }

    fn table(
        &mut self,
        state: State,
        from: u32,
        (table, count): (u32, u32),
    ) -> Result<(), CertifyError> {
        let mut targets = BTreeSet::new();
        for i in 0..count as usize {
            let at = table as usize + 4 * i;
            let Some(entry) = self.bytes.get(at..).and_then(|b| b.first_chunk::<4>()) else {
                break;
            };
            let target = i64::from(table) + i64::from(i32::from_le_bytes(*entry));
            targets.insert(u32::try_from(target).unwrap_or(u32::MAX));
        }
        self.targets(state, from, targets)
    }

    /// The edges of an indirect jump.
    fn targets(
        &mut self,
        state: State,
        from: u32,
        targets: BTreeSet<u32>,
    ) -> Result<(), CertifyError> {
        let new: Vec<u32> = targets.difference(&self.tables).copied().collect();
        if !new.is_empty() {
            self.tables.extend(new.iter().copied());
            self.discover(new)?;
            // A new leader may stand inside a block that was executed: all are executed again.
            self.again = true;
            self.work.extend(self.leaders.keys().copied());
        }
        for target in targets {
            self.edge(state.clone(), target, from, true)?;
        }
        Ok(())
    }

    /// An edge: the target's claims weaken if need be.
    fn edge(
        &mut self,
        mut state: State,
        to: u32,
        from: u32,
        table: bool,
    ) -> Result<(), CertifyError> {
        let Some(leader) = self.leaders.get_mut(&to) else { return Ok(()) };
        if table {
            leader.ways.insert((from, true));
        }
        if leader.inherits(to) {
            leader.entry = Entry::Inherited(Box::new(state));
            self.work.insert(to);
            return Ok(());
        }
        let header = leader.is_header(to);
        let mut entry = std::mem::replace(&mut leader.entry, Entry::Nothing);
        let changes = leader.changes;
        if let Entry::Inherited(state) = &entry {
            // The way that was the only one counts as well.
            let list = join::describe(&mut self.machine, state);
            entry = Entry::Claimed(Claims { list, metered: state.metered && !header });
        }
        let metered = state.metered && !header;
        let claims = match entry {
            Entry::Claimed(old) => {
                let same = old.metered == (old.metered && metered);
                if same && changes > 0 && self.machine.implies(&mut state, &old.list).is_ok() {
                    self.leaders.entry(to).and_modify(|l| l.entry = Entry::Claimed(old));
                    return Ok(());
                }
                let metered = old.metered && metered;
                let list = join::join(&mut self.machine, &old.list, &state, changes)
                    .map_err(|fault| CertifyError::at(from, fault))?;
                Claims { list, metered }
            }
            Entry::Inherited(_) | Entry::Nothing => {
                Claims { list: join::describe(&mut self.machine, &state), metered }
            }
        };
        self.leaders.entry(to).and_modify(|leader| {
            leader.entry = Entry::Claimed(claims);
            leader.changes += 1;
        });
        self.work.insert(to);
        Ok(())
    }
}

impl<'a> Analysis<'a> {
    /// Offsets `[start, end)` of what is no instruction.
    pub(crate) fn data(&self) -> Vec<(u32, u32)> {
        let mut data = Vec::new();
        let mut end = 0;
        for insn in self.insns.values() {
            if insn.offset > end {
                data.push((end, insn.offset));
            }
            end = end.max(insn.end());
        }
        if end < self.len {
            data.push((end, self.len));
        }
        data
    }

    /// The claimed blocks.
    pub(crate) fn claimed(&self) -> BTreeMap<u32, Claims> {
        let claimed = self.leaders.iter().filter_map(|(&at, leader)| match &leader.entry {
            Entry::Claimed(claims) => Some((at, claims.clone())),
            Entry::Inherited(_) | Entry::Nothing => None,
        });
        claimed.collect()
    }

    /// Each block's instructions with the states before them, the entry first, and its successors.
    pub(crate) fn traces(&self) -> Vec<(u32, Vec<Trace>, Vec<u32>)> {
        let mut machine = self.machine.clone();
        let mut starts: Vec<(u32, State)> = vec![(0, machine.entry())];
        for (&at, leader) in &self.leaders {
            match &leader.entry {
                Entry::Inherited(state) => starts.push((at, (**state).clone())),
                Entry::Claimed(claims) => {
                    if let Ok(state) = machine.instantiate(&claims.list, claims.metered) {
                        starts.push((at, state));
                    }
                }
                Entry::Nothing => {}
            }
        }
        starts.into_iter().map(|(at, state)| self.trace(&mut machine, at, state)).collect()
    }

    fn trace(
        &self,
        machine: &mut Machine<'a>,
        start: u32,
        mut state: State,
    ) -> (u32, Vec<Trace>, Vec<u32>) {
        let (mut list, mut next, mut at) = (Vec::new(), Vec::new(), start);
        while let Some(insn) = self.insns.get(&at).copied() {
            let before = Box::new(state.clone());
            let Ok(effect) = machine.step(&mut state, &insn) else { break };
            list.push(Trace { insn, before });
            at = insn.end();
            match effect.flow {
                To::Next => {}
                To::Branch(target, condition) => {
                    next.push(target);
                    let Some(path) = machine.assume(&state, condition, false) else { break };
                    state.path = path;
                }
                To::Jump(target) => {
                    next.push(target);
                    break;
                }
                To::Stop => break,
                To::Table { .. } => {
                    let ways =
                        self.leaders.iter().filter(|(_, l)| l.ways.contains(&(insn.offset, true)));
                    next.extend(ways.map(|(&at, _)| at));
                    break;
                }
            }
            if self.leaders.contains_key(&at) {
                next.push(at);
                break;
            }
        }
        (start, list, next)
    }

    /// Whether the code is metered.
    pub(crate) fn metered(&self) -> bool {
        let metering = self.machine.layout.config().metering;
        metering.fuel || metering.epoch
    }
}
