//! Scans text: tokens by their format, assignments by their names, command lines by their options.

use std::borrow::Cow;
use std::ops::Range;

use crate::model::{Confidence, Exposure, Severity};
use crate::pattern::{Claims, Covered, Hit, Match, Topic, Verdict};

use super::assignment::{Assignment, assignment_to, name_around};
use super::candidate::Rank;
use super::command::{credentials, encoded, shell_words};
use super::habitat::Habitat;
use super::judge::{Circumstances, judge, kind_of};
use super::layer::Layer;
use super::markup::element_value;
use super::names::{Kind, classify, normalise};
use super::pairs::{Pair, cells_below, compared, line_of, said, value_beside, variable_defaults};
use super::scan::{DEFAULT_IN_USE, Scan, Statement, confidence, printable};
use super::site::Context;
use super::sql::{has_dashed_comments, identified_by, inserted, is_hash, is_sql, set_password};
use super::value::{Harmless, Strength, harmless, is_default, is_harmless_inside, strength};

/// Shortest run of base64 characters in running text that is decoded: shorter ones are words and hashes.
const MIN_RUN: usize = 40;

/// What has been looked at already while going through the hits of one text.
#[derive(Default)]
struct Progress {
    covered: Vec<(u16, Covered)>,
    name_end: usize,
    command_end: usize,
    rows_end: usize,
}

