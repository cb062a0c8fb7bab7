//! Instructions of every code of the tables, with random operands.

use iced_x86::{
    Code, CodeSize, Encoder, Instruction, MemoryOperand, OpCodeInfo, OpCodeOperandKind as K,
    OpKind, Register,
};
use prova_random::Rng;

/// The register `number` behind the first one of its width.
fn numbered(first: Register, number: usize) -> Register {
    let index = first as usize + number;
    Register::values().find(|one| *one as usize == index).expect("a register")
}

/// The byte register of a number.
fn byte(number: usize) -> Register {
    if number < 4 { numbered(Register::AL, number) } else { numbered(Register::SPL, number - 4) }
}

/// A memory operand of any form.
fn memory(rng: &mut Rng) -> MemoryOperand {
    let register = |rng: &mut Rng| numbered(Register::RAX, rng.below(16));
    let disp = match rng.below(4) {
        0 => 0,
        1 => i64::from(rng.bits() as i8),
        _ => i64::from(rng.bits() as i32),
    };
    let base = if rng.percent(90) { register(rng) } else { Register::None };
    if base != Register::None && rng.percent(20) {
        return MemoryOperand::with_base_displ_size(Register::RIP, disp.abs(), 8);
    }
    let index = match register(rng) {
        Register::RSP => Register::None,
        index if rng.percent(60) || base == Register::None => index,
        _ => Register::None,
    };
    let size = if base == Register::None || disp != 0 { 8 } else { 1 };
    let (base, index) = match (base, index) {
        (Register::None, Register::None) => (Register::RAX, index),
        both => both,
    };
    let scale = if index == Register::None { 1 } else { 1 << rng.below(4) };
    MemoryOperand::with_base_index_scale_displ_size(base, index, scale, disp, size)
}

/// The register of an operand that is or may be one.
fn register(rng: &mut Rng, kind: K) -> Option<Register> {
    let n = rng.below(16);
    Some(match kind {
        K::r8_or_mem | K::r8_reg | K::r8_opcode => byte(n),
        K::r16_or_mem | K::r16_reg | K::r16_opcode | K::r16_rm => numbered(Register::AX, n),
        K::r32_or_mem | K::r32_reg | K::r32_vvvv | K::r32_rm | K::r32_opcode => {
            numbered(Register::EAX, n)
        }
        K::r64_or_mem | K::r64_reg | K::r64_vvvv | K::r64_rm | K::r64_opcode => {
            numbered(Register::RAX, n)
        }
        K::al => Register::AL,
        K::cl => Register::CL,
        K::ax => Register::AX,
        K::eax => Register::EAX,
        K::rax => Register::RAX,
        K::xmm_reg | K::xmm_or_mem | K::xmm_vvvv | K::xmm_rm | K::xmm_is4 => {
            numbered(Register::XMM0, n)
        }
        _ => return None,
    })
}

/// Sets an immediate operand; false for another kind.
fn immediate(rng: &mut Rng, made: &mut Instruction, n: u32, kind: K) -> bool {
    let (as_kind, value) = match kind {
        K::imm8 => (OpKind::Immediate8, rng.bits() & 0xff),
        K::imm8_const_1 => (OpKind::Immediate8, 1),
        K::imm8sex16 => (OpKind::Immediate8to16, rng.bits() as i8 as u64),
        K::imm8sex32 => (OpKind::Immediate8to32, rng.bits() as i8 as u64),
        K::imm8sex64 => (OpKind::Immediate8to64, rng.bits() as i8 as u64),
        K::imm16 => (OpKind::Immediate16, rng.bits() & 0xffff),
        K::imm32 => (OpKind::Immediate32, rng.bits() as i32 as u64),
        K::imm32sex64 => (OpKind::Immediate32to64, rng.bits() as i32 as u64),
        K::imm64 => (OpKind::Immediate64, rng.bits()),
        _ => return false,
    };
    made.set_op_kind(n, as_kind);
    made.try_set_immediate_i64(n, value as i64).is_ok()
}

/// An instruction of a code with random operands, memory among them where `wants_memory`.
pub(crate) fn instruction(rng: &mut Rng, code: Code, wants_memory: bool) -> Option<Instruction> {
    let opcode: &OpCodeInfo = code.op_code();
    if opcode.op_count() == 1 && matches!(opcode.op_kind(0), K::br64_1 | K::br64_4) {
        let near = if opcode.op_kind(0) == K::br64_1 { 0x70 } else { 0x7fff_0000 };
        return Instruction::with_branch(code, rng.below(near) as u64).ok();
    }
    let mut made = Instruction::default();
    made.set_code(code);
    for n in 0..opcode.op_count() {
        let kind = opcode.op_kind(n);
        let may = [K::r8_or_mem, K::r16_or_mem, K::r32_or_mem, K::r64_or_mem, K::xmm_or_mem];
        if kind == K::mem || (wants_memory && may.contains(&kind)) {
            let memory = memory(rng);
            made.set_op_kind(n, OpKind::Memory);
            made.set_memory_base(memory.base);
            made.set_memory_index(memory.index);
            made.set_memory_index_scale(memory.scale);
            made.set_memory_displacement64(memory.displacement as u64);
            made.set_memory_displ_size(memory.displ_size);
        } else if let Some(register) = register(rng, kind) {
            made.set_op_kind(n, OpKind::Register);
            made.set_op_register(n, register);
        } else if !immediate(rng, &mut made, n, kind) {
            return None;
        }
    }
    made.set_code_size(CodeSize::Code64);
    Some(made)
}

pub(crate) fn encode(instruction: &Instruction) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(64);
    encoder.encode(instruction, 0).ok()?;
    Some(encoder.take_buffer())
}
