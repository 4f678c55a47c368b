//! How the daemon says no: every error of every noun is placed here, arm by arm, so that a new one does not
//! compile until it has its status and its code.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value};

use crate::access::{
    AccessError, ApiTokenError, AuthorityError, HashError, RegistrationSecretError, SetupError, SignInError,
    TicketError, UserError,
};
use crate::fleet::{ActionError, ArchiveError, OperationError, PresenceError, RegisterError};
use crate::ids::{NotAnId, RequestId};
use crate::limits::PUSH_RETRY;
use crate::metrics::{AcceptError, QueryError};
use crate::node::NodeError;
use crate::registry::{CollectorsError, GroupsError};
use crate::replies::ReplyError;
use crate::storage::StoreError;
use crate::wire::{self, FieldError};

/// An error on its way to a client. Its detail is for the client; what only the operator of the daemon may
/// know was logged where the problem was made.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    more: Map<String, Value>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after: None, more: Map::new() }
    }

    /// One or more fields break a rule.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{} {}", one.field, one.message),
            many => format!("{} fields are not valid", many.len()),
        };
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "validation_failed", detail) }
    }

    pub fn invalid_field(field: &str, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::validation(vec![FieldError { field: field.to_owned(), code: code.to_owned(), message }])
    }

    /// The request is well-formed, but one of its values does not work.
    pub fn field_at_fault(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let errors =
            vec![FieldError { field: field.to_owned(), code: code.to_owned(), message: message.clone() }];
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, code, message) }
    }

    pub fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(retry_after)
    }

    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(retry_after)
    }

    pub fn storage_full(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", detail)
            .retry_after(Duration::from_secs(30))
    }

    /// Something failed that the client cannot mend. The cause goes to the log, not to the client.
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "the daemon could not answer; its log has the cause under this request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The fields at fault, if any.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The same as 403 where it is 401.
    #[must_use]
    pub fn into_forbidden(self) -> Self {
        if self.status == StatusCode::UNAUTHORIZED {
            Self { status: StatusCode::FORBIDDEN, ..self }
        } else {
            self
        }
    }

    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }

    /// Another pause, where it says to come again.
    #[must_use]
    pub fn retried_after(self, pause: impl FnOnce() -> Duration) -> Self {
        let is_later = self.status == StatusCode::SERVICE_UNAVAILABLE;
        if is_later { self.retry_after(pause()) } else { self }
    }

    /// Says at which field it lies, so that a form can show it there.
    #[must_use]
    fn about_field(mut self, field: &str) -> Self {
        let (code, message) = (self.code.to_owned(), self.detail.clone());
        self.errors.push(FieldError { field: field.to_owned(), code, message });
        self
    }

    /// Adds a member beside the standard ones.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.more.insert(member.to_owned(), value.into());
        self
    }

    /// For an error that the framework made, of which only the status is known.
    pub fn from_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this path does not take that method"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported_media_type", "the body must be JSON"),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "the request took too long to arrive"),
            status if status.is_server_error() => ("internal", "the daemon could not answer"),
            _ => ("bad_request", "the request is malformed"),
        };
        Self::new(status, code, detail)
    }

    /// The document, for the request of that id.
    pub fn document(&self, request: RequestId) -> Value {
        let problem = wire::Problem {
            kind: format!("urn:pganalytics:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
            error: self.detail.clone(),
            request_id: request.to_string(),
            errors: self.errors.clone(),
        };
        let mut document = serde_json::to_value(problem).unwrap_or_default();
        if let Some(members) = document.as_object_mut() {
            members.extend(self.more.clone());
        }
        document
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The body is written by the outermost middleware, which knows the request id.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(pause) = self.retry_after {
            response.insert_header((RETRY_AFTER, pause.as_secs().max(1).to_string()));
        }
        let mut response = response.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::storage_full(error.to_string()),
            StoreError::Poisoned(_) => Self::unavailable(error.to_string(), Duration::from_secs(5)),
            StoreError::Sqlite(_)
            | StoreError::Ended
            | StoreError::TooOld(_)
            | StoreError::Newer { .. }
            | StoreError::Damaged(_) => Self::internal(&error),
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Expired => Self::unauthenticated("token_expired", error.to_string()),
            AccessError::Revoked => Self::unauthenticated("token_revoked", error.to_string()),
            AccessError::Invalid => Self::unauthenticated("token_invalid", error.to_string()),
            AccessError::NoCertificate => Self::unauthenticated("certificate_required", error.to_string()),
            AccessError::RevokedCertificate => {
                Self::unauthenticated("certificate_revoked", error.to_string())
            }
            AccessError::ExpiredCertificate => {
                Self::unauthenticated("certificate_expired", error.to_string())
            }
            AccessError::ForeignCertificate | AccessError::NoSession => Self::forbidden(error.to_string()),
            AccessError::Store(error) => error.into(),
        }
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::unavailable(error.to_string(), Duration::from_secs(1)),
            HashError::Refused(_) => Self::internal(&error),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCredentials => {
                Self::unauthenticated("invalid_credentials", error.to_string())
            }
            SignInError::Paused(wait) => Self::too_many(error.to_string(), wait),
            SignInError::Hash(error) => error.into(),
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<SetupError> for Problem {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::AlreadyDone => Self::conflict("conflict", error.to_string()),
            SetupError::WrongCode => {
                Self::new(StatusCode::FORBIDDEN, "wrong_setup_code", error.to_string()).about_field("code")
            }
            SetupError::Paused(wait) => Self::too_many(error.to_string(), wait),
            SetupError::User(error) => error.into(),
            SetupError::Hash(error) => error.into(),
            SetupError::Store(error) => error.into(),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound => Self::not_found(error.to_string()),
            UserError::NameTaken(_) => {
                Self::conflict("name_taken", error.to_string()).about_field("username")
            }
            UserError::LastAdmin | UserError::TooMany => Self::conflict("conflict", error.to_string()),
            UserError::WrongPassword => Self::unauthenticated("invalid_credentials", error.to_string())
                .about_field("current_password"),
            UserError::Paused(wait) => Self::too_many(error.to_string(), wait),
            UserError::Hash(error) => error.into(),
            UserError::Store(error) => error.into(),
        }
    }
}

