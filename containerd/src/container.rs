//! A container, in a process of its own: libcontainer is asked there, and what it holds stays
//! there.
//!
//! The process is forked from one that has a single thread (`zygote`), so that what it forks in
//! turn, the container's first process, has no lock of a thread that is gone.
//!
//! The container's first process has its standard input for reading alone, where shimkit would open
//! both ends: a process that could write there too would never see the end.

use crate::layers::Layer;
use crate::program::{Given, Program};
use containerd_shimkit::sandbox::InstanceConfig;
use containerd_shimkit::zygote::{WireFd, Zygote};
use libcontainer::container::Container as Youki;
use libcontainer::container::builder::ContainerBuilder;
use libcontainer::signal::Signal;
use libcontainer::syscall::syscall::SyscallType;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader};
use std::path::Path;
use std::sync::Arc;

/// The runtime's name, under which containers are noted.
pub(crate) const RUNTIME: &str = "prova";

thread_local! {
    /// The container of this process.
    static CONTAINER: RefCell<Option<Youki>> = const { RefCell::new(None) };
    /// Keeps its standard input from ending before the client has opened it.
    static INPUT: RefCell<Option<File>> = const { RefCell::new(None) };
}

/// A container, asked from another process. Errors are texts, since they cross to it.
pub(crate) struct Container(Zygote);

type Answer<T> = Result<T, String>;

impl Container {
    /// Makes a container of a bundle, whose program does not run yet. A program that is a layer
    /// comes through a pipe.
    pub(crate) fn create(
        id: &str,
        config: &InstanceConfig,
        layer: Option<(Layer, PipeReader)>,
    ) -> Answer<Container> {
        let container = Container(Zygote::global().spawn());
        let layer = layer.map(|(layer, pipe)| (layer, WireFd::new(pipe)));
        container.run(create, (id.to_owned(), config.clone(), layer))?;
        Ok(container)
    }

    /// Asks the process, which may be gone.
    fn run<Args, T>(&self, f: fn(Args) -> Answer<T>, args: Args) -> Answer<T>
    where
        Args: Serialize + DeserializeOwned + 'static,
        T: Serialize + DeserializeOwned + 'static,
    {
        self.0.try_run(f, args).map_err(told)?
    }

    /// The first process.
    pub(crate) fn pid(&self) -> Answer<i32> {
        let pid = |()| {
            ask(|container| match container.pid() {
                Some(pid) => Ok(pid.as_raw()),
                None => Err("it has no process".into()),
            })
        };
        self.run(pid, ())
    }

    /// Lets the program run.
    pub(crate) fn start(&self) -> Answer<()> {
        let start = |()| {
            let started = ask(|container| container.start().map_err(told));
            INPUT.take();
            started
        };
        self.run(start, ())
    }

    /// Sends a signal to all processes.
    pub(crate) fn kill(&self, signal: u32) -> Answer<()> {
        let kill = |signal: u32| {
            ask(|container| {
                let signal = i32::try_from(signal).map_err(told)?;
                container.kill(Signal::try_from(signal).map_err(told)?, true).map_err(told)
            })
        };
        self.run(kill, signal)
    }

    /// Removes it.
    pub(crate) fn delete(&self) -> Answer<()> {
        self.run(|()| ask(|container| container.delete(true).map_err(told)), ())
    }
}

/// An error with its causes.
pub(crate) fn told(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn ask<T>(question: impl FnOnce(&mut Youki) -> Answer<T>) -> Answer<T> {
    CONTAINER.with_borrow_mut(|container| match container {
        Some(container) => question(container),
        None => Err("there is no container".into()),
    })
}

/// Removes a container whose shim is gone, with its processes.
///
/// # Errors
/// If it was found, and could not be removed.
pub(crate) fn remove(id: &str, config: &InstanceConfig) -> Answer<()> {
    let folder = config.determine_rootdir(RUNTIME).map_err(told)?.join(id);
    // Without it, the shim ended before there was a container, or behind its end.
    match folder.is_dir() {
        true => Youki::load(folder).map_err(told)?.delete(true).map_err(told),
        false => Ok(()),
    }
}

type Parts = (String, InstanceConfig, Option<(Layer, WireFd<PipeReader>)>);

fn create((id, config, layer): Parts) -> Answer<()> {
    let layer = layer.map(|(layer, pipe)| Arc::new(Given { layer, pipe: pipe.into_inner() }));
    let root = config.determine_rootdir(RUNTIME).map_err(told)?;
    let mut builder = ContainerBuilder::new(id, SyscallType::Linux)
        .with_executor(Program { layer })
        .with_root_path(root)
        .map_err(told)?;
    let input = Some(&config.stdin).filter(|path| !path.as_os_str().is_empty());
    if let Some(path) = input {
        builder = builder.with_stdin(reader(path).map_err(told)?);
    }
    if let Ok(file) = config.open_stdout() {
        builder = builder.with_stdout(file);
    }
    if let Ok(file) = config.open_stderr() {
        builder = builder.with_stderr(file);
    }
    let container = builder
        .as_init(&config.bundle)
        .as_sibling(true)
        .with_systemd(config.config.systemd_cgroup)
        .build()
        .map_err(told)?;
    CONTAINER.set(Some(container));
    // Only now, so that the container's first process does not have it.
    INPUT.set(input.map(|path| both_ends(path)).transpose().map_err(told)?);
    Ok(())
}

/// Opens a pipe for reading, which does not wait for a writer.
fn reader(pipe: &Path) -> io::Result<File> {
    let _both = both_ends(pipe)?;
    File::open(pipe)
}

fn both_ends(pipe: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(pipe)
}
