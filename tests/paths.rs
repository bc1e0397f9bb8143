//! Every path to Secrets, walked on a real API server: somebody who may not read a Secret, and has the rights of one
//! path, gets at its value or at one who may. What we make of the server's roles and bindings is that path, and nobody
//! that reads.
//!
//! There are no nodes and no controllers. Where a path leads over one of them, the test goes as far as the API server
//! does, and says so.

mod hook;

use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksecrets::access::{Identity as Principals, PATHS, Subject, Version};
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use crate::control_plane::{Answer, ControlPlane, Identity, Namespace};
use crate::oracle;
use hook::Hook;

/// The paths that a test here walks.
const SHOWN: &[&str] = &[
    "bind",
    "bind-in-namespace",
    "constrained-impersonation",
    "constrained-impersonation-of-accounts",
    "constrained-impersonation-of-nodes",
    "constrained-impersonation-of-own-node",
    "create-pods",
    "create-token-secrets",
    "create-workloads",
    "csr-approve",
    "csr-approve-nodes",
    "ephemeral-containers",
    "escalate",
    "escalate-in-namespace",
    "exec",
    "exec-by-get",
    "impersonate",
    "impersonate-groups",
    "impersonate-service-accounts",
    "mutating-policies",
    "nodes-proxy",
    "patch-namespaces",
    "patch-pods",
    "persistent-volumes",
    "port-forward",
    "port-forward-by-get",
    "steal-pods",
    "storage-classes",
    "token-request",
    "validating-policies",
    "webhooks",
];

/// The paths that an API server alone does not show, and who would be needed.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("aws-auth", "the authenticator of EKS"),
    ("csr-node-client", "the controller that approves: the server takes no part in it"),
    ("gitops-applications", "Argo CD, Flux or the Helm controller of k3s"),
    ("nodes-checkpoint", "a kubelet, which asks the server about the right"),
    ("nodes-logs", "a kubelet, which asks the server about the right"),
    ("pod-operators", "the controllers of these resources"),
    ("policy-engines", "Kyverno or Gatekeeper"),
    ("push-secrets", "External Secrets"),
    ("velero-download", "Velero"),
];

const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {greeting: hello paths}
";

fn tells(answer: &Answer) -> bool {
    answer.body.to_string().contains(&STANDARD.encode("hello paths"))
}

/// Waits for what the server learns a moment after it has said yes.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Where rights hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    Everywhere,
}
use Place::{Everywhere, Here};

/// A right as `kubectl auth can-i` takes it, with the name of an object behind `=`:
/// `approve signers.certificates.k8s.io=example.com/signer`, `create pods/exec`.
struct Right<'t> {
    verb: &'t str,
    group: &'t str,
    resource: &'t str,
    subresource: &'t str,
    name: &'t str,
}

impl<'t> Right<'t> {
    fn read(text: &'t str) -> Self {
        let (verb, rest) = text.split_once(' ').unwrap();
        let (rest, name) = rest.split_once('=').unwrap_or((rest, ""));
        let (rest, subresource) = rest.split_once('/').unwrap_or((rest, ""));
        let (resource, group) = rest.split_once('.').unwrap_or((rest, ""));
        Self { verb, group, resource, subresource, name }
    }

    fn rule(&self) -> Value {
        let resource = match self.subresource {
            "" => self.resource.to_owned(),
            subresource => format!("{}/{subresource}", self.resource),
        };
        let names: Vec<_> = Some(self.name).filter(|name| !name.is_empty()).into_iter().collect();
        json!({ "verbs": [self.verb], "apiGroups": [self.group], "resources": [resource], "resourceNames": names })
    }

    /// Whether the server says that somebody has it.
    fn is_of(&self, identity: &Identity, namespace: &str) -> bool {
        let attributes = json!({
            "verb": self.verb, "group": self.group, "resource": self.resource, "subresource": self.subresource,
            "name": self.name, "namespace": namespace,
        });
        let review = json!({ "spec": { "resourceAttributes": attributes } });
        let answer = identity.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["status"]["allowed"] == true
    }
}

/// A namespace with a Secret, and somebody without any right.
struct Scene<'p> {
    plane: &'p ControlPlane,
    namespace: Namespace<'p>,
    user: Identity,
    version: Option<Version>,
}

impl Scene<'static> {
    /// On the shared server. None where there is no server.
    fn set(prefix: &str) -> Option<Self> {
        ControlPlane::shared().map(|plane| Self::on(plane, prefix))
    }
}

impl<'p> Scene<'p> {
    fn on(plane: &'p ControlPlane, prefix: &str) -> Self {
        let namespace = plane.namespace(prefix);
        namespace.apply(SECRET);
        let user = plane.user(&format!("user-of-{}", namespace.name()), &[]);
        let version = plane.admin().get("/version").body;
        let version = Version::read(version["gitVersion"].as_str().unwrap());
        Self { plane, namespace, user, version }
    }

    fn ask_for_secret(&self, identity: &Identity) -> Answer {
        identity.get(&self.namespace.path("secrets/db"))
    }

