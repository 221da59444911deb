//! Random numbers from a seed, and how people are.

/// SplitMix64, so that a seed tells the whole sequence but for what the library draws itself.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// One of the latest, mostly.
    pub(crate) fn recent<'t, T>(&mut self, of: &'t [T], most: usize) -> Option<&'t T> {
        let latest = &of[of.len().saturating_sub(most)..];
        if latest.is_empty() {
            return None;
        }
        let place = self
            .below(latest.len() as u64)
            .max(self.below(latest.len() as u64));
        latest.get(place as usize)
    }

    /// One of the entries, by their weights.
    pub(crate) fn weighted<T: Clone>(&mut self, table: &[(u64, T)]) -> T {
        let mut at = self.below(table.iter().map(|(weight, _)| weight).sum());
        for (weight, entry) in table {
            if at < *weight {
                return entry.clone();
            }
            at -= weight;
        }
        unreachable!("below the sum")
    }
}

/// How the people of a sequence are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Temper {
    /// In a hundred codes.
    pub(crate) wrong: u64,
    /// In a hundred calls one waits as long as it is told.
    pub(crate) patient: u64,
    /// In a hundred commands a recovery code is sent.
    pub(crate) lost: u64,
}
