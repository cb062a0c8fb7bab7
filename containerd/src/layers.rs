//! An image's layer of WebAssembly, and where its machine code is.
//!
//! ```text
//! container ─► image ─► manifest ─► the layer with a media type of WebAssembly
//!                                     │ label of this version: an artifact made before
//!                                     ├──────────────────────────► the artifact's bytes
//!                                     │ none: meanwhile compile, keep, label
//!                                     ▼
//!                                   the module's bytes
//! ```
//!
//! containerd does not put such layers into the root folder. It keeps artifacts as long as their
//! layer. They are not believed: what runs is checked when it is loaded (`guest`), and an artifact
//! of another module than the layer is refused there.
//!
//! Limits: a manifest has at most [`MANIFEST_BYTES_MAX`]; `compile` has its own.

use crate::compile;
use crate::mode::Mode;
use crate::store::{Answer, Refused, Store, length};
use serde::{Deserialize, Serialize};

/// The most bytes of a manifest or list of manifests.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;

/// Media types of layers that are a module. `application/wasm` is the one of artifacts, whose
/// configuration is `application/vnd.wasm.config.v0+json`.
const MODULES: [&str; 3] = [
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/wasm",
];

/// A layer that is a container's program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Layer {
    /// The digest of the module.
    pub(crate) module: String,
    /// The digest of what is loaded: the module, or an artifact of it.
    pub(crate) digest: String,
    /// The bytes of what is loaded.
    pub(crate) bytes: u64,
}

/// A manifest, or a list of manifests.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

/// The layer of a container's image, if the image has one.
///
/// # Errors
/// If there are several, or one of a kind that is not known, and if containerd does not answer.
pub(crate) async fn of_container(store: &Store, container: &str) -> Result<Option<Layer>, String> {
    let layers = match layers(store, container).await {
        Ok(layers) => layers,
        // A container may be of no image, or of one that is gone.
        Err(Refused::NotFound) => return Ok(None),
        Err(why) => return Err(format!("containerd does not say which layers it has: {why}")),
    };
    let Some(digest) = module_of(&layers)? else { return Ok(None) };
    let info = store.info(digest).await.map_err(|why| format!("layer `{digest}`: {why}"))?;
    let digest = digest.to_owned();
    Ok(Some(Layer { module: digest.clone(), digest, bytes: length(&info) }))
}

/// The artifact of a layer for this mode, where there is one; else the layer as it is.
pub(crate) async fn compiled(store: &Store, layer: Layer, mode: Mode) -> Layer {
    match compile::artifact(store, &layer, mode).await {
        Ok(Some((digest, bytes))) => Layer { digest, bytes, ..layer },
        // It starts slower, that is all.
        Ok(None) | Err(_) => layer,
    }
}

async fn layers(store: &Store, container: &str) -> Answer<Vec<Descriptor>> {
    let image = store.image_of(container).await?;
    let manifest = manifest(store, &image).await?;
    let mut places = manifest.manifests;
    if places.is_empty() {
        return Ok(manifest.layers);
    }
    // Those for WebAssembly, then those for this machine, then all. Of a list, containerd has the
    // manifest that it was asked for alone.
    places.sort_by_key(|place| match &place.platform {
        Some(platform) if platform.architecture == "wasm" => 0,
        Some(platform) if platform.os == "linux" && platform.architecture == machine() => 1,
        _ => 2,
    });
    for place in &places {
        match self::manifest(store, &place.digest).await {
            Ok(manifest) => return Ok(manifest.layers),
            Err(Refused::NotFound) => {}
            Err(why) => return Err(why),
        }
    }
    Err(Refused::NotFound)
}

/// This machine's name in an image.
fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

async fn manifest(store: &Store, digest: &str) -> Answer<Manifest> {
    let text = store.read(digest, MANIFEST_BYTES_MAX).await?;
    serde_json::from_slice(&text).map_err(|error| Refused::Other(format!("`{digest}`: {error}")))
}

/// The one layer that is a module.
fn module_of(layers: &[Descriptor]) -> Result<Option<&str>, String> {
    let ours = |layer: &&Descriptor| MODULES.contains(&&*layer.media_type);
    let modules: Vec<&Descriptor> = layers.iter().filter(ours).collect();
    match &modules[..] {
        [module] => return Ok(Some(&module.digest)),
        [] => {}
        _ => {
            return Err(format!(
                "the image has {} layers of WebAssembly, and one can run: link them before, or put them into the root folder as files",
                modules.len()
            ));
        }
    }
    match layers.iter().find(|layer| layer.media_type.contains("wasm")) {
        Some(Descriptor { media_type, .. }) => Err(format!(
            "a layer has the media type `{media_type}`, and is not read: there are {}",
            MODULES.map(|name| format!("`{name}`")).join(", ")
        )),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(types: &[&str]) -> Vec<Descriptor> {
        let named = |(number, media_type): (usize, &&str)| Descriptor {
            media_type: media_type.to_string(),
            digest: format!("sha256:{number}"),
            platform: None,
        };
        types.iter().enumerate().map(named).collect()
    }

    #[test]
    fn one_layer_is_the_module() {
        let ordinary = "application/vnd.oci.image.layer.v1.tar";
        assert_eq!(module_of(&layers(&[ordinary])), Ok(None));
        assert_eq!(module_of(&[]), Ok(None));
        for module in MODULES {
            assert_eq!(module_of(&layers(&[ordinary, module])), Ok(Some("sha256:1")), "{module}");
            let two = module_of(&layers(&[module, ordinary, module])).expect_err("two modules");
            assert!(two.starts_with("the image has 2 layers"), "{two}");
        }
        let other = "application/vnd.wasm.content.layer.v1+wasm+gzip";
        let refused = module_of(&layers(&[other])).expect_err("it is not known");
        assert!(refused.contains(other) && refused.contains(MODULES[0]), "{refused}");
        assert_eq!(module_of(&layers(&[other, MODULES[0]])), Ok(Some("sha256:1")));
    }
}
