//! The second factor `mfa`: a code that an authenticator app makes from a shared secret and the time
//! (RFC 6238), or one of two recovery codes.
//!
//! Both are good once. A time step that was used and a recovery code that was used are gone from what the
//! account stores, and only one of several equal requests can write that.

use totp_rs::{Algorithm, Builder, Totp};

use crate::adapters::random::Random;
use crate::error::{Code, Error, Result};
use crate::value::{Date, Json, Members};

use super::Accepted;
use super::settings::Settings;

/// The name of the provider.
pub(super) const NAME: &str = "mfa";

/// Key of what is stored: the last time step that logged somebody in.
const USED_STEP: &str = "usedStep";
/// Shortest secret, in characters of Base32 (`parse-server:src/Adapters/Auth/mfa.js`).
const SECRET_LENGTH_MIN: usize = 20;
/// Longest secret that is worth a hash.
const SECRET_LENGTH_MAX: usize = 512;
/// Recovery codes per account, and their length.
const RECOVERY_CODES: usize = 2;
const RECOVERY_LENGTH: usize = 30;

/// The second factor.
#[derive(Debug)]
pub(super) struct Mfa {
    digits: u32,
    period_seconds: u64,
    algorithm: Algorithm,
}

impl Mfa {
    /// Reads the settings.
    pub(super) fn new(settings: &mut Settings<'_>) -> Self {
        let methods = settings.required_texts("options");
        if methods.iter().any(|method| method == "SMS") {
            settings.problem("`options`: codes by SMS (`sendSMS`) are not sent by this server yet; use [\"TOTP\"]");
        } else if !methods.is_empty() && methods != ["TOTP"] {
            settings.problem("`options`: expected [\"TOTP\"]");
        }
        let algorithm = match settings.text("algorithm").as_deref() {
            None | Some("SHA1" | "SHA-1") => Algorithm::SHA1,
            Some("SHA256" | "SHA-256") => Algorithm::SHA256,
            Some("SHA512" | "SHA-512") => Algorithm::SHA512,
            Some(_) => {
                settings.problem("`algorithm`: expected SHA1, SHA256 or SHA512");
                Algorithm::SHA1
            }
        };
        Self {
            digits: settings.integer("digits", 4..=10, 6) as u32,
            period_seconds: settings.integer("period", 10..=86_400, 30),
            algorithm,
        }
    }

    /// Sets the factor up: the client shows that it can make codes with the secret that it sent.
    pub(super) fn set_up(&self, data: &Members, now: Date) -> Result<Accepted> {
        let (Some(secret), Some(token)) = (text(data, "secret"), text(data, "token")) else {
            return Err(invalid_data());
        };
        let totp = self.totp(secret).ok_or_else(invalid_data)?;
        self.step_of(&totp, token, now).ok_or_else(invalid_token)?;
        let codes = (0..RECOVERY_CODES).map(|_| Random.text(RECOVERY_LENGTH));
        let codes = codes.collect::<Result<Vec<String>>>()?;
        let response = Json::from([("recovery", Json::from(codes.join(", ")))]);
        let codes = codes.into_iter().map(Json::from).collect();
        let store = Members::from([
            ("secret".to_owned(), Json::from(secret)),
            ("recovery".to_owned(), Json::Array(codes)),
        ]);
        Ok(Accepted { store: Some(store), response: Some(response) })
    }

    /// Lets a user in who has the factor set up.
    pub(super) fn log_in(
        &self,
        data: &Members,
        stored: Option<&Members>,
        now: Date,
    ) -> Result<Accepted> {
        let token = text(data, "token").ok_or_else(invalid_token)?;
        Ok(Accepted { store: Some(self.spend(token, stored, now)?), response: None })
    }

    /// Sets the factor up anew; `old` is a code of the one that it replaces.
    pub(super) fn update(
        &self,
        data: &Members,
        stored: Option<&Members>,
        now: Date,
    ) -> Result<Accepted> {
        let old = text(data, "old").ok_or_else(invalid_token)?;
        self.spend(old, stored, now)?;
        self.set_up(data, now)
    }

    /// What is left of the stored data when a code was used.
    fn spend(&self, token: &str, stored: Option<&Members>, now: Date) -> Result<Members> {
        // An account that has the factor but no secret (set up by SMS elsewhere) is not let in.
        let stored = stored.ok_or_else(invalid_token)?;
        let secret = text(stored, "secret").ok_or_else(invalid_token)?;
        let mut left = stored.clone();
        if let Some(Json::Array(codes)) = left.get_mut("recovery")
            && let Some(at) = codes.iter().position(|code| is_same(code, token))
        {
            codes.remove(at);
            return Ok(left);
        }
        let totp = self.totp(secret).ok_or_else(invalid_token)?;
        let step = self.step_of(&totp, token, now).ok_or_else(invalid_token)?;
        let used = stored.get(USED_STEP).and_then(Json::as_number);
        if used.is_some_and(|used| step as f64 <= used) {
            return Err(invalid_token());
        }
        left.insert(USED_STEP.to_owned(), Json::Number(step as f64));
        Ok(left)
    }

