//! Narrow numbers and what reads them, by a table (`narrow.tsv`): each pair of a producer and a
//! consumer that reads no more bytes than are written is accepted, and answers the same with other
//! garbage; each pair that reads more is refused.
//!
//! ```text
//! producer: 1, 2 or 4 bytes of eax ─┬─ enough for it: accepted, run twice, the same answer
//! consumer: it needs 1 to 16 of them ┴─ too few: refused, by P10 alone
//! ```
//!
//! The twins are not run: that they answer differently depends on the values.

use super::super::twice::{BELOW, Pages};
use super::{Asked, FRAME, Growing, Judge, image};
use iced_x86::{Decoder, DecoderOptions};
use prova_check::{Config, CpuLevel};
use prova_random::Rng;

const TABLE: &str = include_str!("narrow.tsv");

/// A line of the table.
struct Line {
    produces: bool,
    bytes: u8,
    asked: Option<Asked>,
    code: Vec<u8>,
    text: &'static str,
}

fn asked(text: &str) -> Option<Asked> {
    match (text.get(..1)?, text.get(1..)?.parse().ok()) {
        ("x", Some(n)) => Some(Asked::Vector(n, 16)),
        ("r", Some(bytes)) => Some(Asked::General(0, bytes)),
        _ => None,
    }
}

fn lines() -> Vec<Line> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let cells: Vec<&'static str> = line.split('\t').collect();
            let &[what, bytes, place, code, text] = &cells[..] else { panic!("{line}") };
            let digits = (0..code.len()).step_by(2);
            let code = digits.map(|n| u8::from_str_radix(&code[n..n + 2], 16));
            Line {
                produces: what == "makes",
                bytes: bytes.parse().expect(line),
                asked: asked(place),
                code: code.collect::<Result<_, _>>().expect(line),
                text,
            }
        })
        .collect()
}

/// Whether code needs a processor above x86-64-v2.
fn is_wide(code: &[u8]) -> bool {
    let decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    decoder.into_iter().any(|insn| insn.encoding() != iced_x86::EncodingKind::Legacy)
}

/// Runs code twice with the same arguments and other garbage: whether what is asked for differs.
fn differs(code: &Growing, asked: Asked, (pages, seed): (&mut Pages, u64)) -> bool {
    (0..2).any(|round| {
        let [one, other] = [0, 1].map(|run| {
            let mut arguments = Rng::of(seed, round);
            let mut garbage = Rng::of(seed ^ 1, 2 * round + run);
            let before = image(&mut arguments, &mut garbage);
            let run = pages.run(&code.executed, &before, &mut garbage);
            asked.bytes(&run, BELOW - code.frame)
        });
        one != other
    })
}

/// A producer and a consumer in one function.
fn pair(producer: &Line, consumer: &Line) -> Growing {
    let mut code = vec![0x48, 0x8d, 0x64, 0x24, (FRAME as u8).wrapping_neg()];
    code.extend(producer.code.iter().chain(&consumer.code));
    let text = format!("{}; {}", producer.text, consumer.text);
    Growing { executed: code.clone(), checked: code, frame: FRAME, text }
}

#[test]
fn narrow_numbers_are_read_as_far_as_they_are_written() {
    let old = Config { cpu: CpuLevel::V2, ..Config::default() };
    let (new, old, mut pages) = (Judge::new(), Judge::of(&old), Pages::new());
    let (lines, mut wrong, mut counts) = (lines(), Vec::new(), [0; 3]);
    for consumer in lines.iter().filter(|line| !line.produces) {
        let asked = consumer.asked.expect(consumer.text);
        let (end, ty) = asked.code();
        for (seed, producer) in (0..).zip(lines.iter().filter(|line| line.produces)) {
            let code = pair(producer, consumer);
            let honest = consumer.bytes <= producer.bytes;
            let wide = is_wide(&code.checked);
            let judges = [(&new, true), (&old, !wide)];
            let accepted = judges.map(|(judge, able)| able && judge.accepts(&code, (&end, ty)));
            if accepted != [honest, honest && !wide] {
                wrong.push(format!("{}: {accepted:?}", code.text));
            } else if honest && differs(&code, asked, (&mut pages, seed)) {
                wrong.push(format!("{}: garbage is seen", code.text));
            }
            counts[if honest { usize::from(wide) } else { 2 }] += 1;
        }
    }
    println!("honest pairs with and without VEX, twins: {counts:?}");
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
    let [legacy, vex, twins] = counts;
    assert!(legacy > 1_500 && vex > 1_500 && twins > 2_000, "{counts:?}");
}

/// A consumer that depends on more than the table says is seen by the processor.
#[test]
fn a_consumer_of_more_bytes_is_seen() {
    let lines = lines();
    let mut pages = Pages::new();
    let producers = || lines.iter().filter(|line| line.produces && line.bytes == 1);
    let wide = lines.iter().filter(|line| !line.produces && line.bytes == 4);
    for consumer in wide {
        let asked = consumer.asked.expect(consumer.text);
        let seen =
            producers().any(|producer| differs(&pair(producer, consumer), asked, (&mut pages, 7)));
        assert!(seen, "{}", consumer.text);
    }
}