    /// Lets somebody do something, and waits until it is so.
    fn grant(&self, identity: &Identity, place: Place, rights: &[&str]) {
        let rights: Vec<_> = rights.iter().map(|text| Right::read(text)).collect();
        let (prefix, name) = (if place == Here { "" } else { "Cluster" }, identity.name());
        let rbac = "rbac.authorization.k8s.io";
        let role = json!({
            "apiVersion": format!("{rbac}/v1"),
            "kind": format!("{prefix}Role"),
            "metadata": { "name": name },
            "rules": rights.iter().map(Right::rule).collect::<Vec<_>>(),
        });
        let binding = json!({
            "apiVersion": format!("{rbac}/v1"),
            "kind": format!("{prefix}RoleBinding"),
            "metadata": { "name": name },
            "subjects": [{ "apiGroup": rbac, "kind": "User", "name": identity.name() }],
            "roleRef": { "apiGroup": rbac, "kind": format!("{prefix}Role"), "name": name },
        });
        self.namespace.apply(&format!("{role}\n---\n{binding}"));
        let namespace = if place == Here { self.namespace.name() } else { "" };
        until(name, || rights.iter().all(|right| right.is_of(identity, namespace)));
    }

    /// Gives the user the rights of paths: it does not read the Secret before, nor directly with them, and we say that
    /// it has these paths and no others.
    fn walk(&self, paths: &[&str], rights: &[(Place, &[&str])]) {
        assert_eq!(self.ask_for_secret(&self.user).status, 403);
        for (place, rights) in rights {
            self.grant(&self.user, *place, rights);
        }
        assert_eq!(self.ask_for_secret(&self.user).status, 403);
        assert_eq!(self.paths_in(self.version), paths);
        assert!(paths.iter().all(|path| SHOWN.contains(path)), "{paths:?}");
    }

    /// The paths of the user in a version, according to us. Each of them leads here.
    fn paths_in(&self, version: Option<Version>) -> Vec<&'static str> {
        let access = oracle::access(self.plane, version);
        let subject = Subject::user(self.user.name());
        let read = access.readers().verbs(&Principals::of(&subject), self.namespace.name(), "db");
        assert_eq!(read.iter().count(), 0, "{subject} reads");
        let reaches = access.reaches_by(&subject);
        assert!(reaches.iter().all(|reach| reach.leads_to(self.namespace.name())));
        reaches.iter().map(|reach| reach.path.name).collect()
    }

    /// Somebody who may read the Secret.
    fn reader(&self) -> Identity {
        let reader = self.plane.user(&format!("reader-of-{}", self.namespace.name()), &[]);
        self.grant(&reader, Here, &["get secrets"]);
        reader
    }

    /// A service account that may.
    fn reading_account(&self) -> Identity {
        let account = self.namespace.service_account("reader");
        self.grant(&account, Here, &["get secrets"]);
        account
    }

    /// A pod of others that holds the Secret, on a node if one is named.
    fn pod_of_others(&self, node: &str) {
        let mut pod = pod_with_secret("web");
        if !node.is_empty() {
            pod["spec"]["nodeName"] = node.into();
        }
        let answer = self.plane.admin().post(&self.namespace.path("pods"), &pod);
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// The path of a resource of another group than the core's, in the namespace.
    fn path(&self, group: &str, resource: &str) -> String {
        format!("/apis/{group}/v1/namespaces/{}/{resource}", self.namespace.name())
    }

    /// What the user asks for is done.
    #[track_caller]
    fn does(&self, answer: &Answer) {
        assert!(matches!(answer.status, 200 | 201), "{} may not: {answer:?}", self.user.name());
    }
}

/// A pod that mounts the Secret and acts as a service account.
fn pod_with_secret(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name },
        "spec": {
            "serviceAccountName": "reader",
            "containers": [
                { "name": "c", "image": "i", "volumeMounts": [{ "name": "v", "mountPath": "/v" }] }
            ],
            "volumes": [{ "name": "v", "secret": { "secretName": "db" } }],
        },
    })
}

fn plain_pod(name: &str) -> Value {
    json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c", "image": "i" }] } })
}

/// The scene on the shared server, unless there is none; then the test is over.
macro_rules! scene {
    ($prefix:literal) => {
        match Scene::set($prefix) {
            Some(scene) => scene,
            None => return,
        }
    };
}

const RBAC: &str = "rbac.authorization.k8s.io";
const CLUSTER_ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const CLUSTER_ROLE_BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";

#[test]
fn every_path_is_shown_or_said_not_to_be() {
    let mut told: Vec<_> = SHOWN.iter().copied().chain(NOT_SHOWN.iter().map(|(name, _)| *name)).collect();
    told.sort_unstable();
    assert_eq!(told, PATHS.iter().map(|path| path.name).collect::<Vec<_>>());
}

// Being somebody else.

#[test]
fn a_token_made_for_a_reader_reads() {
    let scene = scene!("token-request");
    let account = scene.reading_account();
    scene.walk(&["token-request"], &[(Here, &["create serviceaccounts/token"])]);
    let answer = scene.user.post(&scene.namespace.path("serviceaccounts/reader/token"), &json!({}));
    scene.does(&answer);
    let token = answer.body["status"]["token"].as_str().unwrap();
    assert!(tells(&scene.ask_for_secret(&scene.plane.bearer(account.name(), token))));
}

