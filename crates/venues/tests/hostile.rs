//! Whatever the bytes, the answer is a value or an error: nothing panics.

use keelmark_venues::deribit;
use proptest::prelude::*;

const JSON: &str = r#"{"jsonrpc":"2.0","result":[
{"instrument_name":"BTC-27MAR26-70000-C","mark_price":0.05,"mark_iv":50.0,"bid_price":null,
"ask_price":0.051,"underlying_price":70100.0,"underlying_index":"BTC-27MAR26",
"estimated_delivery_price":70000.0,"creation_timestamp":1773428415531},
{"instrument_name":"BTC-27MAR26-70000-P","mark_price":0.0485,"bid_price":0.048,"ask_price":0.049,
"underlying_price":70100.0,"underlying_index":"SYN.BTC-27MAR26",
"estimated_delivery_price":70000.0,"creation_timestamp":1773428415531}]}"#;
const CSV: &str = "instrument_name,mark_price,bid_price,creation_timestamp,\
estimated_delivery_price,underlying_price,underlying_index
ETH-27MAR26-2000-C,0.1,,1773428415530,2222.19,2223.1,SYN.ETH-27MAR26
ETH-27MAR26-2000-P,0.0001,0.0001,1773428415531,2222.19,2223.1,ETH-26JUN26
";
const POSITIONS: &str = r#"[{"instrument_name":"BTC-PERPETUAL","size":-50,"direction":"sell",
"average_price":7440.18,"mark_price":7476.65,"settlement_price":7476.65,"floating_profit_loss":0},
{"instrument_name":"BTC-27MAR26-70000-C","size":0.1,"average_price":0.04,"mark_price":0.05}]"#;
const INSTRUMENTS: &str = r#"[{"instrument_name":"BTC-27MAR26","contract_size":10,
"min_trade_amount":10,"expiration_timestamp":1774598400000}]"#;
const SUMMARY: &str = r#"{"result":{"id":1,"summaries":[{"currency":"BTC","balance":1e0,
"equity":1.0,"futures_session_rpl":-1e-8,"margin_model":"cross_pm"}]}}"#;
const ALL: [&str; 5] = [JSON, CSV, POSITIONS, INSTRUMENTS, SUMMARY];

/// Pieces that numbers, names and structure break on.
const PIECES: [&str; 18] = [
    "",
    "-",
    "0",
    "9",
    "e",
    "1e300",
    "1e-300",
    "1e20",
    "-1e19",
    "null",
    "\"",
    "{",
    "]",
    ",",
    "\n",
    "d",
    "é",
    "9223372036854775807",
];

fn import_all(name: &str, bytes: &[u8]) {
    let _ = deribit::import(&[(name, bytes)], None);
    let files = [(name, bytes), ("chain", JSON.as_bytes()), ("held", POSITIONS.as_bytes())];
    let _ = deribit::import(&files, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        import_all("f", &bytes);
    }

    #[test]
    fn any_text_that_begins_like_a_reply(text in "[\\[{][\\[\\]{}\":,0-9eE.a-z_ -]{0,200}") {
        import_all("f", text.as_bytes());
    }

    #[test]
    fn valid_files_with_bytes_changed(
        which in 0..ALL.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = ALL[which].as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        import_all("f", &bytes);
    }

    #[test]
    fn valid_files_with_a_token_replaced(
        which in 0..ALL.len(),
        at in any::<prop::sample::Index>(),
        length in 0..12usize,
        piece in prop::sample::select(PIECES.to_vec()),
    ) {
        let text = ALL[which].as_bytes();
        let from = at.index(text.len());
        let to = (from + length).min(text.len());
        let bytes = [&text[..from], piece.as_bytes(), &text[to..]].concat();
        import_all("f", &bytes);
    }
}

#[test]
fn the_files_are_valid_before_they_are_changed() {
    for text in ALL {
        let files = [("chain", JSON.as_bytes()), ("f", text.as_bytes())];
        let files = if text == JSON { &files[..1] } else { &files[..] };
        deribit::import(files, None).unwrap();
    }
}

#[test]
fn extremes_of_numbers_are_refused_or_held() {
    for number in ["1e19", "-1e19", "1.7e20", "1e-18", "1e-30", "0", "-0", "\"5\"", "1e400"] {
        for field in ["0.05", "50.0", "70100.0", "70000.0", "1773428415531", "0.048,"] {
            let text = JSON.replacen(field, number, 1);
            import_all("f", text.as_bytes());
        }
        for field in ["-50", "7440.18", "7476.65", "0.1"] {
            let text = POSITIONS.replacen(field, number, 1);
            import_all("f", text.as_bytes());
        }
    }
    let deep = "[".repeat(100_000);
    import_all("f", deep.as_bytes());
}
