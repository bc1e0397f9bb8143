//! A running etcd, or what speaks like one (kine): read in pages, nothing but `Range`, nothing kept.

mod codec;
mod message;

use std::error::Error;
use std::io;
use std::time::Duration;

use http::uri::PathAndQuery;
use tokio::runtime::Builder;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};
use zeroize::Zeroizing;

use super::{Census, Evidence, Options, Origin};
use codec::Raw;
use message::{Page, Range};

/// Objects of a page. Half of it is asked for when an answer is too large, and so on.
const PAGE: u64 = 200;
/// Largest answer.
const LARGEST: usize = 32 << 20;

/// Where etcd listens, and who asks it.
pub struct Server {
    /// `https://127.0.0.1:2379`; the next is asked when one cannot be reached. All members hold the same.
    pub endpoints: Vec<String>,
    /// Certificates in PEM that the server's must come from: `--cacert`.
    pub authority: Option<Vec<u8>>,
    /// Certificate and private key in PEM: `--cert` and `--key`.
    pub identity: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
    /// Longest time for one answer.
    pub timeout: Duration,
}

/// Why a running etcd could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EtcdError {
    /// What the user gave is no address, certificate or key.
    #[error("{endpoint}: {reason}")]
    Configuration {
        /// The address.
        endpoint: String,
        /// What is wrong.
        reason: String,
    },
    /// Nobody listens, or the network is in the way.
    #[error("cannot reach {endpoint}: {reason}")]
    Unreachable {
        /// The address.
        endpoint: String,
        /// What went wrong.
        reason: String,
    },
    /// One side does not trust the other's certificate, or one of them does not speak TLS.
    #[error("{endpoint}: no TLS connection: {reason}; are --cacert, --cert and --key those of etcd?")]
    Tls {
        /// The address.
        endpoint: String,
        /// What went wrong.
        reason: String,
    },
    /// etcd has accounts, and this one may not read the prefix.
    #[error("{endpoint}: not allowed to read {prefix}: {reason}")]
    Forbidden {
        /// The address.
        endpoint: String,
        /// The prefix.
        prefix: String,
        /// What etcd says.
        reason: String,
    },
    /// Something else listens there.
    #[error("{endpoint}: not an etcd: {reason}")]
    NotEtcd {
        /// The address.
        endpoint: String,
        /// What it said.
        reason: String,
    },
    /// No answer in time.
    #[error("{endpoint}: no answer within {} s", timeout.as_secs())]
    Timeout {
        /// The address.
        endpoint: String,
        /// The time.
        timeout: Duration,
    },
    /// etcd answers that it cannot.
    #[error("{endpoint}: {reason}")]
    Failed {
        /// The address.
        endpoint: String,
        /// What etcd says.
        reason: String,
    },
    /// Our own side cannot work.
    #[error("cannot start")]
    Runtime(#[from] io::Error),
}

/// Counts what a running etcd holds under the prefixes, as of one revision. There are no old revisions in its answers,
/// and no residue.
///
/// # Errors
/// When no endpoint answers, or one answers that it will not.
pub fn read(server: &Server, options: &Options) -> Result<Evidence, EtcdError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut unreachable =
            EtcdError::Configuration { endpoint: "--etcd".to_owned(), reason: "no endpoint is given".to_owned() };
        for endpoint in &server.endpoints {
            match Reader::connect(endpoint, server).await {
                Ok(mut reader) => return reader.read(options).await,
                Err(error) => unreachable = error,
            }
        }
        Err(unreachable)
    })
}

/// A connection to one member.
struct Reader {
    endpoint: String,
    grpc: Grpc<Channel>,
    timeout: Duration,
    /// The revision that is read, once it is known.
    revision: u64,
    unsettled: bool,
}

