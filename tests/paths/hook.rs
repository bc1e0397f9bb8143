//! An admission webhook: TLS and as much of HTTP as an API server speaks to one.

use std::io::{BufRead as _, BufReader, Read as _, Result, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// A webhook that allows everything, remembers it, and mounts the Secret `db` into pods. It listens as long as the
/// test process lives.
pub(super) struct Hook {
    pub(super) url: String,
    /// Its own, as PEM.
    pub(super) certificate: String,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    pub(super) fn listen() -> Self {
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()).into();
        let config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let heard = Arc::<Mutex<Vec<Value>>>::default();
        let (config, log) = (Arc::new(config), heard.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, log) = (config.clone(), log.clone());
                thread::spawn(move || answer(stream, config, &log));
            }
        });
        Self { url, certificate: own.cert.pem(), heard }
    }

    /// Every review so far.
    pub(super) fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap().clone()
    }
}

/// Answers one request. A server that goes away is not our concern.
fn answer(stream: TcpStream, config: Arc<ServerConfig>, log: &Mutex<Vec<Value>>) -> Result<()> {
    let connection = ServerConnection::new(config).expect("the configuration is good");
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length is a number");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let review: Value = serde_json::from_slice(&body)?;
    let answer = judge(&review).to_string();
    log.lock().unwrap().push(review);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let stream = stream.get_mut();
    write!(stream, "{head}content-length: {}\r\n\r\n{answer}", answer.len())?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn judge(review: &Value) -> Value {
    let request = &review["request"];
    let mut response = json!({ "uid": request["uid"], "allowed": true });
    if request["kind"]["kind"] == "Pod" {
        let volume = json!({ "name": "own", "secret": { "secretName": "db" } });
        let patch = json!([{ "op": "add", "path": "/spec/volumes", "value": [volume] }]);
        response["patchType"] = "JSONPatch".into();
        response["patch"] = STANDARD.encode(patch.to_string()).into();
    }
    json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response })
}
