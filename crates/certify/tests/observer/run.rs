//! One run of code in the observed process: entered as the convention says, executed instruction
//! by instruction, each judged before it is executed and after.
//!
//! ```text
//! Subject, seed ─ World ─► entry state ─ decode, judge, step, judge ─► End | Broken
//!                                └─ call ─ answer (leave.rs) ◄──┘
//! ```
//!
//! * O1. Nothing is executed that was not judged: the process runs one instruction at a time.
//! * O2. What memory holds is the guest's: before a read of linear memory, other bytes are written
//!   there, so that each read gives any number, and a run depends on its seed alone. (Where results
//!   are compared, `results` says what it holds.)
//! * O3. A run ends after [`STEPS_MAX`] instructions.
//! * O4. In the masked shape half of the runs mispredict: some conditional branches go the other
//!   way, as a processor may go for a while. From the first of them on only accesses are judged,
//!   and where they lie alone; a run ends then at the next call, return or fault, as what
//!   the shape promises is about the code's own accesses.

use super::judge::{Access, To, forbidden};
use super::module::{Home, Signature, Ty};
use super::results::{Event, Told};
use super::rule::{Broken, Rule};
use super::tracee::{Regs, Right, Stop, Tracee};
use super::world::{
    CODE, CODE_BYTES, DATA, DATA_BYTES, MEMORIES, MEMORY_STRIDE, RETURN, STACK, STACK_BYTES,
    Target, What, World, target,
};
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory};
use nix::sys::signal::Signal;
use prova_check::{Bases, CallRow, CodeKind, CpuLevel, MemoryShape, Metering, TrapRow};
use prova_random::Rng;
use std::collections::{BTreeMap, BTreeSet};

/// Instructions of a run at most.
pub(crate) const STEPS_MAX: usize = 600;

/// Bytes of a frame at most.
const FRAME_MAX: u64 = 1 << 16;

/// Code, and what it is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) wasm: &'a [u8],
    pub(crate) memory: MemoryShape,
    pub(crate) metering: Metering,
    pub(crate) cpu: CpuLevel,
    /// Whether code may fault.
    pub(crate) signals: bool,
    /// Whether calls move memories and tables.
    pub(crate) bases: Bases,
    pub(crate) kind: CodeKind,
    pub(crate) bytes: &'a [u8],
    pub(crate) traps: &'a [TrapRow],
    pub(crate) calls: &'a [CallRow],
}

/// How a run ended that broke no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// By a return.
    Returned,
    /// By a tail call.
    TailCalled,
    /// By a fault with a row.
    Trapped,
    /// In the builtin that does not return.
    Stopped,
    /// It was still running.
    Running,
    /// It went another way than the processor's, and broke nothing there.
    Astray,
}

/// The observations of a run.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) end: End,
    /// Instructions executed.
    pub(crate) steps: usize,
    /// Offsets at which instructions began, and those of the code's data that was read.
    pub(crate) executed: BTreeSet<u64>,
}

/// The observed process, and how many bytes of each memory are mapped in it.
pub(crate) struct Stage {
    pub(crate) tracee: Tracee,
    lens: Vec<u64>,
    zone: u64,
}

impl Stage {
    /// A process with code, structures, a stack.
    pub(crate) fn new() -> Stage {
        let tracee = Tracee::start();
        tracee.map(CODE, CODE_BYTES, Right::Execute);
        tracee.map(DATA, DATA_BYTES, Right::Write);
        tracee.map(STACK, STACK_BYTES, Right::Write);
        Stage { tracee, lens: Vec::new(), zone: (4 << 30) + (32 << 20) }
    }

    /// Gives the memory at a place the pages of its length; what lies behind faults.
    pub(crate) fn resize(&mut self, n: usize, len: u64) {
        let base = MEMORIES + MEMORY_STRIDE * n as u64;
        while self.lens.len() <= n {
            self.tracee.map(
                MEMORIES + MEMORY_STRIDE * self.lens.len() as u64,
                self.zone,
                Right::None,
            );
            self.lens.push(0);
        }
        let (old, new) = (self.lens[n], len.next_multiple_of(4096));
        if new > old {
            self.tracee.protect(base + old, new - old, Right::Write);
        } else if new < old {
            self.tracee.map(base + new, old - new, Right::None);
        }
        self.lens[n] = new;
    }

