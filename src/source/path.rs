//! Files and directories, walked in parallel.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Component, MAIN_SEPARATOR, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

use super::content::{Input, Item, Scanner, unreadable};
use super::{Options, Sink, SourceError};

/// Hands over every file at and under `paths`, each once however often it is reached, and gives back the sinks, one a
/// worker thread that had something to do. Which sink saw which file differs from run to run.
///
/// # Errors
/// [`SourceError::Missing`] when a path does not exist: the user's error, told before anything is read.
pub fn walk<S: Sink + Send>(
    paths: &[PathBuf],
    options: &Options,
    sink: impl Fn() -> S + Sync,
) -> Result<Vec<S>, SourceError> {
    let roots = Roots::new(paths)?;
    let done = Mutex::new(Vec::new());
    if let Some(walker) = walker(&roots, options) {
        let mut crew = Crew { sink: &sink, options, claimed: &roots.claimed, done: &done };
        walker.build_parallel().visit(&mut crew);
    }
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The paths to walk, made ready.
struct Roots {
    /// As the walker is to see them, without duplicates.
    paths: Vec<PathBuf>,
    /// Those that lie under another one, as the walk from there would come upon them: it leaves them out. They cannot
    /// just be dropped, as what the user names is read even where it is ignored.
    claimed: HashSet<PathBuf>,
}

impl Roots {
    fn new(paths: &[PathBuf]) -> Result<Self, SourceError> {
        let mut roots = Self { paths: Vec::new(), claimed: HashSet::new() };
        let mut places = Vec::new();
        let mut known = HashSet::new();
        let mut directories = HashMap::new();
        for path in paths {
            let is_directory = is_directory(path)?;
            let place = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            if !known.insert(place.clone()) {
                continue;
            }
            let root = tidied(path, is_directory);
            if is_directory {
                directories.insert(place.clone(), root.clone());
            }
            roots.paths.push(root);
            places.push(place);
        }
        for place in &places {
            for above in place.ancestors().skip(1) {
                if let (Some(root), Ok(rest)) = (directories.get(above), place.strip_prefix(above)) {
                    roots.claimed.insert(root.join(rest));
                }
            }
        }
        Ok(roots)
    }
}

/// Tells files and directories apart, links followed. What is there but cannot be asked is left to the walk, which
/// will say so.
fn is_directory(path: &Path) -> Result<bool, SourceError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(SourceError::Missing { path: path.display().to_string() })
        }
        Err(_) => Ok(false),
    }
}

/// Takes `.` and doubled separators out of a path. A directory gets a separator at its end: so a link to one is
/// followed, and one that is called `-` is not taken for standard input.
fn tidied(path: &Path, is_directory: bool) -> PathBuf {
    let mut tidy: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if tidy.as_os_str().is_empty() || tidy == Path::new("-") {
        tidy = Path::new(".").join(tidy);
    }
    if is_directory { tidy.join("") } else { tidy }
}

fn walker(roots: &Roots, options: &Options) -> Option<WalkBuilder> {
    let (first, others) = roots.paths.split_first()?;
    let mut builder = WalkBuilder::new(first);
    for path in others {
        builder.add(path);
    }
    builder
        .threads(options.jobs)
        .hidden(false)
        .follow_links(false)
        .require_git(false)
        .git_global(false)
        .parents(options.ignore_files)
        .ignore(options.ignore_files)
        .git_ignore(options.ignore_files)
        .git_exclude(options.ignore_files)
        // Not asked of what the user names: `.git` itself can be walked that way.
        .filter_entry(|entry| !(entry.file_name() == ".git" && entry.file_type().is_some_and(|kind| kind.is_dir())));
    Some(builder)
}

/// Makes the workers.
struct Crew<'a, S, F> {
    sink: &'a F,
    options: &'a Options,
    claimed: &'a HashSet<PathBuf>,
    done: &'a Mutex<Vec<S>>,
}

