//! The way to the servers of providers: HTTPS to hosts that the code or the settings name, without redirects,
//! with a limit on time and size.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CACHE_CONTROL, HOST, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};

use crate::value::Json;

/// What a whole exchange may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why there is no answer; for the log.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The way to the servers of providers. Opened on first use: most applications have no provider.
#[derive(Debug, Default)]
pub struct Outbound {
    routes: HashMap<String, SocketAddr>,
    to_anywhere: OnceLock<Client>,
    to_public_addresses: OnceLock<Client>,
}

/// Where a request may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Anywhere: the host stands in the code or in the settings.
    Anywhere,
    /// To public addresses only: the client had a say in the host.
    PublicAddresses,
}

/// A request to a provider.
#[derive(Debug)]
pub(super) struct Request {
    method: Method,
    url: Result<Url, Failure>,
    reach: Reach,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

/// What a provider answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// How long the answer may be kept, if it says so, in seconds.
    pub(super) max_age_seconds: Option<u64>,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Outbound {
    /// Straight to the hosts.
    pub fn direct() -> Self {
        Self::default()
    }

    /// Requests to these hosts go to the addresses, by plain HTTP; all others fail. For tests, which stand in
    /// for the providers.
    pub fn routed(routes: impl IntoIterator<Item = (String, SocketAddr)>) -> Self {
        Self { routes: routes.into_iter().collect(), ..Self::default() }
    }

    /// Sends a request and reads the answer, whatever its status.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let client = self.client(request.reach)?;
        let (url, host) = self.route(request.url?)?;
        let mut builder = client.request(request.method, url).headers(request.headers);
        if let Some(host) = host {
            builder = builder.header(HOST, host);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        // An error would name the address, and with it what stands in the query.
        let mut response = builder.send().await.map_err(reqwest::Error::without_url)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("the answer is larger than {ANSWER_BYTES_MAX} bytes").into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status().as_u16(),
            max_age_seconds: max_age_seconds(response.headers()),
            body,
        })
    }

    fn client(&self, reach: Reach) -> Result<&Client, Failure> {
        let kept = match reach {
            Reach::Anywhere => &self.to_anywhere,
            Reach::PublicAddresses => &self.to_public_addresses,
        };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent("parsimony");
        if reach == Reach::PublicAddresses && self.routes.is_empty() {
            builder = builder.dns_resolver(Arc::new(PublicOnly)).https_only(true);
        }
        let client = builder.build()?;
        Ok(kept.get_or_init(|| client))
    }

    /// Where a request goes, and the host that it names if that is another one.
    fn route(&self, url: Url) -> Result<(Url, Option<String>), Failure> {
        if self.routes.is_empty() {
            return Ok((url, None));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let address = self.routes.get(&host).ok_or_else(|| format!("no way to {host}"))?;
        let mut routed = url;
        routed.set_scheme("http").map_err(|()| "the address has no host")?;
        routed.set_ip_host(address.ip()).map_err(|()| "the address has no host")?;
        routed.set_port(Some(address.port())).map_err(|()| "the address has no host")?;
        Ok((routed, Some(host)))
    }
}

impl Request {
    /// Reads an address that stands in the code or in the settings.
    pub(super) fn get(url: &str) -> Self {
        Self::new(Method::GET, url, Reach::Anywhere)
    }

    /// Sends a body to such an address.
    pub(super) fn post(url: &str) -> Self {
        Self::new(Method::POST, url, Reach::Anywhere)
    }

    /// Reads an address that a client sent; it is up to the caller to accept known hosts only.
    pub(super) fn get_public(url: &str) -> Self {
        Self::new(Method::GET, url, Reach::PublicAddresses)
    }

    fn new(method: Method, url: &str, reach: Reach) -> Self {
        let url = Url::parse(url).map_err(Failure::from);
        Self { method, url, reach, headers: HeaderMap::new(), body: None }
    }

