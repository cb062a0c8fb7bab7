//! The texts of rows of machine code, which are for readers, beside the bytes: the decoder's text
//! of the bytes and the row's text are read by one parser, and say the same.
//!
//! ```text
//! bytes ─ iced's formatter ─► text ┐
//! text of the row ─────────────────┴─ parsed ─► mnemonics and operands: the same?
//! ```
//!
//! Spelling is free: names of conditions, order of an address's sum, hexadecimal digits, sizes that
//! a register says, the form of a constant with a sign. A label is in the text, or outside of the
//! code. What stands behind the first directive (`.long`, `data`) is not compared.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, MemorySizeOptions, Mnemonic};
use std::collections::BTreeMap;

/// A table: its name, text, the columns of bytes and text, and whether the texts leave out the test
/// of the height in front and the `ud2` behind.
type Table = (&'static str, &'static str, (usize, usize), bool);

const TABLES: [Table; 12] = [
    ("hostile", include_str!("../../check/tests/hostile.tsv"), (7, 8), false),
    ("claims", include_str!("../../check/tests/hostile/claims.tsv"), (7, 8), false),
    ("contexts", include_str!("../../check/tests/hostile/contexts.tsv"), (3, 4), false),
    ("counts", include_str!("../../check/tests/hostile/counts.tsv"), (3, 4), false),
    ("ways", include_str!("../../check/tests/hostile/ways.tsv"), (5, 6), false),
    ("collected", include_str!("../../check/tests/hostile/collected.tsv"), (5, 6), false),
    ("references", include_str!("../../check/tests/hostile/references.tsv"), (5, 6), false),
    ("written", include_str!("../../check/tests/hostile/written.tsv"), (5, 6), false),
    ("rules", include_str!("equal/rules.tsv"), (5, 7), true),
    ("forged", include_str!("equal/forged.tsv"), (5, 7), true),
    ("vectors", include_str!("equal/vectors.tsv"), (5, 7), true),
    ("narrow", include_str!("../../runtime/tests/processor/narrow.tsv"), (3, 4), false),
];

/// An operand, as far as its meaning goes.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Register(String),
    Number(i128),
    Memory(Memory),
    /// A label, or what is not understood.
    Name(String),
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Memory {
    /// Bytes; 0 if the text does not say them.
    size: u32,
    registers: BTreeMap<String, i128>,
    disp: i128,
    /// A label that is added.
    name: Option<String>,
}

#[derive(Clone, Debug)]
struct Insn {
    name: String,
    operands: Vec<Operand>,
    at: u64,
    end: u64,
}

fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(sign * value)
}

/// The bytes of a register by its name.
fn size_of(name: &str) -> Option<u32> {
    let numbered = |digits: &str| digits.parse::<u32>().is_ok_and(|n| n < 32);
    if let Some(rest) = name.strip_prefix("xmm") {
        return numbered(rest).then_some(16);
    }
    if let Some(rest) =
        name.strip_prefix('r').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        return match rest.trim_start_matches(|c: char| c.is_ascii_digit()) {
            "" => Some(8),
            "d" => Some(4),
            "w" => Some(2),
            "b" | "l" => Some(1),
            _ => None,
        };
    }
    let size = match name {
        "rax" | "rbx" | "rcx" | "rdx" | "rsi" | "rdi" | "rsp" | "rbp" | "rip" => 8,
        "eax" | "ebx" | "ecx" | "edx" | "esi" | "edi" | "esp" | "ebp" | "eip" => 4,
        "ax" | "bx" | "cx" | "dx" | "si" | "di" | "sp" | "bp" => 2,
        "al" | "bl" | "cl" | "dl" | "sil" | "dil" | "spl" | "bpl" | "ah" | "bh" | "ch" | "dh" => 1,
        "fs" | "gs" | "es" | "cs" | "ss" | "ds" => 2,
        _ => return None,
    };
    Some(size)
}

/// A register's name, spelled in one way.
fn register(name: &str) -> Option<String> {
    size_of(name)?;
    let byte = name.starts_with('r') && name.ends_with('l');
    Some(if byte { format!("{}b", &name[..name.len() - 1]) } else { name.to_owned() })
}

