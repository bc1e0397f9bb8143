//! Hunts on servers that misbehave, as the real one cannot be told to.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::binary::{Ksecrets, Outcome, ksecrets, wait};

/// What the script is asked: a list that begins, or goes on.
struct Asked {
    path: String,
    /// The token, empty at the beginning.
    more: String,
    /// How often exactly this was asked, this time included.
    times: usize,
}

/// What the script has the server do.
enum Answer {
    /// Says this with this status.
    Says(u16, Value),
    /// Says that it has no time now, and when it will.
    Busy(u64),
    /// Sends these bytes as if they were a list.
    Bytes(Vec<u8>),
    /// Promises more than it sends.
    Cut(&'static str),
    /// Sends a part, then resets the connection.
    Reset,
    /// Says nothing until the test is over.
    Hangs,
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A server of plain HTTP that serves ConfigMaps, Secrets, namespaces and widgets. It ends when dropped.
struct Unruly {
    port: u16,
    over: Arc<AtomicBool>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
    accepting: Option<JoinHandle<()>>,
}

impl Unruly {
    /// Lists are answered by the script.
    fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::serving(discovery(), script)
    }

    /// Discovery is what it is told to be: answers by path.
    fn serving(
        discovery: HashMap<&'static str, Value>,
        script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(HashMap::new())));
        let desk = Arc::new(Desk { discovery, script: Box::new(script), over: over.clone(), asked: asked.clone() });
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if desk.over.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), desk) = (stream, desk.clone()) else { continue };
                // A client that goes away in the middle is none of the server's business.
                thread::spawn(move || drop(desk.serve(stream)));
            }
        });
        Self { port, over, asked, accepting: Some(accepting) }
    }

    /// How often a path and query was asked for.
    fn times(&self, path: &str) -> usize {
        self.asked.lock().unwrap().get(path).copied().unwrap_or(0)
    }

    /// A hunt on it, as JSON.
    fn hunt(&self, more: &[&str]) -> Ksecrets {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "unruly",
            "clusters": [{"name": "unruly", "cluster": {"server": format!("http://127.0.0.1:{}", self.port)}}],
            "users": [{"name": "unruly", "user": {}}],
            "contexts": [{"name": "unruly", "context": {"cluster": "unruly", "user": "unruly", "namespace": "own"}}],
        });
        let run = ksecrets().input("kubeconfig", config.to_string());
        let path = run.path("kubeconfig");
        run.env("KUBECONFIG", path.to_str().unwrap())
            .args(["hunt", "--cluster", "--format", "json"])
            .args(more.iter().copied())
    }
}

impl Drop for Unruly {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Nobody else might come and wake the thread that accepts.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// What every connection needs.
struct Desk {
    discovery: HashMap<&'static str, Value>,
    script: Box<Script>,
    over: Arc<AtomicBool>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
}

impl Desk {
    /// Answers one request, then closes.
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        // Byte by byte, because what is left unread makes the close a reset.
        let line = read_until(&mut stream, b"\r\n")?;
        let target = line.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let more = query.split('&').find_map(|pair| pair.strip_prefix("continue=")).unwrap_or_default();
        let key = if more.is_empty() { path.to_owned() } else { format!("{path}?{more}") };
        let times = *self.asked.lock().unwrap().entry(key).and_modify(|times| *times += 1).or_insert(1);
        let answer = match self.discovery.get(path) {
            Some(Value::Null) => Answer::Says(500, status(500, "it is broken", "")),
            Some(document) => Answer::Says(200, document.clone()),
            None => (self.script)(&Asked { path: path.to_owned(), more: more.to_owned(), times }),
        };
        if matches!(answer, Answer::Reset) {
            return stream.write_all(&head(200, "", 9999, b"{\"items\":["));
        }
        read_until(&mut stream, b"\r\n\r\n")?;
        match answer {
            Answer::Says(status, body) => {
                let body = body.to_string();
                stream.write_all(&head(status, "", body.len(), body.as_bytes()))
            }
            Answer::Busy(seconds) => {
                let body = status(429, "too many requests", "").to_string();
                let header = format!("Retry-After: {seconds}\r\n");
                stream.write_all(&head(429, &header, body.len(), body.as_bytes()))
            }
            Answer::Bytes(body) => stream.write_all(&head(200, "", body.len(), &body)),
            Answer::Cut(body) => stream.write_all(&head(200, "", body.len() + 9, body.as_bytes())),
            Answer::Hangs | Answer::Reset => {
                while !self.over.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            }
        }
    }
}

