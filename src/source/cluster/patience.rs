//! How often a server that has trouble is asked again, and when.
//!
//! The client's own retries are turned off: they go on for minutes, know three statuses only, and would multiply ours.

use std::time::{Duration, Instant};

use http::Request;
use http::header::{ACCEPT, RETRY_AFTER};
use kube::Client;
use kube::client::Body;
use kube::core::Status;

use super::connection::chain;

/// How often something that fails is asked for.
const TRIES: u32 = 4;
/// How long an answer is waited for in all, pauses and failures together. One that comes later is still taken.
const ENOUGH: Duration = Duration::from_secs(20);
/// The first pause and the longest one.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(4)];

/// The patience for one question.
pub(super) struct Patience {
    begin: Instant,
    tries: u32,
    pause: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { begin: Instant::now(), tries: 0, pause: PAUSES[0] }
    }

    /// How long to wait before the question is asked again; none to give up. A server that is merely busy is asked until
    /// the time is over, and never sooner than it says; one that wants more time than there is, is not waited for.
    pub(super) fn pause(&mut self, status: u16, wanted: Option<Duration>) -> Option<Duration> {
        self.tries += 1;
        if status != 429 && self.tries >= TRIES {
            return None;
        }
        let pause = self.pause.max(wanted.unwrap_or_default());
        self.pause = (self.pause * 2).min(PAUSES[1]);
        (self.begin.elapsed() + pause < ENOUGH).then_some(pause)
    }

    /// What to say when it has come to its end.
    pub(super) fn lost(&self, trouble: &str, wanted: Option<Duration>) -> String {
        let tries = if self.tries == 1 { "once".to_owned() } else { format!("{} times", self.tries) };
        let wait = match wanted {
            Some(wait) if wait >= ENOUGH => format!(", and wants to be asked again in {} s", wait.as_secs()),
            _ => String::new(),
        };
        format!("the server failed {tries}{wait}: {trouble}")
    }
}

/// Whether a server may answer better the next time.
pub(super) fn may_pass(status: u16) -> bool {
    status == 429 || status >= 500
}

/// An answer that asking again would not change.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// When to ask again, says the server.
    wait: Option<Duration>,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as the server's word on why it refuses.
    pub(super) fn refusal(&self) -> Option<Status> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the server said, as far as it said anything.
    pub(super) fn said(&self) -> String {
        let message = self.refusal().map(|status| status.message).filter(|message| !message.is_empty());
        message.unwrap_or_else(|| format!("status {}", self.status))
    }
}

/// Asks until there is an answer or patience ends, which is told in words.
pub(super) async fn ask(client: &Client, uri: &str, accept: &str) -> Result<Answer, String> {
    let mut patience = Patience::new();
    loop {
        let (status, wait, trouble) = match once(client, uri, accept).await {
            Ok(answer) if !may_pass(answer.status) => return Ok(answer),
            Ok(answer) => (answer.status, answer.wait, answer.said()),
            Err(error) => (0, None, chain(&error)),
        };
        match patience.pause(status, wait) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(patience.lost(&trouble, wait)),
        }
    }
}

async fn once(client: &Client, uri: &str, accept: &str) -> Result<Answer, kube::Error> {
    let request = Request::get(uri).header(ACCEPT, accept).body(Body::empty()).map_err(kube::Error::HttpError)?;
    let response = client.send(request).await?;
    let status = response.status().as_u16();
    // The other form, a date, is not what API servers send.
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.into_body().collect_bytes().await?.to_vec();
    Ok(Answer { status, body, wait: wait.map(Duration::from_secs) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_asked_four_times() {
        let mut patience = Patience::new();
        let pauses: Vec<_> = std::iter::from_fn(|| patience.pause(500, None)).map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000]);
    }

    #[test]
    fn who_is_busy_is_asked_when_it_says_and_in_growing_pauses() {
        let mut patience = Patience::new();
        let mut next = |wanted| patience.pause(429, Some(Duration::from_secs(wanted))).map(|pause| pause.as_millis());
        assert_eq!([0, 1, 1, 1, 1, 1, 9].map(&mut next), [250, 1000, 1000, 2000, 4000, 4000, 9000].map(Some));
        assert_eq!(next(3600), None);
    }
}
