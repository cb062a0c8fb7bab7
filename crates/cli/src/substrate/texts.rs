//! The output of the commands: versions, costs, executed blocks.

use prova_report::Node;
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
    format!("fuel {fuel}, heap {heap} bytes, host calls: {calls} (functions: {functions})")
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

/// A call with what it cost.
pub(super) fn called(kind: &'static str, title: String, outcome: &Outcome) -> Node {
    let log = outcome.log.iter().map(|line| json!([line.level, line.target, line.message]));
    let members = json!({
        "fuel": outcome.fuel,
        "heap_peak_bytes": outcome.heap_peak_bytes,
        "calls": outcome.calls,
        "log": log.collect::<Vec<_>>(),
    });
    Node::of(kind, title).with(members).with_evidence([costs(outcome)])
}

/// A block that was accepted.
pub(super) fn executed(version: &RuntimeVersion, executed: &Executed) -> Node {
    let (number, root) = (executed.header.number, hex(&executed.state_root));
    let title = format!("block {number} on {}, state root {root}", name(version));
    let members = json!({
        "runtime": name(version),
        "block": number,
        "state_root": root,
        "accepted": true,
    });
    called("block", title, &executed.outcome).with(members).with_verdict("accepted")
}

/// A block that was not, with the reasons.
pub(super) fn refused(error: &prova_core::Error) -> Node {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let error = causes.join(": ");
    let members = json!({ "accepted": false, "error": error });
    Node::of("block", error).with(members).with_verdict("refused")
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
