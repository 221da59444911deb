//! Numbers from a seed (SplitMix64, Steele and others 2014): the same on every machine and in every
//! release; or choices by a fuzzer's bytes.

pub(crate) struct Dice {
    state: u64,
    bytes: std::vec::IntoIter<u8>,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            bytes: Vec::new().into_iter(),
        }
    }

    /// Chooses by these bytes, as few of them for each choice as there are ways to go, and by a
    /// seed when they are used up.
    #[allow(dead_code)] // used by the fuzz target and the replay of its corpus
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            bytes: Vec::from(bytes).into_iter(),
            ..Self::new(0)
        }
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.bytes.len() == 0
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if self.is_used_up() {
            return self.next() % end;
        }
        let len = if end <= 1 << 8 { 1 } else { 4 };
        self.bytes
            .by_ref()
            .take(len)
            .fold(0, |value, byte| (value << 8) | u64::from(byte))
            % end
    }

    /// Whether a one-in-`n` chance comes.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() {
            None
        } else {
            of.get(self.below(of.len() as u64) as usize)
        }
    }

    pub(crate) fn of<T: Copy, const N: usize>(&mut self, of: [T; N]) -> T {
        of[self.below(N as u64) as usize]
    }
}
