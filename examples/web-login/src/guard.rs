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
