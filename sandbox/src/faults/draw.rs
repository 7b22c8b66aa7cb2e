//! The dice.

/// One die: always the same number for the same seed, question and key.
pub(super) struct Draw<'a> {
    pub seed: u64,
    pub what: &'static str,
    pub key: &'a str,
}

impl Draw<'_> {
    pub(super) fn strikes(&self, percent: f64, attempt: u32) -> bool {
        /// Ten-thousandths of a percent.
        const STEPS: u32 = 1_000_000;
        percent > 0.0
            && u32::try_from(self.bits(attempt) % u64::from(STEPS))
                .is_ok_and(|step| f64::from(step) < percent / 100.0 * f64::from(STEPS))
    }

    /// FNV-1a over all parts, then the finalizer of `SplitMix64`, whose bits are evenly mixed. Not
    /// the standard library's hasher: that one may change with the compiler, and runs must not.
    pub(super) fn bits(&self, attempt: u32) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let (seed, attempt) = (self.seed.to_le_bytes(), attempt.to_le_bytes());
        for part in [
            seed.as_slice(),
            self.what.as_bytes(),
            &attempt,
            self.key.as_bytes(),
        ] {
            for byte in part {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}
