//! A body → the same body in another place: offsets counted from elsewhere, functions by other
//! numbers.
//!
//! A module that changes somewhere else keeps its functions, but what stands before them moves
//! them. Who keeps bodies from one module for another one counts offsets from the function's own
//! start. Numbers of types, tables, globals and the like are not changed.
//!
//! Noticed by: the test below, and the tests of the specialiser's cache.

use crate::body::{Body, Imm, Op};
use crate::terminator::Terminator;
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, Opcode};

impl Body {
    /// The same body, with an offset for each offset, and a function for each function that it
    /// names; `None` if there is none for one. Its own number stays.
    #[must_use]
    pub fn relocated(
        mut self,
        offset: impl Fn(u32) -> u32,
        func: impl Fn(FuncIdx) -> Option<FuncIdx>,
    ) -> Option<Body> {
        let renamed = |opcode: Opcode, imm: Imm| match imm.index(opcode, Immediate::func) {
            None => Some(imm),
            Some(index) => match imm {
                Imm::Index(_) => Some(Imm::Index(func(FuncIdx(index))?.0)),
                _other => None,
            },
        };
        for data in self.insts.values_mut() {
            data.offset = offset(data.offset);
            if let Op::Wasm(opcode) = data.op {
                data.imm = renamed(opcode, data.imm)?;
            }
        }
        for data in self.blocks.values_mut() {
            data.offset = offset(data.offset);
            data.end = offset(data.end);
            match &mut data.terminator {
                Terminator::Invoke { call, .. } | Terminator::TailCall(call) => {
                    call.imm = renamed(call.opcode, call.imm)?;
                }
                Terminator::Jump(_)
                | Terminator::Branch { .. }
                | Terminator::Table { .. }
                | Terminator::Null { .. }
                | Terminator::Cast { .. }
                | Terminator::Throw { .. }
                | Terminator::Catch { .. }
                | Terminator::Return(_)
                | Terminator::Unreachable => {}
            }
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use prova_module::FuncIdx;

    const TEXT: &str = "ssa func2\nblock0 entry @0x10 (v0: i32 local0)\n  \
        v1: i32 = call func=3 v0 @0x12\n  v2: (ref null func) = ref.func func=4 @0x14\n  \
        invoke call func=5 v1 block1(p0) block2() @0x16\n\
        block1 after @0x16 (v3: i32)\n  tail return_call func=6 v3 @0x18\n\
        block2 handler0 @0x1a ()\n  catch @0x1c\n";

    #[test]
    fn a_body_moves_and_comes_back() {
        let body = crate::parse(TEXT).expect("a body");
        let there = |offset: u32| offset.wrapping_sub(0x11);
        let moved = body.clone().relocated(there, |func| Some(FuncIdx(func.0 + 10)));
        let moved = moved.expect("all have numbers");
        let text = crate::print(&moved);
        for part in ["func=13", "func=14", "func=15", "func=16", "@0xb", "@0xffffffff", "func2"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let back = |offset: u32| offset.wrapping_add(0x11);
        let again = moved.relocated(back, |func| Some(FuncIdx(func.0 - 10)));
        assert_eq!(again, Some(body.clone()));
        for missing in 3..7 {
            let some = |func: FuncIdx| (func.0 != missing).then_some(func);
            assert_eq!(body.clone().relocated(|offset| offset, some), None, "{missing}");
        }
    }
}
