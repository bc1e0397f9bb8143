//! What is stored, held to a real etcd that a real apiserver writes to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksecrets::atrest::stored::etcd::{self, EtcdError, Server};
use ksecrets::atrest::stored::{Census, Evidence, Lair, Options, Origin, StoredError, read_file};
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;

/// In every plaintext, and in nothing that we say.
const MARK: &str = "made-up-and-stored";

fn options() -> Options {
    Options { residue: true, ..Options::default() }
}

fn database(plane: &ControlPlane) -> PathBuf {
    plane.folder().join("etcd/member/snap/db")
}

/// A snapshot as `etcdctl snapshot save` writes it: what etcd sends, with its digest at the end.
fn snapshot(plane: &ControlPlane) -> PathBuf {
    let mut bytes = Vec::new();
    for line in plane.etcd("/v3/maintenance/snapshot", &json!({})).lines() {
        let part: Value = serde_json::from_str(line).unwrap();
        bytes.extend(STANDARD.decode(part["result"]["blob"].as_str().unwrap_or("")).unwrap());
    }
    let path = plane.folder().join("snapshot.db");
    fs::write(&path, bytes).unwrap();
    path
}

fn server(url: &str) -> Server {
    Server { endpoints: vec![url.to_owned()], authority: None, identity: None, timeout: Duration::from_secs(20) }
}

fn live(plane: &ControlPlane) -> Evidence {
    etcd::read(&server(plane.etcd_url()), &options()).unwrap()
}

/// Secrets and ConfigMaps as lines: how they are written, how many, and which namespace they are in.
fn lines(census: &Census) -> String {
    let rows = ["configmaps", "secrets"].into_iter().flat_map(|resource| census.resource("", resource));
    let rows = rows.filter(|row| row.namespace.is_some_and(|namespace| namespace.starts_with("at-rest")));
    let rows = rows.filter(|row| row.current.values > 0).map(|row| {
        let stale = if row.newest { "" } else { " (stale)" };
        format!("{} {}: {}{stale}\n", row.resource, row.sealing, row.current.values)
    });
    rows.collect()
}

/// Names of the current Secrets, by namespace, as the census has them.
fn counted(census: &Census) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in census.resource("", "secrets").filter(|row| row.current.values > 0) {
        assert_eq!(row.current.values, row.current.names.len() as u64, "too many names for this test");
        names.entry(row.namespace.unwrap().to_owned()).or_default().extend(row.current.names.iter().cloned());
    }
    names
}

/// The same, as the API has them.
fn listed(plane: &ControlPlane) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for secret in plane.admin().get("/api/v1/secrets").body["items"].as_array().unwrap() {
        let text = |field: &str| secret["metadata"][field].as_str().unwrap().to_owned();
        names.entry(text("namespace")).or_default().insert(text("name"));
    }
    names
}

/// Reads all three places, which must agree with one another and with the API.
fn census(plane: &ControlPlane) -> (String, Evidence) {
    thread::sleep(Duration::from_millis(300)); // etcd commits ten times a second
    let snapshot = read_file(&snapshot(plane), &options()).unwrap();
    assert!(matches!(snapshot.origin, Origin::Snapshot { .. }));
    let (database, live) = (read_file(&database(plane), &options()).unwrap(), live(plane));
    let told = lines(&snapshot.census);
    assert_eq!(told, lines(&live.census));
    assert_eq!(told, lines(&database.census));
    assert_eq!(counted(&snapshot.census), listed(plane));
    assert!(!format!("{snapshot:?}{database:?}{live:?}").contains(MARK));
    assert!(snapshot.revision > 0 && live.revision > 0);
    (told, database)
}

/// The path of an object, or of all.
fn path(namespace: &str, kind: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/{kind}{}{name}", if name.is_empty() { "" } else { "/" })
}

