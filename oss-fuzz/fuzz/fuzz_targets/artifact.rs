//! Bytes → an artifact that is refused, or whose pieces are judged; its module is decoded anew.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prova_artifact::Artifact;
use prova_module::{Features, Limits, Module};
use prova_native::verify;

fuzz_target!(|bytes: &[u8]| {
    let Ok(artifact) = Artifact::read(bytes.to_vec()) else { return };
    let (features, limits) = (Features::default(), Limits::default());
    if let Ok(module) = Module::decode(artifact.module().to_vec(), &features, &limits) {
        // A reason why nothing can run, or the pieces that are refused: both are answers.
        let _ = verify(&artifact, &module, 1);
    }
});
