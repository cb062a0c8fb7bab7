//! A small assembler over iced's encoder, for code that no compiler would make.

use iced_x86::{Code, Encoder, Instruction, MemoryOperand, Register};
use prova_check::{CallRow, TrapRow, traps};

/// An item: an instruction, a jump to the instruction of a label, or a label.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    I(Instruction),
    /// A branch to a label.
    J(Code, u32),
    /// The label of the next item.
    L(u32),
    /// `ud2`, with a row of this kind.
    Trap(u8),
    /// An instruction with a row of this kind.
    Row(Instruction, u8),
    /// Raw bytes.
    Raw(&'static [u8]),
}
pub(crate) use Item::{I, J, L, Raw, Row, Trap};

/// Bytes and rows of items.
pub(crate) fn assemble(items: &[Item]) -> (Vec<u8>, Vec<TrapRow>, Vec<CallRow>) {
    let mut labels = [0_u64; 64];
    let mut out = (Vec::new(), Vec::new(), Vec::new());
    // Lengths do not depend on targets: all branches have 32-bit offsets.
    for _ in 0..2 {
        out = (Vec::new(), Vec::new(), Vec::new());
        let (bytes, rows, calls) = (&mut out.0, &mut out.1, &mut out.2);
        for item in items {
            let at = bytes.len();
            let row = |kind| TrapRow { code_offset: at as u32, kind, wasm_offset: 0 };
            let mut encoder = Encoder::new(64);
            let instruction = match *item {
                I(instruction) => instruction,
                J(code, label) => {
                    Instruction::with_branch(code, labels[label as usize]).expect("a branch")
                }
                L(label) => {
                    labels[label as usize] = at as u64;
                    continue;
                }
                Trap(kind) => {
                    rows.push(row(kind));
                    Instruction::with(Code::Ud2)
                }
                Row(instruction, kind) => {
                    rows.push(row(kind));
                    instruction
                }
                Raw(raw) => {
                    bytes.extend(raw);
                    continue;
                }
            };
            encoder.encode(&instruction, at as u64).expect("an instruction");
            bytes.extend(encoder.take_buffer());
            if instruction.code() == Code::Call_rm64 {
                calls.push(CallRow::operator(bytes.len() as u32, 0));
            }
        }
    }
    out
}

/// `[base + disp]`.
pub(crate) fn at(base: Register, disp: i64) -> MemoryOperand {
    MemoryOperand::with_base_displ(base, disp)
}

/// `[base + index * scale + disp]`.
pub(crate) fn idx(base: Register, index: Register, scale: u32, disp: i64) -> MemoryOperand {
    MemoryOperand::with_base_index_scale_displ_size(base, index, scale, disp, 1)
}

/// `code register, register`.
pub(crate) fn rr(code: Code, a: Register, b: Register) -> Item {
    I(Instruction::with2(code, a, b).expect("an instruction"))
}

/// `code register, memory`.
pub(crate) fn rm(code: Code, a: Register, m: MemoryOperand) -> Item {
    I(Instruction::with2(code, a, m).expect("an instruction"))
}

/// `code memory, register`.
pub(crate) fn mr(code: Code, m: MemoryOperand, a: Register) -> Item {
    I(Instruction::with2(code, m, a).expect("an instruction"))
}

/// `code register, immediate`.
pub(crate) fn ri(code: Code, a: Register, imm: i32) -> Item {
    I(Instruction::with2(code, a, imm).expect("an instruction"))
}

/// `code register`.
pub(crate) fn r(code: Code, a: Register) -> Item {
    I(Instruction::with1(code, a).expect("an instruction"))
}

/// `ret`.
pub(crate) fn ret() -> Item {
    I(Instruction::with(Code::Retnq))
}

/// An access to linear memory that may fault.
pub(crate) fn faults(item: Item) -> Item {
    match item {
        I(instruction) => Row(instruction, traps::MEMORY_OUT_OF_BOUNDS),
        other => other,
    }
}
