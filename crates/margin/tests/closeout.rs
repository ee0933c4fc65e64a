//! Close-outs against plain fractions, their order, and the ends of what a contract can count.

#![allow(clippy::unwrap_used, reason = "a test that cannot compute has failed")]

use keelmark_margin::closeout::insurance_fee::{BorrowFee, PerpetualFee};
use keelmark_margin::closeout::shortage::{BorrowShortage, Cover, PerpetualShortage};
use keelmark_margin::closeout::transfer::{Side, asset_taken_for, liability_paid_by};
use keelmark_margin::closeout::{
    Account, CloseoutError, Contract, Fractions, Integer, OpenInterestScale, Perpetual, Places,
    Position, Standing, bankruptcy, fillable, funding_clamp, inactivity, insurance, pace,
    size_weight, social_loss, spot_orders,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

const PLACES: Places = Places {
    price: 6,
    quote: 6,
    base: 9,
    weight: 4,
    fee: 6,
    size_factor: 6,
    share: 4,
    funding: 9,
    guard: 1,
};
const WHOLE: i64 = 1_000_000;

fn ratio(a: &Integer, b: &Integer) -> BigRational {
    let big = |one: &Integer| one.to_string().parse::<BigInt>().unwrap();
    BigRational::new(big(a), big(b))
}

fn of(a: &Integer) -> BigRational {
    ratio(a, &Integer::from(1))
}

fn whole(value: &BigRational) -> Integer {
    assert!(value.is_integer());
    value.to_integer().to_string().parse().unwrap()
}

fn tens(power: i32) -> BigRational {
    of(&Integer::from(10)).pow(power)
}

/// Sizes from one to all bits, so that small and extreme ones are as likely.
fn wide() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
}

fn fractions() -> impl Strategy<Value = Fractions> {
    (0..=WHOLE, 0..=WHOLE, wide(), wide(), any::<bool>()).prop_map(|(initial, share, a, b, off)| {
        let upper = if off { 0 } else { a.max(b) };
        Fractions {
            whole: WHOLE.into(),
            initial: initial.into(),
            maintenance: share.into(),
            scale: OpenInterestScale { lower: a.min(b).min(upper).into(), upper: upper.into() },
        }
    })
}

fn contract() -> impl Strategy<Value = Contract> {
    (wide(), -12i32..3, -12i32..-3).prop_map(|(price, price_exponent, base_exponent)| Contract {
        price: price.into(),
        price_exponent,
        base_exponent,
        quote_exponent: -6,
    })
}

fn position() -> impl Strategy<Value = Position> {
    (contract(), fractions(), wide(), wide(), any::<bool>()).prop_map(
        |(contract, fractions, open, size, short)| {
            let size = Integer::from(size.max(1));
            let quanta = if short { -size } else { size };
            let perpetual = Perpetual { contract, fractions, open_interest: open.into() };
            Position { perpetual, quanta }
        },
    )
}

/// Net collateral in hundredths of maintenance margin, from well below zero to above it.
fn account() -> impl Strategy<Value = Account> {
    (proptest::collection::vec(position(), 1..4), -300i64..300).prop_map(
        |(positions, hundredths)| {
            let mut account = Account { quote: Integer::default(), positions };
            let Standing { net, maintenance, .. } = account.standing().unwrap();
            let wanted = &maintenance * &Integer::from(hundredths);
            let toward = keelmark_margin::closeout::Toward::Zero;
            account.quote = wanted.over(&Integer::from(100), toward).unwrap() - net;
            account
        },
    )
}

