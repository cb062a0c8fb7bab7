//! Recovery of an ECDSA key on secp256k1 (SEC 1, 4.1.6), on `k256`'s points and scalars.
//!
//! `k256`'s own recovery refuses high values of `s` and numbers beyond the order. Runtimes have
//! other rules for both, so the formula stands here.

use super::RecoverError;
use k256::elliptic_curve::bigint::{ArrayEncoding, CheckedAdd};
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::DecompressPoint;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use k256::elliptic_curve::{Curve, PrimeField};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Secp256k1, U256};

/// See `ecdsa_recover`.
pub(super) fn recover(
    signature: &[u8; 65],
    hash: &[u8; 32],
    lax: bool,
) -> Result<[u8; 64], RecoverError> {
    let parity = signature[64];
    if parity > 3 {
        return Err(RecoverError::BadV);
    }
    let number = |from: usize| -> Option<Scalar> {
        let bytes: [u8; 32] = std::array::from_fn(|i| signature[from + i]);
        let bytes = FieldBytes::from(bytes);
        match lax {
            true => Some(<Scalar as Reduce<U256>>::reduce_bytes(&bytes)),
            false => Scalar::from_repr(bytes).into(),
        }
    };
    let (r, s) = number(0).zip(number(32)).ok_or(RecoverError::BadRs)?;
    let key = key(&r, &s, parity, hash).ok_or(RecoverError::BadSignature)?;
    let encoded = key.to_encoded_point(false);
    let coordinates = encoded.as_bytes().get(1..).and_then(|bytes| bytes.try_into().ok());
    coordinates.ok_or(RecoverError::BadSignature)
}

/// The key; `None` if there is none, or the signature has a zero.
fn key(r: &Scalar, s: &Scalar, parity: u8, hash: &[u8; 32]) -> Option<AffinePoint> {
    if *s == Scalar::ZERO {
        return None;
    }
    let commitment = ProjectivePoint::from(commitment(r, parity)?);
    let inverse = Option::<Scalar>::from(r.invert())?;
    let hash = <Scalar as Reduce<U256>>::reduce_bytes(&FieldBytes::from(*hash));
    let key = ProjectivePoint::GENERATOR * -(hash * inverse) + commitment * (*s * inverse);
    (key != ProjectivePoint::IDENTITY).then(|| key.to_affine())
}

/// The point whose first coordinate is `r`, or `r` and the order if the parity's second bit says
/// so; its other coordinate is odd if the first bit does.
fn commitment(r: &Scalar, parity: u8) -> Option<AffinePoint> {
    let mut x = U256::from_be_byte_array(r.to_bytes());
    if parity & 2 != 0 {
        x = Option::from(x.checked_add(&Secp256k1::ORDER))?;
    }
    AffinePoint::decompress(&x.to_be_byte_array(), (parity & 1).into()).into()
}
