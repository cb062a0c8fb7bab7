//! Signatures as runtimes ask for them: the rules that each version of a host function has.
//!
//! | function | rule |
//! |---|---|
//! | `ed25519_verify` | ZIP 215: cofactored, `A` and `R` may be encoded non-canonically, `s` not |
//! | `sr25519_verify`, version 2 | schnorrkel, context `substrate`; the mark of new signatures is needed |
//! | version 1 | the same, or a signature of schnorrkel 0.1.1, which has no mark |
//! | `ecdsa_verify`, version 2 | recovers the key; `r` and `s` must be below the group's order |
//! | version 1 | the same, but `r` and `s` are reduced first |
//! | `secp256k1_ecdsa_recover*` | the same two rules; the last byte may be 27 to 30 for 0 to 3 |
//!
//! That high values of `s` are accepted is the rule of libsecp256k1's recovery. A chain's oldest
//! blocks were made with a stricter Ed25519 (ed25519-dalek 1); that rule is not here.
//!
//! Keys and signatures are public, so nothing here hides its timing. `secp256k1` has the
//! formula of recovery.

mod secp256k1;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};

/// The context of sr25519 signatures.
const CONTEXT: &[u8] = b"substrate";

/// Why no key is recovered, with the number that runtimes see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoverError {
    /// `r` or `s` is not below the order.
    BadRs,
    /// The last byte says no possible parity.
    BadV,
    /// There is no such key.
    BadSignature,
}

impl RecoverError {
    /// The number of the error in its SCALE encoding.
    pub fn number(self) -> u8 {
        match self {
            RecoverError::BadRs => 0,
            RecoverError::BadV => 1,
            RecoverError::BadSignature => 2,
        }
    }
}

/// Whether an Ed25519 signature is good by ZIP 215.
pub fn ed25519_verify(signature: &[u8; 64], message: &[u8], key: &[u8; 32]) -> bool {
    let (r, s) = halves(signature);
    let point = |bytes: &[u8; 32]| CompressedEdwardsY(*bytes).decompress();
    let (Some(a), Some(r_point)) = (point(key), point(&r)) else { return false };
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)) else { return false };
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-a, &s);
    (r_point - expected).mul_by_cofactor().is_identity()
}

/// Whether an sr25519 signature is good (version 2).
pub fn sr25519_verify(signature: &[u8; 64], message: &[u8], key: &[u8; 32]) -> bool {
    let (Ok(key), Ok(signature)) =
        (schnorrkel::PublicKey::from_bytes(key), schnorrkel::Signature::from_bytes(signature))
    else {
        return false;
    };
    key.verify_simple(CONTEXT, message, &signature).is_ok()
}

/// Whether an sr25519 signature is good, in its present or its first form (version 1).
pub fn sr25519_verify_lax(signature: &[u8; 64], message: &[u8], key: &[u8; 32]) -> bool {
    match schnorrkel::PublicKey::from_bytes(key) {
        Ok(key) => key.verify_simple_preaudit_deprecated(CONTEXT, message, signature).is_ok(),
        Err(_) => false,
    }
}

/// The key that has signed a hash, as two coordinates in big endian. The last byte of the signature
/// is the parity, 0 to 3.
///
/// # Errors
/// [`RecoverError`], in the order of its variants; `BadV` first.
pub fn ecdsa_recover(signature: &[u8; 65], hash: &[u8; 32]) -> Result<[u8; 64], RecoverError> {
    secp256k1::recover(signature, hash, false)
}

/// [`ecdsa_recover`] with `r` and `s` reduced by the order first (version 1).
///
/// # Errors
/// [`RecoverError::BadV`], [`RecoverError::BadSignature`].
pub fn ecdsa_recover_lax(signature: &[u8; 65], hash: &[u8; 32]) -> Result<[u8; 64], RecoverError> {
    secp256k1::recover(signature, hash, true)
}

/// The compressed form of a key.
pub(crate) fn compressed(key: &[u8; 64]) -> [u8; 33] {
    std::array::from_fn(|i| if i == 0 { 2 + (key[63] & 1) } else { key[i - 1] })
}

/// The halves of a signature.
fn halves(signature: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    (std::array::from_fn(|i| signature[i]), std::array::from_fn(|i| signature[32 + i]))
}