    /// Adds parameters to the address, escaped.
    #[must_use]
    pub(super) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        if let Ok(url) = &mut self.url {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        self
    }

    /// Adds a header. A value that can not stand in a header makes the request fail, not change.
    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.headers.insert(name, value);
            }
            Err(cause) => self.url = Err(cause.into()),
        }
        self
    }

    /// Adds an access token in the way of RFC 6750.
    #[must_use]
    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sets the body to a form.
    #[must_use]
    pub(super) fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        self.body = Some(form(pairs).into_bytes());
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Sets the body to an object of texts.
    #[must_use]
    pub(super) fn json(mut self, pairs: &[(&str, &str)]) -> Self {
        let members = pairs.iter().map(|(key, text)| ((*key).to_owned(), Json::from(*text)));
        self.body = Some(Json::Object(members.collect()).to_text().into_bytes());
        self.header("content-type", "application/json").header("accept", "application/json")
    }
}

impl Answer {
    /// Whether the status says that all is well. A redirect is not followed and not well.
    pub(super) fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Json, Failure> {
        Ok(Json::parse(&self.body)?)
    }
}

/// Texts as a form or a query has them.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("form:").expect("a scheme alone is an address");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// The texts of a form.
pub(super) fn pairs_of_form(body: &[u8]) -> Vec<(String, String)> {
    let mut url = Url::parse("form:").expect("a scheme alone is an address");
    url.set_query(Some(&String::from_utf8_lossy(body)));
    url.query_pairs().into_owned().collect()
}

fn max_age_seconds(headers: &HeaderMap) -> Option<u64> {
    let directives = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    directives
        .split(',')
        .find_map(|directive| directive.trim().strip_prefix("max-age=")?.parse().ok())
}

/// Finds addresses of hosts, but none of this machine or its networks.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address belongs to the public internet (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            let is_special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b));
            !is_special
        }
        IpAddr::V6(address) => match embedded(address) {
            Some(embedded) => is_public(IpAddr::V4(embedded)),
            // 2000::/3 is what is given out; 2001:db8::/32 is for books, 2001::/23 for protocols.
            None => {
                let [first, second, ..] = address.segments();
                let is_given_out = first & 0xe000 == 0x2000;
                is_given_out && !(first == 0x2001 && (second == 0xdb8 || second < 0x200))
            }
        },
    }
}

/// The address of version 4 that an address of version 6 stands for.
fn embedded(address: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let segments = address.segments();
    let last = |at: usize| {
        let ([a, b], [c, d]) = (segments[at].to_be_bytes(), segments[at + 1].to_be_bytes());
        std::net::Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0x2002, ..] => Some(last(1)),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(last(6)),
        _ => address.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address of a request may hold a token or a secret, and what went wrong goes to the log.
    #[tokio::test]
    async fn failures_do_not_tell_what_was_sent() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let outbound = Outbound::routed([("example.com".to_owned(), closed)]);
        let request = Request::get("https://example.com/me").query(&[("access_token", "hunter2")]);
        let failure = outbound.send(request).await.unwrap_err();
        let mut cause: Option<&dyn std::error::Error> = Some(&*failure);
        while let Some(said) = cause {
            assert!(!format!("{said} {said:?}").contains("hunter2"), "{said:?}");
            cause = said.source();
        }
    }

    /// SECURITY: SSRF.
    #[test]
    fn addresses_of_private_networks_are_not_public() {
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ];
        for address in private {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["17.253.144.10", "1.1.1.1", "2606:4700::1111", "2002:1101:101::"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn forms_are_escaped() {
        assert_eq!(form(&[("a b", "c&d=é"), ("x", "+")]), "a+b=c%26d%3D%C3%A9&x=%2B");
    }

    #[test]
    fn the_age_of_an_answer_is_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(max_age_seconds(&headers), None);
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=120, must-revalidate"),
        );
        assert_eq!(max_age_seconds(&headers), Some(120));
    }
}
