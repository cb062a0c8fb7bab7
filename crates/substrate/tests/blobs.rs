//! Compressed blobs: frames of each kind that nodes read, and beside each one that they refuse.
//!
//! Frames are put together here from raw blocks, so nothing shows that compressed blocks are read
//! (the runtimes of `blocks.rs` do, where `PROVA_CASES` is set).

use prova_substrate::{CODE_BYTES_MAX, Code, Rule, SubstrateError, twox};

const MODULE: &[u8] = b"\0asm\x01\0\0\0\0\x05\x04name";

/// A frame's magic number and header, a raw block with the content, and a checksum if asked for.
fn frame(header: &[u8], content: &[u8], checksum: bool) -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd];
    bytes.extend(header);
    bytes.extend(&((content.len() as u32) << 3 | 1).to_le_bytes()[..3]);
    bytes.extend(content);
    if checksum {
        bytes.extend(&twox::<8>(content)[..4]);
    }
    bytes
}

fn plain(content: &[u8]) -> Vec<u8> {
    frame(&[0, 0x58], content, false)
}

fn skippable(low: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x50 | low, 0x2a, 0x4d, 0x18];
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(content);
    bytes
}

fn unpack(kind: u8, packed: &[u8]) -> Result<Vec<u8>, Rule> {
    let magic = [0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, kind];
    match Code::unpack(&[&magic, packed].concat()) {
        Ok(code) => Ok(code.wasm().to_vec()),
        Err(error) => Err(error.downcast::<SubstrateError>().unwrap().rule().clone()),
    }
}

#[test]
fn frames_that_nodes_read() {
    let len = MODULE.len() as u8;
    let (first, second) = MODULE.split_at(9);
    for (name, packed) in [
        ("a frame", plain(MODULE)),
        ("with its size", frame(&[0x80, 0x58, len, 0, 0, 0], MODULE, false)),
        (
            "with its size in eight bytes",
            frame(&[0xc0, 0x58, len, 0, 0, 0, 0, 0, 0, 0], MODULE, false),
        ),
        ("of one segment", frame(&[0x20, len], MODULE, false)),
        ("with a checksum", frame(&[4, 0x58], MODULE, true)),
        ("with a window of 128 MiB", frame(&[0, 0x88], MODULE, false)),
        ("with the dictionary 0", frame(&[3, 0x58, 0, 0, 0, 0], MODULE, false)),
        ("two frames", [plain(first), frame(&[4, 0x58], second, true)].concat()),
        ("an empty frame behind", [plain(MODULE), plain(&[])].concat()),
        (
            "frames that are passed over",
            [skippable(0, &[]), plain(first), skippable(15, b"note"), plain(second)].concat(),
        ),
    ] {
        assert_eq!(unpack(5, &packed).as_deref(), Ok(MODULE), "{name}");
        assert_eq!(unpack(7, &packed).as_deref(), Ok(MODULE), "{name}, as code");
        assert!(matches!(unpack(6, &packed), Err(Rule::NotWasm("a proof of validity"))), "{name}");
        assert!(matches!(unpack(8, &packed), Err(Rule::NotWasm("a PolkaVM program"))), "{name}");
    }
}

#[test]
fn frames_that_nodes_refuse() {
    let len = MODULE.len() as u8;
    let mut damaged = frame(&[4, 0x58], MODULE, true);
    damaged[20] ^= 1;
    let mut cut = plain(MODULE);
    cut.pop();
    let mut long = skippable(0, b"note");
    long.pop();
    let other = "a frame has another size than its header says";
    let behind = "bytes of no zstd frame stand in it or behind it";
    let inside = "a block of it is damaged, or it ends inside of one";
    for (name, packed, why) in [
        ("no frame", vec![], "nothing stands behind its magic number"),
        ("another size", frame(&[0x80, 0x58, len + 1, 0, 0, 0], MODULE, false), other),
        ("another segment", frame(&[0x20, len - 1], MODULE, false), other),
        ("another checksum", damaged, "it is damaged: a frame's checksum is"),
        ("no checksum", frame(&[4, 0x58], MODULE, false), "it ends inside a frame"),
        ("a window above 128 MiB", frame(&[0, 0x89], MODULE, false), "a frame needs a window of"),
        ("a window of 3.75 TB", frame(&[0, 0xff], MODULE, false), "a frame needs a window of"),
        ("a dictionary", frame(&[1, 0x58, 7], MODULE, false), "a frame needs a dictionary"),
        (
            "a bit of no meaning",
            frame(&[8, 0x58], MODULE, false),
            "the header of a frame has a bit",
        ),
        ("bytes behind", [plain(MODULE), vec![0]].concat(), "it ends inside a frame"),
        ("four bytes behind", [plain(MODULE), vec![0; 4]].concat(), behind),
        ("a cut block", cut, inside),
        ("a long skip", long, "it ends inside a frame"),
    ] {
        match unpack(5, &packed) {
            Err(Rule::Compressed(text)) => assert!(text.starts_with(why), "{name}: {text}"),
            found => panic!("{name}: {found:?}"),
        }
    }
    let whole = frame(&[0x80, 0x58, len, 0, 0, 0], MODULE, false);
    for end in 0..whole.len() {
        assert!(matches!(unpack(5, &whole[..end]), Err(Rule::Compressed(_))), "{end} bytes");
    }
}

/// Frames that promise much, and one that holds back all that it has until its end.
#[test]
fn a_bomb_ends_at_the_limit() {
    let much = CODE_BYTES_MAX as u32 + 1;
    let header = [&[0xa0][..], &much.to_le_bytes()].concat();
    assert_eq!(unpack(5, &frame(&header, &[], false)), Err(Rule::CodeBytes(CODE_BYTES_MAX)));
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x88];
    // 8,192 blocks of 128 KiB: 1 GiB.
    (0..8192).for_each(|_| bomb.extend([2, 0, 0x10, 0]));
    assert_eq!(unpack(5, &bomb), Err(Rule::CodeBytes(CODE_BYTES_MAX)));
}
