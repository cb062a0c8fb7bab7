//! SCALE as this crate uses it, against a model written from the specification (appendix A.2).
//!
//! Random versions of runtimes and random blocks are encoded by both, 10^5 of them; what is decoded
//! is what was encoded, and no truncated or changed encoding panics. Green does not show that
//! `parity-scale-codec` is right about shapes that are not used here.

use prova_random::Rng;
use prova_substrate::{ApiVersion, Block, RuntimeVersion};

/// The interface `Core`.
const CORE: [u8; 8] = [0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b];

/// A number in compact form: the low bits of the first byte say how many bytes there are.
fn compact(number: u64) -> Vec<u8> {
    if number < 1 << 6 {
        vec![(number * 4) as u8]
    } else if number < 1 << 14 {
        vec![(number % 64 * 4 + 1) as u8, (number / 64) as u8]
    } else if number < 1 << 30 {
        let word = number * 4 + 2;
        (0..4).map(|i| (word >> (8 * i)) as u8).collect()
    } else {
        let len = (8 - number.leading_zeros() / 8) as u8;
        let mut out = vec![(len - 4) * 4 + 3];
        out.extend((0..len).map(|i| (number >> (8 * i)) as u8));
        out
    }
}

fn text(text: &str) -> Vec<u8> {
    [compact(text.len() as u64), text.as_bytes().to_vec()].concat()
}

fn model(version: &RuntimeVersion) -> Vec<u8> {
    let word = |number: u32| (0..4).map(|i| (number >> (8 * i)) as u8).collect::<Vec<u8>>();
    let mut out = [text(&version.spec_name), text(&version.impl_name)].concat();
    for number in [version.authoring_version, version.spec_version, version.impl_version] {
        out.extend(word(number));
    }
    out.extend(compact(version.apis.len() as u64));
    for api in &version.apis {
        out.extend(api.id);
        out.extend(word(api.version));
    }
    out.extend(word(version.transaction_version));
    out.push(version.state_version);
    out
}

fn random_version(random: &mut Rng) -> RuntimeVersion {
    let mut name = || -> String {
        let len = *random.pick(&[0, 1, 10, 63, 64, 70]);
        (0..len).map(|_| *random.pick(&['a', 'Z', '-', 'é', '語'])).collect()
    };
    let (spec_name, impl_name) = (name(), name());
    let mut number = || random.bits() as u32 >> random.below(32);
    let core = ApiVersion { id: CORE, version: 4 };
    let (authoring_version, spec_version, impl_version) = (number(), number(), number());
    let transaction_version = number();
    let count = *random.pick(&[0, 1, 5, 62, 63, 64]);
    let mut apis = vec![core];
    apis.extend(
        (0..count)
            .map(|_| ApiVersion { id: random.bits().to_le_bytes(), version: random.bits() as u32 }),
    );
    RuntimeVersion {
        spec_name,
        impl_name,
        authoring_version,
        spec_version,
        impl_version,
        apis,
        transaction_version,
        state_version: random.below(256) as u8,
    }
}

#[test]
fn versions_agree_with_the_model() {
    for case in 0..50_000 {
        let mut random = Rng::of(1402, case);
        let version = random_version(&mut random);
        let bytes = version.encode();
        assert_eq!(bytes, model(&version), "case {case}");
        assert_eq!(RuntimeVersion::of_encoding(&bytes), Some(version), "case {case}");
        let cut = random.below(bytes.len());
        assert_eq!(RuntimeVersion::of_encoding(&bytes[..cut]), None, "case {case}: {cut} bytes");
        let mut changed = bytes;
        changed[cut] ^= 1 << random.below(8);
        // A version that can still be read has the changed bytes. (Without a `Core` of version 4
        // the end is another one.)
        let read = RuntimeVersion::of_encoding(&changed);
        let core = |version: &RuntimeVersion| {
            version.apis.iter().find(|api| api.id == CORE).is_some_and(|api| api.version >= 4)
        };
        if let Some(version) = read.filter(core) {
            assert!(changed.starts_with(&model(&version)), "case {case}");
        }
    }
}

#[test]
fn blocks_agree_with_the_model() {
    for case in 0..50_000 {
        let mut random = Rng::of(1403, case);
        let (parent, state, extrinsics) = (random.bytes(32), random.bytes(32), random.bytes(32));
        let number = random.bits() as u32 >> random.below(32);
        let digest_len = random.below(40);
        let digest = random.bytes(digest_len);
        let header =
            [parent.clone(), compact(number.into()), state.clone(), extrinsics.clone(), digest]
                .concat();
        let count = *random.pick(&[0, 1, 2, 63, 64, 65]);
        let body: Vec<Vec<u8>> = (0..count).map(|i| compact(i * i * 1000)).collect();
        let block = Block { header: header.clone(), body: body.clone() };
        let read = block.header().unwrap();
        assert_eq!(read.number, number, "case {case}");
        assert_eq!(read.parent, parent.as_slice());
        assert_eq!(read.state_root, state.as_slice());
        assert_eq!(read.extrinsics_root, extrinsics.as_slice());
        assert_eq!(block.encode(), [header, compact(count), body.concat()].concat());
        let cut = random.below(97);
        let short = Block { header: block.header[..cut].to_vec(), body };
        assert!(short.header().is_err(), "case {case}: {cut} bytes");
    }
}