fn read_until(stream: &mut TcpStream, end: &[u8]) -> std::io::Result<String> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(end) {
        stream.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A response that promises `length` bytes and has these.
fn head(status: u16, header: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let mut response = format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{header}\
         Connection: close\r\n\r\n"
    )
    .into_bytes();
    response.extend_from_slice(body);
    response
}

/// A group as aggregated discovery tells it (<https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery>).
fn group(name: &str, resources: &[(&str, &str, &str)]) -> Value {
    let resources: Vec<Value> = resources
        .iter()
        .map(|(plural, kind, scope)| {
            let kind = json!({"group": name, "version": "v1", "kind": kind});
            json!({"resource": plural, "responseKind": kind, "scope": scope, "verbs": ["get", "list"]})
        })
        .collect();
    json!({"metadata": {"name": name}, "versions": [{"version": "v1", "resources": resources}]})
}

fn groups(groups: &[Value]) -> Value {
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": groups,
    })
}

fn discovery() -> HashMap<&'static str, Value> {
    let core = [("configmaps", "ConfigMap", "Namespaced"), ("secrets", "Secret", "Namespaced")];
    let version = json!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "", "gitTreeState": "", "buildDate": "",
        "goVersion": "", "compiler": "", "platform": "",
    });
    HashMap::from([
        ("/version", version),
        ("/api", groups(&[group("", &core)])),
        ("/apis", groups(&[group("shop.example.com", &[("widgets", "Widget", "Namespaced")])])),
    ])
}

/// What the server says when it refuses.
fn status(code: u16, message: &str, more: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code, "reason": "",
        "metadata": if more.is_empty() { json!({}) } else { json!({"continue": more}) },
    })
}

/// A page; an empty token ends the list.
fn page(items: &[Value], more: &str) -> Answer {
    Answer::Says(200, json!({"kind": "List", "metadata": {"continue": more}, "items": items}))
}

/// A ConfigMap in which there is one thing to be found.
fn config(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "data": {"DB_PASSWORD": format!("Quiet-H3ron-{name}")},
    })
}

fn configs(names: &[&str], more: &str) -> Answer {
    page(&names.iter().map(|name| config(name)).collect::<Vec<_>>(), more)
}

/// A script for ConfigMaps; there is nothing else.
fn only_configs(script: impl Fn(&Asked) -> Answer) -> impl Fn(&Asked) -> Answer {
    move |asked| if asked.path == "/api/v1/configmaps" { script(asked) } else { page(&[], "") }
}

