//! Attacks.
#![allow(missing_docs)]

#[path = "common/asm.rs"]
mod asm;

use asm::{Item, J, L, Raw, Trap, assemble, at, faults, idx, mr, r, ret, ri, rm, rr};
use iced_x86::Code as C;
use iced_x86::Register::*;
use prova_check::*;

const FUNC: &str = "(module (memory 1) (table 4 funcref) (table 2 8 externref) \
    (global (mut i64) (i64.const 0)) (global i32 (i32.const 0)) \
    (global (mut externref) (ref.null extern)) \
    (func (param i32 i32 i64 externref) (result i64) i64.const 0) \
    (func (param i32) i32.const 0 drop))";

struct Case {
    wat: &'static str,
    config: Config,
    kind: CodeKind,
}

fn guard() -> Case {
    Case { wat: FUNC, config: Config::default(), kind: CodeKind::Func(0) }
}

impl Case {
    fn judge(&self, items: &[Item]) -> Result<(), (Rule, &'static str)> {
        let (bytes, traps, calls) = &assemble(items);
        let wasm = wat::parse_str(self.wat).expect("a module");
        let layout = Layout::derive(&wasm, &self.config).expect("a layout");
        let draft = prova_certify::Draft { kind: self.kind, bytes, traps, calls };
        let certificate = prova_certify::certify(&layout, &draft).map_err(|e| (e.rule, e.what))?;
        let code = Code { kind: self.kind, bytes, certificate: &certificate, traps, calls };
        layout.check(code).map(|_| ()).map_err(|e| (e.rule, e.what))
    }
}

fn base() -> Vec<Item> {
    vec![
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, i64::from(offsets::FIRST))),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
    ]
}

fn with(mut head: Vec<Item>, tail: &[Item]) -> Vec<Item> {
    head.extend_from_slice(tail);
    head
}

fn call(before: &[Item], charge: i32) -> Vec<Item> {
    let mut items = vec![
        r(C::Push_r64, RBP),
        rr(C::Mov_r64_rm64, RBP, RSP),
        ri(C::Cmp_rm64_imm32, RSI, charge),
        J(C::Jb_rel32_64, 9),
        ri(C::Sub_rm64_imm32, RSI, charge),
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, RDI, at(R11, i64::from(offsets::DEFINED))),
        ri(C::Add_rm64_imm32, RDI, 32),
        rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
    ];
    items.extend_from_slice(before);
    items.extend([r(C::Call_rm64, RAX), r(C::Pop_r64, RBP), ret(), L(9), Trap(10)]);
    items
}

