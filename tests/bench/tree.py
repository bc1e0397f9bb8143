#!/usr/bin/env python3
"""Writes trees and files to measure scanners on. The same options give the same bytes everywhere.

    tree.py DIR [--files N] [--bytes N] [--seed N]     a GitOps repository, 1 % of its files with made-up secrets
    tree.py --dense DIR [--mb N,N..] [--seed N]        files that are dense in what a scanner looks for

Every secret is random and belongs to nobody. Prefixes are put together from parts, so that this file itself holds
nothing that looks like a secret.
"""

import argparse
import base64
import itertools
import json
import random
import zlib
from pathlib import Path

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TO_BASE62 = bytes(ord(BASE62[byte % 62]) for byte in range(256))
SHARE = 100  # one file in so many has secrets
LARGEST = 400_000
SMALLEST = 2_000  # of the files whose size can be chosen

WORDS = (
    "the a an of to in for with when which that this each all any only before after during until while whose container "
    "controller cluster node pod service volume replica namespace selector label annotation condition status spec field "
    "value default list map object reference policy resource request limit probe port protocol address endpoint route "
    "gateway listener backend certificate token password secret key credential user group role permission audit event "
    "metric alert rule threshold window interval timeout retry queue worker cache index shard region zone rollout upgrade "
    "schedule immutable optional required deprecated observed desired ready available progressing degraded unknown"
).split()
TEAMS = "payments search catalog identity platform logistics media billing growth data edge ml".split()
APPS = (
    "api worker gateway cache indexer scheduler frontend relay ingest notifier exporter proxy broker ledger catalogue "
    "session audit mailer renderer router billing quota registry pricing"
).split()
SETTINGS = (
    "LOG_LEVEL HTTP_PORT METRICS_PORT CACHE_TTL WORKERS REGION FEATURE_FLAGS DB_HOST DB_PORT DB_NAME REDIS_ADDR "
    "KAFKA_BROKERS OTEL_ENDPOINT MAX_CONNECTIONS TIMEOUT_SECONDS TRACE_SAMPLING BUCKET QUEUE_NAME TOKEN_TTL PASSWORD_FILE"
).split()


def text(r, length, alphabet=BASE62):
    return "".join(r.choices(alphabet, k=length))


def hexes(r, length):
    return text(r, length, "0123456789abcdef")


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def crc(body):
    """The six characters GitHub and npm end their tokens with: CRC-32 in base 62."""
    rest, out = zlib.crc32(body.encode()), ""
    for _ in range(6):
        out = BASE62[rest % 62] + out
        rest //= 62
    return out


# --- secrets -------------------------------------------------------------------------------------------------------


def checked(r, prefix):
    body = text(r, 30)
    return prefix + body + crc(body)


