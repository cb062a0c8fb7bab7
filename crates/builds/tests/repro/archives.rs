//! Archives that differ, opened; and archives that were made to harm.

use crate::scratch::{Scratch, counter, run};
use flate2::Compression;
use flate2::write::GzEncoder;
use prova_builds::repro::kind::{self, Detail};
use prova_builds::repro::{Options, report};
use std::io::Write;
use std::path::Path;

fn modules([a, b]: [(&Path, Vec<u8>); 2]) -> (Vec<String>, Option<serde_json::Value>) {
    (vec![format!("modules of {} and {} bytes", a.1.len(), b.1.len())], None)
}

/// The report on two files of these bytes.
fn said(a: &[u8], b: &[u8]) -> Detail {
    let scratch = Scratch::new();
    let paths = ["a", "b"].map(|name| scratch.0.join(name));
    for (path, bytes) in paths.iter().zip([a, b]) {
        std::fs::write(path, bytes).expect("a file can be written");
    }
    let before = std::fs::read_dir(&scratch.0).expect("it can be listed").count();
    let detail = kind::detail(&paths[0], &paths[1], &modules).expect("both are there");
    let after = std::fs::read_dir(&scratch.0).expect("it can be listed").count();
    assert_eq!(before, after, "nothing is unpacked to files");
    detail
}

fn gzip(bytes: &[u8], time: u32) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().mtime(time);
    let mut packer = builder.write(Vec::new(), Compression::fast());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

#[test]
fn archives_are_opened_and_the_member_is_named() {
    let module = "printf '\\0asm\\001\\0\\0\\0'; echo $n";
    for (name, script, words) in [
        ("ar", "echo $n > m1; : > m0; ar rcD x.o m0 m1".to_owned(), vec!["member `m1` differs: text", "line 1: `0` became `1`"]),
        ("ar, a long name", "echo $n > a-name-of-more-than-sixteen-characters; ar rcD x.o a-name*".into(), vec!["member `a-name-of-more-than-sixteen-characters` differs"]),
        ("ar, its time", "touch -d @$((1000 + n)) in.c; ar rcU x.o in.c".into(), vec!["member `in.c`: time `1000` became `1001`"]),
        ("tar", "echo $n > m; tar --mtime=@7 -cf x.o m".into(), vec!["member `m` differs: text", "line 1: `0` became `1`"]),
        ("tar, its owner", "tar --mtime=@7 --owner=$n -cf x.o in.c".into(), vec!["member `in.c`: owner"]),
        ("tar, its order", "echo > m0; echo > m1; tar --mtime=@7 -cf x.o m$n m$((1-n))".into(), vec!["members stand in another order: `m0` became `m1`"]),
        ("tar, one more", "echo > m0; echo > m1; [ $n = 0 ] && m= || m=m1; tar --mtime=@7 -cf x.o m0 $m".into(), vec!["member `m1` is in B alone"]),
        ("tar in gzip", format!("{{ {module}; }} > m.wasm; tar --mtime=@7 -c m.wasm | gzip -n > x.o"), vec!["member `contents` differs: tar archive", "member `m.wasm` differs: WebAssembly module", "modules of 10 and 10 bytes"]),
        ("zip", "echo $n > m; touch -d @1000000000 m; zip -qX x.o m; mv x.o.zip x.o 2>/dev/null; :".into(), vec!["member `m` differs: text"]),
        ("zip, its time", "touch -d @$((1000000000 + 60 * n)) in.c; zip -qX y.zip in.c; mv y.zip x.o".into(), vec!["member `in.c`: time `2001-09-09 01:46:40` became `2001-09-09 01:47:40`"]),
        ("zip, its packing", "head -c 5000 /dev/zero > m; touch -d @1000000000 m; zip -qX -$((1 + 8 * n)) y.zip m; mv y.zip x.o; printf '%s' $n >> x.o".into(), vec!["its members are equal: they are packed in another way"]),
    ] {
        let scratch = Scratch::new();
        let script = counter(&scratch) + &script;
        let options = Options { runs: Some(2), vary: vec![], ..scratch.options(&script) };
        let text = report::report(&run(&options), Some(&|a, b| kind::detail(a, b, &modules))).to_text();
        if text.starts_with("failed") {
            println!("left out: {name}: {text}");
            continue;
        }
        for word in words {
            assert!(text.contains(word), "{name}: {word}: {text}");
        }
    }
    let detail = said(&gzip(b"same", 5), &gzip(b"same", 6));
    assert_eq!(detail.lines, ["member `contents`: time `5` became `6`"]);
}

