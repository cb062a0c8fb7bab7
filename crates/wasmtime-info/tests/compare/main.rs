//! Files that Wasmtime compiled are equal to what is built of their Wasm, and no longer so after
//! any change that matters. `tests/recorded` has them without code, which is no matter here.
//!
//! `wasmtime compile --target x86_64-unknown-linux-gnu -W exceptions=y` of 48.0.8 compiled them,
//! `sparse` with `-O memory-guaranteed-dense-image-size=0`; `examples/record.rs` wrote the texts.
//! `tables` has its code, which 48.0.2 compiled with `-W all-proposals=y` (`tables.rs`).
//!
//! A green run does not show that `wasmtime-environ` is what the Wasmtime had that compiled a file;
//! six small files were equal.

mod changed;
mod frames;
mod recorded;
mod settings;
mod tables;
mod tools;

use recorded::{RECORDED, recorded};

/// Sections that Wasmtime makes are those that the comparison makes again.
#[test]
fn files_of_wasmtimes_are_equal() {
    for (name, _) in RECORDED {
        let unchecked = recorded(name).compared().unwrap_or_else(|error| panic!("{name}: {error}"));
        let named: Vec<_> =
            unchecked.iter().map(|one| (&*one.section, one.only_confuses)).collect();
        let expected = [(".eh_frame", true), (".wasmtime.addrmap", true)];
        assert_eq!(named, expected, "{name}");
    }
}
