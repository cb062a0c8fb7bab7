//! All small bodies: every well-typed function of up to some operators over two i32 parameters is
//! translated, proved and executed, and compared with the reference tier.
//!
//! ```text
//! search ─ 1,000 bodies ─► Module ─┬─ translate, check: no metering, epochs
//!                                  └─ run: Reference, Tail, Match; fuel ─► the same results, traps, fuel
//! ```
//!
//! The alphabet is `local.get`, `local.set`, `local.tee` of two locals, `i32.const 3`, `i32.add`,
//! `block`, `loop`, `if` without result or with one, `else`, `end`, `br`, `br_if`, `br_table` with
//! one target and a default; on demand also `try_table` with one clause (`catch` of a tag with an
//! i32, or `catch_all`) and `throw`. Bodies are taken modulo exchange of the two locals. Seven
//! operators hold the seed case of local preservation
//! (`local.get 0; block; local.get 1; br_if 0; i32.const 3; local.set 0; end`) and its twin for
//! loops: leaving a rule of preservation out fails here at once.
//!
//! Fuel ends endless loops.
//!
//! A green run covers no more than two locals, and nothing of other types, calls, parameters of
//! blocks, or of other constants: the biased generator has those. `tests/enumerate.rs` plants a
//! fault.

use crate::generate::Call;
use crate::sides::attach::{Plant, Translation};
use crate::sides::compare::{Apart, Difference, compare as compare_sides};
use crate::sides::host::Host;
use crate::sides::run::{Outcome, Program, Setup};
use crate::sides::{Side, Translated};
use prova_core::Tier;
use prova_module::{Features, Limits, Module};
use prova_runtime::{Attach, Metering, Settings};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, FunctionSection, TagKind, TagSection, TagType,
    TypeSection, ValType,
};

/// The set of bodies to enumerate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The greatest number of operators, without the last `end`.
    pub operators: usize,
    /// Whether `try_table` and `throw` are among them.
    pub exceptions: bool,
    /// Threads that execute.
    pub jobs: usize,
    /// A fault to be planted in every translation.
    pub plant: Option<Plant>,
}

/// The counts of an enumeration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bodies.
    pub bodies: u64,
    /// Calls that returned in the reference tier.
    pub returned: u64,
    /// Calls that trapped there: of an exception that nothing catches.
    pub threw: u64,
    /// Calls that ran out of fuel there.
    pub endless: u64,
}

/// Bodies of a module.
const BODIES: usize = 1_000;

/// The fuel of a call: some rounds of each loop.
const FUEL: u64 = 60;

/// The arguments of the calls of each body.
const ARGUMENTS: [[u64; 2]; 4] = [[7, 9], [0, 9], [7, 0], [0, 0]];

/// Enumerates all bodies.
///
/// # Errors
///
/// The first difference or refusal, with its body.
pub fn campaign(options: &Options) -> Result<Tally, String> {
    let total = Mutex::new(Ok(Tally::default()));
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(2 * options.jobs);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..options.jobs.max(1) {
            let receiver = Arc::clone(&receiver);
            scope.spawn(|| worker(receiver, options, &total));
        }
        drop(receiver);
        let body = Open { height: 0, results: 1, kind: Kind::Body };
        let mut search = Search {
            exceptions: options.exceptions,
            bytes: Vec::new(),
            open: vec![body],
            height: 0,
            live: true,
            named: false,
            bodies: Vec::new(),
            sender,
            stopped: false,
        };
        search.extend(options.operators);
        search.send();
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Compares the modules that come until none comes any more, or one differs.
fn worker(
    receiver: Arc<Mutex<Receiver<Vec<Vec<u8>>>>>,
    options: &Options,
    total: &Mutex<Result<Tally, String>>,
) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(bodies) = next else { return };
        let result = compare(&bodies, options.plant);
        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
        match (&mut *total, result) {
            (Err(_), _) => return,
            (Ok(total), Ok(tally)) => {
                total.bodies += tally.bodies;
                total.returned += tally.returned;
                total.threw += tally.threw;
                total.endless += tally.endless;
            }
            (total, Err(difference)) => {
                *total = Err(difference);
                return;
            }
        }
    }
}

