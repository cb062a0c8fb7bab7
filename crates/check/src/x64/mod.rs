//! Bytes → instructions that the check knows: class, operands, access widths.
//!
//! iced-x86 decodes; what an instruction *means* is said here, by opt-in tables of codes, one for
//! each family. A code that is in no table, a prefix or an operand form without a rule is refused.
//! Access widths come from the decoder; `docs/trust/assumptions.md` says how it is cross-checked.

/// The codes of a family, by class.
macro_rules! classes {
    ($($($code:ident)|+ => $class:expr,)+) => {
        pub(super) const CLASSES: &[(super::Class, &[iced_x86::Code])] =
            &[$(($class, &[$(iced_x86::Code::$code),+])),+];
    };
}

mod atomic;
mod control;
pub(crate) mod float;
mod numeric;
mod parametric;
mod vector;

use crate::error::{Fault, Rule, fault};
use crate::layout::CpuLevel;
use iced_x86::{
    Code, Decoder, DecoderOptions, EncodingKind, Instruction, OpKind, Register, RoundingControl,
};

/// A condition on the flags: the suffix of a conditional instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the processor's own names")]
pub enum Condition {
    Overflow,
    NotOverflow,
    Below,
    AboveEqual,
    Equal,
    NotEqual,
    BelowEqual,
    Above,
    Sign,
    NotSign,
    Parity,
    NotParity,
    Less,
    GreaterEqual,
    LessEqual,
    Greater,
}

/// An operation whose destination is its first source, operand 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "explained where the tables list their codes")]
pub enum Alu {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Carry,
    ShiftLeft,
    ShiftRight,
    Rotate,
    DoubleShift,
    Unary,
    Not,
    Negate,
}

/// An operation whose result depends on nothing but its operands, among those that are found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pure {
    /// The sum of two numbers without a form, whose constants are left out.
    Add,
    /// The difference.
    Sub,
    /// The bits that both have.
    And,
    /// The bits that one of them has.
    Xor,
    /// The bits that it does not have.
    Not,
    /// The extension with its sign, of 32 bits to 64; of fewer ones where the second operand is how
    /// many bytes.
    Extend,
    /// The lowest byte, or two.
    Part,
    /// The product.
    Multiply,
    /// The word itself.
    Word,
}

impl Alu {
    /// The operation as one whose result depends on its operands alone, where these determine it
    /// (N2 of `nonzero`).
    pub fn pure(self) -> Option<Pure> {
        match self {
            Alu::Sub => Some(Pure::Sub),
            Alu::And => Some(Pure::And),
            Alu::Xor => Some(Pure::Xor),
            Alu::Not => Some(Pure::Not),
            Alu::Add
            | Alu::Or
            | Alu::Carry
            | Alu::ShiftLeft
            | Alu::ShiftRight
            | Alu::Rotate
            | Alu::DoubleShift
            | Alu::Unary
            | Alu::Negate => None,
        }
    }
}

/// The class of an instruction: instructions of one class have the same rules. The tables of the
/// families map codes to classes; `step` gives each class its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "explained where the tables list their codes")]
pub enum Class {
    Move,
    ZeroExtend,
    SignExtend,
    Lea,
    Alu(Alu),
    Compare,
    Test,
    Define,
    Scan,
    MultiplyPair,
    MultiplyWide,
    Divide,
    ExtendLow,
    ExtendHigh,
    BitTest,
    SetByte(Condition),
    Select(Condition),
    Branch(Condition),
    Jump,
    Leave,
    JumpTo,
    Call,
    CallTo,
    Return,
    Push,
    Pop,
    Trap,
    Nop,
    Exchange,
    ExchangeAdd,
    CompareExchange,
    Fence,
    Vector,
    VectorFlags,
}

