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

mod bits;

pub use bits::Reader;

/// The format's version, the first byte.
pub const VERSION: u8 = 6;
/// Entries of a certificate's dictionary, blocks and data ranges at most, each.
pub const ITEMS_MAX: usize = 1 << 22;

/// Jumps backwards that may follow a charge or a poll, up to the next one. Blocks say fewer.
pub const JUMPS: u8 = 8;

/// How many bits say how many bits each block has for its jumps.
pub const JUMPS_BITS: u32 = 2;

/// The number of the first data segment among extents; before it stand memories and tables.
pub const DATA_FIRST: u32 = 1 << 30;

/// The number of the store's functions among extents.
pub const FUNCS: u32 = DATA_FIRST - 1;

/// Orders of numbers, where the format fixes them.
pub mod orders {
    /// Counts, and whose claims a block changes.
    pub const COUNT: u32 = 0;
    /// Which memory or table.
    pub const EXTENT: u32 = 1;
    /// Offsets, gaps, locations, symbols, indices.
    pub const PLACE: u32 = 4;
    /// Constants, distances, lower bounds.
    pub const WORD: u32 = 8;
    /// Upper bounds.
    pub const MOST: u32 = 32;
    /// How many bits each order has that a certificate chooses.
    pub const BITS: u32 = 3;
}

/// Tags of dictionary entries that state no location's content.
pub mod tags {
    #![allow(missing_docs, reason = "docs/certificate.md says what follows each")]
    pub const NUMBER: u64 = 0;
    pub const LEAST: u64 = 1;
    pub const RANGE: u64 = 2;
    pub const LEAST_FIXED: u64 = 3;
    pub const RANGE_FIXED: u64 = 4;
    pub const LENGTH: u64 = 5;
    pub const REF: u64 = 6;
    pub const BELOW: u64 = 7;
    pub const BELOW_FIXED: u64 = 8;
    pub const TYPE: u64 = 9;
    pub const TYPE_ID: u64 = 10;
    pub const MASKED: u64 = 11;
    pub const SUM: u64 = 12;
    pub const HALF: u64 = 13;
    pub const SELECTS: u64 = 14;
    /// How many bits a tag has.
    pub const BITS: u32 = 4;
}

/// The claims of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where the block begins.
    pub offset: u32,
    /// Jumps backwards that may follow, up to the next charge or poll.
    pub jumps: u8,
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
    /// Those of the block this number of blocks back.
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
        let mut reader = Reader::new(bytes);
        let version = reader.bits(8)?;
        if planted!(AnyVersion, version != u64::from(VERSION), false) {
            return fault(Rule::Certificate, "a version that the check does not know");
        }
        let mut certificate = Certificate::default();
        let mut end = 0_u32;
        for _ in 0..reader.count()? {
            let start = reader.offset_from(end, orders::PLACE)?;
            end = reader.offset_from(start, orders::PLACE)?;
            certificate.data.push((start, end));
        }
        let entries = reader.count()?;
        certificate.dictionary.reserve(entries.min(bytes.len()));
        for _ in 0..entries {
            certificate.dictionary.push(reader.claim()?);
        }
        let blocks = reader.count()?;
        if blocks > 0 {
            reader.blocks(blocks, &mut certificate)?;
        }
        reader.end()?;
        Ok(certificate)
    }
}

