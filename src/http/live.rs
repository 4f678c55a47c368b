//! The WebSocket of browsers: events as they happen, for the collectors that were asked for.
//!
//! One task a socket. A slow client falls behind in its own bounded queue and is told to fetch again. The
//! session is checked anew every few seconds, so that a revoked one ends.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason, Closed, Session};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};

use super::caller::Caller;
use super::on_disk;
use super::problem::Problem;
use crate::access::Identity;
use crate::events::Event;
use crate::ids::CollectorId;
use crate::limits::{
    SOCKET_BATCH_EVENTS, SOCKET_BATCH_PERIOD, SOCKET_CHECK_PERIOD, SOCKET_MESSAGE_BYTES, SOCKET_SILENCE,
    SOCKET_SUBSCRIPTIONS,
};
use crate::node::Node;

#[utoipa::path(get, path = "/api/v1/ws", tag = "live",
    params(("ticket" = Option<String>, Query, description = "one use, from POST /api/v1/ws/ticket")),
    responses((status = 101, description = "A WebSocket that carries events")))]
pub(super) async fn open(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let identity = Identity::User(caller.user()?.clone());
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let messages = messages
        .max_frame_size(SOCKET_MESSAGE_BYTES)
        .aggregate_continuations()
        .max_continuation_size(SOCKET_MESSAGE_BYTES);
    let socket = Socket {
        node,
        identity,
        session,
        wanted: Wanted::default(),
        batch: None,
        caught_up_to: 0,
        heard: Instant::now(),
    };
    actix_web::rt::spawn(socket.run(messages));
    Ok(response)
}

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
enum Said {
    Subscribe {
        collector_id: String,
        #[serde(default)]
        batch: bool,
        since_seq: Option<u64>,
    },
    Unsubscribe {
        collector_id: String,
    },
    Ping,
}

/// Which events a client wants.
#[derive(Default)]
struct Wanted {
    all: bool,
    collectors: HashSet<CollectorId>,
}

impl Wanted {
    fn takes(&self, event: &Event) -> bool {
        self.all || event.collector.is_some_and(|collector| self.collectors.contains(&collector))
    }

    fn is_empty(&self) -> bool {
        !self.all && self.collectors.is_empty()
    }
}

struct Socket {
    node: Data<Node>,
    identity: Identity,
    session: Session,
    wanted: Wanted,
    /// Events that wait for the next batch, for clients that asked for batches.
    batch: Option<Vec<Value>>,
    /// The last event that catching up covered; the queue may hold it too.
    caught_up_to: u64,
    /// When the client last sent anything.
    heard: Instant,
}

/// Why a socket ends.
enum End {
    Gone,
    Because(CloseCode, &'static str),
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Gone
    }
}

impl Socket {
    async fn run(mut self, messages: actix_ws::AggregatedMessageStream) {
        let end = self.serve(messages).await;
        let reason = match end {
            End::Gone => None,
            End::Because(code, why) => Some(CloseReason { code, description: Some(why.to_owned()) }),
        };
        // the client may be gone already
        let _ = self.session.close(reason).await;
    }

