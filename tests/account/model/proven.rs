//! Proofs that people keep: with what the model knows of each.

use secondfactor::account::{ProofKind, VouchedBy};
use secondfactor::{Proof, Verified};

use super::naive::{Identity, Naive};

#[derive(Debug)]
pub(crate) struct Proven {
    proof: Proof,
    /// The device or redemption that it rests on.
    pub(crate) identity: Identity,
    pub(crate) epoch: u32,
}

/// What a proof rests on, and when it was made.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) identity: Identity,
    pub(crate) epoch: u32,
    pub(crate) at: u64,
    pub(crate) is_redemption: bool,
}

impl Ground {
    /// Of a code that was verified by the last command.
    pub(crate) fn new(verified: &Verified, naive: &Naive) -> Self {
        let number = verified.device().to_string().parse().unwrap();
        let again = naive.again.as_ref().map(|again| again.by);
        let device = naive.find(number).unwrap();
        Self {
            identity: again.unwrap_or(device.identity),
            epoch: naive.epoch,
            at: verified.at().as_secs(),
            is_redemption: false,
        }
    }
}

impl AsRef<Proof> for Proven {
    fn as_ref(&self) -> &Proof {
        &self.proof
    }
}

impl Proven {
    /// A proof that was made by the last command.
    pub(crate) fn new(proof: impl Into<Proof>, naive: &Naive) -> Self {
        let proof = proof.into();
        let number = proof.device().map(|device| device.to_string());
        let again = naive.again.as_ref().map(|again| again.by);
        let identity = again.or_else(|| match number {
            Some(number) => naive
                .find(number.parse().unwrap())
                .map(|device| device.identity),
            None => naive.redemption,
        });
        Self {
            proof,
            identity: identity.unwrap(),
            epoch: naive.epoch,
        }
    }

    /// What takes its place, by the device as it is now; a redemption stays what it is.
    pub(crate) fn renewed(&self, proof: Proof, naive: &Naive) -> Self {
        let number = proof.device().map(|device| device.to_string());
        let device = number.and_then(|number| naive.find(number.parse().unwrap()));
        let identity = device.map_or(self.identity, |device| device.identity);
        Self {
            proof,
            identity,
            epoch: self.epoch,
        }
    }

    /// The same proof, after it was a token.
    pub(crate) fn opened(&self, proof: Proof) -> Self {
        Self { proof, ..*self }
    }

    pub(crate) fn ground(&self) -> Ground {
        Ground {
            identity: self.identity,
            epoch: self.epoch,
            at: self.at(),
            is_redemption: self.is_redemption(),
        }
    }

    pub(crate) fn at(&self) -> u64 {
        self.proof.at().as_secs()
    }

    pub(crate) fn is_redemption(&self) -> bool {
        self.proof.kind() == ProofKind::RecoveryCode
    }

    /// What is begun by it rests on this, and it is shown as this.
    pub(crate) fn as_ground(&self) -> (Option<Identity>, VouchedBy) {
        let by = match self.proof.device() {
            Some(device) => VouchedBy::Device(device),
            None => VouchedBy::RecoveryCode,
        };
        (Some(self.identity), by)
    }
}
