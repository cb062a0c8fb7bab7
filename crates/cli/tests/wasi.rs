//! WASI on the command line: `-S`, and timeouts that reach into calls of the host.
//!
//! A green run does not show what the calls do (`crates/wasi/tests`), and that a terminal is like a
//! pipe.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const GUEST: &str = r#"(module $guest
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; One vector of a page at 4096.
  (data (i32.const 0) "\00\10\00\00\00\10\00\00")
  (data (i32.const 16) "guest.wat")
  (func $read_all (export "read") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $write_all (export "write")
    (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0)))
  ;; Writes as much as standard output takes without waiting.
  (func (export "fill") (result i32)
    (drop (call $set_flags (i32.const 1) (i32.const 4)))
    (loop (br_if 0 (i32.eqz (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
    (i32.const 7))
  (func (export "random") (param i32) (result i32) (call $random (i32.const 4096) (local.get 0)))
  (func (export "open") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 9) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8)))
  (func (export "write_some") (result i32)
    (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func (export "written") (result i32)
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.load (i32.const 8)))
  ;; Sends back what one peer sends, until it ends; the last error, or else 0.
  (func $serve (export "serve") (result i32)
    (local $errno i32)
    (local.set $errno (call $accept (i32.const 3) (i32.const 0) (i32.const 8)))
    (block $end
      (loop $again
        (br_if $end (local.get $errno))
        (i32.store (i32.const 4) (i32.const 4096))
        (local.set $errno (call $recv (i32.load (i32.const 8)) (i32.const 0) (i32.const 1)
          (i32.const 0) (i32.const 4) (i32.const 12)))
        (br_if $end (i32.eqz (i32.load (i32.const 4))))
        (br_if $end (local.get $errno))
        (local.set $errno (call $send (i32.load (i32.const 8)) (i32.const 0) (i32.const 1)
          (i32.const 0) (i32.const 12)))
        (br $again)))
    (local.get $errno))
  (func (export "args") (result i32) (call $args (i32.const 100) (i32.const 200)))
  (func (export "list") (result i32)
    (call $readdir (i32.const 3) (i32.const 4096) (i32.const 4096) (i64.const 0) (i32.const 8))))"#;

