//! A container's life, as the shim knows it.
//!
//! ```text
//! create ─► Created ── start ─► Started
//!              │                   │    its first process ends, or does not start
//!              └───────────────────┴──────────────────────────────────────────────► Ended
//! ```
//!
//! 1. The end is learned from the process alone, and once.
//! 2. It is told behind the start.

use crate::bundle::Bundle;
use crate::cgroup::Cgroup;
use crate::container::Container;
use crate::layers::{self, Layer};
use crate::limits::Limits;
use crate::mode::Mode;
use crate::refusal::{Answer, Refusal, told};
use crate::store::Store;
use chrono::{DateTime, Utc};
use containerd_shim::monitor::{ExitEvent, Subject, Subscription, Topic, monitor_subscribe};
use oci_spec::runtime::Spec;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::unix::pipe;
use tokio::runtime::Runtime;

/// The exit code where nobody knows it, as of a process that was killed.
pub(crate) const KILLED: u32 = 137;

/// How long a container that is deleted before its start may take to end.
const END: Duration = Duration::from_secs(2);

/// Where containerd is asked.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| match Runtime::new() {
    Ok(runtime) => runtime,
    Err(error) => panic!("the shim gets no threads: {error}"),
});

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) code: u32,
    pub(crate) at: DateTime<Utc>,
}

/// Where a container is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Created,
    Started,
    Paused,
    Ended(End),
}

/// A container.
pub(crate) struct Record {
    pub(crate) bundle: Bundle,
    /// Its first process.
    pub(crate) pid: u32,
    /// Where the system counts what it uses.
    pub(crate) cgroup: Option<Cgroup>,
    container: Container,
    feed: Mutex<Option<Feed>>,
    state: Mutex<State>,
    changed: Condvar,
    /// Held during the start.
    starting: Mutex<()>,
}

