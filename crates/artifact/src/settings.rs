//! The settings that code was made for, as 28 bytes and the maker's name behind them.
//!
//! They are a claim: the check is run in the settings of the engine that loads, and code made for
//! others is not even tried.

use crate::error::{Error, Rule};
use crate::{VERSION, section};
use prova_check::{Bases, Config, CpuLevel, MemoryShape, Metering};
use std::fmt;

/// Bytes of the settings before the maker's name.
const BYTES: usize = 4 + 1 + 1 + 1 + 1 + 8 + 8 + 4;

/// Bytes of the longest name of a maker.
pub(crate) const MAKER_BYTES_MAX: usize = 255;

/// The settings that code was made for, and its compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The memories' shape, the metering, the processor, whether faults are traps.
    pub config: Config,
    /// Whether results that are a NaN are canonical.
    pub deterministic: bool,
    /// The compiler and its version, for people and for a rebuild.
    pub maker: String,
}

impl fmt::Display for Settings {
    /// The settings in words, without the maker.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { memory, metering, cpu, signals, bases } = &self.config;
        let memory = match *memory {
            MemoryShape::Explicit => "explicit accesses".to_owned(),
            MemoryShape::Masked => "masked accesses".to_owned(),
            MemoryShape::GUARD => "guarded memories".to_owned(),
            MemoryShape::Guard { reservation_bytes, guard_bytes } => {
                format!("memories of {reservation_bytes} bytes and {guard_bytes} behind")
            }
        };
        let metering = match (metering.fuel, metering.epoch) {
            (false, false) => "no metering",
            (true, false) => "fuel",
            (false, true) => "epochs",
            (true, true) => "fuel and epochs",
        };
        let cpu = match cpu {
            CpuLevel::V2 => "x86-64-v2",
            CpuLevel::V3 => "x86-64-v3",
        };
        let signals = if *signals { "signals" } else { "no signals" };
        let bases = match bases {
            Bases::Fixed => "",
            Bases::MayMove => ", bases that may move",
        };
        let nans = if self.deterministic { "canonical NaNs" } else { "NaNs of the machine" };
        write!(f, "{memory}, {metering}, {cpu}, {signals}, {nans}{bases}")
    }
}

impl Settings {
    /// The names of the settings that differ from others, without processor and maker: `fuel`,
    /// `epochs`, `NaNs`, `memories`, `signals`, `bases`.
    pub fn differences(&self, other: &Settings) -> Vec<&'static str> {
        let (one, two) = (&self.config, &other.config);
        let differ = [
            ("fuel", one.metering.fuel != two.metering.fuel),
            ("epochs", one.metering.epoch != two.metering.epoch),
            ("NaNs", self.deterministic != other.deterministic),
            ("memories", one.memory != two.memory),
            ("signals", one.signals != two.signals),
            ("bases", one.bases != two.bases),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// The bytes of the section, which tell these settings from all others. A name of more than
    /// 255 bytes is cut.
    pub fn encode(&self) -> Vec<u8> {
        let Config { memory, metering, cpu, signals, bases } = self.config;
        let (shape, reservation, guard) = match memory {
            MemoryShape::Explicit => (0, 0, 0),
            MemoryShape::Guard { reservation_bytes, guard_bytes } => {
                (1, reservation_bytes, guard_bytes)
            }
            MemoryShape::Masked => (2, 0, 0),
        };
        let cpu = match cpu {
            CpuLevel::V2 => 2,
            CpuLevel::V3 => 3,
        };
        let bit = |set: bool, bit: u8| u8::from(set) << bit;
        let flags = bit(metering.fuel, 0)
            | bit(metering.epoch, 1)
            | bit(signals, 2)
            | bit(self.deterministic, 3)
            | bit(bases == Bases::MayMove, 4);
        let mut maker = self.maker.as_str();
        while maker.len() > MAKER_BYTES_MAX {
            maker = &maker[..maker.char_indices().next_back().map_or(0, |(at, _)| at)];
        }
        let mut bytes = Vec::with_capacity(BYTES + maker.len());
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[shape, cpu, flags, 0]);
        bytes.extend_from_slice(&reservation.to_le_bytes());
        bytes.extend_from_slice(&guard.to_le_bytes());
        bytes.extend_from_slice(&(maker.len() as u32).to_le_bytes());
        bytes.extend_from_slice(maker.as_bytes());
        bytes
    }

    /// The settings that a section has.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Settings, Error> {
        let wrong = |at: usize, what: &str| {
            Error::new(Rule::Settings, section::SETTINGS, at, what.to_owned())
        };
        let Some((head, maker)) = bytes.split_first_chunk::<BYTES>() else {
            return Err(wrong(bytes.len(), "it is too short"));
        };
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&head[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let version = word(0) as u32;
        if version != VERSION {
            let what = format!("format {version}; this program reads format {VERSION}");
            return Err(wrong(0, &what));
        }
        let [shape, cpu, flags, zero] = [head[4], head[5], head[6], head[7]];
        let memory = match (shape, word(8), word(16)) {
            (0, 0, 0) => MemoryShape::Explicit,
            (2, 0, 0) => MemoryShape::Masked,
            (1, reservation_bytes, guard_bytes)
                if MemoryShape::GUARD
                    == (MemoryShape::Guard { reservation_bytes, guard_bytes }) =>
            {
                MemoryShape::GUARD
            }
            // No engine reserves any other room.
            (0 | 1 | 2.., ..) => return Err(wrong(4, "an unknown shape of memories")),
        };
        let cpu = match cpu {
            2 => CpuLevel::V2,
            3 => CpuLevel::V3,
            _ => return Err(wrong(5, "an unknown level of the processor")),
        };
        if flags > 31 || zero != 0 {
            return Err(wrong(6, "an unknown flag"));
        }
        let length = (word(20) >> 32) as usize;
        if length != maker.len() || length > MAKER_BYTES_MAX {
            return Err(wrong(24, "the maker's name has another length"));
        }
        let maker = std::str::from_utf8(maker)
            .map_err(|_| wrong(BYTES, "the maker's name is not UTF-8"))?
            .to_owned();
        let set = |bit: u8| flags & 1 << bit != 0;
        let metering = Metering { fuel: set(0), epoch: set(1) };
        let bases = if set(4) { Bases::MayMove } else { Bases::Fixed };
        let config = Config { memory, metering, cpu, signals: set(2), bases };
        Ok(Settings { config, deterministic: set(3), maker })
    }
}
