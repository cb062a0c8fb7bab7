//! A container, in a process of its own: libcontainer is asked there, and what it holds stays
//! there.
//!
//! The process is forked from one that has a single thread (`zygote`), so that what it forks in
//! turn, the container's first process, has no lock of a thread that is gone.
//!
//! The container's first process has its standard input for reading alone, where the
//! other streams have both ends: a process that could write there too would never see the end.

use crate::bundle::Bundle;
use crate::layers::Layer;
use crate::program::{Given, Program};
use crate::refusal::told;
use crate::streams::{self, both_ends, reader};
use libcontainer::container::Container as Youki;
use libcontainer::container::builder::ContainerBuilder;
use libcontainer::signal::Signal;
use libcontainer::syscall::syscall::SyscallType;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::fs::File;
use std::io::PipeReader;
use std::path::{Component, Path};
use std::sync::Arc;
use zygote::{WireFd, Zygote};

/// libcontainer 0.6 says this where a container's first process was ready before the one that made
/// it had told its number: both write to one channel. It has removed the container then.
const OVERTAKEN: &str = "received unexpected message: InitReady";

/// How often a container is tried to be made: of ten that are made at once on two busy processors,
/// that happens to one or two now and then.
const CREATES_MAX: u32 = 8;

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
    pub(crate) fn create(bundle: &Bundle, layer: Option<(Layer, PipeReader)>) -> Answer<Container> {
        let _held = streams::held(bundle);
        let mut tries = CREATES_MAX;
        loop {
            tries -= 1;
            let container = Container(Zygote::global().spawn());
            let layer = match &layer {
                Some((layer, pipe)) => {
                    Some((layer.clone(), WireFd::new(pipe.try_clone().map_err(told)?)))
                }
                None => None,
            };
            match container.run(create, (bundle.clone(), layer)) {
                Err(why) if why.contains(OVERTAKEN) && tries > 0 => {}
                created => return created.map(|()| container),
            }
        }
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
    pub(crate) fn pid(&self) -> Answer<u32> {
        let pid = |()| {
            ask(|container| match container.pid() {
                Some(pid) => u32::try_from(pid.as_raw()).map_err(told),
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

    /// Sends a signal to all processes, or to the first.
    pub(crate) fn kill(&self, signal: u32, all: bool) -> Answer<()> {
        let kill = |(signal, all): (u32, bool)| {
            ask(|container| {
                let signal = i32::try_from(signal).map_err(told)?;
                container.kill(Signal::try_from(signal).map_err(told)?, all).map_err(told)
            })
        };
        self.run(kill, (signal, all))
    }

    /// Stops its processes where they are.
    pub(crate) fn pause(&self) -> Answer<()> {
        self.run(|()| ask(|container| container.pause().map_err(told)), ())
    }

    /// Lets them go on.
    pub(crate) fn resume(&self) -> Answer<()> {
        self.run(|()| ask(|container| container.resume().map_err(told)), ())
    }

    /// Removes it. Where its process is gone, another one does.
    pub(crate) fn delete(&self, bundle: &Bundle) -> Answer<()> {
        self.run(|()| ask(|container| container.delete(true).map_err(told)), ()).or_else(|_| {
            let remove = |bundle: Bundle| remove(&bundle);
            Zygote::global().spawn().try_run(remove, bundle.clone()).map_err(told)?
        })
    }
}

fn ask<T>(question: impl FnOnce(&mut Youki) -> Answer<T>) -> Answer<T> {
    CONTAINER.with_borrow_mut(|container| match container {
        Some(container) => question(container),
        None => Err("there is no container".into()),
    })
}

/// Removes a container whose shim or process is gone, with its processes.
///
/// # Errors
/// If it was found, and could not be removed.
pub(crate) fn remove(bundle: &Bundle) -> Answer<()> {
    let mut names = Path::new(&bundle.id).components();
    if !matches!((names.next(), names.next()), (Some(Component::Normal(_)), None)) {
        return Err(format!("`{}` is no name", bundle.id));
    }
    let folder = bundle.root().join(&bundle.id);
    // Without it, the shim ended before there was a container, or behind its end.
    match folder.is_dir() {
        true => Youki::load(folder).map_err(told)?.delete(true).map_err(told),
        false => Ok(()),
    }
}

type Parts = (Bundle, Option<(Layer, WireFd<PipeReader>)>);

fn create((bundle, layer): Parts) -> Answer<()> {
    let layer = layer.map(|(layer, pipe)| Arc::new(Given { layer, pipe: pipe.into_inner() }));
    let mut builder = ContainerBuilder::new(bundle.id.clone(), SyscallType::Linux)
        .with_executor(Program { layer, is_of_system: Arc::default() })
        .with_root_path(bundle.root())
        .map_err(told)?;
    let input = Some(&bundle.stdin).filter(|path| !path.as_os_str().is_empty());
    if let Some(path) = input {
        builder = builder.with_stdin(reader(path).map_err(told)?);
    }
    let [output, errors] = streams::writers(&bundle)?;
    if let Some(output) = output {
        builder = builder.with_stdout(output);
    }
    if let Some(errors) = errors {
        builder = builder.with_stderr(errors);
    }
    let container = builder
        .as_init(&bundle.path)
        .as_sibling(true)
        .with_systemd(bundle.systemd)
        .build()
        .map_err(told)?;
    CONTAINER.set(Some(container));
    // Only now, so that the container's first process does not have it.
    INPUT.set(input.map(|path| both_ends(path)).transpose().map_err(told)?);
    Ok(())
}