impl Class {
    /// Whether the flags stay what they were.
    pub const fn keeps_flags(self) -> bool {
        matches!(
            self,
            Class::Move
                | Class::ZeroExtend
                | Class::SignExtend
                | Class::Lea
                | Class::SetByte(_)
                | Class::Select(_)
                | Class::Push
                | Class::Pop
                | Class::Branch(_)
                | Class::Nop
                | Class::Vector
        )
    }

    /// Whether it is a call.
    pub const fn is_call(self) -> bool {
        matches!(self, Class::Call | Class::CallTo)
    }

    /// Whether it is a branch, jump, call or return. The prefix of the operand size before one is
    /// not refused by the decoder, and Intel's processors ignore it; AMD's take 16 bits: another
    /// length, another target.
    pub const fn is_near_branch(self) -> bool {
        matches!(
            self,
            Class::Branch(_)
                | Class::Jump
                | Class::Leave
                | Class::JumpTo
                | Class::Call
                | Class::CallTo
                | Class::Return
        )
    }

    /// Whether a `lock` prefix may stand before it (with a memory destination).
    const fn lockable(self) -> bool {
        matches!(
            self,
            Class::Alu(Alu::Add | Alu::Sub | Alu::And | Alu::Or | Alu::Xor | Alu::Carry)
                | Class::Exchange
                | Class::ExchangeAdd
                | Class::CompareExchange
        )
    }
}

/// The address of a memory operand: `base + (index << shift) + disp` modulo 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The base register.
    pub base: Option<u8>,
    /// Whether the displacement is an offset in the code (`rip`-relative).
    pub code: bool,
    /// The index register and its shift.
    pub index: Option<(u8, u8)>,
    /// The displacement, sign-extended.
    pub disp: u64,
    /// Bytes that are accessed.
    pub size: u32,
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A general register and its bytes (1, 2, 4, 8).
    Register(u8, u32),
    /// A vector register.
    Vector,
    /// Memory.
    Memory(Address),
    /// An immediate, sign-extended.
    Immediate(u64),
}

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub struct Insn {
    /// Where it stands in the code.
    pub offset: u32,
    /// How many bytes it has.
    pub len: u32,
    /// Its class.
    pub class: Class,
    end: u32,
    raw: Instruction,
}

/// The instructions of a code: one decoder, which is set to where it shall decode.
#[allow(missing_debug_implementations, reason = "the decoder has none")]
pub struct Instructions<'a> {
    code: &'a [u8],
    decoder: Decoder<'a>,
    /// Where the decoder stands, if that is known: behind the instruction decoded last.
    next: u64,
}