/// Names of the ConfigMaps that something was found in, each as often as there are findings.
fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["class"] == "credential");
    let mut names: Vec<_> =
        findings.map(|finding| finding["location"]["object"]["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// What was not read, a line each.
fn skipped(report: &Value) -> String {
    let words =
        |skipped: &Value| format!("{}: {}", skipped["place"].as_str().unwrap(), skipped["reason"].as_str().unwrap());
    let mut lines: Vec<_> = report["skipped"].as_array().unwrap().iter().map(words).collect();
    lines.sort();
    lines.join("\n")
}

/// Findings, what was not read, and the exit code.
fn outcome(run: &Outcome) -> (Vec<String>, String, Option<i32>) {
    let report = run.json();
    (found(&report), skipped(&report), run.status)
}

/// Runs, and holds it to ending soon.
fn within(seconds: u64, run: Ksecrets) -> Outcome {
    let begin = Instant::now();
    let run = run.run();
    let elapsed = begin.elapsed();
    assert!(elapsed < Duration::from_secs(seconds), "took {elapsed:?}\n{run}");
    run
}

#[test]
fn busy_server_is_asked_again_when_it_says() {
    let server = Unruly::start(only_configs(|asked| match asked.times {
        1 | 2 => Answer::Busy(1),
        _ => configs(&["a"], ""),
    }));
    let begin = Instant::now();
    let run = within(30, server.hunt(&[]));
    assert_eq!(outcome(&run), (vec!["a".to_owned()], String::new(), Some(1)));
    assert!(begin.elapsed() >= Duration::from_secs(2), "asked before it was told to");
    assert_eq!(server.times("/api/v1/configmaps"), 3);
}

#[test]
fn server_that_is_busy_for_an_hour_is_not_waited_for() {
    let server = Unruly::start(|asked| match asked.path.as_str() {
        "/api/v1/secrets" => Answer::Busy(3600),
        "/api/v1/configmaps" => configs(&["a"], ""),
        _ => page(&[], ""),
    });
    let run = within(30, server.hunt(&[]));
    let (found, skipped, status) = outcome(&run);
    assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
    insta::assert_snapshot!(skipped, @"secrets: cannot be listed: the server failed once, and wants to be asked again in 3600 s: too many requests");
}

#[test]
fn server_that_is_always_busy_is_given_up() {
    for seconds in [0, 1] {
        let server = Unruly::start(only_configs(move |_| Answer::Busy(seconds)));
        let run = within(35, server.hunt(&[]));
        let (found, skipped, status) = outcome(&run);
        assert_eq!((found.len(), status), (0, Some(2)));
        assert!(skipped.contains("too many requests"), "{skipped}");
        assert!(server.times("/api/v1/configmaps") <= 25, "{}", server.times("/api/v1/configmaps"));
    }
}

#[test]
fn resource_that_fails_leaves_the_others() {
    for code in [500, 503, 504] {
        let server = Unruly::start(move |asked| match asked.path.as_str() {
            "/apis/shop.example.com/v1/widgets" => {
                Answer::Says(code, status(code, "conversion webhook for widgets failed: no endpoints", ""))
            }
            "/api/v1/configmaps" => configs(&["a"], ""),
            _ => page(&[], ""),
        });
        let run = within(30, server.hunt(&[]));
        let (found, skipped, status) = outcome(&run);
        assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
        insta::allow_duplicates! {
            insta::assert_snapshot!(skipped, @"widgets.shop.example.com: cannot be listed: the server failed 4 times: conversion webhook for widgets failed: no endpoints");
        }
        assert_eq!(server.times("/apis/shop.example.com/v1/widgets"), 4);
        assert_eq!(server.hunt(&["--strict"]).run().status, Some(2));
    }
}

#[test]
fn expired_list_goes_on_with_the_token_of_the_server() {
    let server = Unruly::start(only_configs(|asked| match asked.more.as_str() {
        "" => configs(&["a", "b"], "old"),
        "old" => Answer::Says(410, status(410, "The provided continue parameter is too old", "fresh")),
        _ => configs(&["c"], ""),
    }));
    assert_eq!(outcome(&server.hunt(&[]).run()), (["a", "b", "c"].map(str::to_owned).to_vec(), String::new(), Some(1)));
    assert_eq!(server.times("/api/v1/configmaps"), 1);
}

#[test]
fn expired_list_without_a_token_begins_anew_and_tells_findings_once() {
    let server = Unruly::start(only_configs(|asked| match (asked.more.as_str(), asked.times) {
        ("", _) => configs(&["a", "b"], "old"),
        (_, 1) => Answer::Says(410, status(410, "too old", "")),
        _ => configs(&["c"], ""),
    }));
    let run = server.hunt(&[]).run();
    assert_eq!(outcome(&run), (["a", "b", "c"].map(str::to_owned).to_vec(), String::new(), Some(1)));
    assert_eq!(server.times("/api/v1/configmaps"), 2);
}

#[test]
fn list_that_always_expires_ends() {
    for token in ["", "fresh"] {
        let server = Unruly::start(only_configs(move |asked| match asked.more.as_str() {
            "" => configs(&["a"], "old"),
            _ => Answer::Says(410, status(410, "too old", token)),
        }));
        let run = within(30, server.hunt(&["--timeout", "20"]));
        let (found, skipped, status) = outcome(&run);
        assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
        insta::allow_duplicates! {
            insta::assert_snapshot!(skipped, @"configmaps: changed faster than it could be read: not read to its end");
        }
    }
}

#[test]
fn list_that_goes_in_circles_ends() {
    for circle in [["x", "x"], ["x", "y"]] {
        let server = Unruly::start(only_configs(move |asked| match asked.more.as_str() {
            "" => configs(&["a"], circle[0]),
            more if more == circle[0] => configs(&["b"], circle[1]),
            _ => configs(&["c"], circle[0]),
        }));
        let run = within(30, server.hunt(&["--timeout", "20"]));
        let (found, skipped, status) = outcome(&run);
        assert_eq!((&found[..2], status), (&["a".to_owned(), "b".to_owned()][..], Some(1)));
        insta::allow_duplicates! {
            insta::assert_snapshot!(skipped, @"configmaps: the server repeats pages without an end: not read to its end");
        }
    }
}

#[test]
fn group_that_does_not_say_what_it_serves_is_told() {
    let mut discovery = discovery();
    let stale = json!({
        "metadata": {"name": "metrics.example.com"},
        "versions": [{"version": "v1beta1", "freshness": "Stale", "resources": []}],
    });
    discovery.insert("/apis", groups(&[stale]));
    let server = Unruly::serving(discovery, only_configs(|_| configs(&["a"], "")));
    let (found, skipped, status) = outcome(&server.hunt(&[]).run());
    assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
    insta::assert_snapshot!(skipped, @"metrics.example.com/v1beta1: its server does not say what it serves: nothing of it was read");
}

#[test]
fn server_without_aggregated_discovery_is_asked_for_each_group() {
    let discovery = HashMap::from([
        ("/api", json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        ("/api/v1", resources("v1", "configmaps", "ConfigMap")),
        (
            "/apis",
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": "broken.example.com", "versions": [{"groupVersion": "broken.example.com/v1", "version": "v1"}]},
                {"name": "shop.example.com", "versions": [{"groupVersion": "shop.example.com/v1", "version": "v1"}]},
            ]}),
        ),
        ("/apis/broken.example.com/v1", Value::Null),
        ("/apis/shop.example.com/v1", resources("shop.example.com/v1", "widgets", "Widget")),
    ]);
    let server = Unruly::serving(discovery, |_| configs(&["a"], ""));
    let run = server.hunt(&[]).run();
    assert_eq!(run.status, Some(1), "{run}");
    let (found, skipped, _) = outcome(&run);
    assert_eq!(found, ["a", "a"]); // a ConfigMap and a widget
    insta::assert_snapshot!(skipped, @"broken.example.com/v1: its server does not say what it serves: nothing of it was read: it is broken");
}

