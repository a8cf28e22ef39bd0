//! A ring buffer of fixed capacity: the newest values overwrite the oldest ones.

/// Keeps the last `N` values that were pushed.
///
/// Nothing is ever moved: `next` walks around the array, and once the array is full it points at the oldest value.
pub struct RingBuffer<T, const N: usize> {
    slots: [Option<T>; N],
    next: usize,
    len: usize,
}

impl<T: Copy, const N: usize> RingBuffer<T, N> {
    /// An empty buffer. A capacity of zero does not compile into anything useful, so it is refused.
    pub fn new() -> Self {
        assert!(N > 0, "a ring needs at least one slot");
        Self { slots: [None; N], next: 0, len: 0 }
    }

    /// Stores a value and gives back the one that it pushed out.
    pub fn push(&mut self, value: T) -> Option<T> {
        let evicted = self.slots[self.next].replace(value);
        self.next = (self.next + 1) % N;
        self.len = (self.len + 1).min(N);
        evicted
    }

    /// Values from the oldest to the newest.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let first = (self.next + N - self.len) % N;
        (0..self.len).filter_map(move |step| self.slots[(first + step) % N])
    }

    pub fn is_full(&self) -> bool {
        self.len == N
    }
}

/// Smooths a noisy series of temperatures by the median of the last five readings.
///
/// The median, unlike the mean, does not care about a single broken reading.
pub fn median_of_last_five(readings: &[f64]) -> Vec<f64> {
    let mut window = RingBuffer::<f64, 5>::new();
    let mut smooth = Vec::with_capacity(readings.len());
    for reading in readings {
        window.push(*reading);
        let mut sorted: Vec<f64> = window.iter().collect();
        sorted.sort_by(f64::total_cmp);
        smooth.push(sorted[sorted.len() / 2]);
    }
    smooth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_value_goes_first() {
        let mut ring = RingBuffer::<u32, 3>::new();
        for value in 1..=5 {
            ring.push(value);
        }
        assert_eq!(ring.iter().collect::<Vec<_>>(), [3, 4, 5]);
    }
}
