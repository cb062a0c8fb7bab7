//! Instructions on floats, as far as [`crate::floats`] follows them.

use super::Insn;
use iced_x86::Code;

/// A step that is followed. Its floats have the number of bytes that it says, and lie in the lowest
/// bytes of vector registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A comparison of operands 0 and 1, as by `ucomisd`.
    Compare(u32),
    /// Operand 0, a general register, becomes an integer: the last operand, rounded towards 0.
    Convert(u32),
    /// A float of 4 bytes becomes one of 8.
    Widen,
    /// A float of 8 bytes is rounded towards 0.
    Round,
    /// As many bytes of a general register; the ones above become 0.
    Bits(u32),
    /// A whole vector register.
    Copy,
    /// The bits that one of two has.
    Xor,
    /// The difference.
    Subtract(u32),
}

/// The step that an instruction is; none that is not followed.
pub(crate) fn step(insn: &Insn) -> Option<Step> {
    Some(match insn.raw.code() {
        Code::Ucomisd_xmm_xmmm64 | Code::VEX_Vucomisd_xmm_xmmm64 => Step::Compare(8),
        Code::Ucomiss_xmm_xmmm32 | Code::VEX_Vucomiss_xmm_xmmm32 => Step::Compare(4),
        Code::Cvttsd2si_r32_xmmm64
        | Code::Cvttsd2si_r64_xmmm64
        | Code::VEX_Vcvttsd2si_r32_xmmm64
        | Code::VEX_Vcvttsd2si_r64_xmmm64 => Step::Convert(8),
        Code::Cvttss2si_r32_xmmm32
        | Code::Cvttss2si_r64_xmmm32
        | Code::VEX_Vcvttss2si_r32_xmmm32
        | Code::VEX_Vcvttss2si_r64_xmmm32 => Step::Convert(4),
        Code::Cvtss2sd_xmm_xmmm32 | Code::VEX_Vcvtss2sd_xmm_xmm_xmmm32 => Step::Widen,
        Code::Roundsd_xmm_xmmm64_imm8 | Code::VEX_Vroundsd_xmm_xmm_xmmm64_imm8 => {
            // Bits 0 and 1 say where to, bit 2 that the processor's register does.
            let towards_0 = insn.raw.immediate8() & 7 == 3;
            return planted!(AnyRoundingIsTowards0, towards_0, true).then_some(Step::Round);
        }
        Code::Movq_xmm_rm64 | Code::VEX_Vmovq_xmm_rm64 => Step::Bits(8),
        Code::Movd_xmm_rm32 | Code::VEX_Vmovd_xmm_rm32 => Step::Bits(4),
        Code::Movaps_xmm_xmmm128
        | Code::Movapd_xmm_xmmm128
        | Code::Movdqa_xmm_xmmm128
        | Code::VEX_Vmovaps_xmm_xmmm128
        | Code::VEX_Vmovapd_xmm_xmmm128
        | Code::VEX_Vmovdqa_xmm_xmmm128 => Step::Copy,
        Code::Xorps_xmm_xmmm128
        | Code::Xorpd_xmm_xmmm128
        | Code::Pxor_xmm_xmmm128
        | Code::VEX_Vxorps_xmm_xmm_xmmm128
        | Code::VEX_Vxorpd_xmm_xmm_xmmm128
        | Code::VEX_Vpxor_xmm_xmm_xmmm128 => Step::Xor,
        Code::Subsd_xmm_xmmm64 | Code::VEX_Vsubsd_xmm_xmm_xmmm64 => Step::Subtract(8),
        Code::Subss_xmm_xmmm32 | Code::VEX_Vsubss_xmm_xmm_xmmm32 => Step::Subtract(4),
        _ => return None,
    })
}
