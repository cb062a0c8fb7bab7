//! Sessions as text: a module, a call, and what a debugger sends with what it gets.
//!
//! A file of `sessions/` has the module in text format up to a line `call: EXPORT ARGUMENT…`, then
//! `> packet` for what is sent, each followed by `< reply`; `> ^C` interrupts, `> ^D` closes the
//! connection, and `> monitor TEXT` sends a command whose output is shown as text. The last lines
//! are `results:` or `trap:`, and `end:`. `PROVA_BLESS=1` writes what comes.

mod client;

use client::Client;
use prova_core::{Config, Engine, Error, Func, Instance, Module, Store, Val};
use prova_debug::{End, session};
use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

/// The outcome of a call: its results or the reason of its trap, and the fuel that it used.
type Outcome = (Result<Vec<Val>, String>, u64);

/// Runs `steps` against a session over a call, and gives what came of the call and the session.
fn with_session(module: &str, call: &[&str], steps: impl FnOnce(&mut Client)) -> (Outcome, End) {
    let (guest, server) = session();
    let (engine, module) = engine(module, |config| _ = config.executor(guest.executor()));
    guest.show("main.wasm", module.wasm());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            let (connection, _) = listener.accept().expect("a client");
            server.serve(connection)
        });
        let mut client = Client::new(TcpStream::connect(at).expect("a server"));
        let run = scope.spawn(|| {
            let outcome = run(&engine, &module, call);
            guest.exited(if outcome.0.is_ok() { 0 } else { 134 });
            outcome
        });
        steps(&mut client);
        (run.join().expect("no panic"), server.join().expect("no panic"))
    })
}

fn engine(module: &str, settle: impl FnOnce(&mut Config)) -> (Engine, Module) {
    let mut config = Config::new();
    config.consume_fuel(true);
    settle(&mut config);
    let engine = Engine::new(&config).expect("a configuration");
    let module = Module::new(&engine, wat::parse_str(module).expect("text")).expect("a module");
    (engine, module)
}

fn run(engine: &Engine, module: &Module, call: &[&str]) -> Outcome {
    let mut store = Store::new(engine, ());
    store.set_fuel(u64::MAX).expect("fuel is counted");
    let outcome = results(&mut store, module, call);
    let used = u64::MAX - store.get_fuel().expect("fuel is counted");
    (outcome.map_err(|error| error.root_cause().to_string()), used)
}

fn results(store: &mut Store<()>, module: &Module, call: &[&str]) -> Result<Vec<Val>, Error> {
    let back = Func::wrap(&mut *store, |n: i32| n + 1);
    let imports: Vec<prova_core::Extern> = module.imports().map(|_| back.into()).collect();
    let instance = Instance::new(&mut *store, module, &imports)?;
    let func = instance.get_func(&mut *store, call[0]).expect("the export");
    let args: Vec<Val> =
        call[1..].iter().map(|arg| Val::I32(arg.parse().expect("a number"))).collect();
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, &args, &mut results)?;
    Ok(results)
}

/// Sends a command of the user, and gives its output as lines of the file.
fn monitor(client: &mut Client, command: &str) -> String {
    let hex: String = command.bytes().map(|byte| format!("{byte:02x}")).collect();
    client.send(&format!("qRcmd,{hex}"));
    let mut text = String::new();
    while let Some(reply) = client.reply().filter(|reply| reply != "OK") {
        let hex = reply.strip_prefix('O').unwrap_or_else(|| panic!("{command}: {reply}"));
        let digits: Vec<char> = hex.chars().collect();
        let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16);
        let bytes = digits.chunks(2).map(|pair| byte(pair).expect("hexadecimal"));
        text += &String::from_utf8(bytes.collect()).expect("text");
    }
    text.lines().map(|line| format!("< {line}\n")).collect()
}

