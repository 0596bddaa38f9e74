//! How loud a window is, and how loud the room.

/// The level of digital silence, in dBFS: about the quantisation noise of 16 bits.
const SILENCE_DBFS: f32 = -96.0;

/// The root-mean-square level of samples in −1 … 1, in dB below full scale; −96 for silence. A full-scale sine has −3.
pub fn level_dbfs(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBFS;
    }
    let mut lanes = [0.0_f32; 8];
    let (blocks, rest) = samples.as_chunks::<8>();
    for block in blocks {
        for (lane, sample) in lanes.iter_mut().zip(block) {
            *lane += sample * sample;
        }
    }
    let energy = lanes.iter().sum::<f32>() + rest.iter().map(|sample| sample * sample).sum::<f32>();
    let power = energy / samples.len() as f32;
    (10.0 * power.max(f32::MIN_POSITIVE).log10()).max(SILENCE_DBFS)
}

/// Follows the level of a room's background by minimum statistics: down at once, up slowly, so that speech, which has
/// gaps, hardly lifts it while a fan that starts is learnt within seconds.
#[derive(Debug, Clone)]
pub struct NoiseFloor {
    dbfs: f32,
}

impl NoiseFloor {
    /// The floor never sinks below this level, in dBFS: a muted microphone must not make its own hiss loud afterwards.
    pub const LOWEST_DBFS: f32 = -65.0;
    /// How fast the floor may rise, in dB a second.
    pub const RISE_DB_PER_SECOND: f32 = 6.0;

    /// A quiet room.
    pub fn new() -> Self {
        Self { dbfs: Self::LOWEST_DBFS }
    }

    /// Takes the level of the next `seconds` of audio, in dBFS, and gives the floor.
    pub fn update(&mut self, level_dbfs: f32, seconds: f32) -> f32 {
        let risen = self.dbfs + Self::RISE_DB_PER_SECOND * seconds;
        self.dbfs = level_dbfs.min(risen).max(Self::LOWEST_DBFS);
        self.dbfs
    }

    /// The floor, in dBFS.
    pub fn dbfs(&self) -> f32 {
        self.dbfs
    }
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_root_mean_square() {
        let sine: Vec<f32> = (0..1_600).map(|n| (n as f32 * 0.1 * std::f32::consts::PI).sin()).collect();
        assert!((level_dbfs(&sine) + 3.01).abs() < 0.01);
        assert!((level_dbfs(&[0.1; 21]) + 20.0).abs() < 0.001);
        assert_eq!(level_dbfs(&[0.0; 512]), SILENCE_DBFS);
        assert_eq!(level_dbfs(&[]), SILENCE_DBFS);
    }

    #[test]
    fn the_floor_falls_at_once_and_rises_slowly() {
        let mut floor = NoiseFloor::new();
        for _ in 0..100 {
            floor.update(-40.0, 0.1);
        }
        assert_eq!(floor.dbfs(), -40.0);
        // Half a second of speech lifts it by 3 dB, and the next gap takes that back.
        for _ in 0..5 {
            floor.update(-15.0, 0.1);
        }
        assert!((floor.dbfs() + 37.0).abs() < 0.001);
        assert_eq!(floor.update(-41.0, 0.1), -41.0);
        assert_eq!(floor.update(-96.0, 0.1), NoiseFloor::LOWEST_DBFS);
    }
}
