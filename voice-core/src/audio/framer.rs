//! Chunks of any size in, windows of one size out.

/// Cuts a stream of samples into windows of a fixed length. Nothing is lost or repeated at the edges of chunks, and
/// nothing is allocated after construction.
#[derive(Debug, Clone)]
pub struct Framer<T> {
    window: Vec<T>,
    filled: usize,
}

impl<T: Copy + Default> Framer<T> {
    /// Windows of `window_len` samples; a length of 0 is taken as 1.
    pub fn new(window_len: usize) -> Self {
        Self { window: vec![T::default(); window_len.max(1)], filled: 0 }
    }

    /// Samples in a window.
    pub fn window_len(&self) -> usize {
        self.window.len()
    }

    /// Samples that wait for their window to fill.
    pub fn pending(&self) -> usize {
        self.filled % self.window.len()
    }

    /// Takes samples off the front of `input` until a window is full, and lends it out; `None` when `input` is used up.
    ///
    /// ```
    /// # let mut framer = voice_core::audio::Framer::new(2);
    /// let mut input = &[1, 2, 3][..];
    /// while let Some(window) = framer.next_window(&mut input) {
    ///     assert_eq!(window, [1, 2]);
    /// }
    /// assert_eq!(framer.pending(), 1);
    /// ```
    pub fn next_window(&mut self, input: &mut &[T]) -> Option<&mut [T]> {
        if self.filled == self.window.len() {
            self.filled = 0;
        }
        let (taken, rest) = input.split_at(input.len().min(self.window.len() - self.filled));
        self.window[self.filled..self.filled + taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        *input = rest;
        (self.filled == self.window.len()).then_some(&mut self.window)
    }

    /// Calls `each` with every window that `input` completes.
    pub fn push(&mut self, mut input: &[T], mut each: impl FnMut(&mut [T])) {
        while let Some(window) = self.next_window(&mut input) {
            each(window);
        }
    }

    /// Ends the stream: the samples that wait, padded with zeros to a window, and how many of them are real. `None`
    /// when nothing waits.
    pub fn flush(&mut self) -> Option<(&mut [T], usize)> {
        let real = self.pending();
        self.filled = 0;
        if real == 0 {
            return None;
        }
        self.window[real..].fill(T::default());
        Some((&mut self.window, real))
    }

    /// Drops the samples that wait.
    pub fn reset(&mut self) {
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_window_leaves_nothing_to_flush() {
        let mut framer = Framer::new(3);
        let mut windows = Vec::new();
        framer.push(&[1, 2, 3, 4, 5, 6], |window| windows.push(window.to_vec()));
        assert_eq!(windows, [[1, 2, 3], [4, 5, 6]]);
        assert_eq!((framer.pending(), framer.flush()), (0, None));
    }

    #[test]
    fn the_remainder_is_padded_and_tells_its_true_length() {
        let mut framer = Framer::new(4);
        framer.push(&[9, 9, 9, 9, 1, 2], |_| {});
        assert_eq!(framer.flush(), Some((&mut [1, 2, 0, 0][..], 2)));
        assert_eq!(framer.flush(), None);
    }

    #[test]
    fn a_reset_forgets_what_waits() {
        let mut framer = Framer::new(2);
        framer.push(&[1], |_| {});
        framer.reset();
        framer.push(&[2, 3], |window| assert_eq!(window, [2, 3]));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_input_back(
            window_len in 1..40_usize,
            chunks in proptest::collection::vec(proptest::collection::vec(any::<i16>(), 0..100), 0..20),
        ) {
            let mut framer = Framer::new(window_len);
            let mut output = Vec::new();
            for chunk in &chunks {
                framer.push(chunk, |window| output.extend_from_slice(window));
            }
            if let Some((window, real)) = framer.flush() {
                output.extend_from_slice(&window[..real]);
            }
            prop_assert_eq!(output, chunks.concat());
        }
    }
}