impl<'a, S: Sink + Send, F: Fn() -> S + Sync> ParallelVisitorBuilder<'a> for Crew<'a, S, F> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 'a> {
        let Self { sink, options, claimed, done } = *self;
        Box::new(Worker { sink, options, claimed, done, scanner: None })
    }
}

/// One thread of the walk. Its sink is made when it is first needed, and given back when the thread ends.
struct Worker<'a, S, F> {
    sink: &'a F,
    options: &'a Options,
    claimed: &'a HashSet<PathBuf>,
    done: &'a Mutex<Vec<S>>,
    scanner: Option<Scanner<'a, S>>,
}

impl<S, F> Drop for Worker<'_, S, F> {
    fn drop(&mut self) {
        if let Some(scanner) = self.scanner.take() {
            self.done.lock().unwrap_or_else(PoisonError::into_inner).push(scanner.sink);
        }
    }
}

impl<S: Sink + Send, F: Fn() -> S + Sync> ParallelVisitor for Worker<'_, S, F> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        match entry {
            Ok(entry) => self.entry(&entry),
            Err(error) => {
                self.walk_error(&error, None);
                WalkState::Continue
            }
        }
    }
}

impl<'a, S: Sink + Send, F: Fn() -> S + Sync> Worker<'a, S, F> {
    fn scanner(&mut self) -> &mut Scanner<'a, S> {
        self.scanner.get_or_insert_with(|| Scanner::new((self.sink)(), self.options))
    }

    fn entry(&mut self, entry: &DirEntry) -> WalkState {
        let (path, named) = (entry.path(), entry.depth() == 0);
        if !named && !self.claimed.is_empty() && self.claimed.contains(path) {
            return WalkState::Skip;
        }
        let shown = shown(path);
        if self.is_excluded(&shown, entry.depth()) {
            return WalkState::Skip;
        }
        let kind = entry.file_type();
        if named && kind.is_some_and(|kind| !kind.is_dir()) {
            self.named(path, &shown);
        } else if kind.is_some_and(|kind| kind.is_file()) {
            self.file(path, &shown);
        }
        WalkState::Continue
    }

    /// Whether the path as shown is excluded, or its part under the directory walked.
    fn is_excluded(&self, shown: &str, depth: usize) -> bool {
        let exclude = &self.options.exclude;
        if exclude.is_empty() {
            return false;
        }
        let below = depth.checked_sub(1).and_then(|nth| memchr::memrchr_iter(b'/', shown.as_bytes()).nth(nth));
        exclude.is_match(shown) || below.is_some_and(|at| exclude.is_match(&shown[at + 1..]))
    }

    /// A file the user named: links are followed, and what is no file is said so.
    fn named(&mut self, path: &Path, shown: &str) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => self.file(path, shown),
            // A pipe or a device may never end, or wait for ever.
            Ok(_) => self.scanner().skip(shown, "not a regular file"),
            Err(error) => self.scanner().skip(shown, unreadable(&error)),
        }
    }

    fn file(&mut self, path: &Path, shown: &str) {
        let scanner = self.scanner();
        if let Err(error) = read(scanner, path, shown) {
            scanner.skip(shown, unreadable(&error));
        }
    }

    /// Tells of what the walk could not enter. Bad lines of ignore files are no concern of ours: they ignore nothing.
    fn walk_error(&mut self, error: &ignore::Error, path: Option<&Path>) {
        match error {
            ignore::Error::Partial(errors) => errors.iter().for_each(|error| self.walk_error(error, path)),
            ignore::Error::WithPath { path, err } => self.walk_error(err, Some(path)),
            ignore::Error::WithLineNumber { err, .. } | ignore::Error::WithDepth { err, .. } => {
                self.walk_error(err, path);
            }
            ignore::Error::Loop { child, .. } => self.scanner().skip(&shown(child), "a loop of symbolic links"),
            ignore::Error::Io(error) => {
                let place = path.map_or(Cow::Borrowed("(unknown)"), shown);
                self.scanner().skip(&place, unreadable(error));
            }
            _ => {}
        }
    }
}

