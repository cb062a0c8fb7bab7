//! What the commands print: versions, costs, executed blocks, as text and as JSON.

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
