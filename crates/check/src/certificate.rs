//! Certificate bytes → data ranges and the claims of blocks. `docs/certificate.md` is the format.
//!
//! Nothing in a certificate is believed: ranges are checked against the code, claims at each edge.
//! The reader takes time and space linear in the certificate.

use crate::claims::{Claim, Name};
use crate::error::{Fault, Rule, fault};
use crate::state::Loc;
use crate::symbols::{Extent, Heap, RefKind, RefType};
use crate::value::{Base, Sym};
use alloc::vec::Vec;

/// The format's version, the first byte.
pub const VERSION: u8 = 2;
/// What a block's head says where the number of the block that it changes follows.
pub const FROM_FOLLOWS: u32 = 3;
/// Entries of a certificate's dictionary, blocks and data ranges at most, each.
pub const ITEMS_MAX: usize = 1 << 22;

/// Tags of dictionary entries, behind the location.
pub mod tags {
    #![allow(missing_docs, reason = "docs/certificate.md says what follows each")]
    pub const WORD: u8 = 0;
    pub const NUMBER: u8 = 1;
    pub const RANGE: u8 = 2;
    pub const RANGE_FIXED: u8 = 3;
    pub const LENGTH: u8 = 4;
    pub const REF: u8 = 5;
    pub const BELOW: u8 = 6;
    pub const BELOW_FIXED: u8 = 7;
    pub const TYPE: u8 = 8;
    pub const TYPE_ID: u8 = 9;
    pub const HOLDS: u8 = 0x40;
    pub const HOLDS_ADD: u8 = 0x01;
    pub const HOLDS_OF: u8 = 0x02;
    pub const HOLDS_FIXED: u8 = 0x04;
    pub const HOLDS_SHIFT: u8 = 0x08;
    pub const HOLDS_OWN: u8 = 0x10;
}

/// What a certificate states of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where the block begins.
    pub offset: u32,
    /// Whether every way to it passed a charge or a poll since the last header of a loop.
    pub metered: bool,
    /// Whose claims it changes.
    pub from: From,
    /// Where the numbers of the claims begin and end in [`Certificate::toggles`] that are claimed
    /// here and not there, or there and not here.
    pub toggles: (u32, u32),
}

/// Whose claims a block changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Those of the frame.
    Frame,
    /// Those of the block so many blocks back.
    Back(u32),
    /// None.
    Nothing,
}

