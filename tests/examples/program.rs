//! Runs the example programs, as `cargo test` has built them.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// An example, ready to start with pipes.
pub(crate) fn example(name: &str) -> Command {
    // Beside `deps`, where this test is.
    let profile = std::env::current_exe()
        .unwrap()
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .to_owned();
    let program = profile
        .join("examples")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "the example {name} is not built: 'cargo test --all-features' does it, with '--test' or '--tests' it does not",
    );
    let mut command = Command::new(program);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.env_remove("SECONDFACTOR_SEALING_KEY");
    command
}

/// What a program has left behind.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(command: &mut Command, input: impl AsRef<[u8]>) -> Self {
        let mut child = command.spawn().unwrap();
        // A program that refuses its arguments ends without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Self::end_of(child)
    }

    pub(crate) fn end_of(child: Child) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        let run = Self {
            status: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        };
        assert!(!run.stderr.contains("panicked"), "{run:?}");
        run
    }
}

/// What `oathtool` computes; Debian's package has its name.
pub(crate) fn oathtool(arguments: &[&str]) -> String {
    let output = Command::new("oathtool")
        .args(arguments)
        .output()
        .expect("oathtool can't be run: is it installed?");
    assert!(
        output.status.success(),
        "oathtool {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}