/// The file as it should be.
fn played(text: &str) -> String {
    let (module, script) = text.split_once("\ncall: ").expect("a line `call:`");
    let (call, script) = script.split_once('\n').expect("lines behind it");
    let mut told = format!("{module}\ncall: {call}\n");
    let call: Vec<&str> = call.split(' ').collect();
    let mut log = String::new();
    let (outcome, end) = with_session(module, &call, |client| {
        for line in script.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                writeln!(log, "# {comment}").expect("memory");
            }
            let Some(packet) = line.strip_prefix("> ") else { continue };
            writeln!(log, "> {packet}").expect("memory");
            match packet {
                "^C" => client.interrupt(),
                "^D" => return client.close(),
                // What has no reply.
                "vCont;c ..." => {
                    client.send("vCont;c");
                    continue;
                }
                "k" => {
                    client.send("k");
                    continue;
                }
                packet => match packet.strip_prefix("monitor ") {
                    Some(command) => {
                        log.push_str(&monitor(client, command));
                        continue;
                    }
                    None => client.send(packet),
                },
            }
            let reply = client.reply();
            writeln!(log, "< {}", reply.as_deref().unwrap_or("(closed)")).expect("memory");
        }
    });
    told.push_str(&log);
    // Who only looks changes nothing.
    if end == End::Exited && !log.contains("\n> M") {
        let (engine, module) = engine(module, |_| ());
        assert_eq!(format!("{outcome:?}"), format!("{:?}", run(&engine, &module, &call)));
    }
    match outcome.0 {
        Ok(results) => {
            let results: Vec<String> = results.iter().map(ToString::to_string).collect();
            writeln!(told, "results: {}", results.join(" ")).expect("memory");
        }
        Err(error) => writeln!(told, "trap: {error}").expect("memory"),
    }
    writeln!(told, "end: {end}").expect("memory");
    told
}

#[test]
fn sessions_go_as_they_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file");
        let played = played(&text);
        if std::env::var_os("PROVA_BLESS").is_some() {
            std::fs::write(&file, played).expect("it can be written");
        } else {
            assert_eq!(text, played, "{}", file.display());
        }
    }
}

const SPIN: &str = r#"(module (memory 1)
  (func (export "run") (param i32) (result i32)
    (local i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (i32.load (i32.const 8))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))"#;

/// Packets with arguments at the edges, and packets that are none of this protocol.
fn hostile_packets() -> Vec<String> {
    let addresses = [
        "0",
        "fffffffff",
        "4000000000000000",
        "40000000ffffffff",
        "3fffffffffffffff",
        "7fffffffffffffff",
        "8000000000000000",
        "ffffffffffffffff",
        "400000010000003a",
        "100000000",
    ];
    let mut packets = Vec::new();
    for address in addresses {
        for length in ["0", "1", "ffff", "10000", "ffffffff", "ffffffffffffffff"] {
            packets.push(format!("m{address},{length}"));
        }
        for packet in ["Z0,A,1", "z0,A,1", "Z0,A,ffffffffffffffff", "Z1,A,1", "Z2,A,4", "MA,2:0000"]
        {
            packets.push(packet.replace('A', address));
        }
    }
    for query in ["qWasmLocal", "qWasmGlobal", "qWasmStackValue"] {
        for at in ["0;0", "0;ffffffff", "ffffffffffffffff;0", "1;1", ";", "", "0;", "-1;-1"] {
            packets.push(format!("{query}:{at}"));
        }
    }
    for packet in [
        "qWasmCallStack:1",
        "qWasmCallStack:",
        "qWasmCallStack:ffffffffffffffff",
        "",
        "qXfer:libraries:read::0,ffff",
        "qXfer:libraries:read::ffffffffffffffff,1",
        "qXfer:features:read:target.xml:0,fff",
        "p0",
        "p1",
        "P0=0000000000000000",
        "g",
        "Gff",
        "qRegisterInfo0",
        "qRegisterInfoffff",
        "vCont?",
        "vCont;",
        "H",
        "Hg-1",
        "T1",
        "X0,0:",
        "??",
        "qSupported:a;b;;=;multiprocess+",
        "QStartNoAckMode",
        "qMemoryRegionInfo:0",
        "qHostInfo",
        "qProcessInfo",
        "\u{7f}\u{7f}",
        "qWasm",
        "vFile:open:00,0,0",
        "bc",
        "bs",
        "!",
        "R00",
    ] {
        packets.push(packet.to_owned());
    }
    packets
}

