//! Frames of zstd → the bytes that they hold, as nodes read them.
//!
//! Nodes read a blob with `zstd::Decoder`: all frames, one behind the other; skippable ones are
//! passed over; content sizes and checksums are compared; and behind the last frame stands nothing.
//! The headers of frames are read here (RFC 8878, section 3.1.1), the blocks by `ruzstd`.
//!
//! # Limits
//! No more is unpacked than [`CODE_BYTES_MAX`], a block, and what a window holds back. A frame with
//! a window above [`WINDOW_BYTES_MAX`] is refused, as in nodes.
//!
//! Not compared with nodes: damaged blocks that one of two decoders reads and the other refuses.
//! `tests/blobs.rs` has frames of each kind.

use crate::blob::CODE_BYTES_MAX;
use crate::error::Rule;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The greatest window of a frame (128 MiB), of `zstd` where nothing else is said.
const WINDOW_BYTES_MAX: u64 = 1 << 27;

/// The first bytes of a frame.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first bytes of skippable frames, with the first four bits zero.
const SKIPPABLE: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];

/// The window that blocks are read with: a copy reaches back no further than all that may be
/// unpacked.
const WINDOW: u8 = 0x80;

/// The fields read of a frame's header.
struct Header {
    window: u8,
    content_bytes: Option<u64>,
    checksum: bool,
}

/// All frames.
///
/// # Errors
/// [`Rule::Compressed`], [`Rule::CodeBytes`].
pub(crate) fn decompress(mut packed: &[u8]) -> Result<Vec<u8>, Rule> {
    let mut out = Vec::new();
    if packed.is_empty() {
        return Err(refuse("nothing stands behind its magic number"));
    }
    while !packed.is_empty() {
        let magic: [u8; 4] = take(&mut packed)?;
        match magic {
            MAGIC => frame(&mut packed, &mut out)?,
            [low, a, b, c] if [low & 0xf0, a, b, c] == SKIPPABLE => {
                let len = u32::from_le_bytes(take(&mut packed)?) as usize;
                packed = packed.get(len..).ok_or_else(ended)?;
            }
            _ => return Err(refuse("bytes of no zstd frame stand in it or behind it")),
        }
    }
    Ok(out)
}

/// The contents of a frame, behind its magic number.
fn frame(packed: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Rule> {
    let header = Header::read(packed)?;
    let start = out.len();
    let mut decoder = FrameDecoder::new();
    // No content size, no checksum: those are compared here.
    let [a, b, c, d] = MAGIC;
    let plain = [a, b, c, d, 0, header.window.min(WINDOW)];
    decoder.init(plain.as_slice()).map_err(damaged)?;
    loop {
        let at_once = BlockDecodingStrategy::UptoBlocks(1);
        let last = decoder.decode_blocks(&mut *packed, at_once).map_err(damaged)?;
        decoder.collect_to_writer(&mut *out).map_err(damaged)?;
        if out.len() as u64 > CODE_BYTES_MAX {
            return Err(Rule::CodeBytes(CODE_BYTES_MAX));
        }
        if last {
            break;
        }
    }
    let content = &out[start..];
    if header.content_bytes.is_some_and(|bytes| bytes != content.len() as u64) {
        return Err(refuse("a frame has another size than its header says"));
    }
    if header.checksum {
        let expected = u32::from_le_bytes(take(packed)?);
        let found = twox_hash::XxHash64::oneshot(0, content) as u32;
        if found != expected {
            let text = format!(
                "it is damaged: a frame's checksum is {expected:#010x}, but that of its contents \
                 {found:#010x}"
            );
            return Err(Rule::Compressed(text));
        }
    }
    Ok(())
}

impl Header {
    fn read(packed: &mut &[u8]) -> Result<Header, Rule> {
        let [descriptor] = take(packed)?;
        let single_segment = descriptor & 0x20 != 0;
        if descriptor & 0x08 != 0 {
            return Err(refuse("the header of a frame has a bit that has no meaning yet"));
        }
        let [window] = if single_segment { [WINDOW] } else { take(packed)? };
        let dictionary = match descriptor & 3 {
            0 => 0,
            1 => u32::from(take::<1>(packed)?[0]),
            2 => u32::from(u16::from_le_bytes(take(packed)?)),
            _ => u32::from_le_bytes(take(packed)?),
        };
        if dictionary != 0 {
            return Err(refuse("a frame needs a dictionary"));
        }
        let content_bytes = match descriptor >> 6 {
            0 if !single_segment => None,
            0 => Some(u64::from(take::<1>(packed)?[0])),
            1 => Some(u64::from(u16::from_le_bytes(take(packed)?)) + 256),
            2 => Some(u64::from(u32::from_le_bytes(take(packed)?))),
            _ => Some(u64::from_le_bytes(take(packed)?)),
        };
        if content_bytes.is_some_and(|bytes| bytes > CODE_BYTES_MAX) {
            return Err(Rule::CodeBytes(CODE_BYTES_MAX));
        }
        let base = 1 << (10 + (window >> 3));
        if base + base / 8 * u64::from(window & 7) > WINDOW_BYTES_MAX {
            return Err(refuse("a frame needs a window of more than 128 MiB"));
        }
        Ok(Header { window, content_bytes, checksum: descriptor & 4 != 0 })
    }
}

/// The next bytes.
fn take<const N: usize>(packed: &mut &[u8]) -> Result<[u8; N], Rule> {
    let (bytes, rest) = packed.split_first_chunk().ok_or_else(ended)?;
    *packed = rest;
    Ok(*bytes)
}

fn ended() -> Rule {
    refuse("it ends inside a frame")
}

/// The decoder's own words are its debug output.
fn damaged<E>(_: E) -> Rule {
    refuse("a block of it is damaged, or it ends inside of one")
}

fn refuse(why: &str) -> Rule {
    Rule::Compressed(why.to_owned())
}
