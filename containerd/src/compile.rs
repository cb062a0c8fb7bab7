//! A layer → an artifact of it for a mode (`mode`), which containerd keeps.
//!
//! 1. No container waits for it: the first ones run the module.
//! 2. The compiler has a process of its own with limits of time and memory and a low priority: what
//!    the shim uses is not counted as the container's. The shim lives until it is done.
//! 3. A layer is compiled by one shim at a time, the one that has the lease.
//! 4. A layer that could not be compiled gets a label too, so it is not tried at each start.
//! 5. The label names mode, version and settings: another version makes its own.

use crate::layers::Layer;
use crate::mode::Mode;
use crate::record::lock;
use crate::store::{Answer, Refused, Store, length};
use chrono::{TimeDelta, Utc};
use prova::Engine;
use prova_native::{Config, settings};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Resource, Rlimit, nice, setrlimit};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::sync::{Condvar, Mutex, PoisonError};
use zygote::{WireFd, Zygote};

/// The most bytes of a layer that is compiled before it runs.
const MODULE_BYTES_MAX: u64 = 64 << 20;
/// The most bytes of its artifact.
const ARTIFACT_BYTES_MAX: u64 = 512 << 20;
/// The most seconds that the compiler uses, of all processors together.
const SECONDS_MAX: u64 = 30;
/// The same where it proves each function.
const SECONDS_PROVED_MAX: u64 = 600;
/// The most bytes that it has.
const BYTES_MAX: u64 = 4 << 30;
/// How far behind others it stands for a processor.
const NICE: i32 = 10;
/// How long a lease is held where a shim was ended before it gave it back: as long as the compiler
/// takes on a node where others stand before it. It keeps the artifact until the label does.
const LEASE: TimeDelta = TimeDelta::minutes(10);
/// The same where it proves each function. SQLite takes 95 s of processor time.
const LEASE_PROVED: TimeDelta = TimeDelta::hours(3);

/// The label's value where there is no artifact.
const NONE: &str = "none";

/// The compilers of this shim that are at work.
static WORKING: Mutex<usize> = Mutex::new(0);
static DONE: Condvar = Condvar::new();

/// Waits until no compiler is at work.
pub(crate) fn wait() {
    let working = lock(&WORKING);
    drop(DONE.wait_while(working, |number| *number > 0).unwrap_or_else(PoisonError::into_inner));
}

/// A compiler that is at work.
struct Work;

impl Work {
    fn begin() -> Work {
        *lock(&WORKING) += 1;
        Work
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        *lock(&WORKING) -= 1;
        DONE.notify_all();
    }
}

/// What is known of a layer's artifact.
enum Known {
    /// Its digest and length.
    Made(String, u64),
    /// There can be none.
    None,
    /// It was not made, or is gone.
    Nothing,
}

/// The artifact of a layer, if there is one. If not, one is made meanwhile, for the next container.
pub(crate) async fn artifact(
    store: &Store,
    layer: &Layer,
    mode: Mode,
) -> Answer<Option<(String, u64)>> {
    let label = label(mode);
    match known(store, layer, &label).await? {
        Known::Made(digest, bytes) => return Ok(Some((digest, bytes))),
        Known::Nothing if layer.bytes <= MODULE_BYTES_MAX => {
            let (store, layer, work) = (store.clone(), layer.clone(), Work::begin());
            tokio::spawn(async move {
                // Without it, the next container starts slower, that is all.
                let _ = alone(&store, &layer, mode, &label).await;
                drop(work);
            });
        }
        Known::Nothing | Known::None => {}
    }
    Ok(None)
}

async fn known(store: &Store, layer: &Layer, label: &str) -> Answer<Known> {
    let Some(digest) = store.info(&layer.module).await?.labels.remove(label) else {
        return Ok(Known::Nothing);
    };
    if digest == NONE {
        return Ok(Known::None);
    }
    match store.info(&digest).await {
        Ok(info) => Ok(Known::Made(digest, length(&info))),
        Err(Refused::NotFound) => Ok(Known::Nothing),
        Err(why) => Err(why),
    }
}

