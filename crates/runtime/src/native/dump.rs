//! Native code with its bytes for `perf`: `jit-PID.dump` in the current folder, from which
//! `perf inject --jit` makes files with symbols, so that `perf annotate` shows instructions (Linux,
//! `tools/perf/Documentation/jitdump-specification.txt`, version 1).
//!
//! ```text
//! perf record -k mono prova --profile jitdump …; perf inject --jit -i perf.data -o perf.jit.data
//! ```
//!
//! `perf` learns of the file because the process maps its first page as code. Nothing reads the
//! file back: it decides nothing.
//!
//! # Limits
//! A file of the name is removed and made anew, for its owner alone. Where that is not possible,
//! and after a record that could not be written, there is no dump. Source lines are not in it.

use super::perf;
use crate::sys::{map_as_code, monotonic_nanos};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// `JiTD`.
const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
const HEADER_BYTES: u32 = 40;
/// `EM_X86_64`.
const MACHINE: u32 = 62;
/// The record of a piece of code.
const CODE_LOAD: u32 = 0;
/// The bytes of such a record without name and code.
const LOAD_BYTES: usize = 56;

/// The dump of this process, once something has a name.
static DUMP: OnceLock<Mutex<Option<Dump>>> = OnceLock::new();

struct Dump {
    file: File,
    /// The number of records, each of which has its own index.
    records: u64,
}

fn path() -> PathBuf {
    PathBuf::from(format!("jit-{}.dump", std::process::id()))
}

fn header(pid: u32, time: u64) -> Vec<u8> {
    let mut header = Vec::new();
    for word in [MAGIC, VERSION, HEADER_BYTES, MACHINE, 0, pid] {
        header.extend(word.to_le_bytes());
    }
    // No flags: the clock is the system's.
    header.extend([time, 0].into_iter().flat_map(u64::to_le_bytes));
    header
}

/// The record of a piece of code; `None` if it is too long for one.
fn load(
    (pid, time, index): (u32, u64, u64),
    start: usize,
    code: &[u8],
    name: &str,
) -> Option<Vec<u8>> {
    let name = perf::one_line(name);
    let total = u32::try_from(LOAD_BYTES + name.len() + 1 + code.len()).ok()?;
    let mut record = Vec::with_capacity(total as usize);
    record.extend([CODE_LOAD, total].into_iter().flat_map(u32::to_le_bytes));
    record.extend(time.to_le_bytes());
    // The first thread's number is the process's.
    record.extend([pid, pid].into_iter().flat_map(u32::to_le_bytes));
    let numbers = [start as u64, start as u64, code.len() as u64, index];
    record.extend(numbers.into_iter().flat_map(u64::to_le_bytes));
    record.extend(name.as_bytes());
    record.push(0);
    record.extend(code);
    Some(record)
}

impl Dump {
    fn create() -> Option<Dump> {
        let mut file = perf::create(&path())?;
        file.write_all(&header(std::process::id(), monotonic_nanos())).ok()?;
        map_as_code(&file)?;
        Some(Dump { file, records: 0 })
    }

    fn write(&mut self, start: usize, code: &[u8], name: &str) -> Option<()> {
        let record =
            load((std::process::id(), monotonic_nanos(), self.records), start, code, name)?;
        self.records += 1;
        self.file.write_all(&record).ok()
    }
}

/// Writes a piece of code.
pub(super) fn write(start: usize, code: &[u8], name: &str) {
    let dump = DUMP.get_or_init(|| Mutex::new(Dump::create()));
    let mut dump = dump.lock().unwrap_or_else(PoisonError::into_inner);
    let written = dump.as_mut().map(|dump| dump.write(start, code, name));
    if let Some(None) = written {
        *dump = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
    }

    fn long(bytes: &[u8], at: usize) -> u64 {
        u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    #[test]
    fn header_and_record_are_as_the_specification_says() {
        let bytes = header(7, 9);
        assert_eq!(bytes.len(), HEADER_BYTES as usize);
        assert_eq!((&bytes[..4], word(&bytes, 8)), (&b"DTiJ"[..], HEADER_BYTES));
        assert_eq!((word(&bytes, 12), word(&bytes, 20), long(&bytes, 24)), (62, 7, 9));
        let bytes = load((7, 9, 3), 0x1000, b"\xc3\x90", "m!f\n").expect("it is short");
        assert_eq!(word(&bytes, 4) as usize, bytes.len());
        assert_eq!((long(&bytes, 8), word(&bytes, 16), word(&bytes, 20)), (9, 7, 7));
        let numbers: Vec<u64> = (0..4).map(|i| long(&bytes, 24 + 8 * i)).collect();
        assert_eq!(numbers, [0x1000, 0x1000, 2, 3]);
        assert_eq!(&bytes[LOAD_BYTES..], b"m!f\\n\0\xc3\x90");
    }
}
