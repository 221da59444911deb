//! The policy of a key (RFC 6030 section 5).

use alloc::string::String;

use roxmltree::Node;

use super::date::date;
use super::xml::{Space, child, is, text};
use crate::codes::UnixTime;
use crate::provisioning::token::{TokenPart, TokenReason};

/// Says when a token may be used.
#[derive(Clone, Copy, Default)]
pub(super) struct Dates {
    pub(super) start: Option<UnixTime>,
    pub(super) expiry: Option<UnixTime>,
}

impl Dates {
    /// Reads the dates below a policy or a device.
    pub(super) fn read(node: Node<'_, '_>) -> Result<Self, TokenReason> {
        let part = TokenPart::Date;
        let date = |name| match child(node, Space::Pskc, name, part)? {
            Some(node) => Ok(Some(
                date(&text(node, part)?).ok_or(TokenReason::Value { part })?,
            )),
            None => Ok(None),
        };
        Ok(Self {
            start: date("StartDate")?,
            expiry: date("ExpiryDate")?,
        })
    }

    /// Takes the narrower of two.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            start: self.start.max(other.start),
            expiry: match (self.expiry, other.expiry) {
                (Some(one), Some(another)) => Some(one.min(another)),
                (one, another) => one.or(another),
            },
        }
    }
}

/// Reads the policy of a key. One with a rule that is not known forbids its use (RFC 6030 section
/// 5), and so does a rule that an account does not keep.
pub(super) fn check_policy(key: Node<'_, '_>) -> Result<Dates, TokenReason> {
    let Some(policy) = child(key, Space::Pskc, "Policy", TokenPart::Policy)? else {
        return Ok(Dates::default());
    };
    let (mut is_restricted, mut is_for_codes) = (false, false);
    for rule in policy.children().filter(Node::is_element) {
        let is_rule = |name| is(rule, Space::Pskc, name);
        if is_rule("KeyUsage") {
            is_restricted = true;
            is_for_codes |= text(rule, TokenPart::Policy)?.trim() == "OTP";
        } else if is_rule("StartDate") || is_rule("ExpiryDate") {
            // They are read below.
        } else if !(is_rule("PINPolicy") && is_local(rule)) {
            return Err(refused(rule.tag_name().name()));
        }
    }
    if is_restricted && !is_for_codes {
        return Err(refused("KeyUsage"));
    }
    Dates::read(policy)
}

/// Says whether the device itself asks for the PIN, so that the codes are as without one.
fn is_local(policy: Node<'_, '_>) -> bool {
    const KNOWN: [&str; 6] = [
        "PINKeyId",
        "PINUsageMode",
        "MaxFailedAttempts",
        "MinLength",
        "MaxLength",
        "PINEncoding",
    ];
    policy.attribute("PINUsageMode") == Some("Local")
        && policy
            .attributes()
            .all(|attribute| KNOWN.contains(&attribute.name()))
        && !policy.children().any(|child| child.is_element())
}

fn refused(rule: &str) -> TokenReason {
    let rule: String = rule.chars().take(64).collect();
    TokenReason::Policy { rule }
}
