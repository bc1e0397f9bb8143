//! The built binary, run as a user would: in a folder of its own, with nothing of our environment.

use std::fmt;
use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use tempfile::TempDir;

/// Longest time any run may take, in a debug build on a busy machine. A guard against hanging, not a measure.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run to be: where, with what.
pub(crate) struct Ksecrets {
    folder: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    stdin: Vec<u8>,
}

/// Begins with an empty folder.
pub(crate) fn ksecrets() -> Ksecrets {
    Ksecrets { folder: tempfile::tempdir().unwrap(), arguments: Vec::new(), environment: Vec::new(), stdin: Vec::new() }
}

impl Ksecrets {
    /// Writes a file into the folder.
    pub(crate) fn input(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Takes a folder that is ready.
    pub(crate) fn folder(self, folder: TempDir) -> Self {
        Self { folder, ..self }
    }

    /// Adds arguments. In them, `@@INPUT@@` is the folder.
    pub(crate) fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let folder = self.folder.path().display().to_string();
        self.arguments.extend(arguments.into_iter().map(|argument| argument.replace("@@INPUT@@", &folder)));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn stdin(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self { stdin: bytes.into(), ..self }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command, for those who connect its ends themselves.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ksecrets"));
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .args(&self.arguments);
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Outcome {
        let mut command = self.command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stdin, stdout, stderr) =
            (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
        thread::scope(|scope| {
            // It may end without reading; that is its own business.
            scope.spawn(move || drop(stdin.write_all(&self.stdin)));
            let stdout = scope.spawn(|| text(stdout));
            let stderr = scope.spawn(|| text(stderr));
            let status = wait(&mut child);
            let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
            Outcome { status: status.code(), stdout, stderr, folder: self.folder }
        })
    }
}

fn text(mut pipe: impl Read) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    text
}

/// Waits for a child, but not for ever.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("still running after {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(3));
    }
}

/// What came of a run. Displayed: standard output, standard error if there is any, the exit code.
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// None when a signal ended it.
    pub(crate) status: Option<i32>,
    folder: TempDir,
}

impl Outcome {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder, for another run.
    pub(crate) fn into_folder(self) -> TempDir {
        self.folder
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{self}"))
    }

    /// A text without what differs from run to run: the folder and the time it took.
    pub(crate) fn masked(&self, text: &str) -> String {
        let text = text.replace(&self.folder.path().display().to_string(), "@@INPUT@@");
        let text = Regex::new(r#""durationMs":( ?)\d+"#).unwrap().replace_all(&text, "\"durationMs\":$1@@TIME@@");
        let time = Regex::new(r"(?m)([;,]) (?:\d+ ms|[\d.]+ s|\d+ min \d+ s)(\.?)$").unwrap();
        time.replace_all(&text, "$1 @@TIME@@$2").into_owned()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked(&self.stdout))?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.masked(&self.stderr))?;
        }
        match self.status {
            Some(code) => write!(f, "--- exit {code}"),
            None => f.write_str("--- ended by a signal"),
        }
    }
}
