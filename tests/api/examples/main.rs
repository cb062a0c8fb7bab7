//! All examples as one program: `examples-prova NAME` runs the example of that name.
//!
//! Both packages of this workspace compile this file and all that it names, one against Prova and
//! one against Wasmtime. Each example stands alone: with `pub fn main` as `fn main` it is a program
//! of an embedder.

/// Declares the examples, and finds the one of a name.
macro_rules! examples {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// The names of all examples.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        fn run(name: &str) -> Option<wasmtime::Result<()>> {
            match name {
                $(stringify!($name) => Some($name::main()),)*
                _ => None,
            }
        }
    };
}

examples! {
    asynchronous
    coredump
    defaults
    epochs
    externref
    fast_compilation
    fast_execution
    fast_instantiation
    fuel
    gcd
    hello
    hooks
    interrupt
    limiter
    linking
    memory
    mpk_available
    multi
    multimemory
    objects
    pre_compile
    run_pre_compiled
    serialize
    tables
    threads
    wasip1
    wasip1_async
}

fn main() -> std::process::ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match run(&name) {
        Some(Ok(())) => std::process::ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("{error:?}");
            std::process::ExitCode::FAILURE
        }
        None => {
            println!("{}", NAMES.join("\n"));
            std::process::ExitCode::from(u8::from(!name.is_empty()) * 2)
        }
    }
}
