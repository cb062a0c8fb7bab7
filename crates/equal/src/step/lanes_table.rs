//! Instructions that are one operator on each lane, by the manual's names.

use crate::words::{Head, Lane, Prim};
use iced_x86::Mnemonic as M;

/// Instructions that do one thing with each pair of lanes.
pub(super) fn packed(code: M) -> Option<(Lane, u8)> {
    Some(match code {
        M::Paddb | M::Vpaddb => (Lane::Add, 8),
        M::Paddw | M::Vpaddw => (Lane::Add, 16),
        M::Paddd | M::Vpaddd => (Lane::Add, 32),
        M::Paddq | M::Vpaddq => (Lane::Add, 64),
        M::Psubb | M::Vpsubb => (Lane::Sub, 8),
        M::Psubw | M::Vpsubw => (Lane::Sub, 16),
        M::Psubd | M::Vpsubd => (Lane::Sub, 32),
        M::Psubq | M::Vpsubq => (Lane::Sub, 64),
        M::Pmullw | M::Vpmullw => (Lane::Mul, 16),
        M::Pmulld | M::Vpmulld => (Lane::Mul, 32),
        M::Pmulhw | M::Vpmulhw => (Lane::HighS, 16),
        M::Pmulhuw | M::Vpmulhuw => (Lane::HighU, 16),
        M::Pmulhrsw | M::Vpmulhrsw => (Lane::HighRounded, 16),
        M::Pmuldq | M::Vpmuldq => (Lane::LowHalvesS, 64),
        M::Pmuludq | M::Vpmuludq => (Lane::LowHalvesU, 64),
        M::Paddsb | M::Vpaddsb => (Lane::AddSatS, 8),
        M::Paddsw | M::Vpaddsw => (Lane::AddSatS, 16),
        M::Paddusb | M::Vpaddusb => (Lane::AddSatU, 8),
        M::Paddusw | M::Vpaddusw => (Lane::AddSatU, 16),
        M::Psubsb | M::Vpsubsb => (Lane::SubSatS, 8),
        M::Psubsw | M::Vpsubsw => (Lane::SubSatS, 16),
        M::Psubusb | M::Vpsubusb => (Lane::SubSatU, 8),
        M::Psubusw | M::Vpsubusw => (Lane::SubSatU, 16),
        M::Pminsb | M::Vpminsb => (Lane::MinS, 8),
        M::Pminsw | M::Vpminsw => (Lane::MinS, 16),
        M::Pminsd | M::Vpminsd => (Lane::MinS, 32),
        M::Pminub | M::Vpminub => (Lane::MinU, 8),
        M::Pminuw | M::Vpminuw => (Lane::MinU, 16),
        M::Pminud | M::Vpminud => (Lane::MinU, 32),
        M::Pmaxsb | M::Vpmaxsb => (Lane::MaxS, 8),
        M::Pmaxsw | M::Vpmaxsw => (Lane::MaxS, 16),
        M::Pmaxsd | M::Vpmaxsd => (Lane::MaxS, 32),
        M::Pmaxub | M::Vpmaxub => (Lane::MaxU, 8),
        M::Pmaxuw | M::Vpmaxuw => (Lane::MaxU, 16),
        M::Pmaxud | M::Vpmaxud => (Lane::MaxU, 32),
        M::Pavgb | M::Vpavgb => (Lane::Average, 8),
        M::Pavgw | M::Vpavgw => (Lane::Average, 16),
        M::Pcmpeqb | M::Vpcmpeqb => (Lane::Eq, 8),
        M::Pcmpeqw | M::Vpcmpeqw => (Lane::Eq, 16),
        M::Pcmpeqd | M::Vpcmpeqd => (Lane::Eq, 32),
        M::Pcmpeqq | M::Vpcmpeqq => (Lane::Eq, 64),
        M::Pcmpgtb | M::Vpcmpgtb => (Lane::GtS, 8),
        M::Pcmpgtw | M::Vpcmpgtw => (Lane::GtS, 16),
        M::Pcmpgtd | M::Vpcmpgtd => (Lane::GtS, 32),
        M::Pcmpgtq | M::Vpcmpgtq => (Lane::GtS, 64),
        M::Addps | M::Vaddps => (Lane::FloatAdd, 32),
        M::Addpd | M::Vaddpd => (Lane::FloatAdd, 64),
        M::Subps | M::Vsubps => (Lane::FloatSub, 32),
        M::Subpd | M::Vsubpd => (Lane::FloatSub, 64),
        M::Mulps | M::Vmulps => (Lane::FloatMul, 32),
        M::Mulpd | M::Vmulpd => (Lane::FloatMul, 64),
        M::Divps | M::Vdivps => (Lane::FloatDiv, 32),
        M::Divpd | M::Vdivpd => (Lane::FloatDiv, 64),
        M::Minps | M::Vminps => (Lane::FloatLesser, 32),
        M::Minpd | M::Vminpd => (Lane::FloatLesser, 64),
        M::Maxps | M::Vmaxps => (Lane::FloatGreater, 32),
        M::Maxpd | M::Vmaxpd => (Lane::FloatGreater, 64),
        _ => return None,
    })
}