#[test]
fn a_user_who_impersonates_users_reads_as_one() {
    let scene = scene!("impersonate");
    let reader = scene.reader();
    let actor = scene.user.impersonating(reader.name(), &[]);
    assert_eq!(scene.ask_for_secret(&actor).status, 403);
    scene.walk(&["impersonate"], &[(Everywhere, &["impersonate users"])]);
    assert!(tells(&scene.ask_for_secret(&actor)));
    // One that every cluster has is enough.
    let manager = scene.user.impersonating("system:kube-controller-manager", &[]);
    assert!(tells(&scene.ask_for_secret(&manager)));
}

#[test]
fn groups_are_impersonated_beside_a_service_account_or_user() {
    let scene = scene!("impersonate-groups");
    let account = scene.namespace.service_account("robot");
    let master = scene.user.impersonating(account.name(), &["system:masters"]);
    scene.grant(&scene.user, Everywhere, &["impersonate groups"]);
    assert_eq!(scene.ask_for_secret(&master).status, 403);
    assert_eq!(scene.paths_in(scene.version), [""; 0]);
    let nobody = scene.user.impersonating("", &["system:masters"]);
    assert_ne!(scene.ask_for_secret(&nobody).status, 200);

    let rights: &[(_, &[_])] = &[(Here, &["impersonate serviceaccounts"])];
    scene.walk(&["impersonate-groups", "impersonate-service-accounts"], rights);
    assert!(tells(&scene.ask_for_secret(&master)));
}

#[test]
fn a_user_who_impersonates_service_accounts_reads_as_one() {
    let scene = scene!("impersonate-accounts");
    let actor = scene.user.impersonating(scene.reading_account().name(), &[]);
    scene.walk(&["impersonate-service-accounts"], &[(Here, &["impersonate serviceaccounts"])]);
    assert!(tells(&scene.ask_for_secret(&actor)));
}

#[test]
fn constrained_impersonation_of_users_reads() {
    let scene = scene!("constrained-users");
    let actor = scene.user.impersonating(scene.reader().name(), &[]);
    let rights: &[(_, &[_])] = &[
        (
            Everywhere,
            &[
                "impersonate:user-info users.authentication.k8s.io",
                "impersonate:user-info groups.authentication.k8s.io",
            ],
        ),
        (Here, &["impersonate-on:user-info:get secrets"]),
    ];
    scene.walk(&["constrained-impersonation"], rights);
    assert!(tells(&scene.ask_for_secret(&actor)));
    let master = scene.user.impersonating("anybody", &["system:masters"]);
    assert_eq!(scene.ask_for_secret(&master).status, 403);
}

#[test]
fn constrained_impersonation_of_service_accounts_reads() {
    let scene = scene!("constrained-accounts");
    let actor = scene.user.impersonating(scene.reading_account().name(), &[]);
    let rights = &[
        "impersonate:serviceaccount serviceaccounts.authentication.k8s.io",
        "impersonate-on:serviceaccount:get secrets",
    ];
    scene.walk(&["constrained-impersonation-of-accounts"], &[(Here, rights)]);
    assert!(tells(&scene.ask_for_secret(&actor)));
}

/// No kubelet is needed: that a pod is on the node is all that the node authorizer asks.
#[test]
fn constrained_impersonation_of_nodes_reads_what_their_pods_hold() {
    let scene = scene!("constrained-nodes");
    let node = format!("node-of-{}", scene.namespace.name());
    scene.pod_of_others(&node);
    let actor = scene.user.impersonating(&format!("system:node:{node}"), &[]);
    let rights: &[(_, &[_])] = &[
        (Everywhere, &["impersonate:arbitrary-node nodes.authentication.k8s.io"]),
        (Here, &["impersonate-on:arbitrary-node:get secrets"]),
    ];
    scene.walk(&["constrained-impersonation-of-nodes"], rights);
    until("the node reads", || tells(&scene.ask_for_secret(&actor)));
}

#[test]
fn a_pod_that_impersonates_its_own_node_reads_what_its_neighbours_hold() {
    let mut scene = scene!("constrained-own-node");
    let node = format!("node-of-{}", scene.namespace.name());
    let other = format!("{node}-2");
    for node in [&node, &other] {
        scene.does(&scene.plane.admin().post("/api/v1/nodes", &json!({ "metadata": { "name": node } })));
    }
    scene.pod_of_others(&node);
    let account = scene.namespace.service_account("agent");
    let mut agent = plain_pod("agent");
    agent["spec"]["serviceAccountName"] = "agent".into();
    agent["spec"]["nodeName"] = node.as_str().into();
    let agent = scene.plane.admin().post(&scene.namespace.path("pods"), &agent).body;
    // The token that a kubelet would ask for, which names the pod's node.
    let bound = json!({ "kind": "Pod", "apiVersion": "v1", "name": "agent", "uid": agent["metadata"]["uid"] });
    let path = scene.namespace.path("serviceaccounts/agent/token");
    let token = scene.plane.admin().post(&path, &json!({ "spec": { "boundObjectRef": bound } })).body;
    scene.user = scene.plane.bearer(account.name(), token["status"]["token"].as_str().unwrap());

    let rights: &[(_, &[_])] = &[
        (Everywhere, &["impersonate:associated-node nodes.authentication.k8s.io=*"]),
        (Here, &["impersonate-on:associated-node:get secrets"]),
    ];
    scene.walk(&["constrained-impersonation-of-own-node"], rights);
    let actor = scene.user.impersonating(&format!("system:node:{node}"), &[]);
    until("the node reads", || tells(&scene.ask_for_secret(&actor)));
    let stranger = scene.user.impersonating(&format!("system:node:{other}"), &[]);
    assert_eq!(scene.ask_for_secret(&stranger).status, 403);
}

