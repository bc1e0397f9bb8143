//! Who asks: certificates, tokens, kubeconfigs.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Runs what is asynchronous. Tests are not, so one runtime serves all of them, and a client may outlive its test.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    RUNTIME.block_on(future)
}

/// A certificate and its key, as PEM.
pub(super) struct Certified {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// The authority that server and clients trust.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// An authority that lives as long as this value: its key is written nowhere.
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "ksecrets tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, as PEM.
    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server on this machine.
    pub(super) fn server(&self) -> Certified {
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        self.certify(CertificateParams::new(names).unwrap(), ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// For a user: Kubernetes reads the name from CN and the groups from each O.
    ///
    /// # Panics
    /// For more than two groups. A name holds one value of each type here, and an organization has two spellings.
    pub(super) fn client(&self, name: &str, groups: &[&str]) -> Certified {
        let spellings = [DnType::OrganizationName, DnType::CustomDnType(vec![2, 5, 4, 10])];
        assert!(groups.len() <= spellings.len(), "{name} has too many groups for a certificate");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        for (spelling, group) in spellings.into_iter().zip(groups) {
            params.distinguished_name.push(spelling, *group);
        }
        self.certify(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn certify(&self, mut params: CertificateParams, purpose: ExtendedKeyUsagePurpose) -> Certified {
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Certified { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// How somebody proves who they are.
pub(super) enum Proof {
    Certificate(Certified),
    Token(String),
}

impl Proof {
    /// As the user of a kubeconfig.
    fn user(&self) -> Value {
        match self {
            Self::Certificate(Certified { certificate, key }) => json!({
                "client-certificate-data": STANDARD.encode(certificate),
                "client-key-data": STANDARD.encode(key),
            }),
            Self::Token(token) => json!({ "token": token }),
        }
    }
}

/// A kubeconfig: YAML, as all JSON is.
pub(super) fn kubeconfig(url: &str, authority: &Authority, proof: &Proof) -> String {
    let cluster = json!({ "server": url, "certificate-authority-data": STANDARD.encode(authority.pem()) });
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": cluster }],
        "users": [{ "name": "test", "user": proof.user() }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        "current-context": "test",
    });
    kubeconfig.to_string()
}

/// Somebody who can ask the server.
pub(crate) struct Identity {
    name: String,
    kubeconfig: PathBuf,
    client: Client,
    /// Goes with every request.
    headers: Vec<(&'static str, String)>,
}

impl Identity {
    /// Whoever a kubeconfig says.
    pub(super) fn new(name: &str, kubeconfig: PathBuf) -> Self {
        let file = Kubeconfig::read_from(&kubeconfig).unwrap();
        let client = block_on(async {
            let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
            config.proxy_url = None; // whatever proxy the environment names, it has no part in this
            client(config)
        });
        Self { name: name.to_owned(), kubeconfig, client, headers: Vec::new() }
    }

    /// The same, asking as somebody else. That it may is for the server to say.
    pub(crate) fn impersonating(&self, name: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|&group| ("impersonate-group", group.to_owned()));
        let user = Some(name).filter(|name| !name.is_empty()).map(|name| ("impersonate-user", name.to_owned()));
        Self {
            name: name.to_owned(),
            kubeconfig: self.kubeconfig.clone(),
            client: self.client.clone(),
            headers: user.into_iter().chain(groups).collect(),
        }
    }

    /// As RBAC knows them.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A file for programs to use.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// For what the short ways below do not do. To be used within [`block_on`].
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Asks with `GET`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &Value::Null)
    }

    /// Asks with `POST`.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, body)
    }

    /// Asks with `PUT`.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path, body)
    }

    /// Asks with a merge patch.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask("PATCH", path, body)
    }

    /// Asks with `DELETE`; its options go into the query.
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &Value::Null)
    }

    /// Whether the server would let them.
    pub(crate) fn may(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        let attributes = json!({ "verb": verb, "resource": resource, "namespace": namespace });
        let review = json!({ "spec": { "resourceAttributes": attributes } });
        let answer = self.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["status"]["allowed"] == true
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let answer = block_on(ask_with(&self.client, &self.headers, method, path, body));
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }
}

/// What the server said, whether it is what one hoped for or not.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Null if it was no JSON.
    pub(crate) body: Value,
}

/// A client that asks once: a test wants to see a refusal, not to wait it out.
pub(super) fn client(mut config: Config) -> Client {
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

/// Asks for a path. An error is a server that does not answer.
pub(super) async fn ask(client: &Client, method: &str, path: &str, body: &Value) -> Result<Answer, kube::Error> {
    ask_with(client, &[], method, path, body).await
}

async fn ask_with(
    client: &Client,
    headers: &[(&str, String)],
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Answer, kube::Error> {
    let content = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder().method(method).uri(path).header("content-type", content);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let response = client.send(request.body(Body::from(body)).unwrap()).await?;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect_bytes().await?;
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
}
