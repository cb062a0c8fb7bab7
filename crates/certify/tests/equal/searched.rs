//! The search of relations on code, maps and sources that nobody made.

use super::RULES;
use super::rows::{Row, operators, rows_of};
use prova_certify::relation::{Related, SEARCH_WALKS, WALK_PER_BYTE, Work, relate_within};
use prova_check::TrapRow;
use prova_check::certificate::Certificate;
use prova_equal::{Cause, Ended, Error, Relation};
use prova_random::Rng;
use std::sync::atomic::AtomicBool;

/// For all code, data, traps and sources the search ends in its bound, except what is done between
/// two looks at it, and what it finds can be checked.
#[test]
fn any_code_can_be_searched() {
    let rows: Vec<Row> = rows_of(RULES).into_iter().filter(|row| row.verdict == "ok").collect();
    let mut random = Rng::new(5);
    let (mut jumps_before, mut found, mut ended) = (0, 0, 0);
    for round in 0..4_000 {
        let row = &rows[random.below(rows.len())];
        let mut bytes = row.bytes.clone();
        match round % 4 {
            0 => bytes = [&[0xeb, 0x80], &random.bytes(20)[..]].concat(),
            1 => {}
            _ => {
                let at = random.below(bytes.len());
                bytes[at] = random.bits() as u8;
            }
        }
        jumps_before += usize::from(bytes.starts_with(&[0xeb, 0x80]));
        let len = bytes.len() as u32;
        let some = |random: &mut Rng| {
            let near = random.below(len as usize + 4) as u32;
            [near, near, near, u32::MAX][random.below(4)]
        };
        let operators = operators(row.module.bytes());
        let operator = |random: &mut Rng| operators[random.below(operators.len())];
        let mut sources: Vec<(u32, u32, u32)> = (0..random.below(6))
            .map(|_| (some(&mut random), some(&mut random), operator(&mut random)))
            .collect();
        let mut data: Vec<(u32, u32)> =
            (0..random.below(3) / 2).map(|_| (some(&mut random), some(&mut random))).collect();
        let mut traps = row.traps.clone();
        if round % 5 == 0 {
            let (code_offset, wasm_offset) = (some(&mut random), operator(&mut random));
            traps.push(TrapRow { code_offset, kind: 1, wasm_offset });
        }
        sources.sort_unstable();
        data.sort_unstable();
        traps.sort_unstable_by_key(|row| row.code_offset);
        let code = Related { bytes: &bytes, traps: &traps, data: &data, sources: &sources };
        let mut work = Work::default();
        let of = (&row.module, row.body());
        let relation = relate_within(of, &row.layout, &code, row.told(), &mut work);
        // Besides the work, the terms of what is done before the next look.
        let most = 2 * SEARCH_WALKS * work.walk();
        assert!(work.spent() <= most, "{}: {} of {most}", row.name, work.spent());
        ended += usize::from(work.ended().is_some());
        found += usize::from(!relation.leaders.is_empty());
        let certificate = row.certificate(&bytes).unwrap_or_default();
        let _ = row.check(&bytes, &certificate, &relation);
    }
    println!("{ended} searches ended at their bound");
    assert!(jumps_before >= 1_000 && found > 200, "{jumps_before} {found}");
}

/// The relation that the search of a row finds, and why it ended.
fn searched(row: &Row, work: &mut Work<'_>) -> (Relation, Option<Ended>) {
    let certificate = row.certificate(&row.bytes).expect("a certificate");
    let data = Certificate::read(&certificate).expect("it was written").data;
    let code = Related { bytes: &row.bytes, traps: &row.traps, data: &data, sources: &[] };
    let of = (&row.module, row.body());
    let relation = relate_within(of, &row.layout, &code, row.told(), work);
    (relation, work.ended())
}

/// The search for a row's relation takes some number of walks: within that number it ends by
/// itself, and within one less it says that it ended at its bound.
#[test]
fn a_search_ends_at_its_bound() {
    let (mut tried, mut at_bound) = (0, 0);
    for row in rows_of(RULES).iter().filter(|row| row.verdict == "ok") {
        let certificate = row.certificate(&row.bytes).expect("a certificate");
        let mut work = Work::default();
        let (relation, ended) = searched(row, &mut work);
        assert_eq!(ended, None, "{}", row.name);
        assert!(work.spent() < SEARCH_WALKS * work.walk(), "{}", row.name);
        assert!(work.walk() >= WALK_PER_BYTE * row.bytes.len() as u64, "{}", row.name);
        // With all of it, but not with less, the search is whole.
        let needed = work.spent() / work.walk() + 1;
        let (again, ended) = searched(row, &mut Work::within(needed));
        assert_eq!((again, ended), (relation, None), "{}", row.name);
        if needed > 1 {
            let (_, ended) = searched(row, &mut Work::within(needed - 1));
            at_bound += usize::from(ended == Some(Ended::Bound));
            assert_eq!(ended, Some(Ended::Bound), "{}: {needed} walks", row.name);
        }
        let (_, ended) = searched(row, &mut Work::within(0));
        assert_eq!(ended, Some(Ended::Bound), "{}", row.name);
        assert_eq!(
            row.check(&row.bytes, &certificate, &searched(row, &mut Work::default()).0),
            Ok(())
        );
        tried += 1;
    }
    assert!(tried > 100 && at_bound > 3, "{tried} rows, {at_bound} at a bound");
}

/// A flag of another thread ends a search and a proof; without it the same are whole.
#[test]
fn a_flag_ends_searches_and_proofs() {
    let rows = rows_of(RULES);
    let sum = rows.iter().find(|row| row.name == "sum").expect("a row");
    let certificate = sum.certificate(&sum.bytes).expect("a certificate");
    for (flag, ended) in [(false, None), (true, Some(Ended::Stopped))] {
        let stop = AtomicBool::new(flag);
        let (relation, outcome) = searched(sum, &mut Work::default().stoppable(&stop));
        assert_eq!(outcome, ended);
        assert_eq!(relation.leaders.is_empty(), flag);
        let (relation, _) = searched(sum, &mut Work::default());
        let proof = sum.check_until(&sum.bytes, &certificate, &relation, &stop);
        let cause = proof.err().map(|error| match error {
            Error::Differs(difference) => difference.cause,
            Error::Rejected(rejection) => panic!("{rejection}"),
        });
        assert_eq!(cause, flag.then_some(Cause::Stopped));
    }
}
