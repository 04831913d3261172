//! What happens at the threshold: errors of `accept`, and refusals.

use std::io::{Error, ErrorKind, Write};
use std::net::Shutdown;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::gateway::limits::Limited;
use crate::gateway::problem::{MEDIA_TYPE, Problem};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long to leave `accept` alone after errors in a row. Out of files or memory it fails at
/// once, again and again, and would take a whole core.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    pub(super) fn after(&mut self, error: &Error) -> Duration {
        if is_the_client_s(error) {
            return Duration::ZERO;
        }
        let pause = self
            .last
            .map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.last = Some(pause);
        pause
    }
}

/// The client left between its knock and our answer: nothing is wrong here.
fn is_the_client_s(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

/// Says why, if the socket takes it at once, and closes. Nothing waits for a stranger here.
pub(super) fn refuse(stream: TcpStream, limited: Limited) {
    tracing::debug!(scope = limited.scope.as_str(), "a connection is refused");
    let Ok(mut stream) = stream.into_std() else {
        return;
    };
    let _ = stream.write(refusal(limited).as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
}

fn refusal(limited: Limited) -> String {
    let problem = Problem::from(limited);
    let (status, body) = (problem.status(), problem.body().to_string());
    let (seconds, length) = (limited.retry_ms.div_ceil(1_000), body.len());
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {length}\r\n\
         retry-after: {seconds}\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n\
         connection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Too many open files (EMFILE), as Linux numbers it.
    fn out_of_files() -> Error {
        Error::from_raw_os_error(24)
    }

    #[test]
    fn out_of_files_it_waits_longer_each_time_up_to_a_second() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..9)
            .map(|_| backoff.after(&out_of_files()).as_millis())
            .collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000]);
        backoff = Backoff::default();
        assert_eq!(backoff.after(&out_of_files()), FIRST_PAUSE);
    }

    #[test]
    fn a_client_that_left_keeps_nobody_waiting() {
        let mut backoff = Backoff::default();
        backoff.after(&out_of_files());
        assert_eq!(
            backoff.after(&ErrorKind::ConnectionAborted.into()),
            Duration::ZERO
        );
        assert_eq!(backoff.after(&out_of_files()), FIRST_PAUSE * 2);
    }
}