impl<'a> Instructions<'a> {
    /// Those of `code`.
    pub fn new(code: &'a [u8]) -> Instructions<'a> {
        let decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
        Instructions { code, decoder, next: 0 }
    }

    /// Decodes the instruction at `offset`.
    ///
    /// # Errors
    ///
    /// [`Rule::Instruction`] if the bytes are no instruction, or one that is in no table.
    pub fn at(&mut self, offset: u32) -> Result<Insn, Fault> {
        let mut insn = Insn::default();
        self.decode(offset, &mut insn)?;
        Ok(insn)
    }

    /// Decodes the instruction at `offset` into `insn`, overwriting it; as [`Instructions::at`].
    ///
    /// # Errors
    ///
    /// As [`Instructions::at`]; `insn` then is no instruction.
    #[inline(always)]
    pub fn decode(&mut self, offset: u32, insn: &mut Insn) -> Result<(), Fault> {
        let decoder = &mut self.decoder;
        if self.next != u64::from(offset) {
            self.next = UNKNOWN;
            if decoder.set_position(offset as usize).is_err() {
                return fault(Rule::Instruction, "no instruction");
            }
            decoder.set_ip(u64::from(offset));
        }
        decoder.decode_out(&mut insn.raw);
        if insn.raw.is_invalid() {
            self.next = UNKNOWN;
            return fault(Rule::Instruction, "no instruction");
        }
        let len = u32::try_from(insn.raw.len()).unwrap_or(0);
        let end = offset.saturating_add(len);
        self.next = u64::from(end);
        let code = insn.raw.code();
        let known = planted!(
            NeighbourIsKnown,
            class(code),
            class(code).or(CLASSES.get((code as usize).wrapping_sub(1)).copied().flatten())
        );
        let Some(class) = known else {
            return fault(Rule::Instruction, "an instruction that the check does not know");
        };
        // A direct jump that leads out of the code is none within it, nor one to its entry: that
        // is a tail call.
        let to = insn.raw.near_branch64();
        let leaves = class == Class::Jump && (to >= self.code.len() as u64 || to == 0);
        let class = if leaves { Class::Leave } else { class };
        (insn.offset, insn.len, insn.class, insn.end) = (offset, len, class, end);
        insn.prefixes()?;
        let bytes = self.code.get(offset as usize..insn.end() as usize).unwrap_or(&[]);
        if class.is_near_branch() && prefixes(bytes).any(|byte| byte == OPERAND_SIZE) {
            return fault(Rule::Instruction, "an operand size before a branch");
        }
        Ok(())
    }
}

/// No offset.
const UNKNOWN: u64 = u64::MAX;

impl Default for Insn {
    /// A placeholder to decode into.
    fn default() -> Insn {
        Insn { offset: 0, len: 0, class: Class::Trap, end: 0, raw: Instruction::default() }
    }
}

impl Insn {
    /// The decoder's view of it, for readers that give instructions a meaning that this check does
    /// not need.
    pub fn raw(&self) -> &Instruction {
        &self.raw
    }

    /// The level of processors that have it. Below, `tzcnt` and `lzcnt` are executed as `bsf` and
    /// `bsr`, which leave the destination as it was where the source is 0.
    pub fn level(&self) -> CpuLevel {
        let counts = matches!(
            self.raw.code(),
            Code::Tzcnt_r16_rm16
                | Code::Tzcnt_r32_rm32
                | Code::Tzcnt_r64_rm64
                | Code::Lzcnt_r16_rm16
                | Code::Lzcnt_r32_rm32
                | Code::Lzcnt_r64_rm64
        );
        if counts || self.raw.encoding() != EncodingKind::Legacy {
            CpuLevel::V3
        } else {
            CpuLevel::V2
        }
    }

    /// Whether it is one of AVX-512.
    ///
    /// # Errors
    ///
    /// [`Rule::Instruction`] for one with a mask, one element for all lanes, or another rounding.
    pub fn extension(&self) -> Result<bool, Fault> {
        let raw = &self.raw;
        if raw.encoding() != EncodingKind::EVEX {
            return Ok(false);
        }
        let masked = raw.has_op_mask() || raw.zeroing_masking();
        let rounds =
            raw.suppress_all_exceptions() || raw.rounding_control() != RoundingControl::None;
        let plain = !masked && !rounds && !raw.is_broadcast();
        if !planted!(MasksAreNone, plain, true) {
            return fault(Rule::Instruction, "a mask, an element for all lanes, or a rounding");
        }
        Ok(true)
    }

    /// Whether its memory operand must lie at a multiple of 16. That holds for 128-bit instructions
    /// without a VEX prefix, except unaligned moves, and for aligned moves.
    pub fn needs_alignment(&self) -> bool {
        let legacy = self.raw.encoding() == EncodingKind::Legacy;
        match self.raw.code() {
            Code::Movups_xmm_xmmm128
            | Code::Movups_xmmm128_xmm
            | Code::Movupd_xmm_xmmm128
            | Code::Movupd_xmmm128_xmm
            | Code::Movdqu_xmm_xmmm128
            | Code::Movdqu_xmmm128_xmm => false,
            Code::VEX_Vmovaps_xmm_xmmm128
            | Code::VEX_Vmovaps_xmmm128_xmm
            | Code::VEX_Vmovapd_xmm_xmmm128
            | Code::VEX_Vmovapd_xmmm128_xmm
            | Code::VEX_Vmovdqa_xmm_xmmm128
            | Code::VEX_Vmovdqa_xmmm128_xmm => true,
            _ => legacy && self.raw.memory_size().size() == 16,
        }
    }

