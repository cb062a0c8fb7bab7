//! Kinds of faults that code generators have had: accepted code → the same with one thing wrong.
//!
//! ```text
//! Original { bytes, rows } ─ walk, each kind at each instruction ─► Mutant, one after the other
//! ```
//!
//! A mutant is as long as the original: what becomes shorter is filled up with `nop`, what would
//! become longer is left out. So nothing is seen of faults that move code.

use iced_x86::{Code as C, Decoder, DecoderOptions, Encoder, Instruction, OpKind, Register};
use prova_check::{CallRow, TrapRow};
use std::collections::BTreeMap;

/// Code, and what its maker says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Original<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) traps: &'a [TrapRow],
    pub(crate) calls: &'a [CallRow],
    /// Where instructions begin beside those that a walk from the first one finds.
    pub(crate) starts: &'a [u64],
}

/// Changed code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant<'a> {
    pub(crate) kind: &'static str,
    /// The offset of what was changed; of the instruction, for one.
    pub(crate) at: u64,
    pub(crate) bytes: &'a [u8],
    pub(crate) traps: &'a [TrapRow],
    pub(crate) calls: &'a [CallRow],
}

/// The instructions of a code that are executed, as a walk from some of them finds them.
fn instructions(bytes: &[u8], starts: &[u64]) -> Vec<Instruction> {
    let (mut list, mut todo) = (BTreeMap::new(), starts.to_vec());
    todo.push(0);
    while let Some(mut at) = todo.pop() {
        while !list.contains_key(&at) && (at as usize) < bytes.len() {
            let mut decoder = Decoder::with_ip(64, &bytes[at as usize..], at, DecoderOptions::NONE);
            let insn = decoder.decode();
            list.insert(at, insn);
            if insn.is_jcc_short_or_near() || insn.is_jmp_near() {
                todo.push(insn.near_branch64());
            }
            if insn.is_jmp_near()
                || matches!(insn.code(), C::Retnq | C::Retnq_imm16 | C::Ud2 | C::Jmp_rm64)
            {
                break;
            }
            at = insn.next_ip();
        }
    }
    list.into_values().collect()
}

/// A changed instruction in as many bytes as the old one, filled up with `nop`.
fn replaced(old: &Instruction, new: &Instruction) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(64);
    encoder.encode(new, old.ip()).ok()?;
    let mut bytes = encoder.take_buffer();
    if bytes.len() > old.len() {
        return None;
    }
    bytes.resize(old.len(), 0x90);
    Some(bytes)
}

