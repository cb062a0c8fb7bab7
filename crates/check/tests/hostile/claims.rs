//! The rows of `claims.tsv`: code as in `hostile.tsv`, with a certificate for each row. Two more
//! columns say where its frame stands and which claims its blocks make.
//!
//! Blocks stand between `;`, each an offset, a colon, and claims between commas. The frame keeps
//! what it can, and each block claims what is written and nothing else:
//!
//! ```text
//! number LOC HI          least LOC LO        range LOC LO HI     length LOC EXTENT
//! below LOC D EXTENT     type LOC TYPE       typeid LOC TYPE     ref LOC KIND[?] [none|TYPE]
//! masked LOC BYTES EXTENT                        sum LOC ONE SHIFT OTHER SHIFT
//! half LOC WHOLE                                 selects LOC INDEX
//! holds LOC BASE[.INDEX] [own|of LOC|=SYMBOL] [shift N] [add N]      jumps N      saved
//! ```
//!
//! Behind a frame's offset and `!` stand the locations that it does not keep. `saved`: the
//! callee-saved registers, except the frame pointer, hold their values at entry. A location is its
//! number; `=N` in its place (of `least`, `range`, `below`) is a fixed symbol. An extent is `m` or
//! `t` with an index; `?` says that null is one.

use super::table::bits::Bits;
use super::table::{Row, modules, number, row};
use prova_check::certificate::VERSION;

/// A row, and its certificate.
pub(crate) struct Claimed {
    pub(crate) row: Row,
    pub(crate) certificate: Vec<u8>,
}

const TEXT: &str = include_str!("claims.tsv");

/// The claims that `saved` stands for: a register's fixed symbol is its number and three.
const SAVED: [&str; 5] = [
    "holds 3 number =6",
    "holds 12 number =15",
    "holds 13 number =16",
    "holds 14 number =17",
    "holds 15 number =18",
];

/// Bases by their numbers.
const BASES: [&str; 29] = [
    "number",
    "stack",
    "context",
    "store",
    "builtins",
    "builtin",
    "types",
    // No base any more.
    "gone",
    "import",
    "code",
    "refrecord",
    "refcode",
    "refcontext",
    "memoryrecord",
    "memory",
    "tablerecord",
    "table",
    "global",
    "args",
    "epoch",
    "here",
    "nowhere",
    "funccontext",
    "data",
    "memoryowner",
    "tableowner",
    "tagowner",
    "elements",
    "maybeelements",
];

fn signed(text: &str) -> i64 {
    text.parse().expect("a signed number")
}

fn word(text: &str) -> u64 {
    text.parse().expect("a number")
}

/// `m0`, `t1`.
fn extent(text: &str) -> u64 {
    let (kind, index) = text.split_at(1);
    2 * word(index) + u64::from(kind == "t")
}

/// A location or a fixed symbol, behind the tag that fits it.
fn name(out: &mut Bits, text: &str, (of, fixed): (u64, u64)) {
    let (tag, n) = text.strip_prefix('=').map_or((of, text), |n| (fixed, n));
    out.bits(tag, 5).number(word(n), 4);
}

fn holds(out: &mut Bits, words: &[&str]) {
    let [at, base, rest @ ..] = words else { panic!("{words:?}") };
    let (base, index) = base.split_once('.').map_or((*base, None), |(b, i)| (b, Some(i)));
    let code = BASES.iter().position(|known| *known == base).expect("a base") as u64;
    out.bits(1, 1).number(word(at), 4).bits(code, 5);
    if let Some(index) = index {
        out.number(word(index), 4);
    }
    let mut rest = rest.iter();
    let (mut kind, mut symbol, mut shift, mut add) = (0, None, 0, None);
    while let Some(&key) = rest.next() {
        let mut value = || *rest.next().expect("a value");
        match key {
            "own" => kind = 1,
            "of" => (kind, symbol) = (2, Some(word(value()))),
            "shift" => shift = word(value()),
            "add" => add = Some(signed(value())),
            fixed => (kind, symbol) = (3, fixed.strip_prefix('=').map(word)),
        }
    }
    out.bits(kind, 2);
    if let Some(n) = symbol {
        out.number(n, 4);
    }
    let by_symbol = (10..=12).contains(&code);
    if kind != 0 && !by_symbol && (kind, symbol) != (3, Some(0)) {
        out.bits(shift, 2);
    }
    out.bits(add.is_some().into(), 1);
    if let Some(n) = add {
        out.signed(n, 8);
    }
}

/// A reference's kind, whether null is one, and what more is said.
fn reference(out: &mut Bits, kind: &str, more: &[&str]) {
    let (kind, null) = kind.strip_suffix('?').map_or((kind, 0), |kind| (kind, 4));
    let kind = ["func", "extern", "exn"].iter().position(|known| *known == kind).expect("a kind");
    let heap = match more {
        [] => 0,
        ["none"] => 1,
        _ => 2,
    };
    out.bits(kind as u64 | null | heap << 3, 5);
    if let (2, [ty]) = (heap, more) {
        out.number(word(ty), 4);
    }
}

