//! JSON Web Tokens (RFC 7519), read without verifying: whose they are and until when.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::date::date;

/// What the subject of a Kubernetes service account begins with.
const ACCOUNT: &str = "system:serviceaccount:";
/// Most audiences that are told.
const MOST_AUDIENCES: usize = 4;

/// What a token says of itself. Nothing here is secret; the signature is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `iss`.
    pub issuer: Option<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// Kubernetes namespace, of bound and of legacy service-account tokens.
    pub namespace: Option<String>,
    /// Kubernetes service account.
    pub service_account: Option<String>,
    /// `aud`: for whom it is meant.
    pub audiences: Vec<String>,
    /// The pod that a Kubernetes token ends with.
    pub pod: Option<String>,
    /// The node of that pod, or that the token ends with.
    pub node: Option<String>,
    /// `exp`, seconds since 1970.
    pub expires: Option<i64>,
}

impl Claims {
    /// Reads a compact JWS. None when header or payload is not JSON, or the header names no algorithm.
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let header = json(parts.next()?)?;
        let payload = json(parts.next()?)?;
        header.get("alg")?.as_str()?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let bound = |path: &str| text(payload.get("kubernetes.io").and_then(|bound| bound.pointer(path)));
        let subject = text(payload.get("sub"));
        let account = subject.as_deref().and_then(|subject| subject.strip_prefix(ACCOUNT)?.split_once(':'));
        let audiences = match payload.get("aud") {
            Some(Value::Array(several)) => {
                several.iter().filter_map(|one| text(Some(one))).take(MOST_AUDIENCES).collect()
            }
            one => text(one).into_iter().collect(),
        };
        Some(Self {
            issuer: text(payload.get("iss")),
            namespace: bound("/namespace")
                .or_else(|| text(payload.get("kubernetes.io/serviceaccount/namespace")))
                .or_else(|| account.map(|(namespace, _)| namespace.to_owned())),
            service_account: bound("/serviceaccount/name")
                .or_else(|| text(payload.get("kubernetes.io/serviceaccount/service-account.name")))
                .or_else(|| account.map(|(_, name)| name.to_owned())),
            audiences,
            pod: bound("/pod/name"),
            node: bound("/node/name"),
            subject,
            expires: payload.get("exp").and_then(seconds),
        })
    }

    /// Whether a Kubernetes API server issued it for a service account.
    #[must_use]
    pub fn is_service_account(&self) -> bool {
        self.service_account.is_some() || self.subject.as_deref().is_some_and(|subject| subject.starts_with(ACCOUNT))
    }

    /// Whether it was no longer good at a time, in seconds since 1970.
    #[must_use]
    pub fn is_expired(&self, now: Option<i64>) -> bool {
        now.zip(self.expires).is_some_and(|(now, expires)| expires <= now)
    }

    /// One clause for a report: `service account ci/deployer, issued by …, without expiry`.
    #[must_use]
    pub fn describe(&self, now: Option<i64>) -> String {
        let mut parts = Vec::new();
        if let (Some(namespace), Some(account)) = (&self.namespace, &self.service_account) {
            parts.push(format!("service account {}/{}", shown(namespace), shown(account)));
            let others: Vec<_> = self.audiences.iter().filter(|name| !self.is_api_server(name)).map(shown).collect();
            if !others.is_empty() {
                parts.push(format!("for {}", others.join(" and ")));
            }
        }
        match (&self.pod, &self.node) {
            (Some(pod), Some(node)) => parts.push(format!("bound to pod {} on node {}", shown(pod), shown(node))),
            (Some(pod), None) => parts.push(format!("bound to pod {}", shown(pod))),
            (None, Some(node)) => parts.push(format!("bound to node {}", shown(node))),
            (None, None) => {}
        }
        if let Some(issuer) = &self.issuer {
            parts.push(format!("issued by {}", shown(issuer)));
        }
        parts.push(match self.expires {
            Some(seconds) if self.is_expired(now) => format!("expired on {}", date(seconds)),
            Some(seconds) => format!("expires {}", date(seconds)),
            None => "without expiry".to_owned(),
        });
        parts.join(", ")
    }

    /// Whether an audience is the API server itself, which is who a token is for unless another is asked for: its own
    /// issuer, or the service by one of its names.
    fn is_api_server(&self, audience: &str) -> bool {
        let host = audience.strip_prefix("https://").unwrap_or(audience);
        let service = host == "kubernetes.default" || host.starts_with("kubernetes.default.svc");
        self.issuer.as_deref() == Some(audience) || service
    }
}

/// A name as far as it fits a line.
fn shown(name: impl AsRef<str>) -> String {
    name.as_ref().chars().take(80).collect()
}

fn json(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
}

/// A NumericDate (RFC 7519, 2): its fraction is of no use to a reader.
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_of_a_bound_token() {
        let payload = r#"{"iss":"https://kubernetes.default.svc","exp":1893456000,"sub":"system:serviceaccount:ci:deployer",
            "kubernetes.io":{"namespace":"ci","serviceaccount":{"name":"deployer"}}}"#;
        let claims = Claims::read(&token(r#"{"alg":"RS256"}"#, payload)).unwrap();
        assert!(claims.is_service_account());
        assert_eq!(
            claims.describe(None),
            "service account ci/deployer, issued by https://kubernetes.default.svc, expires 2030-01-01"
        );
    }

    #[test]
    fn a_token_of_a_pod_for_somebody_else() {
        let payload = r#"{"iss":"https://oidc.test","exp":1893456000,"aud":["vault","https://oidc.test"],
            "sub":"system:serviceaccount:ci:deployer",
            "kubernetes.io":{"pod":{"name":"runner-0"},"node":{"name":"worker-1"}}}"#;
        let claims = Claims::read(&token(r#"{"alg":"RS256"}"#, payload)).unwrap();
        assert_eq!(
            claims.describe(Some(1_893_456_000)),
            "service account ci/deployer, for vault, bound to pod runner-0 on node worker-1, issued by \
             https://oidc.test, expired on 2030-01-01"
        );
        assert!(claims.is_expired(Some(1_893_456_000)) && !claims.is_expired(Some(1_893_455_999)));
        assert!(!claims.is_expired(None));
    }

    /// RFC 7519, 2: a NumericDate may have a fraction, and some issuers write it so.
    #[test]
    fn a_time_with_a_fraction_is_an_expiry() {
        for exp in ["1893456000.75", "1.893456e9"] {
            let claims = Claims::read(&token(r#"{"alg":"RS256"}"#, &format!(r#"{{"exp":{exp}}}"#))).unwrap();
            assert_eq!(claims.expires, Some(1_893_456_000), "{exp}");
        }
    }

    #[test]
    fn what_is_no_jwt() {
        assert_eq!(Claims::read("a.b.c"), None);
        assert_eq!(Claims::read(&token("{}", "{}")), None);
        assert_eq!(Claims::read(&token(r#"{"alg":"none"}"#, "[]")), None);
    }
}
