//! Machine code as text, and what its acceptance rests on; for tools.
//!
//! [`listing`] decodes what control can reach, by the same decoder as the check. [`derivation`]
//! says of one instruction what its address is, and by which rule it is accepted. [`premises`] says
//! which comparisons and branches the check needs to accept the instruction at an offset. It asks
//! the check itself: each is taken out in turn (overwritten by instructions that do nothing), the
//! code is certified anew, and where the check then refuses that instruction, it was a premise. So
//! the answer says nothing of how the check works, and holds for each form of certificate.
//!
//! Limits: [`PREMISES_MAX`] candidates, the nearest before the instruction. Two premises either of
//! which would do alone are not found.

use crate::NativeCode;
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter, Mnemonic,
};
use prova_certify::{Derivation, Draft};
use prova_check::{Code, Layout, Rejection};
use std::collections::BTreeMap;

/// How many comparisons and branches are tried at most.
pub const PREMISES_MAX: usize = 2_000;

/// The most bytes of code that are certified and checked for them, all together; a function of
/// more than [`PREMISES_MAX`]th of it has fewer candidates, [`PREMISES_MIN`] at least.
pub const PREMISES_BYTES_MAX: usize = 64 << 20;

/// Candidates of the largest functions.
pub const PREMISES_MIN: usize = 8;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the code.
    pub offset: u32,
    /// How many bytes it has.
    pub len: u32,
    /// Its text, in Intel's notation; targets are offsets in the code.
    pub text: String,
    /// The operator that it belongs to: its offset in the module, if Cranelift knows.
    pub wasm_offset: Option<u32>,
    /// The kind of trap, if it may stop the code.
    pub trap: Option<u8>,
}

/// The instructions that control can reach, in order.
pub fn listing(code: &NativeCode) -> Vec<Line> {
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    let lines = instructions(code).into_values().map(|insn| {
        let offset = insn.ip() as u32;
        let mut text = String::new();
        formatter.format(&insn, &mut text);
        let source = code.sources.iter().find(|(start, end, _)| (*start..*end).contains(&offset));
        let trap = code.traps.iter().find(|row| row.code_offset == offset);
        Line {
            offset,
            len: insn.len() as u32,
            text,
            wasm_offset: source.map(|source| source.2),
            trap: trap.map(|row| row.kind),
        }
    });
    lines.collect()
}

fn instructions(code: &NativeCode) -> BTreeMap<u32, Instruction> {
    let mut found = BTreeMap::new();
    let mut open: Vec<u32> = code.blocks.clone();
    open.push(0);
    while let Some(mut at) = open.pop() {
        while !found.contains_key(&at) {
            let Some(bytes) = code.bytes.get(at as usize..).filter(|bytes| !bytes.is_empty())
            else {
                break;
            };
            let mut decoder = Decoder::with_ip(64, bytes, at.into(), DecoderOptions::NONE);
            let insn = decoder.decode();
            if insn.is_invalid() {
                break;
            }
            found.insert(at, insn);
            at = insn.next_ip() as u32;
            match insn.flow_control() {
                FlowControl::ConditionalBranch => open.push(insn.near_branch_target() as u32),
                FlowControl::UnconditionalBranch => {
                    open.push(insn.near_branch_target() as u32);
                    break;
                }
                FlowControl::IndirectBranch | FlowControl::Return | FlowControl::Exception => break,
                FlowControl::Next
                | FlowControl::Call
                | FlowControl::IndirectCall
                | FlowControl::Interrupt
                | FlowControl::XbeginXabortXend => {}
            }
        }
    }
    found
}

/// The check's verdict on code with a certificate made for it.
///
/// # Errors
/// The first rule that is broken.
pub fn verdict(layout: &Layout, code: &NativeCode) -> Result<(), Rejection> {
    certificate(layout, code).map(|_| ())
}

/// The certificate with which the check accepts code.
///
/// # Errors
/// The first rule that is broken.
pub fn certificate(layout: &Layout, code: &NativeCode) -> Result<Vec<u8>, Rejection> {
    judge(layout, code, &code.bytes)
}

fn judge(layout: &Layout, code: &NativeCode, bytes: &[u8]) -> Result<Vec<u8>, Rejection> {
    let NativeCode { kind, traps, calls, .. } = code;
    let draft = Draft { kind: *kind, bytes, traps, calls };
    // Code without a certificate is refused where the certificate is made, by the same rules.
    let certificate = prova_certify::certify(layout, &draft).map_err(|error| Rejection {
        kind: *kind,
        offset: error.offset,
        rule: error.rule,
        what: error.what,
    })?;
    let code = Code { kind: *kind, bytes, certificate: &certificate, traps, calls };
    layout.check(code).map(|_| certificate.clone())
}

/// Why the check accepts or refuses one instruction, in words.
pub fn derivation(layout: &Layout, code: &NativeCode, offset: u32) -> Option<Derivation> {
    let NativeCode { kind, bytes, traps, calls, .. } = code;
    prova_certify::derive(layout, &Draft { kind: *kind, bytes, traps, calls }, offset)
}

