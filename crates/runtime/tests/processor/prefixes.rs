//! Redundant prefixes: where the decoder takes an instruction with some prefixes for one without
//! them, the processor has to do the same, with the same length.
//!
//! ```text
//! prefixes, opcode, operands ─ the check's decoder ─► instruction ─ encoder ─► its shortest bytes
//!            └─ the processor ─► registers, flags, memory   same?   ◄─ the processor ─┘
//! ```
//!
//! All sequences of up to three of sixteen prefixes stand before each opcode of the four maps (of
//! one byte, `0f`, `0f 38`, `0f 3a`), with a register and with memory as operand. A `ret` stands
//! behind each instruction: a processor that takes it for a longer one executes something else.
//! Instructions that the check refuses are not tried, nor those that `is_tried` leaves out; jumps
//! to the next instruction are.
//!
//! `PROVA_PREFIXES=1/1` tries all of them, `K/N` part K of N; the ordinary test tries `1/64`. It
//! speaks of the processor that it runs on: vendors differ in prefixes, so it wants to run on each
//! vendor's. Vector registers are not compared.

use super::{Class, FLAGS, Instructions, Operand, Processor, Registers, class, encode};
use super::{RSP, is_free, is_supported, is_tried, succeeds};
use iced_x86::{Decoder, DecoderOptions};

/// Operand size, address size, repetitions, lock, segments, and some prefixes of registers.
const PREFIXES: [u8; 16] = [
    0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x40, 0x41, 0x44, 0x48, 0x4f,
];
const MAPS: [&[u8]; 4] = [&[], &[0x0f], &[0x0f, 0x38], &[0x0f, 0x3a]];
/// Words that memory operands reach, which lie at rax and at r8.
const WORDS: usize = 8;

/// The sequences of up to three prefixes.
fn sequences() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..3 {
        let longer = |one: &Vec<u8>| PREFIXES.map(|prefix| [one.as_slice(), &[prefix]].concat());
        last = last.iter().flat_map(longer).collect();
        all.extend_from_slice(&last);
    }
    all
}

/// A form and the instruction that it is compared with, as bytes; none if the check refuses the
/// instruction or it cannot be tried.
fn form(sequence: &[u8], map: &[u8], (opcode, modrm): (u8, u8)) -> Option<(Vec<u8>, Vec<u8>)> {
    // A prefix is no opcode.
    if map.is_empty() && (PREFIXES.contains(&opcode) || (0x40..0x50).contains(&opcode)) {
        return None;
    }
    let mut bytes = [sequence, map, &[opcode, modrm]].concat();
    bytes.extend([0x12, 0x34, 0x56, 0x08, 0x9a, 0x3c, 0x5e, 0x70]);
    let mut insn = Instructions::new(&bytes).at(0).ok()?;
    let jumps = matches!(insn.class, Class::Branch(_) | Class::Jump);
    if jumps {
        // To what follows.
        let start = sequence.len() + map.len() + 1;
        bytes[start..].fill(0);
        insn = Instructions::new(&bytes).at(0).ok()?;
    }
    let raw = Decoder::new(64, &bytes, DecoderOptions::NONE).decode();
    let is_stack =
        |n| matches!(insn.operand(n), Ok(Operand::Register(r, _)) if usize::from(r) == RSP);
    let reaches = |n| match insn.operand(n) {
        // The bit lies anywhere.
        Ok(Operand::Memory(_)) if insn.class == Class::BitTest => true,
        Ok(Operand::Memory(address)) => {
            let near = matches!(address.base, Some(0 | 8)) && address.index.is_none();
            !(is_free(insn.class) || near && address.disp == 0)
        }
        Ok(_) => false,
        Err(_) => !jumps,
    };
    let left_out = !(jumps || is_tried(insn.class)) || !is_supported(raw.code());
    if left_out || (0..insn.operands()).any(|n| is_stack(n) || reaches(n)) {
        return None;
    }
    bytes.truncate(insn.len as usize);
    let shortest = encode(&raw)?;
    assert!(class(raw.code()).is_some() && shortest.len() <= bytes.len(), "{raw}");
    (shortest != bytes).then_some((bytes, shortest))
}

/// The bytes behind an instruction that fills the vector registers from rcx by `movq`: nobody keeps
/// them between two executions.
fn filled(bytes: &[u8]) -> Vec<u8> {
    let fill = |n: u8| [0x66, 0x48 | n >> 1 & 4, 0x0f, 0x6e, 0xc1 | n << 3 & 0x38];
    (0..16).flat_map(fill).chain(bytes.iter().copied()).collect()
}