fn standing(small: bool) -> impl Strategy<Value = Standing> {
    (any::<i128>(), any::<u128>()).prop_map(move |(net, maintenance)| {
        if small {
            Standing::new(net % 4, 0, maintenance % 4)
        } else {
            Standing::new(net, 0, maintenance)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// As a fraction it is exact; as an integer it is the next one up.
    #[test]
    fn requirements_are_the_fraction_rounded_up(one in position()) {
        let Position { perpetual, quanta } = &one;
        let Contract { price, price_exponent, base_exponent, .. } = &perpetual.contract;
        let value = |size: &Integer| {
            let exact = of(size) * of(price) * tens(price_exponent + base_exponent + 6);
            exact.trunc()
        };
        let (notional, open) = (value(&quanta.abs()), value(&perpetual.open_interest));
        prop_assert_eq!(perpetual.contract.notional(&quanta.abs()).unwrap(), whole(&notional));
        let f = &perpetual.fractions;
        let part = |one: &Integer| ratio(one, &f.whole);
        let mut fraction = of(&f.initial);
        if !f.scale.upper.is_zero() && open > of(&f.scale.lower) {
            let rest = of(&f.whole) - &fraction;
            let (lower, upper) = (of(&f.scale.lower), of(&f.scale.upper));
            fraction = if open >= upper {
                of(&f.whole)
            } else {
                (fraction + rest * (&open - &lower) / (upper - &lower)).floor()
            };
        }
        let initial = &notional * fraction / of(&f.whole);
        prop_assert_eq!(perpetual.initial_margin(quanta).unwrap(), whole(&initial.ceil()));
        let maintenance = (&notional * part(&f.initial)).ceil() * part(&f.maintenance);
        let found = perpetual.maintenance_margin(quanta).unwrap();
        prop_assert!(of(&found) >= &notional * part(&f.initial) * part(&f.maintenance));
        prop_assert_eq!(found, whole(&maintenance.ceil()));
    }

    #[test]
    fn the_scaled_fraction_never_falls(f in fractions(), a in wide(), b in wide()) {
        let at = |open: u64| f.scaled_initial(&open.into()).unwrap();
        prop_assert!(at(a.min(b)) <= at(a.max(b)));
        prop_assert!(f.initial <= at(a) && at(a) <= f.whole);
        let clamp = funding_clamp::most(&f, &a.into()).unwrap();
        prop_assert!(!clamp.is_negative());
    }

    #[test]
    fn a_bankruptcy_price_leaves_the_rest_as_it_stood(account in account(), part in 1u64..=100) {
        let before = account.standing().unwrap();
        let held = &account.positions[0];
        let part = (&held.quanta.abs() * &part.into())
            .over(&100.into(), keelmark_margin::closeout::Toward::Up)
            .unwrap();
        let change = if held.quanta.is_negative() { part } else { -part };
        let found = bankruptcy::price(&account, 0, &change);
        if before.maintenance.is_zero() {
            let refused = matches!(found, Err(CloseoutError::NoMaintenance { .. }));
            prop_assert!(refused);
            return Ok(());
        }
        let price = found.unwrap();
        let mut after = account.clone();
        after.quote = after.quote + &price;
        after.positions[0].quanta = &held.quanta + &change;
        let after = after.standing().unwrap();
        // Net over maintenance is what it was, to the quantum that the price rounds up.
        let kept = ratio(&before.net, &before.maintenance) * of(&after.maintenance);
        let gained = of(&after.net) - kept;
        prop_assert!(gained >= of(&0.into()) && gained < of(&1.into()), "{gained}");
        // What the fund is paid never passes the cap, nor what the fill left.
        let quote = price.abs();
        let fill = insurance::Fill { buys: !change.is_negative(), base: change.abs(), quote };
        let delta = insurance::delta(&account, 0, &fill, &5000.into(), &WHOLE.into()).unwrap();
        let cap = insurance::fee_cap(&fill.quote, &5000.into(), &WHOLE.into()).unwrap();
        prop_assert!(delta <= cap && delta <= fill.proceeds() - price);
        prop_assert!(insurance::bears(&delta.abs(), &delta));
    }

    #[test]
    fn a_fillable_price_is_the_fraction(
        account in account(), adjustment in 0i64..5_000_000, wide in 0i64..2_000_000,
    ) {
        let before = account.standing().unwrap();
        let spread = fillable::Spread {
            whole: WHOLE.into(),
            bankruptcy_adjustment: adjustment.into(),
            to_maintenance: wide.into(),
        };
        let found = fillable::price(&account, 0, &spread);
        if before.maintenance.is_zero() {
            prop_assert!(found.is_err());
            return Ok(());
        }
        let part = |one: i64| ratio(&one.into(), &WHOLE.into());
        let Position { perpetual, quanta } = &account.positions[0];
        let missing = of(&1.into()) - ratio(&before.net, &before.maintenance);
        let rating = (part(adjustment) * missing).clamp(of(&0.into()), of(&1.into()));
        let margin = of(&perpetual.maintenance_margin(quanta).unwrap());
        let notional = of(&perpetual.contract.notional(quanta).unwrap());
        let exact = (notional - rating * part(wide) * margin) / of(quanta);
        let found = found.unwrap();
        prop_assert_eq!(ratio(found.numerator(), found.denominator()), exact.clone());
        prop_assert_eq!(found.numerator().to_string(), exact.numer().to_string());
        prop_assert_eq!(found.denominator().to_string(), exact.denom().to_string());
    }

    #[test]
    fn risk_order_is_total(
        a in prop_oneof![standing(true), standing(false)],
        b in prop_oneof![standing(true), standing(false)],
        c in prop_oneof![standing(true), standing(false)],
    ) {
        prop_assert!(a.risk_order(&a).is_eq());
        prop_assert_eq!(a.risk_order(&b), b.risk_order(&a).reverse());
        if a.risk_order(&b).is_le() && b.risk_order(&c).is_le() {
            prop_assert!(a.risk_order(&c).is_le());
        }
        // Who is closed is at least as risky as who is not and holds something.
        if a.is_liquidatable() && !b.is_liquidatable() && b.maintenance.is_positive() {
            prop_assert!(a.risk_order(&b).is_gt());
        }
    }

    #[test]
    fn what_covers_a_shortage_covers_it(
        shortage in wide(), ratio_ in 1u32..10_000, fee in 0u32..100_000, fund in 0u32..50_000,
        oracle in wide(), quote in 900_000u64..1_100_000,
    ) {
        let one = |shortage: u64| PerpetualShortage {
            shortage: shortage.into(),
            margin_ratio: ratio_.into(),
            liquidator_fee: fee.into(),
            insurance_fee: fund.into(),
            oracle_price: oracle.into(),
            quote_price: quote.into(),
        }.cover(&PLACES);
        let unlimited = oracle == 0 || 100 * ratio_ <= fee;
        match one(shortage) {
            Ok(Cover::Amount(amount)) => {
                prop_assert!(!unlimited);
                // By fractions, a unit frees at least what it frees after cuts, less one quantum
                // for each of two cuts; so the amount is no smaller than the fraction's.
                let part = |n: u32| ratio(&n.into(), &WHOLE.into());
                let price = of(&oracle.into()) * ratio(&quote.into(), &WHOLE.into());
                let freed = price * part(100 * ratio_ - fee) - of(&oracle.into()) * part(fund);
                let least = of(&shortage.into()) * tens(9) / (freed + of(&1.into()));
                prop_assert!(of(&amount) >= least.floor());
                if let Ok(Cover::Amount(more)) = one(shortage.saturating_add(1)) {
                    prop_assert!(more >= amount);
                }
            }
            Ok(Cover::Unlimited) => prop_assert!(unlimited),
            Err(error) => prop_assert_eq!(error, CloseoutError::NothingFreed),
        }
    }

    #[test]
    fn a_loss_is_spread_in_full(loss in wide(), long in wide(), short in wide()) {
        let (loss, long, short) = (Integer::from(loss), Integer::from(long), -Integer::from(short));
        let found = social_loss::funding_index(&-&loss, &long, &short, &PLACES);
        let held = long.abs() + short.abs();
        if held.is_zero() {
            prop_assert_eq!(found, Err(CloseoutError::NoOpenInterest));
        } else {
            prop_assert!(of(&found.unwrap()) * of(&held) / tens(12) >= of(&loss));
        }
        let index = social_loss::deposit_index(&loss, &long, &10_000_000_000i64.into()).unwrap();
        if !long.is_zero() {
            prop_assert!(of(&index) * of(&long) >= of(&loss) * tens(10));
        }
    }

    #[test]
    fn size_only_makes_weights_worse(
        a in any::<u128>(), b in any::<u128>(), factor in 0u32..1_000_000, weight in 0i64..20_000,
    ) {
        let scale = size_weight::SizeScale {
            factor: factor.into(), asset_headroom: 10, liability_headroom: 5,
        };
        let (small, large, weight) = (a.min(b).into(), a.max(b).into(), weight.into());
        let asset = |size| scale.asset(size, 6, &weight, &PLACES).unwrap();
        let liability = |size| scale.liability(size, 6, &weight, &PLACES).unwrap();
        prop_assert!(asset(&large) <= asset(&small) && asset(&small) <= weight);
        prop_assert!(liability(&large) >= liability(&small) && liability(&small) >= weight);
    }
}

/// Every number that a contract of 64 bits can hold at its ends, and zero: an answer or an error.
#[test]
fn ends_of_the_range_are_answered_or_refused() {
    let ends = [0i64, 1, -1, i64::MAX, i64::MIN];
    for a in ends {
        for b in ends {
            for c in ends {
                one_of_each(&a.into(), &b.into(), &c.into(), a as i32);
            }
        }
    }
}

fn one_of_each(a: &Integer, b: &Integer, c: &Integer, exponent: i32) {
    let [x, y, z] = [a, b, c].map(Integer::clone);
    let contract = Contract {
        price: x.clone(),
        price_exponent: exponent,
        base_exponent: exponent,
        quote_exponent: i32::MIN,
    };
    let scale = OpenInterestScale { lower: y.clone(), upper: z.clone() };
    let fractions =
        Fractions { whole: z.clone(), initial: y.clone(), maintenance: x.clone(), scale };
    let _ = funding_clamp::most(&fractions, &x);
    let usual =
        Contract { price_exponent: -5, base_exponent: -8, quote_exponent: -6, ..contract.clone() };
    for contract in [contract, usual] {
        let perpetual =
            Perpetual { contract, fractions: fractions.clone(), open_interest: z.clone() };
        let positions = vec![Position { perpetual, quanta: y.clone() }];
        let account = Account { quote: x.clone(), positions };
        let _ = account.standing();
        let _ = bankruptcy::price(&account, 0, &z);
        assert!(bankruptcy::price(&account, 1, &z).is_err());
        let spread = fillable::Spread {
            whole: z.clone(),
            bankruptcy_adjustment: x.clone(),
            to_maintenance: y.clone(),
        };
        let _ = fillable::price(&account, 0, &spread);
        if let Ok(fill) = insurance::Fill::at(true, x.clone(), &y, exponent) {
            let _ = insurance::delta(&account, 0, &fill, &y, &z);
        }
    }
    weights(&x, &y, &z);
    fees(&x, &y, &z);
}

fn weights(x: &Integer, y: &Integer, z: &Integer) {
    let side = |amount: &Integer, decimals: u32| Side {
        amount: amount.clone(),
        multiplier: y.clone(),
        decimals,
        price: z.clone(),
    };
    for decimals in [0, 19, u32::MAX] {
        let _ = liability_paid_by(&side(x, decimals), &side(z, 6));
        let _ = asset_taken_for(&side(x, decimals), &side(z, 6), &PLACES);
        let _ = BorrowShortage {
            shortage: x.clone(),
            asset_weight: y.clone(),
            asset_multiplier: z.clone(),
            liability_weight: z.clone(),
            liability_multiplier: x.clone(),
            liability_decimals: decimals,
            liability_price: y.clone(),
            insurance_fee: x.clone(),
        }
        .cover(&PLACES);
        let _ = BorrowFee {
            shortage: x.clone(),
            amount: y.clone(),
            asset_weight: y.clone(),
            asset_multiplier: z.clone(),
            liability_weight: z.clone(),
            liability_multiplier: x.clone(),
            liability_decimals: decimals,
            liability_price: y.clone(),
            most: x.clone(),
        }
        .fee(&PLACES);
        let scale =
            size_weight::SizeScale { factor: y.clone(), asset_headroom: 10, liability_headroom: 0 };
        let _ = scale.asset(x, decimals, z, &PLACES);
        let _ = scale.liability(x, decimals, z, &PLACES);
        let _ = size_weight::by_deposits(x, y, decimals, z, x, &PLACES);
        let orders = spot_orders::SpotOrders {
            quote: x.clone(),
            quote_weight: y.clone(),
            balance: z.clone(),
            bids: x.clone(),
            asks: y.clone(),
            decimals,
            price: z.clone(),
            asset_weight: y.clone(),
            liability_weight: z.clone(),
            order_charge: x.clone(),
            open_orders: y.clone(),
        };
        let _ = orders.collateral(&PLACES);
    }
}

fn fees(x: &Integer, y: &Integer, z: &Integer) {
    let _ = PerpetualFee {
        shortage: x.clone(),
        base: y.clone(),
        margin_ratio: z.clone(),
        liquidator_fee: x.clone(),
        oracle_price: y.clone(),
        quote_price: z.clone(),
        most: x.clone(),
        takes: (19.into(), 0.into()),
    }
    .fee(&PLACES);
    let rising = inactivity::RisingFee {
        base: x.clone(),
        most: y.clone(),
        grace: z.clone(),
        per_slot: x.clone(),
    };
    let _ = rising.after(y);
    let pace = pace::Pace { initial: x.clone(), duration: y.clone(), tiny: z.clone() };
    let _ = pace.share(x, y, z, &PLACES);
}
