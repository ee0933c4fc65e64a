//! The records of the expanded format as tables of columns, 1-based and inclusive, with pictures.
//!
//! Source: the clearing organisation's published layouts of its expanded risk-parameter file. In
//! record B the cover of the extreme scenarios is `9V9(4)`: a public parser reads three decimals
//! and finds 3.3 where 0.33 is meant.

/// How a column is read. A blank column is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Text, with leading blanks kept.
    Text,
    /// A whole number.
    Whole,
    /// Digits with an implied point before the last so many.
    Implied(usize),
    /// As `Implied`, with a sign in the last column.
    Signed(usize),
    /// A price: the point is where the product's record says.
    Price,
    /// A price with a sign in the last column.
    SignedPrice,
    /// A strike: the point is where the product's record says.
    Strike,
    /// A day, as YYYYMMDD.
    Date,
    /// One of a few words, by its letters.
    Word(&'static [(&'static str, &'static str)]),
    /// Whether the column holds this letter.
    Flag(u8),
}

/// A column of a record.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What it is.
    pub name: &'static str,
    /// First column, from 1.
    pub first: usize,
    /// Last column.
    pub last: usize,
    /// How it is read.
    pub picture: Picture,
}

/// Columns that stand several times, one after the other; of a group that is blank nothing is read.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What it is a list of.
    pub name: &'static str,
    /// Columns from one to the next.
    pub stride: usize,
    /// At most so many.
    pub count: usize,
    /// The columns of the first.
    pub columns: &'static [Column],
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Its id, in columns 1 and 2.
    pub id: &'static str,
    /// Columns that stand once.
    pub columns: &'static [Column],
    /// Lists.
    pub groups: &'static [Group],
}

use Picture::{Date, Flag, Implied, Price, Signed, SignedPrice, Strike, Text, Whole, Word};

const fn c(name: &'static str, first: usize, last: usize, picture: Picture) -> Column {
    Column { name, first, last, picture }
}

const EARLY: Picture = Word(&[("E", "early"), ("F", "final"), ("C", "complete")]);
const STYLE: Picture = Word(&[("P", "premium"), ("F", "futures")]);

