//! Files written and read again; files changed by hand and at random.

use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection};
use prova_artifact::{Artifact, Error, Piece, Rule, Settings, Writer};
use prova_check::{
    Bases, CallRow, Clause, CodeKind, Config, CpuLevel, MemoryShape, Metering, Says, TrapRow,
};
use prova_random::Rng;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn settings() -> Settings {
    let config = Config {
        memory: MemoryShape::GUARD,
        metering: Metering { fuel: true, epoch: false },
        cpu: CpuLevel::V3,
        signals: true,
        bases: Bases::Fixed,
    };
    Settings { config, deterministic: true, maker: "a maker 1.0".to_owned() }
}

fn pieces() -> Vec<Piece<'static>> {
    let traps = vec![
        TrapRow { code_offset: 1, kind: 5, wasm_offset: 40 },
        TrapRow { code_offset: 7, kind: 1, wasm_offset: 44 },
    ];
    let row = |return_offset, says| CallRow { return_offset, says };
    let clause = |tag, with_ref, landing| {
        Says::Clause(Clause { tag, with_ref, landing, frame_bytes: 48, context: None })
    };
    let calls = vec![
        CallRow::operator(9, 50),
        row(9, clause(Some(2), false, 11)),
        row(9, clause(Some(7), true, 12)),
        row(9, clause(None, true, 13)),
        row(9, Says::Root(16)),
        CallRow::operator(14, 51),
        row(14, Says::Root(24)),
        row(14, clause(None, false, 15)),
    ];
    vec![
        Piece {
            kind: CodeKind::Func(3),
            bytes: &[0xc3],
            certificate: &[1, 2],
            traps,
            calls,
            relation: &[7, 8, 9],
        },
        Piece {
            kind: CodeKind::ThunkOut(0),
            bytes: &[0x90; 17],
            certificate: &[],
            traps: vec![],
            calls: vec![],
            relation: &[],
        },
        Piece {
            kind: CodeKind::Func(700),
            bytes: &[],
            certificate: &[9],
            traps: vec![],
            calls: vec![CallRow::operator(1, 1)],
            relation: &[1],
        },
    ]
}

fn written(pieces: &[Piece<'_>]) -> Vec<u8> {
    let mut writer = Writer::new(settings());
    for piece in pieces {
        writer.piece("a name", piece);
    }
    writer.finish(MODULE).expect("it can be named").bytes
}

/// Where a section lies in a file.
fn section(file: &[u8], name: &str) -> std::ops::Range<usize> {
    let elf = ElfFile64::<LittleEndian>::parse(file).expect("it is ELF");
    let section = elf.section_by_name(name).expect("it is there");
    let (start, length) = section.file_range().expect("it has bytes");
    start as usize..(start + length) as usize
}

#[test]
fn what_is_written_is_read() {
    let file = written(&pieces());
    let artifact = Artifact::read(&file[..]).expect("it is read");
    assert_eq!(artifact.module(), MODULE);
    assert_eq!(*artifact.settings(), settings());
    for piece in pieces() {
        assert_eq!(artifact.piece(piece.kind), Ok(Some(piece)));
    }
    assert_eq!(artifact.piece(CodeKind::ThunkIn(0)), Ok(None));
    let kinds: Vec<CodeKind> = artifact.kinds().collect();
    assert_eq!(kinds, [CodeKind::Func(3), CodeKind::Func(700), CodeKind::ThunkOut(0)]);
}

#[test]
fn every_setting_is_read_again() {
    for bits in 0..128u8 {
        let set = |bit: u8| bits & 1 << bit != 0;
        let config = Config {
            memory: match (set(0), set(5)) {
                (true, false) => MemoryShape::Explicit,
                (false, false) => MemoryShape::GUARD,
                (_, true) => MemoryShape::Masked,
            },
            metering: Metering { fuel: set(1), epoch: set(2) },
            cpu: if set(3) { CpuLevel::V2 } else { CpuLevel::V3 },
            signals: set(4),
            bases: if set(6) { Bases::MayMove } else { Bases::Fixed },
        };
        let maker = "ä".repeat(200);
        let given = Settings { config, deterministic: set(1), maker };
        let file = Writer::new(given.clone()).finish(MODULE).expect("it is written").bytes;
        let artifact = Artifact::read(file).expect("it is read");
        let found = artifact.settings();
        assert_eq!((found.config, found.deterministic), (config, set(1)));
        assert_eq!(found.maker, "ä".repeat(127), "cut at a character");
    }
}

#[test]
fn the_order_in_which_pieces_come_changes_nothing() {
    let mut reversed = pieces();
    reversed.reverse();
    assert_eq!(written(&pieces()), written(&reversed));
    assert_ne!(written(&pieces()), written(&pieces()[1..]));
}

/// Reads a file that `change` has changed in a section, and all its pieces; the rule it breaks.
fn broken(name: &str, change: impl Fn(&mut [u8])) -> Option<Rule> {
    let mut file = written(&pieces());
    let range = section(&file, name);
    change(&mut file[range]);
    whole(&file).err().map(|error| error.rule)
}

/// Reads a file and all its pieces.
fn whole(file: &[u8]) -> Result<(), Error> {
    let artifact = Artifact::read(file)?;
    artifact.kinds().try_for_each(|kind| artifact.piece(kind).map(drop))
}

#[test]
fn each_rule_refuses() {
    let word = |at: usize, value: u32| {
        move |bytes: &mut [u8]| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes())
    };
    assert_eq!(broken(".prova.settings", |_| ()), None);
    for (name, at, value, rule) in [
        (".prova.settings", 0, 1, Rule::Settings),
        (".prova.settings", 4, 2, Rule::Settings),
        (".prova.settings", 4, 0x0003_0400, Rule::Settings),
        (".prova.settings", 24, 7, Rule::Settings),
        // The kind of the first record, its index, and then each start and length.
        (".prova.pieces", 0, 3, Rule::Records),
        (".prova.pieces", 4, 701, Rule::Records),
        (".prova.pieces", 8, 1 << 20, Rule::Records),
        (".prova.pieces", 12, u32::MAX, Rule::Records),
        (".prova.pieces", 20, 4, Rule::Records),
        (".prova.pieces", 28, 10, Rule::Records),
        (".prova.pieces", 36, 12, Rule::Records),
        (".prova.pieces", 44, 16, Rule::Records),
        (".prova.pieces", 52, 100, Rule::Records),
        (".prova.pieces", 56, 0, Rule::Digest),
        // The second record begins before the end of the first one.
        (".prova.pieces", 64 + 16, 1, Rule::Records),
        (".prova.traps", 4, 41, Rule::Digest),
        (".prova.calls", 0, 8, Rule::Digest),
        (".prova.landings", 9, 8, Rule::Digest),
        (".prova.relations", 0, 8, Rule::Digest),
    ] {
        assert_eq!(broken(name, word(at, value)), Some(rule), "{name}+{at} = {value}");
    }
    assert_eq!(broken(".prova.certificates", |bytes| bytes[0] = 3), Some(Rule::Digest));
    assert_eq!(broken(".text", |bytes| bytes[0] = 0x90), Some(Rule::Digest));
    assert_eq!(broken(".text", |bytes| bytes[1] = 0), None, "nothing lies there");
    assert_eq!(whole(b"\0asm\x01\0\0\0").map_err(|error| error.rule), Err(Rule::Elf));
}

