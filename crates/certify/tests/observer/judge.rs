//! One instruction before it is executed: is it one that code may have, and where does it reach?
//!
//! The accesses are those that iced-x86 names, implicit ones too (`push`, `call`, `ret`), with the
//! registers as they are.

use super::module::Ty;
use super::rule::{Broken, Rule};
use super::run::Run;
use super::world::{CODE, NOWHERE, NOWHERE_BYTES, What};
use iced_x86::{
    CpuidFeature as F, Instruction, InstructionInfoFactory, Mnemonic as M, OpAccess, Register,
    UsedMemory,
};
use prova_check::{CpuLevel, MemoryShape};

/// An access that was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) at: u64,
    pub(crate) bytes: u64,
    pub(crate) writes: bool,
    pub(crate) to: To,
}

/// The target of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// The frame or the arguments.
    Frame,
    /// A memory; whether beyond its length.
    Memory {
        /// Whether it has to fault.
        faults: bool,
    },
    /// The zone that is never mapped, so that it has to fault.
    Nowhere,
    /// A structure.
    Structure(What),
    /// The code.
    Code,
}

/// Whether all processors of a level have a feature.
fn has(level: CpuLevel, feature: F) -> bool {
    match feature {
        F::INTEL8086 | F::INTEL186 | F::INTEL286 | F::INTEL386 | F::INTEL486 | F::X64 => true,
        F::CMOV | F::CX8 | F::CMPXCHG16B | F::MULTIBYTENOP | F::POPCNT | F::SSE | F::SSE2 => true,
        F::SSE3 | F::SSSE3 | F::SSE4_1 | F::SSE4_2 => true,
        F::AVX | F::AVX2 | F::BMI1 | F::BMI2 | F::FMA | F::LZCNT => level == CpuLevel::V3,
        _ => false,
    }
}

/// Why an instruction may not be executed with any operands.
pub(crate) fn forbidden(insn: &Instruction, level: CpuLevel) -> Option<&'static str> {
    if insn.cpuid_features().iter().any(|&feature| !has(level, feature)) {
        return Some("an instruction that the processor may lack");
    }
    if insn.is_privileged() || insn.is_save_restore_instruction() || insn.is_string_instruction() {
        return Some("an instruction of the system, or a string's");
    }
    if matches!(insn.segment_prefix(), Register::FS | Register::GS) {
        return Some("another segment");
    }
    let system = matches!(
        insn.mnemonic(),
        M::Syscall
            | M::Sysenter
            | M::Int
            | M::Int1
            | M::Int3
            | M::Into
            | M::Iretq
            | M::Iretd
            | M::Std
            | M::Cld
            | M::Popfq
            | M::Popf
            | M::Pushfq
            | M::Ldmxcsr
            | M::Vldmxcsr
            | M::Enter
            | M::Xlatb
            | M::Cpuid
            | M::Rdtsc
            | M::Lsl
            | M::Lar
            | M::Verr
            | M::Verw
            | M::Sgdt
            | M::Sidt
            | M::Sldt
            | M::Str
            | M::Smsw
            | M::Emms
    );
    let segment = (0..insn.op_count()).any(|n| insn.op_register(n).is_segment_register());
    if system || segment {
        return Some("an instruction of the system");
    }
    let far = insn.is_call_far()
        || insn.is_call_far_indirect()
        || insn.is_jmp_far()
        || insn.is_jmp_far_indirect()
        || matches!(insn.mnemonic(), M::Retf);
    if far || insn.is_vsib() {
        return Some("a far branch, or an address for each lane");
    }
    None
}

