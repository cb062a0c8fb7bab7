//! The short way of numbers beside the long one: on random bits, at every place, with every order
//! that a certificate may have, both read the same and stand at the same place, or both refuse.

use super::Reader;
use alloc::vec::Vec;
use prova_random::Rng;

/// Bits with runs of zeros, among them such as are longer than a number may have.
fn bits(random: &mut Rng) -> Vec<u8> {
    let len = random.below(28);
    let mut bytes = random.bytes(len);
    for _ in 0..random.below(3) {
        let (a, b) = (random.below(len + 1), random.below(len + 1));
        bytes[a.min(b)..a.max(b)].fill(0);
    }
    bytes
}

#[test]
fn both_ways_to_a_number_agree() {
    let mut random = Rng::new(1);
    let (mut read, mut short, mut refused) = (0_u32, 0_u32, 0_u32);
    for _ in 0..20_000 {
        let bytes = bits(&mut random);
        let at = random.below(bytes.len() * 8 + 2);
        for order in [0, 1, 2, 3, 4, 5, 6, 7, 8, 32] {
            let (mut one, mut other) = (Reader { bytes: &bytes, at }, Reader { bytes: &bytes, at });
            match (one.number(order), other.long_number(order)) {
                (Ok(a), Ok(b)) => {
                    assert_eq!((a, one.at), (b, other.at), "{bytes:?} at {at}, order {order}");
                    read += 1;
                    short += u32::from(one.at - at <= 57);
                }
                (Err(_), Err(_)) => refused += 1,
                (a, b) => panic!("{a:?}, {b:?}: {bytes:?} at {at}, order {order}"),
            }
        }
    }
    // Both ways are taken, and numbers that are none are refused.
    assert!(short > 50_000 && read - short > 1_000 && refused > 10_000, "{read} {short} {refused}");
}