fn memory(text: &str, size: u32) -> Option<Memory> {
    let (before, rest) = text.split_once('[')?;
    let inside = rest.strip_suffix(']')?;
    let mut memory = Memory { size, ..Memory::default() };
    if let Some(segment) = before.trim().strip_suffix(':').filter(|name| *name != "ds") {
        memory.registers.insert(format!("{segment}:"), 1);
    }
    let spaced = inside.replace(' ', "").replace('-', "+-");
    for term in spaced.split('+').filter(|term| !term.is_empty()) {
        let (sign, term) = term.strip_prefix('-').map_or((1, term), |term| (-1, term));
        let product = |a: &str, b: &str| Some((register(a)?, number(b)?));
        if let Some(value) = number(term) {
            memory.disp += sign * value;
        } else if let Some((a, b)) = term.split_once('*') {
            let (name, scale) = product(a, b).or_else(|| product(b, a))?;
            *memory.registers.entry(name).or_default() += sign * scale;
        } else if let Some(name) = register(term) {
            *memory.registers.entry(name).or_default() += sign;
        } else {
            memory.name = Some(term.to_owned());
        }
    }
    memory.disp = i128::from(memory.disp as i64);
    Some(memory)
}

fn operand(text: &str) -> Operand {
    let text = text.trim();
    let sizes =
        [("byte", 1), ("word", 2), ("dword", 4), ("qword", 8), ("xmmword", 16), ("oword", 16)];
    let sized = sizes.iter().find_map(|(name, size)| {
        let rest = text.strip_prefix(name)?.trim_start();
        Some((rest.strip_prefix("ptr").unwrap_or(rest).trim(), *size))
    });
    let (rest, size) = sized.filter(|(rest, _)| rest.contains('[')).unwrap_or((text, 0));
    if rest.contains('[') {
        return memory(rest, size).map_or_else(|| Operand::Name(text.to_owned()), Operand::Memory);
    }
    if let Some(name) = register(rest) {
        return Operand::Register(name);
    }
    number(rest).map_or_else(|| Operand::Name(rest.to_owned()), Operand::Number)
}

/// The condition's one name, of those that a suffix has.
fn condition(suffix: &str) -> &str {
    match suffix {
        "c" | "nae" => "b",
        "nc" | "nb" => "ae",
        "z" => "e",
        "nz" => "ne",
        "na" => "be",
        "nbe" => "a",
        "pe" => "p",
        "po" => "np",
        "nge" => "l",
        "nl" => "ge",
        "ng" => "le",
        "nle" => "g",
        other => other,
    }
}

fn mnemonic(name: &str) -> String {
    for stem in ["cmov", "set"] {
        if let Some(suffix) = name.strip_prefix(stem) {
            return format!("{stem}{}", condition(suffix));
        }
    }
    match name {
        "movabs" => "mov".to_owned(),
        "movsxd" => "movsx".to_owned(),
        "nopw" | "nopl" => "nop".to_owned(),
        "jmp" | "jrcxz" | "jecxz" => name.to_owned(),
        _ => match name.strip_prefix('j') {
            Some(suffix) => format!("j{}", condition(suffix)),
            None => name.to_owned(),
        },
    }
}

fn insn(text: &str) -> Insn {
    let (mut name, mut rest) = (String::new(), text.trim());
    loop {
        let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        name += &mnemonic(word);
        rest = behind.trim();
        if !["lock", "rep", "repe", "repz", "repne", "repnz", "data16", "notrack"].contains(&word) {
            break;
        }
        name.push(' ');
    }
    let mut operands: Vec<Operand> = Vec::new();
    if !rest.is_empty() && !name.ends_with("nop") {
        operands.extend(rest.split(',').map(operand));
    }
    match (name.as_str(), operands.len()) {
        ("shl" | "shr" | "sar" | "rol" | "ror", 1) => operands.push(Operand::Number(1)),
        ("imul", 2) if matches!(operands[1], Operand::Number(_)) => {
            operands.insert(1, operands[0].clone());
        }
        ("pblendvb" | "blendvps" | "blendvpd", 3) => drop(operands.pop()),
        _ => {}
    }
    Insn { name, operands, at: 0, end: 0 }
}

/// The instructions of bytes.
fn decoded(bytes: &[u8]) -> Vec<Insn> {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_rip_relative_addresses(true);
    options.set_show_branch_size(false);
    options.set_use_pseudo_ops(false);
    options.set_memory_size_options(MemorySizeOptions::Always);
    let decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
    let read = |of: iced_x86::Instruction| {
        let mut text = String::new();
        formatter.format(&of, &mut text);
        Insn { at: of.ip(), end: of.next_ip(), ..insn(&text.replace("short ", "")) }
    };
    decoder.into_iter().map(read).collect()
}

/// The instructions of a text up to its first directive, and where its labels stand.
struct Text {
    insns: Vec<Insn>,
    labels: Vec<(String, usize)>,
    /// The labels behind the first directive, if there is one: their places are not known.
    data: Option<Vec<String>>,
}

