//! The fixpoint: blocks of the bytes, and what holds at each merge.
//!
//! - F1. A *leader* is the target of a jump that is no `ud2`. One with a single way to it, from
//!   before it and not through a jump table, inherits that way's state; every other one has claims.
//! - F2. Claims only weaken, so the work ends; [`STEPS_PER_BYTE`] bounds it.
//! - F3. A call has a way to each landing of its clauses, as a jump would have.

use crate::draft::{CertifyError, Draft};
use crate::join;
use crate::join::asked::{self, Carry, Claims};
use crate::join::groups::Lists;
use crate::jumps::{ENTRY, Jumps, OWN};
use crate::set::Set;
use prova_check::certificate::base_code;
use prova_check::x64::{Class, Insn, Instructions};
use prova_check::{
    CallRow, Claim, Clause, CodeKind, Effect, Fault, Flow as To, Loc, Machine, Name, Rule, Says,
    State, Sym, Value, keeps,
};
use std::collections::{BTreeMap, BTreeSet};

/// Instructions that are executed, for each byte of code, and of any code: what is executed leaves
/// symbols and facts. An instruction has some four bytes; most are executed three times at most.
const STEPS_PER_BYTE: u64 = 16;
const STEPS_FREE: u64 = 1 << 12;

const LIMIT: Fault = Fault { rule: Rule::Limit, what: "the search takes too much work" };
const OFF: Fault = Fault { rule: Rule::Target, what: "the code runs off its end" };

/// The state where a leader begins.
#[derive(Clone, Debug)]
enum Entry {
    Nothing,
    Inherited(Box<State>),
    /// The state that it inherited was executed.
    Passed,
    Claimed(Vec<Claim>),
}

#[derive(Clone, Debug)]
struct Leader {
    at: u32,
    /// An instruction that leads here, and whether by a jump.
    way: Option<(u32, bool)>,
    /// Whether there are other ways.
    others: bool,
    table: bool,
    entry: Entry,
    changes: u32,
}

impl Leader {
    fn inherits(&self) -> bool {
        !self.table && !self.others && self.way.is_some_and(|(from, _)| from < self.at)
    }

    fn add(&mut self, way: (u32, bool)) {
        self.others |= *self.way.get_or_insert(way) != way;
    }
}

/// Where the frame stands, and what it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) at: u32,
    /// The values that it holds, by the location's number.
    held: Vec<Option<Value>>,
    /// A lower bound of the height, in bytes.
    pub(crate) height: u64,
    /// The locations that keep what they hold.
    pub(crate) kept: Set,
}

impl Frame {
    /// The value that a location holds there.
    pub(crate) fn value(&self, loc: Loc) -> Option<Value> {
        self.held.get(loc.number() as usize).copied().flatten()
    }

    /// The locations that hold something, in order.
    pub(crate) fn locations(&self) -> impl Iterator<Item = Loc> + '_ {
        (0..).zip(&self.held).filter(|(_, value)| value.is_some()).map(|(n, _)| Loc::numbered(n))
    }
}

/// The instructions of a code, decoded once each, and those that control was found to reach.
pub(crate) struct Insns<'a> {
    decoder: Instructions<'a>,
    list: Vec<Insn>,
    /// Whether control reaches each.
    reached: Vec<bool>,
    /// The place + 1 in the list of the instruction at an offset.
    places: Vec<u32>,
}

