//! `pass_logs DIRECTORY [BYTES] [--gz]` → `a.log` and `b.log` of at least BYTES bytes each, and the
//! list of faults planted in them.
//!
//! For measuring `prova passes diff` (`benches/README.md`); `tests/logs` makes the logs.

#[path = "../tests/logs/mod.rs"]
mod logs;

use flate2::{Compression, write::GzEncoder};
use logs::Dumps;
use std::fs::File;
use std::io::{self, BufWriter, Error, Write};
use std::path::{Path, PathBuf};

const BYTES: u64 = 1_000_000_000;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (options, values): (Vec<_>, Vec<_>) = args.iter().partition(|arg| arg.starts_with("--"));
    let packed = options.iter().any(|option| *option == "--gz");
    let usage = || Error::other("usage: pass_logs DIRECTORY [BYTES] [--gz]");
    let directory = values.first().map(PathBuf::from).ok_or_else(usage)?;
    let bytes = match values.get(1) {
        Some(text) => text.parse().map_err(|_| usage())?,
        None => BYTES,
    };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/irreducible");
    let case = [Dumps::read(&cases.join("a.log.gz"))?, Dumps::read(&cases.join("b.log.gz"))?];
    std::fs::create_dir_all(&directory)?;
    let open = |name: &str| File::create(directory.join(name)).map(BufWriter::new);
    let planted = if packed {
        let pack = |file| GzEncoder::new(file, Compression::fast());
        let (mut a, mut b) = (pack(open("a.log.gz")?), pack(open("b.log.gz")?));
        let planted = logs::write_pair(&case, bytes, &mut a, &mut b)?;
        a.finish()?.flush()?;
        b.finish()?.flush()?;
        planted
    } else {
        let (mut a, mut b) = (open("a.log")?, open("b.log")?);
        let planted = logs::write_pair(&case, bytes, &mut a, &mut b)?;
        a.flush()?;
        b.flush()?;
        planted
    };
    for planted in planted {
        println!("dump {}: {:?} in {}", planted.dump, planted.plant, planted.function);
    }
    Ok(())
}