fn resources(version: &str, plural: &str, kind: &str) -> Value {
    let resource = json!({"name": plural, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["list"]});
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [resource]})
}

#[test]
fn malformed_objects_do_not_spoil_the_others() {
    let server = Unruly::start(only_configs(|_| {
        let long = "x ".repeat(1 << 20);
        let items = [
            json!(7),
            json!([]),
            json!(null),
            json!("text"),
            json!({}),
            json!({"metadata": 7}),
            json!({"metadata": {"name": ["x"]}, "data": {}}),
            json!({"metadata": null, "data": {"a": 1, "b": null, "c": [true], "d": {"e": {}}}}),
            json!({"data": ["DB_PASSWORD"]}),
            json!({"data": "text"}),
            json!({"kind": 7, "apiVersion": {}, "data": {}}),
            json!({"metadata": {"name": "long", "annotations": {"note": long, "list": [1]}}, "data": {"x": "y"}}),
            config("a"),
        ];
        page(&items, "")
    }));
    let run = within(30, server.hunt(&[]));
    let (found, skipped, status) = outcome(&run);
    assert_eq!((found, status), (vec!["a".to_owned()], Some(1)), "{}", run.stderr);
    insta::assert_snapshot!(skipped, @"configmaps: 7 not read: objects that the API does not allow: invalid type: integer `7`, expected an object at line 1 column 1");
    assert_eq!(run.stderr, "");
}

#[test]
fn malformed_objects_of_secrets_and_widgets_do_no_harm() {
    let server = Unruly::start(|_| {
        page(
            &[
                json!({"metadata": {"name": "n"}, "type": 7, "data": {"a": 1, "b": null, "c": "%%%", "d": {"e": "f"}}}),
                json!({"metadata": {"name": "h", "labels": []}, "type": "helm.sh/release.v1", "data": {"release": [1]}}),
                json!({"spec": {"containers": {"env": 7}, "template": {"spec": {"containers": [1, null, {"env": [7]}]}}}}),
            ],
            "",
        )
    });
    let run = within(30, server.hunt(&["--readers"]));
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{run}");
}