/// Nobody signs here: what is shown is that the user has a request approved that nobody else has looked at, and that
/// the server refuses one for `system:masters`.
#[test]
fn a_request_for_a_certificate_is_approved_by_who_made_it() {
    let scene = scene!("csr-approve");
    let rights: &[&str] = &[
        "create certificatesigningrequests.certificates.k8s.io",
        "patch certificatesigningrequests.certificates.k8s.io/approval",
    ];
    let signer = "kubernetes.io/kube-apiserver-client";
    let request = request_for(&scene, signer, "system:kube-controller-manager", &[]);
    scene.walk(&[], &[(Everywhere, rights)]);
    scene.does(&scene.user.post(REQUESTS, &request));
    assert_eq!(approve(&scene, &request).status, 403, "without the signer");

    let signers = "approve signers.certificates.k8s.io=kubernetes.io/kube-apiserver-client";
    scene.walk(&["csr-approve"], &[(Everywhere, &[rights[0], rights[1], signers])]);
    let approved = approve(&scene, &request);
    scene.does(&approved);
    assert_eq!(approved.body["status"]["conditions"][0]["type"], "Approved");
    assert!(approved.body["status"]["certificate"].is_null());

    let masters = request_for(&scene, signer, "anybody", &["system:masters"]);
    let refused = scene.user.post(&format!("{REQUESTS}?dryRun=All"), &masters);
    assert_eq!(refused.status, 403, "{refused:?}");
}

#[test]
fn a_request_for_the_certificate_of_a_node_is_approved_by_who_made_it() {
    approves_for_a_node(&scene!("csr-approve-nodes"), "kubernetes.io/kube-apiserver-client-kubelet");
}

#[test]
fn whoever_approves_for_all_signers_of_a_domain_approves_for_each() {
    approves_for_a_node(&scene!("csr-approve-all"), "kubernetes.io/*");
}

fn approves_for_a_node(scene: &Scene<'_>, signers: &str) {
    let rights: &[&str] = &[
        "create certificatesigningrequests.certificates.k8s.io",
        "patch certificatesigningrequests.certificates.k8s.io/approval",
        &format!("approve signers.certificates.k8s.io={signers}"),
    ];
    let paths: &[_] =
        if signers.ends_with('*') { &["csr-approve", "csr-approve-nodes"] } else { &["csr-approve-nodes"] };
    scene.walk(paths, &[(Everywhere, rights)]);
    let signer = "kubernetes.io/kube-apiserver-client-kubelet";
    let request = request_for(scene, signer, "system:node:worker", &["system:nodes"]);
    scene.does(&scene.user.post(REQUESTS, &request));
    let approved = approve(scene, &request);
    scene.does(&approved);
    assert_eq!(approved.body["status"]["conditions"][0]["type"], "Approved");
}

fn request_for(scene: &Scene<'_>, signer: &str, user: &str, groups: &[&str]) -> Value {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, user);
    for group in groups {
        params.distinguished_name.push(DnType::OrganizationName, *group);
    }
    let request = params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap();
    json!({
        "metadata": { "name": format!("request-of-{}", scene.namespace.name()) },
        "spec": {
            "request": STANDARD.encode(request),
            "signerName": signer,
            "usages": ["digital signature", "client auth"],
        },
    })
}

fn approve(scene: &Scene<'_>, request: &Value) -> Answer {
    let condition = json!({ "type": "Approved", "status": "True", "reason": "Own", "message": "by its maker" });
    let path = format!("{REQUESTS}/{}/approval", request["metadata"]["name"].as_str().unwrap());
    scene.user.patch(&path, &json!({ "status": { "conditions": [condition] } }))
}

/// A controller would write the token into it; there is none, so what is shown is that the server takes the Secret.
#[test]
fn a_secret_for_the_token_of_any_account_is_made_and_read() {
    let scene = scene!("create-token-secrets");
    scene.reading_account();
    scene.walk(&["create-token-secrets"], &[(Here, &["create secrets", "get secrets=minted"])]);
    let secret = json!({
        "metadata": { "name": "minted", "annotations": { "kubernetes.io/service-account.name": "reader" } },
        "type": "kubernetes.io/service-account-token",
    });
    scene.does(&scene.user.post(&scene.namespace.path("secrets"), &secret));
    let minted = scene.user.get(&scene.namespace.path("secrets/minted"));
    scene.does(&minted);
    assert!(minted.body["data"]["token"].is_null());
}

// Giving oneself rights.

#[test]
fn whoever_escalates_writes_the_right_into_its_own_cluster_role() {
    let scene = scene!("escalate");
    let patch = "patch clusterroles.rbac.authorization.k8s.io";
    scene.walk(&[], &[(Everywhere, &[patch])]);
    let own = format!("{CLUSTER_ROLES}/{}", scene.user.name());
    let wider = json!({ "rules": [{ "verbs": ["get"], "apiGroups": [""], "resources": ["secrets"] }] });
    assert_eq!(scene.user.patch(&own, &wider).status, 403, "without escalate");
    scene.walk(&["escalate"], &[(Everywhere, &[patch, "escalate clusterroles.rbac.authorization.k8s.io"])]);
    scene.does(&scene.user.patch(&own, &wider));
    until("it reads", || tells(&scene.ask_for_secret(&scene.user)));
}