    #[inline(always)]
    fn prefixes(&self) -> Result<(), Fault> {
        let raw = &self.raw;
        let segment = raw.segment_prefix();
        let none = segment == Register::None;
        if !planted!(SegmentIsNone, none, none || segment == Register::GS) {
            return fault(Rule::Instruction, "a segment prefix");
        }
        if raw.has_rep_prefix() || raw.has_repne_prefix() {
            return fault(Rule::Instruction, "a repetition prefix");
        }
        if raw.has_xacquire_prefix() || raw.has_xrelease_prefix() {
            return fault(Rule::Instruction, "a prefix of transactions");
        }
        if raw.has_lock_prefix() {
            let memory = raw.op0_kind() == OpKind::Memory;
            let lockable = planted!(LockAnywhere, self.class.lockable() && memory, true);
            if !lockable {
                return fault(Rule::Instruction, "a lock prefix");
            }
        }
        Ok(())
    }

    /// The offset behind it.
    #[inline]
    pub fn end(&self) -> u32 {
        self.end
    }

    /// How many operands it has, at most four are looked at.
    pub fn operands(&self) -> u32 {
        self.raw.op_count().min(4)
    }

    /// The target of a direct jump or branch.
    pub fn target(&self) -> u32 {
        u32::try_from(self.raw.near_branch64()).unwrap_or(u32::MAX)
    }

    /// The target of a direct jump or call, from the code's first byte on, which it may lie before.
    pub fn target_anywhere(&self) -> i64 {
        self.raw.near_branch64() as i64
    }

    /// Whether it multiplies 64 bits by the constant 1: the result is operand 1.
    pub fn is_product_by_one(&self) -> bool {
        let code = self.raw.code();
        let by_constant = code == Code::Imul_r64_rm64_imm8 || code == Code::Imul_r64_rm64_imm32;
        by_constant && matches!(self.raw.try_immediate(2), Ok(1))
    }

    /// Whether it multiplies operand 1 by the constant that operand 2 is.
    pub fn is_product_by_constant(&self) -> bool {
        matches!(
            self.raw.code(),
            Code::Imul_r64_rm64_imm8
                | Code::Imul_r64_rm64_imm32
                | Code::Imul_r32_rm32_imm8
                | Code::Imul_r32_rm32_imm32
        )
    }

    /// Whether this is `andn`: the bits of operand 2 that operand 1 does not have.
    pub fn is_and_not(&self) -> bool {
        matches!(self.raw.code(), Code::VEX_Andn_r32_r32_rm32 | Code::VEX_Andn_r64_r64_rm64)
    }

    /// The immediate of `ret imm16`; 0 without one.
    pub fn pops(&self) -> u32 {
        if self.raw.code() == Code::Retnq_imm16 { u32::from(self.raw.immediate16()) } else { 0 }
    }

    /// The general register that operand 0 is, and its bytes.
    #[inline]
    pub fn first_register(&self) -> Option<(u8, u32)> {
        if self.raw.op0_kind() == OpKind::Register {
            general(self.raw.op0_register())
        } else {
            None
        }
    }

    /// Whether it has two operands, which are one register in one width.
    #[inline]
    pub fn is_of_one_register(&self) -> bool {
        let raw = &self.raw;
        let registers = (raw.op0_kind(), raw.op1_kind()) == (OpKind::Register, OpKind::Register);
        let one = raw.op0_register() == raw.op1_register();
        raw.op_count() == 2 && registers && planted!(OneRegisterIsAny, one, true)
    }