type Case = (&'static str, fn() -> Answer);

#[test]
fn pages_that_are_no_lists_are_told() {
    let cases: [Case; 5] = [
        ("no JSON", || Answer::Bytes(b"<html>please log in</html>".to_vec())),
        ("half of it", || Answer::Bytes(br#"{"items":[{"metadata":{"name":"b"}},{"me"#.to_vec())),
        ("no list", || Answer::Bytes(br#"{"kind":"Status","message":"ok"}"#.to_vec())),
        ("a number", || Answer::Bytes(b"7".to_vec())),
        ("not UTF-8", || Answer::Bytes(b"{\"items\":[\"\xff\xfe\"]}".to_vec())),
    ];
    let mut told = String::new();
    for (name, answer) in cases {
        let server = Unruly::start(only_configs(move |asked| match asked.more.as_str() {
            "" => configs(&["a"], "next"),
            _ => answer(),
        }));
        let (found, skipped, status) = outcome(&within(30, server.hunt(&[])));
        assert_eq!((found, status), (vec!["a".to_owned()], Some(1)), "{name}");
        told.push_str(&format!("{name}: {skipped}\n"));
    }
    insta::assert_snapshot!(told, @r"
    no JSON: configmaps: cannot be listed: the answer is no list: expected value at line 1 column 1
    half of it: configmaps: cannot be listed: the answer is no list: EOF while parsing a string at line 1 column 40
    no list: configmaps: cannot be listed: the answer is no list: missing field `items` at line 1 column 32
    a number: configmaps: cannot be listed: the answer is no list: invalid type: integer `7`, expected a list at line 1 column 1
    not UTF-8: configmaps: cannot be listed: the answer is no list: invalid unicode code point at line 1 column 12
    ");
}

#[test]
fn list_without_items_is_an_empty_list() {
    // As Go writes a slice that is nil.
    let server = Unruly::start(|asked| match asked.path.as_str() {
        "/api/v1/configmaps" => configs(&["a"], ""),
        "/api/v1/secrets" => Answer::Says(200, json!({"metadata": {"continue": null}, "items": null})),
        _ => Answer::Says(200, json!({"metadata": null, "items": []})),
    });
    assert_eq!(outcome(&server.hunt(&[]).run()), (vec!["a".to_owned()], String::new(), Some(1)));
}

#[test]
fn connection_that_breaks_is_made_again() {
    for broken in [|| Answer::Reset, || Answer::Cut(r#"{"items":["#)] {
        let server = Unruly::start(only_configs(move |asked| match (asked.more.as_str(), asked.times) {
            ("", _) => configs(&["a"], "next"),
            (_, 1 | 2) => broken(),
            _ => configs(&["b"], ""),
        }));
        assert_eq!(
            outcome(&within(30, server.hunt(&[]))),
            (["a", "b"].map(str::to_owned).to_vec(), String::new(), Some(1))
        );
    }
}

#[test]
fn connection_that_always_breaks_is_told() {
    let mut told = String::new();
    for broken in [|| Answer::Reset, || Answer::Cut(r#"{"items":["#)] {
        let server = Unruly::start(only_configs(move |asked| match asked.more.as_str() {
            "" => configs(&["a"], "next"),
            _ => broken(),
        }));
        let (found, skipped, status) = outcome(&within(30, server.hunt(&[])));
        assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
        told.push_str(&format!("{skipped}\n"));
    }
    insta::assert_snapshot!(told, @r"
    configmaps: cannot be listed: the server failed 4 times: error reading a body from connection: Connection reset by peer (os error 104)
    configmaps: cannot be listed: the server failed 4 times: error reading a body from connection: end of file before message length reached
    ");
}

#[test]
fn object_that_is_gone_between_pages_is_just_absent() {
    let server = Unruly::start(only_configs(|asked| match asked.more.as_str() {
        "" => configs(&["a"], "next"),
        "next" => page(&[], "last"), // all of the page was deleted
        _ => configs(&["z"], ""),
    }));
    assert_eq!(outcome(&server.hunt(&[]).run()), (["a", "z"].map(str::to_owned).to_vec(), String::new(), Some(1)));
}

#[test]
fn slow_server_is_left_in_time() {
    let server = Unruly::start(only_configs(|asked| match asked.more.as_str() {
        "" => configs(&["a"], "next"),
        _ => Answer::Hangs,
    }));
    let (found, skipped, status) = outcome(&within(20, server.hunt(&["--timeout", "2"])));
    assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
    insta::assert_snapshot!(skipped, @"configmaps: not read to its end: --timeout of 2 s is over");
}

#[test]
fn server_that_never_says_what_it_serves_is_left_in_time() {
    let mut discovery = discovery();
    discovery.remove("/apis");
    let server = Unruly::serving(discovery, |_| Answer::Hangs);
    let run = within(20, server.hunt(&["--timeout", "2"]));
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(run.stderr, @"ksecrets: the cluster unruly does not say what it serves: no answer within the --timeout of 2 s");
}

#[test]
fn server_that_cannot_say_what_it_serves_is_told() {
    let mut discovery = discovery();
    discovery.insert("/api", Value::Null);
    let server = Unruly::serving(discovery, |_| Answer::Hangs);
    let run = within(30, server.hunt(&[]));
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(run.stderr, @"ksecrets: the cluster unruly does not say what it serves: it is broken");
}

#[test]
fn interrupted_hunt_reports_what_it_read() {
    let server = Unruly::start(only_configs(|asked| match asked.more.as_str() {
        "" => configs(&["a"], "next"),
        _ => Answer::Hangs,
    }));
    let hunt = server.hunt(&[]);
    let mut child = hunt.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while server.times("/api/v1/configmaps?next") == 0 {
        assert!(begin.elapsed() < Duration::from_secs(30), "never asked");
        thread::sleep(Duration::from_millis(5));
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(wait(&mut child).code(), Some(1));
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found(&report), ["a"]);
    insta::assert_snapshot!(skipped(&report), @"configmaps: not read to its end: interrupted");
}

/// Refuses, as RBAC does.
fn forbidden() -> Answer {
    Answer::Says(403, status(403, "User \"jane\" cannot list resource", ""))
}

#[test]
fn whoever_may_not_list_everywhere_is_tried_in_each_namespace() {
    let server = Unruly::start(|asked| match asked.path.as_str() {
        "/api/v1/namespaces" => page(&["one", "two"].map(|name| json!({"metadata": {"name": name}})), ""),
        "/api/v1/namespaces/one/configmaps" => configs(&["a"], ""),
        "/api/v1/namespaces/two/secrets" => page(&[], ""),
        _ => forbidden(),
    });
    let (found, skipped, status) = outcome(&server.hunt(&[]).run());
    assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
    insta::assert_snapshot!(skipped, @r#"
    configmaps in two: forbidden: needs the verb list on configmaps of the API group "", in namespace two
    secrets in one: forbidden: needs the verb list on secrets of the API group "", in namespace one
    widgets.shop.example.com: forbidden: needs the verb list on widgets of the API group "shop.example.com", cluster-wide
    "#);
    // Once to learn what Secrets hold, and once to read everything.
    assert_eq!(server.times("/api/v1/namespaces"), 2);
}

#[test]
fn whoever_may_not_list_namespaces_is_tried_in_that_of_the_context() {
    let server = Unruly::start(|asked| match asked.path.as_str() {
        "/api/v1/namespaces/own/configmaps" => configs(&["a"], ""),
        _ => forbidden(),
    });
    let (found, skipped, status) = outcome(&server.hunt(&[]).run());
    assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
    insta::assert_snapshot!(skipped, @r#"
    configmaps: forbidden: needs the verb list on configmaps of the API group "", cluster-wide; read in namespace own only, as namespaces cannot be listed: forbidden
    secrets: forbidden: needs the verb list on secrets of the API group "", cluster-wide
    widgets.shop.example.com: forbidden: needs the verb list on widgets of the API group "shop.example.com", cluster-wide
    "#);
}

#[test]
fn namespaces_that_cannot_be_told_are_said_to_be_unread() {
    let server = Unruly::start(|asked| match asked.path.as_str() {
        "/api/v1/namespaces" => Answer::Says(500, status(500, "etcd has no leader", "")),
        "/api/v1/namespaces/own/configmaps" => configs(&["a"], ""),
        _ => forbidden(),
    });
    let (found, skipped, status) = outcome(&within(30, server.hunt(&["--kinds", "configmaps"])));
    assert_eq!((found, status), (vec!["a".to_owned()], Some(1)));
    insta::assert_snapshot!(skipped, @r#"configmaps: forbidden: needs the verb list on configmaps of the API group "", cluster-wide; read in namespace own only, as namespaces cannot be listed: the server failed 4 times: etcd has no leader"#);
}
