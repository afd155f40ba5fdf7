//! Where a request comes from, also through proxies that are trusted. Knows no route.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The address of the client, in the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What limits count by: the address itself, and of IPv6 the /64 that one customer is given as a whole.
    #[must_use]
    pub fn for_limits(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let network = u128::from(address) & (u128::MAX << 64);
                Ipv6Addr::from(network).into()
            }
        }
    }
}

/// The client's address, given who is at the other end of the connection. Each trusted proxy appends to
/// `X-Forwarded-For` whom it heard from, so that list is read from its end for as long as those are trusted:
/// what an untrusted client wrote in front is never reached.
pub fn of_client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    let mut lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    lines.reverse();
    for hop in lines.iter().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(&client) {
            break;
        }
        match parse_hop(hop.trim()) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    ClientAddress(client)
}

/// An address, as some proxies write it with a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let socket = || hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    hop.parse().ok().or_else(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        of_client(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(client("203.0.113.5", &["198.51.100.1"], &[]), "203.0.113.5");
        assert_eq!(client("203.0.113.5", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.5");
    }

    #[test]
    fn a_trusted_proxy_says_who_the_client_is() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"], &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn what_the_client_wrote_itself_is_not_reached() {
        let forged = ["1.2.3.4, 198.51.100.1", "10.0.0.2"];
        assert_eq!(client("10.0.0.1", &forged, &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn a_broken_list_ends_at_what_is_known() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1, unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn limits_count_an_ipv6_customer_as_one() {
        let limits = |text: &str| ClientAddress(text.parse().unwrap()).for_limits().to_string();
        assert_eq!(limits("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(limits("198.51.100.1"), "198.51.100.1");
    }
}
