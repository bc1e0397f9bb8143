//! JSON Web Tokens (RFC 7519), read without verifying: whose they are and until when.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::date::date;

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
        let bound = payload.get("kubernetes.io");
        Some(Self {
            issuer: text(payload.get("iss")),
            subject: text(payload.get("sub")),
            namespace: text(bound.and_then(|k| k.get("namespace")))
                .or_else(|| text(payload.get("kubernetes.io/serviceaccount/namespace"))),
            service_account: text(bound.and_then(|k| k.pointer("/serviceaccount/name")))
                .or_else(|| text(payload.get("kubernetes.io/serviceaccount/service-account.name"))),
            expires: payload.get("exp").and_then(seconds),
        })
    }

    /// Whether a Kubernetes API server issued it for a service account.
    #[must_use]
    pub fn is_service_account(&self) -> bool {
        self.service_account.is_some()
            || self.subject.as_deref().is_some_and(|subject| subject.starts_with("system:serviceaccount:"))
    }

    /// One clause for a report: `service account ci/deployer, issued by …, without expiry`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut parts = Vec::new();
        if let (Some(namespace), Some(account)) = (&self.namespace, &self.service_account) {
            parts.push(format!("service account {namespace}/{account}"));
        }
        if let Some(issuer) = &self.issuer {
            parts.push(format!("issued by {}", issuer.chars().take(80).collect::<String>()));
        }
        parts.push(match self.expires {
            Some(seconds) => format!("expires {}", date(seconds)),
            None => "without expiry".to_owned(),
        });
        parts.join(", ")
    }
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
            claims.describe(),
            "service account ci/deployer, issued by https://kubernetes.default.svc, expires 2030-01-01"
        );
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