/// Shifts of lanes.
pub(super) fn shifted(code: M) -> Option<(Head, u8)> {
    Some(match code {
        M::Psllw | M::Vpsllw => (Head::Shl, 16),
        M::Pslld | M::Vpslld => (Head::Shl, 32),
        M::Psllq | M::Vpsllq => (Head::Shl, 64),
        M::Psrlw | M::Vpsrlw => (Head::Shr, 16),
        M::Psrld | M::Vpsrld => (Head::Shr, 32),
        M::Psrlq | M::Vpsrlq => (Head::Shr, 64),
        M::Psraw | M::Vpsraw => (Head::Sar, 16),
        M::Psrad | M::Vpsrad => (Head::Sar, 32),
        _ => return None,
    })
}

/// Extensions of the lowest lanes: the widths before and behind, and whether with sign.
pub(super) fn extension(code: M) -> Option<(u8, u8, bool)> {
    Some(match code {
        M::Pmovsxbw | M::Vpmovsxbw => (8, 16, true),
        M::Pmovsxbd | M::Vpmovsxbd => (8, 32, true),
        M::Pmovsxbq | M::Vpmovsxbq => (8, 64, true),
        M::Pmovsxwd | M::Vpmovsxwd => (16, 32, true),
        M::Pmovsxwq | M::Vpmovsxwq => (16, 64, true),
        M::Pmovsxdq | M::Vpmovsxdq => (32, 64, true),
        M::Pmovzxbw | M::Vpmovzxbw => (8, 16, false),
        M::Pmovzxbd | M::Vpmovzxbd => (8, 32, false),
        M::Pmovzxbq | M::Vpmovzxbq => (8, 64, false),
        M::Pmovzxwd | M::Vpmovzxwd => (16, 32, false),
        M::Pmovzxwq | M::Vpmovzxwq => (16, 64, false),
        M::Pmovzxdq | M::Vpmovzxdq => (32, 64, false),
        _ => return None,
    })
}

/// Instructions that do one thing with each lane: of the width read, to another.
pub(super) fn converted(code: M) -> Option<(Prim, u8, u8)> {
    Some(match code {
        M::Sqrtps | M::Vsqrtps => (Prim::FloatSqrt, 32, 32),
        M::Sqrtpd | M::Vsqrtpd => (Prim::FloatSqrt, 64, 64),
        M::Cvtdq2ps | M::Vcvtdq2ps => (Prim::FromSigned, 32, 32),
        M::Cvtdq2pd | M::Vcvtdq2pd => (Prim::FromSigned, 32, 64),
        M::Cvttps2dq | M::Vcvttps2dq => (Prim::ToSigned, 32, 32),
        M::Cvttpd2dq | M::Vcvttpd2dq => (Prim::ToSigned, 64, 32),
        M::Cvtps2pd | M::Vcvtps2pd => (Prim::Promote, 32, 64),
        M::Cvtpd2ps | M::Vcvtpd2ps => (Prim::Demote, 64, 32),
        _ => return None,
    })
}