/// Translates and executes a module of these bodies.
fn compare(bodies: &[Vec<u8>], plant: Option<Plant>) -> Result<Tally, String> {
    let bytes = module(bodies);
    let module = Module::decode(bytes, &Features::default(), &Limits::default())
        .map_err(|error| format!("an enumerated module is refused: {error}"))?;
    for metering in [Metering::None, Metering::Epoch, Metering::Both] {
        let translation = Translation::planted(Settings { metering, deterministic: false }, plant);
        for func in module.defined_funcs() {
            let attached = translation.attach(&module, func);
            attached.map_err(|error| format!("{error}: {}", body(bodies, func.index())))?;
        }
    }
    let calls: Vec<Call> = (0..bodies.len())
        .flat_map(|i| ARGUMENTS.map(|args| Call { export: i.to_string(), args: args.to_vec() }))
        .collect();
    let settings = Settings { metering: Metering::Fuel, deterministic: false };
    let program = Program::new(&module, &calls, FUEL, Host::Function);
    let attach: Arc<dyn Attach> = Arc::new(Translation::planted(settings, plant));
    let tiers = [Tier::TAIL, Tier::MATCH];
    let sides = tiers.map(|tier| Setup { tier, settings });
    let sides = sides.map(|setup| Translated { setup, attach: Arc::clone(&attach) });
    let reference = Setup { tier: Tier::Reference, settings };
    let others = [&sides[0] as &dyn Side, &sides[1]];
    let expected = compare_sides(&program, &reference, &others, Apart::default());
    let expected = expected.map_err(|Difference { side, what, call }| {
        let call = call.unwrap_or_default();
        let body = body(bodies, call / ARGUMENTS.len());
        format!("{:?}: {what}\n{:?}: {body}", tiers[side], calls[call].args)
    })?;
    let mut tally = Tally { bodies: bodies.len() as u64, ..Tally::default() };
    for (outcome, _) in &expected.calls {
        match outcome {
            Outcome::Results(_) => tally.returned += 1,
            outcome if outcome.is_out_of_fuel() => tally.endless += 1,
            Outcome::Trap { .. } | Outcome::Fault(_) | Outcome::Skipped => tally.threw += 1,
        }
    }
    Ok(tally)
}

/// A body as the text of a module.
fn body(bodies: &[Vec<u8>], index: usize) -> String {
    let one = bodies.get(index..=index).unwrap_or_default();
    wasmprinter::print_bytes(module(one)).unwrap_or_else(|error| error.to_string())
}

/// A module of functions that are exported by their numbers.
fn module(bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 2], [ValType::I32]);
    types.ty().function([ValType::I32], []);
    let mut tags = TagSection::new();
    tags.tag(TagType { kind: TagKind::Exception, func_type_idx: 1 });
    let (mut functions, mut exports) = (FunctionSection::new(), ExportSection::new());
    let mut code = CodeSection::new();
    for (i, body) in bodies.iter().enumerate() {
        functions.function(0);
        exports.export(&i.to_string(), ExportKind::Func, i as u32);
        // No locals.
        code.raw(&[&[0], &body[..]].concat());
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&tags).section(&exports).section(&code);
    module.finish()
}

/// An open block of the body in the making.
#[derive(Clone, Copy)]
struct Open {
    /// The height of the operand stack below it.
    height: usize,
    results: usize,
    kind: Kind,
}

impl Open {
    /// The values that a branch takes.
    fn arity(&self) -> usize {
        if self.kind == Kind::Loop { 0 } else { self.results }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Body,
    Block,
    Loop,
    If,
    Else,
}

/// Enumerates bodies by depth-first search.
struct Search {
    exceptions: bool,
    bytes: Vec<u8>,
    open: Vec<Open>,
    height: usize,
    /// Whether the last operator goes on. In dead code there is nothing but the end of the block.
    live: bool,
    /// Whether local 1 may be named: only after local 0.
    named: bool,
    bodies: Vec<Vec<u8>>,
    sender: SyncSender<Vec<Vec<u8>>>,
    /// Whether the search is over.
    stopped: bool,
}

impl Search {
    /// Hands the bodies over; where nobody takes them any more a difference was found.
    fn send(&mut self) {
        self.stopped |= self.sender.send(std::mem::take(&mut self.bodies)).is_err();
    }

