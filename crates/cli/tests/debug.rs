//! `prova debug`: a client of the protocol stops and ends runs, and LLDB does what the page says.

#[path = "../../debug/tests/client.rs"]
mod client;

use crate::common::{DEMO, Scratch};
use client::Client;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A run that waits for a debugger, where it waits, and what it has said besides.
fn waiting(folder: &Path, args: &[&str]) -> (Child, String, BufReader<impl Read + use<>>) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_prova"));
    program.args(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().expect("it starts");
    let mut errors = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    errors.read_line(&mut line).expect("text");
    let at = line.split_once("debugger at ").and_then(|(_, rest)| rest.split_once(';'));
    let at = at.unwrap_or_else(|| panic!("{line}")).0.to_owned();
    (child, at, errors)
}

fn finished(child: Child, mut errors: impl Read) -> (i32, String, String) {
    let output = child.wait_with_output().expect("it ends");
    let mut told = String::new();
    errors.read_to_string(&mut told).expect("text");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into(), told)
}

#[test]
fn a_debugger_stops_and_ends_a_run() {
    let folder = Scratch::new("debug");
    std::fs::write(folder.0.join("demo.wat"), DEMO).expect("it can be written");
    let session = |args: &[&str], packets: &[(&str, Option<&str>)]| {
        let (child, at, errors) = waiting(&folder.0, args);
        let mut client = Client::new(TcpStream::connect(at).expect("it waits"));
        for (packet, reply) in packets {
            client.send(packet);
            if let Some(start) = reply {
                let reply = client.reply().expect("a reply");
                assert!(reply.starts_with(start), "{packet}: {reply}");
            }
        }
        client.close();
        finished(child, errors)
    };
    // Results are printed, and the exit code of the run is the debugger's.
    let add = ["debug", "--listen", "0", "--invoke", "add(3, -5)", "demo.wat"];
    let (code, printed, told) = session(&add, &[("?", Some("T05")), ("vCont;c", Some("W00"))]);
    assert!(code == 0 && printed == "-2\n0.5\n", "{code} {printed} {told}");
    // A trap is a stop, then the end.
    let trap = ["-g", "127.0.0.1:0", "--invoke", "outer", "demo.wat"];
    let (code, _, told) = session(&trap, &[("vCont;c", Some("T04")), ("vCont;c", Some("W86"))]);
    assert!(code == 134 && told.contains("wasm `unreachable`"), "{code} {told}");
    // Who kills, and who goes, ends a program that would not end.
    let spin = ["debug", "--listen", "0", "--invoke", "spin", "demo.wat"];
    let (code, _, told) = session(&spin, &[("k", None)]);
    assert!(code == 134 && told.contains("note: the debugger ended the run"), "{code} {told}");
    let (code, _, told) = session(&spin, &[("vCont;c", None)]);
    assert!(code == 134 && told.contains("note: the debugger was lost"), "{code} {told}");
    // Who detaches leaves it to its limits.
    let fuel = ["debug", "--listen", "0", "-W", "fuel=1000", "--invoke", "spin", "demo.wat"];
    let (code, _, told) = session(&fuel, &[("D", Some("OK"))]);
    assert!(code == 134 && told.contains("all fuel consumed"), "{code} {told}");
}

#[test]
fn what_cannot_be_debugged_is_refused_at_once() {
    let folder = Scratch::new("debug-refused");
    std::fs::write(folder.0.join("demo.wat"), DEMO).expect("it can be written");
    for (args, code, words) in [
        (&["debug", "--listen", "here", "demo.wat"][..], 2, "it must be a port such as 1234"),
        (&["debug", "--listen", "70000", "demo.wat"], 2, "it must be a port"),
        (&["debug", "--tier", "native", "demo.wat"], 2, "a debugger sees the tier `reference`"),
        (&["debug", "-g", "1", "demo.wat"], 2, "leave `-g` out"),
        (&["debug", "--listen", "0", "none.wasm"], 1, "none.wasm"),
        (&["debug", "--listen", "0", "--invoke", "none", "demo.wat"], 1, "no func export named"),
        (&["debug", "--listen", "192.0.2.1:1", "demo.wat"], 1, "failed to wait for a debugger"),
        (&["debug", "--listen", "0"], 2, "a module is needed"),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_prova"));
        let output = program.args(args).current_dir(&folder.0).output().expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(code) && told.contains(words), "{args:?}: {told}");
    }
}

/// LLDB of release 22 or later, if there is one.
fn lldb() -> Option<String> {
    let named = std::env::var("LLDB").ok();
    named.into_iter().chain(["lldb-22".into(), "lldb".into()]).find(|program| {
        let Ok(output) = Command::new(program).arg("--version").output() else { return false };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split("version ").nth(1).and_then(|rest| rest.split('.').next());
        version.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 22)
    })
}

/// Each command of the page's session gives the lines that the page has, in their order.
#[test]
fn lldb_says_what_the_page_says() {
    let Some(lldb) = lldb() else {
        println!("skipped: no LLDB of release 22 or later (the variable LLDB names one)");
        return;
    };
    let page = include_str!("../../../docs/reference/debug.md");
    let session = page.split("```text\n").find(|block| block.starts_with("(lldb)"));
    let session = session.and_then(|block| block.split("```").next()).expect("a session");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../debug/tests/modules");
    let run = ["debug", "--listen", "0", "--invoke", "run(4)", "total.wasm"];
    let (child, at, errors) = waiting(&folder, &run);
    let session = session.replace("127.0.0.1:1234", &at);
    let mut program = Command::new(lldb);
    program.args(["--no-lldbinit", "--batch"]).current_dir(&folder);
    for command in session.lines().filter_map(|line| line.strip_prefix("(lldb) ")) {
        program.args(["-o", command]);
    }
    let output = program.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let mut lines = said.lines().map(str::trim_end);
    for wanted in session.lines() {
        assert!(lines.any(|line| line == wanted), "`{wanted}` is missing in:\n{said}");
    }
    let (code, printed, told) = finished(child, errors);
    assert!(code == 0 && printed == "10\n", "{code} {printed} {told}");
}
