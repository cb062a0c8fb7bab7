//! The bytes of an archive → its members, with what it says of each.
//!
//! ```text
//! ar (object), tar (tar), zip (zip), gzip (flate2) ─ open ─► Member ─► kind ─ open ─► …
//! ```
//!
//! [`kind`](super::kind) tells which archive it is and compares members. Archives are hostile
//! input: nothing is written anywhere, and a name is only ever compared and printed.
//!
//! 1. The bytes unpacked of one file, members of members included, are at most
//!    [`UNPACKED_BYTES_MAX`], and the members at most [`MEMBERS_MAX`], for any sizes that the
//!    archive claims. Members beyond that are reported as missing (`Opened::trouble`).
//! 2. A member packed more than [`RATIO_MAX`] to one, beyond its first mebibyte, ends the archive.
//! 3. A malformed part ends the list of members, and is reported.
//!
//! `tests/repro/archives.rs` opens each, and some that were made to harm.

use flate2::bufread::GzDecoder;
use object::read::archive::ArchiveFile;
use std::io::{Cursor, Read};

/// Maximum number of bytes unpacked of one file, members of members included.
pub const UNPACKED_BYTES_MAX: u64 = 256 << 20;

/// Maximum number of members opened of one file, members of members included.
pub const MEMBERS_MAX: usize = 50_000;

/// Maximum ratio of a member's unpacked length to its packed length, beyond the first mebibyte.
pub const RATIO_MAX: u64 = 1100;

/// Number of unpacked bytes of a member for which any ratio is allowed.
const FREE_BYTES: u64 = 1 << 20;

/// The name of a member in a format that has no names.
const NAMELESS: &str = "contents";

/// A kind of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ar,
    Tar,
    Zip,
    Gzip,
}

/// A file in an archive.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) name: String,
    /// The archive's statements about the member beside its bytes: a name and a value each.
    pub(super) about: Vec<(&'static str, String)>,
    pub(super) bytes: Vec<u8>,
}

/// The members that could be read.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) members: Vec<Member>,
    /// Why there are no more.
    pub(super) trouble: Option<String>,
}

/// The bytes and members that may still be unpacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    bytes: u64,
    members: usize,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget { bytes: UNPACKED_BYTES_MAX, members: MEMBERS_MAX }
    }

    /// Reads to the end of a member that is `packed` bytes long in its archive.
    fn read(&mut self, from: &mut impl Read, packed: u64) -> Result<Vec<u8>, String> {
        self.members = self
            .members
            .checked_sub(1)
            .ok_or_else(|| format!("more than {MEMBERS_MAX} members are not opened"))?;
        let by_ratio = packed.saturating_mul(RATIO_MAX).max(FREE_BYTES);
        let most = self.bytes.min(by_ratio);
        let mut bytes = Vec::new();
        from.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| format!("it cannot be unpacked: {error}"))?;
        let read = bytes.len() as u64;
        if read > most {
            return Err(match by_ratio < self.bytes {
                true => format!("it is packed more than {RATIO_MAX} to one"),
                false => format!("more than {UNPACKED_BYTES_MAX} bytes are not unpacked"),
            });
        }
        self.bytes -= read;
        Ok(bytes)
    }
}

