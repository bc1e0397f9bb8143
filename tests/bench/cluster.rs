//! How long a hunt in a full cluster takes, beside what kubectl takes to list it. Run by `tests/bench/cluster.sh`; with
//! `CONFIGMAPS=1` the cluster is full of those alone.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;

const NAMESPACES: usize = 20;
const RUNS: usize = 3;
/// Requests at a time while the server is filled.
const WRITERS: usize = 16;

/// What one run took.
struct Cost {
    time: Duration,
    kib: u64,
}

#[test]
#[ignore = "takes minutes, and needs what tests/bench/cluster.sh builds"]
fn hunt_beside_kubectl() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let count: usize = number("OBJECTS").unwrap_or(20_000);
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let begin = Instant::now();
    fill(&plane, count);
    println!("{count} objects and {} bindings written in {} s", count / 50, begin.elapsed().as_secs());

    let program = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} names no program"));
    let (ksecrets, kubectl) = (program("KSECRETS"), program("KUBECTL"));
    let hunt = ["hunt", "--cluster", "--readers", "--format", "json", "--exit-zero", "-o", "/dev/null"];
    let list = ["get", "configmaps,secrets,pods", "-A", "-o", "json"];
    // In turn, so that what else the machine does falls on both.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        theirs.push(cost(&plane, &kubectl, &list));
        ours.push(cost(&plane, &ksecrets, &hunt));
    }
    for (name, costs) in [("kubectl get", theirs), ("ksecrets hunt", ours)] {
        let each = costs.iter().map(|cost| format!("{:.2} s {} MB", cost.time.as_secs_f64(), cost.kib / 1000));
        println!("{name:14} {}", each.collect::<Vec<_>>().join("   "));
    }
}

/// Runs a program to its end, looking at its memory again and again.
fn cost(plane: &ControlPlane, program: &str, arguments: &[&str]) -> Cost {
    let begin = Instant::now();
    let mut child = Command::new(program)
        .env_clear()
        .env("KUBECONFIG", plane.admin().kubeconfig())
        .env("HOME", plane.folder())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut kib = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        kib = kib.max(peak(&child));
        thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{program} failed: {status}");
    Cost { time: begin.elapsed(), kib }
}

/// The most memory that a process has had, where the kernel tells.
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(child.id().to_string()).join("status"));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Writes half ConfigMaps, three tenths Secrets, two tenths Pods, and a binding for every fifty of them.
fn fill(plane: &ControlPlane, count: usize) {
    let namespaces: Vec<String> = (0..NAMESPACES).map(|_| plane.namespace("full").name().to_owned()).collect();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let namespaces = &namespaces;
            scope.spawn(move || {
                for number in (writer..count).step_by(WRITERS) {
                    // Ten in a row share one, so that a pod has the Secret that it names beside it.
                    let namespace = &namespaces[number / 10 % NAMESPACES];
                    // With nothing but ConfigMaps memory must not grow with their number.
                    let kind = if env::var_os("CONFIGMAPS").is_some() { number * 10 } else { number };
                    write(plane, &format!("/api/v1/namespaces/{namespace}"), object(kind));
                    if number % 50 == 0 {
                        let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}");
                        write(plane, &path, binding(number, namespace));
                    }
                }
            });
        }
    });
}

fn write(plane: &ControlPlane, path: &str, (plural, body): (&str, Value)) {
    let answer = plane.admin().post(&format!("{path}/{plural}"), &body);
    assert_eq!(answer.status, 201, "{answer:?}");
}

fn object(number: usize) -> (&'static str, Value) {
    let metadata = json!({"name": format!("o{number}"), "labels": {"app": format!("app-{}", number % 97)}});
    match number % 10 {
        0..5 => {
            // 1 to 4 KB of settings.
            let lines = (0..20 + number * 7 % 60).map(|line| {
                format!("service.{line}.endpoint=http://svc-{}.shop.svc:80{:02}/v1\n", number % 89, line % 97)
            });
            let text = lines.collect::<String>();
            ("configmaps", json!({"metadata": metadata, "data": {"app.properties": text, "log.level": "info"}}))
        }
        5..8 => {
            let password = STANDARD.encode(format!("Qu1et-Heron-{number}-vale"));
            let user = STANDARD.encode(format!("app{}", number % 97));
            ("secrets", json!({"metadata": metadata, "data": {"password": password, "username": user}}))
        }
        _ => {
            let from = json!({"secretKeyRef": {"name": format!("o{}", number - 3), "key": "password"}});
            let container = json!({
                "name": "app", "image": "registry.example.com/shop/app:1.4", "args": ["--listen=:8080"],
                "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "DB_PASSWORD", "valueFrom": from}],
                "resources": {"limits": {"cpu": "1", "memory": "64Mi"}},
            });
            ("pods", json!({"metadata": metadata, "spec": {"serviceAccountName": "app", "containers": [container]}}))
        }
    }
}

fn binding(number: usize, namespace: &str) -> (&'static str, Value) {
    let subject = json!({"kind": "ServiceAccount", "name": format!("robot-{}", number % 30), "namespace": namespace});
    let role = ["view", "edit", "admin"][number / 50 % 3];
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role});
    ("rolebindings", json!({"metadata": {"name": format!("b{number}")}, "roleRef": role, "subjects": [subject]}))
}
