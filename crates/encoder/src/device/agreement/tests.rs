use super::*;
use crate::transformer::Options;
use std::path::Path;

fn model(family: &str) -> Transformer {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    Transformer::load(&models.join(family), Options::default()).unwrap()
}

/// The processor, with something done to its rows.
#[derive(Debug)]
struct Copy {
    model: Transformer,
    change: fn(&mut Vec<f32>),
}

impl Device for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn tokens_max(&self) -> usize {
        1000
    }

    fn pooled(&mut self, sequences: &[&[u32]]) -> Result<Vec<f32>, DeviceError> {
        let mut rows = self.model.pooled(sequences, &mut Memory::default());
        (self.change)(&mut rows);
        Ok(rows)
    }
}

#[test]
fn a_device_is_used_only_if_its_vectors_are_the_processors() {
    for family in ["bert", "roberta", "distilbert", "mpnet"] {
        let with = |change| agrees(&model(family), &mut Copy { model: model(family), change });
        assert_eq!(with(|_| {}), Ok(()));
        // Lengths do not count, directions do.
        assert_eq!(with(|rows| rows.iter_mut().for_each(|value| *value *= 3.0)), Ok(()));
        assert!(with(|rows| rows.reverse()).is_err());
        assert!(with(|rows| rows[30] = f32::NAN).is_err(), "a value that is not finite");
        assert!(with(|rows| rows.truncate(24)).is_err(), "rows that are missing");
        let last = |rows: &mut Vec<f32>| *rows.last_mut().unwrap() += 1.0;
        let wrong = with(last).unwrap_err();
        assert!(wrong.to_string().starts_with("its vectors have a cosine of 0."), "{wrong}");
    }
}
