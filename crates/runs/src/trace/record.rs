//! The host's answers to one run of a program ⇄ a file.
//!
//! ```text
//! run ─ calls of the host ─► Recorder ─► bytes ─ Record::read ─► Record ─► replay
//! ```
//!
//! `replay` asks for the answers in their order; the command line writes the file while the program
//! runs. All numbers are little-endian; a text is its length (u32) and its bytes.
//!
//! ```text
//! file   = MAGIC version:u32 module:(u64 bytes) export:text args:(u32 text*) entry*
//! entry  = 1 import:u32 args:(u32 u64*) answer writes:(u32 (start:u64 bytes:(u64 …))*)
//!        | 2 how it ended:text
//! answer = 0 results:(u32 u64*) | 1 code:u32 | 2 reason:text
//! ```
//!
//! 1. A file is untrusted: [`Record::read`] walks over all of it once, takes no number for a size
//!    before it has compared it with what is left, and keeps the file's bytes and nothing else. So
//!    memory and time are linear in the file, which has at most [`RECORD_BYTES_MAX`] bytes.
//! 2. A file that ends inside of an entry, or without the last one, is one of a run that was cut
//!    off; it replays as far as its whole entries go.
//! 3. An import is a position among the functions that the module imports.
//!
//! `tests/trace.rs` reads each prefix of a file, and files with each byte changed.

use prova_core::wasi::{Exit, WasiCall};
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

/// How a record begins.
pub const MAGIC: &[u8] = b"prova-record";
/// The version that this reads and writes.
pub const VERSION: u32 = 1;
/// The greatest size of a record (1 GiB).
pub const RECORD_BYTES_MAX: u64 = 1 << 30;
/// Most arguments or results of a call of the host; the greatest number that a module may declare.
const VALUES_MAX: u32 = 1000;

/// The fault of a file that ends too early.
const CUT: &str = "fewer bytes than it says";

const CALL: u8 = 1;
const END: u8 = 2;
const RETURNED: u8 = 0;
const EXITED: u8 = 1;
const STOPPED: u8 = 2;

/// The host's answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These results, a cell each.
    Returned(Vec<u64>),
    /// The program exited with this code.
    Exited(u32),
    /// The program was stopped for this reason.
    Stopped(String),
}

/// A call of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function, by its position among the functions that the module imports.
    pub import: u32,
    /// Its arguments, a cell each.
    pub args: Vec<u64>,
    /// The answer.
    pub answer: Answer,
    /// Where the host wrote, and what, as ranges of the record's bytes.
    writes: Vec<(u64, Range<usize>)>,
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// Where in the file.
    pub offset: usize,
    /// The fault, in words.
    pub what: &'static str,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is no record that can be replayed: {} at byte {}", self.what, self.offset)
    }
}

impl std::error::Error for RecordError {}

/// A run's input.
#[derive(Clone, Debug)]
pub struct Record {
    bytes: Arc<[u8]>,
    module: Range<usize>,
    export: String,
    args: Vec<String>,
    /// Where the entries begin.
    entries: usize,
    calls: u64,
    end: Option<String>,
}

