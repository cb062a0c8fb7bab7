//! `ext_crypto_*`: signatures are verified, keys recovered; there is no key store.

use super::{Row, row};
use crate::error::Rule;
use crate::hash::blake2_256;
use crate::host::Call;
use crate::signature::{
    RecoverError, compressed, ecdsa_recover, ecdsa_recover_lax, ed25519_verify, sr25519_verify,
    sr25519_verify_lax,
};
use prova_core::Result;

/// The cost of verifying one signature, in units of fuel.
const VERIFY_UNITS: u64 = 50_000;

/// A rule for signatures of 64 bytes.
type Verify = fn(&[u8; 64], &[u8], &[u8; 32]) -> bool;
/// A rule for the recovery of keys.
type Recover = fn(&[u8; 65], &[u8; 32]) -> Result<[u8; 64], RecoverError>;

pub(crate) const ROWS: &[Row] = &[
    row("ext_crypto_ed25519_verify_version_1", "iIi", "i", |c, a| verify(c, a, ed25519_verify)),
    row("ext_crypto_sr25519_verify_version_1", "iIi", "i", |c, a| verify(c, a, sr25519_verify_lax)),
    row("ext_crypto_sr25519_verify_version_2", "iIi", "i", |c, a| verify(c, a, sr25519_verify)),
    row("ext_crypto_ecdsa_verify_version_1", "iIi", "i", |c, a| {
        verify_ecdsa(c, a, ecdsa_recover_lax)
    }),
    row("ext_crypto_ecdsa_verify_version_2", "iIi", "i", |c, a| verify_ecdsa(c, a, ecdsa_recover)),
    row("ext_crypto_ecdsa_verify_prehashed_version_1", "iii", "i", |c, a| {
        let (signature, hash) = (c.array(a[0])?, c.array(a[1])?);
        let key = c.array(a[2])?;
        c.work += VERIFY_UNITS;
        Ok(u64::from(signed_by(ecdsa_recover(&signature, &hash), &key)))
    }),
    row("ext_crypto_ed25519_batch_verify_version_1", "iIi", "i", |c, a| {
        let good = verify(c, a, ed25519_verify)?;
        Ok(batched(c, good))
    }),
    row("ext_crypto_sr25519_batch_verify_version_1", "iIi", "i", |c, a| {
        let good = verify(c, a, sr25519_verify)?;
        Ok(batched(c, good))
    }),
    row("ext_crypto_ecdsa_batch_verify_version_1", "iIi", "i", |c, a| {
        let good = verify_ecdsa(c, a, ecdsa_recover)?;
        Ok(batched(c, good))
    }),
    row("ext_crypto_start_batch_verify_version_1", "", "", |c, _| {
        if c.host.batch.replace(true).is_some() {
            return Err(c.broken(Rule::Batch));
        }
        Ok(0)
    }),
    row("ext_crypto_finish_batch_verify_version_1", "", "i", |c, _| {
        c.host.batch.take().map(u64::from).ok_or_else(|| c.broken(Rule::Batch))
    }),
    row("ext_crypto_secp256k1_ecdsa_recover_version_1", "ii", "I", |c, a| {
        recover(c, a, ecdsa_recover_lax, |key| key.to_vec())
    }),
    row("ext_crypto_secp256k1_ecdsa_recover_version_2", "ii", "I", |c, a| {
        recover(c, a, ecdsa_recover, |key| key.to_vec())
    }),
    row("ext_crypto_secp256k1_ecdsa_recover_compressed_version_1", "ii", "I", |c, a| {
        recover(c, a, ecdsa_recover_lax, |key| compressed(key).to_vec())
    }),
    row("ext_crypto_secp256k1_ecdsa_recover_compressed_version_2", "ii", "I", |c, a| {
        recover(c, a, ecdsa_recover, |key| compressed(key).to_vec())
    }),
    // An empty store has no keys, signs nothing, and cannot make any.
    row("ext_crypto_ed25519_public_keys_version_1", "i", "I", |c, _| c.give(&[0])),
    row("ext_crypto_sr25519_public_keys_version_1", "i", "I", |c, _| c.give(&[0])),
    row("ext_crypto_ecdsa_public_keys_version_1", "i", "I", |c, _| c.give(&[0])),
    row("ext_crypto_ed25519_generate_version_1", "iI", "i", no_store),
    row("ext_crypto_sr25519_generate_version_1", "iI", "i", no_store),
    row("ext_crypto_ecdsa_generate_version_1", "iI", "i", no_store),
    row("ext_crypto_ed25519_sign_version_1", "iiI", "I", |c, _| c.give(&[0])),
    row("ext_crypto_sr25519_sign_version_1", "iiI", "I", |c, _| c.give(&[0])),
    row("ext_crypto_ecdsa_sign_version_1", "iiI", "I", |c, _| c.give(&[0])),
    row("ext_crypto_ecdsa_sign_prehashed_version_1", "iiI", "I", |c, _| c.give(&[0])),
];

fn no_store(call: &mut Call<'_>, _: &[u64]) -> Result<u64> {
    Err(call.broken(Rule::KeyStore))
}

/// Signature, message, key.
fn verify(call: &mut Call<'_>, args: &[u64], verify: Verify) -> Result<u64> {
    let (signature, message) = (call.array(args[0])?, call.bytes(args[1])?);
    let key = call.array(args[2])?;
    call.work += VERIFY_UNITS + message.len() as u64;
    Ok(u64::from(verify(&signature, &message, &key)))
}

fn verify_ecdsa(call: &mut Call<'_>, args: &[u64], recover: Recover) -> Result<u64> {
    let (signature, message) = (call.array(args[0])?, call.bytes(args[1])?);
    let key = call.array(args[2])?;
    call.work += VERIFY_UNITS + message.len() as u64;
    Ok(u64::from(signed_by(recover(&signature, &blake2_256(&message)), &key)))
}

fn signed_by(recovered: Result<[u8; 64], RecoverError>, key: &[u8; 33]) -> bool {
    recovered.is_ok_and(|recovered| compressed(&recovered) == *key)
}

/// A batch is good if all of its signatures are; each is verified at once.
fn batched(call: &mut Call<'_>, good: u64) -> u64 {
    if let Some(all) = &mut call.host.batch {
        *all &= good != 0;
    }
    good
}

/// `Result<key, EcdsaVerifyError>`.
fn recover(
    call: &mut Call<'_>,
    args: &[u64],
    recover: Recover,
    form: fn(&[u8; 64]) -> Vec<u8>,
) -> Result<u64> {
    let (mut signature, hash) = (call.array::<65>(args[0])?, call.array(args[1])?);
    call.work += VERIFY_UNITS;
    if signature[64] > 26 {
        signature[64] -= 27;
    }
    let encoded = match recover(&signature, &hash) {
        Ok(key) => [vec![0], form(&key)].concat(),
        Err(error) => vec![1, error.number()],
    };
    call.give(&encoded)
}
