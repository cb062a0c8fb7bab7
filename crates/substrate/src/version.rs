//! A runtime's statements about itself: custom sections or `Core_version` → [`RuntimeVersion`].
//!
//! The section `runtime_version` holds the SCALE encoding without the list of interfaces, and
//! `runtime_apis` holds that list, 12 bytes each. Either may be absent; then `Core_version` is
//! called (`runtime::Runtime::version`). How the encoding ends depends on the version of the
//! interface `Core`: since 3 it has the version of transactions, since 4 the version of the state.

use crate::trie::StateVersion;
use parity_scale_codec::{Compact, Decode, Encode};

/// An interface of a runtime: the first 8 bytes of BLAKE2b of its name, and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiVersion {
    /// The interface.
    pub id: [u8; 8],
    /// Its version.
    pub version: u32,
}

/// The interface `Core`.
const CORE: [u8; 8] = [0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b];
/// The bytes of an interface in the section.
const API_BYTES: usize = 12;
/// The greatest number of interfaces that is read.
const APIS_MAX: usize = 4096;

/// The version of a runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeVersion {
    /// The chain's specification.
    pub spec_name: String,
    /// The implementation.
    pub impl_name: String,
    /// The version of block authoring.
    pub authoring_version: u32,
    /// The version of the specification; it rises with each upgrade.
    pub spec_version: u32,
    /// The version of the implementation.
    pub impl_version: u32,
    /// The interfaces.
    pub apis: Vec<ApiVersion>,
    /// The version of the format of transactions.
    pub transaction_version: u32,
    /// The version of the trie: 0 or 1.
    pub state_version: u8,
}

impl RuntimeVersion {
    /// The version that the module's sections hold; `None` if one is absent or not of its form.
    pub fn of_sections(wasm: &[u8]) -> Option<RuntimeVersion> {
        let bytes = custom_section(wasm, "runtime_version")?;
        let apis = custom_section(wasm, "runtime_apis")?;
        let (apis, rest) = apis.as_chunks::<API_BYTES>();
        if !rest.is_empty() || apis.len() > APIS_MAX {
            return None;
        }
        let apis: Vec<ApiVersion> = apis.iter().map(ApiVersion::of_bytes).collect();
        RuntimeVersion::decode(bytes, Some(apis))
    }

    /// The version that `Core_version` gives; `None` if the bytes are not of its form.
    pub fn of_encoding(bytes: &[u8]) -> Option<RuntimeVersion> {
        RuntimeVersion::decode(bytes, None)
    }

    /// The SCALE encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.spec_name.encode();
        self.impl_name.encode_to(&mut out);
        for number in [self.authoring_version, self.spec_version, self.impl_version] {
            number.encode_to(&mut out);
        }
        let apis: Vec<([u8; 8], u32)> = self.apis.iter().map(|api| (api.id, api.version)).collect();
        apis.encode_to(&mut out);
        self.transaction_version.encode_to(&mut out);
        self.state_version.encode_to(&mut out);
        out
    }

    /// How the state's trie is built; `None` for a version that is not known.
    pub fn trie(&self) -> Option<StateVersion> {
        StateVersion::of_number(self.state_version.into())
    }

    /// Decodes; `apis` are those of the section, where there is one.
    fn decode(mut bytes: &[u8], apis: Option<Vec<ApiVersion>>) -> Option<RuntimeVersion> {
        let input = &mut bytes;
        let spec_name = String::decode(input).ok()?;
        let impl_name = String::decode(input).ok()?;
        let [authoring_version, spec_version, impl_version] = <[u32; 3]>::decode(input).ok()?;
        let listed = <Vec<([u8; 8], u32)>>::decode(input).ok()?;
        let listed = listed.into_iter().map(|(id, version)| ApiVersion { id, version }).collect();
        let apis: Vec<ApiVersion> = apis.unwrap_or(listed);
        let core = apis.iter().find(|api| api.id == CORE).map_or(0, |api| api.version);
        let transaction_version = if core >= 3 { u32::decode(input).ok()? } else { 1 };
        let state_version = if core >= 4 { u8::decode(input).ok()? } else { 0 };
        Some(RuntimeVersion {
            spec_name,
            impl_name,
            authoring_version,
            spec_version,
            impl_version,
            apis,
            transaction_version,
            state_version,
        })
    }
}

impl ApiVersion {
    /// Of the section's form.
    fn of_bytes(bytes: &[u8; API_BYTES]) -> ApiVersion {
        let [id @ .., a, b, c, d] = *bytes;
        ApiVersion { id, version: u32::from_le_bytes([a, b, c, d]) }
    }
}

/// A number in SCALE's compact form.
pub(crate) fn compact(number: u64) -> Vec<u8> {
    Compact(number).encode()
}

/// The contents of the first custom section of this name.
fn custom_section<'a>(wasm: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let mut rest = wasm.get(8..)?;
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = leb(after)?;
        let (section, after) = after.split_at_checked(size)?;
        rest = after;
        if id == 0 {
            let (len, section) = leb(section)?;
            let (name, content) = section.split_at_checked(len)?;
            if name == wanted.as_bytes() {
                return Some(content);
            }
        }
    }
    None
}

/// A number of at most 32 bits in LEB128, and what follows.
fn leb(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (i, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(value).ok()? as usize, &bytes[i + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_and_lengths_are_checked() {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend([0, 3, 1, b'a', 7, 0, 2, 1, b'b']);
        assert_eq!(custom_section(&wasm, "a"), Some(&[7][..]));
        assert_eq!(custom_section(&wasm, "b"), Some(&[][..]));
        assert_eq!(custom_section(&wasm, "c"), None);
        wasm.extend([0, 0x80]);
        assert_eq!(custom_section(&wasm, "c"), None, "a length that does not end");
        assert_eq!(leb(&[0xff, 0xff, 0xff, 0xff, 0x7f]), None, "more than 32 bits");
    }

    #[test]
    fn the_end_depends_on_the_version_of_core() {
        let version = |core: u32| RuntimeVersion {
            spec_name: "a".into(),
            impl_name: "b".into(),
            authoring_version: 1,
            spec_version: 2,
            impl_version: 3,
            apis: vec![ApiVersion { id: CORE, version: core }],
            transaction_version: 1,
            state_version: u8::from(core >= 4),
        };
        for core in 3..6 {
            let bytes = version(core).encode();
            assert_eq!(RuntimeVersion::of_encoding(&bytes), Some(version(core)));
        }
        let bytes = version(4).encode();
        assert_eq!(RuntimeVersion::of_encoding(&bytes[..bytes.len() - 1]), None);
        assert_eq!(RuntimeVersion::of_encoding(&bytes[..bytes.len() - 5]), None);
    }
}
