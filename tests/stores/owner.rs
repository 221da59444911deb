//! An account with everything that a command may need, and what its owner has.

use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{BrowserId, DeviceId, RecoverySetId, Submission};
use secondfactor::codes::{Secret, SecretText};
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{Code, Confirmed, Policy, RecoveryCode, Verified};

use crate::support::*;

pub(crate) struct Owner {
    pub(crate) record: Vec<u8>,
    pub(crate) phone: DeviceId,
    pub(crate) laptop: DeviceId,
    /// Suspended.
    pub(crate) tablet: DeviceId,
    /// Not yet confirmed.
    pub(crate) watch: DeviceId,
    pub(crate) secret: Secret,
    pub(crate) watch_secret: Secret,
    /// The codes of `NOW`, right and wrong, of the phone.
    pub(crate) right: Code,
    pub(crate) wrong: Code,
    pub(crate) recovery_code: RecoveryCode,
    /// It was redeemed a moment ago.
    pub(crate) used_code: RecoveryCode,
    pub(crate) temporary_code: RecoveryCode,
    pub(crate) codes: Option<RecoverySetId>,
    pub(crate) proof: Confirmed,
    /// It is trusted.
    pub(crate) browser: BrowserId,
    pub(crate) cookie: SecretText,
    /// In that browser.
    pub(crate) verified: Verified,
}

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn policy() -> Policy {
    Policy::builder().trust(DAY).build().unwrap()
}

impl Owner {
    pub(crate) fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let Login {
            mfa,
            device: phone,
            secret,
            proof,
            ..
        } = Login::new(Arc::clone(&store));
        let mfa = mfa.with_policy(policy());
        run(async {
            let mut secrets = Vec::new();
            for name in ["laptop", "tablet"] {
                let device = mfa.enroll_another(&proof, label(name)).await.unwrap();
                let code = code(device.secret(), NOW, 0);
                mfa.confirm(&alice(), device.device(), code).await.unwrap();
                secrets.push(device.secret().duplicate());
            }
            let next = Submission::new(code(&secrets[0], NOW, 1)).remember_browser(label("home"));
            let mut verified = mfa.verify(&alice(), next).await.unwrap();
            let cookie = verified.take_browser_cookie().unwrap().expose_value();
            let browser = verified.browser().unwrap();
            let devices = mfa.devices(&alice()).await.unwrap();
            let (laptop, tablet) = (devices[1].id(), devices[2].id());
            mfa.suspend(&proof, tablet).await.unwrap();
            let codes = mfa.issue_recovery_codes(&proof, None).await.unwrap();
            let mut sheet = codes.into_iter();
            let (used_code, recovery_code) = (sheet.next().unwrap(), sheet.next().unwrap());
            let redeemed = mfa.redeem(&alice(), in_form(&used_code)).await;
            // A redemption ends trust.
            mfa.trust_browser(&verified, browser, DAY).await.unwrap();
            let watch = mfa.enroll_another(&proof, label("watch")).await.unwrap();
            let minute = Duration::from_secs(60);
            let temporary_code = mfa
                .danger_issue_temporary_code_unproven(&alice(), &operator(), minute)
                .await
                .unwrap();
            let stored = store.load(&alice()).await.unwrap().unwrap();
            Self {
                record: stored.body().to_vec(),
                phone,
                laptop,
                tablet,
                watch: watch.device(),
                right: code(&secret, NOW, 0),
                wrong: wrong_code(&secret, NOW),
                secret,
                watch_secret: watch.secret().duplicate(),
                recovery_code,
                used_code,
                temporary_code,
                codes: redeemed.unwrap().recovery_set(),
                proof,
                browser,
                cookie,
                verified,
            }
        })
    }
}

pub(crate) fn in_form<C>(code: C) -> Submission<C> {
    let form = "0123456789abcdef0123456789abcdef".parse().unwrap();
    Submission::new(code)
        .with_form(b"the session's id", form)
        .unwrap()
}