impl Reader<'_> {
    /// Reads the frame and `count` blocks.
    fn blocks(&mut self, count: usize, into: &mut Certificate) -> Result<(), Fault> {
        into.frame = self.word(orders::PLACE)?;
        let mut order = || self.bits(orders::BITS).map(|order| order as u32);
        let (distances, counts, firsts, gaps) = (order()?, order()?, order()?, order()?);
        let jumps = self.bits(JUMPS_BITS)? as u32;
        let mut next = 0_u32;
        for _ in 0..self.count()? {
            let changed = self.offset_from(next, orders::PLACE)?;
            into.changed.push(changed);
            next = changed.saturating_add(1);
        }
        let mut offset = into.frame;
        into.blocks.reserve(count.min(self.bytes().len()));
        into.toggles.reserve(self.bytes().len());
        for _ in 0..count {
            offset = self.offset_from(offset, distances)?;
            let jumps = self.bits(jumps)? as u8;
            let from = match self.word(orders::COUNT)? {
                n @ (0 | 1) => From::Back(n.saturating_add(1)),
                2 => From::Nothing,
                3 => From::Frame,
                n => From::Back(n.saturating_sub(1)),
            };
            let start = into.toggles.len() as u32;
            let (mut next, mut order) = (0_u32, firsts);
            for _ in 0..self.word(counts)? {
                let toggle = self.offset_from(next, order)?;
                into.toggles.push(toggle);
                (next, order) = (toggle.saturating_add(1), gaps);
            }
            let toggles = (start, into.toggles.len() as u32);
            into.blocks.push(Block { offset, jumps, from, toggles });
        }
        Ok(())
    }

    fn loc(&mut self) -> Result<Loc, Fault> {
        Ok(Loc::numbered(self.word(orders::PLACE)?))
    }

    fn fixed(&mut self) -> Result<Sym, Fault> {
        let n = self.word(orders::PLACE)?;
        if n >= Sym::FIRST {
            return fault(Rule::Certificate, "a symbol that is not the function's");
        }
        Ok(Sym(n))
    }

    fn extent(&mut self) -> Result<Extent, Fault> {
        let n = self.word(orders::EXTENT)?;
        Ok(match (n.checked_sub(DATA_FIRST), n & 1) {
            _ if n == FUNCS => Extent::Funcs,
            (Some(n), _) => Extent::Data(n),
            (None, 0) => Extent::Memory(n >> 1),
            (None, _) => Extent::Table(n >> 1),
        })
    }

    fn reference(&mut self) -> Result<RefType, Fault> {
        let code = self.bits(5)?;
        let kind = match code & 3 {
            0 => RefKind::Func,
            1 => RefKind::Extern,
            2 => RefKind::Exn,
            _ => RefKind::Any,
        };
        let heap = match code >> 3 {
            0 => Heap::Any,
            1 => Heap::Nothing,
            2 => Heap::Type(self.index()?),
            _ => match self.bits(2)? {
                0 => Heap::Eq,
                1 => Heap::Struct,
                2 => Heap::Array,
                _ => Heap::I31,
            },
        };
        Ok(RefType { kind, heap, nullable: code & 4 != 0 })
    }

    fn claim(&mut self) -> Result<Claim, Fault> {
        if self.bits(1)? == 1 {
            return self.holds();
        }
        let tag = self.bits(tags::BITS)?;
        if matches!(tag, tags::LEAST_FIXED | tags::RANGE_FIXED | tags::BELOW_FIXED) {
            let name = Name::Fixed(self.fixed()?);
            return self.claim_on(name, tag == tags::BELOW_FIXED, tag == tags::RANGE_FIXED);
        }
        let of = self.loc()?;
        match tag {
            tags::NUMBER => Ok(Claim::Number { at: of, hi: self.number(orders::MOST)? }),
            tags::LEAST | tags::RANGE => self.claim_on(Name::Of(of), false, tag == tags::RANGE),
            tags::BELOW => self.claim_on(Name::Of(of), true, false),
            tags::LENGTH => Ok(Claim::Length { of, extent: self.extent()? }),
            tags::REF => Ok(Claim::Ref { of, ty: self.reference()? }),
            tags::TYPE => Ok(Claim::Type { of, ty: self.index()? }),
            tags::TYPE_ID => Ok(Claim::TypeId { of, ty: self.index()? }),
            tags::SUM => Ok(Claim::Sum { of, a: self.summand()?, b: self.summand()? }),
            tags::SELECTS => Ok(Claim::Selects { of, index: self.loc()? }),
            tags::HALF => Ok(Claim::Half { of, whole: self.loc()? }),
            tags::MASKED => {
                Ok(Claim::Masked { of, extent: self.extent()?, bytes: self.word(orders::WORD)? })
            }
            _ => fault(Rule::Certificate, "an entry of unknown kind"),
        }
    }

    fn summand(&mut self) -> Result<(Loc, u8), Fault> {
        Ok((self.loc()?, self.bits(2)? as u8))
    }

    /// A distance to an extent, or bounds.
    fn claim_on(&mut self, name: Name, below: bool, most: bool) -> Result<Claim, Fault> {
        if below {
            return Ok(Claim::Below { name, d: self.signed()?, extent: self.extent()? });
        }
        let lo = self.number(orders::WORD)?;
        let hi = if most { self.number(orders::MOST)? } else { u64::MAX };
        Ok(Claim::Range { name, lo, hi })
    }

    fn index(&mut self) -> Result<u32, Fault> {
        self.word(orders::PLACE)
    }

    /// Reads a claim on the value that a location holds.
    fn holds(&mut self) -> Result<Claim, Fault> {
        let at = self.loc()?;
        let base = self.base()?;
        let name = match self.bits(2)? {
            0 => Name::Fixed(Sym::ZERO),
            1 => Name::Of(at),
            2 => Name::Of(self.loc()?),
            _ => Name::Fixed(self.fixed()?),
        };
        let plain = name == Name::Fixed(Sym::ZERO) || base.by_symbol();
        let shift = match if plain { 0 } else { self.bits(2)? as u8 } {
            // Elements of segments are twice as large as those of tables.
            3 if crate::rules::sums::is_segment(base) => 4,
            shift => shift,
        };
        let add = if self.bits(1)? == 1 { self.signed()? as u64 } else { 0 };
        Ok(Claim::Holds { at, base, name, shift, add })
    }

    fn base(&mut self) -> Result<Base, Fault> {
        Ok(match self.bits(BASE_BITS)? {
            0 => Base::None,
            1 => Base::Stack,
            2 => Base::VmCtx,
            3 => Base::Store,
            4 => Base::Builtins,
            5 => Base::Builtin(self.index()?),
            6 => Base::Types,
            8 => Base::Import(self.index()?),
            9 => Base::FuncCode(self.index()?),
            10 => Base::RefRecord,
            11 => Base::RefCode,
            12 => Base::RefContext,
            13 => Base::MemoryRecord(self.index()?),
            14 => Base::Memory(self.index()?),
            15 => Base::TableRecord(self.index()?),
            16 => Base::Table(self.index()?),
            17 => Base::Global(self.index()?),
            18 => Base::Args,
            19 => Base::Epoch,
            20 => Base::Code,
            21 => Base::Nowhere,
            22 => Base::FuncContext(self.index()?),
            23 => Base::Data(self.index()?),
            24 => Base::MemoryOwner(self.index()?),
            25 => Base::TableOwner(self.index()?),
            26 => Base::TagOwner(self.index()?),
            27 => Base::Elements(self.index()?),
            28 => Base::MaybeElements(self.index()?),
            _ => return fault(Rule::Certificate, "a base that the check does not know"),
        })
    }
}

/// How many bits the number of a base has.
pub const BASE_BITS: u32 = 5;

/// The number of a base, and its payload; none for a base that no claim has.
pub fn base_code(base: Base) -> Option<(u8, Option<u32>)> {
    Some(match base {
        Base::None => (0, None),
        Base::Stack => (1, None),
        Base::VmCtx => (2, None),
        Base::Store => (3, None),
        Base::Builtins => (4, None),
        Base::Builtin(n) => (5, Some(n)),
        Base::Types => (6, None),
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
        Base::Nowhere => (21, None),
        Base::FuncContext(n) => (22, Some(n)),
        // Ways have no claims.
        Base::Funcs(_) | Base::CallerContext | Base::HostContext | Base::HostCode => return None,
        Base::Data(n) => (23, Some(n)),
        Base::MemoryOwner(n) => (24, Some(n)),
        Base::TableOwner(n) => (25, Some(n)),
        Base::TagOwner(n) => (26, Some(n)),
        Base::Elements(n) => (27, Some(n)),
        Base::MaybeElements(n) => (28, Some(n)),
    })
}
