//! The address of a client: the peer's, unless a proxy that the options trust names another.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::options::TrustProxy;

/// The address that a request comes from. Addresses that proxies add are read from the right: each one is
/// believed only if the one that named it is trusted.
pub(super) fn client(peer: SocketAddr, headers: &HeaderMap, trust: &TrustProxy) -> IpAddr {
    let peer = peer.ip().to_canonical();
    if *trust == TrustProxy::Nobody {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut chain: Vec<Option<IpAddr>> =
        named.flat_map(|value| value.split(',')).map(|text| parse(text.trim())).collect();
    chain.push(Some(peer));
    let mut client = peer;
    for (hop, address) in chain.iter().rev().enumerate() {
        // What is no address can not be judged, and neither can what stands to its left.
        let Some(address) = address else { break };
        client = *address;
        let is_trusted = match trust {
            TrustProxy::Nobody => false,
            TrustProxy::Everybody => true,
            TrustProxy::Hops(hops) => hop < *hops as usize,
            TrustProxy::Ranges(ranges) => ranges.iter().any(|range| range.contains(*address)),
        };
        if !is_trusted {
            break;
        }
    }
    client
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trust: &TrustProxy, forwarded: &str, expected: &str) {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let peer = "127.0.0.1:9".parse().unwrap();
        assert_eq!(client(peer, &headers, trust).to_string(), expected, "{trust:?} {forwarded}");
    }

    #[test]
    fn a_forged_header_is_not_believed() {
        check(&TrustProxy::Nobody, "10.0.0.1", "127.0.0.1");
        check(&TrustProxy::Hops(1), "6.6.6.6, 9.9.9.9", "9.9.9.9");
        check(&TrustProxy::Hops(1), "6.6.6.6, unknown", "127.0.0.1");
        check(&TrustProxy::Hops(1), "6.6.6.6, 9.9.9.9:4711", "9.9.9.9");
        check(&TrustProxy::Hops(2), "6.6.6.6, 9.9.9.9", "6.6.6.6");
        check(&TrustProxy::Everybody, "6.6.6.6, 9.9.9.9", "6.6.6.6");
        let ranges = vec![crate::options::IpRange::parse("127.0.0.1").unwrap()];
        check(&TrustProxy::Ranges(ranges), "6.6.6.6, 9.9.9.9", "9.9.9.9");
    }
}
