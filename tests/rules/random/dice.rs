//! Chance that follows from a seed: the same on every machine.

/// Xorshift: small, the same everywhere.
pub(in crate::rules) struct Dice(u64);

impl Dice {
    pub(in crate::rules) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            dice.next();
        }
        dice
    }

    pub(in crate::rules) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    pub(in crate::rules) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(in crate::rules) fn small(&mut self, n: u32) -> u32 {
        u32::try_from(self.below(u64::from(n))).unwrap()
    }

    pub(in crate::rules) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(in crate::rules) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }

    pub(in crate::rules) fn maybe<T>(
        &mut self,
        chance: u64,
        make: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        self.percent(chance).then(|| make(self))
    }
}