#[test]
fn probe() {
    let show = |name: &str, case: &Case, items: &[Item]| {
        println!("{name}: {:?}", case.judge(items));
    };
    show("call ok", &guard(), &call(&[], 80));
    show("call code + symbol", &guard(), &call(&[rr(C::Add_r64_rm64, RAX, R8)], 80));
    show(
        "call builtin + symbol",
        &guard(),
        &call(
            &[
                rm(C::Mov_r64_rm64, RDI, at(R11, 0)).clone(),
                rr(C::Mov_r64_rm64, RDI, R11),
                rm(C::Mov_r64_rm64, RAX, at(R11, 8)),
                rm(C::Mov_r64_rm64, RAX, at(RAX, 16)),
                rr(C::Add_r64_rm64, RAX, R8),
            ],
            80,
        ),
    );
    let same = Case { wat: "(module (func (param i64)))", ..guard() };
    show("tail ok", &same, &[rm(C::Mov_r64_rm64, RAX, at(RDI, 0)), r(C::Jmp_rm64, RAX)]);
    show(
        "tail + symbol",
        &same,
        &[rm(C::Mov_r64_rm64, RAX, at(RDI, 0)), rr(C::Add_r64_rm64, RAX, RDX), r(C::Jmp_rm64, RAX)],
    );
    let zero = rr(C::Mov_r32_rm32, EDX, EDX);
    let access = faults(rm(C::Mov_r64_rm64, RAX, idx(RAX, RDX, 1, 0)));
    show(
        "xadd rdx, rdx",
        &guard(),
        &with(base(), &[zero, rr(C::Xadd_rm64_r64, RDX, RDX), access, ret()]),
    );
    show("66 ret", &guard(), &[Raw(&[0x66, 0xc3])]);
    show("66 jmp", &guard(), &[Raw(&[0x66, 0xe9, 0, 0, 0, 0]), ret()]);
    show("66 je", &guard(), &[Raw(&[0x66, 0x0f, 0x84, 1, 0, 0, 0]), ret(), ret()]);
    show("66 je8", &guard(), &[Raw(&[0x66, 0x74, 1]), ret(), ret()]);
    show("66 call", &guard(), &call(&[Raw(&[0x66])], 80));
    show(
        "66 jmp rax",
        &same,
        &[rm(C::Mov_r64_rm64, RAX, at(RDI, 0)), Raw(&[0x66]), r(C::Jmp_rm64, RAX)],
    );
    let v2 = Case { config: Config { cpu: CpuLevel::V2, ..Config::default() }, ..guard() };
    show("v2 tzcnt", &v2, &with(base(), &[zero, rr(C::Tzcnt_r32_rm32, EDX, ECX), access, ret()]));
    show("v2 lzcnt", &v2, &with(base(), &[zero, rr(C::Lzcnt_r32_rm32, EDX, ECX), access, ret()]));
    show("v2 vex", &v2, &[Raw(&[0xc5, 0xf8, 0x57, 0xc0]), ret()]);
    let mut fuel = guard();
    fuel.config.metering.fuel = true;
    let fuel_same = Case { wat: same.wat, kind: CodeKind::Func(0), config: fuel.config };
    show(
        "fuel: tail loop",
        &fuel_same,
        &[rm(C::Mov_r64_rm64, RAX, at(RDI, 0)), r(C::Jmp_rm64, RAX)],
    );
    show("fuel: call without charge", &fuel, &call(&[], 80));
    let poll = [
        rm(C::Mov_r64_rm64, R11, at(RDI, 8)),
        rm(C::Mov_r64_rm64, R10, at(R11, 0)),
        rm(C::Mov_r64_rm64, R10, at(R10, 8)),
        L(1),
        rm(C::Mov_r64_rm64, RAX, at(R10, 0)),
        J(C::Jmp_rel32_64, 1),
    ];
    show("fuel: epoch read", &fuel, &poll);
    for kind in [CodeKind::ThunkIn(0), CodeKind::ThunkOut(0)] {
        let case = Case { kind, wat: same.wat, config: fuel.config };
        show(&format!("{kind:?} loop"), &case, &[L(1), J(C::Jmp_rel32_64, 1)]);
        show(
            &format!("{kind:?} recursion"),
            &case,
            &[
                r(C::Push_r64, RBP),
                rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
                r(C::Call_rm64, RAX),
                r(C::Pop_r64, RBP),
                ret(),
            ],
        );
        show(
            &format!("{kind:?} deep"),
            &case,
            &[
                ri(C::Sub_rm64_imm32, RSP, 65528 - 16),
                rm(C::Mov_r64_rm64, RAX, at(RDI, 0)),
                r(C::Call_rm64, RAX),
                ri(C::Add_rm64_imm32, RSP, 65528 - 16),
                ret(),
            ],
        );
        show(
            &format!("{kind:?} tail"),
            &case,
            &[rm(C::Mov_r64_rm64, RAX, at(RDI, 0)), r(C::Jmp_rm64, RAX)],
        );
    }
    show(
        "movaps stack",
        &guard(),
        &[
            ri(C::Sub_rm64_imm32, RSP, 16 + 16),
            mr(C::Movaps_xmmm128_xmm, at(RSP, 0), XMM0),
            ri(C::Add_rm64_imm32, RSP, 32),
            ret(),
        ],
    );
    let nosig = Case {
        config: Config { signals: false, memory: MemoryShape::Explicit, ..Config::default() },
        ..guard()
    };
    show(
        "movaps linear, no signals",
        &nosig,
        &with(base(), &[rm(C::Movaps_xmm_xmmm128, XMM0, at(RAX, 1)), ret()]),
    );
    show(
        "addps linear, no signals",
        &nosig,
        &with(base(), &[rm(C::Addps_xmm_xmmm128, XMM0, at(RAX, 1)), ret()]),
    );
    show("vpdpbusd", &guard(), &[Raw(&[0xc4, 0xe2, 0x79, 0x50, 0xc0]), ret()]);
    show(
        "div memory",
        &guard(),
        &with(
            base(),
            &[
                zero,
                Item::Row(
                    iced_x86::Instruction::with1(C::Div_rm32, idx(RAX, RDX, 1, 0)).unwrap(),
                    2,
                ),
                ret(),
            ],
        ),
    );
    show(
        "reserved nop",
        &guard(),
        &[Raw(&[0x0f, 0x1e, 0xfa]), Raw(&[0xf3, 0x0f, 0x1e, 0xfa]), ret()],
    );
    show("sal /6", &guard(), &[Raw(&[0xc1, 0xf0, 0x03]), ret()]);
    show("3e ret", &guard(), &[Raw(&[0x3e, 0xc3])]);
    show("26 nop", &guard(), &[Raw(&[0x26, 0x90]), ret()]);
    show("67 ret", &guard(), &[Raw(&[0x67, 0xc3])]);
    show("67 jmp", &guard(), &[Raw(&[0x67, 0xeb, 0x00]), ret()]);
    show("f2 ret", &guard(), &[Raw(&[0xf2, 0xc3])]);
    show("67 lea", &guard(), &[Raw(&[0x67, 0x8d, 0x05, 0, 0, 0, 0]), ret()]);
    show("rex ret", &guard(), &[Raw(&[0x48, 0xc3])]);
    show("66 push", &guard(), &[Raw(&[0x66, 0x50]), ret()]);
    show("66 nop", &guard(), &[Raw(&[0x66, 0x90]), ret()]);
    show("66 movq/rex order", &guard(), &[Raw(&[0x48, 0x66, 0x89, 0xc0]), ret()]);
    show("f2 mov", &guard(), &[Raw(&[0xf2, 0x48, 0x89, 0xc0]), ret()]);
}