impl Record {
    /// Whether bytes begin as a record does.
    pub fn is_record(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// If it is none, or of another version, or damaged.
    pub fn read(bytes: impl Into<Arc<[u8]>>) -> Result<Record, RecordError> {
        let bytes = bytes.into();
        let mut reader = Reader { bytes: &bytes, at: 0 };
        if bytes.len() as u64 > RECORD_BYTES_MAX {
            return reader.fail("more bytes than a record may have");
        }
        if reader.take(MAGIC.len() as u64)? != (0..MAGIC.len()) || !bytes.starts_with(MAGIC) {
            return reader.fail("another beginning");
        }
        if reader.u32()? != VERSION {
            return reader.fail("another version than 1");
        }
        let size = reader.u64()?;
        let module = reader.take(size)?;
        let export = reader.text()?;
        let count = reader.u32()?;
        if count > VALUES_MAX {
            return reader.fail("more arguments than a function has");
        }
        let mut args = Vec::new();
        for _ in 0..count {
            args.push(reader.text()?);
        }
        let entries = reader.at;
        let (mut calls, mut end) = (0, None);
        while reader.at < bytes.len() {
            match reader.entry() {
                // The process ended while it wrote (invariant 2).
                Err(error) if error.what == CUT => break,
                Err(error) => return Err(error),
                Ok(Entry::Call(_)) => calls += 1,
                Ok(Entry::End(how)) => {
                    end = Some(how);
                    if reader.at < bytes.len() {
                        return reader.fail("entries after the end");
                    }
                }
            }
        }
        Ok(Record { bytes, module, export, args, entries, calls, end })
    }

    /// The record as a file has it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of the module.
    pub fn module(&self) -> &[u8] {
        self.bytes.get(self.module.clone()).unwrap_or_default()
    }

    /// The export that was called; `None` for `_start`.
    pub fn export(&self) -> Option<&str> {
        Some(self.export.as_str()).filter(|name| !name.is_empty())
    }

    /// The arguments of the export, as they were written.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// How many calls of the host there are.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How the run ended; `None` if the record was cut off.
    pub fn end(&self) -> Option<&str> {
        self.end.as_deref()
    }

    /// All calls in their order.
    pub fn iter(&self) -> Calls {
        Calls { bytes: self.bytes.clone(), at: self.entries }
    }

    /// The bytes of a write.
    fn written(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The writes of the host in a call: addresses and bytes.
    pub fn writes<'r>(&'r self, call: &'r Call) -> impl Iterator<Item = (u64, &'r [u8])> {
        call.writes.iter().map(|(start, range)| (*start, self.written(range)))
    }
}

/// The calls of a record.
#[derive(Clone, Debug)]
pub struct Calls {
    bytes: Arc<[u8]>,
    at: usize,
}

impl Iterator for Calls {
    type Item = Call;

    fn next(&mut self) -> Option<Call> {
        let mut reader = Reader { bytes: &self.bytes, at: self.at };
        // An entry that was read once can be read again.
        let Ok(Entry::Call(call)) = reader.entry() else { return None };
        self.at = reader.at;
        Some(call)
    }
}

enum Entry {
    Call(Call),
    End(String),
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn fail<T>(&self, what: &'static str) -> Result<T, RecordError> {
        Err(RecordError { offset: self.at, what })
    }

    fn take(&mut self, count: u64) -> Result<Range<usize>, RecordError> {
        let left = self.bytes.len() - self.at;
        let Some(count) = usize::try_from(count).ok().filter(|count| *count <= left) else {
            return self.fail(CUT);
        };
        let start = self.at;
        self.at += count;
        Ok(start..self.at)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let range = self.take(N as u64)?;
        let bytes = self.bytes.get(range).and_then(|bytes| bytes.first_chunk::<N>());
        bytes.copied().ok_or(RecordError { offset: self.at, what: CUT })
    }

    fn u8(&mut self) -> Result<u8, RecordError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, RecordError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, RecordError> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Result<String, RecordError> {
        let count = self.u32()?;
        let range = self.take(count.into())?;
        let text = self.bytes.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.map(str::to_owned).ok_or(RecordError { offset: self.at, what: "no text" })
    }

    fn cells(&mut self) -> Result<Vec<u64>, RecordError> {
        let count = self.u32()?;
        if count > VALUES_MAX {
            return self.fail("more values than a function has");
        }
        (0..count).map(|_| self.u64()).collect()
    }

