//! All examples of wasmi's subjects as one program: the name of one as its argument runs it.
//!
//! Two packages compile this file and all that it names, one against Prova and one against wasmi.
//! Lines that the two want differently are functions of `crate::differs`, which each has.

/// Declares the examples, and finds the one of a name.
macro_rules! examples {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// The names of all examples.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        fn run(name: &str) -> Option<Result<(), wasmi::Error>> {
            match name {
                $(stringify!($name) => Some($name::main()),)*
                _ => None,
            }
        }
    };
}

examples! {
    caller
    dynamic
    errors
    externref
    fuel
    globals
    hello
    hooks
    limiter
    limits
    linking
    memory
    modules
    out_of_fuel
    resumable
    start
    tables
    typed_resumable
}

pub(crate) fn main() -> std::process::ExitCode {
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
