use super::*;
use proptest::prelude::*;

/// Texts with their tokens in `cl100k_base`: prose, Markdown, code, JSON, numbers, other scripts.
const COUNTED: [(&str, usize); 11] = [
    (
        "The river rises in the mountains and runs south, where many smaller streams join it. In spring, when the snow melts, it leaves its banks and floods the meadows. Villagers learned long ago to build their houses on piles and to keep the grain upstairs.",
        53,
    ),
    (
        "## Cooling\n\n- Check the *pressure* of the loop (1.5 bar).\n- Replace the `filter` every 6 months, see [the manual](manual.md).\n",
        37,
    ),
    (
        "fn refill(&mut self, now: f64) {\n    let passed = now - self.last_seen;\n    self.level = (self.level + passed * self.rate).min(self.capacity);\n}\n",
        40,
    ),
    (
        "{\"id\": 17, \"name\": \"user_17\", \"tags\": [\"alpha\", \"beta\"], \"active\": true, \"score\": 0.8125}",
        37,
    ),
    ("12.5,-873.0041,19.2\n450.77,3,-0.5\n1984,2026,31\n", 31),
    ("河流发源于山区,向南流入平原。春天雪化的时候,河水漫过堤岸,淹没草地。", 45),
    ("川は山から始まり、平野へと流れていきます。雨の季節になると水かさが増します。", 41),
    ("강은 산에서 시작하여 평야로 흐른다. 장마철이 되면 물이 불어나 논밭이 잠기기도 한다.", 50),
    ("Река берёт начало в горах и течёт на юг, собирая воду множества притоков.", 43),
    ("تبدأ رحلة الماء من قمم الجبال حيث يتجمع الثلج في الشتاء ثم يذوب في الربيع.", 49),
    ("नदी पहाड़ों से निकलती है और मैदानों की ओर बहती है।", 51),
];

/// Languages in Latin letters, of which the vocabulary knows less than of English.
const FOREIGN: [(&str, usize); 3] = [
    (
        "Der Fluss entspringt im Gebirge und fließt nach Süden, wo ihm viele kleinere Bäche zufließen. Im Frühjahr tritt er über die Ufer und überschwemmt die Wiesen.",
        53,
    ),
    (
        "La rivière prend sa source dans les montagnes et coule vers le sud. Au printemps, quand la neige fond, elle déborde et inonde les prairies.",
        41,
    ),
    ("Joki saa alkunsa vuorilta ja virtaa etelään keräten vettä monista sivujoista.", 31),
];

fn ratio((text, tokens): (&str, usize)) -> f64 {
    Estimate::OPENAI.count(text) as f64 / tokens as f64
}

#[test]
fn estimates_lie_above_the_count_but_not_far() {
    for row in COUNTED {
        assert!((1.0..1.3).contains(&ratio(row)), "{:.3}: {}", ratio(row), row.0);
    }
    for row in FOREIGN {
        assert!((0.75..1.1).contains(&ratio(row)), "{:.3}: {}", ratio(row), row.0);
    }
}

#[test]
fn other_vocabularies_split_numbers_into_digits() {
    assert_eq!(Estimate::OPENAI.count("1234567"), 4);
    assert_eq!(Estimate::OTHERS.count("1234567"), 7);
    assert_eq!(Estimate::OTHERS.count(""), 0);
}

proptest! {
    #[test]
    fn parts_count_no_more_than_their_whole_and_no_less_together(
        a in "\\PC{0,20}|[a-zA-Z0-9 \n.é漢]{0,20}",
        b in "\\PC{0,20}|[a-zA-Z0-9 \n.é漢]{0,20}",
    ) {
        for estimate in [Estimate::OPENAI, Estimate::OTHERS] {
            let whole = estimate.count(&format!("{a}{b}"));
            prop_assert!(whole <= estimate.count(&a) + estimate.count(&b));
            prop_assert!(whole >= estimate.count(&a).max(estimate.count(&b)));
        }
    }
}
