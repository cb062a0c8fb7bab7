//! Certificates made by hand, bit by bit, beside the code that they are for: what no certifier
//! would say.

use super::table::bits::Bits;
use prova_check::certificate::VERSION;
use prova_check::{Code, CodeKind, Config, Layout, Metering, Rule, TrapRow, traps};

/// No data, no entries, no blocks.
const LEAST: [u8; 2] = [VERSION, 0b1110_0000];

/// Code of one function with a certificate.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) func: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
    pub(crate) traps: Vec<TrapRow>,
    /// Whether epochs are polled.
    pub(crate) epoch: bool,
}

/// The check's verdict on forged code; none if it is accepted.
pub(crate) fn judged(code: &Forged) -> Option<(Rule, &'static str)> {
    let wasm = wat::parse_str("(module (memory 1) (func (param i32 i32)))").expect("a module");
    let Forged { func, bytes, certificate, traps, epoch } = code;
    let metering = Metering { fuel: false, epoch: *epoch };
    let config = Config { metering, ..Config::default() };
    let layout = Layout::derive(&wasm, &config).expect("a layout");
    let kind = CodeKind::Func(*func);
    let verdict = layout.check(Code { kind, bytes, certificate, traps, calls: &[] });
    super::table::apart(verdict.err().map(|e| (e.rule, e.what)))
}

fn row(code_offset: u32) -> TrapRow {
    TrapRow { code_offset, kind: traps::UNREACHABLE, wasm_offset: 0 }
}

/// A jump to `nop`, at offset 2, where a block is claimed; then `ud2`.
const BLOCK: [u8; 5] = [0xeb, 0x00, 0x90, 0x0f, 0x0b];

/// Code without data: these entries, a frame at 0 that does not keep what `changed` names (gaps),
/// one block that claims all entries.
fn block(at: u64, entries: &[Bits], changed: &[u64]) -> Vec<u8> {
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(0, 0).number(entries.len() as u64, 0);
    for entry in entries {
        out.add(entry);
    }
    out.number(1, 0).number(0, 4).bits(0, 14).number(changed.len() as u64, 0);
    for &gap in changed {
        out.number(gap, 4);
    }
    out.number(at, 0).number(2, 0).number(entries.len() as u64, 0);
    for _ in entries {
        out.number(0, 0);
    }
    out.bytes()
}

/// A location holds a base and no more: 1 is the stack pointer at entry, 14 a memory, with index 0.
fn holds(location: u64, base: u64) -> Bits {
    let mut out = Bits::default();
    out.bits(1, 1).number(location, 4).bits(base, 5);
    if base == 14 {
        out.number(0, 4);
    }
    out.bits(0, 2).bits(0, 1);
    out
}

fn of_block(entries: &[Bits], changed: &[u64]) -> Forged {
    let certificate = block(2, entries, changed);
    Forged { traps: vec![row(3)], ..plain(&BLOCK, &certificate) }
}

fn plain(bytes: &[u8], certificate: &[u8]) -> Forged {
    let (bytes, certificate) = (bytes.to_vec(), certificate.to_vec());
    Forged { func: 0, bytes, certificate, traps: Vec::new(), epoch: false }
}

/// `and edx, 7; shl rdx, 4; lea r10, [rip + 7]; movdqu xmm0, [r10 + rdx]; ret`, and `data` bytes of
/// data.
fn indexed(data: u64) -> Forged {
    let mut bytes = vec![0x83, 0xe2, 7, 0x48, 0xc1, 0xe2, 4, 0x4c, 0x8d, 0x15, 7, 0, 0, 0];
    bytes.extend([0xf3, 0x41, 0x0f, 0x6f, 0x04, 0x12, 0xc3]);
    let start = bytes.len() as u64;
    bytes.resize(bytes.len() + data as usize, 0);
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(1, 0).number(start, 4).number(data, 4).number(0, 0);
    out.number(0, 0);
    plain(&bytes, &out.bytes())
}

