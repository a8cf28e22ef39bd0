//! How weights lie in memory: panels of 16 outputs, so that one line of 64 bytes meets one input value.
#![forbid(unsafe_code)]

use super::Precision;

/// Outputs of a panel: 16 lanes of 32 bits, one register of 512 bits or two of 256.
pub(super) const LANES: usize = 16;

/// A register's worth of lanes, in one line of the cache: loads that cross two lines cost twice.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line<T>(pub(super) [T; LANES]);

impl<T: Copy + Default> Default for Line<T> {
    #[inline]
    fn default() -> Self {
        Self([T::default(); LANES])
    }
}

/// Largest activation of the 16-bit mode: 12 bits with sign. Wider ones would leave fewer bits to the weights,
/// since both share the 31 bits of a sum.
pub(super) const WIDE_MAX: f32 = 2047.0;

/// Largest activation and weight of the 8-bit mode.
pub(super) const NARROW_MAX: f32 = 127.0;

/// What the 8-bit mode adds to an activation: the instruction multiplies unsigned by signed bytes.
pub(super) const RAISE: i32 = 128;

/// A linear layer: `outputs` × `inputs` weights in panels, and a bias.
#[derive(Debug)]
pub struct Linear {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// One for each output, padded with zeros to whole panels.
    pub(super) bias: Vec<f32>,
    pub(super) values: Values,
}

/// Panel after panel, and in a panel one line for each step through the inputs.
#[derive(Debug)]
pub(super) enum Values {
    /// One input a step.
    Float(Vec<Line<f32>>),
    /// Two inputs a step: lanes of two `i16`. A weight is its integer times `scale` of its output.
    Wide { lines: Vec<Line<i32>>, scale: Vec<f32> },
    /// Four inputs a step: lanes of four `i8`. `surplus` is what [`RAISE`] adds to the sum of an output.
    Narrow { lines: Vec<Line<i32>>, scale: Vec<f32>, surplus: Vec<i32> },
}

impl Linear {
    /// Shapes: `weights` outputs×inputs row-major, `bias` outputs. Panics if they do not fit together.
    pub fn new(weights: &[f32], bias: &[f32], precision: Precision) -> Self {
        let outputs = bias.len();
        assert!(outputs > 0, "a layer has outputs");
        let inputs = weights.len() / outputs;
        assert!(inputs > 0 && weights.len() == inputs * outputs, "weights are outputs × inputs");
        let mut padded = bias.to_vec();
        padded.resize(outputs.next_multiple_of(LANES), 0.0);
        let values = match precision {
            Precision::F32 => Values::Float(float_lines(weights, inputs)),
            Precision::I16 => wide(weights, inputs),
            Precision::I8 => narrow(weights, inputs),
        };
        Self { inputs, outputs, bias: padded, values }
    }

    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// One for each output.
    pub fn bias(&self) -> &[f32] {
        &self.bias[..self.outputs]
    }

    pub(crate) fn is_float(&self) -> bool {
        matches!(self.values, Values::Float(_))
    }

    /// The weights as they were given, outputs × inputs row-major; none if they were made into integers.
    pub fn weights(&self) -> Option<Vec<f32>> {
        let Values::Float(lines) = &self.values else { return None };
        let weight = |output: usize, input: usize| {
            lines[output / LANES * self.inputs + input].0[output % LANES]
        };
        let row = |output| (0..self.inputs).map(move |input| weight(output, input));
        Some((0..self.outputs).flat_map(row).collect())
    }
}

fn float_lines(weights: &[f32], inputs: usize) -> Vec<Line<f32>> {
    let panels = (weights.len() / inputs).div_ceil(LANES);
    let mut lines = vec![Line::default(); panels * inputs];
    for (output, row) in weights.chunks_exact(inputs).enumerate() {
        let panel = &mut lines[output / LANES * inputs..][..inputs];
        for (line, &weight) in panel.iter_mut().zip(row) {
            line.0[output % LANES] = weight;
        }
    }
    lines
}

/// Weights so small that `inputs` products with activations of 12 bits fit into 31 bits: no sum can overflow.
fn wide(weights: &[f32], inputs: usize) -> Values {
    let room = f64::from(i32::MAX) / (inputs as f64 * f64::from(WIDE_MAX));
    let range = (room.floor() as f32).min(WIDE_MAX);
    let (lines, scale) =
        integers(weights, inputs, range, |group: [i32; 2]| (group[0] & 0xFFFF) | (group[1] << 16));
    Values::Wide { lines, scale }
}

fn narrow(weights: &[f32], inputs: usize) -> Values {
    let mut surplus = vec![0; (weights.len() / inputs).next_multiple_of(LANES)];
    let (lines, scale) = integers(weights, inputs, NARROW_MAX, |group: [i32; 4]| {
        i32::from_le_bytes(group.map(|weight| weight as u8))
    });
    for (at, line) in lines.iter().enumerate() {
        let panel = at / inputs.div_ceil(4);
        for (sum, lane) in surplus[panel * LANES..].iter_mut().zip(&line.0) {
            *sum += RAISE * lane.to_le_bytes().iter().map(|&b| i32::from(b as i8)).sum::<i32>();
        }
    }
    Values::Narrow { lines, scale, surplus }
}

/// Rounds the weights of each output to integers within ±`range`, `STEP` inputs to a lane.
fn integers<const STEP: usize>(
    weights: &[f32],
    inputs: usize,
    range: f32,
    lane: impl Fn([i32; STEP]) -> i32,
) -> (Vec<Line<i32>>, Vec<f32>) {
    let outputs = weights.len() / inputs;
    let steps = inputs.div_ceil(STEP);
    let mut lines = vec![Line::default(); outputs.div_ceil(LANES) * steps];
    let mut scales = vec![0.0; outputs.next_multiple_of(LANES)];
    for (output, row) in weights.chunks_exact(inputs).enumerate() {
        let largest = row.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
        // An output without weights keeps scale 0, and its sum is its bias.
        let (scale, inverse) =
            if largest > 0.0 { (largest / range, range / largest) } else { (0.0, 0.0) };
        scales[output] = scale;
        let panel = &mut lines[output / LANES * steps..][..steps];
        for (line, group) in panel.iter_mut().zip(row.chunks(STEP)) {
            let mut integers = [0; STEP];
            for (integer, weight) in integers.iter_mut().zip(group) {
                *integer = (weight * inverse).round().clamp(-range, range) as i32;
            }
            line.0[output % LANES] = lane(integers);
        }
    }
    (lines, scales)
}