/// A directory of one test with the guest in it, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Scratch {
        let name = format!("wasi-{test}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // A process that was killed may have had this number.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the target directory can be written");
        std::fs::write(path.join("guest.wat"), GUEST).expect("the target directory can be written");
        Scratch(path)
    }

    /// Starts the program with arguments separated by spaces; all its streams are pipes.
    fn start(&self, args: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_prova"))
            .args(args.split_whitespace())
            .current_dir(&self.0)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// The exit code, what is in standard output, and standard error.
    fn run(&self, args: &str) -> (Option<i32>, String, String) {
        let child = self.start(args);
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "");
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Waits for a program whose pipes nobody serves; one that does not end is killed.
fn end_of(mut child: Child) -> (Option<i32>, String) {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(120) {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            let mut err = String::new();
            child.stderr.take().expect("piped").read_to_string(&mut err).expect("a message");
            return (status.code(), err);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().ok();
    panic!("the program did not end");
}

#[test]
fn a_timeout_ends_reading_a_pipe_that_never_delivers() {
    let guest = Scratch::new("read");
    for tier in ["", "--tier reference"] {
        let child = guest.start(&format!("{tier} -W timeout=50ms --invoke read guest.wat"));
        let (code, err) = end_of(child);
        assert_eq!(code, Some(134), "{err}");
        assert!(
            err.contains("- guest!read_all\n") && err.contains("wasm trap: interrupt"),
            "{err}"
        );
    }
}

#[test]
fn a_timeout_ends_writing_to_a_pipe_that_nobody_reads() {
    let guest = Scratch::new("write");
    let child = guest.start("-W timeout=50ms --invoke write guest.wat");
    let (code, err) = end_of(child);
    assert_eq!(code, Some(134), "{err}");
    assert!(err.contains("- guest!write_all\n") && err.contains("wasm trap: interrupt"), "{err}");
}

/// The program itself writes the result to a pipe that the guest has filled: no poll reaches that.
#[cfg(target_os = "linux")]
#[test]
fn a_timeout_ends_a_process_that_cannot_write_its_result() {
    let guest = Scratch::new("held");
    let child = guest.start("-W timeout=50ms --invoke fill guest.wat");
    let (code, err) = end_of(child);
    assert_eq!(code, Some(134), "{err}");
    assert!(err.contains("it has not stopped"), "{err}");
    assert!(!err.contains("call of the host"), "{err}");
    // A pipe that is read takes it all.
    let (code, out, err) = guest.run("-W timeout=60s --invoke fill guest.wat");
    assert!(code == Some(0) && out.ends_with("7\n"), "{code:?} {err}");
}

#[test]
fn limits_of_calls_have_options() {
    let guest = Scratch::new("limits");
    for tier in ["", "--tier reference"] {
        let run = |options: &str| guest.run(&format!("{tier} {options}"));
        for (options, within) in [
            ("-S max-resources=5 --dir . --invoke open guest.wat", "0\n"),
            ("-S max-resources=4 --dir . --invoke open guest.wat", "33\n"),
            ("-S hostcall-fuel=10 --invoke written guest.wat", "2\n"),
            ("-S hostcall-fuel=8 --invoke write_some guest.wat", "48\n"),
            ("-S max-args-size=10 --invoke args guest.wat", "0\n"),
            ("-S max-args-size=9 --invoke args guest.wat", "1\n"),
            ("-S max-listing-size=0,max-random-size=0 --dir . --invoke list guest.wat", "48\n"),
            ("-S max-random-size=100 --invoke random guest.wat 100", "0\n"),
        ] {
            let (code, out, err) = run(options);
            assert_eq!((code, out.as_str()), (Some(0), within), "{options}: {err}");
        }
        let (code, _, err) = run("-S max-random-size=100 --invoke random guest.wat 101");
        assert_eq!(code, Some(134), "{err}");
        assert!(err.contains("random_get: 101 bytes are more than max-random-size (100)"), "{err}");
    }
}

#[test]
fn what_is_no_limit_is_misuse() {
    let guest = Scratch::new("misuse");
    let (code, out, _) = guest.run("-S help");
    assert!(code == Some(0) && out.contains("-S max-resources=N"), "{out}");
    for option in ["max-resource=1", "max-resources", "max-resources=many"] {
        let (code, _, err) = guest.run(&format!("-S {option} guest.wat"));
        assert!(code == Some(2) && err.contains("invalid option `-S "), "{option}: {err}");
    }
}

#[test]
fn the_example_of_the_readme_is_possible() {
    let readme = include_str!("../../../README.md");
    let line = readme.lines().find(|line| line.starts_with("prova -S ")).expect("an example");
    let options = line.split_whitespace().nth(2).expect("options");
    let guest = Scratch::new("readme");
    let (code, out, err) = guest.run(&format!("-S {options} --dir . --invoke open guest.wat"));
    assert_eq!((code, out.as_str()), (Some(0), "0\n"), "{err}");
}

/// An address of the loopback device at which nobody listens.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").to_string()
}

/// Connects as soon as the child listens.
fn connect(child: &mut Child, address: &str) -> TcpStream {
    loop {
        // A port that nobody listens at yet may be the one that connects.
        match TcpStream::connect(address) {
            Ok(stream) if stream.local_addr().ok() != stream.peer_addr().ok() => return stream,
            Ok(_) | Err(_) => {}
        }
        assert_eq!(child.try_wait().expect("a child can be asked"), None, "it ended");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_guest_serves_those_who_connect() {
    let guest = Scratch::new("serve");
    for tier in ["", "--tier interp", "--tier reference"] {
        let address = free_address();
        let mut child =
            guest.start(&format!("{tier} -S tcplisten={address} --invoke serve guest.wat"));
        let mut peer = connect(&mut child, &address);
        for text in ["hello", "guest"] {
            peer.write_all(text.as_bytes()).expect("the guest reads");
            let mut echo = [0; 5];
            peer.read_exact(&mut echo).expect("the guest answers");
            assert_eq!(echo, text.as_bytes(), "{tier}");
        }
        peer.shutdown(Shutdown::Write).expect("connected");
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"0\n"[..]), "{tier}");
    }
}

/// The program as a parent starts it that hands a listener over: descriptor 3, with variables.
fn start_with_listener(guest: &Scratch, variables: &str, options: &str) -> (Child, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address").to_string();
    let program = env!("CARGO_BIN_EXE_prova");
    let line = format!("{variables} exec {program} {options} guest.wat 3<&0 0</dev/null");
    let child = Command::new("sh")
        .args(["-c", &line])
        .current_dir(&guest.0)
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    (child, address)
}

#[test]
fn a_guest_serves_on_a_socket_that_was_handed_over() {
    let guest = Scratch::new("listenfd");
    for (options, warns) in [
        ("-S listenfd", false),
        ("-S listenfd --tier reference", false),
        ("-S listenfd --dir .", true),
    ] {
        let variables = "LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web";
        let options = format!("{options} --invoke serve");
        let (mut child, address) = start_with_listener(&guest, variables, &options);
        let mut peer = connect(&mut child, &address);
        peer.write_all(b"hello").expect("the guest reads");
        let mut echo = [0; 5];
        peer.read_exact(&mut echo).expect("the guest answers");
        assert_eq!(&echo, b"hello", "{options}");
        peer.shutdown(Shutdown::Write).expect("connected");
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&stderr);
        assert_eq!((status.code(), &stdout[..]), (Some(0), &b"0\n"[..]), "{options}: {said}");
        assert_eq!(said.contains("sockets come before the directories"), warns, "{said}");
    }
}

