//! All examples of wasmi's subjects against wasmi: `examples-wasmi NAME`.

mod differs;
#[path = "../examples_of_wasmi/main.rs"]
mod examples;

fn main() -> std::process::ExitCode {
    examples::main()
}