/// Creates objects of both kinds.
fn create(plane: &ControlPlane, namespace: &str, names: &[&str]) {
    for (kind, field) in [("secrets", "stringData"), ("configmaps", "data")] {
        for name in names {
            let mut body = json!({ "metadata": { "name": name } });
            body[field] = json!({ "a": format!("{MARK}-{kind}-{name}") });
            let answer = plane.admin().post(&path(namespace, kind, ""), &body);
            assert_eq!(answer.status, 201, "{answer:?}");
        }
    }
}

/// Writes objects anew, as `kubectl get` and `kubectl replace` do.
fn rewrite(plane: &ControlPlane, namespace: &str, kind: &str, names: &[&str]) {
    for name in names {
        let path = path(namespace, kind, name);
        let answer = plane.admin().put(&path, &plane.admin().get(&path).body);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// A resource, and its providers with the names of their keys.
type Encrypted<'c> = (&'c str, &'c [(&'c str, &'c str)]);

/// A configuration file, as a flag. Of a KMS the name is its endpoint.
fn encryption(plane: &ControlPlane, resources: &[Encrypted<'_>]) -> String {
    let provider = |(provider, name): &(&str, &str)| match *provider {
        "identity" => json!({ "identity": {} }),
        "kms" => json!({ "kms": { "apiVersion": "v2", "name": "cloud", "endpoint": name } }),
        provider => {
            let secret = STANDARD.encode([name.as_bytes()[name.len() - 1]; 32]);
            json!({ provider: { "keys": [{ "name": name, "secret": secret }] } })
        }
    };
    let resources = resources.iter().map(|(resource, providers)| {
        json!({ "resources": [resource], "providers": providers.iter().map(provider).collect::<Vec<_>>() })
    });
    let config = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": resources.collect::<Vec<_>>(),
    });
    let path = plane.folder().join("encryption.json");
    fs::write(&path, config.to_string()).unwrap();
    format!("--encryption-provider-config={}", path.display())
}

/// Secrets that are deleted again: more of them than etcd fills with what it writes for itself once their pages are free.
fn bury(plane: &ControlPlane, namespace: &str) {
    for number in 0..64 {
        let name = format!("buried-{number}");
        let value = format!("{MARK}-secrets-{name}-{}", "x".repeat(8 << 10));
        let body = json!({ "metadata": { "name": name }, "stringData": { "a": value } });
        assert_eq!(plane.admin().post(&path(namespace, "secrets", ""), &body).status, 201);
        assert_eq!(plane.admin().delete(&path(namespace, "secrets", &name)).status, 200);
    }
}

/// What is left of Secrets in plaintext: in old revisions, and elsewhere, with whether the one that stays or those that do not are named there.
fn left(evidence: &Evidence) -> (u64, Vec<(Lair, bool)>) {
    let rows = evidence.census.resource("", "secrets").filter(|row| row.sealing.is_plain());
    let old = rows.map(|row| row.old.values).sum();
    let traces = evidence.residue.as_ref().unwrap().traces().filter(|(_, kind, _)| *kind == "Secret");
    let known = |name: &str| name == "one" || name.starts_with("buried");
    (old, traces.map(|(lair, _, trace)| (lair, trace.names.iter().any(|(_, name)| known(name)))).collect())
}

#[test]
fn everything_that_happens_to_a_secret_shows() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();

    // Without a configuration.
    create(&plane, &namespace, &["one", "two", "gone"]);
    assert_eq!(plane.admin().delete(&path(&namespace, "secrets", "gone")).status, 200);
    bury(&plane, &namespace);
    let (told, _) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 3
    secrets plaintext: 2
    ");

    // With one that was only just enabled: what is new is encrypted.
    let flag = encryption(
        &plane,
        &[
            ("secrets", &[("aescbc", "key1"), ("identity", "")]),
            ("configmaps", &[("aesgcm", "key1"), ("identity", "")]),
        ],
    );
    plane.restart(&[&flag]);
    create(&plane, &namespace, &["three"]);
    let (told, _) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 3 (stale)
    configmaps aesgcm key1: 1
    secrets plaintext: 2 (stale)
    secrets aescbc key1: 1
    ");

    // Everything written anew: the plaintext is in old revisions, and in the log.
    rewrite(&plane, &namespace, "secrets", &["one", "two", "three"]);
    rewrite(&plane, &namespace, "configmaps", &["one", "two", "three", "gone"]);
    let (told, evidence) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps aesgcm key1: 4
    secrets aescbc key1: 3
    ");
    let (old, elsewhere) = left(&evidence);
    assert!(old >= 67, "one, two, the one that is gone, and those that are buried: {old}");
    assert!(elsewhere.contains(&(Lair::Log, true)), "{elsewhere:?}");

    // Another key, and another provider.
    let flag = encryption(
        &plane,
        &[
            ("secrets", &[("secretbox", "key2"), ("aescbc", "key1")]),
            // The API server's own ConfigMap in kube-system is still plaintext; without `identity` it does not start.
            ("configmaps", &[("aesgcm", "key2"), ("aesgcm", "key1"), ("identity", "")]),
        ],
    );
    plane.restart(&[&flag]);
    create(&plane, &namespace, &["four"]);
    rewrite(&plane, &namespace, "configmaps", &["one", "two", "three", "gone"]);
    let (told, _) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps aesgcm key2: 5
    secrets aescbc key1: 3 (stale)
    secrets secretbox key2: 1
    ");

    // Compacted: the revisions are gone, and their pages are free.
    let compact = json!({ "revision": live(&plane).revision.to_string(), "physical": true });
    plane.etcd("/v3/kv/compaction", &compact);
    let (_, evidence) = census(&plane);
    let (old, elsewhere) = left(&evidence);
    assert_eq!(old, 0, "{:?}", evidence.census);
    assert!(elsewhere.contains(&(Lair::FreePages, true)), "{elsewhere:?}");

    // Defragmented: only the log is left.
    plane.etcd("/v3/maintenance/defragment", &json!({}));
    let (_, evidence) = census(&plane);
    assert_eq!(left(&evidence), (0, vec![(Lair::Log, true)]));
}

