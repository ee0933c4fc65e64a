//! The charges `concentration` and `liquidity`: what closing costs beyond the move of prices.

use crate::set::{DOCUMENT, account, bound, market};
use keelmark_book::{Money, Order, Quantity};
use keelmark_margin::{Document, MarginError, margin};

/// The shared document with one more charge, which its levels ask for.
fn with(charge: &str) -> Document {
    let proxy = "[scan.proxy]\nSOL = \"ETH\"\n\n[[charge]]";
    let text = DOCUMENT
        .replace("[[charge]]", proxy)
        .replace("[levels]", &format!("[[charge]]\nname = \"costs\"\n{charge}\n\n[levels]"))
        .replace("= \"worst\"\n", "= \"worst + costs\"\n");
    // The name of the first charge is no level.
    bound(&text.replacen("name = \"worst + costs\"", "name = \"worst\"", 1))
}

fn costs(document: &Document, held: &[(&str, &str)]) -> Result<Money, MarginError> {
    let market = market();
    let found = margin(document, &market, &account(&market, held))?;
    Ok(found.pools[0].charges[1].plain.amount)
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn a_size_beyond_a_share_of_the_volume_is_charged() {
    let document = |fields: &str| {
        with(&format!("kind = \"concentration\"\nvolume = \"1000\"\nshare = \"0.25\"\n{fields}"))
    };
    let sol = |lots| [("v:SOL/USDC:USDC", lots)];
    let one = document("rate = \"0.05\"");
    assert_eq!(costs(&one, &sol("3000")).unwrap(), money("37812.5"));
    assert_eq!(costs(&one, &sol("-3000")).unwrap(), money("37812.5"));
    assert_eq!(costs(&one, &sol("250")).unwrap(), Money::ZERO);
    let root = document("rate = \"0.02\"\nexponent = \"0.5\"");
    assert_eq!(costs(&root, &sol("100")).unwrap(), Money::ZERO);
    let found = costs(&root, &sol("1250")).unwrap();
    assert!((found.to_f64() - 2_000.0).abs() < 1e-9, "{found}");
    // Ten perpetuals against ten futures are nothing net, and twenty in all.
    let hedged = [("v:BTC/USDC:USDC", "10"), ("v:BTC/USDC:USDC-260612", "-10")];
    let small = |count: &str| {
        with(&format!(
            "kind = \"concentration\"\nvolume = \"10\"\nshare = \"1\"\nrate = \"0.1\"\n{count}"
        ))
    };
    assert_eq!(costs(&small(""), &hedged).unwrap(), Money::ZERO);
    assert_eq!(costs(&small("count = \"gross\""), &hedged).unwrap(), money("70000"));
}

#[test]
fn orders_that_can_fill_count_in_the_size() {
    let document =
        with("kind = \"concentration\"\nvolume = \"1000\"\nshare = \"0.25\"\nrate = \"0.05\"");
    let market = market();
    let mut account = account(&market, &[("v:SOL/USDC:USDC", "1000")]);
    let instrument = market.instruments.find("v:SOL/USDC:USDC").unwrap();
    for quantity in ["2000", "-500"] {
        let quantity = Quantity::new(quantity.parse().unwrap());
        account.orders.push(Order { instrument, quantity, price: None });
    }
    let found = margin(&document, &market, &account).unwrap();
    let charge = &found.pools[0].charges[1];
    assert_eq!(charge.with_orders.as_ref().unwrap().amount, money("37812.5"));
}

#[test]
fn the_spread_is_of_everything_and_the_impact_of_what_is_left() {
    let fields = "kind = \"liquidity\"\nhalf_spread = \"0.001\"\n";
    let hedged = [("v:BTC/USDC:USDC", "1"), ("v:BTC/USDC:USDC-260612", "-1")];
    assert_eq!(costs(&with(fields), &hedged).unwrap(), money("140"));
    let impact = with(&format!("{fields}impact = \"0.5\"\nvolume = \"100\""));
    assert_eq!(costs(&impact, &hedged).unwrap(), money("140"));
    // One of a hundred: a tenth of 50 % of 70,000, on top of 70.
    let found = costs(&impact, &hedged[..1]).unwrap();
    assert!((found.to_f64() - 3_570.0).abs() < 1e-6, "{found}");
    // Two options of opposite vega pay the spread of volatility twice.
    let vol = with(&format!("{fields}vol_half_spread = \"0.01\""));
    let call = "v:BTC/USDC:USDC-260612-80000-C";
    let (one, plain) = ([(call, "2")], with(fields));
    let extra = costs(&vol, &one).unwrap().minus(costs(&plain, &one).unwrap()).unwrap();
    let years: f64 = 91.0 / 365.0;
    let d1 = ((71_000.0f64 / 80_000.0).ln() + 0.125 * years) / (0.5 * years.sqrt());
    let vega =
        71_000.0 * years.sqrt() * (-d1 * d1 / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    assert!((extra.to_f64() / (0.02 * vega) - 1.0).abs() < 1e-6, "{extra}");
}

#[test]
fn numbers_by_underlying_are_asked_for_by_name() {
    let document = with("kind = \"liquidity\"\nhalf_spread = { ETH = \"0.001\" }");
    let error = costs(&document, &[("v:BTC/USDC:USDC", "1")]).unwrap_err().to_string();
    assert_eq!(error, "the document has no half_spread for BTC: add one, or a default");
    let text = "kind = \"liquidity\"\nhalf_spread = \"0.001\"\nimpact = \"0.5\"";
    let failed =
        Document::parse("x", &DOCUMENT.replace("kind = \"worst-loss\"\nover = \"history\"", text));
    assert!(failed.unwrap_err().to_string().contains("impact: expected a volume beside it"));
}
