use super::*;

#[test]
fn a_passage_has_the_language_that_it_is_written_in() {
    for (text, code) in [
        (
            "The central bank raised its interest rate again, and loans became more expensive. Those who wanted to build a house had to wait, while savers were glad of the change that they had hoped for.",
            "en",
        ),
        (
            "Die Zentralbank hat den Leitzins erneut erhöht, und Kredite sind teurer geworden. Wer ein Haus bauen wollte, musste warten, während sich die Sparer über die Änderung freuten.",
            "de",
        ),
        (
            "La banque centrale a de nouveau relevé son taux, et les prêts sont devenus plus chers. Ceux qui voulaient construire une maison ont dû attendre, mais les épargnants étaient contents.",
            "fr",
        ),
        (
            "Центральный банк снова повысил ставку, и кредиты подорожали. Те, кто хотел построить дом, должны были подождать, а вкладчики были рады этой перемене.",
            "ru",
        ),
        ("中央银行再次提高了利率，贷款变得更加昂贵。", "zh"),
        ("中央銀行は再び金利を引き上げ、融資はさらに高くなった。", "ja"),
        ("Η κεντρική τράπεζα αύξησε ξανά το επιτόκιο και τα δάνεια έγιναν ακριβότερα.", "el"),
        (
            "رفع البنك المركزي سعر الفائدة مرة أخرى وأصبحت القروض أكثر تكلفة. وكان على من يريد بناء منزل أن ينتظر.",
            "ar",
        ),
    ] {
        assert_eq!(Language::of(text).map(Language::code), Some(code), "{text}");
    }
}

#[test]
fn what_is_no_language_has_none() {
    for text in ["", " \n", "42", "x = 3.14", "— … —"] {
        assert_eq!(Language::of(text), None, "{text:?}");
    }
}

#[test]
fn every_language_has_a_short_code_and_is_found_by_both_codes() {
    for lang in Lang::all() {
        let language = Language(*lang);
        assert_eq!(language.code().len(), 2, "{}", lang.code());
        assert_eq!(Language::from_code(language.code()), Some(language));
        assert_eq!(Language::from_code(lang.code()), Some(language));
    }
    assert_eq!(Language::codes().count(), SHORT.len());
    assert_eq!(Language::from_code("xx"), None);
    assert_eq!(Language::from_code("EN"), None);
}
