//! Signatures: published vectors, and the differences between versions of host functions.
//!
//! Each accepting case has a rejecting twin. Green does not show agreement with other clients where
//! no vector is known.

use prova_substrate::{
    RecoverError, ecdsa_recover, ecdsa_recover_lax, ed25519_verify, keccak_256, sha2_256,
    sr25519_verify, sr25519_verify_lax,
};

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    assert_eq!(text.len(), 2 * N);
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

/// RFC 8032, 7.1, tests 1 and 2.
#[test]
fn ed25519_of_the_rfc() {
    let key = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let mut signature = bytes(concat!(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555",
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ));
    assert!(ed25519_verify(&signature, b"", &key));
    assert!(!ed25519_verify(&signature, b"a", &key));
    signature[40] ^= 1;
    assert!(!ed25519_verify(&signature, b"", &key));
    let key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let signature = bytes(concat!(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ));
    assert!(ed25519_verify(&signature, &[0x72], &key));
}

/// RFC 8032, 7.1, test 3.
#[test]
fn ed25519_of_the_rfc_with_a_message() {
    let key = bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    let signature = bytes(concat!(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ));
    assert!(ed25519_verify(&signature, &[0xaf, 0x82], &key));
    assert!(!ed25519_verify(&signature, &[0x82, 0xaf], &key));
}

/// ZIP 215: keys and commitments of small order, encoded canonically or not, sign everything with
/// `s` = 0. Stricter rules refuse some of them. `s` itself must be reduced.
#[test]
fn ed25519_is_that_of_zip_215() {
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let small = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for key in small {
        for commitment in small {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&bytes::<32>(commitment));
            assert!(ed25519_verify(&signature, b"anything", &bytes(key)), "{key} {commitment}");
            signature[32..].copy_from_slice(&bytes::<32>(order));
            assert!(!ed25519_verify(&signature, b"anything", &bytes(key)), "s is not reduced");
        }
    }
    let no_point = "0200000000000000000000000000000000000000000000000000000000000000";
    assert!(!ed25519_verify(&[0; 64], b"anything", &bytes(no_point)));
}

/// A vector of polkadot-js's tests. The mark of new signatures is the top bit; version 1 also takes
/// signatures without it, but they are of another transcript, so this one without its mark is good
/// by neither.
#[test]
fn sr25519_with_and_without_its_mark() {
    let key = bytes("46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a");
    let signature = bytes(concat!(
        "4e172314444b8f820bb54c22e95076f220ed25373e5c178234aa6c211d292712",
        "44b947e3ff3418ff6b45fd1df1140c8cbff69fc58ee6dc96df70936a2bb74b82"
    ));
    let message = b"this is a message";
    assert!(sr25519_verify(&signature, message, &key));
    assert!(sr25519_verify_lax(&signature, message, &key));
    assert!(!sr25519_verify(&signature, b"this is a massage", &key));
    assert!(!sr25519_verify_lax(&signature, b"this is a massage", &key));
    let mut unmarked = signature;
    unmarked[63] &= 0x7f;
    assert!(!sr25519_verify(&unmarked, message, &key));
    assert!(!sr25519_verify_lax(&unmarked, message, &key));
}

/// A signature of schnorrkel 0.1.1, as sp-core's own test has it.
#[test]
fn sr25519_of_the_first_form_is_good_in_version_1_only() {
    let key = bytes("b4bfa1f7a5166695eb75299fd1c4c03ea212871c342f2c5dfea0902b2c246918");
    let signature = bytes(concat!(
        "5a9755f069939f45d96aaf125cf5ce7ba1db998686f87f2fb3cbdea922078741",
        "a73891ba265f70c31436e18a9acd14d189d73c12317ab6c313285cd938453202"
    ));
    let message = b"Verifying that I am the owner of \
        5G9hQLdsKQswNPgB499DeA5PkFBbgkLPJWkkS6FAM6xGQ8xD. Hash: \
        221455a3\n";
    assert!(sr25519_verify_lax(&signature, message, &key));
    assert!(!sr25519_verify(&signature, message, &key));
    assert!(!sr25519_verify_lax(&signature, b"", &key));
}

const HASH: &str = "456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3";
const R: &str = "9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608";
const S: &str = "4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada";
const ADDRESS: &str = "7156526fbd7a3c72969b54f64e42c10fbb768c8a";
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