    fn entry(&mut self) -> Result<Entry, RecordError> {
        match self.u8()? {
            CALL => {}
            END => return self.text().map(Entry::End),
            _ => return self.fail("an unknown entry"),
        }
        let (import, args) = (self.u32()?, self.cells()?);
        let answer = match self.u8()? {
            RETURNED => Answer::Returned(self.cells()?),
            EXITED => Answer::Exited(self.u32()?),
            STOPPED => Answer::Stopped(self.text()?),
            _ => return self.fail("an unknown answer"),
        };
        let count = self.u32()?;
        let mut writes = Vec::new();
        for _ in 0..count {
            let (start, size) = (self.u64()?, self.u64()?);
            writes.push((start, self.take(size)?));
        }
        Ok(Entry::Call(Call { import, args, answer, writes }))
    }
}

/// Writes a record while a program runs.
pub struct Recorder {
    out: Box<dyn Write + Send>,
    /// The functions that the module imports.
    imports: Vec<(String, String)>,
    bytes: u64,
}

impl Recorder {
    /// A record of a run of `export` (empty for `_start`) of a module with `args`, which goes to
    /// `out`.
    ///
    /// # Errors
    /// Those of `out`, and if the module alone is greater than a record.
    pub fn new(
        out: Box<dyn Write + Send>,
        module: &prova_module::Module,
        export: &str,
        args: &[String],
    ) -> io::Result<Recorder> {
        let mut recorder = Recorder { out, imports: super::func_imports(module), bytes: 0 };
        recorder.put(MAGIC)?;
        recorder.put(&VERSION.to_le_bytes())?;
        recorder.put(&(module.bytes().len() as u64).to_le_bytes())?;
        recorder.put(module.bytes())?;
        recorder.text(export)?;
        recorder.put(&(args.len() as u32).to_le_bytes())?;
        args.iter().try_for_each(|arg| recorder.text(arg))?;
        Ok(recorder)
    }

    /// Writes a call of WASI.
    ///
    /// # Errors
    /// As [`Recorder::new`].
    pub fn wasi(&mut self, call: &WasiCall<'_>) -> io::Result<()> {
        let answer = match call.outcome {
            Ok(errno) => {
                let results = if call.name == "proc_exit" { vec![] } else { vec![(*errno).into()] };
                Answer::Returned(results)
            }
            Err(Exit::Proc(code)) => Answer::Exited(*code),
            Err(other) => Answer::Stopped(other.to_string()),
        };
        let written = call
            .written
            .iter()
            .map(|range| (range.start as u64, call.memory.get(range.clone()).unwrap_or_default()));
        let writes: Vec<(u64, &[u8])> = written.collect();
        self.call((prova_core::wasi::WASI_MODULE, call.name), call.args, &answer, &writes)
    }

    /// Writes a call of a function of the host.
    ///
    /// # Errors
    /// As [`Recorder::new`], and if the module imports no such function.
    pub fn call(
        &mut self,
        (module, name): (&str, &str),
        args: &[u64],
        answer: &Answer,
        writes: &[(u64, &[u8])],
    ) -> io::Result<()> {
        let is = |import: &(String, String)| import.0 == module && import.1 == name;
        let Some(import) = self.imports.iter().position(is) else {
            return Err(io::Error::other("a call of a function that the module does not import"));
        };
        self.put(&[CALL])?;
        self.put(&(import as u32).to_le_bytes())?;
        self.cells(args)?;
        match answer {
            Answer::Returned(results) => {
                self.put(&[RETURNED])?;
                self.cells(results)?;
            }
            Answer::Exited(code) => {
                self.put(&[EXITED])?;
                self.put(&code.to_le_bytes())?;
            }
            Answer::Stopped(reason) => {
                self.put(&[STOPPED])?;
                self.text(reason)?;
            }
        }
        self.put(&(writes.len() as u32).to_le_bytes())?;
        for (start, bytes) in writes {
            self.put(&start.to_le_bytes())?;
            self.put(&(bytes.len() as u64).to_le_bytes())?;
            self.put(bytes)?;
        }
        Ok(())
    }

    /// Writes how the run ended, and hands on all that is still held.
    ///
    /// # Errors
    /// As [`Recorder::new`].
    pub fn finish(mut self, how: &str) -> io::Result<()> {
        self.put(&[END])?;
        self.text(how)?;
        self.out.flush()
    }

    fn cells(&mut self, cells: &[u64]) -> io::Result<()> {
        self.put(&(cells.len() as u32).to_le_bytes())?;
        cells.iter().try_for_each(|cell| self.put(&cell.to_le_bytes()))
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.put(&(text.len() as u32).to_le_bytes())?;
        self.put(text.as_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > RECORD_BYTES_MAX {
            let message = format!("a record has at most {RECORD_BYTES_MAX} bytes");
            return Err(io::Error::other(message));
        }
        self.out.write_all(bytes)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