impl<'a> Insns<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Insns<'a> {
        let usual = bytes.len() / 4 + 1;
        let (list, reached) = (Vec::with_capacity(usual), Vec::with_capacity(usual));
        let places = vec![0; bytes.len() + 1];
        Insns { decoder: Instructions::new(bytes), list, reached, places }
    }

    /// How many are decoded.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The place in the list of the instruction at an offset, reached or not.
    #[inline]
    pub(crate) fn decode(&mut self, at: u32) -> Result<usize, Fault> {
        match self.places.get(at as usize) {
            Some(0) | None => self.decode_first(at),
            Some(&place) => Ok(place as usize - 1),
        }
    }

    #[inline(never)]
    fn decode_first(&mut self, at: u32) -> Result<usize, Fault> {
        let place = self.list.len();
        self.list.push(Insn::default());
        let decoded = match self.list.last_mut() {
            Some(insn) => self.decoder.decode(at, insn),
            None => Ok(()),
        };
        if let Err(fault) = decoded {
            self.list.truncate(place);
            return Err(fault);
        }
        self.reached.push(false);
        self.places[at as usize] = self.list.len() as u32;
        Ok(place)
    }

    /// The instruction at a place in the list.
    pub(crate) fn at(&self, place: usize) -> &Insn {
        &self.list[place]
    }

    /// The instruction at an offset, if control reaches it.
    fn get(&self, at: u32) -> Option<&Insn> {
        let place = (*self.places.get(at as usize)? as usize).checked_sub(1)?;
        if self.reached[place] { Some(&self.list[place]) } else { None }
    }

    /// Control reaches the instruction at an offset.
    fn reach(&mut self, at: u32) -> Result<&Insn, Fault> {
        let place = self.decode(at)?;
        self.reached[place] = true;
        Ok(&self.list[place])
    }

    /// Offsets `[start, end)` of what is no instruction that is reached.
    fn gaps(&self, len: u32) -> Vec<(u32, u32)> {
        let (mut gaps, mut end) = (Vec::new(), 0);
        let mut at = 0;
        while at < len {
            match self.get(at) {
                Some(insn) => {
                    if at > end {
                        gaps.push((end, at));
                    }
                    end = insn.end();
                    at = end.max(at + 1);
                }
                None => at += 1,
            }
        }
        if end < len {
            gaps.push((end, len));
        }
        gaps
    }
}

/// The finished analysis.
pub(crate) struct Analysis {
    pub(crate) frame: Frame,
    /// The claimed blocks.
    pub(crate) claimed: BTreeMap<u32, Claims>,
    /// Offsets `[start, end)` of what is no instruction.
    pub(crate) data: Vec<(u32, u32)>,
}

/// The limits on the claims of leaders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'b> {
    /// Which locations they may speak of; those of others may speak of everything.
    pub(crate) needs: Option<&'b BTreeMap<u32, Set>>,
    /// How much they say of numbers.
    pub(crate) carry: Carry,
    /// How often the facts of a block may change before they are dropped.
    pub(crate) patience: u32,
    /// Whether rounds that are left are counted (`counts`).
    pub(crate) counts: bool,
    /// Where jump tables may lead: what is found there first is not executed twice.
    pub(crate) tables: &'b [u32],
}

struct Run<'a, 'b> {
    machine: Machine<'a>,
    bytes: &'a [u8],
    insns: &'b mut Insns<'a>,
    calls: &'b [CallRow],
    wanted: Wanted<'b>,
    /// Whether control falls into the instruction at an offset.
    falls: Vec<bool>,
    leaders: Vec<Leader>,
    /// The place + 1 of the leader at an offset.
    places: Vec<u32>,
    tables: BTreeSet<u32>,
    work: BTreeSet<u32>,
    /// The block that is executed, and where blocks have led.
    node: u32,
    jumps: Jumps,
    /// Whether the code is to be executed from its entry.
    again: bool,
    /// Instructions that may still be executed.
    steps: u64,
    /// The instruction before which the state is wanted, and what that was the last time.
    watched: (u32, Option<Box<State>>),
    /// States that are used again.
    #[allow(clippy::vec_box, reason = "a state goes from here to a leader without being moved")]
    spare: Vec<Box<State>>,
    lists: Lists,
}

/// Runs the analysis.
pub(crate) fn run<'a>(
    machine: Machine<'a>,
    insns: &mut Insns<'a>,
    (draft, wanted): (&Draft<'a>, Wanted<'_>),
) -> Result<Analysis, CertifyError> {
    let mut run = Run::new(machine, insns, (draft, wanted), u32::MAX);
    run.solve()?;
    run.dead(draft);
    run.leaders.sort_unstable_by_key(|leader| leader.at);
    let frame = run.frame()?;
    let jumps = run.jumps.solve();
    let jumps = |at| jumps.get(&at).copied().unwrap_or(0);
    let claimed = run.leaders.into_iter().filter_map(|leader| match leader.entry {
        Entry::Claimed(list) => Some((leader.at, Claims { list, jumps: jumps(leader.at) })),
        Entry::Inherited(_) | Entry::Passed | Entry::Nothing => None,
    });
    let len = draft.bytes.len() as u32;
    Ok(Analysis { frame, claimed: claimed.collect(), data: run.insns.gaps(len) })
}