/// A mutex whose holder panicked is still one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// Makes a container, and has its end told.
    ///
    /// # Errors
    /// For limits that contradict themselves, layers that cannot run, and what the system refuses.
    pub(crate) fn create(
        bundle: Bundle,
        at_end: impl FnOnce(&Record, End) + Send + 'static,
    ) -> Answer<Arc<Record>> {
        let (layer, feed) = match program(&bundle)? {
            Some((layer, reader, feed)) => (Some((layer, reader)), Some(feed)),
            None => (None, None),
        };
        // Before there is a process, so that its end is not missed.
        let ends = monitor_subscribe(Topic::Pid).map_err(|error| Refusal::Failed(told(error)))?;
        let container = Container::create(&bundle, layer).map_err(Refusal::Failed)?;
        let pid = container.pid().map_err(Refusal::Failed)?;
        let record = Arc::new(Record {
            bundle,
            pid,
            cgroup: Cgroup::of(pid),
            container,
            feed: Mutex::new(feed),
            state: Mutex::new(State::Created),
            changed: Condvar::new(),
            starting: Mutex::new(()),
        });
        let ended = Arc::clone(&record);
        std::thread::spawn(move || {
            let code = end_of(pid, &ends).unwrap_or(KILLED);
            let end = ended.end(code);
            drop(lock(&ended.starting));
            at_end(&ended, end);
        });
        Ok(record)
    }

    /// The state.
    pub(crate) fn state(&self) -> State {
        *lock(&self.state)
    }

    /// Lets the program run, and tells that.
    pub(crate) fn start(&self, at_start: impl FnOnce()) -> Answer<()> {
        let _starting = lock(&self.starting);
        self.change(State::Created, State::Started)?;
        if let Err(why) = self.container.start() {
            self.end(KILLED);
            return Err(Refusal::Failed(why));
        }
        if let Some(feed) = lock(&self.feed).take() {
            RUNTIME.spawn(feed.run());
        }
        at_start();
        Ok(())
    }

    /// Sends a signal, to all processes or the first.
    pub(crate) fn kill(&self, signal: u32, all: bool) -> Answer<()> {
        let sent = match self.state() {
            State::Ended(_) => Ok(()),
            _ => self.container.kill(signal, all),
        };
        match (self.state(), sent) {
            // Also where it ended meanwhile.
            (State::Ended(_), _) => Err(Refusal::Missing("process already finished".into())),
            (_, sent) => sent.map_err(Refusal::Failed),
        }
    }

    /// Stops all processes where they are.
    pub(crate) fn pause(&self) -> Answer<()> {
        self.change(State::Started, State::Paused)?;
        self.container.pause().map_err(|why| {
            let _ = self.change(State::Paused, State::Started);
            Refusal::Failed(why)
        })
    }

    /// Lets them go on.
    pub(crate) fn resume(&self) -> Answer<()> {
        if self.state() != State::Paused {
            return Err(Refusal::State("it is not paused".into()));
        }
        self.container.resume().map_err(Refusal::Failed)?;
        // It may have ended.
        let _ = self.change(State::Paused, State::Started);
        Ok(())
    }

    /// Whether it ended because it had more memory than it may have.
    pub(crate) fn is_out_of_memory(&self, end: End) -> bool {
        end.code == KILLED && self.cgroup.as_ref().is_some_and(Cgroup::has_killed)
    }

    /// Removes it: its end.
    pub(crate) fn delete(&self) -> Answer<End> {
        if let State::Started | State::Paused = self.state() {
            return Err(Refusal::State("it runs still".into()));
        }
        self.container.delete(&self.bundle).map_err(Refusal::Failed)?;
        let state = lock(&self.state);
        let is_there = |state: &mut State| !matches!(state, State::Ended(_));
        let waited = self.changed.wait_timeout_while(state, END, is_there);
        let state = *waited.unwrap_or_else(PoisonError::into_inner).0;
        match state {
            State::Ended(end) => Ok(end),
            _ => Ok(End { code: KILLED, at: Utc::now() }),
        }
    }

    /// Waits for its end.
    pub(crate) fn wait(&self) -> End {
        let mut state = lock(&self.state);
        loop {
            if let State::Ended(end) = *state {
                return end;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn change(&self, from: State, to: State) -> Answer<()> {
        let mut state = lock(&self.state);
        if *state != from {
            return Err(Refusal::State(format!("it is {:?}, not {from:?}", *state)));
        }
        *state = to;
        Ok(())
    }

    fn end(&self, code: u32) -> End {
        let mut state = lock(&self.state);
        if let State::Ended(end) = *state {
            return end;
        }
        let end = End { code, at: Utc::now() };
        *state = State::Ended(end);
        self.changed.notify_all();
        end
    }
}

/// The exit code of a process, once it has ended.
fn end_of(pid: u32, ends: &Subscription) -> Option<u32> {
    loop {
        let ExitEvent { subject, exit_code } = ends.rx.recv().ok()?;
        if matches!(subject, Subject::Pid(ended) if u32::try_from(ended) == Ok(pid)) {
            return u32::try_from(exit_code).ok();
        }
    }
}

/// The layer that is the program, if it is one, with both ends of the pipe that it takes.
fn program(bundle: &Bundle) -> Answer<Option<(Layer, PipeReader, Feed)>> {
    let spec = Spec::load(bundle.path.join("config.json"));
    let spec = spec.map_err(|error| Refusal::Invalid(told(error)))?;
    let limits = Limits::of(&spec).map_err(|error| Refusal::Invalid(error.to_string()))?;
    let mode = Mode::of(&limits);
    let found = RUNTIME.block_on(async {
        let store = Store::connect(&bundle.address, &bundle.namespace).await;
        let store = store.map_err(|why| Refusal::Failed(why.to_string()))?;
        let layer = layers::of_container(&store, &bundle.id).await.map_err(Refusal::Invalid)?;
        Ok(match layer {
            Some(layer) if mode.has_artifacts() => {
                Some((layers::compiled(&store, layer, mode).await, store))
            }
            other => other.map(|layer| (layer, store)),
        })
    });
    let Some((layer, store)) = found? else { return Ok(None) };
    let (reader, pipe) = std::io::pipe().map_err(|error| Refusal::Failed(told(error)))?;
    let digest = layer.digest.clone();
    Ok(Some((layer, reader, Feed { store, digest, pipe })))
}

/// Brings a layer to the container, whose memory it counts as.
struct Feed {
    store: Store,
    digest: String,
    pipe: PipeWriter,
}

impl Feed {
    /// A container that ends before takes no more of it; one that gets less than all says so.
    async fn run(self) {
        let pipe = pipe::Sender::from_owned_fd(OwnedFd::from(self.pipe));
        if let Ok(mut pipe) = pipe {
            let _ = self.store.copy(&self.digest, &mut pipe).await;
        }
    }
}