#[test]
fn whoever_escalates_in_a_namespace_writes_the_right_into_its_own_role() {
    let scene = scene!("escalate-here");
    let rights = &["patch roles.rbac.authorization.k8s.io", "escalate roles.rbac.authorization.k8s.io"];
    scene.walk(&["escalate-in-namespace"], &[(Here, rights)]);
    let own = scene.path(RBAC, &format!("roles/{}", scene.user.name()));
    let wider = json!({ "rules": [{ "verbs": ["get"], "apiGroups": [""], "resources": ["secrets"] }] });
    scene.does(&scene.user.patch(&own, &wider));
    until("it reads", || tells(&scene.ask_for_secret(&scene.user)));
}

#[test]
fn whoever_binds_makes_itself_administrator() {
    let scene = scene!("bind");
    let create = "create clusterrolebindings.rbac.authorization.k8s.io";
    let binding = json!({
        "metadata": { "name": format!("own-{}", scene.namespace.name()) },
        "subjects": [{ "apiGroup": RBAC, "kind": "User", "name": scene.user.name() }],
        "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin" },
    });
    scene.walk(&[], &[(Everywhere, &[create])]);
    assert_eq!(scene.user.post(CLUSTER_ROLE_BINDINGS, &binding).status, 403, "without bind");
    scene.walk(&["bind"], &[(Everywhere, &[create, "bind clusterroles.rbac.authorization.k8s.io"])]);
    scene.does(&scene.user.post(CLUSTER_ROLE_BINDINGS, &binding));
    until("it reads", || tells(&scene.ask_for_secret(&scene.user)));
}

#[test]
fn whoever_binds_in_a_namespace_reads_there() {
    let scene = scene!("bind-here");
    let rights = &["create rolebindings.rbac.authorization.k8s.io", "bind clusterroles.rbac.authorization.k8s.io"];
    scene.walk(&["bind-in-namespace"], &[(Here, rights)]);
    let binding = json!({
        "metadata": { "name": "own" },
        "subjects": [{ "apiGroup": RBAC, "kind": "User", "name": scene.user.name() }],
        "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin" },
    });
    scene.does(&scene.user.post(&scene.path(RBAC, "rolebindings"), &binding));
    until("it reads", || tells(&scene.ask_for_secret(&scene.user)));
}

// Running or changing pods. No kubelet runs them: what is shown is that the server takes a pod that holds the Secret.

#[test]
fn a_pod_that_mounts_the_secret_and_acts_as_a_reader_is_taken() {
    let scene = scene!("create-pods");
    let path = scene.namespace.path("pods?dryRun=All");
    assert_eq!(scene.user.post(&path, &pod_with_secret("own")).status, 403);
    scene.walk(&["create-pods"], &[(Here, &["create pods"])]);
    let pod = scene.user.post(&path, &pod_with_secret("own"));
    scene.does(&pod);
    assert_eq!(pod.body["spec"]["volumes"][0]["secret"]["secretName"], "db");
    assert_eq!(pod.body["spec"]["serviceAccountName"], "reader");
}

#[test]
fn a_workload_whose_pods_mount_the_secret_is_taken() {
    let scene = scene!("create-workloads");
    scene.walk(&["create-workloads"], &[(Here, &["create deployments.apps", "create cronjobs.batch"])]);
    let mut template = json!({ "metadata": { "labels": { "app": "own" } }, "spec": pod_with_secret("own")["spec"] });
    let spec = json!({ "selector": { "matchLabels": { "app": "own" } }, "template": template });
    let deployment = json!({ "metadata": { "name": "own" }, "spec": spec });
    scene.does(&scene.user.post(&scene.path("apps", "deployments?dryRun=All"), &deployment));
    template["spec"]["restartPolicy"] = "Never".into();
    let spec = json!({ "schedule": "@daily", "jobTemplate": { "spec": { "template": template } } });
    let job = json!({ "metadata": { "name": "own" }, "spec": spec });
    scene.does(&scene.user.post(&scene.path("batch", "cronjobs?dryRun=All"), &job));
}

#[test]
fn the_image_of_a_pod_that_holds_the_secret_is_changed() {
    let scene = scene!("patch-pods");
    scene.pod_of_others("");
    scene.walk(&["patch-pods"], &[(Here, &["patch pods"])]);
    let container = json!({ "name": "c", "image": "own", "volumeMounts": [{ "name": "v", "mountPath": "/v" }] });
    let pod = scene.user.patch(&scene.namespace.path("pods/web"), &json!({ "spec": { "containers": [container] } }));
    scene.does(&pod);
    assert_eq!(pod.body["spec"]["containers"][0]["image"], "own");
}

