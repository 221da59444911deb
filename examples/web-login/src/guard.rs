//! How many passwords an address may try.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZero;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::app::App;
use crate::problem::{Answer, Problem};

/// Before any password is looked at: hashing one is the most work that this site does, and guessing one is cheap.
///
/// Codes are not counted here: the library counts them, for each account, on all servers together.
pub(crate) struct AddressGuard {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    is_behind_proxy: bool,
}

impl AddressGuard {
    pub(crate) fn new(tries_per_minute: NonZero<u32>, is_behind_proxy: bool) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(tries_per_minute)), is_behind_proxy }
    }

    /// Forgets addresses that have all their tries again.
    pub(crate) fn sweep(&self) {
        self.limiter.retain_recent();
    }

    fn check(&self, request: &Request) -> Result<(), Problem> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().ok_or("the request has no address")?.0.ip();
        let address = if self.is_behind_proxy { forwarded_for(request).unwrap_or(peer) } else { peer };
        self.limiter.check_key(&network_of(address)).map_err(|refusal| {
            let wait = refusal.wait_time_from(DefaultClock::default().now());
            Problem::TooMany(wait.as_secs().saturating_add(1))
        })
    }
}

/// The last one is the proxy's own word; those before it are the client's.
fn forwarded_for(request: &Request) -> Option<IpAddr> {
    let header = request.headers().get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    header.rsplit(',').next()?.trim().parse().ok()
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

/// In front of the pages that take a password.
pub(crate) async fn limit_passwords(State(app): State<App>, request: Request, next: Next) -> Answer {
    if *request.method() == Method::POST {
        app.guard.check(&request)?;
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(peer: &str, forwarded: &[&str]) -> Request {
        let builder =
            forwarded.iter().fold(Request::builder(), |builder, value| builder.header("X-Forwarded-For", *value));
        let mut request = builder.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        request
    }

    fn guard(is_behind_proxy: bool) -> AddressGuard {
        AddressGuard::new(NonZero::new(1).unwrap(), is_behind_proxy)
    }

    #[test]
    fn another_address_of_the_same_network_has_no_tries_of_its_own() {
        for (first, second) in [("2001:db8::1", "2001:db8::2:3:4:5"), ("192.0.2.1", "::ffff:192.0.2.1")] {
            let guard = guard(false);
            assert!(guard.check(&request(first, &[])).is_ok());
            assert!(guard.check(&request(second, &[])).is_err());
        }
        let guard = guard(false);
        assert!(guard.check(&request("2001:db8::1", &[])).is_ok());
        assert!(guard.check(&request("2001:db8:0:1::1", &[])).is_ok());
    }

    #[test]
    fn a_client_can_not_pass_for_another_one() {
        // Without a proxy the header is the client's own.
        let alone = guard(false);
        assert!(alone.check(&request("192.0.2.1", &["198.51.100.1"])).is_ok());
        assert!(alone.check(&request("192.0.2.1", &["198.51.100.2"])).is_err());
        // With one, its last word is the proxy's.
        let behind = guard(true);
        assert!(behind.check(&request("127.0.0.1", &["198.51.100.1, 192.0.2.1"])).is_ok());
        assert!(behind.check(&request("127.0.0.1", &["198.51.100.2", "198.51.100.3, 192.0.2.1"])).is_err());
        assert!(behind.check(&request("127.0.0.1", &["192.0.2.2"])).is_ok());
    }
}