    /// The time step whose code this is: the present one or one of its neighbours, for clocks that differ.
    fn step_of(&self, totp: &Totp, token: &str, now: Date) -> Option<u64> {
        let present = u64::try_from(now.millis()).ok()? / 1_000 / self.period_seconds;
        let mut found = None;
        for step in present.saturating_sub(1)..=present + 1 {
            let code = code_of(totp.sign(step * self.period_seconds).as_ref(), self.digits);
            if equal(code.as_bytes(), token.as_bytes()) {
                found = Some(step);
            }
        }
        found
    }

    fn totp(&self, secret: &str) -> Option<Totp> {
        if secret.len() < SECRET_LENGTH_MIN || secret.len() > SECRET_LENGTH_MAX {
            return None;
        }
        let plain: String = secret.chars().filter(|letter| *letter != ' ').collect();
        let plain = plain.trim_end_matches('=').to_ascii_uppercase();
        let secret = totp_rs::Secret::try_from_base32(plain).ok()?;
        let builder = Builder::new()
            .with_algorithm(self.algorithm)
            .with_step_duration(self.period_seconds)
            .with_secret(secret);
        // The number of digits is ours: the crate stops at nine, Parse allows ten.
        Some(builder.build_noncompliant())
    }
}

/// The code of an HMAC (RFC 4226, section 5.3).
fn code_of(hmac: &[u8], digits: u32) -> String {
    let offset = usize::from(hmac.last().map_or(0, |last| last & 15));
    let bytes = hmac.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok());
    let number = u64::from(u32::from_be_bytes(bytes.unwrap_or_default()) & 0x7fff_ffff);
    format!("{:0width$}", number % 10_u64.pow(digits), width = digits as usize)
}

fn is_same(code: &Json, token: &str) -> bool {
    code.as_str().is_some_and(|code| equal(code.as_bytes(), token.as_bytes()))
}

/// Compares without telling by its time how much is alike.
fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

fn text<'a>(data: &'a Members, key: &str) -> Option<&'a str> {
    data.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
}

fn invalid_token() -> Error {
    Error::new(Code::ScriptFailed, "Invalid MFA token")
}