    async fn serve(&mut self, mut messages: actix_ws::AggregatedMessageStream) -> End {
        let mut events = self.node.events.listen(None).coming;
        let mut flush = interval(SOCKET_BATCH_PERIOD);
        let mut check = interval(SOCKET_CHECK_PERIOD);
        flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopping = self.node.clone();
        loop {
            let step = tokio::select! {
                message = messages.next() => match message {
                    Some(Ok(message)) => self.hear(message).await,
                    Some(Err(_)) | None => Err(End::Gone),
                },
                event = events.recv() => match event {
                    Ok(event) if event.seq <= self.caught_up_to => Ok(()),
                    Ok(event) => self.tell(&event).await,
                    Err(RecvError::Lagged(_)) => self.resync().await,
                    Err(RecvError::Closed) => Err(End::Gone),
                },
                _ = flush.tick() => self.flush().await,
                _ = check.tick() => self.check().await,
                () = stopping.stopping.wait() => Err(End::Because(CloseCode::Away, "the daemon is stopping")),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn hear(&mut self, message: AggregatedMessage) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            AggregatedMessage::Text(text) => self.obey(&text).await,
            AggregatedMessage::Ping(bytes) => Ok(self.session.pong(&bytes).await?),
            AggregatedMessage::Pong(_) => Ok(()),
            AggregatedMessage::Binary(_) => Err(End::Because(CloseCode::Unsupported, "messages are text")),
            AggregatedMessage::Close(_) => Err(End::Gone),
        }
    }

    async fn obey(&mut self, text: &str) -> Result<(), End> {
        match serde_json::from_str(text) {
            Ok(Said::Ping) => self.send(&self.notice("pong", &Value::Null)).await,
            Ok(Said::Subscribe { collector_id, batch, since_seq }) => {
                if !self.want(&collector_id) {
                    return self.complain("collector_id must be \"*\" or the id of a collector").await;
                }
                if batch {
                    self.batch.get_or_insert_default();
                }
                self.catch_up(since_seq).await
            }
            Ok(Said::Unsubscribe { collector_id }) => {
                match collector_id.parse() {
                    Ok(id) => drop(self.wanted.collectors.remove(&id)),
                    Err(_) => self.wanted = Wanted::default(),
                }
                Ok(())
            }
            Err(_) => {
                self.complain("a message is {\"action\": \"subscribe\" | \"unsubscribe\" | \"ping\", ...}")
                    .await
            }
        }
    }

    fn want(&mut self, collector_id: &str) -> bool {
        if collector_id == "*" {
            self.wanted.all = true;
            return true;
        }
        match collector_id.parse() {
            Ok(id) if self.wanted.collectors.len() < SOCKET_SUBSCRIPTIONS => {
                self.wanted.collectors.insert(id);
                true
            }
            _ => false,
        }
    }

    /// Sends what came after the event that the client knows.
    async fn catch_up(&mut self, since_seq: Option<u64>) -> Result<(), End> {
        let Some(since) = since_seq else { return Ok(()) };
        let listener = self.node.events.listen(Some(since));
        if listener.resync {
            return self.resync().await;
        }
        self.caught_up_to = listener.seq;
        for event in listener.missed {
            self.tell(&event).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, event: &Arc<Event>) -> Result<(), End> {
        if !self.wanted.takes(event) {
            return Ok(());
        }
        let view = view(event);
        match &mut self.batch {
            None => self.send(&view).await,
            Some(batch) if batch.len() < SOCKET_BATCH_EVENTS => {
                batch.push(view);
                Ok(())
            }
            Some(batch) => {
                batch.clear();
                self.resync().await
            }
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        match self.batch.as_mut().filter(|batch| !batch.is_empty()).map(std::mem::take) {
            Some(events) => self.send(&json!({ "type": "batch", "events": events })).await,
            None => Ok(()),
        }
    }

    /// Tells the client that events are missing, so that it fetches again.
    async fn resync(&mut self) -> Result<(), End> {
        if self.wanted.is_empty() {
            return Ok(());
        }
        self.send(&self.notice("resync", &Value::Null)).await
    }

    async fn complain(&mut self, message: &str) -> Result<(), End> {
        self.send(&self.notice("error", &json!({ "message": message }))).await
    }

    /// A message that is not an event of a collector.
    fn notice(&self, kind: &str, data: &Value) -> Value {
        let seq = self.node.events.listen(None).seq;
        json!({"type": kind, "seq": seq, "collector_id": null, "timestamp": self.node.clock.now(), "data": data})
    }

    /// Ends the sockets of clients that are gone and of sessions that were revoked.
    async fn check(&mut self) -> Result<(), End> {
        if self.heard.elapsed() > SOCKET_SILENCE {
            return Err(End::Because(CloseCode::Away, "no sign of life"));
        }
        let identity = self.identity.clone();
        let valid = on_disk(&self.node, move |node| node.access.check_again(&identity)).await;
        match valid {
            Ok(identity) => self.identity = identity,
            Err(problem) if is_refusal(&problem) => {
                return Err(End::Because(CloseCode::Policy, "the session has ended"));
            }
            // a busy database is no reason to end anything: the next check decides
            Err(_) => {}
        }
        Ok(self.session.ping(b"").await?)
    }

    async fn send(&mut self, message: &Value) -> Result<(), End> {
        Ok(self.session.text(message.to_string()).await?)
    }
}

fn is_refusal(problem: &Problem) -> bool {
    use actix_web::ResponseError;
    problem.status_code().is_client_error()
}

fn view(event: &Event) -> Value {
    json!({
        "type": event.kind.as_str(),
        "seq": event.seq,
        "collector_id": event.collector,
        "timestamp": event.time,
        "data": event.data,
    })
}
