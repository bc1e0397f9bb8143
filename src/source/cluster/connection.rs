//! A connection to an API server, from a kubeconfig or from inside a pod.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tokio::runtime::{Builder, Runtime};

use super::resource::{self, Resource, Selection};
use crate::model::Skipped;

/// Longest time that an answer may take to begin, or to go on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there is nothing to read from.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The user's configuration is missing or wrong.
    #[error("no cluster to read: {0}; is KUBECONFIG or --context right?")]
    Configuration(String),
    /// The server cannot be reached, or its certificate is not trusted.
    #[error("cannot reach the cluster {name}: {reason}")]
    Unreachable {
        /// The context.
        name: String,
        /// What went wrong.
        reason: String,
    },
    /// The server does not know who asks.
    #[error("the cluster {name} does not accept these credentials: they are wrong or expired")]
    Unauthorized {
        /// The context.
        name: String,
    },
    /// The server does not say what it serves.
    #[error("the cluster {name} does not say what it serves: {reason}")]
    Discovery {
        /// The context.
        name: String,
        /// What it said in its stead.
        reason: String,
    },
    /// Our own side cannot work.
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Why the server does not answer at a path.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// It serves nothing there.
    #[error("the server has no such thing")]
    Missing,
    /// Whoever asks has no right to.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// Time was over.
    #[error("no answer in time")]
    Late,
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// An API server and who asks it.
pub struct Connection {
    runtime: Runtime,
    client: Client,
    name: String,
    namespace: String,
    timeout: Duration,
    stopped: AtomicBool,
}

impl Connection {
    /// Takes the context of the kubeconfig that `KUBECONFIG` or the home folder has, or the service account of the pod
    /// that we run in. The server may take as long as `timeout` to say what it is.
    ///
    /// # Errors
    /// When the configuration is missing or wrong. The server is not asked yet.
    pub fn open(context: Option<&str>, timeout: Duration) -> Result<Self, ClusterError> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (config, name) = runtime.block_on(configure(context))?;
        let namespace = config.default_namespace.clone();
        let client = runtime
            .block_on(async { Client::try_from(config) })
            .map_err(|error| ClusterError::Configuration(chain(&error)))?;
        Ok(Self { runtime, client, name, namespace, timeout, stopped: AtomicBool::new(false) })
    }

    /// The context, or `in-cluster`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace that the context is about.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What the server serves of what is wanted, and what it could not tell.
    ///
    /// # Errors
    /// When the server cannot be reached, does not know who asks, or does not answer in time.
    pub fn resources(&self, selection: &Selection) -> Result<(Vec<Resource>, Vec<Skipped>), ClusterError> {
        let discovered = self.in_time(resource::discover(&self.client)).ok_or_else(|| {
            let reason = format!("no answer within the --timeout of {} s", self.timeout.as_secs());
            ClusterError::Discovery { name: self.name.clone(), reason }
        })?;
        let discovered = discovered.map_err(|error| self.explain(&error))?;
        Ok(selection.choose(discovered))
    }

    /// What the server calls its version, `v1.36.3`, if it says.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.in_time(self.client.apiserver_version())?.ok().map(|info| info.git_version)
    }

    /// What the server answers at a path: `/metrics`, or a list.
    ///
    /// # Errors
    /// Why there is no answer, naming the right that is missing where one is.
    pub fn ask(&self, path: &str) -> Result<String, Unanswered> {
        self.send(http::Request::get(path).body(Vec::new()))
    }

    /// Creates an object in a list.
    ///
    /// # Errors
    /// As for [`Self::ask`].
    pub fn create(&self, path: &str, object: Vec<u8>) -> Result<String, Unanswered> {
        self.send(http::Request::post(path).header(http::header::CONTENT_TYPE, "application/json").body(object))
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// As for [`Self::ask`].
    pub fn delete(&self, path: &str) -> Result<String, Unanswered> {
        self.send(http::Request::delete(path).body(Vec::new()))
    }

    fn send(&self, request: http::Result<http::Request<Vec<u8>>>) -> Result<String, Unanswered> {
        let request = request.map_err(|error| Unanswered::Failed(error.to_string()))?;
        let answer = self.in_time(self.client.request_text(request)).ok_or(Unanswered::Late)?;
        answer.map_err(|error| match &error {
            kube::Error::Api(status) if status.code == 404 => Unanswered::Missing,
            kube::Error::Api(status) if matches!(status.code, 401 | 403) => {
                Unanswered::Forbidden(status.message.clone())
            }
            error => Unanswered::Failed(chain(error)),
        })
    }

    /// None when time is over.
    fn in_time<F: Future>(&self, future: F) -> Option<F::Output> {
        // A timer can be made within the runtime only.
        self.block_on(async { tokio::time::timeout(self.timeout, future).await }).ok()
    }

    /// Ends when the user wants to stop. Whoever wanted that once does not have to say it to the next reading.
    pub(super) async fn interrupted(&self) {
        if !self.stopped.load(Ordering::Relaxed) {
            let _ = tokio::signal::ctrl_c().await;
            self.stopped.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    fn explain(&self, error: &kube::Error) -> ClusterError {
        let name = self.name.clone();
        match error {
            kube::Error::Api(status) if status.code == 401 => ClusterError::Unauthorized { name },
            kube::Error::Auth(_) => ClusterError::Configuration(chain(error)),
            kube::Error::Api(status) => ClusterError::Discovery { name, reason: status.message.clone() },
            kube::Error::SerdeError(_) => ClusterError::Discovery { name, reason: chain(error) },
            _ => ClusterError::Unreachable { name, reason: chain(error) },
        }
    }
}

async fn configure(context: Option<&str>) -> Result<(Config, String), ClusterError> {
    let fail = |error: &KubeconfigError| ClusterError::Configuration(wrong(error));
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let (mut config, name) = match Kubeconfig::read() {
        Ok(file) => {
            let name = context.map(str::to_owned).or_else(|| file.current_context.clone());
            let config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| fail(&error))?;
            (config, name.unwrap_or_else(|| "kubeconfig".to_owned()))
        }
        // Without any file we may be in a pod. A file that is there and wrong is the user's to mend.
        Err(missing @ (KubeconfigError::FindPath | KubeconfigError::ReadConfig(..))) if context.is_none() => {
            let config = Config::incluster().map_err(|_| fail(&missing))?;
            (config, "in-cluster".to_owned())
        }
        Err(error) => return Err(fail(&error)),
    };
    config.read_timeout = Some(PATIENCE);
    config.default_retry = false; // as `patience` says
    Ok((config, name))
}

/// What is wrong with a kubeconfig, in the user's words where the common ones are concerned.
fn wrong(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(cause, path) => format!("cannot read {}: {}", path.display(), cause.kind()),
        KubeconfigError::FindPath => "there is no kubeconfig".to_owned(),
        KubeconfigError::CurrentContextNotSet => "the kubeconfig has no current context".to_owned(),
        KubeconfigError::LoadContext(name) => format!("the kubeconfig has no context '{name}'"),
        error => chain(error),
    }
}

/// An error with its causes: the outer ones say only that something failed.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    // Which layer of the client it was concerns nobody.
    let mut text = error.to_string().trim_start_matches("ServiceError: ").to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}