/// A certificate, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Offsets `[start, end)` of what is data, sorted.
    pub data: Vec<(u32, u32)>,
    /// The dictionary of claims.
    pub dictionary: Vec<Claim>,
    /// Where the frame stands: what its state holds may be claimed by number.
    pub frame: u32,
    /// Numbers of the locations of the frame that do not keep what they hold there, sorted.
    pub changed: Vec<u32>,
    /// The blocks, sorted.
    pub blocks: Vec<Block>,
    /// The numbers of claims of all blocks, in order.
    pub toggles: Vec<u32>,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// [`Rule::Certificate`] if the bytes are malformed, or something is beyond [`ITEMS_MAX`].
    pub fn read(bytes: &[u8]) -> Result<Certificate, Fault> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.byte()? != VERSION {
            return fault(Rule::Certificate, "a version that the check does not know");
        }
        let mut certificate = Certificate::default();
        let mut end = 0_u32;
        for _ in 0..reader.count()? {
            let start = reader.offset_from(end)?;
            end = reader.offset_from(start)?;
            certificate.data.push((start, end));
        }
        for _ in 0..reader.count()? {
            certificate.dictionary.push(reader.claim()?);
        }
        let blocks = reader.count()?;
        if blocks > 0 {
            certificate.frame = reader.word()?;
            let mut next = 0_u32;
            for _ in 0..reader.count()? {
                let changed = reader.offset_from(next)?;
                certificate.changed.push(changed);
                next = changed.saturating_add(1);
            }
        }
        let mut offset = certificate.frame;
        for _ in 0..blocks {
            offset = reader.offset_from(offset)?;
            let head = reader.word()?;
            let from = match (head >> 1) & 3 {
                0 => From::Frame,
                FROM_FOLLOWS => match reader.word()? {
                    0 => From::Nothing,
                    n => From::Back(n),
                },
                n => From::Back(n),
            };
            let start = certificate.toggles.len() as u32;
            let mut next = 0_u32;
            for _ in 0..head >> 3 {
                let toggle = reader.offset_from(next)?;
                certificate.toggles.push(toggle);
                next = toggle.saturating_add(1);
            }
            let toggles = (start, certificate.toggles.len() as u32);
            certificate.blocks.push(Block { offset, metered: head & 1 == 1, from, toggles });
        }
        if reader.at != bytes.len() {
            return fault(Rule::Certificate, "bytes behind the end");
        }
        Ok(certificate)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Fault> {
        let Some(&byte) = self.bytes.get(self.at) else {
            return fault(Rule::Certificate, "the bytes end");
        };
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }

    /// An unsigned LEB128 number of 64 bits, in its shortest form or not.
    fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0_u64;
        for shift in (0..64_u32).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                break;
            }
            number |= low << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        fault(Rule::Certificate, "a number beyond 64 bits")
    }

    fn signed(&mut self) -> Result<i64, Fault> {
        let n = self.number()?;
        Ok(((n >> 1) as i64) ^ ((n & 1) as i64).wrapping_neg())
    }

    fn word(&mut self) -> Result<u32, Fault> {
        match u32::try_from(self.number()?) {
            Ok(word) => Ok(word),
            Err(_) => fault(Rule::Certificate, "a number beyond 32 bits"),
        }
    }

    fn offset_from(&mut self, from: u32) -> Result<u32, Fault> {
        match from.checked_add(self.word()?) {
            Some(offset) => Ok(offset),
            None => fault(Rule::Certificate, "an offset beyond 32 bits"),
        }
    }

    /// A count; every counted thing takes a byte at least.
    fn count(&mut self) -> Result<usize, Fault> {
        let count = self.word()? as usize;
        let left = self.bytes.len().saturating_sub(self.at);
        if count > left || count > ITEMS_MAX {
            return fault(Rule::Certificate, "a count beyond the bytes");
        }
        Ok(count)
    }

    fn loc(&mut self) -> Result<Loc, Fault> {
        Ok(Loc::numbered(self.word()?))
    }

    fn fixed(&mut self) -> Result<Sym, Fault> {
        let n = self.word()?;
        if n >= Sym::FIRST {
            return fault(Rule::Certificate, "a symbol that is not the function's");
        }
        Ok(Sym(n))
    }

    fn extent(&mut self) -> Result<Extent, Fault> {
        let n = self.word()?;
        Ok(if n & 1 == 0 { Extent::Memory(n >> 1) } else { Extent::Table(n >> 1) })
    }

    fn reference(&mut self) -> Result<RefType, Fault> {
        let code = self.byte()?;
        let kind = match code & 3 {
            0 => RefKind::Func,
            1 => RefKind::Extern,
            2 => RefKind::Exn,
            _ => return fault(Rule::Certificate, "a kind of reference"),
        };
        let heap = match code >> 3 {
            0 => Heap::Any,
            1 => Heap::Nothing,
            2 => Heap::Type(self.word()?),
            _ => return fault(Rule::Certificate, "a type of reference"),
        };
        Ok(RefType { kind, heap, nullable: code & 4 != 0 })
    }

    fn claim(&mut self) -> Result<Claim, Fault> {
        let start = self.at;
        let loc = self.loc()?;
        let tag = self.byte()?;
        match tag {
            tags::WORD => Ok(Claim::Number { at: loc, hi: 0xffff_ffff }),
            tags::NUMBER => Ok(Claim::Number { at: loc, hi: self.number()? }),
            tags::RANGE => {
                Ok(Claim::Range { name: Name::Of(loc), lo: self.number()?, hi: self.number()? })
            }
            tags::LENGTH => Ok(Claim::Length { of: loc, extent: self.extent()? }),
            tags::REF => Ok(Claim::Ref { of: loc, ty: self.reference()? }),
            tags::BELOW => {
                let (d, extent) = (self.signed()?, self.extent()?);
                Ok(Claim::Below { name: Name::Of(loc), d, extent })
            }
            tags::TYPE_ID => Ok(Claim::TypeId { of: loc, ty: self.word()? }),
            tags::TYPE => Ok(Claim::Type { of: loc, ty: self.word()? }),
            tags::RANGE_FIXED | tags::BELOW_FIXED => {
                self.at = start;
                let name = Name::Fixed(self.fixed()?);
                self.byte()?;
                if tag == tags::RANGE_FIXED {
                    return Ok(Claim::Range { name, lo: self.number()?, hi: self.number()? });
                }
                Ok(Claim::Below { name, d: self.signed()?, extent: self.extent()? })
            }
            tag if tag & 0xe0 == tags::HOLDS => self.holds(loc, tag),
            _ => fault(Rule::Certificate, "an entry of unknown kind"),
        }
    }

    fn holds(&mut self, at: Loc, tag: u8) -> Result<Claim, Fault> {
        let base = self.base()?;
        let has = |flag| tag & flag != 0;
        let add = if has(tags::HOLDS_ADD) { self.signed()? as u64 } else { 0 };
        let name = match (has(tags::HOLDS_OF), has(tags::HOLDS_FIXED), has(tags::HOLDS_OWN)) {
            (false, false, false) => Name::Fixed(Sym::ZERO),
            (true, false, false) => Name::Of(self.loc()?),
            (false, true, false) => Name::Fixed(self.fixed()?),
            (false, false, true) => Name::Of(at),
            _ => return fault(Rule::Certificate, "an entry with two symbols"),
        };
        let shift = if has(tags::HOLDS_SHIFT) { self.byte()? } else { 0 };
        let plain = name == Name::Fixed(Sym::ZERO) || base.by_symbol();
        if shift > 3 || (plain && shift != 0) {
            return fault(Rule::Certificate, "a shift that no value has");
        }
        Ok(Claim::Holds { at, base, name, shift, add })
    }

    fn base(&mut self) -> Result<Base, Fault> {
        Ok(match self.byte()? {
            0 => Base::None,
            1 => Base::Stack,
            2 => Base::VmCtx,
            3 => Base::Store,
            4 => Base::Builtins,
            5 => Base::Builtin(self.word()?),
            6 => Base::Types,
            7 => Base::Defined,
            8 => Base::Import(self.word()?),
            9 => Base::FuncCode(self.word()?),
            10 => Base::RefRecord,
            11 => Base::RefCode,
            12 => Base::RefContext,
            13 => Base::MemoryRecord(self.word()?),
            14 => Base::Memory(self.word()?),
            15 => Base::TableRecord(self.word()?),
            16 => Base::Table(self.word()?),
            17 => Base::Global(self.word()?),
            18 => Base::Args,
            19 => Base::Epoch,
            20 => Base::Code,
            _ => return fault(Rule::Certificate, "a base that the check does not know"),
        })
    }
}

/// The byte of a base, and its payload; none for a base that no claim has.
pub fn base_code(base: Base) -> Option<(u8, Option<u32>)> {
    Some(match base {
        Base::None => (0, None),
        Base::Stack => (1, None),
        Base::VmCtx => (2, None),
        Base::Store => (3, None),
        Base::Builtins => (4, None),
        Base::Builtin(n) => (5, Some(n)),
        Base::Types => (6, None),
        Base::Defined => (7, None),
        Base::Import(n) => (8, Some(n)),
        Base::FuncCode(n) => (9, Some(n)),
        Base::RefRecord => (10, None),
        Base::RefCode => (11, None),
        Base::RefContext => (12, None),
        Base::MemoryRecord(n) => (13, Some(n)),
        Base::Memory(n) => (14, Some(n)),
        Base::TableRecord(n) => (15, Some(n)),
        Base::Table(n) => (16, Some(n)),
        Base::Global(n) => (17, Some(n)),
        Base::Args => (18, None),
        Base::Epoch => (19, None),
        Base::Code => (20, None),
        Base::Funcs(_) => return None,
    })
}
