//! The driver's side, with a library in the place of NVIDIA's whose cards are this processor (kernels/emulator/driver.c).
//! A process looks for the library once, so each case is a process: this program again.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![expect(clippy::print_stdout, reason = "the cases answer on standard output")]

use std::{path::Path, process::Command, sync::Arc};

use encoder::{
    Transformer,
    device::{Devices, agrees},
    transformer::{Memory, Options, Precision, Side, Tokens},
};
use encoder_cuda::Which;
use serde_json::{Value, json};
use tempfile::TempDir;

fn main() {
    if let Some(case) = std::env::args().skip_while(|argument| argument != "case").nth(1) {
        println!("{}", answer(&case));
        return;
    }
    let driver = fake_driver();
    let cases: [(&str, Case); 6] = [
        ("without_a_driver_it_says_so", without_a_driver_it_says_so),
        ("what_is_too_old_is_refused_in_words", what_is_too_old_is_refused_in_words),
        ("vectors_come_from_every_card_and_agree", vectors_come_from_every_card_and_agree),
        ("a_card_that_computes_wrongly_is_not_used", a_card_that_computes_wrongly_is_not_used),
        ("a_launch_that_fails_gives_the_card_up", a_launch_that_fails_gives_the_card_up),
        ("memory_that_runs_out_halves_batches", memory_that_runs_out_halves_batches),
    ];
    for (name, case) in cases {
        println!("test {name} ...");
        case(&driver);
    }
    println!("test result: ok. {} passed", cases.len());
}

type Case = fn(&Driver);

struct Driver(TempDir);

fn fake_driver() -> Driver {
    let folder = TempDir::new().unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels/emulator");
    let built = Command::new("cc")
        .args(["-std=gnu11", "-O2", "-U_FORTIFY_SOURCE", "-Wall", "-Wextra", "-Werror"])
        .args(["-fPIC", "-shared", "-I"])
        .arg(&sources)
        .args(["machine.c", "driver.c"].map(|file| sources.join(file)))
        .arg("-o")
        .arg(folder.path().join("libcuda.so.1"))
        .args(["-lm", "-lpthread"])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Driver(folder)
}

impl Driver {
    /// What `case` answers where there is this driver with such settings.
    fn ask(&self, case: &str, settings: &[(&str, &str)]) -> Value {
        Self::run(case, settings, &[("LD_LIBRARY_PATH", self.0.path().to_str().unwrap())])
    }

