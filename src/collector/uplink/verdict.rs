//! What the daemon's answer means for the agent. Pure.

use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Durable on the other side.
    Done,
    /// The access token is over: a new one, and the same request again.
    StaleToken,
    /// This request will never be taken, and others may be.
    Never,
    /// Not now: busy, full, restarting.
    Later(Option<Duration>),
    /// Nothing of this agent will be taken until a person does something.
    Refused,
}

/// `code` is the problem document's.
pub(crate) fn judge(status: u16, code: Option<&str>, retry_after: Option<Duration>) -> Verdict {
    match status {
        200..=299 => Verdict::Done,
        401 if code == Some("token_revoked") || code.is_some_and(|code| code.starts_with("certificate_")) => {
            Verdict::Refused
        }
        401 => Verdict::StaleToken,
        400 | 409 | 413 | 422 => Verdict::Never,
        408 | 425 | 429 | 500..=599 => Verdict::Later(retry_after),
        // a wrong address, a foreign identity, a proxy with opinions: not the batch's fault
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_lets_a_batch_go_and_only_a_bad_batch_is_given_up() {
        let after = Some(Duration::from_secs(7));
        let cases = [
            (200, None, Verdict::Done),
            (201, None, Verdict::Done),
            (301, None, Verdict::Refused),
            (400, None, Verdict::Never),
            (401, Some("token_expired"), Verdict::StaleToken),
            (401, Some("token_invalid"), Verdict::StaleToken),
            (401, Some("token_revoked"), Verdict::Refused),
            (401, Some("certificate_required"), Verdict::Refused),
            (401, Some("certificate_revoked"), Verdict::Refused),
            (403, None, Verdict::Refused),
            (404, None, Verdict::Refused),
            (409, Some("conflict"), Verdict::Never),
            (413, None, Verdict::Never),
            (415, None, Verdict::Refused),
            (422, Some("idempotency_mismatch"), Verdict::Never),
            (429, None, Verdict::Later(after)),
            (502, None, Verdict::Later(after)),
            (503, None, Verdict::Later(after)),
            (507, Some("storage_full"), Verdict::Later(after)),
        ];
        for (status, code, verdict) in cases {
            assert_eq!(judge(status, code, after), verdict, "status {status} {code:?}");
        }
    }
}
