//! A real kube-apiserver and etcd to test against.
//!
//! Nothing is faked: what a test learns here, it learns from the server that clusters run. There are no controllers and
//! no nodes, so a Deployment makes no pods and a deleted namespace stays.

mod identity;
mod namespace;
mod programs;
mod server;
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use kube::{Client, Config};
use rcgen::KeyPair;
use serde_json::{Value, json};

pub(crate) use identity::{Answer, Identity, block_on};
pub(crate) use namespace::Namespace;
pub(crate) use programs::{audit, encryption};

use identity::{Authority, Proof};
use programs::Programs;
use server::Server;

/// Longest time that a start may take. It takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running control plane. It ends when it is dropped, or with the test process.
pub(crate) struct ControlPlane {
    server: Server,
    authority: Authority,
    url: String,
    admin: Identity,
    etcd: Client,
    etcd_url: String,
    /// How many names were given away.
    names: AtomicU32,
}

impl ControlPlane {
    /// The one that tests share, or none where there are no programs. It starts when it is first asked for.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: LazyLock<ControlPlane> =
            LazyLock::new(|| ControlPlane::start(&[]).expect("the programs were there"));
        Programs::find().map(|_| &*SHARED)
    }

    /// One of the test's own, for what would disturb others: more flags for the apiserver, which go last and so win.
    pub(crate) fn start(flags: &[&str]) -> Option<Self> {
        let programs = Programs::find()?;
        let (mut server, authority) = (Server::new(), Authority::new());
        let [etcd, apiserver] = server::free_ports();
        let etcd_url = format!("http://127.0.0.1:{etcd}");
        server.run("etcd", &programs.etcd, &etcd_flags(&etcd_url));
        let (url, admin) = serve(&mut server, &authority, &etcd_url, apiserver, flags);
        let etcd = block_on(async { identity::client(Config::new(etcd_url.parse().unwrap())) });
        let mut plane = Self { server, authority, url, admin, etcd, etcd_url, names: AtomicU32::new(0) };
        plane.wait();
        Some(plane)
    }

    /// One of the test's own that stores in kine's SQLite, as k3s does: `state.db` in the folder. None without kine; that
    /// is said.
    pub(crate) fn on_kine() -> Option<Self> {
        let (_, kine) = (Programs::find()?, programs::kine()?);
        let (mut server, authority) = (Server::new(), Authority::new());
        let [port, apiserver] = server::free_ports();
        let etcd_url = format!("http://127.0.0.1:{port}");
        server.run("kine", &kine, &kine_flags(&etcd_url));
        let (url, admin) = serve(&mut server, &authority, &etcd_url, apiserver, &[]);
        let etcd = block_on(async { identity::client(Config::new(etcd_url.parse().unwrap())) });
        let mut plane = Self { server, authority, url, admin, etcd, etcd_url, names: AtomicU32::new(0) };
        plane.wait();
        Some(plane)
    }

    /// Ends the apiserver and starts another, with other flags, before the same etcd.
    pub(crate) fn restart(&mut self, flags: &[&str]) {
        self.server.end("kube-apiserver");
        let [port] = server::free_ports();
        (self.url, self.admin) = serve(&mut self.server, &self.authority, &self.etcd_url, port, flags);
        self.wait();
    }

    /// Ends kine, and starts it anew with more flags: it empties the log and vacuums its database when it starts.
    pub(crate) fn restart_kine(&mut self, more: &[&str]) {
        self.server.end("kine");
        let mut flags = kine_flags(&self.etcd_url);
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        self.server.run("kine", &programs::kine().unwrap(), &flags);
        thread::sleep(Duration::from_secs(1));
        self.wait();
    }

    /// Ends the apiserver and leaves etcd alone.
    pub(crate) fn stop(&mut self) {
        self.server.end("kube-apiserver");
    }

    /// Waits until the server says that it is ready.
    fn wait(&mut self) {
        let begin = Instant::now();
        while !self.is_ready() {
            if let Some(program) = self.server.ended() {
                panic!("{program} ended{}", self.server.logs());
            }
            assert!(begin.elapsed() < PATIENCE, "the apiserver is not ready{}", self.server.logs());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn is_ready(&self) -> bool {
        let answer = block_on(identity::ask(&self.admin.client(), "GET", "/readyz", &Value::Null));
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// Where the server answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the programs have their files and logs. Gone when they are.
    pub(crate) fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// Who may do everything: a member of `system:masters`, whom RBAC does not ask.
    pub(crate) fn admin(&self) -> &Identity {
        &self.admin
    }

    /// Somebody with a certificate, in two groups at most.
    pub(crate) fn user(&self, name: &str, groups: &[&str]) -> Identity {
        self.identity(name, &Proof::Certificate(self.authority.client(name, groups)))
    }

    /// Whoever a token says.
    pub(crate) fn bearer(&self, name: &str, token: &str) -> Identity {
        self.identity(name, &Proof::Token(token.to_owned()))
    }

    /// A new namespace. Its name begins as told.
    pub(crate) fn namespace(&self, prefix: &str) -> Namespace<'_> {
        Namespace::new(self, format!("{prefix}-{}", self.number()))
    }

    /// The bytes that etcd holds under a key, such as `/registry/secrets/<namespace>/<name>`.
    pub(crate) fn stored(&self, key: &str) -> Option<Vec<u8>> {
        let range = json!({ "key": STANDARD.encode(key) });
        let answer = block_on(identity::ask(&self.etcd, "POST", "/v3/kv/range", &range)).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        let value = answer.body["kvs"][0]["value"].as_str()?;
        Some(STANDARD.decode(value).unwrap())
    }

    /// Starts the KMS plugin of the tests with a key, in place of the one that runs. It answers on `kms.sock` in the
    /// folder. None without Go; that is said.
    pub(crate) fn kms(&mut self, key: &str) -> Option<PathBuf> {
        let plugin = programs::kms_plugin()?;
        if self.server.runs("kms") {
            self.server.end("kms");
        }
        let socket = self.folder().join("kms.sock");
        let _ = fs::remove_file(&socket);
        self.server.run("kms", &plugin, &[socket.display().to_string(), key.to_owned()]);
        let begin = Instant::now();
        while !socket.exists() {
            assert!(begin.elapsed() < PATIENCE, "the plugin is not ready{}", self.server.logs());
            thread::sleep(Duration::from_millis(20));
        }
        Some(socket)
    }

    /// Where etcd answers.
    pub(crate) fn etcd_url(&self) -> &str {
        &self.etcd_url
    }

    /// Asks etcd through its gateway, `/v3/…`, and gives back what it says: JSON, one answer a line.
    pub(crate) fn etcd(&self, path: &str, body: &Value) -> String {
        ask_etcd(&self.etcd, path, body)
    }

    /// An etcd of its own that asks for TLS and for a certificate: where it answers, and what a client of it needs.
    pub(crate) fn etcd_with_tls(&mut self) -> EtcdClient {
        let url = |port: u16| format!("https://127.0.0.1:{port}");
        let [port] = server::free_ports();
        let serving = self.authority.server();
        let file = |name: &str, content: &str| self.server.write(name, content).display().to_string();
        let mut flags = etcd_flags(&url(port));
        flags.extend([
            "--data-dir=etcd-with-tls".to_owned(),
            // That alone makes it ask for certificates: --client-cert-auth is not needed.
            format!("--trusted-ca-file={}", file("etcd-ca.pem", &self.authority.pem())),
            format!("--cert-file={}", file("etcd.pem", &serving.certificate)),
            format!("--key-file={}", file("etcd.key", &serving.key)),
        ]);
        self.server.run("etcd-with-tls", &Programs::find().unwrap().etcd, &flags);
        let client = self.authority.client("reader", &[]);
        let (certificate, key) = (client.certificate, client.key);
        EtcdClient { url: url(port), authority: self.authority.pem(), certificate, key }
    }

    /// An etcd of its own with accounts, of which `root` has the given password.
    pub(crate) fn etcd_with_accounts(&mut self, password: &str) -> String {
        let [port] = server::free_ports();
        let url = format!("http://127.0.0.1:{port}");
        let mut flags = etcd_flags(&url);
        flags.push("--data-dir=etcd-with-accounts".to_owned());
        self.server.run("etcd-with-accounts", &Programs::find().unwrap().etcd, &flags);
        let client = block_on(async { identity::client(Config::new(url.parse().unwrap())) });
        let begin = Instant::now();
        while block_on(identity::ask(&client, "GET", "/health", &Value::Null)).is_err() {
            assert!(begin.elapsed() < PATIENCE, "etcd is not ready{}", self.server.logs());
            thread::sleep(Duration::from_millis(50));
        }
        ask_etcd(&client, "/v3/auth/user/add", &json!({ "name": "root", "password": password }));
        ask_etcd(&client, "/v3/auth/user/grant", &json!({ "user": "root", "role": "root" }));
        ask_etcd(&client, "/v3/auth/enable", &json!({}));
        url
    }

    /// Somebody who has proof of who they are.
    fn identity(&self, name: &str, proof: &Proof) -> Identity {
        let file = format!("{}.kubeconfig", self.number());
        let kubeconfig = self.server.write(&file, &identity::kubeconfig(&self.url, &self.authority, proof));
        Identity::new(name, kubeconfig)
    }

    fn number(&self) -> u32 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }
}

