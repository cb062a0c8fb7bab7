//! All examples of wasmi's subjects against Prova, under wasmi's name: `examples-prova-wasmi NAME`.

extern crate wasmtime as wasmi;

mod differs;
#[path = "../examples_of_wasmi/main.rs"]
mod examples;

fn main() -> std::process::ExitCode {
    examples::main()
}
