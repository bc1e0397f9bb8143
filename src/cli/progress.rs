//! How far a hunt has come, on a terminal's stderr.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ksecrets::model::Skipped;
use ksecrets::source::{Blob, Live, Sink};

#[derive(Default)]
struct Counts {
    files: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
}

/// A line on stderr that counts files and bytes, or objects. Nothing at all when stderr is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    counts: Arc<Counts>,
}

impl Progress {
    /// Starts counting.
    pub(super) fn start() -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, counts: Arc::default() }
    }

    /// Counts what passes through a sink.
    pub(super) fn watch<S>(&self, inner: S) -> Watched<S> {
        Watched { inner, bar: self.bar.clone(), counts: Arc::clone(&self.counts) }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A sink that counts.
pub(super) struct Watched<S> {
    inner: S,
    bar: ProgressBar,
    counts: Arc<Counts>,
}

impl<S> Watched<S> {
    pub(super) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Sink> Sink for Watched<S> {
    fn blob(&mut self, blob: Blob<'_>) {
        let files = self.counts.files.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.counts.bytes.fetch_add(blob.bytes, Ordering::Relaxed) + blob.bytes;
        // A message costs a lock and an allocation: not for every file.
        if files.is_multiple_of(256) && !self.bar.is_hidden() {
            let rate = bytes as f64 / 1e6 / self.bar.elapsed().as_secs_f64().max(0.001);
            self.bar.set_message(format!("{files} files, {rate:.0} MB/s"));
        }
        self.inner.blob(blob);
    }

    fn object(&mut self, live: Live<'_>) {
        let objects = self.counts.objects.fetch_add(1, Ordering::Relaxed) + 1;
        if objects.is_multiple_of(256) && !self.bar.is_hidden() {
            self.bar.set_message(format!("{objects} objects"));
        }
        self.inner.object(live);
    }

    fn skip(&mut self, skipped: Skipped) {
        self.inner.skip(skipped);
    }

    fn binary(&mut self, path: &str) {
        self.inner.binary(path);
    }
}

/// Columns of the terminal, when there is one.
pub(super) fn width() -> Option<usize> {
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns))
}
