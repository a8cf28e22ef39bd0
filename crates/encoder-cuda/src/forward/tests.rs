//! The kernels against the processor's own forward pass.

use super::*;
use crate::{
    emulator::{Emulated, Order},
    made::{self, Sizes},
};
use encoder::{
    Transformer,
    device::agrees,
    kernels::dot_f32,
    transformer::{Memory, Options},
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const FAMILIES: [&str; 4] = ["bert", "roberta", "distilbert", "mpnet"];
const POOLINGS: [&str; 4] = ["cls", "mean", "max", "mean_sqrt_len_tokens"];
const PLENTY: usize = 1 << 30;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/models")
}

fn model(family: &str) -> Transformer {
    Transformer::load(&models().join(family), Options::default()).unwrap()
}

fn pooled(family: &str, pooling: &str) -> Transformer {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(models().join(family)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let config = format!("{{\"word_embedding_dimension\": 24, \"pooling_mode\": \"{pooling}\"}}");
    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    fs::write(folder.path().join("1_Pooling/config.json"), config).unwrap();
    Transformer::load(folder.path(), Options::default()).unwrap()
}

fn load(model: &Transformer, order: Order) -> Loaded<Emulated> {
    let card = Emulated::new(order, PLENTY);
    Loaded::new(card, "emulated".to_owned(), &model.parts().unwrap()).unwrap()
}

/// Sequences of so many tokens, none like another.
fn sequences(model: &Transformer, lengths: &[usize]) -> Vec<Vec<u32>> {
    let id = |seed: usize, at: usize| ((seed * 31 + at * 17 + at * at) % model.vocabulary()) as u32;
    let sequence = |(seed, &length): (usize, &usize)| (0..length).map(|at| id(seed, at)).collect();
    lengths.iter().enumerate().map(sequence).collect()
}

fn slices(sequences: &[Vec<u32>]) -> Vec<&[u32]> {
    sequences.iter().map(Vec::as_slice).collect()
}

/// The worst cosine between the device's vectors and the processor's.
fn worst(model: &Transformer, device: &mut dyn Device, lengths: &[usize]) -> f32 {
    let sequences = sequences(model, lengths);
    let mut memory = Memory::default();
    let theirs = device.pooled(&slices(&sequences)).unwrap();
    let theirs = model.vectors(theirs, &mut memory);
    let ours = model.pooled(&slices(&sequences), &mut memory);
    let ours = model.vectors(ours, &mut memory);
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(&theirs).map(|(a, b)| dot_f32(a, b)).fold(1.0, f32::min)
}

#[test]
fn every_family_and_pooling_gives_the_processors_vectors() {
    for family in FAMILIES {
        for pooling in POOLINGS {
            let model = pooled(family, pooling);
            let mut device = load(&model, Order::Upwards);
            let cosine = worst(&model, &mut device, &[1, 2, 7, 16, 17, 40]);
            assert!(cosine >= 0.9999, "{family} {pooling}: {cosine}");
            assert_eq!(agrees(&model, &mut device), Ok(()), "{family} {pooling}");
        }
    }
}

/// Every width of head, with and without filling up, and more keys, rows, outputs and inputs than one tile takes.
#[test]
fn sizes_beyond_one_tile_give_the_processors_vectors() {
    let sizes = |width, heads, inner| Sizes { width, heads, inner, positions: 150 };
    for (model, lengths) in [
        (made::bert(sizes(64, 2, 96)), &[64, 65, 130, 150, 1][..]),
        (made::bert(sizes(80, 5, 200)), &[63, 129, 2]),
        (made::bert(sizes(128, 2, 32)), &[70, 128]),
        (made::bert(sizes(144, 2, 64)), &[70, 3]),
        (made::mpnet(sizes(96, 2, 160)), &[148, 64, 66]),
    ] {
        let cosine = worst(&model, &mut load(&model, Order::Upwards), lengths);
        assert!(cosine >= 0.9999, "{lengths:?}: {cosine}");
    }
}

/// A barrier that is missing shows when the other threads come first; a row that looks at its neighbours, in a batch.
#[test]
fn a_row_has_the_same_bits_alone_in_a_batch_and_in_any_order_of_threads() {
    let model = made::bert(Sizes { width: 72, heads: 3, inner: 100, positions: 150 });
    let all = sequences(&model, &[67, 130, 1]);
    let mut upwards = load(&model, Order::Upwards);
    let together = upwards.pooled(&slices(&all)).unwrap();
    let backwards = load(&model, Order::Downwards).pooled(&slices(&all)).unwrap();
    assert_eq!(together, backwards);
    let alone = slices(&all).into_iter().flat_map(|ids| upwards.pooled(&[ids]).unwrap());
    assert_eq!(together, alone.collect::<Vec<_>>());
}

#[test]
fn what_a_model_does_not_know_never_reaches_a_kernel() {
    let model = model("bert");
    let mut device = load(&model, Order::Upwards);
    let long = vec![1; model.parts().unwrap().sequence_max + 1];
    for wrong in [&[][..], &[35], &[1, u32::MAX], &long] {
        assert!(matches!(device.pooled(&[&[1], wrong]), Err(DeviceError::Failed { .. })));
    }
    assert!(device.pooled(&[&[34]]).is_ok());
}

#[test]
fn memory_that_is_not_enough_is_told_before_and_while_working() {
    let model = model("bert");
    let parts = model.parts().unwrap();
    let with = |memory| Loaded::new(Emulated::new(Order::Upwards, memory), "e".into(), &parts);
    assert_eq!(with(1000).unwrap_err(), DeviceError::OutOfMemory, "not enough for the weights");
    let weights = PLENTY - with(PLENTY).unwrap().card.free_bytes().unwrap();
    let token = memory::token_bytes(&Shape::of(&parts).unwrap());
    let few = weights + token * 10;
    assert_eq!(with(few).unwrap_err(), DeviceError::OutOfMemory, "nor for the longest text");
    let mut device = with(weights + token * 100).unwrap();
    assert_eq!(device.tokens_max(), 80, "a fifth is left to others");
    let texts = sequences(&model, &[30, 30, 30, 30]);
    let texts = slices(&texts);
    // Others have taken what was free: the batch fails, and a smaller one still fits.
    assert_eq!(device.pooled(&texts), Err(DeviceError::OutOfMemory));
    let rows = device.pooled(&texts[..3]).unwrap();
    assert_eq!(rows, load(&model, Order::Upwards).pooled(&texts[..3]).unwrap());
    assert!(device.pooled(&texts[..1]).is_ok(), "in the memory of the larger one");
}
