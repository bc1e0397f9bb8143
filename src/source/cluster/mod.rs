//! The objects of a running cluster: discovered, listed in pages, handed over one by one, never kept.
//!
//! Nothing but `get` and `list` is asked for. What cannot be listed is told with the permission that is missing.

mod connection;
mod listing;
mod page;
mod patience;
mod resource;
mod role;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use super::Sink;
use crate::model::Skipped;

pub use connection::{ClusterError, Connection, Unanswered};
pub use resource::{Resource, Selection};
pub use role::cluster_role;

use listing::Listing;
use page::Page;

/// Resources that are listed at the same time: more of them wait for the server, not for us.
const AT_ONCE: usize = 4;

/// How to read a cluster.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that scan what was read.
    pub jobs: usize,
    /// Only objects of these namespaces, when there are any.
    pub namespaces: Vec<String>,
    /// Whether only the metadata of Secrets is asked for, so that no value leaves the server.
    pub metadata_only: bool,
    /// When to stop, whatever is still unread.
    pub timeout: Duration,
}

/// What reaches the threads that scan.
enum Event {
    Page(Page),
    Skipped(Skipped),
}

/// Lists `resources` and hands over every object; gives back the sinks, one a thread. Which sink saw which object
/// differs from run to run.
pub fn read<S: Sink + Send>(
    connection: &Connection,
    resources: Vec<Resource>,
    options: &Options,
    sink: impl Fn() -> S + Sync,
) -> Vec<S> {
    let (sender, receiver) = mpsc::channel(options.jobs);
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        let scanners: Vec<_> = (0..options.jobs).map(|_| scope.spawn(|| scan(&receiver, sink()))).collect();
        connection.block_on(list(connection, resources, options, sender));
        scanners.into_iter().filter_map(|scanner| scanner.join().ok()).collect()
    })
}

/// Hands over what comes until nothing more does.
fn scan<S: Sink>(receiver: &Mutex<Receiver<Event>>, mut sink: S) -> S {
    loop {
        let event = receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match event {
            Some(Event::Page(page)) => page.hand_over(&mut sink),
            Some(Event::Skipped(skipped)) => sink.skip(skipped),
            None => return sink,
        }
    }
}

/// Lists everything, until it is done, interrupted or out of time.
async fn list(connection: &Connection, resources: Vec<Resource>, options: &Options, events: Sender<Event>) {
    let unread: Arc<Mutex<BTreeSet<Resource>>> = Arc::new(Mutex::new(resources.iter().cloned().collect()));
    let queue = Arc::new(Mutex::new(VecDeque::from(resources)));
    let listing = Listing::new(connection.client(), options, events.clone());
    let mut tasks = JoinSet::new();
    let asked = listing.clone();
    tasks.spawn(async move { asked.check_namespaces().await });
    for _ in 0..AT_ONCE {
        let (queue, unread, listing) = (Arc::clone(&queue), Arc::clone(&unread), listing.clone());
        tasks.spawn(async move {
            while let Some(resource) = next(&queue) {
                listing.list(&resource).await;
                unread.lock().unwrap_or_else(PoisonError::into_inner).remove(&resource);
            }
        });
    }
    // The channel must close when the last task ends.
    drop(listing);
    let done = async { while tasks.join_next().await.is_some() {} };
    let stopped = tokio::select! {
        () = done => None,
        () = connection.interrupted() => Some("not read to its end: interrupted".to_owned()),
        () = tokio::time::sleep(options.timeout) => {
            Some(format!("not read to its end: --timeout of {} s is over", options.timeout.as_secs()))
        }
    };
    let Some(reason) = stopped else { return };
    let unread = std::mem::take(&mut *unread.lock().unwrap_or_else(PoisonError::into_inner));
    for resource in unread {
        let skipped = Skipped { place: resource.to_string(), reason: reason.clone(), unread: true };
        let _ = events.send(Event::Skipped(skipped)).await;
    }
}

fn next(queue: &Mutex<VecDeque<Resource>>) -> Option<Resource> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}
