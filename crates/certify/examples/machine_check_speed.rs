//! Times the certifier and the check alone, over the machine code that `prova-native`'s example
//! `drafts` wrote, and prints megabytes of machine code for each second.
//!
//! ```text
//! cargo run --release -p prova-certify --example machine_check_speed -- lua.drafts [ROUNDS [check]]
//! perf stat -e instructions:u target/release/examples/machine_check_speed lua.drafts 100 check
//! ```
//!
//! Each round certifies (or checks) all codes one after the other; the fastest round counts, in
//! processor time where the system says it (Linux). The difference between counts of instructions
//! for different rounds comes from the rounds.

use prova_certify::Draft;
use prova_check::{
    CallRow, Code, CodeKind, Config, Layout, MemoryShape, Rejection, TrapRow, certificate,
};
use std::error::Error;
use std::time::{Duration, Instant};

/// One code with its maps.
struct Item {
    kind: CodeKind,
    bytes: Vec<u8>,
    traps: Vec<TrapRow>,
    calls: Vec<CallRow>,
    certificate: Vec<u8>,
}

impl Item {
    fn draft(&self) -> Draft<'_> {
        Draft { kind: self.kind, bytes: &self.bytes, traps: &self.traps, calls: &self.calls }
    }

    fn check(&self, layout: &Layout) -> Result<(), Rejection> {
        let Item { kind, bytes, traps, calls, certificate } = self;
        layout.check(Code { kind: *kind, bytes, certificate, traps, calls }).map(|_| ())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let file = args.first().ok_or("a file of drafts is wanted")?;
    let rounds = args.get(1).map_or(Ok(10), |n| n.parse())?;
    let only = args.get(2).map_or("", String::as_str);
    let (layout, mut items) = read(&std::fs::read(file)?).ok_or("this is no file of drafts")?;
    let (mut refused, mut again) = (0, 0);
    items.retain_mut(|item| {
        item.certificate = prova_certify::propose(&layout, &item.draft()).unwrap_or_default();
        if item.check(&layout).is_err() {
            again += 1;
            item.certificate = prova_certify::certify(&layout, &item.draft()).unwrap_or_default();
        }
        let accepted = item.check(&layout).is_ok();
        refused += u32::from(!accepted);
        accepted
    });
    let bytes: usize = items.iter().map(|item| item.bytes.len()).sum();
    let certificates: usize = items.iter().map(|item| item.certificate.len()).sum();
    println!(
        "{} codes, {bytes} bytes, certificates {:.2} % (version {}), {again} made twice, {refused} refused",
        items.len(),
        100.0 * certificates as f64 / bytes.max(1) as f64,
        certificate::VERSION,
    );
    let report = |what: &str, time: Duration| {
        println!("{what}: {:.1} MB/s", bytes as f64 / 1e6 / time.as_secs_f64());
    };
    if only != "check" {
        let certify = |item: &Item| drop(prova_certify::propose(&layout, &item.draft()));
        report("certify", fastest(rounds, || items.iter().for_each(certify)));
    }
    if only != "certify" {
        let check = |item: &Item| assert!(item.check(&layout).is_ok(), "it was accepted before");
        report("check", fastest(rounds, || items.iter().for_each(check)));
    }
    Ok(())
}

/// The time of the fastest round.
fn fastest(rounds: u32, mut round: impl FnMut()) -> Duration {
    let time = |_| {
        let (start, before) = (Instant::now(), processor_time());
        round();
        let elapsed = start.elapsed();
        before.zip(processor_time()).map_or(elapsed, |(before, after)| after - before)
    };
    (0..rounds.max(1)).map(time).min().unwrap_or_default()
}

/// The processor time of this thread.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn read(bytes: &[u8]) -> Option<(Layout, Vec<Item>)> {
    let mut bytes = bytes;
    let settings = word(&mut bytes)?;
    let mut config = Config::default();
    if settings & 1 != 0 {
        config.memory = MemoryShape::Explicit;
    }
    config.signals = settings & 2 == 0;
    (config.metering.fuel, config.metering.epoch) = (settings & 4 != 0, settings & 8 != 0);
    let module = text(&mut bytes)?;
    let layout = Layout::derive(&module, &config).ok()?;
    let mut items = Vec::new();
    while !bytes.is_empty() {
        items.push(item(&mut bytes)?);
    }
    Some((layout, items))
}

fn word(bytes: &mut &[u8]) -> Option<u32> {
    let (word, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*word))
}

fn text(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let len = word(bytes)?;
    let (text, rest) = bytes.split_at_checked(len as usize)?;
    *bytes = rest;
    Some(text.to_vec())
}

fn item(bytes: &mut &[u8]) -> Option<Item> {
    let (kind, index) = (word(bytes)?, word(bytes)?);
    let kind = match kind {
        0 => CodeKind::Func(index),
        1 => CodeKind::ThunkIn(index),
        _ => CodeKind::ThunkOut(index),
    };
    let code = text(bytes)?;
    let mut traps = Vec::new();
    for _ in 0..word(bytes)? {
        let (code_offset, trap, wasm_offset) = (word(bytes)?, word(bytes)?, word(bytes)?);
        traps.push(TrapRow { code_offset, kind: u8::try_from(trap).ok()?, wasm_offset });
    }
    let mut calls = Vec::new();
    for _ in 0..word(bytes)? {
        let (return_offset, wasm_offset) = (word(bytes)?, word(bytes)?);
        calls.push(CallRow::operator(return_offset, wasm_offset));
    }
    Some(Item { kind, bytes: code, traps, calls, certificate: Vec::new() })
}
