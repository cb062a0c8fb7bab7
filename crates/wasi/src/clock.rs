//! The guest's clocks: the host's, or virtual ones that only the guest's own calls move.
//!
//! `clock_time_get`, `clock_res_get` → nanoseconds. `poll` asks the same state how long to wait.
//! Invariants:
//! 1. The monotonic clock counts from the context's beginning and never goes back.
//! 2. With virtual clocks, nothing the guest can see depends on the host's time, and waiting takes
//!    none.

use crate::call::Call;
use crate::ctx::State;
use crate::guest::{Outcome, low, probe, write_u64};
use crate::sys::{self, HostClock};
use crate::types::Errno;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Which clocks a guest sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clocks {
    /// The host's.
    #[default]
    Host,
    /// Clocks that each reading moves by `step_ns` and each timed wait by its length.
    Virtual {
        /// The initial time of the realtime clock, in nanoseconds since 1970.
        realtime_ns: u64,
        /// How far a reading moves the clocks, in nanoseconds.
        step_ns: u64,
    },
}

/// The clocks with their state.
pub(crate) struct ClockState {
    clocks: Clocks,
    start: Instant,
    /// Virtual time passed since the beginning, in nanoseconds.
    passed_ns: AtomicU64,
}

impl Default for ClockState {
    fn default() -> Self {
        Clocks::Host.into()
    }
}

impl From<Clocks> for ClockState {
    fn from(clocks: Clocks) -> Self {
        ClockState { clocks, start: Instant::now(), passed_ns: AtomicU64::new(0) }
    }
}

/// Preview 1 `clockid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockId {
    Realtime,
    Monotonic,
    Process,
    Thread,
}

impl ClockId {
    pub(crate) const fn new(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(ClockId::Realtime),
            1 => Ok(ClockId::Monotonic),
            2 => Ok(ClockId::Process),
            3 => Ok(ClockId::Thread),
            _ => Err(Errno::Inval),
        }
    }

    const fn host(self) -> HostClock {
        match self {
            ClockId::Realtime => HostClock::Realtime,
            ClockId::Monotonic => HostClock::Monotonic,
            ClockId::Process => HostClock::Process,
            ClockId::Thread => HostClock::Thread,
        }
    }
}

impl ClockState {
    /// The time of the clock, in nanoseconds, without moving it.
    pub(crate) fn now_ns(&self, id: ClockId) -> Result<u64, Errno> {
        match (self.clocks, id) {
            (Clocks::Virtual { realtime_ns, .. }, ClockId::Realtime) => {
                Ok(realtime_ns.saturating_add(self.passed_ns()))
            }
            (Clocks::Virtual { .. }, ClockId::Monotonic | ClockId::Process | ClockId::Thread) => {
                Ok(self.passed_ns())
            }
            (Clocks::Host, ClockId::Monotonic) => Ok(sys::duration_ns(self.start.elapsed())),
            (Clocks::Host, ClockId::Realtime | ClockId::Process | ClockId::Thread) => {
                sys::clock_ns(id.host()).ok_or(Errno::NotSup)
            }
        }
    }

    /// Moves virtual clocks by one reading.
    fn step(&self) {
        if let Clocks::Virtual { step_ns, .. } = self.clocks {
            self.pass(step_ns);
        }
    }

    /// Moves virtual clocks by a wait.
    pub(crate) fn pass(&self, ns: u64) {
        // Its closure always gives a time.
        let _ = self.passed_ns.fetch_update(Relaxed, Relaxed, |now| Some(now.saturating_add(ns)));
    }

    fn passed_ns(&self) -> u64 {
        self.passed_ns.load(Relaxed)
    }

    /// Whether waiting takes no time of the host.
    pub(crate) const fn is_virtual(&self) -> bool {
        matches!(self.clocks, Clocks::Virtual { .. })
    }
}

/// `clock_time_get(id, precision, time)`. The precision is only a wish and is ignored.
pub(crate) fn clock_time_get(ctx: &State, call: &mut Call<'_>, args: [u64; 3]) -> Outcome {
    let [id, _precision, out] = args;
    probe(call, low(out), 8)?;
    let id = ClockId::new(low(id))?;
    ctx.clock.step();
    write_u64(call, low(out), ctx.clock.now_ns(id)?)?;
    Ok(())
}

/// `clock_res_get(id, resolution)`.
pub(crate) fn clock_res_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [id, out] = args.map(low);
    let id = ClockId::new(id)?;
    let resolution = match ctx.clock.clocks {
        Clocks::Virtual { step_ns, .. } => step_ns.max(1),
        Clocks::Host => sys::clock_resolution_ns(id.host()).ok_or(Errno::NotSup)?,
    };
    write_u64(call, out, resolution)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_clocks_move_only_when_told() {
        let clock = ClockState::from(Clocks::Virtual { realtime_ns: u64::MAX - 5, step_ns: 3 });
        assert_eq!(clock.now_ns(ClockId::Monotonic), Ok(0));
        clock.step();
        assert_eq!(clock.now_ns(ClockId::Monotonic), Ok(3));
        assert_eq!(clock.now_ns(ClockId::Realtime), Ok(u64::MAX - 2));
        clock.pass(u64::MAX);
        assert_eq!(clock.now_ns(ClockId::Realtime), Ok(u64::MAX));
    }
}