/// A kind of fault: its name, and what it makes of an instruction that it can be planted in.
type Kind = (&'static str, fn(&Instruction) -> Option<Instruction>);

fn swap_code(insn: &Instruction, pairs: &[(C, C)]) -> Option<Instruction> {
    let &(_, code) = pairs.iter().find(|(from, _)| *from == insn.code())?;
    let mut new = *insn;
    new.set_code(code);
    Some(new)
}

fn disp(insn: &Instruction, by: u64) -> Option<Instruction> {
    let memory = (0..insn.op_count()).any(|n| insn.op_kind(n) == OpKind::Memory);
    if !memory || insn.is_ip_rel_memory_operand() || insn.code() == C::Lea_r64_m {
        return None;
    }
    let mut new = *insn;
    new.set_memory_displacement64(insn.memory_displacement64().wrapping_add(by));
    if insn.memory_displ_size() <= 1 {
        new.set_memory_displ_size(1);
    }
    Some(new)
}

fn immediate(insn: &Instruction, by: i64) -> Option<Instruction> {
    let n = (0..insn.op_count()).find(|&n| {
        matches!(
            insn.op_kind(n),
            OpKind::Immediate32
                | OpKind::Immediate8to32
                | OpKind::Immediate8to64
                | OpKind::Immediate32to64
                | OpKind::Immediate64
        )
    })?;
    let mut new = *insn;
    new.set_immediate_i64(n, (insn.immediate(n) as i64).wrapping_add(by));
    Some(new)
}

fn register(insn: &Instruction, n: u32, to: fn(Register) -> Register) -> Option<Instruction> {
    if n >= insn.op_count() || insn.op_kind(n) != OpKind::Register {
        return None;
    }
    let old = insn.op_register(n);
    if !(old.is_gpr64() || old.is_gpr32()) {
        return None;
    }
    let mut new = *insn;
    new.set_op_register(n, to(old));
    (new != *insn).then_some(new)
}

fn next_register(r: Register) -> Register {
    let (first, size) = if r.is_gpr64() { (Register::RAX, 16) } else { (Register::EAX, 16) };
    first + ((r.number() as u32 + 1) % size)
}

fn nop(insn: &Instruction) -> Instruction {
    let _ = insn;
    Instruction::with(C::Nopd)
}

const KINDS: &[Kind] = &[
    ("mov 32 becomes 64", |i| {
        let mut new = swap_code(
            i,
            &[(C::Mov_r32_rm32, C::Mov_r64_rm64), (C::Mov_rm32_r32, C::Mov_rm64_r64)],
        )?;
        for n in 0..2 {
            if i.op_kind(n) == OpKind::Register {
                new.set_op_register(n, i.op_register(n).full_register());
            }
        }
        Some(new)
    }),
    ("reload 64 becomes movsxd", |i| {
        if i.op1_kind() != OpKind::Memory {
            return None;
        }
        swap_code(i, &[(C::Mov_r64_rm64, C::Movsxd_r64_rm32)])
    }),
    ("condition negated", |i| {
        let mut new = *i;
        new.negate_condition_code();
        (new != *i && (i.is_jcc_short_or_near())).then_some(new)
    }),
    ("cmov negated", |i| {
        let mut new = *i;
        new.negate_condition_code();
        (new != *i && !i.is_jcc_short_or_near()).then_some(new)
    }),
    ("ja becomes jae", |i| swap_code(i, &[(C::Ja_rel32_64, C::Jae_rel32_64)])),
    ("jae becomes ja", |i| {
        swap_code(i, &[(C::Jae_rel32_64, C::Ja_rel32_64), (C::Jb_rel32_64, C::Jbe_rel32_64)])
    }),
    ("ja becomes jg", |i| {
        swap_code(
            i,
            &[
                (C::Ja_rel32_64, C::Jg_rel32_64),
                (C::Jb_rel32_64, C::Jl_rel32_64),
                (C::Jae_rel32_64, C::Jge_rel32_64),
            ],
        )
    }),
    ("cmp dropped", |i| (i.mnemonic() == iced_x86::Mnemonic::Cmp).then(|| nop(i))),
    ("test dropped", |i| (i.mnemonic() == iced_x86::Mnemonic::Test).then(|| nop(i))),
    ("cmp swapped", |i| {
        swap_code(
            i,
            &[
                (C::Cmp_r64_rm64, C::Cmp_rm64_r64),
                (C::Cmp_r32_rm32, C::Cmp_rm32_r32),
                (C::Cmp_rm64_r64, C::Cmp_r64_rm64),
            ],
        )
        .map(|mut new| {
            if i.op0_kind() == OpKind::Register && i.op1_kind() == OpKind::Register {
                new.set_code(i.code());
                new.set_op0_register(i.op1_register());
                new.set_op1_register(i.op0_register());
            }
            new
        })
    }),
    ("cmp at half the width", |i| {
        let mut new = swap_code(
            i,
            &[
                (C::Cmp_r64_rm64, C::Cmp_r32_rm32),
                (C::Cmp_rm64_r64, C::Cmp_rm32_r32),
                (C::Cmp_rm64_imm32, C::Cmp_rm32_imm32),
            ],
        )?;
        for n in 0..2 {
            if i.op_kind(n) == OpKind::Register {
                new.set_op_register(n, Register::EAX + i.op_register(n).number() as u32);
            }
        }
        if i.code() == C::Cmp_rm64_imm32 {
            new.set_op1_kind(OpKind::Immediate32);
        }
        Some(new)
    }),
    ("displacement + 1", |i| disp(i, 1)),
    ("displacement - 1", |i| disp(i, u64::MAX)),
    ("displacement + 8", |i| disp(i, 8)),
    ("displacement - 8", |i| disp(i, 8_u64.wrapping_neg())),
    ("displacement - 128", |i| disp(i, 128_u64.wrapping_neg())),
    ("displacement + 64 MiB", |i| disp(i, 64 << 20)),
    ("scale doubled", |i| {
        if i.memory_index() == Register::None || i.memory_index_scale() == 8 {
            return None;
        }
        let mut new = *i;
        new.set_memory_index_scale(i.memory_index_scale() * 2);
        Some(new)
    }),
    ("another base register", |i| {
        if !i.memory_base().is_gpr64() {
            return None;
        }
        let mut new = *i;
        new.set_memory_base(next_register(i.memory_base()));
        Some(new)
    }),
    ("another index register", |i| {
        if !i.memory_index().is_gpr64() {
            return None;
        }
        let mut new = *i;
        let next = next_register(i.memory_index());
        new.set_memory_index(if next == Register::RSP { Register::RBP } else { next });
        Some(new)
    }),
    ("index without base", |i| {
        if !i.memory_base().is_gpr64() || i.memory_index() == Register::None {
            return None;
        }
        let mut new = *i;
        new.set_memory_base(i.memory_index());
        new.set_memory_index(Register::None);
        Some(new)
    }),
    ("another destination", |i| register(i, 0, next_register)),
    ("another source", |i| register(i, 1, next_register)),
    ("immediate + 1", |i| immediate(i, 1)),
    ("immediate - 1", |i| immediate(i, -1)),
    ("immediate + 8", |i| immediate(i, 8)),
    ("immediate negated", |i| {
        let by = (0..i.op_count()).find_map(|n| i.try_immediate(n).ok())? as i64;
        immediate(i, by.wrapping_mul(-2))
    }),
    ("add becomes sub", |i| {
        swap_code(
            i,
            &[
                (C::Add_r64_rm64, C::Sub_r64_rm64),
                (C::Sub_r64_rm64, C::Add_r64_rm64),
                (C::Add_rm64_imm32, C::Sub_rm64_imm32),
                (C::Sub_rm64_imm32, C::Add_rm64_imm32),
                (C::Sub_rm64_imm8, C::Add_rm64_imm8),
                (C::Add_rm64_imm8, C::Sub_rm64_imm8),
            ],
        )
    }),
    ("store dropped", |i| {
        (i.op0_kind() == OpKind::Memory && i.mnemonic() == iced_x86::Mnemonic::Mov).then(|| nop(i))
    }),
    ("load dropped", |i| {
        (i.op1_kind() == OpKind::Memory && i.mnemonic() == iced_x86::Mnemonic::Mov).then(|| nop(i))
    }),
    ("move dropped", |i| {
        (i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register
            && i.mnemonic() == iced_x86::Mnemonic::Mov)
            .then(|| nop(i))
    }),
    ("zero dropped", |i| (i.mnemonic() == iced_x86::Mnemonic::Xor).then(|| nop(i))),
    ("ud2 becomes nop", |i| (i.code() == C::Ud2).then(|| nop(i))),
    ("push or pop dropped", |i| matches!(i.code(), C::Push_r64 | C::Pop_r64).then(|| nop(i))),
    ("ret takes 8 bytes off", |i| {
        if i.code() != C::Retnq_imm16 {
            return None;
        }
        let mut new = *i;
        new.set_immediate16(i.immediate16() + 8);
        Some(new)
    }),
    ("load of 16 bytes for 8", |i| {
        swap_code(
            i,
            &[
                (C::VEX_Vmovsd_xmm_m64, C::VEX_Vmovupd_xmm_xmmm128),
                (C::Movsd_xmm_xmmm64, C::Movupd_xmm_xmmm128),
                (C::VEX_Vmovsd_m64_xmm, C::VEX_Vmovupd_xmmm128_xmm),
            ],
        )
    }),
    ("jump one byte further", |i| {
        if !(i.is_jcc_short_or_near() || i.is_jmp_near()) {
            return None;
        }
        let mut new = *i;
        new.set_near_branch64(i.near_branch64() + 1);
        Some(new)
    }),
    ("call of another register", |i| {
        (i.code() == C::Call_rm64).then(|| register(i, 0, next_register)).flatten()
    }),
];

/// Each mutant of a code: rows and tables first, then instructions in order.
pub(crate) fn each(original: &Original<'_>, visit: &mut dyn FnMut(&Mutant<'_>)) {
    let code = instructions(original.bytes, original.starts);
    let Original { bytes, traps, calls, .. } = *original;
    for insn in code.iter().filter(|i| i.code() == C::Jmp_rm64) {
        entries(original, insn.next_ip(), visit);
    }
    rows(original, visit);
    let mut mutant = bytes.to_vec();
    for insn in code {
        let (at, end) = (insn.ip() as usize, insn.next_ip() as usize);
        for (kind, change) in KINDS {
            let Some(new) = change(&insn).and_then(|new| replaced(&insn, &new)) else {
                continue;
            };
            if bytes[at..end] == new[..] {
                continue;
            }
            mutant[at..end].copy_from_slice(&new);
            visit(&Mutant { kind, at: insn.ip(), bytes: &mutant, traps, calls });
            mutant[at..end].copy_from_slice(&bytes[at..end]);
        }
    }
}