/// `and edx, 1; lea r10, [rip + 11]; movsxd rdx, [r10 + 4 * rdx]; add r10, rdx; jmp r10; ret`, and
/// a table of two entries, counted from its place.
fn table(second: i32) -> Forged {
    let mut bytes = vec![0x83, 0xe2, 1, 0x4c, 0x8d, 0x15, 11, 0, 0, 0];
    bytes.extend([0x49, 0x63, 0x14, 0x92, 0x49, 0x01, 0xd2, 0x41, 0xff, 0xe2, 0xc3]);
    let start = bytes.len() as u64;
    bytes.extend([-1, second].map(i32::to_le_bytes).concat());
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(1, 0).number(start, 4).number(8, 4).number(0, 0);
    out.number(0, 0);
    plain(&bytes, &out.bytes())
}

/// `count` jumps to a block with `claims` claims on one number.
fn edges(count: usize, claims: u64) -> Forged {
    let mut bytes = vec![0x89, 0xd2];
    let trap = 2 + 6 * count;
    for _ in 0..count {
        let distance = trap + 2 - (bytes.len() + 6);
        bytes.extend([0x0f, 0x80]);
        bytes.extend((distance as i32).to_le_bytes());
    }
    bytes.extend([0x0f, 0x0b, 0x90, 0x0f, 0x0b]);
    let mut entries = vec![holds(4, 1)];
    entries.push(Bits::default().bits(0, 5).number(2, 4).number(u64::MAX, 32).clone());
    entries.extend((0..claims).map(|i| {
        let mut range = Bits::default();
        range.bits(2, 5).number(2, 4).number(0, 8).number(u64::MAX - 1 - i, 32);
        range
    }));
    let certificate = block(trap as u64 + 2, &entries, &[4]);
    let traps = vec![row(trap as u32), row(trap as u32 + 3)];
    Forged { traps, ..plain(&bytes, &certificate) }
}

/// `push rbp; mov rbp, rsp; push rbx`, then a loop: `test edx, edx; je` out of it; `inner`; `jmp`
/// back; behind it all is taken back. The frame stands before the loop and keeps the stack words.
fn kept(inner: &[u8]) -> Forged {
    let mut bytes = vec![0x55, 0x48, 0x89, 0xe5, 0x53, 0x85, 0xd2, 0x74, inner.len() as u8 + 2];
    bytes.extend(inner);
    bytes.extend([0xeb, 0_u8.wrapping_sub(inner.len() as u8 + 6), 0x5b, 0x5d, 0xc3]);
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(0, 0).number(0, 0).number(1, 0);
    out.number(5, 4).bits(0, 14).number(0, 0).number(0, 0).number(3, 0).number(0, 0);
    plain(&bytes, &out.bytes())
}

/// A location holds the symbol of another one.
fn holds_that_of(location: u64, other: u64) -> Bits {
    let mut out = Bits::default();
    out.bits(1, 1).number(location, 4).bits(0, 5).bits(2, 2).number(other, 4).bits(0, 3);
    out
}

/// A location holds a new number, at most `hi`.
fn number(location: u64, hi: u64) -> Bits {
    Bits::default().bits(0, 5).number(location, 4).number(hi, 32).clone()
}

