//! `ext_allocator_*`, `ext_logging_*`, `ext_misc_*`, `ext_panic_handler_*`, indices of
//! transactions.

use super::{Row, row};
use crate::blob::{CODE_BYTES_MAX, Code};
use crate::error::{Rule, SubstrateError};
use crate::host::Call;
use crate::runtime::{CallOptions, Runtime};
use crate::storage::hex;
use parity_scale_codec::Encode;
use prova_core::{Result, Trap};

pub(crate) const ROWS: &[Row] = &[
    row("ext_allocator_malloc_version_1", "i", "i", |c, a| {
        let block = c.host.allocator.allocate(c.memory, a[0] as u32);
        c.ok(block.map(u64::from).map_err(Rule::Allocator))
    }),
    row("ext_allocator_free_version_1", "i", "", |c, a| {
        let done = c.host.allocator.deallocate(c.memory, a[0] as u32);
        c.ok(done.map_err(Rule::Allocator)).map(|()| 0)
    }),
    row("ext_logging_log_version_1", "iII", "", |c, a| {
        let (target, message) = (c.bytes(a[1])?, c.bytes(a[2])?);
        c.host.log(a[0] as u32, &target, &message);
        Ok(0)
    }),
    row("ext_logging_max_level_version_1", "", "i", |c, _| Ok(u64::from(c.host.log_level))),
    row("ext_misc_print_num_version_1", "I", "", |c, a| {
        c.host.log(2, b"print", a[0].to_string().as_bytes());
        Ok(0)
    }),
    row("ext_misc_print_utf8_version_1", "I", "", |c, a| {
        let text = c.bytes(a[0])?;
        c.host.log(2, b"print", &text);
        Ok(0)
    }),
    row("ext_misc_print_hex_version_1", "I", "", |c, a| {
        let bytes = c.bytes(a[0])?;
        let shown = &bytes[..bytes.len().min(4096)];
        c.host.log(2, b"print", hex(shown).as_bytes());
        Ok(0)
    }),
    row("ext_misc_runtime_version_version_1", "I", "I", runtime_version),
    row("ext_panic_handler_abort_on_panic_version_1", "I", "", |c, a| {
        let message = c.bytes(a[0])?;
        let message = String::from_utf8_lossy(&message).into_owned();
        Err(c.broken(Rule::Abort(message)))
    }),
    // The index is for a node's database; a call's result does not depend on it.
    row("ext_transaction_index_index_version_1", "iii", "", |c, a| {
        c.array::<32>(a[2])?;
        Ok(0)
    }),
    row("ext_transaction_index_renew_version_1", "ii", "", |c, a| {
        c.array::<32>(a[1])?;
        Ok(0)
    }),
    row("ext_offchain_index_set_version_1", "II", "", |c, a| {
        c.bytes(a[0])?;
        c.bytes(a[1])?;
        Ok(0)
    }),
    row("ext_offchain_index_clear_version_1", "I", "", |c, a| c.bytes(a[0]).map(|_| 0)),
];

/// The greatest number of runtimes that ask for each other's versions.
const NESTING_MAX: u32 = 1;

/// The version of another runtime, as `Option<Vec<u8>>`: from its sections, or by calling it. It is
/// called with the fuel that is left, and what it takes is charged.
fn runtime_version(call: &mut Call<'_>, args: &[u64]) -> Result<u64> {
    let blob = call.bytes(args[0])?;
    call.work += blob.len() as u64;
    let version = match call.host.nesting < NESTING_MAX {
        true => version_of(call, &blob)?,
        false => None,
    };
    call.give(&version.encode())
}

/// The cost of unpacking, validating and translating a byte of another runtime, in units of fuel.
const LOAD_UNITS: u64 = 8;

fn version_of(call: &mut Call<'_>, blob: &[u8]) -> Result<Option<Vec<u8>>> {
    let unpacked = match Code::unpack(blob) {
        Ok(code) => code.wasm().len() as u64,
        Err(error) => match error.downcast_ref::<SubstrateError>().map(SubstrateError::rule) {
            // A bomb costs what the largest runtime costs.
            Some(Rule::CodeBytes(_) | Rule::Compressed(_)) => CODE_BYTES_MAX,
            _ => return Ok(None),
        },
    };
    call.work += LOAD_UNITS * unpacked;
    if call.fuel.is_some_and(|fuel| fuel < call.work) {
        return Err(prova_core::Error::new(Trap::OutOfFuel));
    }
    let Ok(runtime) = Runtime::new(&call.host.engine, blob) else { return Ok(None) };
    let options = CallOptions {
        fuel: call.fuel.map(|fuel| fuel.saturating_sub(call.work)),
        ..CallOptions::default()
    };
    match runtime.nested(call.host.nesting + 1).version_with(&options) {
        Ok((version, fuel)) => {
            call.work += fuel;
            Ok(Some(version.encode()))
        }
        // Errors that depend on the machine (room, time), and faults of ours, end the call.
        Err(error) => match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel | Trap::Interrupt | Trap::GrowthLimit) => Err(error),
            Some(_) => Ok(None),
            None if error.is::<SubstrateError>() => Ok(None),
            None => Err(error),
        },
    }
}