def aws(r):
    access = "AK" + "IA" + "I" + text(r, 15, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    return [("AWS_ACCESS_KEY_ID", access), ("AWS_SECRET_ACCESS_KEY", text(r, 40, BASE62 + "+/"))]


def jwt(r):
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": hexes(r, 12), "iss": "auth.shop.internal", "iat": 1700000000 + r.randrange(9**8)}]
    head, claims = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{claims}.{text(r, 43, BASE62 + '-_')}"


def pem(r):
    """A PKCS#8 frame around noise: it decodes, and is no key."""
    body = r.randbytes(1212)
    der = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    lines = b64(der)
    folded = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    label = "PRIVATE" + " KEY"
    return f"-----BEGIN {label}-----\n{folded}\n-----END {label}-----\n"


def docker(r):
    auth = b64(f"deploy:{password(r)}")
    return json.dumps({"auths": {"registry.shop.internal": {"auth": auth}}})


def google(r):
    account = {"type": "service_account", "project_id": "shop-prod", "private_key_id": hexes(r, 40), "private_key": pem(r)}
    return json.dumps({**account, "client_email": "deploy@shop-prod.iam.gserviceaccount.com"})


def password(r):
    return text(r, r.randrange(12, 24), BASE62 + "!%*-_.")


SECRETS = [
    lambda r: [("GITHUB_TOKEN", checked(r, "gh" + "p_"))],
    lambda r: [("NPM_TOKEN", checked(r, "np" + "m_"))],
    lambda r: [("GITLAB_TOKEN", "gl" + "pat-" + text(r, 20, BASE62 + "_"))],
    lambda r: [("STRIPE_KEY", "sk_" + "live_" + text(r, 24))],
    lambda r: [("SENDGRID_API_KEY", "SG" + "." + text(r, 22) + "." + text(r, 43))],
    lambda r: [("GOOGLE_API_KEY", "AI" + "za" + text(r, 35, BASE62 + "-_"))],
    lambda r: [("SLACK_WEBHOOK", "https://hooks.slack" + f".com/services/T{text(r, 10, BASE62[:36])}/B{text(r, 10, BASE62[:36])}/{text(r, 24)}")],
    lambda r: [("DATABASE_URL", f"postgres://app:{text(r, 18)}@db.{r.choice(TEAMS)}.svc:5432/app")],
    lambda r: [("SESSION_JWT", jwt(r))],
    lambda r: [("DB_PASSWORD", password(r))],
    lambda r: [("ADMIN_PASSWORD", password(r)), ("API_KEY", hexes(r, 32))],
    lambda r: [("CLIENT_SECRET", text(r, 40))],
    lambda r: [("TLS_KEY", pem(r))],
    lambda r: [("DOCKER_CONFIG", docker(r))],
    lambda r: [("GOOGLE_CREDENTIALS", google(r))],
    aws,
]


# --- files of the size they have -----------------------------------------------------------------------------------


def quoted(value):
    return json.dumps(value)


def sentence(r, least=5, most=22):
    return " ".join(r.choices(WORDS, k=r.randint(least, most))).capitalize() + "."


def meta(r, app, indent=0):
    pad = " " * indent
    lines = [f"metadata:", f"  name: {app}", f"  namespace: {r.choice(TEAMS)}", "  labels:", f"    app.kubernetes.io/name: {app}"]
    lines += [f"    app.kubernetes.io/part-of: {r.choice(APPS)}", f"    app.kubernetes.io/version: {r.randrange(9)}.{r.randrange(40)}.{r.randrange(9)}"]
    return "\n".join(pad + line for line in lines)


def setting(r, name):
    values = [str(r.randrange(1, 65536)), r.choice(["info", "debug", "true", "false", "eu-west-1"]), f"{r.choice(APPS)}.{r.choice(TEAMS)}.svc.cluster.local:{r.randrange(80, 9999)}"]
    return "/var/run/app/" + name.lower() if name.endswith("FILE") else r.choice(values)


def env(r, secrets, indent):
    pad, lines = " " * indent, []
    for name in r.sample(SETTINGS, r.randint(2, 9)):
        lines += [f"- name: {name}", f"  value: {quoted(setting(r, name))}"]
    for _ in range(r.randint(0, 3)):
        name = r.choice(["DB_PASSWORD", "API_TOKEN", "SESSION_KEY", "SMTP_PASSWORD"])
        lines += [f"- name: {name}", "  valueFrom:", "    secretKeyRef:", f"      name: {r.choice(APPS)}-secrets", f"      key: {name.lower()}"]
    for name, value in secrets:
        lines += [f"- name: {name}", f"  value: {quoted(value)}"]
    return "\n".join(pad + line for line in lines)


def deployment(r, app, secrets):
    image = f"registry.shop.internal/{r.choice(TEAMS)}/{app}@sha256:{hexes(r, 64)}"
    return f"""apiVersion: apps/v1
kind: {r.choice(["Deployment", "Deployment", "StatefulSet", "DaemonSet"])}
{meta(r, app)}
spec:
  replicas: {r.randrange(1, 9)}
  selector:
    matchLabels:
      app.kubernetes.io/name: {app}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {app}
      annotations:
        checksum/config: {hexes(r, 64)}
    spec:
      serviceAccountName: {app}
      containers:
      - name: {app}
        image: {image}
        args: ["--listen=:{r.randrange(1024, 9999)}", "--config=/etc/{app}/config.yaml", "--token-file=/var/run/token"]
        env:
{env(r, secrets, 8)}
        ports:
        - containerPort: {r.randrange(1024, 9999)}
          name: http
        readinessProbe:
          httpGet:
            path: /healthz
            port: http
        resources:
          limits:
            memory: {r.randrange(64, 4096)}Mi
          requests:
            cpu: {r.randrange(10, 900)}m
        volumeMounts:
        - mountPath: /etc/{app}
          name: config
      volumes:
      - name: config
        configMap:
          name: {app}-config
"""


def service(r, app, secrets):
    port = r.randrange(1024, 9999)
    notes = "".join(f"    {name.lower()}: {quoted(value)}\n" for name, value in secrets)
    notes = f"  annotations:\n{notes}" if secrets else ""
    return f"apiVersion: v1\nkind: Service\n{meta(r, app)}\n{notes}spec:\n  selector:\n    app: {app}\n  ports:\n  - name: http\n    port: {port}\n    targetPort: http\n"


def config(r, app, secrets):
    lines = [f"  {name}: {quoted(setting(r, name))}" for name in r.sample(SETTINGS, r.randint(4, 14))]
    lines += [f"  {name}: {quoted(value)}" for name, value in secrets]
    return f"apiVersion: v1\nkind: ConfigMap\n{meta(r, app + '-config')}\ndata:\n" + "\n".join(lines) + "\n"


def secret(r, app, secrets):
    if secrets:
        lines = [f"  {name.lower()}: {b64(value)}" for name, value in secrets]
        return f"apiVersion: v1\nkind: Secret\n{meta(r, app)}\ntype: Opaque\ndata:\n" + "\n".join(lines) + "\n"
    keys = r.sample(["db-password", "api-token", "session-key", "smtp-password"], r.randint(1, 3))
    if r.random() < 0.5:
        data = "".join(f"  - secretKey: {key}\n    remoteRef:\n      key: prod/{app}\n      property: {key}\n" for key in keys)
        return f"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n{meta(r, app)}\nspec:\n  secretStoreRef:\n    kind: ClusterSecretStore\n    name: vault\n  data:\n{data}"
    data = "".join(f"    {key}: Ag{b64(r.randbytes(420))}\n" for key in keys)
    return f"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n{meta(r, app)}\nspec:\n  encryptedData:\n{data}"


def rbac(r, app, secrets):
    note = "".join(f"# {name}={value}\n" for name, value in secrets if "\n" not in value)
    return f"""{note}apiVersion: rbac.authorization.k8s.io/v1
kind: Role
{meta(r, app)}
rules:
- apiGroups: [""]
  resources: [{", ".join(r.sample(["pods", "configmaps", "services", "secrets", "events"], 2))}]
  verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
{meta(r, app)}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {app}
subjects:
- kind: ServiceAccount
  name: {app}
"""


def template(r, app, secrets):
    extra = "".join(f"            - name: {name}\n              value: {quoted(value)}\n" for name, value in secrets)
    return f"""{{{{- if .Values.enabled }}}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{{{ include "{app}.fullname" . }}}}
  labels:
    {{{{- include "{app}.labels" . | nindent 4 }}}}
spec:
  replicas: {{{{ .Values.replicaCount | default {r.randrange(1, 5)} }}}}
  template:
    spec:
      containers:
        - name: {{{{ .Chart.Name }}}}
          image: "{{{{ .Values.image.repository }}}}:{{{{ .Values.image.tag | default .Chart.AppVersion }}}}"
          env:
{extra}            - name: DB_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: {{{{ .Values.existingSecret | default (include "{app}.fullname" .) }}}}
                  key: password
            - name: LOG_LEVEL
              value: {{{{ .Values.logLevel | quote }}}}
          {{{{- with .Values.resources }}}}
          resources:
            {{{{- toYaml . | nindent 12 }}}}
          {{{{- end }}}}
{{{{- end }}}}
"""


def values(r, app, secrets):
    given = dict(secrets)
    lines = ["# Default values of the chart.", f"replicaCount: {r.randrange(1, 6)}", "image:", f"  repository: registry.shop.internal/{app}", f"  tag: {r.randrange(9)}.{r.randrange(40)}", "auth:", "  # The name of a Secret with the key `password`", '  existingSecret: ""', '  password: ""', "env:"]
    lines += [f"  {name}: {quoted(setting(r, name))}" for name in r.sample(SETTINGS, r.randint(2, 9))]
    lines += [f"  {name}: {quoted(value)}" for name, value in given.items()]
    lines += ["resources: {}", "nodeSelector: {}", "tolerations: []", f"# {sentence(r)}"]
    return "\n".join(lines) + "\n"


def kustomization(r, app, secrets):
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", f"namespace: {r.choice(TEAMS)}", "resources:", "- ../../base", "images:", f"- name: {app}", f"  newTag: {hexes(r, 12)}"]
    lines += ["configMapGenerator:", f"- name: {app}-config", "  literals:"] + [f"  - {name}={setting(r, name)}" for name in r.sample(SETTINGS, 3)]
    if secrets:
        lines += ["secretGenerator:", f"- name: {app}-secrets", "  literals:"] + [f"  - {quoted(name + '=' + value)}" for name, value in secrets]
    return "\n".join(lines) + "\n"


def shell(r, app, secrets):
    lines = ["#!/usr/bin/env bash", "set -euo pipefail", f"# {sentence(r)}", 'token="$(vault read -field=token "$VAULT_PATH")"']
    for _ in range(r.randint(3, 25)):
        name = r.choice(SETTINGS)
        lines.append(r.choice([f'export {name}="${{{name}:-{r.randrange(999)}}}"', f'kubectl -n {r.choice(TEAMS)} rollout status deploy/{app} --timeout={r.randrange(999)}s', f'echo "{sentence(r, 3, 8)}" >&2', f'curl -fsS -H "Authorization: Bearer $token" "https://{app}.internal/v1/{r.choice(WORDS)}"']))
    lines += [f"export {name}='{value}'" for name, value in secrets]
    return "\n".join(lines) + "\n"


def markdown(r, app, secrets):
    lines = [f"# {app}", ""]
    for _ in range(r.randint(2, 9)):
        lines += [f"## {r.choice(WORDS).capitalize()}", "", " ".join(sentence(r) for _ in range(r.randint(1, 6))), "", "```yaml", f"password: <your-password>", f"{r.choice(SETTINGS)}: {r.randrange(999)}", "```", ""]
    if secrets:
        lines += ["```sh"] + [f"export {name}='{value}'" for name, value in secrets] + ["```"]
    return "\n".join(lines) + "\n"


# --- files of a chosen size ----------------------------------------------------------------------------------------


def fill(size, head, tail, chunks):
    """Chunks between head and tail, up to a size."""
    out, length = [head], len(head) + len(tail)
    for chunk in chunks:
        out.append(chunk)
        length += len(chunk)
        if length >= size:
            return "".join(out) + tail


def large_config(r, app, secrets, size):
    def lines():
        yield "".join(f"  {name}: {quoted(value)}\n" for name, value in secrets)
        for number in itertools.count():
            yield f"  part-{number}.conf: |\n"
            for _ in range(r.randint(20, 200)):
                yield "    " + r.choice([
                    f"server {r.choice(APPS)}.{r.choice(TEAMS)}.svc:{r.randrange(80, 9999)} weight={r.randrange(9)} max_fails={r.randrange(9)};",
                    f"location /{r.choice(WORDS)}/{r.choice(WORDS)} {{ proxy_pass http://{r.choice(APPS)}; proxy_read_timeout {r.randrange(99)}s; }}",
                    f"{r.choice(WORDS)}.{r.choice(WORDS)}.{r.choice(WORDS)}={r.randrange(99999)}",
                    f"# {sentence(r)}",
                    f'log_format {r.choice(APPS)} "$remote_addr $request $status {hexes(r, 8)}";',
                ]) + "\n"

    return fill(size, f"apiVersion: v1\nkind: ConfigMap\n{meta(r, app)}\ndata:\n", "", lines())


def crd(r, app, secrets, size):
    def properties():
        yield "".join(f"              {name.lower()}:\n                default: {quoted(value)}\n                type: string\n" for name, value in secrets)
        for number in itertools.count():
            word = r.choice(WORDS)
            yield f"              {word}{number}:\n                description: |-\n"
            yield "".join(f"                  {sentence(r)}\n" for _ in range(r.randint(1, 5)))
            yield "                properties:\n"
            for inner in r.sample(WORDS, r.randint(1, 6)):
                yield f"                  {inner}:\n                    description: {quoted(sentence(r))}\n                    type: {r.choice(['string', 'integer', 'boolean', 'object'])}\n"
            yield "                required:\n                - name\n                type: object\n"

    kind = app.title().replace("-", "")
    bundle = f"  conversion:\n    strategy: Webhook\n    webhook:\n      clientConfig:\n        caBundle: {b64(r.randbytes(900))}\n      conversionReviewVersions: [v1]\n"
    head = f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: {app}s.shop.internal\nspec:\n  group: shop.internal\n{bundle}  names:\n    kind: {kind}\n    plural: {app}s\n  scope: Namespaced\n  versions:\n  - name: v1\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            type: object\n            properties:\n"
    return fill(size, head, "    served: true\n    storage: true\n", properties())


def dashboard(r, app, secrets, size):
    def panels():
        for number in itertools.count():
            target = {"expr": f'sum(rate({r.choice(WORDS)}_{r.choice(WORDS)}_total{{namespace="{r.choice(TEAMS)}",pod=~"{app}.*"}}[5m])) by ({r.choice(WORDS)})', "legendFormat": "{{" + r.choice(WORDS) + "}}", "refId": "A"}
            panel = {"id": number, "title": sentence(r, 2, 6), "type": r.choice(["timeseries", "stat", "table"]), "datasource": {"type": "prometheus", "uid": "${datasource}"}, "gridPos": {"h": 8, "w": 12, "x": 0, "y": 8 * number}, "targets": [target] * r.randint(1, 3), "fieldConfig": {"defaults": {"color": {"mode": "palette-classic"}, "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": r.randrange(99)}]}}, "overrides": []}}
            if number == 0:
                panel["links"] = [{"title": name, "url": value} for name, value in secrets]
            yield ("" if number == 0 else ",\n") + json.dumps(panel, indent=2)

    return fill(size, f'{{\n"title": "{app}", "uid": "{hexes(r, 9)}", "schemaVersion": 39,\n"panels": [\n', "\n]\n}\n", panels())


