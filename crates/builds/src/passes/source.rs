//! A path → the bytes of a log, plain or gzip, from any offset.
//!
//! [`show`](super::show) comes back for the dumps that are to be printed. Offsets are always those
//! of the uncompressed text. Going back in a gzip file starts over; in a plain one it is a seek. A
//! file that is not regular (a pipe) is read once, forwards, and [`Log::again`] says so.

use anyhow::{Context, Result, bail};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// First bytes of what is no log as it stands, and what to say of it.
const REFUSED: [(&[u8], &str); 4] = [
    (
        &[0xff, 0xfe],
        "is UTF-16, as PowerShell's `2>` writes it; `cmd /c` writes the bytes as they are",
    ),
    (&[0x28, 0xb5, 0x2f, 0xfd], "is packed by zstd; logs are plain text or gzip"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "is packed by xz; logs are plain text or gzip"),
    (b"BZh", "is packed by bzip2; logs are plain text or gzip"),
];

/// An open log.
pub struct Log {
    path: PathBuf,
    input: Input,
    position: u64,
    regular: bool,
}

enum Input {
    Plain(BufReader<File>),
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
}

impl Log {
    /// Opens the log; gzip is known by its first bytes.
    ///
    /// # Errors
    /// If there is no such file or it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let context = || format!("failed to read the log `{}`", path.display());
        let file = File::open(path).with_context(context)?;
        let kind = file.metadata().with_context(context)?.file_type();
        if kind.is_dir() {
            bail!("`{}` is a directory, not a log", path.display());
        }
        let mut file = BufReader::with_capacity(1 << 16, file);
        let first = file.fill_buf().with_context(context)?;
        if let Some((_, what)) = REFUSED.iter().find(|(magic, _)| first.starts_with(magic)) {
            bail!("`{}` {what}", path.display());
        }
        let gzip = first.starts_with(&GZIP);
        let input = if gzip {
            Input::Gzip(Box::new(MultiGzDecoder::new(file)))
        } else {
            Input::Plain(file)
        };
        Ok(Self { path: path.to_owned(), input, position: 0, regular: kind.is_file() })
    }

    /// Where the log lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether what was read can be read again.
    pub fn again(&self) -> bool {
        self.regular
    }

    /// Moves to an offset of the uncompressed text.
    ///
    /// # Errors
    /// If the log is shorter, no regular file, or has become unreadable.
    pub fn reach(&mut self, offset: u64) -> Result<()> {
        if !self.regular && offset != self.position {
            bail!("`{}` is no regular file and cannot be read a second time", self.path.display());
        }
        if let Input::Plain(file) = &mut self.input {
            self.position = file.seek(SeekFrom::Start(offset))?;
            return Ok(());
        }
        if offset < self.position {
            *self = Self::open(&self.path)?;
        }
        let missing = offset - self.position;
        let skipped = io::copy(&mut Read::by_ref(self).take(missing), &mut io::sink());
        skipped.with_context(|| format!("failed to unpack `{}`", self.path.display()))?;
        if self.position < offset {
            bail!("`{}` has become shorter", self.path.display());
        }
        Ok(())
    }
}

impl Read for Log {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.input {
            Input::Plain(file) => file.read(buffer)?,
            Input::Gzip(file) => file.read(buffer)?,
        };
        self.position += read as u64;
        Ok(read)
    }
}
