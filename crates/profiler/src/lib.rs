//! Backtraces of a running program → a profile that the [Firefox Profiler] shows.
//!
//! The embedder takes samples where an epoch is due ([`WasmBacktrace::at_epoch`]);
//! [`GuestProfiler`] counts them. A frame is a function, at any of its lines, with the functions
//! inlined there where the module has debug information.
//!
//! 1. A sample weighs as many intervals as have passed since the one before, so time in a host
//!    function counts for the code that called it.
//! 2. Times count from the start of the profile: equal samples give equal profiles.
//! 3. Names come from modules: control characters are replaced, and long names are cut.
//!
//! Limits: code is sampled where it polls the epoch, at entries of functions and rounds of loops,
//! so straight code counts for the next poll. At most [`FRAMES_MAX`] frames of all samples together
//! are kept; later samples are dropped and counted ([`GuestProfiler::dropped`]).
//!
//! [Firefox Profiler]: https://profiler.firefox.com
//!
//! ```
//! use prova_core::*;
//! use prova_profiler::GuestProfiler;
//! use std::time::Duration;
//!
//! let mut config = Config::new();
//! config.epoch_interruption(true);
//! let engine = Engine::new(&config)?;
//! let interval = Duration::from_millis(1);
//! let _ticker = engine.tick(interval)?;
//! let mut store = Store::new(&engine, GuestProfiler::new("spin.wasm", interval));
//! store.set_epoch_deadline(1);
//! store.epoch_deadline_callback(|mut store| {
//!     let backtrace = WasmBacktrace::at_epoch(&store);
//!     store.data_mut().sample(&backtrace);
//!     Ok(UpdateDeadline::Continue(1))
//! });
//! let module = Module::new(&engine, wat::parse_str(
//!     r#"(module (func (export "spin") (param i32) (loop $l
//!          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
//! )?)?;
//! let instance = Instance::new(&mut store, &module, &[])?;
//! let spin = instance.get_typed_func::<i32, ()>(&mut store, "spin")?;
//! spin.call(&mut store, 10_000_000)?;
//! let mut file = Vec::new();
//! store.into_data().finish(&mut file)?;
//! assert!(file.starts_with(b"{"));
//! # Ok::<(), Error>(())
//! ```

use fxprof_processed_profile::{
    CategoryHandle, CpuDelta, Frame, FrameFlags, FrameInfo, Profile, ReferenceTimestamp,
    SamplingInterval, ThreadHandle, Timestamp,
};
use prova_core::{Context, FrameInfo as WasmFrame, Result, WasmBacktrace};
use prova_demangle::demangle;
use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// The most frames that the samples of a profile have together.
pub const FRAMES_MAX: usize = 1 << 24;
/// The longest name of a frame, in characters.
pub const NAME_CHARS_MAX: usize = 512;

/// A profile in the making.
#[derive(Debug)]
pub struct GuestProfiler {
    profile: Profile,
    thread: ThreadHandle,
    interval: Duration,
    start: Instant,
    last: Duration,
    /// The names of a place, the innermost first: by the module's bytes, the function, the offset.
    names: HashMap<(usize, u32, Option<usize>), Vec<String>>,
    frames: usize,
    dropped: u64,
}

impl GuestProfiler {
    /// A profile of a program, to be sampled each `interval` (at least a nanosecond) from now on.
    pub fn new(program: &str, interval: Duration) -> GuestProfiler {
        let interval = interval.max(Duration::from_nanos(1));
        let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        let epoch = ReferenceTimestamp::from_duration_since_unix_epoch(Duration::ZERO);
        let start = Timestamp::from_nanos_since_reference(0);
        let program = printable(program);
        let mut profile = Profile::new(&program, epoch, SamplingInterval::from_nanos(nanos));
        let process = profile.add_process(&program, 0, start);
        let thread = profile.add_thread(process, 0, start, true);
        profile.set_thread_name(thread, "Wasm");
        let names = HashMap::new();
        let (start, last) = (Instant::now(), Duration::ZERO);
        GuestProfiler { profile, thread, interval, start, last, names, frames: 0, dropped: 0 }
    }

    /// Counts a sample, now. One without frames counts as time outside the program.
    pub fn sample(&mut self, backtrace: &WasmBacktrace) {
        self.sample_at(backtrace, self.start.elapsed());
    }

    /// Counts a sample at a time from the start on, which is not before the last sample's.
    pub fn sample_at(&mut self, backtrace: &WasmBacktrace, time: Duration) {
        let since = time.saturating_sub(self.last);
        self.last = self.last.max(time);
        let names: Vec<String> =
            backtrace.frames().iter().flat_map(|frame| self.names(frame)).collect();
        if self.frames + names.len() > FRAMES_MAX {
            self.dropped += 1;
            return;
        }
        self.frames += names.len();
        let frames: Vec<FrameInfo> = names
            .iter()
            .rev()
            .map(|name| FrameInfo {
                frame: Frame::Label(self.profile.intern_string(name)),
                category_pair: CategoryHandle::OTHER.into(),
                flags: FrameFlags::empty(),
            })
            .collect();
        let stack = self.profile.intern_stack_frames(self.thread, frames.into_iter());
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let at = Timestamp::from_nanos_since_reference(nanos(time));
        // Half an interval more is another one.
        let intervals = (nanos(since) + nanos(self.interval) / 2) / nanos(self.interval);
        let weight = i32::try_from(intervals.max(1)).unwrap_or(i32::MAX);
        let cpu = CpuDelta::from_nanos(nanos(since));
        self.profile.add_sample(self.thread, at, stack, cpu, weight);
    }

    /// How many samples were dropped because all before had [`FRAMES_MAX`] frames.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Writes the profile as JSON, for <https://profiler.firefox.com>.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self, output: impl Write) -> Result<()> {
        self.profile.set_symbolicated(true);
        serde_json::to_writer(output, &self.profile).context("failed to write the profile")
    }

    /// The names of the functions at a frame's place, the innermost first.
    fn names(&mut self, frame: &WasmFrame) -> Vec<String> {
        let key = (frame.module_key(), frame.func_index(), frame.module_offset());
        self.names.entry(key).or_insert_with(|| names(frame)).clone()
    }
}

fn names(frame: &WasmFrame) -> Vec<String> {
    let function = || match frame.func_name() {
        Some(name) => demangle(name),
        None => format!("func{}", frame.func_index()),
    };
    let symbols = frame.symbols();
    let Some(last) = symbols.len().checked_sub(1) else {
        let module = frame.module_name().map(|module| format!(" ({module})"));
        return vec![printable(&(function() + &module.unwrap_or_default()))];
    };
    let named = symbols.iter().enumerate().map(|(i, symbol)| {
        let name = match symbol.name() {
            Some(name) => demangle(name),
            None if i == last => function(),
            None => "inlined function".into(),
        };
        printable(&(name + &symbol.file().map(|file| format!(" ({file})")).unwrap_or_default()))
    });
    named.collect()
}

/// The name without control characters, cut at its limit.
fn printable(name: &str) -> String {
    let shown = name.chars().map(|c| if c.is_control() { '?' } else { c });
    shown.take(NAME_CHARS_MAX).collect()
}