#[test]
fn a_database_in_use_is_read_or_refused() {
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    let names: Vec<_> = (0..40).map(|number| format!("object-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    thread::scope(|scope| {
        let writer = scope.spawn(|| create(&plane, &namespace, &names));
        while !writer.is_finished() {
            match read_file(&database(&plane), &options()) {
                Ok(evidence) => assert!(evidence.revision > 0),
                Err(error) => assert!(matches!(error, StoredError::Moving), "{error:?}"),
            }
        }
    });
    let (told, evidence) = census(&plane);
    assert_eq!(told, "configmaps plaintext: 40\nsecrets plaintext: 40\n");
    assert!(!evidence.unsettled);
}

#[test]
fn keys_of_a_kms_are_told() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    let Some(socket) = plane.kms("kek-1") else { return };
    let endpoint = format!("unix://{}", socket.display());
    let flag = encryption(&plane, &[("secrets", &[("kms", &endpoint), ("identity", "")])]);
    plane.restart(&[&flag]);
    create(&plane, &namespace, &["one"]);
    let (told, _) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 1
    secrets kms v2 cloud, key kek-1: 1
    ");

    // The key is rotated where the API server does not see it.
    plane.kms("kek-2");
    plane.restart(&[&flag]);
    create(&plane, &namespace, &["two"]);
    let (told, _) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 2
    secrets kms v2 cloud, key kek-1: 1 (stale)
    secrets kms v2 cloud, key kek-2: 1
    ");
    rewrite(&plane, &namespace, "secrets", &["one"]);
    let (told, _) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 2
    secrets kms v2 cloud, key kek-2: 2
    ");

    // What is deleted decides nothing: a running etcd does not have it, and a snapshot says the same.
    plane.kms("kek-3");
    plane.restart(&[&flag]);
    create(&plane, &namespace, &["three"]);
    assert_eq!(plane.admin().delete(&path(&namespace, "secrets", "three")).status, 200);
    let (told, _) = census(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 3
    secrets kms v2 cloud, key kek-2: 2
    ");
}

