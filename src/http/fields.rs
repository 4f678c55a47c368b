//! Turns a JSON object into checked values, and gathers every problem on the way: a client is told of all the
//! fields at once. A value that breaks a rule is never repeated in the answer, as it may be a secret.

use std::ops::RangeInclusive;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};

use super::body::Body;
use super::problem::Problem;
use crate::clock::Timestamp;
use crate::crypto::Secret;
use crate::limits;
use crate::names::Named;
use crate::wire::FieldError;

/// The members of a JSON object, each to be taken once.
#[derive(Debug, Default)]
pub struct Fields {
    members: Map<String, Value>,
    problems: Vec<FieldError>,
}

impl Fields {
    pub fn new(members: Map<String, Value>) -> Self {
        Self { members, problems: Vec::new() }
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => Ok(Self::new(members)),
            Ok(_) => Err(Problem::invalid_field("body", "type", "must be a JSON object")),
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                Err(Problem::invalid_field("body", "json", format!("is not valid JSON: see {place}")))
            }
        }
    }

    /// With more members, where they are not there already.
    pub fn with(mut self, more: impl Iterator<Item = (String, Value)>) -> Self {
        for (name, value) in more {
            self.members.entry(name).or_insert(value);
        }
        self
    }

    /// The value, if there was nothing to complain about.
    pub fn finish<T>(mut self, value: T) -> Result<T, Problem> {
        self.complain_of_the_rest();
        if self.problems.is_empty() { Ok(value) } else { Err(Problem::validation(self.problems)) }
    }

    /// The value, or what is wrong with it, for an object in a list.
    pub fn checked<T>(mut self, value: T) -> Result<T, Vec<FieldError>> {
        self.complain_of_the_rest();
        if self.problems.is_empty() { Ok(value) } else { Err(self.problems) }
    }

    /// The same, for bodies of programs of other releases, which may say more than is known.
    pub fn finish_leniently<T>(mut self, value: T) -> Result<T, Problem> {
        self.members.clear();
        self.finish(value)
    }

    fn complain_of_the_rest(&mut self) {
        let unknown = std::mem::take(&mut self.members);
        for field in unknown.keys() {
            self.complain(field, "unknown", "is not a field of this request".to_owned());
        }
    }

    /// Reads the object in a field, an empty one where it is absent. Its fields are named `field.member`.
    pub fn within<T>(&mut self, field: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let (members, is_object) = match self.take(field) {
            None => (Map::new(), true),
            Some(Value::Object(members)) => (members, true),
            Some(_) => (Map::new(), false),
        };
        let mut inner = Self::new(members);
        let value = read(&mut inner);
        inner.complain_of_the_rest();
        if is_object {
            self.problems.extend(
                inner
                    .problems
                    .into_iter()
                    .map(|problem| FieldError { field: format!("{field}.{}", problem.field), ..problem }),
            );
        } else {
            self.complain(field, "type", "must be an object".to_owned());
        }
        value
    }

    /// Leaves what was not taken alone.
    pub fn unread<T>(&mut self, value: T) -> T {
        self.members.clear();
        value
    }

    /// Whether the field was complained about.
    pub fn has_problem(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Whether there is nothing in it any more.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A time that may be absent or null.
    pub fn optional_time(&mut self, field: &str) -> Option<Timestamp> {
        let text = self.optional_string(field)?;
        let time = text.parse().ok();
        if time.is_none() && !text.is_empty() {
            let message = "must be an RFC 3339 time with a zone, such as 2026-11-20T14:02:11Z";
            self.complain(field, "format", message.to_owned());
        }
        time
    }

    /// Whether the field was sent, be it null.
    pub fn has(&self, field: &str) -> bool {
        self.members.contains_key(field)
    }

    /// Whether the field has a value. Null is as if it was absent: clients send it that fill in every field of a form.
    pub fn has_value(&mut self, field: &str) -> bool {
        if self.members.get(field).is_some_and(Value::is_null) {
            self.members.remove(field);
        }
        self.has(field)
    }

    /// Spells a text in another way before it is read.
    pub fn respell(&mut self, field: &str, spell: impl FnOnce(&str) -> String) {
        if let Some(Value::String(text)) = self.members.get_mut(field) {
            *text = spell(text);
        }
    }

    /// Gives a field its other name, where it has not been sent under that one.
    pub fn also_named(&mut self, field: &str, other: &str) {
        if !self.members.contains_key(field)
            && let Some(value) = self.members.remove(other)
        {
            self.members.insert(field.to_owned(), value);
        }
    }

    pub fn complain(&mut self, field: &str, code: &str, message: String) {
        self.problems.push(FieldError { field: field.to_owned(), code: code.to_owned(), message });
    }

    /// A text that must be there.
    pub fn text(&mut self, field: &str, chars: RangeInclusive<usize>) -> String {
        self.required(field, |this| this.optional_text(field, chars)).unwrap_or_default()
    }

    /// A text that may be absent or null. White space around it does not count.
    pub fn optional_text(&mut self, field: &str, chars: RangeInclusive<usize>) -> Option<String> {
        let text = self.optional_string(field)?.trim().to_owned();
        let length = text.chars().count();
        if !chars.contains(&length) {
            let (least, most) = chars.into_inner();
            self.complain(field, "length", format!("must have {least} to {most} characters"));
        } else if text.chars().any(|letter| letter.is_control() && letter != '\n') {
            self.complain(field, "characters", "must not hold control characters".to_owned());
        }
        Some(text)
    }

    /// What something is called: a text on one line, which must be there.
    pub fn name(&mut self, field: &str, chars: RangeInclusive<usize>) -> String {
        let name = self.text(field, chars);
        if name.contains('\n') {
            self.complain(field, "characters", "must stand on one line".to_owned());
        }
        name
    }

    /// A line of a log, taken as it is; it must be there.
    pub fn line(&mut self, field: &str, most: usize) -> String {
        let line = self.required(field, |this| this.optional_string(field)).unwrap_or_default();
        if line.chars().count() > most {
            self.complain(field, "length", format!("must have at most {most} characters"));
        }
        line
    }

    /// A time that must be there.
    pub fn time(&mut self, field: &str) -> Timestamp {
        let text = self.required(field, |this| this.optional_string(field)).unwrap_or_default();
        let time = text.parse();
        if time.is_err() && !self.problems.iter().any(|problem| problem.field == field) {
            self.complain(field, "format", "must be an RFC 3339 time with a zone".to_owned());
        }
        time.unwrap_or(Timestamp::from_millis(0))
    }

    /// The JSON text of an object with few members; of an empty one, where it is absent.
    pub fn object(&mut self, field: &str, members: usize, bytes: usize) -> String {
        let value = self.take(field).unwrap_or_else(|| Value::Object(Map::new()));
        let text = value.to_string();
        match value.as_object() {
            Some(object) if object.len() <= members && text.len() <= bytes => {}
            Some(_) => {
                let rule = format!("must have at most {members} members and {bytes} bytes");
                self.complain(field, "length", rule);
            }
            None => self.complain(field, "type", "must be an object".to_owned()),
        }
        text
    }

    /// What was complained about first, if anything was.
    pub fn first_complaint(self) -> Option<FieldError> {
        self.problems.into_iter().next()
    }

    /// The beginning of a text that a program sends, whatever its length.
    pub fn agent_text(&mut self, field: &str) -> Option<String> {
        let text = self.optional_string(field)?;
        Some(text.chars().take(limits::AGENT_TEXT_CHARS).collect())
    }

    /// A secret that must be there, taken as it is.
    pub fn secret(&mut self, field: &str, chars: RangeInclusive<usize>) -> Secret {
        self.required(field, |this| this.optional_secret(field, chars)).unwrap_or_else(|| Secret::new(""))
    }

    pub fn optional_secret(&mut self, field: &str, chars: RangeInclusive<usize>) -> Option<Secret> {
        let text = self.optional_string(field)?;
        if !chars.contains(&text.chars().count()) {
            let (least, most) = chars.into_inner();
            self.complain(field, "length", format!("must have {least} to {most} characters"));
        }
        Some(Secret::new(text))
    }

    /// A whole number that must be there.
    pub fn number(&mut self, field: &str, range: RangeInclusive<i64>) -> i64 {
        self.required(field, |this| this.optional_number(field, range)).unwrap_or_default()
    }

    pub fn optional_number(&mut self, field: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.take(field)?;
        let number = value.as_i64().filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            self.complain(field, "range", format!("must be a whole number from {least} to {most}"));
        }
        Some(number.unwrap_or_default())
    }

    pub fn optional_boolean(&mut self, field: &str) -> Option<bool> {
        let value = self.take(field)?;
        if !value.is_boolean() {
            self.complain(field, "type", "must be true or false".to_owned());
        }
        Some(value.as_bool().unwrap_or_default())
    }

    /// One of a few words, which must be there.
    pub fn one_of<T: Named>(&mut self, field: &str) -> T {
        self.required(field, |this| this.optional_one_of(field)).unwrap_or(T::ALL[0])
    }

    pub fn optional_one_of<T: Named>(&mut self, field: &str) -> Option<T> {
        let text = self.optional_string(field)?;
        let known = T::ALL.iter().copied().find(|known| known.name() == text);
        if known.is_none() {
            let words: Vec<&str> = T::ALL.iter().map(|known| known.name()).collect();
            self.complain(field, "choice", format!("must be one of {}", words.join(", ")));
        }
        Some(known.unwrap_or(T::ALL[0]))
    }

    /// A list of texts; empty where it is absent.
    pub fn texts(&mut self, field: &str, most: usize, chars: RangeInclusive<usize>) -> Vec<String> {
        let Some(value) = self.take(field) else { return Vec::new() };
        let texts: Option<Vec<String>> = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(|text| text.trim().to_owned())).collect()
        });
        let Some(texts) = texts else {
            self.complain(field, "type", "must be a list of texts".to_owned());
            return Vec::new();
        };
        if texts.len() > most {
            self.complain(field, "length", format!("must have at most {most} entries"));
        }
        let fits =
            |text: &String| chars.contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !texts.iter().all(fits) {
            let (least, most) = chars.into_inner();
            self.complain(
                field,
                "length",
                format!("each entry must have {least} to {most} plain characters"),
            );
        }
        texts
    }

    fn optional_string(&mut self, field: &str) -> Option<String> {
        let value = self.take(field)?;
        if !value.is_string() {
            self.complain(field, "type", "must be a text".to_owned());
        }
        value.as_str().map(str::to_owned)
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.members.remove(field).filter(|value| !value.is_null())
    }

    /// Complains when there is no value, unless the value was complained about already.
    fn required<T>(&mut self, field: &str, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.problems.len();
        let value = take(self);
        if value.is_none() && self.problems.len() == before {
            self.complain(field, "required", "is required".to_owned());
        }
        value
    }
}