/// The state before an instruction as the analysis left it, with the machine that knows its
/// symbols; none if control was not found to reach it. The analysis may have ended with an error,
/// there or elsewhere.
pub(crate) fn watch<'a>(
    machine: Machine<'a>,
    insns: &mut Insns<'a>,
    (draft, wanted): (&Draft<'a>, Wanted<'_>),
    at: u32,
) -> Option<(Machine<'a>, Box<State>)> {
    let mut run = Run::new(machine, insns, (draft, wanted), at);
    // Where it ends with an error, the state is the one that led there.
    let _ = run.solve();
    Some((run.machine, run.watched.1?))
}

/// The rows of the call that ends at an offset.
fn rows(calls: &[CallRow], end: u32) -> impl Iterator<Item = &CallRow> {
    let start = calls.partition_point(|row| row.return_offset < end);
    calls[start..].iter().take_while(move |row| row.return_offset == end)
}

/// The clauses of the call that ends at an offset.
pub(crate) fn clauses(calls: &[CallRow], end: u32) -> impl Iterator<Item = Clause> + '_ {
    rows(calls, end).filter_map(|row| match row.says {
        Says::Clause(clause) => Some(clause),
        Says::Operator(_) | Says::Root(_) => None,
    })
}

/// The ways from the call at an offset to where its clauses land. Two clauses may land at one
/// place, which has two ways to it then.
fn landing(at: u32, clauses: impl Iterator<Item = Clause>, ways: &mut Vec<(u32, u32, bool)>) {
    let mut landings: Vec<u32> = clauses.map(|clause| clause.landing).collect();
    landings.sort_unstable();
    let twice = |to: &[u32]| (to[0] == to[1]).then_some((at, to[0], false));
    ways.extend(landings.windows(2).filter_map(twice));
    ways.extend(landings.into_iter().map(|to| (at, to, true)));
}

/// Where an instruction jumps to, and whether control may go on behind it.
#[inline]
pub(crate) fn ways(insn: &Insn) -> (Option<u32>, bool) {
    let branch = matches!(insn.class, Class::Branch(_));
    let jump = insn.class == Class::Jump;
    let ends = matches!(insn.class, Class::Return | Class::Trap | Class::JumpTo | Class::Leave);
    ((jump || branch).then(|| insn.target()), !(jump || ends))
}