/// Writes Secrets anew with a change: what is the same is not written.
fn touch(plane: &ControlPlane, namespace: &str, names: &[&str]) {
    for name in names {
        let body = json!({ "metadata": { "annotations": { "touched": "once" } } });
        assert_eq!(plane.admin().patch(&path(namespace, "secrets", name), &body).status, 200);
    }
}

/// Whether the plaintext of a Secret is in a file at all.
fn holds(file: &Path, name: &str) -> bool {
    let bytes = fs::read(file).unwrap_or_default();
    let mark = format!("{MARK}-secrets-{name}");
    bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
}

/// Reads kine's database, as it runs, and compares with what the API lists and with the bytes of the files.
fn kine(plane: &ControlPlane) -> (String, Evidence) {
    let file = plane.folder().join("state.db");
    let evidence = read_file(&file, &options()).unwrap();
    assert!(matches!(evidence.origin, Origin::Kine { .. }) && !evidence.unsettled);
    assert_eq!(counted(&evidence.census), listed(plane));
    assert!(!format!("{evidence:?}").contains(MARK));
    (lines(&evidence.census), evidence)
}

#[test]
fn the_database_of_kine_is_read_as_it_runs() {
    let Some(mut plane) = ControlPlane::on_kine() else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    let (file, log) = (plane.folder().join("state.db"), plane.folder().join("state.db-wal"));
    create(&plane, &namespace, &["one", "two", "gone"]);
    assert_eq!(plane.admin().delete(&path(&namespace, "secrets", "gone")).status, 200);
    let (told, evidence) = kine(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 3
    secrets plaintext: 2
    ");
    assert_eq!((left(&evidence).0, evidence.unseen.len()), (2, 0), "the one that is gone, in two rows");
    assert!(holds(&log, "one") && left(&evidence).1.contains(&(Lair::Log, true)), "{:?}", left(&evidence));

    // A copy without the log is old, or empty: that is said.
    let copy = plane.folder().join("copy.db");
    fs::copy(&file, &copy).unwrap();
    match read_file(&copy, &options()) {
        Ok(evidence) => assert_eq!(evidence.unseen.len(), 1),
        Err(error) => assert!(matches!(error, StoredError::NotKine), "{error:?}"),
    }
    // With the beginning of it, as of a copy that was not finished, too.
    let bytes = fs::read(&log).unwrap();
    fs::write(plane.folder().join("copy.db-wal"), &bytes[..1000]).unwrap();
    match read_file(&copy, &options()) {
        Ok(evidence) => assert_eq!(evidence.unseen.len(), 1),
        Err(error) => assert!(matches!(error, StoredError::NotKine), "{error:?}"),
    }

    // Encrypted and rewritten.
    let flag = encryption(&plane, &[("secrets", &[("secretbox", "key1"), ("identity", "")])]);
    plane.restart(&[&flag]);
    let (told, _) = kine(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 3
    secrets plaintext: 2
    ");
    rewrite(&plane, &namespace, "secrets", &["one", "two"]);
    create(&plane, &namespace, &["three"]);
    let (told, evidence) = kine(&plane);
    insta::assert_snapshot!(told, @"
    configmaps plaintext: 4
    secrets secretbox key1: 3
    ");
    assert!(left(&evidence).0 >= 4, "{:?}", left(&evidence));

    // Compacted, vacuumed, and its log emptied: a row still repeats the value that it took the place of.
    let compact = ["--compact-interval=500ms", "--compact-interval-jitter=0", "--compact-min-retain=0"];
    let compacted = |plane: &mut ControlPlane| {
        plane.restart_kine(&compact);
        create(plane, &namespace, &[&format!("more-{}", fs::metadata(&file).unwrap().len())]);
        thread::sleep(Duration::from_secs(3));
        plane.restart_kine(&[]);
        kine(plane).1
    };
    let evidence = compacted(&mut plane);
    assert!(holds(&file, "one") && left(&evidence).0 == 2, "one and two: {:?}", left(&evidence));
    rewrite(&plane, &namespace, "secrets", &["one", "two"]);
    assert_eq!(left(&kine(&plane).1).0, 2, "nothing has changed, so nothing was written");

    // Written once more, with a change, it is gone.
    touch(&plane, &namespace, &["one", "two"]);
    let evidence = compacted(&mut plane);
    assert_eq!(left(&evidence).0, 0, "{:?}", evidence.census);
    // What VACUUM wrote is in the log, and the file is as it was until that is written back.
    let elsewhere = left(&evidence).1.iter().any(|(_, one)| *one);
    assert_eq!(elsewhere, holds(&file, "one") || holds(&log, "one"), "{:?}", left(&evidence));
    plane.restart_kine(&[]);
    let evidence = kine(&plane).1;
    assert!(!holds(&file, "one") && !holds(&log, "one"), "{:?}", left(&evidence));
    assert_eq!(left(&evidence), (0, Vec::new()));
}

fn refused(server: &Server) -> EtcdError {
    etcd::read(server, &Options::default()).unwrap_err()
}

#[test]
fn etcd_is_read_over_tls_and_says_why_it_is_not() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };

    let client = plane.etcd_with_tls();
    let mut secure = server(&client.url);
    let error = refused(&secure); // not listening yet, or not trusted
    assert!(matches!(error, EtcdError::Tls { .. } | EtcdError::Unreachable { .. }), "{error}");
    secure.authority = Some(client.authority.into_bytes());
    secure.identity = Some((client.certificate.into_bytes(), client.key.into_bytes().into()));
    let begin = Instant::now();
    let evidence = loop {
        match etcd::read(&secure, &Options::default()) {
            Ok(evidence) => break evidence,
            Err(error) => assert!(begin.elapsed() < Duration::from_secs(30), "{error}"),
        }
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!((evidence.census.objects(), evidence.revision), (0, 1));
    // The next endpoint is asked when one cannot be reached.
    secure.endpoints.insert(0, "https://127.0.0.1:1".to_owned());
    assert_eq!(etcd::read(&secure, &Options::default()).unwrap().revision, 1);
    secure.endpoints.remove(0);

    let identity = secure.identity.take();
    let error = refused(&secure);
    assert!(matches!(error, EtcdError::Tls { .. }), "no certificate: {error:?}");
    secure.identity = identity;
    secure.authority = None;
    let error = refused(&secure);
    assert!(matches!(error, EtcdError::Tls { .. }), "not trusted: {error:?}");

    let error = refused(&server(&plane.etcd_url().replace("http:", "https:")));
    assert!(matches!(error, EtcdError::Tls { .. }), "no TLS: {error:?}");
    let error = refused(&server("http://127.0.0.1:1"));
    assert!(matches!(error, EtcdError::Unreachable { .. }), "nobody there: {error:?}");
    let error = refused(&server("http://a b"));
    assert!(matches!(error, EtcdError::Configuration { .. }), "no address: {error:?}");
    let error = refused(&Server { endpoints: Vec::new(), ..server("") });
    assert!(matches!(error, EtcdError::Configuration { .. }), "no address: {error:?}");

    let guarded = plane.etcd_with_accounts(MARK);
    let error = refused(&server(&guarded));
    assert!(matches!(error, EtcdError::Forbidden { .. }), "accounts: {error:?}");

    // Somebody who never answers, and somebody who speaks of something else.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut patient = server(&format!("http://{}", silent.local_addr().unwrap()));
    patient.timeout = Duration::from_secs(1);
    let error = refused(&patient);
    assert!(matches!(error, EtcdError::Timeout { .. }), "silence: {error:?}");
    let talker = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", talker.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in talker.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        }
    });
    let error = refused(&server(&url));
    assert!(matches!(error, EtcdError::NotEtcd { .. } | EtcdError::Unreachable { .. }), "not etcd: {error:?}");
}