#[test]
fn sections_are_there_once_and_known() {
    let file = written(&pieces());
    let names = section(&file, ".shstrtab");
    for name in [".text", ".prova.module", ".prova.pieces", ".prova.landings", ".prova.relations"] {
        // Another name of the same length: this one is missing then, and an unknown one is there.
        let at = file[names.clone()].windows(name.len()).position(|part| part == name.as_bytes());
        let at = names.start + at.expect("the name is there");
        let mut renamed = file.clone();
        renamed[at + 1] = b'x';
        assert_eq!(whole(&renamed).map_err(|error| error.rule), Err(Rule::Sections), "{name}");
    }
    let mut twice = file;
    // `.prova.traps` and `.prova.calls` have as many letters.
    let at = twice[names.clone()].windows(12).position(|part| part == b".prova.traps");
    let at = names.start + at.expect("the name is there");
    twice[at..at + 12].copy_from_slice(b".prova.calls");
    assert_eq!(whole(&twice).map_err(|error| error.rule), Err(Rule::Sections));
}

#[test]
fn changed_files_are_read_or_refused() {
    let file = written(&pieces());
    for length in 0..file.len() {
        let _ = whole(&file[..length]);
    }
    for at in 0..file.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, file[at] ^ 1] {
            let mut changed = file.clone();
            changed[at] = value;
            let _ = whole(&changed);
        }
    }
    let mut random = Rng::new(30);
    for _ in 0..20_000 {
        let mut changed = file.clone();
        for _ in 0..random.below(8) + 1 {
            let at = random.below(changed.len());
            changed[at] = random.bits() as u8;
        }
        let _ = whole(&changed);
    }
}

#[test]
fn a_name_may_have_any_character() {
    let piece = &pieces()[0];
    for name in ["", "\0", "a\0b", "\u{1b}[2J\n", "é\u{10ffff}"] {
        let mut writer = Writer::new(settings());
        writer.piece(name, piece);
        let file = writer.finish(MODULE).expect("it can be named").bytes;
        let artifact = Artifact::read(&file[..]).expect("it is what was written");
        assert_eq!(artifact.piece(piece.kind).as_ref(), Ok(&Some(piece.clone())), "{name:?}");
    }
}

/// A relation is bounded by its code, as a certificate is.
#[test]
fn a_long_relation_is_refused() {
    let long = vec![1; 200];
    for (bytes, good) in [(&[0xc3; 200][..], true), (&[0xc3; 136][..], true), (&[0xc3; 135], false)]
    {
        let (traps, calls) = (Vec::new(), Vec::new());
        let kind = CodeKind::Func(0);
        let piece = Piece { kind, bytes, certificate: &[], traps, calls, relation: &long };
        let outcome = whole(&written(&[piece])).map_err(|error| error.rule);
        assert_eq!(outcome, if good { Ok(()) } else { Err(Rule::Records) });
    }
}