/// Whether the two leave different registers, flags or memory.
fn differ(processor: &mut Processor, bytes: &[u8], shortest: &[u8]) -> bool {
    let mut words = Box::new([0_u64; WORDS + 2]);
    let start = words.as_mut_ptr().wrapping_add(words.as_ptr().align_offset(16));
    let mut behind = [bytes, shortest].map(|bytes| {
        words
            .iter_mut()
            .zip(3_u64..)
            .for_each(|(word, n)| *word = n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut before = Registers { general: [0; 16], flags: 0x203 & FLAGS | 2 };
        before
            .general
            .iter_mut()
            .zip(1_u64..)
            .for_each(|(word, n)| *word = n.wrapping_mul(0x0123_4567_89ab_cdef));
        (before.general[0], before.general[8]) = (start as u64, start as u64);
        let after = processor.run(&filled(bytes), &before);
        (after, *words)
    });
    behind.iter_mut().for_each(|(registers, _)| registers.flags &= FLAGS);
    behind[0] != behind[1]
}

/// The part of the forms that is tried, counted from 0, and the number of parts.
fn part() -> (usize, usize) {
    let text = std::env::var("PROVA_PREFIXES").unwrap_or_else(|_| "1/64".to_owned());
    let (part, parts) = text.split_once('/').expect("PROVA_PREFIXES is K/N");
    let (part, parts): (usize, usize) = (part.parse().expect("K"), parts.parse().expect("N"));
    assert!((1..=parts).contains(&part), "K lies between 1 and N");
    (part - 1, parts)
}

#[test]
fn redundant_prefixes_change_nothing() {
    let (sequences, (part, parts)) = (sequences(), part());
    let (mut made, mut tried, mut wrong) = (0_u64, 0_u64, Vec::new());
    for (map, opcode) in MAPS.iter().flat_map(|map| (0..=255_u8).map(move |opcode| (map, opcode))) {
        let mut forms = Vec::new();
        for (n, sequence) in
            sequences.iter().enumerate().filter(|(n, _)| (n + usize::from(opcode)) % parts == part)
        {
            // A register operand and memory at rax or r8; the opcodes of a group take turns.
            let group = (n / parts % 8) as u8;
            let group =
                if group == 4 && sequence.iter().all(|one| one & 0xf4 != 0x44) { 0 } else { group };
            for modrm in [0xc1 | group << 3, group << 3] {
                made += 1;
                forms.extend(form(sequence, map, (opcode, modrm)));
            }
        }
        tried += forms.len() as u64;
        let mut processor = Processor::new();
        // Each opcode runs in a separate process, which ends if the processor takes one for
        // another.
        if succeeds(|| {
            forms.iter().all(|(bytes, shortest)| !differ(&mut processor, bytes, shortest))
        }) {
            continue;
        }
        for (bytes, shortest) in &forms {
            if !succeeds(|| !differ(&mut processor, bytes, shortest)) {
                wrong.push(format!("{bytes:02x?}, which is {shortest:02x?}"));
            }
        }
    }
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name)
    };
    let (vendor, model) = (name("vendor_id"), name("model name"));
    println!(
        "{vendor}, {model}: {made} forms, {tried} executed beside their shortest, {} differ",
        wrong.len()
    );
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 100_000 / parts as u64, "{tried}");
}

#[test]
fn another_length_is_seen() {
    let mut processor = Processor::new();
    // `mov eax, imm32` against one whose immediate is cut by a prefix: 2 bytes are executed.
    let (longer, shorter) = ([0xb9, 0x12, 0x34, 0x90, 0x90], [0x66, 0xb9, 0x12, 0x34]);
    let mut is_seen = |a: &[u8], b: &[u8]| !succeeds(|| !differ(&mut processor, a, b));
    assert!(is_seen(&longer, &shorter));
    assert!(is_seen(&[0x48, 0x89, 0xd1], &[0x89, 0xd1]));
    assert!(is_seen(&[0xb9, 0x12, 0x34], &[0x66, 0xb9, 0x12, 0x34]));
    assert!(!is_seen(&[0x3e, 0x48, 0x89, 0xd1], &[0x48, 0x89, 0xd1]));
}