/// Entries of a jump table that lies behind a jump. Every table of the cases has at least three.
fn entries(original: &Original<'_>, table: u64, visit: &mut dyn FnMut(&Mutant<'_>)) {
    let table = table as usize;
    if original.bytes.len() < table + 12 {
        return;
    }
    for at in [table, table + 4, table + 8] {
        for by in [1_u8, 255, 4] {
            let mut bytes = original.bytes.to_vec();
            bytes[at] = bytes[at].wrapping_add(by);
            let Original { traps, calls, .. } = *original;
            let kind = "entry of a jump table";
            visit(&Mutant { kind, at: at as u64, bytes: &bytes, traps, calls });
        }
    }
}

/// Rows that are missing, wrong or too many.
fn rows(original: &Original<'_>, visit: &mut dyn FnMut(&Mutant<'_>)) {
    let Original { bytes, traps, calls, .. } = *original;
    type Change = (&'static str, fn(&mut Vec<TrapRow>, usize));
    let changes: [Change; 4] = [
        ("row of a trap dropped", |rows, n| {
            rows.remove(n);
        }),
        ("row of a trap one byte further", |rows, n| rows[n].code_offset += 1),
        ("row of a trap twice", |rows, n| rows.insert(n, rows[n])),
        ("row of no trap", |rows, n| rows[n].kind = 0),
    ];
    for n in 0..traps.len() {
        let at = u64::from(traps[n].code_offset);
        for (kind, change) in changes {
            let mut traps = traps.to_vec();
            change(&mut traps, n);
            visit(&Mutant { kind, at, bytes, traps: &traps, calls });
        }
    }
    for n in 0..calls.len() {
        let at = u64::from(calls[n].return_offset);
        let mut fewer = calls.to_vec();
        fewer.remove(n);
        visit(&Mutant { kind: "row of a call dropped", at, bytes, traps, calls: &fewer });
        let mut off = calls.to_vec();
        off[n].return_offset -= 1;
        visit(&Mutant { kind: "row of a call one byte off", at, bytes, traps, calls: &off });
    }
}
