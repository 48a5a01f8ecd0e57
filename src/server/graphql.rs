//! The web sockets of the GraphQL API.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response};

use super::address;
use super::tasks::Stop;
use super::upgrade::Sockets;
use crate::graphql::{self, GraphQl};
use crate::http::{Incoming, Inside};
use crate::ops::App;
use crate::telemetry::{Door, InFlight};

/// The web sockets of the GraphQL API, where classes are live.
pub(super) struct GraphQlSockets {
    graphql: Arc<GraphQl>,
    sockets: Arc<Sockets>,
    stop: Stop,
}

impl GraphQlSockets {
    pub(super) fn new(graphql: Arc<GraphQl>, sockets: Arc<Sockets>, stop: Stop) -> Self {
        Self { graphql, sockets, stop }
    }

    /// Makes a socket of a request, if its client speaks the protocol.
    pub(super) fn open(
        &self,
        app: &Arc<App>,
        (peer, request): (SocketAddr, Request),
        request_id: String,
        in_flight: &InFlight,
    ) -> Response<Body> {
        let address = address::client(peer, request.headers(), &app.config.trust_proxy);
        let incoming = Incoming {
            // Operations come as bodies of POST requests do.
            method: "POST".to_owned(),
            path: String::new(),
            query: String::new(),
            headers: request.headers().clone(),
            address,
            request_id,
            inside: Inside::No,
        };
        let response = match graphql::greet(&self.graphql, incoming) {
            Ok(greeting) => {
                let protocol = HeaderValue::from_static(graphql::PROTOCOL);
                let (graphql, stop) = (Arc::clone(&self.graphql), self.stop.clone());
                let door = (Door::Graphql, address);
                self.sockets.open(app, request, door, Some(protocol), move |socket| {
                    graphql::converse(graphql, greeting, socket, stop.wait())
                })
            }
            Err(refusal) => refusal.into_response(),
        };
        let status = response.status().as_u16();
        app.metrics.request_answered(Door::Graphql, "GET", status, in_flight.elapsed());
        response
    }
}