def export(r, app, secrets, size):
    def items():
        given = list(secrets)
        for number in itertools.count():
            settings = [{"name": name, "value": setting(r, name)} for name in r.sample(SETTINGS, 5)]
            settings += [{"name": name, "value": given.pop()[1]} for name, _ in secrets if given]
            uid = f"{hexes(r, 8)}-{hexes(r, 4)}-4{hexes(r, 3)}-a{hexes(r, 3)}-{hexes(r, 12)}"
            item = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{app}-{hexes(r, 9)}-{text(r, 5, BASE62[36:])}", "namespace": r.choice(TEAMS), "uid": uid, "resourceVersion": str(r.randrange(10**9)), "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": app, "uid": uid}]}, "spec": {"containers": [{"name": app, "image": f"registry.shop.internal/{app}:{r.randrange(99)}", "env": settings, "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access", "readOnly": True}]}], "nodeName": f"node-{r.randrange(99)}"}, "status": {"phase": "Running", "containerStatuses": [{"containerID": f"containerd://{hexes(r, 64)}", "imageID": f"registry.shop.internal/{app}@sha256:{hexes(r, 64)}", "ready": True}]}}
            yield ("" if number == 0 else ",\n") + json.dumps(item, indent=4)

    return fill(size, '{\n"apiVersion": "v1",\n"kind": "List",\n"items": [\n', "\n]\n}\n", items())


