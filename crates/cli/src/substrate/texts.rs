//! The output of the commands: versions, costs, executed blocks, as text and as JSON.

use prova_substrate::{Executed, Outcome, RuntimeVersion};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) fn name(version: &RuntimeVersion) -> String {
    format!("{}-{}", version.spec_name, version.spec_version)
}

/// A line of what a call cost.
pub(super) fn costs(outcome: &Outcome) -> String {
    let calls: u64 = outcome.calls.values().sum();
    let (fuel, heap, functions) = (outcome.fuel, outcome.heap_peak_bytes, outcome.calls.len());
    format!("fuel {fuel}, heap {heap} bytes, host calls: {calls} (functions: {functions})\n")
}

pub(super) fn executed_text(version: &RuntimeVersion, executed: &Executed) -> String {
    let (number, root) = (executed.header.number, hex(&executed.state_root));
    let costs = costs(&executed.outcome);
    format!("block {number} on {}: accepted, state root {root}\n  {costs}", name(version))
}

pub(super) fn version_json(version: &RuntimeVersion) -> Value {
    let apis = version.apis.iter().map(|api| json!([hex(&api.id), api.version]));
    json!({
        "spec_name": version.spec_name,
        "impl_name": version.impl_name,
        "authoring_version": version.authoring_version,
        "spec_version": version.spec_version,
        "impl_version": version.impl_version,
        "apis": apis.collect::<Vec<_>>(),
        "transaction_version": version.transaction_version,
        "state_version": version.state_version,
    })
}

pub(super) fn outcome_json(outcome: &Outcome) -> Value {
    let log = outcome.log.iter().map(|line| json!([line.level, line.target, line.message]));
    json!({
        "fuel": outcome.fuel,
        "heap_peak_bytes": outcome.heap_peak_bytes,
        "calls": outcome.calls,
        "log": log.collect::<Vec<_>>(),
    })
}

pub(super) fn executed_json(version: &RuntimeVersion, executed: &Executed) -> Value {
    let mut report = outcome_json(&executed.outcome);
    report["runtime"] = json!(name(version));
    report["block"] = json!(executed.header.number);
    report["state_root"] = json!(hex(&executed.state_root));
    report["accepted"] = json!(true);
    report
}

/// Bytes as people write them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes without the length in SCALE's compact form that stands before them, if it is theirs.
pub(super) fn without_length(bytes: &[u8]) -> &[u8] {
    let Some(&first) = bytes.first() else { return bytes };
    let size = [1, 2, 4, 5][usize::from(first & 3)];
    let Some((prefix, rest)) = bytes.split_at_checked(size) else { return bytes };
    let mut word = [0; 8];
    word[..size].copy_from_slice(prefix);
    let number = u64::from_le_bytes(word);
    // Five bytes: the first says that four follow.
    let len = if size == 5 { number >> 8 } else { number >> 2 };
    if first & 3 == 3 && first != 3 || len != rest.len() as u64 { bytes } else { rest }
}

#[cfg(test)]
mod tests {
    use super::without_length;

    #[test]
    fn a_length_is_taken_off_where_it_is_one() {
        let with = |prefix: &[u8], len: usize| [prefix, &vec![7; len]].concat();
        for (prefix, len) in [
            (&[63 << 2][..], 63),
            (&[1, 1], 64),
            (&[0xfd, 0xff], 16_383),
            (&[2, 0, 1, 0], 16_384),
            (&[3, 0, 0, 0, 0], 0),
        ] {
            let bytes = with(prefix, len);
            assert_eq!(without_length(&bytes), &bytes[prefix.len()..], "{prefix:?}");
            let longer = with(prefix, len + 1);
            assert_eq!(without_length(&longer), longer, "{prefix:?}: another length");
        }
        for bytes in [&[][..], &[1], &[2, 0, 1], &[7, 1, 0, 0, 0, 0], b"meta"] {
            assert_eq!(without_length(bytes), bytes);
        }
    }
}