    /// Extends the body by at most `left` operators.
    fn extend(&mut self, left: usize) {
        if self.open.len() == 1 && (!self.live || self.height == 1) {
            self.bodies.push([&self.bytes[..], &[0x0b]].concat());
            if self.bodies.len() == BODIES {
                self.send();
            }
        }
        // Every open block needs its end.
        if left < self.open.len() || self.stopped {
            return;
        }
        if self.live {
            self.values(left);
            self.blocks(left);
            self.branches(left);
        }
        self.ends(left);
    }

    /// Goes on behind an operator that leaves the stack this high.
    fn then(&mut self, operator: &[u8], height: usize, live: bool, left: usize) {
        let before = (self.bytes.len(), self.height, self.live, self.named);
        self.bytes.extend_from_slice(operator);
        (self.height, self.live) = (height, live);
        self.named |= matches!(operator[0], 0x20..=0x22);
        self.extend(left - 1);
        self.bytes.truncate(before.0);
        (self.height, self.live, self.named) = (before.1, before.2, before.3);
    }

    /// The values of the innermost block.
    fn available(&self) -> usize {
        self.height - self.open[self.open.len() - 1].height
    }

    fn values(&mut self, left: usize) {
        let (height, available) = (self.height, self.available());
        for local in 0..1 + u8::from(self.named) {
            self.then(&[0x20, local], height + 1, true, left);
            if available >= 1 {
                self.then(&[0x21, local], height - 1, true, left);
                self.then(&[0x22, local], height, true, left);
            }
        }
        self.then(&[0x41, 3], height + 1, true, left);
        if available >= 2 {
            self.then(&[0x6a], height - 1, true, left);
        }
    }

    fn blocks(&mut self, left: usize) {
        let (height, available) = (self.height, self.available());
        for (opcode, kind, pops) in
            [(0x02, Kind::Block, 0), (0x03, Kind::Loop, 0), (0x04, Kind::If, 1)]
        {
            for (results, ty) in [(0, 0x40), (1, 0x7f)] {
                if available >= pops {
                    self.open(&[opcode, ty], Open { height: height - pops, results, kind }, left);
                }
            }
        }
        if !self.exceptions {
            return;
        }
        for depth in 0..self.open.len() {
            let arity = self.open[self.open.len() - 1 - depth].arity();
            for (results, ty) in [(0, 0x40), (1, 0x7f)] {
                let clause: &[u8] =
                    if arity == 1 { &[0, 0, depth as u8] } else { &[2, depth as u8] };
                let operator = [&[0x1f, ty, 1], clause].concat();
                self.open(&operator, Open { height, results, kind: Kind::Block }, left);
            }
        }
    }

    fn open(&mut self, operator: &[u8], open: Open, left: usize) {
        self.open.push(open);
        self.then(operator, open.height, true, left);
        self.open.pop();
    }

    fn branches(&mut self, left: usize) {
        let (height, available, depth) = (self.height, self.available(), self.open.len());
        let arity = |depth: usize| self.open[self.open.len() - 1 - depth].arity();
        let arities: Vec<usize> = (0..depth).map(arity).collect();
        for (target, &arity) in arities.iter().enumerate() {
            if available >= arity {
                self.then(&[0x0c, target as u8], height, false, left);
            }
            if available > arity {
                self.then(&[0x0d, target as u8], height - 1, true, left);
                for default in (0..depth).filter(|&default| arities[default] == arity) {
                    self.then(&[0x0e, 1, target as u8, default as u8], height - 1, false, left);
                }
            }
        }
        if self.exceptions && available >= 1 {
            self.then(&[0x08, 0], height - 1, false, left);
        }
    }

    fn ends(&mut self, left: usize) {
        let last = self.open.len() - 1;
        let top = self.open[last];
        let falls = !self.live || self.available() == top.results;
        if falls && top.kind == Kind::If {
            self.open[last].kind = Kind::Else;
            self.then(&[0x05], top.height, true, left);
            self.open[last] = top;
        }
        let closes = top.kind != Kind::Body && (top.kind != Kind::If || top.results == 0);
        if falls && closes {
            self.open.pop();
            // Code behind an end is extended whether or not it can be reached: it is well-typed
            // either way.
            self.then(&[0x0b], top.height + top.results, true, left);
            self.open.push(top);
        }
    }
}
