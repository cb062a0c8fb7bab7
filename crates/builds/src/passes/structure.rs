//! Lines of a dump → a digest that renumbering of values, blocks, metadata and attributes leaves as
//! it is.
//!
//! [`record`](super::record) runs it beside the digest of the text. The method is alpha-renaming by
//! first occurrence: the n-th distinct name of a sort enters the digest as n. Left out altogether:
//! comments (from `;`, which in LLVM's dumps repeat facts of the text: predecessors, percentages,
//! the module's path), the line `source_filename`, blank lines, and addresses `<0x…>`.
//!
//! 1. Two texts that differ only in the names below have one digest.
//!    `%x`, `%12`, `%"a b"` and the label `x:`; `%bb.3` and `bb.3`; `!7`; `#7`.
//! 2. Strings, names of globals, registers (`$x`), operators, constants and types enter as they
//!    are.
//! 3. The order of blocks and of successors is structure.
//!
//! Memory: 32 to 64 bytes for each distinct name of one dump, at most [`NAMES_MAX`]; names beyond
//! that enter as they are, so they can only make equal structures look different. `tests/passes.rs`
//! renames, reorders and edits.

use super::hash::{self, Digest, Hash};
use memchr::memchr;

/// More names of one dump are not renamed.
pub const NAMES_MAX: usize = 1 << 19;

/// The digest of one dump's structure in the making.
pub(crate) struct Structure {
    hash: Hash,
    names: Names,
    /// The rest of the current line is a comment.
    comment: bool,
}

impl Structure {
    pub(crate) fn new() -> Self {
        Self { hash: Hash::default(), names: Names::new(), comment: false }
    }

    /// Starts anew, for another dump.
    pub(crate) fn clear(&mut self) {
        self.hash = Hash::default();
        self.names.clear();
        self.comment = false;
    }

    /// The digest of the lines that were added.
    pub(crate) fn digest(&self) -> Digest {
        self.hash.digest()
    }

    /// Adds a line without its end, or a piece of a very long one.
    pub(crate) fn add(&mut self, line: &[u8], starts: bool) {
        if starts {
            self.comment = line.starts_with(b"source_filename");
        }
        if self.comment {
            return;
        }
        let mut at = if starts { self.label(line) } else { 0 };
        let mut plain = at;
        while at < line.len() {
            if !SPECIAL[usize::from(line[at])] {
                at += 1;
                continue;
            }
            let end = match line[at] {
                b';' => {
                    self.comment = true;
                    break;
                }
                b'"' => {
                    at = after_quote(line, at);
                    continue;
                }
                b'<' if line[at..].starts_with(b"<0x") => {
                    self.address(&line[plain..at], &line[at..])
                }
                b'b' if is_block(line, at) => {
                    self.named(Sort::Block, &line[plain..at], &line[at + 3..], 3)
                }
                b'%' if line[at..].starts_with(b"%bb.") => {
                    self.named(Sort::Block, &line[plain..at], &line[at + 4..], 4)
                }
                b'%' => self.named(Sort::Value, &line[plain..at], &line[at + 1..], 1),
                b'!' => self.named(Sort::Metadata, &line[plain..at], &line[at + 1..], 1),
                b'#' => self.named(Sort::Attributes, &line[plain..at], &line[at + 1..], 1),
                _ => 0,
            };
            at += end.max(1);
            if end > 0 {
                plain = at;
            }
        }
        let rest = line[plain..at].trim_ascii_end();
        if !rest.is_empty() || plain > 0 {
            self.hash.add(rest);
        }
    }

    /// The label of a block of LLVM IR at the start of a line, and where it ends.
    fn label(&mut self, line: &[u8]) -> usize {
        if line.first().is_none_or(|&byte| !NAME[usize::from(byte)] && byte != b'"') {
            return 0;
        }
        let end = name_end(line);
        if line.get(end) != Some(&b':') || line.starts_with(b"bb.") {
            return 0;
        }
        self.enter(Sort::Value, &line[..end]);
        end
    }

    /// Enters the text before a name, and the name by its number; how long sigil and name are, 0 if
    /// this is no name.
    fn named(&mut self, sort: Sort, before: &[u8], line: &[u8], sigil: usize) -> usize {
        let end = match sort {
            Sort::Value => name_end(line),
            // `!dbg` and `!"text"` are no numbers.
            Sort::Block | Sort::Metadata | Sort::Attributes => digits(line),
            Sort::Address => 0,
        };
        if end == 0 {
            return 0;
        }
        self.hash.add(before);
        self.enter(sort, &line[..end]);
        // `bb.3.name (%ir-block.7)`: the name of a block of machine code is no structure.
        let more = match line.get(end) {
            Some(b'.') if sort == Sort::Block => 1 + name_end(&line[end + 1..]),
            _ => 0,
        };
        sigil + end + more
    }

    fn enter(&mut self, sort: Sort, name: &[u8]) {
        let key = hash::of_name(name) ^ (sort as u64).wrapping_mul(0x2545_f491_4f6c_dd1d);
        match self.names.number(key) {
            Some(number) => self.hash.word(u64::from(number) << 8 | sort as u64),
            None => self.hash.add(name),
        }
    }

    fn address(&mut self, before: &[u8], line: &[u8]) -> usize {
        let length = address_length(line);
        if length > 0 {
            self.hash.add(before);
            self.hash.word(Sort::Address as u64);
        }
        length
    }
}