#[test]
fn archives_that_were_made_to_harm_are_left() {
    // Half a gigabyte of zeros in half a megabyte, and in it another time.
    let bomb = |last: u8| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..512 {
            packer.write_all(&[0; 1 << 20]).expect("memory");
        }
        packer.write_all(&[last]).expect("memory");
        packer.finish().expect("memory")
    };
    let detail = said(&bomb(0), &bomb(1));
    assert!(detail.lines[0].contains("not all of A is compared"), "{:?}", detail.lines);
    // Archives in archives without end.
    let (mut deep_a, mut deep_b) = (b"0".to_vec(), b"1".to_vec());
    for _ in 0..40 {
        (deep_a, deep_b) = (gzip(&deep_a, 0), gzip(&deep_b, 0));
    }
    let lines = said(&deep_a, &deep_b).lines;
    assert!(
        lines.last().is_some_and(|line| line.contains("lie deeper are not opened")),
        "{lines:?}"
    );
    assert!(lines.len() <= 2 * kind::DEPTH_MAX, "{lines:?}");
    // Names that lead elsewhere are names.
    let tar = |byte: u8| {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..14].copy_from_slice(b"../../escaped\0");
        header.set_size(1);
        header.set_cksum();
        builder.append(&header, [byte].as_slice()).expect("memory");
        builder.into_inner().expect("memory")
    };
    let lines = said(&tar(b'0'), &tar(b'1')).lines;
    assert!(lines[0].contains("member `../../escaped` differs"), "{lines:?}");
    assert!(!Path::new("../../escaped").exists());
    // A control character of a name does not reach the terminal.
    let colour = |byte: u8| {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..6].copy_from_slice(b"\x1b[31m\0");
        header.set_size(1);
        header.set_cksum();
        builder.append(&header, [byte].as_slice()).expect("memory");
        builder.into_inner().expect("memory")
    };
    let lines = said(&colour(b'0'), &colour(b'1')).lines;
    assert!(!lines.concat().contains('\x1b'), "{lines:?}");
}

#[test]
fn archives_that_are_cut_or_damaged_are_told_to_be() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("m", options).expect("memory");
    zip.write_all(&[7; 3000]).expect("memory");
    let zip = zip.finish().expect("memory").into_inner();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_path("m").expect("it is short");
    header.set_size(3000);
    header.set_cksum();
    tar.append(&header, [7; 3000].as_slice()).expect("memory");
    let tar = tar.into_inner().expect("memory");
    let ar = [
        b"!<arch>\nm/              0           0     0     644     3000      `\n".as_slice(),
        &[7; 3000],
    ]
    .concat();
    for (name, whole) in [("zip", zip), ("tar", tar), ("ar", ar), ("gzip", gzip(&[7; 3000], 0))] {
        let mut told = 0;
        for length in (0..whole.len()).step_by(7) {
            let lines = said(&whole, &whole[..length]).lines;
            told += usize::from(lines.iter().any(|line| line.contains("not all of B is compared")));
        }
        assert!(told > 0, "{name}: a cut archive is never told to be cut");
        // Each byte turned around; nothing is asserted but that it ends.
        for at in (0..whole.len().min(600)).step_by(3) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            said(&whole, &damaged);
        }
    }
}
