//! Where a container's streams lead, as containerd names it.
//!
//! | name | leads to |
//! |---|---|
//! | `PATH`, `fifo://PATH` | a named pipe, whose other end the client has, or will have, or had |
//! | `file://PATH` | a file that is made and appended to |
//! | `binary://PATH?NAME=VALUE` | a program with these arguments, which takes output and errors |
//!
//! 1. A program for logs is named for the output, and takes the errors too: it gets the output as
//!    descriptor 3, the errors as 4, and closes 5 once it is ready. It is ready before the
//!    container is made, or there is none.
//! 2. Its arguments are the URI's names and values in turn; its variables are `CONTAINER_ID` and
//!    `CONTAINER_NAMESPACE` alone.

use crate::bundle::Bundle;
use crate::refusal::told;
use command_fds::{CommandFdExt, FdMapping};
use rustix::fs::{OFlags, fcntl_setfl};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program for logs may take until it is ready.
const READY: Duration = Duration::from_secs(10);

type Answer<T> = Result<T, String>;

/// Opens what output and errors are written to.
///
/// # Errors
/// For a file that cannot be opened, a program that is not ready, and a URI of another kind. A pipe
/// may have gone with its client: nothing is written then.
pub(crate) fn writers(bundle: &Bundle) -> Answer<[Option<OwnedFd>; 2]> {
    let [output, errors] = [&bundle.stdout, &bundle.stderr].map(|path| path.to_string_lossy());
    match output.strip_prefix("binary://") {
        Some(program) => logger(bundle, program).map(|ends| ends.map(Some)),
        None => Ok([writer(&output)?, writer(&errors)?]),
    }
}

fn writer(place: &str) -> Answer<Option<OwnedFd>> {
    let path = match place.split_once("://") {
        None if place.is_empty() => return Ok(None),
        None => return Ok(both_ends(Path::new(place)).ok().map(OwnedFd::from)),
        Some(("fifo", path)) => return Ok(both_ends(Path::new(path)).ok().map(OwnedFd::from)),
        Some(("file", path)) => Path::new(path),
        Some((kind, _)) => {
            return Err(format!(
                "the log's place `{place}` is of the kind `{kind}`: there are `file:///PATH`, and `binary:///PATH` for output and errors together"
            ));
        }
    };
    let failed = |error: io::Error| format!("the log `{}`: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    Ok(Some(file.into()))
}

/// Begins a program for logs, and waits until it is ready: what it reads from.
fn logger(bundle: &Bundle, program: &str) -> Answer<[OwnedFd; 2]> {
    let (path, query) = program.split_once('?').unwrap_or((program, ""));
    let path = decoded(path);
    let failed = |error: io::Error| format!("the program for logs `{path}`: {}", told(error));
    let (output, output_end) = io::pipe().map_err(failed)?;
    let (errors, errors_end) = io::pipe().map_err(failed)?;
    let (mut ready, ready_end) = io::pipe().map_err(failed)?;
    let given: [OwnedFd; 3] = [output.into(), errors.into(), ready_end.into()];
    let mappings = given.into_iter().zip(3..);
    let mappings = mappings.map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd });
    let mut command = Command::new(&path);
    command.args(arguments(query)).env_clear();
    command.env("CONTAINER_ID", &bundle.id).env("CONTAINER_NAMESPACE", &bundle.namespace);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.fd_mappings(mappings.collect()).map_err(told)?;
    let mut child = command.spawn().map_err(failed)?;
    // Its ends are its own alone, so that it sees the end of the container.
    drop(command);
    if let Err(error) = wait_for(&mut ready) {
        // It may have ended.
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(error));
    }
    Ok([output_end.into(), errors_end.into()])
}

/// Waits for a byte, or the end.
fn wait_for(pipe: &mut PipeReader) -> io::Result<()> {
    fcntl_setfl(&*pipe, OFlags::NONBLOCK)?;
    let start = Instant::now();
    while start.elapsed() < READY {
        match pipe.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
            }
            answer => return answer.map(drop),
        }
    }
    Err(io::Error::other(format!("it is not ready after {} s", READY.as_secs())))
}

/// The names and values of a URI, in turn.
fn arguments(query: &str) -> Vec<String> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .flat_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            [name, value].map(|text| decoded(&text.replace('+', " ")))
        })
        .collect()
}

/// A part of a URI with its bytes for `%` and two digits.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            None => {
                bytes.push(b'%');
                bytes.extend(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Opens a pipe for reading, which does not wait for a writer.
pub(crate) fn reader(pipe: &Path) -> io::Result<File> {
    let _both = both_ends(pipe)?;
    File::open(pipe)
}

/// Holds a container's pipes open while it is tried to be made: a client whose pipe loses its last
/// other end takes that for the end of the container, and reads no more.
pub(crate) fn held(bundle: &Bundle) -> Vec<File> {
    let places = [&bundle.stdin, &bundle.stdout, &bundle.stderr].map(|path| path.to_string_lossy());
    let pipes = places.iter().map(|place| place.strip_prefix("fifo://").unwrap_or(place));
    pipes
        .filter(|pipe| !pipe.is_empty())
        .filter_map(|pipe| both_ends(Path::new(pipe)).ok())
        .collect()
}

/// Opens a pipe for reading and writing, which keeps it from ending.
pub(crate) fn both_ends(pipe: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(pipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_a_uri() {
        assert_eq!(arguments("a=%2Fvar%2Flib&b=x+y&c"), ["a", "/var/lib", "b", "x y", "c", ""]);
        assert!(arguments("").is_empty());
        for text in ["%", "%f", "%zz", "%+1", "é%é"] {
            assert_eq!(decoded(text), text);
        }
        assert_eq!(decoded("%c3%a9"), "é");
    }

    /// A first try that opens the pipe and fails does not end it for who reads.
    #[test]
    fn a_pipe_outlives_a_try() {
        let pipe = std::env::temp_dir().join(format!("prova-pipe-{}", std::process::id()));
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).expect("a pipe");
        let bundle = Bundle { stdout: pipe.clone(), ..Bundle::default() };
        let held = held(&bundle);
        assert_eq!(held.len(), 1);
        let mut client = File::open(&pipe).expect("a client");
        fcntl_setfl(&client, OFlags::NONBLOCK).expect("it does not wait");
        drop(writers(&bundle).expect("a first try"));
        let waits = client.read(&mut [0]).expect_err("it is not the end");
        assert_eq!(waits.kind(), ErrorKind::WouldBlock);
        drop(held);
        assert_eq!(client.read(&mut [0]).expect("the end"), 0);
        drop(fs::remove_file(pipe));
    }

    #[test]
    fn places_of_other_kinds_are_refused() {
        assert!(writer("").expect("no stream").is_none());
        assert!(writer("/no such pipe").expect("a pipe that went").is_none());
        let refused = writer("npipe:///x").expect_err("another kind");
        assert!(refused.contains("`npipe`") && refused.contains("file://"), "{refused}");
        let bundle = Bundle { stdout: "binary:///no/such".into(), ..Bundle::default() };
        let refused = writers(&bundle).expect_err("no program");
        assert!(refused.contains("`/no/such`"), "{refused}");
    }
}