#[test]
fn a_container_that_mounts_what_the_pod_holds_is_put_into_it() {
    let scene = scene!("ephemeral");
    scene.pod_of_others("");
    scene.walk(&["ephemeral-containers"], &[(Here, &["patch pods/ephemeralcontainers"])]);
    let container = json!({ "name": "own", "image": "own", "volumeMounts": [{ "name": "v", "mountPath": "/v" }] });
    let path = scene.namespace.path("pods/web/ephemeralcontainers");
    let pod = scene.user.patch(&path, &json!({ "spec": { "ephemeralContainers": [container] } }));
    scene.does(&pod);
    assert_eq!(pod.body["spec"]["ephemeralContainers"][0]["volumeMounts"][0]["name"], "v");
}

/// Whether the server would have gone on to the kubelet: it looks for the pod's node only after it has decided.
fn goes_on_to_the_node(answer: &Answer) -> bool {
    assert!(matches!(answer.status, 400 | 403), "{answer:?}");
    answer.status == 400
}

#[test]
fn commands_and_connections_go_to_pods_with_create() {
    let scene = scene!("exec");
    scene.pod_of_others("");
    let ask = |what: &str| scene.user.post(&scene.namespace.path(&format!("pods/web/{what}")), &Value::Null);
    let all = ["exec?command=cat", "attach?stdin=true", "portforward"];
    assert!(all.iter().all(|what| !goes_on_to_the_node(&ask(what))));
    let rights = &["create pods/exec", "create pods/attach", "create pods/portforward"];
    scene.walk(&["exec", "port-forward"], &[(Here, rights)]);
    assert!(all.iter().all(|what| goes_on_to_the_node(&ask(what))));
}

const BY_GET: &[&str] = &["get pods/exec", "get pods/attach", "get pods/portforward"];

/// A WebSocket opens with GET. Since 1.35 the server asks for `create` too.
#[test]
fn get_sends_no_commands_and_opens_no_connections() {
    let scene = scene!("exec-by-get");
    scene.pod_of_others("");
    scene.walk(&[], &[(Here, BY_GET)]);
    for what in ["exec?command=cat", "attach?stdin=true", "portforward"] {
        let answer = scene.user.get(&scene.namespace.path(&format!("pods/web/{what}")));
        assert!(!goes_on_to_the_node(&answer), "{what}");
    }
}

/// The same, and what came with 1.36, on a server that does as 1.34 did.
#[test]
fn older_servers_take_get_for_commands_and_know_no_constrained_impersonation() {
    let Some(plane) = ControlPlane::start(&["--emulated-version=1.34"]) else { return };
    let mut scene = Scene::on(&plane, "older");
    scene.version = Version::read("1.34");
    scene.pod_of_others("");
    let actor = scene.user.impersonating(scene.reader().name(), &[]);
    let cluster: &[&str] = &[
        "impersonate:user-info users.authentication.k8s.io",
        "create mutatingadmissionpolicies.admissionregistration.k8s.io",
        "create mutatingadmissionpolicybindings.admissionregistration.k8s.io",
    ];
    let here = [BY_GET, &["impersonate-on:user-info:get secrets"]].concat();
    scene.walk(&["exec-by-get", "port-forward-by-get"], &[(Everywhere, cluster), (Here, &here)]);
    for what in ["exec?command=cat", "attach?stdin=true", "portforward"] {
        let answer = scene.user.get(&scene.namespace.path(&format!("pods/web/{what}")));
        assert!(goes_on_to_the_node(&answer), "{what}");
    }
    assert_eq!(scene.ask_for_secret(&actor).status, 403);
    assert_eq!(scene.user.post(&format!("{ADMISSION}/mutatingadmissionpolicies"), &json!({})).status, 404);
    let later = ["constrained-impersonation", "mutating-policies"];
    assert_eq!(scene.paths_in(Version::read("1.36")), later);
}

/// No such pod listens: that the server looks for it is all that is shown.
#[test]
fn requests_to_the_ports_of_pods_and_services_are_passed_on() {
    let scene = scene!("proxy");
    scene.pod_of_others("");
    let paths = [scene.namespace.path("pods/web/proxy/"), scene.namespace.path("services/none/proxy/")];
    assert!(paths.iter().all(|path| scene.user.get(path).status == 403));
    scene.walk(&["port-forward"], &[(Here, &["get pods/proxy", "get services/proxy"])]);
    assert!(paths.iter().all(|path| scene.user.get(path).status != 403));
}

/// The same for a kubelet, which would run commands in its pods.
#[test]
fn requests_to_kubelets_are_passed_on() {
    let scene = scene!("nodes-proxy");
    let path = "/api/v1/nodes/none/proxy/pods";
    assert_eq!(scene.user.get(path).status, 403);
    scene.walk(&["nodes-proxy"], &[(Everywhere, &["get nodes/proxy"])]);
    assert_eq!(scene.user.get(path).status, 404);
}

#[test]
fn a_node_is_emptied_of_pods() {
    let scene = scene!("steal-pods");
    let node = format!("node-of-{}", scene.namespace.name());
    scene.does(&scene.plane.admin().post("/api/v1/nodes", &json!({ "metadata": { "name": node } })));
    scene.pod_of_others(&node);
    scene.walk(&["steal-pods"], &[(Everywhere, &["patch nodes"]), (Here, &["create pods/eviction"])]);
    let taint = json!({ "key": "own", "effect": "NoSchedule" });
    scene.does(&scene.user.patch(&format!("/api/v1/nodes/{node}"), &json!({ "spec": { "taints": [taint] } })));
    let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": "web" } });
    scene.does(&scene.user.post(&scene.namespace.path("pods/web/eviction?dryRun=All"), &eviction));
}