impl From<ApiTokenError> for Problem {
    fn from(error: ApiTokenError) -> Self {
        match error {
            ApiTokenError::NotFound => Self::not_found(error.to_string()),
            ApiTokenError::RoleTooHigh { .. } | ApiTokenError::NoSession => {
                Self::forbidden(error.to_string())
            }
            ApiTokenError::TooMany => Self::conflict("conflict", error.to_string()),
            ApiTokenError::Store(error) => error.into(),
        }
    }
}

impl From<TicketError> for Problem {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::TooMany => Self::too_many(error.to_string(), crate::limits::TICKET_LIFE),
            TicketError::Store(error) => error.into(),
        }
    }
}

impl From<RegistrationSecretError> for Problem {
    fn from(error: RegistrationSecretError) -> Self {
        match error {
            RegistrationSecretError::NotFound => Self::not_found(error.to_string()),
            RegistrationSecretError::Unknown
            | RegistrationSecretError::Expired
            | RegistrationSecretError::Revoked
            | RegistrationSecretError::UsedUp => {
                Self::unauthenticated("registration_secret_refused", error.to_string())
            }
            RegistrationSecretError::TooMany => Self::conflict("conflict", error.to_string()),
            RegistrationSecretError::Store(error) => error.into(),
        }
    }
}

impl From<NodeError> for Problem {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Collectors(error) => error.into(),
            NodeError::Groups(error) => error.into(),
            NodeError::Presence(error) => error.into(),
            NodeError::Store(error) => error.into(),
            NodeError::Accept(error) => error.into(),
            NodeError::Poisoned(_) | NodeError::Stopping => {
                Self::unavailable(error.to_string(), Duration::from_secs(5))
            }
            NodeError::Logs(error) => error.into(),
            NodeError::Query(error) => error.into(),
            NodeError::Actions(error) => error.into(),
            NodeError::ClockIsTrusted => Self::conflict("conflict", error.to_string()),
            NodeError::Size { .. } | NodeError::Segments(_) | NodeError::Hot(_) => Self::internal(&error),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        let detail = error.to_string();
        match error {
            AcceptError::BadIdempotencyKey => Self::invalid_field("Idempotency-Key", "format", detail),
            AcceptError::IdempotencyMismatch => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", detail)
            }
            AcceptError::TooManyDocuments(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail),
            AcceptError::Busy => Self::unavailable(detail, PUSH_RETRY),
            AcceptError::StorageFull(_) => Self::storage_full(detail),
            AcceptError::Unanswered(_) | AcceptError::NotStored(_) => {
                Self::unavailable(detail, Duration::from_secs(5))
            }
            AcceptError::Damaged(_) => Self::internal(&detail),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let detail = error.to_string();
        match error {
            QueryError::BadRange { .. } => Self::invalid_field("to", "range", detail),
            QueryError::BadStep => Self::invalid_field("step", "range", detail),
            QueryError::TooManySeriesPoints { .. } => Self::invalid_field("step", "too_many", detail),
            QueryError::TooManyMatchers(_) | QueryError::TooManySeries | QueryError::TooManyPoints => {
                Self::invalid_field("match", "too_many", detail)
            }
            QueryError::TooManyDocuments => Self::invalid_field("from", "too_many", detail),
            QueryError::Store(_) | QueryError::Segment(_) | QueryError::GivenUp => Self::internal(&detail),
        }
    }
}

