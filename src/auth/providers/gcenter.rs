//! Apple Game Center: Apple's server signed who plays which game, with a key whose certificate it publishes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use x509_parser::oid_registry::{
    OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA,
};
use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::X509Certificate;

use crate::error::{Error, Result};
use crate::value::{Date, Json};

use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::{Failure, Request};
use super::settings::Settings;

/// The certificate that signs Apple's (`parse-server:src/Adapters/Auth/gcenter.js`).
const ISSUER: &str =
    "https://cacerts.digicert.com/DigiCertTrustedG4CodeSigningRSA4096SHA3842021CA1.crt.pem";
/// Certificates that are kept; Apple has one or two in use.
const KEPT_MAX: usize = 16;
/// Largest certificate that is read.
const CERTIFICATE_BYTES_MAX: usize = 10_000;
/// How long the issuer's certificate is kept, and how long Apple's is if nothing is said, and at most.
const KEPT_SECONDS: u64 = 24 * 60 * 60;

/// Apple Game Center.
#[derive(Debug)]
pub(super) struct GameCenter {
    /// The app; players are asked for it only if the settings do not say it.
    bundle_id: Option<String>,
    issuer_url: String,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    der: Vec<u8>,
    until: i64,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    let bundle_id = if settings.flag("enableInsecureAuth") {
        settings.text("bundleId")
    } else {
        Some(settings.required("bundleId"))
    };
    let issuer_url = settings.url("rootCertificateUrl").unwrap_or_else(|| ISSUER.to_owned());
    Box::new(GameCenter { bundle_id, issuer_url, kept: Mutex::default() })
}

#[async_trait]
impl Identity for GameCenter {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let text = |key: &str| {
            sent.text(key).ok_or_else(|| refused(format!("AuthData {key} is missing.")))
        };
        let (id, url) = (text("id")?, text("publicKeyUrl")?);
        let timestamp = timestamp(sent)?;
        let (signature, salt) = (text("signature")?, text("salt")?);
        let bundle_id = match &self.bundle_id {
            Some(bundle_id) => bundle_id.as_str(),
            None => text("bundleId")?,
        };
        let signature = STANDARD.decode(signature).map_err(|_| bad_signature())?;
        let salt = STANDARD.decode(salt).map_err(|_| bad_signature())?;
        let certificate = self.certificate(url, world).await?;
        let signed =
            [id.as_bytes(), bundle_id.as_bytes(), &timestamp.to_be_bytes(), &salt].concat();
        let (_, certificate) = parse_x509_certificate(&certificate).map_err(|_| bad_url(url))?;
        if !certificate_is_valid(&certificate, world.now) {
            return Err(bad_url(url));
        }
        if !is_signed(&certificate, &RSA_PKCS1_2048_8192_SHA256, &signed, &signature) {
            return Err(bad_signature());
        }
        Ok(Account::new(id))
    }
}

impl GameCenter {
    /// Apple's certificate at an address that a client sent, after the issuer's signature was found on it.
    async fn certificate(&self, url: &str, world: &World<'_>) -> Result<Vec<u8>> {
        if !is_of_apple(url) {
            return Err(bad_url(url));
        }
        if let Some(der) = self.kept(url, world.now) {
            return Ok(der);
        }
        let issuer = self.issuer(world).await?;
        let fetched = fetch(Request::get_public(url), world).await;
        let (der, seconds) = fetched.map_err(|cause| bad_url(url).with_cause(cause))?;
        if !is_issued(&der, &issuer, world.now) {
            return Err(bad_url(url));
        }
        self.keep(url, &der, seconds.unwrap_or(0), world.now);
        Ok(der)
    }

    async fn issuer(&self, world: &World<'_>) -> Result<Vec<u8>> {
        if let Some(der) = self.kept(&self.issuer_url, world.now) {
            return Ok(der);
        }
        let missing = || refused("Root certificate is invalid or missing.");
        let fetched = fetch(Request::get(&self.issuer_url), world).await;
        let (der, _) = fetched.map_err(|cause| missing().with_cause(cause))?;
        let is_authority = parse_x509_certificate(&der).is_ok_and(|(_, issuer)| issuer.is_ca());
        if !is_authority {
            return Err(missing());
        }
        self.keep(&self.issuer_url, &der, KEPT_SECONDS, world.now);
        Ok(der)
    }

    fn kept(&self, url: &str, now: Date) -> Option<Vec<u8>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(url).filter(|kept| now.millis() < kept.until).map(|kept| kept.der.clone())
    }

    fn keep(&self, url: &str, der: &[u8], seconds: u64, now: Date) {
        let seconds = if seconds > KEPT_SECONDS { KEPT_SECONDS } else { seconds };
        let until = now.millis() + 1_000 * seconds as i64;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| now.millis() < kept.until);
        if kept.len() < KEPT_MAX {
            kept.insert(url.to_owned(), Kept { der: der.to_vec(), until });
        }
    }
}

