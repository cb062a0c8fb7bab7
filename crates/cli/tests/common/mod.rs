//! Helpers that tests of the program share: a module, a directory of one test, a run of the
//! program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The module of most tests.
pub(crate) const DEMO: &str = r#"(module $demo
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table (export "table") 1 funcref)
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "hello\n")
  (func (export "_start") (call $print))
  (func $print (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  ;; Prints all arguments, each with a NUL behind it.
  (func (export "args")
    (drop (call $args_sizes (i32.const 100) (i32.const 4)))
    (drop (call $args (i32.const 200) (i32.const 1000)))
    (i32.store (i32.const 0) (i32.const 1000))
    (call $print))
  (func (export "exit") (param i32) (call $exit (local.get 0)))
  (func (export "add") (param i32 i64) (result i64 f64)
    (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)) (f64.const 0.5))
  (func (export "refs") (param externref) (result externref funcref) (local.get 0) (ref.func $print))
  (elem declare func $print)
  (func (export "outer") (call $middle))
  (func $middle (call $_RNvC4demo5inner))
  (func $_RNvC4demo5inner unreachable)
  (func $recurse (export "recurse") (call $recurse))
  (func $spin (export "spin") (loop (br 0)))
  (func $grow (export "grow") (result i32) (memory.grow (i32.const 2)))
  (func (export "grow_table") (result i32) (table.grow (ref.null func) (i32.const 2)))
  (func $far (export "far") (result i32) (i32.load offset=4 (i32.const 65536))))"#;

/// A guest that opens the file of one argument, or renames the first of two to the second, in its
/// first directory; it exits with the error, or 0.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) const OPENS: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open
        (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_rename" (func $rename
        (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func $length (param i32) (result i32) (local i32)
        (loop $l
            (if (i32.load8_u (i32.add (local.get 0) (local.get 1))) (then
                (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br $l))))
        (local.get 1))
    (func (export "_start") (local $path i32)
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (drop (call $args (i32.const 16) (i32.const 256)))
        (local.set $path (i32.load (i32.const 20)))
        ;; One argument is opened; of two the first is renamed to the second.
        (if (i32.eq (i32.load (i32.const 0)) (i32.const 3)) (then
            (call $exit (call $rename
                (i32.const 3) (local.get $path) (call $length (local.get $path))
                (i32.const 3) (i32.load (i32.const 24)) (call $length (i32.load (i32.const 24)))))))
        (call $exit (call $open
            (i32.const 3) (i32.const 1) (local.get $path) (call $length (local.get $path))
            (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 8)))))"#;

/// A directory of one test, removed at its end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(test: &str) -> Scratch {
        // Two tests may use one name, and the first that ends removes its directory.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{test}-{}-{count}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // A process that was killed may have had this number.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the target directory can be written");
        Scratch(path)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).expect("the target directory can be written");
    }

    /// Runs the program in the directory, with arguments separated by spaces.
    pub(crate) fn run(&self, args: &str) -> Run {
        self.run_with(args, b"")
    }

    pub(crate) fn run_with(&self, args: &str, input: &[u8]) -> Run {
        self.run_args(&args.split_whitespace().collect::<Vec<_>>(), input)
    }

    pub(crate) fn run_args(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_prova"))
            .args(args)
            .current_dir(&self.0)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // A program that does not read its input closes it early.
        child.stdin.take().expect("piped").write_all(input).ok();
        let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
        Run {
            code: status.code().expect("no signal"),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            err: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The output of a run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, out: &str) -> &Run {
        assert_eq!((self.code, self.out.as_str()), (code, out), "{self:?}");
        self
    }

    /// The parts must stand in standard error, in this order.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) -> &Run {
        let mut rest = self.err.as_str();
        for part in parts {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => panic!("`{part}` is missing (or out of order) in:\n{}", self.err),
            }
        }
        self
    }

    #[track_caller]
    pub(crate) fn silent(&self) -> &Run {
        assert_eq!(self.err, "", "{self:?}");
        self
    }
}

pub(crate) fn demo(test: &str) -> Scratch {
    let scratch = Scratch::new(test);
    scratch.write("demo.wat", DEMO);
    scratch
}

/// All tiers of the command line.
pub(crate) const TIERS: [&str; 4] = [
    "",
    "--tier interp -O dispatch=match",
    "--tier interp -O dispatch=tail,translate=eager",
    "--tier reference",
];
