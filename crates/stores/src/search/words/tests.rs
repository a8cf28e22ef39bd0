use super::*;
use crate::search::fold::fold;
use proptest::prelude::*;
use rusqlite::{Connection, OptionalExtension as _};
use std::convert::Infallible;

fn index(texts: &[&str]) -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(
        "CREATE VIRTUAL TABLE fts USING fts5(text, content='', contentless_delete=1,
           tokenize='unicode61 remove_diacritics 2');
         CREATE VIRTUAL TABLE word USING fts5vocab(fts, row);",
    )
    .unwrap();
    for (i, text) in texts.iter().enumerate() {
        let row = (i as i64, index_text(text));
        conn.execute("INSERT INTO fts(rowid, text) VALUES(?1, ?2)", row).unwrap();
    }
    conn
}

fn expression(typed: &str, documents: &dyn Fn(&str) -> u64) -> Option<String> {
    let mut count = |phrase: &str, most: u64| Ok::<_, Infallible>(documents(phrase).min(most));
    match_expression(typed, &mut count).unwrap()
}

fn plain(typed: &str) -> String {
    expression(typed, &|_| 1).unwrap_or_default()
}

fn found(conn: &Connection, typed: &str) -> rusqlite::Result<Vec<i64>> {
    let Some(expression) = expression(typed, &|_| 1) else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached("SELECT rowid FROM fts WHERE fts MATCH ?1").unwrap();
    statement.query_map([expression], |row| row.get(0))?.collect()
}