/// Whether an address is Apple's and names a certificate (GHSA-qf8x-vqjv-92gr): parsed, not searched, so that
/// no other part of the address passes for the host.
fn is_of_apple(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_apple =
        url.host_str().is_some_and(|host| host == "apple.com" || host.ends_with(".apple.com"));
    is_apple
        && url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path().ends_with(".cer")
}

/// A certificate in either of its forms, and how long it may be kept.
async fn fetch(
    request: Request,
    world: &World<'_>,
) -> std::result::Result<(Vec<u8>, Option<u64>), Failure> {
    let answer = world.outbound.send(request).await?;
    if !answer.is_ok() || answer.body.len() > CERTIFICATE_BYTES_MAX {
        return Err(format!("no certificate: status {}", answer.status).into());
    }
    let seconds = answer.max_age_seconds;
    if answer.body.starts_with(b"-----BEGIN") {
        let (_, pem) = parse_x509_pem(&answer.body).map_err(|cause| cause.to_string())?;
        return Ok((pem.contents, seconds));
    }
    Ok((answer.body, seconds))
}

/// Whether the issuer signed a certificate, and both are good at this time.
fn is_issued(der: &[u8], issuer: &[u8], now: Date) -> bool {
    let (Ok((_, certificate)), Ok((_, issuer))) =
        (parse_x509_certificate(der), parse_x509_certificate(issuer))
    else {
        return false;
    };
    let algorithm = &certificate.signature_algorithm.algorithm;
    let parameters = if *algorithm == OID_PKCS1_SHA256WITHRSA {
        &RSA_PKCS1_2048_8192_SHA256
    } else if *algorithm == OID_PKCS1_SHA384WITHRSA {
        &RSA_PKCS1_2048_8192_SHA384
    } else if *algorithm == OID_PKCS1_SHA512WITHRSA {
        &RSA_PKCS1_2048_8192_SHA512
    } else {
        return false;
    };
    certificate.issuer() == issuer.subject()
        && certificate_is_valid(&certificate, now)
        && certificate_is_valid(&issuer, now)
        && is_signed(
            &issuer,
            parameters,
            certificate.tbs_certificate.as_ref(),
            &certificate.signature_value.data,
        )
}

fn certificate_is_valid(certificate: &X509Certificate<'_>, now: Date) -> bool {
    let seconds = now.millis().div_euclid(1_000);
    let validity = certificate.validity();
    validity.not_before.timestamp() <= seconds && seconds <= validity.not_after.timestamp()
}

/// Whether the holder of a certificate signed a message.
fn is_signed(
    signer: &X509Certificate<'_>,
    parameters: &'static RsaParameters,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let key = &signer.public_key().subject_public_key.data;
    UnparsedPublicKey::new(parameters, key).verify(message, signature).is_ok()
}

/// Milliseconds of the signature: a number, or a text of digits.
fn timestamp(sent: &Sent<'_>) -> Result<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let missing = || refused("AuthData timestamp is missing.");
    match sent.json("timestamp") {
        Some(Json::Number(number)) if number.fract() == 0.0 && (1.0..EXACT).contains(number) => {
            Ok(*number as u64)
        }
        Some(Json::String(text)) => text.parse().map_err(|_| missing()),
        Some(Json::Number(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_))
        | None => Err(missing()),
    }
}

fn bad_url(url: &str) -> Error {
    refused(format!("Invalid publicKeyUrl: {url}"))
}

fn bad_signature() -> Error {
    refused("Invalid signature.")
}

#[cfg(test)]
mod tests {
    use super::is_of_apple;

    /// SECURITY: auth adapters (fake certificate), SSRF.
    #[test]
    fn only_certificates_of_apple_are_fetched() {
        for url in
            ["https://static.gc.apple.com/public-key/gc-prod-10.cer", "https://apple.com/a.cer"]
        {
            assert!(is_of_apple(url), "{url}");
        }
        for url in [
            "http://static.gc.apple.com/a.cer",
            "https://static.gc.apple.com/a.pem",
            "https://static.gc.apple.com/?a.cer",
            "https://static.gc.apple.com/redirect?to=https://evil.example/a.cer",
            "https://static.gc.apple.com/a.cer#b.cer",
            "https://static.gc.apple.com:8443/a.cer",
            "https://apple.com@evil.example/a.cer",
            "https://user@static.gc.apple.com/a.cer",
            "https://evilapple.com/a.cer",
            "https://apple.com.evil.example/a.cer",
            "https://evil.example/apple.com/a.cer",
            "https://evil.example\\.apple.com/a.cer",
            "https://127.0.0.1/a.cer",
            "file:///apple.com/a.cer",
            "a.cer",
        ] {
            assert!(!is_of_apple(url), "{url}");
        }
    }
}
