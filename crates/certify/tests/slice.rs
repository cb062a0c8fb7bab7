//! The slice's reads and writes of registers beside those that the decoder's table has, for every
//! code of the check's tables that has a form of registers.

use iced_x86::{
    Code, CodeSize, Encoder, Instruction, InstructionInfoFactory, OpAccess, OpCodeOperandKind,
    OpKind, Register,
};
use prova_check::x64::{Class, Instructions, class};
use std::collections::BTreeSet;

/// Whether the transfer is by operands: not control, stack or nothing.
fn is_sliced(class: Class) -> bool {
    !matches!(
        class,
        Class::Branch(_)
            | Class::Jump
            | Class::Leave
            | Class::JumpTo
            | Class::Call
            | Class::CallTo
            | Class::Return
            | Class::Push
            | Class::Pop
            | Class::Trap
            | Class::Nop
            | Class::Fence
            | Class::Lea
    )
}

/// The instruction of this code with another register for each operand.
fn of_registers(code: Code) -> Option<Instruction> {
    use OpCodeOperandKind as K;
    let mut made = Instruction::default();
    made.set_code(code);
    let opcode = code.op_code();
    for n in 0..opcode.op_count() {
        let at = n as usize;
        let [byte, half, word, wide] = [
            [Register::CL, Register::BL, Register::R9L, Register::R10L],
            [Register::CX, Register::BX, Register::R9W, Register::R10W],
            [Register::ECX, Register::EBX, Register::R9D, Register::R10D],
            [Register::RCX, Register::RBX, Register::R9, Register::R10],
        ]
        .map(|registers| registers[at]);
        let vector = [Register::XMM1, Register::XMM2, Register::XMM3, Register::XMM4][at];
        let register = match opcode.op_kind(n) {
            K::r8_reg | K::r8_or_mem | K::r8_opcode => byte,
            K::r16_reg | K::r16_or_mem | K::r16_opcode | K::r16_rm => half,
            K::r32_reg | K::r32_or_mem | K::r32_vvvv | K::r32_rm | K::r32_opcode => word,
            K::r64_reg | K::r64_or_mem | K::r64_vvvv | K::r64_rm | K::r64_opcode => wide,
            K::xmm_reg | K::xmm_or_mem | K::xmm_vvvv | K::xmm_rm | K::xmm_is4 => vector,
            K::al => Register::AL,
            // The first operand is another register.
            K::cl if at > 0 => {
                let first = made.op0_register();
                let other = match first.size() {
                    1 => Register::R8L,
                    2 => Register::R8W,
                    4 => Register::R8D,
                    _ => Register::R8,
                };
                made.set_op0_register(other);
                Register::CL
            }
            K::ax => Register::AX,
            K::eax => Register::EAX,
            K::rax => Register::RAX,
            kind => {
                let kind = match kind {
                    K::imm8 => OpKind::Immediate8,
                    K::imm8_const_1 => OpKind::Immediate8,
                    K::imm8sex16 => OpKind::Immediate8to16,
                    K::imm8sex32 => OpKind::Immediate8to32,
                    K::imm8sex64 => OpKind::Immediate8to64,
                    K::imm16 => OpKind::Immediate16,
                    K::imm32 => OpKind::Immediate32,
                    K::imm32sex64 => OpKind::Immediate32to64,
                    K::imm64 => OpKind::Immediate64,
                    _ => return None,
                };
                made.set_op_kind(n, kind);
                made.try_set_immediate_i64(n, 1).ok()?;
                continue;
            }
        };
        made.set_op_kind(n, OpKind::Register);
        made.set_op_register(n, register);
    }
    made.set_code_size(CodeSize::Code64);
    Some(made)
}

/// The registers of a set of the slice.
fn registers(low: u16) -> BTreeSet<u32> {
    (0..16).filter(|n| low >> n & 1 == 1).collect()
}

/// General registers that the decoder's table has: those that may be read, those that are written
/// whole in each case, and those that may be.
fn of_table(factory: &mut InstructionInfoFactory, insn: &Instruction) -> [BTreeSet<u32>; 3] {
    let (mut read, mut always, mut maybe) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for used in factory.info(insn).used_registers() {
        let register = used.register();
        if !register.is_gpr() {
            continue;
        }
        let n = register.full_register().number() as u32;
        let whole = register.size() >= 4;
        match used.access() {
            OpAccess::Read | OpAccess::CondRead => drop(read.insert(n)),
            OpAccess::Write if whole => drop(always.insert(n)),
            OpAccess::Write => drop(maybe.insert(n)),
            OpAccess::ReadWrite => {
                read.insert(n);
                if whole {
                    always.insert(n)
                } else {
                    maybe.insert(n)
                };
            }
            // Where it is not written it stays.
            OpAccess::CondWrite | OpAccess::ReadCondWrite => {
                read.insert(n);
                maybe.insert(n);
            }
            _ => {}
        }
    }
    [read, always, maybe]
}

/// How the slice of an instruction differs from the table; none if it does not.
fn difference(
    factory: &mut InstructionInfoFactory,
    (code, executed): (Code, Code),
) -> Option<Option<String>> {
    let made = of_registers(code)?;
    let mut encoder = Encoder::new(64);
    encoder.encode(&made, 0).ok()?;
    let bytes = encoder.take_buffer();
    let insn = Instructions::new(&bytes).at(0).ok()?;
    let (read, ends) = prova_certify::registers_of(&insn);
    let [reads, always, maybe] = of_table(factory, &of_registers(executed)?);
    let (read, ends) = (registers(read), registers(ends));
    // A narrow move ends its destination: nothing is known of what it leaves.
    let moves = insn.class == Class::Move;
    let is_right = read == reads
        && always.is_subset(&ends)
        && ends.iter().all(|n| {
            always.contains(n)
                || maybe.contains(n) && (moves || insn.place(0).1.is_none_or(|(_, b)| b >= 4))
        });
    Some((!is_right).then(|| {
        format!(
            "{made}: reads {read:?}, not {reads:?}; ends {ends:?}, not {always:?} with {maybe:?}"
        )
    }))
}

#[test]
fn reads_and_writes_are_those_of_the_decoder() {
    let mut factory = InstructionInfoFactory::new();
    let codes = Code::values().filter(|code| class(*code).is_some_and(is_sliced));
    let (mut tried, mut wrong) = (0, Vec::new());
    for code in codes {
        let Some(found) = difference(&mut factory, (code, code)) else { continue };
        tried += 1;
        wrong.extend(found);
    }
    println!("{tried} codes");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 800, "{tried}");
}

/// A table that has other accesses is seen.
#[test]
fn another_instruction_is_seen() {
    let pairs = [
        (Code::Mov_r64_rm64, Code::Add_r64_rm64),
        (Code::Imul_r64_rm64, Code::Mov_r64_rm64),
        (Code::Cmp_rm64_r64, Code::Sub_rm64_r64),
        (Code::Bt_rm64_r64, Code::Add_rm64_r64),
        (Code::Mul_rm64, Code::Neg_rm64),
        (Code::Cdqe, Code::Cqo),
        (Code::Xchg_rm64_r64, Code::Mov_rm64_r64),
    ];
    let mut factory = InstructionInfoFactory::new();
    for pair in pairs {
        let found = difference(&mut factory, pair).expect("a form of registers");
        assert!(found.is_some(), "{pair:?}");
    }
}
