//! How many passwords may be tried: from an address, for a name, and in the sessions of a user.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZero;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use secondfactor::account::Origin;

use crate::app::App;
use crate::problem::Problem;
use crate::user::User;

/// Before any password is looked at: hashing one is the most work that this site does, and guessing one is cheap.
///
/// Codes are not counted here: the library counts them, for each account, on all servers together. Passwords are counted
/// by each server for itself, until it restarts; where that is not enough, count them in the database.
pub(crate) struct PasswordGuard {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    /// Also names that nobody has: whoever is limited must not learn more than whoever is not.
    names: DefaultKeyedRateLimiter<String>,
    /// Whoever is logged in has tries of their own: strangers must not keep them from changing their password.
    users: DefaultKeyedRateLimiter<String>,
    is_behind_proxy: bool,
}

/// For a name, and again for a user's sessions: so both together have at most a hundred in any hour, however many addresses
/// they come from (OWASP ASVS 4.0.3, 2.2.1).
///
/// What it costs: whoever floods a name keeps its owner from logging in meanwhile. Sessions that are open go on.
const TRIES_PER_HOUR: NonZero<u32> = NonZero::new(25).unwrap();

impl PasswordGuard {
    pub(crate) fn new(tries_per_minute: NonZero<u32>, is_behind_proxy: bool) -> Self {
        let addresses = RateLimiter::keyed(Quota::per_minute(tries_per_minute));
        let an_hour = Quota::per_hour(TRIES_PER_HOUR);
        Self {
            addresses,
            names: RateLimiter::keyed(an_hour),
            users: RateLimiter::keyed(an_hour),
            is_behind_proxy,
        }
    }

    /// Forgets those that have all their tries again.
    pub(crate) fn sweep(&self) {
        self.addresses.retain_recent();
        self.names.retain_recent();
        self.users.retain_recent();
    }

    /// One more password of somebody who wants to log in by this name.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Problem> {
        self.names
            .check_key(&name.to_owned())
            .map_err(|refusal| too_many("for this name", &refusal))
    }

    /// One more password in a session of this user.
    pub(crate) fn check_user(&self, user: &User) -> Result<(), Problem> {
        self.users
            .check_key(&user.id)
            .map_err(|refusal| too_many("for your account", &refusal))
    }

    fn address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        let forwarded = Some(headers).filter(|_| self.is_behind_proxy);
        Some(forwarded.and_then(forwarded_for).unwrap_or(peer.ip()))
    }

    /// Address and browser, for the log. The browser's words are its own, and may be those of a thief.
    pub(crate) fn origin(&self, parts: &Parts) -> Option<Origin> {
        let address = self.address(&parts.headers, &parts.extensions)?;
        let agent = parts.headers.get(USER_AGENT);
        let agent = agent.map_or(&b"-"[..], HeaderValue::as_bytes);
        let mut origin = format!("{address} ").into_bytes();
        origin.extend(agent);
        origin.truncate(Origin::MAX_LEN);
        Origin::new(origin).ok()
    }

    fn check_address(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), Problem> {
        let address = self.address(headers, extensions);
        let address = address.ok_or("the request has no address")?;
        self.addresses
            .check_key(&network(address))
            .map_err(|refusal| too_many("from your network", &refusal))
    }
}

fn too_many(whose: &'static str, refusal: &NotUntil<<DefaultClock as Clock>::Instant>) -> Problem {
    let wait = refusal.wait_time_from(DefaultClock::default().now());
    Problem::TooMany {
        whose,
        seconds: wait.as_secs().saturating_add(1),
    }
}

/// The last one is the proxy's own word; those before it are the client's.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let header = headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()?
        .to_str()
        .ok()?;
    header.rsplit(',').next()?.trim().parse().ok()
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

/// One try of an address: nobody hashes a password without (see `Passwords`), so no page can forget to count.
#[derive(Clone)]
pub(crate) struct Try(());

impl Try {
    pub(crate) fn new(app: &App, parts: &Parts) -> Result<Self, Problem> {
        app.guard.check_address(&parts.headers, &parts.extensions)?;
        Ok(Self(()))
    }
}

impl FromRequestParts<App> for Try {
    type Rejection = Problem;

    /// A post without a session has taken one already.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match parts.extensions.get::<Self>() {
            Some(taken) => Ok(taken.clone()),
            None => Self::new(app, parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::*;

    impl PasswordGuard {
        fn takes(&self, request: &Request) -> bool {
            self.check_address(request.headers(), request.extensions())
                .is_ok()
        }
    }

    fn request(peer: &str, forwarded: &[&str]) -> Request {
        let builder = forwarded.iter().fold(Request::builder(), |builder, value| {
            builder.header("X-Forwarded-For", *value)
        });
        let mut request = builder.body(Body::empty()).unwrap();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        request
    }

    fn guard(is_behind_proxy: bool) -> PasswordGuard {
        PasswordGuard::new(NonZero::new(1).unwrap(), is_behind_proxy)
    }

    #[test]
    fn another_address_of_the_same_network_has_no_tries_of_its_own() {
        for (first, second) in [
            ("2001:db8::1", "2001:db8::2:3:4:5"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
        ] {
            let guard = guard(false);
            assert!(guard.takes(&request(first, &[])));
            assert!(!guard.takes(&request(second, &[])));
        }
        let guard = guard(false);
        assert!(guard.takes(&request("2001:db8::1", &[])));
        assert!(guard.takes(&request("2001:db8:0:1::1", &[])));
    }

    #[test]
    fn a_log_has_the_address_and_what_the_browser_says() {
        let of = |agent: Option<&[u8]>| {
            let (mut parts, _) = request("192.0.2.1", &[]).into_parts();
            let agent = agent.map(|agent| HeaderValue::from_bytes(agent).unwrap());
            parts.headers.extend(agent.map(|agent| (USER_AGENT, agent)));
            guard(false).origin(&parts).unwrap().as_bytes().to_vec()
        };
        assert_eq!(of(None), b"192.0.2.1 -");
        assert_eq!(of(Some(b"Fire\xfffox")), b"192.0.2.1 Fire\xfffox");
        assert_eq!(of(Some(&[b'x'; 1000])).len(), Origin::MAX_LEN);
    }

    #[test]
    fn a_client_can_not_pass_for_another_one() {
        // Without a proxy the header is the client's own.
        let alone = guard(false);
        assert!(alone.takes(&request("192.0.2.1", &["198.51.100.1"])));
        assert!(!alone.takes(&request("192.0.2.1", &["198.51.100.2"])));
        // With one, its last word is the proxy's.
        let behind = guard(true);
        assert!(behind.takes(&request("127.0.0.1", &["198.51.100.1, 192.0.2.1"])));
        assert!(!behind.takes(&request(
            "127.0.0.1",
            &["198.51.100.2", "198.51.100.3, 192.0.2.1"]
        )));
        assert!(behind.takes(&request("127.0.0.1", &["192.0.2.2"])));
    }
}