// Changing what guards or feeds pods.

#[test]
fn a_namespace_whose_pod_security_is_lifted_takes_a_privileged_pod() {
    let scene = scene!("patch-namespaces");
    let this = format!("/api/v1/namespaces/{}", scene.namespace.name());
    let level = |level: &str| json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": level } } });
    scene.does(&scene.plane.admin().patch(&this, &level("restricted")));
    let mut pod = plain_pod("own");
    pod["spec"]["containers"][0]["securityContext"] = json!({ "privileged": true });
    let create = || scene.user.post(&scene.namespace.path("pods?dryRun=All"), &pod);

    scene.walk(&["create-pods"], &[(Here, &["create pods"])]);
    until("pod security holds", || create().status == 403);
    scene.walk(&["create-pods", "patch-namespaces"], &[(Here, &["create pods", "patch namespaces"])]);
    assert_eq!(create().status, 403);
    scene.does(&scene.user.patch(&this, &level("privileged")));
    until("pod security is lifted", || create().status == 201);
}

/// No volume is mounted here: what is shown is that the server takes one of a node's root, and one whose Secret is of
/// a namespace where the user has no right.
#[test]
fn volumes_of_the_nodes_disk_and_of_foreign_secrets_are_taken() {
    let scene = scene!("persistent-volumes");
    scene.walk(&["persistent-volumes"], &[(Everywhere, &["create persistentvolumes"])]);
    let secret = json!({ "name": "db", "namespace": scene.namespace.name() });
    let driver = json!({ "driver": "own.example.com", "volumeHandle": "own", "nodePublishSecretRef": secret });
    for (source, how) in [("hostPath", json!({ "path": "/" })), ("csi", driver)] {
        let mut volume = json!({
            "metadata": { "name": format!("own-{}", scene.namespace.name()) },
            "spec": { "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"] },
        });
        volume["spec"][source] = how;
        scene.does(&scene.user.post("/api/v1/persistentvolumes?dryRun=All", &volume));
    }
}

/// No provisioner is here: what is shown is that nobody asks whether the user reads the Secret.
#[test]
fn a_storage_class_that_names_a_foreign_secret_is_taken() {
    let scene = scene!("storage-classes");
    scene.walk(&["storage-classes"], &[(Everywhere, &["create storageclasses.storage.k8s.io"])]);
    let class = json!({
        "metadata": { "name": format!("own-{}", scene.namespace.name()) },
        "provisioner": "own.example.com",
        "parameters": {
            "csi.storage.k8s.io/provisioner-secret-name": "db",
            "csi.storage.k8s.io/provisioner-secret-namespace": scene.namespace.name(),
        },
    });
    scene.does(&scene.user.post("/apis/storage.k8s.io/v1/storageclasses?dryRun=All", &class));
}

/// Which namespace a webhook or policy is for. Others' objects are left alone.
fn selects(scene: &Scene<'_>) -> Value {
    json!({ "matchLabels": { "kubernetes.io/metadata.name": scene.namespace.name() } })
}

/// Whether a pod that somebody else makes mounts the Secret.
fn pods_of_others_mount_it(scene: &Scene<'_>) -> bool {
    let pod = scene.plane.admin().post(&scene.namespace.path("pods?dryRun=All"), &plain_pod("theirs"));
    assert_eq!(pod.status, 201, "{pod:?}");
    pod.body["spec"]["volumes"][0]["secret"]["secretName"] == "db"
}

#[test]
fn a_policy_mounts_the_secret_into_the_pods_of_others() {
    let scene = scene!("mutating-policies");
    let rights: &[&str] = &[
        "create mutatingadmissionpolicies.admissionregistration.k8s.io",
        "create mutatingadmissionpolicybindings.admissionregistration.k8s.io",
    ];
    scene.walk(&["mutating-policies"], &[(Everywhere, rights)]);
    assert!(!pods_of_others_mount_it(&scene));
    let name = format!("own-{}", scene.namespace.name());
    let expression = r#"Object{spec: Object.spec{volumes: [Object.spec.volumes{
        name: "own", secret: Object.spec.volumes.secret{secretName: "db"}}]}}"#;
    let pods = json!({ "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"] });
    let policy = json!({
        "metadata": { "name": name },
        "spec": {
            "failurePolicy": "Ignore",
            "reinvocationPolicy": "Never",
            "matchConstraints": { "namespaceSelector": selects(&scene), "resourceRules": [pods] },
            "mutations": [
                { "patchType": "ApplyConfiguration", "applyConfiguration": { "expression": expression } }
            ],
        },
    });
    scene.does(&scene.user.post(&format!("{ADMISSION}/mutatingadmissionpolicies"), &policy));
    let binding = json!({ "metadata": { "name": name }, "spec": { "policyName": name } });
    scene.does(&scene.user.post(&format!("{ADMISSION}/mutatingadmissionpolicybindings"), &binding));
    until("pods are changed", || pods_of_others_mount_it(&scene));
}