/// What it takes to ask an etcd over TLS, in PEM.
pub(crate) struct EtcdClient {
    pub(crate) url: String,
    pub(crate) authority: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

fn ask_etcd(client: &Client, path: &str, body: &Value) -> String {
    let request = Request::builder().method("POST").uri(path).body(body.to_string().into_bytes()).unwrap();
    block_on(client.request_text(request)).unwrap()
}

/// Starts an apiserver, and says where it answers and who may do everything there.
fn serve(server: &mut Server, authority: &Authority, etcd: &str, port: u16, flags: &[&str]) -> (String, Identity) {
    let programs = Programs::find().unwrap();
    let url = format!("https://127.0.0.1:{port}");
    let mut arguments = apiserver_flags(server, authority, etcd, port);
    arguments.extend(flags.iter().map(|&flag| flag.to_owned()));
    server.run("kube-apiserver", &programs.apiserver, &arguments);
    let proof = Proof::Certificate(authority.client("admin", &["system:masters"]));
    let kubeconfig = server.write("admin.kubeconfig", &identity::kubeconfig(&url, authority, &proof));
    (url, Identity::new("admin", kubeconfig))
}

/// What etcd is told. Nothing here has to survive, so nothing is synced to disk.
fn etcd_flags(url: &str) -> Vec<String> {
    let flags = [
        "--data-dir=etcd",
        "--unsafe-no-fsync",
        "--listen-peer-urls=http://127.0.0.1:0", // it has no peers
        &format!("--listen-client-urls={url}"),
        &format!("--advertise-client-urls={url}"),
    ];
    flags.map(str::to_owned).to_vec()
}

/// What kine is told: its own defaults for SQLite, at another place.
fn kine_flags(url: &str) -> Vec<String> {
    let options = "_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&cache=shared";
    let flags = [
        format!("--listen-address={url}"),
        format!("--endpoint=sqlite://state.db?{options}"),
        "--metrics-bind-address=0".to_owned(),
    ];
    flags.to_vec()
}

/// What the apiserver is told: what kubeadm would say, except for what needs controllers or other machines.
fn apiserver_flags(server: &Server, authority: &Authority, etcd: &str, port: u16) -> Vec<String> {
    let serving = authority.server();
    let signing = KeyPair::generate().unwrap();
    let file = |flag: &str, name: &str, content: &str| format!("--{flag}={}", server.write(name, content).display());
    vec![
        format!("--etcd-servers={etcd}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(), // no endpoint may be on a loopback address
        file("tls-cert-file", "server.pem", &serving.certificate),
        file("tls-private-key-file", "server.key", &serving.key),
        file("client-ca-file", "ca.pem", &authority.pem()),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--allow-privileged".to_owned(),
        // It refuses pods whose account the controllers have not made yet.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        file("service-account-key-file", "accounts.pem", &signing.public_key_pem()),
        file("service-account-signing-key-file", "accounts.key", &signing.serialize_pem()),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
    ]
}