/// Every record that is decoded; others are skipped and counted.
pub const LAYOUTS: &[Layout] = &[
    Layout {
        id: "0",
        columns: &[
            c("clearing_org", 3, 8, Text),
            c("business_date", 9, 16, Date),
            c("settlement", 17, 17, Flag(b'S')),
            c("early_or_final", 18, 19, EARLY),
            c("created", 24, 31, Date),
            c("created_at", 32, 35, Text),
            c("format", 36, 37, Text),
        ],
        groups: &[],
    },
    Layout {
        id: "T",
        columns: &[c("from", 3, 5, Text), c("to", 7, 9, Text), c("rate", 11, 20, Implied(6))],
        groups: &[],
    },
    Layout { id: "1", columns: &[c("exchange", 3, 5, Text), c("code", 8, 9, Text)], groups: &[] },
    Layout {
        id: "2",
        columns: &[
            c("exchange", 3, 5, Text),
            c("combined_commodity", 7, 12, Text),
            c("risk_exponent", 13, 13, Whole),
            c("currency", 14, 16, Text),
            c("option_margin_style", 18, 18, STYLE),
            c("limit_option_value", 19, 19, Flag(b'Y')),
        ],
        groups: &[Group {
            name: "products",
            stride: 16,
            count: 6,
            columns: &[c("product", 23, 32, Text), c("type", 33, 35, Text)],
        }],
    },
    Layout {
        id: "3",
        columns: &[c("combined_commodity", 3, 8, Text), c("intra_method", 9, 10, Text)],
        groups: &[
            Group {
                name: "tiers",
                stride: 14,
                count: 4,
                columns: &[
                    c("no", 11, 12, Whole),
                    c("start", 13, 18, Whole),
                    c("end", 19, 24, Whole),
                ],
            },
            Group {
                name: "initial_to_maintenance",
                stride: 12,
                count: 1,
                columns: &[
                    c("member", 69, 72, Implied(3)),
                    c("hedger", 73, 76, Implied(3)),
                    c("speculator", 77, 80, Implied(3)),
                ],
            },
        ],
    },
    Layout {
        id: "S",
        columns: &[
            c("combined_commodity", 3, 8, Text),
            c("method", 9, 10, Text),
            c("n_tiers", 11, 12, Whole),
            c("price_risk_method", 83, 83, Text),
            c("day_codes", 84, 103, Text),
        ],
        groups: &[
            Group {
                name: "tiers",
                stride: 14,
                count: 5,
                columns: &[
                    c("no", 13, 14, Whole),
                    c("start", 15, 20, Whole),
                    c("end", 21, 26, Whole),
                ],
            },
            Group {
                name: "minimum_rates",
                stride: 7,
                count: 5,
                columns: &[c("rate", 104, 110, Whole)],
            },
        ],
    },
    Layout {
        id: "C",
        columns: &[
            c("combined_commodity", 3, 8, Text),
            c("method", 9, 10, Text),
            c("priority", 11, 12, Whole),
            c("n_legs", 13, 14, Whole),
            c("charge_rate", 15, 21, Whole),
        ],
        groups: &[Group {
            name: "legs",
            stride: 7,
            count: 8,
            columns: &[
                c("no", 22, 23, Whole),
                c("tier", 24, 25, Whole),
                c("ratio", 26, 27, Whole),
                c("side", 28, 28, Text),
            ],
        }],
    },
    Layout {
        id: "E",
        columns: &[
            c("combined_commodity", 3, 8, Text),
            c("priority", 9, 13, Whole),
            c("charge_rate", 14, 20, Whole),
        ],
        groups: &[Group {
            name: "legs",
            stride: 14,
            count: 8,
            columns: &[
                c("month", 21, 24, Text),
                c("ratio", 28, 33, Implied(4)),
                c("side", 34, 34, Text),
            ],
        }],
    },
    Layout {
        id: "4",
        columns: &[
            c("combined_commodity", 3, 8, Text),
            c("spot_method", 9, 10, Text),
            c("n_months", 11, 12, Whole),
            c("som_rate", 63, 69, Whole),
            c("adjustment_factor", 70, 72, Implied(2)),
            c("adjustment_factor_hedger", 73, 75, Implied(2)),
            c("adjustment_factor_speculator", 76, 78, Implied(2)),
            c("som_method", 79, 79, Text),
        ],
        groups: &[Group {
            name: "months",
            stride: 22,
            count: 2,
            columns: &[
                c("no", 13, 14, Whole),
                c("delivery_month", 15, 20, Whole),
                c("spread_charge", 21, 27, Whole),
                c("outright_charge", 28, 34, Whole),
            ],
        }],
    },
    Layout {
        id: "B",
        columns: &[
            c("exchange", 3, 5, Text),
            c("product", 6, 15, Text),
            c("type", 16, 18, Text),
            c("fut_month", 19, 24, Whole),
            c("opt_month", 28, 33, Whole),
            c("base_volatility", 37, 44, Implied(6)),
            c("volatility_scan_range", 45, 52, Implied(6)),
            c("price_scan_range_raw", 53, 57, Whole),
            c("extreme_multiplier", 58, 62, Implied(3)),
            c("extreme_cover", 63, 67, Implied(4)),
            c("interest_rate", 68, 72, Implied(4)),
            c("years", 73, 79, Implied(6)),
            c("lookahead", 80, 85, Implied(6)),
            c("delta_scaling", 86, 91, Implied(4)),
            c("expiry", 92, 99, Date),
            c("underlying", 100, 109, Text),
            c("pricing_model", 110, 111, Text),
        ],
        groups: &[],
    },
    Layout {
        id: "P",
        columns: &[
            c("exchange", 3, 5, Text),
            c("product", 6, 15, Text),
            c("type", 16, 18, Text),
            c("name", 19, 33, Text),
            c("settle_decimals", 34, 36, Whole),
            c("strike_decimals", 37, 39, Whole),
            c("contract_value_factor", 42, 55, Implied(7)),
            c("currency", 66, 68, Text),
            c("exercise", 76, 79, Text),
            c("valuation", 117, 121, Text),
            c("delivery", 122, 126, Text),
        ],
        groups: &[],
    },
    Layout {
        id: "5",
        columns: &[c("exchange", 3, 5, Text)],
        groups: &[Group {
            name: "commodities",
            stride: 6,
            count: 20,
            columns: &[c("combined_commodity", 13, 18, Text)],
        }],
    },
    Layout {
        id: "6",
        columns: &[
            c("group", 3, 5, Text),
            c("priority", 6, 9, Whole),
            c("credit_rate_percent", 10, 16, Implied(4)),
            c("method", 89, 90, Text),
            c("target_exchange", 91, 93, Text),
            c("target", 95, 100, Text),
            c("credit_method", 101, 101, Text),
            c("spread_group", 110, 110, Text),
            c("rate_by_leg", 122, 122, Text),
            c("eligibility", 151, 151, Text),
        ],
        groups: &[
            Group {
                name: "legs",
                stride: 18,
                count: 4,
                columns: &[
                    c("exchange", 17, 19, Text),
                    c("required", 20, 20, Text),
                    c("cc", 21, 26, Text),
                    c("ratio", 27, 33, Implied(4)),
                    c("side", 34, 34, Text),
                ],
            },
            Group {
                name: "leg_tiers",
                stride: 2,
                count: 4,
                columns: &[c("tier", 102, 103, Whole)],
            },
        ],
    },
    Layout {
        id: "81",
        columns: &[
            c("exchange", 3, 5, Text),
            c("product", 6, 15, Text),
            c("underlying", 16, 25, Text),
            c("type", 26, 28, Text),
            c("right", 29, 29, Text),
            c("fut_month", 30, 35, Whole),
            c("opt_month", 39, 44, Whole),
            c("strike", 48, 54, Strike),
            c("settlement_price", 109, 122, Price),
        ],
        groups: &[Group {
            name: "risk_array_1_to_9",
            stride: 6,
            count: 9,
            columns: &[c("loss", 55, 60, Signed(0))],
        }],
    },
    Layout {
        id: "82",
        columns: &[
            c("exchange", 3, 5, Text),
            c("product", 6, 15, Text),
            c("underlying", 16, 25, Text),
            c("type", 26, 28, Text),
            c("right", 29, 29, Text),
            c("fut_month", 30, 35, Whole),
            c("opt_month", 39, 44, Whole),
            c("strike", 48, 54, Strike),
            c("composite_delta", 97, 102, Signed(4)),
            c("implied_vol", 103, 110, Implied(6)),
            c("settlement_price", 111, 118, SignedPrice),
            c("current_delta", 120, 125, Signed(4)),
        ],
        groups: &[Group {
            name: "risk_array_10_to_16",
            stride: 6,
            count: 7,
            columns: &[c("loss", 55, 60, Signed(0))],
        }],
    },
    Layout {
        id: "Z",
        columns: &[
            c("exchange", 3, 5, Text),
            c("product", 6, 15, Text),
            c("combination_type", 16, 20, Text),
            c("month", 21, 26, Whole),
            c("leg_no", 36, 38, Whole),
            c("relationship", 39, 39, Text),
            c("ratio", 40, 42, Whole),
            c("leg_product", 43, 52, Text),
            c("leg_type", 53, 55, Text),
            c("leg_month", 56, 61, Whole),
        ],
        groups: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// 132 columns in the first layout; records 6 and S have grown beyond.
    const LONGEST: usize = 151;

    #[test]
    fn columns_of_a_record_do_not_overlap_and_fit_its_line() {
        for layout in LAYOUTS {
            let mut taken: Vec<(usize, usize)> = Vec::new();
            let once = layout.columns.iter().map(|one| (one.first, one.last));
            let often = layout.groups.iter().flat_map(|group| {
                (0..group.count).flat_map(move |at| {
                    let by = at * group.stride;
                    group.columns.iter().map(move |one| (one.first + by, one.last + by))
                })
            });
            for (first, last) in once.chain(often) {
                assert!(3 <= first && first <= last && last <= LONGEST, "{} {first}", layout.id);
                let free = taken.iter().all(|(from, to)| last < *from || first > *to);
                assert!(free, "record {}: {first}-{last} overlaps", layout.id);
                taken.push((first, last));
            }
        }
    }
}