/// Makes the artifact, unless another shim does.
async fn alone(store: &Store, layer: &Layer, mode: Mode, label: &str) -> Answer<()> {
    let lease = format!("prova-{}", hash(format!("{label} {}", layer.module).as_bytes()));
    let end = Utc::now() + if mode.is_proved() { LEASE_PROVED } else { LEASE };
    match store.lease(&lease, end.to_rfc3339()).await {
        Ok(()) => {}
        Err(Refused::Exists) => return Ok(()),
        Err(why) => return Err(why),
    }
    // Another shim may have made it just before.
    let made = match known(store, layer, label).await {
        Ok(Known::Nothing) => make((store, layer), (mode, label), &lease).await,
        other => other.map(|_| ()),
    };
    store.release(&lease).await?;
    made
}

/// Makes the artifact and labels the layer.
async fn make(
    (store, layer): (&Store, &Layer),
    (mode, label): (Mode, &str),
    lease: &str,
) -> Answer<()> {
    let module = store.read(&layer.module, MODULE_BYTES_MAX).await?;
    // In the text format, a module has other bytes than its artifact's; an artifact is one already.
    let made = match module.starts_with(b"\0asm") {
        true => tokio::task::spawn_blocking(move || apart(&module, mode)).await.ok(),
        false => None,
    };
    let Some(Ok(artifact)) = made else {
        return store.label(&layer.module, &[(label.to_owned(), NONE.to_owned())]).await;
    };
    let digest = format!("sha256:{}", hash(&artifact));
    match store.write(lease, artifact, lease).await {
        Ok(_) | Err(Refused::Exists) => {}
        Err(why) => return Err(why),
    }
    // The second keeps it as long as the layer, whatever else is kept.
    let keep = format!("containerd.io/gc.ref.content.prova-{mode}");
    let labels = [(label.to_owned(), digest.clone()), (keep, digest)];
    store.label(&layer.module, &labels).await
}

/// The label of artifacts that this version makes: with settings, since they are part of the code.
fn label(mode: Mode) -> String {
    let config = Config::default();
    let settings = format!("{config:?} {:?}", settings(config.cpu));
    format!("prova.dev/{mode}-{}-{}", env!("CARGO_PKG_VERSION"), &hash(settings.as_bytes())[..16])
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compiles in a process of its own.
fn apart(module: &[u8], mode: Mode) -> io::Result<Vec<u8>> {
    let mut input = File::from(memfd_create("prova-module", MemfdFlags::CLOEXEC)?);
    let output = File::from(memfd_create("prova-artifact", MemfdFlags::CLOEXEC)?);
    input.write_all(module)?;
    input.rewind()?;
    let mut result = output.try_clone()?;
    let compiler = Zygote::global().spawn();
    let done = compiler.try_run(bounded, (WireFd::new(input), WireFd::new(output), mode));
    done.map_err(io::Error::other)?.map_err(io::Error::other)?;
    result.rewind()?;
    let mut artifact = Vec::new();
    result.take(ARTIFACT_BYTES_MAX).read_to_end(&mut artifact)?;
    Ok(artifact)
}

/// The module, the place of its artifact, and how its code is made.
type Task = (WireFd<File>, WireFd<File>, Mode);

/// Compiles within limits, in the process that has them.
fn bounded((mut input, mut output, mode): Task) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let limits = [
        (Resource::Cpu, if mode.is_proved() { SECONDS_PROVED_MAX } else { SECONDS_MAX }),
        (Resource::As, BYTES_MAX),
        (Resource::Fsize, ARTIFACT_BYTES_MAX - 1),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| told(&error))?;
    }
    let _ = nice(NICE);
    let mut module = Vec::new();
    input.read_to_end(&mut module).map_err(|error| told(&error))?;
    let engine = Engine::new(&mode.config()).map_err(|error| told(&error))?;
    let artifact = engine.precompile_module(&module).map_err(|error| told(&error))?;
    output.write_all(&artifact).map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A compiler that gets a tenth of a processor still has its lease in the end.
    #[test]
    fn leases_outlast_the_compiler() {
        for (lease, seconds) in [(LEASE, SECONDS_MAX), (LEASE_PROVED, SECONDS_PROVED_MAX)] {
            assert!(lease.num_seconds() >= 10 * seconds.cast_signed(), "{lease} for {seconds} s");
        }
    }
}