    /// The kind of operand `n`, and the register if it is one.
    #[inline(always)]
    fn kind_and_register(&self, n: u32) -> (OpKind, Register) {
        let raw = &self.raw;
        match n {
            0 => (raw.op0_kind(), raw.op0_register()),
            1 => (raw.op1_kind(), raw.op1_register()),
            2 => (raw.op2_kind(), raw.op2_register()),
            _ => (raw.op3_kind(), raw.op3_register()),
        }
    }

    /// The vector register that operand `n` is.
    #[inline]
    pub fn vector(&self, n: u32) -> Option<u8> {
        let (kind, register) = self.kind_and_register(n);
        let n = (register as u32).checked_sub(Register::XMM0 as u32)?;
        (kind == OpKind::Register && n < 16).then_some(n as u8)
    }

    /// The address of the memory operand, if there is one of a form with a rule.
    #[inline]
    pub fn memory(&self) -> Option<Address> {
        let kinds = [self.raw.op0_kind(), self.raw.op1_kind(), self.raw.op2_kind()];
        if kinds.contains(&OpKind::Memory) { self.address().ok() } else { None }
    }

    /// Whether operand `n` is memory, and the general register that it is, with its bytes.
    #[inline(always)]
    pub fn place(&self, n: u32) -> (bool, Option<(u8, u32)>) {
        let (kind, register) = self.kind_and_register(n);
        let register = if kind == OpKind::Register { general(register) } else { None };
        (kind == OpKind::Memory, register)
    }

    /// Operand `n`.
    ///
    /// # Errors
    ///
    /// [`Rule::Instruction`] for a form without a rule.
    #[inline(always)]
    pub fn operand(&self, n: u32) -> Result<Operand, Fault> {
        let (kind, register) = self.kind_and_register(n);
        match kind {
            OpKind::Register => register_operand(register),
            OpKind::Memory => self.address().map(Operand::Memory),
            _ => self.immediate(n),
        }
    }

    /// Operand `n`, which is neither a register nor memory.
    #[inline(never)]
    fn immediate(&self, n: u32) -> Result<Operand, Fault> {
        match self.raw.try_op_kind(n) {
            Ok(
                OpKind::Immediate8
                | OpKind::Immediate16
                | OpKind::Immediate32
                | OpKind::Immediate64
                | OpKind::Immediate8to16
                | OpKind::Immediate8to32
                | OpKind::Immediate8to64
                | OpKind::Immediate32to64,
            ) => match self.raw.try_immediate(n) {
                Ok(value) => Ok(Operand::Immediate(value)),
                Err(_) => fault(Rule::Instruction, "an immediate without a value"),
            },
            _ => fault(Rule::Instruction, "an operand form that the check does not know"),
        }
    }