impl Scan<'_> {
    /// Scans a part of a layer as text. `hits` are the gate's hits in that part.
    pub(super) fn text(&mut self, layer: &Layer<'_>, range: Range<usize>, hits: &[Hit], ctx: &Context<'_>) {
        let mut progress = Progress::default();
        let decodes = ctx.habitat != Habitat::Generated;
        let named = decodes && !is_word(&layer.text.as_bytes()[range.clone()]);
        for &hit in hits {
            let at = hit.start as usize;
            for topic in self.gate.topics(hit).iter().copied() {
                match topic {
                    Topic::Token(index) => self.token(layer, &range, index, at, &mut progress, ctx),
                    Topic::Call(index) if named => self.call(layer, &range, index, at, ctx),
                    Topic::Name if named => self.assignment(layer, &range, at, &mut progress, ctx),
                    Topic::Command if named && at >= progress.command_end => {
                        progress.command_end = self.command(layer, &range, at, ctx);
                    }
                    _ => {}
                }
            }
        }
        if decodes {
            self.base64_runs(layer, range, ctx);
        }
    }

    fn token(
        &mut self,
        layer: &Layer<'_>,
        range: &Range<usize>,
        index: u16,
        at: usize,
        progress: &mut Progress,
        ctx: &Context<'_>,
    ) {
        let hunter = self.hunter;
        let pattern = &hunter.patterns().patterns[usize::from(index)];
        if !pattern.applies_to(self.path) {
            return;
        }
        let covered = match progress.covered.iter().position(|(known, _)| *known == index) {
            Some(place) => &mut progress.covered[place].1,
            None => {
                progress.covered.push((index, Covered::default()));
                #[expect(clippy::unwrap_used, reason = "pushed on the line above")]
                &mut progress.covered.last_mut().unwrap().1
            }
        };
        let mut matches: Vec<Match> = Vec::new();
        pattern.find(layer.text, range, at, covered, &mut matches);
        for found in matches {
            let secret = &layer.text[found.secret.clone()];
            let rule = pattern.rule.id.as_str();
            let flag = is_flag(rule);
            if is_example(&if flag { opening(secret) } else { Cow::Borrowed(secret) })
                || begins_placeholder(layer.text, &found.secret)
                || (rule.starts_with("connection-string") && self.is_sample_login(layer.text, &found.secret, ctx))
                || (rule.ends_with("password-hash") && !self.is_deployed(ctx))
            {
                continue;
            }
            let of_account = || Claims::read(secret).is_some_and(|claims| claims.is_service_account());
            if rule == "kubernetes-service-account-token" && !of_account() {
                continue;
            }
            let weak = rule.starts_with("connection-string") && strength(secret) == Strength::Weak;
            let longest = pattern.keywords.iter().map(String::len).max().unwrap_or(0).min(255) as u8;
            let says = Statement {
                rule: &pattern.rule,
                rank: if flag { Rank::Shape } else { Rank::Pattern(longest) },
                severity: self.weighed(pattern.rule.severity, weak, found.verdict, ctx),
                confidence: if weak { Confidence::Low } else { confidence(&pattern.rule, found.verdict) },
                message: format!("{} in clear{}", pattern.rule.title, ctx.owner()),
                notes: Vec::new(),
            };
            self.found(layer, found.secret.clone(), secret, ctx, says);
        }
    }

    /// Whether a value is configuration that somebody uses. Hashes in programs, samples, rows of databases and pages of
    /// documentation are nobody's password.
    fn is_deployed(&self, ctx: &Context<'_>) -> bool {
        let aside = self.sample || is_sql(self.path);
        ctx.habitat == Habitat::Config && !(aside && ctx.exposure() == Exposure::SourceFile)
    }

    /// A severity in its place: less for weak passwords, and for code that is a test or sample.
    fn weighed(&self, severity: Severity, weak: bool, verdict: Verdict, ctx: &Context<'_>) -> Severity {
        let sample = self.sample && ctx.habitat != Habitat::Config;
        match (sample, verdict == Verdict::Proved) {
            (true, false) => severity.min(Severity::Low),
            (true, true) => severity.min(Severity::Medium),
            (false, _) if weak => severity.min(Severity::Medium),
            (false, _) => severity,
        }
    }

    /// Runs the token patterns of some hits over `bounds` and keeps what lies in `within`.
    pub(super) fn tokens(
        &mut self,
        layer: &Layer<'_>,
        bounds: &Range<usize>,
        hits: &[Hit],
        within: &Range<usize>,
        ctx: &Context<'_>,
    ) {
        let mut progress = Progress::default();
        let known = self.candidates.len();
        for &hit in hits {
            for topic in self.gate.topics(hit).iter().copied() {
                if let Topic::Token(index) = topic {
                    self.token(layer, bounds, index, hit.start as usize, &mut progress, ctx);
                }
            }
        }
        let (within, _) = layer.in_file(within.clone());
        let mut place = 0;
        self.candidates.retain(|candidate| {
            place += 1;
            place <= known || within.contains(&candidate.span.start)
        });
    }

    /// Whether the password of a connection string stands for one: `user:password@`, `{password}`, `:pass@`.
    fn is_sample_login(&self, text: &str, secret: &Range<usize>, ctx: &Context<'_>) -> bool {
        let value = &text[secret.clone()];
        let before = &text.as_bytes()[..secret.start];
        if harmless(value).is_some()
            || before.ends_with(b"{")
            || before.ends_with(b"$")
            || value.contains(['{', '}', '<', '>'])
            || value.starts_with('$')
            || is_port(value)
        {
            return true;
        }
        // As much as any host's name has: what follows may be megabytes.
        let host: String = text[secret.end..].trim_start_matches('@').chars().take(256).collect();
        let host = host.to_ascii_lowercase();
        let stand_in = ["your", "<", "example"].iter().any(|start| host.starts_with(start))
            || (host.starts_with('{') && !host.starts_with("{{"))
            || ["host", "hostname"].contains(&host.split([':', '/', '"', '\'']).next().unwrap_or(""));
        if stand_in {
            return true;
        }
        let deploys = ctx.habitat == Habitat::Config && !self.sample;
        let user = before.trim_ascii_end().strip_suffix(b":").unwrap_or(before);
        let sample_user = ["user", "username", "usr", "u", "user1", "me"].iter().any(|word| {
            let tail = user.len().saturating_sub(word.len());
            user[tail..].eq_ignore_ascii_case(word.as_bytes()) && (tail == 0 || !user[tail - 1].is_ascii_alphanumeric())
        });
        let lower = value.to_ascii_lowercase();
        let names_itself = ["pass", "token", "secret", "key", "pwd"].iter().any(|word| lower.contains(word));
        (!deploys && names_itself) || is_stand_in(value) && sample_user || (!deploys && value.len() < 3)
    }

    fn assignment(
        &mut self,
        layer: &Layer<'_>,
        range: &Range<usize>,
        at: usize,
        progress: &mut Progress,
        ctx: &Context<'_>,
    ) {
        // Several keywords may lie in one name.
        if at < progress.name_end {
            return;
        }
        let Some(name) = name_around(layer.text.as_bytes(), range, at) else { return };
        if at >= progress.rows_end
            && let Some(found) = inserted(layer.text, range, &name)
        {
            (progress.name_end, progress.rows_end) = (found.columns_end, found.rows_end);
            return self.cells(layer, found.cells, ctx);
        }
        let Some(assignment) = assignment_to(layer.text, range, &name, ctx.habitat != Habitat::Code) else {
            return self.pairs(layer, range, at, ctx);
        };
        // Names inside a long bare value are part of it; in a short one they may have a value of their own.
        let long = !assignment.quoted && assignment.value.len() > 256;
        progress.name_end = if long { assignment.value.end } else { assignment.name.end };
        if in_action(layer.text, range, assignment.value.start) || self.is_expression(layer.text, &assignment) {
            return;
        }
        let name = normalise(&layer.text[assignment.name.clone()]);
        let value = &layer.text[assignment.value.clone()];
        self.by_name(layer, assignment.value.clone(), &name, value, ctx);
        self.generic(layer, &assignment, &name, value, ctx);
    }

    /// Whether a named pattern has its keyword in a normalised name.
    pub(super) fn knows_name(&self, name: &str) -> bool {
        let mut hits = Vec::new();
        self.hunter.gates().names.hits(name, &mut hits);
        !hits.is_empty()
    }

    /// Runs the named patterns whose keyword is in a normalised name.
    pub(super) fn by_name(
        &mut self,
        layer: &Layer<'_>,
        range: Range<usize>,
        name: &str,
        value: &str,
        ctx: &Context<'_>,
    ) {
        let gate = &self.hunter.gates().names;
        let mut hits = Vec::new();
        gate.hits(name, &mut hits);
        let mut topics: Vec<Topic> = hits.iter().flat_map(|&hit| gate.topics(hit).iter().copied()).collect();
        topics.sort_unstable();
        topics.dedup();
        for topic in topics {
            if let Topic::Named(index) = topic {
                self.named(layer, range.clone(), name, value, index, ctx);
            }
        }
    }

    /// Whether an assignment is one of SQL whose right side is computed: `password = crypt($2, password)`.
    fn is_expression(&self, text: &str, assignment: &Assignment) -> bool {
        let statement = || !self.is_remark(text, range_start(text, assignment.name.start));
        !assignment.quoted && is_sql(self.path) && statement()
    }

    /// Values that rows have in the column of a credential.
    fn cells(&mut self, layer: &Layer<'_>, cells: Vec<Pair>, ctx: &Context<'_>) {
        for pair in cells {
            let name = normalise(&layer.text[pair.name.clone()]);
            let value = &layer.text[pair.value.clone()];
            let Some(kind) = classify(&name) else { continue };
            if is_hash(kind, value) {
                continue;
            }
            self.by_name(layer, pair.value.clone(), &name, value, ctx);
            let assignment = Assignment { name: pair.name, value: pair.value, quoted: true };
            self.generic(layer, &assignment, &name, value, ctx);
        }
    }

    /// A name whose value stands on another line or in another element.
    pub(super) fn pairs(&mut self, layer: &Layer<'_>, range: &Range<usize>, at: usize, ctx: &Context<'_>) {
        let line = line_of(layer.text, range, at);
        let beside = value_beside(layer.text, range, &line, at);
        // What a test compares with was made up for it.
        let compares = ctx.habitat == Habitat::Code && !self.sample;
        let compared = compares.then(|| compared(layer.text, range, &line, at)).flatten();
        // Pages are code, and what their elements say is for people.
        let markup = (ctx.habitat != Habitat::Code).then(|| element_value(layer.text, range, at)).flatten();
        let name = name_around(layer.text.as_bytes(), range, at);
        let password = name.as_ref().and_then(|name| set_password(layer.text, range, name));
        let cells = (ctx.habitat != Habitat::Code).then(|| cells_below(layer.text, range, &line, at));
        let others = compared.into_iter().chain(markup).chain(password).chain(cells.into_iter().flatten());
        for pair in beside.into_iter().chain(variable_defaults(layer.text, range, &line)).chain(others) {
            let name = normalise(&layer.text[pair.name.clone()]);
            // `variable "api_keys"` holds several of what its singular names.
            let name = name.strip_suffix('s').filter(|one| classify(one).is_some()).unwrap_or(&name).to_owned();
            let value = &layer.text[pair.value.clone()];
            let assignment = Assignment { name: pair.name, value: pair.value, quoted: true };
            self.generic(layer, &assignment, &name, value, ctx);
        }
        if ctx.habitat != Habitat::Code
            && let Some(pair) = name.and_then(|name| said(layer.text, &line, &name))
        {
            let (name, value) = (normalise(&layer.text[pair.name.clone()]), &layer.text[pair.value.clone()]);
            let assignment = Assignment { name: pair.name, value: pair.value, quoted: true };
            self.generic(layer, &assignment, &name, value, &ctx.judged_as(Habitat::Prose));
        }
    }

    /// A provider's name with a value of its shape.
    fn named(
        &mut self,
        layer: &Layer<'_>,
        range: Range<usize>,
        name: &str,
        value: &str,
        index: u16,
        ctx: &Context<'_>,
    ) {
        let hunter = self.hunter;
        let pattern = &hunter.patterns().patterns[usize::from(index)];
        // What the regexes refuse, and that is nearly everything, needs no second look.
        let Some(verdict) = pattern.accepts(name, value).filter(|_| pattern.applies_to(self.path)) else { return };
        let harmless = || harmless(value).is_some_and(|_| !super::value::is_uuid(value)) || is_harmless_inside(value);
        if is_example(value) || harmless() {
            return;
        }
        // Some of these names are given weak values by hand, and all of them are talked about.
        let weak = strength(value) == Strength::Weak;
        if weak && ctx.habitat != Habitat::Config {
            return;
        }
        let says = Statement {
            rule: &pattern.rule,
            rank: if is_flag(pattern.rule.id.as_str()) { Rank::Shape } else { Rank::NAMED },
            severity: if weak { pattern.rule.severity.min(Severity::Medium) } else { pattern.rule.severity },
            confidence: if weak { Confidence::Low } else { confidence(&pattern.rule, verdict) },
            message: format!("{} in clear{}", pattern.rule.title, ctx.owner()),
            notes: Vec::new(),
        };
        self.found(layer, range, value, ctx, says);
    }

    fn generic(&mut self, layer: &Layer<'_>, assignment: &Assignment, name: &str, value: &str, ctx: &Context<'_>) {
        let Some(kind) = kind_of(name, value, ctx.habitat, self.sample) else { return };
        // `--- PASS: TestLogin/retry` and `Pass the flag`: a verdict or a verb.
        let verdict = layer.text[assignment.name.clone()] == *"PASS"
            && layer.text.as_bytes().get(assignment.name.end) == Some(&b':');
        if name == "pass" && !assignment.quoted && (verdict || strength(value) == Strength::Weak) {
            return;
        }
        // `Invalid password: too short` is a sentence, wherever it stands.
        let before = &layer.text.as_bytes()[..assignment.name.start];
        let sentence = !assignment.quoted
            && layer.text.as_bytes().get(assignment.name.end) == Some(&b':')
            && matches!(before, [.., letter, b' '] if letter.is_ascii_alphabetic() || *letter >= 0x80);
        let remark = self.is_remark(layer.text, range_start(layer.text, assignment.name.start));
        let sentence = sentence || remark;
        let habitat = if sentence && ctx.habitat == Habitat::Config { Habitat::Prose } else { ctx.habitat };
        if habitat != ctx.habitat && kind_of(name, value, habitat, self.sample).is_none() {
            return;
        }
        let at = Circumstances { habitat, sample: self.sample, quoted: assignment.quoted, in_use: self.in_use(ctx) };
        // A bare `Authorization: Basic …` ends at the space after its scheme; the rest of the line belongs to it.
        let whole = widened(layer.text, &assignment.value, value);
        let value = &layer.text[whole.clone()];
        let Some(judgement) = judge(kind, name, value, at) else { return };
        let secret = judgement.place_in(value);
        let secret = whole.start + secret.start..whole.start + secret.end;
        let hunter = self.hunter;
        let message = format!("{} holds a literal value{}", &layer.text[assignment.name.clone()], ctx.owner());
        let says = Statement::judged(hunter.generic(), &judgement, message);
        self.found(layer, secret, judgement.secret, ctx, says);
    }

    /// Whether a line is a comment: the defaults that vendors comment out are nobody's secrets.
    fn is_remark(&self, text: &str, line: usize) -> bool {
        let line = text[line..].trim_start();
        let dashed =
            line.strip_prefix("--").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        [";", "#", "//"].iter().any(|sign| line.starts_with(sign)) && !line.starts_with("#!")
            || dashed && has_dashed_comments(self.path)
    }

    /// Reads the command line around a hit; gives back where it ends.
    fn command(&mut self, layer: &Layer<'_>, range: &Range<usize>, at: usize, ctx: &Context<'_>) -> usize {
        let line = line_around(layer.text, range, at);
        self.words(layer, line.clone(), 0, ctx);
        if let Some(password) = identified_by(&layer.text[line.clone()]) {
            let range = line.start + password.start..line.start + password.end;
            self.command_secret(layer, range, Kind::Password, ctx);
        }
        line.end
    }

    /// Credentials in the words of a command line; a quoted word may be a command line itself.
    fn words(&mut self, layer: &Layer<'_>, line: Range<usize>, depth: u8, ctx: &Context<'_>) {
        let words = shell_words(&layer.text[line.clone()]);
        let texts: Vec<&str> = words.iter().map(|(_, text)| *text).collect();
        for found in credentials(&texts) {
            let start = line.start + words[found.word].0.start;
            let range = start + found.range.start..start + found.range.end;
            match found.kind {
                Some(kind) => self.command_secret(layer, range, kind, ctx),
                None => self.secret_literal(layer, range, &texts[found.word][found.key], ctx),
            }
        }
        for (range, text) in encoded(&words) {
            self.decoded(layer, line.start + range.start..line.start + range.end, text, ctx, true);
        }
        for (range, text) in &words {
            if depth < 2 && text.contains(' ') {
                self.words(layer, line.start + range.start..line.start + range.end, depth + 1, ctx);
            }
        }
    }

    fn command_secret(&mut self, layer: &Layer<'_>, range: Range<usize>, kind: Kind, ctx: &Context<'_>) {
        let raw = &layer.text[range.clone()];
        let secret = raw.trim_matches(['"', '\'', '\\', ',', '`', ' ']);
        let prose = ctx.habitat != Habitat::Config && strength(secret) == Strength::Weak;
        let default = self.in_use(ctx).is_some() && ctx.habitat == Habitat::Config && is_default(secret);
        let harmless = secret.len() < 3 || harmless(secret).is_some() || is_stand_in(secret);
        if !default && (harmless || prose || self.sample && ctx.habitat != Habitat::Config) {
            return;
        }
        let start = range.start + raw.find(secret).unwrap_or(0);
        let hunter = self.hunter;
        let rule = hunter.generic().of(kind);
        let weak = default || strength(secret) == Strength::Weak;
        let also = if default { DEFAULT_IN_USE } else { "" };
        let says = Statement {
            rule,
            rank: Rank::Generic,
            severity: self.weighed(rule.severity, weak, Verdict::Plausible, ctx),
            confidence: if weak { Confidence::Low } else { Confidence::Medium },
            message: format!("a command line carries a password{}{also}", ctx.owner()),
            notes: Vec::new(),
        };
        self.found(layer, start..start + secret.len(), secret, ctx, says);
    }

    /// A value that a command makes part of a Secret. Pages for people show such commands with values of their own.
    pub(super) fn secret_literal(&mut self, layer: &Layer<'_>, range: Range<usize>, key: &str, ctx: &Context<'_>) {
        let value = layer.text[range.clone()].trim_end_matches(['"', '\'', '\\', ',']);
        let counts = match ctx.habitat {
            Habitat::Config => true,
            Habitat::Code => !self.sample && strength(value) >= Strength::Fair,
            Habitat::Prose | Habitat::Generated => false,
        };
        if counts {
            let range = range.start..range.start + value.len();
            self.declared_value(layer, range, key, "a command that makes a Secret", ctx);
        }
    }

    /// Decodes long base64 in running text.
    fn base64_runs(&mut self, layer: &Layer<'_>, range: Range<usize>, ctx: &Context<'_>) {
        for run in encoded_runs(layer.text, range) {
            self.decoded(layer, run.clone(), &layer.text[run], ctx, false);
        }
    }
}

