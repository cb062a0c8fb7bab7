//! The case's two logs of one function → two logs of any size, of many functions, that differ at
//! known places.
//!
//! `tests/passes_big.rs` compares small ones, `examples/pass_logs.rs` writes big ones to files. The
//! dumps of the case are repeated for one function after the other, renamed; eight functions at a
//! time take turns, dump by dump, as the passes of a compiler come to functions. Near five
//! fractions of the way a [`Plant`] makes B another. Deterministic: the same size gives the same
//! bytes. Memory: the case's two logs, one megabyte.

use std::io::{self, Read, Write};
use std::path::Path;

/// Functions that take turns.
const GROUP: usize = 8;

/// In what the two logs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// Twenty dumps in a row have other text in B, the later ones are equal.
    Heals,
    /// The functions of a group take turns in another order: no difference.
    Order,
    /// A pass ran in B only, and changed nothing.
    Extra,
    /// A register of the last dump has another number in B.
    Names,
    /// From the case's own difference to the end.
    Stays,
}

/// Each plant, and after how many hundredths of the logs it comes.
const PLANTS: [(u64, Plant); 5] = [
    (30, Plant::Heals),
    (45, Plant::Order),
    (60, Plant::Extra),
    (75, Plant::Names),
    (90, Plant::Stays),
];

/// A plant in a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planted {
    /// The planted fault.
    pub(crate) plant: Plant,
    /// The name of the function, the first of its group.
    pub(crate) function: String,
    /// The number of the first dump of the group in A.
    pub(crate) dump: u64,
}

/// The dumps of one function, each from its header to the next one that names it.
pub(crate) struct Dumps {
    turns: Vec<String>,
    /// How many headers.
    count: usize,
}

impl Dumps {
    /// The dumps of a packed log.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut text = Vec::new();
        let file = std::fs::File::open(path)?;
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut text)?;
        let mut dumps: Vec<String> = Vec::new();
        for line in String::from_utf8_lossy(&text).split_inclusive('\n') {
            if line.trim_start_matches("# ").starts_with("*** IR Dump ") {
                dumps.push(String::new());
            }
            if let Some(dump) = dumps.last_mut() {
                dump.push_str(line);
            }
        }
        let mut turns: Vec<String> = Vec::new();
        for dump in dumps {
            match turns.last_mut() {
                // A dump that names no function belongs to the one before it.
                Some(turn) if !dump.contains("@run(") && !dump.contains("function run:") => {
                    turn.push_str(&dump)
                }
                _ => turns.push(dump),
            }
        }
        let count = turns.iter().map(|turn| turn.matches("*** IR Dump ").count()).sum();
        Ok(Self { turns, count })
    }
}

/// Writes two logs of at least `bytes` bytes each; returns the planted faults, in order.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn write_pair(
    case: &[Dumps; 2],
    bytes: u64,
    a: &mut impl Write,
    b: &mut impl Write,
) -> io::Result<Vec<Planted>> {
    let mut planted = Vec::new();
    let (mut written, mut group, mut dump) = (0, 0, 0);
    let mut plants = PLANTS.iter().peekable();
    while written < bytes {
        let due = plants.next_if(|(hundredths, _)| written * 100 >= bytes * hundredths);
        let plant = due.map(|&(_, plant)| plant);
        if let Some(plant) = plant {
            planted.push(Planted { plant, function: name(group, 0), dump });
        }
        written += write_group(case, group, None, a)?;
        write_group(case, group, plant, b)?;
        dump += (case[0].count * GROUP) as u64;
        group += 1;
    }
    Ok(planted)
}

fn name(group: usize, nth: usize) -> String {
    format!("run_{:07}", group * GROUP + nth)
}

fn write_group(
    case: &[Dumps; 2],
    group: usize,
    plant: Option<Plant>,
    out: &mut impl Write,
) -> io::Result<u64> {
    let mut written = 0;
    let turns = case[0].turns.len();
    // A dump of a module would differ in its other functions as well.
    let extra = (turns / 2..).find(|&at| !case[0].turns[at].contains("; ModuleID"));
    for (at, original) in case[0].turns.iter().enumerate() {
        for turn in 0..GROUP {
            let nth = if plant == Some(Plant::Order) { GROUP - 1 - turn } else { turn };
            let name = name(group, nth);
            let mut text = renamed(original, &name);
            match plant.filter(|_| nth == 0) {
                Some(Plant::Heals) if (20..40).contains(&at) => {
                    text = text.replace(" = and ", " = xor ");
                }
                Some(Plant::Extra) if Some(at) == extra => {
                    out.write_all(text.replacen("After ", "After extra ", 1).as_bytes())?;
                }
                Some(Plant::Names) if at + 1 == turns => text = text.replace("%90:", "%990:"),
                Some(Plant::Stays) => text = renamed(&case[1].turns[at], &name),
                _ => {}
            }
            out.write_all(text.as_bytes())?;
            written += text.len() as u64;
        }
    }
    Ok(written)
}

fn renamed(dump: &str, name: &str) -> String {
    let ir = dump.replace("@run(", &format!("@{name}("));
    ir.replace("function run", &format!("function {name}"))
}