/// No packet makes a thread panic, and the run ends with its result or is ended.
#[test]
fn nothing_that_is_sent_breaks_the_run() {
    let packets = hostile_packets();
    // Each ends a session that it breaks, so the rest goes on in another.
    let mut rest = &packets[..];
    let mut sessions = 0;
    while !rest.is_empty() && sessions < packets.len() {
        sessions += 1;
        let (outcome, end) = with_session(SPIN, &["run", "5"], |client| {
            while let Some((packet, others)) = rest.split_first() {
                rest = others;
                client.send(packet);
                if client.reply().is_none() {
                    return;
                }
            }
            client.send("D");
            client.reply();
        });
        match (&outcome.0, &end) {
            (Ok(_), End::Detached) => assert!(rest.is_empty()),
            (Err(_), End::Lost(_) | End::Killed) => {}
            other => panic!("{other:?} at {rest:?}"),
        }
    }
    assert!(rest.is_empty() && sessions < packets.len() / 3, "{sessions} sessions");
}

#[test]
fn bytes_that_are_no_packets_end_nothing_but_the_session() {
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"$m0,1#00", b"\0\0\0\0", b"}}}}$#$#", b"$"] {
        let (outcome, end) = with_session(SPIN, &["run", "5"], |client| {
            client.raw(bytes);
            client.close();
        });
        assert!(outcome.0.is_err() && matches!(end, End::Lost(_)), "{end:?}");
    }
}

/// A packet longer than any buffer.
#[test]
fn a_long_packet_is_refused() {
    let (outcome, end) = with_session(SPIN, &["run", "5"], |client| {
        client.send(&"m".repeat(1 << 20));
        client.reply();
    });
    assert!(outcome.0.is_err() && matches!(end, End::Lost(_)), "{end:?}");
}

/// A debugger that goes while the guest runs does not leave it running for ever.
#[test]
fn a_connection_that_is_lost_ends_a_run() {
    let (outcome, end) = with_session(SPIN, &["run", "0"], |client| {
        client.send("vCont;c");
        client.close();
    });
    let error = outcome.0.expect_err("four billion rounds are not made");
    assert!(error.contains("interrupt"), "{error}");
    assert!(matches!(end, End::Lost(_)), "{end:?}");
}

/// A question while the program runs has no answer and keeps nobody: an interruption comes, and so
/// does the end of the connection.
#[test]
fn questions_to_a_program_that_runs_block_nothing() {
    let packets = [
        "m0,4",
        "M0,4:00000000",
        "qWasmLocal:0;0",
        "qWasmCallStack:1",
        "p0",
        "vCont;c",
        "vCont;s",
        "Z0,4000000000000042,1",
    ];
    for packet in packets {
        let (outcome, end) = with_session(SPIN, &["run", "0"], |client| {
            client.send("vCont;c");
            client.send(packet);
            client.send(&format!("m0,{}", "0".repeat(2000)));
            client.interrupt();
            let stop = std::iter::from_fn(|| client.reply()).take(8);
            let stop = stop.into_iter().find(|reply| reply.starts_with('T'));
            assert!(stop.is_some(), "{packet}: no stop");
            client.send("qWasmLocal:0;0");
            assert_eq!(client.reply().map(|bytes| bytes.len()), Some(8), "{packet}");
            client.send("k");
        });
        assert!(outcome.0.is_err() && end == End::Killed, "{packet}: {end:?}");
        let (outcome, end) = with_session(SPIN, &["run", "0"], |client| {
            client.send("vCont;c");
            client.send(packet);
            client.close();
        });
        assert!(outcome.0.is_err() && matches!(end, End::Lost(_)), "{packet}: {end:?}");
    }
}

/// An interruption stops a program that spins, wherever it is; it can go on and be stopped again.
#[test]
fn a_program_that_spins_is_stopped() {
    let (outcome, end) = with_session(SPIN, &["run", "0"], |client| {
        for _ in 0..3 {
            client.send("vCont;c");
            client.interrupt();
            let reply = client.reply().expect("a stop");
            assert!(reply.starts_with("T02"), "{reply}");
            client.send("qWasmLocal:0;0");
            assert_eq!(client.reply().map(|bytes| bytes.len()), Some(8));
        }
        client.send("k");
    });
    assert!(outcome.0.is_err() && end == End::Killed, "{end:?}");
}
