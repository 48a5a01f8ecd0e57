//! Sizes in bytes as people write them: `20mb`.

/// Reads a size the way npm's `bytes` does: a number and a unit in powers of 1,024.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor: u64 = match unit.trim() {
        "" | "b" => 1,
        "kb" => 1 << 10,
        "mb" => 1 << 20,
        "gb" => 1 << 30,
        "tb" => 1 << 40,
        _ => return None,
    };
    if let Ok(number) = number.parse::<u64>() {
        return number.checked_mul(factor);
    }
    let bytes = number.parse::<f64>().ok()? * factor as f64;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse(text), expected, "{text}");
    }

    #[test]
    fn sizes() {
        check("20mb", Some(20 * 1024 * 1024));
        check("20MB", Some(20 * 1024 * 1024));
        check(" 1 kb ", Some(1024));
        check("1.5kb", Some(1536));
        check("512", Some(512));
        check("512b", Some(512));
        check("0", Some(0));
        check("1gb", Some(1 << 30));
        check("2tb", Some(2 << 40));
        check("", None);
        check("mb", None);
        check("-1mb", None);
        check("1.2.3mb", None);
        check("20 parsecs", None);
        check("99999999999999999999", None);
        check("18446744073709551615kb", None);
    }
}