#[test]
fn sockets_that_are_not_handed_over_are_not_there() {
    let guest = Scratch::new("no-listenfd");
    for (variables, options, code, out, says) in [
        // EBADF: nobody asked for it, or it is another process's.
        ("LISTEN_FDS=1", "", 0, "8\n", ""),
        ("LISTEN_FDS=1 LISTEN_PID=1", "-S listenfd", 0, "8\n", "no socket was handed over"),
        ("", "-S listenfd", 0, "8\n", "no socket was handed over"),
        ("LISTEN_FDS=x", "-S listenfd", 1, "", "`LISTEN_FDS` is no number"),
        ("LISTEN_FDS=200", "-S listenfd", 1, "", "of `LISTEN_FDS`"),
    ] {
        let options = format!("{options} --invoke serve");
        let (child, _) = start_with_listener(&guest, variables, &options);
        let output = child.wait_with_output().expect("it ends");
        let (said, printed) = (output.stderr, output.stdout);
        let said = String::from_utf8_lossy(&said);
        assert_eq!(output.status.code(), Some(code), "{variables} {options}: {said}");
        assert_eq!(printed, out.as_bytes(), "{variables} {options}");
        assert!(said.contains(says) && said.is_empty() == says.is_empty(), "{said}");
    }
}

#[test]
fn a_listener_is_granted_by_name_and_waits_no_longer_than_the_timeout() {
    let guest = Scratch::new("listen");
    // EBADF: there is none.
    let (code, out, err) = guest.run("--invoke serve guest.wat");
    assert_eq!((code, out.as_str()), (Some(0), "8\n"), "{err}");
    for tier in ["", "--tier reference"] {
        let listen = format!("{tier} -S tcplisten={}", free_address());
        let child = guest.start(&format!("{listen} -W timeout=50ms --invoke serve guest.wat"));
        let (code, err) = end_of(child);
        assert!(code == Some(134) && err.contains("wasm trap: interrupt"), "{code:?} {err}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().map(|address| (address.to_string(), taken)).expect("bound");
    let (code, _, err) = guest.run(&format!("-S tcplisten={} --invoke serve guest.wat", taken.0));
    assert!(code == Some(1) && err.contains("cannot listen there"), "{code:?} {err}");
    let (code, _, err) = guest.run("-S tcplisten=8080 --invoke serve guest.wat");
    assert!(code == Some(2) && err.contains("such as 127.0.0.1:8080"), "{code:?} {err}");
}
