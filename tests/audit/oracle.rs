//! The program that asks the server's own code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ksecrets::atrest::audit::Request;
use serde_json::{Value, json};

use crate::control_plane::audit;

/// The running program. It ends when its input does.
pub(super) struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What the server's code says.
pub(super) enum Answer {
    Refused(String),
    /// Of each request its level, and whether the stage with the bodies is left out.
    Loaded(Vec<(String, bool)>),
}

impl Oracle {
    /// The program, or none where there is no Go.
    pub(super) fn start() -> Option<Self> {
        let mut child = Command::new(audit()?).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, input, output })
    }

    pub(super) fn ask(&mut self, policy: &str, requests: &[Request<'_>]) -> Answer {
        let requests = requests.iter().map(|request| {
            json!({
                "user": request.user, "groups": request.groups, "verb": request.verb, "group": request.group,
                "resource": request.resource, "subresource": request.subresource, "namespace": request.namespace,
                "name": request.name,
            })
        });
        let asked = json!({ "policy": policy, "requests": requests.collect::<Vec<_>>() });
        writeln!(self.input.as_ref().unwrap(), "{asked}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if let Some(why) = answer["error"].as_str() {
            return Answer::Refused(why.to_owned());
        }
        let levels = answer["levels"].as_array().unwrap().iter().map(|level| level.as_str().unwrap().to_owned());
        let omitted = answer["omitted"].as_array().unwrap().iter().map(|omitted| omitted == true);
        Answer::Loaded(levels.zip(omitted).collect())
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
