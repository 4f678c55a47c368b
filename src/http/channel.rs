//! The channel of an agent: a WebSocket down which commands go as soon as they are given, and up which results
//! and heartbeats may come.
//!
//! What is told here is read from the registry, so a lost channel loses nothing. A command is told once on
//! one channel; heartbeats repeat it.

use std::collections::HashSet;
use std::time::Instant;

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason, Session};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use super::agents;
use super::caller::Caller;
use super::on_disk;
use super::problem::Problem;
use crate::fleet::Channel;
use crate::limits::{AGENT_TEXT_CHARS, BODY_BYTES, CHANNEL_SILENCE, SOCKET_CHECK_PERIOD};
use crate::node::Node;
use crate::wire::CommandOutcome;

#[utoipa::path(get, path = "/api/v1/collectors/{id}/channel", tag = "agents", params(("id" = String, Path)),
    responses((status = 101, description = "A WebSocket: commands down, results and heartbeats up"),
        (status = 429, description = "too many channels of this collector are open")))]
pub(super) async fn open(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let id = caller.collector()?;
    let Some(channel) = node.actions.open_channel(id) else {
        let detail = "too many channels of this collector are open";
        return Err(Problem::too_many(detail, CHANNEL_SILENCE).into());
    };
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let messages =
        messages.max_frame_size(BODY_BYTES).aggregate_continuations().max_continuation_size(BODY_BYTES);
    let socket = Socket { node, caller, channel, session, told: HashSet::new(), heard: Instant::now() };
    actix_web::rt::spawn(socket.run(messages));
    Ok(response)
}

struct Socket {
    node: Data<Node>,
    caller: Caller,
    channel: Channel,
    session: Session,
    /// The open commands that were told on this channel.
    told: HashSet<String>,
    /// When the agent last sent anything.
    heard: Instant,
}

/// Why a channel ends.
enum End {
    Gone,
    Because(CloseCode, String),
}

impl From<actix_ws::Closed> for End {
    fn from(_: actix_ws::Closed) -> Self {
        Self::Gone
    }
}

impl Socket {
    async fn run(mut self, messages: actix_ws::AggregatedMessageStream) {
        let reason = match self.serve(messages).await {
            End::Gone => None,
            End::Because(code, why) => Some(CloseReason { code, description: Some(why) }),
        };
        // the agent may be gone already
        let _ = self.session.close(reason).await;
    }

    async fn serve(&mut self, mut messages: actix_ws::AggregatedMessageStream) -> End {
        let mut check = interval(SOCKET_CHECK_PERIOD);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopping = self.node.clone();
        // what was given before the channel was open
        let mut step = self.tell().await;
        loop {
            if let Err(end) = step {
                return end;
            }
            step = tokio::select! {
                message = messages.next() => match message {
                    Some(Ok(message)) => self.hear(message).await,
                    Some(Err(_)) | None => Err(End::Gone),
                },
                () = self.channel.woken() => self.tell().await,
                _ = check.tick() => self.check().await,
                () = stopping.stopping.wait() => {
                    Err(End::Because(CloseCode::Away, "the daemon is stopping".to_owned()))
                }
            };
        }
    }

    /// Sends the commands that were not sent yet.
    async fn tell(&mut self) -> Result<(), End> {
        let id = self.caller.collector().map_err(|_| End::Gone)?;
        let open = on_disk(&self.node, move |node| node.actions.commands_for(id)).await;
        // a busy registry is no reason to end anything: the next heartbeat tells
        let Ok(open) = open else { return Ok(()) };
        self.told.retain(|told| open.iter().any(|command| command.id == *told));
        for command in open {
            if self.told.insert(command.id.clone()) {
                self.send(&command).await?;
            }
        }
        Ok(())
    }

    async fn hear(&mut self, message: AggregatedMessage) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            AggregatedMessage::Text(text) => self.take(text.into_bytes()).await,
            AggregatedMessage::Ping(bytes) => Ok(self.session.pong(&bytes).await?),
            AggregatedMessage::Pong(_) => Ok(()),
            AggregatedMessage::Binary(_) => {
                Err(End::Because(CloseCode::Unsupported, "messages are text".to_owned()))
            }
            AggregatedMessage::Close(_) => Err(End::Gone),
        }
    }

    /// A result names its command; everything else is a heartbeat.
    async fn take(&mut self, text: Bytes) -> Result<(), End> {
        let is_result =
            serde_json::from_slice::<Value>(&text).is_ok_and(|message| message.get("id").is_some());
        let taken = if is_result { self.take_result(&text).await } else { self.take_heartbeat(&text).await };
        match taken {
            Ok(()) => self.tell().await,
            // said on the channel, which stays open: a late result must not cut off the next command
            Err(problem) => self.send(&problem.document(super::RequestContext::none().id)).await,
        }
    }

    async fn take_result(&self, text: &[u8]) -> Result<(), Problem> {
        let outcome: CommandOutcome = serde_json::from_slice(text)
            .map_err(|_| Problem::invalid_field("message", "format", "must be {id, status, detail?}"))?;
        let (collector, origin) = (self.caller.collector()?, self.caller.origin.clone());
        let detail = outcome.detail.map(|detail| detail.chars().take(AGENT_TEXT_CHARS).collect());
        let answer =
            move |node: &Node| node.actions.answer(&origin, collector, &outcome.id, outcome.status, detail);
        on_disk(&self.node, answer).await
    }

    async fn take_heartbeat(&self, text: &[u8]) -> Result<(), Problem> {
        let id = self.caller.collector()?;
        let heartbeat = agents::checked(text)?;
        on_disk(&self.node, move |node| node.heartbeat(id, &heartbeat)).await.map(|_| ())
    }

    /// Ends the channels of agents that are gone and of tokens that were revoked.
    async fn check(&mut self) -> Result<(), End> {
        if self.heard.elapsed() > CHANNEL_SILENCE {
            return Err(End::Because(CloseCode::Away, "no sign of life".to_owned()));
        }
        if let Some(identity) = self.caller.identity.clone() {
            let valid = on_disk(&self.node, move |node| node.access.check_again(&identity)).await;
            match valid {
                Err(problem) if problem.status_code().is_client_error() => {
                    return Err(End::Because(CloseCode::Policy, "the token is not good any more".to_owned()));
                }
                // a busy registry is no reason to end anything: the next check decides
                Ok(_) | Err(_) => {}
            }
        }
        Ok(self.session.ping(b"").await?)
    }

    async fn send(&mut self, message: &impl serde::Serialize) -> Result<(), End> {
        let text = serde_json::to_string(message).map_err(|_| End::Gone)?;
        Ok(self.session.text(text).await?)
    }
}
