//! Outputs of each kind that differ. The caller gives the comparison of two modules: here it is one
//! line.

use crate::scratch::{Scratch, counter, run};
use prova_builds::repro::{Options, kind, report};
use serde_json::json;
use std::path::Path;

#[test]
fn outputs_that_differ_are_looked_into_by_their_kind() {
    let archive = "echo $n > m1; : > m0; ar rcD x.o m0 m1";
    let script = |number: &str| match number {
        "text" => "echo same > x.o; echo line $n >> x.o".into(),
        "archive" => archive.into(),
        "elf" => "{ printf '\\177ELF'; echo $n; } > x.o".into(),
        "kinds" => "[ $n = 0 ] && echo text > x.o || printf 'PK\\003\\004' > x.o".into(),
        "module" => "{ printf '\\0asm\\001\\0\\0\\0'; echo $n; } > x.o".to_owned(),
        _ => String::new(),
    };
    let modules = |[a, b]: [(&Path, Vec<u8>); 2]| {
        let line = format!("{} and {} bytes are compared", a.1.len(), b.1.len());
        (vec![line], Some(json!({ "by": "the caller" })))
    };
    let detail = |a: &Path, b: &Path| kind::detail(a, b, &modules);
    for (number, words) in [
        ("text", ["differs: x.o: text, 1 of", "line 2: `line 0` became `line 1`"]),
        ("archive", ["differs: x.o: archive, 1 of", "member `m1` differs: text"]),
        ("elf", ["differs: x.o: ELF file, 1 of 6 bytes", "the first at offset 4"]),
        ("kinds", ["differs: x.o: text and zip file", "x.o"]),
        ("module", ["differs: x.o: WebAssembly module", "10 and 10 bytes are compared"]),
    ] {
        let scratch = Scratch::new();
        let options = Options {
            runs: Some(2),
            vary: vec![],
            ..scratch.options(&(counter(&scratch) + &script(number)))
        };
        let outcome = run(&options);
        let text = report::report(&outcome, Some(&detail)).to_text();
        for word in words {
            assert!(text.contains(word), "{number}: {word}: {text}");
        }
        let json = json!(report::report(&outcome, Some(&detail)));
        assert_eq!(json["children"][0]["path"], "x.o", "{json}");
        assert!(json["children"][0]["detail"]["kind"].is_string(), "{json}");
        if number == "module" {
            assert_eq!(json["children"][0]["detail"]["diff"]["by"], "the caller");
        }
    }
}