    /// The address of its memory operand.
    #[inline]
    pub(crate) fn address(&self) -> Result<Address, Fault> {
        const FORM: &str = "an address form that the check does not know";
        let raw = &self.raw;
        let size = u32::try_from(raw.memory_size().size()).unwrap_or(u32::MAX);
        let disp = raw.memory_displacement64();
        let of_code = raw.memory_base() == Register::RIP;
        if planted!(CodeAtHalf, of_code, of_code || raw.memory_base() == Register::EIP) {
            if raw.memory_index() != Register::None {
                return fault(Rule::Instruction, FORM);
            }
            return Ok(Address { base: None, code: true, index: None, disp, size });
        }
        let base = match raw.memory_base() {
            Register::None => None,
            register => match planted!(
                BaseOfHalf,
                general(register),
                general(register).map(|(n, _)| (n, 8))
            ) {
                Some((number, 8)) => Some(number),
                _ => return fault(Rule::Instruction, FORM),
            },
        };
        let index = match raw.memory_index() {
            Register::None => None,
            register => match planted!(
                IndexOfHalf,
                general(register),
                general(register).map(|(n, _)| (n, 8))
            ) {
                Some((number, 8)) => {
                    let shift = match raw.memory_index_scale() {
                        1 => 0,
                        2 => 1,
                        4 => 2,
                        8 => 3,
                        _ => return fault(Rule::Instruction, FORM),
                    };
                    Some((number, shift))
                }
                _ => return fault(Rule::Instruction, FORM),
            },
        };
        if base.is_none() && index.is_none() {
            return fault(Rule::Instruction, "an absolute address");
        }
        Ok(Address { base, code: false, index, disp, size })
    }
}

/// The prefix of the operand size.
const OPERAND_SIZE: u8 = 0x66;

/// The prefixes of an instruction, those of registers among them.
fn prefixes(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let is_prefix = |byte: &u8| {
        matches!(
            byte,
            0x26 | 0x2e | 0x36 | 0x3e | 0x40..=0x4f | 0x64..=0x67 | 0xf0 | 0xf2 | 0xf3
        )
    };
    bytes.iter().copied().take_while(is_prefix)
}

/// The class of a code, if it is in a table.
#[inline]
pub fn class(code: Code) -> Option<Class> {
    CLASSES.get(code as usize).copied().flatten()
}

/// More than there are codes.
const CODES: usize = 1 << 13;

/// The class of each code by its number, from the families' lists. No code is in two of them.
static CLASSES: [Option<Class>; CODES] = {
    let mut table = [None; CODES];
    let mut families: &[&[(Class, &[Code])]] = &[
        numeric::CLASSES,
        control::CLASSES,
        vector::CLASSES,
        parametric::CLASSES,
        atomic::CLASSES,
    ];
    while let [family, other @ ..] = families {
        let mut rows = *family;
        while let [(class, codes), behind @ ..] = rows {
            let mut codes = *codes;
            while let [code, rest @ ..] = codes {
                if let (_, [slot, ..]) = table.split_at_mut(*code as usize) {
                    assert!(slot.is_none(), "a code has two classes");
                    *slot = Some(*class);
                }
                codes = rest;
            }
            rows = behind;
        }
        families = other;
    }
    table
};

#[inline]
fn register_operand(register: Register) -> Result<Operand, Fault> {
    if let Some((number, bytes)) = general(register) {
        return Ok(Operand::Register(number, bytes));
    }
    let n = register as u32;
    if (Register::XMM0 as u32..=Register::XMM15 as u32).contains(&n) {
        return Ok(Operand::Vector);
    }
    fault(Rule::Instruction, "a register that the check does not know")
}

/// Number and bytes of a general register; `ah` to `bh` are none.
const fn of_general(register: u32) -> (u8, u8) {
    // The first and the last of a run, the number of the first, its bytes.
    const RUNS: [(Register, Register, u8, u8); 5] = [
        (Register::RAX, Register::R15, 0, 8),
        (Register::EAX, Register::R15D, 0, 4),
        (Register::AX, Register::R15W, 0, 2),
        (Register::AL, Register::BL, 0, 1),
        (Register::SPL, Register::R15L, 4, 1),
    ];
    let mut runs: &[(Register, Register, u8, u8)] = &RUNS;
    while let [(first, last, number, bytes), rest @ ..] = runs {
        if register >= *first as u32 && register <= *last as u32 {
            let place = register.saturating_sub(*first as u32) as u8;
            return (place.saturating_add(*number), *bytes);
        }
        runs = rest;
    }
    (0, 0)
}

/// By the decoder's register: number and bytes of a general one; 0 bytes of others.
static GENERAL: [(u8, u8); 128] = {
    let mut table = [(0, 0); 128];
    let mut rest: &mut [(u8, u8)] = &mut table;
    let mut register = 0;
    while let [slot, behind @ ..] = rest {
        *slot = of_general(register);
        register = register.saturating_add(1);
        rest = behind;
    }
    table
};

/// Number and bytes of a general register.
#[inline]
fn general(register: Register) -> Option<(u8, u32)> {
    let &(number, bytes) = GENERAL.get(register as usize)?;
    (bytes != 0).then_some((number, u32::from(bytes)))
}