fn written(text: &str) -> Text {
    let (mut insns, mut labels) = (Vec::new(), Vec::new());
    for item in text.split(';') {
        let mut item = item.trim();
        while let Some((label, rest)) = item.split_once(':') {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            if !label.chars().all(is_name) || size_of(label).is_some() {
                break;
            }
            labels.push((label.to_owned(), insns.len()));
            item = rest.trim();
        }
        if item.starts_with('.') || item.starts_with("data") {
            let names = text.split(';').filter_map(|item| item.split_once(':'));
            let names = names.map(|(name, _)| name.trim().to_owned());
            let known = |name: &String| labels.iter().any(|(label, _)| label == name);
            let data = names.filter(|name| !known(name)).collect();
            return Text { insns, labels, data: Some(data) };
        }
        if !item.is_empty() {
            insns.push(insn(item));
        }
    }
    Text { insns, labels, data: None }
}

/// Places outside of the code, which the layouts of the tables have.
fn is_outside(name: &str) -> bool {
    let numbered = |stem: char| name.strip_prefix(stem).is_some_and(|n| n.parse::<u8>().is_ok());
    let names = ["S", "ALLOC", "THROW", "NAME", "GROW", "BASE", "DROP", "LEN"];
    names.contains(&name) || ['F', 'B', 'S'].into_iter().any(numbered)
}

/// The meaning of a name in an operand: an address, a place outside, or none.
enum Found {
    At(i128),
    Outside,
    Nowhere,
}

/// The place that a name in the text's instruction `n` has; `DATA` stands behind the code.
fn place(name: &str, n: usize, decoded: &[Insn], text: &Text) -> Found {
    let at = |n: usize| i128::from(decoded.get(n).map_or(0, |insn| insn.at));
    let end = i128::from(decoded.last().map_or(0, |insn| insn.end));
    if let Some(by) = name.strip_prefix('.').and_then(number) {
        return Found::At(at(n) + by);
    }
    let (name, more) = name.split_once('+').unwrap_or((name, "0"));
    let Some(more) = number(more) else { return Found::Nowhere };
    if name == "DATA" {
        return Found::At(end + more);
    }
    let digits = name.trim_end_matches(['f', 'b']);
    let local = digits.parse::<u32>().is_ok();
    let forward = name.ends_with('f');
    let wanted = if local { digits } else { name };
    let behind = text.data.iter().flatten().any(|label| label == wanted);
    let mut found = text.labels.iter().filter(|(label, _)| label == wanted);
    let found = match local {
        true if forward => found.find(|(_, to)| *to > n),
        true => found.rfind(|(_, to)| *to <= n),
        false => found.next(),
    };
    match found {
        Some((_, to)) if *to < decoded.len() => Found::At(at(*to) + more),
        Some(_) => Found::At(end + more),
        None if behind || is_outside(name) => Found::Outside,
        None => Found::Nowhere,
    }
}

/// The bits of an instruction's first operand.
fn bits(insn: &Insn) -> u32 {
    let bytes = match insn.operands.first() {
        Some(Operand::Register(name)) => size_of(name).unwrap_or(8).min(8),
        Some(Operand::Memory(memory)) if memory.size > 0 => memory.size.min(8),
        _ => 8,
    };
    8 * bytes
}

/// Whether an operand of the text is the operand of the bytes.
fn is_same(text: &Operand, bytes: &Operand, insn: &Insn, found: impl Fn(&str) -> Found) -> bool {
    match (text, bytes) {
        (Operand::Number(a), Operand::Number(b)) => (a - b).rem_euclid(1 << bits(insn)) == 0,
        (Operand::Name(name), Operand::Number(b)) => match found(name) {
            Found::At(at) => at == *b || (at as u64) == *b as u64,
            Found::Outside => true,
            Found::Nowhere => false,
        },
        (Operand::Memory(a), Operand::Memory(b)) => {
            let named = match a.name.as_deref().map(&found) {
                Some(Found::At(at)) => at + a.disp == i128::from(insn.end) + b.disp,
                Some(Found::Outside) => true,
                Some(Found::Nowhere) => false,
                None => a.disp == b.disp,
            };
            named && a.registers == b.registers && (a.size == 0 || a.size == b.size)
        }
        _ => text == bytes,
    }
}

/// Whether a text is none of instructions: it says what somebody changed in a compiler's code.
fn is_prose(text: &str) -> bool {
    let Text { insns, data, .. } = written(text);
    let known = |insn: &Insn| {
        let name = insn.name.rsplit(' ').next().unwrap_or_default();
        Mnemonic::values().any(|known| mnemonic(&format!("{known:?}").to_lowercase()) == name)
    };
    text.contains(" for ") || !(data.is_some() || insns.first().is_some_and(known))
}