/// Whether what stands before an `@` is the port of a host, and the `@` is of a path or fragment:
/// `http://host:80#@x` (RFC 3986, 3.2). A password may begin like a port, and goes on like one.
fn is_port(value: &str) -> bool {
    let port = |port: &str| port.len() <= 5 && port.parse::<u16>().is_ok();
    value.split_once(['#', '?', '/']).is_some_and(|(head, rest)| port(head) && strength(rest) == Strength::Weak)
}

/// Long base64 in running text that looks like something readable. Looks for a run's end from where the shortest would
/// end, backwards: most bytes are never looked at.
pub(super) fn encoded_runs(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let bytes = &text.as_bytes()[..range.end];
    let is_run = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut start = range.start;
    std::iter::from_fn(move || {
        while let Some(shortest) = bytes.get(start..start + MIN_RUN) {
            if let Some(other) = shortest.iter().rposition(|byte| !is_run(byte)) {
                start += other + 1;
                continue;
            }
            let rest = &bytes[start + MIN_RUN..];
            let more = rest.iter().position(|byte| !is_run(byte)).unwrap_or(rest.len());
            let padding = rest[more..].iter().take_while(|byte| **byte == b'=').count();
            let run = start..start + MIN_RUN + more + padding;
            start = run.end;
            if looks_like_text(&bytes[run.clone()]) {
                return Some(run);
            }
        }
        None
    })
}