fn invalid_data() -> Error {
    Error::new(Code::ScriptFailed, "Invalid MFA data")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

    fn mfa(digits: u32, algorithm: Algorithm) -> Mfa {
        Mfa { digits, period_seconds: 30, algorithm }
    }

    fn at(seconds: i64) -> Date {
        Date::from_millis(seconds * 1_000).unwrap()
    }

    fn members(entries: &[(&str, &str)]) -> Members {
        entries.iter().map(|(key, text)| ((*key).to_owned(), Json::from(*text))).collect()
    }

    fn code(mfa: &Mfa, seconds: u64) -> String {
        code_of(mfa.totp(SECRET).unwrap().sign(seconds).as_ref(), mfa.digits)
    }

    fn enrolled(mfa: &Mfa, seconds: i64) -> (Members, Vec<String>) {
        let token = code(mfa, seconds as u64);
        let accepted =
            mfa.set_up(&members(&[("secret", SECRET), ("token", &token)]), at(seconds)).unwrap();
        let recovery = accepted.response.unwrap();
        let recovery = recovery.get("recovery").and_then(Json::as_str).unwrap().split(", ");
        (accepted.store.unwrap(), recovery.map(str::to_owned).collect())
    }

    fn refusal(result: Result<Accepted>) -> (Code, String) {
        let error = result.unwrap_err();
        (error.code(), error.text().to_owned())
    }

    fn wrong_token() -> (Code, String) {
        (Code::ScriptFailed, "Invalid MFA token".to_owned())
    }

    /// RFC 6238, appendix B.
    #[test]
    fn codes_are_those_of_the_standard() {
        let seeds = [
            (Algorithm::SHA1, 20, "94287082", "07081804"),
            (Algorithm::SHA256, 32, "46119246", "68084774"),
            (Algorithm::SHA512, 64, "90693936", "25091201"),
        ];
        for (algorithm, length, at_59, at_1111111109) in seeds {
            let seed: Vec<u8> = b"1234567890".iter().copied().cycle().take(length).collect();
            let totp = Builder::new()
                .with_algorithm(algorithm)
                .with_secret(totp_rs::Secret::new(seed.into_boxed_slice()))
                .build_noncompliant();
            assert_eq!(code_of(totp.sign(59).as_ref(), 8), at_59);
            assert_eq!(code_of(totp.sign(1_111_111_109).as_ref(), 8), at_1111111109);
        }
    }

    #[test]
    fn codes_have_the_digits_of_the_settings() {
        for digits in 4..=10 {
            let mfa = mfa(digits, Algorithm::SHA1);
            assert_eq!(code(&mfa, 59).len(), digits as usize);
            enrolled(&mfa, 59);
        }
    }

    #[test]
    fn setting_up_needs_a_code_of_the_secret() {
        let mfa = mfa(6, Algorithm::SHA1);
        let token = code(&mfa, 3_000);
        let set_up = |entries: &[(&str, &str)]| refusal(mfa.set_up(&members(entries), at(3_000)));
        let bad_data = (Code::ScriptFailed, "Invalid MFA data".to_owned());
        assert_eq!(set_up(&[("secret", SECRET), ("token", "000000")]), wrong_token());
        assert_eq!(set_up(&[("secret", SECRET)]), bad_data);
        assert_eq!(set_up(&[("token", &token)]), bad_data);
        assert_eq!(set_up(&[("secret", "JBSWY3DP"), ("token", &token)]), bad_data);
        assert_eq!(set_up(&[("secret", "11111111111111111111"), ("token", &token)]), bad_data);
        let mut smuggled = members(&[("token", &token)]);
        smuggled.insert("secret".to_owned(), Json::from([("$ne", Json::Null)]));
        assert_eq!(refusal(mfa.set_up(&smuggled, at(3_000))), bad_data);
    }

    #[test]
    fn a_time_step_is_good_once_and_so_are_the_steps_before_it() {
        let mfa = mfa(6, Algorithm::SHA1);
        let (stored, _) = enrolled(&mfa, 3_000);
        let token = members(&[("token", &code(&mfa, 3_000))]);
        let used = mfa.log_in(&token, Some(&stored), at(3_010)).unwrap().store.unwrap();
        assert_eq!(used.get("secret"), stored.get("secret"));
        assert_eq!(refusal(mfa.log_in(&token, Some(&used), at(3_011))), wrong_token());
        let earlier = members(&[("token", &code(&mfa, 2_970))]);
        assert_eq!(refusal(mfa.log_in(&earlier, Some(&used), at(3_011))), wrong_token());
        let later = members(&[("token", &code(&mfa, 3_030))]);
        assert!(mfa.log_in(&later, Some(&used), at(3_011)).is_ok());
    }

    #[test]
    fn clocks_may_differ_by_one_step() {
        let mfa = mfa(6, Algorithm::SHA1);
        let (stored, _) = enrolled(&mfa, 3_000);
        let token = members(&[("token", &code(&mfa, 3_000))]);
        for (seconds, is_accepted) in [(2_969, false), (2_970, true), (3_059, true), (3_060, false)]
        {
            let result = mfa.log_in(&token, Some(&stored), at(seconds));
            assert_eq!(result.is_ok(), is_accepted, "at {seconds}");
        }
    }

    #[test]
    fn a_recovery_code_is_good_once() {
        let mfa = mfa(6, Algorithm::SHA1);
        let (stored, codes) = enrolled(&mfa, 3_000);
        assert_eq!(codes.len(), 2);
        assert_ne!(codes[0], codes[1]);
        let token = members(&[("token", &codes[0])]);
        let left = mfa.log_in(&token, Some(&stored), at(3_000)).unwrap().store.unwrap();
        assert_eq!(left.get("recovery"), Some(&Json::Array(vec![Json::from(codes[1].as_str())])));
        assert_eq!(refusal(mfa.log_in(&token, Some(&left), at(3_000))), wrong_token());
        assert!(mfa.log_in(&members(&[("token", &codes[1])]), Some(&left), at(3_000)).is_ok());
    }

    #[test]
    fn a_log_in_without_a_code_or_a_secret_is_refused() {
        let mfa = mfa(6, Algorithm::SHA1);
        let (stored, _) = enrolled(&mfa, 3_000);
        let token = members(&[("token", &code(&mfa, 3_000))]);
        assert_eq!(refusal(mfa.log_in(&Members::new(), Some(&stored), at(3_000))), wrong_token());
        assert_eq!(refusal(mfa.log_in(&token, None, at(3_000))), wrong_token());
        let by_sms = members(&[("mobile", "+1555")]);
        assert_eq!(refusal(mfa.log_in(&token, Some(&by_sms), at(3_000))), wrong_token());
        for bad in [Json::Number(123_456.0), Json::from([("$ne", Json::Null)]), Json::Null] {
            let data = Members::from([("token".to_owned(), bad)]);
            assert_eq!(refusal(mfa.log_in(&data, Some(&stored), at(3_000))), wrong_token());
        }
    }

    #[test]
    fn setting_up_anew_needs_a_code_of_the_old_secret() {
        let mfa = mfa(6, Algorithm::SHA1);
        let (stored, codes) = enrolled(&mfa, 3_000);
        let token = code(&mfa, 3_030);
        let mut data = members(&[("secret", SECRET), ("token", &token)]);
        assert_eq!(refusal(mfa.update(&data, Some(&stored), at(3_030))), wrong_token());
        data.insert("old".to_owned(), Json::from("000000"));
        assert_eq!(refusal(mfa.update(&data, Some(&stored), at(3_030))), wrong_token());
        data.insert("old".to_owned(), Json::from(codes[0].as_str()));
        let accepted = mfa.update(&data, Some(&stored), at(3_030)).unwrap();
        assert_ne!(accepted.store.unwrap().get("recovery"), stored.get("recovery"));
    }
}