/// A case: its name, the rule that refuses it, the code.
type Try = (&'static str, Rule, Forged);

/// `ret`, and a certificate of a version, no data, and one entry.
fn entry(fill: impl Fn(&mut Bits)) -> Forged {
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(0, 0).number(1, 0);
    fill(&mut out);
    out.number(0, 0).bits(0, 64);
    plain(&[0xc3], &out.bytes())
}

/// Certificates whose bytes are none.
fn malformed() -> Vec<Try> {
    let refused = |name, fill: &dyn Fn(&mut Bits)| (name, Rule::Certificate, entry(fill));
    let data = |name, rule, code: &[u8], gap: u64, length: u64| {
        let mut out = Bits::default();
        out.bits(VERSION.into(), 8).number(1, 0).number(gap, 4).number(length, 4);
        out.number(0, 0).number(0, 0);
        (name, rule, plain(code, &out.bytes()))
    };
    vec![
        refused("a location beyond 32 bits", &|out| {
            out.bits(0, 5).number(1 << 33, 4);
        }),
        refused("a bound beyond 64 bits", &|out| {
            out.bits(0, 5).number(2, 4).bits(0, 40).bits(1, 1).bits(0, 57);
        }),
        refused("a symbol that no function has", &|out| {
            out.bits(3, 5).number(19, 4).number(0, 8);
        }),
        refused("an entry of a kind that is none", &|out| {
            out.bits(15, 5).number(2, 4);
        }),
        refused("a base that is none", &|out| {
            out.bits(1, 1).number(2, 4).bits(22, 5);
        }),
        refused("a kind of references that is none", &|out| {
            out.bits(6, 5).number(2, 4).bits(3, 5);
        }),
        refused("a type of references that is none", &|out| {
            out.bits(6, 5).number(2, 4).bits(24, 5);
        }),
        ("more entries than bits", Rule::Certificate, {
            let mut out = Bits::default();
            out.bits(VERSION.into(), 8).number(0, 0).number(1_000, 0);
            plain(&[0xc3], &out.bytes())
        }),
        data("data beyond 32 bits", Rule::Certificate, &[0xc3], u32::MAX.into(), u32::MAX.into()),
        data("data of no bytes", Rule::Certificate, &[0xc3], 0, 0),
        data("data beyond the code", Rule::Certificate, &[0xc3], 1, 1),
        data("data that control runs into", Rule::Target, &[0x90, 0xc3], 1, 1),
        data("data that control runs through", Rule::Target, &[0x90, 0x90, 0xc3], 1, 1),
        data("an instruction that ends in data", Rule::Instruction, &[0x48, 0x89, 0xc0], 2, 1),
    ]
}

/// A certificate with a frame at an offset that does not keep the stack pointer, and blocks:
/// distance, whose claims, toggles.
fn framed(frame: u64, entries: &[Bits], blocks: &[(u64, u64, &[u64])]) -> Vec<u8> {
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(0, 0).number(entries.len() as u64, 0);
    for entry in entries {
        out.add(entry);
    }
    out.number(blocks.len() as u64, 0).number(frame, 4).bits(0, 14).number(1, 0).number(4, 4);
    for &(distance, from, toggles) in blocks {
        out.number(distance, 0).number(from, 0).number(toggles.len() as u64, 0);
        for &gap in toggles {
            out.number(gap, 0);
        }
    }
    out.bytes()
}

/// Frames and blocks that do not fit.
fn blocks() -> Vec<Try> {
    let rsp = [holds(4, 1)];
    let refused = |name, rule, certificate: Vec<u8>| {
        let traps = vec![row(3)];
        (name, rule, Forged { traps, ..plain(&BLOCK, &certificate) })
    };
    let claims: (u64, u64, &[u64]) = (2, 2, &[0]);
    let mut number = Bits::default();
    number.bits(0, 5).number(4, 4).number(0, 32);
    vec![
        refused(
            "two blocks at one place",
            Rule::Certificate,
            framed(0, &rsp, &[claims, (0, 2, &[0])]),
        ),
        refused(
            "claims of a block before the first",
            Rule::Certificate,
            framed(0, &rsp, &[(2, 0, &[])]),
        ),
        refused("a claim that is none", Rule::Certificate, framed(0, &rsp, &[(2, 2, &[0, 0])])),
        refused(
            "a frame inside of an instruction",
            Rule::Certificate,
            framed(1, &rsp, &[(1, 2, &[0])]),
        ),
        ("a frame that is branched over", Rule::Certificate, {
            let certificate = framed(2, &rsp, &[(2, 2, &[0])]);
            plain(&[0x74, 0x01, 0x90, 0xc3, 0x90, 0x0f, 0x0b], &certificate)
        }),
        ("a frame that is jumped over", Rule::Certificate, {
            let certificate = framed(2, &rsp, &[(1, 2, &[0])]);
            let traps = vec![row(4)];
            Forged { traps, ..plain(&[0xeb, 0x01, 0x90, 0x90, 0x0f, 0x0b], &certificate) }
        }),
        refused("a block without the stack pointer", Rule::Claim, framed(0, &rsp, &[(2, 2, &[])])),
        // No way leads to it, so that nothing else is asked.
        ("two stack pointers", Rule::Claim, {
            let entries = [holds(4, 1), number];
            let certificate = framed(0, &entries, &[(1, 2, &[0, 0])]);
            Forged { traps: vec![row(2)], ..plain(&[0xc3, 0x90, 0x0f, 0x0b], &certificate) }
        }),
    ]
}

/// The epoch's address in r10, then a poll or an instruction like it.
fn polling(polls: bool) -> Vec<u8> {
    let mut bytes = vec![0x4c, 0x8b, 0x5f, 8, 0x4d, 0x8b, 0x13, 0x4d, 0x8b, 0x52, 8];
    bytes.extend(if polls { [0x49, 0x8b, 0x02] } else { [0x4c, 0x89, 0xd0] });
    bytes
}

/// A certificate whose frame stands at the entry: blocks by the gap before each, with the jumps
/// backwards that each allows.
fn allowing(blocks: &[(u64, u64)]) -> Vec<u8> {
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(0, 0).number(1, 0).add(&holds(4, 1));
    out.number(blocks.len() as u64, 0).number(0, 4).bits(0, 12).bits(3, 2);
    out.number(1, 0).number(4, 4);
    for &(gap, jumps) in blocks {
        out.number(gap, 0).bits(jumps, 3).number(2, 0).number(1, 0).number(0, 0);
    }
    out.bytes()
}

/// A loop of one jump to itself, behind a poll or not, whose header allows jumps backwards.
fn cycle(polls: bool, jumps: u64) -> Forged {
    let mut bytes = polling(polls);
    let at = bytes.len() as u64;
    bytes.extend([0xeb, 0xfe]);
    Forged { epoch: true, ..plain(&bytes, &allowing(&[(at, jumps)])) }
}

/// A poll or none, then two jumps backwards, to blocks that allow more of them: the second jump
/// leaves the block `first`, and leads to the block `second`.
fn backwards(polls: bool, first: u64, second: u64) -> Forged {
    let mut bytes = polling(polls);
    // `jmp 3f; 1: ud2; 2: jmp 1b; 3: jmp 2b`
    bytes.extend([0xeb, 4, 0x0f, 0x0b, 0xeb, 0xfc, 0xeb, 0xfc]);
    let certificate = allowing(&[(16, second), (2, first)]);
    Forged { epoch: true, traps: vec![row(16)], ..plain(&bytes, &certificate) }
}

/// Ways and loops under metering.
fn cycles() -> Vec<Try> {
    let cycles = [
        ("a loop without a poll", cycle(false, 0)),
        ("a poll before the loop alone", cycle(true, 0)),
        ("a header that allows a jump", cycle(true, 1)),
        ("a header that allows the most jumps", cycle(true, 7)),
        ("a header that allows a jump behind no poll", cycle(false, 1)),
        ("a jump backwards behind no poll", backwards(false, 0, 0)),
        ("a second jump backwards, where one was allowed", backwards(true, 0, 0)),
        ("as many jumps behind a jump as before", backwards(true, 1, 1)),
        ("as many jumps behind a jump as before, the most", backwards(true, 7, 7)),
        ("more jumps behind a jump than before", backwards(true, 6, 7)),
    ];
    cycles.into_iter().map(|(name, code)| (name, Rule::Metering, code)).collect()
}

/// Loops that change words that their frame keeps, and blocks that claim facts without a reason.
fn words() -> Vec<Try> {
    let refused = |name, inner: &[u8]| (name, Rule::Claim, kept(inner));
    let claims = |name, of: &[Bits]| (name, Rule::Claim, of_block(of, &[4]));
    let (rsp, any) = (holds(4, 1), number(2, u64::MAX));
    vec![
        refused("a kept word stored", &[0x48, 0x89, 0x14, 0x24]),
        refused("a kept word's byte stored", &[0x88, 0x14, 0x24]),
        refused("16 bytes stored over kept words", &[0x0f, 0x11, 0x04, 0x24]),
        refused("a kept word exchanged", &[0x48, 0x87, 0x14, 0x24]),
        refused("a kept word popped, another one pushed", &[0x58, 0x52]),
        refused("a kept word popped, and none in its place", &[0x58, 0x48, 0x83, 0xec, 8]),
        claims("a bound that no way shows", &[rsp.clone(), number(2, 7)]),
        claims("one symbol of two words", &[rsp, any, holds_that_of(1, 2)]),
        ("a claim on a word that no frame has", Rule::Claim, {
            let certificate = framed(0, &[holds(4, 1)], &[(2, 2, &[0, 2 * (17 + 20_000) + 1])]);
            Forged { traps: vec![row(3)], ..plain(&BLOCK, &certificate) }
        }),
        ("two branches to a block that nothing claims", Rule::Claim, {
            plain(&[0x74, 3, 0x78, 1, 0xc3, 0xc3], &LEAST)
        }),
        // `je` to the second `ret`; the first one is claimed.
        ("a way around the frame", Rule::Certificate, {
            plain(&[0x74, 2, 0x90, 0xc3, 0xc3], &framed(2, &[], &[(1, 3, &[])]))
        }),
    ]
}

/// Twins that are accepted.
pub(crate) fn twins() -> Vec<(&'static str, Forged)> {
    let one = [holds(4, 1), number(2, u64::MAX), holds_that_of(2, 2)];
    vec![
        ("a loop that keeps its words", kept(&[0x90])),
        (
            "a kept word stored where it was",
            kept(&[0x48, 0x8b, 0x04, 0x24, 0x48, 0x89, 0x04, 0x24]),
        ),
        ("a word pushed and popped below", kept(&[0x52, 0x58])),
        ("any number, twice", of_block(&one, &[4])),
        ("a frame that all ways lead through", {
            plain(&[0x74, 2, 0x90, 0xc3, 0xc3], &framed(0, &[], &[(3, 3, &[])]))
        }),
        ("two jumps backwards behind a poll", backwards(true, 1, 0)),
        ("two jumps backwards of the most", backwards(true, 7, 6)),
    ]
}

/// All of them.
pub(crate) fn forgeries() -> Vec<Try> {
    let (ret, rsp) = ([0xc3], holds(4, 1));
    let tries = vec![
        ("another version", Rule::Certificate, plain(&ret, &[VERSION + 1, 0b1110_0000])),
        ("no bytes", Rule::Certificate, plain(&ret, &[])),
        ("a count beyond the bytes", Rule::Certificate, plain(&ret, &[VERSION, 0, 0, 0, 1, 0xff])),
        ("a byte behind the end", Rule::Certificate, plain(&ret, &[VERSION, 0b1110_0000, 0])),
        ("a bit behind the end", Rule::Certificate, plain(&ret, &[VERSION, 0b1110_0001])),
        ("a function that is none", Rule::Limit, Forged { func: 1, ..plain(&ret, &LEAST) }),
        ("more claims than the code allows", Rule::Limit, edges(800, 400)),
        ("a merge that nothing claims", Rule::Claim, plain(&[0x74, 0x00, 0xc3], &LEAST)),
        ("a memory where none is", Rule::Claim, of_block(&[rsp.clone(), holds(2, 14)], &[4])),
        ("no stack pointer", Rule::Claim, of_block(&[holds(2, 14)], &[4])),
        ("an index beyond its table", Rule::JumpTable, indexed(127)),
        ("an entry before the code", Rule::JumpTable, table(i32::MIN)),
        ("an entry beyond the code", Rule::Target, table(i32::MAX)),
        ("an entry into the table", Rule::Target, table(2)),
        ("a frame that no way comes to", Rule::Target, plain(&[0xeb, 0xfe], &LEAST)),
        ("a block inside of an instruction", Rule::Target, {
            let certificate = block(1, std::slice::from_ref(&rsp), &[4]);
            plain(&ret, &certificate)
        }),
        // `push rbp; pop rcx` between frame and block: a word of the frame is gone.
        ("what the frame keeps, lost", Rule::Claim, {
            let bytes = [0x55, 0x59, 0x48, 0x89, 0xcd, 0x48, 0x31, 0xed, 0x90, 0x0f, 0x0b];
            let certificate = block(8, std::slice::from_ref(&rsp), &[4]);
            Forged { traps: vec![row(9)], ..plain(&bytes, &certificate) }
        }),
    ];
    [tries, malformed(), blocks(), cycles(), words()].concat()
}
