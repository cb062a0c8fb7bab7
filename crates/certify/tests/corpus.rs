//! Cranelift's code of each case, at two processor levels and optimised or not, is certified and
//! accepted.

use crate::common::{build, cases};
use std::fmt::Write as _;

/// Zero rejections.
#[test]
fn every_case_is_accepted() {
    let mut failures = String::new();
    let (mut code, mut certificates) = (0, 0);
    for (name, text) in cases() {
        for (v3, opt) in [(true, "speed"), (true, "none"), (false, "speed"), (false, "none")] {
            let built = build(&name, &text, v3, opt);
            match prova_certify::certify(&built.layout, &built.draft()) {
                Ok(certificate) => {
                    if opt == "speed" {
                        code += built.bytes.len();
                        certificates += certificate.len();
                    }
                    let checked = built.layout.check(built.code(&built.bytes, &certificate));
                    if let Err(rejection) = checked {
                        writeln!(failures, "{name} {opt} v3 {v3}: {rejection}").ok();
                    }
                }
                Err(error) => {
                    writeln!(failures, "{name} {opt} v3 {v3}: {error}").ok();
                }
            }
        }
    }
    println!("{code} bytes of code, {certificates} bytes of certificates");
    assert!(failures.is_empty(), "{failures}");
}
