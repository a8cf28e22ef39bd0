#![forbid(unsafe_code)]

use proptest::prelude::*;

use super::{FormatError, Table, TableError};

/// Two pieces of four dimensions.
fn good() -> Vec<u8> {
    let header = br#"{"table.q4":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"table.scale":{"dtype":"F16","shape":[2,1],"data_offsets":[4,8]}}"#;
    file(header, &[0x80, 0xf7, 0x98, 0x00, 0x00, 0x3c, 0x00, 0x38])
}

fn file(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

#[test]
fn a_table_is_unpacked() {
    let table = Table::read(&good()).unwrap();
    assert_eq!((table.rows(), table.dimensions()), (2, 4));
    assert_eq!(table.values(), [-8, 0, -1, 7, 0, 1, -8, -8]);
    assert_eq!([0, 1].map(|row| table.scale(row).to_bits()), [1.0f32, 0.5].map(f32::to_bits));
}

#[test]
fn a_hostile_file_is_an_error() {
    let entry = |kind: &str, shape: &str, offsets: &str| {
        format!(
            r#"{{"table.q4":{{"dtype":"{kind}","shape":{shape},"data_offsets":{offsets}}},"table.scale":{{"dtype":"F16","shape":[2,1],"data_offsets":[4,8]}}}}"#
        )
    };
    let extent = || TableError::Format(FormatError::Extent { name: "table.q4".into() });
    let malformed = || TableError::Format(FormatError::Entry { name: "table.q4".into() });
    let data = [0; 8];
    for (header, expected) in [
        ("{}".to_owned(), TableError::Format(FormatError::Missing { name: "table.q4".into() })),
        ("[]".to_owned(), TableError::Format(FormatError::Header)),
        ("{".to_owned(), TableError::Format(FormatError::Header)),
        (r#"{"table.q4":7}"#.to_owned(), malformed()),
        (entry("U8", "[2,2]", "[0]"), malformed()),
        (entry("U8", "[2,-2]", "[0,4]"), malformed()),
        (entry("U8", "[2,2]", "[0,5]"), extent()),
        (entry("U8", "[2,2]", "[4,0]"), extent()),
        (entry("U8", "[2,50]", "[0,100]"), extent()),
        (entry("U8", "[4294967296,4294967296]", "[0,0]"), extent()),
        (entry("F64", "[2,2]", "[0,4]"), extent()),
        (entry("U8", "[1,4]", "[0,4]"), TableError::Scales { rows: 1, scales: 2 }),
        (
            entry("U8", "[4]", "[0,4]"),
            TableError::Shape {
                name: "table.q4",
                found: "U8 of shape [4]".into(),
                expected: "a matrix of U8 with at least one row and column",
            },
        ),
    ] {
        assert_eq!(Table::read(&file(header.as_bytes(), &data)).unwrap_err(), expected, "{header}");
    }
    assert_eq!(
        Table::read(&[1, 2, 3]).unwrap_err(),
        TableError::Format(FormatError::Short { bytes: 3 })
    );
    assert_eq!(
        Table::read(&[255; 20]).unwrap_err(),
        TableError::Format(FormatError::HeaderLength { bytes: u64::MAX })
    );
}

#[test]
fn a_scale_that_is_no_number_is_refused() {
    for bits in [0x7c00u16, 0x7e00, 0xfc00, 0xbc00] {
        let mut file = good();
        let end = file.len();
        file[end - 2..].copy_from_slice(&bits.to_le_bytes());
        assert_eq!(Table::read(&file).unwrap_err(), TableError::Scale { row: 1 }, "{bits:#x}");
    }
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(at in 0usize..250, byte in any::<u8>(), length in 0usize..300) {
        let mut file = good();
        let at = at % file.len();
        file[at] = byte;
        file.truncate(length);
        // Either outcome is right; a flipped bit in the values is another valid table.
        if let Ok(table) = Table::read(&file) {
            prop_assert_eq!(table.values().len(), table.rows() * table.dimensions());
        }
    }
}