#[test]
fn what_is_typed_becomes_quoted_words() {
    for (typed, expected) in [
        ("", ""),
        ("  \t\n", ""),
        ("!?*()\"\"", ""),
        ("\0", ""),
        ("rust", r#""rust""#),
        ("Rust  borrow-checker!", r#""rust" OR "borrow" OR "checker""#),
        (
            "a AND b OR NOT c NEAR d",
            r#""a" OR "and" OR "b" OR "or" OR "not" OR "c" OR "near" OR "d""#,
        ),
        ("text:secret ^first x*", r#""text" OR "secret" OR "first" OR "x""#),
        ("rust Rust RUST", r#""rust""#),
        ("the \"borrow checker\" rules", r#""the" OR "borrow checker" OR "rules""#),
        ("„Fahr plan“ heute", r#""fahr plan" OR "heute""#),
        ("\"not closed", r#""not" OR "closed""#),
        ("it's", r#""it" OR "s""#),
        ("nul\0byte", r#""nul" OR "byte""#),
        ("東京", r#""東 京""#),
        ("京", r#""京""#),
        ("東京都", r#""東 京" OR "京 都""#),
        ("GPT模型", r#""gpt" OR "模 型""#),
        ("\"東京都 map\"", r#""東 京 都 map""#),
        ("ไทย", r#""ไ ท ย""#),
        ("ไทยดี", r#""ไ ท ย" OR "ท ย ด" OR "ย ด ี""#),
    ] {
        assert_eq!(plain(typed), expected, "{typed:?}");
    }
}

#[test]
fn texts_of_scripts_without_spaces_are_spaced_and_others_borrowed() {
    assert!(matches!(index_text("plain, größer, привет, 한국어"), Cow::Borrowed(_)));
    assert_eq!(
        index_text("see 東京 now").split_whitespace().collect::<Vec<_>>(),
        ["see", "東", "京", "now"]
    );
}

#[test]
fn a_part_of_a_sentence_is_found_in_every_script() {
    let texts = [
        "the borrow checker refuses two writers",
        "私は東京都に住んでいます",
        "机器学习模型需要大量数据",
        "ฉันชอบกินข้าวผัด",
        "ຂ້ອຍມັກກິນເຂົ້າ",
        "ខ្ញុំចូលចិត្តបាយ",
        "ကျွန်တော်ထမင်းစားသည်",
        "съешь ещё этих мягких булок",
        "Ξεσκεπάζω την ψυχοφθόρα",
        "ποδήλατο στη βροχή",
        "한국어 문장을 찾는다",
        "هذه جملة عربية",
        "यह हिन्दी का वाक्य है",
        "crème brûlée coûte",
    ];
    let conn = index(&texts);
    for (typed, expected) in [
        ("checker", 0),
        ("東京", 1),
        ("住んで", 1),
        ("学习", 2),
        ("模型需要", 2),
        ("ข้าวผัด", 3),
        ("ເຂົ້າ", 4),
        ("បាយ", 5),
        ("ထမင်း", 6),
        ("МЯГКИХ", 7),
        ("ψυχοφθόρα", 8),
        ("Ποδήλατο", 9),
        ("문장을", 10),
        ("عربية", 11),
        ("हिन्दी", 12),
        ("creme", 13),
        ("BRÛLÉE", 13),
    ] {
        assert_eq!(found(&conn, typed).unwrap(), [expected], "{typed}");
    }
}

#[test]
fn a_phrase_is_found_only_in_its_order() {
    let conn = index(&["borrow the checker", "the borrow checker", "checker borrow"]);
    assert_eq!(found(&conn, "\"borrow checker\"").unwrap(), [1]);
    assert_eq!(found(&conn, "borrow checker").unwrap(), [0, 1, 2]);
}

#[test]
fn common_words_are_left_out_when_rarer_ones_are_there() {
    let documents = |phrase: &str| match phrase {
        r#""the""# => POSTINGS_MAX * 8,
        r#""of""# => POSTINGS_MAX * 7,
        r#""system""# => POSTINGS_MAX - 10,
        r#""borrow""# | r#""of the borrow""# => 10,
        r#""check""# => 11,
        _ => 0,
    };
    for (typed, expected) in [
        ("the check of", r#""check""#),
        ("the system", r#""system""#),
        ("system borrow", r#""system" OR "borrow""#),
        ("system check", r#""check""#),
        ("the of", r#""of""#),
        ("unknown the of", r#""of""#),
        ("unknown", ""),
        ("\"of the borrow\"", r#""of the borrow""#),
    ] {
        assert_eq!(expression(typed, &documents).unwrap_or_default(), expected, "{typed}");
    }
}

#[test]
fn not_more_words_are_looked_for_than_the_limit() {
    let typed: Vec<String> = (0..500).map(|i| format!("w{i}")).collect();
    assert_eq!(plain(&typed.join(" ")).matches(" OR ").count(), TERMS_MAX - 1);
    let phrase = plain(&format!("\"{}\"", typed.join(" ")));
    assert_eq!(phrase.split(' ').count(), PHRASE_TOKENS_MAX);
    let sentence = "東京都".repeat(5000);
    assert!(found(&index(&[&sentence]), &sentence).is_ok_and(|found| found == [0]));
}

#[test]
fn folding_gives_the_words_of_the_index() {
    let conn = index(&[]);
    let scripts = [0x41..0x530_u32, 0x1e00..0x2000];
    let mut known = 0;
    // Rare, and newer than SQLite's tables or decomposed twice.
    let others = ['\u{1e0}', '\u{1e1}', '\u{37f}', '\u{528}', '\u{52a}', '\u{52c}', '\u{52e}'];
    let letters = scripts.into_iter().flatten().filter_map(char::from_u32);
    for c in letters.filter(|c| !others.contains(c)) {
        conn.execute("INSERT INTO fts(rowid, text) VALUES(9, ?1)", [c.to_string()]).unwrap();
        let term: Option<String> =
            conn.query_row("SELECT term FROM word", [], |row| row.get(0)).optional().unwrap();
        conn.execute("DELETE FROM fts WHERE rowid = 9", []).unwrap();
        if let Some(term) = term {
            assert_eq!(fold(&c.to_string()), term, "{c} U+{:04X}", u32::from(c));
            known += 1;
        }
    }
    assert!(known > 1500, "{known}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_input_is_an_error_of_the_full_text(
        typed in prop_oneof![any::<String>(), r#"[a-z"'*^:(){}+\-.,\x00 東ไNEAROT“]{0,40}"#],
    ) {
        thread_local! {
            static INDEX: Connection = index(&["a b c", "near or not", "東京"]);
        }
        let result = INDEX.with(|conn| found(conn, &typed));
        prop_assert!(result.is_ok(), "{typed:?}: {result:?}");
    }

    #[test]
    fn pieces_lose_nothing(typed in any::<String>()) {
        let mut again = String::new();
        for piece in pieces(&typed) {
            match piece {
                Piece::Word(text) | Piece::Gap(text) | Piece::Quoted(text) => again.push_str(text),
            }
        }
        let quotes = |text: &str| text.replace(is_quote, "");
        prop_assert_eq!(quotes(&again), quotes(&typed));
    }
}
