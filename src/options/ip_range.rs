//! Addresses and ranges of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, or all addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpRange {
    address: IpAddr,
    prefix: u8,
}

impl IpRange {
    /// Reads `10.0.0.1`, `10.0.0.0/8`, `::1` or `fc00::/7`.
    ///
    /// The unspecified address alone means every address of its family, as parse-server has it
    /// (parse-server:src/middlewares.js, getBlockList).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let address = if prefix.is_none() { address.to_canonical() } else { address };
        let bits = bits(address);
        let prefix = match prefix {
            Some(prefix) if prefix <= bits => prefix,
            Some(_) => return None,
            None if address.is_unspecified() => 0,
            None => bits,
        };
        Some(Self { address, prefix })
    }

    /// Tells whether an address is inside; an IPv4 address in IPv6 form counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(range), IpAddr::V4(address)) => {
                same_start_v4(range, address, u32::from(self.prefix))
            }
            (IpAddr::V6(range), IpAddr::V6(address)) => {
                same_start_v6(range, address, u32::from(self.prefix))
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == bits(self.address) {
            return write!(f, "{}", self.address);
        }
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn same_start_v4(one: Ipv4Addr, other: Ipv4Addr, prefix: u32) -> bool {
    (one.to_bits() ^ other.to_bits()).leading_zeros() >= prefix
}

fn same_start_v6(one: Ipv6Addr, other: Ipv6Addr, prefix: u32) -> bool {
    (one.to_bits() ^ other.to_bits()).leading_zeros() >= prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: &str, address: &str, expected: bool) {
        let range = IpRange::parse(range).unwrap();
        assert_eq!(range.contains(address.parse().unwrap()), expected, "{range} {address}");
    }

    #[test]
    fn addresses_in_ranges() {
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("127.0.0.1", "::ffff:127.0.0.1", true);
        check("::ffff:127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "::1", false);
        check("::1", "::1", true);
        check("::1", "127.0.0.1", false);
        check("10.0.0.0/8", "10.255.1.2", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.9.8.0/25", "10.9.8.127", true);
        check("10.9.8.0/25", "10.9.8.128", false);
        check("0.0.0.0/0", "1.2.3.4", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("0.0.0.0", "1.2.3.4", true);
        check("::/0", "2001:db8::1", true);
        check("::0", "2001:db8::1", true);
        check("fc00::/7", "fd12::1", true);
        check("fc00::/7", "fe80::1", false);
    }

    #[test]
    fn what_is_no_range() {
        for text in ["", "localhost", "1.2.3", "1.2.3.4/33", "::1/129", "1.2.3.4/", "1.2.3.4/-1"] {
            assert_eq!(IpRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_print_as_they_are_written() {
        for text in ["1.2.3.4", "10.0.0.0/8", "::1", "fc00::/7", "::/0"] {
            assert_eq!(IpRange::parse(text).unwrap().to_string(), text);
        }
    }
}
