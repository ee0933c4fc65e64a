//! `engine prove-account` and `engine check-proof`: what somebody who trusts nobody can check.

use super::DirectoryArgs;
use crate::arguments::{Format, FormatArgs};
use crate::failure::{DIFFERS, Failure};
use crate::output::{self, Answer};
use clap::Args;
use keelmark_engine::root::{Hash, Proof, Root, Sum};
use serde::{Deserialize, Serialize};

/// Arguments of `engine prove-account`.
#[derive(Args, Debug)]
pub struct ProveArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Name of the account
    account: String,
}

/// Arguments of `engine check-proof`.
#[derive(Args, Debug)]
pub struct CheckProofArgs {
    /// A proof from `engine prove-account`; `-` is standard input
    #[arg(value_name = "PROOF", default_value = "-")]
    proof: String,
    /// The root that was published; without it the proof is checked against the root in it
    #[arg(long, value_name = "HASH")]
    root: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// A proof with the root that it leads to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofFile {
    root: Root,
    proof: Proof,
}

/// Runs `engine prove-account`.
pub fn run(arguments: &ProveArgs) -> Result<Answer, Failure> {
    let (mut machine, _) = arguments.directory.open()?;
    let name = &arguments.account;
    let state = machine.engine().state();
    let Some(id) = state.named(name) else {
        let names = state.accounts.iter().map(|account| account.name.as_ref());
        let near = keelmark_book::instruments::nearest(name, names, 3).join(", ");
        return Err(Failure::input(format!("unknown account {name:?}; nearest: {near}")));
    };
    let file = ProofFile { root: machine.root()?, proof: machine.prove(id)? };
    Ok(output::json(&file)?.into())
}

/// Runs `engine check-proof`.
pub fn check(arguments: &CheckProofArgs) -> Result<Answer, Failure> {
    let name = &arguments.proof;
    let (_, bytes) = crate::inputs::bytes(name)?;
    let file: ProofFile = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::input(format!("{name}: {error}")))?;
    let differs = |text: String| Failure { code: DIFFERS, text, next: None };
    if let Some(published) = &arguments.root {
        let published: Hash =
            published.parse().map_err(|error| Failure::usage(format!("--root: {error}")))?;
        if published != file.root.hash {
            let found = file.root.hash;
            return Err(differs(format!("{name}: expected the root {published}, found {found}")));
        }
    }
    file.proof.check(&file.root).map_err(|error| differs(format!("{name}: {error}")))?;
    let said = match arguments.format.format() {
        Format::Table => words(&file),
        _ => output::json(&serde_json::json!({
            "account": file.proof.statement.account.name,
            "root": file.root.hash,
            "sequence": file.root.sequence,
            "accounts": file.root.accounts,
            "total": file.root.total,
        }))?,
    };
    Ok(said.into())
}

fn words(file: &ProofFile) -> String {
    let Root { hash, sequence, accounts, total, .. } = &file.root;
    let name = &file.proof.statement.account.name;
    let mut lines = vec![
        format!("{name} is counted among {accounts} accounts after command {sequence}"),
        format!("root {hash}"),
    ];
    lines.extend(total.iter().map(|sum| {
        let Sum { asset, held, owed, required } = sum;
        format!("all together: {held} {asset} held, {owed} owed, {required} required")
    }));
    lines.join("\n") + "\n"
}