/// Reads the body of a request. Its type must be JSON where one is given.
impl FromRequest for Fields {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let body = Body::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(Problem::from_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).into());
            }
            let Body(bytes) = body.await?;
            Ok(Self::parse(&bytes)?)
        })
    }
}

pub(super) fn is_json(request: &HttpRequest) -> bool {
    let Some(value) = request.headers().get(CONTENT_TYPE) else { return true };
    value.to_str().is_ok_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    })
}

/// The same where nothing is required, so that the body may be left out.
#[derive(Debug)]
pub struct OptionalFields(pub Fields);

impl FromRequest for OptionalFields {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let body = Body::from_request(request, payload);
        Box::pin(async move {
            let Body(bytes) = body.await?;
            match (bytes.is_empty(), is_json) {
                (true, _) => Ok(Self(Fields::default())),
                (false, true) => Ok(Self(Fields::parse(&bytes)?)),
                (false, false) => Err(Problem::from_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;
    use crate::ids::IdSource;
    use crate::registry::Kind;

    fn complaints(body: &str) -> Vec<String> {
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        let name = fields.name("name", 1..=10);
        let kind: Kind = fields.one_of("type");
        let port = fields.number("port", 1..=65535);
        let tags = fields.texts("tags", 2, 1..=5);
        let Err(problem) = fields.finish((name, kind, port, tags)) else { return Vec::new() };
        assert_eq!(problem.status_code(), 400);
        let document = problem.document(IdSource::seeded(1).next(crate::clock::Timestamp::from_millis(1)));
        let errors = document["errors"].as_array().unwrap().clone();
        errors
            .iter()
            .map(|e| format!("{} {}", e["field"].as_str().unwrap(), e["code"].as_str().unwrap()))
            .collect()
    }

    #[test]
    fn every_field_at_fault_is_named_at_once() {
        assert_eq!(complaints(r#"{"name": "a", "type": "oracle", "port": 1}"#), Vec::<String>::new());
        assert_eq!(complaints("{}"), ["name required", "type required", "port required"]);
        assert_eq!(
            complaints(r#"{"name": "  ", "type": "access", "port": 70000, "tags": ["toolong"], "nmae": 1}"#),
            ["name length", "type choice", "port range", "tags length", "nmae unknown"]
        );
        assert_eq!(
            complaints(r#"{"name": 7, "type": null, "port": "80", "tags": "a"}"#),
            ["name type", "type required", "port range", "tags type"]
        );
        let on_two_lines = r#"{"name": " a\nb ", "type": "oracle", "port": 1}"#;
        assert_eq!(complaints(on_two_lines), ["name characters"]);
    }

    #[test]
    fn malformed_json_names_the_place_and_nothing_else() {
        let problem = Fields::parse(b"{\"password\": \"hunter2").unwrap_err().to_string();
        assert!(problem.contains("line 1") && !problem.contains("hunter2"), "{problem}");
        assert!(Fields::parse(b"[1]").is_err());
    }
}