/// The length of `<0x7f00>` at the start of a line, 0 if there is none.
fn address_length(line: &[u8]) -> usize {
    let Some(rest) = line.strip_prefix(b"<0x") else {
        return 0;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits > 0 && rest.get(digits) == Some(&b'>') { digits + 4 } else { 0 }
}

/// There may be an address in the line.
#[inline]
pub(crate) fn has_address(line: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = memchr(b'<', &line[from..]) {
        if line[from + at..].starts_with(b"<0x") {
            return true;
        }
        from += at + 1;
    }
    false
}

/// The line with `<0x…>` for each address of the compiler's memory, which machine code prints for
/// some metadata.
pub(crate) fn without_addresses(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        match address_length(&line[at..]) {
            0 => {
                out.push(line[at]);
                at += 1;
            }
            length => {
                out.extend_from_slice("<0x…>".as_bytes());
                at += length;
            }
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Value = 1,
    Block = 2,
    Metadata = 3,
    Attributes = 4,
    Address = 5,
}

/// `bb.3` of machine code, not the end of another word.
fn is_block(line: &[u8], at: usize) -> bool {
    line[at..].starts_with(b"bb.") && (at == 0 || !NAME[usize::from(line[at - 1])])
}

fn digits(line: &[u8]) -> usize {
    line.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn name_end(line: &[u8]) -> usize {
    if line.first() == Some(&b'"') {
        return after_quote(line, 0);
    }
    line.iter().take_while(|&&byte| NAME[usize::from(byte)]).count()
}

fn after_quote(line: &[u8], at: usize) -> usize {
    line[at + 1..].iter().position(|&byte| byte == b'"').map_or(line.len(), |end| at + 2 + end)
}

/// The bytes of an LLVM identifier without quotes.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || b == b'-' || b == b'$' || b == b'.' || b == b'_';
        byte += 1;
    }
    table
};

const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = *b"%!#\";<b";
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
};

/// Keys → numbers by first occurrence: open addressing, cleared by moving on to the next
/// generation.
struct Names {
    slots: Vec<Slot>,
    len: usize,
    generation: u32,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    generation: u32,
    number: u32,
}

impl Names {
    fn new() -> Self {
        Self { slots: vec![Slot::default(); 64], len: 0, generation: 1 }
    }

    fn clear(&mut self) {
        self.len = 0;
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.slots.fill(Slot::default());
            self.generation = 1;
        }
    }

    fn number(&mut self, key: u64) -> Option<u32> {
        let at = self.place(key);
        if self.slots[at].generation == self.generation {
            return Some(self.slots[at].number);
        }
        if self.len == NAMES_MAX {
            return None;
        }
        let number = self.len as u32;
        self.slots[at] = Slot { key, generation: self.generation, number };
        self.len += 1;
        if self.len * 2 > self.slots.len() {
            self.grow();
        }
        Some(number)
    }

    /// The slot of the key, or the free one where it would go. Half of the slots are free.
    fn place(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = key as usize & mask;
        while self.slots[at].generation == self.generation && self.slots[at].key != key {
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let larger = vec![Slot::default(); self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, larger);
        for slot in old.into_iter().filter(|slot| slot.generation == self.generation) {
            let at = self.place(slot.key);
            self.slots[at] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        let mut structure = Structure::new();
        structure.add(b"%left = over", true);
        structure.clear();
        text.lines().for_each(|line| structure.add(line.as_bytes(), true));
        structure.digest()
    }

    const IR: &str = "define i32 @f(i32 %0) #1 {\n  %2 = add i32 %0, 7, !dbg !12\n  br label %3\n\n3:                 ; preds = %1\n  ret i32 %2\n}\n";
    const MIR: &str = "bb.0.entry:\n  successors: %bb.2(0x80000000); %bb.2(100.00%)\n  %4:i32 = CONST_I32 7\n  BR %bb.2\nbb.2:\n; predecessors: %bb.0\n  RETURN %4:i32\n";

    #[test]
    fn renumbering_is_no_structure() {
        let other = IR.replace("%2", "%sum").replace("!12", "!7").replace("#1", "#0");
        let other = other.replace("%3", "%\"next block\"").replace("\n3: ", "\n\"next block\": ");
        assert_ne!(other, IR);
        assert_eq!(digest(IR), digest(&other));
        assert_eq!(digest(IR), digest(&IR.replace("; preds = %1", "; preds = %9, %1")));
        assert_eq!(digest(IR), digest(&format!("; ModuleID = 'x'\nsource_filename = \"x\"\n{IR}")));
        let other = MIR.replace("bb.2", "bb.17").replace("%4", "%9").replace(".entry", "");
        assert_eq!(digest(MIR), digest(&other));
        assert_eq!(digest("x <0x55aa> y"), digest("x <0x1> y"));
    }

    #[test]
    fn what_differs_otherwise_is_structure() {
        for (from, to) in [
            ("add", "sub"),
            ("7,", "8,"),
            ("@f", "@g"),
            ("i32 %2\n}", "i32 %0\n}"),
            ("label %3", "label %4"),
        ] {
            let other = IR.replace(from, to);
            assert_ne!(other, IR, "{from}");
            assert_ne!(digest(IR), digest(&other), "{from} -> {to}");
        }
        assert_ne!(digest(MIR), digest(&MIR.replace("BR %bb.2", "BR %bb.0")));
        assert_ne!(digest("c\"a;%1\""), digest("c\"a;%2\""));
        assert_ne!(digest("x <0x55ag> y"), digest("x <0x1g> y"));
    }

    #[test]
    fn names_beyond_the_limit_only_make_a_difference() {
        let mut names = Names::new();
        for key in 0..NAMES_MAX as u64 {
            assert_eq!(names.number(key.wrapping_mul(0x9e37_79b9_7f4a_7c15)), Some(key as u32));
        }
        assert_eq!(names.number(3), None);
        names.clear();
        assert_eq!(names.number(3), Some(0));
    }
}
