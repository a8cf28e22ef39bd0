use super::*;
use encoder::device::DeviceError;
use encoder::transformer::{Options, Side};
use std::path::Path;
use std::sync::{Arc, Mutex};

fn model() -> Transformer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/models/bert");
    Transformer::load(&folder, Options::default()).unwrap()
}

/// The processor in a card's place; its second row of a batch overflows.
#[derive(Debug)]
struct Overflows(Transformer);

impl Device for Overflows {
    fn name(&self) -> &'static str {
        "cuda:0 made up"
    }

    fn tokens_max(&self) -> usize {
        8
    }

    fn pooled(&mut self, sequences: &[&[u32]]) -> Result<Vec<f32>, DeviceError> {
        let mut rows = self.0.pooled(sequences, &mut Memory::default());
        if sequences.len() > 1 {
            rows[24] = f32::INFINITY;
        }
        Ok(rows)
    }
}

const ONE_CARD: Open = |_, _| {
    let devices: Vec<Box<dyn Device>> = vec![Box::new(Overflows(model()))];
    Ok(Cards { devices, refused: vec!["cuda:1 is not used: too old".to_owned()] })
};

const NO_CARD: Open = |_, _| Err("no CUDA driver".to_owned());

fn placed(choice: DeviceChoice, open: Open) -> (Place, Arc<Mutex<Vec<String>>>) {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let ear = Arc::clone(&told);
    let notice: Notice = Arc::new(move |text| ear.lock().unwrap().push(text.to_owned()));
    (Place::new(choice, notice, open), told)
}

fn tokens(model: &Transformer) -> Vec<Tokens> {
    let texts = ["the cat", "red dog", "one river", "two foxes", "a tree"];
    texts.iter().filter_map(|text| model.tokens(Side::Document, text)).collect()
}

#[test]
fn documents_go_to_the_card_and_what_it_cannot_express_to_the_processor() {
    let model = model();
    let (place, told) = placed(DeviceChoice::Auto, ONE_CARD);
    let tokens = tokens(&model);
    let all: Vec<&Tokens> = tokens.iter().collect();
    let (mut rest, mut memory, mut vectors) = (all.as_slice(), Memory::default(), Vec::new());
    while let Some(batch) = (!rest.is_empty()).then(|| place.batch(&model, &mut rest, &mut memory))
    {
        vectors.extend(batch.unwrap());
    }
    assert_eq!(vectors, model.embed(&all, &mut memory));
    let ran = place.ran_on();
    assert_eq!(ran.in_use().map(|card| card.texts).sum::<u64>(), all.len() as u64);
    assert!(ran.left_to_processor > 0 && ran.why_not.is_none(), "{ran:?}");
    assert_eq!(*told.lock().unwrap(), ["cuda:1 is not used: too old"]);
}

#[test]
fn without_a_card_the_processor_is_named_once_with_the_reason() {
    let model = model();
    let (place, told) = placed(DeviceChoice::Auto, NO_CARD);
    let tokens = tokens(&model);
    let all: Vec<&Tokens> = tokens.iter().collect();
    assert_eq!(place.ran_on(), RanOn::default(), "nothing is looked for before it is needed");
    for _ in 0..2 {
        let mut rest = all.as_slice();
        assert_eq!(place.batch(&model, &mut rest, &mut Memory::default()), None);
        assert_eq!(rest.len(), all.len());
    }
    assert_eq!(*told.lock().unwrap(), ["the model runs on the processor: no CUDA driver"]);
    assert_eq!(place.ran_on().why_not.as_deref(), Some("no CUDA driver"));
}

#[test]
fn who_wants_the_processor_gets_it_without_a_look_at_cards() {
    let model = model();
    let (place, told) = placed(DeviceChoice::Cpu, |_, _| panic!("no card may be looked for"));
    let tokens = tokens(&model);
    let all: Vec<&Tokens> = tokens.iter().collect();
    assert_eq!(place.batch(&model, &mut all.as_slice(), &mut Memory::default()), None);
    assert!(told.lock().unwrap().is_empty() && !place.may_have_cards());
}

#[test]
fn choices_are_written_as_users_write_them() {
    for name in ["auto", "cpu", "cuda", "cuda:0", "cuda:17"] {
        assert_eq!(DeviceChoice::from_name(name).map(DeviceChoice::name).as_deref(), Some(name));
    }
    for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CUDA"] {
        assert_eq!(DeviceChoice::from_name(name), None, "{name}");
    }
}