/// Whether a long run is base64 of something readable or of gzip: its first bytes tell, and cost little.
fn looks_like_text(run: &[u8]) -> bool {
    if run.starts_with(b"H4sI") {
        return true;
    }
    let head = std::str::from_utf8(&run[..run.len().min(24) / 4 * 4]).unwrap_or("");
    crate::manifest::decode_base64(head).is_some_and(|bytes| printable(&bytes).is_some())
}

/// Whether a text is one word, path or image: it may be a token, but gives no name to any value.
fn is_word(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_./@".contains(byte))
}

fn range_start(text: &str, at: usize) -> usize {
    let floor = at.saturating_sub(1024);
    let start = memchr::memrchr(b'\n', &text.as_bytes()[floor..at]).map_or(floor, |found| floor + found + 1);
    (start..=at).find(|&start| text.is_char_boundary(start)).unwrap_or(at)
}

/// Words that stand for a password in documentation.
pub(super) fn is_stand_in(value: &str) -> bool {
    const WORDS: [&str; 14] = [
        "password",
        "pass",
        "passwd",
        "pwd",
        "pw",
        "secret",
        "p",
        "p4ss",
        "mypassword",
        "mypass",
        "yourpassword",
        "secretpassword",
        "token",
        "passw0rd",
    ];
    WORDS.contains(&value.to_ascii_lowercase().as_str())
}