fn entry(text: &str) -> Bits {
    let mut out = Bits::default();
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["number", at, hi] => {
            out.bits(0, 5).number(word(at), 4).number(word(hi), 32);
        }
        ["least", of, lo] => {
            name(&mut out, of, (1, 3));
            out.number(word(lo), 8);
        }
        ["range", of, lo, hi] => {
            name(&mut out, of, (2, 4));
            out.number(word(lo), 8).number(word(hi), 32);
        }
        ["length", of, of_what] => {
            out.bits(5, 5).number(word(of), 4).number(extent(of_what), 1);
        }
        ["ref", of, kind, ref more @ ..] => {
            out.bits(6, 5).number(word(of), 4);
            reference(&mut out, kind, more);
        }
        ["below", of, d, of_what] => {
            name(&mut out, of, (7, 8));
            out.signed(signed(d), 8).number(extent(of_what), 1);
        }
        ["type", of, ty] => {
            out.bits(9, 5).number(word(of), 4).number(word(ty), 4);
        }
        ["typeid", of, ty] => {
            out.bits(10, 5).number(word(of), 4).number(word(ty), 4);
        }
        ["masked", of, bytes, of_what] => {
            out.bits(11, 5).number(word(of), 4).number(extent(of_what), 1).number(word(bytes), 8);
        }
        ["sum", of, a, a_shift, b, b_shift] => {
            out.bits(12, 5).number(word(of), 4);
            out.number(word(a), 4).bits(word(a_shift), 2);
            out.number(word(b), 4).bits(word(b_shift), 2);
        }
        ["half", of, whole] => {
            out.bits(13, 5).number(word(of), 4).number(word(whole), 4);
        }
        ["selects", of, index] => {
            out.bits(14, 5).number(word(of), 4).number(word(index), 4);
        }
        ["holds", ref rest @ ..] => holds(&mut out, rest),
        _ => panic!("no claim: {text}"),
    }
    out
}

/// The certificate with this frame and these blocks.
pub(crate) fn certificate(frame: &str, blocks: &str) -> Vec<u8> {
    let (frame, changed) = frame.split_once('!').unwrap_or((frame, ""));
    let frame = number(frame);
    let changed: Vec<u64> = changed.split(' ').filter(|n| !n.is_empty()).map(word).collect();
    let mut entries: Vec<&str> = Vec::new();
    let mut out = Bits::default();
    let mut last = frame;
    let blocks: Vec<&str> = blocks.split(';').collect();
    let has_jumps = blocks.iter().any(|block| block.contains("jumps"));
    let jumps_bits = if has_jumps { 3 } else { 0 };
    let count = blocks.len() as u64;
    for block in &blocks {
        let (offset, claims) = block.split_once(':').expect("an offset");
        let offset = number(offset.trim());
        let claims = claims.split(',').map(str::trim);
        let claims: Vec<&str> = claims
            .flat_map(|claim| match claim {
                "saved" => SAVED.to_vec(),
                _ => vec![claim],
            })
            .collect();
        out.number((offset - last).into(), 0);
        let jumps = claims.iter().find_map(|claim| claim.strip_prefix("jumps "));
        out.bits(jumps.map_or(0, word), jumps_bits);
        last = offset;
        let claims =
            claims.into_iter().filter(|claim| !claim.is_empty() && !claim.starts_with("jumps"));
        let mut numbers: Vec<u64> = claims
            .map(|claim| {
                let known = entries.iter().position(|known| *known == claim);
                known.unwrap_or_else(|| {
                    entries.push(claim);
                    entries.len() - 1
                }) as u64
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        out.number(2, 0).number(numbers.len() as u64, 0);
        let mut next = 0;
        for n in numbers {
            out.number(n - next, 0);
            next = n + 1;
        }
    }
    let mut whole = Bits::default();
    whole.bits(VERSION.into(), 8).number(0, 0).number(entries.len() as u64, 0);
    for claim in entries {
        whole.add(&entry(claim));
    }
    whole.number(count, 0).number(frame.into(), 4).bits(0, 12).bits(jumps_bits.into(), 2);
    whole.number(changed.len() as u64, 0);
    let mut next = 0;
    for n in changed {
        whole.number(n - next, 4);
        next = n + 1;
    }
    whole.add(&out).bytes()
}

/// All rows.
pub(crate) fn claimed() -> Vec<Claimed> {
    let modules = modules();
    let lines = TEXT.lines().skip(1);
    lines
        .map(|line| {
            let mut columns = line.rsplitn(3, '\t');
            let (blocks, frame) = columns.next().zip(columns.next()).expect("a frame and blocks");
            let row = row(columns.next().expect("a row"), &modules);
            Claimed { row, certificate: certificate(frame, blocks) }
        })
        .collect()
}
