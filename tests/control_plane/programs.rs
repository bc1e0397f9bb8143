//! Where the two programs come from.

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::{env, thread};

/// Finds the programs, and builds them if it has to.
pub(super) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control-plane/build.sh");

/// The same for kine.
const KINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kine/build.sh");

/// The two halves of a control plane that stores and answers.
pub(super) struct Programs {
    pub(super) apiserver: PathBuf,
    pub(super) etcd: PathBuf,
}

impl Programs {
    /// The programs, or none where there are none and nobody insists on them.
    ///
    /// # Panics
    /// Where somebody insists.
    pub(super) fn find() -> Option<&'static Self> {
        static PROGRAMS: LazyLock<Option<Programs>> = LazyLock::new(Programs::locate);
        if PROGRAMS.is_none() {
            assert!(!required(), "a cluster test needs kube-apiserver and etcd; why there are none is said above");
            say_skipped();
        }
        PROGRAMS.as_ref()
    }

    fn locate() -> Option<Self> {
        let mut paths = ask(&[])?.into_iter();
        Some(Self { apiserver: paths.next()?, etcd: paths.next()? })
    }
}

/// The KMS plugin in `tests/kms-plugin`, built once; none where there is no Go, unless somebody insists.
pub(super) fn kms_plugin() -> Option<PathBuf> {
    static PLUGIN: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kms-plugin");
        let mut go = Command::new("go");
        go.args(["build", "-buildvcs=false", "-o"]).arg(&program).arg(".");
        go.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kms-plugin")).envs([
            ("CGO_ENABLED", "0"),
            ("GOFLAGS", ""),
            ("GOWORK", "off"),
        ]);
        go.stdin(Stdio::null()).stderr(Stdio::inherit()).status().ok()?.success().then_some(program)
    });
    if PLUGIN.is_none() {
        assert!(!required(), "there is no Go to build the KMS plugin with");
        say_skipped();
    }
    PLUGIN.clone()
}

/// The program that asks the server's own code about encryption, or none where there is no Go and nobody insists.
///
/// # Panics
/// Where somebody insists.
pub(crate) fn encryption() -> Option<PathBuf> {
    program("encryption")
}

/// The same about audit policies.
///
/// # Panics
/// Where somebody insists.
pub(crate) fn audit() -> Option<PathBuf> {
    program("audit")
}

fn program(name: &str) -> Option<PathBuf> {
    let program = ask(&[name]).and_then(|paths| paths.into_iter().next());
    if program.is_none() {
        assert!(!required(), "a test needs a program of tests/control-plane; why there is none is said above");
        say_skipped();
    }
    program
}

/// kine, which stores what etcd stores for others; none where there is no Go and nobody insists.
///
/// # Panics
/// Where somebody insists.
pub(super) fn kine() -> Option<PathBuf> {
    let program = run(KINE, &[]).and_then(|paths| paths.into_iter().next());
    if program.is_none() {
        assert!(!required(), "a test needs kine; why there is none is said above");
        say_skipped();
    }
    program
}

/// Asks the script. What it has to say goes past the capture of test output: a build takes minutes.
fn ask(arguments: &[&str]) -> Option<Vec<PathBuf>> {
    run(SCRIPT, arguments)
}

fn run(script: &str, arguments: &[&str]) -> Option<Vec<PathBuf>> {
    let mut command = Command::new("sh");
    let output = command.arg(script).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output().ok()?;
    let paths = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(paths.lines().map(PathBuf::from).collect())
}

/// Whether a test without a cluster is a failure.
fn required() -> bool {
    let is = |name, value| env::var(name).is_ok_and(|found| found == value);
    is("CI", "true") || is("KSECRETS_REQUIRE_CLUSTER", "1")
}

/// Says which test did nothing. Not with `println!`: the output of a test that passes is not shown.
fn say_skipped() {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a cluster test");
    let _ = writeln!(stderr(), "{test}: skipped, as there is no kube-apiserver; see docs/development.md");
}
