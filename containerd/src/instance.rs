//! A container as containerd sees it: made, started, signalled, waited for, deleted.
//!
//! Those who wait for its end learn it one after another ([`STAGGER`]). Woken together, one holds
//! shimkit's lock of the state while the other's client asks for it already, and shimkit answers
//! that the container runs still.

use crate::container::Container;
use chrono::{DateTime, Utc};
use containerd_shim::monitor::{ExitEvent, Subject, Subscription, Topic, monitor_subscribe};
use containerd_shimkit::sandbox::sync::WaitableCell;
use containerd_shimkit::sandbox::{Error, InstanceConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// The exit code where nobody knows it, as of a process that was killed.
const KILLED: u32 = 137;

/// The time between two who wait.
const STAGGER: Duration = Duration::from_millis(10);
/// The most times that somebody waits longer than the first.
const STAGGERED_MAX: u32 = 5;

/// A container.
pub(crate) struct Instance {
    container: Container,
    exit: WaitableCell<(u32, DateTime<Utc>)>,
    has_ended: Arc<AtomicBool>,
    waiting: AtomicU32,
}

impl containerd_shimkit::sandbox::Instance for Instance {
    async fn new(id: String, config: &InstanceConfig) -> Result<Instance, Error> {
        let container = Container::create(&id, config).map_err(Error::Others)?;
        Ok(Instance {
            container,
            exit: WaitableCell::new(),
            has_ended: Arc::default(),
            waiting: AtomicU32::new(0),
        })
    }

    async fn start(&self) -> Result<u32, Error> {
        let pid = self.container.pid().map_err(Error::Others)?;
        // Before the start, so that its end is not missed.
        let ends = monitor_subscribe(Topic::Pid)?;
        let guard = self.exit.clone().set_guard_with(|| (KILLED, Utc::now()));
        self.container.start().map_err(Error::Others)?;
        let (exit, has_ended) = (self.exit.clone(), Arc::clone(&self.has_ended));
        tokio::task::spawn_blocking(move || {
            let _guard = guard;
            if let Some(code) = end_of(pid, &ends) {
                // First, so that nobody who knows of the end waits any more.
                has_ended.store(true, Ordering::Release);
                // It was not set before: a container starts once.
                let _ = exit.set((code, Utc::now()));
            }
        });
        u32::try_from(pid).map_err(|_| Error::Others("the process has no number".into()))
    }

    async fn kill(&self, signal: u32) -> Result<(), Error> {
        self.container.kill(signal).map_err(Error::Others)
    }

    async fn delete(&self) -> Result<(), Error> {
        self.container.delete().map_err(Error::Others)
    }

    async fn wait(&self) -> (u32, DateTime<Utc>) {
        if self.has_ended.load(Ordering::Acquire) {
            return *self.exit.wait().await;
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed).min(STAGGERED_MAX);
        let end = *self.exit.wait().await;
        if before > 0 {
            tokio::time::sleep(STAGGER * before).await;
        }
        end
    }
}

/// The exit code of a process, once it has ended.
fn end_of(pid: i32, ends: &Subscription) -> Option<u32> {
    loop {
        let ExitEvent { subject, exit_code } = ends.rx.recv().ok()?;
        if matches!(subject, Subject::Pid(ended) if ended == pid) {
            return u32::try_from(exit_code).ok();
        }
    }
}