    /// Runs a subject once.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn run(&mut self, subject: &Subject<'_>, seed: u64) -> Result<Seen, Broken> {
        self.enact(subject, seed, None).map(|(seen, _)| seen)
    }

    /// Runs a subject once, in a world whose linear memory is what its seed says, and tells what
    /// others see of the run.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn tell(
        &mut self,
        subject: &Subject<'_>,
        seed: u64,
    ) -> Result<(Seen, Vec<Event>), Broken> {
        self.enact(subject, seed, Some(Told::new(seed)))
    }

    fn enact(
        &mut self,
        subject: &Subject<'_>,
        seed: u64,
        told: Option<Told>,
    ) -> Result<(Seen, Vec<Event>), Broken> {
        let mut rng = Rng::new(seed);
        let world = World::new(subject, &mut rng);
        self.tracee.write(DATA, &world.image);
        self.tracee.write(CODE, subject.bytes);
        for (n, memory) in world.memories.iter().enumerate() {
            self.resize(n, memory.2);
        }
        let own = world.some_of(subject.kind, &mut rng);
        let signature = match subject.kind {
            CodeKind::Func(_) | CodeKind::ThunkOut(_) => world.types[world.funcs[own].ty].clone(),
            CodeKind::ThunkIn(_) | CodeKind::Loop { .. } | CodeKind::Way(_) => Signature::default(),
        };
        let entry = STACK + STACK_BYTES - 65_536 - 16 * rng.below(64) as u64 - 8;
        let (_, args_bytes) = signature.arguments();
        let mut run = Run {
            subject,
            code: subject.bytes,
            stage: self,
            world,
            rng,
            own,
            regs: Regs::default(),
            at: CODE,
            first: Regs::default(),
            entry,
            top: entry + 8 + args_bytes,
            height: 0,
            signature,
            deepest: 0,
            charge: None,
            metered: false,
            since: BTreeSet::new(),
            fuel: 0,
            steps: 0,
            decoded: BTreeMap::new(),
            read: BTreeSet::new(),
            inside: BTreeMap::new(),
            mispredicts: false,
            astray: false,
            told,
        };
        let masks = subject.memory == MemoryShape::Masked && run.told.is_none();
        run.mispredicts = masks && run.rng.percent(50);
        run.enter();
        let end = run.go()?;
        run.frame_is_charged()?;
        let executed = run.decoded.keys().chain(&run.read).map(|at| at - CODE).collect();
        let events = run.told.map(|told| told.events).unwrap_or_default();
        Ok((Seen { end, steps: run.steps, executed }, events))
    }
}

/// A run.
pub(crate) struct Run<'a> {
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) code: &'a [u8],
    pub(crate) stage: &'a mut Stage,
    pub(crate) world: World,
    pub(crate) rng: Rng,
    /// The function that rdi's record is of.
    pub(crate) own: usize,
    pub(crate) regs: Regs,
    /// Where the current instruction is.
    pub(crate) at: u64,
    /// Registers at entry.
    pub(crate) first: Regs,
    /// Stack pointer at entry.
    pub(crate) entry: u64,
    /// Where the arguments end.
    pub(crate) top: u64,
    pub(crate) height: u64,
    pub(crate) signature: Signature,
    deepest: u64,
    /// The least that was taken off the height at a call.
    pub(crate) charge: Option<u64>,
    /// Whether a charge or a poll was passed.
    pub(crate) metered: bool,
    /// Instructions since the last charge or poll.
    since: BTreeSet<u64>,
    fuel: u64,
    steps: usize,
    decoded: BTreeMap<u64, Instruction>,
    /// Where data of the code was read.
    read: BTreeSet<u64>,
    /// Bytes inside of executed instructions, and where those begin.
    inside: BTreeMap<u64, u64>,
    /// Whether branches may go the other way, and whether one has (O4).
    mispredicts: bool,
    astray: bool,
    /// The events that others see, if somebody asks.
    pub(crate) told: Option<Told>,
}

