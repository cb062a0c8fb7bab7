//! Edits of a compiled module: is one refused, or does what is accepted run without leaving its
//! sandbox?
//!
//! ```text
//! edits M.cwasm M.wasm COUNT SEED FOLDER [COMMAND ...]
//! ```
//!
//! Each edit changes one place of one section, or of what lies between them. A file that is
//! accepted whole is written to `FOLDER/accepted.cwasm` and run by the command, of which the
//! argument `FILE` is that file: at most five seconds. If that ends by a signal or with a panic's
//! exit code, the file is kept, and the campaign ends with exit code 1. A panic of the check ends
//! it as well.
//!
//! Limits: a run sees what the machine forbids, so an access that stays in mapped bytes of the host
//! passes for one inside.

use prova_random::Rng;
use prova_wasmtime_layout::{Unverified, Verified};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use wasmtime_environ::object::{File, Object, ObjectSection};

type Failure = Box<dyn std::error::Error>;

/// The exit code of a panic.
const PANIC: i32 = 101;
/// How long a run may take.
const RUN: Duration = Duration::from_secs(5);

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [compiled, wasm, count, seed, folder, command @ ..] = &arguments[..] else {
        return Err("usage: edits M.cwasm M.wasm COUNT SEED FOLDER [COMMAND ...]".into());
    };
    let (bytes, wasm) = (std::fs::read(compiled)?, std::fs::read(wasm)?);
    judge(bytes.clone(), &wasm).map_err(|why| format!("the file itself is not accepted: {why}"))?;
    let parts = parts(&bytes)?;
    let mut rows: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut left = 0;
    for index in 0..count.parse()? {
        let mut rng = Rng::of(seed.parse()?, index);
        let mut changed = bytes.clone();
        let (name, range) = rng.pick(&parts);
        edit(&mut rng, &mut changed, range.clone());
        if changed == bytes {
            continue;
        }
        let verdict = match judge(changed.clone(), &wasm) {
            Err(refused) => refused,
            Ok(()) if command.is_empty() => "accepted".to_owned(),
            Ok(()) => {
                let file = Path::new(folder).join("accepted.cwasm");
                std::fs::write(&file, &changed)?;
                let ran = run(command, &file)?;
                if ran.starts_with("LEFT") {
                    left += 1;
                    std::fs::write(
                        Path::new(folder).join(format!("left-{seed}-{index}")),
                        changed,
                    )?;
                    println!("edit {index} of {name}: {ran}");
                }
                format!("accepted, {ran}")
            }
        };
        *rows.entry((name.clone(), verdict)).or_default() += 1;
    }
    for ((name, verdict), count) in &rows {
        println!("{name}\t{verdict}\t{count}");
    }
    println!("{} edits, {left} left the sandbox", rows.values().sum::<u32>());
    if left > 0 { Err("an accepted file left its sandbox".into()) } else { Ok(()) }
}

/// The sections with bytes, code three times, and the whole file.
fn parts(bytes: &[u8]) -> Result<Vec<(String, Range<usize>)>, Failure> {
    let elf = File::parse(bytes)?;
    let mut parts = vec![("whole file".to_owned(), 0..bytes.len())];
    for section in elf.sections() {
        let Some((start, len)) = section.file_range().filter(|&(_, len)| len > 0) else {
            continue;
        };
        let range = usize::try_from(start)?..usize::try_from(start + len)?;
        let name = section.name()?.to_owned();
        for _ in 0..if name == ".text" { 3 } else { 1 } {
            parts.push((name.clone(), range.clone()));
        }
    }
    Ok(parts)
}

/// One edit within a range: a bit, a byte, a small step, some bytes from elsewhere in it, or two
/// words exchanged.
fn edit(rng: &mut Rng, bytes: &mut [u8], range: Range<usize>) {
    let part = &mut bytes[range];
    let (at, from) = (rng.below(part.len()), rng.below(part.len()));
    let most = (part.len() - at.max(from)).min(8);
    let len = 1 + rng.below(most);
    match rng.below(6) {
        0 | 1 => part[at] ^= 1 << rng.below(8),
        2 => part[at] = rng.bits() as u8,
        3 => part[at] = part[at].wrapping_add(*rng.pick(&[1, 4, 8, 0xf8, 0xfc, 0xff])),
        4 => part.copy_within(from..from + len, at),
        _ => {
            for i in 0..len {
                part.swap(at + i, from + i);
            }
        }
    }
}

/// Whether all of a file is accepted; if not, the kind of the refusal.
fn judge(changed: Vec<u8>, wasm: &[u8]) -> Result<(), String> {
    match Verified::check(changed, wasm, (1, prova_wasmtime_info::rest)) {
        Ok(_) => Ok(()),
        Err(Unverified::Refused(report)) => {
            let first = report.refused.first();
            Err(first.map_or("refused".to_owned(), |refusal| format!("{:?}", refusal.rule)))
        }
        Err(Unverified::Unchecked(_)) => Err("not checked in part".to_owned()),
        Err(_) => Err("not read, or another module's".to_owned()),
    }
}

/// Runs the command on a file.
fn run(command: &[String], file: &Path) -> Result<String, Failure> {
    let [program, arguments @ ..] = command else { return Err("no command".into()) };
    let arguments = arguments.iter().map(|argument| match &**argument {
        "FILE" => file.as_os_str().to_owned(),
        other => other.into(),
    });
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ended(status));
        }
        if start.elapsed() > RUN {
            child.kill()?;
            child.wait()?;
            return Ok("stopped".to_owned());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(0) => "ran as it should or otherwise".to_owned(),
        Some(PANIC) => "LEFT: the host panicked".to_owned(),
        Some(_) => "trapped or failed".to_owned(),
        None => format!("LEFT: {status}"),
    }
}