/// Whether a byte lies inside a template's action, where names are arguments.
fn in_action(text: &str, range: &Range<usize>, at: usize) -> bool {
    let floor = range.start.max(at.saturating_sub(256));
    let before = &text.as_bytes()[floor..at];
    // Nearly always there is no brace, and to look for one byte is cheaper than for two.
    let Some(brace) = memchr::memrchr(b'{', before) else { return false };
    let Some(open) = memchr::memmem::rfind(&before[..=brace], b"{{") else { return false };
    let inside = &before[open..];
    memchr::memmem::find(inside, b"}}").is_none()
        && memchr::memmem::find(inside, b"default").is_none()
        && !before.contains(&b'=')
}

fn widened(text: &str, range: &Range<usize>, value: &str) -> Range<usize> {
    let scheme =
        ["basic", "bearer", "token", "apikey", "splunk", "genietoken"].contains(&value.to_ascii_lowercase().as_str());
    if !scheme || text.as_bytes().get(range.end) != Some(&b' ') {
        return range.clone();
    }
    let rest = &text[range.end + 1..];
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\' | ',' | ';' | '<'))
        .unwrap_or(rest.len());
    range.start..range.end + 1 + end
}

/// The line around a byte, lines continued with a backslash included.
fn line_around(text: &str, range: &Range<usize>, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let floor = range.start.max(at.saturating_sub(1024));
    let line = |at: usize| memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |found| floor + found + 1);
    let mut start = line(at);
    while start > floor && bytes[floor..start - 1].trim_ascii_end().ends_with(b"\\") {
        start = line(start - 1);
    }
    let limit = range.end.min(at + 4096);
    let mut end = at;
    loop {
        end = memchr::memchr(b'\n', &bytes[end..limit]).map_or(limit, |found| end + found);
        let continued = bytes[start..end].trim_ascii_end().ends_with(b"\\");
        if end >= limit || !continued {
            break;
        }
        end += 1;
    }
    let (mut start, mut end) = (start, end);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    start..end.max(start)
}

