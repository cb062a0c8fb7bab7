//! Locked instructions and fences: iced codes → classes.

use super::Class;

classes! {
    // `xchg` (locked by itself).
    Xchg_rm8_r8 | Xchg_rm16_r16 | Xchg_rm32_r32 | Xchg_rm64_r64 | Xchg_r32_EAX
    | Xchg_r64_RAX
        => Class::Exchange,
    // `xadd`.
    Xadd_rm8_r8 | Xadd_rm16_r16 | Xadd_rm32_r32 | Xadd_rm64_r64
        => Class::ExchangeAdd,
    // `cmpxchg`: a 32-bit form leaves upper halves alone in one case each.
    Cmpxchg_rm8_r8 | Cmpxchg_rm16_r16 | Cmpxchg_rm32_r32 | Cmpxchg_rm64_r64
        => Class::CompareExchange,
    // Fences.
    Mfence | Sfence | Lfence
        => Class::Fence,
}