impl Run<'_> {
    /// Sets registers, arguments, the stack.
    fn enter(&mut self) {
        let mut regs = Regs { rip: CODE, flags: 0x202, ..Regs::default() };
        // Arithmetic flags are anything.
        regs.flags |= self.rng.bits() & 0x8d5;
        for register in &mut regs.general {
            *register = self.rng.bits();
        }
        self.height = match self.rng.below(10) {
            0 => self.rng.below(300) as u64,
            1 => *self.rng.pick(&[0, 31, 32, 95, 96, 97, 99, 100, 101, 199, 200, 201]),
            2 => self.rng.below(20_000) as u64,
            _ => (1 << 20) + self.rng.below(1 << 20) as u64,
        };
        regs.general[4] = self.entry;
        regs.general[7] = self.world.funcs[self.own].record;
        regs.general[6] = self.height;
        let mut vectors = self.vectors();
        let mut stack = RETURN.to_le_bytes().to_vec();
        stack.resize(usize::try_from(self.top - self.entry).expect("little"), 0xee);
        for (ty, home) in self.signature.arguments().0 {
            self.give(ty, home, &mut regs, &mut vectors, &mut stack);
        }
        self.stage.tracee.write(self.entry, &stack);
        let below = self.rng.bytes(1024);
        self.stage.tracee.write(self.entry - 1024, &below);
        let cells = match self.subject.kind {
            CodeKind::ThunkIn(_) => self.world.types[self.world.funcs[self.own].ty].params.clone(),
            // The cells of a frame: anything, as far as the check knows.
            CodeKind::Func(_)
            | CodeKind::ThunkOut(_)
            | CodeKind::Loop { .. }
            | CodeKind::Way(_) => Vec::new(),
        };
        self.fill_cells(&cells);
        self.stage.tracee.set_vectors(&vectors);
        self.stage.tracee.set_regs(&regs);
        (self.regs, self.first) = (regs, regs);
        self.fuel = self.stage.tracee.word(self.world.store);
    }

    /// Numbers for the vector registers.
    pub(crate) fn vectors(&mut self) -> [[u32; 4]; 16] {
        let mut vectors = [[0; 4]; 16];
        for lanes in &mut vectors {
            let (a, b) = (self.lanes(), self.lanes());
            *lanes = [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32];
        }
        vectors
    }

    /// A number, a float, or what an address may be.
    fn lanes(&mut self) -> u64 {
        match self.rng.below(5) {
            0 => (self.rng.bits() as i32 as f64).to_bits(),
            1 => u64::from((self.rng.bits() as i16 as f32).to_bits()),
            2 => (self.rng.below(60_000) as f64).to_bits(),
            3 => self.world.number(&mut self.rng),
            _ => self.rng.bits(),
        }
    }

    /// Puts a value of a type at its home; `stack` begins at the return address.
    pub(crate) fn give(
        &mut self,
        ty: Ty,
        home: Home,
        regs: &mut Regs,
        vectors: &mut [[u32; 4]; 16],
        stack: &mut [u8],
    ) {
        let value = self.world.value(ty, &mut self.rng);
        match home {
            Home::General(r) => regs.general[r] = value,
            // The value there is a value of any type of vectors.
            Home::Vector(r) => vectors[r][0] ^= self.rng.below(2) as u32,
            Home::Stack(at) => {
                let at = usize::try_from(at).expect("little");
                stack[at..at + 8].copy_from_slice(&value.to_le_bytes());
            }
        }
    }

    /// Puts values of these types into the argument cells, and numbers behind them.
    pub(crate) fn fill_cells(&mut self, types: &[Ty]) {
        let mut cells: Vec<u64> = (0..48).map(|_| self.world.number(&mut self.rng)).collect();
        for (ty, cell) in Signature::cells(types) {
            let cell = usize::try_from(cell).expect("few cells");
            if cell < cells.len() {
                cells[cell] = self.world.value(ty, &mut self.rng);
            }
        }
        let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
        self.stage.tracee.write(self.world.args, &bytes);
    }

    /// Whether an address is one of the stack.
    pub(crate) fn is_stack(&self, at: u64) -> bool {
        (STACK..STACK + STACK_BYTES).contains(&at)
    }

    /// The instruction where execution stands, if it may stand there.
    fn fetch(&mut self) -> Result<Instruction, Broken> {
        if let Some(insn) = self.decoded.get(&self.at) {
            return Ok(*insn);
        }
        let offset = self.at.wrapping_sub(CODE);
        let rest = usize::try_from(offset).ok().and_then(|offset| self.code.get(offset..));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return self.broken(Rule::Fetch, format!("execution at {:#x}", self.at));
        };
        let insn = Decoder::with_ip(64, rest, self.at, DecoderOptions::NONE).decode();
        if insn.is_invalid() {
            return self.broken(Rule::Fetch, "no instruction");
        }
        if let Some(begin) = self.inside.get(&self.at) {
            return self.broken(Rule::Overlap, format!("inside of the one at {:#x}", begin - CODE));
        }
        if let Some(why) = forbidden(&insn, self.subject.cpu) {
            return self.broken(Rule::System, format!("{why}: {insn}"));
        }
        for inside in self.at + 1..insn.next_ip() {
            if self.decoded.contains_key(&inside) {
                return self
                    .broken(Rule::Overlap, format!("around the one at {:#x}", inside - CODE));
            }
            self.inside.insert(inside, self.at);
        }
        self.decoded.insert(self.at, insn);
        Ok(insn)
    }

    /// Executes until the end.
    fn go(&mut self) -> Result<End, Broken> {
        let mut factory = InstructionInfoFactory::new();
        while self.steps < STEPS_MAX {
            self.at = self.regs.rip;
            let insn = self.fetch()?;
            if self.astray {
                if self.stray(&mut factory, &insn)? {
                    return Ok(End::Astray);
                }
                continue;
            }
            self.cycles()?;
            let accesses = self.accesses(&mut factory, &insn)?;
            self.read.extend(accesses.iter().filter(|a| a.to == To::Code).map(|a| a.at));
            self.poke(&accesses);
            self.steps += 1;
            if let Stop::Fault(signal) = self.stage.tracee.step() {
                self.fault(&insn, signal, &accesses)?;
                self.tell_trap(&accesses);
                return Ok(End::Trapped);
            }
            self.regs = self.stage.tracee.regs();
            if accesses.iter().any(|a| has_to_fault(a.to)) {
                return self.broken(Rule::Memory, "an access beyond the length did not fault");
            }
            self.written(&accesses)?;
            self.tell_stores(&accesses);
            if let Some(end) = self.flow(&insn)? {
                return Ok(end);
            }
            self.mispredict(&insn);
        }
        self.tell(Event::Running);
        Ok(End::Running)
    }

    /// O4: lets a conditional branch that was executed go the other way.
    fn mispredict(&mut self, insn: &Instruction) {
        let branches = insn.flow_control() == FlowControl::ConditionalBranch;
        if !branches || !self.mispredicts || !self.rng.percent(25) {
            return;
        }
        let (next, target) = (insn.next_ip(), insn.near_branch_target());
        self.regs.rip = if self.regs.rip == next { target } else { next };
        self.stage.tracee.set_regs(&self.regs);
        self.astray = true;
    }

    /// O4: an instruction where a processor goes astray; whether the run ends.
    fn stray(
        &mut self,
        factory: &mut InstructionInfoFactory,
        insn: &Instruction,
    ) -> Result<bool, Broken> {
        let goes_on = matches!(
            insn.flow_control(),
            FlowControl::Next
                | FlowControl::UnconditionalBranch
                | FlowControl::IndirectBranch
                | FlowControl::ConditionalBranch
        );
        if !goes_on || self.reads_of_null(factory, insn) {
            return Ok(true);
        }
        let accesses = self.accesses(factory, insn)?;
        self.poke(&accesses);
        self.steps += 1;
        if let Stop::Fault(_) = self.stage.tracee.step() {
            return Ok(true);
        }
        if accesses.iter().any(|a| has_to_fault(a.to)) {
            return self.broken(Rule::Memory, "an access to what is never mapped did not fault");
        }
        self.regs = self.stage.tracee.regs();
        let inside = self.regs.rip.wrapping_sub(CODE) < CODE_BYTES;
        if inside {
            self.mispredict(insn);
        }
        Ok(!inside)
    }

    /// Whether an instruction reads the record of a null reference.
    fn reads_of_null(&self, factory: &mut InstructionInfoFactory, insn: &Instruction) -> bool {
        let register = |register| self.register(register);
        factory.info(insn).used_memory().iter().any(|used| {
            let at = used.virtual_address(0, |of, _, _| register(of));
            at.is_some_and(|at| self.world.is_of_null(at))
        })
    }

    /// O2: other bytes where linear memory is read.
    fn poke(&mut self, accesses: &[Access]) {
        if self.told.is_some() {
            return self.remember(accesses);
        }
        for access in accesses {
            if access.to != (To::Memory { faults: false }) {
                continue;
            }
            let value = match self.rng.below(4) {
                // Small numbers choose entries of jump tables.
                0 => self.rng.below(6) as u64,
                1 => self.lanes(),
                _ => self.world.number(&mut self.rng),
            };
            let mut bytes = value.to_le_bytes().repeat(4);
            bytes.truncate(usize::try_from(access.bytes).expect("little"));
            self.stage.tracee.write(access.at, &bytes);
        }
    }

    /// Under metering no instruction is executed twice without a charge or a poll between.
    fn cycles(&mut self) -> Result<(), Broken> {
        if self.is_metered() && !self.since.insert(self.at) {
            return self.broken(Rule::Metering, "again, without a charge or a poll");
        }
        Ok(())
    }

    /// Whether the code has to be metered.
    pub(crate) fn is_metered(&self) -> bool {
        self.subject.metering.fuel || self.subject.metering.epoch
    }

    pub(crate) fn row(&self) -> Option<TrapRow> {
        let offset = self.at - CODE;
        self.subject.traps.iter().find(|row| u64::from(row.code_offset) == offset).copied()
    }

    /// A fault: one that has to be, with a row of its kind.
    fn fault(&self, insn: &Instruction, signal: Signal, accesses: &[Access]) -> Result<(), Broken> {
        let faults = accesses.iter().any(|access| has_to_fault(access.to));
        let nowhere = accesses.iter().any(|access| access.to == To::Nowhere);
        let excused = signal == Signal::SIGFPE && self.overflows(insn);
        if !(self.subject.signals || excused) {
            return self.broken(Rule::Fault, format!("{signal} in `{insn}`, without signals"));
        }
        let kinds: &[u8] = match signal {
            Signal::SIGSEGV if nowhere => &[5, 6, 7],
            Signal::SIGSEGV if faults => &[5],
            Signal::SIGFPE if insn.mnemonic() != iced_x86::Mnemonic::Ud2 => &[2, 3],
            Signal::SIGILL if insn.code() == iced_x86::Code::Ud2 => {
                &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
            }
            _ => return self.broken(Rule::Fault, format!("{signal} in `{insn}`")),
        };
        match self.row() {
            Some(row) if kinds.contains(&row.kind) => self.stops_in_chain(),
            row => self.broken(Rule::Fault, format!("{signal} in `{insn}`, its row: {row:?}")),
        }
    }

    /// Whether a division that faults divides by something else than zero: that its result fits is
    /// not claimed.
    fn overflows(&self, insn: &Instruction) -> bool {
        let divisor = insn.op0_register();
        let bits = if divisor.is_gpr64() { u64::MAX } else { 0xffff_ffff };
        divisor.is_gpr() && self.regs.general[divisor.number()] & bits != 0
    }

    /// A written value is one that the place may hold; a read may be a poll.
    fn written(&mut self, accesses: &[Access]) -> Result<(), Broken> {
        for access in accesses {
            let ty = match access.to {
                To::Structure(What::Fuel) if access.writes => {
                    let (old, new) = (self.fuel, self.stage.tracee.word(access.at));
                    if new <= old {
                        return self.broken(Rule::Fuel, format!("{old:#x} becomes {new:#x}"));
                    }
                    self.fuel = new;
                    self.passes(self.subject.metering.fuel);
                    continue;
                }
                To::Structure(What::Epoch) => {
                    self.passes(self.subject.metering.epoch);
                    continue;
                }
                To::Structure(What::Elements(table)) => Ty::Ref(self.world.module.tables[table].ty),
                To::Structure(What::Global(ty, _)) => ty,
                To::Structure(What::Words(..) | What::Fuel | What::Args)
                | To::Frame
                | To::Memory { .. }
                | To::Nowhere
                | To::Code => continue,
            };
            let Ty::Ref(ty) = ty else { continue };
            let value = self.stage.tracee.word(access.at);
            if access.writes && !self.world.is_ref(value, ty) {
                return self.broken(Rule::Reference, format!("{value:#x} is written for {ty:?}"));
            }
        }
        Ok(())
    }

    /// A charge or a poll was passed, if it counts.
    fn passes(&mut self, counts: bool) {
        if counts {
            self.metered = true;
            self.since.clear();
        }
    }

    /// The store's word for the fuel, from now on.
    pub(crate) fn set_fuel(&mut self, fuel: u64) {
        self.fuel = fuel;
        self.stage.tracee.write(self.world.store, &fuel.to_le_bytes());
    }

    /// Where control went behind an instruction.
    fn flow(&mut self, insn: &Instruction) -> Result<Option<End>, Broken> {
        let rip = self.regs.rip;
        let sp = self.regs.general[4];
        let inside = rip.wrapping_sub(CODE) < CODE_BYTES;
        match insn.flow_control() {
            FlowControl::Return => return self.returned().map(Some),
            FlowControl::Call | FlowControl::IndirectCall => {
                return match target(&self.world, rip) {
                    Some(to) => self.call(to),
                    None => self.broken(Rule::Call, format!("a call of {rip:#x}")),
                };
            }
            FlowControl::IndirectBranch if !inside => {
                return match target(&self.world, rip) {
                    Some(Target::Func(to)) => self.tail_call(to).map(Some),
                    _ => self.broken(Rule::Jump, format!("a jump to {rip:#x}")),
                };
            }
            FlowControl::Next
            | FlowControl::UnconditionalBranch
            | FlowControl::IndirectBranch
            | FlowControl::ConditionalBranch
            | FlowControl::Interrupt
            | FlowControl::XbeginXabortXend
            | FlowControl::Exception => {}
        }
        let down = self.entry.wrapping_sub(sp) as i64;
        if down > FRAME_MAX as i64 || sp > self.top || !sp.is_multiple_of(8) {
            return self.broken(Rule::StackPointer, format!("it becomes entry {:+}", -down));
        }
        self.deepest = self.deepest.max(u64::try_from(down).unwrap_or(0));
        if self.frame_bytes() > FRAME_MAX {
            return self.broken(Rule::StackPointer, "the frame is too large");
        }
        Ok(None)
    }

    /// Arguments, return address, frame, as far as the run has seen them.
    fn frame_bytes(&self) -> u64 {
        self.top - self.entry + self.deepest
    }

    /// The frame against what calls took off the height.
    fn frame_is_charged(&self) -> Result<(), Broken> {
        match self.charge {
            Some(charge) if self.frame_bytes() > charge.saturating_mul(16) => {
                let what = format!("{} bytes for a charge of {charge}", self.frame_bytes());
                self.broken(Rule::FrameSize, what)
            }
            _ => Ok(()),
        }
    }
}

/// Whether an access has to fault.
fn has_to_fault(to: To) -> bool {
    matches!(to, To::Memory { faults: true } | To::Nowhere)
}