/// The comparisons and branches without which the check refuses the instruction at an offset, with
/// what it says then; in order. Empty for code that it refuses anyway.
pub fn premises(layout: &Layout, code: &NativeCode, offset: u32) -> Vec<(u32, Rejection)> {
    if verdict(layout, code).is_err() {
        return Vec::new();
    }
    let instructions = instructions(code);
    let most = PREMISES_MAX.min(PREMISES_BYTES_MAX / code.bytes.len().max(1)).max(PREMISES_MIN);
    let candidates = instructions.range(..offset).rev().map(|(_, insn)| insn).filter(|insn| {
        let compares = matches!(insn.mnemonic(), Mnemonic::Cmp | Mnemonic::Test);
        compares || insn.flow_control() == FlowControl::ConditionalBranch
    });
    let mut found: Vec<(u32, Rejection)> = candidates
        .take(most)
        .filter_map(|insn| {
            let start = insn.ip() as usize;
            let mut bytes = code.bytes.clone();
            bytes.get_mut(start..start + insn.len())?.fill(NOP);
            if insn.flow_control() != FlowControl::ConditionalBranch {
                bytes.get_mut(start..start + 2)?.copy_from_slice(&TEST);
            }
            let rejection = judge(layout, code, &bytes).err()?;
            (rejection.offset == offset).then_some((start as u32, rejection))
        })
        .collect();
    found.reverse();
    found
}

/// The instruction of one byte that does nothing.
const NOP: u8 = 0x90;
/// `test al, al`, in the place of a comparison: flags about which little is known, where the flags
/// of an older comparison might show that the branch behind it is never taken. Each comparison has
/// as many bytes.
const TEST: [u8; 2] = [0x84, 0xc0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Target, body};
    use prova_check::{Config, MemoryShape, Rule};
    use prova_module::{Features, FuncIdx, Limits, Module};

    fn compiled(text: &str) -> (Layout, NativeCode) {
        let wasm = wat::parse_str(text).expect("the text is well-formed");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        let config = Config { memory: MemoryShape::Explicit, ..Config::default() };
        let layout = Layout::derive(module.bytes(), &config).expect("a layout");
        let body = body(&module, FuncIdx(0), config.metering).expect("a form");
        let target = Target::new(config.cpu).expect("a target");
        let code = target.compile(&module, &layout, body.body(), false).expect("it compiles");
        (layout, code)
    }

    #[test]
    fn a_load_rests_on_its_comparison() {
        let text = "(module (memory 1) (func (param i32 i32) (result i32)
            (if (i32.gt_u (local.get 1) (i32.const 7)) (then (return (i32.const 1))))
            (i32.load offset=8 (local.get 0))))";
        let (layout, code) = compiled(text);
        assert_eq!(verdict(&layout, &code), Ok(()));
        let lines = listing(&code);
        let load =
            lines.iter().rfind(|line| line.text.starts_with("mov e") && line.text.contains('['));
        let load = load.expect("a load");
        let found = premises(&layout, &code, load.offset);
        let texts: Vec<&str> = found
            .iter()
            .filter_map(|(at, _)| lines.iter().find(|line| line.offset == *at))
            .map(|line| line.text.split(' ').next().unwrap_or(""))
            .collect();
        assert_eq!(texts, ["cmp", "ja"], "{lines:#?}");
        assert!(found.iter().all(|(_, rejection)| rejection.rule == Rule::Memory));
        let derived = derivation(&layout, &code, load.offset).expect("control reaches it");
        assert!(derived.term.is_some_and(|term| term.starts_with("memory 0 + v")));
        let length = "≤ the length of memory 0";
        assert!(derived.known.iter().any(|line| line.ends_with(length)), "{:#?}", derived.known);
        let why = derived.verdict.expect("it is accepted");
        let shown = "P3: a comparison shows that it ends within the length of memory 0";
        assert_eq!(why, format!("{shown}, or in the 0x100000 bytes behind it, which fault"));
        // Without the comparison nothing is derived: the rule is named.
        let (mut other, start) = (code.clone(), found[0].0);
        let end = lines.iter().map(|line| line.offset).find(|&offset| offset > start);
        let without = &mut other.bytes[start as usize..end.expect("a branch") as usize];
        without.fill(NOP);
        without[..2].copy_from_slice(&TEST);
        let derived = derivation(&layout, &other, load.offset).expect("control reaches it");
        assert_eq!(derived.verdict.map_err(|fault| fault.rule), Err(Rule::Memory));
        // The other comparison of the function is none of it.
        assert!(lines.iter().filter(|line| line.text.starts_with("cmp")).count() > 2);
    }

    #[test]
    fn every_instruction_has_its_place() {
        let (_, code) = compiled(
            "(module (func (param i32 i32) (result i32)
            (block (block (br_table 0 1 (local.get 0))) (return (i32.const 3)))
            (i32.div_u (local.get 0) (local.get 1))))",
        );
        let lines = listing(&code);
        assert!(lines.windows(2).all(|pair| pair[0].offset + pair[0].len <= pair[1].offset));
        let traps = lines.iter().filter(|line| line.trap.is_some()).count();
        assert_eq!(traps, code.traps.len());
        assert!(lines.iter().any(|line| line.wasm_offset.is_some()));
    }
}
