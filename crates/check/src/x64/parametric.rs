//! Conditional moves: iced codes → classes.

use super::{Class, Condition};

classes! {
    Cmovo_r16_rm16 | Cmovo_r32_rm32 | Cmovo_r64_rm64
        => Class::Select(Condition::Overflow),
    Cmovno_r16_rm16 | Cmovno_r32_rm32 | Cmovno_r64_rm64
        => Class::Select(Condition::NotOverflow),
    Cmovb_r16_rm16 | Cmovb_r32_rm32 | Cmovb_r64_rm64
        => Class::Select(Condition::Below),
    Cmovae_r16_rm16 | Cmovae_r32_rm32 | Cmovae_r64_rm64
        => Class::Select(Condition::AboveEqual),
    Cmove_r16_rm16 | Cmove_r32_rm32 | Cmove_r64_rm64
        => Class::Select(Condition::Equal),
    Cmovne_r16_rm16 | Cmovne_r32_rm32 | Cmovne_r64_rm64
        => Class::Select(Condition::NotEqual),
    Cmovbe_r16_rm16 | Cmovbe_r32_rm32 | Cmovbe_r64_rm64
        => Class::Select(Condition::BelowEqual),
    Cmova_r16_rm16 | Cmova_r32_rm32 | Cmova_r64_rm64
        => Class::Select(Condition::Above),
    Cmovs_r16_rm16 | Cmovs_r32_rm32 | Cmovs_r64_rm64
        => Class::Select(Condition::Sign),
    Cmovns_r16_rm16 | Cmovns_r32_rm32 | Cmovns_r64_rm64
        => Class::Select(Condition::NotSign),
    Cmovp_r16_rm16 | Cmovp_r32_rm32 | Cmovp_r64_rm64
        => Class::Select(Condition::Parity),
    Cmovnp_r16_rm16 | Cmovnp_r32_rm32 | Cmovnp_r64_rm64
        => Class::Select(Condition::NotParity),
    Cmovl_r16_rm16 | Cmovl_r32_rm32 | Cmovl_r64_rm64
        => Class::Select(Condition::Less),
    Cmovge_r16_rm16 | Cmovge_r32_rm32 | Cmovge_r64_rm64
        => Class::Select(Condition::GreaterEqual),
    Cmovle_r16_rm16 | Cmovle_r32_rm32 | Cmovle_r64_rm64
        => Class::Select(Condition::LessEqual),
    Cmovg_r16_rm16 | Cmovg_r32_rm32 | Cmovg_r64_rm64
        => Class::Select(Condition::Greater),
}