def rules(r, app, secrets, size):
    def alerts():
        yield "".join(f"    # {name}: {value}\n" for name, value in secrets if "\n" not in value)
        while True:
            yield f"    - alert: {r.choice(WORDS).title()}{r.choice(WORDS).title()}\n      expr: |\n        sum(rate({r.choice(WORDS)}_total{{job=\"{app}\"}}[5m])) by (pod) > {r.randrange(99)}\n      for: {r.randrange(60)}m\n      labels:\n        severity: warning\n      annotations:\n        description: {quoted(sentence(r))}\n        runbook_url: https://runbooks.shop.internal/{app}/{r.choice(WORDS)}\n"

    return fill(size, f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n{meta(r, app)}\nspec:\n  groups:\n  - name: {app}\n    rules:\n", "", alerts())


# Kind, weight, path, whether the size is chosen.
KINDS = [
    (deployment, 22, "apps/{team}/{app}/base/deployment-{n}.yaml", False),
    (service, 12, "apps/{team}/{app}/base/service-{n}.yaml", False),
    (config, 10, "apps/{team}/{app}/base/configmap-{n}.yaml", False),
    (secret, 4, "apps/{team}/{app}/base/secrets-{n}.yaml", False),
    (rbac, 6, "apps/{team}/{app}/base/rbac-{n}.yaml", False),
    (kustomization, 8, "apps/{team}/{app}/overlays/o{n}/kustomization.yaml", False),
    (template, 9, "charts/{app}/templates/deployment-{n}.yaml", False),
    (values, 6, "charts/{app}/values-{n}.yaml", False),
    (shell, 4, "scripts/{team}/{app}-{n}.sh", False),
    (markdown, 4, "handbook/{team}/{app}-{n}.md", False),
    (large_config, 4, "apps/{team}/{app}/base/files-{n}.yaml", True),
    (crd, 4, "crds/{app}-{n}.yaml", True),
    (dashboard, 3, "dashboards/{team}/{app}-{n}.json", True),
    (export, 2, "exports/{team}/{app}-{n}.json", True),
    (rules, 2, "monitoring/{team}/{app}-{n}.yaml", True),
]
BINARIES = 150  # one file in so many is an image


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return len(content)


def tree(target, files, size, seed):
    """First the files that have their own size, then the others share what is left."""
    r = random.Random(f"{seed}/plan")
    planted = set(r.sample(range(files), files // SHARE))
    total, later = 0, []
    for index in range(files):
        own = random.Random(f"{seed}/{index}")
        # Files lie in the folder of an app, some twenty each.
        number = random.Random(f"{seed}/app/{index // 20}").randrange(10**9)
        app = f"{APPS[number % len(APPS)]}-{index // 20}"
        team = TEAMS[number // 97 % len(TEAMS)]
        if index % BINARIES == 7 and index not in planted:
            image = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + own.randbytes(own.randrange(2_000, 40_000))
            total += write(target / f"handbook/{team}/{app}-{index}.png", image)
            continue
        kind, _, path, sized = own.choices(KINDS, [kind[1] for kind in KINDS])[0]
        path = target / path.format(team=team, app=app, n=index)
        secrets = own.choice(SECRETS)(own) if index in planted else []
        if kind in (shell, markdown, rbac, rules) and any("\n" in value for _, value in secrets):
            secrets = SECRETS[0](own)
        if sized:
            later.append((own.lognormvariate(0, 1), kind, path, own, app, secrets))
        else:
            total += write(path, kind(own, app, secrets).encode())
    share = max(size - total, 0) / (sum(item[0] for item in later) or 1)
    for weight, kind, path, own, app, secrets in later:
        wanted = min(max(int(weight * share), SMALLEST), LARGEST)
        total += write(path, kind(own, app, secrets, wanted).encode())
    print(f"{target}: {files} files, {total / 1e6:.1f} MB, {len(planted)} with secrets")


# --- dense files ---------------------------------------------------------------------------------------------------


def noise(r, length):
    return r.randbytes(length).translate(TO_BASE62).decode()


def tokens(r):
    """Every other one with the right checksum."""
    prefix = "gh" + "p_"
    for number in itertools.count():
        body = noise(r, 30)
        yield f"{prefix}{body}{crc(body) if number % 2 else '0' + noise(r, 5)}\n"


def line(r):
    """What a minifier makes of a large object; there is no line end."""
    yield "{"
    for number in itertools.count():
        name = r.choice(("password", "id", "token", "label", "url", "apiKey", "note"))
        yield f'"{name}{number}":"{noise(r, 20)}",'


def assignments(r):
    while True:
        yield f'password = "{noise(r, 20)}"\n'


def headers(r):
    label = "PRIVATE" + " KEY"
    while True:
        yield f"-----BEGIN {r.choice(('', 'RSA ', 'EC ', 'OPENSSH '))}{label}-----\n"


def encoded(r):
    """Text in base64; every eighth twice."""
    for number in itertools.count():
        inner = b64(f"{sentence(r)} user: {r.choice(APPS)} password: {noise(r, 16)}")
        yield (b64(inner) if number % 8 == 0 else inner) + "\n"


def pairs(r):
    yield "apiVersion: v1\nkind: Pod\nmetadata:\n  name: dense\nspec:\n  containers:\n  - name: dense\n    image: dense\n    env:\n"
    for number in itertools.count():
        yield f"    - name: {r.choice(('APP_PASSWORD', 'SETTING', 'API_TOKEN', 'ENDPOINT'))}_{number}\n      value: {noise(r, 20)}\n"


def braces(half):
    """Small objects, then objects in objects that never end."""

    def chunks(_):
        yield "["
        yield from itertools.repeat('{"a":{"b":[{}]}},', half // 17)
        yield from itertools.repeat('{"a":')

    return chunks


def dense(target, sizes, seed):
    target.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        length = size * 1_000_000
        kinds = [("tokens.txt", tokens), ("line.txt", line), ("assignments.txt", assignments), ("pem.txt", headers), ("base64.txt", encoded), ("yaml-dense.yaml", pairs), ("braces.json", braces(length // 2))]
        for name, chunks in kinds:
            with open(target / f"{size}mb-{name}", "w", encoding="ascii", newline="\n") as out:
                written = 0
                for chunk in chunks(random.Random(f"{seed}/{name}")):
                    if written + len(chunk) > length:
                        break
                    out.write(chunk)
                    written += len(chunk)
    print(f"{target}: {len(kinds)} dense files of each of {', '.join(map(str, sizes))} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, metavar="DIR", help="where to write")
    parser.add_argument("--dense", action="store_true", help="write dense files in place of a tree")
    parser.add_argument("--files", type=int, default=20_000, help="files of the tree [%(default)s]")
    parser.add_argument("--bytes", type=int, default=100_000_000, help="about how large the tree is [%(default)s]")
    parser.add_argument("--mb", default="10,50", help="sizes of dense files in MB [%(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other bytes [%(default)s]")
    given = parser.parse_args()
    if given.dense:
        dense(given.target, [int(size) for size in given.mb.split(",")], given.seed)
    else:
        tree(given.target, given.files, given.bytes, given.seed)


if __name__ == "__main__":
    main()
