//! The program that containerd calls: `start` begins a shim, or names the one of the same pod;
//! `delete` removes what one left that is gone; otherwise it is the shim.

use crate::bundle::Bundle;
use crate::service::{Service, remove_after};
use containerd_shim::api::DeleteResponse;
use containerd_shim::publisher::RemotePublisher;
use containerd_shim::{Config, Error, ExitSignal, Flags, Result, StartOpts, util};
use oci_spec::runtime::Spec;
use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use zygote::Zygote;

/// The annotation with the pod's name, whose containers have one shim.
const POD: &str = "io.kubernetes.cri.sandbox-id";

/// The descriptor under which a shim gets its socket.
const LISTENER: i32 = 3;

/// The end of a shim.
#[derive(Default)]
pub(crate) struct Exit {
    signal: ExitSignal,
    address: OnceLock<String>,
}

impl Exit {
    /// Notes the socket while its name can be read: the bundle may go before the shim does.
    pub(crate) fn note_socket(&self) {
        if let Ok(address) = util::read_address() {
            // Another container's is the same.
            let _ = self.address.set(address);
        }
    }

    /// Ends the shim.
    pub(crate) fn signal(&self) {
        self.signal.signal();
    }

    fn wait(&self) {
        self.signal.wait();
        if let Some(address) = self.address.get() {
            let _ = fs::remove_file(socket_of(address));
        }
    }
}

/// A shim to be.
pub(crate) struct Shim {
    id: String,
    namespace: String,
    address: String,
    exit: Arc<Exit>,
}

impl containerd_shim::Shim for Shim {
    type T = Service;

    fn new(_: &str, flags: &Flags, _: &mut Config) -> Shim {
        Shim {
            id: flags.id.clone(),
            namespace: flags.namespace.clone(),
            address: flags.address.clone(),
            exit: Arc::default(),
        }
    }

    fn start_shim(&mut self, options: StartOpts) -> Result<String> {
        let spec = Spec::load("config.json");
        let spec = spec.map_err(|error| Error::InvalidArgument(error.to_string()))?;
        let pod = spec.annotations().as_ref().and_then(|annotations| annotations.get(POD));
        let group = pod.unwrap_or(&options.id).clone();
        let (_, address) = containerd_shim::spawn(options, &group, Vec::new())?;
        util::write_address(&address)?;
        Ok(address)
    }

    fn delete_shim(&mut self) -> Result<DeleteResponse> {
        let bundle =
            Bundle { id: self.id.clone(), namespace: self.namespace.clone(), ..Bundle::default() };
        remove_socket();
        Ok(remove_after(&bundle))
    }

    fn wait(&mut self) {
        self.exit.wait();
    }

    fn create_task_service(&self, publisher: RemotePublisher) -> Service {
        Service::new(publisher, &self.namespace, &self.address, &self.exit)
    }
}

/// Closes the shim's socket in the process that containers come from: they have no business with
/// it, and it is to go with the shim.
pub(crate) fn close_listener() {
    Zygote::global().run(
        |()| {
            let _ = nix::unistd::close(LISTENER);
        },
        (),
    );
}

/// Removes the socket that a shim left in the bundle's name, if nobody listens.
fn remove_socket() {
    let Ok(address) = util::read_address() else { return };
    let socket = socket_of(&address);
    let is_socket = fs::symlink_metadata(socket).is_ok_and(|about| about.file_type().is_socket());
    if is_socket && UnixStream::connect(socket).is_err() {
        let _ = fs::remove_file(socket);
    }
}

fn socket_of(address: &str) -> &Path {
    Path::new(address.trim_start_matches("unix://"))
}
