//! Control instructions: iced codes → classes.

use super::{Class, Condition};

classes! {
    // Direct `jmp`.
    Jmp_rel8_64 | Jmp_rel32_64
        => Class::Jump,
    // `jmp` to a register.
    Jmp_rm64
        => Class::JumpTo,
    // Direct `call`.
    Call_rel32_64
        => Class::Call,
    // `call` of a register.
    Call_rm64
        => Class::CallTo,
    // `ret`, `ret imm16`.
    Retnq | Retnq_imm16
        => Class::Return,
    // `push` of a 64-bit register.
    Push_r64
        => Class::Push,
    // `pop` of a 64-bit register.
    Pop_r64
        => Class::Pop,
    // `ud2`.
    Ud2
        => Class::Trap,
    // Nothing happens; a memory operand is not accessed.
    Nopw | Nopd | Nopq | Nop_rm16 | Nop_rm32 | Nop_rm64
        => Class::Nop,
    Jo_rel8_64 | Jo_rel32_64
        => Class::Branch(Condition::Overflow),
    Jno_rel8_64 | Jno_rel32_64
        => Class::Branch(Condition::NotOverflow),
    Jb_rel8_64 | Jb_rel32_64
        => Class::Branch(Condition::Below),
    Jae_rel8_64 | Jae_rel32_64
        => Class::Branch(Condition::AboveEqual),
    Je_rel8_64 | Je_rel32_64
        => Class::Branch(Condition::Equal),
    Jne_rel8_64 | Jne_rel32_64
        => Class::Branch(Condition::NotEqual),
    Jbe_rel8_64 | Jbe_rel32_64
        => Class::Branch(Condition::BelowEqual),
    Ja_rel8_64 | Ja_rel32_64
        => Class::Branch(Condition::Above),
    Js_rel8_64 | Js_rel32_64
        => Class::Branch(Condition::Sign),
    Jns_rel8_64 | Jns_rel32_64
        => Class::Branch(Condition::NotSign),
    Jp_rel8_64 | Jp_rel32_64
        => Class::Branch(Condition::Parity),
    Jnp_rel8_64 | Jnp_rel32_64
        => Class::Branch(Condition::NotParity),
    Jl_rel8_64 | Jl_rel32_64
        => Class::Branch(Condition::Less),
    Jge_rel8_64 | Jge_rel32_64
        => Class::Branch(Condition::GreaterEqual),
    Jle_rel8_64 | Jle_rel32_64
        => Class::Branch(Condition::LessEqual),
    Jg_rel8_64 | Jg_rel32_64
        => Class::Branch(Condition::Greater),
}
