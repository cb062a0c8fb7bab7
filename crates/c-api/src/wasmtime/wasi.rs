//! `wasi_config_t`: what a WASI program is granted.

use crate::callback::{Data, Finalizer};
use crate::pointer::{Give, In, end};
use crate::vector::wasm_byte_vec_t;
use prova::Result;
use prova::wasi::{Perms, WasiCtx, WasiCtxBuilder, guest_name};
use std::env;
use std::ffi::{OsStr, c_char, c_void};
use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;

/// A configuration: nothing is granted that is not said.
#[derive(Default)]
pub(crate) struct wasi_config_t {
    args: Vec<Vec<u8>>,
    variables: Vec<(Vec<u8>, Vec<u8>)>,
    streams: WasiCtxBuilder,
    input: Stream<Box<dyn Read + Send>>,
    output: Stream<Box<dyn Write + Send>>,
    errors: Stream<Box<dyn Write + Send>>,
}

/// A standard stream.
#[derive(Default)]
enum Stream<T> {
    #[default]
    Closed,
    /// The process's own.
    Inherited,
    Own(T),
}

impl wasi_config_t {
    /// The context of a program.
    pub(crate) fn build(mut self) -> WasiCtx {
        let builder = &mut self.streams;
        builder.args(&self.args);
        for (name, value) in &self.variables {
            builder.env(name, value);
        }
        match self.input {
            Stream::Closed => drop(builder.stdin(Box::new(io::empty()))),
            Stream::Inherited => drop(builder.inherit_stdin()),
            Stream::Own(source) => drop(builder.stdin(source)),
        }
        match self.output {
            Stream::Closed => drop(builder.stdout(Box::new(io::sink()))),
            Stream::Inherited => drop(builder.inherit_stdout()),
            Stream::Own(sink) => drop(builder.stdout(sink)),
        }
        match self.errors {
            Stream::Closed => drop(builder.stderr(Box::new(io::sink()))),
            Stream::Inherited => drop(builder.inherit_stderr()),
            Stream::Own(sink) => drop(builder.stderr(sink)),
        }
        builder.build()
    }
}

/// A callback that takes a stream's bytes: how many it took, or a negative error number.
type WriteCallback = extern "C" fn(*mut c_void, *const u8, usize) -> isize;

/// A stream of a program's callback.
struct CallbackSink {
    callback: WriteCallback,
    data: Data,
}

impl Write for CallbackSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = (self.callback)(self.data.pointer(), bytes.as_ptr(), bytes.len());
        match usize::try_from(taken) {
            Ok(taken) => Ok(taken.min(bytes.len())),
            Err(_) => {
                let number = i32::try_from(taken.unsigned_abs()).unwrap_or(i32::MAX);
                Err(io::Error::from_raw_os_error(number))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A path of the program's.
///
/// # Errors
/// None here; elsewhere, if it is not UTF-8.
#[cfg(unix)]
pub(crate) fn path(bytes: &[u8]) -> Result<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

/// A path of the program's.
///
/// # Errors
/// If it is not UTF-8.
#[cfg(not(unix))]
pub(crate) fn path(bytes: &[u8]) -> Result<&Path> {
    Ok(Path::new(std::str::from_utf8(bytes)?))
}

/// The file that the program writes a stream to.
fn created(name: &In<c_char>) -> Option<Box<dyn Write + Send>> {
    Some(Box::new(File::create(path(name.string("path")).ok()?).ok()?))
}

fn sink(
    callback: Option<WriteCallback>,
    data: *mut c_void,
    finalizer: Finalizer,
) -> Stream<Box<dyn Write + Send>> {
    let Some(callback) = callback else { end("the parameter `callback` is NULL") };
    Stream::Own(Box::new(CallbackSink { callback, data: Data::new(data, finalizer) }))
}

/// The strings of an array; a null string is an empty one.
fn strings(array: &In<In<c_char>>, count: usize) -> Vec<Vec<u8>> {
    let string = |string: &In<c_char>| string.get().map(|_| string.string("string").to_vec());
    array.slice(count).iter().map(|one| string(one).unwrap_or_default()).collect()
}

/// The bytes of a string of the process.
fn bytes(string: &OsStr) -> Vec<u8> {
    string.as_encoded_bytes().to_vec()
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_new() -> Option<Box<wasi_config_t>> {
    Some(Box::default())
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_delete(_config: Option<Box<wasi_config_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_argv(
    mut config: Give<wasi_config_t>,
    argc: usize,
    argv: In<In<c_char>>,
) -> bool {
    config.want("config").args = strings(&argv, argc);
    true
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_inherit_argv(mut config: Give<wasi_config_t>) {
    config.want("config").args = env::args_os().map(|arg| bytes(&arg)).collect();
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_env(
    mut config: Give<wasi_config_t>,
    count: usize,
    names: In<In<c_char>>,
    values: In<In<c_char>>,
) -> bool {
    let (names, values) = (strings(&names, count), strings(&values, count));
    config.want("config").variables = names.into_iter().zip(values).collect();
    true
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_inherit_env(mut config: Give<wasi_config_t>) {
    let variables = env::vars_os().map(|(name, value)| (bytes(&name), bytes(&value)));
    config.want("config").variables = variables.collect();
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_stdin_file(
    mut config: Give<wasi_config_t>,
    name: In<c_char>,
) -> bool {
    let file = path(name.string("path")).ok().and_then(|path| File::open(path).ok());
    let Some(file) = file else { return false };
    config.want("config").input = Stream::Own(Box::new(file));
    true
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_stdin_bytes(
    mut config: Give<wasi_config_t>,
    mut input: Give<wasm_byte_vec_t>,
) {
    let input = Cursor::new(input.take().into_boxed());
    config.want("config").input = Stream::Own(Box::new(input));
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_inherit_stdin(mut config: Give<wasi_config_t>) {
    config.want("config").input = Stream::Inherited;
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_stdout_file(
    mut config: Give<wasi_config_t>,
    name: In<c_char>,
) -> bool {
    let Some(file) = created(&name) else { return false };
    config.want("config").output = Stream::Own(file);
    true
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_inherit_stdout(mut config: Give<wasi_config_t>) {
    config.want("config").output = Stream::Inherited;
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_stdout_custom(
    mut config: Give<wasi_config_t>,
    callback: Option<WriteCallback>,
    data: *mut c_void,
    finalizer: Finalizer,
) {
    config.want("config").output = sink(callback, data, finalizer);
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_stderr_file(
    mut config: Give<wasi_config_t>,
    name: In<c_char>,
) -> bool {
    let Some(file) = created(&name) else { return false };
    config.want("config").errors = Stream::Own(file);
    true
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_inherit_stderr(mut config: Give<wasi_config_t>) {
    config.want("config").errors = Stream::Inherited;
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_set_stderr_custom(
    mut config: Give<wasi_config_t>,
    callback: Option<WriteCallback>,
    data: *mut c_void,
    finalizer: Finalizer,
) {
    config.want("config").errors = sink(callback, data, finalizer);
}

#[unsafe(no_mangle)]
extern "C" fn wasi_config_preopen_dir(
    mut config: Give<wasi_config_t>,
    host: In<c_char>,
    guest: In<c_char>,
    fs_mutable: bool,
) -> bool {
    let Ok(host) = path(host.string("host path")) else { return false };
    // A string of `--dir` would lose its mode: both names are given apart here.
    let Ok(guest) = guest_name(guest.string("guest path")) else { return false };
    let perms = Perms { read_only: !fs_mutable };
    config.want("config").streams.preopen_path(host, guest, perms).is_ok()
}