impl Reader {
    async fn connect(endpoint: &str, server: &Server) -> Result<Self, EtcdError> {
        let wrong =
            |error: &dyn Error| EtcdError::Configuration { endpoint: endpoint.to_owned(), reason: chain(error) };
        if !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme)) {
            let reason = format!("'{endpoint}' is no endpoint: one begins with https:// or http://");
            return Err(EtcdError::Configuration { endpoint: "--etcd".to_owned(), reason });
        }
        let mut address = Endpoint::from_shared(endpoint.to_owned()).map_err(|error| wrong(&error))?;
        if address.uri().scheme_str() == Some("https") {
            address = address.tls_config(tls(server)).map_err(|error| wrong(&error))?;
        }
        let address = address.connect_timeout(server.timeout);
        let timeout = || EtcdError::Timeout { endpoint: endpoint.to_owned(), timeout: server.timeout };
        let connected = tokio::time::timeout(server.timeout, address.connect()).await.map_err(|_| timeout())?;
        let channel = connected.map_err(|error| unreachable(endpoint, chain(&error)))?;
        let grpc = Grpc::new(channel).max_decoding_message_size(LARGEST);
        Ok(Self { endpoint: endpoint.to_owned(), grpc, timeout: server.timeout, revision: 0, unsettled: false })
    }

    async fn read(&mut self, options: &Options) -> Result<Evidence, EtcdError> {
        let mut census = Census::new(options.prefixes.clone());
        for prefix in options.prefixes.iter() {
            self.read_prefix(prefix, &mut census).await?;
        }
        census.sort();
        let (revision, unsettled) = (self.revision, self.unsettled);
        Ok(Evidence { origin: Origin::Etcd, revision, census, unseen: Vec::new(), residue: None, unsettled })
    }

    async fn read_prefix(&mut self, prefix: &str, census: &mut Census) -> Result<(), EtcdError> {
        let end = message::after(prefix.as_bytes());
        let mut range = Range { key: prefix.as_bytes().to_vec(), end, limit: PAGE, revision: self.revision };
        loop {
            range.revision = self.revision;
            let answer = match self.ask(&range).await {
                Ok(answer) => answer,
                Err(status) if is_compacted(&status) && self.revision != 0 => {
                    // What is in force now is as good, only not all of one moment.
                    (self.revision, self.unsettled) = (0, true);
                    continue;
                }
                Err(status) if is_too_large(&status) && range.limit > 1 => {
                    range.limit /= 2;
                    continue;
                }
                Err(status) => return Err(self.explain(&status, prefix)),
            };
            let page = Page::read(&answer, |stored| census.take(stored));
            let page = page.map_err(|_| self.not_etcd("its answer has another form"))?;
            self.revision = if self.revision == 0 { page.revision } else { self.revision };
            match page.last {
                // The key after this one.
                Some(last) if page.more && last >= range.key => range.key = [last.as_slice(), &[0]].concat(),
                Some(_) if page.more => return Err(self.not_etcd("its keys are not in order")),
                _ => return Ok(()),
            }
        }
    }

    async fn ask(&mut self, range: &Range) -> Result<bytes::Bytes, Status> {
        let path = PathAndQuery::from_static("/etcdserverpb.KV/Range");
        let grpc = &mut self.grpc;
        let answer = async {
            grpc.ready().await.map_err(|error| Status::unavailable(chain(&error)))?;
            grpc.unary(Request::new(range.write()), path, Raw).await
        };
        let answer = tokio::time::timeout(self.timeout, answer).await;
        Ok(answer.map_err(|_| Status::deadline_exceeded(""))??.into_inner())
    }

    fn not_etcd(&self, reason: &str) -> EtcdError {
        EtcdError::NotEtcd { endpoint: self.endpoint.clone(), reason: reason.to_owned() }
    }

    fn explain(&self, status: &Status, prefix: &str) -> EtcdError {
        let endpoint = self.endpoint.clone();
        let reason = match status.source() {
            Some(source) => format!("{}: {}", status.message(), chain(source)),
            None => status.message().to_owned(),
        };
        match status.code() {
            Code::DeadlineExceeded => EtcdError::Timeout { endpoint, timeout: self.timeout },
            Code::PermissionDenied | Code::Unauthenticated => {
                EtcdError::Forbidden { endpoint, prefix: prefix.to_owned(), reason }
            }
            // With accounts and without a name etcd calls the request wrong.
            Code::InvalidArgument if reason.contains("user name") => {
                EtcdError::Forbidden { endpoint, prefix: prefix.to_owned(), reason }
            }
            Code::Unavailable | Code::Unknown if is_tls(&reason) => EtcdError::Tls { endpoint, reason },
            // Connected, and then nothing. With TLS 1.3 a server refuses a client's certificate only now, and its
            // reason may come too late.
            Code::Unavailable | Code::Unknown | Code::Cancelled
                if self.revision == 0 && endpoint.starts_with("https:") =>
            {
                EtcdError::Tls { endpoint, reason }
            }
            Code::Cancelled if self.revision == 0 => EtcdError::NotEtcd { endpoint, reason },
            Code::Unimplemented | Code::Unknown | Code::Internal => EtcdError::NotEtcd { endpoint, reason },
            Code::Unavailable | Code::Cancelled => EtcdError::Unreachable { endpoint, reason },
            _ => EtcdError::Failed { endpoint, reason },
        }
    }
}

fn tls(server: &Server) -> ClientTlsConfig {
    let mut tls = ClientTlsConfig::new();
    if let Some(authority) = &server.authority {
        tls = tls.ca_certificate(Certificate::from_pem(authority));
    }
    if let Some((certificate, key)) = &server.identity {
        tls = tls.identity(Identity::from_pem(certificate, key.as_slice()));
    }
    tls
}

fn unreachable(endpoint: &str, reason: String) -> EtcdError {
    let endpoint = endpoint.to_owned();
    if is_tls(&reason) { EtcdError::Tls { endpoint, reason } } else { EtcdError::Unreachable { endpoint, reason } }
}

/// The types of the TLS library do not come through; what it says does.
fn is_tls(reason: &str) -> bool {
    ["certificate", "fatal alert", "corrupt message", "tls", "TLS"].iter().any(|word| reason.contains(word))
}

fn is_compacted(status: &Status) -> bool {
    status.code() == Code::OutOfRange && status.message().contains("compacted")
}

fn is_too_large(status: &Status) -> bool {
    matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted) && status.message().contains("too large")
}

/// An error and its reasons, each said once.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        source = error.source();
    }
    // What the library puts before everything, and says nothing.
    text.strip_prefix("transport error: ").map(str::to_owned).unwrap_or(text)
}