/// Reads the members of an archive.
pub(super) fn open(format: Format, bytes: &[u8], budget: &mut Budget) -> Opened {
    let mut opened = Opened::default();
    let done = match format {
        Format::Ar => ar(bytes, budget, &mut opened.members),
        Format::Tar => tar(bytes, budget, &mut opened.members),
        Format::Zip => zip(bytes, budget, &mut opened.members),
        Format::Gzip => gzip(bytes, budget, &mut opened.members),
    };
    opened.trouble = done.err();
    opened
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn ar(bytes: &[u8], budget: &mut Budget, members: &mut Vec<Member>) -> Result<(), String> {
    let broken = |error: object::read::Error| format!("it is malformed: {error}");
    for member in ArchiveFile::parse(bytes).map_err(broken)?.members() {
        let member = member.map_err(broken)?;
        let numbers = [
            ("time", member.date()),
            ("owner", member.uid()),
            ("group", member.gid()),
            ("mode", member.mode()),
        ];
        let about = numbers.into_iter().filter_map(|(what, number)| {
            let number = number?;
            Some((what, if what == "mode" { format!("{number:o}") } else { number.to_string() }))
        });
        // Of a thin archive the bytes are elsewhere.
        let data = if member.is_thin() { &[] } else { member.data(bytes).map_err(broken)? };
        let packed = data.len() as u64;
        members.push(Member {
            name: text(member.name()),
            about: about.collect(),
            bytes: budget.read(&mut Cursor::new(data), packed)?,
        });
    }
    Ok(())
}

fn tar(bytes: &[u8], budget: &mut Budget, members: &mut Vec<Member>) -> Result<(), String> {
    let broken = |error: std::io::Error| format!("it is malformed: {error}");
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = text(&entry.path_bytes());
        let header = entry.header();
        let number = |number: std::io::Result<u64>| number.ok().map(|number| number.to_string());
        let owner = |name: Option<&[u8]>| name.filter(|name| !name.is_empty()).map(text);
        let mode = header.mode().ok().map(|mode| format!("{mode:o}"));
        let about = [
            ("time", number(header.mtime())),
            ("owner", number(header.uid())),
            ("group", number(header.gid())),
            ("mode", mode),
            ("owner's name", owner(header.username_bytes())),
            ("group's name", owner(header.groupname_bytes())),
            ("kind", Some(format!("{:?}", header.entry_type()))),
            ("link", entry.link_name_bytes().map(|name| text(&name))),
        ];
        let about = about.into_iter().filter_map(|(what, value)| Some((what, value?))).collect();
        // Sizes of sparse files are claims; the archive has no more bytes than it has.
        let packed = bytes.len() as u64;
        members.push(Member { name, about, bytes: budget.read(&mut entry, packed)? });
    }
    Ok(())
}

fn zip(bytes: &[u8], budget: &mut Budget, members: &mut Vec<Member>) -> Result<(), String> {
    let broken = |error: ::zip::result::ZipError| format!("it is malformed: {error}");
    let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(broken)?;
        let time = file.last_modified().map(|time| {
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
                time.year(),
                time.month(),
                time.day(),
                time.hour(),
                time.minute(),
                time.second()
            )
        });
        let about = [
            ("time", time),
            ("mode", file.unix_mode().map(|mode| format!("{mode:o}"))),
            ("method", Some(file.compression().to_string())),
            ("extra field", file.extra_data().map(hex)),
            ("comment", Some(file.comment().to_string())),
        ];
        let about = about.into_iter().filter_map(|(what, value)| Some((what, value?))).collect();
        let name = text(file.name_raw());
        let packed = file.compressed_size().min(bytes.len() as u64);
        members.push(Member { name, about, bytes: budget.read(&mut file, packed)? });
    }
    Ok(())
}

fn gzip(bytes: &[u8], budget: &mut Budget, members: &mut Vec<Member>) -> Result<(), String> {
    let mut rest = bytes;
    loop {
        let mut decoder = GzDecoder::new(rest);
        let mut member = Member { name: NAMELESS.into(), ..Member::default() };
        if let Some(header) = decoder.header() {
            let about = [
                ("time", Some(header.mtime().to_string())),
                ("name", header.filename().map(text)),
                ("comment", header.comment().map(text)),
                ("system", Some(header.operating_system().to_string())),
            ];
            let about = about.into_iter().filter_map(|(what, value)| Some((what, value?)));
            member.about = about.collect();
        }
        let unpacked = budget.read(&mut decoder, rest.len() as u64);
        rest = decoder.into_inner();
        member.bytes = unpacked?;
        members.push(member);
        // The rest is another member, or padding.
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Ok(());
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect()
}
