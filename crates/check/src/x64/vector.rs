//! SSE, AVX and AVX-512 (128-bit) instructions, scalar floats among them: iced codes → classes.
//!
//! Vector registers are not tracked, so nothing but access widths matters. No MMX, no 256-bit, no
//! masks (`Insn::extension`), no gathers.

use super::Class;

classes! {
    // Operand 0 becomes unknown (a vector register, a general one, or memory of the decoder's
    // width); others are read.
    Addpd_xmm_xmmm128 | Addps_xmm_xmmm128 | Addsd_xmm_xmmm64 | Addss_xmm_xmmm32
    | Andnpd_xmm_xmmm128 | Andnps_xmm_xmmm128 | Andpd_xmm_xmmm128 | Andps_xmm_xmmm128
    | Blendvpd_xmm_xmmm128 | Blendvps_xmm_xmmm128 | Cmppd_xmm_xmmm128_imm8
    | Cmpps_xmm_xmmm128_imm8 | Cmpsd_xmm_xmmm64_imm8 | Cmpss_xmm_xmmm32_imm8
    | Cvtdq2pd_xmm_xmmm64 | Cvtdq2ps_xmm_xmmm128 | Cvtpd2ps_xmm_xmmm128
    | Cvtps2pd_xmm_xmmm64 | Cvtsd2si_r32_xmmm64 | Cvtsd2si_r64_xmmm64 | Cvtsd2ss_xmm_xmmm64
    | Cvtss2sd_xmm_xmmm32 | Cvtss2si_r32_xmmm32 | Cvtss2si_r64_xmmm32
    | Cvttpd2dq_xmm_xmmm128 | Cvttps2dq_xmm_xmmm128 | Cvttsd2si_r32_xmmm64
    | Cvttsd2si_r64_xmmm64 | Cvttss2si_r32_xmmm32 | Cvttss2si_r64_xmmm32
    | Divpd_xmm_xmmm128 | Divps_xmm_xmmm128 | Divsd_xmm_xmmm64 | Divss_xmm_xmmm32
    | Extractps_r64m32_xmm_imm8 | Extractps_rm32_xmm_imm8 | Insertps_xmm_xmmm32_imm8
    | Maxpd_xmm_xmmm128 | Maxps_xmm_xmmm128 | Maxsd_xmm_xmmm64 | Maxss_xmm_xmmm32
    | Minpd_xmm_xmmm128 | Minps_xmm_xmmm128 | Minsd_xmm_xmmm64 | Minss_xmm_xmmm32
    | Movapd_xmm_xmmm128 | Movapd_xmmm128_xmm | Movaps_xmm_xmmm128 | Movaps_xmmm128_xmm
    | Movd_rm32_xmm | Movd_xmm_rm32 | Movddup_xmm_xmmm64 | Movdqa_xmm_xmmm128
    | Movdqa_xmmm128_xmm | Movdqu_xmm_xmmm128 | Movdqu_xmmm128_xmm | Movhps_m64_xmm
    | Movhps_xmm_m64 | Movlhps_xmm_xmm | Movmskpd_r32_xmm | Movmskpd_r64_xmm
    | Movmskps_r32_xmm | Movmskps_r64_xmm | Movq_rm64_xmm | Movq_xmm_rm64 | Movq_xmm_xmmm64
    | Movq_xmmm64_xmm | Movsd_xmm_xmmm64 | Movsd_xmmm64_xmm | Movss_xmm_xmmm32
    | Movss_xmmm32_xmm | Movupd_xmm_xmmm128 | Movupd_xmmm128_xmm | Movups_xmm_xmmm128
    | Movups_xmmm128_xmm | Mulpd_xmm_xmmm128 | Mulps_xmm_xmmm128 | Mulsd_xmm_xmmm64
    | Mulss_xmm_xmmm32 | Orpd_xmm_xmmm128 | Orps_xmm_xmmm128 | Pabsb_xmm_xmmm128
    | Pabsd_xmm_xmmm128 | Pabsw_xmm_xmmm128 | Packssdw_xmm_xmmm128 | Packsswb_xmm_xmmm128
    | Packusdw_xmm_xmmm128 | Packuswb_xmm_xmmm128 | Paddb_xmm_xmmm128 | Paddd_xmm_xmmm128
    | Paddq_xmm_xmmm128 | Paddsb_xmm_xmmm128 | Paddsw_xmm_xmmm128 | Paddusb_xmm_xmmm128
    | Paddusw_xmm_xmmm128 | Paddw_xmm_xmmm128 | Palignr_xmm_xmmm128_imm8 | Pand_xmm_xmmm128
    | Pandn_xmm_xmmm128 | Pavgb_xmm_xmmm128 | Pavgw_xmm_xmmm128 | Pblendvb_xmm_xmmm128
    | Pblendw_xmm_xmmm128_imm8 | Pcmpeqb_xmm_xmmm128 | Pcmpeqd_xmm_xmmm128
    | Pcmpeqq_xmm_xmmm128 | Pcmpeqw_xmm_xmmm128 | Pcmpgtb_xmm_xmmm128 | Pcmpgtd_xmm_xmmm128
    | Pcmpgtq_xmm_xmmm128 | Pcmpgtw_xmm_xmmm128 | Pextrb_r32m8_xmm_imm8
    | Pextrb_r64m8_xmm_imm8 | Pextrd_rm32_xmm_imm8 | Pextrq_rm64_xmm_imm8
    | Pextrw_r32_xmm_imm8 | Pextrw_r32m16_xmm_imm8 | Pextrw_r64_xmm_imm8
    | Pextrw_r64m16_xmm_imm8 | Phaddd_xmm_xmmm128 | Phaddw_xmm_xmmm128
    | Pinsrb_xmm_r32m8_imm8 | Pinsrb_xmm_r64m8_imm8 | Pinsrd_xmm_rm32_imm8
    | Pinsrq_xmm_rm64_imm8 | Pinsrw_xmm_r32m16_imm8 | Pinsrw_xmm_r64m16_imm8
    | Pmaddubsw_xmm_xmmm128 | Pmaddwd_xmm_xmmm128 | Pmaxsb_xmm_xmmm128 | Pmaxsd_xmm_xmmm128
    | Pmaxsw_xmm_xmmm128 | Pmaxub_xmm_xmmm128 | Pmaxud_xmm_xmmm128 | Pmaxuw_xmm_xmmm128
    | Pminsb_xmm_xmmm128 | Pminsd_xmm_xmmm128 | Pminsw_xmm_xmmm128 | Pminub_xmm_xmmm128
    | Pminud_xmm_xmmm128 | Pminuw_xmm_xmmm128 | Pmovmskb_r32_xmm | Pmovmskb_r64_xmm
    | Pmovsxbd_xmm_xmmm32 | Pmovsxbq_xmm_xmmm16 | Pmovsxbw_xmm_xmmm64 | Pmovsxdq_xmm_xmmm64
    | Pmovsxwd_xmm_xmmm64 | Pmovsxwq_xmm_xmmm32 | Pmovzxbd_xmm_xmmm32 | Pmovzxbq_xmm_xmmm16
    | Pmovzxbw_xmm_xmmm64 | Pmovzxdq_xmm_xmmm64 | Pmovzxwd_xmm_xmmm64 | Pmovzxwq_xmm_xmmm32
    | Pmuldq_xmm_xmmm128 | Pmulhrsw_xmm_xmmm128 | Pmulhuw_xmm_xmmm128 | Pmulhw_xmm_xmmm128
    | Pmulld_xmm_xmmm128 | Pmullw_xmm_xmmm128 | Pmuludq_xmm_xmmm128 | Por_xmm_xmmm128
    | Pshufb_xmm_xmmm128 | Pshufd_xmm_xmmm128_imm8 | Pshufhw_xmm_xmmm128_imm8
    | Pshuflw_xmm_xmmm128_imm8 | Pslld_xmm_imm8 | Pslld_xmm_xmmm128 | Psllq_xmm_imm8
    | Psllq_xmm_xmmm128 | Psllw_xmm_imm8 | Psllw_xmm_xmmm128 | Psrad_xmm_imm8
    | Psrad_xmm_xmmm128 | Psraw_xmm_imm8 | Psraw_xmm_xmmm128 | Psrld_xmm_imm8
    | Psrld_xmm_xmmm128 | Psrlq_xmm_imm8 | Psrlq_xmm_xmmm128 | Psrlw_xmm_imm8
    | Psrlw_xmm_xmmm128 | Psubb_xmm_xmmm128 | Psubd_xmm_xmmm128 | Psubq_xmm_xmmm128
    | Psubsb_xmm_xmmm128 | Psubsw_xmm_xmmm128 | Psubusb_xmm_xmmm128 | Psubusw_xmm_xmmm128
    | Psubw_xmm_xmmm128 | Punpckhbw_xmm_xmmm128 | Punpckhdq_xmm_xmmm128
    | Punpckhqdq_xmm_xmmm128 | Punpckhwd_xmm_xmmm128 | Punpcklbw_xmm_xmmm128
    | Punpckldq_xmm_xmmm128 | Punpcklqdq_xmm_xmmm128 | Punpcklwd_xmm_xmmm128
    | Pxor_xmm_xmmm128 | Rcpps_xmm_xmmm128 | Rcpss_xmm_xmmm32 | Roundpd_xmm_xmmm128_imm8
    | Roundps_xmm_xmmm128_imm8 | Roundsd_xmm_xmmm64_imm8 | Roundss_xmm_xmmm32_imm8
    | Rsqrtps_xmm_xmmm128 | Rsqrtss_xmm_xmmm32 | Shufpd_xmm_xmmm128_imm8
    | Shufps_xmm_xmmm128_imm8 | Sqrtpd_xmm_xmmm128 | Sqrtps_xmm_xmmm128 | Sqrtsd_xmm_xmmm64
    | Sqrtss_xmm_xmmm32 | Subpd_xmm_xmmm128 | Subps_xmm_xmmm128 | Subsd_xmm_xmmm64
    | Subss_xmm_xmmm32 | Unpckhps_xmm_xmmm128 | Unpcklpd_xmm_xmmm128 | Unpcklps_xmm_xmmm128
    | VEX_Vaddpd_xmm_xmm_xmmm128 | VEX_Vaddps_xmm_xmm_xmmm128 | VEX_Vaddsd_xmm_xmm_xmmm64
    | VEX_Vaddss_xmm_xmm_xmmm32 | VEX_Vandnpd_xmm_xmm_xmmm128 | VEX_Vandnps_xmm_xmm_xmmm128
    | VEX_Vandpd_xmm_xmm_xmmm128 | VEX_Vandps_xmm_xmm_xmmm128
    | VEX_Vblendvpd_xmm_xmm_xmmm128_xmm | VEX_Vblendvps_xmm_xmm_xmmm128_xmm
    | VEX_Vbroadcastss_xmm_m32 | VEX_Vbroadcastss_xmm_xmm | VEX_Vcmppd_xmm_xmm_xmmm128_imm8
    | VEX_Vcmpps_xmm_xmm_xmmm128_imm8 | VEX_Vcmpsd_xmm_xmm_xmmm64_imm8
    | VEX_Vcmpss_xmm_xmm_xmmm32_imm8 | VEX_Vcvtdq2pd_xmm_xmmm64 | VEX_Vcvtdq2ps_xmm_xmmm128
    | VEX_Vcvtpd2ps_xmm_xmmm128 | VEX_Vcvtps2pd_xmm_xmmm64 | VEX_Vcvtsd2si_r32_xmmm64
    | VEX_Vcvtsd2si_r64_xmmm64 | VEX_Vcvtsd2ss_xmm_xmm_xmmm64
    | VEX_Vcvtss2sd_xmm_xmm_xmmm32 | VEX_Vcvtss2si_r32_xmmm32 | VEX_Vcvtss2si_r64_xmmm32
    | VEX_Vcvttpd2dq_xmm_xmmm128 | VEX_Vcvttps2dq_xmm_xmmm128 | VEX_Vcvttsd2si_r32_xmmm64
    | VEX_Vcvttsd2si_r64_xmmm64 | VEX_Vcvttss2si_r32_xmmm32 | VEX_Vcvttss2si_r64_xmmm32
    | VEX_Vdivpd_xmm_xmm_xmmm128 | VEX_Vdivps_xmm_xmm_xmmm128 | VEX_Vdivsd_xmm_xmm_xmmm64
    | VEX_Vdivss_xmm_xmm_xmmm32 | VEX_Vextractps_r64m32_xmm_imm8
    | VEX_Vextractps_rm32_xmm_imm8 | VEX_Vinsertps_xmm_xmm_xmmm32_imm8
    | VEX_Vfmadd132pd_xmm_xmm_xmmm128 | VEX_Vfmadd132ps_xmm_xmm_xmmm128
    | VEX_Vfmadd132sd_xmm_xmm_xmmm64 | VEX_Vfmadd132ss_xmm_xmm_xmmm32
    | VEX_Vfmadd213pd_xmm_xmm_xmmm128 | VEX_Vfmadd213ps_xmm_xmm_xmmm128
    | VEX_Vfmadd213sd_xmm_xmm_xmmm64 | VEX_Vfmadd213ss_xmm_xmm_xmmm32
    | VEX_Vfmadd231pd_xmm_xmm_xmmm128 | VEX_Vfmadd231ps_xmm_xmm_xmmm128
    | VEX_Vfmadd231sd_xmm_xmm_xmmm64 | VEX_Vfmadd231ss_xmm_xmm_xmmm32
    | VEX_Vfmsub132pd_xmm_xmm_xmmm128 | VEX_Vfmsub132ps_xmm_xmm_xmmm128
    | VEX_Vfmsub132sd_xmm_xmm_xmmm64 | VEX_Vfmsub132ss_xmm_xmm_xmmm32
    | VEX_Vfmsub213pd_xmm_xmm_xmmm128 | VEX_Vfmsub213ps_xmm_xmm_xmmm128
    | VEX_Vfmsub213sd_xmm_xmm_xmmm64 | VEX_Vfmsub213ss_xmm_xmm_xmmm32
    | VEX_Vfmsub231pd_xmm_xmm_xmmm128 | VEX_Vfmsub231ps_xmm_xmm_xmmm128
    | VEX_Vfmsub231sd_xmm_xmm_xmmm64 | VEX_Vfmsub231ss_xmm_xmm_xmmm32
    | VEX_Vfnmadd132pd_xmm_xmm_xmmm128 | VEX_Vfnmadd132ps_xmm_xmm_xmmm128
    | VEX_Vfnmadd132sd_xmm_xmm_xmmm64 | VEX_Vfnmadd132ss_xmm_xmm_xmmm32
    | VEX_Vfnmadd213pd_xmm_xmm_xmmm128 | VEX_Vfnmadd213ps_xmm_xmm_xmmm128
    | VEX_Vfnmadd213sd_xmm_xmm_xmmm64 | VEX_Vfnmadd213ss_xmm_xmm_xmmm32
    | VEX_Vfnmadd231pd_xmm_xmm_xmmm128 | VEX_Vfnmadd231ps_xmm_xmm_xmmm128
    | VEX_Vfnmadd231sd_xmm_xmm_xmmm64 | VEX_Vfnmadd231ss_xmm_xmm_xmmm32
    | VEX_Vfnmsub132pd_xmm_xmm_xmmm128 | VEX_Vfnmsub132ps_xmm_xmm_xmmm128
    | VEX_Vfnmsub132sd_xmm_xmm_xmmm64 | VEX_Vfnmsub132ss_xmm_xmm_xmmm32
    | VEX_Vfnmsub213pd_xmm_xmm_xmmm128 | VEX_Vfnmsub213ps_xmm_xmm_xmmm128
    | VEX_Vfnmsub213sd_xmm_xmm_xmmm64 | VEX_Vfnmsub213ss_xmm_xmm_xmmm32
    | VEX_Vfnmsub231pd_xmm_xmm_xmmm128 | VEX_Vfnmsub231ps_xmm_xmm_xmmm128
    | VEX_Vfnmsub231sd_xmm_xmm_xmmm64 | VEX_Vfnmsub231ss_xmm_xmm_xmmm32
    | VEX_Vmaxpd_xmm_xmm_xmmm128 | VEX_Vmaxps_xmm_xmm_xmmm128 | VEX_Vmaxsd_xmm_xmm_xmmm64
    | VEX_Vmaxss_xmm_xmm_xmmm32 | VEX_Vminpd_xmm_xmm_xmmm128 | VEX_Vminps_xmm_xmm_xmmm128
    | VEX_Vminsd_xmm_xmm_xmmm64 | VEX_Vminss_xmm_xmm_xmmm32 | VEX_Vmovapd_xmm_xmmm128
    | VEX_Vmovapd_xmmm128_xmm | VEX_Vmovaps_xmm_xmmm128 | VEX_Vmovaps_xmmm128_xmm
    | VEX_Vmovd_rm32_xmm | VEX_Vmovd_xmm_rm32 | VEX_Vmovddup_xmm_xmmm64
    | VEX_Vmovdqa_xmm_xmmm128 | VEX_Vmovdqa_xmmm128_xmm | VEX_Vmovdqu_xmm_xmmm128
    | VEX_Vmovdqu_xmmm128_xmm | VEX_Vmovhps_m64_xmm | VEX_Vmovhps_xmm_xmm_m64
    | VEX_Vmovlhps_xmm_xmm_xmm | VEX_Vmovmskpd_r32_xmm | VEX_Vmovmskpd_r64_xmm
    | VEX_Vmovmskps_r32_xmm | VEX_Vmovmskps_r64_xmm | VEX_Vmovq_rm64_xmm
    | VEX_Vmovq_xmm_rm64 | VEX_Vmovq_xmm_xmmm64 | VEX_Vmovq_xmmm64_xmm | VEX_Vmovsd_m64_xmm
    | VEX_Vmovsd_xmm_m64 | VEX_Vmovsd_xmm_xmm_xmm | VEX_Vmovsd_xmm_xmm_xmm_0F11
    | VEX_Vmovss_m32_xmm | VEX_Vmovss_xmm_m32 | VEX_Vmovss_xmm_xmm_xmm
    | VEX_Vmovss_xmm_xmm_xmm_0F11 | VEX_Vmovupd_xmm_xmmm128 | VEX_Vmovupd_xmmm128_xmm
    | VEX_Vmovups_xmm_xmmm128 | VEX_Vmovups_xmmm128_xmm | VEX_Vmulpd_xmm_xmm_xmmm128
    | VEX_Vmulps_xmm_xmm_xmmm128 | VEX_Vmulsd_xmm_xmm_xmmm64 | VEX_Vmulss_xmm_xmm_xmmm32
    | VEX_Vorpd_xmm_xmm_xmmm128 | VEX_Vorps_xmm_xmm_xmmm128 | VEX_Vpabsb_xmm_xmmm128
    | VEX_Vpabsd_xmm_xmmm128 | VEX_Vpabsw_xmm_xmmm128 | VEX_Vpackssdw_xmm_xmm_xmmm128
    | VEX_Vpacksswb_xmm_xmm_xmmm128 | VEX_Vpackusdw_xmm_xmm_xmmm128
    | VEX_Vpackuswb_xmm_xmm_xmmm128 | VEX_Vpaddb_xmm_xmm_xmmm128
    | VEX_Vpaddd_xmm_xmm_xmmm128 | VEX_Vpaddq_xmm_xmm_xmmm128 | VEX_Vpaddsb_xmm_xmm_xmmm128
    | VEX_Vpaddsw_xmm_xmm_xmmm128 | VEX_Vpaddusb_xmm_xmm_xmmm128
    | VEX_Vpaddusw_xmm_xmm_xmmm128 | VEX_Vpaddw_xmm_xmm_xmmm128
    | VEX_Vpalignr_xmm_xmm_xmmm128_imm8 | VEX_Vpand_xmm_xmm_xmmm128
    | VEX_Vpandn_xmm_xmm_xmmm128 | VEX_Vpavgb_xmm_xmm_xmmm128 | VEX_Vpavgw_xmm_xmm_xmmm128
    | VEX_Vpblendvb_xmm_xmm_xmmm128_xmm | VEX_Vpblendw_xmm_xmm_xmmm128_imm8
    | VEX_Vpbroadcastb_xmm_xmmm8 | VEX_Vpbroadcastd_xmm_xmmm32
    | VEX_Vpbroadcastq_xmm_xmmm64 | VEX_Vpbroadcastw_xmm_xmmm16
    | VEX_Vpcmpeqb_xmm_xmm_xmmm128 | VEX_Vpcmpeqd_xmm_xmm_xmmm128
    | VEX_Vpcmpeqq_xmm_xmm_xmmm128 | VEX_Vpcmpeqw_xmm_xmm_xmmm128
    | VEX_Vpcmpgtb_xmm_xmm_xmmm128 | VEX_Vpcmpgtd_xmm_xmm_xmmm128
    | VEX_Vpcmpgtq_xmm_xmm_xmmm128 | VEX_Vpcmpgtw_xmm_xmm_xmmm128
    | VEX_Vpextrb_r32m8_xmm_imm8
    | VEX_Vpextrb_r64m8_xmm_imm8 | VEX_Vpextrd_rm32_xmm_imm8 | VEX_Vpextrq_rm64_xmm_imm8
    | VEX_Vpextrw_r32_xmm_imm8 | VEX_Vpextrw_r32m16_xmm_imm8 | VEX_Vpextrw_r64_xmm_imm8
    | VEX_Vpextrw_r64m16_xmm_imm8 | VEX_Vphaddd_xmm_xmm_xmmm128
    | VEX_Vphaddw_xmm_xmm_xmmm128 | VEX_Vpinsrb_xmm_xmm_r32m8_imm8
    | VEX_Vpinsrb_xmm_xmm_r64m8_imm8 | VEX_Vpinsrd_xmm_xmm_rm32_imm8
    | VEX_Vpinsrq_xmm_xmm_rm64_imm8 | VEX_Vpinsrw_xmm_xmm_r32m16_imm8
    | VEX_Vpinsrw_xmm_xmm_r64m16_imm8 | VEX_Vpmaddubsw_xmm_xmm_xmmm128
    | VEX_Vpmaddwd_xmm_xmm_xmmm128 | VEX_Vpmaxsb_xmm_xmm_xmmm128
    | VEX_Vpmaxsd_xmm_xmm_xmmm128 | VEX_Vpmaxsw_xmm_xmm_xmmm128
    | VEX_Vpmaxub_xmm_xmm_xmmm128 | VEX_Vpmaxud_xmm_xmm_xmmm128
    | VEX_Vpmaxuw_xmm_xmm_xmmm128 | VEX_Vpminsb_xmm_xmm_xmmm128
    | VEX_Vpminsd_xmm_xmm_xmmm128 | VEX_Vpminsw_xmm_xmm_xmmm128
    | VEX_Vpminub_xmm_xmm_xmmm128 | VEX_Vpminud_xmm_xmm_xmmm128
    | VEX_Vpminuw_xmm_xmm_xmmm128 | VEX_Vpmovmskb_r32_xmm | VEX_Vpmovmskb_r64_xmm
    | VEX_Vpmovsxbd_xmm_xmmm32 | VEX_Vpmovsxbq_xmm_xmmm16 | VEX_Vpmovsxbw_xmm_xmmm64
    | VEX_Vpmovsxdq_xmm_xmmm64 | VEX_Vpmovsxwd_xmm_xmmm64 | VEX_Vpmovsxwq_xmm_xmmm32
    | VEX_Vpmovzxbd_xmm_xmmm32 | VEX_Vpmovzxbq_xmm_xmmm16 | VEX_Vpmovzxbw_xmm_xmmm64
    | VEX_Vpmovzxdq_xmm_xmmm64 | VEX_Vpmovzxwd_xmm_xmmm64 | VEX_Vpmovzxwq_xmm_xmmm32
    | VEX_Vpmuldq_xmm_xmm_xmmm128 | VEX_Vpmulhrsw_xmm_xmm_xmmm128
    | VEX_Vpmulhuw_xmm_xmm_xmmm128 | VEX_Vpmulhw_xmm_xmm_xmmm128
    | VEX_Vpmulld_xmm_xmm_xmmm128 | VEX_Vpmullw_xmm_xmm_xmmm128
    | VEX_Vpmuludq_xmm_xmm_xmmm128 | VEX_Vpor_xmm_xmm_xmmm128 | VEX_Vpshufb_xmm_xmm_xmmm128
    | VEX_Vpshufd_xmm_xmmm128_imm8 | VEX_Vpshufhw_xmm_xmmm128_imm8
    | VEX_Vpshuflw_xmm_xmmm128_imm8 | VEX_Vpslld_xmm_xmm_imm8 | VEX_Vpslld_xmm_xmm_xmmm128
    | VEX_Vpsllq_xmm_xmm_imm8 | VEX_Vpsllq_xmm_xmm_xmmm128 | VEX_Vpsllw_xmm_xmm_imm8
    | VEX_Vpsllw_xmm_xmm_xmmm128 | VEX_Vpsrad_xmm_xmm_imm8 | VEX_Vpsrad_xmm_xmm_xmmm128
    | VEX_Vpsraw_xmm_xmm_imm8 | VEX_Vpsraw_xmm_xmm_xmmm128 | VEX_Vpsrld_xmm_xmm_imm8
    | VEX_Vpsrld_xmm_xmm_xmmm128 | VEX_Vpsrlq_xmm_xmm_imm8 | VEX_Vpsrlq_xmm_xmm_xmmm128
    | VEX_Vpsrlw_xmm_xmm_imm8 | VEX_Vpsrlw_xmm_xmm_xmmm128 | VEX_Vpsubb_xmm_xmm_xmmm128
    | VEX_Vpsubd_xmm_xmm_xmmm128 | VEX_Vpsubq_xmm_xmm_xmmm128 | VEX_Vpsubsb_xmm_xmm_xmmm128
    | VEX_Vpsubsw_xmm_xmm_xmmm128 | VEX_Vpsubusb_xmm_xmm_xmmm128
    | VEX_Vpsubusw_xmm_xmm_xmmm128 | VEX_Vpsubw_xmm_xmm_xmmm128
    | VEX_Vpunpckhbw_xmm_xmm_xmmm128 | VEX_Vpunpckhdq_xmm_xmm_xmmm128
    | VEX_Vpunpckhqdq_xmm_xmm_xmmm128 | VEX_Vpunpckhwd_xmm_xmm_xmmm128
    | VEX_Vpunpcklbw_xmm_xmm_xmmm128 | VEX_Vpunpckldq_xmm_xmm_xmmm128
    | VEX_Vpunpcklqdq_xmm_xmm_xmmm128 | VEX_Vpunpcklwd_xmm_xmm_xmmm128
    | VEX_Vpxor_xmm_xmm_xmmm128 | VEX_Vrcpps_xmm_xmmm128 | VEX_Vrcpss_xmm_xmm_xmmm32
    | VEX_Vroundpd_xmm_xmmm128_imm8 | VEX_Vroundps_xmm_xmmm128_imm8
    | VEX_Vroundsd_xmm_xmm_xmmm64_imm8 | VEX_Vroundss_xmm_xmm_xmmm32_imm8
    | VEX_Vrsqrtps_xmm_xmmm128 | VEX_Vrsqrtss_xmm_xmm_xmmm32
    | VEX_Vshufpd_xmm_xmm_xmmm128_imm8 | VEX_Vshufps_xmm_xmm_xmmm128_imm8
    | VEX_Vsqrtpd_xmm_xmmm128 | VEX_Vsqrtps_xmm_xmmm128 | VEX_Vsqrtsd_xmm_xmm_xmmm64
    | VEX_Vsqrtss_xmm_xmm_xmmm32 | VEX_Vsubpd_xmm_xmm_xmmm128 | VEX_Vsubps_xmm_xmm_xmmm128
    | VEX_Vsubsd_xmm_xmm_xmmm64 | VEX_Vsubss_xmm_xmm_xmmm32 | VEX_Vunpckhps_xmm_xmm_xmmm128
    | VEX_Vunpcklpd_xmm_xmm_xmmm128 | VEX_Vunpcklps_xmm_xmm_xmmm128
    | VEX_Vxorpd_xmm_xmm_xmmm128 | VEX_Vxorps_xmm_xmm_xmmm128 | Xorpd_xmm_xmmm128
    | Xorps_xmm_xmmm128 | Cvtsi2sd_xmm_rm32 | Cvtsi2sd_xmm_rm64
    | VEX_Vcvtsi2sd_xmm_xmm_rm32 | VEX_Vcvtsi2sd_xmm_xmm_rm64 | Cvtsi2ss_xmm_rm32
    | Cvtsi2ss_xmm_rm64 | VEX_Vcvtsi2ss_xmm_xmm_rm32 | VEX_Vcvtsi2ss_xmm_xmm_rm64
        => Class::Vector,
    // Those of AVX-512 that Cranelift 0.135 knows.
    EVEX_Vaddpd_xmm_k1z_xmm_xmmm128b64 | EVEX_Vcvtudq2ps_xmm_k1z_xmmm128b32
    | EVEX_Vpabsd_xmm_k1z_xmmm128b32 | EVEX_Vpabsq_xmm_k1z_xmmm128b64
    | EVEX_Vpdpbusd_xmm_k1z_xmm_xmmm128b32 | EVEX_Vpermi2b_xmm_k1z_xmm_xmmm128
    | EVEX_Vpmulld_xmm_k1z_xmm_xmmm128b32 | EVEX_Vpmullq_xmm_k1z_xmm_xmmm128b64
    | EVEX_Vpopcntb_xmm_k1z_xmmm128 | EVEX_Vpopcntw_xmm_k1z_xmmm128
    | EVEX_Vpslld_xmm_k1z_xmm_xmmm128 | EVEX_Vpslld_xmm_k1z_xmmm128b32_imm8
    | EVEX_Vpsllq_xmm_k1z_xmm_xmmm128 | EVEX_Vpsllq_xmm_k1z_xmmm128b64_imm8
    | EVEX_Vpsrad_xmm_k1z_xmm_xmmm128 | EVEX_Vpsrad_xmm_k1z_xmmm128b32_imm8
    | EVEX_Vpsraq_xmm_k1z_xmm_xmmm128 | EVEX_Vpsraq_xmm_k1z_xmmm128b64_imm8
    | EVEX_Vpsrld_xmm_k1z_xmm_xmmm128 | EVEX_Vpsrld_xmm_k1z_xmmm128b32_imm8
    | EVEX_Vpsrlq_xmm_k1z_xmm_xmmm128 | EVEX_Vpsrlq_xmm_k1z_xmmm128b64_imm8
        => Class::Vector,
    // Comparisons: flags become unknown.
    Ptest_xmm_xmmm128 | Ucomisd_xmm_xmmm64 | Ucomiss_xmm_xmmm32 | VEX_Vptest_xmm_xmmm128
    | VEX_Vucomisd_xmm_xmmm64 | VEX_Vucomiss_xmm_xmmm32
        => Class::VectorFlags,
}
