//! Files that keep logins by position: no name stands beside the password, only the file or the key says what it is.

use std::ops::Range;

use crate::manifest::Kind as NodeKind;
use crate::model::{Confidence, Severity};

use super::candidate::Rank;
use super::layer::Layer;
use super::scan::{Scan, Statement};
use super::site::{Context, Scalar};
use super::tree::origin;
use super::value::harmless;

/// A format with a login on every line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logins {
    /// PostgreSQL's password file (<https://www.postgresql.org/docs/current/libpq-pgpass.html>): five fields, the
    /// password last, `\:` and `\\` escaped.
    Pgpass,
    /// Users of `PgBouncer` (<https://www.pgbouncer.org/config.html#authentication-file-format>): two strings, the
    /// second a password or what the server keeps of it.
    Userlist,
    /// What cloud-init gives to `chpasswd`
    /// (<https://cloudinit.readthedocs.io/en/latest/reference/modules.html#set-passwords>): `user:password`, where `R`
    /// asks for a random one.
    Chpasswd,
}

impl Logins {
    /// The format that a file or a key is called after.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        if name.ends_with("pgpass") || name.ends_with("pgpass.conf") {
            return Some(Self::Pgpass);
        }
        name.ends_with("userlist.txt").then_some(Self::Userlist)
    }

    /// The format of a scalar under its key, or in the list under that.
    pub(super) fn of_scalar(scalar: &Scalar<'_>) -> Option<Self> {
        let key = match scalar.key {
            Some(key) => key,
            None => scalar.node.parent().filter(|parent| parent.kind() == NodeKind::Sequence)?.key()?,
        };
        match key.as_str()? {
            "list" => key.parent()?.key()?.says("chpasswd").then_some(Self::Chpasswd),
            name => Self::of_name(name),
        }
    }

    /// What the password opens.
    fn says(self) -> &'static str {
        match self {
            Self::Pgpass => "password of a PostgreSQL password file",
            Self::Userlist => "password of a PgBouncer user",
            Self::Chpasswd => "password that cloud-init sets",
        }
    }

    /// The password of a line.
    fn password(self, line: &str) -> Option<Range<usize>> {
        let place = match self {
            Self::Pgpass => {
                let colons = line.match_indices(':').filter(|(place, _)| !line[..*place].ends_with('\\'));
                let (last, _) = colons.clone().nth(3).filter(|_| !line.starts_with('#'))?;
                last + 1..line.len()
            }
            Self::Userlist => {
                let user = line.find('"').filter(|&open| line[..open].trim().is_empty())? + 1;
                let between = user + line[user..].find('"')? + 1;
                let open = between + line[between..].find('"')? + 1;
                let blank = !line[between..open - 1].is_empty() && line[between..open - 1].trim().is_empty();
                let end = open + line[open..].find('"').filter(|_| blank)?;
                open..end
            }
            Self::Chpasswd => {
                let start = line.len() - line.trim_start().len();
                let colon = start + line[start..].find(':')?;
                colon + 1..line.len()
            }
        };
        let password = &line[place.clone()];
        let kept = match self {
            Self::Pgpass => false,
            // MD5 of password and name, or the verifier of SCRAM: neither is sent in their place.
            Self::Userlist => password.starts_with("SCRAM-SHA-256$") || is_md5(password),
            Self::Chpasswd => matches!(password, "R" | "RANDOM") || password.starts_with('$'),
        };
        (!password.is_empty() && !kept && harmless(password).is_none()).then_some(place)
    }
}

fn is_md5(password: &str) -> bool {
    password.strip_prefix("md5").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Scan<'_> {
    /// Reports the password of every line.
    pub(super) fn logins(&mut self, layer: &Layer<'_>, format: Logins, ctx: &Context<'_>) {
        let mut at = 0;
        for line in layer.text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let content = line.trim_end();
            let Some(place) = format.password(content) else { continue };
            let hunter = self.hunter;
            let says = Statement {
                rule: &hunter.generic().password,
                rank: Rank::Structural,
                severity: Severity::High,
                confidence: Confidence::High,
                message: format!("{}{}", format.says(), ctx.owner()),
                notes: Vec::new(),
            };
            self.found(layer, start + place.start..start + place.end, &content[place.clone()], ctx, says);
        }
    }

    /// The same for the text of a scalar. Tells whether it was such a file.
    pub(super) fn logins_in(&mut self, layer: &Layer<'_>, scalar: &Scalar<'_>, value: &str, ctx: &Context<'_>) -> bool {
        let Some(format) = Logins::of_scalar(scalar) else { return false };
        let inner = self.scalar_context(layer, scalar, ctx);
        self.logins(&layer.inner(value, origin(scalar.node), None), format, &inner);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(format: Logins, line: &str) -> Option<&str> {
        format.password(line).map(|place| &line[place])
    }

    #[test]
    fn passwords_by_position() {
        for (format, line, expected) in [
            (Logins::Pgpass, r"db\:1:5432:*:app:wq9T:bLr0", Some("wq9T:bLr0")),
            (Logins::Pgpass, "# db:5432:*:app:wq9TbLr0", None),
            (Logins::Userlist, r#""app" "wq9TbLr0""#, Some("wq9TbLr0")),
            (Logins::Userlist, r#""app"  "" "#, None),
            (Logins::Userlist, r#""app" "md5d8578edf8458ce06fbc5bb76a58c5ca4""#, None),
            (Logins::Userlist, r#""app" "SCRAM-SHA-256$4096:c2FsdA==$a:b""#, None),
            (Logins::Userlist, r#""app" "${APP_PASSWORD}""#, None),
            (Logins::Userlist, r#"; "app", "wq9TbLr0""#, None),
            (Logins::Userlist, r#""app" "wq9"#, None),
            (Logins::Chpasswd, "root:wq9TbLr0", Some("wq9TbLr0")),
            (Logins::Chpasswd, "root:R", None),
            (Logins::Chpasswd, "root:$6$abc$def", None),
            (Logins::Chpasswd, "root", None),
        ] {
            assert_eq!(password(format, line), expected, "{line}");
        }
    }

    #[test]
    fn formats_by_name() {
        assert_eq!(Logins::of_name("home/.pgpass"), Some(Logins::Pgpass));
        assert_eq!(Logins::of_name("userlist.txt"), Some(Logins::Userlist));
        assert_eq!(Logins::of_name("users.txt"), None);
    }
}