impl From<ReplyError> for Problem {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Mismatch => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", error.to_string())
            }
            ReplyError::TooMany { retry_after } => Self::too_many(error.to_string(), retry_after),
            ReplyError::TooLarge(_) | ReplyError::Envelope(_) | ReplyError::Damaged => Self::internal(&error),
            ReplyError::Store(error) => error.into(),
        }
    }
}

impl From<NotAnId> for Problem {
    fn from(error: NotAnId) -> Self {
        Self::not_found(format!("the id in the path is {error}"))
    }
}

impl From<GroupsError> for Problem {
    fn from(error: GroupsError) -> Self {
        match error {
            GroupsError::NameTaken(_) => Self::conflict("name_taken", error.to_string()),
            GroupsError::NotFound(_) => Self::not_found(error.to_string()),
            GroupsError::Store(error) => error.into(),
        }
    }
}

impl From<CollectorsError> for Problem {
    fn from(error: CollectorsError) -> Self {
        match error {
            CollectorsError::NameTaken(_) => Self::conflict("name_taken", error.to_string()),
            CollectorsError::ChangedMeanwhile(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", error.to_string())
            }
            CollectorsError::NotFound(_) => Self::not_found(error.to_string()),
            CollectorsError::NoSuchGroup(_) => Self::invalid_field("group", "unknown", error.to_string()),
            CollectorsError::Credentials { .. } => Self::internal(&error),
            CollectorsError::Store(error) => error.into(),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Collectors(error) => error.into(),
            RegisterError::Authority(AuthorityError::Request(_)) => Self::invalid_field(
                "csr",
                "format",
                "must be a certificate request in PEM form, signed with its key",
            ),
            RegisterError::Authority(error) => Self::internal(&error),
            RegisterError::Secret(error) => error.into(),
            RegisterError::Store(error) => error.into(),
        }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::NotArchived(_) => Self::not_found(error.to_string()),
            ArchiveError::NotConfirmed => Self::invalid_field("confirm_name", "mismatch", error.to_string()),
            ArchiveError::Collectors(error) => error.into(),
            ArchiveError::Metrics(_) => Self::internal(&error),
            ArchiveError::Logs(error) => error.into(),
            ArchiveError::Store(error) => error.into(),
        }
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        let detail = error.to_string();
        match error {
            OperationError::NotFound(_) => Self::not_found(detail),
            OperationError::Over { .. }
            | OperationError::CancelledAlready(_)
            | OperationError::AllBegun(_)
            | OperationError::TooMany => Self::conflict("conflict", detail),
            OperationError::Collectors(_) => Self::invalid_field("collector_ids", "length", detail),
            OperationError::NoSuchGroup(_) => Self::invalid_field("params.group_id", "unknown", detail),
            OperationError::Store(error) => error.into(),
        }
    }
}

impl From<ActionError> for Problem {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::NotFound(_) => Self::not_found(error.to_string()),
            ActionError::Refused(_) | ActionError::NeverGiven | ActionError::Over { .. } => {
                Self::conflict("conflict", error.to_string())
            }
            ActionError::Collectors(error) => error.into(),
            ActionError::Store(error) => error.into(),
        }
    }
}

impl From<PresenceError> for Problem {
    fn from(error: PresenceError) -> Self {
        match error {
            PresenceError::Collectors(error) => error.into(),
            PresenceError::Store(error) => error.into(),
        }
    }
}
