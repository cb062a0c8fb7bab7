//! Runs the program of all examples, once for each, and compares what it prints with
//! the file of its name. `BLESS=1` writes the texts of examples that end well.

use std::path::Path;
use std::process::Command;

/// Compares with the texts in `folder`, beside the packages.
pub(crate) fn compare(program: &str, folder: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let scratch = std::env::temp_dir().join(format!("api-{folder}-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("a folder for what examples write");
    let run = |args: &[&str]| {
        Command::new(program)
            .args(args)
            .current_dir(&root)
            .env("SCRATCH", &scratch)
            .env("XDG_CACHE_HOME", &scratch)
            .env("GREETING", "good evening")
            .output()
            .expect("the program starts")
    };
    let listed = String::from_utf8(run(&[]).stdout).expect("names");
    let names: Vec<&str> = listed.lines().collect();
    assert!(!names.is_empty(), "there are examples");
    assert_eq!(run(&["no example"]).status.code(), Some(2), "no other name is taken");
    let mut wrong = Vec::new();
    for name in names {
        let output = run(&[name, "an argument"]);
        let printed = String::from_utf8_lossy(&output.stdout);
        let file = root.join(folder).join(format!("{name}.txt"));
        if std::env::var_os("BLESS").is_some() && output.status.success() {
            std::fs::write(&file, printed.as_bytes()).expect("the text is written");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if !output.status.success() || printed != expected {
            let errors = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!("{name}: {}\n{printed}{errors}", output.status));
        }
    }
    std::fs::remove_dir_all(&scratch).expect("the folder is there");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
