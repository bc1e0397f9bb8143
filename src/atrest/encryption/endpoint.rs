//! Where a KMS plugin listens: a URL whose scheme is `unix`.

/// Why an endpoint would be refused; none when it would not.
pub(super) fn refusal(endpoint: &str) -> Option<&'static str> {
    if endpoint.is_empty() {
        return Some("a KMS provider needs an endpoint");
    }
    let split = endpoint.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("unix"));
    let Some((_, rest)) = split else {
        return Some("the endpoint of a KMS provider must be a unix socket: unix:///path");
    };
    (!is_url(rest)).then_some("the endpoint of the KMS provider is not a URL")
}

/// Whether Go reads what follows the scheme as a URL.
fn is_url(rest: &str) -> bool {
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    if rest.bytes().any(|b| b < b' ' || b == 0x7f) || !is_escaped(fragment) {
        return false;
    }
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    let Some(rest) = rest.strip_prefix("//") else {
        return !rest.starts_with('/') || is_escaped(rest);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    is_authority(authority) && is_escaped(path)
}

/// Whether every percent sign begins an escape.
fn is_escaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'%', bytes)
        .all(|at| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
}

fn is_authority(authority: &str) -> bool {
    let Some((user, host)) = authority.rsplit_once('@') else { return is_host(authority) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    user.chars().all(allowed) && is_escaped(user) && is_host(host)
}

fn is_host(host: &str) -> bool {
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    if let Some(inside) = host.strip_prefix('[') {
        // An address of version 6, which no socket has: only the outline is looked at.
        let Some((inside, port)) = inside.rsplit_once(']') else { return false };
        return inside.parse::<std::net::Ipv6Addr>().is_ok()
            && (port.is_empty() || port.strip_prefix(':').is_some_and(digits));
    }
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    let allowed = |b: u8| b >= 0x80 || b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&b);
    // Of what is escaped, only bytes that are not ASCII may be, and the percent sign itself.
    let escapes = memchr::memchr_iter(b'%', host.as_bytes()).all(|at| {
        let high = host.as_bytes().get(at + 1).is_some_and(|b| matches!(b, b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'));
        high || host[at..].starts_with("%25")
    });
    digits(port) && host.bytes().all(allowed) && is_escaped(host) && escapes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_only() {
        for good in [
            "unix:///tmp/kms.sock",
            "unix:///@abstract",
            "UNIX:///x",
            "unix:relative",
            "unix://host/x",
            "unix:/x",
            "unix:",
        ] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for bad in [
            "",
            "/tmp/kms.sock",
            "tcp://localhost:1",
            "unix",
            ":x",
            "unix:///%zz",
            "unix://h:p/x",
            "unix://a b/x",
            "unix:///a\nb",
        ] {
            assert!(refusal(bad).is_some(), "{bad}");
        }
    }
}