fn signature(r: &str, s: &str, parity: u8) -> [u8; 65] {
    let (r, s) = (bytes::<32>(r), bytes::<32>(s));
    std::array::from_fn(|i| match i {
        0..32 => r[i],
        32..64 => s[i - 32],
        _ => parity,
    })
}

/// The example of Ethereum's precompiled contract: the address is the end of the key's hash.
#[test]
fn a_key_is_recovered() {
    let hash = bytes(HASH);
    let key = ecdsa_recover(&signature(R, S, 1), &hash).unwrap();
    assert_eq!(keccak_256(&key)[12..], bytes::<20>(ADDRESS));
    assert_eq!(ecdsa_recover_lax(&signature(R, S, 1), &hash), Ok(key));
    assert_ne!(ecdsa_recover(&signature(R, S, 0), &hash), Ok(key));
    assert_eq!(ecdsa_recover(&signature(R, S, 4), &hash), Err(RecoverError::BadV));
    assert_eq!(ecdsa_recover(&signature(R, S, 3), &hash), Err(RecoverError::BadSignature));
    // The negative of `s` with the other parity is a signature of the same key: high values pass.
    let high = negated(S);
    assert_eq!(ecdsa_recover(&signature(R, &high, 0), &hash), Ok(key));
}

/// Deterministic signatures (RFC 6979) of SHA-256 hashes by the keys 1 and order - 1, as libraries
/// of Bitcoin publish them. Their public keys are the generator and its negative.
#[test]
fn keys_of_published_signatures_are_recovered() {
    let x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let time = "All those moments will be lost in time, like tears in rain. Time to die...";
    let cases = [
        (
            "Satoshi Nakamoto",
            "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
            "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
            0xb8,
        ),
        (
            time,
            "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
            "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
            0xb8,
        ),
        (
            "Satoshi Nakamoto",
            "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
            "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5",
            0x77,
        ),
    ];
    for (message, r, s, last) in cases {
        let hash = sha2_256(message.as_bytes());
        let good = (0..2).filter(|&parity| {
            let key = ecdsa_recover(&signature(r, s, parity), &hash);
            assert_eq!(key, ecdsa_recover_lax(&signature(r, s, parity), &hash));
            // The last byte of the second coordinate tells the point from its negative.
            key.is_ok_and(|key| key[..32] == bytes::<32>(x) && key[63] == last)
        });
        assert_eq!(good.count(), 1, "{message}, {r}");
        let other = sha2_256(b"another message");
        let bad = ecdsa_recover(&signature(r, s, 0), &other).map(|key| key[..32] == bytes::<32>(x));
        assert_ne!(bad, Ok(true));
    }
}

/// The group's order less a number.
fn negated(text: &str) -> String {
    let (order, number) = (bytes::<32>(ORDER), bytes::<32>(text));
    let (mut out, mut borrow) = ([0u8; 32], 0i32);
    for i in (0..32).rev() {
        let digit = i32::from(order[i]) - i32::from(number[i]) - borrow;
        borrow = i32::from(digit < 0);
        out[i] = (digit + 256 * borrow) as u8;
    }
    out.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn numbers_beyond_the_order_are_reduced_in_version_1_only() {
    let hash = bytes(HASH);
    // `r` = order + 3 is 3 where it is reduced, and the curve has points there.
    let (three, large) = (format!("{:064x}", 3), {
        let mut order = bytes::<32>(ORDER);
        order[31] += 3;
        order.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    });
    for parity in 0..2 {
        let small = ecdsa_recover(&signature(&three, S, parity), &hash);
        assert!(small.is_ok());
        assert_eq!(ecdsa_recover_lax(&signature(&large, S, parity), &hash), small);
        let strict = ecdsa_recover(&signature(&large, S, parity), &hash);
        assert_eq!(strict, Err(RecoverError::BadRs));
        let strict = ecdsa_recover(&signature(&three, &large, parity), &hash);
        assert_eq!(strict, Err(RecoverError::BadRs));
    }
    for (r, s) in [(ORDER, S), (R, ORDER)] {
        let zero = ecdsa_recover_lax(&signature(r, s, 0), &hash);
        assert_eq!(zero, Err(RecoverError::BadSignature), "it is reduced to zero");
        assert_eq!(ecdsa_recover(&signature(r, s, 0), &hash), Err(RecoverError::BadRs));
    }
}