#[test]
fn a_policy_tells_the_old_value_to_whoever_may_replace_a_secret() {
    let scene = scene!("validating-policies");
    let rights: &[&str] = &[
        "create validatingadmissionpolicies.admissionregistration.k8s.io",
        "create validatingadmissionpolicybindings.admissionregistration.k8s.io",
    ];
    scene.walk(&["validating-policies"], &[(Everywhere, rights), (Here, &["update secrets"])]);
    let replace = || {
        let secret = json!({ "metadata": { "name": "db" }, "data": {} });
        scene.user.put(&scene.namespace.path("secrets/db?dryRun=All"), &secret)
    };
    assert!(!tells(&replace()));
    let name = format!("own-{}", scene.namespace.name());
    let secrets =
        json!({ "operations": ["UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"] });
    let policy = json!({
        "metadata": { "name": name },
        "spec": {
            "failurePolicy": "Ignore",
            "matchConstraints": { "namespaceSelector": selects(&scene), "resourceRules": [secrets] },
            "validations": [{
                "expression": "false",
                "messageExpression": "string(oldObject.data.greeting)",
            }],
        },
    });
    scene.does(&scene.user.post(&format!("{ADMISSION}/validatingadmissionpolicies"), &policy));
    let binding =
        json!({ "metadata": { "name": name }, "spec": { "policyName": name, "validationActions": ["Deny"] } });
    scene.does(&scene.user.post(&format!("{ADMISSION}/validatingadmissionpolicybindings"), &binding));
    until("the refusal tells", || tells(&replace()));
}

#[test]
fn a_webhook_is_told_every_secret_and_changes_the_pods_of_others() {
    let scene = scene!("webhooks");
    let rights = &["create mutatingwebhookconfigurations.admissionregistration.k8s.io"];
    scene.walk(&["webhooks"], &[(Everywhere, rights)]);
    let hook = Hook::listen();
    let rule = json!({
        "operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets", "pods"],
    });
    let webhook = json!({
        "name": "own.example.com",
        "clientConfig": { "url": hook.url, "caBundle": STANDARD.encode(&hook.certificate) },
        "rules": [rule],
        "namespaceSelector": selects(&scene),
        "failurePolicy": "Ignore",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    });
    let name = format!("own-{}", scene.namespace.name());
    let configuration = json!({ "metadata": { "name": name }, "webhooks": [webhook] });
    scene.does(&scene.user.post(&format!("{ADMISSION}/mutatingwebhookconfigurations"), &configuration));

    // Somebody touches the Secret, and the webhook hears all of it.
    let touch = json!({ "metadata": { "labels": { "touched": "yes" } } });
    let value = STANDARD.encode("hello paths");
    until("the webhook is told", || {
        scene.does(&scene.plane.admin().patch(&scene.namespace.path("secrets/db?dryRun=All"), &touch));
        hook.heard().iter().any(|review| review["request"]["object"]["data"]["greeting"] == value)
    });
    until("pods are changed", || pods_of_others_mount_it(&scene));
}

// What is no path.

#[test]
fn rights_that_look_alike_lead_nowhere() {
    let scene = scene!("no-paths");
    let here: &[&str] = &[
        "create podtemplates",
        "update deployments.apps/scale",
        "patch pods/status",
        "create events",
        "update leases.coordination.k8s.io",
        "unsafe-delete-ignore-read-errors secrets",
        "create rolebindings.rbac.authorization.k8s.io",
        "update roles.rbac.authorization.k8s.io",
        "update secrets",
        "create secrets",
    ];
    let everywhere: &[&str] = &[
        "create tokenreviews.authentication.k8s.io",
        "create subjectaccessreviews.authorization.k8s.io",
        "sign signers.certificates.k8s.io",
        "create clusterrolebindings.rbac.authorization.k8s.io",
        "impersonate groups",
    ];
    scene.walk(&[], &[(Here, here), (Everywhere, everywhere)]);

    // A template of pods is taken, and nothing makes pods of it.
    let template = json!({ "metadata": { "name": "own" }, "template": { "spec": pod_with_secret("own")["spec"] } });
    scene.does(&scene.user.post(&scene.namespace.path("podtemplates"), &template));
    let review = json!({ "spec": { "token": "none" } });
    let answer = scene.user.post("/apis/authentication.k8s.io/v1/tokenreviews", &review);
    scene.does(&answer);
    assert_ne!(answer.body["status"]["authenticated"], true);
    // Rights are passed on by who has them.
    let binding = json!({
        "metadata": { "name": "own" },
        "subjects": [{ "apiGroup": RBAC, "kind": "User", "name": scene.user.name() }],
        "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin" },
    });
    assert_eq!(scene.user.post(&scene.path(RBAC, "rolebindings"), &binding).status, 403);
    // Who replaces a Secret is told what it sent, and who makes one of the same name is told that there is one.
    let secret = json!({ "metadata": { "name": "db" }, "data": { "own": "b3du" } });
    let replaced = scene.user.put(&scene.namespace.path("secrets/db?dryRun=All"), &secret);
    scene.does(&replaced);
    let made = scene.user.post(&scene.namespace.path("secrets?dryRun=All"), &secret);
    assert_eq!(made.status, 409, "{made:?}");
    assert!(!tells(&replaced) && !tells(&made));
    assert_eq!(scene.ask_for_secret(&scene.user).status, 403);
}
