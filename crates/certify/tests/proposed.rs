//! The certificate that `propose` makes first: the check accepts it, so the native compiler need
//! not try another one.
//!
//! Green does not show that real programs need one attempt.

use crate::common::asm::{Item, J, L, Trap, assemble, at, mr, r, ret, ri, rm, rr};
use crate::common::case::{Case, guard};
use crate::common::hostile::apart;
use crate::common::{build, cases};
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_certify::{Draft, certify, propose};
use prova_check::{Code, Config, Metering, offsets, traps};

/// For each case `propose` makes the certificate that `certify` accepts.
#[test]
fn the_first_certificate_of_each_case_is_accepted() {
    let (mut others, mut count) = (Vec::new(), 0);
    for (name, text) in cases() {
        for opt in ["speed", "none"] {
            let built = build(&name, &text, true, opt);
            let draft = built.draft();
            count += 1;
            if propose(&built.layout, &draft) != certify(&built.layout, &draft) {
                others.push(format!("{name} {opt}"));
            }
        }
    }
    println!("{count} codes");
    assert_eq!(others, Vec::<String>::new());
}

/// A charge of fuel, and a read of the epoch; r10 is the store's.
fn charge() -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        ri(C::Add_rm64_imm32, RAX, 5),
        J(C::Jb_rel32_64, 9),
        mr(C::Mov_rm64_r64, at(R10, 0), RAX),
    ]
}

fn poll() -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, RAX, at(R10, i64::from(offsets::STORE_EPOCH))),
        rm(C::Mov_r64_rm64, RAX, at(RAX, 0)),
    ]
}

/// Executes `first`, merges two paths, and calls the second function behind the merge.
fn called(first: &[Item]) -> Vec<Item> {
    let mut items = vec![
        r(C::Push_r64, RBP),
        rr(C::Mov_r64_rm64, RBP, RSP),
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, 0)),
    ];
    items.extend_from_slice(first);
    items.extend([
        rr(C::Test_rm32_r32, EDX, EDX),
        J(C::Je_rel32_64, 1),
        rr(C::Mov_r32_rm32, ECX, EDX),
        L(1),
        ri(C::Cmp_rm64_imm32, RSI, 80),
        J(C::Jb_rel32_64, 9),
        ri(C::Sub_rm64_imm32, RSI, 80),
        rm(C::Mov_r64_rm64, RDI, at(R11, i64::from(offsets::DEFINED))),
        ri(C::Add_rm64_imm32, RDI, 32),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
        r(C::Call_rm64, RAX),
        rr(C::Mov_r64_rm64, RSP, RBP),
        r(C::Pop_r64, RBP),
        ret(),
        L(9),
        Trap(traps::STACK_OVERFLOW),
    ]);
    items
}

/// The first certificate states at a merge that a charge or a poll was passed, under each metering.
#[test]
fn the_first_certificate_says_what_is_metered() {
    for (fuel, epoch, first) in
        [(true, false, charge()), (false, true, poll()), (true, true, charge())]
    {
        let config = Config { metering: Metering { fuel, epoch }, ..Config::default() };
        let case = Case { config, ..guard() };
        let (layout, (bytes, traps, calls)) = (case.layout(), assemble(&called(&first)));
        let draft = Draft { kind: case.kind, bytes: &bytes, traps: &traps, calls: &calls };
        let certificate = propose(&layout, &draft).expect("a certificate");
        let code = |certificate| Code {
            kind: case.kind,
            bytes: &bytes,
            certificate,
            traps: &traps,
            calls: &calls,
        };
        let judged = layout.check(code(&certificate)).err().map(|e| (e.rule, ()));
        assert!(apart(judged).is_none(), "fuel {fuel}, epoch {epoch}: {judged:?}");
    }
}

/// Code without a certificate gets an error with the place and the reason.
#[test]
fn what_has_no_certificate_says_why() {
    let (layout, (bytes, traps, calls)) =
        (guard().layout(), assemble(&[rm(C::Mov_r64_rm64, RAX, at(R8, 0)), ret()]));
    let draft = Draft { kind: guard().kind, bytes: &bytes, traps: &traps, calls: &calls };
    let error = propose(&layout, &draft).expect_err("no known address");
    let words = "no certificate: at 0x0: Address: the address is no known sum";
    assert_eq!(error.to_string(), words);
    assert_eq!(certify(&layout, &draft), Err(error));
}
