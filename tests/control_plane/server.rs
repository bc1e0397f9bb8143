//! Programs that end with the test process, however it ends.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Takes a folder and, on stdin, one process id a line. When stdin closes it ends the processes and removes the folder.
///
/// A static is never dropped, and a process that is killed drops nothing; but its pipes are always closed.
/// The second `rm` is for a program that wrote while it was ended.
const GUARD: &str = r#"
while read -r program; do programs="$programs $program"; done
kill -9 $programs
rm -rf "$0" || { sleep 1; rm -rf "$0"; }
"#;

/// A folder, and programs that work in it.
pub(super) struct Server {
    folder: PathBuf,
    guard: Child,
    programs: Vec<(&'static str, Child)>,
    /// Programs that were ended. Nobody has waited for them, so their ids are still theirs when the guard uses them.
    gone: Vec<Child>,
}

impl Server {
    /// Begins with an empty folder and nothing that runs.
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("ksecrets-control-plane-").tempdir().unwrap().keep();
        let mut guard = Command::new("sh");
        guard.arg("-c").arg(GUARD).arg(&folder);
        // Its own group, so that Ctrl-C does not reach it. It holds none of our output open.
        guard.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { guard: guard.spawn().unwrap(), folder, programs: Vec::new(), gone: Vec::new() }
    }

    /// The folder, which is removed at the end.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file into the folder.
    pub(super) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Starts a program, with a log named after it.
    pub(super) fn run(&mut self, name: &'static str, program: &Path, arguments: &[String]) {
        let log = File::create(self.log_path(name)).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        writeln!(self.guard.stdin.as_ref().unwrap(), "{}", child.id()).unwrap();
        self.programs.push((name, child));
    }

    /// Whether a program was started, and not ended by us.
    pub(super) fn runs(&self, name: &str) -> bool {
        self.programs.iter().any(|(known, _)| *known == name)
    }

    /// Ends a program.
    pub(super) fn end(&mut self, name: &str) {
        let at = self.programs.iter().position(|(known, _)| *known == name).unwrap();
        let (_, mut child) = self.programs.remove(at);
        child.kill().unwrap();
        self.gone.push(child);
    }

    /// A program that has ended, though nobody asked it to.
    pub(super) fn ended(&mut self) -> Option<&'static str> {
        let mut programs = self.programs.iter_mut();
        programs.find_map(|(name, child)| child.try_wait().unwrap().map(|_| *name))
    }

    /// The end of every log.
    pub(super) fn logs(&self) -> String {
        let tails = self.programs.iter().map(|(name, _)| {
            let log = fs::read(self.log_path(name)).unwrap_or_default();
            format!("\n== {name}\n{}", tail(&String::from_utf8_lossy(&log)))
        });
        tails.collect()
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The guard's stdin closes here. Only then are the others waited for, so that no process id is free before the
        // guard has used it.
        let _ = self.guard.wait();
        for child in self.programs.iter_mut().map(|(_, child)| child).chain(&mut self.gone) {
            let _ = child.wait();
        }
    }
}

/// The last lines of a log.
fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Ports that nobody listens on. All are held until all are known, so they differ.
pub(super) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
