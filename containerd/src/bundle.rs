//! A bundle: the folder that containerd makes for a container, and what else it says of it.

use crate::refusal::{Answer, Refusal, told};
use containerd_shim::api::CreateTaskRequest;
use oci_spec::runtime::Spec;
use prost::Message;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where containers are noted, a folder for each namespace.
const ROOT: &str = "/run/containerd/prova";

/// A container's name, folder and streams. It crosses to the container's process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Bundle {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    /// containerd's namespace.
    pub(crate) namespace: String,
    /// containerd's socket.
    pub(crate) address: String,
    /// Named pipes, or nothing.
    pub(crate) stdin: PathBuf,
    pub(crate) stdout: PathBuf,
    pub(crate) stderr: PathBuf,
    /// Whether systemd makes its cgroup.
    pub(crate) systemd: bool,
}

impl Bundle {
    /// The folder where libcontainer notes containers of a namespace.
    pub(crate) fn root(&self) -> PathBuf {
        Path::new(ROOT).join(&self.namespace)
    }

    /// Mounts the root folder, if it is to be mounted.
    pub(crate) fn mount(&self, request: &CreateTaskRequest) -> Answer<()> {
        let spec = Spec::load(self.path.join("config.json"));
        let spec = spec.map_err(|error| Refusal::Invalid(told(error)))?;
        let root = spec.root().as_ref().map(|root| self.path.join(root.path()));
        let root = root.ok_or_else(|| Refusal::Invalid("it has no root folder".into()))?;
        let failed = |error: std::io::Error| Refusal::Failed(told(error));
        std::fs::create_dir_all(&root).map_err(failed)?;
        for mount in &request.rootfs {
            let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let (kind, source) = (named(&mount.type_), named(&mount.source));
            let options = mount.options.to_vec();
            containerd_shim::mount::mount_rootfs(
                kind.as_deref(),
                source.as_deref(),
                &options,
                &root,
            )
            .map_err(|error| Refusal::Failed(told(error)))?;
        }
        Ok(())
    }
}

/// The options that containerd's configuration gives the runtime (`runtimeoptions.v1.Options`).
#[derive(Clone, PartialEq, Message)]
struct Options {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(string, tag = "2")]
    config_path: String,
    #[prost(string, tag = "3")]
    config_body: String,
}

/// What they say.
#[derive(Default, Deserialize)]
struct Settings {
    #[serde(default, alias = "SystemdCgroup")]
    systemd_cgroup: bool,
}

/// Whether systemd is asked for cgroups.
pub(crate) fn asks_systemd(request: &CreateTaskRequest) -> Answer<bool> {
    const OURS: &str = "runtimeoptions.v1.Options";
    let Some(options) = request.options.as_ref() else { return Ok(false) };
    let invalid = |why: String| Refusal::Invalid(format!("the runtime's options: {why}"));
    if options.type_url != OURS {
        return Err(invalid(format!("they are `{}`, not `{OURS}`", options.type_url)));
    }
    let options = Options::decode(&*options.value).map_err(|error| invalid(told(error)))?;
    let text = match options.config_body.is_empty() && !options.config_path.is_empty() {
        true => std::fs::read_to_string(&options.config_path)
            .map_err(|error| invalid(format!("`{}`: {error}", options.config_path)))?,
        false => options.config_body,
    };
    let settings: Settings = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    Ok(settings.systemd_cgroup)
}
