//! A command line → another engine, as `diverge` runs it.
//!
//! `prova_runs::trace` makes the modules and reads the lines.
//!
//! 1. The words of the command are separated by spaces; no shell reads them. `{}` in a word is the
//!    file of the module, which is removed when the run is over.
//! 2. An engine is ended when enough is known, or when its time is over.

use prova_core::{Error, Result, bail};
use prova_runs::trace::{ENGINE_LINE_BYTES_MAX, ForeignEngine};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes of an engine's message.
const MESSAGE_BYTES_MAX: u64 = 64 << 10;

/// An engine that is started as a process.
#[derive(Debug)]
pub(crate) struct CommandEngine {
    words: Vec<String>,
    deadline: Option<Instant>,
}

impl CommandEngine {
    /// The engine of a command, which has this long for all its runs.
    ///
    /// # Errors
    /// If the command is empty.
    pub(crate) fn new(command: &str, timeout: Option<Duration>) -> Result<CommandEngine> {
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            bail!("`--engine`: a command is needed, such as `wasmi {{}}`");
        }
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(CommandEngine { words, deadline })
    }

    fn command(&self, module: &Path) -> Command {
        let path = module.to_string_lossy();
        let named = self.words.iter().any(|word| word.contains("{}"));
        let mut words = self.words.iter().map(|word| word.replace("{}", &path));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        if !named {
            command.arg(module);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl ForeignEngine for CommandEngine {
    fn run(&self, wasm: &[u8], line: &mut dyn FnMut(&[u8]) -> bool) -> Result<Option<String>> {
        let module = Temporary::new(wasm)?;
        let mut command = self.command(&module.0);
        let mut child = command.spawn().map_err(|error| {
            Error::msg(format!("`{}` cannot be started: {error}", self.words[0]))
        })?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        let message = thread::spawn(move || text(err));
        let (done, over) = watch(self.deadline, child.clone());
        let all = out.map_or(Ok(true), |out| lines(out, line));
        let mut process = child.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(all, Ok(true)) {
            process.kill().ok();
        }
        drop(process);
        // The engine has closed its output; it may still be about to end.
        let status = wait(&child)?;
        drop(done);
        let is_over = over.join().unwrap_or_default();
        if is_over {
            bail!("the timeout was over before the engine ended");
        }
        if !all? || status.success() {
            // A process that the engine started may hold the message open: nobody waits for that.
            return Ok(None);
        }
        let message = message.join().unwrap_or_default();
        Ok(Some(if message.trim().is_empty() { status.to_string() } else { message }))
    }
}

/// Waits for a process that another thread may end meanwhile.
fn wait(child: &Mutex<Child>) -> io::Result<std::process::ExitStatus> {
    let mut pause = Duration::from_micros(100);
    loop {
        let ended = child.lock().unwrap_or_else(PoisonError::into_inner).try_wait()?;
        if let Some(status) = ended {
            return Ok(status);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Ends a process when the time is over; whether it had to. It stops to watch when the sender is
/// dropped.
fn watch(
    deadline: Option<Instant>,
    child: Arc<Mutex<Child>>,
) -> (Sender<()>, thread::JoinHandle<bool>) {
    let (done, waiting) = channel::<()>();
    let thread = thread::spawn(move || {
        let Some(deadline) = deadline else { return false };
        let left = deadline.saturating_duration_since(Instant::now());
        let over = waiting.recv_timeout(left) == Err(RecvTimeoutError::Timeout);
        if over {
            child.lock().unwrap_or_else(PoisonError::into_inner).kill().ok();
        }
        over
    });
    (done, thread)
}

/// Hands on the lines of an output until the receiver wants no more. Returns whether all were
/// handed on.
fn lines(out: impl Read, line: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<bool> {
    let mut out = BufReader::new(out);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let limit = ENGINE_LINE_BYTES_MAX as u64;
        if out.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(true);
        }
        let whole = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if !line(whole.strip_suffix(b"\r").unwrap_or(whole)) {
            return Ok(false);
        }
    }
}

/// The error output of an engine, up to the limit; all of it is read.
fn text(err: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut err) = err {
        err.by_ref().take(MESSAGE_BYTES_MAX).read_to_end(&mut bytes).ok();
        io::copy(&mut err, &mut io::sink()).ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A file that is removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(bytes: &[u8]) -> io::Result<Temporary> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("prova-engine-{}-{number}.wasm", std::process::id());
            let path = std::env::temp_dir().join(name);
            let mut file: File = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            let own = Temporary(path);
            file.write_all(bytes)?;
            return Ok(own);
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}