impl<'a, 'b> Run<'a, 'b> {
    fn new(
        machine: Machine<'a>,
        insns: &'b mut Insns<'a>,
        (draft, wanted): (&'b Draft<'a>, Wanted<'b>),
        watched: u32,
    ) -> Run<'a, 'b> {
        insns.reached.fill(false);
        let metering = machine.layout.config().metering;
        let jumps = Jumps::new(metering.fuel || metering.epoch);
        let len = draft.bytes.len();
        Run {
            machine,
            bytes: draft.bytes,
            insns,
            calls: draft.calls,
            wanted,
            falls: vec![false; len + 1],
            leaders: Vec::new(),
            places: vec![0; len + 1],
            tables: BTreeSet::new(),
            work: BTreeSet::new(),
            node: ENTRY,
            jumps,
            again: true,
            steps: STEPS_PER_BYTE.saturating_mul(len as u64).saturating_add(STEPS_FREE),
            watched: (watched, None),
            spare: Vec::new(),
            lists: Lists::default(),
        }
    }

    /// Executes until the facts at merges are stable.
    fn solve(&mut self) -> Result<(), CertifyError> {
        self.discover(vec![0])?;
        let tables = self.wanted.tables;
        if !tables.is_empty() {
            self.tables.extend(tables.iter().copied());
            self.discover(tables.to_vec())?;
        }
        loop {
            let Some(at) = self.work.pop_first() else {
                // Behind a jump table there may be another one: all of them are found first.
                if !std::mem::take(&mut self.again) {
                    return Ok(());
                }
                let claimed = self.leaders.iter().filter(|l| matches!(l.entry, Entry::Claimed(_)));
                self.work.extend(claimed.map(|leader| leader.at));
                let mut entry = Box::new(self.machine.entry());
                self.node = ENTRY;
                self.block(0, &mut entry)?;
                self.spare.push(entry);
                continue;
            };
            let Some(i) = self.leader(at) else { continue };
            let mut state = match &mut self.leaders[i].entry {
                Entry::Claimed(list) => {
                    let mut state = self.spare.pop().unwrap_or_default();
                    self.machine
                        .instantiate(&mut state, list.iter(), OWN)
                        .map_err(|fault| CertifyError::at(at, fault))?;
                    state
                }
                entry @ Entry::Inherited(_) => match std::mem::replace(entry, Entry::Passed) {
                    Entry::Inherited(state) => state,
                    Entry::Nothing | Entry::Passed | Entry::Claimed(_) => continue,
                },
                Entry::Nothing | Entry::Passed => continue,
            };
            self.node = at;
            self.block(at, &mut state)?;
            self.spare.push(state);
        }
    }

    /// Finds the instructions that direct control reaches from these places, and the leaders.
    fn discover(&mut self, mut todo: Vec<u32>) -> Result<(), CertifyError> {
        let mut targets: Vec<u32> = todo.iter().copied().filter(|t| *t > 0).collect();
        let (mut jumps, mut split) = (Vec::new(), false);
        while let Some(start) = todo.pop() {
            let mut at = start;
            while self.insns.get(at).is_none() {
                if at as usize >= self.bytes.len() {
                    return Err(CertifyError::at(at, OFF));
                }
                let insn = self.insns.reach(at).map_err(|fault| CertifyError::at(at, fault))?;
                let ((jump, falls), end) = (ways(insn), insn.end());
                let first = jumps.len();
                if insn.class.is_call() {
                    landing(at, clauses(self.calls, end), &mut jumps);
                }
                jumps.extend(jump.map(|to| (at, to, true)));
                todo.extend(jumps[first..].iter().filter(|way| way.2).map(|&(_, to, _)| to));
                if !falls {
                    break;
                }
                self.falls[end as usize] = true;
                at = end;
            }
        }
        targets.extend(jumps.iter().map(|&(_, to, _)| to));
        targets.sort_unstable();
        targets.dedup();
        for at in targets {
            if self.insns.get(at).is_none_or(|insn| insn.class == Class::Trap) {
                continue;
            }
            let table = self.tables.contains(&at);
            if let Some(i) = self.leader(at) {
                self.leaders[i].table |= table;
                continue;
            }
            // The block before it may have been executed beyond it.
            split |= self.falls[at as usize];
            self.leaders.push(Leader {
                at,
                way: None,
                others: false,
                table,
                entry: Entry::Nothing,
                changes: 0,
            });
            self.places[at as usize] = self.leaders.len() as u32;
        }
        for leader in &mut self.leaders {
            if self.falls[leader.at as usize] {
                leader.add((leader.at - 1, false));
            }
        }
        for (from, to, jump) in jumps {
            if let Some(i) = self.leader(to) {
                self.leaders[i].add((from, jump));
            }
        }
        self.redo(split);
        Ok(())
    }

    /// Code was found behind a jump table: where that gives a leader another way than the one whose
    /// state it inherited, or splits a block, everything is executed once more.
    fn redo(&mut self, split: bool) {
        self.again |= split;
        for leader in &mut self.leaders {
            if matches!(leader.entry, Entry::Passed | Entry::Inherited(_)) && !leader.inherits() {
                leader.entry = Entry::Nothing;
                self.again = true;
            }
        }
    }

    /// The place of the leader at an offset.
    fn leader(&self, at: u32) -> Option<usize> {
        (self.places.get(at as usize).copied()? as usize).checked_sub(1)
    }

    /// Visits code that no edge leads to: a row of a table makes it code all the same.
    fn dead(&mut self, draft: &Draft<'_>) {
        let traps = draft.traps.iter().map(|row| row.code_offset);
        // A call of a register has two bytes, or three.
        let calls = draft.calls.iter().filter_map(|row| {
            let starts = [5, 3, 2].map(|len| row.return_offset.checked_sub(len));
            starts.into_iter().flatten().find(|&at| {
                self.insns.decode(at).is_ok_and(|place| {
                    let insn = self.insns.at(place);
                    insn.class.is_call() && insn.end() == row.return_offset
                })
            })
        });
        let landings = draft.calls.iter().filter_map(|row| match row.says {
            Says::Clause(clause) => Some(clause.landing),
            Says::Operator(_) | Says::Root(_) => None,
        });
        let rows: Vec<u32> = calls.chain(traps).chain(landings).collect();
        for mut at in rows {
            while self.insns.get(at).is_none() {
                let Ok(insn) = self.insns.reach(at) else { break };
                if !ways(insn).1 {
                    break;
                }
                at = insn.end();
            }
        }
    }

    /// The frame: what stands behind the instructions that begin the code, before the first way
    /// that goes elsewhere than on or to a trap.
    fn frame(&mut self) -> Result<Frame, CertifyError> {
        let mut state = self.machine.entry();
        let mut at = 0;
        let first = self.leaders.first().map_or(u32::MAX, |leader| leader.at);
        while let Some(insn) = self.insns.get(at).copied() {
            let goes_on = if let Class::Branch(_) = insn.class {
                self.leader(insn.target()).is_none()
            } else {
                let lands =
                    insn.class.is_call() && clauses(self.calls, insn.end()).next().is_some();
                insn.class != Class::Trap && !insn.class.is_near_branch() && !lands
            };
            if insn.end() > first || !goes_on {
                break;
            }
            let effect = self.step(&mut state, &insn)?;
            if let To::Branch(_, condition) = effect.flow {
                match self.machine.assume(&state, condition, false) {
                    Some(path) => state.path = path,
                    None => break,
                }
            }
            at = insn.end();
        }
        let stateable = |value: &Value| value.sym.0 < Sym::FIRST && base_code(value.base).is_some();
        let held = join::locations(&state).filter(|(_, value)| stateable(value));
        let held: Vec<(Loc, Value)> = held.collect();
        let (height, _) = self.machine.facts.bounds(state.path, &self.machine.symbols, Sym::HEIGHT);
        let mut values = vec![None; held.last().map_or(0, |(loc, _)| loc.number() as usize + 1)];
        held.iter().for_each(|&(loc, value)| values[loc.number() as usize] = Some(value));
        // Kept is what all blocks claim; each states a location once.
        let (mut blocks, mut claimed) = (0_u32, vec![0_u32; values.len()]);
        for leader in &self.leaders {
            let Entry::Claimed(list) = &leader.entry else { continue };
            blocks += 1;
            for claim in list {
                if let Claim::Holds { at, base, name: Name::Fixed(sym), shift, add } = *claim
                    && let n = at.number() as usize
                    && values.get(n) == Some(&Some(Value { base, sym, shift, add }))
                {
                    claimed[n] += 1;
                }
            }
        }
        let all = |loc: &Loc| keeps(loc.number()) && claimed[loc.number() as usize] == blocks;
        let kept = held.iter().map(|&(loc, _)| loc).filter(all).collect();
        Ok(Frame { at, held: values, height, kept })
    }

    /// Executes from `at` to the block's end.
    fn block(&mut self, at: u32, state: &mut State) -> Result<(), CertifyError> {
        let mut at = at;
        loop {
            let Some(insn) = self.insns.get(at).copied() else {
                return Err(CertifyError::at(at, OFF));
            };
            if at == self.watched.0 {
                self.watched.1 = Some(Box::new(state.clone()));
            }
            let rsp = state.rsp();
            let effect = self.step(state, &insn)?;
            let leaves = insn.class == Class::JumpTo && effect.flow == To::Stop;
            if (insn.class.is_call() || leaves) && matches!(self.machine.kind, CodeKind::Func(_)) {
                self.jumps.call(self.node, state);
            }
            if effect.call {
                self.landings(state, &insn, rsp)?;
            }
            match effect.flow {
                To::Next => {}
                To::Stop => return Ok(()),
                To::Jump(target) if insn.class == Class::JumpTo => {
                    return self.targets(state, at, BTreeSet::from([target]));
                }
                To::Jump(target) => return self.edge(state, target, at, false),
                To::Branch(target, condition) => {
                    // A `ud2` needs no state.
                    let (taken, other) = if self.leader(target).is_some() {
                        self.machine.branch(state, condition)
                    } else {
                        (None, self.machine.assume(state, condition, false))
                    };
                    if let Some(path) = taken {
                        if state.knows_length() {
                            let mut copy = self.spare.pop().unwrap_or_default();
                            copy.become_like(state);
                            self.machine.go_on(&mut copy, path);
                            self.edge(&mut copy, target, at, false)?;
                            self.spare.push(copy);
                        } else {
                            state.path = path;
                            self.edge(state, target, at, false)?;
                        }
                    }
                    let Some(path) = other else { return Ok(()) };
                    self.machine.go_on(state, path);
                }
                To::Table { table, first, count } => {
                    return self.table(state, at, (table, first, count));
                }
            }
            at = insn.end();
            if self.leader(at).is_some() {
                return self.edge(state, at, insn.offset, false);
            }
        }
    }

    /// References in the frame behind a call, and the ways to its landings; `rsp` is the stack
    /// pointer before it.
    fn landings(
        &mut self,
        state: &mut State,
        insn: &Insn,
        rsp: Option<i64>,
    ) -> Result<(), CertifyError> {
        for row in rows(self.calls, insn.end()) {
            if let Says::Root(below) = row.says {
                let named = self.machine.root(state, below);
                named.map_err(|fault| CertifyError::at(insn.offset, fault))?;
            }
        }
        for clause in clauses(self.calls, insn.end()) {
            let mut copy = self.spare.pop().unwrap_or_default();
            copy.become_like(state);
            let landed = self.machine.land(&mut copy, &clause, rsp);
            landed.map_err(|fault| CertifyError::at(insn.offset, fault))?;
            self.edge(&mut copy, clause.landing, insn.offset, false)?;
            self.spare.push(copy);
        }
        Ok(())
    }

    /// Executes an instruction. The check, which has the rows, judges whether an access can fault.
    /// A division must not fault here.
    fn step(&mut self, state: &mut State, insn: &Insn) -> Result<Effect, CertifyError> {
        let left = self.steps.checked_sub(1);
        self.steps = left.ok_or(CertifyError::at(insn.offset, LIMIT))?;
        self.machine.may_fault = insn.class != Class::Divide;
        self.machine.step(state, insn).map_err(|fault| CertifyError::at(insn.offset, fault))
    }

    fn implies(&mut self, state: &mut State, list: &[Claim]) -> bool {
        self.machine.implies(state, list.iter()).is_ok()
    }

    fn table(
        &mut self,
        state: &mut State,
        from: u32,
        (table, first, count): (u32, u32, u32),
    ) -> Result<(), CertifyError> {
        let mut targets = BTreeSet::new();
        for i in 0..count as usize {
            let at = first as usize + 4 * i;
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
        state: &mut State,
        from: u32,
        targets: BTreeSet<u32>,
    ) -> Result<(), CertifyError> {
        let new: Vec<u32> = targets.difference(&self.tables).copied().collect();
        if !new.is_empty() {
            self.tables.extend(new.iter().copied());
            self.discover(new)?;
        }
        for target in targets {
            self.edge(state, target, from, true)?;
        }
        Ok(())
    }

    /// An edge: the target's claims weaken if need be. The state does not change, except that
    /// unknown locations get symbols.
    fn edge(
        &mut self,
        state: &mut State,
        to: u32,
        from: u32,
        table: bool,
    ) -> Result<(), CertifyError> {
        let Some(i) = self.leader(to) else { return Ok(()) };
        self.jumps.edge((self.node, to, to <= from), state);
        let leader = &mut self.leaders[i];
        if table {
            leader.add((from, true));
        }
        if leader.inherits() {
            let mut copy = self.spare.pop().unwrap_or_default();
            copy.become_like(state);
            copy.jumps = OWN;
            leader.entry = Entry::Inherited(copy);
            self.work.insert(to);
            return Ok(());
        }
        let needs = self.wanted.needs.and_then(|needs| needs.get(&to));
        let Wanted { carry, patience, counts, .. } = self.wanted;
        let wanted = asked::Wanted { needs, carry, patience, counts };
        let (entry, changes) =
            (std::mem::replace(&mut leader.entry, Entry::Passed), leader.changes);
        let list = match entry {
            Entry::Claimed(old) => {
                if self.implies(state, &old) {
                    self.leaders[i].entry = Entry::Claimed(old);
                    return Ok(());
                }
                let mut before = self.spare.pop().unwrap_or_default();
                let list = self
                    .machine
                    .instantiate(&mut before, old.iter(), OWN)
                    .map(|()| {
                        let (machine, lists) = (&self.machine, &mut self.lists);
                        join::join(machine, lists, (&before, state), (changes, wanted))
                    })
                    .map_err(|fault| CertifyError::at(from, fault))?;
                self.spare.push(before);
                list
            }
            // The way that was the only one counts as well: `redo` makes it come again.
            Entry::Inherited(_) | Entry::Passed | Entry::Nothing => {
                join::describe(&self.machine, &mut self.lists, state, wanted)
            }
        };
        let leader = &mut self.leaders[i];
        leader.entry = Entry::Claimed(list);
        leader.changes += 1;
        self.work.insert(to);
        Ok(())
    }
}
