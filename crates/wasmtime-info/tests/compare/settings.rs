//! The settings, changed.

use crate::recorded::{Recorded, recorded};
use prova_wasmtime_info::compare;
use prova_wasmtime_layout::Artifact;
use serde::{Deserialize, Serialize};
use wasmtime_environ::{FlagValue, Tunables};

const SECTION: &str = ".wasmtime.engine";

#[derive(Deserialize, Serialize)]
pub(crate) struct Metadata<'a> {
    target: &'a str,
    #[serde(borrow)]
    shared: Vec<(&'a str, FlagValue<'a>)>,
    #[serde(borrow)]
    isa: Vec<(&'a str, FlagValue<'a>)>,
    pub(crate) tunables: Tunables,
    features: u64,
}

/// The file with other settings.
pub(crate) fn with(change: impl FnOnce(&mut Metadata<'_>)) -> Recorded {
    let mut file = recorded("plain");
    let data = file.section(SECTION).clone();
    // A version, and the release's name behind its length.
    let record = 2 + usize::from(data[1]);
    let mut metadata = postcard::from_bytes(&data[record..]).expect("settings");
    change(&mut metadata);
    let changed = postcard::to_allocvec(&metadata).expect("a record");
    file.section(SECTION).splice(record.., changed);
    file
}

/// Settings that change what Wasmtime makes of the Wasm are those of the file.
#[test]
fn settings_are_those_that_the_file_was_made_with() {
    assert!(with(|_| {}).compared().is_ok());
    let wrong = |change: fn(&mut Metadata<'_>)| {
        with(change).compared().expect_err("a difference").to_string()
    };
    let error = wrong(|all| all.tunables.recording = true);
    assert!(error.contains("a recording has checksums"), "{error}");
    // Data that is copied one by one, and a name for sections that are not kept.
    let error = wrong(|all| all.tunables.memory_init_cow = false);
    assert!(error.ends_with("memory_initialization"), "{error}");
    let error = wrong(|all| all.tunables.parse_wasm_debuginfo = !all.tunables.parse_wasm_debuginfo);
    assert!(error.ends_with("meta"), "{error}");
    // Shared memories of another proposal; one that no reader knows; none.
    for features in [1 << 9, 1 << 18, 1 << 63] {
        let file = with(|all| all.features |= features);
        let error = file.compared().expect_err("a difference").to_string();
        assert!(error.contains("features that have no rule"), "{error}");
    }
    let error = wrong(|all| all.features = 0);
    assert!(error.starts_with("the Wasm"), "{error}");
    // What the loader compares with the host, or gives no meaning to.
    assert!(with(|all| all.tunables.guard_before_linear_memory = false).compared().is_ok());
    assert!(with(|all| all.tunables.memory_reservation_for_growth = 1).compared().is_ok());
}

/// The settings are read in one way.
#[test]
fn settings_are_written_as_wasmtime_writes_them() {
    let plain = recorded("plain");
    let error = plain.wrong(|file| file.section(SECTION).push(0));
    assert!(error.ends_with("not as Wasmtime writes settings"), "{error}");
    // The last number, with a byte more than it needs.
    let error = plain.wrong(|file| {
        let data = file.section(SECTION);
        *data.last_mut().expect("a byte") |= 0x80;
        data.push(0);
    });
    assert!(error.ends_with("not as Wasmtime writes settings"), "{error}");
    let bytes = plain.bytes();
    let artifact = Artifact::read(&bytes).expect("a file that can be read");
    // The layout was derived from others.
    type Change = fn(&mut prova_wasmtime_layout::Settings);
    let changes: [Change; 11] = [
        |all| all.collector = None,
        |all| all.debug_native ^= true,
        |all| all.memory_reservation += 1,
        |all| all.memory_guard_size += 1,
        |all| all.memory_may_move ^= true,
        |all| all.table_lazy_init ^= true,
        |all| all.consume_fuel ^= true,
        |all| all.epoch_interruption ^= true,
        |all| all.signals_based_traps ^= true,
        |all| all.winch_callable ^= true,
        |all| all.target.push('x'),
    ];
    for change in changes {
        let mut other = artifact.clone();
        change(&mut other.settings);
        let error = compare(&other, &bytes, &plain.wasm).expect_err("a difference").to_string();
        assert!(error.contains("other settings than the layout"), "{error}");
    }
}
