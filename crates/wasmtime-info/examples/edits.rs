//! `edits M.cwasm M.wasm COUNT [FOLDER]`: one byte of a section changed at random, so often in each
//! section; how many of the files are refused, by whom, and what was changed in the others, which
//! are written to the folder.

use prova_random::Rng;
use prova_wasmtime_layout::{Artifact, Report, verify};
use std::collections::BTreeMap;
use wasmtime_environ::object::{File, Object, ObjectSection};

const SECTIONS: [&str; 7] = [
    ".wasmtime.info",
    ".rodata.wasm",
    ".wasmtime.engine",
    ".wasmtime.traps",
    ".wasmtime.exceptions",
    ".eh_frame",
    ".wasmtime.bti",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(wasm), Some(count)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: edits M.cwasm M.wasm COUNT".into());
    };
    let folder = arguments.next();
    let (bytes, wasm) = (std::fs::read(&path)?, std::fs::read(wasm)?);
    let elf = File::parse(&*bytes)?;
    let honest = verify(&bytes, &wasm)?;
    let (mut rng, mut changed) = (Rng::new(34), bytes.clone());
    for name in SECTIONS {
        let section = elf.section_by_name(name).ok_or(name)?;
        let (start, len) = section.file_range().ok_or(name)?;
        let (start, len) = (usize::try_from(start)?, usize::try_from(len)?);
        let (mut found, mut kept): (BTreeMap<&str, u32>, Vec<usize>) = Default::default();
        for _ in 0..count.parse()? {
            let offset = rng.below(len);
            let at = start + offset;
            let byte = bytes[at];
            changed[at] = byte ^ u8::try_from(1 + rng.below(255))?;
            let verdict = judge(&changed, &wasm, &honest);
            *found.entry(verdict).or_default() += 1;
            if verdict == "accepted" {
                kept.push(offset);
                if let Some(folder) = &folder {
                    std::fs::write(
                        format!("{folder}/{name}-{at:x}-{:02x}", changed[at]),
                        &changed,
                    )?;
                }
            }
            changed[at] = byte;
        }
        println!("{path} {name}: {found:?}");
        kept.sort_unstable();
        println!("  accepted at {kept:x?}");
    }
    Ok(())
}

fn judge(changed: &[u8], wasm: &[u8], honest: &Report) -> &'static str {
    let Ok(artifact) = Artifact::read(changed) else {
        return "not read";
    };
    if prova_wasmtime_info::compare(&artifact, changed, wasm).is_err() {
        return "differs";
    }
    match verify(changed, wasm) {
        Ok(report) if report.refused == honest.refused => "accepted",
        Ok(_) => "code refused",
        Err(_) => "no layout",
    }
}