/// Reads one file. If something else has taken its place since it was listed, that is passed over.
fn read<S: Sink>(scanner: &mut Scanner<'_, S>, path: &Path, shown: &str) -> io::Result<()> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(());
    }
    let item = Item { path: shown, size: Some(metadata.len()), level: 0, budget: None };
    scanner.content(item, Input::File(&mut file))
}

/// A path as reports show it: `/` between its parts, no leading `./`.
fn shown(path: &Path) -> Cow<'_, str> {
    let text = path.to_str().map_or_else(|| path.to_string_lossy(), Cow::Borrowed);
    let text = if MAIN_SEPARATOR == '/' { text } else { Cow::Owned(text.replace(MAIN_SEPARATOR, "/")) };
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(trimmed(text)),
        Cow::Owned(text) => Cow::Owned(trimmed(&text).to_owned()),
    }
}

fn trimmed(text: &str) -> &str {
    let inner = text.strip_prefix("./").unwrap_or(text);
    let inner = if inner.len() > 1 { inner.strip_suffix('/').unwrap_or(inner) } else { inner };
    if inner.is_empty() { "." } else { inner }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tempfile::TempDir;

    use super::super::testing::{Seen, options};
    use super::*;

    /// A directory with files; their content is their name.
    fn tree(names: &[&str]) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        directory
    }

    fn walk_all(paths: &[PathBuf], options: &Options) -> Seen {
        let sinks = walk(paths, options, Seen::default).unwrap();
        assert!(sinks.len() <= options.jobs + 1);
        let mut all = Seen::default();
        for sink in sinks {
            all.blobs.extend(sink.blobs);
            all.skipped.extend(sink.skipped);
            all.binaries.extend(sink.binaries);
        }
        all
    }

    /// Paths seen, as they lie in the tree.
    fn seen_in(directory: &TempDir, names: &[&str], options: &Options) -> Vec<String> {
        let paths: Vec<PathBuf> = names.iter().map(|name| directory.path().join(name)).collect();
        let seen = walk_all(&paths, options);
        let root = format!("{}/", directory.path().display());
        seen.paths().iter().map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect()
    }

    #[test]
    fn hidden_files_are_read_and_git_itself_is_not() {
        let tree = tree(&["a/b.yaml", ".env", ".git/config", "sub/.git/config", ".github/w.yml", "lib/.git"]);
        assert_eq!(seen_in(&tree, &[""], &options()), [".env", ".github/w.yml", "a/b.yaml", "lib/.git"]);
        assert_eq!(seen_in(&tree, &[".git"], &options()), [".git/config"], "named, it is read");
    }

    #[test]
    fn ignore_files_hold_outside_of_git_and_not_for_what_is_named() {
        let tree = tree(&["a.log", "deep/b.log", "deep/c.yaml", "d.tmp"]);
        fs::write(tree.path().join(".gitignore"), "*.log\n[bad\n").unwrap();
        fs::write(tree.path().join(".ignore"), "*.tmp\n").unwrap();
        assert_eq!(seen_in(&tree, &[""], &options()), [".gitignore", ".ignore", "deep/c.yaml"]);
        assert_eq!(seen_in(&tree, &["deep"], &options()), ["deep/c.yaml"], "parents hold too");
        assert_eq!(seen_in(&tree, &["", "a.log"], &options()), [".gitignore", ".ignore", "a.log", "deep/c.yaml"]);
        let all = Options { ignore_files: false, ..options() };
        assert_eq!(seen_in(&tree, &[""], &all).len(), 6);
    }

    #[test]
    fn a_missing_path_fails_the_run_before_anything_is_read() {
        let tree = tree(&["a"]);
        for missing in ["nope", "a/b"] {
            let paths = [tree.path().join("a"), tree.path().join(missing)];
            let error = walk(&paths, &options(), || -> Seen { panic!("no sink is needed") }).err().unwrap();
            assert_eq!(error.to_string(), format!("{}: no such file or directory", paths[1].display()));
        }
        assert!(walk(&[], &options(), Seen::default).unwrap().is_empty());
    }

    #[test]
    fn what_is_reached_twice_is_read_once() {
        let tree = tree(&["a/b/c.yaml", "a/d.yaml"]);
        let all = ["a/b/c.yaml", "a/d.yaml"];
        assert_eq!(seen_in(&tree, &["a", "a", "a/"], &options()), all);
        assert_eq!(seen_in(&tree, &["a", "a/b", "a/b/c.yaml", "a/./d.yaml"], &options()), all);
        assert_eq!(seen_in(&tree, &["a/b/c.yaml", "a/b", "a"], &options()), all);
        assert_eq!(seen_in(&tree, &["a/b/../d.yaml", "a/d.yaml"], &options()), ["a/b/../d.yaml"]);
    }

    #[test]
    fn paths_are_shown_as_given() {
        for (given, is_directory, tidy, seen) in [
            (".", true, "./", "."),
            ("./a/", true, "a/", "a"),
            ("a//b/./c", false, "a/b/c", "a/b/c"),
            ("../a", true, "../a/", "../a"),
            ("/", true, "/", "/"),
            ("-", false, "./-", "-"),
            ("./-", true, "./-/", "-"),
        ] {
            let tidied = tidied(Path::new(given), is_directory);
            assert_eq!(tidied.to_str().unwrap(), tidy, "{given}");
            assert_eq!(shown(&tidied), seen, "{given}");
        }
        assert_eq!(shown(Path::new("./a/b")), "a/b");
    }

    #[test]
    fn excluded_paths_are_left_out_as_shown_and_as_seen_from_the_root() {
        let tree = tree(&["vendor/a", "vendor/deep/b", "src/c", "src/vendor/d"]);
        let excluding = |glob: &str| {
            let mut set = globset::GlobSetBuilder::new();
            set.add(globset::Glob::new(glob).unwrap());
            Options { exclude: set.build().unwrap(), ..options() }
        };
        assert_eq!(seen_in(&tree, &[""], &excluding("vendor/**")), ["src/c", "src/vendor/d"]);
        assert_eq!(seen_in(&tree, &[""], &excluding("**/vendor")), ["src/c"]);
        let absolute = format!("{}/src/**", tree.path().display());
        assert_eq!(seen_in(&tree, &[""], &excluding(&absolute)), ["vendor/a", "vendor/deep/b"]);
        assert!(seen_in(&tree, &["src/c"], &excluding("**/c")).is_empty(), "named or not");
    }

    #[test]
    fn sizes_and_binaries() {
        let tree = tree(&["small"]);
        fs::write(tree.path().join("large"), "x".repeat(101)).unwrap();
        fs::write(tree.path().join("binary"), [0; 200]).unwrap();
        let sparse = File::create(tree.path().join("sparse")).unwrap();
        sparse.set_len(1 << 30).unwrap();
        let seen = walk_all(&[tree.path().to_owned()], &Options { max_file_size: 100, ..options() });
        let place = |name: &str| format!("{}/{name}", tree.path().display());
        assert_eq!(seen.paths(), [place("small")]);
        assert_eq!(seen.reason(&place("large")), "larger than --max-file-size (100 bytes)");
        assert_eq!(seen.binaries.len(), 2);
    }

    #[test]
    fn a_long_line_comes_in_windows() {
        let tree = tree(&[]);
        let path = tree.path().join("line");
        fs::write(&path, "q".repeat(50 << 20)).unwrap();
        let seen = walk_all(std::slice::from_ref(&path), &options());
        assert_eq!(seen.blobs.iter().map(|blob| blob.3).sum::<u64>(), 50 << 20);
        let last = seen.blobs.last().unwrap();
        assert_eq!((last.2.line, last.2.column as usize + last.1.len()), (0, 50 << 20));
    }

    #[test]
    fn zip_files_are_read_in_place() {
        let tree = tree(&[]);
        let path = tree.path().join("app.jar");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for name in ["a.yaml", "b/c.yaml"] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(name.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(seen_in(&tree, &["app.jar"], &options()), ["app.jar!/a.yaml", "app.jar!/b/c.yaml"]);
        assert_eq!(fs::read_dir(tree.path()).unwrap().count(), 1, "nothing is written");
    }

    #[test]
    fn every_worker_count_sees_the_same() {
        let names: Vec<String> = (0..300).map(|i| format!("d{}/f{i}.yaml", i % 7)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let tree = tree(&names);
        let expected = seen_in(&tree, &[""], &Options { jobs: 1, ..options() });
        assert_eq!(expected.len(), 300);
        assert_eq!(seen_in(&tree, &[""], &Options { jobs: 8, ..options() }), expected);
        assert_eq!(
            walk_all(&[tree.path().to_owned()], &Options { jobs: 1, ..options() })
                .text(&shown(&tree.path().join("d0/f0.yaml"))),
            "d0/f0.yaml"
        );
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        use std::os::unix::net::UnixListener;

        use super::*;

        #[test]
        fn links_are_followed_only_when_named() {
            let tree = tree(&["real/a", "other/b"]);
            symlink(tree.path().join("other"), tree.path().join("real/dir")).unwrap();
            symlink(tree.path().join("other/b"), tree.path().join("real/file")).unwrap();
            symlink(tree.path().join("real"), tree.path().join("real/loop")).unwrap();
            assert_eq!(seen_in(&tree, &["real"], &options()), ["real/a"]);
            assert_eq!(seen_in(&tree, &["real/file"], &options()), ["real/file"]);
            assert_eq!(seen_in(&tree, &["real/dir"], &options()), ["real/dir/b"]);
            assert_eq!(seen_in(&tree, &["real/loop"], &options()), ["real/loop/a"]);
        }

        #[test]
        fn a_link_that_leads_nowhere_is_missing_and_one_to_itself_is_skipped() {
            let tree = tree(&[]);
            let (dangling, itself) = (tree.path().join("dangling"), tree.path().join("itself"));
            symlink("nowhere", &dangling).unwrap();
            symlink("itself", &itself).unwrap();
            assert!(walk(&[dangling], &options(), Seen::default).is_err());
            let seen = walk_all(std::slice::from_ref(&itself), &options());
            assert!(seen.reason(&shown(&itself)).starts_with("cannot be read"));
            assert_eq!(walk_all(&[tree.path().to_owned()], &options()).skipped, []);
        }

        #[test]
        fn sockets_are_passed_over_and_told_of_when_named() {
            let tree = tree(&["a"]);
            let socket = tree.path().join("socket");
            let _listener = UnixListener::bind(&socket).unwrap();
            let seen = walk_all(&[tree.path().to_owned()], &options());
            assert_eq!((seen.blobs.len(), seen.skipped.len()), (1, 0));
            let seen = walk_all(&[socket.clone(), PathBuf::from("/dev/null")], &options());
            assert_eq!(seen.reason(&shown(&socket)), "not a regular file");
            assert_eq!(seen.reason("/dev/null"), "not a regular file");
        }

        #[test]
        fn what_may_not_be_read_is_told() {
            let tree = tree(&["open/a", "shut/b", "file"]);
            for name in ["shut", "file"] {
                fs::set_permissions(tree.path().join(name), fs::Permissions::from_mode(0o000)).unwrap();
            }
            let root_reads_anything = File::open(tree.path().join("file")).is_ok();
            let seen = walk_all(&[tree.path().to_owned()], &options());
            fs::set_permissions(tree.path().join("shut"), fs::Permissions::from_mode(0o700)).unwrap();
            if root_reads_anything {
                return;
            }
            assert_eq!(seen.blobs.len(), 1);
            for name in ["shut", "file"] {
                assert_eq!(seen.reason(&shown(&tree.path().join(name))), "cannot be read: permission denied");
            }
        }
    }
}