impl Run<'_> {
    /// A broken rule at the current instruction.
    pub(crate) fn broken<T>(&self, rule: Rule, what: impl Into<String>) -> Result<T, Broken> {
        let offset = self.at.wrapping_sub(CODE);
        Err(Broken { rule, offset, what: what.into() })
    }

    /// A register's value, as addresses take it.
    pub(crate) fn register(&self, register: Register) -> Option<u64> {
        match register {
            Register::ES | Register::CS | Register::SS | Register::DS => Some(0),
            // iced gives the sum already.
            Register::RIP => Some(0),
            r if r.is_gpr64() => Some(self.regs.general[r.number()]),
            r if r.is_gpr32() => Some(self.regs.general[r.number()] & 0xffff_ffff),
            _ => None,
        }
    }

    /// Judges each access of the instruction.
    pub(crate) fn accesses(
        &self,
        factory: &mut InstructionInfoFactory,
        insn: &Instruction,
    ) -> Result<Vec<Access>, Broken> {
        let mut found = Vec::new();
        for used in factory.info(insn).used_memory() {
            let writes = match used.access() {
                OpAccess::None | OpAccess::NoMemAccess => continue,
                OpAccess::Read | OpAccess::CondRead => false,
                OpAccess::Write
                | OpAccess::CondWrite
                | OpAccess::ReadWrite
                | OpAccess::ReadCondWrite => true,
            };
            found.push(self.access(insn, used, writes)?);
        }
        Ok(found)
    }

    fn access(
        &self,
        insn: &Instruction,
        used: &UsedMemory,
        writes: bool,
    ) -> Result<Access, Broken> {
        let Some(at) = used.virtual_address(0, |register, _, _| self.register(register)) else {
            return self.broken(Rule::Place, "an address of unknown registers");
        };
        let bytes = used.memory_size().size() as u64;
        if bytes == 0 || bytes > 32 {
            return self.broken(Rule::Place, format!("an access of {bytes} bytes"));
        }
        let access = |to| Ok(Access { at, bytes, writes, to });
        let end = at.wrapping_add(bytes);
        if self.is_stack(at) {
            let after = self.regs.general[4].wrapping_add(insn.stack_pointer_increment() as u64);
            let low = self.regs.general[4].min(after);
            if at < low || end > self.top {
                let what =
                    format!("{bytes} bytes at entry {:+}", at.wrapping_sub(self.entry) as i64);
                return self.broken(Rule::Frame, what);
            }
            return access(To::Frame);
        }
        if at >= CODE && end <= CODE + self.code.len() as u64 {
            if writes {
                return self.broken(Rule::Written, "the code");
            }
            return access(To::Code);
        }
        let masks = self.subject.memory == MemoryShape::Masked;
        if masks && at >= NOWHERE && end <= NOWHERE + NOWHERE_BYTES {
            return access(To::Nowhere);
        }
        if let Some(faults) = self.memory(at, bytes)? {
            return access(To::Memory { faults });
        }
        let what = self.structure((at, bytes), writes)?;
        access(To::Structure(what))
    }

    /// Whether an access lies in a memory, and whether beyond its length.
    fn memory(&self, at: u64, bytes: u64) -> Result<Option<bool>, Broken> {
        for (n, &(_, base, len, zone)) in self.world.memories.iter().enumerate() {
            let Some(from) = at.checked_sub(base) else { continue };
            if from.saturating_add(bytes) <= len {
                return Ok(Some(false));
            }
            // What is said to fault behind the length of a memory whose pages have 64 KiB.
            let paged = self.subject.signals && self.world.module.memories[n].paged;
            let zone = if paged { zone.max(len + (1 << 20)) } else { zone };
            if from.saturating_add(bytes) <= zone {
                return Ok(Some(true));
            }
            if from < super::world::MEMORY_STRIDE {
                let what = format!("{bytes} bytes at {from:#x} of memory {n} of {len:#x}");
                return self.broken(Rule::Memory, what);
            }
        }
        Ok(None)
    }

    /// The structure that an access lies in.
    fn structure(&self, (at, bytes): (u64, u64), writes: bool) -> Result<What, Broken> {
        let behind = self.world.regions.partition_point(|region| region.start <= at);
        let region = behind.checked_sub(1).map(|n| self.world.regions[n]);
        let Some(region) = region.filter(|region| at.saturating_add(bytes) <= region.end) else {
            return self.broken(Rule::Place, format!("{bytes} bytes at {at:#x}"));
        };
        let from = at - region.start;
        match region.what {
            What::Words(stride, fields) => {
                if !fields.contains(&(from % stride, bytes)) {
                    return self.broken(Rule::Field, format!("{bytes} bytes at {from:#x}"));
                }
                if writes {
                    return self.broken(Rule::Written, format!("a word at {from:#x}"));
                }
            }
            What::Fuel | What::Epoch => {
                if (from, bytes) != (0, 8) {
                    return self.broken(Rule::Field, format!("{bytes} bytes at {from:#x}"));
                }
                if writes && region.what == What::Epoch {
                    return self.broken(Rule::Written, "the epoch");
                }
            }
            What::Global(ty, mutable) => {
                let whole = !matches!(ty, Ty::Ref(_)) || bytes == 8;
                if from != 0 || bytes > ty.cell_bytes() || !whole {
                    return self.broken(Rule::Field, format!("{bytes} bytes of a global"));
                }
                if writes && !mutable {
                    return self.broken(Rule::Written, "an immutable global");
                }
            }
            What::Elements(table) => {
                let len = self.world.tables[table].2;
                if !from.is_multiple_of(8) || bytes != 8 || from / 8 >= len {
                    let what = format!("{bytes} bytes at {from:#x} of a table of {len}");
                    return self.broken(Rule::Table, what);
                }
            }
            What::Args => {}
        }
        Ok(region.what)
    }
}