    fn run(case: &str, settings: &[(&str, &str)], more: &[(&str, &str)]) -> Value {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["case", case]).env_remove("LD_LIBRARY_PATH");
        command.envs(settings.iter().chain(more).copied());
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{case} {settings:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn model(precision: Precision) -> Transformer {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/models/mpnet");
    Transformer::load(&models, Options { precision, ..Options::default() }).unwrap()
}

/// In the process of a case.
fn answer(case: &str) -> Value {
    let model = model(if case == "integers" { Precision::I16 } else { Precision::F32 });
    let which = match case {
        "second" => Which::One(1),
        _ => Which::All,
    };
    if let Err(error) = encoder_cuda::check(&model, which) {
        return json!({ "unavailable": error.to_string() });
    }
    let mut opened = match encoder_cuda::open(&model, which) {
        Ok(opened) => opened,
        Err(error) => return json!({ "unavailable": error.to_string() }),
    };
    let agree = opened.devices.iter_mut().all(|device| agrees(&model, device.as_mut()).is_ok());
    let devices = Devices::new(opened.devices, Arc::new(|_| {}));
    let words = ["the cat", "one red dog", "two foxes, a river", "a house"];
    let texts = words.iter().cycle().take(40);
    let tokens: Vec<Tokens> = texts.filter_map(|text| model.tokens(Side::Document, text)).collect();
    let sequences: Vec<&[u32]> = tokens.iter().map(Tokens::ids).collect();
    let (mut rest, mut made) = (sequences.as_slice(), Vec::new());
    while let Some(pooled) = devices.pool_next(rest) {
        made.extend(pooled.rows);
        rest = &rest[pooled.texts..];
    }
    let done = sequences.len() - rest.len();
    let expected = model.pooled(&sequences[..done], &mut Memory::default());
    let away = made.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let reports: Vec<Value> = devices
        .reports()
        .iter()
        .map(|card| {
            json!({ "name": card.name, "texts": card.texts, "given_up": card.given_up,
                "out_of_memory": card.out_of_memory, "tokens_max": card.tokens_max })
        })
        .collect();
    json!({ "driver": encoder_cuda::has_driver(), "refused": opened.refused, "agree": agree,
        "done": done, "same_length": made.len() == expected.len(), "away": away, "cards": reports })
}

fn without_a_driver_it_says_so(_: &Driver) {
    if encoder_cuda::has_driver() {
        // The machine has one of its own, whose cards the other cases do not touch.
        return;
    }
    assert_eq!(Driver::run("all", &[], &[])["unavailable"], "no CUDA driver");
}

fn what_is_too_old_is_refused_in_words(driver: &Driver) {
    let said = |case, settings: &[(&str, &str)]| {
        driver.ask(case, settings)["unavailable"].as_str().unwrap().to_owned()
    };
    assert_eq!(said("all", &[("FAKE_CUDA_CARDS", "0")]), "no CUDA card");
    assert!(said("all", &[("FAKE_CUDA_VERSION", "11080")]).contains("it speaks CUDA 11.8"));
    assert_eq!(
        said("all", &[("FAKE_CUDA_CAPABILITY", "75")]),
        "cuda:0 is not used: made up has compute capability 7.5, 8.0 is needed"
    );
    assert_eq!(said("second", &[]), "there is no cuda:1: the driver counts 1");
    let said_of_integers = said("integers", &[]);
    assert!(said_of_integers.contains("precision i16"), "{said_of_integers}");
    let memory = said("all", &[("FAKE_CUDA_MEMORY", "20000")]);
    assert_eq!(memory, "cuda:0 is not used: out of memory");
}

fn vectors_come_from_every_card_and_agree(driver: &Driver) {
    for (case, cards) in [("all", 3), ("second", 1)] {
        let got = driver.ask(case, &[("FAKE_CUDA_CARDS", "3")]);
        assert_eq!((&got["driver"], &got["agree"]), (&json!(true), &json!(true)), "{got}");
        assert_eq!((&got["done"], &got["refused"]), (&json!(40), &json!([])), "{got}");
        assert!(got["same_length"] == true && got["away"].as_f64().unwrap() < 0.01, "{got}");
        assert_eq!(got["cards"].as_array().unwrap().len(), cards, "{got}");
    }
    let got = driver.ask("second", &[("FAKE_CUDA_CARDS", "3")]);
    assert_eq!(got["cards"][0]["name"], "cuda:1 made up");
}

fn a_card_that_computes_wrongly_is_not_used(driver: &Driver) {
    let wrong = ("FAKE_CUDA_WRONG", "1");
    let alone = driver.ask("all", &[wrong])["unavailable"].as_str().unwrap().to_owned();
    assert!(alone.starts_with("cuda:0 is not used: its vectors have a cosine of "), "{alone}");
    let got = driver.ask("all", &[wrong, ("FAKE_CUDA_CARDS", "2")]);
    assert_eq!(got["refused"].as_array().unwrap().len(), 1, "{got}");
    assert_eq!((&got["done"], &got["cards"][0]["name"]), (&json!(40), &json!("cuda:1 made up")));
}

fn a_launch_that_fails_gives_the_card_up(driver: &Driver) {
    // Two agreements take 32 launches of this model of two layers; the batch does not come to its end.
    let got = driver.ask("all", &[("FAKE_CUDA_LAUNCHES", "40")]);
    assert_eq!(got["done"], 0, "{got}");
    let why = got["cards"][0]["given_up"].as_str().unwrap();
    assert!(why.contains("CUDA_ERROR_LAUNCH_FAILED"), "{got}");
}

fn memory_that_runs_out_halves_batches(driver: &Driver) {
    let mut halved = 0;
    // From too little for the weights to enough for all, where the driver promises more than there is.
    for kilobytes in (100..500).step_by(20) {
        let bytes = (kilobytes * 1000).to_string();
        let settings = [("FAKE_CUDA_MEMORY", bytes.as_str()), ("FAKE_CUDA_PROMISED", "100000000")];
        let got = driver.ask("all", &settings);
        if got["unavailable"].is_null() {
            assert_eq!((&got["done"], &got["same_length"]), (&json!(40), &json!(true)), "{got}");
            assert!(got["away"].as_f64().unwrap() < 0.01, "{got}");
            let times = got["cards"][0]["out_of_memory"].as_u64().unwrap();
            halved = halved.max(times);
        }
    }
    assert!(halved > 1, "halved {halved} times at most");
}
