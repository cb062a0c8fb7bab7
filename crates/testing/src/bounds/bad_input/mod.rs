//! Hostile bytes → decoded, validated, translated and checked, or refused: always an answer, in
//! bounded time and memory.
//!
//! ```text
//! mutate, shapes ─► bytes ─ measure(answer) ─► Answer | Complaint
//! ```
//!
//! `mutate` damages generated modules, `shapes` are made by hand, `supervise` runs everything in a
//! separate process, so that even a crash of it is an answer of the campaign.
//!
//! # What is demanded
//! * I1. A module is accepted, and then every function of it is translated and accepted by the
//!   check or refused with the name of a limit; or the module is refused with an offset and a rule.
//! * I2. No panic, no crash.
//! * I3. At most 1 s + 1 s for each MB of processor time.
//! * I4. At most 64 MiB + 100 × the input's size of memory, the input excluded.
//!
//! Memory is what the process holds at its peak (`VmHWM`), which Linux alone tells; elsewhere I4 is
//! not tested, and [`Report::memory_measured`] says so. `supervise` sets the allocator to give big
//! blocks back at once. The planted faults of `tests/bad_input.rs` break I1 to I4 one by one.

pub mod mutate;
pub mod shapes;
pub mod supervise;

use prova_bytecode::CheckedBytecode;
use prova_module::{Error, ErrorKind, Features, Limits, Module};
use prova_runtime::{Metering, Settings};
use prova_translate::{TranslateError, Translator};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How hostile bytes were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every function is translated.
    Accepted,
    /// Some function is beyond a limit of the bytecode.
    Untranslated,
    /// The module is invalid.
    Invalid,
    /// The module needs a proposal that no tier executes.
    Unsupported,
    /// The module is beyond a limit.
    Limit,
}

/// How many inputs were answered how, and what it cost at most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Inputs by [`Answer`], in the order of its variants.
    pub answers: [u64; 5],
    /// The greatest part of the time allowed that an input took.
    pub time_part: f64,
    /// The greatest part of the memory allowed that an input took.
    pub memory_part: f64,
    /// Whether memory could be measured.
    pub memory_measured: bool,
}

impl Report {
    /// Adds the cost of one input.
    pub fn add(&mut self, answer: Answer, cost: &Cost, size: usize) {
        self.answers[answer as usize] += 1;
        self.time_part = self.time_part.max(cost.time.as_secs_f64() / time_max(size).as_secs_f64());
        if let Some(bytes) = cost.memory_bytes {
            self.memory_measured = true;
            self.memory_part = self.memory_part.max(bytes as f64 / memory_max(size) as f64);
        }
    }
}

/// The cost of an input.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Processor time.
    pub time: Duration,
    /// Growth of the process at its peak, where it can be measured.
    pub memory_bytes: Option<u64>,
}

/// The time allowed for an input (I3).
pub fn time_max(size: usize) -> Duration {
    Duration::from_secs(1) + Duration::from_nanos(1_000 * size as u64)
}

/// The memory allowed for an input (I4), in bytes.
pub fn memory_max(size: usize) -> u64 {
    (64 << 20) + 100 * size as u64
}

/// Answers for bytes, and sees to the demands.
///
/// # Errors
///
/// The demand that was broken, in words.
pub fn measure(
    bytes: &[u8],
    answer: impl FnOnce(&[u8]) -> Result<Answer, String>,
) -> Result<(Answer, Cost), String> {
    let held = peak::restart();
    let start = processor_time();
    let answered = catch_unwind(AssertUnwindSafe(|| answer(bytes)));
    let time = processor_time().saturating_sub(start);
    let memory_bytes = held.and_then(|held| Some(peak::bytes()?.saturating_sub(held)));
    let cost = Cost { time, memory_bytes };
    let answer = answered.map_err(|panic| format!("panic: {}", message(&*panic)))??;
    if time > time_max(bytes.len()) {
        return Err(format!("{time:?} for {} bytes", bytes.len()));
    }
    if memory_bytes.is_some_and(|memory| memory > memory_max(bytes.len())) {
        return Err(format!("{memory_bytes:?} bytes of memory for {} bytes", bytes.len()));
    }
    Ok((answer, cost))
}

/// Decodes, validates, translates and checks.
///
/// # Errors
///
/// The way in which I1 is broken.
pub fn answer(bytes: &[u8], settings: Settings) -> Result<Answer, String> {
    let module = match Module::decode(bytes, &Features::default(), &Limits::default()) {
        Ok(module) => module,
        Err(error) => return refusal(&error),
    };
    let mut translator = Translator::new();
    let mut answer = Answer::Accepted;
    for func in module.defined_funcs() {
        match translator.translate(&module, func, &settings) {
            Ok(candidate) => {
                CheckedBytecode::check(&module, &settings, candidate)
                    .map_err(|error| format!("an honest translation is refused: {error}"))?;
            }
            Err(TranslateError::Limit { .. }) => answer = Answer::Untranslated,
            Err(error @ TranslateError::Bug { .. }) => return Err(error.to_string()),
        }
    }
    Ok(answer)
}

/// A refusal names a place and a rule.
fn refusal(error: &Error) -> Result<Answer, String> {
    if error.offset.is_none() {
        return Err(format!("a refusal without an offset: {error}"));
    }
    match &error.kind {
        ErrorKind::Invalid { message } if message.is_empty() => {
            Err("a refusal without a rule".to_owned())
        }
        ErrorKind::Invalid { .. } => Ok(Answer::Invalid),
        ErrorKind::Unsupported { .. } => Ok(Answer::Unsupported),
        ErrorKind::Limit { .. } => Ok(Answer::Limit),
    }
}

/// The settings that input `index` is translated with.
pub fn settings(index: u64) -> Settings {
    let metering = Metering::ALL[(index / 2 % 4) as usize];
    Settings { metering, deterministic: index.is_multiple_of(2) }
}

/// The message of a panic.
fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

/// Processor time of this thread, or where the system does not tell it, the time that passes.
fn processor_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|line| line.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// The greatest size of this process.
mod peak {
    use std::fs;

    /// Forgets the peak so far; gives the present size in bytes.
    pub(super) fn restart() -> Option<u64> {
        fs::write("/proc/self/clear_refs", "5").ok()?;
        field("VmRSS:")
    }

    /// The peak since then.
    pub(super) fn bytes() -> Option<u64> {
        field("VmHWM:")
    }

    fn field(name: &str) -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes << 10)
    }
}