/// Whether a rule is about the flags of games. What a value is called, or declared to be, says more than that it looks
/// like one.
fn is_flag(rule: &str) -> bool {
    rule.starts_with("ctf-flag")
}

/// The first two words between the braces of a game's flag, which is a sentence, in capitals or not: `WRONG` in it says
/// nothing, but `your_flag` does.
fn opening(flag: &str) -> Cow<'_, str> {
    let inner = flag.split_once('{').map_or(flag, |(_, inner)| inner.trim_end_matches('}'));
    let words = inner.match_indices(['_', '-', '.']).nth(1).map_or(inner, |(at, _)| &inner[..at]);
    Cow::Owned(words.to_ascii_lowercase())
}

/// Whether a match is the first word of `<The password of the user>`.
fn begins_placeholder(text: &str, secret: &Range<usize>) -> bool {
    let ends = |c: &char| !matches!(c, '"' | '\'' | '\n');
    text[secret.clone()].starts_with('<') && text[secret.end..].chars().take(128).take_while(ends).any(|c| c == '>')
}

/// Values that documentation shows in place of a real one.
pub(super) fn is_example(secret: &str) -> bool {
    /// The samples of jwt.io and of kubeadm's documentation, which half of all tutorials paste.
    const SAMPLES: [&str; 3] =
        ["eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIi", "abcdef.0123456789abcdef", "07401b.f395accd246ae52d"];
    if SAMPLES.iter().any(|sample| secret.contains(sample)) || secret.ends_with(".signature") {
        return true;
    }
    // Keys and other long texts may hold any word by accident.
    if secret.len() >= 200 {
        return false;
    }
    let upper = secret.to_ascii_uppercase();
    let words = upper.contains("EXAMPLE") || upper.contains("XXXX") || upper.contains("YOUR") && upper.contains("KEY");
    let counted = secret.len() < 100 && (secret.contains("123456789") || secret.contains("0123456789"));
    let tail = secret.rsplit(['_', '-', '.']).next().unwrap_or(secret);
    let longest_run = tail.as_bytes().chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0);
    // `A` is what zeros look like in base64: tokens may begin with a row of them.
    let others = tail.as_bytes().chunk_by(|a, b| a == b && *a != b'A').map(<[u8]>::len).max().unwrap_or(0);
    let repeated = others >= 8 || longest_run * 2 > tail.len() && tail.len() >= 8;
    let stands_in = secret.len() < 60 && matches!(harmless(secret), Some(Harmless::Reference | Harmless::Placeholder));
    words || counted || repeated || stands_in
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_passwords_that_begin_like_one() {
        assert!(is_port("80#") && is_port("8200/ui/#"));
        assert!(!is_port("80") && !is_port("443#Zq7kL9mxT") && !is_port("123456#"));
    }
}
