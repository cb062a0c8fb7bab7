//! `ext_offchain_*`: what offchain workers call, and nobody else.
//!
//! A call here is never one of an offchain worker. Functions that can answer with an error do so;
//! the others stop the call with [`Rule::Offchain`], as clients do.

use super::{Row, row};
use crate::error::Rule;
use crate::host::Call;
use parity_scale_codec::{Compact, Decode, Encode};
use prova_core::Result;

/// `Result::Err(())`.
const ERR: &[u8] = &[1];
/// `Result::Err(HttpError::Invalid)`.
const ERR_INVALID: &[u8] = &[1, 2];
/// `HttpRequestStatus::Invalid`.
const STATUS_INVALID: u8 = 2;

pub(crate) const ROWS: &[Row] = &[
    row("ext_offchain_is_validator_version_1", "", "i", |_, _| Ok(0)),
    row("ext_offchain_submit_transaction_version_1", "I", "I", |c, _| c.give(ERR)),
    row("ext_offchain_network_state_version_1", "", "I", |c, _| c.give(ERR)),
    row("ext_offchain_timestamp_version_1", "", "I", outside),
    row("ext_offchain_sleep_until_version_1", "I", "", outside),
    row("ext_offchain_random_seed_version_1", "", "i", outside),
    row("ext_offchain_local_storage_set_version_1", "iII", "", outside),
    row("ext_offchain_local_storage_clear_version_1", "iI", "", outside),
    row("ext_offchain_local_storage_compare_and_set_version_1", "iIII", "i", outside),
    row("ext_offchain_local_storage_get_version_1", "iI", "I", outside),
    row("ext_offchain_http_request_start_version_1", "III", "I", |c, _| c.give(ERR)),
    row("ext_offchain_http_request_add_header_version_1", "iII", "I", |c, _| c.give(ERR)),
    row("ext_offchain_http_request_write_body_version_1", "iII", "I", |c, _| c.give(ERR_INVALID)),
    row("ext_offchain_http_response_wait_version_1", "II", "I", http_response_wait),
    row("ext_offchain_http_response_headers_version_1", "i", "I", |c, _| c.give(&[0])),
    row("ext_offchain_http_response_read_body_version_1", "iII", "I", |c, _| c.give(ERR_INVALID)),
];

fn outside(call: &mut Call<'_>, _: &[u64]) -> Result<u64> {
    Err(call.broken(Rule::Offchain))
}

/// That every request that is waited for is unknown.
fn http_response_wait(call: &mut Call<'_>, args: &[u64]) -> Result<u64> {
    let ids = call.bytes(args[0])?;
    let count = Compact::<u32>::decode(&mut ids.as_slice());
    let Compact(count) = count.map_err(|_| call.broken(Rule::Encoding("a list of requests")))?;
    if count as usize > ids.len() {
        return Err(call.broken(Rule::Encoding("a list of requests")));
    }
    let mut statuses = Compact(count).encode();
    statuses.resize(statuses.len() + count as usize, STATUS_INVALID);
    call.give(&statuses)
}
