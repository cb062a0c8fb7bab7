//! Sources in a private directory, built by a shell script.

use prova_builds::repro::{Options, Outcome, Variation, build};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A directory that is removed at the end of the test.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("prova-repro-test-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("source")).expect("a directory can be made");
        fs::write(path.join("source/in.c"), "int x;\n").expect("a file can be written");
        Self(path)
    }

    pub(crate) fn options(&self, script: &str) -> Options {
        Options {
            command: ["sh", "-c", script].map(Into::into).into(),
            source: self.0.join("source"),
            runs: Some(3),
            vary: Variation::ALL.into(),
            artifacts: vec!["*.o".into()],
            keep: self.0.join("keep"),
            attribute: false,
            stop: false,
            env: Vec::new(),
        }
    }

    pub(crate) fn build(&self, script: &str) -> Outcome {
        run(&self.options(script))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

pub(crate) fn run(options: &Options) -> Outcome {
    build(options, &mut |_| {}).expect("the builds can be tried")
}

/// Prints 0, 1, 2, … in successive runs.
pub(crate) fn counter(scratch: &Scratch) -> String {
    let file = scratch.0.join("counter");
    fs::write(&file, "0").expect("a file can be written");
    let file = file.display();
    format!("n=$(cat {file}); echo $((n + 1)) > {file}; ")
}
