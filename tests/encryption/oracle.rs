//! The program that asks the server's own code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::control_plane::encryption;

/// The running program. It ends when its input does.
pub(super) struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    socket: PathBuf,
    _folder: TempDir,
}

/// A configuration, and what is asked of it.
pub(super) struct Question<'q> {
    pub(super) config: &'q str,
    pub(super) reload: bool,
    pub(super) kms_v1: bool,
    pub(super) resources: &'q [&'q str],
    pub(super) values: Vec<&'q [u8]>,
}

/// What becomes of one resource.
pub(super) struct Loaded {
    /// What is stored; none where a plugin does not answer.
    pub(super) stored: Option<Vec<u8>>,
    /// Of each value, whether it is read, and whether as stale.
    pub(super) reads: Vec<(bool, bool)>,
}

/// What the server's code says.
pub(super) enum Answer {
    Refused(String),
    Loaded(Vec<Loaded>),
}

impl Oracle {
    /// The program, or none where there is no Go.
    pub(super) fn start() -> Option<Self> {
        let program = encryption()?;
        let folder = tempfile::Builder::new().prefix("ks-kms-").tempdir().unwrap();
        let socket = folder.path().join("kms.sock");
        let mut command = Command::new(program);
        command.arg(&socket).env("TMPDIR", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, input, output, socket, _folder: folder })
    }

    /// Where it answers as a KMS plugin.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn ask(&mut self, question: &Question<'_>) -> Answer {
        let values: Vec<String> = question.values.iter().map(|value| STANDARD.encode(value)).collect();
        let asked = json!({
            "config": question.config, "reload": question.reload, "kmsV1": question.kms_v1,
            "resources": question.resources, "values": values,
        });
        writeln!(self.input.as_ref().unwrap(), "{asked}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if let Some(why) = answer["error"].as_str() {
            return Answer::Refused(why.to_owned());
        }
        let resources = answer["stored"].as_array().unwrap().iter().zip(answer["reads"].as_array().unwrap());
        let loaded = resources.map(|(stored, reads)| Loaded {
            stored: stored.as_str().map(|stored| STANDARD.decode(stored).unwrap()),
            reads: reads.as_array().unwrap().iter().map(|read| (read["ok"] == true, read["stale"] == true)).collect(),
        });
        Answer::Loaded(loaded.collect())
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
