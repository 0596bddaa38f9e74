//! Blocks of addresses, and whose address counts.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that begin alike: `10.0.0.0/8`, `2001:db8::/32`, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether the address is one of these. An IPv4 address is also found in its IPv6 form (`::ffff:10.0.0.1`).
    pub fn contains(&self, address: IpAddr) -> bool {
        beginning(address.to_canonical(), self.bits) == self.first
            && address.to_canonical().is_ipv4() == self.first.is_ipv4()
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| ())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| ())?.to_canonical();
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        if bits > all { Err(()) } else { Ok(Self { first: beginning(address, bits), bits }) }
    }
}

/// The address with everything after its first bits cleared.
fn beginning(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// What stands for one client where clients are counted: an IPv4 address, or the 64 bits of an IPv6 address that a
/// provider gives to one customer, who can take any of the 2⁶⁴ addresses behind them.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    beginning(address.to_canonical(), 64)
}

/// Whose request it is that `peer` has brought: its own, unless it is a proxy that is trusted to say whose.
///
/// Each proxy adds the address it was reached from at the end of `X-Forwarded-For`. What a client wrote there itself
/// stands further left, so the last address that is no trusted proxy's is the client's.
pub(crate) fn client<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    proxies: &[Network],
) -> IpAddr {
    let trusted = |address| proxies.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    for part in forwarded.rev().flat_map(|value| value.rsplit(',')) {
        if !trusted(client) {
            break;
        }
        match part.trim().parse::<IpAddr>() {
            Ok(address) => client = address.to_canonical(),
            // A trusted proxy that writes something else than addresses is as far as can be seen.
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_its_first_bits() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.1.2.3/8", "10.9.9.9", "::1"),
            ("192.168.1.5", "::ffff:192.168.1.5", "192.168.1.6"),
            ("0.0.0.0/0", "1.2.3.4", "::1"),
            ("2001:db8::/32", "2001:db8:7::1", "2001:db9::1"),
            ("::/0", "::1", "10.0.0.1"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(address(inside)), "{inside} in {network:?}");
            assert!(!network.contains(address(outside)), "{outside} not in {network:?}");
        }
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "proxy.example", "10.0.0.0/8/8"] {
            assert_eq!(wrong.parse::<Network>(), Err(()), "{wrong:?}");
        }
    }

    #[test]
    fn one_customer_is_one_client() {
        assert_eq!(household(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
        assert_eq!(household(address("::ffff:10.0.0.1")), address("10.0.0.1"));
        assert_ne!(household(address("10.0.0.1")), household(address("10.0.0.2")));
    }

    #[test]
    fn only_trusted_proxies_say_whose_request_it_is() {
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("1.1.1.1", vec!["9.9.9.9"], "1.1.1.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["9.9.9.9"], "9.9.9.9"),
            ("10.0.0.1", vec!["6.6.6.6, 9.9.9.9"], "9.9.9.9"),
            ("10.0.0.1", vec!["6.6.6.6", "9.9.9.9,10.0.0.2"], "9.9.9.9"),
            ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", vec!["9.9.9.9, nonsense"], "10.0.0.1"),
            ("::ffff:10.0.0.1", vec!["2001:db8::1"], "2001:db8::1"),
        ] {
            assert_eq!(client(address(peer), forwarded.into_iter(), &proxies), address(expected), "{peer}");
        }
        assert_eq!(client(address("10.0.0.1"), ["9.9.9.9"].into_iter(), &[]), address("10.0.0.1"), "none is trusted");
    }
}
