//! Which proxies are believed about the address of a client.

use serde_json::Value;

use crate::options::ip_range::IpRange;

/// Which forwarding headers count, in the words of Express's `trust proxy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustProxy {
    /// None: the peer is the client.
    Nobody,
    /// All of them: the client is the first address named.
    Everybody,
    /// As many proxies, counted from this server.
    Hops(u32),
    /// Proxies with these addresses.
    Ranges(Vec<IpRange>),
}

impl TrustProxy {
    /// Reads true, false, a number, a text or a list of addresses, ranges and names of ranges.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(true) => Some(Self::Everybody),
            Value::Null | Value::Bool(false) => Some(Self::Nobody),
            Value::Number(hops) => match u32::try_from(hops.as_u64()?).ok()? {
                0 => Some(Self::Nobody),
                hops => Some(Self::Hops(hops)),
            },
            Value::String(text) => from_ranges(text.split(',').map(str::trim)),
            Value::Array(entries) => {
                let texts: Option<Vec<&str>> = entries.iter().map(Value::as_str).collect();
                from_ranges(texts?.into_iter())
            }
            Value::Object(_) => None,
        }
    }
}

fn from_ranges<'a>(texts: impl Iterator<Item = &'a str>) -> Option<TrustProxy> {
    let mut ranges = Vec::new();
    for text in texts {
        match named(text) {
            [] => ranges.push(IpRange::parse(text)?),
            names => ranges.extend(names.iter().filter_map(|range| IpRange::parse(range))),
        }
    }
    Some(if ranges.is_empty() { TrustProxy::Nobody } else { TrustProxy::Ranges(ranges) })
}

/// The ranges that Express knows by name.
fn named(text: &str) -> &'static [&'static str] {
    match text {
        "loopback" => &["127.0.0.1/8", "::1/128"],
        "linklocal" => &["169.254.0.0/16", "fe80::/10"],
        "uniquelocal" => &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ranges(texts: &[&str]) -> Option<TrustProxy> {
        Some(TrustProxy::Ranges(texts.iter().map(|text| IpRange::parse(text).unwrap()).collect()))
    }

    #[test]
    fn words_of_express() {
        let check = |value: Value, expected: Option<TrustProxy>| {
            assert_eq!(TrustProxy::parse(&value), expected, "{value}");
        };
        check(json!(true), Some(TrustProxy::Everybody));
        check(json!(false), Some(TrustProxy::Nobody));
        check(json!([]), Some(TrustProxy::Nobody));
        check(json!(0), Some(TrustProxy::Nobody));
        check(json!(2), Some(TrustProxy::Hops(2)));
        check(json!(-1), None);
        check(json!("10.0.0.1"), ranges(&["10.0.0.1"]));
        check(json!("10.0.0.1, fc00::/7"), ranges(&["10.0.0.1", "fc00::/7"]));
        check(json!(["loopback"]), ranges(&["127.0.0.1/8", "::1/128"]));
        check(json!(["loopbak"]), None);
        check(json!([1]), None);
        check(json!({}), None);
    }
}
