//! Integer instructions: iced codes → classes. A code that is not here is refused.
//! Forms with 8- and 16-bit destinations keep the upper bits, so such a register becomes unknown.

use super::{Alu, Class, Condition};

classes! {
    // `mov`: the value goes over; a 32-bit destination loses its upper half.
    Mov_rm8_r8 | Mov_rm16_r16 | Mov_rm32_r32 | Mov_rm64_r64 | Mov_r8_rm8 | Mov_r16_rm16
    | Mov_r32_rm32 | Mov_r64_rm64 | Mov_r8_imm8 | Mov_r16_imm16 | Mov_r32_imm32
    | Mov_r64_imm64 | Mov_rm8_imm8 | Mov_rm16_imm16 | Mov_rm32_imm32 | Mov_rm64_imm32
        => Class::Move,
    // `movzx`.
    Movzx_r16_rm8 | Movzx_r32_rm8 | Movzx_r64_rm8 | Movzx_r32_rm16 | Movzx_r64_rm16
        => Class::ZeroExtend,
    // `movsx`, `movsxd`: nothing is known of the result.
    Movsx_r16_rm8 | Movsx_r32_rm8 | Movsx_r64_rm8 | Movsx_r32_rm16 | Movsx_r64_rm16
    | Movsxd_r64_rm32
        => Class::SignExtend,
    // `lea`: modular sum of base, scaled index, displacement.
    Lea_r32_m | Lea_r64_m
        => Class::Lea,
    // `add`.
    Add_rm8_r8 | Add_r8_rm8 | Add_rm16_r16 | Add_r16_rm16 | Add_rm32_r32 | Add_r32_rm32
    | Add_rm64_r64 | Add_r64_rm64 | Add_AL_imm8 | Add_AX_imm16 | Add_EAX_imm32
    | Add_RAX_imm32 | Add_rm8_imm8 | Add_rm16_imm16 | Add_rm32_imm32 | Add_rm64_imm32
    | Add_rm16_imm8 | Add_rm32_imm8 | Add_rm64_imm8
        => Class::Alu(Alu::Add),
    // `sub`.
    Sub_rm8_r8 | Sub_r8_rm8 | Sub_rm16_r16 | Sub_r16_rm16 | Sub_rm32_r32 | Sub_r32_rm32
    | Sub_rm64_r64 | Sub_r64_rm64 | Sub_AL_imm8 | Sub_AX_imm16 | Sub_EAX_imm32
    | Sub_RAX_imm32 | Sub_rm8_imm8 | Sub_rm16_imm16 | Sub_rm32_imm32 | Sub_rm64_imm32
    | Sub_rm16_imm8 | Sub_rm32_imm8 | Sub_rm64_imm8
        => Class::Alu(Alu::Sub),
    // `and`.
    And_rm8_r8 | And_r8_rm8 | And_rm16_r16 | And_r16_rm16 | And_rm32_r32 | And_r32_rm32
    | And_rm64_r64 | And_r64_rm64 | And_AL_imm8 | And_AX_imm16 | And_EAX_imm32
    | And_RAX_imm32 | And_rm8_imm8 | And_rm16_imm16 | And_rm32_imm32 | And_rm64_imm32
    | And_rm16_imm8 | And_rm32_imm8 | And_rm64_imm8
        => Class::Alu(Alu::And),
    // `or`.
    Or_rm8_r8 | Or_r8_rm8 | Or_rm16_r16 | Or_r16_rm16 | Or_rm32_r32 | Or_r32_rm32
    | Or_rm64_r64 | Or_r64_rm64 | Or_AL_imm8 | Or_AX_imm16 | Or_EAX_imm32 | Or_RAX_imm32
    | Or_rm8_imm8 | Or_rm16_imm16 | Or_rm32_imm32 | Or_rm64_imm32 | Or_rm16_imm8
    | Or_rm32_imm8 | Or_rm64_imm8
        => Class::Alu(Alu::Or),
    // `xor`.
    Xor_rm8_r8 | Xor_r8_rm8 | Xor_rm16_r16 | Xor_r16_rm16 | Xor_rm32_r32 | Xor_r32_rm32
    | Xor_rm64_r64 | Xor_r64_rm64 | Xor_AL_imm8 | Xor_AX_imm16 | Xor_EAX_imm32
    | Xor_RAX_imm32 | Xor_rm8_imm8 | Xor_rm16_imm16 | Xor_rm32_imm32 | Xor_rm64_imm32
    | Xor_rm16_imm8 | Xor_rm32_imm8 | Xor_rm64_imm8
        => Class::Alu(Alu::Xor),
    // `adc`, `sbb`.
    Adc_rm8_r8 | Adc_r8_rm8 | Adc_rm16_r16 | Adc_r16_rm16 | Adc_rm32_r32 | Adc_r32_rm32
    | Adc_rm64_r64 | Adc_r64_rm64 | Adc_AL_imm8 | Adc_AX_imm16 | Adc_EAX_imm32
    | Adc_RAX_imm32 | Adc_rm8_imm8 | Adc_rm16_imm16 | Adc_rm32_imm32 | Adc_rm64_imm32
    | Adc_rm16_imm8 | Adc_rm32_imm8 | Adc_rm64_imm8 | Sbb_rm8_r8 | Sbb_r8_rm8
    | Sbb_rm16_r16 | Sbb_r16_rm16 | Sbb_rm32_r32 | Sbb_r32_rm32 | Sbb_rm64_r64
    | Sbb_r64_rm64 | Sbb_AL_imm8 | Sbb_AX_imm16 | Sbb_EAX_imm32 | Sbb_RAX_imm32
    | Sbb_rm8_imm8 | Sbb_rm16_imm16 | Sbb_rm32_imm32 | Sbb_rm64_imm32 | Sbb_rm16_imm8
    | Sbb_rm32_imm8 | Sbb_rm64_imm8
        => Class::Alu(Alu::Carry),
    // `cmp`.
    Cmp_rm8_r8 | Cmp_r8_rm8 | Cmp_rm16_r16 | Cmp_r16_rm16 | Cmp_rm32_r32 | Cmp_r32_rm32
    | Cmp_rm64_r64 | Cmp_r64_rm64 | Cmp_AL_imm8 | Cmp_AX_imm16 | Cmp_EAX_imm32
    | Cmp_RAX_imm32 | Cmp_rm8_imm8 | Cmp_rm16_imm16 | Cmp_rm32_imm32 | Cmp_rm64_imm32
    | Cmp_rm16_imm8 | Cmp_rm32_imm8 | Cmp_rm64_imm8
        => Class::Compare,
    // `test`.
    Test_rm8_r8 | Test_rm16_r16 | Test_rm32_r32 | Test_rm64_r64 | Test_AL_imm8
    | Test_AX_imm16 | Test_EAX_imm32 | Test_RAX_imm32 | Test_rm8_imm8 | Test_rm16_imm16
    | Test_rm32_imm32 | Test_rm64_imm32
        => Class::Test,
    // `shl`.
    Shl_rm8_imm8 | Shl_rm8_CL | Shl_rm8_1 | Shl_rm16_imm8 | Shl_rm16_CL | Shl_rm16_1
    | Shl_rm32_imm8 | Shl_rm32_CL | Shl_rm32_1 | Shl_rm64_imm8 | Shl_rm64_CL | Shl_rm64_1
        => Class::Alu(Alu::ShiftLeft),
    // `shr`.
    Shr_rm8_imm8 | Shr_rm8_CL | Shr_rm8_1 | Shr_rm16_imm8 | Shr_rm16_CL | Shr_rm16_1
    | Shr_rm32_imm8 | Shr_rm32_CL | Shr_rm32_1 | Shr_rm64_imm8 | Shr_rm64_CL | Shr_rm64_1
        => Class::Alu(Alu::ShiftRight),
    // Shifts and rotations whose results are unknown.
    Sar_rm8_imm8 | Sar_rm8_CL | Sar_rm8_1 | Sar_rm16_imm8 | Sar_rm16_CL | Sar_rm16_1
    | Sar_rm32_imm8 | Sar_rm32_CL | Sar_rm32_1 | Sar_rm64_imm8 | Sar_rm64_CL | Sar_rm64_1
    | Rol_rm8_imm8 | Rol_rm8_CL | Rol_rm8_1 | Rol_rm16_imm8 | Rol_rm16_CL | Rol_rm16_1
    | Rol_rm32_imm8 | Rol_rm32_CL | Rol_rm32_1 | Rol_rm64_imm8 | Rol_rm64_CL | Rol_rm64_1
    | Ror_rm8_imm8 | Ror_rm8_CL | Ror_rm8_1 | Ror_rm16_imm8 | Ror_rm16_CL | Ror_rm16_1
    | Ror_rm32_imm8 | Ror_rm32_CL | Ror_rm32_1 | Ror_rm64_imm8 | Ror_rm64_CL | Ror_rm64_1
        => Class::Alu(Alu::Rotate),
    // `shld`, `shrd`.
    Shld_rm16_r16_imm8 | Shld_rm16_r16_CL | Shld_rm32_r32_imm8 | Shld_rm32_r32_CL
    | Shld_rm64_r64_imm8 | Shld_rm64_r64_CL | Shrd_rm16_r16_imm8 | Shrd_rm16_r16_CL
    | Shrd_rm32_r32_imm8 | Shrd_rm32_r32_CL | Shrd_rm64_r64_imm8 | Shrd_rm64_r64_CL
        => Class::Alu(Alu::DoubleShift),
    // `neg`: 0 alone stays 0.
    Neg_rm8 | Neg_rm16 | Neg_rm32 | Neg_rm64
        => Class::Alu(Alu::Negate),
    Not_rm8 | Not_rm16 | Not_rm32 | Not_rm64
        => Class::Alu(Alu::Not),
    // `bswap`: operand 0 becomes unknown.
    Bswap_r32 | Bswap_r64
        => Class::Alu(Alu::Unary),
    // Operand 0 becomes an unknown number; other operands are read.
    Imul_r16_rm16 | Imul_r32_rm32 | Imul_r64_rm64 | Imul_r16_rm16_imm8 | Imul_r32_rm32_imm8
    | Imul_r64_rm64_imm8 | Imul_r16_rm16_imm16 | Imul_r32_rm32_imm32 | Imul_r64_rm64_imm32
    | Lzcnt_r16_rm16 | Lzcnt_r32_rm32 | Lzcnt_r64_rm64 | Tzcnt_r16_rm16 | Tzcnt_r32_rm32
    | Tzcnt_r64_rm64 | Popcnt_r16_rm16 | Popcnt_r32_rm32 | Popcnt_r64_rm64
    | VEX_Andn_r32_r32_rm32 | VEX_Andn_r64_r64_rm64 | VEX_Blsi_r32_rm32 | VEX_Blsi_r64_rm64
    | VEX_Blsmsk_r32_rm32 | VEX_Blsmsk_r64_rm64 | VEX_Blsr_r32_rm32 | VEX_Blsr_r64_rm64
    | VEX_Bzhi_r32_rm32_r32 | VEX_Bzhi_r64_rm64_r64 | VEX_Sarx_r32_rm32_r32
    | VEX_Sarx_r64_rm64_r64 | VEX_Shlx_r32_rm32_r32 | VEX_Shlx_r64_rm64_r64
    | VEX_Shrx_r32_rm32_r32 | VEX_Shrx_r64_rm64_r64 | VEX_Rorx_r32_rm32_imm8
    | VEX_Rorx_r64_rm64_imm8
        => Class::Define,
    // `bsf`, `bsr`: with source 0 all 64 bits of the destination stay, so a 32-bit form is not
    // zero-extended.
    Bsf_r16_rm16 | Bsf_r32_rm32 | Bsf_r64_rm64 | Bsr_r16_rm16 | Bsr_r32_rm32 | Bsr_r64_rm64
        => Class::Scan,
    // `mulx`: two destinations.
    VEX_Mulx_r32_r32_rm32 | VEX_Mulx_r64_r64_rm64
        => Class::MultiplyPair,
    // One-operand `mul`, `imul`: rax and rdx become unknown.
    Mul_rm8 | Mul_rm16 | Mul_rm32 | Mul_rm64 | Imul_rm8 | Imul_rm16 | Imul_rm32 | Imul_rm64
        => Class::MultiplyWide,
    // `div`, `idiv`: rax and rdx become unknown; may fault.
    Div_rm8 | Div_rm16 | Div_rm32 | Div_rm64 | Idiv_rm8 | Idiv_rm16 | Idiv_rm32 | Idiv_rm64
        => Class::Divide,
    // `cbw`, `cwde`, `cdqe`: rax becomes unknown.
    Cbw | Cwde | Cdqe
        => Class::ExtendLow,
    // `cwd`, `cdq`, `cqo`: rdx becomes unknown.
    Cwd | Cdq | Cqo
        => Class::ExtendHigh,
    // `bt` of a register: flags only. The memory form reaches beyond its operand.
    Bt_rm16_r16 | Bt_rm16_imm8 | Bt_rm32_r32 | Bt_rm32_imm8 | Bt_rm64_r64 | Bt_rm64_imm8
        => Class::BitTest,
    Seto_rm8
        => Class::SetByte(Condition::Overflow),
    Setno_rm8
        => Class::SetByte(Condition::NotOverflow),
    Setb_rm8
        => Class::SetByte(Condition::Below),
    Setae_rm8
        => Class::SetByte(Condition::AboveEqual),
    Sete_rm8
        => Class::SetByte(Condition::Equal),
    Setne_rm8
        => Class::SetByte(Condition::NotEqual),
    Setbe_rm8
        => Class::SetByte(Condition::BelowEqual),
    Seta_rm8
        => Class::SetByte(Condition::Above),
    Sets_rm8
        => Class::SetByte(Condition::Sign),
    Setns_rm8
        => Class::SetByte(Condition::NotSign),
    Setp_rm8
        => Class::SetByte(Condition::Parity),
    Setnp_rm8
        => Class::SetByte(Condition::NotParity),
    Setl_rm8
        => Class::SetByte(Condition::Less),
    Setge_rm8
        => Class::SetByte(Condition::GreaterEqual),
    Setle_rm8
        => Class::SetByte(Condition::LessEqual),
    Setg_rm8
        => Class::SetByte(Condition::Greater),
}
