//! A container as containerd sees it: made, started, signalled, waited for, deleted.
//!
//! Those who wait for its end learn it one after another ([`STAGGER`]). Woken together, one holds
//! shimkit's lock of the state while the other's client asks for it already, and shimkit answers
//! that the container runs still.

use crate::container::Container;
use crate::layers;
use crate::limits::Limits;
use crate::store::Store;
use chrono::{DateTime, Utc};
use containerd_shim::monitor::{ExitEvent, Subject, Subscription, Topic, monitor_subscribe};
use containerd_shimkit::sandbox::sync::WaitableCell;
use containerd_shimkit::sandbox::{Error, InstanceConfig};
use oci_spec::runtime::Spec;
use std::io::PipeWriter;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::unix::pipe;

/// The exit code where nobody knows it, as of a process that was killed.
const KILLED: u32 = 137;

/// The time between two who wait.
const STAGGER: Duration = Duration::from_millis(10);
/// The most times that somebody waits longer than the first.
const STAGGERED_MAX: u32 = 5;

/// A container.
pub(crate) struct Instance {
    container: Container,
    feed: Mutex<Option<Feed>>,
    exit: WaitableCell<(u32, DateTime<Utc>)>,
    has_ended: Arc<AtomicBool>,
    waiting: AtomicU32,
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

impl containerd_shimkit::sandbox::Instance for Instance {
    async fn new(id: String, config: &InstanceConfig) -> Result<Instance, Error> {
        let spec = Spec::load(config.bundle.join("config.json"))?;
        // Refused here, where the answer reaches who asked for the container.
        let limits =
            Limits::of(&spec).map_err(|error| Error::InvalidArgument(error.to_string()))?;
        let store = Store::connect(&config.containerd_address, &config.namespace).await;
        let store = store.map_err(|why| Error::Containerd(why.to_string()))?;
        let layer = layers::of_container(&store, &id).await.map_err(Error::InvalidArgument)?;
        let layer = match layer {
            // Machine code of files does not run under a limit of time, and is made without fuel.
            Some(layer) if limits.timeout.is_none() && limits.fuel.is_none() => {
                Some(layers::compiled(&store, layer).await)
            }
            other => other,
        };
        let (layer, feed) = match layer {
            Some(layer) => {
                let (reader, pipe) = std::io::pipe()?;
                let feed = Feed { store, digest: layer.digest.clone(), pipe };
                (Some((layer, reader)), Some(feed))
            }
            None => (None, None),
        };
        let container = Container::create(&id, config, layer).map_err(Error::Others)?;
        Ok(Instance {
            container,
            feed: Mutex::new(feed),
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
        if let Some(feed) = self.feed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tokio::spawn(feed.run());
        }
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
