use super::*;
use proptest::prelude::*;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, n: u64) -> usize {
        (self.next() % n) as usize
    }

    /// About normal, with variance 1.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.next() as f32 / 2_f32.powi(31)).sum::<f32>() - 6.0
    }

    fn vector(&mut self, dims: usize) -> Vec<f32> {
        (0..dims).map(|_| self.normal()).collect()
    }
}

fn sum(a: &[f32], b: &[f32], by: f32) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b * by).collect()
}

const DIMS: usize = 128;

fn isotropic(dice: &mut Dice, n: usize) -> Vec<Vec<f32>> {
    (0..n).map(|_| dice.vector(DIMS)).collect()
}

/// Groups of near neighbours around one direction that all share.
fn clustered(dice: &mut Dice, n: usize) -> Vec<Vec<f32>> {
    let common = dice.vector(DIMS);
    let centres: Vec<_> = (0..n / 50).map(|_| sum(&dice.vector(DIMS), &common, 3.0)).collect();
    (0..n)
        .map(|_| sum(&centres[dice.below(centres.len() as u64)], &dice.vector(DIMS), 0.3))
        .collect()
}

/// A few directions carry most of the spread.
fn anisotropic(dice: &mut Dice, n: usize) -> Vec<Vec<f32>> {
    let common = dice.vector(DIMS);
    let widths: Vec<f32> = (0..DIMS).map(|d| 10.0 / (1.0 + d as f32)).collect();
    (0..n)
        .map(|_| {
            let spread: Vec<f32> = widths.iter().map(|width| width * dice.normal()).collect();
            sum(&spread, &common, 2.0)
        })
        .collect()
}

/// Means of word vectors, few words being most of the text: what the built-in model gives.
fn means_of_words(dice: &mut Dice, n: usize) -> Vec<Vec<f32>> {
    let common = dice.vector(DIMS);
    let words: Vec<_> = (0..2000).map(|_| sum(&dice.vector(DIMS), &common, 0.5)).collect();
    (0..n)
        .map(|_| {
            (0..30).fold(vec![0.0; DIMS], |mean, _| {
                let rank = dice.below(2000) * dice.below(2000) / 2000;
                sum(&mean, &words[rank], 1.0 / (1.0 + 20.0 / (rank as f32 + 1.0)))
            })
        })
        .collect()
}

fn blocks(vectors: &[Vec<f32>], size: usize) -> Vec<CodeBlock> {
    let rows: Vec<(i64, &[f32])> =
        vectors.iter().enumerate().map(|(i, v)| (i as i64, v.as_slice())).collect();
    rows.chunks(size).map(CodeBlock::encode).collect()
}

fn best(blocks: &[CodeBlock], vector: &[f32], size: usize) -> Vec<i64> {
    let query = CodedQuery::new(vector).unwrap();
    let mut scan = Scan::new(&query, None, size);
    for block in blocks {
        scan.block(&block.view().unwrap()).unwrap();
    }
    scan.into_top().into_sorted().into_iter().map(|scored| scored.chunk).collect()
}

fn exact(vectors: &[Vec<f32>], query: &[f32], size: usize) -> Vec<i64> {
    let mut scored: Vec<(f64, i64)> =
        vectors.iter().enumerate().map(|(i, v)| (cosine(query, v), i as i64)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().take(size).map(|(_, chunk)| chunk).collect()
}

#[test]
fn forty_candidates_hold_the_exact_first_ten() {
    type Make = fn(&mut Dice, usize) -> Vec<Vec<f32>>;
    let sets: [(&str, Make); 4] = [
        ("isotropic", isotropic),
        ("clustered", clustered),
        ("anisotropic", anisotropic),
        ("means of words", means_of_words),
    ];
    for (name, make) in sets {
        let mut dice = Dice(7);
        let mut vectors = make(&mut dice, 6040);
        let queries = vectors.split_off(6000);
        for size in [1, 200, 2048] {
            let blocks = blocks(&vectors, size);
            let mut found = 0;
            for query in &queries {
                let candidates = best(&blocks, query, 40);
                found += exact(&vectors, query, 10)
                    .iter()
                    .filter(|chunk| candidates.contains(chunk))
                    .count();
            }
            let recall = found as f64 / (10 * queries.len()) as f64;
            assert!(recall >= 0.99, "{name}, blocks of {size}: recall {recall}");
        }
    }
}

#[test]
fn the_length_of_a_vector_does_not_matter() {
    let vectors = isotropic(&mut Dice(3), 300);
    let scaled: Vec<Vec<f32>> = vectors
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let by = [1e-18, 1.0, 1e18][i % 3];
            v.iter().map(|x| x * by).collect()
        })
        .collect();
    let query = Dice(4).vector(DIMS);
    assert_eq!(best(&blocks(&scaled, 100), &query, 10), best(&blocks(&vectors, 100), &query, 10));
    assert!((cosine(&scaled[2], &vectors[2]) - 1.0).abs() < 1e-6);
}

#[test]
fn only_the_chunks_asked_for_are_offered() {
    let vectors = isotropic(&mut Dice(5), 500);
    let query = CodedQuery::new(&vectors[17]).unwrap();
    let only: AHashSet<i64> = [17, 400, 3].into_iter().collect();
    let mut scan = Scan::new(&query, Some(&only), 10);
    for block in blocks(&vectors, 64) {
        scan.block(&block.view().unwrap()).unwrap();
    }
    let found = scan.into_top().into_sorted();
    assert_eq!(found[0].chunk, 17);
    assert_eq!(found.len(), 3);
}

#[test]
fn a_vector_without_a_direction_is_no_query() {
    for vector in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY, 0.0]] {
        assert!(CodedQuery::new(vector).is_none(), "{vector:?}");
    }
}

#[test]
fn a_query_of_other_dimensions_is_refused() {
    let query = CodedQuery::new(&[1.0, 2.0]).unwrap();
    let block = CodeBlock::encode(&[(1, &[1.0, 2.0, 3.0])]);
    let found = Scan::new(&query, None, 1).block(&block.view().unwrap());
    assert_eq!(found, Err(OtherDimensions { query: 2, codes: 3 }));
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let good = CodeBlock::encode(&[(1, &[1.0, 2.0, 3.0]), (2, &[0.5, 0.0, 1.0])]);
    assert!(good.view().is_ok());
    let mut short = good.clone();
    short.data.pop();
    let mut long = good.clone();
    long.chunks.push(0);
    let mut none = good.clone();
    none.n = 0;
    let mut other = good.clone();
    other.n = 3;
    for bad in [short, long, none, other] {
        assert_eq!(bad.view().err(), Some(BadBlock));
    }
    assert!(BlockView::new(usize::MAX / 2, &good.chunks, &good.data).is_err());
}

proptest! {
    #[test]
    fn codes_are_close_to_the_cosine(
        rows in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 16), 1..20),
        query in prop::collection::vec(-1.0_f32..1.0, 16),
    ) {
        let alive = |v: &[f32]| v.iter().any(|x| x.abs() > 1e-3);
        prop_assume!(alive(&query) && rows.iter().all(|v| alive(v)));
        let block = &blocks(&rows, rows.len())[0];
        let coded = CodedQuery::new(&query).unwrap();
        let mut scan = Scan::new(&coded, None, rows.len());
        scan.block(&block.view().unwrap()).unwrap();
        for scored in scan.into_top().into_sorted() {
            let truth = cosine(&query, &rows[scored.chunk as usize]);
            prop_assert!((truth - f64::from(scored.score)).abs() < 0.05);
        }
    }
}
