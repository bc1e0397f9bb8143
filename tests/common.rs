//! What several tests need.

use std::path::Path;

use ksecrets::hunt::Hunter;
use ksecrets::model::Report;
use ksecrets::source;

/// Hunts a folder through the library, with paths relative to it.
pub(crate) fn hunt_folder(hunter: &Hunter, folder: &Path, jobs: usize) -> Report {
    let options = source::Options {
        jobs,
        ignore_files: true,
        max_file_size: 1 << 30,
        exclude: globset::GlobSet::empty(),
        archives: true,
    };
    let prefix = format!("{}/", folder.display());
    let mut workers = source::walk(&[folder.to_path_buf()], &options, || hunter.worker()).unwrap();
    let mut files: Vec<_> = workers.iter().flat_map(|worker| worker.generator_files().to_vec()).collect();
    files.retain(|file| Path::new(&file.path).is_file());
    files.sort();
    files.dedup();
    let paths: Vec<_> = files.iter().map(|file| file.path.clone().into()).collect();
    workers.extend(source::walk(&paths, &options, || hunter.generator_worker(&files)).unwrap());
    let mut report = hunter.report(workers);
    for finding in &mut report.findings {
        if let Some(path) = &mut finding.location.path {
            *path = path.trim_start_matches(&prefix).to_owned();
        }
    }
    report
}
