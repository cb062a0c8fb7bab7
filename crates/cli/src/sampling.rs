//! `--profile guest`: samples of a run, written as a profile for the Firefox Profiler.
//!
//! The run is in the interpreter, whose polls of the epoch are where it is sampled: machine code
//! does not go on from one. A thread moves the epoch on at each interval.

use crate::args::EngineArgs;
use crate::groups::duration;
use crate::report::{Misuse, Shown as _, printable, warn};
use crate::watchdog::Watchdog;
use prova_core::{
    Config, Context, EpochTicker, Result, Store, Tier, UpdateDeadline, WasmBacktrace, bail,
};
use prova_profiler::GuestProfiler;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where a profile goes, and how often the run is sampled.
#[derive(Debug, PartialEq)]
pub(crate) struct Sampling {
    pub(crate) file: PathBuf,
    interval: Duration,
}

/// A run that is sampled.
pub(crate) struct Sampled {
    sampling: Sampling,
    /// Made before the run: a profile that cannot be written costs no run.
    out: File,
    profiler: Arc<Mutex<GuestProfiler>>,
    _ticker: EpochTicker,
}

const FILE: &str = "prova-guest-profile.json";
const INTERVAL: Duration = Duration::from_millis(10);
const INTERVAL_MIN: Duration = Duration::from_micros(10);

fn lock(profiler: &Mutex<GuestProfiler>) -> MutexGuard<'_, GuestProfiler> {
    profiler.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sampling {
    /// Reads `guest[,FILE[,INTERVAL]]`, and lets code of the engine be sampled; `None` for another
    /// strategy.
    ///
    /// # Errors
    /// [`Misuse`].
    pub(crate) fn parse(text: Option<&str>, config: &mut Config) -> Result<Option<Sampling>> {
        let Some(text) = text else { return Ok(None) };
        let mut parts = text.split(',');
        if parts.next() != Some("guest") {
            return Ok(None);
        }
        let file = parts.next().unwrap_or(FILE);
        let interval = match parts.next() {
            None => INTERVAL,
            Some(interval) => match duration(interval).filter(|interval| *interval >= INTERVAL_MIN)
            {
                Some(interval) => interval,
                None => bail!(Misuse(format!(
                    "`--profile {text}`: the interval is a duration such as `10ms`, at least `10us`"
                ))),
            },
        };
        if file.is_empty() || parts.next().is_some() {
            bail!(Misuse(format!("`--profile {text}`: it must be guest[,FILE[,INTERVAL]]")));
        }
        config.epoch_interruption(true);
        Ok(Some(Sampling { file: file.into(), interval }))
    }

    /// The engine's options for a run that is sampled.
    ///
    /// # Errors
    /// [`Misuse`] for the tier of machine code.
    pub(crate) fn engine(args: &EngineArgs) -> Result<EngineArgs> {
        if args.is_native() {
            let tier = Tier::default().choice();
            bail!(Misuse(format!(
                "`--profile guest`: machine code is not sampled, only `--tier {tier}`; `--profile perfmap` names it for `perf`"
            )));
        }
        Ok(args.as_interpreter())
    }

    /// Samples what runs in a store from now on.
    ///
    /// # Errors
    /// If the profile's file cannot be made, or the system gives no thread.
    pub(crate) fn start<T: Send + 'static>(
        self,
        store: &mut Store<T>,
        program: &Path,
        watchdog: Option<&Watchdog>,
    ) -> Result<Sampled> {
        let file = self.file.shown();
        let failed = || format!("failed to write the profile `{file}`");
        let out = File::create(&self.file).with_context(failed)?;
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let profiler = Arc::new(Mutex::new(GuestProfiler::new(&name, self.interval)));
        let (samples, is_over) = (Arc::clone(&profiler), watchdog.map(Watchdog::asked));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |store| {
            lock(&samples).sample(&WasmBacktrace::at_epoch(&store));
            let is_over = is_over.as_ref().is_some_and(|is_over| is_over());
            Ok(if is_over { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) })
        });
        let ticker = store.engine().tick(self.interval)?;
        Ok(Sampled { sampling: self, out, profiler, _ticker: ticker })
    }
}

impl Sampled {
    /// Writes the profile.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn finish(self) -> Result<()> {
        let name = self.sampling.file.shown();
        let failed = || format!("failed to write the profile `{name}`");
        let empty = GuestProfiler::new("", self.sampling.interval);
        let profiler = std::mem::replace(&mut *lock(&self.profiler), empty);
        let dropped = profiler.dropped();
        let mut out = BufWriter::new(self.out);
        profiler.finish(&mut out).with_context(failed)?;
        out.flush().with_context(failed)?;
        let missing = match dropped {
            0 => String::new(),
            number => format!(", without the last {number} samples, for which there was no room"),
        };
        warn(&printable(&format!(
            "note: the profile is in `{name}`{missing}; https://profiler.firefox.com shows it"
        )));
        Ok(())
    }
}