/// How a text differs from the bytes; none if it says the same. `apart`: the text may leave out the
/// test of the height, and what stops behind the code.
fn difference(bytes: &[u8], text: &str, apart: bool) -> Option<String> {
    let (text, decoded) = (written(text), decoded(bytes));
    let tests = |at: &usize| {
        let pair = decoded.get(*at..*at + 2).unwrap_or(&[]);
        apart && matches!(pair, [a, b] if a.name == "cmp" && b.name == "jb")
    };
    let left_out = (0..6).filter(tests).map(|at| {
        let mut rest = decoded.clone();
        rest.drain(at..at + 2);
        rest
    });
    let mut found = left_out.map(|rest| beside(&rest, &text, apart));
    let whole = beside(&decoded, &text, apart)?;
    if found.any(|found| found.is_none()) { None } else { Some(whole) }
}

/// How a text differs from these instructions.
fn beside(decoded: &[Insn], text: &Text, apart: bool) -> Option<String> {
    for (n, one) in text.insns.iter().enumerate() {
        let Some(other) = decoded.get(n) else { return Some(format!("{one:?} is not there")) };
        let found = |name: &str| place(name, n, decoded, text);
        let mut operands = one.operands.clone();
        if ["test", "xchg"].contains(&one.name.as_str()) {
            let turned = operands.iter().zip(other.operands.iter().rev());
            if turned.clone().all(|(a, b)| is_same(a, b, other, found)) {
                operands.reverse();
            }
        }
        let pairs = operands.iter().zip(&other.operands);
        let same = one.name == other.name
            && operands.len() == other.operands.len()
            && pairs.clone().all(|(a, b)| is_same(a, b, other, found));
        if !same {
            return Some(format!(
                "{} {:?} for {} {:?} at {:#x}",
                one.name, one.operands, other.name, other.operands, other.at
            ));
        }
    }
    let behind = &decoded[text.insns.len()..];
    let more = behind.iter().any(|insn| !(apart && insn.name == "ud2"));
    (more && text.data.is_none())
        .then(|| format!("nothing for {} at {:#x}", behind[0].name, behind[0].at))
}

fn code(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.split('|').next()?;
    let byte = |n| u8::from_str_radix(digits.get(n..n + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn texts_say_what_the_bytes_are() {
    let (mut compared, mut prose, mut wrong) = (0, 0, Vec::new());
    for (table, rows, (bytes, text), apart) in TABLES {
        for (line, row) in (1..).zip(rows.lines()).filter(|(_, row)| !row.starts_with('#')) {
            let cells: Vec<&str> = row.split('\t').collect();
            let Some(code) = cells.get(bytes).and_then(|digits| code(digits)) else { continue };
            let Some(text) = cells.get(text) else { continue };
            if apart && is_prose(text) {
                prose += 1;
                continue;
            }
            compared += 1;
            let found = difference(&code, text, apart);
            wrong.extend(found.map(|what| format!("{table}:{line}: {what}")));
        }
    }
    println!("{compared} rows, {prose} of prose");
    assert!(wrong.is_empty(), "{} of {compared} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 4_000 && 10 * prose < compared, "{compared}, {prose}");
}

/// Texts that say something else, and other spellings of the same.
#[test]
fn another_text_is_seen() {
    let bytes = code("85d2740489442408c3").expect("digits");
    for text in [
        "test edx,edx; je L; mov [rsp+8],eax; L: ret",
        "test edx,edx; jz 1f; mov dword ptr [0x8+rsp*1],eax; 1: ret",
        "test edx,edx; je .+6; mov [rsp+8],eax; ret",
    ] {
        assert_eq!(difference(&bytes, text, false), None, "{text}");
    }
    for text in [
        "test edx,ecx; je L; mov [rsp+8],eax; L: ret",
        "test edx,edx; jne L; mov [rsp+8],eax; L: ret",
        "test edx,edx; je L; L: mov [rsp+8],eax; ret",
        "test edx,edx; je L; mov [rsp+9],eax; L: ret",
        "test edx,edx; je L; mov [rbp+8],eax; L: ret",
        "test edx,edx; je L; mov [rsp+8],rax; L: ret",
        "test edx,edx; je L; mov qword ptr [rsp+8],eax; L: ret",
        "test edx,edx; je L; mov [rsp+8],eax; L: nop",
        "test edx,edx; je L; mov [rsp+8],eax; L: ret; ret",
        "test edx,edx; je L; mov [rsp+8],eax; ret",
    ] {
        assert!(difference(&bytes, text, false).is_some(), "{text}");
    }
}
