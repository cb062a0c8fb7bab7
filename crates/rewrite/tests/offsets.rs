//! The map of offsets, against a reading of both modules by the plain parser: the nth operator of a
//! body that was not replaced is the nth one of its new body.

use super::edits::edit;
use prova_rewrite::apply;
use wasmparser::{Parser, Payload};

const MODULE: &str = "(module
    (import \"m\" \"f\" (func (param i32)))
    (memory 1)
    (func (param i32) (local i64 f32 f32)
      (block (br_if 0 (i32.eqz (local.get 0)))
        (call 0 (i32.load offset=70000 (local.get 0)))
        (i64.store (i32.const 8) (i64.const -1234567890123))))
    (func (result i32) (i32.const 300))
    (func (drop (call 2))))";

/// Offset of each operator, by body.
fn offsets(wasm: &[u8]) -> Vec<Vec<u32>> {
    let bodies = Parser::new(0).parse_all(wasm).filter_map(|payload| match payload {
        Ok(Payload::CodeSectionEntry(body)) => Some(body),
        _ => None,
    });
    let of = |body: wasmparser::FunctionBody<'_>| {
        let reader = body.get_operators_reader().expect("operators");
        let all = reader.into_iter_with_offsets();
        all.map(|operator| operator.expect("an operator").1 as u32).collect()
    };
    bodies.map(of).collect()
}

/// A number of up to 32 bits at a position, and the position behind it.
fn short(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let (mut number, mut shift) = (0, 0);
    loop {
        number |= usize::from(bytes[at] & 0x7f) << shift;
        (at, shift) = (at + 1, shift + 7);
        if bytes[at - 1] < 0x80 {
            return (number, at);
        }
    }
}

/// The same number in five bytes.
fn long(number: usize) -> [u8; 5] {
    let of = |at: usize| (number >> (7 * at)) as u8 & 0x7f;
    [of(0) | 0x80, of(1) | 0x80, of(2) | 0x80, of(3) | 0x80, of(4)]
}

/// The module with numbers that are longer than they must be: in the code section the sizes, and
/// the index of the first `call` of the import in each body.
fn padded(wasm: &[u8]) -> Vec<u8> {
    let mut out = wasm[..8].to_vec();
    let mut at = 8;
    while at < wasm.len() {
        let (id, (size, start)) = (wasm[at], short(wasm, at + 1));
        let end = start + size;
        if id == 10 {
            let (count, mut next) = short(wasm, start);
            let mut code = long(count).to_vec();
            for _ in 0..count {
                let (size, start) = short(wasm, next);
                next = start + size;
                let mut body = wasm[start..next].to_vec();
                if let Some(call) = body.windows(2).position(|two| two == [0x10, 0]) {
                    body.splice(call + 1..call + 2, long(0));
                }
                code.extend(long(body.len()));
                code.extend(body);
            }
            out.push(10);
            out.extend(long(code.len()));
            out.extend(code);
        } else {
            out.extend(&wasm[at..end]);
        }
        at = end;
    }
    out
}

#[test]
fn each_operator_leads_to_itself() {
    let plain = wat::parse_str(MODULE).expect("a module");
    let edits = [
        "",
        "type i64 -> \nimport m g 3\nnumbers func 0 2 3 4",
        "type i64 -> \nimport m g 3\nnumbers func 0 2 3 4\nfunction 0 (func (nop))\nglobal 5",
        "bodiless 2\nimport m h 1\nnumbers func 0 2 1 3",
    ];
    let mut seen = 0;
    for wasm in [&plain, &padded(&plain)] {
        for commands in edits {
            let mut edit = edit(commands);
            edit.map = true;
            let rewritten = apply(wasm, &edit).expect("the edit fits");
            let mut old = offsets(wasm);
            if !edit.bodiless.is_empty() {
                old.remove(1);
            }
            let new = offsets(&rewritten.bytes);
            assert_eq!(new.len(), old.len() + edit.functions.len());
            let pairs: Vec<(u32, u32)> = old.concat().into_iter().zip(new.concat()).collect();
            assert_eq!(rewritten.map.pairs().collect::<Vec<_>>(), pairs, "{commands}");
            seen += pairs.len();
            for (body, (old, new)) in old.iter().zip(&new).enumerate() {
                let ends = new.iter().skip(1).copied().chain([new[new.len() - 1] + 1]);
                for ((old, new), end) in old.iter().zip(new).zip(ends) {
                    for byte in *new..end {
                        assert_eq!(rewritten.map.old(byte), Some(*old), "{commands}");
                    }
                }
                let start = rewritten.map.in_body(body, 0);
                assert_eq!(start, None, "declared locals belong to no operator");
            }
            assert_eq!(rewritten.map.old(0), None);
            assert_eq!(rewritten.map.old(rewritten.bytes.len() as u32), None);
        }
    }
    assert!(seen > 100, "{seen} operators");
}

#[test]
fn a_map_that_nobody_wants_is_empty() {
    let wasm = wat::parse_str(MODULE).expect("a module");
    let rewritten = apply(&wasm, &edit("")).expect("nothing is wrong");
    assert_eq!(rewritten.map.pairs().count(), 0);
}
