//! A small generator, so that a run can be repeated: it prints its seed, and `PGANALYTICS_SEED` takes it again.

pub(crate) struct Random(u64);

impl Random {
    #[expect(clippy::print_stdout, reason = "who looks at a failed run needs its seed")]
    pub(crate) fn seeded() -> Self {
        let given = std::env::var_os("PGANALYTICS_SEED").and_then(|seed| seed.to_str()?.parse().ok());
        let clock = pganalytics::clock::Clock::System.now().as_millis().unsigned_abs();
        let seed = given.unwrap_or(clock) | 1;
        println!("PGANALYTICS_SEED={seed}");
        Self(seed)
    }

    /// Another one, with a row of its own.
    pub(crate) fn another(&mut self) -> Self {
        Self(self.next() | 1)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn next(&mut self) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
