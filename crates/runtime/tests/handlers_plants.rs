//! Planted faults of the executors, each of which the tests of handlers must see.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test -p prova-runtime --test handlers_plants --
//! --nocapture` builds the executors once with all plants; each is chosen while it runs, and the
//! ops at which it was seen are printed. Without the flag nothing of this is compiled.
//!
//! Some are mutations of the proof's list that a translator cannot have: 23 (`LocalsNotZeroed`), 31
//! (`RangeOffByOne`), 33 (`MemoryStale`), 35 (`ArgumentsMovedDown`), and the replaced handler
//! (`TailEntryReplaced`, `MatchArmReplaced`), which also shows that each executor is run for
//! itself.
//!
//! A green run does not show that each op would be seen with such a fault: a plant is in one
//! operator, reader or step.
#![cfg(prova_plant)]

#[path = "handlers/suite/mod.rs"]
#[allow(dead_code, reason = "the other test uses the rest")]
mod suite;

use prova_bytecode::Op;
use prova_runtime::plant::{PLANTS, Plant, plant};
use suite::{Effort, run};

/// Beginnings of the mnemonics of ops at which a fault is looked for. No wildcard: a new plant
/// names its ops.
fn ops(plant: Plant) -> &'static [&'static str] {
    match plant {
        Plant::None => &[""],
        Plant::OperandsSwapped => &["i32.sub", "i32.imm_sub"],
        Plant::CountUnmasked => &["i32.shl", "i32.imm_shl"],
        Plant::SignDropped => &["i32.load8_s"],
        Plant::ComparisonSigned => &["i64.lt_u", "br_i64.lt_u"],
        Plant::WrongTrap => &["i32.div_s"],
        Plant::RemainderTraps => &["i64.rem_s"],
        Plant::NanLost => &["f64.min"],
        Plant::SaturationSigned => &["i32.trunc_sat_f32_u"],
        Plant::LanesCut => &["i8x16.shuffle"],
        Plant::HalvesSwapped => &["i64.mul_wide_u"],
        Plant::SelectSwapped => &["select"],
        Plant::ImmediateUnsigned => {
            &["i32.add_imm", "i32.imm_sub", "i32.lt_s_imm", "i32.rem_u_imm"]
        }
        Plant::LongImmediateUnsigned => &["i64.add_imm32", "i64.and_imm32", "br_i64.lt_s_imm"],
        Plant::OffsetCut => &["i32.load", "i64.store8", "v128.store"],
        Plant::LaneCut => &["i16x8.extract_lane_u", "i8x16.replace_lane", "v128.load8_lane"],
        Plant::SlotCut => &["i64.add", "v128.and", "br_if", "global.set", "table.fill"],
        Plant::HighCellLost => &["v128.not", "i8x16.add", "v128.load", "global.get_v128"],
        Plant::NeighbourWritten => &["i64.add", "i64.load", "i64.atomic.rmw"],
        Plant::NotZeroExtended => &["i32.sub", "i32.load", "i32.atomic.rmw.xchg"],
        // No branches: a loop whose counter is not read does not end.
        Plant::AccumulatorUnread => &["i64.add", "f64.mul", "i32.load", "select"],
        Plant::AccumulatorUnwritten => &["i64.sub", "f32.neg", "i32.load8_u", "global.get"],
        Plant::SourcesReadLate => &["copy2", "i64.add128", "i64.mul_wide_s"],
        Plant::BranchInverted => &["br_"],
        Plant::TableEntryNext => &["br_table"],
        Plant::StoreNarrow => &["i32.store", "i64.store32", "v128.store32_lane"],
        Plant::BoundsEarly => &["i32.load", "v128.load64_splat"],
        Plant::ExchangeAlways => &["i32.atomic.rmw8.cmpxchg_u", "i64.atomic.rmw.cmpxchg"],
        Plant::FuelPlusOne => &["charge"],
        Plant::PollLate => &["poll"],
        Plant::MemoryStale => &["memory.grow"],
        Plant::AddressCut => &["i64.load_far", "i32.atomic.store", "v128.store8_lane"],
        Plant::WrongMemory => &["i32.load_far", "i64.store16_far", "i64.atomic.load"],
        Plant::MisalignedAllowed => {
            &["i32.atomic.load", "i64.atomic.rmw.add", "i32.atomic.store16"]
        }
        Plant::HalfAGlobal => &["global.set_v128"],
        Plant::LocalsNotZeroed => &["call"],
        Plant::NullIsUndefined => &["call_indirect"],
        Plant::ArgumentsMovedDown => &["return_call"],
        Plant::RangeOffByOne => &["throw"],
        Plant::TailEntryReplaced => &["i32.xor"],
        Plant::ChargePassed => &["br", "call", "return"],
        Plant::MatchArmReplaced => &["i32.or"],
        // `crates/testing/tests/swap_plants.rs` sees these.
        Plant::FuelTwice | Plant::HeightTwice | Plant::CellLost | Plant::CellsMoved => &[],
    }
}

/// The failures of the cases of some ops, one line each, in the effort of every build.
fn failures(planted: Plant) -> (usize, Vec<String>) {
    let wanted = |op: Op| ops(planted).iter().any(|start| op.mnemonic().starts_with(start));
    plant(planted);
    let report = run(&Effort::full(), wanted);
    plant(Plant::None);
    (report.ops.len(), report.failures)
}

/// The rejecting twin of `crates/cli/tests/plants.rs`: the bytes of a program with plants have the
/// marker.
#[test]
fn a_program_with_plants_has_the_marker() {
    let program = std::env::current_exe().expect("this program has a path");
    let bytes = std::fs::read(program).expect("this program can be read");
    // Backwards, so that these are not the words that are found.
    let marker: Vec<u8> = b"stluaf detnalp sah margorp siht".iter().rev().copied().collect();
    assert!(bytes.windows(marker.len()).any(|window| window == marker));
}

#[test]
fn every_planted_fault_is_seen() {
    let (_, honest) = failures(Plant::None);
    assert!(honest.is_empty(), "{}", honest.join("\n"));
    let mut unseen = Vec::new();
    for &planted in PLANTS {
        let (ops, failures) = failures(planted);
        let mut at: Vec<&str> = failures.iter().filter_map(|f| f.split(':').next()).collect();
        at.dedup();
        println!("{planted:?}: seen in {} functions of {} of {ops} ops", failures.len(), at.len());
        println!("    {}", failures.first().and_then(|f| f.lines().next()).unwrap_or_default());
        let only = match planted {
            Plant::TailEntryReplaced => " in tail ",
            Plant::MatchArmReplaced => " in match ",
            _ => "",
        };
        if failures.is_empty() || !failures.iter().all(|failure| failure.contains(only)) {
            unseen.push(planted);
        }
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}
